/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two PEs that turn to each other: from PE 0 to PE 1 and back, ROUNDS times, with pauses between that differ. The sender
 * notes the system counter, the receiver reads it as soon as it notices, and keeps least, most and sum of the differences
 * for its direction. Runs bare at EL2, with caches on. WAY says how:
 *
 *   0  SGI, the receiver runs          3  SPI by a message (ISPENDR), the receiver runs
 *   1  SGI, the receiver is in WFI     4  a flag in memory, the receiver polls it
 *   2  SGI to oneself                  5  SEV, the receiver is in WFE
 *   6  the own timer, running          7  the own timer, in WFI
 *
 * GICV is 2 or 3. Says for each direction, in hexadecimal: least, most, sum, number.
 */
#define UART   0x09000000
#define GICD   0x08000000
#define GICC   0x08010000
#define GICR   0x080a0000
#define SHARED 0x40400000       /* own lines: +0 time of sending, +64 flag, +128 and +192 what was found by PE 0 and 1 */
#define TABLE  0x40500000
#define SPI    40               /* and 41: to PE 0 and 1 */

    .macro  load reg, value
    movz    \reg, #((\value) & 0xffff)
    movk    \reg, #(((\value) >> 16) & 0xffff), lsl #16
    .endm

    .text
    .globl  _start
