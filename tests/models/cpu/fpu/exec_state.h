/* SPDX-License-Identifier: Apache-2.0 */
/* What test_fp_exec.c sends to exec_oracle.c, and gets back: one instruction and the registers around it. */
#ifndef TG_TESTS_MODELS_CPU_FPU_EXEC_STATE_H
#define TG_TESTS_MODELS_CPU_FPU_EXEC_STATE_H

#include <stdint.h>

struct exec_state {
    uint64_t v[32][2]; /* offset 0; the oracle's assembly knows these offsets */
    uint64_t x[8];     /* 512 */
    uint64_t fpcr;     /* 576 */
    uint64_t fpsr;     /* 584 */
    uint64_t nzcv;     /* 592, as in PSTATE: bits 31 to 28 */
    uint64_t insn;     /* 600; uses no general register above x7 save xzr */
};

#endif
