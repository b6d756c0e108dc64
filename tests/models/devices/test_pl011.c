/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 as a bus master sees it; expectations from DDI 0183 r1p5. */
#include "tests/models/devices/dev_test.h"
#include "models/devices/devices.h"

enum {
    DR = 0,
    RSR = 4,
    FR = 0x18,
    IBRD = 0x24,
    FBRD = 0x28,
    LCRH = 0x2c,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3c,
    MIS = 0x40,
    ICR = 0x44,
    DMACR = 0x48
};
enum { RX = 1 << 4, TX = 1 << 5, RT = 1 << 6, OE = 1 << 10 };

struct fix {
    struct dev_bench b;
    struct tg_model *m;
};

static void make(struct fix *f, bool enabled)
{
    bench_init(&f->b);
    f->m = tg_model_new(&tg_pl011_class, "uart0", &f->b.env);
    set_param(f->m, "enabled", enabled);
    bench_irq_bind(&f->b, f->m, "irq");
    *(struct tg_chardev **)port_at(f->m, "chardev") = &f->b.line;
    realize(f->m);
}

static void drop(struct fix *f)
{
    tg_model_free(f->m);
    bench_fini(&f->b);
}

static size_t type_in(struct fix *f, const char *s, size_t n)
{
    return f->b.line.receive(f->b.line.device, (const uint8_t *)s, n);
}

static void reset_values(void **state)
{
    struct fix f;
    static const uint8_t ids[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)state;
    make(&f, false);
    assert_int_equal(rd(&f.b, f.m, CR, 4), 0x300);
    assert_int_equal(rd(&f.b, f.m, FR, 4), 0x97);
    assert_int_equal(rd(&f.b, f.m, IFLS, 2), 0x12);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 0);
    assert_int_equal(rd(&f.b, f.m, IMSC, 4), 0);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(rd(&f.b, f.m, 0xfe0 + 4 * i, 4), ids[i]);
    assert_int_equal(f.b.guest_errors, 0);
    rd(&f.b, f.m, 0x700, 4); /* nothing there: zero, one line */
    rd(&f.b, f.m, 0x700, 4);
    assert_int_equal(f.b.guest_errors, 1);
    drop(&f);
}

static void transmit_any_size(void **state)
{
    struct fix f;

    (void)state;
    make(&f, true);
    assert_int_equal(rd(&f.b, f.m, CR, 4), 0x301);
    wr(&f.b, f.m, DR, 1, 'a');
    wr(&f.b, f.m, DR, 2, 'b');
    wr(&f.b, f.m, DR, 4, 'c');
    assert_string_equal(f.b.out, "abc");
    assert_int_equal(rd(&f.b, f.m, FR, 4) & 0xa0, 0x80); /* empty, not full */
    assert_int_equal(rd(&f.b, f.m, RIS, 4), TX);
    drop(&f);
}

static void transmit_interrupt(void **state)
{
    struct fix f;

    (void)state;
    make(&f, true);
    wr(&f.b, f.m, IMSC, 4, TX);
    assert_false(f.b.level); /* a passage through the level, not the level (2.8.3) */
    f.b.now = 5 * TG_US;
    wr(&f.b, f.m, DR, 1, 'x');
    assert_true(f.b.level);
    assert_int_equal(f.b.level_at, 5 * TG_US);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), TX);
    wr(&f.b, f.m, ICR, 4, TX);
    assert_false(f.b.level);
    wr(&f.b, f.m, DR, 1, 'y');
    wr(&f.b, f.m, IMSC, 4, 0);
    assert_false(f.b.level);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), TX);
    drop(&f);
}

/* A disabled transmitter keeps 32 characters (one without FIFO), loses more, and sends them when enabled. */
static void transmit_disabled(void **state)
{
    struct fix f;

    (void)state;
    make(&f, false);
    wr(&f.b, f.m, LCRH, 4, 0x70);
    for (unsigned i = 0; i < 33; i++) {
        assert_int_equal(rd(&f.b, f.m, FR, 4) & 0x20, i == 32 ? 0x20 : 0);
        wr(&f.b, f.m, DR, 4, 'A' + i);
    }
    assert_int_equal(f.b.n_out, 0);
    assert_int_equal(f.b.guest_errors, 1);
    wr(&f.b, f.m, CR, 4, 0x301);
    assert_int_equal(f.b.n_out, 32);
    assert_int_equal(f.b.out[31], 'A' + 31);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), TX);
    drop(&f);
}