_start:
    /* PE 0: page table of level 1, 1 GiB blocks: devices, RAM */
    load    x1, TABLE
    load    x2, 0x0060000000000401          /* AF, attribute 0, XN below */
    movk    x2, #0x60, lsl #48
    str     x2, [x1]
    load    x2, 0x40000705                  /* AF, inner shareable, attribute 1 */
    str     x2, [x1, #8]
    load    x1, SHARED
    mov     x2, #-1
    stp     xzr, xzr, [x1]
    str     xzr, [x1, #64]
    str     x2, [x1, #128]                  /* least so far */
    stp     xzr, xzr, [x1, #136]
    str     xzr, [x1, #152]
    str     x2, [x1, #192]
    stp     xzr, xzr, [x1, #200]
    str     xzr, [x1, #216]
    mov     x19, #0
#if WAY != 2 && WAY < 6
    load    x0, 0xc4000003                  /* PSCI CPU_ON */
    mov     x1, #1
    adr     x2, second
    mov     x3, #0
    dsb     sy
    smc     #0
#endif
    b       both
second:
    mov     x19, #1
both:
    load    x0, TABLE
    msr     ttbr0_el2, x0
    load    x0, 0x80823519                  /* RES1, 40 bits of PA, inner shareable, write-back, T0SZ 25 */
    msr     tcr_el2, x0
    load    x0, 0xff00
    msr     mair_el2, x0
    isb
    load    x0, 0x30c51835                  /* RES1, I, C, M */
    msr     sctlr_el2, x0
    isb
    adr     x0, vectors
    msr     vbar_el2, x0
    load    x0, 0x80000010                  /* RW, IMO */
    msr     hcr_el2, x0
    mov     x28, #UART
    load    x20, SHARED
    load    x23, GICD
    load    x24, GICC
    add     x25, x20, #128
    add     x25, x25, x19, lsl #6           /* what this PE finds */
    mov     x26, #1                         /* the other one */
    eor     x26, x26, x19
    load    x27, 0x12345
    add     x27, x27, x19                   /* state of the pauses' generator */
#if GICV == 3
    load    x0, GICR
    add     x0, x0, x19, lsl #17
    str     wzr, [x0, #0x14]                /* WAKER */
    mov     w1, #0x33
    str     w1, [x23]                       /* CTLR: ARE, both groups */
    add     x0, x0, #0x10000
    mov     w1, #-1
    str     w1, [x0, #0x80]                 /* group 1 */
    load    w1, 0x04000002                  /* SGI 1, EL2's timer */
    str     w1, [x0, #0x100]
    mov     x1, #0xff
    msr     S3_0_C4_C6_0, x1                /* PMR */
    mov     x1, #1
    msr     S3_0_C12_C12_7, x1              /* IGRPEN1 */
    mov     w1, #0x300
    str     w1, [x23, #0x84]                /* SPIs 40 and 41: group 1 */
    mov     w0, #0x6000 + SPI * 8
    add     x0, x23, x0
    mov     x1, #0
    str     x1, [x0]                        /* IROUTER */
    mov     x1, #1
    str     x1, [x0, #8]
#else
    mov     w1, #1
    str     w1, [x23]
    str     w1, [x24]
    mov     w1, #0xff
    str     w1, [x24, #4]
    load    w1, 0x04000000                  /* EL2's timer */
    str     w1, [x23, #0x100]
    mov     w1, #1                          /* ITARGETSR: 40 to PE 0, 41 to PE 1 */
    strb    w1, [x23, #0x828]
    mov     w1, #2
    strb    w1, [x23, #0x829]
#endif
    mov     w1, #0x300
    str     w1, [x23, #0x104]               /* SPIs 40 and 41: enabled, edge */
    mov     w1, #0xa0000
    str     w1, [x23, #0xc08]
    isb
    mov     x22, #0
    msr     daifclr, #2
    load    x21, ROUNDS
    cbz     x19, round
    bl      receive
round:
    /* a pause of 0 to 4095 turns */
    lsl     x0, x27, #13
    eor     x27, x27, x0
    lsr     x0, x27, #7
    eor     x27, x27, x0
    lsl     x0, x27, #17
    eor     x27, x27, x0
    and     x0, x27, #0xfff
1:  subs    x0, x0, #1
    b.pl    1b
    bl      send
    bl      receive
    cbnz    x19, round
    subs    x21, x21, #1
    b.ne    round
    /* what was found; by PE 1, then by PE 0 */
    add     x25, x20, #192
    bl      say
    add     x25, x20, #128
    bl      say
    load    x0, 0x84000008                  /* SYSTEM_OFF */
    smc     #0
    b       .

send:
    dsb     sy
    isb
    mrs     x0, cntpct_el0
    str     x0, [x20]
#if WAY >= 6
    add     x0, x0, #1024
    str     x0, [x20]
    msr     cnthp_cval_el2, x0
    mov     x0, #1
    msr     cnthp_ctl_el2, x0
    isb
#elif WAY == 4
    add     x1, x26, #1
    str     x1, [x20, #64]                  /* whose turn it is, plus 1 */
#elif WAY == 5
    add     x1, x26, #1
    str     x1, [x20, #64]
    dsb     sy
    sev
#elif WAY == 3
    mov     w1, #0x100
    lsl     w1, w1, w26
    str     w1, [x23, #0x204]
#elif GICV == 3
    mov     x1, #0x1000000                  /* INTID 1 */
    mov     x2, #1
#if WAY == 2
    lsl     x2, x2, x19
#else
    lsl     x2, x2, x26
#endif
    orr     x1, x1, x2
    msr     S3_0_C12_C11_5, x1              /* SGI1R */
    isb
#else
    mov     w1, #0x10000
#if WAY == 2
    lsl     w1, w1, w19
#else
    lsl     w1, w1, w26
#endif
    orr     w1, w1, #1
    str     w1, [x23, #0xf00]               /* SGIR */
#endif
    ret

receive:
#if WAY == 4
    add     x1, x19, #1
1:  ldr     x0, [x20, #64]
    cmp     x0, x1
    b.ne    1b
    isb
    mrs     x1, cntpct_el0
    mov     x7, x30
    bl      found
    ret     x7
#elif WAY == 5
    add     x1, x19, #1
1:  wfe
    mrs     x2, cntpct_el0
    ldr     x0, [x20, #64]
    cmp     x0, x1
    b.ne    1b
    mov     x1, x2
    mov     x7, x30
    bl      found
    ret     x7
#elif WAY == 1 || WAY == 7
    msr     daifset, #2
1:  cbnz    x22, 2f
    wfi
    msr     daifclr, #2
    isb
    msr     daifset, #2
    b       1b
2:  msr     daifclr, #2
    mov     x22, #0
    ret
#else
1:  cbz     x22, 1b
    mov     x22, #0
    ret
#endif

/* x1: the time now */
found:
    ldr     x2, [x20]
    sub     x1, x1, x2
    ldp     x2, x3, [x25]
    cmp     x1, x2
    csel    x2, x1, x2, lo
    cmp     x1, x3
    csel    x3, x1, x3, hi
    stp     x2, x3, [x25]
    ldp     x2, x3, [x25, #16]
    add     x2, x2, x1
    add     x3, x3, #1
    stp     x2, x3, [x25, #16]
    ret

interrupt:
    mov     x9, x30
    isb
    mrs     x1, cntpct_el0
    msr     cnthp_ctl_el2, xzr
#if GICV == 3
    mrs     x5, S3_0_C12_C12_0              /* IAR1 */
    bl      found
    msr     S3_0_C12_C12_1, x5              /* EOIR1 */
#else
    ldr     w5, [x24, #0xc]
    bl      found
    str     w5, [x24, #0x10]
#endif
    mov     x22, #1
    mov     x30, x9
    eret

say:
    mov     x6, x30
    mov     x4, #4
1:  ldr     x0, [x25], #8
    mov     x3, #60
2:  lsr     x1, x0, x3
    and     w1, w1, #15
    cmp     w1, #10
    add     w2, w1, #'0'
    add     w1, w1, #'a' - 10
    csel    w1, w1, w2, hs
    str     w1, [x28]
    subs    x3, x3, #4
    b.pl    2b
    subs    x4, x4, #1
    mov     w1, #' '
    mov     w2, #'\n'
    csel    w1, w2, w1, eq
    str     w1, [x28]
    b.ne    1b
    ret     x6

    .balign 2048
vectors:
    .rept   5
    b       .
    .balign 128
    .endr
    /* IRQ of the current level with SP_ELx */
    b       interrupt
    .balign 128
    .rept   10
    b       .
    .balign 128
    .endr
