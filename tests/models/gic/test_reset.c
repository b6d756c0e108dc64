/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reset values of the interrupt controllers, at power-on and after software has written all it can; what
 * firmware that is not simulated makes of them; and a PE whose redistributor sleeps. IHI 0069H 12, IHI 0048B
 * 4, GIC-400 (DDI 0471B 3). UNKNOWN values are not in the tables.
 */
#include "gic_test.h"

#define GICC 1
#define GICH 2
#define GICV 3

struct row {
    unsigned frame;
    uint64_t offset;
    unsigned width, count; /* count registers, one behind the other */
    uint32_t known, value;
};

/* One Security state. GICD_CTLR: DS and ARE are RAO. */
static const struct row v3[] = {
    {GICD, GICD_CTLR, 4, 1, ~0u, 0x50},
    {GICD, 0x0010, 4, 1, ~0u, 0},
    {GICD, GICD_IGROUPR, 4, 32, ~0u, 0},
    {GICD, GICD_ISENABLER, 4, 32, ~0u, 0},
    {GICD, GICD_ICENABLER, 4, 32, ~0u, 0},
    {GICD, GICD_ISPENDR, 4, 32, ~0u, 0},
    {GICD, GICD_ICPENDR, 4, 32, ~0u, 0},
    {GICD, GICD_ISACTIVER, 4, 32, ~0u, 0},
    {GICD, GICD_ICACTIVER, 4, 32, ~0u, 0},
    {GICD, GICD_IPRIORITYR, 4, 255, ~0u, 0},
    {GICD, 0x0d00, 4, 32, ~0u, 0},    /* GICD_IGRPMODR */
    {GICD, 0x0e00, 4, 64, ~0u, 0},    /* GICD_NSACR */
    {GICR, 0x0000, 4, 1, ~0u, 0},     /* GICR_CTLR */
    {GICR, GICR_WAKER, 4, 1, ~0u, 6}, /* ProcessorSleep, ChildrenAsleep */
    {GICR, SGI(0, GICD_IGROUPR), 4, 1, ~0u, 0},
    {GICR, SGI(0, GICD_ISENABLER), 4, 1, ~0u, 0},
    {GICR, SGI(0, GICD_ISPENDR), 4, 1, ~0u, 0},
    {GICR, SGI(0, GICD_ISACTIVER), 4, 1, ~0u, 0},
    {GICR, SGI(0, GICD_IPRIORITYR), 4, 8, ~0u, 0},
    {GICR, SGI(0, GICD_ICFGR), 4, 1, ~0u, 0xaaaaaaaa}, /* SGIs: edge */
    {GICR, SGI(0, 0x0d00), 4, 1, ~0u, 0},
    {GICR, SGI(0, 0x0e00), 4, 1, ~0u, 0},
    {GICR, RD(1, GICR_WAKER), 4, 1, ~0u, 6},
};

static const struct {
    uint32_t enc;
    uint64_t known, value;
} v3_sysregs[] = {
    {ICC_PMR, ~0ull, 0},     {ICC_BPR0, ~0ull, 2}, /* the least that 5 bits of priority have */
    {ICC_BPR1, ~0ull, 3},    {ICC_IGRPEN0, ~0ull, 0},     {ICC_IGRPEN1, ~0ull, 0},
    {ICC_CTLR, 3, 0}, /* CBPR, EOImode */
    {ICC_RPR, ~0ull, 0xff},  {ICC_HPPIR0, ~0ull, 1023},   {ICC_HPPIR1, ~0ull, 1023},
    {ICC_AP0R(0), ~0ull, 0}, {ICC_AP1R(0), ~0ull, 0},     {ICH_HCR, ~0ull, 0},
    {ICH_MISR, ~0ull, 0},    {ICH_EISR, ~0ull, 0},        {ICH_ELRSR, ~0ull, 0xf},
    {ICH_LR(0), ~0ull, 0},   {ICH_LR(3), ~0ull, 0},       {ICH_AP0R(0), ~0ull, 0},
    {ICH_AP1R(0), ~0ull, 0}, {ICH_VMCR, ~0ull, 0x4c0008}, /* VBPR0 2, VBPR1 3; VFIQEn is RES1 */
};

/* GIC-400, two PEs. */
static const struct row v2[] = {
    {GICD, GICD_CTLR, 4, 1, ~0u, 0},
    {GICD, GICD_IGROUPR, 4, 16, ~0u, 0},
    {GICD, GICD_ISENABLER, 4, 1, ~0u, 0xffff}, /* SGIs are always enabled */
    {GICD, GICD_ISENABLER + 4, 4, 15, ~0u, 0},
    {GICD, GICD_ISPENDR, 4, 16, ~0u, 0},
    {GICD, GICD_ISACTIVER, 4, 16, ~0u, 0},
    {GICD, GICD_IPRIORITYR, 4, 128, ~0u, 0},
    {GICD, GICD_ITARGETSR, 4, 8, ~0u, 0x01010101}, /* the reader */
    {GICD, GICD_ITARGETSR + 32, 4, 120, ~0u, 0},
    {GICD, GICD_ICFGR, 4, 1, ~0u, 0xaaaaaaaa},
    {GICC, 0x00, 4, 1, ~0u, 0},    /* GICC_CTLR */
    {GICC, 0x04, 4, 1, ~0u, 0},    /* GICC_PMR */
    {GICC, 0x08, 4, 1, ~0u, 2},    /* GICC_BPR */
    {GICC, 0x0c, 4, 1, ~0u, 1023}, /* GICC_IAR */
    {GICC, 0x14, 4, 1, ~0u, 0xff}, /* GICC_RPR */
    {GICC, 0x18, 4, 1, ~0u, 1023}, /* GICC_HPPIR */
    {GICC, 0x1c, 4, 1, ~0u, 3},    /* GICC_ABPR */
    {GICC, 0xd0, 4, 1, ~0u, 0},    /* GICC_APR0 */
    {GICC, 0xfc, 4, 1, ~0u, 0x0202143b},
    {GICH, 0x00, 4, 1, ~0u, 0},          /* GICH_HCR */
    {GICH, 0x04, 4, 1, ~0u, 0x90000003}, /* GICH_VTR */
    {GICH, 0x08, 4, 1, ~0u, 0x004c0000}, /* GICH_VMCR */
    {GICH, 0x10, 4, 1, ~0u, 0},
    {GICH, 0x20, 4, 1, ~0u, 0},
    {GICH, 0x30, 4, 1, ~0u, 0xf}, /* GICH_ELRSR0 */
    {GICH, 0xf0, 4, 1, ~0u, 0},
    {GICH, 0x100, 4, 4, ~0u, 0},
    {GICV, 0x00, 4, 1, ~0u, 0},
    {GICV, 0x04, 4, 1, ~0u, 0},
    {GICV, 0x08, 4, 1, ~0u, 2},
    {GICV, 0x0c, 4, 1, ~0u, 1023},
    {GICV, 0x14, 4, 1, ~0u, 0xff},
    {GICV, 0x18, 4, 1, ~0u, 1023},
    {GICV, 0x1c, 4, 1, ~0u, 3},
};

static void check(struct fix *f, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (unsigned k = 0; k < rows[i].count; k++) {
            uint64_t at = rows[i].offset + (uint64_t)k * rows[i].width;
            uint32_t v = (uint32_t)mrd(f, rows[i].frame, at, rows[i].width);

            if ((v & rows[i].known) != rows[i].value)
                fail_msg("frame %u, 0x%llx reads 0x%x, expected 0x%x", rows[i].frame, (unsigned long long)at,
                         v, rows[i].value);
        }
    }
}

static void check_sysregs(struct fix *f)
{
    for (size_t i = 0; i < sizeof(v3_sysregs) / sizeof(v3_sysregs[0]); i++) {
        uint64_t v = mrs(f, 0, v3_sysregs[i].enc);

        if ((v & v3_sysregs[i].known) != v3_sysregs[i].value)
            fail_msg("encoding 0x%x reads 0x%llx, expected 0x%llx", v3_sysregs[i].enc, (unsigned long long)v,
                     (unsigned long long)v3_sysregs[i].value);
    }
}

static void scribble(struct fix *f, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < rows[i].count; k++)
            mwr(f, rows[i].frame, rows[i].offset + (uint64_t)k * rows[i].width, rows[i].width, ~0u);
}

#define N(t) (sizeof(t) / sizeof((t)[0]))

static void gicv3(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 2);

    (void)state;
    fix_start(f, 2);
    f->ctx[0].el = 2;
    f->ctx[0].has_el2 = f->ctx[0].el2_enabled = true;
    check(f, v3, N(v3));
    check_sysregs(f);
    scribble(f, v3, N(v3));
    for (size_t i = 0; i < N(v3_sysregs); i++) {
        uint64_t v = ~0ull;

        sys(f, 0, v3_sysregs[i].enc, true, &v);
    }
    tg_model_reset(f->m);
    check(f, v3, N(v3));
    check_sysregs(f);
    fix_free(f);
}

static void gicv2(void **state)
{
    struct fix *f = fix_new(&gicv2_class, 2);

    (void)state;
    fix_start(f, 2);
    check(f, v2, N(v2));
    scribble(f, v2, N(v2));
    tg_model_reset(f->m);
    check(f, v2, N(v2));
    fix_free(f);
}

/* With two Security states: everything is Secure, Group 0, until firmware hands it over. */
static void firmware(void **state)
{
    struct fix *f = fix_new(&gicv3_class, 2);

    (void)state;
    set_param(f, "security", 1);
    fix_start(f, 2);
    f->secure = true;
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x30); /* ARE_S, ARE_NS; DS 0 */
    assert_int_equal(rd32(f, GICD, GICD_IGROUPR + 4), 0);
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 6);
    f->secure = false;
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 0); /* RAZ/WI */
    wr32(f, GICD, GICD_IGROUPR + 4, ~0u);
    f->secure = true;
    assert_int_equal(rd32(f, GICD, GICD_IGROUPR + 4), 0);
    gic_from_firmware(f->m);
    gic_pe_power(f->m, 0, true, 0);
    assert_int_equal(rd32(f, GICD, GICD_CTLR), 0x30); /* enabling is the operating system's */
    assert_int_equal(rd32(f, GICD, GICD_IGROUPR + 4), ~0u);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_IGROUPR)), ~0u);
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 0);
    assert_int_equal(rd32(f, GICR, RD(1, GICR_WAKER)), 6); /* that PE is off */
    gic_pe_power(f->m, 1, true, 0);
    assert_int_equal(rd32(f, GICR, RD(1, GICR_WAKER)), 0);
    gic_pe_power(f->m, 1, false, 0);
    assert_int_equal(rd32(f, GICR, RD(1, GICR_WAKER)), 6);
    fix_free(f);
}

/* Interrupts of each kind stay pending while the redistributor sleeps, and come when it wakes. */
static void sleeper(void **state)
{
    static const unsigned intid[] = {3, 27, 40}; /* SGI, PPI, SPI */

    (void)state;
    for (unsigned i = 0; i < N(intid); i++) {
        struct fix *f = fix_new(&gicv3_class, 1);
        uint64_t v;

        fix_start(f, 1);
        wr32(f, GICD, GICD_CTLR, 3);
        msr(f, 0, ICC_PMR, 0xff);
        msr(f, 0, ICC_IGRPEN1, 1);
        enable_irq(f, 0, intid[i], 0x80, true, false);
        if (intid[i] < 16)
            msr(f, 0, ICC_SGI1R, (uint64_t)intid[i] << 24 | 1);
        else if (intid[i] < 32)
            ppi(f, 0, intid[i], true);
        else
            spi(f, intid[i], true);
        v = rd32(f, intid[i] < 32 ? GICR : GICD,
                 (intid[i] < 32 ? SGI(0, 0) : 0) + GICD_ISPENDR + intid[i] / 32 * 4);
        assert_true(v & intid_bit(intid[i]));
        assert_false(IRQ(f, 0));
        assert_int_equal(mrs(f, 0, ICC_HPPIR1), 1023);
        assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
        wr32(f, GICR, RD(0, GICR_WAKER), 0);
        assert_true(IRQ(f, 0));
        assert_int_equal(mrs(f, 0, ICC_IAR1), intid[i]);
        fix_free(f);
    }
}

/* A reset of the PE is one of its CPU interface. What the redistributor holds is no part of that. */
static void pe_reset(void **state)
{
    struct fix *f = gicv3_ready(2);

    (void)state;
    f->ctx[0].el = 2;
    f->ctx[0].has_el2 = f->ctx[0].el2_enabled = true;
    enable_irq(f, 0, 27, 0x80, true, false);
    ppi(f, 0, 27, true);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 27);
    msr(f, 0, ICH_HCR, 1);
    f->cpuif->reset(f->cpuif->opaque, 0, 0);
    check_sysregs(f);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISENABLER)), 1 << 27);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISACTIVER)), 1 << 27);
    assert_int_equal(rd32(f, GICR, RD(0, GICR_WAKER)), 0);
    assert_int_equal(mrs(f, 1, ICC_PMR), 0xf8);
    fix_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gicv3),   cmocka_unit_test(gicv2),    cmocka_unit_test(firmware),
        cmocka_unit_test(sleeper), cmocka_unit_test(pe_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
