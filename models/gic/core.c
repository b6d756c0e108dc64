/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of each interrupt, its routing, and the highest priority pending interrupt of each PE
 * (IHI 0069 4.1, 4.2; IHI 0048 3.2). Shared by GICv2 and GICv3; registers are elsewhere.
 *
 * Looking for the highest priority is made cheap by keeping, for each PE, the set of SPIs that are pending,
 * enabled, not active and routed to it: usually none or one. The set is kept up to date as single interrupts
 * change, the best of it is cached.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/gic/gic_state.h"

#define MPIDR_AFF3    TG_FIELD(39, 32)
#define MPIDR_AFF2_0  TG_FIELD(23, 0)
#define AFFINITY_AFF3 TG_FIELD(31, 24)
#define AFFINITY_AFF0 TG_FIELD(7, 0)
#define IROUTER_IRM   TG_BIT(31)
#define SGIS          0x0000ffffu

static uint32_t affinity_of(uint64_t mpidr)
{
    return (uint32_t)(tg_put(AFFINITY_AFF3, tg_get(mpidr, MPIDR_AFF3)) | tg_get(mpidr, MPIDR_AFF2_0));
}

int gic_set_pes(struct tg_model *m, unsigned n, const uint64_t *mpidr)
{
    struct gic *g = gic_of(m);
    unsigned max = m->cls->ports[0].count; /* the outputs: one of each for a PE */

    if (g->pe)
        return -EBUSY;
    if (!n || n > max)
        return -EINVAL;
    g->n_pes = n;
    for (unsigned i = 0; i < n; i++)
        g->mpidr[i] = affinity_of(mpidr[i]);
    return 0;
}

const struct tg_gic_cpuif *gic_cpuif(struct tg_model *m)
{
    return &gic_of(m)->cpuif;
}

unsigned gic_ppi_intid(enum tg_pe_ppi ppi)
{
    static const uint8_t intid[TG_PPI_COUNT] = {
        [TG_PPI_CNTP] = 30,  [TG_PPI_CNTV] = 27, [TG_PPI_CNTHP] = 26,  [TG_PPI_CNTHV] = 28,
        [TG_PPI_CNTPS] = 29, [TG_PPI_PMU] = 23,  [TG_PPI_CNTHPS] = 20, [TG_PPI_CNTHVS] = 19,
    };

    return (unsigned)ppi < TG_PPI_COUNT ? intid[ppi] : 0;
}

int gic_core_realize(struct gic *g, struct tg_error *err)
{
    if (!g->n_pes)
        return tg_error_set(err, EINVAL, "%s: no processing elements, expected 1 to %u", g->model.name,
                            g->v2 ? GICV2_MAX_PES : GIC_MAX_PES);
    if (g->spis % 32 && g->spis != GIC_MAX_SPIS)
        return tg_error_set(err, EINVAL, "spis: found %u, expected a multiple of 32 up to 960, or %u",
                            g->spis, GIC_MAX_SPIS);
    if (g->security && g->priority_bits < 5)
        return tg_error_set(err, EINVAL,
                            "priority_bits: found %u, expected at least 5 with two Security states",
                            g->priority_bits);
    for (unsigned i = 0; i < g->n_pes; i++)
        for (unsigned j = 0; j < i; j++)
            if (!g->v2 && g->mpidr[i] == g->mpidr[j])
                return tg_error_set(err, EINVAL, "%s: PEs %u and %u have the same affinity 0x%x",
                                    g->model.name, j, i, g->mpidr[i]);
    g->pe = calloc(g->n_pes, sizeof(*g->pe));
    if (!g->pe)
        return tg_error_set(err, ENOMEM, "out of memory");
    for (unsigned i = 0; i < g->n_pes; i++) {
        g->pe[i].index = i;
        g->pe[i].affinity = g->mpidr[i];
        g->wide_aff0 |= tg_get(g->mpidr[i], AFFINITY_AFF0) > 15;
        g->any_aff3 |= tg_get(g->mpidr[i], AFFINITY_AFF3) != 0;
    }
    g->prebits = g->priority_bits < 7 ? g->priority_bits : 7;
    g->vprebits = g->vpriority_bits < 7 ? g->vpriority_bits : 7;
    g->ap_regs = g->prebits > 5 ? 1u << (g->prebits - 5) : 1;
    g->vap_regs = g->vprebits > 5 ? 1u << (g->vprebits - 5) : 1;
    gic_arrival_init(g);
    g->cpuif.opaque = g;
    g->cpuif.signalled = gic_signalled;
    g->cpuif.list_regs = g->list_regs;
    return 0;
}

