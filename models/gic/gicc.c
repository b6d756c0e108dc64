/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2's memory-mapped CPU interfaces: GICC (physical, IHI 0048B 4.4), GICH (hypervisor control, 5.3) and
 * GICV (virtual, 5.5), each banked by the accessing PE. Priorities and list registers themselves are in
 * cpuif.c and vcpuif.c, shared with GICv3.
 */
#include "models/gic/gic_state.h"

#define CTLR_GRP0        TG_BIT(0)
#define CTLR_GRP1        TG_BIT(1)
#define CTLR_ACKCTL      TG_BIT(2)
#define CTLR_FIQEN       TG_BIT(3)
#define CTLR_CBPR        TG_BIT(4)
#define CTLR_BYPASS      TG_FIELD(8, 5)
#define CTLR_EOIMODE     TG_BIT(9)
#define CTLR_EOIMODE_NS  TG_BIT(10) /* Secure view with Security Extensions */
#define CTLR_NS_GRP1     TG_BIT(0)
#define CTLR_NS_BYPASS   TG_FIELD(6, 5)
#define CTLR_GRP1_BYPASS TG_FIELD(8, 7)

#define IAR_INTID   TG_FIELD(9, 0)
#define IAR_CPUID   TG_FIELD(12, 10)
#define IIDR        0x0202143b /* GIC-400 */
#define GICC_SIZE   0x1000
#define GICH_ALIAS  0x1000 /* from here: one 0x200 block for each PE */
#define GICH_STRIDE 0x200

#define VTR_LISTREGS TG_FIELD(5, 0)
#define VTR_PREBITS  TG_FIELD(28, 26)
#define VTR_PRIBITS  TG_FIELD(31, 29)

#define LR2_VID      TG_FIELD(9, 0)
#define LR2_PID      TG_FIELD(19, 10) /* EOI is its top bit, the source PE its lowest three, when HW is 0 */
#define LR2_PRIORITY TG_FIELD(27, 23)
#define LR2_STATE    TG_FIELD(29, 28)
#define LR2_GROUP1   TG_BIT(30)
#define LR2_HW       TG_BIT(31)
#define LR_PRIORITY5 TG_FIELD(55, 51)

/* ---- GICC ---- */

static enum gic_sec bank_of(const struct gic *g, const struct tg_reg_io *io)
{
    return !g->ds && io->attrs->secure ? GIC_S : GIC_NS;
}

static void changed(struct gic *g, struct gic_pe *p, const struct tg_reg_io *io)
{
    gic_touch_own(g, p);
    gic_update(g, io->now);
}

static uint64_t read_ctlr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);
    uint64_t v;

    if (!p)
        return 0;
    if (gic_ns_view(g, io))
        return (p->igrpen[GIC_G1NS] ? CTLR_NS_GRP1 : 0) | (p->eoimode[GIC_NS] ? CTLR_EOIMODE : 0) |
               tg_put(CTLR_NS_BYPASS, tg_get(p->bypass, CTLR_GRP1_BYPASS));
    v = (p->igrpen[GIC_G0] ? CTLR_GRP0 : 0) | (p->igrpen[GIC_G1NS] ? CTLR_GRP1 : 0) |
        (p->ack_ctl ? CTLR_ACKCTL : 0) | (p->fiq_en ? CTLR_FIQEN : 0) | (p->cbpr[GIC_NS] ? CTLR_CBPR : 0) |
        p->bypass;
    if (g->ds)
        return v | (p->eoimode[GIC_NS] ? CTLR_EOIMODE : 0);
    return v | (p->eoimode[GIC_S] ? CTLR_EOIMODE : 0) | (p->eoimode[GIC_NS] ? CTLR_EOIMODE_NS : 0);
}

static void write_ctlr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return;
    if (gic_ns_view(g, io)) {
        p->igrpen[GIC_G1NS] = (v & CTLR_NS_GRP1) != 0;
        p->eoimode[GIC_NS] = (v & CTLR_EOIMODE) != 0;
        p->bypass = (uint16_t)tg_with(p->bypass, CTLR_GRP1_BYPASS, tg_get(v, CTLR_NS_BYPASS));
    } else {
        p->igrpen[GIC_G0] = (v & CTLR_GRP0) != 0;
        p->igrpen[GIC_G1NS] = (v & CTLR_GRP1) != 0;
        p->ack_ctl = (v & CTLR_ACKCTL) != 0;
        p->fiq_en = (v & CTLR_FIQEN) != 0;
        p->cbpr[GIC_NS] = (v & CTLR_CBPR) != 0;
        p->bypass = (uint16_t)(v & CTLR_BYPASS);
        p->eoimode[g->ds ? GIC_NS : GIC_S] = (v & CTLR_EOIMODE) != 0;
        if (!g->ds)
            p->eoimode[GIC_NS] = (v & CTLR_EOIMODE_NS) != 0;
    }
    changed(g, p, io);
}

static uint64_t ns_priority(uint64_t v)
{
    return v < 0x80 ? 0 : (v << 1) & 0xff;
}

static uint64_t read_pmr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return 0;
    return gic_ns_view(g, io) ? ns_priority(p->pmr) : p->pmr;
}

static void write_pmr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return;
    v &= 0xff;
    if (gic_ns_view(g, io)) {
        if (p->pmr < 0x80)
            return;
        v = 0x80 | v >> 1;
    }
    p->pmr = (uint8_t)v & gic_priority_mask(g);
    changed(g, p, io);
}

static void set_bpr(struct gic *g, struct gic_pe *p, const struct tg_reg_io *io, unsigned group, uint64_t v)
{
    unsigned min = gic_min_bpr(g, group);

    p->bpr[group] = (uint8_t)((v & 7) < min ? min : v & 7);
    changed(g, p, io);
}

/* The Non-secure GICC_BPR is Group 1's; with CBPR it reads the Secure one + 1, and writes are ignored
 * (4.4.3). */
static uint64_t read_bpr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return 0;
    if (!gic_ns_view(g, io))
        return p->bpr[GIC_G0];
    if (p->cbpr[GIC_NS])
        return p->bpr[GIC_G0] < 7 ? p->bpr[GIC_G0] + 1u : 7;
    return p->bpr[GIC_G1NS];
}

static void write_bpr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p || (gic_ns_view(g, io) && p->cbpr[GIC_NS]))
        return;
    set_bpr(g, p, io, gic_ns_view(g, io) ? GIC_G1NS : GIC_G0, v);
}

static uint64_t read_abpr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);

    return p && !gic_ns_view(g, io) ? p->bpr[GIC_G1NS] : 0;
}

static void write_abpr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (p && !gic_ns_view(g, io))
        set_bpr(g, p, io, GIC_G1NS, v);
}

/* What (A)IAR and (A)HPPIR show of an interrupt of the group (4.4.4, 4.4.11). */
static unsigned visible(const struct gic *g, const struct gic_pe *p, const struct tg_reg_io *io,
                        unsigned intid, unsigned group, bool alias)
{
    bool ns = gic_ns_view(g, io);

    if (intid == GIC_INTID_SPURIOUS || (alias && ns))
        return GIC_INTID_SPURIOUS;
    if (group == GIC_G0)
        return ns || alias ? (unsigned)GIC_INTID_SPURIOUS : intid;
    return ns || alias || p->ack_ctl ? intid : (unsigned)GIC_INTID_LEGACY;
}

static uint64_t acknowledge(struct tg_model *m, const struct tg_reg_io *io, bool alias)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);
    unsigned intid = GIC_INTID_SPURIOUS;
    uint32_t iar;

    if (p && gic_can_signal(g, p))
        intid = visible(g, p, io, p->hppi.intid, p->hppi.group, alias);
    if (intid >= GIC_FIRST_SPEC) {
        g->n_ack_spurious++;
        return intid;
    }
    iar = gic_acknowledge(g, p);
    gic_update(g, io->now);
    return iar;
}

static uint64_t read_iar(struct tg_model *m, const struct tg_reg_io *io)
{
    return acknowledge(m, io, false);
}

static uint64_t read_aiar(struct tg_model *m, const struct tg_reg_io *io)
{
    return acknowledge(m, io, true);
}

static uint64_t highest_pending(struct tg_model *m, const struct tg_reg_io *io, bool alias)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);
    const struct gic_hppi *h;
    unsigned intid;

    if (!p)
        return GIC_INTID_SPURIOUS;
    h = gic_hppi(g, p);
    intid = visible(g, p, io, h->intid, h->group, alias);
    if (intid < 16 && p->sgi_source[intid])
        return intid | tg_put(IAR_CPUID, (unsigned)__builtin_ctz(p->sgi_source[intid]));
    return intid;
}

static uint64_t read_hppir(struct tg_model *m, const struct tg_reg_io *io)
{
    return highest_pending(m, io, false);
}

static uint64_t read_ahppir(struct tg_model *m, const struct tg_reg_io *io)
{
    return highest_pending(m, io, true);
}

static void deactivate(struct gic *g, struct gic_pe *p, const struct tg_reg_io *io, unsigned intid)
{
    unsigned bit;
    struct gic_bank *b = gic_find(g, p, intid, &bit);

    if (b && (!gic_ns_view(g, io) || gic_group_of(g, b, bit) == GIC_G1NS))
        gic_deactivate(g, p, intid);
}

static void end(struct tg_model *m, const struct tg_reg_io *io, uint64_t v, bool group1_only)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);
    unsigned intid = (unsigned)tg_get(v, IAR_INTID);
    unsigned group;

    if (!p || intid >= GIC_FIRST_SPEC || gic_running(g, p, &group) == GIC_IDLE ||
        (group1_only && group == GIC_G0))
        return;
    gic_priority_drop(g, p);
    if (!p->eoimode[bank_of(g, io)])
        deactivate(g, p, io, intid);
    gic_update(g, io->now);
}

static void write_eoir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    end(m, io, v, gic_ns_view(gic_of(m), io));
}

static void write_aeoir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    if (!gic_ns_view(gic_of(m), io))
        end(m, io, v, true);
}

static void write_dir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p || !p->eoimode[bank_of(g, io)])
        return;
    deactivate(g, p, io, (unsigned)tg_get(v, IAR_INTID));
    gic_update(g, io->now);
}

static uint64_t read_rpr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);
    unsigned group;
    uint8_t running;

    if (!p)
        return 0;
    running = gic_running(g, p, &group);
    return running == GIC_IDLE || !gic_ns_view(g, io) ? running : ns_priority(running);
}

/* Active priorities: GICC_APRn is Group 0 and GICC_NSAPRn Group 1; a Non-secure GICC_APRn is the upper half
 * of Group 1 (4.4.13). */
static uint32_t *ns_half(const struct gic *g, struct gic_pe *p, unsigned i, unsigned *shift)
{
    unsigned first = (1u << g->prebits) / 2;

    *shift = first % 32;
    i += first / 32;
    return i < g->ap_regs && (*shift == 0 || i == 0) ? &p->ap[GIC_G1NS][i] : NULL;
}

static uint64_t read_apr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);
    unsigned shift;
    uint32_t *ap;

    if (!p || io->index >= g->ap_regs)
        return 0;
    if (!gic_ns_view(g, io))
        return p->ap[GIC_G0][io->index];
    ap = ns_half(g, p, io->index, &shift);
    return ap ? *ap >> shift : 0;
}

static void write_apr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);
    unsigned shift = 0;
    uint32_t *ap;

    if (!p || io->index >= g->ap_regs)
        return;
    ap = gic_ns_view(g, io) ? ns_half(g, p, io->index, &shift) : &p->ap[GIC_G0][io->index];
    if (!ap)
        return;
    *ap = ((uint32_t)v << shift | (*ap & (uint32_t)tg_ones(shift))) & gic_ap_mask(g->prebits);
    changed(g, p, io);
}

static uint64_t read_nsapr(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);

    return p && !gic_ns_view(g, io) && io->index < g->ap_regs ? p->ap[GIC_G1NS][io->index] : 0;
}

static void write_nsapr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p || gic_ns_view(g, io) || io->index >= g->ap_regs)
        return;
    p->ap[GIC_G1NS][io->index] = (uint32_t)v & gic_ap_mask(g->prebits);
    changed(g, p, io);
}

const struct tg_reg gic_cpu_regs[] = {
    GIC_REG("GICC_CTLR", 0x00, 4, 1, TG_RW, read_ctlr, write_ctlr, "CPU interface control, 4.4.1"),
    GIC_REG("GICC_PMR", 0x04, 4, 1, TG_RW, read_pmr, write_pmr, "Priority mask, 4.4.2"),
    GIC_REG("GICC_BPR", 0x08, 4, 1, TG_RW, read_bpr, write_bpr, "Binary point, 4.4.3"),
    GIC_REG("GICC_IAR", 0x0c, 4, 1, TG_RO, read_iar, NULL, "Acknowledge, 4.4.4"),
    GIC_REG("GICC_EOIR", 0x10, 4, 1, TG_WO, NULL, write_eoir, "End of interrupt, 4.4.5"),
    GIC_REG("GICC_RPR", 0x14, 4, 1, TG_RO, read_rpr, NULL, "Running priority, 4.4.6"),
    GIC_REG("GICC_HPPIR", 0x18, 4, 1, TG_RO, read_hppir, NULL, "Highest priority pending interrupt, 4.4.11"),
    GIC_REG("GICC_ABPR", 0x1c, 4, 1, TG_RW, read_abpr, write_abpr, "Group 1 binary point, 4.4.7"),
    GIC_REG("GICC_AIAR", 0x20, 4, 1, TG_RO, read_aiar, NULL, "Group 1 acknowledge, 4.4.8"),
    GIC_REG("GICC_AEOIR", 0x24, 4, 1, TG_WO, NULL, write_aeoir, "Group 1 end of interrupt, 4.4.9"),
    GIC_REG("GICC_AHPPIR", 0x28, 4, 1, TG_RO, read_ahppir, NULL, "Group 1 highest priority pending, 4.4.12"),
    GIC_REG("GICC_APR", 0xd0, 4, 4, TG_RW, read_apr, write_apr, "Active priorities, 4.4.13"),
    GIC_REG("GICC_NSAPR", 0xe0, 4, 4, TG_RW, read_nsapr, write_nsapr, "Group 1 active priorities, 4.4.14"),
    GIC_CONST("GICC_IIDR", 0xfc, IIDR, "Implementer: GIC-400, 4.4.15"),
    GIC_REG("GICC_DIR", 0x1000, 4, 1, TG_WO, NULL, write_dir, "Deactivate, 4.4.16"),
};

/* ---- GICH: rows below GICH_ALIAS are the accessing PE's, above PE number `index`'s ---- */

static struct gic_pe *hyp_pe(struct gic *g, const struct tg_reg_io *io)
{
    if (io->reg->offset < GICH_ALIAS)
        return gic_requester(g, io);
    return io->index < g->n_pes ? &g->pe[io->index] : NULL;
}

static void vif_changed(struct gic *g, struct gic_pe *p, const struct tg_reg_io *io)
{
    gic_vif_update(g, p, io->now);
    gic_update(g, io->now);
}

static uint64_t read_hcr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = hyp_pe(gic_of(m), io);

    return p ? p->v.hcr : 0;
}

static void write_hcr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = hyp_pe(g, io);

    if (!p)
        return;
    gic_vif_set_hcr(g, p, (uint32_t)v);
    vif_changed(g, p, io);
}

static uint64_t read_vtr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);

    (void)io;
    return tg_put(VTR_LISTREGS, g->list_regs - 1) | tg_put(VTR_PREBITS, g->vprebits - 1) |
           tg_put(VTR_PRIBITS, g->vpriority_bits - 1);
}

static uint64_t read_vmcr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = hyp_pe(gic_of(m), io);

    return p ? p->v.vmcr : 0;
}

static void write_vmcr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = hyp_pe(g, io);

    if (!p)
        return;
    gic_vif_set_vmcr(g, p, (uint32_t)v);
    vif_changed(g, p, io);
}

static uint64_t read_misr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = hyp_pe(gic_of(m), io);

    return p ? gic_vif_misr(gic_of(m), p) : 0;
}

static uint64_t read_eisr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = hyp_pe(gic_of(m), io);

    return p ? gic_vif_eisr(gic_of(m), p) : 0;
}

static uint64_t read_elrsr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = hyp_pe(gic_of(m), io);

    return p ? gic_vif_elrsr(gic_of(m), p) : 0;
}

