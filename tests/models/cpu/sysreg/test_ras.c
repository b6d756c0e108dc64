/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FEAT_RAS and FEAT_RASv1p1: error records and what traps them, SErrors that ESB defers, virtual SErrors,
 * double faults (SCR_EL3.EASE and NMEA). Arm ARM DDI 0487 J.a, D17.3, and the pseudocode
 * AArch64.ESBOperation, vESBOperation.
 */
#include "insn.h"

#include "models/cpu/sysreg/access.h"

#define ERRIDR     ENC(3, 0, 5, 3, 0)
#define ERRSELR    ENC(3, 0, 5, 3, 1)
#define ERXFR      ENC(3, 0, 5, 4, 0)
#define ERXCTLR    ENC(3, 0, 5, 4, 1)
#define ERXSTATUS  ENC(3, 0, 5, 4, 2)
#define ERXADDR    ENC(3, 0, 5, 4, 3)
#define ERXPFGF    ENC(3, 0, 5, 4, 4)
#define ERXPFGCTL  ENC(3, 0, 5, 4, 5)
#define ERXPFGCDN  ENC(3, 0, 5, 4, 6)
#define ERXMISC(n) ENC(3, 0, 5, 5, n)
#define DISR       ENC(3, 0, 12, 1, 1)

#define ESB          UINT32_C(0xd503221f)
#define DISR_A       TG_BIT(31)
#define EC(esr)      ((esr) >> 26)
#define SYNDROME     UINT64_C(0x1a55aa5)
#define SAME_SERROR  0x380 /* vectors: of the same level, of a lower one */
#define LOWER_SERROR 0x580

static const char *const ras[] = {"fp", "ras", "rasv1p1", "iesb", "vhe", "fgt", "el2", "el3", NULL};
static const char *const records[] = {"error_records", "2", NULL};

static struct pe *core(const char *const *features)
{
    return pe_vectors_with(features, records);
}

/* Runs the access at the current state; its result. Fails when it is trapped. */
static uint64_t mrs(struct pe *p, uint32_t enc)
{
    uint64_t offset;

    pe_one(p, MRS(0, enc));
    assert_int_equal(pe_vector(p, &offset), 0);
    return cpu_get_x(p->cpu, 0);
}

static void msr(struct pe *p, uint32_t enc, uint64_t v)
{
    uint64_t offset;

    cpu_set_x(p->cpu, 0, v);
    pe_one(p, MSR(enc, 0));
    assert_int_equal(pe_vector(p, &offset), 0);
}

/* ---- records ---- */

static void test_records(void **unused)
{
    struct pe *p = core(ras);
    uint64_t all = ~UINT64_C(0);

    (void)unused;
    pe_at(p, 3, PSTATE(3, 1, 15));
    assert_int_equal(mrs(p, ERRIDR), 2);
    for (uint64_t n = 0; n < 2; n++) {
        msr(p, ERRSELR, n);
        assert_int_equal(mrs(p, ERRSELR), n);
        assert_int_equal(mrs(p, ERXFR), 0xa9a2);
        assert_int_equal(mrs(p, ERXCTLR), 0);
        msr(p, ERXCTLR, all);
        assert_int_equal(mrs(p, ERXCTLR), 0x10d); /* ED, UI, FI, CFI */
        msr(p, ERXMISC(0), all);
        assert_int_equal(mrs(p, ERXMISC(0)), 0xffff00000000); /* the two counters and their overflows */
        for (unsigned i = 1; i < 4; i++)
            msr(p, ERXMISC(i), 100 * n + i);
        msr(p, ERXADDR, 100 * n + 7);
        msr(p, ERXSTATUS, all); /* clears what is set, and nothing is */
        assert_int_equal(mrs(p, ERXSTATUS), 0);
        msr(p, ERXPFGCTL, all);
        assert_int_equal(mrs(p, ERXPFGCTL) | mrs(p, ERXPFGF) | mrs(p, ERXPFGCDN), 0);
    }
    for (uint64_t n = 0; n < 2; n++) { /* each has its own */
        msr(p, ERRSELR, n);
        for (unsigned i = 1; i < 4; i++)
            assert_int_equal(mrs(p, ERXMISC(i)), 100 * n + i);
        assert_int_equal(mrs(p, ERXADDR), 100 * n + 7);
    }
    msr(p, ERRSELR, 2); /* behind the last */
    msr(p, ERXCTLR, all);
    msr(p, ERXADDR, all);
    assert_int_equal(
        mrs(p, ERXFR) | mrs(p, ERXCTLR) | mrs(p, ERXADDR) | mrs(p, ERXMISC(0)) | mrs(p, ERXMISC(3)), 0);
    pe_free(p);
}

