/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry, vectors and launch of the oracle for pointer authentication and branch target identification. Loaded at 0x40200000, entered
 * at EL2 with the MMU off (Linux arm64 Image header for QEMU's -kernel); goes on at EL1, whose exceptions end a trial.
 */
#include "../../core/trial.inc"

    .arch armv8.5-a
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
    movk    x0, #0x300, lsl #32 /* API, APK */
    msr     hcr_el2, x0
    adr     x0, stack_top
    msr     sp_el1, x0
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    adr     x0, 2f
    msr     elr_el2, x0
    isb
    eret
2:  bl      main
    hvc     #0

/* Whatever comes to EL2 ends the program: PSCI SYSTEM_OFF. */
    .balign 2048
el2_vectors:
    .rept   16
    ldr     w0, =0x84000008
    smc     #0
    .balign 128
    .endr
    .ltorg

    .balign 2048
el1_vectors:
    VECTORS b from_trial

/* void launch(u64 spsr, u64 elr, u64 target, u64 sp0): the trial runs with x1 = x16 = x17 = target, and ends with an exception to EL1. */
    .globl  launch
launch:
    SAVE
    msr     spsr_el1, x0
    msr     elr_el1, x1
    msr     sp_el0, x3
    mov     x1, x2
    mov     x16, x2
    mov     x17, x2
    mov     x30, x2
    isb
    eret

from_trial:
    RESTORE
    ldp     x29, x30, [sp], #96
    ret

/* Branches of the trials, and where they land. */
    .balign 4096
    .globl  branches, landings
branches:
    br      x16
    br      x17
    br      x1
    blr     x1
    blr     x16
    ret     x1
    braaz   x1
    blraaz  x1
    braaz   x16
    retaa
    b       landings
    .balign 64
landings:
    .macro  land insn:vararg
    .balign 16
    \insn
    svc     #7
    .endm
    land    nop
    land    bti
    land    bti c
    land    bti j
    land    bti jc
    land    paciasp
    land    pacibsp
    land    brk #5
    land    hlt #5
    land    autiasp
    land    mov x2, #1
    land    svc #9
    land    .inst 0
    .balign 4096

    .balign 16
    .space  0x4000
stack_top:
