/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar floating point: Arm ARM DDI 0487J C4.1.97. Encodings: decode/fp.decode. The arithmetic, its NaN
 * rules and flags are models/cpu/fpu's; here operands are fetched and results put in place.
 */
#include "models/cpu/exec/exec.h"

/* clang-format off */

#define F (&c->arch.fpu)
/* Scalar operands, and the scalar result, which clears the rest of the register. */
#define SH(f) (VR(f)->h[0])
#define SS(f) (VR(f)->s[0])
#define SD(f) (VR(f)->d[0])
#define PUT(v)                   \
    do {                         \
        uint64_t put_ = (v);     \
                                 \
        VR(rd)->d[0] = put_;     \
        VR(rd)->d[1] = 0;        \
    } while (0)

/* A handler of an instruction that compilers seldom emit: the timing model is called, not inlined, to keep code small. */
static __attribute__((noinline, unused)) void TG_FN(fp_issue)(struct cpu *c, const struct cpu_op *op)
{
    pipe_issue(c, op);
}
#define OPV_COLD(name)                                                                              \
    TG_INLINE bool TG_FN(body_##name)(struct cpu *c, const struct cpu_op *op);                      \
    void TG_FN(op_##name)(struct cpu *c, const struct cpu_op *op)                                   \
    {                                                                                               \
        if (tg_unlikely(c->derived.fp_trap))                                                                \
            TG_TAIL(cpu_raise_fp_trap(c, op));                                                      \
        if (TG_TIMED)                                                                               \
            TG_FN(fp_issue)(c, op);                                                                 \
        TG_FN(body_##name)(c, op);                                                                  \
        NEXT(c, op);                                                                                \
    }                                                                                               \
    TG_INLINE bool TG_FN(body_##name)(struct cpu *c __attribute__((unused)),                        \
                                      const struct cpu_op *op __attribute__((unused)))

/* One handler for each format: name_h, name_s, name_d; W and S## stand for its width and operand. */
#define FP_BINARY(name, fn)                                                 \
    OPV_COLD(name##_h) { PUT(fn##16(F, SH(rn), SH(rm))); return true; }          \
    OPV(name##_s) { PUT(fn##32(F, SS(rn), SS(rm))); return true; }          \
    OPV(name##_d) { PUT(fn##64(F, SD(rn), SD(rm))); return true; }

/*
 * A handler whose fast path makes no call, so that it needs no stack frame: what fpu_try_* cannot decide goes on in a
 * function of its own. r is of the result's type.
 */
#define OPV_TRY(name, T, attempt, full)                                                              \
    static __attribute__((noinline)) void TG_FN(slow_##name)(struct cpu *c, const struct cpu_op *op) \
    {                                                                                                \
        PUT(full);                                                                                   \
        NEXT(c, op);                                                                                 \
    }                                                                                                \
    void TG_FN(op_##name)(struct cpu *c, const struct cpu_op *op)                                    \
    {                                                                                                \
        T r;                                                                                         \
                                                                                                     \
        if (tg_unlikely(c->derived.fp_trap))                                                                 \
            TG_TAIL(cpu_raise_fp_trap(c, op));                                                       \
        pipe_issue(c, op);                                                                           \
        if (tg_unlikely(!(attempt)))                                                                 \
            TG_TAIL(TG_FN(slow_##name)(c, op));                                                      \
        PUT(r);                                                                                      \
        NEXT(c, op);                                                                                 \
    }
#define FP_BINARY_TRY(name, fn)                                                                                  \
    OPV_COLD(name##_h) { PUT(fpu_##fn##16(F, SH(rn), SH(rm))); return true; }                                         \
    OPV_TRY(name##_s, uint32_t, fpu_try_##fn##32(F, SS(rn), SS(rm), &r), fpu_##fn##32_second(F, SS(rn), SS(rm))) \
    OPV_TRY(name##_d, uint64_t, fpu_try_##fn##64(F, SD(rn), SD(rm), &r), fpu_##fn##64_second(F, SD(rn), SD(rm)))

/* ---- fixed point: imm is scale, of which W forms have only the low five bits ---- */

#define FP_FROM_FIXED(name, is_unsigned)                                                                      \
    OPV_COLD(name##_hw_fix) { PUT(fpu_fromfixed16(F, WR(rn), 32 - (unsigned)op->imm, is_unsigned, 32)); return true; } \
    OPV_COLD(name##_sw_fix) { PUT(fpu_fromfixed32(F, WR(rn), 32 - (unsigned)op->imm, is_unsigned, 32)); return true; } \
    OPV_COLD(name##_dw_fix) { PUT(fpu_fromfixed64(F, WR(rn), 32 - (unsigned)op->imm, is_unsigned, 32)); return true; } \
    OPV_COLD(name##_hx_fix) { PUT(fpu_fromfixed16(F, XR(rn), 64 - (unsigned)op->imm, is_unsigned, 64)); return true; } \
    OPV_COLD(name##_sx_fix) { PUT(fpu_fromfixed32(F, XR(rn), 64 - (unsigned)op->imm, is_unsigned, 64)); return true; } \
    OPV_COLD(name##_dx_fix) { PUT(fpu_fromfixed64(F, XR(rn), 64 - (unsigned)op->imm, is_unsigned, 64)); return true; }
#define FP_TO_FIXED(name, is_unsigned)                                                                                \
    OPV_COLD(name##_wh_fix) { WW(rd, fpu_tofixed16(F, SH(rn), 32 - (unsigned)op->imm, is_unsigned, FPU_RZ, 32)); return true; } \
    OPV_COLD(name##_ws_fix) { WW(rd, fpu_tofixed32(F, SS(rn), 32 - (unsigned)op->imm, is_unsigned, FPU_RZ, 32)); return true; } \
    OPV_COLD(name##_wd_fix) { WW(rd, fpu_tofixed64(F, SD(rn), 32 - (unsigned)op->imm, is_unsigned, FPU_RZ, 32)); return true; } \
    OPV_COLD(name##_xh_fix) { WX(rd, fpu_tofixed16(F, SH(rn), 64 - (unsigned)op->imm, is_unsigned, FPU_RZ, 64)); return true; } \
    OPV_COLD(name##_xs_fix) { WX(rd, fpu_tofixed32(F, SS(rn), 64 - (unsigned)op->imm, is_unsigned, FPU_RZ, 64)); return true; } \
    OPV_COLD(name##_xd_fix) { WX(rd, fpu_tofixed64(F, SD(rn), 64 - (unsigned)op->imm, is_unsigned, FPU_RZ, 64)); return true; }

FP_FROM_FIXED(scvtf, false)
FP_FROM_FIXED(ucvtf, true)
FP_TO_FIXED(fcvtzs, false)
FP_TO_FIXED(fcvtzu, true)

/* ---- integer ---- */

#define FP_FROM_INT(name, is_unsigned)                                                       \
    OPV_COLD(name##_hw) { PUT(fpu_fromfixed16(F, WR(rn), 0, is_unsigned, 32)); return true; }     \
    OPV(name##_sw) { PUT(fpu_fromfixed32(F, WR(rn), 0, is_unsigned, 32)); return true; }     \
    OPV(name##_dw) { PUT(fpu_fromfixed64(F, WR(rn), 0, is_unsigned, 32)); return true; }     \
    OPV_COLD(name##_hx) { PUT(fpu_fromfixed16(F, XR(rn), 0, is_unsigned, 64)); return true; }     \
    OPV(name##_sx) { PUT(fpu_fromfixed32(F, XR(rn), 0, is_unsigned, 64)); return true; }     \
    OPV(name##_dx) { PUT(fpu_fromfixed64(F, XR(rn), 0, is_unsigned, 64)); return true; }
#define FP_TO_INT(OPV, name, is_unsigned, r)                                                      \
    OPV_COLD(name##_wh) { WW(rd, fpu_tofixed16(F, SH(rn), 0, is_unsigned, r, 32)); return true; } \
    OPV(name##_ws) { WW(rd, fpu_tofixed32(F, SS(rn), 0, is_unsigned, r, 32)); return true; } \
    OPV(name##_wd) { WW(rd, fpu_tofixed64(F, SD(rn), 0, is_unsigned, r, 32)); return true; } \
    OPV_COLD(name##_xh) { WX(rd, fpu_tofixed16(F, SH(rn), 0, is_unsigned, r, 64)); return true; } \
    OPV(name##_xs) { WX(rd, fpu_tofixed32(F, SS(rn), 0, is_unsigned, r, 64)); return true; } \
    OPV(name##_xd) { WX(rd, fpu_tofixed64(F, SD(rn), 0, is_unsigned, r, 64)); return true; }

FP_FROM_INT(scvtf, false)
FP_FROM_INT(ucvtf, true)
FP_TO_INT(OPV_COLD, fcvtns, false, FPU_RN)
FP_TO_INT(OPV_COLD, fcvtnu, true, FPU_RN)
FP_TO_INT(OPV_COLD, fcvtas, false, FPU_RA)
FP_TO_INT(OPV_COLD, fcvtau, true, FPU_RA)
FP_TO_INT(OPV_COLD, fcvtps, false, FPU_RP)
FP_TO_INT(OPV_COLD, fcvtpu, true, FPU_RP)
FP_TO_INT(OPV_COLD, fcvtms, false, FPU_RM)
FP_TO_INT(OPV_COLD, fcvtmu, true, FPU_RM)
FP_TO_INT(OPV, fcvtzs, false, FPU_RZ)
FP_TO_INT(OPV, fcvtzu, true, FPU_RZ)

OPV(fmov_ws)  { WW(rd, SS(rn)); return true; }
OPV(fmov_sw)  { PUT(WR(rn)); return true; }
OPV(fmov_xd)  { WX(rd, SD(rn)); return true; }
OPV(fmov_dx)  { PUT(XR(rn)); return true; }
OPV(fmov_xv1) { WX(rd, VR(rn)->d[1]); return true; }
OPV(fmov_v1x) { VR(rd)->d[1] = XR(rn); return true; }
OPV_COLD(fmov_wh)  { WW(rd, SH(rn)); return true; }
OPV_COLD(fmov_hw)  { PUT((uint16_t)XR(rn)); return true; }
OPV_COLD(fmov_xh)  { WX(rd, SH(rn)); return true; }
OPV_COLD(fmov_hx)  { PUT((uint16_t)XR(rn)); return true; }

OPV_COLD(fjcvtzs)
{
    bool exact;

    WW(rd, fpu_tojs64(F, SD(rn), &exact));
    cpu_set_nzcv(c, exact ? 4 : 0);
    return true;
}

/* ---- one source ---- */

OPV_COLD(fmov_h) { PUT(SH(rn)); return true; }
OPV(fmov_s) { PUT(SS(rn)); return true; }
OPV(fmov_d) { PUT(SD(rn)); return true; }
OPV_COLD(fabs_h) { PUT(fpu_abs16(SH(rn))); return true; }
OPV(fabs_s) { PUT(fpu_abs32(SS(rn))); return true; }
OPV(fabs_d) { PUT(fpu_abs64(SD(rn))); return true; }
OPV_COLD(fneg_h) { PUT(fpu_neg16(SH(rn))); return true; }
OPV(fneg_s) { PUT(fpu_neg32(SS(rn))); return true; }
OPV(fneg_d) { PUT(fpu_neg64(SD(rn))); return true; }
OPV_COLD(fsqrt_h) { PUT(fpu_sqrt16(F, SH(rn))); return true; }
OPV_TRY(fsqrt_s, uint32_t, fpu_try_sqrt32(F, SS(rn), &r), fpu_sqrt32_second(F, SS(rn)))
OPV_TRY(fsqrt_d, uint64_t, fpu_try_sqrt64(F, SD(rn), &r), fpu_sqrt64_second(F, SD(rn)))

OPV(fcvt_ds) { PUT(fpu_cvt_32_64(F, SS(rn))); return true; }
OPV(fcvt_hs) { PUT(fpu_cvt_32_16(F, SS(rn))); return true; }
OPV(fcvt_sd) { PUT(fpu_cvt_64_32(F, SD(rn))); return true; }
OPV(fcvt_hd) { PUT(fpu_cvt_64_16(F, SD(rn))); return true; }
OPV(fcvt_sh) { PUT(fpu_cvt_16_32(F, SH(rn))); return true; }
OPV(fcvt_dh) { PUT(fpu_cvt_16_64(F, SH(rn))); return true; }

#define FP_RINT(name, r, exact)                                             \
    OPV_COLD(name##_h) { PUT(fpu_rint16(F, SH(rn), r, exact)); return true; }    \
    OPV(name##_s) { PUT(fpu_rint32(F, SS(rn), r, exact)); return true; }    \
    OPV(name##_d) { PUT(fpu_rint64(F, SD(rn), r, exact)); return true; }

FP_RINT(frintn, FPU_RN, false)
FP_RINT(frintp, FPU_RP, false)
FP_RINT(frintm, FPU_RM, false)
FP_RINT(frintz, FPU_RZ, false)
FP_RINT(frinta, FPU_RA, false)
FP_RINT(frintx, F->rmode, true)
FP_RINT(frinti, F->rmode, false)

#define FP_RINTN(name, r, isize)                                                 \
    OPV_COLD(name##_s) { PUT(fpu_rintn32(F, SS(rn), r, isize)); return true; }   \
    OPV_COLD(name##_d) { PUT(fpu_rintn64(F, SD(rn), r, isize)); return true; }

FP_RINTN(frint32z, FPU_RZ, 32)
FP_RINTN(frint32x, F->rmode, 32)
FP_RINTN(frint64z, FPU_RZ, 64)
FP_RINTN(frint64x, F->rmode, 64)

OPV_COLD(bfcvt_hs) { PUT(fpu_cvt_32_bf(F, SS(rn))); return true; }

/* ---- compare, conditional compare, conditional select ---- */

#define COND (op->ra >> 4)
#define NZCV (op->ra & 15)

#define FP_COMPARE(name, ccname, signal)                                                             \
    OPV_COLD(name##_h)  { cpu_set_nzcv(c, fpu_cmp16(F, SH(rn), SH(rm), signal)); return true; }           \
    OPV(name##_s)  { cpu_set_nzcv(c, fpu_cmp32(F, SS(rn), SS(rm), signal)); return true; }           \
    OPV(name##_d)  { cpu_set_nzcv(c, fpu_cmp64(F, SD(rn), SD(rm), signal)); return true; }           \
    OPV_COLD(name##_zh) { cpu_set_nzcv(c, fpu_cmp16(F, SH(rn), 0, signal)); return true; }                \
    OPV(name##_zs) { cpu_set_nzcv(c, fpu_cmp32(F, SS(rn), 0, signal)); return true; }                \
    OPV(name##_zd) { cpu_set_nzcv(c, fpu_cmp64(F, SD(rn), 0, signal)); return true; }                \
    OPV_COLD(ccname##_h)                                                                                  \
    {                                                                                                \
        cpu_set_nzcv(c, exec_cond(c, COND) ? fpu_cmp16(F, SH(rn), SH(rm), signal) : NZCV);           \
        return true;                                                                                 \
    }                                                                                                \
    OPV(ccname##_s)                                                                                  \
    {                                                                                                \
        cpu_set_nzcv(c, exec_cond(c, COND) ? fpu_cmp32(F, SS(rn), SS(rm), signal) : NZCV);           \
        return true;                                                                                 \
    }                                                                                                \
    OPV(ccname##_d)                                                                                  \
    {                                                                                                \
        cpu_set_nzcv(c, exec_cond(c, COND) ? fpu_cmp64(F, SD(rn), SD(rm), signal) : NZCV);           \
        return true;                                                                                 \
    }

FP_COMPARE(fcmp, fccmp, false)
FP_COMPARE(fcmpe, fccmpe, true)

OPV_COLD(fcsel_h) { PUT(exec_cond(c, COND) ? SH(rn) : SH(rm)); return true; }
OPV(fcsel_s) { PUT(exec_cond(c, COND) ? SS(rn) : SS(rm)); return true; }
OPV(fcsel_d) { PUT(exec_cond(c, COND) ? SD(rn) : SD(rm)); return true; }

/* ---- immediate: expanded by the decoder ---- */

OPV_COLD(fmov_ih) { PUT(op->imm); return true; }
OPV(fmov_is) { PUT(op->imm); return true; }
OPV(fmov_id) { PUT(op->imm); return true; }

/* ---- two sources ---- */

FP_BINARY_TRY(fmul, mul)
FP_BINARY_TRY(fdiv, div)
FP_BINARY_TRY(fadd, add)
FP_BINARY_TRY(fsub, sub)
FP_BINARY(fmax, fpu_max)
FP_BINARY(fmin, fpu_min)
FP_BINARY(fmaxnm, fpu_maxnm)
FP_BINARY(fminnm, fpu_minnm)
OPV_COLD(fnmul_h) { PUT(fpu_neg16(fpu_mul16(F, SH(rn), SH(rm)))); return true; }
OPV(fnmul_s) { PUT(fpu_neg32(fpu_mul32(F, SS(rn), SS(rm)))); return true; }
OPV(fnmul_d) { PUT(fpu_neg64(fpu_mul64(F, SD(rn), SD(rm)))); return true; }

/* ---- three sources: the signs of the addend and of the first factor are changed before anything else ---- */

#define KEEP16(v) (v)
#define KEEP32(v) (v)
#define KEEP64(v) (v)
#define FP_FUSED(name, addend, factor)                                                                       \
    OPV_COLD(name##_h) { PUT(fpu_muladd16(F, addend##16(SH(ra)), factor##16(SH(rn)), SH(rm))); return true; }     \
    OPV_TRY(name##_s, uint32_t, fpu_try_muladd32(F, addend##32(SS(ra)), factor##32(SS(rn)), SS(rm), &r),     \
            fpu_muladd32_second(F, addend##32(SS(ra)), factor##32(SS(rn)), SS(rm)))                          \
    OPV_TRY(name##_d, uint64_t, fpu_try_muladd64(F, addend##64(SD(ra)), factor##64(SD(rn)), SD(rm), &r),     \
            fpu_muladd64_second(F, addend##64(SD(ra)), factor##64(SD(rn)), SD(rm)))

FP_FUSED(fmadd, KEEP, KEEP)
FP_FUSED(fmsub, KEEP, fpu_neg)
FP_FUSED(fnmadd, fpu_neg, fpu_neg)
FP_FUSED(fnmsub, fpu_neg, KEEP)
