/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of block schedules: storage of states and edges. What they mean is in memo.h and window.c. */
#include "models/cpu/pipeline/memo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu.h"

#define STATES_MAX   (1u << MEMO_STATE_BITS)
#define BYTES_MAX    (16u << 20)
#define STATE_HASHES (1u << 15)

struct memo_table {
    uint8_t *bytes; /* states, one behind the other */
    uint32_t used, n;
    struct memo_slot { /* by number, together: one line of the host's cache for a look */
        uint32_t at;   /* where it begins */
        uint32_t next; /* of the same hash */
        uint32_t hash; /* all of it */
        uint32_t size;
    } slot[STATES_MAX];
    uint32_t head[STATE_HASHES];
};

int memo_init(struct memo *m)
{
    m->states = calloc(1, sizeof(*m->states));
    m->edges = calloc(1u << MEMO_SETS_BITS, sizeof(*m->edges));
    if (m->states)
        m->states->bytes = malloc(BYTES_MAX);
    if (!m->states || !m->edges || !m->states->bytes)
        return -ENOMEM;
    m->states->n = 1;
    return 0;
}

void memo_fini(struct memo *m)
{
    if (m->states)
        free(m->states->bytes);
    free(m->states);
    free(m->edges);
    m->states = NULL;
    m->edges = NULL;
}

static void forget_edges(struct memo *m)
{
    if (m->edges)
        memset(m->edges, 0, sizeof(*m->edges) << MEMO_SETS_BITS);
}

void memo_forget(struct memo *m)
{
    forget_edges(m);
    m->cleared = m->forgotten;
}

static void forget_states(struct memo *m)
{
    forget_edges(m);
    memset(m->states->head, 0, sizeof(m->states->head));
    m->states->n = 1;
    m->states->used = 0;
    m->forgotten++;
}

/* Number of a state, from its place. */
static uint32_t number_of(const struct memo *m, uint32_t n)
{
    return n | (m->forgotten & ((1u << MEMO_AGE_BITS) - 1)) << MEMO_STATE_BITS;
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

uint32_t memo_state_number(struct memo *m, const void *state, size_t size)
{
    struct memo_table *t = m->states;
    const uint32_t h = hash_of(state, size);
    uint32_t *head = &t->head[h & (STATE_HASHES - 1)], n;

    for (n = *head; n; n = t->slot[n].next)
        if (t->slot[n].hash == h && t->slot[n].size == size &&
            memcmp(t->bytes + t->slot[n].at, state, size) == 0)
            return number_of(m, n);
    if (t->n == STATES_MAX || t->used + size > BYTES_MAX)
        forget_states(m);
    n = t->n++;
    t->slot[n] = (struct memo_slot){.at = t->used, .next = *head, .hash = h, .size = (uint32_t)size};
    *head = n;
    memcpy(t->bytes + t->used, state, size);
    t->used += (uint32_t)size;
    return number_of(m, n);
}

const struct memo_state *memo_state_of(const struct memo *m, uint32_t number)
{
    return (const struct memo_state *)(const void *)(m->states->bytes + 
                                                         m->states->slot[number & (STATES_MAX - 1)].at);
}

/* A block is known in the table by its last operation (low address bits). */
static uint32_t block_of(const struct cpu_op *last)
{
    return (uint32_t)((uintptr_t)last / sizeof(*last));
}

static struct memo_edge *set_of(const struct memo *m, uint32_t block, uint64_t key)
{
    const uint32_t k = (uint32_t)(key ^ key >> 32) * UINT32_C(0x85ebca6b);

    return m->edges[(block ^ k >> (32 - MEMO_SETS_BITS)) & ((1u << MEMO_SETS_BITS) - 1)];
}

const struct memo_edge *memo_look(const struct memo *m, const struct cpu_op *last, uint64_t key)
{
    const uint32_t block = block_of(last);
    const struct memo_edge *e = set_of(m, block, key);

    for (unsigned i = 0; i < 2; i++)
        if (e[i].key == key && e[i].block == block)
            return &e[i];
    return NULL;
}

void memo_add(struct memo *m, struct memo_edge *e, const struct cpu_op *last)
{
    struct memo_edge *set;

    e->block = block_of(last);
    set = set_of(m, e->block, e->key);
    set[1] = set[0];
    set[0] = *e;
}

void memo_add_charged(const struct memo *m, uint64_t *buckets)
{
    static const uint8_t lane_bucket[] = {
#define X(id) CPU_BUCKET_##id,
        MEMO_LANES(X)
#undef X
    };

    for (unsigned i = 0; i < sizeof(lane_bucket); i++)
        buckets[lane_bucket[i]] += ((i & 1 ? m->odd : m->even) >> (i / 2 * 16)) & 0xffff;
}

void memo_carry(struct memo *m, uint64_t *buckets)
{
    memo_add_charged(m, buckets);
    m->even = m->odd = 0;
}
