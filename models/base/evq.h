/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event queue: callbacks at absolute simulated times. One per machine; sim/tlm drives it from a SystemC
 * process, tests drive it by hand. Events of the same time run in the order in which they were scheduled, host
 * events last, so runs repeat exactly. Not thread-safe: a machine lives on one host thread.
 */
#ifndef TG_BASE_EVQ_H
#define TG_BASE_EVQ_H

#include <stdbool.h>
#include <stddef.h>
#include "models/base/time.h"

struct tg_evq;

/* An event is owned by the model that embeds it. Zero-initialise, then set cb and opaque once. */
struct tg_event {
    void (*cb)(void *opaque, tg_time now);
    void *opaque;
    tg_time when;   /* valid while scheduled */
    uint64_t order; /* tie-break, set by the queue */
    size_t slot;    /* 1-based heap position, 0: not scheduled */
    /* It looks after the host: whether input has come, whether output waits. Nothing of the machine depends on it unless
     * there is input, so PEs do not stop for it, and it may run somewhat late. Not changed while scheduled. */
    bool host;
};

struct tg_evq *tg_evq_new(void);
void tg_evq_free(struct tg_evq *q);

/* Called whenever the earliest time of either kind changes to something earlier than before, with that time (the
 * driver re-arms). */
void tg_evq_on_earlier(struct tg_evq *q, void (*fn)(void *opaque, tg_time when), void *opaque);

/* (Re)schedules ev at `when`; a time in the past runs at the next tg_evq_run with now = current time. */
void tg_evq_schedule(struct tg_evq *q, struct tg_event *ev, tg_time when);
void tg_evq_cancel(struct tg_evq *q, struct tg_event *ev);

static inline bool tg_event_pending(const struct tg_event *ev)
{
    return ev->slot != 0;
}

/* A queue's own state: its events are their owners', and host events none of the machine's. Those of a time keep the
 * order in which they were scheduled. */
struct tg_evq_state {
    tg_time now;
    uint64_t order; /* of the last event that was scheduled, host events apart */
};
struct tg_evq_state tg_evq_save(const struct tg_evq *q);
void tg_evq_restore(struct tg_evq *q, const struct tg_evq_state *s);
/* Schedules ev as it was: `order` as it stood in the event. */
void tg_evq_restore_event(struct tg_evq *q, struct tg_event *ev, tg_time when, uint64_t order);

/* Time of the earliest event that is no host event, or TG_TIME_NEVER. */
tg_time tg_evq_next(const struct tg_evq *q);
/* Time of the earliest event of either kind, or TG_TIME_NEVER. */
tg_time tg_evq_next_any(const struct tg_evq *q);

/* Current time: the largest `now` given to tg_evq_run so far. */
tg_time tg_evq_now(const struct tg_evq *q);

/* Sets the current time to `now` and runs every event due at or before it, also those that the callbacks add.
 */
void tg_evq_run(struct tg_evq *q, tg_time now);

#endif