static void receive_without_fifo(void **state)
{
    struct fix f;

    (void)state;
    make(&f, true);
    wr(&f.b, f.m, IMSC, 4, RX);
    assert_int_equal(type_in(&f, "hi", 2), 1);
    assert_true(f.b.level);
    assert_int_equal(rd(&f.b, f.m, FR, 4) & 0x50, 0x40);
    assert_int_equal(f.b.readies, 0);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 'h');
    assert_false(f.b.level);
    assert_int_equal(f.b.readies, 1);
    assert_int_equal(rd(&f.b, f.m, FR, 4) & 0x50, 0x10);
    drop(&f);
}

/* Given FIFOs, each trigger level is met exactly, and 32 are taken. */
static void receive_levels(void **state)
{
    static const unsigned levels[5] = {4, 8, 16, 24, 28};

    (void)state;
    for (unsigned sel = 0; sel < 5; sel++) {
        struct fix f;
        char many[40];

        memset(many, 'z', sizeof(many));
        make(&f, true);
        wr(&f.b, f.m, LCRH, 4, 0x70);
        wr(&f.b, f.m, IFLS, 4, sel << 3);
        assert_int_equal(type_in(&f, many, levels[sel] - 1), levels[sel] - 1);
        assert_int_equal(rd(&f.b, f.m, RIS, 4) & RX, 0);
        assert_int_equal(type_in(&f, many, 1), 1);
        assert_int_equal(rd(&f.b, f.m, RIS, 4) & RX, RX);
        rd(&f.b, f.m, DR, 4); /* below the level again */
        assert_int_equal(rd(&f.b, f.m, RIS, 4) & RX, 0);
        assert_int_equal(type_in(&f, many, 40), 32 - (levels[sel] - 1));
        assert_int_equal(rd(&f.b, f.m, FR, 4) & 0x40, 0x40);
        drop(&f);
    }
}

/* 24 MHz and divisor 13: 115384 baud; 32 bits are 32 * 16 * 13 / 24 MHz = 277.333 us. */
static void receive_timeout(void **state)
{
    struct fix f;
    tg_time t = 32 * 16 * 13 * TG_US / 24;

    (void)state;
    make(&f, true);
    wr(&f.b, f.m, IBRD, 4, 13);
    wr(&f.b, f.m, FBRD, 4, 0);
    wr(&f.b, f.m, LCRH, 4, 0x70);
    wr(&f.b, f.m, IMSC, 4, RT | RX);
    assert_int_equal(type_in(&f, "ab", 2), 2);
    assert_int_equal(tg_evq_next(f.b.env.evq), t);
    bench_run(&f.b, t - 1);
    assert_false(f.b.level);
    assert_int_equal(type_in(&f, "c", 1), 1); /* starts the period again */
    bench_run(&f.b, t);
    assert_false(f.b.level);
    bench_run(&f.b, 2 * t - 1);
    assert_true(f.b.level);
    assert_int_equal(rd(&f.b, f.m, MIS, 4), RT);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 'a');
    assert_true(f.b.level);
    wr(&f.b, f.m, ICR, 4, RT);
    assert_false(f.b.level);
    bench_run(&f.b, 4 * t); /* what stays in the FIFO times out again */
    assert_true(f.b.level);
    assert_int_equal(rd(&f.b, f.m, DR, 4), 'b');
    assert_int_equal(rd(&f.b, f.m, DR, 4), 'c');
    assert_false(f.b.level);
    assert_int_equal(tg_evq_next(f.b.env.evq), TG_TIME_NEVER);
    drop(&f);
}

