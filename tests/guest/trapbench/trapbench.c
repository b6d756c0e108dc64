/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trapbench: what crossings between a guest and its hypervisor cost, as the guest itself sees it. A
 * bare-metal EL1 program with one table of measurements; each prints its iterations, nanoseconds (CNTVCT_EL0)
 * and cycles (PMCCNTR_EL0). Does not judge the numbers. A new case is one line in the table.
 *
 * A hypervisor is taken to be there when we were entered at EL1; entered at EL2, we dropped to EL1 ourselves
 * and the cases that need one are skipped. Output format and boot arguments: tests/guest/README.md. Arm ARM
 * DDI 0487, GIC IHI 0069, SMCCC DEN0028.
 */
#include "rt.h"

#include <string.h>

enum { SGI_SELF = 2, SGI_IPI = 1, PAGE = 4096 };

struct bench {
    uint64_t iterations;
    uint64_t start;    /* CNTVCT at the start of this iteration or loop */
    uint64_t excluded; /* ticks that were slept on purpose */
    uint32_t failed;   /* time-outs */
    uint64_t fid;      /* hypercall: function id */
    uint64_t mmio;     /* address of the device read */
    uint64_t page;     /* next page to touch */
    uint32_t iar;
    uint64_t ipi_seen;
    volatile uint64_t timer_irqs;
    volatile uint64_t ipi_count; /* written by the second vCPU */
    volatile uint32_t ipi_spin;  /* second vCPU: spin instead of WFI */
    volatile uint32_t ipi_ready, ipi_stop;
    bool second; /* is up */
    uint64_t wfi_ticks;
};

struct bench_case {
    const char *name;
    const char *(*setup)(struct bench *b); /* once; the reason to skip the case, or NULL */
    void (*prepare)(struct bench *b);      /* before each iteration, untimed */
    void (*run)(struct bench *b);          /* what is measured */
    void (*after)(struct bench *b);        /* after each iteration, untimed */
    uint32_t times;
};

static struct bench bench; /* also the interrupt handler's */

/* ---- helpers ---- */

static bool hypervisor(void)
{
    return rt.entry_el == 1;
}

/* Spin until *v reaches want; gives up after ten seconds of guest time. */
static void wait_for(struct bench *b, volatile uint64_t *v, uint64_t want)
{
    uint64_t end = 0;
    for (unsigned spins = 0; *v < want; spins++) {
        if ((spins & 4095) != 4095)
            continue;
        rt_yield(); /* rarely: where PEs take turns (QEMU -icount), the other one needs ours */
        uint64_t now = rt_ticks();
        if (!end)
            end = now + 10 * rt.cntfrq;
        else if (now > end) {
            b->failed++;
            return;
        }
    }
}

static bool on_irq(struct rt_frame *f, unsigned slot)
{
    uint32_t iar = rt_gic_ack(), id = rt_gic_intid(iar);
    (void)f;
    (void)slot;
    if (id == rt.ppi_virt) {
        rt_msr(cntv_ctl_el0, 0);
        rt_isb();
        bench.timer_irqs++;
    } else if (id == SGI_IPI) {
        bench.ipi_count++;
        rt_dsb();
    }
    if (id < 1020)
        rt_gic_eoi(iar);
    return true;
}

/* HVC of an unknown function is UNDEFINED where nobody implements HVC beyond PSCI: ask for PSCI_VERSION from
 * then on. */
static bool on_sync(struct rt_frame *f, unsigned slot)
{
    (void)slot;
    if (RT_GET(f->esr, 31, 26) != 0 || bench.fid == PSCI_VERSION || rt.conduit != RT_CONDUIT_HVC)
        return false;
    bench.fid = PSCI_VERSION;
    f->x[0] = PSCI_VERSION;
    return true; /* ELR is the HVC itself */
}

static void second_main(void *arg)
{
    struct bench *b = arg;
    unsigned spins = 0;
    rt_gic_init_cpu(false);
    rt_gic_enable(SGI_IPI, true);
    rt_irq_enable();
    b->ipi_ready = 1;
    while (!b->ipi_stop) {
        if (b->ipi_spin) { /* YIELD rarely: in QEMU it fights with the sender for the big lock */
            if ((++spins & 1023) == 0)
                rt_yield();
            continue;
        }
        rt_irq_disable(); /* a pending interrupt still ends the WFI, and none can slip in between the tests
                             and it */
        if (!b->ipi_spin && !b->ipi_stop)
            rt_wfi();
        rt_irq_enable();
        rt_isb();
    }
}

/* ---- the cases ---- */

static void empty_run(struct bench *b)
{
    (void)b;
}

