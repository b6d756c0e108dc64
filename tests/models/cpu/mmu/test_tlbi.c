/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TLBI takes out of the software TLBs: by address, pages of this and of other address spaces, global
 * ones, and pages of blocks, which die whichever address of the block is named; by ASID. And what address
 * spaces have in common. Arm ARM DDI 0487 D8.16 (TLB maintenance).
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
#define NEXT  0x10000
#define LEAF  (DESC_VALID | DESC_AF)
#define KIB   UINT64_C(1024)
#define MIB   (1024 * KIB)
#define GIB   (1024 * MIB)
#define VA    (3 * GIB) /* maps to RAM below */

static const char *const plain[] = {"fp", "el2", "gran64k", NULL};

/* EL1&0 under ASID `asid`; the mapping of VA is a block of level 1 or 2 or a page, level 3, with these
 * attributes. */
static struct pe *mapped(unsigned asid, int level, uint64_t attributes)
{
    struct pe *p = pe_new(plain, (const char *const[]){"pa_bits", "48", NULL}, 1);
    struct cpu *c = p->cpu;
    uint64_t at = TABLE + 8 * (VA >> 30), desc;

    for (int l = 1; l < level; l++) {
        desc = (TABLE + (uint64_t)l * NEXT) | DESC_VALID | DESC_TABLE;
        pe_write(p, at, &desc, 8);
        at = TABLE + (uint64_t)l * NEXT;
    }
    desc = (PE_RAM_BASE & ~(level == 1   ? GIB - 1
                            : level == 2 ? 2 * MIB - 1
                                         : 4 * KIB - 1)) |
           LEAF | attributes | (level == 3 ? DESC_TABLE : 0);
    pe_write(p, at, &desc, 8);
    sysreg_write_id(c, SR_TCR_EL1, 25 | tg_put(TCR_IPS, 5) | TCR_EPD1);
    sysreg_write_id(c, SR_TTBR0_EL1, TABLE | (uint64_t)asid << 48);
    sysreg_write_id(c, SR_MAIR_EL1, 0xff);
    sysreg_write_id(c, SR_SCTLR_EL1, c->arch.sr[SR_SCTLR_EL1] | SCTLR_M);
    return p;
}

static void touch(struct pe *p, uint64_t va)
{
    struct mmu_lookup out;

    mmu_access(p->cpu, mmu_view_get(p->cpu, MMU_EL10, MMU_PRIV), va, 8, MMU_READ, &out);
    assert_non_null(out.host);
}

static bool held(struct pe *p, uint64_t va)
{
    const struct mmu_view *v = mmu_view_get(p->cpu, MMU_EL10, MMU_PRIV);

    return v->tlb[(va >> MMU_PAGE_BITS) & (MMU_TLB_SIZE - 1)].rtag == (va & MMU_PAGE_MASK);
}

static void invalidate(struct pe *p, unsigned asid, uint64_t va, uint64_t bytes)
{
    const struct mmu_inval w = {.regime = MMU_EL10,
                                .match_asid = true,
                                .asid = (uint16_t)asid,
                                .by_va = true,
                                .va = va,
                                .bytes = bytes};

    mmu_invalidate(p->cpu, &w);
}

/* Does TLBI of `bytes` at `named` under ASID `asid` take out a page at `touched`, of ASID 1? */
static bool takes_out(int level, uint64_t attributes, uint64_t touched, unsigned asid, uint64_t named,
                      uint64_t bytes)
{
    struct pe *p = mapped(1, level, attributes);
    bool gone;

    touch(p, touched);
    assert_true(held(p, touched));
    invalidate(p, asid, named, bytes);
    gone = !held(p, touched);
    pe_free(p);
    return gone;
}

