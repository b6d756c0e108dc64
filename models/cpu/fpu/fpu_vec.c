/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of fpu.h over the lanes of a vector: see fpu_vec.h. Arm ARM DDI 0487J, C7.2. */
#include "models/cpu/fpu/fpu_vec.h"

/* Host vectors of 128 bits. */
typedef float v4f __attribute__((vector_size(16)));
typedef double v2d __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));
typedef uint64_t v2u __attribute__((vector_size(16)));

/* Four singles; or two, twice over, so that they can be looked at as four. */
static inline v4f load4(const uint32_t *p, unsigned lanes)
{
    v4f v;
    uint64_t half;

    if (lanes == 4) {
        memcpy(&v, p, sizeof v);
        return v;
    }
    memcpy(&half, p, sizeof half);
    return (v4f)(v2u){half, half};
}

static inline void store4(uint32_t *d, v4f r, unsigned lanes)
{
    if (lanes == 4)
        memcpy(d, &r, 16);
    else
        memcpy(d, &r, 8);
}

static inline v2d load2(const uint64_t *p)
{
    v2d v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline bool all_ones(v2u m)
{
    return FPU_LIKELY((m[0] & m[1]) == ~UINT64_C(0));
}

/* fpu_host_safe of every lane; stores r if so. */
static inline bool store4_safe(uint32_t *d, v4f r, unsigned lanes)
{
    v4i mag = (v4i)r & 0x7fffffff;

    if (!all_ones((v2u)((mag > 0x00800000) & (mag < 0x7f800000))))
        return false;
    store4(d, r, lanes);
    return true;
}

static inline bool store2_safe(uint64_t *d, v2d r)
{
    v2u bits = (v2u)r;

    if (!FPU_LIKELY(fpu_host_safe64(bits[0]) && fpu_host_safe64(bits[1])))
        return false;
    memcpy(d, &r, sizeof r);
    return true;
}

/* Ordered lanes without denormals to flush raise nothing: maximum, minimum, and comparisons as masks. */
#define ORDERED(a, b)   all_ones((v2u)(((a) < (b)) | ((a) >= (b))))
#define DIFFERENT(a, b) all_ones((v2u)(((a) < (b)) | ((a) > (b))))
static inline v4f select4(v4i mask, v4f a, v4f b)
{
    return (v4f)((mask & (v4i)a) | (~mask & (v4i)b));
}

#if defined(__x86_64__) && !defined(__FMA__)
#define FMA_TARGET __attribute__((target("fma")))
#else
#define FMA_TARGET
#endif

/* d + n * m in the lanes of a whole register; false: not safe, nothing written. */
FMA_TARGET static bool host_mla4(uint32_t *d, const uint32_t *n, const uint32_t *m, unsigned lanes,
                                 bool negate)
{
    v4f a = load4(n, lanes), b = load4(m, lanes), c = load4(d, lanes), r = c;

    if (negate)
        a = -a;
    for (int i = 0; i < 4; i++)
        r[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return store4_safe(d, r, lanes);
}

FMA_TARGET static bool host_mla2(uint64_t *d, const uint64_t *n, const uint64_t *m, bool negate)
{
    v2d a = load2(n), b = load2(m), c = load2(d), r = c;

    if (negate)
        a = -a;
    for (int i = 0; i < 2; i++)
        r[i] = __builtin_fma(a[i], b[i], c[i]);
    return store2_safe(d, r);
}

static inline bool host_max4(uint32_t *d, const uint32_t *n, const uint32_t *m, unsigned lanes, bool min)
{
    v4f a = load4(n, lanes), b = load4(m, lanes);

    if (!DIFFERENT(a, b))
        return false;
    store4(d, min ? select4(a < b, a, b) : select4(a > b, a, b), lanes);
    return true;
}

static inline bool host_cmp4(uint32_t *d, v4f a, v4f b, v4i r, unsigned lanes)
{
    if (!ORDERED(a, b))
        return false;
    store4(d, (v4f)r, lanes);
    return true;
}

/* What is tried on the host's vectors before the loop over lanes. */
#define HOST(expr) ((f->fpsr & f->fast_ixc) && (expr))
#define TRY_ARITH_32(operator) \
    lanes > 1 && HOST(store4_safe(d, load4(n, lanes) operator load4(m, lanes), lanes))
#define TRY_ARITH_64(operator) lanes == 2 && HOST(store2_safe(d, load2(n) operator load2(m)))
#define TRY_ARITH_16(operator) false
#define TRY_MLA_32(negate)     lanes > 1 && fpu_host_has_fma() && HOST(host_mla4(d, n, m, lanes, negate))
#define TRY_MLA_64(negate)     lanes == 2 && fpu_host_has_fma() && HOST(host_mla2(d, n, m, negate))
#define TRY_MLA_16(negate)     false
#define TRY_MAX_32(min)        lanes > 1 && !f->fz && host_max4(d, n, m, lanes, min)
#define TRY_MAX_64(min)        false
#define TRY_MAX_16(min)        false
#define TRY_CMP_32(operator) \
    lanes > 1 && !f->fz &&   \
        host_cmp4(d, load4(n, lanes), load4(m, lanes), load4(n, lanes) operator load4(m, lanes), lanes)
#define TRY_CMP_64(operator) false
#define TRY_CMP_16(operator) false

#define MASK(T, x) ((x) ? (T) ~(T)0 : (T)0)

#define BINARY(name, W, T, try_host, expr)                                           \
    void fpu_v##name##W(struct fpu *f, T *d, const T *n, const T *m, unsigned lanes) \
    {                                                                                \
        if (try_host)                                                                \
            return;                                                                  \
        for (unsigned i = 0; i < lanes; i++) {                                       \
            T a = n[i], b = m[i];                                                    \
                                                                                     \
            d[i] = (T)(expr);                                                        \
        }                                                                            \
    }
#define UNARY(name, W, T, expr)                                          \
    void fpu_v##name##W(struct fpu *f, T *d, const T *n, unsigned lanes) \
    {                                                                    \
        (void)f;                                                         \
        for (unsigned i = 0; i < lanes; i++) {                           \
            T a = n[i];                                                  \
                                                                         \
            d[i] = (T)(expr);                                            \
        }                                                                \
    }
#define PAIRWISE(name, W, T)                                                          \
    void fpu_vp##name##W(struct fpu *f, T *d, const T *n, const T *m, unsigned lanes) \
    {                                                                                 \
        T r[128 / W] = {0};                                                           \
                                                                                      \
        for (unsigned i = 0; i < lanes / 2; i++) {                                    \
            r[i] = fpu_##name##W(f, n[2 * i], n[2 * i + 1]);                          \
            r[lanes / 2 + i] = fpu_##name##W(f, m[2 * i], m[2 * i + 1]);              \
        }                                                                             \
        memcpy(d, r, lanes * sizeof(T));                                              \
    }
/* Reduce (shared/functions/vector): halves first, then the lower against the upper. */
#define REDUCE(name, W, T)                                       \
    T fpu_vr##name##W(struct fpu *f, const T *n, unsigned lanes) \
    {                                                            \
        T lo, hi;                                                \
                                                                 \
        if (lanes == 1)                                          \
            return n[0];                                         \
        lo = fpu_vr##name##W(f, n, lanes / 2);                   \
        hi = fpu_vr##name##W(f, n + lanes / 2, lanes / 2);       \
        return fpu_##name##W(f, lo, hi);                         \
    }

#define WIDTH(W, T)                                                                                         \
    BINARY(add, W, T, TRY_ARITH_##W(+), fpu_add##W(f, a, b))                                                \
    BINARY(sub, W, T, TRY_ARITH_##W(-), fpu_sub##W(f, a, b))                                                \
    BINARY(mul, W, T, TRY_ARITH_##W(*), fpu_mul##W(f, a, b))                                                \
    BINARY(div, W, T, TRY_ARITH_##W(/), fpu_div##W(f, a, b))                                                \
    BINARY(mla, W, T, TRY_MLA_##W(false), fpu_muladd##W(f, d[i], a, b))                                     \
    BINARY(mls, W, T, TRY_MLA_##W(true), fpu_muladd##W(f, d[i], fpu_neg##W(a), b))                          \
    BINARY(mulx, W, T, false, fpu_mulx##W(f, a, b))                                                         \
    BINARY(max, W, T, TRY_MAX_##W(false), fpu_max##W(f, a, b))                                              \
    BINARY(min, W, T, TRY_MAX_##W(true), fpu_min##W(f, a, b))                                               \
    BINARY(maxnm, W, T, TRY_MAX_##W(false), fpu_maxnm##W(f, a, b))                                          \
    BINARY(minnm, W, T, TRY_MAX_##W(true), fpu_minnm##W(f, a, b))                                           \
    BINARY(abd, W, T, false, fpu_abd##W(f, a, b))                                                           \
    BINARY(recps, W, T, false, fpu_recps##W(f, a, b))                                                       \
    BINARY(rsqrts, W, T, false, fpu_rsqrts##W(f, a, b))                                                     \
    BINARY(cmpeq, W, T, TRY_CMP_##W(==), MASK(T, fpu_cmpeq##W(f, a, b)))                                    \
    BINARY(cmpge, W, T, TRY_CMP_##W(>=), MASK(T, fpu_cmpge##W(f, a, b)))                                    \
    BINARY(cmpgt, W, T, TRY_CMP_##W(>), MASK(T, fpu_cmpgt##W(f, a, b)))                                     \
    BINARY(acge, W, T, false, MASK(T, fpu_cmpge##W(f, fpu_abs##W(a), fpu_abs##W(b))))                       \
    BINARY(acgt, W, T, false, MASK(T, fpu_cmpgt##W(f, fpu_abs##W(a), fpu_abs##W(b))))                       \
    UNARY(abs, W, T, fpu_abs##W(a))                                                                         \
    UNARY(neg, W, T, fpu_neg##W(a))                                                                         \
    UNARY(sqrt, W, T, fpu_sqrt##W(f, a))                                                                    \
    UNARY(recpe, W, T, fpu_recpe##W(f, a))                                                                  \
    UNARY(rsqrte, W, T, fpu_rsqrte##W(f, a))                                                                \
    UNARY(cmpeq0, W, T, MASK(T, fpu_cmpeq##W(f, a, 0)))                                                     \
    UNARY(cmpge0, W, T, MASK(T, fpu_cmpge##W(f, a, 0)))                                                     \
    UNARY(cmpgt0, W, T, MASK(T, fpu_cmpgt##W(f, a, 0)))                                                     \
    UNARY(cmple0, W, T, MASK(T, fpu_cmpge##W(f, 0, a)))                                                     \
    UNARY(cmplt0, W, T, MASK(T, fpu_cmpgt##W(f, 0, a)))                                                     \
    PAIRWISE(add, W, T)                                                                                     \
    PAIRWISE(max, W, T)                                                                                     \
    PAIRWISE(min, W, T)                                                                                     \
    PAIRWISE(maxnm, W, T)                                                                                   \
    PAIRWISE(minnm, W, T)                                                                                   \
    void fpu_vrint##W(struct fpu *f, T *d, const T *n, unsigned lanes, enum fpu_rounding r, bool exact)     \
    {                                                                                                       \
        for (unsigned i = 0; i < lanes; i++)                                                                \
            d[i] = fpu_rint##W(f, n[i], r, exact);                                                          \
    }                                                                                                       \
    void fpu_vtofixed##W(struct fpu *f, T *d, const T *n, unsigned lanes, unsigned fbits, bool is_unsigned, \
                         enum fpu_rounding r)                                                               \
    {                                                                                                       \
        for (unsigned i = 0; i < lanes; i++)                                                                \
            d[i] = (T)fpu_tofixed##W(f, n[i], fbits, is_unsigned, r, W);                                    \
    }                                                                                                       \
    void fpu_vfromfixed##W(struct fpu *f, T *d, const T *n, unsigned lanes, unsigned fbits,                 \
                           bool is_unsigned)                                                                \
    {                                                                                                       \
        for (unsigned i = 0; i < lanes; i++)                                                                \
            d[i] = fpu_fromfixed##W(f, n[i], fbits, is_unsigned, W);                                        \
    }

WIDTH(16, uint16_t)
WIDTH(32, uint32_t)
WIDTH(64, uint64_t)

#define REDUCES(op) REDUCE(op, 16, uint16_t) REDUCE(op, 32, uint32_t)
FPU_VEC_PAIRWISE(REDUCES)
