/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window model: dispatch in order, execute when operands and a port are there, commit in order.
 * Operations are timed when their block ends, or when something within it must know the time (a miss, a
 * device, a barrier); a block whose accesses all hit is looked up in the memo first. docs/timing.md describes
 * the model.
 */
#include <string.h>
#include "models/cpu/code.h"
#include "models/cpu/cpu_state.h"
#include "models/cpu/pipeline/pipe.h"

/* The row of the calendar for a class at cycle t. */
static inline uint64_t *row_of(struct pipe *p, const struct pipe_class *k, uint64_t t)
{
    return &p->calendar[t & (PIPE_CALENDAR - 1)][k->word];
}

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
        row = row_of(p, k, t);
        if (((*row + bias) & k->full) == 0)
            break;
    }
    *row += k->book;
    p->booked = pipe_max(p->booked, t);
    return t;
}

/* Bit of a register in pipe.written. */
static inline uint64_t written_bit(unsigned slot)
{
    return UINT64_C(1) << (slot & (CPU_SLOT_V0 - 1));
}

/* Results besides the first register, as bits of pipe.written. */
static inline uint64_t more_results(struct pipe *p, const struct cpu_op *op, const struct cpu_op_info *info,
                                    uint64_t start, uint64_t done)
{
    uint64_t written = 0;

    if (info->tclass & CPU_TC_SETS_NZCV) {
        p->ready[CPU_SLOT_FLAGS] = done;
        written |= written_bit(CPU_SLOT_FLAGS);
    }
    if (info->tclass & CPU_TC_SETS_RA) {
        p->ready[info->d >= CPU_SLOT_V0 ? CPU_SLOT_V0 + op->ra : op->ra] = done;
        written |= written_bit(op->ra);
    }
    if (info->tclass & CPU_TC_SETS_RN) { /* base write-back */
        p->ready[op->rn] = start + 1;
        written |= written_bit(op->rn);
    }
    return written;
}

/* The events that are loads over two lines. */
static uint32_t crossings(uint32_t events)
{
    return events & ~((events / MEMO_PIECE & UINT32_C(0x01010101)) * 0xff);
}

static bool crossed(uint32_t over_two, const struct cpu_op *op)
{
    for (; over_two; over_two >>= 8)
        if ((over_two & 0xff) == op_info(op)->rem + 1u)
            return true;
    return false;
}

/* What few operations do besides: a load that lies in two lines, accesses of system registers. */
static void after_op(struct cpu *c, const struct cpu_op *op, uint32_t over_two)
{
    const unsigned s3 = op_info(op)->s3;

    if (crossed(over_two, op))
        pipe_load_extra(c, op, 1, CPU_BUCKET_L1D);
    if (s3 == CPU_SLOT_SYSREG_READ || s3 == CPU_SLOT_SYSREG_WRITE)
        pipe_serialise(&c->timing.pipe, CPU_BUCKET_SYSREG,
                       s3 == CPU_SLOT_SYSREG_READ ? c->p.sysreg_read : c->p.sysreg_write);
}

/* Is op one of the block that runs, and not timed yet? */
static bool is_pending(const struct pipe *p, const struct cpu_op *op)
{
    return p->pending && op >= p->pending && op <= p->pending + op_info(p->pending)->left;
}

bool pipe_note_crossing(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->timing.pipe;

    if (p->memo.events >> 24 || !is_pending(p, op))
        return false;
    p->memo.events = p->memo.events << 8 | (op_info(op)->rem + 1u);
    return true;
}

/* What each operation changes, in registers while there are more of them. */
struct flow {
    uint64_t dispatch, cycle, start, booked, written;
    uint64_t *rob_at;
    uint64_t dispatch_left, left; /* of the width, in the cycles of dispatch and of commit */
};

/* Cycles that the commit of an operation, done at `done`, comes later than the next one: first what the front
 * end was late, then the execution that the window waited for. */
static inline void charge_wait(struct pipe *p, uint64_t cycle, const struct pipe_class *k, uint64_t d,
                               uint64_t done)
{
    uint64_t wait = done - cycle - 1, late = d > cycle ? d - cycle : 0;

    if (late > wait)
        late = wait;
    p->buckets[p->front_bucket] += late;
    p->buckets[k->bucket] += wait - late;
}

