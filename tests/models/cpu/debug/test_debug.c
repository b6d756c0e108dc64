/* SPDX-License-Identifier: Apache-2.0 */
/* Self-hosted debug: step, breakpoints, watchpoints; where the exceptions go; what the OS lock and PSTATE.D
 * hold back. */
#include "insn.h"

#include "models/cpu/debug/debug.h"

#define EC(esr) ((unsigned)((esr) >> 26))
#define E       1
#define EL0     (2 << 1)
#define EL1     (1 << 1)
#define BAS4    (0xf << 5)

#define DATA  (PE_RAM_BASE + 0x40000)
#define LDADD UINT32_C(0xf8220020) /* ldadd x2, x0, [x1] */
#define CAS   UINT32_C(0xc8a07c22) /* cas x0, x2, [x1] */
#define SWP_W UINT32_C(0xb8228020) /* swp w2, w0, [x1] */
#define LDXR  UINT32_C(0xc85f7c20) /* ldxr x0, [x1] */

static struct pe *debug_pe(unsigned el, unsigned daif)
{
    struct pe *p = pe_vectors(pe_features_n1);

    pe_at(p, el, PSTATE(el, el != 0, daif));
    return p;
}

static void code(struct pe *p, unsigned n)
{
    uint32_t c[64];

    for (unsigned i = 0; i < n; i++)
        c[i] = ADD_X0_1;
    c[n] = SPIN;
    pe_code(p, CODE, c, n + 1);
}

/* What was stepped: a debugger has to step over the whole of a sequence with a Load-Exclusive, as its
 * exceptions clear the monitor (D19.2.37, ISS encoding for a Software Step exception, EX). */
static void test_step_exclusive(void **state)
{
    static const struct {
        const char *name;
        uint32_t insn;
        bool ex;
    } cases[] = {
        {"ldxr x0, [x1]", LDXR, true},
        {"ldaxrb w0, [x1]", 0x085ffc20, true},
        {"ldxp w0, w3, [x1]", 0x887f0c20, true},
        {"ldaxp x0, x3, [x1]", 0xc87f8c20, true},
        {"stxr w2, x0, [x1]", 0xc8027c20, false},
        {"stlxp w2, x0, x3, [x1]", 0xc8228c20, false},
        {"ldar x0, [x1]", 0xc8dffc20, false},
        {"cas x0, x2, [x1]", CAS, false},
        {"casa x0, x2, [x1]", 0xc8e07c22, false},
        {"caspa x2, x3, x4, x5, [x1]", 0x48627c24, false},
        {"ldr x0, [x1]", LDR_X0_X1, false},
        {"nop", NOP, false},
    };
    struct pe *p = debug_pe(1, 15);
    struct cpu *c = p->cpu;

    (void)state;
    pe_code(p, CODE + 0x800, (const uint32_t[]){ERET}, 1);
    sysreg_write_id(c, SR_MDSCR_EL1, MDSCR_SS);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].name);
        pe_code(p, CODE, (const uint32_t[]){cases[i].insn, SPIN}, 2);
        c->arch.sr[SR_ELR_EL1] = CODE;
        c->arch.sr[SR_SPSR_EL1] = PSTATE(0, 0, 0) | SPSR_SS;
        cpu_set_pc(c, CODE + 0x800);
        cpu_set_x(c, 1, DATA);
        pe_run_insns(p, 3);
        assert_int_equal(EC(c->arch.sr[SR_ESR_EL1]), 0x32);
        assert_int_equal(c->arch.sr[SR_ESR_EL1] & 0x1ffffff, 0x1000022 | (cases[i].ex ? 1 << 6 : 0));
        assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE + 4);
    }
    pe_free(p);
}

