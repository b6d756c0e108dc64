/* SPDX-License-Identifier: Apache-2.0 */
/* TLBI: which contexts an instruction names, and where it is broadcast. Arm ARM DDI 0487 D8.14, C5.5. Traps
 * were checked before. */
#include <string.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/domain.h"
#include "models/cpu/mmu/walk.h"
#include "models/cpu/sysreg/access.h"

#define XT_ASID    TG_FIELD(63, 48)
#define XT_NS      TG_BIT(63)      /* by IPA, in the Secure state */
#define XT_IPA     TG_FIELD(39, 0) /* bits 51:12 */
#define XT_VA      TG_FIELD(43, 0)
#define XT_R_TG    TG_FIELD(47, 46)
#define XT_R_SCALE TG_FIELD(45, 44)
#define XT_R_NUM   TG_FIELD(43, 39)
#define XT_R_BASE  TG_FIELD(36, 0)

enum scope {
    LOCAL,
    BROADCAST,
};

static void issue(struct cpu *c, const struct mmu_inval *w, enum scope scope)
{
    pipe_tlbi(c, scope == BROADCAST);
    if (scope == LOCAL) {
        mmu_invalidate(c, w);
        return;
    }
    for (struct cpu *o = c->host.domain->first; o; o = o->host.domain_next)
        mmu_invalidate(o, w);
}

/* Fills in the address range of a by-VA operation; range: the FEAT_TLBIRANGE form. */
static void set_range(struct mmu_inval *w, uint64_t xt, bool range)
{
    static const uint8_t grain[4] = {12, 12, 14, 16};

    w->by_va = true;
    if (!range) {
        w->va = (xt & XT_VA) << 12;
        w->bytes = MMU_PAGE_SIZE;
    } else {
        unsigned g = grain[tg_get(xt, XT_R_TG)];

        w->va = tg_get(xt, XT_R_BASE) << g;
        w->bytes = (tg_get(xt, XT_R_NUM) + 1) << (5 * tg_get(xt, XT_R_SCALE) + 1 + g);
    }
    w->asid = (uint16_t)tg_get(xt, XT_ASID);
}

/* The range of an operation by IPA: in the Secure state bit 63 chooses the IPA space, else there is only the
 * Non-secure one (C5.5, TLBI IPAS2E1 and RIPAS2E1). */
static void set_ipa(struct mmu_inval *w, uint64_t xt, bool range)
{
    set_range(w, xt, range);
    if (!range)
        w->va = tg_get(xt, XT_IPA) << 12;
    w->by_va = false;
    w->by_ipa = true;
    w->asid = 0;
    w->ipa_ns = !w->secure || (xt & XT_NS);
}

/* The regime that EL1 operations act on, with its VMID. */
static void el1_regime(const struct cpu *c, struct mmu_inval *w)
{

    if (c->arch.el >= 2 && cpu_is_host(c)) {
        w->regime = MMU_EL20;
        return;
    }

    w->regime = MMU_EL10;
    w->match_vmid = true;
    w->vmid = mmu_vmid(c);
}

static uint16_t asid_mask(const struct cpu *c, const struct mmu_inval *w)
{
    uint64_t tcr = w->regime == MMU_EL20 ? c->arch.sr[SR_TCR_EL2] : c->arch.sr[SR_TCR_EL1];

    return tcr & TCR_AS ? 0xffff : 0xff;
}

void mmu_tlbi(struct cpu *c, uint32_t enc, uint64_t xt)
{
    unsigned op1 = (unsigned)tg_get(enc, TG_SYSENC_OP1), crm = (unsigned)tg_get(enc, TG_SYSENC_CRM),
             op2 = (unsigned)tg_get(enc, TG_SYSENC_OP2);
    bool range = crm == 2 || crm == 5 || crm == 6;
    enum scope scope = crm == 3 || crm == 1 || crm == 2 || crm == 5 ? BROADCAST : LOCAL;
    struct mmu_inval w;

    memset(&w, 0, sizeof(w));
    w.secure = cpu_has(c, CPU_FEAT_EL3) && !(c->arch.sr[SR_SCR_EL3] & SCR_NS);
    if (op1 == 0) {
        if (c->arch.el == 1 && (cpu_hcr_eff(c) & HCR_FB))
            scope = BROADCAST;
        el1_regime(c, &w);
        switch (op2) {
        case 0: /* VMALLE1 */
            w.all = true;
            break;
        case 2: /* ASIDE1 */
            w.match_asid = true;
            w.asid = (uint16_t)tg_get(xt, XT_ASID);
            break;
        case 1: /* VAE1, RVAE1 */
        case 5: /* VALE1 */
            w.match_asid = true;
            /* fall through */
        default: /* VAAE1, VAALE1 */
            set_range(&w, xt, range);
        }
        w.asid &= asid_mask(c, &w);
        issue(c, &w, scope);
        return;
    }
    if (op1 == 4 && (crm == 0 || crm == 4)) { /* by IPA: combined entries of the VM go, too */
        bool local = crm == 4 && (op2 == 1 || op2 == 2 || op2 == 5 || op2 == 6);
        bool ipa_range = crm == 0 ? op2 == 2 || op2 == 6 : op2 == 2 || op2 == 3 || op2 == 6 || op2 == 7;

        if (!cpu_el2_on(c)) /* at EL3: there is no stage 2 in that state */
            return;
        w.regime = MMU_EL10;
        w.match_vmid = true;
        w.vmid = mmu_vmid(c);
        set_ipa(&w, xt, ipa_range);
        issue(c, &w, local ? LOCAL : BROADCAST);
        return;
    }
    if (op1 == 4) {
        switch (op2) {
        case 4: /* ALLE1 */
            w.regime = MMU_EL10;
            w.all = true;
            break;
        case 6: { /* VMALLS12E1 */

            w.regime = MMU_EL10;
            w.all = w.match_vmid = true;
            w.vmid = mmu_vmid(c);
            break;
        }
        default: /* ALLE2, VAE2, VALE2 */
            w.regime = cpu_hcr_eff(c) & HCR_E2H ? MMU_EL20 : MMU_EL2;
            if (op2 == 0) {
                w.all = true;
            } else {
                set_range(&w, xt, range);
                w.match_asid = w.regime == MMU_EL20;
                w.asid &= asid_mask(c, &w);
            }
        }
        issue(c, &w, scope);
        return;
    }
    w.regime = MMU_EL3;
    w.secure = true;
    if (op2 == 0)
        w.all = true;
    else
        set_range(&w, xt, range);
    issue(c, &w, scope);
}
