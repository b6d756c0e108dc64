/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of an interrupt controller, private to models/gic, and the functions its files offer one another:
 *   core.c    state of each interrupt, the highest priority pending one of each PE, SGIs; shared by GICv2 and
 * GICv3 cpuif.c   physical CPU interface: acknowledge, priority drop, deactivation; shared vcpuif.c  virtual
 * CPU interface: list registers, maintenance interrupt; shared sysreg.c  ICC_*, ICV_*, ICH_* as system
 * registers (GICv3) irqregs.c register callbacks of per-interrupt state, for GICD and GICR dist.c    GICD of
 * GICv3; redist.c GICR; gicv3.c the class gicc.c    GICC, GICH, GICV; gicv2.c GICD of GICv2 and the class
 * LPIs and the ITS (its.c) come later: INTIDs of 8192 and up are known to the virtual interface only.
 */
#ifndef TG_GIC_GIC_STATE_H
#define TG_GIC_GIC_STATE_H

#include "models/gic/gic.h"

#define GIC_SPI_BANKS  31 /* of 32 interrupts */
#define GIC_MAX_LRS    16
#define GIC_AP_REGS    4    /* 128 preemption levels */
#define GIC_IDLE       0xff /* running priority when nothing is active */
#define GIC_FIRST_SPEC 1020 /* special INTIDs 1020..1023 */

enum gic_special {
    GIC_INTID_SECURE = 1020,    /* to EL3: a Secure Group 1 interrupt is pending */
    GIC_INTID_NONSECURE = 1021, /* to EL3: a Non-secure Group 1 interrupt is pending */
    GIC_INTID_LEGACY = 1022,    /* GICv2: a Group 1 interrupt is pending, AckCtl is 0 */
    GIC_INTID_SPURIOUS = 1023,
};

/* With a single Security state Group 1 is GIC_G1NS. */
enum gic_group {
    GIC_G0,
    GIC_G1S,
    GIC_G1NS,
    GIC_GROUPS,
};

/* Security bank of the CPU interface's banked registers. */
enum gic_sec {
    GIC_S,
    GIC_NS,
    GIC_EL3, /* ICC_CTLR_EL3's own EOImode */
    GIC_SECS,
};

/* 32 interrupts, a bit each. */
struct gic_bank {
    uint32_t enabled;
    uint32_t latch; /* edge seen, SGI sent or ISPENDR written; cleared by acknowledge or ICPENDR */
    uint32_t level; /* the input line */
    uint32_t active;
    uint32_t edge; /* edge-triggered (ICFGR bit 1) */
    uint32_t group, grpmod;
    uint8_t priority[32]; /* Secure view; unimplemented bits are 0 */
    uint8_t nsacr[32];
};

struct gic_hppi {
    uint16_t intid; /* GIC_INTID_SPURIOUS: none */
    uint8_t priority;
    uint8_t group;
};

/* Virtual CPU interface. GICv2's registers are converted: GICH_VMCR, HCR and the LR fields mean the same. */
struct gic_vif {
    uint32_t hcr;
    uint32_t vmcr;
    uint32_t ap[2][GIC_AP_REGS]; /* by virtual group; GICv2 keeps both groups in [0] */
    uint64_t lr[GIC_MAX_LRS];
    /* What the list registers hold, a bit each: pending, active (both: active and pending), EOI to be
     * reported. */
    uint32_t lr_pending, lr_active, lr_eoi;
    bool maintenance;
};

struct gic_pe {
    unsigned index;
    uint32_t affinity;      /* Aff3.Aff2.Aff1.Aff0 */
    struct gic_bank own;    /* SGIs and PPIs */
    uint8_t sgi_source[16]; /* GICv2: PEs that an SGI is pending from */
    /* SGIs on their way here (arrival.c), a bit each, when they arrive, and for GICv2 from which PEs */
    uint16_t sgi_coming;
    tg_time sgi_at[16];
    uint8_t sgi_from[16];
    bool asleep; /* GICR_WAKER.ProcessorSleep */
    uint8_t el;
    bool secure;
    /* SPIs that are pending, enabled, not active and routed here; groups are filtered when the best is looked
     * for. */
    uint32_t cand[GIC_SPI_BANKS];
    uint32_t cand_banks; /* which words of cand are not 0 */
    bool stale;          /* hppi must be looked for again */
    struct gic_hppi hppi;
    /* physical CPU interface */
    uint8_t pmr;
    uint8_t bpr[GIC_GROUPS];
    bool igrpen[GIC_GROUPS];
    uint32_t ap[GIC_GROUPS][GIC_AP_REGS];
    bool cbpr[2];           /* by enum gic_sec */
    bool eoimode[GIC_SECS]; /* priority drop only */
    bool ack_ctl, fiq_en;   /* GICv2 */
    uint16_t bypass;        /* GICv2: GICC_CTLR bypass bits, kept only */
    struct gic_vif v;
};

