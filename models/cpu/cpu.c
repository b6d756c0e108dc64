/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PE's life: making, power, the run loop between blocks, time, derived state. What instructions do is in
 * exec/, what system registers and exceptions do in sysreg/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/arrival.h"
#include "models/cpu/bti.h"
#include "models/cpu/code.h"
#include "models/cpu/cpu_state.h"
#include "models/cpu/debug/debug.h"
#include "models/cpu/domain.h"
#include "models/cpu/pmu/pmu.h"
#include "models/cpu/sysreg/access.h"
#include "models/cpu/sysreg/exception.h"
#include "models/cpu/timer/timer.h"

int cpu_realize(struct tg_model *m, struct tg_error *err);
void cpu_reset_model(struct tg_model *m);
void cpu_fini(struct tg_model *m);

struct cpu *cpu_from_model(struct tg_model *m)
{
    return (struct cpu *)m;
}

struct tg_model *cpu_model(struct cpu *c)
{
    return &c->model;
}

void cpu_bind(struct cpu *c, unsigned index, uint64_t mpidr, const struct tg_gic_cpuif *gic,
              const struct cpu_hooks *hooks)
{
    c->ident.index = index;
    c->ident.mpidr = mpidr | TG_BIT(31);
    c->ports.gic = gic;
    if (hooks)
        c->ports.hooks = *hooks;
}

void cpu_set_outer_cache(struct cpu *c, uint64_t size, uint32_t ways)
{
    c->p.outer = (struct cache_params){.size = size, .ways = ways, .line = 64};
}

int cpu_realize(struct tg_model *m, struct tg_error *err)
{
    struct cpu *c = cpu_from_model(m);
    enum cpu_feature feature, needs;
    int rc;

    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        cpu_features_set(&c->ident.feat, i, c->p.feature[i]);
    cpu_features_settle(&c->ident.feat);
    if (!cpu_features_check(&c->ident.feat, &feature, &needs))
        return tg_error_set(err, EINVAL, "core %s: features.%s (%s) needs features.%s (%s)", c->p.core,
                            cpu_feature_name(feature), cpu_feature_text(feature), cpu_feature_name(needs),
                            cpu_feature_text(needs));
    if (!cpu_features_exclusive(&c->ident.feat, &feature, &needs))
        return tg_error_set(err, EINVAL, "core %s: found features.%s and features.%s, expected one of them",
                            c->p.core, cpu_feature_name(feature), cpu_feature_name(needs));
    rc = cpu_params_check(c, err);
    if (rc)
        return rc;
    /* What follows from other parameters is shown as it is modelled. */
    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        c->p.feature[i] = cpu_has(c, i);
    if (cpu_has(c, CPU_FEAT_LPA))
        c->p.pa_bits = 52;
    c->arch.rng =
        m->env->seed ^ c->p.rng_seed ^ (c->ident.index + UINT64_C(1)) * UINT64_C(0xd1342543de82ef95);
    sysreg_init(c);
    c->timing.fast_stretch = 1;
    c->ident.hz = c->p.freq;
    arrival_init(c);
    c->host.jumps = calloc(CPU_JUMPS, sizeof(*c->host.jumps));
    if (!c->host.jumps || mmu_init(c) || code_init(c) || pipe_init(c) || timer_init(c) || pmu_init(c) ||
        debug_init(c))
        return tg_error_set(err, ENOMEM, "%s: out of memory", m->name);
    fpu_init(&c->arch.fpu, cpu_has(c, CPU_FEAT_FP16));
    return 0;
}

void cpu_fini(struct tg_model *m)
{
    struct cpu *c = cpu_from_model(m);

    debug_fini(c);
    pmu_fini(c);
    timer_fini(c);
    pipe_fini(c);
    code_fini(c);
    mmu_fini(c);
    free(c->host.jumps);
}

/* ---- time ---- */

tg_time cpu_now(const struct cpu *c)
{
    return tg_cycles_to_time(cpu_now_cycle(c), c->ident.hz);
}

uint64_t cpu_cycles(const struct cpu *c)
{
    return cpu_now_cycle(c);
}

tg_time cpu_local_time(const struct cpu *c)
{
    return cpu_now(c);
}

uint64_t cpu_insns(const struct cpu *c)
{
    return c->host.cur ? cpu_icount_at(c, c->host.cur) : c->timing.icount;
}

