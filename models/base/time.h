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

/* floor(cycles * 10^12 / hz): the time of the edge that ends cycle `cycles` of a clock that started at 0. No drift. hz > 0. */
static inline tg_time tg_cycles_to_time(uint64_t cycles, uint64_t hz)
{
    return (tg_time)((unsigned __int128)cycles * TG_SEC / hz);
}

/* Number of whole cycles of a clock of `hz` that have passed at time t. */
static inline uint64_t tg_time_to_cycles(tg_time t, uint64_t hz)
{
    return (uint64_t)((unsigned __int128)t * hz / TG_SEC);
}

/* The first cycle whose time (tg_cycles_to_time) is not before t. */
static inline uint64_t tg_time_to_cycles_up(tg_time t, uint64_t hz)
{
    return (uint64_t)(((unsigned __int128)t * hz + TG_SEC - 1) / TG_SEC);
}

#endif
