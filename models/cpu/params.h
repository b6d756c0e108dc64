/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters and counters of a PE; described in params.c, which is what Lua presets and `tollgate describe
 * cpu` see. */
#ifndef TG_CPU_PARAMS_H
#define TG_CPU_PARAMS_H

#include <stdbool.h>
#include <stdint.h>
#include "models/cpu/features.h"
#include "models/cpu/op.h"

struct cpu;
struct tg_error;

struct cache_params {
    uint64_t size; /* bytes; 0: absent */
    uint32_t ways, line;
    uint32_t latency; /* cycles, load to use; of the L1I none: fetch hides it */
};

struct tlb_params {
    uint32_t entries;
    /* Not of level 1 TLBs, which are fully associative and hidden by the access. */
    uint32_t ways;    /* 0 or ways = entries: fully associative */
    uint32_t latency; /* cycles added by a hit in this level after a miss in the one before */
};

enum pipe_kind {
    PIPE_INORDER,
    PIPE_WINDOW,
};

struct pipe_class_params {
    uint32_t latency;  /* cycles from issue to result */
    uint32_t interval; /* cycles until the next of its class may start (1: pipelined) */
    uint32_t ports; /* operations of its group that may start in the cycle in which one of this class does */
    uint32_t group; /* enum cpu_tclass: classes with the same group share ports */
};

struct cpu_params {
    char *core;                   /* "cortex-a57" */
    char *compatible;             /* device tree: "arm,cortex-a57" */
    uint64_t freq;                /* Hz */
    uint32_t capacity;            /* device tree: capacity-dmips-mhz */
    uint64_t cntfrq;              /* Hz, generic timer */
    uint64_t wakeup, sev_time;    /* ps */
    uint32_t midr, revidr;        /* MIDR_EL1 */
    uint32_t pa_bits;             /* 32..48; 52 with FEAT_LPA */
    bool feature[CPU_FEAT_COUNT]; /* by enum cpu_feature; "features.lse" ... in Lua */
    uint32_t pmu_counters;        /* event counters, 0..31 */
    uint32_t breakpoints, watchpoints, ctx_breakpoints;
    uint64_t aidr;
    uint64_t rng_seed;               /* of RNDR */
    bool ctr_idc, ctr_dic, ctr_vipt; /* CTR_EL0 */
    uint32_t lou;                    /* CLIDR_EL1.LoUU and LoUIS */
    uint32_t error_records;          /* FEAT_RAS: ERRIDR_EL1.NUM */
    struct cache_params l1i, l1d, l2;
    struct cache_params outer; /* shared with other PEs; for ID registers only */
    struct tlb_params itlb, dtlb, tlb2, walk_cache, ipa_cache;
    uint32_t prefetch; /* lines fetched ahead of a stream; 0: no prefetcher */
    uint32_t snoop;    /* cycles of a transfer from another PE's cache */
    /* pipeline */
    uint32_t pipe_kind;              /* enum pipe_kind */
    uint32_t width;                  /* issue or dispatch, instructions a cycle */
    uint32_t window;                 /* ROB entries */
    uint32_t store_buffer;           /* stores */
    uint32_t mshrs;                  /* L1D line fills at a time */
    uint32_t mispredict;             /* cycles */
    uint32_t taken_bubble, btb_miss; /* cycles */
    uint32_t btb;                    /* entries */
    uint32_t exc_entry, exc_return, isb, dsb, dmb, tlbi, tlbi_sync, cache_op, sysreg_read,
        sysreg_write; /* cycles */
    struct pipe_class_params cls[CPU_TC_COUNT];
};

/* Refuses what the model cannot do as given: 0, or -EINVAL with err set. */
int cpu_params_check(const struct cpu *c, struct tg_error *err);

struct cpu_counters {
    uint64_t exceptions, irqs, erets, svc, hvc, smc, undef;
    uint64_t loads, stores, rmws; /* timed mode only; an rmw is one of each */
    uint64_t uncached; /* of these, that ask no cache: of devices, and of memory that is not cached */
    uint64_t l1i_access, l1i_miss, l1d_access, l1d_miss, l1d_writeback; /* l1d_access: derived */
    uint64_t l2_access, l2_miss, l2_writeback;
    uint64_t itlb_miss, dtlb_miss, tlb2_miss, walks, walk_reads, walk_cycles;
    uint64_t branches, mispredicts;
    uint64_t tlbi, wfi, wfe;
    uint64_t soft_tlb_fills, blocks_decoded, blocks_invalidated, context_misses; /* of the simulator itself */
};

#endif
