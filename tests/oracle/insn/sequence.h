/* SPDX-License-Identifier: Apache-2.0 */
/* Random sequences of A64 instructions that stay within their code and the scratch area of insn_state.h. */
#ifndef TG_TESTS_ORACLE_SEQUENCE_H
#define TG_TESTS_ORACLE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>
#include "insn_state.h"
#include "models/cpu/features.h"

/* What sequences are drawn for. */
struct setting {
    struct cpu_features feat;
    bool newer; /* QEMU 10: what 7.2 gets wrong takes part */
    bool bare;  /* on bare metal: faults, unaligned atomics, EL1 and EL2 */
};

/* Draws a state to start with, and writes a sequence of `units` instructions for it (each with what prepares
 * its address) and a final BRK; returns its words, at most SEQUENCE_UNIT_WORDS * units + 1. The PC is left to
 * the caller. uses: per encoding, how often it was drawn. */
#define SEQUENCE_UNIT_WORDS 4
unsigned sequence_make(const struct setting *set, uint64_t *rng, unsigned units, uint32_t *words,
                       struct insn_state *before, uint64_t *uses);
unsigned sequence_encodings(void);
/* Number of the encoding of that name, -1: none. */
int sequence_encoding(const char *name);
/* Encodings that sequences contain. */
bool sequence_includes(const struct setting *set, unsigned encoding);

#endif
