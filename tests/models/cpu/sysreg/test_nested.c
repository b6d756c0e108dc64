/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL2 trap features of Armv8.3 to Armv8.7 beside what the trap matrix compares: their switches,
 * instructions that are not register accesses (SVC, ERET, WFE), counters and timers, exception entry and
 * translation under nested virtualization, and the VNCR_EL2 page with its fault. Expected values are written
 * from the Arm ARM DDI 0487 J.a.
 */
#include "insn.h"

#include <string.h>
#include "models/cpu/sysreg/access.h"

#define VNCR_PAGE  (PE_RAM_BASE + 0x40000)
#define TABLES     (PE_RAM_BASE + 0x80000)
#define EC_OF(esr) ((unsigned)tg_get(esr, ESR_EC))

static const char *const every[] = {"fp",       "pan", "pan2", "vhe",  "lor",  "ras", "pmuv3", "pmuv3p1",
                                    "pmuv3p4",  "el2", "evt",  "idst", "twed", "hcx", "fgt",   "ecv",
                                    "ecv_poff", "amu", "nv",   "nv2",  "xs",   NULL};
static const char *const with_el3[] = {"fp",  "pan", "vhe",      "el2", "el3", "twed", "hcx",
                                       "fgt", "ecv", "ecv_poff", "amu", "nv",  "nv2",  NULL};
static const char *const none[] = {"fp", "pan", "vhe", "lor", "ras", "pmuv3", "pmuv3p1", "el2", NULL};

static uint64_t sys(struct pe *p, uint32_t enc)
{
    uint64_t v = 0;

    assert_true(cpu_get_sysreg(p->cpu, enc, &v));
    return v;
}

/* At EL el (1 or 0) with these HCR_EL2 bits; EL2 has run before, as a hypervisor would. */
static void guest_at(struct pe *p, unsigned el, uint64_t hcr)
{
    pe_at(p, el, PSTATE(0, el != 0, 15));
    p->cpu->arch.sr[SR_CPACR_EL1] = 3 << 20;
    sysreg_write_id(p->cpu, SR_HCR_EL2, hcr);
    sysreg_context_changed(p->cpu);
}

/* ---- switches ---- */

static const struct {
    const char *feature;
    uint32_t id_reg;
    unsigned lo, value;
    uint32_t reg; /* accessible at EL2 with the feature only; 0: none */
    uint64_t hcr; /* writable bits */
} switches[] = {
    {"evt", ENC(3, 0, 0, 7, 2), 56, 2, 0, HCR_TID4 | HCR_TICAB | HCR_TOCU | HCR_TTLBIS | HCR_TTLBOS},
    {"idst", ENC(3, 0, 0, 7, 2), 36, 1, 0, 0},
    {"twed", ENC(3, 0, 0, 7, 1), 32, 1, 0, HCR_TWEDEN | HCR_TWEDEL},
    {"hcx", ENC(3, 0, 0, 7, 1), 40, 1, ENC(3, 4, 1, 2, 2), 0},
    {"fgt", ENC(3, 0, 0, 7, 0), 56, 1, ENC(3, 4, 1, 1, 4), 0},
    {"fgt", ENC(3, 0, 0, 7, 0), 56, 1, ENC(3, 4, 3, 1, 5), 0},
    {"ecv", ENC(3, 0, 0, 7, 0), 60, 2, ENC(3, 3, 14, 0, 6), 0},
    {"ecv_poff", ENC(3, 0, 0, 7, 0), 60, 2, ENC(3, 4, 14, 0, 6), 0},
    {"amu", ENC(3, 0, 0, 4, 0), 44, 1, ENC(3, 3, 13, 2, 1), 0},
    {"nv", ENC(3, 0, 0, 7, 2), 24, 2, 0, HCR_NV | HCR_NV1 | HCR_AT},
    {"nv2", ENC(3, 0, 0, 7, 2), 24, 2, ENC(3, 4, 2, 2, 0), HCR_NV2},
    {"pmuv3p4", ENC(3, 0, 0, 5, 0), 8, 5, ENC(3, 0, 9, 14, 6), 0},
};

