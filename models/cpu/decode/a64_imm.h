/* SPDX-License-Identifier: Apache-2.0 */
/* Immediates and handler selections that the .decode files name. All take the instruction word. */
#ifndef TG_CPU_DECODE_A64_IMM_H
#define TG_CPU_DECODE_A64_IMM_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/bits.h"

#define A64_BITS(insn, hi, lo) (((insn) >> (lo)) & (uint32_t)tg_ones((hi) - (lo) + 1))

static inline uint64_t a64_imm_addsub(uint32_t insn) /* imm12, shifted left by 12 if sh */
{
    return (uint64_t)A64_BITS(insn, 21, 10) << (A64_BITS(insn, 22, 22) ? 12 : 0);
}

/* DecodeBitMasks (Arm ARM J1.1): the logical immediate; *ok false if reserved. */
static inline uint64_t a64_bitmask(uint32_t sf, uint32_t n, uint32_t immr, uint32_t imms, bool *ok)
{
    uint32_t v = n << 6 | (~imms & 0x3f);
    int len = v ? 31 - __builtin_clz(v) : 0;
    uint32_t size, levels, s, r;
    uint64_t elem;

    *ok = len >= 1 && !(n && !sf);
    if (!*ok)
        return 0;
    size = 1u << len;
    levels = size - 1;
    s = imms & levels;
    r = immr & levels;
    if (s == levels) {
        *ok = false;
        return 0;
    }
    elem = tg_ones(s + 1);
    if (r)
        elem = ((elem >> r) | (elem << (size - r))) & tg_ones(size);
    for (; size < 64; size *= 2)
        elem |= elem << size;
    return sf ? elem : (uint32_t)elem;
}

static inline uint64_t a64_imm_logical(uint32_t insn)
{
    bool ok;

    return a64_bitmask(insn >> 31, A64_BITS(insn, 22, 22), A64_BITS(insn, 21, 16), A64_BITS(insn, 15, 10),
                       &ok);
}

static inline bool a64_logical_ok(uint32_t insn)
{
    bool ok;

    a64_bitmask(insn >> 31, A64_BITS(insn, 22, 22), A64_BITS(insn, 21, 16), A64_BITS(insn, 15, 10), &ok);
    return ok;
}

static inline uint64_t a64_imm_movwide(uint32_t insn) /* imm16 << hw*16 */
{
    return (uint64_t)A64_BITS(insn, 20, 5) << (16 * A64_BITS(insn, 22, 21));
}

static inline uint64_t a64_imm_sysreg(uint32_t insn) /* op0 (1 from bit 19 on: 2 or 3), op1, CRn, CRm, op2 */
{
    return A64_BITS(insn, 20, 5);
}

static inline uint64_t a64_imm_ereta(uint32_t insn) /* of ERETAA and ERETAB: 2, with key B 3 */
{
    return 2 | A64_BITS(insn, 10, 10);
}

static inline int64_t a64_imm_adr(uint32_t insn) /* byte displacement */
{
    return tg_sext(A64_BITS(insn, 23, 5) << 2 | A64_BITS(insn, 30, 29), 21);
}

static inline int64_t a64_imm_adrp(uint32_t insn)
{
    return a64_imm_adr(insn) * 4096;
}

static inline int64_t a64_imm_b26(uint32_t insn)
{
    return tg_sext(A64_BITS(insn, 25, 0), 26) * 4;
}

static inline int64_t a64_imm_b19(uint32_t insn) /* conditional and compare branches, literal loads */
{
    return tg_sext(A64_BITS(insn, 23, 5), 19) * 4;
}

static inline int64_t a64_imm_b14(uint32_t insn)
{
    return tg_sext(A64_BITS(insn, 18, 5), 14) * 4;
}

static inline int64_t a64_imm_s9(uint32_t insn) /* unscaled offset */
{
    return tg_sext(A64_BITS(insn, 20, 12), 9);
}

static inline int64_t a64_imm_ldra(uint32_t insn) /* S:imm9, of doublewords */
{
    return tg_sext(A64_BITS(insn, 22, 22) << 9 | A64_BITS(insn, 20, 12), 10) * 8;
}

/* Unsigned offset of a load or store, scaled by the access size: integer forms by bits 31:30, vector forms by
 * opc<1>:size. */
static inline uint64_t a64_imm_u12(uint32_t insn)
{
    uint32_t scale = A64_BITS(insn, 31, 30);

    if (A64_BITS(insn, 26, 26) && A64_BITS(insn, 23, 23))
        scale = 4;
    return (uint64_t)A64_BITS(insn, 21, 10) << scale;
}

