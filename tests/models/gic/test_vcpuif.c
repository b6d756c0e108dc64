/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 virtual CPU interface: ICH_* at EL2, ICV_* as a guest sees them, against IHI 0069H chapter 6, 12.3
 * and 12.4. */
#include "gic_test.h"

#define HCR_EN     1
#define HCR_UIE    (1 << 1)
#define HCR_LRENP  (1 << 2)
#define HCR_NPIE   (1 << 3)
#define PENDING    (UINT64_C(1) << 62)
#define ACTIVE     (UINT64_C(1) << 63)
#define GROUP1     (UINT64_C(1) << 60)
#define EOI        (UINT64_C(1) << 41)
#define HW(pintid) (UINT64_C(1) << 61 | (uint64_t)(pintid) << 32)
#define PRIO(p)    ((uint64_t)(p) << 48)
#define VMCR_OPEN  (UINT64_C(0xf8) << 24 | 3)

static void el2(struct fix *f)
{
    f->ctx[0].el = 2;
}

/* Enters the guest: HCR_EL2.FMO, IMO. */
static void guest(struct fix *f)
{
    f->ctx[0].el = 1;
    f->ctx[0].hcr_el2 = 1 << 3 | 1 << 4;
}

static uint64_t el2_mrs(struct fix *f, uint32_t enc)
{
    struct tg_gic_pe_ctx was = f->ctx[0];
    uint64_t v;

    el2(f);
    v = mrs(f, 0, enc);
    f->ctx[0] = was;
    return v;
}

static void el2_msr(struct fix *f, uint32_t enc, uint64_t v)
{
    struct tg_gic_pe_ctx was = f->ctx[0];

    el2(f);
    msr(f, 0, enc, v);
    f->ctx[0] = was;
}

/* A hypervisor at EL2 with the virtual interface on, both virtual groups enabled; the test is then in the
 * guest. */
static struct fix *virt_ready(void)
{
    struct fix *f = gicv3_ready(1);

    f->ctx[0].has_el2 = f->ctx[0].el2_enabled = true;
    el2(f);
    msr(f, 0, ICC_CTLR, 2); /* EOImode 1, as KVM does */
    msr(f, 0, ICH_VMCR, VMCR_OPEN);
    msr(f, 0, ICH_HCR, HCR_EN);
    guest(f);
    return f;
}

static void test_vtr_and_masks(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 1);

    (void)state;
    set_param(f, "list_registers", 16);
    fix_start(f, 1);
    assert_int_equal(f->cpuif->list_regs, 16);
    assert_int_equal(f->cpuif->version, 3);
    f->ctx[0].has_el2 = f->ctx[0].el2_enabled = true;
    el2(f);
    assert_int_equal(mrs(f, 0, ICH_VTR) & 0x1f, 15);
    assert_int_equal(mrs(f, 0, ICH_VTR) >> 29, 4);
    assert_int_equal((mrs(f, 0, ICH_VTR) >> 26) & 7, 4);
    assert_true(mrs(f, 0, ICH_VTR) & 1 << 19); /* TDS */
    assert_int_equal(mrs(f, 0, ICH_ELRSR), 0xffff);
    assert_int_equal(mrs(f, 0, ICH_EISR), 0);
    for (unsigned i = 0; i < 16; i++) {
        msr(f, 0, ICH_LR(i), UINT64_MAX);
        assert_int_equal(mrs(f, 0, ICH_LR(i)), UINT64_C(0xf0f803ff0000ffff));
        msr(f, 0, ICH_LR(i), UINT64_MAX & ~(UINT64_C(1) << 61)); /* HW = 0: of pINTID only EOI */
        assert_int_equal(mrs(f, 0, ICH_LR(i)), UINT64_C(0xd0f802000000ffff));
        msr(f, 0, ICH_LR(i), i);
    }
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(mrs(f, 0, ICH_LR(i)), i);
    msr(f, 0, ICH_HCR, UINT64_MAX);
    assert_int_equal(mrs(f, 0, ICH_HCR), UINT64_C(0xf8005cff));
    msr(f, 0, ICH_VMCR, UINT64_MAX);
    assert_int_equal(mrs(f, 0, ICH_VMCR), UINT64_C(0xf8fc021b));
    msr(f, 0, ICH_VMCR, 0); /* binary points at their minimum; VFIQEn is RES1 */
    assert_int_equal(mrs(f, 0, ICH_VMCR), 2 << 21 | 3 << 18 | 8);
    msr(f, 0, ICH_AP0R(0), 0x12345678);
    msr(f, 0, ICH_AP1R(0), 0x87654321);
    assert_int_equal(mrs(f, 0, ICH_AP0R(0)), 0x12345678);
    assert_int_equal(mrs(f, 0, ICH_AP1R(0)), 0x87654321);
    fix_free(f);
}

