/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry, vectors and launch of the trap matrix: runs one instruction of the array `slots` at EL0, EL1 or EL2 under given controls and comes
 * back to EL2 with what happened. Runs at 0x40200000 with the MMU off: loaded there and entered at EL2 (Linux arm64 Image header for
 * -kernel), or copied there out of the flash, where it was entered at EL3 as firmware. EL3 then hands what it takes to EL2, and writes its
 * controls for it.
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
/* Set in the image by compare.py: seed; 1 in 2^n of the encodings, of the controls; pairs of controls per access; part of the encodings. */
    .globl  config
config:
    .quad   1
    .short  0, 0, 0, 0
    .short  0, 1, 0, 0
    .ascii  "ARM\x64"
    .long   0
1:  mrs     x0, CurrentEL
    cmp     x0, #12
    b.ne    at_el2
    adr     x0, _start
    ldr     x1, =_start
    ldr     x2, =_edata
2:  ldp     x3, x4, [x0], #16
    stp     x3, x4, [x1], #16
    cmp     x1, x2
    b.lo    2b
    ic      iallu
    dsb     sy
    isb
    ldr     x0, =at_el3
    br      x0
at_el3:
    ldr     x0, =el3_vectors
    msr     vbar_el3, x0
    ldr     x0, =scr_el3_base
    ldr     x0, [x0]
    msr     scr_el3, x0
    msr     cptr_el3, xzr
    msr     mdcr_el3, xzr
    mov     x0, #0xf
    msr     s3_6_c12_c12_5, x0      /* ICC_SRE_EL3 */
    mov     x0, #1
    adr     x1, at_el3_flag
    str     x0, [x1]
    mov     x0, #0x3c9
    msr     spsr_el3, x0
    adr     x0, at_el2
    msr     elr_el3, x0
    eret

at_el2:
    adr     x0, el2_vectors
    msr     vbar_el2, x0
    adr     x0, el1_vectors
    msr     vbar_el1, x0
    mov     x0, #0x80000000
    msr     hcr_el2, x0
    isb
    ldr     x0, =stack_top
    mov     sp, x0
    bl      main
3:  wfi
    b       3b

    .balign 2048
el2_vectors:
    VECTORS b from_trial

/* An exception that EL1 takes is passed on: HVC #3. */
    .balign 2048
el1_vectors:
    VECTORS hvc #3

/* SMC #7 of the harness: control x0 (0 SCR, 1 CPTR, 2 MDCR) becomes x1. SMC #8: a trial at EL3, of the instruction at x2. All else comes from
 * a trial, and goes to EL2. */
    .balign 2048
el3_vectors:
    VECTORS b from_el3

from_el3:
    mrs     x16, esr_el3
    mov     x17, #0x5e000000
    movk    x17, #7
    cmp     x16, x17
    b.eq    1f
    add     x17, x17, #1
    cmp     x16, x17
    b.ne    4f
    br      x2
4:  adr     x17, el3_syndrome
    str     x16, [x17]
    mrs     x16, elr_el3
    str     x16, [x17, #8]
    adr     x16, from_trial
    msr     elr_el3, x16
    mov     x16, #0x3c9
    msr     spsr_el3, x16
    ldr     x16, scr_el3_base       /* what was taken away may be needed on the way back */
    msr     scr_el3, x16
    eret
1:  cmp     x0, #1
    b.eq    2f
    b.hi    3f
    msr     scr_el3, x1
    eret
2:  msr     cptr_el3, x1
    eret
3:  msr     mdcr_el3, x1
    eret

    .balign 8
    .globl  el3_syndrome
el3_syndrome:           /* ESR_EL3, ELR_EL3 of the exception that came last, 0: none */
    .quad   0, 0
    .globl  at_el3_flag
at_el3_flag:
    .quad   0
/* NS, RES1, HCE, RW, APK, API, FIEN, EnSCXT, FGTEn, ECVEn, HXEn */
    .globl  scr_el3_base
scr_el3_base:
    .quad   0x401a230531

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
    tst     x1, #8
    b.eq    1f
    tst     x1, #4
    b.eq    1f
    smc     #8              /* SPSR says EL3 */
1:  eret

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
