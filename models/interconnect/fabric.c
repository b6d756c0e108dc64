/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fabric: which target answers at an address. One constant latency per hop; it does not model coherence traffic, contention or
 * ordering. Transactions are routed whole: one that crosses the end of a window is a decode error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/interconnect/interconnect.h"

#define FABRIC_DMA_MASTER 0x1000 /* first requester id that is not a PE (bus.h) */

struct fabric {
    struct tg_model m;
    uint64_t latency; /* ps */
    struct fabric_range *ranges; /* sorted by base */
    size_t n_ranges;
    size_t last; /* index of the last hit */
    void (*written)(void *opaque, uint64_t pa, uint64_t size);
    void *written_opaque;
    uint64_t transactions, decode_errors;
};

int fabric_map(struct tg_model *m, const struct fabric_range *range, struct tg_error *err)
{
    struct fabric *f = (struct fabric *)m;
    struct fabric_range *ranges;
    size_t at = 0;

    if (range->size == 0 || range->base + (range->size - 1) < range->base)
        return tg_error_set(err, EINVAL, "%s: window of %#llx bytes at %#llx is empty or wraps around", range->name,
                            (unsigned long long)range->size, (unsigned long long)range->base);
    while (at < f->n_ranges && f->ranges[at].base < range->base)
        at++;
    for (size_t i = at ? at - 1 : 0; i < f->n_ranges && i <= at; i++) {
        const struct fabric_range *o = &f->ranges[i];

        if (range->base <= o->base + (o->size - 1) && o->base <= range->base + (range->size - 1))
            return tg_error_set(err, EINVAL, "%s at %#llx..%#llx overlaps %s at %#llx..%#llx", range->name,
                                (unsigned long long)range->base, (unsigned long long)(range->base + (range->size - 1)),
                                o->name, (unsigned long long)o->base, (unsigned long long)(o->base + (o->size - 1)));
    }
    ranges = realloc(f->ranges, (f->n_ranges + 1) * sizeof(*ranges));
    if (!ranges)
        return tg_error_set(err, ENOMEM, "out of memory");
    f->ranges = ranges;
    memmove(&ranges[at + 1], &ranges[at], (f->n_ranges - at) * sizeof(*ranges));
    ranges[at] = *range;
    f->n_ranges++;
    f->last = 0;
    return 0;
}

void fabric_on_written(struct tg_model *m, void (*fn)(void *opaque, uint64_t pa, uint64_t size), void *opaque)
{
    struct fabric *f = (struct fabric *)m;

    f->written = fn;
    f->written_opaque = opaque;
}

static bool holds(const struct fabric_range *r, uint64_t addr)
{
    return addr - r->base < r->size;
}

static struct fabric_range *lookup(struct fabric *f, uint64_t addr)
{
    size_t lo = 0, hi = f->n_ranges;

    if (tg_likely(f->last < f->n_ranges && holds(&f->ranges[f->last], addr)))
        return &f->ranges[f->last];
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (f->ranges[mid].base <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0 || !holds(&f->ranges[lo - 1], addr))
        return NULL;
    f->last = lo - 1;
    return &f->ranges[lo - 1];
}

const struct fabric_range *fabric_lookup(struct tg_model *m, uint64_t addr)
{
    return lookup((struct fabric *)m, addr);
}

static void fabric_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    struct fabric *f = (struct fabric *)m;
    struct fabric_range *r = lookup(f, txn->addr);
    uint64_t addr = txn->addr;

    (void)frame;
    f->transactions++;
    txn->latency += f->latency;
    if (tg_unlikely(!r || txn->size == 0 || txn->size > r->size - (addr - r->base))) {
        f->decode_errors++;
        txn->resp = TG_BUS_DECERR;
        return;
    }
    txn->addr = addr - r->base;
    txn->resp = TG_BUS_OK;
    r->target.transport(r->target.opaque, txn);
    txn->addr = addr;
    if (txn->write && r->memory && txn->attrs.requester >= FABRIC_DMA_MASTER && f->written)
        f->written(f->written_opaque, addr, txn->size);
}

static bool fabric_get_dmi(struct tg_model *m, unsigned frame, uint64_t addr, struct tg_dmi *out)
{
    struct fabric *f = (struct fabric *)m;
    struct fabric_range *r = lookup(f, addr);

    (void)frame;
    if (!r || !r->target.get_dmi || !r->target.get_dmi(r->target.opaque, addr - r->base, out))
        return false;
    /* The target may be larger than its window; what lies outside is not ours to give. */
    if (out->base >= r->size)
        return false;
    if (out->size > r->size - out->base)
        out->size = r->size - out->base;
    out->base += r->base;
    return true;
}

static void port_transport(void *opaque, struct tg_bus_txn *txn)
{
    fabric_transport(opaque, 0, txn);
}

static bool port_get_dmi(void *opaque, uint64_t addr, struct tg_dmi *out)
{
    return fabric_get_dmi(opaque, 0, addr, out);
}

struct tg_bus_port fabric_port(struct tg_model *m)
{
    return (struct tg_bus_port){.transport = port_transport, .get_dmi = port_get_dmi, .opaque = m};
}

static void fabric_fini(struct tg_model *m)
{
    free(((struct fabric *)m)->ranges);
}

static const struct tg_param fabric_params[] = {
    {.name = "latency", .type = TG_PARAM_TIME, .offset = offsetof(struct fabric, latency), .def = 10 * TG_NS,
     .max = TG_MS, .description = "of one crossing, request and response together"},
};

static const struct tg_counter fabric_counters[] = {
    {"transactions", "transactions", "everything that was routed", offsetof(struct fabric, transactions)},
    {"decode_errors", "transactions", "answered with a decode error: nothing at the address",
     offsetof(struct fabric, decode_errors)},
};

const struct tg_model_class fabric_class = {
    .name = "fabric",
    .description = "routes transactions by address",
    .size = sizeof(struct fabric),
    .params = fabric_params,
    .n_params = TG_ARRAY_SIZE(fabric_params),
    .counters = fabric_counters,
    .n_counters = TG_ARRAY_SIZE(fabric_counters),
    .fini = fabric_fini,
    .transport = fabric_transport,
    .get_dmi = fabric_get_dmi,
};