static void test_life_of_a_virtual_interrupt(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    assert_false(VIRQ(f, 0) || VFIQ(f, 0));
    el2_msr(f, ICH_LR(2), PENDING | GROUP1 | PRIO(0xa0) | 40);
    assert_true(VIRQ(f, 0));
    assert_int_equal(el2_mrs(f, ICH_ELRSR), 0xb);
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 40);
    assert_int_equal(mrs(f, 0, ICC_HPPIR0), 1023);
    assert_int_equal(mrs(f, 0, ICC_IAR0), 1023);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    assert_false(VIRQ(f, 0));
    assert_int_equal(el2_mrs(f, ICH_LR(2)), ACTIVE | GROUP1 | PRIO(0xa0) | 40);
    assert_int_equal(el2_mrs(f, ICH_AP1R(0)), 1 << (0xa0 >> 3));
    assert_int_equal(mrs(f, 0, ICC_AP1R(0)), 1 << (0xa0 >> 3));
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xa0);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    /* pending again while active: not signalled until EOI */
    el2_msr(f, ICH_LR(2), ACTIVE | PENDING | GROUP1 | PRIO(0xa0) | 40);
    assert_false(VIRQ(f, 0));
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(el2_mrs(f, ICH_LR(2)), PENDING | GROUP1 | PRIO(0xa0) | 40);
    assert_true(VIRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(el2_mrs(f, ICH_LR(2)), GROUP1 | PRIO(0xa0) | 40);
    assert_int_equal(el2_mrs(f, ICH_ELRSR), 0xf);
    assert_int_equal(el2_mrs(f, ICH_AP1R(0)), 0);
    assert_int_equal(counter(f, "ack_virtual"), 2);
    /* the physical interface saw nothing of it */
    assert_int_equal(el2_mrs(f, ICC_RPR), 0xff);
    assert_int_equal(counter(f, "ack_spi"), 0);
    fix_free(f);
}

static void test_groups_masks_and_enable(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    el2_msr(f, ICH_LR(0), PENDING | PRIO(0x80) | 41); /* Group 0 */
    assert_true(VFIQ(f, 0));
    assert_false(VIRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    el2_msr(f, ICH_LR(1), PENDING | GROUP1 | PRIO(0x40) | 42);
    assert_true(VIRQ(f, 0)); /* the higher one */
    assert_false(VFIQ(f, 0));
    msr(f, 0, ICC_PMR, 0x40);
    assert_false(VIRQ(f, 0) || VFIQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 42); /* not masked */
    msr(f, 0, ICC_PMR, 0x48);
    assert_true(VIRQ(f, 0));
    msr(f, 0, ICC_PMR, 0xff);
    msr(f, 0, ICC_IGRPEN1, 0); /* then the lower one is next */
    assert_true(VFIQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 1023);
    msr(f, 0, ICC_IGRPEN0, 0);
    assert_false(VIRQ(f, 0) || VFIQ(f, 0));
    msr(f, 0, ICC_IGRPEN0, 1);
    msr(f, 0, ICC_IGRPEN1, 1);
    el2_msr(f, ICH_HCR, 0);
    assert_false(VIRQ(f, 0) || VFIQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    el2_msr(f, ICH_HCR, HCR_EN);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 42);
    assert_int_equal(mrs(f, 0, ICC_IAR0), 1023); /* 0x80 does not preempt 0x40 */
    msr(f, 0, ICC_EOIR0, 42);                    /* the wrong register */
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x40);
    msr(f, 0, ICC_EOIR1, 42);
    assert_int_equal(mrs(f, 0, ICC_IAR0), 41);
    assert_int_equal(el2_mrs(f, ICH_AP0R(0)), 1 << 16);
    assert_int_equal(mrs(f, 0, ICC_AP0R(0)), 1 << 16);
    msr(f, 0, ICC_EOIR0, 41);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    fix_free(f);
}

/* The guest's PMR, BPRn, CTLR, IGRPENn are fields of ICH_VMCR_EL2, and back. */
static void test_vmcr_views(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    el2_msr(f, ICH_VMCR, 0);
    msr(f, 0, ICC_PMR, 0xf7);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0xf0);
    assert_int_equal(el2_mrs(f, ICH_VMCR) >> 24, 0xf0);
    msr(f, 0, ICC_BPR0, 5);
    msr(f, 0, ICC_BPR1, 6);
    assert_int_equal((el2_mrs(f, ICH_VMCR) >> 18) & 0x3f, 5 << 3 | 6);
    msr(f, 0, ICC_BPR0, 0);
    msr(f, 0, ICC_BPR1, 0);
    assert_int_equal(mrs(f, 0, ICC_BPR0), 2);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 3);
    msr(f, 0, ICC_IGRPEN0, 1);
    assert_int_equal(el2_mrs(f, ICH_VMCR) & 3, 1);
    msr(f, 0, ICC_IGRPEN1, 1);
    msr(f, 0, ICC_IGRPEN0, 0);
    assert_int_equal(el2_mrs(f, ICH_VMCR) & 3, 2);
    assert_int_equal(mrs(f, 0, ICC_IGRPEN1), 1);
    assert_int_equal(mrs(f, 0, ICC_CTLR), 0x8000 | 4 << 8);
    msr(f, 0, ICC_CTLR, 3);
    assert_int_equal(mrs(f, 0, ICC_CTLR), 0x8000 | 4 << 8 | 3);
    assert_int_equal(el2_mrs(f, ICH_VMCR) & (1 << 4 | 1 << 9), 1 << 4 | 1 << 9);
    /* VCBPR: BPR1 reads BPR0 + 1, saturated; writes ignored */
    msr(f, 0, ICC_BPR0, 4);
    msr(f, 0, ICC_BPR1, 7);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 5);
    msr(f, 0, ICC_BPR0, 7);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 7);
    el2_msr(f, ICH_VMCR, UINT64_C(0x48) << 24 | 4 << 21 | 5 << 18 | 1);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0x48);
    assert_int_equal(mrs(f, 0, ICC_BPR0), 4);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 5);
    assert_int_equal(mrs(f, 0, ICC_IGRPEN0), 1);
    assert_int_equal(mrs(f, 0, ICC_IGRPEN1), 0);
    /* the hypervisor's own registers are others */
    assert_int_equal(el2_mrs(f, ICC_PMR), 0xf8);
    assert_int_equal(el2_mrs(f, ICC_BPR0), 2);
    /* only IMO: Group 0 registers are physical, common ones virtual */
    f->ctx[0].hcr_el2 = 1 << 4;
    assert_int_equal(mrs(f, 0, ICC_BPR0), 2);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 5);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0x48);
    f->ctx[0].hcr_el2 = 1 << 3;
    assert_int_equal(mrs(f, 0, ICC_BPR0), 4);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 3);
    f->ctx[0].hcr_el2 = 0;
    assert_int_equal(mrs(f, 0, ICC_PMR), 0xf8);
    fix_free(f);
}

static void test_preemption(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    msr(f, 0, ICC_BPR1, 5); /* Group 1 compares [7:5] */
    el2_msr(f, ICH_LR(0), PENDING | GROUP1 | PRIO(0x98) | 40);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x80);
    el2_msr(f, ICH_LR(1), PENDING | GROUP1 | PRIO(0x80) | 41);
    assert_false(VIRQ(f, 0));
    el2_msr(f, ICH_LR(2), PENDING | GROUP1 | PRIO(0x78) | 42);
    assert_true(VIRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 42);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x60);
    msr(f, 0, ICC_EOIR1, 42);
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    fix_free(f);
}

/* LR.HW: the end of the virtual interrupt deactivates the physical one, which EOImode 1 left active (6.2.3).
 */
static void test_hw(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    enable_irq(f, 0, 27, 0x80, true, false);
    el2(f);
    ppi(f, 0, 27, true);
    assert_true(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 27);
    msr(f, 0, ICC_EOIR1, 27);
    assert_false(IRQ(f, 0));
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISACTIVER)), 1u << 27);
    msr(f, 0, ICH_LR(0), PENDING | HW(27) | GROUP1 | PRIO(0xa0) | 27);
    guest(f);
    assert_true(VIRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 27);
    ppi(f, 0, 27, false); /* the guest quiets the device */
    msr(f, 0, ICC_EOIR1, 27);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISACTIVER)), 0);
    assert_int_equal(el2_mrs(f, ICH_LR(0)) >> 62, 0);
    assert_int_equal(el2_mrs(f, ICH_ELRSR) & 1, 1);
    assert_int_equal(counter(f, "deactivate_hw"), 1);
    assert_false(IRQ(f, 0));
    /* still asserted: the next physical interrupt comes at once */
    el2(f);
    ppi(f, 0, 27, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 27);
    msr(f, 0, ICC_EOIR1, 27);
    msr(f, 0, ICH_LR(0), PENDING | HW(27) | GROUP1 | PRIO(0xa0) | 27);
    guest(f);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 27);
    assert_false(IRQ(f, 0));
    msr(f, 0, ICC_EOIR1, 27);
    assert_true(IRQ(f, 0));
    fix_free(f);
}

static void test_veoimode1(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    msr(f, 0, ICC_DIR, 40); /* EOImode 0: ignored, not counted */
    assert_int_equal(el2_mrs(f, ICH_HCR) >> 27, 0);
    msr(f, 0, ICC_CTLR, 2);
    el2_msr(f, ICH_LR(0), PENDING | GROUP1 | PRIO(0xa0) | 40);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    assert_int_equal(el2_mrs(f, ICH_LR(0)) >> 62, 2);
    msr(f, 0, ICC_DIR, 40);
    assert_int_equal(el2_mrs(f, ICH_LR(0)) >> 62, 0);
    assert_int_equal(el2_mrs(f, ICH_HCR) >> 27, 0);
    msr(f, 0, ICC_DIR, 40); /* no list register holds it now */
    assert_int_equal(el2_mrs(f, ICH_HCR) >> 27, 1);
    msr(f, 0, ICC_DIR, 1023);
    msr(f, 0, ICC_DIR, 8192); /* LPIs have no active state */
    assert_int_equal(el2_mrs(f, ICH_HCR) >> 27, 1);
    fix_free(f);
}

static void test_eoicount(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    msr(f, 0, ICC_EOIR1, 40); /* nothing active: not counted */
    assert_int_equal(el2_mrs(f, ICH_HCR) >> 27, 0);
    el2_msr(f, ICH_HCR, HCR_EN | HCR_LRENP);
    enable_irq(f, 0, 25, 0x20, true, false);
    for (unsigned i = 1; i <= 2; i++) {
        el2_msr(f, ICH_AP1R(0), 1 << 20); /* active, but its list register was taken away */
        msr(f, 0, ICC_EOIR1, 40);
        assert_int_equal(el2_mrs(f, ICH_HCR) >> 27, i);
        assert_int_equal(el2_mrs(f, ICH_AP1R(0)), 0);
        assert_true(IRQ(f, 0));
        assert_int_equal(el2_mrs(f, ICH_MISR), 1 << 2);
    }
    el2_msr(f, ICH_AP1R(0), 1 << 20);
    msr(f, 0, ICC_EOIR1, 1022);
    msr(f, 0, ICC_EOIR1, 9000); /* an LPI: dropped, not counted */
    assert_int_equal(el2_mrs(f, ICH_AP1R(0)), 0);
    assert_int_equal(el2_mrs(f, ICH_HCR) >> 27, 2);
    el2_msr(f, ICH_HCR, HCR_EN | HCR_LRENP);
    assert_false(IRQ(f, 0));
    fix_free(f);
}

