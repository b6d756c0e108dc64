/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window model: dispatch in order, execute when operands and a port are there, commit in order.
 * Operations are timed when their block ends, or when something within it must know the time (a miss, a
 * device, a barrier); a block whose accesses all hit is looked up in the memo first. docs/timing.md describes
 * the model.
 */
#include <string.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/pipeline/pipe.h"

/* Execution does not happen in program order: an operation takes the first cycle at or after t in which its
 * group has a port free, and its unit, if that is not pipelined (its bias makes every row look full). Ends at
 * the entry before the dispatch cycle, which is empty, if not before. */
static uint64_t port_later(struct pipe *p, const struct pipe_class *k, uint64_t t)
{
    const uint64_t bias = (uint64_t)(PIPE_PORTS_MAX - k->ports) << k->group % 16 * 4;
    uint64_t *row;

    if (k->interval) {
        uint64_t *unit = &p->unit[k - p->cls];

        t = pipe_max(t, *unit);
        *unit = t + k->interval;
        p->unit_until = pipe_max(p->unit_until, *unit);
        if (t - p->dispatch >= PIPE_CALENDAR - 1)
            return t;
    }
    for (;; t++) {
        row = &p->calendar[t & (PIPE_CALENDAR - 1)][k->word];
        if (((*row + bias) & k->full) == 0)
            break;
    }
    *row += k->book;
    p->booked = pipe_max(p->booked, t);
    return t;
}

static inline void results(struct pipe *p, const struct cpu_op *op, const struct pipe_class *k,
                           uint64_t start)
{
    const unsigned sets = op->tclass, d = op->d;
    const uint64_t done = start + k->latency;

    p->ready[d] = done;
    p->results_until = pipe_max(p->results_until, done);
    if (sets & (CPU_TC_SETS_NZCV | CPU_TC_SETS_RA | CPU_TC_SETS_RN)) {
        if (sets & CPU_TC_SETS_NZCV)
            p->ready[CPU_SLOT_FLAGS] = done;
        if (sets & CPU_TC_SETS_RA)
            p->ready[d >= CPU_SLOT_V0 ? CPU_SLOT_V0 + op->ra : op->ra] = done;
        if (sets & CPU_TC_SETS_RN) { /* base write-back */
            p->ready[op->rn] = start + 1;
            p->results_until = pipe_max(p->results_until, start + 1);
        }
    }
}

static bool crossed(uint32_t events, const struct cpu_op *op)
{
    for (; events; events >>= 8)
        if ((events & 0xff) == op->rem + 1u)
            return true;
    return false;
}

bool pipe_note_crossing(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->pipe;

    if (p->memo.events >> 24 || !p->pending || op < p->pending || op > p->pending + p->pending->rem)
        return false;
    p->memo.events = p->memo.events << 8 | (op->rem + 1u);
    return true;
}

/* Times the operations from `op` to `last`. */
static void time_ops(struct cpu *c, const struct cpu_op *op, const struct cpu_op *last)
{
    struct pipe *p = &c->pipe;
    const uint32_t width = p->width;

    for (; op <= last; op++) {
        const struct pipe_class *k = &p->cls[op->tclass & CPU_TC_MASK];
        uint64_t from = p->dispatch, d = pipe_max(from + (p->dispatch_slots >= width), *p->rob_at), t, done,
                 cycle = p->cycle;

        p->dispatch_slots = d == from ? p->dispatch_slots + 1 : 1;
        p->dispatch = d;
        if (d != from) /* what has passed is cleared */
            pipe_calendar_pass(p, from, d + 1);
        t = pipe_max(pipe_max(p->ready[op->s1], p->ready[op->s2]), pipe_max(d, p->ready[op->s3]));
        if (tg_likely(t - d < PIPE_CALENDAR - 1)) {
            uint64_t *row = &p->calendar[t & (PIPE_CALENDAR - 1)][k->word], booked = *row;

            if (tg_likely(((booked + k->bias) & k->full) == 0)) {
                *row = booked + k->book;
                p->booked = pipe_max(p->booked, t);
            } else {
                t = port_later(p, k, t);
            }
        } else if (k->interval) {
            t = port_later(p, k, t);
        }
        p->start = t;
        results(p, op, k, t);
        done = t + k->latency;
        if (done > cycle + 1) {
            /* One cycle of progress, then what the front end was late, then the execution that the window
             * waited for. */
            uint64_t wait = done - cycle - 1, late = d > cycle ? d - cycle : 0;

            if (late > wait)
                late = wait;
            p->buckets[p->front_bucket] += late;
            p->buckets[k->bucket] += wait - late;
        }
        done = pipe_max(done, cycle + (p->slots >= width));
        p->slots = done == cycle ? p->slots + 1 : 1;
        p->cycle = done;
        *p->rob_at++ = done;
        if (p->rob_at == p->rob_end)
            p->rob_at = p->rob;
        if (tg_unlikely(p->memo.events) && crossed(p->memo.events, op))
            pipe_load_extra(c, op, 1, CPU_BUCKET_L1D);
        if (tg_unlikely(op->s3 == CPU_SLOT_SYSREG_READ || op->s3 == CPU_SLOT_SYSREG_WRITE))
            pipe_serialise(p, CPU_BUCKET_SYSREG,
                           op->s3 == CPU_SLOT_SYSREG_READ ? c->p.sysreg_read : c->p.sysreg_write);
    }
}

/* ---- states ---- */

/* Registers of which one may be waited for: general ones and flags, then vectors. */
#define SCAN_GENERAL (CPU_SLOT_FLAGS + 1)

static bool put_ready(struct pipe *p, unsigned slot, uint64_t ready, struct memo_ready *out, unsigned *n)
{
    uint64_t rel = ready - p->dispatch;

    if (rel > UINT8_MAX || *n == MEMO_READY)
        return false;
    out[(*n)++] = (struct memo_ready){.slot = (uint8_t)slot, .cycles = (uint8_t)rel};
    return true;
}

static bool put_all_ready(struct pipe *p, struct memo_ready *out, unsigned *n)
{
    const uint64_t d = p->dispatch;

    if (p->results_until > d) {
        for (unsigned i = 0; i < SCAN_GENERAL; i++)
            if (p->ready[i] > d && i != CPU_SLOT_NOWHERE && !put_ready(p, i, p->ready[i], out, n))
                return false;
        for (unsigned i = CPU_SLOT_V0; i < CPU_SLOT_COUNT; i++)
            if (p->ready[i] > d && !put_ready(p, i, p->ready[i], out, n))
                return false;
    }
    if (p->unit_until > d)
        for (unsigned i = 0; i < CPU_TC_COUNT; i++)
            if (p->unit[i] > d && !put_ready(p, MEMO_UNIT + i, p->unit[i], out, n))
                return false;
    return true;
}

/*
 * No entry of the window can hold dispatch up: the n-th operation from now is dispatched n/width cycles from
 * now or later, and waits for the n-th oldest entry, after which window - 1 - n more have committed, width a
 * cycle: it did so (window - 1 - n)/width cycles before the last. Both quotients are rounded down, which is
 * the 1.
 */
static bool window_free(const struct pipe *p)
{
    return p->cycle + 1 <= p->dispatch + (p->window - 1) / p->width;
}

/* The entries that can hold dispatch up, others as 0. *binds: there are any. False: they do not fit. */
static bool put_window(const struct pipe *p, uint8_t *out, bool *binds)
{
    const uint64_t *e = p->rob_at;
    uint64_t d = p->dispatch;
    uint32_t n = 0;

    *binds = false;
    if (p->cycle - p->dispatch > UINT8_MAX || p->window > MEMO_WINDOW)
        return false;
    for (uint32_t i = 0; i < p->window; i++) {
        out[i] = 0;
        if (*e > d) {
            out[i] = (uint8_t)(*e - p->dispatch);
            *binds = true;
        }
        if (++e == p->rob_end)
            e = p->rob;
        if (++n == p->width) {
            n = 0;
            d++;
        }
    }
    return true;
}