static void test_switches(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct pe *p = pe_vectors(on ? every : none);

        for (size_t i = 0; i < TG_ARRAY_SIZE(switches); i++) {
            uint64_t field, off;

            pe_at(p, 2, PSTATE(2, 1, 15));
            field = sys(p, switches[i].id_reg) >> switches[i].lo & 15;
            assert_int_equal(field, on ? switches[i].value : !strcmp(switches[i].feature, "pmuv3p4") ? 4 : 0);
            sysreg_write_id(p->cpu, SR_HCR_EL2, switches[i].hcr);
            assert_int_equal(p->cpu->arch.sr[SR_HCR_EL2] & switches[i].hcr, on ? switches[i].hcr : 0);
            if (!switches[i].reg)
                continue;
            sysreg_write_id(p->cpu, SR_HCR_EL2, 0);
            pe_one(p, MRS(0, switches[i].reg));
            assert_int_equal(pe_vector(p, &off), on ? 0 : 2);
            if (!on)
                assert_int_equal(EC_OF(pe_esr(p, 2)), EC_UNKNOWN);
        }
        pe_free(p);
    }
}

/* SCR_EL3 gives EL2 what it may use; without the bit EL2's access traps to EL3. */
static void test_el3_enables(void **state)
{
    static const struct {
        uint32_t enc;
        uint64_t scr;
    } rows[] = {
        {ENC(3, 4, 1, 1, 4), TG_BIT(27)},
        {ENC(3, 4, 3, 1, 6), TG_BIT(27)},
        {ENC(3, 4, 1, 2, 2), TG_BIT(38)},
        {ENC(3, 4, 14, 0, 6), TG_BIT(28)},
    };
    struct pe *p = pe_vectors(with_el3);
    uint64_t off;

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        for (unsigned on = 0; on < 2; on++) {
            pe_at(p, 2, PSTATE(2, 1, 15));
            sysreg_write_id(p->cpu, SR_SCR_EL3, SCR_NS | SCR_HCE | (on ? rows[i].scr : 0));
            pe_one(p, MRS(0, rows[i].enc));
            assert_int_equal(pe_vector(p, &off), on ? 0 : 3);
        }
    }
    pe_free(p);
}

/* ---- fine-grained traps of instructions; of the activity monitors, which QEMU does not have ---- */

static void test_fgt(void **state)
{
    static const struct {
        uint32_t insn;
        unsigned el;
        enum sr_id reg;
        unsigned bit, ec, other_el; /* other_el: where it goes without the trap, 0: nowhere */
    } rows[] = {
        {SVC(5), 0, SR_HFGITR_EL2, 52, EC_SVC64, 1},
        {SVC(5), 1, SR_HFGITR_EL2, 53, EC_SVC64, 1},
        {ERET, 1, SR_HFGITR_EL2, 51, EC_ERET, 0},
        {MRS(0, ENC(3, 3, 13, 2, 5)), 1, SR_HAFGRTR_EL2, 0, EC_SYSREG, 0},
        {MRS(0, ENC(3, 3, 13, 2, 4)), 0, SR_HAFGRTR_EL2, 0, EC_SYSREG, 0},
        {MRS(0, ENC(3, 3, 13, 4, 0)), 1, SR_HAFGRTR_EL2, 1, EC_SYSREG, 0},
        {MRS(0, ENC(3, 3, 13, 4, 3)), 0, SR_HAFGRTR_EL2, 4, EC_SYSREG, 0},
        {MRS(0, ENC(3, 3, 13, 0, 2)), 0, SR_HFGRTR_EL2, 35, EC_SYSREG,
         0}, /* TPIDR_EL0 has a handler of its own */
        {MSR(ENC(3, 3, 13, 0, 2), 0), 1, SR_HFGWTR_EL2, 35, EC_SYSREG, 0},
        {MRS(0, ENC(3, 0, 13, 0, 4)), 1, SR_HFGRTR_EL2, 33, EC_SYSREG, 0}, /* TPIDR_EL1 too */
    };
    struct pe *p = pe_vectors(every);
    uint64_t off;

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        for (unsigned on = 0; on < 2; on++) {
            guest_at(p, rows[i].el, 0);
            p->cpu->arch.sr[SR_AMUSERENR_EL0] = 1;
            p->cpu->arch.sr[SR_ELR_EL1] = CODE + 4;
            p->cpu->arch.sr[SR_SPSR_EL1] = PSTATE(1, 1, 15);
            sysreg_write_id(p->cpu, rows[i].reg, on ? TG_BIT(rows[i].bit) : 0);
            pe_one(p, rows[i].insn);
            assert_int_equal(pe_vector(p, &off), on ? 2 : rows[i].other_el);
            if (!on)
                continue;
            assert_int_equal(off, 0x400);
            assert_int_equal(EC_OF(pe_esr(p, 2)), rows[i].ec);
            assert_int_equal(p->cpu->arch.sr[SR_ELR_EL2],
                             CODE); /* a trap: the instruction has not been executed */
        }
    }
    /* Not for a host's EL0. */
    guest_at(p, 0, HCR_E2H | HCR_TGE);
    sysreg_write_id(p->cpu, SR_HFGITR_EL2, HFGITR_SVC_EL0);
    pe_one(p, SVC(1));
    assert_int_equal(pe_vector(p, &off), 2);
    assert_int_equal(p->cpu->arch.sr[SR_ELR_EL2], CODE + 4);
    pe_free(p);
}

