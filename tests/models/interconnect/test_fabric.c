/* SPDX-License-Identifier: Apache-2.0 */
/* The interconnect from outside: routing, the system-level cache, memory channels and rows, exact times. */
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "models/interconnect/interconnect.h"

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_SIZE (UINT64_C(16) << 20)
#define HOP      (10 * TG_NS)
#define SLC      (20 * TG_NS)
#define DRAM     (80 * TG_NS)

struct bench {
    struct tg_env env;
    struct tg_log log;
    struct tg_model *fabric, *ram;
    struct tg_bus_port port;
    uint64_t written_at, written_size;
};

struct setting {
    const char *name;
    uint64_t value;
};

static void set(struct tg_model *m, const struct setting *s)
{
    struct tg_error err;

    for (; s && s->name; s++) {
        const struct tg_param *p = tg_model_param(m->cls, s->name);

        if (p)
            assert_int_equal(tg_model_set_u64(m, p, s->value, &err), 0);
    }
}

static void ram_access(void *opaque, struct tg_bus_txn *txn)
{
    tg_model_transport(opaque, 0, txn);
}

static bool ram_dmi(void *opaque, uint64_t addr, struct tg_dmi *out)
{
    return ram_class.get_dmi(opaque, 0, addr, out);
}

static void up(struct bench *b, const struct setting *s)
{
    static const struct setting base[] = {{"latency", 0}, {"line_time", 0}, {"size", RAM_SIZE}, {NULL, 0}};
    struct fabric_range r = {.base = RAM_BASE, .size = RAM_SIZE, .memory = true, .name = "ram"};
    struct tg_error err;

    memset(b, 0, sizeof(*b));
    b->env.evq = tg_evq_new();
    b->env.log = &b->log;
    b->fabric = tg_model_new(&fabric_class, "fabric", &b->env);
    b->ram = tg_model_new(&ram_class, "ram", &b->env);
    set(b->ram, base);
    tg_model_set_u64(b->fabric, tg_model_param(&fabric_class, "latency"), HOP, &err);
    tg_model_set_u64(b->fabric, tg_model_param(&fabric_class, "slc.latency"), SLC, &err);
    tg_model_set_u64(b->ram, tg_model_param(&ram_class, "latency"), DRAM, &err);
    set(b->fabric, s);
    set(b->ram, s);
    assert_int_equal(tg_model_realize(b->fabric, &err), 0);
    assert_int_equal(tg_model_realize(b->ram, &err), 0);
    r.target = (struct tg_bus_target){.transport = ram_access, .get_dmi = ram_dmi, .opaque = b->ram};
    assert_int_equal(fabric_map(b->fabric, &r, &err), 0);
    b->port = fabric_port(b->fabric);
}

static void down(struct bench *b)
{
    tg_model_free(b->fabric);
    tg_model_free(b->ram);
    tg_evq_free(b->env.evq);
}

static uint64_t counter(struct tg_model *m, const char *name)
{
    for (size_t i = 0; i < m->cls->n_counters; i++)
        if (!strcmp(m->cls->counters[i].name, name))
            return tg_model_counter(m, &m->cls->counters[i]);
    fail_msg("no counter %s", name);
    return 0;
}

static struct tg_bus_txn line(struct bench *b, uint64_t addr, enum tg_bus_kind kind, tg_time at)
{
    struct tg_bus_txn t = {.addr = addr, .size = 64, .time = at, .write = kind == TG_BUS_WRITEBACK};

    t.attrs.kind = (uint8_t)kind;
    b->port.transport(b->port.opaque, &t);
    assert_int_equal(t.resp, TG_BUS_OK);
    assert_int_equal(t.addr, addr);
    return t;
}

#define CLUSTER (12 * TG_NS)

