/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 distributor registers (IHI 0069H 12.8, 12.9). Affinity routing is always on: GICD_CTLR.ARE, ARE_S and
 * ARE_NS are RAO/WI, so SGIs and PPIs are RES0 here and in GICR instead. GICD_CTLR.DS is RAO/WI with a single
 * Security state; with two it can be set once, until reset. Extended SPIs, LPIs and NMIs are absent.
 */
#include "models/gic/gic_state.h"

#define CTLR_GRP0    TG_BIT(0)
#define CTLR_GRP1NS  TG_BIT(1)
#define CTLR_GRP1S   TG_BIT(2)
#define CTLR_ARE_S   TG_BIT(4)
#define CTLR_ARE_NS  TG_BIT(5)
#define CTLR_DS      TG_BIT(6)
#define CTLR_NS_GRP1 TG_BIT(1) /* EnableGrp1A in the Non-secure view */
#define CTLR_NS_ARE  TG_BIT(4)

#define TYPER_ITLINES  TG_FIELD(4, 0)
#define TYPER_SECURITY TG_BIT(10)
#define TYPER_MBIS     TG_BIT(16)
#define TYPER_IDBITS   TG_FIELD(23, 19)
#define TYPER_A3V      TG_BIT(24)
#define TYPER_RSS      TG_BIT(26)

#define IROUTER_MASK (TG_FIELD(39, 32) | TG_BIT(31) | TG_FIELD(23, 0))

#define IIDR  0x0000043b /* Arm, product 0: no errata workarounds match */
#define PIDR2 0x3b       /* GICv3, Arm */

static uint64_t read_ctlr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);
    uint64_t v;

    if (gic_ns_view(g, io))
        return CTLR_NS_ARE | (g->enable[GIC_G1NS] ? CTLR_NS_GRP1 : 0);
    v = CTLR_ARE_S | (g->enable[GIC_G0] ? CTLR_GRP0 : 0) | (g->enable[GIC_G1NS] ? CTLR_GRP1NS : 0);
    if (g->ds)
        return v | CTLR_DS;
    return v | CTLR_ARE_NS | (g->enable[GIC_G1S] ? CTLR_GRP1S : 0);
}

static void write_ctlr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);

    if (gic_ns_view(g, io)) {
        g->enable[GIC_G1NS] = (v & CTLR_NS_GRP1) != 0;
    } else {
        g->enable[GIC_G0] = (v & CTLR_GRP0) != 0;
        g->enable[GIC_G1NS] = (v & CTLR_GRP1NS) != 0;
        g->ds |= (v & CTLR_DS) != 0;
        g->enable[GIC_G1S] = !g->ds && (v & CTLR_GRP1S);
    }
    gic_touch_all(g);
    gic_update_dist(g, io->now);
}

static uint64_t read_typer(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);

    (void)io;
    return tg_put(TYPER_ITLINES, (g->spis + 31) / 32) | (g->ds ? 0 : TYPER_SECURITY) | TYPER_MBIS |
           tg_put(TYPER_IDBITS, 9) | (g->any_aff3 ? TYPER_A3V : 0) | (g->wide_aff0 ? TYPER_RSS : 0);
}

static void write_setspi_ns(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    gic_message_spi(gic_of(m), io, (unsigned)tg_get(v, TG_FIELD(12, 0)), true, true);
}

static void write_clrspi_ns(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    gic_message_spi(gic_of(m), io, (unsigned)tg_get(v, TG_FIELD(12, 0)), false, true);
}

/* The _SR registers are WI with a single Security state, and for Non-secure accesses. */
static void write_setspi_s(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    if (!gic_of(m)->ds && io->attrs->secure)
        gic_message_spi(gic_of(m), io, (unsigned)tg_get(v, TG_FIELD(12, 0)), true, false);
}

static void write_clrspi_s(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    if (!gic_of(m)->ds && io->attrs->secure)
        gic_message_spi(gic_of(m), io, (unsigned)tg_get(v, TG_FIELD(12, 0)), false, false);
}

static bool router_allowed(const struct gic *g, const struct tg_reg_io *io)
{
    const struct gic_bank *b = &g->spi[io->index / 32];

    if (io->index >= g->spis)
        return false;
    return !gic_ns_view(g, io) || (b->group & TG_BIT(io->index % 32)) || b->nsacr[io->index % 32] == 3;
}

static uint64_t read_irouter(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);

    return router_allowed(g, io) ? g->router[io->index] : 0;
}

static void write_irouter(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);

    if (!router_allowed(g, io))
        return;
    gic_set_router(g, io->index, v & IROUTER_MASK);
    gic_update_dist(g, io->now);
}

/* By message: a 16-bit write will do (GICD_SETSPI_NSR). */
#define GIC_MSG(n, off, wr, text)                                                                       \
    {                                                                                                   \
        .name = (n), .offset = (off), .width = 4, .sizes = 2 | 4, .access = TG_WO, .field = TG_NOFIELD, \
        .write = (wr), .description = (text)                                                            \
    }

