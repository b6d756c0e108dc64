/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated time: 64-bit picoseconds (213 days), and exact conversion between cycles of a clock and time.
 */
#ifndef TG_BASE_TIME_H
#define TG_BASE_TIME_H

#include <stdint.h>

typedef uint64_t tg_time; /* picoseconds since power-on */

#define TG_PS         UINT64_C(1)
#define TG_NS         UINT64_C(1000)
#define TG_US         UINT64_C(1000000)
#define TG_MS         UINT64_C(1000000000)
#define TG_SEC        UINT64_C(1000000000000)
#define TG_TIME_NEVER UINT64_MAX

/* (a * b + c) / d in 128 bits, cut to 64. One divide instruction where the quotient fits, instead of a
 * library call: this runs at every look at a clock. */
static inline uint64_t tg_muldiv(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    unsigned __int128 n = (unsigned __int128)a * b + c;
#ifdef __x86_64__
    uint64_t hi = (uint64_t)(n >> 64), lo = (uint64_t)n;

    if (__builtin_expect(hi < d, 1)) {
        __asm__("divq %[d]" : "+a"(lo), "+d"(hi) : [d] "rm"(d) : "cc");
        return lo;
    }
#endif
    return (uint64_t)(n / d);
}

/* floor(cycles * 10^12 / hz): the time of the edge that ends cycle `cycles` of a clock that started at 0. No
 * drift. hz > 0. */
static inline tg_time tg_cycles_to_time(uint64_t cycles, uint64_t hz)
{
    return tg_muldiv(cycles, TG_SEC, 0, hz);
}

/* Number of whole cycles of a clock of `hz` that have passed at time t. */
static inline uint64_t tg_time_to_cycles(tg_time t, uint64_t hz)
{
    return tg_muldiv(t, hz, 0, TG_SEC);
}

/* The first cycle whose time (tg_cycles_to_time) is not before t. */
static inline uint64_t tg_time_to_cycles_up(tg_time t, uint64_t hz)
{
    return tg_muldiv(t, hz, TG_SEC - 1, TG_SEC);
}

#endif
