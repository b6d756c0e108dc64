/* SPDX-License-Identifier: Apache-2.0 */
/* The network device (virtio 1.2, 5.1): frames out and in, mergeable buffers, waiting for buffers, nonsense.
 */
#include "tests/models/virtio/vdrv.h"

#define MAC    (UINT64_C(1) << 5)
#define MRG    (UINT64_C(1) << 15)
#define STATUS (UINT64_C(1) << 16)

struct fix {
    struct vdrv v;
    struct tg_netdev net;
    uint8_t sent[4096];
    size_t n_sent;
    unsigned frames, readies;
};

static void on_send(void *opaque, const uint8_t *frame, size_t n)
{
    struct fix *f = opaque;

    memcpy(f->sent, frame, n);
    f->n_sent = n;
    f->frames++;
}

static void on_ready(void *opaque)
{
    ((struct fix *)opaque)->readies++;
}

static void make(struct fix *f, const char *mac)
{
    struct tg_error err;

    memset(f, 0, sizeof(*f));
    f->net = (struct tg_netdev){.send = on_send, .ready = on_ready, .opaque = f};
    vdrv_make(&f->v, &tg_virtio_net_class);
    if (mac)
        assert_int_equal(tg_model_set_string(f->v.d, tg_model_param(f->v.d->cls, "mac"), mac, &err), 0);
    *(struct tg_netdev **)port_at(f->v.d, "netdev") = &f->net;
    vdrv_plug(&f->v);
}

static bool receive(struct fix *f, unsigned n, uint8_t first)
{
    uint8_t frame[2048];

    for (unsigned i = 0; i < n; i++)
        frame[i] = (uint8_t)(first + i);
    return f->net.receive(f->net.device, frame, n);
}

static void config(void **state)
{
    struct fix f;
    uint8_t mac[6];

    (void)state;
    make(&f, "52:54:00:Ab:cd:EF");
    assert_int_equal(mrd(&f.v, M_DEVICE), 1);
    assert_true(vdrv_offered(&f.v) == (INDIRECT | EVENT | V1 | RING_RESET | MAC | MRG | STATUS));
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)rd(&f.v.b, f.v.t, M_CONFIG + i, 1);
    assert_memory_equal(mac, "\x52\x54\x00\xab\xcd\xef", 6);
    assert_int_equal(rd(&f.v.b, f.v.t, M_CONFIG + 6, 2), 1); /* link up */
    mwr(&f.v, M_QSEL, 1);
    assert_int_equal(mrd(&f.v, M_QMAX), 256);
    mwr(&f.v, M_QSEL, 2);
    assert_int_equal(mrd(&f.v, M_QMAX), 0);
    vdrv_drop(&f.v);
}

static void mac_errors(void **state)
{
    static const char *const bad[] = {"52:54:00:12:34",       "52:54:00:12:34:5g", "52-54-00-12-34-56",
                                      "52:54:00:12:34:56:78", "01:00:5e:00:00:01", "5254:0:12:34:56:7"};

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(bad); i++) {
        struct dev_bench b;
        struct tg_model *m;
        struct tg_error err = {""};

        bench_init(&b);
        m = tg_model_new(&tg_virtio_net_class, "net0", &b.env);
        tg_model_set_string(m, tg_model_param(m->cls, "mac"), bad[i], &err);
        assert_int_not_equal(tg_model_realize(m, &err), 0);
        assert_non_null(strstr(err.text, bad[i]));
        tg_model_free(m);
        bench_fini(&b);
    }
}

static void transmit(void **state)
{
    struct fix f;
    struct vdesc seg[3] = {
        {.addr = BUF, .len = 12}, {.addr = BUF + 0x100, .len = 14}, {.addr = BUF + 0x200, .len = 50}};

    (void)state;
    make(&f, NULL);
    vdrv_start(&f.v, MAC, 2, 16);
    for (unsigned i = 0; i < 64; i++)
        *(uint8_t *)mem(&f.v, i < 14 ? BUF + 0x100 + i : BUF + 0x200 + i - 14) = (uint8_t)i;
    vdrv_add(&f.v, 1, seg, 3, 0, false);
    vdrv_kick(&f.v, 1);
    assert_int_equal(f.frames, 0);
    vdrv_run(&f.v, 5 * TG_US);
    assert_int_equal(f.frames, 1);
    assert_int_equal(f.n_sent, 64);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(f.sent[i], i);
    assert_true(vdrv_used(&f.v, 1, NULL, NULL));
    assert_true(f.v.b.level);
    /* header and frame in one buffer */
    seg[0].len = 12 + 60;
    vdrv_add(&f.v, 1, seg, 1, 0, false);
    vdrv_kick(&f.v, 1);
    vdrv_run(&f.v, TG_MS);
    assert_int_equal(f.n_sent, 60);
    vdrv_drop(&f.v);
}

/* Too short, too long, offload flags that were not negotiated: dropped, given back, one line each, the device
 * lives. */
static void transmit_nonsense(void **state)
{
    struct fix f;
    struct vdesc seg = {.addr = BUF, .len = 12 + 13};

    (void)state;
    make(&f, NULL);
    vdrv_start(&f.v, MAC, 2, 16);
    vdrv_add(&f.v, 1, &seg, 1, 0, false);
    seg.len = 4;
    vdrv_add(&f.v, 1, &seg, 1, 0, false);
    seg.len = 12 + 1523;
    vdrv_add(&f.v, 1, &seg, 1, 0, false);
    seg.len = 0xffffffff;
    vdrv_add(&f.v, 1, &seg, 1, 0, false);
    *(uint8_t *)mem(&f.v, BUF + 0x2000) = 1; /* NEEDS_CSUM */
    seg = (struct vdesc){.addr = BUF + 0x2000, .len = 12 + 60};
    vdrv_add(&f.v, 1, &seg, 1, 0, false);
    vdrv_kick(&f.v, 1);
    vdrv_run(&f.v, TG_MS);
    for (unsigned i = 0; i < 5; i++)
        assert_true(vdrv_used(&f.v, 1, NULL, NULL));
    assert_int_equal(f.frames, 0);
    assert_int_equal(f.v.b.guest_errors, 2);
    assert_int_equal(mrd(&f.v, M_STATUS), 0xf);
    vdrv_drop(&f.v);
}

