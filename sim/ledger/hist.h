/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-linear histogram of cycle counts, the idea of HdrHistogram: exact below 64, then 32 steps per power of
 * two, so a quantile is within 1.6 % of a value that occurred. No allocation; about 5 KiB.
 */
#ifndef TG_SIM_LEDGER_HIST_H
#define TG_SIM_LEDGER_HIST_H

#include <stdint.h>

#define HIST_EXACT 64 /* values below stand for themselves */
#define HIST_STEPS 32 /* per power of two */
#define HIST_LIMIT 42 /* values from 2^42 on share the last step */
#define HIST_SLOTS (HIST_EXACT + (HIST_LIMIT - 6) * HIST_STEPS)

struct hist {
    uint64_t count;
    uint32_t slot[HIST_SLOTS];
};

static inline unsigned hist_slot(uint64_t v)
{
    if (v < HIST_EXACT)
        return (unsigned)v;
    unsigned e = 63 - (unsigned)__builtin_clzll(v);
    if (e >= HIST_LIMIT)
        return HIST_SLOTS - 1;
    return HIST_EXACT + (e - 6) * HIST_STEPS + (unsigned)((v >> (e - 5)) & (HIST_STEPS - 1));
}

static inline void hist_add(struct hist *h, uint64_t v)
{
    h->count++;
    h->slot[hist_slot(v)]++;
}

/* Middle of the values of a slot. */
static inline uint64_t hist_value(unsigned slot)
{
    if (slot < HIST_EXACT)
        return slot;
    unsigned e = 6 + (slot - HIST_EXACT) / HIST_STEPS;
    uint64_t step = UINT64_C(1) << (e - 5);
    return (HIST_STEPS + (slot - HIST_EXACT) % HIST_STEPS) * step + step / 2;
}

/* The smallest value that at least permille/1000 of all are not above; 0 when empty. */
static inline uint64_t hist_quantile(const struct hist *h, unsigned permille)
{
    uint64_t rank = (h->count * permille + 999) / 1000, seen = 0;
    if (rank == 0)
        rank = 1;
    for (unsigned i = 0; i < HIST_SLOTS && h->count; i++) {
        seen += h->slot[i];
        if (seen >= rank)
            return hist_value(i);
    }
    return 0;
}

#endif
