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
#define MEMO_WAITS     4  /* buckets that one block may charge */

struct memo_edge {
    uint32_t from, to; /* states; from 0: empty */
    uint32_t block;    /* last operation of the block (low address bits) and outcome */
    uint32_t events;   /* memo.events during the block */
    uint16_t cycles, dispatched;
    uint16_t waits[MEMO_WAITS]; /* cycles, by bucket; the base bucket, which nobody reads, where fewer are
                                   charged */
    uint8_t bucket[MEMO_WAITS];
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
/* e->from, e->block: see memo_key. Replaces the older of its set. */
void memo_add(struct memo *m, const struct memo_edge *e);

/* outcome: below 32, which is the alignment of operations. */
static inline uint32_t memo_key(const struct cpu_op *last, unsigned outcome)
{
    return (uint32_t)(uintptr_t)last | outcome;
}

static inline struct memo_edge *memo_set(const struct memo *m, uint32_t from, uint32_t block, uint32_t events)
{
    uint32_t h = ((block ^ events) * UINT32_C(0x9e3779b1)) ^ (from * UINT32_C(0x85ebca6b));

    return m->edges[h >> (32 - MEMO_SETS_BITS)];
}

static inline const struct memo_edge *memo_find(const struct memo *m, const struct cpu_op *last,
                                                unsigned outcome)
{
    uint32_t from = m->state, block = memo_key(last, outcome);
    const struct memo_edge *e = memo_set(m, from, block, m->events);

    if (e[0].block == block && e[0].from == from && e[0].events == m->events && from)
        return e;
    if (e[1].block == block && e[1].from == from && e[1].events == m->events && from)
        return e + 1;
    return NULL;
}

#endif
