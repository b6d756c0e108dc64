/* SPDX-License-Identifier: Apache-2.0 */
/* PL031: the clock follows simulated time only; match interrupt at the second it names. DDI 0224. */
#include "tests/models/devices/dev_test.h"
#include "models/devices/devices.h"

enum { DR = 0, MR = 4, LR = 8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };

struct fix {
    struct dev_bench b;
    struct tg_model *m;
};

static void make(struct fix *f, uint64_t epoch)
{
    bench_init(&f->b);
    f->m = tg_model_new(&tg_pl031_class, "rtc", &f->b.env);
    set_param(f->m, "epoch", epoch);
    bench_irq_bind(&f->b, f->m, "irq");
    realize(f->m);
}

static void drop(struct fix *f)
{
    tg_model_free(f->m);
    bench_fini(&f->b);
}

static void counts(void **state)
{
    struct fix f;
    static const uint8_t ids[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)state;
    make(&f, 1000);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 1000);
    f.b.now = TG_SEC - 1;
    assert_int_equal(rd(&f.b, f.m, DR, 4), 1000);
    f.b.now = TG_SEC;
    assert_int_equal(rd(&f.b, f.m, DR, 4), 1001);
    wr(&f.b, f.m, LR, 4, 0xffffffff);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 0xffffffff);
    assert_int_equal(rd(&f.b, f.m, LR, 4), 0xffffffff);
    f.b.now = 3 * TG_SEC;
    assert_int_equal(rd(&f.b, f.m, DR, 4), 1); /* wraps */
    wr(&f.b, f.m, DR, 4, 7);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 1);
    wr(&f.b, f.m, CR, 4, 0);
    assert_int_equal(rd(&f.b, f.m, CR, 4), 1);
    tg_model_reset(f.m); /* the battery holds */
    assert_int_equal(rd(&f.b, f.m, DR, 4), 1);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(rd(&f.b, f.m, 0xfe0 + 4 * i, 4), ids[i]);
    drop(&f);
}

static void match(void **state)
{
    struct fix f;

    (void)state;
    make(&f, 100);
    wr(&f.b, f.m, IMSC, 4, 1);
    f.b.now = TG_SEC / 2;
    wr(&f.b, f.m, MR, 4, 103);
    assert_int_equal(tg_evq_next(f.b.env.evq), 3 * TG_SEC);
    bench_run(&f.b, 3 * TG_SEC - 1);
    assert_false(f.b.level);
    bench_run(&f.b, 3 * TG_SEC);
    assert_true(f.b.level);
    assert_int_equal(f.b.level_at, 3 * TG_SEC);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), 1);
    wr(&f.b, f.m, ICR, 4, 1);
    assert_false(f.b.level);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 0);
    /* loading a new time moves the armed match */
    wr(&f.b, f.m, MR, 4, 200);
    wr(&f.b, f.m, LR, 4, 198);
    assert_int_equal(tg_evq_next(f.b.env.evq), 5 * TG_SEC);
    /* masked: raw status only */
    wr(&f.b, f.m, IMSC, 4, 0);
    bench_run(&f.b, 5 * TG_SEC);
    assert_false(f.b.level);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 1);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), 0);
    wr(&f.b, f.m, IMSC, 4, 1);
    assert_true(f.b.level);
    /* equal already: at once */
    wr(&f.b, f.m, ICR, 4, 1);
    wr(&f.b, f.m, MR, 4, 200);
    assert_true(f.b.level);
    drop(&f);
}

