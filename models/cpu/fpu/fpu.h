/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating-point arithmetic of AArch64, exact to the bit: half, single and double precision.
 *
 * One job: the value and the cumulative FPSR flags of each floating-point operation, given FPCR. It does not
 * decode, does not know vectors or registers, and never traps: FPCR's trap enable bits are RAZ, as on all
 * cores modelled here. FPSR.QC belongs to integer Advanced SIMD and is only stored. FEAT_AFP and FEAT_EBF16
 * are absent.
 *
 * Follows Arm ARM DDI 0487J, shared/functions/float (J1.3), and A1.5 (floating-point support).
 *
 * Values are passed as raw bit patterns. Names end with the width of the format: 16, 32 or 64. The functions
 * named *_soft are integer-only and handle everything; those without the suffix try the host's FPU first for
 * single and double (fpu_fast.h), and give identical results and flags. The host's floating-point environment
 * must be the default one (round to nearest, denormals honoured), and code that includes this header must be
 * compiled with -ffp-contract=off (linking tg_fpu in CMake gives it).
 */
#ifndef TG_MODELS_CPU_FPU_FPU_H
#define TG_MODELS_CPU_FPU_FPU_H

#include <stdbool.h>
#include <stdint.h>

/* FPSR, Arm ARM C5.2.10. */
#define FPU_FPSR_IOC 0x00000001u /* invalid operation */
#define FPU_FPSR_DZC 0x00000002u /* division by zero */
#define FPU_FPSR_OFC 0x00000004u /* overflow */
#define FPU_FPSR_UFC 0x00000008u /* underflow, detected before rounding; also set by a flush of the result */
#define FPU_FPSR_IXC 0x00000010u /* inexact */
#define FPU_FPSR_IDC 0x00000080u /* input denormal flushed (single and double only) */
#define FPU_FPSR_QC  0x08000000u /* Advanced SIMD integer saturation */
#define FPU_FPSR_MASK \
    (FPU_FPSR_IOC | FPU_FPSR_DZC | FPU_FPSR_OFC | FPU_FPSR_UFC | FPU_FPSR_IXC | FPU_FPSR_IDC | FPU_FPSR_QC)

/* FPCR, Arm ARM C5.2.8. */
#define FPU_FPCR_FZ16        0x00080000u
#define FPU_FPCR_RMODE_SHIFT 22
#define FPU_FPCR_RMODE       0x00c00000u
#define FPU_FPCR_FZ          0x01000000u
#define FPU_FPCR_DN          0x02000000u
#define FPU_FPCR_AHP         0x04000000u

/* Rounding modes: the first four are the encoding of FPCR.RMode. */
enum fpu_rounding {
    FPU_RN = 0,  /* to nearest, ties to even */
    FPU_RP = 1,  /* towards plus infinity */
    FPU_RM = 2,  /* towards minus infinity */
    FPU_RZ = 3,  /* towards zero */
    FPU_RA = 4,  /* to nearest, ties away from zero */
    FPU_ODD = 5, /* to odd (FCVTXN) */
};

/* Result of a comparison as PSTATE.{N,Z,C,V}, N in bit 3. */
#define FPU_NZCV_LT        0x8u
#define FPU_NZCV_EQ        0x6u
#define FPU_NZCV_GT        0x2u
#define FPU_NZCV_UNORDERED 0x3u

/*
 * The floating-point control state of one PE. Read fpcr and fpsr freely; write fpcr with fpu_set_fpcr() only,
 * since the rest is derived from it. fpsr may be or-ed with FPU_FPSR_QC in place.
 */
struct fpu {
    uint32_t fpsr;
    uint32_t fast_ixc; /* FPU_FPSR_IXC when rounding to nearest without FZ, else 0; see fpu_fast.h */
    uint32_t fpcr;
    uint32_t fpcr_mask; /* the bits of FPCR that this core implements */
    uint8_t rmode;      /* enum fpu_rounding, 0 to 3 */
    bool fz;
    bool fz16;
    bool dn;
    bool ahp;
};

/* Reset: FPCR and FPSR zero. has_fp16: FEAT_FP16 is implemented, so that FPCR.FZ16 exists. */
void fpu_init(struct fpu *f, bool has_fp16);
/* MSR FPCR: keeps the bits implemented, others are RAZ/WI. */
void fpu_set_fpcr(struct fpu *f, uint32_t fpcr);
/* MSR FPSR. */
void fpu_set_fpsr(struct fpu *f, uint32_t fpsr);

/*
 * The operations, by Arm ARM function. For each width W (16, 32, 64) and its type T:
 *   add sub mul mulx div max min maxnm minnm   FPAdd .. FPMinNum
 *   abd                                        FPAbs(FPSub())
 *   muladd(addend, a, b)                       FPMulAdd: addend + a * b, rounded once
 *   recps rsqrts                               FPRecipStepFused, FPRSqrtStepFused
 *   sqrt recpe rsqrte recpx                    FPSqrt, FPRecipEstimate, FPRSqrtEstimate, FPRecpX
 *   rint(a, rounding, exact)                   FPRoundInt
 *   cmp(a, b, signal_all_nans)                 FPCompare, gives NZCV
 *   cmpeq cmpge cmpgt                          FPCompareEQ, FPCompareGE, FPCompareGT
 *   tofixed(a, fbits, is_unsigned, rounding, isize)  FPToFixed; isize 16, 32 or 64; result zero-extended
 *   fromfixed(v, fbits, is_unsigned, isize)    FixedToFP with FPCR's rounding; v's low isize bits count
 */
