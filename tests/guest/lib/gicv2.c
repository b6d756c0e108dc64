/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GICv2 driver (Arm IHI 0048B) for the guest runtime: distributor and CPU interface, interrupts left in the
 * group they reset to, priority 0xa0. Acknowledge and EOI are inline in rt.h.
 */
#include "gicv2.h"
#include "rt.h"

enum {
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_IPRIORITYR = 0x400,
    GICD_ITARGETSR = 0x800,
    GICD_SGIR = 0xf00,
    GICC_CTLR = 0x000,
    GICC_PMR = 0x004,
    GICC_BPR = 0x008,
    DEFAULT_PRIORITY = 0xa0,
};

static uint8_t interface_mask[RT_MAX_CPUS]; /* as the distributor numbers the CPU interfaces */

int gicv2_init_dist(void)
{
    uint64_t d = rt.gicd.base;
    rt_w32(d + GICD_CTLR, 0);
    unsigned lines = 32 * ((unsigned)RT_GET(rt_r32(d + GICD_TYPER), 4, 0) + 1);
    for (unsigned i = 32; i < lines && i < 1020; i += 32)
        rt_w32(d + GICD_ICENABLER + i / 8, ~0u);
    for (unsigned i = 32; i < lines && i < 1020; i += 4)
        rt_w32(d + GICD_IPRIORITYR + i, 0x01010101u * DEFAULT_PRIORITY);
    rt_w32(d + GICD_CTLR, 1);
    return 0;
}

int gicv2_init_cpu(bool split_eoi)
{
    uint64_t d = rt.gicd.base, c = rt.gicc.base;
    interface_mask[rt_cpu()] =
        (uint8_t)rt_r32(d + GICD_ITARGETSR); /* of SGI 0: reads as this interface; IHI 0048 4.3.12 */
    rt_w32(d + GICD_ICENABLER, ~0u);
    for (unsigned i = 0; i < 32; i += 4)
        rt_w32(d + GICD_IPRIORITYR + i, 0x01010101u * DEFAULT_PRIORITY);
    rt_w32(c + GICC_PMR, 0xf0);
    rt_w32(c + GICC_BPR, 0);
    rt_w32(c + GICC_CTLR, (uint32_t)((split_eoi ? RT_BIT(9) : 0) | 1)); /* EOImodeNS, Enable */
    rt_dsb();
    return 0;
}

void gicv2_enable(uint32_t intid, bool on)
{
    uint64_t d = rt.gicd.base;
    if (intid >= 32 && on)
        rt_w8(d + GICD_ITARGETSR + intid, interface_mask[rt_cpu()]);
    rt_w32(d + (on ? GICD_ISENABLER : GICD_ICENABLER) + intid / 32 * 4, 1u << (intid % 32));
    rt_dsb();
}

void gicv2_send_sgi(uint64_t mpidr, unsigned id)
{
    for (unsigned i = 0; i < rt.ncpu; i++)
        if (rt.mpidr[i] == mpidr) /* TargetListFilter 0: the list */
            rt_w32(rt.gicd.base + GICD_SGIR, (uint32_t)(RT_PUT(interface_mask[i], 23, 16) | id));
}
