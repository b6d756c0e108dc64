/* SPDX-License-Identifier: Apache-2.0 */
/* The writer that the device tree's files share, private to them: properties and nodes in order, with libfdt.
 */
#ifndef TG_SIM_BOOT_DT_H
#define TG_SIM_BOOT_DT_H

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
    PH_GPIO = 4,
    PH_CPU0 = 0x10,       /* + number of the PE */
    PH_L2 = 0x100,        /* + number of the PE */
    PH_OUTER = 0x200,     /* + number of the first PE that has the cache */
    PH_CPU_CLOCK = 0x300, /* these: + number of the first PE of the kind */
    PH_OPPS = 0x400,
    PH_PARTITION = 0x500,
};

/* Sequential writer with a sticky error: libfdt's codes are kept until the end. */
struct dt {
    const struct boot_machine *m;
    void *fdt;
    int rc;
    unsigned irq_cells; /* of an interrupt: 4 where PPIs have partitions */
};

static inline void begin(struct dt *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void begin(struct dt *t, const char *fmt, ...)
{
    char name[96];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);
    if (!t->rc)
        t->rc = fdt_begin_node(t->fdt, name);
}

static inline void end(struct dt *t)
{
    if (!t->rc)
        t->rc = fdt_end_node(t->fdt);
}

static inline void bytes(struct dt *t, const char *name, const void *v, size_t n)
{
    if (!t->rc)
        t->rc = fdt_property(t->fdt, name, v, (int)n);
}

static inline void string(struct dt *t, const char *name, const char *v)
{
    bytes(t, name, v, strlen(v) + 1);
}

static inline void empty(struct dt *t, const char *name)
{
    bytes(t, name, NULL, 0);
}

static inline void cell(struct dt *t, const char *name, uint32_t v)
{
    if (!t->rc)
        t->rc = fdt_property_u32(t->fdt, name, v);
}

static inline void cells(struct dt *t, const char *name, const uint32_t *v, size_t n)
{
    fdt32_t be[64];
    for (size_t i = 0; i < n && i < TG_ARRAY_SIZE(be); i++)
        be[i] = cpu_to_fdt32(v[i]);
    bytes(t, name, be, n * sizeof(be[0]));
}

/* A list of strings as the model classes write it: NUL-separated, ended by an empty one. */
static inline void string_list(struct dt *t, const char *name, const char *list)
{
    size_t n = 0;
    while (list[n])
        n += strlen(list + n) + 1;
    bytes(t, name, list, n);
}

static inline void reg(struct dt *t, const struct boot_region *r, unsigned n)
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
static inline uint32_t irq_flags(const struct dt *t, const struct boot_irq *irq)
{
    unsigned pes = t->m->n_cpus < 8 ? t->m->n_cpus : 8;
    if (irq->type == BOOT_IRQ_PPI && t->m->gic.version == 2)
        return (uint32_t)tg_with(irq->flags, PPI_FLAGS_PES, tg_ones(pes));
    return irq->flags;
}

/* The first cells of an interrupt; the fourth names the PPI's partition, 0 for all PEs. */
static inline void interrupt_cells(const struct dt *t, const struct boot_irq *irq, uint32_t partition,
                                   uint32_t v[4])
{
    v[0] = irq->type;
    v[1] = irq->number;
    v[2] = irq_flags(t, irq);
    v[3] = partition;
}

static inline void interrupts(struct dt *t, const struct boot_irq *irqs, unsigned n)
{
    uint32_t v[4 * BOOT_DEV_IRQS + 4];
    for (unsigned i = 0; i < n; i++)
        interrupt_cells(t, &irqs[i], 0, v + t->irq_cells * i);
    if (n)
        cells(t, "interrupts", v, t->irq_cells * n);
}

/* ---- dtb_cpus.c ---- */

/* /cpus with its topology and caches, and the PEs' clocks and operating points. */
void dt_cpus(struct dt *t);
/* A PMU for each kind of core; on a GICv3 with several kinds their one PPI is split. */
void dt_pmus(struct dt *t);
bool dt_partitioned(const struct boot_machine *m);
/* In the interrupt controller's node: whose parts the PPIs of the PMUs have. */
void dt_ppi_partitions(struct dt *t);

#endif
