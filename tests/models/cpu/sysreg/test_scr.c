/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controls of SCR_EL3: what each traps to EL3 or makes undefined, from which levels, in which direction of
 * the bit. Written from the register's description, D17.2.117 of DDI 0487 J.a; ../sysreg/oracle3 compares
 * with QEMU what QEMU has.
 */
#include "insn.h"

#include <stdio.h>
#include "models/cpu/sysreg/access.h"

static const char *const features[] = {"fp",   "lor",  "ras",     "csv2", "csv2_2", "pauth",    "pauth2",
                                       "fpac", "wfxt", "fgt",     "hcx",  "ecv",    "ecv_poff", "twed",
                                       "vhe",  "amu",  "amuv1p1", "el2",  "el3",    NULL};

#define PACIA_X0_X1 UINT32_C(0xdac10020)
#define PACGA_X0_X1 UINT32_C(0x9ac13020) /* pacga x0, x1, x1 */
#define XPACI_X0    UINT32_C(0xdac143e0)
#define AUTIA_X0_X1 UINT32_C(0xdac11020)
#define WFET_X1     UINT32_C(0xd5031001)
#define WFIT_X1     UINT32_C(0xd5031021)

enum what {
    PASSES,    /* executes */
    TRAPS,     /* to EL3 */
    UNDEFINED, /* where undefined instructions go */
};

/* One row: at levels 1 << el of `from`, insn has the outcome `off` with the bit clear, `on` with the bit set.
 * All else lets it pass. */
