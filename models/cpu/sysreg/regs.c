/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registers of PSTATE and the control registers do when read or written. Identification registers:
 * idregs.c; interrupt status: interrupt.c. Arm ARM DDI 0487 J.a, D17.2 and C5.2.
 */
#include "models/cpu/debug/debug.h"
#include "models/cpu/sysreg/exception.h"
#include "models/cpu/sysreg/internal.h"
#include "models/cpu/timer/timer.h"

uint64_t sr_rd_zero(struct cpu *c, enum sr_id id)
{
    (void)c, (void)id;
    return 0;
}

void sr_wr_ignore(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)c, (void)id, (void)v;
}

/* ---- effective controls ---- */

/* Bits of HCR_EL2 that act as 0 for a host's EL0 (E2H = TGE = 1), and those that act as 0 under TGE alone
 * (D17.2.48, "when TGE is 1"). */
#define HCR_HOST_OFF                                                                                       \
    (HCR_FB | HCR_BSU | HCR_DC | HCR_TWI | HCR_TWE | HCR_TID0 | HCR_TID1 | HCR_TID2 | HCR_TID3 | HCR_TSC | \
     HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TPCP | HCR_TPU | HCR_TTLB | HCR_TVM | HCR_TDZ | HCR_TRVM |       \
     HCR_TLOR | HCR_TERR | HCR_TEA | HCR_TICAB | HCR_TOCU | HCR_TTLBIS | HCR_TTLBOS | HCR_VM | HCR_SWIO |  \
     HCR_PTW | HCR_CD | HCR_ID | HCR_VF | HCR_VI | HCR_VSE | HCR_MIOCNCE | HCR_TID4 | HCR_AT | HCR_NV |    \
     HCR_NV1 | HCR_NV2)

uint64_t cpu_hcr_eff(const struct cpu *c)
{
    uint64_t hcr = c->arch.sr[SR_HCR_EL2];

    if (!cpu_el2_on(c))
        return 0;
    if (tg_likely(!(hcr & HCR_TGE)))
        return hcr;
    if (hcr & HCR_E2H) /* the routing bits are 1 as far as asynchronous exceptions go: see cpu_hcr_routing */
        return (hcr & ~HCR_HOST_OFF) | HCR_FMO | HCR_IMO | HCR_AMO;
    return (hcr & ~(HCR_FB | HCR_TSC | HCR_VF | HCR_VI | HCR_VSE | HCR_DC | HCR_VM | HCR_SWIO | HCR_TVM |
                    HCR_TRVM)) |
           HCR_FMO | HCR_IMO | HCR_AMO;
}

bool cpu_el2_enabled(const struct cpu *c)
{
    return cpu_el2_on(c);
}

bool cpu_is_secure(const struct cpu *c)
{
    return cpu_secure_inline(c);
}

bool cpu_is_host(const struct cpu *c)
{
    return cpu_host(c);
}

/* CPACR_EL1.FPEN and CPTR_EL2.FPEN: 0b01 traps EL0 only, 0b11 nothing, 0b00 and 0b10 everything. */
static bool fpen_traps(uint64_t fpen, bool from_el0)
{
    return fpen == 1 ? from_el0 : fpen != 3;
}

#define CPACR_FPEN   TG_FIELD(21, 20)
#define CPTR_TFP     TG_BIT(10)
#define CPTR_TCPAC   TG_BIT(31)
#define CPTR_TAM     TG_BIT(30)
#define CPTR_TTA_E2H TG_BIT(28)
#define CPTR_TTA     TG_BIT(20)
#define CPTR_RES1    UINT64_C(0x33ff) /* E2H = 0, neither SVE nor SME */

