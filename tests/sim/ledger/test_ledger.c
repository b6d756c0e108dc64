/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger fed with made-up exceptions. Each test is a story of a hypervisor with its cycles; what the
 * ledger must say of it follows from the definitions in sim/ledger/ledger.h. Syndromes are built from the Arm
 * ARM (D17.2.37).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sim/ledger/hist.h"
#include "sim/ledger/ledger.h"

#define PES 2
#define HZ  UINT64_C(2000000000) /* 2 GHz: a cycle is 500 ps */

struct world {
    struct ledger_sample at[PES];
    uint64_t x0, x16, pc;
    unsigned intid; /* that the GIC signals */
    unsigned el[PES];
    struct ledger *l;
    struct ledger_event events[64];
    unsigned n_events;
};

static void op_sample(void *o, unsigned pe, struct ledger_sample *out)
{
    const struct ledger_sample *at = &((struct world *)o)->at[pe];
    bool few = at->stretch && at->stretch == out->stretch;
    *out = *at;
    for (unsigned i = 0; few && i < CPU_BUCKET_COUNT; i++) /* those may be left as they are: nobody looks */
        if (i != CPU_BUCKET_BASE && i != CPU_BUCKET_EXCEPTION && i != CPU_BUCKET_IDLE)
            out->buckets[i] = 0xdead;
}

static uint64_t op_x(void *o, unsigned pe, unsigned n)
{
    (void)pe;
    assert_true(n == 0 || n == 16);
    return n ? ((struct world *)o)->x16 : ((struct world *)o)->x0;
}

static uint64_t op_pc(void *o, unsigned pe)
{
    (void)pe;
    return ((struct world *)o)->pc;
}

static uint64_t op_hz(void *o, unsigned pe)
{
    (void)o;
    (void)pe;
    return HZ;
}

static const char *op_name(void *o, uint32_t vmid, uint64_t ipa)
{
    (void)o;
    (void)vmid;
    return ipa == 0x9000000 ? "uart0" : NULL;
}

static unsigned op_intid(void *o, unsigned pe)
{
    (void)pe;
    return ((struct world *)o)->intid;
}

static const char *op_name_of_intid(void *o, unsigned intid)
{
    (void)o;
    return intid == 27 ? "cntv" : intid == 33 ? "uart0" : NULL;
}

static void on_event(void *o, const struct ledger_event *e)
{
    struct world *w = o;
    assert_true(w->n_events < 64);
    w->events[w->n_events++] = *e;
}

static unsigned op_el(void *o, unsigned pe)
{
    return ((struct world *)o)->el[pe];
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->intid = LEDGER_NO_INTID;
    w->el[0] = w->el[1] = 2;
    const struct ledger_ops ops = {.opaque = w,
                                   .sample = op_sample,
                                   .get_x = op_x,
                                   .get_pc = op_pc,
                                   .hz = op_hz,
                                   .el = op_el,
                                   .name_of_ipa = op_name,
                                   .intid = op_intid,
                                   .name_of_intid = op_name_of_intid};
    w->l = ledger_new(PES, &ops);
    *state = w;
    return w->l ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    ledger_free(w->l);
    free(w);
    return 0;
}

static void run_in(struct world *w, unsigned pe, uint64_t cycles, uint64_t insns, enum cpu_bucket bucket)
{
    w->at[pe].cycles += cycles;
    w->at[pe].insns += insns;
    w->at[pe].ps += cycles * 500;
    w->at[pe].buckets[bucket] += cycles;
}

static void run(struct world *w, unsigned pe, uint64_t cycles)
{
    run_in(w, pe, cycles, cycles, CPU_BUCKET_BASE);
}

#define EC(ec) ((uint64_t)(ec) << 26 | 1u << 25)
#define HVC    EC(0x16)

static struct cpu_exception exception(struct world *w, unsigned pe, unsigned from, unsigned to, uint64_t esr)
{
    w->el[pe] = to;
    return (struct cpu_exception){.from_el = (uint8_t)from,
                                  .to_el = (uint8_t)to,
                                  .esr = esr,
                                  .kind = CPU_EXC_SYNC,
                                  .cycle = w->at[pe].cycles,
                                  .insn = w->at[pe].insns,
                                  .pc = 0x1000};
}

static void exit_from(struct world *w, unsigned pe, uint32_t vmid, uint64_t vmpidr, uint64_t esr)
{
    struct cpu_exception e = exception(w, pe, 1, 2, esr);
    e.from_guest = true;
    e.vmid = vmid;
    e.vmpidr = vmpidr;
    ledger_exception(w->l, pe, &e);
}

static void enter(struct world *w, unsigned pe, uint32_t vmid, uint64_t vmpidr)
{
    struct cpu_exception e = exception(w, pe, 2, 1, 0);
    e.vmid = vmid;
    e.vmpidr = vmpidr;
    ledger_eret(w->l, pe, &e);
}

static void host(struct world *w, unsigned pe, unsigned from, unsigned to, uint64_t esr)
{
    struct cpu_exception e = exception(w, pe, from, to, esr);
    ledger_exception(w->l, pe, &e);
}

static void host_eret(struct world *w, unsigned pe, unsigned from, unsigned to)
{
    struct cpu_exception e = exception(w, pe, from, to, 0);
    e.to_host = true;
    ledger_eret(w->l, pe, &e);
}

static struct ledger_exit_row the_exit(struct world *w, const char *reason)
{
    struct ledger_exit_row r = {0};
    unsigned found = 0;
    for (unsigned i = 0; i < ledger_n_exits(w->l); i++) {
        struct ledger_exit_row x;
        ledger_exit(w->l, i, &x);
        uint64_t sum = 0, where = x.idle_cycles;
        for (unsigned b = 0; b < CPU_BUCKET_COUNT; b++)
            sum += x.buckets[b];
        for (unsigned b = 0; b < LEDGER_WHERE_COUNT; b++)
            where += x.where_cycles[b];
        assert_int_equal(sum, x.cycles); /* every cycle has one bucket and one place */
        assert_int_equal(where, x.cycles);
        if (!strcmp(x.reason, reason)) {
            r = x;
            found++;
        }
    }
    assert_int_equal(found, 1);
    return r;
}

static unsigned op_set_of_each(void *o, unsigned pe)
{
    (void)o;
    return pe;
}

