/* SPDX-License-Identifier: Apache-2.0 */
/* Advanced SIMD integer: same-size operations, logic, moves, permutes. Arm ARM DDI 0487 C4.1.93. Encodings:
 * decode/simd_int.decode. Widening, narrowing and by-element forms are in simd_wide.c, shifts by immediate in
 * simd_shift.c. */
#include "models/cpu/exec/simd.h"

/* clang-format off */

#define BOTH(name, expr) SIMD_MAP_Q(name, expr) SIMD_MAP_S(name, expr)
#define TRUE_IF(x) ((x) ? (U)-1 : 0)
#define SHIFT_B ((int8_t)b)

SIMD_MAP_Q(shadd, ((int64_t)(S)a + (S)b) >> 1)
SIMD_MAP_Q(uhadd, ((uint64_t)a + b) >> 1)
SIMD_MAP_Q(srhadd, ((int64_t)(S)a + (S)b + 1) >> 1)
SIMD_MAP_Q(urhadd, ((uint64_t)a + b + 1) >> 1)
SIMD_MAP_Q(shsub, ((int64_t)(S)a - (S)b) >> 1)
SIMD_MAP_Q(uhsub, ((int64_t)((uint64_t)a - b)) >> 1)
BOTH(sqadd, simd_ssat(c, (__int128)(S)a + (S)b, BITS))
BOTH(uqadd, simd_usat(c, (__int128)a + b, BITS))
BOTH(sqsub, simd_ssat(c, (__int128)(S)a - (S)b, BITS))
BOTH(uqsub, simd_usat(c, (__int128)a - b, BITS))
BOTH(cmgt, TRUE_IF((S)a > (S)b))
BOTH(cmhi, TRUE_IF(a > b))
BOTH(cmge, TRUE_IF((S)a >= (S)b))
BOTH(cmhs, TRUE_IF(a >= b))
BOTH(cmtst, TRUE_IF((a & b) != 0))
BOTH(cmeq, TRUE_IF(a == b))
BOTH(sshl, simd_shl_any((S)a, SHIFT_B, false))
BOTH(ushl, simd_shl_any((__int128)a, SHIFT_B, false))
BOTH(srshl, simd_shl_any((S)a, SHIFT_B, true))
BOTH(urshl, simd_shl_any((__int128)a, SHIFT_B, true))
BOTH(sqshl, simd_sqshl(c, (S)a, SHIFT_B, BITS, false))
BOTH(uqshl, simd_uqshl(c, a, SHIFT_B, BITS, false))
BOTH(sqrshl, simd_sqshl(c, (S)a, SHIFT_B, BITS, true))
BOTH(uqrshl, simd_uqshl(c, a, SHIFT_B, BITS, true))
SIMD_MAP_Q(smax, (S)a > (S)b ? a : b)
SIMD_MAP_Q(umax, a > b ? a : b)
SIMD_MAP_Q(smin, (S)a < (S)b ? a : b)
SIMD_MAP_Q(umin, a < b ? a : b)
SIMD_MAP_Q(sabd, (S)a > (S)b ? a - b : b - a)
SIMD_MAP_Q(uabd, a > b ? a - b : b - a)
SIMD_MAP_Q(saba, d + ((S)a > (S)b ? a - b : b - a))
SIMD_MAP_Q(uaba, d + (a > b ? a - b : b - a))
BOTH(addv3, a + b)
BOTH(subv3, a - b)
SIMD_MAP_Q(mla, d + (uint64_t)a * b)
SIMD_MAP_Q(mls, d - (uint64_t)a * b)
SIMD_MAP_Q(mulv, (uint64_t)a * b)

TG_INLINE uint8_t simd_pmul8(uint8_t a, uint8_t b)
{
    uint8_t r = 0;

    for (unsigned i = 0; i < 8; i++)
        r ^= b >> i & 1 ? (uint8_t)(a << i) : 0;
    return r;
}
SIMD_MAP_Q(pmul, simd_pmul8((uint8_t)a, (uint8_t)b))

