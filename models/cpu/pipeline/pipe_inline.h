/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the timing model that is inlined into handlers; nothing in the fast variant. Included by exec/exec.h only. docs/timing.md
 * describes the model. pipe_issue runs before an instruction's body, the others from within it.
 */
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

TG_INLINE uint64_t pipe_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Results: first register by latency of the class, flags and second register alike; base write-back after one cycle. */
TG_INLINE void pipe_results(struct pipe *p, const struct cpu_op *op, const struct pipe_class *k, uint64_t start)
{
    uint64_t done = start + k->latency;

    p->ready[op->d] = done;
    p->ready_bucket[op->d] = k->bucket;
    if (op->tclass & (CPU_TC_SETS_NZCV | CPU_TC_SETS_RA | CPU_TC_SETS_RN)) {
        if (op->tclass & CPU_TC_SETS_NZCV)
            p->ready[CPU_SLOT_FLAGS] = done;
        if (op->tclass & CPU_TC_SETS_RA) {
            unsigned slot = op->d >= CPU_SLOT_V0 ? CPU_SLOT_V0 + op->ra : op->ra;

            p->ready[slot] = done;
            p->ready_bucket[slot] = k->bucket;
        }
        if (op->tclass & CPU_TC_SETS_RN) {
            p->ready[op->rn] = start + 1;
            p->ready_bucket[op->rn] = CPU_BUCKET_DEPEND;
        }
    }
}

TG_INLINE uint64_t pipe_port(struct pipe *p, unsigned cls, const struct pipe_class *k, uint64_t t)
{
    uint64_t busy = pipe_max(p->port[cls], t << 4);

    p->port[cls] = busy + k->port_inc;
    return busy >> 4;
}

#if TG_VARIANT == 1 /* in order: issue waits for operands, ports and width; stall on use */

TG_INLINE void pipe_issue(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->pipe;
    unsigned cls = op->tclass & CPU_TC_MASK;
    const struct pipe_class *k = &p->cls[cls];
    uint64_t r1 = p->ready[op->s1], r2 = p->ready[op->s2], r3 = p->ready[op->s3], t = p->cycle, need;

    if (p->slots >= p->width)
        t++;
    need = pipe_max(r1, pipe_max(r2, r3));
    if (need > t) {
        unsigned slot = need == r1 ? op->s1 : need == r2 ? op->s2 : op->s3;

        if (t == p->cycle) { /* the first cycle of an advance is an issue cycle */
            p->buckets[CPU_BUCKET_BASE]++;
            t++;
        } else {
            p->buckets[CPU_BUCKET_BASE] += t - p->cycle;
        }
        p->buckets[p->ready_bucket[slot]] += need - t;
        t = need;
        p->cycle = t;
        p->slots = 0;
    }
    need = pipe_port(p, cls, k, t);
    if (need > t) {
        p->buckets[CPU_BUCKET_BASE] += t - p->cycle;
        p->buckets[CPU_BUCKET_EXECUTE] += need - t;
        p->cycle = t = need;
        p->slots = 0;
    } else if (t != p->cycle) {
        p->buckets[CPU_BUCKET_BASE] += t - p->cycle;
        p->cycle = t;
        p->slots = 0;
    }
    p->slots++;
    p->start = t;
    pipe_results(p, op, k, t);
}

#else /* window: dispatch in order, execute when operands and a port are there, commit in order */