uint64_t cpu_hz(const struct cpu *c)
{
    return c->ident.hz;
}

void cpu_buckets(const struct cpu *c, uint64_t out[CPU_BUCKET_COUNT])
{
    uint64_t now = cpu_now_cycle(c), others = 0;

    memcpy(out, c->timing.pipe.buckets, sizeof(c->timing.pipe.buckets));
    memo_add_charged(&c->timing.pipe.memo, out);
    out[CPU_BUCKET_BASE] = 0;
    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++)
        others += out[i];
    out[CPU_BUCKET_BASE] = now - others;
}

uint64_t cpu_fast_stretch(const struct cpu *c)
{
    return c->timing.timed ? 0 : c->timing.fast_stretch;
}

void cpu_fast_buckets(const struct cpu *c, uint64_t out[CPU_BUCKET_COUNT])
{
    const uint64_t *b = c->timing.pipe.buckets;

    out[CPU_BUCKET_EXCEPTION] = b[CPU_BUCKET_EXCEPTION];
    out[CPU_BUCKET_IDLE] = b[CPU_BUCKET_IDLE];
    out[CPU_BUCKET_BASE] =
        cpu_now_cycle(c) - c->timing.fast_rest - b[CPU_BUCKET_EXCEPTION] - b[CPU_BUCKET_IDLE];
}

/* The buckets that fast mode does not move. */
static uint64_t rest(const uint64_t b[CPU_BUCKET_COUNT])
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++)
        if (i != CPU_BUCKET_BASE && i != CPU_BUCKET_EXCEPTION && i != CPU_BUCKET_IDLE)
            sum += b[i];
    return sum;
}

static void advance_idle(struct cpu *c, uint64_t cycle)
{
    uint64_t now = cpu_now_cycle(c);

    if (cycle <= now)
        return;
    if (c->timing.timed) {
        pipe_idle_until(c, cycle);
    } else {
        c->timing.cyc_off += cycle - now;
        c->timing.pipe.buckets[CPU_BUCKET_IDLE] += cycle - now;
    }
}

void cpu_idle_until(struct cpu *c, tg_time now)
{
    advance_idle(c, tg_time_to_cycles_up(now, c->ident.hz));
}

static void apply_mode(struct cpu *c)
{
    bool timed = c->host.want_mode == CPU_TIMED;

    if (timed == c->timing.timed)
        return;
    if (c->ports.hooks.mode)
        c->ports.hooks.mode(c->ports.hooks.opaque, c, c->host.want_mode);
    if (timed) {
        uint64_t cycle = cpu_now_cycle(c);

        c->timing.timed = true;
        pipe_start(c, cycle);
    } else {
        memo_carry(&c->timing.pipe.memo, c->timing.pipe.buckets);
        c->timing.cyc_off = c->timing.pipe.cycle - c->timing.icount;
        c->timing.timed = false;
        c->timing.fast_rest = rest(c->timing.pipe.buckets);
        c->timing.fast_stretch++;
    }
    mmu_mode_changed(c);
    code_drop_all(c);
}

void cpu_set_mode(struct cpu *c, enum cpu_mode mode)
{
    c->host.want_mode = mode;
    if (c->host.in_run)
        cpu_attention(c, 0);
    else
        apply_mode(c);
}

enum cpu_mode cpu_get_mode(const struct cpu *c)
{
    return c->timing.timed ? CPU_TIMED : CPU_FAST;
}

/* ---- derived state ---- */

/* LDTR and STTR at EL1 or EL2: EL0's permissions, but EE and not E0E says the byte order (J1, BigEndian()).
 */
static enum mmu_priv unprivileged(const struct cpu *c)
{
    uint64_t order = cpu_sctlr(c, c->arch.el) & (SCTLR_E0E | SCTLR_EE);

    return tg_likely(order == 0 || order == (SCTLR_E0E | SCTLR_EE)) ? MMU_USER : MMU_UNPRIV;
}

static inline struct mmu_view *view_of(struct cpu *c, enum mmu_regime regime, enum mmu_priv priv)
{
    struct mmu_view *v = c->host.mmu.current[regime][priv];

    return tg_likely(v) ? v : mmu_view_get(c, regime, priv);
}

