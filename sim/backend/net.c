/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User networking over libslirp (4.7): a TCP/IP stack in this process, no privileges needed. Its clock and
 * timers run on simulated time; host sockets are polled, often while there is traffic. Frames the guest has
 * no room for wait here.
 */
#include "sim/backend/backend.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libslirp.h>
#include <stdlib.h>
#include <string.h>
#include "sim/backend/source.h"

#define BUSY_INTERVAL (50 * TG_US) /* of polls while there is traffic */
#define BUSY_FOR      (20 * TG_MS) /* after the last frame */
#define QUEUE         1024u        /* frames; slirp's windows keep it far below */
#define MAX_FRAME     1600u
#define IDLE_TIMEOUT  1000u /* what slirp sleeps at most, in ms: it does when it has no timer running */

struct net_frame {
    uint16_t n;
    uint8_t data[MAX_FRAME];
};

struct net_timer {
    struct tg_event event;
    SlirpTimerCb cb;
    void *opaque;
    struct net *net;
};

struct net {
    struct backend_source source; /* first */
    struct tg_netdev netdev;
    Slirp *slirp;
    struct net_frame *queue;
    unsigned head, count;
    bool delivering;
    tg_time busy_until;
    tg_time last_now; /* for when the queue is gone */
    struct pollfd fds[BACKEND_MAX_FDS];
    unsigned n_fds;
    uint32_t timeout; /* ms of virtual time that slirp would sleep */
};

static void traffic(struct net *v)
{
    tg_time now = backend_now(v->source.b);

    v->busy_until = now + BUSY_FOR;
    backend_want(v->source.b, now + BUSY_INTERVAL);
}

/* ---- towards the guest ---- */

static void deliver(struct net *v)
{
    if (v->delivering || !v->netdev.receive)
        return;
    v->delivering = true;
    while (v->count && v->netdev.receive(v->netdev.device, v->queue[v->head].data, v->queue[v->head].n)) {
        v->head = (v->head + 1) % QUEUE;
        v->count--;
    }
    v->delivering = false;
}

static void net_ready(void *opaque)
{
    deliver(opaque);
}

static ssize_t on_send_packet(const void *buf, size_t n, void *opaque)
{
    struct net *v = opaque;
    struct net_frame *f = &v->queue[(v->head + v->count) % QUEUE];

    if (n > MAX_FRAME || v->count == QUEUE)
        return (ssize_t)n; /* lost, as on a wire; TCP sends again */
    f->n = (uint16_t)n;
    memcpy(f->data, buf, n);
    v->count++;
    traffic(v);
    deliver(v);
    return (ssize_t)n;
}

/* ---- from the guest ---- */

static void net_send(void *opaque, const uint8_t *frame, size_t n)
{
    struct net *v = opaque;

    traffic(v);
    slirp_input(v->slirp, frame, (int)n);
}

/* ---- what slirp asks of us ---- */

static void on_guest_error(const char *msg, void *opaque)
{
    (void)msg; /* a guest's malformed packet: dropped by slirp */
    (void)opaque;
}

static int64_t on_clock(void *opaque)
{
    struct net *v = opaque;

    if (v->source.b->evq)
        v->last_now = backend_now(v->source.b);
    return (int64_t)(v->last_now / TG_NS);
}

static void on_timer(void *opaque, tg_time now)
{
    struct net_timer *t = opaque;

    (void)now;
    t->cb(t->opaque);
}

static void *on_timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
    struct net_timer *t = calloc(1, sizeof(*t));

    if (!t)
        abort(); /* host out of memory */
    t->event.cb = on_timer;
    t->event.opaque = t;
    t->cb = cb;
    t->opaque = cb_opaque;
    t->net = opaque;
    return t;
}

static void on_timer_free(void *timer, void *opaque)
{
    struct net_timer *t = timer;
    struct net *v = opaque;

    if (t && tg_event_pending(&t->event) && v->source.b->evq)
        tg_evq_cancel(v->source.b->evq, &t->event);
    free(t);
}

static void on_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    struct net_timer *t = timer;
    struct net *v = opaque;

    if (v->source.b->evq)
        tg_evq_schedule(v->source.b->evq, &t->event, expire_ms > 0 ? (tg_time)expire_ms * TG_MS : 0);
}

static void on_poll_fd(int fd, void *opaque)
{
    (void)fd; /* the list is made anew for each poll */
    (void)opaque;
}

static void on_notify(void *opaque)
{
    struct net *v = opaque;

    backend_want(v->source.b, backend_now(v->source.b));
}

static const SlirpCb callbacks = {
    .send_packet = on_send_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = on_clock,
    .timer_new = on_timer_new,
    .timer_free = on_timer_free,
    .timer_mod = on_timer_mod,
    .register_poll_fd = on_poll_fd,
    .unregister_poll_fd = on_poll_fd,
    .notify = on_notify,
};

/* ---- polling ---- */

static int add_fd(int fd, int events, void *opaque)
{
    struct net *v = opaque;
    short e = 0;

    if (v->n_fds == BACKEND_MAX_FDS)
        return -1; /* the socket waits for a later poll */
    e |= events & SLIRP_POLL_IN ? POLLIN : 0;
    e |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
    e |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
    v->fds[v->n_fds] = (struct pollfd){.fd = fd, .events = e};
    return (int)v->n_fds++;
}

static int get_revents(int i, void *opaque)
{
    struct net *v = opaque;
    short e = i >= 0 && (unsigned)i < v->n_fds ? v->fds[i].revents : 0;
    int r = 0;

    r |= e & POLLIN ? SLIRP_POLL_IN : 0;
    r |= e & POLLOUT ? SLIRP_POLL_OUT : 0;
    r |= e & POLLPRI ? SLIRP_POLL_PRI : 0;
    r |= e & POLLERR ? SLIRP_POLL_ERR : 0;
    r |= e & POLLHUP ? SLIRP_POLL_HUP : 0;
    return r;
}

static void fill(struct net *v)
{
    v->n_fds = 0;
    v->timeout = UINT32_MAX;
    slirp_pollfds_fill(v->slirp, &v->timeout, add_fd, v);
}

static tg_time net_poll(struct backend_source *s, tg_time now)
{
    struct net *v = (struct net *)s;
    int rc;

    deliver(v);
    fill(v);
    rc = v->n_fds ? poll(v->fds, v->n_fds, 0) : 0;
    for (unsigned i = 0; rc <= 0 && i < v->n_fds; i++)
        v->fds[i].revents = 0;
    slirp_pollfds_poll(v->slirp, rc < 0, get_revents, v);
    if (v->n_fds && rc > 0)
        v->busy_until = now + BUSY_FOR;
    if (now < v->busy_until)
        return now + BUSY_INTERVAL;
    if (v->n_fds || v->count)
        return now + BACKEND_INTERVAL;
    return v->timeout < IDLE_TIMEOUT ? now + v->timeout * TG_MS : TG_TIME_NEVER;
}

static bool net_open(const struct backend_source *s)
{
    const struct net *v = (const struct net *)s;

    return v->n_fds || v->count;
}

static unsigned net_fds(struct backend_source *s, struct pollfd *fds, unsigned max)
{
    struct net *v = (struct net *)s;
    unsigned n;

    fill(v);
    n = v->n_fds < max ? v->n_fds : max;
    memcpy(fds, v->fds, n * sizeof(*fds));
    return n;
}

static void net_close(struct backend_source *s)
{
    struct net *v = (struct net *)s;

    v->netdev.receive = NULL;
    if (v->slirp)
        slirp_cleanup(v->slirp);
    free(v->queue);
    free(v);
}

int backend_net(struct backend *b, const char *spec, struct tg_netdev **out, struct tg_error *err)
{
    SlirpConfig cfg = {.version = 1, .in_enabled = true};
    struct net *v;

    *out = NULL;
    if (!strcmp(spec, "none"))
        return 0;
    if (strcmp(spec, "user"))
        return tg_error_set(err, EINVAL, "net: found '%s', expected user or none", spec);
    v = calloc(1, sizeof(*v));
    if (!v || !(v->queue = calloc(QUEUE, sizeof(*v->queue)))) {
        free(v);
        return tg_error_set(err, ENOMEM, "out of memory");
    }
    v->source.poll = net_poll;
    v->source.open = net_open;
    v->source.fds = net_fds;
    v->source.close = net_close;
    v->source.b = b;
    inet_pton(AF_INET, "10.0.2.0", &cfg.vnetwork);
    inet_pton(AF_INET, "255.255.255.0", &cfg.vnetmask);
    inet_pton(AF_INET, "10.0.2.2", &cfg.vhost);
    inet_pton(AF_INET, "10.0.2.15", &cfg.vdhcp_start);
    inet_pton(AF_INET, "10.0.2.3", &cfg.vnameserver);
    v->slirp = slirp_new(&cfg, &callbacks, v);
    if (!v->slirp) {
        free(v->queue);
        free(v);
        return tg_error_set(err, EIO, "net user: libslirp %s could not be started", slirp_version_string());
    }
    v->netdev = (struct tg_netdev){.send = net_send, .ready = net_ready, .opaque = v};
    backend_add(b, &v->source);
    *out = &v->netdev;
    return 0;
}
