/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 CPU interface by system registers, against IHI 0069H 4.6 to 4.9 and 12.2. The virtual one is
 * test_vcpuif.c. */
#include "gic_test.h"

static enum tg_sysreg_result rd_result(struct fix *f, unsigned pe, uint32_t enc)
{
    uint64_t v = 0;

    return sys(f, pe, enc, false, &v);
}

static enum tg_sysreg_result wr_result(struct fix *f, unsigned pe, uint32_t enc)
{
    uint64_t v = 0;

    return sys(f, pe, enc, true, &v);
}

static void test_reset_values(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 1);

    (void)state;
    fix_start(f, 1);
    f->ctx[0].has_el2 = f->ctx[0].el2_enabled = true;
    f->ctx[0].el = 2;
    assert_int_equal(mrs(f, 0, ICC_SRE), 7);
    assert_int_equal(mrs(f, 0, ICC_SRE_EL2), 15);
    msr(f, 0, ICC_SRE, 0);
    msr(f, 0, ICC_SRE_EL2, 0);
    assert_int_equal(mrs(f, 0, ICC_SRE), 7);
    assert_int_equal(mrs(f, 0, ICC_SRE_EL2), 15);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0);
    assert_int_equal(mrs(f, 0, ICC_BPR0), 2); /* 5 bits of priority: minimum */
    assert_int_equal(mrs(f, 0, ICC_BPR1), 3);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    assert_int_equal(mrs(f, 0, ICC_IGRPEN0), 0);
    assert_int_equal(mrs(f, 0, ICC_IGRPEN1), 0);
    assert_int_equal(mrs(f, 0, ICC_IAR0), 1023);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    assert_int_equal(mrs(f, 0, ICC_HPPIR0), 1023);
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 1023);
    assert_int_equal(mrs(f, 0, ICC_CTLR), 0x8000 | 4 << 8); /* A3V, PRIbits */
    msr(f, 0, ICC_CTLR, UINT64_MAX);
    assert_int_equal(mrs(f, 0, ICC_CTLR), 0x8000 | 4 << 8 | 3); /* EOImode, CBPR */
    assert_int_equal(mrs(f, 0, ICC_AP1R(0)), 0);
    fix_free(f);
}

static void test_undefined(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    /* direction */
    assert_int_equal(wr_result(f, 0, ICC_IAR1), TG_SYSREG_UNDEF);
    assert_int_equal(wr_result(f, 0, ICC_HPPIR0), TG_SYSREG_UNDEF);
    assert_int_equal(wr_result(f, 0, ICC_RPR), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, ICC_EOIR1), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, ICC_DIR), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, ICC_SGI1R), TG_SYSREG_UNDEF);
    /* not implemented: active priorities past 32 levels, no EL2, no EL3 */
    assert_int_equal(rd_result(f, 0, ICC_AP0R(1)), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, ICC_AP1R(3)), TG_SYSREG_UNDEF);
    f->ctx[0].el = 2;
    assert_int_equal(rd_result(f, 0, ICH_HCR), TG_SYSREG_UNDEF);
    f->ctx[0].has_el2 = true;
    assert_int_equal(rd_result(f, 0, ICH_HCR), TG_SYSREG_OK);
    assert_int_equal(rd_result(f, 0, ICH_LR(3)), TG_SYSREG_OK);
    assert_int_equal(rd_result(f, 0, ICH_LR(4)), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, ICH_AP0R(1)), TG_SYSREG_UNDEF);
    assert_int_equal(wr_result(f, 0, ICH_VTR), TG_SYSREG_UNDEF);
    assert_int_equal(wr_result(f, 0, ICH_ELRSR), TG_SYSREG_UNDEF);
    /* which no trap changes */
    msr(f, 0, ICH_HCR, 1 << 11);
    f->ctx[0].el = 1;
    f->ctx[0].el2_enabled = true;
    assert_int_equal(rd_result(f, 0, ICC_AP0R(0)), TG_SYSREG_TRAP_EL2);
    assert_int_equal(rd_result(f, 0, ICC_AP0R(1)), TG_SYSREG_UNDEF);
    f->ctx[0].el2_enabled = false;
    f->ctx[0].el = 3;
    assert_int_equal(rd_result(f, 0, ICC_CTLR_EL3), TG_SYSREG_UNDEF);
    f->ctx[0].has_el3 = true;
    assert_int_equal(rd_result(f, 0, ICC_CTLR_EL3), TG_SYSREG_OK);
    assert_int_equal(rd_result(f, 0, ICC_SRE_EL3), TG_SYSREG_OK);
    /* too low */
    f->ctx[0].el = 1;
    assert_int_equal(rd_result(f, 0, ICH_HCR), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, ICC_SRE_EL2), TG_SYSREG_UNDEF);
    f->ctx[0].el = 2;
    assert_int_equal(rd_result(f, 0, ICC_CTLR_EL3), TG_SYSREG_UNDEF);
    f->ctx[0].el = 0;
    assert_int_equal(rd_result(f, 0, ICC_PMR), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, ICC_IAR1), TG_SYSREG_UNDEF);
    /* other encodings */
    f->ctx[0].el = 3;
    assert_int_equal(rd_result(f, 0, SYS(0, 12, 0, 0)), TG_SYSREG_UNDEF); /* VBAR_EL1 */
    assert_int_equal(rd_result(f, 0, SYS(2, 12, 12, 0)), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, SYS(2, 12, 0, 0)), TG_SYSREG_UNDEF);
    assert_int_equal(rd_result(f, 0, TG_SYSENC(2, 0, 12, 12, 0)), TG_SYSREG_UNDEF);
    fix_free(f);
}

static void test_enable_chain(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0x80, true, false);
    spi(f, 40, true);
    assert_true(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 40);
    wr32(f, GICD, GICD_ICENABLER + 4, 0x100);
    assert_false(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 1023);
    wr32(f, GICD, GICD_ISENABLER + 4, 0x100);
    wr32(f, GICD, GICD_CTLR, 1);
    assert_false(IRQ(f, 0));
    wr32(f, GICD, GICD_CTLR, 2);
    assert_true(IRQ(f, 0));
    msr(f, 0, ICC_IGRPEN1, 0);
    assert_false(IRQ(f, 0));
    msr(f, 0, ICC_IGRPEN1, 1);
    assert_true(IRQ(f, 0));
    /* mask: lower values only */
    msr(f, 0, ICC_PMR, 0x80);
    assert_false(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 40); /* not masked by PMR */
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    msr(f, 0, ICC_PMR, 0x88);
    assert_true(IRQ(f, 0));
    fix_free(f);
}

/* Group 0 is FIQ and Group 1 IRQ; each is acknowledged through its own register. */
static void test_groups(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0x80, false, false);
    spi(f, 40, true);
    assert_true(FIQ(f, 0));
    assert_false(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 1023);
    assert_int_equal(mrs(f, 0, ICC_HPPIR0), 40);
    enable_irq(f, 0, 41, 0x40, true, false);
    spi(f, 41, true);
    assert_true(IRQ(f, 0)); /* the higher one only */
    assert_false(FIQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR0), 1023);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    assert_int_equal(mrs(f, 0, ICC_AP1R(0)), 1 << (0x40 >> 3));
    assert_int_equal(mrs(f, 0, ICC_AP0R(0)), 0);
    spi(f, 41, false);
    msr(f, 0, ICC_EOIR0, 41); /* wrong register: ignored */
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x40);
    msr(f, 0, ICC_EOIR1, 41);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    assert_true(FIQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR0), 40);
    assert_int_equal(mrs(f, 0, ICC_AP0R(0)), 1 << (0x80 >> 3));
    msr(f, 0, ICC_EOIR0, 40);
    assert_true(FIQ(f, 0));
    fix_free(f);
}

static void test_order(void **state)
{
    static const struct {
        unsigned intid;
        uint8_t priority;
    } irqs[] = {{200, 0x60}, {35, 0x60}, {20, 0x70}, {3, 0x70}, {250, 0x08}};
    static const unsigned order[] = {250, 35, 200, 3, 20}; /* equal priorities: lowest INTID */
    struct fix *f = gicv3_ready(1);

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(irqs); i++) {
        enable_irq(f, 0, irqs[i].intid, irqs[i].priority, true, true);
        if (irqs[i].intid < 32)
            wr32(f, GICR, SGI(0, GICD_ISPENDR), (uint32_t)intid_bit(irqs[i].intid));
        else
            wr32(f, GICD, GICD_ISPENDR + irqs[i].intid / 32 * 4, (uint32_t)intid_bit(irqs[i].intid));
    }
    for (unsigned i = 0; i < TG_ARRAY_SIZE(order); i++) {
        assert_true(IRQ(f, 0));
        assert_int_equal(mrs(f, 0, ICC_IAR1), order[i]);
        msr(f, 0, ICC_EOIR1, order[i]);
    }
    assert_false(IRQ(f, 0));
    assert_int_equal(counter(f, "ack_sgi"), 1);
    assert_int_equal(counter(f, "ack_ppi"), 1);
    assert_int_equal(counter(f, "ack_spi"), 3);
    /* a priority changed while pending */
    wr32(f, GICD, GICD_ISPENDR + 4, 8);
    wr32(f, GICD, GICD_ISPENDR + 24, (uint32_t)intid_bit(200));
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 35);
    mwr(f, GICD, GICD_IPRIORITYR + 35, 1, 0x68);
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 200);
    fix_free(f);
}

