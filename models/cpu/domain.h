/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the PEs of a machine share: the list of them (broadcasts), host memory behind RAM, and a byte per RAM
 * page that says whether some PE writes it through its software TLB or has decoded code of it.
 */
#ifndef TG_CPU_DOMAIN_H
#define TG_CPU_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/bus.h"

struct cpu;

#define DOMAIN_MAX_RAM 16

enum {
    RAM_PAGE_WTAG = 1, /* a software TLB may hold a write tag for the page */
    RAM_PAGE_CODE = 2, /* some PE has a record of decoded code of the page */
};

struct ram_region {
    uint64_t base, size;
    uint8_t *host;
    bool writable, secure; /* secure: not for Non-secure accesses */
    uint8_t *flags;        /* per 4 KiB page */
};

struct cpu_domain {
    struct cpu *first;
    unsigned n_pes;
    struct cpu *running; /* PE that ran last: another one's exclusive monitor does not survive it */
    struct ram_region ram[DOMAIN_MAX_RAM];
    unsigned n_ram, recent; /* found last */
};

/* RAM that holds pa, asking the bus of c for it the first time; NULL: no RAM there, or it is not for a
 * Non-secure access (ns). The bus answers what finds none. */
struct ram_region *domain_ram(struct cpu *c, uint64_t pa, bool ns);

/* The region that was found last, if it holds pa; else NULL. */
static inline struct ram_region *domain_recent_ram(struct cpu_domain *d, uint64_t pa)
{
    struct ram_region *r = &d->ram[d->recent];

    return pa - r->base < r->size ? r : NULL;
}

/* Host address of pa, which the region holds. */
static inline uint8_t *ram_at(const struct ram_region *r, uint64_t pa)
{
    return r->host + (pa - r->base);
}

static inline uint8_t *ram_flags(const struct ram_region *r, uint64_t pa)
{
    return &r->flags[(pa - r->base) >> 12];
}

/* Code of page pa was decoded for the first time by some PE: write tags for it go everywhere. */
void domain_code_appeared(struct cpu_domain *d, uint64_t pa);
/* A store by a PE to a page with RAM_PAGE_CODE. */
void domain_code_written(struct cpu_domain *d, uint64_t pa, uint64_t size);
/* c runs (again): if another PE ran in between, its stores may have hit c's exclusive granule, so the monitor
 * is cleared, which the architecture allows at any time. */
void domain_running(struct cpu *c);

#endif
