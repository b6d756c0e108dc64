/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 distributor and redistributors over the bus, against IHI 0069H chapters 4 and 12. The CPU interface
 * is test_cpuif.c. */
#include "gic_test.h"

static void test_identification(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 5);

    (void)state;
    f->ctx[4].mpidr = UINT64_C(0x0200030104);
    set_param(f, "spis", 96);
    fix_start(f, 5);
    assert_int_equal(rd32(f, GICD, 0xffe8) & 0xf0, 0x30); /* ArchRev */
    assert_int_equal(rd32(f, GICD, 0xffe8), 0x3b);
    assert_int_equal(rd32(f, GICR, RD(3, 0xffe8)), 0x3b);
    assert_int_equal(rd32(f, GICD, 0xfff0), 0x0d);
    assert_int_equal(rd32(f, GICD, 0x4) & 0x1f, 3);         /* (96 + 32) / 32 - 1 */
    assert_int_equal(rd32(f, GICD, 0x4) & (1 << 10), 0);    /* one Security state */
    assert_int_equal(rd32(f, GICD, 0x4) & (1 << 17), 0);    /* no LPIs */
    assert_true(rd32(f, GICD, 0x4) & (1 << 24));            /* Aff3 is in use */
    assert_int_equal((rd32(f, GICD, 0x4) >> 19) & 0x1f, 9); /* 10 bits of INTID */
    assert_int_equal(rd32(f, GICD, 0xc), 0);
    assert_int_equal(tg_model_frame_size(f->m, GICR), 5 * 0x20000);
    for (unsigned i = 0; i < 5; i++) {
        uint64_t typer = mrd(f, GICR, RD(i, 8), 8);

        assert_int_equal((typer >> 8) & 0xffff, i);
        assert_int_equal((typer >> 4) & 1, i == 4); /* Last */
        assert_int_equal(typer & 0xf, 0);
        assert_int_equal(typer >> 32, i == 4 ? 0x02030104 : f->ctx[i].mpidr);
        assert_int_equal(rd32(f, GICR, RD(i, 12)), typer >> 32); /* halves too */
    }
    fix_free(f);
}

static void test_ctlr_single_state(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 1);

    (void)state;
    fix_start(f, 1);
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x50); /* ARE, DS: RAO/WI */
    wr32(f, GICD, GICD_CTLR, 0xffffffff);
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x53);
    wr32(f, GICD, GICD_CTLR, 0x12); /* as Linux does */
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x52);
    wr32(f, GICD, GICD_CTLR, 0);
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x50);
    fix_free(f);
}

static void test_waker(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    wr32(f, GICR, RD(0, GICR_WAKER), 2);
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 6); /* ProcessorSleep, ChildrenAsleep */
    enable_irq(f, 0, 40, 0x80, true, false);
    spi(f, 40, true);
    assert_false(IRQ(f, 0));
    wr32(f, GICR, RD(0, GICR_WAKER), 0);
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 0);
    assert_true(IRQ(f, 0));
    wr32(f, GICR, RD(0, GICR_WAKER), 0xffffffff);
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 6);
    assert_false(IRQ(f, 0));
    fix_free(f);
}

/* With affinity routing the first bank of GICD is RES0, and lives in GICR, separately for each PE. */
static void test_private_banks(void **state)
{
    struct fix *f = gicv3_ready(2);

    (void)state;
    wr32(f, GICD, GICD_ISENABLER, 0xffffffff);
    wr32(f, GICD, GICD_IGROUPR, 0xffffffff);
    wr32(f, GICD, GICD_ISPENDR, 0xffffffff);
    wr32(f, GICD, GICD_IPRIORITYR, 0xffffffff);
    assert_int_equal(rd32(f, GICD, GICD_ISENABLER), 0);
    assert_int_equal(rd32(f, GICD, GICD_IGROUPR), 0);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR), 0);
    assert_int_equal(rd32(f, GICD, GICD_IPRIORITYR), 0);
    assert_int_equal(rd32(f, GICD, GICD_ICFGR), 0);
    wr32(f, GICR, SGI(1, GICD_ISENABLER), 0x08000001);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISENABLER)), 0);
    assert_int_equal(rd32(f, GICR, SGI(1, GICD_ISENABLER)), 0x08000001);
    wr32(f, GICR, SGI(1, GICD_ICENABLER), 1);
    assert_int_equal(rd32(f, GICR, SGI(1, GICD_ICENABLER)), 0x08000000);
    /* SGIs are edge-triggered, read-only; PPIs can be set */
    wr32(f, GICR, SGI(0, GICD_ICFGR), 0);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ICFGR)), 0xaaaaaaaa);
    wr32(f, GICR, SGI(0, GICD_ICFGR + 4), 0xffffffff);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ICFGR + 4)), 0xaaaaaaaa);
    assert_int_equal(rd32(f, GICR, SGI(1, GICD_ICFGR + 4)), 0);
    fix_free(f);
}

static void test_priority_width(void **state)
{
    static const uint8_t mask[] = {[4] = 0xf0, [5] = 0xf8, [6] = 0xfc, [7] = 0xfe, [8] = 0xff};

    (void)state;
    for (unsigned bits = 4; bits <= 8; bits++) {
        struct fix *f = fix_new(&gicv3_class, 1);

        set_param(f, "priority_bits", bits);
        fix_start(f, 1);
        mwr(f, GICD, GICD_IPRIORITYR + 33, 1, 0xff);
        assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 33, 1), mask[bits]);
        wr32(f, GICD, GICD_IPRIORITYR + 36, 0x12345678);
        assert_int_equal(rd32(f, GICD, GICD_IPRIORITYR + 36), 0x12345678 & (mask[bits] * 0x01010101u));
        msr(f, 0, ICC_PMR, 0xff);
        assert_int_equal(mrs(f, 0, ICC_PMR), mask[bits]);
        assert_int_equal((mrs(f, 0, ICC_CTLR) >> 8) & 7, bits - 1);
        fix_free(f);
    }
}

/* Level-sensitive: pending follows the line; ISPENDR adds a latch that acknowledge or ICPENDR clears
 * (4.1.2, 4.5). */
static void test_level(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0x80, true, false);
    assert_false(IRQ(f, 0));
    spi(f, 40, true);
    assert_true(IRQ(f, 0));
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x100);
    wr32(f, GICD, GICD_ICPENDR + 4, 0x100); /* the line is still high */
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x100);
    assert_true(IRQ(f, 0));
    spi(f, 40, false);
    assert_false(IRQ(f, 0));
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0);
    /* active and pending while the line stays high; again pending after EOI */
    spi(f, 40, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    assert_false(IRQ(f, 0));
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x100);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0x100);
    msr(f, 0, ICC_EOIR1, 40);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0);
    assert_true(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    spi(f, 40, false);
    msr(f, 0, ICC_EOIR1, 40);
    assert_false(IRQ(f, 0));
    /* software latch: acknowledge clears it */
    wr32(f, GICD, GICD_ISPENDR + 4, 0x100);
    assert_true(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0);
    msr(f, 0, ICC_EOIR1, 40);
    assert_false(IRQ(f, 0));
    /* software latch outlives the line */
    wr32(f, GICD, GICD_ISPENDR + 4, 0x100);
    spi(f, 40, true);
    spi(f, 40, false);
    assert_true(IRQ(f, 0));
    wr32(f, GICD, GICD_ICPENDR + 4, 0x100);
    assert_false(IRQ(f, 0));
    fix_free(f);
}

/* Edge-triggered: a rising edge is remembered, the level is not. */
static void test_edge(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 41, 0x80, true, true);
    spi(f, 41, true);
    spi(f, 41, false);
    assert_true(IRQ(f, 0));
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0);
    spi(f, 41, true); /* while active: active and pending */
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x200);
    assert_int_equal(rd32(f, GICD, GICD_ISACTIVER + 4), 0x200);
    assert_false(IRQ(f, 0));
    msr(f, 0, ICC_EOIR1, 41);
    assert_true(IRQ(f, 0)); /* second one; line still high */
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    msr(f, 0, ICC_EOIR1, 41);
    assert_false(IRQ(f, 0));
    spi(f, 41, false);
    spi(f, 41, true);
    wr32(f, GICD, GICD_ICPENDR + 4, 0x200); /* clears it although the line is high */
    assert_false(IRQ(f, 0));
    /* the edge is remembered while disabled */
    wr32(f, GICD, GICD_ICENABLER + 4, 0x200);
    spi(f, 41, false);
    spi(f, 41, true);
    assert_false(IRQ(f, 0));
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x200);
    wr32(f, GICD, GICD_ISENABLER + 4, 0x200);
    assert_true(IRQ(f, 0));
    fix_free(f);
}

