/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs the GIC with nonsense: every register of its frames with zeros, ones and random values, at every
 * width and at odd addresses, and its system registers and list registers likewise, with interrupts taken by
 * a handler that acknowledges at random. Then puts it right and checks that an SGI still arrives. IHI 0069
 * (GICv3), IHI 0048 (GICv2).
 */
#include "bad.h"

static volatile unsigned irqs;
static volatile bool orderly;
static uint64_t state = 0x123456789abcdefu;

static bool on_irq(struct rt_frame *f, unsigned slot)
{
    uint32_t iar;

    (void)slot;
    irqs++;
    if (!orderly && irqs % 64 == 0)
        f->spsr |= RT_BIT(7); /* goes on with IRQs masked, should they never end */
    iar = rt_gic_ack();
    if (orderly) {
        if (rt_gic_intid(iar) < 1020)
            rt_gic_eoi(iar);
        return true;
    }
    if (bad_random(&state) & 1)
        rt_gic_eoi((uint32_t)bad_random(&state));
    if (bad_random(&state) & 1)
        rt_gic_dir((uint32_t)bad_random(&state));
    return true;
}

static void frame(uint64_t at, uint64_t size, unsigned step)
{
    static const uint32_t values[] = {0, 0xffffffff, 0x55555555, 0x80000001};

    for (unsigned v = 0; v < 5; v++)
        for (uint64_t o = 0; o < size; o += step) {
            uint32_t x = v < 4 ? values[v] : (uint32_t)bad_random(&state);

            rt_w32(at + o, x);
            (void)rt_r32(at + o);
        }
    for (unsigned n = 0; n < 20000; n++) {
        uint64_t r = bad_random(&state), a = at + (r >> 8) % size;

        switch (r & 7) {
        case 0:
            rt_w8(a, (uint8_t)(r >> 40));
            break;
        case 1:
            *(volatile uint16_t *)a = (uint16_t)(r >> 40); /* half of them unaligned */
            break;
        case 2:
            rt_w64(a & ~UINT64_C(7), bad_random(&state));
            break;
        case 3:
            rt_w64(a, r); /* unaligned mostly */
            break;
        case 4:
            (void)rt_r8(a);
            break;
        case 5:
            (void)rt_r64(a & ~UINT64_C(7));
            break;
        default:
            rt_w32(a & ~UINT64_C(3), (uint32_t)bad_random(&state));
        }
    }
}

#define WRITE(reg)                                                            \
    do {                                                                      \
        rt_msr(reg, k == 0 ? 0 : k == 1 ? ~UINT64_C(0) : bad_random(&state)); \
        (void)rt_mrs(reg);                                                    \
    } while (0)

static void cpu_interface(void)
{
    for (unsigned k = 0; k < 400; k++) {
        WRITE(S3_0_C4_C6_0);                       /* ICC_PMR */
        (void)rt_mrs(S3_0_C12_C8_0);               /* ICC_IAR0 */
        rt_msr(S3_0_C12_C8_1, bad_random(&state)); /* ICC_EOIR0 */
        (void)rt_mrs(S3_0_C12_C8_2);
        WRITE(S3_0_C12_C8_3); /* ICC_BPR0 */
        WRITE(S3_0_C12_C8_4); /* ICC_AP0R0 */
        WRITE(S3_0_C12_C8_5);
        WRITE(S3_0_C12_C8_7);
        WRITE(S3_0_C12_C9_0); /* ICC_AP1R0 */
        WRITE(S3_0_C12_C9_3);
        rt_msr(S3_0_C12_C11_1, bad_random(&state)); /* ICC_DIR */
        (void)rt_mrs(S3_0_C12_C11_3);
        rt_msr(S3_0_C12_C11_5, k & 1 ? bad_random(&state) : ~UINT64_C(0)); /* ICC_SGI1R */
        rt_msr(S3_0_C12_C11_6, bad_random(&state));
        rt_msr(S3_0_C12_C11_7, bad_random(&state));
        (void)rt_mrs(S3_0_C12_C12_0);
        rt_msr(S3_0_C12_C12_1, bad_random(&state));
        (void)rt_mrs(S3_0_C12_C12_2);
        WRITE(S3_0_C12_C12_3); /* ICC_BPR1 */
        WRITE(S3_0_C12_C12_4); /* ICC_CTLR */
        WRITE(S3_0_C12_C12_6); /* ICC_IGRPEN0 */
        WRITE(S3_0_C12_C12_7); /* ICC_IGRPEN1 */
    }
}

