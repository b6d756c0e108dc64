/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 redistributor registers: RD_base and SGI_base, 128 KiB for each PE (IHI 0069H 12.10, 12.11). No LPIs:
 * GICR_CTLR.EnableLPIs is RES0, GICR_TYPER.PLPIS is 0, PROPBASER and PENDBASER are RES0.
 */
#include "models/gic/gic_state.h"

#define SGI(off) (GICR_SGI_BASE + (off))

#define TYPER_PROCESSOR TG_FIELD(23, 8)
#define TYPER_LAST      TG_BIT(4)
#define TYPER_AFFINITY  TG_FIELD(63, 32)

#define WAKER_PROCESSOR_SLEEP TG_BIT(1)
#define WAKER_CHILDREN_ASLEEP TG_BIT(2)

#define IIDR  0x0000043b
#define PIDR2 0x3b

static uint64_t read_typer(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);
    unsigned i = io->frame_inst;

    return tg_put(TYPER_AFFINITY, g->pe[i].affinity) | tg_put(TYPER_PROCESSOR, i) |
           (i + 1 == g->n_pes ? TYPER_LAST : 0);
}

/* Secure only. The interface follows ProcessorSleep at once. */
static uint64_t read_waker(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);

    return !gic_ns_view(g, io) && g->pe[io->frame_inst].asleep ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP
                                                               : 0;
}

static void write_waker(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = &g->pe[io->frame_inst];

    if (gic_ns_view(g, io))
        return;
    p->asleep = (v & WAKER_PROCESSOR_SLEEP) != 0;
    gic_reroute_one_of_n(g);
    gic_touch_own(g, p);
    gic_update_redist(g, io->now);
}

const struct tg_reg gic_redist_regs[] = {
    GIC_CONST("GICR_CTLR", 0x0000, 0, "Control: nothing without LPIs, 12.11.2"),
    GIC_CONST("GICR_IIDR", 0x0004, IIDR, "Implementer, 12.11.9"),
    GIC_REG("GICR_TYPER", 0x0008, 8, 1, TG_RO, read_typer, NULL, "Type: affinity, number, last, 12.11.35"),
    GIC_REG("GICR_STATUSR", 0x0010, 4, 1, TG_RES0, NULL, NULL, "Error reporting: not implemented, 12.11.33"),
    GIC_REG("GICR_WAKER", 0x0014, 4, 1, TG_RW, read_waker, write_waker, "Power management, 12.11.42"),
    GIC_REG("GICR_SETLPIR", 0x0040, 8, 1, TG_RES0, NULL, NULL, "No LPIs"),
    GIC_REG("GICR_CLRLPIR", 0x0048, 8, 1, TG_RES0, NULL, NULL, "No LPIs"),
    GIC_REG("GICR_PROPBASER", 0x0070, 8, 1, TG_RES0, NULL, NULL, "No LPIs"),
    GIC_REG("GICR_PENDBASER", 0x0078, 8, 1, TG_RES0, NULL, NULL, "No LPIs"),
    GIC_REG("GICR_INVLPIR", 0x00a0, 8, 1, TG_RES0, NULL, NULL, "No LPIs"),
    GIC_REG("GICR_INVALLR", 0x00b0, 8, 1, TG_RES0, NULL, NULL, "No LPIs"),
    GIC_REG("GICR_SYNCR", 0x00c0, 4, 1, TG_RES0, NULL, NULL, "Never busy"),
    GIC_CONST("GICR_PIDR4", 0xffd0, 0x44, "Peripheral id: Arm, 64 KiB frame"),
    GIC_CONST("GICR_PIDR5", 0xffd4, 0, "Peripheral id"),
    GIC_CONST("GICR_PIDR6", 0xffd8, 0, "Peripheral id"),
    GIC_CONST("GICR_PIDR7", 0xffdc, 0, "Peripheral id"),
    GIC_CONST("GICR_PIDR0", 0xffe0, 0x93, "Peripheral id: redistributor"),
    GIC_CONST("GICR_PIDR1", 0xffe4, 0xb4, "Peripheral id"),
    GIC_CONST("GICR_PIDR2", 0xffe8, PIDR2, "Peripheral id: architecture revision"),
    GIC_CONST("GICR_PIDR3", 0xffec, 0, "Peripheral id"),
    GIC_CONST("GICR_CIDR0", 0xfff0, 0x0d, "Component id"),
    GIC_CONST("GICR_CIDR1", 0xfff4, 0xf0, "Component id"),
    GIC_CONST("GICR_CIDR2", 0xfff8, 0x05, "Component id"),
    GIC_CONST("GICR_CIDR3", 0xfffc, 0xb1, "Component id"),
    GIC_REG("GICR_IGROUPR0", SGI(0x0080), 4, 1, TG_RW, gic_read_group, gic_write_group,
            "Groups of SGIs and PPIs, 12.11.10"),
    GIC_REG("GICR_ISENABLER0", SGI(0x0100), 4, 1, TG_RW, gic_read_enable, gic_write_set_enable,
            "Set enable, 12.11.20"),
    GIC_REG("GICR_ICENABLER0", SGI(0x0180), 4, 1, TG_RW, gic_read_enable, gic_write_clear_enable,
            "Clear enable, 12.11.5"),
    GIC_REG("GICR_ISPENDR0", SGI(0x0200), 4, 1, TG_RW, gic_read_pending, gic_write_set_pending,
            "Set pending, 12.11.22"),
    GIC_REG("GICR_ICPENDR0", SGI(0x0280), 4, 1, TG_RW, gic_read_pending, gic_write_clear_pending,
            "Clear pending, 12.11.8"),
    GIC_REG("GICR_ISACTIVER0", SGI(0x0300), 4, 1, TG_RW, gic_read_active, gic_write_set_active,
            "Set active, 12.11.18"),
    GIC_REG("GICR_ICACTIVER0", SGI(0x0380), 4, 1, TG_RW, gic_read_active, gic_write_clear_active,
            "Clear active, 12.11.3"),
    GIC_REG("GICR_IPRIORITYR", SGI(0x0400), 1, 32, TG_RW, gic_read_priority, gic_write_priority,
            "Priorities, a byte each, 12.11.17"),
    GIC_REG("GICR_ICFGR", SGI(0x0c00), 4, 2, TG_RW, gic_read_config, gic_write_config,
            "ICFGR0 (SGIs: edge, fixed) and ICFGR1 (PPIs), 12.11.6"),
    GIC_REG("GICR_IGRPMODR0", SGI(0x0d00), 4, 1, TG_RW, gic_read_grpmod, gic_write_grpmod,
            "Group modifiers, 12.11.12"),
    GIC_REG("GICR_NSACR", SGI(0x0e00), 4, 1, TG_RW, gic_read_nsacr, gic_write_nsacr,
            "Non-secure access control of SGIs, 12.11.26"),
};