/* Counters from MDCR_EL2.HPMN on are EL2's: with FEAT_FGT the access traps. */
static void test_reserved_counter(void **state)
{
    struct pe *p = pe_vectors(every);
    uint64_t off;

    (void)state;
    guest_at(p, 1, 0);
    tg_set(&p->cpu->arch.sr[SR_MDCR_EL2], MDCR2_HPMN, 2);
    pe_one(p, MRS(0, ENC(3, 3, 14, 8, 1)));
    assert_int_equal(pe_vector(p, &off), 0);
    pe_one(p, MRS(0, ENC(3, 3, 14, 8, 2)));
    assert_int_equal(pe_vector(p, &off), 2);
    assert_int_equal(EC_OF(pe_esr(p, 2)), EC_SYSREG);
    pe_free(p);
}

/* ---- WFE with a delay ---- */

static void test_twed(void **state)
{
    struct pe *p = pe_vectors(every);
    struct cpu *c = p->cpu;
    uint32_t code[] = {WFE, SPIN};
    uint64_t off;

    (void)state;
    for (unsigned event = 0; event < 2; event++) {
        uint64_t start;

        guest_at(p, 1, HCR_TWE | HCR_TWEDEN | tg_put(HCR_TWEDEL, 2));
        pe_code(p, CODE, code, 2);
        c->arch.event_reg = false;
        cpu_set_insn_limit(c, 0);
        start = cpu_cycles(c);
        assert_int_equal(cpu_run(c, cpu_local_time(c) + TG_SEC), CPU_STOP_WFI);
        assert_int_equal(cpu_get_pc(c), CODE);
        /* TWEDEL 2: 2^(2 + 8) cycles */
        assert_int_equal(cpu_wake_time(c), tg_cycles_to_time(start + 1024, cpu_hz(c)));
        if (event) {
            c->arch.event_reg = true;
        } else {
            cpu_idle_until(c, cpu_wake_time(c));
        }
        assert_true(cpu_has_wakeup(c, cpu_local_time(c)));
        pe_run_insns(p, 2);
        if (event) {
            assert_int_equal(cpu_get_pc(c), CODE + 4);
            continue;
        }
        assert_int_equal(pe_vector(p, &off), 2);
        assert_int_equal(EC_OF(pe_esr(p, 2)), EC_WFX);
        assert_int_equal(pe_esr(p, 2) & 3, 1);
        assert_int_equal(c->arch.sr[SR_ELR_EL2], CODE);
    }
    pe_free(p);
}