unsigned cpu_fp_trap_target(const struct cpu *c, bool *unknown)
{
    *unknown = false;
    if (!cpu_has(c, CPU_FEAT_FP)) {
        *unknown = true;
        return c->arch.el ? c->arch.el : cpu_tge(c) ? 2 : 1;
    }
    if (c->arch.el < 2 && !cpu_host(c) &&
        fpen_traps(tg_get(c->arch.sr[SR_CPACR_EL1], CPACR_FPEN), c->arch.el == 0)) {
        if (c->arch.el == 0 && cpu_tge(c)) {
            *unknown = true;
            return 2;
        }
        return 1;
    }
    if (c->arch.el < 3 && cpu_el2_on(c)) {
        if (c->arch.sr[SR_HCR_EL2] & HCR_E2H) {
            /* 0b01 traps EL0 under TGE only (D17.2.31). */
            uint64_t fpen = tg_get(c->arch.sr[SR_CPTR_EL2], CPACR_FPEN);

            if (fpen == 1 ? c->arch.el == 0 && cpu_tge(c) : fpen != 3)
                return 2;
        } else if (c->arch.sr[SR_CPTR_EL2] & CPTR_TFP) {
            return 2;
        }
    }
    if (cpu_has(c, CPU_FEAT_EL3) && (c->arch.sr[SR_CPTR_EL3] & CPTR_TFP))
        return 3;
    return 0;
}

/* ---- PSTATE ---- */

uint64_t sr_rd_sp_el0(struct cpu *c, enum sr_id id)
{
    (void)id;
    return cpu_read_sp(c, 0);
}

uint64_t sr_rd_sp_el1(struct cpu *c, enum sr_id id)
{
    (void)id;
    return cpu_read_sp(c, 1);
}

uint64_t sr_rd_sp_el2(struct cpu *c, enum sr_id id)
{
    (void)id;
    return cpu_read_sp(c, 2);
}

void sr_wr_sp_el0(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    cpu_write_sp(c, 0, v);
}

void sr_wr_sp_el1(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    cpu_write_sp(c, 1, v);
}

void sr_wr_sp_el2(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    cpu_write_sp(c, 2, v);
}

uint64_t sr_rd_spsel(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.sp_sel;
}

void sr_wr_spsel(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    cpu_set_el_sp(c, c->arch.el, v & 1);
}

uint64_t sr_rd_currentel(struct cpu *c, enum sr_id id)
{
    (void)id;
    /* A guest hypervisor at EL1 sees itself at EL2. */
    return tg_put(SPSR_EL, c->arch.el == 1 && (cpu_hcr_eff(c) & HCR_NV) ? 2 : c->arch.el);
}

uint64_t sr_rd_pan(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.pan ? SPSR_PAN : 0;
}

void sr_wr_pan(struct cpu *c, enum sr_id id, uint64_t v)
{
    bool pan = v & SPSR_PAN;

    (void)id;
    if (pan == c->arch.pan)
        return;
    c->arch.pan = pan;
    cpu_context_changed(c);
}

uint64_t sr_rd_uao(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.uao ? SPSR_UAO : 0;
}

void sr_wr_uao(struct cpu *c, enum sr_id id, uint64_t v)
{
    bool uao = v & SPSR_UAO;

    (void)id;
    if (uao == c->arch.uao)
        return;
    c->arch.uao = uao;
    cpu_context_changed(c);
}

uint64_t sr_rd_nzcv(struct cpu *c, enum sr_id id)
{
    (void)id;
    return tg_put(SPSR_NZCV, cpu_nzcv(c));
}

void sr_wr_nzcv(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    cpu_set_nzcv(c, (uint32_t)tg_get(v, SPSR_NZCV));
}

uint64_t sr_rd_daif(struct cpu *c, enum sr_id id)
{
    (void)id;
    return tg_put(SPSR_DAIF, c->arch.daif);
}

void sr_wr_daif(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint8_t old = c->arch.daif;

    (void)id;
    c->arch.daif = (uint8_t)tg_get(v, SPSR_DAIF);
    if ((old & ~c->arch.daif) && cpu_interrupt_pending(c, false))
        cpu_attention(c, CPU_ATTN_IRQ);
    if ((old ^ c->arch.daif) & DAIF_D)
        debug_controls_changed(c);
}

uint64_t sr_rd_ssbs(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.ssbs ? SPSR_SSBS : 0;
}

void sr_wr_ssbs(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    c->arch.ssbs = v & SPSR_SSBS;
}

uint64_t sr_rd_dit(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.dit ? SPSR_DIT : 0;
}

void sr_wr_dit(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    c->arch.dit = v & SPSR_DIT;
}

/* RNDR, RNDRRS: a random number always comes, which NZCV = 0 says (C5.2.17). It is splitmix64's (Steele, Lea,
 * Flood 2014), so that a run repeats; who looks from outside (no instruction is running) does not advance it.
 */
uint64_t sr_rd_rndr(struct cpu *c, enum sr_id id)
{
    uint64_t z;

    (void)id;
    if (!c->host.cur)
        return 0;
    z = c->arch.rng += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    cpu_set_nzcv(c, 0);
    return z ^ z >> 31;
}

uint64_t sr_rd_fpcr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.fpu.fpcr;
}

void sr_wr_fpcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    fpu_set_fpcr(&c->arch.fpu, (uint32_t)v);
}

uint64_t sr_rd_fpsr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.fpu.fpsr;
}

void sr_wr_fpsr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    fpu_set_fpsr(&c->arch.fpu, (uint32_t)v);
}

/* ---- control registers ---- */

/* Bits of SCTLR_ELx that a feature brings and that are RES0 without it. */
static const struct {
    uint64_t bits;
    uint8_t feature;
} sctlr_features[] = {
    {SCTLR_NAA, CPU_FEAT_LSE2},
    {SCTLR_ENRCTX, CPU_FEAT_SPECRES},
    {SCTLR_IESB, CPU_FEAT_IESB},
    {SCTLR_EPAN, CPU_FEAT_PAN3},
    {SCTLR_ENIA | SCTLR_ENIB | SCTLR_ENDA | SCTLR_ENDB, CPU_FEAT_PAUTH},
    {SCTLR_BT0 | SCTLR_BT1, CPU_FEAT_BTI},
};

void sr_wr_sctlr(struct cpu *c, enum sr_id id, uint64_t v)
{
    for (unsigned i = 0; i < TG_ARRAY_SIZE(sctlr_features); i++)
        if (!cpu_has(c, (enum cpu_feature)sctlr_features[i].feature))
            v &= ~sctlr_features[i].bits;
    if (!cpu_has(c, CPU_FEAT_SSBS))
        v &= ~SCTLR_DSSBS;
    if (!cpu_has(c, CPU_FEAT_PAN) && id == SR_SCTLR_EL1)
        v |= SCTLR_SPAN;
    if (!cpu_has(c, CPU_FEAT_TWED))
        v &= ~(SCTLR_TWEDEN | SCTLR_TWEDEL);
    c->arch.sr[id] = v & ~(TG_FIELD(63, 50) & ~SCTLR_EPAN);
}

uint64_t sr_hcr_valid(const struct cpu *c)
{
    uint64_t valid = TG_FIELD(33, 0);

    if (cpu_has(c, CPU_FEAT_EL3))
        valid &= ~HCR_HCD;
    if (cpu_has(c, CPU_FEAT_VHE))
        valid |= HCR_E2H;
    if (cpu_has(c, CPU_FEAT_LOR))
        valid |= HCR_TLOR;
    if (cpu_has(c, CPU_FEAT_RAS))
        valid |= HCR_TERR | HCR_TEA;
    if (cpu_has(c, CPU_FEAT_RASV1P1))
        valid |= HCR_FIEN;
    if (cpu_has(c, CPU_FEAT_VHE))
        valid |= HCR_MIOCNCE;
    if (cpu_has(c, CPU_FEAT_S2FWB))
        valid |= HCR_FWB;
    if (cpu_has(c, CPU_FEAT_CSV2_2))
        valid |= HCR_ENSCXT;
    if (cpu_has(c, CPU_FEAT_PAUTH))
        valid |= HCR_APK | HCR_API;
    if (cpu_has(c, CPU_FEAT_EVT))
        valid |= HCR_TID4 | HCR_TICAB | HCR_TOCU | HCR_TTLBIS | HCR_TTLBOS;
    if (cpu_has(c, CPU_FEAT_AMUV1P1))
        valid |= HCR_AMVOFF;
    if (cpu_has(c, CPU_FEAT_TWED))
        valid |= HCR_TWEDEN | HCR_TWEDEL;
    if (cpu_has(c, CPU_FEAT_NV))
        valid |= HCR_NV | HCR_NV1 | HCR_AT;
    if (cpu_has(c, CPU_FEAT_NV2))
        valid |= HCR_NV2;
    return valid;
}

