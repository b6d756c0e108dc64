/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtqueue that is taken away at each point of a request's life (virtio 1.2: 2.4, 2.6.1, 3.1.1, 4.2.2): a
 * request is given to the device, its events are stepped one by one, and between two of them the driver takes
 * the queue: QueueReady, QueueReset, Status 0, FAILED, or a broken ring. From then on not a byte of memory
 * may change, nothing may reach the backend, no interrupt may be raised. Then the queue is given back, at
 * once or later, with other rings or in the same memory, and serves a new request as if there had been no
 * other.
 */
#include "tests/models/virtio/vdrv.h"

#define RING    128u
#define OLD     BUF
#define NEW     (BUF + ROOM)
#define ROOM    0xa0000u /* bytes of buffers of each */
#define DISK    (700u * 1024)
#define LONG    (600u * 1024) /* of a disk: three pieces */
#define TEXT    150000u       /* of a console: three portions */
#define MANY    70u           /* chains: more than one event serves */
#define FRAME   100u
#define LOOK    (0x100000u + 2 * ROOM) /* what of RAM is looked at: rings and buffers */
#define PATTERN 0xa5

struct fix {
    struct vdrv v;
    const struct kind *kind;
    struct vdisk disk;
    struct tg_netdev net;
    struct tg_chardev console;
    unsigned disk_calls, frames, bytes;
    bool held; /* the network holds a frame that was refused */
};

/* What is given to the device: chains with their buffers from `buf` on. Returns the number of chains. */
struct kind {
    const char *name;
    const struct tg_model_class *cls;
    unsigned n_queues, queue;
    unsigned (*give)(struct fix *f, uint64_t buf);
    void (*stimulate)(struct fix *f); /* the world offers a frame or characters; NULL: it does nothing */
    /* Looks at the buffers after service */
    void (*check)(struct fix *f, uint64_t buf);
};

/* ---- backends that count ---- */

static int count_read(void *opaque, uint64_t offset, void *data, size_t n)
{
    struct fix *f = opaque;

    f->disk_calls++;
    return vdisk_read(&f->disk, offset, data, n);
}

static int count_write(void *opaque, uint64_t offset, const void *data, size_t n)
{
    struct fix *f = opaque;

    f->disk_calls++;
    return vdisk_write(&f->disk, offset, data, n);
}

static int count_flush(void *opaque)
{
    ((struct fix *)opaque)->disk_calls++;
    return 0;
}

static uint64_t count_size(void *opaque)
{
    return ((struct fix *)opaque)->disk.size;
}

static void count_frame(void *opaque, const uint8_t *frame, size_t n)
{
    (void)frame;
    (void)n;
    ((struct fix *)opaque)->frames++;
}

static void offer_frame(struct fix *f)
{
    uint8_t frame[FRAME];

    memset(frame, 0x77, sizeof(frame));
    f->held = !f->net.receive(f->net.device, frame, sizeof(frame));
}

static void offer_held(void *opaque)
{
    struct fix *f = opaque;

    assert_true(f->held); /* nobody is told 'ready' who has nothing to offer */
    offer_frame(f);
}

static void count_text(void *opaque, const uint8_t *data, size_t n)
{
    (void)data;
    ((struct fix *)opaque)->bytes += (unsigned)n;
}

static void offer_text(struct fix *f)
{
    f->console.receive(f->console.device, (const uint8_t *)"typed", 5);
}

/* ---- requests ---- */

static unsigned give_disk(struct fix *f, uint64_t buf, uint32_t type, uint32_t n, bool in)
{
    const uint32_t header[4] = {type, 0, 16, 0};
    struct vdesc seg[3] = {
        {.addr = buf, .len = 16}, {.addr = buf + 0x1000, .len = n}, {.addr = buf + 0x100, .len = 1}};

    memcpy(mem(&f->v, buf), header, 16);
    if (!n)
        seg[1] = seg[2];
    vdrv_add(&f->v, 0, seg, in || !n ? 1 : 2, !n || !in ? 1 : 2, false);
    return 1;
}

