/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree code of the guest programs (lib/fdt.c, fdtw.c, guest_dt.c), run natively and held against
 * libfdt: what the writer writes is a whole tree that says what was asked for, what the reader reads is what
 * libfdt reads, and a buffer that is too small is refused without a byte written behind it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/guest_dt.h"
#include <libfdt.h>

enum { CAP = 65536 };

static const struct guest_dt example = {
    .ram_size = UINT64_C(0x140000000),
    .initrd_start = UINT64_C(0x123456000),
    .initrd_end = UINT64_C(0x123999abc),
    .cpus = 3,
    .gic = 3,
    .uart_irq = true,
    .pmu = true,
    .bootargs = "console=ttyAMA0 a=\"b c\"",
    .modules = {{UINT64_C(0x170000000), 0x1234, "console=hvc0"}, {UINT64_C(0x160000000), 0x56, NULL}},
    .n_modules = 2,
};

static int node(const void *blob, const char *path)
{
    int off = fdt_path_offset(blob, path);
    assert_true(off >= 0);
    return off;
}

static void writer_agrees_with_libfdt(void **state)
{
    uint8_t *blob = malloc(CAP);
    int len;
    (void)state;
    int64_t n = guest_dt_write(&example, blob, CAP);
    assert_true(n > 0 && n < CAP);
    assert_int_equal(fdt_check_full(blob, (size_t)n), 0);
    assert_int_equal(fdt_totalsize(blob), n);
    assert_string_equal(fdt_getprop(blob, node(blob, "/chosen"), "bootargs", &len), example.bootargs);
    const fdt64_t *v = fdt_getprop(blob, node(blob, "/chosen"), "linux,initrd-start", &len);
    assert_int_equal(len, 8);
    assert_int_equal(fdt64_ld(v), example.initrd_start);
    v = fdt_getprop(blob, node(blob, "/chosen"), "linux,initrd-end", &len);
    assert_int_equal(fdt64_ld(v), example.initrd_end);
    v = fdt_getprop(blob, node(blob, "/chosen/module-kernel"), "reg", &len);
    assert_int_equal(len, 16);
    assert_int_equal(fdt64_ld(v), example.modules[0].start);
    assert_int_equal(fdt64_ld(v + 1), example.modules[0].size);
    assert_string_equal(fdt_getprop(blob, node(blob, "/chosen/module-kernel"), "bootargs", &len),
                        "console=hvc0");
    int rd = node(blob, "/chosen/module-ramdisk");
    assert_int_equal(fdt_node_check_compatible(blob, rd, "multiboot,ramdisk"), 0);
    assert_int_equal(fdt_node_check_compatible(blob, rd, "multiboot,module"), 0);
    v = fdt_getprop(blob, node(blob, "/memory@40000000"), "reg", &len);
    assert_int_equal(len, 16);
    assert_int_equal(fdt64_ld(v), GUEST_RAM);
    assert_int_equal(fdt64_ld(v + 1), example.ram_size);
    v = fdt_getprop(blob, node(blob, "/intc@8000000"), "reg", &len);
    assert_int_equal(len, 32);
    assert_int_equal(fdt64_ld(v + 3), 3 * GUEST_GICR_SIZE);
    const fdt32_t *c = fdt_getprop(blob, node(blob, "/pl011@9000000"), "interrupts", &len);
    assert_int_equal(len, 12);
    assert_int_equal(fdt32_ld(c + 1), GUEST_UART_SPI);
    assert_int_equal(fdt_node_check_compatible(blob, node(blob, "/pl011@9000000"), "arm,primecell"), 0);
    assert_int_equal(fdt_node_check_compatible(blob, node(blob, "/pmu"), "arm,armv8-pmuv3"), 0);
    node(blob, "/cpus/cpu@2");
    assert_true(fdt_path_offset(blob, "/cpus/cpu@3") < 0);
    free(blob);
}

