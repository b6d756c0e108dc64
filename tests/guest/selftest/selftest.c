/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selftest: checks that a machine behaves as the Arm ARM says where hypervisors lean on it: exception
 * syndromes at EL2 and EL1, traps from EL1 to EL2, address translation instructions, timers, GIC, PMU,
 * exclusives, single step. Prints a PASS, FAIL or SKIP line for each and powers off; the same program runs on
 * QEMU, which is the oracle for it. It does not try to be complete: generated tests against QEMU are. DDI
 * 0487; GIC IHI 0069.
 */
#include "rt.h"

enum { ST_RETURN = 0x5151, EL1_STACK = 8192 };

enum { /* ESR_ELx.EC */
       EC_UNKNOWN = 0x00,
       EC_WFX = 0x01,
       EC_FP = 0x07,
       EC_SVC = 0x15,
       EC_HVC = 0x16,
       EC_SMC = 0x17,
       EC_SYSREG = 0x18,
       EC_IABT_LOWER = 0x20,
       EC_IABT = 0x21,
       EC_PC_ALIGN = 0x22,
       EC_DABT_LOWER = 0x24,
       EC_DABT = 0x25,
       EC_BREAKPOINT_LOWER = 0x30,
       EC_STEP_LOWER = 0x32,
       EC_WATCHPOINT_LOWER = 0x34,
       EC_BRK = 0x3c,
};
enum {
    FSC_TRANSLATION_L0 = 0x04,
    FSC_TRANSLATION_L3 = 0x07,
    FSC_AF_L3 = 0x0b,
    FSC_PERM_L3 = 0x0f,
    FSC_ALIGN = 0x21
};

#define HCR_E2H  RT_BIT(34)
#define HCR_RW   RT_BIT(31)
#define HCR_TGE  RT_BIT(27)
#define HCR_TVM  RT_BIT(26)
#define HCR_TACR RT_BIT(21)
#define HCR_TSC  RT_BIT(19)
#define HCR_TWE  RT_BIT(14)
#define HCR_TWI  RT_BIT(13)
#define HCR_IMO  RT_BIT(4)
#define HCR_VM   RT_BIT(0)
#define MDCR_TDE RT_BIT(8)
#define SPSR_SS  RT_BIT(21)

/* Virtual addresses that nothing else uses, in the 48-bit space. */
#define VA_HOLE UINT64_C(0x7f0000000000) /* its level-0 entry is invalid */
#define VA_PAGES \
    UINT64_C(0x100000000000) /* +0 read-only, +4K no access flag, +8K never execute, +12K unmapped */
#define IPA_HOLE UINT64_C(0x2000000000) /* not in stage 2 */

void st_el1_call(void (*fn)(void), uint64_t sp_el1, uint64_t spsr);
void st_jump(uint64_t to);
void st_step(void);
uint64_t st_loop(uint64_t n);
extern char st_el1_return[], rt_vectors_el1[];
/* name(x0, x1) runs one instruction at name_insn */
/* clang-format off */
#define PROBES(X) \
    X(udf) X(svc) X(hvc) X(smc) X(brk) X(load) X(store) X(load_w5) X(store_x7) X(loadb_x9) X(ldxr) X(wfi) X(wfe) X(fp) \
    X(msr_ttbr0) X(mrs_actlr) X(cntp) X(sgi1r)
/* clang-format on */
#define DECLARE(n)                         \
    void st_##n(uint64_t x0, uint64_t x1); \
    extern char st_##n##_insn[];
PROBES(DECLARE)

struct seen {
    uint64_t esr, far, elr, spsr, hpfar;
    unsigned slot, count, el;
};

static struct selftest {
    const char *name;
    unsigned level; /* 2, 1, or 12: EL1 under EL2 */
    unsigned bad;
    unsigned pass, fail, skip;
    volatile bool armed; /* an exception is expected */
    bool resume_lr;      /* resume at x30 instead of after the instruction */
    volatile struct seen seen;
    volatile uint32_t irqs, last_irq;
    volatile uint64_t steps, step_pc[8];
    volatile uint64_t counter, second_done;
    volatile uint32_t second_sgi;
    struct rt_pt el1_map, s2;
    uint64_t vtcr, vttbr;
    void (*el1_fn)(void);
} st;

static uint8_t el1_stack[EL1_STACK] __attribute__((aligned(16)));
static uint8_t page_ro[4096] __attribute__((aligned(4096)));
static uint8_t page_s2[4096] __attribute__((aligned(4096)));

/* ---- checking ---- */

static void eq(const char *what, uint64_t got, uint64_t want)
{
    if (got == want)
        return;
    st.bad++;
    rt_printf("selftest: differs %s: %s is 0x%lx, should be 0x%lx\n", st.name, what, got, want);
}

static void yes(const char *what, bool ok)
{
    eq(what, ok, true);
}

static void arm(bool resume_lr)
{
    st.seen.count = 0;
    st.resume_lr = resume_lr;
    st.armed = true;
    rt_dsb();
}

static uint64_t addr(const char *label)
{
    return (uint64_t)label;
}

/* After an armed instruction: what must have been seen. */
static void want_exception(unsigned el, unsigned slot, unsigned ec, uint64_t iss, uint64_t iss_mask,
                           uint64_t elr)
{
    st.armed = false;
    eq("number of exceptions", st.seen.count, 1);
    if (st.seen.count != 1)
        return;
    eq("level taken to", st.seen.el, el);
    eq("vector", st.seen.slot, slot);
    eq("ESR.EC", RT_GET(st.seen.esr, 31, 26), ec);
    eq("ESR.IL", RT_GET(st.seen.esr, 25, 25), 1);
    eq("ESR.ISS", RT_GET(st.seen.esr, 24, 0) & iss_mask, iss);
    eq("ELR", st.seen.elr, elr);
}

