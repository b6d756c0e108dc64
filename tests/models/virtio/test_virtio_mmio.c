/* SPDX-License-Identifier: Apache-2.0 */
/* The transport and what it demands of drivers (virtio 1.2, 2.1, 3.1, 4.2), with the entropy device behind
 * it. */
#include "tests/models/virtio/vdrv.h"

static void identification(void **state)
{
    struct vdrv v;

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    assert_int_equal(mrd(&v, M_MAGIC), 0x74726976);
    assert_int_equal(mrd(&v, M_VERSION), 2);
    assert_int_equal(mrd(&v, M_DEVICE), 4);
    assert_true(vdrv_offered(&v) == (INDIRECT | EVENT | V1 | RING_RESET));
    mwr(&v, M_FEATURES_SEL, 2);
    assert_int_equal(mrd(&v, M_FEATURES), 0);
    mwr(&v, M_QSEL, 0);
    assert_int_equal(mrd(&v, M_QMAX), 256);
    mwr(&v, M_QSEL, 1);
    assert_int_equal(mrd(&v, M_QMAX), 0);
    mwr(&v, M_QSEL, 0xffffffff);
    assert_int_equal(mrd(&v, M_QMAX), 0);
    assert_int_equal(mrd(&v, 0xb0), 0xffffffff); /* no shared memory */
    assert_int_equal(v.b.guest_errors, 0);
    assert_int_equal(mrd(&v, M_CONFIG), 0); /* no configuration space */
    assert_int_equal(v.b.guest_errors, 1);
    vdrv_drop(&v);
}

static void empty_slot(void **state)
{
    struct dev_bench b;
    struct tg_model *t;

    (void)state;
    bench_init(&b);
    t = tg_model_new(&tg_virtio_mmio_class, "slot", &b.env);
    realize(t);
    assert_int_equal(rd(&b, t, M_MAGIC, 4), 0x74726976);
    assert_int_equal(rd(&b, t, M_DEVICE, 4), 0);
    for (uint64_t off = 0x10; off < 0x200; off += 4) { /* nothing crashes */
        rd(&b, t, off, 4);
        wr(&b, t, off, 4, 0xffffffff);
        wr(&b, t, off, 4, 1);
        wr(&b, t, off, 4, 0);
    }
    tg_model_free(t);
    bench_fini(&b);
}

static void wrong_device(void **state)
{
    struct dev_bench b;
    struct tg_model *t, *other;
    struct tg_error err;

    (void)state;
    bench_init(&b);
    t = tg_model_new(&tg_virtio_mmio_class, "a", &b.env);
    other = tg_model_new(&tg_virtio_mmio_class, "b", &b.env);
    *(struct tg_model **)port_at(t, "device") = other;
    assert_int_not_equal(tg_model_realize(t, &err), 0);
    assert_non_null(strstr(err.text, "expected a virtio device"));
    tg_model_free(t);
    tg_model_free(other);
    bench_fini(&b);
}

static void plug(void **state)
{
    struct dev_bench b;
    struct tg_model *t, *u, *d;
    struct tg_error err;

    (void)state;
    bench_init(&b);
    t = tg_model_new(&tg_virtio_mmio_class, "slot0", &b.env);
    u = tg_model_new(&tg_virtio_mmio_class, "slot1", &b.env);
    d = tg_model_new(&tg_virtio_rng_class, "rng", &b.env);
    assert_false(virtio_transport_empty(d));
    assert_true(virtio_transport_empty(t));
    assert_int_not_equal(virtio_transport_plug(t, u, &err), 0);
    assert_int_equal(virtio_transport_plug(t, d, &err), 0);
    assert_false(virtio_transport_empty(t));
    assert_int_not_equal(virtio_transport_plug(t, d, &err), 0);
    assert_int_equal(tg_model_realize(t, &err), 0); /* the transport first: any order will do */
    assert_int_equal(tg_model_realize(d, &err), 0);
    tg_model_reset(t);
    tg_model_reset(d);
    assert_int_equal(rd(&b, t, M_DEVICE, 4), 4);
    /* a device has one transport */
    assert_int_not_equal(virtio_transport_plug(u, d, &err), 0);
    assert_non_null(strstr(err.text, "has a transport already"));
    tg_model_free(d);
    tg_model_free(t);
    tg_model_free(u);
    bench_fini(&b);
}

