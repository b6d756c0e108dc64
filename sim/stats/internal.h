/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of sim/stats only. */
#ifndef TG_SIM_STATS_INTERNAL_H
#define TG_SIM_STATS_INTERNAL_H

#include <sqlite3.h>
#include "sim/stats/stats.h"
#include "sim/stats/symbols.h"

#define STATS_APPLICATION_ID \
    0x54474442             /* "TGDB": PRAGMA application_id tells our files from other SQLite ones */
#define STATS_BUSY_MS 5000 /* how long another user of the file is waited for */

/* Statement lists: [0] makes version 1 in an empty file, [n] makes version n + 1 out of version n. */
extern const char *const stats_migrations[STATS_SCHEMA_VERSION];

/* Sets err from the database's last error and returns -errno for it. `doing`: "write phase 'boot'". */
int stats_sql_error(sqlite3 *db, const char *path, const char *doing, struct tg_error *err);
/* Opens an existing (create: or new) database of ours and checks its version; *db is NULL on error. A new
 * file gets no schema here: *fresh tells. */
int stats_db_open(const char *path, bool create, sqlite3 **db, bool *fresh, struct tg_error *err);
/* PRAGMA user_version; -1: cannot be read. */
int stats_db_version(sqlite3 *db);

/* Report sections: views in the order in which they are printed, with titles. */
struct stats_section {
    const char *name;  /* "exits" */
    const char *title; /* for people */
    const char *sql;   /* ?1: run */
    int since;         /* schema version that has the tables */
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

/* Opens for reading and finds the run (0: the last). */
int stats_report_open(const char *path, int64_t *run, sqlite3 **db, struct tg_error *err);

#endif
