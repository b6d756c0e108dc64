/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases: a sequence, the state it starts with and what the architecture makes of it, as text. Registers that
 * are not named are 0 before, and what `want` does not name is as before. `x28` and the stack pointers are
 * addresses of the scratch area (insn_state.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "reduce.h"

/* The 64-bit values of a state that have a name. */
#define VALUES(X) \
    X(sp) X(pstate) X(fpcr) X(fpsr) X(seed) X(sp0) X(regime) X(control) X(end) X(hash) X(esr) X(far)

static void put_state(FILE *f, const char *prefix, const struct insn_state *s, const struct insn_state *as)
{
#define PUT(name)            \
    if (s->name != as->name) \
        fprintf(f, "%s" #name " 0x%" PRIx64 "\n", prefix, s->name);
    VALUES(PUT)
#undef PUT
    for (unsigned i = 0; i < 31; i++)
        if (s->x[i] != as->x[i])
            fprintf(f, "%sx%u 0x%" PRIx64 "\n", prefix, i, s->x[i]);
    for (unsigned i = 0; i < 32; i++)
        if (memcmp(s->v[i], as->v[i], 16))
            fprintf(f, "%sv%u 0x%" PRIx64 " 0x%" PRIx64 "\n", prefix, i, s->v[i][0], s->v[i][1]);
}

bool case_write(const char *path, const struct trial *t, const char *about)
{
    FILE *f = fopen(path, "w");
    struct insn_state zero = {0};

    if (!f)
        return false;
    fprintf(f, "# %s\ncore %s\n%s", about, t->core, t->bare ? "bare\n" : "");
    put_state(f, "", &t->before, &zero);
    fprintf(f, "code\n");
    code_print(f, t->words, t->n);
    put_state(f, "want ", &t->want, &t->before);
    fprintf(f, "want pc %" PRId64 "\n", (int64_t)(t->want.pc - t->before.pc)); /* from the first word on */
    return !fclose(f);
}

/* "NAME VALUE [VALUE]" into s. */
static bool get_value(const char *text, struct insn_state *s)
{
    char name[16];
    uint64_t v[2] = {0};
    unsigned k, fields = 1;
    int n = 0;

    if (sscanf(text, "%15s%n", name, &n) != 1)
        return false;
    for (char *end; fields < 3; text = end, fields++, n = 0) {
        v[fields - 1] = strtoull(text + n, &end, 0);
        if (end == text + n)
            break;
    }
    if (fields < 2)
        return false;
#define GET(field)                   \
    if (strcmp(name, #field) == 0) { \
        s->field = v[0];             \
        return fields == 2;          \
    }
    VALUES(GET)
    GET(pc)
#undef GET
    if (sscanf(name, "x%u", &k) == 1 && k < 31) {
        s->x[k] = v[0];
        return fields == 2;
    }
    if (sscanf(name, "v%u", &k) == 1 && k < 32 && fields == 3) {
        memcpy(s->v[k], v, sizeof(v));
        return true;
    }
    return false;
}

bool case_read(const char *path, struct trial *t)
{
    FILE *f = fopen(path, "r");
    char text[512];
    unsigned line = 0;
    bool code = false, wanted = false;

    memset(t, 0, sizeof(*t));
    if (!f) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    while (fgets(text, sizeof(text), f)) {
        line++;
        if (*text == '#' && line == 1)
            snprintf(t->about, sizeof(t->about), "%.*s", (int)sizeof(t->about) - 1, text + 2);
        t->about[strcspn(t->about, "\n")] = 0;
        if (*text == '#' || *text == '\n')
            continue;
        if (strncmp(text, "want ", 5) == 0) {
            if (!wanted)
                t->want = t->before;
            wanted = true;
            if (get_value(text + 5, &t->want))
                continue;
        } else if (strcmp(text, "code\n") == 0) {
            code = true;
            continue;
        } else if (code && !wanted && t->n < TRIAL_WORDS && sscanf(text, " %" SCNx32, &t->words[t->n]) == 1) {
            t->n++;
            continue;
        } else if (sscanf(text, "core %31s", t->core) == 1) {
            continue;
        } else if (strcmp(text, "bare\n") == 0) {
            t->bare = true;
            continue;
        } else if (!code && get_value(text, &t->before)) {
            continue;
        }
        fprintf(stderr, "%s:%u: not understood: %s", path, line, text);
        fclose(f);
        return false;
    }
    fclose(f);
    if (!t->n || !*t->core) {
        fprintf(stderr, "%s: %s is missing\n", path,
                !*t->core ? "'core'"
                : !t->n   ? "code"
                          : "what is wanted");
        return false;
    }
    return true;
}
