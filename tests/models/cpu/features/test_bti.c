/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branch target identification beside what oracle/ compares with QEMU: BTYPE in what an interrupt between
 * branch and target saves, in stepped and repeated branches, after the page or SCTLR_ELx.BT changed; and that
 * a core without the feature knows none of it.
 */
#include "insn.h"

#define TABLE   (PE_RAM_BASE + 0x200000)
#define TARGET  (CODE + 0x2000)
#define BR_X0   UINT32_C(0xd61f0000)
#define BR_X16  UINT32_C(0xd61f0200)
#define BLR_X0  UINT32_C(0xd63f0000)
#define BTI_C   UINT32_C(0xd503245f)
#define PACIASP UINT32_C(0xd503233f)
#define BTI_J   UINT32_C(0xd503249f)

#define GP   TG_BIT(50)
#define LEAF UINT64_C(0x703) /* page, AF, inner shareable */

/* Pages of 4K for the first 2 MiB of RAM; the target's with `bits`. */
static void map(struct pe *p, uint64_t bits)
{
    uint64_t l1[2] = {0, (TABLE + 0x1000) | 3}, l2 = (TABLE + 0x2000) | 3, l3[512];
    struct cpu *c = p->cpu;

    for (unsigned i = 0; i < 512; i++)
        l3[i] = (PE_RAM_BASE + i * 4096u) | LEAF;
    l3[(TARGET - PE_RAM_BASE) / 4096] |= bits;
    pe_write(p, TABLE, l1, sizeof(l1));
    pe_write(p, TABLE + 0x1000, &l2, sizeof(l2));
    pe_write(p, TABLE + 0x2000, l3, sizeof(l3));
    c->arch.sr[SR_MAIR_EL1] = 0xff;
    c->arch.sr[SR_TCR_EL1] = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32;
    c->arch.sr[SR_TTBR0_EL1] = TABLE;
    sysreg_write_id(c, SR_SCTLR_EL1, 0x30d00800 | SCTLR_M | SCTLR_C | SCTLR_I);
    mmu_controls_changed(c);
    cpu_context_changed(c);
}

/* Branches by `insn` to a target that holds `landing`, some times over; EC of what came of it, 0xff: it went
 * on. */
static unsigned branch_on(struct pe *p, uint64_t from, uint32_t insn, uint32_t landing, unsigned times)
{
    uint32_t code[] = {insn}, target[] = {landing, SPIN};
    uint64_t offset;

    /* only what changes: a write makes the jump cache forget */
    if (memcmp(p->ram + (from - PE_RAM_BASE), code, sizeof(code)))
        pe_code(p, from, code, 1);
    if (memcmp(p->ram + (TARGET - PE_RAM_BASE), target, sizeof(target)))
        pe_code(p, TARGET, target, 2);
    for (unsigned i = 0; i < times; i++) {
        cpu_set_x(p->cpu, 0, TARGET);
        cpu_set_x(p->cpu, 16, TARGET);
        cpu_set_pc(p->cpu, from);
        pe_run_insns(p, 200); /* more than a block, so that the jump cache is used */
        if (pe_vector(p, &offset))
            return (unsigned)(pe_esr(p, 1) >> 26);
        assert_int_equal(p->cpu->arch.btype, 0);
    }
    assert_int_equal(cpu_get_pc(p->cpu), TARGET + 4);
    return 0xff;
}

static unsigned branch(struct pe *p, uint32_t insn, uint32_t landing, unsigned times)
{
    return branch_on(p, CODE, insn, landing, times);
}

