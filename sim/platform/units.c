/* SPDX-License-Identifier: Apache-2.0 */
/* Values with units, as text. Exact: decimal fractions are scaled as integers, and what is not a whole hertz,
 * byte or picosecond is refused. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/platform/platform.h"

struct unit {
    const char *name;
    uint64_t scale;
};

static const struct unit freq_units[] = {
    {"Hz", 1}, {"kHz", 1000}, {"MHz", 1000000}, {"GHz", 1000000000}, {NULL, 0}};
static const struct unit size_units[] = {{"B", 1},
                                         {"KiB", UINT64_C(1) << 10},
                                         {"MiB", UINT64_C(1) << 20},
                                         {"GiB", UINT64_C(1) << 30},
                                         {"TiB", UINT64_C(1) << 40},
                                         {NULL, 0}};
static const struct unit time_units[] = {{"ps", TG_PS}, {"ns", TG_NS}, {"us", TG_US},
                                         {"ms", TG_MS}, {"s", TG_SEC}, {NULL, 0}};

static const struct unit *units_of(const struct tg_param *p)
{
    switch (p->type) {
    case TG_PARAM_FREQ:
        return freq_units;
    case TG_PARAM_SIZE:
        return size_units;
    case TG_PARAM_TIME:
        return time_units;
    default:
        return NULL;
    }
}

const char *platform_expected(const struct tg_param *p)
{
    switch (p->type) {
    case TG_PARAM_BOOL:
        return "true or false";
    case TG_PARAM_FREQ:
        return "a frequency such as \"2.6GHz\"";
    case TG_PARAM_SIZE:
        return "a size such as \"512KiB\"";
    case TG_PARAM_TIME:
        return "a time such as \"90ns\"";
    case TG_PARAM_STRING:
        return "text";
    case TG_PARAM_ENUM:
        return "one of the known names";
    default:
        return "a number";
    }
}

static int refuse(const struct tg_param *p, const char *text, struct tg_error *err)
{
    const struct unit *u = units_of(p);
    char units[64] = "";

    if (!u)
        return tg_error_set(err, EINVAL, "found '%s', expected %s%s%s", text, platform_expected(p),
                            p->unit ? " of " : "", p->unit ? p->unit : "");
    for (; u->name; u++) {
        strcat(units, *units ? ", " : "");
        strcat(units, u->name);
    }
    return tg_error_set(err, EINVAL, "found '%s', expected %s (units: %s)", text, platform_expected(p),
                        units);
}

static int check_range(const struct tg_param *p, const char *text, uint64_t v, struct tg_error *err)
{
    char lo[64], hi[64];

    if (p->type == TG_PARAM_U32 && v > UINT32_MAX)
        return tg_error_set(err, EINVAL, "found '%s', expected at most %" PRIu32, text, UINT32_MAX);
    if ((p->min || p->max) && (v < p->min || v > p->max)) {
        platform_format(p, p->min, lo, sizeof(lo));
        platform_format(p, p->max, hi, sizeof(hi));
        if (p->min == p->max)
            return tg_error_set(err, EINVAL, "found '%s', expected %s", text, lo);
        return tg_error_set(err, EINVAL, "found '%s', expected %s to %s", text, lo, hi);
    }
    return 0;
}

static int parse_choice(const struct tg_param *p, const char *text, uint64_t *out, struct tg_error *err)
{
    char all[256] = "";
    const char *near;
    size_t n = 0;

    for (; p->choices[n]; n++) {
        if (!strcmp(p->choices[n], text)) {
            *out = n;
            return 0;
        }
        if (strlen(all) + strlen(p->choices[n]) + 3 < sizeof(all)) {
            strcat(all, n ? ", " : "");
            strcat(all, p->choices[n]);
        }
    }
    near = platform_nearest(text, p->choices, n);
    return tg_error_set(err, EINVAL, "found '%s', expected one of %s%s%s%s", text, all,
                        near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
}

/* digits[.digits] at *s into mantissa / 10^scale; false: no number, or too long for exactness. */
static bool parse_decimal(const char **s, uint64_t *mantissa, unsigned *scale)
{
    const char *t = *s;
    unsigned digits = 0;
    bool point = false;

    *mantissa = 0;
    *scale = 0;
    for (; isdigit((unsigned char)*t) || (*t == '.' && !point); t++) {
        if (*t == '.') {
            point = true;
            continue;
        }
        if (++digits > 18)
            return false;
        *mantissa = *mantissa * 10 + (uint64_t)(*t - '0');
        *scale += point;
    }
    *s = t;
    return digits > 0;
}

int platform_parse(const struct tg_param *p, const char *text, uint64_t *out, struct tg_error *err)
{
    const struct unit *u = units_of(p);
    const char *s = text;
    uint64_t mantissa, ten = 1;
    unsigned scale;
    unsigned __int128 v;

    if (p->type == TG_PARAM_BOOL) {
        if (strcmp(text, "true") && strcmp(text, "false"))
            return refuse(p, text, err);
        *out = !strcmp(text, "true");
        return 0;
    }
    if (p->type == TG_PARAM_ENUM)
        return parse_choice(p, text, out, err);
    if (!u) {
        char *end;
        unsigned long long n;

        if (!isdigit((unsigned char)*text))
            return refuse(p, text, err);
        errno = 0;
        n = strtoull(text, &end, 0);
        if (errno || (*end && (!p->unit || strcmp(end, p->unit))))
            return refuse(p, text, err);
        *out = n;
        return check_range(p, text, n, err);
    }
    if (!parse_decimal(&s, &mantissa, &scale))
        return refuse(p, text, err);
    while (*s == ' ')
        s++;
    while (u->name && strcmp(u->name, s))
        u++;
    if (!u->name && !(mantissa == 0 && !*s)) /* 0 needs no unit */
        return refuse(p, text, err);
    for (unsigned i = 0; i < scale; i++)
        ten *= 10;
    v = (unsigned __int128)mantissa * (u->name ? u->scale : 1);
    if (v % ten || v / ten > UINT64_MAX)
        return tg_error_set(err, EINVAL, "found '%s', expected a whole number of %s within 64 bits", text,
                            units_of(p)[0].name);
    *out = (uint64_t)(v / ten);
    return check_range(p, text, *out, err);
}

void platform_format(const struct tg_param *p, uint64_t value, char *out, size_t size)
{
    const struct unit *u = units_of(p), *best;
    char fraction[32];
    uint64_t rest;
    size_t n;

    if (p->type == TG_PARAM_BOOL) {
        snprintf(out, size, "%s", value ? "true" : "false");
        return;
    }
    if (p->type == TG_PARAM_ENUM) {
        snprintf(out, size, "%s", p->choices[value]);
        return;
    }
    if (!u) {
        snprintf(out, size, "%" PRIu64, value);
        return;
    }
    best = u;
    for (; u->name && value; u++)
        if (p->type == TG_PARAM_SIZE ? value % u->scale == 0 : value >= u->scale)
            best = u;
    rest = value % best->scale;
    if (!rest) {
        snprintf(out, size, "%" PRIu64 "%s", value / best->scale, best->name);
        return;
    }
    /* decimal units only: as many digits as the scale has zeros */
    n = (size_t)snprintf(fraction, sizeof(fraction), "%" PRIu64, rest + best->scale);
    while (n > 1 && fraction[n - 1] == '0')
        fraction[--n] = 0;
    snprintf(out, size, "%" PRIu64 ".%s%s", value / best->scale, fraction + 1, best->name);
}
