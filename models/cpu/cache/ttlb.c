/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing of TLBs: L1 instruction and data TLBs, the unified L2 TLB, the walk cache (stage-1 tables above the
 * last level) and the IPA cache (stage-2 results of walks). They hold tags only; translations come from the
 * software TLBs and the walk in models/cpu/mmu.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/mmu/walk.h"
#include "models/cpu/sysreg/access.h"

int ttlb_init(struct cpu *c);
void ttlb_fini(struct cpu *c);

#define CTX_NONE UINT64_MAX

static void forget_ids(struct ttlb *t)
{
    for (unsigned i = 0; i < TTLB_MAX; i++)
        t->id[i] = TTLB_EMPTY;
}

static int init_l1(struct ttlb *t, const struct tlb_params *p)
{
    t->n = p->entries;
    t->e = calloc(t->n, sizeof(*t->e));
    if (!t->e)
        return -ENOMEM;
    for (uint32_t i = 0; i < t->n; i++)
        t->e[i].ctx = CTX_NONE;
    forget_ids(t);
    return 0;
}

static int init_set(struct stlb *t, const struct tlb_params *p)
{
    if (!p->entries)
        return 0;
    t->ways = p->ways ? p->ways : p->entries;
    t->sets = p->entries / t->ways;
    t->e = calloc((size_t)t->sets * t->ways, sizeof(*t->e));
    if (!t->e)
        return -ENOMEM;
    for (uint32_t i = 0; i < t->sets * t->ways; i++)
        t->e[i].ctx = CTX_NONE;
    return 0;
}

int ttlb_init(struct cpu *c)
{
    struct caches *k = &c->timing.caches;

    if (init_l1(&k->itlb, &c->p.itlb) || init_l1(&k->dtlb, &c->p.dtlb) || init_set(&k->tlb2, &c->p.tlb2) ||
        init_set(&k->walk, &c->p.walk_cache) || init_set(&k->ipa, &c->p.ipa_cache))
        return -ENOMEM;
    return 0;
}

void ttlb_fini(struct cpu *c)
{
    struct caches *k = &c->timing.caches;

    free(k->itlb.e);
    free(k->dtlb.e);
    free(k->tlb2.e);
    free(k->walk.e);
    free(k->ipa.e);
}

/* ---- set-associative ones ---- */

static struct ttlb_entry *stlb_find(struct stlb *t, uint64_t key, uint64_t va, uint64_t actx, uint64_t gctx,
                                    uint64_t stamp)
{
    struct ttlb_entry *set;

    if (!t->sets)
        return NULL;
    set = &t->e[key % t->sets * t->ways];
    for (uint32_t w = 0; w < t->ways; w++) {
        if (ttlb_holds(&set[w], va, actx, gctx)) {
            set[w].stamp = stamp;
            return &set[w];
        }
    }
    return NULL;
}

static void stlb_insert(struct stlb *t, uint64_t key, uint64_t va, uint64_t mask, uint64_t ctx,
                        uint64_t stamp)
{
    struct ttlb_entry *set, *victim;

    if (!t->sets)
        return;
    victim = set = &t->e[key % t->sets * t->ways];
    for (uint32_t w = 0; w < t->ways; w++) {
        if (set[w].ctx == CTX_NONE) {
            victim = &set[w];
            break;
        }
        if (set[w].stamp < victim->stamp)
            victim = &set[w];
    }
    *victim = (struct ttlb_entry){.va = va & mask, .mask = mask, .ctx = ctx, .stamp = stamp};
}

/* ---- level 1 ---- */

static struct ttlb_entry *l1_scan(struct ttlb *t, uint64_t va, uint64_t actx, uint64_t gctx)
{
    for (uint32_t i = 0; i < t->n; i++)
        if (ttlb_holds(&t->e[i], va, actx, gctx))
            return &t->e[i];
    return NULL;
}

/* Numbers are used up: those that software TLBs remember must not be met again. */
static void renumber(struct cpu *c, struct ttlb *t)
{
    forget_ids(t);
    for (unsigned i = 0; i < c->host.mmu.n_views; i++)
        for (unsigned n = 0; n < MMU_TLB_SIZE; n++)
            c->host.mmu.views[i].tlb[n].dtlb = 0;
    memset(c->timing.caches.pages, 0, sizeof(c->timing.caches.pages));
    t->fills = 0;
}