TG_INLINE void pipe_issue(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->pipe;
    unsigned cls = op->tclass & CPU_TC_MASK;
    const struct pipe_class *k = &p->cls[cls];
    uint64_t d = p->dispatch, room = p->rob[p->rob_pos], t, done;

    if (p->dispatch_slots >= p->width) {
        d++;
        p->dispatch_slots = 0;
    }
    if (room > d) {
        d = room;
        p->dispatch_slots = 0;
    }
    p->dispatch_slots++;
    p->dispatch = d;
    t = pipe_max(pipe_max(d, p->ready[op->s1]), pipe_max(p->ready[op->s2], p->ready[op->s3]));
    t = pipe_port(p, cls, k, t);
    p->start = t;
    pipe_results(p, op, k, t);
    done = t + k->latency;
    if (done > p->cycle) {
        uint64_t wait = done - p->cycle - 1, late = d > p->cycle ? d - p->cycle : 0;

        /* One cycle of progress, then what the front end was late, then the execution that the window waited for. */
        p->buckets[CPU_BUCKET_BASE]++;
        if (late > wait)
            late = wait;
        p->buckets[p->front_bucket] += late;
        p->buckets[k->bucket] += wait - late;
        p->cycle = done;
        p->slots = 1;
    } else if (++p->slots > p->width) {
        p->cycle++;
        p->buckets[CPU_BUCKET_BASE]++;
        p->slots = 1;
    }
    p->rob[p->rob_pos] = p->cycle;
    if (++p->rob_pos == p->window)
        p->rob_pos = 0;
}

#endif

/* A data access that hit the software TLB: pa in RAM. L1 hits with a TLB hit cost the class's latency, already scheduled. */
TG_INLINE void pipe_load(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    struct pipe *p = &c->pipe;
    struct caches *k = &p->caches;
    struct line *l;
    uint64_t extra = 0;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;

    c->n.loads++;
    if (tg_unlikely(!ttlb_hit(&k->dtlb, va, c->view->actx, c->view->gctx, ++k->stamp))) {
        extra = ttlb_data_slow(c, c->view, va, p->start);
        bucket = CPU_BUCKET_TLB;
    }
    l = cache_find(&k->l1d, pa);
    if (tg_unlikely(!l || l->arrive > p->start))
        extra += cache_data_slow(c, pa, false, p->start + extra, &bucket);
    if (tg_unlikely(((pa ^ (pa + size - 1)) & LINE_MASK) != 0))
        extra += 1 + cache_data_slow(c, pa + size - 1, false, p->start + extra, &bucket);
    if (tg_unlikely(extra))
        pipe_load_extra(c, op, extra, bucket);
}

TG_INLINE void pipe_store(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    struct pipe *p = &c->pipe;
    struct caches *k = &p->caches;
    struct line *l;
    uint64_t extra = 0, drain, full;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;

    (void)op;
    c->n.stores++;
    if (tg_unlikely(!ttlb_hit(&k->dtlb, va, c->view->actx, c->view->gctx, ++k->stamp)))
        extra = ttlb_data_slow(c, c->view, va, p->start);
    l = cache_find(&k->l1d, pa);
    if (tg_likely(l && (l->tag & LINE_UNIQUE) && l->arrive <= p->start))
        l->tag |= LINE_DIRTY;
    else
        extra += cache_data_slow(c, pa, true, p->start + extra, &bucket);
    if (tg_unlikely(((pa ^ (pa + size - 1)) & LINE_MASK) != 0))
        extra += 1 + cache_data_slow(c, pa + size - 1, true, p->start + extra, &bucket);
    /* The store leaves the buffer when its line is there, in order; a full buffer holds the pipeline up. */
    full = p->store_drain[p->store_pos];
    drain = p->store_drain[p->store_pos == 0 ? p->store_n - 1 : p->store_pos - 1];
    drain = pipe_max(drain, p->start + extra) + 1;
    if (tg_unlikely(full > p->cycle)) {
        p->buckets[bucket] += full - p->cycle;
        p->cycle = full;
        p->slots = 0;
        if (p->dispatch < full) {
            p->dispatch = full;
            p->dispatch_slots = 0;
        }
    }
    p->store_drain[p->store_pos] = drain;
    if (++p->store_pos == p->store_n)
        p->store_pos = 0;
}

