/* SPDX-License-Identifier: Apache-2.0 */
/* The platforms and cores that are shipped: each elaborates and realizes, with the real models. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "models/base/sysenc.h"
#include "models/cpu/cpu.h"
#include "models/cpu/features.h"
#include "sim/machine/machine.h"
#include "sim/platform/platform.h"

static struct machine *up(const char *name, const char *const *sets)
{
    struct platform_options opt = {.platforms_dir = TEST_PLATFORMS, .seed = 1, .sets = sets};
    struct tg_error err = {""};
    struct machine *m = NULL;
    char *path = platform_find(name, TEST_PLATFORMS, &err);

    while (sets && sets[opt.n_sets])
        opt.n_sets++;
    if (!path || platform_build(path, &opt, &m, &err) || machine_realize(m, &err))
        fail_msg("%s: %s", name, err.text);
    free(path);
    machine_reset(m);
    return m;
}

static void every_platform(void **state)
{
    char **names = platform_names(TEST_PLATFORMS, "");
    unsigned n = 0;

    (void)state;
    for (; names[n]; n++)
        machine_free(up(names[n], NULL));
    assert_true(n >= 3);
    platform_free_names(names);
}

static void every_core_on_virt(void **state)
{
    char **names = platform_names(TEST_PLATFORMS, "cores");
    unsigned n = 0;

    (void)state;
    for (; names[n]; n++) {
        char core[64];
        const char *const sets[] = {core, "cpus.count=2", NULL};
        struct machine *m;

        snprintf(core, sizeof(core), "core=%s", names[n]);
        m = up("virt", sets);
        assert_string_equal(m->core_name, names[n]);
        machine_free(m);
    }
    assert_true(n >= 6);
    platform_free_names(names);
}

/* armv8.6-max has every switch but those of which a core has one. */
static void max_has_everything(void **state)
{
    const char *const sets[] = {"core=armv8.6-max", "el3=true", NULL};
    struct machine *m = up("virt", sets);
    unsigned missing = 0;

    (void)state;
    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++) {
        char name[64];
        const struct tg_param *p;
        bool alternative = i == CPU_FEAT_PACQARMA3 || i == CPU_FEAT_PACIMP, on;

        snprintf(name, sizeof(name), "features.%s", cpu_feature_name(i));
        p = tg_model_param(&cpu_class, name);
        assert_non_null(p);
        on = *(const bool *)((const char *)m->pes[0].model + p->offset);
        if (on == alternative) {
            print_message("armv8.6-max: %s is %s\n", name, on ? "on" : "missing");
            missing++;
        }
    }
    assert_int_equal(missing, 0);
    machine_free(m);
}

/* CTR_EL0 and CLIDR_EL1 as the cores have them in silicon: Linux's messages on SC7180 (A55), BCM2712 (A76),
 * Graviton2 (N1); the manuals of the others. CLIDR_EL1 without the levels that a cluster adds. */
static void cache_types(void **state)
{
    static const struct {
        const char *core;
        uint32_t ctr, lou;
    } rows[] = {
        {"cortex-a53", 0x84448004, 1}, {"cortex-a55", 0x84448004, 0}, {"cortex-a57", 0x8444c004, 1},
        {"cortex-a72", 0x8444c004, 1}, {"cortex-a76", 0x9444c004, 0}, {"neoverse-n1", 0xb444c004, 0},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        char core[64];
        const char *const sets[] = {core, NULL};
        struct machine *m;
        uint64_t v;

        snprintf(core, sizeof(core), "core=%s", rows[i].core);
        m = up("virt", sets);
        assert_true(cpu_get_sysreg(m->pes[0].cpu, TG_SYSENC(3, 3, 0, 0, 1), &v));
        assert_int_equal(v, rows[i].ctr);
        assert_true(cpu_get_sysreg(m->pes[0].cpu, TG_SYSENC(3, 1, 0, 0, 1), &v));
        assert_int_equal(v >> 27 & 7, rows[i].lou); /* LoUU */
        assert_int_equal(v >> 21 & 7, rows[i].lou); /* LoUIS */
        machine_free(m);
    }
}

/* The map and the numbers of QEMU's virt board. */
static void virt_is_virt(void **state)
{
    static const struct {
        const char *name;
        unsigned frame;
        uint64_t base;
        int intid;
    } rows[] = {
        {"gic", 0, 0x08000000, -1},      {"gic", 1, 0x080a0000, -1},  {"uart", 0, 0x09000000, 33},
        {"rtc", 0, 0x09010000, 34},      {"gpio", 0, 0x09030000, 39}, {"virtio0", 0, 0x0a000000, 48},
        {"virtio31", 0, 0x0a003e00, 79}, {"ram", 0, 0x40000000, -1},
    };
    const char *const sets[] = {"cpus.count=8", NULL};
    const char *const two[] = {"gic.version=2", "cpus.count=8", NULL};
    struct machine *m = up("virt", sets);

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct tg_model *model = machine_find(m, rows[i].name);

        assert_non_null(model);
        assert_int_equal(machine_region_of(m, model, rows[i].frame)->base, rows[i].base);
        if (rows[i].intid >= 0)
            assert_int_equal(machine_irq_of(m, model, "irq", 0)->intid, rows[i].intid);
    }
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(m->pes[i].mpidr, i);
    machine_free(m);
    m = up("neoverse-n1", sets); /* Aff0 is the thread there: MT */
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(m->pes[i].mpidr, 0x1000000 | i / 4 << 16 | i % 4 << 8);
    machine_free(m);
    m = up("virt", two);
    assert_int_equal(machine_region_of(m, m->gic, 1)->base, 0x08010000);
    assert_int_equal(machine_region_of(m, m->gic, 2)->base, 0x08030000);
    assert_int_equal(machine_region_of(m, m->gic, 3)->base, 0x08040000);
    machine_free(m);
}

/* Sets of PEs keep apart what is theirs; ID registers tell of a cluster's cache behind the core's own. */
static void biglittle(void **state)
{
    const char *const sets[] = {"big.core.l2.size=256KiB", NULL};
    struct machine *m = up("biglittle", sets);
    static const uint64_t mpidr[4] = {0x81000000, 0x81000100, 0x81010000, 0x81010100};
    /* levels 1 separate, 2 and 3 unified, coherency at 3: DDI 0487, CLIDR_EL1 */
    static const uint64_t levels = 3 | 4 << 3 | 4 << 6 | 3 << 24;

    (void)state;
    assert_string_equal(m->core_name, "2x cortex-a55 + 2x cortex-a76");
    for (unsigned i = 0; i < 4; i++) {
        struct cpu *c = m->pes[i].cpu;
        uint64_t v;

        assert_int_equal(cpu_hz(c), i < 2 ? 1800000000 : 2400000000);
        assert_true(cpu_get_sysreg(c, TG_SYSENC(3, 0, 0, 0, 5), &v));
        assert_int_equal(v, mpidr[i]);
        assert_true(cpu_get_sysreg(c, TG_SYSENC(3, 0, 0, 0, 0), &v));
        assert_int_equal(v >> 4 & 0xfff, i < 2 ? 0xd05 : 0xd0b);
        assert_true(cpu_get_sysreg(c, TG_SYSENC(3, 1, 0, 0, 1), &v));
        assert_int_equal(v & ~(UINT64_C(7) << 21 | UINT64_C(7) << 27), levels);
        assert_true(cpu_set_sysreg(c, TG_SYSENC(3, 2, 0, 0, 0), 2 << 1)); /* CSSELR_EL1: level 3 */
        assert_true(cpu_get_sysreg(c, TG_SYSENC(3, 1, 0, 0, 0), &v));
        assert_int_equal(v, 2 | 15 << 3 | (i < 2 ? 511 : 2047) << 13);
        assert_true(cpu_set_sysreg(c, TG_SYSENC(3, 2, 0, 0, 0), 1 << 1));
        assert_true(cpu_get_sysreg(c, TG_SYSENC(3, 1, 0, 0, 0), &v));
        assert_int_equal(v >> 13, i < 2 ? 511 : 511); /* 128 KiB of 4 ways, 256 KiB of 8 */
    }
    machine_free(m);
}

/* What all PEs of a machine share is refused when sets differ in it. */
static void sets_agree(void **state)
{
    static const struct {
        const char *set, *message;
    } rows[] = {
        {"big.core.cntfrq=25MHz",
         "--set big.core.cntfrq=25MHz: "
         "big.core.cntfrq: found 25000000 where little.core has 62500000: there is one system counter"},
        {"little.core.features.el3=false",
         "--set little.core.features.el3=false: little.core.features.el3: found 0 where big.core has 1"},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        const char *const sets[] = {rows[i].set};
        struct platform_options opt = {.platforms_dir = TEST_PLATFORMS, .sets = sets, .n_sets = 1};
        struct tg_error err = {""};
        struct machine *m = NULL;

        assert_int_equal(platform_build(TEST_PLATFORMS "/biglittle.lua", &opt, &m, &err), 0);
        assert_int_equal(machine_realize(m, &err), -EINVAL);
        if (!strstr(err.text, rows[i].message))
            fail_msg("%s", err.text);
        machine_free(m);
    }
}

