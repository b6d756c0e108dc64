/* SPDX-License-Identifier: Apache-2.0 */
/* --events, --profile, --sample, --symbols: what a run writes into its database besides sums. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu.h"
#include "sim/cli/cli.h"
#include "sim/ledger/ledger.h"
#include "sim/machine/machine.h"
#include "sim/stats/stats.h"
#include "sim/stats/symbols.h"

#define DEFAULT_EVENTS 1000000
#define DEFAULT_PERIOD "100k"

static int parse_events(struct cli_record *r, struct tg_error *err)
{
    static const char *const names[] = {"exits", "traps", "all"};
    static const unsigned kinds[] = {LEDGER_EXITS, LEDGER_TRAPS, LEDGER_EXITS | LEDGER_TRAPS};
    const char *text = *r->events ? r->events : "exits", *comma = strchr(text, ',');
    size_t len = comma ? (size_t)(comma - text) : strlen(text);

    r->max_events = DEFAULT_EVENTS;
    for (size_t i = 0; i < TG_ARRAY_SIZE(names); i++)
        if (strlen(names[i]) == len && !strncmp(names[i], text, len))
            r->kinds = kinds[i];
    if (!r->kinds || (comma && strncmp(comma, ",max=", 5)))
        return tg_error_set(err, EINVAL,
                            "--events: found '%s', expected exits, traps or all, and perhaps ,max=N", text);
    return comma ? cli_number("events", comma + 5, &r->max_events, err) : 0;
}

static int parse_profile(struct cli_record *r, struct tg_error *err)
{
    int rc = cli_number("profile", *r->profile ? r->profile : DEFAULT_PERIOD, &r->period, err);

    if (!rc && (!r->period || r->period > UINT64_C(1000000000000)))
        rc = tg_error_set(err, EINVAL, "--profile: found '%s', expected a number of cycles from 1 to 1000G",
                          r->profile);
    return rc;
}

static int load_symbols(struct cli_record *r, const char *text, struct tg_error *err)
{
    static const char guest[] = "guest:";
    bool is_guest = !strncmp(text, guest, strlen(guest));
    const char *name = is_guest ? text + strlen(guest) : text, *plus = strrchr(name, '+');
    uint64_t offset = 0;
    char *path, *end;
    int rc;

    if (plus && !strncmp(plus, "+0x", 3)) {
        offset = strtoull(plus + 1, &end, 16);
        plus = *end ? NULL : plus;
    } else {
        plus = NULL;
    }
    path = strndup(name, plus ? (size_t)(plus - name) : strlen(name));
    if (!path)
        return tg_error_set(err, ENOMEM, "out of memory");
    rc = symbols_load(r->symbols, is_guest ? SYMBOLS_GUEST : SYMBOLS_HOST, path, plus ? offset : 0, 0, err);
    free(path);
    return rc;
}

int cli_record_prepare(struct cli_record *r, bool have_db, struct tg_error *err)
{
    const char *which = r->events ? "events" : r->profile ? "profile" : "sample";
    int rc = 0;

    if (r->sample && r->sample < TG_US)
        return tg_error_set(err, EINVAL, "--sample: found %llu ps, expected a time of at least 1us",
                            (unsigned long long)r->sample);
    if (r->sample && !have_db)
        return tg_error_set(err, EINVAL, "--%s: goes into a database; give --db FILE, too", which);
    if (!r->events && !r->profile)
        return r->symbol_files.n
                   ? tg_error_set(err, EINVAL,
                                  "--symbols: names are for --events and --profile; give one of them")
                   : 0;
    if (!have_db)
        return tg_error_set(err, EINVAL, "--%s: goes into a database; give --db FILE, too", which);
    if (r->events)
        rc = parse_events(r, err);
    if (!rc && r->profile)
        rc = parse_profile(r, err);
    if (rc)
        return rc;
    r->symbols = symbols_new();
    if (!r->symbols)
        return tg_error_set(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < r->symbol_files.n && !rc; i++)
        rc = load_symbols(r, r->symbol_files.v[i], err);
    return rc;
}

/* ---- while it runs ---- */

