/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random memory and random register accesses against every device: no crash, no hang, bounded work per step,
 * and a reset always brings the device back. Seeds are fixed (or argv[1] runs from there on), so a failure
 * repeats.
 */
#include "tests/models/virtio/vdrv.h"

#define ROUNDS 500u
#define STEPS  40u

static uint64_t rnd_state;

static uint32_t rnd(void)
{
    rnd_state += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(((rnd_state ^ (rnd_state >> 31)) * UINT64_C(0xbf58476d1ce4e5b9)) >> 32);
}

static uint32_t below(uint32_t n)
{
    return rnd() % n;
}

static struct vdrv v;
static struct vdisk disk;
static struct tg_netdev netdev;

static void on_send(void *opaque, const uint8_t *frame, size_t n)
{
    (void)opaque;
    assert_true(frame[0] + n > 0);
    if (netdev.receive && below(2)) /* an echo from inside, as slirp answers */
        netdev.receive(netdev.device, frame, n);
}

static void on_ready(void *opaque)
{
    uint8_t frame[64] = {0};

    (void)opaque;
    if (netdev.receive)
        netdev.receive(netdev.device, frame, sizeof(frame));
}

/* An address that is mostly plausible. */
static uint64_t address(void)
{
    switch (below(16)) {
    case 0:
        return (uint64_t)rnd() << 32 | rnd();
    case 1:
        return UINT64_MAX - below(64);
    case 2:
        return MMIO + below(0x200);
    case 3:
        return RAM_BASE + RAM_SIZE - below(64);
    case 4:
        return QBASE(below(2)) + below(0x8000);
    default:
        return BUF + below(0x10000);
    }
}

static uint32_t length(void)
{
    static const uint32_t some[] = {0,   1,   8,    11,   12,    16,         17,
                                    512, 513, 4096, 1526, 70000, 0x7fffffff, 0xffffffff};

    return below(3) ? some[below(TG_ARRAY_SIZE(some))] : below(2048);
}

static void scribble(unsigned size)
{
    for (unsigned qi = 0; qi < 2; qi++) {
        uint64_t q = QBASE(qi);

        for (unsigned i = below(size); i < size; i++) {
            bool wild = below(8) == 0;
            unsigned flags =
                wild ? rnd() & 0xffff
                     : (below(2) ? D_NEXT : 0) | (below(2) ? D_WRITE : 0) | (below(6) ? 0 : D_INDIRECT);

            put_desc(&v, q, i, address(), length(), flags, wild ? rnd() : below(size));
        }
        for (unsigned i = 0; i < size; i++)
            put16(&v, q + 0x4000 + 4 + 2 * i, (uint16_t)(below(40) ? below(size) : rnd()));
        put16(&v, q + 0x4000, (uint16_t)below(2));
        put16(&v, q + 0x4000 + 4 + 2 * size, (uint16_t)rnd());
        put16(&v, q + 0x4000 + 2, (uint16_t)(get16(&v, q + 0x4000 + 2) + (below(10) ? below(size) : rnd())));
    }
    /* block headers and indirect tables among the buffers */
    for (unsigned i = 0; i < 64; i++) {
        uint32_t h[4] = {below(16), 0, below(20000), below(50) ? 0 : rnd()};

        memcpy(mem(&v, BUF + below(0x10000)), h, 16);
        put_desc(&v, BUF + (below(0x10000) & ~15u), 0, address(), length(), rnd() & 7, below(4));
    }
}

static void start(uint64_t offered, unsigned size)
{
    vdrv_negotiate(&v, (offered & ((uint64_t)rnd() << 32 | rnd())) | V1);
    for (unsigned i = 0; i < 2; i++)
        vdrv_queue_at(&v, i, size, QBASE(i), QBASE(i) + 0x4000,
                      below(12) ? QBASE(i) + 0x6000 : QBASE(below(2)) + 0x4000);
    mwr(&v, M_STATUS, 0xf);
}

/* A request as a driver makes it, with at most one thing wrong: reaches what lies behind the checks of the
 * rings. */
