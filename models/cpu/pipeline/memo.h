/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of block schedules of the window model. What a block does to the pipeline depends on the state that
 * it finds and on nothing else, as long as all its accesses hit: so it is worked out once for each state
 * (window.c) and remembered. States are what is left in flight at the end of a block, relative to its
 * dispatch cycle; they are numbered, and an edge leads from a state by a block and the outcome of its branch
 * to the next state. Exact: results are those of the schedule worked out each time (Schnarr and Larus, "Fast
 * out-of-order processor simulation using memoization", ASPLOS 1998, did so for a whole processor).
 */
#ifndef TG_CPU_PIPELINE_MEMO_H
#define TG_CPU_PIPELINE_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/cpu/op.h"

#define MEMO_SETS_BITS 15 /* of edges: two each, 2 MiB */

/* Buckets that a block may charge whose accesses all hit: a byte each in memo_edge.waits, in this order. */
#define MEMO_LANES(X) X(DEPEND) X(EXECUTE) X(FRONTEND) X(MISPREDICT) X(L1D) X(SYNC) X(SYSREG)
#define MEMO_EVEN     UINT64_C(0x00ff00ff00ff00ff)
/* Cycles after which what has been charged is moved on, before a lane of 16 bits is full: no lane can hold
 * more than the cycles that have passed. The upper limit of an edge's cycles stands for the block that runs
 * meanwhile. */
#define MEMO_CARRY_AT   32768
#define MEMO_CYCLES_MAX 4096

struct memo_edge {
    uint64_t key;    /* state it leads from and block (memo_key); 0: empty */
    uint32_t to;     /* state it leads to */
    uint32_t events; /* memo.events during the block */
    uint16_t cycles, dispatched, unused[2];
    uint64_t waits; /* cycles, by lane */
};
_Static_assert(sizeof(struct memo_edge) == 32, "two edges to a host cache line");

#define MEMO_READY  48  /* registers that are not ready and units that are busy, most that a state holds */
#define MEMO_ROWS   160 /* cycles of the calendar */
#define MEMO_WINDOW 512 /* the largest window that is remembered while it holds dispatch up */

/* What is in flight, relative to the dispatch cycle. Padding is zero: states are compared as bytes. */
struct memo_state {
    int16_t commit; /* commit cycle */
    uint8_t slots, dispatch_slots, front_bucket;
    uint8_t n_ready, n_rows;
    uint8_t flags;
    /* then: n_rows rows of the calendar from the dispatch cycle on, their first words, and their second words
     * if MEMO_WIDE; n_ready pairs; if MEMO_BINDS a byte for each entry of the window from the oldest on,
     * commit cycle or 0 */
};
enum {
    MEMO_WIDE = 1,
    MEMO_BINDS = 2, /* the window may hold dispatch up */
};
struct memo_ready {
    uint8_t slot, cycles; /* register, or MEMO_UNIT + class */
};
#define MEMO_UNIT      128
#define MEMO_STATE_MAX (sizeof(struct memo_state) + MEMO_ROWS * 16 + MEMO_READY * 2 + MEMO_WINDOW + 8)

struct memo {
    uint32_t events; /* loads of the block that take a cycle longer, a byte each: pipe_note_crossing */
    uint32_t state;  /* at the beginning of the block that runs; 0: not a known one, the arrays hold it */
    uint32_t set;    /* of edges, for that state and block */
    /* when to fold: fold_again in window.c */
    uint32_t skip, tried,
        futile;            /* blocks to leave out; tried in this burst; bursts in a row that did not pay */
    uint64_t since, timed; /* instructions retired when the burst began; of those since, timed one by one */
    uint64_t even,
        odd; /* waits charged since they were carried, 16 bits a lane: lanes 0, 2, 4, 6; and 1, 3, 5 */
    struct memo_edge (*edges)[2];
    struct memo_table *states;
    bool off;           /* nothing is remembered: for tests, results are the same */
    uint32_t forgotten; /* times that all states were dropped */
};

int memo_init(struct memo *m);
void memo_fini(struct memo *m);
/* Blocks have died, their addresses will be used again. */
void memo_forget(struct memo *m);
/* Number of a state of `size` bytes (a multiple of 8). Forgets all others when there are too many. */
uint32_t memo_state_number(struct memo *m, const void *state, size_t size);
const struct memo_state *memo_state_of(const struct memo *m, uint32_t number);
/* An edge from state `from`. Replaces the older of its set. */
void memo_add(struct memo *m, const struct memo_edge *e, uint32_t from, const struct cpu_op *last,
              unsigned outcome);
/* Adds what has been charged to buckets[] (enum cpu_bucket). memo_carry: and forgets it. */
void memo_add_charged(const struct memo *m, uint64_t *buckets);
void memo_carry(struct memo *m, uint64_t *buckets);

/* A block is known by its last operation (low address bits). outcome: below 16, the alignment of operations.
 */
static inline uint64_t memo_key(uint32_t from, const struct cpu_op *last, unsigned outcome)
{
    return (uint64_t)from << 32 | (uint32_t)(uintptr_t)last | outcome;
}

/* Index of the set for edges from a state by the block that ends with `last`; what else there is to tell
 * apart moves on from there. */
static inline uint32_t memo_index(uint32_t from, const struct cpu_op *last)
{
    return (uint32_t)((uintptr_t)last >> 4) ^ (from * UINT32_C(0x85ebca6b) >> (32 - MEMO_SETS_BITS));
}

static inline struct memo_edge *memo_set(const struct memo *m, uint32_t index, unsigned outcome,
                                         uint32_t events)
{
    return m->edges[(index ^ outcome >> 1 ^ events) & ((1u << MEMO_SETS_BITS) - 1)];
}

/* A block begins. */
static inline void memo_enter(struct memo *m, const struct cpu_op *last)
{
    m->set = memo_index(m->state, last);
    __builtin_prefetch(m->edges[m->set & ((1u << MEMO_SETS_BITS) - 1)]);
}

/* There is no edge from 0, the unknown state. */
static inline const struct memo_edge *memo_find(const struct memo *m, const struct cpu_op *last,
                                                unsigned outcome)
{
    const uint64_t key = memo_key(m->state, last, outcome);
    const uint32_t events = m->events;
    const struct memo_edge *e = memo_set(m, m->set, outcome, events);

    if (e->key != key || e->events != events) {
        e++;
        if (e->key != key || e->events != events)
            return NULL;
    }
    return e;
}

/* The block takes what the edge says. */
static inline void memo_charge(struct memo *m, const struct memo_edge *e)
{
    m->even += e->waits & MEMO_EVEN;
    m->odd += e->waits >> 8 & MEMO_EVEN;
}

#endif
