/* SPDX-License-Identifier: Apache-2.0 */
/* Branches: Arm ARM DDI 0487 C4.1; and the pseudo-operations that begin and end blocks. Encodings:
 * decode/branch.decode. */
#include "models/cpu/exec/exec.h"
#include "models/cpu/bti.h"
#include "models/cpu/code.h"
#include "models/cpu/mmu/pac.h"

static TG_SLOW void TG_FN(cpu_fetch)(struct cpu *c, const struct cpu_op *op)
{
    pipe_fetch(c, op);
    NEXT(c, op);
}

static TG_SLOW void TG_FN(cpu_fetch_second)(struct cpu *c, const struct cpu_op *op)
{
    if (tg_unlikely(!pipe_fetch_fast(c, op, true)))
        TG_TAIL(TG_FN(cpu_fetch)(c, op));
    NEXT(c, op);
}

/* A block that does not lie in the line fetched last. Handlers of their own, for the host's instruction
 * cache; this one and most of its calls need none of the host's stack. */
void TG_FN(op_fetch)(struct cpu *c, const struct cpu_op *op)
{
    if (tg_unlikely(!pipe_fetch_fast(c, op, false)))
        TG_TAIL(TG_FN(cpu_fetch_second)(c, op));
    NEXT(c, op);
}

/* First operation of each block: counts its instructions, leaves when the run loop has
 * something to do. */
void TG_FN(op_enter)(struct cpu *c, const struct cpu_op *op)
{
    const struct cpu_op *block = op;

    if (tg_unlikely(TG_MUST_LEAVE(c))) {
        c->arch.pc = c->host.pc_page + (op->block_pa & ~MMU_PAGE_MASK);
        return;
    }
    ENTER(c, block);
}

/* After the last instruction of a block that ends without a branch (length limit, page end). Its links
 * follow. */
void TG_FN(op_fall)(struct cpu *c, const struct cpu_op *op)
{
    op--; /* the instruction before it ends the block */
    END_LINK_OF(c, PIPE_SEQUENTIAL, cpu_links_of(op + 1), CPU_NEXT);
}

TG_SLOW void TG_FN(cpu_end_link)(struct cpu *c, const struct cpu_op *op)
{
    pipe_end_slow(c, op, c->host.end.links, (enum pipe_outcome)c->host.end.outcome);
    pipe_look_ahead(c, c->host.end.links->ops[c->host.end.way]);
    GOTO_LINK(c, c->host.end.links, c->host.end.way);
}

TG_SLOW void TG_FN(cpu_end_va)(struct cpu *c, const struct cpu_op *op)
{
    pipe_end_slow(c, op, c->host.end.links, (enum pipe_outcome)c->host.end.outcome);
    pipe_look_ahead(c, c->host.jumps[cpu_jump_hash(c->host.end.va)].ops);
    GOTO_VA(c, c->host.end.va);
}

/* The same after a barrier, which has timed the block. */
void TG_FN(op_held)(struct cpu *c, const struct cpu_op *op)
{
    op--;
    GOTO_LINK(c, cpu_links_of(op + 1), CPU_NEXT);
}

/* After a single-stepped instruction. */
void TG_FN(op_stepped)(struct cpu *c, const struct cpu_op *op)
{
    pipe_fall(c, op - 1);
    c->arch.pc = c->host.pc_page + cpu_op_offset(op);
}

/* A link that is not resolved: same page, the run loop resolves it; other page, the jump cache. */
void TG_FN(cpu_follow)(struct cpu *c, const struct cpu_op *op)
{
    int32_t disp = c->host.end.links->disp[c->host.end.way];
    uint64_t va = c->host.pc_page + (uint64_t)(int64_t)disp;

    if (disp >= 0 && disp < (int32_t)MMU_PAGE_SIZE) {
        c->host.link = (struct cpu_links *)(uintptr_t)c->host.end.links;
        c->host.link_way = c->host.end.way;
        c->arch.pc = va;
        return;
    }
    GOTO_VA(c, va);
}

/* ---- to other pages, and back ---- */

/* After cpu_find_block. */
#define ENTER_FOUND(c, ops, to)                 \
    do {                                        \
        if (!(ops)) {                           \
            (c)->arch.pc = (to);                \
            return;                             \
        }                                       \
        (c)->host.pc_page = (to)&MMU_PAGE_MASK; \
        ENTER(c, ops);                          \
    } while (0)

TG_SLOW void TG_FN(cpu_seek)(struct cpu *c, const struct cpu_op *op)
{
    uint64_t va = c->host.end.va;
    const struct cpu_op *ops = cpu_find_block(c, va);

    ENTER_FOUND(c, ops, va);
}

/* Of an unconditional branch to another page: as long as the view's fetch mappings stay, the block is the one
 * that was found before. */
#define GOTO_FAR(c)                                                                                       \
    do {                                                                                                  \
        struct cpu_links *l_ = (struct cpu_links *)(uintptr_t)cpu_links_of(op);                           \
                                                                                                          \
        if (tg_unlikely(l_->far.tag != (c)->host.view->jump_tag || l_->from != (c)->host.pc_page))        \
            TG_TAIL(TG_FN(cpu_far)((c), op));                                                             \
        (c)->host.pc_page = ((c)->host.pc_page + (uint64_t)(int64_t)l_->disp[CPU_TAKEN]) & MMU_PAGE_MASK; \
        ENTER_FROM(c, l_->far.ops, false);                                                                \
    } while (0)

static TG_SLOW void TG_FN(cpu_far)(struct cpu *c, const struct cpu_op *op)
{
    struct cpu_links *l = (struct cpu_links *)(uintptr_t)cpu_links_of(op);
    uint64_t va = c->host.pc_page + (uint64_t)(int64_t)l->disp[CPU_TAKEN];
    const struct cpu_op *ops = cpu_find_block(c, va);

    if (ops && code_may_chain(c, va)) {
        l->far.ops = ops;
        l->far.tag = c->host.view->jump_tag;
        l->from = c->host.pc_page;
    }
    ENTER_FOUND(c, ops, va);
}

TG_INLINE void exec_call(struct cpu *c, const struct cpu_op *op)
{
    struct cpu_return *r =
        &c->host.returns[c->host.return_top = (c->host.return_top + 1) & (CPU_RETURNS - 1)];

    c->arch.x[30] = cpu_next_pc(c, cpu_links_of(op));
    r->va = c->arch.x[30];
    r->tag = c->host.view->jump_tag;
    r->ops = op->back;
    r->site = (struct cpu_op *)(uintptr_t)op;
}

#define RETURN(c, to)                                                                        \
    do {                                                                                     \
        const uint64_t va_ = (to);                                                           \
        const struct cpu_return *r_ = &(c)->host.returns[(c)->host.return_top];              \
                                                                                             \
        (c)->host.return_top = ((c)->host.return_top - 1) & (CPU_RETURNS - 1);               \
        if (tg_unlikely(r_->va != va_ || r_->tag != (c)->host.view->jump_tag || !r_->ops)) { \
            (c)->host.end.va = va_;                                                          \
            TG_TAIL(TG_FN(cpu_return)((c), op));                                             \
        }                                                                                    \
        (c)->host.pc_page = va_ & MMU_PAGE_MASK;                                             \
        ENTER_FROM(c, r_->ops, false);                                                       \
    } while (0)

/* Not to where the last call came from, or the call does not know the block there yet: it learns it, if it is
 * on the call's page, with which it dies. */
static TG_SLOW void TG_FN(cpu_return)(struct cpu *c, const struct cpu_op *op)
{
    const struct cpu_return *r = &c->host.returns[(c->host.return_top + 1) & (CPU_RETURNS - 1)];
    uint64_t va = c->host.end.va;
    const struct cpu_op *ops = cpu_find_block(c, va);

    if (ops && r->va == va && r->site && (va & ~MMU_PAGE_MASK) && c->host.view->jump_tag == r->tag &&
        code_may_chain(c, va))
        r->site->back = ops;
    ENTER_FOUND(c, ops, va);
}

static TG_SLOW void TG_FN(cpu_end_return)(struct cpu *c, const struct cpu_op *op)
{
    pipe_end_slow(c, op, c->host.end.links, (enum pipe_outcome)c->host.end.outcome);
    pipe_look_ahead(c, c->host.returns[c->host.return_top].ops);
    RETURN(c, c->host.end.va);
}

static TG_SLOW void TG_FN(cpu_end_far)(struct cpu *c, const struct cpu_op *op)
{
    pipe_end_slow(c, op, c->host.end.links, (enum pipe_outcome)c->host.end.outcome);
    pipe_look_ahead(c, c->host.end.links->far.ops);
    GOTO_FAR(c);
}

#define END_FAR(c, result)                                            \
    do {                                                              \
        const enum pipe_outcome end_ = (result);                      \
                                                                      \
        if (tg_unlikely(!pipe_end_fast(c, cpu_links_of(op), end_))) { \
            (c)->host.end.outcome = (uint8_t)end_;                    \
            (c)->host.end.links = cpu_links_of(op);                   \
            TG_TAIL(TG_FN(cpu_end_far)(c, op));                       \
        }                                                             \
        GOTO_FAR(c);                                                  \
    } while (0)

/* ---- the instructions ---- */

/* A block of the window model goes on behind a branch that is not its last operation, if the branch had no
 * effect but `wanted`; else it ends there. */
#if TG_VARIANT == 2
#define BRANCH_LINKS(op) cpu_branch_links(op)
static TG_SLOW void TG_FN(cpu_go_on)(struct cpu *c, const struct cpu_op *op)
{
    pipe_go_on(c, op, c->host.end.way);
    NEXT(c, op);
}

#define END_BRANCH(c, result, wanted, way_)                            \
    do {                                                               \
        const struct cpu_links *on_ = BRANCH_LINKS(op);                \
        const enum pipe_outcome outcome_ = (result);                   \
                                                                       \
        if (op->branch.rest && outcome_ == (wanted)) {                 \
            if (tg_unlikely(!pipe_go_on_fast((c), op, on_, (way_)))) { \
                (c)->host.end.way = (way_);                            \
                TG_TAIL(TG_FN(cpu_go_on)((c), op));                    \
            }                                                          \
            NEXT((c), op);                                             \
        }                                                              \
        (c)->timing.icount -= op->branch.rest;                         \
        END_LINK_OF((c), outcome_, on_, (way_));                       \
    } while (0)
#else
#define BRANCH_LINKS(op)                    cpu_links_of(op)
#define END_BRANCH(c, result, wanted, way_) END_LINK((c), (result), (way_))
#endif

/* Two ways on, not one to a computed address: the host guesses directions better than targets. */
/* With timing, what follows the condition is a kilobyte of code: one copy for all conditions, for the host's
 * instruction cache. */
#if TG_TIMED
static void TG_FN(cpu_taken)(struct cpu *c, const struct cpu_op *op)
{
    const struct cpu_links *links = BRANCH_LINKS(op);

    if (TG_VARIANT == 2)
        c->timing.icount -= op->branch.rest;
    END_LINK_OF(c, pipe_predict(c, links, PIPE_CONDITIONAL, true, 0), links, CPU_TAKEN);
}

static void TG_FN(cpu_not_taken)(struct cpu *c, const struct cpu_op *op)
{
    END_BRANCH(c, pipe_predict(c, BRANCH_LINKS(op), PIPE_CONDITIONAL, false, 0), PIPE_SEQUENTIAL, CPU_NEXT);
}

#define BRANCH_IF(cond_expr)                  \
    do {                                      \
        pipe_issue(c, op);                    \
        if (cond_expr)                        \
            TG_TAIL(TG_FN(cpu_taken)(c, op)); \
        TG_TAIL(TG_FN(cpu_not_taken)(c, op)); \
    } while (0)