static uint64_t read_hyp_apr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = hyp_pe(gic_of(m), io);

    return p ? p->v.ap[0][0] : 0;
}

static void write_hyp_apr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = hyp_pe(g, io);

    if (!p)
        return;
    p->v.ap[0][0] = (uint32_t)v;
    vif_changed(g, p, io);
}

/* List register number of a row: they stand from 0x100 on in each block. */
static unsigned lr_number(const struct tg_reg_io *io)
{
    return (io->reg->offset % GICH_STRIDE - 0x100) / 4;
}

static uint64_t read_lr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);
    const struct gic_pe *p = hyp_pe(gic_of(m), io);
    unsigned i = lr_number(io);
    uint64_t lr;

    if (!p || i >= g->list_regs)
        return 0;
    lr = p->v.lr[i];
    return tg_put(LR2_VID, tg_get(lr, ICH_LR_VINTID)) | tg_put(LR2_PID, tg_get(lr, ICH_LR_PINTID)) |
           tg_put(LR2_PRIORITY, tg_get(lr, LR_PRIORITY5)) | tg_put(LR2_STATE, tg_get(lr, ICH_LR_STATE)) |
           (lr & ICH_LR_GROUP ? LR2_GROUP1 : 0) | (lr & ICH_LR_HW ? LR2_HW : 0);
}

static void write_lr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = hyp_pe(g, io);
    unsigned i = lr_number(io);

    if (!p || i >= g->list_regs)
        return;
    gic_vif_set_lr(g, p, i,
                   tg_put(ICH_LR_VINTID, tg_get(v, LR2_VID)) | tg_put(ICH_LR_PINTID, tg_get(v, LR2_PID)) |
                       tg_put(LR_PRIORITY5, tg_get(v, LR2_PRIORITY)) |
                       tg_put(ICH_LR_STATE, tg_get(v, LR2_STATE)) | (v & LR2_GROUP1 ? ICH_LR_GROUP : 0) |
                       (v & LR2_HW ? ICH_LR_HW : 0));
    vif_changed(g, p, io);
}

#define GICH_ROW(base, n, nm, off, acc, rd, wr, text)                                            \
    {                                                                                            \
        .name = nm, .offset = (base) + (off), .width = 4, .count = (n), .stride = GICH_STRIDE,   \
        .access = (acc), .field = TG_NOFIELD, .read = (rd), .write = (wr), .description = (text) \
    }
