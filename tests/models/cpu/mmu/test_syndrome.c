/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syndrome of data aborts at stage 2: which instructions describe themselves in it, and how. Arm ARM DDI
 * 0487 J.a, D19.2.37, 'ISS encoding for an exception from a Data Abort': ISV is 1 for loads and stores of a
 * single general register, with acquire and release semantics too, but not for exclusive ones and not for
 * ones with writeback. WnR is 0 for an atomic whose read would have had the fault already.
 */
#include "insn.h"

#include "models/cpu/mmu/walk.h"

#define TABLES (PE_RAM_BASE + 0x100000)
#define AT     UINT64_C(0x1000)
#define LEAF   (DESC_VALID | DESC_AF | 3 << 8 | 3 << 6 | 0xf << 2)

#define WNR 0x40u
/* ISV with its fields: log2 of the size, sign extension, 64-bit register, acquire or release; the register is
 * 0. */
#define ISV(size, sse, sf, ar) \
    (1u << 24 | (unsigned)(size) << 22 | (unsigned)(sse) << 21 | (unsigned)(sf) << 15 | (unsigned)(ar) << 14)
#define NONE 0

static const struct {
    const char *name;
    uint32_t insn; /* memory at [x1] */
    uint32_t iss;  /* FSC apart */
} cases[] = {
    /* load and store register: unsigned immediate, unscaled, unprivileged, register offset */
    {"ldrb w0, [x1]", 0x39400020, ISV(0, 0, 0, 0)},
    {"strh w0, [x1]", 0x79000020, ISV(1, 0, 0, 0) | WNR},
    {"ldr w0, [x1]", 0xb9400020, ISV(2, 0, 0, 0)},
    {"str x0, [x1]", 0xf9000020, ISV(3, 0, 1, 0) | WNR},
    {"str x28, [x1]", 0xf900003c, ISV(3, 0, 1, 0) | WNR | 28 << 16},
    {"str xzr, [x1]", 0xf900003f, ISV(3, 0, 1, 0) | WNR | 31 << 16},
    {"ldrsb x0, [x1]", 0x39800020, ISV(0, 1, 1, 0)},
    {"ldrsb w0, [x1]", 0x39c00020, ISV(0, 1, 0, 0)},
    {"ldrsw x0, [x1]", 0xb9800020, ISV(2, 1, 1, 0)},
    {"ldur x0, [x1]", 0xf8400020, ISV(3, 0, 1, 0)},
    {"ldursh w0, [x1]", 0x78c00020, ISV(1, 1, 0, 0)},
    {"sttr w0, [x1]", 0xb8000820, ISV(2, 0, 0, 0) | WNR},
    {"ldtrsh x0, [x1]", 0x78800820, ISV(1, 1, 1, 0)},
    {"ldr x0, [x1, x2]", 0xf8626820, ISV(3, 0, 1, 0)},
    {"ldrsh x0, [x1, w2, sxtw]", 0x78a2c820, ISV(1, 1, 1, 0)},
    {"ldr x0, .-8", 0x58ffffc0, ISV(3, 0, 1, 0)},
    {"ldr w0, .-8", 0x18ffffc0, ISV(2, 0, 0, 0)},
    {"ldrsw x0, .-8", 0x98ffffc0, ISV(2, 1, 1, 0)},
    {"ldraa x0, [x1]", 0xf8200420, ISV(3, 0, 1, 0)},
    {"ldrab x0, [x1]", 0xf8a00420, ISV(3, 0, 1, 0)},
    /* acquire and release */
    {"ldar x0, [x1]", 0xc8dffc20, ISV(3, 0, 1, 1)},
    {"ldarb w0, [x1]", 0x08dffc20, ISV(0, 0, 0, 1)},
    {"stlr w0, [x1]", 0x889ffc20, ISV(2, 0, 0, 1) | WNR},
    {"ldlar x0, [x1]", 0xc8df7c20, ISV(3, 0, 1, 0)},
    {"stllrh w0, [x1]", 0x489f7c20, ISV(1, 0, 0, 0) | WNR},
    {"ldapr w0, [x1]", 0xb8bfc020, ISV(2, 0, 0, 1)},
    {"ldapur x0, [x1]", 0xd9400020, ISV(3, 0, 1, 1)},
    {"ldapursb x0, [x1]", 0x19800020, ISV(0, 1, 1, 1)},
    {"ldapursh w0, [x1]", 0x59c00020, ISV(1, 1, 0, 1)},
    {"stlurb w0, [x1]", 0x19000020, ISV(0, 0, 0, 1) | WNR},
    /* writeback */
    {"ldr x0, [x1], #8", 0xf8408420, NONE},
    {"str x0, [x1, #0]!", 0xf8000c20, NONE | WNR},
    {"ldraa x0, [x1, #0]!", 0xf8200c20, NONE},
    /* exclusives and atomics, pairs, vectors, blocks */
    {"ldxr x0, [x1]", 0xc85f7c20, NONE},
    {"ldaxr x0, [x1]", 0xc85ffc20, NONE},
    {"cas x0, x2, [x1]", 0xc8a07c22, NONE},
    {"casa x0, x2, [x1]", 0xc8e07c22, NONE},
    {"casal w0, w2, [x1]", 0x88e0fc22, NONE},
    {"caslb w0, w2, [x1]", 0x08a0fc22, NONE},
    {"caspal x2, x3, x4, x5, [x1]", 0x4862fc24, NONE},
    {"ldadd x2, x0, [x1]", 0xf8220020, NONE},
    {"swpal w2, w0, [x1]", 0xb8e28020, NONE},
    {"ldp x0, x3, [x1]", 0xa9400c20, NONE},
    {"stnp w0, w3, [x1]", 0x28000c20, NONE | WNR},
    {"ldpsw x0, x3, [x1]", 0x69400c20, NONE},
    {"ldr d0, [x1]", 0xfd400020, NONE},
    {"stur b0, [x1]", 0x3c000020, NONE | WNR},
    {"ldr q0, [x1, x2]", 0x3ce26820, NONE},
    {"ldr s0, .-8", 0x1cffffc0, NONE},
    {"ld1 {v0.16b}, [x1]", 0x4c407020, NONE},
    {"dc zva, x1", 0xd50b7421, NONE | WNR},
};

