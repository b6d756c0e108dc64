/* SPDX-License-Identifier: Apache-2.0 */
/* Platform files: what they build, and every mistake a user can make in one, with its message. PEs are mocks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "models/gic/gic.h"
#include "models/interconnect/interconnect.h"
#include "sim/machine/machine.h"
#include "sim/platform/platform.h"
#include "tests/sim/tlm/mock_cpu.h"

#define HEAD "local tg = require 'tollgate'\n"
#define CPUS "cpus = tg.cpus{ core = tg.core 'test-core' }"
#define GIC  "local gic = tg.gicv3{ base = { dist = 0x8000000, redist = 0x80a0000 } }\n"

static char dir[] = "/tmp/tg-platform-XXXXXX";

static int build_text(const char *text, const char *const *sets, struct machine **m, struct tg_error *err)
{
    struct platform_options opt = {
        .platforms_dir = TEST_PLATFORMS, .seed = 1, .sets = sets, .insn_limit = 10000000};
    char path[64];
    FILE *f;

    while (sets && sets[opt.n_sets])
        opt.n_sets++;
    snprintf(path, sizeof(path), "%s/t.lua", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return platform_build(path, &opt, m, err);
}

static struct machine *good(const char *text, const char *const *sets)
{
    struct tg_error err = {""};
    struct machine *m = NULL;

    if (build_text(text, sets, &m, &err))
        fail_msg("%s", err.text);
    return m;
}

/* The message without the directory of the file. */
static void bad_set(const char *text, const char *const *sets, const char *message)
{
    struct tg_error err = {""};
    struct machine *m = NULL;
    char found[600], *out = found;

    if (!build_text(text, sets, &m, &err))
        fail_msg("built, expected: %s", message);
    assert_null(m);
    for (const char *s = err.text; *s;) {
        if (!strncmp(s, dir, strlen(dir)))
            s += strlen(dir) + 1;
        else
            *out++ = *s++;
    }
    *out = 0;
    assert_string_equal(found, message);
}

static void bad(const char *text, const char *message)
{
    bad_set(text, NULL, message);
}

static void builds_what_it_says(void **state)
{
    struct machine *m =
        good(HEAD GIC "local uart = tg.pl011{ base = 0x9000000 }\n"
                      "uart.irq = gic:spi(1)\n"
                      "return { cpus = tg.cpus{ count = 3, core = tg.core('test-core', { nv2 = true }),\n"
                      "  mpidr = function(i) return i << 8 end },\n"
                      "  ram = tg.ram{ base = 0x40000000, size = '64MiB', latency = '80ns' },\n"
                      "  gic = gic, uart = uart, console = uart, quantum = '250ns', psci = 'smc' }\n",
             NULL);
    const struct machine_irq *w;
    struct tg_error err = {""};
    struct cpu *c;

    (void)state;
    assert_int_equal(m->n_pes, 3);
    assert_string_equal(m->name, "t");
    assert_string_equal(m->core_name, "test-core");
    assert_int_equal(m->pes[2].mpidr, 2 << 8);
    c = m->pes[1].cpu;
    assert_int_equal(c->freq, 2600000000);
    assert_int_equal(c->l2_size, 512 << 10);
    assert_int_equal(c->l2_ways, 4);
    assert_int_equal(c->pipeline, 1);
    assert_true(c->nv2);
    assert_string_equal(c->part, "test");
    assert_ptr_equal(m->console, machine_find(m, "uart"));
    assert_ptr_equal(m->gic, machine_find(m, "gic"));
    assert_int_equal(m->quantum, 250 * TG_NS);
    assert_string_equal(m->psci_conduit, "smc");
    assert_string_equal(machine_get_config(m, "cpus.core.freq"), "2.6GHz");
    assert_string_equal(machine_get_config(m, "cpus.core.l2.size"), "512KiB");
    assert_string_equal(machine_get_config(m, "cpus.count"), "3");
    assert_string_equal(machine_get_config(m, "ram.latency"), "80ns");
    assert_string_equal(machine_get_config(m, "uart.base"), "0x9000000");
    assert_string_equal(machine_get_config(m, "gic.base.dist"), "0x8000000");
    assert_null(machine_get_config(m, "nothing"));
    w = machine_irq_of(m, machine_find(m, "uart"), "irq", 0);
    assert_non_null(w);
    assert_int_equal(w->intid, 33);
    assert_ptr_equal(w->sink, m->gic);
    w = machine_irq_of(m, m->pes[2].model, "ppi", TG_PPI_CNTV);
    assert_int_equal(w->intid, 27);
    assert_int_equal(w->line, gic_ppi_line(2, 27));
    if (machine_realize(m, &err))
        fail_msg("%s", err.text);
    assert_int_equal(machine_region_of(m, m->gic, 1)->size, 3 * 0x20000);
    assert_ptr_equal(machine_region_at(m, 0x9000018)->model, machine_find(m, "uart"));
    assert_null(machine_region_at(m, 0x9001000));
    assert_non_null(machine_memory(m, 0x40000000, 64 << 20));
    machine_free(m);
}

