/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of a machine's devices: implementations of models/base/backend.h over terminals, files and
 * libslirp.
 *
 * Host input arrives whenever it likes; it is collected without blocking and handed to devices only from an
 * host event of the machine's queue, so a device sees it at a simulated time, and a run without input does not depend on
 * whether any may come. The event comes each millisecond of simulated time while a source is open, more often while there is network traffic, and not at all when
 * nothing can arrive (a machine that sleeps for ever is then seen to be dead).
 *
 * Life: backend_new(evq) -> backend_console/drive/net -> pointers into the devices' ports -> tg_model_realize
 * -> backend_start -> run -> free the models (they let go of their ports) -> backend_free. The queue may be
 * freed before. Functions return 0, or -errno with `err` set to one line for the user.
 */
#ifndef TG_SIM_BACKEND_H
#define TG_SIM_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/backend.h"
#include "models/base/evq.h"
#include "models/base/model.h"

struct backend;

struct backend *backend_new(struct tg_evq *evq); /* NULL: out of memory */
/* Writes out what is buffered, restores the terminal, closes everything. */
void backend_free(struct backend *b);

/*
 * --console: "stdio", "file:F" (output only; created or truncated), "pty", "null". stdio is raw while it is a
 * terminal, with Ctrl-A x to leave, Ctrl-A p to press the power key, Ctrl-A h for help, Ctrl-A Ctrl-A for
 * the character itself; pipes and files pass through unchanged.
 */
int backend_console(struct backend *b, const char *spec, struct tg_chardev **out, struct tg_error *err);
/* The terminal's name of a console made by "pty", for the user; else NULL. */
const char *backend_pty_name(const struct tg_chardev *c);

/*
 * --drive: "file=F[,mode=rw|ro|snapshot]", rw by default; a comma in F is written twice. Raw images, and
 * block devices. snapshot keeps changes in an unnamed temporary file in $TMPDIR and never writes the image.
 * Images are locked: one writer, or readers.
 */
int backend_drive(struct backend *b, const char *spec, struct tg_blockdev **out, struct tg_error *err);

/*
 * --net: "user" (libslirp: 10.0.2.0/24, guest 10.0.2.15 by DHCP, gateway and host's loopback 10.0.2.2, name
 * server 10.0.2.3) or "none" (*out is NULL).
 */
int backend_net(struct backend *b, const char *spec, struct tg_netdev **out, struct tg_error *err);

/* A console that types by itself: for tests and batch runs. Steps are taken in order. */
struct backend_step {
    const char *expect; /* wait until the device has put this out, after what the last step matched; NULL: do
                           not wait */
    tg_time delay;      /* then let this much simulated time pass */
    const char *send;   /* then type this; NULL: nothing */
};
/* Strings are copied. `tee` (may be NULL) also gets the output. */
int backend_script(struct backend *b, const struct backend_step *steps, size_t n, struct tg_chardev *tee,
                   struct tg_chardev **out, struct tg_error *err);
/* All that the device has put out; NUL-terminated, valid until the next output. */
const char *backend_script_output(const struct tg_chardev *c, size_t *n);
bool backend_script_done(const struct tg_chardev *c);

/* Schedules the first poll. */
void backend_start(struct backend *b);
/* Collects and delivers what the host has; called by the event, or by hand without one. Returns when it wants
 * to be called again, TG_TIME_NEVER: not before output or traffic of the guest asks for it. */
tg_time backend_poll(struct backend *b, tg_time now);
/* May input still arrive from the host? (struct machine.input_open) */
bool backend_input_open(const struct backend *b);
/* Blocks the host thread until input is there, at most `ns` nanoseconds of host time (struct
 * machine.idle_wait). */
void backend_wait(struct backend *b, uint64_t ns);
/* The user typed Ctrl-A x. */
bool backend_quit(const struct backend *b);
/* Called when the user types Ctrl-A p, from within a poll at `now`. NULL: the machine has no power key. */
void backend_on_power_key(struct backend *b, void (*press)(void *opaque, tg_time now), void *opaque);
/* The first failure to write output, e.g. "console file 'x': No space left on device"; NULL: none. */
const char *backend_failure(const struct backend *b);
/* Writes buffered output now. */
void backend_flush(struct backend *b);

/* Puts the terminal back as it was, or raw again (after SIGCONT). Both may be called from signal handlers. */
void backend_terminal_restore(struct backend *b);
void backend_terminal_raw(struct backend *b);

#endif
