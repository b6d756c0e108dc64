/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a PE and the interrupt controller. The GIC model implements struct tg_gic_cpuif (system-register
 * CPU interface: ICC_*, ICV_*, ICH_*); the PE calls it after its own checks (encoding known, minimum EL,
 * HSTR, FGT, NV). The GIC decides what depends on its own state: ICC_SRE_ELx, virtual or physical view
 * (HCR_EL2.IMO/FMO at EL1), ICH_HCR_EL2 and SCR_EL3/HCR_EL2 traps of GIC registers. Interrupt outputs towards
 * the PE are ordinary irq lines into the PE's inputs TG_PE_IRQ ...
 */
#ifndef TG_BASE_GIC_PORT_H
#define TG_BASE_GIC_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/sysenc.h"
#include "models/base/time.h"

/* Input lines of a PE model. */
enum tg_pe_line {
    TG_PE_IRQ,
    TG_PE_FIQ,
    TG_PE_VIRQ,
    TG_PE_VFIQ,
    TG_PE_SEI,
    TG_PE_LINES,
};

/* Timer and PMU outputs of a PE: element numbers of its irq-out port "ppi". INTIDs as the Arm BSA recommends.
 */
enum tg_pe_ppi {
    TG_PPI_CNTP,   /* EL1 physical timer, INTID 30 */
    TG_PPI_CNTV,   /* EL1 virtual timer, INTID 27 */
    TG_PPI_CNTHP,  /* EL2 physical timer, INTID 26 */
    TG_PPI_CNTHV,  /* EL2 virtual timer, INTID 28 */
    TG_PPI_CNTPS,  /* EL3 physical timer, INTID 29 */
    TG_PPI_PMU,    /* INTID 23 */
    TG_PPI_CNTHPS, /* Secure EL2 physical timer, INTID 20 */
    TG_PPI_CNTHVS, /* Secure EL2 virtual timer, INTID 19 */
    TG_PPI_COUNT,
};

/* The state of the accessing PE that the GIC needs. */
struct tg_gic_pe_ctx {
    uint8_t el;  /* 0..3 */
    bool secure; /* security state of the access (EL3: as SCR_EL3.NS) */
    bool has_el2, has_el3;
    bool el2_enabled; /* EL2 exists in the current security state */
    uint64_t hcr_el2; /* effective value, 0 without EL2 */
    uint64_t scr_el3;
    uint64_t mpidr;
};

struct tg_gic_cpuif {
    /* MRS/MSR of a GIC register with encoding enc (sysenc.h) by PE number pe at time now. *latency: extra
     * picoseconds (out). */
    enum tg_sysreg_result (*access)(void *opaque, unsigned pe, uint32_t enc, bool write, uint64_t *value,
                                    const struct tg_gic_pe_ctx *ctx, tg_time now, tg_time *latency);
    /* The PE's EL, security state, HCR_EL2 or SCR_EL3 changed in a way that may change interrupt routing or
     * the virtual view. May be NULL. */
    void (*ctx_changed)(void *opaque, unsigned pe, const struct tg_gic_pe_ctx *ctx, tg_time now);
    /* INTID of the physical interrupt that is signalled to PE number pe as IRQ or FIQ, 1023: none. Changes
     * nothing. May be NULL. */
    unsigned (*signalled)(void *opaque, unsigned pe);
    /* The PE was reset, and its CPU interface with it. May be NULL: it is no part of the PE. */
    void (*reset)(void *opaque, unsigned pe, tg_time now);
    void *opaque;
    unsigned version;   /* 2: no system registers, the PE hides them (ID_AA64PFR0.GIC = 0); 3; 4 */
    unsigned list_regs; /* implemented list registers */
};

#endif
