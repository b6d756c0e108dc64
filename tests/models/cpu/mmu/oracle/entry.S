/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry, vectors, launch and access instructions of the translation oracle. Everything that runs under the tables of a trial stands in
 * the first 16 KiB, which the tables map; it uses registers only, so that data accesses are the trial's alone. Loaded at 0x40200000,
 * entered at EL2 with the MMU off (Linux arm64 Image header for QEMU's -kernel). With HOST 3 it runs at EL3 instead, for the regime of
 * EL3 and for EL1&0 in both security states; EL2 then has its MMU off, and passes on what it takes as EL1 does.
 */
#include "../../core/trial.inc"

#if HOST == 3
#define H(reg) reg##_el3
#define CONTROL scr_el3         /* what x12 holds in a trial */
#define CONTROL_OFF #0x531      /* NS, RES1, RW, HCE */
#else
#define H(reg) reg##_el2
#define CONTROL hcr_el2
#define CONTROL_OFF #0x80000000
#endif

    .text
    .globl _start
_start:
    b       entry
    .long   0
    .quad   0x200000        /* text offset */
    .quad   0x100000        /* image size */
    .quad   0xa
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

    .balign 2048
    .globl  el2_vectors
el2_vectors:
    VECTORS b from_trial

/* An exception that EL1 takes is passed on: HVC #3, to EL3 SMC #3. */
    .balign 2048
    .globl  el1_vectors
el1_vectors:
    .rept   16
#if HOST == 3
    smc     #3
#else
    hvc     #3
#endif
    .balign 128
    .endr

/*
 * void launch(const struct launch *l). The safe tables (x20-x22) hold while the MMU of EL2 goes on; x6 is in the half that the trial
 * leaves alone; then come the trial's own. Returns when EL2 takes an exception; the trial's x3 is in launch_x3.
 */
    .globl  launch
launch:
    SAVE
    adr     x9, saved_sp
    mov     x10, sp
    str     x10, [x9]
    mov     x28, x0
    ldp     x3, x4, [x28]           /* value, address */
    ldp     x5, x6, [x28, #16]      /* SCTLR_EL2, where to go on */
    ldp     x7, x8, [x28, #32]      /* TCR_EL2, TTBR0_EL2 */
    ldp     x9, x10, [x28, #48]     /* TTBR1_EL2, ELR_EL2 */
    ldp     x11, x12, [x28, #64]    /* SPSR_EL2, HCR_EL2 */
    ldp     x13, x20, [x28, #80]    /* VHE?, safe TCR_EL2 */
    ldp     x21, x22, [x28, #96]    /* safe TTBR0_EL2, TTBR1_EL2 */
    ldr     x23, [x28, #112]        /* SCTLR_EL2 with the MMU off */
    adr     x24, back
    mov     x25, CONTROL_OFF        /* outside trials */
    bl      set_tables
    msr     CONTROL, x12
    isb
    msr     H(sctlr), x5
    isb
    br      x6

    .globl  go_on
go_on:
    msr     H(tcr), x7
    msr     H(ttbr0), x8
    cbz     x13, 1f
    msr     s3_4_c2_c0_1, x9        /* TTBR1_EL2 */
1:  isb
    msr     H(elr), x10
    msr     H(spsr), x11
    eret

set_tables:
    msr     H(tcr), x20
    msr     H(ttbr0), x21
    cbz     x13, 1f
    msr     s3_4_c2_c0_1, x22
1:  isb
    ret

from_trial:
    bl      set_tables
    br      x24
back:
    msr     H(sctlr), x23
    isb
    msr     CONTROL, x25
    isb
    msr     spsel, #1
    adr     x9, saved_sp
    ldr     x10, [x9]
    mov     sp, x10
    str     x3, [x9, #8]
    RESTORE
    ldp     x29, x30, [sp], #96
    ret

/* The trials' instructions, 32 bytes each, in the order of enum op. SVC brings back: to EL2, or to EL1 and from there. */
    .macro  OP insn:vararg
    .balign 32
    \insn
    svc     #1
    .endm
    .macro  TR enc:vararg
    .balign 32
    sys     \enc, x4
    isb
    mrs     x3, par_el1
    svc     #1
    .endm
    .balign 64
    .globl  ops
ops:
    OP      ldr x3, [x4]
    OP      str x3, [x4]
    OP      ldtr x3, [x4]
    OP      sttr x3, [x4]
    OP      br x4
    OP      dc zva, x4
    OP      ldxr x3, [x4]
    OP      strb w3, [x4]
    OP      .inst 0xf8e30083        /* LDADDAL x3, x3, [x4] */
    TR      #0, c7, c8, #0          /* S1E1R */
    TR      #0, c7, c8, #1          /* S1E1W */
    TR      #0, c7, c8, #2          /* S1E0R */
    TR      #0, c7, c8, #3          /* S1E0W */
    TR      #0, c7, c9, #0          /* S1E1RP */
    TR      #0, c7, c9, #1          /* S1E1WP */
#if HOST == 3
    TR      #6, c7, c8, #0          /* S1E3R */
    TR      #6, c7, c8, #1          /* S1E3W */
#else
    TR      #4, c7, c8, #0          /* S1E2R */
    TR      #4, c7, c8, #1          /* S1E2W */
#endif
    TR      #4, c7, c8, #4          /* S12E1R */
    TR      #4, c7, c8, #5          /* S12E1W */
    TR      #4, c7, c8, #6          /* S12E0R */
    TR      #4, c7, c8, #7          /* S12E0W */

    .balign 16
saved_sp:
    .quad   0
    .globl  launch_x3
launch_x3:
    .quad   0

entry:
    adr     x0, el2_vectors
    msr     H(vbar), x0
    mov     x0, CONTROL_OFF
    msr     CONTROL, x0
#if HOST == 3
    isb
    mov     x0, #0x80000000
    msr     hcr_el2, x0
    msr     cptr_el3, xzr
#endif
    mov     x0, #0x33ff
    msr     cptr_el2, x0
    isb
    adrp    x0, stack_top
    add     x0, x0, :lo12:stack_top
    mov     sp, x0
    bl      main
2:  wfi
    b       2b

/* void flush(u64 vhe): every translation goes: of both forms of the EL2 regime, or of both security states (HOST 3: of one with
 * an EL2, if there is such a thing); decoded code too. */
    .globl  flush
flush:
    dsb     ishst
#if HOST == 3
    mov     x1, #0x530
    cbz     x0, 1f
    orr     x1, x1, #0x40000        /* EEL2 */
1:  msr     scr_el3, x1
    isb
    tlbi    alle1
    tlbi    vmalle1
    dsb     ish
    mov     x1, CONTROL_OFF
    msr     scr_el3, x1
    isb
    tlbi    alle3
#else
    cbz     x0, 1f
    ldr     x1, =0x480000000        /* E2H, RW */
    msr     hcr_el2, x1
    isb
    tlbi    alle2
    dsb     ish
    mov     x1, #0x80000000
    msr     hcr_el2, x1
    isb
1:  tlbi    alle2
#endif
    tlbi    alle1
    ic      iallu
    dsb     ish
    isb
    ret

    .bss
    .balign 16
    .space  0x4000
stack_top:
