/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole state of a PE, part by part as cpu_state.h has them (models/base/state.h says what rows are). A state is
 * taken between slices: cpu_quiesce before, cpu_settle after a restore.
 */
#include "models/base/state.h"

#include "models/base/model.h"
#include "models/cpu/code.h"
#include "models/cpu/cpu_state.h"
#include "models/cpu/debug/debug.h"
#include "models/cpu/pmu/pmu.h"
#include "models/cpu/state.h"
#include "models/cpu/sysreg/access.h"
#include "models/cpu/timer/timer.h"

/* clang-format off */
static const struct tg_state fpu_state[] = {
    TG_STATE(struct fpu, fpsr),
    TG_STATE_DERIVED(struct fpu, fast_ixc, "FPCR"),
    TG_STATE(struct fpu, fpcr),
    TG_STATE_FIXED(struct fpu, fpcr_mask, "features"),
    TG_STATE_SPAN(struct fpu, rmode, ahp, TG_WHY_DERIVED, "FPCR"),
};
static const struct tg_state_table fpu_table = TG_STATE_INIT(struct fpu, fpu_state);

static const struct tg_state ras_state[] = {
    TG_STATE(struct ras_record, ctlr),
    TG_STATE(struct ras_record, addr),
    TG_STATE(struct ras_record, misc),
};
static const struct tg_state_table ras_table = TG_STATE_INIT(struct ras_record, ras_state);

static const char *register_name(const void *s, size_t i)
{
    return sysreg_storage_name((const struct cpu *)(const void *)((const char *)s - offsetof(struct cpu, arch)), i);
}

static const struct tg_state arch_state[] = {
    TG_STATE(struct cpu_arch, x),
    TG_STATE(struct cpu_arch, nf),
    TG_STATE(struct cpu_arch, zf),
    TG_STATE(struct cpu_arch, vf),
    TG_STATE(struct cpu_arch, cf),
    TG_STATE(struct cpu_arch, pc),
    TG_STATE(struct cpu_arch, el),
    TG_STATE_RAW(struct cpu_arch, v),
    TG_STATE_IN(struct cpu_arch, fpu, struct fpu, fpu_table),
    TG_STATE(struct cpu_arch, daif),
    TG_STATE(struct cpu_arch, sp_sel),
    TG_STATE(struct cpu_arch, pan),
    TG_STATE(struct cpu_arch, uao),
    TG_STATE(struct cpu_arch, ssbs),
    TG_STATE(struct cpu_arch, dit),
    TG_STATE(struct cpu_arch, btype),
    TG_STATE(struct cpu_arch, il),
    TG_STATE(struct cpu_arch, ss),
    TG_STATE(struct cpu_arch, excl_valid),
    TG_STATE(struct cpu_arch, excl_size),
    TG_STATE(struct cpu_arch, excl_pa),
    TG_STATE_NAMED(struct cpu_arch, sr, register_name),
    TG_STATE(struct cpu_arch, sp_el),
    TG_STATE(struct cpu_arch, rvbar),
    TG_STATE(struct cpu_arch, rng),
    TG_STATE_IN(struct cpu_arch, ras, struct ras_record, ras_table),
    TG_STATE(struct cpu_arch, line),
    TG_STATE(struct cpu_arch, rise_at),
    TG_STATE(struct cpu_arch, event_at),
    TG_STATE(struct cpu_arch, powered),
    TG_STATE(struct cpu_arch, asleep),
    TG_STATE(struct cpu_arch, asleep_wfe),
    TG_STATE(struct cpu_arch, event_reg),
    TG_STATE(struct cpu_arch, event_from),
    TG_STATE(struct cpu_arch, timed_out),
    TG_STATE(struct cpu_arch, warm_reset),
    TG_STATE(struct cpu_arch, wfe_trap),
    TG_STATE(struct cpu_arch, wfe_rn),
    TG_STATE(struct cpu_arch, wfe_until),
};
static const struct tg_state_table arch_table = TG_STATE_INIT(struct cpu_arch, arch_state);