static void test_pages(void **state)
{
    (void)state;
    assert_true(takes_out(3, DESC_NG, VA, 1, VA, MMU_PAGE_SIZE));
    assert_false(takes_out(3, DESC_NG, VA, 2, VA, MMU_PAGE_SIZE));
    assert_true(takes_out(3, 0, VA, 2, VA, MMU_PAGE_SIZE));
    assert_false(takes_out(3, DESC_NG, VA, 1, VA + MMU_PAGE_SIZE, MMU_PAGE_SIZE));
    assert_true(takes_out(3, DESC_NG, VA, 1, VA | UINT64_C(0xab) << 56,
                          MMU_PAGE_SIZE)); /* bits 63:56 are not an address's */
}

/* The page that was touched and the address that is named lie far apart in the same block. */
static void test_blocks(void **state)
{
    (void)state;
    assert_true(takes_out(2, DESC_NG, VA + 12 * KIB, 1, VA + MIB, MMU_PAGE_SIZE));
    assert_false(takes_out(2, DESC_NG, VA + 12 * KIB, 1, VA + 2 * MIB, MMU_PAGE_SIZE));
    assert_false(takes_out(2, DESC_NG, VA + 12 * KIB, 2, VA + MIB, MMU_PAGE_SIZE));
    assert_true(takes_out(2, 0, VA + 12 * KIB, 2, VA + MIB, MMU_PAGE_SIZE));
    assert_true(
        takes_out(1, DESC_NG, VA + (PE_RAM_BASE & (GIB - 1)) + 12 * KIB, 1, VA + 900 * MIB, MMU_PAGE_SIZE));
    assert_true(takes_out(1, 0, VA + (PE_RAM_BASE & (GIB - 1)) + 12 * KIB, 2, VA + 900 * MIB, MMU_PAGE_SIZE));
}

static void test_ranges(void **state)
{
    (void)state;
    for (uint64_t bytes = 8 * KIB; bytes <= 2 * GIB; bytes *= 8) {
        assert_true(takes_out(3, DESC_NG, VA, 1, VA - bytes + MMU_PAGE_SIZE, bytes));
        assert_true(takes_out(3, 0, VA, 2, VA - bytes + MMU_PAGE_SIZE, bytes));
        assert_true(takes_out(2, DESC_NG, VA, 1, VA + MIB, bytes));
    }
}

/* A view that is emptied forgets what it was asked to remember, and learns anew. */
static void test_again(void **state)
{
    struct pe *p = mapped(1, 2, 0);
    const struct mmu_inval all = {.regime = MMU_EL10, .all = true};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        touch(p, VA + 12 * KIB);
        mmu_invalidate(p->cpu, &all);
        assert_false(held(p, VA + 12 * KIB));
        touch(p, VA + 12 * KIB);
        invalidate(p, 2, VA + MIB, MMU_PAGE_SIZE);
        assert_false(held(p, VA + 12 * KIB));
    }
    pe_free(p);
}

/* ---- by ASID, and what address spaces have in common ---- */

#define UPPER (VA | ~((UINT64_C(1) << 39) - 1))

/* The table translates the upper half, too. */
static struct pe *mapped_twice(unsigned asid, uint64_t attributes)
{
    struct pe *p = mapped(asid, 3, attributes);

    sysreg_write_id(p->cpu, SR_TTBR1_EL1, TABLE);
    sysreg_write_id(p->cpu, SR_TCR_EL1, 25 | tg_put(TCR_T1SZ, 25) | tg_put(TCR_TG1, 2) | tg_put(TCR_IPS, 5));
    return p;
}

static void switch_to(struct pe *p, unsigned asid, uint64_t table)
{
    sysreg_write_id(p->cpu, SR_TTBR0_EL1, table | (uint64_t)asid << 48);
}

static void invalidate_asid(struct pe *p, unsigned asid)
{
    const struct mmu_inval w = {.regime = MMU_EL10, .match_asid = true, .asid = (uint16_t)asid};

    mmu_invalidate(p->cpu, &w);
}

