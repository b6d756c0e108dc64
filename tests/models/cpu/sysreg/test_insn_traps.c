/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WFI, WFE, SVC, HVC, SMC, ERET and pointer authentication at EL0 to EL3 under random settings of everything
 * that traps them, with and without EL3, compared with their pseudocode in Arm ARM DDI 0487 J.a C6.2,
 * restated here as plain conditionals: an independent statement of the rows of traps.def. The PE is not reset
 * between two trials, so that whatever it derived from a control must follow it.
 */
#include "insn.h"

#include <stdio.h>
#include "models/cpu/sysreg/access.h"

#define TRIALS  60000
#define PACIASP UINT32_C(0xd503233f)
#define UNDEF   9

static const char *const with_el3[] = {"fp",    "pan",  "vhe", "fgt", "nv", "nv2",
                                       "pauth", "sel2", "el2", "el3", NULL};
static const char *const without_el3[] = {"fp", "pan", "vhe", "fgt", "nv", "nv2", "pauth", "el2", NULL};
static const char *const plain[] = {"fp", "el2", "el3", NULL};

enum which {
    I_WFI,
    I_WFE,
    I_SVC,
    I_HVC,
    I_SMC,
    I_ERET,
    I_PACIASP,
    I_COUNT,
};
static const uint32_t words[I_COUNT] = {WFI, WFE, SVC(0x12), HVC(0x34), SMC(0x56), ERET, PACIASP};

struct ctx {
    enum which insn;
    unsigned el;
    bool has3, el2, host, tge, fgt, pauth;
    uint64_t hcr, scr, sctlr1, sctlr2, hfgitr;
};

/* What it comes to: 0 done, 1..3 trapped there, UNDEF. ec: of the exception; a call that is not trapped
 * returns behind itself. */
struct answer {
    unsigned target, ec, iss;
    bool call;
};

static bool bit(uint64_t v, unsigned n)
{
    return v >> n & 1;
}

/* HCR_EL2 bit as a trap: off without EL2, off for a host. */
static bool hcr_trap(const struct ctx *x, unsigned n)
{
    return x->el2 && !x->host && bit(x->hcr, n);
}

static unsigned kernel_of(const struct ctx *x)
{
    return x->el ? x->el : x->el2 && x->tge ? 2 : 1;
}

static struct answer undefined(const struct ctx *x)
{
    return (struct answer){.target = kernel_of(x), .ec = EC_UNKNOWN};
}

static struct answer to(unsigned target, unsigned ec, unsigned iss)
{
    return (struct answer){.target = target, .ec = ec, .iss = iss};
}

static struct answer call(unsigned target, unsigned ec, unsigned iss)
{
    return (struct answer){.target = target, .ec = ec, .iss = iss, .call = true};
}

/* n: bit of SCTLR_ELx (0 traps), HCR_EL2, SCR_EL3. */
static struct answer wait(const struct ctx *x, unsigned sctlr, unsigned hcr, unsigned scr, unsigned ti)
{
    unsigned iss = 0x1e00000 | ti;

    if (x->el == 0 && !bit(x->host ? x->sctlr2 : x->sctlr1, sctlr))
        return to(kernel_of(x), EC_WFX, iss);
    if (x->el < 2 && hcr_trap(x, hcr))
        return to(2, EC_WFX, iss);
    if (x->el < 3 && x->has3 && bit(x->scr, scr))
        return to(3, EC_WFX, iss);
    return (struct answer){0};
}

static struct answer expected(const struct ctx *x)
{
    switch (x->insn) {
    case I_WFI:
        return wait(x, 16, 13, 12, 0);
    case I_WFE:
        return wait(x, 18, 14, 13, 1);
    case I_SVC:
        if (x->fgt && x->el < 2 && bit(x->hfgitr, x->el ? 53 : 52))
            return to(2, EC_SVC64, 0x12);
        return call(kernel_of(x), EC_SVC64, 0x12);
    case I_HVC:
        if (x->el == 0 || (x->el == 1 && !x->el2) || (x->has3 ? !bit(x->scr, 8) : bit(x->hcr, 29)))
            return undefined(x);
        return call(x->el == 3 ? 3 : 2, EC_HVC64, 0x34);
    case I_SMC:
        if (x->el == 0)
            return undefined(x);
        if (x->el == 1 && hcr_trap(x, 19))
            return to(2, EC_SMC64, 0x56);
        if (!x->has3 || bit(x->scr, 7))
            return undefined(x);
        return call(3, EC_SMC64, 0x56);
    case I_ERET:
        if (x->el == 0)
            return undefined(x);
        if (x->el == 1 && (hcr_trap(x, 42) || (x->fgt && bit(x->hfgitr, 51))))
            return to(2, EC_ERET, 0);
        return (struct answer){0};
    default:
        if (!x->pauth)
            return (struct answer){0};
        if (x->el < 2 && x->el2 && !bit(x->hcr, 41) && !(x->el == 0 && x->host))
            return to(2, EC_PAC, 0);
        if (x->el < 3 && x->has3 && !bit(x->scr, 17))
            return to(3, EC_PAC, 0);
        return (struct answer){0};
    }
}

static uint64_t rng = 0x853c49e6748fea9b;

static uint64_t rnd(void)
{
    rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
    return rng * UINT64_C(0x2545f4914f6cdd1d);
}

static const uint64_t hcr_bits = HCR_TWI | HCR_TWE | HCR_TSC | HCR_HCD | HCR_TGE | HCR_E2H | HCR_NV | HCR_API;
static const uint64_t scr_bits =
    SCR_NS | SCR_EEL2 | SCR_HCE | SCR_SMD | SCR_TWI | SCR_TWE | SCR_API | SCR_FGTEN;

/* One of the controls, or none, gets other values. */
static void change(struct cpu *c)
{
    switch (rnd() >> 33 & 7) {
    case 0:
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | (rnd() & hcr_bits));
        break;
    case 1:
        if (cpu_has(c, CPU_FEAT_EL3))
            sysreg_write_id(c, SR_SCR_EL3, 0x430 | (rnd() & scr_bits));
        break;
    case 2:
        sysreg_write_id(c, SR_SCTLR_EL1, 0x30d00800 | SCTLR_ENIA | (rnd() & (SCTLR_NTWI | SCTLR_NTWE)));
        break;
    case 3:
        sysreg_write_id(c, SR_SCTLR_EL2, 0x30c50830 | SCTLR_ENIA | (rnd() & (SCTLR_NTWI | SCTLR_NTWE)));
        break;
    case 4:
        if (cpu_has(c, CPU_FEAT_FGT))
            sysreg_write_id(c, SR_HFGITR_EL2, rnd() & (HFGITR_ERET | HFGITR_SVC_EL0 | HFGITR_SVC_EL1));
        break;
    }
}

static struct answer result(struct pe *p)
{
    static const enum sr_id elr[] = {SR_ELR_EL1, SR_ELR_EL1, SR_ELR_EL2, SR_ELR_EL3};
    struct answer got = {0};
    uint64_t offset;

    got.target = pe_vector(p, &offset);
    if (got.target) {
        got.ec = (unsigned)(pe_esr(p, got.target) >> 26);
        got.iss = (unsigned)pe_esr(p, got.target) & 0x1ffffff;
        got.call = p->cpu->arch.sr[elr[got.target]] == CODE + 4;
    }
    return got;
}

static bool trial(struct pe *p, const struct ctx *x)
{
    struct cpu *c = p->cpu;
    const struct answer want = expected(x);
    struct answer got;

    cpu_set_pstate(c, PSTATE(x->el, x->el != 0, 15));
    if (x->el) {
        CPU_BANKED(c, SPSR, x->el) = PSTATE(x->el, 1, 15);
        CPU_BANKED(c, ELR, x->el) = CODE + 0x100;
    }
    c->arch.event_reg = c->arch.asleep = false;
    pe_one(p, words[x->insn]);
    got = result(p);
    c->arch.asleep = false;
    if (!memcmp(&got, &want, sizeof(got)))
        return true;
    print_message("insn %d at EL%u, EL3 %d: HCR %llx SCR %llx SCTLR %llx %llx HFGITR %llx: EL%u EC %x ISS %x "
                  "call %d, expected EL%u EC %x "
                  "ISS %x call %d\n",
                  x->insn, x->el, x->has3, (unsigned long long)x->hcr, (unsigned long long)x->scr,
                  (unsigned long long)x->sctlr1, (unsigned long long)x->sctlr2, (unsigned long long)x->hfgitr,
                  got.target, got.ec, got.iss, got.call, want.target, want.ec, want.iss, want.call);
    return false;
}

static void compare(const char *const *features)
{
    struct pe *p = pe_vectors(features);
    struct cpu *c = p->cpu;
    const bool has3 = cpu_has(c, CPU_FEAT_EL3);
    unsigned bad = 0, trapped[I_COUNT] = {0}, done = 0;

    pe_at(p, has3 ? 3 : 2, PSTATE(has3 ? 3 : 2, 1, 15));
    if (has3)
        sysreg_write_id(c, SR_SCTLR_EL3, 0x30c50830 | SCTLR_ENIA);
    sysreg_write_id(c, SR_SCTLR_EL1, 0x30d00800 | SCTLR_ENIA);
    sysreg_write_id(c, SR_SCTLR_EL2, 0x30c50830 | SCTLR_ENIA);
    for (unsigned i = 0; i < TRIALS && bad < 10; i++) {
        struct ctx x = {.insn = (enum which)((rnd() >> 40) % I_COUNT),
                        .el = (unsigned)(rnd() >> 41) % (has3 ? 4 : 3),
                        .has3 = has3};
        struct answer a;

        cpu_set_pstate(c, PSTATE(has3 ? 3 : 2, 1, 15));
        change(c);
        x.hcr = c->arch.sr[SR_HCR_EL2];
        x.scr = c->arch.sr[SR_SCR_EL3];
        x.sctlr1 = c->arch.sr[SR_SCTLR_EL1];
        x.sctlr2 = c->arch.sr[SR_SCTLR_EL2];
        x.hfgitr = cpu_has(c, CPU_FEAT_FGT) ? c->arch.sr[SR_HFGITR_EL2] : 0;
        x.pauth = cpu_has(c, CPU_FEAT_PAUTH);
        x.el2 = !has3 || bit(x.scr, 0) || (cpu_has(c, CPU_FEAT_SEL2) && bit(x.scr, 18));
        x.tge = bit(x.hcr, 27);
        x.host = x.el2 && x.tge && bit(x.hcr, 34);
        x.fgt = cpu_has(c, CPU_FEAT_FGT) && x.el2 && !x.host && (!has3 || bit(x.scr, 27));
        if ((x.el == 1 && x.el2 && x.tge) || (x.el == 2 && !x.el2)) /* there is no such level */
            continue;
        bad += !trial(p, &x);
        a = expected(&x);
        if (a.target && !a.call)
            trapped[x.insn]++;
        else
            done++;
    }
    assert_int_equal(bad, 0);
    assert_true(done > TRIALS / 8);
    for (unsigned i = 0; i < I_COUNT; i++)
        if (features != plain || (i != I_SVC && i != I_PACIASP))
            assert_true(trapped[i] > 100);
    pe_free(p);
}

static void test_with_el3(void **unused)
{
    (void)unused;
    compare(with_el3);
}

static void test_without_el3(void **unused)
{
    (void)unused;
    compare(without_el3);
}

static void test_plain(void **unused)
{
    (void)unused;
    compare(plain);
}

/* The rows of an instruction stand by rising target, for the first that fires is the one: no two of the same
 * level but in situations that exclude each other. */
static void test_order(void **unused)
{
    enum { TU = 0, T1 = 1, T2 = 2, T3 = 3, TU3 = 3 };
    static const struct {
        const char *name;
        unsigned n, target;
    } rows[] = {
#define RULE(nm, num, from, dir, when, ctl, mask, value, tgt) {#nm, num, tgt},
#include "models/cpu/sysreg/traps.def"
    };
    static const char *const insns[] = {
#define INSN(nm) #nm,
#include "models/cpu/sysreg/traps.def"
    };

    (void)unused;
    for (unsigned k = 0; k < TG_ARRAY_SIZE(insns); k++) {
        unsigned before = 0, n = 0;

        for (unsigned i = 0; i < TG_ARRAY_SIZE(rows); i++) {
            if (strcmp(rows[i].name, insns[k]))
                continue;
            assert_int_equal(rows[i].n, n++);
            assert_true(rows[i].target >= before);
            before = rows[i].target;
        }
        assert_true(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_el3),
        cmocka_unit_test(test_without_el3),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
