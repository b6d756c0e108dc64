/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What firmware does to the interrupt controller before it enters an operating system, and around the power
 * of a PE, for machines whose firmware is not simulated; and what the reset of a PE does. Reset values are
 * not here: core.c, cpuif.c, vcpuif.c. IHI 0069H 2.3.1, 11.1, 12.11.42; IHI 0048B 3.
 */
#include "models/gic/gic.h"
#include "models/gic/gic_state.h"

/* Firmware of a Secure state leaves to Non-secure software what is not its own: every interrupt, and a
 * priority mask in the half that Non-secure writes may change (IHI 0069H 4.8.1). */
static void hand_over(struct gic *g, struct gic_pe *p)
{
    if (!g->security)
        return;
    p->own.group = UINT32_MAX;
    p->pmr = gic_priority_mask(g);
}

void gic_from_firmware(struct tg_model *m)
{
    struct gic *g = gic_of(m);

    if (g->security)
        for (unsigned w = 0; w < GIC_SPI_BANKS; w++)
            g->spi[w].group = gic_spi_valid(g, w);
    for (unsigned i = 0; i < g->n_pes; i++)
        hand_over(g, &g->pe[i]);
    gic_touch_all(g);
    gic_update(g, tg_evq_now(m->env->evq));
}

/* Around the power of a PE the redistributor stops and starts to send it interrupts; a GICv2 has none. */
void gic_pe_power(struct tg_model *m, unsigned pe, bool on, tg_time now)
{
    struct gic *g = gic_of(m);

    if (pe >= g->n_pes)
        return;
    g->pe[pe].asleep = !g->v2 && !on;
    if (on)
        hand_over(g, &g->pe[pe]);
    if (!g->v2)
        gic_reroute_one_of_n(g);
    gic_touch_own(g, &g->pe[pe]);
    gic_update(g, now);
}

/* The CPU interface of a GICv3, its virtual side too, is part of the PE. */
void gic_pe_reset(void *opaque, unsigned pe, tg_time now)
{
    struct gic *g = opaque;
    struct gic_pe *p = &g->pe[pe];

    if (pe >= g->n_pes)
        return;
    gic_cpuif_reset(g, p);
    gic_vif_reset(g, p);
    gic_reroute_one_of_n(g);
    gic_touch_own(g, p);
    gic_update(g, now);
}