static const struct {
    const char *name;
    uint64_t bit;
    uint32_t insn;
    uint8_t from, off, on;
    uint8_t ec; /* of the trap */
    bool secure;
} rows[] = {
    {"FGTEn, HFGRTR_EL2", SCR_FGTEN, MRS(0, ENC(3, 4, 1, 1, 4)), 4, TRAPS, PASSES, 0x18, false},
    {"FGTEn, HFGWTR_EL2", SCR_FGTEN, MSR(ENC(3, 4, 1, 1, 5), 2), 4, TRAPS, PASSES, 0x18, false},
    {"FGTEn, HFGITR_EL2", SCR_FGTEN, MSR(ENC(3, 4, 1, 1, 6), 2), 4, TRAPS, PASSES, 0x18, false},
    {"FGTEn, HDFGRTR_EL2", SCR_FGTEN, MRS(0, ENC(3, 4, 3, 1, 4)), 4, TRAPS, PASSES, 0x18, false},
    {"FGTEn, HDFGWTR_EL2", SCR_FGTEN, MRS(0, ENC(3, 4, 3, 1, 5)), 4, TRAPS, PASSES, 0x18, false},
    {"FGTEn, at EL3", SCR_FGTEN, MRS(0, ENC(3, 4, 1, 1, 4)), 8, PASSES, PASSES, 0, false},
    {"FGTEn, below EL2", SCR_FGTEN, MRS(0, ENC(3, 4, 1, 1, 4)), 3, UNDEFINED, UNDEFINED, 0, false},
    {"AMVOFFEN, AMEVCNTVOFF00_EL2", SCR_AMVOFF, MRS(0, ENC(3, 4, 13, 8, 0)), 4, TRAPS, PASSES, 0x18, false},
    {"AMVOFFEN, AMEVCNTVOFF03_EL2 written", SCR_AMVOFF, MSR(ENC(3, 4, 13, 8, 3), 2), 4, TRAPS, PASSES, 0x18,
     false},
    {"AMVOFFEN, at EL3", SCR_AMVOFF, MRS(0, ENC(3, 4, 13, 8, 2)), 8, PASSES, PASSES, 0, false},
    {"HXEn, HCRX_EL2", SCR_HXEN, MRS(0, ENC(3, 4, 1, 2, 2)), 4, TRAPS, PASSES, 0x18, false},
    {"HXEn, HCRX_EL2 written", SCR_HXEN, MSR(ENC(3, 4, 1, 2, 2), 2), 4, TRAPS, PASSES, 0x18, false},
    {"HXEn, at EL3", SCR_HXEN, MRS(0, ENC(3, 4, 1, 2, 2)), 8, PASSES, PASSES, 0, false},
    {"ECVEn, CNTPOFF_EL2", SCR_ECVEN, MRS(0, ENC(3, 4, 14, 0, 6)), 4, TRAPS, PASSES, 0x18, false},
    {"ECVEn, CNTPOFF_EL2 written", SCR_ECVEN, MSR(ENC(3, 4, 14, 0, 6), 2), 4, TRAPS, PASSES, 0x18, false},
    {"ECVEn, at EL3", SCR_ECVEN, MRS(0, ENC(3, 4, 14, 0, 6)), 8, PASSES, PASSES, 0, false},
    {"APK, APIAKeyLo_EL1", SCR_APK, MRS(0, ENC(3, 0, 2, 1, 0)), 6, TRAPS, PASSES, 0x18, false},
    {"APK, APGAKeyHi_EL1 written", SCR_APK, MSR(ENC(3, 0, 2, 3, 1), 2), 6, TRAPS, PASSES, 0x18, false},
    {"APK, at EL3", SCR_APK, MRS(0, ENC(3, 0, 2, 1, 0)), 8, PASSES, PASSES, 0, false},
    {"APK, secure", SCR_APK, MRS(0, ENC(3, 0, 2, 1, 0)), 2, TRAPS, PASSES, 0x18, true},
    {"APK, not instructions", SCR_APK, PACGA_X0_X1, 7, PASSES, PASSES, 0, false},
    {"API, PACIA", SCR_API, PACIA_X0_X1, 7, TRAPS, PASSES, 0x09, false},
    {"API, PACGA", SCR_API, PACGA_X0_X1, 7, TRAPS, PASSES, 0x09, false},
    {"API, PACGA, secure", SCR_API, PACGA_X0_X1, 3, TRAPS, PASSES, 0x09, true},
    {"API, XPACI", SCR_API, XPACI_X0, 7, PASSES, PASSES, 0, false},
    {"API, at EL3", SCR_API, PACIA_X0_X1, 8, PASSES, PASSES, 0, false},
    {"API, not keys", SCR_API, MRS(0, ENC(3, 0, 2, 1, 0)), 6, PASSES, PASSES, 0, false},
    {"EnSCXT, SCXTNUM_EL0", SCR_ENSCXT, MRS(0, ENC(3, 3, 13, 0, 7)), 7, TRAPS, PASSES, 0x18, false},
    {"EnSCXT, SCXTNUM_EL1", SCR_ENSCXT, MRS(0, ENC(3, 0, 13, 0, 7)), 6, TRAPS, PASSES, 0x18, false},
    {"EnSCXT, SCXTNUM_EL2", SCR_ENSCXT, MSR(ENC(3, 4, 13, 0, 7), 2), 4, TRAPS, PASSES, 0x18, false},
    {"EnSCXT, SCXTNUM_EL3", SCR_ENSCXT, MRS(0, ENC(3, 6, 13, 0, 7)), 8, PASSES, PASSES, 0, false},
    {"TLOR, LORC_EL1", SCR_TLOR, MRS(0, ENC(3, 0, 10, 4, 3)), 6, PASSES, TRAPS, 0x18, false},
    {"TLOR, LORID_EL1", SCR_TLOR, MRS(0, ENC(3, 0, 10, 4, 7)), 6, PASSES, TRAPS, 0x18, false},
    {"TERR, ERRSELR_EL1", SCR_TERR, MRS(0, ENC(3, 0, 5, 3, 1)), 6, PASSES, TRAPS, 0x18, false},
    {"TERR, not DISR_EL1", SCR_TERR, MRS(0, ENC(3, 0, 12, 1, 1)), 6, PASSES, PASSES, 0, false},
    {"ST, CNTPS_CTL_EL1, secure", SCR_ST, MRS(0, ENC(3, 7, 14, 2, 1)), 2, TRAPS, PASSES, 0x18, true},
    {"ST, CNTPS_CVAL_EL1 written, secure", SCR_ST, MSR(ENC(3, 7, 14, 2, 2), 2), 2, TRAPS, PASSES, 0x18, true},
    {"ST, CNTPS_TVAL_EL1, not secure", SCR_ST, MRS(0, ENC(3, 7, 14, 2, 0)), 7, UNDEFINED, UNDEFINED, 0,
     false},
    {"ST, at EL3", SCR_ST, MRS(0, ENC(3, 7, 14, 2, 1)), 8, PASSES, PASSES, 0, false},
    {"TWI, WFI", SCR_TWI, WFI, 7, PASSES, TRAPS, 0x01, false},
    {"TWI, WFI, secure", SCR_TWI, WFI, 3, PASSES, TRAPS, 0x01, true},
    {"TWI, WFIT", SCR_TWI, WFIT_X1, 7, PASSES, TRAPS, 0x01, false},
    {"TWI, not WFE", SCR_TWI, WFE, 7, PASSES, PASSES, 0, false},
    {"TWI, at EL3", SCR_TWI, WFI, 8, PASSES, PASSES, 0, false},
    {"TWE, WFE", SCR_TWE, WFE, 7, PASSES, TRAPS, 0x01, false},
    {"TWE, WFET", SCR_TWE, WFET_X1, 7, PASSES, TRAPS, 0x01, false},
    {"TWE, not WFI", SCR_TWE, WFI, 7, PASSES, PASSES, 0, false},
    {"TWE, at EL3", SCR_TWE, WFE, 8, PASSES, PASSES, 0, false},
    {"SMD, SMC", SCR_SMD, SMC(0), 14, TRAPS, UNDEFINED, 0x17, false},
    {"SMD, SMC at EL0", SCR_SMD, SMC(0), 1, UNDEFINED, UNDEFINED, 0, false},
    {"HCE, HVC of EL3", SCR_HCE, HVC(0), 8, UNDEFINED, TRAPS, 0x16, false},
};

