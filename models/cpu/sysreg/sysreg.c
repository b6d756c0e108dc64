/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MRS, MSR, SYS and SYSL: lookup, permission, access, in that order and apart. What registers do is in the
 * callbacks (regs.c, idregs.c,
 * ../timer, ../pmu, ../debug); GIC registers belong to the interrupt controller. Arm ARM DDI 0487 J.a, D17
 * and D1.3.
 */
#include "models/cpu/sysreg/internal.h"

#include <string.h>
#include "models/cpu/debug/debug.h"
#include "models/cpu/decode/a64.h"
#include "models/cpu/mmu/access.h"
#include "models/cpu/pmu/pmu.h"
#include "models/cpu/sysreg/exception.h"
#include "models/cpu/sysreg/rules.h"
#include "models/cpu/timer/timer.h"

/* ---- the rows ---- */

enum row_index {
#define SR(name, ...)   ROW_##name,
#define GICR(name, ...) ROW_##name,
#define SYSI(name, ...) ROW_##name,
#include "models/cpu/sysreg/table.def"
    ROW_COUNT,
};

enum {
    TG_NO_GROUP = 0,
#define GROUP(name) TG_##name = UINT64_C(1) << TGI_##name,
#include "models/cpu/sysreg/traps.def"
};

#define F_SPECIAL (F_HIGHEST | F_NEEDEL2 | F_FGT | F_BPN | F_WPN | F_EVN | F_NONSEC | F_SECURE)
#define TG_ALIAS  (TG_NVPCT | TG_NVVCT) /* groups of the _EL02 name only */
#define sr_NULL   NULL
const struct sr_row sr_rows[] = {
#define SR(nm, op0, op1, crn, crm, op2, el, acc, feat, grp, rdr, nv, rst, wm, fl, rd, wr) \
    {.name = #nm,                                                                         \
     .enc = TG_SYSENC(op0, op1, crn, crm, op2),                                           \
     .min_el = el,                                                                        \
     .access = SR_ACC_##acc,                                                              \
     .feature = CPU_FEAT_##feat,                                                          \
     .kind = SR_KIND_REG,                                                                 \
     .flags = fl,                                                                         \
     .id = SR_##nm,                                                                       \
     .redir = SR_##rdr,                                                                   \
     .nv2 = nv,                                                                           \
     .groups = (grp) & ~TG_ALIAS,                                                         \
     .alias_groups = (grp)&TG_ALIAS,                                                      \
     .reset = rst,                                                                        \
     .wmask = wm,                                                                         \
     .read = sr_##rd,                                                                     \
     .write = sr_##wr},
#define GICR(nm, op0, op1, crn, crm, op2, el, acc, nv) \
    {.name = #nm,                                      \
     .enc = TG_SYSENC(op0, op1, crn, crm, op2),        \
     .min_el = el,                                     \
     .access = SR_ACC_##acc,                           \
     .feature = CPU_FEAT_NONE,                         \
     .kind = SR_KIND_GIC,                              \
     .id = SR_NONE,                                    \
     .redir = SR_NONE,                                 \
     .nv2 = nv,                                        \
     .wmask = UINT64_MAX},
#define SYSI(nm, op1, crn, crm, op2, el, feat, grp, knd) \
    {.name = #nm,                                        \
     .enc = TG_SYSENC(1, op1, crn, crm, op2),            \
     .min_el = el,                                       \
     .access = SR_ACC_WO,                                \
     .feature = CPU_FEAT_##feat,                         \
     .kind = SR_KIND_##knd,                              \
     .id = SR_NONE,                                      \
     .redir = SR_NONE,                                   \
     .groups = grp},
#include "models/cpu/sysreg/table.def"
};
const unsigned sr_n_rows = ROW_COUNT;
_Static_assert((int)ROW_COUNT == (int)SR_ROWS, "sr_open has a byte for each row");

/* 1-based row by encoding, made by the compiler: one load on the way of every access. */
static const uint16_t row_of_enc[1 << 16] = {
#define SR(nm, op0, op1, crn, crm, op2, ...)   [TG_SYSENC(op0, op1, crn, crm, op2)] = ROW_##nm + 1,
#define GICR(nm, op0, op1, crn, crm, op2, ...) [TG_SYSENC(op0, op1, crn, crm, op2)] = ROW_##nm + 1,
#define SYSI(nm, op1, crn, crm, op2, ...)      [TG_SYSENC(1, op1, crn, crm, op2)] = ROW_##nm + 1,
#include "models/cpu/sysreg/table.def"
};

/* The column of fgt.def. */
#define SR_DIR_RW (SR_DIR_R | SR_DIR_W)
static const struct sr_fgt row_fgt[ROW_COUNT] = {
#define FGT(nm, regs, n, d) [ROW_##nm] = {.pair = SR_FGT_##regs, .bit = n, .dir = SR_DIR_##d},
#include "models/cpu/sysreg/fgt.def"
};

static const uint16_t row_of_id[SR_COUNT] = {
#define SR(nm, ...) [SR_##nm] = ROW_##nm,
#include "models/cpu/sysreg/table.def"
};

const struct sr_row *sr_row_by_id(enum sr_id id)
{
    return &sr_rows[row_of_id[id]];
}

const char *sysreg_storage_name(const struct cpu *c, size_t i)
{
    const struct sr_row *row;

    if (i >= SR_COUNT)
        return sr_impdef_name(c, i - SR_COUNT);
    row = sr_row_by_id((enum sr_id)i);
    return row->id == i ? row->name : NULL;
}

/* ---- lookup ---- */

/* The identification space: op0 = 3, op1 = 0, CRn = 0, CRm 1..7. What is not allocated reads as zero, trapped
 * by HCR_EL2.TID3. */
static const struct sr_row id_space_row = {
    .name = "ID space",
    .min_el = 1,
    .access = SR_ACC_RO,
    .feature = CPU_FEAT_NONE,
    .kind = SR_KIND_REG,
    .id = SR_NONE,
    .redir = SR_NONE,
    .groups = TG_TID3,
    .read = sr_rd_zero,
};

static unsigned highest_el(const struct cpu *c)
{
    return cpu_has(c, CPU_FEAT_EL3) ? 3 : cpu_has(c, CPU_FEAT_EL2) ? 2 : 1;
}

unsigned sysreg_highest_el(const struct cpu *c)
{
    return highest_el(c);
}

bool sysreg_reset_requested(const struct cpu *c)
{
    return (c->arch.sr[cpu_banked(highest_el(c), SR_RMR_EL1, SR_RMR_EL2, SR_RMR_EL3)] & RMR_RR) != 0;
}

struct sr_fgt sr_row_fgt(const struct sr_row *row)
{
    if (row == &id_space_row || row->kind == SR_KIND_IMPDEF)
        return (struct sr_fgt){0};
    return row_fgt[row - sr_rows];
}

unsigned sr_row_counter(const struct sr_row *row)
{
    return (unsigned)(tg_get(row->enc, TG_SYSENC_CRM) & 3) * 8 + (unsigned)tg_get(row->enc, TG_SYSENC_OP2);
}

bool sr_row_implemented(const struct cpu *c, const struct sr_row *row)
{
    unsigned n;

    if (row->feature != CPU_FEAT_NONE && !cpu_has(c, (enum cpu_feature)row->feature))
        return false;
    if (row->min_el == 2 && !cpu_has(c, CPU_FEAT_EL2))
        return false;
    if (row->min_el == 3 && !cpu_has(c, CPU_FEAT_EL3))
        return false;
    if (row->kind == SR_KIND_GIC)
        return c->ports.gic && c->ports.gic->version >= 3 && c->ports.gic->access;
    if (!(row->flags & F_SPECIAL))
        return true;
    n = (unsigned)tg_get(row->enc, TG_SYSENC_CRM);
    if (row->flags & F_HIGHEST)
        return row->min_el == highest_el(c);
    if (row->flags & F_NEEDEL2)
        return cpu_has(c, CPU_FEAT_EL2);
    if (row->flags & F_FGT)
        return cpu_has(c, CPU_FEAT_FGT);
    if (row->flags & F_NONSEC)
        return !cpu_has(c, CPU_FEAT_EL3) || (c->arch.sr[SR_SCR_EL3] & SCR_NS);
    if (row->flags & F_SECURE)
        return c->arch.el == 3 ? c->arch.sr[SR_SCR_EL3] & SCR_EEL2 : cpu_secure_inline(c);
    if (row->flags & F_BPN)
        return n < c->p.breakpoints;
    if (row->flags & F_WPN)
        return n < c->p.watchpoints;
    return sr_row_counter(row) < c->p.pmu_counters;
}

static bool row_exists(const struct cpu *c, const struct sr_row *row)
{
    if (!sr_row_implemented(c, row))
        return false;
    /* Counters that MDCR_EL2.HPMN reserves for EL2 are undefined below it without FEAT_FGT (D11.9.2), and
     * trapped with it. */
    return !(row->flags & F_EVN) || cpu_has(c, CPU_FEAT_FGT) || !sr_counter_reserved(c, row);
}

/* NAME_EL12 and NAME_EL02 are the EL1 and EL0 name with op1 = 5 (D17.1.3): the op1 of that name. */
static unsigned alias_op1(uint32_t enc)
{
    return tg_get(enc, TG_SYSENC_CRN) == 14 && tg_get(enc, TG_SYSENC_CRM) != 1 ? 3 : 0;
}

/* CRn 11 and 15: IMPLEMENTATION DEFINED (D17.1.1). */
static bool impdef_space(uint32_t enc)
{
    uint64_t crn = tg_get(enc, TG_SYSENC_CRN);

    return crn == 11 || crn == 15;
}

const struct sr_row *sr_lookup(const struct cpu *c, uint32_t enc, bool *alias)
{
    unsigned r = row_of_enc[enc & 0xffff];
    const struct sr_row *row;

    *alias = false;
    if (tg_likely(r)) {
        row = &sr_rows[r - 1];
        return row_exists(c, row) ? row : NULL;
    }
    if (tg_get(enc, TG_SYSENC_OP0) != 3)
        return NULL;
    if (impdef_space(enc)) {
        row = sr_impdef(c, enc);
        return row && row_exists(c, row) ? row : NULL;
    }
    if (tg_get(enc, TG_SYSENC_OP1) == 5) {
        r = row_of_enc[tg_with(enc, TG_SYSENC_OP1, alias_op1(enc))];
        row = r ? &sr_rows[r - 1] : NULL;
        if (!row || row->kind != SR_KIND_REG || row->redir == SR_NONE || !cpu_has(c, CPU_FEAT_VHE))
            return NULL;
        *alias = true;
        return row;
    }
    if ((enc & ~(TG_SYSENC_CRM | TG_SYSENC_OP2)) == TG_SYSENC(3, 0, 0, 0, 0) &&
        tg_get(enc, TG_SYSENC_CRM) >= 1 && tg_get(enc, TG_SYSENC_CRM) <= 7)
        return &id_space_row;
    return NULL;
}

/* What an EL1 or EL0 name means at EL2 with E2H (timers: also for a host's EL0): in the Secure state its
 * timers are the Secure ones of EL2 (D12.2.4). */
static inline enum sr_id redirected_id(const struct cpu *c, const struct sr_row *row)
{
    static const uint16_t secure[][2] = {
        {SR_CNTHP_TVAL_EL2, SR_CNTHPS_TVAL_EL2}, {SR_CNTHP_CTL_EL2, SR_CNTHPS_CTL_EL2},
        {SR_CNTHP_CVAL_EL2, SR_CNTHPS_CVAL_EL2}, {SR_CNTHV_TVAL_EL2, SR_CNTHVS_TVAL_EL2},
        {SR_CNTHV_CTL_EL2, SR_CNTHVS_CTL_EL2},   {SR_CNTHV_CVAL_EL2, SR_CNTHVS_CVAL_EL2},
    };

    if (tg_unlikely(cpu_secure_inline(c)))
        for (unsigned i = 0; i < TG_ARRAY_SIZE(secure); i++)
            if (secure[i][0] == row->redir)
                return (enum sr_id)secure[i][1];
    return (enum sr_id)row->redir;
}

static const struct sr_row *redirected(const struct cpu *c, const struct sr_row *row)
{
    return sr_row_by_id(redirected_id(c, row));
}

/* ---- permission ---- */

#define GROUP_RULES 4
/* Of groups; those of instructions are asked for by rules.h. */
static const struct trap_rule rules[TGI_ALL][GROUP_RULES] = {
#define RULE(grp, n, ...) [TGI_##grp][n] = TRAP_RULE(__VA_ARGS__),
#include "models/cpu/sysreg/traps.def"
};

void sysreg_init(struct cpu *c)
{
    c->derived.hcr_valid = sr_hcr_valid(c);
    c->ident.impdef_core = (uint8_t)sr_impdef_core(c->p.midr);
    memset(c->derived.sr_groups, 0, sizeof(c->derived.sr_groups));
    for (unsigned g = 0; g < TGI_COUNT; g++)
        for (unsigned i = 0; i < GROUP_RULES && rules[g][i].from; i++)
            for (unsigned el = 0; el < 3; el++)
                if ((rules[g][i].from >> el & 1) && rule_possible(c, &rules[g][i]))
                    c->derived.sr_groups[el] |= TG_BIT(g);
}

unsigned sr_trap_target(const struct cpu *c, uint64_t groups, bool write)
{
    unsigned best = SR_NO_TRAP, from = 1u << c->arch.el, dir = write ? W : R;

    groups &= c->derived.sr_groups[c->arch.el];
    if (tg_likely(!groups))
        return SR_NO_TRAP;
    for (; groups; groups &= groups - 1) {
        const struct trap_rule *rule = rules[__builtin_ctzll(groups)];

        for (unsigned i = 0; i < GROUP_RULES && rule->from; i++, rule++) {
            if (!(rule->from & from) || !(rule->dir & dir) || rule->target >= best)
                continue;
            if (rule_possible(c, rule) && rule_fires(c, rule))
                best = rule->target;
        }
    }
    return trap_routed(c, best);
}

/* ISS of EC 0x18, a trapped MSR, MRS or system instruction. */
#define ISS_SYS_OP0  TG_FIELD(21, 20)
#define ISS_SYS_OP2  TG_FIELD(19, 17)
#define ISS_SYS_OP1  TG_FIELD(16, 14)
#define ISS_SYS_CRN  TG_FIELD(13, 10)
#define ISS_SYS_RT   TG_FIELD(9, 5)
#define ISS_SYS_CRM  TG_FIELD(4, 1)
#define ISS_SYS_READ TG_BIT(0)

static uint64_t sysreg_esr(const struct cpu_op_info *info)
{
    const uint32_t enc = a64_system(info->insn);

    return esr_make(
        EC_SYSREG,
        tg_put(ISS_SYS_OP0, tg_get(enc, TG_SYSENC_OP0)) | tg_put(ISS_SYS_OP2, tg_get(enc, TG_SYSENC_OP2)) |
            tg_put(ISS_SYS_OP1, tg_get(enc, TG_SYSENC_OP1)) |
            tg_put(ISS_SYS_CRN, tg_get(enc, TG_SYSENC_CRN)) | tg_put(ISS_SYS_RT, a64_system_rt(info->insn)) |
            tg_put(ISS_SYS_CRM, tg_get(enc, TG_SYSENC_CRM)) | (a64_is(info, A64_READ) ? ISS_SYS_READ : 0));
}

void sysreg_trap(struct cpu *c, const struct cpu_op *op, unsigned target)
{
    if (target == 0)
        cpu_raise_undef(c, op);
    else
        cpu_raise_sync(c, op, target, sysreg_esr(op_info(op)), 0, false, 0, false);
}

static void gic_context(const struct cpu *c, struct tg_gic_pe_ctx *ctx)
{
    *ctx = (struct tg_gic_pe_ctx){
        .el = c->arch.el,
        .secure = cpu_has(c, CPU_FEAT_EL3) && !(c->arch.sr[SR_SCR_EL3] & SCR_NS),
        .has_el2 = cpu_has(c, CPU_FEAT_EL2),
        .has_el3 = cpu_has(c, CPU_FEAT_EL3),
        .el2_enabled = cpu_el2_on(c),
        .hcr_el2 = cpu_hcr_eff(c),
        .scr_el3 = cpu_has(c, CPU_FEAT_EL3) ? c->arch.sr[SR_SCR_EL3] : 0,
        .mpidr = c->ident.mpidr,
    };
}

/* What becomes of an access. */
enum outcome {
    ACCESS_ENDED,    /* an exception was raised */
    ACCESS_REGISTER, /* *row, as redirected */
    ACCESS_PAGE,     /* the VNCR_EL2 page at row->nv2 */
};

static enum outcome undefined(struct cpu *c, const struct cpu_op *op)
{
    /* With FEAT_IDST a read in the feature ID space says what it wanted to read (D17.1.4): op1 0, 1, 3, CRn
     * 0, CRm 0 to 7. */
    const uint32_t enc = a64_system(op_info(op)->insn), op1 = (uint32_t)tg_get(enc, TG_SYSENC_OP1);

    if (tg_unlikely(cpu_has(c, CPU_FEAT_IDST)) && a64_is(op_info(op), A64_READ) &&
        tg_get(enc, TG_SYSENC_OP0) == 3 && (op1 < 2 || op1 == 3) && tg_get(enc, TG_SYSENC_CRN) == 0 &&
        tg_get(enc, TG_SYSENC_CRM) < 8)
        sysreg_trap(c, op, c->arch.el ? c->arch.el : cpu_tge(c) ? 2 : 1);
    else
        cpu_raise_undef(c, op);
    return ACCESS_ENDED;
}

static enum outcome trapped(struct cpu *c, const struct cpu_op *op, unsigned target)
{
    sysreg_trap(c, op, target);
    return ACCESS_ENDED;
}

/* Is the interface register that the page stands for one that the controller has (ICH_LR<n>, ICH_AP<m>R<n>)?
 */
static bool gic_has(struct cpu *c, const struct sr_row *row)
{
    struct tg_gic_pe_ctx ctx;
    tg_time latency = 0;
    uint64_t v = 0;

    if (row->kind != SR_KIND_GIC)
        return true;
    gic_context(c, &ctx);
    ctx.el = 2;
    return c->ports.gic->access(c->ports.gic->opaque, c->ident.index, row->enc, false, &v, &ctx, cpu_now(c),
                                &latency) != TG_SYSREG_UNDEF;
}

static enum outcome nested(struct cpu *c, const struct cpu_op *op, const struct sr_row *row,
                           enum sr_nested what)
{
    if (!gic_has(c, row))
        return undefined(c, op);
    if (what == SR_NESTED_TRAP)
        return trapped(c, op, 2);
    return what == SR_NESTED_PAGE ? ACCESS_PAGE : ACCESS_REGISTER;
}

/* Does the row forbid the direction at level el? */
static bool denied(const struct cpu *c, const struct sr_row *row, unsigned el, bool write)
{
    switch ((enum sr_access)row->access) {
    case SR_ACC_RO:
        return write;
    case SR_ACC_WO:
        return !write;
    case SR_ACC_R0W1:
        return write && el == 0;
    case SR_ACC_RWH:
        return write && el != highest_el(c);
    default:
        return false;
    }
}

/* Level that traps the access, groups, fine-grained traps and reserved counters together; or SR_NO_TRAP. */
static unsigned access_target(const struct cpu *c, const struct sr_row *row, bool write)
{
    unsigned target = sr_trap_target(c, row->groups, write);

    if (target <= 2)
        return target;
    if (tg_unlikely(row->kind == SR_KIND_IMPDEF))
        return write ? sr_impdef_target(c, row) : target;
    if ((c->derived.sr_check & SR_CHECK_FGT) && sr_fgt_traps(c, row, write))
        return 2;
    return cpu_has(c, CPU_FEAT_FGT) && sr_counter_reserved(c, row) ? 2 : target;
}

static enum outcome access_check(struct cpu *c, const struct cpu_op *op, uint32_t enc, bool write,
                                 const struct sr_row **out)
{
    bool alias;
    const struct sr_row *row = *out = sr_lookup(c, enc, &alias);
    unsigned target;

    if (tg_unlikely(!row)) {
        /* Implementation-defined encodings that this core does not have are still trapped by HCR_EL2.TIDCP.
         */
        if (tg_get(enc, TG_SYSENC_OP0) == 3 && impdef_space(enc) && sr_trap_target(c, TG_TIDCP, write) == 2)
            return trapped(c, op, 2);
        return undefined(c, op);
    }
    if (tg_unlikely(alias)) {
        if (row->access == SR_ACC_RO && write)
            return undefined(c, op);
        if (c->derived.sr_check & SR_CHECK_NV)
            return nested(c, op, row, sr_nested_alias(c, row, write));
        /* EL2 with E2H, or EL3 with E2H in the register. Of the EL1 name's traps those to EL3 reach them:
         * CPACR_EL12, SCXTNUM_EL12. */
        if (c->arch.el < 2 || !(c->arch.sr[SR_HCR_EL2] & HCR_E2H))
            return undefined(c, op);
        return c->arch.el == 2 && sr_trap_target(c, row->groups, write) == T3 ? trapped(c, op, T3)
                                                                              : ACCESS_REGISTER;
    }
    if (c->arch.el == 2 && row->redir != SR_NONE && (c->arch.sr[SR_HCR_EL2] & HCR_E2H)) {
        *out = row = redirected(c, row);
        if (!row_exists(c, row))
            return undefined(c, op);
    }
    if (tg_unlikely(denied(c, row, c->arch.el, write)))
        return undefined(c, op);
    if (tg_unlikely(c->arch.el < row->min_el)) {
        if ((c->derived.sr_check & SR_CHECK_NV) && row->min_el == 2)
            return nested(c, op, row, sr_nested_el2(c, out));
        return undefined(c, op);
    }
    if ((row->groups & TG_SPSEL0) && !c->arch.sp_sel)
        return undefined(c, op);
    if ((row->groups & TG_FP) && c->derived.fp_trap) {
        cpu_raise_fp_trap(c, op);
        return ACCESS_ENDED;
    }
    target = access_target(c, row, write);
    if (tg_unlikely(target != SR_NO_TRAP))
        return trapped(c, op, target);
    if ((c->derived.sr_check & SR_CHECK_NV) && sr_nested_el1(c, row))
        return ACCESS_PAGE;
    /* A host's EL0 uses the EL2 timers under the EL0 names. */
    if (c->arch.el == 0 && row->redir != SR_NONE && cpu_host(c))
        *out = redirected(c, row);
    return ACCESS_REGISTER;
}

/* ---- access ---- */

static uint64_t row_read(struct cpu *c, const struct sr_row *row)
{
    return row->read ? row->read(c, (enum sr_id)row->id) : c->arch.sr[row->id];
}

void sysreg_changed(struct cpu *c, enum sr_id id)
{
    const struct sr_row *row = sr_row_by_id(id);

    /* A register of EL1, and of stage 2, says nothing about execution at EL2 and EL3. */
    bool el10 = row->min_el == 1 || id == SR_VTTBR_EL2 || id == SR_VTCR_EL2;

    if (row->flags & F_MMU) {
        if (id == SR_HCR_EL2)
            mmu_hcr_changed(c);
        else if (el10)
            mmu_el10_controls_changed(c);
        else
            mmu_controls_changed(c);
    }
    if ((row->flags & F_CTX) && !(el10 && c->arch.el >= 2))
        cpu_context_changed(c);
    if ((row->flags & F_FP) && !(el10 && c->arch.el >= 2))
        cpu_fp_changed(c);
    if (row->flags & F_DBG)
        debug_controls_changed(c);
    if (row->flags & F_IRQ) {
        if (cpu_interrupt_pending(c, false))
            cpu_attention(c, CPU_ATTN_IRQ);
        cpu_gic_context_changed(c);
    }
}

static void row_write_in_full(struct cpu *c, const struct sr_row *row, uint64_t v)
{
    uint64_t old, now;

    if (row->write && !(row->flags & (F_MMU | F_CTX | F_FP | F_IRQ | F_DBG))) {
        row->write(c, (enum sr_id)row->id, v & row->wmask);
        return;
    }
    old = c->arch.sr[row->id];
    now = (v & row->wmask) | (row->write ? 0 : old & ~row->wmask);
    if (row->write)
        row->write(c, (enum sr_id)row->id, now);
    else
        c->arch.sr[row->id] = now;
    /* A world switch mostly writes back what stands there. DAIF and its like keep no storage: their callbacks
     * see to it. */
    if (row->flags && c->arch.sr[row->id] != old)
        sysreg_changed(c, (enum sr_id)row->id);
}

static inline void row_write(struct cpu *c, const struct sr_row *row, uint64_t v)
{
    if (row->write || row->flags)
        row_write_in_full(c, row, v);
    else
        c->arch.sr[row->id] = (v & row->wmask) | (c->arch.sr[row->id] & ~row->wmask);
}

uint64_t sysreg_read_id(struct cpu *c, enum sr_id id)
{
    return row_read(c, sr_row_by_id(id));
}

void sysreg_write_id(struct cpu *c, enum sr_id id, uint64_t v)
{
    row_write(c, sr_row_by_id(id), v);
}

void cpu_gic_context_changed(struct cpu *c)
{
    struct tg_gic_pe_ctx ctx;

    if (!c->ports.gic || !c->ports.gic->ctx_changed)
        return;
    gic_context(c, &ctx);
    c->ports.gic->ctx_changed(c->ports.gic->opaque, c->ident.index, &ctx, cpu_now(c));
}

static bool gic_access(struct cpu *c, const struct cpu_op *op, uint32_t enc, bool write, uint64_t *v)
{
    struct tg_gic_pe_ctx ctx;
    tg_time latency = 0;
    enum tg_sysreg_result r;

    gic_context(c, &ctx);
    r = c->ports.gic->access(c->ports.gic->opaque, c->ident.index, enc, write, v, &ctx, cpu_now(c), &latency);
    if (latency)
        pipe_stall_time(c, CPU_BUCKET_SYSREG, latency);
    switch (r) {
    case TG_SYSREG_OK:
        return true;
    case TG_SYSREG_UNDEF:
        cpu_raise_undef(c, op);
        return false;
    case TG_SYSREG_TRAP_EL1:
        sysreg_trap(c, op, c->arch.el == 0 && cpu_tge(c) ? 2 : 1);
        return false;
    case TG_SYSREG_TRAP_EL2:
        sysreg_trap(c, op, 2);
        return false;
    case TG_SYSREG_TRAP_EL3:
        sysreg_trap(c, op, 3);
        return false;
    }
    return true;
}

/* Bits of c->derived.sr_open: a read or a write of the row from the level. */
#define OPEN_SHIFT(el, write) (2 * (el) + (write))

/* From which levels, in which directions nothing can stand in the way of an access to the row but what
 * c->derived.sr_check says, whatever the registers hold: the row is there, and no rule that this PE has traps it. */
static uint8_t row_open(const struct cpu *c, const struct sr_row *row)
{
    unsigned open = 0;

    if ((row->kind != SR_KIND_REG && row->kind != SR_KIND_GIC) || (row->flags & (F_NONSEC | F_SECURE)) ||
        (row->groups & (TG_SPSEL0 | TG_FP)) || !sr_row_implemented(c, row))
        return 0;
    for (unsigned el = row->min_el; el < 4; el++) {
        if (row->groups & c->derived.sr_groups[el])
            continue;
        if (el < 2 && (row->flags & F_EVN)) /* MDCR_EL2.HPMN */
            continue;
        if (el == 0 && row->redir != SR_NONE) /* a host's EL0 means another register */
            continue;
        for (unsigned write = 0; write < 2; write++)
            if (!denied(c, row, el, write))
                open |= 1u << OPEN_SHIFT(el, write);
    }
    return (uint8_t)open;
}

/* The row when nothing can stand in the way of the access. NULL says nothing; access_check decides. A host at
 * EL2 with E2H uses its own registers under the names of EL1, and those of EL1 as NAME_EL12: half of a world
 * switch. */
static inline __attribute__((always_inline)) const struct sr_row *quick_row(const struct cpu *c, uint32_t enc,
                                                                            unsigned write)
{
    unsigned r = row_of_enc[enc & 0xffff];
    bool own = c->arch.el == 2 && (c->arch.sr[SR_HCR_EL2] & HCR_E2H);

    if (tg_unlikely(c->derived.sr_check))
        return NULL;
    if (tg_likely(r)) {
        r--;
        if (own && sr_rows[r].redir != SR_NONE)
            r = row_of_id[redirected_id(c, &sr_rows[r])];
    } else {
        if (!own || (enc & (TG_SYSENC_OP0 | TG_SYSENC_OP1)) != TG_SYSENC(3, 5, 0, 0, 0))
            return NULL;
        r = row_of_enc[tg_with(enc, TG_SYSENC_OP1, alias_op1(enc))];
        if (!r || sr_rows[--r].redir == SR_NONE)
            return NULL;
    }
    return c->derived.sr_open[r] >> OPEN_SHIFT(c->arch.el, write) & 1 ? &sr_rows[r] : NULL;
}

/* What sysreg_mrs and sysreg_msr leave: checks, time, the interrupt controller. row: NULL, or what quick_row
 * found. */
static bool mrs_in_full(struct cpu *c, const struct cpu_op *op, uint32_t enc, const struct sr_row *row,
                        uint64_t *v)
{
    if (!row) {
        enum outcome how = access_check(c, op, enc, false, &row);

        if (tg_unlikely(how != ACCESS_REGISTER))
            return how == ACCESS_PAGE && sr_nested_page(c, op, row, false, v);
    }
    if (c->timing.timed && c->p.pipe_kind == PIPE_INORDER)
        pipe_stall(c, CPU_BUCKET_SYSREG, c->p.sysreg_read);
    if (row->kind == SR_KIND_GIC)
        return gic_access(c, op, enc, false, v);
    *v = row_read(c, row);
    return true;
}

static bool msr_in_full(struct cpu *c, const struct cpu_op *op, uint32_t enc, const struct sr_row *row,
                        uint64_t v)
{
    if (!row) {
        enum outcome how = access_check(c, op, enc, true, &row);

        if (tg_unlikely(how != ACCESS_REGISTER))
            return how == ACCESS_PAGE && sr_nested_page(c, op, row, true, &v);
    }
    if (c->timing.timed && c->p.pipe_kind == PIPE_INORDER)
        pipe_stall(c, CPU_BUCKET_SYSREG, c->p.sysreg_write);
    if (row->kind == SR_KIND_GIC)
        return gic_access(c, op, enc, true, &v);
    row_write(c, row, v);
    return true;
}

bool sysreg_mrs(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t *v)
{
    const struct sr_row *row = quick_row(c, enc, 0);

    c->host.cur = op;
    if (tg_unlikely(!row || row->kind != SR_KIND_REG || c->timing.timed))
        return mrs_in_full(c, op, enc, row, v);
    *v = row_read(c, row);
    return true;
}

bool sysreg_msr(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t v)
{
    const struct sr_row *row = quick_row(c, enc, 1);

    c->host.cur = op;
    if (tg_unlikely(!row || row->kind != SR_KIND_REG || c->timing.timed))
        return msr_in_full(c, op, enc, row, v);
    row_write(c, row, v);
    return true;
}

/* ALLE2, VAE2, VALE2 in all their forms: op1 = 4 without those by IPA (CRm 0 and 4) and of EL1 (op2 4 and 6).
 */
static bool tlbi_of_el2(uint32_t enc)
{
    uint64_t op2 = tg_get(enc, TG_SYSENC_OP2);

    return tg_get(enc, TG_SYSENC_OP1) == 4 && tg_get(enc, TG_SYSENC_CRM) % 4 && op2 != 4 && op2 != 6;
}

/* ---- system instructions ---- */

/* op0 = 1 that is not allocated: with CRn 11 or 15 implementation defined, which HCR_EL2.TIDCP traps; else
 * undefined. */
static bool unallocated_sys(struct cpu *c, const struct cpu_op *op, uint32_t enc)
{
    if (impdef_space(enc) && c->arch.el == 1 && sr_trap_target(c, TG_TIDCP, true) == 2)
        sysreg_trap(c, op, 2);
    else
        cpu_raise_undef(c, op);
    return false;
}

bool sysreg_sysl(struct cpu *c, const struct cpu_op *op, uint32_t enc)
{
    return unallocated_sys(c, op, enc); /* none is implemented */
}

bool sysreg_sys(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t v)
{
    unsigned r, target;
    const struct sr_row *row;
    bool nxs;

    c->host.cur = op;
    /* The nXS forms of TLBI are their namesakes with CRn 9; nothing here waits for XS accesses (C5.5). */
    nxs = tg_get(enc, TG_SYSENC_CRN) == 9 && cpu_has(c, CPU_FEAT_XS);
    if (nxs)
        enc = (uint32_t)tg_with(enc, TG_SYSENC_CRN, 8);
    r = row_of_enc[enc & 0xffff];
    row = r ? &sr_rows[r - 1] : NULL;
    if (!row)
        return unallocated_sys(c, op, enc);
    if (!row_exists(c, row) || c->arch.el < row->min_el) {
        if (row_exists(c, row) && row->min_el == 2 && (c->derived.sr_check & SR_CHECK_NV))
            sysreg_trap(c, op, 2);
        else
            cpu_raise_undef(c, op);
        return false;
    }
    /* HCRX_EL2.FGTnXS takes the nXS forms out of the fine-grained traps. */
    target = nxs && (cpu_hcrx_eff(c) & HCRX_FGTNXS) ? sr_trap_target(c, row->groups, true)
                                                    : access_target(c, row, true);
    if (target != SR_NO_TRAP) {
        sysreg_trap(c, op, target);
        return false;
    }
    switch ((enum sr_kind)row->kind) {
    case SR_KIND_TLBI:
        /* Those of EL2's own regime are undefined at EL3 while EL2 is off (C5.5); the EL1&0 ones are not. */
        if (c->arch.el == 3 && !cpu_el2_on(c) && tlbi_of_el2(enc)) {
            cpu_raise_undef(c, op);
            return false;
        }
        c->n.tlbi++;
        mmu_tlbi(c, enc, v);
        return true;
    case SR_KIND_RCTX: /* predictors are private to a context already (FEAT_CSV2) */
        return true;
    case SR_KIND_AT:
        /* S1E2 likewise; S12E1 and S12E0 then are S1E1 and S1E0. */
        if (c->arch.el == 3 && !cpu_el2_on(c) && tg_get(enc, TG_SYSENC_OP1) == 4 &&
            tg_get(enc, TG_SYSENC_OP2) < 4) {
            cpu_raise_undef(c, op);
            return false;
        }
        return mmu_at(c, op, enc, v);
    case SR_KIND_ZVA:
        return mem_dc_zva(c, op, v);
    case SR_KIND_DC:
    case SR_KIND_ICVA:
        return mem_dc_va(c, op, enc, v);
    default: /* by set and way, IC IALLU: caches are coherent */
        return true;
    }
}

/* ---- without checks ---- */

bool sysreg_get(struct cpu *c, uint32_t enc, uint64_t *v)
{
    bool alias;
    const struct sr_row *row = sr_lookup(c, enc, &alias);
    struct tg_gic_pe_ctx ctx;
    tg_time latency = 0;

    if (!row)
        return false;
    if (row->kind == SR_KIND_GIC) {
        gic_context(c, &ctx);
        ctx.el = (uint8_t)highest_el(c);
        return c->ports.gic->access(c->ports.gic->opaque, c->ident.index, enc, false, v, &ctx, cpu_now(c),
                                    &latency) == TG_SYSREG_OK;
    }
    if (row->kind != SR_KIND_REG && row->kind != SR_KIND_IMPDEF)
        return false;
    *v = row_read(c, row);
    return true;
}

bool sysreg_set(struct cpu *c, uint32_t enc, uint64_t v)
{
    bool alias;
    const struct sr_row *row = sr_lookup(c, enc, &alias);

    if (!row || (row->kind != SR_KIND_REG && row->kind != SR_KIND_IMPDEF) || row->id == SR_NONE)
        return false;
    row_write(c, row, v);
    return true;
}

void sysreg_reset(struct cpu *c)
{
    for (unsigned i = 0; i < ROW_COUNT; i++)
        c->derived.sr_open[i] = row_open(c, &sr_rows[i]);
    for (unsigned i = 0; i < ROW_COUNT; i++)
        if (sr_rows[i].kind == SR_KIND_REG)
            c->arch.sr[sr_rows[i].id] = sr_rows[i].reset;
    sr_impdef_reset(c);
    c->arch.sr[SR_VPIDR_EL2] = c->p.midr;
    c->arch.sr[SR_VMPIDR_EL2] = c->ident.mpidr | TG_BIT(31);
    c->arch.sr[SR_CNTFRQ_EL0] = c->p.cntfrq;
    tg_set(&c->arch.sr[SR_MDCR_EL2], MDCR2_HPMN, c->p.pmu_counters);
    if (!cpu_has(c, CPU_FEAT_EL3))
        c->arch.sr[SR_SCR_EL3] = 0;
    if (!cpu_has(c, CPU_FEAT_EL2))
        c->arch.sr[SR_HCR_EL2] = c->arch.sr[SR_MDCR_EL2] = c->arch.sr[SR_CPTR_EL2] = 0;
    sr_fgt_reset(c);
    memset(c->arch.ras, 0, sizeof(c->arch.ras));
    debug_reset(c);
    pmu_reset(c);
    timer_reset(c);
}
