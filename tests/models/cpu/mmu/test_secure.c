/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RAM of the Secure state: what Non-secure accesses of the PE meet there (loads, stores, atomics, fetches,
 * walks of both stages, with and without stage 1), and that the Secure state reaches it, but not through
 * descriptors that say Non-secure. Each case is tried in both orders, so that nothing filled for one state
 * serves the other.
 */
#include "insn.h"

#include "models/cpu/mmu/walk.h"

#define TABLES   (PE_RAM_BASE + 0x100000)
#define SECRET   UINT64_C(0x5ec2e75ec2e75ec2)
#define AT       (PE_SECURE_BASE + 0x100)
#define LDADD    UINT32_C(0xf8220020) /* ldadd x2, x0, [x1] */
#define LDXR     UINT32_C(0xc85f7c20) /* ldxr x0, [x1] */
#define LDP      UINT32_C(0xa9400c20) /* ldp x0, x3, [x1] */
#define LDR_Q0   UINT32_C(0x3dc00020) /* ldr q0, [x1] */
#define DC_CIVAC UINT32_C(0xd50b7e21)
#define BR_X1    UINT32_C(0xd61f0020)
#define LEAF     (DESC_VALID | DESC_AF | 3 << 8)

static const char *const features[] = {"fp", "lse", "pan", "vhe", "el2", "el3", NULL};

/* What an access came to: 0 done, else EC << 8 | FSC. */
static unsigned outcome(struct pe *p)
{
    uint64_t offset, esr;
    unsigned to = pe_vector(p, &offset);

    if (!to)
        return 0;
    esr = pe_esr(p, to);
    return (unsigned)(esr >> 26 << 8 | (esr & 0x3f));
}

/* Flat blocks of 1 GiB from 0: the second (RAM) Normal, Non-secure in the Secure state too; the first (with
 * Secure RAM) is Normal with these attribute bits. Table at `where`. */
static void tables(struct pe *p, uint64_t where, uint64_t attrs)
{
    uint64_t e[2] = {LEAF | attrs, PE_RAM_BASE | LEAF | DESC_NS};

    if (where >= PE_RAM_BASE)
        pe_write(p, where, e, sizeof(e));
    else
        memcpy(p->secure + (where - PE_SECURE_BASE), e, sizeof(e));
}

static void stage1(struct pe *p, uint64_t table)
{
    struct cpu *c = p->cpu;

    c->arch.sr[SR_MAIR_EL1] = 0xff;
    c->arch.sr[SR_TCR_EL1] = 25 | 1 << 8 | 1 << 10 | 3 << 12 | TCR_EPD1 | tg_put(TCR_IPS, 2);
    c->arch.sr[SR_TTBR0_EL1] = table;
    sysreg_write_id(c, SR_SCTLR_EL1, 0x30d00800 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_DZE | SCTLR_UCI);
    mmu_controls_changed(c);
}

static void enter(struct pe *p, unsigned el, bool secure)
{
    struct cpu *c = p->cpu;

    pe_at(p, el, PSTATE(el, 1, 15));
    sysreg_write_id(c, SR_SCR_EL3, SCR_HCE | (secure ? 0 : SCR_NS));
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW);
}

static void go(struct pe *p, uint32_t insn)
{
    cpu_context_changed(p->cpu);
    cpu_set_x(p->cpu, 1, AT);
    cpu_set_x(p->cpu, 2, 0);
    pe_one(p, insn);
}

static void put_secret(struct pe *p)
{
    uint64_t v = SECRET;

    memcpy(p->secure + (AT - PE_SECURE_BASE), &v, sizeof(v));
}

static uint64_t at_secret(struct pe *p)
{
    uint64_t v;

    memcpy(&v, p->secure + (AT - PE_SECURE_BASE), sizeof(v));
    return v;
}

static const struct {
    const char *name;
    uint32_t insn;
    bool normal; /* of Normal memory only: not with stage 1 off */
    bool none;   /* touches no memory */
} accesses[] = {
    {"ldr", LDR_X0_X1, false, false},   {"str", STR_X0_X1, false, false},   {"ldp", LDP, false, false},
    {"ldr q0", LDR_Q0, false, false},   {"ldxr", LDXR, true, false},        {"ldadd", LDADD, true, false},
    {"dc zva", DC_ZVA_X1, true, false}, {"dc civac", DC_CIVAC, true, true},
};

/* mmu: stage 1 on. ns_attr: the Secure state's descriptor says Non-secure. */
static void check_access(struct pe *p, unsigned i, bool mmu, bool secure, bool ns_attr)
{
    bool refused = (!secure || ns_attr) && !accesses[i].none;

    put_secret(p);
    enter(p, 1, secure);
    if (mmu) {
        tables(p, TABLES, ns_attr ? DESC_NS : 0);
        stage1(p, TABLES);
        mmu_drop_everything(p->cpu);
    }
    go(p, accesses[i].insn);
    print_message("%s, stage 1 %s, %s%s\n", accesses[i].name, mmu ? "on" : "off",
                  secure ? "secure" : "non-secure", ns_attr ? ", NS in the descriptor" : "");
    assert_int_equal(outcome(p), refused ? EC_DABT_SAME << 8 | FSC_EXTERNAL : 0);
    if (refused) {
        assert_int_equal(at_secret(p), SECRET);
        assert_int_equal(p->cpu->arch.sr[SR_FAR_EL1], AT);
    }
}

static void test_accesses(void **unused)
{
    struct pe *p = pe_vectors(features);

    (void)unused;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(accesses); i++) {
        for (unsigned k = 0; k < 4; k++)
            if (!accesses[i].normal)
                check_access(p, i, false, k & 1, false);
        for (unsigned k = 0; k < 6; k++)
            check_access(p, i, true, k % 3 != 0, k % 3 == 2);
    }
    pe_free(p);
}

/* The same memory while a software TLB entry of the other state is warm: EL3 (Secure) reads, then Non-secure
 * EL1. */
static void test_warm(void **unused)
{
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;

    (void)unused;
    put_secret(p);
    tables(p, TABLES, 0);
    enter(p, 1, true);
    stage1(p, TABLES);
    go(p, LDR_X0_X1);
    go(p, LDR_X0_X1); /* by the TLB */
    assert_int_equal(cpu_get_x(c, 0), SECRET);
    sysreg_write_id(c, SR_SCR_EL3, SCR_NS);
    go(p, LDR_X0_X1);
    assert_int_equal(outcome(p), EC_DABT_SAME << 8 | FSC_EXTERNAL);
    assert_int_not_equal(cpu_get_x(c, 0), 0); /* not loaded */
    cpu_set_pstate(c, PSTATE(1, 1, 15));
    sysreg_write_id(c, SR_SCR_EL3, 0);
    go(p, LDR_X0_X1);
    assert_int_equal(outcome(p), 0);
    pe_free(p);
}

static void test_fetch(void **unused)
{
    struct pe *p = pe_vectors(features);
    const uint32_t code[] = {ADD_X0_1, SPIN};

    (void)unused;
    memcpy(p->secure + (AT - PE_SECURE_BASE), code, sizeof(code));
    for (unsigned k = 0; k < 8; k++) {
        bool secure = k & 1, mmu = k & 2;

        enter(p, 1, secure);
        tables(p, TABLES, 0);
        if (mmu)
            stage1(p, TABLES);
        cpu_set_x(p->cpu, 0, 7);
        go(p, BR_X1);
        pe_run_insns(p, 1);
        assert_int_equal(outcome(p), secure ? 0 : EC_IABT_SAME << 8 | FSC_EXTERNAL);
        assert_int_equal(cpu_get_x(p->cpu, 0), secure ? 8 : 7);
    }
    pe_free(p);
}

/* Tables in Secure RAM: a Non-secure walk aborts, with the level; the Secure one works; an update of a
 * descriptor likewise. */
static void test_walks(void **unused)
{
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned k = 0; k < 4; k++) {
        bool secure = k & 1;

        enter(p, 1, secure);
        tables(p, PE_SECURE_BASE + 0x1000, 0);
        stage1(p, PE_SECURE_BASE + 0x1000);
        put_secret(p);
        mmu_drop_everything(c);
        go(p, LDR_X0_X1);
        /* The fetch's walk comes first. */
        assert_int_equal(outcome(p), secure ? 0 : EC_IABT_SAME << 8 | (FSC_EXTERNAL_WALK + 1));
    }
    /* stage 2, Non-secure always */
    enter(p, 1, false);
    tables(p, PE_SECURE_BASE + 0x1000, 0);
    sysreg_write_id(c, SR_VTCR_EL2, 0x80000000 | 25 | 1 << 6 | 2 << 16);
    sysreg_write_id(c, SR_VTTBR_EL2, PE_SECURE_BASE + 0x1000);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_VM);
    go(p, LDR_X0_X1);
    assert_int_equal(outcome(p), EC_IABT_LOWER << 8 | (FSC_EXTERNAL_WALK + 1));
    pe_free(p);
}

/* ---- FEAT_SEL2: stage 2 of the Secure state ---- */

static const char *const sel2[] = {"fp", "pan", "vhe", "el2", "el3", "sel2", NULL};

#define S2_SHAPE (0x80000000 | 25 | 1 << 6)
#define S2_BLOCK (DESC_VALID | DESC_AF | 0xf << 2 | DESC_S2_READ | DESC_S2_WRITE)