/* Features never offered, or no VERSION_1, leave FEATURES_OK unset; DRIVER_OK then has no effect. */
static void features_refused(void **state)
{
    struct vdrv v;

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    vdrv_negotiate(&v, INDIRECT);
    assert_int_equal(mrd(&v, M_STATUS), 3);
    mwr(&v, M_STATUS, 7);
    assert_int_equal(mrd(&v, M_STATUS), 3);
    vdrv_negotiate(&v, V1 | UINT64_C(1) << 41);
    assert_int_equal(mrd(&v, M_STATUS), 3);
    vdrv_negotiate(&v, V1 | UINT64_C(1) << 5);
    assert_int_equal(mrd(&v, M_STATUS), 3);
    vdrv_negotiate(&v, V1 | EVENT);
    assert_int_equal(mrd(&v, M_STATUS), 0xb);
    mwr(&v, M_DRIVER, 0); /* too late */
    mwr(&v, M_STATUS, 0xf);
    assert_int_equal(mrd(&v, M_STATUS), 0xf);
    mwr(&v, M_STATUS, 0);
    assert_int_equal(mrd(&v, M_STATUS), 0);
    vdrv_drop(&v);
}

static void queue_setup_refused(void **state)
{
    static const struct {
        unsigned size;
        uint64_t desc, avail, used;
    } bad[] = {
        {0, QBASE(0), QBASE(0) + 0x4000, QBASE(0) + 0x6000},
        {3, QBASE(0), QBASE(0) + 0x4000, QBASE(0) + 0x6000},
        {512, QBASE(0), QBASE(0) + 0x4000, QBASE(0) + 0x6000},
        {8, QBASE(0) + 8, QBASE(0) + 0x4000, QBASE(0) + 0x6000},
        {8, QBASE(0), QBASE(0) + 0x4001, QBASE(0) + 0x6000},
        {8, QBASE(0), QBASE(0) + 0x4000, QBASE(0) + 0x6002},
        {8, UINT64_MAX - 15, QBASE(0) + 0x4000, QBASE(0) + 0x6000},
        {8, QBASE(0), UINT64_MAX - 1, QBASE(0) + 0x6000},
        {0xffffffff, QBASE(0), QBASE(0), QBASE(0)},
    };

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(bad); i++) {
        struct vdrv v;

        vdrv_make(&v, &tg_virtio_rng_class);
        vdrv_plug(&v);
        vdrv_negotiate(&v, V1);
        vdrv_queue_at(&v, 0, bad[i].size, bad[i].desc, bad[i].avail, bad[i].used);
        assert_int_equal(mrd(&v, M_QREADY), 0);
        assert_int_equal(mrd(&v, M_STATUS) & 0x40, 0x40);
        assert_int_equal(v.b.guest_errors, 1);
        vdrv_kick(&v, 0);
        mwr(&v, M_STATUS, 0); /* and works after a reset */
        vdrv_start(&v, 0, 1, 8);
        vdrv_drop(&v);
    }
}

/* Addresses change only while the queue is off; QueueNum reads back nothing. */
static void queue_locked(void **state)
{
    struct vdrv v;
    struct vdesc buf = {.addr = BUF, .len = 16};

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    vdrv_start(&v, 0, 1, 8);
    mwr(&v, M_DESC, 0);
    mwr(&v, M_QNUM, 4);
    assert_int_equal(v.b.guest_errors, 1); /* one line for the two */
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    vdrv_run(&v, TG_MS);
    assert_true(vdrv_used(&v, 0, NULL, NULL));
    vdrv_kick(&v, 3);
    vdrv_kick(&v, 0xffffffff);
    assert_int_equal(v.b.guest_errors, 2);
    assert_int_equal(mrd(&v, M_STATUS), 0xf);
    vdrv_drop(&v);
}

