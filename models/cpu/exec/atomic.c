/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclusives, compare-and-swap and atomic memory operations: Arm ARM DDI 0487 C4.1, B2.9. PEs of a machine
 * run one at a time on one host thread, so a read-modify-write is atomic as it stands. The exclusive monitor
 * is exact: it names a physical granule, and is cleared whenever another PE or master may run. Encodings:
 * decode/ldst.decode.
 */
#include "models/cpu/exec/exec.h"
#include "models/cpu/exec/mem.h"

/* clang-format off */

/* Begins an access at [Xn]: sets a, and p to the host pointer. `ready`: what else a handler without calls needs, the
 * timing of the access included. */
#define ATOMIC_IF(size, access, ready)                                                             \
    struct mem_atomic a;                                                                           \
    uint8_t *p;                                                                                    \
    CHECK_SP;                                                                                      \
    if (fast) {                                                                                    \
        p = mem_atomic_fast(c, XR(rn), size, access, &a);                                          \
        if (tg_unlikely(!p || !(ready)))                                                           \
            return EXEC_SLOW;                                                                      \
    } else {                                                                                       \
        p = mem_atomic_begin(c, op, c->host.view, XR(rn), size, access, &a);                            \
        if (tg_unlikely(!p))                                                                       \
            return EXEC_STOP;                                                                      \
    }