static void stage2_table(struct pe *p, uint64_t where, bool with_first)
{
    uint64_t e[2] = {with_first ? S2_BLOCK : 0, PE_RAM_BASE | S2_BLOCK};

    if (where >= PE_RAM_BASE)
        pe_write(p, where, e, sizeof(e));
    else
        memcpy(p->secure + (where - PE_SECURE_BASE), e, sizeof(e));
}

/* Secure EL1 under a Secure EL2 with stage 2 of both kinds of addresses; stage 1 says NS of Secure RAM or
 * not. */
static void secure_guest(struct pe *p, uint64_t vstcr, uint64_t vtcr, uint64_t vsttbr, uint64_t vttbr,
                         bool ns_ipa)
{
    struct cpu *c = p->cpu;

    pe_at(p, 1, PSTATE(1, 1, 15));
    sysreg_write_id(c, SR_SCR_EL3, SCR_HCE | SCR_EEL2);
    sysreg_write_id(c, SR_VSTCR_EL2, S2_SHAPE | vstcr);
    sysreg_write_id(c, SR_VTCR_EL2, S2_SHAPE | 2 << 16 | vtcr);
    sysreg_write_id(c, SR_VSTTBR_EL2, vsttbr);
    sysreg_write_id(c, SR_VTTBR_EL2, vttbr);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_VM);
    tables(p, TABLES + 0x2000, ns_ipa ? DESC_NS : 0);
    stage1(p, TABLES + 0x2000);
}

/* The address space of the output by VSTCR_EL2.{SW, SA} and VTCR_EL2.{NSW, NSA}. */
static void test_output_space(void **unused)
{
    struct pe *p = pe_vectors(sel2);

    (void)unused;
    for (unsigned k = 0; k < 32; k++) {
        bool sw = k & 1, sa = k & 2, nsw = k & 4, nsa = k & 8, ns = k & 16;
        bool out_ns = sw || sa || (ns && (nsw || nsa));

        put_secret(p);
        stage2_table(p, TABLES, true);
        stage2_table(p, TABLES + 0x1000, true);
        secure_guest(p, (sw ? VSTCR_SW : 0) | (sa ? VSTCR_SA : 0),
                     (nsw ? VTCR_NSW : 0) | (nsa ? VTCR_NSA : 0), TABLES, TABLES + 0x1000, ns);
        go(p, LDR_X0_X1);
        assert_int_equal(outcome(p), out_ns ? EC_DABT_SAME << 8 | FSC_EXTERNAL : 0);
        if (!out_ns)
            assert_int_equal(cpu_get_x(p->cpu, 0), SECRET);
    }
    pe_free(p);
}

/* Where the tables are looked for; which of the two an address goes through; faults and their HPFAR_EL2. */
static void test_secure_tables(void **unused)
{
    struct pe *p = pe_vectors(sel2);
    struct cpu *c = p->cpu;
    const uint64_t secret_tables = PE_SECURE_BASE + 0x4000;

    (void)unused;
    for (unsigned sw = 0; sw < 2; sw++) {
        stage2_table(p, secret_tables, true);
        stage2_table(p, TABLES, true);
        secure_guest(p, sw ? VSTCR_SW : 0, 0, secret_tables, TABLES, false);
        go(p, LDR_X0_X1);
        assert_int_equal(outcome(p), sw ? EC_IABT_LOWER << 8 | (FSC_EXTERNAL_WALK + 1) : 0);
    }
    for (unsigned nsw = 0; nsw < 2; nsw++) { /* of the Non-secure addresses, the code among them: VTTBR_EL2 */
        stage2_table(p, TABLES, true);
        stage2_table(p, secret_tables, true);
        secure_guest(p, 0, nsw ? VTCR_NSW : 0, TABLES, secret_tables, true);
        sysreg_write_id(c, SR_TTBR0_EL1, TABLES + 0x2000);
        go(p, LDR_X0_X1);
        assert_int_equal(outcome(p), nsw ? EC_IABT_LOWER << 8 | (FSC_EXTERNAL_WALK + 1) : 0);
    }
    for (unsigned ns = 0; ns < 2; ns++) { /* a hole in one of the two */
        stage2_table(p, TABLES, ns);
        stage2_table(p, TABLES + 0x1000, !ns);
        secure_guest(p, 0, 0, TABLES, TABLES + 0x1000, ns);
        go(p, LDR_X0_X1);
        assert_int_equal(outcome(p), EC_DABT_LOWER << 8 | (FSC_TRANSLATION + 1));
        assert_int_equal(cpu_get_el(c), 2);
        assert_true(cpu_is_secure(c));
        assert_int_equal(c->arch.sr[SR_HPFAR_EL2], (ns ? TG_BIT(63) : 0) | AT >> 12 << 4);
        secure_guest(p, 0, 0, TABLES, TABLES + 0x1000, !ns);
        go(p, LDR_X0_X1);
        assert_int_equal(outcome(p), 0);
    }
    pe_free(p);
}

