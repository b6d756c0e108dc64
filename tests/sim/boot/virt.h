/* SPDX-License-Identifier: Apache-2.0 */
/* A machine with QEMU virt's map, for the tests of sim/boot. */
#ifndef TEST_BOOT_VIRT_H
#define TEST_BOOT_VIRT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "sim/boot/boot.h"

#define RAM_BASE UINT64_C(0x40000000)

static const struct boot_cpu virt_cpus[4] = {{.mpidr = 0x000, .dt_compatible = "arm,cortex-a57"},
                                             {.mpidr = 0x001, .dt_compatible = "arm,cortex-a57"},
                                             {.mpidr = 0x100, .dt_compatible = "arm,cortex-a57"},
                                             {.mpidr = 0x101, .dt_compatible = "arm,cortex-a57"}};

static const struct boot_device virt_devices[] = {
    {"pl011",
     "uart0",
     "arm,pl011\0arm,primecell\0",
     false,
     1,
     1,
     {{0x09000000, 0x1000}},
     {{BOOT_IRQ_SPI, BOOT_IRQ_LEVEL_HIGH, 1}}},
    {"pl031",
     "rtc",
     "arm,pl031\0arm,primecell\0",
     false,
     1,
     1,
     {{0x09010000, 0x1000}},
     {{BOOT_IRQ_SPI, BOOT_IRQ_LEVEL_HIGH, 2}}},
    {"pl061",
     "gpio",
     "arm,pl061\0arm,primecell\0",
     false,
     1,
     1,
     {{0x09030000, 0x1000}},
     {{BOOT_IRQ_SPI, BOOT_IRQ_LEVEL_HIGH, 7}}},
    {"virtio-mmio",
     "vio0",
     "virtio,mmio\0",
     false,
     1,
     1,
     {{0x0a000000, 0x200}},
     {{BOOT_IRQ_SPI, BOOT_IRQ_EDGE_RISING, 16}}},
    {"virtio-mmio",
     "vio1",
     "virtio,mmio\0",
     false,
     1,
     1,
     {{0x0a000200, 0x200}},
     {{BOOT_IRQ_SPI, BOOT_IRQ_EDGE_RISING, 17}}},
};

static inline struct boot_machine virt_machine(struct boot_region *ram, uint64_t ram_size, unsigned cpus,
                                               unsigned gic)
{
    *ram = (struct boot_region){RAM_BASE, ram_size};
    struct boot_machine m = {
        .ram = ram,
        .n_ram = 1,
        .cpus = virt_cpus,
        .n_cpus = cpus,
        .devices = virt_devices,
        .n_devices = sizeof(virt_devices) / sizeof(virt_devices[0]),
        .has_el2 = true,
        .has_vhe = true,
        .has_pmu = true,
        .conduit = BOOT_CONDUIT_SMC,
        .seed = 42,
    };
    m.gic.version = gic;
    m.gic.maintenance_ppi = 9;
    m.gic.dist = (struct boot_region){0x08000000, 0x10000};
    if (gic == 2) {
        m.gic.cpu = (struct boot_region){0x08010000, 0x10000};
        m.gic.hyp = (struct boot_region){0x08030000, 0x10000};
        m.gic.vcpu = (struct boot_region){0x08040000, 0x10000};
    } else {
        m.gic.redist[0] = (struct boot_region){0x080a0000, 0x20000 * (uint64_t)cpus};
        m.gic.n_redist = 1;
    }
    return m;
}

#endif
