/* SPDX-License-Identifier: Apache-2.0 */
/* The run loop: small programs with the expected registers beside them, in fast and timed mode; exact counts;
 * self-modifying code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "pe.h"

static const char *const window[] = {"pipeline.kind", "1", NULL};
static const char *const inorder[] = {"pipeline.kind", "0", NULL};

/* Sum of 1..1000 by a loop: 3 instructions a turn after two of set-up. */
static const uint32_t sum_loop[] = {
    0xd2800000, /* mov x0, #0 */
    0xd2807d01, /* mov x1, #1000 */
    0x8b010000, /* loop: add x0, x0, x1 */
    0xf1000421, /* subs x1, x1, #1 */
    0x54ffffc1, /* b.ne loop */
    0x14000000, /* b . */
};

static void run_sum(enum cpu_mode mode, const char *const *params)
{
    struct pe *p = pe_new(pe_features_n1, params, 1);
    uint64_t buckets[CPU_BUCKET_COUNT], sum = 0;

    cpu_set_mode(p->cpu, mode);
    pe_code(p, PE_RAM_BASE, sum_loop, 6);
    assert_int_equal(pe_run_insns(p, 2 + 3 * 1000), CPU_STOP_REQUEST);
    assert_int_equal(cpu_get_x(p->cpu, 0), 500500);
    assert_int_equal(cpu_get_x(p->cpu, 1), 0);
    assert_int_equal(cpu_insns(p->cpu), 3002);
    assert_int_equal(cpu_get_pc(p->cpu), PE_RAM_BASE + 20);
    cpu_buckets(p->cpu, buckets);
    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++)
        sum += buckets[i];
    assert_int_equal(sum, cpu_cycles(p->cpu));
    /* Base is what the others leave of the cycles: charged too much, it would have gone below zero. */
    assert_true(buckets[CPU_BUCKET_BASE] <= cpu_cycles(p->cpu));
    if (mode == CPU_FAST) {
        assert_int_equal(buckets[CPU_BUCKET_BASE], 3002);
        assert_int_equal(cpu_cycles(p->cpu), 3002);
    } else {
        assert_true(cpu_cycles(p->cpu) >= 1000); /* a loop-carried dependency of one cycle a turn */
    }
    pe_free(p);
}

static void test_fast(void **state)
{
    (void)state;
    run_sum(CPU_FAST, NULL);
}

static void test_timed_window(void **state)
{
    (void)state;
    run_sum(CPU_TIMED, window);
}

static void test_timed_inorder(void **state)
{
    (void)state;
    run_sum(CPU_TIMED, inorder);
}

/* Each limit stops after exactly that many instructions. */
static void test_exact_limit(void **state)
{
    struct pe *p = pe_new(pe_features_n1, NULL, 1);

    (void)state;
    pe_code(p, PE_RAM_BASE, sum_loop, 6);
    for (uint64_t n = 1; n < 200; n++) {
        assert_int_equal(pe_run_insns(p, 1), CPU_STOP_REQUEST);
        assert_int_equal(cpu_insns(p->cpu), n);
    }
    pe_free(p);
}

/* A store into the code just ahead, followed by ISB, is executed as written. */
static void test_self_modifying(void **state)
{
    struct pe *p = pe_new(pe_features_n1, NULL, 1);
    static const uint32_t code[] = {
        0x10000100, /* adr x0, target (+32) */
        0x52800541, /* mov w1, #42 << 0 -> w1 = 42 */
        0xb9400002, /* ldr w2, [x0] */
        0xb9400403, /* ldr w3, [x0, #4]: replacement instruction */
        0xb9000003, /* str w3, [x0] */
        0xd5033f9f, /* dsb sy */
        0xd508751f, /* ic iallu */
        0xd5033fdf, /* isb */
        0xd2800024, /* target: mov x4, #1 */
        0xd2800044, /* mov x4, #2 (also the replacement) */
        0x14000000, /* b . */
    };

    (void)state;
    pe_code(p, PE_RAM_BASE, code, 11);
    pe_run_insns(p, 9);
    assert_int_equal(cpu_get_x(p->cpu, 4), 2);
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast),           cmocka_unit_test(test_timed_window),
        cmocka_unit_test(test_timed_inorder),  cmocka_unit_test(test_exact_limit),
        cmocka_unit_test(test_self_modifying),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