static uint64_t op_hz_of_each(void *o, unsigned pe)
{
    (void)o;
    return pe ? 2 * HZ : HZ;
}

/* On PE 1, whose clock is twice as fast. */
static void run_fast(struct world *w, uint64_t cycles)
{
    w->at[1].cycles += cycles;
    w->at[1].insns += cycles;
    w->at[1].ps += cycles * 250;
    w->at[1].buckets[CPU_BUCKET_BASE] += cycles;
}

/* A vCPU that moves between PEs of different clocks: an exit is in cycles of the PE that took it, its
 * nanoseconds are the time that passed; no row sums cycles of both. */
static void two_clocks(void **state)
{
    struct world *w = *state;
    const struct ledger_ops ops = {.opaque = w,
                                   .sample = op_sample,
                                   .get_x = op_x,
                                   .hz = op_hz_of_each,
                                   .set = op_set_of_each,
                                   .el = op_el};
    ledger_free(w->l);
    w->l = ledger_new(PES, &ops);
    enter(w, 0, 1, 0);
    run(w, 0, 100);
    exit_from(w, 0, 1, 0, HVC);
    run(w, 0, 50);
    enter(w, 0, 1, 0);
    run(w, 0, 10);
    exit_from(w, 0, 1, 0, HVC);
    uint64_t left = w->at[0].ps;
    run(w, 0, 40);
    run_fast(w, (left + 60000) / 250); /* enters there 60 ns after it left here */
    enter(w, 1, 1, 0);
    run_fast(w, 400);
    exit_from(w, 1, 1, 0, HVC);
    run_fast(w, 80);
    enter(w, 1, 1, 0);
    assert_int_equal(ledger_n_vcpus(w->l), 1);
    assert_int_equal(ledger_n_exits(w->l), 2);
    static const struct {
        uint64_t count, cycles, max, ns;
    } want[2] = {{2, 50 + 120, 120, 25 + 60}, {1, 80, 80, 20}};
    for (unsigned i = 0; i < 2; i++) {
        struct ledger_exit_row r;
        ledger_exit(w->l, i, &r);
        assert_int_equal(r.set, i);
        assert_int_equal(r.count, want[i].count);
        assert_int_equal(r.cycles, want[i].cycles);
        assert_int_equal(r.cycles_max, want[i].max);
        assert_int_equal(r.ns, want[i].ns);
    }
    for (unsigned i = 0, seen = 0; i < ledger_n_traps(w->l); i++) {
        struct ledger_trap_row t;
        ledger_trap(w->l, i, &t);
        seen |= 1u << t.set;
        assert_int_equal(t.count, t.set ? 1 : 2);
        assert_true(i + 1 < ledger_n_traps(w->l) || seen == 3);
    }
}

/* A VHE hypercall loop: 100 exits, 50 cycles of EL2 each, 10 cycles of guest between them. */
static void hypercalls(void **state)
{
    struct world *w = *state;
    w->x0 = 0x84000000;
    run(w, 0, 1000);
    enter(w, 0, 7, 0x80000000);
    for (int i = 0; i < 100; i++) {
        run(w, 0, 10);
        exit_from(w, 0, 7, 0x80000000, HVC);
        run_in(w, 0, 30, 20, CPU_BUCKET_SYSREG);
        run_in(w, 0, 20, 7, CPU_BUCKET_L1D);
        enter(w, 0, 7, 0x80000000);
    }
    ledger_sync(w->l);
    assert_int_equal(ledger_n_exits(w->l), 1);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_string_equal(r.detail, "#0 PSCI_VERSION");
    assert_int_equal(r.count, 100);
    assert_int_equal(r.cycles, 5000);
    assert_int_equal(r.insns, 2700);
    assert_true(r.cycles_min == 50 && r.cycles_max == 50 && r.cycles_p50 == 50 && r.cycles_p99 == 50);
    assert_true(r.ns == 2500 && r.ns_min == 25 && r.ns_max == 25);
    assert_int_equal(r.where_cycles[LEDGER_EL2], 5000);
    assert_int_equal(r.buckets[CPU_BUCKET_SYSREG], 3000);
    assert_int_equal(r.buckets[CPU_BUCKET_L1D], 2000);
    struct ledger_vcpu v;
    assert_int_equal(ledger_n_vcpus(w->l), 1);
    ledger_get_vcpu(w->l, 0, &v);
    assert_true(v.vmid == 7 && v.vmpidr == 0x80000000 && v.vm == 0);
    assert_true(v.entries == 101 && v.exits == 100 && v.exit_cycles == 5000 && v.guest_cycles == 1000 &&
                v.lost == 0);
    assert_int_equal(ledger_total_exits(w->l), 100);
}

/* Fast mode, timed within one exit and over the next, fast again: every bucket finds its exits. */
static void stretches(void **state)
{
    struct world *w = *state;
    w->at[0].stretch = 1;
    run(w, 0, 1000);
    enter(w, 0, 7, 0);
    for (int i = 0; i < 3; i++) {
        run(w, 0, 10);
        exit_from(w, 0, 7, 0, HVC);
        run(w, 0, 50);
        run_in(w, 0, 3, 0, CPU_BUCKET_IDLE);
        enter(w, 0, 7, 0);
    }
    exit_from(w, 0, 7, 0, HVC);
    run(w, 0, 20);
    w->at[0].stretch = 0;
    run_in(w, 0, 30, 0, CPU_BUCKET_L2);
    w->at[0].stretch = 2;
    run_in(w, 0, 4, 0, CPU_BUCKET_EXCEPTION);
    enter(w, 0, 7, 0);
    exit_from(w, 0, 7, 0, HVC);
    w->at[0].stretch = 0;
    run_in(w, 0, 7, 0, CPU_BUCKET_DRAM);
    enter(w, 0, 7, 0);
    run_in(w, 0, 9, 0, CPU_BUCKET_DRAM);
    w->at[0].stretch = 3;
    exit_from(w, 0, 7, 0, HVC);
    run(w, 0, 11);
    enter(w, 0, 7, 0);
    ledger_sync(w->l);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_int_equal(r.count, 6);
    assert_int_equal(r.idle_cycles, 9);
    assert_int_equal(r.buckets[CPU_BUCKET_BASE], 150 + 20 + 11);
    assert_int_equal(r.buckets[CPU_BUCKET_IDLE], 9);
    assert_int_equal(r.buckets[CPU_BUCKET_EXCEPTION], 4);
    assert_int_equal(r.buckets[CPU_BUCKET_L2], 30);
    assert_int_equal(r.buckets[CPU_BUCKET_DRAM], 7);
    struct ledger_context_row guest;
    ledger_context(w->l, 0, LEDGER_GUEST, &guest);
    assert_int_equal(guest.buckets[CPU_BUCKET_DRAM], 9);
    assert_int_equal(guest.buckets[CPU_BUCKET_BASE], 30);
}