static void failed(struct cli_record *r, int rc, const struct tg_error *err)
{
    if (rc)
        machine_stop(r->m, MACHINE_FAILED, "%s", err->text);
}

static void on_event(void *opaque, const struct ledger_event *e)
{
    struct cli_record *r = opaque;
    struct tg_error err;

    failed(r, stats_event(r->stats, r->ledger, e, &err), &err);
}

void cli_record_sample(void *opaque, unsigned pe, uint64_t cycles)
{
    struct cli_record *r = opaque;
    const struct cpu *c = r->m->pes[pe].cpu;
    struct stats_pc p = {.pe = pe, .el = cpu_get_el(c), .vm = -1, .pc = cpu_get_pc(c), .cycles = cycles};
    struct ledger_vcpu v;
    struct tg_error err;
    int vcpu;

    if (cpu_get_mode(c) != *r->mode)
        return; /* in the middle of an access while the phase began: its cycles are of the other mode */
    p.where = ledger_now(r->ledger, pe, &vcpu);
    if (vcpu >= 0) {
        ledger_get_vcpu(r->ledger, (unsigned)vcpu, &v);
        p.vm = (int)v.vm;
    }
    failed(r, stats_sample_pc(r->stats, &p, &err), &err);
}

void cli_record_series(void *opaque, tg_time at, int pe)
{
    struct cli_record *r = opaque;
    struct tg_error err;
    int rc = 0;

    if (pe >= 0 && r->sampled[pe] == at)
        return; /* the PE changed its mode at this very time */
    if (pe >= 0) {
        const struct cpu *c = r->m->pes[pe].cpu;
        struct stats_point p = {.sim_ps = at,
                                .pe = (unsigned)pe,
                                .mode = cpu_get_mode(c) == CPU_TIMED ? "timed" : "fast",
                                .insns = cpu_insns(c),
                                .cycles = cpu_cycles(c),
                                .exits = ledger_pe_exits(r->ledger, (unsigned)pe)};

        r->sampled[pe] = at;
        cpu_buckets(c, p.buckets);
        rc = stats_sample(r->stats, &p, &err);
        if (!rc)
            rc = stats_sample_model(r->stats, at, r->m->pes[pe].model, &err);
    }
    for (size_t i = 0; pe < 0 && !rc && i < r->m->n_models; i++)
        if (r->m->models[i]->cls != &cpu_class)
            rc = stats_sample_model(r->stats, at, r->m->models[i], &err);
    failed(r, rc, &err);
}

void cli_record_change(struct cli_record *r, unsigned pe)
{
    tg_time now = cpu_local_time(r->m->pes[pe].cpu);

    if (r->sample && now)
        cli_record_series(r, now, (int)pe);
}

int cli_record_begin(struct cli_record *r, struct machine *m, struct ledger *l, struct stats *s,
                     struct tg_error *err)
{
    r->m = m;
    r->ledger = l;
    r->stats = s;
    if ((r->events && stats_want_events(s, r->max_events)) || (r->profile && stats_want_profile(s)) ||
        (r->symbols && stats_use_symbols(s, r->symbols)))
        return tg_error_set(err, ENOMEM, "out of memory");
    if (r->events)
        ledger_listen(l, r->kinds, on_event, r);
    return 0;
}

void cli_record_image(struct cli_record *r, const char *path, uint64_t entry)
{
    struct tg_error err;

    if (r->symbols && path && symbols_has(path))
        symbols_load(r->symbols, SYMBOLS_HOST, path, 0, entry, &err);
}

void cli_record_end(const struct cli_record *r, bool quiet)
{
    uint64_t dropped = r->stats ? stats_events_dropped(r->stats) : 0;
    char n[32];

    if (dropped && !quiet)
        fprintf(stderr, "tollgate: --events: %s more events were not written\n", cli_thousands(dropped, n));
}

void cli_record_free(struct cli_record *r)
{
    symbols_free(r->symbols);
    free(r->symbol_files.v);
}