/* A debugger at EL1 steps EL0: each ERET with SPSR.SS runs exactly one instruction. */
static void test_step(void **state)
{
    struct pe *p = debug_pe(1, 15);
    struct cpu *c = p->cpu;

    (void)state;
    code(p, 8);
    pe_code(p, VECTORS(1) + 0x400, (const uint32_t[]){SPIN}, 1);
    pe_code(p, CODE + 0x800, (const uint32_t[]){ERET}, 1);
    sysreg_write_id(c, SR_MDSCR_EL1, MDSCR_SS);
    c->arch.sr[SR_ELR_EL1] = CODE;
    for (unsigned i = 1; i <= 5; i++) {
        c->arch.sr[SR_SPSR_EL1] = PSTATE(0, 0, 0) | SPSR_SS;
        cpu_set_pc(c, CODE + 0x800);
        pe_run_insns(p, 3); /* ERET, the stepped one, the handler's first */
        assert_int_equal(cpu_get_pc(c), VECTORS(1) + 0x400);
        assert_int_equal(cpu_get_x(c, 0), i);
        assert_int_equal(EC(c->arch.sr[SR_ESR_EL1]), 0x32);
        assert_int_equal(c->arch.sr[SR_ESR_EL1] & 0x1ffffff, 0x1000022);
        assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE + 4 * i);
        assert_int_equal(c->arch.sr[SR_SPSR_EL1] & SPSR_SS, 0);
    }
    /* SS = 0 in SPSR: the step is pending at once. */
    c->arch.sr[SR_SPSR_EL1] = PSTATE(0, 0, 0);
    cpu_set_pc(c, CODE + 0x800);
    pe_run_insns(p, 2);
    assert_int_equal(cpu_get_x(c, 0), 5);
    assert_int_equal(EC(c->arch.sr[SR_ESR_EL1]), 0x32);
    assert_int_equal(c->arch.sr[SR_ESR_EL1] & 0x1ffffff, 0x22);
    /* A stepped instruction that faults: SPSR.SS is still set, so it is stepped again after the repair. */
    pe_code(p, CODE, (const uint32_t[]){UDF, SPIN}, 2);
    c->arch.sr[SR_ELR_EL1] = CODE;
    c->arch.sr[SR_SPSR_EL1] = PSTATE(0, 0, 0) | SPSR_SS;
    cpu_set_pc(c, CODE + 0x800);
    pe_run_insns(p, 2);
    assert_int_equal(EC(c->arch.sr[SR_ESR_EL1]), 0);
    assert_true(c->arch.sr[SR_SPSR_EL1] & SPSR_SS);
    /* A stepped SVC: it has executed, so SS is used up. */
    pe_code(p, CODE, (const uint32_t[]){SVC(0), SPIN}, 2);
    c->arch.sr[SR_ELR_EL1] = CODE;
    c->arch.sr[SR_SPSR_EL1] = PSTATE(0, 0, 0) | SPSR_SS;
    cpu_set_pc(c, CODE + 0x800);
    pe_run_insns(p, 3);
    assert_int_equal(EC(c->arch.sr[SR_ESR_EL1]), 0x15);
    assert_false(c->arch.sr[SR_SPSR_EL1] & SPSR_SS);
    pe_free(p);
}

