/* SPDX-License-Identifier: Apache-2.0 */
/* The timing model outside handlers: parameters into constants, serialisation, barriers, idle time, start,
 * mispredictions. */
#include "models/cpu/pipeline/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/domain.h"

/* What a wait for a class's result is charged to. */
static uint8_t bucket_of(unsigned cls, unsigned latency)
{
    switch (cls) {
    case CPU_TC_LOAD:
    case CPU_TC_LOAD_PAIR:
    case CPU_TC_LOAD_EXCL:
    case CPU_TC_ATOMIC:
    case CPU_TC_VLOAD:
    case CPU_TC_VLOAD_MULTI:
        return CPU_BUCKET_L1D;
    case CPU_TC_SYSTEM:
        return CPU_BUCKET_SYSREG;
    case CPU_TC_BARRIER:
        return CPU_BUCKET_BARRIER;
    default:
        return latency > 2 ? CPU_BUCKET_EXECUTE : CPU_BUCKET_DEPEND;
    }
}

/* Loads take at least what the L1 takes. */
static uint32_t latency_of(const struct cpu *c, unsigned cls)
{
    uint32_t latency = c->p.cls[cls].latency;

    return bucket_of(cls, latency) == CPU_BUCKET_L1D && latency < c->p.l1d.latency ? c->p.l1d.latency
                                                                                   : latency;
}

/* Schedules depend on the classes and on parameters of the pipeline: PEs share memos when all are the same.
 */
static bool alike(const struct cpu *c, const struct cpu *o)
{
    const size_t from = offsetof(struct cpu_params, pipe_kind), size = sizeof(c->p) - from;

    return !memcmp((const char *)&c->p + from, (const char *)&o->p + from, size) &&
           !memcmp(c->timing.pipe.cls, o->timing.pipe.cls, sizeof(c->timing.pipe.cls));
}

static int init_memo(struct cpu *c)
{
    for (struct cpu *o = c->host.domain ? c->host.domain->first : NULL; o; o = o->host.domain_next)
        if (o->timing.pipe.memo.store && alike(c, o)) {
            memo_share(&c->timing.pipe.memo, &o->timing.pipe.memo);
            return 0;
        }
    return memo_init(&c->timing.pipe.memo);
}

int pipe_init(struct cpu *c)
{
    struct pipe *p = &c->timing.pipe;
    uint32_t btb = c->p.btb ? c->p.btb : PIPE_BTB_MAX; /* 0: nothing depends on it */

    p->drains = c->p.pipe_kind == PIPE_WINDOW;
    for (unsigned i = 0; i < CPU_TC_COUNT; i++) {
        struct pipe_class_params *k = &c->p.cls[i];
        uint32_t latency = k->latency = latency_of(c, i), ports = k->ports, shift = k->group % 16 * 4;

        p->cls[i] = (struct pipe_class){
            .latency = (uint16_t)latency,
            .interval = (uint16_t)(k->interval > 1 ? k->interval : 0),
            .bucket = bucket_of(i, latency),
            .group = (uint8_t)k->group,
            .ports = (uint8_t)ports,
            .word = (uint8_t)(k->group / 16),
            .book = UINT64_C(1) << shift,
            .bias = (uint64_t)(k->interval > 1 ? PIPE_PORTS_MAX : PIPE_PORTS_MAX - ports) << shift,
            .full = UINT64_C(8) << shift,
        };
        p->drains &= latency && p->cls[i].interval <= latency;
    }
    p->width = c->p.width;
    p->window = c->p.pipe_kind == PIPE_WINDOW ? c->p.window : 1;
    p->mispredict = c->p.mispredict;
    p->taken_bubble = c->p.taken_bubble;
    p->store_at = p->store_drain;
    p->store_end = p->store_drain + c->p.store_buffer;
    p->front_bucket = CPU_BUCKET_FRONTEND;
    p->rob = calloc(p->window, sizeof(*p->rob));
    p->btb_miss = c->p.btb_miss;
    p->btb = calloc(btb, sizeof(*p->btb));
    p->btb_mask = btb - 1;
    if (!p->btb)
        return -ENOMEM;
    memset(p->ready_bucket, CPU_BUCKET_DEPEND, sizeof(p->ready_bucket));
    memset(p->bht, 1, sizeof(p->bht));
    p->fetch_line = PIPE_NO_LINE;
    p->fetch_page = UINT64_MAX;
    if (!p->rob || init_memo(c))
        return -ENOMEM;
    p->rob_at = p->rob;
    p->rob_end = p->rob + p->window;
    return caches_init(c);
}

void pipe_fini(struct cpu *c)
{
    caches_fini(c);
    memo_fini(&c->timing.pipe.memo);
    free(c->timing.pipe.rob);
    free(c->timing.pipe.btb);
}

void pipe_advance(struct pipe *p, enum cpu_bucket bucket, uint64_t to)
{
    if (to > p->cycle) {
        p->buckets[bucket] += to - p->cycle;
        p->cycle = to;
    }
    pipe_settle(p);
    p->store_from = p->cycle;
}

void pipe_stall(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles)
{
    if (!c->timing.timed)
        return;
    pipe_catch_up(c, c->host.cur);
    pipe_advance(&c->timing.pipe, bucket, c->timing.pipe.cycle + cycles);
    if (bucket == CPU_BUCKET_EXCEPTION || bucket == CPU_BUCKET_SYNC)
        c->timing.pipe.fetch_line = PIPE_NO_LINE;
}

void pipe_stall_time(struct cpu *c, enum cpu_bucket bucket, tg_time t)
{
    pipe_stall(c, bucket, tg_time_to_cycles_up(t, c->ident.hz));
}

void pipe_hold(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles)
{
    pipe_advance(&c->timing.pipe, bucket, c->timing.pipe.cycle + cycles);
    c->timing.pipe.start = c->timing.pipe.cycle;
}

void pipe_wait_store(struct pipe *p)
{
    if (*p->store_at > p->cycle)
        pipe_advance(p, pipe_store_bucket(p), *p->store_at);
}

void pipe_device(struct cpu *c, bool write, unsigned mem_type, tg_time latency)
{
    struct pipe *p = &c->timing.pipe;
    uint64_t cycles = tg_time_to_cycles_up(latency, c->ident.hz);

    if (!c->timing.timed)
        return;
    pipe_catch_up(c, c->host.cur);
    if (write && mem_type != TG_MEM_DEVICE_nGnRnE) {
        uint64_t from = p->device_done > p->cycle ? p->device_done : p->cycle;

        p->device_done = from + cycles;
        pipe_wait_store(p);
        pipe_store_leaves_late(p, p->device_done - 1, CPU_BUCKET_DEVICE);
        return;
    }
    pipe_advance(p, CPU_BUCKET_DEVICE, p->device_done);
    pipe_advance(p, CPU_BUCKET_DEVICE, p->cycle + cycles);
}

void pipe_drain_stores(struct cpu *c, enum cpu_bucket bucket)
{
    if (c->timing.timed)
        pipe_advance(&c->timing.pipe, bucket, c->timing.pipe.store_last);
}

/* In order, results may be outstanding behind the issue cycle. */
static void wait_results(struct cpu *c, enum cpu_bucket bucket)
{
    struct pipe *p = &c->timing.pipe;
    uint64_t last = 0;

    if (c->p.pipe_kind == PIPE_WINDOW)
        return;
    for (unsigned i = 0; i < CPU_SLOT_COUNT; i++)
        if (p->ready[i] > last)
            last = p->ready[i];
    pipe_advance(p, bucket, last);
}

void pipe_dsb(struct cpu *c)
{
    if (!c->timing.timed)
        return;
    wait_results(c, CPU_BUCKET_BARRIER);
    pipe_drain_stores(c, CPU_BUCKET_BARRIER);
    pipe_stall(c, CPU_BUCKET_BARRIER, c->p.dsb + (c->timing.pipe.tlbi_pending ? c->p.tlbi_sync : 0));
    c->timing.pipe.tlbi_pending = false;
}

#define CRM_TYPE    3 /* CRm<1:0> of DMB: 1 loads, 2 stores, 3 both (Arm ARM C6.2.79) */
#define CRM_TYPE_LD 1

void pipe_dmb(struct cpu *c, unsigned crm)
{
    if (!c->timing.timed)
        return;
    wait_results(c, CPU_BUCKET_BARRIER);
    if ((crm & CRM_TYPE) != CRM_TYPE_LD)
        pipe_drain_stores(c, CPU_BUCKET_BARRIER);
    pipe_stall(c, CPU_BUCKET_BARRIER, c->p.dmb);
}

void pipe_tlbi(struct cpu *c, bool broadcast)
{
    if (!c->timing.timed)
        return;
    pipe_stall(c, CPU_BUCKET_BARRIER, c->p.tlbi);
    c->timing.pipe.tlbi_pending |= broadcast;
}

