/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fast paths of models/cpu/fpu on the host's FPU; included by fpu.h, not to be included alone.
 *
 * A host operation rounds to nearest even, keeps denormals, and tells us nothing about flags (reading them
 * back costs more than the operation). Its result is the guest's when, together,
 *   - the guest rounds to nearest even and does not flush denormals (fast_ixc is not zero),
 *   - the result is finite and larger than the smallest normal number, so that nothing overflowed,
 * underflowed (the Arm rule looks before rounding: hence larger, not equal) or was a NaN,
 *   - and Inexact, the only flag left that could be raised, is set already.
 * That is the inline test. Else fpu_*_second (fpu_host.c) looks for the other cases in which the host is
 * right (exact results while IXC is clear, zeros, FPCR.FZ without denormals), and falls back on fpu_*_soft.
 *
 * Half precision always takes the integer path.
 */
#ifndef TG_MODELS_CPU_FPU_FPU_FAST_H
#define TG_MODELS_CPU_FPU_FPU_FAST_H

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
#error "models/cpu/fpu needs a host that evaluates float and double in their own precision"
#endif

#define FPU_LIKELY(x) __builtin_expect(!!(x), 1)

static inline float fpu_host_from32(uint32_t v)
{
    float x;

    memcpy(&x, &v, sizeof x);
    return x;
}
static inline uint32_t fpu_host_to32(float x)
{
    uint32_t v;

    memcpy(&v, &x, sizeof v);
    return v;
}
static inline double fpu_host_from64(uint64_t v)
{
    double x;

    memcpy(&x, &v, sizeof x);
    return x;
}
static inline uint64_t fpu_host_to64(double x)
{
    uint64_t v;

    memcpy(&v, &x, sizeof v);
    return v;
}

/* Finite and in magnitude above the smallest normal number. */
static inline bool fpu_host_safe32(uint32_t r)
{
    return (r & 0x7fffffffu) - 0x00800001u < 0x7f800000u - 0x00800001u;
}
static inline bool fpu_host_safe64(uint64_t r)
{
    return (r & 0x7fffffffffffffffu) - 0x0010000000000001u < 0x7ff0000000000000u - 0x0010000000000001u;
}

/* Square root without errno. */
static inline float fpu_host_sqrt32(float x)
{
#if defined(__SSE2__)
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
#else
    return __builtin_sqrtf(x);
#endif
}
static inline double fpu_host_sqrt64(double x)
{
#if defined(__SSE2__)
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x)));
#else
    return __builtin_sqrt(x);
#endif
}

/* addend + a * b with one rounding; only where fpu_host_has_fma() is true. */
#if defined(__FMA__) || defined(__aarch64__)
static inline bool fpu_host_has_fma(void)
{
    return true;
}
static inline float fpu_host_fma32(float addend, float a, float b)
{
    return __builtin_fmaf(a, b, addend);
}
static inline double fpu_host_fma64(double addend, double a, double b)
{
    return __builtin_fma(a, b, addend);
}
#else
#if defined(__x86_64__)
static inline bool fpu_host_has_fma(void)
{
    return __builtin_cpu_supports("fma");
}
#else
static inline bool fpu_host_has_fma(void)
{
    return false;
}
#endif
float fpu_host_fma32(float addend, float a, float b);
double fpu_host_fma64(double addend, double a, double b);
#endif

/*
 * fpu_try_*: the inline test alone. True: *r is the result, and no flag is raised. False: nothing has
 * happened, and the function without try_ has to be called.
 */