/* Kinds of access that have a latency parameter each. */
enum gic_latency {
    GIC_LAT_DIST,
    GIC_LAT_REDIST,
    GIC_LAT_CPU, /* GICC, GICV */
    GIC_LAT_HYP, /* GICH */
    GIC_LAT_ACK, /* system registers from here on */
    GIC_LAT_EOI,
    GIC_LAT_SGI,
    GIC_LAT_CONTROL,
    GIC_LAT_VIRTUAL,
    GIC_LAT_ICH,
    GIC_LAT_LR,
    GIC_LATENCIES,
};

struct gic {
    struct tg_model model;
    bool v2;
    /* parameters */
    uint32_t spis, priority_bits, vpriority_bits, list_regs;
    bool security;
    uint64_t latency[GIC_LATENCIES];
    uint64_t dist_time, redist_time,
        mesh_time; /* ps; GICv2: from the distributor to the core is redist_time */
    /* */
    uint32_t n_pes;
    uint32_t mpidr[GIC_MAX_PES]; /* affinities, until realize */
    struct gic_pe *pe;           /* [n_pes] */
    struct tg_gic_cpuif cpuif;
    bool ds;                    /* GICD_CTLR.DS, or a single Security state */
    bool enable[GIC_GROUPS];    /* GICD_CTLR */
    bool wide_aff0, any_aff3;   /* some Aff0 above 15; some Aff3 not 0 */
    unsigned prebits, vprebits; /* bits of a group priority at most, physical and virtual */
    unsigned ap_regs, vap_regs;
    struct gic_bank spi[GIC_SPI_BANKS];
    /* The wires of SPIs, and rising edges that are on their way into the distributor (arrival.c) */
    uint32_t spi_wire[GIC_SPI_BANKS], spi_coming[GIC_SPI_BANKS];
    tg_time spi_at[GIC_MAX_SPIS];
    struct tg_event arrival; /* the earliest of them and of the SGIs */
    tg_time access_latency;  /* until the bus access that is under way gets to the registers */
    uint64_t router[GIC_MAX_SPIS];
    int16_t route[GIC_MAX_SPIS]; /* GICv3: PE the SPI goes to; -1: none */
    uint32_t one_of_n[GIC_SPI_BANKS];
    uint8_t target[GIC_MAX_SPIS];     /* GICv2: PEs the SPI goes to */
    uint64_t stale[GIC_MAX_PES / 64]; /* PEs whose outputs must be looked at */
    struct tg_irq irq[GIC_MAX_PES], fiq[GIC_MAX_PES], virq[GIC_MAX_PES], vfiq[GIC_MAX_PES];
    /* counters */
    uint64_t n_ack_sgi, n_ack_ppi, n_ack_spi, n_ack_spurious, n_ack_virtual, n_eoi, n_eoi_virtual,
        n_deactivate, n_deactivate_hw, n_sgi, n_lr_write, n_maintenance, n_read, n_write, n_sysreg_read,
        n_sysreg_write, n_raised;
};

static inline struct gic *gic_of(struct tg_model *m)
{
    return (struct gic *)m;
}

/* ---- core.c ---- */

int gic_core_realize(struct gic *g, struct tg_error *err);
void gic_core_reset(struct gic *g);
void gic_core_fini(struct gic *g);

/* Bits of SPI bank w that exist. */
uint32_t gic_spi_valid(const struct gic *g, unsigned w);
/* Bank and bit of an INTID as PE p sees it; NULL: no such interrupt. */
struct gic_bank *gic_find(struct gic *g, struct gic_pe *p, unsigned intid, unsigned *bit);
enum gic_group gic_group_of(const struct gic *g, const struct gic_bank *b, unsigned bit);

static inline uint32_t gic_pending(const struct gic_bank *b)
{
    return b->latch | (b->level & ~b->edge);
}

/* The implemented bits of a priority. */
static inline uint8_t gic_priority_mask(const struct gic *g)
{
    return (uint8_t)(0xff << (8 - g->priority_bits));
}

/* After a change of state of the interrupts `mask` of a bank: p's own one, or SPI bank w when p is NULL.
 * Outputs follow with gic_update. */
void gic_touch_own(struct gic *g, struct gic_pe *p);
void gic_touch_spi(struct gic *g, unsigned w, uint32_t mask);
void gic_touch_all(struct gic *g);
/* IROUTER or ITARGETSR of SPI n. */
void gic_set_router(struct gic *g, unsigned n, uint64_t router);
void gic_set_target(struct gic *g, unsigned n, uint8_t pes);
/* A PE fell asleep or woke, or its group enables changed: 1 of N interrupts may go elsewhere. */
void gic_reroute_one_of_n(struct gic *g);
/* Drives the outputs of every PE touched since. */
void gic_update(struct gic *g, tg_time now);
/* The highest priority pending interrupt of a PE, in groups that are enabled. */
const struct gic_hppi *gic_hppi(struct gic *g, struct gic_pe *p);
/* The wire of an SPI. True: it has changed. */
bool gic_set_spi_level(struct gic *g, unsigned n, bool level);
/* SGI n becomes pending at its target, for GICv2 from these PEs. */
void gic_pend_sgi(struct gic *g, struct gic_pe *target, unsigned n, uint8_t sources);
void gic_set_own_level(struct gic *g, struct gic_pe *p, unsigned intid, bool level);
/* pending -> active (or active and pending) */
void gic_activate(struct gic *g, struct gic_pe *p, unsigned intid);
void gic_deactivate(struct gic *g, struct gic_pe *p, unsigned intid);

/* ---- arrival.c ---- */

void gic_arrival_init(struct gic *g);
void gic_arrival_fini(struct gic *g);
/* A wire of the interrupt controller. tg_model_class.irq_in */
void gic_irq_in(void *m, unsigned line, bool level, tg_time at);
/* SGI n is sent at `at` by PE number `source`. */
void gic_send_sgi(struct gic *g, struct gic_pe *target, unsigned n, unsigned source, tg_time at);
/* gic_update after a bus access at `now` to the distributor or to a redistributor: what rises takes its way. */
void gic_update_dist(struct gic *g, tg_time now);
void gic_update_redist(struct gic *g, tg_time now);

/* What follows from a restored state. */
void gic_core_settle(struct gic *g);

/* ---- state.c ---- */

extern const struct tg_state_table gic_table;

/* ---- cpuif.c ---- */

void gic_cpuif_reset(struct gic *g, struct gic_pe *p);
/* Active-priority registers, `groups` rows of them. */
uint8_t gic_ap_highest(const uint32_t (*ap)[GIC_AP_REGS], unsigned groups, unsigned prebits, unsigned *group);
void gic_ap_set(uint32_t *ap, uint8_t priority, unsigned prebits);
void gic_ap_clear(uint32_t *ap, uint8_t priority, unsigned prebits);

/* Bits of each active-priority register that exist: fewer than 32 levels fill half of one. */
static inline uint32_t gic_ap_mask(unsigned prebits)
{
    return prebits < 5 ? (uint32_t)tg_ones(1u << prebits) : UINT32_MAX;
}

/* Mask of the group priority for a binary point 0..7 (IHI 0069 4.8.3). */
static inline uint8_t gic_group_mask(unsigned bpr)
{
    return (uint8_t)(0xff << (bpr + 1));
}

/* May an interrupt be signalled: above the mask, and preempts what runs? */
static inline bool gic_preempts(uint8_t priority, uint8_t pmr, uint8_t running, uint8_t mask)
{
    return priority < pmr && (running == GIC_IDLE || (priority & mask) < (running & mask));
}

bool gic_can_signal(struct gic *g, struct gic_pe *p);
/* tg_gic_cpuif.signalled */
unsigned gic_signalled(void *opaque, unsigned pe);
uint8_t gic_running(const struct gic *g, const struct gic_pe *p, unsigned *group);
/* Acknowledges hppi; the caller has checked that it may. Returns its INTID, with the source PE in [12:10] of
 * a GICv2 SGI. */
uint32_t gic_acknowledge(struct gic *g, struct gic_pe *p);
void gic_priority_drop(struct gic *g, struct gic_pe *p);
void gic_cpuif_update(struct gic *g, struct gic_pe *p, tg_time now);
/* Group priority mask of a group, as BPR0, BPR1 and CBPR say. */
uint8_t gic_bpr_mask(const struct gic *g, const struct gic_pe *p, unsigned group);
unsigned gic_min_bpr(const struct gic *g, unsigned group);

/* ---- vcpuif.c ---- */

#define ICH_HCR_EN       TG_BIT(0)
#define ICH_HCR_UIE      TG_BIT(1)
#define ICH_HCR_LRENPIE  TG_BIT(2)
#define ICH_HCR_NPIE     TG_BIT(3)
#define ICH_HCR_VGRP0EIE TG_BIT(4)
#define ICH_HCR_VGRP0DIE TG_BIT(5)
#define ICH_HCR_VGRP1EIE TG_BIT(6)
#define ICH_HCR_VGRP1DIE TG_BIT(7)
#define ICH_HCR_TC       TG_BIT(10)
#define ICH_HCR_TALL0    TG_BIT(11)
#define ICH_HCR_TALL1    TG_BIT(12)
#define ICH_HCR_TSEI     TG_BIT(13)
#define ICH_HCR_TDIR     TG_BIT(14)
#define ICH_HCR_EOICOUNT TG_FIELD(31, 27)

#define ICH_MISR_EOI    TG_BIT(0)
#define ICH_MISR_U      TG_BIT(1)
#define ICH_MISR_LRENP  TG_BIT(2)
#define ICH_MISR_NP     TG_BIT(3)
#define ICH_MISR_VGRP0E TG_BIT(4)
#define ICH_MISR_VGRP0D TG_BIT(5)
#define ICH_MISR_VGRP1E TG_BIT(6)
#define ICH_MISR_VGRP1D TG_BIT(7)

#define ICH_VMCR_VENG0   TG_BIT(0)
#define ICH_VMCR_VENG1   TG_BIT(1)
#define ICH_VMCR_VACKCTL TG_BIT(2)
#define ICH_VMCR_VFIQEN  TG_BIT(3)
#define ICH_VMCR_VCBPR   TG_BIT(4)
#define ICH_VMCR_VEOIM   TG_BIT(9)
#define ICH_VMCR_VBPR1   TG_FIELD(20, 18)
#define ICH_VMCR_VBPR0   TG_FIELD(23, 21)
#define ICH_VMCR_VPMR    TG_FIELD(31, 24)

#define ICH_LR_VINTID   TG_FIELD(31, 0)
#define ICH_LR_PINTID   TG_FIELD(44, 32)
#define ICH_LR_EOI      TG_BIT(41)
#define ICH_LR_PRIORITY TG_FIELD(55, 48)
#define ICH_LR_GROUP    TG_BIT(60)
#define ICH_LR_HW       TG_BIT(61)
#define ICH_LR_PENDING  TG_BIT(62)
#define ICH_LR_ACTIVE   TG_BIT(63)
#define ICH_LR_STATE    TG_FIELD(63, 62)

void gic_vif_reset(struct gic *g, struct gic_pe *p);
void gic_vif_settle(struct gic_pe *p);
void gic_vif_update(struct gic *g, struct gic_pe *p, tg_time now);
uint32_t gic_vif_misr(const struct gic *g, const struct gic_pe *p);
uint32_t gic_vif_eisr(const struct gic *g, const struct gic_pe *p);
uint32_t gic_vif_elrsr(const struct gic *g, const struct gic_pe *p);
void gic_vif_set_hcr(struct gic *g, struct gic_pe *p, uint32_t v);
void gic_vif_set_vmcr(struct gic *g, struct gic_pe *p, uint32_t v);
void gic_vif_set_lr(struct gic *g, struct gic_pe *p, unsigned i, uint64_t v);
uint8_t gic_vif_running(const struct gic *g, const struct gic_pe *p, unsigned *group);
/* List register of the highest priority pending virtual interrupt whose group is enabled, or -1. */
int gic_vif_hppvi(const struct gic *g, const struct gic_pe *p);
bool gic_vif_can_signal(const struct gic *g, const struct gic_pe *p, int lr);
/* Acknowledges list register i: it becomes active, its priority runs. */
void gic_vif_acknowledge(struct gic *g, struct gic_pe *p, unsigned i);
/* Virtual EOIR write. group: 0, 1, or -1 for either (GICv2). */
void gic_vif_eoi(struct gic *g, struct gic_pe *p, uint32_t intid, int group);
void gic_vif_dir(struct gic *g, struct gic_pe *p, uint32_t intid);
unsigned gic_vif_bpr(const struct gic *g, const struct gic_pe *p, unsigned group); /* as the guest reads it */
void gic_vif_set_bpr(struct gic *g, struct gic_pe *p, unsigned group, unsigned v);

