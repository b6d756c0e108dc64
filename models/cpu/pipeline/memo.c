/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of block schedules: storage of states and edges. What they mean is in memo.h and window.c. */
#include "models/cpu/pipeline/memo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/pipeline/pipe.h"

#define STATES     (1u << MEMO_STATE_BITS)
#define STATES_MAX (STATES / 4 * 3) /* remembered */
#define BYTES_MAX  (16u << 20)
#define PLACES     8                       /* a line of the host's cache */
#define BLOCKS_MAX (1u << MEMO_BLOCK_BITS) /* numbers of blocks */
#define BLOCKS_MIN (1u << 12)

struct memo_store {
    _Alignas(64) struct memo_edge edges[1u << MEMO_SETS_BITS][MEMO_WAYS];
    /* States by number, which begins as their hash says: in the same PLACES or those that follow. */
    _Alignas(64) struct memo_place {
        uint32_t hash;
        uint32_t at; /* where its bytes begin, in units of 8, + 1; 0: none */
    } place[STATES];
    uint64_t *bytes; /* states, one behind the other */
    uint32_t used, n;
    uint32_t forgotten;
    struct memo *users;
    /* Numbers of blocks by hash, open addressing. */
    struct memo_block {
        uint64_t hash;
        uint32_t number; /* 0: free */
    } * blocks;
    uint32_t n_blocks, blocks_mask;
};

static void store_free(struct memo_store *s)
{
    if (!s)
        return;
    free(s->bytes);
    free(s->blocks);
    free(s);
}

int memo_init(struct memo *m)
{
    struct memo_store *s = aligned_alloc(_Alignof(struct memo_store), sizeof(*s));

    if (!s)
        return -ENOMEM;
    memset(s, 0, sizeof(*s));
    s->bytes = malloc(BYTES_MAX + MEMO_STATE_MAX);
    s->blocks = calloc(BLOCKS_MIN, sizeof(*s->blocks));
    s->blocks_mask = BLOCKS_MIN - 1;
    if (!s->bytes || !s->blocks) {
        store_free(s);
        return -ENOMEM;
    }
    m->store = s;
    m->edges = s->edges;
    s->users = m;
    return 0;
}

void memo_fini(struct memo *m)
{
    struct memo **link;

    if (!m->store)
        return;
    for (link = &m->store->users; *link != m; link = &(*link)->next)
        continue;
    *link = m->next;
    if (!m->store->users)
        store_free(m->store);
    m->store = NULL;
}

void memo_share(struct memo *m, struct memo *with)
{
    m->store = with->store;
    m->edges = with->edges;
    m->next = with->next;
    with->next = m;
}

void memo_forget(struct memo *m)
{
    struct memo_store *s = m->store;

    for (struct memo *u = s->users; u; u = u->next) {
        pipe_unfold((struct pipe *)((char *)u - offsetof(struct pipe, memo)));
        memset(u->empty, 0, sizeof(u->empty));
        u->ages++;
    }
    memset(s->edges, 0, sizeof(s->edges));
    memset(s->place, 0, sizeof(s->place));
    s->n = s->used = 0;
    s->forgotten++;
}

unsigned memo_edges(const struct memo *m)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 1u << MEMO_SETS_BITS; i++)
        for (unsigned w = 0; w < MEMO_WAYS; w++)
            n += m->store->edges[i][w].step != 0;
    return n;
}

/* Two chains, for the multiplications take their time. */
static uint32_t hash_of(const uint8_t *p, size_t size)
{
    const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t a = size, b = k, v[2];
    size_t i = 0;

    for (; i + 16 <= size; i += 16) {
        memcpy(v, p + i, 16);
        a = (a ^ v[0]) * k;
        b = (b ^ v[1]) * k;
        a ^= a >> 29;
        b ^= b >> 31;
    }
    if (i < size) {
        memcpy(v, p + i, 8);
        a = (a ^ v[0]) * k;
    }
    a = (a ^ b >> 7) * k;
    return (uint32_t)(a >> 32);
}

/* Number of the state in a place: never 0, and not that of one that is forgotten. */
static uint32_t number_of(const struct memo_store *s, uint32_t place)
{
    return place | (s->forgotten & ((1u << MEMO_AGE_BITS) - 1)) << MEMO_STATE_BITS;
}

