/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixture of the interrupt controller tests: a GIC with its PEs played by the test, which reads and writes
 * registers over the bus and system registers as a PE would, and looks at the output lines. Nothing here
 * knows the model's internals.
 */
#ifndef TESTS_GIC_TEST_H
#define TESTS_GIC_TEST_H

#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "models/gic/gic.h"

#define SYS(op1, crn, crm, op2) TG_SYSENC(3, op1, crn, crm, op2)
#define ICC_PMR                 SYS(0, 4, 6, 0)
#define ICC_IAR0                SYS(0, 12, 8, 0)
#define ICC_EOIR0               SYS(0, 12, 8, 1)
#define ICC_HPPIR0              SYS(0, 12, 8, 2)
#define ICC_BPR0                SYS(0, 12, 8, 3)
#define ICC_AP0R(n)             SYS(0, 12, 8, 4 + (n))
#define ICC_AP1R(n)             SYS(0, 12, 9, (n))
#define ICC_DIR                 SYS(0, 12, 11, 1)
#define ICC_RPR                 SYS(0, 12, 11, 3)
#define ICC_SGI1R               SYS(0, 12, 11, 5)
#define ICC_ASGI1R              SYS(0, 12, 11, 6)
#define ICC_SGI0R               SYS(0, 12, 11, 7)
#define ICC_IAR1                SYS(0, 12, 12, 0)
#define ICC_EOIR1               SYS(0, 12, 12, 1)
#define ICC_HPPIR1              SYS(0, 12, 12, 2)
#define ICC_BPR1                SYS(0, 12, 12, 3)
#define ICC_CTLR                SYS(0, 12, 12, 4)
#define ICC_SRE                 SYS(0, 12, 12, 5)
#define ICC_IGRPEN0             SYS(0, 12, 12, 6)
#define ICC_IGRPEN1             SYS(0, 12, 12, 7)
#define ICC_SRE_EL2             SYS(4, 12, 9, 5)
#define ICH_AP0R(n)             SYS(4, 12, 8, (n))
#define ICH_AP1R(n)             SYS(4, 12, 9, (n))
#define ICH_HCR                 SYS(4, 12, 11, 0)
#define ICH_VTR                 SYS(4, 12, 11, 1)
#define ICH_MISR                SYS(4, 12, 11, 2)
#define ICH_EISR                SYS(4, 12, 11, 3)
#define ICH_ELRSR               SYS(4, 12, 11, 5)
#define ICH_VMCR                SYS(4, 12, 11, 7)
#define ICH_LR(n)               SYS(4, 12, 12 + (n) / 8, (n) % 8)
#define ICC_CTLR_EL3            SYS(6, 12, 12, 4)
#define ICC_SRE_EL3             SYS(6, 12, 12, 5)
#define ICC_IGRPEN1_EL3         SYS(6, 12, 12, 7)

#define GICD 0
#define GICR 1
/* Offsets in frame GICR of a PE's register in RD_base and SGI_base. */
#define RD(pe, off)  ((uint64_t)(pe)*0x20000 + (off))
#define SGI(pe, off) ((uint64_t)(pe)*0x20000 + 0x10000 + (off))

struct fix {
    struct tg_model *m;
    struct tg_env env;
    struct tg_log log;
    const struct tg_gic_cpuif *cpuif;
    struct tg_gic_pe_ctx ctx[GIC_MAX_PES]; /* of each PE; tests change el, secure, ... */
    bool secure;                           /* of bus accesses */
    unsigned requester;                    /* of bus accesses */
    tg_time now, latency;
};

static inline struct fix *fix_new(const struct tg_model_class *cls, unsigned pes)
{
    struct fix *f = calloc(1, sizeof(*f));

    f->env.evq = tg_evq_new();
    f->env.log = &f->log;
    f->m = tg_model_new(cls, "gic0", &f->env);
    for (unsigned i = 0; i < pes; i++)
        f->ctx[i] = (struct tg_gic_pe_ctx){.el = 1, .mpidr = (i / 4) << 8 | (i % 4)};
    return f;
}

