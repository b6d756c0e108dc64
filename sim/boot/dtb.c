/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generated device tree (Devicetree Specification 0.4; Linux' bindings), with libfdt. It has the shape of
 * QEMU's virt board, so that what knows that board finds its way. /chosen's boot arguments, initrd and
 * modules are put in by chosen.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/boot/internal.h"

/* phandles: fixed numbers, so that the tree is the same in each run */
enum {
    PH_CLOCK = 1,
    PH_GIC,
    PH_ITS,
    PH_GPIO,
    PH_CPU0 = 16,
};

/* Sequential writer with a sticky error: libfdt's codes are kept until the end. */
struct dt {
    const struct boot_machine *m;
    void *fdt;
    int rc;
};

static void begin(struct dt *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void begin(struct dt *t, const char *fmt, ...)
{
    char name[96];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);
    if (!t->rc)
        t->rc = fdt_begin_node(t->fdt, name);
}

static void end(struct dt *t)
{
    if (!t->rc)
        t->rc = fdt_end_node(t->fdt);
}

static void bytes(struct dt *t, const char *name, const void *v, size_t n)
{
    if (!t->rc)
        t->rc = fdt_property(t->fdt, name, v, (int)n);
}

static void string(struct dt *t, const char *name, const char *v)
{
    bytes(t, name, v, strlen(v) + 1);
}

static void empty(struct dt *t, const char *name)
{
    bytes(t, name, NULL, 0);
}

static void cell(struct dt *t, const char *name, uint32_t v)
{
    if (!t->rc)
        t->rc = fdt_property_u32(t->fdt, name, v);
}

static void cells(struct dt *t, const char *name, const uint32_t *v, size_t n)
{
    fdt32_t be[64];
    for (size_t i = 0; i < n && i < TG_ARRAY_SIZE(be); i++)
        be[i] = cpu_to_fdt32(v[i]);
    bytes(t, name, be, n * sizeof(be[0]));
}

/* A list of strings as the model classes write it: NUL-separated, ended by an empty one. */
static void string_list(struct dt *t, const char *name, const char *list)
{
    size_t n = 0;
    while (list[n])
        n += strlen(list + n) + 1;
    bytes(t, name, list, n);
}

static void reg(struct dt *t, const struct boot_region *r, unsigned n)
{
    uint32_t v[4 * 16];
    for (unsigned i = 0; i < n; i++) {
        v[4 * i] = (uint32_t)(r[i].base >> 32);
        v[4 * i + 1] = (uint32_t)r[i].base;
        v[4 * i + 2] = (uint32_t)(r[i].size >> 32);
        v[4 * i + 3] = (uint32_t)r[i].size;
    }
    cells(t, "reg", v, 4 * n);
}

/* GICv2's binding wants the mask of PEs in bits 15:8 of a PPI's flags. */
#define PPI_FLAGS_PES TG_FIELD(15, 8)
static uint32_t irq_flags(const struct dt *t, const struct boot_irq *irq)
{
    unsigned pes = t->m->n_cpus < 8 ? t->m->n_cpus : 8;
    if (irq->type == BOOT_IRQ_PPI && t->m->gic.version == 2)
        return (uint32_t)tg_with(irq->flags, PPI_FLAGS_PES, tg_ones(pes));
    return irq->flags;
}

static void interrupts(struct dt *t, const struct boot_irq *irqs, unsigned n)
{
    uint32_t v[3 * BOOT_DEV_IRQS];
    for (unsigned i = 0; i < n; i++) {
        v[3 * i] = irqs[i].type;
        v[3 * i + 1] = irqs[i].number;
        v[3 * i + 2] = irq_flags(t, &irqs[i]);
    }
    if (n)
        cells(t, "interrupts", v, 3 * n);
}

/* PPIs as the BSA numbers them (INTID - 16); see enum tg_pe_ppi. */
#define PPI_CNTHV 12
#define PPI_CNTHP 10
#define PPI_CNTV  11
#define PPI_CNTPS 13
#define PPI_CNTP  14
#define PPI_PMU   7

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

#define MPIDR_AFF3   TG_FIELD(39, 32)
#define MPIDR_AFF2_0 TG_FIELD(23, 0)
#define MPIDR_AFF1UP (TG_FIELD(39, 32) | TG_FIELD(23, 8))

static void cpus_node(struct dt *t)
{
    const struct boot_machine *m = t->m;
    bool wide = false;
    for (unsigned i = 0; i < m->n_cpus; i++)
        wide |= tg_get(m->cpus[i].mpidr, MPIDR_AFF3) != 0;
    begin(t, "cpus");
    cell(t, "#address-cells", wide ? 2 : 1);
    cell(t, "#size-cells", 0);
    begin(t, "cpu-map");
    begin(t, "socket0");
    unsigned clusters = 0;
    for (unsigned i = 0; i < m->n_cpus; i++) {
        uint64_t of = m->cpus[i].mpidr & MPIDR_AFF1UP;
        bool seen = false;
        for (unsigned j = 0; j < i; j++)
            seen |= (m->cpus[j].mpidr & MPIDR_AFF1UP) == of;
        if (seen)
            continue;
        begin(t, "cluster%u", clusters++);
        for (unsigned j = i, core = 0; j < m->n_cpus; j++) {
            if ((m->cpus[j].mpidr & MPIDR_AFF1UP) != of)
                continue;
            begin(t, "core%u", core++);
            cell(t, "cpu", PH_CPU0 + j);
            end(t);
        }
        end(t);
    }
    end(t);
    end(t);
    for (unsigned i = 0; i < m->n_cpus; i++) {
        const struct boot_cpu *c = &m->cpus[i];
        uint64_t aff = c->mpidr & (MPIDR_AFF3 | MPIDR_AFF2_0);
        begin(t, "cpu@%" PRIx64, aff);
        string(t, "device_type", "cpu");
        string(t, "compatible", c->dt_compatible ? c->dt_compatible : "arm,armv8");
        uint32_t v[2] = {(uint32_t)(aff >> 32), (uint32_t)aff};
        cells(t, "reg", wide ? v : v + 1, wide ? 2 : 1);
        if (m->conduit != BOOT_CONDUIT_NONE)
            string(t, "enable-method", "psci");
        cell(t, "phandle", PH_CPU0 + i);
        end(t);
    }
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
    cell(t, "#interrupt-cells", 3);
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
    if (g->version != 2 && g->its.size) {
        begin(t, "its@%" PRIx64, g->its.base);
        string(t, "compatible", "arm,gic-v3-its");
        empty(t, "msi-controller");
        cell(t, "#msi-cells", 1);
        reg(t, &g->its, 1);
        cell(t, "phandle", PH_ITS);
        end(t);
    }
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
    cpus_node(t);
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
    if (m->has_pmu && m->gic.version) {
        const struct boot_irq pmu = {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, PPI_PMU};
        begin(t, "pmu");
        string(t, "compatible", "arm,armv8-pmuv3");
        interrupts(t, &pmu, 1);
        end(t);
    }
    for (unsigned i = 0; i < m->n_devices; i++)
        device_node(t, &m->devices[i]);
    power_key_node(t);
    end(t);
}

int boot_dtb_generate(const struct boot_machine *m, const struct boot_chosen *chosen, void **blob,
                      size_t *size, struct tg_error *err)
{
    *blob = NULL;
    struct dt t = {.m = m, .fdt = malloc(BOOT_DTB_MAX)};
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
