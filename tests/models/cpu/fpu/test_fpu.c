/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases taken from the text and pseudocode of the Arm ARM (DDI 0487J, A1.5 and shared/functions/float), one
 * by one: the rules a random stream meets seldom, and those whose expected value is worth reading. Each case
 * states FPCR, the result and the exact FPSR afterwards (before: 0).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "models/cpu/fpu/fpu.h"

#define IOC      FPU_FPSR_IOC
#define DZC      FPU_FPSR_DZC
#define OFC      FPU_FPSR_OFC
#define UFC      FPU_FPSR_UFC
#define IXC      FPU_FPSR_IXC
#define IDC      FPU_FPSR_IDC
#define RMODE(m) ((uint32_t)(m) << FPU_FPCR_RMODE_SHIFT)

/* EXPECT(fpcr, expression using f, result, fpsr) */
#define EXPECT(cr, expression, result, sr)                            \
    do {                                                              \
        struct fpu state, *f = &state;                                \
                                                                      \
        fpu_init(f, true);                                            \
        fpu_set_fpcr(f, cr);                                          \
        assert_int_equal((uint64_t)(expression), (uint64_t)(result)); \
        assert_int_equal(f->fpsr, sr);                                \
    } while (0)

#define ONE64     0x3ff0000000000000u
#define INF64     0x7ff0000000000000u
#define NEG64     0x8000000000000000u
#define DEFAULT64 0x7ff8000000000000u
#define SNAN64    0x7ff0000000000123u
#define QNAN64    0xfff8000000000456u
#define MIN64     0x0010000000000000u
#define MAX64     0x7fefffffffffffffu

static void test_registers(void **unused)
{
    struct fpu f;

    (void)unused;
    fpu_init(&f, false);
    fpu_set_fpcr(&f, 0xffffffffu); /* trap enables, FZ16 without FEAT_FP16, Len and Stride: RAZ/WI */
    assert_int_equal(f.fpcr, 0x07c00000u);
    fpu_init(&f, true);
    fpu_set_fpcr(&f, 0xffffffffu);
    assert_int_equal(f.fpcr, 0x07c80000u);
    fpu_set_fpsr(&f, 0xffffffffu);
    assert_int_equal(f.fpsr, 0x0800009fu);
}

static void test_nans(void **unused)
{
    (void)unused;
    /* FPProcessNaNs: a signalling NaN goes before a quiet one, whichever operand it is; else the first. */
    EXPECT(0, fpu_add64(f, QNAN64, SNAN64), 0x7ff8000000000123u, IOC);
    EXPECT(0, fpu_add64(f, QNAN64, DEFAULT64), QNAN64, 0);
    EXPECT(0, fpu_add64(f, ONE64, QNAN64), QNAN64, 0);
    EXPECT(FPU_FPCR_DN, fpu_add64(f, ONE64, QNAN64), DEFAULT64, 0);
    EXPECT(FPU_FPCR_DN, fpu_add64(f, SNAN64, QNAN64), DEFAULT64, IOC);
    /* FPSub does not negate a NaN; FRECPS negates the first operand before looking. */
    EXPECT(0, fpu_sub64(f, ONE64, QNAN64), QNAN64, 0);
    EXPECT(0, fpu_recps64(f, QNAN64, ONE64), QNAN64 ^ NEG64, 0);
    /* FPMulAdd: infinity times zero with a quiet addend gives the default NaN and IOC. */
    EXPECT(0, fpu_muladd64(f, QNAN64, INF64, 0), DEFAULT64, IOC);
    EXPECT(0, fpu_muladd64(f, SNAN64, INF64, 0), 0x7ff8000000000123u, IOC);
    EXPECT(0, fpu_muladd64(f, QNAN64, SNAN64, 0), 0x7ff8000000000123u, IOC);
    EXPECT(0, fpu_muladd64(f, QNAN64, DEFAULT64, 0), QNAN64, 0);
    /* FPMaxNum: a single quiet NaN loses. A signalling one does not. */
    EXPECT(0, fpu_maxnm64(f, QNAN64, ONE64), ONE64, 0);
    EXPECT(0, fpu_minnm64(f, ONE64, QNAN64), ONE64, 0);
    EXPECT(0, fpu_maxnm64(f, SNAN64, ONE64), 0x7ff8000000000123u, IOC);
    EXPECT(0, fpu_max64(f, QNAN64, ONE64), QNAN64, 0);
    /* A denormal beside a NaN is still flushed, and says so. */
    EXPECT(FPU_FPCR_FZ, fpu_add64(f, QNAN64, 1), QNAN64, IDC);
}

