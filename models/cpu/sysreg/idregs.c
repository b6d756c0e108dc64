/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identification registers, made from the feature list and the geometry parameters: what a core advertises is
 * what it has. AArch32 is not implemented; its registers read as zero (sysreg.c, the ID space). Arm ARM DDI
 * 0487 J.a, D17.2.
 */
#include "models/cpu/sysreg/internal.h"

/* Under a hypervisor EL1 sees VPIDR_EL2 and VMPIDR_EL2. */
uint64_t sr_rd_midr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.el == 1 && cpu_el2_on(c) ? c->arch.sr[SR_VPIDR_EL2] : c->p.midr;
}

uint64_t sr_rd_mpidr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.el == 1 && cpu_el2_on(c) ? c->arch.sr[SR_VMPIDR_EL2] : c->ident.mpidr | TG_BIT(31);
}

uint64_t sr_rd_revidr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->p.revidr;
}

uint64_t sr_rd_aidr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->p.aidr;
}

/* One field: bits hi..hi-3 and its value when the feature is there. */
static uint64_t field4(unsigned lo, uint64_t v)
{
    return tg_put(UINT64_C(0xf) << lo, v);
}

static uint64_t have(const struct cpu *c, enum cpu_feature f, unsigned lo, uint64_t v)
{
    return cpu_has(c, f) ? field4(lo, v) : 0;
}

static uint64_t pfr0(const struct cpu *c)
{
    uint64_t v = field4(0, 1) | field4(4, 1); /* EL0, EL1: AArch64 only */

    v |= have(c, CPU_FEAT_EL2, 8, 1) | have(c, CPU_FEAT_EL3, 12, 1);
    if (!cpu_has(c, CPU_FEAT_FP))
        v |= field4(16, 0xf) | field4(20, 0xf);
    else
        v |= have(c, CPU_FEAT_FP16, 16, 1) | have(c, CPU_FEAT_FP16, 20, 1);
    if (c->ports.gic && c->ports.gic->version >= 3)
        v |= field4(24, 1);
    v |= field4(28, cpu_has(c, CPU_FEAT_RASV1P1) ? 2
                    : cpu_has(c, CPU_FEAT_RAS)   ? 1
                                                 : 0) |
         have(c, CPU_FEAT_CSV3, 60, 1);
    v |= field4(56, cpu_has(c, CPU_FEAT_CSV2_2) ? 2 : cpu_has(c, CPU_FEAT_CSV2) ? 1 : 0);
    v |= have(c, CPU_FEAT_DIT, 48, 1);
    v |= field4(44, cpu_has(c, CPU_FEAT_AMUV1P1) ? 2
                    : cpu_has(c, CPU_FEAT_AMU)   ? 1
                                                 : 0) |
         have(c, CPU_FEAT_SEL2, 36, 1);
    return v;
}

static uint64_t dfr0(const struct cpu *c)
{
    /* What FEAT_Debugv8p4 adds concerns external debuggers. */
    uint64_t v = field4(0, cpu_has(c, CPU_FEAT_DEBUGV8P4)   ? 9
                           : cpu_has(c, CPU_FEAT_DEBUGV8P2) ? 8
                           : cpu_has(c, CPU_FEAT_DEBUGV8P1) ? 7
                                                            : 6);

    if (cpu_has(c, CPU_FEAT_PMUV3))
        v |= field4(8, cpu_has(c, CPU_FEAT_PMUV3P5)   ? 6
                       : cpu_has(c, CPU_FEAT_PMUV3P4) ? 5
                       : cpu_has(c, CPU_FEAT_PMUV3P1) ? 4
                                                      : 1);
    v |= field4(12, c->p.breakpoints - 1) | field4(20, c->p.watchpoints - 1);
    if (c->p.ctx_breakpoints)
        v |= field4(28, c->p.ctx_breakpoints - 1);
    return v;
}