/* WFET: trapped late with its register in the syndrome; not at all when its time-out comes first. WFIT has no
 * delay. */
static void test_twed_wfet(void **state)
{
    static const char *const with_wfxt[] = {"fp", "el2", "twed", "wfxt", NULL};
    struct pe *p = pe_vectors(with_wfxt);
    struct cpu *c = p->cpu;

    (void)state;
    for (unsigned k = 0; k < 3; k++) { /* the delay ends first; the time-out does; WFIT */
        uint32_t code[] = {k == 2 ? 0xd5031029 : 0xd5031009, SPIN}; /* of x9 */
        uint64_t start, count, off;

        if (k == 2)
            code[0] = 0xd5031029;
        guest_at(p, 1, HCR_TWE | HCR_TWI | HCR_TWEDEN | tg_put(HCR_TWEDEL, 15));
        pe_code(p, CODE, code, 2);
        c->arch.event_reg = false;
        cpu_set_insn_limit(c, 0);
        count = sys(p, ENC(3, 3, 14, 0, 2));
        cpu_set_x(c, 9, count + (k == 1 ? 100 : UINT64_C(1) << 40));
        start = cpu_cycles(c);
        if (k == 2) {
            pe_run_insns(p, 1);
            assert_int_equal(pe_vector(p, &off), 2);
            assert_int_equal(pe_esr(p, 2) & 0x3e3, 9 << 5 | 2);
            continue;
        }
        assert_int_equal(cpu_run(c, cpu_local_time(c) + TG_SEC), CPU_STOP_WFI);
        /* 2^(15 + 8) cycles, or 100 of the counter */
        if (k == 0)
            assert_int_equal(cpu_wake_time(c), tg_cycles_to_time(start + (UINT64_C(1) << 23), cpu_hz(c)));
        else
            assert_true(cpu_wake_time(c) <
                        tg_cycles_to_time(start, cpu_hz(c)) + tg_cycles_to_time(102, c->p.cntfrq));
        cpu_idle_until(c, cpu_wake_time(c));
        pe_run_insns(p, 1);
        if (k == 0) {
            assert_int_equal(pe_vector(p, &off), 2);
            assert_int_equal(EC_OF(pe_esr(p, 2)), EC_WFX);
            assert_int_equal(pe_esr(p, 2) & 0x3e7, 9 << 5 | 4 | 3); /* RN, RV, TI: WFET */
            assert_int_equal(c->arch.sr[SR_ELR_EL2], CODE);
        } else {
            assert_int_equal(cpu_get_pc(c), CODE + 4);
        }
    }
    pe_free(p);
}

/* ---- counters and timers ---- */

static void test_ecv(void **state)
{
    struct pe *p = pe_vectors(every);
    struct cpu *c = p->cpu;
    uint64_t now;

    (void)state;
    guest_at(p, 1, 0);
    cpu_idle_until(c, TG_SEC);
    sysreg_write_id(c, SR_CNTPOFF_EL2, 1000);
    sysreg_write_id(c, SR_CNTVOFF_EL2, 77);
    now = sys(p, ENC(3, 3, 14, 0, 1));
    assert_true(now >= 1000);
    /* CNTHCTL_EL2.ECV lets the offset act, below EL2. */
    sysreg_write_id(c, SR_CNTHCTL_EL2, CNTHCTL_ECV | 3);
    assert_int_equal(sys(p, ENC(3, 3, 14, 0, 1)), now - 1000);
    assert_int_equal(sys(p, ENC(3, 3, 14, 0, 5)), now - 1000); /* CNTPCTSS_EL0 */
    assert_int_equal(sys(p, ENC(3, 3, 14, 0, 6)), now - 77);   /* CNTVCTSS_EL0 */
    /* The timer compares with what EL1 reads. */
    sysreg_write_id(c, SR_CNTP_CVAL_EL0, now - 500);
    sysreg_write_id(c, SR_CNTP_CTL_EL0, 1);
    assert_int_equal(sys(p, ENC(3, 3, 14, 2, 1)), 1);
    sysreg_write_id(c, SR_CNTP_CVAL_EL0, now - 1500);
    assert_int_equal(sys(p, ENC(3, 3, 14, 2, 1)), 5);
    /* Not for a host. */
    sysreg_write_id(c, SR_CNTP_CVAL_EL0, now - 500);
    sysreg_write_id(c, SR_HCR_EL2, HCR_E2H | HCR_TGE);
    assert_int_equal(sys(p, ENC(3, 3, 14, 2, 1)), 5);
    pe_at(p, 2, PSTATE(2, 1, 15));
    sysreg_write_id(c, SR_CNTHCTL_EL2, CNTHCTL_ECV | 3);
    sysreg_write_id(c, SR_CNTPOFF_EL2, 1000);
    assert_int_equal(sys(p, ENC(3, 3, 14, 0, 1)), now);
    pe_free(p);
}