static const struct tg_state timing_state[] = {
    TG_STATE(struct cpu_timing, icount),
    TG_STATE(struct cpu_timing, timed),
    TG_STATE(struct cpu_timing, cyc_off),
    TG_STATE(struct cpu_timing, fast_rest),
    TG_STATE(struct cpu_timing, fast_stretch),
    TG_STATE_IN(struct cpu_timing, pipe, struct pipe, pipe_state),
    TG_STATE_IN(struct cpu_timing, caches, struct caches, caches_state),
};
static const struct tg_state_table timing_table = TG_STATE_INIT(struct cpu_timing, timing_state);

static const struct tg_state derived_state[] = {
    TG_STATE_DERIVED(struct cpu_derived, fp_trap, "CPACR_EL1, CPTR_EL2, CPTR_EL3 and the level"),
    TG_STATE(struct cpu_derived, wake_at), /* as the timers left it: its event is armed for it */
    TG_STATE(struct cpu_derived, arrival), /* may be early: the PE looks then */
    TG_STATE_SPAN(struct cpu_derived, deadline, deadline_cycle, TG_WHY_DERIVED, "of wake_at and the other timers"),
    TG_STATE_SPAN(struct cpu_derived, sr_check, fgt_valid, TG_WHY_DERIVED, "features and control registers"),
    TG_STATE_DERIVED(struct cpu_derived, pac_memo, "each is a function of its key"),
};
static const struct tg_state_table derived_table = TG_STATE_INIT(struct cpu_derived, derived_state);

static const struct tg_state progress_state[] = {
    TG_STATE(struct cpu_progress, undef_run),
    TG_STATE(struct cpu_progress, undef_icount),
    TG_STATE(struct cpu_progress, undef_pc),
    TG_STATE(struct cpu_progress, eret_icount),
    TG_STATE(struct cpu_progress, undef_loop),
};
static const struct tg_state_table progress_table = TG_STATE_INIT(struct cpu_progress, progress_state);

static uint64_t one(const void *s)
{
    (void)s;
    return 1;
}

static const struct tg_state units_state[] = {
    TG_STATE_HEAP_IN(struct cpu_units, timers, timer_state, one),
    TG_STATE_HEAP_IN(struct cpu_units, pmu, pmu_state, one),
    TG_STATE_HEAP_IN(struct cpu_units, debug, debug_state, one),
};
static const struct tg_state_table units_table = TG_STATE_INIT(struct cpu_units, units_state);

static const struct tg_state state[] = {
    TG_STATE_IN(struct cpu, arch, struct cpu_arch, arch_table),
    TG_STATE_HOST(struct cpu, host, "made again as it is needed"),
    TG_STATE_IN(struct cpu, timing, struct cpu_timing, timing_table),
    TG_STATE_IN(struct cpu, derived, struct cpu_derived, derived_table),
    TG_STATE_IN(struct cpu, progress, struct cpu_progress, progress_table),
    TG_STATE_IN(struct cpu, units, struct cpu_units, units_table),
    TG_STATE_FIXED(struct cpu, ident, "which PE it is, and its core"),
    TG_STATE_SPAN(struct cpu, ports.gic, ports.hooks, TG_WHY_FIXED, "its neighbours"),
    TG_STATE(struct cpu, n.rmws),
    TG_STATE_UNUSED(struct cpu, p, "what the core has no parameter for"),
};
/* clang-format on */
const struct tg_state_table cpu_state_table = TG_STATE_INIT(struct cpu, state);

void cpu_quiesce(struct cpu *c)
{
    if (c->timing.timed) {
        memo_carry(&c->timing.pipe.memo, c->timing.pipe.buckets);
        pipe_unfold(&c->timing.pipe);
    }
}

void cpu_forget(struct cpu *c)
{
    cpu_quiesce(c);
    code_drop_all(c);
    mmu_drop_everything(c);
    cpu_context_changed(c);
    c->host.attn |= CPU_ATTN_IRQ;
}

void cpu_settle(struct tg_model *m)
{
    struct cpu *c = cpu_from_model(m);

    fpu_set_fpcr(&c->arch.fpu, c->arch.fpu.fpcr);
    pipe_settle_state(&c->timing.pipe);
    caches_settle(&c->timing.caches);
    c->host.cur = NULL;
    c->host.want_mode = c->timing.timed ? CPU_TIMED : CPU_FAST;
    c->derived.deadline = c->derived.deadline_cycle = 0; /* of each other, and worked out at the next look */
    mmu_controls_changed(c);
    debug_controls_changed(c);
    cpu_forget(c);
}
