/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to models/cpu/fpu: unpacking, rounding and NaN rules, written once for all formats.
 *
 * Every function takes the format as a constant and is inlined, so that each width gets code of its own.
 * Follows Arm ARM DDI 0487J, shared/functions/float.
 */
#ifndef TG_MODELS_CPU_FPU_FPU_CORE_H
#define TG_MODELS_CPU_FPU_FPU_CORE_H

#include "models/cpu/fpu/fpu.h"

#define CORE static inline __attribute__((always_inline))

typedef unsigned __int128 u128;

/* An IEEE 754 interchange format. */
struct fmt {
    int width; /* bits in all */
    int fbits; /* fraction bits, without the hidden one */
    int emax;  /* the biased exponent of infinities and NaNs */
    int bias;
};

#define FMT16 ((struct fmt){16, 10, 31, 15})
#define FMT32 ((struct fmt){32, 23, 255, 127})
#define FMT64 ((struct fmt){64, 52, 2047, 1023})

enum cls { CLS_ZERO, CLS_NUM, CLS_INF, CLS_QNAN, CLS_SNAN };

/* A value taken apart. For CLS_NUM: frac * 2^(exp - 63), bit 63 of frac set. */
struct unpacked {
    uint64_t frac;
    int exp;
    enum cls cls;
    bool sign;
};

