/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtqueues, honest and hostile. The entropy device serves as the user: it writes 8-byte patterns into
 * whatever chain it gets. Each hostile case must end in DEVICE_NEEDS_RESET with one guest-error line, and the
 * device must work after a reset.
 */
#include "tests/models/virtio/vdrv.h"

#define Q 16u

static void make(struct vdrv *v, uint64_t features)
{
    vdrv_make(v, &tg_virtio_rng_class);
    vdrv_plug(v);
    vdrv_start(v, features, 1, Q);
}

static bool nonzero(struct vdrv *v, uint64_t pa, size_t n)
{
    const uint8_t *p = mem(v, pa);

    for (size_t i = 0; i < n; i++)
        if (p[i])
            return true;
    return false;
}

/* Many times round the ring, the 16-bit index included, with chains direct and indirect, in one piece and in
 * several. */
static void around(void **state)
{
    struct vdrv v;

    (void)state;
    make(&v, INDIRECT);
    for (unsigned i = 0; i < 70000; i++) {
        struct vdesc seg[3] = {
            {.addr = BUF, .len = 8}, {.addr = BUF + 0x100, .len = 1}, {.addr = BUF + 0x200, .len = 23}};
        unsigned head = vdrv_add(&v, 0, seg, 0, 1 + i % 3, i & 1);
        uint32_t id, len;

        vdrv_kick(&v, 0);
        vdrv_run(&v, v.b.now + 20 * TG_US);
        assert_true(vdrv_used(&v, 0, &id, &len));
        assert_int_equal(id, head);
        assert_int_equal(len, i % 3 == 0 ? 8 : i % 3 == 1 ? 9 : 32);
    }
    assert_int_equal(v.b.guest_errors, 0);
    vdrv_drop(&v);
}

static void batch(void **state)
{
    struct vdrv v;
    uint32_t id, len;

    (void)state;
    make(&v, 0);
    for (unsigned i = 0; i < Q; i++) {
        struct vdesc seg = {.addr = BUF + 0x1000 * (uint64_t)i, .len = 64};

        vdrv_add(&v, 0, &seg, 0, 1, false);
    }
    vdrv_kick(&v, 0);
    vdrv_run(&v, TG_MS);
    for (unsigned i = 0; i < Q; i++) {
        assert_true(vdrv_used(&v, 0, &id, &len));
        assert_int_equal(id, i); /* in order */
        assert_int_equal(len, 64);
        assert_true(nonzero(&v, BUF + 0x1000 * (uint64_t)i, 64));
        assert_false(nonzero(&v, BUF + 0x1000 * (uint64_t)i + 64, 64));
    }
    assert_false(vdrv_used(&v, 0, NULL, NULL));
    vdrv_drop(&v);
}

/* Direct descriptors followed by an indirect one (2.7.5.3.2). */
static void mixed_chain(void **state)
{
    struct vdrv v;
    uint32_t len;

    (void)state;
    make(&v, INDIRECT);
    put_desc(&v, QBASE(0), 0, BUF, 8, D_WRITE | D_NEXT, 5);
    put_desc(&v, QBASE(0), 5, BUF + 0x8000, 32, D_INDIRECT, 0);
    put_desc(&v, BUF + 0x8000, 0, BUF + 0x100, 8, D_WRITE | D_NEXT, 1);
    put_desc(&v, BUF + 0x8000, 1, BUF + 0x200, 8, D_WRITE, 0);
    vdrv_avail(&v, 0, 0);
    vdrv_kick(&v, 0);
    vdrv_run(&v, TG_MS);
    assert_true(vdrv_used(&v, 0, NULL, &len));
    assert_int_equal(len, 24);
    assert_true(nonzero(&v, BUF, 8) && nonzero(&v, BUF + 0x100, 8) && nonzero(&v, BUF + 0x200, 8));
    vdrv_drop(&v);
}

/* ---- hostile ---- */

enum what {
    LOOP_SELF,
    LOOP_TWO,
    NEXT_OUT,
    HEAD_OUT,
    ZERO_LENGTH,
    ADDR_WRAP,
    BUF_OUT,
    BUF_OVER_END,
    READ_AFTER_WRITE,
    INDEX_RUNAWAY,
    IND_NOT_NEGOTIATED,
    IND_AND_NEXT,
    IND_NESTED,
    IND_ODD,
    IND_EMPTY,
    IND_HUGE,
    IND_LOOP,
    IND_NEXT_OUT,
    IND_OUT,
    IND_WRAP,
    WRONG_DIRECTION,
    CASES
};

static void commit(struct vdrv *v, enum what what)
{
    uint64_t t = QBASE(0), ind = BUF + 0x8000;

    switch (what) {
    case LOOP_SELF:
        put_desc(v, t, 0, BUF, 8, D_WRITE | D_NEXT, 0);
        break;
    case LOOP_TWO:
        put_desc(v, t, 0, BUF, 8, D_WRITE | D_NEXT, 1);
        put_desc(v, t, 1, BUF, 8, D_WRITE | D_NEXT, 0);
        break;
    case NEXT_OUT:
        put_desc(v, t, 0, BUF, 8, D_WRITE | D_NEXT, Q);
        break;
    case HEAD_OUT:
        vdrv_avail(v, 0, 0xffff);
        return;
    case ZERO_LENGTH:
        put_desc(v, t, 0, BUF, 0, D_WRITE, 0);
        break;
    case ADDR_WRAP:
        put_desc(v, t, 0, UINT64_MAX - 3, 8, D_WRITE, 0);
        break;
    case BUF_OUT:
        put_desc(v, t, 0, 0x1000, 8, D_WRITE, 0);
        break;
    case BUF_OVER_END:
        put_desc(v, t, 0, RAM_BASE + RAM_SIZE - 8, 16, D_WRITE, 0);
        break;
    case READ_AFTER_WRITE:
        put_desc(v, t, 0, BUF, 8, D_WRITE | D_NEXT, 1);
        put_desc(v, t, 1, BUF, 8, 0, 0);
        break;
    case INDEX_RUNAWAY:
        put16(v, v->q[0].avail + 2, Q + 1);
        return;
    case IND_NOT_NEGOTIATED:
        put_desc(v, t, 0, ind, 16, D_INDIRECT, 0);
        put_desc(v, ind, 0, BUF, 8, D_WRITE, 0);
        break;
    case IND_AND_NEXT:
        put_desc(v, t, 0, ind, 16, D_INDIRECT | D_NEXT, 1);
        put_desc(v, ind, 0, BUF, 8, D_WRITE, 0);
        break;
    case IND_NESTED:
        put_desc(v, t, 0, ind, 16, D_INDIRECT, 0);
        put_desc(v, ind, 0, ind, 16, D_INDIRECT, 0);
        break;
    case IND_ODD:
        put_desc(v, t, 0, ind, 17, D_INDIRECT, 0);
        put_desc(v, ind, 0, BUF, 8, D_WRITE, 0);
        break;
    case IND_EMPTY:
        put_desc(v, t, 0, ind, 0, D_INDIRECT, 0);
        break;
    case IND_HUGE:
        put_desc(v, t, 0, ind, 0xfffffff0, D_INDIRECT, 0);
        break;
    case IND_LOOP:
        put_desc(v, t, 0, ind, 32, D_INDIRECT, 0);
        put_desc(v, ind, 0, BUF, 8, D_WRITE | D_NEXT, 1);
        put_desc(v, ind, 1, BUF, 8, D_WRITE | D_NEXT, 0);
        break;
    case IND_NEXT_OUT:
        put_desc(v, t, 0, ind, 16, D_INDIRECT, 0);
        put_desc(v, ind, 0, BUF, 8, D_WRITE | D_NEXT, 1);
        break;
    case IND_OUT:
        put_desc(v, t, 0, 0, 16, D_INDIRECT, 0);
        break;
    case IND_WRAP:
        put_desc(v, t, 0, UINT64_MAX - 15, 32, D_INDIRECT, 0);
        break;
    case WRONG_DIRECTION: /* the entropy device needs writable buffers */
        put_desc(v, t, 0, BUF, 8, 0, 0);
        break;
    default:
        break;
    }
    vdrv_avail(v, 0, 0);
}