static void l1_insert(struct cpu *c, struct ttlb *t, uint64_t va, uint64_t mask, uint64_t ctx, uint64_t stamp)
{
    uint32_t victim = 0;

    for (uint32_t i = 0; i < t->n; i++) {
        if (t->e[i].ctx == CTX_NONE) {
            victim = i;
            break;
        }
        if (t->stamp[i] < t->stamp[victim])
            victim = i;
    }
    if (t->fills == UINT32_MAX / TTLB_MAX)
        renumber(c, t);
    t->e[victim] = (struct ttlb_entry){.va = va & mask, .mask = mask, .ctx = ctx};
    t->id[victim] = ++t->fills * TTLB_MAX + victim;
    t->stamp[victim] = stamp;
    t->slot[(va >> 12) & (TTLB_HASH - 1)] = (uint16_t)victim;
    c->timing.pipe.fetch_page = UINT64_MAX;
}

/* Number of the entry that holds va and that the hash knows; 0: none. */
static uint32_t id_of(const struct ttlb *t, const struct mmu_view *view, uint64_t va)
{
    const unsigned i = t->slot[(va >> 12) & (TTLB_HASH - 1)];

    return ttlb_holds(&t->e[i], va, view->actx, view->gctx) ? t->id[i] : 0;
}

void ttlb_note(struct cpu *c, struct mmu_view *view, uint64_t va)
{
    struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];
    const uint32_t id = id_of(&c->timing.caches.dtlb, view, va);

    if (id && (e->rtag == (va & MMU_PAGE_MASK) || e->wtag == (va & MMU_PAGE_MASK)))
        e->dtlb = id;
}

void ttlb_note_fetch(struct cpu *c, const struct mmu_view *view, uint64_t va)
{
    struct caches *k = &c->timing.caches;

    k->pages[(va >> MMU_PAGE_BITS) % CACHE_PAGES] =
        (struct fetch_page){.page = va & MMU_PAGE_MASK, .actx = view->actx, .id = id_of(&k->itlb, view, va)};
}

bool ttlb_again(struct ttlb *t, uint64_t va, uint64_t actx, uint64_t gctx, uint64_t stamp)
{
    struct ttlb_entry *e = l1_scan(t, va, actx, gctx);

    if (!e)
        return false;
    t->stamp[e - t->e] = stamp;
    t->slot[(va >> 12) & (TTLB_HASH - 1)] = (uint16_t)(e - t->e);
    return true;
}

/* ---- walks ---- */

/* log2 of the granule that the stage-1 tables for va use (Arm ARM D8.2, TCR_ELx.TG0, TG1). */
static unsigned stage1_grain(const struct mmu_view *view, uint64_t va)
{
    static const uint8_t tg0[4] = {12, 16, 14, 12}, tg1[4] = {12, 14, 12, 16};
    bool two = view->key.regime == MMU_EL10 || view->key.regime == MMU_EL20;

    if (two && (va >> 55 & 1))
        return tg1[tg_get(view->key.tcr, TCR_TG1)];
    return tg0[tg_get(view->key.tcr, TCR_TG0)];
}

/* Key of the table that a walk reads at `level`: the region it covers. */
static uint64_t table_key(unsigned grain, unsigned level, uint64_t va)
{
    unsigned covers = grain + (grain - 3) * (4 - level);

    return (covers < 64 ? va >> covers : 0) << 3 | level;
}

/* First of the recorded reads that must be made: the walk cache knows the table of the deepest level that was
 * walked before, and the reads that led to it, with their stage-2 walks, are skipped. */
static unsigned after_walk_cache(struct cpu *c, const struct mmu_view *view, uint64_t va,
                                 const struct mmu_result *r, uint64_t stamp, uint64_t *cycles)
{
    struct stlb *walk = &c->timing.caches.walk;
    unsigned grain = stage1_grain(view, va), top = r->walk_levels, first = 0;
    bool found = false;

    for (unsigned i = 0; i < r->walk_levels && top == r->walk_levels; i++)
        if (r->walk[i].stage == 1)
            top = i;
    for (unsigned i = r->walk_levels; i-- > top + 1 && !found;) {
        uint64_t key;

        if (r->walk[i].stage != 1)
            continue;
        key = table_key(grain, r->walk[i].level, va);
        found = stlb_find(walk, key >> 3, key, view->actx, view->actx, stamp) != NULL;
        if (found) {
            first = i; /* with the stage-2 walk of the table's address, which stands before it */
            *cycles += c->p.walk_cache.latency;
        } else {
            stlb_insert(walk, key >> 3, key, ~UINT64_C(0), view->actx, stamp);
        }
    }
    return first;
}

