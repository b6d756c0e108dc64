/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over all feature switches (models/cpu/features.h). Each has a row: the ID-register field that names
 * it with its values when it is there and when it is not, and words that exist with it alone, with the lowest
 * EL that may use them. Off (and with it whatever needs it), the words are undefined from each EL and the
 * field has its other value; on, they execute from each EL that may use them. A switch without a row is an
 * error.
 */
#include "insn.h"

#include <stdio.h>

#define SYS(op1, crn, crm, op2) \
    (UINT32_C(0xd5080001) | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5) /* x1 */

#define PFR0  ENC(3, 0, 0, 4, 0)
#define PFR1  ENC(3, 0, 0, 4, 1)
#define DFR0  ENC(3, 0, 0, 5, 0)
#define ISAR0 ENC(3, 0, 0, 6, 0)
#define ISAR1 ENC(3, 0, 0, 6, 1)
#define ISAR2 ENC(3, 0, 0, 6, 2)
#define MMFR0 ENC(3, 0, 0, 7, 0)
#define MMFR1 ENC(3, 0, 0, 7, 1)
#define MMFR2 ENC(3, 0, 0, 7, 2)

struct word {
    uint32_t insn;
    uint8_t min_el; /* lowest level that may use it */
};

/* on: value of the four bits from `lo` of the ID register on a core with all features but those of `without`;
 * off: on the same core without this one (and what needs it). */
struct row {
    uint32_t id;
    uint8_t lo, on, off;
    struct word word[6];
    uint8_t without[3]; /* plus 1 */
    const char *why;    /* no field or no words: the reason */
};

#define ID(reg, lo_, on_, off_) .id = reg, .lo = lo_, .on = on_, .off = off_

