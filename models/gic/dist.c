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
    gic_update(g, io->now);
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
    gic_update(g, io->now);
}

#define WORDS(n, off, rd, wr, text)                                                               \
    {                                                                                             \
        .name = (n), .offset = (off), .width = 4, .count = 32, .field = TG_NOFIELD, .read = (rd), \
        .write = (wr), .description = (text)                                                      \
    }
#define CONST(n, off, v, text)                                                                        \
    {                                                                                                 \
        .name = (n), .offset = (off), .width = 4, .access = TG_RO, .reset = (v), .field = TG_NOFIELD, \
        .description = (text)                                                                         \
    }

const struct tg_reg gic_dist_regs[] = {
    {.name = "GICD_CTLR",
     .offset = 0x0000,
     .width = 4,
     .field = TG_NOFIELD,
     .read = read_ctlr,
     .write = write_ctlr,
     .description = "Distributor control, 12.9.4"},
    {.name = "GICD_TYPER",
     .offset = 0x0004,
     .width = 4,
     .access = TG_RO,
     .field = TG_NOFIELD,
     .read = read_typer,
     .description = "Interrupt controller type, 12.9.38"},
    CONST("GICD_IIDR", 0x0008, IIDR, "Implementer, 12.9.15"),
    CONST("GICD_TYPER2", 0x000c, 0, "Type 2: no GICv4.1, 12.9.39"),
    {.name = "GICD_STATUSR",
     .offset = 0x0010,
     .width = 4,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "Error reporting: not implemented, 12.9.37"},
    {.name = "GICD_SETSPI_NSR",
     .offset = 0x0040,
     .width = 4,
     .sizes = 2 | 4,
     .access = TG_WO,
     .field = TG_NOFIELD,
     .write = write_setspi_ns,
     .description = "Set SPI by message, 12.9.34"},
    {.name = "GICD_CLRSPI_NSR",
     .offset = 0x0048,
     .width = 4,
     .sizes = 2 | 4,
     .access = TG_WO,
     .field = TG_NOFIELD,
     .write = write_clrspi_ns,
     .description = "Clear SPI by message, 12.9.1"},
    {.name = "GICD_SETSPI_SR",
     .offset = 0x0050,
     .width = 4,
     .sizes = 2 | 4,
     .access = TG_WO,
     .field = TG_NOFIELD,
     .write = write_setspi_s,
     .description = "Set SPI by message, Secure, 12.9.35"},
    {.name = "GICD_CLRSPI_SR",
     .offset = 0x0058,
     .width = 4,
     .sizes = 2 | 4,
     .access = TG_WO,
     .field = TG_NOFIELD,
     .write = write_clrspi_s,
     .description = "Clear SPI by message, Secure, 12.9.2"},
    WORDS("GICD_IGROUPR", 0x0080, gic_read_group, gic_write_group, "Interrupt groups, 12.9.9"),
    WORDS("GICD_ISENABLER", 0x0100, gic_read_enable, gic_write_set_enable, "Set enable, 12.9.28"),
    WORDS("GICD_ICENABLER", 0x0180, gic_read_enable, gic_write_clear_enable, "Clear enable, 12.9.6"),
    WORDS("GICD_ISPENDR", 0x0200, gic_read_pending, gic_write_set_pending, "Set pending, 12.9.30"),
    WORDS("GICD_ICPENDR", 0x0280, gic_read_pending, gic_write_clear_pending, "Clear pending, 12.9.8"),
    WORDS("GICD_ISACTIVER", 0x0300, gic_read_active, gic_write_set_active, "Set active, 12.9.26"),
    WORDS("GICD_ICACTIVER", 0x0380, gic_read_active, gic_write_clear_active, "Clear active, 12.9.5"),
    {.name = "GICD_IPRIORITYR",
     .offset = 0x0400,
     .width = 1,
     .count = 1020,
     .field = TG_NOFIELD,
     .read = gic_read_priority,
     .write = gic_write_priority,
     .description = "Priorities, a byte each, 12.9.20"},
    {.name = "GICD_ITARGETSR",
     .offset = 0x0800,
     .width = 1,
     .count = 1020,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "Targets: RES0 with affinity routing, 12.9.32"},
    {.name = "GICD_ICFGR",
     .offset = 0x0c00,
     .width = 4,
     .count = 64,
     .field = TG_NOFIELD,
     .read = gic_read_config,
     .write = gic_write_config,
     .description = "Edge or level, 12.9.7"},
    WORDS("GICD_IGRPMODR", 0x0d00, gic_read_grpmod, gic_write_grpmod, "Group modifiers, 12.9.11"),
    {.name = "GICD_NSACR",
     .offset = 0x0e00,
     .width = 4,
     .count = 64,
     .field = TG_NOFIELD,
     .read = gic_read_nsacr,
     .write = gic_write_nsacr,
     .description = "Non-secure access control, 12.9.24"},
    {.name = "GICD_SGIR",
     .offset = 0x0f00,
     .width = 4,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "RES0 with affinity routing, 12.9.36"},
    {.name = "GICD_CPENDSGIR",
     .offset = 0x0f10,
     .width = 4,
     .count = 4,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "RES0 with affinity routing, 12.9.3"},
    {.name = "GICD_SPENDSGIR",
     .offset = 0x0f20,
     .width = 4,
     .count = 4,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "RES0 with affinity routing, 12.9.33"},
    {.name = "GICD_IROUTER",
     .offset = 0x6100,
     .width = 8,
     .count = GIC_MAX_SPIS,
     .field = TG_NOFIELD,
     .read = read_irouter,
     .write = write_irouter,
     .description = "Routing by affinity, from INTID 32 on, 12.9.22"},
    CONST("GICD_PIDR4", 0xffd0, 0x44, "Peripheral id: Arm, 64 KiB frame"),
    CONST("GICD_PIDR5", 0xffd4, 0, "Peripheral id"),
    CONST("GICD_PIDR6", 0xffd8, 0, "Peripheral id"),
    CONST("GICD_PIDR7", 0xffdc, 0, "Peripheral id"),
    CONST("GICD_PIDR0", 0xffe0, 0x92, "Peripheral id: distributor"),
    CONST("GICD_PIDR1", 0xffe4, 0xb4, "Peripheral id"),
    CONST("GICD_PIDR2", 0xffe8, PIDR2, "Peripheral id: architecture revision, 12.9.29"),
    CONST("GICD_PIDR3", 0xffec, 0, "Peripheral id"),
    CONST("GICD_CIDR0", 0xfff0, 0x0d, "Component id"),
    CONST("GICD_CIDR1", 0xfff4, 0xf0, "Component id"),
    CONST("GICD_CIDR2", 0xfff8, 0x05, "Component id"),
    CONST("GICD_CIDR3", 0xfffc, 0xb1, "Component id"),
};
