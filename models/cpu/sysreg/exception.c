/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception entry and return: routing of synchronous exceptions, the state saved and set, vectors, ERET, and
 * the instructions that make exceptions. Interrupts and waiting are in interrupt.c. AArch64 only. Arm ARM DDI
 * 0487 J.a, D1.3 and D1.4.
 */
#include "models/cpu/sysreg/exception.h"

#include <stdio.h>
#include "models/cpu/debug/debug.h"
#include "models/cpu/mmu/pac.h"
#include "models/cpu/pmu/pmu.h"
#include "models/cpu/sysreg/interrupt.h"
#include "models/cpu/sysreg/rules.h"

/* Exceptions in a row without a retired instruction between: from then on each costs a cycle also in fast
 * mode, and the PE is stuck. */
#define STUCK_CHARGE 8
#define STUCK_RUN    1000
/* A handler that returns straight to the same undefined instruction, this many times in a row, goes on for
 * ever. */
#define STUCK_UNDEF 100000

enum {
    VECTOR_SP0 = 0x000,
    VECTOR_SPX = 0x200,
    VECTOR_LOWER = 0x400,
    VECTOR_SYNC = 0x000,
    VECTOR_IRQ = 0x080,
    VECTOR_FIQ = 0x100,
    VECTOR_SERROR = 0x180,
};

static unsigned vector_kind(enum cpu_exc_kind kind)
{
    switch (kind) {
    case CPU_EXC_IRQ:
    case CPU_EXC_VIRQ:
        return VECTOR_IRQ;
    case CPU_EXC_FIQ:
    case CPU_EXC_VFIQ:
        return VECTOR_FIQ;
    case CPU_EXC_SERROR:
    case CPU_EXC_VSERROR:
        return VECTOR_SERROR;
    default:
        return VECTOR_SYNC;
    }
}

/* Puts the PE between instructions: before op, or after it when it retires. */
static void settle(struct cpu *c, const struct cpu_op *op, bool retires)
{
    if (!op)
        return;
    pipe_leave(c, op);
    c->timing.icount = cpu_icount_at(c, op) + retires;
    c->arch.pc = cpu_op_pc(c, op) + (retires ? 4 : 0);
    c->host.cur = NULL;
}

/* The same before an exception or its return, for which all before it completes. */
static void settle_all(struct cpu *c, const struct cpu_op *op, bool retires)
{
    if (op)
        pipe_complete(c, op);
    settle(c, op, retires);
}

static void describe(const struct cpu *c, struct cpu_exception *e)
{
    e->from_el = c->arch.el;
    e->from_guest = cpu_guest(c);
    e->insn = c->timing.icount;
    e->cycle = cpu_now_cycle(c);
    e->vmid = cpu_vttbr_vmid(c);
    e->vmpidr = c->arch.sr[SR_VMPIDR_EL2];
    e->irqs_to_el2 = c->arch.sr[SR_HCR_EL2] & HCR_IMO;
}

/* Things derived from EL and PSTATE, after either changed. */
static void context_moved(struct cpu *c, unsigned from_el)
{
    cpu_context_changed(c);
    debug_context_moved(c);
    if ((from_el == 3) != (c->arch.el == 3))
        cpu_gic_context_changed(c);
    if (cpu_interrupt_pending(c, false))
        cpu_attention(c, CPU_ATTN_IRQ);
}

