/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation oracle, host side: runs the image in a PE and in QEMU, and compares line by line. A line is:
 * trial, regime | EL | stage 2, operation, HCR_EL2, address, ESR_EL2, FAR_EL2, HPFAR_EL2, ESR_EL1, FAR_EL1,
 * value or PAR_EL1, hash of descriptors and data. Usage: test_oracle QEMU IMAGE CPU HOST. Where QEMU is known
 * to be wrong or different by choice, the line is skipped, with the reason in `known`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "image.h"
#include "models/base/bits.h"

static const char *qemu, *image, *core;
static bool el3;

/* What QEMU's `max` has of translation. */
static const char *const features_max[] = {
    "fp",   "crc32", "lse", "pan",     "pan2",  "uao",  "vhe",   "vmid16", "hafdbs",    "hpds",    "hpds2",
    "lor",  "xnx",   "ras", "gran16k", "s2fwb", "ttl",  "cnp",   "tlbios", "tlbirange", "gran64k", "pmuv3",
    "e0pd", "ttst",  "bbm", "idst",    "ets",   "ssbs", "ssbs2", "lva",    "lpa",       "el2",     NULL};
static const char *const params_48[] = {"pa_bits", "48", NULL};

struct line {
    uint64_t n, where, op, hcr, va, esr2, far2, hpfar, esr1, far1, value, hash;
};

static bool parse(const char *text, struct line *l)
{
    return sscanf(text, "%lx %lx %lx %lx %lx %lx %lx %lx %lx %lx %lx %lx", &l->n, &l->where, &l->op, &l->hcr,
                  &l->va, &l->esr2, &l->far2, &l->hpfar, &l->esr1, &l->far1, &l->value, &l->hash) == 12;
}

#define ESR_EC       TG_FIELD(31, 26)
#define ESR_ISS_INSN TG_FIELD(24, 14) /* ISV and what it makes valid */
#define ESR_WNR      TG_BIT(6)
#define ESR_S1PTW    TG_BIT(7)
#define ESR_FSC      TG_FIELD(5, 0)
#define HPFAR_NS     TG_BIT(63)
#define PAR_F        TG_BIT(0)
#define PAR_FST      TG_FIELD(6, 1)
#define PAR_SH       TG_FIELD(8, 7)
#define PAR_ATTR     TG_FIELD(63, 56)
#define PAR_PTW      TG_BIT(8)
enum {
    FSC_PERMISSION = 0x0c,
    FSC_EXTERNAL = 0x10,
    FSC_EXTERNAL_WALK = 0x14,
    FSC_ALIGNMENT = 0x21,
    FSC_EXCLUSIVE = 0x35,
};
enum {
    OP_BR = 4,
    OP_ZVA = 5,
    OP_LDADD = 8,
    OP_AT = 9,
};

static bool is_abort(uint64_t esr)
{
    uint64_t ec = tg_get(esr, ESR_EC);

    return (ec & ~1u) == 0x24 || (ec & ~1u) == 0x20;
}

static bool in(unsigned v, unsigned first, unsigned last)
{
    return v >= first && v <= last;
}

static bool fsc_in(const struct line *l, unsigned first, unsigned last)
{
    return (is_abort(l->esr2) && in((unsigned)tg_get(l->esr2, ESR_FSC), first, last)) ||
           (is_abort(l->esr1) && in((unsigned)tg_get(l->esr1, ESR_FSC), first, last));
}

/* In the level of a stage 2 fault on a stage 1 walk QEMU 7.2 leaves that of the stage 1 lookup. Makes b's
 * that of a. */
static void same_level(const struct line *a, struct line *b)
{
    unsigned fa = (unsigned)tg_get(a->esr2, ESR_FSC), fb = (unsigned)tg_get(b->esr2, ESR_FSC),
             pa = (unsigned)tg_get(a->value, PAR_FST), pb = (unsigned)tg_get(b->value, PAR_FST);

    if (is_abort(a->esr2) && (a->esr2 & ESR_S1PTW) && (fa ^ fb) < 4)
        tg_set(&b->esr2, ESR_FSC, fa);
    if (a->op >= OP_AT && (a->value & b->value & PAR_F) && (a->value & PAR_PTW) && (pa ^ pb) < 4)
        tg_set(&b->value, PAR_FST, pa);
}

/* Differences that are QEMU 7.2's, or left open by the architecture; NULL: none. */
static const char *known(const char *ours, const char *theirs)
{
    struct line a, b;

    if (!parse(ours, &a) || !parse(theirs, &b) || a.n != b.n || a.where != b.where || a.op != b.op ||
        a.hcr != b.hcr || a.va != b.va)
        return NULL;
    if (fsc_in(&a, FSC_EXTERNAL, FSC_EXTERNAL_WALK + 3))
        return "outside RAM the boards differ";
    if (fsc_in(&a, FSC_EXCLUSIVE, FSC_EXCLUSIVE) &&
        (fsc_in(&b, FSC_EXTERNAL, FSC_EXTERNAL) || !(is_abort(b.esr2) || is_abort(b.esr1))))
        return "atomic access outside RAM: unsupported, an external abort, or what the boards have there";
    if (a.op < OP_BR && (a.va & 7) && fsc_in(&b, FSC_EXTERNAL, FSC_EXTERNAL))
        return "outside RAM: QEMU accesses the first part before it looks at the second page";
    if (a.op < OP_BR && fsc_in(&a, FSC_ALIGNMENT, FSC_ALIGNMENT))
        return "unaligned access to Device memory: QEMU 7.2 does not make the alignment fault";
    if (a.op == OP_ZVA && fsc_in(&a, FSC_ALIGNMENT, FSC_ALIGNMENT))
        return "DC ZVA to Device memory: QEMU does not make the alignment fault";
    if (a.op == OP_BR && fsc_in(&a, FSC_PERMISSION, FSC_PERMISSION + 3))
        return "QEMU takes a clean page that DBM makes writable as read-only, also for WXN and EL0-writable "
               "code";
    if (a.op == OP_LDADD && (a.hash != b.hash || fsc_in(&b, FSC_PERMISSION, FSC_PERMISSION + 3)))
        return "QEMU checks an atomic as a read at both stages first, then as a write";
    if (is_abort(a.esr2) && a.hpfar == 0)
        b.esr2 &= ~(uint64_t)ESR_ISS_INSN; /* QEMU gives an instruction syndrome with stage 1 faults, too */
    if (is_abort(a.esr2) &&
        (a.esr2 & ESR_S1PTW)) /* QEMU has it by the state, not by NSTable before the descriptor */
        b.hpfar |= a.hpfar & HPFAR_NS;
    same_level(&a, &b);
    if (is_abort(a.esr2) && (a.esr2 & ESR_S1PTW) && fsc_in(&a, FSC_PERMISSION, FSC_PERMISSION + 3))
        b.esr2 |=
            a.esr2 &
            ESR_WNR; /* stage 2 forbids the update of a descriptor (AF): QEMU calls that what the access is */
    if (a.op >= OP_AT && !((a.value | b.value) & PAR_F)) {
        uint64_t attr = tg_get(a.value, PAR_ATTR);

        if ((attr == 0x44 || !(attr & 0xf0)) && tg_get(a.value, PAR_SH) == 2)
            tg_set(&b.value, PAR_SH, 2); /* Device and non-cacheable memory read as outer shareable */
        if ((a.where & 1) && !(attr & 0xf0) && !(tg_get(b.value, PAR_ATTR) & 0xf0))
            tg_set(&b.value, PAR_ATTR,
                   attr); /* QEMU mixes the inner attribute of Normal with a Device type */
    }
    return memcmp(&a, &b, sizeof(a)) ? NULL : "see above";
}

static void test_compare(void **state)
{
    const char *const *set = !strncmp(core, "max", 3)      ? features_max
                             : !strcmp(core, "cortex-a57") ? pe_features_a57
                                                           : pe_features_n1;
    const char *features[64];
    unsigned n = 0;
    char *ours;
    char *theirs, arguments[256];
    unsigned lines;

    (void)state;
    for (; set[n]; n++)
        features[n] = set[n];
    features[n] = el3 ? "el3" : NULL;
    features[n + 1] = set == features_max ? "sel2" : NULL; /* with EL3 */
    features[n + 2] = NULL;
    ours = image_run_pe(image, features, set == pe_features_n1 ? params_48 : NULL, el3 ? 3 : 2);
    snprintf(arguments, sizeof(arguments), "-M virt,virtualization=on,gic-version=3%s -cpu %s",
             el3 ? ",secure=on" : "", core);
    theirs = (el3 ? image_run_qemu_el3 : image_run_qemu)(qemu, arguments, image);
    assert_int_equal(image_compare(ours, theirs, known, &lines), 0);
    assert_true(lines > 10000);
    free(ours);
    free(theirs);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};

    if (argc != 5) {
        fprintf(stderr, "usage: %s QEMU IMAGE CPU 2|3\n", argv[0]);
        return 2;
    }
    qemu = argv[1];
    image = argv[2];
    core = argv[3];
    el3 = *argv[4] == '3';
    return cmocka_run_group_tests(tests, NULL, NULL);
}
