/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants that the runtime's C and assembly share; its assembly macros are in rt_macros.inc. Arm ARM DDI
 * 0487, D1.3.
 */
#ifndef RT_ASM_H
#define RT_ASM_H

#define RT_FRAME_SIZE 288 /* sizeof(struct rt_frame) */
#define RT_STACK_SIZE 16384
#define RT_MAX_CPUS   8

#endif