/* Direction by gshare, targets of indirect branches by BTB, returns by a stack. */
TG_INLINE void pipe_branch(struct cpu *c, const struct cpu_op *op, bool taken, uint64_t target)
{
    struct pipe *p = &c->pipe;
    uint64_t pc = cpu_op_pc(c, op);
    bool wrong = false;
    unsigned kind = op->insn >> 25; /* distinguishes the few branch encodings */

    c->n.branches++;
    if ((op->tclass & CPU_TC_MASK) == CPU_TC_BRANCH_IND) {
        bool ret = (op->insn & 0x00600000) == 0x00400000, call = (op->insn & 0x00600000) == 0x00200000;

        if (ret) {
            wrong = p->ras[p->ras_top] != target;
            p->ras_top = (p->ras_top - 1) & (PIPE_RAS - 1);
        } else {
            unsigned i = (unsigned)((pc >> 2) ^ p->history) & ((1 << PIPE_BTB_BITS) - 1);

            wrong = p->btb[i].pc != pc || p->btb[i].target != target;
            p->btb[i].pc = pc;
            p->btb[i].target = target;
        }
        if (call) {
            p->ras_top = (p->ras_top + 1) & (PIPE_RAS - 1);
            p->ras[p->ras_top] = pc + 4;
        }
        p->history = p->history << 2 ^ (target >> 2 & 0xff);
    } else if ((kind & 0x3e) == 0x0a) { /* B, BL */
        if (op->insn >> 31) {
            p->ras_top = (p->ras_top + 1) & (PIPE_RAS - 1);
            p->ras[p->ras_top] = pc + 4;
        }
    } else {
        uint8_t *ctr = &p->bht[((pc >> 2) ^ p->history) & ((1 << PIPE_BHT_BITS) - 1)];

        wrong = (*ctr >> 1) != taken;
        if (taken)
            *ctr += *ctr < 3;
        else
            *ctr -= *ctr > 0;
        p->history = p->history << 1 | taken;
    }
    if (tg_unlikely(wrong)) {
        pipe_mispredicted(c);
    } else if (taken) {
#if TG_VARIANT == 1
        p->cycle += p->taken_bubble;
        p->buckets[CPU_BUCKET_FRONTEND] += p->taken_bubble;
        p->slots = p->width; /* nothing behind a taken branch issues with it */
#else
        p->dispatch += 1 + p->taken_bubble;
        p->dispatch_slots = 0;
        p->front_bucket = CPU_BUCKET_FRONTEND;
#endif
    }
}

/* Fetch of a block: instruction TLB by page, L1I by line. */
TG_INLINE void pipe_enter(struct cpu *c, const struct cpu_op *enter)
{
    struct pipe *p = &c->pipe;
    uint64_t pa = enter->imm, last = pa + 4u * enter->rem - 1, line = pa & LINE_MASK;
    uint64_t va = c->pc_page + enter->off, late = 0;
    uint64_t now = TG_VARIANT == 1 ? p->cycle : p->dispatch;

    if (line == p->fetch_line && (last & LINE_MASK) == line)
        return;
    if (tg_unlikely(!ttlb_hit(&p->caches.itlb, va, c->view->actx, c->view->gctx, ++p->caches.stamp)))
        late = ttlb_fetch_slow(c, c->view, va, now);
    for (; line <= last; line += 1 << LINE_BITS) {
        struct line *l;

        if (line == p->fetch_line)
            continue;
        c->n.l1i_access++;
        l = cache_find(&p->caches.l1i, line);
        if (tg_unlikely(!l || l->arrive > now + late))
            late += cache_fetch_slow(c, line, now + late);
        p->fetch_line = line;
    }
    if (tg_unlikely(late)) {
#if TG_VARIANT == 1
        p->cycle += late;
        p->buckets[CPU_BUCKET_FRONTEND] += late;
        p->slots = 0;
#else
        p->dispatch += late;
        p->dispatch_slots = 0;
        p->front_bucket = CPU_BUCKET_FRONTEND;
#endif
    }
}

#endif
#endif
