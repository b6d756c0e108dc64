/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between EL1 or EL0 and a register besides traps.def: fine-grained traps (FEAT_FGT; fgt.def),
 * and nested virtualization (FEAT_NV, FEAT_NV2), where EL1's use of EL2 names traps, goes to the EL1
 * register, or goes to the page that VNCR_EL2 names. Both are looked at only while c->derived.sr_check says that they
 * are in use, which is settled when the context changes. Arm ARM DDI 0487 J.a, D8.11, D17.2.55.
 */
#include "models/cpu/mmu/access.h"
#include "models/cpu/pmu/pmu.h"
#include "models/cpu/sysreg/exception.h"
#include "models/cpu/sysreg/internal.h"

/* ---- what is in use ---- */

bool cpu_fgt_on(const struct cpu *c)
{
    if (!cpu_has(c, CPU_FEAT_FGT) || c->arch.el > 1 || !cpu_el2_on(c) || cpu_host(c))
        return false;
    return !cpu_has(c, CPU_FEAT_EL3) || (c->arch.sr[SR_SCR_EL3] & SCR_FGTEN);
}

static bool fgt_in_use(const struct cpu *c)
{
    return cpu_fgt_on(c) &&
           (c->arch.sr[SR_HFGRTR_EL2] | c->arch.sr[SR_HFGWTR_EL2] | c->arch.sr[SR_HFGITR_EL2] |
            c->arch.sr[SR_HDFGRTR_EL2] | c->arch.sr[SR_HDFGWTR_EL2] | c->arch.sr[SR_HAFGRTR_EL2]);
}

void sysreg_context_changed(struct cpu *c)
{
    c->derived.sr_check = 0;
    if (tg_unlikely(c->arch.el < 2 && (cpu_has(c, CPU_FEAT_FGT) || cpu_has(c, CPU_FEAT_NV)))) {
        if (fgt_in_use(c))
            c->derived.sr_check |= SR_CHECK_FGT;
        if (c->arch.el == 1 && (cpu_hcr_eff(c) & HCR_NV))
            c->derived.sr_check |= SR_CHECK_NV;
    }
}

/* ---- fine-grained traps ---- */

static const uint16_t fgt_read[SR_FGT_PAIRS] = {SR_HFGRTR_EL2, SR_HDFGRTR_EL2, SR_HFGITR_EL2, SR_HAFGRTR_EL2},
                      fgt_write[SR_FGT_PAIRS] = {SR_HFGWTR_EL2, SR_HDFGWTR_EL2, SR_HFGITR_EL2,
                                                 SR_HAFGRTR_EL2};

bool sr_fgt_traps(const struct cpu *c, const struct sr_row *row, bool write)
{
    struct sr_fgt f = sr_row_fgt(row);

    if (!(f.dir & (write ? SR_DIR_W : SR_DIR_R)))
        return false;
    return c->arch.sr[(write ? fgt_write : fgt_read)[f.pair]] >> f.bit & 1;
}

/* Bits that trap nothing this PE has are RES0. */
void sr_fgt_reset(struct cpu *c)
{
    for (unsigned i = 0; i < sr_n_rows; i++) {
        struct sr_fgt f = sr_row_fgt(&sr_rows[i]);

        if (!f.dir || !sr_row_implemented(c, &sr_rows[i]))
            continue;
        if (f.dir & SR_DIR_R)
            c->derived.fgt_valid[f.pair][0] |= TG_BIT(f.bit);
        if (f.dir & SR_DIR_W)
            c->derived.fgt_valid[f.pair][1] |= TG_BIT(f.bit);
    }
    c->derived.fgt_valid[SR_FGT_HFGI][1] |= HFGITR_ERET | HFGITR_SVC_EL0 | HFGITR_SVC_EL1;
}

void sr_wr_fgt(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t valid = 0;

    for (unsigned i = 0; i < SR_FGT_PAIRS; i++) {
        if (fgt_read[i] == id)
            valid |= c->derived.fgt_valid[i][0];
        if (fgt_write[i] == id)
            valid |= c->derived.fgt_valid[i][1];
    }
    c->arch.sr[id] = v & valid;
    sysreg_context_changed(c);
}

