/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consoles: the terminal or pipe on standard input and output, a file, a pseudo-terminal, nothing. Output is
 * gathered and written at line ends, when the buffer is full, and at polls; input is read only when what was
 * read before has been taken.
 */
#define _GNU_SOURCE
#include "sim/backend/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sim/backend/source.h"

#define ESCAPE       0x01 /* Ctrl-A */
#define PTY_PATIENCE 200  /* ms of host time that a connected reader may keep us waiting per write */

struct console {
    struct backend_source source; /* first */
    struct tg_chardev chardev;
    int in, out; /* -1: none */
    bool is_tty; /* input is a terminal that we made raw: escapes count */
    bool is_pty;
    bool eof;
    bool escape;  /* Ctrl-A came */
    bool dead;    /* output failed */
    bool busy;    /* inside deliver() */
    bool stalled; /* the device has no room; it calls ready() when it has */
    char *name;   /* for messages; of a pty, what the user opens */
    uint8_t inbuf[4096], outbuf[4096];
    size_t in_at, in_n, out_n;
};

static struct console *of(const struct tg_chardev *c)
{
    return (struct console *)((char *)c - offsetof(struct console, chardev));
}

/* ---- output ---- */

static void write_all(struct console *c, const uint8_t *p, size_t n)
{
    while (n && !c->dead) {
        ssize_t k = write(c->out, p, n);

        if (k >= 0) {
            p += k;
            n -= (size_t)k;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd fd = {.fd = c->out, .events = POLLOUT};

            if (c->is_pty &&
                (poll(&fd, 1, PTY_PATIENCE) <= 0 || !(fd.revents & POLLOUT) || (fd.revents & POLLHUP)))
                return; /* nobody reads it: lost, as on an unplugged line */
            if (!c->is_pty)
                poll(&fd, 1, -1);
        } else if (errno != EINTR) {
            if (c->is_pty)
                return;
            c->dead = true;
            backend_fail(c->source.b, "console %s: %s", c->name, strerror(errno));
        }
    }
}

static void flush(struct backend_source *s)
{
    struct console *c = (struct console *)s;
    size_t n = c->out_n;

    if (!n)
        return;
    c->out_n = 0;
    write_all(c, c->outbuf, n);
}

static void console_write(void *opaque, const uint8_t *data, size_t n)
{
    struct console *c = opaque;

    if (c->out < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        c->outbuf[c->out_n++] = data[i];
        if (c->out_n == sizeof(c->outbuf) || data[i] == '\n')
            flush(&c->source);
    }
    if (c->out_n) /* a prompt: shown by the next poll */
        backend_want(c->source.b, backend_now(c->source.b) + BACKEND_INTERVAL);
}

/* ---- input ---- */

static void deliver(struct console *c)
{
    if (c->busy)
        return;
    c->busy = true;
    c->stalled = false;
    while (c->in_at < c->in_n && !c->stalled) {
        size_t n = c->in_n - c->in_at;
        size_t k = c->chardev.receive ? c->chardev.receive(c->chardev.device, c->inbuf + c->in_at, n) : 0;

        c->in_at += k;
        c->stalled = k == 0;
    }
    c->busy = false;
}

static void console_ready(void *opaque)
{
    struct console *c = opaque;

    deliver(c);
    if (c->in >= 0 && !c->eof)
        backend_want(c->source.b, backend_now(c->source.b) + BACKEND_INTERVAL);
}

static void tell(struct console *c, const char *text)
{
    flush(&c->source);
    write_all(c, (const uint8_t *)text, strlen(text));
}

