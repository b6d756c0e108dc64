/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the timing model of a PE: scoreboard, window, branch predictor, front end, CPI stack. The part
 * that runs around each instruction is pipe_inline.h; caches and TLBs are models/cpu/cache. All latencies
 * come from parameters (params.c). docs/timing.md tells what is modelled and what is not.
 */
#ifndef TG_CPU_PIPELINE_PIPE_H
#define TG_CPU_PIPELINE_PIPE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "models/base/time.h"
#include "models/cpu/cache/cache.h"
#include "models/cpu/cpu.h"
#include "models/cpu/op.h"
#include "models/cpu/pipeline/memo.h"

/* A timing class as handlers use it. */
struct pipe_class {
    uint16_t latency;  /* cycles from start to result */
    uint16_t interval; /* cycles its unit stays busy; 0: pipelined */
    uint8_t bucket;    /* enum cpu_bucket charged while something waits for its result */
    uint8_t group;     /* ports that it shares with other classes */
    uint8_t ports;     /* operations that start in a cycle */
    /* window: where its group stands in a row of the calendar. `full` is the upper bit of the group's four,
     * which adding `bias` sets when `ports` operations are booked; `book` books one. */
    uint8_t word;
    uint64_t book, bias, full;
};
#define PIPE_PORTS_MAX 8 /* upper limit of ports: what four bits can tell from full */

#define PIPE_BHT_BITS 12
#define PIPE_IND_BITS 9    /* targets of indirect branches */
#define PIPE_BTB_MAX  8192 /* upper limit of pipeline.btb */
#define PIPE_RAS      16
#define PIPE_STORES   32 /* upper limit of pipeline.store_buffer */
/* Port calendar of the window model: operations booked per cycle and group, from the dispatch cycle on, all
 * else zero. What starts later than that (it waits for a long miss) finds ports free. */
#define PIPE_CALENDAR 256

/* Neither on the page of a line, nor, by its bit 0, at the place of one on its page. */
#define PIPE_NO_LINE (~UINT64_C(0x3e))

/* Who answers a store, beside when it leaves the buffer. */
struct pipe_store_why {
    uint64_t drain; /* of another store that had the place: the L1D answers the one that has it */
    enum cpu_bucket bucket;
};

/* An indirect branch and where it went last. */
struct pipe_target {
    uint64_t pc, target;
};

struct pipe {
    /* ---- every instruction ---- */
    uint64_t cycle;    /* in order: issue cycle; window: commit cycle of the last instruction. The PE's cycle
                          count in timed mode */
    uint64_t dispatch; /* window: dispatch cycle of the last instruction */
    uint64_t start;    /* execution start of the operation in progress */
    uint64_t *rob;     /* window: commit cycle of the last `window` instructions, a ring */
    uint64_t *rob_at, *rob_end; /* oldest of them; end of the ring */
    uint32_t width, slots;      /* instructions a cycle; issued (window: committed) in the current cycle */
    uint32_t dispatch_slots, window;
    uint8_t front_bucket; /* why the front end was late last */

    /* window: operations are timed a block at a time (window.c), unless something asks before its end */
    const struct cpu_op
        *pending;        /* the first of the block that runs that is not timed yet; NULL: outside one */
    uint64_t store_from; /* no store of the block leaves the buffer earlier */
    uint64_t booked;     /* the last cycle with an entry in the calendar */
    uint64_t unit_until; /* until then one of `unit` is busy */
    bool drains;         /* window: nothing of an operation lasts longer than its commit */
    uint64_t written;    /* bit n: ready[n], or ready[CPU_SLOT_V0 + n], may be in the future */
    struct memo memo;    /* block schedules seen before */

    struct pipe_class cls[32];
    uint64_t buckets[CPU_BUCKET_COUNT];   /* CPI stack; base is what the others leave: see cpu_buckets */
    uint64_t ready[CPU_SLOT_COUNT];       /* cycle at which a register's value is there */
    uint8_t ready_bucket[CPU_SLOT_COUNT]; /* what a wait for it is charged to */
    uint64_t port[32];                    /* in order, per group: cycle << 4 | operations started in it */
    uint64_t unit[32];                    /* per class that is not pipelined: next free cycle */
    uint64_t calendar[PIPE_CALENDAR][2]
        __attribute__((aligned(16))); /* per group four bits: operations booked */

    /* store buffer: drain time of the last stores, and who answers them */
    uint64_t store_drain[PIPE_STORES];
    uint64_t *store_at, *store_end; /* the oldest; end of the ring */
    uint64_t store_last;            /* the youngest's drain time */
    struct pipe_store_why store_why[PIPE_STORES];
    uint64_t device_done; /* when the last posted write to a device has arrived */
    /* Write to non-cacheable memory that others to its line join until it has left: the line, and the store that it is
     * (store_last); 0: none */
    uint64_t gather_line, gather_drain;
    bool tlbi_pending; /* a broadcast TLBI since the last DSB */

