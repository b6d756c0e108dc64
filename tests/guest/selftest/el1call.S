/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selftest's calls from EL2 down to EL1, and the instruction sequences whose addresses the checks compare with ELR.
 * Arm ARM DDI 0487, D1.
 */
#include "rt_macros.inc"

    .text
/*
 * void st_el1_call(void (*fn)(void), uint64_t sp_el1, uint64_t spsr): run fn at EL1; ends when the EL2 handler sees
 * HVC #ST_RETURN and returns to st_el1_return instead.
 */
    .global st_el1_call, st_el1_return
st_el1_call:
    stp     x29, x30, [sp, #-96]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    msr     sp_el1, x1
    msr     elr_el2, x0
    msr     spsr_el2, x2
    lea     x30, el1_done
    eret
el1_done:
    hvc     #0x5151
    b       .
st_el1_return:
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #96
    ret

/* Each: one instruction under test at st_<name>_insn, then return. */
.macro probe name, insn:vararg
    .global st_\name, st_\name\()_insn
st_\name:
st_\name\()_insn:
    \insn
    ret
.endm

    probe   udf, .inst 0
    probe   svc, svc #0x1234
    probe   hvc, hvc #0x77
    probe   smc, smc #0x33
    probe   brk, brk #0x99
    probe   load, ldr x0, [x0]
    probe   store, str x1, [x0]
    probe   load_w5, ldr w5, [x0]
    probe   store_x7, str x7, [x0]
    probe   loadb_x9, ldrsb x9, [x0]
    probe   ldxr, ldxr x0, [x0]
    probe   wfi, wfi
    probe   wfe, wfe
    probe   fp, fmov d0, xzr
    probe   msr_ttbr0, msr ttbr0_el1, x0
    probe   mrs_actlr, mrs x3, actlr_el1
    probe   sgi1r, msr S3_0_C12_C11_5, x0
    probe   cntp, mrs x4, cntp_ctl_el0

/* Branch to x0, with the way back in x30. */
    .global st_jump
st_jump:
    br      x0

/* Six instructions for single step, ended by RET. */
    .global st_step
st_step:
    nop
    mov     x0, #1
    add     x0, x0, #1
    cbz     x0, 1f
    nop
1:  nop
    ret

/* uint64_t st_loop(uint64_t n): 2n + 3 instructions with its RET, n > 0 */
    .global st_loop
st_loop:
    mov     x1, x0
1:  subs    x1, x1, #1
    b.ne    1b
    ret
