/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AArch64 Linux program that executes single instructions: reads struct exec_state from standard input
 * until its end, runs each instruction with the registers given, writes the states afterwards. Run by
 * qemu-aarch64.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "exec_state.h"

#define LDST_ALL(op)                                                                             \
    op " q0, q1, [x19, #0]\n" op " q2, q3, [x19, #32]\n" op " q4, q5, [x19, #64]\n" op           \
       " q6, q7, [x19, #96]\n" op " q8, q9, [x19, #128]\n" op " q10, q11, [x19, #160]\n" op      \
       " q12, q13, [x19, #192]\n" op " q14, q15, [x19, #224]\n" op " q16, q17, [x19, #256]\n" op \
       " q18, q19, [x19, #288]\n" op " q20, q21, [x19, #320]\n" op " q22, q23, [x19, #352]\n" op \
       " q24, q25, [x19, #384]\n" op " q26, q27, [x19, #416]\n" op " q28, q29, [x19, #448]\n" op \
       " q30, q31, [x19, #480]\n"                                                                \
       "add x20, x19, #512\n" op " x0, x1, [x20, #0]\n" op " x2, x3, [x20, #16]\n" op            \
       " x4, x5, [x20, #32]\n" op " x6, x7, [x20, #48]\n"

void run_one(struct exec_state *s, void *code);
__asm__(
    ".text\n.global run_one\nrun_one:\n"
    "stp x29, x30, [sp, #-96]!\n stp x19, x20, [sp, #16]\n"
    "stp d8, d9, [sp, #32]\n stp d10, d11, [sp, #48]\n stp d12, d13, [sp, #64]\n stp d14, d15, [sp, #80]\n"
    "mov x19, x0\n mov x16, x1\n"
    "ldr x9, [x19, #576]\n msr fpcr, x9\n ldr x9, [x19, #584]\n msr fpsr, x9\n"
    "ldr x9, [x19, #592]\n msr nzcv, x9\n" LDST_ALL("ldp") "blr x16\n" LDST_ALL(
        "stp") "mrs x9, fpsr\n str x9, [x19, #584]\n mrs x9, nzcv\n str x9, [x19, #592]\n msr fpcr, xzr\n"
               "ldp d8, d9, [sp, #32]\n ldp d10, d11, [sp, #48]\n ldp d12, d13, [sp, #64]\n ldp d14, d15, "
               "[sp, #80]\n"
               "ldp x19, x20, [sp, #16]\n ldp x29, x30, [sp], #96\n ret\n");

#define BATCH 4096

int main(void)
{
    static struct exec_state s[BATCH];
    size_t n;

    while ((n = fread(s, sizeof s[0], BATCH, stdin)) > 0) {
        uint32_t *code =
            mmap(NULL, BATCH * 8, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (code == MAP_FAILED)
            return 1;
        for (size_t i = 0; i < n; i++) {
            code[2 * i] = (uint32_t)s[i].insn;
            code[2 * i + 1] = 0xd65f03c0; /* ret */
        }
        __builtin___clear_cache((char *)code, (char *)(code + 2 * n));
        for (size_t i = 0; i < n; i++)
            run_one(&s[i], &code[2 * i]);
        if (fwrite(s, sizeof s[0], n, stdout) != n)
            return 1;
        munmap(code, BATCH * 8);
    }
    return fflush(stdout) ? 1 : 0;
}
