/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talks to the doorbell: prints its ID, sets the alarm, waits until the interrupt controller has it pending, prints what that took
 * (250 ns for the write, 5000 ns until the ring, seen by polling), powers off.
 */
        .globl  _start
_start:
        ldr     x20, =0x0b000000        /* doorbell */
        ldr     x21, =0x09000000        /* uart: writing DR is enough in a simulator */
        ldr     x22, =0x08000208        /* GICD_ISPENDR2: INTIDs 64..95, ours is 32 + 40 */
        adr     x0, id_text
        bl      puts
        ldr     w0, [x20]
        bl      puthex
        mrs     x23, cntvct_el0
        mov     w0, #5000
        str     w0, [x20, #4]
1:      ldr     w0, [x22]
        tbz     w0, #8, 1b
        mrs     x24, cntvct_el0
        adr     x0, ring_text
        bl      puts
        ldr     w0, [x20, #8]
        bl      puthex
        sub     x24, x24, x23           /* ticks of 16 ns */
        lsl     x24, x24, #4
        mov     x1, #5250
        cmp     x24, x1
        b.lo    bad
        add     x1, x1, #1000           /* and not much later */
        cmp     x24, x1
        b.hi    bad
        str     wzr, [x20, #4]          /* the interrupt falls */
        ldr     w0, [x22]
        tbnz    w0, #8, bad
        adr     x0, time_text
        bl      puts
        b       off
bad:    adr     x0, bad_text
        bl      puts
off:    ldr     x0, =0x84000008         /* PSCI SYSTEM_OFF */
        smc     #0

puts:   ldrb    w1, [x0], #1
        cbz     w1, 2f
        str     w1, [x21]
        b       puts
2:      ret

puthex: mov     w2, #28
3:      lsr     w1, w0, w2
        and     w1, w1, #15
        cmp     w1, #10
        add     w3, w1, #'0'
        add     w4, w1, #'a' - 10
        csel    w1, w3, w4, lo
        str     w1, [x21]
        subs    w2, w2, #4
        b.ge    3b
        mov     w1, #'\n'
        str     w1, [x21]
        ret

id_text:   .asciz "doorbell id "
ring_text: .asciz "rings "
time_text: .asciz "on time\n"
bad_text:  .asciz "not on time\n"
