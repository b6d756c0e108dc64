/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database: runs, their parameters, phases, counters, exits and traps in SQLite, and the report that
 * reads them. The only user of SQLite. The schema is public: docs/database.md. Simulates nothing.
 *
 * A run is one row in `run`, committed with status 'running' at its start; each phase boundary writes one
 * transaction. What a killed run had committed stays readable.
 */
#ifndef TG_SIM_STATS_H
#define TG_SIM_STATS_H

#include <stdint.h>
#include <stdio.h>
#include "models/base/model.h"

#define STATS_SCHEMA_VERSION 2

struct stats;
struct machine;
struct ledger;
struct ledger_event;
struct symbols;

struct stats_run {
    const char *platform; /* "virt" */
    const char *core;     /* "cortex-a57" */
    const char *mode;     /* "fast", "timed": as started */
    const char *command;  /* command line, for people; NULL: none */
    const char *version;  /* of the program */
    uint64_t seed;
    uint64_t quantum_ps;
    unsigned pes;
};

/* Opens or creates `path`, checks that it is ours and writable, adds the run. Waits up to 5 s for other
 * users. 0; -EINVAL (not a database, newer schema), -EACCES, -EBUSY, -ENOSPC, -EIO with err set to a message
 * for the user. */
int stats_open(const char *path, const struct stats_run *run, struct stats **out, struct tg_error *err);
int64_t stats_run_id(const struct stats *s);

/* Resolved parameters (table config): before the first phase ends. Kept in memory until then. */
int stats_config(struct stats *s, const char *key, const char *value);

/* Writes what stats_config and stats_sample have left waiting, in a transaction of its own. As stats_phase.
 */
int stats_flush(struct stats *s, struct tg_error *err);

/* What a PE has counted, for the phase rows. */
struct stats_pe {
    uint64_t insns, cycles, hz;
    uint64_t ps; /* local time */
};
/* What is read at a phase boundary. */
struct stats_source {
    uint64_t now_ps; /* simulated time */
    const struct stats_pe *pes;
    unsigned n_pes;
    struct tg_model *const *models; /* counters of their classes */
    size_t n_models;
    struct ledger
        *ledger; /* may be NULL; ledger_sync is called; ledger_next_phase is the caller's after success */
};

/* Writes the phase that ends now under `name` (the same name twice: "name", "name#2"). 0 or as stats_open;
 * the run can go on after an error, and a later call or stats_finish tries again with what it is given then.
 */
int stats_phase(struct stats *s, const char *name, const struct stats_source *src, struct tg_error *err);

/* A point of the time series (table sample); written with the next phase. Small: (sim_ps, insns, cycles,
 * exits so far). 0 or -ENOMEM. */
int stats_sample(struct stats *s, uint64_t sim_ps, unsigned pe, uint64_t insns, uint64_t cycles,
                 uint64_t exits);

/* ---- on request: single events (table event), samples of the program counter (table profile). What comes
 * is gathered in memory of a fixed size and written with the phase, or, when it is full, between ---- */

/* At most `max` events of the run are written; further ones are counted in run.events_dropped. 0 or -ENOMEM.
 */
int stats_want_events(struct stats *s, uint64_t max);
int stats_want_profile(struct stats *s);
/* Names for the tables' program counters; they stay the caller's and must outlive s. */
int stats_use_symbols(struct stats *s, struct symbols *symbols);

/* An event of the phase that runs. 0, or as stats_phase when a write was due and failed: what could not be
 * written is tried again with the phase, what comes meanwhile may be dropped. */
int stats_event(struct stats *s, const struct ledger *l, const struct ledger_event *e, struct tg_error *err);
uint64_t stats_events_dropped(const struct stats *s);

struct stats_pc {
    unsigned pe;
    unsigned where; /* enum ledger_where */
    unsigned el;
    int vm; /* as struct ledger_vcpu has it; -1: no guest */
    uint64_t pc;
    uint64_t cycles; /* that the sample stands for */
};
int stats_sample_pc(struct stats *s, const struct stats_pc *p, struct tg_error *err);

/* Ends the run: status 'poweroff', 'limit', 'interrupted', 'stuck', 'error' (machine_stop_name's words are
 * translated); why may be NULL. host_s: host seconds of simulation. */
int stats_finish(struct stats *s, const char *status, const char *why, double host_s, struct tg_error *err);
/* Closes without finishing (the row keeps 'running') when stats_finish was not called. NULL is fine. */
void stats_close(struct stats *s);

/* ---- joined to a machine: the calls above with everything taken from it ---- */
int stats_open_machine(const char *path, const struct machine *m, const char *mode, const char *command,
                       const char *version, struct stats **out, struct tg_error *err);
/* stats_phase, then ledger_next_phase. l may be NULL. */
int stats_phase_machine(struct stats *s, const char *name, const struct machine *m, struct ledger *l,
                        struct tg_error *err);

/* ---- reading ---- */

enum stats_format { STATS_TABLE, STATS_CSV, STATS_JSON };
/* Prints the report of run `run` (0: the last one) of the database. 0; -ENOENT (no file, no such run),
 * -EINVAL, -EBUSY with err set. */
int stats_report(const char *path, int64_t run, enum stats_format format, FILE *out, struct tg_error *err);
/* The same as one self-contained HTML page. */
int stats_report_html(const char *path, int64_t run, FILE *out, struct tg_error *err);

#endif
