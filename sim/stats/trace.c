/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for the tables event and profile. Samples are summed by place, events gathered, both in memory
 * of a fixed size; when it is full, a transaction is written in the middle of a phase. Both tables name a
 * phase by its number in the run, since its row comes only when it ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sim/ledger/ledger.h"
#include "sim/stats/internal.h"

#define EVENTS  4096u
#define PLACES  16384u
#define BUCKETS (2 * PLACES)

struct place {
    struct stats_pc at; /* cycles: sum */
    uint64_t samples;
};

struct stats_trace {
    struct symbols *symbols; /* not ours; NULL: none */
    struct ledger_event *events;
    size_t n_events;
    int64_t *event_vm, *event_vcpu;
    uint64_t max_events, seen, stored; /* of the run; stored: also what waits */
    struct place *places;
    size_t n_places;
    uint32_t *bucket; /* 1-based place, 0: none */
    bool failed;      /* the last write failed: no further one but with a phase */
};

static struct stats_trace *trace_of(struct stats_trace **t)
{
    if (!*t)
        *t = calloc(1, sizeof(**t));
    return *t;
}

void stats_trace_free(struct stats_trace *t)
{
    if (!t)
        return;
    free(t->events);
    free(t->event_vm);
    free(t->event_vcpu);
    free(t->places);
    free(t->bucket);
    free(t);
}

int stats_trace_events(struct stats_trace **trace, uint64_t max)
{
    struct stats_trace *t = trace_of(trace);

    if (!t || t->events)
        return t ? 0 : -ENOMEM;
    t->max_events = max;
    t->event_vm = calloc(EVENTS, sizeof(*t->event_vm));
    t->event_vcpu = calloc(EVENTS, sizeof(*t->event_vcpu));
    t->events = calloc(EVENTS, sizeof(*t->events));
    return t->events && t->event_vm && t->event_vcpu ? 0 : -ENOMEM;
}

int stats_trace_profile(struct stats_trace **trace)
{
    struct stats_trace *t = trace_of(trace);

    if (!t || t->places)
        return t ? 0 : -ENOMEM;
    t->bucket = calloc(BUCKETS, sizeof(*t->bucket));
    t->places = calloc(PLACES, sizeof(*t->places));
    return t->places && t->bucket ? 0 : -ENOMEM;
}

int stats_trace_symbols(struct stats_trace **trace, struct symbols *symbols)
{
    struct stats_trace *t = trace_of(trace);

    if (t)
        t->symbols = symbols;
    return t ? 0 : -ENOMEM;
}

uint64_t stats_trace_dropped(const struct stats_trace *t)
{
    return t ? t->seen - t->stored : 0;
}

bool stats_trace_waits(const struct stats_trace *t)
{
    return t && (t->n_events || t->n_places);
}

/* ---- gathering ---- */

bool stats_trace_event(struct stats_trace *t, const struct ledger *l, const struct ledger_event *e)
{
    t->seen++;
    if (t->stored >= t->max_events || t->n_events == EVENTS)
        return true;
    struct ledger_vcpu v = {0};

    if (e->vcpu >= 0)
        ledger_get_vcpu(l, (unsigned)e->vcpu, &v);
    t->event_vm[t->n_events] = e->vcpu >= 0 ? (int64_t)v.vm : -1;
    t->event_vcpu[t->n_events] = v.number;
    t->events[t->n_events++] = *e;
    t->stored++;
    return t->n_events < EVENTS || t->failed;
}

static bool same(const struct stats_pc *a, const struct stats_pc *b)
{
    return a->pc == b->pc && a->pe == b->pe && a->where == b->where && a->el == b->el && a->vm == b->vm;
}

bool stats_trace_sample(struct stats_trace *t, const struct stats_pc *p)
{
    uint64_t h = (p->pc ^ (uint64_t)p->pe << 52 ^ (uint64_t)(p->vm + 1) << 40 ^ (uint64_t)p->el << 62 ^
                  (uint64_t)p->where << 58) *
                 UINT64_C(0x9e3779b97f4a7c15);
    uint32_t i = (uint32_t)(h >> 32) & (BUCKETS - 1);

    while (t->bucket[i] && !same(&t->places[t->bucket[i] - 1].at, p))
        i = (i + 1) & (BUCKETS - 1);
    if (!t->bucket[i]) {
        if (t->n_places == PLACES)
            return true; /* could not be written: lost */
        t->places[t->n_places].at = *p;
        t->places[t->n_places].at.cycles = 0;
        t->places[t->n_places].samples = 0;
        t->bucket[i] = (uint32_t)++t->n_places;
    }
    struct place *q = &t->places[t->bucket[i] - 1];

    q->samples++;
    q->at.cycles += p->cycles;
    return t->n_places < PLACES || t->failed;
}

/* ---- writing ---- */

static void bind_u64(sqlite3_stmt *st, int i, uint64_t v)
{
    sqlite3_bind_int64(st, i, (int64_t)v);
}

static void bind_name(sqlite3_stmt *st, int i, const struct stats_trace *t, bool guest, uint64_t pc)
{
    const char *name = t->symbols ? symbols_at(t->symbols, guest ? SYMBOLS_GUEST : SYMBOLS_HOST, pc) : NULL;

    if (name)
        sqlite3_bind_text(st, i, name, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(st, i);
}

static bool step(sqlite3_stmt *st)
{
    bool ok = sqlite3_step(st) == SQLITE_DONE;

    return sqlite3_reset(st) == SQLITE_OK && ok;
}

static bool write_events(const struct stats_trace *t, sqlite3 *db, int64_t run_id, unsigned phase)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v2(db,
                           "INSERT INTO event VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
                           "?14, ?15, ?16, ?17, ?18, ?19, ?20)",
                           -1, &st, NULL))
        return false;
    bool ok = true;

    sqlite3_bind_int64(st, 1, run_id);
    sqlite3_bind_int64(st, 3, phase);
    for (size_t i = 0; ok && i < t->n_events; i++) {
        const struct ledger_event *e = &t->events[i];
        bool guest = t->event_vm[i] >= 0;

        bind_u64(st, 2, t->stored - t->n_events + i);
        sqlite3_bind_text(st, 4, e->kind == LEDGER_EXITS ? "exit" : "trap", -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 5, e->pe);
        sqlite3_bind_int64(st, 6, e->end_pe);
        if (guest) {
            sqlite3_bind_int64(st, 7, t->event_vm[i]);
            sqlite3_bind_int64(st, 8, t->event_vcpu[i]);
        } else {
            sqlite3_bind_null(st, 7);
            sqlite3_bind_null(st, 8);
        }
        sqlite3_bind_int64(st, 9, e->from_el);
        sqlite3_bind_int64(st, 10, e->to_el);
        sqlite3_bind_text(st, 11, e->reason, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 12, e->detail, -1, SQLITE_STATIC);
        bind_u64(st, 13, e->start_ps);
        bind_u64(st, 14, e->pc);
        bind_name(st, 15, t, guest, e->pc);
        bind_u64(st, 16, e->insns);
        bind_u64(st, 17, e->cycles);
        bind_u64(st, 18, e->ps / TG_NS);
        bind_u64(st, 19, e->idle_cycles);
        sqlite3_bind_int64(st, 20, e->mixed);
        ok = step(st);
    }
    return sqlite3_finalize(st) == SQLITE_OK && ok;
}

static bool write_places(const struct stats_trace *t, sqlite3 *db, int64_t run_id, unsigned phase)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v2(db,
                           "INSERT INTO profile VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                           " ON CONFLICT(run_id, phase, pe, context, el, vm, pc) DO UPDATE SET"
                           " samples = samples + excluded.samples, cycles = cycles + excluded.cycles",
                           -1, &st, NULL))
        return false;
    bool ok = true;

    sqlite3_bind_int64(st, 1, run_id);
    sqlite3_bind_int64(st, 2, phase);
    for (size_t i = 0; ok && i < t->n_places; i++) {
        const struct stats_pc *p = &t->places[i].at;

        sqlite3_bind_int64(st, 3, p->pe);
        sqlite3_bind_text(st, 4, ledger_where_names[p->where], -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 5, p->el);
        sqlite3_bind_int64(st, 6, p->vm);
        bind_u64(st, 7, p->pc);
        bind_name(st, 8, t, p->where == LEDGER_GUEST, p->pc);
        bind_u64(st, 9, t->places[i].samples);
        bind_u64(st, 10, p->cycles);
        ok = step(st);
    }
    return sqlite3_finalize(st) == SQLITE_OK && ok;
}

bool stats_trace_write(struct stats_trace *t, sqlite3 *db, int64_t run_id, unsigned phase)
{
    if (!t)
        return true;
    t->failed = true; /* until stats_trace_written */
    if (t->n_events && !write_events(t, db, run_id, phase))
        return false;
    if (t->n_places && !write_places(t, db, run_id, phase))
        return false;
    return true;
}

void stats_trace_written(struct stats_trace *t)
{
    if (!t)
        return;
    t->failed = false;
    t->n_events = 0;
    if (t->n_places)
        memset(t->bucket, 0, BUCKETS * sizeof(*t->bucket));
    t->n_places = 0;
}
