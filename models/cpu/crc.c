/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32 instructions: a nibble at a time, with tables of 16 per polynomial. */
#include "models/cpu/crc.h"

uint32_t cpu_crc32(uint32_t poly, uint32_t crc, uint64_t v, unsigned bytes)
{
    uint32_t t[16];

    for (uint32_t n = 0; n < 16; n++) {
        uint32_t r = n;

        for (unsigned b = 0; b < 4; b++)
            r = r & 1 ? r >> 1 ^ poly : r >> 1;
        t[n] = r;
    }
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
