/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug of a PE: breakpoints, watchpoints, software step. Halting debug (external debugger) is
 * not implemented. Arm ARM DDI 0487 J.a, D2.
 */
#ifndef TG_CPU_DEBUG_H
#define TG_CPU_DEBUG_H

#include <stdbool.h>
#include <stdint.h>
#include "models/cpu/sysreg/access.h"

#define MDSCR_SS   TG_BIT(0)
#define MDSCR_TDCC TG_BIT(12)
#define MDSCR_KDE  TG_BIT(13)
#define MDSCR_MDE  TG_BIT(15)

struct debug_unit {
    bool watch;    /* some watchpoint is enabled: accesses to its pages need the slow path */
    bool stepping; /* the instruction that runs has used up PSTATE.SS */
    bool ldx;      /* it is a Load-Exclusive */
};

extern const struct tg_state_table debug_state;

int debug_init(struct cpu *c);
void debug_fini(struct cpu *c);
void debug_reset(struct cpu *c);

/* A debug register, MDSCR, the OS lock, MDCR, PSTATE.D or the context changed: recomputes what must be looked
 * at. */
void debug_controls_changed(struct cpu *c);

/* Called by exceptions and ERET: nothing to do unless debug is in use. */
static inline void debug_context_moved(struct cpu *c)
{
    if (tg_unlikely((c->arch.sr[SR_MDSCR_EL1] & (MDSCR_SS | MDSCR_MDE)) || c->arch.il ||
                    (c->host.attn & CPU_ATTN_STEP)))
        debug_controls_changed(c);
}

/* A synchronous exception keeps the instruction from retiring: a step that it used up is given back, so that
 * SPSR.SS shows it (D2.12.5). */
static inline void debug_step_undone(struct cpu *c)
{
    if (tg_unlikely(c->units.debug && c->units.debug->stepping)) {
        c->units.debug->stepping = false;
        c->arch.ss = true;
    }
}

/* Level that debug exceptions of the current EL are taken to (D2.4). */
unsigned debug_target(const struct cpu *c);
/* PSTATE.SS after an exception return with this SPSR (D2.12.4). */
bool debug_return_ss(const struct cpu *c, uint64_t spsr);

/* Run loop, while c->host.attn has CPU_ATTN_STEP: before the instruction at c->arch.pc. True: an exception was raised,
 * c->arch.pc is the vector. */
bool debug_before_insn(struct cpu *c);
/* Then: what it is. */
void debug_fetched(struct cpu *c, uint32_t insn);

/* Watchpoints. Does an access to the page of va need debug_watch_hit? (4 KiB pages; independent of the
 * current EL.) */
bool debug_watch_page(const struct cpu *c, uint64_t va);
/* What an access is to a watchpoint, as in DBGWCR_EL1.LSC; an atomic is both. */
#define WATCH_LOAD        1u
#define WATCH_STORE       2u
#define WATCH_MAINTENANCE 4u /* with WATCH_STORE: by a cache maintenance instruction (the syndrome's CM) */
/* True: a watchpoint matched the access of size bytes at va by op, the exception was raised. */
bool debug_watch_hit(struct cpu *c, const struct cpu_op *op, uint64_t va, unsigned size, unsigned kind);

#endif
