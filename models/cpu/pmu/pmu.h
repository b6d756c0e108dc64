/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performance monitors: counters are computed when somebody looks, from the PE's own counters. No work per
 * instruction. Arm ARM DDI 0487 J.a, D11 (PMUv3).
 */
#ifndef TG_CPU_PMU_H
#define TG_CPU_PMU_H

#include <stdbool.h>
#include <stdint.h>
#include "models/cpu/cpu_state.h"

#define PMU_EVENT_COUNTERS 31
#define PMU_CYCLE          31 /* index of the cycle counter in masks and arrays */
#define PMU_COUNTERS       32

struct pmu {
    bool active;                   /* some counter counts at some EL: EL changes must settle */
    uint32_t counting;             /* counters that count at the current EL now */
    uint64_t value[PMU_COUNTERS];  /* at the last settling */
    uint64_t source[PMU_COUNTERS]; /* what its event's source stood at then */
    uint32_t enabled, inten, ovs;  /* PMCNTEN, PMINTEN, PMOVS */
    /* Settled by pmu_rearm: */
    uint32_t of_el2;      /* counters that MDCR_EL2.HPMN keeps for EL2 */
    uint32_t switched_on; /* that PMCR_EL0.E, or MDCR_EL2.HPME for those of EL2, lets count */
    tg_time check_at;     /* when an overflow that interrupts may have happened */
};

extern const struct tg_state_table pmu_state;

int pmu_init(struct cpu *c);
void pmu_fini(struct cpu *c);
void pmu_reset(struct cpu *c);

void pmu_settle(struct cpu *c); /* adds up what was counted since the last settling */
/* After a register was written: which counters count from now on; overflow interrupt line; next check. */
void pmu_rearm(struct cpu *c);
void pmu_level_changed(struct cpu *c); /* the same after a change of EL alone */
void pmu_poll(struct cpu *c, tg_time now);

static inline void pmu_before_el_change(struct cpu *c)
{
    if (tg_unlikely(c->units.pmu && c->units.pmu->active))
        pmu_settle(c);
}

static inline void pmu_after_el_change(struct cpu *c)
{
    if (tg_unlikely(c->units.pmu && c->units.pmu->active))
        pmu_level_changed(c);
}

/* How often the common event `event` has happened so far, counters and filters apart. */
uint64_t pmu_event_source(const struct cpu *c, unsigned event);

#endif