void cpu_take_exception(struct cpu *c, const struct cpu_syndrome *s)
{
    struct cpu_exception e = {.async = s->kind != CPU_EXC_SYNC, .kind = (uint8_t)s->kind, .pc = s->pc};
    unsigned from = c->arch.el, target = s->target;
    uint64_t spsr = cpu_pstate_pack(c), hcr = cpu_hcr_eff(c), vector, sctlr, esr = s->esr;

    if (target == 2 && !cpu_has(c, CPU_FEAT_EL2))
        target = 1;
    if (target < from)
        target = from;
    describe(c, &e);
    c->n.exceptions++; /* counted at the level it is taken from */
    if (e.async)
        c->n.irqs++;
    pipe_stall(c, CPU_BUCKET_EXCEPTION, c->p.exc_entry);
    pmu_before_el_change(c); /* which counts the entry at the level it is taken from, and so the return */

    if (target != from)
        vector = VECTOR_LOWER;
    else
        vector = c->arch.sp_sel ? VECTOR_SPX : VECTOR_SP0;
    vector += s->as_serror ? VECTOR_SERROR : vector_kind(s->kind);

    /* A guest hypervisor at EL1 finds that it came from EL2 (D8.11.4: with NV2 whatever NV1 says). */
    if (from == 1 && target == 1 && (hcr & HCR_NV) && ((hcr & HCR_NV2) || !(hcr & HCR_NV1)))
        tg_set(&spsr, SPSR_EL, 2);
    CPU_BANKED(c, SPSR, target) = spsr;
    CPU_BANKED(c, ELR, target) = s->ret;
    if (s->kind == CPU_EXC_SYNC || s->kind == CPU_EXC_SERROR || s->kind == CPU_EXC_VSERROR) {
        CPU_BANKED(c, ESR, target) = esr;
        e.esr = esr;
    }
    if (s->far_valid) {
        CPU_BANKED(c, FAR, target) = s->far;
        e.far = s->far;
    }
    if (s->hpfar_valid && target == 2) {
        c->arch.sr[SR_HPFAR_EL2] = s->hpfar;
        e.hpfar = s->hpfar;
    }
    sctlr = cpu_sctlr(c, target);
    cpu_set_el_sp(c, target, true);
    c->arch.daif = DAIF_D | DAIF_A | DAIF_I | DAIF_F;
    c->arch.il = false;
    c->arch.ss = false;
    /* PAN is set when SPAN is clear, by exceptions to EL1, and to EL2 when it is the EL of a host's EL0
     * (D8.4.1.4). */
    if (cpu_has(c, CPU_FEAT_PAN) && !(sctlr & SCTLR_SPAN) && (target == 1 || (target == 2 && cpu_host(c))))
        c->arch.pan = true;
    c->arch.uao = false;
    c->arch.btype = 0;
    c->arch.ssbs = (sctlr & SCTLR_DSSBS) != 0;
    c->arch.pc = (CPU_BANKED(c, VBAR, target) & ~UINT64_C(0x7ff)) + vector;
    c->host.cur = NULL;

    if (c->timing.icount == c->progress.undef_icount)
        c->progress.undef_run++;
    else
        c->progress.undef_run = 0;
    c->progress.undef_icount = c->timing.icount;
    if (c->progress.undef_run >= STUCK_CHARGE && !c->timing.timed) {
        c->timing.cyc_off++;
        c->timing.pipe.buckets[CPU_BUCKET_EXCEPTION]++;
    }
    if (c->progress.undef_run >= STUCK_RUN)
        cpu_request_stop(c);

    pmu_after_el_change(c);
    context_moved(c, from);
    e.to_el = (uint8_t)target;
    if (c->ports.hooks.exception)
        c->ports.hooks.exception(c->ports.hooks.opaque, c, &e);
}

bool cpu_stuck(const struct cpu *c, char *why, size_t n)
{
    if (c->progress.undef_loop >= STUCK_UNDEF) {
        if (why && n)
            snprintf(why, n, "an undefined instruction at pc 0x%llx repeats: its handler returns to it",
                     (unsigned long long)c->progress.undef_pc);
        return true;
    }
    if (c->progress.undef_run < STUCK_RUN)
        return false;
    if (why && n)
        snprintf(why, n, "exceptions repeat without progress at EL%u, pc 0x%llx, ESR_EL%u 0x%llx", c->arch.el,
                 (unsigned long long)c->arch.pc, c->arch.el ? c->arch.el : 1,
                 (unsigned long long)CPU_BANKED(c, ESR, c->arch.el ? c->arch.el : 1));
    return true;
}

/* ---- synchronous exceptions ---- */

static unsigned default_target(const struct cpu *c)
{
    if (c->arch.el)
        return c->arch.el;
    return cpu_tge(c) ? 2 : 1;
}

/* DFSC and IFSC of synchronous external aborts: 0x10, on a walk 0x13 to 0x17; parity and ECC 0x18, 0x1b to
 * 0x1f. */
static bool fsc_external(uint64_t esr)
{
    uint64_t fsc = tg_get(esr, TG_FIELD(5, 0));

    return fsc == 0x10 || (fsc >= 0x13 && fsc <= 0x18) || (fsc >= 0x1b && fsc <= 0x1f);
}