#define ISS_ALL RT_MASK(24, 0)

/* ---- exceptions ---- */

static bool on_sync(struct rt_frame *f, unsigned slot)
{
    unsigned el = (unsigned)RT_GET(rt_mrs(CurrentEL), 3, 2), ec = (unsigned)RT_GET(f->esr, 31, 26);
    if (el == 2 && slot == RT_VEC_LOWER64 && ec == EC_HVC && RT_GET(f->esr, 15, 0) == ST_RETURN) {
        f->elr = (uint64_t)st_el1_return;
        f->spsr = 0x3c9; /* EL2h, DAIF */
        return true;
    }
    if (ec == EC_STEP_LOWER) {
        if (st.steps < 8)
            st.step_pc[st.steps] = f->elr;
        st.steps++;
        if (st.steps >= 6) {
            rt_msr(mdscr_el1, 0);
            f->spsr &= ~SPSR_SS;
        } else {
            f->spsr |= SPSR_SS;
        }
        st.seen.esr = f->esr;
        return true;
    }
    if (!st.armed)
        return false;
    st.seen.esr = f->esr;
    st.seen.far = f->far;
    st.seen.elr = f->elr;
    st.seen.spsr = f->spsr;
    st.seen.hpfar = el == 2 ? rt_mrs(hpfar_el2) : 0;
    st.seen.slot = slot;
    st.seen.el = el;
    st.seen.count++;
    if (st.resume_lr)
        f->elr = f->x[30];
    else if (ec != EC_SVC && ec != EC_HVC) /* these return behind themselves */
        f->elr += 4;
    return st.seen.count < 4;
}

static bool on_irq(struct rt_frame *f, unsigned slot)
{
    uint32_t iar = rt_gic_ack(), id = rt_gic_intid(iar);
    (void)f;
    (void)slot;
    if (id == rt.ppi_virt || id == rt.ppi_phys || id == rt.ppi_hyp || id == 28) {
        rt_msr(cntv_ctl_el0, 0);
        rt_msr(cntp_ctl_el0, 0);
        if (RT_GET(rt_mrs(CurrentEL), 3, 2) == 2)
            rt_msr(cnthp_ctl_el2, 0);
        rt_isb();
    }
    if (rt_cpu())
        st.second_sgi++;
    else {
        st.irqs++;
        st.last_irq = id;
    }
    if (id < 1020)
        rt_gic_eoi(iar);
    return true;
}

/* ---- checks for the level they run at ---- */

static unsigned here(void)
{
    return (unsigned)RT_GET(rt_mrs(CurrentEL), 3, 2);
}

/* Boot argument strict=1: also what QEMU 7.2 is known to do otherwise than the Arm ARM says. */
static bool strict(void)
{
    return rt_arg_u64("strict", 0);
}

static const char *t_undef(void)
{
    arm(false);
    st_udf(0, 0);
    want_exception(here(), RT_VEC_SPX, EC_UNKNOWN, 0, ISS_ALL, addr(st_udf_insn));
    return NULL;
}

static const char *t_svc(void)
{
    arm(false);
    st_svc(0, 0);
    want_exception(here(), RT_VEC_SPX, EC_SVC, 0x1234, ISS_ALL, addr(st_svc_insn) + 4);
    return NULL;
}

static const char *t_hvc(void)
{
    if (rt.el != 2)
        return "no-el2";
    arm(false);
    st_hvc(0, 0);
    want_exception(2, here() == 2 ? RT_VEC_SPX : RT_VEC_LOWER64, EC_HVC, 0x77, ISS_ALL,
                   addr(st_hvc_insn) + 4);
    return NULL;
}

static const char *t_brk(void)
{
    arm(false);
    st_brk(0, 0);
    want_exception(here(), RT_VEC_SPX, EC_BRK, 0x99, ISS_ALL, addr(st_brk_insn));
    return NULL;
}

static const char *t_translation_fault(void)
{
    arm(false);
    st_load(VA_HOLE + 0x123458, 0);
    want_exception(here(), RT_VEC_SPX, EC_DABT, FSC_TRANSLATION_L0, RT_MASK(6, 0), addr(st_load_insn));
    eq("FAR", st.seen.far, VA_HOLE + 0x123458);
    if (here() == 1 || strict()) /* QEMU 7.2 sets it at EL2 for stage 1, too */
        eq("ESR.ISV", RT_GET(st.seen.esr, 24, 24), 0);
    arm(false);
    st_store(VA_PAGES + 0x3008, 0);
    want_exception(here(), RT_VEC_SPX, EC_DABT, RT_BIT(6) | FSC_TRANSLATION_L3, RT_MASK(6, 0),
                   addr(st_store_insn));
    eq("FAR of the store", st.seen.far, VA_PAGES + 0x3008);
    return NULL;
}

static const char *t_permission_fault(void)
{
    uint64_t before = page_ro[0];
    arm(false);
    st_store(VA_PAGES + 0x10, 0xff);
    want_exception(here(), RT_VEC_SPX, EC_DABT, RT_BIT(6) | FSC_PERM_L3, RT_MASK(6, 0), addr(st_store_insn));
    eq("FAR", st.seen.far, VA_PAGES + 0x10);
    eq("the memory", page_ro[0], before);
    return NULL;
}

static const char *t_access_flag_fault(void)
{
    arm(false);
    st_load(VA_PAGES + 0x1ff8, 0);
    want_exception(here(), RT_VEC_SPX, EC_DABT, FSC_AF_L3, RT_MASK(6, 0), addr(st_load_insn));
    eq("FAR", st.seen.far, VA_PAGES + 0x1ff8);
    return NULL;
}

