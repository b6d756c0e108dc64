/* SPDX-License-Identifier: Apache-2.0 */
/* Reduction of a sequence on which two sides differ, and the files that keep what is left. */
#ifndef TG_TESTS_ORACLE_REDUCE_H
#define TG_TESTS_ORACLE_REDUCE_H

#include <stdbool.h>
#include "sides.h"

#define TRIAL_WORDS 4096

struct trial {
    uint32_t words[TRIAL_WORDS];
    unsigned n;
    struct insn_state before, want;
    char core[32], about[256];
    bool bare;
};

/* Whether the sides differ on each of the batch's sequences, unexplained; after: what the one that is right
 * says. */
struct judge {
    void (*differ)(void *opaque, const struct batch *b, bool *differ, struct insn_state *want);
    void *opaque;
};
/* Makes t as small as the judge permits: instructions become NOP and then go, registers and controls become
 * 0, addresses plain. Returns the number of batches asked; t->want is set. Does not change what is not
 * different from the start (returns 0). */
unsigned reduce(struct trial *t, const struct judge *judge);

/* Writes the trial as a case, `about` in its first line; false: errno says why. */
bool case_write(const char *path, const struct trial *t, const char *about);
/* Reads one. On failure prints file, line and what is wrong. */
bool case_read(const char *path, struct trial *t);

#endif