static void set_overrides(void **state)
{
    static const char text[] =
        HEAD "local o = tg.options{ core = 'test-core', ram = { size = '1MiB' }, n = 1, big = false }\n"
             "return { cpus = tg.cpus{ count = o.n, core = tg.core(o.core) },\n"
             "  ram = tg.ram{ base = o.big and 0x80000000 or 0x40000000, size = o.ram.size } }\n";
    const char *const sets[] = {
        "cpus.core.l2.size=1MiB", "ram.size=2MiB",       "n=2",           "big=true", "cpus.core.part=x y",
        "cpus.core.nv2=true",     "ram.base=0xc0000000", "quantum=100ns", NULL};
    struct machine *m = good(text, sets);

    (void)state;
    assert_int_equal(m->n_pes, 2);
    assert_int_equal(m->pes[0].cpu->l2_size, 1 << 20);
    assert_int_equal(m->pes[1].cpu->l2_size, 1 << 20);
    assert_string_equal(m->pes[1].cpu->part, "x y");
    assert_true(m->pes[0].cpu->nv2);
    assert_int_equal(m->regions[0].base, 0xc0000000);
    assert_int_equal(m->regions[0].size, 2 << 20);
    assert_int_equal(m->quantum, 100 * TG_NS);
    assert_string_equal(machine_get_config(m, "big"), "true");
    assert_string_equal(machine_get_config(m, "core"), "test-core");
    assert_string_equal(machine_get_config(m, "ram.size"), "2MiB");
    machine_free(m);
}

static void set_mistakes(void **state)
{
    static const char text[] =
        HEAD "local o = tg.options{ core = 'test-core', n = 1, ram = { size = '1MiB' } }\n"
             "local ram = tg.ram{\n"
             "  base = 0x40000000,\n"
             "  size = o.ram.size,\n"
             "}\n"
             "return { cpus = tg.cpus{ count = o.n, core = tg.core(o.core) }, ram = ram }\n";
    static const struct {
        const char *set, *message;
    } rows[] = {
        {"cpus.core.l2.siz=1MiB",
         "--set cpus.core.l2.siz=1MiB: no such key; the nearest known one is 'cpus.core.l2.size'"},
        {"cpus.core.l2.size=1MHz",
         "--set cpus.core.l2.size=1MHz: cpu: l2.size: found '1MHz', expected a size such as \"512KiB\" "
         "(units: B, KiB, MiB, GiB, TiB)"},
        {"cpus.core.l2.size=1KiB",
         "--set cpus.core.l2.size=1KiB: cpu: l2.size: found '1KiB', expected 4KiB to 64MiB"},
        {"ram.size=lots", "t.lua:5: ram: size: found 'lots', expected a size such as \"512KiB\" (units: B, "
                          "KiB, MiB, GiB, TiB) "
                          "(from --set ram.size=lots)"},
        {"core=test-cor", "t.lua:7: core: unknown core 'test-cor'; the nearest known one is 'test-core' "
                          "(from --set core=test-cor)"},
        {"n=two", "t.lua:2: --set n=two: expected a number"},
        {"n=65", "t.lua:7: cpus: count: found 65, expected a number from 1 to 64 (from --set n=65)"},
        {"cpus.count=0", "--set cpus.count=0: expected a number from 1 to 64"},
        {"ram", "--set ram: expected KEY=VALUE"},
        {"=1", "--set =1: expected KEY=VALUE"},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        const char *const sets[] = {rows[i].set, NULL};

        bad_set(text, sets, rows[i].message);
    }
}

/* A --set is blamed for what comes from it, not for what has its value. */
static void origins(void **state)
{
    static const char text[] =
        HEAD "local o = tg.options{ n = 1, prio = 5, ram = { size = '1MiB' } }\n"
             "local g = { base = { dist = 0x8000000, redist = 0x80a0000 }, priority_bits = 2 }\n"
             "return { cpus = tg.cpus{ count = o.n, core = tg.core 'test-core' }, gic = tg.gicv3(g),\n"
             "  ram = tg.ram{ base = 0, size = o.ram.size } }\n";
    static const char derived[] = HEAD "local o = tg.options{ n = 1, prio = 5 }\n"
                                       "return { cpus = tg.cpus{ count = o.n, core = tg.core 'test-core' },\n"
                                       "  gic = tg.gicv3{ base = { dist = 0, redist = 0x100000 }, spis = "
                                       "o.n, priority_bits = 1 + o.prio } }\n";
    const char *const two[] = {"n=2", NULL}, *const cpus[] = {"cpus.count=2", NULL},
                      *const nine[] = {"prio=9", NULL}, *const none[] = {"n=0", NULL};

    (void)state;
    bad_set(text, two, "t.lua:4: gicv3: priority_bits: found '2', expected 4 to 8");
    bad_set(text, cpus, "t.lua:4: gicv3: priority_bits: found '2', expected 4 to 8");
    bad_set(derived, nine, "t.lua:4: gicv3: priority_bits: found '10', expected 4 to 8 (from --set prio=9)");
    bad_set(derived, none, "t.lua:3: cpus: count: found 0, expected a number from 1 to 64 (from --set n=0)");
    /* the table of options serves as one of parameters, too, and can be walked and measured */
    bad_set(
        HEAD "local o = tg.options{ ram = { base = 0, size = '1MiB' }, list = { 1, 2 } }\n"
             "local n = 0\nfor k in pairs(o.ram) do n = n + 1 end\n"
             "assert(n == 2 and #o.list == 2 and o.none == nil)\no.list[3] = 3\nassert(#o.list == 3)\n"
             "local r = tg.ram(o.ram)\n",
        (const char *const[]){"ram.size=x", NULL},
        "t.lua:8: ram: size: found 'x', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, TiB) "
        "(from --set ram.size=x)");
}

static void mistakes(void **state)
{
    (void)state;
    /* unknown key, with the line on which it stands */
    bad(HEAD "local r = tg.ram{\n  base = 0x40000000,\n  siz = '1MiB',\n}\nreturn {}\n",
        "t.lua:4: ram: unknown key 'siz'; the nearest known one is 'size'");
    bad(HEAD "local r = tg.ram{ base = 1 }\nr.latnecy = '1ns'\nreturn {}\n",
        "t.lua:3: ram: unknown key 'latnecy'; the nearest known one is 'latency'");
    bad(HEAD "local c = tg.cpu{ l2 = { size = '1MiB', waays = 2 } }\nreturn {}\n",
        "t.lua:2: cpu: unknown key 'l2.waays'; the nearest known one is 'l2.ways'");
    bad(HEAD "local c = tg.cpu{}\nprint(c.l2.sise)\nreturn {}\n",
        "t.lua:3: cpu: unknown key 'l2.sise'; the nearest known one is 'l2.size'");
    bad(HEAD "local u = tg.pl101{}\n",
        "t.lua:2: tollgate: unknown key 'pl101'; the nearest known one is 'pl011'");
    bad(HEAD "return { cpus = tg.cpus{ core = tg.core 'wrong-core' } }\n",
        "wrong-core.lua:6: cpu: unknown key "
        "'l2.wais'; the nearest known one is 'l2.ways'");
    bad(HEAD "return { " CPUS ", smccc = '1.1' }\n", "t.lua:2: smccc: found '1.1', expected one of 1.0, 1.2");
    bad(HEAD "return { " CPUS ", speed = 3 }\n",
        "t.lua:2: unknown setting 'speed' with 3; known settings: "
        "console, psci, smccc, quantum; models may stand under any key");
    /* wrong unit, wrong type, out of range */
    bad(HEAD "local r = tg.ram{ base = 0, size = '1MHz' }\n",
        "t.lua:2: ram: size: found '1MHz', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, "
        "TiB)");
    bad(HEAD "local r = tg.ram{ base = 0, size = 1048576 }\n",
        "t.lua:2: ram: size: found '1048576', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, "
        "TiB)");
    bad(HEAD "local r = tg.ram{ base = 0, size = {} , latency = {} }\n",
        "t.lua:2: ram: latency: found a table, expected a time such as \"90ns\"");
    bad(HEAD "local r = tg.ram{ base = '0' }\n",
        "t.lua:2: ram.base: found '0', expected an address such as 0x09000000");
    bad(HEAD "local c = tg.cpu{ pipeline = { kind = 'inodrer' } }\n",
        "t.lua:2: cpu: pipeline.kind: found 'inodrer', expected one of inorder, window; the nearest is "
        "'inorder'");
    bad(HEAD "local c = tg.cpu{ part = 3 }\n", "t.lua:2: cpu: part: found 3, expected text");
    bad(HEAD "local r = tg.ram(5)\n", "t.lua:2: ram: found 5, expected a table of parameters: tg.ram{ ... }");
    /* overlaps: both places */
    bad(HEAD "local a = tg.ram{ base = 0x40000000, size = '1MiB' }\n"
             "local b = tg.ram{\n  size = '1MiB',\n  base = 0x400ff000,\n}\n"
             "return { a = a, b = b, " CPUS " }\n",
        "t.lua:5: b at 0x400ff000..0x401fefff overlaps a at 0x40000000..0x400fffff, placed at t.lua:2");
    bad(HEAD "return { a = tg.ram{ base = -4096, size = '1MiB' }, " CPUS " }\n",
        "t.lua:2: a: 0x100000 bytes at 0xfffffffffffff000 are none, or reach past the end of the address "
        "space");
    /* interrupts */
    bad(HEAD GIC "local u = tg.pl011{ base = 0x9000000 }\nu.irq = gic:spi(988)\n",
        "t.lua:4: gicv3:spi: found 988, expected a number from 0 to 255");
    bad(HEAD GIC "local u = tg.pl011{ base = 0x9000000 }\nu.irq = 33\n",
        "t.lua:4: pl011.irq: found 33, expected an interrupt line such as gic:spi(1)");
    bad(HEAD GIC "local u = tg.pl011{ base = 0x9000000 }\nu.irq = 'gic.spi1'\n",
        "t.lua:4: pl011.irq: found 'gic.spi1', expected an interrupt line such as gic:spi(1)");
    bad(HEAD GIC "local u = tg.pl011{ base = 0x9000000, irq = gic:spi(1) }\nu.irq = gic:spi(2)\n",
        "t.lua:4: pl011.irq is bound already, at t.lua:3");
    bad(HEAD GIC "local u = tg.pl011{ base = 0x9000000, irq = gic:spi(1) }\n"
                 "local v = tg.pl011{ base = 0xa000000, irq = gic:spi(1) }\n"
                 "return { u = u, v = v, gic = gic, " CPUS " }\n",
        "t.lua:4: interrupt 33 of gic has a source already: u.irq, bound at t.lua:3");
    bad(HEAD GIC "local u = tg.pl011{ base = 0x9000000 }\nreturn { u = u, gic = gic, " CPUS " }\n",
        "t.lua:3: u: port irq is not bound: write u.irq = gic:spi(n)");
    bad(HEAD GIC "return { u = tg.pl011{ base = 0x9000000, irq = gic:spi(1) }, " CPUS " }\n",
        "t.lua:3: u.irq: this interrupt controller is not in the platform's table");
    bad(HEAD "return { fabric = tg.ram{ base = 0, size = '1MiB' }, " CPUS " }\n",
        "t.lua:2: fabric: found a ram, expected a tg.fabric under this key");
    /* missing pieces */
    bad(HEAD "return { r = tg.ram{ size = '1MiB' }, " CPUS " }\n",
        "t.lua:2: r: base is missing: the address of its registers");
    bad(HEAD "return { gic = tg.gicv3{ base = { dist = 0 } }, " CPUS " }\n",
        "t.lua:2: gic: base.redist is missing: the address of its registers");
    bad(HEAD "return { gic = tg.gicv3{ base = { dits = 0 } }, " CPUS " }\n",
        "t.lua:2: gicv3.base: unknown key 'dits'; the nearest known one is 'dist'");
    bad(HEAD "return { ram = tg.ram{ base = 0 } }\n",
        "t.lua: the platform has no PEs: expected cpus = tg.cpus{ ... }");
    bad(HEAD, "t.lua: found a nil, expected the platform to return a table of objects");
    bad(HEAD "return { cpus = tg.cpus{ count = 2 } }\n",
        "t.lua:2: cpus: core is missing, expected a core such as tg.core(\"cortex-a57\")");
    bad(HEAD "return { cpus = tg.cpus{ count = 2, core = tg.core 'test-core', mpidr = function() return 7 "
             "end } }\n",
        "t.lua:2: cpus: mpidr(1): found 0x7, which PE 0 has already");
    bad(HEAD GIC "return { a = gic, b = tg.gicv3{ base = { dist = 0, redist = 0x100000 } }, " CPUS " }\n",
        "t.lua:3: b: the platform has an interrupt controller already: a");
}

