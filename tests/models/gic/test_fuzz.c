/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random accesses from every side, with invariants that hold whatever the guest does; run under ASan and
 * UBSan this is also the proof that no access reaches outside the model. The generator is our own
 * (splitmix64), so a failure repeats from its seed.
 */
#include "gic_test.h"

#define STEPS 200000
#define PES   5

static uint64_t next(uint64_t *s)
{
    uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Values that mean something more often than noise does. */
static uint64_t value(uint64_t *s)
{
    switch (next(s) % 6) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return next(s) % 1100;
    case 3:
        return UINT64_C(1) << (next(s) % 64);
    default:
        return next(s);
    }
}

static void bus_access(struct fix *f, uint64_t *s)
{
    static const unsigned sizes[] = {4, 4, 4, 1, 8, 2, 3, 16};
    unsigned frame = next(s) % f->m->cls->n_frames;
    uint64_t size = tg_model_frame_size(f->m, frame);
    const struct tg_reg_frame *fr = &f->m->cls->frames[frame];
    unsigned n = sizes[next(s) % 8];
    uint8_t data[16];
    uint64_t addr = next(s) % (size + 64);

    if (next(s) % 4) { /* mostly a register that exists */
        const struct tg_reg *r = &fr->regs[next(s) % fr->n_regs];
        unsigned count = r->count ? r->count : 1;
        unsigned i =
            next(s) % (count > 64 && next(s) % 4 ? 64 : count); /* interrupts that are routed often */

        addr = next(s) % (size / fr->size) * fr->size + r->offset + i * (r->stride ? r->stride : r->width);
        if (next(s) % 4)
            n = r->width;
    }
    for (unsigned i = 0; i < 16; i += 8) {
        uint64_t v = value(s);

        if (addr >= 0x6000 && addr < 0x8000 && next(s) % 2)
            v = f->ctx[next(s) % PES].mpidr;
        memcpy(data + i, &v, 8);
    }
    f->secure = next(s) & 1;
    f->requester = next(s) % 8 ? next(s) % PES : (unsigned)next(s);
    bus(f, frame, addr, data, n, next(s) & 1);
}

static void sysreg_access(struct fix *f, uint64_t *s)
{
    unsigned pe = next(s) % PES;
    uint64_t v = value(s);
    static const unsigned crm[] = {8, 9, 11, 12, 13};
    static const unsigned op1[] = {0, 0, 4, 6};
    static const uint32_t flow[] = {ICC_IAR0,    ICC_IAR1,    ICC_EOIR0, ICC_EOIR1, ICC_DIR, ICC_SGI1R,
                                    ICC_IGRPEN0, ICC_IGRPEN1, ICH_LR(0), ICH_LR(1), ICH_HCR, ICH_VMCR,
                                    ICC_HPPIR1,  ICC_PMR,     ICC_PMR,   ICC_PMR};
    uint32_t enc =
        next(s) % 8 ? SYS(op1[next(s) % 4], 12, crm[next(s) % 5], next(s) % 8) : (uint32_t)next(s) & 0xffff;
    enum tg_sysreg_result r;

    if (next(s) % 2)
        enc = flow[next(s) % TG_ARRAY_SIZE(flow)];
    f->ctx[pe].el = next(s) % 4;
    f->ctx[pe].secure = next(s) % 4 == 0;
    f->ctx[pe].has_el2 = next(s) % 8 != 0;
    f->ctx[pe].has_el3 = next(s) % 4 == 0;
    f->ctx[pe].el2_enabled = f->ctx[pe].has_el2 && next(s) % 4;
    f->ctx[pe].hcr_el2 = f->ctx[pe].el2_enabled && next(s) % 2 ? (next(s) % 4) << 3 : 0;
    f->ctx[pe].scr_el3 = next(s) % 4 ? 0 : (next(s) % 4) << 1;
    if (f->cpuif->ctx_changed)
        f->cpuif->ctx_changed(f->cpuif->opaque, pe, &f->ctx[pe], f->now);
    r = f->cpuif->access(f->cpuif->opaque, pe, enc, next(s) & 1, &v, &f->ctx[pe], f->now, &f->latency);
    assert_true(r <= TG_SYSREG_TRAP_EL3);
}

