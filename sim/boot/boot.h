/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading what a machine boots: kernel (Linux arm64 Image, gzip'd Image, ELF), firmware, initial ramdisk,
 * device tree and boot modules, through a guest memory writer. Knows no PE and no bus: the caller turns its
 * machine into a struct boot_machine, and the struct boot_result into cpu_power_on(). Does not emulate
 * firmware (psci.h does).
 *
 * Sources: Linux Documentation/arch/arm64/booting.rst (Image header, placement), ELF-64 with the AArch64
 * supplement (IHI 0056), Devicetree Specification 0.4, Xen docs/misc/arm/device-tree/booting.txt (modules).
 *
 * Placement, inside the first bank of RAM in which the kernel has room; what finds none there goes to another
 * bank:
 *  - Image: RAM base rounded up to 2 MiB, plus text_offset; image_size bytes are its own (file size when the
 * header says 0).
 *  - ELF: at its p_paddr. ET_DYN whose segments do not lie in memory: the lowest segment goes to RAM base
 * rounded up to 2 MiB.
 *    The entry point is a virtual address by the ELF specification, and a physical one by many bare-metal
 * linker scripts. The first of these that fits is taken, of several segments the first in the table: in the
 * virtual range of an executable segment (and translated), in the physical range of an executable one, in the
 * virtual range of any other, in the physical range of any other. Ranges are those that the file fills, not
 * the zeros behind. Where two of them fit and mean different addresses, boot_result.note says so.
 *  - initrd, then modules in the order given, then the device tree: each at the lowest free 2 MiB boundary
 * behind the kernel Image; with an ELF kernel from 128 MiB (at most half of RAM) above RAM base on, so that a
 * bare-metal program has memory behind its image for itself.
 *  - with firmware: the device tree at RAM base, where EDK2's and U-Boot's ports for QEMU's virt board look
 * for it.
 *  - the device tree is at most 2 MiB and never crosses a 2 MiB boundary.
 */
#ifndef TG_SIM_BOOT_H
#define TG_SIM_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/model.h"

/* ---- what the loader must know of a machine ---- */

struct boot_region {
    uint64_t base, size; /* bytes */
};

enum boot_irq_type {
    BOOT_IRQ_SPI = 0, /* number: INTID - 32 */
    BOOT_IRQ_PPI = 1, /* number: INTID - 16 */
};

/* Trigger, as in the device tree's third cell. */
enum boot_irq_flags {
    BOOT_IRQ_EDGE_RISING = 1,
    BOOT_IRQ_LEVEL_HIGH = 4,
};

struct boot_irq {
    uint8_t type;    /* enum boot_irq_type */
    uint8_t flags;   /* enum boot_irq_flags */
    uint32_t number; /* as the device tree counts: see enum boot_irq_type */
};

#define BOOT_DEV_REGS 8
#define BOOT_DEV_IRQS 8

/* A device with a node of its own. By its first compatible string it gets the properties that its Linux
 * binding asks for
 * ("arm,pl011", "arm,pl031", "arm,pl061", "virtio,mmio", "qemu,fw-cfg-mmio", "cfi-flash"); any other one gets
 * compatible, reg, interrupts. */
struct boot_device {
    const char *class_name; /* tg_model_class.name: the node's name, '-' for '_' and so on left as they are */
    const char *name;       /* instance: "uart0" */
    const char *dt_compatible; /* tg_model_class.dt_compatible: NUL-separated list, empty string ends it;
                                  NULL: no node */
    bool secure;               /* of the Secure state: its node tells Non-secure software to leave it alone */
    unsigned n_regs, n_irqs;
    struct boot_region regs[BOOT_DEV_REGS];
    struct boot_irq irqs[BOOT_DEV_IRQS];
};

struct boot_cache {
    uint64_t size; /* bytes; 0: absent */
    uint32_t sets, line;
};

struct boot_opp {
    uint64_t hz;
    uint32_t uv; /* microvolts; 0: not said */
};

/* What PEs of one set have in common. */
struct boot_cpu_kind {
    uint64_t hz;       /* its clock */
    uint32_t capacity; /* capacity-dmips-mhz; 0: not said */
    struct boot_cache l1i, l1d, l2;
    const struct boot_cache *outer; /* behind the private ones; the pointer tells caches apart. NULL: none */
    const struct boot_opp *opps;    /* operating points: voltages in all of them or in none */
    unsigned n_opps;
};

struct boot_cpu {
    uint64_t mpidr;                   /* affinity fields and MT, as given to cpu_bind() */
    const char *dt_compatible;        /* "arm,neoverse-n1"; NULL: "arm,armv8" */
    const struct boot_cpu_kind *kind; /* NULL: nothing known */
};

struct boot_gic {
    unsigned version; /* 2, 3 or 4 (as 3); 0: none */
    struct boot_region dist;
    struct boot_region redist[8]; /* version 3 */
    unsigned n_redist;
    struct boot_region cpu, hyp, vcpu; /* version 2: GICC, GICH, GICV; hyp and vcpu of size 0: absent */
    uint32_t maintenance_ppi; /* PPI number (INTID - 16), 9 on most boards; used when the machine has EL2 */
};

enum boot_conduit {
    BOOT_CONDUIT_NONE = 0, /* no PSCI: only PE 0 ever starts */
    BOOT_CONDUIT_HVC,
    BOOT_CONDUIT_SMC,
};

struct boot_machine {
    const char *model;             /* "/" model property; NULL: "tollgate" */
    const char *compatible;        /* "/" compatible; NULL: "linux,dummy-virt", as QEMU's virt */
    const struct boot_region *ram; /* ascending, not overlapping; at least one */
    unsigned n_ram;
    const struct boot_cpu *cpus; /* in PE order; at least one */
    unsigned n_cpus;
    struct boot_gic gic;
    const struct boot_device *devices;
    unsigned n_devices;
    struct boot_region
        firmware;    /* flash or ROM that --firmware fills, and where the PEs start then; size 0: none */
    uint32_t apb_hz; /* clock of the PrimeCell devices; 0: 24 MHz */
    bool has_el2, has_el3;
    bool has_vhe;              /* the EL2 virtual timer exists (PPI 12) */
    bool has_pmu;              /* PMU interrupt is PPI 7 (INTID 23), of every PE */
    enum boot_conduit conduit; /* of PSCI */
    uint64_t seed;             /* of the run: rng-seed and kaslr-seed derive from it */
};

/* ---- what to load ---- */

enum boot_module_kind {
    BOOT_MODULE_KERNEL,
    BOOT_MODULE_RAMDISK,
    BOOT_MODULE_DTB,
    BOOT_MODULE_XSM,
    BOOT_MODULE_OTHER,
};

struct boot_module {
    enum boot_module_kind kind;
    char *file;     /* owned by whoever called boot_module_parse: boot_module_fini */
    char *bootargs; /* NULL: none */
    char *domain;   /* the node of /chosen whose module it is; NULL: /chosen itself (dom0's, Xen's own) */
};

/* "KIND:FILE[,domain=NAME][,bootargs=REST OF THE STRING]", KIND one of kernel, ramdisk, dtb, xsm, other. 0 or
 * -EINVAL with err set. */
int boot_module_parse(const char *arg, struct boot_module *out, struct tg_error *err);
void boot_module_fini(struct boot_module *m);

struct boot_options {
    const char *kernel, *initrd, *append, *dtb, *firmware; /* NULL: not given */
    const char *dump_dtb; /* file that receives the device tree the guest sees; NULL: none */
    const struct boot_module *modules;
    unsigned n_modules;
};

/* Guest physical memory as the loader writes it. Return 0 or -errno. */
struct boot_mem {
    int (*write)(void *opaque, uint64_t pa, const void *data, size_t n);
    /* Memory is zero at power-on: NULL when nothing needs to be done. */
    int (*zero)(void *opaque, uint64_t pa, uint64_t n);
    /* Puts an item into the machine's fw_cfg, for firmware that looks there for its kernel; NULL: there is
     * none. */
    int (*fw_cfg)(void *opaque, uint16_t key, const void *data, size_t n);
    void *opaque;
};

struct boot_result {
    bool loaded; /* false: neither kernel nor firmware was given (nothing to start) */
    bool bare;   /* an ELF program: entered as a reset leaves the hardware, with no firmware before it */
    unsigned el; /* exception level the boot PE starts in: EL2 when there is one, else EL1; with firmware the
                    highest */
    uint64_t entry;                                   /* physical address */
    uint64_t x0;                                      /* device tree, or 0 */
    struct boot_region kernel, initrd, dtb, firmware; /* size 0: not there */
    char note[256];                                   /* something the user should know ("" mostly) */
};

/* Loads everything. 0; -EINVAL (bad file or placement), -errno of a file; err says file, what was found, what
 * was expected. */
int boot_load(const struct boot_machine *m, const struct boot_options *opt, const struct boot_mem *mem,
              struct boot_result *res, struct tg_error *err);

/* ---- the parts, for tests and --dump-dtb without a run ---- */

struct boot_placed_module {
    const struct boot_module *module;
    struct boot_region at;
};

struct boot_chosen {
    const char *bootargs;      /* NULL: none */
    struct boot_region initrd; /* size 0: none */
    const struct boot_placed_module *modules;
    unsigned n_modules;
};

#define BOOT_DTB_MAX (2u << 20)

/* Generates the device tree; *blob is malloc'd, packed. 0, -ENOMEM, -EINVAL with err set. */
int boot_dtb_generate(const struct boot_machine *m, const struct boot_chosen *chosen, void **blob,
                      size_t *size, struct tg_error *err);
/* Copies the device tree `in` (of file `name`, for messages) and patches /chosen. Same returns. */
int boot_dtb_patch(const char *name, const void *in, size_t in_size, const struct boot_chosen *chosen,
                   void **blob, size_t *size, struct tg_error *err);

/* Linux arm64 Image header, decoded and checked. */
struct boot_image {
    uint64_t text_offset; /* bytes from a 2 MiB boundary; a multiple of 4 KiB */
    uint64_t image_size;  /* bytes in memory, never less than the file's */
    uint64_t flags;
    unsigned page_size; /* 4096, 16384, 65536; 0: unspecified */
    bool anywhere;      /* may be placed anywhere in RAM */
};
int boot_image_parse(const char *name, const void *data, size_t size, struct boot_image *out,
                     struct tg_error *err);

#endif
