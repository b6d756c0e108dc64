/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a block leaves out (NOPs; in fast mode branches forward within the page) is executed all the same, and
 * where it goes on behind branches (window model) and ends at one of them nothing else is: random programs of
 * NOPs, additions and branches, which end by an SVC, beside a count by hand. Registers, instructions retired,
 * and the return address of the exception. Each runs some times, for its branches are predicted then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "models/base/sysenc.h"
#include "pe.h"

#define VBAR_EL1 TG_SYSENC(3, 0, 12, 0, 0)
#define ELR_EL1  TG_SYSENC(3, 0, 4, 0, 1)
#define VECTORS  (PE_RAM_BASE + 0x10000)
#define VECTOR   (VECTORS + 0x200) /* synchronous, from the level itself with its own stack pointer */
#define CODE     (PE_RAM_BASE + 0x2000)

#define NOP      0xd503201f
#define PRFM     0xf9800000 /* prfm pldl1keep, [x0] */
#define ADD(n)   (0x91000000 | (uint32_t)(n) << 10)
#define B(words) (0x14000000 | (uint32_t)(words))
/* Taken, and not: cbz, tbz, b.al on zero; cbnz, tbnz, b.mi (NZCV are 0) */
#define CBZ_XZR(w)  (0xb400001f | (uint32_t)(w) << 5)
#define TBZ_XZR(w)  (0x3600001f | (uint32_t)(w) << 5)
#define B_AL(w)     (0x5400000e | (uint32_t)(w) << 5)
#define CBNZ_XZR(w) (0xb500001f | (uint32_t)(w) << 5)
#define TBNZ_XZR(w) (0x3700001f | (uint32_t)(w) << 5)
#define B_MI(w)     (0x54000004 | (uint32_t)(w) << 5)
#define SVC         0xd4000001

#define WORDS    150
#define PROGRAMS 500
#define RUNS     4

static uint32_t rnd(uint64_t *s, uint32_t n)
{
    *s = *s * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(*s >> 33) % n;
}

/* A page's end lies within: two thirds of the programs begin in its last kilobyte. */
static uint64_t begin_of(uint64_t seed)
{
    return CODE + (seed % 3 ? 0xd00 + seed * 4 % 0x300 : 0);
}

/* Words from a branch to where it goes; 1 for any other. */
static uint32_t way(uint32_t insn)
{
    switch (insn >> 24) {
    case 0x14:
        return insn & 0xff;
    case 0xb4:
    case 0x36:
        return insn >> 5 & 7;
    case 0x54:
        return (insn & 15) == 14 ? insn >> 5 & 7 : 1;
    default:
        return 1;
    }
}

static uint32_t conditional(uint64_t *s)
{
    const uint32_t w = 1 + rnd(s, 3);
    const uint32_t insns[] = {CBZ_XZR(w), TBZ_XZR(w), B_AL(w), CBNZ_XZR(w), TBNZ_XZR(w), B_MI(w)};

    return insns[rnd(s, sizeof(insns) / sizeof(insns[0]))];
}

static void one(struct pe *p, uint64_t seed)
{
    const uint64_t begin = begin_of(seed);
    uint32_t code[WORDS + 8], n = 0, at = 0;
    uint64_t x0 = 0, insns = 0, before, elr;

    for (uint64_t s = seed * 0x9e3779b97f4a7c15u; n < WORDS; n++) {
        switch (rnd(&s, 7)) {
        case 0:
        case 1:
            code[n] = rnd(&s, 8) ? NOP : PRFM;
            break;
        case 2:
            code[n] = B(1 + rnd(&s, 7));
            break;
        case 3:
        case 4:
            code[n] = conditional(&s);
            break;
        default:
            code[n] = ADD(1 + rnd(&s, 100));
        }
    }
    for (; n < WORDS + 8; n++)
        code[n] = SVC;
    for (; code[at] != SVC; insns++) {
        x0 += (code[at] >> 24) == 0x91 ? code[at] >> 10 & 0xfff : 0;
        at += way(code[at]);
    }
    pe_code(p, begin, code, n);
    for (unsigned run = 0; run < RUNS; run++) {
        cpu_set_x(p->cpu, 0, 0);
        cpu_set_pc(p->cpu, begin);
        before = cpu_insns(p->cpu);
        pe_run_insns(p, 100 * WORDS); /* far enough for the end not to be single steps */
        assert_true(cpu_get_sysreg(p->cpu, ELR_EL1, &elr));
        assert_int_equal(cpu_get_x(p->cpu, 0), x0);
        assert_int_equal(elr, begin + 4 * (at + 1));
        assert_int_equal(cpu_get_pc(p->cpu), VECTOR);
        assert_int_equal(cpu_insns(p->cpu) - before, insns + 1); /* with the SVC */
    }
}

static void programs(void **state)
{
    static const struct {
        enum cpu_mode mode;
        const char *params[3];
    } modes[] = {
        {CPU_FAST, {NULL}},
        {CPU_TIMED, {"pipeline.kind", "0", NULL}},
        {CPU_TIMED, {"pipeline.kind", "1", NULL}},
    };

    (void)state;
    for (unsigned m = 0; m < sizeof(modes) / sizeof(modes[0]); m++)
        for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
            struct pe *p = pe_new(pe_features_n1, modes[m].params, 1);

            cpu_set_mode(p->cpu, modes[m].mode);
            assert_true(cpu_set_sysreg(p->cpu, VBAR_EL1, VECTORS));
            cpu_set_stop_pc(p->cpu, VECTOR);
            one(p, seed);
            pe_free(p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(programs)};

    return cmocka_run_group_tests_name("models/cpu/code/blocks", tests, NULL, NULL);
}
