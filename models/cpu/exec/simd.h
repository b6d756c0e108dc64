/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How integer Advanced SIMD handlers are stamped out. A handler is a loop over lanes with the element type
 * and the vector length as constants, so that the compiler unrolls and vectorises it. Expressions see: S and
 * U (signed and unsigned element type), W and UW (twice as wide), BITS, i, a = element of rn, b = element of
 * rm, d = old element of rd (all U), and c, op.
 */
#ifndef TG_CPU_EXEC_SIMD_H
#define TG_CPU_EXEC_SIMD_H

#include "models/cpu/exec/exec.h"

#define SIMD_TYPES(bits)                              \
    typedef int##bits##_t S __attribute__((unused));  \
    typedef uint##bits##_t U __attribute__((unused)); \
    enum { BITS = bits }

/* Lane arrays by element width. */
#define LANE8(v)  ((v)->b)
#define LANE16(v) ((v)->h)
#define LANE32(v) ((v)->s)
#define LANE64(v) ((v)->d)

/* rd = expr for each lane; bytes is 8 or 16; the rest of rd is zero. */
#define SIMD_MAP(name, bytes, bits, expr)                                          \
    OPV(name)                                                                      \
    {                                                                              \
        SIMD_TYPES(bits);                                                          \
        union cpu_vreg r = {.d = {0, 0}};                                          \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm), *vd = VR(rd);             \
        (void)vm, (void)vd;                                                        \
        for (unsigned i = 0; i < (bytes)*8 / bits; i++) {                          \
            U a = LANE##bits(vn)[i], b = LANE##bits(vm)[i], d = LANE##bits(vd)[i]; \
            (void)a, (void)b, (void)d;                                             \
            LANE##bits(&r)[i] = (U)(expr);                                         \
        }                                                                          \
        *VR(rd) = r;                                                               \
        return true;                                                               \
    }

/* clang-format off */
/* Handlers name_<q:size>, sizes 8 to 64 (name_3 does not exist as an encoding). */
#define SIMD_MAP_Q(name, expr)           \
    SIMD_MAP(name##_0, 8, 8, expr)       \
    SIMD_MAP(name##_1, 8, 16, expr)      \
    SIMD_MAP(name##_2, 8, 32, expr)      \
    SIMD_MAP(name##_3, 8, 64, expr)      \
    SIMD_MAP(name##_4, 16, 8, expr)      \
    SIMD_MAP(name##_5, 16, 16, expr)     \
    SIMD_MAP(name##_6, 16, 32, expr)     \
    SIMD_MAP(name##_7, 16, 64, expr)
/* Scalar handlers name_s_<size>. */
#define SIMD_MAP_S(name, expr)           \
    SIMD_MAP(name##_s_0, 1, 8, expr)     \
    SIMD_MAP(name##_s_1, 2, 16, expr)    \
    SIMD_MAP(name##_s_2, 4, 32, expr)    \
    SIMD_MAP(name##_s_3, 8, 64, expr)
/* clang-format on */

/* Lane arrays of twice the element width. */
#define WIDE8(v)  ((v)->h)
#define WIDE16(v) ((v)->s)
#define WIDE32(v) ((v)->d)

/* Doubling multiplies, high half; and accumulated. Before saturation. */
#define DMULH(round) (((__int128)2 * (S)a * (S)b + ((round) ? (__int128)1 << (BITS - 1) : 0)) >> BITS)
#define RDML(sign)                                                            \
    (((__int128)(S)d * ((__int128)1 << BITS) sign(__int128) 2 * (S)a * (S)b + \
      ((__int128)1 << (BITS - 1))) >>                                         \
     BITS)

/* ---- saturation ---- */

TG_INLINE int64_t simd_ssat(struct cpu *c, __int128 v, unsigned bits)
{
    int64_t max = (int64_t)tg_ones(bits - 1), min = -max - 1;

    if (v > max || v < min) {
        c->arch.fpu.fpsr |= FPU_FPSR_QC;
        return v > max ? max : min;
    }
    return (int64_t)v;
}

TG_INLINE uint64_t simd_usat(struct cpu *c, __int128 v, unsigned bits)
{
    uint64_t max = tg_ones(bits);

    if (v < 0 || v > (__int128)max) {
        c->arch.fpu.fpsr |= FPU_FPSR_QC;
        return v < 0 ? 0 : max;
    }
    return (uint64_t)v;
}

/* ---- shifts by register: the low byte of b, signed; negative is right ---- */

TG_INLINE __int128 simd_shl_any(__int128 v, int sh, bool rounding)
{
    if (sh >= 0)
        return (__int128)((unsigned __int128)v << (sh > 64 ? 64 : sh)); /* 64: beyond any element */
    sh = -sh;
    if (rounding)
        return sh > 65 ? 0 : (v + ((__int128)1 << (sh - 1))) >> sh;
    return sh > 65 ? (v < 0 ? -1 : 0) : v >> sh;
}

/* Shift left that may overflow 64 bits: saturating forms clamp first. */
TG_INLINE int64_t simd_sqshl(struct cpu *c, int64_t v, int sh, unsigned bits, bool rounding)
{
    if (sh >= (int)bits)
        return v == 0 ? 0 : simd_ssat(c, v > 0 ? (__int128)1 << 100 : -((__int128)1 << 100), bits);
    return simd_ssat(c, simd_shl_any(v, sh, rounding), bits);
}

TG_INLINE uint64_t simd_uqshl(struct cpu *c, uint64_t v, int sh, unsigned bits, bool rounding)
{
    if (sh >= (int)bits)
        return v == 0 ? 0 : simd_usat(c, (__int128)1 << 100, bits);
    return simd_usat(c, simd_shl_any((__int128)v, sh, rounding), bits);
}

#endif
