/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consoles against a device with a small FIFO: standard input and output in child processes (pipe, file,
 * closed, a real terminal), file, pty, and the script that types by itself.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>
#include "sim/backend/backend.h"

/* A device: keeps what it gets, takes at most `room` bytes until drained. */
struct uart {
    struct tg_chardev *line;
    char in[8192];
    size_t n, room;
    tg_time last;
    struct tg_evq *q;
};

static size_t receive(void *device, const uint8_t *data, size_t n)
{
    struct uart *u = device;
    size_t k = n < u->room ? n : u->room;

    memcpy(u->in + u->n, data, k);
    u->n += k;
    u->in[u->n] = 0;
    u->room -= k;
    u->last = tg_evq_now(u->q);
    return k;
}

static void plug(struct uart *u, struct tg_chardev *line, struct tg_evq *q, size_t room)
{
    memset(u, 0, sizeof(*u));
    u->line = line;
    u->room = room;
    u->q = q;
    line->receive = receive;
    line->device = u;
}

static void say(struct uart *u, const char *text)
{
    u->line->write(u->line->opaque, (const uint8_t *)text, strlen(text));
}

static void run(struct tg_evq *q, tg_time until)
{
    while (tg_evq_next_any(q) <= until)
        tg_evq_run(q, tg_evq_next_any(q));
    tg_evq_run(q, until);
}

/* ---- stdio, in children ---- */

/* In the child: a device that takes nothing. 7: Ctrl-A x was seen all the same; 0: not a terminal, and seen
 * to be stalled. */
static void child_deaf(void)
{
    struct tg_evq *q = tg_evq_new();
    struct backend *b = backend_new(q);
    struct tg_chardev *line;
    struct tg_error err;
    struct uart u;
    int status = 1;

    if (!backend_console(b, "stdio", &line, &err)) {
        plug(&u, line, q, 0);
        backend_start(b);
        say(&u, "ready\n");
        for (unsigned i = 1; i < 5000 && !backend_quit(b) && backend_input_open(b); i++) {
            run(q, i * TG_MS);
            backend_wait(b, 1000000);
        }
        status = backend_quit(b) ? 7 : backend_input_open(b) || tg_evq_next_any(q) != TG_TIME_NEVER ? 1 : 0;
    }
    backend_free(b);
    tg_evq_free(q);
    _exit(status);
}

/* In the child: a console on stdio; echoes each input byte upper-cased after draining, until the input ends
 * or quit. Exit status 0: end of input, 1: error, 7: Ctrl-A x. */
static void child_echo(void)
{
    struct tg_evq *q = tg_evq_new();
    struct backend *b = backend_new(q);
    struct tg_chardev *line;
    struct tg_error err;
    struct uart u;
    int status = 1;

    if (!backend_console(b, "stdio", &line, &err) &&
        backend_console(b, "stdio", &(struct tg_chardev *){NULL}, &err) < 0) {
        plug(&u, line, q, 4);
        backend_start(b);
        say(&u, "ready\n");
        for (unsigned i = 1; i < 20000; i++) {
            run(q, i * TG_MS);
            for (size_t k = 0; k < u.n; k++)
                say(&u, (char[]){u.in[k] >= 'a' && u.in[k] <= 'z' ? (char)(u.in[k] - 32) : u.in[k], 0});
            u.n = 0;
            u.room = 4;
            line->ready(line->opaque);
            if (backend_quit(b) || (!backend_input_open(b) && !u.n))
                break;
            backend_wait(b, 1000000);
        }
        status = backend_quit(b) ? 7 : backend_input_open(b) ? 1 : 0;
    }
    backend_free(b);
    tg_evq_free(q);
    _exit(status);
}

