/* SPDX-License-Identifier: Apache-2.0 */
/* Inside sim/backend: what backend.c needs to know of each console, drive and network. */
#ifndef TG_SIM_BACKEND_SOURCE_H
#define TG_SIM_BACKEND_SOURCE_H

#include <poll.h>
#include <termios.h>
#include "sim/backend/backend.h"

#define BACKEND_INTERVAL TG_MS /* of polls while nothing happens */
#define BACKEND_MAX_FDS  64

struct backend_source {
    struct backend *b;
    struct backend_source *next;
    tg_time (*poll)(struct backend_source *s, tg_time now); /* when again; may be NULL */
    bool (*open)(const struct backend_source *s);           /* input may arrive; NULL: no */
    unsigned (*fds)(struct backend_source *s, struct pollfd *fds,
                    unsigned max);           /* to wait for; may be NULL */
    void (*flush)(struct backend_source *s); /* may be NULL */
    void (*close)(struct backend_source *s); /* frees s too */
};

struct backend {
    struct tg_evq *evq;
    struct tg_event event;
    bool started;
    struct backend_source *sources;
    bool quit;
    void (*press)(void *opaque, tg_time now); /* power key; NULL: none */
    void *press_opaque;
    char failure[256];
    bool stdio_used;
    /* the terminal, while it is ours */
    int tty; /* -1: none */
    struct termios cooked, raw;
};

void backend_add(struct backend *b, struct backend_source *s);
tg_time backend_now(const struct backend *b);
/* Asks for a poll at `when` or before. */
void backend_want(struct backend *b, tg_time when);
/* Keeps the first failure. */
void backend_fail(struct backend *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
