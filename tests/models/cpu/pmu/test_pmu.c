/* SPDX-License-Identifier: Apache-2.0 */
/* PMU: counts equal the PE's own, filters by level, HPMN, overflow and its interrupt at the right time. */
#include "insn.h"

#include "models/cpu/pmu/pmu.h"
#include "models/cpu/sysreg/access.h"

#define PMCR    ENC(3, 3, 9, 12, 0)
#define PMCCNTR ENC(3, 3, 9, 13, 0)
#define PMEV(n) ENC(3, 3, 14, 8 + (n) / 8, (n) % 8)

static struct {
    bool level;
    tg_time at;
} line;

static void on_line(void *opaque, unsigned n, bool level, tg_time at)
{
    (void)opaque, (void)n;
    line.level = level;
    line.at = at;
}

static struct pe *pmu_pe(unsigned el)
{
    struct pe *p = pe_vectors(pe_features_n1);

    pe_at(p, el, PSTATE(el, el != 0, 15));
    line.level = false;
    p->cpu->ports.ppi[TG_PPI_PMU] = (struct tg_irq){.set = on_line};
    return p;
}

static void event(struct cpu *c, unsigned n, uint64_t type)
{
    sysreg_write_id(c, (enum sr_id)(SR_PMEVTYPER0_EL0 + 2 * n), type);
    sysreg_write_id(c, SR_PMCNTENSET_EL0, UINT64_C(1) << n);
}

/* A counted stretch of code between two reads, by the instructions themselves: exactly what lies between. */
static void test_exact(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;
    uint32_t code[64];
    unsigned n = 0;

    (void)state;
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    event(c, 0, 0x08);
    event(c, 1, 0x11);
    sysreg_write_id(c, SR_PMCNTENSET_EL0, UINT64_C(1) << 31);
    code[n++] = MRS(1, PMEV(0));
    code[n++] = MRS(2, PMEV(1));
    code[n++] = MRS(3, PMCCNTR);
    while (n < 50)
        code[n++] = ADD_X0_1;
    code[n++] = MRS(4, PMEV(0));
    code[n++] = MRS(5, PMEV(1));
    code[n++] = MRS(6, PMCCNTR);
    code[n++] = SPIN;
    pe_code(p, CODE, code, n);
    pe_run_insns(p, n - 1);
    assert_int_equal(cpu_get_x(c, 4) - cpu_get_x(c, 1), 50);
    assert_int_equal(cpu_get_x(c, 5) - cpu_get_x(c, 2), 50);
    assert_int_equal(cpu_get_x(c, 6) - cpu_get_x(c, 3), 50);
    assert_int_equal(cpu_get_x(c, 4), 50);
    /* Stopped, they stand. */
    sysreg_write_id(c, SR_PMCR_EL0, 0);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR0_EL0), n - 1);
    pe_run_insns(p, 100);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR0_EL0), n - 1);
    sysreg_write_id(c, SR_PMCR_EL0, 2);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR0_EL0), 0);
    assert_int_not_equal(sysreg_read_id(c, SR_PMCCNTR_EL0), 0);
    sysreg_write_id(c, SR_PMCR_EL0, 4);
    assert_int_equal(sysreg_read_id(c, SR_PMCCNTR_EL0), 0);
    pe_free(p);
}