#define GICH_LR(base, n, pre, i) \
    GICH_ROW(base, n, pre "LR" #i, 0x100 + 4 * (i), TG_RW, read_lr, write_lr, "List register, 5.3.9")
#define GICH_ROWS(base, n, pre)                                                                              \
    GICH_ROW(base, n, pre "HCR", 0x00, TG_RW, read_hcr, write_hcr, "Hypervisor control, 5.3.1"),             \
        GICH_ROW(base, n, pre "VTR", 0x04, TG_RO, read_vtr, NULL, "VGIC type, 5.3.2"),                       \
        GICH_ROW(base, n, pre "VMCR", 0x08, TG_RW, read_vmcr, write_vmcr, "Virtual machine control, 5.3.8"), \
        GICH_ROW(base, n, pre "MISR", 0x10, TG_RO, read_misr, NULL, "Maintenance status, 5.3.3"),            \
        GICH_ROW(base, n, pre "EISR0", 0x20, TG_RO, read_eisr, NULL, "End of interrupt status, 5.3.4"),      \
        GICH_ROW(base, n, pre "EISR1", 0x24, TG_RES0, NULL, NULL, "No list registers past 31"),              \
        GICH_ROW(base, n, pre "ELRSR0", 0x30, TG_RO, read_elrsr, NULL, "Empty list registers, 5.3.5"),       \
        GICH_ROW(base, n, pre "ELRSR1", 0x34, TG_RES0, NULL, NULL, "No list registers past 31"),             \
        GICH_ROW(base, n, pre "APR", 0xf0, TG_RW, read_hyp_apr, write_hyp_apr, "Active priorities, 5.3.7"),  \
        GICH_LR(base, n, pre, 0), GICH_LR(base, n, pre, 1), GICH_LR(base, n, pre, 2),                        \
        GICH_LR(base, n, pre, 3), GICH_LR(base, n, pre, 4), GICH_LR(base, n, pre, 5),                        \
        GICH_LR(base, n, pre, 6), GICH_LR(base, n, pre, 7), GICH_LR(base, n, pre, 8),                        \
        GICH_LR(base, n, pre, 9), GICH_LR(base, n, pre, 10), GICH_LR(base, n, pre, 11),                      \
        GICH_LR(base, n, pre, 12), GICH_LR(base, n, pre, 13), GICH_LR(base, n, pre, 14),                     \
        GICH_LR(base, n, pre, 15)

const struct tg_reg gic_hyp_regs[] = {
    GICH_ROWS(0, 1, "GICH_"),
    GICH_ROWS(GICH_ALIAS, GICV2_MAX_PES, "GICH_CPU_"),
};

/* ---- GICV: GICC's layout over the virtual interface; GICV_CTLR's bits are GICH_VMCR's ---- */

#define GICV_CTLR_MASK \
    (ICH_VMCR_VENG0 | ICH_VMCR_VENG1 | ICH_VMCR_VACKCTL | ICH_VMCR_VFIQEN | ICH_VMCR_VCBPR | ICH_VMCR_VEOIM)

static uint64_t vmcr_field(struct tg_model *m, const struct tg_reg_io *io, uint64_t field)
{
    const struct gic_pe *p = gic_requester(gic_of(m), io);

    return p ? tg_get(p->v.vmcr, field) : 0;
}

static void set_vmcr_field(struct tg_model *m, const struct tg_reg_io *io, uint64_t field, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return;
    gic_vif_set_vmcr(g, p, (uint32_t)tg_with(p->v.vmcr, field, v));
    vif_changed(g, p, io);
}

static uint64_t read_vctlr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = gic_requester(gic_of(m), io);

    return p ? p->v.vmcr & GICV_CTLR_MASK : 0;
}

static void write_vctlr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return;
    gic_vif_set_vmcr(g, p, (uint32_t)((p->v.vmcr & ~GICV_CTLR_MASK) | (v & GICV_CTLR_MASK)));
    vif_changed(g, p, io);
}

static uint64_t read_vpmr(struct tg_model *m, const struct tg_reg_io *io)
{
    return vmcr_field(m, io, ICH_VMCR_VPMR);
}

static void write_vpmr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    set_vmcr_field(m, io, ICH_VMCR_VPMR, v);
}

static uint64_t read_vbpr(struct tg_model *m, const struct tg_reg_io *io)
{
    return vmcr_field(m, io, ICH_VMCR_VBPR0);
}

static void write_vbpr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    set_vmcr_field(m, io, ICH_VMCR_VBPR0, v);
}

static uint64_t read_vabpr(struct tg_model *m, const struct tg_reg_io *io)
{
    return vmcr_field(m, io, ICH_VMCR_VBPR1);
}

static void write_vabpr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    set_vmcr_field(m, io, ICH_VMCR_VBPR1, v);
}

/* What GICV_(A)IAR and (A)HPPIR show of list register i, which may be -1. */
static uint64_t vvisible(const struct gic_pe *p, int i, bool alias)
{
    uint64_t lr, id;

    if (i < 0)
        return GIC_INTID_SPURIOUS;
    lr = p->v.lr[i];
    if (lr & ICH_LR_GROUP) {
        if (!alias && !(p->v.vmcr & ICH_VMCR_VACKCTL))
            return GIC_INTID_LEGACY;
    } else if (alias) {
        return GIC_INTID_SPURIOUS;
    }
    id = tg_get(lr, ICH_LR_VINTID);
    return id < 16 && !(lr & ICH_LR_HW) ? id | tg_put(IAR_CPUID, tg_get(lr, ICH_LR_PINTID)) : id;
}

static uint64_t vacknowledge(struct tg_model *m, const struct tg_reg_io *io, bool alias)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);
    int i = p ? gic_vif_hppvi(g, p) : -1;
    uint64_t v = vvisible(p, p && gic_vif_can_signal(g, p, i) ? i : -1, alias);

    if (tg_get(v, IAR_INTID) < GIC_FIRST_SPEC) {
        gic_vif_acknowledge(g, p, (unsigned)i);
        vif_changed(g, p, io);
    }
    return v;
}

