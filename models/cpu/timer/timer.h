/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generic timers of a PE: seven compare timers and the event stream over one system counter. Counts derive
 * exactly from simulated time and p.cntfrq; nothing runs between deadlines. Arm ARM DDI 0487 J.a, D12.
 */
#ifndef TG_CPU_TIMER_H
#define TG_CPU_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/evq.h"
#include "models/base/time.h"
#include "models/cpu/pmu/pmu.h"

struct timer_unit {
    struct tg_event event; /* at c->derived.wake_at, for a PE that sleeps */
};
extern const struct tg_state_table timer_state;

int timer_init(struct cpu *c); /* after parameters are set; 0 or -ENOMEM */
void timer_fini(struct cpu *c);
void timer_reset(struct cpu *c);

/* Earliest time at which timer_poll has something to do, TG_TIME_NEVER if none: own timers, PMU overflow, end
 * of a WFE. */
static inline tg_time timer_next(const struct cpu *c)
{
    tg_time next = c->derived.wake_at, other;

    if (tg_unlikely(c->arch.asleep))
        other = c->arch.wfe_until;
    else
        other = c->units.pmu ? c->units.pmu->check_at : TG_TIME_NEVER;
    return other < next ? other : next;
}
/* Brings outputs (c->ports.ppi[], c->derived.wake_at, the event register) to local time `now`. */
void timer_poll(struct cpu *c, tg_time now);

/* System counter, and the virtual count as the current EL reads it, at local time now. */
uint64_t timer_count(const struct cpu *c, tg_time now);
/* When a WFE that starts now ends by the event stream, or by the limit on waits for the exclusive monitor. */
tg_time timer_event_wake(const struct cpu *c, tg_time now);
/* Sets the event register for what the event stream sent up to `now`, while nobody waited: before a WFE, and
 * before what the stream depends on changes. */
void timer_event_settle(struct cpu *c, tg_time now);
/* When CNTVCT_EL0 as the instruction that runs reads it comes to `count`; now when it is there already. */
tg_time timer_timeout(struct cpu *c, uint64_t count);

/* HCR_EL2.E2H or TGE, or SCR_EL3.ECVEn, changed: CNTPOFF_EL2 may act or act no longer. */
void timer_offset_changed(struct cpu *c);

#endif
