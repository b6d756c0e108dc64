/* SPDX-License-Identifier: Apache-2.0 */
/* Immediates and handler selections of structure loads and stores (decode/simd_ldst.decode; Arm ARM C4.1,
 * C7.2 LD1..ST4). */
#ifndef TG_CPU_DECODE_A64_IMM_SIMD_H
#define TG_CPU_DECODE_A64_IMM_SIMD_H

#ifndef A64_BITS
#error "included by a64_imm.h"
#endif

/* Fields that handlers ask for while they run: Q; imm5, imm4 and immh:immb of the copies and shifts; the
 * index of an element of 16 (H:L:M), 32 (H:L) and 64 bits (H). */
static inline unsigned a64_q(uint32_t insn)
{
    return A64_BITS(insn, 30, 30);
}

static inline unsigned a64_imm5(uint32_t insn)
{
    return A64_BITS(insn, 20, 16);
}

static inline unsigned a64_imm4(uint32_t insn)
{
    return A64_BITS(insn, 14, 11);
}

static inline unsigned a64_immhb(uint32_t insn)
{
    return A64_BITS(insn, 22, 16);
}

static inline unsigned a64_index_h(uint32_t insn)
{
    return A64_BITS(insn, 11, 11) << 2 | A64_BITS(insn, 21, 20);
}

static inline unsigned a64_index_s(uint32_t insn)
{
    return A64_BITS(insn, 11, 11) << 1 | A64_BITS(insn, 21, 21);
}

static inline unsigned a64_index_d(uint32_t insn)
{
    return A64_BITS(insn, 11, 11);
}

/* Registers of a multiple-structure access by opcode (bits 15:12), of a single-structure one by opcode<0>:R.
 */
static inline unsigned a64_simd_regs(uint32_t insn)
{
    if (A64_BITS(insn, 24, 24))
        return A64_BITS(insn, 13, 13) * 2 + A64_BITS(insn, 21, 21) + 1;
    switch (A64_BITS(insn, 15, 12)) {
    case 7:
        return 1;
    case 8:
    case 10:
        return 2;
    case 4:
    case 6:
        return 3;
    default:
        return 4;
    }
}

/* log2 of the element size of a structure access. */
static inline unsigned a64_simd_scale(uint32_t insn)
{
    unsigned scale = A64_BITS(insn, 15, 14);

    if (!A64_BITS(insn, 24, 24) || scale == 3) /* multiple, replicate */
        return A64_BITS(insn, 11, 10);
    return scale == 2 && A64_BITS(insn, 10, 10) ? 3 : scale;
}

/* Bytes that post-indexing by an immediate (Rm = 31) adds to the base; multiple and replicate forms. */
static inline uint64_t a64_imm_simdpost(uint32_t insn)
{
    if (!A64_BITS(insn, 23, 23) || A64_BITS(insn, 20, 16) != 31)
        return 0;
    if (!A64_BITS(insn, 24, 24))
        return (uint64_t)a64_simd_regs(insn) << (3 + A64_BITS(insn, 30, 30));
    return (uint64_t)a64_simd_regs(insn) << a64_simd_scale(insn);
}

/* Lane index, Q:S:size without the bits below the element size; the post-index bytes above bit 8. */
static inline uint64_t a64_imm_simdlane(uint32_t insn)
{
    unsigned index = A64_BITS(insn, 30, 30) << 3 | A64_BITS(insn, 12, 10);

    return index >> a64_simd_scale(insn) | a64_imm_simdpost(insn) << 8;
}

static inline unsigned a64_sel_simdlane(uint32_t insn)
{
    return (a64_simd_regs(insn) - 1) * 4 + a64_simd_scale(insn);
}

static inline bool a64_simdlane_ok(uint32_t insn)
{
    unsigned size = A64_BITS(insn, 11, 10);

    switch (A64_BITS(insn, 15, 14)) {
    case 0:
        return true;
    case 1:
        return !(size & 1);
    case 2:
        return size == 0 || (size == 1 && !A64_BITS(insn, 12, 12));
    default:
        return false;
    }
}

#endif