static inline void set_param(struct fix *f, const char *name, uint64_t v)
{
    struct tg_error err;

    assert_int_equal(tg_model_set_u64(f->m, tg_model_param(f->m->cls, name), v, &err), 0);
}

/* Interrupts arrive at once; tests of the times they take (test_arrival.c) do without. */
static inline void at_once(struct fix *f)
{
    static const char *const times[] = {"dist_time", "mesh_time",    "redist_time",
                                        "cpu_time",  "dist_latency", "redist_latency"};

    for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (tg_model_param(f->m->cls, times[i]))
            set_param(f, times[i], 0);
}

static inline void fix_realize(struct fix *f, unsigned pes)
{
    uint64_t mpidr[GIC_MAX_PES];
    struct tg_error err = {0};

    for (unsigned i = 0; i < pes; i++)
        mpidr[i] = f->ctx[i].mpidr;
    assert_int_equal(gic_set_pes(f->m, pes, mpidr), 0);
    if (tg_model_realize(f->m, &err))
        fail_msg("%s", err.text);
    f->cpuif = gic_cpuif(f->m);
    tg_model_reset(f->m);
}

static inline void fix_start(struct fix *f, unsigned pes)
{
    at_once(f);
    fix_realize(f, pes);
}

static inline void fix_free(struct fix *f)
{
    tg_model_free(f->m);
    tg_evq_free(f->env.evq);
    free(f);
}

/* ---- bus ---- */

static inline enum tg_bus_resp bus(struct fix *f, unsigned frame, uint64_t addr, void *data, unsigned size,
                                   bool write)
{
    struct tg_bus_txn txn = {.addr = addr,
                             .data = data,
                             .size = size,
                             .write = write,
                             .time = f->now,
                             .attrs = {.secure = f->secure, .requester = f->requester}};

    tg_model_transport(f->m, frame, &txn);
    f->latency = txn.latency;
    return txn.resp;
}

static inline uint64_t mrd(struct fix *f, unsigned frame, uint64_t addr, unsigned size)
{
    uint64_t v = 0;

    assert_int_equal(bus(f, frame, addr, &v, size, false), TG_BUS_OK);
    return v;
}

static inline void mwr(struct fix *f, unsigned frame, uint64_t addr, unsigned size, uint64_t v)
{
    assert_int_equal(bus(f, frame, addr, &v, size, true), TG_BUS_OK);
}

static inline uint32_t rd32(struct fix *f, unsigned frame, uint64_t addr)
{
    return (uint32_t)mrd(f, frame, addr, 4);
}

#define wr32(f, frame, addr, v) mwr(f, frame, addr, 4, v)

/* ---- system registers ---- */

static inline enum tg_sysreg_result sys(struct fix *f, unsigned pe, uint32_t enc, bool write, uint64_t *v)
{
    return f->cpuif->access(f->cpuif->opaque, pe, enc, write, v, &f->ctx[pe], f->now, &f->latency);
}

static inline uint64_t mrs(struct fix *f, unsigned pe, uint32_t enc)
{
    uint64_t v = UINT64_C(0xdeadbeefdeadbeef);

    assert_int_equal(sys(f, pe, enc, false, &v), TG_SYSREG_OK);
    return v;
}

static inline void msr(struct fix *f, unsigned pe, uint32_t enc, uint64_t v)
{
    assert_int_equal(sys(f, pe, enc, true, &v), TG_SYSREG_OK);
}

/* ---- lines ---- */

static inline bool out(struct fix *f, const char *port, unsigned pe)
{
    const struct tg_port *p = tg_model_port(f->m->cls, port);

    return ((struct tg_irq *)((char *)f->m + p->offset))[pe].level;
}

#define IRQ(f, pe)  out(f, "irq", pe)
#define FIQ(f, pe)  out(f, "fiq", pe)
#define VIRQ(f, pe) out(f, "virq", pe)
#define VFIQ(f, pe) out(f, "vfiq", pe)

static inline void spi(struct fix *f, unsigned intid, bool level)
{
    f->m->cls->irq_in(f->m, gic_spi_line(intid - 32), level, f->now);
}

static inline void ppi(struct fix *f, unsigned pe, unsigned intid, bool level)
{
    f->m->cls->irq_in(f->m, gic_ppi_line(pe, intid), level, f->now);
}

static inline uint64_t counter(struct fix *f, const char *name)
{
    for (size_t i = 0; i < f->m->cls->n_counters; i++)
        if (!strcmp(f->m->cls->counters[i].name, name))
            return tg_model_counter(f->m, &f->m->cls->counters[i]);
    fail_msg("no counter %s", name);
    return 0;
}

/* ---- GICv3 as software sets it up ---- */

#define GICD_CTLR       0x0000
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ISPENDR    0x0200
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR  0x0800
#define GICD_ICFGR      0x0c00
#define GICD_IROUTER    0x6000
#define GICR_WAKER      0x0014

static inline uint64_t intid_bit(unsigned intid)
{
    return UINT64_C(1) << (intid % 32);
}

/* Group 1, enabled, with a priority; SPIs go to affinity 0 (PE 0). */
static inline void enable_irq(struct fix *f, unsigned pe, unsigned intid, uint8_t priority, bool group1,
                              bool edge)
{
    unsigned w = intid / 32 * 4, frame = intid < 32 ? GICR : GICD;
    uint64_t base = intid < 32 ? SGI(pe, 0) : 0;
    uint32_t v = rd32(f, frame, base + GICD_IGROUPR + w);
    uint32_t c = rd32(f, frame, base + GICD_ICFGR + intid / 16 * 4);

    wr32(f, frame, base + GICD_IGROUPR + w, group1 ? v | intid_bit(intid) : v & ~intid_bit(intid));
    c &= ~(3u << (intid % 16 * 2));
    wr32(f, frame, base + GICD_ICFGR + intid / 16 * 4, c | (edge ? 2u << (intid % 16 * 2) : 0));
    mwr(f, frame, base + GICD_IPRIORITYR + intid, 1, priority);
    wr32(f, frame, base + GICD_ISENABLER + w, intid_bit(intid));
}

static inline void wake_all(struct fix *f, unsigned pes)
{
    for (unsigned i = 0; i < pes; i++)
        wr32(f, GICR, RD(i, GICR_WAKER), 0);
}

/* A GICv3 with one Security state, both groups enabled everywhere, PEs awake, mask open. */
static inline struct fix *gicv3_ready(unsigned pes)
{
    struct fix *f = fix_new(&gicv3_class, pes);

    fix_start(f, pes);
    wr32(f, GICD, GICD_CTLR, 3);
    wake_all(f, pes);
    for (unsigned i = 0; i < pes; i++) {
        msr(f, i, ICC_PMR, 0xff);
        msr(f, i, ICC_IGRPEN0, 1);
        msr(f, i, ICC_IGRPEN1, 1);
    }
    return f;
}

/* GICv3 with two Security states and EL3: groups enabled from EL3, PEs at NS EL1. */
static inline struct fix *gicv3_secure_ready(unsigned pes)
{
    struct fix *f = fix_new(&gicv3_class, pes);

    set_param(f, "security", 1);
    fix_start(f, pes);
    f->secure = true;
    wr32(f, GICD, GICD_CTLR, 7);
    wake_all(f, pes);
    for (unsigned i = 0; i < pes; i++) {
        f->ctx[i].has_el3 = true;
        f->ctx[i].el = 3;
        f->ctx[i].secure = true;
        msr(f, i, ICC_PMR, 0xff);
        msr(f, i, ICC_IGRPEN0, 1);
        msr(f, i, ICC_IGRPEN1_EL3, 3);
    }
    return f;
}

/* Tells the GIC where a PE now runs. */
static inline void at_el(struct fix *f, unsigned pe, unsigned el, bool secure)
{
    f->ctx[pe].el = (uint8_t)el;
    f->ctx[pe].secure = secure;
    if (f->cpuif->ctx_changed)
        f->cpuif->ctx_changed(f->cpuif->opaque, pe, &f->ctx[pe], f->now);
}

#endif