static void test_amu(void **state)
{
    struct pe *p = pe_vectors(every);
    struct cpu *c = p->cpu;
    uint64_t off, cycles, insns;

    (void)state;
    pe_at(p, 2, PSTATE(2, 1, 15));
    assert_int_equal(sys(p, ENC(3, 3, 13, 2, 2)),
                     4); /* AMCGCR_EL0: four counters of group 0, none of group 1 */
    assert_int_equal(sys(p, ENC(3, 3, 13, 4, 2)), 0);
    sysreg_write_id(c, SR_AMEVCNTR02_EL0, 100);
    sysreg_write_id(c, SR_AMCNTENSET0_EL0, 5);
    insns = cpu_insns(c);
    cycles = cpu_cycles(c);
    pe_one(p, NOP);
    pe_run_insns(p, 40);
    assert_int_equal(sys(p, ENC(3, 3, 13, 4, 2)), 100 + cpu_insns(c) - insns); /* INST_RETIRED */
    assert_int_equal(sys(p, ENC(3, 3, 13, 4, 0)), cpu_cycles(c) - cycles);     /* CPU_CYCLES */
    assert_int_equal(sys(p, ENC(3, 3, 13, 4, 1)), 0);
    sysreg_write_id(c, SR_AMCNTENCLR0_EL0, 4);
    insns = sys(p, ENC(3, 3, 13, 4, 2));
    pe_run_insns(p, 10);
    assert_int_equal(sys(p, ENC(3, 3, 13, 4, 2)), insns);
    /* Only the highest level writes. */
    guest_at(p, 1, 0);
    pe_one(p, MSR(ENC(3, 3, 13, 2, 5), 0));
    assert_int_equal(pe_vector(p, &off), 1);
    assert_int_equal(EC_OF(pe_esr(p, 1)), EC_UNKNOWN);
    /* AMUSERENR_EL0.EN, then CPTR_EL2.TAM. */
    guest_at(p, 0, 0);
    pe_one(p, MRS(0, ENC(3, 3, 13, 4, 0)));
    assert_int_equal(pe_vector(p, &off), 1);
    assert_int_equal(EC_OF(pe_esr(p, 1)), EC_SYSREG);
    guest_at(p, 0, 0);
    c->arch.sr[SR_AMUSERENR_EL0] = 1;
    pe_one(p, MRS(0, ENC(3, 3, 13, 4, 0)));
    assert_int_equal(pe_vector(p, &off), 0);
    sysreg_write_id(c, SR_CPTR_EL2, TG_BIT(30));
    pe_one(p, MRS(0, ENC(3, 3, 13, 4, 0)));
    assert_int_equal(pe_vector(p, &off), 2);
    pe_free(p);
}

/* FEAT_AMUv1p1: guests find the counters less an offset, if both HCR_EL2 and SCR_EL3 say so; a host's EL0,
 * and the constant counter, have none. */
