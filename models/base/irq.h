/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt lines. A device holds a struct tg_irq per output; the platform binds it to an input of the
 * interrupt controller (or of a PE). Levels are 0 or 1; a line keeps its level, set() is called on changes
 * only.
 */
#ifndef TG_BASE_IRQ_H
#define TG_BASE_IRQ_H

#include <stdbool.h>
#include "models/base/time.h"

struct tg_irq {
    void (*set)(void *opaque, unsigned line, bool level, tg_time at); /* NULL: unconnected */
    void *opaque;
    unsigned line; /* the sink's own number of this line */
    bool level;
};

/* Drives the line; `at` is the time of the change (never before the machine's current time). */
static inline void tg_irq_set(struct tg_irq *irq, bool level, tg_time at)
{
    if (irq->level == level)
        return;
    irq->level = level;
    if (irq->set)
        irq->set(irq->opaque, irq->line, level, at);
}

#endif
