/* SPDX-License-Identifier: Apache-2.0 */
/* The tweakable block cipher of pointer authentication: R. Avanzi, "The QARMA Block Cipher Family", 2017; as
 * the Arm ARM's ComputePAC uses it (DDI 0487, shared/functions/pac). */
#ifndef TG_CPU_QARMA_H
#define TG_CPU_QARMA_H

#include <stdint.h>

enum qarma_kind {
    QARMA5, /* five rounds, S-box sigma 2: FEAT_PACQARMA5 */
    QARMA3, /* three rounds, S-box sigma 1: FEAT_PACQARMA3 */
};

/* ComputePAC: whitening key w (the upper half of an Arm key), core key k (the lower). */
uint64_t qarma64(enum qarma_kind kind, uint64_t text, uint64_t tweak, uint64_t w, uint64_t k);

#endif
