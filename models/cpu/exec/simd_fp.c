/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD, floating-point instructions: Arm ARM DDI 0487J C4.1.96. Encodings: decode/simd_fp.decode.
 * The arithmetic over lanes is models/cpu/fpu/fpu_vec.h; here operands are picked and the upper half is
 * cleared.
 *
 * Names: _v a vector, _e a scalar, _iv and _ie by element; then the element: h, s, d.
 */
#include "models/cpu/exec/exec.h"
#include "models/cpu/fpu/fpu_vec.h"

/* clang-format off */

#define F      (&c->arch.fpu)
#define Q      a64_q(op_info(op)->insn)
#define LANES_h (Q ? 8u : 4u)
#define LANES_s (Q ? 4u : 2u)
#define LANES_d 2u
#define W_h    16
#define W_s    32
#define W_d    64
#define T_h    uint16_t
#define T_s    uint32_t
#define T_d    uint64_t
#define CAT_(a, b) a##b
#define CAT(a, b)  CAT_(a, b)

/* A vector of 64 bits clears the upper half of the register. */
TG_INLINE bool done_v(const struct cpu_op *op, union cpu_vreg *d)
{
    if (!Q)
        d->d[1] = 0;
    return true;
}

/* A scalar clears all but itself. */
TG_INLINE bool done_e(union cpu_vreg *d, uint64_t v)
{
    d->d[0] = v;
    d->d[1] = 0;
    return true;
}

#define EACH(X, ...) X(h, __VA_ARGS__) X(s, __VA_ARGS__) X(d, __VA_ARGS__)

/* ---- three same ---- */