/* HVC below EL3 goes to EL2, and so has rows of its own. */
static const struct {
    uint8_t el;
    bool hce, secure;
    uint8_t to, ec;
} hvc_rows[] = {
    {1, true, false, 2, 0x16}, {1, false, false, 1, 0}, {2, true, false, 2, 0x16},
    {2, false, false, 2, 0},   {1, true, true, 1, 0},   {0, true, false, 1, 0},
};

static void prepare(struct pe *p, unsigned el, uint64_t scr)
{
    struct cpu *c = p->cpu;

    pe_at(p, el, PSTATE(el, el != 0, 15));
    sysreg_write_id(c, SR_SCR_EL3, scr);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_API | HCR_APK | HCR_ENSCXT);
    for (unsigned i = 1; i <= 3; i++)
        sysreg_write_id(c, cpu_banked(i, SR_SCTLR_EL1, SR_SCTLR_EL2, SR_SCTLR_EL3),
                        0x30c50830 | SCTLR_NTWI | SCTLR_NTWE | SCTLR_ENIA);
    cpu_context_changed(c);
    c->arch.event_reg = false;
    cpu_set_x(c, 1, UINT64_MAX >> 1); /* of WFIT: far away */
    cpu_set_x(c, 2, 0);
}

static void test_rows(void **unused)
{
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;
    const uint64_t open = SCR_NS | SCR_HCE | SCR_FGTEN | SCR_HXEN | SCR_ECVEN | SCR_APK | SCR_API |
                          SCR_ENSCXT | SCR_ST | SCR_AMVOFF;
    unsigned bad = 0;

    (void)unused;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        for (unsigned k = 0; k < 8; k++) {
            unsigned el = k / 2, to, expect;
            enum what what = k & 1 ? rows[i].on : rows[i].off;
            uint64_t scr = (open & ~rows[i].bit) | (k & 1 ? rows[i].bit : 0), offset, esr;

            if (!(rows[i].from >> el & 1))
                continue;
            prepare(p, el, rows[i].secure ? scr & ~SCR_NS : scr);
            pe_one(p, rows[i].insn);
            to = pe_vector(p, &offset);
            esr = pe_esr(p, to) >> 26;
            expect = what == PASSES ? 0 : what == TRAPS ? 3 : el ? el : 1;
            if (to != expect || (to && esr != (what == TRAPS ? rows[i].ec : 0))) {
                printf("%s, at EL%u, bit %u: to EL%u, EC %#llx\n", rows[i].name, el, k & 1, to,
                       to ? (unsigned long long)esr : 0);
                bad++;
            }
            c->arch.asleep = false;
        }
    }
    assert_int_equal(bad, 0);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(hvc_rows); i++) {
        uint64_t offset;

        prepare(p, hvc_rows[i].el, (hvc_rows[i].secure ? 0 : SCR_NS) | (hvc_rows[i].hce ? SCR_HCE : 0));
        pe_one(p, HVC(0));
        assert_int_equal(pe_vector(p, &offset), hvc_rows[i].to);
        assert_int_equal(pe_esr(p, hvc_rows[i].to) >> 26, hvc_rows[i].ec);
    }
    pe_free(p);
}

