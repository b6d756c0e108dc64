/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PE's life: making, power, the run loop between blocks, time, derived state. What instructions do is in
 * exec/, what system registers and exceptions do in sysreg/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
void cpu_irq_in(void *m, unsigned line, bool level, tg_time at);

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
    c->index = index;
    c->mpidr = mpidr | TG_BIT(31);
    c->gic = gic;
    if (hooks)
        c->hooks = *hooks;
}

void cpu_set_outer_cache(struct cpu *c, uint64_t size, uint32_t ways)
{
    c->p.outer = (struct cache_params){.size = size, .ways = ways, .line = 64};
}

int cpu_realize(struct tg_model *m, struct tg_error *err)
{
    struct cpu *c = cpu_from_model(m);
    enum cpu_feature feature, needs;

    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        cpu_features_set(&c->feat, i, c->p.feature[i]);
    cpu_features_settle(&c->feat);
    if (!cpu_features_check(&c->feat, &feature, &needs))
        return tg_error_set(err, EINVAL, "core %s: features.%s (%s) needs features.%s (%s)", c->p.core,
                            cpu_feature_name(feature), cpu_feature_text(feature), cpu_feature_name(needs),
                            cpu_feature_text(needs));
    if (!cpu_features_exclusive(&c->feat, &feature, &needs))
        return tg_error_set(err, EINVAL, "core %s: found features.%s and features.%s, expected one of them",
                            c->p.core, cpu_feature_name(feature), cpu_feature_name(needs));
    if (cpu_has(c, CPU_FEAT_LPA))
        c->p.pa_bits = 52;
    c->rng = m->env->seed ^ c->p.rng_seed ^ (c->index + UINT64_C(1)) * UINT64_C(0xd1342543de82ef95);
    sysreg_init(c);
    c->fast_stretch = 1;
    c->hz = c->p.freq;
    c->jumps = calloc(CPU_JUMPS, sizeof(*c->jumps));
    if (!c->jumps || mmu_init(c) || code_init(c) || pipe_init(c) || timer_init(c) || pmu_init(c) ||
        debug_init(c))
        return tg_error_set(err, ENOMEM, "%s: out of memory", m->name);
    fpu_init(&c->fpu, cpu_has(c, CPU_FEAT_FP16));
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
    free(c->jumps);
}

/* ---- time ---- */

tg_time cpu_now(const struct cpu *c)
{
    return tg_cycles_to_time(cpu_now_cycle(c), c->hz);
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
    return c->cur ? cpu_icount_at(c, c->cur) : c->icount;
}

uint64_t cpu_hz(const struct cpu *c)
{
    return c->hz;
}

void cpu_buckets(const struct cpu *c, uint64_t out[CPU_BUCKET_COUNT])
{
    uint64_t now = cpu_now_cycle(c), others = 0;

    memcpy(out, c->pipe.buckets, sizeof(c->pipe.buckets));
    memo_add_charged(&c->pipe.memo, out);
    out[CPU_BUCKET_BASE] = 0;
    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++)
        others += out[i];
    out[CPU_BUCKET_BASE] = now - others;
}

uint64_t cpu_fast_stretch(const struct cpu *c)
{
    return c->timed ? 0 : c->fast_stretch;
}

void cpu_fast_buckets(const struct cpu *c, uint64_t out[CPU_BUCKET_COUNT])
{
    const uint64_t *b = c->pipe.buckets;

    out[CPU_BUCKET_EXCEPTION] = b[CPU_BUCKET_EXCEPTION];
    out[CPU_BUCKET_IDLE] = b[CPU_BUCKET_IDLE];
    out[CPU_BUCKET_BASE] = cpu_now_cycle(c) - c->fast_rest - b[CPU_BUCKET_EXCEPTION] - b[CPU_BUCKET_IDLE];
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
    if (c->timed) {
        pipe_idle_until(c, cycle);
    } else {
        c->cyc_off += cycle - now;
        c->pipe.buckets[CPU_BUCKET_IDLE] += cycle - now;
    }
}

void cpu_idle_until(struct cpu *c, tg_time now)
{
    advance_idle(c, tg_time_to_cycles_up(now, c->hz));
}

static void apply_mode(struct cpu *c)
{
    bool timed = c->want_mode == CPU_TIMED;

    if (timed == c->timed)
        return;
    if (c->hooks.mode)
        c->hooks.mode(c->hooks.opaque, c, c->want_mode);
    if (timed) {
        uint64_t cycle = cpu_now_cycle(c);

        c->timed = true;
        pipe_start(c, cycle);
    } else {
        memo_carry(&c->pipe.memo, c->pipe.buckets);
        c->cyc_off = c->pipe.cycle - c->icount;
        c->timed = false;
        c->fast_rest = rest(c->pipe.buckets);
        c->fast_stretch++;
    }
    code_drop_all(c);
}

void cpu_set_mode(struct cpu *c, enum cpu_mode mode)
{
    c->want_mode = mode;
    if (c->in_run)
        cpu_attention(c, 0);
    else
        apply_mode(c);
}

enum cpu_mode cpu_get_mode(const struct cpu *c)
{
    return c->timed ? CPU_TIMED : CPU_FAST;
}

/* ---- derived state ---- */

/* LDTR and STTR at EL1 or EL2: EL0's permissions, but EE and not E0E says the byte order (J1, BigEndian()).
 */
static enum mmu_priv unprivileged(const struct cpu *c)
{
    uint64_t order = cpu_sctlr(c, c->el) & (SCTLR_E0E | SCTLR_EE);

    return tg_likely(order == 0 || order == (SCTLR_E0E | SCTLR_EE)) ? MMU_USER : MMU_UNPRIV;
}

static inline struct mmu_view *view_of(struct cpu *c, enum mmu_regime regime, enum mmu_priv priv)
{
    struct mmu_view *v = c->mmu.current[regime][priv];

    return tg_likely(v) ? v : mmu_view_get(c, regime, priv);
}

void cpu_fp_changed(struct cpu *c)
{
    bool unknown;

    c->fp_trap = cpu_fp_trap_target(c, &unknown) != 0;
}

void cpu_context_changed(struct cpu *c)
{
    enum mmu_regime regime = mmu_current_regime(c);
    const struct mmu_view *before = c->view;

    if (c->el == 0) {
        c->view = c->uview = view_of(c, regime, MMU_USER);
    } else {
        /* HCR_EL2.NV and NV1: EL1 is a hypervisor without VHE, to which PAN and unprivileged accesses mean
         * nothing (D8.11.3). */
        bool nv1 = c->el == 1 && (cpu_hcr_eff(c) & (HCR_NV | HCR_NV1)) == (HCR_NV | HCR_NV1);

        c->view = view_of(c, regime, mmu_two_privileges(regime) && c->pan && !nv1 ? MMU_PRIV_PAN : MMU_PRIV);
        /* LDTR and STTR are unprivileged at EL1, and at EL2 of a host (E2H, TGE). */
        if (!c->uao && ((c->el == 1 && !nv1) || (c->el == 2 && cpu_host(c))))
            c->uview = view_of(c, regime, unprivileged(c));
        else
            c->uview = c->view;
    }
    if (c->view != before)
        c->pipe.fetch_page = UINT64_MAX;
    cpu_fp_changed(c);
    sysreg_context_changed(c);
}

/* ---- reset and power ---- */

void cpu_reset_model(struct tg_model *m)
{
    struct cpu *c = cpu_from_model(m);

    c->powered = false;
    c->asleep = c->timed_out = false;
    c->attn = CPU_ATTN_IRQ;
    c->cur = NULL;
    c->link = NULL;
    if (c->domain) {
        sysreg_reset(c);
        mmu_controls_changed(c);
        cpu_context_changed(c);
    }
}

