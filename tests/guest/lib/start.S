/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry of a bare-metal guest program, on the first PE and on those started by PSCI CPU_ON: relocates the image, clears
 * .bss, brings the PE to the exception level the program was built for (RT_EL), sets a stack and calls C. Does not turn
 * the MMU on (mmu.c) nor touch devices. Arm ARM DDI 0487, D1 and D17; Linux arm64 boot protocol for the entry state.
 */
#include "rt_macros.inc"

#define R_AARCH64_RELATIVE 1027
#define HCR_RW 0x80000000
#define SCTLR_EL1_RES1 0x30d00800
#define SCTLR_EL2_RES1 0x30c50830
#define CPTR_NVHE 0x33ff /* RES1 bits, no FP trap */
#define SPSR_EL1H_DAIF 0x3c5

    .section .head, "ax"
    .global _start
_start:
    b       primary
    .long   0

    .text
primary:
    msr     daifset, #0xf
    mov     x20, x0                     /* device tree */
    mrs     x21, CurrentEL
    ubfx    x21, x21, #2, #2
    lea     x1, _start
    lea     x2, __rela_start
    lea     x3, __rela_end
1:  cmp     x2, x3
    b.hs    2f
    ldp     x4, x5, [x2], #16           /* r_offset, r_info */
    ldr     x6, [x2], #8                /* r_addend */
    cmp     w5, #R_AARCH64_RELATIVE
    b.ne    1b
    add     x6, x6, x1
    str     x6, [x1, x4]
    b       1b
2:  lea     x2, __bss_start
    lea     x3, __bss_end
3:  cmp     x2, x3
    b.hs    4f
    stp     xzr, xzr, [x2], #16
    b       3b
4:  mov     x22, #0                     /* cpu number */
    bl      to_el
    mov     x0, x20
    mov     x1, x21
    bl      rt_primary
    b       park

    /* x0 = context id given to CPU_ON = our cpu number */
    .global rt_secondary_entry
rt_secondary_entry:
    msr     daifset, #0xf
    mov     x22, x0
    bl      to_el
    mov     x0, x22
    bl      rt_secondary
park:
    wfi
    b       park

/*
 * Set up EL2 if we are there, drop to EL1 if the program wants EL1, set stack, thread id and vectors.
 * x22 = cpu number, kept; clobbers x0-x3.
 */
to_el:
    mov     x3, x30
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.ne    at_el1
    ldr     x0, =HCR_RW
    msr     hcr_el2, x0
    isb
    ldr     x0, =SCTLR_EL2_RES1
    msr     sctlr_el2, x0
    mov     x0, #3                      /* EL1 may read the physical counter and timer */
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    mov     x0, #CPTR_NVHE
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    msr     vttbr_el2, xzr
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    mrs     x0, id_aa64dfr0_el1
    ubfx    x0, x0, #8, #4              /* PMUVer: 0 none, 15 not ours */
    sub     x1, x0, #1
    cmp     x1, #13
    mov     x0, xzr
    b.hi    1f
    mrs     x0, pmcr_el0
    ubfx    x0, x0, #11, #5             /* MDCR_EL2.HPMN = PMCR_EL0.N: no counter reserved */
1:  msr     mdcr_el2, x0
    mrs     x0, id_aa64pfr0_el1
    ubfx    x0, x0, #24, #4             /* GIC system registers? */
    cbz     x0, 2f
    mrs     x0, S3_4_C12_C9_5           /* ICC_SRE_EL2: Enable, DIB, DFB, SRE */
    orr     x0, x0, #0xf
    msr     S3_4_C12_C9_5, x0
    isb
    msr     S3_4_C12_C11_0, xzr         /* ICH_HCR_EL2 */
2:  lea     x0, rt_vectors_el2
    msr     vbar_el2, x0
    ldr     x0, =SCTLR_EL1_RES1
    msr     sctlr_el1, x0
    isb
#if RT_EL == 1
    lea     x0, rt_stub_el2
    msr     vbar_el2, x0
    mov     x0, #SPSR_EL1H_DAIF
    msr     spsr_el2, x0
    adr     x0, at_el1
    msr     elr_el2, x0
    eret
#else
    msr     tpidr_el2, x22
    b       stack
#endif
at_el1:
    ldr     x0, =SCTLR_EL1_RES1
    msr     sctlr_el1, x0
    mov     x0, #(3 << 20)              /* CPACR_EL1.FPEN: no FP trap */
    msr     cpacr_el1, x0
    lea     x0, rt_vectors_el1
    msr     vbar_el1, x0
    msr     tpidr_el1, x22
    isb
stack:
    msr     spsel, #1
    lea     x0, rt_stacks
    mov     x1, #RT_STACK_SIZE
    add     x2, x22, #1
    madd    x0, x1, x2, x0
    mov     sp, x0
    ret     x3

    .section .noinit, "aw", %nobits
    .balign 16
    .global rt_stacks
rt_stacks:
    .skip   RT_STACK_SIZE * RT_MAX_CPUS
