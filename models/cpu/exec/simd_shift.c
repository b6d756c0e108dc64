/* SPDX-License-Identifier: Apache-2.0 */
/* Advanced SIMD shifts by immediate: Arm ARM DDI 0487 C4.1.93. immh:immb gives element size and amount.
 * Encodings: decode/simd_int.decode. */
#include "models/cpu/exec/simd.h"

/* clang-format off */

#define IMMHB    ((int)a64_immhb(op_info(op)->insn))
#define RIGHT(bits) (2 * (bits) - IMMHB) /* 1..bits */
#define LEFT(bits)  (IMMHB - (bits))     /* 0..bits - 1 */

/* Right shifts: the amount may be the whole width. */
TG_INLINE int64_t shift_sr(int64_t v, int n) { return v >> (n > 63 ? 63 : n); }
TG_INLINE uint64_t shift_ur(uint64_t v, int n) { return n > 63 ? 0 : v >> n; }
#define SR  shift_sr((S)a, RIGHT(BITS))
#define UR  shift_ur(a, RIGHT(BITS))
#define SRR ((int64_t)simd_shl_any((S)a, -RIGHT(BITS), true))
#define URR ((uint64_t)simd_shl_any((__int128)a, -RIGHT(BITS), true))

/* Handlers name_i_<q:size> and name_is_<size>. */
#define SHIFT_Q(name, expr) SIMD_MAP_Q(name##_i, expr)
#define SHIFT_D(name, expr)                                                                        \
    SIMD_MAP(name##_is_3, 8, 64, expr) NONE(name##_is_0) NONE(name##_is_1) NONE(name##_is_2)
#define SHIFT_ALL(name, expr)                                                                      \
    SIMD_MAP(name##_is_0, 1, 8, expr) SIMD_MAP(name##_is_1, 2, 16, expr) SIMD_MAP(name##_is_2, 4, 32, expr) \
    SIMD_MAP(name##_is_3, 8, 64, expr)
#define SHIFT_QD(name, expr)   SHIFT_Q(name, expr) SHIFT_D(name, expr)
#define SHIFT_QALL(name, expr) SHIFT_Q(name, expr) SHIFT_ALL(name, expr)

SHIFT_QD(sshr, SR)
SHIFT_QD(ushr, UR)
SHIFT_QD(ssra, d + (U)SR)
SHIFT_QD(usra, d + (U)UR)
SHIFT_QD(srshr, SRR)
SHIFT_QD(urshr, URR)
SHIFT_QD(srsra, d + (U)SRR)
SHIFT_QD(ursra, d + (U)URR)
SHIFT_QD(sri, (d & ~(U)shift_ur(tg_ones(BITS), RIGHT(BITS))) | UR)
SHIFT_QD(shl, (uint64_t)a << LEFT(BITS))
SHIFT_QD(sli, (d & (U)tg_ones((unsigned)LEFT(BITS))) | (uint64_t)a << LEFT(BITS))
SHIFT_QALL(sqshlu, simd_usat(c, (__int128)(S)a * ((__int128)1 << LEFT(BITS)), BITS))
SHIFT_QALL(sqshl, simd_ssat(c, (__int128)(S)a * ((__int128)1 << LEFT(BITS)), BITS))
SHIFT_QALL(uqshl, simd_usat(c, (__int128)a << LEFT(BITS), BITS))

/* ---- narrowing: x is the wide element, `bits` the narrow width; the amount is 1..bits ---- */

#define SHRN1(name, n, q, scalar, bits, wbits, expr)                                               \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        typedef int##wbits##_t W __attribute__((unused));                                          \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn);                                                         \
        int sh = RIGHT(bits);                                                                      \
        for (unsigned i = 0; i < (n); i++) {                                                       \
            uint##wbits##_t x = WIDE##bits(vn)[i];                                                 \
            LANE##bits(&r)[i] = (U)(expr);                                                         \
        }                                                                                          \
        if (q)                                                                                     \
            VR(rd)->d[1] = r.d[0];                                                                 \
        else                                                                                       \
            *VR(rd) = r;                                                                           \
        return true;                                                                               \
    }
#define SHRN_Q(name, expr)                                                                         \
    SHRN1(name##_i_0, 8, 0, 0, 8, 16, expr) SHRN1(name##_i_1, 4, 0, 0, 16, 32, expr) SHRN1(name##_i_2, 2, 0, 0, 32, 64, expr) \
    SHRN1(name##_i_4, 8, 1, 0, 8, 16, expr) SHRN1(name##_i_5, 4, 1, 0, 16, 32, expr) SHRN1(name##_i_6, 2, 1, 0, 32, 64, expr) \
    NONE(name##_i_3) NONE(name##_i_7)
#define SHRN_S(name, expr)                                                                         \
    SHRN1(name##_is_0, 1, 0, 1, 8, 16, expr) SHRN1(name##_is_1, 1, 0, 1, 16, 32, expr) SHRN1(name##_is_2, 1, 0, 1, 32, 64, expr) \
    NONE(name##_is_3)
#define SHRN_QS(name, expr) SHRN_Q(name, expr) SHRN_S(name, expr)
#define XS(round) simd_shl_any((W)x, -sh, round)
#define XU(round) simd_shl_any((__int128)x, -sh, round)
SHRN_Q(shrn, XU(false))
SHRN_Q(rshrn, XU(true))
SHRN_QS(sqshrn, simd_ssat(c, XS(false), BITS))
SHRN_QS(sqrshrn, simd_ssat(c, XS(true), BITS))
SHRN_QS(uqshrn, simd_usat(c, XU(false), BITS))
SHRN_QS(uqrshrn, simd_usat(c, XU(true), BITS))
SHRN_QS(sqshrun, simd_usat(c, XS(false), BITS))
SHRN_QS(sqrshrun, simd_usat(c, XS(true), BITS))

/* ---- long ---- */

#define SHLL1(name, q, bits, wbits, type)                                                          \
    OPV(name)                                                                                      \
    {                                                                                              \
        enum { N = 64 / bits };                                                                    \
        union cpu_vreg r;                                                                          \
        const union cpu_vreg *vn = VR(rn);                                                         \
        int sh = LEFT(bits);                                                                       \
        for (unsigned i = 0; i < N; i++)                                                           \
            WIDE##bits(&r)[i] = (uint##wbits##_t)((uint64_t)(int64_t)(type)LANE##bits(vn)[i + (q) * N] << sh); \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define SHLL_Q(name, t8, t16, t32)                                                                 \
    SHLL1(name##_i_0, 0, 8, 16, t8) SHLL1(name##_i_1, 0, 16, 32, t16) SHLL1(name##_i_2, 0, 32, 64, t32) \
    SHLL1(name##_i_4, 1, 8, 16, t8) SHLL1(name##_i_5, 1, 16, 32, t16) SHLL1(name##_i_6, 1, 32, 64, t32) \
    NONE(name##_i_3) NONE(name##_i_7)
SHLL_Q(sshll, int8_t, int16_t, int32_t)
SHLL_Q(ushll, uint8_t, uint16_t, uint32_t)
