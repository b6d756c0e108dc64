/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a machine under SystemC: one thread per PE, TLM-2.0 sockets between PEs, fabric and devices.
 * SystemC's kernel is a singleton of the process and cannot be started again: tlm_run works once per process,
 * and with one machine.
 *
 * Time: SystemC's resolution is 1 ps, its time is the machine's. A PE runs ahead of it by at most the
 * quantum, synchronises before device accesses, and does not run past events of the machine's queue. At equal times events of the
 * machine's queue run first, then PEs in the order of their numbers, so that the same inputs give the same
 * run.
 */
#ifndef TG_SIM_TLM_H
#define TG_SIM_TLM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "models/base/model.h"
#include "models/base/time.h"
#include "models/cpu/cpu.h"

struct machine;

/* A PE that has run past the time at which something came to it (an interrupt; docs/architecture, time) gets slices of
 * TLM_CLOSE_STEP instead of the quantum, until for TLM_CLOSE_FOR nothing has come to it. So the first is late by at most the
 * quantum, the others by at most TLM_CLOSE_STEP less their way, which is mostly nothing. */
#define TLM_CLOSE_STEP (50 * TG_NS)
#define TLM_CLOSE_FOR  (100 * TG_US)

/* Changes of the mode of all PEs. They happen in the order of the list, each when its moment comes after the
 * one before it; one whose moment has passed by then happens at once (an instruction count) or waits for the
 * next time (a PC, a phase). */
enum tlm_switch_at {
    TLM_AT_INSNS, /* all PEs have retired `value` instructions: exact with one PE; with several, a PE in the
                     middle of a device access may be some instructions further */
    TLM_AT_PC,    /* some PE is about to execute the instruction at virtual address `value`: exact */
    TLM_AT_PHASE, /* the guest begins the phase `phase`; tlm_switch_now is the caller's */
};
struct tlm_switch {
    enum tlm_switch_at at;
    uint64_t value;
    char phase[9];
    enum cpu_mode mode;
};
struct tlm_switches {
    struct tlm_switch *v;
    size_t n;
    size_t next; /* that waits for its moment */
};
/* Carries out the next one. From a callback of a PE or of the run loop. */
void tlm_switch_now(struct machine *m, struct tlm_switches *s);

struct tlm_options {
    tg_time max_time;    /* stop at this simulated time, ps; 0: never */
    uint64_t max_insns;  /* stop after that many instructions of all PEs; 0: never */
    unsigned max_resets; /* give up (MACHINE_STUCK) at the reset after this many; 0: the first reset ends the
                            run */
    struct tlm_switches *switches; /* NULL: none */
    /* Each PE is sampled after every profile_period of its busy cycles, on average, at random distances that
     * depend on the machine's seed alone; 0: never. `profile` gets the cycles since its last sample, and
     * finds the PE between two instructions. */
    uint64_t profile_period;
    void (*profile)(void *opaque, unsigned pe, uint64_t cycles);
    void *profile_opaque;
    /* At each multiple of this simulated time `sample` is called, once for each PE when its own time is there
     * (between two blocks: a few cycles later), and once with -1 for everything else when the machine's time
     * is; what PEs have done ahead of that, by at most the quantum, is in it. Changes nothing. 0: never. */
    tg_time sample_period;
    void (*sample)(void *opaque, tg_time at, int pe);
    void *sample_opaque;
    /* Called once, between two slices, as soon as the machine's time is moment_at (ps) or all PEs have retired
     * moment_insns instructions; 0: never. Whoever does not stop the machine changes nothing. */
    tg_time moment_at;
    uint64_t moment_insns;
    void (*moment)(void *opaque);
    void *moment_opaque;
};

/* Runs a realized machine until machine_stop() was called with something else than a reset; m->stop says why.
 * Returns 0, or -EINVAL/-ENOENT with err set when it could not start (external target, images). */
int tlm_run(struct machine *m, const struct tlm_options *opt, struct tg_error *err);

#ifdef __cplusplus
}
#endif
#endif