/* Two PEs in each of two clusters with a cache, a fifth without. */
static void up_clusters(struct bench *b, const struct setting *s, struct tg_model *k[2])
{
    static const struct setting small[] = {{"size", 64 * 1024}, {"ways", 4}, {"latency", CLUSTER}, {NULL, 0}};
    struct tg_error err;

    up(b, s);
    for (unsigned i = 0; i < 2; i++) {
        k[i] = tg_model_new(&cluster_cache_class, i ? "big" : "little", &b->env);
        set(k[i], small);
        assert_int_equal(tg_model_realize(k[i], &err), 0);
        assert_int_equal(fabric_add_cluster(b->fabric, k[i], 2 * i, 2), 0);
    }
}

static struct tg_bus_txn line_of(struct bench *b, unsigned pe, uint64_t addr, enum tg_bus_kind kind,
                                 bool alone)
{
    struct tg_bus_txn t = {.addr = addr, .size = 64, .write = kind == TG_BUS_WRITEBACK};

    t.attrs = (struct tg_bus_attrs){.kind = (uint8_t)kind, .requester = (uint16_t)pe, .exclusive = alone};
    b->port.transport(b->port.opaque, &t);
    assert_int_equal(t.resp, TG_BUS_OK);
    return t;
}

/* A cluster's cache answers its own PEs without the fabric, those of the other cluster over it; what one asks
 * for alone or writes back leaves the others'. */
static void cluster_caches(void **state)
{
    const enum tg_bus_kind LINE = TG_BUS_LINEFILL;
    const struct {
        unsigned pe;
        uint64_t at;
        enum tg_bus_kind kind;
        bool alone;
        uint8_t served;
        tg_time latency;
    } rows[] = {
        {0, 0x00, LINE, false, TG_SERVED_MEMORY, CLUSTER + HOP + DRAM}, /* a miss pays the look-up, too */
        {0, 0x00, LINE, false, TG_SERVED_CLUSTER, CLUSTER},
        {1, 0x00, TG_BUS_FETCH, false, TG_SERVED_CLUSTER, CLUSTER}, /* shared by the cluster */
        {2, 0x00, TG_BUS_WALK, false, TG_SERVED_PEER, CLUSTER + HOP + CLUSTER},
        {3, 0x00, LINE, false, TG_SERVED_CLUSTER, CLUSTER}, /* it is there now as well */
        {0, 0x00, LINE, false, TG_SERVED_CLUSTER, CLUSTER},
        {3, 0x00, LINE, true, TG_SERVED_CLUSTER, CLUSTER}, /* alone: the other cluster loses it */
        {0, 0x00, LINE, false, TG_SERVED_PEER, CLUSTER + HOP + CLUSTER},
        {0, 0x00, LINE, true, TG_SERVED_CLUSTER, CLUSTER},
        {2, 0x00, LINE, true, TG_SERVED_PEER, CLUSTER + HOP + CLUSTER},
        {1, 0x00, LINE, false, TG_SERVED_PEER, CLUSTER + HOP + CLUSTER},
        {2, 0x40, TG_BUS_WRITEBACK, false, TG_SERVED_CLUSTER, CLUSTER}, /* nothing is read for a whole line */
        {3, 0x40, LINE, false, TG_SERVED_CLUSTER, CLUSTER},
        {4, 0x40, LINE, false, TG_SERVED_PEER, HOP + CLUSTER}, /* a PE without such a cache */
        {4, 0x80, LINE, false, TG_SERVED_MEMORY, HOP + DRAM},
        {4, 0x80, LINE, false, TG_SERVED_MEMORY, HOP + DRAM},
        {4, 0x40, TG_BUS_WRITEBACK, false, TG_SERVED_MEMORY, HOP + DRAM}, /* which takes it from the others */
        {3, 0x40, LINE, false, TG_SERVED_MEMORY, CLUSTER + HOP + DRAM},
    };
    struct bench b;
    struct tg_model *k[2];
    uint32_t word = 1;
    struct tg_bus_txn dma = {
        .addr = RAM_BASE + 0x3c, .size = 4, .data = &word, .write = true, .attrs = {.requester = 0x1000}};

    (void)state;
    up_clusters(&b, NULL, k);
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct tg_bus_txn t = line_of(&b, rows[i].pe, RAM_BASE + rows[i].at, rows[i].kind, rows[i].alone);

        if (t.served != rows[i].served || t.latency != rows[i].latency)
            fail_msg("row %zu: served %u after %llu ps", i, t.served, (unsigned long long)t.latency);
    }
    assert_int_equal(counter(k[0], "access"), 7);
    assert_int_equal(counter(k[0], "miss"), 3);
    /* Another master writes: nobody has the line any more. */
    line_of(&b, 0, RAM_BASE, LINE, false);
    b.port.transport(b.port.opaque, &dma);
    assert_int_equal(line_of(&b, 0, RAM_BASE, LINE, false).served, TG_SERVED_MEMORY);
    /* PEs have one cache; there are only so many PEs. */
    assert_int_equal(fabric_add_cluster(b.fabric, k[0], 3, 2), -EINVAL);
    assert_int_equal(fabric_add_cluster(b.fabric, k[0], FABRIC_MAX_PES - 1, 2), -EINVAL);
    assert_int_equal(fabric_add_cluster(b.fabric, k[0], 5, 2), 0);
    tg_model_free(k[0]);
    tg_model_free(k[1]);
    down(&b);
}

