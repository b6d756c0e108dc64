/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines from tables: --name value, --name=value, flags; unknown names are answered with the nearest
 * known one. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/cli/cli.h"
#include "sim/platform/platform.h"

int cli_complain(const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    fputs("tollgate: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return CLI_USER;
}

static const struct cli_arg *find(const struct cli_arg *args, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(args[i].name) == len && !strncmp(args[i].name, name, len))
            return &args[i];
    return NULL;
}

static int unknown(const char *command, const struct cli_arg *args, size_t n, const char *name, size_t len,
                   struct tg_error *err)
{
    const char *names[64], *near;
    char text[128];

    snprintf(text, sizeof(text), "%.*s", (int)len, name);
    for (size_t i = 0; i < n && i < TG_ARRAY_SIZE(names); i++)
        names[i] = args[i].name;
    near = platform_nearest(text, names, n < TG_ARRAY_SIZE(names) ? n : TG_ARRAY_SIZE(names));
    return tg_error_set(err, EINVAL, "%s: unknown option '--%s'%s%s%s", command, text,
                        near ? "; the nearest known one is '--" : "", near ? near : "", near ? "'" : "");
}

int cli_number(const char *name, const char *value, uint64_t *out, struct tg_error *err)
{
    unsigned long long n;
    uint64_t scale = 1;
    char *end;

    errno = 0;
    n = strtoull(value, &end, 0);
    if (end != value && *end && !end[1])
        scale = *end == 'k' ? 1000 : *end == 'M' ? 1000000 : *end == 'G' ? 1000000000 : 0;
    else if (*end)
        scale = 0;
    if (end == value || value[0] == '-' || errno || !scale || n > UINT64_MAX / scale)
        return tg_error_set(err, EINVAL, "--%s: found '%s', expected a number (k, M, G may follow)", name,
                            value);
    *out = n * scale;
    return 0;
}

int cli_time(const char *name, const char *value, uint64_t *out, struct tg_error *err)
{
    static const struct tg_param span = {.name = "time", .type = TG_PARAM_TIME};
    struct tg_error e;

    return platform_parse(&span, value, out, &e) ? tg_error_set(err, EINVAL, "--%s: %s", name, e.text) : 0;
}

static int store(const struct cli_arg *a, const char *value, void *out, struct tg_error *err)
{
    void *p = (char *)out + a->offset;
    struct cli_texts *t = p;
    const char **v;

    switch (a->kind) {
    case CLI_FLAG:
        *(bool *)p = true;
        return 0;
    case CLI_TEXT:
    case CLI_MAYBE:
        if (*(const char **)p)
            return tg_error_set(err, EINVAL, "--%s: given twice", a->name);
        *(const char **)p = value;
        return 0;
    case CLI_TEXTS:
        v = realloc(t->v, (t->n + 1) * sizeof(*v));
        if (!v)
            return tg_error_set(err, ENOMEM, "out of memory");
        t->v = v;
        v[t->n++] = value;
        return 0;
    case CLI_NUMBER:
        return cli_number(a->name, value, p, err);
    case CLI_TIME:
        return cli_time(a->name, value, p, err);
    }
    return 0;
}

int cli_parse(const char *command, const struct cli_arg *args, size_t n_args, int argc, char **argv,
              void *out, const char **rest, size_t max_rest, size_t *n_rest, struct tg_error *err)
{
    bool only_rest = false;

    *n_rest = 0;
    for (int i = 1; i < argc; i++) {
        const char *s = argv[i], *eq, *value = NULL;
        const struct cli_arg *a;
        size_t len;
        int rc;

        if (!only_rest && !strcmp(s, "--")) {
            only_rest = true;
            continue;
        }
        if (!only_rest && !strcmp(s, "-h"))
            return 1;
        if (only_rest || s[0] != '-' || !s[1]) {
            if (*n_rest == max_rest)
                return tg_error_set(err, EINVAL, "%s: one argument too many: '%s'", command, s);
            rest[(*n_rest)++] = s;
            continue;
        }
        if (s[1] != '-')
            return unknown(command, args, n_args, s + 1, strlen(s + 1), err);
        s += 2;
        eq = strchr(s, '=');
        len = eq ? (size_t)(eq - s) : strlen(s);
        if (len == 4 && !strncmp(s, "help", 4))
            return 1;
        a = find(args, n_args, s, len);
        if (!a)
            return unknown(command, args, n_args, s, len, err);
        if (a->kind == CLI_FLAG) {
            if (eq)
                return tg_error_set(err, EINVAL, "%s: --%s takes no value", command, a->name);
        } else if (eq) {
            value = eq + 1;
        } else if (a->kind == CLI_MAYBE) {
            value = "";
        } else if (++i < argc) {
            value = argv[i];
        } else {
            return tg_error_set(err, EINVAL, "%s: --%s needs a value: %s", command, a->name, a->value);
        }
        rc = store(a, value, out, err);
        if (rc)
            return rc;
    }
    return 0;
}

void cli_help(const char *usage, const char *text, const struct cli_arg *args, size_t n_args)
{
    printf("usage: tollgate %s\n\n%s", usage, text);
    if (n_args)
        printf("\noptions:\n");
    for (size_t i = 0; i < n_args; i++) {
        const char *gap = !args[i].value ? "" : args[i].kind == CLI_MAYBE ? "[=" : " ";
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s%s", args[i].name, gap, args[i].value ? args[i].value : "",
                 args[i].value && args[i].kind == CLI_MAYBE ? "]" : "");
        printf("  %-26s %s\n", left, args[i].help);
    }
}