static bool ec_is_abort(unsigned ec)
{
    return ec == EC_IABT_LOWER || ec == EC_IABT_SAME || ec == EC_DABT_LOWER || ec == EC_DABT_SAME;
}

/* Exception classes that come as a pair: from a lower level (even), from the same level (odd). */
static bool ec_is_paired(unsigned ec)
{
    return ec_is_abort(ec) || (ec >= EC_BREAKPT_LOWER && ec <= EC_WATCHPT_SAME);
}

void cpu_raise_sync(struct cpu *c, const struct cpu_op *op, unsigned target, uint64_t esr, uint64_t far,
                    bool far_valid, uint64_t hpfar, bool hpfar_valid)
{
    unsigned ec = (unsigned)tg_get(esr, ESR_EC);
    struct cpu_syndrome s = {
        .kind = CPU_EXC_SYNC, .far = far, .far_valid = far_valid, .hpfar = hpfar, .hpfar_valid = hpfar_valid};

    settle_all(c, op, false);
    debug_step_undone(c);
    if (!target) {
        target = default_target(c);
        if (ec_is_abort(ec) && fsc_external(esr)) {
            if (cpu_has(c, CPU_FEAT_EL3) && (c->arch.sr[SR_SCR_EL3] & SCR_EA))
                target = 3;
            else if (c->arch.el < 2 && (cpu_hcr_eff(c) & HCR_TEA))
                target = 2;
        }
    }
    if (ec_is_paired(ec) && !(ec == EC_DABT_SAME && (esr & ESR_ISS_VNCR)))
        tg_set(&esr, ESR_EC, (ec & ~1u) | (target == c->arch.el));
    s.as_serror = target == 3 && (c->arch.sr[SR_SCR_EL3] & SCR_EASE) && ec_is_abort(ec) && fsc_external(esr);
    s.target = target;
    s.esr = esr;
    s.pc = s.ret = c->arch.pc;
    cpu_take_exception(c, &s);
}

void cpu_raise_undef(struct cpu *c, const struct cpu_op *op)
{
    uint64_t pc = op ? cpu_op_pc(c, op) : c->arch.pc, icount = op ? cpu_icount_at(c, op) : c->timing.icount;

    c->n.undef++;
    c->progress.undef_loop =
        pc == c->progress.undef_pc && icount == c->progress.eret_icount ? c->progress.undef_loop + 1 : 0;
    c->progress.undef_pc = pc;
    if (c->progress.undef_loop >= STUCK_UNDEF)
        cpu_request_stop(c);
    cpu_raise_sync(c, op, 0, esr_make(EC_UNKNOWN, 0), 0, false, 0, false);
}

void cpu_raise_fp_trap(struct cpu *c, const struct cpu_op *op)
{
    bool unknown;
    unsigned target = cpu_fp_trap_target(c, &unknown);

    if (!target || unknown) {
        c->n.undef++;
        cpu_raise_sync(c, op, target, esr_make(EC_UNKNOWN, 0), 0, false, 0, false);
    } else {
        cpu_raise_sync(c, op, target, esr_make(EC_FP, ISS_COND_AL), 0, false, 0, false);
    }
}

void cpu_raise_pc_alignment(struct cpu *c, uint64_t pc)
{
    c->arch.pc = pc;
    cpu_raise_sync(c, NULL, 0, esr_make(EC_PC_ALIGN, 0), pc, true, 0, false);
}

void cpu_raise_sp_alignment(struct cpu *c, const struct cpu_op *op)
{
    cpu_raise_sync(c, op, 0, esr_make(EC_SP_ALIGN, 0), 0, false, 0, false);
}

/* SVC, HVC, SMC: the instruction retires; the step state machine advances (D2.12.5). */
static void raise_call(struct cpu *c, const struct cpu_op *op, unsigned target, unsigned ec, uint16_t imm)
{
    struct cpu_syndrome s = {.kind = CPU_EXC_SYNC, .target = target, .esr = esr_make(ec, imm)};

    s.pc = cpu_op_pc(c, op);
    settle_all(c, op, true);
    c->arch.ss = false;
    s.ret = c->arch.pc;
    cpu_take_exception(c, &s);
}