/* EL1 runs 3 instructions, EL0 5, then SVC, over and over: filters tell them apart. */
static void test_filters(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;
    uint32_t el0[] = {NOP, NOP, NOP, NOP, SVC(0), SPIN};
    uint32_t el1[] = {NOP, NOP, ERET};

    (void)state;
    pe_code(p, CODE, el0, 6);
    pe_code(p, VECTORS(1) + 0x400, el1, 3);
    pe_code(p, CODE + 0x100, (const uint32_t[]){ERET}, 1);
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    event(c, 0, 0x08);                               /* all levels */
    event(c, 1, 0x08 | UINT64_C(1) << 31);           /* not EL1 */
    event(c, 2, 0x08 | UINT64_C(1) << 30);           /* not EL0 */
    event(c, 3, 0x09);                               /* exceptions taken */
    event(c, 4, 0x0a);                               /* exception returns */
    event(c, 5, 0x08 | UINT64_C(3) << 30 | 1 << 27); /* EL2 only */
    cpu_set_pc(c, CODE + 0x100);
    c->arch.sr[SR_ELR_EL1] = CODE;
    c->arch.sr[SR_SPSR_EL1] = PSTATE(0, 0, 0);
    /* One ERET, then rounds of (5 at EL0, 3 at EL1); SVC returns behind itself, so the loop needs the address
     * again: 1 round. */
    pe_run_insns(p, 1 + 5 + 3);
    assert_int_equal(cpu_get_pc(c), CODE + 20);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR0_EL0), 9);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR1_EL0), 5);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR2_EL0), 4);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR3_EL0), 1);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR4_EL0), 2);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR5_EL0), 0);
    pe_free(p);
}

/* Overflow sets the flag and raises the line within a few cycles; clearing the flag lowers it. */
static void test_overflow(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;
    uint32_t loop[] = {ADD_X0_1, UINT32_C(0x17ffffff)}; /* add; b .-4 */
    uint64_t start;

    (void)state;
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    event(c, 0, 0x08);
    sysreg_write_id(c, SR_PMINTENSET_EL1, 1);
    sysreg_write_id(c, SR_PMEVCNTR0_EL0, 0xffffffff - 9999);
    pe_code(p, CODE, loop, 2);
    start = cpu_cycles(c);
    pe_run_insns(p, 9900);
    assert_false(line.level);
    assert_int_equal(sysreg_read_id(c, SR_PMOVSSET_EL0), 0);
    pe_run_insns(p, 200);
    assert_true(line.level);
    assert_true(line.at >= tg_cycles_to_time(start + 10000, c->ident.hz));
    assert_true(line.at <= tg_cycles_to_time(start + 10000 + 4, c->ident.hz));
    assert_int_equal(sysreg_read_id(c, SR_PMOVSCLR_EL0), 1);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR0_EL0), 100);
    sysreg_write_id(c, SR_PMOVSCLR_EL0, 1);
    assert_false(line.level);
    assert_int_equal(sysreg_read_id(c, SR_PMOVSCLR_EL0), 0);
    pe_free(p);
}

/* MDCR_EL2.HPMN keeps counters for EL2: EL1 sees fewer, and those reserved are undefined. */
static void test_hpmn(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;
    uint64_t offset = 0;

    (void)state;
    assert_int_equal(sysreg_read_id(c, SR_PMCR_EL0) >> 11 & 31, 6);
    sysreg_write_id(c, SR_MDCR_EL2, 4);
    assert_int_equal(sysreg_read_id(c, SR_PMCR_EL0) >> 11 & 31, 4);
    sysreg_write_id(c, SR_PMCNTENSET_EL0, UINT64_C(0xffffffff));
    assert_int_equal(sysreg_read_id(c, SR_PMCNTENSET_EL0), 0x8000000f);
    pe_one(p, MRS(1, PMEV(3)));
    assert_int_equal(pe_vector(p, &offset), 0);
    pe_one(p, MRS(1, PMEV(4)));
    assert_int_equal(pe_vector(p, &offset), 1);
    assert_int_equal(pe_esr(p, 1) >> 26, 0);
    cpu_set_pstate(c, PSTATE(2, 1, 15));
    assert_int_equal(sysreg_read_id(c, SR_PMCR_EL0) >> 11 & 31, 6);
    pe_one(p, MRS(1, PMEV(5)));
    assert_int_equal(pe_vector(p, &offset), 0);
    pe_one(p, MRS(1, PMEV(6)));
    assert_int_equal(pe_vector(p, &offset), 2);
    pe_free(p);
}