void gic_core_fini(struct gic *g)
{
    gic_arrival_fini(g);
    free(g->pe);
    g->pe = NULL;
}

static void reset_bank(struct gic_bank *b, uint32_t edge)
{
    uint32_t level = b->level; /* belongs to the device */

    memset(b, 0, sizeof(*b));
    b->level = level;
    b->edge = edge;
}

void gic_core_reset(struct gic *g)
{
    g->ds = !g->security;
    memset(g->enable, 0, sizeof(g->enable));
    for (unsigned w = 0; w < GIC_SPI_BANKS; w++)
        reset_bank(&g->spi[w], 0);
    memset(g->router, 0, sizeof(g->router));
    memset(g->one_of_n, 0, sizeof(g->one_of_n));
    for (unsigned n = 0; n < GIC_MAX_SPIS; n++) {
        g->route[n] = -1;
        g->target[n] = g->v2 && g->n_pes == 1; /* a uniprocessor GICv2 has no ITARGETSR: all go to PE 0 */
    }
    for (unsigned i = 0; i < g->n_pes; i++) {
        struct gic_pe *p = &g->pe[i];

        reset_bank(&p->own, SGIS);
        p->own.enabled = g->v2 ? SGIS : 0; /* GIC-400: SGIs are always enabled */
        memset(p->sgi_source, 0, sizeof(p->sgi_source));
        p->sgi_coming = 0;
        memset(p->sgi_from, 0, sizeof(p->sgi_from));
        memset(p->cand, 0, sizeof(p->cand));
        p->cand_banks = 0;
        p->asleep = !g->v2; /* GICR_WAKER: ProcessorSleep and ChildrenAsleep reset to 1 (12.11.42) */
        gic_cpuif_reset(g, p);
        gic_vif_reset(g, p);
    }
    if (!g->v2)
        for (unsigned n = 0; n < g->spis; n++)
            gic_set_router(g, n, 0);
    gic_touch_all(g);
    gic_update(g, tg_evq_now(g->model.env->evq));
}

static void put_spi(struct gic *g, unsigned n, bool on);

void gic_core_settle(struct gic *g)
{
    for (unsigned i = 0; i < g->n_pes; i++) {
        memset(g->pe[i].cand, 0, sizeof(g->pe[i].cand));
        g->pe[i].cand_banks = 0;
        g->pe[i].stale = true;
        gic_vif_settle(&g->pe[i]);
    }
    for (unsigned n = 0; n < g->spis; n++) {
        const struct gic_bank *b = &g->spi[n / 32];

        if (gic_pending(b) & b->enabled & ~b->active & TG_BIT(n % 32))
            put_spi(g, n, true);
    }
    memset(g->stale, 0, sizeof(g->stale));
}

uint32_t gic_spi_valid(const struct gic *g, unsigned w)
{
    if (w >= GIC_SPI_BANKS || w * 32 >= g->spis)
        return 0;
    return (uint32_t)tg_ones(g->spis - w * 32 < 32 ? g->spis - w * 32 : 32);
}

struct gic_bank *gic_find(struct gic *g, struct gic_pe *p, unsigned intid, unsigned *bit)
{
    *bit = intid % 32;
    if (intid < 32)
        return &p->own;
    if (intid - 32 < g->spis)
        return &g->spi[intid / 32 - 1];
    return NULL;
}

enum gic_group gic_group_of(const struct gic *g, const struct gic_bank *b, unsigned bit)
{
    if (b->group & TG_BIT(bit))
        return GIC_G1NS;
    return !g->ds && (b->grpmod & TG_BIT(bit)) ? GIC_G1S : GIC_G0;
}

static void mark(struct gic *g, struct gic_pe *p)
{
    p->stale = true;
    g->stale[p->index / 64] |= TG_BIT(p->index % 64);
}

void gic_touch_own(struct gic *g, struct gic_pe *p)
{
    mark(g, p);
}

