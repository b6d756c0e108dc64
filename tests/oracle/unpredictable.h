/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores whose behaviour is CONSTRAINED UNPREDICTABLE because registers coincide (Arm ARM K1.2):
 * LLVM refuses them, and implementations differ. Each predicate takes a word of its class. */
#ifndef TG_TESTS_ORACLE_UNPREDICTABLE_H
#define TG_TESTS_ORACLE_UNPREDICTABLE_H

#include <stdbool.h>
#include <stdint.h>

/* Pairs (LDP, LDPSW, STP; vector too): bits 24:23 are 00 no-allocate, 01 post, 10 offset, 11 pre. */
static inline bool pair_overlap(uint32_t insn)
{
    uint32_t t = insn & 31, n = insn >> 5 & 31, t2 = insn >> 10 & 31;
    bool load = insn & 0x00400000, vector = insn & 0x04000000, wb = insn & 0x00800000;

    return (load && t == t2) || (wb && !vector && n != 31 && (n == t || n == t2));
}

/* Single registers with write-back. */
static inline bool writeback_overlap(uint32_t insn)
{
    uint32_t mode = insn >> 10 & 3;

    return !(insn & 0x04200000) && (mode & 1) && (insn & 31) == (insn >> 5 & 31) && (insn & 31) != 31;
}

/* Exclusives: bit 23 is LDAR, STLR, CAS. */
static inline bool status_overlap(uint32_t insn)
{
    uint32_t s = insn >> 16 & 31, t = insn & 31, n = insn >> 5 & 31, t2 = insn >> 10 & 31;
    bool load = insn & 0x00400000, pair = insn & 0x00200000;

    if (insn & 0x00800000)
        return false;
    return load ? pair && t == t2 : s == t || (s == n && n != 31) || (pair && s == t2);
}

static inline bool is_unpredictable(uint32_t insn)
{
    if ((insn & 0x3a000000) == 0x28000000)
        return pair_overlap(insn);
    if ((insn & 0x3b000000) == 0x38000000)
        return writeback_overlap(insn);
    if ((insn & 0x3f000000) == 0x08000000)
        return status_overlap(insn);
    return false;
}

#endif
