/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inline questions about the state of a PE that system registers, exceptions, timers and debug all ask.
 * Nothing here changes state but the two helpers for PSTATE and the stack pointers. Arm ARM DDI 0487 J.a.
 */
#ifndef TG_CPU_SYSREG_ACCESS_H
#define TG_CPU_SYSREG_ACCESS_H

#include "models/cpu/cpu_state.h"

/* Saved program status, AArch64 form (C5.2.18). */
#define SPSR_N     TG_BIT(31)
#define SPSR_NZCV  TG_FIELD(31, 28)
#define SPSR_DIT   TG_BIT(24)
#define SPSR_UAO   TG_BIT(23)
#define SPSR_PAN   TG_BIT(22)
#define SPSR_SS    TG_BIT(21)
#define SPSR_IL    TG_BIT(20)
#define SPSR_SSBS  TG_BIT(12)
#define SPSR_BTYPE TG_FIELD(11, 10)
#define SPSR_DAIF  TG_FIELD(9, 6)
#define SPSR_M4    TG_BIT(4)
#define SPSR_EL    TG_FIELD(3, 2)
#define SPSR_M1    TG_BIT(1)
#define SPSR_SP    TG_BIT(0)

#define VTTBR_VMID TG_FIELD(63, 48)
#define VTCR_VS    TG_BIT(19)

enum {
    DAIF_F = 1,
    DAIF_I = 2,
    DAIF_A = 4,
    DAIF_D = 8,
};

#define MDCR2_HPMN  TG_FIELD(4, 0)
#define MDCR2_TPMCR TG_BIT(5)
#define MDCR2_TPM   TG_BIT(6)
#define MDCR2_HPME  TG_BIT(7)
#define MDCR2_TDE   TG_BIT(8)
#define MDCR2_TDA   TG_BIT(9)
#define MDCR2_TDOSA TG_BIT(10)
#define MDCR2_TDRA  TG_BIT(11)
#define MDCR2_HPMD  TG_BIT(17)
#define MDCR2_HCCD  TG_BIT(23)
#define MDCR2_HLP   TG_BIT(26)
#define MDCR_TDCC   TG_BIT(27) /* of both; FEAT_FGT */
#define MDCR3_TPM   TG_BIT(6)
#define MDCR3_TDA   TG_BIT(9)
#define MDCR3_TDOSA TG_BIT(10)
#define MDCR3_SDD   TG_BIT(16)
#define MDCR3_SPME  TG_BIT(17)
#define MDCR3_SCCD  TG_BIT(23)

/* Makes the run loop look at `reasons` before the next block. */
/* Brings timers, the PMU and what arrives from outside to the PE's local time `now`. */
void cpu_poll(struct cpu *c, tg_time now);

static inline void cpu_attention(struct cpu *c, unsigned reasons)
{
    c->host.attn |= (uint8_t)reasons;
    c->host.ilimit = 0;
    c->host.run_until_cycle = 0;
}

static inline bool cpu_secure_inline(const struct cpu *c)
{
    return cpu_has(c, CPU_FEAT_EL3) && (c->arch.el == 3 || !(c->arch.sr[SR_SCR_EL3] & SCR_NS));
}

/* EL2 is there in the Non-secure state, and in the Secure one while SCR_EL3.EEL2 says so (FEAT_SEL2; RES0
 * without). EL3 answers for the state that SCR_EL3.NS selects. */
static inline bool cpu_el2_on(const struct cpu *c)
{
    return cpu_has(c, CPU_FEAT_EL2) &&
           (!cpu_has(c, CPU_FEAT_EL3) || (c->arch.sr[SR_SCR_EL3] & (SCR_NS | SCR_EEL2)));
}

static inline bool cpu_host(const struct cpu *c)
{
    return (c->arch.sr[SR_HCR_EL2] & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE) && cpu_el2_on(c);
}

static inline bool cpu_e2h(const struct cpu *c)
{
    return (c->arch.sr[SR_HCR_EL2] & HCR_E2H) && cpu_el2_on(c);
}

static inline bool cpu_tge(const struct cpu *c)
{
    return (c->arch.sr[SR_HCR_EL2] & HCR_TGE) && cpu_el2_on(c);
}