/* The hypervisor's side: list registers that say the same interrupt is active, pending, hardware's, none of
 * which is true. */
static void virtual_interface(void)
{
    for (unsigned k = 0; k < 400; k++) {
        WRITE(S3_4_C12_C8_0);  /* ICH_AP0R0 */
        WRITE(S3_4_C12_C9_0);  /* ICH_AP1R0 */
        WRITE(S3_4_C12_C11_0); /* ICH_HCR */
        WRITE(S3_4_C12_C11_7); /* ICH_VMCR */
        WRITE(S3_4_C12_C12_0); /* ICH_LR0 */
        WRITE(S3_4_C12_C12_1);
        WRITE(S3_4_C12_C12_2);
        WRITE(S3_4_C12_C12_3);
        WRITE(S3_4_C12_C13_7);        /* ICH_LR15: not there on most PEs */
        (void)rt_mrs(S3_4_C12_C11_1); /* ICH_VTR */
        (void)rt_mrs(S3_4_C12_C11_2); /* ICH_MISR */
        (void)rt_mrs(S3_4_C12_C11_3);
        (void)rt_mrs(S3_4_C12_C11_5);
        WRITE(S3_4_C12_C9_5); /* ICC_SRE_EL2 */
    }
    rt_msr(S3_4_C12_C11_0, 0);
}

