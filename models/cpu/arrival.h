/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes to a PE from outside, at its time: levels of interrupt lines and events of other PEs. PEs run one after
 * another, so what one of them causes can lie ahead of the other's local time. It waits here until that is there.
 */
#ifndef TG_CPU_ARRIVAL_H
#define TG_CPU_ARRIVAL_H

#include <stdbool.h>
#include "models/base/time.h"

struct cpu;

/* Nothing is on its way. */
void arrival_init(struct cpu *c);
/* A wake-up event (WFE; SEV of another PE) arrives at `at`. */
void arrival_event(struct cpu *c, tg_time at);
/* Takes what has arrived by the PE's local time `now`. */
void arrival_poll(struct cpu *c, tg_time now);

#endif
