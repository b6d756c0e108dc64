/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the PEs of a machine share: the list of them (broadcasts), host memory behind RAM, a byte per RAM page
 * that says whether some PE writes it through its software TLB or may have decoded code of it, and, of the
 * latter, which words.
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
    RAM_PAGE_CODE = 2, /* stores look whether they hit decoded code: there is a struct ram_code */
};

struct ram_region {
    uint64_t base, size;
    uint8_t *host;
    bool writable, secure; /* secure: not for Non-secure accesses */
    uint8_t *flags;        /* per 4 KiB page */
};

/* Which words of a page some PE has decoded: a store to others, as to data beside code, leaves the code alone. Stays where
 * it is as long as the domain. */
struct ram_code {
    uint64_t pa;
    uint64_t words[1024 / 64];
    bool any;      /* of them */
    uint16_t idle; /* stores that looked here while there was none */
    struct ram_code *next;
};

/* Is one of the words at [pa, pa + size), on its page, decoded? */
static inline bool ram_code_hit(const struct ram_code *r, uint64_t pa, uint64_t size)
{
    const unsigned first = (unsigned)(pa & 4095) / 4, last = (unsigned)((pa & 4095) + size - 1) / 4;

    for (unsigned i = first / 64; i <= last / 64; i++) {
        const uint64_t from = i == first / 64 ? ~UINT64_C(0) << first % 64 : ~UINT64_C(0);
        const uint64_t to = i == last / 64 ? ~UINT64_C(0) >> (63 - last % 64) : ~UINT64_C(0);

        if (r->words[i] & from & to)
            return true;
    }
    return false;
}

#define DOMAIN_CODE_HASH 1024
struct cpu_domain {
    struct cpu *first;
    unsigned n_pes;
    struct cpu *running; /* PE that ran last: another one's exclusive monitor does not survive it */
    struct ram_region ram[DOMAIN_MAX_RAM];
    unsigned n_ram, recent; /* found last */
    struct ram_code *code[DOMAIN_CODE_HASH];
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

/* The record of the page at pa; made when absent. NULL: out of memory. */
struct ram_code *domain_code(struct cpu_domain *d, uint64_t pa);
/* Code of the record's page is decoded where there was none: from now on stores of all PEs look at it. */
void domain_code_appeared(struct cpu_domain *d, struct ram_code *r);
/* Bytes of a page with RAM_PAGE_CODE have been written: if one of its decoded words is among them, all PEs' decoded code
 * of the page goes. Stores go on looking for a while: code that writes to itself is decoded there again. */
void domain_code_written(struct cpu_domain *d, uint64_t pa, uint64_t size);
/* A store through a software TLB found nothing decoded on the page. True: it is data by now, and the entry's tag may
 * say so (RAM_PAGE_WTAG is noted). */
bool domain_code_idle(struct cpu_domain *d, struct ram_code *r);
/* c runs (again): if another PE ran in between, its stores may have hit c's exclusive granule, so the monitor
 * is cleared, which the architecture allows at any time. */
void domain_running(struct cpu *c);

#endif
