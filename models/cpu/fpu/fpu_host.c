/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second look at the host's FPU: cases the inline tests of fpu_fast.h turn away although the host is
 * right.
 *   - IXC is clear, and the result is exact: nothing is raised. Programs that compute with small integers in
 *     floating point never set IXC and would otherwise never be fast.
 *   - The result is zero because operands are.
 *   - FPCR.FZ is set, and no operand is denormal.
 * Everything else goes on to the integer code in fpu.c. See fpu_fast.h for why the host's result is the
 * guest's.
 */
#include "models/cpu/fpu/fpu.h"

#if !defined(__FMA__) && !defined(__aarch64__)
#if defined(__x86_64__)
__attribute__((target("fma"))) float fpu_host_fma32(float addend, float a, float b)
{
    return __builtin_fmaf(a, b, addend);
}
__attribute__((target("fma"))) double fpu_host_fma64(double addend, double a, double b)
{
    return __builtin_fma(a, b, addend);
}
#else
/* Never called: fpu_host_has_fma() is false. */
float fpu_host_fma32(float addend, float a, float b)
{
    return a * b + addend;
}
double fpu_host_fma64(double addend, double a, double b)
{
    return a * b + addend;
}
#endif
#endif

static bool is_denormal32(uint32_t v)
{
    return (v & 0x7f800000u) == 0 && (v & 0x007fffffu) != 0;
}
static bool is_denormal64(uint64_t v)
{
    return (v & 0x7ff0000000000000u) == 0 && (v & 0x000fffffffffffffu) != 0;
}
static bool is_zero32(uint32_t v)
{
    return (v & 0x7fffffffu) == 0;
}
static bool is_zero64(uint64_t v)
{
    return (v & 0x7fffffffffffffffu) == 0;
}

/* Is a * b == r exactly? Never true wrongly, sometimes false wrongly. */
static bool exact_product32(uint32_t a, uint32_t b, uint32_t r)
{
    return (double)fpu_host_from32(a) * (double)fpu_host_from32(b) == (double)fpu_host_from32(r);
}
static bool exact_product64(uint64_t a, uint64_t b, uint64_t r)
{
    const uint64_t hidden = UINT64_C(1) << 52;

    /* Two significands of 53 bits whose product's significant bits cannot exceed 53. */
    return fpu_host_safe64(r) && __builtin_ctzll(a | hidden) + __builtin_ctzll(b | hidden) >= 53 &&
           fpu_host_from64(a) * fpu_host_from64(b) == fpu_host_from64(r);
}