/* Preemption is decided on the group priority: BPR1 = 3 compares [7:3], 5 compares [7:5], 7 only [7] (Group
 * 1: BPR1 - 1). */
static void test_preemption(void **state)
{
    static const struct {
        unsigned bpr1;
        uint8_t running, other, rpr;
        bool preempts;
    } cases[] = {
        {3, 0x80, 0x78, 0x80, true},  {3, 0x80, 0x80, 0x80, false}, {5, 0x98, 0x88, 0x80, false},
        {5, 0xa8, 0x98, 0xa0, true},  {7, 0xf8, 0x80, 0x80, false}, {7, 0xf8, 0x78, 0x80, true},
        {4, 0x98, 0x90, 0x90, false}, {4, 0x98, 0x88, 0x90, true},
    };

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
        struct fix *f = gicv3_ready(1);

        msr(f, 0, ICC_BPR1, cases[i].bpr1);
        assert_int_equal(mrs(f, 0, ICC_BPR1), cases[i].bpr1);
        msr(f, 0, ICC_PMR, 0xff);
        enable_irq(f, 0, 40, cases[i].running, true, true);
        enable_irq(f, 0, 41, cases[i].other, true, true);
        if (cases[i].running == 0xf8) { /* PMR 0xf8 masks it with 5 bits: nothing to run */
            mwr(f, GICD, GICD_IPRIORITYR + 40, 1, 0xf0);
        }
        spi(f, 40, true);
        assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
        assert_int_equal(mrs(f, 0, ICC_RPR), cases[i].rpr);
        spi(f, 41, true);
        assert_int_equal(IRQ(f, 0), cases[i].preempts);
        assert_int_equal(mrs(f, 0, ICC_HPPIR1), 41);
        assert_int_equal(mrs(f, 0, ICC_IAR1), cases[i].preempts ? 41 : 1023);
        fix_free(f);
    }
}

static void test_nesting(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0xa0, true, true);
    enable_irq(f, 0, 41, 0x60, true, true);
    enable_irq(f, 0, 42, 0x20, false, true); /* Group 0 above */
    spi(f, 40, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    spi(f, 41, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    spi(f, 42, true);
    assert_true(FIQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR0), 42);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x20);
    msr(f, 0, ICC_EOIR0, 42);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x60);
    msr(f, 0, ICC_EOIR1, 41);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xa0);
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    assert_int_equal(mrs(f, 0, ICC_AP1R(0)), 0);
    msr(f, 0, ICC_EOIR1, 40); /* nothing active: ignored */
    fix_free(f);
}

static void test_bpr(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    for (unsigned v = 0; v < 16; v++) {
        msr(f, 0, ICC_BPR0, v);
        assert_int_equal(mrs(f, 0, ICC_BPR0), (v & 7) < 2 ? 2 : v & 7);
        msr(f, 0, ICC_BPR1, v);
        assert_int_equal(mrs(f, 0, ICC_BPR1), (v & 7) < 3 ? 3 : v & 7);
    }
    /* CBPR: BPR1 reads BPR0 + 1, saturated; writes are ignored; preemption follows BPR0 */
    msr(f, 0, ICC_BPR1, 3);
    msr(f, 0, ICC_BPR0, 5);
    msr(f, 0, ICC_CTLR, 1);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 6);
    msr(f, 0, ICC_BPR1, 4);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 6);
    enable_irq(f, 0, 40, 0x98, true, true);
    spi(f, 40, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x80); /* [7:6] */
    msr(f, 0, ICC_EOIR1, 40);
    msr(f, 0, ICC_BPR0, 7);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 7);
    msr(f, 0, ICC_CTLR, 0);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 3);
    fix_free(f);
}

static void test_eoimode1(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    msr(f, 0, ICC_DIR, 40); /* EOImode 0: ignored */
    msr(f, 0, ICC_CTLR, 2);
    enable_irq(f, 0, 40, 0x80, true, false);
    spi(f, 40, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);                 /* dropped */
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0x100); /* active still */
    assert_false(IRQ(f, 0));
    msr(f, 0, ICC_DIR, 1019);
    msr(f, 0, ICC_DIR, 1023);
    msr(f, 0, ICC_DIR, 0xffffff);
    msr(f, 0, ICC_DIR, 40);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0);
    assert_true(IRQ(f, 0));
    assert_int_equal(counter(f, "deactivate"), 1);
    /* DIR before EOIR */
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    spi(f, 40, false);
    msr(f, 0, ICC_DIR, 40);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x80);
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    fix_free(f);
}

static void test_active_priorities_saved(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    msr(f, 0, ICC_AP1R(0), 1 << 10);
    assert_int_equal(mrs(f, 0, ICC_RPR), 10 << 3);
    msr(f, 0, ICC_AP0R(0), 1 << 4);
    assert_int_equal(mrs(f, 0, ICC_RPR), 4 << 3);
    enable_irq(f, 0, 40, 0x20, true, true);
    spi(f, 40, true);
    assert_false(IRQ(f, 0));
    msr(f, 0, ICC_AP0R(0), 0);
    assert_true(IRQ(f, 0));
    fix_free(f);
}

static void test_many_priority_bits(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 1);

    (void)state;
    set_param(f, "priority_bits", 7);
    fix_start(f, 1);
    wr32(f, GICD, GICD_CTLR, 3);
    wake_all(f, 1);
    msr(f, 0, ICC_PMR, 0xff);
    msr(f, 0, ICC_IGRPEN1, 1);
    assert_int_equal(mrs(f, 0, ICC_BPR0), 0);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 1);
    enable_irq(f, 0, 40, 0xc2, true, true);
    spi(f, 40, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xc2);
    assert_int_equal(mrs(f, 0, ICC_AP1R(3)), 1u << (0xc2 / 2 - 96));
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(mrs(f, 0, ICC_AP1R(3)), 0);
    fix_free(f);

    f = fix_new(&gicv3_class, 1);
    set_param(f, "priority_bits", 4);
    fix_start(f, 1);
    msr(f, 0, ICC_AP1R(0), UINT64_MAX);
    assert_int_equal(mrs(f, 0, ICC_AP1R(0)), 0xffff); /* 16 levels */
    fix_free(f);
}

static uint64_t sgir(unsigned intid, unsigned aff1, unsigned targets)
{
    return (uint64_t)intid << 24 | (uint64_t)aff1 << 16 | targets;
}

static void test_sgi(void **state)
{
    struct fix *f = gicv3_ready(6); /* 0.0.0.0-3, 0.0.1.0-1 */

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        enable_irq(f, i, 5, 0x80, true, true);
        enable_irq(f, i, 6, 0x80, false, true);
    }
    msr(f, 0, ICC_SGI1R, sgir(5, 0, 0xc));
    assert_false(IRQ(f, 0) || IRQ(f, 1) || IRQ(f, 4) || IRQ(f, 5));
    assert_true(IRQ(f, 2) && IRQ(f, 3));
    assert_int_equal(mrs(f, 3, ICC_IAR1), 5);
    msr(f, 3, ICC_EOIR1, 5);
    assert_false(IRQ(f, 3));
    assert_int_equal(mrs(f, 2, ICC_IAR1), 5);
    msr(f, 2, ICC_EOIR1, 5);
    /* another cluster; oneself */
    msr(f, 4, ICC_SGI1R, sgir(5, 1, 3));
    assert_true(IRQ(f, 4) && IRQ(f, 5));
    msr(f, 4, ICC_EOIR1, mrs(f, 4, ICC_IAR1));
    msr(f, 5, ICC_EOIR1, mrs(f, 5, ICC_IAR1));
    /* IRM: all but oneself */
    msr(f, 1, ICC_SGI1R, sgir(5, 7, 0) | UINT64_C(1) << 40);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(IRQ(f, i), i != 1);
    assert_int_equal(counter(f, "sgi"), 2 + 2 + 5);
    for (unsigned i = 0; i < 6; i++)
        if (i != 1)
            msr(f, i, ICC_EOIR1, mrs(f, i, ICC_IAR1));
    /* nobody there: range selector, Aff2, Aff3, empty list */
    msr(f, 0, ICC_SGI1R, sgir(5, 0, 0xffff) | UINT64_C(1) << 44);
    msr(f, 0, ICC_SGI1R, sgir(5, 0, 0xffff) | UINT64_C(1) << 32);
    msr(f, 0, ICC_SGI1R, sgir(5, 0, 0xffff) | UINT64_C(1) << 48);
    msr(f, 0, ICC_SGI1R, sgir(5, 0, 0));
    /* the wrong group */
    msr(f, 0, ICC_SGI1R, sgir(6, 0, 0xf));
    msr(f, 0, ICC_SGI0R, sgir(5, 0, 0xf));
    for (unsigned i = 0; i < 6; i++)
        assert_false(IRQ(f, i) || FIQ(f, i));
    msr(f, 0, ICC_SGI0R, sgir(6, 0, 1));
    assert_true(FIQ(f, 0));
    /* the same SGI twice is one; again while active is active and pending */
    msr(f, 0, ICC_SGI1R, sgir(5, 0, 2));
    msr(f, 2, ICC_SGI1R, sgir(5, 0, 2));
    assert_int_equal(mrs(f, 1, ICC_IAR1), 5);
    assert_false(IRQ(f, 1));
    msr(f, 0, ICC_SGI1R, sgir(5, 0, 2));
    assert_false(IRQ(f, 1));
    msr(f, 1, ICC_EOIR1, 5);
    assert_true(IRQ(f, 1));
    fix_free(f);
}

static void test_range_selector(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 2);

    (void)state;
    f->ctx[0].mpidr = 15;
    f->ctx[1].mpidr = 35;
    fix_start(f, 2);
    wr32(f, GICD, GICD_CTLR, 3);
    wake_all(f, 2);
    assert_true(rd32(f, GICD, 4) & 1 << 26);              /* GICD_TYPER.RSS */
    assert_true(mrs(f, 0, ICC_CTLR) & UINT64_C(1) << 18); /* ICC_CTLR_EL1.RSS */
    msr(f, 1, ICC_PMR, 0xff);
    msr(f, 1, ICC_IGRPEN1, 1);
    enable_irq(f, 1, 0, 0x80, true, true);
    msr(f, 0, ICC_SGI1R, sgir(0, 0, 8));
    assert_false(IRQ(f, 1));
    msr(f, 0, ICC_SGI1R, sgir(0, 0, 8) | UINT64_C(2) << 44);
    assert_true(IRQ(f, 1));
    /* both ends of a range */
    enable_irq(f, 0, 0, 0x80, true, true);
    msr(f, 0, ICC_SGI1R, sgir(0, 0, 0x7fff));
    msr(f, 0, ICC_SGI1R, sgir(0, 0, 0xffff) | UINT64_C(1) << 44);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)), 0);
    msr(f, 0, ICC_SGI1R, sgir(0, 0, 0x8000));
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)), 1);
    fix_free(f);
}

/* Two clusters and two dies, as MPIDR_EL1 with MT gives them: Aff1 counts cores of one thread each, so that
 * each SGI names one PE; GICR_TYPER and GICD_IROUTER have the affinities without MT (IHI 0069 12.11.35). */
static void test_sgi_clusters(void **state)
{
    static const uint64_t mpidr[6] = {0x81000000, 0x81000100, 0x81010000, 0x81010100, UINT64_C(0x181010000),
                                      0x81010117};
    struct fix *f = fix_new(&gicv3_class, 6);

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        f->ctx[i].mpidr = mpidr[i];
    fix_start(f, 6);
    wr32(f, GICD, GICD_CTLR, 3);
    wake_all(f, 6);
    for (unsigned i = 0; i < 6; i++) {
        const uint64_t aff = (mpidr[i] >> 32 & 0xff) << 24 | (mpidr[i] & 0xffffff);
        const uint64_t to = (mpidr[i] >> 32 & 0xff) << 48 | (mpidr[i] >> 16 & 0xff) << 32 |
                            (mpidr[i] >> 8 & 0xff) << 16 | (mpidr[i] & 0xff) / 16 << 44 |
                            UINT64_C(1) << ((mpidr[i] & 0xff) % 16);

        assert_int_equal(rd32(f, GICR, RD(i, 0x0c)), aff);
        assert_int_equal(rd32(f, GICR, RD(i, 0x08)) >> 8, i);
        assert_int_equal(rd32(f, GICR, RD(i, 0x08)) >> 4 & 1, i == 5);
        for (unsigned k = 0; k < 6; k++) {
            msr(f, k, ICC_PMR, 0xff);
            msr(f, k, ICC_IGRPEN1, 1);
            enable_irq(f, k, 7, 0x80, true, true);
        }
        msr(f, (i + 1) % 6, ICC_SGI1R, UINT64_C(7) << 24 | to);
        for (unsigned k = 0; k < 6; k++)
            assert_int_equal(IRQ(f, k), k == i);
        assert_int_equal(mrs(f, i, ICC_IAR1), 7);
        msr(f, i, ICC_EOIR1, 7);
    }
    fix_free(f);
}