/* Firmware behind the machine takes the call: the PE goes on after the instruction. */
static bool firmware_takes(struct cpu *c, const struct cpu_op *op, bool smc, uint16_t imm)
{
    uint64_t icount = c->timing.icount;

    if (!c->ports.hooks.firmware_call)
        return false;
    settle(c, op, true);
    if (c->ports.hooks.firmware_call(c->ports.hooks.opaque, c, smc, imm))
        return true;
    c->timing.icount = icount;
    return false;
}

/* What a row of traps.def made of an instruction. True: an exception was raised, with this syndrome, or that
 * of an undefined instruction. */
static inline bool trapped(struct cpu *c, const struct cpu_op *op, struct sr_trap trap, uint64_t esr)
{
    if (tg_likely(trap.target == SR_NO_TRAP))
        return false;
    if (trap.target)
        cpu_raise_sync(c, op, trap.target, esr, 0, false, 0, false);
    else
        cpu_raise_undef(c, op);
    return true;
}

void cpu_exec_svc(struct cpu *c, const struct cpu_op *op, uint16_t imm)
{
    c->n.svc++;
    if (trapped(c, op, sr_insn_trap(c, TGI_SVC), esr_make(EC_SVC64, imm)))
        return;
    raise_call(c, op, default_target(c), EC_SVC64, imm);
}

void cpu_exec_hvc(struct cpu *c, const struct cpu_op *op, uint16_t imm)
{
    if (c->arch.el == 0) {
        cpu_raise_undef(c, op);
        return;
    }
    if (!cpu_has(c, CPU_FEAT_EL2) || (c->arch.el == 1 && !cpu_el2_on(c))) {
        c->n.hvc++;
        if (cpu_has(c, CPU_FEAT_EL2) || !firmware_takes(c, op, false, imm))
            cpu_raise_undef(c, op);
        return;
    }
    if (trapped(c, op, sr_insn_trap(c, TGI_HVC), 0))
        return;
    c->n.hvc++;
    raise_call(c, op, c->arch.el == 3 ? 3 : 2, EC_HVC64, imm);
}

void cpu_exec_smc(struct cpu *c, const struct cpu_op *op, uint16_t imm)
{
    if (c->arch.el == 0) {
        cpu_raise_undef(c, op);
        return;
    }
    if (trapped(c, op, sr_insn_trap(c, TGI_SMC), esr_make(EC_SMC64, imm)))
        return;
    c->n.smc++;
    if (c->arch.el < 3 && firmware_takes(c, op, true, imm))
        return;
    if (!cpu_has(c, CPU_FEAT_EL3))
        cpu_raise_undef(c, op);
    else
        raise_call(c, op, 3, EC_SMC64, imm);
}

void cpu_exec_brk(struct cpu *c, const struct cpu_op *op, uint16_t imm)
{
    cpu_raise_sync(c, op, debug_target(c), esr_make(EC_BRK64, imm), 0, false, 0, false);
}

/* Halting debug is not implemented: HLT is undefined, unless the simulator was spoken to. */
void cpu_exec_hlt(struct cpu *c, const struct cpu_op *op, uint16_t imm)
{
    uint64_t icount = c->timing.icount;

    if (c->ports.hooks.guest_hint) {
        settle(c, op, true);
        if (c->ports.hooks.guest_hint(c->ports.hooks.opaque, c, imm))
            return;
        c->timing.icount = icount;
    }
    cpu_raise_undef(c, op);
}

/* ---- return ---- */

static bool illegal_return(const struct cpu *c, uint64_t spsr)
{
    unsigned to = (unsigned)tg_get(spsr, SPSR_EL);

    if (spsr & (SPSR_M4 | SPSR_M1))
        return true; /* AArch32, reserved */
    if (to > c->arch.el || (to == 0 && (spsr & SPSR_SP)))
        return true;
    if (to == 2 && (!cpu_has(c, CPU_FEAT_EL2) || !cpu_el2_on(c)))
        return true;
    if (to == 1 && cpu_tge(c))
        return true;
    return to == 3 && !cpu_has(c, CPU_FEAT_EL3);
}

static void pstate_common(struct cpu *c, uint64_t spsr)
{
    cpu_set_nzcv(c, (uint32_t)tg_get(spsr, SPSR_NZCV));
    c->arch.daif = (uint8_t)tg_get(spsr, SPSR_DAIF);
    if (cpu_has(c, CPU_FEAT_PAN))
        c->arch.pan = spsr & SPSR_PAN;
}

