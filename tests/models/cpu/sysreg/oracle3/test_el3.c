/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL3 oracle, host side: runs the image in a PE and in QEMU, and compares line by line: trial, EL,
 * instruction, SCR_EL3, HCR_EL2, ESR_EL3, SPSR_EL3, return address, ESR_EL2, ESR_EL1, nTWI of
 * SCTLR_EL1 and SCTLR_EL2. Usage: test_el3 QEMU
 * IMAGE CPU. Where QEMU is known to be wrong or different by choice, the line is skipped, with the reason in
 * `known`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "image.h"

#define HCR_HOST (UINT64_C(1) << 34 | UINT64_C(1) << 27) /* E2H, TGE */
#define SCR_EEL2 (UINT64_C(1) << 18)

static const char *qemu, *image, *core;

/* Of QEMU's max, as far as the image asks: 7.2's, and what newer ones have besides. */
static const char *const features_max[] = {
    "fp",      "crc32", "lse",  "pan",  "pan2",   "uao",  "vhe",  "vmid16", "hpds", "lor",     "ras", "pauth",
    "rasv1p1", "pmuv3", "ssbs", "csv2", "csv2_2", "idst", "sel2", "hcx",    "el2",  "gran64k", NULL};
static const char *const features_newer[] = {"fgt", "ecv", "ecv_poff", NULL};

/* Differences that are QEMU 7.2's; NULL: none. */
static const char *known(const char *ours, const char *theirs)
{
    uint64_t n, el, insn, scr, hcr, ntwi;
    bool secure;

    (void)theirs;
    if (sscanf(ours, "%lx %lx %lx %lx %lx %*x %*x %*x %*x %*x %lx", &n, &el, &insn, &scr, &hcr, &ntwi) != 6)
        return NULL;
    secure = !(scr & (1 | SCR_EEL2));     /* without an EL2 */
    switch (insn & ~UINT64_C(0x200000)) { /* reads and writes */
    case 0xd51c2603:
    case 0xd51c2643:
        if (el == 3 && !(scr & SCR_EEL2))
            return "VSTTBR_EL2, VSTCR_EL2 at EL3: QEMU does not ask for SCR_EL3.EEL2";
        break;
    case 0xd51ce423:
    case 0xd51ce523:
    case 0xd51ce543:
        if (!strcmp(core, "max"))
            return "CNTHPS, CNTHVS: QEMU 7.2 does not have the timers of the Secure EL2";
        break;
    case 0xd51fe223:
    case 0xd51fe243:
        if (!strcmp(core, "max") && el == 1 && (scr & SCR_EEL2))
            return "CNTPS of Secure EL1 under an EL2: undefined, but not in QEMU 7.2";
    }
    switch (insn) {
    case 0xd4000042:
        return el == 3 || secure ? "HVC: QEMU takes it to EL2 from EL3, too, and from the Secure state"
                                 : NULL;
    case 0xd50c8703:
    case 0xd50c8723:
        return el == 3 && secure ? "TLBI ALLE2, VAE2: QEMU does not ask whether EL2 is enabled" : NULL;
    case 0xd51c1123:
    case 0xd53c1123:
        return el == 2 ? "MDCR_EL2: QEMU does not have the trap of MDCR_EL3.TDA" : NULL;
    case 0xd53b9d03:
        return el == 0 ? "PMCCNTR_EL0: QEMU lets PMUSERENR_EL0.CR win over MDCR_EL3.TPM" : NULL;
    case 0xd51bd0e3:
    case 0xd53bd0e3:
        return el == 0 && (hcr & HCR_HOST) == HCR_HOST
                   ? "SCXTNUM_EL0: HCR_EL2.EnSCXT acts as 1 for a host's EL0; QEMU traps"
                   : NULL;
    case 0xd503207f:
        /* EL2's asks not to trap, EL1's to trap */
        return el == 0 && (hcr & HCR_HOST) == HCR_HOST && ntwi == 2
                   ? "WFI of a host's EL0: QEMU 7.2 asks SCTLR_EL1.nTWI, QEMU 10 SCTLR_EL2.nTWI"
                   : NULL;
    default:
        return NULL;
    }
}

static void test_compare(void **state)
{
    bool newer = !strcmp(core, "max-newer");
    const char *const *set = !strcmp(core, "cortex-a57") ? pe_features_a57
                             : !strncmp(core, "max", 3)  ? features_max
                                                         : pe_features_n1;
    const char *features[64];
    char *ours, *theirs, arguments[128];
    unsigned lines, n = 0;

    (void)state;
    for (; set[n]; n++)
        features[n] = set[n];
    for (unsigned i = 0; newer && features_newer[i]; i++)
        features[n++] = features_newer[i];
    features[n] = "el3";
    features[n + 1] = NULL;
    ours = image_run_pe(image, features, NULL, 3);
    snprintf(arguments, sizeof(arguments), "-M virt,secure=on,virtualization=on,gic-version=3 -cpu %s",
             newer ? "max" : core);
    theirs = image_run_qemu_el3(qemu, arguments, image);
    assert_int_equal(image_compare(ours, theirs, known, &lines), 0);
    assert_int_equal(lines, 15001);
    free(ours);
    free(theirs);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};

    if (argc != 4) {
        fprintf(stderr, "usage: %s QEMU IMAGE CPU\n", argv[0]);
        return 2;
    }
    qemu = argv[1];
    image = argv[2];
    core = argv[3];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