static const struct {
    uint32_t enc;
    bool writes, injection;
    uint8_t fgt;
} registers[] = {
    {ERRIDR, false, false, 40},    {ERRSELR, true, false, 41},    {ERXFR, false, false, 42},
    {ERXCTLR, true, false, 43},    {ERXSTATUS, true, false, 44},  {ERXMISC(0), true, false, 45},
    {ERXMISC(1), true, false, 45}, {ERXMISC(2), true, false, 45}, {ERXMISC(3), true, false, 45},
    {ERXPFGF, false, true, 46},    {ERXPFGCTL, true, true, 47},   {ERXPFGCDN, true, true, 48},
    {ERXADDR, true, false, 49},
};

/* HCR_EL2.TERR and FIEN, SCR_EL3.TERR and FIEN, HFGRTR_EL2 and HFGWTR_EL2, from each level. */
static void test_traps(void **unused)
{
    struct pe *p = core(ras);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(registers); i++) {
        for (unsigned k = 0; k < 4 * 32 * 2; k++) {
            unsigned el = k & 3, expect;
            bool terr2 = k & 4, fien2 = k & 8, terr3 = k & 16, fien3 = k & 32, fgt = k & 64, write = k & 128;
            uint64_t offset;

            if (write && !registers[i].writes)
                continue;
            pe_at(p, el, PSTATE(el, el != 0, 15));
            sysreg_write_id(c, SR_HCR_EL2, HCR_RW | (terr2 ? HCR_TERR : 0) | (fien2 ? HCR_FIEN : 0));
            sysreg_write_id(c, SR_SCR_EL3,
                            SCR_NS | SCR_FGTEN | (terr3 ? SCR_TERR : 0) | (fien3 ? SCR_FIEN : 0));
            sysreg_write_id(c, write ? SR_HFGWTR_EL2 : SR_HFGRTR_EL2, fgt ? TG_BIT(registers[i].fgt) : 0);
            cpu_context_changed(c);
            cpu_set_x(c, 0, 0);
            pe_one(p, write ? MSR(registers[i].enc, 0) : MRS(0, registers[i].enc));
            expect = 0;
            if (el == 1 && (terr2 || fgt || (registers[i].injection && !fien2)))
                expect = 2;
            else if ((el == 1 || el == 2) && (terr3 || (registers[i].injection && !fien3)))
                expect = 3;
            if (el == 0) {
                assert_int_equal(pe_vector(p, &offset), 1);
                assert_int_equal(EC(pe_esr(p, 1)), 0);
            } else {
                assert_int_equal(pe_vector(p, &offset), expect);
                if (expect)
                    assert_int_equal(EC(pe_esr(p, expect)), EC_SYSREG);
            }
            c->arch.sr[SR_HFGWTR_EL2] = c->arch.sr[SR_HFGRTR_EL2] = 0;
        }
    }
    pe_free(p);
}

/* Bits that come with the features, and are RES0 without. */
static void test_bits(void **unused)
{
    static const char *const v1p0[] = {"fp", "ras", "el2", "el3", NULL}, *const none[] = {"fp", "el2", "el3",
                                                                                          NULL};
    const char *const *sets[] = {none, v1p0, ras};
    static const uint64_t hcr[] = {0, HCR_TERR | HCR_TEA, HCR_TERR | HCR_TEA | HCR_FIEN},
                          scr[] = {0, SCR_TERR, SCR_TERR | SCR_FIEN | SCR_EASE | SCR_NMEA};

    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        struct pe *p = pe_new(sets[i], NULL, 3);

        sysreg_write_id(p->cpu, SR_HCR_EL2, ~UINT64_C(0));
        assert_int_equal(p->cpu->arch.sr[SR_HCR_EL2] & hcr[2], hcr[i]);
        sysreg_write_id(p->cpu, SR_SCR_EL3, ~UINT64_C(0));
        assert_int_equal(p->cpu->arch.sr[SR_SCR_EL3] & scr[2], scr[i]);
        for (unsigned el = 1; el <= 3; el++) {
            enum sr_id id = cpu_banked(el, SR_SCTLR_EL1, SR_SCTLR_EL2, SR_SCTLR_EL3);

            sysreg_write_id(p->cpu, id, ~SCTLR_M);
            assert_int_equal((p->cpu->arch.sr[id] & SCTLR_IESB) != 0, i == 2);
        }
        pe_free(p);
    }
}

