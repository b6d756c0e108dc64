/* SPDX-License-Identifier: Apache-2.0 */
/* AT: address translation instructions, result in PAR_EL1. Arm ARM DDI 0487 C5.4, D19.2.114. Traps were
 * checked before. */
#include "models/cpu/cpu_state.h"
#include "models/cpu/mmu/walk.h"

/* Data abort syndrome, D19.2.37. */
#define ISS_CM    TG_BIT(8)
#define ISS_S1PTW TG_BIT(7)
#define ISS_WNR   TG_BIT(6)

#define PAR_F    TG_BIT(0)
#define PAR_FST  TG_FIELD(6, 1)
#define PAR_PTW  TG_BIT(8)
#define PAR_S    TG_BIT(9)
#define PAR_SH   TG_FIELD(8, 7)
#define PAR_NS   TG_BIT(9)
#define PAR_RES1 TG_BIT(11)
#define PAR_PA   TG_FIELD(51, 12)
#define PAR_ATTR TG_FIELD(63, 56)

bool mmu_at(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t va)
{
    unsigned op1 = (unsigned)tg_get(enc, TG_SYSENC_OP1), crm = (unsigned)tg_get(enc, TG_SYSENC_CRM),
             op2 = (unsigned)tg_get(enc, TG_SYSENC_OP2);
    enum mmu_regime regime;
    enum mmu_priv priv = MMU_PRIV;
    struct mmu_key key;
    struct mmu_result r;
    bool both = op1 == 4 && op2 >= 4;

    if (op1 == 6)
        regime = MMU_EL3;
    else if (op1 == 4 && !both)
        regime = cpu_hcr_eff(c) & HCR_E2H ? MMU_EL20 : MMU_EL2;
    else
        regime = c->arch.el >= 2 && cpu_is_host(c) ? MMU_EL20 : MMU_EL10;
    if (op1 == 0 && crm == 9 && c->arch.pan)
        priv = MMU_PRIV_PAN;
    if ((op1 == 0 && crm == 8 && op2 >= 2) || (both && op2 >= 6))
        priv = MMU_USER;
    mmu_make_key(c, regime, priv, &key);
    if (regime == MMU_EL2 || regime == MMU_EL3)
        key.priv = MMU_PRIV;
    key.flags |= MMU_KEY_AT;
    if (!both)
        key.flags |= MMU_KEY_S1ONLY;
    c->host.cur = op;
    mmu_translate(c, &key, va, op2 & 1 ? MMU_WRITE : MMU_READ, &r);
    if (!r.fault) {
        c->arch.sr[SR_PAR_EL1] = tg_put(PAR_ATTR, r.attr) | (r.pa & PAR_PA) | PAR_RES1 | (r.ns ? PAR_NS : 0) |
                                 tg_put(PAR_SH, r.sh);
        return true;
    }
    /* A stage-2 fault of the walk belongs to the hypervisor; an external abort of a walk is taken, too. */
    if ((c->arch.el == 1 && r.s2 && r.s1ptw) || (r.fsc & ~3u) == FSC_EXTERNAL_WALK) {
        uint64_t iss = r.fsc | ISS_CM | (r.s1ptw ? ISS_S1PTW : 0) | ISS_WNR;
        bool to_el2 = c->arch.el == 1 && r.s2;

        cpu_raise_sync(c, op, to_el2 ? 2 : 0, esr_make(EC_DABT_LOWER, iss), va, true,
                       (r.ipa >> 12) << 4 | (r.ipa_ns ? TG_BIT(63) : 0), to_el2);
        return false;
    }
    c->arch.sr[SR_PAR_EL1] =
        PAR_F | PAR_RES1 | tg_put(PAR_FST, r.fsc) | (r.s2 ? PAR_S : 0) | (r.s1ptw ? PAR_PTW : 0);
    return true;
}