static void test_pages(void **unused)
{
    static const char *const without[] = {"el2", NULL};
    struct pe *p = pe_vectors(pe_features_max), *q = pe_vectors(without);

    (void)unused;
    for (unsigned times = 1; times < 4; times++) {
        pe_at(p, 1, PSTATE(1, 1, 15));
        map(p, 0);
        assert_int_equal(branch(p, BR_X0, NOP, times), 0xff);
        pe_at(p, 1, PSTATE(1, 1, 15));
        map(p, GP);
        assert_int_equal(branch(p, BLR_X0, BTI_C, times), 0xff);
        assert_int_equal(branch(p, BR_X0, BTI_J, times), 0xff);
        assert_int_equal(branch(p, BR_X16, BTI_C, times), 0xff);
        assert_int_equal(branch(p, BLR_X0, BTI_J, times), EC_BTI);
        assert_int_equal(pe_esr(p, 1) & 3, 2);
        assert_int_equal(p->cpu->arch.sr[SR_ELR_EL1], TARGET);
        assert_int_equal(p->cpu->arch.sr[SR_SPSR_EL1] >> 10 & 3, 2);
        pe_at(p, 1, PSTATE(1, 1, 15));
        map(p, GP);
        assert_int_equal(branch(p, BR_X0, NOP, times), EC_BTI);
        assert_int_equal(pe_esr(p, 1) & 3, 1); /* from a page that is not guarded */
        pe_at(q, 1, PSTATE(1, 1, 15));
        map(q, GP);
        assert_int_equal(branch(q, BR_X0, NOP, times), 0xff);
    }
    /* SCTLR_ELx.BT makes PACIASP no pad for BTYPE 3, also where the jump cache knows the target already */
    pe_at(p, 1, PSTATE(1, 1, 15));
    map(p, GP);
    for (unsigned i = 0; i < 4; i++) {
        bool strict = i & 1;

        cpu_set_pstate(p->cpu, PSTATE(1, 1, 15));
        sysreg_write_id(p->cpu, SR_SCTLR_EL1,
                        0x30d00800 | SCTLR_M | SCTLR_C | SCTLR_I | (strict ? SCTLR_BT1 : 0));
        assert_int_equal(branch_on(p, TARGET + 0x800, BR_X0, PACIASP, 3), strict ? EC_BTI : 0xff);
    }
    /* in a loop: the first pass by the run loop, the others by the jump cache */
    pe_at(p, 1, PSTATE(1, 1, 15));
    map(p, GP);
    {
        static const uint32_t loop[] = {0x91000421, BR_X16}; /* add x1, x1, #1 */
        uint32_t back[] = {BTI_J, 0xd61f0040};               /* br x2 */

        pe_code(p, CODE, loop, 2);
        pe_code(p, TARGET, back, 2);
        cpu_set_x(p->cpu, 1, 0);
        cpu_set_x(p->cpu, 2, CODE);
        cpu_set_x(p->cpu, 16, TARGET);
        cpu_set_pc(p->cpu, CODE);
        pe_run_insns(p, 4000);
        assert_int_equal(cpu_get_x(p->cpu, 1), 1000);
        /* the pad goes: the next pass faults */
        back[0] = NOP;
        pe_code(p, TARGET, back, 1);
        pe_run_insns(p, 10);
        assert_int_equal(pe_esr(p, 1), esr_make(EC_BTI, 1));
    }
    pe_free(p);
    pe_free(q);
}

/* An interrupt between the branch and its target finds BTYPE, and the return checks it again. */
void cpu_irq_in(void *m, unsigned line, bool level, tg_time at);

static void test_interrupt(void **unused)
{
    struct pe *p = pe_vectors(pe_features_max);
    struct cpu *c = p->cpu;
    static const uint32_t code[] = {BR_X0}, pad[] = {BTI_J, SPIN}, none[] = {NOP, SPIN};

    (void)unused;
    for (unsigned warm = 0; warm < 2; warm++) {
        pe_at(p, 1, PSTATE(1, 1, 15));
        map(p, GP);
        if (warm) /* the target stands in the jump cache */
            assert_int_equal(branch(p, BR_X0, BTI_J, 2), 0xff);
        pe_at(p, 1, PSTATE(1, 1, 0));
        map(p, GP);
        pe_code(p, CODE, code, 1);
        pe_code(p, TARGET, pad, 2);
        cpu_set_x(c, 0, TARGET);
        cpu_set_pc(c, CODE);
        pe_run_insns(p, 1);
        assert_int_equal(cpu_get_pc(c), TARGET);
        assert_int_equal(c->arch.btype, 1);
        cpu_irq_in(c, TG_PE_IRQ, true, 0);
        pe_run_insns(p, 1);
        assert_int_equal(c->arch.sr[SR_ELR_EL1], TARGET);
        assert_int_equal(c->arch.sr[SR_SPSR_EL1] >> 10 & 3, 1);
        assert_int_equal(c->arch.btype, 0);
        cpu_irq_in(c, TG_PE_IRQ, false, 0);
        pe_code(p, TARGET, none, 2);
        pe_one(p, ERET);
        assert_int_equal(c->arch.btype, 1);
        pe_run_insns(p, 1);
        assert_int_equal(pe_esr(p, 1), esr_make(EC_BTI, 1));
    }
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_interrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
