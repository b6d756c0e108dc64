/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What test_insn.c sends to insn_guest.c: a region of code, and for each sequence in it the state to start
 * with; the guest gives the states back as they are when the sequence ends with an exception (its last word
 * is BRK). Data accesses go to a scratch area that both sides fill alike before each sequence.
 */
#ifndef TG_TESTS_ORACLE_INSN_STATE_H
#define TG_TESTS_ORACLE_INSN_STATE_H

#include <stdint.h>

#define INSN_BASE       UINT64_C(0x80000000) /* virtual addresses, the same on both sides */
#define INSN_MAP_SIZE   UINT64_C(0x400000)
#define INSN_SCRATCH    (INSN_BASE + 0x100000)
#define INSN_SCRATCH_SZ 4096u
#define INSN_POINTER    (INSN_SCRATCH + 2048) /* x28 in every sequence */
#define INSN_CODE       (INSN_BASE + 0x200000)
#define INSN_CODE_WORDS (UINT32_C(1) << 18)
#define INSN_BRK        UINT32_C(0xd4200000)

/* How a sequence ended. */
enum { INSN_END_BRK, INSN_END_UNDEF, INSN_END_MEMORY, INSN_END_OTHER };

struct insn_state {
    uint64_t v[32][2];
    uint64_t x[31];
    uint64_t sp, pc;
    uint64_t nzcv; /* bits 31:28 */
    uint64_t fpcr, fpsr;
    uint64_t end;  /* INSN_END_* */
    uint64_t seed; /* in: contents of the scratch area */
    uint64_t hash; /* out: of the scratch area */
};

static inline void insn_scratch_fill(uint64_t *scratch, uint64_t seed)
{
    for (unsigned i = 0; i < INSN_SCRATCH_SZ / 8; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        scratch[i] = seed ^ seed >> 29;
    }
}

static inline uint64_t insn_scratch_hash(const uint64_t *scratch)
{
    uint64_t h = 0;

    for (unsigned i = 0; i < INSN_SCRATCH_SZ / 8; i++)
        h = (h ^ scratch[i]) * UINT64_C(0x9e3779b97f4a7c15) + (h >> 31);
    return h;
}

#endif