static void test_amu_offsets(void **state)
{
    static const char *const with_offsets[] = {"fp", "vhe", "el2", "el3", "amu", "amuv1p1", NULL};
    struct pe *p = pe_vectors(with_offsets);
    struct cpu *c = p->cpu;

    (void)state;
    for (unsigned k = 0; k < 32; k++) {
        unsigned el = k & 3;
        bool hcr = k & 4, scr = k & 8, host = k & 16, off;

        if (host && el == 1)
            continue;
        pe_at(p, el, PSTATE(el, el != 0, 15));
        sysreg_write_id(c, SR_SCR_EL3, SCR_NS | (scr ? SCR_AMVOFF : 0));
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | (hcr ? HCR_AMVOFF : 0) | (host ? HCR_E2H | HCR_TGE : 0));
        c->arch.sr[SR_AMUSERENR_EL0] = 1;
        off = el < 2 && hcr && scr && !host;
        for (unsigned n = 0; n < 4; n++) {
            c->arch.sr[SR_AMEVCNTR00_EL0 + n] = 1000 + n;
            if (n != 1)
                c->arch.sr[n == 0   ? SR_AMEVCNTVOFF00_EL2
                           : n == 2 ? SR_AMEVCNTVOFF02_EL2
                                    : SR_AMEVCNTVOFF03_EL2] = 100 * (n + 1);
        }
        for (unsigned n = 0; n < 4; n++) {
            uint64_t offset;

            pe_one(p, MRS(0, ENC(3, 3, 13, 4, 0) + n));
            assert_int_equal(pe_vector(p, &offset), 0);
            assert_int_equal(cpu_get_x(c, 0), 1000 + n - (off && n != 1 ? 100 * (n + 1) : 0));
        }
    }
    pe_free(p);
}

/* ---- nested virtualization ---- */

/* Exceptions from EL1 to EL1: SPSR_EL1.M as D8.11.4 has it. */
static void test_exception_entry(void **state)
{
    struct pe *p = pe_vectors(every);
    uint64_t off;

    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        bool nv = bits & 1, nv1 = bits & 2, nv2 = bits & 4;

        guest_at(p, 1, (nv ? HCR_NV : 0) | (nv1 ? HCR_NV1 : 0) | (nv2 ? HCR_NV2 : 0));
        pe_one(p, SVC(0));
        assert_int_equal(pe_vector(p, &off), 1);
        assert_int_equal(tg_get(p->cpu->arch.sr[SR_SPSR_EL1], SPSR_EL), nv && (nv2 || !nv1) ? 2 : 1);
        /* From EL0 nothing is changed. */
        guest_at(p, 0, (nv ? HCR_NV : 0) | (nv1 ? HCR_NV1 : 0) | (nv2 ? HCR_NV2 : 0));
        pe_one(p, SVC(0));
        assert_int_equal(tg_get(p->cpu->arch.sr[SR_SPSR_EL1], SPSR_EL), 0);
    }
    pe_free(p);
}

static void test_guest_hypervisor(void **state)
{
    struct pe *p = pe_vectors(every);
    struct cpu *c = p->cpu;
    uint64_t off;

    (void)state;
    guest_at(p, 1, HCR_NV);
    pe_one(p, MRS(0, ENC(3, 0, 4, 2, 2))); /* CurrentEL */
    assert_int_equal(cpu_get_x(c, 0), 2 << 2);
    pe_one(p, ERET);
    assert_int_equal(pe_vector(p, &off), 2);
    assert_int_equal(pe_esr(p, 2), tg_put(ESR_EC, 0x1a) | ESR_IL);
    guest_at(p, 1, HCR_NV);
    pe_one(p, MRS(0, ENC(3, 4, 13, 0, 2))); /* TPIDR_EL2 has a handler of its own */
    assert_int_equal(pe_vector(p, &off), 2);
    assert_int_equal(EC_OF(pe_esr(p, 2)), EC_SYSREG);
    /* Without NV everything is as ever. */
    guest_at(p, 1, 0);
    pe_one(p, MRS(0, ENC(3, 0, 4, 2, 2)));
    assert_int_equal(cpu_get_x(c, 0), 1 << 2);
    pe_one(p, MRS(0, ENC(3, 4, 13, 0, 2)));
    assert_int_equal(pe_vector(p, &off), 1);
    pe_free(p);
}