static void test_breakpoint(void **state)
{
    struct pe *p = debug_pe(0, 0);
    struct cpu *c = p->cpu;
    uint64_t offset = 0;

    (void)state;
    code(p, 8);
    sysreg_write_id(c, SR_DBGBVR1_EL1, CODE + 12);
    sysreg_write_id(c, SR_DBGBCR1_EL1, E | EL0 | BAS4);
    pe_run_insns(p, 6); /* MDE is 0: nothing */
    assert_int_equal(cpu_get_x(c, 0), 6);
    sysreg_write_id(c, SR_MDSCR_EL1, MDSCR_MDE);
    cpu_set_x(c, 0, 0);
    cpu_set_pc(c, CODE);
    pe_run_insns(p, 5);
    assert_int_equal(pe_vector(p, &offset), 1);
    assert_int_equal(offset, 0x400);
    assert_int_equal(cpu_get_x(c, 0), 3);
    assert_int_equal(pe_esr(p, 1), UINT64_C(0x30) << 26 | 1u << 25 | 0x22);
    assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE + 12);
    /* The handler at EL1 does not break on itself: KDE is 0. */
    sysreg_write_id(c, SR_DBGBCR1_EL1, E | EL0 | EL1 | BAS4);
    cpu_set_pc(c, CODE);
    pe_run_insns(p, 5);
    assert_int_equal(cpu_get_x(c, 0), 8);
    /* KDE, but PSTATE.D masks. */
    sysreg_write_id(c, SR_MDSCR_EL1, MDSCR_MDE | MDSCR_KDE);
    cpu_set_pc(c, CODE);
    pe_run_insns(p, 5);
    assert_int_equal(cpu_get_x(c, 0), 13);
    cpu_set_pstate(c, PSTATE(1, 1, 0));
    cpu_set_pc(c, CODE);
    pe_run_insns(p, 5);
    assert_int_equal(cpu_get_x(c, 0), 16);
    assert_int_equal(EC(pe_esr(p, 1)), 0x31);
    /* The OS lock holds everything back. */
    cpu_set_pstate(c, PSTATE(1, 1, 0));
    sysreg_write_id(c, SR_OSLAR_EL1, 1);
    cpu_set_pc(c, CODE);
    pe_run_insns(p, 5);
    assert_int_equal(cpu_get_x(c, 0), 21);
    pe_free(p);
}

/* A breakpoint linked to a context breakpoint fires in that context only; TDE takes the exception to EL2. */
static void test_linked_and_tde(void **state)
{
    struct pe *p = debug_pe(0, 0);
    struct cpu *c = p->cpu;

    (void)state;
    code(p, 8);
    sysreg_write_id(c, SR_MDSCR_EL1, MDSCR_MDE);
    sysreg_write_id(c, SR_DBGBVR5_EL1, 0x1234); /* the last ones are context-aware */
    sysreg_write_id(c, SR_DBGBCR5_EL1, E | EL0 | BAS4 | 3 << 20);
    sysreg_write_id(c, SR_DBGBVR0_EL1, CODE + 8);
    sysreg_write_id(c, SR_DBGBCR0_EL1, E | EL0 | BAS4 | 5 << 16 | 1 << 20);
    pe_run_insns(p, 5);
    assert_int_equal(cpu_get_x(c, 0), 5);
    sysreg_write_id(c, SR_CONTEXTIDR_EL1, 0x1234);
    cpu_set_pc(c, CODE);
    pe_run_insns(p, 5);
    assert_int_equal(cpu_get_x(c, 0), 7);
    assert_int_equal(EC(pe_esr(p, 1)), 0x30);
    sysreg_write_id(c, SR_MDCR_EL2, 1 << 8 | 6);
    cpu_set_pstate(c, PSTATE(0, 0, 0));
    cpu_set_pc(c, CODE);
    pe_run_insns(p, 5);
    assert_int_equal(cpu_get_el(c), 2);
    assert_int_equal(EC(pe_esr(p, 2)), 0x30);
    assert_int_equal(c->arch.sr[SR_ELR_EL2], CODE + 8);
    pe_free(p);
}

#define LSC(n) ((n) << 3)
#define BAS(n) ((n) << 5)