void pipe_fold(struct pipe *p)
{
    uint64_t buffer[MEMO_STATE_MAX / 8];
    struct memo_state *s = (struct memo_state *)buffer;
    uint8_t *at = (uint8_t *)(s + 1);
    struct memo_ready ready[MEMO_READY];
    uint8_t window[MEMO_WINDOW];
    bool binds = false;
    uint64_t second = 0;
    const int64_t commit = (int64_t)(p->cycle - p->dispatch);
    unsigned n_ready = 0, n_rows = 0;
    size_t size;

    if (p->memo.state || p->memo.off || commit < INT16_MIN || commit > INT16_MAX)
        return;
    if (p->booked >= p->dispatch) {
        if (p->booked - p->dispatch >= MEMO_ROWS)
            return;
        n_rows = (unsigned)(p->booked - p->dispatch) + 1;
    }
    if (!put_all_ready(p, ready, &n_ready))
        return;
    if (!window_free(p) && !put_window(p, window, &binds))
        return;
    *s = (struct memo_state){.commit = (int16_t)commit,
                             .slots = (uint8_t)p->slots,
                             .dispatch_slots = (uint8_t)p->dispatch_slots,
                             .front_bucket = p->front_bucket,
                             .n_ready = (uint8_t)n_ready,
                             .n_rows = (uint8_t)n_rows,
                             .flags = binds ? MEMO_BINDS : 0};
    for (unsigned i = 0; i < n_rows; i++, at += 8) {
        uint64_t *row = p->calendar[(p->dispatch + i) & (PIPE_CALENDAR - 1)];

        memcpy(at, row, 8);
        row[0] = 0;
        second |= row[1];
    }
    if (second) {
        s->flags |= MEMO_WIDE;
        for (unsigned i = 0; i < n_rows; i++, at += 8) {
            uint64_t *row = p->calendar[(p->dispatch + i) & (PIPE_CALENDAR - 1)];

            memcpy(at, row + 1, 8);
            row[1] = 0;
        }
    }
    memcpy(at, ready, n_ready * sizeof(*ready));
    for (unsigned i = 0; i < n_ready; i++)
        if (ready[i].slot < MEMO_UNIT)
            p->ready[ready[i].slot] = 0;
    at += n_ready * sizeof(*ready);
    if (binds) {
        memcpy(at, window, p->window);
        at += p->window;
    }
    size = (size_t)(at - (uint8_t *)buffer);
    memset(at, 0, -size & 7);
    p->memo.state = memo_state_number(&p->memo, buffer, (size + 7) & ~(size_t)7);
}

/* The calendar is empty, registers are ready, and what stands in the window cannot hold dispatch up:
 * pipe_fold left them so. */
void pipe_unfold(struct pipe *p)
{
    const struct memo_state *s;
    const uint8_t *at;

    if (!p->memo.state)
        return;
    s = memo_state_of(&p->memo, p->memo.state);
    p->memo.state = 0;
    p->slots = s->slots;
    p->dispatch_slots = s->dispatch_slots;
    p->front_bucket = s->front_bucket;
    at = (const uint8_t *)(s + 1);
    for (unsigned i = 0; i < s->n_rows; i++, at += 8)
        memcpy(p->calendar[(p->dispatch + i) & (PIPE_CALENDAR - 1)], at, 8);
    if (s->flags & MEMO_WIDE)
        for (unsigned i = 0; i < s->n_rows; i++, at += 8)
            memcpy(p->calendar[(p->dispatch + i) & (PIPE_CALENDAR - 1)] + 1, at, 8);
    p->booked = s->n_rows ? p->dispatch + s->n_rows - 1 : 0;
    p->unit_until = p->results_until = 0;
    for (unsigned i = 0; i < s->n_ready; i++, at += 2) {
        if (at[0] < MEMO_UNIT) {
            p->ready[at[0]] = p->dispatch + at[1];
            p->results_until = pipe_max(p->results_until, p->dispatch + at[1]);
        } else {
            p->unit[at[0] - MEMO_UNIT] = p->dispatch + at[1];
            p->unit_until = pipe_max(p->unit_until, p->dispatch + at[1]);
        }
    }
    if (s->flags & MEMO_BINDS) {
        p->rob_at = p->rob;
        for (uint32_t i = 0; i < p->window; i++)
            p->rob[i] = at[i] ? p->dispatch + at[i] : 0;
    }
}