/* Sets of different cores: numbers in the order in which they are made, keys by their names, parameters of
 * their own even where they were given one core, a cache for each cluster. */
static void two_sets(void **state)
{
    static const char text[] = HEAD GIC
        "local core = tg.core('test-core', { freq = '1.5GHz' })\n"
        "local little = tg.cpus{ count = 3, core = core, quantum = '100ns',\n"
        "  cache = tg.cluster_cache{ size = '512KiB', ways = 8 } }\n"
        "local big = tg.cpus{ count = 2, core = core, freq = '2.5GHz', mpidr = { aff2 = 7, mt = true },\n"
        "  cache = tg.cluster_cache{ size = '2MiB' }, opps = {{ freq = '1GHz' }, { freq = '2.5GHz' }} }\n"
        "return { big = big, little = little, gic = gic, ram = tg.ram{ base = 0x40000000, size = '1MiB' },\n"
        "  ram2 = tg.ram{ base = 0x880000000, size = '2MiB' } }\n";
    const char *const sets[] = {"big.core.l2.size=1MiB", "little.count=4", "big.cache.ways=4", NULL};
    const uint64_t mpidr[6] = {0, 1, 2, 3, 0x1070000, 0x1070100};
    struct machine *m = good(text, sets);
    struct tg_error err = {""};

    (void)state;
    assert_int_equal(m->n_pes, 6);
    assert_int_equal(m->n_sets, 2);
    assert_string_equal(m->sets[0].name, "little");
    assert_string_equal(m->sets[1].name, "big");
    assert_int_equal(m->sets[1].first, 4);
    assert_int_equal(m->sets[1].count, 2);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(m->pes[i].mpidr, mpidr[i]);
        assert_int_equal(m->pes[i].set, i >= 4);
        assert_int_equal(m->pes[i].cpu->freq, i < 4 ? 1500000000 : 2500000000);
        assert_int_equal(m->pes[i].cpu->l2_size, i < 4 ? 512 << 10 : 1 << 20);
        assert_int_equal(machine_quantum(m, i), i < 4 ? 100 * TG_NS : 500 * TG_NS);
    }
    assert_string_equal(m->core_name, "test-core"); /* one kind of core, whatever the sets are */
    assert_int_equal(m->sets[1].n_opps, 2);
    assert_string_equal(machine_get_config(m, "little.count"), "4");
    assert_string_equal(machine_get_config(m, "little.core.freq"), "1.5GHz");
    assert_string_equal(machine_get_config(m, "big.core.freq"), "2.5GHz");
    assert_string_equal(machine_get_config(m, "big.core.l2.size"), "1MiB");
    assert_string_equal(machine_get_config(m, "little.core.l2.size"), "512KiB");
    assert_string_equal(machine_get_config(m, "little.cache.size"), "512KiB");
    assert_string_equal(machine_get_config(m, "little.quantum"), "100ns");
    assert_null(machine_get_config(m, "cpus.count"));
    if (machine_realize(m, &err))
        fail_msg("%s", err.text);
    assert_int_equal(m->pes[5].cpu->mpidr, 0x1070100);
    assert_int_equal(m->pes[1].cpu->outer_size, 512 << 10);
    assert_int_equal(m->pes[1].cpu->outer_ways, 8);
    assert_int_equal(m->pes[4].cpu->outer_size, 2 << 20);
    assert_int_equal(m->pes[4].cpu->outer_ways, 4);
    assert_int_equal(machine_region_of(m, m->gic, 1)->size, 6 * 0x20000);
    /* both banks are memory */
    assert_non_null(machine_memory(m, 0x40000000, 1 << 20));
    assert_non_null(machine_memory(m, 0x880000000 + (1 << 20), 1 << 20));
    assert_null(machine_memory(m, 0x880000000 + (1 << 20), (1 << 20) + 1));
    machine_free(m);
    /* Several cores have several names. */
    m = good(HEAD "return { a = tg.cpus{ core = tg.core 'test-core', count = 2 }, b = tg.cpus{ core = "
                  "tg.core 'mini-core' } }\n",
             NULL);
    assert_string_equal(m->core_name, "2x test-core + 1x mini-core");
    assert_int_equal(m->pes[2].mpidr, 0x100);
    machine_free(m);
    /* One cache may serve two sets. */
    m = good(
        HEAD
        "local l3 = tg.cluster_cache{}\nreturn { a = tg.cpus{ core = tg.core 'test-core', cache = l3 },\n"
        "b = tg.cpus{ core = tg.core 'test-core', cache = l3 }, l3 = l3 }\n",
        NULL);
    assert_non_null(m->sets[0].cache);
    assert_ptr_equal(m->sets[0].cache, m->sets[1].cache);
    if (machine_realize(m, &err))
        fail_msg("%s", err.text);
    machine_free(m);
}

#define SETS(a, b)                                                                 \
    HEAD "local core = tg.core 'test-core'\nreturn { a = tg.cpus{ core = core, " a \
         " },\n  b = tg.cpus{ core = core, " b " } }\n"

static void set_mistakes_of_two(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {SETS("count = 2", "mpidr = function(i) return 1 end"),
         "t.lua:4: cpus: mpidr(0): found 0x1, which PE 1 has already (a, made at t.lua:3)"},
        {SETS("count = 2", "mpidr = { mt = true, aff0 = 1 }"), /* MT is no part of the affinity */
         "t.lua:4: cpus: mpidr(0): found 0x1, which PE 1 has already (a, made at t.lua:3)"},
        {SETS("count = 40", "count = 25"),
         "t.lua:4: cpus: count: found 65 PEs in all sets so far, expected at most 64"},
        {SETS("count = 0", ""), "t.lua:3: cpus: count: found 0, expected a number from 1 to 64"},
        {SETS("count = 2", "power_domain = 1"), "t.lua:4: cpus: unknown key 'power_domain'; known keys: "
                                                "cache, core, count, freq, mpidr, opps, quantum"},
        {SETS("fraq = '1GHz'", ""), "t.lua:3: cpus: unknown key 'fraq'; the nearest known one is 'freq'"},
        {SETS("mpidr = { aff4 = 1 }", ""),
         "t.lua:3: cpus: mpidr: unknown key 'aff4'; the nearest known one is 'aff0'"},
        {SETS("mpidr = { aff1 = 256 }", ""),
         "t.lua:3: cpus: mpidr: aff1: found 256, expected a number from 0 to 255"},
        {SETS("mpidr = { mt = 1 }", ""), "t.lua:3: cpus: mpidr: mt: found 1, expected true or false"},
        {SETS("mpidr = { aff0 = 250 }, count = 7", ""),
         "t.lua:3: cpus: mpidr: PE 6 of the set does not fit in Aff0, which begins at 250"},
        {SETS("mpidr = 7", ""),
         "t.lua:3: cpus: mpidr: found 7, expected a function of the PE's number, or the first one's "
         "fields such as { aff1 = 1 }"},
        {SETS("mpidr = function() return 1 << 24 | 1 << 25 end", ""),
         "t.lua:3: cpus: mpidr(0): found 50331648, expected affinity fields (bits 39:32 and 23:0, MT in bit "
         "24, or a table of "
         "aff0 to aff3 and mt)"},
        {SETS("cache = core", ""),
         "t.lua:3: cpus: cache: found a cpu, expected a cache such as tg.cluster_cache{ size = \"1MiB\" }"},
        {SETS("quantum = '1ps'", ""), "t.lua:3: cpus: quantum: found '1ps', expected 1ns to 100us"},
        {SETS("opps = {{ freq = '1GHz' }}", ""), "t.lua:3: cpus: opps: none of them is the clock, 2.6GHz"},
        {SETS("opps = {{ freq = '3GHz' }, { freq = '2.6GHz' }}", ""),
         "t.lua:3: cpus: opps[2]: freq: found '2.6GHz', expected more than the point before it has"},
        {SETS("opps = {{ freq = '2.6GHz', microvlt = 1 }}", ""),
         "t.lua:3: cpus: opps[1]: unknown key 'microvlt'; the nearest known one is 'microvolt'"},
        {SETS("cache = tg.cluster_cache{ szie = '1MiB' }", ""),
         "t.lua:3: cluster_cache: unknown key 'szie'; the nearest known one is 'size'"},
        {HEAD "return { " CPUS ", l3 = tg.cluster_cache{} }\n",
         "t.lua:2: l3: no PEs have this cache: write tg.cpus{ cache = l3 }"},
    };
    static const struct {
        const char *set, *message;
    } keys[] = {
        {"cpus.count=2", "--set cpus.count=2: no such key; the nearest known one is 'a.count'"},
        {"b.core.fraq=1GHz", "--set b.core.fraq=1GHz: no such key; the nearest known one is 'b.core.freq'"},
        {"b.count=64", "t.lua:4: cpus: count: found 65 PEs in all sets so far, expected at most 64"},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++)
        bad(rows[i].text, rows[i].message);
    for (size_t i = 0; i < TG_ARRAY_SIZE(keys); i++) {
        const char *const sets[] = {keys[i].set, NULL};

        bad_set(SETS("count = 1", "count = 1"), sets, keys[i].message);
    }
}

