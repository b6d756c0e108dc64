/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry, vectors and launch of the trap matrix: runs one instruction of the array `slots` at EL0, EL1 or EL2 under given controls and comes
 * back to EL2 with what happened. Loaded at 0x40200000, entered at EL2 with the MMU off (Linux arm64 Image header for -kernel).
 */
#include "../../core/trial.inc"

    .text
    .globl _start
_start:
    b       1f
    .long   0
    .quad   0x200000        /* text offset */
    .quad   0x800000        /* image size, the slots included */
    .quad   0xa
/* Set in the image by compare.py: seed; 1 in 2^n of the encodings, of the controls; pairs of controls per access. */
    .globl  config
config:
    .quad   1
    .short  0, 0, 0, 0
    .quad   0
    .ascii  "ARM\x64"
    .long   0
1:  adr     x0, el2_vectors
    msr     vbar_el2, x0
    adr     x0, el1_vectors
    msr     vbar_el1, x0
    mov     x0, #0x80000000
    msr     hcr_el2, x0
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

/* void launch(u64 hcr, u64 spsr, u64 elr, u64 value, u64 *x3): the trial runs with x3 = value. Returns when EL2 takes an exception. */
    .globl  launch
launch:
    SAVE    112
    str     x4, [sp, #96]
    adr     x9, saved_sp
    mov     x10, sp
    str     x10, [x9]
    msr     spsr_el2, x1
    msr     elr_el2, x2
    msr     hcr_el2, x0
    isb
    eret

from_trial:
    mov     x0, #0x80000000
    msr     hcr_el2, x0
    isb
    msr     spsel, #1
    adr     x9, saved_sp
    ldr     x10, [x9]
    mov     sp, x10
    RESTORE
    ldr     x4, [sp, #96]
    str     x3, [x4]
    ldp     x29, x30, [sp], #112
    ret

    .balign 16
saved_sp:
    .quad   0

    .bss
    .balign 16
    .space  0x4000
stack_top:
