/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TLBI by address takes out of the software TLBs: pages of this and of other address spaces, global
 * ones, and pages of blocks, which die whichever address of the block is named. Arm ARM DDI 0487 D8.16 (TLB
 * maintenance).
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
    sysreg_write_id(c, SR_SCTLR_EL1, c->sr[SR_SCTLR_EL1] | SCTLR_M);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
