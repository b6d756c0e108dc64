/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User networking: ARP and ping of the gateway, and a TCP download from a server on the host's loopback, by a
 * guest of some dozen lines. A device without room holds frames back; nothing is lost.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sim/backend/backend.h"

#define BYTES (16u << 20)

struct guest {
    struct tg_evq *q;
    struct backend *b;
    struct tg_netdev *net;
    uint8_t frame[1600]; /* last received */
    size_t n;
    unsigned frames, held;
    bool deaf;
    uint8_t gateway[6];
    /* TCP */
    uint16_t port;
    uint32_t seq, ack;
    bool established, finished;
    uint64_t bytes;
    uint32_t sum;
};

static const uint8_t my_mac[6] = {0x52, 0x54, 0, 1, 2, 3}, my_ip[4] = {10, 0, 2, 15},
                     gw_ip[4] = {10, 0, 2, 2};

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static unsigned sum16(const uint8_t *p, size_t n, unsigned start)
{
    unsigned long s = start;

    for (size_t i = 0; i + 1 < n; i += 2)
        s += (unsigned)p[i] << 8 | p[i + 1];
    if (n & 1)
        s += (unsigned)p[n - 1] << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (unsigned)s;
}

/* Ethernet and IPv4 headers before n bytes of payload at f + 34; sends. */
static void send_ip(struct guest *g, uint8_t *f, unsigned proto, size_t n)
{
    memcpy(f, g->gateway, 6);
    memcpy(f + 6, my_mac, 6);
    put16(f + 12, 0x0800);
    memset(f + 14, 0, 20);
    f[14] = 0x45;
    put16(f + 16, (unsigned)(20 + n));
    f[22] = 64;
    f[23] = (uint8_t)proto;
    memcpy(f + 26, my_ip, 4);
    memcpy(f + 30, gw_ip, 4);
    put16(f + 24, ~sum16(f + 14, 20, 0));
    g->net->send(g->net->opaque, f, 34 + n);
}

static void send_tcp(struct guest *g, unsigned flags, const char *data)
{
    uint8_t f[256] = {0}, *t = f + 34;
    size_t n = data ? strlen(data) : 0;
    unsigned pseudo;

    put16(t, 40000);
    put16(t + 2, g->port);
    put32(t + 4, g->seq);
    put32(t + 8, flags & 0x10 ? g->ack : 0);
    t[12] = 5 << 4;
    t[13] = (uint8_t)flags;
    put16(t + 14, 0xffff);
    if (n)
        memcpy(t + 20, data, n);
    pseudo = sum16(my_ip, 4, 0);
    pseudo = sum16(gw_ip, 4, pseudo) + 6 + 20 + (unsigned)n;
    put16(t + 16, ~sum16(t, 20 + n, pseudo));
    g->seq += (uint32_t)n + (flags & 3 ? 1 : 0);
    send_ip(g, f, 6, 20 + n);
}

static void on_tcp(struct guest *g, const uint8_t *ip, size_t n)
{
    size_t ihl = (size_t)(ip[0] & 15) * 4, total = (size_t)(ip[2] << 8 | ip[3]);
    const uint8_t *t = ip + ihl;
    size_t off = (size_t)(t[12] >> 4) * 4, len = total - ihl - off;
    uint32_t seq = get32(t + 4);

    assert_true(total <= n);
    if ((t[13] & 0x12) == 0x12) {
        g->ack = seq + 1;
        g->established = true;
        send_tcp(g, 0x10, NULL);
        return;
    }
    assert_false(t[13] & 4); /* RST */
    if (seq == g->ack && len) {
        for (size_t i = 0; i < len; i++)
            g->sum = g->sum * 31 + t[off + i];
        g->bytes += len;
        g->ack += (uint32_t)len;
        send_tcp(g, 0x10, NULL);
    }
    if ((t[13] & 1) && seq + len == g->ack) {
        g->ack++;
        g->finished = true;
        send_tcp(g, 0x11, NULL);
    }
}