static void optional_nodes_are_left_out(void **state)
{
    const struct guest_dt g = {.ram_size = 1 << 24, .cpus = 1, .gic = 2, .bootargs = ""};
    uint8_t *blob = malloc(CAP);
    int len;
    (void)state;
    assert_true(guest_dt_write(&g, blob, CAP) > 0);
    assert_true(fdt_path_offset(blob, "/pmu") < 0);
    assert_null(fdt_getprop(blob, node(blob, "/chosen"), "linux,initrd-start", &len));
    assert_null(fdt_getprop(blob, node(blob, "/pl011@9000000"), "interrupts", &len));
    assert_string_equal(fdt_getprop(blob, node(blob, "/chosen"), "bootargs", &len), "");
    assert_int_equal(fdt_node_check_compatible(blob, node(blob, "/intc@8000000"), "arm,cortex-a15-gic"), 0);
    const fdt64_t *v = fdt_getprop(blob, node(blob, "/intc@8000000"), "reg", &len);
    assert_int_equal(len, 32);
    assert_int_equal(fdt64_ld(v + 2), GUEST_GICC);
    free(blob);
}

/* Every node and property that libfdt finds, in the same order and with the same bytes. */
static void reader_agrees_with_libfdt(void **state)
{
    uint8_t *blob = malloc(CAP);
    struct fdt f;
    struct fdt_iter it;
    struct fdt_node n;
    int off = -1, depth = -1, nodes = 0;
    (void)state;
    assert_true(guest_dt_write(&example, blob, CAP) > 0);
    assert_int_equal(fdt_open(&f, blob), 0);
    fdt_iter_init(&f, &it);
    while ((off = fdt_next_node(blob, off, &depth)) >= 0 && depth >= 0) {
        int p, len;
        assert_true(fdt_next(&f, &it, &n));
        nodes++;
        assert_string_equal(n.name, fdt_get_name(blob, off, &len));
        assert_int_equal(n.depth, depth);
        fdt_for_each_property_offset(p, blob, off)
        {
            const char *name;
            uint32_t got_len = 0;
            const void *want = fdt_getprop_by_offset(blob, p, &name, &len);
            const void *got = fdt_prop(&f, &n, name, &got_len);
            assert_non_null(got);
            assert_int_equal(got_len, len);
            assert_memory_equal(got, want, (size_t)len);
        }
    }
    assert_false(fdt_next(&f, &it, &n));
    assert_true(nodes > 10);
    free(blob);
}

static void reader_knows_cells_and_compatibles(void **state)
{
    uint8_t *blob = malloc(CAP);
    struct fdt f;
    struct fdt_node n;
    uint64_t a, s;
    (void)state;
    assert_true(guest_dt_write(&example, blob, CAP) > 0);
    assert_int_equal(fdt_open(&f, blob), 0);
    assert_true(fdt_find_compatible(&f, "arm,gic-v3", &n));
    assert_true(fdt_reg(&f, &n, 1, &a, &s));
    assert_int_equal(a, GUEST_GICR);
    assert_int_equal(s, 3 * GUEST_GICR_SIZE);
    assert_false(fdt_reg(&f, &n, 2, &a, &s));
    assert_true(fdt_find_compatible(&f, "arm,armv8", &n)); /* below /cpus: one address cell, no size */
    assert_true(fdt_reg(&f, &n, 0, &a, &s));
    assert_int_equal(a, 0);
    assert_int_equal(s, 0);
    assert_true(fdt_find_compatible(&f, "arm,psci-0.2", &n)); /* second of a list */
    assert_false(fdt_find_compatible(&f, "arm,psci", &n));    /* no prefix match */
    memset(blob, 0, 4);
    assert_int_equal(fdt_open(&f, blob), -1);
    free(blob);
}

static void small_buffers_are_refused(void **state)
{
    uint8_t *whole = malloc(CAP);
    (void)state;
    int64_t size = guest_dt_write(&example, whole, CAP);
    unsigned refused = 0;
    for (uint32_t cap = 0; cap < 6000; cap += 4) {
        uint8_t *blob = malloc(cap + 16); /* the sanitizer or the canary sees what is written behind */
        memset(blob + cap, 0xa5, 16);
        int64_t n = guest_dt_write(&example, blob, cap);
        for (unsigned i = 0; i < 16; i++)
            assert_int_equal(blob[cap + i], 0xa5);
        if (n < 0) {
            refused++;
        } else {
            assert_int_equal(n, size);
            assert_memory_equal(blob, whole, (size_t)n);
        }
        free(blob);
    }
    assert_true(refused > 500);
    assert_true(refused < 1500);
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_agrees_with_libfdt), cmocka_unit_test(optional_nodes_are_left_out),
        cmocka_unit_test(reader_agrees_with_libfdt), cmocka_unit_test(reader_knows_cells_and_compatibles),
        cmocka_unit_test(small_buffers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
