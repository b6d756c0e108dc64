/* SPDX-License-Identifier: Apache-2.0 */
/* Integer data processing: Arm ARM DDI 0487 C4.1, "Data processing - immediate" and "- register". Encodings:
 * decode/integer.decode. */
#include "models/cpu/exec/exec.h"
#include "models/cpu/mmu/pac.h"

/* clang-format off */

/* Two handlers of the same body over the width: name_0 (W) and name_1 (X). */
#define OP_SF(name, expr_w, expr_x)                    \
    OP(name##_0) { WW(rd, expr_w); return true; }      \
    OP(name##_1) { WX(rd, expr_x); return true; }

/* ADR's imm is from the page on: code.c */
OP(adr) { WX(rd, c->host.pc_page + op->imm); return true; }

OP_SF(add_i, WR(rn) + (uint32_t)op->imm, XR(rn) + op->imm)
OP_SF(sub_i, WR(rn) - (uint32_t)op->imm, XR(rn) - op->imm)
OP_SF(adds_i, exec_adds32(c, WR(rn), (uint32_t)op->imm, 0), exec_adds64(c, XR(rn), op->imm, 0))
OP_SF(subs_i, exec_subs32(c, WR(rn), (uint32_t)op->imm), exec_subs64(c, XR(rn), op->imm))

/* Logical flags: C and V are cleared. */
TG_INLINE uint64_t exec_logic_flags(struct cpu *c, uint64_t r, bool is64)
{
    c->arch.zf = r;
    c->arch.nf = is64 ? r : r << 32;
    c->arch.cf = 0;
    c->arch.vf = 0;
    return r;
}

/* The immediate of a W form has its upper half clear, and EOR/ORR with it must clear the result's. */
OP(and_i) { WX(rd, XR(rn) & op->imm); return true; }
OP(orr_i) { WX(rd, op->ra ? XR(rn) | op->imm : (uint32_t)(WR(rn) | op->imm)); return true; }
OP(eor_i) { WX(rd, op->ra ? XR(rn) ^ op->imm : (uint32_t)(WR(rn) ^ op->imm)); return true; }
OP_SF(ands_i, exec_logic_flags(c, WR(rn) & (uint32_t)op->imm, false), exec_logic_flags(c, XR(rn) & op->imm, true))

OP(movz) { WX(rd, op->imm); return true; }
OP_SF(movn, ~(uint32_t)op->imm, ~op->imm)
#define MOVK_MASK (~(UINT64_C(0xffff) << (16 * op->ra)))
OP_SF(movk, (WR(rd) & (uint32_t)MOVK_MASK) | (uint32_t)op->imm, (XR(rd) & MOVK_MASK) | op->imm)

/* Bitfield moves: see a64_imm_bfm. */
#define BFM_R   ((unsigned)op->imm & 0xff)
#define BFM_N   ((unsigned)(op->imm >> 8) & 0xff)
#define BFM_POS ((unsigned)(op->imm >> 16) & 0xff)
OP(ubfm_0) { WW(rd, WR(rn) >> BFM_R & (uint32_t)tg_ones(BFM_N)); return true; }
OP(ubfm_1) { WW(rd, (WR(rn) & (uint32_t)tg_ones(BFM_N)) << BFM_POS); return true; }
OP(ubfm_2) { WW(rd, WR(rn) >> BFM_R); return true; }
OP(ubfm_3) { WW(rd, WR(rn) << BFM_POS); return true; }
OP(ubfm_4) { WX(rd, XR(rn) >> BFM_R & tg_ones(BFM_N)); return true; }
OP(ubfm_5) { WX(rd, (XR(rn) & tg_ones(BFM_N)) << BFM_POS); return true; }
OP(ubfm_6) { WX(rd, XR(rn) >> BFM_R); return true; }
OP(ubfm_7) { WX(rd, XR(rn) << BFM_POS); return true; }
OP(sbfm_0) { WW(rd, tg_sext(WR(rn) >> BFM_R, BFM_N)); return true; }
OP(sbfm_1) { WW(rd, (uint64_t)tg_sext(WR(rn), BFM_N) << BFM_POS); return true; }
OP(sbfm_2) { WW(rd, (int32_t)WR(rn) >> BFM_R); return true; }
OP(sbfm_3) { WW(rd, tg_sext(WR(rn), BFM_N)); return true; }
OP(sbfm_4) { WX(rd, tg_sext(XR(rn) >> BFM_R, BFM_N)); return true; }
OP(sbfm_5) { WX(rd, (uint64_t)tg_sext(XR(rn), BFM_N) << BFM_POS); return true; }
OP(sbfm_6) { WX(rd, (int64_t)XR(rn) >> BFM_R); return true; }
OP(sbfm_7) { WX(rd, tg_sext(XR(rn), BFM_N)); return true; }
TG_INLINE uint64_t exec_bfm(uint64_t dst, uint64_t src, uint64_t imm)
{
    unsigned r = imm & 0xff, n = imm >> 8 & 0xff, pos = imm >> 16 & 0xff;
    uint64_t mask = tg_ones(n);

    return (dst & ~(mask << pos)) | ((src >> r & mask) << pos);
}
OP_SF(bfm, exec_bfm(WR(rd), WR(rn), op->imm), exec_bfm(XR(rd), XR(rn), op->imm))
OP(extr_0) { WW(rd, (uint32_t)(((uint64_t)WR(rn) << 32 | WR(rm)) >> op->imm)); return true; }
OP(extr_1) { WX(rd, (uint64_t)(((unsigned __int128)XR(rn) << 64 | XR(rm)) >> op->imm)); return true; }

/* Shifted operands. */
TG_INLINE uint32_t exec_ror32(uint32_t v, unsigned n) { return n ? v >> n | v << (32 - n) : v; }
TG_INLINE uint64_t exec_ror64(uint64_t v, unsigned n) { return n ? v >> n | v << (64 - n) : v; }
#define SH_W0 (WR(rm))
#define SH_W1 (WR(rm) << op->imm)
#define SH_W2 (WR(rm) >> op->imm)
#define SH_W3 ((uint32_t)((int32_t)WR(rm) >> op->imm))
#define SH_W4 (exec_ror32(WR(rm), (unsigned)op->imm))
#define SH_X0 (XR(rm))
#define SH_X1 (XR(rm) << op->imm)
#define SH_X2 (XR(rm) >> op->imm)
#define SH_X3 ((uint64_t)((int64_t)XR(rm) >> op->imm))
#define SH_X4 (exec_ror64(XR(rm), (unsigned)op->imm))
/* W(a, b) and X(a, b) are macros over the two operands. */
#define OP_SHIFTED(name, W, X)                                     \
    OP(name##_0) { WW(rd, W(WR(rn), SH_W0)); return true; }        \
    OP(name##_1) { WW(rd, W(WR(rn), SH_W1)); return true; }        \
    OP(name##_2) { WW(rd, W(WR(rn), SH_W2)); return true; }        \
    OP(name##_3) { WW(rd, W(WR(rn), SH_W3)); return true; }        \
    OP(name##_4) { WW(rd, W(WR(rn), SH_W4)); return true; }        \
    OP(name##_5) { WX(rd, X(XR(rn), SH_X0)); return true; }        \
    OP(name##_6) { WX(rd, X(XR(rn), SH_X1)); return true; }        \
    OP(name##_7) { WX(rd, X(XR(rn), SH_X2)); return true; }        \
    OP(name##_8) { WX(rd, X(XR(rn), SH_X3)); return true; }        \
    OP(name##_9) { WX(rd, X(XR(rn), SH_X4)); return true; }

#define DO_AND(a, b) ((a) & (b))
#define DO_BIC(a, b) ((a) & ~(b))
#define DO_ORR(a, b) ((a) | (b))
#define DO_ORN(a, b) ((a) | ~(b))
#define DO_EOR(a, b) ((a) ^ (b))
#define DO_EON(a, b) ((a) ^ ~(b))
#define DO_ADD(a, b) ((a) + (b))
#define DO_SUB(a, b) ((a) - (b))
#define DO_ANDS_W(a, b) exec_logic_flags(c, (uint32_t)((a) & (b)), false)
#define DO_ANDS_X(a, b) exec_logic_flags(c, (a) & (b), true)
#define DO_BICS_W(a, b) exec_logic_flags(c, (uint32_t)((a) & ~(b)), false)
#define DO_BICS_X(a, b) exec_logic_flags(c, (a) & ~(b), true)
#define DO_ADDS_W(a, b) exec_adds32(c, a, b, 0)
#define DO_ADDS_X(a, b) exec_adds64(c, a, b, 0)
#define DO_SUBS_W(a, b) exec_subs32(c, a, b)
#define DO_SUBS_X(a, b) exec_subs64(c, a, b)

OP_SHIFTED(and_r, DO_AND, DO_AND)
OP_SHIFTED(bic_r, DO_BIC, DO_BIC)
OP_SHIFTED(orr_r, DO_ORR, DO_ORR)
OP_SHIFTED(orn_r, DO_ORN, DO_ORN)
OP_SHIFTED(eor_r, DO_EOR, DO_EOR)
OP_SHIFTED(eon_r, DO_EON, DO_EON)
OP_SHIFTED(ands_r, DO_ANDS_W, DO_ANDS_X)
OP_SHIFTED(bics_r, DO_BICS_W, DO_BICS_X)
OP_SHIFTED(add_r, DO_ADD, DO_ADD)
OP_SHIFTED(adds_r, DO_ADDS_W, DO_ADDS_X)
OP_SHIFTED(sub_r, DO_SUB, DO_SUB)
OP_SHIFTED(subs_r, DO_SUBS_W, DO_SUBS_X)

/* Extended operand: UXTB..UXTX, SXTB..SXTX by option, then shifted left by 0..4. */
TG_INLINE uint64_t exec_extend(uint64_t v, unsigned option, unsigned shift)
{
    unsigned bits = 8u << (option & 3);
    uint64_t e = bits == 64 ? v : option & 4 ? (uint64_t)tg_sext(v, bits) : v & tg_ones(bits);

    return e << shift;
}
#define EXT exec_extend(XR(rm), op->ra, (unsigned)op->imm)
OP_SF(add_x, WR(rn) + (uint32_t)EXT, XR(rn) + EXT)
OP_SF(sub_x, WR(rn) - (uint32_t)EXT, XR(rn) - EXT)
OP_SF(adds_x, exec_adds32(c, WR(rn), (uint32_t)EXT, 0), exec_adds64(c, XR(rn), EXT, 0))
OP_SF(subs_x, exec_subs32(c, WR(rn), (uint32_t)EXT), exec_subs64(c, XR(rn), EXT))

OP_SF(adc, WR(rn) + WR(rm) + (uint32_t)c->arch.cf, XR(rn) + XR(rm) + c->arch.cf)
OP_SF(sbc, WR(rn) + ~WR(rm) + (uint32_t)c->arch.cf, XR(rn) + ~XR(rm) + c->arch.cf)
OP_SF(adcs, exec_adds32(c, WR(rn), WR(rm), (unsigned)c->arch.cf), exec_adds64(c, XR(rn), XR(rm), (unsigned)c->arch.cf))
OP_SF(sbcs, exec_adds32(c, WR(rn), ~WR(rm), (unsigned)c->arch.cf), exec_adds64(c, XR(rn), ~XR(rm), (unsigned)c->arch.cf))

/* Conditional compare: the flags of the comparison, or the immediate ones. */
#define OP_CCMP(name, compare)                                             \
    OP(name) {                                                             \
        if (exec_cond(c, op->ra >> 4))                      \
            compare;                                                       \
        else                                                               \
            cpu_set_nzcv(c, op->ra & 15);                     \
        return true;                                                       \
    }
OP_CCMP(ccmn_r_0, exec_adds32(c, WR(rn), WR(rm), 0))
OP_CCMP(ccmn_r_1, exec_adds64(c, XR(rn), XR(rm), 0))
OP_CCMP(ccmp_r_0, exec_subs32(c, WR(rn), WR(rm)))
OP_CCMP(ccmp_r_1, exec_subs64(c, XR(rn), XR(rm)))
OP_CCMP(ccmn_i_0, exec_adds32(c, WR(rn), (uint32_t)op->imm, 0))
OP_CCMP(ccmn_i_1, exec_adds64(c, XR(rn), op->imm, 0))
OP_CCMP(ccmp_i_0, exec_subs32(c, WR(rn), (uint32_t)op->imm))
OP_CCMP(ccmp_i_1, exec_subs64(c, XR(rn), op->imm))

/* FEAT_FlagM: N, Z, C, V are bits 3 to 0 of the rotated register, those that the mask names. */
OP(rmif)
{
    uint32_t mask = op->ra, v = (uint32_t)exec_ror64(XR(rn), (unsigned)op->imm);

    cpu_set_nzcv(c, (cpu_nzcv(c) & ~mask) | (v & mask));
    return true;
}
/* N, Z and V as of a sum of that width in a register; C stays. */
#define OP_SETF(name, bits)                                                \
    OP(name) {                                                             \
        uint64_t v = XR(rn);                                               \
                                                                           \
        c->arch.nf = v << (64 - bits);                                          \
        c->arch.zf = (uint##bits##_t)v;                                         \
        c->arch.vf = (v ^ v >> 1) << (64 - bits);                               \
        return true;                                                       \
    }
OP_SETF(setf8, 8)
OP_SETF(setf16, 16)

/* Conditional select: a handler per width and condition, index sf:cond. */
#define OP_CS1(name, w, x, cc, iw, ix)                                                    \
    OP(name##_##iw) { WW(rd, exec_cond(c, cc) ? WR(rn) : (w)); return true; }             \
    OP(name##_##ix) { WX(rd, exec_cond(c, cc) ? XR(rn) : (x)); return true; }
#define OP_CS(name, w, x)                                                                 \
    OP_CS1(name, w, x, 0, 0, 16)  OP_CS1(name, w, x, 1, 1, 17)  OP_CS1(name, w, x, 2, 2, 18)     \
    OP_CS1(name, w, x, 3, 3, 19)  OP_CS1(name, w, x, 4, 4, 20)  OP_CS1(name, w, x, 5, 5, 21)     \
    OP_CS1(name, w, x, 6, 6, 22)  OP_CS1(name, w, x, 7, 7, 23)  OP_CS1(name, w, x, 8, 8, 24)     \
    OP_CS1(name, w, x, 9, 9, 25)  OP_CS1(name, w, x, 10, 10, 26) OP_CS1(name, w, x, 11, 11, 27)  \
    OP_CS1(name, w, x, 12, 12, 28) OP_CS1(name, w, x, 13, 13, 29) OP_CS1(name, w, x, 14, 14, 30) \
    OP_CS1(name, w, x, 15, 15, 31)
OP_CS(csel, WR(rm), XR(rm))
OP_CS(csinc, WR(rm) + 1, XR(rm) + 1)
OP_CS(csinv, ~WR(rm), ~XR(rm))
OP_CS(csneg, -WR(rm), -XR(rm))

OP_SF(madd, WR(ra) + WR(rn) * WR(rm), XR(ra) + XR(rn) * XR(rm))
OP_SF(msub, WR(ra) - WR(rn) * WR(rm), XR(ra) - XR(rn) * XR(rm))
#define SMUL32 ((uint64_t)((int64_t)(int32_t)WR(rn) * (int32_t)WR(rm)))
#define UMUL32 ((uint64_t)WR(rn) * WR(rm))
OP(smaddl) { WX(rd, XR(ra) + SMUL32); return true; }
OP(smsubl) { WX(rd, XR(ra) - SMUL32); return true; }
OP(umaddl) { WX(rd, XR(ra) + UMUL32); return true; }
OP(umsubl) { WX(rd, XR(ra) - UMUL32); return true; }
OP(smulh) { WX(rd, (unsigned __int128)((__int128)(int64_t)XR(rn) * (int64_t)XR(rm)) >> 64); return true; }
OP(umulh) { WX(rd, (unsigned __int128)XR(rn) * XR(rm) >> 64); return true; }

/* Division by zero gives zero; the most negative number by -1 gives itself. */
OP(udiv_w) { WW(rd, WR(rm) ? WR(rn) / WR(rm) : 0); return true; }
OP(udiv_x) { WX(rd, XR(rm) ? XR(rn) / XR(rm) : 0); return true; }
OP(sdiv_w) {
    int32_t a = (int32_t)WR(rn), b = (int32_t)WR(rm);

    WW(rd, b == 0 ? 0 : b == -1 ? -(uint32_t)a : (uint32_t)(a / b));
    return true;
}
OP(sdiv_x) {
    int64_t a = (int64_t)XR(rn), b = (int64_t)XR(rm);

    WX(rd, b == 0 ? 0 : b == -1 ? -(uint64_t)a : (uint64_t)(a / b));
    return true;
}
OP_SF(lslv, WR(rn) << (WR(rm) & 31), XR(rn) << (XR(rm) & 63))
OP_SF(lsrv, WR(rn) >> (WR(rm) & 31), XR(rn) >> (XR(rm) & 63))
OP_SF(asrv, (int32_t)WR(rn) >> (WR(rm) & 31), (int64_t)XR(rn) >> (XR(rm) & 63))
OP_SF(rorv, exec_ror32(WR(rn), WR(rm) & 31), exec_ror64(XR(rn), XR(rm) & 63))

#define OP_CRC(n, bytes)                                                                              \
    OP(crc32_##n) { WW(rd, cpu_crc32(CPU_CRC32, WR(rn), XR(rm), bytes)); return true; }    \
    OP(crc32c_##n) { WW(rd, cpu_crc32(CPU_CRC32C, WR(rn), XR(rm), bytes)); return true; }
OP_CRC(0, 1)
OP_CRC(1, 2)
OP_CRC(2, 4)
OP_CRC(3, 8)

TG_INLINE uint64_t exec_rbit64(uint64_t v)
{
    v = (v >> 1 & UINT64_C(0x5555555555555555)) | (v & UINT64_C(0x5555555555555555)) << 1;
    v = (v >> 2 & UINT64_C(0x3333333333333333)) | (v & UINT64_C(0x3333333333333333)) << 2;
    v = (v >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
    return __builtin_bswap64(v);
}
OP_SF(rbit, exec_rbit64(WR(rn)) >> 32, exec_rbit64(XR(rn)))
#define REV16_64(v) (((v) >> 8 & UINT64_C(0x00ff00ff00ff00ff)) | ((v) & UINT64_C(0x00ff00ff00ff00ff)) << 8)
OP_SF(rev16, REV16_64((uint64_t)WR(rn)), REV16_64(XR(rn)))
OP(rev_w) { WW(rd, __builtin_bswap32(WR(rn))); return true; }
OP(rev_x) { WX(rd, __builtin_bswap64(XR(rn))); return true; }
OP(rev32) { uint64_t v = __builtin_bswap64(XR(rn)); WX(rd, v >> 32 | v << 32); return true; }
OP_SF(clz, WR(rn) ? __builtin_clz(WR(rn)) : 32, XR(rn) ? __builtin_clzll(XR(rn)) : 64)
OP_SF(cls, __builtin_clrsb((int32_t)WR(rn)), __builtin_clrsbll((int64_t)XR(rn)))

/* ---- pointer authentication: mmu/pac.c; key IA, IB, DA, DB ---- */

#define OP_PAC(n, key)                                                                      \
    OP(pac_##n)                                                                             \
    {                                                                                       \
        uint64_t ptr = op->rd == CPU_X_SINK ? 0 : XR(rd);                                   \
                                                                                            \
        if (!pac_sign(c, op, key, &ptr, XR(rn)))                                            \
            return false;                                                                   \
        WX(rd, ptr);                                                                        \
        return true;                                                                        \
    }                                                                                       \
    OP(aut_##n)                                                                             \
    {                                                                                       \
        uint64_t ptr = op->rd == CPU_X_SINK ? 0 : XR(rd);                                   \
                                                                                            \
        if (!pac_authenticate(c, op, key, &ptr, XR(rn), false))                             \
            return false;                                                                   \
        WX(rd, ptr);                                                                        \
        return true;                                                                        \
    }
OP_PAC(0, PAC_IA)
OP_PAC(1, PAC_IB)
OP_PAC(2, PAC_DA)
OP_PAC(3, PAC_DB)
OP(xpac_0) { WX(rd, pac_strip(c, XR(rd), false)); return true; }
OP(xpac_1) { WX(rd, pac_strip(c, XR(rd), true)); return true; }
OP(pacga)
{
    uint64_t r;

    if (!pac_generic(c, op, XR(rn), XR(rm), &r))
        return false;
    WX(rd, r);
    return true;
}