static unsigned give_read(struct fix *f, uint64_t buf)
{
    return give_disk(f, buf, 0, LONG, true);
}

static unsigned give_write(struct fix *f, uint64_t buf)
{
    return give_disk(f, buf, 1, LONG, false);
}

static unsigned give_flush(struct fix *f, uint64_t buf)
{
    return give_disk(f, buf, 4, 0, false);
}

static unsigned give_id(struct fix *f, uint64_t buf)
{
    return give_disk(f, buf, 8, 20, true);
}

static unsigned give_zeroes(struct fix *f, uint64_t buf)
{
    const uint32_t range[4] = {32, 0, 8, 0};

    memcpy(mem(&f->v, buf + 0x1000), range, 16);
    return give_disk(f, buf, 13, 16, false);
}

static void check_status(struct fix *f, uint64_t buf)
{
    assert_int_equal(*(uint8_t *)mem(&f->v, buf + 0x100), 0);
}

static void check_read(struct fix *f, uint64_t buf)
{
    check_status(f, buf);
    assert_memory_equal(mem(&f->v, buf + 0x1000), f->disk.data + 16 * 512, LONG);
}

static void check_write(struct fix *f, uint64_t buf)
{
    check_status(f, buf);
    assert_memory_equal(f->disk.data + 16 * 512, mem(&f->v, buf + 0x1000), LONG);
}

static void check_id(struct fix *f, uint64_t buf)
{
    check_status(f, buf);
    assert_string_equal(mem(&f->v, buf + 0x1000), "dev0");
}

/* n chains of one buffer each. */
static unsigned give_many(struct fix *f, uint64_t buf, unsigned n, uint32_t len, bool in)
{
    for (unsigned i = 0; i < n; i++) {
        struct vdesc seg = {.addr = buf + i * UINT64_C(0x1000), .len = len};

        if (!in)
            memset(mem(&f->v, seg.addr), 0, 12); /* a frame's header: no offloads */
        vdrv_add(&f->v, f->kind->queue, &seg, !in, in, false);
    }
    return n;
}

static unsigned give_frames(struct fix *f, uint64_t buf)
{
    return give_many(f, buf, MANY, 12 + FRAME, false);
}

static unsigned give_frame_buffer(struct fix *f, uint64_t buf)
{
    return give_many(f, buf, 1, 2048, true);
}

static void check_frame(struct fix *f, uint64_t buf)
{
    for (unsigned i = 0; i < FRAME; i++)
        assert_int_equal(*(uint8_t *)mem(&f->v, buf + 12 + i), 0x77);
    assert_int_equal(*(uint8_t *)mem(&f->v, buf + 12 + FRAME), PATTERN);
}

static unsigned give_text(struct fix *f, uint64_t buf)
{
    struct vdesc seg = {.addr = buf, .len = TEXT};

    vdrv_add(&f->v, 1, &seg, 1, 0, false);
    return 1;
}

static unsigned give_text_buffer(struct fix *f, uint64_t buf)
{
    return give_many(f, buf, 1, 64, true);
}

static void check_text(struct fix *f, uint64_t buf)
{
    assert_memory_equal(mem(&f->v, buf), "typed\xa5", 6);
}

static unsigned give_rng(struct fix *f, uint64_t buf)
{
    return give_many(f, buf, MANY, 64, true);
}

static void check_rng(struct fix *f, uint64_t buf)
{
    uint8_t untouched[64];

    memset(untouched, PATTERN, sizeof(untouched));
    for (unsigned i = 0; i < MANY; i++) {
        assert_memory_not_equal(mem(&f->v, buf + i * UINT64_C(0x1000)), untouched, 64);
        assert_memory_equal(mem(&f->v, buf + i * UINT64_C(0x1000) + 64), untouched, 64);
    }
}

