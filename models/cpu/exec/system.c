/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions: exception generation, hints, barriers, PSTATE, system registers. Arm ARM DDI 0487
 * C4.1.94. What they do beyond a few hot registers is in sysreg/. Encodings: decode/system.decode.
 */
#include "models/cpu/exec/exec.h"
#include "models/cpu/sysreg/access.h"
#include "models/cpu/sysreg/exception.h"

/* clang-format off */

#define SYS_ENC ((unsigned)op->imm)

/* ---- exception generation: c->arch.pc is set when they come back. What they do settles what was before them ---- */

OP_END(svc) { pipe_issue(c, op); cpu_exec_svc(c, op, (uint16_t)op->imm); }
OP_END(hvc) { pipe_issue(c, op); cpu_exec_hvc(c, op, (uint16_t)op->imm); }
OP_END(smc) { pipe_issue(c, op); cpu_exec_smc(c, op, (uint16_t)op->imm); }
OP_END(brk) { pipe_issue(c, op); cpu_exec_brk(c, op, (uint16_t)op->imm); }
OP_END(hlt) { pipe_issue(c, op); cpu_exec_hlt(c, op, (uint16_t)op->imm); }
OP_END(debug_state_only) { pipe_issue(c, op); cpu_raise_undef(c, op); }
OP_END(eret) { pipe_issue(c, op); cpu_exec_eret(c, op); }

/* ---- hints ---- */

OP_END(wfe) { pipe_issue(c, op); pipe_issue_now(c, op); cpu_exec_wfe(c, op); }
OP_END(wfi) { pipe_issue(c, op); pipe_issue_now(c, op); cpu_exec_wfi(c, op); }
OP_END(wfet) { pipe_issue(c, op); pipe_issue_now(c, op); cpu_exec_wfet(c, op, XR(rd)); }
OP_END(wfit) { pipe_issue(c, op); pipe_issue_now(c, op); cpu_exec_wfit(c, op, XR(rd)); }
OP(sev)  { cpu_exec_sev(c); return true; }
OP(sevl) { cpu_exec_sevl(c); return true; }
OP(esb)
{
    if (cpu_has(c, CPU_FEAT_RAS))
        cpu_exec_esb(c, op);
    return true;
}
OP(hint) { return true; }

/* ---- barriers: PEs of a machine run one at a time, so only time is to be modelled ---- */

OP(clrex) { c->arch.excl_valid = false; return true; }
OP(dsb)
{
#if TG_TIMED
    pipe_complete(c, op);
    pipe_dsb(c);
#endif
    return true;
}
OP(dmb)
{
#if TG_TIMED
    pipe_complete(c, op);
    pipe_dmb(c, (unsigned)op->imm);
#endif
    return true;
}
OP_END(isb)
{
    pipe_issue(c, op);
#if TG_TIMED
    c->timing.pipe.fetch_line = PIPE_NO_LINE;
#endif
    END_VA(c, PIPE_SYNC, cpu_next_pc(c, cpu_links_of(op)));
}

/* Nothing runs ahead of program order here: time is all that a speculation barrier costs. */
OP(sb)
{
#if TG_TIMED
    pipe_issue_now(c, op);
    pipe_stall(c, CPU_BUCKET_SYNC, c->p.isb);
#endif
    return true;
}

/* ---- PSTATE, immediate ---- */

OP(cfinv) { c->arch.cf ^= 1; return true; }
/* Flags between the architecture's and an alternative format of floating-point comparisons (FEAT_FlagM2). */
OP(xaflag)
{
    bool z = c->arch.zf == 0, cf = c->arch.cf;

    cpu_set_nzcv(c, (uint32_t)(!cf && !z) << 3 | (uint32_t)(z && cf) << 2 | (uint32_t)(cf || z) << 1 | (!cf && z));
    return true;
}
OP(axflag)
{
    bool z = c->arch.zf == 0, cf = c->arch.cf, v = c->arch.vf >> 63;

    cpu_set_nzcv(c, (uint32_t)(z || v) << 2 | (uint32_t)(cf && !v) << 1);
    return true;
}

#define NEEDS_EL1                               \
    if (tg_unlikely(c->arch.el == 0)) {              \
        cpu_raise_undef(c, op);                 \
        return false;                           \
    }