static void test_active_registers(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 64, 0x80, true, false);
    wr32(f, GICD, GICD_ISACTIVER + 8, 1);
    assert_int_equal(rd32(f, GICD, GICD_ICACTIVER + 8), 1);
    spi(f, 64, true);
    assert_false(IRQ(f, 0)); /* active and pending is not signalled */
    wr32(f, GICD, GICD_ICACTIVER + 8, 1);
    assert_true(IRQ(f, 0));
    fix_free(f);
}

static void test_routing(void **state)
{
    struct fix *f = gicv3_ready(6); /* PE 5 has affinity 0.0.1.1 */

    (void)state;
    enable_irq(f, 0, 50, 0x80, true, false);
    spi(f, 50, true);
    assert_true(IRQ(f, 0));
    mwr(f, GICD, GICD_IROUTER + 8 * 50, 8, 0x101);
    assert_false(IRQ(f, 0));
    assert_true(IRQ(f, 5));
    mwr(f, GICD, GICD_IROUTER + 8 * 50, 8, 0x102); /* nobody there */
    for (unsigned i = 0; i < 6; i++)
        assert_false(IRQ(f, i));
    wr32(f, GICD, GICD_IROUTER + 8 * 50, 3); /* by halves */
    wr32(f, GICD, GICD_IROUTER + 8 * 50 + 4, 0);
    assert_true(IRQ(f, 3));
    wr32(f, GICD, GICD_IROUTER + 8 * 50 + 4, 1); /* Aff3 */
    assert_false(IRQ(f, 3));
    mwr(f, GICD, GICD_IROUTER + 8 * 50, 8, UINT64_MAX);
    assert_int_equal(mrd(f, GICD, GICD_IROUTER + 8 * 50, 8), UINT64_C(0xff80ffffff)); /* RES0 bits */
    fix_free(f);
}

/* IROUTER.IRM: to the lowest PE that is awake and takes the group. */
static void test_one_of_n(void **state)
{
    struct fix *f = gicv3_ready(3);

    (void)state;
    enable_irq(f, 0, 50, 0x80, true, false);
    mwr(f, GICD, GICD_IROUTER + 8 * 50, 8, UINT64_C(1) << 31);
    spi(f, 50, true);
    assert_true(IRQ(f, 0));
    assert_false(IRQ(f, 1) || IRQ(f, 2));
    wr32(f, GICR, RD(0, GICR_WAKER), 2);
    assert_true(IRQ(f, 1));
    assert_false(IRQ(f, 0) || IRQ(f, 2));
    msr(f, 1, ICC_IGRPEN1, 0);
    assert_true(IRQ(f, 2));
    assert_int_equal(mrs(f, 2, ICC_IAR1), 50);
    wr32(f, GICR, RD(0, GICR_WAKER), 0); /* active on PE 2: nobody else gets it */
    assert_false(IRQ(f, 0) || IRQ(f, 1) || IRQ(f, 2));
    spi(f, 50, false);
    msr(f, 2, ICC_EOIR1, 50);
    spi(f, 50, true);
    assert_true(IRQ(f, 0));
    /* nobody awake */
    for (unsigned i = 0; i < 3; i++)
        wr32(f, GICR, RD(i, GICR_WAKER), 2);
    assert_false(IRQ(f, 0) || IRQ(f, 1) || IRQ(f, 2));
    fix_free(f);
}

static void test_message_spi(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0x80, true, false);
    enable_irq(f, 0, 41, 0x90, true, true);
    wr32(f, GICD, 0x40, 40);
    assert_true(IRQ(f, 0));
    wr32(f, GICD, 0x48, 40);
    assert_false(IRQ(f, 0));
    wr32(f, GICD, 0x40, 41);
    wr32(f, GICD, 0x48, 41); /* edge: no effect */
    assert_int_equal(mrs(f, 0, ICC_IAR1), 41);
    msr(f, 0, ICC_EOIR1, 41);
    wr32(f, GICD, 0x50, 40); /* _SR: WI with one Security state */
    wr32(f, GICD, 0x40, 3);  /* no SPI */
    wr32(f, GICD, 0x40, 1023);
    wr32(f, GICD, 0x40, 0x1fff);
    assert_false(IRQ(f, 0));
    fix_free(f);
}