static const char *t_alignment(void)
{
    uint64_t a = (uint64_t)page_s2 + 12; /* 8 bytes across a 16-byte boundary: faults with FEAT_LSE2, too */
    arm(false);
    st_ldxr(a, 0);
    want_exception(here(), RT_VEC_SPX, EC_DABT, FSC_ALIGN, RT_MASK(6, 0), addr(st_ldxr_insn));
    eq("FAR", st.seen.far, a);
    arm(true);
    st_jump((uint64_t)st_load_insn + 2);
    want_exception(here(), RT_VEC_SPX, EC_PC_ALIGN, 0, ISS_ALL, (uint64_t)st_load_insn + 2);
    eq("FAR of the branch", st.seen.far, (uint64_t)st_load_insn + 2);
    return NULL;
}

static const char *t_instruction_abort(void)
{
    arm(true);
    st_jump(VA_HOLE + 0x40);
    want_exception(here(), RT_VEC_SPX, EC_IABT, FSC_TRANSLATION_L0, RT_MASK(5, 0), VA_HOLE + 0x40);
    eq("FAR", st.seen.far, VA_HOLE + 0x40);
    arm(true);
    st_jump(VA_PAGES + 0x2000);
    want_exception(here(), RT_VEC_SPX, EC_IABT, FSC_PERM_L3, RT_MASK(5, 0), VA_PAGES + 0x2000);
    return NULL;
}

static uint64_t at_read(uint64_t va)
{
    if (here() == 2)
        __asm__ volatile("at s1e2r, %0\n\tisb" ::"r"(va) : "memory");
    else
        __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(va) : "memory");
    return rt_mrs(par_el1);
}

static uint64_t at_write(uint64_t va)
{
    if (here() == 2)
        __asm__ volatile("at s1e2w, %0\n\tisb" ::"r"(va) : "memory");
    else
        __asm__ volatile("at s1e1w, %0\n\tisb" ::"r"(va) : "memory");
    return rt_mrs(par_el1);
}

static const char *t_at(void)
{
    uint64_t par = at_read((uint64_t)page_s2 + 0x123);
    eq("PAR.F of a mapped address", par & 1, 0);
    eq("PAR.PA", par & RT_MASK(47, 12), (uint64_t)page_s2);
    eq("PAR.ATTR", RT_GET(par, 63, 56), 0xff);
    eq("PAR.SH", RT_GET(par, 8, 7), 3);
    eq("PAR.PA of the alias", at_read(VA_PAGES) & (RT_MASK(47, 12) | 1), (uint64_t)page_ro);
    par = at_write(VA_PAGES);
    eq("PAR.F of a write to a read-only page", par & 1, 1);
    eq("PAR.FST", RT_GET(par, 6, 1), FSC_PERM_L3);
    eq("PAR.S", RT_GET(par, 9, 9), 0);
    eq("PAR.FST of a hole", RT_GET(at_read(VA_HOLE), 6, 1), FSC_TRANSLATION_L0);
    return NULL;
}

/* Spin until an interrupt was taken, at most two seconds. */
static void await_irq(uint32_t before)
{
    uint64_t end = rt_ticks() + 2 * rt.cntfrq;
    rt_irq_enable();
    while (st.irqs == before && rt_ticks() < end)
        ;
    rt_irq_disable();
}

static void want_irq(const char *what, uint32_t before, uint32_t id)
{
    await_irq(before);
    eq("interrupts", st.irqs - before, 1);
    eq(what, st.last_irq, id);
}

static const char *t_timers(void)
{
    uint32_t before = st.irqs;
    bool redirected = here() == 2 && rt.vhe; /* CNTV_*_EL0 is CNTHV_*_EL2 there, CNTP_*_EL0 is CNTHP_*_EL2 */
    if (!rt.gicd.base)
        return "no-gic";
    const uint32_t ids[] = {rt.ppi_virt, rt.ppi_phys, rt.ppi_hyp, 28};
    for (unsigned i = 0; i < 4; i++)
        rt_gic_enable(ids[i], true);
    rt_msr(cntv_cval_el0, rt_ticks() + rt_us_to_ticks(60000000));
    rt_msr(cntv_ctl_el0, 1);
    rt_isb();
    eq("CNTV_CTL before its time", rt_mrs(cntv_ctl_el0), 1);
    rt_msr(cntv_cval_el0, rt_ticks() + rt_us_to_ticks(100));
    rt_isb();
    if (!redirected || strict()) /* QEMU 7.2's virt board does not wire INTID 28 */
        want_irq("virtual timer's INTID", before, redirected ? 28 : rt.ppi_virt);
    rt_msr(cntv_ctl_el0, 0);
    before = st.irqs;
    rt_msr(cntp_tval_el0, rt_us_to_ticks(50));
    rt_msr(cntp_ctl_el0, 1);
    rt_isb();
    want_irq("physical timer's INTID", before, redirected ? rt.ppi_hyp : rt.ppi_phys);
    if (here() == 2) {
        before = st.irqs;
        rt_msr(cnthp_tval_el2, rt_us_to_ticks(50));
        rt_msr(cnthp_ctl_el2, 1);
        rt_isb();
        want_irq("EL2 timer's INTID", before, rt.ppi_hyp);
    }
    before = st.irqs;
    rt_msr(cntv_cval_el0, 0); /* long ago, but masked: condition without interrupt */
    rt_msr(cntv_ctl_el0, 3);
    rt_isb();
    eq("CNTV_CTL.ISTATUS with IMASK", rt_mrs(cntv_ctl_el0), 7);
    eq("ISR_EL1.I of a masked timer", RT_GET(rt_mrs(isr_el1), 7, 7), 0);
    rt_msr(cntv_ctl_el0, 0);
    return NULL;
}