static void test_watchpoint(void **state)
{
    static const struct {
        uint32_t insn;
        uint64_t addr, wvr, wcr;
        bool hit;
        uint64_t far;
        bool load; /* WnR is 0 */
    } w[] = {
        {LDR_X0_X1, DATA, DATA, E | EL1 | LSC(1) | BAS(0xff), true, DATA, true},
        {LDR_X0_X1, DATA, DATA, E | EL1 | LSC(2) | BAS(0xff), false, 0, false},
        {STR_X0_X1, DATA, DATA, E | EL1 | LSC(2) | BAS(0xff), true, DATA, false},
        {STR_X0_X1, DATA, DATA, E | EL1 | LSC(1) | BAS(0xff), false, 0, false},
        {STR_X0_X1, DATA, DATA, E | EL0 | LSC(3) | BAS(0xff), false, 0, false},
        {STR_X0_X1, DATA, DATA, EL1 | LSC(3) | BAS(0xff), false, 0, false},
        {STR_X0_X1, DATA + 8, DATA, E | EL1 | LSC(3) | BAS(0xff), false, 0, false},
        {STR_X0_X1, DATA, DATA, E | EL1 | LSC(3) | BAS(0x10), true, DATA + 4, false},
        {UINT32_C(0xb9000020), DATA, DATA, E | EL1 | LSC(3) | BAS(0x10), false, 0, false}, /* str w0, [x1] */
        {UINT32_C(0xb9000020), DATA + 4, DATA, E | EL1 | LSC(3) | BAS(0x10), true, DATA + 4, false},
        {UINT32_C(0xb9000020), DATA + 4, DATA + 4, E | EL1 | LSC(3) | BAS(0x0f), true, DATA + 4, false},
        {UINT32_C(0xb9000020), DATA, DATA + 4, E | EL1 | LSC(3) | BAS(0x0f), false, 0, false},
        {STR_X0_X1, DATA + 0x7f8, DATA, E | EL1 | LSC(3) | BAS(0xff) | 11 << 24, true, DATA + 0x7f8, false},
        {STR_X0_X1, DATA + 0x800, DATA, E | EL1 | LSC(3) | BAS(0xff) | 11 << 24, false, 0, false},
        /* An atomic loads and stores; it is reported as a load when that would have matched. */
        {LDADD, DATA, DATA, E | EL1 | LSC(1) | BAS(0xff), true, DATA, true},
        {LDADD, DATA, DATA, E | EL1 | LSC(2) | BAS(0xff), true, DATA, false},
        {LDADD, DATA, DATA, E | EL1 | LSC(3) | BAS(0xff), true, DATA, true},
        {CAS, DATA, DATA, E | EL1 | LSC(1) | BAS(0xff), true, DATA, true},
        {CAS, DATA, DATA, E | EL1 | LSC(2) | BAS(0xff), true, DATA, false},
        {CAS, DATA, DATA + 8, E | EL1 | LSC(3) | BAS(0xff), false, 0, false},
        {SWP_W, DATA + 4, DATA, E | EL1 | LSC(1) | BAS(0x40), true, DATA + 6, true},
        {LDXR, DATA, DATA, E | EL1 | LSC(1) | BAS(0xff), true, DATA, true},
        {LDXR, DATA, DATA, E | EL1 | LSC(2) | BAS(0xff), false, 0, false},
    };
    struct pe *p = debug_pe(1, 15);
    struct cpu *c = p->cpu;
    uint64_t offset = 0;

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(w); i++) {
        pe_at(p, 1, PSTATE(1, 1, 7));
        cpu_set_x(c, 1, w[i].addr);
        pe_one(p, w[i].insn); /* the page is in the software TLB before the watchpoint is set */
        assert_int_equal(pe_vector(p, &offset), 0);
        sysreg_write_id(c, SR_DBGWVR2_EL1, w[i].wvr);
        sysreg_write_id(c, SR_DBGWCR2_EL1, w[i].wcr);
        sysreg_write_id(c, SR_MDSCR_EL1, MDSCR_MDE | MDSCR_KDE);
        pe_one(p, w[i].insn);
        print_message("watchpoint case %u\n", i);
        assert_int_equal(pe_vector(p, &offset), w[i].hit);
        if (w[i].hit) {
            assert_int_equal(EC(pe_esr(p, 1)), 0x35);
            assert_int_equal(pe_esr(p, 1) & 0x1ffffff, 0x22 | (w[i].load ? 0 : 1 << 6));
            assert_int_equal(c->arch.sr[SR_FAR_EL1], w[i].far);
            assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE);
        }
    }
    pe_free(p);
}

/* LDTR and STTR are accesses of EL0 to watchpoints where they are to permissions (C6.2,
 * IsUnprivAccessPriv()): at EL1 without UAO; at EL2 not, but for a host's (E2H, TGE). */
