/* SPDX-License-Identifier: Apache-2.0 */
/* Event queue: a binary heap ordered by (time, order of scheduling). See evq.h. */
#include "models/base/evq.h"

#include <assert.h>
#include <stdlib.h>

struct tg_evq {
    struct tg_event **heap; /* heap[1..n] */
    size_t n, cap;
    uint64_t order;
    tg_time now;
    void (*on_earlier)(void *opaque, tg_time when);
    void *on_earlier_opaque;
};

struct tg_evq *tg_evq_new(void)
{
    struct tg_evq *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    q->cap = 64;
    q->heap = calloc(q->cap + 1, sizeof(*q->heap));
    if (!q->heap) {
        free(q);
        return NULL;
    }
    return q;
}

void tg_evq_free(struct tg_evq *q)
{
    if (!q)
        return;
    for (size_t i = 1; i <= q->n; i++)
        q->heap[i]->slot = 0;
    free(q->heap);
    free(q);
}

void tg_evq_on_earlier(struct tg_evq *q, void (*fn)(void *opaque, tg_time when), void *opaque)
{
    q->on_earlier = fn;
    q->on_earlier_opaque = opaque;
}

static bool before(const struct tg_event *a, const struct tg_event *b)
{
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void place(struct tg_evq *q, size_t i, struct tg_event *ev)
{
    q->heap[i] = ev;
    ev->slot = i;
}

static void sift_up(struct tg_evq *q, size_t i)
{
    struct tg_event *ev = q->heap[i];

    while (i > 1 && before(ev, q->heap[i / 2])) {
        place(q, i, q->heap[i / 2]);
        i /= 2;
    }
    place(q, i, ev);
}

static void sift_down(struct tg_evq *q, size_t i)
{
    struct tg_event *ev = q->heap[i];

    for (;;) {
        size_t child = 2 * i;

        if (child > q->n)
            break;
        if (child < q->n && before(q->heap[child + 1], q->heap[child]))
            child++;
        if (!before(q->heap[child], ev))
            break;
        place(q, i, q->heap[child]);
        i = child;
    }
    place(q, i, ev);
}

static void remove_at(struct tg_evq *q, size_t i)
{
    struct tg_event *last = q->heap[q->n];

    q->heap[i]->slot = 0;
    q->n--;
    if (i > q->n)
        return;
    place(q, i, last);
    sift_up(q, i);
    sift_down(q, last->slot);
}

void tg_evq_cancel(struct tg_evq *q, struct tg_event *ev)
{
    if (ev->slot)
        remove_at(q, ev->slot);
}

static void schedule(struct tg_evq *q, struct tg_event *ev, tg_time when, uint64_t order)
{
    tg_time old = tg_evq_next(q);

    assert(ev->cb);
    tg_evq_cancel(q, ev);
    if (q->n == q->cap) {
        struct tg_event **heap = realloc(q->heap, (2 * q->cap + 1) * sizeof(*heap));

        if (!heap)
            abort(); /* host out of memory */
        q->heap = heap;
        q->cap *= 2;
    }
    ev->when = when;
    ev->order = order;
    q->n++;
    place(q, q->n, ev);
    sift_up(q, q->n);
    if (when < old && q->on_earlier)
        q->on_earlier(q->on_earlier_opaque, when);
}

void tg_evq_schedule(struct tg_evq *q, struct tg_event *ev, tg_time when)
{
    schedule(q, ev, when, ++q->order);
}

struct tg_evq_state tg_evq_save(const struct tg_evq *q)
{
    return (struct tg_evq_state){.now = q->now, .order = q->order};
}

void tg_evq_restore(struct tg_evq *q, const struct tg_evq_state *s)
{
    q->now = s->now;
    q->order = s->order;
}

void tg_evq_restore_event(struct tg_evq *q, struct tg_event *ev, tg_time when, uint64_t order)
{
    schedule(q, ev, when, order);
}

tg_time tg_evq_next(const struct tg_evq *q)
{
    return q->n ? q->heap[1]->when : TG_TIME_NEVER;
}

tg_time tg_evq_now(const struct tg_evq *q)
{
    return q->now;
}

void tg_evq_run(struct tg_evq *q, tg_time now)
{
    if (now > q->now)
        q->now = now;
    while (q->n && q->heap[1]->when <= q->now) {
        struct tg_event *ev = q->heap[1];

        remove_at(q, 1);
        ev->cb(ev->opaque, q->now);
    }
}