static bool await_pending(bool pending)
{
    uint64_t end = rt_ticks() + 2 * rt.cntfrq;
    while (RT_GET(rt_mrs(isr_el1), 7, 7) != pending && rt_ticks() < end)
        ;
    return RT_GET(rt_mrs(isr_el1), 7, 7) == pending;
}

static const char *t_gic(void)
{
    if (rt_gic_version() != 3)
        return "no-gicv3";
    rt_gic_enable(5, true);
    rt_gic_enable(6, true);
    rt_msr(ICC_PMR_EL1, 0x80); /* the interrupts have priority 0xa0 */
    rt_isb();
    rt_gic_send_sgi(rt.mpidr[0], 5);
    rt_delay_us(20);
    yes("nothing signalled below the priority mask", await_pending(false));
    eq("ICC_IAR1 below the mask", rt_gic_ack(), 1023);
    rt_msr(ICC_PMR_EL1, 0xf0);
    rt_isb();
    yes("signalled above the priority mask", await_pending(true));
    eq("ICC_HPPIR1", rt_mrs(ICC_HPPIR1_EL1), 5);
    eq("ICC_RPR when idle", rt_mrs(ICC_RPR_EL1) & 0xff, 0xff);
    eq("ICC_IAR1", rt_gic_ack(), 5);
    eq("ICC_RPR when active", rt_mrs(ICC_RPR_EL1) & 0xff, 0xa0);
    rt_gic_send_sgi(rt.mpidr[0], 6);
    rt_delay_us(20);
    yes("no preemption by equal priority", await_pending(false));
    rt_gic_eoi(5);
    yes("the next one after EOI", await_pending(true));
    eq("ICC_IAR1 of the next", rt_gic_ack(), 6);
    rt_gic_eoi(6);
    eq("ICC_IAR1 when nothing is left", rt_gic_ack(), 1023);
    return NULL;
}

static const char *t_pmu(void)
{
    if (!rt.pmu)
        return "no-pmu";
    uint64_t c = rt_cycles();
    st_loop(1000);
    yes("cycles grow", rt_cycles() > c);
    if (!RT_GET(rt_mrs(pmcr_el0), 15, 11))
        return NULL;
    uint64_t filter = RT_BIT(27); /* EL2, too */
    rt_msr(pmselr_el0, 0);
    rt_isb();
    rt_msr(pmxevtyper_el0, filter | 0x00); /* SW_INCR */
    rt_msr(pmevcntr0_el0, 0);
    rt_msr(pmcntenset_el0, 1);
    rt_isb();
    for (unsigned i = 0; i < 3; i++)
        rt_msr(pmswinc_el0, 1);
    rt_isb();
    eq("SW_INCR", rt_mrs(pmevcntr0_el0), 3);
    return NULL;
}

static const char *t_pmu_instructions(void)
{
    if (!rt.pmu || !RT_GET(rt_mrs(pmcr_el0), 15, 11) || !(rt_mrs(pmceid0_el0) & RT_BIT(8)))
        return "no-inst-retired";
    rt_msr(pmevtyper0_el0, RT_BIT(27) | 0x08); /* INST_RETIRED */
    rt_msr(pmcntenset_el0, 1);
    rt_isb();
    uint64_t a = rt_mrs(pmevcntr0_el0);
    st_loop(1000);
    uint64_t n = rt_mrs(pmevcntr0_el0) - a; /* the loop's 2002, and a call */
    yes("INST_RETIRED not below what was executed", n >= 2002);
    yes("INST_RETIRED not far above", n <= 2002 + 16);
    return NULL;
}

static uint32_t stxr(uint64_t *p, uint64_t v)
{
    uint32_t status;
    __asm__ volatile("stxr %w0, %1, [%2]" : "=&r"(status) : "r"(v), "r"(p) : "memory");
    return status;
}

static uint64_t ldxr(const uint64_t *p)
{
    uint64_t v;
    __asm__ volatile("ldxr %0, [%1]" : "=r"(v) : "r"(p) : "memory");
    return v;
}

static const char *t_exclusive(void)
{
    static uint64_t word[2] __attribute__((aligned(64)));
    word[0] = 7;
    word[1] = 0;
    eq("LDXR", ldxr(&word[0]), 7);
    eq("status of STXR", stxr(&word[0], 8), 0);
    eq("what it stored", word[0], 8);
    eq("status of a second STXR", stxr(&word[0], 9), 1);
    ldxr(&word[0]);
    __asm__ volatile("clrex" ::: "memory");
    eq("status after CLREX", stxr(&word[0], 10), 1);
    eq("what failed STXRs left", word[0], 8);
    uint32_t status;
    uint64_t a, b;
    __asm__ volatile("ldxp %0, %1, [%3]\n\tstxp %w2, %1, %0, [%3]"
                     : "=&r"(a), "=&r"(b), "=&r"(status)
                     : "r"(word)
                     : "memory");
    eq("status of STXP", status, 0);
    eq("first word of STXP", word[0], 0); /* they changed places */
    eq("second word of STXP", word[1], 8);
    return NULL;
}

/* ---- EL2 only: the stages together, traps from EL1, single step, the second PE ---- */

/* EL1's registers, from EL2. */
#define EL1_SET(reg, reg12, v) \
    do {                       \
        if (rt.vhe)            \
            rt_msr(reg12, v);  \
        else                   \
            rt_msr(reg, v);    \
    } while (0)

static uint64_t hcr_host(void)
{
    return rt.vhe ? HCR_E2H | HCR_RW | HCR_TGE : HCR_RW | HCR_IMO;
}

static void set_hcr(uint64_t v)
{
    rt_msr(hcr_el2, v | (rt.vhe ? HCR_E2H : 0));
    rt_isb();
}

static void el1_setup(void)
{
    EL1_SET(mair_el1, S3_5_C10_C2_0, RT_MAIR);
    EL1_SET(tcr_el1, S3_5_C2_C0_2, rt_tcr_el1());
    EL1_SET(ttbr0_el1, S3_5_C2_C0_0, (uint64_t)st.el1_map.root);
    EL1_SET(vbar_el1, S3_5_C12_C0_0, (uint64_t)rt_vectors_el1);
    EL1_SET(cpacr_el1, S3_5_C1_C0_2, RT_PUT(3, 21, 20));
    EL1_SET(sctlr_el1, S3_5_C1_C0_0, RT_SCTLR_EL1_RES1 | RT_SCTLR_ON);
    rt_msr(tpidr_el1, 0);
    rt_isb();
    __asm__ volatile("tlbi alle1\n\tdsb nsh\n\tisb" ::: "memory");
}

/* Run fn at EL1 with the given HCR_EL2 controls on top of RW. */
static void at_el1(void (*fn)(void), uint64_t hcr)
{
    set_hcr(HCR_RW | hcr);
    st_el1_call(fn, (uint64_t)el1_stack + EL1_STACK, 0x3c5);
    rt_msr(hcr_el2, hcr_host());
    rt_isb();
}

static const char *t_at_stage12(void)
{
    uint64_t par;
    rt_msr(vtcr_el2, st.vtcr);
    rt_msr(vttbr_el2, st.vttbr);
    set_hcr(HCR_RW | HCR_VM);
    __asm__ volatile("tlbi alle1\n\tdsb nsh\n\tisb" ::: "memory");
    __asm__ volatile("at s12e1r, %0\n\tisb" ::"r"((uint64_t)page_s2 + 0x40) : "memory");
    par = rt_mrs(par_el1);
    eq("PAR.F of AT S12E1R", par & 1, 0);
    eq("PAR.PA", par & RT_MASK(47, 12), (uint64_t)page_ro); /* stage 2 sends page_s2 to page_ro */
    __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"((uint64_t)page_s2 + 0x40) : "memory");
    eq("PAR.PA of stage 1 alone", rt_mrs(par_el1) & (RT_MASK(47, 12) | 1), (uint64_t)page_s2);
    __asm__ volatile("at s12e1r, %0\n\tisb" ::"r"(VA_PAGES + 0x4000) : "memory"); /* stage 1: IPA_HOLE */
    par = rt_mrs(par_el1);
    eq("PAR.F of an IPA outside stage 2", par & 1, 1);
    eq("PAR.S", RT_GET(par, 9, 9), 1);
    eq("PAR.PTW", RT_GET(par, 8, 8), 0);
    eq("PAR.FST", RT_GET(par, 6, 1), FSC_TRANSLATION_L3 - 2); /* level 1 */
    rt_msr(hcr_el2, hcr_host());
    rt_isb();
    return NULL;
}

static void e_wfi(void)
{
    st_wfi(0, 0);
}
static void e_wfe(void)
{
    __asm__ volatile(
        "sevl\n\twfe"); /* an exception return sets the event register: clear it, whatever it is */
    st_wfe(0, 0);
}

static void e_smc(void)
{
    st_smc(0, 0);
}
static void e_fp(void)
{
    st_fp(0, 0);
}
static void e_msr(void)
{
    st_msr_ttbr0(rt_mrs(ttbr0_el1), 0);
}
static void e_mrs(void)
{
    st_mrs_actlr(0, 0);
}
static void e_cntp(void)
{
    st_cntp(0, 0);
}
static void e_load_w5(void)
{
    st_load_w5(VA_PAGES + 0x4008, 0);
}
static void e_store_x7(void)
{
    st_store_x7(VA_PAGES + 0x4010, 0);
}
static void e_loadb_x9(void)
{
    st_loadb_x9(VA_PAGES + 0x4003, 0);
}

static void e_load_page(void)
{
    st_load((uint64_t)page_s2 + 0x20, 0);
}

static void e_store_page(void)
{
    st_store((uint64_t)page_s2 + 0x20, 0);
}

static void e_sgi1r(void)
{
    st_sgi1r(0, 0);
}

static void trap(void (*fn)(void), uint64_t hcr, const char *insn, unsigned ec, uint64_t iss)
{
    arm(false);
    at_el1(fn, hcr);
    want_exception(2, RT_VEC_LOWER64, ec, iss, ISS_ALL, (uint64_t)insn);
}

/* ISS of a trapped MSR or MRS (DDI 0487, ESR_ELx, EC 0x18) */
static uint64_t iss_sysreg(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2,
                           unsigned rt_num, bool read)
{
    return RT_PUT(op0, 21, 20) | RT_PUT(op2, 19, 17) | RT_PUT(op1, 16, 14) | RT_PUT(crn, 13, 10) |
           RT_PUT(rt_num, 9, 5) | RT_PUT(crm, 4, 1) | read;
}

#define COND_ALWAYS (RT_BIT(24) | RT_PUT(0xe, 23, 20))