static void test_invalid(void **unused)
{
    (void)unused;
    EXPECT(0, fpu_add64(f, INF64, INF64 | NEG64), DEFAULT64, IOC);
    EXPECT(0, fpu_sub64(f, INF64, INF64), DEFAULT64, IOC);
    EXPECT(0, fpu_mul64(f, INF64, NEG64), DEFAULT64, IOC);
    EXPECT(0, fpu_mulx64(f, INF64, NEG64), 0xc000000000000000u, 0);
    EXPECT(0, fpu_div64(f, 0, 0), DEFAULT64, IOC);
    EXPECT(0, fpu_div64(f, INF64, INF64), DEFAULT64, IOC);
    EXPECT(0, fpu_div64(f, ONE64, NEG64), INF64 | NEG64, DZC);
    EXPECT(0, fpu_div64(f, INF64, NEG64), INF64 | NEG64, 0);
    EXPECT(0, fpu_sqrt64(f, NEG64), NEG64, 0);
    EXPECT(0, fpu_sqrt64(f, NEG64 | ONE64), DEFAULT64, IOC);
    EXPECT(0, fpu_recpe32(f, 0x80000000u), 0xff800000u, DZC);
    EXPECT(0, fpu_rsqrte32(f, 0x80000000u), 0xff800000u, DZC);
    EXPECT(0, fpu_rsqrte32(f, 0xbf800000u), 0x7fc00000u, IOC);
    EXPECT(0, fpu_recps32(f, 0x7f800000u, 0), 0x40000000u, 0);  /* 2.0 */
    EXPECT(0, fpu_rsqrts32(f, 0, 0xff800000u), 0x3fc00000u, 0); /* 1.5 */
}

static void test_zeros(void **unused)
{
    (void)unused;
    EXPECT(0, fpu_sub64(f, ONE64, ONE64), 0, 0);
    EXPECT(RMODE(FPU_RM), fpu_sub64(f, ONE64, ONE64), NEG64, 0);
    EXPECT(0, fpu_add64(f, NEG64, NEG64), NEG64, 0);
    EXPECT(0, fpu_add64(f, NEG64, 0), 0, 0);
    EXPECT(RMODE(FPU_RM), fpu_muladd64(f, NEG64 | ONE64, ONE64, ONE64), NEG64, 0);
    EXPECT(0, fpu_max64(f, NEG64, 0), 0, 0);
    EXPECT(0, fpu_min64(f, 0, NEG64), NEG64, 0);
    EXPECT(0, fpu_cmp64(f, 0, NEG64, true), FPU_NZCV_EQ, 0);
}

