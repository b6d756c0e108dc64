/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caches that clusters of PEs share, between private caches and the fabric: tags and latency. Private to
 * models/interconnect; the fabric asks them.
 *
 * Every line that a PE of the cluster brings in or writes back enters it (neither inclusive nor exclusive of
 * the private caches). A line that one cluster asks for alone, or writes back, leaves the caches of the
 * others; one that is only read comes from another cluster's cache, if it is there, over the fabric.
 */
#ifndef TG_INTERCONNECT_CLUSTER_H
#define TG_INTERCONNECT_CLUSTER_H

#include "models/interconnect/interconnect.h"
#include "models/interconnect/slc.h"

struct cluster_cache {
    struct tg_model m;
    struct slc tags;
    uint64_t size, latency; /* bytes, ps */
    uint32_t ways;
    uint64_t accesses, misses, writebacks;
};

/* The caches of one fabric. */
struct clusters {
    struct cluster_cache *of[FABRIC_MAX_PES]; /* by requester; NULL: none */
    struct cluster_cache *all[FABRIC_MAX_PES];
    unsigned n;
};

enum cluster_answer {
    CLUSTER_MISS, /* goes on over the fabric */
    CLUSTER_HIT,  /* answered, latency is complete */
    CLUSTER_PEER, /* another cluster's cache answers, over the fabric */
};

int clusters_add(struct clusters *c, struct tg_model *cache, unsigned first, unsigned count);
/* A line transaction for memory. Adds what the look-ups take. True in *wrote: a dirty line fell out, at
 * *victim. */
enum cluster_answer clusters_line(struct clusters *c, struct tg_bus_txn *txn, bool *wrote, uint64_t *victim);
/* A master that is no PE wrote the line. */
void clusters_drop(struct clusters *c, uint64_t addr);

#endif