/* Dirty lines that fall out go on to the SLC and to memory. */
static void cluster_capacity(void **state)
{
    static const struct setting slc[] = {{"slc.size", 1 << 20}, {"slc.ways", 16}, {NULL, 0}};
    const unsigned lines = 64 * 1024 / 64;
    struct bench b;
    struct tg_model *k[2];

    (void)state;
    up_clusters(&b, slc, k);
    for (unsigned i = 0; i < 2 * lines; i++)
        line_of(&b, 0, RAM_BASE + i * 64, TG_BUS_WRITEBACK, false);
    assert_int_equal(counter(k[0], "writeback"), lines);
    assert_int_equal(counter(b.fabric, "slc.access"), lines);
    assert_int_equal(counter(b.ram, "writes"), 0);
    for (unsigned i = 0, slc_hits = 0; i < 2 * lines; i++) {
        slc_hits += line_of(&b, 1, RAM_BASE + i * 64, TG_BUS_PREFETCH, false).served == TG_SERVED_SLC;
        if (i == 2 * lines - 1)
            assert_true(slc_hits >= lines); /* none of it is in memory only */
    }
    assert_int_equal(counter(b.ram, "reads"), 0);
    tg_model_free(k[0]);
    tg_model_free(k[1]);
    down(&b);
}

/* Without SLC: hop and memory; every kind of line. */
static void no_slc(void **state)
{
    static const enum tg_bus_kind kinds[] = {TG_BUS_LINEFILL, TG_BUS_FETCH, TG_BUS_WALK, TG_BUS_PREFETCH,
                                             TG_BUS_WRITEBACK};
    struct bench b;

    (void)state;
    up(&b, NULL);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(kinds); i++) {
        struct tg_bus_txn t = line(&b, RAM_BASE + 0x1000, kinds[i], 0);

        assert_int_equal(t.latency, HOP + DRAM);
        assert_int_equal(t.served, TG_SERVED_MEMORY);
    }
    assert_int_equal(counter(b.ram, "reads"), 4);
    assert_int_equal(counter(b.ram, "writes"), 1);
    assert_int_equal(counter(b.fabric, "slc.access"), 0);
    down(&b);
}

static const struct setting small_slc[] = {{"slc.size", 64 * 1024}, {"slc.ways", 4}, {NULL, 0}};

static void slc_hit_and_miss(void **state)
{
    struct bench b;
    struct tg_bus_txn t;

    (void)state;
    up(&b, small_slc);
    t = line(&b, RAM_BASE + 0x40, TG_BUS_LINEFILL, 0);
    assert_int_equal(t.served, TG_SERVED_MEMORY);
    assert_int_equal(t.latency, HOP + SLC + DRAM);
    t = line(&b, RAM_BASE + 0x40, TG_BUS_FETCH, 0);
    assert_int_equal(t.served, TG_SERVED_SLC);
    assert_int_equal(t.latency, HOP + SLC);
    /* A line written back is there afterwards; memory sees nothing. */
    t = line(&b, RAM_BASE + 0x80, TG_BUS_WRITEBACK, 0);
    assert_int_equal(t.served, TG_SERVED_SLC);
    t = line(&b, RAM_BASE + 0x80, TG_BUS_WALK, 0);
    assert_int_equal(t.served, TG_SERVED_SLC);
    assert_int_equal(counter(b.ram, "writes"), 0);
    assert_int_equal(counter(b.fabric, "slc.access"), 4);
    assert_int_equal(counter(b.fabric, "slc.miss"), 2);
    down(&b);
}

/* What fits stays; twice as much in a circle never hits under LRU... with a hash over the sets: mostly. Dirty
 * lines reach memory. */
static void slc_capacity(void **state)
{
    struct bench b;
    const unsigned lines = 64 * 1024 / 64;
    unsigned hits = 0;

    (void)state;
    up(&b, small_slc);
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < lines / 2; i++)
            hits += line(&b, RAM_BASE + i * 64, TG_BUS_LINEFILL, 0).served == TG_SERVED_SLC;
    assert_int_equal(hits, lines / 2);
    hits = 0;
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < lines * 4; i++)
            hits += line(&b, RAM_BASE + i * 64, TG_BUS_WRITEBACK, 0).served == TG_SERVED_MEMORY;
    assert_int_equal(hits, 0);
    /* All but what still fits have been written to memory, each time it fell out. */
    assert_int_equal(counter(b.fabric, "slc.writeback"), 2 * lines * 4 - lines);
    assert_int_equal(counter(b.ram, "writes"), counter(b.fabric, "slc.writeback"));
    down(&b);
}

/* DMA into memory takes the lines out, so that the next fill goes to memory, and is reported. */
static void written(void *opaque, uint64_t pa, uint64_t size)
{
    struct bench *b = opaque;

    b->written_at = pa;
    b->written_size = size;
}

static void dma(void **state)
{
    struct bench b;
    uint8_t data[100] = {1, 2, 3};
    struct tg_bus_txn w = {.addr = RAM_BASE + 0x1030, .data = data, .size = sizeof(data), .write = true};

    (void)state;
    up(&b, small_slc);
    fabric_on_written(b.fabric, written, &b);
    for (unsigned i = 0; i < 4; i++)
        line(&b, RAM_BASE + 0x1000 + i * 64, TG_BUS_LINEFILL, 0);
    w.attrs.requester = 0x1000;
    b.port.transport(b.port.opaque, &w);
    assert_int_equal(w.resp, TG_BUS_OK);
    assert_int_equal(b.written_at, RAM_BASE + 0x1030);
    assert_int_equal(b.written_size, 100);
    assert_memory_equal(ram_host(b.ram) + 0x1030, data, sizeof(data));
    assert_int_equal(line(&b, RAM_BASE + 0x1000, TG_BUS_LINEFILL, 0).served, TG_SERVED_MEMORY);
    assert_int_equal(line(&b, RAM_BASE + 0x1040, TG_BUS_LINEFILL, 0).served, TG_SERVED_MEMORY);
    assert_int_equal(line(&b, RAM_BASE + 0x1080, TG_BUS_LINEFILL, 0).served, TG_SERVED_MEMORY);
    assert_int_equal(line(&b, RAM_BASE + 0x10c0, TG_BUS_LINEFILL, 0).served, TG_SERVED_SLC);
    down(&b);
}

