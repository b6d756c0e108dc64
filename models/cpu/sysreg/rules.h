/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a rule of traps.def in memory, when it fires, and the rules of instructions (INSN) as code:
 * what handlers of exceptions ask on each call is compiled from the table's rows, with all of them constants.
 * Private to those who raise.
 */
#ifndef TG_CPU_SYSREG_RULES_H
#define TG_CPU_SYSREG_RULES_H

#include "models/cpu/sysreg/internal.h"

enum rule_when {
    WHEN_ANY,
    WHEN_NOTHOST,
    WHEN_HOST,
    WHEN_E2H0,
    WHEN_E2H1,
    WHEN_EL2ON,
    WHEN_GUEST,
    WHEN_NONSEC,
    WHEN_FGT,
};

enum {
    CTL_HCR = SR_COUNT, /* HCR_EL2 as effective */
    CTL_MDCR2,          /* MDCR_EL2 with TDE and TGE folded in */
};
#define SR_HCR   CTL_HCR
#define SR_MDCR2 CTL_MDCR2

struct trap_rule {
    uint8_t from, dir, when, target; /* from 0: no rule */
    uint16_t control;
    uint64_t mask, value;
};

/* The columns of RULE behind group and number. */
enum {
    E0 = 1,
    E1 = 2,
    E2 = 4,
    E3 = 8,
    R = 1,
    W = 2,
    RW = 3,
    X = W, /* instructions count as writes */
    TU = 0,
    T1 = 1,
    T2 = 2,
    T3 = 3,
    TU3 = 4 | T3,
};
#define TARGET_UNDEFINED 4u
_Static_assert(SR_NO_TRAP > T3, "no target");
#define TRAP_RULE(frm, d, wh, ctl, msk, val, tgt)                                                  \
    {                                                                                              \
        .from = frm, .dir = d, .when = WHEN_##wh, .target = tgt, .control = SR_##ctl, .mask = msk, \
        .value = val                                                                               \
    }

#define RULE_INLINE static inline __attribute__((always_inline))

/* Can the rule fire on this PE at all, whatever its registers hold? Bits of HCR_EL2 that it lacks are RES0.
 */
RULE_INLINE bool rule_possible(const struct cpu *c, const struct trap_rule *rule)
{
    if ((rule->target == T3 || rule->control == SR_SCR_EL3) && !cpu_has(c, CPU_FEAT_EL3))
        return false;
    return (rule->control != CTL_HCR && rule->control != SR_HCR_EL2) ||
           !(rule->value & ~c->derived.hcr_valid);
}

RULE_INLINE uint64_t rule_control(const struct cpu *c, unsigned control)
{
    uint64_t v;

    if (control < SR_COUNT)
        return c->arch.sr[control];
    if (control == CTL_HCR)
        return cpu_hcr_eff(c);
    v = c->arch.sr[SR_MDCR_EL2];
    if ((v & MDCR2_TDE) || cpu_tge(c))
        v |= MDCR2_TDE | MDCR2_TDA | MDCR2_TDOSA | MDCR2_TDRA;
    return v;
}

RULE_INLINE bool rule_applies(const struct cpu *c, const struct trap_rule *rule)
{
    switch ((enum rule_when)rule->when) {
    case WHEN_ANY:
        return true;
    case WHEN_NOTHOST:
        return !cpu_host(c);
    case WHEN_HOST:
        return cpu_host(c);
    case WHEN_E2H0:
        return cpu_el2_on(c) && !cpu_e2h(c);
    case WHEN_E2H1:
        return cpu_e2h(c) && !cpu_host(c);
    case WHEN_EL2ON:
        return cpu_el2_on(c);
    case WHEN_GUEST:
        return cpu_el2_on(c) && !cpu_host(c);
    case WHEN_NONSEC:
        return !cpu_secure_inline(c);
    case WHEN_FGT:
        return cpu_fgt_on(c);
    }
    return false;
}

RULE_INLINE bool rule_fires(const struct cpu *c, const struct trap_rule *rule)
{
    return (rule_control(c, rule->control) & rule->mask) == rule->value && rule_applies(c, rule);
}

/* EL0's exceptions go to EL2 while TGE says so. */
RULE_INLINE unsigned trap_routed(const struct cpu *c, unsigned target)
{
    return target == T1 && (c->arch.el == 2 || (c->arch.el == 0 && cpu_tge(c))) ? T2 : target;
}

/* What becomes of an instruction at the current level: target 0 undefined, 1..3 trapped to that level,
 * SR_NO_TRAP neither. control: the register that says so. */
struct sr_trap {
    unsigned target;
    enum sr_id control;
};

/* insn: TGI_... of an INSN, a constant. */
RULE_INLINE struct sr_trap sr_insn_trap(const struct cpu *c, unsigned insn)
{
#define RULE(grp, n, ...)                                                                                  \
    if (insn == TGI_##grp) {                                                                               \
        const struct trap_rule rule = TRAP_RULE(__VA_ARGS__);                                              \
                                                                                                           \
        if (tg_unlikely((rule.from >> c->arch.el & 1) &&                                                   \
                        (rule.control != SR_SCR_EL3 || cpu_has(c, CPU_FEAT_EL3)) && rule_fires(c, &rule))) \
            return (struct sr_trap){.target =                                                              \
                                        rule.target & TARGET_UNDEFINED ? TU : trap_routed(c, rule.target), \
                                    .control = (enum sr_id)rule.control};                                  \
    }
#include "models/cpu/sysreg/traps.def"
    return (struct sr_trap){.target = SR_NO_TRAP};
}

#endif
