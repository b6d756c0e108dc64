/* SPDX-License-Identifier: Apache-2.0 */
/* Values with units: exact, both ways, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "sim/platform/platform.h"

static const char *const kinds[] = {"inorder", "window", NULL};
static const struct tg_param freq = {
    .name = "freq", .type = TG_PARAM_FREQ, .min = 1000000, .max = 10000000000};
static const struct tg_param size = {.name = "size", .type = TG_PARAM_SIZE};
static const struct tg_param span = {.name = "t", .type = TG_PARAM_TIME};
static const struct tg_param u32 = {.name = "n", .type = TG_PARAM_U32, .unit = "cycles"};
static const struct tg_param flag = {.name = "b", .type = TG_PARAM_BOOL};
static const struct tg_param kind = {.name = "k", .type = TG_PARAM_ENUM, .choices = kinds};

static void good_values(void **state)
{
    static const struct {
        const struct tg_param *p;
        const char *text;
        uint64_t value;
        const char *back; /* NULL: as text */
    } rows[] = {
        {&freq, "2.6GHz", 2600000000, NULL},
        {&freq, "1509MHz", 1509000000, "1.509GHz"},
        {&freq, "62.5MHz", 62500000, NULL},
        {&freq, "1000000Hz", 1000000, "1MHz"},
        {&size, "512KiB", 512 << 10, NULL},
        {&size, "1.5MiB", 1536 << 10, "1536KiB"},
        {&size, "48KiB", 48 << 10, NULL},
        {&size, "0", 0, "0B"},
        {&size, "4 GiB", UINT64_C(4) << 30, "4GiB"},
        {&span, "90ns", 90000, NULL},
        {&span, "0.5us", 500000, "500ns"},
        {&span, "1.000000000001s", UINT64_C(1000000000001), NULL},
        {&span, "333ps", 333, NULL},
        {&u32, "12", 12, NULL},
        {&u32, "0x411fd070", 0x411fd070, "1092604016"},
        {&u32, "3cycles", 3, "3"},
        {&flag, "true", 1, NULL},
        {&flag, "false", 0, NULL},
        {&kind, "window", 1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct tg_error err = {""};
        uint64_t v = 99;
        char text[64];

        if (platform_parse(rows[i].p, rows[i].text, &v, &err))
            fail_msg("%s: %s", rows[i].text, err.text);
        assert_int_equal(v, rows[i].value);
        platform_format(rows[i].p, v, text, sizeof(text));
        assert_string_equal(text, rows[i].back ? rows[i].back : rows[i].text);
    }
}

static void bad_values(void **state)
{
    static const struct {
        const struct tg_param *p;
        const char *text, *message;
    } rows[] = {
        {&freq, "2.6ns", "found '2.6ns', expected a frequency such as \"2.6GHz\" (units: Hz, kHz, MHz, GHz)"},
        {&freq, "2600000000",
         "found '2600000000', expected a frequency such as \"2.6GHz\" (units: Hz, kHz, MHz, GHz)"},
        {&freq, "1kHz", "found '1kHz', expected 1MHz to 10GHz"},
        {&freq, "1.0000000001GHz", "found '1.0000000001GHz', expected a whole number of Hz within 64 bits"},
        {&size, "512KB", "found '512KB', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, TiB)"},
        {&size, "", "found '', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, TiB)"},
        {&size, "-1KiB", "found '-1KiB', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, TiB)"},
        {&size, "99999999TiB", "found '99999999TiB', expected a whole number of B within 64 bits"},
        {&span, "90", "found '90', expected a time such as \"90ns\" (units: ps, ns, us, ms, s)"},
        {&span, "0.5ps", "found '0.5ps', expected a whole number of ps within 64 bits"},
        {&u32, "4294967296", "found '4294967296', expected at most 4294967295"},
        {&u32, "12ns", "found '12ns', expected a number of cycles"},
        {&u32, "-3", "found '-3', expected a number of cycles"},
        {&flag, "yes", "found 'yes', expected true or false"},
        {&kind, "windwo", "found 'windwo', expected one of inorder, window; the nearest is 'window'"},
        {&kind, "q", "found 'q', expected one of inorder, window"},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct tg_error err = {""};
        uint64_t v;

        assert_int_not_equal(platform_parse(rows[i].p, rows[i].text, &v, &err), 0);
        assert_string_equal(err.text, rows[i].message);
    }
}

static void nearest(void **state)
{
    static const char *const names[] = {"cpus.core.l2.size", "cpus.core.l2.ways", "ram.size", "kernel"};

    (void)state;
    assert_string_equal(platform_nearest("cpus.core.l2.siz", names, 4), "cpus.core.l2.size");
    assert_string_equal(platform_nearest("kerenl", names, 4), "kernel");
    assert_string_equal(platform_nearest("ramsize", names, 4), "ram.size");
    assert_null(platform_nearest("zzz", names, 4));
    assert_null(platform_nearest("x", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
