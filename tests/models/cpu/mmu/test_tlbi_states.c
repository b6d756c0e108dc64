/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every TLBI of table.def against the security state: entries of the regimes of EL1, EL2 and EL3 in both
 * states, and which of them are left (Arm ARM DDI 0487 J.a C5.5: SCR_EL3.NS names the state; those of EL3 act
 * on EL3's own). Then operations by IPA, whose operand's bit 63 chooses one of the two IPA spaces of the
 * Secure state (TLBI IPAS2E1, RIPAS2E1 and their like), and the timing of stage 2, which keeps them apart.
 */
#include "insn.h"

#include "models/cpu/mmu/walk.h"

#define TABLES (PE_RAM_BASE + 0x100000)
#define VA     (PE_RAM_BASE + 0x5000)
#define LEAF   (DESC_VALID | DESC_AF | 3 << 8)

static const char *const features[] = {"fp", "vhe", "tlbios", "tlbirange", "el2", "el3", "sel2", NULL};

static const struct {
    const char *name;
    uint8_t op1, crm, op2;
} ops[] = {
#define SYSI(nm, op1, crn, crm, op2, ...) {#nm, op1, crm, op2},
#include "models/cpu/sysreg/table.def"
};

enum place {
    EL1_NS,
    EL1_S,
    EL2_NS,
    EL2_S,
    AT_EL3,
    PLACES,
};

static enum mmu_regime regime_of(unsigned place)
{
    return place < EL2_NS ? MMU_EL10 : place < AT_EL3 ? MMU_EL2 : MMU_EL3;
}

static void set_state(struct pe *p, bool secure)
{
    sysreg_write_id(p->cpu, SR_SCR_EL3, SCR_HCE | SCR_EEL2 | (secure ? 0 : SCR_NS));
}

static struct mmu_view *view(struct pe *p, unsigned place)
{
    uint64_t scr = p->cpu->arch.sr[SR_SCR_EL3];
    struct mmu_view *v;

    set_state(p, place == EL1_S || place == EL2_S);
    v = mmu_view_get(p->cpu, regime_of(place), MMU_PRIV);
    sysreg_write_id(p->cpu, SR_SCR_EL3, scr);
    return v;
}

static bool held(struct pe *p, unsigned place)
{
    return view(p, place)->tlb[MMU_TLB_INDEX(VA)].rtag == (VA & MMU_PAGE_MASK);
}

/* Blocks of 1 GiB, flat, in all regimes; EL1's are of an ASID. */
static void set_up(struct pe *p)
{
    static const struct {
        enum sr_id mair, tcr, ttbr, sctlr;
        uint64_t tcr_value;
    } at[] = {
        {SR_MAIR_EL1, SR_TCR_EL1, SR_TTBR0_EL1, SR_SCTLR_EL1, 25 | TCR_EPD1 | 2ul << 32},
        {SR_MAIR_EL2, SR_TCR_EL2, SR_TTBR0_EL2, SR_SCTLR_EL2, 0x80800000 | 25 | 2 << 16},
        {SR_MAIR_EL3, SR_TCR_EL3, SR_TTBR0_EL3, SR_SCTLR_EL3, 0x80800000 | 25 | 2 << 16},
    };
    struct cpu *c = p->cpu;

    pe_at(p, 3, PSTATE(3, 1, 15));
    for (unsigned i = 0; i < 3; i++) {
        uint64_t e[2] = {0, PE_RAM_BASE | LEAF | DESC_NS | (i ? 0 : DESC_NG)};

        pe_write(p, TABLES + i * 0x1000, e, sizeof(e));
        c->arch.sr[at[i].mair] = 0xff;
        c->arch.sr[at[i].tcr] = at[i].tcr_value;
        c->arch.sr[at[i].ttbr] = TABLES + i * 0x1000;
        sysreg_write_id(c, at[i].sctlr, 0x30c50830 | SCTLR_M | SCTLR_C | SCTLR_I);
    }
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW);
    mmu_controls_changed(c);
    mmu_drop_everything(c);
}

static void fill(struct pe *p)
{
    for (unsigned place = 0; place < PLACES; place++) {
        struct mmu_lookup out;

        mmu_access(p->cpu, view(p, place), VA, 8, MMU_READ, &out);
        assert_non_null(out.host);
        assert_true(held(p, place));
    }
}

/* Level whose regime the name is of. */
static unsigned named_level(const char *name)
{
    const char *e = strrchr(name, 'E');

    return (unsigned)(e[1] - '0');
}

static void test_states(void **unused)
{
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;
    unsigned n = 0;

    (void)unused;
    set_up(p);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(ops); i++) {
        unsigned level;
        bool by_ipa = strstr(ops[i].name, "IPAS2"), range = !strncmp(ops[i].name + 5, "R", 1);

        if (strncmp(ops[i].name, "TLBI_", 5))
            continue;
        level = named_level(ops[i].name);
        for (unsigned el = 1; el <= 3; el++) {
            for (unsigned k = 0; k < 4; k++) {
                bool secure = k & 1, ns_operand = k & 2;
                uint64_t offset;

                if (el < level || (level == 1 && ops[i].op1 == 4 && el == 1))
                    continue;
                cpu_set_pstate(c, PSTATE(3, 1, 15));
                fill(p);
                set_state(p, secure);
                cpu_set_pstate(c, PSTATE(el, 1, 15));
                cpu_set_x(c, 1,
                          VA >> 12 | (range ? TG_BIT(46) : 0) | (by_ipa && ns_operand ? TG_BIT(63) : 0));
                pe_one(p, UINT32_C(0xd5088001) | (uint32_t)ops[i].op1 << 16 | (uint32_t)ops[i].crm << 8 |
                              (uint32_t)ops[i].op2 << 5);
                assert_int_equal(pe_vector(p, &offset), 0);
                cpu_set_pstate(c, PSTATE(3, 1, 15));
                for (unsigned place = 0; place < PLACES; place++) {
                    bool same_state = place == AT_EL3 || secure == (place == EL1_S || place == EL2_S);
                    unsigned its_level = place == AT_EL3 ? 3 : place / 2 + 1;

                    if (held(p, place) == !(its_level == level && same_state))
                        continue;
                    print_message("%s at EL%u, %s, bit 63 %u: entry %u is %s\n", ops[i].name, el,
                                  secure ? "Secure" : "Non-secure", ns_operand, place,
                                  held(p, place) ? "held" : "gone");
                    fail();
                }
                n++;
            }
        }
    }
    assert_true(n > 500);
    pe_free(p);
}

