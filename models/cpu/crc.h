/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32 and CRC32C of the CRC instructions; carry-less multiplication. */
#ifndef TG_CPU_CRC_H
#define TG_CPU_CRC_H

#include <stdint.h>

/* Accumulates the low `bytes` (1, 2, 4, 8) of v into crc with the bit-reversed polynomial poly (no
 * inversion): Arm ARM C6.2, CRC32. */
uint32_t cpu_crc32(uint32_t poly, uint32_t crc, uint64_t v, unsigned bytes);

/* Polynomial (carry-less) product. */
unsigned __int128 cpu_pmul64(uint64_t a, uint64_t b);

#endif
