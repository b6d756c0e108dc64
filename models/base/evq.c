/* SPDX-License-Identifier: Apache-2.0 */
/* Event queue: binary heaps ordered by (time, order of scheduling), one for each kind of event. See evq.h. */
#include "models/base/evq.h"

#include <assert.h>
#include <stdlib.h>
#include "models/base/bits.h"

struct heap {
    struct tg_event **v; /* v[1..n] */
    size_t n, cap;
    uint64_t order;
};

struct tg_evq {
    struct heap heap[2]; /* by tg_event.host */
    tg_time now;
    void (*on_earlier)(void *opaque, tg_time when);
    void *on_earlier_opaque;
};

struct tg_evq *tg_evq_new(void)
{
    struct tg_evq *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(q->heap); i++) {
        struct heap *h = &q->heap[i];

        h->cap = 64;
        h->v = calloc(h->cap + 1, sizeof(*h->v));
        if (!h->v) {
            tg_evq_free(q);
            return NULL;
        }
    }
    return q;
}

void tg_evq_free(struct tg_evq *q)
{
    if (!q)
        return;
    for (unsigned k = 0; k < TG_ARRAY_SIZE(q->heap); k++) {
        struct heap *h = &q->heap[k];

        for (size_t i = 1; i <= h->n; i++)
            h->v[i]->slot = 0;
        free(h->v);
    }
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

static void place(struct heap *h, size_t i, struct tg_event *ev)
{
    h->v[i] = ev;
    ev->slot = i;
}

static void sift_up(struct heap *h, size_t i)
{
    struct tg_event *ev = h->v[i];

    while (i > 1 && before(ev, h->v[i / 2])) {
        place(h, i, h->v[i / 2]);
        i /= 2;
    }
    place(h, i, ev);
}

static void sift_down(struct heap *h, size_t i)
{
    struct tg_event *ev = h->v[i];

    for (;;) {
        size_t child = 2 * i;

        if (child > h->n)
            break;
        if (child < h->n && before(h->v[child + 1], h->v[child]))
            child++;
        if (!before(h->v[child], ev))
            break;
        place(h, i, h->v[child]);
        i = child;
    }
    place(h, i, ev);
}

static void remove_at(struct heap *h, size_t i)
{
    struct tg_event *last = h->v[h->n];

    h->v[i]->slot = 0;
    h->n--;
    if (i > h->n)
        return;
    place(h, i, last);
    sift_up(h, i);
    sift_down(h, last->slot);
}

void tg_evq_cancel(struct tg_evq *q, struct tg_event *ev)
{
    if (ev->slot)
        remove_at(&q->heap[ev->host], ev->slot);
}

static tg_time first(const struct heap *h)
{
    return h->n ? h->v[1]->when : TG_TIME_NEVER;
}

tg_time tg_evq_next(const struct tg_evq *q)
{
    return first(&q->heap[false]);
}

tg_time tg_evq_next_any(const struct tg_evq *q)
{
    tg_time machine = first(&q->heap[false]), host = first(&q->heap[true]);

    return machine < host ? machine : host;
}

static void schedule(struct tg_evq *q, struct tg_event *ev, tg_time when, uint64_t order)
{
    struct heap *h = &q->heap[ev->host];
    tg_time old = tg_evq_next_any(q);

    assert(ev->cb);
    tg_evq_cancel(q, ev);
    if (h->n == h->cap) {
        struct tg_event **v = realloc(h->v, (2 * h->cap + 1) * sizeof(*v));

        if (!v)
            abort(); /* host out of memory */
        h->v = v;
        h->cap *= 2;
    }
    ev->when = when;
    ev->order = order;
    h->n++;
    place(h, h->n, ev);
    sift_up(h, h->n);
    if (when < old && q->on_earlier)
        q->on_earlier(q->on_earlier_opaque, when);
}

void tg_evq_schedule(struct tg_evq *q, struct tg_event *ev, tg_time when)
{
    schedule(q, ev, when, ++q->heap[ev->host].order);
}

struct tg_evq_state tg_evq_save(const struct tg_evq *q)
{
    return (struct tg_evq_state){.now = q->now, .order = q->heap[false].order};
}

void tg_evq_restore(struct tg_evq *q, const struct tg_evq_state *s)
{
    q->now = s->now;
    q->heap[false].order = s->order;
}

void tg_evq_restore_event(struct tg_evq *q, struct tg_event *ev, tg_time when, uint64_t order)
{
    schedule(q, ev, when, order);
}

tg_time tg_evq_now(const struct tg_evq *q)
{
    return q->now;
}

void tg_evq_run(struct tg_evq *q, tg_time now)
{
    struct heap *machine = &q->heap[false], *host = &q->heap[true];

    if (now > q->now)
        q->now = now;
    while (tg_evq_next_any(q) <= q->now && (machine->n || host->n)) {
        struct heap *h = first(machine) <= first(host) ? machine : host;
        struct tg_event *ev = h->v[1];

        remove_at(h, 1);
        ev->cb(ev->opaque, q->now);
    }
}