/* The comparator does not rest: it fires whenever the count comes to RTCMR, by whichever way. */
static void again(void **state)
{
    struct fix f;

    (void)state;
    make(&f, 100);
    tg_model_reset(f.m);
    wr(&f.b, f.m, IMSC, 4, 1);
    wr(&f.b, f.m, MR, 4, 102);
    bench_run(&f.b, 2 * TG_SEC);
    assert_true(f.b.level);
    wr(&f.b, f.m, ICR, 4, 1);
    /* the clock is set back below RTCMR, which is not written again */
    wr(&f.b, f.m, LR, 4, 99);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 0);
    bench_run(&f.b, 5 * TG_SEC - 1);
    assert_false(f.b.level);
    bench_run(&f.b, 5 * TG_SEC);
    assert_true(f.b.level);
    wr(&f.b, f.m, ICR, 4, 1);
    /* to RTCMR itself: at once */
    wr(&f.b, f.m, LR, 4, 102);
    assert_true(f.b.level);
    wr(&f.b, f.m, ICR, 4, 1);
    assert_false(f.b.level); /* cleared within the second: it has become equal once */
    /* and past the end of the count, which is 2^32 seconds away before it is set: outside of simulated time
     */
    assert_int_equal(tg_evq_next(f.b.env.evq), TG_TIME_NEVER);
    wr(&f.b, f.m, LR, 4, UINT32_MAX - 1);
    wr(&f.b, f.m, MR, 4, 3);
    bench_run(&f.b, 10 * TG_SEC - 1);
    assert_false(f.b.level);
    bench_run(&f.b, 10 * TG_SEC);
    assert_true(f.b.level);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 3);
    /* Reset: RTCMR is 0 and RTCRIS too; the wrap to 0 is a match that nobody has asked for by a write. */
    tg_model_reset(f.m);
    assert_false(f.b.level);
    wr(&f.b, f.m, IMSC, 4, 1);
    wr(&f.b, f.m, LR, 4, UINT32_MAX);
    assert_false(f.b.level);
    bench_run(&f.b, 11 * TG_SEC);
    assert_true(f.b.level);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 0);
    drop(&f);
}

/* Random loads, matches and clears against a count of seconds. */
static void table(void **state)
{
    struct fix f;
    uint64_t seed = 31;
    uint32_t mr = 0, offset = 100;
    bool ris = false;

    (void)state;
    make(&f, 100);
    tg_model_reset(f.m);
    wr(&f.b, f.m, IMSC, 4, 1);
    for (unsigned step = 0; step < 4000; step++) {
        uint64_t second = f.b.now / TG_SEC;
        uint32_t count = offset + (uint32_t)second, v;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        v = count + (uint32_t)(seed >> 40 & 7) - 3;
        switch (seed >> 60) {
        case 0:
        case 1:
            wr(&f.b, f.m, MR, 4, mr = v);
            ris |= mr == count;
            break;
        case 2:
        case 3:
            wr(&f.b, f.m, LR, 4, v);
            offset = v - (uint32_t)second;
            ris |= mr == v;
            break;
        case 4:
        case 5:
            wr(&f.b, f.m, ICR, 4, 1);
            ris = false;
            break;
        case 6: /* far away */
            wr(&f.b, f.m, LR, 4, v = (uint32_t)(seed >> 20));
            offset = v - (uint32_t)second;
            ris |= mr == v;
            break;
        default:
            for (unsigned n = seed >> 50 & 3; n; n--)
                ris |= mr == offset + (uint32_t)++second;
            bench_run(&f.b, second * TG_SEC + TG_SEC / 2);
        }
        assert_int_equal(rd(&f.b, f.m, RIS, 4), ris);
        assert_int_equal(f.b.level, ris);
        assert_int_equal(rd(&f.b, f.m, DR, 4), (uint32_t)(offset + second));
    }
    drop(&f);
}

static void refuses(void **state)
{
    struct fix f;
    struct tg_error err;

    (void)state;
    make(&f, 0);
    assert_int_not_equal(tg_model_set_u64(f.m, tg_model_param(f.m->cls, "epoch"), UINT64_C(1) << 32, &err),
                         0);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts), cmocka_unit_test(match),
                                       cmocka_unit_test(again), cmocka_unit_test(table),
                                       cmocka_unit_test(refuses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