#define SECOND(W, T, F)                                                                                \
    /* May the host look at these operands at all? */                                                  \
    static bool host_may##W(const struct fpu *f, T a, T b)                                             \
    {                                                                                                  \
        return f->rmode == FPU_RN && !(f->fz && (is_denormal##W(a) || is_denormal##W(b)));             \
    }                                                                                                  \
    T fpu_add##W##_second(struct fpu *f, T a, T b)                                                     \
    {                                                                                                  \
        F x = fpu_host_from##W(a), y = fpu_host_from##W(b);                                            \
        F z = x + y;                                                                                   \
        T r = fpu_host_to##W(z);                                                                       \
                                                                                                       \
        if (host_may##W(f, a, b)) {                                                                    \
            if (is_zero##W(r)) /* a sum never underflows to zero */                                    \
                return r;                                                                              \
            if (fpu_host_safe##W(r)) {                                                                 \
                F t = z - x;                                                                           \
                                                                                                       \
                /* Knuth's two-sum: the error term is exact; an overflow on the way makes it a NaN. */ \
                if ((f->fpsr & FPU_FPSR_IXC) || (x - (z - t)) + (y - t) == 0)                          \
                    return r;                                                                          \
            }                                                                                          \
        }                                                                                              \
        return fpu_add##W##_soft(f, a, b);                                                             \
    }                                                                                                  \
    T fpu_sub##W##_second(struct fpu *f, T a, T b)                                                     \
    {                                                                                                  \
        F x = fpu_host_from##W(a), y = -fpu_host_from##W(b);                                           \
        F z = x + y;                                                                                   \
        T r = fpu_host_to##W(z);                                                                       \
                                                                                                       \
        if (host_may##W(f, a, b)) {                                                                    \
            if (is_zero##W(r))                                                                         \
                return r;                                                                              \
            if (fpu_host_safe##W(r)) {                                                                 \
                F t = z - x;                                                                           \
                                                                                                       \
                if ((f->fpsr & FPU_FPSR_IXC) || (x - (z - t)) + (y - t) == 0)                          \
                    return r;                                                                          \
            }                                                                                          \
        }                                                                                              \
        return fpu_sub##W##_soft(f, a, b);                                                             \
    }                                                                                                  \
    T fpu_mul##W##_second(struct fpu *f, T a, T b)                                                     \
    {                                                                                                  \
        T r = fpu_host_to##W(fpu_host_from##W(a) * fpu_host_from##W(b));                               \
                                                                                                       \
        if (host_may##W(f, a, b)) {                                                                    \
            if (is_zero##W(r) && (is_zero##W(a) || is_zero##W(b)))                                     \
                return r;                                                                              \
            if (fpu_host_safe##W(r) && ((f->fpsr & FPU_FPSR_IXC) || exact_product##W(a, b, r)))        \
                return r;                                                                              \
        }                                                                                              \
        return fpu_mul##W##_soft(f, a, b);                                                             \
    }                                                                                                  \
    T fpu_div##W##_second(struct fpu *f, T a, T b)                                                     \
    {                                                                                                  \
        T r = fpu_host_to##W(fpu_host_from##W(a) / fpu_host_from##W(b));                               \
                                                                                                       \
        if (host_may##W(f, a, b)) {                                                                    \
            if (is_zero##W(r) && is_zero##W(a))                                                        \
                return r;                                                                              \
            if (fpu_host_safe##W(r) && ((f->fpsr & FPU_FPSR_IXC) || exact_product##W(r, b, a)))        \
                return r;                                                                              \
        }                                                                                              \
        return fpu_div##W##_soft(f, a, b);                                                             \
    }                                                                                                  \
    T fpu_sqrt##W##_second(struct fpu *f, T a)                                                         \
    {                                                                                                  \
        T r = fpu_host_to##W(fpu_host_sqrt##W(fpu_host_from##W(a)));                                   \
                                                                                                       \
        if (host_may##W(f, a, a) && fpu_host_safe##W(r) &&                                             \
            ((f->fpsr & FPU_FPSR_IXC) || exact_product##W(r, r, a)))                                   \
            return r;                                                                                  \
        return fpu_sqrt##W##_soft(f, a);                                                               \
    }

SECOND(32, uint32_t, float)
SECOND(64, uint64_t, double)

/*
 * Single precision needs no host FMA: the product is exact in double, and the rounded sum rounds again to the
 * right single unless it lies exactly between two singles (rounding is monotonic).
 */
uint32_t fpu_muladd32_second(struct fpu *f, uint32_t addend, uint32_t a, uint32_t b)
{
    double p = (double)fpu_host_from32(a) * (double)fpu_host_from32(b);
    double c = (double)fpu_host_from32(addend);
    double s = p + c;
    uint32_t r = fpu_host_to32((float)s);

    if (host_may32(f, a, b) && !(f->fz && is_denormal32(addend))) {
        if (s == 0 && p == 0 && c == 0)
            return r;
        if (fpu_host_safe32(r) && (fpu_host_to64(s) & 0x1fffffffu) != 0x10000000u) {
            double t = s - p;

            if ((f->fpsr & FPU_FPSR_IXC) || ((double)fpu_host_from32(r) == s && (p - (s - t)) + (c - t) == 0))
                return r;
        }
    }
    return fpu_muladd32_soft(f, addend, a, b);
}

uint64_t fpu_muladd64_second(struct fpu *f, uint64_t addend, uint64_t a, uint64_t b)
{
    double x = fpu_host_from64(a), y = fpu_host_from64(b), c = fpu_host_from64(addend);
    double p = x * y;
    double s = p + c;
    double t = s - p;
    uint64_t r = fpu_host_to64(s);

    if (host_may64(f, a, b) && !(f->fz && is_denormal64(addend))) {
        if (is_zero64(r) && (is_zero64(a) || is_zero64(b)) && is_zero64(addend))
            return r;
        /* Both steps exact: so is their composition. */
        if (fpu_host_safe64(fpu_host_to64(p)) && fpu_host_safe64(r) &&
            exact_product64(a, b, fpu_host_to64(p)) && (p - (s - t)) + (c - t) == 0)
            return r;
        if ((f->fpsr & FPU_FPSR_IXC) && fpu_host_has_fma()) {
            r = fpu_host_to64(fpu_host_fma64(c, x, y));
            if (fpu_host_safe64(r))
                return r;
        }
    }
    return fpu_muladd64_soft(f, addend, a, b);
}
