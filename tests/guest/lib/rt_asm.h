/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What start.S, vectors.S and the programs' own assembly share: the exception frame's offsets and the macros
 * that make a vector table. Does not hold code. Arm ARM DDI 0487, D1.3 (exception vectors).
 */
#ifndef RT_ASM_H
#define RT_ASM_H

#define RT_FRAME_SIZE 288 /* sizeof(struct rt_frame) */
#define RT_STACK_SIZE 16384
#define RT_MAX_CPUS   8

#ifdef __ASSEMBLER__
/* clang-format off */

/* One 128-byte vector slot: opens a frame and goes to the saver of that exception level. */
.macro rt_ventry n, el
    .balign 128
    sub     sp, sp, #RT_FRAME_SIZE
    stp     x0, x1, [sp]
    mov     x0, #\n
    b       rt_exc_el\el
.endm

/* dst = address of sym, position independent. */
.macro lea dst, sym
    adrp    \dst, \sym
    add     \dst, \dst, :lo12:\sym
.endm

/* clang-format on */
#endif
#endif
