/* SPDX-License-Identifier: Apache-2.0 */
/* What the instructions of Armv8.2 to 8.7 do beyond results in registers, which tests/oracle/insn compares:
 * alignment, waiting, random numbers, PSTATE, traps. */
#include "insn.h"

#define DATA (PE_RAM_BASE + 0x100000)

#define LDAR_X0_X1  UINT32_C(0xc8dffc20)
#define STLR_X0_X1  UINT32_C(0xc89ffc20)
#define LDADD_X0_X1 UINT32_C(0xf8200020) /* ldadd x0, x0, [x1] */
#define LDXR_X0_X1  UINT32_C(0xc85f7c20)
#define STXR_W2_X1  UINT32_C(0xc8027c20)
#define CASP_X2_X4  UINT32_C(0x48227c24) /* casp x2, x3, x4, x5, [x1] */
#define WFET_X1     UINT32_C(0xd5031001)
#define WFIT_X1     UINT32_C(0xd5031021)
#define RNDR_X0     MRS(0, ENC(3, 3, 2, 4, 0))

#define TABLE (PE_RAM_BASE + 0x200000)

/* Stage 1 of EL1 on, flat: without it data is device memory, which has alignment rules of its own. */
static void map_memory(struct pe *p)
{
    uint64_t entries[2] = {0, PE_RAM_BASE | 0x701};

    pe_write(p, TABLE, entries, sizeof(entries));
    p->cpu->arch.sr[SR_MAIR_EL1] = 0xff;
    p->cpu->arch.sr[SR_TCR_EL1] = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32;
    p->cpu->arch.sr[SR_TTBR0_EL1] = TABLE;
    sysreg_write_id(p->cpu, SR_SCTLR_EL1, 0x30d00800 | SCTLR_M | SCTLR_C | SCTLR_I);
    mmu_controls_changed(p->cpu);
    cpu_context_changed(p->cpu);
}

static struct pe *max_core(void)
{
    return pe_vectors(pe_features_max);
}

/* EC of the exception that insn takes at EL1 with x1 = va, 0xff: none. */
static unsigned outcome(struct pe *p, uint32_t insn, uint64_t va)
{
    uint64_t offset;

    pe_at(p, 1, PSTATE(1, 1, 15));
    map_memory(p);
    cpu_set_x(p->cpu, 1, va);
    pe_one(p, insn);
    return pe_vector(p, &offset) ? (unsigned)(pe_esr(p, 1) >> 26) : 0xff;
}

/* B2.5.2: with FEAT_LSE2 atomic accesses may be unaligned within 16 bytes; ordered ones may leave them with
 * SCTLR_ELx.nAA. */
static void test_lse2(void **unused)
{
    static const char *const without[] = {"lse", "el2", NULL};
    static const uint32_t exclusive[] = {LDXR_X0_X1, STXR_W2_X1};
    static const uint32_t any[] = {LDAR_X0_X1, STLR_X0_X1, LDADD_X0_X1, LDXR_X0_X1};
    struct pe *p = max_core(), *q = pe_vectors(without);
    uint64_t v;

    (void)unused;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(any); i++) {
        assert_int_equal(outcome(q, any[i], DATA), 0xff);
        assert_int_equal(outcome(q, any[i], DATA + 1), EC_DABT_SAME);
        for (unsigned off = 0; off < 16; off++)
            assert_int_equal(outcome(p, any[i], DATA + off), off <= 8 ? 0xff : EC_DABT_SAME);
    }
    assert_int_equal(outcome(p, CASP_X2_X4, DATA), 0xff);
    assert_int_equal(outcome(p, CASP_X2_X4, DATA + 8), EC_DABT_SAME);

    /* the value is that of the unaligned place */
    v = 41;
    pe_write(p, DATA + 5, &v, sizeof(v));
    pe_at(p, 1, PSTATE(1, 1, 15));
    map_memory(p);
    cpu_set_x(p->cpu, 0, 1);
    cpu_set_x(p->cpu, 1, DATA + 5);
    pe_one(p, LDADD_X0_X1);
    assert_int_equal(cpu_get_x(p->cpu, 0), 41);
    memcpy(&v, p->ram + (DATA + 5 - PE_RAM_BASE), sizeof(v));
    assert_int_equal(v, 42);

    /* an exclusive pair of instructions works unaligned */
    cpu_set_x(p->cpu, 2, 7);
    pe_code(p, CODE, exclusive, TG_ARRAY_SIZE(exclusive));
    cpu_set_pc(p->cpu, CODE);
    pe_run_insns(p, TG_ARRAY_SIZE(exclusive));
    assert_int_equal(cpu_get_x(p->cpu, 2), 0);

    /* nAA frees ordered accesses, not atomic ones; SCTLR.A binds all */
    for (unsigned i = 0; i < TG_ARRAY_SIZE(any); i++) {
        pe_at(p, 1, PSTATE(1, 1, 15));
        map_memory(p);
        sysreg_write_id(p->cpu, SR_SCTLR_EL1, p->cpu->arch.sr[SR_SCTLR_EL1] | SCTLR_NAA);
        cpu_set_x(p->cpu, 1, DATA + 12);
        pe_one(p, any[i]);
        assert_int_equal(cpu_get_pc(p->cpu) == CODE + 4, i < 2);
        pe_at(p, 1, PSTATE(1, 1, 15));
        map_memory(p);
        sysreg_write_id(p->cpu, SR_SCTLR_EL1, p->cpu->arch.sr[SR_SCTLR_EL1] | SCTLR_A | SCTLR_NAA);
        cpu_set_x(p->cpu, 1, DATA + 1);
        pe_one(p, any[i]);
        assert_int_equal(pe_esr(p, 1) >> 26, EC_DABT_SAME);
        assert_int_equal(pe_esr(p, 1) & 63, 0x21);
    }
    /* without the feature nAA is RES0 */
    sysreg_write_id(q->cpu, SR_SCTLR_EL1, UINT64_MAX);
    assert_int_equal(q->cpu->arch.sr[SR_SCTLR_EL1] & SCTLR_NAA, 0);
    pe_free(p);
    pe_free(q);
}

/* The wait ends when CNTVCT_EL0 is there, not before and not much later; an interrupt or an event ends it
 * earlier. */
static void test_wfxt(void **unused)
{
    static const uint32_t waits[] = {WFET_X1, WFIT_X1};

    (void)unused;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = max_core();
        struct cpu *c = p->cpu;
        uint32_t code[] = {waits[i], NOP, SPIN};
        uint64_t count, then;
        tg_time wake;

        pe_at(p, 1, PSTATE(1, 1, 15));
        assert_true(cpu_get_sysreg(c, ENC(3, 3, 14, 0, 2), &count));
        cpu_set_x(c, 1, count + 1000);
        pe_code(p, CODE, code, 3);
        cpu_set_insn_limit(c, 0);
        assert_int_equal(cpu_run(c, TG_TIME_NEVER / 4), CPU_STOP_WFI);
        assert_int_equal(cpu_get_pc(c), CODE + 4);
        wake = cpu_wake_time(c);
        assert_true(wake < TG_TIME_NEVER);
        assert_false(cpu_has_wakeup(c, wake - 1));
        assert_true(cpu_has_wakeup(c, wake));
        cpu_idle_until(c, wake);
        pe_run_insns(p, 1);
        assert_int_equal(cpu_get_pc(c), CODE + 8);
        assert_true(cpu_get_sysreg(c, ENC(3, 3, 14, 0, 2), &then));
        assert_true(then >= count + 1000 && then < count + 1004);

        /* in the past: no wait, no trap */
        c->arch.sr[SR_HCR_EL2] |= HCR_TWE | HCR_TWI;
        cpu_set_x(c, 1, count);
        pe_one(p, waits[i]);
        assert_int_equal(cpu_get_pc(c), CODE + 4);
        /* trapped, with the register in the syndrome */
        cpu_set_x(c, 1, UINT64_MAX);
        pe_one(p, waits[i]);
        assert_int_equal(pe_esr(p, 2),
                         esr_make(EC_WFX, 0x1 << 24 | 0xe << 20 | 1 << 5 | 1 << 2 | (i ? 2 : 3)));
        pe_free(p);
    }
}

/* Random numbers repeat with the seed, differ otherwise, and come with NZCV = 0. */
static void test_rng(void **unused)
{
    static const char *const other[] = {"rng_seed", "77", NULL};
    uint64_t v[3][8];

    (void)unused;
    for (unsigned k = 0; k < 3; k++) {
        struct pe *p = pe_new(pe_features_max, k == 2 ? other : NULL, 1);
        uint64_t nzcv;

        for (unsigned i = 0; i < 8; i++) {
            cpu_set_nzcv(p->cpu, 15);
            pe_one(p, i & 1 ? RNDR_X0 : MRS(0, ENC(3, 3, 2, 4, 1)));
            v[k][i] = cpu_get_x(p->cpu, 0);
            assert_int_equal(cpu_get_pc(p->cpu), CODE + 4);
            assert_true(cpu_get_sysreg(p->cpu, ENC(3, 3, 4, 2, 0), &nzcv));
            assert_int_equal(nzcv, 0);
            assert_true(!i || v[k][i] != v[k][i - 1]);
        }
        pe_free(p);
    }
    assert_memory_equal(v[0], v[1], sizeof(v[0]));
    for (unsigned i = 0; i < 8; i++)
        assert_int_not_equal(v[0][i], v[2][i]);
}

/* PSTATE.DIT: written both ways, kept across an exception and its return through SPSR bit 24. */
static void test_dit(void **unused)
{
    struct pe *p = max_core();
    struct cpu *c = p->cpu;

    (void)unused;
    pe_at(p, 0, PSTATE(0, 0, 0));
    pe_one(p, 0xd503415f); /* msr dit, #1 */
    pe_one(p, MRS(0, ENC(3, 3, 4, 2, 5)));
    assert_int_equal(cpu_get_x(c, 0), TG_BIT(24));
    pe_one(p, SVC(0));
    assert_int_equal(cpu_get_el(c), 1);
    assert_true(c->arch.sr[SR_SPSR_EL1] & TG_BIT(24));
    assert_true(c->arch.dit); /* an exception leaves it */
    pe_one(p, MSR(ENC(3, 3, 4, 2, 5), 31));
    assert_false(c->arch.dit);
    pe_one(p, ERET);
    assert_int_equal(cpu_get_el(c), 0);
    assert_true(c->arch.dit);
    pe_free(p);
}

