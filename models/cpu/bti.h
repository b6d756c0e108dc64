/* SPDX-License-Identifier: Apache-2.0 */
/* Branch target identification (FEAT_BTI): what an indirect branch may land on in a guarded page. Arm ARM DDI
 * 0487 D8.4.7, D1.3. */
#ifndef TG_CPU_BTI_H
#define TG_CPU_BTI_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

#define BTI_ANY 0xf /* every value of PSTATE.BTYPE */

/* PSTATE.BTYPE after indirect branches. */
enum bti_btype {
    BTYPE_NONE = 0,
    BTYPE_JUMP_X16 = 1, /* BR by X16 or X17, or any BR outside guarded pages */
    BTYPE_CALL = 2,
    BTYPE_JUMP = 3,
};

/* The values of BTYPE (a bit each) with which insn may be executed now. */
unsigned bti_allowed(const struct cpu *c, uint32_t insn, bool guarded);
/* Of these, those that need not come through bti_check. */
unsigned bti_cacheable(const struct cpu *c, uint32_t insn, bool guarded);
/* Before the first instruction after an indirect branch, between blocks: false when the Branch Target
 * exception was taken. BTYPE is 0 from here on, but for BRK, whose exception saves it: for the others the
 * manual leaves it open (ZEROBTYPE). */
bool bti_check(struct cpu *c, uint32_t insn, bool guarded);
/* Does the block that runs lie on a guarded page? */
bool bti_in_guarded_page(struct cpu *c);

#endif
