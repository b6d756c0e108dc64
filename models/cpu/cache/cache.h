/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing of a PE's private caches (L1I, L1D, inclusive L2) and TLBs (L1I, L1D, L2, walk cache, IPA cache).
 * Tags and times only: data is always in host memory. Lines are in order of recency within their set (exact
 * LRU). A line that is on its way carries its arrival cycle, so that overlapping misses and prefetches cost
 * what is left of them.
 */
#ifndef TG_CPU_CACHE_CACHE_H
#define TG_CPU_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "models/base/bits.h"
#include "models/base/bus.h"
#include "models/cpu/cpu.h"

struct cpu;
struct mmu_view;
struct mmu_inval;
struct tg_state_table;

#define LINE_BITS 6 /* all modelled cores have 64-byte lines */
#define LINE_MASK (~UINT64_C(63))

enum {
    LINE_VALID = 1,
    LINE_DIRTY = 2,
    LINE_UNIQUE = 4, /* no other cache holds it */
};
/* Who answers a line that is on its way: enum cpu_bucket in line.tag as an offset from CPU_BUCKET_L2. */
#define LINE_FROM    TG_FIELD(4, 3)
#define CACHE_MISSES 64 /* remembered line fills; upper limit of l1d.mshrs */

struct line {
    uint64_t tag;    /* line address | flags; 0: invalid */
    uint64_t arrive; /* cycle at which the data is there */
};

struct cache {
    struct line *lines; /* [sets][ways], most recent first */
    /* For each set, what handlers look at: the most recent line's address, once it has arrived, if it can be
     * read, and if it can be written (it is unique, and known to be dirty), without a change of its state.
     * CACHE_LOOK: they must look at the set. */
    uint64_t *readable, *writable;
    uint32_t ways, set_mask, latency;
};
#define CACHE_LOOK UINT64_C(1) /* no line's address */

struct ttlb_entry {
    uint64_t va, mask; /* matches when ((address ^ va) & mask) == 0 */
    uint64_t ctx;      /* context tag: VMID and ASID, or VMID for global pages */
    uint64_t stamp;    /* of set-associative TLBs */
};

#define TTLB_HASH 128
#define TTLB_MAX  256 /* upper limit of the entries of a level 1 TLB */
/* Neither 0 nor the number of an entry that was ever filled: what knows none must not find an empty one. */
#define TTLB_EMPTY 1u

/* Level 1 TLB: any number of ways; found through a hash by 4 KiB page. */
struct ttlb {
    struct ttlb_entry *e;
    uint32_t n;
    uint32_t fills; /* since ids were last given out anew */
    uint16_t slot[TTLB_HASH];
    /* What an entry holds, as a number that is not used again: fills << 8 | index; TTLB_EMPTY: nothing.
     * Software TLBs (mmu_tlbe.dtlb; 0: they know none) and `pages` remember it with a page, and find the
     * entry so. */
    uint32_t id[TTLB_MAX];
    uint64_t stamp[TTLB_MAX];
};

/* Set-associative: L2 TLB, walk cache, IPA cache. */
struct stlb {
    struct ttlb_entry *e; /* [sets][ways] */
    uint32_t sets, ways;
};

#define CACHE_PAGES 256 /* pages fetched from whose TLB entry is remembered */
struct fetch_page {
    uint64_t page, actx;
    uint32_t id; /* ttlb.id; 0: none */
};

struct caches {
    struct cache l1i, l1d, l2;
    struct ttlb itlb, dtlb;
    struct fetch_page pages[CACHE_PAGES]; /* by page number */
    struct stlb tlb2, walk, ipa;
    uint64_t stamp;
    uint64_t stream_line[4]; /* prefetcher: next expected lines */
    uint32_t stream_next;
    uint64_t walk_from, walk_to; /* when the table walker was busy last */
    uint64_t tlb2_sizes;         /* a bit per log2 page size that the L2 TLB has held */
    uint64_t miss_from[CACHE_MISSES], miss_to[CACHE_MISSES]; /* L1D line fills, a ring: cycles */
    uint64_t miss_last;                                      /* when the last of them ends */
    uint64_t miss_before; /* when the last ends of those before the youngest mshrs - 1 */
    uint32_t miss_pos;
};

extern const struct tg_state_table caches_state;
/* After a restore: what handlers look at first knows nothing. */
void caches_settle(struct caches *k);

int caches_init(struct cpu *c);
void caches_fini(struct cpu *c);

/* The state of a line changes, or its place. */
static inline void cache_look(struct cache *k, uint64_t pa)
{
    const uint32_t set = (pa >> LINE_BITS) & k->set_mask;

    k->readable[set] = k->writable[set] = CACHE_LOOK;
}

/* The line at pa in a set, moved to the front; NULL: miss. */
static inline struct line *cache_find(struct cache *k, uint64_t pa)
{
    struct line *set = &k->lines[((pa >> LINE_BITS) & k->set_mask) * k->ways];

    if (((set[0].tag ^ pa) & LINE_MASK) == 0 && set[0].tag & LINE_VALID)
        return set;
    for (uint32_t w = 1; w < k->ways; w++) {
        if (((set[w].tag ^ pa) & LINE_MASK) == 0 && set[w].tag & LINE_VALID) {
            const struct line l = set[w];

            if (w > 1)
                memmove(set + 2, set + 1, (w - 1) * sizeof(*set));
            set[1] = set[0];
            set[0] = l;
            cache_look(k, pa);
            return set;
        }
    }
    return NULL;
}