static void test_ppi(void **state)
{
    struct fix *f = gicv3_ready(2);

    (void)state;
    enable_irq(f, 0, 27, 0x80, true, false);
    enable_irq(f, 1, 27, 0x80, true, false);
    ppi(f, 1, 27, true);
    assert_false(IRQ(f, 0));
    assert_true(IRQ(f, 1));
    assert_int_equal(rd32(f, GICR, SGI(1, GICD_ISPENDR)), 1u << 27);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)), 0);
    assert_int_equal(mrs(f, 1, ICC_IAR1), 27);
    ppi(f, 1, 27, false);
    msr(f, 1, ICC_EOIR1, 27);
    assert_false(IRQ(f, 1));
    assert_int_equal(counter(f, "ack_ppi"), 1);
    /* lines that do not exist */
    f->m->cls->irq_in(f->m, gic_ppi_line(2, 27), true, 0);
    f->m->cls->irq_in(f->m, gic_ppi_line(0, 5), true, 0);
    f->m->cls->irq_in(f->m, 300, true, 0);
    f->m->cls->irq_in(f->m, UINT32_MAX, true, 0);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)), 0);
    assert_int_equal(gic_ppi_intid(TG_PPI_CNTV), 27);
    assert_int_equal(gic_ppi_intid(TG_PPI_CNTP), 30);
    assert_int_equal(gic_ppi_intid(TG_PPI_CNTHP), 26);
    assert_int_equal(gic_ppi_intid(TG_PPI_CNTHV), 28);
    assert_int_equal(gic_ppi_intid(TG_PPI_PMU), 23);
    fix_free(f);
}

/* Last bank: 988 SPIs end at INTID 1019. */
static void test_last_spi(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 1);

    (void)state;
    set_param(f, "spis", 988);
    fix_start(f, 1);
    wr32(f, GICD, GICD_CTLR, 3);
    wake_all(f, 1);
    msr(f, 0, ICC_PMR, 0xff);
    msr(f, 0, ICC_IGRPEN1, 1);
    assert_int_equal(rd32(f, GICD, 4) & 0x1f, 31);
    wr32(f, GICD, GICD_ISENABLER + 4 * 31, 0xffffffff);
    assert_int_equal(rd32(f, GICD, GICD_ISENABLER + 4 * 31), 0x0fffffff);
    enable_irq(f, 0, 1019, 0x40, true, false);
    spi(f, 1019, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1019);
    assert_int_equal(counter(f, "ack_spi"), 1);
    fix_free(f);
}

static void test_bad_parameters(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 1);
    struct tg_error err;
    uint64_t same[2] = {1, 1};

    (void)state;
    assert_int_equal(tg_model_set_u64(f->m, tg_model_param(f->m->cls, "spis"), 989, &err), -EINVAL);
    assert_int_equal(gic_set_pes(f->m, 0, same), -EINVAL);
    assert_int_equal(gic_set_pes(f->m, GIC_MAX_PES + 1, same), -EINVAL);
    assert_int_equal(tg_model_realize(f->m, &err), -EINVAL); /* no PEs */
    fix_free(f);
    f = fix_new(&gicv3_class, 1);
    assert_int_equal(gic_set_pes(f->m, 2, same), 0);
    assert_int_equal(tg_model_realize(f->m, &err), -EINVAL);
    assert_non_null(strstr(err.text, "affinity"));
    fix_free(f);
    f = fix_new(&gicv3_class, 1);
    set_param(f, "spis", 100);
    assert_int_equal(gic_set_pes(f->m, 1, same), 0);
    assert_int_equal(tg_model_realize(f->m, &err), -EINVAL);
    fix_free(f);
}

/* Two Security states: a Non-secure access sees Non-secure Group 1 interrupts only, with shifted priorities.
 */
