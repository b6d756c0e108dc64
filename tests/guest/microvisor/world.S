/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world switch's innermost part: general registers in, ERET to the guest, and back through the EL2 vectors of a lower
 * exception level. System registers, stage 2 and the virtual GIC are switched around it by C (sysreg.c, vgic.c).
 * Exceptions from EL2 itself go to the runtime's handler and are fatal. Arm ARM DDI 0487, D1.3.
 */
#include "mv_asm.h"
#include "rt_macros.inc"

#define HOST_SAVED 112 /* x19-x30, the vCPU pointer, padding */

    .text
/* unsigned mv_enter(struct mv_vcpu *v): run the guest until an exception to EL2; its vector slot (8 sync, 9 irq ...) */
    .global mv_enter
mv_enter:
    stp     x19, x20, [sp, #-HOST_SAVED]!
    stp     x21, x22, [sp, #16]
    stp     x23, x24, [sp, #32]
    stp     x25, x26, [sp, #48]
    stp     x27, x28, [sp, #64]
    stp     x29, x30, [sp, #80]
    str     x0, [sp, #96]
    ldp     x1, x2, [x0, #MV_PC]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    ldp     x2, x3, [x0, #MV_X + 16]
    ldp     x4, x5, [x0, #MV_X + 32]
    ldp     x6, x7, [x0, #MV_X + 48]
    ldp     x8, x9, [x0, #MV_X + 64]
    ldp     x10, x11, [x0, #MV_X + 80]
    ldp     x12, x13, [x0, #MV_X + 96]
    ldp     x14, x15, [x0, #MV_X + 112]
    ldp     x16, x17, [x0, #MV_X + 128]
    ldp     x18, x19, [x0, #MV_X + 144]
    ldp     x20, x21, [x0, #MV_X + 160]
    ldp     x22, x23, [x0, #MV_X + 176]
    ldp     x24, x25, [x0, #MV_X + 192]
    ldp     x26, x27, [x0, #MV_X + 208]
    ldp     x28, x29, [x0, #MV_X + 224]
    ldr     x30, [x0, #MV_X + 240]
    ldp     x0, x1, [x0, #MV_X]
    eret

mv_exit: /* x0 = slot; the guest's x0, x1 on the stack */
    ldr     x1, [sp, #16 + 96]
    stp     x2, x3, [x1, #MV_X + 16]
    stp     x4, x5, [x1, #MV_X + 32]
    stp     x6, x7, [x1, #MV_X + 48]
    stp     x8, x9, [x1, #MV_X + 64]
    stp     x10, x11, [x1, #MV_X + 80]
    stp     x12, x13, [x1, #MV_X + 96]
    stp     x14, x15, [x1, #MV_X + 112]
    stp     x16, x17, [x1, #MV_X + 128]
    stp     x18, x19, [x1, #MV_X + 144]
    stp     x20, x21, [x1, #MV_X + 160]
    stp     x22, x23, [x1, #MV_X + 176]
    stp     x24, x25, [x1, #MV_X + 192]
    stp     x26, x27, [x1, #MV_X + 208]
    stp     x28, x29, [x1, #MV_X + 224]
    str     x30, [x1, #MV_X + 240]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x1, #MV_X]
    mrs     x2, elr_el2
    mrs     x3, spsr_el2
    stp     x2, x3, [x1, #MV_PC]
    ldp     x21, x22, [sp, #16]
    ldp     x23, x24, [sp, #32]
    ldp     x25, x26, [sp, #48]
    ldp     x27, x28, [sp, #64]
    ldp     x29, x30, [sp, #80]
    ldp     x19, x20, [sp], #HOST_SAVED
    ret

.macro lower slot
    .balign 128
    stp     x0, x1, [sp, #-16]!
    mov     x0, #\slot
    b       mv_exit
.endm

    .balign 2048
    .global mv_vectors
mv_vectors:
    .set    slot, 0
    .rept   8
    rt_ventry slot, 2
    .set    slot, slot + 1
    .endr
    lower   8
    lower   9
    lower   10
    lower   11
    lower   12
    lower   13
    lower   14
    lower   15

/* void mv_fp_reset(void): architectural FP state of a vCPU that never used FP; called when its first use traps */
    .balign 4
    .global mv_fp_reset
mv_fp_reset:
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    movi    v\n\().2d, #0
    .endr
    msr     fpsr, xzr
    msr     fpcr, xzr
    ret
