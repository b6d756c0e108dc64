/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing of TLBs: L1 instruction and data TLBs, the unified L2 TLB, the walk cache (stage-1 tables above the last level) and the IPA cache
 * (stage-2 results of walks). They hold tags only; translations come from the software TLBs and the walk in models/cpu/mmu.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu_state.h"

int ttlb_init(struct cpu *c);
void ttlb_fini(struct cpu *c);
uint64_t cache_walk_read(struct cpu *c, uint64_t pa, uint64_t now);

#define CTX_NONE UINT64_MAX

static int init_l1(struct ttlb *t, const struct tlb_params *p)
{
    t->n = p->entries ? p->entries : 1;
    t->e = calloc(t->n, sizeof(*t->e));
    if (!t->e)
        return -ENOMEM;
    for (uint32_t i = 0; i < t->n; i++)
        t->e[i].ctx = CTX_NONE;
    return 0;
}

static int init_set(struct stlb *t, const struct tlb_params *p)
{
    if (!p->entries)
        return 0;
    t->ways = p->ways && p->ways <= p->entries ? p->ways : p->entries;
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
    struct caches *k = &c->pipe.caches;

    if (init_l1(&k->itlb, &c->p.itlb) || init_l1(&k->dtlb, &c->p.dtlb) || init_set(&k->tlb2, &c->p.tlb2) ||
        init_set(&k->walk, &c->p.walk_cache) || init_set(&k->ipa, &c->p.ipa_cache))
        return -ENOMEM;
    return 0;
}

void ttlb_fini(struct cpu *c)
{
    struct caches *k = &c->pipe.caches;

    free(k->itlb.e);
    free(k->dtlb.e);
    free(k->tlb2.e);
    free(k->walk.e);
    free(k->ipa.e);
}

/* ---- set-associative ones ---- */

static struct ttlb_entry *stlb_find(struct stlb *t, uint64_t key, uint64_t va, uint64_t actx, uint64_t gctx, uint64_t stamp)
{
    struct ttlb_entry *set;

    if (!t->sets)
        return NULL;
    set = &t->e[key % t->sets * t->ways];
    for (uint32_t w = 0; w < t->ways; w++) {
        if (((set[w].va ^ va) & set[w].mask) == 0 && (set[w].ctx == actx || set[w].ctx == gctx)) {
            set[w].stamp = stamp;
            return &set[w];
        }
    }
    return NULL;
}

static void stlb_insert(struct stlb *t, uint64_t key, uint64_t va, uint64_t mask, uint64_t ctx, uint64_t stamp)
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
        if (((t->e[i].va ^ va) & t->e[i].mask) == 0 && (t->e[i].ctx == actx || t->e[i].ctx == gctx))
            return &t->e[i];
    return NULL;
}

static void l1_insert(struct ttlb *t, uint64_t va, uint64_t mask, uint64_t ctx, uint64_t stamp)
{
    struct ttlb_entry *victim = t->e;

    for (uint32_t i = 0; i < t->n; i++) {
        if (t->e[i].ctx == CTX_NONE) {
            victim = &t->e[i];
            break;
        }
        if (t->e[i].stamp < victim->stamp)
            victim = &t->e[i];
    }
    *victim = (struct ttlb_entry){.va = va & mask, .mask = mask, .ctx = ctx, .stamp = stamp};
    t->slot[(va >> 12) & (TTLB_HASH - 1)] = (uint16_t)(victim - t->e);
}

/* ---- walks ---- */

/* Cycles of the walk that r records, with the walk and IPA caches. */
static uint64_t walk_cost(struct cpu *c, const struct mmu_view *view, uint64_t va, const struct mmu_result *r, uint64_t now)
{
    struct caches *k = &c->pipe.caches;
    uint64_t cycles = 0, stamp = ++k->stamp, region = va >> 21;
    unsigned last1 = 0, first1 = 0;
    bool tables_cached;

    for (unsigned i = 0; i < r->walk_levels; i++)
        if (r->walk[i].stage == 1)
            last1 = i;
    /* The walk cache knows the last-level table of the region: the upper stage-1 reads, with their stage-2 walks, are skipped. */
    tables_cached = stlb_find(&k->walk, region, region, view->actx, view->actx, stamp);
    if (tables_cached) {
        first1 = last1;
        while (first1 && r->walk[first1 - 1].stage == 2)
            first1--;
    } else {
        stlb_insert(&k->walk, region, region, ~UINT64_C(0), view->actx, stamp);
    }
    for (unsigned i = first1; i < r->walk_levels;) {
        unsigned n = 1;

        if (r->walk[i].stage == 2) {
            uint64_t page = r->walk[i].ipa >> 12;

            while (i + n < r->walk_levels && r->walk[i + n].stage == 2 && r->walk[i + n].ipa == r->walk[i].ipa)
                n++;
            if (stlb_find(&k->ipa, page, page, view->gctx, view->gctx, stamp)) {
                cycles += c->p.ipa_cache.latency;
                i += n;
                continue;
            }
            stlb_insert(&k->ipa, page, page, ~UINT64_C(0), view->gctx, stamp);
        }
        for (; n; n--, i++) {
            cycles += cache_walk_read(c, r->walk[i].pa, now + cycles);
            c->n.walk_reads++;
        }
    }
    c->n.walks++;
    c->n.walk_cycles += cycles;
    return cycles;
}

