/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generated device tree (Devicetree Specification 0.4; Linux' bindings), with libfdt. It has the shape of
 * QEMU's virt board, so that what knows that board finds its way. The PEs are described in dtb_cpus.c;
 * /chosen's boot arguments, initrd and modules are put in by chosen.c.
 */
#include "sim/boot/dt.h"

/* PPIs as the BSA numbers them (INTID - 16); see enum tg_pe_ppi. */
#define PPI_CNTHV 12
#define PPI_CNTHP 10
#define PPI_CNTV  11
#define PPI_CNTPS 13
#define PPI_CNTP  14

static void psci_node(struct dt *t)
{
    if (t->m->conduit == BOOT_CONDUIT_NONE)
        return;
    begin(t, "psci");
    string_list(t, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci\0");
    string(t, "method", t->m->conduit == BOOT_CONDUIT_SMC ? "smc" : "hvc");
    /* The numbers are for the oldest binding, whose readers know no others. */
    cell(t, "cpu_suspend", 0xc4000001);
    cell(t, "cpu_off", 0x84000002);
    cell(t, "cpu_on", 0xc4000003);
    cell(t, "migrate", 0xc4000005);
    end(t);
}

static void gic_node(struct dt *t)
{
    const struct boot_gic *g = &t->m->gic;
    struct boot_region r[1 + 8 + 2];
    unsigned n = 0;
    r[n++] = g->dist;
    if (g->version == 2) {
        r[n++] = g->cpu;
        if (g->hyp.size && g->vcpu.size) {
            r[n++] = g->hyp;
            r[n++] = g->vcpu;
        }
    } else {
        for (unsigned i = 0; i < g->n_redist && i < 8; i++)
            r[n++] = g->redist[i];
    }
    begin(t, "intc@%" PRIx64, g->dist.base);
    string(t, "compatible", g->version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
    empty(t, "interrupt-controller");
    cell(t, "#interrupt-cells", t->irq_cells);
    cell(t, "#address-cells", 2);
    cell(t, "#size-cells", 2);
    empty(t, "ranges");
    reg(t, r, n);
    if (g->version != 2)
        cell(t, "#redistributor-regions", g->n_redist);
    if (t->m->has_el2) {
        struct boot_irq maintenance = {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, g->maintenance_ppi};
        interrupts(t, &maintenance, 1);
    }
    cell(t, "phandle", PH_GIC);
    dt_ppi_partitions(t);
    end(t);
}

static void timer_node(struct dt *t)
{
    const struct boot_irq irqs[5] = {
        {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, PPI_CNTPS}, {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, PPI_CNTP},
        {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, PPI_CNTV},  {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, PPI_CNTHP},
        {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, PPI_CNTHV},
    };
    begin(t, "timer");
    string_list(t, "compatible", "arm,armv8-timer\0arm,armv7-timer\0");
    empty(t, "always-on");
    interrupts(t, irqs, t->m->has_el2 && t->m->has_vhe ? 5 : 4);
    end(t);
}

static bool is(const struct boot_device *d, const char *compatible)
{
    return d->dt_compatible && !strcmp(d->dt_compatible, compatible);
}

/* The first one of a kind that Non-secure software may use; NULL: none. */
static const struct boot_device *first(const struct boot_machine *m, const char *compatible)
{
    for (unsigned i = 0; i < m->n_devices; i++)
        if (is(&m->devices[i], compatible) && !m->devices[i].secure)
            return &m->devices[i];
    return NULL;
}

static void device_name(const struct boot_device *d, char out[64])
{
    /* QEMU's names, where readers may look for them by path; else the class'. */
    const char *name = is(d, "virtio,mmio")        ? "virtio_mmio"
                       : is(d, "qemu,fw-cfg-mmio") ? "fw-cfg"
                       : is(d, "cfi-flash")        ? "flash"
                                                   : d->class_name;
    snprintf(out, 64, "%s@%" PRIx64, name, d->regs[0].base);
}

static void device_node(struct dt *t, const struct boot_device *d)
{
    if (!d->dt_compatible || !d->dt_compatible[0] || !d->n_regs)
        return;
    char name[64];
    device_name(d, name);
    begin(t, "%s", name);
    string_list(t, "compatible", d->dt_compatible);
    reg(t, d->regs, d->n_regs < BOOT_DEV_REGS ? d->n_regs : BOOT_DEV_REGS);
    interrupts(t, d->irqs, d->n_irqs < BOOT_DEV_IRQS ? d->n_irqs : BOOT_DEV_IRQS);
    const uint32_t clocks[2] = {PH_CLOCK, PH_CLOCK};
    if (is(d, "arm,pl011")) {
        cells(t, "clocks", clocks, 2);
        string_list(t, "clock-names", "uartclk\0apb_pclk\0");
    } else if (is(d, "arm,pl031") || is(d, "arm,pl061")) {
        cells(t, "clocks", clocks, 1);
        string(t, "clock-names", "apb_pclk");
        if (is(d, "arm,pl061")) {
            cell(t, "#gpio-cells", 2);
            empty(t, "gpio-controller");
            if (d == first(t->m, "arm,pl061"))
                cell(t, "phandle", PH_GPIO);
        }
    } else if (is(d, "virtio,mmio") || is(d, "qemu,fw-cfg-mmio")) {
        empty(t, "dma-coherent");
    } else if (is(d, "cfi-flash")) {
        cell(t, "bank-width", 4);
    }
    if (d->secure) { /* Linux' binding arm/secure.txt */
        string(t, "status", "disabled");
        string(t, "secure-status", "okay");
    }
    end(t);
}

/* The power key is line 3 of the first PL061, active high, as on QEMU's board. */
#define POWER_KEY_LINE 3
#define POWER_KEY_CODE 116 /* KEY_POWER of Linux' input-event-codes */

static void power_key_node(struct dt *t)
{
    if (!first(t->m, "arm,pl061"))
        return;
    const uint32_t gpio[3] = {PH_GPIO, POWER_KEY_LINE, 0};
    begin(t, "gpio-keys");
    string(t, "compatible", "gpio-keys");
    begin(t, "poweroff");
    string(t, "label", "GPIO Key Poweroff");
    cell(t, "linux,code", POWER_KEY_CODE);
    cells(t, "gpios", gpio, 3);
    end(t);
    end(t);
}

/* splitmix64 (Steele, Lea, Flood 2014): enough to spread a seed over the kernel's seeds. */
static uint64_t next_random(uint64_t *s)
{
    uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void chosen_node(struct dt *t)
{
    uint64_t s = t->m->seed;
    uint32_t seed[8];
    for (unsigned i = 0; i < TG_ARRAY_SIZE(seed); i++)
        seed[i] = (uint32_t)next_random(&s);
    uint64_t kaslr = next_random(&s);
    const uint32_t kaslr_cells[2] = {(uint32_t)(kaslr >> 32), (uint32_t)kaslr};
    begin(t, "chosen");
    const struct boot_device *uart = first(t->m, "arm,pl011");
    if (uart) {
        char name[64], path[65];
        device_name(uart, name);
        snprintf(path, sizeof(path), "/%s", name);
        string(t, "stdout-path", path);
    }
    cells(t, "rng-seed", seed, TG_ARRAY_SIZE(seed));
    cells(t, "kaslr-seed", kaslr_cells, 2);
    end(t);
}

static void tree(struct dt *t)
{
    const struct boot_machine *m = t->m;
    begin(t, "%s", "");
    cell(t, "#address-cells", 2);
    cell(t, "#size-cells", 2);
    string(t, "compatible", m->compatible ? m->compatible : "linux,dummy-virt");
    string(t, "model", m->model ? m->model : "tollgate");
    if (m->gic.version)
        cell(t, "interrupt-parent", PH_GIC);
    chosen_node(t);
    for (unsigned i = 0; i < m->n_ram; i++) {
        begin(t, "memory@%" PRIx64, m->ram[i].base);
        string(t, "device_type", "memory");
        reg(t, &m->ram[i], 1);
        end(t);
    }
    dt_cpus(t);
    psci_node(t);
    begin(t, "apb-pclk");
    string(t, "compatible", "fixed-clock");
    cell(t, "#clock-cells", 0);
    cell(t, "clock-frequency", m->apb_hz ? m->apb_hz : 24000000);
    string(t, "clock-output-names", "clk24mhz");
    cell(t, "phandle", PH_CLOCK);
    end(t);
    if (m->gic.version)
        gic_node(t);
    timer_node(t);
    dt_pmus(t);
    for (unsigned i = 0; i < m->n_devices; i++)
        device_node(t, &m->devices[i]);
    power_key_node(t);
    end(t);
}

int boot_dtb_generate(const struct boot_machine *m, const struct boot_chosen *chosen, void **blob,
                      size_t *size, struct tg_error *err)
{
    *blob = NULL;
    struct dt t = {.m = m, .fdt = malloc(BOOT_DTB_MAX), .irq_cells = dt_partitioned(m) ? 4 : 3};
    if (!t.fdt)
        return tg_error_set(err, ENOMEM, "device tree: no memory");
    t.rc = fdt_create(t.fdt, BOOT_DTB_MAX);
    if (!t.rc)
        t.rc = fdt_finish_reservemap(t.fdt);
    tree(&t);
    if (!t.rc)
        t.rc = fdt_finish(t.fdt);
    int rc = t.rc ? tg_error_set(err, EINVAL, "device tree: cannot be generated: %s", fdt_strerror(t.rc))
                  : boot_dtb_patch("generated", t.fdt, fdt_totalsize(t.fdt), chosen, blob, size, err);
    free(t.fdt);
    return rc;
}