#else
#define BRANCH_IF(cond_expr)                           \
    do {                                               \
        if (cond_expr)                                 \
            GOTO_LINK(c, cpu_links_of(op), CPU_TAKEN); \
        GOTO_LINK(c, cpu_links_of(op), CPU_NEXT);      \
    } while (0)
#endif

#define OP_B_COND(cc)                \
    OP_END(b_cond_##cc)              \
    {                                \
        BRANCH_IF(exec_cond(c, cc)); \
    }
OP_B_COND(0)
OP_B_COND(1)
OP_B_COND(2)
OP_B_COND(3)
OP_B_COND(4)
OP_B_COND(5)
OP_B_COND(6)
OP_B_COND(7)
OP_B_COND(8)
OP_B_COND(9)
OP_B_COND(10)
OP_B_COND(11)
OP_B_COND(12)
OP_B_COND(13)
OP_B_COND(14)
OP_B_COND(15)

OP_END(cbz_0)
{
    BRANCH_IF(WR(rn) == 0);
}

OP_END(cbz_1)
{
    BRANCH_IF(XR(rn) == 0);
}

OP_END(cbnz_0)
{
    BRANCH_IF(WR(rn) != 0);
}

OP_END(cbnz_1)
{
    BRANCH_IF(XR(rn) != 0);
}

OP_END(tbz)
{
    BRANCH_IF(!(XR(rn) >> op->branch.bit & 1));
}

OP_END(tbnz)
{
    BRANCH_IF(XR(rn) >> op->branch.bit & 1);
}

OP_END(b)
{
    pipe_issue(c, op);
    END_BRANCH(c, pipe_predict(c, BRANCH_LINKS(op), PIPE_DIRECT, true, 0), PIPE_TAKEN, CPU_TAKEN);
}

OP_END(b_far)
{
    pipe_issue(c, op);
    END_FAR(c, pipe_predict(c, cpu_links_of(op), PIPE_DIRECT, true, 0));
}

/* Of a single operation: blocks have the two below. */
OP_END(bl)
{
    pipe_issue(c, op);
    c->arch.x[30] = cpu_next_pc(c, cpu_links_of(op));
    END_LINK(c, pipe_predict(c, cpu_links_of(op), PIPE_CALL, true, 0), CPU_TAKEN);
}

OP_END(bl_near)
{
    pipe_issue(c, op);
    exec_call(c, op);
    END_LINK(c, pipe_predict(c, cpu_links_of(op), PIPE_CALL, true, 0), CPU_TAKEN);
}

OP_END(bl_far)
{
    pipe_issue(c, op);
    exec_call(c, op);
    END_FAR(c, pipe_predict(c, cpu_links_of(op), PIPE_CALL, true, 0));
}

OP_END(br)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    END_VA(c, pipe_predict(c, cpu_links_of(op), PIPE_JUMP, true, target), target);
}

OP_END(blr)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    c->arch.x[30] = cpu_next_pc(c, cpu_links_of(op));
    END_VA(c, pipe_predict(c, cpu_links_of(op), PIPE_CALL_INDIRECT, true, target), target);
}

OP_END(blr_near)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    exec_call(c, op);
    END_VA(c, pipe_predict(c, cpu_links_of(op), PIPE_CALL_INDIRECT, true, target), target);
}

OP_END(ret)
{
    uint64_t target = XR(rn);
    enum pipe_outcome outcome;

    pipe_issue(c, op);
    outcome = pipe_predict(c, cpu_links_of(op), PIPE_RETURN, true, target);
    if (tg_unlikely(!pipe_end_fast(c, cpu_links_of(op), outcome))) {
        c->host.end.outcome = (uint8_t)outcome;
        c->host.end.links = cpu_links_of(op);
        c->host.end.va = target;
        TG_TAIL(TG_FN(cpu_end_return)(c, op));
    }
    RETURN(c, target);
}

/* ---- FEAT_BTI: what lands where is decided when the target enters the jump cache; the rest is the run
 * loop's ---- */

/* When the next block would leave to the run loop at once, what waits there (an interrupt) is to find BTYPE.
 */
