/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts on their way. A rising wire of an SPI and an SGI take time to the target's redistributor; from there to the
 * core the rising output does. All PEs get to the moment of an arrival before anything is seen of it: it is an event of the
 * machine's queue.
 *
 *   SPI   wire - distributor - mesh - redistributor - core
 *   SGI   core - redistributor - mesh - distributor - mesh - redistributor - core
 *   PPI   wire - redistributor - core
 *
 * GICv2 has neither redistributors nor a mesh: distributor - core.
 *
 * Of an interrupt that is raised again before it has arrived there is one, which loses nothing: who handles it begins after
 * the second was raised. A wire that falls does so at once, and takes a level with it that has not arrived yet; an edge
 * arrives nevertheless.
 */
#include "models/gic/gic_state.h"

static tg_time way_of_spi(const struct gic *g)
{
    return g->dist_time + g->mesh_time;
}

static tg_time way_of_sgi(const struct gic *g)
{
    return g->v2 ? g->dist_time : g->redist_time + 2 * g->mesh_time + g->dist_time;
}

/* After what happens in a redistributor, or in GICv2's distributor. */
static void update_core(struct gic *g, tg_time at)
{
    gic_update(g, at + g->redist_time);
}

void gic_update_dist(struct gic *g, tg_time now)
{
    update_core(g, now + g->access_latency + way_of_spi(g));
}

void gic_update_redist(struct gic *g, tg_time now)
{
    update_core(g, now + g->access_latency);
}

static void expect(struct gic *g, tg_time at)
{
    if (!tg_event_pending(&g->arrival) || at < g->arrival.when)
        tg_evq_schedule(g->model.env->evq, &g->arrival, at);
}

static void spi_arrives(struct gic *g, unsigned n)
{
    const uint32_t bit = (uint32_t)TG_BIT(n % 32);

    g->spi_coming[n / 32] &= ~bit;
    gic_set_spi_level(g, n, true);
    if (!(g->spi_wire[n / 32] & bit)) /* it was a pulse */
        gic_set_spi_level(g, n, false);
}

static void arrive(void *opaque, tg_time now)
{
    struct gic *g = opaque;
    tg_time next = TG_TIME_NEVER;

    for (unsigned w = 0; w * 32 < g->spis; w++)
        for (uint32_t left = g->spi_coming[w]; left; left &= left - 1) {
            const unsigned n = w * 32 + (unsigned)__builtin_ctz(left);

            if (g->spi_at[n] <= now)
                spi_arrives(g, n);
            else if (g->spi_at[n] < next)
                next = g->spi_at[n];
        }
    for (unsigned i = 0; i < g->n_pes; i++) {
        struct gic_pe *p = &g->pe[i];

        for (unsigned left = p->sgi_coming; left; left &= left - 1) {
            const unsigned n = (unsigned)__builtin_ctz(left);

            if (p->sgi_at[n] <= now) {
                p->sgi_coming &= (uint16_t)~TG_BIT(n);
                gic_pend_sgi(g, p, n, p->sgi_from[n]);
                p->sgi_from[n] = 0;
            } else if (p->sgi_at[n] < next) {
                next = p->sgi_at[n];
            }
        }
    }
    if (next != TG_TIME_NEVER)
        expect(g, next);
    update_core(g, now);
}

void gic_send_sgi(struct gic *g, struct gic_pe *target, unsigned n, unsigned source, tg_time at)
{
    const tg_time when = at + way_of_sgi(g);

    g->n_sgi++;
    if (when == at && when <= tg_evq_now(g->model.env->evq)) {
        gic_pend_sgi(g, target, n, (uint8_t)TG_BIT(source & 7));
        return;
    }
    target->sgi_from[n] |= (uint8_t)TG_BIT(source & 7);
    if (target->sgi_coming & TG_BIT(n)) {
        if (when >= target->sgi_at[n])
            return; /* the one on its way is first */
    }
    target->sgi_coming |= (uint16_t)TG_BIT(n);
    target->sgi_at[n] = when;
    expect(g, when);
}

static void spi_wire(struct gic *g, unsigned n, bool level, tg_time at)
{
    const uint32_t bit = (uint32_t)TG_BIT(n % 32);
    uint32_t *wire = &g->spi_wire[n / 32], *coming = &g->spi_coming[n / 32];

    if (((*wire & bit) != 0) == level)
        return;
    *wire ^= bit;
    if (level) {
        if (!way_of_spi(g)) {
            gic_set_spi_level(g, n, true);
            update_core(g, at);
        } else if (!(*coming & bit)) {
            *coming |= bit;
            g->spi_at[n] = at + way_of_spi(g);
            expect(g, g->spi_at[n]);
        }
        return;
    }
    if (*coming & bit) {
        if (!(g->spi[n / 32].edge & bit))
            *coming &= ~bit;
        return;
    }
    if (gic_set_spi_level(g, n, false))
        gic_update(g, at);
}

void gic_irq_in(void *m, unsigned line, bool level, tg_time at)
{
    struct gic *g = m;

    if (line < g->spis) {
        spi_wire(g, line, level, at);
    } else if (line >= 1024 && (line - 1024) / 32 < g->n_pes && line % 32 >= 16) {
        gic_set_own_level(g, &g->pe[(line - 1024) / 32], line % 32, level);
        update_core(g, at);
    }
}

void gic_arrival_init(struct gic *g)
{
    g->arrival.cb = arrive;
    g->arrival.opaque = g;
}

void gic_arrival_fini(struct gic *g)
{
    if (tg_event_pending(&g->arrival))
        tg_evq_cancel(g->model.env->evq, &g->arrival);
}
