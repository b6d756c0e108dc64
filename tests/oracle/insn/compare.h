/* SPDX-License-Identifier: Apache-2.0 */
/* Two states after a sequence: equal, different for a known reason, or different. */
#ifndef TG_TESTS_ORACLE_COMPARE_H
#define TG_TESTS_ORACLE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include "insn_state.h"

/* Equal, or NULL. code: the words from INSN_CODE on. */
enum verdict {
    SAME,
    EXPLAINED,
    DIFFERENT,
};
enum verdict state_compare(const uint32_t *code, const struct insn_state *before,
                           const struct insn_state *got, const struct insn_state *want, bool bare,
                           const char **reason);
/* Each difference on a line. */
void state_print(const struct insn_state *before, const struct insn_state *got,
                 const struct insn_state *want);
/* The words with LLVM's text, or with the names of our encodings when llvm-mc-19 is missing. */
void code_print(void *file, const uint32_t *words, unsigned n);

#endif
