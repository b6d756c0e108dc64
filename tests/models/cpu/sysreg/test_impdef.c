/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMPLEMENTATION DEFINED registers: each core has those of its manual, with their reset values and writable
 * bits, and nothing else in the space; and the warm reset that RMR_ELx.RR asks for. Arm DDI 0500, DDI 0488,
 * 100095, 100442, 100798, 100616, 100453; Arm ARM D17.2.125.
 */
#include "insn.h"

#include <stdlib.h>

enum { A53 = 1, A57 = 2, A72 = 4, A55 = 8, A76 = 16, N1 = 32, OLD = 7, NEW = 56 };

static const struct {
    const char *name, *midr;
    unsigned core;
} cores[] = {
    {"cortex-a53", "0x410fd034", A53}, {"cortex-a57", "0x411fd070", A57}, {"cortex-a72", "0x410fd083", A72},
    {"cortex-a55", "0x412fd050", A55}, {"cortex-a76", "0x414fd0b1", A76}, {"neoverse-n1", "0x414fd0c1", N1},
    {"armv8.6-max", "0x000f0001", 0},
};

/* reset: ANY where the manual says UNKNOWN or implementation; keeps: of a write of all ones. */
#define ANY UINT64_C(0xa5a5a5a5a5a5a5a5)
static const struct {
    unsigned cores, el;
    uint32_t enc;
    uint64_t reset, keeps;
    bool ro;
} regs[] = {
    {OLD, 1, ENC(3, 1, 11, 0, 2), 0x03000000, ANY, false}, /* L2CTLR_EL1 of four PEs */
    {OLD, 1, ENC(3, 1, 11, 0, 3), 0, 7, false},            /* L2ECTLR_EL1 */
    {A53, 1, ENC(3, 1, 15, 0, 0), 0x80000000, ANY, false}, /* L2ACTLR_EL1 */
    {A57 | A72, 1, ENC(3, 1, 15, 0, 0), 0x10, ANY, false},
    {A53, 1, ENC(3, 1, 15, 2, 0), 0x090ca000, ANY, false}, /* CPUACTLR_EL1 */
    {A57 | A72, 1, ENC(3, 1, 15, 2, 0), 0, ANY, false},
    {A53, 1, ENC(3, 1, 15, 2, 1), 0, 0x7f, false}, /* CPUECTLR_EL1 */
    {A57 | A72, 1, ENC(3, 1, 15, 2, 1), UINT64_C(0x1b00000000), UINT64_C(0x5b00000047), false},
    {OLD, 1, ENC(3, 1, 15, 2, 2), 0, ANY, false},      /* CPUMERRSR_EL1 */
    {OLD, 1, ENC(3, 1, 15, 2, 3), 0, ANY, false},      /* L2MERRSR_EL1 */
    {OLD, 1, ENC(3, 1, 15, 3, 0), ANY, ANY, true},     /* CBAR_EL1 */
    {NEW, 1, ENC(3, 0, 15, 0, 0), ANY, ANY, true},     /* CPUCFR_EL1 */
    {NEW, 1, ENC(3, 0, 15, 1, 0), 0, ANY, false},      /* CPUACTLR_EL1 */
    {NEW, 1, ENC(3, 0, 15, 1, 1), 0, ANY, false},      /* CPUACTLR2_EL1 */
    {A76 | N1, 1, ENC(3, 0, 15, 1, 2), 0, ANY, false}, /* CPUACTLR3_EL1 */
    {A55, 1, ENC(3, 0, 15, 1, 4), ANY, ANY, false},    /* CPUECTLR_EL1 */
    {A76 | N1, 1, ENC(3, 0, 15, 1, 4), UINT64_C(0x961563010), ANY, false},
    {NEW, 1, ENC(3, 0, 15, 2, 0), ANY, ANY, true},   /* ERXPFGF_EL1 */
    {NEW, 1, ENC(3, 0, 15, 2, 1), 0, ANY, false},    /* ERXPFGCTL_EL1 */
    {NEW, 1, ENC(3, 0, 15, 2, 2), 0, ANY, false},    /* ERXPFGCDN_EL1 */
    {A55, 1, ENC(3, 0, 15, 2, 7), 0, 0x1ff1, false}, /* CPUPWRCTLR_EL1 */
    {A76 | N1, 1, ENC(3, 0, 15, 2, 7), 0, 0x3f1, false},
    {A55 | A76, 1, ENC(3, 0, 15, 3, 0), ANY, ANY, true},  /* CLUSTERCFR_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 3, 1), 0x40, ANY, true}, /* CLUSTERIDR_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 3, 2), 0, ANY, true},    /* CLUSTERREVIDR_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 3, 3), 0, ANY, false},   /* CLUSTERACTLR_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 3, 4), ANY, ANY, false}, /* CLUSTERECTLR_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 3, 5), ANY, ANY, false}, /* CLUSTERPWRCTLR_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 3, 6), 0, ANY, false},   /* CLUSTERPWRDN_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 3, 7), ANY, ANY, true},  /* CLUSTERPWRSTAT_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 0), 0, ANY, false},   /* CLUSTERTHREADSID_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 1), 0, ANY, false},   /* CLUSTERACPSID_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 2), 0, ANY, false},   /* CLUSTERSTASHSID_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 3), 0, ANY, false},   /* CLUSTERPARTCR_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 4), 0, ANY, false},   /* CLUSTERBUSQOS_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 5), 0, ANY, false},   /* CLUSTERL3HIT_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 6), 0, ANY, false},   /* CLUSTERL3MISS_EL1 */
    {A55 | A76, 1, ENC(3, 0, 15, 4, 7), 0, ANY, false},   /* CLUSTERTHREADSIDOVR_EL1 */
    {A76 | N1, 1, ENC(3, 0, 15, 7, 0), 0, ANY, false},    /* ATCR_EL1 */
    {A76 | N1, 2, ENC(3, 4, 15, 7, 0), 0, ANY, false},    /* ATCR_EL2 */
    {A76 | N1, 2, ENC(3, 4, 15, 7, 1), 0, ANY, false},    /* AVTCR_EL2 */
    {A76 | N1, 3, ENC(3, 6, 15, 7, 0), 0, ANY, false},    /* ATCR_EL3 */
    {A76 | N1, 3, ENC(3, 6, 15, 8, 0), 0, ANY, false},    /* CPUPSELR_EL3 */
    {A76 | N1, 3, ENC(3, 6, 15, 8, 1), ANY, ANY, false},  /* CPUPCR_EL3 */
    {A76 | N1, 3, ENC(3, 6, 15, 8, 2), ANY, ANY, false},  /* CPUPOR_EL3 */
    {A76 | N1, 3, ENC(3, 6, 15, 8, 3), ANY, ANY, false},  /* CPUPMR_EL3 */
};

static int find(unsigned core, uint32_t enc)
{
    for (unsigned i = 0; i < TG_ARRAY_SIZE(regs); i++)
        if ((regs[i].cores & core) && regs[i].enc == enc)
            return (int)i;
    return -1;
}

/* Four PEs of a core, in one cluster; the first is returned, standing at `el` with nothing trapped. */
static struct pe *core_new(unsigned k, unsigned el, struct pe *others[3])
{
    const char *const params[] = {"midr", cores[k].midr, NULL};
    struct pe *p = pe_vectors_with(features_el3, params);

    for (unsigned i = 0; i < 3; i++) {
        others[i] = pe_new_beside(p, features_el3, params, 1);
        others[i]->cpu->ident.mpidr = TG_BIT(31) | (i + 1);
    }
    pe_at(p, el, PSTATE(el, 1, 15));
    sysreg_write_id(p->cpu, SR_ACTLR_EL2, UINT64_MAX);
    return p;
}

static void core_free(struct pe *p, struct pe *others[3])
{
    for (unsigned i = 0; i < 3; i++)
        pe_free(others[i]);
    pe_free(p);
}

/* 0: done; else what the PE took. */
static unsigned try(struct pe *p, uint32_t insn)
{
    uint64_t offset;

    pe_one(p, insn);
    if (!pe_vector(p, &offset))
        return 0;
    return (unsigned)tg_get(pe_esr(p, pe_vector(p, &offset)), TG_FIELD(31, 26)) << 4 | pe_vector(p, &offset);
}

#define UNDEFINED(el) (el)
#define TRAPPED(el)   (0x18u << 4 | (el))

static void back(struct pe *p, unsigned el)
{
    cpu_set_pstate(p->cpu, PSTATE(el, 1, 15));
}

/* Every encoding of the space, at every level. */
static void test_space(void **state)
{
    struct pe *others[3];

    (void)state;
    for (unsigned k = 0; k < TG_ARRAY_SIZE(cores); k++) {
        struct pe *p = core_new(k, 3, others);

        for (unsigned n = 0; n < 4096; n++) {
            uint32_t enc = ENC(3, n >> 8 & 7, n & 2048 ? 15 : 11, (n >> 4 & 15), n & 7);
            int i;

            if (n & 8)
                continue;
            i = find(cores[k].core, enc);
            for (unsigned el = 1; el < 4; el++) {
                bool there = i >= 0 && regs[i].el <= el;
                unsigned r, w;

                back(p, el);
                cpu_set_x(p->cpu, 1, 0x5eed);
                r = try(p, MRS(1, enc));
                if (there && el == 3 && regs[i].reset != ANY && cpu_get_x(p->cpu, 1) != regs[i].reset)
                    fail_msg("%s: 0x%x resets to 0x%llx", cores[k].name, enc,
                             (unsigned long long)cpu_get_x(p->cpu, 1));
                back(p, el);
                w = try(p, MSR(enc, 1));
                if (r != (there ? 0 : UNDEFINED(el)) || w != (there && !regs[i].ro ? 0 : UNDEFINED(el)))
                    fail_msg("%s: EL%u, encoding 0x%x: read 0x%x, write 0x%x", cores[k].name, el, enc, r, w);
            }
        }
        core_free(p, others);
    }
}

static void test_writable(void **state)
{
    struct pe *others[3];

    (void)state;
    for (unsigned k = 0; k < TG_ARRAY_SIZE(cores); k++) {
        struct pe *p = core_new(k, 3, others);

        for (unsigned i = 0; i < TG_ARRAY_SIZE(regs); i++) {
            if (!(regs[i].cores & cores[k].core) || regs[i].ro)
                continue;
            back(p, 3);
            cpu_set_x(p->cpu, 1, UINT64_MAX);
            assert_int_equal(try(p, MSR(regs[i].enc, 1)), 0);
            assert_int_equal(try(p, MRS(2, regs[i].enc)), 0);
            if (regs[i].keeps != ANY)
                assert_int_equal(cpu_get_x(p->cpu, 2), regs[i].keeps);
        }
        core_free(p, others);
    }
}

/* ACTLR_EL2 and ACTLR_EL3: bits of the manual only; 0 after reset, which keeps lower levels from writing. */
static void test_control(void **state)
{
    static const struct {
        unsigned core;
        uint64_t bits;
    } masks[] = {{OLD, 0x73}, {A55, 0x1ca3}, {A76 | N1, 0x1cb3}, {0, 0}};
    struct pe *others[3];

    (void)state;
    for (unsigned k = 0; k < TG_ARRAY_SIZE(cores); k++) {
        struct pe *p = core_new(k, 3, others);
        struct cpu *c = p->cpu;
        uint32_t enc = cores[k].core & OLD ? ENC(3, 1, 15, 2, 1) : ENC(3, 0, 15, 1, 4); /* CPUECTLR_EL1 */

        for (unsigned i = 0; i < TG_ARRAY_SIZE(masks); i++) {
            if (cores[k].core != 0 ? !(masks[i].core & cores[k].core) : masks[i].core != 0)
                continue;
            sysreg_write_id(c, SR_ACTLR_EL3, UINT64_MAX);
            sysreg_write_id(c, SR_ACTLR_EL2, UINT64_MAX);
            sysreg_write_id(c, SR_ACTLR_EL1, UINT64_MAX);
            assert_int_equal(c->arch.sr[SR_ACTLR_EL3], masks[i].bits);
            assert_int_equal(c->arch.sr[SR_ACTLR_EL2], masks[i].bits);
            assert_int_equal(c->arch.sr[SR_ACTLR_EL1], 0);
        }
        if (!cores[k].core) {
            core_free(p, others);
            continue;
        }
        sysreg_write_id(c, SR_ACTLR_EL3, 0);
        sysreg_write_id(c, SR_ACTLR_EL2, 0);
        for (unsigned el = 1; el < 4; el++) {
            back(p, el);
            assert_int_equal(try(p, MRS(1, enc)), 0);
            assert_int_equal(try(p, MSR(enc, 1)), el == 1 ? TRAPPED(2) : el == 2 ? TRAPPED(3) : 0);
        }
        sysreg_write_id(c, SR_ACTLR_EL2, 2);
        back(p, 1);
        assert_int_equal(try(p, MSR(enc, 1)), TRAPPED(3));
        sysreg_write_id(c, SR_ACTLR_EL3, 2);
        for (unsigned el = 1; el < 4; el++) {
            back(p, el);
            assert_int_equal(try(p, MSR(enc, 1)), 0);
        }
        core_free(p, others);
    }
}

