/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry, vectors and launch of the EL3 oracle: runs one instruction at EL0 to EL3 of either Security state under given controls, and comes
 * back to EL3 with what happened. What EL1 and EL2 take, they pass on by reading what CPTR_EL3.TCPAC traps. Loaded at 0x40200000, entered
 * at EL3 with the MMU off.
 */
#include "../../core/trial.inc"

    .text
    .globl  _start
_start:
    adr     x0, el3_vectors
    msr     vbar_el3, x0
    adr     x0, el2_vectors
    msr     vbar_el2, x0
    adr     x0, el1_vectors
    msr     vbar_el1, x0
    adrp    x0, stack_top
    add     x0, x0, :lo12:stack_top
    mov     sp, x0
    bl      main
    b       .

    .balign 2048
el3_vectors:
    VECTORS b from_trial
    .balign 2048
el2_vectors:
    VECTORS mrs x16, cptr_el2
    .balign 2048
el1_vectors:
    VECTORS mrs x16, cpacr_el1

/* void launch(u64 scr, u64 spsr, u64 elr, u64 value): the trial runs with x3 = value. */
    .globl  launch
launch:
    SAVE
    adr     x9, saved_sp
    mov     x10, sp
    str     x10, [x9]
    msr     scr_el3, x0
    isb
    msr     spsr_el3, x1
    msr     elr_el3, x2
    eret

from_trial:
    msr     spsel, #1
    adr     x9, saved_sp
    ldr     x10, [x9]
    mov     sp, x10
    RESTORE
    ldp     x29, x30, [sp], #96
    ret

/* void set_slot(u32 insn): the trial instruction; behind it SVC #1. */
    SET_SLOT

    .balign 64
    .globl  slot
slot:
    nop
    svc     #1
    svc     #2

    .balign 16
saved_sp:
    .quad   0
    .bss
    .balign 16
    .space  0x4000
stack_top:
