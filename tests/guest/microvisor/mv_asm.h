/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets in struct mv_vcpu that world.S uses; checked against the structure in microvisor.c. */
#ifndef MV_ASM_H
#define MV_ASM_H

#define MV_X      0
#define MV_PC     248
#define MV_PSTATE 256

#endif
