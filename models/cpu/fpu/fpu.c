/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control state, the estimate tables, and the operations of fpu_ops.inc for each width, in integer
 * arithmetic alone. Conversions between formats are in fpu_convert.c.
 * Follows Arm ARM DDI 0487J, shared/functions/float.
 */
#include "models/cpu/fpu/fpu_core.h"

#define FPU_CAT_(a, b)        a##b
#define FPU_CAT(a, b)         FPU_CAT_(a, b)
#define FPU_CAT3_(a, b, c)    a##b##c
#define FPU_CAT3(a, b, c)     FPU_CAT3_(a, b, c)
#define FPU_CAT4_(a, b, c, d) a##b##c##d
#define FPU_CAT4(a, b, c, d)  FPU_CAT4_(a, b, c, d)

void fpu_init(struct fpu *f, bool has_fp16)
{
    *f = (struct fpu){0};
    f->fpcr_mask = FPU_FPCR_AHP | FPU_FPCR_DN | FPU_FPCR_FZ | FPU_FPCR_RMODE;
    if (has_fp16)
        f->fpcr_mask |= FPU_FPCR_FZ16;
    fpu_set_fpcr(f, 0);
}

void fpu_set_fpcr(struct fpu *f, uint32_t fpcr)
{
    fpcr &= f->fpcr_mask;
    f->fpcr = fpcr;
    f->rmode = (fpcr & FPU_FPCR_RMODE) >> FPU_FPCR_RMODE_SHIFT;
    f->fz = fpcr & FPU_FPCR_FZ;
    f->fz16 = fpcr & FPU_FPCR_FZ16;
    f->dn = fpcr & FPU_FPCR_DN;
    f->ahp = fpcr & FPU_FPCR_AHP;
    f->fast_ixc = f->rmode == FPU_RN && !f->fz ? FPU_FPSR_IXC : 0;
}

void fpu_set_fpsr(struct fpu *f, uint32_t fpsr)
{
    f->fpsr = fpsr & FPU_FPSR_MASK;
}

/* RecipEstimate: a is 1.8 fixed point, 256 to 511; so is the result. */
static unsigned fpu_recip_estimate(unsigned a)
{
    a = a * 2 + 1;
    return ((1u << 19) / a + 1) / 2;
}

/* RecipSqrtEstimate: a is 0.9 fixed point, 128 to 511; the result 1.8, 256 to 511. */
static unsigned fpu_rsqrt_estimate(unsigned a)
{
    uint64_t b = 512;

    if (a < 256)
        a = a * 2 + 1;
    else
        a = ((a & ~1u) + 1) * 2;
    while (a * (b + 1) * (b + 1) < UINT64_C(1) << 28)
        b++;
    return (unsigned)(b + 1) / 2;
}

uint32_t fpu_urecpe(uint32_t a)
{
    if (!(a >> 31))
        return 0xffffffffu;
    return (uint32_t)fpu_recip_estimate(a >> 23) << 23;
}

uint32_t fpu_ursqrte(uint32_t a)
{
    if (!(a >> 30))
        return 0xffffffffu;
    return (uint32_t)fpu_rsqrt_estimate(a >> 23) << 23;
}

#define W 16
#define T uint16_t
#include "models/cpu/fpu/fpu_ops.inc"

#define W 32
#define T uint32_t
#include "models/cpu/fpu/fpu_ops.inc"

#define W 64
#define T uint64_t
#include "models/cpu/fpu/fpu_ops.inc"