#define FPU_TRY(W, T, name, operator)                                          \
    static inline bool fpu_try_##name##W(const struct fpu *f, T a, T b, T *r)  \
    {                                                                          \
        *r = fpu_host_to##W(fpu_host_from##W(a) operator fpu_host_from##W(b)); \
        return FPU_LIKELY((f->fpsr & f->fast_ixc) && fpu_host_safe##W(*r));    \
    }
#define FPU_FAST_ARITH(W, T)                                                                         \
    FPU_TRY(W, T, add, +)                                                                            \
    FPU_TRY(W, T, sub, -)                                                                            \
    FPU_TRY(W, T, mul, *)                                                                            \
    FPU_TRY(W, T, div, /)                                                                            \
    static inline bool fpu_try_sqrt##W(const struct fpu *f, T a, T *r)                               \
    {                                                                                                \
        *r = fpu_host_to##W(fpu_host_sqrt##W(fpu_host_from##W(a)));                                  \
        return FPU_LIKELY((f->fpsr & f->fast_ixc) && fpu_host_safe##W(*r));                          \
    }                                                                                                \
    static inline bool fpu_try_muladd##W(const struct fpu *f, T addend, T a, T b, T *r)              \
    {                                                                                                \
        if (!FPU_LIKELY((f->fpsr & f->fast_ixc) && fpu_host_has_fma()))                              \
            return false;                                                                            \
        *r = fpu_host_to##W(                                                                         \
            fpu_host_fma##W(fpu_host_from##W(addend), fpu_host_from##W(a), fpu_host_from##W(b)));    \
        return FPU_LIKELY(fpu_host_safe##W(*r));                                                     \
    }                                                                                                \
                                                                                                     \
    T fpu_add##W##_second(struct fpu *f, T a, T b);                                                  \
    T fpu_sub##W##_second(struct fpu *f, T a, T b);                                                  \
    T fpu_mul##W##_second(struct fpu *f, T a, T b);                                                  \
    T fpu_div##W##_second(struct fpu *f, T a, T b);                                                  \
    T fpu_sqrt##W##_second(struct fpu *f, T a);                                                      \
    T fpu_muladd##W##_second(struct fpu *f, T addend, T a, T b);                                     \
                                                                                                     \
    static inline T fpu_add##W(struct fpu *f, T a, T b)                                              \
    {                                                                                                \
        T r;                                                                                         \
                                                                                                     \
        return fpu_try_add##W(f, a, b, &r) ? r : fpu_add##W##_second(f, a, b);                       \
    }                                                                                                \
    static inline T fpu_sub##W(struct fpu *f, T a, T b)                                              \
    {                                                                                                \
        T r;                                                                                         \
                                                                                                     \
        return fpu_try_sub##W(f, a, b, &r) ? r : fpu_sub##W##_second(f, a, b);                       \
    }                                                                                                \
    static inline T fpu_mul##W(struct fpu *f, T a, T b)                                              \
    {                                                                                                \
        T r;                                                                                         \
                                                                                                     \
        return fpu_try_mul##W(f, a, b, &r) ? r : fpu_mul##W##_second(f, a, b);                       \
    }                                                                                                \
    static inline T fpu_div##W(struct fpu *f, T a, T b)                                              \
    {                                                                                                \
        T r;                                                                                         \
                                                                                                     \
        return fpu_try_div##W(f, a, b, &r) ? r : fpu_div##W##_second(f, a, b);                       \
    }                                                                                                \
    static inline T fpu_sqrt##W(struct fpu *f, T a)                                                  \
    {                                                                                                \
        T r;                                                                                         \
                                                                                                     \
        return fpu_try_sqrt##W(f, a, &r) ? r : fpu_sqrt##W##_second(f, a);                           \
    }                                                                                                \
    static inline T fpu_muladd##W(struct fpu *f, T addend, T a, T b)                                 \
    {                                                                                                \
        T r;                                                                                         \
                                                                                                     \
        return fpu_try_muladd##W(f, addend, a, b, &r) ? r : fpu_muladd##W##_second(f, addend, a, b); \
    }

FPU_FAST_ARITH(32, uint32_t)
FPU_FAST_ARITH(64, uint64_t)
#undef FPU_FAST_ARITH
#undef FPU_TRY

#define FPU_FAST(W, T)                                                                                      \
    /* Ordered operands need no flag when denormals count; a host comparison with a NaN is false. */        \
    static inline T fpu_max##W(struct fpu *f, T a, T b)                                                     \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz)) {                                                                           \
            if (fpu_host_from##W(a) > fpu_host_from##W(b))                                                  \
                return a;                                                                                   \
            if (fpu_host_from##W(a) < fpu_host_from##W(b))                                                  \
                return b;                                                                                   \
        }                                                                                                   \
        return fpu_max##W##_soft(f, a, b);                                                                  \
    }                                                                                                       \
    static inline T fpu_min##W(struct fpu *f, T a, T b)                                                     \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz)) {                                                                           \
            if (fpu_host_from##W(a) < fpu_host_from##W(b))                                                  \
                return a;                                                                                   \
            if (fpu_host_from##W(a) > fpu_host_from##W(b))                                                  \
                return b;                                                                                   \
        }                                                                                                   \
        return fpu_min##W##_soft(f, a, b);                                                                  \
    }                                                                                                       \
    static inline T fpu_maxnm##W(struct fpu *f, T a, T b)                                                   \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz)) {                                                                           \
            if (fpu_host_from##W(a) > fpu_host_from##W(b))                                                  \
                return a;                                                                                   \
            if (fpu_host_from##W(a) < fpu_host_from##W(b))                                                  \
                return b;                                                                                   \
        }                                                                                                   \
        return fpu_maxnm##W##_soft(f, a, b);                                                                \
    }                                                                                                       \
    static inline T fpu_minnm##W(struct fpu *f, T a, T b)                                                   \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz)) {                                                                           \
            if (fpu_host_from##W(a) < fpu_host_from##W(b))                                                  \
                return a;                                                                                   \
            if (fpu_host_from##W(a) > fpu_host_from##W(b))                                                  \
                return b;                                                                                   \
        }                                                                                                   \
        return fpu_minnm##W##_soft(f, a, b);                                                                \
    }                                                                                                       \
    static inline unsigned fpu_cmp##W(struct fpu *f, T a, T b, bool signal_all_nans)                        \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz)) {                                                                           \
            if (fpu_host_from##W(a) < fpu_host_from##W(b))                                                  \
                return FPU_NZCV_LT;                                                                         \
            if (fpu_host_from##W(a) > fpu_host_from##W(b))                                                  \
                return FPU_NZCV_GT;                                                                         \
            if (fpu_host_from##W(a) == fpu_host_from##W(b))                                                 \
                return FPU_NZCV_EQ;                                                                         \
        }                                                                                                   \
        return fpu_cmp##W##_soft(f, a, b, signal_all_nans);                                                 \
    }                                                                                                       \
    static inline bool fpu_cmpeq##W(struct fpu *f, T a, T b)                                                \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz && !__builtin_isunordered(fpu_host_from##W(a), fpu_host_from##W(b))))         \
            return fpu_host_from##W(a) == fpu_host_from##W(b);                                              \
        return fpu_cmpeq##W##_soft(f, a, b);                                                                \
    }                                                                                                       \
    static inline bool fpu_cmpge##W(struct fpu *f, T a, T b)                                                \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz && !__builtin_isunordered(fpu_host_from##W(a), fpu_host_from##W(b))))         \
            return fpu_host_from##W(a) >= fpu_host_from##W(b);                                              \
        return fpu_cmpge##W##_soft(f, a, b);                                                                \
    }                                                                                                       \
    static inline bool fpu_cmpgt##W(struct fpu *f, T a, T b)                                                \
    {                                                                                                       \
        if (FPU_LIKELY(!f->fz && !__builtin_isunordered(fpu_host_from##W(a), fpu_host_from##W(b))))         \
            return fpu_host_from##W(a) > fpu_host_from##W(b);                                               \
        return fpu_cmpgt##W##_soft(f, a, b);                                                                \
    }                                                                                                       \
    /* Truncation to an integer: exact, or inexact with IXC set already (FZ off: a denormal is inexact). */ \
    static inline uint64_t fpu_tofixed##W(struct fpu *f, T a, unsigned fbits, bool is_unsigned,             \
                                          enum fpu_rounding r, unsigned isize)                              \
    {                                                                                                       \
        if (FPU_LIKELY(fbits == 0 && r == FPU_RZ && isize >= 32)) {                                         \
            __typeof__(fpu_host_from##W(0)) x = fpu_host_from##W(a);                                        \
                                                                                                            \
            if (FPU_LIKELY(x > -0x1p63f && x < 0x1p63f)) {                                                  \
                int64_t i = (int64_t)x;                                                                     \
                bool fits = isize == 64   ? !is_unsigned || i >= 0                                          \
                            : is_unsigned ? (uint32_t)i == i                                                \
                                          : (int32_t)i == i;                                                \
                                                                                                            \
                if (FPU_LIKELY(fits && ((f->fpsr & f->fast_ixc) || (__typeof__(x))i == x)))                 \
                    return isize == 64 ? (uint64_t)i : (uint32_t)i;                                         \
            }                                                                                               \
        }                                                                                                   \
        return fpu_tofixed##W##_soft(f, a, fbits, is_unsigned, r, isize);                                   \
    }

FPU_FAST(32, uint32_t)
FPU_FAST(64, uint64_t)
#undef FPU_FAST

/*
 * Round to integral. Below 2^(precision - 1) in magnitude adding and subtracting that number rounds to
 * nearest even; the directed modes correct the truncated value. Zeros keep the operand's sign. Inexact is
 * left to the integer code while it would be news.
 */
#define FPU_FAST_RINT(W, T, F, LIMIT)                                                \
    static inline T fpu_rint##W(struct fpu *f, T a, enum fpu_rounding r, bool exact) \
    {                                                                                \
        F mag = fpu_host_from##W(fpu_abs##W(a)), t;                                  \
                                                                                     \
        if (FPU_LIKELY(mag < LIMIT && !f->fz && r != FPU_RA)) {                      \
            if (r == FPU_RN) {                                                       \
                t = (mag + LIMIT) - LIMIT;                                           \
            } else {                                                                 \
                F whole = (F)(int64_t)mag;                                           \
                bool away = r == (a >> (W - 1) ? FPU_RM : FPU_RP);                   \
                                                                                     \
                t = whole + (F)(away && whole < mag);                                \
            }                                                                        \
            if (FPU_LIKELY(!exact || t == mag || (f->fpsr & FPU_FPSR_IXC)))          \
                return fpu_host_to##W(t) | (a ^ fpu_abs##W(a));                      \
        }                                                                            \
        return fpu_rint##W##_soft(f, a, r, exact);                                   \
    }

FPU_FAST_RINT(32, uint32_t, float, 0x1p23f)
FPU_FAST_RINT(64, uint64_t, double, 0x1p52)
#undef FPU_FAST_RINT

/* From integers: never zero sign trouble, never below normal. */
static inline uint64_t fpu_fromfixed64(struct fpu *f, uint64_t v, unsigned fbits, bool is_unsigned,
                                       unsigned isize)
{
    if (FPU_LIKELY(fbits == 0)) {
        if (isize == 32)
            return is_unsigned ? fpu_host_to64((double)(uint32_t)v) : fpu_host_to64((double)(int32_t)v);
        if (isize == 64 && (!is_unsigned || !(v >> 63)) &&
            ((f->fpsr & f->fast_ixc) || v + (UINT64_C(1) << 53) <= UINT64_C(1) << 54))
            return fpu_host_to64((double)(int64_t)v);
    }
    return fpu_fromfixed64_soft(f, v, fbits, is_unsigned, isize);
}
static inline uint32_t fpu_fromfixed32(struct fpu *f, uint64_t v, unsigned fbits, bool is_unsigned,
                                       unsigned isize)
{
    if (FPU_LIKELY(fbits == 0 && isize >= 32)) {
        int64_t i = isize == 64 ? (int64_t)v : is_unsigned ? (int64_t)(uint32_t)v : (int64_t)(int32_t)v;

        if ((isize != 64 || !is_unsigned || i >= 0) &&
            ((f->fpsr & f->fast_ixc) || (uint64_t)i + (1u << 24) <= 1u << 25))
            return fpu_host_to32((float)i);
    }
    return fpu_fromfixed32_soft(f, v, fbits, is_unsigned, isize);
}

/* A normal number widens exactly. */
static inline uint64_t fpu_cvt_32_64(struct fpu *f, uint32_t a)
{
    if (FPU_LIKELY((a & 0x7fffffffu) - 0x00800000u < 0x7f800000u - 0x00800000u))
        return fpu_host_to64((double)fpu_host_from32(a));
    return fpu_cvt_32_64_soft(f, a);
}
static inline uint32_t fpu_cvt_64_32(struct fpu *f, uint64_t a)
{
    float x = (float)fpu_host_from64(a);
    uint32_t r = fpu_host_to32(x);

    if (FPU_LIKELY(fpu_host_safe32(r) && ((f->fpsr & f->fast_ixc) || (double)x == fpu_host_from64(a))))
        return r;
    return fpu_cvt_64_32_soft(f, a);
}

#define FPU_ALIAS2(name, R)                                           \
    static inline R fpu_##name(struct fpu *f, uint16_t a, uint16_t b) \
    {                                                                 \
        return fpu_##name##_soft(f, a, b);                            \
    }
FPU_ALIAS2(add16, uint16_t)
FPU_ALIAS2(sub16, uint16_t)
FPU_ALIAS2(mul16, uint16_t)
FPU_ALIAS2(div16, uint16_t)
FPU_ALIAS2(max16, uint16_t)
FPU_ALIAS2(min16, uint16_t)
FPU_ALIAS2(maxnm16, uint16_t)
FPU_ALIAS2(minnm16, uint16_t)
FPU_ALIAS2(cmpeq16, bool)
FPU_ALIAS2(cmpge16, bool)
FPU_ALIAS2(cmpgt16, bool)
#undef FPU_ALIAS2
static inline uint16_t fpu_sqrt16(struct fpu *f, uint16_t a)
{
    return fpu_sqrt16_soft(f, a);
}
static inline uint16_t fpu_muladd16(struct fpu *f, uint16_t addend, uint16_t a, uint16_t b)
{
    return fpu_muladd16_soft(f, addend, a, b);
}
static inline uint16_t fpu_rint16(struct fpu *f, uint16_t a, enum fpu_rounding r, bool exact)
{
    return fpu_rint16_soft(f, a, r, exact);
}
static inline unsigned fpu_cmp16(struct fpu *f, uint16_t a, uint16_t b, bool signal_all_nans)
{
    return fpu_cmp16_soft(f, a, b, signal_all_nans);
}
static inline uint64_t fpu_tofixed16(struct fpu *f, uint16_t a, unsigned fbits, bool is_unsigned,
                                     enum fpu_rounding r, unsigned isize)
{
    return fpu_tofixed16_soft(f, a, fbits, is_unsigned, r, isize);
}
static inline uint16_t fpu_fromfixed16(struct fpu *f, uint64_t v, unsigned fbits, bool is_unsigned,
                                       unsigned isize)
{
    return fpu_fromfixed16_soft(f, v, fbits, is_unsigned, isize);
}

/* FABD: the difference, then the sign off, of a NaN too. */
static inline uint16_t fpu_abd16(struct fpu *f, uint16_t a, uint16_t b)
{
    return fpu_abs16(fpu_sub16(f, a, b));
}
static inline uint32_t fpu_abd32(struct fpu *f, uint32_t a, uint32_t b)
{
    return fpu_abs32(fpu_sub32(f, a, b));
}
static inline uint64_t fpu_abd64(struct fpu *f, uint64_t a, uint64_t b)
{
    return fpu_abs64(fpu_sub64(f, a, b));
}

#endif