/* What must hold: at most one of IRQ and FIQ, of VIRQ and VFIQ; an asserted line has something to acknowledge
 * behind it. */
static void check(struct fix *f, bool v3)
{
    for (unsigned i = 0; i < PES; i++) {
        assert_false(IRQ(f, i) && FIQ(f, i));
        assert_false(VIRQ(f, i) && VFIQ(f, i));
        if (v3 && (IRQ(f, i) || FIQ(f, i))) {
            struct tg_gic_pe_ctx was = f->ctx[i];
            uint64_t hppi;

            f->ctx[i] = (struct tg_gic_pe_ctx){.el = 3, .has_el3 = true, .secure = true};
            hppi = mrs(f, i, ICC_HPPIR0);
            if (hppi >= 1020)
                hppi = mrs(f, i, ICC_HPPIR1);
            assert_true(hppi < 1020);
            assert_true(mrs(f, i, ICC_RPR) > 0);
            f->ctx[i] = was;
        }
    }
}

/* The highest priority pending interrupt of a PE, found by reading every register there is (IHI
 * 0069 4.1, 4.8): the oracle of the model's incremental bookkeeping. *group: 0, 1 Secure Group 1, 2
 * Non-secure Group 1. */
static unsigned brute_force(struct fix *f, unsigned pe, unsigned spis, unsigned *group)
{
    uint32_t ctlr = rd32(f, GICD, GICD_CTLR);
    bool ds = ctlr & 0x40;
    unsigned best = 1023, best_priority = 0xff;
    bool on[PES][3];

    for (unsigned i = 0; i < PES; i++) {
        uint64_t g1 = mrs(f, i, ICC_IGRPEN1_EL3);
        bool awake = !rd32(f, GICR, RD(i, GICR_WAKER));

        on[i][0] = awake && mrs(f, i, ICC_IGRPEN0);
        on[i][1] = awake && g1 & 2;
        on[i][2] = awake && g1 & 1;
    }
    for (unsigned intid = 0; intid < 32 + spis; intid++) {
        unsigned frame = intid < 32 ? GICR : GICD, w = intid / 32 * 4;
        uint64_t base = intid < 32 ? SGI(pe, 0) : 0, bit = intid_bit(intid);
        unsigned g, priority;

        if (!(rd32(f, frame, base + GICD_ISENABLER + w) & rd32(f, frame, base + GICD_ISPENDR + w) &
              ~rd32(f, frame, base + GICD_ISACTIVER + w) & bit))
            continue;
        g = rd32(f, frame, base + GICD_IGROUPR + w) & bit   ? 2
            : rd32(f, frame, base + 0xd00 + w) & bit && !ds ? 1
                                                            : 0;
        if (!on[pe][g] || !(ctlr & (g == 0 ? 1u : g == 1 ? 4u : 2u)))
            continue;
        if (intid >= 32) {
            uint64_t router = mrd(f, GICD, GICD_IROUTER + 8 * (uint64_t)intid, 8);

            if (router >> 31 & 1) {
                unsigned first = 0;

                while (!on[first][g])
                    first++;
                if (first != pe)
                    continue;
            } else if (router != f->ctx[pe].mpidr) {
                continue;
            }
        }
        priority = (unsigned)mrd(f, frame, base + GICD_IPRIORITYR + intid, 1);
        if (priority < best_priority) {
            best = intid;
            best_priority = priority;
            *group = g;
        }
    }
    return best;
}

/* Returns whether there was anything to compare. */
static bool check_hppi(struct fix *f, unsigned spis)
{
    struct tg_gic_pe_ctx was[PES];
    bool ds, some = false;

    memcpy(was, f->ctx, sizeof(was));
    f->secure = true;
    f->requester = 0;
    ds = rd32(f, GICD, GICD_CTLR) & 0x40;
    for (unsigned i = 0; i < PES; i++) {
        f->ctx[i].el = 3;
        f->ctx[i].has_el3 = f->ctx[i].secure = true;
    }
    for (unsigned i = 0; i < PES; i++) {
        unsigned group = 0, expect = brute_force(f, i, spis, &group);

        some |= expect < 1020;
        if (expect < 1020 && group == 0)
            assert_int_equal(mrs(f, i, ICC_HPPIR0), expect);
        else
            assert_int_equal(mrs(f, i, ICC_HPPIR0), expect == 1023 || ds ? 1023 : 1019 + group);
        assert_int_equal(mrs(f, i, ICC_HPPIR1), group == 0 ? 1023 : expect);
    }
    memcpy(f->ctx, was, sizeof(was));
    return some;
}