static const char *t_traps(void)
{
    trap(e_wfi, HCR_TWI, st_wfi_insn, EC_WFX, COND_ALWAYS);
    if (strict()) { /* QEMU 7.2 has no event register and does not trap WFE */
        trap(e_wfe, HCR_TWE, st_wfe_insn, EC_WFX, COND_ALWAYS | 1);
    }
    trap(e_smc, HCR_TSC, st_smc_insn, EC_SMC, 0x33);
    trap(e_msr, HCR_TVM, st_msr_ttbr0_insn, EC_SYSREG, iss_sysreg(3, 0, 2, 0, 0, 0, false));
    trap(e_mrs, HCR_TACR, st_mrs_actlr_insn, EC_SYSREG, iss_sysreg(3, 0, 1, 0, 1, 3, true));
    if (rt_gic_version() == 3)
        trap(e_sgi1r, HCR_IMO, st_sgi1r_insn, EC_SYSREG, iss_sysreg(3, 0, 12, 11, 5, 0, false));
    uint64_t cnthctl = rt_mrs(cnthctl_el2), cptr = rt_mrs(cptr_el2);
    rt_msr(cnthctl_el2, cnthctl & ~(rt.vhe ? RT_BIT(11) : RT_BIT(1)));
    rt_isb();
    trap(e_cntp, 0, st_cntp_insn, EC_SYSREG, iss_sysreg(3, 3, 14, 2, 1, 4, true));
    rt_msr(cnthctl_el2, cnthctl);
    rt_msr(cptr_el2, rt.vhe ? 0 : cptr | RT_BIT(10));
    rt_isb();
    trap(e_fp, 0, st_fp_insn, EC_FP, COND_ALWAYS);
    rt_msr(cptr_el2, cptr);
    rt_isb();
    return NULL;
}

/* Stage-2 faults of single-register accesses carry a full syndrome: a VMM emulates devices by it. */
static void s2_fault(void (*fn)(void), const char *insn, uint64_t off, unsigned sas, bool sse, unsigned srt,
                     bool sf, bool wnr)
{
    uint64_t iss = RT_BIT(24) | RT_PUT(sas, 23, 22) | RT_PUT(sse, 21, 21) | RT_PUT(srt, 20, 16) |
                   RT_PUT(sf, 15, 15) | RT_PUT(wnr, 6, 6) | (FSC_TRANSLATION_L3 - 2);
    trap(fn, HCR_VM, insn, EC_DABT_LOWER, iss);
    eq("FAR_EL2", st.seen.far, VA_PAGES + 0x4000 + off);
    eq("HPFAR_EL2", st.seen.hpfar, RT_PUT(IPA_HOLE >> 12, 43, 4));
}

static const char *t_stage2_fault(void)
{
    rt_msr(vtcr_el2, st.vtcr);
    rt_msr(vttbr_el2, st.vttbr);
    s2_fault(e_load_w5, st_load_w5_insn, 8, 2, false, 5, false, false);
    s2_fault(e_store_x7, st_store_x7_insn, 0x10, 3, false, 7, true, true);
    s2_fault(e_loadb_x9, st_loadb_x9_insn, 3, 0, true, 9, true, false);
    return NULL;
}

static const char *t_single_step(void)
{
    uint64_t mdcr = rt_mrs(mdcr_el2);
    st.steps = 0;
    rt_msr(mdcr_el2, mdcr | MDCR_TDE);
    rt_msr(mdscr_el1, 1); /* SS */
    set_hcr(HCR_RW);
    st_el1_call(st_step, (uint64_t)el1_stack + EL1_STACK, 0x3c5 | SPSR_SS);
    rt_msr(hcr_el2, hcr_host());
    rt_msr(mdcr_el2, mdcr);
    rt_msr(mdscr_el1, 0);
    rt_isb();
    eq("steps", st.steps, 6);
    for (unsigned i = 0; i < 6 && i < st.steps; i++)
        eq("ELR of a step", st.step_pc[i], (uint64_t)st_step + 4 * (i + 1));
    eq("ESR.EC", RT_GET(st.seen.esr, 31, 26), EC_STEP_LOWER);
    eq("ESR.ISS", RT_GET(st.seen.esr, 24, 0), RT_BIT(24) | 0x22); /* ISV, not an exclusive, debug */
    return NULL;
}

/* Debug exceptions of EL1 go to EL2 (MDCR_EL2.TDE); breakpoint and watchpoint 0 match at EL1 only (PMC, PAC
 * 0b01). */
static const char *t_breakpoint(void)
{
    uint64_t mdcr = rt_mrs(mdcr_el2), watched = (uint64_t)page_s2 + 0x20;
    rt_msr(mdcr_el2, mdcr | MDCR_TDE);
    rt_msr(mdscr_el1, RT_BIT(15)); /* MDE */
    rt_msr(dbgbvr0_el1, (uint64_t)st_load_insn);
    rt_msr(dbgbcr0_el1, RT_PUT(0xf, 8, 5) | RT_PUT(1, 2, 1) | 1);
    rt_isb();
    st_load(watched, 0); /* not at EL2 */
    trap(e_load_page, 0, st_load_insn, EC_BREAKPOINT_LOWER, 0x22);
    rt_msr(dbgbcr0_el1, 0);
    rt_msr(dbgwvr0_el1, watched);
    rt_msr(dbgwcr0_el1, RT_PUT(0xff, 12, 5) | RT_PUT(2, 4, 3) /* stores */ | RT_PUT(1, 2, 1) | 1);
    rt_isb();
    arm(false);
    at_el1(e_load_page, 0);
    st.armed = false;
    eq("watchpoints of a load", st.seen.count, 0);
    arm(false);
    at_el1(e_store_page, 0);
    want_exception(2, RT_VEC_LOWER64, EC_WATCHPOINT_LOWER, RT_BIT(6) | 0x22, RT_BIT(6) | RT_MASK(5, 0),
                   (uint64_t)st_store_insn);
    eq("FAR of the watchpoint", st.seen.far, watched);
    rt_msr(dbgwcr0_el1, 0);
    rt_msr(mdscr_el1, 0);
    rt_msr(mdcr_el2, mdcr);
    rt_isb();
    return NULL;
}

