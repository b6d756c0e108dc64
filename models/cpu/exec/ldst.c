/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores of general registers and of single or paired vector registers: Arm ARM DDI 0487 C4.1.
 * Encodings: decode/ldst.decode. */
#include "models/cpu/exec/exec.h"
#include "models/cpu/exec/mem.h"
#include "models/cpu/mmu/pac.h"

/* clang-format off */

/* ---- single registers ---- */

/* A mode is: address expression, view, and what is written back. */
#define NO_WB
#define WB_ADDR  WX(rn, XR(rn) + op->imm)

#define ST_BODY(type, value, addr, view, wb)                       \
    uint64_t va;                                                   \
    CHECK_SP;                                                      \
    va = (addr);                                                   \
    STORE_VALUES(view, va, type, (type)(value));                   \
    wb;                                                            \
    return true;

/* Load, then write back, then write the register: when both are the same register the load wins (CONSTRAINED UNPREDICTABLE, C6.2). */
#define LD_BODY(type, set, addr, view, wb)                         \
    uint64_t va;                                                   \
    type v;                                                        \
    CHECK_SP;                                                      \
    va = (addr);                                                   \
    LOAD(view, va, sizeof(v), &v);                                 \
    wb;                                                            \
    set;                                                           \
    return true;

#define LDST_INT(mode, addr, view, wb)                                                         \
    OPM(str_##mode##_0) { ST_BODY(uint8_t, XR(rd), addr, view, wb) }                            \
    OPM(str_##mode##_1) { ST_BODY(uint16_t, XR(rd), addr, view, wb) }                           \
    OPM(str_##mode##_2) { ST_BODY(uint32_t, XR(rd), addr, view, wb) }                           \
    OPM(str_##mode##_3) { ST_BODY(uint64_t, XR(rd), addr, view, wb) }                           \
    OPM(ldr_##mode##_0) { LD_BODY(uint8_t, WX(rd, v), addr, view, wb) }                         \
    OPM(ldr_##mode##_1) { LD_BODY(uint16_t, WX(rd, v), addr, view, wb) }                        \
    OPM(ldr_##mode##_2) { LD_BODY(uint32_t, WX(rd, v), addr, view, wb) }                        \
    OPM(ldr_##mode##_3) { LD_BODY(uint64_t, WX(rd, v), addr, view, wb) }                        \
    OPM(ldrs_##mode##_0) { LD_BODY(int8_t, WX(rd, (int64_t)v), addr, view, wb) }                \
    OPM(ldrs_##mode##_1) { LD_BODY(int8_t, WW(rd, (int32_t)v), addr, view, wb) }                \
    OPM(ldrs_##mode##_2) { LD_BODY(int16_t, WX(rd, (int64_t)v), addr, view, wb) }               \
    OPM(ldrs_##mode##_3) { LD_BODY(int16_t, WW(rd, (int32_t)v), addr, view, wb) }               \
    OPM(ldrs_##mode##_4) { LD_BODY(int32_t, WX(rd, (int64_t)v), addr, view, wb) }

/* Vector registers: a scalar load clears the rest of the register. */
#define SET_V(lo) VR(rd)->d[0] = (lo); VR(rd)->d[1] = 0
#define LDST_VEC(mode, addr, wb)                                                               \
    OPMV(strv_##mode##_0) { ST_BODY(uint8_t, VR(rd)->d[0], addr, c->host.view, wb) }                 \
    OPMV(strv_##mode##_1) { ST_BODY(uint16_t, VR(rd)->d[0], addr, c->host.view, wb) }                \
    OPMV(strv_##mode##_2) { ST_BODY(uint32_t, VR(rd)->d[0], addr, c->host.view, wb) }                \
    OPMV(strv_##mode##_3) { ST_BODY(uint64_t, VR(rd)->d[0], addr, c->host.view, wb) }                \
    OPMV(ldrv_##mode##_0) { LD_BODY(uint8_t, SET_V(v), addr, c->host.view, wb) }                     \
    OPMV(ldrv_##mode##_1) { LD_BODY(uint16_t, SET_V(v), addr, c->host.view, wb) }                    \
    OPMV(ldrv_##mode##_2) { LD_BODY(uint32_t, SET_V(v), addr, c->host.view, wb) }                    \
    OPMV(ldrv_##mode##_3) { LD_BODY(uint64_t, SET_V(v), addr, c->host.view, wb) }                    \
    OPMV(strq_##mode) { ST_BODY(unsigned __int128, VR(rd)->q, addr, c->host.view, wb) }              \
    OPMV(ldrq_##mode) { LD_BODY(unsigned __int128, VR(rd)->q = v, addr, c->host.view, wb) }

#define LDST(mode, addr, wb)                   \
    LDST_INT(mode, addr, c->host.view, wb)          \
    LDST_VEC(mode, addr, wb)

/* imm: option; ra: what the offset is shifted by */
TG_INLINE uint64_t exec_ldst_offset(const struct cpu *c, const struct cpu_op *op)
{
    uint64_t m = XR(rm);

    if (op->imm == 2) /* UXTW */
        m = (uint32_t)m;
    else if (op->imm == 6) /* SXTW */
        m = (uint64_t)(int64_t)(int32_t)m;
    return m << op->ra;
}

LDST(ui, XR(rn) + op->imm, NO_WB)
LDST(ur, XR(rn) + op->imm, NO_WB)
LDST(po, XR(rn), WB_ADDR)
LDST(pr, XR(rn) + op->imm, WB_ADDR)
LDST(ro, XR(rn) + exec_ldst_offset(c, op), NO_WB)
LDST_INT(tr, XR(rn) + op->imm, c->host.uview, NO_WB)

/* Pointer authentication: the base is authenticated, then used as any other. */
#define LDRA_BODY(key, wb)                                         \
    uint64_t va = XR(rn);                                          \
    uint64_t v;                                                    \
    if (fast)                                                      \
        return EXEC_SLOW;                                          \
    if (!pac_authenticate(c, op, key, &va, 0, true))               \
        return EXEC_STOP;                                          \
    CHECK_SP;                                                      \
    va += op->imm;                                                 \
    LOAD(c->host.view, va, sizeof(v), &v);                              \
    wb;                                                            \
    WX(rd, v);                                                     \
    return true;
OPM(ldra_of_0) { LDRA_BODY(PAC_DA, NO_WB) }
OPM(ldra_of_1) { LDRA_BODY(PAC_DB, NO_WB) }
OPM(ldra_pr_0) { LDRA_BODY(PAC_DA, WX(rn, va)) }
OPM(ldra_pr_1) { LDRA_BODY(PAC_DB, WX(rn, va)) }

/* ---- literals: imm is from the page on (code.c) ---- */

#define LIT_BODY(type, set)                                                    \
    type v;                                                                    \
    LOAD(c->host.view, c->host.pc_page + op->imm, sizeof(v), &v);                        \
    set;                                                                       \
    return true;
OPM(ldr_lit_0) { LIT_BODY(uint32_t, WX(rd, v)) }
OPM(ldr_lit_1) { LIT_BODY(uint64_t, WX(rd, v)) }
OPM(ldrsw_lit) { LIT_BODY(int32_t, WX(rd, (int64_t)v)) }
OPMV(ldrv_lit_0) { LIT_BODY(uint32_t, SET_V(v)) }
OPMV(ldrv_lit_1) { LIT_BODY(uint64_t, SET_V(v)) }
OPMV(ldrv_lit_2) { LIT_BODY(unsigned __int128, VR(rd)->q = v) }
OPV(ldrv_lit_3) { cpu_raise_undef(c, op); return false; }

/* ---- pairs: one access of twice the size (both registers or none) ---- */

#define STP_BODY(type, a, b, addr, wb)                                 \
    uint64_t va;                                                       \
    CHECK_SP;                                                          \
    va = (addr);                                                       \
    STORE_VALUES(c->host.view, va, type, (type)(a), (type)(b));             \
    wb;                                                                \
    return true;
#define LDP_BODY(type, set, addr, wb)                                  \
    uint64_t va;                                                       \
    type v[2];                                                         \
    CHECK_SP;                                                          \
    va = (addr);                                                       \
    LOAD(c->host.view, va, sizeof(v), v);                                   \
    wb;                                                                \
    set;                                                               \
    return true;

#define SET_X2 WX(rd, v[0]); WX(ra, v[1])
#define SET_XS2 WX(rd, (int64_t)v[0]); WX(ra, (int64_t)v[1])
#define SET_V2 VR(rd)->d[0] = v[0]; VR(rd)->d[1] = 0; VR(ra)->d[0] = v[1]; VR(ra)->d[1] = 0
#define SET_Q2 VR(rd)->q = v[0]; VR(ra)->q = v[1]
#define LDST_PAIR(mode, addr, wb)                                                                  \
    OPM(stp_##mode##_0) { STP_BODY(uint32_t, XR(rd), XR(ra), addr, wb) }                            \
    OPM(stp_##mode##_1) { STP_BODY(uint64_t, XR(rd), XR(ra), addr, wb) }                            \
    OPM(ldp_##mode##_0) { LDP_BODY(uint32_t, SET_X2, addr, wb) }                                    \
    OPM(ldp_##mode##_1) { LDP_BODY(uint64_t, SET_X2, addr, wb) }                                    \
    OPM(ldpsw_##mode) { LDP_BODY(int32_t, SET_XS2, addr, wb) }                                      \
    OPMV(stpv_##mode##_0) { STP_BODY(uint32_t, VR(rd)->d[0], VR(ra)->d[0], addr, wb) }              \
    OPMV(stpv_##mode##_1) { STP_BODY(uint64_t, VR(rd)->d[0], VR(ra)->d[0], addr, wb) }              \
    OPMV(stpv_##mode##_2) { STP_BODY(unsigned __int128, VR(rd)->q, VR(ra)->q, addr, wb) }           \
    OPV(stpv_##mode##_3) { cpu_raise_undef(c, op); return false; }                                 \
    OPMV(ldpv_##mode##_0) { LDP_BODY(uint32_t, SET_V2, addr, wb) }                                  \
    OPMV(ldpv_##mode##_1) { LDP_BODY(uint64_t, SET_V2, addr, wb) }                                  \
    OPMV(ldpv_##mode##_2) { LDP_BODY(unsigned __int128, SET_Q2, addr, wb) }                         \
    OPV(ldpv_##mode##_3) { cpu_raise_undef(c, op); return false; }
LDST_PAIR(of, XR(rn) + op->imm, NO_WB)
LDST_PAIR(po, XR(rn), WB_ADDR)
LDST_PAIR(pr, XR(rn) + op->imm, WB_ADDR)

/* Prefetch hints have no effect on contents; timing ignores them. */
OP(nop) { return true; }

/* ---- ordered accesses: order is program order here; alignment is required ---- */

#define LDAR_BODY(type)                                                                            \
    type v;                                                                                        \
    CHECK_SP;                                                                                      \
    CHECK_ALIGNED(XR(rn), sizeof(v), false);                                                       \
    LOAD(c->host.view, XR(rn), sizeof(v), &v);                                                          \
    WX(rd, v);                                                                                     \
    return true;
#define STLR_BODY(type)                                                                            \
    type v = (type)XR(rd);                                                                         \
    CHECK_SP;                                                                                      \
    CHECK_ALIGNED(XR(rn), sizeof(v), true);                                                        \
    STORE(c->host.view, XR(rn), sizeof(v), &v);                                                         \
    return true;
OPM(ldar_0) { LDAR_BODY(uint8_t) }
OPM(ldar_1) { LDAR_BODY(uint16_t) }
OPM(ldar_2) { LDAR_BODY(uint32_t) }
OPM(ldar_3) { LDAR_BODY(uint64_t) }
OPM(stlr_0) { STLR_BODY(uint8_t) }
OPM(stlr_1) { STLR_BODY(uint16_t) }
OPM(stlr_2) { STLR_BODY(uint32_t) }
OPM(stlr_3) { STLR_BODY(uint64_t) }

/* FEAT_LRCPC2: the same with an unscaled offset, and sign extension. */
#define LDAPUR_BODY(type, set)                                                                     \
    type v;                                                                                        \
    uint64_t va;                                                                                   \
    CHECK_SP;                                                                                      \
    va = XR(rn) + op->imm;                                                                         \
    CHECK_ALIGNED(va, sizeof(v), false);                                                           \
    LOAD(c->host.view, va, sizeof(v), &v);                                                              \
    set;                                                                                           \
    return true;
#define STLUR_BODY(type)                                                                           \
    type v = (type)XR(rd);                                                                         \
    uint64_t va;                                                                                   \
    CHECK_SP;                                                                                      \
    va = XR(rn) + op->imm;                                                                         \
    CHECK_ALIGNED(va, sizeof(v), true);                                                            \
    STORE(c->host.view, va, sizeof(v), &v);                                                             \
    return true;
OPM(ldapur_0) { LDAPUR_BODY(uint8_t, WX(rd, v)) }
OPM(ldapur_1) { LDAPUR_BODY(uint16_t, WX(rd, v)) }
OPM(ldapur_2) { LDAPUR_BODY(uint32_t, WX(rd, v)) }
OPM(ldapur_3) { LDAPUR_BODY(uint64_t, WX(rd, v)) }
OPM(ldapurs_0) { LDAPUR_BODY(int8_t, WX(rd, (int64_t)v)) }
OPM(ldapurs_1) { LDAPUR_BODY(int8_t, WW(rd, (int32_t)v)) }
OPM(ldapurs_2) { LDAPUR_BODY(int16_t, WX(rd, (int64_t)v)) }
OPM(ldapurs_3) { LDAPUR_BODY(int16_t, WW(rd, (int32_t)v)) }
OPM(ldapurs_4) { LDAPUR_BODY(int32_t, WX(rd, (int64_t)v)) }
OPM(stlur_0) { STLUR_BODY(uint8_t) }
OPM(stlur_1) { STLUR_BODY(uint16_t) }
OPM(stlur_2) { STLUR_BODY(uint32_t) }
OPM(stlur_3) { STLUR_BODY(uint64_t) }