/* SPI bit of bank w is (or is no longer) a candidate for PE p. */
static void put_candidate(struct gic *g, struct gic_pe *p, unsigned w, uint32_t bit, bool on)
{
    if (!on && !(p->cand[w] & bit))
        return;
    if (on)
        p->cand[w] |= bit;
    else
        p->cand[w] &= ~bit;
    if (p->cand[w])
        p->cand_banks |= TG_BIT(w);
    else
        p->cand_banks &= ~TG_BIT(w);
    mark(g, p);
}

static void put_spi(struct gic *g, unsigned n, bool on)
{
    uint32_t bit = (uint32_t)TG_BIT(n % 32);

    if (!g->v2) {
        if (g->route[n] >= 0)
            put_candidate(g, &g->pe[g->route[n]], n / 32, bit, on);
        return;
    }
    for (uint32_t t = g->target[n] & (uint32_t)tg_ones(g->n_pes); t; t &= t - 1)
        put_candidate(g, &g->pe[__builtin_ctz(t)], n / 32, bit, on);
}

/* With IROUTER.IRM: the lowest PE that is awake and takes the interrupt's group (IHI 0069 3.2.4: the choice
 * is ours). */
static int choose_one_of_n(const struct gic *g, unsigned n)
{
    enum gic_group group = gic_group_of(g, &g->spi[n / 32], n % 32);

    for (unsigned i = 0; i < g->n_pes; i++)
        if (!g->pe[i].asleep && g->pe[i].igrpen[group])
            return (int)i;
    return -1;
}

void gic_touch_spi(struct gic *g, unsigned w, uint32_t mask)
{
    const struct gic_bank *b = &g->spi[w];
    uint32_t cand = gic_pending(b) & b->enabled & ~b->active;

    for (mask &= gic_spi_valid(g, w); mask; mask &= mask - 1) {
        unsigned bit = (unsigned)__builtin_ctz(mask);
        unsigned n = w * 32 + bit;

        if (!g->v2 && (g->one_of_n[w] & TG_BIT(bit)) && choose_one_of_n(g, n) != g->route[n]) {
            put_spi(g, n, false);
            g->route[n] = (int16_t)choose_one_of_n(g, n);
        }
        put_spi(g, n, (cand & TG_BIT(bit)) != 0);
    }
}

void gic_touch_all(struct gic *g)
{
    for (unsigned w = 0; w * 32 < g->spis; w++)
        gic_touch_spi(g, w, UINT32_MAX);
    for (unsigned i = 0; i < g->n_pes; i++)
        mark(g, &g->pe[i]);
}

void gic_reroute_one_of_n(struct gic *g)
{
    for (unsigned w = 0; w * 32 < g->spis; w++)
        if (g->one_of_n[w])
            gic_touch_spi(g, w, g->one_of_n[w]);
}

void gic_set_router(struct gic *g, unsigned n, uint64_t router)
{
    uint32_t bit = (uint32_t)TG_BIT(n % 32);
    uint32_t affinity = affinity_of(router);

    put_spi(g, n, false);
    g->router[n] = router;
    g->route[n] = -1;
    if (router & IROUTER_IRM) {
        g->one_of_n[n / 32] |= bit;
    } else {
        g->one_of_n[n / 32] &= ~bit;
        for (unsigned i = 0; i < g->n_pes; i++)
            if (g->pe[i].affinity == affinity)
                g->route[n] = (int16_t)i;
    }
    gic_touch_spi(g, n / 32, bit);
}

void gic_set_target(struct gic *g, unsigned n, uint8_t pes)
{
    put_spi(g, n, false);
    g->target[n] = pes & (uint8_t)tg_ones(g->n_pes);
    gic_touch_spi(g, n / 32, (uint32_t)TG_BIT(n % 32));
}

/* ---- the highest priority pending interrupt ---- */

static uint32_t enabled_groups(const struct gic *g, const struct gic_pe *p, const struct gic_bank *b)
{
    uint32_t g1s = g->ds ? 0 : ~b->group & b->grpmod;
    uint32_t mask = 0;

    if (g->enable[GIC_G0] && p->igrpen[GIC_G0])
        mask |= ~(b->group | g1s);
    if (g->enable[GIC_G1S] && p->igrpen[GIC_G1S])
        mask |= g1s;
    if (g->enable[GIC_G1NS] && p->igrpen[GIC_G1NS])
        mask |= b->group;
    return mask;
}

