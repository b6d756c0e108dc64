/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data accesses of instructions. The inline part is the software-TLB hit; everything else (miss, page
 * crossing, device, watchpoint, big-endian, alignment check, hit of decoded code) is mmu/access.c. Sizes
 * are compile-time constants 1, 2, 4, 8, 16 (32 for pairs of Q).
 */
#ifndef TG_CPU_EXEC_MEM_H
#define TG_CPU_EXEC_MEM_H

#include "models/cpu/domain.h"
#include "models/cpu/mmu/access.h"

/*
 * Instructions that access memory are written with OPM (exec.h): their body is compiled twice. With `fast` it
 * may only do what needs no call, so that the handler has no stack frame; where that does not do, it leaves
 * before anything has changed, and the second one runs from the beginning.
 */

/* Before any use of the base register: a misaligned SP faults before anything else happens. */
#define CHECK_SP                                                             \
    do {                                                                     \
        if (tg_unlikely(op->rn == CPU_X_SP && (c->arch.x[CPU_X_SP] & 15))) { \
            if (fast)                                                        \
                return EXEC_SLOW;                                            \
            if (mem_sp_misaligned(c, op))                                    \
                return EXEC_STOP;                                            \
        }                                                                    \
    } while (0)

/* The access has to be aligned to its size (ordered accesses). */
#define CHECK_ALIGNED(va, size, write)                     \
    do {                                                   \
        if (tg_unlikely((va) & ((size)-1))) {              \
            if (fast)                                      \
                return EXEC_SLOW;                          \
            if (mem_check_aligned(c, op, va, size, write)) \
                return EXEC_STOP;                          \
        }                                                  \
    } while (0)

/* Reads size bytes at va into out, or leaves the body. */
#define LOAD(view, va, size, out)                                                                  \
    do {                                                                                           \
        if (fast ? !mem_load_fast(c, view, va, size, out) : !mem_load(c, op, view, va, size, out)) \
            return fast ? EXEC_SLOW : EXEC_STOP;                                                   \
    } while (0)
#define STORE(view, va, size, in)                             \
    do {                                                      \
        uint8_t *to_;                                         \
                                                              \
        if (fast && !mem_store_fast(c, view, va, size, &to_)) \
            return EXEC_SLOW;                                 \
        if (fast)                                             \
            memcpy(to_, in, size);                            \
        else if (!mem_store(c, op, view, va, size, in))       \
            return EXEC_STOP;                                 \
    } while (0)
/* The same of values of a type, which are not read before they can be written: they need no host registers
 * meanwhile. */
#define STORE_VALUES(view, va, type, ...)                                              \
    do {                                                                               \
        uint8_t *to_;                                                                  \
                                                                                       \
        if (fast && !mem_store_fast(c, view, va, sizeof((type[]){__VA_ARGS__}), &to_)) \
            return EXEC_SLOW;                                                          \
        {                                                                              \
            const type v_[] = {__VA_ARGS__};                                           \
                                                                                       \
            if (fast)                                                                  \
                memcpy(to_, v_, sizeof(v_));                                           \
            else if (!mem_store(c, op, view, va, sizeof(v_), v_))                      \
                return EXEC_STOP;                                                      \
        }                                                                              \
    } while (0)

/* False: the software TLB or the timing model has to be asked; nothing has happened. */
TG_INLINE bool mem_load_fast(struct cpu *c, const struct mmu_view *view, uint64_t va, unsigned size,
                             void *out)
{
    const struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];

    if (tg_unlikely(((va + (size - 1)) & MMU_PAGE_MASK) != e->rtag) ||
        !pipe_load_fast(c, view, e, va + e->pa_off, size))
        return false;
    memcpy(out, (const void *)(uintptr_t)(va + e->addend), size);
    return true;
}

/* *to: the host's address to write to. */
TG_INLINE bool mem_store_fast(struct cpu *c, const struct mmu_view *view, uint64_t va, unsigned size,
                              uint8_t **to)
{
    const struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];

    if (tg_unlikely(((va + (size - 1)) & MMU_PAGE_MASK) != e->wtag) ||
        !pipe_store_fast(c, view, e, va + e->pa_off, size))
        return false;
    *to = (uint8_t *)(uintptr_t)(va + e->addend);
    return true;
}

