/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How instructions are written. Each exec/<chapter>.c is compiled three times, with TG_VARIANT 0 (fast), 1
 * (timed, in-order) and 2 (timed, window); the timed variants get the scoreboard and cache code inlined
 * around the same body. See README.md beside this file.
 */
#ifndef TG_CPU_EXEC_EXEC_H
#define TG_CPU_EXEC_EXEC_H

#include <string.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/crc.h"
#include "models/cpu/decode/a64_imm.h"
#include "a64_ops.h"

#ifndef TG_VARIANT
#error "exec/*.c are compiled with TG_VARIANT=0, 1, 2"
#endif
#if TG_VARIANT == 0
#define TG_SUFFIX(x) x##_f
#elif TG_VARIANT == 1
#define TG_SUFFIX(x) x##_i
#else
#define TG_SUFFIX(x) x##_w
#endif
#define TG_SUFFIX2(x) TG_SUFFIX(x)
#define TG_FN(x)      TG_SUFFIX2(x)
#define TG_TIMED      (TG_VARIANT != 0)

#define X(h) cpu_op_fn TG_FN(op_##h);
A64_HANDLERS(X)
#undef X

#if defined(__clang__)
#define TG_TAIL(call) __attribute__((musttail)) return call
#else
#define TG_TAIL(call) return call /* gcc: -foptimize-sibling-calls, held by tests/models/cpu/tailcall */
#endif

#define TG_INLINE static inline __attribute__((always_inline))

#include "models/cpu/pipeline/pipe_inline.h"

/* Goes on with the next operation. TG_OPAQUE: or gcc would load through the old pointer and copy the new one.
 */
#define TG_OPAQUE(v) __asm__("" : "+r"(v))
#define NEXT(c, op)                      \
    do {                                 \
        (op)++;                          \
        TG_OPAQUE(op);                   \
        TG_TAIL(CPU_OP_FN(op)((c), op)); \
    } while (0)

/* OP(name) { body }: body sees c and op; returns true to go on, false when it raised an exception or the run
 * loop must look (c->arch.pc set). guard: statements before it. */