void cpu_fp_changed(struct cpu *c)
{
    bool unknown;

    c->derived.fp_trap = cpu_fp_trap_target(c, &unknown) != 0;
}

void cpu_context_changed(struct cpu *c)
{
    enum mmu_regime regime = mmu_current_regime(c);
    const struct mmu_view *before = c->host.view;

    if (c->arch.el == 0) {
        c->host.view = c->host.uview = view_of(c, regime, MMU_USER);
    } else {
        /* HCR_EL2.NV and NV1: EL1 is a hypervisor without VHE, to which PAN and unprivileged accesses mean
         * nothing (D8.11.3). */
        bool nv1 = c->arch.el == 1 && (cpu_hcr_eff(c) & (HCR_NV | HCR_NV1)) == (HCR_NV | HCR_NV1);

        c->host.view =
            view_of(c, regime, mmu_two_privileges(regime) && c->arch.pan && !nv1 ? MMU_PRIV_PAN : MMU_PRIV);
        /* LDTR and STTR are unprivileged at EL1, and at EL2 of a host (E2H, TGE). */
        if (!c->arch.uao && ((c->arch.el == 1 && !nv1) || (c->arch.el == 2 && cpu_host(c))))
            c->host.uview = view_of(c, regime, unprivileged(c));
        else
            c->host.uview = c->host.view;
    }
    if (c->host.view != before)
        c->timing.pipe.fetch_page = UINT64_MAX;
    cpu_fp_changed(c);
    sysreg_context_changed(c);
}

/* ---- reset and power ---- */

void cpu_reset_model(struct tg_model *m)
{
    struct cpu *c = cpu_from_model(m);

    c->arch.powered = false;
    c->arch.asleep = c->arch.timed_out = false;
    c->host.attn = CPU_ATTN_IRQ;
    c->host.cur = NULL;
    c->host.link = NULL;
    if (c->host.domain) {
        sysreg_reset(c);
        mmu_controls_changed(c);
        cpu_context_changed(c);
    }
}

void cpu_power_on(struct cpu *c, unsigned el, uint64_t pc, uint64_t x0, tg_time now)
{
    cpu_idle_until(c, now);
    memset(c->arch.x, 0, sizeof(c->arch.x));
    memset(c->arch.v, 0, sizeof(c->arch.v));
    memset(c->arch.sp_el, 0, sizeof(c->arch.sp_el));
    cpu_set_nzcv(c, 0);
    c->arch.daif = 0xf;
    c->arch.sp_sel = true;
    c->arch.pan = c->arch.uao = c->arch.dit = c->arch.il = c->arch.ss = false;
    c->arch.btype = 0;
    c->arch.ssbs = false;
    c->arch.excl_valid = false;
    c->arch.event_reg = false;
    c->arch.event_at = TG_TIME_NEVER;
    c->arch.asleep = c->arch.timed_out = c->arch.warm_reset = false;
    c->arch.wfe_trap = 0;
    c->arch.el = (uint8_t)el;
    if (el == sysreg_highest_el(c))
        c->arch.rvbar = pc;
    fpu_set_fpcr(&c->arch.fpu, 0);
    c->arch.fpu.fpsr = 0;
    if (c->ports.gic && c->ports.gic->reset)
        c->ports.gic->reset(c->ports.gic->opaque, c->ident.index, now);
    sysreg_reset(c);
    if (el < 3 && cpu_has(c, CPU_FEAT_EL3))
        sysreg_from_firmware(c);
    /* Nothing cached survives a reset. */
    mmu_drop_everything(c);
    mmu_controls_changed(c);
    c->arch.x[0] = x0;
    c->arch.pc = pc;
    c->host.cur = NULL;
    c->host.link = NULL;
    c->arch.powered = true;
    c->host.attn = CPU_ATTN_IRQ;
    c->progress.undef_run = 0;
    c->progress.undef_loop = 0;
    cpu_context_changed(c);
}

void cpu_power_off(struct cpu *c)
{
    c->arch.powered = false;
    cpu_attention(c, 0);
}

bool cpu_is_on(const struct cpu *c)
{
    return c->arch.powered;
}

void cpu_request_stop(struct cpu *c)
{
    cpu_attention(c, CPU_ATTN_STOP);
}

void cpu_set_insn_limit(struct cpu *c, uint64_t insns)
{
    c->host.insn_stop = insns;
    if (c->host.in_run)
        cpu_attention(c, 0);
}

