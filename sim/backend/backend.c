/* SPDX-License-Identifier: Apache-2.0 */
/* The set of a machine's backends: polling from the event queue, waiting, failures, the terminal. See
 * backend.h. */
#define _GNU_SOURCE
#include "sim/backend/backend.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "sim/backend/source.h"

static void on_event(void *opaque, tg_time now)
{
    struct backend *b = opaque;
    tg_time next = backend_poll(b, now);

    if (next != TG_TIME_NEVER)
        backend_want(b, next);
}

struct backend *backend_new(struct tg_evq *evq)
{
    struct backend *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    b->evq = evq;
    b->tty = -1;
    b->event.cb = on_event;
    b->event.opaque = b;
    b->event.host = true;
    return b;
}

void backend_free(struct backend *b)
{
    if (!b)
        return;
    if (tg_event_pending(&b->event)) /* not pending when the queue is gone */
        tg_evq_cancel(b->evq, &b->event);
    b->evq = NULL;
    b->started = false;
    while (b->sources) {
        struct backend_source *s = b->sources;

        b->sources = s->next;
        s->close(s);
    }
    backend_terminal_restore(b);
    free(b);
}

void backend_add(struct backend *b, struct backend_source *s)
{
    struct backend_source **end = &b->sources;

    while (*end) /* polled in the order in which they were made */
        end = &(*end)->next;
    s->b = b;
    s->next = NULL;
    *end = s;
}

tg_time backend_now(const struct backend *b)
{
    return b->evq ? tg_evq_now(b->evq) : 0;
}

void backend_want(struct backend *b, tg_time when)
{
    if (b->started && (!tg_event_pending(&b->event) || b->event.when > when))
        tg_evq_schedule(b->evq, &b->event, when);
}

void backend_start(struct backend *b)
{
    b->started = b->evq != NULL;
    backend_want(b, backend_now(b));
}

tg_time backend_poll(struct backend *b, tg_time now)
{
    tg_time next = TG_TIME_NEVER;

    for (struct backend_source *s = b->sources; s; s = s->next) {
        tg_time t = s->poll ? s->poll(s, now) : TG_TIME_NEVER;

        if (t < next)
            next = t;
    }
    return next;
}

bool backend_input_open(const struct backend *b)
{
    for (const struct backend_source *s = b->sources; s; s = s->next)
        if (s->open && s->open(s))
            return true;
    return false;
}

void backend_wait(struct backend *b, uint64_t ns)
{
    struct pollfd fds[BACKEND_MAX_FDS];
    struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    unsigned n = 0;

    backend_flush(b);
    for (struct backend_source *s = b->sources; s; s = s->next)
        if (s->fds)
            n += s->fds(s, fds + n, BACKEND_MAX_FDS - n);
    ppoll(fds, n, &ts, NULL);
}

bool backend_quit(const struct backend *b)
{
    return b->quit;
}

void backend_on_power_key(struct backend *b, void (*press)(void *opaque, tg_time now), void *opaque)
{
    b->press = press;
    b->press_opaque = opaque;
}

const char *backend_failure(const struct backend *b)
{
    return *b->failure ? b->failure : NULL;
}

void backend_fail(struct backend *b, const char *fmt, ...)
{
    va_list ap;

    if (*b->failure)
        return;
    va_start(ap, fmt);
    vsnprintf(b->failure, sizeof(b->failure), fmt, ap);
    va_end(ap);
}

void backend_flush(struct backend *b)
{
    for (struct backend_source *s = b->sources; s; s = s->next)
        if (s->flush)
            s->flush(s);
}

/* tcsetattr is async-signal-safe (signal-safety(7)). */
void backend_terminal_restore(struct backend *b)
{
    int saved = errno;

    if (b->tty >= 0)
        tcsetattr(b->tty, TCSANOW, &b->cooked);
    errno = saved;
}

void backend_terminal_raw(struct backend *b)
{
    int saved = errno;

    if (b->tty >= 0)
        tcsetattr(b->tty, TCSANOW, &b->raw);
    errno = saved;
}
