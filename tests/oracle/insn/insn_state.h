/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host sends to the program that executes sequences of instructions (insn_guest.c under
 * qemu-aarch64, bare_trial.c under qemu-system-aarch64 and in a PE): a region of code, and for each sequence
 * in it the state to start with; the states come back as they are when the sequence ends with an exception
 * (its last word is BRK). Data accesses go to a scratch area that both sides fill alike before each sequence.
 */
#ifndef TG_TESTS_ORACLE_INSN_STATE_H
#define TG_TESTS_ORACLE_INSN_STATE_H

/* Offsets in struct insn_state, for bare_entry.S. */
#define STATE_X    512
#define STATE_SP   760
#define STATE_PC   768
#define STATE_FPCR 784
#define STATE_FPSR 792
#define STATE_SIZE 864

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#define INSN_BASE       UINT64_C(0x80000000) /* virtual addresses, the same on both sides */
#define INSN_MAP_SIZE   UINT64_C(0x400000)
#define INSN_SCRATCH    (INSN_BASE + 0x100000)
#define INSN_SCRATCH_SZ 4096u
#define INSN_POINTER    (INSN_SCRATCH + 2048) /* x28, but at borders of pages on bare metal */
#define INSN_CODE       (INSN_BASE + 0x200000)
#define INSN_CODE_WORDS (UINT32_C(1) << 18)
#define INSN_BRK        UINT32_C(0xd4200000)

/* How a sequence ended; on bare metal the level that took the exception stands above, from bit 8 on. */
enum {
    INSN_END_BRK,
    INSN_END_UNDEF,
    INSN_END_MEMORY,
    INSN_END_OTHER,
};

/* Where a sequence runs on bare metal. */
enum {
    INSN_EL0,
    INSN_EL0_HOST, /* HCR_EL2.E2H and TGE */
    INSN_EL1,
    INSN_EL2,
    INSN_EL2_HOST,
    INSN_REGIMES,
};
/* With which controls: TCR.TBI0, SCTLR.A, nAA, EE or E0E. */
#define INSN_TBI 1u
#define INSN_A   2u
#define INSN_NAA 4u
#define INSN_BE  8u

/* Pages of the scratch area on bare metal. x28 is at a border between two, or in the middle of the first. */
enum {
    INSN_PAGE_RW0,
    INSN_PAGE_RW1,
    INSN_PAGE_READ_ONLY,
    INSN_PAGE_RW2,
    INSN_PAGE_NONE,
    INSN_PAGE_RW3,
    INSN_PAGE_PRIVILEGED,
    INSN_PAGE_UNCACHED,
    INSN_PAGE_NO_ACCESS_FLAG,
    INSN_PAGE_RW4,
    INSN_PAGE_DEVICE,
    INSN_PAGE_RW5,
    INSN_PAGES,
};

struct insn_state {
    uint64_t v[32][2];
    uint64_t x[31];
    uint64_t sp, pc;
    uint64_t pstate; /* as in SPSR_ELx; of a program only bits 31:28 */
    uint64_t fpcr, fpsr;
    uint64_t end;  /* INSN_END_* */
    uint64_t seed; /* in: contents of the scratch area */
    uint64_t hash; /* out: of the scratch area */
    /* bare metal only */
    uint64_t sp0;             /* SP_EL0 */
    uint64_t esr, far;        /* out */
    uint64_t regime, control; /* in */
};
_Static_assert(offsetof(struct insn_state, x) == STATE_X && offsetof(struct insn_state, sp) == STATE_SP &&
                   offsetof(struct insn_state, pc) == STATE_PC &&
                   offsetof(struct insn_state, fpcr) == STATE_FPCR &&
                   offsetof(struct insn_state, fpsr) == STATE_FPSR && sizeof(struct insn_state) == STATE_SIZE,
               "bare_entry.S knows the layout");

static inline uint64_t insn_end(uint64_t esr)
{
    uint64_t ec = esr >> 26 & 63;

    return ec == 0x3c                               ? INSN_END_BRK
           : ec == 0                                ? INSN_END_UNDEF
           : ec == 0x24 || ec == 0x25 || ec == 0x26 ? INSN_END_MEMORY
                                                    : INSN_END_OTHER;
}

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

/* Bare metal: where things are in RAM, besides the image. */
#define BARE_SCRATCH UINT64_C(0x40600000)
#define BARE_CODE    UINT64_C(0x40800000)
#define BARE_BATCH   UINT64_C(0x41000000)
struct bare_batch {
    uint64_t n;
    uint64_t done; /* out: n */
    uint64_t pad[6];
    struct insn_state state[];
};
#endif

#endif
