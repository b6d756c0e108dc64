/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reset, and firmware that is not simulated, leave in a PE: values of system registers and PSTATE by
 * way of entry, where the Arm ARM gives one (D17, "on a Warm reset"; D1.6.4). Bits outside of `known` are
 * UNKNOWN after reset, and software must not rely on what is found here.
 */
#include "insn.h"

#include "models/cpu/timer/timer.h"

#define ALL UINT64_MAX

struct row {
    const char *name;
    uint32_t enc;
    uint64_t known, value;
};

/* Entered at EL3. */
static const struct row bare[] = {
    {"CurrentEL", ENC(3, 0, 4, 2, 2), ALL, 0xc},
    {"SPSel", ENC(3, 0, 4, 2, 0), ALL, 1},
    {"DAIF", ENC(3, 3, 4, 2, 1), ALL, 0x3c0},
    /* M, A, C, I, WXN, EE: 0 */
    {"SCTLR_EL3", ENC(3, 6, 1, 0, 0), 0x30001007 | TG_BIT(19) | TG_BIT(25), 0x30000000},
    {"SCR_EL3", ENC(3, 6, 1, 1, 0), ALL, 0x430}, /* NS 0; RW: AArch64 only */
    {"RVBAR_EL3", ENC(3, 6, 12, 0, 1), ALL, CODE},
    {"RMR_EL3", ENC(3, 6, 12, 0, 2), ALL, 1},
    {"ACTLR_EL3", ENC(3, 6, 1, 0, 1), ALL, 0},
    {"ACTLR_EL2", ENC(3, 4, 1, 0, 1), ALL, 0},
    {"MDCR_EL3", ENC(3, 6, 1, 3, 1), TG_BIT(17) | TG_BIT(9) | TG_BIT(10) | TG_BIT(6), 0},
    {"MDCR_EL2.HPMN", ENC(3, 4, 1, 1, 1), 0x1f, 6}, /* all of PMCR_EL0.N */
    {"SCTLR_EL1", ENC(3, 0, 1, 0, 0), 1, 0},
    {"SCTLR_EL2", ENC(3, 4, 1, 0, 0), 1, 0},
    {"VPIDR_EL2", ENC(3, 4, 0, 0, 0), ALL, 0x411fd070},
    {"VMPIDR_EL2", ENC(3, 4, 0, 0, 5), ALL, 0x80000000},
    {"MDSCR_EL1", ENC(2, 0, 0, 2, 2), TG_BIT(0) | TG_BIT(13) | TG_BIT(15), 0}, /* SS, KDE, MDE */
    {"OSLSR_EL1", ENC(2, 0, 1, 1, 4), ALL, 0xa},                               /* the OS lock is on */
    {"OSDLR_EL1", ENC(2, 0, 1, 3, 4), ALL, 0},
    {"PMCR_EL0", ENC(3, 3, 9, 12, 0), 0x21, 0}, /* E; DP where it resets */
    {"CNTP_CTL_EL0", ENC(3, 3, 14, 2, 1), 1, 0},
    {"CNTV_CTL_EL0", ENC(3, 3, 14, 3, 1), 1, 0},
    {"CNTHP_CTL_EL2", ENC(3, 4, 14, 2, 1), 1, 0},
    {"CNTHV_CTL_EL2", ENC(3, 4, 14, 3, 1), 1, 0},
    {"CNTPS_CTL_EL1", ENC(3, 7, 14, 2, 1), 1, 0},
    {"CNTKCTL_EL1", ENC(3, 0, 14, 1, 0), TG_BIT(2), 0}, /* no event stream */
    {"CNTHCTL_EL2", ENC(3, 4, 14, 1, 0), TG_BIT(2), 0},
    {"CNTFRQ_EL0", ENC(3, 3, 14, 0, 0), 0, 0}, /* UNKNOWN: software writes it */
    {"ISR_EL1", ENC(3, 0, 12, 1, 0), ALL, 0},
};

