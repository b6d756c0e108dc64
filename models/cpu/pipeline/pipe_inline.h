/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the timing model that is inlined into handlers; nothing in the fast variant. Included by exec/exec.h only. */
#ifndef TG_CPU_PIPELINE_PIPE_INLINE_H
#define TG_CPU_PIPELINE_PIPE_INLINE_H

#if !TG_TIMED

TG_INLINE void pipe_issue(struct cpu *c, const struct cpu_op *op)
{
    (void)c;
    (void)op;
}
TG_INLINE void pipe_load(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    (void)c, (void)op, (void)va, (void)pa, (void)size;
}
TG_INLINE void pipe_store(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    (void)c, (void)op, (void)va, (void)pa, (void)size;
}
TG_INLINE void pipe_branch(struct cpu *c, const struct cpu_op *op, bool taken, uint64_t target)
{
    (void)c, (void)op, (void)taken, (void)target;
}
TG_INLINE void pipe_enter(struct cpu *c, const struct cpu_op *enter)
{
    (void)c, (void)enter;
}

#else

TG_INLINE void pipe_issue(struct cpu *c, const struct cpu_op *op)
{
    (void)op;
    c->pipe.cycle++;
    c->pipe.buckets[CPU_BUCKET_BASE]++;
}
TG_INLINE void pipe_load(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    (void)c, (void)op, (void)va, (void)pa, (void)size;
}
TG_INLINE void pipe_store(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    (void)c, (void)op, (void)va, (void)pa, (void)size;
}
TG_INLINE void pipe_branch(struct cpu *c, const struct cpu_op *op, bool taken, uint64_t target)
{
    (void)c, (void)op, (void)taken, (void)target;
}
TG_INLINE void pipe_enter(struct cpu *c, const struct cpu_op *enter)
{
    (void)c, (void)enter;
}

#endif
#endif
