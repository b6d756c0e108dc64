/* SPDX-License-Identifier: Apache-2.0 */
/* --mode and --switch: words into modes, and the moments at which they change. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sim/cli/cli.h"
#include "sim/ledger/ledger.h"
#include "sim/platform/platform.h"
#include "sim/tlm/tlm.h"

static const char *const modes[] = {[CPU_FAST] = "fast", [CPU_TIMED] = "timed"};

static bool find_mode(const char *text, size_t len, enum cpu_mode *out)
{
    for (size_t i = 0; i < TG_ARRAY_SIZE(modes); i++) {
        if (strlen(modes[i]) == len && !strncmp(modes[i], text, len)) {
            *out = (enum cpu_mode)i;
            return true;
        }
    }
    return false;
}

int cli_mode(const char *mode, enum cpu_mode *out)
{
    const char *near;

    *out = CPU_FAST;
    if (!mode || find_mode(mode, strlen(mode), out))
        return 0;
    near = platform_nearest(mode, modes, TG_ARRAY_SIZE(modes));
    return cli_complain("--mode: found '%s', expected fast or timed%s%s%s", mode,
                        near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
}

static int parse_moment(const char *text, const char *moment, struct tlm_switch *out, struct tg_error *err)
{
    const char *value = strchr(moment, '=');
    size_t len = value ? (size_t)(value - moment) : 0;
    char *end;

    if (value)
        value++;
    if (value && len == 5 && !strncmp(moment, "insns", len)) {
        out->at = TLM_AT_INSNS;
        return cli_number("switch", value, &out->value, err);
    }
    if (value && len == 2 && !strncmp(moment, "pc", len)) {
        out->at = TLM_AT_PC;
        errno = 0;
        out->value = strtoull(value, &end, 0);
        if (end == value || *end || *value == '-' || errno || out->value % 4)
            return tg_error_set(err, EINVAL,
                                "--switch %s: found '%s', expected the address of an instruction: 0x40080000",
                                text, value);
        return 0;
    }
    if (value && len == 5 && !strncmp(moment, "phase", len)) {
        out->at = TLM_AT_PHASE;
        if (!*value || strlen(value) >= sizeof(out->phase))
            return tg_error_set(err, EINVAL,
                                "--switch %s: found '%s', expected a phase's name, up to %zu characters",
                                text, value, sizeof(out->phase) - 1);
        strcpy(out->phase, value);
        return 0;
    }
    return tg_error_set(err, EINVAL, "--switch %s: found '%s', expected insns=N, pc=ADDRESS or phase=NAME",
                        text, moment);
}

int cli_switches(const struct cli_texts *texts, struct tlm_switches *out, struct tg_error *err)
{
    out->v = calloc(texts->n + 1, sizeof(*out->v));
    if (!out->v)
        return tg_error_set(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < texts->n; i++) {
        const char *text = texts->v[i], *at = strchr(text, '@');
        struct tlm_switch *s = &out->v[i];
        int rc;

        if (!at || !find_mode(text, (size_t)(at - text), &s->mode))
            return tg_error_set(
                err, EINVAL,
                "--switch: found '%s', expected fast@MOMENT or timed@MOMENT; MOMENT is insns=N, "
                "pc=ADDRESS or phase=NAME",
                text);
        rc = parse_moment(text, at + 1, s, err);
        if (rc)
            return rc;
        out->n++;
    }
    return 0;
}

bool cli_switch_due(const struct tlm_switches *s, const char *phase)
{
    return s->next < s->n && s->v[s->next].at == TLM_AT_PHASE && !strcmp(s->v[s->next].phase, phase);
}
