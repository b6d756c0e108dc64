/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual CPU interface without its registers: list registers, virtual priorities, maintenance interrupt (IHI
 * 0069 chapter 6; IHI 0048 chapter 5). Shared by GICv3 (ICH_*, ICV_*) and GICv2 (GICH, GICV), whose register
 * fields convert one to one.
 */
#include <string.h>
#include "models/gic/gic_state.h"

#define VMCR_V3                                                                                            \
    (ICH_VMCR_VENG0 | ICH_VMCR_VENG1 | ICH_VMCR_VCBPR | ICH_VMCR_VEOIM | ICH_VMCR_VBPR1 | ICH_VMCR_VBPR0 | \
     ICH_VMCR_VPMR)
#define VMCR_V2  (VMCR_V3 | ICH_VMCR_VACKCTL | ICH_VMCR_VFIQEN)
#define HCR_V2   (TG_FIELD(7, 0) | ICH_HCR_EOICOUNT)
#define HCR_V3   (HCR_V2 | TG_FIELD(14, 10))
#define LPI_BASE 8192

static uint8_t vpriority_mask(const struct gic *g)
{
    return (uint8_t)(0xff << (8 - g->vpriority_bits));
}

static unsigned min_vbpr(const struct gic *g, unsigned group)
{
    return 7 - g->vprebits + group;
}

/* Virtual binary points below the minimum become the minimum. */
static uint32_t with_vbpr(const struct gic *g, uint32_t vmcr, unsigned group, unsigned v)
{
    unsigned min = min_vbpr(g, group);

    return (uint32_t)tg_with(vmcr, group ? ICH_VMCR_VBPR1 : ICH_VMCR_VBPR0, v < min ? min : v);
}

void gic_vif_reset(struct gic *g, struct gic_pe *p)
{
    memset(&p->v, 0, sizeof(p->v));
    gic_vif_set_vmcr(g, p, 0);
    gic_set_own_level(g, p, GIC_INTID_MAINTENANCE, false);
    gic_vif_update(g, p, tg_evq_now(g->model.env->evq));
}

void gic_vif_set_hcr(struct gic *g, struct gic_pe *p, uint32_t v)
{
    p->v.hcr =
        v & (uint32_t)(g->v2 ? HCR_V2 : HCR_V3 & ~ICH_HCR_TSEI); /* SEIs are not generated: TSEI is RES0 */
}

void gic_vif_set_vmcr(struct gic *g, struct gic_pe *p, uint32_t v)
{
    v &= (uint32_t)(g->v2 ? VMCR_V2 : VMCR_V3);
    if (!g->v2)
        v |= (uint32_t)ICH_VMCR_VFIQEN; /* RES1 with system registers */
    v = with_vbpr(g, v, 0, (unsigned)tg_get(v, ICH_VMCR_VBPR0));
    v = with_vbpr(g, v, 1, (unsigned)tg_get(v, ICH_VMCR_VBPR1));
    p->v.vmcr = (uint32_t)tg_with(v, ICH_VMCR_VPMR, tg_get(v, ICH_VMCR_VPMR) & vpriority_mask(g));
}

/* The only writer of list registers: keeps the summaries. */
static void put_lr(struct gic_pe *p, unsigned i, uint64_t lr)
{
    uint32_t bit = (uint32_t)TG_BIT(i);

    p->v.lr[i] = lr;
    p->v.lr_pending = (p->v.lr_pending & ~bit) | (lr & ICH_LR_PENDING ? bit : 0);
    p->v.lr_active = (p->v.lr_active & ~bit) | (lr & ICH_LR_ACTIVE ? bit : 0);
    p->v.lr_eoi = (p->v.lr_eoi & ~bit) | (!(lr & (ICH_LR_STATE | ICH_LR_HW)) && (lr & ICH_LR_EOI) ? bit : 0);
}

void gic_vif_settle(struct gic_pe *p)
{
    for (unsigned i = 0; i < GIC_MAX_LRS; i++)
        put_lr(p, i, p->v.lr[i]);
}

void gic_vif_set_lr(struct gic *g, struct gic_pe *p, unsigned i, uint64_t v)
{
    uint64_t vintid = tg_get(v, ICH_LR_VINTID) & (g->v2 ? 0x3ff : 0xffff);
    uint64_t pintid = tg_get(v, ICH_LR_PINTID) & ((v & ICH_LR_HW) || g->v2 ? 0x3ff : 0x200);

    g->n_lr_write++;
    put_lr(p, i,
           tg_put(ICH_LR_VINTID, vintid) | tg_put(ICH_LR_PINTID, pintid) |
               tg_put(ICH_LR_PRIORITY, tg_get(v, ICH_LR_PRIORITY) & vpriority_mask(g)) |
               (v & (ICH_LR_GROUP | ICH_LR_HW | ICH_LR_STATE)));
}

