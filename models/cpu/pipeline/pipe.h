/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the timing model of a PE: scoreboard, CPI stack; the inline part that runs around each instruction is pipe_inline.h.
 */
#ifndef TG_CPU_PIPELINE_PIPE_H
#define TG_CPU_PIPELINE_PIPE_H

#include <stdint.h>
#include "models/base/time.h"
#include "models/cpu/cpu.h"
#include "models/cpu/op.h"

struct pipe {
    uint64_t cycle;                       /* commit time of the last instruction: the PE's cycle count in timed mode */
    uint64_t ready[CPU_SLOT_COUNT];       /* cycle at which the register's value is there */
    uint64_t buckets[CPU_BUCKET_COUNT];   /* CPI stack of timed mode; sums to the cycles spent in timed mode */
    struct pipe_state *s;                 /* branch predictor, caches, TLBs, window: private to pipeline/ and cache/ */
};

struct cpu;
int pipe_init(struct cpu *c);
void pipe_fini(struct cpu *c);
/* Serialises: everything before completes, then `cycles` pass, charged to bucket. No-op in fast mode. */
void pipe_stall(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles);
/* The same for a time that a neighbour (bus, GIC) took, in picoseconds. */
void pipe_stall_time(struct cpu *c, enum cpu_bucket bucket, tg_time t);
/* Idle (WFI) until cycle `until`. */
void pipe_idle_until(struct cpu *c, uint64_t until);
/* Switch fast -> timed at this cycle: the pipeline is empty, caches keep their contents. */
void pipe_start(struct cpu *c, uint64_t cycle);

#endif