/* nVHE: the exit goes through host EL1 and host EL0 (the VMM), which makes a system call, and idles. */
static void where_it_ran(void **state)
{
    struct world *w = *state;
    enter(w, 0, 1, 0);
    run(w, 0, 5);
    exit_from(w, 0, 1, 0, EC(0x01)); /* WFI */
    run(w, 0, 100);                  /* EL2 */
    host_eret(w, 0, 2, 1);
    run(w, 0, 200); /* host EL1 */
    host_eret(w, 0, 1, 0);
    run(w, 0, 300); /* host EL0 */
    host(w, 0, 0, 1, EC(0x15));
    run(w, 0, 40); /* host EL1 */
    run_in(w, 0, 1000, 0, CPU_BUCKET_IDLE);
    run(w, 0, 7);
    host(w, 0, 1, 2, HVC);
    run(w, 0, 60); /* EL2 */
    enter(w, 0, 1, 0);
    struct ledger_exit_row r = the_exit(w, "WFI");
    assert_int_equal(r.cycles, 1707);
    assert_int_equal(r.where_cycles[LEDGER_EL2], 160);
    assert_int_equal(r.where_cycles[LEDGER_HOST_EL1], 247);
    assert_int_equal(r.where_cycles[LEDGER_HOST_EL0], 300);
    assert_int_equal(r.where_cycles[LEDGER_GUEST], 0);
    assert_int_equal(r.idle_cycles, 1000);
    assert_int_equal(r.buckets[CPU_BUCKET_IDLE], 1000);
}

/* Two vCPUs on one PE: what the other one ran counts as other guest. */
static void other_vcpu(void **state)
{
    struct world *w = *state;
    enter(w, 0, 1, 0);
    run(w, 0, 5);
    exit_from(w, 0, 1, 0, EC(0x01) | 1); /* WFE */
    run(w, 0, 10);
    enter(w, 0, 1, 1);
    run(w, 0, 1000);
    exit_from(w, 0, 1, 1, HVC);
    run(w, 0, 20);
    enter(w, 0, 1, 0);
    struct ledger_exit_row r = the_exit(w, "WFE");
    assert_int_equal(r.cycles, 1030);
    assert_int_equal(r.where_cycles[LEDGER_GUEST], 1000);
    assert_int_equal(r.where_cycles[LEDGER_EL2], 30);
    assert_int_equal(ledger_n_exits(w->l), 1); /* the hypercall of vCPU 1 is still open */
    assert_int_equal(ledger_n_vms(w->l), 1);
    assert_int_equal(ledger_n_vcpus(w->l), 2);
    enter(w, 0, 2, 0); /* same affinity, other VM */
    assert_int_equal(ledger_n_vms(w->l), 2);
    assert_int_equal(ledger_vm_vmid(w->l, 1), 2);
}

/* Leaves on PE 0, comes back on PE 1, 1,000 ns later; PE 0 spent half of the time it has run since at EL2,
 * half idle. */
static void migration(void **state)
{
    struct world *w = *state;
    run(w, 1, 3000); /* PE 1 is 3,000 cycles ahead */
    run(w, 0, 3000);
    enter(w, 0, 1, 0);
    exit_from(w, 0, 1, 0, EC(0x01));
    run(w, 0, 400);
    run_in(w, 0, 400, 0, CPU_BUCKET_IDLE);
    run(w, 1, 2000);
    enter(w, 1, 1, 0);
    struct ledger_exit_row r = the_exit(w, "WFI");
    assert_int_equal(r.ns, 1000);
    assert_int_equal(r.cycles, 2000);
    assert_int_equal(r.where_cycles[LEDGER_EL2], 1000);
    assert_int_equal(r.idle_cycles, 1000);
    assert_int_equal(r.insns, 1000);
}

/* The same PE entry on the first instant of another PE whose clock lags behind: never negative. */
static void migration_backwards(void **state)
{
    struct world *w = *state;
    run(w, 0, 500);
    enter(w, 0, 1, 0);
    exit_from(w, 0, 1, 0, EC(0x01));
    run(w, 1, 100);
    enter(w, 1, 1, 0);
    struct ledger_exit_row r = the_exit(w, "WFI");
    assert_true(r.cycles == 0 && r.ns == 0);
}

static void mmio_or_memory(void **state)
{
    struct world *w = *state;
    struct cpu_exception e =
        exception(w, 0, 1, 2, EC(0x24) | 1u << 24 | 1u << 6 | 0x07); /* translation fault, level 3, write */
    e.from_guest = true;
    e.vmid = 1;
    e.hpfar = UINT64_C(0x9000000) >> 12 << 4;
    enter(w, 0, 1, 0);
    ledger_exception(w->l, 0, &e);
    w->pc = e.pc + 4; /* the hypervisor did the access and skipped it */
    enter(w, 0, 1, 0);
    struct ledger_exit_row r = the_exit(w, "MMIO");
    assert_string_equal(r.detail, "write 0x9000000 (uart0)");
    e.hpfar = UINT64_C(0x43211000) >> 12 << 4;
    ledger_exception(w->l, 0, &e);
    w->pc = e.pc; /* it mapped memory */
    enter(w, 0, 1, 0);
    r = the_exit(w, "DABT_LOW");
    assert_string_equal(r.detail, "translation level 3 write, GiB at 0x40000000");
    e.esr = EC(0x20) | 1u << 7 | 0x0f; /* instruction abort: permission, level 3, on a stage-1 walk */
    ledger_exception(w->l, 0, &e);
    enter(w, 0, 1, 0);
    r = the_exit(w, "IABT_LOW");
    assert_string_equal(r.detail, "permission level 3 on stage-1 walk, GiB at 0x40000000");
}