/* CFP, DVP, CPP at EL0: SCTLR_EL1.EnRCTX; the syndrome is that of the instruction. SCXTNUM_EL0, SCXTNUM_EL1:
 * SCTLR_EL1.TSCXT, HCR_EL2.EnSCXT. */
static void test_controls(void **unused)
{
    struct pe *p = max_core();
    struct cpu *c = p->cpu;
    uint64_t offset;

    (void)unused;
    pe_at(p, 0, PSTATE(0, 0, 0));
    pe_one(p, 0xd50b7381); /* cfp rctx, x1 */
    assert_int_equal(pe_vector(p, &offset), 1);
    assert_int_equal(pe_esr(p, 1),
                     esr_make(EC_SYSREG, 1 << 20 | 4 << 17 | 3 << 14 | 7 << 10 | 1 << 5 | 3 << 1));
    pe_at(p, 0, PSTATE(0, 0, 0));
    sysreg_write_id(c, SR_SCTLR_EL1, c->arch.sr[SR_SCTLR_EL1] | SCTLR_ENRCTX);
    pe_one(p, 0xd50b7381);
    assert_int_equal(cpu_get_pc(c), CODE + 4);

    for (unsigned el = 0; el < 2; el++) {
        uint32_t insn = MRS(0, el ? ENC(3, 0, 13, 0, 7) : ENC(3, 3, 13, 0, 7));

        pe_at(p, el, PSTATE(el, el, 0));
        sysreg_write_id(c, SR_SCTLR_EL1, c->arch.sr[SR_SCTLR_EL1] & ~SCTLR_TSCXT);
        pe_one(p, insn);
        assert_int_equal(pe_vector(p, &offset), 2);
        pe_at(p, el, PSTATE(el, el, 0));
        sysreg_write_id(c, SR_SCTLR_EL1, c->arch.sr[SR_SCTLR_EL1] & ~SCTLR_TSCXT);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_ENSCXT);
        pe_one(p, insn);
        assert_int_equal(cpu_get_pc(c), CODE + 4);
        sysreg_write_id(c, SR_SCTLR_EL1, c->arch.sr[SR_SCTLR_EL1] | SCTLR_TSCXT);
        pe_one(p, insn);
        assert_int_equal(cpu_get_pc(c) == CODE + 4, el == 1);
    }
    pe_free(p);
}

/* CCSIDR_EL1 in both formats, CLIDR_EL1 and CTR_EL0 as the parameters say. */
static void test_cache_registers(void **unused)
{
    static const char *const params[] = {"l1d.size", "65536",   "l1d.ways", "4",       "l1d.line",
                                         "64",       "ctr.idc", "1",        "ctr.dic", "1",
                                         "lou",      "0",       NULL};
    static const char *const vipt[] = {"ctr.vipt", "1", NULL};
    static const char *const ccidx[] = {"ccidx", "el2", NULL}, *const plain[] = {"el2", NULL};
    struct pe *p = pe_new(plain, params, 1), *q = pe_new(ccidx, params, 1), *r = pe_new(plain, vipt, 1);
    uint64_t v, clidr = ENC(3, 1, 0, 0, 1), ctr = ENC(3, 3, 0, 0, 1), ccsidr = ENC(3, 1, 0, 0, 0);

    (void)unused;
    assert_true(cpu_get_sysreg(p->cpu, (uint32_t)ccsidr, &v)); /* 256 sets of 4 ways */
    assert_int_equal(v, UINT64_C(255) << 13 | 3 << 3 | 2);
    assert_true(cpu_get_sysreg(q->cpu, (uint32_t)ccsidr, &v));
    assert_int_equal(v, UINT64_C(255) << 32 | 3 << 3 | 2);
    assert_true(cpu_get_sysreg(p->cpu, (uint32_t)ctr, &v));
    assert_int_equal(v, 0xb444c004); /* as Neoverse N1 */
    assert_true(cpu_get_sysreg(p->cpu, (uint32_t)clidr, &v));
    assert_int_equal(v, 0x02000023); /* LoC 2, LoUU and LoUIS 0 */
    assert_true(cpu_get_sysreg(r->cpu, (uint32_t)ctr, &v));
    assert_int_equal(v, 0x84448004); /* as Cortex-A53 */
    assert_true(cpu_get_sysreg(r->cpu, (uint32_t)clidr, &v));
    assert_int_equal(v, 0x0a200023);
    pe_free(p);
    pe_free(q);
    pe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lse2), cmocka_unit_test(test_wfxt),     cmocka_unit_test(test_rng),
        cmocka_unit_test(test_dit),  cmocka_unit_test(test_controls), cmocka_unit_test(test_cache_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