/* A new divisor counts from the write of UARTLCR_H on (3.3.7). */
static void divisor_latch(void **state)
{
    struct fix f;

    (void)state;
    make(&f, true);
    wr(&f.b, f.m, IBRD, 4, 1);
    wr(&f.b, f.m, FBRD, 4, 32);
    type_in(&f, "a", 1);
    assert_int_equal(tg_evq_next(f.b.env.evq), 32 * TG_SEC / 115200);
    rd(&f.b, f.m, DR, 4);
    wr(&f.b, f.m, LCRH, 4, 0x60);
    type_in(&f, "a", 1);
    assert_int_equal(tg_evq_next(f.b.env.evq), 32 * TG_US); /* 16 * 1.5 / 24 MHz = 1 us per bit */
    drop(&f);
}

static void receive_disabled(void **state)
{
    struct fix f;

    (void)state;
    make(&f, false);
    assert_int_equal(type_in(&f, "abc", 3), 0);
    wr(&f.b, f.m, CR, 4, 0x101);
    assert_int_equal(f.b.readies, 0);
    wr(&f.b, f.m, CR, 4, 0x301);
    assert_int_equal(f.b.readies, 1);
    drop(&f);
}

static void loopback(void **state)
{
    struct fix f;

    (void)state;
    make(&f, true);
    wr(&f.b, f.m, LCRH, 4, 0x70);
    wr(&f.b, f.m, CR, 4, 0x381 | 0x800 | 0x2000); /* LBE, RTS, Out2 */
    assert_int_equal(rd(&f.b, f.m, FR, 4) & 0x107, 0x101);
    for (unsigned i = 0; i < 33; i++)
        wr(&f.b, f.m, DR, 4, i);
    assert_int_equal(f.b.n_out, 0);
    assert_int_equal(rd(&f.b, f.m, RIS, 4) & OE, OE);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(rd(&f.b, f.m, DR, 4), i);
    wr(&f.b, f.m, DR, 4, 0x5a); /* the next one carries the overrun */
    assert_int_equal(rd(&f.b, f.m, DR, 4), 0x85a);
    assert_int_equal(rd(&f.b, f.m, RSR, 4), 8);
    wr(&f.b, f.m, RSR, 4, 0);
    assert_int_equal(rd(&f.b, f.m, RSR, 4), 0);
    wr(&f.b, f.m, ICR, 4, 0x7ff);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 0);
    drop(&f);
}

static void write_masks(void **state)
{
    struct fix f;

    (void)state;
    make(&f, true);
    wr(&f.b, f.m, IBRD, 4, 0xffffffff);
    wr(&f.b, f.m, FBRD, 4, 0xffffffff);
    wr(&f.b, f.m, IFLS, 4, 0xffffffff);
    wr(&f.b, f.m, IMSC, 4, 0xffffffff);
    wr(&f.b, f.m, DMACR, 4, 0xffffffff);
    wr(&f.b, f.m, LCRH, 4, 0xffffffff);
    assert_int_equal(rd(&f.b, f.m, IBRD, 4), 0xffff);
    assert_int_equal(rd(&f.b, f.m, FBRD, 4), 0x3f);
    assert_int_equal(rd(&f.b, f.m, IFLS, 4), 0x3f);
    assert_int_equal(rd(&f.b, f.m, IMSC, 4), 0x7ff);
    assert_int_equal(rd(&f.b, f.m, DMACR, 4), 7);
    assert_int_equal(rd(&f.b, f.m, LCRH, 4), 0xff);
    /* and back at reset, also the line */
    wr(&f.b, f.m, DR, 4, 'x');
    assert_true(f.b.level);
    tg_model_reset(f.m);
    assert_false(f.b.level);
    assert_int_equal(rd(&f.b, f.m, IMSC, 4), 0);
    assert_int_equal(rd(&f.b, f.m, RIS, 4), 0);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_values),         cmocka_unit_test(transmit_any_size),
        cmocka_unit_test(transmit_interrupt),   cmocka_unit_test(transmit_disabled),
        cmocka_unit_test(receive_without_fifo), cmocka_unit_test(receive_levels),
        cmocka_unit_test(receive_timeout),      cmocka_unit_test(divisor_latch),
        cmocka_unit_test(receive_disabled),     cmocka_unit_test(loopback),
        cmocka_unit_test(write_masks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