static inline __attribute__((always_inline)) void
time_one(struct pipe *p, struct flow *f, const struct cpu_op *op, const struct cpu_op_info *info)
{
    const unsigned tclass = info->tclass;
    const struct pipe_class *k = &p->cls[tclass & CPU_TC_MASK];
    uint64_t d = pipe_max(f->dispatch + !f->dispatch_left, *f->rob_at), t, done, next, moved, *row;

    if (d != f->dispatch) { /* what has passed is cleared */
        pipe_calendar_pass(p, f->dispatch, d, f->booked);
        f->dispatch = d;
        f->dispatch_left = p->width;
    }
    f->dispatch_left--;
    t = pipe_max(pipe_max(p->ready[info->s1], p->ready[info->s2]), pipe_max(d, p->ready[info->s3]));
    row = row_of(p, k, t);
    if (tg_likely(t - d < PIPE_CALENDAR - 1 && !((*row + k->bias) & k->full))) {
        *row += k->book;
        f->booked = pipe_max(f->booked, t);
    } else if (t - d < PIPE_CALENDAR - 1 || k->interval) {
        p->dispatch = d;
        t = port_later(p, k, t);
        f->booked = pipe_max(f->booked, p->booked);
    }
    done = t + k->latency;
    f->start = t;
    p->ready[info->d] = done;
    f->written |= written_bit(info->d);
    if (tg_unlikely(tclass & (CPU_TC_SETS_NZCV | CPU_TC_SETS_RA | CPU_TC_SETS_RN)))
        f->written |= more_results(p, op, info, t, done);
    if (done > f->cycle + 1)
        charge_wait(p, f->cycle, k, d, done);
    next = pipe_max(done, f->cycle + !f->left);
    moved = -(uint64_t)(next != f->cycle); /* no branch: the host would guess half of them wrong */
    f->left = (f->left & ~moved) + (p->width & moved) - 1;
    f->cycle = next;
    *f->rob_at++ = f->cycle;
    if (f->rob_at == p->rob_end)
        f->rob_at = p->rob;
}

static inline void flow_begin(struct flow *f, const struct pipe *p)
{
    *f = (struct flow){.dispatch = p->dispatch,
                       .cycle = p->cycle,
                       .start = p->start,
                       .booked = p->booked,
                       .written = p->written,
                       .rob_at = p->rob_at,
                       .dispatch_left = p->width - p->dispatch_slots,
                       .left = p->width - p->slots};
}

static inline void flow_end(const struct flow *f, struct pipe *p)
{
    p->dispatch = f->dispatch;
    p->cycle = f->cycle;
    p->start = f->start;
    p->booked = f->booked;
    p->written = f->written;
    p->rob_at = f->rob_at;
    p->dispatch_slots = p->width - (uint32_t)f->dispatch_left;
    p->slots = p->width - (uint32_t)f->left;
}

static void front_end(struct cpu *c, enum pipe_outcome outcome)
{
    struct pipe *p = &c->timing.pipe;

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
    case PIPE_HELD:
        return;
    }
    p->front_bucket = CPU_BUCKET_FRONTEND;
}

/* Times the operations from `op` to `last`, and what comes right before each. */
static void time_ops(struct cpu *c, const struct cpu_op *op, const struct cpu_op *last)
{
    static const struct cpu_op_info nop = {.tclass = CPU_TC_ALU,
                                           .d = CPU_SLOT_NOWHERE,
                                           .s1 = CPU_SLOT_NONE,
                                           .s2 = CPU_SLOT_NONE,
                                           .s3 = CPU_SLOT_NONE};
    struct pipe *p = &c->timing.pipe;
    const struct cpu_op_info *info = op_info(op), *end = op_info(last);
    const uint32_t over_two = crossings(p->memo.events);
    struct flow f;

    flow_begin(&f, p);
    for (; info <= end; info++, op++) {
        if (tg_unlikely(info->before)) {
            if (info->before & CPU_LED) {
                flow_end(&f, p);
                front_end(c, PIPE_TAKEN);
                flow_begin(&f, p);
            }
            for (unsigned i = info->before & ~CPU_LED; i; i--)
                time_one(p, &f, op, &nop);
        }
        time_one(p, &f, op, info);
        if (tg_unlikely(over_two || (uint8_t)(info->s3 - CPU_SLOT_SYSREG_READ) < 2)) {
            flow_end(&f, p);
            after_op(c, op, over_two);
            flow_begin(&f, p);
        }
    }
    flow_end(&f, p);
}

