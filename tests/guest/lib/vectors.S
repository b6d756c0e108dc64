/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception vectors of the guest runtime at EL1 and EL2: save the general registers and the syndrome in a struct rt_frame,
 * call rt_exception(), restore, ERET. Does not save FP state (the programs are built without FP). DDI 0487 D1.3.
 */
#include "rt_macros.inc"

.macro vsave el
    .global rt_exc_el\el
rt_exc_el\el:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    add     x5, sp, #RT_FRAME_SIZE
    stp     x30, x5, [sp, #240]
    mrs     x1, elr_el\el
    mrs     x2, spsr_el\el
    stp     x1, x2, [sp, #256]
    mrs     x3, esr_el\el
    mrs     x4, far_el\el
    stp     x3, x4, [sp, #272]
    mov     x1, x0
    mov     x0, sp
    bl      rt_exception
    ldp     x1, x2, [sp, #256]
    msr     elr_el\el, x1
    msr     spsr_el\el, x2
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    ldr     x30, [sp, #240]
    ldp     x0, x1, [sp], #RT_FRAME_SIZE
    eret
.endm

.macro vtable el
    .balign 2048
    .global rt_vectors_el\el
rt_vectors_el\el:
    .set    slot, 0
    .rept   16
    rt_ventry slot, \el
    .set    slot, slot + 1
    .endr
.endm

    .text
    vtable  1
    vtable  2
    vsave   1
    vsave   2

/* EL2 of a program that dropped to EL1: nobody is home, so whatever comes returns at once. */
    .balign 2048
    .global rt_stub_el2
rt_stub_el2:
    .rept   16
    .balign 128
    eret
    .endr
