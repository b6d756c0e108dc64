/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing runs: the run's row at its start, one transaction per phase boundary, the end. Reads counters out
 * of the models' class tables and rows out of the ledger; keeps nothing of its own but what waits for the
 * next transaction.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "sim/ledger/ledger.h"
#include "sim/stats/internal.h"

/* The public names of the buckets, without asking the core's library for them. */
static const char *const bucket_names[CPU_BUCKET_COUNT] = {
#define X(id, name, text) [CPU_BUCKET_##id] = name,
    CPU_BUCKETS(X)
#undef X
};

struct sample {
    uint64_t sim_ps, insns, cycles, exits;
    unsigned pe;
};

struct pair {
    char *key, *value;
};

struct stats {
    char *path;
    sqlite3 *db;
    int64_t run_id;
    unsigned phases; /* written */
    uint64_t phase_start_ps;
    struct pair *config;
    size_t n_config, cap_config;
    struct sample *samples;
    size_t n_samples, cap_samples;
    struct stats_trace *trace; /* NULL: nothing asked for */
    bool finished;
};

/* ---- small SQL helpers; errors stick to the database handle ---- */

/* Runs one statement. fmt: i int64_t, r double, t const char * (NULL: NULL), in order ?1 ... */
static bool sql(struct stats *s, const char *text, const char *fmt, ...)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(s->db, text, -1, &st, NULL))
        return false;
    va_list ap;
    va_start(ap, fmt);
    for (int i = 1; *fmt; fmt++, i++) {
        if (*fmt == 'i')
            sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
        else if (*fmt == 'r')
            sqlite3_bind_double(st, i, va_arg(ap, double));
        else
            sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
    }
    va_end(ap);
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        ;
    /* finalize gives the error of the step again, so that stats_sql_error sees it */
    return sqlite3_finalize(st) == SQLITE_OK && rc == SQLITE_DONE;
}

/* As sql(), for many rows of one shape: `st` is kept by the caller and reset here. */
static bool row(sqlite3_stmt *st, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    for (int i = 1; *fmt; fmt++, i++) {
        if (*fmt == 'i')
            sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
        else
            sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
    }
    va_end(ap);
    int rc = sqlite3_step(st);
    return sqlite3_reset(st) == SQLITE_OK && rc == SQLITE_DONE;
}

static int64_t i64(uint64_t v)
{
    return (int64_t)v;
}

/* Rolls back if needed and makes the message. */
static int failed(struct stats *s, const char *doing, struct tg_error *err)
{
    int rc = stats_sql_error(s->db, s->path, doing, err);
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/* ---- opening ---- */

/* From whatever version the file has (0: it is new) to ours, inside a transaction. The version is read again:
 * two runs may start on one file at the same time, and the second has waited for the first's schema. */
static bool migrate(struct stats *s)
{
    int version = stats_db_version(s->db);
    if (version == STATS_SCHEMA_VERSION)
        return true;
    char *pragmas = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                    STATS_APPLICATION_ID, STATS_SCHEMA_VERSION);
    bool ok = pragmas && version >= 0;
    for (int v = version; ok && v < STATS_SCHEMA_VERSION; v++)
        ok = !sqlite3_exec(s->db, stats_migrations[v], NULL, NULL, NULL);
    ok = ok && !sqlite3_exec(s->db, pragmas, NULL, NULL, NULL);
    sqlite3_free(pragmas);
    return ok;
}

static bool insert_run(struct stats *s, const struct stats_run *r)
{
    char start[32];
    time_t now = time(NULL);
    struct tm tm;
    strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    if (!sql(s,
             "INSERT INTO run(platform, core, mode, pes, seed, quantum_ps, status, schema_version, command, "
             "version, host_start)"
             " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 'running', ?7, ?8, ?9, ?10)",
             "tttiiiittt", r->platform ? r->platform : "", r->core ? r->core : "", r->mode ? r->mode : "",
             (int64_t)r->pes, i64(r->seed), i64(r->quantum_ps), (int64_t)STATS_SCHEMA_VERSION, r->command,
             r->version, start))
        return false;
    s->run_id = sqlite3_last_insert_rowid(s->db);
    return true;
}