static void plausible(uint64_t offered, unsigned queues)
{
    static const uint8_t types[] = {0, 0, 0, 1, 1, 1, 4, 8, 11, 13, 13, 14};
    uint32_t h[4] = {types[below(sizeof(types))], 0, below(2) ? below(64) : below(2100),
                     below(30) ? 0 : rnd()};
    uint32_t data = below(4) ? 512 * (1 + below(below(8) ? 16 : 1500)) : 1 + below(1600);
    struct vdesc seg[4] = {
        {.addr = BUF, .len = 16}, {.addr = BUF + 0x1000, .len = data}, {.addr = BUF + 0x100, .len = 1}};
    uint32_t range[4] = {below(2100), 0, below(below(4) ? 64 : 5000), below(3)};
    unsigned qi = below(queues), n_out, n_in;

    if (mrd(&v, M_STATUS) != 0xf || v.q[0].size != 16 || v.q[0].used != QBASE(0) + 0x6000 || !below(30)) {
        vdrv_start(&v, offered & (((uint64_t)rnd() << 32 | rnd()) | (below(2) ? INDIRECT : 0)), queues, 16);
        return;
    }
    memcpy(mem(&v, BUF), h, 16);
    if (h[0] == 11 || h[0] == 13) {
        memcpy(mem(&v, BUF + 0x1000), range, 16);
        seg[1].len = 16;
    }
    if (!below(12))
        seg[below(3)].len = length();
    if (!below(20))
        seg[below(3)].addr = address();
    n_out = h[0] == 0 || h[0] == 8 ? 1 : 2;
    n_in = 3 - n_out;
    if (queues == 2) { /* network, console: all in one direction */
        n_out = qi ? 1 + below(3) : 0;
        n_in = qi ? 0 : 1 + below(3);
        if (below(2))
            seg[0].len = 1 + below(1600);
        if (n_out > 1)
            memset(mem(&v, BUF), 0, 16);
    } else if (below(2) && netdev.receive == NULL && !v.b.line.receive && mrd(&v, M_DEVICE) == 4) {
        n_out = 0;
        n_in = 3;
    }
    vdrv_add(&v, qi, seg, n_out, n_in, (v.features & INDIRECT) && below(2));
    if ((v.features & INDIRECT) && !below(20)) { /* something wrong in an indirect table */
        unsigned head = (v.q[qi].next_desc - 1u) % 16;

        put_desc(&v, QBASE(qi) + 0x8000 + 256 * head, below(3), address(), length(), rnd() & 7, below(4));
    }
    if (below(4))
        vdrv_kick(&v, qi);
}

static void one_step(uint64_t offered, unsigned size, unsigned queues)
{
    static const unsigned regs[] = {M_FEATURES_SEL, M_DRIVER, M_DRIVER_SEL, M_QSEL,      M_QNUM,
                                    M_QREADY,       M_NOTIFY, M_ACK,        M_DESC,      M_DESC + 4,
                                    M_AVAIL,        M_USED,   M_CONFIG,     M_CONFIG + 8};
    unsigned before = v.dma_count, events = 0;

    switch (below(2) ? 100 : below(10)) {
    case 100:
        plausible(offered, queues);
        break;
    case 0:
        start(offered, size);
        break;
    case 1: {
        uint64_t x = (uint64_t)rnd() << 32 | rnd();
        struct tg_bus_txn txn = {
            .addr = below(0x200), .data = &x, .size = 1u << below(4), .write = below(2), .time = v.b.now};

        tg_model_transport(v.t, 0, &txn);
        break;
    }
    case 2:
        mwr(&v, regs[below(TG_ARRAY_SIZE(regs))], below(2) ? rnd() : below(4));
        break;
    case 3:
        if (v.b.line.receive)
            v.b.line.receive(v.b.line.device, (const uint8_t *)"the quick brown fox", 19);
        if (netdev.receive) {
            uint8_t frame[1600] = {0};

            netdev.receive(netdev.device, frame, 14 + below(1540));
        }
        disk.size = below(8) ? disk.size : 512u * below(2048);
        break;
    case 4:
        scribble(size);
        break;
    default:
        put16(&v, QBASE(0) + 0x4002, (uint16_t)(get16(&v, QBASE(0) + 0x4002) + below(3)));
        put16(&v, QBASE(1) + 0x4002, (uint16_t)(get16(&v, QBASE(1) + 0x4002) + below(3)));
        vdrv_kick(&v, below(3));
        break;
    }
    while (tg_evq_next(v.b.env.evq) < v.b.now + TG_MS && events++ < 2000)
        bench_run(&v.b, tg_evq_next(v.b.env.evq));
    bench_run(&v.b, v.b.now + TG_MS);
    /* the longest honest work of a step: some dozens of chains of 1024 buffers */
    assert_true(v.dma_count - before < 2000000);
}

static void fuzz(const struct tg_model_class *cls, uint64_t seed)
{
    unsigned size = 4u << below(4),
             queues = cls == &tg_virtio_blk_class || cls == &tg_virtio_rng_class ? 1 : 2;
    uint64_t offered;

    rnd_state = seed;
    netdev = (struct tg_netdev){.send = on_send, .ready = on_ready};
    vdisk_make(&disk, 1 << 20);
    vdrv_make(&v, cls);
    if (cls == &tg_virtio_blk_class)
        *(struct tg_blockdev **)port_at(v.d, "drive") = &disk.dev;
    if (cls == &tg_virtio_console_class)
        *(struct tg_chardev **)port_at(v.d, "chardev") = &v.b.line;
    if (cls == &tg_virtio_net_class)
        *(struct tg_netdev **)port_at(v.d, "netdev") = &netdev;
    disk.dev.read_only = cls == &tg_virtio_blk_class && !below(6);
    vdrv_plug(&v);
    offered = vdrv_offered(&v);
    if (below(2)) {
        scribble(size);
        start(offered, size);
    }
    for (unsigned i = 0; i < STEPS; i++)
        one_step(offered, size, queues);
    disk.size = 1 << 20;
    vdrv_start(&v, 0, queues, 8);
    vdrv_drop(&v);
    free(disk.data);
}

static unsigned long first;

static void all(void **state)
{
    (void)state;
    for (unsigned long r = first; r < first + ROUNDS; r++)
        for (unsigned k = 1; tg_virtio_classes[k]; k++) /* the first is the transport */
            fuzz(tg_virtio_classes[k], r * 8 + k);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all)};

    first = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