/* What an entry of the IPA cache is found by: the mapping that the last level of stage 2 gives, by its size
 * with a 4 KiB granule, in one of the two IPA spaces of the Secure state (D8.2.7). */
#define IPA_NS    TG_BIT(63)
#define IPA_PAGE  TG_FIELD(62, 2)
#define IPA_LEVEL TG_FIELD(1, 0)

static unsigned ipa_shift(unsigned level)
{
    return 12 + 9 * (3 - (level & 3));
}

/* Cycles of the walk that r records, with the walk and IPA caches. */
static uint64_t walk_cost(struct cpu *c, const struct mmu_view *view, uint64_t va, const struct mmu_result *r,
                          uint64_t now)
{
    struct caches *k = &c->timing.caches;
    uint64_t cycles = 0, stamp = ++k->stamp;

    for (unsigned i = after_walk_cache(c, view, va, r, stamp, &cycles); i < r->walk_levels;) {
        unsigned n = 1;

        if (r->walk[i].stage == 2) {
            uint64_t page;

            uint64_t key;

            while (i + n < r->walk_levels && r->walk[i + n].stage == 2 &&
                   r->walk[i + n].ipa == r->walk[i].ipa)
                n++;
            page = r->walk[i].ipa >> ipa_shift(r->walk[i + n - 1].level);
            key = tg_put(IPA_PAGE, page) | tg_put(IPA_LEVEL, r->walk[i + n - 1].level) |
                  (r->walk[i].ipa_ns ? IPA_NS : 0);
            if (stlb_find(&k->ipa, page, key, view->gctx, view->gctx, stamp)) {
                cycles += c->p.ipa_cache.latency;
                i += n;
                continue;
            }
            stlb_insert(&k->ipa, page, key, ~UINT64_C(0), view->gctx, stamp);
        }
        for (; n; n--, i++) {
            cycles += cache_walk_read(c, r->walk[i].pa, r->walk[i].uncached, now + cycles);
            c->n.walk_reads++;
        }
    }
    c->n.walks++;
    c->n.walk_cycles += cycles;
    return cycles;
}

/* The L2 TLB: set by page number of each page size that it holds. */
static struct ttlb_entry *tlb2_find(struct caches *k, const struct mmu_view *view, uint64_t va,
                                    uint64_t stamp)
{
    for (uint64_t sizes = k->tlb2_sizes; sizes; sizes &= sizes - 1) {
        struct ttlb_entry *e =
            stlb_find(&k->tlb2, va >> __builtin_ctzll(sizes), va, view->actx, view->gctx, stamp);

        if (e)
            return e;
    }
    return NULL;
}

static uint64_t miss(struct cpu *c, struct mmu_view *view, struct ttlb *l1, uint64_t va,
                     enum mmu_access access, uint64_t now)
{
    struct caches *k = &c->timing.caches;
    struct ttlb_entry *e;
    uint64_t extra = 0, mask, ctx, stamp = ++k->stamp, cycles;
    unsigned size;
    struct mmu_result r;

    if (ttlb_again(l1, va, view->actx, view->gctx, stamp))
        return 0;
    if (!(view->key.sctlr & SCTLR_M) && !(view->key.flags & MMU_KEY_S2)) {
        /* Translation is off: nothing to cache, and nothing to look up again (the context tag tells these
         * entries apart). */
        l1_insert(c, l1, va, ~tg_ones(30), view->actx, stamp);
        return 0;
    }
    if (access == MMU_FETCH)
        c->n.itlb_miss++;
    else
        c->n.dtlb_miss++;
    extra = c->p.tlb2.latency;
    e = tlb2_find(k, view, va, stamp);
    if (e) {
        l1_insert(c, l1, va, e->mask, e->ctx, stamp);
        return extra;
    }
    c->n.tlb2_miss++;
    mmu_translate(c, &view->key, va, access, &r);
    if (r.fault)
        return extra;
    /* One walk at a time; an earlier one of a younger instruction may overlap in no other way. */
    if (k->walk_from <= now + extra && k->walk_to > now + extra)
        extra = k->walk_to - now;
    cycles = walk_cost(c, view, va, &r, now + extra);
    k->walk_from = now + extra;
    k->walk_to = k->walk_from + cycles;
    extra += cycles;
    size = r.log2size < 12 ? 12 : r.log2size;
    mask = ~tg_ones(size);
    ctx = r.global ? view->gctx : view->actx;
    k->tlb2_sizes |= TG_BIT(size);
    stlb_insert(&k->tlb2, va >> size, va, mask, ctx, stamp);
    l1_insert(c, l1, va, mask, ctx, stamp);
    return extra;
}