#if TG_TIMED
/* The part of an access at va that is at pa: `second` of one that crosses a page. */
TG_INLINE void mem_time_part(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va,
                             uint64_t pa, unsigned size, bool write, unsigned mem_type, bool second)
{
    if (mem_type != TG_MEM_NORMAL_WB) {
        pipe_uncached(c, op, view, va, pa, size, write ? PIPE_WRITES : PIPE_READS, mem_type);
    } else if (write) {
        pipe_write(c, op, va, pa, size);
    } else {
        pipe_read(c, op, va, pa, size, false);
        if (second) {
            pipe_catch_up(c, op);
            pipe_load_extra(c, op, 1, CPU_BUCKET_L1D);
        }
    }
}

/* The time of an access that the software TLB did not settle; what the bus answered has been counted in. */
static TG_SLOW __attribute__((unused)) void TG_FN(mem_time)(struct cpu *c, const struct cpu_op *op,
                                                            struct mmu_view *view, uint64_t va,
                                                            const struct mem_touch *t, bool write)
{
    *(write ? &c->n.stores : &c->n.loads) += 1;
    for (unsigned i = 0; i < t->n; i++, va += t->part[0].size) {
        if (t->part[i].ram)
            mem_time_part(c, op, view, va, t->part[i].pa, t->part[i].size, write, t->part[i].mem_type, i);
        else if (i == 0)
            c->n.uncached++;
    }
}
#else
#define mem_time_f(c, op, view, va, t, write) ((void)(t))
#endif

/* An exclusive or atomic at va, which has been looked up in the software TLB. */
#define MEM_TIME_ATOMIC(kind, how, c, op, va, a, size)                                    \
    do {                                                                                  \
        if (TG_TIMED && tg_unlikely((a)->mem_type != TG_MEM_NORMAL_WB))                   \
            pipe_uncached_atomic((c), (op), (va), (a)->pa, (size), (how), (a)->mem_type); \
        else                                                                              \
            pipe_##kind((c), (op), (va), (a)->pa, (size));                                \
    } while (0)

/* Reads size bytes at va into out. False: an exception was raised; out is unchanged then. */
TG_INLINE bool mem_load(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va,
                        unsigned size, void *out)
{
    const struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];
    struct mem_touch t;

    if (tg_likely(((va + (size - 1)) & MMU_PAGE_MASK) == e->rtag)) {
        memcpy(out, (const void *)(uintptr_t)(va + e->addend), size);
        pipe_load(c, op, va, va + e->pa_off, size);
        return true;
    }
    if (!mem_load_slow(c, op, view, va, size, out, TG_TIMED ? &t : NULL))
        return false;
    TG_FN(mem_time)(c, op, view, va, &t, false);
    return true;
}

TG_INLINE bool mem_store(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va,
                         unsigned size, const void *in)
{
    struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];
    struct mem_touch t;

    if (tg_likely(((va + (size - 1)) & MMU_PAGE_MASK) == e->wtag)) {
        memcpy((void *)(uintptr_t)(va + e->addend), in, size);
        pipe_store(c, op, va, va + e->pa_off, size);
        return true;
    }
    if ((((va + (size - 1)) & MMU_PAGE_MASK) | MMU_CODE) == e->wtag) { /* data beside code */
        memcpy((void *)(uintptr_t)(va + e->addend), in, size);
        if (tg_unlikely(!e->code->any || ram_code_hit(e->code, va, size)))
            mem_code_written(c, op, e, va, size);
        pipe_store(c, op, va, va + e->pa_off, size);
        return true;
    }
    if (!mem_store_slow(c, op, view, va, size, in, TG_TIMED ? &t : NULL))
        return false;
    TG_FN(mem_time)(c, op, view, va, &t, true);
    return true;
}

/* Host pointer for an aligned read-modify-write, or NULL: mem_atomic_begin has to look. */
TG_INLINE uint8_t *mem_atomic_fast(struct cpu *c, uint64_t va, unsigned size, enum mmu_access access,
                                   struct mem_atomic *a)
{
    const struct mmu_tlbe *e = &c->host.view->tlb[MMU_TLB_INDEX(va)];
    const uint64_t page = va & (MMU_PAGE_MASK | (size - 1));

    if (tg_unlikely((access != MMU_WRITE && e->rtag != page) || (access != MMU_READ && e->wtag != page)))
        return NULL;
    a->big_endian = false; /* such views enter nothing in their TLB */
    a->code = false;
    a->pa = va + e->pa_off;
    a->host = (uint8_t *)(uintptr_t)(va + e->addend);
    return a->host;
}

#endif