/* What the models have no form for, alone or together, is refused, and the message names the parameter. */
static void refused(void **state)
{
    static const struct {
        const char *sets[3], *message;
    } rows[] = {
        {{"cpus.core.l1i.line=128"}, "l1i.line"},
        {{"cpus.core.l1d.line=128"}, "l1d.line"},
        {{"cpus.core.l2.line=32"}, "l2.line"},
        {{"cpus.core.l1d.size=0"}, "l1d.size"},
        {{"cpus.core.l2.size=1536KiB", "cpus.core.l2.ways=8"}, "l2.size: found 1572864 bytes"},
        {{"cpus.core.l2.size=512MiB", "cpus.core.l2.ways=1"}, "l2.size: found 8388608 sets"},
        {{"cpus.core.dtlb.entries=1024"}, "dtlb.entries"},
        {{"cpus.core.dtlb.ways=1"}, "dtlb.ways"},
        {{"cpus.core.dtlb.latency=5"}, "dtlb.latency"},
        {{"cpus.core.itlb.latency=5"}, "itlb.latency"},
        {{"cpus.core.l1i.latency=1000"}, "l1i.latency"},
        {{"cpus.core.gic_list_regs=8"}, "gic_list_regs"},
        {{"cpus.core.tlb2.entries=1001", "cpus.core.tlb2.ways=4"}, "tlb2.entries: found 1001"},
        {{"cpus.core.pipeline.btb=3000"}, "pipeline.btb: found 3000"},
        {{"cpus.core.pipeline.btb=0", "cpus.core.pipeline.btb_miss=4"}, "pipeline.btb_miss: found 4"},
        {{"cpus.core.ctx_breakpoints=16", "cpus.core.breakpoints=6"}, "ctx_breakpoints: found 16"},
        {{"cpus.core.pa_bits=41"}, "pa_bits: found 41"},
        {{"cpus.core.error_records=1"}, "error_records: found 1"},
        {{"cpus.core.rng_seed=7"}, "rng_seed: found 7"},
        {{"ram.row_size=8B"}, "row_size: found 8 bytes"},
        {{"ram.row_hit=10ns"}, "row_hit: found 10000 ps"},
        {{"ram.size=1100GiB", "core=cortex-a53"}, "within the 40 address bits"},
        {{"virtio.0.requester=1"}, "requester"},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct platform_options opt = {.platforms_dir = TEST_PLATFORMS, .sets = rows[i].sets};
        struct tg_error err = {""};
        struct machine *m = NULL;
        int rc;

        while (opt.n_sets < TG_ARRAY_SIZE(rows[i].sets) && rows[i].sets[opt.n_sets])
            opt.n_sets++;
        rc = platform_build(TEST_PLATFORMS "/virt.lua", &opt, &m, &err);
        if (!rc)
            rc = machine_realize(m, &err);
        if (rc != -EINVAL || !strstr(err.text, rows[i].message))
            fail_msg("%s: %d: %s", rows[i].sets[0], rc, err.text);
        machine_free(m);
    }
}

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* Found when models are realized: the message begins with the line or the --set of the parameter to blame. */
static void blamed(void **state)
{
    static const char text[] = "local tg = require 'tollgate'\n"
                               "local o = tg.options { n = 1, ways = 16, row = '2KiB', bp = 4 }\n"
                               "return { cpus = tg.cpus { count = o.n, core = tg.core('cortex-a57', {\n"
                               "  l2 = {\n"
                               "    size = '2MiB', ways = o.ways },\n"
                               "  ctx_breakpoints = 2,\n"
                               "  breakpoints = o.bp }) },\n"
                               "  ram = tg.ram { base = 0x40000000, size = '1GiB',\n"
                               "    row_size = o.row } }\n";
    static const struct {
        const char *sets[3], *message;
    } rows[] = {
        /* 16 ways divide 2 MiB; 12 do not, and the file's size is not to blame */
        {{"ways=12"},
         "t.lua:5: cpu0: l2.size: found 2097152 bytes, expected l2.ways (12) times 64 bytes times a "
         "power of two (from --set ways=12)"},
        {{"cpus.core.l2.ways=12"},
         "--set cpus.core.l2.ways=12: cpu0: l2.size: found 2097152 bytes, expected "
         "l2.ways (12) times 64 bytes times a power of two"},
        {{"cpus.core.l2.size=3MiB", "n=2"},
         "--set cpus.core.l2.size=3MiB: cpu0: l2.size: found 3145728 bytes, "
         "expected l2.ways (16) times 64 bytes times a power of two"},
        /* a preset's line is blamed last */
        {{"cpus.core.pa_bits=40", "ram.base=0x10000000000"},
         "--set cpus.core.pa_bits=40: ram: at 0x10000000000..0x1003fffffff: expected to end within the 40 "
         "address "
         "bits of cpu0"},
        {{"ram.size=64TiB"},
         "--set ram.size=64TiB: ram: at 0x40000000..0x40003fffffff: expected to end within the "
         "44 address bits of cpu0"},
        {{"row=96B"}, "t.lua:9: ram: row_size: found 96 bytes"},
        /* the file's 2 has nothing to do with the 2 of n */
        {{"n=2", "bp=16"}, NULL},
        {{"n=2", "cpus.core.tlb2.entries=1001"},
         "--set cpus.core.tlb2.entries=1001: cpu0: tlb2.entries: found 1001"},
    };

    char dir[] = "/tmp/tg-shipped-XXXXXX", path[64];
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/t.lua", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct platform_options opt = {.platforms_dir = TEST_PLATFORMS, .sets = rows[i].sets};
        struct tg_error err = {""};
        struct machine *m = NULL;
        int rc;

        while (opt.n_sets < TG_ARRAY_SIZE(rows[i].sets) && rows[i].sets[opt.n_sets])
            opt.n_sets++;
        rc = platform_build(path, &opt, &m, &err);
        if (!rc)
            rc = machine_realize(m, &err);
        if (rc != (rows[i].message ? -EINVAL : 0) ||
            (rows[i].message &&
             !starts(err.text + (starts(err.text, dir) ? strlen(dir) + 1 : 0), rows[i].message)))
            fail_msg("%s: %d: %s", rows[i].sets[0], rc, err.text);
        machine_free(m);
    }
    unlink(path);
    rmdir(dir);
}

/* `config` has what is simulated, the parts that no platform names, too. */
static void config_is_resolved(void **state)
{
    static const struct {
        const char *sets[3], *key, *value;
    } rows[] = {
        {{NULL}, "fabric.latency", "10ns"},
        {{"fabric.latency=0ns"}, "fabric.latency", "0ps"},
        {{"fabric.slc.size=4MiB"}, "fabric.slc.size", "4MiB"},
        {{"core=armv8.6-max"}, "cpus.core.pa_bits", "52"}, /* features.lpa */
        {{"core=cortex-a57"}, "cpus.core.pa_bits", "44"},
        {{"cpus.core.l1d.latency=9"}, "cpus.core.pipeline.load.latency", "9"},
        {{"cpus.core.l1d.latency=9"}, "cpus.core.pipeline.alu.latency", "1"},
        {{"cpus.core.l1d.latency=2", "cpus.core.pipeline.load.latency=3"},
         "cpus.core.pipeline.load.latency",
         "3"},
        {{"core=cortex-a76"}, "cpus.core.features.vhe", "true"},
        {{"core=cortex-a76", "el2=false"}, "cpus.core.features.vhe", "false"}, /* goes with EL2 */
        {{"ram.size=2GiB"}, "ram.size", "2GiB"},
    };

    (void)state;
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct machine *m = up("virt", rows[i].sets);
        const char *value = machine_get_config(m, rows[i].key);

        if (!value || strcmp(value, rows[i].value))
            fail_msg("%s: found %s, expected %s", rows[i].key, value ? value : "nothing", rows[i].value);
        machine_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(biglittle),
        cmocka_unit_test(sets_agree),
        cmocka_unit_test(every_platform),
        cmocka_unit_test(every_core_on_virt),
        cmocka_unit_test(max_has_everything),
        cmocka_unit_test(cache_types),
        cmocka_unit_test(virt_is_virt),
        cmocka_unit_test(refused),
        cmocka_unit_test(blamed),
        cmocka_unit_test(config_is_resolved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