static void test_watch_unprivileged(void **state)
{
    static const struct {
        const char *name;
        unsigned el;
        uint64_t pstate, hcr;
        bool user;
    } cases[] = {
        {"EL0", 0, 0, HCR_RW, true},
        {"EL1", 1, 0, HCR_RW, true},
        {"EL1, UAO", 1, SPSR_UAO, HCR_RW, false},
        {"EL2", 2, 0, HCR_RW, false},
        {"EL2, host", 2, 0, HCR_RW | HCR_E2H | HCR_TGE, true},
        {"EL2, host, UAO", 2, SPSR_UAO, HCR_RW | HCR_E2H | HCR_TGE, false},
    };
    static const uint32_t insns[] = {0xf8400820, 0xb8000820}; /* ldtr x0, [x1]; sttr w0, [x1] */
    /* WCR that watches this EL alone; EL2: HMC, SSC 3. */
    static const uint64_t own[] = {EL0, EL1, 1 << 13 | 3 << 14};
    struct pe *p = debug_pe(1, 15);
    struct cpu *c = p->cpu;
    uint64_t offset;

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases) * 4; i++) {
        unsigned el = cases[i / 4].el, watched = i & 2 ? 0 : el;
        bool hit = watched == (cases[i / 4].user ? 0 : el);

        print_message("%s, %s, watched at EL%u\n", cases[i / 4].name, i & 1 ? "sttr" : "ldtr", watched);
        sysreg_write_id(c, SR_MDSCR_EL1, 0);
        pe_at(p, el, PSTATE(el, el != 0, 7) | cases[i / 4].pstate);
        sysreg_write_id(c, SR_HCR_EL2, cases[i / 4].hcr);
        sysreg_write_id(c, SR_MDCR_EL2, el == 2 ? MDCR2_TDE : 0);
        cpu_context_changed(c);
        cpu_set_x(c, 1, DATA);
        sysreg_write_id(c, SR_DBGWVR2_EL1, DATA);
        sysreg_write_id(c, SR_DBGWCR2_EL1, E | own[watched] | LSC(3) | BAS(0xff));
        sysreg_write_id(c, SR_MDSCR_EL1, MDSCR_MDE | MDSCR_KDE);
        pe_one(p, insns[i & 1]);
        assert_int_equal(pe_vector(p, &offset) != 0, hit);
    }
    pe_free(p);
}

static void test_registers(void **state)
{
    struct pe *p = debug_pe(1, 15);
    struct cpu *c = p->cpu;
    uint64_t offset = 0;

    (void)state;
    assert_int_equal(c->arch.sr[SR_OSLSR_EL1] & 0xb, 8);
    sysreg_write_id(c, SR_DBGCLAIMSET_EL1, 0x15);
    assert_int_equal(sysreg_read_id(c, SR_DBGCLAIMSET_EL1), 0xff);
    assert_int_equal(sysreg_read_id(c, SR_DBGCLAIMCLR_EL1), 0x15);
    sysreg_write_id(c, SR_DBGCLAIMCLR_EL1, 0x11);
    assert_int_equal(sysreg_read_id(c, SR_DBGCLAIMCLR_EL1), 0x04);
    /* Beyond the implemented number: undefined. */
    pe_one(p, MRS(1, ENC(2, 0, 0, c->p.breakpoints - 1, 4)));
    assert_int_equal(pe_vector(p, &offset), 0);
    pe_one(p, MRS(1, ENC(2, 0, 0, c->p.breakpoints, 4)));
    assert_int_equal(pe_vector(p, &offset), 1);
    cpu_set_pstate(c, PSTATE(1, 1, 15));
    pe_one(p, MRS(1, ENC(2, 0, 0, c->p.watchpoints, 6)));
    assert_int_equal(pe_vector(p, &offset), 1);
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step),           cmocka_unit_test(test_breakpoint),
        cmocka_unit_test(test_linked_and_tde), cmocka_unit_test(test_step_exclusive),
        cmocka_unit_test(test_watchpoint),     cmocka_unit_test(test_watch_unprivileged),
        cmocka_unit_test(test_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