#define V3(e, name, fn)                                                                          \
    OPV(name##_v##e)                                                                             \
    {                                                                                            \
        CAT(fn, W_##e)(F, VR(rd)->e, VR(rn)->e, VR(rm)->e, LANES_##e);                           \
        return done_v(op, VR(rd));                                                               \
    }
#define E3(e, name, fn)                                                                          \
    OPV(name##_e##e)                                                                             \
    {                                                                                            \
        T_##e r;                                                                                 \
                                                                                                 \
        CAT(fn, W_##e)(F, &r, VR(rn)->e, VR(rm)->e, 1);                                          \
        return done_e(VR(rd), r);                                                                \
    }

EACH(V3, fadd, fpu_vadd)
EACH(V3, fsub, fpu_vsub)
EACH(V3, fmul, fpu_vmul)
EACH(V3, fdiv, fpu_vdiv)
EACH(V3, fmla, fpu_vmla)
EACH(V3, fmls, fpu_vmls)

/* From here on the timing model is called, not inlined, to keep code small: these handlers call for each lane anyway. */
#if TG_TIMED
static __attribute__((noinline)) void TG_FN(simd_issue)(struct cpu *c, const struct cpu_op *op)
{
    pipe_issue(c, op);
}
#define pipe_issue(c, op) TG_FN(simd_issue)(c, op)
#endif

EACH(V3, fmulx, fpu_vmulx)
EACH(V3, fmax, fpu_vmax)
EACH(V3, fmin, fpu_vmin)
EACH(V3, fmaxnm, fpu_vmaxnm)
EACH(V3, fminnm, fpu_vminnm)
EACH(V3, fabd, fpu_vabd)
EACH(V3, frecps, fpu_vrecps)
EACH(V3, frsqrts, fpu_vrsqrts)
EACH(V3, fcmeq, fpu_vcmpeq)
EACH(V3, fcmge, fpu_vcmpge)
EACH(V3, fcmgt, fpu_vcmpgt)
EACH(V3, facge, fpu_vacge)
EACH(V3, facgt, fpu_vacgt)
EACH(V3, faddp, fpu_vpadd)
EACH(V3, fmaxp, fpu_vpmax)
EACH(V3, fminp, fpu_vpmin)
EACH(V3, fmaxnmp, fpu_vpmaxnm)
EACH(V3, fminnmp, fpu_vpminnm)

EACH(E3, fmulx, fpu_vmulx)
EACH(E3, fabd, fpu_vabd)
EACH(E3, frecps, fpu_vrecps)
EACH(E3, frsqrts, fpu_vrsqrts)
EACH(E3, fcmeq, fpu_vcmpeq)
EACH(E3, fcmge, fpu_vcmpge)
EACH(E3, fcmgt, fpu_vcmpgt)
EACH(E3, facge, fpu_vacge)
EACH(E3, facgt, fpu_vacgt)

/* ---- by element: imm is the index; Vm's element may be overwritten by the result, so it is copied first ---- */

#define ELEM(e)                                       \
    T_##e m[8];                                       \
                                                      \
    for (unsigned i = 0; i < 16 / sizeof m[0]; i++)   \
        m[i] = VR(rm)->e[op->imm]

#define VX(e, name, fn)                                                                          \
    OPV(name##_iv##e)                                                                            \
    {                                                                                            \
        ELEM(e);                                                                                 \
        CAT(fn, W_##e)(F, VR(rd)->e, VR(rn)->e, m, LANES_##e);                                   \
        return done_v(op, VR(rd));                                                               \
    }
#define EX(e, name, fn)                                                                          \
    OPV(name##_ie##e)                                                                            \
    {                                                                                            \
        T_##e r = VR(rd)->e[0]; /* the addend of FMLA, FMLS */                                   \
                                                                                                 \
        CAT(fn, W_##e)(F, &r, VR(rn)->e, &VR(rm)->e[op->imm], 1);                                \
        return done_e(VR(rd), r);                                                                \
    }

EACH(VX, fmla, fpu_vmla)
EACH(VX, fmls, fpu_vmls)
EACH(VX, fmul, fpu_vmul)
EACH(VX, fmulx, fpu_vmulx)
EACH(EX, fmla, fpu_vmla)
EACH(EX, fmls, fpu_vmls)
EACH(EX, fmul, fpu_vmul)
EACH(EX, fmulx, fpu_vmulx)

/* ---- two-register miscellaneous ---- */

#define V2(e, name, fn, ...)                                                                     \
    OPV(name##_v##e)                                                                             \
    {                                                                                            \
        CAT(fn, W_##e)(F, VR(rd)->e, VR(rn)->e, LANES_##e, ##__VA_ARGS__);                       \
        return done_v(op, VR(rd));                                                               \
    }
#define E2(e, name, fn, ...)                                                                     \
    OPV(name##_e##e)                                                                             \
    {                                                                                            \
        T_##e r;                                                                                 \
                                                                                                 \
        CAT(fn, W_##e)(F, &r, VR(rn)->e, 1, ##__VA_ARGS__);                                      \
        return done_e(VR(rd), r);                                                                \
    }
#define VE2(e, ...) V2(e, __VA_ARGS__) E2(e, __VA_ARGS__)

EACH(V2, fabs, fpu_vabs)
EACH(V2, fneg, fpu_vneg)
EACH(V2, fsqrt, fpu_vsqrt)
EACH(V2, frintn, fpu_vrint, FPU_RN, false)
EACH(V2, frintp, fpu_vrint, FPU_RP, false)
EACH(V2, frintm, fpu_vrint, FPU_RM, false)
EACH(V2, frintz, fpu_vrint, FPU_RZ, false)
EACH(V2, frinta, fpu_vrint, FPU_RA, false)
EACH(V2, frintx, fpu_vrint, F->rmode, true)
EACH(V2, frinti, fpu_vrint, F->rmode, false)

EACH(VE2, frecpe, fpu_vrecpe)
EACH(VE2, frsqrte, fpu_vrsqrte)
EACH(VE2, fcmeq_z, fpu_vcmpeq0)
EACH(VE2, fcmge_z, fpu_vcmpge0)
EACH(VE2, fcmgt_z, fpu_vcmpgt0)
EACH(VE2, fcmle_z, fpu_vcmple0)
EACH(VE2, fcmlt_z, fpu_vcmplt0)
EACH(VE2, scvtf, fpu_vfromfixed, 0, false)
EACH(VE2, ucvtf, fpu_vfromfixed, 0, true)
EACH(VE2, fcvtns, fpu_vtofixed, 0, false, FPU_RN)
EACH(VE2, fcvtnu, fpu_vtofixed, 0, true, FPU_RN)
EACH(VE2, fcvtps, fpu_vtofixed, 0, false, FPU_RP)
EACH(VE2, fcvtpu, fpu_vtofixed, 0, true, FPU_RP)
EACH(VE2, fcvtms, fpu_vtofixed, 0, false, FPU_RM)
EACH(VE2, fcvtmu, fpu_vtofixed, 0, true, FPU_RM)
EACH(VE2, fcvtas, fpu_vtofixed, 0, false, FPU_RA)
EACH(VE2, fcvtau, fpu_vtofixed, 0, true, FPU_RA)
EACH(VE2, fcvtzs, fpu_vtofixed, 0, false, FPU_RZ)
EACH(VE2, fcvtzu, fpu_vtofixed, 0, true, FPU_RZ)

OPV(frecpx_eh) { return done_e(VR(rd), fpu_recpx16(F, VR(rn)->h[0])); }
OPV(frecpx_es) { return done_e(VR(rd), fpu_recpx32(F, VR(rn)->s[0])); }
OPV(frecpx_ed) { return done_e(VR(rd), fpu_recpx64(F, VR(rn)->d[0])); }

OPV(urecpe_vs)
{
    for (unsigned i = 0; i < LANES_s; i++)
        VR(rd)->s[i] = fpu_urecpe(VR(rn)->s[i]);
    return done_v(op, VR(rd));
}
OPV(ursqrte_vs)
{
    for (unsigned i = 0; i < LANES_s; i++)
        VR(rd)->s[i] = fpu_ursqrte(VR(rn)->s[i]);
    return done_v(op, VR(rd));
}

/* ---- between formats. Narrowing writes one half: the lower and clears the upper, or (Q) the upper and keeps the lower ---- */

TG_INLINE bool put_half(const struct cpu_op *op, union cpu_vreg *d, uint64_t v)
{
    if (Q)
        d->d[1] = v;
    else
        done_e(d, v);
    return true;
}

OPV(fcvtn_hs)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 4; i++)
        r |= (uint64_t)fpu_cvt_32_16(F, VR(rn)->s[i]) << (16 * i);
    return put_half(op, VR(rd), r);
}
OPV(fcvtn_sd)
{
    uint64_t lo = fpu_cvt_64_32(F, VR(rn)->d[0]);

    return put_half(op, VR(rd), lo | (uint64_t)fpu_cvt_64_32(F, VR(rn)->d[1]) << 32);
}
OPV(fcvtxn_sd)
{
    uint64_t lo = fpu_cvtx_64_32(F, VR(rn)->d[0]);

    return put_half(op, VR(rd), lo | (uint64_t)fpu_cvtx_64_32(F, VR(rn)->d[1]) << 32);
}
OPV(fcvtxn_ed) { return done_e(VR(rd), fpu_cvtx_64_32(F, VR(rn)->d[0])); }

/* Widening reads one half, by Q. */
OPV(fcvtl_sh)
{
    uint64_t n = VR(rn)->d[Q];

    for (unsigned i = 0; i < 4; i++)
        VR(rd)->s[i] = fpu_cvt_16_32(F, (uint16_t)(n >> (16 * i)));
    return true;
}
OPV(fcvtl_ds)
{
    uint64_t n = VR(rn)->d[Q];

    VR(rd)->d[0] = fpu_cvt_32_64(F, (uint32_t)n);
    VR(rd)->d[1] = fpu_cvt_32_64(F, (uint32_t)(n >> 32));
    return true;
}

/* ---- scalar pairwise: both operands in Vn ---- */

#define EP(e, name, fn)                                                                          \
    OPV(name##_e##e) { return done_e(VR(rd), CAT(fn, W_##e)(F, VR(rn)->e[0], VR(rn)->e[1])); }

EACH(EP, faddp, fpu_add)
EACH(EP, fmaxp, fpu_max)
EACH(EP, fminp, fpu_min)
EACH(EP, fmaxnmp, fpu_maxnm)
EACH(EP, fminnmp, fpu_minnm)

/* ---- across lanes ---- */

OPV(fmaxv_vh)   { return done_e(VR(rd), fpu_vrmax16(F, VR(rn)->h, LANES_h)); }
OPV(fminv_vh)   { return done_e(VR(rd), fpu_vrmin16(F, VR(rn)->h, LANES_h)); }
OPV(fmaxnmv_vh) { return done_e(VR(rd), fpu_vrmaxnm16(F, VR(rn)->h, LANES_h)); }
OPV(fminnmv_vh) { return done_e(VR(rd), fpu_vrminnm16(F, VR(rn)->h, LANES_h)); }
OPV(fmaxv_vs)   { return done_e(VR(rd), fpu_vrmax32(F, VR(rn)->s, 4)); }
OPV(fminv_vs)   { return done_e(VR(rd), fpu_vrmin32(F, VR(rn)->s, 4)); }
OPV(fmaxnmv_vs) { return done_e(VR(rd), fpu_vrmaxnm32(F, VR(rn)->s, 4)); }
OPV(fminnmv_vs) { return done_e(VR(rd), fpu_vrminnm32(F, VR(rn)->s, 4)); }

/* ---- modified immediate: expanded to 64 bits by the decoder ---- */

TG_INLINE bool put_imm(const struct cpu_op *op, union cpu_vreg *d)
{
    d->d[0] = op->imm;
    d->d[1] = Q ? op->imm : 0;
    return true;
}

OPV(fmov_ivh) { return put_imm(op, VR(rd)); }
OPV(fmov_ivs) { return put_imm(op, VR(rd)); }
OPV(fmov_ivd) { return put_imm(op, VR(rd)); }

/* ---- fixed point: imm is immh:immb without immh's leading one, so that fbits = esize - imm ---- */

#define FIX_FROM(e, name, is_unsigned)                                                                             \
    OPV(name##_fix_v##e)                                                                                           \
    {                                                                                                              \
        CAT(fpu_vfromfixed, W_##e)(F, VR(rd)->e, VR(rn)->e, LANES_##e, W_##e - (unsigned)op->imm, is_unsigned);    \
        return done_v(op, VR(rd));                                                                                 \
    }                                                                                                              \
    OPV(name##_fix_e##e)                                                                                           \
    {                                                                                                              \
        return done_e(VR(rd), CAT(fpu_fromfixed, W_##e)(F, VR(rn)->e[0], W_##e - (unsigned)op->imm, is_unsigned,   \
                                                        W_##e));                                                   \
    }
#define FIX_TO(e, name, is_unsigned)                                                                               \
    OPV(name##_fix_v##e)                                                                                           \
    {                                                                                                              \
        CAT(fpu_vtofixed, W_##e)(F, VR(rd)->e, VR(rn)->e, LANES_##e, W_##e - (unsigned)op->imm, is_unsigned,       \
                                 FPU_RZ);                                                                          \
        return done_v(op, VR(rd));                                                                                 \
    }                                                                                                              \
    OPV(name##_fix_e##e)                                                                                           \
    {                                                                                                              \
        return done_e(VR(rd), CAT(fpu_tofixed, W_##e)(F, VR(rn)->e[0], W_##e - (unsigned)op->imm, is_unsigned,     \
                                                      FPU_RZ, W_##e));                                             \
    }

EACH(FIX_FROM, scvtf, false)
EACH(FIX_FROM, ucvtf, true)
EACH(FIX_TO, fcvtzs, false)
EACH(FIX_TO, fcvtzu, true)

/* ---- FRINT32, FRINT64 ---- */

#define RINTN(e, name, r, isize)                                                                 \
    OPV(name##_v##e)                                                                             \
    {                                                                                            \
        for (unsigned i = 0; i < LANES_##e; i++)                                                 \
            VR(rd)->e[i] = CAT(fpu_rintn, W_##e)(F, VR(rn)->e[i], r, isize);                     \
        return done_v(op, VR(rd));                                                               \
    }
#define RINTNS(name, r, isize) RINTN(s, name, r, isize) RINTN(d, name, r, isize)

RINTNS(frint32z, FPU_RZ, 32)
RINTNS(frint32x, F->rmode, 32)
RINTNS(frint64z, FPU_RZ, 64)
RINTNS(frint64x, F->rmode, 64)

/* ---- complex numbers: pairs of elements, real part first ---- */

/* imm is 0 for a rotation by 90 degrees, 1 for 270: i * m or -i * m is added. */
#define COMPLEX_ADD(e)                                                                           \
    OPV(fcadd_v##e)                                                                              \
    {                                                                                            \
        union cpu_vreg n = *VR(rn), m = *VR(rm);                                                 \
                                                                                                 \
        for (unsigned i = 0; i < LANES_##e; i += 2) {                                            \
            T_##e re = m.e[i + 1], im = m.e[i];                                                  \
                                                                                                 \
            if (op->imm)                                                                         \
                im = CAT(fpu_neg, W_##e)(im);                                                    \
            else                                                                                 \
                re = CAT(fpu_neg, W_##e)(re);                                                    \
            VR(rd)->e[i] = CAT(fpu_add, W_##e)(F, n.e[i], re);                                   \
            VR(rd)->e[i + 1] = CAT(fpu_add, W_##e)(F, n.e[i + 1], im);                           \
        }                                                                                        \
        return done_v(op, VR(rd));                                                               \
    }
COMPLEX_ADD(h)
COMPLEX_ADD(s)
COMPLEX_ADD(d)

/* imm is the rotation in quarter turns: an odd one takes the imaginary part of n. pair: of m, which pair of elements. */
#define COMPLEX_MLA(name, e, pair)                                                               \
    OPV(name##e)                                                                                 \
    {                                                                                            \
        union cpu_vreg n = *VR(rn), m = *VR(rm);                                                 \
        unsigned odd = op->imm & 1;                                                              \
                                                                                                 \
        for (unsigned i = 0; i < LANES_##e; i += 2) {                                            \
            T_##e factor = n.e[i + odd], re = m.e[(pair) + odd], im = m.e[(pair) + 1 - odd];     \
                                                                                                 \
            if (op->imm == 1 || op->imm == 2)                                                    \
                re = CAT(fpu_neg, W_##e)(re);                                                    \
            if (op->imm >= 2)                                                                    \
                im = CAT(fpu_neg, W_##e)(im);                                                    \
            VR(rd)->e[i] = CAT(fpu_muladd, W_##e)(F, VR(rd)->e[i], factor, re);                  \
            VR(rd)->e[i + 1] = CAT(fpu_muladd, W_##e)(F, VR(rd)->e[i + 1], factor, im);          \
        }                                                                                        \
        return done_v(op, VR(rd));                                                               \
    }
COMPLEX_MLA(fcmla_v, h, i)
COMPLEX_MLA(fcmla_v, s, i)
COMPLEX_MLA(fcmla_v, d, i)
/* Index H:L of pairs of halves, H of pairs of singles. */
COMPLEX_MLA(fcmla_iv, h, 2 * a64_index_s(op_info(op)->insn))
COMPLEX_MLA(fcmla_iv, s, 2 * a64_index_d(op_info(op)->insn))

/* ---- half times half, added to singles: of the lower or the upper (2) half of a vector's elements ---- */

#define MLA_HALF(name, upper, sign, melem)                                                       \
    OPV(name)                                                                                    \
    {                                                                                            \
        union cpu_vreg n = *VR(rn), m = *VR(rm);                                                 \
        unsigned from = (upper) ? LANES_s : 0;                                                   \
                                                                                                 \
        for (unsigned i = 0; i < LANES_s; i++)                                                   \
            VR(rd)->s[i] = fpu_muladd_h(F, VR(rd)->s[i], (uint16_t)(n.h[from + i] ^ (sign)), m.h[melem]); \
        return done_v(op, VR(rd));                                                               \
    }
MLA_HALF(fmlal_vh, false, 0, from + i)
MLA_HALF(fmlsl_vh, false, 0x8000, from + i)
MLA_HALF(fmlal2_vh, true, 0, from + i)
MLA_HALF(fmlsl2_vh, true, 0x8000, from + i)
MLA_HALF(fmlal_ivh, false, 0, op->imm)
MLA_HALF(fmlsl_ivh, false, 0x8000, op->imm)
MLA_HALF(fmlal2_ivh, true, 0, op->imm)
MLA_HALF(fmlsl2_ivh, true, 0x8000, op->imm)

/* ---- BFloat16 ---- */

OPV(bfcvtn_hs)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 4; i++)
        r |= (uint64_t)fpu_cvt_32_bf(F, VR(rn)->s[i]) << (16 * i);
    return put_half(op, VR(rd), r);
}

#define BF_DOT(name, pair)                                                                       \
    OPV(name)                                                                                    \
    {                                                                                            \
        union cpu_vreg n = *VR(rn), m = *VR(rm);                                                 \
                                                                                                 \
        for (unsigned i = 0; i < LANES_s; i++)                                                   \
            VR(rd)->s[i] = fpu_bfdot(VR(rd)->s[i], &n.h[2 * i], &m.h[2 * (pair)]);               \
        return done_v(op, VR(rd));                                                               \
    }
BF_DOT(bfdot_vh, i)
BF_DOT(bfdot_ivh, op->imm)

/* 2x2 singles += 2x4 of Vn by 4x2 of Vm, which holds its columns as rows. */
OPV(bfmmla_vh)
{
    union cpu_vreg n = *VR(rn), m = *VR(rm), r = *VR(rd);

    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 4; k += 2)
            r.s[i] = fpu_bfdot(r.s[i], &n.h[i / 2 * 4 + k], &m.h[i % 2 * 4 + k]);
    *VR(rd) = r;
    return true;
}

/* BFMLALB takes the even elements, BFMLALT (q = 1) the odd ones; both write four singles. */
#define BF_MLAL(name, melem)                                                                     \
    OPV(name)                                                                                    \
    {                                                                                            \
        union cpu_vreg n = *VR(rn), m = *VR(rm);                                                 \
                                                                                                 \
        for (unsigned i = 0; i < 4; i++)                                                         \
            VR(rd)->s[i] = fpu_muladd32(F, VR(rd)->s[i], (uint32_t)n.h[2 * i + Q] << 16,         \
                                        (uint32_t)m.h[melem] << 16);                             \
        return true;                                                                             \
    }
BF_MLAL(bfmlal_vh, 2 * i + Q)
BF_MLAL(bfmlal_ivh, op->imm)