/* All that time_ops sees of a block. */
uint64_t pipe_block_hash(const struct cpu_op *first, const struct cpu_op *last)
{
    const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = (uint64_t)(last - first) + 1;

    for (const struct cpu_op *op = first; op <= last; op++) {
        const struct cpu_op_info *i = op_info(op);
        uint64_t v = i->tclass | i->d << 8 | i->s1 << 16 | (uint64_t)i->s2 << 24 | (uint64_t)i->s3 << 32 |
                     (uint64_t)i->before << 40 | (uint64_t)i->rem << 48;

        h = (h ^ v) * k;
        h ^= h >> 29;
        if (i->tclass & (CPU_TC_SETS_RA | CPU_TC_SETS_RN))
            h = (h ^ (op->ra | op->rn << 8)) * k;
        h ^= h >> 32;
    }
    return h;
}

/* ---- states ---- */

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

    for (uint64_t left = p->written & ~written_bit(CPU_SLOT_NOWHERE); left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left), v = CPU_SLOT_V0 + i;

        if (p->ready[i] > d && !put_ready(p, i, p->ready[i], out, n))
            return false;
        if (v < CPU_SLOT_COUNT && p->ready[v] > d && !put_ready(p, v, p->ready[v], out, n))
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

/* Commit cycle of the n-th oldest entry of the window. Never less than those before it. */
static uint64_t window_entry(const struct pipe *p, uint32_t n)
{
    const uint32_t at = (uint32_t)(p->rob_at - p->rob) + n;

    return p->rob[at < p->window ? at : at - p->window];
}

/* The entries that can hold dispatch up, others as the one before. *binds: there are any. False: they do not
 * fit. */
static bool put_window(const struct pipe *p, uint8_t *out, bool *binds)
{
    const uint64_t d = p->dispatch;
    uint32_t from = 0, to = p->window, late;
    uint8_t last = 0;

    *binds = false;
    if (p->cycle - d > UINT8_MAX || p->window > MEMO_WINDOW)
        return false;
    while (from < to) { /* the first that has not committed */
        const uint32_t mid = (from + to) / 2;

        if (window_entry(p, mid) <= d)
            from = mid + 1;
        else
            to = mid;
    }
    memset(out, 0, from);
    late = from / p->width; /* the earliest cycle from now on in which it is asked for */
    for (uint32_t i = from, next = (late + 1) * p->width; i < p->window; i++) {
        const uint32_t cycles = (uint32_t)(window_entry(p, i) - d);

        late += i == next;
        next += i == next ? p->width : 0;
        last = cycles > late ? (uint8_t)cycles : last;
        out[i] = last;
    }
    *binds = last;
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
    p->written = 0;
    at += n_ready * sizeof(*ready);
    if (binds) {
        memcpy(at, window, p->window);
        at += p->window;
    }
    size = (size_t)(at - (uint8_t *)buffer);
    memset(at, 0, -size & 7);
    p->memo.state = memo_state_number(&p->memo, buffer, (size + 7) & ~(size_t)7);
}

/* What put_window wrote. An entry at the dispatch cycle holds nothing up. */
static void get_window(struct pipe *p, const uint8_t *at)
{
    typedef uint8_t bytes __attribute__((vector_size(8)));
    typedef uint64_t cycles __attribute__((vector_size(64)));
    uint32_t i = 0;

    for (; i + 8 <= p->window; i += 8) {
        bytes b;
        cycles e;

        memcpy(&b, at + i, sizeof(b));
        e = __builtin_convertvector(b, cycles) + p->dispatch;
        memcpy(p->rob + i, &e, sizeof(e));
    }
    for (; i < p->window; i++)
        p->rob[i] = p->dispatch + at[i];
    p->rob_at = p->rob;
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
    p->unit_until = p->written = 0;
    for (unsigned i = 0; i < s->n_ready; i++, at += 2) {
        if (at[0] < MEMO_UNIT) {
            p->ready[at[0]] = p->dispatch + at[1];
            p->written |= written_bit(at[0]);
        } else {
            p->unit[at[0] - MEMO_UNIT] = p->dispatch + at[1];
            p->unit_until = pipe_max(p->unit_until, p->dispatch + at[1]);
        }
    }
    if (s->flags & MEMO_BINDS)
        get_window(p, at);
}

