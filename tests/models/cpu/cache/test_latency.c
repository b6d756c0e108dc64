/* SPDX-License-Identifier: Apache-2.0 */
/* Load-to-use latency by level of cache and TLB, exactly: small geometries, a bus of 100 cycles. */
#include "timed.h"

static const uint32_t chase[] = {0xf9400042}; /* ldr x2, [x2] */
static const char *const kinds[] = {"inorder", "window"};

#define BASE                                                                                          \
    "l1d.latency", "3", "l1d.size", "4096", "l1d.ways", "4", "l2.latency", "10", "l2.size", "65536",  \
        "l2.ways", "8", "prefetch", "0", "dtlb.entries", "8", "tlb2.entries", "64", "tlb2.ways", "4", \
        "tlb2.latency", "5", "walk_cache.latency", "1", "pipeline.load.latency", "3"

/* A ring of n nodes, stride apart; one lap to warm, then 640 loads. Cycles per load, times 640. */
static uint64_t ring(struct pe *p, unsigned n, uint64_t stride)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t next = T_DATA + (i + 1) % n * stride;

        pe_write(p, T_DATA + i * stride, &next, 8);
    }
    cpu_set_x(p->cpu, 2, T_DATA);
    t_steady(p, chase, 1, 1280);
    return t_steady(p, chase, 1, 640);
}

static void expect(const char *const *params, bool pages4k, unsigned n, uint64_t stride, uint64_t each,
                   uint64_t slack)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], params, pages4k);
        uint64_t got = ring(p, n, stride);

        if (got < each * 640 || got > each * 640 + 10 + slack)
            fail_msg("%s: %llu cycles for 640 loads, expected %llu each", kinds[i], (unsigned long long)got,
                     (unsigned long long)each);
        pe_free(p);
    }
}

static void levels(void **state)
{
    static const char *const base[] = {BASE, NULL};
    static const char *const small_l2[] = {BASE, "l2.size", "8192", NULL};

    (void)state;
    expect(base, false, 16, 64, 3, 0);   /* L1: 1 KiB of 4 */
    expect(base, false, 256, 64, 10, 0); /* L2: 16 KiB of 64 */
    /* memory: L2 look-up and bus. The data throws the loop's code out of the small L2, and with it
     * (inclusive) out of the L1I. */
    expect(small_l2, false, 256, 64, 110, 1000);
}

/* One line in each of 32 pages: the first-level TLB of 8 misses each time; the L2 TLB of 64 hits. With an L2
 * TLB of 8 each load walks: the walk cache gives the last table, whose descriptors are in the L2. */
static void tlb_steps(void **state)
{
    static const char *const base[] = {BASE, "l1d.size", "65536", NULL};
    static const char *const walks[] = {BASE, "l1d.size", "65536", "tlb2.entries", "8", NULL};

    (void)state;
    expect(base, false, 32, 4096 + 64, 3, 0); /* one block: one entry */
    expect(base, true, 8, 4096 + 64, 3, 0);   /* eight pages fit */
    expect(base, true, 32, 4096 + 64, 3 + 5, 0);
    expect(walks, true, 32, 4096 + 64, 3 + 5 + 1 + 10, 0);
}

/* After TLBI the next fetch and the next load have to walk again, though they are from where those before
 * were; the one after them need not. */
static void tlbi_misses(void **state)
{
    static const uint32_t body[] = {
        0xd508871f, /* tlbi vmalle1 */
        0xd5033f9f, /* dsb sy */
        0xd5033fdf, /* isb */
        0xf9400043, /* ldr x3, [x2] */
        0x14000001, /* b . + 4 */
        0xf9400044, /* ldr x4, [x2] */
    };
    static const char *const base[] = {BASE, NULL};
    const uint64_t rounds = 4 * 64 + 640; /* of t_steady */

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], base, true);
        uint64_t fetch, data;

        cpu_set_x(p->cpu, 2, T_DATA);
        t_steady(p, body, TG_ARRAY_SIZE(body), 640);
        fetch = t_counter(p, "itlb.miss");
        data = t_counter(p, "dtlb.miss");
        t_steady(p, body, TG_ARRAY_SIZE(body), 640);
        /* just before a limit instructions are run one by one, which fetches nothing */
        assert_in_range(t_counter(p, "itlb.miss") - fetch, rounds - 2 * 12, rounds);
        assert_int_equal(t_counter(p, "dtlb.miss") - data, rounds);
        pe_free(p);
    }
}