    /* branch prediction */
    uint32_t mispredict, taken_bubble, btb_miss, btb_mask; /* btb_miss: 0 without a BTB */
    uint64_t history;
    uint8_t bht[1 << PIPE_BHT_BITS]; /* 2-bit counters, gshare */
    uint32_t *btb;                   /* tags of branches that were taken */
    struct pipe_target indirect[1 << PIPE_IND_BITS];
    uint64_t ras[PIPE_RAS];
    uint32_t ras_top;

    /* front end */
    uint64_t fetch_line; /* line fetched last, physical; PIPE_NO_LINE */
    /* page that was fetched from last, in this view, and whose ITLB entry still is the last that was used;
     * UINT64_MAX: none */
    uint64_t fetch_page;
    uint64_t fetch_buffer; /* memory that is not cached: from there to the end of its line has been fetched */
};

static inline uint64_t pipe_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Clears the calendar from cycle `from` on, before cycle `to`, when dispatch moves there. What is behind
 * `booked` is empty. */
static inline void pipe_calendar_pass(struct pipe *p, uint64_t from, uint64_t to, uint64_t booked)
{
    if (to > booked)
        to = booked + 1;
    for (; from < to; from++)
        memset(p->calendar[from & (PIPE_CALENDAR - 1)], 0, sizeof(p->calendar[0]));
}

/* The next operation is dispatched at `cycle` or later, as the first of its cycle. Never goes back. */
static inline void pipe_dispatch_at(struct pipe *p, uint64_t cycle)
{
    if (cycle < p->dispatch)
        cycle = p->dispatch;
    pipe_calendar_pass(p, p->dispatch, cycle, p->booked);
    p->dispatch = cycle;
    p->dispatch_slots = 0;
}

/* What the end of a block meant for the front end. */
enum pipe_outcome {
    PIPE_SEQUENTIAL = 1, /* no branch, or one that was rightly not taken */
    PIPE_TAKEN,
    PIPE_TAKEN_MISS, /* taken, and the BTB did not know it */
    PIPE_WRONG,      /* mispredicted */
    PIPE_SYNC,       /* a context synchronisation event */
    PIPE_HELD,       /* all of the block completes before anything behind it begins: pipe_complete */
};

/* The block that ran takes what the edge says: time, charges, and the next state. */
static inline void pipe_take(struct pipe *p, const struct memo_last *e)
{
    p->cycle += e->cycles;
    p->dispatch += e->dispatched;
    p->memo.charged += memo_spread(e->waits);
    p->memo.now = e->to;
    p->pending = NULL;
}

static inline void pipe_take_edge(struct pipe *p, const struct memo_edge *e)
{
    struct memo_last taken;

    memo_set_last(&taken, e);
    pipe_take(p, &taken);
}

/* Everything before completes, then `cycles` pass. */
static inline void pipe_serialise(struct pipe *p, enum cpu_bucket bucket, uint64_t cycles)
{
    p->buckets[bucket] += cycles;
    p->cycle += cycles;
    p->slots = 0;
    pipe_dispatch_at(p, p->cycle);
}

/* A store leaves the buffer at `from` or later, in order, one a cycle. Its place is free. */
static inline void pipe_store_leaves(struct pipe *p, uint64_t from)
{
    uint64_t *at = p->store_at;

    *at++ = p->store_last = pipe_max(p->store_last, from) + 1;
    p->store_at = at == p->store_end ? p->store_drain : at;
}

/* The same of one that something else than the L1D answers. */
static inline void pipe_store_leaves_late(struct pipe *p, uint64_t from, enum cpu_bucket bucket)
{
    const size_t i = (size_t)(p->store_at - p->store_drain);

    pipe_store_leaves(p, from);
    p->store_why[i].drain = p->store_last;
    p->store_why[i].bucket = bucket;
}

/* What a wait for the oldest store is charged to. */
static inline enum cpu_bucket pipe_store_bucket(const struct pipe *p)
{
    const size_t i = (size_t)(p->store_at - p->store_drain);

    return p->store_why[i].drain == *p->store_at ? p->store_why[i].bucket : CPU_BUCKET_L1D;
}

struct cpu;
struct tg_state_table;
extern const struct tg_state_table pipe_state;
/* After a restore: no memo holds a part of the state, no block is under way. */
void pipe_settle_state(struct pipe *p);

int pipe_init(struct cpu *c);
void pipe_fini(struct cpu *c);

/* All of these do nothing in fast mode. */

/* Serialises: everything before completes, then `cycles` pass, charged to bucket. EXCEPTION and SYNC also
 * restart the front end. */
void pipe_stall(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles);
/* The same for a time that a neighbour (bus, GIC) took, in picoseconds. */
void pipe_stall_time(struct cpu *c, enum cpu_bucket bucket, tg_time t);
/* A device or uncached access took `latency`. Reads, and writes to Device-nGnRnE, are waited for; other
 * writes are posted: they sit in the store buffer, and the next read of a device waits for them. mem_type:
 * enum tg_mem_type. */