static void test_nonsecure_view(void **state)
{
    struct fix *f = gicv3_secure_ready(1);

    (void)state;
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x37);
    assert_true(rd32(f, GICD, 4) & (1 << 10));
    enable_irq(f, 0, 40, 0x80, true, false); /* Group 1 Non-secure */
    enable_irq(f, 0, 41, 0x40, false, true); /* Group 0 */
    spi(f, 41, true);
    f->secure = false;
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x12); /* ARE_NS, EnableGrp1A */
    wr32(f, GICD, GICD_CTLR, 0);
    f->secure = true;
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x35);
    f->secure = false;
    wr32(f, GICD, GICD_CTLR, 2);
    assert_int_equal(rd32(f, GICD, GICD_IGROUPR + 4), 0);
    assert_int_equal(rd32(f, GICD, GICD_ISENABLER + 4), 0x100);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0);
    assert_int_equal(rd32(f, GICD, GICD_ICFGR + 8) & (3 << 18), 0);
    wr32(f, GICD, GICD_ICENABLER + 4, 0xffffffff);
    wr32(f, GICD, GICD_ICPENDR + 4, 0xffffffff);
    wr32(f, GICD, GICD_IGROUPR + 4, 0xffffffff);
    assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 40, 1), 0); /* 0x80 */
    assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 41, 1), 0); /* hidden */
    mwr(f, GICD, GICD_IPRIORITYR + 40, 1, 0x40);
    mwr(f, GICD, GICD_IPRIORITYR + 41, 1, 0x40);
    assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 40, 1), 0x40);
    mwr(f, GICD, GICD_IROUTER + 8 * 41, 8, 1);
    assert_int_equal(mrd(f, GICD, GICD_IROUTER + 8 * 41, 8), 0);
    wr32(f, GICR, RD(0, GICR_WAKER), 2);
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 0);
    f->secure = true;
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 0);
    assert_int_equal(mrd(f, GICD, GICD_IROUTER + 8 * 41, 8), 0);
    assert_int_equal(rd32(f, GICD, GICD_ISENABLER + 4), 0x200);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x200);
    assert_int_equal(rd32(f, GICD, GICD_IGROUPR + 4), 0x100);
    assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 40, 1), 0xa0);
    assert_int_equal(mrd(f, GICD, GICD_IPRIORITYR + 41, 1), 0x40);
    /* NSACR lends 41's pending bit: 1 sets, 2 clears, 3 routes */
    wr32(f, GICD, 0xe00 + 4 * 2, 1u << 18);
    f->secure = false;
    assert_int_equal(rd32(f, GICD, 0xe00 + 4 * 2), 0);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x200);
    wr32(f, GICD, GICD_ICPENDR + 4, 0x200);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x200);
    f->secure = true;
    wr32(f, GICD, 0xe00 + 4 * 2, 3u << 18);
    f->secure = false;
    wr32(f, GICD, GICD_ICPENDR + 4, 0x200);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0);
    mwr(f, GICD, GICD_IROUTER + 8 * 41, 8, 0x203);
    assert_int_equal(mrd(f, GICD, GICD_IROUTER + 8 * 41, 8), 0x203);
    f->secure = true;
    assert_int_equal(rd32(f, GICD, 0xe00 + 4 * 2), 3u << 18);
    /* messages: _NSR reaches what is Non-secure or lent, _SR everything, for Secure writers */
    wr32(f, GICD, 0xe00 + 4 * 2, 0);
    wr32(f, GICD, 0x40, 41);
    f->secure = false;
    wr32(f, GICD, 0x50, 41);
    f->secure = true;
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0);
    wr32(f, GICD, 0x50, 41);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x200);
    spi(f, 41, false);
    wr32(f, GICD, GICD_ICFGR + 8, 0); /* level: CLRSPI works */
    wr32(f, GICD, 0x48, 41);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4) & 0x200, 0x200);
    wr32(f, GICD, 0x58, 41);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0);
    /* DS: once set it stays until reset */
    f->secure = true;
    wr32(f, GICD, GICD_CTLR, 0x43);
    wr32(f, GICD, GICD_CTLR, 3);
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x53);
    f->secure = false;
    assert_int_equal(rd32(f, GICD, GICD_IGROUPR + 4), 0x100);
    tg_model_reset(f->m);
    f->secure = true;
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x30);
    fix_free(f);
}

/* Reset keeps the input lines (they belong to the devices) and drops everything else. */
static void test_reset(void **state)
{
    struct fix *f = gicv3_ready(1);

    (void)state;
    enable_irq(f, 0, 40, 0x80, true, false);
    spi(f, 40, true);
    assert_true(IRQ(f, 0));
    tg_model_reset(f->m);
    assert_false(IRQ(f, 0));
    assert_int_equal(rd32(f, GICD, GICD_ISENABLER + 4), 0);
    assert_int_equal(rd32(f, GICD, GICD_ISPENDR + 4), 0x100);
    fix_free(f);
}