/* Takes Ctrl-A sequences out of a terminal's input; returns what is left. */
static size_t take_escapes(struct console *c, uint8_t *p, size_t n, tg_time now)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (!c->escape) {
            if (p[i] == ESCAPE)
                c->escape = true;
            else
                p[kept++] = p[i];
            continue;
        }
        c->escape = false;
        switch (p[i]) {
        case 'x':
            c->source.b->quit = true;
            break;
        case 'p':
            if (c->source.b->press)
                c->source.b->press(c->source.b->press_opaque, now);
            else
                tell(c, "\r\nThis machine has no power key\r\n");
            break;
        case 'h':
        case '?':
            tell(c, "\r\n"
                    "Ctrl-A x       leave the simulator\r\n"
                    "Ctrl-A p       press the power key\r\n"
                    "Ctrl-A Ctrl-A  send Ctrl-A\r\n"
                    "Ctrl-A h       this help\r\n");
            break;
        case 'c':
            tell(c, "\r\nCtrl-A c is reserved\r\n");
            break;
        case ESCAPE:
            p[kept++] = ESCAPE;
            break;
        default:
            break;
        }
    }
    return kept;
}

/* A terminal is read even while the device takes nothing: Ctrl-A x must work. What does not fit is lost, as
 * on a real line. */
static void collect_terminal(struct console *c, tg_time now)
{
    uint8_t keys[256];
    ssize_t n = read(c->in, keys, sizeof(keys));
    size_t kept, room;

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        c->eof = true;
        return;
    }
    kept = take_escapes(c, keys, n > 0 ? (size_t)n : 0, now);
    memmove(c->inbuf, c->inbuf + c->in_at, c->in_n - c->in_at);
    c->in_n -= c->in_at;
    c->in_at = 0;
    room = sizeof(c->inbuf) - c->in_n;
    kept = kept < room ? kept : room;
    memcpy(c->inbuf + c->in_n, keys, kept);
    c->in_n += kept;
}

/* Anything else is read only when the device has taken what was read before. */
static void collect_stream(struct console *c)
{
    ssize_t n = read(c->in, c->inbuf, sizeof(c->inbuf));

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR && !c->is_pty)) {
        c->eof = true; /* the guest's line just stays silent */
        return;
    }
    c->in_at = 0;
    c->in_n = n > 0 ? (size_t)n : 0;
}

static void collect(struct console *c, tg_time now)
{
    struct pollfd fd = {.fd = c->in, .events = POLLIN};

    if (c->in < 0 || c->eof || (!c->is_tty && c->in_at < c->in_n))
        return;
    if (poll(&fd, 1, 0) <= 0 || (c->is_pty && !(fd.revents & POLLIN)))
        return;
    if (c->is_tty) /* poll said so: neither blocks */
        collect_terminal(c, now);
    else
        collect_stream(c);
}

/* May anything come that the device would take? */
static bool console_open(const struct backend_source *s)
{
    const struct console *c = (const struct console *)s;

    if (!c->is_tty && c->in_at < c->in_n)
        return !c->stalled;
    return c->in >= 0 && !c->eof;
}

static tg_time console_poll(struct backend_source *s, tg_time now)
{
    struct console *c = (struct console *)s;

    flush(s);
    collect(c, now);
    deliver(c);
    flush(s); /* what the device echoed */
    return console_open(s) ? now + BACKEND_INTERVAL : TG_TIME_NEVER;
}

static unsigned console_fds(struct backend_source *s, struct pollfd *fds, unsigned max)
{
    struct console *c = (struct console *)s;

    /* Unread data waits for the device, not for the host; a hung-up pty would wake us at once. */
    if (!max || c->in < 0 || c->eof || (!c->is_tty && c->in_at < c->in_n))
        return 0;
    fds[0] = (struct pollfd){.fd = c->in, .events = POLLIN};
    if (c->is_pty && poll(fds, 1, 0) > 0 && (fds[0].revents & POLLHUP))
        return 0;
    return 1;
}

/* ---- the kinds ---- */

static void console_close(struct backend_source *s)
{
    struct console *c = (struct console *)s;

    flush(s);
    if (c->out > STDERR_FILENO)
        close(c->out); /* of a pty also the input */
    free(c->name);
    free(c);
}

static struct console *make(struct backend *b, const char *name)
{
    struct console *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->in = c->out = -1;
    c->name = strdup(name);
    c->chardev = (struct tg_chardev){.write = console_write, .ready = console_ready, .opaque = c};
    c->source.poll = console_poll;
    c->source.open = console_open;
    c->source.fds = console_fds;
    c->source.flush = flush;
    c->source.close = console_close;
    backend_add(b, &c->source);
    return c;
}