/* Table of IHI 0069 4.6: which line, by group and by where the PE is, with two Security states. */
static void test_secure_lines(void **state)
{
    static const struct {
        unsigned el;
        bool secure, group0, g1s, g1ns; /* is it FIQ? */
    } cases[] = {
        {3, true, true, true, true},   {3, false, true, true, true},  {1, true, true, false, true},
        {1, false, true, true, false}, {2, false, true, true, false}, {0, true, true, false, true},
    };
    struct fix *f = gicv3_secure_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0x40, false, false);
    enable_irq(f, 0, 41, 0x40, false, false);
    wr32(f, GICD, 0xd00 + 4, 1 << 9); /* IGRPMODR: 41 is Secure Group 1 */
    enable_irq(f, 0, 42, 0x80, true, false);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
        const bool fiq[3] = {cases[i].group0, cases[i].g1s, cases[i].g1ns};

        at_el(f, 0, cases[i].el, cases[i].secure);
        for (unsigned g = 0; g < 3; g++) {
            spi(f, 40 + g, true);
            assert_int_equal(FIQ(f, 0), fiq[g]);
            assert_int_equal(IRQ(f, 0), !fiq[g]);
            spi(f, 40 + g, false);
            assert_false(IRQ(f, 0) || FIQ(f, 0));
        }
    }
    /* the group bit wins over the modifier; each group has its own enable */
    wr32(f, GICD, 0xd00 + 4, 1 << 9 | 1 << 10);
    at_el(f, 0, 3, true);
    msr(f, 0, ICC_IGRPEN1_EL3, 2);
    spi(f, 42, true);
    assert_false(FIQ(f, 0));
    msr(f, 0, ICC_IGRPEN1_EL3, 1);
    assert_true(FIQ(f, 0));
    spi(f, 42, false);
    spi(f, 41, true);
    assert_false(FIQ(f, 0));
    msr(f, 0, ICC_IGRPEN1_EL3, 3);
    assert_true(FIQ(f, 0));
    spi(f, 41, false);
    /* a line moves when the PE changes EL */
    at_el(f, 0, 1, false);
    spi(f, 42, true);
    assert_true(IRQ(f, 0));
    at_el(f, 0, 3, true);
    assert_true(FIQ(f, 0));
    assert_false(IRQ(f, 0));
    fix_free(f);
}

static void test_secure_acknowledge(void **state)
{
    struct fix *f = gicv3_secure_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0x40, false, false);
    enable_irq(f, 0, 41, 0x40, false, false);
    wr32(f, GICD, 0xd00 + 4, 1 << 9);
    enable_irq(f, 0, 42, 0x80, true, false);
    /* EL3 learns of the others' by 1020, 1021 */
    at_el(f, 0, 3, true);
    spi(f, 41, true);
    assert_int_equal(mrs(f, 0, ICC_HPPIR0), 1020);
    assert_int_equal(mrs(f, 0, ICC_IAR0), 1020);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    spi(f, 41, false);
    spi(f, 42, true);
    assert_int_equal(mrs(f, 0, ICC_IAR0), 1021);
    spi(f, 42, false);
    /* Non-secure EL1 sees its own only */
    at_el(f, 0, 1, false);
    spi(f, 41, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    assert_int_equal(mrs(f, 0, ICC_HPPIR1), 1023);
    assert_int_equal(mrs(f, 0, ICC_IAR0), 1023);
    /* Secure EL1 takes it */
    at_el(f, 0, 1, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    spi(f, 41, false);
    at_el(f, 0, 1, false);
    msr(f, 0, ICC_EOIR1, 41); /* not yours */
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x40);
    at_el(f, 0, 1, true);
    msr(f, 0, ICC_EOIR1, 41);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0);
    fix_free(f);
}

/* SCR_EL3.FIQ = 1: Non-secure software sees the upper half of the priorities, doubled (4.8.6). */
static void test_nonsecure_priorities(void **state)
{
    struct fix *f = gicv3_secure_ready(1);

    (void)state;
    at_el(f, 0, 1, false);
    f->ctx[0].scr_el3 = 1 << 2;
    msr(f, 0, ICC_PMR, 0x80);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0x80);
    at_el(f, 0, 3, true);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0xc0);
    msr(f, 0, ICC_PMR, 0x40);
    at_el(f, 0, 1, false);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0);
    msr(f, 0, ICC_PMR, 0xff); /* may not unmask */
    at_el(f, 0, 3, true);
    assert_int_equal(mrs(f, 0, ICC_PMR), 0x40);
    msr(f, 0, ICC_PMR, 0xff);
    enable_irq(f, 0, 42, 0xa0, true, true);
    spi(f, 42, true);
    at_el(f, 0, 1, false);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 42);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0x40);
    f->ctx[0].scr_el3 = 0;
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xa0);
    f->ctx[0].scr_el3 = 1 << 2;
    msr(f, 0, ICC_EOIR1, 42);
    assert_int_equal(mrs(f, 0, ICC_RPR), 0xff);
    /* banked: CTLR, BPR1, IGRPEN1, AP1R */
    msr(f, 0, ICC_CTLR, 3);
    assert_int_equal(mrs(f, 0, ICC_CTLR) & 3, 2); /* CBPR is EL3's */
    msr(f, 0, ICC_BPR1, 6);
    msr(f, 0, ICC_IGRPEN1, 0);
    at_el(f, 0, 1, true);
    assert_int_equal(mrs(f, 0, ICC_CTLR) & 3, 0);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 2);
    assert_int_equal(mrs(f, 0, ICC_IGRPEN1), 1);
    at_el(f, 0, 3, true);
    assert_int_equal(mrs(f, 0, ICC_IGRPEN1_EL3), 2);
    assert_int_equal(mrs(f, 0, ICC_CTLR_EL3) & 0x1f, 0x10);
    msr(f, 0, ICC_CTLR_EL3, 0x07);
    assert_int_equal(mrs(f, 0, ICC_CTLR_EL3) & 0x1f, 0x07);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 2); /* CBPR_EL1S: BPR0 */
    at_el(f, 0, 1, false);
    assert_int_equal(mrs(f, 0, ICC_BPR1), 3);
    fix_free(f);
}

static void test_secure_sgi(void **state)
{
    struct fix *f = gicv3_secure_ready(2);

    (void)state;
    enable_irq(f, 1, 1, 0x40, false, true); /* Group 0 */
    enable_irq(f, 1, 2, 0x40, false, true);
    wr32(f, GICR, SGI(1, 0xd00), 1 << 2);  /* Secure Group 1 */
    enable_irq(f, 1, 3, 0x80, true, true); /* Non-secure Group 1 */
    at_el(f, 0, 1, false);
    at_el(f, 1, 3, true);
#define PENDING() rd32(f, GICR, SGI(1, GICD_ISPENDR))
#define CLEAR()   wr32(f, GICR, SGI(1, GICD_ICPENDR), 0xffff)
    /* Non-secure sender: its own group only, unless NSACR lends */
    for (unsigned n = 1; n <= 3; n++) {
        msr(f, 0, ICC_SGI0R, sgir(n, 0, 2));
        msr(f, 0, ICC_SGI1R, sgir(n, 0, 2));
        msr(f, 0, ICC_ASGI1R, sgir(n, 0, 2));
    }
    assert_int_equal(PENDING(), 1 << 3);
    CLEAR();
    wr32(f, GICR, SGI(1, 0xe00), 1 << 2 | 1 << 4);
    msr(f, 0, ICC_ASGI1R, sgir(2, 0, 2)); /* Secure Group 1 needs 2 */
    assert_int_equal(PENDING(), 0);
    wr32(f, GICR, SGI(1, 0xe00), 1 << 2 | 2 << 4);
    msr(f, 0, ICC_SGI0R, sgir(1, 0, 2));
    msr(f, 0, ICC_ASGI1R, sgir(2, 0, 2));
    assert_int_equal(PENDING(), 1 << 1 | 1 << 2);
    CLEAR();
    /* Secure sender */
    at_el(f, 0, 1, true);
    msr(f, 0, ICC_SGI1R, sgir(3, 0, 2));
    assert_int_equal(PENDING(), 0);
    msr(f, 0, ICC_ASGI1R, sgir(3, 0, 2));
    msr(f, 0, ICC_SGI1R, sgir(2, 0, 2));
    msr(f, 0, ICC_SGI1R, sgir(1, 0, 2)); /* Secure Group 1 asked, Group 0 configured: delivered */
    assert_int_equal(PENDING(), 0xe);
    fix_free(f);
}

static void test_traps(void **state)
{
    static const struct {
        uint32_t enc;
        bool write;
        unsigned group; /* 0, 1, 2: common, 3: SGI */
    } regs[] = {
        {ICC_IAR0, false, 0},    {ICC_EOIR0, true, 0},   {ICC_HPPIR0, false, 0}, {ICC_BPR0, false, 0},
        {ICC_AP0R(0), false, 0}, {ICC_IGRPEN0, true, 0}, {ICC_IAR1, false, 1},   {ICC_EOIR1, true, 1},
        {ICC_HPPIR1, false, 1},  {ICC_BPR1, true, 1},    {ICC_AP1R(0), true, 1}, {ICC_IGRPEN1, false, 1},
        {ICC_PMR, true, 2},      {ICC_RPR, false, 2},    {ICC_CTLR, false, 2},   {ICC_DIR, true, 2},
        {ICC_SGI0R, true, 3},    {ICC_SGI1R, true, 3},   {ICC_ASGI1R, true, 3},
    };
    static const uint64_t hcr_bits[] = {1 << 11, 1 << 12, 1 << 10, 1 << 10}; /* TALL0, TALL1, TC, TC */
    struct fix *f = gicv3_ready(1);

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(regs); i++) {
        unsigned group = regs[i].group;
        uint64_t v = 0;

        f->ctx[0] = (struct tg_gic_pe_ctx){.el = 1, .has_el2 = true, .el2_enabled = true};
        for (unsigned t = 0; t < 4; t++) { /* TC, TALL0, TALL1, TDIR one by one */
            static const uint64_t bits[] = {1 << 10, 1 << 11, 1 << 12, 1 << 14};
            bool traps = hcr_bits[group] == bits[t] || (t == 3 && regs[i].enc == ICC_DIR);

            f->ctx[0].el = 2;
            msr(f, 0, ICH_HCR, bits[t]);
            assert_int_equal(sys(f, 0, regs[i].enc, regs[i].write, &v),
                             TG_SYSREG_OK); /* EL2 itself is not trapped */
            f->ctx[0].el = 1;
            assert_int_equal(sys(f, 0, regs[i].enc, regs[i].write, &v),
                             traps ? TG_SYSREG_TRAP_EL2 : TG_SYSREG_OK);
            f->ctx[0].el2_enabled = false;
            assert_int_equal(sys(f, 0, regs[i].enc, regs[i].write, &v), TG_SYSREG_OK);
            f->ctx[0].el2_enabled = true;
        }
        f->ctx[0].el = 2;
        msr(f, 0, ICH_HCR, 0);
        /* SCR_EL3.FIQ takes Group 0, IRQ Group 1, both together the common ones */
        f->ctx[0].has_el3 = true;
        for (unsigned el = 1; el <= 3; el++) {
            for (unsigned scr = 0; scr < 4; scr++) {
                bool irq = scr & 1, fiq = scr & 2;
                bool traps = el < 3 && (group == 0 ? fiq : group == 1 ? irq : irq && fiq);

                f->ctx[0].el = (uint8_t)el;
                f->ctx[0].scr_el3 = scr << 1;
                assert_int_equal(sys(f, 0, regs[i].enc, regs[i].write, &v),
                                 traps ? TG_SYSREG_TRAP_EL3 : TG_SYSREG_OK);
            }
        }
        /* SGIs of a guest go to the hypervisor */
        f->ctx[0].scr_el3 = 0;
        f->ctx[0].el = 1;
        for (unsigned bit = 3; bit <= 4; bit++) {
            f->ctx[0].hcr_el2 = 1 << bit;
            assert_int_equal(sys(f, 0, regs[i].enc, regs[i].write, &v),
                             group == 3 ? TG_SYSREG_TRAP_EL2 : TG_SYSREG_OK);
        }
    }
    fix_free(f);
}

/* What the simulator is told to be signalled is what an acknowledge would give, and asking changes nothing.
 */
static void test_signalled(void **state)
{
    struct fix *f = gicv3_ready(2);
    const struct tg_gic_cpuif *g = f->cpuif;

    (void)state;
    assert_int_equal(g->signalled(g->opaque, 0), 1023);
    assert_int_equal(g->signalled(g->opaque, 99), 1023);
    enable_irq(f, 0, 40, 0x80, true, false);
    enable_irq(f, 0, 27, 0x60, true, false);
    spi(f, 40, true);
    assert_int_equal(g->signalled(g->opaque, 0), 40);
    assert_int_equal(g->signalled(g->opaque, 1), 1023);
    ppi(f, 0, 27, true);
    assert_int_equal(g->signalled(g->opaque, 0), 27);
    assert_int_equal(g->signalled(g->opaque, 0), 27);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 27);
    assert_int_equal(g->signalled(g->opaque, 0), 1023); /* 40 does not preempt it */
    msr(f, 0, ICC_EOIR1, 27);
    ppi(f, 0, 27, false);
    assert_int_equal(g->signalled(g->opaque, 0), 40);
    msr(f, 0, ICC_PMR, 0x80);
    assert_int_equal(g->signalled(g->opaque, 0), 1023); /* masked */
    fix_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset_values),
        cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_enable_chain),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_preemption),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_bpr),
        cmocka_unit_test(test_eoimode1),
        cmocka_unit_test(test_active_priorities_saved),
        cmocka_unit_test(test_many_priority_bits),
        cmocka_unit_test(test_sgi),
        cmocka_unit_test(test_range_selector),
        cmocka_unit_test(test_sgi_clusters),
        cmocka_unit_test(test_secure_lines),
        cmocka_unit_test(test_secure_acknowledge),
        cmocka_unit_test(test_nonsecure_priorities),
        cmocka_unit_test(test_secure_sgi),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_signalled),
    };

    return cmocka_run_group_tests_name("gicv3 cpu interface", tests, NULL, NULL);
}