/* Registers of the Secure EL2, and returns to it. */
static void test_secure_el2(void **unused)
{
    static const uint32_t registers[] = {ENC(3, 4, 2, 6, 0),  ENC(3, 4, 2, 6, 2),  ENC(3, 4, 14, 4, 1),
                                         ENC(3, 4, 14, 4, 2), ENC(3, 4, 14, 5, 0), ENC(3, 4, 14, 5, 1)};
    struct pe *p = pe_vectors(sel2);
    struct cpu *c = p->cpu;
    uint64_t offset;

    (void)unused;
    for (unsigned k = 0; k < 16; k++) {
        unsigned el = k & 3;
        bool ns = k & 4, eel2 = k & 8, there = el == 3 ? eel2 : el == 2 && !ns;

        if (el == 2 && !ns && !eel2)
            continue;
        for (unsigned i = 0; i < TG_ARRAY_SIZE(registers); i++) {
            pe_at(p, el, PSTATE(el, el != 0, 15));
            sysreg_write_id(c, SR_SCR_EL3, (ns ? SCR_NS : 0) | (eel2 ? SCR_EEL2 : 0));
            pe_one(p, MRS(0, registers[i]));
            assert_int_equal(pe_vector(p, &offset), there ? 0 : el ? el : 1);
            if (!there)
                assert_int_equal(pe_esr(p, el ? el : 1) >> 26, 0);
        }
        if (el == 3) { /* ERET to EL2 is legal where there is one */
            pe_at(p, 3, PSTATE(3, 1, 15));
            sysreg_write_id(c, SR_SCR_EL3, (ns ? SCR_NS : 0) | (eel2 ? SCR_EEL2 : 0));
            c->arch.sr[SR_SPSR_EL3] = PSTATE(2, 1, 15);
            c->arch.sr[SR_ELR_EL3] = CODE + 0x100;
            pe_one(p, ERET);
            assert_int_equal(cpu_get_el(c), ns || eel2 ? 2 : 3);
            assert_int_equal(c->arch.il, !(ns || eel2));
        }
        if (el == 1 && !ns) { /* CNTPS is EL3's alone under a Secure EL2 */
            pe_at(p, 1, PSTATE(1, 1, 15));
            sysreg_write_id(c, SR_SCR_EL3, SCR_ST | (eel2 ? SCR_EEL2 : 0));
            pe_one(p, MRS(0, ENC(3, 7, 14, 2, 1)));
            assert_int_equal(pe_vector(p, &offset), eel2);
        }
    }
    /* With E2H the EL1 timers' names are those of the state's EL2. */
    for (unsigned ns = 0; ns < 2; ns++) {
        for (unsigned host0 = 0; host0 < 2; host0++) {
            pe_at(p, host0 ? 0 : 2, PSTATE(host0 ? 0 : 2, !host0, 15));
            sysreg_write_id(c, SR_SCR_EL3, ns ? SCR_NS : SCR_EEL2);
            sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_E2H | (host0 ? HCR_TGE : 0));
            sysreg_write_id(c, SR_CNTHCTL_EL2, 0xf03);
            c->arch.sr[SR_CNTHP_CVAL_EL2] = c->arch.sr[SR_CNTHPS_CVAL_EL2] = c->arch.sr[SR_CNTHV_CVAL_EL2] =
                c->arch.sr[SR_CNTHVS_CVAL_EL2] = 0;
            cpu_context_changed(c);
            cpu_set_x(c, 0, 77);
            pe_one(p, MSR(ENC(3, 3, 14, 2, 2), 0)); /* CNTP_CVAL_EL0 */
            assert_int_equal(pe_vector(p, &offset), 0);
            cpu_set_x(c, 0, 78);
            pe_one(p, MSR(ENC(3, 3, 14, 3, 2), 0)); /* CNTV_CVAL_EL0 */
            assert_int_equal(c->arch.sr[ns ? SR_CNTHP_CVAL_EL2 : SR_CNTHPS_CVAL_EL2], 77);
            assert_int_equal(c->arch.sr[ns ? SR_CNTHV_CVAL_EL2 : SR_CNTHVS_CVAL_EL2], 78);
            assert_int_equal(c->arch.sr[ns ? SR_CNTHPS_CVAL_EL2 : SR_CNTHP_CVAL_EL2], 0);
            assert_int_equal(c->arch.sr[ns ? SR_CNTHVS_CVAL_EL2 : SR_CNTHV_CVAL_EL2], 0);
        }
    }
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accesses),     cmocka_unit_test(test_warm),
        cmocka_unit_test(test_fetch),        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_output_space), cmocka_unit_test(test_secure_tables),
        cmocka_unit_test(test_secure_el2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