static uint64_t isar0(const struct cpu *c)
{
    uint64_t v = field4(4, cpu_has(c, CPU_FEAT_PMULL) ? 2 : cpu_has(c, CPU_FEAT_AES) ? 1 : 0);

    v |= have(c, CPU_FEAT_SHA1, 8, 1) | have(c, CPU_FEAT_CRC32, 16, 1);
    v |= field4(12, cpu_has(c, CPU_FEAT_SHA512) ? 2 : cpu_has(c, CPU_FEAT_SHA256) ? 1 : 0);
    v |= have(c, CPU_FEAT_SHA3, 32, 1) | have(c, CPU_FEAT_SM3, 36, 1) | have(c, CPU_FEAT_SM4, 40, 1);
    v |= have(c, CPU_FEAT_FHM, 48, 1) | have(c, CPU_FEAT_RNG, 60, 1);
    v |= field4(52, cpu_has(c, CPU_FEAT_FLAGM2) ? 2 : cpu_has(c, CPU_FEAT_FLAGM) ? 1 : 0);
    v |= have(c, CPU_FEAT_LSE, 20, 2) | have(c, CPU_FEAT_RDM, 28, 1) | have(c, CPU_FEAT_DOTPROD, 44, 1);
    v |= field4(56, cpu_has(c, CPU_FEAT_TLBIRANGE) ? 2 : cpu_has(c, CPU_FEAT_TLBIOS) ? 1 : 0);
    return v;
}

/* APA, API, APA3: which generation of pointer authentication there is. */
static uint64_t pauth_level(const struct cpu *c)
{
    if (!cpu_has(c, CPU_FEAT_PAUTH2))
        return 1;
    return cpu_has(c, CPU_FEAT_FPACCOMBINE) ? 5 : cpu_has(c, CPU_FEAT_FPAC) ? 4 : 3;
}

static uint64_t isar1(const struct cpu *c)
{
    uint64_t v = field4(0, cpu_has(c, CPU_FEAT_DPB2) ? 2 : cpu_has(c, CPU_FEAT_DPB) ? 1 : 0);

    v |= have(c, CPU_FEAT_JSCVT, 12, 1) | have(c, CPU_FEAT_FCMA, 16, 1);
    v |= field4(20, cpu_has(c, CPU_FEAT_LRCPC2) ? 2 : cpu_has(c, CPU_FEAT_LRCPC) ? 1 : 0);
    v |= have(c, CPU_FEAT_FRINTTS, 32, 1) | have(c, CPU_FEAT_SB, 36, 1) | have(c, CPU_FEAT_SPECRES, 40, 1);
    if (cpu_has(c, CPU_FEAT_PACIMP)) /* API, GPI */
        v |= field4(8, pauth_level(c)) | field4(28, 1);
    else if (cpu_has(c, CPU_FEAT_PAUTH) && !cpu_has(c, CPU_FEAT_PACQARMA3))
        v |= field4(4, pauth_level(c)) | field4(24, 1);
    v |= have(c, CPU_FEAT_DGH, 48, 1);
    v |= have(c, CPU_FEAT_BF16, 44, 1) | have(c, CPU_FEAT_I8MM, 52, 1) | have(c, CPU_FEAT_XS, 56, 1);
    return v;
}

static uint64_t isar2(const struct cpu *c)
{
    return have(c, CPU_FEAT_WFXT, 0, 2) | have(c, CPU_FEAT_PACQARMA3, 12, pauth_level(c)) |
           have(c, CPU_FEAT_PACQARMA3, 8, 1);
}

/* PARange (MMFR0 bits 3:0) of a physical address width. */
static uint64_t pa_range(uint32_t bits)
{
    static const uint8_t width[] = {32, 36, 40, 42, 44, 48, 52};
    uint64_t r = 0;

    for (unsigned i = 0; i < TG_ARRAY_SIZE(width); i++)
        if (bits >= width[i])
            r = i;
    return r;
}