/* HPFAR_EL2 says nothing after a permission fault that no stage-1 walk met. */
static void no_ipa(void **state)
{
    struct world *w = *state;
    struct cpu_exception e = exception(w, 0, 1, 2, EC(0x24) | 1u << 6 | 0x0f);
    e.from_guest = true;
    e.vmid = 1;
    e.hpfar = UINT64_C(0x9000000) >> 12 << 4;
    ledger_exception(w->l, 0, &e);
    enter(w, 0, 1, 0);
    assert_string_equal(the_exit(w, "DABT_LOW").detail, "permission level 3 write");
    ledger_exception(w->l, 0, &e);
    w->pc = e.pc + 4;
    enter(w, 0, 1, 0);
    assert_string_equal(the_exit(w, "MMIO").detail, "");
}

static void reasons(void **state)
{
    struct world *w = *state;
    static const struct {
        uint64_t esr;
        unsigned kind;
        const char *reason, *detail;
    } t[] = {
        /* MSR ICC_SGI1R_EL1: op0 3 op1 0 CRn 12 CRm 11 op2 5 */
        {EC(0x18) | 3u << 20 | 5u << 17 | 0u << 14 | 12u << 10 | 11u << 1, CPU_EXC_SYNC, "SYS",
         "MSR ICC_SGI1R_EL1"},
        {EC(0x17) | 3, CPU_EXC_SYNC, "SMC", "#3 x0=0x1234"},
        {EC(0x07), CPU_EXC_SYNC, "FP", ""},
        {EC(0x1a), CPU_EXC_SYNC, "ERET", ""},
        {EC(0x19), CPU_EXC_SYNC, "SVE", ""},
        {EC(0x3c) | 0x800, CPU_EXC_SYNC, "BRK", "#2048"},
        {0, CPU_EXC_IRQ, "IRQ", ""},
        {0, CPU_EXC_FIQ, "FIQ", ""},
        {EC(0x2f), CPU_EXC_SERROR, "SERROR", ""},
    };
    w->x0 = 0x1234;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct cpu_exception e = exception(w, 0, 1, 2, t[i].esr);
        e.from_guest = true;
        e.vmid = 3;
        e.kind = (uint8_t)t[i].kind;
        enter(w, 0, 3, 0);
        ledger_exception(w->l, 0, &e);
        enter(w, 0, 3, 0);
        struct ledger_exit_row r = the_exit(w, t[i].reason);
        assert_string_equal(r.detail, t[i].detail);
        assert_int_equal(r.count, 1);
    }
    /* read of a register without a name */
    struct cpu_exception e =
        exception(w, 0, 1, 2, EC(0x18) | 3u << 20 | 7u << 17 | 6u << 14 | 15u << 10 | 9u << 1 | 1);
    e.from_guest = true;
    e.vmid = 4;
    ledger_exception(w->l, 0, &e);
    enter(w, 0, 4, 0);
    struct ledger_exit_row r;
    ledger_exit(w->l, ledger_n_exits(w->l) - 1, &r);
    assert_string_equal(r.detail, "MRS S3_6_C15_C9_7");
    /* of an ID register that no core has */
    e = exception(w, 0, 1, 2, EC(0x18) | 3u << 20 | 4u << 17 | 0u << 14 | 0u << 10 | 4u << 1 | 1);
    e.from_guest = true;
    e.vmid = 4;
    ledger_exception(w->l, 0, &e);
    enter(w, 0, 4, 0);
    ledger_exit(w->l, ledger_n_exits(w->l) - 1, &r);
    assert_string_equal(r.detail, "MRS ID_AA64ZFR0_EL1");
}

/* Xen's number is in x16; x0 is the call's first argument. */
static void xen_calls(void **state)
{
    struct world *w = *state;
    static const struct {
        uint64_t esr, x16;
        const char *detail;
    } t[] = {
        {HVC | 0xea1, 18, "#3745 xen console_io"}, {HVC | 0xea1, 29, "#3745 xen sched_op"},
        {HVC | 0xea1, 0, "#3745 x16=0x0"}, /* set_trap_table: x86 has it, Arm not */
        {HVC | 0xea1, 1000, "#3745 x16=0x3e8"},    {HVC | 0xea2, 18, "#3746 x0=0x5"},
        {EC(0x17) | 0xea1, 18, "#3745 x0=0x5"},
    };
    w->x0 = 5;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        w->x16 = t[i].x16;
        exit_from(w, 0, 1, 0, t[i].esr);
        enter(w, 0, 1, 0);
        struct ledger_exit_row r;
        ledger_exit(w->l, ledger_n_exits(w->l) - 1, &r);
        assert_string_equal(r.detail, t[i].detail);
    }
}

/* The host calls EL2, which puts stage 2 under it and returns behind the call; as protected KVM does. */
static void becomes_protected(struct world *w, unsigned pe)
{
    struct cpu_exception e = exception(w, pe, 1, 2, HVC);
    ledger_exception(w->l, pe, &e);
    w->pc = e.pc + 4;
    enter(w, pe, 0, 0);
    w->pc = 0;
}

/* Protected KVM's host has a stage 2 of its own under VMID 0; what it does are traps, not exits.
 * Guest-internal exceptions are neither. */
static void not_exits(void **state)
{
    struct world *w = *state;
    becomes_protected(w, 0);
    run(w, 0, 10);
    exit_from(w, 0, 0, 0, HVC);
    enter(w, 0, 0, 0);
    /* The other PE comes up under stage 2 from the beginning. */
    enter(w, 1, 0, 1);
    exit_from(w, 1, 0, 1, HVC);
    enter(w, 1, 0, 1);
    assert_int_equal(ledger_n_exits(w->l), 0);
    assert_int_equal(ledger_n_vcpus(w->l), 0);
    assert_int_equal(ledger_n_traps(w->l), 1);
    enter(w, 0, 5, 0);
    struct cpu_exception e = exception(w, 0, 0, 1, EC(0x15)); /* a system call inside the guest */
    e.from_guest = true;
    e.vmid = 5;
    ledger_exception(w->l, 0, &e);
    run(w, 0, 100);
    e = exception(w, 0, 1, 0, 0);
    e.vmid = 5;
    ledger_eret(w->l, 0, &e);
    assert_int_equal(ledger_n_exits(w->l), 0);
    assert_int_equal(ledger_n_traps(w->l), 1);
    ledger_sync(w->l);
    struct ledger_vcpu v;
    ledger_get_vcpu(w->l, 0, &v);
    assert_int_equal(v.guest_cycles, 100);
}