/* EL2's exception registers are EL1's with NV2; others are in the page. */
static void test_page(void **state)
{
    struct pe *p = pe_vectors(every);
    struct cpu *c = p->cpu;
    uint64_t off, v;

    (void)state;
    guest_at(p, 1, HCR_NV | HCR_NV2);
    sysreg_write_id(c, SR_VNCR_EL2, VNCR_PAGE);
    c->arch.sr[SR_ELR_EL1] = 0x1234567;
    c->arch.sr[SR_VTTBR_EL2] = 0x42;
    v = UINT64_C(0x1122334455667788);
    pe_write(p, VNCR_PAGE + 0x20, &v, sizeof(v));
    pe_one(p, MRS(0, ENC(3, 4, 4, 0, 1)));
    assert_int_equal(cpu_get_x(c, 0), 0x1234567);
    pe_one(p, MRS(0, ENC(3, 4, 2, 1, 0))); /* VTTBR_EL2 */
    assert_int_equal(cpu_get_x(c, 0), v);
    cpu_set_x(c, 0, 0xabcdef);
    pe_one(p, MSR(ENC(3, 4, 2, 1, 0), 0));
    assert_int_equal(pe_vector(p, &off), 0);
    memcpy(&v, p->ram + (VNCR_PAGE + 0x20 - PE_RAM_BASE), sizeof(v));
    assert_int_equal(v, 0xabcdef);
    assert_int_equal(c->arch.sr[SR_VTTBR_EL2], 0x42);
    pe_one(p, MSR(ENC(3, 5, 1, 0, 0), 0)); /* SCTLR_EL12 */
    memcpy(&v, p->ram + (VNCR_PAGE + 0x110 - PE_RAM_BASE), sizeof(v));
    assert_int_equal(v, 0xabcdef);
    /* As EL2's data are big-endian, so is the page. */
    c->arch.sr[SR_SCTLR_EL2] |= SCTLR_EE;
    mmu_controls_changed(c);
    pe_one(p, MRS(0, ENC(3, 4, 2, 1, 0)));
    assert_int_equal(cpu_get_x(c, 0), __builtin_bswap64(0xabcdef));
    pe_free(p);
}

/* The page is an address of EL2's regime; its faults are EL2's own, but for the vector. */
static void test_page_fault(void **state)
{
    static const struct {
        uint64_t va;
        bool write;
        unsigned fsc;
    } rows[] = {
        {VNCR_PAGE, false, 0x3f /* none */}, {UINT64_C(0x80000000), false, 0x05},
        {UINT64_C(0x80000000), true, 0x05},  {UINT64_C(0xc0000000), true, 0x0d},
        {UINT64_C(0xc0000000), false, 0x3f},
    };
    struct pe *p = pe_vectors(every);
    struct cpu *c = p->cpu;
    /* One table of 1 GiB blocks: RAM; nothing; read-only RAM. */
    uint64_t table[512] = {[1] = 0x40000000 | 0x401, [3] = 0x40000000 | 0x481}, off;

    (void)state;
    pe_write(p, TABLES, table, sizeof(table));
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        guest_at(p, 1, HCR_NV | HCR_NV2);
        c->arch.sr[SR_TCR_EL2] = 25 | 5 << 16 | UINT64_C(0x80800000);
        c->arch.sr[SR_MAIR_EL2] = 0xff;
        c->arch.sr[SR_TTBR0_EL2] = TABLES;
        c->arch.sr[SR_SCTLR_EL2] |= SCTLR_M;
        mmu_controls_changed(c);
        sysreg_write_id(c, SR_VNCR_EL2, rows[i].va);
        pe_one(p, rows[i].write ? MSR(ENC(3, 4, 2, 1, 0), 0) : MRS(0, ENC(3, 4, 2, 1, 0)));
        if (rows[i].fsc == 0x3f) {
            assert_int_equal(pe_vector(p, &off), 0);
            continue;
        }
        assert_int_equal(pe_vector(p, &off), 2);
        assert_int_equal(off, 0x400);
        /* EC of a data abort without a change of level; VNCR is bit 13. */
        assert_int_equal(pe_esr(p, 2), tg_put(ESR_EC, 0x25) | ESR_IL | TG_BIT(13) |
                                           (rows[i].write ? TG_BIT(6) : 0) | rows[i].fsc);
        assert_int_equal(c->arch.sr[SR_FAR_EL2], rows[i].va + 0x20);
        assert_int_equal(c->arch.sr[SR_ELR_EL2], CODE);
        assert_int_equal(tg_get(c->arch.sr[SR_SPSR_EL2], SPSR_EL), 1);
    }
    pe_free(p);
}