static const struct kind kinds[] = {
    {"blk read", &tg_virtio_blk_class, 1, 0, give_read, NULL, check_read},
    {"blk write", &tg_virtio_blk_class, 1, 0, give_write, NULL, check_write},
    {"blk flush", &tg_virtio_blk_class, 1, 0, give_flush, NULL, check_status},
    {"blk id", &tg_virtio_blk_class, 1, 0, give_id, NULL, check_id},
    {"blk zeroes", &tg_virtio_blk_class, 1, 0, give_zeroes, NULL, check_status},
    {"net tx", &tg_virtio_net_class, 2, 1, give_frames, NULL, NULL},
    {"net rx", &tg_virtio_net_class, 2, 0, give_frame_buffer, offer_frame, check_frame},
    {"console tx", &tg_virtio_console_class, 2, 1, give_text, NULL, NULL},
    {"console rx", &tg_virtio_console_class, 2, 0, give_text_buffer, offer_text, check_text},
    {"rng", &tg_virtio_rng_class, 1, 0, give_rng, NULL, check_rng},
};

/* ---- the machine ---- */

static void make(struct fix *f, const struct kind *k)
{
    memset(f, 0, sizeof(*f));
    f->kind = k;
    vdrv_make(&f->v, k->cls);
    memset(mem(&f->v, OLD), PATTERN, 2 * ROOM);
    if (k->cls == &tg_virtio_blk_class) {
        vdisk_make(&f->disk, DISK);
        f->disk.dev = (struct tg_blockdev){
            .read = count_read, .write = count_write, .flush = count_flush, .size = count_size, .opaque = f};
        *(struct tg_blockdev **)port_at(f->v.d, "drive") = &f->disk.dev;
    } else if (k->cls == &tg_virtio_net_class) {
        f->net = (struct tg_netdev){.send = count_frame, .ready = offer_held, .opaque = f};
        *(struct tg_netdev **)port_at(f->v.d, "netdev") = &f->net;
    } else if (k->cls == &tg_virtio_console_class) {
        f->console = (struct tg_chardev){.write = count_text, .opaque = f};
        *(struct tg_chardev **)port_at(f->v.d, "chardev") = &f->console;
    }
    vdrv_plug(&f->v);
}

static void drop(struct fix *f)
{
    vdrv_drop(&f->v);
    free(f->disk.data);
}

/* Runs what is due at the next event; false: there is none. */
static bool step(struct fix *f)
{
    tg_time next = tg_evq_next(f->v.b.env.evq);

    if (next == TG_TIME_NEVER)
        return false;
    bench_run(&f->v.b, next);
    return true;
}

static unsigned outside(const struct fix *f)
{
    return f->disk_calls + f->frames + f->bytes;
}

static unsigned count_used(struct fix *f, unsigned queue)
{
    unsigned n = 0;

    for (uint32_t id; vdrv_used(&f->v, queue, &id, NULL); n++)
        if (f->kind->give == give_frames || f->kind->give == give_rng)
            assert_int_equal(id, n);
        else
            assert_int_equal(id, 0);
    return n;
}

/* ---- taking and giving back ---- */

enum take { READY, QRESET, STATUS, FAILED, BROKEN, N_TAKE };
enum back { LATER_NEW, LATER_SAME, ONCE_NEW, ONCE_SAME, N_BACK };

/* The rings of a queue of the second life: in other memory, or in that of the first. */
static void rings(struct fix *f, unsigned queue, bool other)
{
    uint64_t base = QBASE(queue) + (other ? 0x10000 : 0);

    memset(mem(&f->v, base), 0, 0x10000);
    vdrv_queue_at(&f->v, queue, RING, base, base + 0x4000, base + 0x6000);
}

