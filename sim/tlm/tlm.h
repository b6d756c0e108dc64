/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a machine under SystemC: one thread per PE, TLM-2.0 sockets between PEs, fabric and devices.
 * SystemC's kernel is a singleton of the process and cannot be started again: tlm_run works once per process,
 * and with one machine.
 *
 * Time: SystemC's resolution is 1 ps, its time is the machine's. A PE runs ahead of it by at most the
 * quantum, and synchronises before device accesses and after sending interrupts. At equal times events of the
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

struct machine;

struct tlm_options {
    tg_time max_time;    /* stop at this simulated time, ps; 0: never */
    uint64_t max_insns;  /* stop after that many instructions of all PEs; 0: never */
    unsigned max_resets; /* give up (MACHINE_STUCK) at the reset after this many; 0: the first reset ends the
                            run */
};

/* Runs a realized machine until machine_stop() was called with something else than a reset; m->stop says why.
 * Returns 0, or -EINVAL/-ENOENT with err set when it could not start (external target, images). */
int tlm_run(struct machine *m, const struct tlm_options *opt, struct tg_error *err);

#ifdef __cplusplus
}
#endif
#endif
