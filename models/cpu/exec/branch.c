/* SPDX-License-Identifier: Apache-2.0 */
/* Branches: Arm ARM DDI 0487 C4.1; and the pseudo-operations that begin and end blocks. Encodings:
 * decode/branch.decode. */
#include "models/cpu/exec/exec.h"
#include "models/cpu/bti.h"
#include "models/cpu/code.h"
#include "models/cpu/mmu/pac.h"

/* A block that does not lie in the line fetched last. A handler of its own, so that others need no stack frame. */
void TG_FN(op_fetch)(struct cpu *c, const struct cpu_op *op)
{
    pipe_fetch(c, op);
    NEXT(c, op);
}

/* First operation of each block: counts its instructions (rem of them), leaves when the run loop has
 * something to do. */
void TG_FN(op_enter)(struct cpu *c, const struct cpu_op *op)
{
    if (tg_unlikely(TG_MUST_LEAVE(c))) {
        c->pc = c->pc_page + op->off;
        return;
    }
    c->icount += op->rem;
    if (!pipe_enter(c, op))
        TG_TAIL(TG_FN(op_fetch)(c, op));
    NEXT(c, op);
}

/* After the last instruction of a block that ends without a branch (length limit, page end). Its link slots
 * follow. */
void TG_FN(op_fall)(struct cpu *c, const struct cpu_op *op)
{
    const struct cpu_link *next = LINK_NEXT(op);

    op--;
    END_LINK(c, PIPE_SEQUENTIAL, next);
}

#if TG_VARIANT == 2
TG_SLOW void TG_FN(cpu_end_link)(struct cpu *c, const struct cpu_op *op, enum pipe_outcome outcome,
                                 const struct cpu_link *link)
{
    pipe_block_end(c, op, outcome);
    GOTO_LINK(c, link);
}

TG_SLOW void TG_FN(cpu_end_va)(struct cpu *c, const struct cpu_op *op, enum pipe_outcome outcome, uint64_t va)
{
    pipe_block_end(c, op, outcome);
    GOTO_VA(c, va);
}
#endif

/* After a single-stepped instruction. */
void TG_FN(op_stepped)(struct cpu *c, const struct cpu_op *op)
{
    pipe_fall(c, op - 1);
    c->pc = c->pc_page + op->off;
}

/* A link that is not resolved: same page, the run loop resolves it; other page, the jump cache. */
void TG_FN(cpu_follow)(struct cpu *c, const struct cpu_op *op)
{
    struct cpu_link *link = (struct cpu_link *)(uintptr_t)op;
    uint64_t va = c->pc_page + (uint64_t)link->disp;

    if (link->in_page) {
        c->link = link;
        c->pc = va;
        return;
    }
    GOTO_VA(c, va);
}

/* One way on, not two: what the condition decides is then an address, and the host's predictor has one jump to guess. */
#define BRANCH_IF(cond_expr)                                                        \
    do {                                                                            \
        const bool taken_ = (cond_expr);                                            \
                                                                                    \
        pipe_issue(c, op);                                                          \
        END_LINK(c, pipe_predict(c, op, PIPE_CONDITIONAL, taken_, 0), LINK_NEXT(op) - taken_); \
    } while (0)

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

#define TB_BIT (A64_BITS(op->insn, 31, 31) << 5 | A64_BITS(op->insn, 23, 19))
OP_END(tbz)
{
    BRANCH_IF(!(XR(rn) >> TB_BIT & 1));
}

OP_END(tbnz)
{
    BRANCH_IF(XR(rn) >> TB_BIT & 1);
}

OP_END(b)
{
    pipe_issue(c, op);
    END_LINK(c, pipe_predict(c, op, PIPE_DIRECT, true, 0), LINK_TAKEN(op));
}

OP_END(bl)
{
    pipe_issue(c, op);
    c->x[30] = cpu_op_pc(c, op) + 4;
    END_LINK(c, pipe_predict(c, op, PIPE_CALL, true, 0), LINK_TAKEN(op));
}

OP_END(br)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    END_VA(c, pipe_predict(c, op, PIPE_JUMP, true, target), target);
}

OP_END(blr)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    c->x[30] = cpu_op_pc(c, op) + 4;
    END_VA(c, pipe_predict(c, op, PIPE_CALL_INDIRECT, true, target), target);
}

OP_END(ret)
{
    uint64_t target = XR(rn);

    pipe_issue(c, op);
    END_VA(c, pipe_predict(c, op, PIPE_RETURN, true, target), target);
}

/* ---- FEAT_BTI: what lands where is decided when the target enters the jump cache; the rest is the run
 * loop's ---- */

/* When the next block would leave to the run loop at once, what waits there (an interrupt) is to find BTYPE. */
#define GOTO_VA_BTYPE(c, to, type)                                                                    \
    do {                                                                                              \
        uint64_t va_ = (to);                                                                          \
        unsigned type_ = (type);                                                                      \
        const struct jump_entry *j_ = &(c)->jumps[cpu_jump_hash(va_)];                                \
        if (tg_likely(j_->va == va_ && j_->tag == (c)->view->jump_tag && (j_->btypes >> type_ & 1) && \
                      !TG_MUST_LEAVE(c))) {                                                           \
            (c)->pc_page = va_ & MMU_PAGE_MASK;                                                       \
            ENTER(c, j_->ops);                                                                        \
        }                                                                                             \
        (c)->btype = (uint8_t)type_;                                                                  \
        (c)->pc = va_;                                                                                \
        return;                                                                                       \
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
    c->x[30] = cpu_op_pc(c, op) + 4;
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

#define OP_PAC_BRANCH(n, key)                                    \
    OP_END(bra_##n)                                              \
    {                                                            \
        struct exec_target target;                               \
                                                                 \
        pipe_issue(c, op);                                       \
        target = TG_FN(exec_authenticate)(c, op, key);           \
        if (!target.ok)                                          \
            return;                                              \
        pipe_branch(c, op, PIPE_JUMP, target.va);          \
        if (cpu_has(c, CPU_FEAT_BTI))                            \
            GOTO_VA_BTYPE(c, target.va, exec_jump_type(c, op));  \
        GOTO_VA(c, target.va);                                   \
    }                                                            \
    OP_END(blra_##n)                                             \
    {                                                            \
        struct exec_target target;                               \
                                                                 \
        pipe_issue(c, op);                                       \
        target = TG_FN(exec_authenticate)(c, op, key);           \
        if (!target.ok)                                          \
            return;                                              \
        pipe_branch(c, op, PIPE_CALL_INDIRECT, target.va); \
        c->x[30] = cpu_op_pc(c, op) + 4;                         \
        if (cpu_has(c, CPU_FEAT_BTI))                            \
            GOTO_VA_BTYPE(c, target.va, BTYPE_CALL);             \
        GOTO_VA(c, target.va);                                   \
    }                                                            \
    OP_END(reta_##n)                                             \
    {                                                            \
        struct exec_target target;                               \
                                                                 \
        pipe_issue(c, op);                                       \
        target = TG_FN(exec_authenticate)(c, op, key);           \
        if (!target.ok)                                          \
            return;                                              \
        pipe_branch(c, op, PIPE_RETURN, target.va);        \
        GOTO_VA(c, target.va);                                   \
    }
OP_PAC_BRANCH(0, PAC_IA)
OP_PAC_BRANCH(1, PAC_IB)

/* An encoding that is not allocated, or whose feature the core lacks. */
void TG_FN(op_undefined)(struct cpu *c, const struct cpu_op *op)
{
    cpu_raise_undef(c, op);
}
