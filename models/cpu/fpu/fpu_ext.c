/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations that came after Armv8.2: FRINT32 and FRINT64, FJCVTZS, FMLAL, BFloat16.
 * Follows Arm ARM DDI 0487J, shared/functions/float: fproundintn, fptofixedjs, fpmuladdh, fpconvertbf,
 * bfloat.
 */
#include "models/cpu/fpu/fpu_core.h"

/* FPRoundIntN: what does not fit becomes the most negative integer, with IOC alone. r is the value as
 * FPRoundInt made it. */
CORE uint64_t round_int_n(struct fpu *f, struct fmt m, uint64_t r, unsigned isize, uint32_t fpsr)
{
    uint64_t sign = r & fmt_sign(m, true), mag = r ^ sign;
    uint64_t limit = (uint64_t)(m.bias + (int)isize - 1) << m.fbits;

    if (mag < limit || (sign && mag == limit))
        return r;
    f->fpsr = fpsr | FPU_FPSR_IOC;
    return fmt_sign(m, true) | limit;
}

uint32_t fpu_rintn32(struct fpu *f, uint32_t a, enum fpu_rounding r, unsigned isize)
{
    uint32_t fpsr = f->fpsr;

    return (uint32_t)round_int_n(f, FMT32, fpu_rint32_soft(f, a, r, true), isize, fpsr);
}

uint64_t fpu_rintn64(struct fpu *f, uint64_t a, enum fpu_rounding r, unsigned isize)
{
    uint32_t fpsr = f->fpsr;

    return round_int_n(f, FMT64, fpu_rint64_soft(f, a, r, true), isize, fpsr);
}

uint32_t fpu_tojs64(struct fpu *f, uint64_t a, bool *exact)
{
    struct unpacked u = fpu_unpack(f, FMT64, a);
    uint64_t magnitude = 0;
    bool fraction = false, overflow = true;

    *exact = false;
    switch (u.cls) {
    case CLS_ZERO: /* plus zero is exact; minus zero and a flushed number are not */
        *exact = a == 0;
        return 0;
    case CLS_NUM:
        if (u.exp < 0) {
            fraction = true;
            overflow = false;
        } else if (u.exp < 64) {
            magnitude = u.frac >> (63 - u.exp);
            fraction = u.exp < 63 && u.frac << (u.exp + 1);
            overflow = magnitude > (u.sign ? UINT64_C(1) << 31 : (UINT64_C(1) << 31) - 1);
        } else if (u.exp < 64 + 32) {
            magnitude = u.frac << (u.exp - 63); /* modulo 2^64: only its low 32 bits count */
        }
        break;
    default: /* infinities and NaNs */
        break;
    }
    if (overflow)
        f->fpsr |= FPU_FPSR_IOC;
    else if (fraction)
        f->fpsr |= FPU_FPSR_IXC;
    *exact = !overflow && !fraction;
    return (uint32_t)(u.sign ? -magnitude : magnitude);
}

/* Half to single, of all values exactly: NaNs keep their kind, for the operation that follows to look at. */
static uint32_t widen_half(const struct fpu *f, uint16_t a)
{
    struct fpu quiet = {.fz16 = f->fz16};
    struct unpacked u = fpu_unpack(&quiet, FMT16, a);

    switch (u.cls) {
    case CLS_ZERO:
        return (uint32_t)fmt_zero(FMT32, u.sign);
    case CLS_NUM:
        return (uint32_t)(fmt_sign(FMT32, u.sign) | (uint64_t)(u.exp + FMT32.bias - 1) << FMT32.fbits) +
               (uint32_t)(u.frac >> (63 - FMT32.fbits));
    default:
        return (uint32_t)(fmt_inf(FMT32, u.sign) | fmt_frac(FMT16, a) << (FMT32.fbits - FMT16.fbits));
    }
}

uint32_t fpu_muladd_h(struct fpu *f, uint32_t addend, uint16_t a, uint16_t b)
{
    return fpu_muladd32(f, addend, widen_half(f, a), widen_half(f, b));
}

/* ---- BFloat16: the upper half of a single ---- */

uint16_t fpu_cvt_32_bf(struct fpu *f, uint32_t a)
{
    const struct fmt bf = {32, 7, 255, 127}; /* in the low bits, but for the sign */
    struct unpacked u = fpu_unpack(f, FMT32, a);
    uint64_t r;

    switch (u.cls) {
    case CLS_SNAN:
        f->fpsr |= FPU_FPSR_IOC;
        /* fall through */
    case CLS_QNAN:
        return (uint16_t)((f->dn ? fmt_default_nan(FMT32) : a | UINT64_C(1) << (FMT32.fbits - 1)) >> 16);
    case CLS_INF:
        return (uint16_t)(a >> 16);
    case CLS_ZERO:
        return (uint16_t)(u.sign << 15);
    default:
        r = fpu_round_base(f, bf, u.sign, u.exp, u.frac, f->rmode, false);
        return (uint16_t)((r & low_mask(15)) | r >> 31 << 15);
    }
}

/* The arithmetic of dot products and matrices knows no FPCR and no FPSR: BFUnpack and BFRound flush
 * denormals, round to odd, give the default NaN, and overflow to infinity. */
static const struct fpu bf_control = {.rmode = FPU_ODD, .fz = true, .dn = true};

static uint32_t bf_finish(const struct fpu *f, uint32_t r)
{
    return f->fpsr & FPU_FPSR_OFC ? (uint32_t)fmt_inf(FMT32, r >> 31) : r;
}

static uint32_t bf_mul(uint16_t a, uint16_t b)
{
    struct fpu f = bf_control;
    uint32_t r = fpu_mul32_soft(&f, (uint32_t)a << 16, (uint32_t)b << 16);

    return bf_finish(&f, r);
}

static uint32_t bf_add(uint32_t a, uint32_t b)
{
    struct fpu f = bf_control;
    uint32_t r = fpu_add32_soft(&f, a, b);

    return bf_finish(&f, r);
}

uint32_t fpu_bfdot(uint32_t addend, const uint16_t a[2], const uint16_t b[2])
{
    return bf_add(addend, bf_add(bf_mul(a[0], b[0]), bf_mul(a[1], b[1])));
}
