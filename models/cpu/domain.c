/* SPDX-License-Identifier: Apache-2.0 */
/* What the PEs of a machine share. See domain.h. */
#define _GNU_SOURCE
#include "models/cpu/domain.h"

#include <stdlib.h>
#include <string.h>
#include "models/cpu/code.h"
#include "models/cpu/cpu_state.h"

struct cpu_domain *cpu_domain_new(void)
{
    return calloc(1, sizeof(struct cpu_domain));
}

static size_t flags_size(const struct ram_region *r)
{
    return (size_t)(r->size >> 12) + 1;
}

void cpu_domain_free(struct cpu_domain *d)
{
    if (!d)
        return;
    for (unsigned i = 0; i < d->n_ram; i++)
        free(d->ram[i].flags);
    for (unsigned i = 0; i < DOMAIN_CODE_HASH; i++)
        while (d->code[i]) {
            struct ram_code *r = d->code[i];

            d->code[i] = r->next;
            free(r);
        }
    free(d);
}

void cpu_domain_add(struct cpu_domain *d, struct cpu *c)
{
    struct cpu **link = &d->first;

    while (*link)
        link = &(*link)->host.domain_next;
    *link = c;
    c->host.domain = d;
    d->n_pes++;
}

/* The region known so far that holds pa, or NULL. */
static struct ram_region *known_ram(struct cpu_domain *d, uint64_t pa)
{
    struct ram_region *r = domain_recent_ram(d, pa);

    if (tg_likely(r != NULL))
        return r;
    for (unsigned i = 0; i < d->n_ram; i++) {
        if (pa - d->ram[i].base < d->ram[i].size) {
            d->recent = i;
            return &d->ram[i];
        }
    }
    return NULL;
}

struct ram_region *domain_ram(struct cpu *c, uint64_t pa, bool ns)
{
    struct cpu_domain *d = c->host.domain;
    struct ram_region *r = known_ram(d, pa);
    struct tg_dmi dmi;

    if (r)
        return r->secure && ns ? NULL : r;
    if (d->n_ram == DOMAIN_MAX_RAM || !c->ports.bus.get_dmi ||
        !c->ports.bus.get_dmi(c->ports.bus.opaque, pa, &dmi) || !dmi.host)
        return NULL;
    r = &d->ram[d->n_ram];
    *r = (struct ram_region){
        .base = dmi.base, .size = dmi.size, .host = dmi.host, .writable = dmi.writable, .secure = dmi.secure};
    r->flags = calloc(flags_size(r), 1);
    if (!r->flags)
        return NULL;
    d->n_ram++;
    return r->secure && ns ? NULL : r;
}

#define IDLE_STORES 64 /* after which a page without decoded code is data */

static struct ram_code **code_slot(struct cpu_domain *d, uint64_t pa)
{
    return &d->code[((pa >> 12) ^ (pa >> 22)) % DOMAIN_CODE_HASH];
}

static struct ram_code *known_code(struct cpu_domain *d, uint64_t pa)
{
    struct ram_code *r = *code_slot(d, pa);

    while (r && r->pa != (pa & MMU_PAGE_MASK))
        r = r->next;
    return r;
}

struct ram_code *domain_code(struct cpu_domain *d, uint64_t pa)
{
    struct ram_code *r = known_code(d, pa), **slot = code_slot(d, pa);

    if (r)
        return r;
    r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->pa = pa & MMU_PAGE_MASK;
    r->next = *slot;
    *slot = r;
    return r;
}

void domain_code_appeared(struct cpu_domain *d, struct ram_code *code)
{
    struct ram_region *r = known_ram(d, code->pa);
    uint8_t *flags = r ? ram_flags(r, code->pa) : NULL;

    code->any = true;
    code->idle = 0;
    if (!flags || *flags & RAM_PAGE_CODE)
        return;
    if (*flags & RAM_PAGE_WTAG)
        for (struct cpu *c = d->first; c; c = c->host.domain_next)
            mmu_watch_code(c, code);
    *flags = RAM_PAGE_CODE;
}

void domain_code_written(struct cpu_domain *d, uint64_t pa, uint64_t size)
{
    struct ram_code *code = known_code(d, pa);

    if (!code || !ram_code_hit(code, pa, size))
        return;
    for (struct cpu *c = d->first; c; c = c->host.domain_next)
        code_written(c, code->pa);
    memset(code->words, 0, sizeof(code->words));
    code->any = false;
}

bool domain_code_idle(struct cpu_domain *d, struct ram_code *code)
{
    struct ram_region *r = known_ram(d, code->pa);

    if (!r || code->any)
        return false;
    if (++code->idle < IDLE_STORES)
        return false;
    code->idle = IDLE_STORES; /* other entries are still to learn it */
    *ram_flags(r, code->pa) = RAM_PAGE_WTAG;
    return true;
}

void cpu_domain_memory_written(struct cpu_domain *d, uint64_t pa, uint64_t size)
{
    for (struct cpu *c = d->first; c; c = c->host.domain_next)
        c->arch.excl_valid = false;
    while (size) {
        uint64_t n = MMU_PAGE_SIZE - (pa & (MMU_PAGE_SIZE - 1));
        struct ram_region *r = known_ram(d, pa);

        if (n > size)
            n = size;
        if (r && (*ram_flags(r, pa) & RAM_PAGE_CODE))
            domain_code_written(d, pa, n);
        pa += n;
        size -= n;
    }
}

void domain_running(struct cpu *c)
{
    if (c->host.domain->running != c) {
        c->arch.excl_valid = false;
        c->host.domain->running = c;
    }
}