OP(msri_uao)   { NEEDS_EL1; sysreg_write_id(c, SR_UAO, op->imm & 1 ? SPSR_UAO : 0); return true; }
OP(msri_pan)   { NEEDS_EL1; sysreg_write_id(c, SR_PAN, op->imm & 1 ? SPSR_PAN : 0); return true; }
OP(msri_spsel) { NEEDS_EL1; cpu_set_el_sp(c, c->arch.el, op->imm & 1); return true; }
OP(msri_dit)   { c->arch.dit = op->imm & 1; return true; }
OP(msri_ssbs)  { c->arch.ssbs = op->imm & 1; return true; }

/* EL0 may touch DAIF when SCTLR_ELx.UMA says so. */
static inline bool exec_daif_denied(struct cpu *c, const struct cpu_op *op)
{
    if (tg_likely(c->arch.el != 0) || (cpu_sctlr(c, 0) & SCTLR_UMA))
        return false;
    sysreg_trap(c, op, cpu_tge(c) ? 2 : 1);
    return true;
}

OP(msri_daifset)
{
    if (exec_daif_denied(c, op))
        return false;
    if (tg_unlikely(op->imm & DAIF_D & ~c->arch.daif))
        sysreg_write_id(c, SR_DAIF, tg_put(SPSR_DAIF, c->arch.daif | op->imm));
    else
        c->arch.daif |= (uint8_t)op->imm;
    return true;
}

OP_END(msri_daifclr)
{
    pipe_issue(c, op);
    if (exec_daif_denied(c, op))
        return;
    if (c->arch.daif & op->imm)
        sysreg_write_id(c, SR_DAIF, tg_put(SPSR_DAIF, c->arch.daif & ~op->imm));
    END_LINK(c, PIPE_SEQUENTIAL, CPU_NEXT);
}

/* ---- system instructions ---- */

OP(sys)  { return sysreg_sys(c, op, SYS_ENC, XR(rd)); }
OP(sysl) { return sysreg_sysl(c, op, SYS_ENC); }

/* ---- system registers ---- */

OP(mrs_tpidr_el0) { WX(rd, c->arch.sr[SR_TPIDR_EL0]); return true; }
OP(mrs_tpidr_el1) { NEEDS_EL1; WX(rd, c->arch.sr[SR_TPIDR_EL1]); return true; }
OP(mrs_tpidr_el2)
{
    if (tg_unlikely(c->arch.el < 2)) {
        cpu_raise_undef(c, op);
        return false;
    }
    WX(rd, c->arch.sr[SR_TPIDR_EL2]);
    return true;
}
OP(mrs_sp_el0)
{
    if (tg_unlikely(c->arch.el == 0 || !c->arch.sp_sel)) {
        cpu_raise_undef(c, op);
        return false;
    }
    WX(rd, c->arch.sp_el[0]);
    return true;
}
OP(mrs_currentel) { NEEDS_EL1; WX(rd, tg_put(SPSR_EL, c->arch.el)); return true; }
OP(mrs_daif)
{
    if (exec_daif_denied(c, op))
        return false;
    WX(rd, tg_put(SPSR_DAIF, c->arch.daif));
    return true;
}
OP(mrs_nzcv) { WX(rd, tg_put(SPSR_NZCV, cpu_nzcv(c))); return true; }
OP(mrs)
{
    uint64_t v = 0;

    if (!sysreg_mrs(c, op, SYS_ENC, &v))
        return false;
    WX(rd, v);
    return true;
}

OP(msr_tpidr_el0) { c->arch.sr[SR_TPIDR_EL0] = XR(rd); return true; }
OP(msr_sp_el0)
{
    if (tg_unlikely(c->arch.el == 0 || !c->arch.sp_sel)) {
        cpu_raise_undef(c, op);
        return false;
    }
    c->arch.sp_el[0] = XR(rd);
    return true;
}
OP(msr_nzcv) { cpu_set_nzcv(c, (uint32_t)tg_get(XR(rd), SPSR_NZCV)); return true; }
OP_END(msr_daif)
{
    pipe_issue(c, op);
    if (exec_daif_denied(c, op))
        return;
    sysreg_write_id(c, SR_DAIF, XR(rd));
    END_LINK(c, PIPE_SEQUENTIAL, CPU_NEXT);
}
OP(msr) { return sysreg_msr(c, op, SYS_ENC, XR(rd)); }
