/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32 and CRC32C of the CRC instructions; carry-less multiplication. */
#ifndef TG_CPU_CRC_H
#define TG_CPU_CRC_H

#include <stdint.h>

enum cpu_crc_poly {
    CPU_CRC32,  /* 0x04c11db7 */
    CPU_CRC32C, /* 0x1edc6f41 */
};

/* Accumulates the low `bytes` (1, 2, 4, 8) of v into crc, bits reversed, no inversion: Arm ARM C6.2, CRC32.
 */
uint32_t cpu_crc32(enum cpu_crc_poly poly, uint32_t crc, uint64_t v, unsigned bytes);

/* Polynomial (carry-less) product. */
unsigned __int128 cpu_pmul64(uint64_t a, uint64_t b);

#endif