/* ---- blocks ---- */

void pipe_catch_up(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->pipe;
    const struct cpu_op *from = p->pending;

    if (!from || !op || op < from || op > from + from->rem)
        return;
    pipe_unfold(p);
    time_ops(c, from, op);
    if (op->rem) {
        p->pending = op + 1;
    } else {
        p->pending = NULL;
        p->memo.events = 0;
    }
}

void pipe_leave(struct cpu *c, const struct cpu_op *op)
{
    pipe_catch_up(c, op);
    c->pipe.pending = NULL;
    c->pipe.memo.events = 0;
}

void pipe_single(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->pipe;

    if (!c->timed || c->p.pipe_kind != PIPE_WINDOW)
        return;
    pipe_unfold(p); /* its address says nothing about the operation */
    p->pending = op;
    p->store_from = pipe_max(p->cycle, p->dispatch);
}

static void front_end(struct cpu *c, enum pipe_outcome outcome)
{
    struct pipe *p = &c->pipe;

    switch (outcome) {
    case PIPE_SEQUENTIAL:
        return;
    case PIPE_TAKEN: /* nothing behind a taken branch is dispatched with it */
        pipe_dispatch_at(p, p->dispatch + 1 + p->taken_bubble);
        break;
    case PIPE_TAKEN_MISS:
        pipe_dispatch_at(p, p->dispatch + 1 + p->taken_bubble + p->btb_miss);
        break;
    case PIPE_WRONG: /* the front end restarts when the branch has resolved */
        pipe_dispatch_at(p, p->start + p->cls[CPU_TC_BRANCH].latency + p->mispredict);
        p->front_bucket = CPU_BUCKET_MISPREDICT;
        return;
    case PIPE_SYNC:
        pipe_serialise(p, CPU_BUCKET_SYNC, c->p.isb);
        return;
    }
    p->front_bucket = CPU_BUCKET_FRONTEND;
}

/* The edge from state `from` to the present one, if one can hold what has happened since. */
static void remember(struct pipe *p, struct memo_edge *e, uint64_t cycle, uint64_t dispatch,
                     const uint64_t *buckets)
{
    unsigned n = 0;
    uint64_t cycles = p->cycle - cycle, dispatched = p->dispatch - dispatch;

    if (cycles > UINT16_MAX || dispatched > UINT16_MAX)
        return;
    for (unsigned b = 0; b < CPU_BUCKET_COUNT; b++) {
        uint64_t waits = p->buckets[b] - buckets[b];

        if (!waits || b == CPU_BUCKET_BASE)
            continue;
        if (n == MEMO_WAITS)
            return;
        e->bucket[n] = (uint8_t)b;
        e->waits[n++] = (uint16_t)waits; /* no more than cycles */
    }
    for (; n < MEMO_WAITS; n++) {
        e->bucket[n] = CPU_BUCKET_BASE;
        e->waits[n] = 0;
    }
    e->cycles = (uint16_t)cycles;
    e->dispatched = (uint16_t)dispatched;
    e->to = p->memo.state;
    memo_add(&p->memo, e);
}

void pipe_block_end(struct cpu *c, const struct cpu_op *op, enum pipe_outcome outcome)
{
    struct pipe *p = &c->pipe;
    struct memo_edge e = {.from = p->memo.state, .block = memo_key(op, outcome), .events = p->memo.events};
    uint32_t age = p->memo.forgotten;
    uint64_t cycle = p->cycle, dispatch = p->dispatch, buckets[CPU_BUCKET_COUNT];

    memcpy(buckets, p->buckets, sizeof(buckets));
    if (p->pending) {
        pipe_unfold(p);
        time_ops(c, p->pending, op);
        p->pending = NULL;
        p->memo.events = 0;
    }
    front_end(c, outcome);
    pipe_fold(p);
    if (e.from && p->memo.state && p->memo.forgotten == age)
        remember(p, &e, cycle, dispatch, buckets);
}
