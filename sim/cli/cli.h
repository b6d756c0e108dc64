/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own parts; private to sim/cli. Exit statuses: 0, 2 user's error, 3 guest stuck, 4 our bug
 * (docs/cli.md). */
#ifndef TG_SIM_CLI_H
#define TG_SIM_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/model.h"
#include "models/cpu/cpu.h"
#include "sim/boot/boot.h"

enum cli_status {
    CLI_OK = 0,
    CLI_USER = 2,
    CLI_STUCK = 3,
    CLI_BUG = 4,
};

/* ---- args.c ---- */

enum cli_arg_kind {
    CLI_FLAG,   /* bool * */
    CLI_TEXT,   /* const char ** */
    CLI_MAYBE,  /* const char **: "" when there is no =VALUE behind the name */
    CLI_TEXTS,  /* struct cli_texts * */
    CLI_NUMBER, /* uint64_t *; k, M, G as powers of 1000 */
    CLI_TIME,   /* uint64_t *, ps; with unit */
};

struct cli_texts {
    const char **v;
    size_t n;
};

struct cli_arg {
    const char *name; /* without the dashes */
    enum cli_arg_kind kind;
    const char *value; /* its name in the help */
    const char *help;
    size_t offset; /* in the struct of options */
};

/* Options of argv[1..] into `out`; what is no option goes to `rest` (at most max_rest, the number there in
 * *n_rest). `command` for messages. 0; 1: --help was asked for; -EINVAL: err says what is wrong. */
int cli_parse(const char *command, const struct cli_arg *args, size_t n_args, int argc, char **argv,
              void *out, const char **rest, size_t max_rest, size_t *n_rest, struct tg_error *err);
/* A value of kind CLI_NUMBER of option `name`. */
int cli_number(const char *name, const char *value, uint64_t *out, struct tg_error *err);
/* Of kind CLI_TIME. */
int cli_time(const char *name, const char *value, uint64_t *out, struct tg_error *err);
void cli_help(const char *usage, const char *text, const struct cli_arg *args, size_t n_args);
/* Prints "tollgate: ..." and returns CLI_USER. */
int cli_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- subcommands ---- */
int cli_run(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_describe(int argc, char **argv);
int cli_list(int argc, char **argv);

struct machine;
struct backend;
struct ledger;
struct stats;
struct symbols;
struct tlm_switches;

/* ---- modes.c ---- */

/* NULL: fast. 0, or complains and returns CLI_USER. */
int cli_mode(const char *mode, enum cpu_mode *out);
/* out->v is malloc'd, also after an error. */
int cli_switches(const struct cli_texts *texts, struct tlm_switches *out, struct tg_error *err);
/* Does the next switch wait for this phase? */
bool cli_switch_due(const struct tlm_switches *s, const char *phase);

/* ---- dump.c: --dump-state ---- */

struct cli_dump {
    struct machine *m;
    char *path;        /* NULL: not asked for */
    uint64_t at;       /* ps, 0: no such moment */
    uint64_t insns;    /* 0: no such moment */
    bool done, writer; /* the moment has come; this is the process that writes */
};

/* FILE[@MOMENT]; NULL: nothing is asked for. */
int cli_dump_parse(struct cli_dump *d, const char *text, struct tg_error *err);
/* tlm_options.moment */
void cli_dump_moment(void *opaque);
/* After the run, which ended with rc and err. The process that writes does not return. */
int cli_dump_end(struct cli_dump *d, int rc, struct tg_error *err);
void cli_dump_free(struct cli_dump *d);

/* ---- phases.c ---- */

struct cli_phases {
    struct machine *m;
    struct ledger *l;
    struct stats *s; /* NULL: no database */
    struct cli_record *record;
    char name[32]; /* of the phase that runs */
    enum cpu_mode mode;
    struct {
        uint64_t begin; /* its cycles when the phase began */
        enum cpu_mode mode;
    } pes[64];
    bool held; /* the phase before is not written yet: there are PEs in its mode */
};

void cli_phases_begin(struct cli_phases *p, struct machine *m, struct ledger *l, struct stats *s,
                      struct cli_record *record, enum cpu_mode mode);
/* The guest begins a phase. */
void cli_phases_mark(struct cli_phases *p, struct tlm_switches *switches, const char *name);
/* Ends the phase that runs. hold: the mode changes now. 0, or as stats_phase. */
int cli_phases_end(struct cli_phases *p, bool hold, struct tg_error *err);

/* ---- record.c: --events, --profile, --sample, --symbols ---- */

struct cli_record {
    const char *events, *profile; /* NULL: not asked for */
    uint64_t sample;              /* ps; 0: not asked for */
    tg_time sampled[64];          /* each PE's last point */
    const enum cpu_mode *mode;    /* of the phase that runs */
    struct cli_texts symbol_files;
    /* what they say */
    unsigned kinds;
    uint64_t max_events, period; /* period 0: no profile */
    struct symbols *symbols;
    struct machine *m;
    struct ledger *ledger;
    struct stats *stats;
};

/* Checks the options and loads the names. */
int cli_record_prepare(struct cli_record *r, bool have_db, struct tg_error *err);
int cli_record_begin(struct cli_record *r, struct machine *m, struct ledger *l, struct stats *s,
                     struct tg_error *err);
/* An image was loaded and starts at `entry`: its names, if it has any. */
void cli_record_image(struct cli_record *r, const char *path, uint64_t entry);
void cli_record_sample(void *opaque, unsigned pe, uint64_t cycles);
/* The PE is about to change its mode: a point of the series, so that what lies between two is of one mode. */
void cli_record_change(struct cli_record *r, unsigned pe);
/* As tlm_options.sample. */
void cli_record_series(void *opaque, tg_time at, int pe);
void cli_record_end(const struct cli_record *r, bool quiet);
void cli_record_free(struct cli_record *r);

/* ---- attach.c: backends to the machine's ports ---- */

struct cli_devices {
    const char *console;        /* NULL: stdio */
    const char *secure_console; /* NULL: none */
    const char *virtio_console; /* NULL: none */
    const char *net;            /* NULL: none */
    struct cli_texts drives;
    bool rng;
};

int cli_attach(struct machine *m, struct backend *b, const struct cli_devices *d, struct tg_error *err);

/* ---- progress.c ---- */

struct cli_progress {
    bool shown;         /* on a terminal */
    bool line_open;     /* a line stands there without its end */
    double start, last; /* host seconds */
    uint64_t last_insns;
};

double cli_host_seconds(void);
void cli_progress_start(struct cli_progress *p, bool shown);
void cli_progress_show(struct cli_progress *p, tg_time now, uint64_t insns, uint64_t exits);
void cli_progress_end(struct cli_progress *p);
/* "1,234,567" into a buffer of at least 32 bytes. */
const char *cli_thousands(uint64_t n, char out[32]);

#endif