#define ICH_HCR_EL2   S3_4_C12_C11_0
#define ICH_MISR_EL2  S3_4_C12_C11_2
#define ICH_EISR_EL2  S3_4_C12_C11_3
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2  S3_4_C12_C11_7
#define ICH_LR0_EL2   S3_4_C12_C12_0

static void e_take_irq(void)
{
    await_irq(st.irqs);
}

/* A virtual interrupt from a list register: taken, acknowledged and ended at EL1 without EL2. */
static const char *t_list_register(void)
{
    enum { VINTID = 40 };
    if (rt_gic_version() != 3)
        return "no-gicv3";
    uint32_t before = st.irqs;
    rt_msr(ICH_VMCR_EL2, RT_PUT(0xf8, 31, 24) | RT_BIT(1)); /* VPMR, VENG1 */
    rt_msr(ICH_LR0_EL2,
           RT_BIT(62) | RT_BIT(60) | RT_PUT(0x80, 55, 48) | RT_BIT(41) | VINTID); /* pending, Group 1, EOI */
    rt_msr(ICH_HCR_EL2, 1);
    rt_isb();
    eq("ICH_MISR before", rt_mrs(ICH_MISR_EL2), 0);
    at_el1(e_take_irq, HCR_IMO);
    eq("virtual interrupts", st.irqs - before, 1);
    eq("virtual INTID", st.last_irq, VINTID);
    eq("state of the list register", RT_GET(rt_mrs(ICH_LR0_EL2), 63, 62), 0);
    eq("ICH_EISR", rt_mrs(ICH_EISR_EL2), 1);
    eq("ICH_MISR.EOI", rt_mrs(ICH_MISR_EL2), 1);
    eq("ICH_ELRSR of an EOI not yet seen", rt_mrs(ICH_ELRSR_EL2) & 1, 0);
    rt_msr(ICH_LR0_EL2, 0);
    rt_isb();
    eq("ICH_ELRSR of an empty list register", rt_mrs(ICH_ELRSR_EL2) & 1, 1);
    rt_msr(ICH_HCR_EL2, 0);
    rt_msr(ICH_VMCR_EL2, 0);
    rt_isb();
    return NULL;
}

static void add_atomic(volatile uint64_t *p, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        uint64_t v;
        uint32_t s;
        __asm__ volatile("1: ldaxr %0, [%2]\n\tadd %0, %0, #1\n\tstlxr %w1, %0, [%2]\n\tcbnz %w1, 1b"
                         : "=&r"(v), "=&r"(s)
                         : "r"(p)
                         : "memory");
    }
}

enum { ADDS = 5000 };

static void second(void *arg)
{
    (void)arg;
    if (rt.el == 2)
        rt_msr(hcr_el2, hcr_host());
    rt_isb();
    if (rt.gicd.base) {
        rt_gic_init_cpu(false);
        rt_gic_enable(7, true);
        rt_irq_enable();
    }
    st.second_done = 1;
    add_atomic(&st.counter, ADDS);
    uint64_t end = rt_ticks() + 5 * rt.cntfrq;
    while (!st.second_sgi && rt_ticks() < end)
        ;
    rt_irq_disable();
    st.second_done = 2;
}