/* A load over the end of a line looks up both lines. */
static void line_crossing(void **state)
{
    static const uint32_t cross[] = {0xf843c043, 0x8b030044,
                                     0xf9400085}; /* ldur x3, [x2, #60]; add x4, x2, x3; ldr x5, [x4] */
    static const uint32_t within[] = {0xf8438043, 0x8b030044, 0xf9400085}; /* ldur x3, [x2, #56] */
    static const char *const base[] = {BASE, NULL};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], base, false);
        uint64_t a[2], n;

        cpu_set_x(p->cpu, 2, T_DATA);
        t_once(p, cross, 3);
        cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        for (unsigned k = 0; k < 2; k++) {
            t_once(p, k ? cross : within, 3);
            cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
            n = cpu_cycles(p->cpu);
            t_once(p, k ? cross : within, 3);
            cpu_idle_until(p->cpu, cpu_local_time(p->cpu));
            a[k] = cpu_cycles(p->cpu) - n;
        }
        if (i == 1)
            assert_int_equal(a[1] - a[0], 1);
        else
            assert_in_range(a[1] - a[0], 1, 1);
        pe_free(p);
    }
}

/* A store looks its line up after commit, that is late; what it finds then is not there yet for a load that
 * starts before. */
static void in_flight(void **state)
{
    static const uint32_t code[] = {
        0xf9400043, /* ldr x3, [x2]: from memory */
        0x14000001, /* b . + 4 */
        0xf9000444, /* str x4, [x2, #8] */
        0xf9400845, /* ldr x5, [x2, #16]: the same line, so not before it is there */
        0x8b0500c8, /* add x8, x6, x5 */
        0xf9400107, /* ldr x7, [x8]: from memory, after that */
        0x910004e9, /* add x9, x7, #1 */
    };
    static const char *const base[] = {BASE, NULL};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pe *p = t_new(kinds[i], base, false);
        uint64_t cycles = 0;

        for (unsigned k = 0; k < 2; k++) { /* code and TLB are warm in the second round */
            cpu_set_x(p->cpu, 2, T_DATA + 0x10000 * k);
            cpu_set_x(p->cpu, 6, T_DATA + 0x10000 * k + 0x1000);
            cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
            cycles = t_once(p, code, 7);
        }
        assert_in_range(cycles, 2 * 110, 2 * 110 + 60);
        pe_free(p);
    }
}

/* Ascending misses start a stream: with the prefetcher memory's latency is partly hidden. */
static void prefetcher(void **state)
{
    static const char *const off[] = {BASE, NULL};
    static const char *const on[] = {BASE, "prefetch", "4", NULL};
    uint32_t code[256];

    (void)state;
    for (unsigned i = 0; i < 256; i += 2) {
        code[i] = 0xf9400043;     /* ldr x3, [x2] */
        code[i + 1] = 0x91010042; /* add x2, x2, #64 */
    }
    for (unsigned i = 0; i < 2; i++) {
        uint64_t cycles[2];

        for (unsigned k = 0; k < 2; k++) {
            const char *const *params = k ? on : off;
            struct pe *p = t_new(kinds[i], params, false);

            cpu_set_x(p->cpu, 2, T_DATA);
            t_once(p, code, 256);
            cpu_set_x(p->cpu, 2, T_DATA + 0x100000);
            cycles[k] = t_once(p, code, 256);
            pe_free(p);
        }
        assert_true(cycles[1] <= cycles[0]);
    }
}

/* ---- two PEs ---- */

static struct cpu *second(struct pe *p)
{
    static const struct {
        const char *name;
        uint64_t value;
    } set[] = {{"freq", 1000000000}, {"l2.latency", 10}, {"l1d.latency", 3},
               {"snoop", 40},        {"prefetch", 0},    {"features.gran64k", 1}};
    static const uint32_t regs[] = {TG_SYSENC(3, 0, 10, 2, 0), TG_SYSENC(3, 0, 2, 0, 0),
                                    TG_SYSENC(3, 0, 2, 0, 2),
                                    TG_SYSENC(3, 0, 1, 0, 0)}; /* MAIR, TTBR0, TCR, SCTLR */
    struct tg_model *m = tg_model_new(&cpu_class, "cpu1", &p->env);
    struct tg_error err;
    size_t port = tg_model_port(&cpu_class, "bus")->offset;

    for (unsigned i = 0; i < TG_ARRAY_SIZE(set); i++)
        assert_int_equal(tg_model_set_u64(m, tg_model_param(&cpu_class, set[i].name), set[i].value, &err), 0);
    memcpy((char *)m + port, (char *)cpu_model(p->cpu) + port, sizeof(struct tg_bus_port));
    cpu_bind(cpu_from_model(m), 1, 1, NULL, NULL);
    cpu_domain_add(p->domain, cpu_from_model(m));
    assert_int_equal(tg_model_realize(m, &err), 0);
    tg_model_reset(m);
    cpu_power_on(cpu_from_model(m), 1, T_CODE, 0, 0);
    cpu_set_mode(cpu_from_model(m), CPU_TIMED);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(regs); i++) { /* the same translation; MMU last */
        uint64_t v = 0;

        assert_true(cpu_get_sysreg(p->cpu, regs[i], &v) && cpu_set_sysreg(cpu_from_model(m), regs[i], v));
    }
    return cpu_from_model(m);
}

static uint64_t run_on(struct cpu *c, uint64_t pc, uint64_t x2, unsigned n)
{
    uint64_t before;

    cpu_idle_until(c, cpu_local_time(c) + TG_US);
    before = cpu_cycles(c);
    cpu_set_pc(c, pc);
    cpu_set_x(c, 2, x2);
    cpu_set_insn_limit(c, cpu_insns(c) + n);
    assert_int_equal(cpu_run(c, TG_TIME_NEVER / 4), CPU_STOP_REQUEST);
    return cpu_cycles(c) - before;
}

static const struct tg_counter *find(const char *name)
{
    for (size_t i = 0; i < cpu_class.n_counters; i++)
        if (!strcmp(cpu_class.counters[i].name, name))
            return &cpu_class.counters[i];
    return NULL;
}

/* A line that one PE wrote comes from its cache, not from memory; a store of the other takes it away. */
static void coherence(void **state)
{
    static const uint32_t load[] = {0xf9400043, 0x8b030064,
                                    0xd5033f9f}; /* ldr x3, [x2]; add x4, x3, x3; dsb sy */
    static const uint32_t store[] = {0xf9000043, 0xd503201f, 0xd5033f9f}; /* str x3, [x2]; nop; dsb sy */
    static const char *const params[] = {BASE, "snoop", "40", NULL};
    struct pe *p = t_new("window", params, false);
    struct cpu *a = p->cpu, *b = second(p);
    const struct tg_counter *miss = find("l1d.miss");
    uint64_t l = T_CODE, s = T_CODE + 0x100, fill, shared, local, from_memory, upgrade, misses;

    (void)state;
    pe_code(p, l, load, 3);
    pe_code(p, s, store, 3);
    for (unsigned i = 0; i < 2; i++) { /* code, TLBs */
        run_on(a, l, T_DATA + 0x4000, 3);
        run_on(b, l, T_DATA + 0x5000, 3);
        run_on(a, s, T_DATA + 0x6000, 3);
        run_on(b, s, T_DATA + 0x7000, 3);
    }
    run_on(a, s, T_DATA, 3);
    local = run_on(a, l, T_DATA, 3);
    fill = run_on(b, l, T_DATA, 3);
    shared = run_on(a, l, T_DATA, 3);
    from_memory = run_on(b, l, T_DATA + 0x8000, 3);
    assert_int_equal(shared, local);                /* still there */
    assert_int_equal(from_memory - fill, 100 - 40); /* the bus against the other's cache */
    upgrade = run_on(b, s, T_DATA, 3);
    assert_in_range(upgrade, 40, 90);
    misses = tg_model_counter(cpu_model(a), miss);
    assert_in_range(run_on(a, l, T_DATA, 3), fill - 2,
                    fill + 2); /* lost, comes back from b; idle time ends on whole cycles */
    assert_int_equal(tg_model_counter(cpu_model(a), miss), misses + 1);
    tg_model_free(cpu_model(b));
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),      cmocka_unit_test(tlb_steps), cmocka_unit_test(line_crossing),
        cmocka_unit_test(prefetcher),  cmocka_unit_test(coherence), cmocka_unit_test(in_flight),
        cmocka_unit_test(tlbi_misses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