BOTH(sqdmulh, simd_ssat(c, DMULH(0), BITS))
BOTH(sqrdmulh, simd_ssat(c, DMULH(1), BITS))
BOTH(sqrdmlah, simd_ssat(c, RDML(+), BITS))
BOTH(sqrdmlsh, simd_ssat(c, RDML(-), BITS))

/* ---- pairwise: the two sources as one vector ---- */

#define SIMD_PAIR(name, bytes, bits, expr)                                                         \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        enum { N = (bytes) * 8 / bits };                                                           \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm);                                           \
        for (unsigned i = 0; i < N; i++) {                                                         \
            const U *s = 2 * i < N ? &LANE##bits(vn)[2 * i] : &LANE##bits(vm)[2 * i - N];          \
            U a = bits == 64 && N == 1 ? 0 : s[0], b = bits == 64 && N == 1 ? 0 : s[1];            \
            LANE##bits(&r)[i] = (U)(expr);                                                         \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define SIMD_PAIR_Q(name, expr)                                                                    \
    SIMD_PAIR(name##_0, 8, 8, expr) SIMD_PAIR(name##_1, 8, 16, expr) SIMD_PAIR(name##_2, 8, 32, expr) \
    SIMD_PAIR(name##_4, 16, 8, expr) SIMD_PAIR(name##_5, 16, 16, expr) SIMD_PAIR(name##_6, 16, 32, expr) \
    SIMD_PAIR(name##_7, 16, 64, expr)                                                              \
    OPV(name##_3) { cpu_raise_undef(c, op); return false; }
SIMD_PAIR_Q(smaxp, (S)a > (S)b ? a : b)
SIMD_PAIR_Q(umaxp, a > b ? a : b)
SIMD_PAIR_Q(sminp, (S)a < (S)b ? a : b)
SIMD_PAIR_Q(uminp, a < b ? a : b)
SIMD_PAIR_Q(addp, a + b)
OPV(addp_sd)
{
    uint64_t sum = VR(rn)->d[0] + VR(rn)->d[1];

    VR(rd)->d[0] = sum;
    VR(rd)->d[1] = 0;
    return true;
}

/* ---- logic ---- */

#define OP_LOGIC(name, expr)                                                                       \
    SIMD_MAP(name##_v_0, 8, 64, expr) SIMD_MAP(name##_v_1, 16, 64, expr)
OP_LOGIC(and, a & b)
OP_LOGIC(bic, a & ~b)
OP_LOGIC(orr, a | b)
OP_LOGIC(orn, a | ~b)
OP_LOGIC(eor, a ^ b)
OP_LOGIC(bsl, b ^ ((b ^ a) & d))
OP_LOGIC(bit, d ^ ((d ^ a) & b))
OP_LOGIC(bif, d ^ ((d ^ a) & ~b))
OP_LOGIC(not, ~a)

/* ---- two registers ---- */

TG_INLINE unsigned simd_clz(uint64_t v, unsigned bits)
{
    return v ? (unsigned)__builtin_clzll(v) - (64 - bits) : bits;
}
SIMD_MAP_Q(clz_v, simd_clz(a, BITS))
SIMD_MAP_Q(cls_v, simd_clz((U)((a ^ (U)(a << 1)) | 1), BITS))
/* Bits of each byte: counted by adding neighbours, turned round by swapping neighbours. */
#define BYTES(v) (UINT64_C(0x0101010101010101) * (v))
TG_INLINE uint64_t simd_cnt(uint64_t v)
{
    v -= v >> 1 & BYTES(0x55);
    v = (v & BYTES(0x33)) + (v >> 2 & BYTES(0x33));
    return (v + (v >> 4)) & BYTES(0x0f);
}
TG_INLINE uint64_t simd_rbit(uint64_t v)
{
    v = (v >> 4 & BYTES(0x0f)) | (v & BYTES(0x0f)) << 4;
    v = (v >> 2 & BYTES(0x33)) | (v & BYTES(0x33)) << 2;
    return (v >> 1 & BYTES(0x55)) | (v & BYTES(0x55)) << 1;
}
SIMD_MAP(cnt_0, 8, 64, simd_cnt(a))
SIMD_MAP(cnt_1, 16, 64, simd_cnt(a))
SIMD_MAP(rbit_v_0, 8, 64, simd_rbit(a))
SIMD_MAP(rbit_v_1, 16, 64, simd_rbit(a))
BOTH(cmgt_z, TRUE_IF((S)a > 0))
BOTH(cmge_z, TRUE_IF((S)a >= 0))
BOTH(cmeq_z, TRUE_IF(a == 0))
BOTH(cmle_z, TRUE_IF((S)a <= 0))
BOTH(cmlt_z, TRUE_IF((S)a < 0))
BOTH(abs_v, (S)a < 0 ? (U)0 - a : a)
BOTH(neg_v, (U)0 - a)
BOTH(sqabs, simd_ssat(c, (S)a < 0 ? -(__int128)(S)a : (S)a, BITS))
BOTH(sqneg, simd_ssat(c, -(__int128)(S)a, BITS))
BOTH(suqadd, simd_ssat(c, (__int128)(S)d + a, BITS))
BOTH(usqadd, simd_usat(c, (__int128)d + (S)a, BITS))

/* Element i of a container of `per` elements, reversed within it. */
#define SIMD_REV(name, bytes, bits, per)                                                           \
    OPV(name)                                                                                      \
    {                                                                                              \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn);                                                         \
        for (unsigned i = 0; i < (bytes) * 8 / bits; i++)                                          \
            LANE##bits(&r)[i] = LANE##bits(vn)[i ^ ((per) - 1)];                                   \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
SIMD_REV(rev64_v_0, 8, 8, 8) SIMD_REV(rev64_v_1, 8, 16, 4) SIMD_REV(rev64_v_2, 8, 32, 2) NONE(rev64_v_3)
SIMD_REV(rev64_v_4, 16, 8, 8) SIMD_REV(rev64_v_5, 16, 16, 4) SIMD_REV(rev64_v_6, 16, 32, 2) NONE(rev64_v_7)
SIMD_REV(rev32_v_0, 8, 8, 4) SIMD_REV(rev32_v_1, 8, 16, 2) NONE(rev32_v_2) NONE(rev32_v_3)
SIMD_REV(rev32_v_4, 16, 8, 4) SIMD_REV(rev32_v_5, 16, 16, 2) NONE(rev32_v_6) NONE(rev32_v_7)
SIMD_REV(rev16_v_0, 8, 8, 2) NONE(rev16_v_1) NONE(rev16_v_2) NONE(rev16_v_3)
SIMD_REV(rev16_v_4, 16, 8, 2) NONE(rev16_v_5) NONE(rev16_v_6) NONE(rev16_v_7)

/* ---- across lanes: RT is the type of the result element, of `rbits` bits ---- */

#define SIMD_ACROSS(name, bytes, bits, rbits, init, expr)                                          \
    OPV(name)                                                                                      \
    {                                                                                              \
        SIMD_TYPES(bits);                                                                          \
        const union cpu_vreg *vn = VR(rn);                                                         \
        uint64_t acc = (init);                                                                     \
        for (unsigned i = 0; i < (bytes) * 8 / bits; i++) {                                        \
            U a = LANE##bits(vn)[i];                                                               \
            acc = (uint64_t)(expr);                                                                \
        }                                                                                          \
        VR(rd)->d[0] = acc & tg_ones(rbits);                                                       \
        VR(rd)->d[1] = 0;                                                                          \
        return true;                                                                               \
    }
#define SIMD_ACROSS_Q(name, mul, init, expr)                                                       \
    SIMD_ACROSS(name##_0, 8, 8, 8 * mul, init, expr) SIMD_ACROSS(name##_1, 8, 16, 16 * mul, init, expr) \
    SIMD_ACROSS(name##_4, 16, 8, 8 * mul, init, expr) SIMD_ACROSS(name##_5, 16, 16, 16 * mul, init, expr) \
    SIMD_ACROSS(name##_6, 16, 32, 32 * mul, init, expr) NONE(name##_2) NONE(name##_3) NONE(name##_7)
SIMD_ACROSS_Q(saddlv, 2, 0, acc + (uint64_t)(int64_t)(S)a)
SIMD_ACROSS_Q(uaddlv, 2, 0, acc + a)
SIMD_ACROSS_Q(addv, 1, 0, acc + a)
SIMD_ACROSS_Q(smaxv, 1, (uint64_t)INT64_MIN, (int64_t)acc > (S)a ? (int64_t)acc : (S)a)
SIMD_ACROSS_Q(umaxv, 1, 0, acc > a ? acc : a)
SIMD_ACROSS_Q(sminv, 1, (uint64_t)INT64_MAX, (int64_t)acc < (S)a ? (int64_t)acc : (S)a)
SIMD_ACROSS_Q(uminv, 1, UINT64_MAX, acc < a ? acc : a)

/* ---- modified immediate ---- */

OPV(movi_0) { VR(rd)->d[0] = op->imm; VR(rd)->d[1] = 0; return true; }
OPV(movi_1) { VR(rd)->d[0] = VR(rd)->d[1] = op->imm; return true; }
OPV(orrbic_vi_0) { VR(rd)->d[0] |= op->imm; VR(rd)->d[1] = 0; return true; }
OPV(orrbic_vi_1) { VR(rd)->d[0] &= ~op->imm; VR(rd)->d[1] = 0; return true; }
OPV(orrbic_vi_2) { VR(rd)->d[0] |= op->imm; VR(rd)->d[1] |= op->imm; return true; }
OPV(orrbic_vi_3) { VR(rd)->d[0] &= ~op->imm; VR(rd)->d[1] &= ~op->imm; return true; }

/* ---- copy: imm5 holds size (lowest set bit) and index above it ---- */

#define IMM5 a64_imm5(op_info(op)->insn)
TG_INLINE uint64_t simd_elem(const union cpu_vreg *v, unsigned size, unsigned index)
{
    switch (size) {
    case 0:
        return v->b[index];
    case 1:
        return v->h[index];
    case 2:
        return v->s[index];
    default:
        return v->d[index];
    }
}
TG_INLINE void simd_set_elem(union cpu_vreg *v, unsigned size, unsigned index, uint64_t x)
{
    switch (size) {
    case 0:
        v->b[index] = (uint8_t)x;
        break;
    case 1:
        v->h[index] = (uint16_t)x;
        break;
    case 2:
        v->s[index] = (uint32_t)x;
        break;
    default:
        v->d[index] = x;
    }
}
TG_INLINE void simd_dup(union cpu_vreg *v, unsigned size, uint64_t x, bool q)
{
    static const uint64_t ones[4] = {UINT64_C(0x0101010101010101), UINT64_C(0x0001000100010001), UINT64_C(0x0000000100000001), 1};

    v->d[0] = (x & tg_ones(8u << size)) * ones[size];
    v->d[1] = q ? v->d[0] : 0;
}
#define IMM5_SIZE  ((unsigned)__builtin_ctz(IMM5))
#define IMM5_INDEX (IMM5 >> (IMM5_SIZE + 1))
OPV(dup_e_0) { simd_dup(VR(rd), IMM5_SIZE, simd_elem(VR(rn), IMM5_SIZE, IMM5_INDEX), false); return true; }
OPV(dup_e_1) { simd_dup(VR(rd), IMM5_SIZE, simd_elem(VR(rn), IMM5_SIZE, IMM5_INDEX), true); return true; }
OPV(dup_es)
{
    uint64_t x = simd_elem(VR(rn), IMM5_SIZE, IMM5_INDEX);

    VR(rd)->d[0] = x;
    VR(rd)->d[1] = 0;
    return true;
}
OPV(dup_g_0) { simd_dup(VR(rd), IMM5_SIZE, XR(rn), false); return true; }
OPV(dup_g_1) { simd_dup(VR(rd), IMM5_SIZE, XR(rn), true); return true; }
OPV(smov_v_0) { WW(rd, tg_sext(simd_elem(VR(rn), IMM5_SIZE, IMM5_INDEX), 8u << IMM5_SIZE)); return true; }
OPV(smov_v_1) { WX(rd, tg_sext(simd_elem(VR(rn), IMM5_SIZE, IMM5_INDEX), 8u << IMM5_SIZE)); return true; }
OPV(umov_v) { WX(rd, simd_elem(VR(rn), IMM5_SIZE, IMM5_INDEX)); return true; }
OPV(ins_g) { simd_set_elem(VR(rd), IMM5_SIZE, IMM5_INDEX, XR(rn)); return true; }
OPV(ins_e)
{
    unsigned size = IMM5_SIZE;

    simd_set_elem(VR(rd), size, IMM5_INDEX, simd_elem(VR(rn), size, a64_imm4(op_info(op)->insn) >> size));
    return true;
}

/* ---- permutes: source element index of result element i, out of the 2N elements of rm:rn ---- */

#define SIMD_PERM(name, bytes, bits, index)                                                        \
    OPV(name)                                                                                      \
    {                                                                                              \
        enum { N = (bytes) * 8 / bits };                                                           \
        union cpu_vreg r = {.d = {0, 0}};                                                          \
        const union cpu_vreg *vn = VR(rn), *vm = VR(rm);                                           \
        for (unsigned i = 0; i < N; i++) {                                                         \
            unsigned k = (index);                                                                  \
            LANE##bits(&r)[i] = k < N ? LANE##bits(vn)[k] : LANE##bits(vm)[k - N];                 \
        }                                                                                          \
        *VR(rd) = r;                                                                               \
        return true;                                                                               \
    }
#define SIMD_PERM_Q(name, index)                                                                   \
    SIMD_PERM(name##_0, 8, 8, index) SIMD_PERM(name##_1, 8, 16, index) SIMD_PERM(name##_2, 8, 32, index) \
    SIMD_PERM(name##_4, 16, 8, index) SIMD_PERM(name##_5, 16, 16, index) SIMD_PERM(name##_6, 16, 32, index) \
    SIMD_PERM(name##_7, 16, 64, index) NONE(name##_3)
SIMD_PERM_Q(uzp1, 2 * i)
SIMD_PERM_Q(uzp2, 2 * i + 1)
SIMD_PERM_Q(trn1, (i & 1 ? N + i - 1 : i))
SIMD_PERM_Q(trn2, (i & 1 ? N + i : i + 1))
SIMD_PERM_Q(zip1, (i & 1 ? N + i / 2 : i / 2))
SIMD_PERM_Q(zip2, (i & 1 ? N + N / 2 + i / 2 : N / 2 + i / 2))

OPV(ext_0)
{
    unsigned sh = 8 * (unsigned)op->imm;
    uint64_t lo = VR(rn)->d[0], hi = VR(rm)->d[0];

    VR(rd)->d[0] = sh ? lo >> sh | hi << (64 - sh) : lo;
    VR(rd)->d[1] = 0;
    return true;
}
OPV(ext_1)
{
    unsigned sh = 8 * (unsigned)op->imm;
    unsigned __int128 lo = VR(rn)->q, hi = VR(rm)->q;

    VR(rd)->q = sh ? lo >> sh | hi << (128 - sh) : lo;
    return true;
}

TG_INLINE bool exec_table(struct cpu *c, const struct cpu_op *op, unsigned bytes, bool keep)
{
    uint8_t table[64];
    unsigned n = 16 * ((unsigned)op->imm + 1);
    union cpu_vreg r = {.d = {0, 0}};

    for (unsigned i = 0; i <= op->imm; i++)
        memcpy(table + 16 * i, c->arch.v[(op->rn + i) & 31].b, 16);
    for (unsigned i = 0; i < bytes; i++) {
        unsigned k = VR(rm)->b[i];

        r.b[i] = k < n ? table[k] : keep ? VR(rd)->b[i] : 0;
    }
    *VR(rd) = r;
    return true;
}
OPV(tbl_0) { return exec_table(c, op, 8, false); }
OPV(tbl_1) { return exec_table(c, op, 16, false); }
OPV(tbx_0) { return exec_table(c, op, 8, true); }
OPV(tbx_1) { return exec_table(c, op, 16, true); }