static uint64_t mmfr0(const struct cpu *c)
{
    uint64_t v = pa_range(c->p.pa_bits) | field4(4, 2) | field4(8, 1) |
                 field4(12, 1); /* 16-bit ASIDs, mixed-endian, SNSMem */

    v |= have(c, CPU_FEAT_GRAN16K, 20, 1);
    if (!cpu_has(c, CPU_FEAT_GRAN64K))
        v |= field4(24, 0xf);
    v |= have(c, CPU_FEAT_FGT, 56, 1);
    v |= field4(60, cpu_has(c, CPU_FEAT_ECV_POFF) ? 2 : cpu_has(c, CPU_FEAT_ECV) ? 1 : 0);
    return v;
}

static uint64_t mmfr1(const struct cpu *c)
{
    uint64_t v =
        have(c, CPU_FEAT_HAFDBS, 0, 2) | have(c, CPU_FEAT_VMID16, 4, 2) | have(c, CPU_FEAT_VHE, 8, 1);

    v |= have(c, CPU_FEAT_LOR, 16, 1) | have(c, CPU_FEAT_XNX, 28, 1);
    v |= field4(12, cpu_has(c, CPU_FEAT_HPDS2) ? 2 : cpu_has(c, CPU_FEAT_HPDS) ? 1 : 0);
    v |= field4(20, cpu_has(c, CPU_FEAT_PAN3)   ? 3
                    : cpu_has(c, CPU_FEAT_PAN2) ? 2
                    : cpu_has(c, CPU_FEAT_PAN)  ? 1
                                                : 0);
    v |= have(c, CPU_FEAT_ETS, 36, 1) | have(c, CPU_FEAT_NTLBPA, 48, 1);
    v |= have(c, CPU_FEAT_TWED, 32, 1) | have(c, CPU_FEAT_HCX, 40, 1);
    return v;
}

static uint64_t mmfr2(const struct cpu *c)
{
    uint64_t v = have(c, CPU_FEAT_TTST, 28, 1) | have(c, CPU_FEAT_IDST, 36, 1) |
                 have(c, CPU_FEAT_BBM, 52, 2) | have(c, CPU_FEAT_E0PD, 60, 1);

    v |= have(c, CPU_FEAT_EVT, 56, 2) | have(c, CPU_FEAT_IESB, 12, 1) | have(c, CPU_FEAT_CCIDX, 20, 1);
    v |= field4(24, cpu_has(c, CPU_FEAT_NV2) ? 2 : cpu_has(c, CPU_FEAT_NV) ? 1 : 0);
    return v | have(c, CPU_FEAT_CNP, 0, 1) | have(c, CPU_FEAT_UAO, 4, 1) | have(c, CPU_FEAT_LVA, 16, 1) |
           have(c, CPU_FEAT_LSE2, 32, 1) | have(c, CPU_FEAT_S2FWB, 40, 1) | have(c, CPU_FEAT_TTL, 48, 1);
}

uint64_t sr_rd_idreg(struct cpu *c, enum sr_id id)
{
    switch (id) {
    case SR_ID_AA64PFR0_EL1:
        return pfr0(c);
    case SR_ID_AA64PFR1_EL1:
        return have(c, CPU_FEAT_BTI, 0, 1) | field4(4, cpu_has(c, CPU_FEAT_SSBS2)  ? 2
                                                       : cpu_has(c, CPU_FEAT_SSBS) ? 1
                                                                                   : 0);
    case SR_ID_AA64DFR0_EL1:
        return dfr0(c);
    case SR_ID_AA64ISAR0_EL1:
        return isar0(c);
    case SR_ID_AA64ISAR1_EL1:
        return isar1(c);
    case SR_ID_AA64ISAR2_EL1:
        return isar2(c);
    case SR_ID_AA64MMFR0_EL1:
        return mmfr0(c);
    case SR_ID_AA64MMFR1_EL1:
        return mmfr1(c);
    case SR_ID_AA64MMFR2_EL1:
        return mmfr2(c);
    default:
        return 0;
    }
}

