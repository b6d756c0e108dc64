/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reset values of the PrimeCell devices, as their manuals' register summaries have them: PL011 (DDI 0183
 * table 3-1), PL031 (DDI 0224 table 3-1), PL061 (DDI 0190 table 3-1). Twice: at power-on, and after software
 * has written all it can.
 */
#include "tests/models/devices/dev_test.h"
#include "models/devices/devices.h"

#define U 0xffffffffu

struct row {
    uint64_t offset;
    uint32_t known, value; /* known: the bits that the manual gives */
};

static const struct row pl011[] = {
    {0x004, 0xf, 0},     {0x018, 0xf8, 0x90}, /* UARTFR: empty; the modem inputs are the board's */
    {0x020, 0xff, 0},    {0x024, 0xffff, 0},  {0x028, 0x3f, 0},  {0x02c, 0xff, 0},  {0x030, 0xffff, 0x300},
    {0x034, 0x3f, 0x12}, {0x038, 0x7ff, 0},   {0x03c, 0x7f0, 0}, {0x040, 0x7f0, 0}, {0x048, 7, 0},
    {0xfe0, U, 0x11},    {0xfe4, U, 0x10},    {0xfe8, U, 0x34},  {0xfec, U, 0},
};

/* RTCDR and RTCCR are the clock with a battery: it counts, and has been started. */
static const struct row pl031[] = {
    {0x004, U, 0}, {0x008, U, 0},    {0x010, 1, 0},    {0x014, 1, 0},
    {0x018, 1, 0}, {0xfe0, U, 0x31}, {0xfe4, U, 0x10},
};

static const struct row pl061[] = {
    {0x3fc, 0xff, 0}, {0x400, 0xff, 0}, {0x404, 0xff, 0}, {0x408, 0xff, 0}, {0x40c, 0xff, 0},
    {0x410, 0xff, 0}, {0x414, 0xff, 0}, {0x418, 0xff, 0}, {0x420, 0xff, 0}, {0xfe0, U, 0x61},
};

static void check(struct dev_bench *b, struct tg_model *m, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t v = (uint32_t)rd(b, m, rows[i].offset, 4);

        if ((v & rows[i].known) != rows[i].value)
            fail_msg("%s: 0x%llx reads 0x%x, expected 0x%x in 0x%x", m->cls->name,
                     (unsigned long long)rows[i].offset, v, rows[i].value, rows[i].known);
    }
}

static void values(void **state)
{
    static const struct {
        const struct tg_model_class *cls;
        const struct row *rows;
        size_t n;
    } t[] = {
        {&tg_pl011_class, pl011, sizeof(pl011) / sizeof(pl011[0])},
        {&tg_pl031_class, pl031, sizeof(pl031) / sizeof(pl031[0])},
        {&tg_pl061_class, pl061, sizeof(pl061) / sizeof(pl061[0])},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct dev_bench b;
        struct tg_model *m;

        bench_init(&b);
        m = tg_model_new(t[i].cls, "dev", &b.env);
        if (t[i].cls == &tg_pl011_class)
            set_param(m, "enabled", 0); /* the default is what firmware leaves: UARTEN */
        bench_irq_bind(&b, m, "irq");
        realize(m);
        check(&b, m, t[i].rows, t[i].n);
        for (uint64_t offset = 4; offset < 0x500; offset += 4)
            wr(&b, m, offset, 4, 0xffffffff);
        tg_model_reset(m);
        check(&b, m, t[i].rows, t[i].n);
        assert_false(b.level);
        tg_model_free(m);
        bench_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