/* ---- blocks ---- */

enum {
#define X(id) LANE_##id,
    MEMO_LANES(X)
#undef X
};

/* The edge to state `to`, if one can hold what has happened since. False: none can. */
static bool measure(const struct pipe *p, struct memo_edge *e, uint64_t cycle, uint64_t dispatch,
                    const uint64_t *buckets, uint32_t to)
{
    static const uint8_t lane_of[CPU_BUCKET_COUNT] = {
#define X(id) [CPU_BUCKET_##id] = LANE_##id + 1,
        MEMO_LANES(X)
#undef X
    };
    uint64_t cycles = p->cycle - cycle, dispatched = p->dispatch - dispatch;

    if (cycles > MEMO_FIELD_MAX(MEMO_CYCLES) || dispatched > MEMO_FIELD_MAX(MEMO_DISPATCHED))
        return false;
    for (unsigned b = 0; b < CPU_BUCKET_COUNT; b++) {
        uint64_t waits = p->buckets[b] - buckets[b];

        if (!waits || b == CPU_BUCKET_BASE)
            continue;
        if (!lane_of[b] || waits > UINT8_MAX)
            return false;
        e->waits |= waits << (lane_of[b] - 1) * 8;
    }
    e->step |=
        tg_put(MEMO_TO, to & ~MEMO_AGE) | tg_put(MEMO_CYCLES, cycles) | tg_put(MEMO_DISPATCHED, dispatched);
    return true;
}

/* Times the block that runs up to op, which is one of it. */
static void time_until(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->timing.pipe;

    pipe_unfold(p);
    time_ops(c, p->pending, op);
    if (op_info(op)->left) {
        p->pending = op + 1;
        p->memo.events = MEMO_PIECE | op_info(op)->rem;
    } else {
        p->pending = NULL;
        p->memo.events = 0;
    }
}

/* Nothing is in flight: the state is one that memos hold, unless something lasts longer than its commit. */
static void know_empty(struct pipe *p)
{
    if (!p->drains || p->memo.off || p->dispatch != p->cycle || p->booked >= p->cycle)
        return;
    p->memo.state = memo_empty(&p->memo, p->front_bucket);
    p->written = 0;
}

void pipe_settle(struct pipe *p)
{
    struct memo *m = &p->memo;

    if (m->state && p->drains && !p->pending && p->dispatch <= p->cycle) {
        const uint32_t to = memo_empty(m, memo_state_of(m, m->state)->front_bucket);

        if (to) {
            m->state = to;
            p->dispatch = p->cycle;
            return;
        }
    }
    pipe_unfold(p);
    pipe_dispatch_at(p, p->cycle);
    p->slots = 0;
    know_empty(p);
}

/* A block that a memo knows takes its edge, the last one or another. False: it has none. */
static bool take_known(struct pipe *p, struct memo_last *last, uint64_t key)
{
    struct memo *m = &p->memo;
    const struct memo_edge *known;

    if (!m->events && last->key == key) {
        pipe_take(p, last);
        return true;
    }
    known = memo_look(m, memo_block_now(m, last), key);
    if (!known)
        return false;
    if (!m->events)
        memo_set_last(last, known);
    pipe_take_edge(p, known);
    return true;
}

