/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system-level cache of a fabric, or the cache of a cluster: tags of lines, exact LRU within a set.
 * Private to models/interconnect. It holds no data and keeps no time; who asks adds its latency.
 */
#ifndef TG_INTERCONNECT_SLC_H
#define TG_INTERCONNECT_SLC_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/model.h"

#define SLC_LINE_BITS 6 /* 64-byte lines, as all modelled cores have */

struct slc {
    uint64_t *tags; /* [sets][ways], most recent first: line number << 2 | flags */
    uint64_t sets, ways;
    uint64_t mask; /* sets - 1 where that is a mask; else 0 */
};

extern const struct tg_state_table slc_table;

/* size in bytes (0: absent); ways > 0. 0, -EINVAL: not a whole number of sets; -ENOMEM. */
int slc_init(struct slc *s, uint64_t size, uint32_t ways);
void slc_fini(struct slc *s);

static inline bool slc_present(const struct slc *s)
{
    return s->tags != 0;
}

/* The line at addr will be looked up soon: prefetches its set for the host. */
void slc_expect(const struct slc *s, uint64_t addr);
/* Looks the line at addr up and makes it the most recent; dirty: marks it so. */
bool slc_lookup(struct slc *s, uint64_t addr, bool dirty);
/* Enters a line that is absent; true: a dirty line fell out, its address is in *victim. */
bool slc_insert(struct slc *s, uint64_t addr, bool dirty, uint64_t *victim);
/* Removes the line, dirty or not (another master wrote memory). */
void slc_drop(struct slc *s, uint64_t addr);

#endif