/* VMID 0 is a guest's like any other, whoever is entered under it: from EL2, which has run nothing at EL1
 * before... */
static void vmid_zero(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 1000; i++) {
        enter(w, 0, 0, 0x80000000);
        run(w, 0, 10);
        exit_from(w, 0, 0, 0x80000000, HVC);
        run(w, 0, 50);
    }
    enter(w, 0, 0, 0x80000000);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_int_equal(r.count, 1000);
    assert_true(r.cycles_min == 50 && r.cycles_max == 50);
    struct ledger_vcpu v;
    ledger_get_vcpu(w->l, 0, &v);
    assert_true(v.vmid == 0 && v.guest_cycles == 10000);
    char text[256];
    assert_false(ledger_no_guest(w->l, text, sizeof(text)));
}

/* ... from a host at EL1 without stage 2, which has EL2 run somebody else ... */
static void vmid_zero_of_a_host(void **state)
{
    struct world *w = *state;
    host(w, 0, 1, 2, HVC);
    w->pc = 0x8000; /* not behind the host's call */
    enter(w, 0, 0, 0);
    run(w, 0, 10);
    exit_from(w, 0, 0, 0, HVC);
    host_eret(w, 0, 2, 1);
    run(w, 0, 70);
    host(w, 0, 1, 2, HVC);
    enter(w, 0, 0, 0);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_true(r.count == 1 && r.where_cycles[LEDGER_HOST_EL1] == 70);
}

/* ... and behind its own call, when EL2 has taken the machine's interrupts to itself: a partition. */
static void vmid_zero_of_a_partition(void **state)
{
    struct world *w = *state;
    struct cpu_exception e = exception(w, 0, 1, 2, HVC);
    ledger_exception(w->l, 0, &e);
    w->pc = e.pc + 4;
    e = exception(w, 0, 2, 1, 0);
    e.irqs_to_el2 = true;
    ledger_eret(w->l, 0, &e);
    exit_from(w, 0, 0, 0, HVC);
    enter(w, 0, 0, 0);
    assert_int_equal(the_exit(w, "HVC").count, 1);
}

/* Nobody is a guest, and that is said with its reason. */
static void no_guests(void **state)
{
    struct world *w = *state;
    char text[256];
    assert_false(ledger_no_guest(w->l, text, sizeof(text)));
    host(w, 0, 0, 2, EC(0x15)); /* a VHE host's system call: not from EL1 */
    host_eret(w, 0, 2, 0);
    assert_false(ledger_no_guest(w->l, text, sizeof(text)));
    host(w, 0, 1, 2, HVC);
    host_eret(w, 0, 2, 1);
    assert_true(ledger_no_guest(w->l, text, sizeof(text)));
    assert_string_equal(
        text, "no guest was seen, but 1 exception came from EL1 to EL2: 1 with stage 2 off (HCR_EL2.VM = 0)");
    becomes_protected(w, 0);
    exit_from(w, 0, 0, 0, HVC);
    enter(w, 0, 0, 0);
    assert_true(ledger_no_guest(w->l, text, sizeof(text)));
    assert_string_equal(
        text,
        "no guest was seen, but 3 exceptions came from EL1 to EL2: 2 with stage 2 off (HCR_EL2.VM = 0), "
        "1 from the host of a protected hypervisor (VMID 0)");
    enter(w, 0, 3, 0);
    assert_false(ledger_no_guest(w->l, text, sizeof(text)));
}

/* ---- changes of mode ---- */

static void change_mode(struct world *w, enum cpu_mode mode)
{
    ledger_sync(w->l);
    ledger_next_phase(w->l);
    ledger_set_mode(w->l, mode);
}

/* An exit of 6 cycles in fast mode, one of 59 in timed mode, one across the change: each phase has its own
 * figures. */
static void modes_apart(void **state)
{
    struct world *w = *state;
    ledger_listen(w->l, LEDGER_EXITS | LEDGER_TRAPS, on_event, w);
    enter(w, 0, 1, 0);
    for (unsigned i = 0; i < 3; i++) {
        exit_from(w, 0, 1, 0, HVC);
        run(w, 0, 6);
        enter(w, 0, 1, 0);
    }
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_true(r.count == 3 && r.measured == 3 && r.cycles == 18);
    exit_from(w, 0, 1, 0, HVC);
    run(w, 0, 4);
    change_mode(w, CPU_TIMED);
    ledger_pe_mode(w->l, 0, CPU_TIMED);
    ledger_pe_mode(w->l, 1, CPU_TIMED);
    run(w, 0, 30);
    enter(w, 0, 1, 0);
    r = the_exit(w, "HVC");
    assert_true(r.count == 1 && r.measured == 0 && r.cycles == 0 && r.cycles_min == 0 && r.cycles_max == 0);
    assert_true(r.cycles_p50 == 0 && r.cycles_p99 == 0 && r.ns_min == 0);
    exit_from(w, 0, 1, 0, HVC);
    run(w, 0, 59);
    enter(w, 0, 1, 0);
    r = the_exit(w, "HVC");
    assert_true(r.count == 2 && r.measured == 1 && r.cycles_min == 59 && r.cycles_max == 59 &&
                r.cycles_p50 == 59);
    struct ledger_vcpu v;
    ledger_get_vcpu(w->l, 0, &v);
    assert_true(v.exits == 2 && v.exit_cycles == 59);
    struct ledger_trap_row t;
    assert_int_equal(ledger_n_traps(w->l), 1);
    ledger_trap(w->l, 0, &t);
    assert_true(t.count == 1 && t.returned == 1 && t.cycles == 59);
    /* As events they are all there; those across the change say so. */
    unsigned mixed = 0;
    for (unsigned i = 0; i < w->n_events; i++)
        mixed += w->events[i].mixed;
    assert_true(w->n_events == 10 && mixed == 2);
    assert_true(w->events[6].mixed && w->events[6].cycles == 34);
    /* A mark of the guest changes nothing of that: the mode is the same on both sides. */
    exit_from(w, 0, 1, 0, HVC);
    run(w, 0, 20);
    ledger_sync(w->l);
    ledger_next_phase(w->l);
    run(w, 0, 39);
    enter(w, 0, 1, 0);
    r = the_exit(w, "HVC");
    assert_true(r.count == 1 && r.measured == 1 && r.cycles == 59);
}

