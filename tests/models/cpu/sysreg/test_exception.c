/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: routing and vectors by level, state saved and set, ERET legal and illegal, interrupts, WFI and
 * WFE, firmware calls. */
#include "insn.h"

#include "models/cpu/sysreg/access.h"

#define EC(esr)  ((unsigned)((esr) >> 26))
#define LOWER    0x400
#define SAME_SPX 0x200
#define SAME_SP0 0x000

struct hooks {
    struct cpu_exception last, eret;
    unsigned n_exc, n_eret, n_fw, n_hint;
    bool fw_takes;
    uint32_t hint;
};

static void on_exception(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    struct hooks *h = opaque;

    (void)c;
    h->last = *e;
    h->n_exc++;
}

static void on_eret(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    struct hooks *h = opaque;

    (void)c;
    h->eret = *e;
    h->n_eret++;
}

static bool on_firmware(void *opaque, struct cpu *c, bool smc, uint16_t imm)
{
    struct hooks *h = opaque;

    (void)smc;
    h->n_fw++;
    if (h->fw_takes)
        cpu_set_x(c, 0, 0x1000 + imm);
    return h->fw_takes;
}

static bool on_hint(void *opaque, struct cpu *c, uint32_t imm)
{
    struct hooks *h = opaque;

    (void)c;
    h->hint = imm;
    h->n_hint++;
    return imm != 0xdead;
}

static struct pe *pe_hooked(const char *const *features, struct hooks *h)
{
    struct pe *p = pe_vectors(features);

    *h = (struct hooks){0};
    p->cpu->ports.hooks = (struct cpu_hooks){.opaque = h,
                                             .exception = on_exception,
                                             .eret = on_eret,
                                             .firmware_call = on_firmware,
                                             .guest_hint = on_hint};
    return p;
}

/* One instruction that makes a synchronous exception: from, HCR bits, expected level, vector, EC, and whether
 * ELR is the next instruction. */
static const struct {
    const char *what;
    uint32_t insn;
    unsigned el, sp;
    uint64_t hcr;
    unsigned to, vector, ec;
    bool next;
} sync_cases[] = {
    {"svc el0", SVC(7), 0, 0, 0, 1, LOWER, 0x15, true},
    {"svc el0 tge", SVC(7), 0, 0, HCR_TGE, 2, LOWER, 0x15, true},
    {"svc el0 host", SVC(7), 0, 0, HCR_TGE | HCR_E2H, 2, LOWER, 0x15, true},
    {"svc el1", SVC(7), 1, 1, 0, 1, SAME_SPX, 0x15, true},
    {"svc el1t", SVC(7), 1, 0, 0, 1, SAME_SP0, 0x15, true},
    {"svc el2", SVC(7), 2, 1, 0, 2, SAME_SPX, 0x15, true},
    {"hvc el0", HVC(7), 0, 0, 0, 1, LOWER, 0x00, false},
    {"hvc el1", HVC(7), 1, 1, 0, 2, LOWER, 0x16, true},
    {"hvc el2", HVC(7), 2, 0, 0, 2, SAME_SP0, 0x16, true},
    {"smc el0", SMC(7), 0, 0, 0, 1, LOWER, 0x00, false},
    {"smc el1 tsc", SMC(7), 1, 1, HCR_TSC, 2, LOWER, 0x17, false},
    {"udf el0", UDF, 0, 0, 0, 1, LOWER, 0x00, false},
    {"udf el0 tge", UDF, 0, 0, HCR_TGE, 2, LOWER, 0x00, false},
    {"udf el1", UDF, 1, 1, 0, 1, SAME_SPX, 0x00, false},
    {"udf el2", UDF, 2, 1, 0, 2, SAME_SPX, 0x00, false},
    {"brk el0", BRK(7), 0, 0, 0, 1, LOWER, 0x3c, false},
    {"brk el0 tge", BRK(7), 0, 0, HCR_TGE, 2, LOWER, 0x3c, false},
    {"brk el1", BRK(7), 1, 1, 0, 1, SAME_SPX, 0x3c, false},
    {"brk el2", BRK(7), 2, 1, 0, 2, SAME_SPX, 0x3c, false},
    {"eret el0", ERET, 0, 0, 0, 1, LOWER, 0x00, false},
    {"load el0", LDR_X0_X1, 0, 0, 0, 1, LOWER, 0x24, false}, /* no memory there: external abort */
    {"load el1", LDR_X0_X1, 1, 1, 0, 1, SAME_SPX, 0x25, false},
    {"load el1 tea", LDR_X0_X1, 1, 1, HCR_TEA, 2, LOWER, 0x24, false},
    {"wfi el1 twi", WFI, 1, 1, HCR_TWI, 2, LOWER, 0x01, false},
    {"wfe el1 twe", WFE, 1, 1, HCR_TWE, 2, LOWER, 0x01, false},
    {"wfi el0", WFI, 0, 0, 0, 1, LOWER, 0x01, false}, /* SCTLR_EL1.nTWI is 0 at reset */
    {"fadd el1", FADD_D0, 1, 1, 0, 1, SAME_SPX, 0x07, false},
    {"fadd el0", FADD_D0, 0, 0, 0, 1, LOWER, 0x07, false},
    {"fadd el0 tge", FADD_D0, 0, 0, HCR_TGE, 2, LOWER, 0x00, false},
};

static void test_sync(void **state)
{
    struct hooks h;
    struct pe *p = pe_hooked(pe_features_n1, &h);
    struct cpu *c = p->cpu;

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(sync_cases); i++) {
        uint64_t ps = PSTATE(sync_cases[i].el, sync_cases[i].sp, 0xf) | UINT64_C(0xa) << 28, offset = 0, elr,
                 spsr, insns;
        unsigned to = sync_cases[i].to, vec;

        print_message("%s\n", sync_cases[i].what);
        pe_at(p, sync_cases[i].el, ps);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | sync_cases[i].hcr);
        if (sync_cases[i].insn == FADD_D0)
            sysreg_write_id(c, SR_CPACR_EL1, 0);
        cpu_set_x(c, 1, 0x1000);
        insns = cpu_insns(c);
        h.n_exc = 0;
        pe_one(p, sync_cases[i].insn);
        vec = pe_vector(p, &offset);
        assert_int_equal(vec, to);
        assert_int_equal(offset, sync_cases[i].vector);
        assert_int_equal(cpu_get_el(c), to);
        assert_int_equal(EC(pe_esr(p, to)), sync_cases[i].ec);
        assert_true(pe_esr(p, to) & TG_BIT(25));
        elr = to == 1 ? c->arch.sr[SR_ELR_EL1] : c->arch.sr[SR_ELR_EL2];
        spsr = to == 1 ? c->arch.sr[SR_SPSR_EL1] : c->arch.sr[SR_SPSR_EL2];
        assert_int_equal(elr, CODE + (sync_cases[i].next ? 4 : 0));
        assert_int_equal(spsr, ps);
        assert_int_equal(c->arch.daif, 15);
        assert_true(c->arch.sp_sel);
        assert_int_equal(h.n_exc, 1);
        assert_int_equal(h.last.from_el, sync_cases[i].el);
        assert_int_equal(h.last.to_el, to);
        assert_int_equal(h.last.pc, CODE);
        assert_int_equal(h.last.esr, pe_esr(p, to));
        assert_int_equal(h.last.insn, insns + sync_cases[i].next);
        if (sync_cases[i].ec == 0x15 || sync_cases[i].ec == 0x16 || sync_cases[i].ec == 0x3c ||
            sync_cases[i].ec == 0x17)
            assert_int_equal(pe_esr(p, to) & 0xffff, 7);
        if (sync_cases[i].ec == 0x01)
            assert_int_equal(pe_esr(p, to) & 0x1ffffff, 0x1e00000 | (sync_cases[i].insn == WFE));
        if (sync_cases[i].ec == 0x24 || sync_cases[i].ec == 0x25)
            assert_int_equal(to == 1 ? c->arch.sr[SR_FAR_EL1] : c->arch.sr[SR_FAR_EL2], 0x1000);
    }
    pe_free(p);
}

/* PAN follows SPAN, SSBS follows DSSBS, UAO is cleared. */
static void test_entry_pstate(void **state)
{
    struct hooks h;
    struct pe *p = pe_hooked(pe_features_n1, &h);
    struct cpu *c = p->cpu;

    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        uint64_t sctlr = 0x30500800 | (k & 1 ? SCTLR_SPAN : 0) | (k & 2 ? SCTLR_DSSBS : 0);

        pe_at(p, 0, PSTATE(0, 0, 0) | SPSR_UAO);
        sysreg_write_id(c, SR_SCTLR_EL1, sctlr);
        pe_one(p, SVC(0));
        assert_int_equal(cpu_get_el(c), 1);
        assert_int_equal(c->arch.pan, !(k & 1));
        assert_int_equal(c->arch.ssbs, k >> 1);
        assert_false(c->arch.uao);
        assert_true(c->arch.sr[SR_SPSR_EL1] & SPSR_UAO);
    }
    /* To EL2, PAN is only set for a host. */
    pe_at(p, 1, PSTATE(1, 1, 0));
    sysreg_write_id(c, SR_SCTLR_EL2, 0x30450830);
    pe_one(p, HVC(0));
    assert_int_equal(cpu_get_el(c), 2);
    assert_false(c->arch.pan);
    pe_free(p);
}