/* ---- irqregs.c: rows of per-interrupt registers; SGI_base offsets mean the redistributor's ---- */

#define GICR_SGI_BASE 0x10000

typedef uint64_t gic_read_fn(struct tg_model *m, const struct tg_reg_io *io);
typedef void gic_write_fn(struct tg_model *m, const struct tg_reg_io *io, uint64_t v);
gic_read_fn gic_read_group, gic_read_enable, gic_read_pending, gic_read_active, gic_read_priority,
    gic_read_config, gic_read_grpmod, gic_read_nsacr;
gic_write_fn gic_write_group, gic_write_set_enable, gic_write_clear_enable, gic_write_set_pending,
    gic_write_clear_pending, gic_write_set_active, gic_write_clear_active, gic_write_priority,
    gic_write_config, gic_write_grpmod, gic_write_nsacr;
/* A Non-secure access that sees only what is Group 1 Non-secure? */
bool gic_ns_view(const struct gic *g, const struct tg_reg_io *io);
/* The PE that makes the access, NULL for other masters. */
struct gic_pe *gic_requester(struct gic *g, const struct tg_reg_io *io);
/* SETSPI/CLRSPI: pending latch of an SPI by message. */
void gic_message_spi(struct gic *g, const struct tg_reg_io *io, unsigned intid, bool set, bool ns);

/* ---- dist.c, redist.c, sysreg.c, gicc.c ---- */

/* The sizes are checked by the compiler against the tables. */
extern const struct tg_reg gic_dist_regs[37], gic_redist_regs[35];
extern const struct tg_reg gic_cpu_regs[15], gic_hyp_regs[50], gic_vcpu_regs[15];

enum tg_sysreg_result gic_sysreg(void *opaque, unsigned pe, uint32_t enc, bool write, uint64_t *value,
                                 const struct tg_gic_pe_ctx *ctx, tg_time now, tg_time *latency);
void gic_ctx_changed(void *opaque, unsigned pe, const struct tg_gic_pe_ctx *ctx, tg_time now);
/* tg_gic_cpuif.reset (firmware.c) */
void gic_pe_reset(void *opaque, unsigned pe, tg_time now);

/* Table rows. None of the registers is plain storage. */
#define GIC_REG(n, off, w, cnt, acc, rd, wr, text)                                                        \
    {                                                                                                     \
        .name = (n), .offset = (off), .width = (w), .count = (cnt), .access = (acc), .field = TG_NOFIELD, \
        .read = (rd), .write = (wr), .description = (text)                                                \
    }
#define GIC_CONST(n, off, v, text)                                                                    \
    {                                                                                                 \
        .name = (n), .offset = (off), .width = 4, .access = TG_RO, .reset = (v), .field = TG_NOFIELD, \
        .description = (text)                                                                         \
    }
#define GIC_PARAM(n, t, f, u, d, lo, hi, text)                                                         \
    {                                                                                                  \
        .name = (n), .type = TG_PARAM_##t, .unit = (u), .offset = offsetof(struct gic, f), .def = (d), \
        .min = (lo), .max = (hi), .description = (text)                                                \
    }
#define GIC_LATENCY(n, kind, ns, text) GIC_PARAM(n, TIME, latency[kind], NULL, (ns)*TG_NS, 0, TG_SEC, text)
#define GIC_TIME(n, f, ns, text)       GIC_PARAM(n, TIME, f, NULL, (ns)*TG_NS, 0, TG_SEC, text)
#define GIC_COUNTER(f, u, d)                                                               \
    {                                                                                      \
        .name = #f, .unit = (u), .description = (d), .offset = offsetof(struct gic, n_##f) \
    }
#define GIC_OUT(n, cnt, text)                                                                   \
    {                                                                                           \
        .name = #n, .kind = TG_PORT_IRQ_OUT, .offset = offsetof(struct gic, n), .count = (cnt), \
        .description = (text)                                                                   \
    }

#endif