/* Software increments, selection registers, what is advertised. */
static void test_select(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;

    (void)state;
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    sysreg_write_id(c, SR_PMSELR_EL0, 2);
    sysreg_write_id(c, SR_PMXEVTYPER_EL0, 0);
    sysreg_write_id(c, SR_PMCNTENSET_EL0, 4);
    sysreg_write_id(c, SR_PMSWINC_EL0, 6);
    sysreg_write_id(c, SR_PMSWINC_EL0, 4);
    assert_int_equal(sysreg_read_id(c, SR_PMXEVCNTR_EL0), 2);
    sysreg_write_id(c, SR_PMXEVCNTR_EL0, 77);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR2_EL0), 77);
    sysreg_write_id(c, SR_PMSELR_EL0, 31);
    sysreg_write_id(c, SR_PMXEVTYPER_EL0, UINT64_C(1) << 31);
    assert_int_equal(sysreg_read_id(c, SR_PMCCFILTR_EL0), UINT64_C(1) << 31);
    sysreg_write_id(c, SR_PMSELR_EL0, 20);
    assert_int_equal(sysreg_read_id(c, SR_PMXEVCNTR_EL0), 0);
    assert_int_equal(sysreg_read_id(c, SR_PMCEID0_EL0) & 0x20701, 0x20701);
    pe_free(p);
}

/* Cycles do not count while the PE sleeps. */
static void test_sleep(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;
    uint64_t before;

    (void)state;
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    sysreg_write_id(c, SR_PMCNTENSET_EL0, UINT64_C(1) << 31);
    pe_one(p, WFI);
    assert_true(c->arch.asleep);
    before = sysreg_read_id(c, SR_PMCCNTR_EL0);
    cpu_idle_until(c, cpu_local_time(c) + 1000 * TG_NS);
    assert_int_equal(sysreg_read_id(c, SR_PMCCNTR_EL0), before);
    pe_free(p);
}

/* The cycles of exception entry and return count, at the level that the exception is taken from and that
 * returns. */
static void test_transitions(void **state)
{
    static const char *const slow[] = {"pipeline.exception_entry", "700", "pipeline.exception_return", "900",
                                       NULL};
    struct pe *p = pe_new(pe_features_n1, slow, 2);
    struct cpu *c = p->cpu;
    uint32_t el2[] = {ERET}, el1[] = {HVC(0), SPIN};
    uint64_t start, pmu;

    (void)state;
    pe_code(p, VECTORS(2) + 0x400, el2, 1);
    pe_code(p, CODE, el1, 2);
    pe_code(p, CODE + 0x1000, el2, 1);
    cpu_set_mode(c, CPU_TIMED);
    pe_at(p, 2, PSTATE(2, 1, 15));
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    sysreg_write_id(c, SR_PMCCFILTR_EL0, 1 << 27);   /* all levels, EL2 too */
    event(c, 0, 0x11 | UINT64_C(1) << 31 | 1 << 27); /* EL2 alone */
    event(c, 1, 0x11 | UINT64_C(1) << 30);           /* EL1 alone */
    sysreg_write_id(c, SR_PMCNTENSET_EL0, UINT64_C(1) << 31);
    start = cpu_cycles(c);
    pmu = sysreg_read_id(c, SR_PMCCNTR_EL0);
    sysreg_write_id(c, SR_ELR_EL2, CODE);
    sysreg_write_id(c, SR_SPSR_EL2, PSTATE(1, 1, 15));
    cpu_set_pc(c, CODE + 0x1000);
    pe_run_insns(p, 3); /* ERET, HVC, ERET */
    assert_int_equal(cpu_get_pc(c), CODE + 4);
    assert_true(cpu_cycles(c) - start >= 2500);
    assert_int_equal(sysreg_read_id(c, SR_PMCCNTR_EL0) - pmu, cpu_cycles(c) - start);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR0_EL0) + sysreg_read_id(c, SR_PMEVCNTR1_EL0),
                     cpu_cycles(c) - start);
    assert_in_range(sysreg_read_id(c, SR_PMEVCNTR0_EL0), 1800, 2499); /* two returns */
    assert_in_range(sysreg_read_id(c, SR_PMEVCNTR1_EL0), 700, 1399);  /* one entry */
    pe_free(p);
}