/* Stack pointers are banked by level. */
static void test_sp_banks(void **state)
{
    struct hooks h;
    struct pe *p = pe_hooked(pe_features_n1, &h);
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 2, PSTATE(2, 1, 15));
    sysreg_write_id(c, SR_SP_EL0, 0x100);
    sysreg_write_id(c, SR_SP_EL1, 0x110);
    cpu_set_x(c, 31, 0x120);
    c->arch.sr[SR_ELR_EL2] = CODE;
    c->arch.sr[SR_SPSR_EL2] = PSTATE(1, 1, 15);
    pe_one(p, ERET);
    assert_int_equal(cpu_get_x(c, 31), 0x110);
    pe_one(p, MSR(ENC(0, 0, 4, 0, 5) | 0, 31)); /* msr spsel, #0 */
    assert_int_equal(cpu_get_x(c, 31), 0x100);
    cpu_set_x(c, 31, 0x101);
    pe_one(p, HVC(0));
    assert_int_equal(cpu_get_x(c, 31), 0x120);
    assert_int_equal(sysreg_read_id(c, SR_SP_EL0), 0x101);
    assert_int_equal(sysreg_read_id(c, SR_SP_EL1), 0x110);
    assert_int_equal(c->arch.sr[SR_SPSR_EL2] & 15, 4);
    pe_free(p);
}

static const struct {
    unsigned from, to, sp;
    uint64_t hcr, extra;
    bool legal;
} eret_cases[] = {
    {1, 0, 0, 0, 0, true},
    {1, 1, 1, 0, 0, true},
    {1, 1, 0, 0, 0, true},
    {1, 2, 1, 0, 0, false},
    {1, 0, 1, 0, 0, false},
    {1, 1, 1, 0, 0x10, false},
    {1, 1, 1, 0, 2, false},
    {2, 2, 1, 0, 0, true},
    {2, 1, 1, 0, 0, true},
    {2, 0, 0, 0, 0, true},
    {2, 3, 1, 0, 0, false},
    {2, 1, 1, HCR_TGE, 0, false},
    {2, 0, 0, HCR_TGE, 0, true},
    {2, 1, 1, HCR_E2H | HCR_TGE, 0, false},
    {2, 0, 0, HCR_E2H | HCR_TGE, 0, true},
};

static void test_eret(void **state)
{
    struct hooks h;
    struct pe *p = pe_hooked(pe_features_n1, &h);
    struct cpu *c = p->cpu;

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(eret_cases); i++) {
        unsigned from = eret_cases[i].from;
        uint64_t spsr = PSTATE(eret_cases[i].to, eret_cases[i].sp, 5) | eret_cases[i].extra |
                        UINT64_C(6) << 28 | SPSR_PAN;

        pe_at(p, from, PSTATE(from, 1, 15));
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | eret_cases[i].hcr);
        c->arch.sr[from == 1 ? SR_ELR_EL1 : SR_ELR_EL2] = CODE + 4;
        c->arch.sr[from == 1 ? SR_SPSR_EL1 : SR_SPSR_EL2] = spsr;
        c->arch.excl_valid = true;
        pe_one(p, ERET);
        assert_int_equal(cpu_get_pc(c), CODE + 4);
        assert_int_equal(cpu_nzcv(c), 6);
        assert_int_equal(c->arch.daif, 5);
        assert_true(c->arch.pan);
        assert_false(c->arch.excl_valid);
        assert_true(c->arch.event_reg);
        assert_int_equal(c->arch.il, !eret_cases[i].legal);
        if (eret_cases[i].legal) {
            assert_int_equal(cpu_get_el(c), eret_cases[i].to);
            assert_int_equal(cpu_get_pstate(c), spsr);
        } else {
            uint64_t offset = 0;

            assert_int_equal(cpu_get_el(c), from);
            /* The next instruction is an illegal-state exception; the saved state shows IL. */
            pe_run_insns(p, 1);
            assert_int_equal(pe_vector(p, &offset), from);
            assert_int_equal(offset, SAME_SPX);
            assert_int_equal(EC(pe_esr(p, from)), 0x0e);
            assert_true(c->arch.sr[from == 1 ? SR_SPSR_EL1 : SR_SPSR_EL2] & SPSR_IL);
            assert_int_equal(c->arch.sr[from == 1 ? SR_ELR_EL1 : SR_ELR_EL2], CODE + 4);
            assert_false(c->arch.il);
            pe_run_insns(p, 3);
            assert_int_equal(cpu_get_el(c), from);
        }
    }
    pe_free(p);
}