/* The exception level whose controls (SCTLR, VBAR ...) rule execution at EL `el`. */
static inline unsigned cpu_regime_el(const struct cpu *c, unsigned el)
{
    return el ? el : cpu_host(c) ? 2 : 1;
}

static inline uint64_t cpu_sctlr(const struct cpu *c, unsigned el)
{
    switch (cpu_regime_el(c, el)) {
    case 1:
        return c->arch.sr[SR_SCTLR_EL1];
    case 2:
        return c->arch.sr[SR_SCTLR_EL2];
    default:
        return c->arch.sr[SR_SCTLR_EL3];
    }
}

/* Where the EL's exception registers stand. el: 1..3 */
static inline enum sr_id cpu_banked(unsigned el, enum sr_id el1, enum sr_id el2, enum sr_id el3)
{
    return el == 1 ? el1 : el == 2 ? el2 : el3;
}
#define CPU_BANKED(c, name, el) \
    ((c)->arch.sr[cpu_banked((el), SR_##name##_EL1, SR_##name##_EL2, SR_##name##_EL3)])

/* VMID in VTTBR_EL2: 16 bits of it count with FEAT_VMID16 and VTCR_EL2.VS. */
static inline uint16_t cpu_vttbr_vmid(const struct cpu *c)
{
    uint16_t vmid = (uint16_t)tg_get(c->arch.sr[SR_VTTBR_EL2], VTTBR_VMID);

    return cpu_has(c, CPU_FEAT_VMID16) && (c->arch.sr[SR_VTCR_EL2] & VTCR_VS) ? vmid : vmid & 0xff;
}

static inline bool cpu_guest(const struct cpu *c)
{
    return c->arch.el < 2 && (c->arch.sr[SR_HCR_EL2] & (HCR_VM | HCR_TGE)) == HCR_VM && cpu_el2_on(c);
}

static inline uint64_t cpu_pstate_pack(const struct cpu *c)
{
    return tg_put(SPSR_NZCV, cpu_nzcv(c)) | (c->arch.dit ? SPSR_DIT : 0) | (c->arch.uao ? SPSR_UAO : 0) |
           (c->arch.pan ? SPSR_PAN : 0) | (c->arch.ss ? SPSR_SS : 0) | (c->arch.il ? SPSR_IL : 0) |
           (c->arch.ssbs ? SPSR_SSBS : 0) | tg_put(SPSR_BTYPE, c->arch.btype) |
           tg_put(SPSR_DAIF, c->arch.daif) | tg_put(SPSR_EL, c->arch.el) | tg_put(SPSR_SP, c->arch.sp_sel);
}

/* The stack pointer in use lives in x[CPU_X_SP]; the others in sp_el[]. */
static inline unsigned cpu_sp_index(const struct cpu *c)
{
    return c->arch.sp_sel ? c->arch.el : 0;
}

/* Changes EL and SPSel together, moving the stack pointers. Does not call cpu_context_changed. */
static inline void cpu_set_el_sp(struct cpu *c, unsigned el, bool sp_sel)
{
    c->arch.sp_el[cpu_sp_index(c)] = c->arch.x[CPU_X_SP];
    c->arch.el = (uint8_t)el;
    c->arch.sp_sel = sp_sel;
    c->arch.x[CPU_X_SP] = c->arch.sp_el[cpu_sp_index(c)];
}

static inline uint64_t cpu_read_sp(const struct cpu *c, unsigned el)
{
    return cpu_sp_index(c) == el ? c->arch.x[CPU_X_SP] : c->arch.sp_el[el];
}

static inline void cpu_write_sp(struct cpu *c, unsigned el, uint64_t v)
{
    if (cpu_sp_index(c) == el)
        c->arch.x[CPU_X_SP] = v;
    else
        c->arch.sp_el[el] = v;
}

/* The level that an FP or SIMD instruction traps to now (CPACR_EL1, CPTR_EL2, CPTR_EL3), or 0: it does not.
 * *unknown: the syndrome is EC 0 because TGE took the trap away from EL1. */
unsigned cpu_fp_trap_target(const struct cpu *c, bool *unknown);

#endif