/* EISR and ELRSR, from the list registers themselves (IHI 0069 12.4.3, 12.4.4). */
static void check_lrs(struct fix *f)
{
    for (unsigned pe = 0; pe < PES; pe++) {
        struct tg_gic_pe_ctx was = f->ctx[pe];
        uint64_t eisr = 0, elrsr = 0;

        f->ctx[pe] = (struct tg_gic_pe_ctx){.el = 2, .has_el2 = true};
        for (unsigned i = 0; i < f->cpuif->list_regs; i++) {
            uint64_t lr = mrs(f, pe, ICH_LR(i));
            bool invalid = !(lr >> 62), hw = lr >> 61 & 1, eoi = lr >> 41 & 1;

            eisr |= (uint64_t)(invalid && !hw && eoi) << i;
            elrsr |= (uint64_t)(invalid && (hw || !eoi)) << i;
        }
        assert_int_equal(mrs(f, pe, ICH_EISR), eisr);
        assert_int_equal(mrs(f, pe, ICH_ELRSR), elrsr);
        f->ctx[pe] = was;
    }
}

/* Puts a PE into working order now and then, so that the noise has something to disturb. */
static void repair_v3(struct fix *f, uint64_t *s)
{
    unsigned pe = next(s) % PES;
    struct tg_gic_pe_ctx was = f->ctx[pe];

    f->secure = true;
    wr32(f, GICD, GICD_CTLR, 7);
    wr32(f, GICR, RD(pe, GICR_WAKER), 0);
    f->ctx[pe] = (struct tg_gic_pe_ctx){.el = 3, .has_el3 = true, .has_el2 = true, .secure = true};
    msr(f, pe, ICC_PMR, 0xff);
    msr(f, pe, ICC_IGRPEN0, 1);
    msr(f, pe, ICC_IGRPEN1_EL3, 3);
    msr(f, pe, ICC_AP0R(0), 0);
    msr(f, pe, ICC_AP1R(0), 0);
    f->ctx[pe].secure = false;
    msr(f, pe, ICC_AP1R(0), 0);
    msr(f, pe, ICH_AP0R(0), 0);
    msr(f, pe, ICH_AP1R(0), 0);
    msr(f, pe, ICH_VMCR, next(s) | UINT64_C(0xff000003));
    msr(f, pe, ICH_HCR, (next(s) & 0xff) | 1);
    msr(f, pe, ICH_LR(0), next(s) << 60 | UINT64_C(1) << 62 | (next(s) & UINT64_C(0x0038003f0000003f)));
    /* acknowledge and end, whatever there is: as EL3, then as a guest */
    for (unsigned guest = 0; guest < 2; guest++) {
        uint64_t intid;
        bool group1 = next(s) & 1;

        f->ctx[pe].el = guest ? 1 : 3;
        f->ctx[pe].secure = false;
        f->ctx[pe].el2_enabled = guest;
        f->ctx[pe].hcr_el2 = guest ? 3 << 3 : 0;
        intid = mrs(f, pe, group1 ? ICC_IAR1 : ICC_IAR0);
        msr(f, pe, group1 ? ICC_EOIR1 : ICC_EOIR0, intid);
        msr(f, pe, ICC_DIR, intid);
    }
    f->ctx[pe] = was;
}

