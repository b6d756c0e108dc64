/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who executes sequences: QEMU, as a program under qemu-aarch64 or on bare metal under qemu-system-aarch64,
 * and PEs of ours in each mode, in the same two settings.
 */
#ifndef TG_TESTS_ORACLE_SIDES_H
#define TG_TESTS_ORACLE_SIDES_H

#include <stdbool.h>
#include "models/cpu/cpu.h"
#include "sequence.h"

#define BATCH 8192

struct batch {
    uint32_t *code; /* INSN_CODE_WORDS */
    struct {
        uint64_t start; /* word in the code */
        unsigned words;
    } seq[BATCH];
    struct insn_state *before; /* BATCH of them */
    size_t n;
    uint64_t words; /* of the code, used */
};
struct batch *batch_new(void);
void batch_free(struct batch *b);
void batch_clear(struct batch *b);
/* Adds a sequence with its state, whose PC is set; false: there is no room. */
bool batch_add(struct batch *b, const uint32_t *words, unsigned n, const struct insn_state *before);

/* Cores that both sides have. */
struct target {
    const char *name, *qemu;
    const char *const *features; /* of a PE of ours */
    int since;                   /* of QEMU's versions */
};
/* NULL: no core of that name. */
const struct target *target_named(const char *name, bool bare);
void target_features(const struct target *t, struct cpu_features *feat);

/* What QEMU makes of the batch. */
void qemu_run(const char *qemu, const struct target *t, bool bare, const struct batch *b,
              struct insn_state *after);

/* A PE of ours. Words of encoding `from` are run with `flip` exclusive-ored: a deliberate difference (from <
 * 0: none). */
struct fault {
    int from;
    uint32_t flip;
};
struct runner {
    const char *name;
    enum cpu_mode mode;
    const char *const *params;
};
extern const struct runner runners[3];
/* Returns the number of instructions that the sequences executed. */
uint64_t pe_run(const struct runner *r, const struct target *t, bool bare, const struct fault *fault,
                const struct batch *b, struct insn_state *after);

/* ---- bare.c ---- */
void bare_qemu(const char *qemu, const struct target *t, const struct batch *b, struct insn_state *after);
uint64_t bare_pe(const struct runner *r, const struct target *t, const uint32_t *code, const struct batch *b,
                 struct insn_state *after);

#endif