static void test_rounding_and_overflow(void **unused)
{
    (void)unused;
    EXPECT(0, fpu_add64(f, MAX64, MAX64), INF64, OFC | IXC);
    EXPECT(RMODE(FPU_RZ), fpu_add64(f, MAX64, MAX64), MAX64, OFC | IXC);
    EXPECT(RMODE(FPU_RM), fpu_add64(f, MAX64, MAX64), MAX64, OFC | IXC);
    EXPECT(RMODE(FPU_RP), fpu_add64(f, MAX64, MAX64), INF64, OFC | IXC);
    EXPECT(RMODE(FPU_RM), fpu_sub64(f, MAX64 | NEG64, MAX64), INF64 | NEG64, OFC | IXC);
    /* 1 + 2^-53: a tie goes to even; upwards it is the next number. */
    EXPECT(0, fpu_add64(f, ONE64, 0x3ca0000000000000u), ONE64, IXC);
    EXPECT(RMODE(FPU_RP), fpu_add64(f, ONE64, 0x3ca0000000000000u), ONE64 + 1, IXC);
    /* One rounding: (1 + 2^-52) squared minus (1 + 2^-51) is 2^-104. */
    EXPECT(0, fpu_muladd64(f, 0xbff0000000000002u, ONE64 + 1, ONE64 + 1), 0x3970000000000000u, 0);
    /* FCVTXN: to odd, and to the largest number on overflow. */
    EXPECT(0, fpu_cvtx_64_32(f, ONE64 + 1), 0x3f800001u, IXC);
    EXPECT(0, fpu_cvtx_64_32(f, MAX64), 0x7f7fffffu, OFC | IXC);
}

static void test_underflow_before_rounding(void **unused)
{
    (void)unused;
    /* Just below the smallest normal number; rounding brings it there, yet it was tiny before: UFC. */
    EXPECT(0, fpu_mul64(f, MIN64, ONE64 - 1), MIN64, UFC | IXC);
    EXPECT(FPU_FPCR_FZ, fpu_mul64(f, MIN64, ONE64 - 1), 0, UFC);
    /* Exact denormal results do not underflow; with FZ they are flushed and say so without IXC. */
    EXPECT(0, fpu_mul64(f, MIN64, 0x3fe0000000000000u), MIN64 >> 1, 0);
    EXPECT(FPU_FPCR_FZ, fpu_mul64(f, MIN64, 0xbfe0000000000000u), NEG64, UFC);
    /* Input denormals: IDC for single and double; half has FZ16 and no IDC. */
    EXPECT(FPU_FPCR_FZ, fpu_add64(f, 1, NEG64), 0, IDC);
    EXPECT(FPU_FPCR_FZ, fpu_add32(f, 0x80000001u, 0x80000000u), 0x80000000u, IDC);
    EXPECT(FPU_FPCR_FZ16, fpu_add16(f, 1, 1), 0, 0);
    EXPECT(FPU_FPCR_FZ, fpu_add16(f, 1, 1), 2, 0);
    EXPECT(FPU_FPCR_FZ16, fpu_mul16(f, 0x0400, 0x3800), 0, UFC);
    EXPECT(FPU_FPCR_FZ, fpu_cmp32(f, 1, 0, false), FPU_NZCV_EQ, IDC);
}

static void test_half_conversions(void **unused)
{
    (void)unused;
    EXPECT(0, fpu_cvt_32_16(f, 0x47800000u), 0x7c00, OFC | IXC);    /* 65536 */
    EXPECT(FPU_FPCR_AHP, fpu_cvt_32_16(f, 0x47800000u), 0x7c00, 0); /* the alternative format has it */
    EXPECT(FPU_FPCR_AHP, fpu_cvt_32_16(f, 0x48000000u), 0x7fff, IOC);
    EXPECT(FPU_FPCR_AHP, fpu_cvt_32_16(f, 0xff800000u), 0xffff, IOC);
    EXPECT(FPU_FPCR_AHP, fpu_cvt_32_16(f, 0xffc00000u), 0x8000, IOC);
    EXPECT(FPU_FPCR_AHP, fpu_cvt_16_32(f, 0x7c00), 0x47800000u, 0);
    EXPECT(0, fpu_cvt_16_32(f, 0x7c01), 0x7fc02000u, IOC);
    EXPECT(FPU_FPCR_FZ16, fpu_cvt_16_32(f, 1), 0x33800000u, 0); /* FZ16 does not concern conversions */
    EXPECT(FPU_FPCR_FZ16, fpu_cvt_32_16(f, 0x33800000u), 1, 0);
    EXPECT(0, fpu_cvt_64_32(f, SNAN64 | UINT64_C(0x2bc) << 40), 0x7fc00000u | 0x2bcu << 11, IOC);
}