static uint64_t miss(struct cpu *c, struct mmu_view *view, struct ttlb *l1, uint64_t va, enum mmu_access access, uint64_t now)
{
    struct caches *k = &c->pipe.caches;
    struct ttlb_entry *e = l1_scan(l1, va, view->actx, view->gctx);
    uint64_t extra = 0, mask, ctx, stamp = ++k->stamp;
    struct mmu_result r;

    if (e) { /* only the hash had lost it */
        e->stamp = stamp;
        l1->slot[(va >> 12) & (TTLB_HASH - 1)] = (uint16_t)(e - l1->e);
        return 0;
    }
    if (access == MMU_FETCH)
        c->n.itlb_miss++;
    else
        c->n.dtlb_miss++;
    extra = c->p.tlb2.latency;
    e = stlb_find(&k->tlb2, va >> 12, va, view->actx, view->gctx, stamp);
    if (e) {
        l1_insert(l1, va, e->mask, e->ctx, stamp);
        return extra;
    }
    if (!(view->key.sctlr & 1) && !(view->key.flags & MMU_KEY_S2))
        return 0; /* translation is off */
    c->n.tlb2_miss++;
    mmu_translate(c, &view->key, va, access, &r);
    if (r.fault)
        return extra;
    if (k->walker_free > now + extra)
        extra = k->walker_free - now;
    extra += walk_cost(c, view, va, &r, now + extra);
    k->walker_free = now + extra;
    mask = ~tg_ones(r.log2size < 12 ? 12 : r.log2size);
    ctx = r.global ? view->gctx : view->actx;
    stlb_insert(&k->tlb2, va >> 12, va, mask, ctx, stamp);
    l1_insert(l1, va, mask, ctx, stamp);
    return extra;
}

uint64_t ttlb_data_slow(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t now)
{
    return miss(c, view, &c->pipe.caches.dtlb, va, MMU_READ, now);
}

uint64_t ttlb_fetch_slow(struct cpu *c, struct mmu_view *view, uint64_t va, uint64_t now)
{
    return miss(c, view, &c->pipe.caches.itlb, va, MMU_FETCH, now);
}

/* ---- invalidation ---- */

/* Parts of a context tag as made in mmu/context.c. */
#define CTX_REGIME TG_FIELD(61, 60)
#define CTX_GLOBAL TG_BIT(58)
#define CTX_VMID   TG_FIELD(47, 32)
#define CTX_ASID   TG_FIELD(15, 0)

static bool names(const struct mmu_inval *w, const struct ttlb_entry *e, bool ignore_va)
{
    if (e->ctx == CTX_NONE || tg_get(e->ctx, CTX_REGIME) != w->regime)
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

void ttlb_invalidate(struct cpu *c, const struct mmu_inval *w)
{
    struct caches *k = &c->pipe.caches;

    sweep(k->itlb.e, k->itlb.n, w, false);
    sweep(k->dtlb.e, k->dtlb.n, w, false);
    if (w->by_va && w->bytes <= MMU_PAGE_SIZE) {
        uint64_t set = (w->va >> 12) % (k->tlb2.sets ? k->tlb2.sets : 1);

        /* Entries of larger pages may sit in the set of any of their pages: the whole array is swept only when there are such. */
        sweep(k->tlb2.e + set * k->tlb2.ways, k->tlb2.ways, w, false);
        for (uint32_t i = 0; i < k->tlb2.sets * k->tlb2.ways; i++)
            if (k->tlb2.e[i].mask != MMU_PAGE_MASK && names(w, &k->tlb2.e[i], false))
                k->tlb2.e[i].ctx = CTX_NONE;
    } else {
        sweep(k->tlb2.e, k->tlb2.sets * k->tlb2.ways, w, false);
    }
    sweep(k->walk.e, k->walk.sets * k->walk.ways, w, true);
    if (w->by_ipa || w->all)
        sweep(k->ipa.e, k->ipa.sets * k->ipa.ways, w, true);
}
