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
TG_INLINE void pipe_issue_now(struct cpu *c, const struct cpu_op *op)
{
    (void)c;
    (void)op;
}
TG_INLINE void pipe_fall(struct cpu *c, const struct cpu_op *op)
{
    (void)c, (void)op;
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
TG_INLINE bool pipe_load_fast(struct cpu *c, const struct mmu_view *view, const struct mmu_tlbe *e,
                              uint64_t pa, unsigned size)
{
    (void)c, (void)view, (void)e, (void)pa, (void)size;
    return true;
}
#define pipe_store_fast pipe_load_fast
#define pipe_rmw_fast   pipe_load_fast
TG_INLINE enum pipe_outcome pipe_predict(struct cpu *c, const struct cpu_links *links,
                                         enum pipe_branch_kind kind, bool taken, uint64_t target)
{
    (void)c, (void)links, (void)kind, (void)taken, (void)target;
    return PIPE_SEQUENTIAL;
}
TG_INLINE bool pipe_end_fast(struct cpu *c, const struct cpu_links *links, enum pipe_outcome outcome)
{
    (void)c, (void)links, (void)outcome;
    return true;
}
#define pipe_end_slow(c, op, links, outcome) ((void)(c), (void)(op), (void)(links), (void)(outcome))
TG_INLINE void pipe_enter(struct cpu *c, const struct cpu_op *enter)
{
    (void)c, (void)enter;
}
TG_INLINE bool pipe_fetched(const struct cpu *c, const struct cpu_op *enter)
{
    (void)c, (void)enter;
    return true;
}
TG_INLINE bool pipe_fetch_fast(struct cpu *c, const struct cpu_op *enter, bool second)
{
    (void)c, (void)enter, (void)second;
    return true;
}
TG_INLINE void pipe_fetch(struct cpu *c, const struct cpu_op *enter)
{
    (void)c, (void)enter;
}

#else

#if TG_VARIANT == 1 /* in order: issue waits for operands, ports and width; stall on use */

/* Results: first register by latency of the class, flags and second register alike; base write-back after one
 * cycle. */
TG_INLINE void pipe_result(struct pipe *p, unsigned slot, uint64_t ready, uint8_t bucket)
{
    p->ready[slot] = ready;
    p->ready_bucket[slot] = bucket;
}

TG_INLINE void pipe_results(struct pipe *p, const struct cpu_op *op, const struct pipe_class *k,
                            uint64_t start)
{
    const unsigned sets = op_info(op)->tclass, d = op_info(op)->d;
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
    struct pipe *p = &c->timing.pipe;
    const struct cpu_op_info *info = op_info(op);
    const unsigned cls = info->tclass & CPU_TC_MASK;
    const struct pipe_class *k = &p->cls[cls];
    uint64_t r1 = p->ready[info->s1], r2 = p->ready[info->s2], r3 = p->ready[info->s3];
    uint64_t from = p->cycle, t = from + (p->slots >= p->width), need = pipe_max(r1, pipe_max(r2, r3)), at;

    if (tg_unlikely(need > from + 1)) {
        unsigned slot = need == r1 ? info->s1 : need == r2 ? info->s2 : info->s3;

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

/* It has been issued already. */
TG_INLINE void pipe_issue_now(struct cpu *c, const struct cpu_op *op)
{
    (void)c, (void)op;
}

#else /* window: the block is timed at its end (window.c), or when something must know the time */

TG_INLINE void pipe_issue(struct cpu *c, const struct cpu_op *op)
{
    (void)c, (void)op;
}

/* For what waits, or needs to know when it starts. */
TG_INLINE void pipe_issue_now(struct cpu *c, const struct cpu_op *op)
{
    pipe_catch_up(c, op);
}

#endif

/* No access of the operation in progress starts before this. */
#if TG_VARIANT == 1
#define PIPE_EARLIEST(p)   ((p)->start)
#define PIPE_STORE_FROM(p) ((p)->start)
#define PIPE_STORE_NOW(p)  ((p)->cycle)
#else
#define PIPE_EARLIEST(p)   ((p)->dispatch)
#define PIPE_STORE_FROM(p) ((p)->store_from)
#define PIPE_STORE_NOW(p)  ((p)->store_from)
#endif

/* A data access that the checks below did not settle. */
static __attribute__((noinline, unused)) void pipe_read_slow(struct cpu *c, const struct cpu_op *op,
                                                             uint64_t va, uint64_t pa, unsigned size,
                                                             bool write, bool tlb_hit)
{
    struct pipe *p = &c->timing.pipe;
    struct caches *k = &c->timing.caches;
    struct line *l;
    uint64_t extra = 0, last = pa + size - 1;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;

#if TG_VARIANT == 2 /* most need not know when the operation starts */
    if (!tlb_hit)
        tlb_hit = ttlb_again(&k->dtlb, va, c->host.view->actx, c->host.view->gctx, ++k->stamp);
    if (tlb_hit && cache_ready(&k->l1d, pa, write, p->dispatch)) {
        if (((pa ^ last) & LINE_MASK) == 0)
            return;
        if (!write && cache_ready(&k->l1d, last, false, p->dispatch) && pipe_note_crossing(c, op))
            return;
    }
    pipe_catch_up(c, op);
#endif
    if (!tlb_hit) {
        extra = ttlb_data_slow(c, c->host.view, va, p->start);
        if (extra) /* else only the hash had lost it */
            bucket = CPU_BUCKET_TLB;
    }
    l = cache_find(&k->l1d, pa);
    if (!l || l->arrive > p->start || (write && !(l->tag & LINE_UNIQUE)))
        extra += cache_data_slow(c, pa, write, p->start + extra, &bucket);
    else if (write)
        l->tag |= LINE_DIRTY;
    if (((pa ^ last) & LINE_MASK) != 0)
        extra += 1 + cache_data_slow(c, last, write, p->start + extra, &bucket);
    if (extra)
        pipe_load_extra(c, op, extra, bucket);
}

/* The part of an access to RAM that needs no call: the data TLB holds the page, and the L1D the line in a
 * state that need not change. It costs the class's latency, already scheduled. False: nothing has happened.
 * e: the page's in the software TLB of view. */
TG_INLINE bool pipe_access_fast(struct cpu *c, const struct mmu_view *view, const struct mmu_tlbe *e,
                                uint64_t pa, unsigned size, bool write)
{
    struct caches *k = &c->timing.caches;
    const uint32_t id = e->dtlb;
    const unsigned i = id & (TTLB_MAX - 1);

    if (tg_unlikely(k->dtlb.id[i] != id || view != c->host.view))
        return false;
    if (tg_unlikely((write ? k->l1d.writable : k->l1d.readable)[pa >> LINE_BITS & k->l1d.set_mask] !=
                    ((pa + size - 1) & LINE_MASK)))
        return false;
    k->dtlb.stamp[i] = ++k->stamp;
    return true;
}

TG_INLINE bool pipe_load_fast(struct cpu *c, const struct mmu_view *view, const struct mmu_tlbe *e,
                              uint64_t pa, unsigned size)
{
    if (!pipe_access_fast(c, view, e, pa, size, false))
        return false;
    c->n.loads++;
    return true;
}

TG_INLINE bool pipe_rmw_fast(struct cpu *c, const struct mmu_view *view, const struct mmu_tlbe *e,
                             uint64_t pa, unsigned size)
{
    if (!pipe_access_fast(c, view, e, pa, size, true))
        return false;
    c->n.loads++;
    c->n.stores++;
    c->n.rmws++;
    return true;
}

/* After an access that was not fast: the next one to the page may be. */
TG_INLINE void pipe_note_page(struct cpu *c, uint64_t va)
{
    const uint32_t id = c->host.view->tlb[MMU_TLB_INDEX(va)].dtlb;

    if (c->timing.caches.dtlb.id[id & (TTLB_MAX - 1)] != id)
        ttlb_note(c, c->host.view, va);
}

/* Accesses that are not fast only because the line is the second of its set, or because there are two lines
 * (*two), each known to be at the front of its set. False: all is yet to be done. */
TG_INLINE bool pipe_access_simple(struct cpu *c, uint64_t va, uint64_t pa, unsigned size, bool write,
                                  bool *two)
{
    struct caches *k = &c->timing.caches;
    const struct cache *d = &k->l1d;
    const uint64_t *lines = write ? d->writable : d->readable, last = (pa + size - 1) & LINE_MASK;
    const struct mmu_tlbe *e = &c->host.view->tlb[MMU_TLB_INDEX(va)];
    const unsigned i = e->dtlb & (TTLB_MAX - 1);

    if (((write ? e->wtag : e->rtag) ^ va) >= MMU_PAGE_SIZE || k->dtlb.id[i] != e->dtlb)
        return false;
    *two = (pa & LINE_MASK) != last;
    if (*two ? lines[pa >> LINE_BITS & d->set_mask] != (pa & LINE_MASK) ||
                   lines[last >> LINE_BITS & d->set_mask] != last
             : !cache_second(&k->l1d, pa, write, PIPE_EARLIEST(&c->timing.pipe)))
        return false;
    k->dtlb.stamp[i] = ++k->stamp;
    return true;
}

/* Any other access. Out of line: all that comes here takes its time anyway. */
static __attribute__((noinline, unused)) void pipe_read(struct cpu *c, const struct cpu_op *op, uint64_t va,
                                                        uint64_t pa, unsigned size, bool write)
{
    struct pipe *p = &c->timing.pipe;
    struct caches *k = &c->timing.caches;
    struct line *l;
    bool tlb_hit, two;

    if (pipe_access_simple(c, va, pa, size, write, &two)) {
        if (!two)
            return;
        if (TG_VARIANT == 2 && !write && pipe_note_crossing(c, op))
            return;
    }
    tlb_hit = ttlb_hit(&k->dtlb, va, c->host.view->actx, c->host.view->gctx, ++k->stamp);
    l = cache_find(&k->l1d, pa);
    if (!tlb_hit || !l || l->arrive > PIPE_EARLIEST(p) || (write && !(l->tag & LINE_UNIQUE)) ||
        ((pa ^ (pa + size - 1)) & LINE_MASK) != 0)
        pipe_read_slow(c, op, va, pa, size, write, tlb_hit);
    else if (write)
        l->tag |= LINE_DIRTY;
    cache_note(&k->l1d, pa, PIPE_EARLIEST(p));
    pipe_note_page(c, va);
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
    c->n.rmws++;
    pipe_read(c, op, va, pa, size, true);
}

/* In the window model a store looks its line up after commit: it need not know when its operation starts. */
static __attribute__((noinline, unused)) void
pipe_store_slow(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size, bool tlb_hit)
{
    struct pipe *p = &c->timing.pipe;
    struct caches *k = &c->timing.caches;
    uint64_t now = PIPE_STORE_FROM(p), last = pa + size - 1;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;

    if (!tlb_hit) {
        uint64_t extra = ttlb_data_slow(c, c->host.view, va, now);

#if TG_VARIANT == 1 /* translated before it may leave the pipeline */
        if (extra)
            pipe_hold(c, CPU_BUCKET_TLB, extra);
        now = p->start;
#else
        now += extra;
#endif
    }
    if (cache_ready(&k->l1d, pa, true, now)) {
        if (((pa ^ last) & LINE_MASK) != 0)
            now += 1 + cache_data_slow(c, last, true, now, &bucket);
    } else {
        now += cache_data_slow(c, pa, true, now, &bucket);
        if (((pa ^ last) & LINE_MASK) != 0)
            now += 1 + cache_data_slow(c, last, true, now, &bucket);
    }
    if (*p->store_at > PIPE_STORE_NOW(p)) {
        pipe_issue_now(c, op);
        pipe_wait_store(p);
    }
    pipe_store_leaves_late(p, now, bucket);
}

/* The store leaves the buffer when its line is there, in order, one a cycle; a full buffer holds the pipeline
 * up. */
TG_INLINE bool pipe_store_fast(struct cpu *c, const struct mmu_view *view, const struct mmu_tlbe *e,
                               uint64_t pa, unsigned size)
{
    struct pipe *p = &c->timing.pipe;

    if (tg_unlikely(*p->store_at > PIPE_STORE_NOW(p)) || !pipe_access_fast(c, view, e, pa, size, true))
        return false;
    c->n.stores++;
    pipe_store_leaves(p, PIPE_STORE_FROM(p));
    return true;
}

static __attribute__((noinline, unused)) void pipe_write(struct cpu *c, const struct cpu_op *op, uint64_t va,
                                                         uint64_t pa, unsigned size)
{
    struct pipe *p = &c->timing.pipe;
    struct caches *k = &c->timing.caches;
    struct line *l;
    bool tlb_hit, two;

    if (*p->store_at <= PIPE_STORE_NOW(p) && pipe_access_simple(c, va, pa, size, true, &two)) {
        if (two)
            pipe_store_leaves_late(p, PIPE_STORE_FROM(p) + 1, CPU_BUCKET_L1D);
        else
            pipe_store_leaves(p, PIPE_STORE_FROM(p));
        return;
    }
    tlb_hit = ttlb_hit(&k->dtlb, va, c->host.view->actx, c->host.view->gctx, ++k->stamp);
    l = cache_find(&k->l1d, pa);
    if (!tlb_hit || !l || !(l->tag & LINE_UNIQUE) || l->arrive > PIPE_EARLIEST(p) ||
        ((pa ^ (pa + size - 1)) & LINE_MASK) != 0 || *p->store_at > PIPE_STORE_NOW(p)) {
        pipe_store_slow(c, op, va, pa, size, tlb_hit);
    } else {
        l->tag |= LINE_DIRTY;
        pipe_store_leaves(p, PIPE_STORE_FROM(p));
    }
    cache_note(&k->l1d, pa, PIPE_EARLIEST(p));
    pipe_note_page(c, va);
}

TG_INLINE void pipe_store(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size)
{
    c->n.stores++;
    pipe_write(c, op, va, pa, size);
}

/* The front end goes on `cycles` later than it would have. */
TG_INLINE void pipe_front(struct pipe *p, uint64_t cycles)
{
#if TG_VARIANT == 1
    p->cycle += cycles;
    p->buckets[CPU_BUCKET_FRONTEND] += cycles;
    p->slots = 0;
#else
    pipe_unfold(p);
    pipe_dispatch_at(p, p->dispatch + cycles);
    p->front_bucket = CPU_BUCKET_FRONTEND;
#endif
}

/* A block ends. Window: false when it did not take the same the last time; pipe_block_end has to be asked. In
 * order only its branch is left. */
TG_INLINE bool pipe_end_fast(struct cpu *c, const struct cpu_links *links, enum pipe_outcome outcome)
{
    struct pipe *p = &c->timing.pipe;

#if TG_VARIANT == 1
    if (outcome == PIPE_WRONG) {
        pipe_mispredicted(c);
    } else if (outcome == PIPE_SYNC) {
        pipe_stall(c, CPU_BUCKET_SYNC, c->p.isb);
    } else if (outcome != PIPE_SEQUENTIAL) {
        uint32_t late = p->taken_bubble + (outcome == PIPE_TAKEN_MISS ? p->btb_miss : 0);

        if (tg_unlikely(late))
            pipe_front(p, late);
        p->slots = p->width; /* nothing behind a taken branch issues with it */
    }
    (void)links;
#else
    const struct memo_last *e = memo_last_of(links);

    if (tg_unlikely(e->key != memo_key(p->memo.now, outcome)))
        return false;
    pipe_take(p, e);
#endif
    return true;
}

/* After pipe_end_fast, which did not know the block that ends with op: the table may. */
TG_INLINE void pipe_end_slow(struct cpu *c, const struct cpu_op *op, const struct cpu_links *links,
                             enum pipe_outcome outcome)
{
#if TG_VARIANT == 2
    struct pipe *p = &c->timing.pipe;
    struct memo_last *last = memo_last_of(links);
    const struct memo_edge *e = memo_look(&p->memo, last->block, memo_key(p->memo.now, outcome));

    if (e) {
        memo_set_last(last, e);
        pipe_take(p, last);
    } else {
        pipe_block_end(c, op, links, outcome);
    }
#endif
    (void)c, (void)op, (void)links, (void)outcome;
}

/* A single instruction, or a block that ends without a branch. */
TG_INLINE void pipe_fall(struct cpu *c, const struct cpu_op *op)
{
    if (TG_VARIANT == 2 && !pipe_end_fast(c, cpu_links_of(op), PIPE_SEQUENTIAL))
        pipe_end_slow(c, op, cpu_links_of(op), PIPE_SEQUENTIAL);
}

/* Direction by gshare, targets of indirect branches by a table, returns by a stack, and a BTB that must know
 * taken branches. kind: a constant, and so is what is left of this in a handler. */
TG_INLINE enum pipe_outcome pipe_predict(struct cpu *c, const struct cpu_links *links,
                                         enum pipe_branch_kind kind, bool taken, uint64_t target)
{
    struct pipe *p = &c->timing.pipe;
    uint64_t pc = cpu_next_pc(c, links) - 4;
    bool wrong = false, known = true;

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
        *ctr = (uint8_t)(taken ? *ctr + (*ctr < 3) : *ctr - (*ctr > 0)); /* two bits, saturating */
        p->history = p->history << 1 | taken;
    }
    if (taken) {
        uint32_t *b = &p->btb[(pc >> 2) & p->btb_mask], tag = (uint32_t)(pc >> 2);

        if (tg_unlikely(*b != tag)) {
            *b = tag;
            known = false;
        }
    }
    if (tg_unlikely(wrong)) {
#if TG_VARIANT == 2
        c->n.mispredicts++;
        p->fetch_line = PIPE_NO_LINE;
#endif
        return PIPE_WRONG;
    }
    return !taken ? PIPE_SEQUENTIAL : known ? PIPE_TAKEN : PIPE_TAKEN_MISS;
}

#define PIPE_FETCH_NOW(p) (TG_VARIANT == 1 ? (p)->cycle : (p)->dispatch)

/* Another page is fetched from: cycles that the instruction TLB takes. */
static __attribute__((noinline, unused)) uint64_t TG_FN(pipe_fetch_page)(struct cpu *c,
                                                                         const struct cpu_op *enter)
{
    struct pipe *p = &c->timing.pipe;
    uint64_t va = c->host.pc_page + (enter->block_pa & ~MMU_PAGE_MASK), late = 0;

    if (!ttlb_hit(&c->timing.caches.itlb, va, c->host.view->actx, c->host.view->gctx,
                  ++c->timing.caches.stamp))
        late = ttlb_fetch_slow(c, c->host.view, va, PIPE_FETCH_NOW(p));
    ttlb_note_fetch(c, c->host.view, va);
    p->fetch_page = c->host.pc_page;
    return late;
}

/* A line that is not known to be in the L1I, `late` cycles from now: what the front end is late then. */
static __attribute__((noinline, unused)) uint64_t TG_FN(pipe_fetch_line)(struct cpu *c, uint64_t line,
                                                                         uint64_t late)
{
    struct pipe *p = &c->timing.pipe;
    struct cache *k = &c->timing.caches.l1i;
    struct line *l = cache_find(k, line);
    uint64_t now = PIPE_FETCH_NOW(p) + late;

    if (!l || l->arrive > now)
        late += cache_fetch_slow(c, line, now);
    cache_note(k, line, PIPE_FETCH_NOW(p));
    return late;
}

/* A block begins. */
TG_INLINE void pipe_enter(struct cpu *c, const struct cpu_op *enter)
{
#if TG_VARIANT == 2
    struct pipe *p = &c->timing.pipe;

    p->pending = enter + 1;
    p->store_from = pipe_max(p->cycle, p->dispatch);
#endif
    (void)c, (void)enter;
}

/* Does it lie in the line fetched last? If not, pipe_fetch is next. */
TG_INLINE bool pipe_fetched(const struct cpu *c, const struct cpu_op *enter)
{
    return ((enter->block_pa ^ c->timing.pipe.fetch_line) & LINE_MASK) == 0 && enter->enter.lines == 0;
}

/* Is the line known to be in the L1I, at the front of its set? */
TG_INLINE bool pipe_line_known(const struct cache *k, uint64_t line)
{
    return k->readable[line >> LINE_BITS & k->set_mask] == line;
}

/* Another page is fetched from, and the entry of the instruction TLB that holds it is known. */
TG_INLINE bool pipe_page_fast(struct cpu *c)
{
    struct pipe *p = &c->timing.pipe;
    struct ttlb *t = &c->timing.caches.itlb;
    const struct fetch_page *e = &c->timing.caches.pages[(c->host.pc_page >> MMU_PAGE_BITS) % CACHE_PAGES];
    const unsigned i = e->id & (TTLB_MAX - 1);

    if (e->page != c->host.pc_page || e->actx != c->host.view->actx || t->id[i] != e->id)
        return false;
    t->stamp[i] = ++c->timing.caches.stamp;
    p->fetch_page = c->host.pc_page;
    return true;
}

/* Fetch of `line` and those behind it, if they are known; second: or the second of their sets. */
TG_INLINE bool pipe_lines_fast(struct cpu *c, uint64_t line, unsigned more, bool second)
{
    struct pipe *p = &c->timing.pipe;
    struct cache *k = &c->timing.caches.l1i;
    uint64_t n = 0;

    if (line != p->fetch_line) {
        if (tg_unlikely(!pipe_line_known(k, line)) &&
            !(second && cache_second(k, line, false, PIPE_FETCH_NOW(p))))
            return false;
        n = 1;
    }
    for (; more; more--) {
        line += 1 << LINE_BITS;
        n++;
        if (tg_unlikely(!pipe_line_known(k, line)) &&
            !(second && cache_second(k, line, false, PIPE_FETCH_NOW(p))))
            return false;
    }
    c->n.l1i_access += n;
    p->fetch_line = line;
    return true;
}

/* The part of pipe_fetch that needs no call: the page and the lines are known. False: pipe_fetch does what is
 * left. */
TG_INLINE bool pipe_fetch_fast(struct cpu *c, const struct cpu_op *enter, bool second)
{
    const struct pipe *p = &c->timing.pipe;

    if (c->host.pc_page != p->fetch_page && !pipe_page_fast(c))
        return false;
    return pipe_lines_fast(c, enter->block_pa & LINE_MASK, enter->enter.lines, second);
}

/* Fetch of a block: instruction TLB by page, L1I by line. */
TG_INLINE void pipe_fetch(struct cpu *c, const struct cpu_op *enter)
{
    struct pipe *p = &c->timing.pipe;
    struct cache *k = &c->timing.caches.l1i;
    uint64_t line = enter->block_pa & LINE_MASK, last = line + ((uint64_t)enter->enter.lines << LINE_BITS);
    uint64_t fetched = p->fetch_line, late = 0;

    if (c->host.pc_page != p->fetch_page)
        late = TG_FN(pipe_fetch_page)(c, enter);
    if (tg_unlikely(enter->block_pa & CODE_UNCACHED)) {
        late += pipe_fetch_uncached(c, enter->block_pa & ~CODE_UNCACHED, enter->enter.lines,
                                    PIPE_FETCH_NOW(p) + late);
        last = 0;
        fetched = PIPE_NO_LINE; /* the next block comes here, too */
    }
    for (; line <= last; line += 1 << LINE_BITS) {
        if (line == fetched)
            continue;
        c->n.l1i_access++;
        if (!pipe_line_known(k, line) && !cache_second(k, line, false, PIPE_FETCH_NOW(p)))
            late = TG_FN(pipe_fetch_line)(c, line, late);
        fetched = line;
    }
    p->fetch_line = fetched;
    if (tg_unlikely(late))
        pipe_front(p, late);
}

#endif

#if TG_VARIANT == 2
/* A block begins behind one that did not take its last edge again: its end will want to look among the
 * others, too. */
TG_INLINE void pipe_look_ahead(const struct cpu *c, const struct cpu_op *enter)
{
    const struct memo *m = &c->timing.pipe.memo;

    if (enter)
        __builtin_prefetch(memo_set(
            m, ((const struct memo_last *)(const void *)(enter + enter->enter.last))->block, m->state));
}

/* The block goes on behind branch op, in a state that a memo knows and with lines that are. False: pipe_go_on
 * does what is left. */
TG_INLINE bool pipe_go_on_fast(struct cpu *c, const struct cpu_op *op, const struct cpu_links *links,
                               unsigned way)
{
    const struct pipe *p = &c->timing.pipe;
    const uint64_t at = (uint64_t)links->disp[way];

    if (tg_unlikely(!p->memo.state))
        return false;
    if (((at ^ p->fetch_line) & (LINE_MASK | 1) & ~MMU_PAGE_MASK) == 0 && op->branch.lines == 0)
        return true;
    return pipe_lines_fast(c, (p->fetch_line & MMU_PAGE_MASK) | (at & LINE_MASK), op->branch.lines, false);
}
#else
#define pipe_look_ahead(c, enter) ((void)(c), (void)(enter))
#endif

/* An indirect branch of the rarer kinds. */
TG_INLINE void pipe_branch(struct cpu *c, const struct cpu_op *op, enum pipe_branch_kind kind,
                           uint64_t target)
{
    enum pipe_outcome outcome = pipe_predict(c, cpu_links_of(op), kind, true, target);

    if (!pipe_end_fast(c, cpu_links_of(op), outcome))
        pipe_end_slow(c, op, cpu_links_of(op), outcome);
}

#endif
