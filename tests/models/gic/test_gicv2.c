/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2 over the bus: distributor, GICC, GICH, GICV, against IHI 0048B and GIC-400's choices. */
#include "gic_test.h"

#define GICC 1
#define GICH 2
#define GICV 3

#define CTLR   0x00
#define PMR    0x04
#define BPR    0x08
#define IAR    0x0c
#define EOIR   0x10
#define RPR    0x14
#define HPPIR  0x18
#define ABPR   0x1c
#define AIAR   0x20
#define AEOIR  0x24
#define AHPPIR 0x28
#define APR    0xd0
#define NSAPR  0xe0
#define DIR    0x1000
#define SGIR   0xf00

#define H_HCR   0x00
#define H_VTR   0x04
#define H_VMCR  0x08
#define H_MISR  0x10
#define H_EISR  0x20
#define H_ELRSR 0x30
#define H_APR   0xf0
#define H_LR(n) (0x100 + 4 * (n))

static uint32_t crd(struct fix *f, unsigned pe, unsigned frame, uint64_t off)
{
    f->requester = pe;
    return rd32(f, frame, off);
}

static void cwr(struct fix *f, unsigned pe, unsigned frame, uint64_t off, uint32_t v)
{
    f->requester = pe;
    wr32(f, frame, off, v);
}

/* Without Security Extensions; Group 0 as IRQ, as Linux uses it. */
static struct fix *ready(unsigned pes)
{
    struct fix *f = fix_new(&gicv2_class, pes);

    fix_start(f, pes);
    wr32(f, GICD, CTLR, 3);
    for (unsigned i = 0; i < pes; i++) {
        cwr(f, i, GICC, PMR, 0xff);
        cwr(f, i, GICC, CTLR, 3);
    }
    return f;
}

static void enable(struct fix *f, unsigned pe, unsigned intid, uint8_t priority, bool group1)
{
    unsigned w = intid / 32 * 4;
    uint32_t v;

    f->requester = pe;
    v = rd32(f, GICD, GICD_IGROUPR + w);
    wr32(f, GICD, GICD_IGROUPR + w, group1 ? v | intid_bit(intid) : v & ~intid_bit(intid));
    mwr(f, GICD, GICD_IPRIORITYR + intid, 1, priority);
    if (intid >= 32)
        mwr(f, GICD, GICD_ITARGETSR + intid, 1, 1u << pe);
    wr32(f, GICD, GICD_ISENABLER + w, intid_bit(intid));
}

static void test_identification(void **state)
{
    struct fix *f = ready(3);
    uint64_t mpidr[9] = {0};

    (void)state;
    assert_int_equal(rd32(f, GICD, 0xfe8), 0x2b);
    assert_int_equal(rd32(f, GICD, 4), 8 | 2 << 5); /* 256 SPIs, three PEs */
    assert_int_equal(rd32(f, GICD, 8), 0x0200143b);
    assert_int_equal(rd32(f, GICC, 0xfc), 0x0202143b);
    assert_int_equal(rd32(f, GICH, H_VTR), 0x90000003);
    assert_int_equal(f->cpuif->version, 2);
    fix_free(f);
    f = fix_new(&gicv2_class, 1);
    assert_int_equal(gic_set_pes(f->m, 9, mpidr), -EINVAL);
    fix_free(f);
}

static void test_flow(void **state)
{
    struct fix *f = ready(2);

    (void)state;
    enable(f, 1, 40, 0x80, false);
    spi(f, 40, true);
    assert_false(IRQ(f, 0) || FIQ(f, 0) || FIQ(f, 1));
    assert_true(IRQ(f, 1));
    assert_int_equal(crd(f, 0, GICC, IAR), 1023);
    assert_int_equal(crd(f, 1, GICC, HPPIR), 40);
    assert_int_equal(f->cpuif->signalled(f->cpuif->opaque, 0), 1023);
    assert_int_equal(f->cpuif->signalled(f->cpuif->opaque, 1), 40);
    assert_int_equal(crd(f, 1, GICC, IAR), 40);
    assert_int_equal(f->cpuif->signalled(f->cpuif->opaque, 1), 1023);
    assert_int_equal(crd(f, 1, GICC, RPR), 0x80);
    assert_int_equal(crd(f, 1, GICC, APR), 1 << 16);
    assert_false(IRQ(f, 1));
    assert_int_equal(rd32(f, GICD, 0xd00 + 4), 0x100); /* SPISR: the line */
    spi(f, 40, false);
    assert_int_equal(rd32(f, GICD, 0xd00 + 4), 0);
    cwr(f, 1, GICC, EOIR, 40);
    assert_int_equal(crd(f, 1, GICC, RPR), 0xff);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0);
    /* EOImode: deactivated by DIR */
    cwr(f, 1, GICC, CTLR, 0x203);
    assert_int_equal(crd(f, 1, GICC, CTLR), 0x203);
    spi(f, 40, true);
    assert_int_equal(crd(f, 1, GICC, IAR), 40);
    cwr(f, 1, GICC, EOIR, 40);
    assert_int_equal(crd(f, 1, GICC, RPR), 0xff);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0x100);
    cwr(f, 1, GICC, DIR, 40);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0);
    assert_true(IRQ(f, 1));
    fix_free(f);
}

/* N targets: all of them see it, the first to acknowledge has it. */
static void test_targets(void **state)
{
    struct fix *f = ready(4);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(crd(f, i, GICD, GICD_ITARGETSR), 0x01010101u << i);
    enable(f, 0, 40, 0x80, false);
    mwr(f, GICD, GICD_ITARGETSR + 40, 1, 0xfe);
    assert_int_equal(mrd(f, GICD, GICD_ITARGETSR + 40, 1), 0x0e); /* PEs that exist */
    spi(f, 40, true);
    assert_false(IRQ(f, 0));
    assert_true(IRQ(f, 1) && IRQ(f, 2) && IRQ(f, 3));
    assert_int_equal(crd(f, 2, GICC, IAR), 40);
    assert_false(IRQ(f, 1) || IRQ(f, 2) || IRQ(f, 3));
    assert_int_equal(crd(f, 1, GICC, IAR), 1023);
    mwr(f, GICD, GICD_ITARGETSR + 40, 1, 1);
    cwr(f, 2, GICC, EOIR, 40);
    assert_true(IRQ(f, 0));
    assert_false(IRQ(f, 1) || IRQ(f, 2) || IRQ(f, 3));
    fix_free(f);
    /* a uniprocessor has no target registers: everything is its own */
    f = ready(1);
    assert_int_equal(rd32(f, GICD, GICD_ITARGETSR), 0);
    wr32(f, GICD, GICD_ITARGETSR + 40, 0);
    wr32(f, GICD, GICD_ISENABLER + 4, 0x100);
    spi(f, 40, true);
    assert_true(IRQ(f, 0));
    assert_int_equal(rd32(f, GICD, GICD_ITARGETSR + 40), 0);
    fix_free(f);
}

static void test_sgi(void **state)
{
    struct fix *f = ready(4);

    (void)state;
    assert_int_equal(crd(f, 0, GICD, GICD_ISENABLER), 0xffff); /* always enabled */
    cwr(f, 0, GICD, GICD_ICENABLER, 0xffffffff);
    assert_int_equal(crd(f, 0, GICD, GICD_ISENABLER), 0xffff);
    cwr(f, 3, GICD, SGIR, 0x0 << 24 | 5 << 16 | 7); /* list: 0 and 2 */
    assert_true(IRQ(f, 0) && IRQ(f, 2));
    assert_false(IRQ(f, 1) || IRQ(f, 3));
    cwr(f, 1, GICD, SGIR, 5 << 16 | 7); /* a second source */
    assert_int_equal(crd(f, 0, GICD, 0xf20 + 4) >> 24, 1 << 1 | 1 << 3);
    assert_int_equal(crd(f, 0, GICD, GICD_ISPENDR), 1 << 7);
    assert_int_equal(crd(f, 0, GICC, HPPIR), 1 << 10 | 7);
    assert_int_equal(crd(f, 0, GICC, IAR), 1 << 10 | 7); /* source 1 */
    assert_int_equal(crd(f, 0, GICC, IAR), 1023);
    cwr(f, 0, GICC, EOIR, 1 << 10 | 7);
    assert_true(IRQ(f, 0));
    assert_int_equal(crd(f, 0, GICC, IAR), 3 << 10 | 7);
    cwr(f, 0, GICC, EOIR, 3 << 10 | 7);
    assert_false(IRQ(f, 0));
    cwr(f, 2, GICD, 0xf10 + 4, 0xffu << 24); /* CPENDSGIR */
    assert_false(IRQ(f, 2));
    assert_int_equal(crd(f, 2, GICD, GICD_ISPENDR), 0);
    /* SGIs cannot be made pending by ISPENDR */
    cwr(f, 2, GICD, GICD_ISPENDR, 0xffff);
    assert_int_equal(crd(f, 2, GICD, GICD_ISPENDR), 0);
    mwr(f, GICD, 0xf20 + 9, 1, 0xf1); /* PE 2: SGI 9 from PE 0 (and PEs that do not exist) */
    assert_int_equal(crd(f, 2, GICC, IAR), 9);
    cwr(f, 2, GICC, EOIR, 9);
    assert_false(IRQ(f, 2));
    /* filters: others, self, reserved */
    cwr(f, 1, GICD, SGIR, 1 << 24 | 0xff << 16 | 2);
    assert_true(IRQ(f, 0) && IRQ(f, 2) && IRQ(f, 3));
    assert_false(IRQ(f, 1));
    cwr(f, 1, GICD, SGIR, 2 << 24 | 3);
    assert_int_equal(crd(f, 1, GICC, IAR), 1 << 10 | 3);
    cwr(f, 1, GICC, EOIR, 3);
    cwr(f, 1, GICD, SGIR, 3 << 24 | 0xff << 16 | 4);
    assert_int_equal(crd(f, 1, GICD, GICD_ISPENDR), 0);
    assert_int_equal(counter(f, "sgi"), 2 + 2 + 3 + 1);
    fix_free(f);
}