int stats_open(const char *path, const struct stats_run *run, struct stats **out, struct tg_error *err)
{
    *out = NULL;
    struct stats *s = calloc(1, sizeof(*s));
    if (s)
        s->path = strdup(path);
    if (!s || !s->path) {
        free(s);
        return tg_error_set(err, ENOMEM, "no memory");
    }
    bool fresh;
    int rc = stats_db_open(path, true, &s->db, &fresh, err);
    if (!rc && !(sql(s, "BEGIN IMMEDIATE", "") && migrate(s) && insert_run(s, run) && sql(s, "COMMIT", "")))
        rc = failed(s, "start the run in it", err);
    if (rc) {
        stats_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

int64_t stats_run_id(const struct stats *s)
{
    return s->run_id;
}

/* ---- what waits for the next transaction ---- */

/* The array with room for one more item; NULL: out of memory, the old one is as it was. */
static void *room(void *array, size_t n, size_t *cap, size_t item)
{
    if (n < *cap)
        return array;
    size_t more = *cap ? *cap * 2 : 64;
    void *grown = realloc(array, more * item);
    if (grown)
        *cap = more;
    return grown;
}

int stats_config(struct stats *s, const char *key, const char *value)
{
    struct pair *config = room(s->config, s->n_config, &s->cap_config, sizeof(*config));
    if (!config)
        return -ENOMEM;
    s->config = config;
    struct pair p = {strdup(key), strdup(value ? value : "")};
    if (!p.key || !p.value) {
        free(p.key);
        free(p.value);
        return -ENOMEM;
    }
    s->config[s->n_config++] = p;
    return 0;
}

int stats_sample(struct stats *s, uint64_t sim_ps, unsigned pe, uint64_t insns, uint64_t cycles,
                 uint64_t exits)
{
    struct sample *samples = room(s->samples, s->n_samples, &s->cap_samples, sizeof(*samples));
    if (!samples)
        return -ENOMEM;
    s->samples = samples;
    s->samples[s->n_samples++] = (struct sample){sim_ps, insns, cycles, exits, pe};
    return 0;
}

static bool write_waiting(struct stats *s)
{
    for (size_t i = 0; i < s->n_config; i++)
        if (!sql(s, "INSERT OR REPLACE INTO config VALUES(?1, ?2, ?3)", "itt", s->run_id, s->config[i].key,
                 s->config[i].value))
            return false;
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(s->db, "INSERT INTO sample VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1, &st, NULL))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < s->n_samples; i++) {
        const struct sample *p = &s->samples[i];
        ok = row(st, "iiiiii", s->run_id, i64(p->sim_ps), (int64_t)p->pe, i64(p->insns), i64(p->cycles),
                 i64(p->exits));
    }
    if (sqlite3_finalize(st) != SQLITE_OK || !ok)
        return false;
    return stats_trace_write(s->trace, s->db, s->run_id, s->phases);
}

static void forget_waiting(struct stats *s)
{
    stats_trace_written(s->trace);
    for (size_t i = 0; i < s->n_config; i++) {
        free(s->config[i].key);
        free(s->config[i].value);
    }
    s->n_config = 0;
    s->n_samples = 0;
}

int stats_flush(struct stats *s, struct tg_error *err)
{
    if (!(sql(s, "BEGIN IMMEDIATE", "") && write_waiting(s) && sql(s, "COMMIT", "")))
        return failed(s, "write the configuration", err);
    forget_waiting(s);
    return 0;
}

/* ---- events and samples ---- */

int stats_want_events(struct stats *s, uint64_t max)
{
    return stats_trace_events(&s->trace, max);
}

int stats_want_profile(struct stats *s)
{
    return stats_trace_profile(&s->trace);
}

int stats_use_symbols(struct stats *s, struct symbols *symbols)
{
    return stats_trace_symbols(&s->trace, symbols);
}

static int write_trace(struct stats *s, struct tg_error *err)
{
    if (!(sql(s, "BEGIN IMMEDIATE", "") && stats_trace_write(s->trace, s->db, s->run_id, s->phases) &&
          sql(s, "COMMIT", "")))
        return failed(s, "write events and samples", err);
    stats_trace_written(s->trace);
    return 0;
}

int stats_event(struct stats *s, const struct ledger *l, const struct ledger_event *e, struct tg_error *err)
{
    return stats_trace_event(s->trace, l, e) ? 0 : write_trace(s, err);
}

uint64_t stats_events_dropped(const struct stats *s)
{
    return stats_trace_dropped(s->trace);
}

int stats_sample_pc(struct stats *s, const struct stats_pc *p, struct tg_error *err)
{
    return stats_trace_sample(s->trace, p) ? 0 : write_trace(s, err);
}

/* ---- a phase ---- */

struct phase {
    struct stats *s;
    const struct stats_source *src;
    int64_t id;
};

static bool name_phase(struct phase *p, const char *name)
{
    struct stats *s = p->s;
    /* The second phase of a name becomes "name#2". */
    if (!sql(s,
             "INSERT INTO phase(run_id, seq, name, start_ps, end_ps) SELECT ?1, ?2,"
             " CASE count(*) WHEN 0 THEN ?3 ELSE ?3 || '#' || (count(*) + 1) END, ?4, ?5"
             " FROM phase WHERE run_id = ?1 AND (name = ?3 OR substr(name, 1, length(?3) + 1) = ?3 || '#')",
             "iitii", s->run_id, (int64_t)s->phases, name, i64(s->phase_start_ps), i64(p->src->now_ps)))
        return false;
    p->id = sqlite3_last_insert_rowid(s->db);
    return true;
}

static bool write_pes(struct phase *p)
{
    struct stats *s = p->s;
    uint64_t insns = 0, cycles = 0;
    for (unsigned i = 0; i < p->src->n_pes; i++) {
        const struct stats_pe *pe = &p->src->pes[i];
        insns += pe->insns;
        cycles += pe->cycles;
        if (!sql(s, "INSERT INTO pe VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", "iiiiiii", s->run_id, p->id,
                 (int64_t)i, i64(pe->hz), i64(pe->ps), i64(pe->insns), i64(pe->cycles)))
            return false;
    }
    return sql(s, "UPDATE run SET sim_ps = ?2, insns = ?3, cycles = ?4 WHERE run_id = ?1", "iiii", s->run_id,
               i64(p->src->now_ps), i64(insns), i64(cycles));
}

static bool write_counters(struct phase *p)
{
    struct stats *s = p->s;
    sqlite3_stmt *info = NULL, *value = NULL;
    bool ok =
        !sqlite3_prepare_v2(s->db, "INSERT OR IGNORE INTO counter_info VALUES(?1, ?2, ?3, ?4)", -1, &info,
                            NULL) &&
        !sqlite3_prepare_v2(s->db, "INSERT INTO counter VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1, &value, NULL);
    for (size_t i = 0; ok && i < p->src->n_models; i++) {
        const struct tg_model *m = p->src->models[i];
        for (size_t c = 0; ok && c < m->cls->n_counters; c++) {
            const struct tg_counter *k = &m->cls->counters[c];
            ok = row(info, "tttt", m->cls->name, k->name, k->unit ? k->unit : "",
                     k->description ? k->description : "") &&
                 row(value, "iittti", s->run_id, p->id, m->name, m->cls->name, k->name,
                     i64(tg_model_counter(m, k)));
        }
    }
    sqlite3_finalize(info);
    sqlite3_finalize(value);
    return ok;
}

static bool write_contexts(struct phase *p)
{
    struct stats *s = p->s;
    sqlite3_stmt *context = NULL, *bucket = NULL;
    bool ok = !sqlite3_prepare_v2(s->db, "INSERT INTO context VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1, &context,
                                  NULL) &&
              !sqlite3_prepare_v2(s->db, "INSERT INTO context_bucket VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1,
                                  &bucket, NULL);
    for (unsigned pe = 0; ok && pe < p->src->n_pes; pe++) {
        for (unsigned w = 0; ok && w < LEDGER_WHERE_COUNT; w++) {
            struct ledger_context_row r;
            ledger_context(p->src->ledger, pe, (enum ledger_where)w, &r);
            if (!r.cycles && !r.insns)
                continue;
            ok = row(context, "iiitii", s->run_id, p->id, (int64_t)pe, ledger_where_names[w], i64(r.insns),
                     i64(r.cycles));
            for (unsigned b = 0; ok && b < CPU_BUCKET_COUNT; b++)
                if (r.buckets[b])
                    ok = row(bucket, "iiitti", s->run_id, p->id, (int64_t)pe, ledger_where_names[w],
                             bucket_names[b], i64(r.buckets[b]));
        }
    }
    sqlite3_finalize(context);
    sqlite3_finalize(bucket);
    return ok;
}

static bool write_vcpus(struct phase *p)
{
    struct stats *s = p->s;
    const struct ledger *l = p->src->ledger;
    unsigned n = ledger_n_vcpus(l), n_vms = ledger_n_vms(l);
    bool ok = true;
    for (unsigned i = 0; ok && i < n_vms; i++)
        ok = sql(s, "INSERT OR IGNORE INTO vm VALUES(?1, ?2, ?3)", "iii", s->run_id, (int64_t)i,
                 (int64_t)ledger_vm_vmid(l, i));
    for (unsigned i = 0; ok && i < n; i++) {
        struct ledger_vcpu v;
        ledger_get_vcpu(l, i, &v);
        ok = sql(s, "INSERT OR IGNORE INTO vcpu VALUES(?1, ?2, ?3, ?4)", "iiii", s->run_id, (int64_t)v.vm,
                 (int64_t)v.number, i64(v.vmpidr)) &&
             sql(s, "INSERT INTO vcpu_phase VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", "iiiiiiiiii",
                 s->run_id, p->id, (int64_t)v.vm, (int64_t)v.number, i64(v.guest_insns), i64(v.guest_cycles),
                 i64(v.exits), i64(v.exit_cycles), i64(v.entries), i64(v.lost));
    }
    return ok;
}

static bool write_exits(struct phase *p)
{
    struct stats *s = p->s;
    const struct ledger *l = p->src->ledger;
    sqlite3_stmt *st = NULL, *bucket = NULL;
    bool ok = !sqlite3_prepare_v2(s->db,
                                  "INSERT INTO exit(run_id, phase_id, vm, vcpu, reason, detail, count, "
                                  "insns, cycles, cycles_min, cycles_max,"
                                  " cycles_p50, cycles_p99, ns, ns_min, ns_max, el2_cycles, el3_cycles, "
                                  "host_el1_cycles, host_el0_cycles,"
                                  " guest_cycles, idle_cycles) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                                  "?10, ?11, ?12, ?13, ?14, ?15, ?16,"
                                  " ?17, ?18, ?19, ?20, ?21, ?22)",
                                  -1, &st, NULL) &&
              !sqlite3_prepare_v2(s->db, "INSERT INTO exit_bucket VALUES(?1, ?2, ?3)", -1, &bucket, NULL);
    for (unsigned i = 0; ok && i < ledger_n_exits(l); i++) {
        struct ledger_exit_row r;
        struct ledger_vcpu v;
        ledger_exit(l, i, &r);
        ledger_get_vcpu(l, r.vcpu, &v);
        ok = row(st, "iiiittiiiiiiiiiiiiiiii", s->run_id, p->id, (int64_t)v.vm, (int64_t)v.number, r.reason,
                 r.detail, i64(r.count), i64(r.insns), i64(r.cycles), i64(r.cycles_min), i64(r.cycles_max),
                 i64(r.cycles_p50), i64(r.cycles_p99), i64(r.ns), i64(r.ns_min), i64(r.ns_max),
                 i64(r.where_cycles[LEDGER_EL2]), i64(r.where_cycles[LEDGER_EL3]),
                 i64(r.where_cycles[LEDGER_HOST_EL1]), i64(r.where_cycles[LEDGER_HOST_EL0]),
                 i64(r.where_cycles[LEDGER_GUEST]), i64(r.idle_cycles));
        int64_t id = sqlite3_last_insert_rowid(s->db);
        for (unsigned b = 0; ok && b < CPU_BUCKET_COUNT; b++)
            if (r.buckets[b])
                ok = row(bucket, "iti", id, bucket_names[b], i64(r.buckets[b]));
    }
    sqlite3_finalize(st);
    sqlite3_finalize(bucket);
    return ok;
}

static bool write_traps(struct phase *p)
{
    struct stats *s = p->s;
    const struct ledger *l = p->src->ledger;
    sqlite3_stmt *st = NULL;
    bool ok = !sqlite3_prepare_v2(
        s->db, "INSERT INTO trap VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)", -1, &st, NULL);
    for (unsigned i = 0; ok && i < ledger_n_traps(l); i++) {
        struct ledger_trap_row r;
        ledger_trap(l, i, &r);
        ok = row(st, "iiiiittiiiii", s->run_id, p->id, (int64_t)r.from_el, (int64_t)r.to_el,
                 (int64_t)r.from_guest, r.ec, r.detail, i64(r.count), i64(r.returned), i64(r.cycles),
                 i64(r.cycles_min), i64(r.cycles_max));
    }
    sqlite3_finalize(st);
    return ok;
}

static bool write_ledger(struct phase *p)
{
    if (!p->src->ledger)
        return true;
    ledger_sync(p->src->ledger);
    return write_contexts(p) && write_vcpus(p) && write_exits(p) && write_traps(p);
}

int stats_phase(struct stats *s, const char *name, const struct stats_source *src, struct tg_error *err)
{
    struct phase p = {.s = s, .src = src};
    if (!(sql(s, "BEGIN IMMEDIATE", "") && write_waiting(s) && name_phase(&p, name) && write_pes(&p) &&
          write_counters(&p) && write_ledger(&p) && sql(s, "COMMIT", "")))
        return failed(s, "write a phase", err);
    forget_waiting(s);
    s->phases++;
    s->phase_start_ps = src->now_ps;
    return 0;
}

/* ---- the end ---- */

/* The machine's words for how a run ended, as the public column has them. */
static const char *public_status(const char *status)
{
    if (!strcmp(status, "signal"))
        return "interrupted";
    if (!strcmp(status, "failed") || !strcmp(status, "bug"))
        return "error";
    return status;
}

int stats_finish(struct stats *s, const char *status, const char *why, double host_s, struct tg_error *err)
{
    if (!(sql(s, "BEGIN IMMEDIATE", "") && write_waiting(s) &&
          sql(s, "UPDATE run SET status = ?2, why = ?3, host_s = ?4, events_dropped = ?5 WHERE run_id = ?1",
              "ittri", s->run_id, public_status(status), why, host_s, i64(stats_events_dropped(s))) &&
          sql(s, "COMMIT", "")))
        return failed(s, "end the run in it", err);
    forget_waiting(s);
    s->finished = true;
    return 0;
}

void stats_close(struct stats *s)
{
    if (!s)
        return;
    forget_waiting(s);
    stats_trace_free(s->trace);
    free(s->config);
    free(s->samples);
    sqlite3_close(s->db);
    free(s->path);
    free(s);
}