/* Each reason, its enable, and that it reaches the PE as INTID 25. */
static void test_maintenance(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    enable_irq(f, 0, 25, 0x20, true, false);
    /* U: none or one list register valid */
    el2_msr(f, ICH_HCR, HCR_EN | HCR_UIE);
    assert_int_equal(el2_mrs(f, ICH_MISR), 2);
    assert_true(IRQ(f, 0));
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)), 1 << 25);
    el2_msr(f, ICH_LR(0), ACTIVE | GROUP1 | 40);
    assert_int_equal(el2_mrs(f, ICH_MISR), 2);
    el2_msr(f, ICH_LR(3), PENDING | GROUP1 | 41);
    assert_int_equal(el2_mrs(f, ICH_MISR), 0);
    assert_false(IRQ(f, 0));
    /* NP: none pending (active and pending does not count) */
    el2_msr(f, ICH_HCR, HCR_EN | HCR_NPIE);
    assert_int_equal(el2_mrs(f, ICH_MISR), 0);
    el2_msr(f, ICH_LR(3), ACTIVE | PENDING | GROUP1 | 41);
    assert_int_equal(el2_mrs(f, ICH_MISR), 8);
    assert_true(IRQ(f, 0));
    /* En = 0: the status stays, the interrupt goes */
    el2_msr(f, ICH_HCR, HCR_NPIE);
    assert_false(IRQ(f, 0));
    el2_msr(f, ICH_HCR, 0);
    assert_int_equal(el2_mrs(f, ICH_MISR), 0);
    /* EOI asked for by the list register */
    el2_msr(f, ICH_HCR, HCR_EN);
    el2_msr(f, ICH_LR(0), 0);
    el2_msr(f, ICH_LR(3), 0);
    el2_msr(f, ICH_LR(1), PENDING | EOI | GROUP1 | PRIO(0x80) | 41);
    assert_int_equal(el2_mrs(f, ICH_EISR), 0);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    assert_false(IRQ(f, 0));
    msr(f, 0, ICC_EOIR1, 41);
    assert_int_equal(el2_mrs(f, ICH_EISR), 2);
    assert_int_equal(el2_mrs(f, ICH_ELRSR), 0xd);
    assert_int_equal(el2_mrs(f, ICH_MISR), 1);
    assert_true(IRQ(f, 0));
    el2_msr(f, ICH_LR(1), 0);
    assert_int_equal(el2_mrs(f, ICH_ELRSR), 0xf);
    assert_false(IRQ(f, 0));
    /* group enables, each way */
    for (unsigned veng = 0; veng < 4; veng++) {
        el2_msr(f, ICH_VMCR, veng);
        for (unsigned bit = 0; bit < 4; bit++) {
            bool on = bit < 2 ? veng & 1 : veng & 2;
            bool expect = bit % 2 ? !on : on;

            el2_msr(f, ICH_HCR, HCR_EN | 1 << (4 + bit));
            assert_int_equal(el2_mrs(f, ICH_MISR), expect ? 1 << (4 + bit) : 0);
            assert_int_equal(IRQ(f, 0), expect);
        }
    }
    /* the guest turning its group on raises it */
    el2_msr(f, ICH_HCR, HCR_EN | 1 << 6);
    el2_msr(f, ICH_VMCR, 0);
    assert_false(IRQ(f, 0));
    msr(f, 0, ICC_IGRPEN1, 1);
    assert_true(IRQ(f, 0));
    assert_true(counter(f, "maintenance") > 5);
    fix_free(f);
}

static void test_lpi(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    el2_msr(f, ICH_LR(0), PENDING | GROUP1 | PRIO(0x80) | 8200);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 8200);
    assert_int_equal(el2_mrs(f, ICH_LR(0)) >> 62, 0); /* never active */
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x80);
    msr(f, 0, ICC_EOIR1, 8200);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    fix_free(f);
}

/* HW with nonsense in pINTID: SGIs and special numbers are left alone. */
static void test_hw_nonsense(void **state)
{
    static const unsigned pintid[] = {0, 15, 31, 300, 1019, 1020, 1023};
    struct fix *f = virt_ready();

    (void)state;
    wr32(f, GICR, SGI(0, GICD_ISACTIVER), 0xffffffff);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(pintid); i++) {
        el2_msr(f, ICH_LR(0), PENDING | HW(pintid[i]) | GROUP1 | PRIO(0x80) | 50);
        assert_int_equal(mrs(f, 0, ICC_IAR1), 50);
        msr(f, 0, ICC_EOIR1, 50);
    }
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISACTIVER)), 0x7fffffff);
    fix_free(f);
}

static void test_reset(void **state)
{
    struct fix *f = virt_ready();

    (void)state;
    el2_msr(f, ICH_HCR, HCR_EN | HCR_UIE);
    el2_msr(f, ICH_LR(0), PENDING | GROUP1 | PRIO(0x80) | 8200);
    assert_true(VIRQ(f, 0));
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)), 1 << 25);
    tg_model_reset(f->m);
    assert_false(VIRQ(f, 0));
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)), 0);
    assert_int_equal(el2_mrs(f, ICH_LR(0)), 0);
    fix_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vtr_and_masks),
        cmocka_unit_test(test_life_of_a_virtual_interrupt),
        cmocka_unit_test(test_groups_masks_and_enable),
        cmocka_unit_test(test_vmcr_views),
        cmocka_unit_test(test_preemption),
        cmocka_unit_test(test_hw),
        cmocka_unit_test(test_veoimode1),
        cmocka_unit_test(test_eoicount),
        cmocka_unit_test(test_maintenance),
        cmocka_unit_test(test_lpi),
        cmocka_unit_test(test_hw_nonsense),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests_name("gicv3 virtual cpu interface", tests, NULL, NULL);
}