/* FEAT_PMUv3p5: counters of 64 bits, whose overflow is that of 32 bits unless PMCR_EL0.LP (for those of EL2
 * MDCR_EL2.HLP) is 1; without it they have 32 bits. */
static void test_long(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct pe *p = pe_vectors(k ? pe_features_max : pe_features_n1);
        struct cpu *c = p->cpu;

        pe_at(p, 2, PSTATE(2, 1, 15));
        sysreg_write_id(c, SR_PMCR_EL0, 1 | 1 << 7);
        assert_int_equal(sysreg_read_id(c, SR_PMCR_EL0) >> 7 & 1, k);
        sysreg_write_id(c, SR_MDCR_EL2, 4 | 1 << 7 | MDCR2_HLP | MDCR2_HCCD);
        assert_int_equal(c->arch.sr[SR_MDCR_EL2] & (MDCR2_HLP | MDCR2_HCCD), k ? MDCR2_HLP | MDCR2_HCCD : 0);
        for (unsigned lng = 0; lng < 2; lng++) {
            sysreg_write_id(c, SR_PMCR_EL0, 1 | (lng ? 1 << 7 : 0));
            sysreg_write_id(c, SR_MDCR_EL2, 4 | 1 << 7 | (lng ? MDCR2_HLP : 0));
            for (unsigned n = 3; n < 5; n++) { /* EL1's last and EL2's first */
                event(c, n, 0x08 | 1 << 27);
                sysreg_write_id(c, (enum sr_id)(SR_PMEVCNTR0_EL0 + 2 * n), 0xfffffffe);
            }
            sysreg_write_id(c, SR_PMOVSCLR_EL0, 0xffffffff);
            pe_one(p, NOP);
            pe_one(p, NOP);
            pe_one(p, NOP);
            for (unsigned n = 3; n < 5; n++)
                assert_int_equal(sysreg_read_id(c, (enum sr_id)(SR_PMEVCNTR0_EL0 + 2 * n)),
                                 k ? 0x100000001 : 1);
            assert_int_equal(sysreg_read_id(c, SR_PMOVSSET_EL0), k && lng ? 0 : 0x18);
            if (!k)
                break;
            for (unsigned n = 3; n < 5; n++)
                sysreg_write_id(c, (enum sr_id)(SR_PMEVCNTR0_EL0 + 2 * n), UINT64_MAX);
            sysreg_write_id(c, SR_PMOVSCLR_EL0, 0xffffffff);
            pe_one(p, NOP);
            assert_int_equal(sysreg_read_id(c, SR_PMOVSSET_EL0), 0x18);
            assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR3_EL0), 0);
        }
        pe_free(p);
    }
}

/* FEAT_PMUv3p5: MDCR_EL2.HCCD stops the cycle counter at EL2, MDCR_EL3.SCCD in the Secure state. */
static void test_prohibited_cycles(void **state)
{
    static const char *const features[] = {"pmuv3", "pmuv3p1", "pmuv3p4", "pmuv3p5", "el2", "el3", NULL};
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;

    (void)state;
    for (unsigned k = 0; k < 2 * 4 * 2; k++) {
        unsigned el = k & 3;
        bool secure = k & 4, stop = k & 8, stopped;
        uint64_t before;

        if (el == 2 && secure)
            continue;
        pe_at(p, el, PSTATE(el, el != 0, 15));
        sysreg_write_id(c, SR_SCR_EL3, secure ? 0 : SCR_NS);
        sysreg_write_id(c, SR_MDCR_EL2, 6 | (stop ? MDCR2_HCCD : 0));
        sysreg_write_id(c, SR_MDCR_EL3, stop ? MDCR3_SCCD : 0);
        /* at all levels: NSH, and M as P */
        sysreg_write_id(c, SR_PMCCFILTR_EL0, 1 << 27);
        sysreg_write_id(c, SR_PMCNTENSET_EL0, UINT64_C(1) << 31);
        sysreg_write_id(c, SR_PMCR_EL0, 1);
        before = sysreg_read_id(c, SR_PMCCNTR_EL0);
        pe_one(p, NOP);
        stopped = stop && (el == 2 || el == 3 || secure);
        assert_int_equal(sysreg_read_id(c, SR_PMCCNTR_EL0) - before, !stopped);
    }
    pe_free(p);
}

