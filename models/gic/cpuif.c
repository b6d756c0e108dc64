/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical CPU interface without its registers: priority mask, preemption, active priorities, acknowledge,
 * priority drop, and which of IRQ and FIQ is asserted (IHI 0069 4.6, 4.8; IHI 0048 2.3, 3.3). Shared by GICv2
 * (gicc.c) and GICv3 (sysreg.c).
 */
#include <string.h>
#include "models/gic/gic_state.h"

unsigned gic_min_bpr(const struct gic *g, unsigned group)
{
    return 7 - g->prebits + (group == GIC_G1NS);
}

void gic_cpuif_reset(struct gic *g, struct gic_pe *p)
{
    p->pmr = 0;
    for (unsigned i = 0; i < GIC_GROUPS; i++)
        p->bpr[i] = (uint8_t)gic_min_bpr(g, i);
    memset(p->igrpen, 0, sizeof(p->igrpen));
    memset(p->ap, 0, sizeof(p->ap));
    memset(p->cbpr, 0, sizeof(p->cbpr));
    memset(p->eoimode, 0, sizeof(p->eoimode));
    p->ack_ctl = p->fiq_en = false;
    p->bypass = 0;
    p->el = 3;
    p->secure = g->security;
}

/* ---- active priorities: one bit per group priority, the lowest bit is the highest priority ---- */

uint8_t gic_ap_highest(const uint32_t (*ap)[GIC_AP_REGS], unsigned groups, unsigned prebits, unsigned *group)
{
    for (unsigned r = 0; r < GIC_AP_REGS; r++) {
        unsigned best = 32;

        for (unsigned i = 0; i < groups; i++) {
            if (ap[i][r] && (unsigned)__builtin_ctz(ap[i][r]) < best) {
                best = (unsigned)__builtin_ctz(ap[i][r]);
                *group = i;
            }
        }
        if (best < 32)
            return (uint8_t)((r * 32 + best) << (8 - prebits));
    }
    return GIC_IDLE;
}

void gic_ap_set(uint32_t *ap, uint8_t priority, unsigned prebits)
{
    unsigned level = priority >> (8 - prebits);

    ap[level / 32] |= (uint32_t)TG_BIT(level % 32);
}

void gic_ap_clear(uint32_t *ap, uint8_t priority, unsigned prebits)
{
    unsigned level = priority >> (8 - prebits);

    ap[level / 32] &= ~(uint32_t)TG_BIT(level % 32);
}

/* ---- preemption ---- */

uint8_t gic_running(const struct gic *g, const struct gic_pe *p, unsigned *group)
{
    return gic_ap_highest(p->ap, GIC_GROUPS, g->prebits, group);
}

/* Which binary point holds: Group 1 uses BPR0 when its CBPR is set; the Non-secure BPR1 counts from one more
 * (IHI 0069 4.8.3). */
uint8_t gic_bpr_mask(const struct gic *g, const struct gic_pe *p, unsigned group)
{
    (void)g;
    if ((group == GIC_G1S && p->cbpr[GIC_S]) || (group == GIC_G1NS && p->cbpr[GIC_NS]))
        group = GIC_G0;
    return gic_group_mask(group == GIC_G1NS ? p->bpr[group] - 1u : p->bpr[group]);
}

bool gic_can_signal(struct gic *g, struct gic_pe *p)
{
    const struct gic_hppi *h = gic_hppi(g, p);
    unsigned group;

    return h->intid != GIC_INTID_SPURIOUS &&
           gic_preempts(h->priority, p->pmr, gic_running(g, p, &group), gic_bpr_mask(g, p, h->group));
}

unsigned gic_signalled(void *opaque, unsigned pe)
{
    struct gic *g = opaque;

    if (pe >= g->n_pes || !gic_can_signal(g, &g->pe[pe]))
        return GIC_INTID_SPURIOUS;
    return g->pe[pe].hppi.intid;
}

/* IRQ or FIQ (IHI 0069 table 4-3; with one Security state Group 0 is FIQ and Group 1 IRQ. IHI 0048 2.3:
 * FIQEn). */
static bool is_fiq(const struct gic *g, const struct gic_pe *p, unsigned group)
{
    if (g->v2)
        return group == GIC_G0 && p->fiq_en;
    if (group == GIC_G0)
        return true;
    if (g->ds)
        return false;
    if (group == GIC_G1S)
        return p->el == 3 || !p->secure;
    return p->el == 3 || p->secure;
}

void gic_cpuif_update(struct gic *g, struct gic_pe *p, tg_time now)
{
    bool signal = gic_can_signal(g, p);
    bool fiq = signal && is_fiq(g, p, p->hppi.group);

    if ((signal && !fiq && !g->irq[p->index].level) || (fiq && !g->fiq[p->index].level))
        g->n_raised++;
    tg_irq_set(&g->irq[p->index], signal && !fiq, now);
    tg_irq_set(&g->fiq[p->index], fiq, now);
}

/* ---- acknowledge and drop ---- */

uint32_t gic_acknowledge(struct gic *g, struct gic_pe *p)
{
    struct gic_hppi h = *gic_hppi(g, p);
    uint32_t iar = h.intid;

    gic_ap_set(p->ap[h.group], h.priority & gic_bpr_mask(g, p, h.group), g->prebits);
    if (h.intid < 16)
        g->n_ack_sgi++;
    else if (h.intid < 32)
        g->n_ack_ppi++;
    else
        g->n_ack_spi++;
    if (g->v2 && h.intid < 16 && p->sgi_source[h.intid]) {
        unsigned source = (unsigned)__builtin_ctz(p->sgi_source[h.intid]);

        p->sgi_source[h.intid] &= (uint8_t)~TG_BIT(source);
        iar |= (uint32_t)tg_put(TG_FIELD(12, 10), source);
    }
    gic_activate(g, p, h.intid);
    return iar;
}

void gic_priority_drop(struct gic *g, struct gic_pe *p)
{
    unsigned group;
    uint8_t running = gic_running(g, p, &group);

    if (running == GIC_IDLE)
        return;
    g->n_eoi++;
    gic_ap_clear(p->ap[group], running, g->prebits);
    gic_touch_own(g, p);
}