/* Pair offset, scaled: integer 4 or 8 bytes by bit 31; vector 4, 8, 16 by bits 31:30. */
static inline int64_t a64_imm_s7(uint32_t insn)
{
    uint32_t scale = A64_BITS(insn, 26, 26) ? 2 + A64_BITS(insn, 31, 30) : 2 + A64_BITS(insn, 31, 31);

    return tg_sext(A64_BITS(insn, 21, 15), 7) * (1 << scale);
}

/* SBFM, BFM, UBFM: rotation in bits 7:0; of the result: number of field bits in 15:8, left position in 23:16.
 * The forms are told apart by a64_sel_sbfm and a64_sel_ubfm: 0/4 general extract (imms >= immr), 1/5 insert
 * (imms < immr), 2/6 and 3/7 special cases below. */
static inline uint64_t a64_imm_bfm(uint32_t insn)
{
    uint32_t size = insn >> 31 ? 64 : 32;
    uint32_t r = A64_BITS(insn, 21, 16), s = A64_BITS(insn, 15, 10);

    if (s >= r)
        return r | (s - r + 1) << 8;
    return (uint64_t)(s + 1) << 8 | (uint64_t)(size - r) << 16;
}

/* UBFM: +2 is LSR (imms = size - 1), +3 is LSL (imms + 1 = immr). */
static inline unsigned a64_sel_ubfm(uint32_t insn)
{
    uint32_t sf = insn >> 31, size = sf ? 64 : 32;
    uint32_t r = A64_BITS(insn, 21, 16), s = A64_BITS(insn, 15, 10);
    unsigned form = s == size - 1 ? 2 : s + 1 == r ? 3 : s >= r ? 0 : 1;

    return sf * 4 + form;
}

/* SBFM: +2 is ASR (imms = size - 1), +3 is SXTB/SXTH/SXTW-like extraction from bit 0. */
static inline unsigned a64_sel_sbfm(uint32_t insn)
{
    uint32_t sf = insn >> 31, size = sf ? 64 : 32;
    uint32_t r = A64_BITS(insn, 21, 16), s = A64_BITS(insn, 15, 10);
    unsigned form = s == size - 1 ? 2 : r == 0 ? 3 : s >= r ? 0 : 1;

    return sf * 4 + form;
}

/* Sign-extending loads: 0 LDRSB X, 1 LDRSB W, 2 LDRSH X, 3 LDRSH W, 4 LDRSW. */
static inline unsigned a64_sel_ldrs(uint32_t insn)
{
    return (insn >> 30) * 2 + A64_BITS(insn, 22, 22);
}

/* Advanced SIMD shift by immediate: element size by the top bit of immh; q * 4 + size, or the size alone. */
static inline unsigned a64_sel_shimm4(uint32_t insn)
{
    return 31 - (unsigned)__builtin_clz(A64_BITS(insn, 22, 19));
}

static inline unsigned a64_sel_shimm(uint32_t insn)
{
    return A64_BITS(insn, 30, 30) * 4 + a64_sel_shimm4(insn);
}

/* AdvSIMDExpandImm (Arm ARM shared/functions/vector), cmode below 15; for MVNI and BIC (op = 1, not cmode 14)
 * inverted for MOVI's use. */
static inline uint64_t a64_imm_simdmod(uint32_t insn)
{
    uint64_t imm8 = A64_BITS(insn, 18, 16) << 5 | A64_BITS(insn, 9, 5), v = 0;
    unsigned cmode = A64_BITS(insn, 15, 12), op = A64_BITS(insn, 29, 29);

    if (cmode < 8) {
        v = (imm8 << (8 * (cmode >> 1))) * UINT64_C(0x0000000100000001);
    } else if (cmode < 12) {
        v = (imm8 << (8 * (cmode >> 1 & 1))) * UINT64_C(0x0001000100010001);
    } else if (cmode < 14) {
        v = (cmode & 1 ? imm8 << 16 | 0xffff : imm8 << 8 | 0xff) * UINT64_C(0x0000000100000001);
    } else if (!op) {
        return imm8 * UINT64_C(0x0101010101010101);
    } else {
        for (unsigned i = 0; i < 8; i++)
            v |= imm8 >> i & 1 ? UINT64_C(0xff) << (8 * i) : 0;
        return v;
    }
    if (op && !(cmode < 12 && (cmode & 1)))
        v = ~v;
    return v;
}

/* Shifted register operand: sf * 5 + (0 no shift, 1 LSL, 2 LSR, 3 ASR, 4 ROR). */
static inline unsigned a64_sel_shifted(uint32_t insn)
{
    return (insn >> 31) * 5 + (A64_BITS(insn, 15, 10) ? 1 + A64_BITS(insn, 23, 22) : 0);
}

#include "models/cpu/decode/a64_imm_fp.h"
#include "models/cpu/decode/a64_imm_simd.h"

#endif
