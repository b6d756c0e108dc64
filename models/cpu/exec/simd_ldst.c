/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD loads and stores of structures: Arm ARM DDI 0487 C7.2 LD1..LD4, ST1..ST4, LD1R..LD4R.
 * Encodings: decode/simd_ldst.decode. All bytes of an instruction are contiguous and go as one access, so
 * registers change only when all of it has succeeded; the slow path knows the element size from the
 * instruction word (alignment, big-endian).
 */
#include "models/cpu/exec/exec.h"
#include "models/cpu/exec/mem.h"

/* clang-format off */

/* Register k of the list, which wraps after V31. */
#define LIST(k) (&c->arch.v[(op->rd + (k)) & 31])
/* Without write-back both addends are zero. */
#define WRITE_BACK(bytes) WX(rn, XR(rn) + (bytes) + XR(rm))

/* ---- multiple structures without interleaving: n registers of bytes ---- */

#define MULTI1(n, q, bytes)                                                                        \
    OPMV(ld1x##n##_##q)                                                                             \
    {                                                                                              \
        uint8_t buf[(n) * (bytes)];                                                                \
        CHECK_SP;                                                                                  \
        LOAD(c->host.view, XR(rn), sizeof(buf), buf);                                                   \
        WRITE_BACK(op->imm);                                                                       \
        for (unsigned k = 0, rd = op->rd; k < (n); k++) {                                          \
            union cpu_vreg r = {.d = {0, 0}};                                                      \
            memcpy(&r, buf + k * (bytes), bytes);                                                  \
            c->arch.v[(rd + k) & 31] = r;                                                               \
        }                                                                                          \
        return true;                                                                               \
    }                                                                                              \
    OPMV(st1x##n##_##q)                                                                             \
    {                                                                                              \
        uint8_t buf[(n) * (bytes)];                                                                \
        CHECK_SP;                                                                                  \
        for (unsigned k = 0; k < (n); k++)                                                         \
            memcpy(buf + k * (bytes), LIST(k), bytes);                                             \
        STORE(c->host.view, XR(rn), sizeof(buf), buf);                                                  \
        WRITE_BACK(op->imm);                                                                       \
        return true;                                                                               \
    }
#define MULTI1_Q(n) MULTI1(n, 0, 8) MULTI1(n, 1, 16)
MULTI1_Q(1)
MULTI1_Q(2)
MULTI1_Q(3)
MULTI1_Q(4)

/* ---- multiple structures of n elements ---- */

#define MULTI(n, var, bytes, type, lane)                                                           \
    OPMV(ld##n##_##var)                                                                             \
    {                                                                                              \
        enum { ELEMS = (bytes) / sizeof(type) };                                                   \
        type buf[(n) * ELEMS];                                                                     \
        union cpu_vreg r[n];                                                                       \
        CHECK_SP;                                                                                  \
        LOAD(c->host.view, XR(rn), sizeof(buf), buf);                                                   \
        WRITE_BACK(op->imm);                                                                       \
        for (unsigned k = 0; k < (n); k++) {                                                       \
            r[k].d[1] = 0;                                                                         \
            for (unsigned i = 0; i < ELEMS; i++)                                                   \
                r[k].lane[i] = buf[i * (n) + k];                                                   \
        }                                                                                          \
        for (unsigned k = 0; k < (n); k++)                                                         \
            *LIST(k) = r[k];                                                                       \
        return true;                                                                               \
    }                                                                                              \
    OPMV(st##n##_##var)                                                                             \
    {                                                                                              \
        enum { ELEMS = (bytes) / sizeof(type) };                                                   \
        type buf[(n) * ELEMS];                                                                     \
        CHECK_SP;                                                                                  \
        for (unsigned k = 0; k < (n); k++)                                                         \
            for (unsigned i = 0; i < ELEMS; i++)                                                   \
                buf[i * (n) + k] = LIST(k)->lane[i];                                               \
        STORE(c->host.view, XR(rn), sizeof(buf), buf);                                                  \
        WRITE_BACK(op->imm);                                                                       \
        return true;                                                                               \
    }
#define MULTI_Q(n)                                                                                 \
    MULTI(n, 0, 8, uint8_t, b)                                                                     \
    MULTI(n, 1, 8, uint16_t, h)                                                                    \
    MULTI(n, 2, 8, uint32_t, s)                                                                    \
    NONE(ld##n##_3) NONE(st##n##_3) /* 64-bit elements need 128-bit registers */                   \
    MULTI(n, 4, 16, uint8_t, b)                                                                    \
    MULTI(n, 5, 16, uint16_t, h)                                                                   \
    MULTI(n, 6, 16, uint32_t, s)                                                                   \
    MULTI(n, 7, 16, uint64_t, d)
MULTI_Q(2)
MULTI_Q(3)
MULTI_Q(4)

/* ---- one structure of n elements, to or from lane imm<7:0> ---- */

#define LANE(n, var, type, lane)                                                                   \
    OPMV(ldl_##var)                                                                                 \
    {                                                                                              \
        type buf[n];                                                                               \
        CHECK_SP;                                                                                  \
        LOAD(c->host.view, XR(rn), sizeof(buf), buf);                                                   \
        WRITE_BACK(op->imm >> 8);                                                                  \
        for (unsigned k = 0; k < (n); k++)                                                         \
            LIST(k)->lane[op->imm & (16 / sizeof(type) - 1)] = buf[k];                             \
        return true;                                                                               \
    }                                                                                              \
    OPMV(stl_##var)                                                                                 \
    {                                                                                              \
        type buf[n];                                                                               \
        CHECK_SP;                                                                                  \
        for (unsigned k = 0; k < (n); k++)                                                         \
            buf[k] = LIST(k)->lane[op->imm & (16 / sizeof(type) - 1)];                             \
        STORE(c->host.view, XR(rn), sizeof(buf), buf);                                                  \
        WRITE_BACK(op->imm >> 8);                                                                  \
        return true;                                                                               \
    }
LANE(1, 0, uint8_t, b) LANE(1, 1, uint16_t, h) LANE(1, 2, uint32_t, s) LANE(1, 3, uint64_t, d)
LANE(2, 4, uint8_t, b) LANE(2, 5, uint16_t, h) LANE(2, 6, uint32_t, s) LANE(2, 7, uint64_t, d)
LANE(3, 8, uint8_t, b) LANE(3, 9, uint16_t, h) LANE(3, 10, uint32_t, s) LANE(3, 11, uint64_t, d)
LANE(4, 12, uint8_t, b) LANE(4, 13, uint16_t, h) LANE(4, 14, uint32_t, s) LANE(4, 15, uint64_t, d)

/* ---- one structure of n elements, to all lanes ---- */

#define REP(n, var, bytes, type, lane)                                                             \
    OPMV(ldr_rep_##var)                                                                             \
    {                                                                                              \
        type buf[n];                                                                               \
        CHECK_SP;                                                                                  \
        LOAD(c->host.view, XR(rn), sizeof(buf), buf);                                                   \
        WRITE_BACK(op->imm);                                                                       \
        for (unsigned k = 0; k < (n); k++) {                                                       \
            union cpu_vreg r = {.d = {0, 0}};                                                      \
            for (unsigned i = 0; i < (bytes) / sizeof(type); i++)                                  \
                r.lane[i] = buf[k];                                                                \
            *LIST(k) = r;                                                                          \
        }                                                                                          \
        return true;                                                                               \
    }
#define REP_Q(n, v0, v1, v2, v3, v4, v5, v6, v7)                                                   \
    REP(n, v0, 8, uint8_t, b) REP(n, v1, 8, uint16_t, h) REP(n, v2, 8, uint32_t, s) REP(n, v3, 8, uint64_t, d) \
    REP(n, v4, 16, uint8_t, b) REP(n, v5, 16, uint16_t, h) REP(n, v6, 16, uint32_t, s) REP(n, v7, 16, uint64_t, d)
REP_Q(1, 0, 1, 2, 3, 4, 5, 6, 7)
REP_Q(2, 8, 9, 10, 11, 12, 13, 14, 15)
REP_Q(3, 16, 17, 18, 19, 20, 21, 22, 23)
REP_Q(4, 24, 25, 26, 27, 28, 29, 30, 31)
