/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branch target identification. Indirect branches of a core with FEAT_BTI go through the jump cache, whose
 * entries say with which BTYPE they may be entered; all others come here, from the run loop. So pages that
 * are not guarded, and cores without the feature, pay nothing. Arm ARM DDI 0487 D8.4.7.
 */
#include "models/cpu/bti.h"

#include "models/cpu/cpu_state.h"
#include "models/cpu/decode/a64.h"
#include "models/cpu/sysreg/access.h"

enum {
    ON_NONE = 1 << BTYPE_NONE,
    ON_X16 = 1 << BTYPE_JUMP_X16,
    ON_CALL = 1 << BTYPE_CALL,
    ON_JUMP = 1 << BTYPE_JUMP,
};

static bool is_brk(uint32_t insn)
{
    return a64_properties_of(insn) & A64_BRK;
}

unsigned bti_allowed(const struct cpu *c, uint32_t insn, bool guarded)
{
    const uint32_t is = a64_properties_of(insn);

    if (!guarded || (is & (A64_BRK | A64_HLT)))
        return BTI_ANY;
    if (is & A64_LAND_PAC) {
        bool strict = cpu_sctlr(c, c->arch.el) & (c->arch.el ? SCTLR_BT1 : SCTLR_BT0);

        return strict ? ON_NONE | ON_X16 | ON_CALL : BTI_ANY;
    }
    return ON_NONE | (is & A64_LAND_CALL ? ON_X16 | ON_CALL : 0) |
           (is & A64_LAND_JUMP ? ON_X16 | ON_JUMP : 0);
}

unsigned bti_cacheable(const struct cpu *c, uint32_t insn, bool guarded)
{
    return is_brk(insn) ? ON_NONE : bti_allowed(c, insn, guarded);
}

bool bti_check(struct cpu *c, uint32_t insn, bool guarded)
{
    if (!(bti_allowed(c, insn, guarded) >> c->arch.btype & 1)) {
        cpu_raise_sync(c, NULL, 0, esr_make(EC_BTI, c->arch.btype), 0, false, 0, false);
        return false;
    }
    if (!is_brk(insn))
        c->arch.btype = BTYPE_NONE;
    return true;
}

bool bti_in_guarded_page(struct cpu *c)
{
    const struct mmu_xtlbe *e = &c->host.view->xtlb[MMU_XTLB_INDEX(c->host.pc_page)];
    struct mmu_result r;

    if (tg_likely(e->tag == c->host.pc_page))
        return e->guarded;
    mmu_translate(c, &c->host.view->key, c->host.pc_page, MMU_FETCH,
                  &r); /* pushed out since the block was found */
    return !r.fault && r.guarded;
}
