/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database: runs, their parameters, phases, counters, exits and traps in SQLite, and the report that
 * reads them. The only user of SQLite. The schema is public: docs/database.md. Simulates nothing.
 *
 * A run is one row in `run`, committed with status 'running' at its start; each phase boundary writes one
 * transaction. What a killed run had committed stays readable. While a run writes, the file is in WAL mode,
 * so that readers hold nobody up; when it ends, it is one file again. While another writer keeps it locked,
 * phases wait in memory.
 */
#ifndef TG_SIM_STATS_H
#define TG_SIM_STATS_H

#include <stdint.h>
#include <stdio.h>
#include "models/base/model.h"
#include "models/cpu/cpu.h"
#include "sim/ledger/ledger.h"

#define STATS_SCHEMA_VERSION 4

struct stats;
struct machine;
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
/* What the user is to know while things go on: that another program keeps the file locked, for instance. */
void stats_on_note(struct stats *s, void (*note)(void *opaque, const char *text), void *opaque);

/* Resolved parameters (table config): before the first phase ends. Kept in memory until then. */
int stats_config(struct stats *s, const char *key, const char *value);

/* A PE, in order of their numbers, and its set (table pe_info): likewise. */
struct stats_pe_info {
    const char *cpus; /* the set's name in the platform: "cpus", "big" */
    const char *core; /* "cortex-a76" */
    unsigned set;     /* number, as the ledger has it */
    uint64_t mpidr;   /* affinity, and MT in bit 24 */
};
int stats_pe_info(struct stats *s, const struct stats_pe_info *pe);

/* Writes what waits: parameters, phases, samples, events. 0; as stats_open when the user must act. A file
 * that is locked is no error: what waits goes on waiting, in memory. */
int stats_write(struct stats *s, struct tg_error *err);

/* What a PE has counted, for the phase rows. */
struct stats_pe {
    uint64_t insns, cycles, hz;
    uint64_t ps; /* local time */
};
/* What is read at a phase boundary. */
struct stats_source {
    uint64_t now_ps;  /* simulated time */
    const char *mode; /* of the phase: "fast", "timed"; lives as long as the program */
    const struct stats_pe *pes;
    unsigned n_pes;
    struct tg_model *const *models; /* counters of their classes; they live as long as s */
    size_t n_models;
    struct ledger *ledger; /* may be NULL; ledger_sync is called; ledger_next_phase is the caller's */
};

/* Takes the phase that ends now, under `name` (the same name twice: "name", "name#2"), and writes it. 0 or as
 * stats_write; -ENOMEM: it is lost. */
int stats_phase(struct stats *s, const char *name, const struct stats_source *src, struct tg_error *err);
/* Takes it only, for stats_amend to add to it: it is written after stats_release, or with the next phase. */
int stats_phase_hold(struct stats *s, const char *name, const struct stats_source *src, struct tg_error *err);

/* What a PE has run between the end of the phase that was taken last and now, but belongs to it. */
struct stats_late {
    struct stats_pe pe;
    const struct tg_model *model; /* of the PE: its counters are read again */
    struct ledger_context_row contexts[LEDGER_WHERE_COUNT];
    int guest; /* index of the vCPU that ran in contexts[LEDGER_GUEST]; -1: none */
};
void stats_amend(struct stats *s, unsigned pe, const struct stats_late *late);
int stats_release(struct stats *s, struct tg_error *err);

/* ---- the time series (tables sample, sample_bucket, sample_counter); written with the next phase, or when
 * there is much of it ---- */

struct stats_point {
    uint64_t sim_ps;
    unsigned pe;
    const char *mode; /* in which the PE has run since the point before; lives as long as the program */
    uint64_t insns, cycles, exits; /* since the start */
    uint64_t buckets[CPU_BUCKET_COUNT];
};
/* 0 or as stats_write. */
int stats_sample(struct stats *s, const struct stats_point *p, struct tg_error *err);
/* All counters of a model. */
int stats_sample_model(struct stats *s, uint64_t sim_ps, const struct tg_model *m, struct tg_error *err);

/* ---- on request: single events (table event), samples of the program counter (table profile). What comes
 * is gathered in memory of a fixed size and written with the phase, or, when it is full, between ---- */

/* At most `max` events of the run are written; further ones are counted in run.events_dropped. 0 or -ENOMEM.
 */
int stats_want_events(struct stats *s, uint64_t max);
int stats_want_profile(struct stats *s);
/* Names for the tables' program counters; they stay the caller's and must outlive s. */
int stats_use_symbols(struct stats *s, struct symbols *symbols);

/* An event of the phase that runs. 0, or as stats_write when a write was due and failed: what could not be
 * written is tried again with the phase, what comes meanwhile may be dropped. While the file is locked, this
 * waits. */
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

/* Ends the run: status 'poweroff', 'limit', 'interrupted', 'stuck', 'error' (machine_stop_name); why may be
 * NULL. host_s: host seconds of simulation. Waits for other users of the file, for minutes if need be. When
 * what waits cannot be written, the run's row gets status 'error' and the reason, if that can be. */
int stats_finish(struct stats *s, const char *status, const char *why, double host_s, struct tg_error *err);
/* Makes the file one file again and closes it. The row keeps 'running' when stats_finish was not called. NULL
 * is fine. */
void stats_close(struct stats *s);

/* ---- joined to a machine: the calls above with everything taken from it ---- */
int stats_open_machine(const char *path, const struct machine *m, const char *mode, const char *command,
                       const char *version, struct stats **out, struct tg_error *err);
/* stats_phase (hold: stats_phase_hold), then ledger_next_phase. l may be NULL. */
int stats_phase_machine(struct stats *s, const char *name, enum cpu_mode mode, const struct machine *m,
                        struct ledger *l, bool hold, struct tg_error *err);
/* The PE's counts now, for stats_amend. */
void stats_late_machine(struct stats *s, const struct machine *m, unsigned pe, struct stats_late *late);

/* ---- reading ---- */

enum stats_format { STATS_TABLE, STATS_CSV, STATS_JSON };
/* Prints the report of run `run` (0: the last one) of the database. 0; -ENOENT (no file, no such run),
 * -EINVAL, -EBUSY with err set. */
/* Says of run `run` (0: the last one) whether it has ended, and its status. Errors as stats_report. */
int stats_has_ended(const char *path, int64_t run, bool *ended, char note[256], struct tg_error *err);
int stats_report(const char *path, int64_t run, enum stats_format format, FILE *out, struct tg_error *err);
/* The same as one self-contained HTML page. */
int stats_report_html(const char *path, int64_t run, FILE *out, struct tg_error *err);

#endif
