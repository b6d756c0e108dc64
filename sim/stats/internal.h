/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of sim/stats only. */
#ifndef TG_SIM_STATS_INTERNAL_H
#define TG_SIM_STATS_INTERNAL_H

#include <sqlite3.h>
#include "models/cpu/cpu.h"
#include "sim/ledger/ledger.h"
#include "sim/stats/stats.h"
#include "sim/stats/symbols.h"

#define STATS_APPLICATION_ID \
    0x54474442 /* "TGDB": PRAGMA application_id tells our files from other SQLite ones */
#define STATS_BUSY_MS \
    5000 /* how long another user of the file is waited for when nothing is lost by giving up */

/* Statement lists: [0] makes version 1 in an empty file, [n] makes version n + 1 out of version n. */
extern const char *const stats_migrations[STATS_SCHEMA_VERSION];

/* Sets err from the database's last error and returns -errno for it. `doing`: "write phase 'boot'". */
int stats_sql_error(sqlite3 *db, const char *path, const char *doing, struct tg_error *err);
/* Opens an existing (create: or new) database of ours and checks its version; *db is NULL on error. A new
 * file gets no schema here: *fresh tells. */
int stats_db_open(const char *path, bool create, sqlite3 **db, bool *fresh, struct tg_error *err);
/* PRAGMA user_version; -1: cannot be read. */
int stats_db_version(sqlite3 *db);
/* Puts the file into this journal mode; false: it stays in another one. */
bool stats_db_journal(sqlite3 *db, const char *mode);
/* Is there room for a WAL beside it? */
bool stats_db_has_room(const char *path);
/* A file without a name that takes room on the disk until it is closed; -1: not to be had. */
int stats_db_ballast(const char *path);
/* Runs one statement. fmt: i int64_t, r double, t const char * (NULL: NULL), in order ?1 ... Errors stick to
 * db. */
bool stats_sql(sqlite3 *db, const char *text, const char *fmt, ...);
/* The same of a statement that the caller keeps, for many rows of one shape: i and t only. */
bool stats_row(sqlite3_stmt *st, const char *fmt, ...);
/* The array with room for one more item; NULL: out of memory, the old one is as it was. */
void *stats_room(void *array, size_t n, size_t *cap, size_t item);
extern const char *const stats_bucket_names[CPU_BUCKET_COUNT];

/* ---- phase.c: a phase that has ended, in memory ---- */
struct stats_rows {
    struct stats_rows *next; /* that ended after it */
    char *name;
    const char *mode;
    uint64_t start_ps, end_ps;
    char note[256]; /* "" or why there is no guest */
    struct stats_pe *pes;
    unsigned n_pes;
    struct tg_model *const *models;
    size_t n_models;
    uint64_t *counters;                  /* of the models, in order */
    struct ledger_context_row *contexts; /* [n_pes * LEDGER_WHERE_COUNT]; NULL: there was no ledger */
    uint32_t *vms;
    struct ledger_vcpu *vcpus;
    struct ledger_exit_row *exits;
    struct ledger_trap_row *traps;
    unsigned n_vms, n_vcpus, n_exits, n_traps;
    size_t bytes; /* about, for the limit on what waits */
};
/* NULL: out of memory. */
struct stats_rows *stats_rows_take(const char *name, uint64_t start_ps, const struct stats_source *src);
void stats_rows_free(struct stats_rows *p);
void stats_rows_amend(struct stats_rows *p, unsigned pe, const struct stats_late *late);
/* Names of the sets of PEs, by number. */
struct stats_sets {
    char **name;
    size_t n;
};
/* Inside a transaction, as the seq'th phase of the run. */
bool stats_rows_write(const struct stats_rows *p, const struct stats_sets *sets, sqlite3 *db, int64_t run,
                      unsigned seq);

/* ---- series.c: what waits for the tables of the time series ---- */
struct stats_series;
struct stats_series *stats_series_new(void);
void stats_series_free(struct stats_series *s);
bool stats_series_write(const struct stats_series *s, sqlite3 *db, int64_t run);
void stats_series_written(struct stats_series *s);
/* 0 or -ENOMEM; 1: full, write now. */
int stats_series_pe(struct stats_series *s, const struct stats_point *p);
int stats_series_model(struct stats_series *s, uint64_t sim_ps, const struct tg_model *m);

/* Report sections: views in the order in which they are printed, with titles. */
struct stats_section {
    const char *name;  /* "exits" */
    const char *title; /* for people */
    const char *sql;   /* ?1: run */
    int since;         /* schema version that has the tables */
    bool of_guests;    /* empty where there was no guest */
};
extern const struct stats_section stats_sections[];
extern const unsigned stats_n_sections;

/* ---- trace.c: what waits for the tables event and profile; *t is made by the first call that needs it ----
 */
struct stats_trace;
int stats_trace_events(struct stats_trace **t, uint64_t max);
int stats_trace_profile(struct stats_trace **t);
int stats_trace_symbols(struct stats_trace **t, struct symbols *symbols);
void stats_trace_free(struct stats_trace *t);
/* False: full, write now. */
bool stats_trace_event(struct stats_trace *t, const struct ledger *l, const struct ledger_event *e);
bool stats_trace_sample(struct stats_trace *t, const struct stats_pc *p);
bool stats_trace_waits(const struct stats_trace *t);
uint64_t stats_trace_dropped(const struct stats_trace *t);
/* Inside a transaction; when it is through, stats_trace_written. */
bool stats_trace_write(struct stats_trace *t, sqlite3 *db, int64_t run_id, unsigned phase);
void stats_trace_written(struct stats_trace *t);

/* Text of the column `note` of the run, "" for none. */
void stats_report_note(sqlite3 *db, int64_t run, char *out, size_t n);
/* Opens for reading and finds the run (0: the last). */
int stats_report_open(const char *path, int64_t *run, sqlite3 **db, struct tg_error *err);

#endif