void cpu_set_stop_pc(struct cpu *c, uint64_t pc)
{
    c->host.want_stop_pc = pc + 1;
    if (c->host.in_run)
        cpu_attention(c, 0);
}

static void apply_stop_pc(struct cpu *c)
{
    if (tg_likely(c->host.stop_pc == c->host.want_stop_pc))
        return;
    c->host.stop_pc = c->host.want_stop_pc;
    code_drop_all(c); /* blocks are cut at it */
}

/* ---- sleep ---- */

/* Does something end the WFI or WFE that the PE sleeps in? */
static bool wakes(const struct cpu *c)
{
    return (c->arch.asleep_wfe && c->arch.event_reg) || c->arch.timed_out || cpu_interrupt_pending(c, true);
}

/* Earliest time at which something happens to the PE: own timers, what is on its way. */
static inline tg_time next_time(const struct cpu *c)
{
    tg_time timer = timer_next(c);

    return timer < c->derived.arrival ? timer : c->derived.arrival;
}

void cpu_poll(struct cpu *c, tg_time now)
{
    timer_poll(c, now);
    if (c->derived.arrival <= now)
        arrival_poll(c, now);
}

bool cpu_has_wakeup(struct cpu *c, tg_time now)
{
    if (!c->arch.powered)
        return false;
    if (!c->arch.asleep)
        return true;
    if (next_time(c) <= now)
        cpu_poll(c, now);
    return wakes(c);
}

tg_time cpu_wake_time(const struct cpu *c)
{
    return next_time(c);
}

/* ---- the run loop ---- */

/* Raises a PC alignment fault or clears an address tag; true: go on with c->arch.pc. */
static bool normalise_pc(struct cpu *c)
{
    const struct mmu_key *k = &c->host.view->key;

    if (mmu_tbi_fetch(
            k, c->arch.pc)) /* BranchTo: the tag is replaced by copies of bit 55 (EL0, EL1, EL2&0) or zeros */
        c->arch.pc =
            mmu_two_privileges(k->regime) ? (uint64_t)tg_sext(c->arch.pc, 56) : c->arch.pc & tg_ones(56);
    if (c->arch.pc & 3) {
        c->host.cur = NULL;
        cpu_raise_pc_alignment(c, c->arch.pc);
        return false;
    }
    return true;
}

/* from: the page's record, if it has one. */
static void run_single(struct cpu *c, uint32_t insn, const struct code_page *from)
{
    const struct cpu_op *op = code_single(c, insn, (unsigned)c->arch.pc & 4095);

    c->host.pc_page = c->arch.pc & MMU_PAGE_MASK;
    c->timing.icount++;
    c->host.ilimit = 0;
    pipe_single(c, op);
    if (tg_unlikely(from && from->uncached))
        pipe_fetch_one(c, from->pa + cpu_op_offset(op));
    CPU_OP_FN(op)(c, op);
}

/* One instruction, without chaining: software step, breakpoints, the last instructions before a limit. */
static void step(struct cpu *c)
{
    struct mmu_xtlbe *e;
    struct mmu_lookup l;
    uint32_t insn;

    c->host.link = NULL;
    if (!normalise_pc(c) || !mmu_fetch(c, c->arch.pc, &e, &l))
        return;
    if (e) {
        memcpy(&insn, ram_at(domain_ram(c, e->pa, false), e->pa) + (c->arch.pc & 4095), sizeof(insn));
    } else {
        insn = l.insn;
    }
    if (tg_unlikely(c->arch.btype) && !bti_check(c, insn, e ? e->guarded : l.guarded))
        return;
    debug_fetched(c, insn);
    run_single(c, insn, e ? e->code : NULL);
}

const struct cpu_op *cpu_find_block(struct cpu *c, uint64_t va)
{
    struct jump_entry *j = &c->host.jumps[cpu_jump_hash(va)];
    const struct mmu_xtlbe *e = &c->host.view->xtlb[MMU_XTLB_INDEX(va)];
    const struct cpu_op *ops;

    if (j->va == va && j->tag == c->host.view->jump_tag)
        return j->ops;
    if (e->tag != (va & ~UINT64_C(0xffc)) || cpu_has(c, CPU_FEAT_BTI) || !code_may_chain(c, va))
        return NULL;
    ops = code_known(c, e->code, (unsigned)va & 4095);
    if (ops) {
        *j = (struct jump_entry){.va = va, .tag = c->host.view->jump_tag, .ops = ops, .btypes = BTI_ANY};
        mmu_note_code(c->host.view, va);
    }
    return ops;
}

