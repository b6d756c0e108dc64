/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware a machine without real EL3 firmware has: PSCI 1.1 (Arm DEN0022, issue F) and the SMC Calling
 * Convention's own calls (DEN0028, 1.2). Called from cpu_hooks.firmware_call. Keeps the power state of each
 * PE as PSCI sees it; what powering on or off means is the machine's affair, through struct psci_ops. No PE
 * header needed, so that tests run it over arrays.
 */
#ifndef TG_SIM_PSCI_H
#define TG_SIM_PSCI_H

#include <stdbool.h>
#include <stdint.h>

enum psci_system_event {
    PSCI_SYSTEM_OFF,
    PSCI_SYSTEM_RESET,
};

struct psci_ops {
    void *opaque;
    uint64_t (*get_x)(void *opaque, unsigned pe, unsigned n);
    void (*set_x)(void *opaque, unsigned pe, unsigned n, uint64_t v);
    /* May code at this physical address run? NULL: anything. */
    bool (*valid_entry)(void *opaque, uint64_t pa);
    /* Start `target` at (el, entry) with x0 = context, at the local time of PE `caller`. Call psci_started()
     * when it runs. */
    void (*cpu_on)(void *opaque, unsigned caller, unsigned target, unsigned el, uint64_t entry,
                   uint64_t context);
    void (*cpu_off)(void *opaque, unsigned pe);
    /* Standby: the call behaves like WFI, then returns SUCCESS. NULL: returns at once, which the
     * specification allows. */
    void (*standby)(void *opaque, unsigned pe);
    /* Power-down state: sleep until an interrupt, then continue as after reset at (el, entry) with x0 =
     * context. NULL: power-down states are refused (INVALID_PARAMETERS). */
    void (*suspend)(void *opaque, unsigned pe, unsigned el, uint64_t entry, uint64_t context);
    void (*system)(void *opaque, unsigned caller, enum psci_system_event event);
};

struct psci_config {
    unsigned n_pe;
    const uint64_t *mpidr; /* [n_pe] affinities; copied */
    unsigned el;           /* highest non-secure exception level: 2 or 1; where CPU_ON enters */
    bool smc;              /* conduit: SMC, or HVC */
    /* What SMCCC_ARCH_FEATURES answers of ARCH_WORKAROUND_1, _2, _3. The model's PEs leak nothing by
     * speculation, so PSCI_WORKAROUND_UNAFFECTED is the truth; 0 makes a kernel call them as on an affected
     * PE. */
    int32_t workaround[3];
    bool smccc_1_0; /* SMCCC 1.0 only: no Arm Architecture Calls, SMCCC_VERSION among them */
};
#define PSCI_WORKAROUND_UNAFFECTED  1
#define PSCI_WORKAROUND2_UNAFFECTED (-2)

struct psci;
/* PE 0 is on, the others are off. NULL: out of memory. */
struct psci *psci_new(const struct psci_config *cfg, const struct psci_ops *ops);
void psci_free(struct psci *p);
/* Back to power-on: PE 0 on, the others off. */
void psci_reset(struct psci *p);
/* The PE that CPU_ON had pended runs now. */
void psci_started(struct psci *p, unsigned pe);
/* An SMC or HVC of `pe` whose arguments stand in x0..x3. True: handled, x0 (and for the SMCCC calls x0 only)
 * is set. False: not this machine's conduit; the PE takes its exception. */
bool psci_call(struct psci *p, unsigned pe, bool smc, uint16_t imm);

/* Name of an SMCCC function id ("CPU_ON", "ARCH_FEATURES"), or NULL; for the ledger's details. */
const char *psci_function_name(uint32_t id);

#endif