/* As a store: in the window model the line is looked up when what is before the block has committed. */
void pipe_zva(struct cpu *c, uint64_t va, uint64_t pa)
{
    struct pipe *p = &c->timing.pipe;
    struct caches *k = &c->timing.caches;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;
    uint64_t from = cpu_by_blocks(c) ? p->store_from : p->start;

    if (!c->timing.timed)
        return;
    c->n.stores++;
    if (*p->store_at > from) {
        pipe_catch_up(c, c->host.cur);
        pipe_wait_store(p);
    }
    if (!ttlb_hit(&k->dtlb, va, c->host.view->actx, c->host.view->gctx, ++k->stamp))
        from += ttlb_data_slow(c, c->host.view, va, from);
    from += cache_zero_line(c, pa, from, &bucket);
    pipe_store_leaves_late(p, from, bucket);
}

void pipe_vncr(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t pa, bool write, unsigned mem_type)
{
    struct caches *k = &c->timing.caches;
    enum cpu_bucket bucket = CPU_BUCKET_L1D;
    uint64_t cycles = c->p.l1d.latency;

    if (!c->timing.timed)
        return;
    pipe_catch_up(c, c->host.cur);
    *(write ? &c->n.stores : &c->n.loads) += 1;
    if (!ttlb_hit(&k->dtlb, va, view->actx, view->gctx, ++k->stamp))
        cycles += ttlb_data_slow(c, view, va, c->timing.pipe.cycle);
    if (mem_type == TG_MEM_NORMAL_WB) {
        cycles += cache_data_slow(c, pa, write, c->timing.pipe.cycle + cycles, &bucket);
    } else {
        c->n.uncached++;
        cycles += cache_bypass(c, pa, sizeof(uint64_t), write, TG_BUS_DATA, mem_type,
                               c->timing.pipe.cycle + cycles, &bucket);
    }
    pipe_stall(c, bucket, cycles);
}

void pipe_cache_op(struct cpu *c, uint64_t pa, bool clean, bool invalidate)
{
    if (!c->timing.timed)
        return;
    pipe_stall(c, CPU_BUCKET_BARRIER, c->p.cache_op);
    if (clean || invalidate)
        cache_maintain(c, pa, invalidate, c->timing.pipe.cycle);
}

void pipe_idle_until(struct cpu *c, uint64_t until)
{
    pipe_advance(&c->timing.pipe, CPU_BUCKET_IDLE, until);
}

void pipe_start(struct cpu *c, uint64_t cycle)
{
    struct pipe *p = &c->timing.pipe;

    p->cycle = cycle;
    p->memo.now = 0;
    p->pending = NULL;
    p->booked = p->unit_until = p->written = 0;
    p->store_from = cycle;
    for (unsigned i = 0; i < CPU_SLOT_COUNT; i++)
        p->ready[i] = cycle;
    for (unsigned i = 0; i < p->window; i++)
        p->rob[i] = cycle;
    for (unsigned i = 0; i < PIPE_STORES; i++)
        p->store_drain[i] = cycle;
    p->store_last = cycle;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(p->unit); i++)
        p->port[i] = p->unit[i] = 0;
    p->ready[CPU_SLOT_NONE] = 0;
    p->fetch_line = PIPE_NO_LINE;
    p->dispatch = p->start = p->device_done = cycle;
    p->gather_line = p->gather_drain = 0;
    p->fetch_buffer = UINT64_MAX;
    p->tlbi_pending = false;
    memset(p->calendar, 0, sizeof(p->calendar));
    pipe_settle(p);
}

void pipe_mispredicted(struct cpu *c)
{
    struct pipe *p = &c->timing.pipe;

    c->n.mispredicts++;
    p->cycle += p->mispredict;
    p->buckets[CPU_BUCKET_MISPREDICT] += p->mispredict;
    p->slots = 0;
    p->fetch_line = PIPE_NO_LINE;
}

static void delay_register(struct pipe *p, unsigned slot, uint64_t extra, enum cpu_bucket bucket)
{
    p->ready[slot] += extra;
    p->ready_bucket[slot] = (uint8_t)bucket;
}

void pipe_load_extra(struct cpu *c, const struct cpu_op *op, uint64_t extra, enum cpu_bucket bucket)
{
    struct pipe *p = &c->timing.pipe;

    delay_register(p, op_info(op)->d, extra, bucket);
    if (op_info(op)->tclass & CPU_TC_SETS_RA)
        delay_register(p, op_info(op)->d >= CPU_SLOT_V0 ? CPU_SLOT_V0 + op->ra : op->ra, extra, bucket);
    if (c->p.pipe_kind == PIPE_WINDOW) {
        uint64_t done = p->start + p->cls[op_info(op)->tclass & CPU_TC_MASK].latency + extra;
        uint64_t *last = p->rob_at == p->rob ? p->rob_end - 1 : p->rob_at - 1;

        if (done > p->cycle) {
            p->buckets[bucket] += done - p->cycle;
            p->cycle = done;
            p->slots = 1;
        }
        *last = p->cycle;
    }
}