static void empty_prepare(struct bench *b)
{
    (void)b;
}

/*
 * Cheapest way into KVM and back: a function id that no service owns, which KVM answers with NOT_SUPPORTED in
 * the kernel. 0x4b000000 is what kvm-unit-tests' micro-bench uses, so figures published for it can be
 * compared.
 */
static const char *hypercall_setup(struct bench *b)
{
    b->fid = rt_arg_u64("hypercall_fid", 0x4b000000);
    return hypervisor() ? NULL : "no-hypervisor";
}

static void hypercall_run(struct bench *b)
{
    register uint64_t x0 __asm__("x0") = b->fid;
    __asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

/* The VMM's exit device when there is one, else the PL011's UARTPeriphID0, which any VMM emulates without
 * side effect. */
static const char *mmio_setup(struct bench *b)
{
    b->mmio = rt.exit_dev ? rt.exit_dev : rt.uart ? rt.uart + 0xfe0 : 0;
    return !hypervisor() ? "no-hypervisor" : !b->mmio ? "no-device" : NULL;
}

static void mmio_run(struct bench *b)
{
    (void)rt_r32(b->mmio);
}

static const char *gic_setup(struct bench *b)
{
    (void)b;
    return rt.gicd.base ? NULL : "no-gic";
}

static void gicd_run(struct bench *b)
{
    (void)b;
    (void)rt_r32(rt.gicd.base + GICD_IIDR);
}

/* An SGI to ourselves, acknowledged outside the measurement: what is timed is the write of ICC_EOIR1_EL1
 * alone. */
static const char *eoi_setup(struct bench *b)
{
    if (gic_setup(b))
        return "no-gic";
    rt_gic_enable(SGI_SELF, true);
    return NULL;
}

static void eoi_prepare(struct bench *b)
{
    rt_irq_disable();
    rt_gic_send_sgi(rt.mpidr[0], SGI_SELF);
    for (unsigned i = 0; i < 1000000; i++) {
        b->iar = rt_gic_ack();
        if (rt_gic_intid(b->iar) < 1020)
            return;
    }
    b->failed++;
}

static void eoi_run(struct bench *b)
{
    rt_gic_eoi(b->iar);
}

static void eoi_after(struct bench *b)
{
    (void)b;
    rt_irq_enable();
}

static const char *ipi_start(struct bench *b, bool spin)
{
    if (gic_setup(b))
        return "no-gic";
    if (rt.ncpu < 2)
        return "one-cpu";
    if (!b->second) {
        if (rt_cpu_on(1, second_main, b))
            return "cpu-on-failed";
        b->second = true;
        uint64_t end = rt_ticks() + 10 * rt.cntfrq;
        while (!b->ipi_ready) {
            rt_yield();
            if (rt_ticks() > end)
                return "cpu-1-silent";
        }
    }
    uint64_t seen = b->ipi_count;
    b->ipi_spin = spin;
    rt_gic_send_sgi(rt.mpidr[1], SGI_IPI); /* out of its WFI, to see the new mode */
    wait_for(b, &b->ipi_count, seen + 1);
    rt_delay_us(20);
    return NULL;
}

static const char *vipi_setup(struct bench *b)
{
    return ipi_start(b, true);
}
static const char *vipi_wfi_setup(struct bench *b)
{
    return ipi_start(b, false);
}

static void ipi_prepare(struct bench *b)
{
    b->ipi_seen = b->ipi_count;
    rt_delay_us(2); /* let the receiver get back to its loop or WFI */
}

static void ipi_run(struct bench *b)
{
    rt_gic_send_sgi(rt.mpidr[1], SGI_IPI);
    wait_for(b, &b->ipi_count, b->ipi_seen + 1);
}

static const char *timer_setup(struct bench *b)
{
    if (gic_setup(b))
        return "no-gic";
    rt_gic_enable(rt.ppi_virt, true);
    b->wfi_ticks = rt_us_to_ticks(rt_arg_u64("wfi_delay_us", 50));
    return NULL;
}

/* A deadline that has passed already: from arming the timer to the end of its handler. */
static void timer_run(struct bench *b)
{
    uint64_t seen = b->timer_irqs;
    rt_msr(cntv_cval_el0, rt_mrs(cntvct_el0));
    rt_msr(cntv_ctl_el0, 1);
    rt_isb();
    wait_for(b, &b->timer_irqs, seen + 1);
}

/* Fresh memory: above the image, the device tree and the initrd, from the next 2 MiB boundary on. */
static const char *touch_setup(struct bench *b)
{
    const struct rt_range used[] = {rt.image, rt.dtb, rt.initrd};
    uint64_t start = 0, end = 0;
    if (!hypervisor())
        return "no-hypervisor";
    for (unsigned i = 0; i < rt.nmem; i++)
        if (rt.image.base - rt.mem[i].base < rt.mem[i].size)
            end = rt.mem[i].base + rt.mem[i].size;
    for (unsigned i = 0; i < 3; i++)
        if (used[i].base && used[i].base < end && used[i].base + used[i].size > start)
            start = used[i].base + used[i].size;
    start = (start + 0x1fffff) & ~UINT64_C(0x1fffff);
    uint64_t pages = start < end ? (end - start) / PAGE : 0;
    if (!pages)
        return "no-memory";
    if (b->iterations > pages)
        b->iterations = pages;
    b->page = start;
    return NULL;
}

static void touch_run(struct bench *b)
{
    *(volatile uint64_t *)b->page = 1;
    b->page += PAGE;
}

static void wfi_prepare(struct bench *b)
{
    (void)b;
    rt_irq_disable();
}

/* WFI until a timer set wfi_delay_us ahead; what was slept on purpose is taken off the nanoseconds. */
static void wfi_run(struct bench *b)
{
    uint64_t cval = rt_mrs(cntvct_el0) + b->wfi_ticks;
    rt_msr(cntv_cval_el0, cval);
    rt_msr(cntv_ctl_el0, 1);
    rt_isb();
    while (!(rt_mrs(isr_el1) & RT_BIT(7)))
        rt_wfi();
    b->excluded += cval - b->start;
}

static void wfi_after(struct bench *b)
{
    uint64_t seen = b->timer_irqs;
    rt_irq_enable();
    wait_for(b, &b->timer_irqs, seen + 1);
}

/* clang-format off */
static const struct bench_case cases[] = {
    /* name        setup            prepare        run            after      times */
    { "empty",     NULL,            NULL,          empty_run,     NULL,      65536 },
    { "empty_each", NULL,           empty_prepare, empty_run,     NULL,      4096 },
    { "hypercall", hypercall_setup, NULL,          hypercall_run, NULL,      65536 },
    { "mmio",      mmio_setup,      NULL,          mmio_run,      NULL,      4096 },
    { "gicd_read", gic_setup,       NULL,          gicd_run,      NULL,      8192 },
    { "eoi",       eoi_setup,       eoi_prepare,   eoi_run,       eoi_after, 1024 },
    { "vipi",      vipi_setup,      ipi_prepare,   ipi_run,       NULL,      1024 },
    { "vipi_wfi",  vipi_wfi_setup,  ipi_prepare,   ipi_run,       NULL,      256 },
    { "vtimer",    timer_setup,     NULL,          timer_run,     NULL,      1024 },
    { "s2touch",   touch_setup,     NULL,          touch_run,     NULL,      512 },
    { "wfi",       timer_setup,     wfi_prepare,   wfi_run,       wfi_after, 128 },
};
/* clang-format on */
enum { NCASES = sizeof(cases) / sizeof(cases[0]) };

/* ---- the harness ---- */

/* The cycle counter is read outside the span of the nanoseconds: under KVM each read of it traps. */
static void measure(struct bench *b, const struct bench_case *c, uint64_t *ticks, uint64_t *cycles)
{
    uint64_t t, y;
    *ticks = *cycles = 0;
    if (!c->prepare && !c->after) { /* one measurement around the loop */
        y = rt_cycles();
        b->start = t = rt_ticks();
        for (uint64_t i = 0; i < b->iterations; i++)
            c->run(b);
        *ticks = rt_ticks() - t;
        *cycles = rt_cycles() - y;
        return;
    }
    for (uint64_t i = 0; i < b->iterations; i++) {
        if (c->prepare)
            c->prepare(b);
        y = rt_cycles();
        b->start = t = rt_ticks();
        c->run(b);
        *ticks += rt_ticks() - t;
        *cycles += rt_cycles() - y;
        if (c->after)
            c->after(b);
    }
}

/* v / n with two decimals */
static void print_ratio(const char *key, uint64_t v, uint64_t n)
{
    uint64_t h = n ? (v / n) * 100 + (v % n) * 100 / n : 0;
    rt_printf(" %s=%lu.%02lu", key, h / 100, h % 100);
}

enum outcome { RAN, SKIPPED, FAILED };

static enum outcome run_case(const struct bench_case *c)
{
    struct bench *b = &bench;
    b->iterations = rt_arg_u64(c->name, c->times);
    uint64_t cap = rt_arg_u64("iterations", 0), ticks, cycles;
    if (cap && b->iterations > cap)
        b->iterations = cap;
    b->failed = 0;
    b->excluded = 0;
    const char *why = b->iterations ? c->setup ? c->setup(b) : NULL : "no-iterations";
    if (why) {
        rt_printf("trapbench: %s skipped reason=%s\n", c->name, why);
        return SKIPPED;
    }
    measure(b, c, &ticks, &cycles);
    ticks = ticks > b->excluded ? ticks - b->excluded : 0;
    uint64_t ns = rt_ticks_to_ns(ticks);
    rt_printf("trapbench: %s iterations=%lu ns_total=%lu", c->name, b->iterations, ns);
    print_ratio("ns", ns, b->iterations);
    if (rt.pmu) {
        rt_printf(" cycles_total=%lu", cycles);
        print_ratio("cycles", cycles, b->iterations);
    } else {
        rt_printf(" cycles_total=- cycles=-");
    }
    if (b->excluded)
        rt_printf(" slept_ns_total=%lu", rt_ticks_to_ns(b->excluded));
    if (b->failed)
        rt_printf(" timeouts=%u", b->failed);
    rt_printf("\n");
    b->ipi_spin = 0; /* the second vCPU goes back to sleep */
    return b->failed ? FAILED : RAN;
}

static bool is_case(const char *name)
{
    for (unsigned i = 0; i < NCASES; i++)
        if (!strcmp(cases[i].name, name))
            return true;
    return false;
}

/* Each case, by its name, takes a number, too. As the guest of microvisor it sees that one's arguments. */
static struct rt_arg_spec args[12 + NCASES] = {
    {.name = "cases", .kind = RT_ARG_LIST, .known = is_case},
    {.name = "skip", .kind = RT_ARG_LIST, .known = is_case},
    {.name = "iterations", .kind = RT_ARG_NUMBER},
    {.name = "hypercall_fid", .kind = RT_ARG_NUMBER},
    {.name = "wfi_delay_us", .kind = RT_ARG_NUMBER},
    {.name = "pmu", .kind = RT_ARG_NUMBER},
    {.name = "quiet", .kind = RT_ARG_FLAG},
    {.name = "vhe", .kind = RT_ARG_NUMBER},
    {.name = "switch", .kind = RT_ARG_CHOICE, .values = "full,lazy"},
    {.name = "uart", .kind = RT_ARG_CHOICE, .values = "emul"},
    {.name = "vmid", .kind = RT_ARG_NUMBER},
    {.name = "mem", .kind = RT_ARG_NUMBER},
};

int rt_program(void)
{
    for (unsigned i = 0; i < NCASES; i++)
        args[12 + i] = (struct rt_arg_spec){.name = cases[i].name, .kind = RT_ARG_NUMBER};
    if (!rt_args_check(args, 12 + NCASES, false))
        return 1;
    static const char *const conduits[] = {"none", "hvc", "smc"};
    unsigned count[3] = {0, 0, 0};
    size_t len;
    bool quiet = rt_arg("quiet", &len);
    if (rt_arg_u64("pmu", 1))
        rt_pmu_start();
    rt_set_handler(RT_EXC_SYNC, on_sync);
    rt_set_handler(RT_EXC_IRQ, on_irq);
    if (rt_gic_init_dist() || rt_gic_init_cpu(false))
        rt.gicd.base = 0;
    else
        rt_irq_enable();
    if (!quiet)
        rt_printf("trapbench: begin format=1 entry_el=%u cpus=%u cntfrq=%lu pmu=%u gic=%u psci=%s midr=0x%lx "
                  "mpidr=0x%lx\n",
                  rt.entry_el, rt.ncpu, rt.cntfrq, rt.pmu, rt.gicd.base ? rt_gic_version() : 0,
                  conduits[rt.conduit], rt_mrs(midr_el1), rt_mrs(mpidr_el1));
    for (unsigned i = 0; i < NCASES; i++)
        if (rt_arg_has("cases", cases[i].name, true) && !rt_arg_has("skip", cases[i].name, false))
            count[run_case(&cases[i])]++;
    if (bench.second) { /* let it leave by CPU_OFF */
        bench.ipi_stop = 1;
        rt_gic_send_sgi(rt.mpidr[1], SGI_IPI);
        for (unsigned i = 0; i < 1000 && rt_psci(PSCI_AFFINITY_INFO64, rt.mpidr[1], 0, 0) != 1; i++)
            rt_delay_us(10);
    }
    rt_printf("trapbench: end ran=%u skipped=%u failed=%u\n", count[RAN], count[SKIPPED], count[FAILED]);
    return count[FAILED] ? 1 : 0;
}
