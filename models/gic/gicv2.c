/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Class gicv2: the GICv2 distributor's own registers (what differs from GICv3: targets, software-generated
 * interrupts by bus write, the banked first words), the class table and the life of an instance. IHI 0048B,
 * with GIC-400's (DDI 0471B) choices: SGIs are always enabled, PPIs level-sensitive. The CPU interfaces are
 * in gicc.c.
 */
#include <limits.h>
#include "models/base/regs.h"
#include "models/gic/gic_state.h"

#define CTLR_GRP0   TG_BIT(0)
#define CTLR_GRP1   TG_BIT(1)
#define CTLR_NS_ENA TG_BIT(0) /* EnableGrp1 in the Non-secure view */

#define TYPER_ITLINES  TG_FIELD(4, 0)
#define TYPER_CPUS     TG_FIELD(7, 5)
#define TYPER_SECURITY TG_BIT(10)

#define SGIR_FILTER  TG_FIELD(25, 24)
#define SGIR_TARGETS TG_FIELD(23, 16)
#define SGIR_NSATT   TG_BIT(15)
#define SGIR_INTID   TG_FIELD(3, 0)

enum sgi_filter {
    SGI_LIST,
    SGI_OTHERS,
    SGI_SELF,
};

#define IIDR  0x0200143b /* GIC-400 */
#define PIDR2 0x2b       /* GICv2, Arm */

static uint64_t read_ctlr(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);

    if (gic_ns_view(g, io))
        return g->enable[GIC_G1NS] ? CTLR_NS_ENA : 0;
    return (g->enable[GIC_G0] ? CTLR_GRP0 : 0) | (g->enable[GIC_G1NS] ? CTLR_GRP1 : 0);
}

static void write_ctlr(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);

    if (gic_ns_view(g, io)) {
        g->enable[GIC_G1NS] = (v & CTLR_NS_ENA) != 0;
    } else {
        g->enable[GIC_G0] = (v & CTLR_GRP0) != 0;
        g->enable[GIC_G1NS] = (v & CTLR_GRP1) != 0;
    }
    gic_touch_all(g);
    gic_update_dist(g, io->now);
}

static uint64_t read_typer(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct gic *g = gic_of(m);

    (void)io;
    return tg_put(TYPER_ITLINES, (g->spis + 31) / 32) | tg_put(TYPER_CPUS, g->n_pes - 1) |
           (g->security ? TYPER_SECURITY : 0);
}

/* The SPI a target byte is about, if the access may touch it; a uniprocessor has no targets (4.3.12). */
static bool find_spi(const struct gic *g, const struct tg_reg_io *io, unsigned *n)
{
    *n = io->index - 32;
    if (io->index < 32 || *n >= g->spis || g->n_pes == 1)
        return false;
    return !gic_ns_view(g, io) || (g->spi[*n / 32].group & TG_BIT(*n % 32)) ||
           g->spi[*n / 32].nsacr[*n % 32] == 3;
}

static uint64_t read_target(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);
    unsigned n;

    if (io->index < 32) /* the accessing PE itself */
        return p && g->n_pes > 1 ? TG_BIT(p->index) : 0;
    return find_spi(g, io, &n) ? g->target[n] : 0;
}

static void write_target(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    unsigned n;

    if (!find_spi(g, io, &n))
        return;
    gic_set_target(g, n, (uint8_t)v);
    gic_update_dist(g, io->now);
}

/* Line levels of PPIs and SPIs, as GIC-400 shows them. */
static uint64_t read_lines(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);
    const struct gic_bank *b = io->index ? &g->spi[io->index - 1] : p ? &p->own : NULL;

    if (!b)
        return 0;
    return gic_ns_view(g, io) ? b->level & b->group : b->level;
}

/* ---- SGIs ---- */

static bool own_group1(const struct gic_pe *p, unsigned n)
{
    return (p->own.group & TG_BIT(n)) != 0;
}

static bool sgi_visible(const struct gic *g, const struct tg_reg_io *io, const struct gic_pe *p, unsigned n)
{
    return !gic_ns_view(g, io) || own_group1(p, n) || p->own.nsacr[n] >= 1;
}

/* 4.3.15: Secure software says by NSATT which group it means; without Security Extensions all are forwarded.
 */
static void write_sgir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);
    unsigned n = (unsigned)tg_get(v, SGIR_INTID);
    uint64_t targets = tg_get(v, SGIR_TARGETS);

    if (!p)
        return;
    if (tg_get(v, SGIR_FILTER) == SGI_OTHERS)
        targets = ~TG_BIT(p->index);
    else if (tg_get(v, SGIR_FILTER) == SGI_SELF)
        targets = TG_BIT(p->index);
    else if (tg_get(v, SGIR_FILTER) != SGI_LIST)
        return;
    for (targets &= tg_ones(g->n_pes); targets; targets &= targets - 1) {
        struct gic_pe *t = &g->pe[__builtin_ctzll(targets)];

        if (!sgi_visible(g, io, t, n) ||
            (g->security && io->attrs->secure && own_group1(t, n) != ((v & SGIR_NSATT) != 0)))
            continue;
        gic_send_sgi(g, t, n, p->index, io->now + g->access_latency);
    }
    gic_update_dist(g, io->now);
}

static uint64_t read_sgi_sources(struct tg_model *m, const struct tg_reg_io *io)
{
    struct gic *g = gic_of(m);
    const struct gic_pe *p = gic_requester(g, io);

    return p && sgi_visible(g, io, p, io->index) ? p->sgi_source[io->index] : 0;
}

static void change_sgi_sources(struct tg_model *m, const struct tg_reg_io *io, uint64_t v, bool set)
{
    struct gic *g = gic_of(m);
    struct gic_pe *p = gic_requester(g, io);
    unsigned n = io->index;

    if (!p || !sgi_visible(g, io, p, n))
        return;
    v &= tg_ones(g->n_pes);
    p->sgi_source[n] = (uint8_t)(set ? p->sgi_source[n] | v : p->sgi_source[n] & ~v);
    if (p->sgi_source[n])
        p->own.latch |= (uint32_t)TG_BIT(n);
    else
        p->own.latch &= ~(uint32_t)TG_BIT(n);
    gic_touch_own(g, p);
    gic_update_dist(g, io->now);
}

static void write_cpendsgir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    change_sgi_sources(m, io, v, false);
}

static void write_spendsgir(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    change_sgi_sources(m, io, v, true);
}

/* ---- tables ---- */