void cpu_power_on(struct cpu *c, unsigned el, uint64_t pc, uint64_t x0, tg_time now)
{
    cpu_idle_until(c, now);
    memset(c->x, 0, sizeof(c->x));
    memset(c->v, 0, sizeof(c->v));
    memset(c->sp_el, 0, sizeof(c->sp_el));
    cpu_set_nzcv(c, 0);
    c->daif = 0xf;
    c->sp_sel = true;
    c->pan = c->uao = c->dit = c->il = c->ss = false;
    c->btype = 0;
    c->ssbs = false;
    c->excl_valid = false;
    c->event_reg = false;
    c->asleep = c->timed_out = c->warm_reset = false;
    c->wfe_trap = 0;
    c->el = (uint8_t)el;
    if (el == sysreg_highest_el(c))
        c->rvbar = pc;
    fpu_set_fpcr(&c->fpu, 0);
    c->fpu.fpsr = 0;
    if (c->gic && c->gic->reset)
        c->gic->reset(c->gic->opaque, c->index, now);
    sysreg_reset(c);
    if (el < 3 && cpu_has(c, CPU_FEAT_EL3))
        sysreg_from_firmware(c);
    /* Nothing cached survives a reset. */
    mmu_drop_everything(c);
    mmu_controls_changed(c);
    c->x[0] = x0;
    c->pc = pc;
    c->cur = NULL;
    c->link = NULL;
    c->powered = true;
    c->attn = CPU_ATTN_IRQ;
    c->undef_run = 0;
    c->undef_loop = 0;
    cpu_context_changed(c);
}

void cpu_power_off(struct cpu *c)
{
    c->powered = false;
    cpu_attention(c, 0);
}

bool cpu_is_on(const struct cpu *c)
{
    return c->powered;
}

void cpu_irq_in(void *m, unsigned line, bool level, tg_time at)
{
    struct cpu *c = cpu_from_model(m);

    (void)at;
    if (line >= TG_PE_LINES)
        return;
    c->line[line] = level;
    cpu_attention(c, CPU_ATTN_IRQ);
}

void cpu_request_stop(struct cpu *c)
{
    cpu_attention(c, CPU_ATTN_STOP);
}

void cpu_set_insn_limit(struct cpu *c, uint64_t insns)
{
    c->insn_stop = insns;
    if (c->in_run)
        cpu_attention(c, 0);
}

void cpu_set_stop_pc(struct cpu *c, uint64_t pc)
{
    c->want_stop_pc = pc + 1;
    if (c->in_run)
        cpu_attention(c, 0);
}

static void apply_stop_pc(struct cpu *c)
{
    if (tg_likely(c->stop_pc == c->want_stop_pc))
        return;
    c->stop_pc = c->want_stop_pc;
    code_drop_all(c); /* blocks are cut at it */
}

/* ---- sleep ---- */

/* Does something end the WFI or WFE that the PE sleeps in? */
static bool wakes(const struct cpu *c)
{
    return (c->asleep_wfe && c->event_reg) || c->timed_out || cpu_interrupt_pending(c, true);
}

bool cpu_has_wakeup(struct cpu *c, tg_time now)
{
    if (!c->powered)
        return false;
    if (!c->asleep)
        return true;
    if (timer_next(c) <= now)
        timer_poll(c, now);
    return wakes(c);
}

tg_time cpu_wake_time(const struct cpu *c)
{
    return timer_next(c);
}

/* ---- the run loop ---- */

/* Raises a PC alignment fault or clears an address tag; true: go on with c->pc. */
static bool normalise_pc(struct cpu *c)
{
    const struct mmu_key *k = &c->view->key;

    if (mmu_tbi_fetch(
            k, c->pc)) /* BranchTo: the tag is replaced by copies of bit 55 (EL0, EL1, EL2&0) or zeros */
        c->pc = mmu_two_privileges(k->regime) ? (uint64_t)tg_sext(c->pc, 56) : c->pc & tg_ones(56);
    if (c->pc & 3) {
        c->cur = NULL;
        cpu_raise_pc_alignment(c, c->pc);
        return false;
    }
    return true;
}

static void run_single(struct cpu *c, uint32_t insn)
{
    const struct cpu_op *op = code_single(c, insn, (unsigned)c->pc & 4095);

    c->pc_page = c->pc & MMU_PAGE_MASK;
    c->icount++;
    c->ilimit = 0;
    pipe_single(c, op);
    CPU_OP_FN(op)(c, op);
}