static uint64_t read_viar(struct tg_model *m, const struct tg_reg_io *io)
{
    return vacknowledge(m, io, false);
}

static uint64_t read_vaiar(struct tg_model *m, const struct tg_reg_io *io)
{
    return vacknowledge(m, io, true);
}

static uint64_t read_vhppir(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = gic_requester(gic_of(m), io);

    return vvisible(p, p ? gic_vif_hppvi(gic_of(m), p) : -1, false);
}

static uint64_t read_vahppir(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = gic_requester(gic_of(m), io);

    return vvisible(p, p ? gic_vif_hppvi(gic_of(m), p) : -1, true);
}

static void write_veoir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return;
    gic_vif_eoi(g, p, (uint32_t)(v & (IAR_INTID | IAR_CPUID)), -1);
    vif_changed(g, p, io);
}

static void write_vdir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return;
    gic_vif_dir(g, p, (uint32_t)(v & (IAR_INTID | IAR_CPUID)));
    vif_changed(g, p, io);
}

static uint64_t read_vrpr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = gic_requester(gic_of(m), io);
    unsigned group;

    return p ? gic_vif_running(gic_of(m), p, &group) : 0;
}

static uint64_t read_vapr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic_pe *p = gic_requester(gic_of(m), io);

    return p ? p->v.ap[0][0] : 0;
}

static void write_vapr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);

    if (!p)
        return;
    p->v.ap[0][0] = (uint32_t)v;
    vif_changed(g, p, io);
}

const struct tg_reg gic_vcpu_regs[] = {
    GIC_REG("GICV_CTLR", 0x00, 4, 1, TG_RW, read_vctlr, write_vctlr, "Virtual control, 5.5.1"),
    GIC_REG("GICV_PMR", 0x04, 4, 1, TG_RW, read_vpmr, write_vpmr, "Virtual priority mask, 5.5.2"),
    GIC_REG("GICV_BPR", 0x08, 4, 1, TG_RW, read_vbpr, write_vbpr, "Virtual binary point, 5.5.3"),
    GIC_REG("GICV_IAR", 0x0c, 4, 1, TG_RO, read_viar, NULL, "Virtual acknowledge, 5.5.4"),
    GIC_REG("GICV_EOIR", 0x10, 4, 1, TG_WO, NULL, write_veoir, "Virtual end of interrupt, 5.5.5"),
    GIC_REG("GICV_RPR", 0x14, 4, 1, TG_RO, read_vrpr, NULL, "Virtual running priority, 5.5.6"),
    GIC_REG("GICV_HPPIR", 0x18, 4, 1, TG_RO, read_vhppir, NULL, "Virtual highest priority pending, 5.5.7"),
    GIC_REG("GICV_ABPR", 0x1c, 4, 1, TG_RW, read_vabpr, write_vabpr, "Virtual Group 1 binary point, 5.5.8"),
    GIC_REG("GICV_AIAR", 0x20, 4, 1, TG_RO, read_vaiar, NULL, "Virtual Group 1 acknowledge, 5.5.9"),
    GIC_REG("GICV_AEOIR", 0x24, 4, 1, TG_WO, NULL, write_veoir, "Virtual Group 1 end of interrupt, 5.5.10"),
    GIC_REG("GICV_AHPPIR", 0x28, 4, 1, TG_RO, read_vahppir, NULL, "Virtual Group 1 highest pending, 5.5.11"),
    GIC_REG("GICV_APR0", 0xd0, 4, 1, TG_RW, read_vapr, write_vapr, "Virtual active priorities, 5.5.12"),
    GIC_REG("GICV_APR1", 0xd4, 4, 3, TG_RES0, NULL, NULL, "32 priorities need one register, 5.5.12"),
    GIC_CONST("GICV_IIDR", 0xfc, IIDR, "Implementer: GIC-400, 5.5.13"),
    GIC_REG("GICV_DIR", 0x1000, 4, 1, TG_WO, NULL, write_vdir, "Virtual deactivate, 5.5.14"),
};