static void test_instructions(void **unused)
{
    struct pe *p = pe_vectors(pe_features_max);
    struct cpu *c = p->cpu;
    uint64_t blocks[2] = {0, PE_RAM_BASE | LEAF};

    (void)unused;
    pe_write(p, TABLES, blocks, sizeof(blocks));
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
        uint64_t offset, esr;
        uint32_t want = cases[i].iss | (FSC_TRANSLATION + 1);

        print_message("%s\n", cases[i].name);
        pe_at(p, 1, PSTATE(1, 1, 15));
        sysreg_write_id(c, SR_VTCR_EL2, 0x80000000 | 25 | 1 << 6 | 2 << 16);
        sysreg_write_id(c, SR_VTTBR_EL2, TABLES);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_VM | HCR_APK | HCR_API | HCR_DC);
        cpu_context_changed(c);
        cpu_set_x(c, 1, AT);
        cpu_set_x(c, 2, 0);
        pe_one(p, cases[i].insn);
        assert_int_equal(pe_vector(p, &offset), 2);
        esr = pe_esr(p, 2);
        assert_int_equal(esr >> 26, EC_DABT_LOWER);
        assert_int_equal(esr & 0x1ffffff, want);
    }
    pe_free(p);
}

/* An access to Device memory that is not aligned: an Alignment fault, before permissions and stage 2 are
 * looked at (R_XCHFJ). */
static void test_device_alignment(void **unused)
{
    enum { OFF, DEVICE, DEVICE_RO, NORMAL, DEVICE_NOT_THERE };
    static const struct {
        const char *name;
        int stage1;
        bool stage2; /* on, and the page is not there */
        uint32_t insn;
        unsigned offset, el, fsc; /* what it comes to */
    } at[] = {
        {"stage 1 off, aligned", OFF, true, LDR_X0_X1, 0, 2, FSC_TRANSLATION + 1},
        {"stage 1 off", OFF, true, LDR_X0_X1, 4, 1, FSC_ALIGNMENT},
        {"Device, aligned", DEVICE, true, STR_X0_X1, 8, 2, FSC_TRANSLATION + 1},
        {"Device", DEVICE, true, STR_X0_X1, 1, 1, FSC_ALIGNMENT},
        {"Device, byte", DEVICE, true, 0x39400020, 1, 2, FSC_TRANSLATION + 1},
        {"Device, ldp of words", DEVICE, true, 0x29400c20, 4, 2, FSC_TRANSLATION + 1},
        {"Device, ldp of words", DEVICE, true, 0x29400c20, 2, 1, FSC_ALIGNMENT},
        {"Device, end of the page", DEVICE, true, LDR_X0_X1, 0xffc, 1, FSC_ALIGNMENT},
        {"Device, read-only, aligned", DEVICE_RO, false, STR_X0_X1, 0, 1, FSC_PERMISSION + 1},
        {"Device, read-only", DEVICE_RO, false, STR_X0_X1, 4, 1, FSC_ALIGNMENT},
        {"Device, read-only, both", DEVICE_RO, true, STR_X0_X1, 4, 1, FSC_ALIGNMENT},
        {"Device, dc zva", DEVICE, true, DC_ZVA_X1, 0, 1, FSC_ALIGNMENT},
        {"Device, read-only, dc zva", DEVICE_RO, false, DC_ZVA_X1, 0, 1, FSC_ALIGNMENT},
        {"Normal, dc zva", NORMAL, true, DC_ZVA_X1, 0, 2, FSC_TRANSLATION + 1},
        {"Normal", NORMAL, true, LDR_X0_X1, 4, 2, FSC_TRANSLATION + 1},
        {"no descriptor", DEVICE_NOT_THERE, true, LDR_X0_X1, 4, 1, FSC_TRANSLATION + 1},
    };
    struct pe *p = pe_vectors(pe_features_max);
    struct cpu *c = p->cpu;

    (void)unused;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(at); i++) {
        bool there = at[i].stage1 != DEVICE_NOT_THERE, ro = at[i].stage1 == DEVICE_RO;
        /* Attribute 0 of MAIR: Device-nGnRE; 1: Normal. */
        uint64_t s1[2] = {DESC_AF | (there ? DESC_VALID : 0) | (ro ? DESC_AP2 : 0) |
                              tg_put(DESC_ATTRINDX, at[i].stage1 == NORMAL),
                          PE_RAM_BASE | DESC_AF | DESC_VALID | tg_put(DESC_ATTRINDX, 1)};
        uint64_t s2[2] = {0, PE_RAM_BASE | LEAF}, offset, esr;

        print_message("%s\n", at[i].name);
        pe_write(p, TABLES, s2, sizeof(s2));
        pe_write(p, TABLES + 0x1000, s1, sizeof(s1));
        pe_at(p, 1, PSTATE(1, 1, 15));
        sysreg_write_id(c, SR_VTCR_EL2, 0x80000000 | 25 | 1 << 6 | 2 << 16);
        sysreg_write_id(c, SR_VTTBR_EL2, TABLES);
        c->arch.sr[SR_MAIR_EL1] = 0xff04;
        c->arch.sr[SR_TCR_EL1] = 25 | TCR_EPD1 | tg_put(TCR_IPS, 2);
        c->arch.sr[SR_TTBR0_EL1] = TABLES + 0x1000;
        sysreg_write_id(c, SR_SCTLR_EL1, 0x30d00800 | (at[i].stage1 == OFF ? 0 : SCTLR_M));
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | (at[i].stage2 ? HCR_VM : 0));
        mmu_controls_changed(c);
        mmu_drop_everything(c);
        cpu_set_x(c, 1, AT + at[i].offset);
        pe_one(p, at[i].insn);
        assert_int_equal(pe_vector(p, &offset), at[i].el);
        esr = pe_esr(p, at[i].el);
        assert_int_equal(esr >> 26, at[i].el == 2 ? EC_DABT_LOWER : EC_DABT_SAME);
        assert_int_equal(esr & 0x3f, at[i].fsc);
        assert_int_equal(c->arch.sr[at[i].el == 2 ? SR_FAR_EL2 : SR_FAR_EL1], AT + at[i].offset);
    }
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_instructions),
                                       cmocka_unit_test(test_device_alignment)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
