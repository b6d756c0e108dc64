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
    gic_update(g, io->now);
}

#define WORD(n, off, rd, wr, text)                                                                     \
    {                                                                                                  \
        .name = (n), .offset = SGI(off), .width = 4, .field = TG_NOFIELD, .read = (rd), .write = (wr), \
        .description = (text)                                                                          \
    }
#define CONST(n, off, v, text)                                                                        \
    {                                                                                                 \
        .name = (n), .offset = (off), .width = 4, .access = TG_RO, .reset = (v), .field = TG_NOFIELD, \
        .description = (text)                                                                         \
    }

const struct tg_reg gic_redist_regs[] = {
    CONST("GICR_CTLR", 0x0000, 0, "Control: nothing without LPIs, 12.11.2"),
    CONST("GICR_IIDR", 0x0004, IIDR, "Implementer, 12.11.9"),
    {.name = "GICR_TYPER",
     .offset = 0x0008,
     .width = 8,
     .access = TG_RO,
     .field = TG_NOFIELD,
     .read = read_typer,
     .description = "Type: affinity, number, last, 12.11.35"},
    {.name = "GICR_STATUSR",
     .offset = 0x0010,
     .width = 4,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "Error reporting: not implemented, 12.11.33"},
    {.name = "GICR_WAKER",
     .offset = 0x0014,
     .width = 4,
     .field = TG_NOFIELD,
     .read = read_waker,
     .write = write_waker,
     .description = "Power management, 12.11.42"},
    {.name = "GICR_SETLPIR",
     .offset = 0x0040,
     .width = 8,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "No LPIs"},
    {.name = "GICR_CLRLPIR",
     .offset = 0x0048,
     .width = 8,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "No LPIs"},
    {.name = "GICR_PROPBASER",
     .offset = 0x0070,
     .width = 8,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "No LPIs"},
    {.name = "GICR_PENDBASER",
     .offset = 0x0078,
     .width = 8,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "No LPIs"},
    {.name = "GICR_INVLPIR",
     .offset = 0x00a0,
     .width = 8,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "No LPIs"},
    {.name = "GICR_INVALLR",
     .offset = 0x00b0,
     .width = 8,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "No LPIs"},
    {.name = "GICR_SYNCR",
     .offset = 0x00c0,
     .width = 4,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .description = "Never busy"},
    CONST("GICR_PIDR4", 0xffd0, 0x44, "Peripheral id: Arm, 64 KiB frame"),
    CONST("GICR_PIDR5", 0xffd4, 0, "Peripheral id"),
    CONST("GICR_PIDR6", 0xffd8, 0, "Peripheral id"),
    CONST("GICR_PIDR7", 0xffdc, 0, "Peripheral id"),
    CONST("GICR_PIDR0", 0xffe0, 0x93, "Peripheral id: redistributor"),
    CONST("GICR_PIDR1", 0xffe4, 0xb4, "Peripheral id"),
    CONST("GICR_PIDR2", 0xffe8, PIDR2, "Peripheral id: architecture revision"),
    CONST("GICR_PIDR3", 0xffec, 0, "Peripheral id"),
    CONST("GICR_CIDR0", 0xfff0, 0x0d, "Component id"),
    CONST("GICR_CIDR1", 0xfff4, 0xf0, "Component id"),
    CONST("GICR_CIDR2", 0xfff8, 0x05, "Component id"),
    CONST("GICR_CIDR3", 0xfffc, 0xb1, "Component id"),
    WORD("GICR_IGROUPR0", 0x0080, gic_read_group, gic_write_group, "Groups of SGIs and PPIs, 12.11.10"),
    WORD("GICR_ISENABLER0", 0x0100, gic_read_enable, gic_write_set_enable, "Set enable, 12.11.20"),
    WORD("GICR_ICENABLER0", 0x0180, gic_read_enable, gic_write_clear_enable, "Clear enable, 12.11.5"),
    WORD("GICR_ISPENDR0", 0x0200, gic_read_pending, gic_write_set_pending, "Set pending, 12.11.22"),
    WORD("GICR_ICPENDR0", 0x0280, gic_read_pending, gic_write_clear_pending, "Clear pending, 12.11.8"),
    WORD("GICR_ISACTIVER0", 0x0300, gic_read_active, gic_write_set_active, "Set active, 12.11.18"),
    WORD("GICR_ICACTIVER0", 0x0380, gic_read_active, gic_write_clear_active, "Clear active, 12.11.3"),
    {.name = "GICR_IPRIORITYR",
     .offset = SGI(0x0400),
     .width = 1,
     .count = 32,
     .field = TG_NOFIELD,
     .read = gic_read_priority,
     .write = gic_write_priority,
     .description = "Priorities, a byte each, 12.11.17"},
    {.name = "GICR_ICFGR",
     .offset = SGI(0x0c00),
     .width = 4,
     .count = 2,
     .field = TG_NOFIELD,
     .read = gic_read_config,
     .write = gic_write_config,
     .description = "ICFGR0 (SGIs: edge, fixed) and ICFGR1 (PPIs), 12.11.6"},
    WORD("GICR_IGRPMODR0", 0x0d00, gic_read_grpmod, gic_write_grpmod, "Group modifiers, 12.11.12"),
    WORD("GICR_NSACR", 0x0e00, gic_read_nsacr, gic_write_nsacr,
         "Non-secure access control of SGIs, 12.11.26"),
};
