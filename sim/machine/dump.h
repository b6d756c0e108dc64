/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a machine for people and scripts to read. */
#ifndef TG_SIM_DUMP_H
#define TG_SIM_DUMP_H

#include <stdio.h>

struct machine;
struct tg_error;

/*
 * Writes the state of every model as JSON (docs/cli.md tells its shape), of a machine between two slices: all PEs are
 * quiescent. 0, or -errno with err set.
 */
int machine_dump_state(struct machine *m, FILE *out, struct tg_error *err);

#endif