/* ---- SErrors ---- */

static const struct {
    const char *what;
    unsigned el;
    uint64_t hcr, scr;
    uint8_t daif;
    bool deferred; /* ESB turns it into DISR_EL1 */
    unsigned to;   /* level that takes it, 0: it stays pending */
} esb_cases[] = {
    {"EL1, masked", 1, 0, 0, DAIF_A, true, 0},
    {"EL0, masked", 0, 0, 0, DAIF_A, true, 0},
    {"EL1, open", 1, 0, 0, 0, false, 1},
    {"EL1, AMO", 1, HCR_AMO, 0, DAIF_A, false, 2},
    {"EL2, masked, of EL1", 2, 0, 0, DAIF_A, false, 0},
    {"EL2, masked, AMO", 2, HCR_AMO, 0, DAIF_A, true, 0},
    {"EL2, host, masked", 2, HCR_E2H | HCR_TGE, 0, DAIF_A, true, 0},
    {"EL0 of a host, masked", 0, HCR_E2H | HCR_TGE, 0, DAIF_A, true, 0},
    {"EL0 under TGE", 0, HCR_TGE, 0, DAIF_A, false, 2},
    {"EL1, EL3's", 1, 0, SCR_EA, DAIF_A, false, 3},
    {"EL2, EL3's", 2, HCR_AMO, SCR_EA, DAIF_A, false, 3},
    {"EL3, masked", 3, 0, SCR_EA, DAIF_A, true, 0},
    {"EL3, not its own", 3, 0, 0, DAIF_A, false, 0},
    {"EL3, non-maskable", 3, 0, SCR_EA | SCR_NMEA, DAIF_A, false, 3},
    {"EL3, non-maskable but not its own", 3, 0, SCR_NMEA, DAIF_A, false, 0},
};

static void test_esb(void **unused)
{
    struct pe *p = core(ras);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(esb_cases); i++) {
        uint64_t offset, to;

        print_message("%s\n", esb_cases[i].what);
        pe_at(p, esb_cases[i].el, PSTATE(esb_cases[i].el, esb_cases[i].el != 0, esb_cases[i].daif));
        sysreg_write_id(c, SR_SCR_EL3, SCR_NS | SCR_HCE | esb_cases[i].scr);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | esb_cases[i].hcr);
        cpu_class.irq_in(c, TG_PE_SEI, true, 0);
        pe_one(p, ESB);
        to = pe_vector(p, &offset);
        assert_int_equal(to, esb_cases[i].to);
        if (to) {
            assert_int_equal(EC(pe_esr(p, (unsigned)to)), EC_SERROR);
            assert_int_equal(offset, to == esb_cases[i].el ? SAME_SERROR : LOWER_SERROR);
        }
        assert_int_equal(c->arch.sr[SR_DISR_EL1], esb_cases[i].deferred ? DISR_A : 0);
        assert_int_equal(c->arch.line[TG_PE_SEI], !esb_cases[i].deferred && !to);
        cpu_class.irq_in(c, TG_PE_SEI, false, 0);
    }
    pe_free(p);
}

/* A virtual SError is taken with the syndrome of VSESR_EL2, or deferred by ESB into what EL1 reads as
 * DISR_EL1. */
static void test_virtual(void **unused)
{
    struct pe *p = core(ras);
    struct cpu *c = p->cpu;
    uint64_t offset;

    (void)unused;
    for (unsigned masked = 0; masked < 2; masked++) {
        pe_at(p, 1, PSTATE(1, 1, masked ? DAIF_A : 0));
        sysreg_write_id(c, SR_VSESR_EL2, ~UINT64_C(0));
        assert_int_equal(c->arch.sr[SR_VSESR_EL2], TG_FIELD(24, 0));
        sysreg_write_id(c, SR_VSESR_EL2, SYNDROME);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_AMO | HCR_VSE);
        assert_int_equal(sysreg_read_id(c, SR_ISR_EL1), TG_BIT(8));
        pe_one(p, ESB);
        assert_int_equal(c->arch.sr[SR_HCR_EL2] & HCR_VSE, 0);
        if (!masked) {
            assert_int_equal(pe_vector(p, &offset), 1);
            assert_int_equal(offset, SAME_SERROR);
            assert_int_equal(pe_esr(p, 1), esr_make(EC_SERROR, SYNDROME));
            continue;
        }
        assert_int_equal(pe_vector(p, &offset), 0);
        assert_int_equal(c->arch.sr[SR_VDISR_EL2], DISR_A | SYNDROME);
        assert_int_equal(c->arch.sr[SR_DISR_EL1], 0);
        assert_int_equal(mrs(p, DISR), DISR_A | SYNDROME);
        msr(p, DISR, 0);
        assert_int_equal(c->arch.sr[SR_VDISR_EL2], 0);
        cpu_set_pstate(c, PSTATE(1, 1, 0));
        pe_one(p, NOP); /* it is not taken any more */
        assert_int_equal(pe_vector(p, &offset), 0);
    }
    pe_free(p);
}

/* What DISR_EL1 names: at EL1 under AMO VDISR_EL2; below EL3 nothing while EL3 takes SErrors. */
static void test_disr(void **unused)
{
    struct pe *p = core(ras);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned k = 0; k < 12; k++) {
        unsigned el = 1 + k % 3;
        bool amo = k / 3 & 1, ea = k / 6;

        pe_at(p, el, PSTATE(el, 1, 15));
        sysreg_write_id(c, SR_SCR_EL3, SCR_NS | (ea ? SCR_EA : 0));
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | (amo ? HCR_AMO : 0));
        c->arch.sr[SR_DISR_EL1] = 1;
        c->arch.sr[SR_VDISR_EL2] = 2;
        assert_int_equal(mrs(p, DISR), el == 1 && amo ? 2 : el < 3 && ea ? 0 : 1);
        msr(p, DISR, 8);
        assert_int_equal(c->arch.sr[SR_VDISR_EL2], el == 1 && amo ? 8 : 2);
        assert_int_equal(c->arch.sr[SR_DISR_EL1], (el == 1 && amo) || (el < 3 && ea) ? 1 : 8);
    }
    pe_free(p);
}

/* Synchronous external aborts: SCR_EL3.EASE sends those of EL3 to the vector of SErrors. */
static void test_ease(void **unused)
{
    struct pe *p = core(ras);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned k = 0; k < 12; k++) {
        unsigned el = 1 + k % 3;
        bool ease = k / 3 & 1, ea = k / 6;
        uint64_t offset;
        unsigned to;

        pe_at(p, el, PSTATE(el, 1, 15));
        sysreg_write_id(c, SR_SCR_EL3, SCR_NS | (ea ? SCR_EA : 0) | (ease ? SCR_EASE : 0));
        cpu_set_x(c, 1, UINT64_C(0x1000)); /* nothing there */
        pe_one(p, LDR_X0_X1);
        to = pe_vector(p, &offset);
        assert_int_equal(to, ea ? 3 : el);
        assert_int_equal(offset, (to == el ? 0x200u : 0x400u) + (ease && to == 3 ? 0x180 : 0));
        assert_int_equal(EC(pe_esr(p, to)), to == el ? EC_DABT_SAME : EC_DABT_LOWER);
        assert_int_equal(pe_esr(p, to) & 0x3f, 0x10);
    }
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records), cmocka_unit_test(test_traps),   cmocka_unit_test(test_bits),
        cmocka_unit_test(test_esb),     cmocka_unit_test(test_virtual), cmocka_unit_test(test_disr),
        cmocka_unit_test(test_ease),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
