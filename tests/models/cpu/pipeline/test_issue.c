/* SPDX-License-Identifier: Apache-2.0 */
/* Issue: each takes exactly so many cycles: dependency chains, ports, widths, branches, the window, in both
 * models. */
#include "timed.h"

/* 640 repetitions: ten turns of the unrolled loop. */
#define N 640

static const uint32_t add_chain[] = {0x8b010000}; /* add x0, x0, x1 */
static const uint32_t add_free[] = {0x8b0100a0, 0x8b0100a2, 0x8b0100a3,
                                    0x8b0100a4};               /* add x0|x2|x3|x4, x5, x1 */
static const uint32_t mul_chain[] = {0x1b017c00};              /* mul w0, w0, w1 */
static const uint32_t mul_free[] = {0x1b017ca0, 0x1b017ca2};   /* mul w0|w2, w5, w1 */
static const uint32_t mul64_chain[] = {0x9b010080};            /* madd x0, x4, x1, x0 */
static const uint32_t mul64_free[] = {0x9b017ca0, 0x9b01fca2}; /* mul x0, x5, x1; mneg x2, x5, x1 */
static const uint32_t div_free[] = {0x9ac10ca0, 0x9ac10ca2};   /* sdiv x0|x2, x5, x1 */
static const uint32_t load_use[] = {0xf9400042, 0x8b030042};   /* ldr x2, [x2]; add x2, x2, x3 */
static const uint32_t loads[] = {0xf9400043, 0xf9400444};      /* ldr x3, [x2]; ldr x4, [x2, #8] */
static const uint32_t load_store[] = {0xf9400043, 0xf9000444}; /* ldr x3, [x2]; str x4, [x2, #8] */

#define COMMON(width, latency, ports)                                                          \
    "pipeline.width", width, "pipeline.alu.latency", latency, "pipeline.alu.ports", ports,     \
        "pipeline.mul.latency", "4", "pipeline.mul.interval", "1", "pipeline.mul.ports", "1",  \
        "pipeline.div64.latency", "9", "pipeline.div64.interval", "9", "l1d.latency", "3",     \
        "pipeline.load.latency", "3", "pipeline.load.ports", "1", "pipeline.store.ports", "1", \
        "pipeline.store.group", "11", "pipeline.load.group", "10"

static void expect(const char *kind, const char *const *params, const uint32_t *body, unsigned n,
                   uint64_t cycles)
{
    struct pe *p = t_new(kind, params, false);
    uint64_t got, link = T_DATA;

    pe_write(p, T_DATA, &link, 8);
    cpu_set_x(p->cpu, 2, T_DATA);
    cpu_set_x(p->cpu, 3, 0);
    got = t_steady(p, body, n, N);
    /* Each of the ten turns ends with a branch, which takes at most three more cycles of its own (with its
     * bubble). */
    if (got < cycles || got > cycles + 30)
        fail_msg("%s: %llu cycles, expected %llu", kind, (unsigned long long)got, (unsigned long long)cycles);
    pe_free(p);
}

static void expect_both(const char *const *params, const uint32_t *body, unsigned n, uint64_t cycles)
{
    expect("inorder", params, body, n, cycles);
    expect("window", params, body, n, cycles);
}

static const char *const two[] = {COMMON("2", "1", "2"), NULL};
static const char *const one_alu[] = {COMMON("2", "1", "1"), NULL};
static const char *const slow_alu[] = {COMMON("2", "3", "2"), NULL};
static const char *const wide_mul[] = {
    COMMON("2", "1", "2"), "pipeline.mul64.latency", "7", "pipeline.mul64.interval", "3", NULL};
static const char *const four[] = {COMMON("4", "1", "3"), NULL};

static void chains(void **state)
{
    (void)state;
    expect_both(two, add_chain, 1, N);
    expect_both(slow_alu, add_chain, 1, 3 * N);
    expect_both(two, mul_chain, 1, 4 * N);
    expect_both(wide_mul, mul_chain, 1, 4 * N);
    expect_both(wide_mul, mul64_chain, 1, 7 * N);
    expect_both(two, load_use, 2, (3 + 1) * N);
}

static void widths_and_ports(void **state)
{
    (void)state;
    expect_both(two, add_free, 4, 2 * N);           /* two at a time */
    expect_both(one_alu, add_free, 4, 4 * N);       /* one port */
    expect("window", four, add_free, 4, 4 * N / 3); /* three ports */
    expect_both(two, mul_free, 2, 2 * N);           /* pipelined, one port */
    expect_both(wide_mul, mul64_free, 2, 6 * N);    /* every third cycle */
    expect_both(two, div_free, 2, 18 * N);          /* not pipelined */
    expect_both(two, loads, 2, 2 * N);              /* one load port */
    expect_both(two, load_store, 2, N);             /* a load and a store together */
}

/* The same two, when loads and stores share one port. */
static void shared_group(void **state)
{
    static const char *const shared[] = {COMMON("2", "1", "2"), "pipeline.store.group", "10", NULL};

    (void)state;
    expect_both(shared, load_store, 2, 2 * N);
}

/* b . + 4, over and over: taken branches with nothing between. In order nothing issues behind one. */
static void taken_branches(void **state)
{
    static const uint32_t next[] = {0x14000001};
    static const char *const bubble[] = {COMMON("2", "1", "2"), "pipeline.taken_bubble", "2", NULL};

    (void)state;
    expect_both(two, next, 1, N);
    expect_both(bubble, next, 1, 3 * N);
}