#define FPU_DECLARE(W, T)                                                                                   \
    T fpu_add##W##_soft(struct fpu *f, T a, T b);                                                           \
    T fpu_sub##W##_soft(struct fpu *f, T a, T b);                                                           \
    T fpu_mul##W##_soft(struct fpu *f, T a, T b);                                                           \
    T fpu_div##W##_soft(struct fpu *f, T a, T b);                                                           \
    T fpu_sqrt##W##_soft(struct fpu *f, T a);                                                               \
    T fpu_muladd##W##_soft(struct fpu *f, T addend, T a, T b);                                              \
    T fpu_max##W##_soft(struct fpu *f, T a, T b);                                                           \
    T fpu_min##W##_soft(struct fpu *f, T a, T b);                                                           \
    T fpu_maxnm##W##_soft(struct fpu *f, T a, T b);                                                         \
    T fpu_minnm##W##_soft(struct fpu *f, T a, T b);                                                         \
    unsigned fpu_cmp##W##_soft(struct fpu *f, T a, T b, bool signal_all_nans);                              \
    bool fpu_cmpeq##W##_soft(struct fpu *f, T a, T b);                                                      \
    bool fpu_cmpge##W##_soft(struct fpu *f, T a, T b);                                                      \
    bool fpu_cmpgt##W##_soft(struct fpu *f, T a, T b);                                                      \
    uint64_t fpu_tofixed##W##_soft(struct fpu *f, T a, unsigned fbits, bool is_unsigned,                    \
                                   enum fpu_rounding r, unsigned isize);                                    \
    T fpu_fromfixed##W##_soft(struct fpu *f, uint64_t v, unsigned fbits, bool is_unsigned, unsigned isize); \
    T fpu_mulx##W(struct fpu *f, T a, T b);                                                                 \
    T fpu_rint##W##_soft(struct fpu *f, T a, enum fpu_rounding r, bool exact);                              \
    T fpu_recpe##W(struct fpu *f, T a);                                                                     \
    T fpu_rsqrte##W(struct fpu *f, T a);                                                                    \
    T fpu_recpx##W(struct fpu *f, T a);                                                                     \
    T fpu_recps##W(struct fpu *f, T a, T b);                                                                \
    T fpu_rsqrts##W(struct fpu *f, T a, T b);

FPU_DECLARE(16, uint16_t)
FPU_DECLARE(32, uint32_t)
FPU_DECLARE(64, uint64_t)
#undef FPU_DECLARE

/* FPConvert: fpu_cvt_FROM_TO, with FPCR's rounding. The half formats honour FPCR.AHP and ignore FPCR.FZ16. */
uint32_t fpu_cvt_16_32(struct fpu *f, uint16_t a);
uint64_t fpu_cvt_16_64(struct fpu *f, uint16_t a);
uint16_t fpu_cvt_32_16(struct fpu *f, uint32_t a);
uint16_t fpu_cvt_64_16(struct fpu *f, uint64_t a);
uint64_t fpu_cvt_32_64_soft(struct fpu *f, uint32_t a);
uint32_t fpu_cvt_64_32_soft(struct fpu *f, uint64_t a);
/* FCVTXN: double to single, rounding to odd. */
uint32_t fpu_cvtx_64_32(struct fpu *f, uint64_t a);

/* FRINT32 and FRINT64: rounded to an integral value; NaNs and what isize (32, 64) bits do not hold give the
 * most negative one. */
uint32_t fpu_rintn32(struct fpu *f, uint32_t a, enum fpu_rounding r, unsigned isize);
uint64_t fpu_rintn64(struct fpu *f, uint64_t a, enum fpu_rounding r, unsigned isize);
/* FJCVTZS: towards zero, modulo 2^32. *exact: the value is that integer (minus zero is none). */
uint32_t fpu_tojs64(struct fpu *f, uint64_t a, bool *exact);
/* FMLAL: addend + a * b, the factors half precision, rounded once. */
uint32_t fpu_muladd_h(struct fpu *f, uint32_t addend, uint16_t a, uint16_t b);

/* BFloat16. fpu_bfdot: addend + (a[0] * b[0] + a[1] * b[1]) as BFDOT and BFMMLA compute it, whatever FPCR
 * says, without flags. */
uint16_t fpu_cvt_32_bf(struct fpu *f, uint32_t a);
uint32_t fpu_bfdot(uint32_t addend, const uint16_t a[2], const uint16_t b[2]);

/* UnsignedRecipEstimate and UnsignedRSqrtEstimate (URECPE, URSQRTE): integers, no flags. */
uint32_t fpu_urecpe(uint32_t a);
uint32_t fpu_ursqrte(uint32_t a);

/* VFPExpandImm: the 8-bit immediate of FMOV (immediate), Arm ARM shared/functions/float/vfpexpandimm. */
uint16_t fpu_expand_imm16(uint8_t imm8);
uint32_t fpu_expand_imm32(uint8_t imm8);
uint64_t fpu_expand_imm64(uint8_t imm8);

/* FPAbs and FPNeg touch the sign alone, of NaNs also. */
static inline uint16_t fpu_abs16(uint16_t a)
{
    return (uint16_t)(a & 0x7fffu);
}
static inline uint32_t fpu_abs32(uint32_t a)
{
    return a & 0x7fffffffu;
}
static inline uint64_t fpu_abs64(uint64_t a)
{
    return a & 0x7fffffffffffffffu;
}
static inline uint16_t fpu_neg16(uint16_t a)
{
    return (uint16_t)(a ^ 0x8000u);
}
static inline uint32_t fpu_neg32(uint32_t a)
{
    return a ^ 0x80000000u;
}
static inline uint64_t fpu_neg64(uint64_t a)
{
    return a ^ 0x8000000000000000u;
}

#include "models/cpu/fpu/fpu_fast.h"

#endif