/* Starts the child with the given descriptors (closed here). */
static pid_t start(int in, int out, bool terminal, void (*child)(void))
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        if (terminal) {
            setsid();
            ioctl(in, TIOCSCTTY, 0);
        }
        if (in < 0)
            close(0);
        else
            dup2(in, 0);
        dup2(out, 1);
        close_range(3, ~0u, 0); /* else the pipe's other end stays open here */
        child();
    }
    if (in >= 0 && !terminal)
        close(in);
    if (out != in)
        close(out);
    return pid;
}

static int status_of(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static size_t read_to_end(int fd, char *buf, size_t max)
{
    size_t n = 0;
    ssize_t k;

    while (n < max - 1 && (k = read(fd, buf + n, max - 1 - n)) > 0)
        n += (size_t)k;
    buf[n] = 0;
    close(fd);
    return n;
}

static void through_pipes(void **state)
{
    int in[2], out[2];
    char buf[4096], text[2000];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    pid = start(in[0], out[1], false, child_echo);
    memset(text, 'x', sizeof(text));
    text[100] = 1; /* Ctrl-A x means nothing outside a terminal */
    assert_int_equal(write(in[1], text, sizeof(text)), sizeof(text));
    close(in[1]);
    read_to_end(out[0], buf, sizeof(buf));
    assert_int_equal(status_of(pid), 0);
    assert_memory_equal(buf, "ready\n", 6);
    assert_int_equal(strlen(buf), 6 + sizeof(text));
    assert_int_equal(buf[6 + 100], 1);
    assert_int_equal(buf[6 + 1999], 'X');
}

static void from_file_and_nothing(void **state)
{
    char name[] = "/tmp/tollgate-test-XXXXXX", buf[256];
    int out[2], fd = mkostemp(name, O_CLOEXEC);
    pid_t pid;

    (void)state;
    unlink(name);
    assert_int_equal(write(fd, "hello", 5), 5);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = start(fd, out[1], false, child_echo);
    read_to_end(out[0], buf, sizeof(buf));
    assert_int_equal(status_of(pid), 0);
    assert_string_equal(buf, "ready\nHELLO");
    /* standard input closed: silence */
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = start(-1, out[1], false, child_echo);
    read_to_end(out[0], buf, sizeof(buf));
    assert_int_equal(status_of(pid), 0);
    assert_string_equal(buf, "ready\n");
}

static void wait_for(int fd, char *buf, size_t max, const char *text)
{
    size_t n = strlen(buf);

    for (unsigned i = 0; i < 200 && !strstr(buf, text); i++) {
        fd_set set;
        struct timeval tv = {.tv_usec = 50000};
        ssize_t k;

        FD_ZERO(&set);
        FD_SET(fd, &set);
        if (select(fd + 1, &set, NULL, NULL, &tv) <= 0)
            continue;
        k = read(fd, buf + n, max - 1 - n);
        if (k <= 0)
            break;
        n += (size_t)k;
        buf[n] = 0;
    }
    if (!strstr(buf, text))
        fail_msg("found '%s', expected '%s' in it", buf, text);
}

/* A real terminal: raw while we have it, escapes work, restored afterwards. */
static void on_terminal(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
    struct termios before, during, after;
    char buf[4096] = "";
    pid_t pid;

    (void)state;
    assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    assert_int_equal(tcgetattr(slave, &before), 0);
    assert_true(before.c_lflag & ICANON);
    pid = start(slave, slave, true, child_echo);
    wait_for(master, buf, sizeof(buf), "ready");
    assert_int_equal(tcgetattr(slave, &during), 0);
    assert_int_equal(during.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(write(master, "ab\003c\001\001d", 7),
                     7); /* Ctrl-C goes to the guest, Ctrl-A Ctrl-A is one */
    wait_for(master, buf, sizeof(buf), "AB\003C\001D");
    assert_int_equal(write(master, "\001h", 2), 2);
    wait_for(master, buf, sizeof(buf), "leave the simulator");
    assert_int_equal(write(master, "\001", 1), 1);
    usleep(20000); /* the two keys come apart */
    assert_int_equal(write(master, "x", 1), 1);
    assert_int_equal(status_of(pid), 7);
    assert_int_equal(tcgetattr(slave, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(after.c_iflag, before.c_iflag);
    close(slave);
    close(master);
}

static void deaf_device(void **state)
{
    int in[2], out[2], master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
    char buf[4096] = "";
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    pid = start(in[0], out[1], false, child_deaf);
    assert_int_equal(write(in[1], "never read", 10), 10);
    assert_int_equal(status_of(pid), 0); /* although the pipe is open */
    close(in[1]);
    close(out[0]);
    assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    pid = start(slave, slave, true, child_deaf);
    wait_for(master, buf, sizeof(buf), "ready");
    for (unsigned i = 0; i < 30; i++) { /* more than any buffer of ours */
        char keys[200];

        memset(keys, 'k', sizeof(keys));
        assert_int_equal(write(master, keys, sizeof(keys)), sizeof(keys));
        usleep(3000);
    }
    assert_int_equal(write(master, "\001x", 2), 2);
    assert_int_equal(status_of(pid), 7);
    close(slave);
    close(master);
}

/* ---- file, null, pty ---- */

static void to_file(void **state)
{
    char name[] = "/tmp/tollgate-test-XXXXXX", spec[64], buf[128] = "";
    int fd = mkostemp(name, O_CLOEXEC);
    struct tg_evq *q = tg_evq_new();
    struct backend *b = backend_new(q);
    struct tg_chardev *line;
    struct tg_error err = {""};
    struct uart u;

    (void)state;
    assert_int_equal(write(fd, "old contents", 12), 12);
    snprintf(spec, sizeof(spec), "file:%s", name);
    assert_int_equal(backend_console(b, spec, &line, &err), 0);
    plug(&u, line, q, 100);
    backend_start(b);
    tg_evq_run(q, 0);
    assert_false(backend_input_open(b));
    assert_int_equal(tg_evq_next_any(q),
                     TG_TIME_NEVER); /* nothing can arrive: no event keeps the machine awake */
    say(&u, "line\n");
    assert_int_equal(pread(fd, buf, sizeof(buf), 0), 5);
    say(&u, "login: ");
    assert_int_equal(pread(fd, buf, sizeof(buf), 0), 5);
    assert_int_equal(tg_evq_next_any(q), TG_MS);
    run(q, TG_MS);
    assert_int_equal(pread(fd, buf, sizeof(buf), 0), 12);
    assert_memory_equal(buf, "line\nlogin: ", 12);
    say(&u, "x");
    tg_evq_free(q); /* the order in which a machine goes */
    backend_free(b);
    assert_int_equal(pread(fd, buf, sizeof(buf), 0), 13);
    close(fd);
    unlink(name);
}

static void refusals(void **state)
{
    static const char *const bad[][2] = {{"file:/nowhere/x", "console file '/nowhere/x': No such file"},
                                         {"file:", "expected file:NAME"},
                                         {"tty", "found 'tty', expected stdio, file:NAME, pty or null"},
                                         {"", "found ''"}};
    struct backend *b = backend_new(NULL);
    struct tg_chardev *line;
    struct tg_error err;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(backend_console(b, bad[i][0], &line, &err) < 0);
        assert_null(line);
        assert_non_null(strstr(err.text, bad[i][1]));
    }
    assert_int_equal(backend_console(b, "null", &line, &err), 0);
    line->write(line->opaque, (const uint8_t *)"gone", 4);
    backend_poll(b, 0);
    assert_false(backend_input_open(b));
    backend_free(b);
}

static void full_disk(void **state)
{
    struct backend *b = backend_new(NULL);
    struct tg_chardev *line;
    struct tg_error err;

    (void)state;
    assert_int_equal(backend_console(b, "file:/dev/full", &line, &err), 0);
    assert_null(backend_failure(b));
    line->write(line->opaque, (const uint8_t *)"text\n", 5);
    assert_string_equal(backend_failure(b), "console file '/dev/full': No space left on device");
    line->write(line->opaque, (const uint8_t *)"text\n", 5);
    backend_free(b);
}

static void pseudo_terminal(void **state)
{
    struct tg_evq *q = tg_evq_new();
    struct backend *b = backend_new(q);
    struct tg_chardev *line;
    struct tg_error err;
    struct uart u;
    char buf[256];
    int fd;

    (void)state;
    assert_int_equal(backend_console(b, "pty", &line, &err), 0);
    plug(&u, line, q, 100);
    backend_start(b);
    for (unsigned i = 0; i < 3000; i++) /* nobody there: must not block */
        say(&u, "lost lost lost\n");
    run(q, TG_MS);
    assert_non_null(backend_pty_name(line));
    fd = open(backend_pty_name(line), O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    tcflush(fd, TCIFLUSH);
    say(&u, "to you\n");
    run(q, 2 * TG_MS);
    assert_int_equal(read(fd, buf, sizeof(buf)), 7);
    assert_memory_equal(buf, "to you\n", 7);
    assert_int_equal(write(fd, "from me\r", 8), 8);
    backend_wait(b, 1000000000);
    run(q, 3 * TG_MS);
    assert_string_equal(u.in, "from me\r");
    close(fd);
    run(q, 5 * TG_MS);
    assert_true(backend_input_open(b)); /* somebody may come again */
    backend_free(b);
    tg_evq_free(q);
}

/* ---- script ---- */

static void script(void **state)
{
    const struct backend_step steps[] = {
        {.expect = "login: ", .delay = 5 * TG_MS, .send = "root\n"},
        {.expect = "# ", .send = "poweroff\n"},
        {.delay = 10 * TG_MS, .send = "!"},
    };
    struct tg_evq *q = tg_evq_new();
    struct backend *b = backend_new(q);
    struct tg_chardev *line;
    struct tg_error err;
    struct uart u;
    size_t n;

    (void)state;
    assert_int_equal(backend_script(b, steps, 3, NULL, &line, &err), 0);
    plug(&u, line, q, 3);
    backend_start(b);
    run(q, 10 * TG_MS);
    assert_int_equal(u.n, 0);
    assert_false(backend_input_open(b)); /* waits for text that may never come */
    assert_int_equal(tg_evq_next_any(q), TG_TIME_NEVER);
    say(&u, "# no login yet\nlog");
    run(q, 20 * TG_MS);
    say(&u, "in: ");
    run(q, 21 * TG_MS);
    assert_true(backend_input_open(b));
    run(q, 26 * TG_MS - 1);
    assert_int_equal(u.n, 0);
    run(q, 26 * TG_MS);
    assert_string_equal(u.in, "roo"); /* no more room */
    u.room = 100;
    line->ready(line->opaque);
    assert_string_equal(u.in, "root\n");
    run(q, 40 * TG_MS); /* "# " came before "login: ": does not count */
    assert_string_equal(u.in, "root\n");
    say(&u, "\n# ");
    run(q, 41 * TG_MS);
    assert_string_equal(u.in, "root\npoweroff\n");
    assert_false(backend_script_done(line));
    run(q, 51 * TG_MS);
    assert_string_equal(u.in, "root\npoweroff\n!");
    assert_int_equal(u.last, 51 * TG_MS);
    assert_true(backend_script_done(line));
    assert_string_equal(backend_script_output(line, &n), "# no login yet\nlogin: \n# ");
    assert_int_equal(n, 25);
    run(q, 60 * TG_MS);
    assert_int_equal(tg_evq_next_any(q), TG_TIME_NEVER);

    backend_free(b);
    tg_evq_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(through_pipes), cmocka_unit_test(from_file_and_nothing),
        cmocka_unit_test(on_terminal),   cmocka_unit_test(deaf_device),
        cmocka_unit_test(to_file),       cmocka_unit_test(refusals),
        cmocka_unit_test(full_disk),     cmocka_unit_test(pseudo_terminal),
        cmocka_unit_test(script),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
