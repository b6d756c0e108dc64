/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer authentication and branch target identification, host side: runs the image (trial.c) in a PE and in
 * QEMU, and compares line by line. QEMU 7.2 has FEAT_PAuth with QARMA5 and none of its successors, so the PE
 * is given the same. Usage: test_auth QEMU IMAGE [QEMU-CPU FEATURE...]: another CPU, and features ("-name":
 * without) of the PE to go with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "image.h"

#define FEATURES_MAX 256

static const char *qemu, *image, *core = "max";
static const char *const base[] = {"-pauth2", "-fpac", "-fpaccombine", NULL}, *const *change = base;

/* Nothing is left open by the architecture in what the image prints. */
static const char *known(const char *ours, const char *theirs)
{
    (void)ours, (void)theirs;
    return NULL;
}

static void test_compare(void **state)
{
    const char *features[FEATURES_MAX];
    char *ours, *theirs, arguments[128];
    unsigned n = 0, lines;

    (void)state;
    for (const char *const *f = pe_features_max; *f; f++)
        features[n++] = *f;
    for (const char *const *f = change; *f && n < FEATURES_MAX - 1; f++)
        features[n++] = *f;
    features[n] = NULL;
    ours = image_run_pe(image, features, NULL, 2);
    snprintf(arguments, sizeof(arguments), "-M virt,virtualization=on,gic-version=3 -cpu %s", core);
    theirs = image_run_qemu(qemu, arguments, image);
    assert_int_equal(image_compare(ours, theirs, known, &lines), 0);
    assert_true(lines > 7000);
    free(ours);
    free(theirs);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};

    if (argc < 3) {
        fprintf(stderr, "usage: %s QEMU IMAGE [QEMU-CPU FEATURE...]\n", argv[0]);
        return 2;
    }
    qemu = argv[1];
    image = argv[2];
    if (argc > 3) {
        core = argv[3];
        change = (const char *const *)argv + 4;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
