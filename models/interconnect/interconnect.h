/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interconnect: `fabric` routes transactions by address to targets; `ram` is memory behind it;
 * `cluster-cache` stands between the PEs of a cluster and the fabric. Public to sim/ and tests.
 */
#ifndef TG_INTERCONNECT_H
#define TG_INTERCONNECT_H

#include "models/base/model.h"

extern const struct tg_model_class fabric_class;
extern const struct tg_model_class ram_class;
extern const struct tg_model_class cluster_cache_class;

/* A window of the address map. The target sees offsets from base. */
struct fabric_range {
    uint64_t base, size; /* bytes; size > 0, no wrap around the end of the address space */
    struct tg_bus_target target;
    bool memory;      /* RAM: writes of masters other than PEs are reported (fabric_on_written) */
    const char *name; /* of the target, for messages; lives as long as the fabric */
};

/* Adds a window: 0, or -EINVAL with err naming the window that overlaps; -ENOMEM. At any time. */
int fabric_map(struct tg_model *fabric, const struct fabric_range *range, struct tg_error *err);

/* Called after each write to memory whose requester is not a PE (attrs.requester >= 0x1000). */
void fabric_on_written(struct tg_model *fabric, void (*fn)(void *opaque, uint64_t pa, uint64_t size),
                       void *opaque);

/* The line at pa will soon be asked for: brings what the system-level cache knows of it into the host's
 * caches. Nothing else happens. */
void fabric_expect(struct tg_model *fabric, uint64_t pa);

/* The initiator's view of the fabric; each initiator gets a copy. */
struct tg_bus_port fabric_port(struct tg_model *fabric);

/* Window that holds addr, or NULL. */
const struct fabric_range *fabric_lookup(struct tg_model *fabric, uint64_t addr);

#define FABRIC_MAX_PES 64

/* Lines for PEs first .. first + count - 1 (requester ids) are looked for in `cache` before they cross the
 * fabric. 0; -EINVAL: no such PEs, or one of them has a cache already. */
int fabric_add_cluster(struct tg_model *fabric, struct tg_model *cache, unsigned first, unsigned count);

/* Geometry of a cluster cache. */
uint64_t cluster_cache_size(const struct tg_model *cache); /* bytes */
uint32_t cluster_cache_ways(const struct tg_model *cache);

/* Host memory of a ram model after realize, and its size in bytes (a whole number of pages, reads as zero
 * until touched). */
uint8_t *ram_host(struct tg_model *ram);
/* Is it of the Secure state only? */
bool ram_secure(const struct tg_model *ram);

#endif
