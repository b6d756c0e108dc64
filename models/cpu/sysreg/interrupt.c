/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous exceptions: what is pending, where it goes, whether it is masked; and waiting for them: WFI,
 * WFE, SEV, the event register. Lines are levels from the interrupt controller; HCR_EL2.VI, VF and VSE add
 * virtual ones. Arm ARM DDI 0487 J.a, D1.3.6, D1.6.
 */
#include "models/cpu/arrival.h"
#include "models/cpu/sysreg/interrupt.h"

#include "models/cpu/domain.h"
#include "models/cpu/sysreg/exception.h"
#include "models/cpu/sysreg/rules.h"
#include "models/cpu/timer/timer.h"

/* How the three classes of interrupt are described. */
struct irq_class {
    uint64_t scr, hcr,
        hcr_virtual;     /* SCR_EL3 and HCR_EL2 routing bits; HCR_EL2 pending bit of the virtual one */
    uint8_t mask;        /* PSTATE */
    uint8_t line, vline; /* TG_PE_*, TG_PE_LINES: none */
    uint8_t kind, vkind;
};
/* In the order in which they are taken. */
static const struct irq_class classes[] = {
    {SCR_EA, HCR_AMO, HCR_VSE, DAIF_A, TG_PE_SEI, TG_PE_LINES, CPU_EXC_SERROR, CPU_EXC_VSERROR},
    {SCR_FIQ, HCR_FMO, HCR_VF, DAIF_F, TG_PE_FIQ, TG_PE_VFIQ, CPU_EXC_FIQ, CPU_EXC_VFIQ},
    {SCR_IRQ, HCR_IMO, HCR_VI, DAIF_I, TG_PE_IRQ, TG_PE_VIRQ, CPU_EXC_IRQ, CPU_EXC_VIRQ},
};

static unsigned physical_target(const struct cpu *c, const struct irq_class *k)
{
    if (cpu_has(c, CPU_FEAT_EL3) && (c->arch.sr[SR_SCR_EL3] & k->scr))
        return 3;
    if (cpu_hcr_eff(c) & k->hcr)
        return 2;
    return 1;
}

/* Target of the physical interrupt when it would be taken now, or 0. */
static unsigned physical_taken(const struct cpu *c, const struct irq_class *k)
{
    unsigned target = physical_target(c, k);

    if (target < c->arch.el)
        return 0; /* stays pending until the PE is at a lower level */
    /* To a higher level than EL1 nothing can be masked, but by the kernel of a host's EL0 (table D1-14). */
    if (target > c->arch.el && target > 1 && !(target == 2 && cpu_host(c)))
        return target;
    if (k->line == TG_PE_SEI && target == 3 && (c->arch.sr[SR_SCR_EL3] & SCR_NMEA)) /* FEAT_DoubleFault */
        return target;
    return (c->arch.daif & k->mask) ? 0 : target;
}

/* Virtual interrupts exist at EL1 and EL0 while the physical ones are routed to EL2 and TGE is 0. */
static bool virtual_enabled(const struct cpu *c, const struct irq_class *k)
{
    return c->arch.el < 2 && cpu_el2_on(c) && (c->arch.sr[SR_HCR_EL2] & (k->hcr | HCR_TGE)) == k->hcr;
}

static bool virtual_pending(const struct cpu *c, const struct irq_class *k)
{
    return (c->arch.sr[SR_HCR_EL2] & k->hcr_virtual) || (k->vline != TG_PE_LINES && c->arch.line[k->vline]);
}

static bool any_line(const struct cpu *c)
{
    bool any = false;

    for (unsigned i = 0; i < TG_PE_LINES; i++)
        any |= c->arch.line[i];
    return any;
}

/* Asked after every change of level, and mostly there is nothing at all. */
static bool nothing_pending(const struct cpu *c)
{
    return !any_line(c) && !(c->arch.sr[SR_HCR_EL2] & (HCR_VI | HCR_VF | HCR_VSE));
}

bool cpu_interrupt_pending(const struct cpu *c, bool for_wfi)
{
    if (tg_likely(nothing_pending(c)))
        return false;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(classes); i++) {
        const struct irq_class *k = &classes[i];

        if (c->arch.line[k->line] && (for_wfi || physical_taken(c, k)))
            return true;
        if (virtual_pending(c, k) && virtual_enabled(c, k) && (for_wfi || !(c->arch.daif & k->mask)))
            return true;
    }
    return false;
}

