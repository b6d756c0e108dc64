/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing runs: the run's row at its start, one transaction per phase boundary, the end. What cannot be
 * written because another program keeps the file locked waits in memory, in the order in which it came:
 * phases here, the rest in series.c and trace.c. Rows of a phase are phase.c's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sim/stats/internal.h"

#define SHORT_MS    100 /* a run does not stand still for longer when what waits can go on waiting */
#define LONG_MS     (5 * 60 * 1000)       /* when rows would be lost */
#define AGAIN_MS    1000                  /* between two attempts of a run that goes on */
#define MAX_WAITING (UINT64_C(256) << 20) /* bytes of phases in memory */

struct pair {
    char *key, *value;
};

struct stats {
    char *path;
    sqlite3 *db;
    int64_t run_id;
    unsigned phases;         /* written */
    uint64_t phase_start_ps; /* of the one that runs */
    struct stats_rows *first, **last;
    size_t waiting; /* bytes in them */
    bool held;      /* the last of them is not to be written yet */
    struct pair *config;
    size_t n_config, cap_config;
    struct stats_sets sets;
    size_t cap_sets;
    struct stats_pe_info *pe_info; /* core is ours, cpus not used */
    size_t n_pe_info, cap_pe_info, written_pe_info;
    struct stats_series *series; /* NULL: nothing asked for */
    struct stats_trace *trace;   /* likewise */
    int ballast;                 /* -1: none */
    bool wal;                    /* the file is in WAL mode because of us */
    /* ---- waiting for others ---- */
    int64_t patience_ms, since_ms,
        failed_ms; /* failed_ms: of the last attempt that found it locked; 0: none */
    bool told;
    void (*note)(void *opaque, const char *text);
    void *note_opaque;
};

/* ---- small SQL helpers ---- */

bool stats_sql(sqlite3 *db, const char *text, const char *fmt, ...)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db, text, -1, &st, NULL))
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

bool stats_row(sqlite3_stmt *st, const char *fmt, ...)
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

static void roll_back(struct stats *s)
{
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Makes the message and rolls back. */
static int failed(struct stats *s, const char *doing, struct tg_error *err)
{
    int rc = stats_sql_error(s->db, s->path, doing, err);
    roll_back(s);
    return rc;
}

/* ---- waiting for other users of the file ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct stats *s, const char *what)
{
    if (s->told || !s->note)
        return;
    char text[512];
    snprintf(text, sizeof(text), "database '%s': another program keeps it locked for writing; %s", s->path,
             what);
    s->note(s->note_opaque, text);
    s->told = true;
}

/* SQLite asks whether to try again. */
static int busy(void *opaque, int times)
{
    struct stats *s = opaque;
    int64_t now = now_ms();
    if (!times)
        s->since_ms = now;
    int64_t waited = now - s->since_ms;
    if (waited >= s->patience_ms)
        return 0;
    if (waited >= STATS_BUSY_MS && s->patience_ms > STATS_BUSY_MS)
        tell(s, "waiting for it");
    struct timespec nap = {.tv_nsec = times < 10 ? 2000000 : 25000000};
    nanosleep(&nap, NULL);
    return 1;
}

void stats_on_note(struct stats *s, void (*note)(void *opaque, const char *text), void *opaque)
{
    s->note = note;
    s->note_opaque = opaque;
}

/* ---- the file's mode ---- */

/* WAL lets readers read while we write. It needs room for a second file, so a disk that is nearly full goes
 * without; and where the file system or another user does not allow it, all works as before, but a reader is
 * in the way. */
static void want_wal(struct stats *s)
{
    if (s->wal || !stats_db_has_room(s->path))
        return;
    int64_t patience = s->patience_ms;
    s->patience_ms = 0;
    s->wal = stats_db_journal(s->db, "WAL");
    s->patience_ms = patience;
    if (s->wal) {
        if (s->ballast < 0)
            s->ballast = stats_db_ballast(s->path);
        sqlite3_exec(s->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
        sqlite3_wal_autocheckpoint(s->db, 100);
    }
}

/* One file again, for those who copy it. Whoever is connected still keeps the mode; then the last one to
 * leave tidies up, and all there is to do is to move our rows into the file itself. */
static void one_file(struct stats *s)
{
    int64_t patience = s->patience_ms;
    s->patience_ms = 0;
    if (!stats_db_journal(s->db, "DELETE")) {
        s->patience_ms = STATS_BUSY_MS;
        int left = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        s->patience_ms = 0;
        if (!stats_db_journal(s->db, "DELETE") && left && s->note) {
            char text[512];
            snprintf(text, sizeof(text), "database '%s': %s '%s-wal' together with it", s->path,
                     left == SQLITE_BUSY ? "another program is reading it; until that closes it, copy"
                                         : "the disk is full; until there is room, keep",
                     s->path);
            s->note(s->note_opaque, text);
        }
    }
    s->wal = false;
    s->patience_ms = patience;
}

static bool drop_ballast(struct stats *s)
{
    if (s->ballast < 0)
        return false;
    close(s->ballast);
    s->ballast = -1;
    return true;
}

/* Was the file removed or replaced while we write to it? What we have open still holds everything, so it is
 * written again: in its place, or beside what stands there now. */
static int put_back(struct stats *s, struct tg_error *err)
{
    int moved = 0;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) || !moved)
        return 0;
    struct stat st;
    bool replaced = !stat(s->path, &st);
    char *path = sqlite3_mprintf(replaced ? "%s.saved" : "%s", s->path);
    if (!path || !stats_sql(s->db, "VACUUM INTO ?1", "t", path)) {
        sqlite3_free(path);
        return tg_error_set(
            err, EIO,
            "database '%s': the file was %s while the run wrote to it, and cannot be written again: %s",
            s->path, replaced ? "replaced" : "removed", sqlite3_errmsg(s->db));
    }
    sqlite3 *db;
    bool fresh;
    int rc = stats_db_open(path, true, &db, &fresh, err);
    if (!rc) {
        char text[512];
        snprintf(text, sizeof(text), "database '%s': the file was %s while the run wrote to it; %s '%s'",
                 s->path, replaced ? "replaced" : "removed",
                 replaced ? "its rows go to" : "it was written again:", path);
        if (s->note)
            s->note(s->note_opaque, text);
        sqlite3_close(s->db);
        s->db = db;
        s->wal = false;
        sqlite3_busy_handler(s->db, busy, s);
        if (replaced) {
            free(s->path);
            s->path = strdup(path);
            rc = s->path ? 0 : tg_error_set(err, ENOMEM, "no memory");
        }
    }
    sqlite3_free(path);
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
    if (!stats_sql(
            s->db,
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
    s->last = &s->first;
    s->ballast = -1;
    s->patience_ms = STATS_BUSY_MS;
    bool fresh;
    int rc = stats_db_open(path, true, &s->db, &fresh, err);
    if (!rc) {
        sqlite3_busy_handler(s->db, busy, s);
        if (!fresh)
            want_wal(s);
        if (!(stats_sql(s->db, "BEGIN IMMEDIATE", "") && migrate(s) && insert_run(s, run) &&
              stats_sql(s->db, "COMMIT", "")))
            rc = failed(s, "start the run in it", err);
        else
            want_wal(s);
    }
    if (rc) {
        stats_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

/* ---- what waits for the next transaction ---- */

void *stats_room(void *array, size_t n, size_t *cap, size_t item)
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
    struct pair *config = stats_room(s->config, s->n_config, &s->cap_config, sizeof(*config));
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

int stats_pe_info(struct stats *s, const struct stats_pe_info *pe)
{
    struct stats_pe_info *all = stats_room(s->pe_info, s->n_pe_info, &s->cap_pe_info, sizeof(*all));
    if (!all)
        return -ENOMEM;
    s->pe_info = all;
    while (s->sets.n <= pe->set) {
        char **name = stats_room(s->sets.name, s->sets.n, &s->cap_sets, sizeof(*name));
        if (!name)
            return -ENOMEM;
        s->sets.name = name;
        if (!(name[s->sets.n] = strdup(pe->cpus)))
            return -ENOMEM;
        s->sets.n++;
    }
    struct stats_pe_info own = {.core = strdup(pe->core), .set = pe->set, .mpidr = pe->mpidr};
    if (!own.core)
        return -ENOMEM;
    s->pe_info[s->n_pe_info++] = own;
    return 0;
}

static bool write_pe_info(struct stats *s)
{
    for (size_t i = s->written_pe_info; i < s->n_pe_info; i++) {
        const struct stats_pe_info *p = &s->pe_info[i];
        if (!stats_sql(s->db, "INSERT OR REPLACE INTO pe_info VALUES(?1, ?2, ?3, ?4, ?5)", "iitti", s->run_id,
                       (int64_t)i, s->sets.name[p->set], p->core, (int64_t)p->mpidr))
            return false;
    }
    return true;
}

static bool is_held(const struct stats *s, const struct stats_rows *p)
{
    return s->held && !p->next;
}

static bool write_waiting(struct stats *s)
{
    for (size_t i = 0; i < s->n_config; i++)
        if (!stats_sql(s->db, "INSERT OR REPLACE INTO config VALUES(?1, ?2, ?3)", "itt", s->run_id,
                       s->config[i].key, s->config[i].value))
            return false;
    if (!write_pe_info(s))
        return false;
    unsigned seq = s->phases;
    for (const struct stats_rows *p = s->first; p && !is_held(s, p); p = p->next)
        if (!stats_rows_write(p, &s->sets, s->db, s->run_id, seq++))
            return false;
    return stats_series_write(s->series, s->db, s->run_id);
}

static void forget_waiting(struct stats *s)
{
    for (size_t i = 0; i < s->n_config; i++) {
        free(s->config[i].key);
        free(s->config[i].value);
    }
    s->n_config = 0;
    s->written_pe_info = s->n_pe_info;
    while (s->first && !is_held(s, s->first)) {
        struct stats_rows *p = s->first;
        s->first = p->next;
        s->phases++;
        s->waiting -= p->bytes;
        stats_rows_free(p);
    }
    if (!s->first)
        s->last = &s->first;
    stats_series_written(s->series);
    stats_trace_written(s->trace);
}

/* Number of the phase that runs, in the run: that of the events and samples that wait. */
static unsigned running_phase(const struct stats *s)
{
    unsigned n = s->phases;
    for (const struct stats_rows *p = s->first; p; p = p->next)
        n++;
    return n;
}

static bool transaction(struct stats *s)
{
    want_wal(s);
    return stats_sql(s->db, "BEGIN IMMEDIATE", "") && write_waiting(s) &&
           stats_trace_write(s->trace, s->db, s->run_id, running_phase(s)) && stats_sql(s->db, "COMMIT", "");
}

/* Writes all that waits. */
static int write_now(struct stats *s, struct tg_error *err)
{
    int rc = put_back(s, err);
    if (rc)
        return rc;
    if (!transaction(s)) {
        rc = failed(s, "write a phase", err);
        /* What was committed before may still lie beside the file, and take the room that it needs itself. */
        if (rc == -ENOSPC && s->wal) {
            sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
            rc = transaction(s) ? 0 : failed(s, "write a phase", err);
        }
    }
    if (!rc) {
        forget_waiting(s);
        s->told = false;
        s->failed_ms = 0;
    }
    return rc;
}

/* As write_now, but a file that is locked is no error while there is memory: the run goes on. What trace.c
 * holds is of fixed size, and knows no phases: with it there is nothing but to wait. */
int stats_write(struct stats *s, struct tg_error *err)
{
    bool can_wait = !s->trace && s->waiting < MAX_WAITING;
    if (can_wait && s->failed_ms && now_ms() - s->failed_ms < AGAIN_MS)
        return 0;
    s->patience_ms = can_wait ? SHORT_MS : LONG_MS;
    int rc = write_now(s, err);
    s->patience_ms = STATS_BUSY_MS;
    if (rc == -EBUSY && can_wait) {
        s->failed_ms = now_ms();
        tell(s, "the run goes on, its rows wait in memory");
        return 0;
    }
    return rc;
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

int stats_event(struct stats *s, const struct ledger *l, const struct ledger_event *e, struct tg_error *err)
{
    return stats_trace_event(s->trace, l, e) ? 0 : stats_write(s, err);
}

uint64_t stats_events_dropped(const struct stats *s)
{
    return stats_trace_dropped(s->trace);
}

int stats_sample_pc(struct stats *s, const struct stats_pc *p, struct tg_error *err)
{
    return stats_trace_sample(s->trace, p) ? 0 : stats_write(s, err);
}

static int series_added(struct stats *s, int rc, struct tg_error *err)
{
    if (rc < 0)
        return tg_error_set(err, ENOMEM, "no memory for the samples");
    return rc ? stats_write(s, err) : 0;
}

static bool want_series(struct stats *s)
{
    if (!s->series)
        s->series = stats_series_new();
    return s->series;
}

int stats_sample(struct stats *s, const struct stats_point *p, struct tg_error *err)
{
    return series_added(s, want_series(s) ? stats_series_pe(s->series, p) : -ENOMEM, err);
}

int stats_sample_model(struct stats *s, uint64_t sim_ps, const struct tg_model *m, struct tg_error *err)
{
    return series_added(s, want_series(s) ? stats_series_model(s->series, sim_ps, m) : -ENOMEM, err);
}

/* ---- a phase ---- */

int stats_phase_hold(struct stats *s, const char *name, const struct stats_source *src, struct tg_error *err)
{
    int rc = stats_trace_waits(s->trace) ? stats_write(s, err) : 0; /* they are of the phase that ends */
    struct stats_rows *p = stats_rows_take(name, s->phase_start_ps, src);
    if (!p)
        return tg_error_set(err, ENOMEM, "database '%s': no memory for a phase", s->path);
    *s->last = p;
    s->last = &p->next;
    s->waiting += p->bytes;
    s->held = true;
    s->phase_start_ps = src->now_ps;
    return rc;
}

int stats_phase(struct stats *s, const char *name, const struct stats_source *src, struct tg_error *err)
{
    int rc = stats_phase_hold(s, name, src, err);
    s->held = false;
    return rc ? rc : stats_write(s, err);
}

int stats_release(struct stats *s, struct tg_error *err)
{
    s->held = false;
    return stats_write(s, err);
}

void stats_amend(struct stats *s, unsigned pe, const struct stats_late *late)
{
    struct stats_rows *p = s->first;
    while (p && p->next)
        p = p->next;
    if (p)
        stats_rows_amend(p, pe, late);
}

/* ---- the end ---- */

static bool end_run(struct stats *s, const char *status, const char *why, double host_s)
{
    return stats_sql(
        s->db, "UPDATE run SET status = ?2, why = ?3, host_s = ?4, events_dropped = ?5 WHERE run_id = ?1",
        "ittri", s->run_id, status, why, host_s, i64(stats_events_dropped(s)));
}

int stats_finish(struct stats *s, const char *status, const char *why, double host_s, struct tg_error *err)
{
    s->held = false;
    s->patience_ms = LONG_MS;
    int rc = write_now(s, err);
    if (rc == -ENOSPC && drop_ballast(s)) {
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        rc = write_now(s, err);
    }
    if (rc) {
        status = "error";
        why = err->text;
    }
    /* The row is small and its place is there: what had no room for a phase may well have it for this. */
    s->patience_ms = rc == -EBUSY ? SHORT_MS : LONG_MS;
    if (!end_run(s, status, why, host_s) && !rc)
        rc = failed(s, "end the run in it", err);
    s->patience_ms = STATS_BUSY_MS;
    return rc;
}

void stats_close(struct stats *s)
{
    if (!s)
        return;
    drop_ballast(s);
    if (s->wal)
        one_file(s);
    s->held = false;
    forget_waiting(s);
    stats_series_free(s->series);
    stats_trace_free(s->trace);
    free(s->config);
    for (size_t i = 0; i < s->sets.n; i++)
        free(s->sets.name[i]);
    free(s->sets.name);
    for (size_t i = 0; i < s->n_pe_info; i++)
        free((char *)s->pe_info[i].core);
    free(s->pe_info);
    sqlite3_close(s->db);
    free(s->path);
    free(s);
}