/* ---- status ---- */

uint32_t gic_vif_eisr(const struct gic *g, const struct gic_pe *p)
{
    (void)g;
    return p->v.lr_eoi;
}

uint32_t gic_vif_elrsr(const struct gic *g, const struct gic_pe *p)
{
    return (uint32_t)tg_ones(g->list_regs) & ~(p->v.lr_pending | p->v.lr_active | p->v.lr_eoi);
}

uint32_t gic_vif_misr(const struct gic *g, const struct gic_pe *p)
{
    uint32_t hcr = p->v.hcr, vmcr = p->v.vmcr;
    uint32_t valid = p->v.lr_pending | p->v.lr_active;
    uint64_t v = 0;

    (void)g;
    v |= p->v.lr_eoi ? ICH_MISR_EOI : 0;
    v |= (hcr & ICH_HCR_UIE) && !(valid & (valid - 1)) ? ICH_MISR_U : 0; /* none or one */
    v |= (hcr & ICH_HCR_LRENPIE) && (hcr & ICH_HCR_EOICOUNT) ? ICH_MISR_LRENP : 0;
    v |= (hcr & ICH_HCR_NPIE) && !(p->v.lr_pending & ~p->v.lr_active) ? ICH_MISR_NP : 0;
    v |= (hcr & ICH_HCR_VGRP0EIE) && (vmcr & ICH_VMCR_VENG0) ? ICH_MISR_VGRP0E : 0;
    v |= (hcr & ICH_HCR_VGRP0DIE) && !(vmcr & ICH_VMCR_VENG0) ? ICH_MISR_VGRP0D : 0;
    v |= (hcr & ICH_HCR_VGRP1EIE) && (vmcr & ICH_VMCR_VENG1) ? ICH_MISR_VGRP1E : 0;
    v |= (hcr & ICH_HCR_VGRP1DIE) && !(vmcr & ICH_VMCR_VENG1) ? ICH_MISR_VGRP1D : 0;
    return (uint32_t)v;
}

/* ---- priorities ---- */

static unsigned ap_rows(const struct gic *g)
{
    return g->v2 ? 1 : 2;
}

static unsigned lr_group(uint64_t lr)
{
    return (lr & ICH_LR_GROUP) != 0;
}

static uint8_t lr_priority(uint64_t lr)
{
    return (uint8_t)tg_get(lr, ICH_LR_PRIORITY);
}

static uint8_t vgroup_mask(const struct gic_pe *p, unsigned group)
{
    if (group && !(p->v.vmcr & ICH_VMCR_VCBPR))
        return gic_group_mask((unsigned)tg_get(p->v.vmcr, ICH_VMCR_VBPR1) - 1);
    return gic_group_mask((unsigned)tg_get(p->v.vmcr, ICH_VMCR_VBPR0));
}

unsigned gic_vif_bpr(const struct gic *g, const struct gic_pe *p, unsigned group)
{
    unsigned bpr0 = (unsigned)tg_get(p->v.vmcr, ICH_VMCR_VBPR0);

    (void)g;
    if (!group)
        return bpr0;
    if (p->v.vmcr & ICH_VMCR_VCBPR)
        return bpr0 < 7 ? bpr0 + 1 : 7;
    return (unsigned)tg_get(p->v.vmcr, ICH_VMCR_VBPR1);
}

void gic_vif_set_bpr(struct gic *g, struct gic_pe *p, unsigned group, unsigned v)
{
    if (group && (p->v.vmcr & ICH_VMCR_VCBPR))
        return;
    p->v.vmcr = with_vbpr(g, p->v.vmcr, group, v & 7);
}

uint8_t gic_vif_running(const struct gic *g, const struct gic_pe *p, unsigned *group)
{
    return gic_ap_highest(p->v.ap, ap_rows(g), g->vprebits, group);
}

int gic_vif_hppvi(const struct gic *g, const struct gic_pe *p)
{
    int best = -1;

    (void)g;
    if (!(p->v.hcr & ICH_HCR_EN))
        return -1;
    for (uint32_t lrs = p->v.lr_pending & ~p->v.lr_active; lrs; lrs &= lrs - 1) {
        unsigned i = (unsigned)__builtin_ctz(lrs);
        uint64_t lr = p->v.lr[i];

        if (!(p->v.vmcr & (lr_group(lr) ? ICH_VMCR_VENG1 : ICH_VMCR_VENG0)))
            continue;
        if (best < 0 || lr_priority(lr) < lr_priority(p->v.lr[best]))
            best = (int)i;
    }
    return best;
}

bool gic_vif_can_signal(const struct gic *g, const struct gic_pe *p, int i)
{
    unsigned group;

    return i >= 0 && gic_preempts(lr_priority(p->v.lr[i]), (uint8_t)tg_get(p->v.vmcr, ICH_VMCR_VPMR),
                                  gic_vif_running(g, p, &group), vgroup_mask(p, lr_group(p->v.lr[i])));
}

void gic_vif_update(struct gic *g, struct gic_pe *p, tg_time now)
{
    int i = gic_vif_hppvi(g, p);
    bool signal = gic_vif_can_signal(g, p, i);
    bool fiq = signal && !lr_group(p->v.lr[i]) && (p->v.vmcr & ICH_VMCR_VFIQEN);
    bool maintenance = (p->v.hcr & ICH_HCR_EN) && gic_vif_misr(g, p);

    tg_irq_set(&g->virq[p->index], signal && !fiq, now);
    tg_irq_set(&g->vfiq[p->index], fiq, now);
    if (maintenance != p->v.maintenance) {
        p->v.maintenance = maintenance;
        g->n_maintenance += maintenance;
        gic_set_own_level(g, p, GIC_INTID_MAINTENANCE, maintenance);
    }
}

/* ---- transitions ---- */

void gic_vif_acknowledge(struct gic *g, struct gic_pe *p, unsigned i)
{
    uint64_t lr = p->v.lr[i];
    unsigned group = lr_group(lr);

    g->n_ack_virtual++;
    gic_ap_set(p->v.ap[g->v2 ? 0 : group], lr_priority(lr) & vgroup_mask(p, group), g->vprebits);
    /* LPIs have no active state. */
    put_lr(p, i, (lr & ~ICH_LR_STATE) | (tg_get(lr, ICH_LR_VINTID) < LPI_BASE ? ICH_LR_ACTIVE : 0));
}

/* List register of an active virtual interrupt, or -1. GICv2: an SGI is known by its source PE in [12:10]
 * too. */
static int find_active(const struct gic *g, const struct gic_pe *p, uint32_t id)
{
    uint32_t vintid = g->v2 ? id & 0x3ff : id;

    for (uint32_t lrs = p->v.lr_active; lrs; lrs &= lrs - 1) {
        unsigned i = (unsigned)__builtin_ctz(lrs);
        uint64_t lr = p->v.lr[i];

        if (tg_get(lr, ICH_LR_VINTID) != vintid)
            continue;
        if (!g->v2 || vintid >= 16 || (lr & ICH_LR_HW) ||
            (tg_get(lr, ICH_LR_PINTID) & 7) == tg_get(id, TG_FIELD(12, 10)))
            return (int)i;
    }
    return -1;
}

static bool is_special(const struct gic *g, uint32_t id)
{
    if (g->v2)
        id &= 0x3ff;
    return id >= GIC_FIRST_SPEC && id <= GIC_INTID_SPURIOUS;
}

/* The virtual interrupt is no longer active; neither is the physical one behind it (IHI 0069 6.2.3). */
static void deactivate(struct gic *g, struct gic_pe *p, unsigned i)
{
    uint64_t lr = p->v.lr[i];
    unsigned pintid = (unsigned)tg_get(lr, ICH_LR_PINTID);

    put_lr(p, i, lr & ~ICH_LR_ACTIVE);
    if ((lr & ICH_LR_HW) && pintid >= 16 && pintid < GIC_FIRST_SPEC) {
        g->n_deactivate_hw++;
        gic_deactivate(g, p, pintid);
    }
}

static void count_eoi(struct gic_pe *p)
{
    p->v.hcr = (uint32_t)tg_with(p->v.hcr, ICH_HCR_EOICOUNT, tg_get(p->v.hcr, ICH_HCR_EOICOUNT) + 1);
}

void gic_vif_eoi(struct gic *g, struct gic_pe *p, uint32_t intid, int group)
{
    unsigned row = 0;
    uint8_t running = gic_vif_running(g, p, &row);
    bool split = (p->v.vmcr & ICH_VMCR_VEOIM) != 0;
    int i;

    if (is_special(g, intid))
        return;
    /* Nothing active, or the other group's register: UNPREDICTABLE, ignored here. */
    if (running == GIC_IDLE || (group >= 0 && !g->v2 && row != (unsigned)group))
        return;
    g->n_eoi_virtual++;
    gic_ap_clear(p->v.ap[row], running, g->vprebits);
    if (split || (!g->v2 && intid >= LPI_BASE))
        return;
    i = find_active(g, p, intid);
    if (i < 0)
        count_eoi(p);
    else
        deactivate(g, p, (unsigned)i);
}

void gic_vif_dir(struct gic *g, struct gic_pe *p, uint32_t intid)
{
    int i;

    if (!(p->v.vmcr & ICH_VMCR_VEOIM) || is_special(g, intid) || (!g->v2 && intid >= LPI_BASE))
        return;
    i = find_active(g, p, intid);
    if (i < 0)
        count_eoi(p);
    else
        deactivate(g, p, (unsigned)i);
}