static void lua_errors(void **state)
{
    (void)state;
    bad("local x = nil\nlocal y = x.field\n", "t.lua:2: attempt to index a nil value (local 'x')");
    bad("return {\n", "t.lua:2: unexpected symbol near <eof>");
    bad("error('my own message')\n", "t.lua:1: my own message");
    bad("error({})\n", "t.lua: the platform raised an error that is not text");
    bad("local n = 0\nwhile true do\n  n = n + 1\nend\n",
        "t.lua:3: the platform has taken 10 million Lua instructions: an endless loop?");
    bad("local t = {}\nfor i = 1, 1e9 do t[i] = ('x'):rep(1000000) .. i end\n",
        "t.lua: the platform takes more than 256 MiB of memory");
    /* the sandbox */
    bad("io.open('/etc/passwd')\n", "t.lua:1: attempt to index a nil value (global 'io')");
    bad("os.execute('true')\n", "t.lua:1: attempt to index a nil value (global 'os')");
    bad("load('return 1')()\n", "t.lua:1: attempt to call a nil value (global 'load')");
    bad("return debug.getinfo(1)\n", "t.lua:1: attempt to index a nil value (global 'debug')");
    bad("print(math.random())\n", "t.lua:1: attempt to call a nil value (field 'random')");
    bad("setmetatable({}, {})\n", "t.lua:1: attempt to call a nil value (global 'setmetatable')");
    bad("require '../x'\n",
        "t.lua:1: require: found '../x', expected a name of letters, digits, '_' and '-'");
    bad("require 'x'\n", "t.lua:1: require: no module 'x' beside the platform or in the library");
}

/* A platform may have modules of its own beside it. */
static void own_module(void **state)
{
    char path[64];
    struct machine *m;
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/parts.lua", dir);
    f = fopen(path, "w");
    fputs("local tg = require 'tollgate'\nlocal p = {}\nfunction p.memory(s)\n  local r = tg.ram{ base = 0, "
          "size = s }\n  return r\nend\nreturn p\n",
          f);
    fclose(f);
    m = good(HEAD "local p = require 'parts'\nreturn { " CPUS
                  ", ram = p.memory '1MiB', more = { tg.ram{ base = 0x100000, size = '4KiB' } } }\n",
             NULL);
    assert_string_equal(m->models[2]->name, "ram");
    machine_free(m);
    m = NULL;
    bad(HEAD "local p = require 'parts'\nreturn { ram = p.memory '1Mb' }\n",
        "parts.lua:4: ram: size: found '1Mb', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, "
        "TiB)");
}

/* Lists become name0, name1 ...; the description is the same each time. */
static void lists_and_order(void **state)
{
    static const char text[] =
        HEAD "local z = {}\nfor i = 0, 4 do z[i + 1] = tg.ram{ base = i << 20, size = '1MiB' } end\n"
             "return { z = z, a = tg.ram{ base = 0x40000000 }, " CPUS " }\n";
    struct machine *m = good(text, NULL), *n = good(text, NULL);

    (void)state;
    assert_string_equal(m->models[0]->name, "cpu0");
    assert_string_equal(m->models[1]->name, "a");
    assert_string_equal(m->models[2]->name, "z0");
    assert_string_equal(m->models[6]->name, "z4");
    assert_string_equal(machine_get_config(m, "z.4.size"), "1MiB");
    assert_int_equal(m->n_config, n->n_config);
    for (size_t i = 0; i < m->n_config; i++) {
        assert_string_equal(m->config[i].key, n->config[i].key);
        assert_string_equal(m->config[i].value, n->config[i].value);
    }
    machine_free(m);
    machine_free(n);
}

