/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GICv3 driver (Arm IHI 0069) for the guest runtime: distributor, this PE's redistributor and CPU
 * interface, all interrupts Non-secure Group 1, priority 0xa0, affinity routing on. No LPIs. With a GICv2 it
 * hands on to gicv2.c.
 */
#include "gicv2.h"
#include "rt.h"

enum {
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_IGROUPR = 0x080,
    GICD_IPRIORITYR = 0x400,
    GICD_IROUTER = 0x6000,
    GICR_TYPER = 0x0008,
    GICR_WAKER = 0x0014,
    CTLR_ARE_G1A_G1 = 0x13, /* ARE_NS, EnableGrp1A, EnableGrp1 */
    WAKER_PROCESSOR_SLEEP = 1 << 1,
    WAKER_CHILDREN_ASLEEP = 1 << 2,
    DEFAULT_PRIORITY = 0xa0,
};
#define CTLR_RWP RT_BIT(31)

static uint64_t sgi_frame[RT_MAX_CPUS];

static void wait_rwp(uint64_t ctlr, uint64_t bit)
{
    while (rt_r32(ctlr) & bit)
        rt_yield();
}

int rt_gic_init_dist(void)
{
    uint64_t d = rt.gicd.base;
    if (rt.gicc.base)
        return gicv2_init_dist();
    if (!d || !rt.gicr.base)
        return -1;
    rt_w32(d + GICD_CTLR, 0);
    wait_rwp(d + GICD_CTLR, CTLR_RWP);
    unsigned lines = 32 * ((unsigned)RT_GET(rt_r32(d + GICD_TYPER), 4, 0) + 1);
    for (unsigned i = 32; i < lines && i < 1020; i += 32) {
        rt_w32(d + GICD_ICENABLER + i / 8, ~0u);
        rt_w32(d + GICD_IGROUPR + i / 8, ~0u);
    }
    for (unsigned i = 32; i < lines && i < 1020; i += 4)
        rt_w32(d + GICD_IPRIORITYR + i, 0x01010101u * DEFAULT_PRIORITY);
    wait_rwp(d + GICD_CTLR, CTLR_RWP);
    rt_w32(d + GICD_CTLR, CTLR_ARE_G1A_G1);
    wait_rwp(d + GICD_CTLR, CTLR_RWP);
    return 0;
}

int rt_gic_init_cpu(bool split_eoi)
{
    uint64_t mpidr = rt_mrs(mpidr_el1), aff = RT_GET(mpidr, 39, 32) << 24 | RT_GET(mpidr, 23, 0);
    uint64_t r = rt.gicr.base, typer;
    if (rt.gicc.base)
        return gicv2_init_cpu(split_eoi);
    for (;; r += RT_GET(typer, 1, 1) ? 4 * GICR_FRAME : 2 * GICR_FRAME) { /* TYPER.VLPIS: two more frames */
        typer = rt_r64(r + GICR_TYPER);
        if (RT_GET(typer, 63, 32) == aff)
            break;
        if (RT_GET(typer, 4, 4)) /* Last */
            return -1;
    }
    rt_w32(r + GICR_WAKER, rt_r32(r + GICR_WAKER) & ~(uint32_t)WAKER_PROCESSOR_SLEEP);
    while (rt_r32(r + GICR_WAKER) & WAKER_CHILDREN_ASLEEP)
        rt_yield();
    uint64_t s = r + GICR_FRAME;
    sgi_frame[rt_cpu()] = s;
    rt_w32(s + GICD_ICENABLER, ~0u);
    rt_w32(s + GICD_IGROUPR, ~0u);
    for (unsigned i = 0; i < 32; i += 4)
        rt_w32(s + GICD_IPRIORITYR + i, 0x01010101u * DEFAULT_PRIORITY);
    wait_rwp(r, RT_BIT(3)); /* GICR_CTLR.RWP */
    rt_msr(ICC_SRE_EL1, rt_mrs(ICC_SRE_EL1) | 1);
    rt_isb();
    rt_msr(ICC_PMR_EL1, 0xf0);
    rt_msr(ICC_BPR1_EL1, 0);
    rt_msr(ICC_CTLR_EL1, split_eoi ? RT_BIT(1) : 0);
    rt_msr(ICC_IGRPEN1_EL1, 1);
    rt_isb();
    return 0;
}

void rt_gic_enable(uint32_t intid, bool on)
{
    if (rt.gicc.base) {
        gicv2_enable(intid, on);
        return;
    }
    uint64_t base = intid < 32 ? sgi_frame[rt_cpu()] : rt.gicd.base;
    rt_w32(base + (on ? GICD_ISENABLER : GICD_ICENABLER) + intid / 32 * 4, 1u << (intid % 32));
    if (intid >= 32 && on) /* to this PE */
        rt_w64(rt.gicd.base + GICD_IROUTER + 8 * intid, rt_mrs(mpidr_el1) & 0xff00ffffffu);
    if (!on)
        wait_rwp(intid < 32 ? base - GICR_FRAME : base, intid < 32 ? RT_BIT(3) : CTLR_RWP);
    rt_dsb();
}

void rt_gic_send_sgi(uint64_t mpidr, unsigned id)
{
    uint64_t v = RT_PUT(RT_GET(mpidr, 39, 32), 55, 48) | RT_PUT(RT_GET(mpidr, 23, 16), 39, 32) |
                 RT_PUT(RT_GET(mpidr, 15, 8), 23, 16) | RT_PUT(id, 27, 24) |
                 RT_PUT(RT_GET(mpidr, 7, 4), 47, 44) | RT_BIT(mpidr & 0xf);
    __asm__ volatile("dsb ishst" ::: "memory");
    if (rt.gicc.base) {
        gicv2_send_sgi(mpidr, id);
        return;
    }
    rt_msr(ICC_SGI1R_EL1, v);
    rt_isb();
}