static void interrupt_and_reset(void **state)
{
    struct vdrv v;
    struct vdesc buf = {.addr = BUF, .len = 16};

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    vdrv_start(&v, 0, 1, 8);
    vdrv_add(&v, 0, &buf, 0, 1, false);
    bench_run(&v.b, TG_MS);
    vdrv_kick(&v, 0);
    assert_false(v.b.level);
    vdrv_run(&v, 2 * TG_MS);
    assert_true(v.b.level);
    assert_int_equal(v.b.level_at, TG_MS + 10 * TG_US);
    assert_int_equal(mrd(&v, M_ISR), 1);
    mwr(&v, M_ACK, 2);
    assert_true(v.b.level);
    mwr(&v, M_ACK, 1);
    assert_false(v.b.level);
    /* VRING_AVAIL_F_NO_INTERRUPT */
    put16(&v, v.q[0].avail, 1);
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    vdrv_run(&v, 3 * TG_MS);
    assert_false(v.b.level);
    put16(&v, v.q[0].avail, 0);
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    vdrv_run(&v, 4 * TG_MS);
    assert_true(v.b.level);
    /* a reset drops the line and what is in flight */
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    mwr(&v, M_STATUS, 0);
    assert_false(v.b.level);
    assert_int_equal(tg_evq_next(v.b.env.evq), TG_TIME_NEVER);
    assert_int_equal(mrd(&v, M_QREADY), 0);
    vdrv_drop(&v);
}

/* Given EVENT_IDX, the device interrupts when it passes used_event, and asks for notifications by avail_event
 * (2.7.10). */
static void event_index(void **state)
{
    struct vdrv v;
    struct vdesc buf = {.addr = BUF, .len = 16};

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    vdrv_start(&v, EVENT, 1, 8);
    put16(&v, v.q[0].avail + 4 + 16, 2); /* used_event: tell me when entry 2 is used */
    for (unsigned i = 0; i < 5; i++) {
        vdrv_add(&v, 0, &buf, 0, 1, false);
        vdrv_kick(&v, 0);
        mwr(&v, M_ACK, 1);
        vdrv_run(&v, v.b.now + TG_MS);
        /* the first is always told: nothing was signalled before; then only the third */
        assert_int_equal(mrd(&v, M_ISR), i == 0 || i == 2);
        assert_int_equal(get16(&v, v.q[0].used + 4 + 64), i + 1);
    }
    vdrv_drop(&v);
}

/* A buffer made available before DRIVER_OK is processed then (3.1.1), and not before. */
static void early_buffer(void **state)
{
    struct vdrv v;
    struct vdesc buf = {.addr = BUF, .len = 16};

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    vdrv_negotiate(&v, V1);
    vdrv_queue(&v, 0, 8);
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    vdrv_run(&v, TG_MS);
    assert_false(vdrv_used(&v, 0, NULL, NULL));
    mwr(&v, M_STATUS, 0xf);
    vdrv_run(&v, 2 * TG_MS);
    assert_true(vdrv_used(&v, 0, NULL, NULL));
    vdrv_drop(&v);
}

/* The used ring lies over the device's own registers: the write is refused, not obeyed. */
static void own_registers(void **state)
{
    struct vdrv v;
    struct vdesc buf = {.addr = MMIO + M_STATUS, .len = 4};

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    vdrv_start(&v, 0, 1, 8);
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    vdrv_run(&v, TG_MS);
    assert_int_equal(mrd(&v, M_STATUS), 0x4f);
    assert_int_equal(mrd(&v, M_ISR), 2); /* told by a configuration change */
    mwr(&v, M_STATUS, 0);
    vdrv_negotiate(&v, V1);
    vdrv_queue_at(&v, 0, 8, QBASE(0), QBASE(0) + 0x4000, MMIO + M_NOTIFY - 4);
    buf.addr = BUF;
    vdrv_add(&v, 0, &buf, 0, 1, false);
    mwr(&v, M_STATUS, 0xf);
    vdrv_run(&v, 2 * TG_MS);
    assert_int_equal(mrd(&v, M_STATUS), 0x4f);
    vdrv_drop(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identification),   cmocka_unit_test(empty_slot),
        cmocka_unit_test(wrong_device),     cmocka_unit_test(plug),
        cmocka_unit_test(features_refused), cmocka_unit_test(queue_setup_refused),
        cmocka_unit_test(queue_locked),     cmocka_unit_test(interrupt_and_reset),
        cmocka_unit_test(event_index),      cmocka_unit_test(early_buffer),
        cmocka_unit_test(own_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
