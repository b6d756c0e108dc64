/* SPDX-License-Identifier: Apache-2.0 */
/* What of the private caches and TLBs is state (models/base/state.h). */
#include "models/base/state.h"

#include "models/base/model.h"
#include "models/cpu/cache/cache.h"

/* clang-format off */
static const struct tg_state line_state[] = {
    TG_STATE(struct line, tag),
    TG_STATE(struct line, arrive),
};
static const struct tg_state_table line_table = TG_STATE_INIT(struct line, line_state);

static const struct tg_state entry_state[] = {
    TG_STATE(struct ttlb_entry, va),
    TG_STATE(struct ttlb_entry, mask),
    TG_STATE(struct ttlb_entry, ctx),
    TG_STATE(struct ttlb_entry, stamp),
};
static const struct tg_state_table entry_table = TG_STATE_INIT(struct ttlb_entry, entry_state);

static uint64_t lines(const void *s)
{
    const struct cache *k = s;

    return k->lines ? ((uint64_t)k->set_mask + 1) * k->ways : 0;
}

static const struct tg_state cache_state[] = {
    TG_STATE_HEAP_IN(struct cache, lines, line_table, lines),
    TG_STATE_SPAN(struct cache, readable, writable, TG_WHY_DERIVED, "handlers look at the set when they know nothing"),
    TG_STATE_SPAN(struct cache, ways, latency, TG_WHY_FIXED, "from parameters"),
};
static const struct tg_state_table cache_table = TG_STATE_INIT(struct cache, cache_state);

static uint64_t entries_l1(const void *s)
{
    return ((const struct ttlb *)s)->n;
}

static const struct tg_state ttlb_state[] = {
    TG_STATE_HEAP_IN(struct ttlb, e, entry_table, entries_l1),
    TG_STATE_FIXED(struct ttlb, n, "from parameters"),
    TG_STATE(struct ttlb, fills),
    TG_STATE(struct ttlb, slot),
    TG_STATE(struct ttlb, id),
    TG_STATE(struct ttlb, stamp),
};
static const struct tg_state_table ttlb_table = TG_STATE_INIT(struct ttlb, ttlb_state);

static uint64_t entries(const void *s)
{
    const struct stlb *t = s;

    return (uint64_t)t->sets * t->ways;
}

static const struct tg_state stlb_state[] = {
    TG_STATE_HEAP_IN(struct stlb, e, entry_table, entries),
    TG_STATE_SPAN(struct stlb, sets, ways, TG_WHY_FIXED, "from parameters"),
};
static const struct tg_state_table stlb_table = TG_STATE_INIT(struct stlb, stlb_state);

static const struct tg_state state[] = {
    TG_STATE_IN(struct caches, l1i, struct cache, cache_table),
    TG_STATE_IN(struct caches, l1d, struct cache, cache_table),
    TG_STATE_IN(struct caches, l2, struct cache, cache_table),
    TG_STATE_IN(struct caches, itlb, struct ttlb, ttlb_table),
    TG_STATE_IN(struct caches, dtlb, struct ttlb, ttlb_table),
    TG_STATE_HOST(struct caches, pages, "a short way to entries of the ITLB"),
    TG_STATE_IN(struct caches, tlb2, struct stlb, stlb_table),
    TG_STATE_IN(struct caches, walk, struct stlb, stlb_table),
    TG_STATE_IN(struct caches, ipa, struct stlb, stlb_table),
    TG_STATE(struct caches, stamp),
    TG_STATE(struct caches, stream_line),
    TG_STATE(struct caches, stream_next),
    TG_STATE(struct caches, walk_from),
    TG_STATE(struct caches, walk_to),
    TG_STATE(struct caches, tlb2_sizes),
    TG_STATE(struct caches, miss_from),
    TG_STATE(struct caches, miss_to),
    TG_STATE(struct caches, miss_last),
    TG_STATE(struct caches, miss_before),
    TG_STATE(struct caches, miss_pos),
};
/* clang-format on */
const struct tg_state_table caches_state = TG_STATE_INIT(struct caches, state);

static void look(struct cache *k)
{
    if (k->lines)
        for (uint32_t i = 0; i <= k->set_mask; i++)
            k->readable[i] = k->writable[i] = CACHE_LOOK;
}

void caches_settle(struct caches *k)
{
    look(&k->l1i);
    look(&k->l1d);
    look(&k->l2);
    memset(k->pages, 0, sizeof(k->pages));
}