/* The same with the timing of a load or rmw. */
#define ATOMIC(size, access, kind)                                                                 \
    ATOMIC_IF(size, access, pipe_##kind##_fast(c, c->host.view, &c->host.view->tlb[MMU_TLB_INDEX(XR(rn))], a.pa, size))                         \
    if (!fast)                                                                                     \
        MEM_TIME_ATOMIC(kind, ATOMIC_HOW_##kind, c, op, XR(rn), &a, size)
#define ATOMIC_HOW_load PIPE_READS
#define ATOMIC_HOW_rmw  PIPE_EXCHANGES
#define ATOMIC_STORE(size)                                                                         \
    ATOMIC_IF(size, MMU_WRITE,                                                                     \
              exec_monitor_holds(c, &a, size) && pipe_store_fast(c, c->host.view, &c->host.view->tlb[MMU_TLB_INDEX(XR(rn))], a.pa, size))

#define SWAP8(v)   (v)
#define SWAP16(v)  __builtin_bswap16(v)
#define SWAP32(v)  __builtin_bswap32(v)
#define SWAP64(v)  __builtin_bswap64(v)
#define FROM_MEM(bits, v) (tg_unlikely(a.big_endian) ? (uint##bits##_t)SWAP##bits(v) : (v))

TG_INLINE void exec_monitor_set(struct cpu *c, const struct mem_atomic *a, unsigned size)
{
    c->arch.excl_valid = true;
    c->arch.excl_size = (uint8_t)size;
    c->arch.excl_pa = a->pa;
}

TG_INLINE bool exec_monitor_holds(const struct cpu *c, const struct mem_atomic *a, unsigned size)
{
    return c->arch.excl_valid && c->arch.excl_pa == a->pa && c->arch.excl_size == size;
}

/* Does the store-exclusive succeed? The monitor is cleared either way. */
TG_INLINE bool exec_monitor_pass(struct cpu *c, const struct mem_atomic *a, unsigned size)
{
    bool pass = exec_monitor_holds(c, a, size);

    c->arch.excl_valid = false;
    return pass;
}

#define OP_EXCLUSIVE(n, bits)                                                  \
    OPM(ldxr_##n)                                                              \
    {                                                                          \
        uint##bits##_t v;                                                      \
        ATOMIC(bits / 8, MMU_READ, load);                                      \
        memcpy(&v, p, sizeof(v));                                              \
        exec_monitor_set(c, &a, sizeof(v));                                    \
        WX(rd, FROM_MEM(bits, v));                                             \
        return true;                                                           \
    }                                                                          \
    OPM(stxr_##n)                                                              \
    {                                                                          \
        uint##bits##_t v = (uint##bits##_t)XR(rd);                             \
        bool pass;                                                             \
        ATOMIC_STORE(bits / 8);                                                \
        pass = exec_monitor_pass(c, &a, sizeof(v));                            \
        if (pass) {                                                            \
            v = FROM_MEM(bits, v);                                             \
            memcpy(p, &v, sizeof(v));                                          \
            mem_atomic_done(c, &a, sizeof(v));                                 \
            if (!fast)                                                         \
                MEM_TIME_ATOMIC(store, PIPE_STORES_EXCLUSIVE, c, op, XR(rn), &a, sizeof(v)); \
        }                                                                      \
        WX(rm, !pass);                                                         \
        return true;                                                           \
    }
OP_EXCLUSIVE(0, 8)
OP_EXCLUSIVE(1, 16)
OP_EXCLUSIVE(2, 32)
OP_EXCLUSIVE(3, 64)

#define OP_EXCLUSIVE_PAIR(n, bits)                                             \
    OPM(ldxp_##n)                                                              \
    {                                                                          \
        uint##bits##_t v[2];                                                   \
        ATOMIC(bits / 4, MMU_READ, load);                                      \
        memcpy(v, p, sizeof(v));                                               \
        exec_monitor_set(c, &a, sizeof(v));                                    \
        WX(rd, FROM_MEM(bits, v[0]));                                          \
        WX(ra, FROM_MEM(bits, v[1]));                                          \
        return true;                                                           \
    }                                                                          \
    OPM(stxp_##n)                                                              \
    {                                                                          \
        uint##bits##_t v[2] = {(uint##bits##_t)XR(rd), (uint##bits##_t)XR(ra)}; \
        bool pass;                                                             \
        ATOMIC_STORE(bits / 4);                                                \
        pass = exec_monitor_pass(c, &a, sizeof(v));                            \
        if (pass) {                                                            \
            v[0] = FROM_MEM(bits, v[0]);                                       \
            v[1] = FROM_MEM(bits, v[1]);                                       \
            memcpy(p, v, sizeof(v));                                           \
            mem_atomic_done(c, &a, sizeof(v));                                 \
            if (!fast)                                                         \
                MEM_TIME_ATOMIC(store, PIPE_STORES_EXCLUSIVE, c, op, XR(rn), &a, sizeof(v)); \
        }                                                                      \
        WX(rm, !pass);                                                         \
        return true;                                                           \
    }
OP_EXCLUSIVE_PAIR(0, 32)
OP_EXCLUSIVE_PAIR(1, 64)

/* CAS: compares memory with Ws (rm), writes Wt (rd) if equal; the old value goes to Ws. Counts as a write even when it does not. */
#define OP_CAS(n, bits)                                                        \
    OPM(cas_##n)                                                               \
    {                                                                          \
        uint##bits##_t old, cmp = (uint##bits##_t)XR(rm), v = (uint##bits##_t)XR(rd); \
        ATOMIC(bits / 8, MMU_RMW, rmw);                                        \
        memcpy(&old, p, sizeof(old));                                          \
        if (FROM_MEM(bits, old) == (op->rm == CPU_X_SINK ? 0 : cmp)) {         \
            v = FROM_MEM(bits, v);                                             \
            memcpy(p, &v, sizeof(v));                                          \
            mem_atomic_done(c, &a, sizeof(v));                                 \
        }                                                                      \
        WX(rm, FROM_MEM(bits, old));                                           \
        return true;                                                           \
    }
OP_CAS(0, 8)
OP_CAS(1, 16)
OP_CAS(2, 32)
OP_CAS(3, 64)

/* Register pairs: the second of an even-numbered register; 30 pairs with XZR. */
#define PAIR2(f)      (op->f == 30 ? 0 : c->arch.x[op->f + 1])
#define SET_PAIR2(v)                          \
    do {                                      \
        if (op->rm != 30)                     \
            c->arch.x[op->rm + 1] = (v);           \
    } while (0)
#define OP_CASP(n, bits)                                                       \
    OPM(casp_##n)                                                              \
    {                                                                          \
        uint##bits##_t old[2], cmp[2] = {(uint##bits##_t)XR(rm), (uint##bits##_t)PAIR2(rm)}; \
        uint##bits##_t v[2] = {(uint##bits##_t)XR(rd), (uint##bits##_t)PAIR2(rd)};           \
        ATOMIC(bits / 4, MMU_RMW, rmw);                                        \
        memcpy(old, p, sizeof(old));                                           \
        old[0] = FROM_MEM(bits, old[0]);                                       \
        old[1] = FROM_MEM(bits, old[1]);                                       \
        if (old[0] == cmp[0] && old[1] == cmp[1]) {                            \
            v[0] = FROM_MEM(bits, v[0]);                                       \
            v[1] = FROM_MEM(bits, v[1]);                                       \
            memcpy(p, v, sizeof(v));                                           \
            mem_atomic_done(c, &a, sizeof(v));                                 \
        }                                                                      \
        WX(rm, old[0]);                                                        \
        SET_PAIR2(old[1]);                                                     \
        return true;                                                           \
    }
OP_CASP(0, 32)
OP_CASP(1, 64)

#define AOP_0(bits, m, v) ((m) + (v))
#define AOP_1(bits, m, v) ((m) & ~(v))
#define AOP_2(bits, m, v) ((m) ^ (v))
#define AOP_3(bits, m, v) ((m) | (v))
#define AOP_4(bits, m, v) ((int##bits##_t)(m) > (int##bits##_t)(v) ? (m) : (v))
#define AOP_5(bits, m, v) ((int##bits##_t)(m) < (int##bits##_t)(v) ? (m) : (v))
#define AOP_6(bits, m, v) ((m) > (v) ? (m) : (v))
#define AOP_7(bits, m, v) ((m) < (v) ? (m) : (v))
#define AOP_SWP(bits, m, v) (v)
#define OP_ATOMIC(name, bits, OPER)                                            \
    OPM(name)                                                                  \
    {                                                                          \
        uint##bits##_t m, old, v = (uint##bits##_t)XR(rm);                     \
        ATOMIC(bits / 8, MMU_RMW, rmw);                                        \
        memcpy(&m, p, sizeof(m));                                              \
        old = FROM_MEM(bits, m);                                               \
        m = (uint##bits##_t)OPER(bits, old, v);                                \
        m = FROM_MEM(bits, m);                                                 \
        memcpy(p, &m, sizeof(m));                                              \
        mem_atomic_done(c, &a, sizeof(m));                                     \
        WX(rd, old);                                                           \
        return true;                                                           \
    }
#define OP_ATOMIC8(base, bits, i0, i1, i2, i3, i4, i5, i6, i7)                                          \
    OP_ATOMIC(ldop_##i0, bits, AOP_0) OP_ATOMIC(ldop_##i1, bits, AOP_1) OP_ATOMIC(ldop_##i2, bits, AOP_2) \
    OP_ATOMIC(ldop_##i3, bits, AOP_3) OP_ATOMIC(ldop_##i4, bits, AOP_4) OP_ATOMIC(ldop_##i5, bits, AOP_5) \
    OP_ATOMIC(ldop_##i6, bits, AOP_6) OP_ATOMIC(ldop_##i7, bits, AOP_7) OP_ATOMIC(swp_##base, bits, AOP_SWP)
OP_ATOMIC8(0, 8, 0, 1, 2, 3, 4, 5, 6, 7)
OP_ATOMIC8(1, 16, 8, 9, 10, 11, 12, 13, 14, 15)
OP_ATOMIC8(2, 32, 16, 17, 18, 19, 20, 21, 22, 23)
OP_ATOMIC8(3, 64, 24, 25, 26, 27, 28, 29, 30, 31)