static void test_ppi_banked(void **state)
{
    struct fix *f = ready(2);

    (void)state;
    enable(f, 1, 27, 0x40, false);
    assert_int_equal(crd(f, 0, GICD, GICD_ISENABLER), 0xffff);
    assert_int_equal(crd(f, 1, GICD, GICD_ISENABLER), 0x0800ffff);
    ppi(f, 0, 27, true);
    ppi(f, 1, 27, true);
    assert_false(IRQ(f, 0));
    assert_int_equal(crd(f, 1, GICC, IAR), 27);
    cwr(f, 0, GICD, GICD_ICFGR + 4, 0xffffffff); /* PPIs are level-sensitive */
    assert_int_equal(crd(f, 0, GICD, GICD_ICFGR + 4), 0);
    assert_int_equal(crd(f, 0, GICD, GICD_ICFGR), 0xaaaaaaaa);
    fix_free(f);
}

/* Grouping without Security Extensions: AckCtl, FIQEn, aliased registers. */
static void test_groups(void **state)
{
    struct fix *f = ready(1);

    (void)state;
    enable(f, 0, 40, 0x80, true);
    spi(f, 40, true);
    assert_true(IRQ(f, 0));
    assert_int_equal(crd(f, 0, GICC, HPPIR), 1022);
    assert_int_equal(crd(f, 0, GICC, AHPPIR), 40);
    assert_int_equal(crd(f, 0, GICC, IAR), 1022); /* without effect */
    assert_int_equal(crd(f, 0, GICC, AIAR), 40);
    assert_int_equal(crd(f, 0, GICC, NSAPR), 1 << 16);
    assert_int_equal(crd(f, 0, GICC, APR), 0);
    spi(f, 40, false);
    cwr(f, 0, GICC, AEOIR, 40);
    assert_int_equal(crd(f, 0, GICC, RPR), 0xff);
    cwr(f, 0, GICC, CTLR, 7); /* AckCtl */
    spi(f, 40, true);
    assert_int_equal(crd(f, 0, GICC, HPPIR), 40);
    assert_int_equal(crd(f, 0, GICC, IAR), 40);
    spi(f, 40, false);
    cwr(f, 0, GICC, EOIR, 40);
    assert_int_equal(crd(f, 0, GICC, RPR), 0xff);
    enable(f, 0, 41, 0x20, false);
    spi(f, 41, true);
    assert_int_equal(crd(f, 0, GICC, AIAR), 1023);
    assert_true(IRQ(f, 0));
    cwr(f, 0, GICC, CTLR, 0xf); /* FIQEn */
    assert_true(FIQ(f, 0));
    assert_false(IRQ(f, 0));
    cwr(f, 0, GICC, CTLR, 2); /* Group 0 off */
    assert_false(FIQ(f, 0) || IRQ(f, 0));
    /* binary points: minimum, CBPR */
    cwr(f, 0, GICC, BPR, 0);
    cwr(f, 0, GICC, ABPR, 0);
    assert_int_equal(crd(f, 0, GICC, BPR), 2);
    assert_int_equal(crd(f, 0, GICC, ABPR), 3);
    cwr(f, 0, GICC, BPR, 7);
    cwr(f, 0, GICC, ABPR, 5);
    assert_int_equal(crd(f, 0, GICC, BPR), 7);
    assert_int_equal(crd(f, 0, GICC, ABPR), 5);
    cwr(f, 0, GICC, PMR, 0xff);
    assert_int_equal(crd(f, 0, GICC, PMR), 0xf8);
    cwr(f, 0, GICC, CTLR, 0xffffffff);
    assert_int_equal(crd(f, 0, GICC, CTLR), 0x3ff);
    fix_free(f);
}

