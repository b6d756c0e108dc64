/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data accesses of instructions. The inline part is the software-TLB hit; everything else (miss, page
 * crossing, device, watchpoint, big-endian, alignment check, page with decoded code) is mmu/access.c. Sizes
 * are compile-time constants 1, 2, 4, 8, 16 (32 for pairs of Q).
 */
#ifndef TG_CPU_EXEC_MEM_H
#define TG_CPU_EXEC_MEM_H

#include "models/cpu/mmu/access.h"

/* Before any use of the base register: a misaligned SP faults before anything else happens. */
#define CHECK_SP                                                                              \
    if (tg_unlikely(op->rn == CPU_X_SP && (c->x[CPU_X_SP] & 15)) && mem_sp_misaligned(c, op)) \
    return false

/* Reads size bytes at va into out. False: an exception was raised; out is unchanged then. */
TG_INLINE bool mem_load(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va,
                        unsigned size, void *out)
{
    const struct mmu_tlbe *e = &view->tlb[(va >> MMU_PAGE_BITS) & (MMU_TLB_SIZE - 1)];

    if (tg_likely(((va + (size - 1)) & MMU_PAGE_MASK) == e->rtag)) {
        memcpy(out, (const void *)(uintptr_t)(va + e->addend), size);
        pipe_load(c, op, va, va + e->pa_off, size);
        return true;
    }
    if (!mem_load_slow(c, op, view, va, size, out))
        return false;
    if (TG_TIMED && ((va + (size - 1)) & MMU_PAGE_MASK) == e->rtag)
        pipe_load(c, op, va, va + e->pa_off, size);
    return true;
}

TG_INLINE bool mem_store(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va,
                         unsigned size, const void *in)
{
    const struct mmu_tlbe *e = &view->tlb[(va >> MMU_PAGE_BITS) & (MMU_TLB_SIZE - 1)];

    if (tg_likely(((va + (size - 1)) & MMU_PAGE_MASK) == e->wtag)) {
        memcpy((void *)(uintptr_t)(va + e->addend), in, size);
        pipe_store(c, op, va, va + e->pa_off, size);
        return true;
    }
    if (!mem_store_slow(c, op, view, va, size, in))
        return false;
    if (TG_TIMED && ((va + (size - 1)) & MMU_PAGE_MASK) == e->wtag)
        pipe_store(c, op, va, va + e->pa_off, size);
    return true;
}

#endif
