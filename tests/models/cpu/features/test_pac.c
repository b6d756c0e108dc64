/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer authentication beside what oracle/ compares with QEMU: the cipher against its paper, the controls
 * that trap or switch it off, faults of FEAT_FPAC, branches, returns and loads with authentication.
 */
#include "insn.h"

#include "models/cpu/mmu/pac.h"
#include "models/cpu/qarma.h"

#define DATA (PE_RAM_BASE + 0x100000)

#define PACIA_X0_X1   UINT32_C(0xdac10020)
#define AUTIA_X0_X1   UINT32_C(0xdac11020)
#define AUTDB_X0_X1   UINT32_C(0xdac11c20)
#define PACDB_X0_X1   UINT32_C(0xdac10c20)
#define PACGA_X0_X0   UINT32_C(0x9ac03000) /* pacga x0, x0, x0 */
#define XPACI_X0      UINT32_C(0xdac143e0)
#define BRAA_X0_X1    UINT32_C(0xd71f0801)
#define BLRAB_X0_X1   UINT32_C(0xd73f0c01)
#define RETAA         UINT32_C(0xd65f0bff)
#define ERETAA        UINT32_C(0xd69f0bff)
#define PACIASP       UINT32_C(0xd503233f)
#define LDRAA_X2_X0_8 UINT32_C(0xf8201c02) /* ldraa x2, [x0, #8]! */
#define MRS_APIALO    MRS(0, ENC(3, 0, 2, 1, 0))

#define SCTLR_KEYS (SCTLR_ENIA | SCTLR_ENIB | SCTLR_ENDA | SCTLR_ENDB)

/* R. Avanzi, "The QARMA Block Cipher Family", table of test vectors: sigma 2, r = 5. */
static void test_cipher(void **unused)
{
    (void)unused;
    assert_int_equal(qarma64(QARMA5, UINT64_C(0xfb623599da6e8127), UINT64_C(0x477d469dec0b8762),
                             UINT64_C(0x84be85ce9804e94b), UINT64_C(0xec2802d4e0a488e9)),
                     UINT64_C(0xc003b93999b33765));
}

/* At EL1 with the keys on, nothing trapped. */
static void start(struct pe *p, unsigned el)
{
    struct cpu *c = p->cpu;

    pe_at(p, el, PSTATE(el, el != 0, 15));
    c->arch.sr[SR_TCR_EL1] = 25 | 25 << 16;
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_API | HCR_APK);
    sysreg_write_id(c, SR_SCTLR_EL1, 0x30d00800 | SCTLR_KEYS);
    sysreg_write_id(c, SR_SCTLR_EL2, 0x30c50830 | SCTLR_KEYS);
    for (unsigned i = 0; i < 10; i++)
        c->arch.sr[SR_APIAKeyLo_EL1 + i] = UINT64_C(0x0123456789abcdef) * (i + 3);
    cpu_set_x(c, 0, DATA);
    cpu_set_x(c, 1, 0x1234);
}

static void test_controls(void **unused)
{
    struct pe *p = pe_vectors(pe_features_max);
    struct cpu *c = p->cpu;
    uint64_t offset;

    (void)unused;
    for (unsigned el = 0; el < 3; el++) {
        start(p, el);
        pe_one(p, PACIA_X0_X1);
        assert_int_not_equal(cpu_get_x(c, 0), DATA);
        assert_int_equal(cpu_get_pc(c), CODE + 4);
        pe_one(p, AUTIA_X0_X1);
        assert_int_equal(cpu_get_x(c, 0), DATA);
        /* a key that is off leaves the pointer alone, and traps nothing */
        start(p, el);
        sysreg_write_id(c, el == 2 ? SR_SCTLR_EL2 : SR_SCTLR_EL1, 0x30c50830);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW);
        pe_one(p, PACIA_X0_X1);
        assert_int_equal(cpu_get_x(c, 0), DATA);
        assert_int_equal(cpu_get_pc(c), CODE + 4);
        /* HCR_EL2.API: EL0 and EL1 are trapped, the generic code too, XPACI never */
        start(p, el);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_APK);
        pe_one(p, XPACI_X0);
        assert_int_equal(cpu_get_pc(c), CODE + 4);
        pe_one(p, PACGA_X0_X0);
        assert_int_equal(cpu_get_pc(c) == CODE + 4, el == 2);
        if (el < 2) {
            assert_int_equal(pe_vector(p, &offset), 2);
            assert_int_equal(pe_esr(p, 2), esr_make(EC_PAC, 0));
        }
    }
    /* HCR_EL2.APK: the keys, from EL1 */
    start(p, 1);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_API);
    pe_one(p, MRS_APIALO);
    assert_int_equal(pe_vector(p, &offset), 2);
    assert_int_equal(pe_esr(p, 2) >> 26, EC_SYSREG);
    start(p, 1);
    pe_one(p, MRS_APIALO);
    assert_int_equal(cpu_get_x(c, 0), c->arch.sr[SR_APIAKeyLo_EL1]);
    /* a host's EL0 is not trapped by HCR_EL2.API */
    start(p, 0);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_E2H | HCR_TGE);
    pe_one(p, PACIA_X0_X1);
    assert_int_equal(cpu_get_pc(c), CODE + 4);
    pe_free(p);
}

/* FEAT_FPAC: EC 0x1c, the kind of key in the syndrome; of combined instructions with FEAT_FPACCOMBINE. */
static void test_faults(void **unused)
{
    static const char *const features[] = {"pauth", "pauth2", "fpac", "el2", NULL};
    struct pe *p = pe_vectors(pe_features_max), *q = pe_vectors(features);
    struct cpu *c = p->cpu;

    (void)unused;
    start(p, 1);
    pe_one(p, AUTIA_X0_X1);
    assert_int_equal(pe_esr(p, 1), esr_make(EC_PACFAIL, 0));
    assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE);
    start(p, 1);
    pe_one(p, AUTDB_X0_X1);
    assert_int_equal(pe_esr(p, 1), esr_make(EC_PACFAIL, 3));
    start(p, 0);
    pe_one(p, BLRAB_X0_X1);
    assert_int_equal(pe_esr(p, 1), esr_make(EC_PACFAIL, 1));
    assert_int_equal(cpu_get_x(c, 30), 0);
    start(p, 1);
    pe_one(p, LDRAA_X2_X0_8);
    assert_int_equal(pe_esr(p, 1), esr_make(EC_PACFAIL, 2));
    assert_int_equal(cpu_get_x(c, 0), DATA);

    /* without FPACCOMBINE the branch is taken, to an address that faults */
    start(q, 1);
    pe_one(q, AUTIA_X0_X1);
    assert_int_equal(pe_esr(q, 1), esr_make(EC_PACFAIL, 0));
    start(q, 1);
    pe_one(q, BRAA_X0_X1);
    pe_run_insns(q, 1);
    assert_int_equal(pe_esr(q, 1) >> 26, EC_IABT_SAME);
    pe_free(p);
    pe_free(q);
}

static void test_combined(void **unused)
{
    static const char *const qarma3[] = {"pauth", "pacqarma3", "pauth2", "fpac", "fpaccombine", "el2", NULL};
    static const char *const own[] = {"pauth", "pacimp", "pauth2", "fpac", "fpaccombine", "el2", NULL};
    const char *const *sets[] = {pe_features_max, qarma3, own};

    (void)unused;
    for (unsigned k = 0; k < 3; k++) {
        struct pe *p = pe_vectors(sets[k]);
        struct cpu *c = p->cpu;
        uint64_t v = 77, target = CODE + 0x100, signed_lr;

        pe_write(p, DATA + 8, &v, sizeof(v));
        start(p, 1);
        cpu_set_x(c, 0, target);
        pe_one(p, PACIA_X0_X1);
        assert_int_not_equal(cpu_get_x(c, 0), target);
        pe_one(p, BRAA_X0_X1);
        assert_int_equal(cpu_get_pc(c), target);

        /* LDRAA with write-back writes the authenticated address; its modifier is zero */
        start(p, 1);
        v = DATA;
        assert_true(pac_sign(c, NULL, PAC_DA, &v, 0));
        cpu_set_x(c, 0, v);
        pe_one(p, LDRAA_X2_X0_8);
        assert_int_equal(cpu_get_x(c, 2), 77);
        assert_int_equal(cpu_get_x(c, 0), DATA + 8);

        /* a frame's return address */
        start(p, 1);
        cpu_set_x(c, 31, DATA + 0x1000);
        cpu_set_x(c, 30, target);
        pe_one(p, PACIASP);
        signed_lr = cpu_get_x(c, 30);
        assert_int_not_equal(signed_lr, target);
        pe_one(p, RETAA);
        assert_int_equal(cpu_get_pc(c), target);
        assert_int_equal(cpu_get_x(c, 30), signed_lr);

        /* ERETAA authenticates ELR by SP; a wrong code faults at the same level, and ELR is that of the fault
         */
        start(p, 1);
        cpu_set_x(c, 31, DATA + 0x1000);
        v = target;
        assert_true(pac_sign(c, NULL, PAC_IA, &v, DATA + 0x1000));
        c->arch.sr[SR_ELR_EL1] = v;
        c->arch.sr[SR_SPSR_EL1] = PSTATE(0, 0, 0);
        pe_one(p, ERETAA);
        assert_int_equal(cpu_get_el(c), 0);
        assert_int_equal(cpu_get_pc(c), target);
        start(p, 1);
        c->arch.sr[SR_ELR_EL1] = v ^ TG_BIT(60);
        pe_one(p, ERETAA);
        assert_int_equal(pe_esr(p, 1), esr_make(EC_PACFAIL, 0));
        assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE);
        pe_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cipher),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_combined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
