/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers with a field for each interrupt: groups, enables, pending and active state, priorities,
 * configuration (IHI 0069 12.9, 12.11; IHI 0048 4.3). The same callbacks serve GICD (SPIs; in GICv2 also the
 * accessing PE's own bank) and the SGI_base page of GICR: rows at offsets from GICR_SGI_BASE up are the
 * redistributor's, whose frame copy is the PE. Non-secure accesses see Group 1 Non-secure interrupts only,
 * and what NSACR lends them.
 */
#include "models/gic/gic_state.h"

#define SGIS 0x0000ffffu

/* The interrupts that an access is about. */
struct view {
    struct gic *g;
    struct gic_pe *p;   /* private interrupts of this PE, or NULL: SPIs */
    struct gic_bank *b; /* NULL: RAZ/WI */
    unsigned w;         /* SPI bank */
    uint32_t valid;     /* interrupts that exist */
};

bool gic_ns_view(const struct gic *g, const struct tg_reg_io *io)
{
    return !g->ds && !io->attrs->secure;
}

struct gic_pe *gic_requester(struct gic *g, const struct tg_reg_io *io)
{
    return io->attrs->requester < g->n_pes ? &g->pe[io->attrs->requester] : NULL;
}

static struct view view_of(struct tg_model *m, const struct tg_reg_io *io, unsigned bank)
{
    struct gic *g = gic_of(m);
    struct view v = {.g = g};

    if (io->reg->offset >= GICR_SGI_BASE) {
        v.p = &g->pe[io->frame_inst];
    } else if (bank == 0) {
        v.p = g->v2 ? gic_requester(g, io) : NULL; /* RES0 with affinity routing */
        if (!v.p)
            return v;
    }
    if (v.p) {
        v.b = &v.p->own;
        v.valid = UINT32_MAX;
    } else {
        v.w = bank - 1;
        v.valid = gic_spi_valid(g, v.w);
        v.b = v.valid ? &g->spi[v.w] : NULL;
    }
    return v;
}

/* Interrupts of the view that the access may touch. Non-secure: Group 1, and those whose NSACR is at least
 * `lent` (4: never). */
static uint32_t allowed(const struct view *v, const struct tg_reg_io *io, unsigned lent)
{
    uint32_t mask = v->b->group;

    if (!gic_ns_view(v->g, io))
        return v->valid;
    for (unsigned i = 0; i < 32; i++)
        if (v->b->nsacr[i] >= lent)
            mask |= (uint32_t)TG_BIT(i);
    return mask & v->valid;
}

static void touch(const struct view *v, const struct tg_reg_io *io, uint32_t mask)
{
    if (v->p) {
        gic_touch_own(v->g, v->p);
        gic_update_redist(v->g, io->now);
    } else {
        gic_touch_spi(v->g, v->w, mask);
        gic_update_dist(v->g, io->now);
    }
}

/* ---- groups: Secure only ---- */

uint64_t gic_read_group(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index);

    return v.b && !gic_ns_view(v.g, io) ? v.b->group : 0;
}

void gic_write_group(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b || gic_ns_view(v.g, io))
        return;
    v.b->group = (uint32_t)value & v.valid;
    touch(&v, io, v.valid);
}

uint64_t gic_read_grpmod(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index);

    return v.b && !v.g->ds && io->attrs->secure ? v.b->grpmod : 0;
}

void gic_write_grpmod(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b || v.g->ds || !io->attrs->secure)
        return;
    v.b->grpmod = (uint32_t)value & v.valid;
    touch(&v, io, v.valid);
}

/* ---- enables ---- */

uint64_t gic_read_enable(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index);

    return v.b ? v.b->enabled & allowed(&v, io, 4) : 0;
}

void gic_write_set_enable(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b)
        return;
    value &= allowed(&v, io, 4);
    v.b->enabled |= (uint32_t)value;
    touch(&v, io, (uint32_t)value);
}

void gic_write_clear_enable(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b)
        return;
    value &= allowed(&v, io, 4);
    if (v.g->v2 && v.p)
        value &= ~(uint64_t)SGIS; /* GIC-400: SGIs are always enabled */
    v.b->enabled &= ~(uint32_t)value;
    touch(&v, io, (uint32_t)value);
}

/* ---- pending: the latch, and the line of a level-sensitive interrupt ---- */

uint64_t gic_read_pending(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index);

    return v.b ? gic_pending(v.b) & allowed(&v, io, 1) : 0;
}

/* GICv2: SGIs are made pending by GICD_SPENDSGIR, which names the source. */
static uint32_t not_sgis(const struct view *v)
{
    return v->g->v2 && v->p ? ~SGIS : UINT32_MAX;
}

void gic_write_set_pending(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b)
        return;
    value &= allowed(&v, io, 1) & not_sgis(&v);
    v.b->latch |= (uint32_t)value;
    touch(&v, io, (uint32_t)value);
}

void gic_write_clear_pending(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b)
        return;
    value &= allowed(&v, io, 2) & not_sgis(&v);
    v.b->latch &= ~(uint32_t)value;
    touch(&v, io, (uint32_t)value);
}

/* ---- active ---- */

uint64_t gic_read_active(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index);

    return v.b ? v.b->active & allowed(&v, io, 2) : 0;
}

void gic_write_set_active(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b)
        return;
    value &= allowed(&v, io, 4);
    v.b->active |= (uint32_t)value;
    touch(&v, io, (uint32_t)value);
}

void gic_write_clear_active(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index);

    if (!v.b)
        return;
    value &= allowed(&v, io, 4);
    v.b->active &= ~(uint32_t)value;
    touch(&v, io, (uint32_t)value);
}

/* ---- priorities: a byte each; the Non-secure view is the upper half, doubled (IHI 0069 4.8.6) ---- */

uint64_t gic_read_priority(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index / 32);
    unsigned i = io->index % 32;

    if (!v.b || !(allowed(&v, io, 4) & TG_BIT(i)))
        return 0;
    return gic_ns_view(v.g, io) ? (v.b->priority[i] << 1) & 0xff : v.b->priority[i];
}

void gic_write_priority(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index / 32);
    unsigned i = io->index % 32;

    if (!v.b || !(allowed(&v, io, 4) & TG_BIT(i)))
        return;
    if (gic_ns_view(v.g, io))
        value = 0x80 | value >> 1;
    v.b->priority[i] = (uint8_t)value & gic_priority_mask(v.g);
    touch(&v, io, (uint32_t)TG_BIT(i));
}

/* ---- two bits each: 16 interrupts a register ---- */

#define ICFGR_EDGE 2

uint64_t gic_read_config(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index / 2);
    unsigned first = io->index % 2 * 16;
    uint64_t value = 0;

    if (!v.b)
        return 0;
    for (unsigned i = 0; i < 16; i++)
        if (v.b->edge & allowed(&v, io, 4) & TG_BIT(first + i))
            value |= (uint64_t)ICFGR_EDGE << (2 * i);
    return value;
}

/* SGIs are edge-triggered always; GICv2's PPIs level-sensitive, as in GIC-400. */
void gic_write_config(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index / 2);
    unsigned first = io->index % 2 * 16;
    uint32_t may, edge = 0;

    if (!v.b || (v.p && (first == 0 || v.g->v2)))
        return;
    may = allowed(&v, io, 4) & (uint32_t)TG_FIELD(first + 15, first);
    for (unsigned i = 0; i < 16; i++)
        if (value & ((uint64_t)ICFGR_EDGE << (2 * i)))
            edge |= (uint32_t)TG_BIT(first + i);
    v.b->edge = (v.b->edge & ~may) | (edge & may);
    touch(&v, io, may);
}

uint64_t gic_read_nsacr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct view v = view_of(m, io, io->index / 2);
    uint64_t value = 0;

    if (!v.b || v.g->ds || !io->attrs->secure)
        return 0;
    for (unsigned i = 0; i < 16; i++)
        value |= (uint64_t)v.b->nsacr[io->index % 2 * 16 + i] << (2 * i);
    return value;
}

void gic_write_nsacr(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct view v = view_of(m, io, io->index / 2);
    unsigned first = io->index % 2 * 16;

    if (!v.b || v.g->ds || !io->attrs->secure || (v.p && first))
        return;
    for (unsigned i = 0; i < 16; i++)
        if (v.valid & TG_BIT(first + i))
            v.b->nsacr[first + i] = (value >> (2 * i)) & 3;
}

void gic_message_spi(struct gic *g, const struct tg_reg_io *io, unsigned intid, bool set, bool ns)
{
    uint32_t bit = (uint32_t)TG_BIT(intid % 32);
    struct gic_bank *b;
    unsigned w;

    if (intid < 32 || intid - 32 >= g->spis)
        return;
    w = intid / 32 - 1;
    b = &g->spi[w];
    /* The _NSR registers reach Non-secure Group 1, and others as NSACR lends them. */
    if (ns && !g->ds && !(b->group & bit) && b->nsacr[intid % 32] < (set ? 1 : 2))
        return;
    if (set)
        b->latch |= bit;
    else if (!(b->edge & bit))
        b->latch &= ~bit;
    gic_touch_spi(g, w, bit);
    gic_update_dist(g, io->now);
}