const struct tg_reg gic_dist_regs[] = {
    GIC_REG("GICD_CTLR", 0x0000, 4, 1, TG_RW, read_ctlr, write_ctlr, "Distributor control, 12.9.4"),
    GIC_REG("GICD_TYPER", 0x0004, 4, 1, TG_RO, read_typer, NULL, "Interrupt controller type, 12.9.38"),
    GIC_CONST("GICD_IIDR", 0x0008, IIDR, "Implementer, 12.9.15"),
    GIC_CONST("GICD_TYPER2", 0x000c, 0, "Type 2: no GICv4.1, 12.9.39"),
    GIC_REG("GICD_STATUSR", 0x0010, 4, 1, TG_RES0, NULL, NULL, "Error reporting: not implemented, 12.9.37"),
    GIC_MSG("GICD_SETSPI_NSR", 0x0040, write_setspi_ns, "Set SPI by message, 12.9.34"),
    GIC_MSG("GICD_CLRSPI_NSR", 0x0048, write_clrspi_ns, "Clear SPI by message, 12.9.1"),
    GIC_MSG("GICD_SETSPI_SR", 0x0050, write_setspi_s, "Set SPI by message, Secure, 12.9.35"),
    GIC_MSG("GICD_CLRSPI_SR", 0x0058, write_clrspi_s, "Clear SPI by message, Secure, 12.9.2"),
    GIC_REG("GICD_IGROUPR", 0x0080, 4, 32, TG_RW, gic_read_group, gic_write_group,
            "Interrupt groups, 12.9.9"),
    GIC_REG("GICD_ISENABLER", 0x0100, 4, 32, TG_RW, gic_read_enable, gic_write_set_enable,
            "Set enable, 12.9.28"),
    GIC_REG("GICD_ICENABLER", 0x0180, 4, 32, TG_RW, gic_read_enable, gic_write_clear_enable,
            "Clear enable, 12.9.6"),
    GIC_REG("GICD_ISPENDR", 0x0200, 4, 32, TG_RW, gic_read_pending, gic_write_set_pending,
            "Set pending, 12.9.30"),
    GIC_REG("GICD_ICPENDR", 0x0280, 4, 32, TG_RW, gic_read_pending, gic_write_clear_pending,
            "Clear pending, 12.9.8"),
    GIC_REG("GICD_ISACTIVER", 0x0300, 4, 32, TG_RW, gic_read_active, gic_write_set_active,
            "Set active, 12.9.26"),
    GIC_REG("GICD_ICACTIVER", 0x0380, 4, 32, TG_RW, gic_read_active, gic_write_clear_active,
            "Clear active, 12.9.5"),
    GIC_REG("GICD_IPRIORITYR", 0x0400, 1, 1020, TG_RW, gic_read_priority, gic_write_priority,
            "Priorities, a byte each, 12.9.20"),
    GIC_REG("GICD_ITARGETSR", 0x0800, 1, 1020, TG_RES0, NULL, NULL,
            "Targets: RES0 with affinity routing, 12.9.32"),
    GIC_REG("GICD_ICFGR", 0x0c00, 4, 64, TG_RW, gic_read_config, gic_write_config, "Edge or level, 12.9.7"),
    GIC_REG("GICD_IGRPMODR", 0x0d00, 4, 32, TG_RW, gic_read_grpmod, gic_write_grpmod,
            "Group modifiers, 12.9.11"),
    GIC_REG("GICD_NSACR", 0x0e00, 4, 64, TG_RW, gic_read_nsacr, gic_write_nsacr,
            "Non-secure access control, 12.9.24"),
    GIC_REG("GICD_SGIR", 0x0f00, 4, 1, TG_RES0, NULL, NULL, "RES0 with affinity routing, 12.9.36"),
    GIC_REG("GICD_CPENDSGIR", 0x0f10, 4, 4, TG_RES0, NULL, NULL, "RES0 with affinity routing, 12.9.3"),
    GIC_REG("GICD_SPENDSGIR", 0x0f20, 4, 4, TG_RES0, NULL, NULL, "RES0 with affinity routing, 12.9.33"),
    GIC_REG("GICD_IROUTER", 0x6100, 8, GIC_MAX_SPIS, TG_RW, read_irouter, write_irouter,
            "Routing by affinity, from INTID 32 on, 12.9.22"),
    GIC_CONST("GICD_PIDR4", 0xffd0, 0x44, "Peripheral id: Arm, 64 KiB frame"),
    GIC_CONST("GICD_PIDR5", 0xffd4, 0, "Peripheral id"),
    GIC_CONST("GICD_PIDR6", 0xffd8, 0, "Peripheral id"),
    GIC_CONST("GICD_PIDR7", 0xffdc, 0, "Peripheral id"),
    GIC_CONST("GICD_PIDR0", 0xffe0, 0x92, "Peripheral id: distributor"),
    GIC_CONST("GICD_PIDR1", 0xffe4, 0xb4, "Peripheral id"),
    GIC_CONST("GICD_PIDR2", 0xffe8, PIDR2, "Peripheral id: architecture revision, 12.9.29"),
    GIC_CONST("GICD_PIDR3", 0xffec, 0, "Peripheral id"),
    GIC_CONST("GICD_CIDR0", 0xfff0, 0x0d, "Component id"),
    GIC_CONST("GICD_CIDR1", 0xfff4, 0xf0, "Component id"),
    GIC_CONST("GICD_CIDR2", 0xfff8, 0x05, "Component id"),
    GIC_CONST("GICD_CIDR3", 0xfffc, 0xb1, "Component id"),
};
