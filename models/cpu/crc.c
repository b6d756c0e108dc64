/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32 instructions: a nibble at a time, with tables of 16 per polynomial. */
#include "models/cpu/crc.h"

/* Remainders of the nibbles for the bit-reversed polynomials of CRC32 and CRC32C. */
static const uint32_t remainders[2][16] = {
    {
        0x00000000,
        0x1db71064,
        0x3b6e20c8,
        0x26d930ac,
        0x76dc4190,
        0x6b6b51f4,
        0x4db26158,
        0x5005713c,
        0xedb88320,
        0xf00f9344,
        0xd6d6a3e8,
        0xcb61b38c,
        0x9b64c2b0,
        0x86d3d2d4,
        0xa00ae278,
        0xbdbdf21c,
    },
    {
        0x00000000,
        0x105ec76f,
        0x20bd8ede,
        0x30e349b1,
        0x417b1dbc,
        0x5125dad3,
        0x61c69362,
        0x7198540d,
        0x82f63b78,
        0x92a8fc17,
        0xa24bb5a6,
        0xb21572c9,
        0xc38d26c4,
        0xd3d3e1ab,
        0xe330a81a,
        0xf36e6f75,
    },
};

uint32_t cpu_crc32(enum cpu_crc_poly poly, uint32_t crc, uint64_t v, unsigned bytes)
{
    const uint32_t *t = remainders[poly];

    for (unsigned i = 0; i < bytes; i++) {
        crc ^= v >> (8 * i) & 0xff;
        crc = crc >> 4 ^ t[crc & 15];
        crc = crc >> 4 ^ t[crc & 15];
    }
    return crc;
}

unsigned __int128 cpu_pmul64(uint64_t a, uint64_t b)
{
    unsigned __int128 r = 0, v = a;

    for (; b; b >>= 1, v <<= 1)
        if (b & 1)
            r ^= v;
    return r;
}
