/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle: an AArch64 Linux program that executes the real instructions on the stream of fpu_stream.h and
 * writes one struct stream_result per case to standard output. Run by qemu-aarch64 in the test; on an Arm
 * host it would as well run by itself. It contains nothing of the library.
 *
 * usage: fpu_oracle SEED CASES
 */
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>

#include "fpu_stream.h"

#define OP(name, W, kind, text, fast, soft)                                                         \
    static void run_##name(const struct stream_case *s, struct stream_result *out)                  \
    {                                                                                               \
        register uint64_t x0 __asm__("x0") = 0;                                                     \
        register uint64_t x1 __asm__("x1") = s->a;                                                  \
        uint64_t fpsr;                                                                              \
                                                                                                    \
        __asm__ volatile("fmov d1, %[a]\n fmov d2, %[b]\n fmov d3, %[c]\n movi v0.2d, #0\n"         \
                         "msr fpcr, %[fpcr]\n msr fpsr, %[fpsr_in]\n" text "\n mrs %[fpsr], fpsr\n" \
                         "msr fpcr, xzr\n"                                                          \
                         : "+r"(x0), [fpsr] "=&r"(fpsr)                                             \
                         : "r"(x1), [a] "r"(s->a), [b] "r"(s->b), [c] "r"(s->c),                    \
                           [fpcr] "r"((uint64_t)s->fpcr), [fpsr_in] "r"((uint64_t)s->fpsr)          \
                         : "v0", "v1", "v2", "v3", "cc", "memory");                                 \
        out->value = x0;                                                                            \
        out->fpsr = (uint32_t)fpsr;                                                                 \
    }
STREAM_OPS(OP)
#undef OP

static const struct {
    void (*run)(const struct stream_case *s, struct stream_result *out);
    int width, kind;
} ops[] = {
#define OP(name, W, kind, text, fast, soft) {run_##name, W, kind},
    STREAM_OPS(OP)
#undef OP
};

int main(int argc, char **argv)
{
    static struct stream_result out[1024];
    uint64_t state;
    long cases;

    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 0);
    cases = strtol(argv[2], NULL, 0);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        long n = 0;

        for (long k = 0; k < cases; k++) {
            struct stream_case s = stream_next(&state, ops[i].width, ops[i].kind);

            ops[i].run(&s, &out[n++]);
            if (n == 1024 || k == cases - 1) {
                if (fwrite(out, sizeof out[0], (size_t)n, stdout) != (size_t)n)
                    return 1;
                n = 0;
            }
        }
    }
    return fflush(stdout) ? 1 : 0;
}
