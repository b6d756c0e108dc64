/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of block schedules of the window model. What a block does to the pipeline depends on the state that
 * it finds and on nothing else, as long as all its accesses hit: so it is worked out once for each state
 * (window.c) and remembered. States are what is left in flight at the end of a block, relative to its
 * dispatch cycle; they are numbered, and an edge leads from a state by a block and the outcome of its branch
 * to the next state. Exact: results are those of the schedule worked out each time (Schnarr and Larus, "Fast
 * out-of-order processor simulation using memoization", ASPLOS 1998, did so for a whole processor). Blocks
 * are known by what they are to the pipeline, not by their address, and PEs of a machine that are alike share
 * what they remember.
 */
#ifndef TG_CPU_PIPELINE_MEMO_H
#define TG_CPU_PIPELINE_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/bits.h"
#include "models/cpu/cpu.h"
#include "models/cpu/op.h"

#define MEMO_SETS_BITS 14 /* of the table of edges: four each, a line of the host's cache; 1 MiB */
#define MEMO_WAYS      4

/* Buckets that a block may charge whose accesses all hit: a byte each in memo_edge.waits, in this order. */
#define MEMO_LANES(X) X(DEPEND) X(EXECUTE) X(FRONTEND) X(MISPREDICT) X(L1D) X(SYNC) X(SYSREG)
/* Cycles after which what has been charged is moved on, before a lane of 16 bits is full: no lane can hold
 * more than the cycles that have passed. The upper limit of an edge's cycles stands for the block that runs
 * meanwhile. */
#define MEMO_CARRY_AT 32768

/*
 * Numbers of states are a place and an age, and are not used again before as many times as there are ages all
 * states have been forgotten: then edges behind blocks have to go, too.
 */
#define MEMO_STATE_BITS 16
#define MEMO_AGE_BITS   8
#define MEMO_STATE      TG_FIELD(MEMO_STATE_BITS + MEMO_AGE_BITS - 1, 0)
#define MEMO_AGE        TG_FIELD(MEMO_STATE_BITS + MEMO_AGE_BITS - 1, MEMO_STATE_BITS)

struct memo_edge {
    uint64_t step;  /* below; 0: empty */
    uint64_t waits; /* cycles by lane; in the table the last byte is the block's number's upper bits */
};
#define MEMO_OUTCOME          TG_FIELD(26, 24) /* enum pipe_outcome. Below it: the state that the edge leads from */
#define MEMO_KEY              TG_FIELD(26, 0)
#define MEMO_TO               TG_FIELD(42, 27) /* place of the state that it leads to, of the same age */
#define MEMO_CYCLES           TG_FIELD(52, 43)
#define MEMO_DISPATCHED       TG_FIELD(63, 53)
#define MEMO_TAG              TG_FIELD(63, 56) /* in waits */
#define MEMO_BLOCK_BITS       (MEMO_SETS_BITS + 8)
#define MEMO_FIELD_MAX(field) ((field) >> __builtin_ctzll(field))

/* Behind the links of each block: the edge that it took last, which is where the host's cache has it when the
 * block has run, taken apart, and the block's number. */
struct memo_last {
    uint32_t key, to; /* MEMO_KEY, 0: none; state */
    uint16_t cycles, dispatched;
    uint32_t block; /* memo_block_number; 0: its edges are not remembered */
    uint64_t waits;
    uint32_t events, block_then; /* memo.events with which it ran last, and its number with them */
};
#define MEMO_LAST_SLOTS 2 /* of operations */
_Static_assert(sizeof(struct memo_last) == MEMO_LAST_SLOTS * sizeof(struct cpu_op),
               "it lives in their slots");

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

/* An event: only what is left of the block behind one of its operations began in the state; with the number
 * of the instructions behind that. */
#define MEMO_PIECE 0x80u

typedef uint16_t memo_lanes __attribute__((vector_size(16)));

struct memo {
    union {
        struct {
            uint32_t state; /* when the block that runs began; 0: not a known one, the arrays hold it */
            uint32_t
                events; /* its loads that take a cycle longer, a byte each (pipe_note_crossing); MEMO_PIECE */
        };
        uint64_t now; /* both */
    };
    /* when to fold: fold_again in window.c */
    uint32_t skip, tried,
        futile;            /* blocks to leave out; tried in this burst; bursts in a row that did not pay */
    uint64_t since, timed; /* instructions retired when the burst began; of those since, timed one by one */
    memo_lanes charged;    /* waits since they were carried; the last is of no use */
    struct memo_store *store;
    struct memo_edge (*edges)[MEMO_WAYS]; /* its table */
    struct memo *next;                    /* of those that use the store */
    bool off;                             /* nothing is remembered: for tests, results are the same */
    uint32_t empty[CPU_BUCKET_COUNT]; /* states with nothing in flight, by front_bucket; 0: not asked for */
    uint32_t ages; /* memo_forget since the edges behind the PE's blocks were dropped last */
};

int memo_init(struct memo *m);
void memo_fini(struct memo *m);
/* m, which is new, remembers in the same place as `with`. */
void memo_share(struct memo *m, struct memo *with);
/* Drops all states and edges, of all that share them. */
void memo_forget(struct memo *m);
/* How many edges the table holds: for tests. */
unsigned memo_edges(const struct memo *m);
/* Number of a state of `size` bytes (a multiple of 8). Forgets all others when there are too many. */
uint32_t memo_state_number(struct memo *m, const void *state, size_t size);
const struct memo_state *memo_state_of(const struct memo *m, uint32_t number);
/* The state with nothing in flight. 0: all were forgotten meanwhile, that of m too. */
uint32_t memo_empty(struct memo *m, unsigned front_bucket);
/* Number of the blocks that are the same to the pipeline (hash: of all that it sees of them; two blocks with
 * the same would be taken for one). 0: there are too many. */
uint32_t memo_block_number(struct memo *m, uint64_t hash);
/* The number of the block that ran, with its events: for memo_look and memo_add. */
uint32_t memo_block_now(struct memo *m, struct memo_last *last);
/* Adds an edge. Replaces the oldest of its set. */
void memo_add(struct memo *m, uint32_t block, struct memo_edge e);
/* Adds what has been charged to buckets[] (enum cpu_bucket). memo_carry: and forgets it. */
void memo_add_charged(const struct memo *m, uint64_t *buckets);
void memo_carry(struct memo *m, uint64_t *buckets);

/* Edges behind blocks have to be dropped some time soon: half of the ages of states have passed. */
static inline bool memo_worn(const struct memo *m)
{
    return m->ages >= 1u << (MEMO_AGE_BITS - 1);
}

/* Events, state and outcome. Never that of an edge when the state is not known, or when there were events. */
static inline uint64_t memo_key(uint64_t now, unsigned outcome)
{
    return now | tg_put(MEMO_OUTCOME, outcome);
}

/* The lower bits of a block's number follow from the set and the state: MEMO_TAG is the rest. */
static inline struct memo_edge *memo_set(const struct memo *m, uint32_t block, uint32_t state)
{
    const uint32_t h = (state & (uint32_t)MEMO_STATE) * UINT32_C(0x9e3779b1) >> (32 - MEMO_SETS_BITS);

    return m->edges[(block ^ h) & ((1u << MEMO_SETS_BITS) - 1)];
}

/* The edge in the table for a block and MEMO_KEY; NULL: none. */
static inline const struct memo_edge *memo_look(const struct memo *m, uint32_t block, uint64_t key)
{
    const struct memo_edge *set = memo_set(m, block, (uint32_t)key);

    for (unsigned w = 0; w < MEMO_WAYS; w++)
        if ((set[w].step & MEMO_KEY) == key && tg_get(set[w].waits, MEMO_TAG) == block >> MEMO_SETS_BITS)
            return &set[w];
    return NULL;
}

static inline struct memo_last *memo_last_of(const struct cpu_links *links)
{
    return (struct memo_last *)(uintptr_t)(links + 1);
}

/* Each byte as a lane. */
static inline memo_lanes memo_spread(uint64_t waits)
{
    typedef uint8_t bytes __attribute__((vector_size(16)));
    typedef uint64_t words __attribute__((vector_size(16)));
    const bytes b = (bytes)(words){waits, 0}, z = {0};

    return (memo_lanes)__builtin_shufflevector(b, z, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

static inline void memo_set_last(struct memo_last *last, const struct memo_edge *e)
{
    last->key = (uint32_t)(e->step & MEMO_KEY);
    last->to = (uint32_t)(e->step & MEMO_AGE) | (uint32_t)tg_get(e->step, MEMO_TO);
    last->cycles = (uint16_t)tg_get(e->step, MEMO_CYCLES);
    last->dispatched = (uint16_t)tg_get(e->step, MEMO_DISPATCHED);
    last->waits = e->waits;
}

#endif