/* pipe_complete for a whole block in a state that a memo knows. */
static void complete_block(struct cpu *c, const struct cpu_op *op, struct memo_last *last)
{
    struct pipe *p = &c->timing.pipe;
    struct memo *m = &p->memo;
    const uint32_t age = m->ages;
    struct memo_edge e = {.step = memo_key(m->state, PIPE_HELD)};
    uint64_t cycle = p->cycle, dispatch = p->dispatch, buckets[CPU_BUCKET_COUNT];
    uint32_t block, to;

    if (take_known(p, last, e.step)) {
        p->dispatch = p->cycle;
        return;
    }
    block = memo_block_now(m, last);
    memcpy(buckets, p->buckets, sizeof(buckets));
    time_until(c, op);
    to = memo_empty(m, p->front_bucket);
    if (block && to && m->ages == age && measure(p, &e, cycle, dispatch, buckets, to))
        memo_add(m, block, e);
}

void pipe_single(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->timing.pipe;

    if (!cpu_by_blocks(c))
        return;
    pipe_unfold(p); /* its address says nothing about the operation */
    p->pending = op;
    p->store_from = pipe_max(p->cycle, p->dispatch);
}

/*
 * Folding costs as much as timing some dozen operations, and pays where states come again. So it is tried for
 * a burst of blocks that no memo knew; when too few instructions were found in memos meanwhile, it is left
 * out, longer each time. A burst, not a block: only an edge between two folded states can be remembered.
 */
#define FOLD_BURST    64
#define FOLD_WORTH    24 /* instructions found, for each block folded */
#define FOLD_SKIP_MAX 4  /* log2 of the largest pause, in bursts */

static void fold_again(struct cpu *c)
{
    struct memo *m = &c->timing.pipe.memo;

    if (m->skip) {
        m->skip--;
        return;
    }
    pipe_fold(&c->timing.pipe);
    if (++m->tried < FOLD_BURST)
        return;
    if (c->timing.icount - m->since >= m->timed + FOLD_BURST * FOLD_WORTH) {
        m->futile = 0;
    } else {
        m->skip = FOLD_BURST << m->futile;
        m->futile += m->futile < FOLD_SKIP_MAX;
    }
    m->tried = 0;
    m->timed = 0;
    m->since = c->timing.icount;
}

/* What of the block that runs is not timed yet, up to op. */
static void time_pending(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->timing.pipe;

    pipe_unfold(p);
    time_ops(c, p->pending, op);
    p->memo.timed += (uint64_t)(op - p->pending) + 1;
    p->memo.events = 0;
}

void pipe_block_end(struct cpu *c, const struct cpu_op *op, const struct cpu_links *links,
                    enum pipe_outcome outcome)
{
    struct pipe *p = &c->timing.pipe;
    struct memo *m = &p->memo;
    struct memo_last *last = memo_last_of(links);
    const uint32_t from = m->state, age = m->ages, events = m->events;
    const uint32_t block = from ? memo_block_now(m, last) : 0;
    struct memo_edge e = {.step = memo_key(from, outcome)};
    uint64_t cycle = p->cycle, dispatch = p->dispatch, buckets[CPU_BUCKET_COUNT];

    if (block) {
        const struct memo_edge *known = events ? memo_look(m, block, e.step) : NULL;

        if (known) {
            pipe_take_edge(p, known);
            return;
        }
        memcpy(buckets, p->buckets, sizeof(buckets));
    }
    if (p->pending) {
        time_pending(c, op);
        p->pending = NULL;
    }
    front_end(c, outcome);
    fold_again(c);
    if (block && m->state && m->ages == age && measure(p, &e, cycle, dispatch, buckets, m->state)) {
        memo_add(m, block, e);
        if (!events)
            memo_set_last(last, &e);
    }
}

/* Of the events of the block that runs, how many are behind branch op: each is counted from the block's end,
 * the last in the lowest byte. */
static unsigned events_behind(uint32_t events, const struct cpu_op *op)
{
    const unsigned left = op_info(op)->rem;
    unsigned n = 0;

    for (; (events & 0xff) && (events & 0xff) <= left; events >>= 8)
        n++;
    return n;
}

/* The block goes on behind branch op: what is left of it is remembered apart, with its events, at most three.
 */