/* The block at c->arch.pc, entered in the jump cache; NULL: an exception was raised, or a single uncached
 * instruction was run. */
static const struct cpu_op *find_block(struct cpu *c)
{
    struct jump_entry *j;
    const struct cpu_op *ops;
    struct mmu_xtlbe *e;
    struct mmu_lookup l;
    struct cpu_links *link = c->host.link;
    const uint8_t *page;
    uint64_t btypes = BTI_ANY;
    uint32_t insn;

    c->host.link = NULL;
    if (tg_unlikely((c->arch.pc & 3) || (uint64_t)(tg_sext(c->arch.pc, 48)) != c->arch.pc) &&
        !normalise_pc(c))
        return NULL;
    j = &c->host.jumps[cpu_jump_hash(c->arch.pc)];
    if (!link && !c->arch.btype && j->va == c->arch.pc && j->tag == c->host.view->jump_tag)
        return j->ops;
    if (!mmu_fetch(c, c->arch.pc, &e, &l))
        return NULL;
    if (!e) {
        if (!c->arch.btype || bti_check(c, l.insn, l.guarded))
            run_single(c, l.insn, NULL);
        return NULL;
    }
    page = ram_at(domain_ram(c, e->pa, false), e->pa);
    if (tg_unlikely(cpu_has(c, CPU_FEAT_BTI))) {
        memcpy(&insn, page + (c->arch.pc & 4095), sizeof(insn));
        btypes = bti_cacheable(c, insn, e->guarded);
        if (c->arch.btype && !bti_check(c, insn, e->guarded))
            return NULL;
    }
    ops = code_block(c, e->code, (unsigned)c->arch.pc & 4095, page);
    *j = (struct jump_entry){.va = c->arch.pc, .tag = c->host.view->jump_tag, .ops = ops, .btypes = btypes};
    mmu_note_code(c->host.view, c->arch.pc);
    if (link && link->page == e->code && code_may_chain(c, c->arch.pc))
        link->ops[c->host.link_way] = ops;
    return ops;
}

/* The first cycle in which cpu_poll has something to do. */
static inline uint64_t deadline_cycle(struct cpu *c)
{
    tg_time deadline = next_time(c);

    if (deadline != c->derived.deadline) { /* else the division was made */
        c->derived.deadline = deadline;
        c->derived.deadline_cycle =
            deadline == TG_TIME_NEVER ? UINT64_MAX : tg_time_to_cycles_up(deadline, c->ident.hz);
    }
    return c->derived.deadline_cycle;
}

/* Sets the limits of the next stretch: the run's end, the next own timer, the instruction count. */
static void set_limits(struct cpu *c, uint64_t until)
{
    uint64_t deadline = deadline_cycle(c), cycle = deadline < until ? deadline : until;

    if (c->timing.timed) {
        memo_carry(&c->timing.pipe.memo, c->timing.pipe.buckets);
        if (cycle > c->timing.pipe.cycle + MEMO_CARRY_AT)
            cycle = c->timing.pipe.cycle + MEMO_CARRY_AT;
    }
    c->host.run_until_cycle = cycle;
    c->host.ilimit = c->timing.timed ? UINT64_MAX : cycle - c->timing.cyc_off;
    if (c->host.insn_stop && c->host.insn_stop - CODE_BLOCK_MAX < c->host.ilimit)
        c->host.ilimit = c->host.insn_stop > CODE_BLOCK_MAX ? c->host.insn_stop - CODE_BLOCK_MAX : 0;
}

enum cpu_stop cpu_run(struct cpu *c, tg_time until)
{
    uint64_t until_cycle = tg_time_to_cycles_up(until, c->ident.hz);
    enum cpu_stop stop;

