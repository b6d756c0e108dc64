/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by exception.c and interrupt.c. */
#ifndef TG_CPU_SYSREG_INTERRUPT_H
#define TG_CPU_SYSREG_INTERRUPT_H

#include "models/cpu/cpu_state.h"

/* ISS of EC 0x01 and 0x07 from AArch64: CV = 1, COND = 0b1110. */
#define ISS_COND_AL (TG_BIT(24) | tg_put(TG_FIELD(23, 20), 0xe))

/* An exception ready to be taken: the PE stands between instructions, icount is exact. */
struct cpu_syndrome {
    enum cpu_exc_kind kind;
    unsigned target; /* 1..3 */
    uint64_t esr;
    uint64_t pc;  /* of the instruction */
    uint64_t ret; /* preferred return address */
    uint64_t far, hpfar;
    bool far_valid, hpfar_valid;
    bool as_serror; /* synchronous, by the vector of SErrors (FEAT_DoubleFault) */
};
void cpu_take_exception(struct cpu *c, const struct cpu_syndrome *s);

#endif