/* A write does not change its state. */
static inline bool cache_line_writable(uint64_t tag)
{
    return (tag & (LINE_UNIQUE | LINE_DIRTY)) == (LINE_UNIQUE | LINE_DIRTY);
}

/* After an access to the line at pa: handlers need not look for it again if it is at the front of its set,
 * and there at `now`, which no access to come is earlier than. */
static inline void cache_note(struct cache *k, uint64_t pa, uint64_t now)
{
    const uint32_t set = (pa >> LINE_BITS) & k->set_mask;
    const struct line *l = &k->lines[set * k->ways];

    if (((l->tag ^ pa) & LINE_MASK) == 0 && (l->tag & LINE_VALID) && l->arrive <= now) {
        k->readable[set] = pa & LINE_MASK;
        k->writable[set] = cache_line_writable(l->tag) ? pa & LINE_MASK : CACHE_LOOK;
    }
}

/* cache_find and cache_note of a line that is the second of its set, which is frequent where two are used in
 * turn, and may be used so. False: it is not, and nothing has happened. */
static inline bool cache_second(struct cache *k, uint64_t pa, bool write, uint64_t now)
{
    const uint32_t set = (pa >> LINE_BITS) & k->set_mask;
    struct line *l = &k->lines[set * k->ways], first = l[0], second;

    if (k->ways < 2)
        return false;
    second = l[1];
    if (((second.tag ^ pa) & LINE_MASK) != 0 || !(second.tag & LINE_VALID) || second.arrive > now ||
        (write && !(second.tag & LINE_UNIQUE)))
        return false;
    if (write)
        second.tag |= LINE_DIRTY;
    l[0] = second;
    l[1] = first;
    k->readable[set] = pa & LINE_MASK;
    k->writable[set] = cache_line_writable(second.tag) ? pa & LINE_MASK : CACHE_LOOK;
    return true;
}

/* Is the line at pa there at cycle `now`, in a state that the access may use? Then it is used. */
static inline bool cache_ready(struct cache *k, uint64_t pa, bool write, uint64_t now)
{
    struct line *l = cache_find(k, pa);

    if (!l || l->arrive > now || (write && !(l->tag & LINE_UNIQUE)))
        return false;
    if (write)
        l->tag |= LINE_DIRTY;
    return true;
}

/* An access at cycle `now` that the fast checks of pipe_inline.h did not settle (a miss, a line on its way, a
 * store to a shared line). Returns extra cycles beyond an L1 hit; *bucket: who answered. */
uint64_t cache_data_slow(struct cpu *c, uint64_t pa, bool write, uint64_t now, enum cpu_bucket *bucket);
uint64_t cache_fetch_slow(struct cpu *c, uint64_t pa, uint64_t now);
/* A descriptor read of a table walk: cycles. The L1D is looked up but not filled, the L2 is filled; or, uncached, memory
 * answers. */
uint64_t cache_walk_read(struct cpu *c, uint64_t pa, bool uncached, uint64_t now);
/* An access of `size` bytes to memory that is not cached, at cycle `now`: cycles until the bus has answered; *bucket:
 * who did. mem_type: enum tg_mem_type. */
uint64_t cache_bypass(struct cpu *c, uint64_t pa, unsigned size, bool write, enum tg_bus_kind kind,
                      unsigned mem_type, uint64_t now, enum cpu_bucket *bucket);
/* The same of a read that waits for a free line-fill buffer first. */
uint64_t cache_bypass_read(struct cpu *c, uint64_t pa, unsigned size, unsigned mem_type, uint64_t now,
                           enum cpu_bucket *bucket);
/* A whole line is overwritten (DC ZVA): nothing is read. Extra cycles as cache_data_slow. */
uint64_t cache_zero_line(struct cpu *c, uint64_t pa, uint64_t now, enum cpu_bucket *bucket);
/* Cleans the line in all PEs' caches to memory; invalidate: and drops it. */
void cache_maintain(struct cpu *c, uint64_t pa, bool invalidate, uint64_t now);

/* Data TLB: extra cycles for va, after the inline check failed. */
uint64_t ttlb_data_slow(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t now);
uint64_t ttlb_fetch_slow(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t now);
void ttlb_invalidate(struct cpu *c, const struct mmu_inval *w);

/* Other PEs' caches lose or share a line (coherence). True: one had it; *dirty. */
bool cache_snoop(struct cpu *c, uint64_t pa, bool take, bool *dirty);

/* After an access to va: the view's software TLB learns which entry of the data TLB holds the page. */
void ttlb_note(struct cpu *c, struct mmu_view *view, uint64_t va);
/* After a fetch from va: `pages` learns which entry of the instruction TLB does. */
void ttlb_note_fetch(struct cpu *c, const struct mmu_view *view, uint64_t va);

/* After ttlb_hit failed: true when only the hash had lost the entry. */
bool ttlb_again(struct ttlb *t, uint64_t va, uint64_t actx, uint64_t gctx, uint64_t stamp);

/* Does the entry hold va, in one of the contexts? */
static inline bool ttlb_holds(const struct ttlb_entry *e, uint64_t va, uint64_t actx, uint64_t gctx)
{
    return ((e->va ^ va) & e->mask) == 0 && (e->ctx == actx || e->ctx == gctx);
}

static inline bool ttlb_hit(struct ttlb *t, uint64_t va, uint64_t actx, uint64_t gctx, uint64_t stamp)
{
    unsigned i = t->slot[(va >> 12) & (TTLB_HASH - 1)];

    if (ttlb_holds(&t->e[i], va, actx, gctx)) {
        t->stamp[i] = stamp;
        return true;
    }
    return false;
}

#endif
