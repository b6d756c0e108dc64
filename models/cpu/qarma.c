/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QARMA-64. A state is sixteen cells of four bits; cell 0 is the most significant. Cells form a 4x4 matrix
 * row by row, so that a row is 16 bits, and rotating a state by 16 bits moves each row to the place of the
 * one above.
 */
#include "models/cpu/qarma.h"

#include <stdbool.h>

/* Round constants (digits of pi) and the reflection constant. */
static const uint64_t constants[] = {
    UINT64_C(0x0000000000000000), UINT64_C(0x13198a2e03707344), UINT64_C(0xa4093822299f31d0),
    UINT64_C(0x082efa98ec4e6c89), UINT64_C(0x452821e638d01377),
};
#define ALPHA UINT64_C(0xc0ac29b7c97c50dd)

static const uint8_t sigma1[16] = {10, 13, 14, 6,  15, 7, 3, 5,
                                   9,  8,  0,  12, 11, 1, 2, 4}; /* its own inverse */
static const uint8_t sigma2[16] = {11, 6, 8, 15, 12, 0, 9, 14, 3, 7, 4, 5, 13, 2, 1, 10};
static const uint8_t sigma2_inv[16] = {5, 14, 13, 8, 10, 11, 1, 9, 2, 6, 15, 0, 4, 12, 7, 3};

/* Cell i of the result is cell tau[i] of the argument; h is the tweak's. */
static const uint8_t tau[16] = {0, 11, 6, 13, 10, 1, 12, 7, 5, 14, 3, 8, 15, 4, 9, 2};
static const uint8_t tau_inv[16] = {0, 5, 15, 10, 13, 8, 2, 7, 11, 14, 4, 1, 6, 3, 9, 12};
static const uint8_t h[16] = {6, 5, 14, 15, 0, 1, 2, 3, 7, 12, 13, 4, 8, 9, 10, 11};
static const uint8_t h_inv[16] = {4, 5, 6, 7, 11, 1, 0, 8, 12, 13, 14, 15, 9, 10, 2, 3};
/* Cells 0, 1, 3, 4, 8, 11, 13: those that the tweak's shift register steps. */
#define STEPPED UINT64_C(0xff0ff000f00f0f00)

static unsigned shift_of(unsigned cell)
{
    return 60 - 4 * cell;
}

static uint64_t permute(uint64_t v, const uint8_t from[16])
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 16; i++)
        r |= (v >> shift_of(from[i]) & 15) << shift_of(i);
    return r;
}

static uint64_t substitute(uint64_t v, const uint8_t sbox[16])
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 64; i += 4)
        r |= (uint64_t)sbox[v >> i & 15] << i;
    return r;
}

static uint64_t rotate_rows(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

/* Rotates each cell left by one bit, by two. */
static uint64_t cells_rol1(uint64_t v)
{
    return (v << 1 & UINT64_C(0xeeeeeeeeeeeeeeee)) | (v >> 3 & UINT64_C(0x1111111111111111));
}

static uint64_t cells_rol2(uint64_t v)
{
    return (v << 2 & UINT64_C(0xcccccccccccccccc)) | (v >> 2 & UINT64_C(0x3333333333333333));
}

/* M = circ(0, rho, rho^2, rho), an involution. */
static uint64_t mix(uint64_t v)
{
    return cells_rol1(rotate_rows(v, 16) ^ rotate_rows(v, 48)) ^ cells_rol2(rotate_rows(v, 32));
}

/* omega: (b3, b2, b1, b0) becomes (b0 ^ b1, b3, b2, b1). */
static uint64_t tweak_next(uint64_t t)
{
    uint64_t stepped;

    t = permute(t, h);
    stepped = (t >> 1 & UINT64_C(0x7777777777777777)) | ((t ^ t >> 1) << 3 & UINT64_C(0x8888888888888888));
    return (t & ~STEPPED) | (stepped & STEPPED);
}

static uint64_t tweak_previous(uint64_t t)
{
    uint64_t stepped =
        (t << 1 & UINT64_C(0xeeeeeeeeeeeeeeee)) | ((t ^ t >> 3) & UINT64_C(0x1111111111111111));

    return permute((t & ~STEPPED) | (stepped & STEPPED), h_inv);
}

uint64_t qarma64(enum qarma_kind kind, uint64_t text, uint64_t tweak, uint64_t w, uint64_t k)
{
    const unsigned rounds = kind == QARMA3 ? 2 : 4; /* full ones, besides the short one */
    const uint8_t *sbox = kind == QARMA3 ? sigma1 : sigma2, *inverse = kind == QARMA3 ? sigma1 : sigma2_inv;
    const uint64_t w1 = (w << 63 | w >> 1) ^ w >> 63;
    uint64_t s = text ^ w;

    for (unsigned i = 0; i <= rounds; i++) {
        s ^= k ^ tweak ^ constants[i];
        if (i)
            s = mix(permute(s, tau));
        s = substitute(s, sbox);
        tweak = tweak_next(tweak);
    }
    /* the reflector in the middle */
    s = substitute(mix(permute(s ^ w1 ^ tweak, tau)), sbox);
    s = permute(mix(permute(s, tau)) ^ k, tau_inv);
    s = permute(mix(substitute(s, inverse)), tau_inv) ^ w ^ tweak;
    for (unsigned i = 0; i <= rounds; i++) {
        s = substitute(s, inverse);
        if (i < rounds)
            s = permute(mix(s), tau_inv);
        tweak = tweak_previous(tweak);
        s ^= k ^ tweak ^ constants[rounds - i] ^ ALPHA;
    }
    return s ^ w1;
}
