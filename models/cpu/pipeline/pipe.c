/* SPDX-License-Identifier: Apache-2.0 */
/* The timing model outside handlers: parameters into constants, serialisation, idle time, start, mispredictions. */
#include "models/cpu/pipeline/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu_state.h"

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

int pipe_init(struct cpu *c)
{
    struct pipe *p = &c->pipe;

    for (unsigned i = 0; i < CPU_TC_COUNT; i++) {
        const struct pipe_class_params *k = &c->p.cls[i];

        p->cls[i] = (struct pipe_class){.latency = (uint16_t)k->latency, .bucket = bucket_of(i, k->latency)};
        p->cls[i].port_inc = (uint16_t)((16 * k->interval + k->ports - 1) / k->ports);
    }
    p->width = c->p.width;
    p->window = c->p.pipe_kind == PIPE_WINDOW ? c->p.window : 1;
    p->mispredict = c->p.mispredict;
    p->taken_bubble = c->p.taken_bubble;
    p->store_n = c->p.store_buffer < PIPE_STORES ? c->p.store_buffer : PIPE_STORES;
    p->front_bucket = CPU_BUCKET_FRONTEND;
    p->rob = calloc(p->window, sizeof(*p->rob));
    memset(p->ready_bucket, CPU_BUCKET_DEPEND, sizeof(p->ready_bucket));
    memset(p->bht, 1, sizeof(p->bht));
    p->fetch_line = UINT64_MAX;
    if (!p->rob)
        return -ENOMEM;
    return caches_init(c);
}

void pipe_fini(struct cpu *c)
{
    caches_fini(c);
    free(c->pipe.rob);
}

/* All results there, nothing in flight, at p->cycle. */
static void settle(struct pipe *p)
{
    p->dispatch = p->cycle;
    p->dispatch_slots = 0;
    p->slots = 0;
}

static void advance(struct pipe *p, enum cpu_bucket bucket, uint64_t to)
{
    if (to > p->cycle) {
        p->buckets[bucket] += to - p->cycle;
        p->cycle = to;
    }
    settle(p);
}

void pipe_stall(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles)
{
    if (!c->timed)
        return;
    advance(&c->pipe, bucket, c->pipe.cycle + cycles);
}

void pipe_stall_time(struct cpu *c, enum cpu_bucket bucket, tg_time t)
{
    pipe_stall(c, bucket, tg_time_to_cycles_up(t, c->hz));
}

void pipe_drain_stores(struct cpu *c, enum cpu_bucket bucket)
{
    struct pipe *p = &c->pipe;

    if (c->timed)
        advance(p, bucket, p->store_drain[p->store_pos == 0 ? p->store_n - 1 : p->store_pos - 1]);
}

void pipe_idle_until(struct cpu *c, uint64_t until)
{
    advance(&c->pipe, CPU_BUCKET_IDLE, until);
}

void pipe_start(struct cpu *c, uint64_t cycle)
{
    struct pipe *p = &c->pipe;

    p->cycle = cycle;
    for (unsigned i = 0; i < CPU_SLOT_COUNT; i++)
        p->ready[i] = cycle;
    for (unsigned i = 0; i < p->window; i++)
        p->rob[i] = cycle;
    for (unsigned i = 0; i < PIPE_STORES; i++)
        p->store_drain[i] = cycle;
    p->ready[CPU_SLOT_NONE] = 0;
    p->fetch_line = UINT64_MAX;
    settle(p);
}

void pipe_mispredicted(struct cpu *c)
{
    struct pipe *p = &c->pipe;

    c->n.mispredicts++;
    if (c->p.pipe_kind == PIPE_INORDER) {
        p->cycle += p->mispredict;
        p->buckets[CPU_BUCKET_MISPREDICT] += p->mispredict;
        p->slots = 0;
    } else {
        /* The front end restarts when the branch has resolved. */
        uint64_t resolved = p->start + p->cls[CPU_TC_BRANCH].latency + p->mispredict;

        if (resolved > p->dispatch)
            p->dispatch = resolved;
        p->dispatch_slots = 0;
        p->front_bucket = CPU_BUCKET_MISPREDICT;
    }
    p->fetch_line = UINT64_MAX;
}

static void delay_register(struct pipe *p, unsigned slot, uint64_t extra, enum cpu_bucket bucket)
{
    p->ready[slot] += extra;
    p->ready_bucket[slot] = (uint8_t)bucket;
}

void pipe_load_extra(struct cpu *c, const struct cpu_op *op, uint64_t extra, enum cpu_bucket bucket)
{
    struct pipe *p = &c->pipe;

    delay_register(p, op->d, extra, bucket);
    if (op->tclass & CPU_TC_SETS_RA)
        delay_register(p, op->d >= CPU_SLOT_V0 ? CPU_SLOT_V0 + op->ra : op->ra, extra, bucket);
    if (c->p.pipe_kind == PIPE_WINDOW) {
        uint64_t done = p->start + p->cls[op->tclass & CPU_TC_MASK].latency + extra;
        unsigned last = p->rob_pos == 0 ? p->window - 1 : p->rob_pos - 1;

        if (done > p->cycle) {
            p->buckets[bucket] += done - p->cycle;
            p->cycle = done;
            p->slots = 1;
        }
        p->rob[last] = p->cycle;
    }
}
