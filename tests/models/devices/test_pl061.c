/* SPDX-License-Identifier: Apache-2.0 */
/* PL061: masked data access, edge and level interrupts, outputs, the key. DDI 0190. */
#include "tests/models/devices/dev_test.h"
#include "models/devices/devices.h"

enum {
    DIR = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40c,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41c,
    AFSEL = 0x420
};

struct fix {
    struct dev_bench b;
    struct tg_model *m;
    unsigned outs; /* levels of the outputs */
};

static void on_out(void *opaque, unsigned line, bool level, tg_time at)
{
    struct fix *f = opaque;

    (void)at;
    f->outs = level ? f->outs | 1u << line : f->outs & ~(1u << line);
}

static void make(struct fix *f)
{
    struct tg_irq *out;

    bench_init(&f->b);
    f->outs = 0;
    f->m = tg_model_new(&tg_pl061_class, "gpio", &f->b.env);
    bench_irq_bind(&f->b, f->m, "irq");
    out = port_at(f->m, "out");
    for (unsigned i = 0; i < 8; i++)
        out[i] = (struct tg_irq){.set = on_out, .opaque = f, .line = i};
    realize(f->m);
}

static void drop(struct fix *f)
{
    tg_model_free(f->m);
    bench_fini(&f->b);
}

static void pin(struct fix *f, unsigned line, bool level)
{
    f->m->cls->irq_in(f->m, line, level, f->b.now);
}

static void data_masks(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    wr(&f.b, f.m, DIR, 4, 0xf0);
    wr(&f.b, f.m, 0x3fc, 4, 0xff);
    assert_int_equal(f.outs, 0xf0);
    assert_int_equal(rd(&f.b, f.m, 0x3fc, 4), 0xf0); /* inputs show their pins */
    wr(&f.b, f.m, 0x20 << 2, 4, 0x00);
    assert_int_equal(f.outs, 0xd0);
    pin(&f, 0, true);
    pin(&f, 7, true); /* an output: the written value counts */
    assert_int_equal(rd(&f.b, f.m, 0x3fc, 1), 0xd1);
    assert_int_equal(rd(&f.b, f.m, 0x11 << 2, 2), 0x11);
    assert_int_equal(rd(&f.b, f.m, 0x000, 4), 0);
    wr(&f.b, f.m, AFSEL, 4, 0xfff);
    assert_int_equal(rd(&f.b, f.m, AFSEL, 4), 0xff);
    assert_int_equal(rd(&f.b, f.m, 0xfe0, 4), 0x61);
    assert_int_equal(rd(&f.b, f.m, 0xffc, 4), 0xb1);
    drop(&f);
}

static void edges(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    wr(&f.b, f.m, IE, 4, 0x07);
    wr(&f.b, f.m, IEV, 4, 0x01); /* 0 rising, 1 falling, 2 both */
    wr(&f.b, f.m, IBE, 4, 0x04);
    pin(&f, 0, true);
    assert_true(f.b.level);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), 1);
    pin(&f, 0, false);
    assert_true(f.b.level); /* latched */
    wr(&f.b, f.m, IC, 4, 1);
    assert_false(f.b.level);
    pin(&f, 1, true);
    assert_false(f.b.level);
    pin(&f, 1, false);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), 2);
    wr(&f.b, f.m, IC, 4, 0xff);
    pin(&f, 2, true);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), 4);
    wr(&f.b, f.m, IC, 4, 0xff);
    pin(&f, 2, false);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), 4);
    wr(&f.b, f.m, IC, 4, 0xff);
    pin(&f, 3, false);
    pin(&f, 3, true); /* masked, falling edge wanted: nothing */
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 0);
    drop(&f);
}

static void levels(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    wr(&f.b, f.m, IS, 4, 0x03);
    wr(&f.b, f.m, IEV, 4, 0x01); /* 0 high, 1 low */
    wr(&f.b, f.m, IE, 4, 0x01);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 2);
    pin(&f, 0, true);
    assert_true(f.b.level);
    wr(&f.b, f.m, IC, 4, 0xff); /* a level cannot be cleared */
    assert_true(f.b.level);
    pin(&f, 0, false);
    assert_false(f.b.level);
    drop(&f);
}

static void power_key(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    wr(&f.b, f.m, IBE, 4, 0x08);
    wr(&f.b, f.m, IE, 4, 0x08);
    bench_run(&f.b, TG_SEC);
    pl061_press(f.m, 3, TG_SEC);
    assert_true(f.b.level);
    assert_int_equal(f.b.level_at, TG_SEC);
    assert_int_equal(rd(&f.b, f.m, 0x3fc, 4), 8);
    wr(&f.b, f.m, IC, 4, 8);
    assert_false(f.b.level);
    bench_run(&f.b, TG_SEC + 100 * TG_MS - 1);
    assert_int_equal(rd(&f.b, f.m, 0x3fc, 4), 8);
    bench_run(&f.b, TG_SEC + 100 * TG_MS);
    assert_int_equal(rd(&f.b, f.m, 0x3fc, 4), 0);
    assert_true(f.b.level);
    pl061_press(f.m, 8, f.b.now); /* no such line */
    assert_int_equal(tg_evq_next(f.b.env.evq), TG_TIME_NEVER);
    drop(&f);
}

static enum tg_system_event asked;
static unsigned n_asked;

static void on_system(void *opaque, enum tg_system_event event, const char *who)
{
    (void)opaque;
    assert_string_equal(who, "power");
    asked = event;
    n_asked++;
}

/* A power controller at outputs 0 and 1: off and reset on the rising edge of an output, not of an input. */
static void power_lines(void **state)
{
    struct dev_bench b;
    struct tg_model *m, *power;

    (void)state;
    bench_init(&b);
    b.env.system = on_system;
    m = tg_model_new(&tg_pl061_class, "gpio", &b.env);
    power = tg_model_new(&tg_power_class, "power", &b.env);
    *(struct tg_model **)port_at(m, "power") = power;
    realize(power);
    realize(m);
    assert_int_equal(n_asked, 0);
    wr(&b, m, 0x3fc, 4, 3); /* still inputs */
    assert_int_equal(n_asked, 0);
    wr(&b, m, 0x3fc, 4, 0);
    wr(&b, m, DIR, 4, 7);
    wr(&b, m, 0x3fc, 4, 4); /* not wired */
    assert_int_equal(n_asked, 0);
    wr(&b, m, 0x3fc, 4, 1);
    assert_int_equal(n_asked, 1);
    assert_int_equal(asked, TG_SYSTEM_OFF);
    wr(&b, m, 0x3fc, 4, 2);
    assert_int_equal(n_asked, 2);
    assert_int_equal(asked, TG_SYSTEM_RESET);
    tg_model_free(m);
    tg_model_free(power);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(data_masks), cmocka_unit_test(edges),
                                       cmocka_unit_test(levels), cmocka_unit_test(power_key),
                                       cmocka_unit_test(power_lines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
