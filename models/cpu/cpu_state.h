/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PE as the files of models/cpu see it, and nobody else: one structure in named parts (architectural, host, timing,
 * derived state ...), each of which says what it is for.
 */
#ifndef TG_CPU_CPU_STATE_H
#define TG_CPU_CPU_STATE_H

#include "models/base/gic_port.h"
#include "models/base/model.h"
#include "models/cpu/cpu.h"
#include "models/cpu/features.h"
#include "models/cpu/fpu/fpu.h"
#include "models/cpu/mmu/context.h"
#include "models/cpu/op.h"
#include "models/cpu/params.h"
#include "models/cpu/pipeline/pipe.h"
#include "models/cpu/sysreg/sysreg.h"

/* Vector register: 128 bits, as lanes. Host is little-endian, as the architecture's lane order. */
union cpu_vreg {
    uint64_t d[2];
    uint32_t s[4];
    uint16_t h[8];
    uint8_t b[16];
    int64_t sd[2];
    int32_t ss[4];
    int16_t sh[8];
    int8_t sb[16];
    unsigned __int128 q;
};

/* Jump cache: virtual address in a translation context -> decoded block. */
#define CPU_JUMPS 4096
struct jump_entry {
    uint64_t va;
    uint64_t tag; /* mmu_view.jump_tag */
    const struct cpu_op *ops;
    uint64_t btypes; /* FEAT_BTI: bit n, a branch that sets PSTATE.BTYPE to n may go here */
};

/* Pointer authentication codes computed before: what the cipher makes of (value, modifier, key). */
#define CPU_PAC_MEMOS 1024
struct pac_memo {
    uint64_t value, modifier, w, k;
    uint64_t code;
    bool valid;
};

static inline unsigned cpu_jump_hash(uint64_t va)
{
    return (unsigned)((va >> 2) ^ (va >> 14)) & (CPU_JUMPS - 1);
}

/* Asynchronous attention: reasons for the run loop to look before the next block. */
enum {
    CPU_ATTN_IRQ = 1,  /* an interrupt line or a mask changed: re-evaluate */
    CPU_ATTN_STOP = 2, /* cpu_request_stop */
    CPU_ATTN_STEP = 4, /* software step, hardware breakpoint: run one instruction at a time */
};

/* What software wrote to an error record (FEAT_RAS; sysreg/ras.c). */
#define RAS_RECORDS 2
#define RAS_MISC    4
struct ras_record {
    uint64_t ctlr, addr, misc[RAS_MISC];
};

/* Architectural state: what software can see or has set, and what waits for it. A checkpoint saves all of it. */
struct cpu_arch {
    uint64_t x[CPU_X_COUNT];
    /* NZCV, split as computed: N is bit 63 of nf, Z is zf == 0, C is cf (0 or 1), V is bit 63 of vf. */
    uint64_t nf, zf, vf;
    uint64_t cf;
    uint64_t pc; /* valid outside blocks */
    uint8_t el;  /* 0..3 */
    union cpu_vreg v[32] __attribute__((aligned(64)));
    struct fpu fpu; /* FPCR and FPSR; QC of FPSR is kept in fpu.fpsr too (bit 27) */

    /* PSTATE besides NZCV and EL */
    uint8_t daif; /* D=8 A=4 I=2 F=1 */
    bool sp_sel;  /* SPSel: use SP_ELx */
    bool pan, uao, ssbs, dit;
    uint8_t btype; /* BTYPE: 0 but between an indirect branch and its target (bti.h) */
    bool il, ss;   /* PSTATE.IL, PSTATE.SS */

    /* Exclusive monitor: local; exact because PEs of a machine run one at a time, cleared when another may
     * run. */
    bool excl_valid;
    uint8_t excl_size; /* bytes */
    uint64_t excl_pa;

    /* System registers: raw storage by sysreg/sysreg.h ids; behind them the rows of impdef.def. */
    uint64_t sr[SR_COUNT + SR_IMPDEFS];
    uint64_t sp_el[4]; /* banked stack pointers; the current one lives in x[CPU_X_SP] */
    uint64_t rvbar;    /* where the highest level was entered: RVBAR_ELx */
    uint64_t rng;      /* state of the generator behind RNDR */
    struct ras_record ras[RAS_RECORDS];

    /* Interrupts, events and sleep */
    bool line[TG_PE_LINES];
    tg_time rise_at[TG_PE_LINES]; /* a line that is on its way to 1 (arrival.h); TG_TIME_NEVER: it is not */
    tg_time event_at;             /* an event that is on its way; TG_TIME_NEVER: none */
    bool powered;
    bool asleep; /* in WFI or WFE */
    bool asleep_wfe;
    bool event_reg;     /* WFE event register, but for the event stream's events */
    tg_time event_from; /* since then (timer_event_settle) */
    bool timed_out;     /* the time of a WFIT has come */
    bool warm_reset;    /* the WFI that sleeps is the one that RMR_ELx.RR waited for */
    uint8_t wfe_trap; /* FEAT_TWED: level to which the WFE that sleeps is trapped at wfe_until; CPU_WFE_LATE:
                           that has come */
#define CPU_WFE_TARGET 3
#define CPU_WFE_LATE   4
    uint8_t wfe_rn;    /* of that WFE, when it is a WFET: its register, plus 1 */
    tg_time wfe_until; /* end of the wait that sleeps: event stream, the limit on waits for the exclusive
                          monitor, the time-out of WFET and WFIT */
};

/* State of the host: how this process runs the PE. Holds nothing that a guest could see; dropped and made again at
 * will between blocks. */
struct cpu_host {
    uint64_t ilimit;  /* leave to the run loop at the first block boundary at or after this count; 0: at the
                        next one */
    uint64_t pc_page; /* virtual address of the page of the block that runs */
    struct mmu_view *view;    /* software TLB of the current context, for data accesses and fetches */
    struct mmu_view *uview;   /* software TLB of unprivileged accesses in it (LDTR, STTR) */
    const struct cpu_op *cur; /* operation whose slow path is running: gives PC and exact count */
    struct jump_entry *jumps; /* jump cache, CPU_JUMPS entries */
    struct cpu_links *link;   /* links of which the run loop should resolve one next, or NULL */
    uint8_t link_way;         /* which: CPU_NEXT, CPU_TAKEN */
    uint8_t attn;             /* CPU_ATTN_* */
    /* Arguments of what goes on at the end of a block in a function of its own: all that jump to one another
     * have one signature. */
    struct {
        const struct cpu_links *links;
        uint64_t va;
        uint8_t way, outcome; /* CPU_NEXT, CPU_TAKEN; enum pipe_outcome */
    } end;
    unsigned return_top;
    struct cpu_return returns[CPU_RETURNS]; /* a ring */

    struct mmu mmu;          /* translation contexts */
    struct code_cache *code; /* decoded blocks */
    struct cpu_domain *domain;
    struct cpu *domain_next;

    /* What the caller of the run loop asked for */
    uint64_t run_until_cycle;
    enum cpu_mode want_mode; /* set by cpu_set_mode, taken by the run loop */
    uint64_t insn_stop;      /* cpu_set_insn_limit */
    uint64_t stop_pc; /* cpu_set_stop_pc, plus 1 (CPU_NO_PC is 0): blocks end before it, none begins there */
    uint64_t want_stop_pc; /* taken by the run loop */
    bool in_run;
};

/* Time and what it is worked out from. */
struct cpu_timing {
    uint64_t icount;  /* instructions retired, counted a block ahead (see cpu_op_info.rem) */
    bool timed;       /* mode */
    uint64_t cyc_off; /* fast mode: cycles = icount + cyc_off */
    /* Of the buckets, fast mode moves base, exception and idle only: */
    uint64_t fast_rest;    /* sum of the others while in it */
    uint64_t fast_stretch; /* times that it was entered */
    struct pipe pipe;      /* scoreboard, branch predictor */
    struct caches caches;  /* private caches and TLBs */
};