static void begin_piece(struct cpu *c, const struct cpu_op *op)
{
    const struct cpu_links *links = cpu_branch_links(op);
    const struct memo_last *last = memo_last_of(links);
    struct pipe *p = &c->timing.pipe;
    const unsigned bits = 8 * events_behind(p->memo.events, op);
    const uint32_t later = p->memo.events & (uint32_t)tg_ones(bits);
    const struct memo_edge *known;

    p->memo.events >>= bits;
    known = memo_look(&p->memo, last->block, memo_key(p->memo.now, PIPE_SEQUENTIAL));
    if (known)
        pipe_take_edge(p, known);
    else
        pipe_block_end(c, op, links, PIPE_SEQUENTIAL);
    p->pending = op + 1;
    p->memo.events = (MEMO_PIECE | op_info(op)->rem) << bits | later;
}

void pipe_catch_up(struct cpu *c, const struct cpu_op *op)
{
    const struct cpu_op *branch;

    if (!is_pending(&c->timing.pipe, op))
        return;
    branch = op - op_info(op)->branch;
    if (branch < op && branch >= c->timing.pipe.pending && c->timing.pipe.memo.state &&
        events_behind(c->timing.pipe.memo.events, branch) < sizeof(c->timing.pipe.memo.events))
        begin_piece(c, branch); /* up to there a memo may know it */
    time_until(c, op);
}

void pipe_leave(struct cpu *c, const struct cpu_op *op)
{
    pipe_catch_up(c, op);
    c->timing.pipe.pending = NULL;
    c->timing.pipe.memo.events = 0;
}

void pipe_complete(struct cpu *c, const struct cpu_op *op)
{
    struct pipe *p = &c->timing.pipe;
    struct memo *m = &p->memo;

    if (!cpu_by_blocks(c))
        return;
    if (m->state && p->drains && op_info(op)->to_links && is_pending(p, op))
        complete_block(c, op, memo_last_of(cpu_links_of(op - 1 + op_info(op)->to_links)));
    else
        pipe_catch_up(c, op);
}

/* Fetch of what the block goes on with behind op. late: cycles from the dispatch of op on before it is
 * fetched. */
static void fetch_on(struct cpu *c, const struct cpu_op *op, uint64_t line, uint64_t late)
{
    struct pipe *p = &c->timing.pipe;
    struct cache *k = &c->timing.caches.l1i;
    const uint64_t last = line + ((uint64_t)op->branch.lines << LINE_BITS), before = late;
    bool exact = false;

    for (; line <= last; line += 1 << LINE_BITS) {
        if (line == p->fetch_line)
            continue;
        p->fetch_line = line;
        c->n.l1i_access++;
        if (!exact && !cache_ready(k, line, false, p->dispatch)) {
            pipe_catch_up(c, op); /* moves the dispatch cycle to that of op */
            exact = true;
        }
        if (exact && !cache_ready(k, line, false, p->dispatch + late))
            late += cache_fetch_slow(c, line, p->dispatch + late);
        cache_note(k, line, p->dispatch);
    }
    if (late != before) {
        pipe_unfold(p);
        pipe_dispatch_at(p, p->dispatch + late - before);
        p->front_bucket = CPU_BUCKET_FRONTEND;
    }
}

/* The same of memory that is not cached, from pa on. */
static void fetch_on_uncached(struct cpu *c, const struct cpu_op *op, uint64_t pa, uint64_t late)
{
    struct pipe *p = &c->timing.pipe;

    pipe_catch_up(c, op);
    late = pipe_fetch_uncached(c, pa, op->branch.lines, p->dispatch + late);
    if (late) {
        pipe_unfold(p);
        pipe_dispatch_at(p, p->dispatch + late);
        p->front_bucket = CPU_BUCKET_FRONTEND;
    }
}

void pipe_go_on(struct cpu *c, const struct cpu_op *op, unsigned way)
{
    const struct cpu_links *links = cpu_branch_links(op);
    const uint64_t pa = links->page->pa + (uint64_t)links->disp[way];
    const uint64_t late = way == CPU_TAKEN ? 1 + c->timing.pipe.taken_bubble : 0;

    if (!c->timing.pipe.memo.state)
        begin_piece(c, op);
    if (tg_unlikely(links->page->uncached))
        fetch_on_uncached(c, op, pa, late);
    else
        fetch_on(c, op, pa & LINE_MASK, late);
}