/* A branch whose direction is random: each wrong guess costs the refill, and is charged so. */
static void mispredicts(void **state)
{
    static const uint32_t code[] = {
        0xca003400, /* eor x0, x0, x0, lsl #13: xorshift */
        0xca401c00, /* eor x0, x0, x0, lsr #7 */
        0xca004400, /* eor x0, x0, x0, lsl #17 */
        0x36000040, /* tbz w0, #0, . + 8 */
        0x91000421, /* add x1, x1, #1 */
        0x17fffffb, /* b back */
    };
    static const char *const kinds[] = {"inorder", "window"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t cycles[2], wrong[2], charged;

        for (unsigned m = 0; m < 2; m++) {
            const char *const params[] = {COMMON("2", "1", "2"), "pipeline.mispredict", m ? "21" : "11",
                                          NULL};
            struct pe *p = t_new(kinds[i], params, false);

            cpu_set_x(p->cpu, 0, 88172645463325252ull);
            pe_code(p, T_CODE, code, 6);
            pe_run_insns(p, 60000);
            t_sum(p);
            cycles[m] = cpu_cycles(p->cpu);
            wrong[m] = t_counter(p, "mispredicts");
            charged = t_bucket(p, CPU_BUCKET_MISPREDICT);
            assert_in_range(charged, wrong[m] * (m ? 20 : 10), wrong[m] * (m ? 23 : 13));
            pe_free(p);
        }
        assert_int_equal(wrong[0], wrong[1]);
        assert_in_range(wrong[0], 3000, 8000); /* half of some 10,000 */
        assert_in_range(cycles[1] - cycles[0], wrong[0] * 10 - 20, wrong[0] * 10 + 20);
    }
}

/* Independent misses overlap as far as the window reaches; in order they overlap until the first use. */
static void memory_parallelism(void **state)
{
    static const char *const params[] = {
        COMMON("4", "1", "3"), "prefetch", "0", "pipeline.window", "128", "l2.latency", "10",
        "l1d.mshrs",           "8",        NULL};
    static const char *const one_mshr[] = {
        COMMON("4", "1", "3"), "prefetch", "0", "pipeline.window", "128", "l2.latency", "10",
        "l1d.mshrs",           "1",        NULL};
    static const char *const small[] = {COMMON("4", "1", "3"), "prefetch", "0", "pipeline.window", "2",
                                        "l2.latency",          "10",       NULL};
    const char *const *const sets[] = {params, one_mshr, small};
    uint64_t cycles[3];
    uint32_t code[64];

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        code[i] = 0xf8440443; /* ldr x3, [x2], #64 */
    for (unsigned s = 0; s < 3; s++) {
        struct pe *p = t_new("window", sets[s], false);

        cpu_set_x(p->cpu, 2, T_DATA);
        pe_code(p, T_CODE, code, 64);
        cpu_set_pc(p->cpu, T_CODE);
        cycles[s] = t_once(p, code, 64);
        pe_free(p);
    }
    /* A miss takes 100 + 10 cycles. 64 of them, 8 at a time: 8 rounds; one at a time: 64 (one of them beside
     * the TLB miss of the first); a window of 2: 32. Besides, the code is fetched: four lines. */
    assert_in_range(cycles[0], 7 * 110, 8 * 110 + 700);
    assert_in_range(cycles[1], 63 * 110, 64 * 110 + 700);
    assert_in_range(cycles[2], 31 * 110, 32 * 110 + 700);
}

/* A long miss holds commit up; what the window holds behind it is done when it comes. */
static void window_occupancy(void **state)
{
    uint32_t code[1 + 200];
    uint64_t cycles[2];

    (void)state;
    code[0] = 0xf9400043; /* ldr x3, [x2] */
    for (unsigned i = 1; i <= 200; i++)
        code[i] = 0x8b010000; /* add x0, x0, x1 */
    for (unsigned w = 0; w < 2; w++) {
        const char *const params[] = {
            COMMON("4", "1", "3"), "pipeline.window", w ? "256" : "32", "l2.latency", "10", NULL};
        struct pe *p = t_new("window", params, false);

        cpu_set_x(p->cpu, 2, T_DATA);
        t_once(p, code, 201); /* code and TLBs warm */
        cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        cpu_set_x(p->cpu, 2, T_DATA + 0x2000);
        cycles[w] = t_once(p, code, 201);
        pe_free(p);
    }
    /* A chain of 200 cycles beside a miss of 110. A window of 256 holds both at once; one of 32 lets 31 adds
     * start. */
    assert_in_range(cycles[1], 200, 215);
    assert_in_range(cycles[0], 110 + 200 - 31, 110 + 200 - 31 + 15);
}

/* Idle time and changes of mode keep the sum. */
static void modes(void **state)
{
    static const char *const kinds[] = {"inorder", "window"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], two, false);
        uint64_t idle;

        cpu_set_x(p->cpu, 2, T_DATA);
        for (unsigned k = 0; k < 20; k++) {
            t_steady(p, load_store, 2, 64);
            cpu_set_mode(p->cpu, k & 1 ? CPU_TIMED : CPU_FAST);
            t_sum(p);
        }
        idle = t_bucket(p, CPU_BUCKET_IDLE);
        cpu_set_mode(p->cpu, CPU_TIMED);
        cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        t_sum(p);
        assert_in_range(t_bucket(p, CPU_BUCKET_IDLE) - idle, 1000, 1001);
        cpu_set_mode(p->cpu, CPU_FAST);
        cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        t_sum(p);
        pe_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains),           cmocka_unit_test(widths_and_ports),
        cmocka_unit_test(shared_group),     cmocka_unit_test(taken_branches),
        cmocka_unit_test(mispredicts),      cmocka_unit_test(memory_parallelism),
        cmocka_unit_test(window_occupancy), cmocka_unit_test(modes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