static const struct tg_reg dist_regs[] = {
    GIC_REG("GICD_CTLR", 0x000, 4, 1, TG_RW, read_ctlr, write_ctlr, "Distributor control, 4.3.1"),
    GIC_REG("GICD_TYPER", 0x004, 4, 1, TG_RO, read_typer, NULL, "Interrupt controller type, 4.3.2"),
    GIC_CONST("GICD_IIDR", 0x008, IIDR, "Implementer: GIC-400, 4.3.3"),
    GIC_REG("GICD_IGROUPR", 0x080, 4, 32, TG_RW, gic_read_group, gic_write_group, "Groups, 4.3.4"),
    GIC_REG("GICD_ISENABLER", 0x100, 4, 32, TG_RW, gic_read_enable, gic_write_set_enable,
            "Set enable, 4.3.5"),
    GIC_REG("GICD_ICENABLER", 0x180, 4, 32, TG_RW, gic_read_enable, gic_write_clear_enable,
            "Clear enable, 4.3.6"),
    GIC_REG("GICD_ISPENDR", 0x200, 4, 32, TG_RW, gic_read_pending, gic_write_set_pending,
            "Set pending, 4.3.7"),
    GIC_REG("GICD_ICPENDR", 0x280, 4, 32, TG_RW, gic_read_pending, gic_write_clear_pending,
            "Clear pending, 4.3.8"),
    GIC_REG("GICD_ISACTIVER", 0x300, 4, 32, TG_RW, gic_read_active, gic_write_set_active,
            "Set active, 4.3.9"),
    GIC_REG("GICD_ICACTIVER", 0x380, 4, 32, TG_RW, gic_read_active, gic_write_clear_active,
            "Clear active, 4.3.10"),
    GIC_REG("GICD_IPRIORITYR", 0x400, 1, 1020, TG_RW, gic_read_priority, gic_write_priority,
            "Priorities, 4.3.11"),
    GIC_REG("GICD_ITARGETSR", 0x800, 1, 1020, TG_RW, read_target, write_target,
            "Targets, a bit for each PE, 4.3.12"),
    GIC_REG("GICD_ICFGR", 0xc00, 4, 64, TG_RW, gic_read_config, gic_write_config, "Edge or level, 4.3.13"),
    GIC_REG("GICD_PPISR_SPISR", 0xd00, 4, 32, TG_RO, read_lines, NULL, "Input lines, GIC-400 3.2.3"),
    GIC_REG("GICD_NSACR", 0xe00, 4, 64, TG_RW, gic_read_nsacr, gic_write_nsacr,
            "Non-secure access control, 4.3.14"),
    GIC_REG("GICD_SGIR", 0xf00, 4, 1, TG_WO, NULL, write_sgir, "Software-generated interrupt, 4.3.15"),
    GIC_REG("GICD_CPENDSGIR", 0xf10, 1, 16, TG_RW, read_sgi_sources, write_cpendsgir,
            "Clear pending SGI by source, 4.3.16"),
    GIC_REG("GICD_SPENDSGIR", 0xf20, 1, 16, TG_RW, read_sgi_sources, write_spendsgir,
            "Set pending SGI by source, 4.3.17"),
    GIC_CONST("GICD_PIDR4", 0xfd0, 0x04, "Peripheral id"),
    GIC_CONST("GICD_PIDR5", 0xfd4, 0, "Peripheral id"),
    GIC_CONST("GICD_PIDR6", 0xfd8, 0, "Peripheral id"),
    GIC_CONST("GICD_PIDR7", 0xfdc, 0, "Peripheral id"),
    GIC_CONST("GICD_PIDR0", 0xfe0, 0x90, "Peripheral id"),
    GIC_CONST("GICD_PIDR1", 0xfe4, 0xb4, "Peripheral id"),
    GIC_CONST("GICD_PIDR2", 0xfe8, PIDR2, "Peripheral id: architecture revision, 4.3.18"),
    GIC_CONST("GICD_PIDR3", 0xfec, 0, "Peripheral id"),
    GIC_CONST("GICD_CIDR0", 0xff0, 0x0d, "Component id"),
    GIC_CONST("GICD_CIDR1", 0xff4, 0xf0, "Component id"),
    GIC_CONST("GICD_CIDR2", 0xff8, 0x05, "Component id"),
    GIC_CONST("GICD_CIDR3", 0xffc, 0xb1, "Component id"),
};

static const struct tg_reg_frame frames[] = {
    {.name = "dist", .size = 0x1000, .regs = dist_regs, .n_regs = TG_ARRAY_SIZE(dist_regs)},
    {.name = "cpu", .size = 0x2000, .regs = gic_cpu_regs, .n_regs = TG_ARRAY_SIZE(gic_cpu_regs)},
    {.name = "hyp", .size = 0x2000, .regs = gic_hyp_regs, .n_regs = TG_ARRAY_SIZE(gic_hyp_regs)},
    {.name = "vcpu", .size = 0x2000, .regs = gic_vcpu_regs, .n_regs = TG_ARRAY_SIZE(gic_vcpu_regs)},
};

