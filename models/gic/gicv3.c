/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Class gicv3: parameters, frames, counters, ports, and the life of an instance. GICv3.0 of IHI 0069H without
 * LPIs and ITS.
 *
 * Latencies are added to those of the PE and the fabric. Their defaults are round figures assumed for a
 * GIC-500/GIC-600 class controller beside a core that keeps list registers and masks locally; a preset
 * replaces them where measurements exist.
 */
#include <limits.h>
#include "models/base/regs.h"
#include "models/gic/gic_state.h"

static const struct tg_param params[] = {
    GIC_PARAM("spis", U32, spis, "interrupts", 256, 32, GIC_MAX_SPIS,
              "Shared peripheral interrupts: a multiple of 32 up to 960, or 988"),
    GIC_PARAM("priority_bits", U32, priority_bits, "bits", 5, 4, 8,
              "Implemented priority bits: 5 are 32 priorities (GIC-600, Neoverse N1)"),
    GIC_PARAM("virtual_priority_bits", U32, vpriority_bits, "bits", 5, 5, 8,
              "Implemented virtual priority bits, ICH_VTR_EL2.PRIbits (Neoverse N1: 5)"),
    GIC_PARAM("list_registers", U32, list_regs, "registers", 4, 1, GIC_MAX_LRS,
              "ICH_LR<n>_EL2, 1 to 16 (Cortex-A and Neoverse cores: 4)"),
    GIC_PARAM("security", BOOL, security, NULL, 0, 0, 0,
              "Two Security states (GICD_CTLR.DS resets to 0); otherwise one (DS is RAO/WI)"),
    GIC_LATENCY("dist_latency", GIC_LAT_DIST, 50, "Access to a distributor register (assumed)"),
    GIC_LATENCY("redist_latency", GIC_LAT_REDIST, 40, "Access to a redistributor register (assumed)"),
    GIC_LATENCY("ack_latency", GIC_LAT_ACK, 20, "ICC_IAR and ICC_HPPIR: ask the redistributor (assumed)"),
    GIC_LATENCY("eoi_latency", GIC_LAT_EOI, 10, "ICC_EOIR and ICC_DIR (assumed)"),
    GIC_LATENCY("sgi_latency", GIC_LAT_SGI, 20, "ICC_SGI0R, SGI1R, ASGI1R (assumed)"),
    GIC_LATENCY("control_latency", GIC_LAT_CONTROL, 2, "Other ICC registers (assumed)"),
    GIC_LATENCY("icv_latency", GIC_LAT_VIRTUAL, 4,
                "ICV registers: the virtual interface is in the core (assumed)"),
    GIC_LATENCY("ich_latency", GIC_LAT_ICH, 4, "ICH registers other than list registers (assumed)"),
    GIC_LATENCY("lr_latency", GIC_LAT_LR, 4, "ICH_LR<n>_EL2 (assumed)"),
    GIC_TIME("dist_time", dist_time, 10,
             "From a wire or message of an interrupt to what the distributor sends on (assumed)"),
    GIC_TIME("mesh_time", mesh_time, 15,
             "Interconnect between the distributor and a redistributor, one way (assumed)"),
    GIC_TIME("redist_time", redist_time, 10,
             "From a redistributor to its core, or back: a PPI's whole way, an SPI's and SGI's last one "
             "(assumed)"),
};

static const struct tg_reg_frame frames[] = {
    {.name = "dist", .size = 0x10000, .regs = gic_dist_regs, .n_regs = TG_ARRAY_SIZE(gic_dist_regs)},
    {.name = "redist",
     .size = 0x20000,
     .regs = gic_redist_regs,
     .n_regs = TG_ARRAY_SIZE(gic_redist_regs),
     .copies_offset_plus1 = offsetof(struct gic, n_pes) + 1},
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
    GIC_COUNTER(sysreg_read, "accesses", "System-register reads"),
    GIC_COUNTER(sysreg_write, "accesses", "System-register writes"),
    GIC_COUNTER(read, "accesses", "Register reads over the bus"),
    GIC_COUNTER(write, "accesses", "Register writes over the bus"),
};

static const struct tg_port ports[] = {
    GIC_OUT(irq, GIC_MAX_PES, "IRQ of each PE"),
    GIC_OUT(fiq, GIC_MAX_PES, "FIQ of each PE"),
    GIC_OUT(virq, GIC_MAX_PES, "Virtual IRQ of each PE"),
    GIC_OUT(vfiq, GIC_MAX_PES, "Virtual FIQ of each PE"),
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct gic *g = gic_of(m);
    int rc = gic_core_realize(g, err);

    if (rc)
        return rc;
    g->cpuif.access = gic_sysreg;
    g->cpuif.ctx_changed = g->security ? gic_ctx_changed : NULL;
    g->cpuif.reset = gic_pe_reset;
    g->cpuif.version = 3;
    return 0;
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
    struct gic *g = gic_of(m);

    txn->latency += g->latency[frame ? GIC_LAT_REDIST : GIC_LAT_DIST];
    g->access_latency = txn->latency;
    txn->write ? g->n_write++ : g->n_read++;
    tg_regs_transport(m, frame, txn);
}

static void settle(struct tg_model *m)
{
    gic_core_settle(gic_of(m));
}

const struct tg_model_class gicv3_class = {
    .name = "gicv3",
    .description =
        "Arm GICv3: distributor, redistributors, system-register CPU interface with virtualization",
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
    .dt_compatible = "arm,gic-v3\0",
};