static void receive_plain(void **state)
{
    struct fix f;
    struct vdesc seg = {.addr = BUF, .len = 1526 + 12};
    uint32_t len;

    (void)state;
    make(&f, NULL);
    assert_true(receive(&f, 64, 0)); /* no driver: lost, not held */
    vdrv_start(&f.v, MAC, 2, 16);
    assert_false(receive(&f, 64, 0)); /* no buffer: held by the backend */
    vdrv_add(&f.v, 0, &seg, 0, 1, false);
    vdrv_kick(&f.v, 0);
    assert_int_equal(f.readies, 1);
    assert_true(receive(&f, 64, 7));
    assert_true(vdrv_used(&f.v, 0, NULL, &len));
    assert_int_equal(len, 76);
    assert_int_equal(get16(&f.v, BUF + 10), 1);
    assert_int_equal(*(uint8_t *)mem(&f.v, BUF + 12), 7);
    assert_int_equal(*(uint8_t *)mem(&f.v, BUF + 12 + 63), 70);
    assert_true(f.v.b.level);
    /* a buffer too small without mergeable buffers: the frame is lost, the buffer serves the next */
    seg.len = 60;
    vdrv_add(&f.v, 0, &seg, 0, 1, false);
    assert_true(receive(&f, 64, 0));
    assert_false(vdrv_used(&f.v, 0, NULL, NULL));
    assert_true(receive(&f, 40, 0));
    assert_true(vdrv_used(&f.v, 0, NULL, NULL));
    assert_int_equal(f.v.b.guest_errors, 1);
    vdrv_drop(&f.v);
}

static void receive_merged(void **state)
{
    struct fix f;
    struct vdesc seg = {.addr = BUF, .len = 64};
    uint32_t id, len, heads[3];
    uint8_t all[192];

    (void)state;
    make(&f, NULL);
    vdrv_start(&f.v, MAC | MRG, 2, 16);
    for (unsigned i = 0; i < 2; i++) {
        seg.addr = BUF + 0x1000 * i;
        heads[i] = vdrv_add(&f.v, 0, &seg, 0, 1, false);
    }
    assert_false(receive(&f, 150, 0)); /* needs three; none is used up */
    assert_false(vdrv_used(&f.v, 0, NULL, NULL));
    seg.addr = BUF + 0x2000;
    heads[2] = vdrv_add(&f.v, 0, &seg, 0, 1, false);
    vdrv_kick(&f.v, 0);
    assert_int_equal(f.readies, 1);
    assert_true(receive(&f, 150, 9));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(vdrv_used(&f.v, 0, &id, &len));
        assert_int_equal(id, heads[i]);
        assert_int_equal(len, i < 2 ? 64 : 162 - 128);
        memcpy(all + 64 * i, mem(&f.v, BUF + 0x1000 * i), 64);
    }
    assert_int_equal(get16(&f.v, BUF + 10), 3);
    for (unsigned i = 0; i < 150; i++)
        assert_int_equal(all[12 + i], 9 + i);
    vdrv_drop(&f.v);
}

/* num_buffers straddles two segments of the first buffer. */
static void split_header(void **state)
{
    struct fix f;
    struct vdesc seg[3] = {
        {.addr = BUF, .len = 11}, {.addr = BUF + 0x100, .len = 1}, {.addr = BUF + 0x200, .len = 20}};

    (void)state;
    make(&f, NULL);
    vdrv_start(&f.v, MAC | MRG, 2, 16);
    vdrv_add(&f.v, 0, seg, 0, 3, false);
    seg[0] = (struct vdesc){.addr = BUF + 0x300, .len = 100};
    vdrv_add(&f.v, 0, seg, 0, 1, false);
    memset(mem(&f.v, BUF), 0xee, 0x400);
    assert_true(receive(&f, 60, 0));
    assert_int_equal(*(uint8_t *)mem(&f.v, BUF + 10), 2);
    assert_int_equal(*(uint8_t *)mem(&f.v, BUF + 0x100), 0);
    assert_int_equal(*(uint8_t *)mem(&f.v, BUF + 0x200), 0);
    assert_int_equal(*(uint8_t *)mem(&f.v, BUF + 0x300), 20);
    vdrv_drop(&f.v);
}

static void receive_nonsense(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct fix f;
        struct vdesc seg = {.addr = BUF, .len = k ? 11 : 64};

        make(&f, NULL);
        vdrv_start(&f.v, MAC | MRG, 2, 16);
        vdrv_add(&f.v, 0, &seg, k ? 0 : 1, k ? 1 : 0, false); /* readable, or too small for the header */
        assert_true(receive(&f, 64, 0));
        assert_int_equal(mrd(&f.v, M_STATUS), 0x4f);
        assert_int_equal(f.v.b.guest_errors, 1);
        assert_true(receive(&f, 64, 0));
        vdrv_drop(&f.v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config),        cmocka_unit_test(mac_errors),
        cmocka_unit_test(transmit),      cmocka_unit_test(transmit_nonsense),
        cmocka_unit_test(receive_plain), cmocka_unit_test(receive_merged),
        cmocka_unit_test(split_header),  cmocka_unit_test(receive_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
