/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation table walk, case by case, where the oracle beside this file is silent: levels that may not
 * hold blocks, and each feature of translation with its switch on and off: identification field and effect.
 * Arm ARM DDI 0487 D8, D17.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/mmu/walk.h"
#include "pe.h"

#define TABLE (PE_RAM_BASE + 0x100000)
#define PAGE  (PE_RAM_BASE + 0x200000)
#define NEXT  0x10000 /* between tables of a path */
#define LEAF  (DESC_VALID | DESC_AF)

static const char *const plain[] = {"fp", "pan", "pan2", "hpds", "gran16k", "gran64k", "el2", NULL};

/* A PE with the plain features and one more. */
static struct pe *with(const char *feature, const char *another)
{
    const char *list[TG_ARRAY_SIZE(plain) + 2];

    memcpy(list, plain, sizeof(plain));
    list[TG_ARRAY_SIZE(plain) - 1] = feature;
    list[TG_ARRAY_SIZE(plain)] = feature ? another : NULL;
    list[TG_ARRAY_SIZE(plain) + 1] = NULL;
    return pe_new(list, (const char *const[]){"pa_bits", "48", NULL}, 1);
}

/* EL1&0 with stage 1 on, T0SZ and granule (TG0) as given. */
static void stage1(struct pe *p, unsigned t0sz, unsigned tg0)
{
    struct cpu *c = p->cpu;

    sysreg_write_id(c, SR_TCR_EL1, t0sz | (uint64_t)tg0 << 14 | tg_put(TCR_IPS, 5) | TCR_EPD1);
    sysreg_write_id(c, SR_TTBR0_EL1, TABLE);
    sysreg_write_id(c, SR_MAIR_EL1, 0xff);
    sysreg_write_id(c, SR_SCTLR_EL1, c->arch.sr[SR_SCTLR_EL1] | SCTLR_M);
}

/* Tables from `first` to `leaf` level for address 0, each at its place; the leaf is the descriptor given. */
static void path(struct pe *p, int first, int leaf, uint64_t desc)
{
    uint64_t at = TABLE;

    for (int level = first; level < leaf; level++, at += NEXT) {
        uint64_t next = (at + NEXT) | DESC_VALID | DESC_TABLE;

        pe_write(p, at, &next, 8);
    }
    pe_write(p, at, &desc, 8);
}

static struct mmu_result walk(struct pe *p, enum mmu_priv priv, uint64_t va, enum mmu_access access)
{
    struct mmu_key key;
    struct mmu_result r;

    mmu_make_key(p->cpu, MMU_EL10, priv, &key);
    mmu_translate(p->cpu, &key, va, access, &r);
    return r;
}

static void expect_fault(struct pe *p, enum mmu_priv priv, uint64_t va, enum mmu_access access, unsigned fsc)
{
    struct mmu_result r = walk(p, priv, va, access);

    assert_true(r.fault);
    assert_int_equal(r.fsc, fsc);
}

static void expect_pa(struct pe *p, enum mmu_priv priv, uint64_t va, enum mmu_access access, uint64_t pa)
{
    struct mmu_result r = walk(p, priv, va, access);

    assert_false(r.fault);
    assert_int_equal(r.pa, pa);
}

static uint64_t id(struct pe *p, enum sr_id reg, uint64_t field)
{
    return tg_get(sysreg_read_id(p->cpu, reg), field);
}

/* D8.3: blocks at levels 1 and 2 with 4K pages, at level 2 with 16K and 64K; nowhere else, in both stages. */
static void test_block_levels(void **state)
{
    static const struct {
        unsigned tg0, t0sz;
        int first, level;
        bool legal;
    } cases[] = {
        {0, 16, 0, 0, false}, {0, 16, 0, 1, true}, {0, 16, 0, 2, true},  {2, 16, 0, 0, false},
        {2, 16, 0, 1, false}, {2, 16, 0, 2, true}, {1, 16, 1, 1, false}, {1, 16, 1, 2, true},
    };

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
        struct pe *p = with(NULL, NULL);

        stage1(p, cases[i].t0sz, cases[i].tg0);
        path(p, cases[i].first, cases[i].level, LEAF);
        if (cases[i].legal)
            expect_pa(p, MMU_PRIV, 0x1230, MMU_READ, 0x1230);
        else
            expect_fault(p, MMU_PRIV, 0x1230, MMU_READ, FSC_TRANSLATION | (unsigned)cases[i].level);
        pe_free(p);
    }
}

static void test_block_levels_stage2(void **state)
{
    static const struct {
        uint64_t vtcr;
        int first, level;
        bool legal;
    } cases[] = {
        {24 | 2u << 6, 0, 0, false},            /* 4K, 40 bits from level 0 */
        {24 | 1u << 6, 1, 1, true},             /* 4K, 40 bits from level 1 */
        {24 | 2u << 6 | 2u << 14, 1, 1, false}, /* 16K */
        {24 | 1u << 6 | 1u << 14, 2, 2, true},  /* 64K */
        {20 | 2u << 6 | 1u << 14, 1, 1, false}, /* 64K, 44 bits from level 1 */
    };

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
        struct pe *p = with(NULL, NULL);

        sysreg_write_id(p->cpu, SR_VTCR_EL2, cases[i].vtcr | tg_put(VTCR_PS, 5));
        sysreg_write_id(p->cpu, SR_VTTBR_EL2, TABLE);
        sysreg_write_id(p->cpu, SR_HCR_EL2, HCR_VM | HCR_RW);
        path(p, cases[i].first, cases[i].level, LEAF | 0xf << 2 | DESC_S2_READ);
        if (cases[i].legal)
            expect_pa(p, MMU_PRIV, 0x1230, MMU_READ, 0x1230);
        else
            expect_fault(p, MMU_PRIV, 0x1230, MMU_READ, FSC_TRANSLATION | (unsigned)cases[i].level);
        pe_free(p);
    }
}

#define GRAIN64 1 /* TG0 */

/* FEAT_LPA, 64K granule: bits 15:12 of a descriptor are bits 51:48 of the address; a size of less than 52
 * bits makes them an address size fault; blocks at level 1; bits 5:2 of the table base. Without it they are
 * nothing. */
static void test_lpa(void **state)
{
    const uint64_t top = UINT64_C(0xa) << 48, in_desc = UINT64_C(0xa) << 12;

    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct pe *p = with(on ? "lpa" : NULL, NULL);
        struct cpu *c = p->cpu;

        assert_int_equal(id(p, SR_ID_AA64MMFR0_EL1, TG_FIELD(3, 0)), on ? 6 : 5);
        for (unsigned ips = 5; ips <= 6; ips++) {
            stage1(p, 16, GRAIN64);
            sysreg_write_id(c, SR_TCR_EL1, tg_with(c->arch.sr[SR_TCR_EL1], TCR_IPS, ips));
            /* a page */
            path(p, 1, 3, PAGE | in_desc | LEAF | DESC_TABLE);
            if (!on)
                expect_pa(p, MMU_PRIV, 0x10, MMU_READ, PAGE + 0x10);
            else if (ips == 6)
                expect_pa(p, MMU_PRIV, 0x10, MMU_READ, top | (PAGE + 0x10));
            else
                expect_fault(p, MMU_PRIV, 0x10, MMU_READ, FSC_ADDRESS | 3);
            /* a block of level 1: 4 TiB */
            path(p, 1, 1, in_desc | LEAF);
            if (!on)
                expect_fault(p, MMU_PRIV, 0x10, MMU_READ, FSC_TRANSLATION | 1);
            else if (ips == 6)
                expect_pa(p, MMU_PRIV, UINT64_C(0x3ffffffff10), MMU_READ, top | 0x3ffffffff10);
            else
                expect_fault(p, MMU_PRIV, 0x10, MMU_READ, FSC_ADDRESS | 1);
            /* the table: nothing is there, or the bits do not count */
            path(p, 1, 3, PAGE | LEAF | DESC_TABLE);
            sysreg_write_id(c, SR_TTBR0_EL1, TABLE | 0xa << 2);
            if (on && ips == 6)
                expect_fault(p, MMU_PRIV, 0x10, MMU_READ, FSC_EXTERNAL_WALK | 1);
            else
                expect_pa(p, MMU_PRIV, 0x10, MMU_READ, PAGE + 0x10);
        }
        /* the other granules have 48 bits in any case */
        stage1(p, 16, 0);
        sysreg_write_id(c, SR_TCR_EL1, tg_with(c->arch.sr[SR_TCR_EL1], TCR_IPS, 6));
        path(p, 0, 3, PAGE | LEAF | DESC_TABLE);
        expect_pa(p, MMU_PRIV, 0x10, MMU_READ, PAGE + 0x10);
        pe_free(p);
    }
}

