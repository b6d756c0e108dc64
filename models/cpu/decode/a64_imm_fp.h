/* SPDX-License-Identifier: Apache-2.0 */
/* Immediates of the floating-point chapters (fp.decode, simd_fp.decode); included by a64_imm.h, whose macros
 * it uses. */
#ifndef TG_CPU_DECODE_A64_IMM_FP_H
#define TG_CPU_DECODE_A64_IMM_FP_H

/* VFPExpandImm (Arm ARM shared/functions/float): sign, exponent NOT(b):b..b:cd, fraction efgh:0... */
static inline uint64_t a64_vfp_expand(uint32_t imm8, unsigned width, unsigned fbits)
{
    unsigned ebits = width - 1 - fbits;
    uint64_t bias = tg_ones(ebits - 1);
    uint64_t exp = (A64_BITS(imm8, 6, 6) ? bias - 3 : bias + 1) + A64_BITS(imm8, 5, 4);

    return (uint64_t)A64_BITS(imm8, 7, 7) << (width - 1) | exp << fbits |
           (uint64_t)A64_BITS(imm8, 3, 0) << (fbits - 4);
}

/* FMOV (scalar, immediate): imm8 in bits 20:13. */
static inline uint64_t a64_imm_fmov_h(uint32_t insn)
{
    return a64_vfp_expand(A64_BITS(insn, 20, 13), 16, 10);
}
static inline uint64_t a64_imm_fmov_s(uint32_t insn)
{
    return a64_vfp_expand(A64_BITS(insn, 20, 13), 32, 23);
}
static inline uint64_t a64_imm_fmov_d(uint32_t insn)
{
    return a64_vfp_expand(A64_BITS(insn, 20, 13), 64, 52);
}

/* FMOV (vector, immediate): imm8 is a:b:c in bits 18:16, d:e:f:g:h in 9:5; the value fills 64 bits. */
static inline uint32_t a64_imm_abcdefgh(uint32_t insn)
{
    return A64_BITS(insn, 18, 16) << 5 | A64_BITS(insn, 9, 5);
}
static inline uint64_t a64_imm_fmov_vh(uint32_t insn)
{
    return a64_vfp_expand(a64_imm_abcdefgh(insn), 16, 10) * UINT64_C(0x0001000100010001);
}
static inline uint64_t a64_imm_fmov_vs(uint32_t insn)
{
    return a64_vfp_expand(a64_imm_abcdefgh(insn), 32, 23) * UINT64_C(0x0000000100000001);
}
static inline uint64_t a64_imm_fmov_vd(uint32_t insn)
{
    return a64_vfp_expand(a64_imm_abcdefgh(insn), 64, 52);
}

/* Element index of the by-element forms: H:L:M of 16-bit elements, H:L of 32-bit ones (H is bit 11, L 21, M
 * 20). */
static inline uint64_t a64_imm_elem_hlm(uint32_t insn)
{
    return A64_BITS(insn, 11, 11) << 2 | A64_BITS(insn, 21, 20);
}
static inline uint64_t a64_imm_elem_hl(uint32_t insn)
{
    return A64_BITS(insn, 11, 11) << 1 | A64_BITS(insn, 21, 21);
}

#endif
