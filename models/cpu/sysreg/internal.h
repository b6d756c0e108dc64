/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a row of table.def in memory, and the callbacks that rows name. They are implemented by regs.c,
 * idregs.c, interrupt.c, and by models/cpu/timer, pmu and debug. Private to those.
 */
#ifndef TG_CPU_SYSREG_INTERNAL_H
#define TG_CPU_SYSREG_INTERNAL_H

#include "models/cpu/sysreg/access.h"

enum {
#define GROUP(name) TGI_##name,
#include "models/cpu/sysreg/traps.def"
    TGI_COUNT,
    /* behind them, which are bits of a word, the instructions */
    TGI_INSNS = TGI_COUNT,
    TGI_BEFORE_INSNS = TGI_INSNS - 1,
#define INSN(name) TGI_##name,
#include "models/cpu/sysreg/traps.def"
    TGI_ALL,
};
_Static_assert(TGI_COUNT <= 64, "groups are bits of a word");

enum sr_access {
    SR_ACC_RW,
    SR_ACC_RO,
    SR_ACC_WO,
    SR_ACC_R0W1,
    SR_ACC_RWH,
};

enum sr_kind {
    SR_KIND_REG,
    SR_KIND_GIC,
    SR_KIND_IMPDEF, /* a row of impdef.def */
    SR_KIND_IC,
    SR_KIND_ICVA,
    SR_KIND_DC,
    SR_KIND_DCSW,
    SR_KIND_ZVA,
    SR_KIND_AT,
    SR_KIND_TLBI,
    SR_KIND_RCTX,
};

enum {
    F_MMU = 1,
    F_CTX = 2,
    F_IRQ = 4,
    F_DBG = 16,
    F_HIGHEST = 32,
    F_NEEDEL2 = 64,
    F_BPN = 128,
    F_WPN = 256,
    F_EVN = 512,
    F_FGT = 1024,
    F_NONSEC = 2048,
    F_SECURE = 4096,
    F_FP = 8192,
};
#define SR_FLAG_EVN F_EVN

/* c->derived.sr_check: what of nested.c is in use at the present level. */
enum {
    SR_CHECK_FGT = 1,
    SR_CHECK_NV = 2,
};

/* A row's fine-grained trap (fgt.def): bit of a pair of registers, and the directions it traps; 0: none. */
enum {
    SR_DIR_R = 1,
    SR_DIR_W = 2,
};
enum {
    SR_FGT_HFG,
    SR_FGT_HDFG,
    SR_FGT_HFGI,
    SR_FGT_HAFG,
    SR_FGT_PAIRS = CPU_FGT_PAIRS,
};
struct sr_fgt {
    uint8_t pair, bit, dir;
};

/* v in write callbacks has been masked; the callback stores. Reads return the whole value. */
typedef uint64_t sr_read_fn(struct cpu *c, enum sr_id id);
typedef void sr_write_fn(struct cpu *c, enum sr_id id, uint64_t v);

struct sr_row {
    const char *name;
    uint16_t enc;
    uint8_t min_el, access, feature, kind; /* feature: enum cpu_feature, or CPU_FEAT_NONE */
    uint16_t flags;
    uint16_t id;    /* enum sr_id; SR_NONE for GIC registers and system instructions */
    uint16_t redir; /* enum sr_id, or SR_NONE */
    uint16_t nv2;
    uint64_t groups;       /* bits by TGI_ */
    uint64_t alias_groups; /* those that reach the _EL12 or _EL02 name only */
    uint64_t reset, wmask;
    sr_read_fn *read;
    sr_write_fn *write;
};
#define CPU_FEAT_NONE 255

extern const struct sr_row sr_rows[];
extern const unsigned sr_n_rows;
const struct sr_row *sr_row_by_id(enum sr_id id);
/* The row of an encoding as an access at the current EL sees it (aliases, absent features); NULL:
 * unallocated. *alias: an _EL12 or _EL02 name. */
const struct sr_row *sr_lookup(const struct cpu *c, uint32_t enc, bool *alias);
/* Level (1..3) that traps an access through row from the current EL; 0 undefined; SR_NO_TRAP. */
#define SR_NO_TRAP 4u
unsigned sr_trap_target(const struct cpu *c, uint64_t groups, bool write);
/* Bits of HCR_EL2 that this PE has. */
uint64_t sr_hcr_valid(const struct cpu *c);
struct sr_fgt sr_row_fgt(const struct sr_row *row);
/* Does this PE have the row at all, the current level apart? */
bool sr_row_implemented(const struct cpu *c, const struct sr_row *row);
/* Number of the event counter of an F_EVN row. */
unsigned sr_row_counter(const struct sr_row *row);

/* ---- impdef.c ---- */
/* Which core's list, by MIDR_EL1; 0: none. */
unsigned sr_impdef_core(uint64_t midr);
/* Of the storage behind that of enum sr_id; NULL: another core's. */
const char *sr_impdef_name(const struct cpu *c, size_t i);
const struct sr_row *sr_impdef(const struct cpu *c, uint32_t enc);
void sr_impdef_reset(struct cpu *c);
/* Level to which ACTLR_EL2 or ACTLR_EL3 traps a write through such a row; or SR_NO_TRAP. */
unsigned sr_impdef_target(const struct cpu *c, const struct sr_row *row);

/* ---- nested.c ---- */
void sr_fgt_reset(struct cpu *c);
bool sr_fgt_traps(const struct cpu *c, const struct sr_row *row, bool write);
/* Does the access reach an event counter that EL2 keeps for itself (MDCR_EL2.HPMN)? */
bool sr_counter_reserved(const struct cpu *c, const struct sr_row *row);
/* What becomes of an access while HCR_EL2.NV is 1. */
enum sr_nested {
    SR_NESTED_TRAP,
    SR_NESTED_REGISTER, /* *row is the register meant */
    SR_NESTED_PAGE,     /* sr_nested_page */
};
/* EL1 uses a name of EL2; of EL12 or EL02. */
enum sr_nested sr_nested_el2(const struct cpu *c, const struct sr_row **row);
enum sr_nested sr_nested_alias(const struct cpu *c, const struct sr_row *row, bool write);
/* Does EL1's use of its own name go to the page? */
bool sr_nested_el1(const struct cpu *c, const struct sr_row *row);
/* The access to the page. False: it faulted, to EL2. */
bool sr_nested_page(struct cpu *c, const struct cpu_op *op, const struct sr_row *row, bool write,
                    uint64_t *v);

/* ---- callbacks ---- */
sr_read_fn sr_rd_zero, sr_rd_midr, sr_rd_mpidr, sr_rd_revidr, sr_rd_idreg, sr_rd_ccsidr, sr_rd_clidr,
    sr_rd_aidr, sr_rd_ctr, sr_rd_dczid, sr_rd_rvbar;
sr_read_fn sr_rd_sp_el0, sr_rd_sp_el1, sr_rd_sp_el2, sr_rd_spsel, sr_rd_currentel, sr_rd_pan, sr_rd_uao,
    sr_rd_nzcv, sr_rd_daif, sr_rd_ssbs, sr_rd_dit, sr_rd_rndr;
sr_read_fn sr_rd_fpcr, sr_rd_fpsr, sr_rd_isr, sr_rd_disr, sr_rd_cptr_el2;
/* ras */
sr_read_fn sr_rd_erridr, sr_rd_erxfr, sr_rd_erx;
sr_write_fn sr_wr_erx;
sr_write_fn sr_wr_ignore, sr_wr_sctlr, sr_wr_hcr, sr_wr_scr, sr_wr_cptr_el2, sr_wr_cptr_el3, sr_wr_sp_el0,
    sr_wr_sp_el1, sr_wr_sp_el2, sr_wr_spsel;
sr_write_fn sr_wr_pan, sr_wr_uao, sr_wr_nzcv, sr_wr_daif, sr_wr_ssbs, sr_wr_dit, sr_wr_fpcr, sr_wr_fpsr,
    sr_wr_disr;
/* impdef */
sr_read_fn sr_rd_l2ctlr, sr_rd_clustercfr;
sr_write_fn sr_wr_actlr;
/* debug */
sr_read_fn sr_rd_claimset;
sr_write_fn sr_wr_dbgbvr, sr_wr_dbgbcr, sr_wr_dbgwvr, sr_wr_dbgwcr, sr_wr_mdscr, sr_wr_oslar, sr_wr_osdlr,
    sr_wr_claimset, sr_wr_claimclr;
/* timer */
sr_read_fn sr_rd_cntpct, sr_rd_cntvct, sr_rd_timer_tval, sr_rd_timer_ctl;
sr_write_fn sr_wr_timer_tval, sr_wr_timer_ctl, sr_wr_timer_cval, sr_wr_cntvoff, sr_wr_cnthctl, sr_wr_cntkctl;
/* nested */
sr_write_fn sr_wr_fgt, sr_wr_hcrx, sr_wr_vncr;
/* amu */
sr_read_fn sr_rd_amcnten, sr_rd_amevcntr;
sr_write_fn sr_wr_amcr, sr_wr_amcntenset, sr_wr_amcntenclr, sr_wr_amevcntr;
/* pmu */
sr_read_fn sr_rd_pmintenset, sr_rd_pmcr, sr_rd_pmcnten, sr_rd_pmovs, sr_rd_pmceid, sr_rd_pmccntr,
    sr_rd_pmxevtyper, sr_rd_pmxevcntr;
sr_read_fn sr_rd_pmevcntr;
sr_write_fn sr_wr_pmintenset, sr_wr_pmintenclr, sr_wr_pmcr, sr_wr_pmcntenset, sr_wr_pmcntenclr,
    sr_wr_pmovsclr, sr_wr_pmovsset;
sr_write_fn sr_wr_pmswinc, sr_wr_pmccntr, sr_wr_pmxevtyper, sr_wr_pmxevcntr, sr_wr_pmevcntr, sr_wr_pmevtyper,
    sr_wr_pmccfiltr;
sr_write_fn sr_wr_mdcr_el2, sr_wr_mdcr_el3;

#endif
