/* SPDX-License-Identifier: Apache-2.0 */
/* Caches of clusters. See cluster.h. */
#include "models/interconnect/cluster.h"

#include <errno.h>

static struct cluster_cache *cluster_of(struct tg_model *m)
{
    return (struct cluster_cache *)m;
}

uint64_t cluster_cache_size(const struct tg_model *m)
{
    return ((const struct cluster_cache *)m)->size;
}

uint32_t cluster_cache_ways(const struct tg_model *m)
{
    return ((const struct cluster_cache *)m)->ways;
}

int clusters_add(struct clusters *c, struct tg_model *cache, unsigned first, unsigned count)
{
    bool known = false;

    if (first > FABRIC_MAX_PES || count > FABRIC_MAX_PES - first)
        return -EINVAL;
    for (unsigned i = first; i < first + count; i++)
        if (c->of[i])
            return -EINVAL;
    for (unsigned i = first; i < first + count; i++)
        c->of[i] = cluster_of(cache);
    for (unsigned i = 0; i < c->n; i++)
        known |= c->all[i] == cluster_of(cache);
    if (count && !known)
        c->all[c->n++] = cluster_of(cache);
    return 0;
}

void clusters_drop(struct clusters *c, uint64_t addr)
{
    for (unsigned i = 0; i < c->n; i++)
        slc_drop(&c->all[i]->tags, addr);
}

/* Another cluster's cache that has the line, or NULL. What is asked for alone leaves the others. */
static struct cluster_cache *ask_others(struct clusters *c, const struct cluster_cache *own, uint64_t addr,
                                        bool alone)
{
    struct cluster_cache *found = NULL;

    for (unsigned i = 0; i < c->n; i++) {
        struct cluster_cache *o = c->all[i];

        if (o == own || !slc_lookup(&o->tags, addr, false))
            continue;
        found = found ? found : o;
        if (alone)
            slc_drop(&o->tags, addr);
    }
    return found;
}

enum cluster_answer clusters_line(struct clusters *c, struct tg_bus_txn *txn, bool *wrote, uint64_t *victim)
{
    struct cluster_cache *own = txn->attrs.requester < FABRIC_MAX_PES ? c->of[txn->attrs.requester] : NULL;
    bool write = txn->attrs.kind == TG_BUS_WRITEBACK, alone = write || txn->attrs.exclusive;
    struct cluster_cache *other;

    *wrote = false;
    if (own) {
        own->accesses++;
        txn->latency += own->latency;
        if (slc_lookup(&own->tags, txn->addr, write)) {
            if (alone)
                ask_others(c, own, txn->addr, true);
            txn->served = TG_SERVED_CLUSTER;
            return CLUSTER_HIT;
        }
        own->misses++;
        *wrote = slc_insert(&own->tags, txn->addr, write, victim);
        own->writebacks += *wrote;
    }
    other = ask_others(c, own, txn->addr, alone);
    if (own && write) { /* a whole line: nothing is read */
        txn->served = TG_SERVED_CLUSTER;
        return CLUSTER_HIT;
    }
    if (!other || write)
        return CLUSTER_MISS;
    txn->latency += other->latency;
    txn->served = TG_SERVED_PEER;
    return CLUSTER_PEER;
}

static int cluster_realize(struct tg_model *m, struct tg_error *err)
{
    struct cluster_cache *c = cluster_of(m);
    int rc = slc_init(&c->tags, c->size, c->ways);

    if (rc == -EINVAL)
        return tg_error_set(err, EINVAL,
                            "size: found %llu bytes, expected a multiple of ways (%u) lines of 64 bytes",
                            (unsigned long long)c->size, c->ways);
    return rc ? tg_error_set(err, -rc, "size: out of memory") : 0;
}

static void cluster_fini(struct tg_model *m)
{
    slc_fini(&cluster_of(m)->tags);
}

static const struct tg_param cluster_params[] = {
    {.name = "size",
     .type = TG_PARAM_SIZE,
     .offset = offsetof(struct cluster_cache, size),
     .def = 1 << 20,
     .min = 1024,
     .max = UINT64_C(1) << 28,
     .description = "of the cache"},
    {.name = "ways",
     .type = TG_PARAM_U32,
     .unit = "ways",
     .offset = offsetof(struct cluster_cache, ways),
     .def = 16,
     .min = 1,
     .max = 64,
     .description = "associativity"},
    {.name = "latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct cluster_cache, latency),
     .def = 12 * TG_NS,
     .max = TG_MS,
     .description = "of a look-up, besides those of the private caches; a miss pays it before the fabric"},
};

static const struct tg_counter cluster_counters[] = {
    {"access", "accesses", "line fills and write-backs of the cluster's PEs",
     offsetof(struct cluster_cache, accesses)},
    {"miss", "accesses", "of these, lines that it did not have", offsetof(struct cluster_cache, misses)},
    {"writeback", "lines", "dirty lines it wrote to the fabric", offsetof(struct cluster_cache, writebacks)},
};

static const struct tg_state state[] = {
    TG_STATE_IN(struct cluster_cache, tags, struct slc, slc_table),
};

const struct tg_model_class cluster_cache_class = {
    .name = "cluster-cache",
    .description = "cache that the PEs of a cluster share, between their own and the fabric",
    .size = sizeof(struct cluster_cache),
    .params = cluster_params,
    .n_params = TG_ARRAY_SIZE(cluster_params),
    .counters = cluster_counters,
    .n_counters = TG_ARRAY_SIZE(cluster_counters),
    .state = TG_STATE_TABLE(struct cluster_cache, state),
    .realize = cluster_realize,
    .fini = cluster_fini,
};