/* Guest context: EL1 under HCR_EL2.VM. The hooks tell exits and entries. */
static void test_guest_hooks(void **state)
{
    struct hooks h;
    struct pe *p = pe_hooked(pe_features_a57, &h);
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    c->arch.sr[SR_VTTBR_EL2] = UINT64_C(0x1234) << 48;
    c->arch.sr[SR_VMPIDR_EL2] = 0x80000003;
    /* Stage 2 faults at once: the table is empty. That is an exit by instruction abort. */
    c->arch.sr[SR_VTTBR_EL2] |= PE_RAM_BASE + 0x30000;
    sysreg_write_id(c, SR_VTCR_EL2, 0x80000000 | 25 | 1 << 6);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_VM);
    pe_one(p, NOP);
    assert_int_equal(cpu_get_el(c), 2);
    assert_true(h.last.from_guest);
    assert_int_equal(h.last.vmid, 0x34); /* no 16-bit VMIDs */
    assert_int_equal(h.last.vmpidr, 0x80000003);
    assert_int_equal(EC(h.last.esr), 0x20);
    assert_int_equal(c->arch.sr[SR_FAR_EL2], CODE);
    assert_int_equal(c->arch.sr[SR_HPFAR_EL2], CODE >> 12 << 4);
    assert_int_equal(h.last.hpfar, CODE >> 12 << 4);
    h.n_eret = 0;
    pe_one(p, ERET);
    assert_int_equal(h.n_eret, 1);
    assert_false(h.eret.to_host);
    pe_free(p);
}

static const struct {
    const char *what;
    unsigned line;
    unsigned el;
    uint64_t hcr, scr;
    uint8_t daif;
    unsigned to, vector; /* to 0: not taken */
} irq_cases[] = {
    {"irq el0", TG_PE_IRQ, 0, 0, 0, 0, 1, LOWER + 0x80},
    {"irq el0 masked", TG_PE_IRQ, 0, 0, 0, DAIF_I, 0, 0},
    {"irq el1", TG_PE_IRQ, 1, 0, 0, 0, 1, SAME_SPX + 0x80},
    {"irq el1 masked", TG_PE_IRQ, 1, 0, 0, DAIF_I, 0, 0},
    {"fiq el1 with I", TG_PE_FIQ, 1, 0, 0, DAIF_I, 1, SAME_SPX + 0x100},
    {"serror el1", TG_PE_SEI, 1, 0, 0, 0, 1, SAME_SPX + 0x180},
    {"irq el1 imo", TG_PE_IRQ, 1, HCR_IMO, 0, DAIF_I, 2, LOWER + 0x80},
    {"irq el1 fmo only", TG_PE_IRQ, 1, HCR_FMO, 0, DAIF_I, 0, 0},
    {"fiq el0 fmo", TG_PE_FIQ, 0, HCR_FMO, 0, DAIF_F, 2, LOWER + 0x100},
    {"serror el1 amo", TG_PE_SEI, 1, HCR_AMO, 0, DAIF_A, 2, LOWER + 0x180},
    {"irq el2 no imo", TG_PE_IRQ, 2, 0, 0, 0, 0, 0},
    {"irq el2 imo", TG_PE_IRQ, 2, HCR_IMO, 0, 0, 2, SAME_SPX + 0x80},
    {"irq el2 imo masked", TG_PE_IRQ, 2, HCR_IMO, 0, DAIF_I, 0, 0},
    {"irq el2 tge", TG_PE_IRQ, 2, HCR_TGE, 0, 0, 2, SAME_SPX + 0x80},
    {"irq el2 host", TG_PE_IRQ, 2, HCR_E2H | HCR_TGE, 0, 0, 2, SAME_SPX + 0x80},
    {"irq el0 host", TG_PE_IRQ, 0, HCR_E2H | HCR_TGE, 0, 0, 2, LOWER + 0x80},
    {"irq el0 host masked", TG_PE_IRQ, 0, HCR_E2H | HCR_TGE, 0, DAIF_I, 0, 0},
    {"irq el0 tge masked", TG_PE_IRQ, 0, HCR_TGE, 0, DAIF_I, 2, LOWER + 0x80},
    {"virq el1", TG_PE_VIRQ, 1, HCR_IMO, 0, 0, 1, SAME_SPX + 0x80},
    {"virq el0", TG_PE_VIRQ, 0, HCR_IMO, 0, 0, 1, LOWER + 0x80},
    {"virq el1 masked", TG_PE_VIRQ, 1, HCR_IMO, 0, DAIF_I, 0, 0},
    {"virq el1 no imo", TG_PE_VIRQ, 1, 0, 0, 0, 0, 0},
    {"virq el2", TG_PE_VIRQ, 2, HCR_IMO, 0, 0, 0, 0},
    {"virq tge", TG_PE_VIRQ, 0, HCR_IMO | HCR_TGE, 0, 0, 0, 0},
    {"hcr.vi el1", TG_PE_LINES, 1, HCR_IMO | HCR_VI, 0, 0, 1, SAME_SPX + 0x80},
    {"hcr.vf el1", TG_PE_LINES, 1, HCR_FMO | HCR_VF, 0, 0, 1, SAME_SPX + 0x100},
    {"hcr.vse el1", TG_PE_LINES, 1, HCR_AMO | HCR_VSE, 0, 0, 1, SAME_SPX + 0x180},
    {"hcr.vse el1 masked", TG_PE_LINES, 1, HCR_AMO | HCR_VSE, 0, DAIF_A, 0, 0},
    {"hcr.vi without imo", TG_PE_LINES, 1, HCR_VI, 0, 0, 0, 0},
    {"irq scr el1", TG_PE_IRQ, 1, HCR_IMO, SCR_IRQ, DAIF_I, 3, LOWER + 0x80},
    {"fiq scr el2", TG_PE_FIQ, 2, HCR_FMO, SCR_FIQ, DAIF_F, 3, LOWER + 0x100},
    {"fiq el3 not routed", TG_PE_FIQ, 3, 0, 0, 0, 0, 0},
    {"fiq el3", TG_PE_FIQ, 3, 0, SCR_FIQ, 0, 3, SAME_SPX + 0x100},
    {"fiq el3 masked", TG_PE_FIQ, 3, 0, SCR_FIQ, DAIF_F, 0, 0},
};

static void test_interrupts(void **state)
{
    struct hooks h;
    struct pe *two = pe_hooked(pe_features_n1, &h), *three = pe_hooked(features_el3, &h);

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(irq_cases); i++) {
        struct pe *p = irq_cases[i].scr || irq_cases[i].el == 3 ? three : two;
        struct cpu *c = p->cpu;
        uint64_t offset = 0, ps = PSTATE(irq_cases[i].el, irq_cases[i].el != 0, irq_cases[i].daif);

        print_message("%s\n", irq_cases[i].what);
        pe_at(p, irq_cases[i].el, ps);
        if (cpu_has(c, CPU_FEAT_EL3))
            sysreg_write_id(c, SR_SCR_EL3, SCR_NS | SCR_HCE | irq_cases[i].scr);
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | irq_cases[i].hcr);
        if (irq_cases[i].line != TG_PE_LINES)
            cpu_class.irq_in(c, irq_cases[i].line, true, 0);
        pe_one(p, NOP);
        assert_int_equal(pe_vector(p, &offset), irq_cases[i].to);
        if (irq_cases[i].to) {
            unsigned to = irq_cases[i].to;

            assert_int_equal(offset, irq_cases[i].vector);
            assert_int_equal(to == 1   ? c->arch.sr[SR_ELR_EL1]
                             : to == 2 ? c->arch.sr[SR_ELR_EL2]
                                       : c->arch.sr[SR_ELR_EL3],
                             CODE);
            assert_int_equal(to == 1   ? c->arch.sr[SR_SPSR_EL1]
                             : to == 2 ? c->arch.sr[SR_SPSR_EL2]
                                       : c->arch.sr[SR_SPSR_EL3],
                             ps);
        }
        for (unsigned l = 0; l < TG_PE_LINES; l++)
            if (c->arch.line[l])
                cpu_class.irq_in(c, l, false, 0);
    }
    pe_free(two);
    pe_free(three);
}

static void test_isr(void **state)
{
    struct pe *p = pe_vectors(pe_features_n1);
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    cpu_class.irq_in(c, TG_PE_IRQ, true, 0);
    cpu_class.irq_in(c, TG_PE_VFIQ, true, 0);
    assert_int_equal(sysreg_read_id(c, SR_ISR_EL1), 1 << 7);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_FMO | HCR_IMO);
    assert_int_equal(sysreg_read_id(c, SR_ISR_EL1), 1 << 6);
    cpu_set_pstate(c, PSTATE(2, 1, 15));
    assert_int_equal(sysreg_read_id(c, SR_ISR_EL1), 1 << 7);
    pe_free(p);
}

/* WFI sleeps until an interrupt, masked or not; one that would not wait is not trapped. WFE takes the event
 * register. */
static void test_wait(void **state)
{
    struct hooks h;
    struct pe *p = pe_hooked(pe_features_n1, &h);
    struct cpu *c = p->cpu;
    uint32_t code[] = {SEVL, WFE, WFE, SPIN};

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    pe_one(p, WFI);
    assert_true(c->arch.asleep);
    assert_int_equal(cpu_get_pc(c), CODE + 4);
    assert_false(cpu_has_wakeup(c, cpu_local_time(c)));
    cpu_class.irq_in(c, TG_PE_IRQ, true, 0);
    assert_true(cpu_has_wakeup(c, cpu_local_time(c)));
    pe_run_insns(p, 1);
    assert_false(c->arch.asleep);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_TWI);
    pe_one(p, WFI);
    assert_false(c->arch.asleep);
    assert_int_equal(cpu_get_el(c), 1);
    assert_int_equal(cpu_get_pc(c), CODE + 4);
    cpu_class.irq_in(c, TG_PE_IRQ, false, 0);

    pe_at(p, 1, PSTATE(1, 1, 15));
    pe_code(p, CODE, code, 4);
    assert_int_equal(pe_run_insns(p, 2), CPU_STOP_REQUEST);
    assert_false(c->arch.asleep);
    assert_int_equal(pe_run_insns(p, 5), CPU_STOP_WFI);
    assert_true(c->arch.asleep_wfe);
    assert_int_equal(cpu_get_pc(c), CODE + 12);
    pe_free(p);
}

static void test_firmware(void **state)
{
    struct hooks h;
    struct pe *p = pe_hooked(pe_features_n1, &h), *q;
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    h.fw_takes = true;
    pe_one(p, SMC(5));
    assert_int_equal(h.n_fw, 1);
    assert_int_equal(cpu_get_x(c, 0), 0x1005);
    assert_int_equal(cpu_get_pc(c), CODE + 4);
    h.fw_takes = false;
    pe_one(p, SMC(5));
    assert_int_equal(h.n_fw, 2);
    assert_int_equal(EC(pe_esr(p, 1)), 0); /* no EL3, nobody takes it: undefined */
    assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE);
    /* HVC is the hypervisor's. */
    pe_at(p, 1, PSTATE(1, 1, 15));
    pe_one(p, HVC(1));
    assert_int_equal(h.n_fw, 2);
    assert_int_equal(cpu_get_el(c), 2);
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_HCD);
    cpu_set_pstate(c, PSTATE(1, 1, 15));
    pe_one(p, HVC(1));
    assert_int_equal(cpu_get_el(c), 1);
    assert_int_equal(EC(pe_esr(p, 1)), 0);
    /* HLT speaks to the simulator. */
    pe_at(p, 1, PSTATE(1, 1, 15));
    pe_one(p, HLT(0x77));
    assert_int_equal(h.hint, 0x77);
    assert_int_equal(cpu_get_pc(c), CODE + 4);
    pe_one(p, HLT(0xdead));
    assert_int_equal(EC(pe_esr(p, 1)), 0);
    assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE);
    pe_free(p);

    /* With EL3, SMC that nobody takes goes there; SMD forbids it. */
    q = pe_hooked(features_el3, &h);
    c = q->cpu;
    pe_at(q, 1, PSTATE(1, 1, 15));
    pe_one(q, SMC(9));
    assert_int_equal(cpu_get_el(c), 3);
    assert_int_equal(pe_esr(q, 3), UINT64_C(0x17) << 26 | 1u << 25 | 9);
    assert_int_equal(c->arch.sr[SR_ELR_EL3], CODE + 4);
    pe_at(q, 2, PSTATE(2, 1, 15));
    sysreg_write_id(c, SR_SCR_EL3, SCR_NS | SCR_SMD);
    pe_one(q, SMC(9));
    assert_int_equal(cpu_get_el(c), 2);
    assert_int_equal(EC(pe_esr(q, 2)), 0);
    pe_free(q);
}

/* A vector that is itself undefined: the run ends, with a reason, and time goes on. */
static void test_stuck(void **state)
{
    struct pe *p = pe_vectors(pe_features_n1);
    struct cpu *c = p->cpu;
    uint32_t zero[512] = {0};
    char why[200] = "";
    tg_time before;

    (void)state;
    pe_code(p, VECTORS(1), zero, 512);
    pe_at(p, 1, PSTATE(1, 1, 15));
    before = cpu_local_time(c);
    assert_false(cpu_stuck(c, why, sizeof(why)));
    pe_one(p, UDF);
    assert_true(cpu_stuck(c, why, sizeof(why)));
    assert_non_null(strstr(why, "EL1"));
    assert_true(cpu_local_time(c) > before);
    pe_free(p);
}

/* E2H at EL2: EL1 names mean EL2 registers, EL12 names the EL1 ones. */
static void test_e2h_redirection(void **state)
{
    static const struct {
        uint32_t el1, el12;
        enum sr_id r1, r2;
    } r[] = {
        {ENC(3, 0, 5, 1, 0), ENC(3, 5, 5, 1, 0), SR_AFSR0_EL1, SR_AFSR0_EL2},
        {ENC(3, 0, 5, 2, 0), ENC(3, 5, 5, 2, 0), SR_ESR_EL1, SR_ESR_EL2},
        {ENC(3, 0, 6, 0, 0), ENC(3, 5, 6, 0, 0), SR_FAR_EL1, SR_FAR_EL2},
        {ENC(3, 0, 4, 0, 0), ENC(3, 5, 4, 0, 0), SR_SPSR_EL1, SR_SPSR_EL2},
        {ENC(3, 0, 4, 0, 1), ENC(3, 5, 4, 0, 1), SR_ELR_EL1, SR_ELR_EL2},
        {ENC(3, 0, 13, 0, 1), ENC(3, 5, 13, 0, 1), SR_CONTEXTIDR_EL1, SR_CONTEXTIDR_EL2},
        {ENC(3, 0, 10, 2, 0), ENC(3, 5, 10, 2, 0), SR_MAIR_EL1, SR_MAIR_EL2},
        {ENC(3, 0, 12, 0, 0), ENC(3, 5, 12, 0, 0), SR_VBAR_EL1, SR_VBAR_EL2},
        {ENC(3, 0, 2, 0, 2), ENC(3, 5, 2, 0, 2), SR_TCR_EL1, SR_TCR_EL2},
        {ENC(3, 0, 14, 1, 0), ENC(3, 5, 14, 1, 0), SR_CNTKCTL_EL1, SR_CNTHCTL_EL2},
        {ENC(3, 3, 14, 2, 2), ENC(3, 5, 14, 2, 2), SR_CNTP_CVAL_EL0, SR_CNTHP_CVAL_EL2},
        {ENC(3, 3, 14, 3, 2), ENC(3, 5, 14, 3, 2), SR_CNTV_CVAL_EL0, SR_CNTHV_CVAL_EL2},
    };
    struct pe *p = pe_vectors(pe_features_n1);
    struct cpu *c = p->cpu;

    (void)state;
    for (unsigned i = 0; i < TG_ARRAY_SIZE(r); i++) {
        pe_at(p, 2, PSTATE(2, 1, 15));
        cpu_set_x(c, 1, 0x1000);
        pe_one(p, MSR(r[i].el1, 1));
        assert_int_equal(c->arch.sr[r[i].r1] & 0x1000,
                         r[i].r1 == SR_CNTKCTL_EL1 ? 0 : 0x1000); /* that one has no bit 12 */
        sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_E2H);
        c->arch.sr[r[i].r1] = c->arch.sr[r[i].r2] = 0;
        cpu_set_x(c, 1, 0x800);
        pe_one(p, MSR(r[i].el1, 1));
        assert_int_equal(c->arch.sr[r[i].r1], 0);
        assert_int_equal(c->arch.sr[r[i].r2], 0x800);
        cpu_set_x(c, 1, 0x100);
        c->arch.sr[r[i].r1] = 0;
        if (r[i].r1 == SR_VBAR_EL1)
            cpu_set_x(c, 1, 0x40000800);
        pe_one(p, MSR(r[i].el12, 1));
        assert_int_equal(c->arch.sr[r[i].r1], cpu_get_x(c, 1));
        assert_int_equal(c->arch.sr[r[i].r2], 0x800);
        pe_one(p, MRS(2, r[i].el12));
        assert_int_equal(cpu_get_x(c, 2), cpu_get_x(c, 1));
        pe_one(p, MRS(2, r[i].el1));
        assert_int_equal(cpu_get_x(c, 2), 0x800);
    }
    pe_free(p);
}

/* ID registers say what the feature list says; a hypervisor's guest sees VPIDR and VMPIDR. */
static void test_id(void **state)
{
    struct pe *p = pe_vectors(pe_features_n1), *q = pe_vectors(pe_features_a57);
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    assert_int_equal(sysreg_read_id(c, SR_ID_AA64PFR0_EL1), UINT64_C(0x1100000010110111));
    assert_int_equal(sysreg_read_id(c, SR_ID_AA64ISAR0_EL1), UINT64_C(0x0000100010211120));
    assert_int_equal(sysreg_read_id(c, SR_ID_AA64ISAR1_EL1), UINT64_C(0x100001));
    assert_int_equal(sysreg_read_id(c, SR_ID_AA64MMFR1_EL1), UINT64_C(0x10211122));
    assert_int_equal(sysreg_read_id(c, SR_ID_AA64MMFR2_EL1), UINT64_C(0x10));
    assert_int_equal(sysreg_read_id(q->cpu, SR_ID_AA64PFR0_EL1), UINT64_C(0x0111));
    assert_int_equal(sysreg_read_id(q->cpu, SR_ID_AA64MMFR1_EL1), 0);
    c->arch.sr[SR_VPIDR_EL2] = 0x1234;
    c->arch.sr[SR_VMPIDR_EL2] = 0x80000005;
    assert_int_equal(sysreg_read_id(c, SR_MIDR_EL1), 0x1234);
    assert_int_equal(sysreg_read_id(c, SR_MPIDR_EL1), 0x80000005);
    cpu_set_pstate(c, PSTATE(2, 1, 15));
    assert_int_equal(sysreg_read_id(c, SR_MIDR_EL1), c->p.midr);
    assert_int_equal(sysreg_read_id(c, SR_MPIDR_EL1), 0x80000000);
    pe_free(p);
    pe_free(q);
}

/* FPCR and FPSR act at once, keep what exists only, and are trapped like FP instructions. */
static void test_fpcr(void **state)
{
    struct pe *p = pe_vectors(pe_features_n1);
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    cpu_set_x(c, 1, UINT64_C(0xffffffffffffffff));
    pe_one(p, MSR(ENC(3, 3, 4, 4, 0), 1));
    assert_int_equal(c->arch.fpu.rmode, 3);
    assert_true(c->arch.fpu.fz && c->arch.fpu.dn && c->arch.fpu.fz16 && c->arch.fpu.ahp);
    pe_one(p, MRS(2, ENC(3, 3, 4, 4, 0)));
    assert_int_equal(cpu_get_x(c, 2), 0x7c80000);
    pe_one(p, MSR(ENC(3, 3, 4, 4, 1), 1));
    pe_one(p, MRS(2, ENC(3, 3, 4, 4, 1)));
    assert_int_equal(cpu_get_x(c, 2), 0x0800009f);
    sysreg_write_id(c, SR_CPACR_EL1, 0);
    pe_one(p, MRS(2, ENC(3, 3, 4, 4, 0)));
    assert_int_equal(EC(pe_esr(p, 1)), 0x07);
    pe_free(p);
}

/* DAIFClr lets a pending interrupt in before the next instruction. */
static void test_unmask(void **state)
{
    struct pe *p = pe_vectors(pe_features_n1);
    struct cpu *c = p->cpu;
    uint32_t code[] = {DAIFSET(2), ADD_X0_1, DAIFCLR(2), ADD_X0_1, SPIN};

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 2));
    cpu_class.irq_in(c, TG_PE_IRQ, true, 0);
    pe_code(p, CODE, code, 5);
    pe_run_insns(p, 4);
    assert_int_equal(cpu_get_x(c, 0), 1);
    assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE + 12);
    assert_int_equal(cpu_get_pc(c), VECTORS(1) + 0x280);
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_entry_pstate),
        cmocka_unit_test(test_sp_banks),
        cmocka_unit_test(test_eret),
        cmocka_unit_test(test_guest_hooks),
        cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_isr),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_firmware),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_e2h_redirection),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_unmask),
        cmocka_unit_test(test_fpcr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
