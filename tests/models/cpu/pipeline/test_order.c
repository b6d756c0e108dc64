/* SPDX-License-Identifier: Apache-2.0 */
/* Stores, barriers, context synchronisation, exceptions: exact costs, each in its bucket. */
#include "timed.h"

static const char *const kinds[] = {"inorder", "window"};
static const char *const params[] = {"pipeline.width",
                                     "2",
                                     "pipeline.store_buffer",
                                     "4",
                                     "pipeline.dsb",
                                     "15",
                                     "pipeline.dmb",
                                     "5",
                                     "pipeline.isb",
                                     "20",
                                     "l2.latency",
                                     "10",
                                     "prefetch",
                                     "0",
                                     "l1d.mshrs",
                                     "8",
                                     "pipeline.tlbi",
                                     "7",
                                     "pipeline.tlbi_sync",
                                     "50",
                                     "pipeline.exception_entry",
                                     "40",
                                     "pipeline.exception_return",
                                     "30",
                                     "pipeline.sysreg_read",
                                     "6",
                                     NULL};

#define NOP 0xd503201f
#define STR 0xf8040444 /* str x4, [x2], #64 */

/* Stores that miss wait in the buffer; the fifth waits for the first. */
static void store_buffer(void **state)
{
    static const uint32_t four[] = {STR, STR, STR, STR, NOP};
    static const uint32_t eight[] = {STR, STR, STR, STR, STR, STR, STR, STR, NOP};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], params, false);
        uint64_t n;

        cpu_set_x(p->cpu, 2, T_DATA);
        t_once(p, four, 5);
        cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        n = t_once(p, four, 5);
        assert_true(n < 20);
        cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        t_once(p, eight, 9);
        cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        n = t_once(p, eight, 9);
        /* Fills overlap: one miss of 110 less the look-up that the class has, and one drain a cycle. */
        assert_in_range(n, 105, 130);
        pe_free(p);
    }
}

/* DSB waits for the drain, DMB of stores too, DMB of loads does not. */
static void barriers(void **state)
{
    static const struct {
        uint32_t insn;
        uint64_t least, most;
    } k[] = {
        {0xd5033f9f, 105 + 15, 125 + 15}, /* dsb sy */
        {0xd5033fbf, 105 + 5, 125 + 5},   /* dmb sy */
        {0xd5033ebf, 105 + 5, 125 + 5},   /* dmb st */
        {0xd5033dbf, 5, 12},              /* dmb ld */
        {0xd5033fdf, 20, 26},             /* isb */
    };

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned b = 0; b < TG_ARRAY_SIZE(k); b++) {
            const uint32_t code[] = {STR, k[b].insn, NOP};
            struct pe *p = t_new(kinds[i], params, false);
            enum cpu_bucket bucket = b == 4 ? CPU_BUCKET_SYNC : CPU_BUCKET_BARRIER;
            uint64_t charged, n;

            cpu_set_x(p->cpu, 2, T_DATA);
            t_once(p, code, 3);
            cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
            charged = t_bucket(p, bucket);
            n = t_once(p, code, 3);
            charged = t_bucket(p, bucket) - charged;
            assert_in_range(n, k[b].least, k[b].most);
            assert_in_range(charged, k[b].least - 4, n);
            pe_free(p);
        }
}

/* A broadcast TLBI makes the next DSB wait for the others, a local one does not. */
static void tlbi(void **state)
{
    static const uint32_t broadcast[] = {0xd508831f, 0xd5033f9f}; /* tlbi vmalle1is; dsb sy */
    static const uint32_t local[] = {0xd508871f, 0xd5033f9f};     /* tlbi vmalle1; dsb sy */

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], params, false);
        uint64_t with, without, before;

        t_once(p, broadcast, 2);
        before = t_bucket(p, CPU_BUCKET_BARRIER);
        t_once(p, broadcast, 2);
        with = t_bucket(p, CPU_BUCKET_BARRIER) - before;
        t_once(p, local, 2);
        before = t_bucket(p, CPU_BUCKET_BARRIER);
        t_once(p, local, 2);
        without = t_bucket(p, CPU_BUCKET_BARRIER) - before;
        assert_int_equal(with - without, 50);
        assert_in_range(without, 15 + 7, 15 + 7 + 3);
        assert_int_equal(t_counter(p, "tlbi"), 4);
        pe_free(p);
    }
}

/* An SVC and the ERET of its handler. */
static void exceptions(void **state)
{
    static const uint32_t code[] = {0xd4000001, NOP}; /* svc #0 */
    static const uint32_t vector[] = {0xd69f03e0};    /* eret */

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], params, false);
        uint64_t before;

        cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 12, 0, 0), T_CODE + 0x800); /* VBAR_EL1 */
        pe_code(p, T_CODE + 0x800 + 0x200, vector, 1);
        t_once(p, code, 2);
        before = t_bucket(p, CPU_BUCKET_EXCEPTION);
        pe_code(p, T_CODE, code, 2);
        cpu_set_pc(p->cpu, T_CODE);
        pe_run_insns(p, 3);
        assert_int_equal(cpu_get_pc(p->cpu), T_CODE + 8);
        assert_int_equal(t_counter(p, "exceptions"), 2);
        assert_int_equal(t_bucket(p, CPU_BUCKET_EXCEPTION) - before, 40 + 30);
        t_sum(p);
        pe_free(p);
    }
}

/* MRS of a register with a cost: that cost, each time. */
static void system_registers(void **state)
{
    static const uint32_t mrs[] = {0xd5380000}; /* mrs x0, midr_el1 */

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], params, false);
        uint64_t n = t_steady(p, mrs, 1, 640);

        assert_in_range(n, 640 * 6, 640 * 9);
        assert_true(t_bucket(p, CPU_BUCKET_SYSREG) >= 640 * 6);
        pe_free(p);
    }
}

/* DC ZVA takes a line without reading memory; a store to it afterwards hits. */
static void zero_line(void **state)
{
    static const uint32_t code[] = {0xd50b7422, 0xf9000044,
                                    0xd5033f9f}; /* dc zva, x2; str x4, [x2]; dsb sy */

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], params, false);
        uint64_t misses, n;

        cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 1, 0, 0), 0x1005 | 1 << 14);
        cpu_set_x(p->cpu, 2, T_DATA);
        t_once(p, code, 3);
        cpu_set_x(p->cpu, 2, T_DATA + 0x1000);
        misses = t_counter(p, "l2.miss");
        n = t_once(p, code, 3);
        assert_int_equal(t_counter(p, "l2.miss"), misses);
        assert_true(n < 60);
        pe_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_buffer), cmocka_unit_test(barriers),         cmocka_unit_test(tlbi),
        cmocka_unit_test(exceptions),   cmocka_unit_test(system_registers), cmocka_unit_test(zero_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