/* Fine-grained traps, HCRX_EL2 and CNTPOFF_EL2 act while EL3 lets EL2 use them only. */
static void test_effects(void **unused)
{
    static const char *const with_xs[] = {"fp",       "fgt", "hcx", "xs",  "ecv",
                                          "ecv_poff", "vhe", "el2", "el3", NULL};
    struct pe *p = pe_vectors(with_xs);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned k = 0; k < 2; k++) {
        uint64_t offset, here;

        prepare(p, 1, SCR_NS | (k ? SCR_FGTEN | SCR_HXEN | SCR_ECVEN : 0));
        sysreg_write_id(c, SR_HFGRTR_EL2, TG_BIT(25)); /* MIDR_EL1 */
        sysreg_write_id(c, SR_HCRX_EL2, ~UINT64_C(0));
        assert_int_equal(c->arch.sr[SR_HCRX_EL2],
                         HCRX_FNXS | HCRX_FGTNXS); /* the rest belongs to what is not there */
        assert_int_equal(cpu_hcrx_eff(c), k ? HCRX_FNXS | HCRX_FGTNXS : 0);
        pe_one(p, MRS(0, ENC(3, 0, 0, 0, 0)));
        assert_int_equal(pe_vector(p, &offset), k ? 2 : 0);
        sysreg_write_id(c, SR_HFGRTR_EL2, 0);
        prepare(p, 1, SCR_NS | (k ? SCR_ECVEN : 0));
        sysreg_write_id(c, SR_CNTHCTL_EL2, 3 | CNTHCTL_ECV);
        sysreg_write_id(c, SR_CNTPOFF_EL2, UINT64_C(1) << 40);
        pe_one(p, MRS(0, ENC(3, 3, 14, 0, 1))); /* CNTPCT_EL0 */
        here = cpu_get_x(c, 0);
        if (k)
            assert_true(here > UINT64_MAX - (UINT64_C(1) << 41));
        else
            assert_true(here < UINT64_C(1) << 40);
    }
    pe_free(p);
}

/* FPAC at each level, EL3 too: a wrong code faults to where synchronous exceptions of the level go. */
static void test_fpac(void **unused)
{
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned el = 0; el < 4; el++) {
        for (unsigned right = 0; right < 2; right++) {
            uint64_t offset, signed_;
            unsigned expect = right ? 0 : el ? el : 1;

            prepare(p, el, SCR_NS | SCR_API | SCR_APK);
            c->arch.sr[SR_APIAKeyLo_EL1] = 0x123456789;
            cpu_set_x(c, 0, CODE);
            pe_one(p, PACIA_X0_X1);
            signed_ = cpu_get_x(c, 0);
            assert_int_not_equal(signed_, CODE);
            cpu_set_x(c, 0, right ? signed_ : signed_ ^ UINT64_C(1) << 50);
            pe_one(p, AUTIA_X0_X1);
            assert_int_equal(pe_vector(p, &offset), expect);
            if (right)
                assert_int_equal(cpu_get_x(c, 0), CODE);
            else
                assert_int_equal(pe_esr(p, expect), esr_make(EC_PACFAIL, 0));
        }
    }
    pe_free(p);
}

/* What a payload finds that is started below EL3 of a PE with EL3, as firmware would have left it. */
static void test_from_firmware(void **unused)
{
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;
    uint64_t offset;

    (void)unused;
    cpu_power_on(c, 2, CODE, 0, cpu_local_time(c));
    assert_true(cpu_el2_enabled(c));
    assert_false(cpu_is_secure(c));
    assert_int_equal(c->arch.sr[SR_SCR_EL3] & (SCR_NS | SCR_HCE | SCR_APK | SCR_API | SCR_ENSCXT | SCR_FGTEN |
                                               SCR_ECVEN | SCR_HXEN),
                     SCR_NS | SCR_HCE | SCR_APK | SCR_API | SCR_ENSCXT | SCR_FGTEN | SCR_ECVEN | SCR_HXEN);
    assert_int_equal(c->arch.sr[SR_SCR_EL3] &
                         (SCR_IRQ | SCR_FIQ | SCR_EA | SCR_SMD | SCR_TWI | SCR_TWE | SCR_TERR | SCR_TLOR),
                     0);
    pe_one(p, MRS(0, ENC(3, 4, 1, 1, 4)));
    assert_int_equal(pe_vector(p, &offset), 0);
    cpu_power_on(c, 3, CODE, 0, cpu_local_time(c));
    assert_int_equal(c->arch.sr[SR_SCR_EL3] & SCR_NS, 0); /* firmware itself starts as after reset */
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_effects),
        cmocka_unit_test(test_fpac),
        cmocka_unit_test(test_from_firmware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