static void take(struct fix *f, enum take how)
{
    unsigned broken = f->kind->n_queues == 2 ? !f->kind->queue : 0; /* the other one, if there is one */
    struct vring *q = &f->v.q[broken];

    mwr(&f->v, M_QSEL, f->kind->queue);
    switch (how) {
    case READY:
        mwr(&f->v, M_QREADY, 0);
        assert_int_equal(mrd(&f->v, M_QREADY), 0);
        break;
    case QRESET:
        mwr(&f->v, M_QRESET, 1);
        assert_int_equal(mrd(&f->v, M_QRESET), 0); /* 4.2.2.1: both 0 when it is over */
        assert_int_equal(mrd(&f->v, M_QREADY), 0);
        assert_int_equal(mrd(&f->v, M_QMAX), 256);
        break;
    case STATUS:
        mwr(&f->v, M_STATUS, 0);
        assert_int_equal(mrd(&f->v, M_STATUS), 0);
        assert_int_equal(mrd(&f->v, M_QREADY), 0);
        assert_int_equal(mrd(&f->v, M_ISR), 0);
        assert_false(f->v.b.level);
        break;
    case FAILED:
        mwr(&f->v, M_STATUS, 0x8f);
        assert_int_equal(mrd(&f->v, M_STATUS), 0x8f);
        break;
    case BROKEN: /* an available index that runs away */
        put16(&f->v, q->avail + 2, (uint16_t)(q->avail_idx + 1000));
        vdrv_kick(&f->v, broken);
        assert_int_equal(mrd(&f->v, M_STATUS), 0x4f);
        break;
    default:
        fail();
    }
}

static void give_back(struct fix *f, enum take how, bool other)
{
    if (how == READY || how == QRESET) {
        rings(f, f->kind->queue, other);
        return;
    }
    vdrv_negotiate(&f->v, V1 | RING_RESET);
    for (unsigned i = 0; i < f->kind->n_queues; i++)
        rings(f, i, other);
    mwr(&f->v, M_STATUS, 0xf);
}

/* Nothing happens any more, whatever the world does. */
static void assert_silence(struct fix *f)
{
    uint8_t *ram = malloc(LOOK);
    unsigned before = outside(f);
    bool level = f->v.b.level;
    uint32_t isr = mrd(&f->v, M_ISR);

    memcpy(ram, f->v.ram, LOOK);
    assert_true(tg_evq_next(f->v.b.env.evq) == TG_TIME_NEVER);
    if (f->kind->stimulate)
        f->kind->stimulate(f);
    vdrv_run(&f->v, f->v.b.now + TG_SEC);
    assert_memory_equal(ram, f->v.ram, LOOK);
    assert_int_equal(outside(f), before);
    assert_int_equal(f->v.b.level, level);
    assert_int_equal(mrd(&f->v, M_ISR), isr);
    free(ram);
}

/* One life: a request, `steps` events of it, the queue taken and given back, another request. False when the
 * first one was over before so many events. */
static bool life(const struct kind *k, unsigned steps, enum take how, enum back back)
{
    struct fix f;
    bool other = back == LATER_NEW || back == ONCE_NEW, more = true;
    uint8_t *old = malloc(ROOM), *old_rings = malloc(0x10000);
    unsigned n;

    make(&f, k);
    vdrv_negotiate(&f.v, V1 | RING_RESET);
    for (unsigned i = 0; i < k->n_queues; i++)
        rings(&f, i, false);
    mwr(&f.v, M_STATUS, 0xf);
    k->give(&f, OLD);
    if (steps) /* 0: available, and not notified */
        vdrv_kick(&f.v, k->queue);
    for (unsigned i = 1; i < steps && more; i++)
        more = step(&f);
    if (!more && k->stimulate) /* taken behind the last event: with the request done */
        k->stimulate(&f);
    take(&f, how);
    memcpy(old, mem(&f.v, OLD), ROOM);
    memcpy(old_rings, mem(&f.v, QBASE(k->queue)), 0x10000);
    if (back == LATER_NEW || back == LATER_SAME)
        assert_silence(&f);
    give_back(&f, how, other);
    n = k->give(&f, NEW);
    vdrv_kick(&f.v, k->queue);
    if (k->stimulate)
        k->stimulate(&f);
    vdrv_run(&f.v, f.v.b.now + TG_SEC);
    assert_int_equal(count_used(&f, k->queue), n);
    if (k->check)
        k->check(&f, NEW);
    assert_memory_equal(old, mem(&f.v, OLD), ROOM);
    if (other)
        assert_memory_equal(old_rings, mem(&f.v, QBASE(k->queue)), 0x10000);
    drop(&f);
    free(old);
    free(old_rings);
    return more;
}

