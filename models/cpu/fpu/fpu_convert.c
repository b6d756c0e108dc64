/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversions between the formats: FPConvert and the round-to-odd form of FCVTXN.
 * Follows Arm ARM DDI 0487J, shared/functions/float/fpconvert.
 */
#include "models/cpu/fpu/fpu_core.h"

/* FPConvertNaN: the top of the payload is kept, the quiet bit set. */
CORE uint64_t convert_nan(struct fmt from, struct fmt to, uint64_t v)
{
    uint64_t payload = fmt_frac(from, v);

    if (from.fbits > to.fbits)
        payload >>= from.fbits - to.fbits;
    else
        payload <<= to.fbits - from.fbits;
    return fmt_inf(to, v >> (from.width - 1) & 1) | payload | UINT64_C(1) << (to.fbits - 1);
}

CORE uint64_t convert(struct fpu *f, struct fmt from, struct fmt to, uint64_t v, int rmode)
{
    struct unpacked u = fpu_unpack_base(f, from, v, true);
    bool ahp = to.width == 16 && f->ahp;

    switch (u.cls) {
    case CLS_QNAN:
    case CLS_SNAN:
        if (u.cls == CLS_SNAN || ahp)
            f->fpsr |= FPU_FPSR_IOC;
        if (ahp) /* the alternative format has no NaNs */
            return fmt_zero(to, u.sign);
        return f->dn ? fmt_default_nan(to) : convert_nan(from, to, v);
    case CLS_INF:
        if (ahp) { /* nor infinities */
            f->fpsr |= FPU_FPSR_IOC;
            return fmt_sign(to, u.sign) | low_mask(15);
        }
        return fmt_inf(to, u.sign);
    case CLS_ZERO:
        return fmt_zero(to, u.sign);
    default:
        return fpu_round_base(f, to, u.sign, u.exp, u.frac, rmode, true);
    }
}

uint32_t fpu_cvt_16_32(struct fpu *f, uint16_t a)
{
    return (uint32_t)convert(f, FMT16, FMT32, a, f->rmode);
}

uint64_t fpu_cvt_16_64(struct fpu *f, uint16_t a)
{
    return convert(f, FMT16, FMT64, a, f->rmode);
}

uint16_t fpu_cvt_32_16(struct fpu *f, uint32_t a)
{
    return (uint16_t)convert(f, FMT32, FMT16, a, f->rmode);
}

uint16_t fpu_cvt_64_16(struct fpu *f, uint64_t a)
{
    return (uint16_t)convert(f, FMT64, FMT16, a, f->rmode);
}

uint64_t fpu_cvt_32_64_soft(struct fpu *f, uint32_t a)
{
    return convert(f, FMT32, FMT64, a, f->rmode);
}

uint32_t fpu_cvt_64_32_soft(struct fpu *f, uint64_t a)
{
    return (uint32_t)convert(f, FMT64, FMT32, a, f->rmode);
}

uint32_t fpu_cvtx_64_32(struct fpu *f, uint64_t a)
{
    return (uint32_t)convert(f, FMT64, FMT32, a, FPU_ODD);
}