static void hostile(void **state)
{
    (void)state;
    for (enum what what = 0; what < CASES; what++) {
        struct vdrv v;
        struct vdesc good = {.addr = BUF, .len = 8};

        make(&v, what == IND_NOT_NEGOTIATED ? 0 : INDIRECT);
        commit(&v, what);
        v.dma_count = 0;
        vdrv_kick(&v, 0);
        vdrv_run(&v, TG_MS);
        if (mrd(&v, M_STATUS) != 0x4f || v.b.guest_errors != 1 || vdrv_used(&v, 0, NULL, NULL) ||
            v.dma_count > 2 * Q + 16)
            fail_msg("case %u: status 0x%x, %u lines, %u bus accesses, %s", what, mrd(&v, M_STATUS),
                     v.b.guest_errors, v.dma_count, v.b.last_log);
        assert_true(v.b.level);
        assert_int_equal(mrd(&v, M_ISR), 2);
        vdrv_kick(&v, 0); /* dead until reset */
        vdrv_run(&v, 2 * TG_MS);
        assert_int_equal(v.b.guest_errors, 1);
        vdrv_start(&v, 0, 1, Q);
        vdrv_add(&v, 0, &good, 0, 1, false);
        vdrv_kick(&v, 0);
        vdrv_run(&v, 3 * TG_MS);
        assert_true(vdrv_used(&v, 0, NULL, NULL));
        vdrv_drop(&v);
    }
}

/* 1024 buffers are the most a chain may have: one direct and 1023 indirect ones pass, one more does not. */
static void longest_chain(void **state)
{
    (void)state;
    for (unsigned n = 1023; n <= 1024; n++) {
        struct vdrv v;
        uint32_t len = 0;

        make(&v, INDIRECT);
        put_desc(&v, QBASE(0), 0, BUF, 1, D_WRITE | D_NEXT, 1);
        put_desc(&v, QBASE(0), 1, BUF + 0x8000, 16 * n, D_INDIRECT, 0);
        for (unsigned i = 0; i < n; i++)
            put_desc(&v, BUF + 0x8000, i, BUF + 1 + i, 1, D_WRITE | (i + 1 < n ? D_NEXT : 0), i + 1);
        vdrv_avail(&v, 0, 0);
        vdrv_kick(&v, 0);
        vdrv_run(&v, TG_MS);
        assert_int_equal(vdrv_used(&v, 0, NULL, &len), n == 1023);
        assert_int_equal(len, n == 1023 ? 1024 : 0);
        assert_int_equal(mrd(&v, M_STATUS), n == 1023 ? 0xf : 0x4f);
        vdrv_drop(&v);
    }
}

/* Each of the three parts outside memory. */
static void rings_outside(void **state)
{
    (void)state;
    for (unsigned part = 0; part < 3; part++) {
        struct vdrv v;
        uint64_t at[3] = {QBASE(0), QBASE(0) + 0x4000, QBASE(0) + 0x6000};

        vdrv_make(&v, &tg_virtio_rng_class);
        vdrv_plug(&v);
        vdrv_negotiate(&v, V1);
        put_desc(&v, QBASE(0), 0, BUF, 8, D_WRITE, 0);
        put16(&v, QBASE(0) + 0x4000 + 2, 1);
        at[part] = 0x1000;
        vdrv_queue_at(&v, 0, Q, at[0], at[1], at[2]);
        mwr(&v, M_STATUS, 0xf);
        vdrv_kick(&v, 0);
        vdrv_run(&v, TG_MS);
        assert_int_equal(mrd(&v, M_STATUS), 0x4f);
        assert_int_equal(v.b.guest_errors, 1);
        vdrv_drop(&v);
    }
}

/* The used ring lies over the descriptors and the available ring: garbage in, but an end to it. */
static void rings_overlap(void **state)
{
    struct vdrv v;

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    vdrv_negotiate(&v, V1);
    put_desc(&v, QBASE(0), 0, QBASE(0), 256, D_WRITE, 0);
    put16(&v, QBASE(0) + 0x4000 + 2, Q);
    vdrv_queue_at(&v, 0, Q, QBASE(0), QBASE(0) + 0x4000, QBASE(0) + 0x4000);
    mwr(&v, M_STATUS, 0xf);
    for (unsigned i = 0; i < 100; i++) {
        vdrv_kick(&v, 0);
        vdrv_run(&v, v.b.now + TG_MS);
    }
    assert_int_equal(mrd(&v, M_STATUS) & 0x40, 0x40);
    vdrv_drop(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(around),        cmocka_unit_test(batch),   cmocka_unit_test(mixed_chain),
        cmocka_unit_test(longest_chain), cmocka_unit_test(hostile), cmocka_unit_test(rings_outside),
        cmocka_unit_test(rings_overlap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