bool cpu_take_interrupt(struct cpu *c)
{
    if (tg_likely(nothing_pending(c)))
        return false;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(classes); i++) {
        const struct irq_class *k = &classes[i];
        struct cpu_syndrome s = {.pc = c->arch.pc, .ret = c->arch.pc};

        if (c->arch.line[k->line] && (s.target = physical_taken(c, k))) {
            s.kind = (enum cpu_exc_kind)k->kind;
            if (k->line == TG_PE_SEI) { /* an edge: taking it consumes it */
                c->arch.line[TG_PE_SEI] = false;
                s.esr = esr_make(EC_SERROR, 0);
            }
            cpu_take_exception(c, &s);
            return true;
        }
        if (virtual_pending(c, k) && virtual_enabled(c, k) && !(c->arch.daif & k->mask)) {
            s.target = 1;
            s.kind = (enum cpu_exc_kind)k->vkind;
            if (k->vkind == CPU_EXC_VSERROR) {
                c->arch.sr[SR_HCR_EL2] &= ~HCR_VSE;
                s.esr = esr_make(EC_SERROR, cpu_has(c, CPU_FEAT_RAS) ? c->arch.sr[SR_VSESR_EL2] : 0);
            }
            cpu_take_exception(c, &s);
            return true;
        }
    }
    return false;
}

/* ISR_EL1 (D17.2.66): at EL1 the virtual interrupt of a class that HCR_EL2 routes to EL2, else the physical
 * one. */
uint64_t sr_rd_isr(struct cpu *c, enum sr_id id)
{
    static const uint64_t bit[] = {TG_BIT(8), TG_BIT(6), TG_BIT(7)}; /* A, F, I in the order of classes[] */
    uint64_t v = 0;

    (void)id;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(classes); i++) {
        const struct irq_class *k = &classes[i];

        if (c->arch.el == 1 && virtual_enabled(c, k) ? virtual_pending(c, k) : c->arch.line[k->line])
            v |= bit[i];
    }
    return v;
}

/* ---- RAS: deferred SErrors ---- */

#define DISR_A TG_BIT(31)

/* What EL1 means by DISR_EL1 under a hypervisor that takes SErrors; below EL3 there is none while EL3 takes
 * them (D17.3.2): SR_NONE. */
static enum sr_id disr_of(const struct cpu *c)
{
    if (c->arch.el == 1 && (cpu_hcr_eff(c) & (HCR_AMO | HCR_TGE)) == HCR_AMO)
        return SR_VDISR_EL2;
    if (c->arch.el < 3 && cpu_has(c, CPU_FEAT_EL3) && (c->arch.sr[SR_SCR_EL3] & SCR_EA))
        return SR_NONE;
    return SR_DISR_EL1;
}

uint64_t sr_rd_disr(struct cpu *c, enum sr_id id)
{
    enum sr_id disr = disr_of(c);

    (void)id;
    return disr == SR_NONE ? 0 : c->arch.sr[disr];
}

void sr_wr_disr(struct cpu *c, enum sr_id id, uint64_t v)
{
    enum sr_id disr = disr_of(c);

    (void)id;
    if (disr != SR_NONE)
        c->arch.sr[disr] = v;
}

void cpu_exec_esb(struct cpu *c, const struct cpu_op *op)
{
    const struct irq_class *k = &classes[0];

    (void)op;
    if (c->arch.line[TG_PE_SEI] && !physical_taken(c, k) && physical_target(c, k) >= c->arch.el) {
        c->arch.line[TG_PE_SEI] = false;
        c->arch.sr[SR_DISR_EL1] = DISR_A;
    }
    if (virtual_enabled(c, k) && virtual_pending(c, k) && (c->arch.daif & DAIF_A)) {
        c->arch.sr[SR_HCR_EL2] &= ~HCR_VSE;
        c->arch.sr[SR_VDISR_EL2] = DISR_A | (c->arch.sr[SR_VSESR_EL2] & TG_FIELD(24, 0));
    }
}

/* ---- waiting ---- */

/* FEAT_TWED: cycles that a WFE waits for its event before the control that traps it does so (TWEDEn and
 * TWEDEL stand beside it). */
static uint64_t wait_trap_delay(const struct cpu *c, enum sr_id control)
{
    const uint64_t v = c->arch.sr[control];
    uint64_t enable = SCTLR_TWEDEN, exponent = SCTLR_TWEDEL;

    if (control == SR_HCR_EL2) {
        enable = HCR_TWEDEN;
        exponent = HCR_TWEDEL;
    } else if (control == SR_SCR_EL3) {
        enable = SCR_TWEDEN;
        exponent = SCR_TWEDEL;
    }
    return cpu_has(c, CPU_FEAT_TWED) && (v & enable) ? TG_BIT(tg_get(v, exponent) + 8) : 0;
}

/* Level that traps WFI (or WFE) executed now, or 0. *delay: as above. */
static unsigned wait_trap(const struct cpu *c, bool wfe, uint64_t *delay)
{
    const struct sr_trap trap = wfe ? sr_insn_trap(c, TGI_WFE) : sr_insn_trap(c, TGI_WFI);

    *delay = 0;
    if (trap.target == SR_NO_TRAP)
        return 0;
    if (wfe)
        *delay = wait_trap_delay(c, trap.control);
    return trap.target;
}

static void sleep(struct cpu *c, bool wfe, tg_time until)
{
    c->arch.asleep = true;
    c->arch.asleep_wfe = wfe;
    c->arch.wfe_until = until;
}

/* Syndrome of a trapped wait: TI, and with a time-out the register that has it (D19.2.37, ISS of EC 0x01).
 * rn: that register, plus 1; 0: none. */