int rt_program(void)
{
    unsigned before;

    rt_set_handler(RT_EXC_SYNC, bad_skip);
    rt_set_handler(RT_EXC_SERROR, bad_ignore);
    rt_set_handler(RT_EXC_IRQ, on_irq);
    if (rt.el == 2)
        rt_msr(hcr_el2, rt_mrs(hcr_el2) | RT_BIT(3) | RT_BIT(4) |
                            RT_BIT(5)); /* FMO, IMO, AMO: interrupts come to EL2 */
    rt_isb();
    rt_gic_init_dist();
    rt_gic_init_cpu(false);
    rt_irq_enable();
    if (rt.gicr.base) {
        cpu_interface();
        if (rt.el == 2)
            virtual_interface();
        rt_mmu_map_device(rt.gicr.base, 0x20000 * (uint64_t)rt.ncpu);
        frame(rt.gicd.base, rt.gicd.size < 0x10000 ? rt.gicd.size : 0x10000, 4);
        rt_irq_enable();
        frame(rt.gicr.base, 0x20000 * (uint64_t)rt.ncpu, 4);
        /* Everything enabled, in group 1, and pending, so that what the interface does has consequences. */
        rt_w32(rt.gicd.base, 0x13); /* GICD_CTLR */
        rt_w32(rt.gicr.base + 0x14, 0);
        for (unsigned i = 0; i < 32; i += 4)
            rt_w32(rt.gicr.base + 0x10000 + 0x400 + i, (uint32_t)bad_random(&state));
        rt_w32(rt.gicr.base + 0x10000 + 0x80, 0xffffffff);
        rt_w32(rt.gicr.base + 0x10000 + 0x100, 0xffffffff);
        for (unsigned i = 0; i < 20; i++) {
            rt_w32(rt.gicr.base + 0x10000 + 0x200, 0xffffffff);
            rt_irq_enable();
            cpu_interface();
        }
    } else {
        frame(rt.gicd.base, 0x1000, 4);
        rt_irq_enable();
        frame(rt.gicc.base, 0x2000, 4);
        frame(0x08030000, 0x10000, 4);
        frame(0x08040000, 0x2000, 4);
        rt_w32(rt.gicd.base, 3);
        for (unsigned i = 0; i < 2000; i++) {
            rt_w32(rt.gicc.base, 0x1f); /* GICC_CTLR */
            rt_w32(rt.gicc.base + 4, 0xff);
            rt_w32(rt.gicd.base + 0x100, 0xffffffff);
            rt_w32(rt.gicd.base + 0x400 + 4 * (i & 7), (uint32_t)bad_random(&state));
            rt_w32(rt.gicd.base + 0xf00, (uint32_t)bad_random(&state) & 0x03ff800f); /* GICD_SGIR */
            rt_w32(rt.gicd.base + 0x200, 0xffffffff);
            rt_irq_enable();
        }
    }
    rt_irq_disable();
    rt_printf("gic: survived, %s\n", irqs ? "with interrupts" : "without interrupts");

    /* All interrupts off, and nothing active any more; then the ordinary way. */
    for (unsigned i = 0; i < 32; i++) {
        rt_w32(rt.gicd.base + 0x180 + 4 * i, 0xffffffff); /* ICENABLER */
        rt_w32(rt.gicd.base + 0x280 + 4 * i, 0xffffffff); /* ICPENDR */
        rt_w32(rt.gicd.base + 0x380 + 4 * i, 0xffffffff); /* ICACTIVER */
    }
    if (rt.gicr.base) {
        rt_w32(rt.gicr.base + 0x14, 0); /* GICR_WAKER */
        for (unsigned o = 0x180; o <= 0x380; o += 0x100)
            rt_w32(rt.gicr.base + 0x10000 + o, 0xffffffff);
        rt_w32(rt.gicr.base + 0x10000 + 0x80, 0xffffffff); /* IGROUPR0 */
        for (unsigned i = 0; i < 32; i += 4)
            rt_w32(rt.gicr.base + 0x10000 + 0x400 + i, 0x80808080);
        if (rt.el == 2)
            rt_msr(S3_4_C12_C9_5, 0xf);
        rt_msr(S3_0_C12_C9_0, 0); /* ICC_AP1R0: no priority is active */
        rt_msr(S3_0_C12_C8_4, 0);
        rt_msr(S3_0_C12_C12_6, 0);
        rt_msr(S3_0_C12_C12_4, 0);
        rt_msr(S3_0_C12_C12_3, 0);
    } else {
        for (unsigned i = 0; i < 16; i += 4)
            rt_w32(rt.gicd.base + 0xf10 + i, 0xffffffff); /* CPENDSGIR */
        rt_w32(rt.gicd.base + 0x80, 0); /* IGROUPR0: all in the group that GICC_CTLR's bit 0 enables */
        for (unsigned i = 0; i < 32; i += 4)
            rt_w32(rt.gicd.base + 0x400 + i, 0x80808080);
        for (unsigned i = 0; i < 8; i++)
            rt_w32(rt.gicc.base + 0xd0 + 4 * i, 0); /* APR, NSAPR */
        rt_w32(rt.gicc.base + 8, 0);
    }
    orderly = true;
    rt_gic_init_dist();
    rt_gic_init_cpu(false);
    rt_gic_enable(3, true);
    before = irqs;
    rt_irq_enable();
    if (rt.gicr.base)
        rt_gic_send_sgi(rt.mpidr[0], 3);
    else
        rt_w32(rt.gicd.base + 0xf00,
               2u << 24 | 3); /* GICD_SGIR, to itself: with one PE target lists are empty */
    rt_delay_us(100);
    rt_irq_disable();
    rt_printf("gic: end sgi=%u\n", irqs - before);
    return 0;
}
