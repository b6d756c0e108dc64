/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the microvisor's files share: the VM, its vCPUs, the virtual GIC's state. One VM with one or two
 * vCPUs, vCPU n pinned to PE n. Arm ARM DDI 0487; GIC IHI 0069; PSCI DEN0022.
 */
#ifndef MV_H
#define MV_H

#include "guest_dt.h"
#include "mv_asm.h"
#include "rt.h"

enum {
    MV_VCPUS = 2,
    MV_LRS = 16,
    MV_KICK_SGI = 7, /* physical SGI by which one PE asks another to look at its vCPU's interrupts */
    MV_MAINT_PPI = 25,
};

#define MV_DTB_OFFSET    UINT64_C(0x200000)
#define MV_WINDOW_OFFSET UINT64_C(0x400000) /* RAM above this is mapped page by page, on first touch */

enum mv_exit_reason {
    MV_EXIT_HVC,
    MV_EXIT_SMC,
    MV_EXIT_WFX,
    MV_EXIT_SYSREG,
    MV_EXIT_GIC,
    MV_EXIT_MMIO,
    MV_EXIT_S2,
    MV_EXIT_FP,
    MV_EXIT_IRQ,
    MV_EXIT_OTHER,
    MV_EXIT_COUNT
};

/* EL1 state that a world switch moves; the order is that of the table in sysreg.c. */
enum { MV_EL1_REGS = 25 };
struct mv_el1 {
    uint64_t r[MV_EL1_REGS];
};

/* 32 interrupts of the virtual distributor: a vCPU's SGIs and PPIs, or the VM's SPIs 32-63. */
struct mv_bank {
    uint32_t group, enable, cfg[2];
    volatile uint32_t pend;
    uint8_t prio[32];
};

struct mv_vcpu {
    uint64_t x[31], pc, pstate; /* mv_asm.h knows these offsets */
    unsigned id;
    volatile uint32_t on;
    uint64_t mpidr;
    bool loaded; /* EL1 state is in the registers of its PE */
    bool fp;     /* FP state is live, accesses do not trap */
    struct mv_el1 el1, host;
    struct mv_bank priv;
    uint32_t waker;
    uint64_t lr[MV_LRS], vmcr, ap1r0;
    uint32_t lrs_used; /* bit n: lr[n] is in use */
    uint64_t exits[MV_EXIT_COUNT];
};

struct mv_vm {
    struct mv_vcpu vcpu[MV_VCPUS];
    unsigned vcpus;
    struct mv_bank spi;
    uint32_t gicd_ctlr;
    uint64_t irouter[32];
    struct rt_lock gic_lock;
    struct rt_pt s2;
    uint64_t ram_pa, ram_size;
    uint64_t vtcr, vttbr;
    uint64_t vmid;    /* 8 bits; 0 is as good as another one */
    bool switch_full; /* move EL1 and GIC state on every exit (split mode), not only when a vCPU blocks */
    bool uart_emulated;
    uint64_t exit_counter;
    unsigned lrs; /* list registers the PE has */
};

unsigned mv_enter(struct mv_vcpu *v);
void mv_fp_reset(void);

/* sysreg.c */
void mv_host_init(void); /* this PE: HCR and friends for running at EL2 */
void mv_el1_reset(struct mv_vcpu *v);
void mv_vcpu_load(struct mv_vm *vm, struct mv_vcpu *v); /* EL1 state into the PE, traps on */
void mv_vcpu_put(struct mv_vm *vm, struct mv_vcpu *v);
void mv_traps_on(struct mv_vm *vm, struct mv_vcpu *v);
void mv_traps_off(void);
void mv_fp_enable(struct mv_vcpu *v);

/* vgic.c */
void mv_vgic_init(struct mv_vm *vm);
void mv_vgic_flush(struct mv_vm *vm,
                   struct mv_vcpu *v); /* pending interrupts into list registers, before entry */
void mv_vgic_sync(struct mv_vcpu *v);  /* and back, after an exit */
void mv_vgic_load(struct mv_vcpu *v);
void mv_vgic_put(struct mv_vcpu *v);
bool mv_vgic_pending(struct mv_vm *vm, struct mv_vcpu *v);
void mv_vgic_inject(struct mv_vm *vm, struct mv_vcpu *v, unsigned intid);
void mv_vgic_sgi(struct mv_vm *vm, struct mv_vcpu *v, uint64_t sgi1r);
/* A guest access to the distributor or a redistributor; false when the address is neither. */
bool mv_vgic_mmio(struct mv_vm *vm, struct mv_vcpu *v, uint64_t ipa, unsigned size, bool write,
                  uint64_t *val);

/* guest.c */
int mv_guest_build(struct mv_vm *vm); /* memory, stage 2, payload and device tree; 0, or -1 with a message */
bool mv_guest_fault(struct mv_vm *vm, uint64_t ipa); /* first touch inside the window: map it */

#endif