#define OP_GUARDED(name, guard)                                                 \
    TG_INLINE bool TG_FN(body_##name)(struct cpu * c, const struct cpu_op *op); \
    void TG_FN(op_##name)(struct cpu * c, const struct cpu_op *op)              \
    {                                                                           \
        guard;                                                                  \
        pipe_issue(c, op);                                                      \
        if (tg_unlikely(!TG_FN(body_##name)(c, op)))                            \
            return;                                                             \
        NEXT(c, op);                                                            \
    }                                                                           \
    TG_INLINE bool TG_FN(body_##name)(struct cpu * c __attribute__((unused)),   \
                                      const struct cpu_op *op __attribute__((unused)))
#define OP(name) OP_GUARDED(name, (void)0)

/* The same for instructions that the FP/SIMD traps reach. */
#define FP_GUARD                           \
    if (tg_unlikely(c->derived.fp_trap)) { \
        cpu_raise_fp_trap(c, op);          \
        return;                            \
    }
#define OPV(name) OP_GUARDED(name, FP_GUARD)

/*
 * OPM(name) { body }: a load, store or atomic. The body is compiled twice: with `fast` true into the handler,
 * where it calls nothing, so that the handler has no stack frame, and returns EXEC_SLOW before anything has
 * changed when that does not do; then the other one runs. See mem.h for what to write in it.
 */
enum exec_outcome {
    EXEC_STOP, /* false: an exception was raised */
    EXEC_GO,   /* true */
    EXEC_SLOW,
};
#define TG_SLOW __attribute__((noinline, section(".text.slow")))
#define OPM_GUARDED(name, guard)                                                                        \
    TG_INLINE enum exec_outcome TG_FN(body_##name)(struct cpu * c, const struct cpu_op *op, bool fast); \
    static TG_SLOW void TG_FN(slow_##name)(struct cpu * c, const struct cpu_op *op)                     \
    {                                                                                                   \
        if (tg_unlikely(TG_FN(body_##name)(c, op, false) == EXEC_STOP))                                 \
            return;                                                                                     \
        NEXT(c, op);                                                                                    \
    }                                                                                                   \
    void TG_FN(op_##name)(struct cpu * c, const struct cpu_op *op)                                      \
    {                                                                                                   \
        guard;                                                                                          \
        pipe_issue(c, op);                                                                              \
        if (tg_unlikely(TG_FN(body_##name)(c, op, true) != EXEC_GO))                                    \
            TG_TAIL(TG_FN(slow_##name)(c, op));                                                         \
        NEXT(c, op);                                                                                    \
    }                                                                                                   \
    TG_INLINE enum exec_outcome TG_FN(body_##name)(struct cpu * c __attribute__((unused)),              \
                                                   const struct cpu_op *op __attribute__((unused)),     \
                                                   const bool fast __attribute__((unused)))
#define OPM(name)  OPM_GUARDED(name, (void)0)
#define OPMV(name) OPM_GUARDED(name, FP_GUARD)

/* A handler number that no encoding selects (a hole in a variant table). */
#define NONE(name)              \
    OPV(name)                   \
    {                           \
        cpu_raise_undef(c, op); \
        return false;           \
    }

/* OP_END(name) { body }: ends a block. Body is the whole handler: calls pipe_issue itself, leaves by
 * GOTO_LINK, GOTO_VA or return with c->arch.pc set. */
#define OP_END(name) void TG_FN(op_##name)(struct cpu * c, const struct cpu_op *op)

/* Where a block goes on: op_enter's work, without a jump to it. cpu_follow is in exec/branch.c. */
cpu_op_fn TG_FN(op_fetch), TG_FN(op_enter), TG_FN(cpu_follow), TG_FN(cpu_seek);
#if TG_TIMED
#define TG_MUST_LEAVE(c) \
    ((c)->timing.icount >= (c)->host.ilimit || (c)->timing.pipe.cycle >= (c)->host.run_until_cycle)
#else
#define TG_MUST_LEAVE(c) ((c)->timing.icount >= (c)->host.ilimit)
#endif
/* near: it may lie in the line fetched last; if not, nothing asks. */
#define ENTER(c, block) ENTER_FROM(c, block, true)
#define ENTER_FROM(c, block, near)                                           \
    do {                                                                     \
        op = (block) + 1;                                                    \
        if (tg_unlikely(TG_MUST_LEAVE(c)))                                   \
            TG_TAIL(TG_FN(op_enter)((c), op - 1));                           \
        (c)->timing.icount += (block)->enter.insns;                          \
        pipe_enter((c), op - 1);                                             \
        if (tg_unlikely(TG_TIMED && !((near) && pipe_fetched((c), op - 1)))) \
            TG_TAIL(TG_FN(op_fetch)((c), op - 1));                           \
        TG_TAIL(CPU_OP_FN(op)((c), op));                                     \
    } while (0)
#define GOTO_LINK(c, links_, way_)               \
    do {                                         \
        const struct cpu_links *l_ = (links_);   \
        if (tg_unlikely(!l_->ops[way_])) {       \
            (c)->host.end.links = l_;            \
            (c)->host.end.way = (way_);          \
            TG_TAIL(TG_FN(cpu_follow)((c), op)); \
        }                                        \
        ENTER(c, l_->ops[way_]);                 \
    } while (0)
#define GOTO_VA(c, to)                                                           \
    do {                                                                         \
        uint64_t va_ = (to);                                                     \
        const struct jump_entry *j_ = &(c)->host.jumps[cpu_jump_hash(va_)];      \
        if (tg_unlikely(j_->va != va_ || j_->tag != (c)->host.view->jump_tag)) { \
            (c)->host.end.va = va_;                                              \
            TG_TAIL(TG_FN(cpu_seek)((c), op));                                   \
        }                                                                        \
        (c)->host.pc_page = va_ & MMU_PAGE_MASK;                                 \
        ENTER(c, j_->ops);                                                       \
    } while (0)

/* The same after the timing of a block that ends with `op` (pipe_outcome), which goes on in a function of its
 * own where no memo knows the block. */
cpu_op_fn TG_FN(cpu_end_link), TG_FN(cpu_end_va);
#define END_LINK(c, result, way_) END_LINK_OF(c, result, cpu_links_of(op), way_)
/* links_: where they are not behind op. */
#define END_LINK_OF(c, result, links_, way_)                \
    do {                                                    \
        const enum pipe_outcome end_ = (result);            \
                                                            \
        if (tg_unlikely(!pipe_end_fast(c, links_, end_))) { \
            (c)->host.end.outcome = (uint8_t)end_;          \
            (c)->host.end.links = (links_);                 \
            (c)->host.end.way = (way_);                     \
            TG_TAIL(TG_FN(cpu_end_link)(c, op));            \
        }                                                   \
        GOTO_LINK(c, links_, way_);                         \
    } while (0)
#define END_VA(c, result, to)                                         \
    do {                                                              \
        const enum pipe_outcome end_ = (result);                      \
        const uint64_t to_ = (to);                                    \
                                                                      \
        if (tg_unlikely(!pipe_end_fast(c, cpu_links_of(op), end_))) { \
            (c)->host.end.outcome = (uint8_t)end_;                    \
            (c)->host.end.links = cpu_links_of(op);                   \
            (c)->host.end.va = to_;                                   \
            TG_TAIL(TG_FN(cpu_end_va)(c, op));                        \
        }                                                             \
        GOTO_VA(c, to_);                                              \
    } while (0)

/* Registers. Reads of 31 give zero, writes to 31 go nowhere: the decoder has mapped the index. */
#define XR(f)    (c->arch.x[op->f])
#define WR(f)    ((uint32_t)c->arch.x[op->f])
#define WX(f, v) (c->arch.x[op->f] = (uint64_t)(v))
#define WW(f, v) (c->arch.x[op->f] = (uint32_t)(v))
#define VR(f)    (&c->arch.v[op->f])

/* Condition codes, Arm ARM C1.2.4. */
TG_INLINE bool exec_cond(const struct cpu *c, unsigned cond)
{
    bool r;

    switch (cond >> 1) {
    case 0:
        r = c->arch.zf == 0;
        break;
    case 1:
        r = c->arch.cf;
        break;
    case 2:
        r = c->arch.nf >> 63;
        break;
    case 3:
        r = c->arch.vf >> 63;
        break;
    case 4:
        r = c->arch.cf && c->arch.zf != 0;
        break;
    case 5:
        r = !((c->arch.nf ^ c->arch.vf) >> 63);
        break;
    case 6:
        r = c->arch.zf != 0 && !((c->arch.nf ^ c->arch.vf) >> 63);
        break;
    default:
        return true;
    }
    return r != (cond & 1);
}

TG_INLINE uint64_t exec_adds64(struct cpu *c, uint64_t a, uint64_t b, unsigned carry)
{
    uint64_t r = a + b + carry;

    c->arch.cf = carry ? r <= a : r < a;
    c->arch.nf = c->arch.zf = r;
    c->arch.vf = (a ^ r) & (b ^ r);
    return r;
}

TG_INLINE uint64_t exec_adds32(struct cpu *c, uint32_t a, uint32_t b, unsigned carry)
{
    uint32_t r = a + b + carry;

    c->arch.cf = carry ? r <= a : r < a;
    c->arch.zf = r;
    c->arch.nf = (uint64_t)r << 32;
    c->arch.vf = (uint64_t)((a ^ r) & (b ^ r)) << 32;
    return r;
}

TG_INLINE uint64_t exec_subs64(struct cpu *c, uint64_t a, uint64_t b)
{
    uint64_t r = a - b;

    c->arch.cf = a >= b;
    c->arch.nf = c->arch.zf = r;
    c->arch.vf = (a ^ b) & (a ^ r);
    return r;
}

TG_INLINE uint64_t exec_subs32(struct cpu *c, uint32_t a, uint32_t b)
{
    uint32_t r = a - b;

    c->arch.cf = a >= b;
    c->arch.zf = r;
    c->arch.nf = (uint64_t)r << 32;
    c->arch.vf = (uint64_t)((a ^ b) & (a ^ r)) << 32;
    return r;
}

#endif