/* Derived state: follows from architectural state, parameters and features; kept because it is asked often. */
struct cpu_derived {
    uint8_t fp_trap;         /* FP/SIMD is trapped now: take the slow path of each FP instruction */
    tg_time wake_at;         /* earliest own timer event */
    tg_time arrival;         /* not after any of rise_at and event_at */
    tg_time deadline;        /* timer_next when the run loop last looked, */
    uint64_t deadline_cycle; /* and the first cycle that is not before it */
    uint8_t sr_check;        /* SR_CHECK_* */
    uint64_t hcr_valid;      /* bits of HCR_EL2 that this PE has */
    uint64_t sr_groups[4];   /* trap groups (sysreg/internal.h) of which some rule can fire on this PE, by the
                                level of the access */
    uint8_t sr_open[SR_ROWS]; /* rows that nothing can stand in the way of: row_open in sysreg.c */
#define CPU_FGT_PAIRS 4
    uint64_t fgt_valid[CPU_FGT_PAIRS]
                      [2]; /* bits of the fine-grained trap registers that exist, for reads and writes */
    struct pac_memo pac_memo[CPU_PAC_MEMOS];
};

/* Check for a guest that makes no progress. Belongs to what a checkpoint saves: it decides how a run ends. */
struct cpu_progress {
    uint64_t undef_run; /* exceptions to the same vector without a retired instruction between */
    uint64_t undef_icount;
    uint64_t undef_pc;    /* of the last undefined instruction */
    uint64_t eret_icount; /* icount after the last ERET */
    uint64_t undef_loop;  /* times in a row that an ERET returned straight to an undefined instruction at the
                             same PC */
};

/* Units beside the core, each with state of its own. */
struct cpu_units {
    struct timer_unit *timers; /* models/cpu/timer */
    struct pmu *pmu;           /* models/cpu/pmu */
    struct debug_unit *debug;  /* models/cpu/debug */
};

/* Which PE it is: fixed once it is realized. */
struct cpu_ident {
    unsigned index;
    uint64_t mpidr;
    uint64_t hz;
    uint8_t impdef_core; /* enum impdef_core: whose IMPLEMENTATION DEFINED registers it has */
    struct cpu_features feat;
};

/* Its neighbours. */
struct cpu_ports {
    const struct tg_gic_cpuif *gic;
    struct cpu_hooks hooks;
    struct tg_bus_port bus;
    struct tg_irq ppi[TG_PPI_COUNT];
};

/* A PE, in parts that live for different reasons. Parts that handlers touch stand first. */
struct cpu {
    struct tg_model model;
    struct cpu_arch arch;
    struct cpu_host host;
    struct cpu_timing timing;
    struct cpu_derived derived;
    struct cpu_progress progress;
    struct cpu_units units;
    struct cpu_ident ident;
    struct cpu_ports ports;
    /* parameters and counters (tables in params.c) */
    struct cpu_params p;
    struct cpu_counters n;
};

static inline bool cpu_has(const struct cpu *c, enum cpu_feature f)
{
    return cpu_features_has(&c->ident.feat, f);
}

/* Time is worked out by blocks (window model). */
static inline bool cpu_by_blocks(const struct cpu *c)
{
    return c->timing.timed && c->p.pipe_kind == PIPE_WINDOW;
}

/* Look-ups in the L1D: a read-modify-write is one. What is not cached asks no cache. */
static inline uint64_t cpu_l1d_accesses(const struct cpu *c)
{
    return c->n.loads + c->n.stores - c->n.rmws - c->n.uncached;
}

/* ---- flags ---- */

static inline uint32_t cpu_nzcv(const struct cpu *c) /* in bits 3..0 */
{
    return (uint32_t)((c->arch.nf >> 63) << 3 | (uint64_t)(c->arch.zf == 0) << 2 | c->arch.cf << 1 |
                      c->arch.vf >> 63);
}

static inline void cpu_set_nzcv(struct cpu *c, uint32_t nzcv)
{
    c->arch.nf = (uint64_t)(nzcv >> 3 & 1) << 63;
    c->arch.zf = !(nzcv >> 2 & 1);
    c->arch.cf = nzcv >> 1 & 1;
    c->arch.vf = (uint64_t)(nzcv & 1) << 63;
}

/* The block at va in the jump cache, where it is entered if it has been decoded and its page has been fetched
 * from in the current view. NULL: the run loop has to look. */
const struct cpu_op *cpu_find_block(struct cpu *c, uint64_t va);

/* May a block remember the block at pc as where it goes? A page may be mapped twice, so none at the offset of
 * stop_pc. */
static inline bool code_may_chain(const struct cpu *c, uint64_t pc)
{
    return !(c->host.stop_pc && ((pc + 1) & 4095) == (c->host.stop_pc & 4095));
}

/* ---- position of the running operation ---- */

static inline uint64_t cpu_op_pc(const struct cpu *c, const struct cpu_op *op)
{
    return c->host.pc_page + cpu_op_offset(op);
}

/* Address behind an operation that ends a block, with its links. */
static inline uint64_t cpu_next_pc(const struct cpu *c, const struct cpu_links *links)
{
    return c->host.pc_page + (uint64_t)(int64_t)links->disp[CPU_NEXT];
}

/* Instructions retired before op. Handlers whose effect depends on exact time set c->host.cur = op first. */
static inline uint64_t cpu_icount_at(const struct cpu *c, const struct cpu_op *op)
{
    return c->timing.icount - op_info(op)->rem - 1;
}

/* ---- exceptions: models/cpu/sysreg/exception.c. All end the current block: the handler returns false
 * afterwards ---- */

/* Synchronous exception by the instruction op, which does not retire. target: 1..3, or 0 = by routing rules
 * for this class. */
void cpu_raise_sync(struct cpu *c, const struct cpu_op *op, unsigned target, uint64_t esr, uint64_t far,
                    bool far_valid, uint64_t hpfar, bool hpfar_valid);
void cpu_raise_undef(struct cpu *c, const struct cpu_op *op);
/* FP or SIMD instruction while c->derived.fp_trap: raises the right trap (CPACR, CPTR_EL2, CPTR_EL3). */
void cpu_raise_fp_trap(struct cpu *c, const struct cpu_op *op);
/* SVC, HVC, SMC: the instruction retires, preferred return is the next one. */
void cpu_exec_svc(struct cpu *c, const struct cpu_op *op, uint16_t imm);
void cpu_exec_hvc(struct cpu *c, const struct cpu_op *op, uint16_t imm);
void cpu_exec_smc(struct cpu *c, const struct cpu_op *op, uint16_t imm);
void cpu_exec_brk(struct cpu *c, const struct cpu_op *op, uint16_t imm);
void cpu_exec_hlt(struct cpu *c, const struct cpu_op *op, uint16_t imm);
void cpu_exec_eret(struct cpu *c, const struct cpu_op *op);
void cpu_raise_pc_alignment(struct cpu *c, uint64_t pc);
void cpu_raise_sp_alignment(struct cpu *c, const struct cpu_op *op);
/* Takes a pending unmasked interrupt (physical or virtual, SError) between instructions, if there is one;
 * c->arch.pc is valid. */
bool cpu_take_interrupt(struct cpu *c);
/* True when an unmasked (or for WFI: any routed) interrupt is pending. */
bool cpu_interrupt_pending(const struct cpu *c, bool for_wfi);

/* After a change of EL, HCR, SCTLR ...: recomputes view, uview, fp_trap and what else is derived. (cpu.c) */
void cpu_context_changed(struct cpu *c);
/* After a change of what traps FP and SIMD alone: recomputes fp_trap. (cpu.c) */
void cpu_fp_changed(struct cpu *c);
/* The current exact local time, in cycles or ps; uses c->host.cur when a handler runs. */
static inline uint64_t cpu_now_cycle(const struct cpu *c)
{
    if (c->timing.timed) {
        pipe_catch_up((struct cpu *)(uintptr_t)c, c->host.cur); /* only works out what is true already */
        return c->timing.pipe.cycle;
    }
    return (c->host.cur ? cpu_icount_at(c, c->host.cur) : c->timing.icount) + c->timing.cyc_off;
}
tg_time cpu_now(const struct cpu *c); /* (cpu.c) */

#endif
