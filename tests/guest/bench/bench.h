/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The works of guestbench: each is deterministic, needs no input, and gives a checksum that any correct
 * machine agrees with.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Once round the work, of some 100,000 to 1,000,000 instructions; `seed` makes one round unlike the other.
 * Thread-safe. */
uint64_t bench_integer(uint64_t seed);
uint64_t bench_float(uint64_t seed);

/* xorshift64* (Vigna 2016): inputs. */
static inline uint64_t bench_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* FNV-1a, a word at a time: checksums of results. */
static inline uint64_t bench_fold(uint64_t sum, uint64_t word)
{
    return (sum ^ word) * UINT64_C(0x100000001b3);
}

#endif