uint64_t ttlb_data_slow(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t now)
{
    return miss(c, view, &c->timing.caches.dtlb, va, MMU_READ, now);
}

uint64_t ttlb_fetch_slow(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t now)
{
    return miss(c, view, &c->timing.caches.itlb, va, MMU_FETCH, now);
}

/* ---- invalidation ---- */

/* Parts of a context tag as made in mmu/context.c. */
#define CTX_REGIME TG_FIELD(61, 60)
#define CTX_SECURE TG_BIT(59)
#define CTX_GLOBAL TG_BIT(58)
#define CTX_VMID   TG_FIELD(47, 32)
#define CTX_ASID   TG_FIELD(15, 0)

static bool names(const struct mmu_inval *w, const struct ttlb_entry *e, bool ignore_va)
{
    if (e->ctx == CTX_NONE || tg_get(e->ctx, CTX_REGIME) != w->regime ||
        ((e->ctx & CTX_SECURE) != 0) != w->secure)
        return false;
    if (w->match_vmid && tg_get(e->ctx, CTX_VMID) != w->vmid)
        return false;
    if (w->by_ipa || w->all)
        return true;
    if (w->match_asid && !(e->ctx & CTX_GLOBAL) && tg_get(e->ctx, CTX_ASID) != w->asid)
        return false;
    if (w->match_asid && !w->by_va && (e->ctx & CTX_GLOBAL))
        return false;
    if (w->by_va && !ignore_va) {
        uint64_t first = e->va & tg_ones(56), last = first | (~e->mask & tg_ones(56));

        return first <= w->va + w->bytes - 1 && last >= (w->va & tg_ones(56));
    }
    return true;
}

static void sweep(struct ttlb_entry *e, uint32_t n, const struct mmu_inval *w, bool ignore_va)
{
    for (uint32_t i = 0; i < n; i++)
        if (names(w, &e[i], ignore_va))
            e[i].ctx = CTX_NONE;
}

/* Stage 2's own: an operation by IPA names a range of one IPA space, and those alone. */
static void sweep_ipa(struct stlb *t, const struct mmu_inval *w)
{
    for (uint32_t i = 0; i < t->sets * t->ways; i++) {
        struct ttlb_entry *e = &t->e[i];
        const unsigned shift = ipa_shift((unsigned)tg_get(e->va, IPA_LEVEL));
        const uint64_t first = tg_get(e->va, IPA_PAGE) << shift, last = first | tg_ones(shift);

        if (!names(w, e, true))
            continue;
        if (w->by_ipa &&
            (((e->va & IPA_NS) != 0) != w->ipa_ns || first > w->va + w->bytes - 1 || last < w->va))
            continue;
        e->ctx = CTX_NONE;
    }
}

static void sweep_l1(struct ttlb *t, const struct mmu_inval *w)
{
    for (uint32_t i = 0; i < t->n; i++)
        if (names(w, &t->e[i], false)) {
            t->e[i].ctx = CTX_NONE;
            t->id[i] = TTLB_EMPTY;
        }
}

void ttlb_invalidate(struct cpu *c, const struct mmu_inval *w)
{
    struct caches *k = &c->timing.caches;

    sweep_l1(&k->itlb, w);
    sweep_l1(&k->dtlb, w);
    c->timing.pipe.fetch_page = UINT64_MAX;
    if (w->by_va && w->bytes <= MMU_PAGE_SIZE && k->tlb2.sets) {
        /* Bits above 55 of an address are in the set number; TLBI gives bits 55:0, the others repeat bit 55.
         */
        uint64_t va = (uint64_t)tg_sext(w->va, 56);

        for (uint64_t sizes = k->tlb2_sizes; sizes; sizes &= sizes - 1)
            sweep(k->tlb2.e + (va >> __builtin_ctzll(sizes)) % k->tlb2.sets * k->tlb2.ways, k->tlb2.ways, w,
                  false);
    } else {
        sweep(k->tlb2.e, k->tlb2.sets * k->tlb2.ways, w, false);
    }
    sweep(k->walk.e, k->walk.sets * k->walk.ways, w, true);
    if (w->by_ipa || w->all)
        sweep_ipa(&k->ipa, w);
}