void pipe_device(struct cpu *c, bool write, unsigned mem_type, tg_time latency);
/* An access to RAM at pa that the caches do not answer (uncached.c): mem_type is not TG_MEM_NORMAL_WB. Counted by the
 * caller, but for cpu_counters.uncached. Timed mode only. */
enum pipe_access {
    PIPE_READS,
    PIPE_WRITES,
    PIPE_STORES_EXCLUSIVE, /* the answer says whether it did */
    PIPE_EXCHANGES,        /* the answer is the result */
};
void pipe_uncached(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va, uint64_t pa,
                   unsigned size, enum pipe_access what, unsigned mem_type);
/* The same of an exclusive or an atomic in the current view, counted. */
void pipe_uncached_atomic(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, unsigned size,
                          enum pipe_access what, unsigned mem_type);
/* DC ZVA of Normal non-cacheable memory. Nothing in fast mode. */
void pipe_zva_uncached(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa);
/* Fetch of the line at pa, and `more` behind it, from memory that is not cached, at cycle `now`: cycles that the front
 * end waits. */
uint64_t pipe_fetch_uncached(struct cpu *c, uint64_t pa, unsigned more, uint64_t now);
/* Fetch of the instruction at pa alone, from memory that is not cached. */
void pipe_fetch_one(struct cpu *c, uint64_t pa);
/* An instruction that the bus has answered in `latency`. Nothing in fast mode. */
void pipe_fetch_waits(struct cpu *c, tg_time latency);
/* Waits for all stores to drain, charged to bucket. */
void pipe_drain_stores(struct cpu *c, enum cpu_bucket bucket);
/* DSB (stores, posted device writes and broadcast TLBIs complete); DMB, crm as in the instruction (LD does
 * not wait for stores). */
void pipe_dsb(struct cpu *c);
void pipe_dmb(struct cpu *c, unsigned crm);
void pipe_tlbi(struct cpu *c, bool broadcast);
/* DC ZVA of the line at pa. */
void pipe_zva(struct cpu *c, uint64_t va, uint64_t pa);
/* The access to the VNCR_EL2 page that a register access of EL1 became: waited for, as an access to a
 * register is. */
void pipe_vncr(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t pa, bool write, unsigned mem_type);
/* DC and IC by address. clean: to the point of coherency. */
void pipe_cache_op(struct cpu *c, uint64_t pa, bool clean, bool invalidate);
/* Idle (WFI) until cycle `until`. Timed mode only. */
void pipe_idle_until(struct cpu *c, uint64_t until);
/* Switch fast -> timed at this cycle: the pipeline is empty, caches and predictors keep their contents. */
void pipe_start(struct cpu *c, uint64_t cycle);

/* ---- window.c ---- */

/* What a block is to the window, for memo_block_number. */
uint64_t pipe_block_hash(const struct cpu_op *first, const struct cpu_op *last);
/* The state of the window is in its arrays, not in a memo: needed by whoever looks at it or changes it. */
void pipe_unfold(struct pipe *p);
/* Times what of the block that runs has been executed, up to and with op, if that is not done yet. Everything
 * that reads or moves time within a block calls it first; NULL, and an op of another block, say nothing. */
void pipe_catch_up(struct cpu *c, const struct cpu_op *op);
/* A load that hits two lines takes a cycle more; false: it does not fit the block's memory, catch up. */
bool pipe_note_crossing(struct cpu *c, const struct cpu_op *op);
/* The same, before pipe_stall: all of it completes before anything behind it is dispatched. */
void pipe_complete(struct cpu *c, const struct cpu_op *op);
/* The same, and execution leaves the block. */
void pipe_leave(struct cpu *c, const struct cpu_op *op);
/* Nothing is in flight at p->cycle any more; a front end that is later than that stays late. */
void pipe_settle(struct pipe *p);
/* Before a single operation that is not in a block. */
void pipe_single(struct cpu *c, const struct cpu_op *op);
/* At the end of a block that no memo knows: op, and the links behind it. */
void pipe_block_end(struct cpu *c, const struct cpu_op *op, const struct cpu_links *links,
                    enum pipe_outcome outcome);
/* Within a block, behind branch op (CPU_NEXT, CPU_TAKEN: the way on), unless pipe_go_on_fast did. */
void pipe_go_on(struct cpu *c, const struct cpu_op *op, unsigned way);
/* Between blocks: the state becomes a memo's, if it is one that memos hold. */
void pipe_fold(struct pipe *p);

/* Slow parts of handlers. */
void pipe_mispredicted(struct cpu *c); /* in order */
/* Extra cycles of a data access beyond an L1 hit with a TLB hit; which bucket answered. */
void pipe_load_extra(struct cpu *c, const struct cpu_op *op, uint64_t extra, enum cpu_bucket bucket);
/* Nothing happens until cycle `to`, which is charged to bucket. */
void pipe_advance(struct pipe *p, enum cpu_bucket bucket, uint64_t to);
/* In order: the pipeline stands still for `cycles` (a store's TLB miss). */
void pipe_hold(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles);
/* Waits until the store buffer has a place. */
void pipe_wait_store(struct pipe *p);

#endif