/* Fetches, as the run loop does when it enters a block; the tag of the blocks found since. */
static uint64_t fetch(struct pe *p, uint64_t va)
{
    struct mmu_xtlbe *e;
    struct mmu_lookup out;

    p->cpu->host.view = mmu_view_get(p->cpu, MMU_EL10, MMU_PRIV);
    assert_true(mmu_fetch(p->cpu, va, &e, &out));
    assert_non_null(e);
    mmu_note_code(p->cpu->host.view, va);
    return p->cpu->host.view->jump_tag;
}

static bool held_fetch(struct pe *p, uint64_t va)
{
    return mmu_view_get(p->cpu, MMU_EL10, MMU_PRIV)->xtlb[MMU_XTLB_INDEX(va)].tag == (va & MMU_PAGE_MASK);
}

/* TLBI ASIDE1: not the global ones (D8.16.5). */
static void test_asid(void **state)
{
    (void)state;
    for (unsigned global = 0; global < 2; global++) {
        struct pe *p = mapped_twice(1, global ? 0 : DESC_NG);
        uint64_t tag;

        touch(p, VA);
        tag = fetch(p, UPPER);
        invalidate_asid(p, 2);
        assert_true(held(p, VA) && held_fetch(p, UPPER));
        assert_int_equal(p->cpu->host.view->jump_tag, tag);
        invalidate_asid(p, 1);
        assert_int_equal(held(p, VA), global);
        assert_int_equal(held_fetch(p, UPPER), global);
        assert_int_equal(p->cpu->host.view->jump_tag == tag, global);
        pe_free(p);
    }
}

/* A new address space finds global pages of the upper half, if those are translated as before; not those of
 * the lower half, which has another table. */
static void test_common(void **state)
{
    (void)state;
    for (unsigned global = 0; global < 2; global++) {
        struct pe *p = mapped_twice(1, global ? 0 : DESC_NG);

        touch(p, VA);
        fetch(p, UPPER);
        switch_to(p, 2, TABLE + 2 * NEXT);
        assert_false(held(p, VA));
        assert_int_equal(held_fetch(p, UPPER), global);
        switch_to(p, 1, TABLE);
        assert_true(held(p, VA));
        touch(p, UPPER); /* takes the same entry as VA */
        switch_to(p, 3, TABLE + 2 * NEXT);
        assert_int_equal(held(p, UPPER), global);
        switch_to(p, 1, TABLE);
        assert_true(held_fetch(p, UPPER));
        pe_free(p);
    }
}

/* What it found dies with the page, whichever address space is named and whoever looked it up. */
static void test_common_dies(void **state)
{
    (void)state;
    for (unsigned named = 1; named <= 3; named++) {
        struct pe *p = mapped_twice(1, 0);

        touch(p, UPPER);
        fetch(p, UPPER);
        switch_to(p, 2, TABLE + 2 * NEXT);
        assert_true(held(p, UPPER) && held_fetch(p, UPPER));
        invalidate(p, named, UPPER, MMU_PAGE_SIZE);
        assert_false(held(p, UPPER) || held_fetch(p, UPPER));
        switch_to(p, 1, TABLE);
        assert_false(held(p, UPPER) || held_fetch(p, UPPER));
        pe_free(p);
    }
}

/* Other controls: everything is looked up anew. */
static void test_not_common(void **state)
{
    struct pe *p = mapped_twice(1, 0);

    (void)state;
    touch(p, UPPER);
    sysreg_write_id(p->cpu, SR_TTBR1_EL1, TABLE + 2 * NEXT);
    assert_false(held(p, UPPER));
    sysreg_write_id(p->cpu, SR_TTBR1_EL1, TABLE);
    assert_true(held(p, UPPER));
    sysreg_write_id(p->cpu, SR_TCR_EL1, p->cpu->arch.sr[SR_TCR_EL1] | TCR_TBI1);
    switch_to(p, 2, TABLE);
    assert_false(held(p, UPPER));
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),       cmocka_unit_test(test_blocks),     cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_again),       cmocka_unit_test(test_asid),       cmocka_unit_test(test_common),
        cmocka_unit_test(test_common_dies), cmocka_unit_test(test_not_common),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
