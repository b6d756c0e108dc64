/* SPDX-License-Identifier: Apache-2.0 */
/* What all PrimeCell peripherals share: the identification registers at 0xfe0..0xffc and the access sizes
 * that drivers use. */
#ifndef TG_DEVICES_PRIMECELL_H
#define TG_DEVICES_PRIMECELL_H

#include "models/base/model.h"

#define PRIMECELL_FRAME_SIZE 0x1000

/* APB has no byte lanes, but drivers use byte, halfword and word accesses at the register's address. */
#define PRIMECELL_SIZES (1 | 2 | 4)

#define PRIMECELL_ID_ROW(n, off, v, what)                                                            \
    {                                                                                                \
        .name = n, .offset = off, .width = 4, .sizes = PRIMECELL_SIZES, .access = TG_RO, .reset = v, \
        .field = TG_NOFIELD, .description = what                                                     \
    }

/* Part number (12 bits), designer 0x41 (Arm), revision, configuration 0; then the PrimeCell identification
 * 0xb105f00d. */
#define PRIMECELL_ID_ROWS(part, rev)                                                         \
    PRIMECELL_ID_ROW("PERIPHID0", 0xfe0, (part)&0xff, "part number, low"),                   \
        PRIMECELL_ID_ROW("PERIPHID1", 0xfe4, 0x10 | (((part) >> 8) & 0xf),                   \
                         "designer low, part number high"),                                  \
        PRIMECELL_ID_ROW("PERIPHID2", 0xfe8, ((rev) << 4) | 0x4, "revision, designer high"), \
        PRIMECELL_ID_ROW("PERIPHID3", 0xfec, 0x00, "configuration"),                         \
        PRIMECELL_ID_ROW("PCELLID0", 0xff0, 0x0d, "PrimeCell identification"),               \
        PRIMECELL_ID_ROW("PCELLID1", 0xff4, 0xf0, "PrimeCell identification"),               \
        PRIMECELL_ID_ROW("PCELLID2", 0xff8, 0x05, "PrimeCell identification"),               \
        PRIMECELL_ID_ROW("PCELLID3", 0xffc, 0xb1, "PrimeCell identification")

#endif