void sr_wr_hcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t changed = c->arch.sr[id];

    c->arch.sr[id] = (v & c->derived.hcr_valid) | HCR_RW; /* AArch32 is not implemented: RW is read as one */
    changed ^= c->arch.sr[id];
    if (tg_unlikely((changed & (HCR_E2H | HCR_TGE)) && cpu_has(c, CPU_FEAT_ECV_POFF)))
        timer_offset_changed(c);
}

void sr_wr_scr(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t valid = SCR_NS | SCR_IRQ | SCR_FIQ | SCR_EA | SCR_SMD | SCR_SIF | SCR_ST | SCR_TWI | SCR_TWE;

    if (cpu_has(c, CPU_FEAT_EL2))
        valid |= SCR_HCE;
    if (cpu_has(c, CPU_FEAT_SEL2))
        valid |= SCR_EEL2;
    if (cpu_has(c, CPU_FEAT_LOR))
        valid |= SCR_TLOR;
    if (cpu_has(c, CPU_FEAT_RAS))
        valid |= SCR_TERR;
    if (cpu_has(c, CPU_FEAT_RASV1P1)) /* with FEAT_DoubleFault */
        valid |= SCR_FIEN | SCR_EASE | SCR_NMEA;
    if (cpu_has(c, CPU_FEAT_CSV2_2))
        valid |= SCR_ENSCXT;
    if (cpu_has(c, CPU_FEAT_PAUTH))
        valid |= SCR_APK | SCR_API;
    if (cpu_has(c, CPU_FEAT_FGT))
        valid |= SCR_FGTEN;
    if (cpu_has(c, CPU_FEAT_HCX))
        valid |= SCR_HXEN;
    if (cpu_has(c, CPU_FEAT_ECV_POFF))
        valid |= SCR_ECVEN;
    if (cpu_has(c, CPU_FEAT_AMUV1P1))
        valid |= SCR_AMVOFF;
    if (cpu_has(c, CPU_FEAT_TWED))
        valid |= SCR_TWEDEN | SCR_TWEDEL;
    c->arch.sr[id] = (v & valid) | SCR_RW | TG_FIELD(5, 4);
    if (cpu_has(c, CPU_FEAT_ECV_POFF))
        timer_offset_changed(c);
}

uint64_t sr_rd_rvbar(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.rvbar;
}

/* Nothing that the lower levels have is trapped, as operating systems want it (Linux:
 * arch/arm64/booting.rst); bits of features that the PE lacks stay 0. The other registers of EL3 trap nothing
 * after reset. */
void sysreg_from_firmware(struct cpu *c)
{
    sysreg_write_id(c, SR_SCR_EL3,
                    SCR_NS | SCR_HCE | SCR_APK | SCR_API | SCR_FIEN | SCR_ENSCXT | SCR_FGTEN | SCR_ECVEN |
                        SCR_HXEN | SCR_AMVOFF);
    sysreg_write_id(c, SR_ACTLR_EL3, UINT64_MAX);
}

/* One register, two layouts: with E2H it is shaped like CPACR_EL1 (D17.2.31). */
uint64_t sr_rd_cptr_el2(struct cpu *c, enum sr_id id)
{
    uint64_t both = CPTR_TCPAC | (cpu_has(c, CPU_FEAT_AMU) ? CPTR_TAM : 0);

    if (c->arch.sr[SR_HCR_EL2] & HCR_E2H)
        return c->arch.sr[id] & (both | CPTR_TTA_E2H | CPACR_FPEN);
    return (c->arch.sr[id] & (both | CPTR_TTA | CPTR_TFP)) | CPTR_RES1;
}

void sr_wr_cptr_el2(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = (uint32_t)v & ~(cpu_has(c, CPU_FEAT_AMU) ? 0 : CPTR_TAM);
}

/* CPTR_EL3.TAM is the activity monitors'. */
void sr_wr_cptr_el3(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v & ~(cpu_has(c, CPU_FEAT_AMU) ? 0 : CPTR_TAM);
}
