/* SPDX-License-Identifier: Apache-2.0 */
/* Advanced SIMD integer: widening, narrowing, pairwise long, by element, dot product. Arm ARM DDI 0487
 * C4.1.93. Encodings: decode/simd_int.decode. */
#include "models/cpu/exec/simd.h"

/* clang-format off */

/* ---- long and wide: result elements are twice `bits`; a and b come from the half that q selects; x is the wide element of rn ---- */

#define W8  16
#define W16 32
#define W32 64
#define SIMD_LONG(name, q, bits, wbits, expr)                                                      \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        typedef int##wbits##_t W __attribute__((unused));                                          \
        typedef uint##wbits##_t UW __attribute__((unused));                                        \
        enum { N = 64 / bits };                                                                    \
        union cpu_vreg r;                                                                          \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm), *vd = VR(rd);                             \
        for (unsigned i = 0; i < N; i++) {                                                         \
            U a = LANE##bits(vn)[i + (q) * N], b = LANE##bits(vm)[i + (q) * N];                    \
            UW x = WIDE##bits(vn)[i], d = WIDE##bits(vd)[i];                                       \
            (void)a, (void)b, (void)x, (void)d;                                                    \
            WIDE##bits(&r)[i] = (UW)(expr);                                                        \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define SIMD_LONG_Q(name, expr)                                                                    \
    SIMD_LONG(name##_0, 0, 8, 16, expr) SIMD_LONG(name##_1, 0, 16, 32, expr) SIMD_LONG(name##_2, 0, 32, 64, expr) \
    SIMD_LONG(name##_4, 1, 8, 16, expr) SIMD_LONG(name##_5, 1, 16, 32, expr) SIMD_LONG(name##_6, 1, 32, 64, expr) \
    NONE(name##_3) NONE(name##_7)
#define SA ((W)(S)a)
#define SB ((W)(S)b)
#define UA ((UW)a)
#define UB ((UW)b)
#define ABS_S ((UW)(SA > SB ? SA - SB : SB - SA))
#define ABS_U ((UW)(UA > UB ? UA - UB : UB - UA))
SIMD_LONG_Q(saddl, SA + SB)
SIMD_LONG_Q(uaddl, UA + UB)
SIMD_LONG_Q(saddw, x + (UW)SB)
SIMD_LONG_Q(uaddw, x + UB)
SIMD_LONG_Q(ssubl, SA - SB)
SIMD_LONG_Q(usubl, UA - UB)
SIMD_LONG_Q(ssubw, x - (UW)SB)
SIMD_LONG_Q(usubw, x - UB)
SIMD_LONG_Q(sabal, d + ABS_S)
SIMD_LONG_Q(uabal, d + ABS_U)
SIMD_LONG_Q(sabdl, ABS_S)
SIMD_LONG_Q(uabdl, ABS_U)
#define SMUL ((uint64_t)((int64_t)(S)a * (S)b))
#define UMUL ((uint64_t)a * b)
SIMD_LONG_Q(smlal, d + SMUL)
SIMD_LONG_Q(umlal, d + UMUL)
SIMD_LONG_Q(smlsl, d - SMUL)
SIMD_LONG_Q(umlsl, d - UMUL)
SIMD_LONG_Q(smull, SMUL)
SIMD_LONG_Q(umull, UMUL)
/* Saturating doubling: the product saturates first, then the sum. */
#define WBITS ((unsigned)sizeof(UW) * 8)
#define SQDMUL simd_ssat(c, (__int128)2 * (S)a * (S)b, WBITS)
SIMD_LONG_Q(sqdmull, SQDMUL)
SIMD_LONG_Q(sqdmlal, simd_ssat(c, (__int128)(W)d + SQDMUL, WBITS))
SIMD_LONG_Q(sqdmlsl, simd_ssat(c, (__int128)(W)d - SQDMUL, WBITS))

/* The scalar forms: one element. */
#define SIMD_LONG_S(name, bits, wbits, expr)                                                       \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        typedef int##wbits##_t W __attribute__((unused));                                          \
        typedef uint##wbits##_t UW;                                                                \
        U a = LANE##bits(VR(rn))[0], b = LANE##bits(VR(rm))[0];                                    \
        UW d = WIDE##bits(VR(rd))[0], r;                                                           \
        (void)d;                                                                                   \
        r = (UW)(expr);                                                                            \
        VR(rd)->d[0] = r;                                                                          \
        VR(rd)->d[1] = 0;                                                                          \
        return true;                                                                               \
    }
#define SIMD_LONG_SS(name, expr)                                                                   \
    NONE(name##_0) NONE(name##_3) SIMD_LONG_S(name##_1, 16, 32, expr) SIMD_LONG_S(name##_2, 32, 64, expr)
SIMD_LONG_SS(sqdmull_s, SQDMUL)
SIMD_LONG_SS(sqdmlal_s, simd_ssat(c, (__int128)(W)d + SQDMUL, WBITS))
SIMD_LONG_SS(sqdmlsl_s, simd_ssat(c, (__int128)(W)d - SQDMUL, WBITS))

OPV(pmull_8_0)
{
    union cpu_vreg r;

    for (unsigned i = 0; i < 8; i++)
        r.h[i] = (uint16_t)cpu_pmul64(VR(rn)->b[i], VR(rm)->b[i]);
    *VR(rd) = r;
    return true;
}
OPV(pmull_8_1)
{
    union cpu_vreg r;

    for (unsigned i = 0; i < 8; i++)
        r.h[i] = (uint16_t)cpu_pmul64(VR(rn)->b[i + 8], VR(rm)->b[i + 8]);
    *VR(rd) = r;
    return true;
}
OPV(pmull_64_0) { VR(rd)->q = cpu_pmul64(VR(rn)->d[0], VR(rm)->d[0]); return true; }
OPV(pmull_64_1) { VR(rd)->q = cpu_pmul64(VR(rn)->d[1], VR(rm)->d[1]); return true; }

/* ---- narrowing: x, y are wide elements of rn and rm; the result goes to the half that q selects ---- */

#define SIMD_NARROW(name, q, bits, wbits, expr)                                                    \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        typedef int##wbits##_t W __attribute__((unused));                                          \
        typedef uint##wbits##_t UW;                                                                \
        enum { N = 64 / bits };                                                                    \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm);                                           \
        (void)vm;                                                                                  \
        for (unsigned i = 0; i < N; i++) {                                                         \
            UW x = WIDE##bits(vn)[i], y = WIDE##bits(vm)[i];                                       \
            (void)y;                                                                               \
            LANE##bits(&r)[i] = (U)(expr);                                                         \
        }                                                                                          \
        if (q)                                                                                     \
            VR(rd)->d[1] = r.d[0];                                                                 \
        else                                                                                       \
            *VR(rd) = r;                                                                           \
        return true;                                                                               \
    }
#define SIMD_NARROW_Q(name, expr)                                                                  \
    SIMD_NARROW(name##_0, 0, 8, 16, expr) SIMD_NARROW(name##_1, 0, 16, 32, expr) SIMD_NARROW(name##_2, 0, 32, 64, expr) \
    SIMD_NARROW(name##_4, 1, 8, 16, expr) SIMD_NARROW(name##_5, 1, 16, 32, expr) SIMD_NARROW(name##_6, 1, 32, 64, expr) \
    NONE(name##_3) NONE(name##_7)
#define ROUND ((UW)1 << (BITS - 1))
SIMD_NARROW_Q(addhn, (UW)(x + y) >> BITS)
SIMD_NARROW_Q(raddhn, (UW)(x + y + ROUND) >> BITS)
SIMD_NARROW_Q(subhn, (UW)(x - y) >> BITS)
SIMD_NARROW_Q(rsubhn, (UW)(x - y + ROUND) >> BITS)
SIMD_NARROW_Q(xtn, x)
SIMD_NARROW_Q(sqxtn, simd_ssat(c, (W)x, BITS))
SIMD_NARROW_Q(uqxtn, simd_usat(c, (__int128)x, BITS))
SIMD_NARROW_Q(sqxtun, simd_usat(c, (W)x, BITS))
#define SIMD_NARROW_1(name, bits, wbits, expr)                                                     \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        typedef int##wbits##_t W __attribute__((unused));                                          \
        typedef uint##wbits##_t UW;                                                                \
        UW x = WIDE##bits(VR(rn))[0];                                                              \
        U r = (U)(expr);                                                                           \
        VR(rd)->d[0] = r;                                                                          \
        VR(rd)->d[1] = 0;                                                                          \
        return true;                                                                               \
    }
#define SIMD_NARROW_S(name, expr)                                                                  \
    SIMD_NARROW_1(name##_s_0, 8, 16, expr) SIMD_NARROW_1(name##_s_1, 16, 32, expr) SIMD_NARROW_1(name##_s_2, 32, 64, expr) \
    NONE(name##_s_3)
SIMD_NARROW_S(sqxtn, simd_ssat(c, (W)x, BITS))
SIMD_NARROW_S(uqxtn, simd_usat(c, (__int128)x, BITS))
SIMD_NARROW_S(sqxtun, simd_usat(c, (W)x, BITS))
SIMD_LONG_Q(shll, UA << BITS)

/* ---- pairwise add long (and accumulate): p, q neighbours of rn ---- */

#define SIMD_PAIRL(name, bytes, bits, wbits, expr)                                                 \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        typedef int##wbits##_t W __attribute__((unused));                                          \
        typedef uint##wbits##_t UW;                                                                \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vd = VR(rd);                                           \
        for (unsigned i = 0; i < (bytes) * 8 / wbits; i++) {                                       \
            U a = LANE##bits(vn)[2 * i], b = LANE##bits(vn)[2 * i + 1];                            \
            UW d = WIDE##bits(vd)[i];                                                              \
            (void)d;                                                                               \
            WIDE##bits(&r)[i] = (UW)(expr);                                                        \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define SIMD_PAIRL_Q(name, expr)                                                                   \
    SIMD_PAIRL(name##_0, 8, 8, 16, expr) SIMD_PAIRL(name##_1, 8, 16, 32, expr) SIMD_PAIRL(name##_2, 8, 32, 64, expr) \
    SIMD_PAIRL(name##_4, 16, 8, 16, expr) SIMD_PAIRL(name##_5, 16, 16, 32, expr) SIMD_PAIRL(name##_6, 16, 32, 64, expr) \
    NONE(name##_3) NONE(name##_7)
SIMD_PAIRL_Q(saddlp, SA + SB)
SIMD_PAIRL_Q(uaddlp, UA + UB)
SIMD_PAIRL_Q(sadalp, d + (UW)(SA + SB))
SIMD_PAIRL_Q(uadalp, d + (UW)(UA + UB))

/* ---- by element: b is one element of rm ---- */

#define ELEM16 (c->arch.v[op->rm & 15].h[a64_index_h(op_info(op)->insn)])
#define ELEM32 (c->arch.v[op->rm].s[a64_index_s(op_info(op)->insn)])
#define SIMD_ELEM(name, n, bits, expr)                                                             \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vd = VR(rd);                                           \
        U b = ELEM##bits;                                                                          \
        for (unsigned i = 0; i < (n); i++) {                                                       \
            U a = LANE##bits(vn)[i], d = LANE##bits(vd)[i];                                        \
            (void)d;                                                                               \
            LANE##bits(&r)[i] = (U)(expr);                                                         \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define SIMD_ELEM_Q(name, expr)                                                                    \
    SIMD_ELEM(name##_e_1, 4, 16, expr) SIMD_ELEM(name##_e_2, 2, 32, expr) SIMD_ELEM(name##_e_5, 8, 16, expr) \
    SIMD_ELEM(name##_e_6, 4, 32, expr) NONE(name##_e_0) NONE(name##_e_3) NONE(name##_e_4) NONE(name##_e_7)
#define SIMD_ELEM_S(name, expr)                                                                    \
    SIMD_ELEM(name##_es_1, 1, 16, expr) SIMD_ELEM(name##_es_2, 1, 32, expr) NONE(name##_es_0) NONE(name##_es_3)
SIMD_ELEM_Q(mla, d + (uint32_t)a * b)
SIMD_ELEM_Q(mls, d - (uint32_t)a * b)
SIMD_ELEM_Q(mul, (uint32_t)a * b)
#define ELEM_BOTH(name, expr) SIMD_ELEM_Q(name, expr) SIMD_ELEM_S(name, expr)
ELEM_BOTH(sqdmulh, simd_ssat(c, DMULH(0), BITS))
ELEM_BOTH(sqrdmulh, simd_ssat(c, DMULH(1), BITS))
ELEM_BOTH(sqrdmlah, simd_ssat(c, RDML(+), BITS))
ELEM_BOTH(sqrdmlsh, simd_ssat(c, RDML(-), BITS))

#define SIMD_LELEM(name, q, bits, wbits, n, expr)                                                  \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        typedef int##wbits##_t W __attribute__((unused));                                          \
        typedef uint##wbits##_t UW;                                                                \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vd = VR(rd);                                           \
        U b = ELEM##bits;                                                                          \
        for (unsigned i = 0; i < (n); i++) {                                                       \
            U a = LANE##bits(vn)[i + (q) * (n)];                                                   \
            UW d = WIDE##bits(vd)[i];                                                              \
            (void)d;                                                                               \
            WIDE##bits(&r)[i] = (UW)(expr);                                                        \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define SIMD_LELEM_Q(name, expr)                                                                   \
    SIMD_LELEM(name##_e_1, 0, 16, 32, 4, expr) SIMD_LELEM(name##_e_2, 0, 32, 64, 2, expr)          \
    SIMD_LELEM(name##_e_5, 1, 16, 32, 4, expr) SIMD_LELEM(name##_e_6, 1, 32, 64, 2, expr)          \
    NONE(name##_e_0) NONE(name##_e_3) NONE(name##_e_4) NONE(name##_e_7)
#define SIMD_LELEM_S(name, expr)                                                                   \
    SIMD_LELEM(name##_es_1, 0, 16, 32, 1, expr) SIMD_LELEM(name##_es_2, 0, 32, 64, 1, expr) NONE(name##_es_0) NONE(name##_es_3)
SIMD_LELEM_Q(smlal, d + SMUL)
SIMD_LELEM_Q(umlal, d + UMUL)
SIMD_LELEM_Q(smlsl, d - SMUL)
SIMD_LELEM_Q(umlsl, d - UMUL)
SIMD_LELEM_Q(smull, SMUL)
SIMD_LELEM_Q(umull, UMUL)
#define LELEM_BOTH(name, expr) SIMD_LELEM_Q(name, expr) SIMD_LELEM_S(name, expr)
LELEM_BOTH(sqdmull, SQDMUL)
LELEM_BOTH(sqdmlal, simd_ssat(c, (__int128)(W)d + SQDMUL, WBITS))
LELEM_BOTH(sqdmlsl, simd_ssat(c, (__int128)(W)d - SQDMUL, WBITS))

/* ---- dot product ---- */

#define SIMD_DOT(name, lanes, type, bfield, bindex)                                                \
    OPV(name)                                                                                      \
    {                                                                                              \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm);                                           \
        for (unsigned i = 0; i < (lanes); i++) {                                                   \
            uint32_t sum = VR(rd)->s[i];                                                           \
            unsigned k = (bindex);                                                                 \
            for (unsigned j = 0; j < 4; j++)                                                       \
                sum += (uint32_t)((int32_t)(type)vn->b[4 * i + j] * (int32_t)(type)vm->b[4 * k + j]); \
            r.s[i] = sum;                                                                          \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define DOT_INDEX a64_index_s(op_info(op)->insn)
SIMD_DOT(sdot_0, 2, int8_t, b, i)
SIMD_DOT(sdot_1, 4, int8_t, b, i)
SIMD_DOT(udot_0, 2, uint8_t, b, i)
SIMD_DOT(udot_1, 4, uint8_t, b, i)
SIMD_DOT(sdot_e_0, 2, int8_t, b, DOT_INDEX)
SIMD_DOT(sdot_e_1, 4, int8_t, b, DOT_INDEX)
SIMD_DOT(udot_e_0, 2, uint8_t, b, DOT_INDEX)
SIMD_DOT(udot_e_1, 4, uint8_t, b, DOT_INDEX)

/* ---- FEAT_I8MM: mixed signs; matrices ---- */

#define SIMD_DOT_MIXED(name, lanes, type_n, type_m, bindex)                                        \
    OPV(name)                                                                                      \
    {                                                                                              \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm);                                           \
        for (unsigned i = 0; i < (lanes); i++) {                                                   \
            uint32_t sum = VR(rd)->s[i];                                                           \
            unsigned k = (bindex);                                                                 \
            for (unsigned j = 0; j < 4; j++)                                                       \
                sum += (uint32_t)((type_n)vn->b[4 * i + j] * (type_m)vm->b[4 * k + j]);            \
            r.s[i] = sum;                                                                          \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
SIMD_DOT_MIXED(usdot_0, 2, uint8_t, int8_t, i)
SIMD_DOT_MIXED(usdot_1, 4, uint8_t, int8_t, i)
SIMD_DOT_MIXED(usdot_e_0, 2, uint8_t, int8_t, DOT_INDEX)
SIMD_DOT_MIXED(usdot_e_1, 4, uint8_t, int8_t, DOT_INDEX)
SIMD_DOT_MIXED(sudot_e_0, 2, int8_t, uint8_t, DOT_INDEX)
SIMD_DOT_MIXED(sudot_e_1, 4, int8_t, uint8_t, DOT_INDEX)

/* 2x2 sums += 2x8 bytes of Vn by 8x2 of Vm, which holds its columns as rows. */
#define SIMD_MMLA(name, type_n, type_m)                                                            \
    OPV(name)                                                                                      \
    {                                                                                              \
        union cpu_vreg r = *VR(rd);                                                                \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm);                                           \
        for (unsigned i = 0; i < 4; i++)                                                           \
            for (unsigned j = 0; j < 8; j++)                                                       \
                r.s[i] += (uint32_t)((type_n)vn->b[i / 2 * 8 + j] * (type_m)vm->b[i % 2 * 8 + j]); \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
SIMD_MMLA(smmla, int8_t, int8_t)
SIMD_MMLA(ummla, uint8_t, uint8_t)
SIMD_MMLA(usmmla, uint8_t, int8_t)
