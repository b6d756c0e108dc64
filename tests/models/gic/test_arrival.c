/* SPDX-License-Identifier: Apache-2.0 */
/* When an interrupt arrives: wires and SGIs through distributor, mesh and redistributor, at the parameters' defaults. What
 * becomes pending is IHI 0069H 4.1.2: a level while it is high, an edge once. */
#include "gic_test.h"

#define NS   1000
#define N(a) (sizeof(a) / sizeof((a)[0]))

struct seen {
    unsigned n;
    bool level;
    tg_time at;
};
static struct seen seen[4];

static void sink(void *opaque, unsigned line, bool level, tg_time at)
{
    struct seen *s = opaque;

    (void)line;
    s->n++;
    s->level = level;
    s->at = at;
}

static struct fix *start(const struct tg_model_class *cls)
{
    struct fix *f = fix_new(cls, 4);
    const struct tg_port *p = tg_model_port(cls, "irq");

    fix_realize(f, 4);
    for (unsigned i = 0; i < 4; i++) {
        struct tg_irq *irq = &((struct tg_irq *)((char *)f->m + p->offset))[i];

        irq->set = sink;
        irq->opaque = &seen[i];
    }
    memset(seen, 0, sizeof(seen));
    f->now = 1000 * NS;
    tg_evq_run(f->env.evq, f->now);
    return f;
}

static void to(struct fix *f, tg_time at)
{
    f->now = at;
    tg_evq_run(f->env.evq, at);
}

static struct fix *v3(bool edge)
{
    struct fix *f = start(&gicv3_class);

    wr32(f, GICD, GICD_CTLR, 0x12);
    for (unsigned i = 0; i < 4; i++) {
        wr32(f, GICR, RD(i, GICR_WAKER), 0);
        msr(f, i, ICC_PMR, 0xff);
        msr(f, i, ICC_IGRPEN1, 1);
        enable_irq(f, i, 3, 0x80, true, true);
        enable_irq(f, i, 27, 0x80, true, false);
    }
    enable_irq(f, 0, 40, 0x80, true, edge);
    memset(seen, 0, sizeof(seen));
    return f;
}

static bool pending(struct fix *f)
{
    return rd32(f, GICD, GICD_ISPENDR + 4) & intid_bit(40);
}

/* Wire, 10 ns distributor, 15 ns mesh; 10 ns from the redistributor to the core. */
static void spi_way(void **state)
{
    (void)state;
    for (unsigned edge = 0; edge < 2; edge++) {
        struct fix *f = v3(edge);

        spi(f, 40, true);
        to(f, 1025 * NS - 1);
        assert_false(pending(f));
        assert_int_equal(seen[0].n, 0);
        to(f, 1025 * NS);
        assert_true(pending(f));
        assert_int_equal(seen[0].n, 1);
        assert_int_equal(seen[0].at, 1035 * NS);
        to(f, 1100 * NS);
        spi(f, 40, false);
        assert_int_equal(pending(f), edge);
        assert_int_equal(seen[0].level, edge);
        if (!edge)
            assert_int_equal(seen[0].at, 1100 * NS);
        fix_free(f);
    }
}

/* Of a pulse that ends before it has arrived an edge is left. A second one before that arrives with it. */
static void pulse(void **state)
{
    (void)state;
    for (unsigned edge = 0; edge < 2; edge++) {
        struct fix *f = v3(edge);

        spi(f, 40, true);
        to(f, 1005 * NS);
        spi(f, 40, false);
        to(f, 1010 * NS);
        spi(f, 40, true);
        to(f, 1012 * NS);
        spi(f, 40, false);
        to(f, 1024 * NS);
        assert_false(pending(f));
        to(f, 1025 * NS);
        assert_int_equal(pending(f), edge);
        to(f, 1200 * NS);
        assert_int_equal(pending(f), edge);
        assert_int_equal(seen[0].n, edge);
        if (edge) {
            assert_int_equal(mrs(f, 0, ICC_IAR1), 40);
            msr(f, 0, ICC_EOIR1, 40);
            to(f, 1300 * NS);
            assert_false(pending(f));
        }
        /* and a level that is still high when it arrives stays */
        spi(f, 40, true);
        to(f, f->now + 25 * NS);
        assert_true(pending(f));
        fix_free(f);
    }
}

