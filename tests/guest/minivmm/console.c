/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard input to the guest's UART. On a terminal: raw mode, Ctrl-A x ends the VM, Ctrl-A Ctrl-A sends one
 * Ctrl-A. End of file is no error: the guest runs on without input.
 */
#include "minivmm.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_A = 1 };

/* Needed by the exit path, which has no VM at hand. */
static struct termios saved;
static volatile sig_atomic_t raw;

void console_restore(void)
{
    if (raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    raw = 0;
}

static void *input_thread(void *arg)
{
    struct vmm *v = arg;
    bool escape = false;
    uint8_t buf[256], out[sizeof(buf)];
    ssize_t n;
    while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
        size_t m = 0;
        for (ssize_t i = 0; i < n; i++) {
            if (raw && !escape && buf[i] == CTRL_A) {
                escape = true;
                continue;
            }
            if (escape && buf[i] == 'x')
                vm_end(v, EXIT_GUEST_OFF);
            escape = false;
            out[m++] = buf[i];
        }
        pl011_input(v, &v->uart, out, m);
    }
    return NULL;
}

void console_start(struct vmm *v)
{
    pthread_t t;
    if (v->opt.no_stdin)
        return;
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &saved) == 0) {
        struct termios tio = saved;
        cfmakeraw(&tio);
        tio.c_oflag |= OPOST; /* our own messages */
        if (tcsetattr(STDIN_FILENO, TCSANOW, &tio) == 0)
            raw = 1;
    }
    if (pthread_create(&t, NULL, input_thread, v))
        die("cannot start the input thread");
    pthread_detach(t);
}