/* A cycle counter that stands at zero and may interrupt does not keep the others' interrupts away. */
static void test_two_overflows(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;
    uint32_t loop[] = {ADD_X0_1, UINT32_C(0x17ffffff)}; /* add; b .-4 */

    (void)state;
    sysreg_write_id(c, SR_PMINTENSET_EL1, UINT64_C(1) << 31 | 1);
    sysreg_write_id(c, SR_PMCCFILTR_EL0, UINT64_C(1) << 31); /* not at EL1: it stays at zero */
    sysreg_write_id(c, SR_PMCNTENSET_EL0, UINT64_C(1) << 31);
    sysreg_write_id(c, SR_PMCCFILTR_EL0, 0);
    event(c, 0, 0x08);
    sysreg_write_id(c, SR_PMEVCNTR0_EL0, 0xffffffff - 999);
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    pe_code(p, CODE, loop, 2);
    pe_run_insns(p, 1100);
    assert_true(line.level);
    pe_free(p);
}

/* CHAIN: an odd counter counts the overflows of the even one before it, and its own overflow interrupts in
 * time. */
static void test_chain(void **state)
{
    struct pe *p = pmu_pe(1);
    struct cpu *c = p->cpu;
    uint32_t loop[] = {ADD_X0_1, UINT32_C(0x17ffffff)}; /* add; b .-4 */
    uint64_t start;

    (void)state;
    assert_true(sysreg_read_id(c, SR_PMCEID0_EL0) & TG_BIT(0x1e));
    assert_int_equal(sysreg_read_id(c, SR_PMCEID0_EL0) >> 32, 3 << 4); /* CNT_CYCLES, STALL_BACKEND_MEM */
    event(c, 2, 0x08);
    event(c, 3, 0x1e);
    event(c, 5, 0x1e); /* nothing before it overflows */
    sysreg_write_id(c, SR_PMEVCNTR2_EL0, 0xffffffff - 999);
    sysreg_write_id(c, SR_PMEVCNTR3_EL0, 0xfffffffe);
    sysreg_write_id(c, SR_PMINTENSET_EL1, 1 << 3);
    sysreg_write_id(c, SR_PMCR_EL0, 1);
    pe_code(p, CODE, loop, 2);
    pe_run_insns(p, 1100);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR3_EL0), 0xffffffff);
    assert_int_equal(sysreg_read_id(c, SR_PMOVSSET_EL0), 1 << 2);
    assert_false(line.level);
    sysreg_write_id(c, SR_PMEVCNTR2_EL0, 0xffffffff - 9999);
    start = cpu_cycles(c);
    pe_run_insns(p, 9900);
    assert_false(line.level);
    pe_run_insns(p, 200);
    assert_true(line.level);
    assert_in_range(line.at, tg_cycles_to_time(start + 10000, c->ident.hz),
                    tg_cycles_to_time(start + 10000 + 8, c->ident.hz));
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR3_EL0), 0);
    assert_int_equal(sysreg_read_id(c, SR_PMOVSSET_EL0), 3 << 2);
    assert_int_equal(sysreg_read_id(c, SR_PMEVCNTR5_EL0), 0);
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_hpmn),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_prohibited_cycles),
        cmocka_unit_test(test_two_overflows),
        cmocka_unit_test(test_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