void cpu_pstate_unpack(struct cpu *c, uint64_t spsr)
{
    unsigned from = c->arch.el, el = (unsigned)tg_get(spsr, SPSR_EL);

    pmu_before_el_change(c);
    cpu_set_el_sp(c, el, el && (spsr & SPSR_SP));
    pstate_common(c, spsr);
    c->arch.il = spsr & SPSR_IL;
    c->arch.ss = spsr & SPSR_SS;
    c->arch.uao = cpu_has(c, CPU_FEAT_UAO) && (spsr & SPSR_UAO);
    c->arch.ssbs = cpu_has(c, CPU_FEAT_SSBS) && (spsr & SPSR_SSBS);
    c->arch.dit = cpu_has(c, CPU_FEAT_DIT) && (spsr & SPSR_DIT);
    c->arch.btype = cpu_has(c, CPU_FEAT_BTI) ? (uint8_t)tg_get(spsr, SPSR_BTYPE) : 0;
    pmu_after_el_change(c);
    context_moved(c, from);
}

/* Immediate of ERETAA and ERETAB, and the syndrome of all three (D19.2.37, ISS of EC 0x1a): authenticated,
 * and by which key. */
#define ERET_A TG_BIT(1)
#define ERET_M TG_BIT(0)

void cpu_exec_eret(struct cpu *c, const struct cpu_op *op)
{
    struct cpu_exception e = {.kind = CPU_EXC_SYNC};
    unsigned from = c->arch.el;
    uint64_t spsr, elr;

    if (from == 0) {
        cpu_raise_undef(c, op);
        return;
    }
    if (trapped(c, op, sr_insn_trap(c, TGI_ERET), esr_make(EC_ERET, op->imm)))
        return;
    elr = CPU_BANKED(c, ELR, from);
    if ((op->imm & ERET_A) &&
        !pac_authenticate(c, op, op->imm & ERET_M ? PAC_IB : PAC_IA, &elr, c->arch.x[CPU_X_SP], true))
        return;
    e.pc = cpu_op_pc(c, op);
    settle_all(c, op, true);
    describe(c, &e);
    c->n.erets++;
    pipe_stall(c, CPU_BUCKET_EXCEPTION, c->p.exc_return);
    pmu_before_el_change(c);

    spsr = CPU_BANKED(c, SPSR, from);
    c->arch.ss = debug_return_ss(c, spsr);
    if (illegal_return(c, spsr)) {
        c->arch.il = true;
    } else {
        unsigned el = (unsigned)tg_get(spsr, SPSR_EL);

        c->arch.il = spsr & SPSR_IL;
        c->arch.uao = cpu_has(c, CPU_FEAT_UAO) && (spsr & SPSR_UAO);
        c->arch.ssbs = cpu_has(c, CPU_FEAT_SSBS) && (spsr & SPSR_SSBS);
        c->arch.dit = cpu_has(c, CPU_FEAT_DIT) && (spsr & SPSR_DIT);
        c->arch.btype = cpu_has(c, CPU_FEAT_BTI) ? (uint8_t)tg_get(spsr, SPSR_BTYPE) : 0;
        cpu_set_el_sp(c, el, spsr & SPSR_SP);
    }
    pstate_common(c, spsr);
    c->arch.pc = elr;
    c->arch.excl_valid = false;
    c->arch.event_reg = true;
    c->progress.eret_icount = c->timing.icount;
    pmu_after_el_change(c);
    context_moved(c, from);
    e.to_el = c->arch.el;
    e.to_host = !cpu_guest(c);
    if (c->ports.hooks.eret)
        c->ports.hooks.eret(c->ports.hooks.opaque, c, &e);
}

/* ---- for sim/ and tests ---- */

uint64_t cpu_get_pstate(const struct cpu *c)
{
    return cpu_pstate_pack(c);
}

void cpu_set_pstate(struct cpu *c, uint64_t spsr)
{
    unsigned el = (unsigned)tg_get(spsr, SPSR_EL);

    /* Levels that the PE does not have are taken as the next lower one. */
    if (el == 3 && !cpu_has(c, CPU_FEAT_EL3))
        el = 2;
    if (el == 2 && !cpu_has(c, CPU_FEAT_EL2))
        el = 1;
    cpu_pstate_unpack(c, tg_with(spsr, SPSR_EL, el));
}
