/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine that microvisor and minivmm give their guest: physical map (QEMU virt's addresses where it has
 * such a device, so that nothing surprises a payload), interrupts, and the device tree that describes it.
 * Freestanding.
 */
#ifndef TG_GUEST_DT_H
#define TG_GUEST_DT_H

#include "fdt.h"

#define GUEST_GICD      UINT64_C(0x08000000)
#define GUEST_GICD_SIZE UINT64_C(0x10000)
#define GUEST_GICC      UINT64_C(0x08010000) /* GICv2 instead of redistributors */
#define GUEST_GICC_SIZE UINT64_C(0x2000)
#define GUEST_GICR      UINT64_C(0x080a0000)
#define GUEST_GICR_SIZE UINT64_C(0x20000) /* each */
#define GUEST_UART      UINT64_C(0x09000000)
#define GUEST_EXIT_DEV  UINT64_C(0x0b000000) /* each 32-bit read gives the next number */
#define GUEST_DEV_SIZE  UINT64_C(0x1000)
#define GUEST_RAM       UINT64_C(0x40000000)

enum {
    GUEST_UART_SPI = 1,     /* INTID 33 */
    GUEST_PMU_PPI = 7,      /* 23 */
    GUEST_MAINT_PPI = 9,    /* 25: the virtual CPU interface's maintenance interrupt */
    GUEST_HPTIMER_PPI = 10, /* 26 */
    GUEST_VTIMER_PPI = 11,  /* 27 */
    GUEST_HVTIMER_PPI = 12  /* 28 */
};

enum { GUEST_DT_MODULES = 2 };

/* Boot module of a hypervisor in the guest (Xen's booting.txt): the first is a kernel, the second a ramdisk.
 */
struct guest_dt_module {
    uint64_t start, size;
    const char *bootargs; /* NULL: none */
};

struct guest_dt {
    uint64_t ram_size;                 /* bytes, at GUEST_RAM */
    uint64_t initrd_start, initrd_end; /* equal: none */
    unsigned cpus;
    unsigned gic; /* 2 or 3 */
    bool uart_irq, pmu;
    bool el2; /* the guest has EL2: PSCI by SMC, interrupts for a hypervisor of its own */
    const char *bootargs;
    struct guest_dt_module modules[GUEST_DT_MODULES];
    unsigned n_modules;
};

/* Write the tree to buf; its size in bytes, or -1 when cap bytes do not do (64 KiB always do for bootargs
 * below 32 KiB). */
int64_t guest_dt_write(const struct guest_dt *g, void *buf, uint32_t cap);

#endif