/* ---- caches ---- */

static unsigned log2u(uint64_t v)
{
    return v ? 63 - (unsigned)__builtin_clzll(v) : 0;
}

/* CTR_EL0: lines in words; the L1 instruction cache's indexing, IDC and DIC as the core says. Caches are
 * coherent here in any case, so IDC and DIC are a matter of what software does, and what that costs. */
uint64_t sr_rd_ctr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return TG_BIT(31) | (c->p.ctr_dic ? TG_BIT(29) : 0) | (c->p.ctr_idc ? TG_BIT(28) : 0) | field4(24, 4) |
           field4(20, 4) | field4(16, log2u(c->p.l1d.line / 4)) |
           tg_put(TG_FIELD(15, 14), c->p.ctr_vipt ? 2 : 3) | field4(0, log2u(c->p.l1i.line / 4));
}

/* DC ZVA writes 64 bytes: BS = log2 of 16 words. DZP: prohibited for the level that asks. */
uint64_t sr_rd_dczid(struct cpu *c, enum sr_id id)
{
    bool dzp = false;

    (void)id;
    if (c->arch.el == 0)
        dzp = !(cpu_sctlr(c, 0) & SCTLR_DZE);
    if (c->arch.el <= 1 && (cpu_hcr_eff(c) & HCR_TDZ))
        dzp = true;
    return 4 | (dzp ? TG_BIT(4) : 0);
}

/* The unified caches behind level 1 that are there, by level: the core's own, then its cluster's. */
static const struct cache_params *unified_cache(const struct cpu *c, unsigned level)
{
    const struct cache_params *all[] = {&c->p.l2, &c->p.outer};

    for (size_t i = 0; i < TG_ARRAY_SIZE(all); i++)
        if (all[i]->size && --level == 1)
            return all[i];
    return NULL;
}

#define CLIDR_SEPARATE 3
#define CLIDR_UNIFIED  4

/* Level 1 separate, the others unified; coherency at the last level, LoUU and LoUIS as the core says: 0 where
 * the instruction side sees what is in the data cache. */
uint64_t sr_rd_clidr(struct cpu *c, enum sr_id id)
{
    uint64_t v = CLIDR_SEPARATE | tg_put(TG_FIELD(23, 21), c->p.lou) | tg_put(TG_FIELD(29, 27), c->p.lou);
    unsigned last = 1;

    (void)id;
    if (unified_cache(c, 2))
        v |= tg_put(TG_FIELD(5, 3), CLIDR_UNIFIED), last = 2;
    if (unified_cache(c, 3))
        v |= tg_put(TG_FIELD(8, 6), CLIDR_UNIFIED), last = 3;
    return v | tg_put(TG_FIELD(26, 24), last);
}

uint64_t sr_rd_ccsidr(struct cpu *c, enum sr_id id)
{
    uint64_t sel = c->arch.sr[SR_CSSELR_EL1];
    unsigned level = (unsigned)tg_get(sel, TG_FIELD(3, 1)) + 1;
    const struct cache_params *p = NULL;
    uint64_t sets;

    (void)id;
    if (level == 1)
        p = (sel & 1) ? &c->p.l1i : &c->p.l1d;
    else if (!(sel & 1))
        p = unified_cache(c, level);
    if (!p)
        return 0;
    sets = p->size / p->ways / p->line;
    if (cpu_has(c, CPU_FEAT_CCIDX))
        return (log2u(p->line) - 4) | tg_put(TG_FIELD(23, 3), p->ways - 1) |
               tg_put(TG_FIELD(55, 32), sets - 1);
    return (log2u(p->line) - 4) | tg_put(TG_FIELD(12, 3), p->ways - 1) | tg_put(TG_FIELD(27, 13), sets - 1);
}
