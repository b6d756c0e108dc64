/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PE without an instruction set, behind the functions of models/cpu/cpu.h: each "instruction" is one step
 * of a script. For tests of what drives PEs. One step takes 1 ns unless said otherwise.
 */
#ifndef TG_TEST_MOCK_CPU_H
#define TG_TEST_MOCK_CPU_H

#include "models/cpu/cpu.h"

enum mock_op {
    MOCK_WORK,  /* a: picoseconds */
    MOCK_READ,  /* a: address (4 bytes, device); result in x0 */
    MOCK_WRITE, /* a: address, b: value */
    MOCK_LOAD,  /* a: address; 8 bytes through DMI when there is, into x0 */
    MOCK_WFI,   /* until an interrupt input is high; b: own timer after so many ps (0: none) */
    MOCK_LOOP,  /* back to step a, b times in all (0: for ever) */
    MOCK_OFF,
    MOCK_CALL, /* fn(opaque, c): whatever a test wants to do in the PE's context */
    MOCK_SPIN, /* returns from cpu_run without progress, for ever */
};

struct mock_step {
    enum mock_op op;
    uint64_t a, b;
    void (*fn)(struct cpu *c);
};

struct cpu {
    struct tg_model m;
    struct tg_bus_port bus;
    struct tg_irq ppi[TG_PPI_COUNT];
    uint64_t freq;
    uint64_t l2_size;  /* parameter "l2.size" */
    uint32_t l2_ways;  /* parameter "l2.ways" */
    uint32_t pipeline; /* parameter "pipeline.kind" */
    bool nv2;          /* parameter "nv2" */
    char *part;        /* parameter "part" */
    const struct mock_step *script;
    unsigned n_steps, at, loops;
    unsigned index;
    uint64_t mpidr;
    uint64_t outer_size; /* cpu_set_outer_cache */
    uint32_t outer_ways;
    const struct cpu_hooks *hooks;
    bool on, request;
    bool lines[TG_PE_LINES];
    tg_time line_at, local, timer;
    uint64_t insns, limit, idle_ps, x0;
    enum cpu_mode mode;
    uint64_t mode_at[8], own_at[8]; /* instructions of all PEs and of this one when the mode was set */
    unsigned n_modes;
    uint64_t stop_pc_plus1;
    char *log; /* owned by the test: receives "<pe>@<time> " per step when set */
    size_t log_size;
};

#endif