CORE uint64_t low_mask(unsigned n)
{
    return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

CORE uint64_t fmt_sign(struct fmt m, bool sign)
{
    return (uint64_t)sign << (m.width - 1);
}

CORE uint64_t fmt_zero(struct fmt m, bool sign)
{
    return fmt_sign(m, sign);
}

CORE uint64_t fmt_inf(struct fmt m, bool sign)
{
    return fmt_sign(m, sign) | (uint64_t)m.emax << m.fbits;
}

CORE uint64_t fmt_max_normal(struct fmt m, bool sign)
{
    return fmt_inf(m, sign) - 1;
}

CORE uint64_t fmt_default_nan(struct fmt m)
{
    return fmt_inf(m, false) | UINT64_C(1) << (m.fbits - 1);
}

/* Biased exponent and fraction of a bit pattern. */
CORE int fmt_exp(struct fmt m, uint64_t v)
{
    return (int)(v >> m.fbits) & m.emax;
}

CORE uint64_t fmt_frac(struct fmt m, uint64_t v)
{
    return v & low_mask((unsigned)m.fbits);
}

/* Shift right; the bits that fall out are or-ed into bit 0, so that a later rounding still sees them. */
CORE uint64_t shift_right_jam(uint64_t v, unsigned n)
{
    if (n == 0)
        return v;
    if (n >= 64)
        return v != 0;
    return v >> n | ((v << (64 - n)) != 0);
}

CORE u128 shift_right_jam128(u128 v, unsigned n)
{
    if (n == 0)
        return v;
    if (n >= 128)
        return v != 0;
    return v >> n | ((v << (128 - n)) != 0);
}

/*
 * FPUnpack; with cv set FPUnpackCV, the variant for conversions between formats (FZ16 ignored, AHP honoured).
 * A flushed input denormal sets IDC for single and double, and nothing for half (A1.5.2).
 */
CORE struct unpacked fpu_unpack_base(struct fpu *f, struct fmt m, uint64_t v, bool cv)
{
    struct unpacked u = {0, 0, CLS_NUM, v >> (m.width - 1) & 1};
    int exp = fmt_exp(m, v);
    uint64_t frac = fmt_frac(m, v);

    if (exp == 0) {
        bool flush = m.width == 16 ? f->fz16 && !cv : f->fz;

        if (frac == 0) {
            u.cls = CLS_ZERO;
        } else if (flush) {
            u.cls = CLS_ZERO;
            if (m.width != 16)
                f->fpsr |= FPU_FPSR_IDC;
        } else {
            int lz = __builtin_clzll(frac);

            u.frac = frac << lz;
            u.exp = 64 - m.fbits - m.bias - lz;
        }
    } else if (exp == m.emax && !(m.width == 16 && cv && f->ahp)) {
        if (frac == 0)
            u.cls = CLS_INF;
        else
            u.cls = frac >> (m.fbits - 1) ? CLS_QNAN : CLS_SNAN;
    } else {
        u.frac = (frac | UINT64_C(1) << m.fbits) << (63 - m.fbits);
        u.exp = exp - m.bias;
    }
    return u;
}

CORE struct unpacked fpu_unpack(struct fpu *f, struct fmt m, uint64_t v)
{
    return fpu_unpack_base(f, m, v, false);
}

CORE bool is_nan(struct unpacked u)
{
    return u.cls >= CLS_QNAN;
}

/* FPProcessNaN. */
CORE uint64_t fpu_process_nan(struct fpu *f, struct fmt m, struct unpacked u, uint64_t v)
{
    if (u.cls == CLS_SNAN) {
        f->fpsr |= FPU_FPSR_IOC;
        v |= UINT64_C(1) << (m.fbits - 1);
    }
    return f->dn ? fmt_default_nan(m) : v;
}

/* FPProcessNaNs: signalling before quiet, then the first operand. At least one of the two is a NaN. */
CORE uint64_t fpu_process_nans(struct fpu *f, struct fmt m, struct unpacked ua, struct unpacked ub,
                               uint64_t a, uint64_t b)
{
    if (ua.cls == CLS_SNAN)
        return fpu_process_nan(f, m, ua, a);
    if (ub.cls == CLS_SNAN)
        return fpu_process_nan(f, m, ub, b);
    if (ua.cls == CLS_QNAN)
        return fpu_process_nan(f, m, ua, a);
    return fpu_process_nan(f, m, ub, b);
}

CORE uint64_t fpu_invalid(struct fpu *f, struct fmt m)
{
    f->fpsr |= FPU_FPSR_IOC;
    return fmt_default_nan(m);
}

/*
 * What rounding does to a magnitude: given whether the kept part is odd, and what was cut off (rem) against
 * half a unit in the last place. Rounding to odd is the caller's.
 */
CORE bool round_up(int rmode, bool sign, bool odd, uint64_t rem, uint64_t half)
{
    switch (rmode) {
    case FPU_RN:
        return rem > half || (rem == half && odd);
    case FPU_RP:
        return rem != 0 && !sign;
    case FPU_RM:
        return rem != 0 && sign;
    case FPU_RA:
        return rem >= half;
    default: /* FPU_RZ, FPU_ODD */
        return false;
    }
}

CORE bool overflow_to_inf(int rmode, bool sign)
{
    switch (rmode) {
    case FPU_RN:
    case FPU_RA:
        return true;
    case FPU_RP:
        return !sign;
    case FPU_RM:
        return sign;
    default:
        return false;
    }
}

/*
 * FPRoundBase: packs frac * 2^(exp - 63), bit 63 of frac set, bit 0 sticky. cv: FPRoundCV (FZ16 ignored, AHP
 * honoured). Underflow and flushing are decided before rounding.
 */
CORE uint64_t fpu_round_base(struct fpu *f, struct fmt m, bool sign, int exp, uint64_t frac, int rmode,
                             bool cv)
{
    const unsigned shift = (unsigned)(63 - m.fbits);
    const uint64_t half = UINT64_C(1) << (shift - 1);
    const bool ahp = m.width == 16 && cv && f->ahp;
    int biased = exp + m.bias;
    uint64_t mant, rem, mag;

    if (biased <= 0) {
        if (m.width == 16 ? f->fz16 && !cv : f->fz) {
            f->fpsr |= FPU_FPSR_UFC;
            return fmt_zero(m, sign);
        }
        frac = shift_right_jam(frac, (unsigned)(1 - biased));
        biased = 1; /* the hidden bit is clear, so adding the mantissa below leaves exponent 0 */
        if (frac & low_mask(shift))
            f->fpsr |= FPU_FPSR_UFC;
    }
    mant = frac >> shift;
    rem = frac & low_mask(shift);
    if (rmode == FPU_ODD)
        mant |= rem != 0;
    else
        mant += round_up(rmode, sign, mant & 1, rem, half);
    mag = ((uint64_t)(biased - 1) << m.fbits) + mant;
    if (ahp) {
        if (mag > low_mask(15)) {
            f->fpsr |= FPU_FPSR_IOC;
            return fmt_sign(m, sign) | low_mask(15);
        }
    } else if (mag >= (uint64_t)m.emax << m.fbits) {
        f->fpsr |= FPU_FPSR_OFC | FPU_FPSR_IXC;
        return overflow_to_inf(rmode, sign) ? fmt_inf(m, sign) : fmt_max_normal(m, sign);
    }
    if (rem)
        f->fpsr |= FPU_FPSR_IXC;
    return fmt_sign(m, sign) | mag;
}

/* FPRound with FPCR's mode. */
CORE uint64_t fpu_round(struct fpu *f, struct fmt m, bool sign, int exp, uint64_t frac)
{
    return fpu_round_base(f, m, sign, exp, frac, f->rmode, false);
}

/* The same from 128 bits: v * 2^(exp - 127), v not zero, bit 127 not necessarily set. */
CORE uint64_t fpu_round128(struct fpu *f, struct fmt m, bool sign, int exp, u128 v)
{
    uint64_t hi = (uint64_t)(v >> 64);
    int lz = hi ? __builtin_clzll(hi) : 64 + __builtin_clzll((uint64_t)v);

    v <<= lz;
    return fpu_round(f, m, sign, exp - lz, (uint64_t)(v >> 64) | ((uint64_t)v != 0));
}

#endif