/* What differs below EL3, by the firmware that the simulator stands for: nothing that EL2 has is trapped. */
static const struct row by_firmware[] = {
    {"CurrentEL", ENC(3, 0, 4, 2, 2), ALL, 8},
    {"SPSel", ENC(3, 0, 4, 2, 0), ALL, 1},
    {"DAIF", ENC(3, 3, 4, 2, 1), ALL, 0x3c0},
    {"SCR_EL3", ENC(3, 6, 1, 1, 0),
     SCR_NS | SCR_IRQ | SCR_FIQ | SCR_EA | SCR_SMD | SCR_HCE | SCR_RW | SCR_TWI | SCR_TWE,
     SCR_NS | SCR_HCE | SCR_RW},
    {"ACTLR_EL3", ENC(3, 6, 1, 0, 1), ALL, 0x73},
    {"ACTLR_EL2", ENC(3, 4, 1, 0, 1), ALL, 0},
    {"SCTLR_EL2", ENC(3, 4, 1, 0, 0), 0x30001007 | TG_BIT(19) | TG_BIT(25), 0x30000000},
    {"HCR_EL2", ENC(3, 4, 1, 1, 0), ALL & ~HCR_RW, 0},
    {"VTTBR_EL2", ENC(3, 4, 2, 1, 0), TG_FIELD(63, 48), 0},
    {"CNTFRQ_EL0", ENC(3, 3, 14, 0, 0), ALL, 62500000},
    {"CNTVOFF_EL2", ENC(3, 4, 14, 0, 3), ALL, 0},
    {"CNTHCTL_EL2", ENC(3, 4, 14, 1, 0), TG_BIT(2), 0},
    {"CNTP_CTL_EL0", ENC(3, 3, 14, 2, 1), 1, 0},
    {"CNTV_CTL_EL0", ENC(3, 3, 14, 3, 1), 1, 0},
    {"OSLSR_EL1", ENC(2, 0, 1, 1, 4), ALL, 0xa},
};

/* Without EL3: EL2 is the highest level, which a reset enters. */
static const struct row at_el2[] = {
    {"CurrentEL", ENC(3, 0, 4, 2, 2), ALL, 8},
    {"SCTLR_EL2", ENC(3, 4, 1, 0, 0), 0x30001007 | TG_BIT(19) | TG_BIT(25), 0x30000000},
    {"HCR_EL2", ENC(3, 4, 1, 1, 0), ALL & ~HCR_RW, 0}, /* resets to 0 at the highest level */
    {"VTTBR_EL2.VMID", ENC(3, 4, 2, 1, 0), TG_FIELD(63, 48), 0},
    {"RVBAR_EL2", ENC(3, 4, 12, 0, 1), ALL, CODE},
    {"RMR_EL2", ENC(3, 4, 12, 0, 2), ALL, 1},
    {"MDCR_EL2", ENC(3, 4, 1, 1, 1), 0xfff, 6},
    {"VPIDR_EL2", ENC(3, 4, 0, 0, 0), ALL, 0x411fd070},
    {"VMPIDR_EL2", ENC(3, 4, 0, 0, 5), ALL, 0x80000000},
    {"CNTVOFF_EL2", ENC(3, 4, 14, 0, 3), 0, 0},
    {"CNTP_CTL_EL0", ENC(3, 3, 14, 2, 1), 1, 0},
};

static void check(struct pe *p, const struct row *rows, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t v = 0;

        if (!cpu_get_sysreg(p->cpu, rows[i].enc, &v))
            fail_msg("%s: no %s", what, rows[i].name);
        if ((v & rows[i].known) != (rows[i].value & rows[i].known))
            fail_msg("%s: %s is 0x%llx, expected 0x%llx in 0x%llx", what, rows[i].name, (unsigned long long)v,
                     (unsigned long long)rows[i].value, (unsigned long long)rows[i].known);
    }
}

static void entries(void **state)
{
    static const char *const params[] = {"midr", "0x411fd070", NULL};
    static const struct {
        const char *what;
        const char *const *features;
        unsigned el;
        const struct row *rows;
        size_t n;
    } t[] = {
        {"bare, EL3", features_el3, 3, bare, TG_ARRAY_SIZE(bare)},
        {"by firmware, EL2", features_el3, 2, by_firmware, TG_ARRAY_SIZE(by_firmware)},
        {"bare, EL2", pe_features_n1, 2, at_el2, TG_ARRAY_SIZE(at_el2)},
    };

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(t); i++) {
        struct pe *p = pe_new(t[i].features, params, t[i].el);

        check(p, t[i].rows, t[i].n, t[i].what);
        /* All of it again after software has been there. */
        for (unsigned id = 0; id < SR_COUNT; id++)
            p->cpu->arch.sr[id] = UINT64_C(0x5555aaaa5555aaab);
        p->cpu->arch.sr[SR_SCR_EL3] = 0x431;
        cpu_power_on(p->cpu, t[i].el, CODE, 0, cpu_local_time(p->cpu));
        check(p, t[i].rows, t[i].n, t[i].what);
        assert_int_equal(timer_next(p->cpu), TG_TIME_NEVER);
        pe_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(entries)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
