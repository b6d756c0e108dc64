/* SPDX-License-Identifier: Apache-2.0 */
/* Random sequences of A64 instructions that stay within their code and the scratch area of insn_state.h. */
#ifndef TG_TESTS_ORACLE_SEQUENCE_H
#define TG_TESTS_ORACLE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>
#include "insn_state.h"
#include "models/cpu/features.h"

/* Writes a sequence of `units` instructions (each with what prepares its address) and a final BRK; returns
 * its words, at most SEQUENCE_UNIT_WORDS * units + 1. uses: per encoding, how often it was drawn. */
#define SEQUENCE_UNIT_WORDS 4
unsigned sequence_make(const struct cpu_features *feat, uint64_t *rng, unsigned units, uint32_t *words,
                       uint64_t *uses);
/* Random registers to start with; x28 points to the scratch area. */
void sequence_state(uint64_t *rng, struct insn_state *s);
unsigned sequence_encodings(void);
/* Encodings that sequences contain on a core with these features. */
bool sequence_includes(const struct cpu_features *feat, unsigned encoding);

#endif