uint32_t memo_state_number(struct memo *m, const void *state, size_t size)
{
    struct memo_store *s = m->store;
    const uint32_t h = hash_of(state, size);
    uint32_t n;

    for (n = h * PLACES;; n++) {
        const struct memo_place *p = &s->place[n &= STATES - 1];

        if (!n) /* is no number */
            continue;
        if (!p->at)
            break;
        if (p->hash == h && memcmp(s->bytes + p->at - 1, state, size) == 0)
            return number_of(s, n);
    }
    if (s->n == STATES_MAX || s->used + size > BYTES_MAX) {
        memo_forget(m);
        n = h * PLACES & (STATES - 1);
        n += !n;
    }
    s->n++;
    s->place[n] = (struct memo_place){.hash = h, .at = s->used / 8 + 1};
    memcpy(s->bytes + s->used / 8, state, size);
    s->used += (uint32_t)size;
    return number_of(s, n);
}

uint32_t memo_empty(struct memo *m, unsigned front_bucket)
{
    const uint32_t age = m->ages;

    if (!m->empty[front_bucket]) {
        const struct memo_state s = {.front_bucket = (uint8_t)front_bucket};
        const uint32_t n = memo_state_number(m, &s, sizeof(s));

        if (m->ages != age)
            return 0;
        m->empty[front_bucket] = n;
    }
    return m->empty[front_bucket];
}

const struct memo_state *memo_state_of(const struct memo *m, uint32_t number)
{
    const struct memo_store *s = m->store;

    return (const struct memo_state *)(const void *)(s->bytes + s->place[number & (STATES - 1)].at - 1);
}

/* Twice as many. False: out of memory. */
static bool grow_blocks(struct memo_store *s)
{
    const uint32_t mask = s->blocks_mask * 2 + 1;
    struct memo_block *b = calloc((size_t)mask + 1, sizeof(*b));

    if (!b)
        return false;
    for (uint32_t i = 0; i <= s->blocks_mask; i++) {
        uint32_t at = (uint32_t)s->blocks[i].hash & mask;

        if (!s->blocks[i].number)
            continue;
        while (b[at].number)
            at = (at + 1) & mask;
        b[at] = s->blocks[i];
    }
    free(s->blocks);
    s->blocks = b;
    s->blocks_mask = mask;
    return true;
}

uint32_t memo_block_number(struct memo *m, uint64_t hash)
{
    struct memo_store *s = m->store;
    uint32_t i;

    for (i = (uint32_t)hash & s->blocks_mask; s->blocks[i].number; i = (i + 1) & s->blocks_mask)
        if (s->blocks[i].hash == hash)
            return s->blocks[i].number;
    if (s->n_blocks == BLOCKS_MAX - 1)
        return 0;
    if (s->n_blocks >= s->blocks_mask / 4 * 3) {
        if (!grow_blocks(s))
            return 0;
        return memo_block_number(m, hash);
    }
    s->blocks[i] = (struct memo_block){.hash = hash, .number = ++s->n_blocks};
    return s->n_blocks;
}

uint32_t memo_block_now(struct memo *m, struct memo_last *last)
{
    if (!last->block || !m->events)
        return last->block;
    if (last->events != m->events) {
        last->events = m->events;
        last->block_then =
            memo_block_number(m, ((uint64_t)last->block << 32 | m->events) * UINT64_C(0x9e3779b97f4a7c15));
    }
    return last->block_then;
}

void memo_add(struct memo *m, uint32_t block, struct memo_edge e)
{
    struct memo_edge *set = memo_set(m, block, (uint32_t)e.step);

    e.waits |= tg_put(MEMO_TAG, block >> MEMO_SETS_BITS);
    memmove(set + 1, set, (MEMO_WAYS - 1) * sizeof(*set));
    set[0] = e;
}

void memo_add_charged(const struct memo *m, uint64_t *buckets)
{
    static const uint8_t lane_bucket[] = {
#define X(id) CPU_BUCKET_##id,
        MEMO_LANES(X)
#undef X
    };

    for (unsigned i = 0; i < sizeof(lane_bucket); i++)
        buckets[lane_bucket[i]] += m->charged[i];
}

void memo_carry(struct memo *m, uint64_t *buckets)
{
    memo_add_charged(m, buckets);
    m->charged = (memo_lanes){0};
}