/* With NV and NV1 EL1's tables have EL2's form: AP[1] and PAN mean nothing, bit 54 forbids EL1 to execute. */
static void test_nv1_translation(void **state)
{
    static const struct {
        uint64_t attrs; /* of the block of data */
        bool pan, nv1;
        bool fault;
    } rows[] = {
        {0x401, false, false, false}, {0x441, false, false, false}, {0x441, true, false, true},
        {0x441, true, true, false},   {0x481, true, true, false},
    };
    struct pe *p = pe_vectors(every);
    struct cpu *c = p->cpu;
    uint64_t table[512] = {0}, off;

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        table[1] = 0x40000000 | 0x401;
        table[2] = 0x40000000 | rows[i].attrs;
        pe_write(p, TABLES, table, sizeof(table));
        guest_at(p, 1, HCR_NV | (rows[i].nv1 ? HCR_NV1 : 0));
        c->arch.sr[SR_TCR_EL1] = 25 | UINT64_C(5) << 32 | TG_BIT(23);
        c->arch.sr[SR_MAIR_EL1] = 0xff;
        c->arch.sr[SR_TTBR0_EL1] = TABLES;
        c->arch.sr[SR_SCTLR_EL1] |= SCTLR_M;
        c->arch.pan = rows[i].pan;
        mmu_drop_everything(c);
        mmu_controls_changed(c);
        cpu_context_changed(c);
        cpu_set_x(c, 1, UINT64_C(0x80000000) + 0x1000);
        pe_one(p, LDR_X0_X1);
        assert_int_equal(pe_vector(p, &off), rows[i].fault ? 1 : 0);
    }
    /* Bit 54 on the code: EL1 may not execute it with NV1, and may without (there it is EL0's). */
    for (unsigned nv1 = 0; nv1 < 2; nv1++) {
        table[1] = 0x40000000 | 0x401 | TG_BIT(54);
        pe_write(p, TABLES, table, sizeof(table));
        guest_at(p, 1, HCR_NV | (nv1 ? HCR_NV1 : 0));
        c->arch.sr[SR_TCR_EL1] = 25 | UINT64_C(5) << 32 | TG_BIT(23);
        c->arch.sr[SR_TTBR0_EL1] = TABLES;
        c->arch.sr[SR_SCTLR_EL1] |= SCTLR_M;
        mmu_drop_everything(c);
        mmu_controls_changed(c);
        cpu_context_changed(c);
        c->arch.sr[SR_VBAR_EL1] = 0;
        pe_one(p, NOP);
        assert_int_equal(cpu_get_pc(c) == CODE + 4, !nv1);
    }
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_el3_enables),
        cmocka_unit_test(test_fgt),
        cmocka_unit_test(test_reserved_counter),
        cmocka_unit_test(test_twed),
        cmocka_unit_test(test_twed_wfet),
        cmocka_unit_test(test_ecv),
        cmocka_unit_test(test_amu),
        cmocka_unit_test(test_amu_offsets),
        cmocka_unit_test(test_exception_entry),
        cmocka_unit_test(test_guest_hypervisor),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_page_fault),
        cmocka_unit_test(test_nv1_translation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
