/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of sim/stats only. */
#ifndef TG_SIM_STATS_INTERNAL_H
#define TG_SIM_STATS_INTERNAL_H

#include <sqlite3.h>
#include "sim/stats/stats.h"

#define STATS_APPLICATION_ID \
    0x54474442             /* "TGDB": PRAGMA application_id tells our files from other SQLite ones */
#define STATS_BUSY_MS 5000 /* how long another user of the file is waited for */

extern const char stats_schema[]; /* all CREATE statements */

/* Sets err from the database's last error and returns -errno for it. `doing`: "write phase 'boot'". */
int stats_sql_error(sqlite3 *db, const char *path, const char *doing, struct tg_error *err);
/* Opens an existing (create: or new) database of ours and checks its version; *db is NULL on error. A new
 * file gets no schema here: *fresh tells. */
int stats_db_open(const char *path, bool create, sqlite3 **db, bool *fresh, struct tg_error *err);

/* Report sections: views in the order in which they are printed, with titles. */
struct stats_section {
    const char *name;  /* "exits" */
    const char *title; /* for people */
    const char *sql;   /* ?1: run */
};
extern const struct stats_section stats_sections[];
extern const unsigned stats_n_sections;

/* Opens for reading and finds the run (0: the last). */
int stats_report_open(const char *path, int64_t *run, sqlite3 **db, struct tg_error *err);

#endif
