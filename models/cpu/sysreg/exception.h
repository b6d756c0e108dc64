/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions, waiting, traps: what exec/system.c, the run loop and debug call besides the functions at the
 * end of cpu_state.h. */
#ifndef TG_CPU_SYSREG_EXCEPTION_H
#define TG_CPU_SYSREG_EXCEPTION_H

#include "models/cpu/cpu_state.h"

/* Trapped system-register access or system instruction: EC 0x18 from op's fields to `target` (0: undefined).
 */
void sysreg_trap(struct cpu *c, const struct cpu_op *op, unsigned target);
/* Tells the GIC that EL, security state, HCR_EL2 or SCR_EL3 changed. */
void cpu_gic_context_changed(struct cpu *c);

/* WFI and WFE. They set c->arch.pc and count the instruction, or raise a trap. After them c->arch.asleep says whether
 * the PE sleeps. */
void cpu_exec_wfi(struct cpu *c, const struct cpu_op *op);
void cpu_exec_wfe(struct cpu *c, const struct cpu_op *op);
/* FEAT_WFxT: the same, until CNTVCT_EL0 reaches count at the latest. */
void cpu_exec_wfit(struct cpu *c, const struct cpu_op *op, uint64_t count);
void cpu_exec_wfet(struct cpu *c, const struct cpu_op *op, uint64_t count);
/* The PE has woken from a WFE that is to be trapped after a delay (c->arch.wfe_trap): it completes, or the delay
 * is over and it traps. */
void cpu_wfe_delay_over(struct cpu *c);
/* SEV: event register of every PE of the domain; SEVL: of this one. */
void cpu_exec_sev(struct cpu *c);
void cpu_exec_sevl(struct cpu *c);
/* ESB (FEAT_RAS): takes or defers a pending SError. */
void cpu_exec_esb(struct cpu *c, const struct cpu_op *op);

/* SPSR value -> PSTATE, all of it (power-on, debuggers). No legality checks; EL must exist. */
void cpu_pstate_unpack(struct cpu *c, uint64_t spsr);

#endif