/* clang-format off */
static const struct row rows[CPU_FEAT_COUNT] = {
    [CPU_FEAT_FP] = {ID(PFR0, 16, 1, 0xf), {{FADD_D0, 0}}},
    [CPU_FEAT_CRC32] = {ID(ISAR0, 16, 1, 0), {{0x1ac24020, 0}}},                /* crc32b w0, w1, w2 */
    [CPU_FEAT_AES] = {ID(ISAR0, 4, 2, 0), {{0x4e284820, 0}}},                   /* aese v0.16b, v1.16b */
    [CPU_FEAT_PMULL] = {ID(ISAR0, 4, 2, 1), {{0x0ee2e020, 0}}},                 /* pmull v0.1q, v1.1d, v2.1d */
    [CPU_FEAT_SHA1] = {ID(ISAR0, 8, 1, 0), {{0x5e280820, 0}}},                  /* sha1h s0, s1 */
    [CPU_FEAT_SHA256] = {ID(ISAR0, 12, 2, 0), {{0x5e282820, 0}}},               /* sha256su0 v0.4s, v1.4s */
    [CPU_FEAT_LSE] = {ID(ISAR0, 20, 2, 0), {{0xf8220020, 0}}},                  /* ldadd x2, x0, [x1] */
    [CPU_FEAT_RDM] = {ID(ISAR0, 28, 1, 0), {{0x2e428420, 0}}},                  /* sqrdmlah v0.4h, v1.4h, v2.4h */
    [CPU_FEAT_PAN] = {ID(MMFR1, 20, 3, 0), {{0xd500409f, 1}, {MRS(0, ENC(3, 0, 4, 2, 3)), 1}}},
    [CPU_FEAT_PAN2] = {ID(MMFR1, 20, 3, 1), {{SYS(0, 7, 9, 0), 1}}},            /* at s1e1rp, x1 */
    [CPU_FEAT_UAO] = {ID(MMFR2, 4, 1, 0), {{0xd500407f, 1}, {MRS(0, ENC(3, 0, 4, 2, 4)), 1}}},
    [CPU_FEAT_VHE] = {ID(MMFR1, 8, 1, 0), {{MRS(0, ENC(3, 4, 2, 0, 1)), 2}}},   /* TTBR1_EL2 */
    [CPU_FEAT_VMID16] = {ID(MMFR1, 4, 2, 0), .why = "a width"},
    [CPU_FEAT_HAFDBS] = {ID(MMFR1, 0, 2, 0), .why = "translation"},
    [CPU_FEAT_HPDS] = {ID(MMFR1, 12, 2, 0), .why = "translation"},
    [CPU_FEAT_LOR] = {ID(MMFR1, 16, 1, 0), {{0xc8df7c20, 0}, {MRS(0, ENC(3, 0, 10, 4, 7)), 1}}}, /* ldlar x0, [x1]; LORID_EL1 */
    [CPU_FEAT_XNX] = {ID(MMFR1, 28, 1, 0), .why = "translation"},
    [CPU_FEAT_LRCPC] = {ID(ISAR1, 20, 2, 0), {{0xf8bfc020, 0}}},                /* ldapr x0, [x1] */
    [CPU_FEAT_DOTPROD] = {ID(ISAR0, 44, 1, 0), {{0x0e829420, 0}}},              /* sdot v0.2s, v1.8b, v2.8b */
    [CPU_FEAT_FP16] = {ID(PFR0, 16, 1, 0), {{0x1ee22820, 0}}},                  /* fadd h0, h1, h2 */
    [CPU_FEAT_SSBS] = {ID(PFR1, 4, 2, 0), .why = "a bit of PSTATE and SCTLR_ELx"},
    [CPU_FEAT_SSBS2] = {ID(PFR1, 4, 2, 1), {{MRS(0, ENC(3, 3, 4, 2, 6)), 0}, {0xd503403f, 0}}}, /* msr ssbs, #0 */
    [CPU_FEAT_DPB] = {ID(ISAR1, 0, 2, 0), {{SYS(3, 7, 12, 1), 0}}},             /* dc cvap, x1 */
    [CPU_FEAT_RAS] = {ID(PFR0, 28, 2, 0), {{MRS(0, ENC(3, 0, 5, 3, 0)), 1}, {MRS(0, ENC(3, 0, 5, 4, 0)), 1}, {MRS(0, ENC(3, 0, 5, 5, 1)), 1},
                                           {MRS(0, ENC(3, 0, 12, 1, 1)), 1}, {MRS(0, ENC(3, 4, 12, 1, 1)), 2}, {MRS(0, ENC(3, 4, 5, 2, 3)), 2}}},
    [CPU_FEAT_RASV1P1] = {ID(PFR0, 28, 2, 1), {{MRS(0, ENC(3, 0, 5, 5, 2)), 1}, {MSR(ENC(3, 0, 5, 5, 3), 0), 1}, {MRS(0, ENC(3, 0, 5, 4, 4)), 1},
                                               {MSR(ENC(3, 0, 5, 4, 5), 0), 1}, {MRS(0, ENC(3, 0, 5, 4, 6)), 1}}}, /* ERXMISC2, 3; ERXPFGF, CTL, CDN */
    [CPU_FEAT_IESB] = {ID(MMFR2, 12, 1, 0), .why = "a bit of SCTLR_ELx: ../sysreg/test_ras.c"},
    [CPU_FEAT_TLBIOS] = {ID(ISAR0, 56, 2, 0), {{SYS(0, 8, 1, 0), 1}}},          /* tlbi vmalle1os */
    [CPU_FEAT_TLBIRANGE] = {ID(ISAR0, 56, 2, 1), {{SYS(0, 8, 6, 1), 1}}},       /* tlbi rvae1, x1 */
    [CPU_FEAT_S2FWB] = {ID(MMFR2, 40, 1, 0), .why = "translation"},
    [CPU_FEAT_TTL] = {ID(MMFR2, 48, 1, 0), .why = "a hint in operands"},
    [CPU_FEAT_CNP] = {ID(MMFR2, 0, 1, 0), .why = "a hint in TTBRn_ELx"},
    [CPU_FEAT_DEBUGV8P1] = {ID(DFR0, 0, 9, 6), .why = "rules of debug exceptions"},
    [CPU_FEAT_DEBUGV8P2] = {ID(DFR0, 0, 9, 7), .why = "rules of debug exceptions"},
    [CPU_FEAT_DEBUGV8P4] = {ID(DFR0, 0, 9, 8), .why = "external debug"},
    [CPU_FEAT_PMUV3] = {ID(DFR0, 8, 6, 0), {{MRS(0, ENC(3, 3, 9, 12, 0)), 0}}}, /* PMCR_EL0 */
    [CPU_FEAT_PMUV3P1] = {ID(DFR0, 8, 6, 1), .why = "event numbers"},
    [CPU_FEAT_PMUV3P4] = {ID(DFR0, 8, 6, 4), {{MRS(0, ENC(3, 0, 9, 14, 6)), 1}}}, /* PMMIR_EL1 */
    [CPU_FEAT_PMUV3P5] = {ID(DFR0, 8, 6, 5), .why = "widths: ../pmu/test_pmu.c"},
    [CPU_FEAT_CSV2] = {ID(PFR0, 56, 2, 0), .why = "a promise"},
    [CPU_FEAT_CSV3] = {ID(PFR0, 60, 1, 0), .why = "a promise"},
    [CPU_FEAT_LPA] = {ID(MMFR0, 0, 6, 4), .why = "translation"},
    [CPU_FEAT_LVA] = {ID(MMFR2, 16, 1, 0), .why = "translation"},
    [CPU_FEAT_CCIDX] = {ID(MMFR2, 20, 1, 0), .why = "the format of CCSIDR_EL1: test_insn.c"},
    [CPU_FEAT_FHM] = {ID(ISAR0, 48, 1, 0), {{0x0e22ec20, 0}}},                  /* fmlal v0.2s, v1.2h, v2.2h */
    [CPU_FEAT_SHA512] = {ID(ISAR0, 12, 2, 1), {{0xcec08020, 0}}},               /* sha512su0 v0.2d, v1.2d */
    [CPU_FEAT_SHA3] = {ID(ISAR0, 32, 1, 0), {{0xce020c20, 0}}},                 /* eor3 v0.16b, v1.16b, v2.16b, v3.16b */
    [CPU_FEAT_SM3] = {ID(ISAR0, 36, 1, 0), {{0xce420c20, 0}}},                  /* sm3ss1 v0.4s, v1.4s, v2.4s, v3.4s */
    [CPU_FEAT_SM4] = {ID(ISAR0, 40, 1, 0), {{0xcec08420, 0}}},                  /* sm4e v0.4s, v1.4s */
    [CPU_FEAT_FCMA] = {ID(ISAR1, 16, 1, 0), {{0x6e82e420, 0}}},                 /* fcadd v0.4s, v1.4s, v2.4s, #90 */
    [CPU_FEAT_JSCVT] = {ID(ISAR1, 12, 1, 0), {{0x1e7e0020, 0}}},                /* fjcvtzs w0, d1 */
    [CPU_FEAT_LRCPC2] = {ID(ISAR1, 20, 2, 1), {{0xd9400020, 0}, {0xd9000020, 0}}}, /* ldapur x0, [x1]; stlur */
    [CPU_FEAT_FLAGM] = {ID(ISAR0, 52, 2, 0), {{0xd500401f, 0}, {0x3a00082d, 0}, {0xba000420, 0}}}, /* cfinv, setf8 w1, rmif x1, #0, #0 */
    [CPU_FEAT_FLAGM2] = {ID(ISAR0, 52, 2, 1), {{0xd500403f, 0}, {0xd500405f, 0}}}, /* xaflag, axflag */
    [CPU_FEAT_LSE2] = {ID(MMFR2, 32, 1, 0), .why = "alignment faults: test_insn.c"},
    [CPU_FEAT_DIT] = {ID(PFR0, 48, 1, 0), {{MRS(0, ENC(3, 3, 4, 2, 5)), 0}, {0xd503405f, 0}}}, /* msr dit, #0 */
    [CPU_FEAT_FRINTTS] = {ID(ISAR1, 32, 1, 0), {{0x1e284020, 0}}},              /* frint32z s0, s1 */
    [CPU_FEAT_SB] = {ID(ISAR1, 36, 1, 0), {{0xd50330ff, 0}}},
    [CPU_FEAT_SPECRES] = {ID(ISAR1, 40, 1, 0), {{SYS(3, 7, 3, 4), 0}, {SYS(3, 7, 3, 5), 0}, {SYS(3, 7, 3, 7), 0}}},
    [CPU_FEAT_CSV2_2] = {ID(PFR0, 56, 2, 1), {{MRS(0, ENC(3, 3, 13, 0, 7)), 0}, {MRS(0, ENC(3, 0, 13, 0, 7)), 1},
                                              {MRS(0, ENC(3, 4, 13, 0, 7)), 2}, {MRS(0, ENC(3, 6, 13, 0, 7)), 3}}},
    [CPU_FEAT_DPB2] = {ID(ISAR1, 0, 2, 1), {{SYS(3, 7, 13, 1), 0}}},            /* dc cvadp, x1 */
    [CPU_FEAT_RNG] = {ID(ISAR0, 60, 1, 0), {{MRS(0, ENC(3, 3, 2, 4, 0)), 0}, {MRS(0, ENC(3, 3, 2, 4, 1)), 0}}},
    [CPU_FEAT_BF16] = {ID(ISAR1, 44, 1, 0), {{0x1e634020, 0}, {0x2e42fc20, 0}}}, /* bfcvt h0, s1; bfdot v0.2s, v1.4h, v2.4h */
    [CPU_FEAT_I8MM] = {ID(ISAR1, 52, 1, 0), {{0x4e82a420, 0}, {0x0e829c20, 0}}}, /* smmla v0.4s, v1.16b, v2.16b; usdot */
    [CPU_FEAT_WFXT] = {ID(ISAR2, 0, 2, 0), {{0xd503101f, 0}, {0xd503103f, 0}}}, /* wfet xzr, wfit xzr */
    [CPU_FEAT_DGH] = {ID(ISAR1, 48, 1, 0), .why = "a hint, which is a NOP without it"},
    [CPU_FEAT_XS] = {ID(ISAR1, 56, 1, 0), {{0xd5033e3f, 0}, {SYS(0, 9, 7, 0), 1}}}, /* dsb synxs; tlbi vmalle1nxs */
    [CPU_FEAT_PAUTH] = {ID(ISAR1, 4, 5, 0), {{0xdac143e0, 0}, {0xdac147e0, 0}, {0x9ac23020, 0}, {MRS(0, ENC(3, 0, 2, 1, 0)), 1},
                                             {0xf8200420, 0}, {0xd65f0bff, 0}},
                        .without = {CPU_FEAT_PACQARMA3 + 1}}, /* xpaci x0; xpacd x0; pacga x0, x1, x2; APIAKeyLo_EL1; ldraa x0, [x1]; retaa */
    [CPU_FEAT_PACQARMA3] = {ID(ISAR2, 12, 5, 0), .why = "the same instructions"},
    [CPU_FEAT_PACIMP] = {ID(ISAR1, 8, 5, 0), .without = {CPU_FEAT_PACQARMA3 + 1}, .why = "the same instructions"},
    [CPU_FEAT_PAUTH2] = {ID(ISAR1, 4, 5, 1), .without = {CPU_FEAT_PACQARMA3 + 1}, .why = "the same instructions: test_pac.c"},
    [CPU_FEAT_FPAC] = {ID(ISAR1, 4, 5, 3), .without = {CPU_FEAT_PACQARMA3 + 1}, .why = "faults: test_pac.c"},
    [CPU_FEAT_FPACCOMBINE] = {ID(ISAR1, 4, 5, 4), .without = {CPU_FEAT_PACQARMA3 + 1}, .why = "faults: test_pac.c"},
    [CPU_FEAT_BTI] = {ID(PFR1, 0, 1, 0), .why = "hints, which are NOPs without it: test_bti.c"},
    [CPU_FEAT_HPDS2] = {ID(MMFR1, 12, 2, 1), .why = "translation"},
    [CPU_FEAT_E0PD] = {ID(MMFR2, 60, 1, 0), .why = "translation"},
    [CPU_FEAT_PAN3] = {ID(MMFR1, 20, 3, 2), .why = "translation"},
    [CPU_FEAT_TTST] = {ID(MMFR2, 28, 1, 0), .why = "translation"},
    [CPU_FEAT_BBM] = {ID(MMFR2, 52, 2, 0), .why = "translation"},
    [CPU_FEAT_IDST] = {ID(MMFR2, 36, 1, 0), .why = "the syndrome of trapped ID registers"},
    [CPU_FEAT_ETS] = {ID(MMFR1, 36, 1, 0), .why = "a promise"},
    [CPU_FEAT_NTLBPA] = {ID(MMFR1, 48, 1, 0), .why = "a promise"},
    [CPU_FEAT_GRAN16K] = {ID(MMFR0, 20, 1, 0), .why = "translation"},
    [CPU_FEAT_GRAN64K] = {ID(MMFR0, 24, 0, 0xf), .why = "translation"},
    [CPU_FEAT_EVT] = {ID(MMFR2, 56, 2, 0), .why = "bits of HCR_EL2: test_nested.c and the trap matrix"},
    [CPU_FEAT_TWED] = {ID(MMFR1, 32, 1, 0), .why = "bits of HCR_EL2 and others: test_nested.c"},
    [CPU_FEAT_HCX] = {ID(MMFR1, 40, 1, 0), {{MRS(0, ENC(3, 4, 1, 2, 2)), 2}}},
    [CPU_FEAT_FGT] = {ID(MMFR0, 56, 1, 0), {{MRS(0, ENC(3, 4, 1, 1, 4)), 2}, {MRS(0, ENC(3, 4, 1, 1, 5)), 2}, {MRS(0, ENC(3, 4, 1, 1, 6)), 2},
                                            {MRS(0, ENC(3, 4, 3, 1, 4)), 2}, {MRS(0, ENC(3, 4, 3, 1, 5)), 2}, {MRS(0, ENC(3, 4, 3, 1, 6)), 2}}},
    [CPU_FEAT_ECV] = {ID(MMFR0, 60, 2, 0), {{MRS(0, ENC(3, 3, 14, 0, 5)), 0}, {MRS(0, ENC(3, 3, 14, 0, 6)), 0}}}, /* CNTPCTSS_EL0, CNTVCTSS_EL0 */
    [CPU_FEAT_ECV_POFF] = {ID(MMFR0, 60, 2, 1), {{MRS(0, ENC(3, 4, 14, 0, 6)), 2}}}, /* CNTPOFF_EL2 */
    [CPU_FEAT_AMUV1P1] = {ID(PFR0, 44, 2, 1), {{MRS(0, ENC(3, 3, 13, 2, 6)), 0}, {MRS(0, ENC(3, 4, 13, 8, 0)), 2}, {MSR(ENC(3, 4, 13, 8, 3), 1), 2}}},
    [CPU_FEAT_AMU] = {ID(PFR0, 44, 2, 0), {{MRS(0, ENC(3, 3, 13, 2, 1)), 0}, {MRS(0, ENC(3, 3, 13, 4, 0)), 0}, {MRS(0, ENC(3, 3, 13, 6, 3)), 0}}},
    [CPU_FEAT_NV] = {ID(MMFR2, 24, 2, 0), .why = "bits of HCR_EL2: test_nested.c and the trap matrix"},
    [CPU_FEAT_NV2] = {ID(MMFR2, 24, 2, 1), {{MRS(0, ENC(3, 4, 2, 2, 0)), 2}}}, /* VNCR_EL2 */
    [CPU_FEAT_EL2] = {ID(PFR0, 8, 1, 0), {{MRS(0, ENC(3, 4, 1, 1, 0)), 2}}},    /* HCR_EL2 */
    [CPU_FEAT_SEL2] = {ID(PFR0, 36, 1, 0), .why = "registers that are there in the Secure state only: ../mmu/test_secure.c"},
    [CPU_FEAT_EL3] = {ID(PFR0, 12, 1, 0), {{MRS(0, ENC(3, 6, 1, 1, 0)), 3}}},   /* SCR_EL3 */
};
/* clang-format on */

/* ---- sets of features ---- */

static struct cpu_features all_but(const struct row *row, int off)
{
    struct cpu_features f = {{0}};
    enum cpu_feature feature, needs;

    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        cpu_features_set(&f, i, 1);
    for (unsigned i = 0; i < sizeof(row->without); i++)
        if (row->without[i])
            cpu_features_set(&f, row->without[i] - 1, 0);
    if (row != &rows[CPU_FEAT_PACIMP]) /* one algorithm at most */
        cpu_features_set(&f, CPU_FEAT_PACIMP, 0);
    if (off >= 0)
        cpu_features_set(&f, (enum cpu_feature)off, 0);
    cpu_features_settle(&f);
    while (!cpu_features_check(&f, &feature, &needs))
        cpu_features_set(&f, feature, 0);
    return f;
}

static struct pe *core(const struct cpu_features *f)
{
    const char *names[CPU_FEAT_COUNT + 1];
    unsigned n = 0;

    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        if (cpu_features_has(f, i))
            names[n++] = cpu_feature_name(i);
    names[n] = NULL;
    return pe_vectors(names);
}

/* At the level, with every control that could trap the use of a feature set to let it pass. */
static void open_at(struct pe *p, unsigned el)
{
    struct cpu *c = p->cpu;
    /* UMA, EnRCTX, DZE, UCT, nTWI, nTWE, UCI; RES1 bits; the PAuth keys' enables stay off */
    uint64_t sctlr =
        0x30c50830 | SCTLR_UMA | TG_BIT(10) | SCTLR_DZE | SCTLR_UCT | SCTLR_NTWI | SCTLR_NTWE | SCTLR_UCI;

    pe_at(p, el, PSTATE(el, el ? 1 : 0, 15));
    sysreg_write_id(c, SR_SCTLR_EL1, sctlr & ~TG_BIT(20));
    sysreg_write_id(c, SR_PMUSERENR_EL0, 15);
    sysreg_write_id(c, SR_AMUSERENR_EL0, 1);
    sysreg_write_id(c, SR_CNTKCTL_EL1, 3);
    if (cpu_has(c, CPU_FEAT_EL2))
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | TG_BIT(40) | TG_BIT(41) | TG_BIT(53) | HCR_FIEN);
    if (cpu_has(c, CPU_FEAT_EL3))
        sysreg_write_id(c, SR_SCR_EL3,
                        SCR_NS | SCR_HCE | SCR_RW | TG_BIT(16) | TG_BIT(17) | SCR_FIEN | TG_BIT(25) |
                            SCR_FGTEN | SCR_ECVEN | SCR_HXEN | SCR_AMVOFF);
    cpu_set_x(c, 1, PE_RAM_BASE + 0x100000);
    cpu_set_x(c, 30, CODE + 4);
    cpu_context_changed(c);
}

static bool has_level(const struct cpu *c, unsigned el)
{
    return el < 2 || cpu_has(c, el == 2 ? CPU_FEAT_EL2 : CPU_FEAT_EL3);
}

static unsigned field(struct pe *p, const struct row *row)
{
    uint64_t v;

    assert_true(cpu_get_sysreg(p->cpu, row->id, &v));
    return v >> row->lo & 15;
}

static unsigned check_row(unsigned feature)
{
    const struct row *row = &rows[feature];
    const char *name = cpu_feature_name(feature);
    unsigned bad = 0;

    for (int on = 0; on < 2; on++) {
        struct cpu_features f = all_but(row, on ? -1 : (int)feature);
        struct pe *p = core(&f);

        if (row->id && field(p, row) != (on ? row->on : row->off)) {
            printf("%s %s: its ID field (register %04x, bit %u) is %u, not %u\n", name, on ? "on" : "off",
                   row->id, row->lo, field(p, row), on ? row->on : row->off);
            bad++;
        }
        for (const struct word *w = row->word; w < row->word + 6 && w->insn; w++) {
            for (unsigned el = 0; el < 4; el++) {
                uint64_t offset;
                unsigned vector;
                bool undefined;

                if (!has_level(p->cpu, el))
                    continue;
                open_at(p, el);
                pe_one(p, w->insn);
                vector = pe_vector(p, &offset);
                undefined = vector && pe_esr(p, vector) >> 26 == 0;
                if (on && el >= w->min_el ? vector != 0 : !undefined) {
                    printf("%s %s: %08x at EL%u: %s (ESR %08llx), not %s\n", name, on ? "on" : "off", w->insn,
                           el, vector ? "taken to a vector" : "executed",
                           vector ? (unsigned long long)pe_esr(p, vector) : 0ULL,
                           on && el >= w->min_el ? "executed" : "undefined");
                    bad++;
                }
            }
        }
        pe_free(p);
    }
    return bad;
}