/* One instruction, without chaining: software step, breakpoints, the last instructions before a limit. */
static void step(struct cpu *c)
{
    struct mmu_xtlbe *e;
    struct mmu_lookup l;
    uint32_t insn;

    c->link = NULL;
    if (!normalise_pc(c) || !mmu_fetch(c, c->pc, &e, &l))
        return;
    if (e) {
        memcpy(&insn, ram_at(domain_ram(c, e->pa, false), e->pa) + (c->pc & 4095), sizeof(insn));
    } else {
        insn = l.insn;
    }
    if (tg_unlikely(c->btype) && !bti_check(c, insn, e ? e->guarded : l.guarded))
        return;
    debug_fetched(c, insn);
    run_single(c, insn);
}

const struct cpu_op *cpu_find_block(struct cpu *c, uint64_t va)
{
    struct jump_entry *j = &c->jumps[cpu_jump_hash(va)];
    const struct mmu_xtlbe *e = &c->view->xtlb[MMU_XTLB_INDEX(va)];
    const struct cpu_op *ops;

    if (j->va == va && j->tag == c->view->jump_tag)
        return j->ops;
    if (e->tag != (va & ~UINT64_C(0xffc)) || cpu_has(c, CPU_FEAT_BTI) || !code_may_chain(c, va))
        return NULL;
    ops = code_known(c, e->code, (unsigned)va & 4095);
    if (ops) {
        *j = (struct jump_entry){.va = va, .tag = c->view->jump_tag, .ops = ops, .btypes = BTI_ANY};
        mmu_note_code(c->view, va);
    }
    return ops;
}

/* The block at c->pc, entered in the jump cache; NULL: an exception was raised, or a single uncached
 * instruction was run. */
static const struct cpu_op *find_block(struct cpu *c)
{
    struct jump_entry *j;
    const struct cpu_op *ops;
    struct mmu_xtlbe *e;
    struct mmu_lookup l;
    struct cpu_links *link = c->link;
    const uint8_t *page;
    uint64_t btypes = BTI_ANY;
    uint32_t insn;

    c->link = NULL;
    if (tg_unlikely((c->pc & 3) || (uint64_t)(tg_sext(c->pc, 48)) != c->pc) && !normalise_pc(c))
        return NULL;
    j = &c->jumps[cpu_jump_hash(c->pc)];
    if (!link && !c->btype && j->va == c->pc && j->tag == c->view->jump_tag)
        return j->ops;
    if (!mmu_fetch(c, c->pc, &e, &l))
        return NULL;
    if (!e) {
        if (!c->btype || bti_check(c, l.insn, l.guarded))
            run_single(c, l.insn);
        return NULL;
    }
    page = ram_at(domain_ram(c, e->pa, false), e->pa);
    if (tg_unlikely(cpu_has(c, CPU_FEAT_BTI))) {
        memcpy(&insn, page + (c->pc & 4095), sizeof(insn));
        btypes = bti_cacheable(c, insn, e->guarded);
        if (c->btype && !bti_check(c, insn, e->guarded))
            return NULL;
    }
    ops = code_block(c, e->code, (unsigned)c->pc & 4095, page);
    *j = (struct jump_entry){.va = c->pc, .tag = c->view->jump_tag, .ops = ops, .btypes = btypes};
    mmu_note_code(c->view, c->pc);
    if (link && link->page == e->code && code_may_chain(c, c->pc))
        link->ops[c->link_way] = ops;
    return ops;
}

/* The first cycle in which timer_poll has something to do. */
static inline uint64_t deadline_cycle(struct cpu *c)
{
    tg_time deadline = timer_next(c);

    if (deadline != c->deadline) { /* else the division was made */
        c->deadline = deadline;
        c->deadline_cycle = deadline == TG_TIME_NEVER ? UINT64_MAX : tg_time_to_cycles_up(deadline, c->hz);
    }
    return c->deadline_cycle;
}

/* Sets the limits of the next stretch: the run's end, the next own timer, the instruction count. */
static void set_limits(struct cpu *c, uint64_t until)
{
    uint64_t deadline = deadline_cycle(c), cycle = deadline < until ? deadline : until;

    if (c->timed) {
        memo_carry(&c->pipe.memo, c->pipe.buckets);
        if (cycle > c->pipe.cycle + MEMO_CARRY_AT)
            cycle = c->pipe.cycle + MEMO_CARRY_AT;
    }
    c->run_until_cycle = cycle;
    c->ilimit = c->timed ? UINT64_MAX : cycle - c->cyc_off;
    if (c->insn_stop && c->insn_stop - CODE_BLOCK_MAX < c->ilimit)
        c->ilimit = c->insn_stop > CODE_BLOCK_MAX ? c->insn_stop - CODE_BLOCK_MAX : 0;
}