#define GOTO_VA_BTYPE(c, to, type)                                                                         \
    do {                                                                                                   \
        uint64_t va_ = (to);                                                                               \
        unsigned type_ = (type);                                                                           \
        const struct jump_entry *j_ = &(c)->host.jumps[cpu_jump_hash(va_)];                                \
        if (tg_likely(j_->va == va_ && j_->tag == (c)->host.view->jump_tag && (j_->btypes >> type_ & 1) && \
                      !TG_MUST_LEAVE(c))) {                                                                \
            (c)->host.pc_page = va_ & MMU_PAGE_MASK;                                                       \
            ENTER(c, j_->ops);                                                                             \
        }                                                                                                  \
        (c)->arch.btype = (uint8_t)type_;                                                                  \
        (c)->arch.pc = va_;                                                                                \
        return;                                                                                            \
    } while (0)

TG_INLINE unsigned exec_jump_type(struct cpu *c, const struct cpu_op *op)
{
    return op->rn == 16 || op->rn == 17 || !bti_in_guarded_page(c) ? BTYPE_JUMP_X16 : BTYPE_JUMP;
}

OP_END(br_bti)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    pipe_branch(c, op, PIPE_JUMP, target);
    GOTO_VA_BTYPE(c, target, exec_jump_type(c, op));
}

OP_END(blr_bti)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    pipe_branch(c, op, PIPE_CALL_INDIRECT, target);
    c->arch.x[30] = cpu_next_pc(c, cpu_links_of(op));
    GOTO_VA_BTYPE(c, target, BTYPE_CALL);
}

/* ---- with pointer authentication ---- */

/* By value: a handler with the address of a local taken could not end by a tail call. */
struct exec_target {
    uint64_t va;
    bool ok;
};

static __attribute__((noinline)) struct exec_target
TG_FN(exec_authenticate)(struct cpu *c, const struct cpu_op *op, enum pac_key key)
{
    struct exec_target t = {.va = XR(rn)};

    t.ok = pac_authenticate(c, op, key, &t.va, XR(rm), true);
    return t;
}

#define OP_PAC_BRANCH(n, key)                                   \
    OP_END(bra_##n)                                             \
    {                                                           \
        struct exec_target target;                              \
                                                                \
        pipe_issue(c, op);                                      \
        target = TG_FN(exec_authenticate)(c, op, key);          \
        if (!target.ok)                                         \
            return;                                             \
        pipe_branch(c, op, PIPE_JUMP, target.va);               \
        if (cpu_has(c, CPU_FEAT_BTI))                           \
            GOTO_VA_BTYPE(c, target.va, exec_jump_type(c, op)); \
        GOTO_VA(c, target.va);                                  \
    }                                                           \
    OP_END(blra_##n)                                            \
    {                                                           \
        struct exec_target target;                              \
                                                                \
        pipe_issue(c, op);                                      \
        target = TG_FN(exec_authenticate)(c, op, key);          \
        if (!target.ok)                                         \
            return;                                             \
        pipe_branch(c, op, PIPE_CALL_INDIRECT, target.va);      \
        c->arch.x[30] = cpu_next_pc(c, cpu_links_of(op));       \
        if (cpu_has(c, CPU_FEAT_BTI))                           \
            GOTO_VA_BTYPE(c, target.va, BTYPE_CALL);            \
        GOTO_VA(c, target.va);                                  \
    }                                                           \
    OP_END(reta_##n)                                            \
    {                                                           \
        struct exec_target target;                              \
                                                                \
        pipe_issue(c, op);                                      \
        target = TG_FN(exec_authenticate)(c, op, key);          \
        if (!target.ok)                                         \
            return;                                             \
        pipe_branch(c, op, PIPE_RETURN, target.va);             \
        GOTO_VA(c, target.va);                                  \
    }
OP_PAC_BRANCH(0, PAC_IA)
OP_PAC_BRANCH(1, PAC_IB)

/* An encoding that is not allocated, or whose feature the core lacks. */
void TG_FN(op_undefined)(struct cpu *c, const struct cpu_op *op)
{
    cpu_raise_undef(c, op);
}
