/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry, vectors and launch of the instruction oracle on bare metal: puts a state into the registers, returns to EL0, EL1 or EL2 under the
 * tables of bare_trial.c, and takes the state again when an exception comes. Loaded at 0x40200000, entered at EL2 with the MMU off (Linux
 * arm64 Image header for QEMU's -kernel). All tables map the image flat, so that EL2's MMU can be switched off and on around the change
 * of the regime.
 */
#include "../../models/cpu/core/trial.inc"
#include "insn_state.h"

/* x2 to x30, and q0 to q31, from and to the state in x0. */
    .macro  GENERAL op
    .irp    i, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    \op     x\i, [x0, #STATE_X + 8 * \i]
    .endr
    .endm
    .macro  VECTOR op
    .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op     q\i, [x0, #16 * \i]
    .endr
    .endm

    .text
    .globl _start
_start:
    b       1f
    .long   0
    .quad   0x200000        /* text offset */
    .quad   0x100000        /* image size */
    .quad   0xa
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0
1:  adr     x0, el2_vectors
    msr     vbar_el2, x0
    adr     x0, el1_vectors
    msr     vbar_el1, x0
    mov     x0, #0x80000000
    msr     hcr_el2, x0
    ldr     x0, =0x3033ff   /* nothing is trapped, with E2H and without */
    msr     cptr_el2, x0
    mov     x0, #0x300000
    msr     cpacr_el1, x0
    isb
    ldr     x0, =stack_top
    mov     sp, x0
    bl      main
2:  wfi
    b       2b

    .balign 2048
el2_vectors:
    VECTORS b from_trial

/* An exception that EL1 takes is passed on: HVC #3. */
    .balign 2048
el1_vectors:
    VECTORS hvc #3

/* SCTLR_EL2 with the MMU off: its bits that are one. */
    .macro  MMU_OFF reg
    mov     \reg, #0x0830
    movk    \reg, #0x30c5, lsl #16
    msr     sctlr_el2, \reg
    isb
    .endm

/* void launch(struct insn_state *s, const struct launch *l) */
    .globl  launch
launch:
    SAVE
    adr     x9, saved
    mov     x10, sp
    stp     x10, x0, [x9]
    ldp     x2, x3, [x1]            /* HCR_EL2, TCR_EL2 */
    ldp     x4, x5, [x1, #16]       /* TTBR0_EL2, SCTLR_EL2 */
    ldr     x6, [x1, #32]           /* SPSR_EL2 */
    MMU_OFF x7
    msr     hcr_el2, x2
    isb
    msr     tcr_el2, x3
    msr     ttbr0_el2, x4
    msr     tpidr_el1, x5
    msr     spsr_el2, x6
    ldr     x8, [x0, #STATE_SP]
    ldr     x9, [x0, #STATE_PC]
    mov     sp, x8
    msr     elr_el2, x9
    ldr     x8, [x0, #STATE_FPCR]
    ldr     x9, [x0, #STATE_FPSR]
    msr     fpcr, x8
    msr     fpsr, x9
    VECTOR  ldr
    ldr     x1, [x0, #STATE_X]
    msr     tpidrro_el0, x1
    ldr     x1, [x0, #STATE_X + 8]
    GENERAL ldr
    mrs     x0, tpidr_el1
    msr     sctlr_el2, x0
    isb
    mrs     x0, tpidrro_el0
    eret

from_trial:
    msr     tpidr_el2, x0
    MMU_OFF x0
    mov     x0, #0x80000000
    msr     hcr_el2, x0
    isb
    ldr     x0, saved + 8
    str     x1, [x0, #STATE_X + 8]
    GENERAL str
    mrs     x1, tpidr_el2
    str     x1, [x0, #STATE_X]
    VECTOR  str
    mrs     x1, fpcr
    mrs     x2, fpsr
    str     x1, [x0, #STATE_FPCR]
    str     x2, [x0, #STATE_FPSR]
    mov     x1, sp
    mrs     x2, elr_el2
    str     x1, [x0, #STATE_SP]
    str     x2, [x0, #STATE_PC]
    bl      harness_tables
    ldr     x10, saved
    mov     sp, x10
    RESTORE
    ldp     x29, x30, [sp], #96
    ret

/* TCR_EL2, TTBR0_EL2, SCTLR_EL2 of what runs between the trials. */
    .globl  harness_tables
harness_tables:
    adr     x9, harness
    ldp     x1, x2, [x9]
    ldr     x3, [x9, #16]
    msr     tcr_el2, x1
    msr     ttbr0_el2, x2
    isb
    msr     sctlr_el2, x3
    isb
    ret

/* void fill(u64 at, u64 seed): 2 KiB. */
    .globl  fill
fill:
    mov     x2, #0x7c15
    movk    x2, #0x7f4a, lsl #16
    movk    x2, #0x79b9, lsl #32
    movk    x2, #0x9e37, lsl #48
    add     x3, x0, #2048
    dup     v0.2d, x1
    mul     x4, x1, x2
    mov     v0.d[1], x4
    dup     v1.2d, x2
1:  add     v0.2d, v0.2d, v1.2d
    ushr    v2.2d, v0.2d, #29
    eor     v2.16b, v2.16b, v0.16b
    add     v0.2d, v0.2d, v2.2d
    ushr    v3.2d, v0.2d, #33
    eor     v3.16b, v3.16b, v0.16b
    stp     q2, q3, [x0], #32
    cmp     x0, x3
    b.ne    1b
    ret

/* u64 hash(u64 at): of 2 KiB. */
    .globl  hash
hash:
    mov     x2, #0x7c15
    movk    x2, #0x7f4a, lsl #16
    movk    x2, #0x79b9, lsl #32
    movk    x2, #0x9e37, lsl #48
    add     x3, x0, #2048
    movi    v0.2d, #0
    movi    v1.2d, #0
1:  ldp     q2, q3, [x0], #32
    ushr    v4.2d, v0.2d, #57
    sli     v4.2d, v0.2d, #7
    ushr    v5.2d, v1.2d, #45
    sli     v5.2d, v1.2d, #19
    eor     v0.16b, v4.16b, v2.16b
    add     v1.2d, v5.2d, v3.2d
    cmp     x0, x3
    b.ne    1b
    mov     x0, v0.d[0]
    mov     x1, v0.d[1]
    mul     x0, x0, x2
    add     x0, x0, x1
    eor     x0, x0, x0, lsr #31
    mul     x0, x0, x2
    mov     x1, v1.d[0]
    add     x0, x0, x1
    eor     x0, x0, x0, lsr #31
    mul     x0, x0, x2
    mov     x1, v1.d[1]
    add     x0, x0, x1
    ret

    .balign 16
saved:                      /* SP, state */
    .quad   0, 0
    .globl  harness
harness:
    .quad   0, 0, 0, 0

    .bss
    .balign 16
    .space  0x4000
stack_top:
