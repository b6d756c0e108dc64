/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the timing model of a PE: scoreboard, window, branch predictor, front end, CPI stack. The part that runs around each
 * instruction is pipe_inline.h; caches and TLBs are models/cpu/cache. All latencies come from parameters (params.c). docs/timing.md tells
 * what is modelled and what is not.
 */
#ifndef TG_CPU_PIPELINE_PIPE_H
#define TG_CPU_PIPELINE_PIPE_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/time.h"
#include "models/cpu/cache/cache.h"
#include "models/cpu/cpu.h"
#include "models/cpu/op.h"

/* A timing class as handlers use it. */
struct pipe_class {
    uint16_t latency;  /* cycles from start to result */
    uint16_t port_inc; /* 1/16 cycles that an operation keeps its group of ports busy: 16 * interval / ports */
    uint8_t bucket;    /* enum cpu_bucket charged while something waits for its result */
    uint8_t is_load, is_store;
};

#define PIPE_BHT_BITS 12
#define PIPE_BTB_BITS 9
#define PIPE_RAS      16
#define PIPE_STORES   32 /* upper limit of pipeline.store_buffer */

struct pipe {
    uint64_t cycle;      /* in order: issue cycle; window: commit cycle of the last instruction. The PE's cycle count in timed mode */
    uint64_t ready[CPU_SLOT_COUNT];     /* cycle at which a register's value is there */
    uint8_t ready_bucket[CPU_SLOT_COUNT]; /* what a wait for it is charged to */
    struct pipe_class cls[32];
    uint64_t port[32];   /* per class: next free, in 1/16 cycles */
    uint64_t start;      /* execution start of the operation in progress */
    uint64_t buckets[CPU_BUCKET_COUNT]; /* CPI stack of timed mode; sums to the cycles spent in it */

    /* issue, commit */
    uint32_t width, slots;       /* instructions a cycle; used in the current cycle */
    /* window model */
    uint64_t dispatch;           /* dispatch cycle of the last instruction */
    uint32_t dispatch_slots;
    uint32_t window, rob_pos;
    uint64_t *rob;               /* commit cycle of the last `window` instructions */
    uint8_t front_bucket;        /* why the front end was late last */
    uint32_t mispredict, taken_bubble;

    /* store buffer: drain time of the last stores */
    uint64_t store_drain[PIPE_STORES];
    uint32_t store_pos, store_n;

    /* branch prediction */
    uint8_t bht[1 << PIPE_BHT_BITS]; /* 2-bit counters, gshare */
    uint64_t history;
    struct {
        uint64_t pc, target;
    } btb[1 << PIPE_BTB_BITS];
    uint64_t ras[PIPE_RAS];
    uint32_t ras_top;

    /* front end */
    uint64_t fetch_line;         /* line fetched last, physical */

    struct caches caches;
};

struct cpu;
int pipe_init(struct cpu *c);
void pipe_fini(struct cpu *c);
/* Serialises: everything before completes, then `cycles` pass, charged to bucket. No-op in fast mode. */
void pipe_stall(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles);
/* The same for a time that a neighbour (bus, GIC) took, in picoseconds. */
void pipe_stall_time(struct cpu *c, enum cpu_bucket bucket, tg_time t);
/* Waits for all stores to drain (DSB, DMB), charged to bucket. */
void pipe_drain_stores(struct cpu *c, enum cpu_bucket bucket);
/* Idle (WFI) until cycle `until`. */
void pipe_idle_until(struct cpu *c, uint64_t until);
/* Switch fast -> timed at this cycle: the pipeline is empty, caches keep their contents. */
void pipe_start(struct cpu *c, uint64_t cycle);

/* Slow parts of handlers. */
void pipe_mispredicted(struct cpu *c);
/* Extra cycles of a data access beyond an L1 hit with a TLB hit; which bucket answered. */
void pipe_load_extra(struct cpu *c, const struct cpu_op *op, uint64_t extra, enum cpu_bucket bucket);

#endif
