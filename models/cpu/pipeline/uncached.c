/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing of accesses to memory that is not cached: Device, Normal non-cacheable, and all of it while a cache is
 * switched off. The bus answers each of them. What may overlap is what the memory type allows (Arm ARM B2.7): see
 * docs/timing.md. Devices that answer on the bus themselves are in pipe.c (pipe_device).
 */
#include "models/cpu/cpu_state.h"
#include "models/cpu/mmu/access.h"
#include "models/cpu/pipeline/pipe.h"

/* No gathering: each element is an access of its own. */
static bool gathers(unsigned mem_type)
{
    return mem_type <= TG_MEM_DEVICE_GRE;
}

/* No reordering: a write leaves when the one before it has arrived. */
static bool reorders(unsigned mem_type)
{
    return mem_type <= TG_MEM_DEVICE_nGRE;
}

/* Bytes of the next transaction at pa: up to the end of a line, or an element. */
static unsigned piece(const struct cpu_op *op, uint64_t pa, unsigned left, unsigned size, unsigned mem_type)
{
    const unsigned line = (1u << LINE_BITS) - (unsigned)(pa & ~LINE_MASK);
    unsigned most = gathers(mem_type) ? left : mem_element(op, size);

    most = most < line ? most : line;
    return most < left ? most : left;
}

/* Normal memory: the pipeline goes on, until the result is needed (or its window is full). */
static void read_normal(struct cpu *c, const struct cpu_op *op, uint64_t pa, unsigned size, uint64_t extra)
{
    const uint64_t from = c->timing.pipe.start + extra;
    enum cpu_bucket bucket = CPU_BUCKET_DRAM;
    uint64_t last = 0;

    for (unsigned n, left = size; left; left -= n, pa += n) {
        uint64_t cycles;

        n = piece(op, pa, left, size, TG_MEM_NORMAL_NC);
        cycles = cache_bypass_read(c, pa, n, TG_MEM_NORMAL_NC, from, &bucket);
        last = pipe_max(last, cycles);
    }
    pipe_load_extra(c, op, extra + last, bucket);
}

/* Device memory: once, in order, and not before it is known that the instruction will be executed. */
static void wait_for_device(struct cpu *c, const struct cpu_op *op, uint64_t pa, unsigned size, bool write,
                            unsigned mem_type)
{
    struct pipe *p = &c->timing.pipe;
    enum cpu_bucket bucket;

    pipe_advance(p, CPU_BUCKET_DEVICE, p->device_done);
    for (unsigned n, left = size; left; left -= n, pa += n) {
        uint64_t cycles;

        n = piece(op, pa, left, size, mem_type);
        cycles = cache_bypass(c, pa, n, write, TG_BUS_DATA, mem_type, p->cycle, &bucket);
        pipe_advance(p, bucket, p->cycle + cycles);
    }
}

/* A write sits in the store buffer until it has been acknowledged. */
static void post(struct cpu *c, const struct cpu_op *op, uint64_t pa, unsigned size, uint64_t extra,
                 unsigned mem_type)
{
    struct pipe *p = &c->timing.pipe;

    for (unsigned n, left = size; left; left -= n, pa += n) {
        const uint64_t line = pa & LINE_MASK;
        enum cpu_bucket bucket;
        uint64_t from, cycles;

        n = piece(op, pa, left, size, mem_type);
        if (gathers(mem_type) && p->gather_drain == p->store_last && p->gather_line == line &&
            p->store_last > p->cycle)
            continue;
        pipe_wait_store(p);
        from = pipe_max(p->cycle, p->start) + extra;
        if (!reorders(mem_type))
            from = pipe_max(from, p->device_done);
        cycles = cache_bypass(c, pa, n, true, TG_BUS_DATA, mem_type, from, &bucket);
        if (mem_type >= TG_MEM_DEVICE_GRE)
            p->device_done = pipe_max(p->device_done, from + cycles);
        pipe_store_leaves_late(p, from + cycles - 1, bucket);
        p->gather_line = line;
        p->gather_drain = gathers(mem_type) ? p->store_last : 0;
    }
}