/* FEAT_LVA, 64K granule: T0SZ down to 12; without it, and for other granules, 16 is the least and counts. */
static void test_lva(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct pe *p = with(on ? "lva" : NULL, NULL);
        const uint64_t va = UINT64_C(0xf) << 48 | 0x10;

        assert_int_equal(id(p, SR_ID_AA64MMFR2_EL1, TG_FIELD(19, 16)), on);
        stage1(p, 12, GRAIN64);
        path(p, 1, 3, PAGE | LEAF | DESC_TABLE);
        expect_pa(p, MMU_PRIV, 0x10, MMU_READ, PAGE + 0x10);
        if (on) { /* its entry of the first table, of 1024, is another one */
            expect_fault(p, MMU_PRIV, va, MMU_READ, FSC_TRANSLATION | 1);
            pe_write(p, TABLE + (va >> 42) * 8, &(uint64_t){(TABLE + NEXT) | DESC_VALID | DESC_TABLE}, 8);
            expect_pa(p, MMU_PRIV, va, MMU_READ, PAGE + 0x10);
            expect_fault(p, MMU_PRIV, UINT64_C(1) << 52, MMU_READ, FSC_TRANSLATION);
        } else {
            expect_fault(p, MMU_PRIV, va, MMU_READ, FSC_TRANSLATION);
        }
        stage1(p, 12, 0);
        path(p, 0, 3, PAGE | LEAF | DESC_TABLE);
        expect_pa(p, MMU_PRIV, 0x10, MMU_READ, PAGE + 0x10);
        expect_fault(p, MMU_PRIV, va, MMU_READ, FSC_TRANSLATION);
        pe_free(p);
    }
}

/* FEAT_HPDS2: bits 62:59 of a leaf mean nothing, whatever TCR_ELx.HWU says; the field counts up. */
static void test_hpds2(void **state)
{
    struct pe *p = with(NULL, NULL);

    (void)state;
    assert_int_equal(id(p, SR_ID_AA64MMFR1_EL1, TG_FIELD(15, 12)), 1);
    pe_free(p);
    p = with("hpds2", NULL);
    assert_int_equal(id(p, SR_ID_AA64MMFR1_EL1, TG_FIELD(15, 12)), 2);
    stage1(p, 16, 0);
    sysreg_write_id(p->cpu, SR_TCR_EL1, p->cpu->arch.sr[SR_TCR_EL1] | TCR_HPD0 | TG_FIELD(46, 43));
    path(p, 0, 3, PAGE | LEAF | DESC_TABLE | DESC_AP1 | TG_FIELD(62, 59));
    expect_pa(p, MMU_USER, 0x10, MMU_WRITE, PAGE + 0x10);
    pe_free(p);
}

/* FEAT_E0PD: no unprivileged access through the table, a translation fault of level 0. */
static void test_e0pd(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct pe *p = with(on ? "e0pd" : NULL, NULL);

        assert_int_equal(id(p, SR_ID_AA64MMFR2_EL1, TG_FIELD(63, 60)), on);
        stage1(p, 16, 0);
        path(p, 0, 3, PAGE | LEAF | DESC_TABLE | DESC_AP1);
        sysreg_write_id(p->cpu, SR_TCR_EL1, p->cpu->arch.sr[SR_TCR_EL1] | TCR_E0PD1);
        expect_pa(p, MMU_USER, 0, MMU_READ, PAGE);
        sysreg_write_id(p->cpu, SR_TCR_EL1, p->cpu->arch.sr[SR_TCR_EL1] | TCR_E0PD0);
        expect_pa(p, MMU_PRIV, 0, MMU_READ, PAGE);
        if (on)
            expect_fault(p, MMU_USER, 0, MMU_READ, FSC_TRANSLATION);
        else
            expect_pa(p, MMU_USER, 0, MMU_READ, PAGE);
        pe_free(p);
    }
}

/* FEAT_PAN3: SCTLR_EL1.EPAN makes PAN reach pages that EL0 may only execute. */
static void test_pan3(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct pe *p = with(on ? "pan3" : NULL, NULL);

        assert_int_equal(id(p, SR_ID_AA64MMFR1_EL1, TG_FIELD(23, 20)), 2 + on);
        stage1(p, 16, 0);
        path(p, 0, 3, PAGE | LEAF | DESC_TABLE | DESC_PXN);
        expect_pa(p, MMU_PRIV_PAN, 0, MMU_READ, PAGE);
        sysreg_write_id(p->cpu, SR_SCTLR_EL1, p->cpu->arch.sr[SR_SCTLR_EL1] | SCTLR_EPAN);
        assert_int_equal((sysreg_read_id(p->cpu, SR_SCTLR_EL1) & SCTLR_EPAN) != 0, on);
        expect_pa(p, MMU_PRIV, 0, MMU_READ, PAGE);
        expect_pa(p, MMU_USER, 0, MMU_FETCH, PAGE);
        if (on)
            expect_fault(p, MMU_PRIV_PAN, 0, MMU_READ, FSC_PERMISSION | 3);
        else
            expect_pa(p, MMU_PRIV_PAN, 0, MMU_READ, PAGE);
        /* not executable by EL0: PAN does not care */
        path(p, 0, 3, PAGE | LEAF | DESC_TABLE | DESC_PXN | DESC_UXN);
        expect_pa(p, MMU_PRIV_PAN, 0, MMU_READ, PAGE);
        pe_free(p);
    }
}

