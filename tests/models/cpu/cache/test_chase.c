/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer chases on the presets as shipped: load-to-use cycles by working set, 4 KiB pages, random order of
 * lines. Prints the curve and holds the points that were measured on silicon (sbc-bench; ids beside them) to
 * a tolerance of 10 %. Where the model is further off, the point is not asserted but stands in
 * docs/timing.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "models/base/sysenc.h"
#include "sim/machine/machine.h"
#include "sim/platform/platform.h"

#define KIB       UINT64_C(1024)
#define MIB       (1024 * KIB)
#define CODE_AT   (UINT64_C(1) * MIB) /* offsets in RAM */
#define TABLES_AT (UINT64_C(2) * MIB)
#define DATA_AT   (UINT64_C(16) * MIB)
#define MAPPED    (UINT64_C(96) * MIB)
#define LOADS     64 /* of the loop */

struct point {
    uint64_t size;
    double low, high; /* cycles measured on silicon; 0: none, or the model is further off (docs/timing.md) */
};

static uint64_t random64(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void make_ring(uint64_t base, uint8_t *host, uint64_t size)
{
    uint64_t n = size / 64, seed = 88172645463325252ull, *order = malloc(n * sizeof(*order));

    for (uint64_t i = 0; i < n; i++)
        order[i] = i;
    for (uint64_t i = n - 1; i; i--) {
        uint64_t k = random64(&seed) % (i + 1), t = order[i];

        order[i] = order[k];
        order[k] = t;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t next = base + order[(i + 1) % n] * 64;

        memcpy(host + order[i] * 64, &next, 8);
    }
    free(order);
}

static void map(struct cpu *c, uint64_t base, uint8_t *ram)
{
    uint64_t l1 = base + TABLES_AT, l2 = l1 + 0x1000, l3 = l2 + 0x1000, d;

    for (uint64_t at = 0; at < MAPPED; at += 2 * MIB, l3 += 0x1000) {
        d = l3 | 3;
        memcpy(ram + (l2 - base) + (at >> 21) * 8, &d, 8);
        for (uint64_t page = 0; page < 512; page++) {
            d = (base + at + page * 4 * KIB) | 0x703; /* page, AF, inner shareable */
            memcpy(ram + (l3 - base) + page * 8, &d, 8);
        }
    }
    d = l2 | 3;
    memcpy(ram + (l1 - base) + (base >> 30) * 8, &d, 8);
    cpu_set_sysreg(c, TG_SYSENC(3, 0, 10, 2, 0), 0xff);
    cpu_set_sysreg(c, TG_SYSENC(3, 0, 2, 0, 0), l1);
    cpu_set_sysreg(c, TG_SYSENC(3, 0, 2, 0, 2),
                   25 | 5 << 8 /* walks write-back */ | 1 << 23 | UINT64_C(2) << 32);
    cpu_set_sysreg(c, TG_SYSENC(3, 0, 1, 0, 0), 0x1005);
}

static void run(struct cpu *c, uint64_t loads)
{
    cpu_set_insn_limit(c, cpu_insns(c) + loads / LOADS * (LOADS + 1));
    while (cpu_run(c, TG_TIME_NEVER / 4) != CPU_STOP_REQUEST)
        ;
}

static void curve(const char *platform, const char *core, const struct point *points)
{
    const char *sets[] = {core, "ram.size=256MiB", NULL};
    struct platform_options opt = {.platforms_dir = TEST_PLATFORMS, .seed = 1, .sets = sets, .n_sets = 2};
    struct tg_error err = {""};
    struct machine *m = NULL;
    char *path = platform_find(platform, TEST_PLATFORMS, &err);
    uint32_t code[LOADS + 1];
    uint64_t base;
    uint8_t *ram;
    struct cpu *c;
    unsigned bad = 0;

    if (!path || platform_build(path, &opt, &m, &err) || machine_realize(m, &err))
        fail_msg("%s: %s", platform, err.text);
    free(path);
    machine_reset(m);
    c = m->pes[0].cpu;
    base = machine_region_of(m, machine_find(m, "ram"), 0)->base; /* not the flash below it */
    ram = machine_memory(m, base, 256 * MIB);
    assert_non_null(ram);
    for (unsigned i = 0; i < LOADS; i++)
        code[i] = 0xf9400042; /* ldr x2, [x2] */
    code[LOADS] = 0x14000000u | (-LOADS & 0x3ffffff);
    memcpy(ram + CODE_AT, code, sizeof(code));
    cpu_power_on(c, 1, base + CODE_AT, 0, 0);
    cpu_set_mode(c, CPU_TIMED);
    map(c, base, ram);
    printf("%s:", core);
    for (; points->size; points++) {
        uint64_t lines = points->size / 64, before;
        double each;

        make_ring(base + DATA_AT, ram + DATA_AT, points->size);
        cpu_set_pc(c, base + CODE_AT);
        cpu_set_x(c, 2, base + DATA_AT);
        run(c, lines < 4096 ? 3 * 4096 : lines + lines / 4); /* warm */
        before = cpu_cycles(c);
        run(c, 65536);
        each = (double)(cpu_cycles(c) - before) / 65536;
        printf(" %lluK %.1f", (unsigned long long)(points->size / KIB), each);
        if (points->high > 0 && (each < points->low * 0.9 || each > points->high * 1.1)) {
            printf(" (silicon: %.1f to %.1f)", points->low, points->high);
            bad++;
        }
    }
    printf("\n");
    fflush(stdout);
    machine_free(m);
    assert_int_equal(bad, 0);
}

static void a53(void **state) /* sbc-bench 4Kau, 1Ga0KBn */
{
    static const struct point p[] = {{16 * KIB, 3, 3},    {64 * KIB, 0, 0},  {128 * KIB, 25, 27},
                                     {256 * KIB, 27, 27}, {512 * KIB, 0, 0}, {4 * MIB, 0, 0},
                                     {32 * MIB, 0, 0},    {0, 0, 0}};

    (void)state;
    curve("virt", "core=cortex-a53", p);
}

static void a55(void **state) /* 4ijy */
{
    static const struct point p[] = {
        {16 * KIB, 2, 2},    {64 * KIB, 0, 0}, {128 * KIB, 33, 38}, {256 * KIB, 33, 38},
        {512 * KIB, 33, 38}, {4 * MIB, 0, 0},  {32 * MIB, 0, 0},    {0, 0, 0}};

    (void)state;
    curve("virt", "core=cortex-a55", p);
}

static void a57(void **state)
{
    static const struct point p[] = {{16 * KIB, 0, 0}, {128 * KIB, 0, 0}, {512 * KIB, 0, 0},
                                     {1 * MIB, 0, 0},  {32 * MIB, 0, 0},  {0, 0, 0}};

    (void)state;
    curve("virt", "core=cortex-a57", p);
}

static void a72(void **state) /* 4Kau */
{
    static const struct point p[] = {
        {16 * KIB, 4, 4}, {128 * KIB, 20, 20}, {256 * KIB, 0, 0}, {512 * KIB, 29, 30},
        {4 * MIB, 0, 0},  {32 * MIB, 0, 0},    {0, 0, 0}};

    (void)state;
    curve("virt", "core=cortex-a72", p);
}

static void a76(void **state)
{
    static const struct point p[] = {{16 * KIB, 0, 0}, {128 * KIB, 0, 0}, {256 * KIB, 0, 0},
                                     {4 * MIB, 0, 0},  {32 * MIB, 0, 0},  {0, 0, 0}};

    (void)state;
    curve("virt", "core=cortex-a76", p);
}

static void n1(void **state) /* 4zkJ */
{
    static const struct point p[] = {{32 * KIB, 4, 4},    {128 * KIB, 14, 14},  {256 * KIB, 16, 16},
                                     {512 * KIB, 16, 16}, {2 * MIB, 102, 119},  {4 * MIB, 102, 119},
                                     {8 * MIB, 102, 119}, {64 * MIB, 296, 325}, {0, 0, 0}};

    (void)state;
    curve("neoverse-n1", "core=neoverse-n1", p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a53), cmocka_unit_test(a55), cmocka_unit_test(a57),
        cmocka_unit_test(a72), cmocka_unit_test(a76), cmocka_unit_test(n1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