static bool receive(void *device, const uint8_t *frame, size_t n)
{
    struct guest *g = device;

    if (g->deaf) {
        g->held++;
        return false;
    }
    memcpy(g->frame, frame, n);
    g->n = n;
    g->frames++;
    if (n > 54 - 1 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6)
        on_tcp(g, frame + 14, n - 14);
    return true;
}

static void make(struct guest *g)
{
    struct tg_error err = {""};

    memset(g, 0, sizeof(*g));
    g->q = tg_evq_new();
    g->b = backend_new(g->q);
    if (backend_net(g->b, "user", &g->net, &err))
        fail_msg("%s", err.text);
    g->net->receive = receive;
    g->net->device = g;
    backend_start(g->b);
}

static void drop(struct guest *g)
{
    tg_evq_free(g->q); /* the order in which a machine goes */
    backend_free(g->b);
}

/* At most `events` events; stops at *flag. */
static void run(struct guest *g, const bool *flag, unsigned events)
{
    while (events-- && !(flag && *flag)) {
        if (tg_evq_next_any(g->q) == TG_TIME_NEVER)
            return;
        tg_evq_run(g->q, tg_evq_next_any(g->q));
        backend_wait(g->b, 2000); /* lets the server run */
    }
}

static void send_arp(struct guest *g)
{
    uint8_t f[60] = {0};

    memset(f, 0xff, 6);
    memcpy(f + 6, my_mac, 6);
    put16(f + 12, 0x0806);
    put16(f + 14, 1);
    put16(f + 16, 0x0800);
    f[18] = 6;
    f[19] = 4;
    put16(f + 20, 1); /* who has 10.0.2.2 */
    memcpy(f + 22, my_mac, 6);
    memcpy(f + 28, my_ip, 4);
    memcpy(f + 38, gw_ip, 4);
    g->net->send(g->net->opaque, f, sizeof(f));
}

static void arp(struct guest *g)
{
    send_arp(g);
    run(g, NULL, 3);
    assert_true(g->frames > 0);
    assert_int_equal(g->frame[12] << 8 | g->frame[13], 0x0806);
    assert_int_equal(g->frame[21], 2); /* reply */
    assert_memory_equal(g->frame + 28, gw_ip, 4);
    assert_memory_equal(g->frame + 32, my_mac, 6);
    memcpy(g->gateway, g->frame + 22, 6);
}

static void arp_and_ping(void **state)
{
    struct guest g;
    uint8_t f[34 + 40] = {0}, *i = f + 34;

    (void)state;
    make(&g);
    arp(&g);
    i[0] = 8; /* echo request */
    put16(i + 4, 0x1234);
    put16(i + 6, 1);
    memcpy(i + 8, "Tollgate", 8);
    put16(i + 2, ~sum16(i, 40, 0));
    send_ip(&g, f, 1, 40);
    run(&g, NULL, 3);
    assert_int_equal(g.frame[23], 1);
    assert_int_equal(g.frame[34], 0); /* echo reply */
    assert_memory_equal(g.frame + 42, "Tollgate", 8);
    drop(&g);
}

static void held_back(void **state)
{
    struct guest g;

    (void)state;
    make(&g);
    g.deaf = true;
    send_arp(&g);
    run(&g, NULL, 3);
    assert_int_equal(g.frames, 0);
    assert_true(g.held > 0);
    assert_true(backend_input_open(g.b));
    g.deaf = false;
    g.net->ready(g.net->opaque);
    assert_int_equal(g.frames, 1);
    drop(&g);
}

/* An idle network asks for no events, else a dead machine would never be seen. */
static void idle(void **state)
{
    struct guest g;

    (void)state;
    make(&g);
    tg_evq_run(g.q, 0);
    assert_int_equal(tg_evq_next_any(g.q), TG_TIME_NEVER);
    assert_false(backend_input_open(g.b));
    arp(&g);
    run(&g, NULL, 10000);
    assert_int_equal(tg_evq_next_any(g.q), TG_TIME_NEVER);
    drop(&g);
}

static uint8_t byte_at(uint32_t i)
{
    return (uint8_t)(i * 2654435761u >> 24);
}

/* Waits for one line, answers with BYTES bytes, closes. */
static pid_t serve(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t pid;

    assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 1));
    getsockname(fd, (struct sockaddr *)&a, &n);
    *port = ntohs(a.sin_port);
    pid = fork();
    if (!pid) {
        int c = accept(fd, NULL, NULL);
        static uint8_t all[BYTES];
        char line[64];
        size_t done = 0;

        alarm(60);
        for (uint32_t i = 0; i < BYTES; i++)
            all[i] = byte_at(i);
        if (read(c, line, sizeof(line)) <= 0)
            _exit(1);
        while (done < BYTES) {
            ssize_t k = write(c, all + done, BYTES - done);

            if (k <= 0)
                _exit(1);
            done += (size_t)k;
        }
        shutdown(c, SHUT_WR);
        while (read(c, line, sizeof(line)) > 0)
            ;
        _exit(0);
    }
    close(fd);
    return pid;
}

static void download(void **state)
{
    struct guest g;
    uint32_t sum = 0;
    tg_time t0, t1;
    pid_t pid;
    int status;

    (void)state;
    make(&g);
    pid = serve(&g.port);
    arp(&g);
    g.seq = 1000;
    t0 = tg_evq_now(g.q);
    send_tcp(&g, 0x02, NULL);
    run(&g, &g.established, 100000);
    assert_true(g.established);
    send_tcp(&g, 0x18, "GET /\n");
    run(&g, &g.finished, 4000000);
    t1 = tg_evq_now(g.q);
    run(&g, NULL, 100);
    drop(&g);
    waitpid(pid, &status, 0);
    assert_true(g.finished);
    for (uint32_t i = 0; i < BYTES; i++)
        sum = sum * 31 + byte_at(i);
    assert_int_equal(g.bytes, BYTES);
    assert_int_equal(g.sum, sum);
    print_message("16 MiB in %.3f s of simulated time\n", (double)(t1 - t0) / 1e12);
}

/* Nobody listens there: the guest gets a reset, not silence. */
static void refused_connection(void **state)
{
    struct guest g;
    struct tg_error err;
    struct tg_netdev *none;

    (void)state;
    make(&g);
    arp(&g);
    g.port = 1;
    g.seq = 1000;
    g.net->receive = NULL; /* the device lets go: frames wait in the backend, nothing crashes */
    send_tcp(&g, 0x02, NULL);
    run(&g, NULL, 50);
    assert_int_equal(backend_net(g.b, "none", &none, &err), 0);
    assert_null(none);
    assert_true(backend_net(g.b, "tap", &none, &err) < 0);
    assert_string_equal(err.text, "net: found 'tap', expected user or none");
    drop(&g);
}

/* Garbage of every length. */
static void garbage(void **state)
{
    struct guest g;
    uint8_t f[1522];
    uint32_t x = 1;

    (void)state;
    make(&g);
    arp(&g);
    g.net->receive = NULL;
    for (unsigned n = 14; n < sizeof(f); n += 3) {
        for (unsigned i = 0; i < n; i++) {
            x = x * 1664525 + 1013904223;
            f[i] = (uint8_t)(x >> 24);
        }
        put16(f + 12, n & 1 ? 0x0800 : 0x0806);
        f[14] = n & 2 ? 0x45 : f[14];
        g.net->send(g.net->opaque, f, n);
    }
    run(&g, NULL, 50);
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arp_and_ping), cmocka_unit_test(held_back),          cmocka_unit_test(idle),
        cmocka_unit_test(download),     cmocka_unit_test(refused_connection), cmocka_unit_test(garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