/* RAM of the Secure state: an error for Non-secure reads and writes, which change nothing; timing goes on. */
static void secure_ram(void **state)
{
    static const struct setting s[] = {{"secure", 1}, {"slc.size", 64 * 1024}, {"slc.ways", 4}, {NULL, 0}};
    struct bench b;
    struct tg_dmi dmi;

    (void)state;
    up(&b, s);
    fabric_on_written(b.fabric, written, &b);
    memset(ram_host(b.ram) + 0x1000, 0x5a, 64);
    for (unsigned k = 0; k < 8; k++) {
        bool secure = k & 1, write = k & 2, device = k & 4;
        uint8_t data[64], before[64];
        struct tg_bus_txn t = {.addr = RAM_BASE + 0x1000, .data = data, .size = sizeof(data), .write = write};

        memset(data, (int)k, sizeof(data));
        memcpy(before, ram_host(b.ram) + 0x1000, sizeof(before));
        t.attrs.secure = secure;
        t.attrs.requester = device ? 0x1000 : 0;
        b.written_size = 0;
        b.port.transport(b.port.opaque, &t);
        assert_int_equal(t.resp, secure ? TG_BUS_OK : TG_BUS_SLVERR);
        if (!secure || !write)
            assert_memory_equal(ram_host(b.ram) + 0x1000, before, sizeof(before));
        if (!secure && !write)
            assert_int_equal(data[0], k); /* nothing came */
        if (secure && !write)
            assert_memory_equal(data, before, sizeof(before));
        assert_int_equal(b.written_size, secure && write && device ? 64 : 0);
    }
    line(&b, RAM_BASE + 0x1000, TG_BUS_LINEFILL, 0);
    assert_true(b.port.get_dmi(b.port.opaque, RAM_BASE, &dmi));
    assert_true(dmi.secure);
    down(&b);
    up(&b, NULL);
    assert_true(b.port.get_dmi(b.port.opaque, RAM_BASE, &dmi));
    assert_false(dmi.secure);
    down(&b);
}

static void slc_geometry(void **state)
{
    struct tg_env env = {0};
    struct tg_log log = {0};
    struct tg_model *m;
    struct tg_error err;

    (void)state;
    env.log = &log;
    m = tg_model_new(&fabric_class, "fabric", &env);
    tg_model_set_u64(m, tg_model_param(&fabric_class, "slc.size"), 64 * 17, &err);
    assert_int_equal(tg_model_realize(m, &err), -EINVAL);
    assert_non_null(strstr(err.text, "slc.size"));
    tg_model_free(m);
}

/* One channel, 3 ns a line: simultaneous requests queue; after a pause there is no queue. */
static void one_channel(void **state)
{
    static const struct setting s[] = {{"line_time", 3 * TG_NS}, {NULL, 0}};
    struct bench b;

    (void)state;
    up(&b, s);
    for (unsigned i = 0; i < 10; i++) /* arrival at 20 ns is within slot 6, which began at 18 */
        assert_int_equal(line(&b, RAM_BASE + i * 64, TG_BUS_LINEFILL, 10 * TG_NS).latency,
                         HOP + DRAM + (i ? i * 3 - 2 : 0) * TG_NS);
    assert_int_equal(counter(b.ram, "queued"), 9);
    assert_int_equal(counter(b.ram, "queue_time"), (45 * 3 - 9 * 2) * TG_NS);
    assert_int_equal(line(&b, RAM_BASE, TG_BUS_LINEFILL, TG_US).latency, HOP + DRAM);
    /* One that is behind in time takes what was left free then. */
    assert_int_equal(line(&b, RAM_BASE, TG_BUS_LINEFILL, 500 * TG_NS).latency, HOP + DRAM);
    assert_int_equal(line(&b, RAM_BASE, TG_BUS_LINEFILL, 11 * TG_NS).latency, HOP + DRAM + 27 * TG_NS);
    down(&b);
}

/* Over any time and with any lag nothing is lost: n lines need n times the line time. */
static void bandwidth(void **state)
{
    static const struct setting s[] = {{"line_time", 3 * TG_NS}, {"channels", 4}, {NULL, 0}};
    struct bench b;
    tg_time end = 0, latency;

    (void)state;
    up(&b, s);
    for (unsigned i = 0; i < 4000; i++) {
        latency = line(&b, RAM_BASE + i * 64, TG_BUS_LINEFILL, 0).latency;
        if (latency > end)
            end = latency;
    }
    assert_int_equal(counter(b.ram, "reads"), 4000);
    assert_in_range(end - HOP - DRAM, 3000 * TG_NS - 20 * TG_NS, 3000 * TG_NS + 100 * TG_NS);
    /* Far ahead and back: remembered or not, no wait is longer than the calendar. */
    line(&b, RAM_BASE, TG_BUS_LINEFILL, TG_SEC);
    assert_int_equal(line(&b, RAM_BASE, TG_BUS_LINEFILL, 0).latency, HOP + DRAM);
    down(&b);
}

