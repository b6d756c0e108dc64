/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the timing model that is inlined into handlers; nothing in the fast variant. Included by
 * exec/exec.h only. docs/timing.md describes the model. pipe_issue runs before an instruction's body, the
 * others from within it.
 */
#ifndef TG_CPU_PIPELINE_PIPE_INLINE_H
#define TG_CPU_PIPELINE_PIPE_INLINE_H

enum pipe_branch_kind {
    PIPE_CONDITIONAL,
    PIPE_DIRECT,
    PIPE_CALL,
    PIPE_JUMP,
    PIPE_CALL_INDIRECT,
    PIPE_RETURN
};

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
TG_INLINE void pipe_rmw(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    (void)c, (void)op, (void)va, (void)pa, (void)size;
}
TG_INLINE void pipe_store(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    (void)c, (void)op, (void)va, (void)pa, (void)size;
}
TG_INLINE void pipe_branch(struct cpu *c, const struct cpu_op *op, enum pipe_branch_kind kind, bool taken,
                           uint64_t target)
{
    (void)c, (void)op, (void)kind, (void)taken, (void)target;
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

/* Results: first register by latency of the class, flags and second register alike; base write-back after one
 * cycle. Only the in-order model asks what a register waits for. */
TG_INLINE void pipe_result(struct pipe *p, unsigned slot, uint64_t ready, uint8_t bucket)
{
    p->ready[slot] = ready;
#if TG_VARIANT == 1
    p->ready_bucket[slot] = bucket;
#else
    (void)bucket;
#endif
}

TG_INLINE void pipe_results(struct pipe *p, const struct cpu_op *op, const struct pipe_class *k,
                            uint64_t start)
{
    const unsigned sets = op->tclass, d = op->d;
    const uint64_t done = start + k->latency;

    pipe_result(p, d, done, k->bucket);
    if (sets & (CPU_TC_SETS_NZCV | CPU_TC_SETS_RA | CPU_TC_SETS_RN)) {
        if (sets & CPU_TC_SETS_NZCV)
            pipe_result(p, CPU_SLOT_FLAGS, done, k->bucket);
        if (sets & CPU_TC_SETS_RA)
            pipe_result(p, d >= CPU_SLOT_V0 ? CPU_SLOT_V0 + op->ra : op->ra, done, k->bucket);
        if (sets & CPU_TC_SETS_RN)
            pipe_result(p, op->rn, start + 1, CPU_BUCKET_DEPEND);
    }
}

#if TG_VARIANT == 1 /* in order: issue waits for operands, ports and width; stall on use */

/* Time only moves forward, so a group's ports are a count of the current cycle. */
TG_INLINE uint64_t pipe_port(struct pipe *p, unsigned cls, const struct pipe_class *k, uint64_t t)
{
    uint64_t *g = &p->port[k->group], v = *g;

    if (v < t << 4)
        v = t << 4;
    if ((v & 15) >= k->ports)
        v = (v & ~UINT64_C(15)) + 16;
    if (tg_unlikely(k->interval)) {
        if (p->unit[cls] > v >> 4)
            v = p->unit[cls] << 4;
        p->unit[cls] = (v >> 4) + k->interval;
    }
    *g = v + 1;
    return v >> 4;
}

TG_INLINE void pipe_issue(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->pipe;
    const unsigned cls = op->tclass & CPU_TC_MASK;
    const struct pipe_class *k = &p->cls[cls];
    uint64_t r1 = p->ready[op->s1], r2 = p->ready[op->s2], r3 = p->ready[op->s3];
    uint64_t from = p->cycle, t = from + (p->slots >= p->width), need = pipe_max(r1, pipe_max(r2, r3)), at;

    if (tg_unlikely(need > from + 1)) {
        unsigned slot = need == r1 ? op->s1 : need == r2 ? op->s2 : op->s3;

        /* A cycle in which something issued is base; what follows without issue is the operand's. */
        p->buckets[p->ready_bucket[slot]] += need - from - 1;
        p->cycle = from = need;
        p->slots = 0;
    }
    at = pipe_port(p, cls, k, pipe_max(t, need));
    if (at != from) {
        if (tg_unlikely(at - from > 1))
            p->buckets[CPU_BUCKET_EXECUTE] += at - from - 1;
        p->cycle = at;
        p->slots = 0;
    }
    p->slots++;
    p->start = at;
    pipe_results(p, op, k, at);
}

#else /* window: dispatch in order, execute when operands and a port are there, commit in order */

/* Execution does not happen in program order: an operation takes the first cycle at or after t in which its
 * group has a port free, and its unit, if that is not pipelined (its bias makes every row look full). Ends at
 * the entry before d, which is empty, if not before. */
static __attribute__((noinline, unused)) uint64_t pipe_port_later(struct pipe *p, const struct pipe_class *k,
                                                                  uint64_t t)
{
    const uint64_t bias = (uint64_t)(PIPE_PORTS_MAX - k->ports) << k->group % 16 * 4;
    uint64_t *row;

    if (k->interval) {
        uint64_t *unit = &p->unit[k - p->cls];

        t = pipe_max(t, *unit);
        *unit = t + k->interval;
        if (t - p->dispatch >= PIPE_CALENDAR - 1)
            return t;
    }
    for (;; t++) {
        row = &p->calendar[t & (PIPE_CALENDAR - 1)][k->word];
        if (((*row + bias) & k->full) == 0)
            break;
    }
    *row += k->book;
    return t;
}

/* The window model's step, a function of its own: inlined into hundreds of handlers it would not stay in the
 * host's instruction cache, which costs more than the call. */
static __attribute__((noinline, unused)) void pipe_issue(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->pipe;
    const struct pipe_class *k = &p->cls[op->tclass & CPU_TC_MASK];
    uint64_t from = p->dispatch, d = pipe_max(from + (p->dispatch_slots >= p->width), *p->rob_at), t, done,
             cycle;

    __asm__("" : "+r"(k)); /* computed once */
    p->dispatch_slots = d == from ? p->dispatch_slots + 1 : 1;
    p->dispatch = d;
    if (tg_unlikely(d - from > 1))
        pipe_calendar_pass(p, from, d);
    /* What has passed is cleared, the last cycle each time: that costs less than asking whether d has moved.
     */
    memset(p->calendar[(d - 1) & (PIPE_CALENDAR - 1)], 0, sizeof(p->calendar[0]));
    t = pipe_max(pipe_max(p->ready[op->s1], p->ready[op->s2]), pipe_max(d, p->ready[op->s3]));
    if (tg_likely(t - d < PIPE_CALENDAR - 1)) {
        uint64_t *row = &p->calendar[t & (PIPE_CALENDAR - 1)][k->word], booked = *row;

        if (tg_likely(((booked + k->bias) & k->full) == 0))
            *row = booked + k->book;
        else
            t = pipe_port_later(p, k, t);
    } else if (k->interval) {
        t = pipe_port_later(p, k, t);
    }
    p->start = t;
    pipe_results(p, op, k, t);
    done = t + k->latency;
    cycle = p->cycle;
    if (done > cycle + 1) {
        /* One cycle of progress, then what the front end was late, then the execution that the window waited
         * for. */
        uint64_t wait = done - cycle - 1, late = d > cycle ? d - cycle : 0;

        if (late > wait)
            late = wait;
        p->buckets[p->front_bucket] += late;
        p->buckets[k->bucket] += wait - late;
    }
    done = pipe_max(done, cycle + (p->slots >= p->width));
    p->slots = done == cycle ? p->slots + 1 : 1;
    p->cycle = done;
    *p->rob_at++ = done;
    if (p->rob_at == p->rob_end)
        p->rob_at = p->rob;
}

#endif

/* A data access that hit the software TLB: pa in RAM. L1 hits with a TLB hit cost the class's latency,
 * already scheduled. */
TG_INLINE void pipe_read(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size,
                         bool write)
{
    struct pipe *p = &c->pipe;
    struct caches *k = &p->caches;
    struct line *l;
    uint64_t extra = 0;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;

    c->n.l1d_access++;
    if (tg_unlikely(!ttlb_hit(&k->dtlb, va, c->view->actx, c->view->gctx, ++k->stamp))) {
        extra = ttlb_data_slow(c, c->view, va, p->start);
        bucket = CPU_BUCKET_TLB;
    }
    l = cache_find(&k->l1d, pa);
    if (tg_unlikely(!l || l->arrive > p->start || (write && !(l->tag & LINE_UNIQUE))))
        extra += cache_data_slow(c, pa, write, p->start + extra, &bucket);
    else if (write)
        l->tag |= LINE_DIRTY;
    if (tg_unlikely(((pa ^ (pa + size - 1)) & LINE_MASK) != 0))
        extra += 1 + cache_data_slow(c, pa + size - 1, write, p->start + extra, &bucket);
    if (tg_unlikely(extra))
        pipe_load_extra(c, op, extra, bucket);
}

TG_INLINE void pipe_load(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    c->n.loads++;
    pipe_read(c, op, va, pa, size, false);
}

/* An atomic: done in the L1 with the line in a unique state. */
TG_INLINE void pipe_rmw(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    c->n.loads++;
    c->n.stores++;
    pipe_read(c, op, va, pa, size, true);
}

TG_INLINE void pipe_store(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    struct pipe *p = &c->pipe;
    struct caches *k = &p->caches;
    struct line *l;
    uint64_t extra = 0, drain, full;
    uint32_t pos = p->store_pos;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;

    (void)op;
    c->n.stores++;
    c->n.l1d_access++;
    if (tg_unlikely(!ttlb_hit(&k->dtlb, va, c->view->actx, c->view->gctx, ++k->stamp))) {
        extra = ttlb_data_slow(c, c->view, va, p->start);
#if TG_VARIANT == 1 /* translated before it may leave the pipeline */
        if (extra)
            pipe_hold(c, CPU_BUCKET_TLB, extra);
        extra = 0;
#endif
    }
    l = cache_find(&k->l1d, pa);
    if (tg_likely(l && (l->tag & LINE_UNIQUE) && l->arrive <= p->start))
        l->tag |= LINE_DIRTY;
    else
        extra += cache_data_slow(c, pa, true, p->start + extra, &bucket);
    if (tg_unlikely(((pa ^ (pa + size - 1)) & LINE_MASK) != 0))
        extra += 1 + cache_data_slow(c, pa + size - 1, true, p->start + extra, &bucket);
    /* The store leaves the buffer when its line is there, in order, one a cycle; a full buffer holds the
     * pipeline up. */
    full = p->store_drain[pos];
    drain = pipe_max(p->store_drain[pos == 0 ? p->store_n - 1 : pos - 1], p->start + extra) + 1;
    if (tg_unlikely(full > p->cycle))
        pipe_store_full(p, full, (enum cpu_bucket)p->store_bucket[pos]);
    p->store_drain[pos] = drain;
    p->store_bucket[pos] = (uint8_t)bucket;
    p->store_pos = pos + 1 == p->store_n ? 0 : pos + 1;
}

/* The front end goes on `cycles` later than it would have. */
TG_INLINE void pipe_front(struct pipe *p, uint64_t cycles)
{
#if TG_VARIANT == 1
    p->cycle += cycles;
    p->buckets[CPU_BUCKET_FRONTEND] += cycles;
    p->slots = 0;
#else
    pipe_dispatch_at(p, p->dispatch + cycles);
    p->front_bucket = CPU_BUCKET_FRONTEND;
#endif
}

/* Direction by gshare, targets of indirect branches by a table, returns by a stack, and a BTB that must know
 * taken branches. kind: a constant, and so is what is left of this in a handler. */
TG_INLINE void pipe_branch(struct cpu *c, const struct cpu_op *op, enum pipe_branch_kind kind, bool taken,
                           uint64_t target)
{
    struct pipe *p = &c->pipe;
    uint64_t pc = cpu_op_pc(c, op);
    bool wrong = false;

    c->n.branches++;
    if (kind == PIPE_RETURN || kind == PIPE_JUMP || kind == PIPE_CALL_INDIRECT) {
        if (kind == PIPE_RETURN) {
            wrong = p->ras[p->ras_top] != target;
            p->ras_top = (p->ras_top - 1) & (PIPE_RAS - 1);
        } else {
            unsigned i = (unsigned)((pc >> 2) ^ p->history) & ((1 << PIPE_IND_BITS) - 1);

            wrong = p->indirect[i].pc != pc || p->indirect[i].target != target;
            p->indirect[i].pc = pc;
            p->indirect[i].target = target;
        }
        p->history = p->history << 2 ^ (target >> 2 & 0xff);
    }
    if (kind == PIPE_CALL || kind == PIPE_CALL_INDIRECT) {
        p->ras_top = (p->ras_top + 1) & (PIPE_RAS - 1);
        p->ras[p->ras_top] = pc + 4;
    }
    if (kind == PIPE_CONDITIONAL) {
        uint8_t *ctr = &p->bht[((pc >> 2) ^ p->history) & ((1 << PIPE_BHT_BITS) - 1)];

        wrong = (*ctr >> 1) != taken;
        if (taken)
            *ctr += *ctr < 3;
        else
            *ctr -= *ctr > 0;
        p->history = p->history << 1 | taken;
    }
    if (taken) {
        uint32_t late = p->taken_bubble;

        if (p->btb) {
            uint32_t *b = &p->btb[(pc >> 2) & p->btb_mask];

            if (tg_unlikely(*b != (uint32_t)(pc >> 2))) {
                *b = (uint32_t)(pc >> 2);
                late += p->btb_miss;
            }
        }
        if (tg_unlikely(wrong)) {
            pipe_mispredicted(c);
        } else {
#if TG_VARIANT == 1
            if (tg_unlikely(late))
                pipe_front(p, late);
            p->slots = p->width; /* nothing behind a taken branch issues with it */
#else
            pipe_front(p, 1 + late); /* nothing behind a taken branch is dispatched with it */
#endif
        }
    } else if (tg_unlikely(wrong)) {
        pipe_mispredicted(c);
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
    if (tg_unlikely(late))
        pipe_front(p, late);
}

#endif
#endif