static const char *t_two_pes(void)
{
    if (rt.ncpu < 2 || rt.conduit == RT_CONDUIT_NONE)
        return "one-pe";
    uint64_t end = rt_ticks() + 5 * rt.cntfrq;
    st.counter = 0;
    int ret = rt_cpu_on(1, second, NULL);
    eq("PSCI CPU_ON", (uint64_t)(int64_t)ret, 0);
    while (!ret && !st.second_done && rt_ticks() < end)
        rt_yield();
    eq("PSCI CPU_ON of a PE that is on", (uint64_t)rt_psci(PSCI_CPU_ON64, rt.mpidr[1], 0, 0),
       (uint64_t)PSCI_ALREADY_ON);
    add_atomic(&st.counter, ADDS);
    if (rt.gicd.base)
        rt_gic_send_sgi(rt.mpidr[1], 7);
    while (!ret && st.second_done < 2 && rt_ticks() < end + 5 * rt.cntfrq)
        rt_yield();
    eq("sum of two PEs' atomic additions", st.counter, 2 * ADDS);
    eq("SGIs of the second PE", st.second_sgi, rt.gicd.base ? 1 : 0);
    for (unsigned i = 0; i < 1000 && rt_psci(PSCI_AFFINITY_INFO64, rt.mpidr[1], 0, 0) != 1; i++)
        rt_delay_us(100);
    eq("PSCI AFFINITY_INFO after CPU_OFF", (uint64_t)rt_psci(PSCI_AFFINITY_INFO64, rt.mpidr[1], 0, 0), 1);
    eq("PSCI with an unknown function", (uint64_t)rt_psci(0x8400ffff, 0, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED);
    return NULL;
}

/* ---- the table ---- */

enum { AT_EL2 = 1, AT_EL1 = 2, BOTH = 3 };

static const struct {
    const char *name;
    const char *(*fn)(void); /* the reason to skip, or NULL */
    unsigned levels;
} tests[] = {
    {"undef", t_undef, BOTH},
    {"svc", t_svc, BOTH},
    {"hvc", t_hvc, BOTH},
    {"brk", t_brk, BOTH},
    {"translation-fault", t_translation_fault, BOTH},
    {"permission-fault", t_permission_fault, BOTH},
    {"access-flag-fault", t_access_flag_fault, BOTH},
    {"alignment", t_alignment, BOTH},
    {"instruction-abort", t_instruction_abort, BOTH},
    {"at", t_at, BOTH},
    {"timers", t_timers, BOTH},
    {"gic", t_gic, BOTH},
    {"pmu", t_pmu, BOTH},
    {"pmu-instructions", t_pmu_instructions, BOTH},
    {"exclusive", t_exclusive, BOTH},
    {"at-stage-1-and-2", t_at_stage12, AT_EL2},
    {"traps", t_traps, AT_EL2},
    {"stage-2-fault", t_stage2_fault, AT_EL2},
    {"single-step", t_single_step, AT_EL2},
    {"breakpoint", t_breakpoint, AT_EL2},
    {"list-register", t_list_register, AT_EL2},
};

static void run_one(const char *prefix, const char *name, const char *(*fn)(void))
{
    st.name = name;
    st.bad = 0;
    const char *skip = fn();
    st.armed = false;
    if (st.bad) {
        st.fail++;
        rt_printf("selftest: FAIL %s/%s\n", prefix, name);
    } else if (skip) {
        st.skip++;
        rt_printf("selftest: SKIP %s/%s reason=%s\n", prefix, name, skip);
    } else {
        st.pass++;
        rt_printf("selftest: PASS %s/%s\n", prefix, name);
    }
}

static void run_level(unsigned level, const char *prefix)
{
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if ((tests[i].levels & level) && rt_arg_has("only", tests[i].name, true))
            run_one(prefix, tests[i].name, tests[i].fn);
}

static void el1_all(void)
{
    run_level(AT_EL1, "el1");
}

static void add_pages(struct rt_pt *pt, uint64_t extra)
{
    uint64_t n = RT_S1_NORMAL | extra, page = (uint64_t)page_ro;
    rt_pt_map(pt, VA_PAGES, page, 0x1000, n | RT_S1_RO, 0x1000);
    rt_pt_map(pt, VA_PAGES + 0x1000, page, 0x1000, n & ~RT_BIT(10), 0x1000);
    rt_pt_map(pt, VA_PAGES + 0x2000, page, 0x1000, n | RT_BIT(54) | (extra ? 0 : RT_S1_PXN), 0x1000);
    rt_pt_map(pt, VA_PAGES + 0x4000, IPA_HOLE, 0x1000, n, 0x1000);
}

static void build_maps(void)
{
    add_pages(&rt_map, rt.el == 2 && !rt.vhe ? RT_S1_AP1 : 0);
    if (rt.el != 2)
        return;
    rt_mmu_build_el1(&st.el1_map);
    add_pages(&st.el1_map, 0);
    /* Stage 2: 39 bits of IPA from one level-1 table; identity, but page_s2 goes to page_ro and IPA_HOLE
     * nowhere. */
    uint64_t m2 = 0x200000, s2_page = (uint64_t)page_s2, block = s2_page & ~(m2 - 1);
    st.s2 = (struct rt_pt){.root = rt_pt_alloc(1), .start_level = 1, .root_bits = 9};
    rt_pt_map(&st.s2, s2_page, (uint64_t)page_ro, 0x1000, RT_S2_NORMAL, 0x1000);
    rt_pt_map(&st.s2, block, block, m2, RT_S2_NORMAL, 0x1000);
    for (uint64_t a = rt.image.base & ~(m2 - 1); a < rt.image.base + rt.image.size; a += m2)
        if (a != block)
            rt_pt_map(&st.s2, a, a, m2, RT_S2_NORMAL, m2);
    st.vtcr = RT_BIT(31) | RT_PUT(25, 5, 0) | RT_PUT(1, 7, 6) | RT_PUT(1, 9, 8) | RT_PUT(1, 11, 10) |
              RT_PUT(3, 13, 12) | RT_PUT(rt_tcr_ps(), 18, 16);
    st.vttbr = RT_PUT(7, 63, 48) | (uint64_t)st.s2.root;
}

static bool is_test(const char *name)
{
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (!strcmp(tests[i].name, name))
            return true;
    return !strcmp(name, "two-pes");
}

static const struct rt_arg_spec args[] = {
    {.name = "vhe", .kind = RT_ARG_NUMBER},
    {.name = "strict", .kind = RT_ARG_NUMBER},
    {.name = "only", .kind = RT_ARG_LIST, .known = is_test},
};

int rt_program(void)
{
    if (!rt_args_check(args, sizeof(args) / sizeof(args[0]), false))
        return 1;
    rt_printf("selftest: begin el=%u vhe=%u cpus=%u midr=0x%lx\n", rt.el, rt.vhe, rt.ncpu, rt_mrs(midr_el1));
    rt_set_handler(RT_EXC_SYNC, on_sync);
    rt_set_handler(RT_EXC_IRQ, on_irq);
    rt_pmu_start();
    rt_msr(oslar_el1, 0); /* the OS lock, set at reset, suppresses debug exceptions */
    rt_isb();
    if (rt.el == 2) {
        rt_msr(hcr_el2, hcr_host());
        rt_isb();
    }
    if (rt_gic_init_dist() || rt_gic_init_cpu(false))
        rt.gicd.base = rt.gicr.base = 0;
    build_maps();
    if (rt.el == 2) {
        el1_setup();
        run_level(AT_EL2, "el2");
        at_el1(el1_all, 0);
    } else {
        run_level(AT_EL1, "el1");
    }
    if (rt_arg_has("only", "two-pes", true))
        run_one("smp", "two-pes", t_two_pes);
    rt_printf("selftest: end pass=%u fail=%u skip=%u\n", st.pass, st.fail, st.skip);
    return st.fail ? 1 : 0;
}