/* As `stty raw`, but output keeps its processing: other programs share the terminal. Not from the background:
 * SIGTTOU. */
static void take_terminal(struct console *c)
{
    struct backend *b = c->source.b;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &b->cooked))
        return;
    if (tcgetpgrp(STDIN_FILENO) != getpgrp()) {
        c->in = -1;
        return;
    }
    b->raw = b->cooked;
    b->raw.c_iflag &= (tcflag_t) ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    b->raw.c_oflag |= OPOST;
    b->raw.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    b->raw.c_cflag &= (tcflag_t) ~(CSIZE | PARENB);
    b->raw.c_cflag |= CS8;
    b->raw.c_cc[VMIN] = 1;
    b->raw.c_cc[VTIME] = 0;
    b->tty = STDIN_FILENO;
    c->is_tty = true;
    backend_terminal_raw(b);
}

static int open_stdio(struct backend *b, struct console **out, struct tg_error *err)
{
    if (b->stdio_used)
        return tg_error_set(err, EBUSY, "console stdio: found twice, expected once");
    *out = make(b, "stdio");
    if (!*out)
        return tg_error_set(err, ENOMEM, "out of memory");
    b->stdio_used = true;
    (*out)->in = fcntl(STDIN_FILENO, F_GETFD) < 0 ? -1 : STDIN_FILENO; /* may be closed */
    (*out)->out = STDOUT_FILENO;
    take_terminal(*out);
    return 0;
}

static int open_file(struct backend *b, const char *path, struct console **out, struct tg_error *err)
{
    char name[300];
    int fd;

    if (!*path)
        return tg_error_set(err, EINVAL, "console file: found no name, expected file:NAME");
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        int rc = errno;

        return tg_error_set(err, rc, "console file '%s': %s", path, strerror(rc));
    }
    snprintf(name, sizeof(name), "file '%s'", path);
    *out = make(b, name);
    if (!*out) {
        close(fd);
        return tg_error_set(err, ENOMEM, "out of memory");
    }
    (*out)->out = fd;
    return 0;
}

static int open_pty(struct backend *b, struct console **out, struct tg_error *err)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), slave, rc;
    struct termios t;
    char name[128];

    if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, name, sizeof(name)))
        goto fail;
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        goto fail;
    if (!tcgetattr(slave, &t)) {
        cfmakeraw(&t);
        tcsetattr(slave, TCSANOW, &t);
    }
    close(slave); /* from now on the master sees whether somebody has it open */
    *out = make(b, name);
    if (!*out) {
        close(fd);
        return tg_error_set(err, ENOMEM, "out of memory");
    }
    (*out)->in = (*out)->out = fd;
    (*out)->is_pty = true;
    return 0;
fail:
    rc = errno;
    if (fd >= 0)
        close(fd);
    return tg_error_set(err, rc, "console pty: %s", strerror(rc));
}

int backend_console(struct backend *b, const char *spec, struct tg_chardev **out, struct tg_error *err)
{
    struct console *c = NULL;
    int rc = 0;

    *out = NULL;
    if (!strcmp(spec, "stdio"))
        rc = open_stdio(b, &c, err);
    else if (!strncmp(spec, "file:", 5))
        rc = open_file(b, spec + 5, &c, err);
    else if (!strcmp(spec, "pty"))
        rc = open_pty(b, &c, err);
    else if (!strcmp(spec, "null"))
        c = make(b, "null");
    else
        return tg_error_set(err, EINVAL, "console: found '%s', expected stdio, file:NAME, pty or null", spec);
    if (rc)
        return rc;
    if (!c)
        return tg_error_set(err, ENOMEM, "out of memory");
    *out = &c->chardev;
    return 0;
}

const char *backend_pty_name(const struct tg_chardev *chardev)
{
    return of(chardev)->is_pty ? of(chardev)->name : NULL;
}