enum cpu_stop cpu_run(struct cpu *c, tg_time until)
{
    uint64_t until_cycle = tg_time_to_cycles_up(until, c->hz);
    enum cpu_stop stop;

    domain_running(c);
    c->in_run = true;
    for (;;) {
        const struct cpu_op *ops;

        c->cur = NULL;
        if (c->want_mode != (c->timed ? CPU_TIMED : CPU_FAST))
            apply_mode(c);
        apply_stop_pc(c);
        if (!c->powered) {
            stop = CPU_STOP_OFF;
            break;
        }
        if (c->attn & CPU_ATTN_STOP) {
            c->attn &= (uint8_t)~CPU_ATTN_STOP;
            stop = CPU_STOP_REQUEST;
            break;
        }
        if (c->insn_stop && c->icount >= c->insn_stop) {
            stop = CPU_STOP_REQUEST;
            break;
        }
        if (tg_unlikely(deadline_cycle(c) <= cpu_now_cycle(c)))
            timer_poll(c, cpu_now(c));
        if (c->asleep) {
            if (!wakes(c)) {
                stop = CPU_STOP_WFI;
                break;
            }
            if (c->asleep_wfe)
                c->event_reg = false;
            c->asleep = c->asleep_wfe = c->timed_out = false;
            if (tg_unlikely(c->wfe_trap))
                cpu_wfe_delay_over(c);
            if (tg_unlikely(c->warm_reset))
                cpu_power_on(c, sysreg_highest_el(c), c->rvbar, 0, cpu_now(c));
        }
        if (cpu_now_cycle(c) >= until_cycle) {
            stop = CPU_STOP_LIMIT;
            break;
        }
        if (c->attn & CPU_ATTN_IRQ) {
            c->attn &= (uint8_t)~CPU_ATTN_IRQ;
            if (cpu_take_interrupt(c))
                c->link = NULL; /* the branch that left a block does not lead to the vector */
            c->cur = NULL;
        }
        if (tg_unlikely(c->pc + 1 == c->stop_pc)) {
            stop = CPU_STOP_REQUEST;
            break;
        }
        if (tg_unlikely(code_arena_low(c)))
            code_drop_all(c);
        if (tg_unlikely(c->attn & CPU_ATTN_STEP)) {
            c->link = NULL;
            if (!debug_before_insn(c))
                step(c);
            continue;
        }
        set_limits(c, until_cycle);
        if (tg_unlikely(c->insn_stop && c->insn_stop - c->icount <= CODE_BLOCK_MAX)) {
            step(c);
            continue;
        }
        ops = find_block(c);
        if (!ops)
            continue;
        c->pc_page = c->pc & MMU_PAGE_MASK;
        if (cpu_by_blocks(c) && !c->pipe.memo.skip)
            pipe_fold(&c->pipe);
        CPU_OP_FN(ops)(c, ops);
    }
    c->in_run = false;
    return stop;
}

/* ---- registers, for sim/ and tests ---- */

uint64_t cpu_get_x(const struct cpu *c, unsigned n)
{
    return n == 31 ? c->x[CPU_X_SP] : n < 31 ? c->x[n] : 0;
}

void cpu_set_x(struct cpu *c, unsigned n, uint64_t v)
{
    if (n <= 31)
        c->x[n == 31 ? CPU_X_SP : n] = v;
}

uint64_t cpu_get_pc(const struct cpu *c)
{
    return c->cur ? cpu_op_pc(c, c->cur) : c->pc;
}

void cpu_set_pc(struct cpu *c, uint64_t pc)
{
    c->pc = pc;
    c->link = NULL;
}

unsigned cpu_get_el(const struct cpu *c)
{
    return c->el;
}

void cpu_get_v(const struct cpu *c, unsigned n, uint64_t v[2])
{
    memcpy(v, &c->v[n & 31], 16);
}

void cpu_set_v(struct cpu *c, unsigned n, const uint64_t v[2])
{
    memcpy(&c->v[n & 31], v, 16);
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
    return c->index;
}