static void test_each_switch(void **unused)
{
    unsigned bad = 0;

    (void)unused;
    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++) {
        const struct row *row = &rows[i];

        if (!row->id && !row->word[0].insn && !row->why) {
            printf("%s: no row in the table\n", cpu_feature_name(i));
            bad++;
            continue;
        }
        if ((!row->id || !row->word[0].insn) && !row->why) {
            printf("%s: neither field and words, nor the reason why one is missing\n", cpu_feature_name(i));
            bad++;
        }
        bad += check_row(i);
    }
    assert_int_equal(bad, 0);
}

/* What a core lacks is refused in what needs it, by name. */
static void test_needs(void **unused)
{
    struct cpu_features f = {{0}};
    enum cpu_feature feature, needs;

    (void)unused;
    cpu_features_set(&f, CPU_FEAT_PMULL, 1);
    cpu_features_set(&f, CPU_FEAT_FP, 1);
    assert_false(cpu_features_check(&f, &feature, &needs));
    assert_int_equal(feature, CPU_FEAT_PMULL);
    assert_int_equal(needs, CPU_FEAT_AES);
    cpu_features_set(&f, CPU_FEAT_AES, 1);
    assert_true(cpu_features_check(&f, &feature, &needs));
    /* what belongs to EL2 goes with it, silently */
    cpu_features_set(&f, CPU_FEAT_VHE, 1);
    cpu_features_settle(&f);
    assert_false(cpu_features_has(&f, CPU_FEAT_VHE));
    cpu_features_set(&f, CPU_FEAT_EL2, 1);
    cpu_features_set(&f, CPU_FEAT_VHE, 1);
    cpu_features_settle(&f);
    assert_true(cpu_features_has(&f, CPU_FEAT_VHE));
    /* and so does what needs that: any core can be built without its levels */
    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        cpu_features_set(&f, i, i != CPU_FEAT_EL2 && i != CPU_FEAT_EL3);
    cpu_features_settle(&f);
    assert_false(cpu_features_has(&f, CPU_FEAT_NV2));
    assert_true(cpu_features_has(&f, CPU_FEAT_PAUTH));
    assert_true(cpu_features_check(&f, &feature, &needs));
    /* but not what the preset itself left out */
    cpu_features_set(&f, CPU_FEAT_EL2, 1);
    cpu_features_set(&f, CPU_FEAT_NV2, 1);
    cpu_features_settle(&f);
    assert_false(cpu_features_check(&f, &feature, &needs));
    assert_int_equal(needs, CPU_FEAT_NV);
}

/* One algorithm of pointer authentication, or none. */
static void test_exclusive(void **unused)
{
    struct cpu_features f = {{0}};
    enum cpu_feature a, b;

    (void)unused;
    assert_true(cpu_features_exclusive(&f, &a, &b));
    cpu_features_set(&f, CPU_FEAT_PACIMP, 1);
    assert_true(cpu_features_exclusive(&f, &a, &b));
    cpu_features_set(&f, CPU_FEAT_PACQARMA3, 1);
    assert_false(cpu_features_exclusive(&f, &a, &b));
    assert_int_equal(a, CPU_FEAT_PACQARMA3);
    assert_int_equal(b, CPU_FEAT_PACIMP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_switch),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_exclusive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