static void at_each_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(kinds); i++)
        for (unsigned how = 0; how < N_TAKE; how++)
            for (unsigned back = 0; back < N_BACK; back++) {
                unsigned steps = 0;

                while (life(&kinds[i], steps, how, back))
                    steps++;
                /* Not notified, notified, done at the least; long ones more. */
                assert_true(steps >= 2);
                if (kinds[i].give == give_read || kinds[i].give == give_write)
                    assert_int_equal(steps, 5);
            }
}

/* A frame that was refused for want of buffers is not for the queue's next owner. */
static void frame_that_waits(void **state)
{
    (void)state;
    for (unsigned how = 0; how < N_TAKE; how++) {
        struct fix f;

        make(&f, &kinds[6]);
        assert_string_equal(kinds[6].name, "net rx");
        vdrv_negotiate(&f.v, V1 | RING_RESET);
        for (unsigned i = 0; i < 2; i++)
            rings(&f, i, false);
        mwr(&f.v, M_STATUS, 0xf);
        offer_frame(&f);
        assert_true(f.held);
        take(&f, how);
        assert_false(f.held);
        give_back(&f, how, true);
        give_frame_buffer(&f, NEW);
        vdrv_kick(&f.v, 0);
        assert_int_equal(count_used(&f, 0), 0);
        assert_int_equal(*(uint8_t *)mem(&f.v, NEW), PATTERN);
        offer_frame(&f);
        assert_int_equal(count_used(&f, 0), 1);
        drop(&f);
    }
}

/* What does not take a queue away: status bits that the driver clears, and QueueReset without the feature
 * (2.1.1, 4.2.2.1). */
static void not_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(kinds); i++)
        for (unsigned way = 0; way < 3; way++) {
            struct fix f;
            unsigned n, errors;

            make(&f, &kinds[i]);
            vdrv_negotiate(&f.v, V1);
            for (unsigned k = 0; k < kinds[i].n_queues; k++)
                rings(&f, k, false);
            mwr(&f.v, M_STATUS, 0xf);
            n = kinds[i].give(&f, OLD);
            vdrv_kick(&f.v, kinds[i].queue);
            step(&f);
            errors = f.v.b.guest_errors;
            mwr(&f.v, M_QSEL, kinds[i].queue);
            if (way == 0)
                mwr(&f.v, M_STATUS, 0xb);
            else if (way == 1)
                mwr(&f.v, M_STATUS, 1);
            else
                mwr(&f.v, M_QRESET, 1);
            assert_int_equal(f.v.b.guest_errors, errors + 1);
            assert_int_equal(mrd(&f.v, M_STATUS), 0xf);
            assert_int_equal(mrd(&f.v, M_QREADY), 1);
            if (kinds[i].stimulate)
                kinds[i].stimulate(&f);
            vdrv_run(&f.v, f.v.b.now + TG_SEC);
            assert_int_equal(count_used(&f, kinds[i].queue), n);
            if (kinds[i].check)
                kinds[i].check(&f, OLD);
            drop(&f);
        }
}

/* A reset queue has a new one's size and addresses: enabled as it is, it is refused for size or served at
 * address 0. */
static void reset_forgets(void **state)
{
    struct fix f;

    (void)state;
    make(&f, &kinds[9]);
    vdrv_start(&f.v, RING_RESET, 1, 16);
    mwr(&f.v, M_QRESET, 1);
    mwr(&f.v, M_QREADY, 1); /* 256 entries at address 0: not in memory */
    assert_int_equal(mrd(&f.v, M_QREADY), 1);
    assert_int_equal(mrd(&f.v, M_STATUS), 0xf);
    vdrv_kick(&f.v, 0);
    assert_int_equal(mrd(&f.v, M_STATUS), 0x4f);
    vdrv_start(&f.v, RING_RESET, 1, 16);
    mwr(&f.v, M_QREADY, 0); /* disabled only: what the driver set stays */
    mwr(&f.v, M_QREADY, 1);
    vdrv_kick(&f.v, 0);
    assert_int_equal(mrd(&f.v, M_STATUS), 0xf);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_each_point),
        cmocka_unit_test(frame_that_waits),
        cmocka_unit_test(not_taken),
        cmocka_unit_test(reset_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