#define ISS_WFX_RN TG_FIELD(9, 5)
#define ISS_WFX_RV TG_BIT(2)
#define ISS_WFX_TO TG_BIT(1)

static void raise_wait(struct cpu *c, const struct cpu_op *op, unsigned target, bool wfe, unsigned rn)
{
    uint64_t iss = ISS_COND_AL | wfe;

    if (rn)
        iss |= ISS_WFX_TO | ISS_WFX_RV | tg_put(ISS_WFX_RN, rn - 1);
    cpu_raise_sync(c, op, target, esr_make(EC_WFX, iss), 0, false, 0, false);
}

void cpu_wfe_delay_over(struct cpu *c)
{
    unsigned target = c->arch.wfe_trap & CPU_WFE_TARGET;
    bool late = c->arch.wfe_trap & CPU_WFE_LATE;

    c->arch.wfe_trap = 0;
    if (late) {
        raise_wait(c, NULL, target, true, c->arch.wfe_rn);
        return;
    }
    c->timing.icount++;
    c->arch.pc += 4;
}

/* until: the end of a wait with a time-out; TG_TIME_NEVER. */
static void wait(struct cpu *c, const struct cpu_op *op, bool wfe, bool with_timeout, tg_time until)
{
    unsigned target;
    unsigned rn = with_timeout ? op->rd + 1u : 0;
    uint64_t delay;
    tg_time wake, late;
    bool ready;

    cpu_poll(c, cpu_now(c));
    ready = cpu_interrupt_pending(c, true) || until <= cpu_now(c);
    if (wfe)
        timer_event_settle(c, cpu_now(c));
    if (wfe && c->arch.event_reg) {
        c->arch.event_reg = false;
        ready = true;
    }
    /* A wait that would end at once is not trapped. */
    target = ready ? 0 : wait_trap(c, wfe, &delay);
    wake = wfe ? timer_event_wake(c, cpu_now(c)) : TG_TIME_NEVER;
    if (until < wake)
        wake = until;
    if (target && delay && !(c->host.attn & CPU_ATTN_STEP)) {
        late = cpu_now(c) + tg_cycles_to_time(delay, c->ident.hz);
        if (late < wake) {
            c->timing.icount = cpu_icount_at(c, op); /* the PE sleeps at the WFE */
            c->arch.pc = cpu_op_pc(c, op);
            c->host.cur = NULL;
            c->arch.wfe_trap = (uint8_t)target;
            c->arch.wfe_rn = (uint8_t)rn;
            sleep(c, true, late);
            return;
        }
        target = 0; /* the wait ends before the trap would be taken */
    }
    if (target) {
        raise_wait(c, op, target, wfe, rn);
        return;
    }
    c->timing.icount = cpu_icount_at(c, op) + 1;
    c->arch.pc = cpu_op_pc(c, op) + 4;
    c->host.cur = NULL;
    /* A warm reset that was asked for happens once the PE stands still (RMR_EL3 in the cores' manuals). */
    c->arch.warm_reset = !wfe && sysreg_reset_requested(c);
    if (ready && !c->arch.warm_reset)
        return;
    c->arch.timed_out = false;
    sleep(c, wfe, wake);
    c->arch.timed_out = c->arch.warm_reset;
}

void cpu_standby(struct cpu *c)
{
    cpu_poll(c, cpu_now(c));
    if (cpu_interrupt_pending(c, true))
        return;
    c->arch.timed_out = false;
    sleep(c, false, TG_TIME_NEVER);
}

void cpu_exec_wfi(struct cpu *c, const struct cpu_op *op)
{
    c->n.wfi++;
    c->host.cur = op;
    wait(c, op, false, false, TG_TIME_NEVER);
}

void cpu_exec_wfe(struct cpu *c, const struct cpu_op *op)
{
    c->n.wfe++;
    c->host.cur = op;
    wait(c, op, true, false, TG_TIME_NEVER);
}

void cpu_exec_wfit(struct cpu *c, const struct cpu_op *op, uint64_t count)
{
    c->n.wfi++;
    c->host.cur = op;
    wait(c, op, false, true, timer_timeout(c, count));
}

void cpu_exec_wfet(struct cpu *c, const struct cpu_op *op, uint64_t count)
{
    c->n.wfe++;
    c->host.cur = op;
    wait(c, op, true, true, timer_timeout(c, count));
}

void cpu_exec_sevl(struct cpu *c)
{
    c->arch.event_reg = true;
}

void cpu_exec_sev(struct cpu *c)
{
    tg_time at;

    c->arch.event_reg = true;
    if (!c->host.domain)
        return;
    at = cpu_now(c) + c->p.sev_time;
    for (struct cpu *o = c->host.domain->first; o; o = o->host.domain_next) {
        if (o == c)
            continue;
        arrival_event(o, at);
        if (o->arch.asleep_wfe && c->ports.hooks.event)
            c->ports.hooks.event(c->ports.hooks.opaque, o, at);
    }
}
