/* SPDX-License-Identifier: Apache-2.0 */
/* Filling of software TLBs, private to models/cpu/mmu. */
#ifndef TG_CPU_MMU_FILL_H
#define TG_CPU_MMU_FILL_H

#include "models/cpu/mmu/context.h"

struct ram_region;

/* Enters a translation of va to RAM into the view's data TLB; with what tags it allows. watched: a watchpoint
 * lies on the page. */
void mmu_fill(struct cpu *c, struct mmu_view *v, uint64_t va, const struct mmu_result *r,
              const struct ram_region *ram, bool watched);
struct mmu_xtlbe *mmu_fill_fetch(struct mmu_view *v, uint64_t va, const struct mmu_result *r,
                                 struct code_page *code);

#endif