static void test_integers(void **unused)
{
    (void)unused;
    EXPECT(0, fpu_tofixed64(f, QNAN64, 0, false, FPU_RZ, 32), 0, IOC);
    EXPECT(0, fpu_tofixed64(f, INF64, 0, false, FPU_RZ, 32), 0x7fffffff, IOC);
    EXPECT(0, fpu_tofixed64(f, NEG64 | ONE64, 0, true, FPU_RZ, 64), 0, IOC);
    EXPECT(0, fpu_tofixed64(f, 0xbfe0000000000000u, 0, true, FPU_RZ, 64), 0, IXC); /* -0.5 truncates to 0 */
    EXPECT(0, fpu_tofixed64(f, 0xbfe0000000000000u, 0, true, FPU_RM, 64), 0, IOC);
    EXPECT(0, fpu_tofixed64(f, 0xc3e0000000000000u, 0, false, FPU_RZ, 64), NEG64, 0); /* -2^63 */
    EXPECT(0, fpu_tofixed64(f, 0x4004000000000000u, 0, false, FPU_RN, 64), 2, IXC);   /* 2.5 */
    EXPECT(0, fpu_tofixed64(f, 0x4004000000000000u, 0, false, FPU_RA, 64), 3, IXC);
    EXPECT(0, fpu_rint64(f, 0xbfe0000000000000u, FPU_RN, true), NEG64, IXC);
    EXPECT(0, fpu_rint64(f, 0xbfe0000000000000u, FPU_RN, false), NEG64, 0);
    EXPECT(0, fpu_fromfixed32(f, UINT64_MAX, 0, true, 64), 0x5f800000u, IXC);
    EXPECT(RMODE(FPU_RZ), fpu_fromfixed32(f, UINT64_MAX, 0, true, 64), 0x5f7fffffu, IXC);
    EXPECT(0, fpu_fromfixed16(f, 1, 32, false, 64), 0, UFC | IXC);
    EXPECT(FPU_FPCR_FZ16, fpu_fromfixed16(f, 1, 24, false, 64), 0, UFC);
}

static void test_immediates(void **unused)
{
    (void)unused;
    assert_int_equal(fpu_expand_imm64(0x70), ONE64);
    assert_int_equal(fpu_expand_imm64(0x00), 0x4000000000000000u);
    assert_int_equal(fpu_expand_imm32(0xff), 0xbff80000u);
    assert_int_equal(fpu_expand_imm32(0x3f), 0x41f80000u); /* 31.0 */
    assert_int_equal(fpu_expand_imm16(0x40), 0x3000);      /* 0.125 */
}

/* With IXC clear the host paths must notice exact results, and inexact ones. */
static void test_inexact_is_noticed(void **unused)
{
    (void)unused;
    EXPECT(0, fpu_add64(f, ONE64, ONE64), 0x4000000000000000u, 0);
    EXPECT(0, fpu_mul64(f, 0x4008000000000000u, 0x4014000000000000u), 0x402e000000000000u, 0); /* 3 * 5 */
    EXPECT(0, fpu_div64(f, ONE64, 0x4008000000000000u), 0x3fd5555555555555u, IXC);
    EXPECT(0, fpu_div64(f, 0x402e000000000000u, 0x4014000000000000u), 0x4008000000000000u, 0);
    EXPECT(0, fpu_sqrt64(f, 0x4022000000000000u), 0x4008000000000000u, 0);
    EXPECT(0, fpu_sqrt64(f, 0x4000000000000000u), 0x3ff6a09e667f3bcdu, IXC);
    EXPECT(0, fpu_div64(f, 3, 0x4008000000000000u), 1, 0); /* denormals, exact */
    EXPECT(0, fpu_muladd32(f, 0x33800000u, 0x3f800001u, 0x3f800001u), 0x3f800003u, IXC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_nans),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_rounding_and_overflow),
        cmocka_unit_test(test_underflow_before_rounding),
        cmocka_unit_test(test_half_conversions),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_immediates),
        cmocka_unit_test(test_inexact_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