/* There and back while an exit is open: it has cycles of both, though it begins and ends in the same mode. */
static void mode_and_back(void **state)
{
    struct world *w = *state;
    enter(w, 0, 1, 0);
    exit_from(w, 0, 1, 0, HVC);
    run(w, 0, 4);
    for (unsigned i = 0; i < 2; i++) {
        change_mode(w, i ? CPU_FAST : CPU_TIMED);
        ledger_pe_mode(w->l, 0, i ? CPU_FAST : CPU_TIMED);
        ledger_pe_mode(w->l, 1, i ? CPU_FAST : CPU_TIMED);
        run(w, 0, 50);
    }
    enter(w, 0, 1, 0);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_true(r.count == 1 && r.measured == 0);
}

/* PE 1 is in the middle of an access when the mode changes: what it runs until it has changed, too, is handed
 * out for the phase before, and an exit that ends meanwhile is measured in neither. */
static void mode_later_on_one(void **state)
{
    struct world *w = *state;
    struct ledger_context_row rows[LEDGER_WHERE_COUNT];
    int guest;
    enter(w, 1, 1, 1);
    run(w, 1, 10);
    change_mode(w, CPU_TIMED);
    assert_true(ledger_take_late(w->l, 0, rows, &guest)); /* it has nothing */
    assert_true(guest == -1 && rows[LEDGER_EL2].cycles == 0);
    ledger_pe_mode(w->l, 0, CPU_TIMED);
    assert_false(ledger_take_late(w->l, 0, rows, &guest));
    run(w, 1, 7);
    exit_from(w, 1, 1, 1, HVC);
    run(w, 1, 2);
    enter(w, 1, 1, 1);
    assert_true(ledger_take_late(w->l, 1, rows, &guest));
    assert_true(guest == 0 && rows[LEDGER_GUEST].cycles == 7 && rows[LEDGER_EL2].cycles == 2);
    assert_int_equal(rows[LEDGER_GUEST].buckets[CPU_BUCKET_BASE], 7);
    ledger_pe_mode(w->l, 1, CPU_TIMED);
    run(w, 1, 100);
    ledger_sync(w->l);
    struct ledger_context_row c;
    ledger_context(w->l, 1, LEDGER_GUEST, &c);
    assert_int_equal(c.cycles, 100);
    ledger_context(w->l, 1, LEDGER_EL2, &c);
    assert_int_equal(c.cycles, 0);
    struct ledger_vcpu v;
    ledger_get_vcpu(w->l, 0, &v);
    assert_true(v.guest_cycles == 100 && v.exits == 1 && v.exit_cycles == 0);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_true(r.count == 1 && r.measured == 0);
}

static void traps_nest(void **state)
{
    struct world *w = *state;
    host(w, 0, 0, 2, EC(0x15)); /* VHE: SVC from host EL0 */
    run(w, 0, 100);
    struct cpu_exception irq = exception(w, 0, 2, 2, 0);
    irq.kind = CPU_EXC_IRQ;
    ledger_exception(w->l, 0, &irq);
    run(w, 0, 30);
    host_eret(w, 0, 2, 2);
    run(w, 0, 50);
    host_eret(w, 0, 2, 0);
    assert_int_equal(ledger_n_traps(w->l), 2);
    struct ledger_trap_row svc, i;
    ledger_trap(w->l, 0, &svc);
    ledger_trap(w->l, 1, &i);
    assert_string_equal(svc.ec, "SVC");
    assert_true(svc.from_el == 0 && svc.to_el == 2 && !svc.from_guest && svc.count == 1 &&
                svc.returned == 1 && svc.cycles == 180);
    assert_string_equal(i.ec, "IRQ");
    assert_true(i.from_el == 2 && i.to_el == 2 && i.cycles == 30);
    /* the kernel switches tasks inside the interrupt and returns to EL0 right away: the interrupt's own
     * return is never seen */
    host(w, 0, 0, 2, EC(0x15));
    run(w, 0, 10);
    irq.cycle = w->at[0].cycles;
    ledger_exception(w->l, 0, &irq);
    run(w, 0, 10);
    host_eret(w, 0, 2, 0);
    ledger_trap(w->l, 0, &svc);
    ledger_trap(w->l, 1, &i);
    assert_true(svc.count == 2 && svc.returned == 2 && svc.cycles == 200);
    assert_true(i.count == 2 && i.returned == 1);
}

static void never_returns(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 1000; i++) {
        run(w, 0, 10);
        host(w, 0, 2, 2, EC(0));
    }
    host_eret(w, 0, 2, 2);
    for (int i = 0; i < 100; i++) /* and returns that nothing led to */
        host_eret(w, 0, 3, 2);
    struct ledger_trap_row r;
    ledger_trap(w->l, 0, &r);
    assert_true(r.count == 1000 && r.returned == 1 && r.cycles == 0);
    assert_string_equal(r.ec, "UNKNOWN");
}

/* The PE charges the entry before it calls: the exit begins at the exception all the same. */
static void entry_cost(void **state)
{
    struct world *w = *state;
    enter(w, 0, 1, 0);
    run(w, 0, 100);
    struct cpu_exception e = exception(w, 0, 1, 2, HVC);
    e.from_guest = true;
    e.vmid = 1;
    run_in(w, 0, 25, 0, CPU_BUCKET_EXCEPTION);
    ledger_exception(w->l, 0, &e);
    run(w, 0, 75);
    enter(w, 0, 1, 0);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_int_equal(r.cycles, 100);
    assert_int_equal(r.ns, 50);
    assert_int_equal(r.buckets[CPU_BUCKET_EXCEPTION], 25);
    ledger_sync(w->l);
    struct ledger_vcpu v;
    ledger_get_vcpu(w->l, 0, &v);
    assert_int_equal(v.guest_cycles, 100);
}

static void phases(void **state)
{
    struct world *w = *state;
    enter(w, 0, 1, 0);
    run(w, 0, 10);
    exit_from(w, 0, 1, 0, HVC);
    run(w, 0, 30);
    ledger_sync(w->l);
    assert_int_equal(ledger_n_exits(w->l), 0);
    struct ledger_context_row c;
    ledger_context(w->l, 0, LEDGER_GUEST, &c);
    assert_int_equal(c.cycles, 10);
    ledger_context(w->l, 0, LEDGER_EL2, &c);
    assert_int_equal(c.cycles, 30);
    ledger_next_phase(w->l);
    run(w, 0, 5);
    enter(w, 0, 1, 0); /* opened in the phase before: counts here */
    run(w, 0, 2);
    ledger_sync(w->l);
    struct ledger_exit_row r = the_exit(w, "HVC");
    assert_true(r.count == 1 && r.cycles == 35);
    ledger_context(w->l, 0, LEDGER_GUEST, &c);
    assert_int_equal(c.cycles, 2);
    ledger_context(w->l, 0, LEDGER_EL2, &c);
    assert_true(c.cycles == 5 && c.buckets[CPU_BUCKET_BASE] == 5);
    struct ledger_vcpu v;
    ledger_get_vcpu(w->l, 0, &v);
    assert_true(v.guest_cycles == 2 && v.exits == 1 && v.entries == 2);
    assert_int_equal(ledger_n_traps(w->l), 0); /* its row went with its phase */
}

/* A guest that calls with a million different ids must not fill our memory. */
static void bounded(void **state)
{
    struct world *w = *state;
    enter(w, 0, 1, 0);
    for (unsigned i = 0; i < 100000; i++) {
        w->x0 = 0x10000 + i;
        exit_from(w, 0, 1, 0, HVC);
        run(w, 0, 1);
        enter(w, 0, 1, 0);
    }
    assert_in_range(ledger_n_exits(w->l), 2, 600);
    assert_in_range(ledger_n_traps(w->l), 2, 300);
    uint64_t n = 0;
    bool other = false;
    for (unsigned i = 0; i < ledger_n_exits(w->l); i++) {
        struct ledger_exit_row r;
        ledger_exit(w->l, i, &r);
        n += r.count;
        other |= !strcmp(r.detail, "other");
    }
    assert_int_equal(n, 100000);
    assert_true(other);
    for (unsigned i = 0; i < 3000; i++) { /* many virtual machines */
        exit_from(w, 0, 1 + i, i * 77, HVC);
        enter(w, 0, 1 + i, i * 77);
    }
    assert_int_equal(ledger_n_vcpus(w->l), 3000);
}

static void lost_exits(void **state)
{
    struct world *w = *state;
    exit_from(w, 0, 1, 0, HVC);
    exit_from(w, 1, 1, 0, HVC); /* the same VMID and affinity leaves again without having been entered */
    struct ledger_vcpu v;
    ledger_get_vcpu(w->l, 0, &v);
    assert_int_equal(v.lost, 1);
}

static void power(void **state)
{
    struct world *w = *state;
    host(w, 0, 0, 2, EC(0x15));
    ledger_power(w->l, 0, 1);
    run(w, 0, 40);
    host_eret(w, 0, 2, 0); /* belongs to nothing */
    struct ledger_trap_row r;
    ledger_trap(w->l, 0, &r);
    assert_int_equal(r.returned, 0);
    ledger_exception(w->l, 99, &(struct cpu_exception){0}); /* no such PE */
    ledger_eret(w->l, 99, &(struct cpu_exception){0});
}

/* IHI 0069 2.2: INTIDs 0 to 15 are SGIs, 16 to 31 PPIs, then SPIs; 1020 to 1023 no interrupts; from 8192 on
 * LPIs. */
static void interrupt_ids(void **state)
{
    struct world *w = *state;
    static const struct {
        unsigned intid, kind;
        const char *reason, *detail;
    } t[] = {
        {27, CPU_EXC_IRQ, "IRQ", "INTID 27 (cntv)"},
        {33, CPU_EXC_IRQ, "IRQ", "INTID 33 (uart0)"},
        {0, CPU_EXC_IRQ, "IRQ", "INTID 0 (SGI)"},
        {15, CPU_EXC_FIQ, "FIQ", "INTID 15 (SGI)"},
        {16, CPU_EXC_FIQ, "FIQ", "INTID 16"},
        {1019, CPU_EXC_IRQ, "IRQ", "INTID 1019"},
        {1020, CPU_EXC_IRQ, "IRQ", ""},
        {1023, CPU_EXC_FIQ, "FIQ", ""},
        {8192, CPU_EXC_IRQ, "IRQ", "INTID 8192"},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct cpu_exception e = exception(w, 0, 1, 2, 0);
        e.from_guest = true;
        e.vmid = 3;
        e.kind = (uint8_t)t[i].kind;
        e.async = true;
        w->intid = t[i].intid;
        enter(w, 0, 3, 0);
        ledger_exception(w->l, 0, &e);
        w->intid = 99; /* what is pending later is not what the exit was for */
        run(w, 0, 10);
        enter(w, 0, 3, 0);
        struct ledger_exit_row r = the_exit(w, t[i].reason);
        assert_string_equal(r.detail, t[i].detail);
        struct ledger_trap_row trap;
        assert_int_equal(ledger_n_traps(w->l), 1);
        ledger_trap(w->l, 0, &trap);
        assert_string_equal(trap.detail, t[i].detail);
        ledger_sync(w->l);
        ledger_next_phase(w->l);
    }
}

/* The story of where_it_ran as single events: the system call inside it is a trap of the host, the exit and
 * its trap begin and end together. */
static void events(void **state)
{
    struct world *w = *state;
    int vcpu;
    ledger_listen(w->l, LEDGER_EXITS | LEDGER_TRAPS, on_event, w);
    enter(w, 0, 1, 0);
    assert_int_equal(ledger_now(w->l, 0, &vcpu), LEDGER_GUEST);
    assert_int_equal(vcpu, 0);
    run(w, 0, 5);
    exit_from(w, 0, 1, 0, EC(0x01)); /* WFI */
    assert_int_equal(ledger_now(w->l, 0, &vcpu), LEDGER_EL2);
    assert_int_equal(vcpu, -1);
    run(w, 0, 100);
    host_eret(w, 0, 2, 1); /* the return from the trap, to somewhere else */
    run(w, 0, 20);
    host_eret(w, 0, 1, 0);
    assert_int_equal(ledger_now(w->l, 0, &vcpu), LEDGER_HOST_EL0);
    run(w, 0, 30);
    host(w, 0, 0, 1, EC(0x15));
    run(w, 0, 40);
    host_eret(w, 0, 1, 0);
    run_in(w, 0, 1000, 0, CPU_BUCKET_IDLE);
    host(w, 0, 0, 2, HVC);
    run(w, 0, 60);
    enter(w, 0, 1, 0);
    assert_int_equal(w->n_events, 4);
    const struct ledger_event *e = w->events;
    assert_true(e[0].kind == LEDGER_TRAPS && e[0].vcpu == 0 && e[0].from_el == 1 && e[0].to_el == 2);
    assert_string_equal(e[0].reason, "WFI");
    assert_true(e[0].start_ps == 2500 && e[0].cycles == 100 && e[0].insns == 100 && e[0].ps == 50000);
    assert_true(e[1].kind == LEDGER_TRAPS && e[1].vcpu == -1 && e[1].from_el == 0 && e[1].to_el == 1);
    assert_string_equal(e[1].reason, "SVC");
    assert_true(e[1].start_ps == 155 * 500 && e[1].cycles == 40 && e[1].idle_cycles == 0);
    assert_true(e[2].kind == LEDGER_TRAPS && e[2].vcpu == -1 && e[2].cycles == 60);
    assert_true(e[3].kind == LEDGER_EXITS && e[3].vcpu == 0 && e[3].pe == 0 && e[3].end_pe == 0);
    assert_string_equal(e[3].reason, "WFI");
    assert_true(e[3].pc == 0x1000 && e[3].start_ps == 2500 && e[3].cycles == 1250 && e[3].insns == 250);
    assert_true(e[3].ps == 1250 * 500 && e[3].idle_cycles == 1000);
    struct ledger_exit_row r = the_exit(w, "WFI"); /* rows and events agree */
    assert_true(r.count == 1 && r.cycles == e[3].cycles && r.idle_cycles == e[3].idle_cycles);

    ledger_listen(w->l, LEDGER_EXITS, on_event, w); /* only these, on another PE, over a phase's end */
    exit_from(w, 0, 1, 0, HVC);
    run(w, 0, 100);
    run(w, 1, 3000);
    ledger_next_phase(w->l);
    enter(w, 1, 1, 0);
    assert_int_equal(w->n_events, 5);
    assert_true(e[4].kind == LEDGER_EXITS && e[4].pe == 0 && e[4].end_pe == 1);
    ledger_listen(w->l, LEDGER_EXITS, NULL, NULL);
    exit_from(w, 1, 1, 0, HVC);
    enter(w, 1, 1, 0);
    assert_int_equal(w->n_events, 5);
}

/* A PE that takes no exception at all runs where it was powered on. */
static void no_exceptions(void **state)
{
    struct world *w = *state;
    struct ledger_context_row c;
    int vcpu;
    w->el[1] = 1;
    run(w, 1, 70);
    assert_int_equal(ledger_now(w->l, 1, &vcpu), LEDGER_HOST_EL1);
    ledger_sync(w->l);
    ledger_context(w->l, 1, LEDGER_HOST_EL1, &c);
    assert_int_equal(c.cycles, 70);
    ledger_context(w->l, 1, LEDGER_EL2, &c);
    assert_int_equal(c.cycles, 0);
}

/* vCPUs are numbered within their VM, in order of appearance. */
static void numbers(void **state)
{
    struct world *w = *state;
    static const struct {
        uint32_t vmid;
        uint64_t vmpidr;
        unsigned vm, number;
    } t[] = {{9, 5, 0, 0}, {4, 0, 1, 0}, {9, 4, 0, 1}, {4, 1, 1, 1}, {9, 0, 0, 2}};
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct ledger_vcpu v;
        enter(w, 0, t[i].vmid, t[i].vmpidr);
        ledger_get_vcpu(w->l, i, &v);
        assert_true(v.vm == t[i].vm && v.number == t[i].number);
    }
}

static void histogram(void **state)
{
    (void)state;
    static struct hist h;
    uint64_t worst = 0;
    for (uint64_t v = 0; v < 3000000; v = v < 200 ? v + 1 : v + v / 7) {
        uint64_t m = hist_value(hist_slot(v)), d = m > v ? m - v : v - m;
        if (v < 64)
            assert_int_equal(d, 0);
        else if (d * 1000 / v > worst)
            worst = d * 1000 / v;
    }
    assert_in_range(worst, 0, 16); /* 1.6 % */
    for (unsigned i = 0; i + 1 < HIST_SLOTS; i++)
        assert_true(hist_value(i) < hist_value(i + 1) && hist_slot(hist_value(i)) == i);
    assert_int_equal(hist_slot(UINT64_MAX), HIST_SLOTS - 1);
    for (unsigned i = 1; i <= 50; i++)
        hist_add(&h, i);
    assert_int_equal(hist_quantile(&h, 500), 25);
    assert_int_equal(hist_quantile(&h, 990), 50);
    assert_int_equal(hist_quantile(&h, 0), 1);
}

static void hint_names(void **state)
{
    (void)state;
    char name[9];
    ledger_hint_name(UINT64_C(0x746f6f62), name); /* "boot" */
    assert_string_equal(name, "boot");
    ledger_hint_name(UINT64_C(0x3837363534333231), name);
    assert_string_equal(name, "12345678");
    ledger_hint_name(UINT64_C(0x0a20ff41), name);
    assert_string_equal(name, "A___");
    ledger_hint_name(0, name);
    assert_string_equal(name, "");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(hypercalls),
        T(two_clocks),
        T(stretches),
        T(where_it_ran),
        T(other_vcpu),
        T(migration),
        T(migration_backwards),
        T(mmio_or_memory),
        T(no_ipa),
        T(reasons),
        T(xen_calls),
        T(not_exits),
        T(vmid_zero),
        T(vmid_zero_of_a_host),
        T(vmid_zero_of_a_partition),
        T(no_guests),
        T(modes_apart),
        T(mode_and_back),
        T(mode_later_on_one),
        T(traps_nest),
        T(never_returns),
        T(entry_cost),
        T(phases),
        T(bounded),
        T(lost_exits),
        T(power),
        T(interrupt_ids),
        T(events),
        T(numbers),
        T(no_exceptions),
        cmocka_unit_test(histogram),
        cmocka_unit_test(hint_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
