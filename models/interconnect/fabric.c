/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fabric: which target answers at an address, what the crossing costs, and the system-level cache before
 * memory. Transactions are routed whole: one that crosses the end of a window is a decode error. It does not
 * model the links of a mesh (one latency stands for the way to the home node and back), nor snoops (PEs ask
 * each other, models/cpu/cache), nor ordering. docs/timing.md tells more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/interconnect/cluster.h"
#include "models/interconnect/interconnect.h"
#include "models/interconnect/slc.h"

#define FABRIC_DMA_MASTER 0x1000 /* first requester id that is not a PE (bus.h) */

struct fabric {
    struct tg_model m;
    uint64_t latency;            /* ps */
    struct fabric_range *ranges; /* sorted by base */
    size_t n_ranges;
    size_t last; /* index of the last hit */
    void (*written)(void *opaque, uint64_t pa, uint64_t size);
    void *written_opaque;
    struct clusters clusters;
    struct slc slc;
    uint64_t slc_size, slc_latency; /* bytes, ps */
    uint32_t slc_ways;
    uint64_t transactions, decode_errors;
    uint64_t slc_access, slc_miss, slc_writeback;
};

int fabric_map(struct tg_model *m, const struct fabric_range *range, struct tg_error *err)
{
    struct fabric *f = (struct fabric *)m;
    struct fabric_range *ranges;
    size_t at = 0;

    if (range->size == 0 || range->base + (range->size - 1) < range->base)
        return tg_error_set(err, EINVAL, "%s: window of %#llx bytes at %#llx is empty or wraps around",
                            range->name, (unsigned long long)range->size, (unsigned long long)range->base);
    while (at < f->n_ranges && f->ranges[at].base < range->base)
        at++;
    for (size_t i = at ? at - 1 : 0; i < f->n_ranges && i <= at; i++) {
        const struct fabric_range *o = &f->ranges[i];

        if (range->base <= o->base + (o->size - 1) && o->base <= range->base + (range->size - 1))
            return tg_error_set(err, EINVAL, "%s at 0x%llx..0x%llx overlaps %s at 0x%llx..0x%llx",
                                range->name, (unsigned long long)range->base,
                                (unsigned long long)(range->base + (range->size - 1)), o->name,
                                (unsigned long long)o->base, (unsigned long long)(o->base + (o->size - 1)));
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

/* ---- lines: timing only, no data ---- */

void fabric_expect(struct tg_model *m, uint64_t pa)
{
    const struct fabric *f = (const struct fabric *)m;

    if (slc_present(&f->slc))
        slc_expect(&f->slc, pa);
}

static bool is_line(const struct tg_bus_txn *txn)
{
    switch (txn->attrs.kind) {
    case TG_BUS_LINEFILL:
    case TG_BUS_FETCH:
    case TG_BUS_WALK:
    case TG_BUS_PREFETCH:
    case TG_BUS_WRITEBACK:
        return !txn->data && txn->attrs.mem_type == TG_MEM_NORMAL_WB;
    default:
        return false;
    }
}

/* A dirty line goes to memory: nobody waits for it, but it occupies the channel. */
static void write_back(struct fabric *f, uint64_t addr, const struct tg_bus_txn *cause)
{
    struct fabric_range *r = lookup(f, addr);
    struct tg_bus_txn txn = {.addr = addr,
                             .size = 1 << SLC_LINE_BITS,
                             .write = true,
                             .time = cause->time,
                             .latency = cause->latency};

    f->slc_writeback++;
    if (!r || !r->memory || txn.size > r->size - (addr - r->base))
        return;
    txn.addr -= r->base;
    txn.attrs = cause->attrs;
    txn.attrs.kind = TG_BUS_WRITEBACK;
    r->target.transport(r->target.opaque, &txn);
}

static void enter(struct fabric *f, struct tg_bus_txn *txn, bool dirty)
{
    uint64_t victim;

    if (slc_insert(&f->slc, txn->addr, dirty, &victim))
        write_back(f, victim, txn);
}

/* True: answered by the SLC, latency is complete. */
static bool slc_transport(struct fabric *f, struct tg_bus_txn *txn)
{
    bool write = txn->attrs.kind == TG_BUS_WRITEBACK;

    f->slc_access++;
    txn->latency += f->slc_latency;
    if (slc_lookup(&f->slc, txn->addr, write)) {
        txn->served = TG_SERVED_SLC;
        txn->resp = TG_BUS_OK;
        return true;
    }
    f->slc_miss++;
    if (write) { /* a whole line: nothing is read */
        enter(f, txn, true);
        txn->served = TG_SERVED_SLC;
        txn->resp = TG_BUS_OK;
        return true;
    }
    return false;
}

int fabric_add_cluster(struct tg_model *m, struct tg_model *cache, unsigned first, unsigned count)
{
    return clusters_add(&((struct fabric *)m)->clusters, cache, first, count);
}

static void route(struct fabric *f, struct fabric_range *r, struct tg_bus_txn *txn);

/* A dirty line that fell out of a cluster's cache: nobody waits for it. */
static void cluster_writes_back(struct fabric *f, uint64_t addr, const struct tg_bus_txn *cause)
{
    struct fabric_range *r = lookup(f, addr);
    struct tg_bus_txn txn = {.addr = addr,
                             .size = 1 << SLC_LINE_BITS,
                             .write = true,
                             .time = cause->time,
                             .latency = cause->latency,
                             .attrs = cause->attrs};

    txn.attrs.kind = TG_BUS_WRITEBACK;
    if (r && r->memory && txn.size <= r->size - (addr - r->base))
        route(f, r, &txn);
}

/* True: answered without memory, latency is complete. */
static bool cluster_transport(struct fabric *f, struct tg_bus_txn *txn)
{
    uint64_t victim;
    bool wrote;
    enum cluster_answer answer = clusters_line(&f->clusters, txn, &wrote, &victim);

    if (wrote)
        cluster_writes_back(f, victim, txn);
    if (answer == CLUSTER_PEER) {
        f->transactions++;
        txn->latency += f->latency;
    }
    txn->resp = TG_BUS_OK;
    return answer != CLUSTER_MISS;
}

/* The rest of the way, from the fabric's entrance on. */
static void route(struct fabric *f, struct fabric_range *r, struct tg_bus_txn *txn)
{
    uint64_t addr = txn->addr;

    f->transactions++;
    txn->latency += f->latency;
    if (r->memory && slc_present(&f->slc) && is_line(txn)) {
        if (slc_transport(f, txn))
            return;
        enter(f, txn, false);
    }
    txn->addr = addr - r->base;
    txn->resp = TG_BUS_OK;
    r->target.transport(r->target.opaque, txn);
    txn->addr = addr;
    if (txn->write && r->memory && txn->resp == TG_BUS_OK && txn->attrs.requester >= FABRIC_DMA_MASTER) {
        if (slc_present(&f->slc) || f->clusters.n) /* the next reader finds it in memory */
            for (uint64_t a = addr & -(UINT64_C(1) << SLC_LINE_BITS); a < addr + txn->size;
                 a += 1 << SLC_LINE_BITS) {
                if (slc_present(&f->slc))
                    slc_drop(&f->slc, a);
                clusters_drop(&f->clusters, a);
            }
        if (f->written)
            f->written(f->written_opaque, addr, txn->size);
    }
}

static void fabric_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    struct fabric *f = (struct fabric *)m;
    struct fabric_range *r = lookup(f, txn->addr);

    (void)frame;
    if (tg_unlikely(!r || txn->size == 0 || txn->size > r->size - (txn->addr - r->base))) {
        f->transactions++;
        txn->latency += f->latency;
        f->decode_errors++;
        txn->resp = TG_BUS_DECERR;
        return;
    }
    if (f->clusters.n && r->memory && is_line(txn) && cluster_transport(f, txn))
        return;
    route(f, r, txn);
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

static int fabric_realize(struct tg_model *m, struct tg_error *err)
{
    struct fabric *f = (struct fabric *)m;
    int rc = slc_init(&f->slc, f->slc_size, f->slc_ways);

    if (rc == -EINVAL)
        return tg_error_set(
            err, EINVAL, "slc.size: found %llu bytes, expected a multiple of slc.ways (%u) lines of 64 bytes",
            (unsigned long long)f->slc_size, f->slc_ways);
    return rc ? tg_error_set(err, -rc, "slc.size: out of memory") : 0;
}

static void fabric_fini(struct tg_model *m)
{
    struct fabric *f = (struct fabric *)m;

    slc_fini(&f->slc);
    free(f->ranges);
}

static const struct tg_param fabric_params[] = {
    {.name = "latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct fabric, latency),
     .def = 10 * TG_NS,
     .max = TG_MS,
     .description = "of one crossing, request and response together"},
    {.name = "slc.size",
     .type = TG_PARAM_SIZE,
     .offset = offsetof(struct fabric, slc_size),
     .max = UINT64_C(1) << 30,
     .description = "system-level cache before memory; 0: none"},
    {.name = "slc.ways",
     .type = TG_PARAM_U32,
     .unit = "ways",
     .offset = offsetof(struct fabric, slc_ways),
     .def = 16,
     .min = 1,
     .max = 64,
     .description = "system-level cache associativity"},
    {.name = "slc.latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct fabric, slc_latency),
     .def = 15 * TG_NS,
     .max = TG_MS,
     .description =
         "of a look-up in the system-level cache, besides the crossing; a miss pays it before memory"},
};

static const struct tg_counter fabric_counters[] = {
    {"transactions", "transactions", "everything that was routed", offsetof(struct fabric, transactions)},
    {"decode_errors", "transactions", "answered with a decode error: nothing at the address",
     offsetof(struct fabric, decode_errors)},
    {"slc.access", "accesses", "line fills and write-backs that asked the system-level cache",
     offsetof(struct fabric, slc_access)},
    {"slc.miss", "accesses", "of these, lines that it did not have", offsetof(struct fabric, slc_miss)},
    {"slc.writeback", "lines", "dirty lines it wrote to memory", offsetof(struct fabric, slc_writeback)},
};

static const struct tg_state state[] = {
    TG_STATE_SPAN(struct fabric, ranges, n_ranges, TG_WHY_FIXED, "the address map"),
    TG_STATE_HOST(struct fabric, last, "where a look-up begins"),
    TG_STATE_SPAN(struct fabric, written, written_opaque, TG_WHY_FIXED, "who listens"),
    TG_STATE_FIXED(struct fabric, clusters, "which caches there are, and whose"),
    TG_STATE_IN(struct fabric, slc, struct slc, slc_table),
};

const struct tg_model_class fabric_class = {
    .name = "fabric",
    .description = "routes transactions by address; system-level cache",
    .size = sizeof(struct fabric),
    .params = fabric_params,
    .n_params = TG_ARRAY_SIZE(fabric_params),
    .counters = fabric_counters,
    .n_counters = TG_ARRAY_SIZE(fabric_counters),
    .state = TG_STATE_TABLE(struct fabric, state),
    .realize = fabric_realize,
    .fini = fabric_fini,
    .transport = fabric_transport,
    .get_dmi = fabric_get_dmi,
};