static void external_target(void **state)
{
    const struct machine_external *x;
    struct machine *m =
        good(HEAD GIC "local t = tg.tlm_target{ library = 'libx.so', base = 0x1000, size = '4KiB',\n"
                      "  args = { b = 2, a = 'one' } }\n"
                      "t.irq = gic:spi(9)\n"
                      "return { t = t, gic = gic, " CPUS " }\n",
             NULL);

    (void)state;
    assert_int_equal(m->n_externals, 1);
    x = &m->externals[0];
    assert_string_equal(x->name, "t");
    assert_string_equal(x->library, "libx.so");
    assert_int_equal(x->n_args, 2);
    assert_string_equal(x->arg_keys[0], "a");
    assert_string_equal(x->arg_values[1], "2");
    assert_int_equal(x->irq.line, gic_spi_line(9));
    machine_free(m);
    bad(HEAD "return { t = tg.tlm_target{ library = 'x', base = 0 }, " CPUS " }\n",
        "t.lua:2: tlm_target: size is missing");
    bad(HEAD "return { t = tg.tlm_target{ libary = 'x' }, " CPUS " }\n",
        "t.lua:2: tlm_target: unknown key 'libary'; the nearest known one is 'library'");
    bad(HEAD "return { t = tg.tlm_target{ library = 'x', base = 0, size = '1s' }, " CPUS " }\n",
        "t.lua:2: tlm_target: size: found '1s', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, "
        "TiB)");
}

static void finding(void **state)
{
    struct tg_error err;
    char *p;

    (void)state;
    assert_null(platform_find("no/such/file.lua", TEST_PLATFORMS, &err));
    assert_string_equal(err.text, "no/such/file.lua: No such file or directory");
    assert_null(platform_find("test-cor", TEST_PLATFORMS "/cores", &err));
    assert_string_equal(err.text, "test-cor: no such platform; the nearest known one is 'test-core'");
    p = platform_find("test-core", TEST_PLATFORMS "/cores", &err);
    assert_string_equal(p, TEST_PLATFORMS "/cores/test-core.lua");
    free(p);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "%s/t.lua", dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/parts.lua", dir);
    unlink(path);
    return rmdir(dir);
}

static enum tg_bus_resp access_from(struct machine *m, uint64_t addr, bool secure)
{
    uint32_t v = 0;
    struct tg_bus_txn txn = {.addr = addr, .data = &v, .size = 4, .attrs.secure = secure};

    m->fabric->cls->transport(m->fabric, 0, &txn);
    return txn.resp;
}

/* `secure = true` of any model with registers: Non-secure accesses are refused. */
static void secure_device(void **state)
{
    (void)state;
    struct machine *m =
        good(HEAD GIC "local u = tg.pl011{ base = 0x9040000, irq = gic:spi(8), secure = true }\n"
                      "local v = tg.pl011{ base = 0x9000000, irq = gic:spi(1) }\n"
                      "assert(u.secure and not v.secure)\n"
                      "return { gic = gic, u = u, v = v, " CPUS " }",
             NULL);
    struct tg_error err = {""};

    assert_true(machine_region_of(m, machine_find(m, "u"), 0)->secure);
    assert_false(machine_region_of(m, machine_find(m, "v"), 0)->secure);
    assert_int_equal(machine_realize(m, &err), 0);
    assert_int_equal(access_from(m, 0x9040018, true), TG_BUS_OK);
    assert_int_equal(access_from(m, 0x9040018, false), TG_BUS_SLVERR);
    assert_int_equal(access_from(m, 0x9000018, false), TG_BUS_OK);
    machine_free(m);
    bad(HEAD "return { u = tg.pl031{ base = 0, secure = 1 }, " CPUS " }",
        "t.lua:2: pl031.secure: found 1, expected true or false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_what_it_says),
        cmocka_unit_test(set_overrides),
        cmocka_unit_test(set_mistakes),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(origins),
        cmocka_unit_test(two_sets),
        cmocka_unit_test(set_mistakes_of_two),
        cmocka_unit_test(lua_errors),
        cmocka_unit_test(own_module),
        cmocka_unit_test(lists_and_order),
        cmocka_unit_test(external_target),
        cmocka_unit_test(finding),
        cmocka_unit_test(secure_device),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