static void rows(void **state)
{
    static const struct setting s[] = {{"row_size", 8192}, {"row_hit", 30 * TG_NS}, {"banks", 2}, {NULL, 0}};
    struct bench b;

    (void)state;
    up(&b, s);
    assert_int_equal(line(&b, RAM_BASE, TG_BUS_LINEFILL, 0).latency, HOP + DRAM);
    assert_int_equal(line(&b, RAM_BASE + 8128, TG_BUS_LINEFILL, 0).latency, HOP + DRAM - 30 * TG_NS);
    assert_int_equal(line(&b, RAM_BASE + 8192, TG_BUS_LINEFILL, 0).latency, HOP + DRAM); /* the other bank */
    assert_int_equal(line(&b, RAM_BASE + 64, TG_BUS_LINEFILL, 0).latency, HOP + DRAM - 30 * TG_NS);
    assert_int_equal(line(&b, RAM_BASE + 16384, TG_BUS_LINEFILL, 0).latency,
                     HOP + DRAM); /* same bank, other row */
    assert_int_equal(line(&b, RAM_BASE, TG_BUS_LINEFILL, 0).latency, HOP + DRAM);
    assert_int_equal(counter(b.ram, "row_hits"), 2);
    down(&b);
}

/* Addresses that are nowhere, and lines over the end of a window. */
static void decode_errors(void **state)
{
    static const uint64_t bad[] = {0, RAM_BASE - 1, RAM_BASE + RAM_SIZE - 32, RAM_BASE + RAM_SIZE,
                                   UINT64_MAX - 63};
    struct bench b;

    (void)state;
    up(&b, small_slc);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(bad); i++) {
        struct tg_bus_txn t = {.addr = bad[i], .size = 64};

        t.attrs.kind = TG_BUS_LINEFILL;
        b.port.transport(b.port.opaque, &t);
        assert_int_equal(t.resp, TG_BUS_DECERR);
    }
    assert_int_equal(counter(b.fabric, "decode_errors"), TG_ARRAY_SIZE(bad));
    assert_int_equal(counter(b.fabric, "slc.access"), 0);
    down(&b);
}

static void overlaps(void **state)
{
    struct bench b;
    struct tg_error err;
    struct fabric_range r = {.base = RAM_BASE + RAM_SIZE - 1, .size = 4096, .name = "uart"};

    (void)state;
    up(&b, NULL);
    assert_int_equal(fabric_map(b.fabric, &r, &err), -EINVAL);
    assert_non_null(strstr(err.text, "uart"));
    assert_non_null(strstr(err.text, "ram"));
    r.base++;
    assert_int_equal(fabric_map(b.fabric, &r, &err), 0);
    assert_string_equal(fabric_lookup(b.fabric, RAM_BASE + RAM_SIZE)->name, "uart");
    assert_string_equal(fabric_lookup(b.fabric, RAM_BASE + RAM_SIZE - 1)->name, "ram");
    r.size = 0;
    assert_int_equal(fabric_map(b.fabric, &r, &err), -EINVAL);
    r.base = UINT64_MAX - 10;
    r.size = 100;
    assert_int_equal(fabric_map(b.fabric, &r, &err), -EINVAL);
    down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cluster_caches), cmocka_unit_test(cluster_capacity),
        cmocka_unit_test(no_slc),         cmocka_unit_test(slc_hit_and_miss),
        cmocka_unit_test(slc_capacity),   cmocka_unit_test(dma),
        cmocka_unit_test(secure_ram),     cmocka_unit_test(slc_geometry),
        cmocka_unit_test(one_channel),    cmocka_unit_test(bandwidth),
        cmocka_unit_test(rows),           cmocka_unit_test(decode_errors),
        cmocka_unit_test(overlaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