/* The number of cores by which firmware counts: of the cluster, by affinity. */
static void test_cores(void **state)
{
    struct pe *others[3];
    struct pe *p = core_new(2, 3, others);

    (void)state;
    assert_int_equal(try(p, MRS(1, ENC(3, 1, 11, 0, 2))), 0);
    assert_int_equal(cpu_get_x(p->cpu, 1), 0x03000000);
    others[2]->cpu->ident.mpidr = TG_BIT(31) | 0x100; /* in the next cluster */
    pe_one(p, MRS(1, ENC(3, 1, 11, 0, 2)));
    assert_int_equal(cpu_get_x(p->cpu, 1), 0x02000000);
    cpu_set_x(p->cpu, 1, 0x01000082); /* latencies, as firmware sets them */
    pe_one(p, MSR(ENC(3, 1, 11, 0, 2), 1));
    pe_one(p, MRS(1, ENC(3, 1, 11, 0, 2)));
    assert_int_equal(cpu_get_x(p->cpu, 1), 0x02000082);
    core_free(p, others);
}

/* RMR_ELx.RR: nothing happens until the PE stands still in WFI; then it is as after a reset, where RVBAR_ELx
 * says. */
static void test_warm_reset(void **state)
{
    static const struct {
        const char *const *features;
        unsigned el;
        uint32_t rmr, rvbar;
    } t[] = {
        {features_el3, 3, ENC(3, 6, 12, 0, 2), ENC(3, 6, 12, 0, 1)},
        {pe_features_n1, 2, ENC(3, 4, 12, 0, 2), ENC(3, 4, 12, 0, 1)},
    };

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(t); i++) {
        struct pe *p = pe_vectors(t[i].features);
        struct cpu *c = p->cpu;
        uint32_t code[] = {MSR(t[i].rmr, 1), ISB, MRS(2, t[i].rmr), MRS(3, t[i].rvbar), WFI, UDF};
        uint32_t entry[] = {ADD_X0_1, SPIN};

        pe_code(p, PE_RAM_BASE + 0x8000, entry, 2);
        cpu_power_on(c, t[i].el, PE_RAM_BASE + 0x8000, 0, 0);
        pe_code(p, CODE, code, TG_ARRAY_SIZE(code));
        cpu_set_pc(c, CODE);
        cpu_set_x(c, 1, 2);
        sysreg_write_id(c, t[i].el == 3 ? SR_VBAR_EL3 : SR_VBAR_EL2, VECTORS(2));
        sysreg_write_id(c, SR_CNTV_CTL_EL0, 1);
        pe_run_insns(p, 4);
        assert_int_equal(cpu_get_x(c, 2), 3); /* AArch64, and the request */
        assert_int_equal(cpu_get_x(c, 3), PE_RAM_BASE + 0x8000);
        assert_int_equal(cpu_get_pc(c), CODE + 16);
        pe_run_insns(p, 3);
        assert_int_equal(cpu_get_pc(c), PE_RAM_BASE + 0x8004);
        assert_int_equal(cpu_get_x(c, 0), 1);
        assert_int_equal(cpu_get_el(c), t[i].el);
        assert_int_equal(cpu_get_pstate(c) & 0x3cf, (uint64_t)t[i].el << 2 | 1 | 0x3c0);
        assert_int_equal(c->arch.sr[SR_CNTV_CTL_EL0], 0);
        pe_one(p, MRS(2, t[i].rmr));
        assert_int_equal(cpu_get_x(c, 2), 1);
        /* Without the request WFI only waits. */
        pe_one(p, WFI);
        assert_true(c->arch.asleep);
        pe_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_space), cmocka_unit_test(test_writable),   cmocka_unit_test(test_control),
        cmocka_unit_test(test_cores), cmocka_unit_test(test_warm_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