static void test_latency_and_counters(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 1);

    (void)state;
    set_param(f, "dist_latency", 123);
    set_param(f, "redist_latency", 45);
    set_param(f, "ack_latency", 6);
    set_param(f, "control_latency", 7);
    set_param(f, "lr_latency", 8);
    fix_realize(f, 1);
    f->ctx[0].has_el2 = true;
    f->ctx[0].el = 2;
    rd32(f, GICD, GICD_IPRIORITYR + 40);
    assert_int_equal(f->latency, 123);
    rd32(f, GICR, SGI(0, GICD_IPRIORITYR));
    assert_int_equal(f->latency, 45);
    mrs(f, 0, ICC_IAR1);
    assert_int_equal(f->latency, 6);
    mrs(f, 0, ICC_PMR);
    assert_int_equal(f->latency, 7);
    msr(f, 0, ICH_LR(0), 0);
    assert_int_equal(f->latency, 8);
    assert_int_equal(counter(f, "read"), 2);
    assert_int_equal(counter(f, "write"), 0);
    assert_int_equal(counter(f, "sysreg_read"), 2);
    assert_int_equal(counter(f, "sysreg_write"), 1);
    assert_int_equal(counter(f, "ack_spurious"), 1);
    assert_int_equal(counter(f, "lr_write"), 1);
    fix_free(f);
}

/* Each word of both frames: what no row covers is RAZ/WI; what is read-only or reserved keeps its value
 * whatever is written. */
static void test_register_walk(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 2);

    (void)state;
    fix_start(f, 2);
    for (unsigned frame = 0; frame < f->m->cls->n_frames; frame++) {
        const struct tg_reg_frame *fr = &f->m->cls->frames[frame];

        for (uint64_t off = 0; off < fr->size; off += 4) {
            const struct tg_reg *r = NULL;
            uint32_t before;

            for (size_t i = 0; i < fr->n_regs; i++) {
                const struct tg_reg *c = &fr->regs[i];
                uint64_t size = (uint64_t)(c->count ? c->count : 1) * (c->stride ? c->stride : c->width);

                assert_non_null(c->name);
                assert_true(c->width);
                if (off >= c->offset && off < c->offset + size)
                    r = c;
            }
            before = rd32(f, frame, off);
            if (!r || r->access == TG_RES0 || r->access == TG_WO)
                assert_int_equal(before, 0);
            if (r && r->access == TG_RW)
                continue;
            wr32(f, frame, off, 0xffffffff);
            assert_int_equal(rd32(f, frame, off), before);
            wr32(f, frame, off, 0);
            assert_int_equal(rd32(f, frame, off), before);
        }
    }
    /* wrong sizes: RAZ/WI; outside: decode error */
    mwr(f, GICD, GICD_ISENABLER + 4, 1, 0xff);
    assert_int_equal(rd32(f, GICD, GICD_ISENABLER + 4), 0);
    assert_int_equal(mrd(f, GICD, GICD_CTLR, 2), 0);
    uint64_t v = 0;
    assert_int_equal(bus(f, GICD, 0x10000, &v, 4, false), TG_BUS_DECERR);
    assert_int_equal(bus(f, GICR, 0x40000, &v, 4, false), TG_BUS_DECERR);
    assert_int_equal(bus(f, GICR, 0x3fffc, &v, 8, false), TG_BUS_DECERR);
    fix_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identification), cmocka_unit_test(test_ctlr_single_state),
        cmocka_unit_test(test_waker),          cmocka_unit_test(test_private_banks),
        cmocka_unit_test(test_priority_width), cmocka_unit_test(test_level),
        cmocka_unit_test(test_edge),           cmocka_unit_test(test_active_registers),
        cmocka_unit_test(test_routing),        cmocka_unit_test(test_one_of_n),
        cmocka_unit_test(test_message_spi),    cmocka_unit_test(test_ppi),
        cmocka_unit_test(test_last_spi),       cmocka_unit_test(test_bad_parameters),
        cmocka_unit_test(test_nonsecure_view), cmocka_unit_test(test_reset),
        cmocka_unit_test(test_register_walk),  cmocka_unit_test(test_latency_and_counters),
    };

    return cmocka_run_group_tests_name("gicv3 distributor", tests, NULL, NULL);
}
