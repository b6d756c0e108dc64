/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware of a few lines: starts at EL3 on each PE, visits secure EL1, non-secure EL2 and EL1, takes what they
 * send to EL3, and the secure timer's interrupt as an FIQ, of group 0 and of Secure group 1. Secure RAM and flash are
 * reached from the Secure state only. Says each step on the UART. Two PEs. Runs on
 * QEMU's `virt,secure=on` and on our virt with secure=true; both must say the same.
 */
#define UART   0x09000000
#define GICD   0x08000000
#define GICR   0x080a0000       /* of PE 0 */
#define SECRET 0x0e000100       /* in Secure RAM */
#define SCR_S  0x530            /* RW, SMD 0, secure; IRQ, FIQ, EA below */
#define SCR_NS 0x531
#define SCR_FIQ 4

    .text
    .globl  _start
_start:
    mrs     x0, mpidr_el1
    tst     x0, #0xff
    b.ne    second
    mov     x29, #UART
    adr     x0, vectors
    msr     vbar_el3, x0
    adr     x0, vectors1
    msr     vbar_el1, x0
    adr     x0, vectors2
    msr     vbar_el2, x0
    msr     cptr_el3, xzr
    mov     x0, #0x80000000
    msr     hcr_el2, x0
    mrs     x0, currentel
    bl      say
    /* the secure view of the GIC: ARE for both states, all groups */
    mov     x1, #GICD
    mov     w0, #0x37
    str     w0, [x1]
    ldr     w0, [x1]
    and     w0, w0, #0x7f
    bl      say
    /* 1: secure EL1 */
    mov     x20, #0
    mov     x0, #SCR_S | SCR_FIQ
    msr     scr_el3, x0
    isb
    adr     x0, secure1
    mov     x1, #0x3c5
    b       enter

/* x0: address, x1: SPSR */
enter:
    msr     elr_el3, x0
    msr     spsr_el3, x1
    eret

/* ---- secure EL1 ---- */
secure1:
    mrs     x0, currentel
    bl      say
    mrs     x0, cntps_ctl_el1       /* trapped to EL3: SCR_EL3.ST is 0; goes on behind it */
    mrs     x0, hcr_el2             /* undefined: EL1's own affair */
    mov     x1, #SECRET & 0xffff
    movk    x1, #SECRET >> 16, lsl #16
    mov     w0, #0x5ec
    str     w0, [x1]
    ldr     w0, [x1]
    bl      say
    mov     x0, #1
    msr     s3_0_c12_c12_7, x0      /* ICC_IGRPEN1_EL1, the Secure bank */
    mrs     x0, s3_0_c12_c12_6      /* ICC_IGRPEN0_EL1: group 0 is EL3's (SCR_EL3.FIQ) */
    smc     #1
    b       .

/* ---- non-secure EL2, EL1 ---- */
normal2:
    mrs     x0, currentel
    bl      say
    mrs     x0, cntps_ctl_el1       /* undefined */
    mov     x1, #GICD
    ldr     w0, [x1]                /* the non-secure view of GICD_CTLR */
    and     w0, w0, #0x7f
    bl      say
    mov     x1, #SECRET & 0xffff
    movk    x1, #SECRET >> 16, lsl #16
    mov     w0, #0
    str     w0, [x1]                /* external aborts: Secure memory, read and written */
    ldr     w0, [x1]
    mov     x1, #0x1000
    ldr     w0, [x1]                /* and the flash */
    mrs     x0, s3_0_c12_c12_6      /* ICC_IGRPEN0_EL1: trapped to EL3 */
    mrs     x0, s3_0_c12_c8_2       /* ICC_HPPIR0_EL1: so */
    mrs     x0, s3_0_c12_c12_7      /* ICC_IGRPEN1_EL1, the Non-secure bank */
    bl      say
    smc     #2
    adr     x0, normal1
    msr     elr_el2, x0
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    eret
normal1:
    mrs     x0, currentel
    bl      say
    hvc     #5
    smc     #3
    b       .

/* ---- exceptions: say the syndrome, go on behind the instruction ---- */
    .balign 2048
vectors1:
    .rept   16
    b       at_el1
    .balign 128
    .endr
vectors2:
    .rept   16
    b       at_el2
    .balign 128
    .endr
vectors:
    .rept   8
    b       at_el3
    .balign 128
    .endr
    b       at_el3
    .balign 128
    b       at_el3
    .balign 128
    b       fiq
    .balign 128
    .rept   5
    b       at_el3
    .balign 128
    .endr

at_el1:
    mrs     x0, esr_el1
    bl      say
    mrs     x0, elr_el1
    add     x0, x0, #4
    msr     elr_el1, x0
    eret

at_el2:
    mrs     x0, esr_el2
    lsr     x1, x0, #26
    cmp     x1, #0x25
    b.ne    1f
    mov     x1, #0x1ffc000          /* ISV and its like: QEMU has them for stage 1, too */
    bic     x0, x0, x1
1:  bl      say
    mrs     x0, esr_el2
    lsr     x0, x0, #26
    cmp     x0, #0x16               /* HVC returns behind itself */
    b.eq    1f
    mrs     x0, elr_el2
    add     x0, x0, #4
    msr     elr_el2, x0
1:  eret

at_el3:
    mrs     x0, esr_el3
    bl      say
    mrs     x0, spsr_el3
    and     x0, x0, #0xf
    bl      say
    mrs     x0, esr_el3
    lsr     x1, x0, #26
    cmp     x1, #0x17
    b.eq    smc
    cmp     x1, #0                  /* HLT that is not the simulator's: leave QEMU */
    b.eq    exit
    mrs     x0, elr_el3
    add     x0, x0, #4
    msr     elr_el3, x0
    eret
smc:
    and     x0, x0, #0xffff
    cmp     x0, #1
    b.eq    to_normal
    cmp     x0, #2
    b.eq    back
    b       finish
back:
    eret

/* SMC #1 came from secure EL1: its timer becomes group 0 and due, then the other world runs. */
to_normal:
    mov     x0, #SCR_NS | SCR_FIQ
    msr     scr_el3, x0
    isb
    adr     x0, normal2
    mov     x1, #0x3c9
    b       enter

/* SMC #3: the secure timer's interrupt, group 0, to EL3 while non-secure EL1 runs. */
finish:
    mrs     x0, s3_6_c12_c12_7      /* ICC_IGRPEN1_EL3: what secure EL1 did */
    bl      say
    mov     x0, #0x1c               /* EOImode of EL3, Secure EL1, Non-secure */
    msr     s3_6_c12_c12_4, x0      /* ICC_CTLR_EL3 */
    mrs     x0, s3_6_c12_c12_4
    and     x0, x0, #0x1f
    bl      say
    msr     s3_6_c12_c12_4, xzr
    mov     x1, #SECRET & 0xffff
    movk    x1, #SECRET >> 16, lsl #16
    ldr     w0, [x1]                /* EL3 is Secure, and nothing has been written */
    bl      say
    mov     x1, #GICR
    ldr     w0, [x1, #0x14]         /* GICR_WAKER: ProcessorSleep off */
    bic     w0, w0, #2
    str     w0, [x1, #0x14]
1:  ldr     w0, [x1, #0x14]
    tbnz    w0, #2, 1b
    mov     x1, #GICR + 0x10000
    str     wzr, [x1, #0x80]        /* GICR_IGROUPR0: all secure */
    str     wzr, [x1, #0xd00]       /* GICR_IGRPMODR0: group 0 */
    mov     w0, #0x20000000         /* INTID 29 */
    str     w0, [x1, #0x100]
    mov     x0, #0xf
    msr     s3_6_c12_c12_5, x0      /* ICC_SRE_EL3 */
    isb
    mov     x0, #0xff
    msr     s3_0_c4_c6_0, x0        /* ICC_PMR_EL1 */
    mov     x0, #1
    msr     s3_0_c12_c12_6, x0      /* ICC_IGRPEN0_EL1 */
    isb
    msr     cntps_cval_el1, xzr
    mov     x0, #1
    msr     cntps_ctl_el1, x0
    isb
    adr     x0, spin
    mov     x1, #0x3c5              /* FIQ masked in PSTATE: of no use against EL3 */
    b       enter
spin:
    b       spin

fiq:
    mrs     x0, s3_0_c12_c8_0       /* ICC_IAR0_EL1 */
    mov     x19, x0
    bl      say
    msr     cntps_ctl_el1, xzr
    isb
    cmp     x19, #29
    b.ne    secure_group1
    msr     s3_0_c12_c8_1, x19      /* ICC_EOIR0_EL1 */
    mrs     x0, s3_0_c12_c8_0
    bl      say
    /* once more, of Secure group 1 */
    mov     x1, #GICR + 0x10000
    mov     w0, #0x20000000
    str     w0, [x1, #0xd00]        /* GICR_IGRPMODR0 */
    mov     x0, #3
    msr     s3_6_c12_c12_7, x0      /* ICC_IGRPEN1_EL3 */
    mov     x0, #1
    msr     cntps_ctl_el1, x0
    isb
    adr     x0, spin
    mov     x1, #0x3c5
    b       enter

/* IAR0 at EL3 has said 1020: an interrupt of the Secure state's group 1. */
secure_group1:
    mrs     x0, s3_0_c12_c12_0      /* ICC_IAR1_EL1 */
    mov     x19, x0
    bl      say
    mrs     x0, s3_0_c12_c11_3      /* ICC_RPR_EL1 */
    bl      say
    msr     s3_0_c12_c12_1, x19     /* ICC_EOIR1_EL1 */
    mrs     x0, s3_0_c12_c12_0
    bl      say
    /* the other PE speaks, and then this one ends */
    adr     x1, go
    mov     w0, #1
    str     w0, [x1]
    dsb     sy
    sev
1:  ldr     w0, [x1, #4]
    cbz     w0, 1b
    mov     x0, #0
    hlt     #0x7101                 /* Tollgate: power off */
exit:
    mov     x0, #0x18
    adr     x1, block
    hlt     #0xf000                 /* QEMU, semihosting: SYS_EXIT */
    b       .

second:
    mov     x29, #UART
    adr     x1, go
1:  ldr     w0, [x1]
    cbnz    w0, 2f
    wfe
    b       1b
2:  mrs     x0, mpidr_el1
    and     x0, x0, #0xff
    bl      say
    mrs     x0, currentel
    bl      say
    mov     w0, #1
    str     w0, [x1, #4]
    dsb     sy
3:  wfi
    b       3b

/* x0 in hexadecimal on a line; x9-x12 are lost. */
say:
    mov     x9, #60
1:  lsr     x10, x0, x9
    and     x10, x10, #15
    cmp     x10, #10
    add     x11, x10, #'0'
    add     x12, x10, #'a' - 10
    csel    x11, x11, x12, lo
    str     w11, [x29]
    subs    x9, x9, #4
    b.pl    1b
    mov     w11, #10
    str     w11, [x29]
    ret

    .balign 8
block:
    .quad   0x20026, 0
go: .word   0, 0