/* FEAT_TTST: T0SZ up to 48, and a stage 2 that begins at level 3 with 4K pages. */
static void test_ttst(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct pe *p = with(on ? "ttst" : NULL, NULL);

        assert_int_equal(id(p, SR_ID_AA64MMFR2_EL1, TG_FIELD(31, 28)), on);
        stage1(p, 48, 0);
        path(p, 3, 3, PAGE | LEAF | DESC_TABLE);
        if (on) {
            expect_pa(p, MMU_PRIV, 0x123, MMU_READ, PAGE + 0x123);
            expect_fault(p, MMU_PRIV, 0x10000, MMU_READ, FSC_TRANSLATION);
        } else { /* taken as 39: the page's descriptor is one of level 2, of a table */
            expect_fault(p, MMU_PRIV, 0x10000000, MMU_READ, FSC_TRANSLATION);
            expect_fault(p, MMU_PRIV, 0x123, MMU_READ, FSC_TRANSLATION | 3);
        }
        sysreg_write_id(p->cpu, SR_SCTLR_EL1, 0);
        sysreg_write_id(p->cpu, SR_VTCR_EL2, 46 | 3u << 6 | tg_put(VTCR_PS, 5));
        sysreg_write_id(p->cpu, SR_VTTBR_EL2, TABLE);
        sysreg_write_id(p->cpu, SR_HCR_EL2, HCR_VM | HCR_RW);
        path(p, 3, 3, PAGE | LEAF | DESC_TABLE | 0xf << 2 | DESC_S2_READ);
        if (on)
            expect_pa(p, MMU_PRIV, 0x123, MMU_READ, PAGE + 0x123);
        else
            expect_fault(p, MMU_PRIV, 0x123, MMU_READ, FSC_TRANSLATION);
        pe_free(p);
    }
}

/* Fields of features without an effect of their own on a machine that caches no more than it was told. */
static void test_fields(void **state)
{
    static const struct {
        const char *feature;
        enum sr_id reg;
        uint64_t field;
        unsigned value;
    } cases[] = {
        {"cnp", SR_ID_AA64MMFR2_EL1, TG_FIELD(3, 0), 1},
        {"ttl", SR_ID_AA64MMFR2_EL1, TG_FIELD(51, 48), 1},
        {"bbm", SR_ID_AA64MMFR2_EL1, TG_FIELD(55, 52), 2},
        {"ets", SR_ID_AA64MMFR1_EL1, TG_FIELD(39, 36), 1},
        {"ntlbpa", SR_ID_AA64MMFR1_EL1, TG_FIELD(51, 48), 1},
        {"idst", SR_ID_AA64MMFR2_EL1, TG_FIELD(39, 36), 1},
    };
    struct pe *none = with(NULL, NULL);

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
        struct pe *p = with(cases[i].feature, NULL);

        assert_int_equal(id(none, cases[i].reg, cases[i].field), 0);
        assert_int_equal(id(p, cases[i].reg, cases[i].field), cases[i].value);
        pe_free(p);
    }
    pe_free(none);
}

/* FEAT_IDST: a read of the ID space from EL0 says which; writes and other registers stay undefined. */
static void test_idst(void **state)
{
    static const struct {
        uint32_t insn;
        bool id_space;
    } cases[] = {
        {0xd5380400, true},           /* MRS X0, ID_AA64PFR0_EL1 */
        {0xd5380700 | 6u << 5, true}, /* an unallocated one */
        {0xd5390020, true},           /* CLIDR_EL1 */
        {0xd53a0000, false},          /* CSSELR_EL1 */
        {0xd5381000, false},          /* SCTLR_EL1 */
        {0xd5180400, false},          /* MSR ID_AA64PFR0_EL1, X0 */
    };

    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        for (unsigned i = 0; i < TG_ARRAY_SIZE(cases); i++) {
            struct pe *p = with(on ? "idst" : NULL, NULL);

            pe_code(p, PE_RAM_BASE, &cases[i].insn, 1);
            pe_code(p, PE_RAM_BASE + 0x1400, &(const uint32_t){0xd503201f}, 1); /* NOP in the vector */
            sysreg_write_id(p->cpu, SR_VBAR_EL1, PE_RAM_BASE + 0x1000);
            cpu_set_pstate(p->cpu, 0);
            pe_run_insns(p, 1);
            assert_int_equal(cpu_get_el(p->cpu), 1);
            assert_int_equal(tg_get(p->cpu->arch.sr[SR_ESR_EL1], ESR_EC),
                             on && cases[i].id_space ? EC_SYSREG : 0);
            pe_free(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_levels), cmocka_unit_test(test_block_levels_stage2),
        cmocka_unit_test(test_lpa),          cmocka_unit_test(test_lva),
        cmocka_unit_test(test_hpds2),        cmocka_unit_test(test_e0pd),
        cmocka_unit_test(test_pan3),         cmocka_unit_test(test_ttst),
        cmocka_unit_test(test_fields),       cmocka_unit_test(test_idst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
