/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of fpu.h over the lanes of a vector, lane 0 first (which matters for nothing but the reader:
 * the flags are cumulative). d may be n or m. lanes is 1 to 128 / W; lanes above are not touched.
 *
 * Follows Arm ARM DDI 0487J, C7.2. One job: loop, with the host's vectors where that gives the same result
 * and flags (see fpu_fast.h). Pairwise and across-lane forms keep the manual's order of operands, which
 * decides which NaN comes through.
 */
#ifndef TG_MODELS_CPU_FPU_FPU_VEC_H
#define TG_MODELS_CPU_FPU_FPU_VEC_H

#include "models/cpu/fpu/fpu.h"

/* Elementwise with two operands: d[i] = op(n[i], m[i]). Comparisons give all ones or zero. */
#define FPU_VEC_BINARY(X) \
    X(add)                \
    X(sub)                \
    X(mul)                \
    X(div)                \
    X(mulx)               \
    X(max)                \
    X(min)                \
    X(maxnm)              \
    X(minnm)              \
    X(abd)                \
    X(recps)              \
    X(rsqrts)             \
    X(cmpeq)              \
    X(cmpge)              \
    X(cmpgt)              \
    X(acge)               \
    X(acgt)

/* Pairs and across: the operation over neighbours of n:m (d[i], lanes in all), and the tree over all of n. */
#define FPU_VEC_PAIRWISE(X) \
    X(add)                  \
    X(max)                  \
    X(min)                  \
    X(maxnm)                \
    X(minnm)

/* Elementwise with one operand. The last five compare with zero: n == 0, n >= 0, n > 0, 0 >= n, 0 > n. */
#define FPU_VEC_UNARY(X) \
    X(abs)               \
    X(neg)               \
    X(sqrt)              \
    X(recpe)             \
    X(rsqrte)            \
    X(cmpeq0)            \
    X(cmpge0)            \
    X(cmpgt0)            \
    X(cmple0)            \
    X(cmplt0)

#define FPU_VEC_DECLARE(W, T)                                                                               \
    /* d[i] = d[i] + n[i] * m[i], and with -n[i]. */                                                        \
    void fpu_vmla##W(struct fpu *f, T *d, const T *n, const T *m, unsigned lanes);                          \
    void fpu_vmls##W(struct fpu *f, T *d, const T *n, const T *m, unsigned lanes);                          \
    void fpu_vrint##W(struct fpu *f, T *d, const T *n, unsigned lanes, enum fpu_rounding r, bool exact);    \
    void fpu_vtofixed##W(struct fpu *f, T *d, const T *n, unsigned lanes, unsigned fbits, bool is_unsigned, \
                         enum fpu_rounding r);                                                              \
    void fpu_vfromfixed##W(struct fpu *f, T *d, const T *n, unsigned lanes, unsigned fbits, bool is_unsigned);
FPU_VEC_DECLARE(16, uint16_t)
FPU_VEC_DECLARE(32, uint32_t)
FPU_VEC_DECLARE(64, uint64_t)
#undef FPU_VEC_DECLARE

#define X(op)                                                                                               \
    void fpu_v##op##16(struct fpu * f, uint16_t * d, const uint16_t *n, const uint16_t *m, unsigned lanes); \
    void fpu_v##op##32(struct fpu * f, uint32_t * d, const uint32_t *n, const uint32_t *m, unsigned lanes); \
    void fpu_v##op##64(struct fpu * f, uint64_t * d, const uint64_t *n, const uint64_t *m, unsigned lanes);
FPU_VEC_BINARY(X)
#undef X

#define X(op)                                                                                                \
    void fpu_vp##op##16(struct fpu * f, uint16_t * d, const uint16_t *n, const uint16_t *m, unsigned lanes); \
    void fpu_vp##op##32(struct fpu * f, uint32_t * d, const uint32_t *n, const uint32_t *m, unsigned lanes); \
    void fpu_vp##op##64(struct fpu * f, uint64_t * d, const uint64_t *n, const uint64_t *m, unsigned lanes); \
    uint16_t fpu_vr##op##16(struct fpu * f, const uint16_t *n, unsigned lanes);                              \
    uint32_t fpu_vr##op##32(struct fpu * f, const uint32_t *n, unsigned lanes);
FPU_VEC_PAIRWISE(X)
#undef X

#define X(op)                                                                            \
    void fpu_v##op##16(struct fpu * f, uint16_t * d, const uint16_t *n, unsigned lanes); \
    void fpu_v##op##32(struct fpu * f, uint32_t * d, const uint32_t *n, unsigned lanes); \
    void fpu_v##op##64(struct fpu * f, uint64_t * d, const uint64_t *n, unsigned lanes);
FPU_VEC_UNARY(X)
#undef X

#endif