/* HCRX_EL2: of its bits those of FEAT_XS; the others belong to what is not implemented, and are RES0
 * (D17.2.49). FnXS has no effect, as no access is marked XS. */
void sr_wr_hcrx(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v & (cpu_has(c, CPU_FEAT_XS) ? HCRX_FNXS | HCRX_FGTNXS : 0);
}

uint64_t cpu_hcrx_eff(const struct cpu *c)
{
    if (!cpu_el2_on(c) || (cpu_has(c, CPU_FEAT_EL3) && !(c->arch.sr[SR_SCR_EL3] & SCR_HXEN)))
        return 0;
    return c->arch.sr[SR_HCRX_EL2];
}

/* ---- event counters that MDCR_EL2.HPMN keeps for EL2 ---- */

/* PMSELR_EL0.SEL of an access through PMXEVTYPER_EL0 or PMXEVCNTR_EL0; 31 is the cycle counter. */
static bool selected_counter(const struct cpu *c, const struct sr_row *row, unsigned *n)
{
    if (row->flags & SR_FLAG_EVN)
        *n = sr_row_counter(row);
    else if (row->id == SR_PMXEVTYPER_EL0 || row->id == SR_PMXEVCNTR_EL0)
        *n = (unsigned)tg_get(c->arch.sr[SR_PMSELR_EL0], TG_FIELD(4, 0));
    else
        return false;
    return *n < c->p.pmu_counters;
}

bool sr_counter_reserved(const struct cpu *c, const struct sr_row *row)
{
    unsigned n;

    return c->arch.el < 2 && cpu_el2_on(c) && selected_counter(c, row, &n) &&
           n >= tg_get(c->arch.sr[SR_MDCR_EL2], MDCR2_HPMN);
}

/* ---- nested virtualization ---- */

#define NV_BITS (HCR_NV | HCR_NV1 | HCR_NV2)

/* EL2's registers of exceptions are EL1's own while the page serves the others (D8.11.6). */
static const struct {
    uint16_t el2, el1;
} renamed[] = {
    {SR_ELR_EL2, SR_ELR_EL1},
    {SR_SPSR_EL2, SR_SPSR_EL1},
    {SR_ESR_EL2, SR_ESR_EL1},
    {SR_FAR_EL2, SR_FAR_EL1},
};

enum sr_nested sr_nested_el2(const struct cpu *c, const struct sr_row **row)
{
    if (!(cpu_hcr_eff(c) & HCR_NV2))
        return SR_NESTED_TRAP;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(renamed); i++) {
        if (renamed[i].el2 == (*row)->id) {
            *row = sr_row_by_id((enum sr_id)renamed[i].el1);
            return SR_NESTED_REGISTER;
        }
    }
    return (*row)->nv2 ? SR_NESTED_PAGE : SR_NESTED_TRAP;
}

enum sr_nested sr_nested_alias(const struct cpu *c, const struct sr_row *row, bool write)
{
    if ((cpu_hcr_eff(c) & NV_BITS) != (HCR_NV | HCR_NV2) || !row->nv2)
        return SR_NESTED_TRAP;
    return sr_trap_target(c, row->alias_groups, write) == 2 ? SR_NESTED_TRAP : SR_NESTED_PAGE;
}

bool sr_nested_el1(const struct cpu *c, const struct sr_row *row)
{
    uint64_t hcr = cpu_hcr_eff(c);

    if (c->arch.el != 1 || !row->nv2 || !(hcr & HCR_NV2))
        return false;
    /* What has no EL12 name (ACTLR_EL1, MDSCR_EL1) is the guest's whatever NV1 says. */
    return row->redir == SR_NONE || (hcr & HCR_NV1);
}

bool sr_nested_page(struct cpu *c, const struct cpu_op *op, const struct sr_row *row, bool write, uint64_t *v)
{
    return mem_vncr(c, op, c->arch.sr[SR_VNCR_EL2] + row->nv2, write, v);
}

/* VNCR_EL2.BADDR is bits 56:12 of an address whose higher bits are copies of bit 56 (RESS). */
void sr_wr_vncr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = (uint64_t)tg_sext(v, 57);
}