/* Equal priorities: the lowest INTID. */
static void look(const struct gic *g, const struct gic_bank *b, uint32_t cand, unsigned base,
                 struct gic_hppi *best)
{
    for (; cand; cand &= cand - 1) {
        unsigned bit = (unsigned)__builtin_ctz(cand);

        if (b->priority[bit] < best->priority) {
            best->intid = (uint16_t)(base + bit);
            best->priority = b->priority[bit];
            best->group = (uint8_t)gic_group_of(g, b, bit);
        }
    }
}

const struct gic_hppi *gic_hppi(struct gic *g, struct gic_pe *p)
{
    if (p->stale) {
        struct gic_hppi best = {.intid = GIC_INTID_SPURIOUS, .priority = 0xff, .group = GIC_G0};
        const struct gic_bank *own = &p->own;

        p->stale = false;
        if (!p->asleep) {
            look(g, own, gic_pending(own) & own->enabled & ~own->active & enabled_groups(g, p, own), 0,
                 &best);
            for (uint32_t words = p->cand_banks; words; words &= words - 1) {
                unsigned w = (unsigned)__builtin_ctz(words);

                look(g, &g->spi[w], p->cand[w] & enabled_groups(g, p, &g->spi[w]), 32 + w * 32, &best);
            }
        }
        p->hppi = best;
    }
    return &p->hppi;
}

void gic_update(struct gic *g, tg_time now)
{
    for (unsigned i = 0; i < TG_ARRAY_SIZE(g->stale); i++) {
        while (g->stale[i]) {
            unsigned bit = (unsigned)__builtin_ctzll(g->stale[i]);

            g->stale[i] &= g->stale[i] - 1;
            gic_cpuif_update(g, &g->pe[i * 64 + bit], now);
        }
    }
}

/* ---- inputs and transitions ---- */

/* Level-sensitive: pending while the line is high. Edge-triggered: a rising edge is remembered (IHI
 * 0069 4.1.2). */
static bool set_level(struct gic_bank *b, uint32_t bit, bool level)
{
    bool was = (b->level & bit) != 0;

    if (was == level)
        return false;
    if (level) {
        b->level |= bit;
        if (b->edge & bit)
            b->latch |= bit;
    } else {
        b->level &= ~bit;
    }
    return true;
}

void gic_set_own_level(struct gic *g, struct gic_pe *p, unsigned intid, bool level)
{
    if (set_level(&p->own, (uint32_t)TG_BIT(intid), level))
        mark(g, p);
}

bool gic_set_spi_level(struct gic *g, unsigned n, bool level)
{
    if (!set_level(&g->spi[n / 32], (uint32_t)TG_BIT(n % 32), level))
        return false;
    gic_touch_spi(g, n / 32, (uint32_t)TG_BIT(n % 32));
    return true;
}

void gic_activate(struct gic *g, struct gic_pe *p, unsigned intid)
{
    unsigned bit;
    struct gic_bank *b = gic_find(g, p, intid, &bit);

    if (!b)
        return;
    b->active |= (uint32_t)TG_BIT(bit);
    if (!(g->v2 && intid < 16 && p->sgi_source[intid])) /* a GICv2 SGI may be pending from others still */
        b->latch &= ~(uint32_t)TG_BIT(bit);
    if (intid < 32)
        mark(g, p);
    else
        gic_touch_spi(g, intid / 32 - 1, (uint32_t)TG_BIT(bit));
}

void gic_deactivate(struct gic *g, struct gic_pe *p, unsigned intid)
{
    unsigned bit;
    struct gic_bank *b = gic_find(g, p, intid, &bit);

    if (!b || !(b->active & TG_BIT(bit)))
        return;
    g->n_deactivate++;
    b->active &= ~(uint32_t)TG_BIT(bit);
    if (intid < 32)
        mark(g, p);
    else
        gic_touch_spi(g, intid / 32 - 1, (uint32_t)TG_BIT(bit));
}

void gic_pend_sgi(struct gic *g, struct gic_pe *target, unsigned n, uint8_t sources)
{
    if (g->v2)
        target->sgi_source[n] |= sources;
    target->own.latch |= (uint32_t)TG_BIT(n);
    mark(g, target);
}