static const struct tg_param params[] = {
    GIC_PARAM("spis", U32, spis, "interrupts", 256, 32, GIC_MAX_SPIS,
              "Shared peripheral interrupts: a multiple of 32 up to 960, or 988"),
    GIC_PARAM("priority_bits", U32, priority_bits, "bits", 5, 4, 8, "Implemented priority bits (GIC-400: 5)"),
    GIC_PARAM("list_registers", U32, list_regs, "registers", 4, 1, GIC_MAX_LRS, "GICH_LR<n> (GIC-400: 4)"),
    GIC_PARAM("security", BOOL, security, NULL, 0, 0, 0, "Security Extensions: Secure and Non-secure views"),
    GIC_LATENCY("dist_latency", GIC_LAT_DIST, 60, "Access to a distributor register (assumed)"),
    GIC_LATENCY("cpu_latency", GIC_LAT_CPU, 40, "Access to GICC or GICV (assumed)"),
    GIC_LATENCY("hyp_latency", GIC_LAT_HYP, 100,
                "Access to GICH; ISCA 2016 measured about 3,250 cycles for saving a VGIC by some ten reads"),
    GIC_TIME("dist_time", dist_time, 10,
             "From a wire or message of an interrupt to what the distributor sends on (assumed)"),
    GIC_TIME("cpu_time", redist_time, 10,
             "From the distributor through a CPU interface to its core (assumed)"),
};

static const struct tg_counter counters[] = {
    GIC_COUNTER(ack_sgi, "interrupts", "SGIs acknowledged"),
    GIC_COUNTER(ack_ppi, "interrupts", "PPIs acknowledged"),
    GIC_COUNTER(ack_spi, "interrupts", "SPIs acknowledged"),
    GIC_COUNTER(ack_spurious, "reads", "Acknowledge reads that gave a special INTID"),
    GIC_COUNTER(ack_virtual, "interrupts", "Virtual interrupts acknowledged"),
    GIC_COUNTER(eoi, "interrupts", "Priority drops"),
    GIC_COUNTER(eoi_virtual, "interrupts", "Virtual priority drops"),
    GIC_COUNTER(deactivate, "interrupts", "Deactivations"),
    GIC_COUNTER(deactivate_hw, "interrupts", "Deactivations by the end of a virtual interrupt (LR.HW)"),
    GIC_COUNTER(sgi, "interrupts", "SGIs sent, one for each target"),
    GIC_COUNTER(raised, "edges", "Assertions of a PE's IRQ or FIQ"),
    GIC_COUNTER(lr_write, "writes", "List-register writes"),
    GIC_COUNTER(maintenance, "interrupts", "Maintenance interrupts"),
    GIC_COUNTER(read, "accesses", "Register reads over the bus"),
    GIC_COUNTER(write, "accesses", "Register writes over the bus"),
};

static const struct tg_port ports[] = {
    GIC_OUT(irq, GICV2_MAX_PES, "IRQ of each PE"),
    GIC_OUT(fiq, GICV2_MAX_PES, "FIQ of each PE"),
    GIC_OUT(virq, GICV2_MAX_PES, "Virtual IRQ of each PE"),
    GIC_OUT(vfiq, GICV2_MAX_PES, "Virtual FIQ of each PE"),
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct gic *g = gic_of(m);

    g->v2 = true;
    g->vpriority_bits = 5; /* GICH_LR has five bits of priority */
    g->cpuif.version = 2;
    return gic_core_realize(g, err);
}

static void reset(struct tg_model *m)
{
    gic_core_reset(gic_of(m));
}

static void fini(struct tg_model *m)
{
    gic_core_fini(gic_of(m));
}

static void transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    static const uint8_t kind[] = {GIC_LAT_DIST, GIC_LAT_CPU, GIC_LAT_HYP, GIC_LAT_CPU};
    struct gic *g = gic_of(m);

    txn->latency += g->latency[kind[frame]];
    g->access_latency = txn->latency;
    txn->write ? g->n_write++ : g->n_read++;
    tg_regs_transport(m, frame, txn);
}

static void settle(struct tg_model *m)
{
    gic_core_settle(gic_of(m));
}

const struct tg_model_class gicv2_class = {
    .name = "gicv2",
    .description = "Arm GICv2 (GIC-400): distributor, memory-mapped CPU interface, virtualization",
    .size = sizeof(struct gic),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = &gic_table,
    .irq_inputs = UINT_MAX,
    .realize = realize,
    .reset = reset,
    .settle = settle,
    .fini = fini,
    .irq_in = gic_irq_in,
    .transport = transport,
    .dt_compatible = "arm,gic-400\0arm,cortex-a15-gic\0",
};
