/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit fields. A field is its mask: `#define ESR_EC TG_FIELD(31, 26)`; tg_get(esr, ESR_EC) reads it,
 * tg_put(ESR_EC, v) makes the value in place, tg_set(&esr, ESR_EC, v) replaces it. Masks are constants, so
 * the shifts fold away.
 */
#ifndef TG_BASE_BITS_H
#define TG_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TG_BIT(n) (UINT64_C(1) << (n))
/* Bits hi..lo inclusive, 63 >= hi >= lo >= 0, as in the manual's diagrams. */
#define TG_FIELD(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

#define tg_likely(x)   __builtin_expect(!!(x), 1)
#define tg_unlikely(x) __builtin_expect(!!(x), 0)

#define TG_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline uint64_t tg_get(uint64_t value, uint64_t field)
{
    return (value & field) >> __builtin_ctzll(field);
}

static inline uint64_t tg_put(uint64_t field, uint64_t v)
{
    return (v << __builtin_ctzll(field)) & field;
}

static inline uint64_t tg_with(uint64_t value, uint64_t field, uint64_t v)
{
    return (value & ~field) | tg_put(field, v);
}

static inline void tg_set(uint64_t *value, uint64_t field, uint64_t v)
{
    *value = tg_with(*value, field, v);
}

/* Sign-extends the low `bits` (1..64) of v. */
static inline int64_t tg_sext(uint64_t v, unsigned bits)
{
    return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static inline uint64_t tg_ones(unsigned bits)
{
    return bits >= 64 ? ~UINT64_C(0) : TG_BIT(bits) - 1;
}

#endif