static void test_security(void **state)
{
    struct fix *f = fix_new(&gicv2_class, 2);

    (void)state;
    set_param(f, "security", 1);
    fix_start(f, 2);
    f->secure = true;
    assert_true(rd32(f, GICD, 4) & 1 << 10);
    wr32(f, GICD, CTLR, 3);
    cwr(f, 0, GICC, PMR, 0xff);
    cwr(f, 0, GICC, CTLR, 0xb); /* both groups, FIQEn */
    enable(f, 0, 40, 0xa0, true);
    enable(f, 0, 41, 0x20, false);
    f->secure = false;
    assert_int_equal(crd(f, 0, GICD, CTLR), 1);
    assert_int_equal(crd(f, 0, GICC, CTLR), 1);
    assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 40, 1), 0x40);
    assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 41, 1), 0);
    assert_int_equal(mrd(f, GICD, GICD_ITARGETSR + 40, 1), 1);
    assert_int_equal(mrd(f, GICD, GICD_ITARGETSR + 41, 1), 0);
    mwr(f, GICD, GICD_ITARGETSR + 41, 1, 2);
    assert_int_equal(crd(f, 0, GICC, PMR), 0xf0);
    cwr(f, 0, GICC, PMR, 0x80);
    f->secure = true;
    assert_int_equal(crd(f, 0, GICC, PMR), 0xc0);
    assert_int_equal(mrd(f, GICD, GICD_ITARGETSR + 41, 1), 1);
    spi(f, 40, true);
    assert_true(IRQ(f, 0));
    spi(f, 41, true);
    assert_true(FIQ(f, 0));
    assert_false(IRQ(f, 0));
    f->secure = false;
    assert_int_equal(crd(f, 0, GICC, IAR), 1023); /* Group 0 is not for it */
    assert_int_equal(crd(f, 0, GICC, HPPIR), 1023);
    f->secure = true;
    assert_int_equal(crd(f, 0, GICC, IAR), 41);
    spi(f, 41, false);
    f->secure = false;
    cwr(f, 0, GICC, EOIR, 41); /* nor its end */
    assert_int_equal(crd(f, 0, GICC, RPR), 0);
    f->secure = true;
    assert_int_equal(crd(f, 0, GICC, RPR), 0x20);
    cwr(f, 0, GICC, EOIR, 41);
    f->secure = false;
    assert_int_equal(crd(f, 0, GICC, IAR), 40);
    assert_int_equal(crd(f, 0, GICC, RPR), 0x40);
    assert_int_equal(crd(f, 0, GICC, APR), 1 << ((0xa0 >> 3) - 16));
    cwr(f, 0, GICC, EOIR, 40);
    assert_int_equal(crd(f, 0, GICC, RPR), 0xff);
    spi(f, 40, false);
    assert_int_equal(crd(f, 0, GICC, AIAR), 1023);
    assert_int_equal(crd(f, 0, GICC, ABPR), 0);
    cwr(f, 0, GICC, APR, 1);
    assert_int_equal(crd(f, 0, GICC, RPR), 0);
    f->secure = true;
    assert_int_equal(crd(f, 0, GICC, NSAPR), 1 << 16);
    cwr(f, 0, GICC, NSAPR, 0);
    /* control, binary point, by view; CBPR */
    cwr(f, 0, GICC, CTLR, 0x7ff);
    assert_int_equal(crd(f, 0, GICC, CTLR), 0x7ff);
    f->secure = false;
    assert_int_equal(crd(f, 0, GICC, CTLR), 0x261);
    cwr(f, 0, GICC, BPR, 7); /* CBPR: ignored */
    assert_int_equal(crd(f, 0, GICC, BPR), 3);
    cwr(f, 0, GICC, CTLR, 0x20);
    wr32(f, GICD, CTLR, 0);
    f->secure = true;
    assert_int_equal(crd(f, 0, GICC, CTLR), 0x2fd);
    assert_int_equal(rd32(f, GICD, CTLR), 1);
    cwr(f, 0, GICC, CTLR, 0xb);
    f->secure = false;
    cwr(f, 0, GICC, BPR, 0);
    assert_int_equal(crd(f, 0, GICC, BPR), 3);
    cwr(f, 0, GICC, BPR, 5);
    assert_int_equal(crd(f, 0, GICC, BPR), 5);
    f->secure = true;
    assert_int_equal(crd(f, 0, GICC, BPR), 2);
    assert_int_equal(crd(f, 0, GICC, ABPR), 5);
    /* SGIs: NSATT says the group it is meant for; Non-secure software reaches Group 1 only */
    enable(f, 1, 3, 0x80, true);
    cwr(f, 0, GICD, SGIR, 2 << 16 | 3);
    assert_int_equal(crd(f, 1, GICD, GICD_ISPENDR), 0);
    cwr(f, 0, GICD, SGIR, 2 << 16 | 1 << 15 | 3);
    assert_int_equal(crd(f, 1, GICD, GICD_ISPENDR), 8);
    f->secure = false;
    cwr(f, 0, GICD, SGIR, 2 << 16 | 4);
    f->secure = true;
    assert_int_equal(crd(f, 1, GICD, GICD_ISPENDR), 8);
    fix_free(f);
}

/* ---- virtualization ---- */

#define LR_PENDING (1u << 28)
#define LR_ACTIVE  (1u << 29)
#define LR_GROUP1  (1u << 30)
#define LR_HW(pid) (1u << 31 | (pid) << 10)
#define LR_EOI     (1u << 19)
#define LR_CPU(n)  ((n) << 10)
#define LR_PRIO(p) ((uint32_t)((p) >> 3) << 23)

static struct fix *virt_ready(void)
{
    struct fix *f = ready(2);

    cwr(f, 0, GICC, CTLR, 0x203);
    cwr(f, 0, GICH, H_VMCR, 0xf8000003);
    cwr(f, 0, GICH, H_HCR, 1);
    return f;
}

static void test_gich_layout(void **state)
{
    struct fix *f = ready(2);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        cwr(f, 0, GICH, H_LR(i), UINT32_MAX);
        assert_int_equal(crd(f, 0, GICH, H_LR(i)), 0xff8fffff); /* [22:20] are reserved */
        cwr(f, 0, GICH, H_LR(i), 0x12045678);
        assert_int_equal(crd(f, 0, GICH, H_LR(i)), 0x12045678);
    }
    cwr(f, 0, GICH, H_LR(4), UINT32_MAX); /* not implemented */
    assert_int_equal(crd(f, 0, GICH, H_LR(4)), 0);
    assert_int_equal(crd(f, 0, GICH, H_LR(15)), 0);
    cwr(f, 0, GICH, H_HCR, UINT32_MAX);
    assert_int_equal(crd(f, 0, GICH, H_HCR), 0xf80000ff);
    cwr(f, 0, GICH, H_VMCR, UINT32_MAX);
    assert_int_equal(crd(f, 0, GICH, H_VMCR), 0xf8fc021f);
    cwr(f, 0, GICH, H_APR, 0x12345678);
    assert_int_equal(crd(f, 0, GICH, H_APR), 0x12345678);
    /* banked, and reached from elsewhere by the aliases */
    assert_int_equal(crd(f, 1, GICH, H_LR(0)), 0);
    assert_int_equal(crd(f, 1, GICH, 0x1000 + H_LR(0)), 0x12045678);
    assert_int_equal(crd(f, 1, GICH, 0x1000 + H_APR), 0x12345678);
    cwr(f, 0, GICH, 0x1200 + H_LR(3), 0xabc);
    assert_int_equal(crd(f, 1, GICH, H_LR(3)), 0xabc);
    assert_int_equal(crd(f, 0, GICH, 0x1200 + H_LR(3)), 0xabc);
    cwr(f, 0, GICH, 0x1400 + H_LR(3), 0xabc); /* no such PE */
    assert_int_equal(crd(f, 0, GICH, 0x1400 + H_LR(3)), 0);
    fix_free(f);
}

static void test_gicv_flow(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    cwr(f, 0, GICH, H_LR(1), LR_PENDING | LR_PRIO(0xa0) | 40);
    assert_true(VIRQ(f, 0)); /* Group 0 is IRQ until VMFIQEn */
    assert_false(VFIQ(f, 0) || VIRQ(f, 1));
    assert_int_equal(crd(f, 0, GICH, H_ELRSR), 0xd);
    assert_int_equal(crd(f, 0, GICV, HPPIR), 40);
    assert_int_equal(crd(f, 1, GICV, IAR), 1023);
    assert_int_equal(crd(f, 0, GICV, IAR), 40);
    assert_false(VIRQ(f, 0));
    assert_int_equal(crd(f, 0, GICV, RPR), 0xa0);
    assert_int_equal(crd(f, 0, GICH, H_APR), 1 << 20);
    assert_int_equal(crd(f, 0, GICV, APR), 1 << 20);
    cwr(f, 0, GICV, APR, 1 << 4);
    assert_int_equal(crd(f, 0, GICV, RPR), 4 << 3);
    cwr(f, 0, GICV, APR, 1 << 20);
    /* A driver that clears all four, as Linux does, is no guest error. */
    for (unsigned i = 1; i < 4; i++)
        cwr(f, 0, GICV, APR + 4 * i, UINT32_MAX);
    assert_int_equal(crd(f, 0, GICV, APR + 4), 0);
    assert_int_equal(f->log.guest_errors, 0);
    assert_int_equal(crd(f, 0, GICH, H_LR(1)), LR_ACTIVE | LR_PRIO(0xa0) | 40);
    cwr(f, 0, GICV, EOIR, 40);
    assert_int_equal(crd(f, 0, GICH, H_LR(1)), LR_PRIO(0xa0) | 40);
    assert_int_equal(crd(f, 0, GICH, H_APR), 0);
    /* VMFIQEn */
    cwr(f, 0, GICV, CTLR, 0xb);
    cwr(f, 0, GICH, H_LR(1), LR_PENDING | LR_PRIO(0xa0) | 40);
    assert_true(VFIQ(f, 0));
    assert_false(VIRQ(f, 0));
    cwr(f, 0, GICH, H_LR(1), 0);
    cwr(f, 0, GICV, CTLR, 3);
    /* Group 1: AckCtl or the aliased register */
    cwr(f, 0, GICH, H_LR(0), LR_PENDING | LR_GROUP1 | LR_PRIO(0x80) | 41);
    assert_true(VIRQ(f, 0));
    assert_int_equal(crd(f, 0, GICV, IAR), 1022);
    assert_int_equal(crd(f, 0, GICV, HPPIR), 1022);
    assert_int_equal(crd(f, 0, GICV, AHPPIR), 41);
    assert_int_equal(crd(f, 0, GICV, AIAR), 41);
    cwr(f, 0, GICV, AEOIR, 41);
    cwr(f, 0, GICV, CTLR, 7);
    cwr(f, 0, GICH, H_LR(0), LR_PENDING | LR_GROUP1 | LR_PRIO(0x80) | 41);
    assert_int_equal(crd(f, 0, GICV, IAR), 41);
    cwr(f, 0, GICV, EOIR, 41);
    assert_int_equal(crd(f, 0, GICH, H_LR(0)) & (LR_PENDING | LR_ACTIVE), 0);
    /* mask */
    cwr(f, 0, GICV, PMR, 0x80);
    assert_int_equal(crd(f, 0, GICH, H_VMCR) >> 24, 0x80);
    cwr(f, 0, GICH, H_LR(0), LR_PENDING | LR_PRIO(0x80) | 41);
    assert_false(VIRQ(f, 0));
    fix_free(f);
}

