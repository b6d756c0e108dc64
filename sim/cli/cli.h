/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own parts; private to sim/cli. Exit statuses: 0, 2 user's error, 3 guest stuck, 4 our bug
 * (DESIGN.md). */
#ifndef TG_SIM_CLI_H
#define TG_SIM_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/model.h"
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
void cli_help(const char *usage, const char *text, const struct cli_arg *args, size_t n_args);
/* Prints "tollgate: ..." and returns CLI_USER. */
int cli_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- subcommands ---- */
int cli_run(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_describe(int argc, char **argv);
int cli_list(int argc, char **argv);

/* ---- attach.c: backends to the machine's ports ---- */

struct machine;
struct backend;

struct cli_devices {
    const char *console;        /* NULL: stdio */
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