void pipe_uncached(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va, uint64_t pa,
                   unsigned size, enum pipe_access what, unsigned mem_type)
{
    struct pipe *p = &c->timing.pipe;
    struct caches *k = &c->timing.caches;
    const bool device = mem_type >= TG_MEM_DEVICE_GRE;
    uint64_t extra = 0;

    c->n.uncached++;
    pipe_catch_up(c, op);
    if (!ttlb_hit(&k->dtlb, va, view->actx, view->gctx, ++k->stamp))
        extra = ttlb_data_slow(c, view, va, p->start);
    if (extra && (device || (what == PIPE_WRITES && c->p.pipe_kind == PIPE_INORDER))) {
        pipe_hold(c, CPU_BUCKET_TLB, extra);
        extra = 0;
    }
    if (what == PIPE_WRITES && mem_type != TG_MEM_DEVICE_nGnRnE)
        post(c, op, pa, size, extra, mem_type);
    else if (device)
        wait_for_device(c, op, pa, size, what != PIPE_READS, mem_type);
    else
        read_normal(c, op, pa, size, extra);
}

void pipe_uncached_atomic(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size,
                          enum pipe_access what, unsigned mem_type)
{
    c->n.loads += what != PIPE_STORES_EXCLUSIVE;
    c->n.stores += what != PIPE_READS;
    c->n.rmws += what == PIPE_EXCHANGES;
    pipe_uncached(c, op, c->host.view, va, pa, size, what, mem_type);
}

void pipe_zva_uncached(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa)
{
    if (!c->timing.timed)
        return;
    c->n.stores++;
    pipe_uncached(c, op, c->host.view, va, pa, 1u << LINE_BITS, PIPE_WRITES, TG_MEM_NORMAL_NC);
}

/* ---- fetch ---- */

/* A line is fetched whole, and runs from the fetch buffer: what is behind in it costs nothing more, what is before, as
 * the beginning of a loop, is fetched again. */
uint64_t pipe_fetch_uncached(struct cpu *c, uint64_t pa, unsigned more, uint64_t now)
{
    struct pipe *p = &c->timing.pipe;
    const uint64_t last = (pa & LINE_MASK) + ((uint64_t)more << LINE_BITS);
    const bool held = pa > p->fetch_buffer && ((pa ^ p->fetch_buffer) & LINE_MASK) == 0;
    enum cpu_bucket bucket;
    uint64_t late = 0;

    for (uint64_t line = (pa & LINE_MASK) + (held ? 1 << LINE_BITS : 0); line <= last; line += 1 << LINE_BITS)
        late +=
            cache_bypass(c, line, 1 << LINE_BITS, false, TG_BUS_FETCH, TG_MEM_NORMAL_NC, now + late, &bucket);
    p->fetch_buffer = pipe_max(pa, last);
    return late;
}

/* The front end goes on `cycles` later. */
static void front(struct cpu *c, uint64_t cycles)
{
    struct pipe *p = &c->timing.pipe;

    if (!cycles)
        return;
    if (c->p.pipe_kind == PIPE_INORDER) {
        p->cycle += cycles;
        p->buckets[CPU_BUCKET_FRONTEND] += cycles;
        p->slots = 0;
    } else {
        pipe_unfold(p);
        pipe_dispatch_at(p, p->dispatch + cycles);
        p->front_bucket = CPU_BUCKET_FRONTEND;
    }
}

void pipe_fetch_one(struct cpu *c, uint64_t pa)
{
    const struct pipe *p = &c->timing.pipe;

    front(c, pipe_fetch_uncached(c, pa, 0, c->p.pipe_kind == PIPE_INORDER ? p->cycle : p->dispatch));
}

void pipe_fetch_waits(struct cpu *c, tg_time latency)
{
    if (c->timing.timed)
        front(c, tg_time_to_cycles_up(latency, c->ident.hz));
}