/* Redistributor, mesh, distributor, mesh: 50 ns; the last 10 to the core. To oneself likewise. */
static void sgi_way(void **state)
{
    struct fix *f = v3(false);
    unsigned n = 0;

    (void)state;
    msr(f, 1, ICC_SGI1R, UINT64_C(3) << 24 | 0xf); /* to PEs 0 to 3, in one cluster */
    to(f, 1030 * NS);
    msr(f, 2, ICC_SGI1R, UINT64_C(3) << 24 | 1); /* again, to PE 0: arrives with the first */
    to(f, 1050 * NS - 1);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(seen[i].n, 0);
    to(f, 1050 * NS);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(seen[i].n, 1);
        assert_int_equal(seen[i].at, 1060 * NS);
        assert_int_equal(mrs(f, i, ICC_IAR1), 3);
        msr(f, i, ICC_EOIR1, 3);
    }
    to(f, 2000 * NS);
    assert_int_equal(mrs(f, 0, ICC_IAR1), 1023);
    /* sent after it has arrived: another one */
    msr(f, 2, ICC_SGI1R, UINT64_C(3) << 24 | 1);
    to(f, 2050 * NS);
    while (mrs(f, 0, ICC_IAR1) == 3) {
        msr(f, 0, ICC_EOIR1, 3);
        n++;
    }
    assert_int_equal(n, 1);
    /* a reset takes what is on its way */
    msr(f, 2, ICC_SGI1R, UINT64_C(3) << 24 | 1);
    tg_model_reset(f->m);
    to(f, 3000 * NS);
    assert_int_equal(rd32(f, GICR, SGI(0, GICD_ISPENDR)) & 8, 0);
    fix_free(f);
}

static void ppi_way(void **state)
{
    struct fix *f = v3(false);

    (void)state;
    ppi(f, 2, 27, true);
    assert_int_equal(seen[2].n, 1);
    assert_int_equal(seen[2].at, 1010 * NS);
    ppi(f, 2, 27, false);
    assert_false(seen[2].level);
    fix_free(f);
}

/* A message is a bus access first (50 ns), then as a wire. What only a mask held back is there at once. */
static void message(void **state)
{
    struct fix *f = v3(true);

    (void)state;
    wr32(f, GICD, GICD_ISPENDR + 4, intid_bit(40));
    assert_int_equal(seen[0].n, 1);
    assert_int_equal(seen[0].at, (1000 + 50 + 25 + 10) * NS);
    msr(f, 0, ICC_PMR, 0);
    assert_false(seen[0].level);
    msr(f, 0, ICC_PMR, 0xff);
    assert_true(seen[0].level);
    assert_int_equal(seen[0].at, 1000 * NS);
    fix_free(f);
}

/* GICv2: 60 ns until the write is there, 10 ns distributor, 10 ns to the core; PEs that sent it are told apart. */
static void v2(void **state)
{
    struct fix *f = start(&gicv2_class);

    (void)state;
    wr32(f, 0, GICD_CTLR, 1);
    f->requester = 0;
    wr32(f, 1, 0, 1);
    wr32(f, 1, 4, 0xff);
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 1; i < 4; i++) {
        f->requester = i;
        wr32(f, 0, 0xf00, 1 << 16 | 5); /* SGIR: to PE 0 */
    }
    to(f, 1070 * NS - 1);
    assert_int_equal(seen[0].n, 0);
    to(f, 1070 * NS);
    assert_int_equal(seen[0].n, 1);
    assert_int_equal(seen[0].at, 1080 * NS);
    f->requester = 0;
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(rd32(f, 1, 0xc), i << 10 | 5);
        wr32(f, 1, 0x10, i << 10 | 5);
    }
    assert_int_equal(rd32(f, 1, 0xc), 1023);
    fix_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spi_way), cmocka_unit_test(pulse),   cmocka_unit_test(sgi_way),
        cmocka_unit_test(ppi_way), cmocka_unit_test(message), cmocka_unit_test(v2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
