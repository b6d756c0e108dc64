/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded payload: trapbench's Image, built before us (MV_PAYLOAD is its path). */
    .section .rodata
    .balign 8
    .global mv_payload, mv_payload_end
mv_payload:
    .incbin MV_PAYLOAD
mv_payload_end:
