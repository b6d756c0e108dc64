/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library against real instructions executed by an independent implementation (fpu_oracle.c under
 * qemu-aarch64): values and FPSR, of the integer code and of the host fast paths, over the same stream.
 *
 * FPU_CASES in the environment sets the cases per operation, FPU_SEED the seed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fpu_stream.h"
#include "models/cpu/fpu/fpu.h"

#define DEFAULT_CASES 30000
#define DEFAULT_SEED  20260101

#define TYPE_16 uint16_t
#define TYPE_32 uint32_t
#define TYPE_64 uint64_t

/* Integer operands stay whole; floating-point ones are cut to their width. */
#define TYPE_A_STREAM_FP(W)  TYPE_##W
#define TYPE_A_STREAM_INT(W) uint64_t

#define OP(name, W, kind, text, fast, soft)                                 \
    static uint64_t fast_##name(struct fpu *f, const struct stream_case *s) \
    {                                                                       \
        TYPE_A_##kind(W) a = (TYPE_A_##kind(W))s->a;                        \
        TYPE_##W b = (TYPE_##W)s->b, c = (TYPE_##W)s->c;                    \
                                                                            \
        (void)f, (void)b, (void)c;                                          \
        return fast;                                                        \
    }                                                                       \
    static uint64_t soft_##name(struct fpu *f, const struct stream_case *s) \
    {                                                                       \
        TYPE_A_##kind(W) a = (TYPE_A_##kind(W))s->a;                        \
        TYPE_##W b = (TYPE_##W)s->b, c = (TYPE_##W)s->c;                    \
                                                                            \
        (void)f, (void)b, (void)c;                                          \
        return soft;                                                        \
    }
STREAM_OPS(OP)
#undef OP

static const struct {
    const char *name;
    uint64_t (*fast)(struct fpu *f, const struct stream_case *s);
    uint64_t (*soft)(struct fpu *f, const struct stream_case *s);
    int width, kind;
} ops[] = {
#define OP(name, W, kind, text, fast, soft) {#name, fast_##name, soft_##name, W, kind},
    STREAM_OPS(OP)
#undef OP
};

static long from_env(const char *name, long fallback)
{
    const char *v = getenv(name);

    return v ? strtol(v, NULL, 0) : fallback;
}

/* One implementation on one case; prints and counts a difference. */
static int check(const char *name, const char *which,
                 uint64_t (*fn)(struct fpu *, const struct stream_case *), const struct stream_case *s,
                 const struct stream_result *want, int printed)
{
    struct fpu f;
    uint64_t got;

    fpu_init(&f, true);
    fpu_set_fpcr(&f, s->fpcr);
    fpu_set_fpsr(&f, s->fpsr);
    got = fn(&f, s);
    if (got == want->value && f.fpsr == want->fpsr)
        return 0;
    if (printed < 8)
        print_message("%s (%s): a %016" PRIx64 " b %016" PRIx64 " c %016" PRIx64
                      " fpcr %08x fpsr %02x: got %016" PRIx64 " %02x, the oracle says %016" PRIx64 " %02x\n",
                      name, which, s->a, s->b, s->c, s->fpcr, s->fpsr, got, f.fpsr, want->value, want->fpsr);
    return 1;
}

static void test_against_oracle(void **unused)
{
    long cases = from_env("FPU_CASES", DEFAULT_CASES);
    uint64_t state = (uint64_t)from_env("FPU_SEED", DEFAULT_SEED);
    char command[1024];
    int differences = 0;
    FILE *oracle;

    (void)unused;
    snprintf(command, sizeof command, "'%s' '%s' %" PRIu64 " %ld", FPU_QEMU, FPU_ORACLE, state, cases);
    oracle = popen(command, "r");
    assert_non_null(oracle);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        int here = 0;

        for (long k = 0; k < cases; k++) {
            struct stream_case s = stream_next(&state, ops[i].width, ops[i].kind);
            struct stream_result want;

            assert_int_equal(fread(&want, sizeof want, 1, oracle), 1);
            here += check(ops[i].name, "host", ops[i].fast, &s, &want, here);
            here += check(ops[i].name, "soft", ops[i].soft, &s, &want, here);
        }
        if (here)
            print_message("%s: %d of %ld differ\n", ops[i].name, here, 2 * cases);
        differences += here;
    }
    assert_int_equal(pclose(oracle), 0);
    assert_int_equal(differences, 0);
    print_message("%zu operations, %ld cases each\n", sizeof ops / sizeof ops[0], cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_oracle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