/* ---- the two IPA spaces ---- */

#define NS_IPA     UINT64_C(0x80000000) /* of the Non-secure IPA space: 2 GiB up */
#define STAGE1     (TABLES + 0x3000)
#define S2_SHAPE   (0x80000000 | 25 | 1 << 6)
#define S2_BLOCK   (DESC_VALID | DESC_AF | 0xf << 2 | DESC_S2_READ | DESC_S2_WRITE)
#define CTX_NONE   UINT64_MAX
#define IPA_NS     TG_BIT(63)
#define IPA_SECURE 1u /* bits of the answer below */
#define IPA_OTHER  2u

/* Which spaces stage 2's own entries are of: the Secure one (of the stage 1 table), the Non-secure one (of
 * the data). */
static unsigned spaces(struct pe *p)
{
    const struct stlb *t = &p->cpu->timing.caches.ipa;
    unsigned found = 0;

    for (uint32_t i = 0; i < t->sets * t->ways; i++)
        if (t->e[i].ctx != CTX_NONE)
            found |= t->e[i].va & IPA_NS ? IPA_OTHER : IPA_SECURE;
    return found;
}

/* Stage 1's table is at a Secure IPA, and VA leads to a Non-secure one. */
static void walk_both(struct pe *p)
{
    uint64_t s1[2] = {0, NS_IPA | LEAF | DESC_NS},
             s2[3] = {0, PE_RAM_BASE | S2_BLOCK, PE_RAM_BASE | S2_BLOCK};
    struct cpu *c = p->cpu;

    pe_write(p, STAGE1, s1, sizeof(s1));
    pe_write(p, TABLES + 0x4000, s2, sizeof(s2));
    set_state(p, true);
    sysreg_write_id(c, SR_VSTCR_EL2, S2_SHAPE);
    sysreg_write_id(c, SR_VTCR_EL2, S2_SHAPE | 2 << 16);
    sysreg_write_id(c, SR_VSTTBR_EL2, TABLES + 0x4000);
    sysreg_write_id(c, SR_VTTBR_EL2, TABLES + 0x4000);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_VM);
    sysreg_write_id(c, SR_TTBR0_EL1, STAGE1);
    ttlb_data_slow(c, view(p, EL1_S), VA, 0);
    assert_int_equal(spaces(p), IPA_SECURE | IPA_OTHER);
}

static void test_ipa_spaces(void **unused)
{
    static const struct {
        uint8_t crm, op2;
        bool range;
    } forms[] = {{0, 1, false}, {0, 2, true}, {0, 5, false}, {0, 6, true},  {4, 0, false}, {4, 1, false},
                 {4, 2, true},  {4, 3, true}, {4, 4, false}, {4, 5, false}, {4, 6, true},  {4, 7, true}};
    static const struct {
        uint64_t ipa;
        bool ns_operand, secure;
        unsigned left;
    } cases[] = {
        {STAGE1, false, true, IPA_OTHER},
        {STAGE1, true, true, IPA_SECURE | IPA_OTHER},
        {NS_IPA | (VA & 0xffff), true, true, IPA_SECURE},
        {NS_IPA | (VA & 0xffff), false, true, IPA_SECURE | IPA_OTHER},
        {UINT64_C(3) << 30, true, true, IPA_SECURE | IPA_OTHER},
        /* of the Non-secure state: other entries altogether */
        {STAGE1, false, false, IPA_SECURE | IPA_OTHER},
        {NS_IPA, true, false, IPA_SECURE | IPA_OTHER},
    };
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;

    (void)unused;
    cpu_set_mode(c, CPU_TIMED);
    for (unsigned f = 0; f < TG_ARRAY_SIZE(forms); f++) {
        for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
            uint64_t offset;

            set_up(p);
            mmu_tlbi(c, ENC(1, 4, 8, 7, 4), 0); /* ALLE1 */
            set_state(p, true);
            mmu_tlbi(c, ENC(1, 4, 8, 7, 4), 0);
            assert_int_equal(spaces(p), 0);
            walk_both(p);
            set_state(p, cases[i].secure);
            cpu_set_pstate(c, PSTATE(2, 1, 15));
            cpu_set_x(c, 1,
                      cases[i].ipa >> 12 | (forms[f].range ? TG_BIT(46) : 0) |
                          (cases[i].ns_operand ? TG_BIT(63) : 0));
            pe_one(p, UINT32_C(0xd50c8001) | (uint32_t)forms[f].crm << 8 | (uint32_t)forms[f].op2 << 5);
            assert_int_equal(pe_vector(p, &offset), 0);
            print_message("CRm %u op2 %u, IPA %llx, bit 63 %u, %s\n", forms[f].crm, forms[f].op2,
                          (unsigned long long)cases[i].ipa, cases[i].ns_operand,
                          cases[i].secure ? "Secure" : "Non-secure");
            assert_int_equal(spaces(p), cases[i].left);
        }
    }
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_ipa_spaces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
