/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device tree of the guest of microvisor and minivmm (Devicetree Specification 0.4; Linux's bindings for the
 * nodes). Does not place it in memory.
 */
#include "guest_dt.h"

enum { PHANDLE_GIC = 1, PHANDLE_CLOCK = 2, SPI = 0, PPI = 1, LEVEL_HIGH = 4 };

static void cpus(struct fdtw *w, unsigned n)
{
    fdtw_node(w, "cpus");
    fdtw_u32(w, "#address-cells", 1);
    fdtw_u32(w, "#size-cells", 0);
    for (unsigned i = 0; i < n; i++) {
        char name[] = "cpu@0";
        name[4] = (char)('0' + i);
        fdtw_node(w, name);
        fdtw_str(w, "device_type", "cpu");
        fdtw_str(w, "compatible", "arm,armv8");
        fdtw_str(w, "enable-method", "psci");
        fdtw_u32(w, "reg", i);
        fdtw_end(w);
    }
    fdtw_end(w);
}

static void module(struct fdtw *w, unsigned i, const struct guest_dt_module *m)
{
    static const struct {
        const char *node, *compatible;
        uint32_t size;
    } kinds[GUEST_DT_MODULES] = {
        {"module-kernel", "multiboot,kernel\0multiboot,module", sizeof("multiboot,kernel\0multiboot,module")},
        {"module-ramdisk", "multiboot,ramdisk\0multiboot,module",
         sizeof("multiboot,ramdisk\0multiboot,module")},
    };
    fdtw_node(w, kinds[i].node);
    fdtw_prop(w, "compatible", kinds[i].compatible, kinds[i].size);
    fdtw_reg(w, 1, (uint64_t[]){m->start, m->size});
    if (m->bootargs)
        fdtw_str(w, "bootargs", m->bootargs);
    fdtw_end(w);
}

static void devices(struct fdtw *w, const struct guest_dt *g)
{
    const uint32_t flags =
        LEVEL_HIGH | (g->gic == 2 ? ((1u << g->cpus) - 1) << 8 : 0); /* GICv2: PPI CPU mask */
    fdtw_node(w, "timer");
    fdtw_str(w, "compatible", "arm,armv8-timer");
    if (g->el2)
        fdtw_cells(w, "interrupts", PPI, 13, flags, PPI, 14, flags, PPI, GUEST_VTIMER_PPI, flags, PPI,
                   GUEST_HPTIMER_PPI, flags, PPI, GUEST_HVTIMER_PPI, flags);
    else
        fdtw_cells(w, "interrupts", PPI, 13, flags, PPI, 14, flags, PPI, GUEST_VTIMER_PPI, flags, PPI,
                   GUEST_HPTIMER_PPI, flags);
    fdtw_prop(w, "always-on", NULL, 0);
    fdtw_end(w);
    if (g->pmu) {
        fdtw_node(w, "pmu");
        fdtw_str(w, "compatible", "arm,armv8-pmuv3");
        fdtw_cells(w, "interrupts", PPI, GUEST_PMU_PPI, flags);
        fdtw_end(w);
    }
    fdtw_node(w, "intc@8000000");
    fdtw_str(w, "compatible", g->gic == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
    fdtw_u32(w, "phandle", PHANDLE_GIC);
    fdtw_u32(w, "#interrupt-cells", 3);
    fdtw_u32(w, "#address-cells", 2);
    fdtw_u32(w, "#size-cells", 2);
    fdtw_prop(w, "interrupt-controller", NULL, 0);
    if (g->gic == 2)
        fdtw_reg(w, 2, (uint64_t[]){GUEST_GICD, GUEST_GICD_SIZE, GUEST_GICC, GUEST_GICC_SIZE});
    else
        fdtw_reg(w, 2, (uint64_t[]){GUEST_GICD, GUEST_GICD_SIZE, GUEST_GICR, GUEST_GICR_SIZE * g->cpus});
    if (g->el2)
        fdtw_cells(w, "interrupts", PPI, GUEST_MAINT_PPI, flags);
    fdtw_end(w);
    fdtw_node(w, "apb-pclk");
    fdtw_str(w, "compatible", "fixed-clock");
    fdtw_u32(w, "#clock-cells", 0);
    fdtw_u32(w, "clock-frequency", 24000000);
    fdtw_u32(w, "phandle", PHANDLE_CLOCK);
    fdtw_end(w);
    fdtw_node(w, "pl011@9000000");
    fdtw_prop(w, "compatible", "arm,pl011\0arm,primecell", sizeof("arm,pl011\0arm,primecell"));
    fdtw_reg(w, 1, (uint64_t[]){GUEST_UART, GUEST_DEV_SIZE});
    if (g->uart_irq)
        fdtw_cells(w, "interrupts", SPI, GUEST_UART_SPI, LEVEL_HIGH);
    fdtw_cells(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    fdtw_prop(w, "clock-names", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"));
    fdtw_end(w);
    fdtw_node(w, "exit-test@b000000");
    fdtw_str(w, "compatible", "tollgate,exit-test");
    fdtw_reg(w, 1, (uint64_t[]){GUEST_EXIT_DEV, GUEST_DEV_SIZE});
    fdtw_end(w);
}

int64_t guest_dt_write(const struct guest_dt *g, void *buf, uint32_t cap)
{
    struct fdtw w;
    fdtw_begin(&w, buf, cap);
    fdtw_node(&w, "");
    fdtw_str(&w, "compatible", "linux,dummy-virt");
    fdtw_str(&w, "model", "Tollgate test guest");
    fdtw_u32(&w, "#address-cells", 2);
    fdtw_u32(&w, "#size-cells", 2);
    fdtw_u32(&w, "interrupt-parent", PHANDLE_GIC);
    fdtw_node(&w, "chosen");
    fdtw_str(&w, "bootargs", g->bootargs);
    fdtw_str(&w, "stdout-path", "/pl011@9000000");
    if (g->initrd_end > g->initrd_start) {
        fdtw_u64(&w, "linux,initrd-start", g->initrd_start);
        fdtw_u64(&w, "linux,initrd-end", g->initrd_end);
    }
    if (g->n_modules) {
        fdtw_u32(&w, "#address-cells", 2);
        fdtw_u32(&w, "#size-cells", 2);
    }
    for (unsigned i = 0; i < g->n_modules; i++)
        module(&w, i, &g->modules[i]);
    fdtw_end(&w);
    fdtw_node(&w, "memory@40000000");
    fdtw_str(&w, "device_type", "memory");
    fdtw_reg(&w, 1, (uint64_t[]){GUEST_RAM, g->ram_size});
    fdtw_end(&w);
    cpus(&w, g->cpus);
    fdtw_node(&w, "psci");
    fdtw_prop(&w, "compatible", "arm,psci-1.0\0arm,psci-0.2", sizeof("arm,psci-1.0\0arm,psci-0.2"));
    fdtw_str(&w, "method", g->el2 ? "smc" : "hvc");
    fdtw_end(&w);
    devices(&w, g);
    fdtw_end(&w);
    return fdtw_finish(&w);
}
