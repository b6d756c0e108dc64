/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the oracle (fpu_oracle.c, compiled for AArch64 and run by qemu-aarch64) and the test of the library
 * (test_fpu_oracle.c) have in common: the list of operations, each as the instruction and as the library
 * call, and the deterministic stream of operands. Both sides draw the same stream, so only results travel.
 */
#ifndef TG_TESTS_MODELS_CPU_FPU_FPU_STREAM_H
#define TG_TESTS_MODELS_CPU_FPU_FPU_STREAM_H

#include <stdint.h>
#include <string.h>

/* Operand kinds: floating-point of width W in a, b, c; or a is an integer. */
enum { STREAM_FP, STREAM_INT };

/* What the oracle writes for each case. */
struct stream_result {
    uint64_t value; /* x0 after the instruction */
    uint32_t fpsr;
    uint32_t pad;
};

struct stream_case {
    uint64_t a, b, c;
    uint32_t fpcr, fpsr;
};

/*
 * OP(name, W, kind, text, fast, soft): text leaves the result in x0, from v1 to v3 or x1 = a. ALL(x) makes a
 * vector comparison's mask.
 */
#define D0        "\n fmov x0, d0"
#define ALL(W, x) ((x) ? ~UINT64_C(0) >> (64 - (W)) : 0)
#define STREAM_BIN(OP, W, P, insn, fn)                                               \
    OP(fn##W, W, STREAM_FP, insn " " P "0, " P "1, " P "2" D0, fpu_##fn##W(f, a, b), \
       fpu_##fn##W##_soft(f, a, b))
#define STREAM_ONE(OP, W, name, text, expr) OP(name, W, STREAM_FP, text, expr, expr)

#define STREAM_TO(OP, W, P, name, insn, uns, r)                                             \
    OP(name##_x_##W, W, STREAM_FP, insn " x0, " P "1", fpu_tofixed##W(f, a, 0, uns, r, 64), \
       fpu_tofixed##W##_soft(f, a, 0, uns, r, 64))                                          \
    OP(name##_w_##W, W, STREAM_FP, insn " w0, " P "1", fpu_tofixed##W(f, a, 0, uns, r, 32), \
       fpu_tofixed##W##_soft(f, a, 0, uns, r, 32))
#define STREAM_FIX(OP, W, P, n)                                                                            \
    STREAM_ONE(OP, W, fcvtzs_x##n##_##W, "fcvtzs x0, " P "1, #" #n,                                        \
               fpu_tofixed##W(f, a, n, false, FPU_RZ, 64))                                                 \
    STREAM_ONE(OP, W, fcvtzu_x##n##_##W, "fcvtzu x0, " P "1, #" #n,                                        \
               fpu_tofixed##W(f, a, n, true, FPU_RZ, 64))                                                  \
    STREAM_ONE(OP, W, fcvtzs_w##n##_##W, "fcvtzs w0, " P "1, #" #n,                                        \
               fpu_tofixed##W(f, a, n, false, FPU_RZ, 32))                                                 \
    STREAM_ONE(OP, W, fcvtzu_w##n##_##W, "fcvtzu w0, " P "1, #" #n,                                        \
               fpu_tofixed##W(f, a, n, true, FPU_RZ, 32))                                                  \
    OP(scvtf_x##n##_##W, W, STREAM_INT, "scvtf " P "0, x1, #" #n D0, fpu_fromfixed##W(f, a, n, false, 64), \
       fpu_fromfixed##W##_soft(f, a, n, false, 64))                                                        \
    OP(ucvtf_x##n##_##W, W, STREAM_INT, "ucvtf " P "0, x1, #" #n D0, fpu_fromfixed##W(f, a, n, true, 64),  \
       fpu_fromfixed##W##_soft(f, a, n, true, 64))                                                         \
    OP(scvtf_w##n##_##W, W, STREAM_INT, "scvtf " P "0, w1, #" #n D0, fpu_fromfixed##W(f, a, n, false, 32), \
       fpu_fromfixed##W##_soft(f, a, n, false, 32))                                                        \
    OP(ucvtf_w##n##_##W, W, STREAM_INT, "ucvtf " P "0, w1, #" #n D0, fpu_fromfixed##W(f, a, n, true, 32),  \
       fpu_fromfixed##W##_soft(f, a, n, true, 32))
#define STREAM_FROM(OP, W, P)                                                                   \
    OP(scvtf_x_##W, W, STREAM_INT, "scvtf " P "0, x1" D0, fpu_fromfixed##W(f, a, 0, false, 64), \
       fpu_fromfixed##W##_soft(f, a, 0, false, 64))                                             \
    OP(ucvtf_x_##W, W, STREAM_INT, "ucvtf " P "0, x1" D0, fpu_fromfixed##W(f, a, 0, true, 64),  \
       fpu_fromfixed##W##_soft(f, a, 0, true, 64))                                              \
    OP(scvtf_w_##W, W, STREAM_INT, "scvtf " P "0, w1" D0, fpu_fromfixed##W(f, a, 0, false, 32), \
       fpu_fromfixed##W##_soft(f, a, 0, false, 32))                                             \
    OP(ucvtf_w_##W, W, STREAM_INT, "ucvtf " P "0, w1" D0, fpu_fromfixed##W(f, a, 0, true, 32),  \
       fpu_fromfixed##W##_soft(f, a, 0, true, 32))
#define STREAM_RINT(OP, W, P, insn, r, exact)                                             \
    OP(insn##_##W, W, STREAM_FP, #insn " " P "0, " P "1" D0, fpu_rint##W(f, a, r, exact), \
       fpu_rint##W##_soft(f, a, r, exact))

#define STREAM_CMP(OP, W, P, insn, fn)                                                             \
    OP(insn##_##W, W, STREAM_FP, #insn " " P "0, " P "1, " P "2" D0, ALL(W, fpu_##fn##W(f, a, b)), \
       ALL(W, fpu_##fn##W##_soft(f, a, b)))
#define STREAM_CMP_ABS(OP, W, P, insn, fn)                            \
    STREAM_ONE(OP, W, insn##_##W, #insn " " P "0, " P "1, " P "2" D0, \
               ALL(W, fpu_##fn##W(f, fpu_abs##W(a), fpu_abs##W(b))))
#define NZCV "\n mrs x0, nzcv\n lsr x0, x0, #28"

#define STREAM_WIDTH(OP, W, P)                                                                        \
    STREAM_BIN(OP, W, P, "fadd", add)                                                                 \
    STREAM_BIN(OP, W, P, "fsub", sub)                                                                 \
    STREAM_BIN(OP, W, P, "fmul", mul)                                                                 \
    STREAM_BIN(OP, W, P, "fdiv", div)                                                                 \
    STREAM_BIN(OP, W, P, "fmax", max)                                                                 \
    STREAM_BIN(OP, W, P, "fmin", min)                                                                 \
    STREAM_BIN(OP, W, P, "fmaxnm", maxnm)                                                             \
    STREAM_BIN(OP, W, P, "fminnm", minnm)                                                             \
    OP(sqrt##W, W, STREAM_FP, "fsqrt " P "0, " P "1" D0, fpu_sqrt##W(f, a), fpu_sqrt##W##_soft(f, a)) \
    OP(fmadd##W, W, STREAM_FP, "fmadd " P "0, " P "1, " P "2, " P "3" D0, fpu_muladd##W(f, c, a, b),  \
       fpu_muladd##W##_soft(f, c, a, b))                                                              \
    OP(fnmadd##W, W, STREAM_FP, "fnmadd " P "0, " P "1, " P "2, " P "3" D0,                           \
       fpu_muladd##W(f, fpu_neg##W(c), fpu_neg##W(a), b),                                             \
       fpu_muladd##W##_soft(f, fpu_neg##W(c), fpu_neg##W(a), b))                                      \
    STREAM_ONE(OP, W, mulx##W, "fmulx " P "0, " P "1, " P "2" D0, fpu_mulx##W(f, a, b))               \
    STREAM_ONE(OP, W, abd##W, "fabd " P "0, " P "1, " P "2" D0, fpu_abd##W(f, a, b))                  \
    STREAM_ONE(OP, W, abs##W, "fabs " P "0, " P "1" D0, fpu_abs##W(a))                                \
    STREAM_ONE(OP, W, neg##W, "fneg " P "0, " P "1" D0, fpu_neg##W(a))                                \
    STREAM_ONE(OP, W, recpe##W, "frecpe " P "0, " P "1" D0, fpu_recpe##W(f, a))                       \
    STREAM_ONE(OP, W, rsqrte##W, "frsqrte " P "0, " P "1" D0, fpu_rsqrte##W(f, a))                    \
    STREAM_ONE(OP, W, recpx##W, "frecpx " P "0, " P "1" D0, fpu_recpx##W(f, a))                       \
    STREAM_ONE(OP, W, recps##W, "frecps " P "0, " P "1, " P "2" D0, fpu_recps##W(f, a, b))            \
    STREAM_ONE(OP, W, rsqrts##W, "frsqrts " P "0, " P "1, " P "2" D0, fpu_rsqrts##W(f, a, b))         \
    OP(fcmp##W, W, STREAM_FP, "fcmp " P "1, " P "2" NZCV, fpu_cmp##W(f, a, b, false),                 \
       fpu_cmp##W##_soft(f, a, b, false))                                                             \
    OP(fcmpe##W, W, STREAM_FP, "fcmpe " P "1, " P "2" NZCV, fpu_cmp##W(f, a, b, true),                \
       fpu_cmp##W##_soft(f, a, b, true))                                                              \
    STREAM_CMP(OP, W, P, fcmeq, cmpeq)                                                                \
    STREAM_CMP(OP, W, P, fcmge, cmpge)                                                                \
    STREAM_CMP(OP, W, P, fcmgt, cmpgt)                                                                \
    STREAM_CMP_ABS(OP, W, P, facge, cmpge)                                                            \
    STREAM_CMP_ABS(OP, W, P, facgt, cmpgt)                                                            \
    STREAM_RINT(OP, W, P, frintn, FPU_RN, false)                                                      \
    STREAM_RINT(OP, W, P, frintp, FPU_RP, false)                                                      \
    STREAM_RINT(OP, W, P, frintm, FPU_RM, false)                                                      \
    STREAM_RINT(OP, W, P, frintz, FPU_RZ, false)                                                      \
    STREAM_RINT(OP, W, P, frinta, FPU_RA, false)                                                      \
    STREAM_RINT(OP, W, P, frinti, f->rmode, false)                                                    \
    STREAM_RINT(OP, W, P, frintx, f->rmode, true)                                                     \
    STREAM_TO(OP, W, P, fcvtns, "fcvtns", false, FPU_RN)                                              \
    STREAM_TO(OP, W, P, fcvtnu, "fcvtnu", true, FPU_RN)                                               \
    STREAM_TO(OP, W, P, fcvtps, "fcvtps", false, FPU_RP)                                              \
    STREAM_TO(OP, W, P, fcvtms, "fcvtms", false, FPU_RM)                                              \
    STREAM_TO(OP, W, P, fcvtas, "fcvtas", false, FPU_RA)                                              \
    STREAM_TO(OP, W, P, fcvtau, "fcvtau", true, FPU_RA)                                               \
    STREAM_TO(OP, W, P, fcvtzs, "fcvtzs", false, FPU_RZ)                                              \
    STREAM_TO(OP, W, P, fcvtzu, "fcvtzu", true, FPU_RZ)                                               \
    STREAM_FIX(OP, W, P, 1)                                                                           \
    STREAM_FIX(OP, W, P, 15)                                                                          \
    STREAM_FIX(OP, W, P, 32)                                                                          \
    STREAM_FROM(OP, W, P)

#define STREAM_OPS(OP)                                                                                  \
    STREAM_WIDTH(OP, 64, "d")                                                                           \
    STREAM_WIDTH(OP, 32, "s")                                                                           \
    STREAM_WIDTH(OP, 16, "h")                                                                           \
    STREAM_ONE(OP, 64, fcvtzs_d63, "fcvtzs d0, d1, #63" D0, fpu_tofixed64(f, a, 63, false, FPU_RZ, 64)) \
    STREAM_ONE(OP, 16, fcvtzs_h, "fcvtzs h0, h1" D0, fpu_tofixed16(f, a, 0, false, FPU_RZ, 16))         \
    STREAM_ONE(OP, 16, fcvtau_h, "fcvtau h0, h1" D0, fpu_tofixed16(f, a, 0, true, FPU_RA, 16))          \
    STREAM_ONE(OP, 16, scvtf_h, "scvtf h0, h1" D0, fpu_fromfixed16(f, a, 0, false, 16))                 \
    STREAM_ONE(OP, 16, ucvtf_h16, "ucvtf h0, h1, #16" D0, fpu_fromfixed16(f, a, 16, true, 16))          \
    STREAM_ONE(OP, 16, fcvt_16_32, "fcvt s0, h1" D0, fpu_cvt_16_32(f, a))                               \
    STREAM_ONE(OP, 16, fcvt_16_64, "fcvt d0, h1" D0, fpu_cvt_16_64(f, a))                               \
    STREAM_ONE(OP, 32, fcvt_32_16, "fcvt h0, s1" D0, fpu_cvt_32_16(f, a))                               \
    STREAM_ONE(OP, 64, fcvt_64_16, "fcvt h0, d1" D0, fpu_cvt_64_16(f, a))                               \
    OP(fcvt_32_64, 32, STREAM_FP, "fcvt d0, s1" D0, fpu_cvt_32_64(f, a), fpu_cvt_32_64_soft(f, a))      \
    OP(fcvt_64_32, 64, STREAM_FP, "fcvt s0, d1" D0, fpu_cvt_64_32(f, a), fpu_cvt_64_32_soft(f, a))      \
    STREAM_ONE(OP, 64, fcvtxn, "fcvtxn s0, d1" D0, fpu_cvtx_64_32(f, a))                                \
    STREAM_ONE(OP, 32, urecpe, "urecpe v0.2s, v1.2s\n mov w0, v0.s[0]", fpu_urecpe(a))                  \
    STREAM_ONE(OP, 32, ursqrte, "ursqrte v0.2s, v1.2s\n mov w0, v0.s[0]", fpu_ursqrte(a))

/* SplitMix64. */
static inline uint64_t stream_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A floating-point operand of width w, biased towards the edges of the format; near is another operand. */
static inline uint64_t stream_fp(uint64_t *state, int w, uint64_t near)
{
    const int fbits = w == 64 ? 52 : w == 32 ? 23 : 10;
    const int emax = w == 64 ? 2047 : w == 32 ? 255 : 31;
    const uint64_t mask = ~UINT64_C(0) >> (64 - w);
    const uint64_t fmask = (UINT64_C(1) << fbits) - 1;
    uint64_t r = stream_random(state), q = stream_random(state), exp, frac;

    switch (r & 7) {
    case 0: /* anything */
    case 1:
        return q & mask;
    case 2: /* the corners */
        frac = (const uint64_t[]){
            0, 1, fmask, fmask - 1, (fmask >> 1) + 1, fmask >> 1, (fmask >> 1) + 2, 3}[q & 7];
        exp = (uint64_t[]){0, 1, 2, emax, emax - 1, emax / 2, emax / 2 + 1, emax / 2 - 1}[q >> 3 & 7];
        return (q >> 63) << (w - 1) | exp << fbits | frac;
    case 3: /* of moderate size, few bits set */
        exp = (uint64_t)(emax / 2) + (q & 15) - 8;
        frac = (r >> 8 & 3) == 0 ? 0 : fmask & ~(fmask >> (q >> 8 & 7)) & r << 11;
        frac ^= r >> 10 & 1;
        return (q >> 63) << (w - 1) | (exp & (uint64_t)emax) << fbits | (frac & fmask);
    case 4: /* of moderate size */
        exp = (uint64_t)(emax / 2) + (q & 63) - 16;
        return (q >> 63) << (w - 1) | (exp % (uint64_t)emax) << fbits | (q >> 6 & fmask);
    case 5: /* denormal, or small */
        exp = q & 3 ? 0 : q >> 2 & 31;
        return (q >> 63) << (w - 1) | exp << fbits | (q >> 7 & fmask) >> (r >> 8 & 7);
    case 6: /* close to the other operand, of either sign */
        return (near ^ (q >> 63) << (w - 1)) + (q & 3) - 1 == 0
                   ? near
                   : ((near ^ (q >> 63) << (w - 1)) + (q & 3) - 1) & mask;
    default: /* the other operand's exponent, about */
        exp = ((near >> fbits) + (q & 127) - 64) & (uint64_t)emax;
        return (q >> 63) << (w - 1) | exp << fbits | (q >> 7 & fmask & ~(r >> 16));
    }
}

/* An integer with about as many significant bits as any other. */
static inline uint64_t stream_int(uint64_t *state)
{
    uint64_t r = stream_random(state), v = stream_random(state);

    v >>= r & 63;
    v <<= r >> 6 & 15;
    if (r >> 12 & 1)
        v = -v;
    if ((r >> 13 & 7) == 0)
        v = (const uint64_t[]){0,          1,          ~UINT64_C(0), UINT64_C(1) << 63,
                               0x7fffffff, 0x80000000, 0xffffffff,   ~UINT64_C(0) >> 1}[r >> 16 & 7];
    return v;
}

static inline struct stream_case stream_next(uint64_t *state, int w, int kind)
{
    struct stream_case s;
    uint64_t r = stream_random(state);

    s.a = kind == STREAM_INT ? stream_int(state) : stream_fp(state, w, r);
    s.b = stream_fp(state, w, s.a);
    s.c = stream_fp(state, w, s.b);
    if ((r & 7) == 0 && w != 16) { /* an addend that nearly cancels the product */
        if (w == 64) {
            double x, y, z;

            memcpy(&x, &s.a, 8);
            memcpy(&y, &s.b, 8);
            z = -(x * y);
            memcpy(&s.c, &z, 8);
        } else {
            uint32_t ia = (uint32_t)s.a, ib = (uint32_t)s.b;
            float x, y, z;

            memcpy(&x, &ia, 4);
            memcpy(&y, &ib, 4);
            z = -(x * y);
            memcpy(&ia, &z, 4);
            s.c = ia;
        }
        /* A generated NaN differs between hosts. */
        if (w == 64 ? (s.c << 1) >> 53 == 2047 : (s.c << 33) >> 56 == 255)
            s.c = s.a;
    }
    /* Half of the cases in the default mode; else any of AHP, DN, FZ, RMode, FZ16. */
    s.fpcr = r >> 8 & 1 ? 0 : (uint32_t)(r >> 16) & 0x07c80000u;
    s.fpsr = r >> 9 & 1 ? 0x10 : 0;
    return s;
}

#endif