static void repair_v2(struct fix *f, uint64_t *s)
{
    f->secure = true;
    f->requester = next(s) % PES;
    wr32(f, 0, 0x000, 3); /* GICD_CTLR */
    wr32(f, 1, 0x000, (next(s) & 0x61c) | 3);
    wr32(f, 1, 0x004, 0xff);
    for (unsigned i = 0; i < 4; i++) {
        wr32(f, 1, 0x0d0 + 4 * i, 0);
        wr32(f, 1, 0x0e0 + 4 * i, 0);
    }
    wr32(f, 2, 0x0f0, 0);
    wr32(f, 2, 0x008, (uint32_t)next(s) | 0xff000003);
    wr32(f, 2, 0x000, (next(s) & 0xff) | 1);
    wr32(f, 2, 0x100, (next(s) & 0x03800000) | 0x10000000 | (next(s) & 0xc000fc3f));
    /* acknowledge and end on either side, whatever there is */
    for (unsigned frame = 1; frame <= 3; frame += 2) {
        uint32_t iar = rd32(f, frame, next(s) & 1 ? 0x0c : 0x20);

        wr32(f, frame, next(s) & 1 ? 0x10 : 0x24, iar);
        wr32(f, frame, 0x1000, iar);
    }
}

static void fuzz(const struct tg_model_class *cls, bool security, uint64_t seed, uint64_t digest[2])
{
    struct fix *f = fix_new(cls, PES);
    unsigned spis = seed & 1 ? 988 : 64, compared = 0;
    uint64_t s = seed;

    set_param(f, "security", security);
    set_param(f, "priority_bits", security ? 5 : 4 + seed % 5);
    set_param(f, "spis", spis);
    set_param(f, "list_registers", 1 + seed % 16);
    fix_start(f, PES);
    for (unsigned i = 0; i < STEPS; i++) {
        switch (next(&s) % 8) {
        case 0:
            f->m->cls->irq_in(f->m, (unsigned)(next(&s) % 1300), next(&s) & 1, f->now);
            break;
        case 1:
        case 2:
        case 3:
            if (f->cpuif->access) {
                sysreg_access(f, &s);
                break;
            }
            /* fall through */
        default:
            bus_access(f, &s);
        }
        if (next(&s) % 32 == 0)
            (f->cpuif->version == 3 ? repair_v3 : repair_v2)(f, &s);
        f->now += 1000;
        if (i % 64 == 0)
            check(f, f->cpuif->version == 3);
        if (i % 64 == 0 && f->cpuif->version == 3)
            check_lrs(f);
        if (i % 512 == 0 && f->cpuif->version == 3)
            compared += check_hppi(f, spis);
        if (next(&s) % 20000 == 0)
            tg_model_reset(f->m);
    }
    assert_true(f->cpuif->version == 2 || compared > 20);
    assert_true(counter(f, "ack_sgi") > 20 && counter(f, "ack_ppi") > 20 && counter(f, "ack_spi") > 20);
    assert_true(counter(f, "ack_virtual") > 20 && counter(f, "eoi_virtual") > 20 &&
                counter(f, "deactivate") > 20);
    assert_true(counter(f, "maintenance") > 20 && counter(f, "deactivate_hw"));
    digest[0] = digest[1] = 0;
    for (size_t i = 0; i < cls->n_counters; i++)
        digest[i & 1] = digest[i & 1] * 31 + tg_model_counter(f->m, &cls->counters[i]);
    fix_free(f);
}

static void run(const struct tg_model_class *cls, bool security)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint64_t a[2], b[2];

        fuzz(cls, security, seed, a);
        if (seed == 1) { /* the same again: nothing depends on the host */
            fuzz(cls, security, seed, b);
            assert_memory_equal(a, b, sizeof(a));
        }
    }
}

static void test_v3(void **state)
{
    (void)state;
    run(&gicv3_class, false);
}

static void test_v3_security(void **state)
{
    (void)state;
    run(&gicv3_class, true);
}

static void test_v2(void **state)
{
    (void)state;
    run(&gicv2_class, false);
}

static void test_v2_security(void **state)
{
    (void)state;
    run(&gicv2_class, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v3),
        cmocka_unit_test(test_v3_security),
        cmocka_unit_test(test_v2),
        cmocka_unit_test(test_v2_security),
    };

    return cmocka_run_group_tests_name("gic fuzz", tests, NULL, NULL);
}