    domain_running(c);
    c->host.in_run = true;
    for (;;) {
        const struct cpu_op *ops;

        c->host.cur = NULL;
        if (c->host.want_mode != (c->timing.timed ? CPU_TIMED : CPU_FAST))
            apply_mode(c);
        apply_stop_pc(c);
        if (!c->arch.powered) {
            stop = CPU_STOP_OFF;
            break;
        }
        if (c->host.attn & CPU_ATTN_STOP) {
            c->host.attn &= (uint8_t)~CPU_ATTN_STOP;
            stop = CPU_STOP_REQUEST;
            break;
        }
        if (c->host.insn_stop && c->timing.icount >= c->host.insn_stop) {
            stop = CPU_STOP_REQUEST;
            break;
        }
        if (tg_unlikely(deadline_cycle(c) <= cpu_now_cycle(c)))
            cpu_poll(c, cpu_now(c));
        if (c->arch.asleep) {
            if (!wakes(c)) {
                stop = CPU_STOP_WFI;
                break;
            }
            if (c->arch.asleep_wfe)
                c->arch.event_reg = false;
            c->arch.asleep = c->arch.asleep_wfe = c->arch.timed_out = false;
            advance_idle(c, cpu_now_cycle(c) + tg_time_to_cycles_up(c->p.wakeup, c->ident.hz));
            if (tg_unlikely(c->arch.wfe_trap))
                cpu_wfe_delay_over(c);
            if (tg_unlikely(c->arch.warm_reset))
                cpu_power_on(c, sysreg_highest_el(c), c->arch.rvbar, 0, cpu_now(c));
        }
        if (cpu_now_cycle(c) >= until_cycle) {
            stop = CPU_STOP_LIMIT;
            break;
        }
        if (c->host.attn & CPU_ATTN_IRQ) {
            c->host.attn &= (uint8_t)~CPU_ATTN_IRQ;
            if (cpu_take_interrupt(c))
                c->host.link = NULL; /* the branch that left a block does not lead to the vector */
            c->host.cur = NULL;
        }
        if (tg_unlikely(c->arch.pc + 1 == c->host.stop_pc)) {
            stop = CPU_STOP_REQUEST;
            break;
        }
        if (tg_unlikely(code_arena_low(c)))
            code_drop_all(c);
        if (tg_unlikely(c->host.attn & CPU_ATTN_STEP)) {
            c->host.link = NULL;
            if (!debug_before_insn(c))
                step(c);
            continue;
        }
        set_limits(c, until_cycle);
        if (tg_unlikely(c->host.insn_stop && c->host.insn_stop - c->timing.icount <= CODE_BLOCK_MAX)) {
            step(c);
            continue;
        }
        ops = find_block(c);
        if (!ops)
            continue;
        c->host.pc_page = c->arch.pc & MMU_PAGE_MASK;
        if (cpu_by_blocks(c) && !c->timing.pipe.memo.skip)
            pipe_fold(&c->timing.pipe);
        CPU_OP_FN(ops)(c, ops);
    }
    c->host.in_run = false;
    return stop;
}

/* ---- registers, for sim/ and tests ---- */

uint64_t cpu_get_x(const struct cpu *c, unsigned n)
{
    return n == 31 ? c->arch.x[CPU_X_SP] : n < 31 ? c->arch.x[n] : 0;
}

void cpu_set_x(struct cpu *c, unsigned n, uint64_t v)
{
    if (n <= 31)
        c->arch.x[n == 31 ? CPU_X_SP : n] = v;
}

uint64_t cpu_get_pc(const struct cpu *c)
{
    return c->host.cur ? cpu_op_pc(c, c->host.cur) : c->arch.pc;
}

void cpu_set_pc(struct cpu *c, uint64_t pc)
{
    c->arch.pc = pc;
    c->host.link = NULL;
}

unsigned cpu_get_el(const struct cpu *c)
{
    return c->arch.el;
}

void cpu_get_v(const struct cpu *c, unsigned n, uint64_t v[2])
{
    memcpy(v, &c->arch.v[n & 31], 16);
}

void cpu_set_v(struct cpu *c, unsigned n, const uint64_t v[2])
{
    memcpy(&c->arch.v[n & 31], v, 16);
}

bool cpu_get_sysreg(struct cpu *c, uint32_t enc, uint64_t *v)
{
    return sysreg_get(c, enc, v);
}

bool cpu_set_sysreg(struct cpu *c, uint32_t enc, uint64_t v)
{
    return sysreg_set(c, enc, v);
}

unsigned cpu_index(const struct cpu *c)
{
    return c->ident.index;
}