static void test_gicv_sgi_source(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    cwr(f, 0, GICH, H_LR(0), LR_PENDING | LR_CPU(2) | LR_PRIO(0x80) | 5);
    cwr(f, 0, GICH, H_LR(1), LR_PENDING | LR_CPU(3) | LR_PRIO(0x70) | 5);
    assert_int_equal(crd(f, 0, GICV, IAR), 3 << 10 | 5);
    cwr(f, 0, GICH, H_APR, 0); /* let both be active at once */
    assert_int_equal(crd(f, 0, GICV, IAR), 2 << 10 | 5);
    cwr(f, 0, GICV, EOIR, 3 << 10 | 5);
    assert_int_equal(crd(f, 0, GICH, H_LR(0)) & LR_ACTIVE, LR_ACTIVE); /* by source */
    assert_int_equal(crd(f, 0, GICH, H_LR(1)) & LR_ACTIVE, 0);
    fix_free(f);
}

static void test_gicv_hw_and_eoimode(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    enable(f, 0, 40, 0x80, false);
    spi(f, 40, true);
    assert_int_equal(crd(f, 0, GICC, IAR), 40);
    cwr(f, 0, GICC, EOIR, 40);
    cwr(f, 0, GICH, H_LR(0), LR_PENDING | LR_HW(40u) | LR_PRIO(0x80) | 77);
    cwr(f, 0, GICV, CTLR, 0x203); /* the guest splits, too */
    assert_int_equal(crd(f, 0, GICV, IAR), 77);
    cwr(f, 0, GICV, EOIR, 77);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0x100);
    assert_int_equal(crd(f, 0, GICH, H_APR), 0);
    spi(f, 40, false);
    cwr(f, 0, GICV, DIR, 77);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0);
    assert_int_equal(counter(f, "deactivate_hw"), 1);
    cwr(f, 0, GICV, DIR, 77);
    assert_int_equal(crd(f, 0, GICH, H_HCR) >> 27, 1); /* EOICount */
    fix_free(f);
}

static void test_gich_maintenance(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    enable(f, 0, 25, 0x20, false);
    cwr(f, 0, GICH, H_LR(2), LR_PENDING | LR_EOI | LR_PRIO(0x80) | 77);
    assert_int_equal(crd(f, 0, GICV, IAR), 77);
    assert_false(IRQ(f, 0));
    cwr(f, 0, GICV, EOIR, 77);
    assert_int_equal(crd(f, 0, GICH, H_EISR), 4);
    assert_int_equal(crd(f, 0, GICH, H_MISR), 1);
    assert_int_equal(crd(f, 0, GICH, H_ELRSR), 0xb);
    assert_true(IRQ(f, 0));
    assert_int_equal(crd(f, 0, GICC, HPPIR), 25);
    cwr(f, 0, GICH, H_LR(2), 0);
    assert_false(IRQ(f, 0));
    cwr(f, 0, GICH, H_HCR, 1 | 2); /* underflow */
    assert_int_equal(crd(f, 0, GICH, H_MISR), 2);
    assert_true(IRQ(f, 0));
    assert_false(IRQ(f, 1));
    cwr(f, 1, GICH, 0x1000 + H_HCR, 0); /* another PE turns it off */
    assert_false(IRQ(f, 0));
    fix_free(f);
}

/* Masters that are no PE have no CPU interface. */
static void test_foreign_master(void **state)
{
    struct fix *f = ready(2);

    (void)state;
    for (unsigned frame = 0; frame < 4; frame++) {
        for (uint64_t off = 0; off < f->m->cls->frames[frame].size; off += 4) {
            crd(f, 0x1003, frame, off);
            cwr(f, 0x1003, frame, off, 0x5a5a5a5a);
        }
    }
    assert_int_equal(crd(f, 0x1003, GICC, CTLR), 0);
    assert_int_equal(crd(f, 0x1003, GICC, IAR), 1023);
    assert_int_equal(crd(f, 0, GICC, CTLR), 3);
    assert_int_equal(crd(f, 1, GICC, CTLR), 3);
    fix_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identification),
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_sgi),
        cmocka_unit_test(test_ppi_banked),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_security),
        cmocka_unit_test(test_gich_layout),
        cmocka_unit_test(test_gicv_flow),
        cmocka_unit_test(test_gicv_sgi_source),
        cmocka_unit_test(test_gicv_hw_and_eoimode),
        cmocka_unit_test(test_gich_maintenance),
        cmocka_unit_test(test_foreign_master),
    };

    return cmocka_run_group_tests_name("gicv2", tests, NULL, NULL);
}
