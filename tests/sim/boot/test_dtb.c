/* SPDX-License-Identifier: Apache-2.0 */
/* The generated device tree read back with libfdt, held against Linux' bindings and the shape of QEMU's virt
 * board. */
#include "tests/sim/boot/virt.h"
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static void *generate(const struct boot_machine *m, const struct boot_chosen *c)
{
    static const struct boot_chosen none;
    void *blob;
    size_t size;
    struct tg_error err = {""};
    assert_int_equal(boot_dtb_generate(m, c ? c : &none, &blob, &size, &err), 0);
    assert_int_equal(fdt_check_full(blob, size), 0);
    assert_int_equal(fdt_totalsize(blob), size);
    return blob;
}

static const uint32_t *cells(const void *fdt, const char *path, const char *name, int want)
{
    static uint32_t out[32];
    int node = fdt_path_offset(fdt, path), len = 0;
    if (node < 0)
        fail_msg("no node %s", path);
    const fdt32_t *p = fdt_getprop(fdt, node, name, &len);
    if (!p)
        fail_msg("no %s in %s", name, path);
    assert_int_equal(len, want * 4);
    for (int i = 0; i < want; i++)
        out[i] = fdt32_to_cpu(p[i]);
    return out;
}

static const char *text(const void *fdt, const char *path, const char *name)
{
    int node = fdt_path_offset(fdt, path);
    if (node < 0)
        fail_msg("no node %s", path);
    return fdt_getprop(fdt, node, name, NULL);
}

static bool has(const void *fdt, const char *path, const char *name)
{
    int node = fdt_path_offset(fdt, path);
    return node >= 0 && fdt_getprop(fdt, node, name, NULL);
}

#define assert_cells(fdt, path, name, ...)                      \
    do {                                                        \
        const uint32_t want_[] = {__VA_ARGS__};                 \
        const int n_ = (int)(sizeof(want_) / sizeof(want_[0])); \
        const uint32_t *got_ = cells(fdt, path, name, n_);      \
        for (int i_ = 0; i_ < n_; i_++)                         \
            assert_int_equal(got_[i_], want_[i_]);              \
    } while (0)

static void board_v3(void **state)
{
    (void)state;
    struct boot_region ram;
    struct boot_machine m = virt_machine(&ram, UINT64_C(5) << 30, 4, 3);
    void *f = generate(&m, NULL);
    assert_cells(f, "/", "#address-cells", 2);
    assert_cells(f, "/memory@40000000", "reg", 0, 0x40000000, 1, 0x40000000);
    assert_string_equal(text(f, "/memory@40000000", "device_type"), "memory");
    assert_cells(f, "/intc@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0, 0x80000);
    assert_string_equal(text(f, "/intc@8000000", "compatible"), "arm,gic-v3");
    assert_cells(f, "/intc@8000000", "interrupts", 1, 9, 4);
    assert_cells(f, "/intc@8000000", "#interrupt-cells", 3);
    assert_cells(f, "/", "interrupt-parent", fdt_get_phandle(f, fdt_path_offset(f, "/intc@8000000")));
    assert_cells(f, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4, 1, 12, 4);
    assert_string_equal(text(f, "/timer", "compatible"), "arm,armv8-timer");
    assert_cells(f, "/pmu", "interrupts", 1, 7, 4);
    assert_string_equal(text(f, "/psci", "method"), "smc");
    assert_int_equal(fdt_node_check_compatible(f, fdt_path_offset(f, "/psci"), "arm,psci-1.0"), 0);
    assert_cells(f, "/cpus", "#address-cells", 1);
    assert_cells(f, "/cpus/cpu@0", "reg", 0);
    assert_cells(f, "/cpus/cpu@101", "reg", 0x101);
    assert_string_equal(text(f, "/cpus/cpu@100", "enable-method"), "psci");
    assert_string_equal(text(f, "/cpus/cpu@100", "compatible"), "arm,cortex-a57");
    assert_cells(f, "/cpus/cpu-map/socket0/cluster1/core0", "cpu",
                 fdt_get_phandle(f, fdt_path_offset(f, "/cpus/cpu@100")));
    assert_cells(f, "/pl011@9000000", "interrupts", 0, 1, 4);
    assert_cells(f, "/pl011@9000000", "clocks", fdt_get_phandle(f, fdt_path_offset(f, "/apb-pclk")),
                 fdt_get_phandle(f, fdt_path_offset(f, "/apb-pclk")));
    assert_cells(f, "/apb-pclk", "clock-frequency", 24000000);
    assert_cells(f, "/virtio_mmio@a000200", "interrupts", 0, 17, 1);
    assert_true(has(f, "/virtio_mmio@a000200", "dma-coherent"));
    assert_cells(f, "/gpio-keys/poweroff", "gpios", fdt_get_phandle(f, fdt_path_offset(f, "/pl061@9030000")),
                 3, 0);
    assert_cells(f, "/gpio-keys/poweroff", "linux,code", 116);
    assert_string_equal(text(f, "/chosen", "stdout-path"), "/pl011@9000000");
    assert_false(has(f, "/chosen", "bootargs"));
    free(f);
}

static void board_v2(void **state)
{
    (void)state;
    struct boot_region ram;
    struct boot_machine m = virt_machine(&ram, 1 << 30, 2, 2);
    m.has_vhe = false;
    m.has_pmu = false;
    m.conduit = BOOT_CONDUIT_HVC;
    void *f = generate(&m, NULL);
    assert_string_equal(text(f, "/intc@8000000", "compatible"), "arm,cortex-a15-gic");
    assert_cells(f, "/intc@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x08010000, 0, 0x10000, 0,
                 0x08030000, 0, 0x10000, 0, 0x08040000, 0, 0x10000);
    assert_cells(f, "/timer", "interrupts", 1, 13, 0x304, 1, 14, 0x304, 1, 11, 0x304, 1, 10, 0x304);
    assert_string_equal(text(f, "/psci", "method"), "hvc");
    assert_int_equal(fdt_path_offset(f, "/pmu"), -FDT_ERR_NOTFOUND);
    free(f);
    m.has_el2 = false;
    m.conduit = BOOT_CONDUIT_NONE;
    f = generate(&m, NULL);
    assert_false(has(f, "/intc@8000000", "interrupts"));
    assert_int_equal(fdt_path_offset(f, "/psci"), -FDT_ERR_NOTFOUND);
    assert_false(has(f, "/cpus/cpu@0", "enable-method"));
    free(f);
}

/* Aff3 needs two cells (Linux, cpus.yaml). */
static void wide_affinity(void **state)
{
    (void)state;
    struct boot_region ram;
    struct boot_machine m = virt_machine(&ram, 1 << 30, 2, 3);
    const struct boot_cpu cpus[2] = {{.mpidr = 0}, {.mpidr = UINT64_C(0x100000000)}};
    m.cpus = cpus;
    void *f = generate(&m, NULL);
    assert_cells(f, "/cpus/cpu@100000000", "reg", 1, 0);
    assert_string_equal(text(f, "/cpus/cpu@0", "compatible"), "arm,armv8");
    free(f);
}

static uint32_t phandle(const void *fdt, const char *path)
{
    return fdt_get_phandle(fdt, fdt_path_offset(fdt, path));
}

#define MT UINT64_C(0x01000000)

/* What counts threads, cores and clusters depends on MPIDR_EL1.MT (DDI 0487, D19.2.102): Aff0 is the core
 * without it, the thread with it. */
static void topology(void **state)
{
    static const struct {
        uint64_t mpidr[8];
        const char *path[8]; /* below /cpus/cpu-map/socket0 */
    } rows[] = {
        /* eight cores counted in Aff0, as on virt */
        {{0, 1, 2, 3, 4, 5, 6, 7},
         {"cluster0/core0", "cluster0/core1", "cluster0/core2", "cluster0/core3", "cluster0/core4",
          "cluster0/core5", "cluster0/core6", "cluster0/core7"}},
        /* cores in Aff1, clusters of four in Aff2, as on neoverse-n1 */
        {{MT | 0, MT | 0x100, MT | 0x200, MT | 0x300, MT | 0x10000, MT | 0x10100, MT | 0x10200, MT | 0x10300},
         {"cluster0/core0", "cluster0/core1", "cluster0/core2", "cluster0/core3", "cluster1/core0",
          "cluster1/core1", "cluster1/core2", "cluster1/core3"}},
        /* two threads each, and PEs in no order */
        {{MT | 0x100, MT | 0x001, MT | 0x10000, MT | 0, MT | 0x101, MT | 0x10001, MT | 0x200, MT | 0x201},
         {"cluster0/core0/thread0", "cluster0/core1/thread0", "cluster1/core0/thread0",
          "cluster0/core1/thread1", "cluster0/core0/thread1", "cluster1/core0/thread1",
          "cluster0/core2/thread0", "cluster0/core2/thread1"}},
        /* Aff1, Aff2 and Aff3 name clusters; numbers with gaps */
        {{5, 9, 0x105, 0x305, 0x10005, UINT64_C(0x100000005), 0x306, 0x10007},
         {"cluster0/core0", "cluster0/core1", "cluster1/core0", "cluster2/core0", "cluster3/core0",
          "cluster4/core0", "cluster2/core1", "cluster3/core1"}},
    };
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct boot_region ram;
        struct boot_machine m = virt_machine(&ram, 1 << 30, 4, 3);
        struct boot_cpu cpus[8] = {0};
        for (unsigned i = 0; i < 8; i++)
            cpus[i].mpidr = rows[r].mpidr[i];
        m.cpus = cpus;
        m.n_cpus = 8;
        void *f = generate(&m, NULL);
        int socket = fdt_path_offset(f, "/cpus/cpu-map/socket0"), nodes = 0, depth = 0;
        for (unsigned i = 0; i < 8; i++) {
            char path[80], cpu[40];
            snprintf(path, sizeof(path), "/cpus/cpu-map/socket0/%s", rows[r].path[i]);
            snprintf(cpu, sizeof(cpu), "/cpus/cpu@%llx", (unsigned long long)(cpus[i].mpidr & ~MT));
            assert_cells(f, path, "cpu", phandle(f, cpu));
        }
        for (int n = fdt_next_node(f, socket, &depth); n >= 0 && depth > 0; n = fdt_next_node(f, n, &depth))
            nodes += fdt_getprop(f, n, "cpu", NULL) != NULL;
        assert_int_equal(nodes, 8); /* none twice */
        free(f);
    }
}

/* Two clusters of different cores: caches, clocks, capacities, operating points, PMUs. */
static void two_kinds(void **state)
{
    (void)state;
    struct boot_region ram;
    struct boot_machine m = virt_machine(&ram, 1 << 30, 4, 3);
    const struct boot_cache l3[2] = {{512 << 10, 512, 64}, {2 << 20, 2048, 64}};
    const struct boot_opp points[2] = {{1200000000, 800000}, {2400000000, 1000000}};
    const struct boot_cpu_kind little = {.hz = 1800000000,
                                         .capacity = 300,
                                         .l1i = {32 << 10, 128, 64},
                                         .l1d = {16 << 10, 64, 64},
                                         .outer = &l3[0]};
    const struct boot_cpu_kind big = {.hz = 2400000000,
                                      .capacity = 800,
                                      .l1i = {64 << 10, 256, 64},
                                      .l1d = {64 << 10, 256, 64},
                                      .l2 = {512 << 10, 1024, 64},
                                      .outer = &l3[1],
                                      .opps = points,
                                      .n_opps = 2};
    const struct boot_cpu cpus[4] = {{MT | 0, "arm,cortex-a55", &little},
                                     {MT | 0x100, "arm,cortex-a55", &little},
                                     {MT | 0x10000, "arm,cortex-a76", &big},
                                     {MT | 0x10100, "arm,cortex-a76", &big}};
    m.cpus = cpus;
    void *f = generate(&m, NULL);
    assert_cells(f, "/cpus/cpu-map/socket0/cluster1/core1", "cpu", phandle(f, "/cpus/cpu@10100"));
    assert_cells(f, "/cpus/cpu@0", "capacity-dmips-mhz", 300);
    assert_cells(f, "/cpus/cpu@10100", "capacity-dmips-mhz", 800);
    /* level 1 in the PE's node */
    assert_cells(f, "/cpus/cpu@0", "i-cache-size", 32 << 10);
    assert_cells(f, "/cpus/cpu@0", "d-cache-size", 16 << 10);
    assert_cells(f, "/cpus/cpu@0", "d-cache-line-size", 64);
    assert_cells(f, "/cpus/cpu@0", "d-cache-sets", 64);
    /* a private level 2, then a shared level 3; without a private one the shared one is level 2 */
    assert_cells(f, "/cpus/cpu@10000", "next-level-cache", phandle(f, "/cpus/cpu@10000/l2-cache"));
    assert_cells(f, "/cpus/cpu@10100", "next-level-cache", phandle(f, "/cpus/cpu@10100/l2-cache"));
    assert_true(phandle(f, "/cpus/cpu@10000/l2-cache") != phandle(f, "/cpus/cpu@10100/l2-cache"));
    assert_string_equal(text(f, "/cpus/cpu@10000/l2-cache", "compatible"), "cache");
    assert_cells(f, "/cpus/cpu@10000/l2-cache", "cache-level", 2);
    assert_true(has(f, "/cpus/cpu@10000/l2-cache", "cache-unified"));
    assert_cells(f, "/cpus/cpu@10000/l2-cache", "cache-size", 512 << 10);
    assert_cells(f, "/cpus/cpu@10000/l2-cache", "cache-sets", 1024);
    assert_cells(f, "/cpus/cpu@10000/l2-cache", "next-level-cache", phandle(f, "/cpus/l3-cache1"));
    assert_cells(f, "/cpus/cpu@10100/l2-cache", "next-level-cache", phandle(f, "/cpus/l3-cache1"));
    assert_cells(f, "/cpus/l3-cache1", "cache-level", 3);
    assert_cells(f, "/cpus/l3-cache1", "cache-size", 2 << 20);
    assert_cells(f, "/cpus/cpu@0", "next-level-cache", phandle(f, "/cpus/l2-cache0"));
    assert_cells(f, "/cpus/cpu@100", "next-level-cache", phandle(f, "/cpus/l2-cache0"));
    assert_cells(f, "/cpus/l2-cache0", "cache-level", 2);
    assert_false(has(f, "/cpus/l2-cache0", "next-level-cache"));
    /* clocks differ, so they are told; Linux multiplies by them before it has cpufreq */
    assert_cells(f, "/cpus/cpu@100", "clocks", phandle(f, "/cpu-clock0"));
    assert_cells(f, "/cpu-clock0", "clock-frequency", 1800000000);
    assert_cells(f, "/cpus/cpu@10100", "clocks", phandle(f, "/cpu-clock2"));
    assert_cells(f, "/cpu-clock2", "clock-frequency", 2400000000);
    assert_false(has(f, "/cpus/cpu@0", "operating-points-v2"));
    assert_cells(f, "/cpus/cpu@10100", "operating-points-v2", phandle(f, "/opp-table-cpu2"));
    assert_cells(f, "/opp-table-cpu2/opp-1200000000", "opp-hz", 0, 1200000000);
    assert_cells(f, "/opp-table-cpu2/opp-2400000000", "opp-microvolt", 1000000);
    /* PMUs: the one PPI, split; all interrupts have a fourth cell then */
    assert_cells(f, "/intc@8000000", "#interrupt-cells", 4);
    assert_cells(f, "/intc@8000000/ppi-partitions/interrupt-partition-0", "affinity",
                 phandle(f, "/cpus/cpu@0"), phandle(f, "/cpus/cpu@100"));
    assert_cells(f, "/intc@8000000/ppi-partitions/interrupt-partition-1", "affinity",
                 phandle(f, "/cpus/cpu@10000"), phandle(f, "/cpus/cpu@10100"));
    assert_string_equal(text(f, "/pmu-0", "compatible"), "arm,cortex-a55-pmu");
    assert_int_equal(fdt_node_check_compatible(f, fdt_path_offset(f, "/pmu-1"), "arm,cortex-a76-pmu"), 0);
    assert_cells(f, "/pmu-0", "interrupts", 1, 7, 4,
                 phandle(f, "/intc@8000000/ppi-partitions/interrupt-partition-0"));
    assert_cells(f, "/pmu-1", "interrupts", 1, 7, 4,
                 phandle(f, "/intc@8000000/ppi-partitions/interrupt-partition-1"));
    assert_cells(f, "/timer", "interrupts", 1, 13, 4, 0, 1, 14, 4, 0, 1, 11, 4, 0, 1, 10, 4, 0, 1, 12, 4, 0);
    assert_cells(f, "/pl011@9000000", "interrupts", 0, 1, 4, 0);
    assert_cells(f, "/intc@8000000", "interrupts", 1, 9, 4, 0);
    free(f);
    /* one cache of both clusters */
    struct boot_cpu_kind both = little;
    both.outer = &l3[1];
    struct boot_cpu shared[2] = {{0, "arm,cortex-a55", &both}, {0x100, "arm,cortex-a76", &big}};
    m.cpus = shared;
    m.n_cpus = 2;
    f = generate(&m, NULL);
    assert_cells(f, "/cpus/cpu@0", "next-level-cache", phandle(f, "/cpus/l3-cache0"));
    assert_cells(f, "/cpus/cpu@100/l2-cache", "next-level-cache", phandle(f, "/cpus/l3-cache0"));
    assert_cells(f, "/cpus/l3-cache0", "cache-level", 3);
    free(f);
    /* a GICv2 has no partitions: one PMU for all */
    m = virt_machine(&ram, 1 << 30, 4, 2);
    m.cpus = cpus;
    f = generate(&m, NULL);
    assert_cells(f, "/intc@8000000", "#interrupt-cells", 3);
    assert_cells(f, "/pmu", "interrupts", 1, 7, 0xf04);
    assert_true(fdt_path_offset(f, "/intc@8000000/ppi-partitions") < 0);
    free(f);
}

static void seeds(void **state)
{
    (void)state;
    struct boot_region ram;
    struct boot_machine m = virt_machine(&ram, 1 << 30, 1, 3);
    void *a = generate(&m, NULL), *b = generate(&m, NULL);
    assert_int_equal(fdt_totalsize(a), fdt_totalsize(b));
    assert_memory_equal(a, b, fdt_totalsize(a)); /* same seed, same tree */
    m.seed++;
    void *c = generate(&m, NULL);
    assert_memory_not_equal(text(a, "/chosen", "rng-seed"), text(c, "/chosen", "rng-seed"), 32);
    assert_memory_not_equal(text(a, "/chosen", "kaslr-seed"), text(c, "/chosen", "kaslr-seed"), 8);
    free(a);
    free(b);
    free(c);
}

static void chosen_and_modules(void **state)
{
    (void)state;
    struct boot_region ram;
    struct boot_machine m = virt_machine(&ram, 1 << 30, 1, 3);
    struct boot_module kernel = {BOOT_MODULE_KERNEL, "k", "console=hvc0 a,b", NULL},
                       ramdisk = {BOOT_MODULE_RAMDISK, "r", NULL, NULL};
    struct boot_placed_module placed[2] = {{&kernel, {0x44000000, 0x123456}},
                                           {&ramdisk, {0x46000000, 0x1000}}};
    struct boot_chosen chosen = {"dom0_mem=256M", {0x50000000, 0x5001}, placed, 2};
    void *f = generate(&m, &chosen);
    assert_string_equal(text(f, "/chosen", "bootargs"), "dom0_mem=256M");
    assert_string_equal(text(f, "/chosen", "xen,xen-bootargs"), "dom0_mem=256M");
    assert_cells(f, "/chosen", "linux,initrd-start", 0, 0x50000000);
    assert_cells(f, "/chosen", "linux,initrd-end", 0, 0x50005001); /* exclusive */
    assert_cells(f, "/chosen/module@44000000", "reg", 0, 0x44000000, 0, 0x123456);
    assert_string_equal(text(f, "/chosen/module@44000000", "bootargs"), "console=hvc0 a,b");
    int k = fdt_path_offset(f, "/chosen/module@44000000"), r = fdt_path_offset(f, "/chosen/module@46000000");
    assert_int_equal(fdt_node_check_compatible(f, k, "multiboot,kernel"), 0);
    assert_int_equal(fdt_node_check_compatible(f, k, "multiboot,module"), 0);
    assert_int_equal(fdt_node_check_compatible(f, r, "multiboot,ramdisk"), 0);
    assert_true(k < r);
    assert_false(has(f, "/chosen/module@46000000", "bootargs"));
    free(f);
}

static void patch(void **state)
{
    (void)state;
    char in[4096];
    assert_int_equal(fdt_create_empty_tree(in, sizeof(in)), 0);
    assert_int_equal(fdt_setprop_string(in, 0, "model", "mine"), 0);
    struct boot_chosen chosen = {"quiet", {0x48000000, 4096}, NULL, 0};
    struct tg_error err = {""};
    void *f;
    size_t size;
    assert_int_equal(boot_dtb_patch("x.dtb", in, sizeof(in), &chosen, &f, &size, &err), 0);
    assert_string_equal(text(f, "/", "model"), "mine");
    assert_string_equal(text(f, "/chosen", "bootargs"), "quiet");
    assert_cells(f, "/chosen", "linux,initrd-start", 0, 0x48000000);
    void *again;
    chosen.bootargs = "verbose";
    assert_int_equal(boot_dtb_patch("x.dtb", f, size, &chosen, &again, &size, &err), 0);
    assert_string_equal(text(again, "/chosen", "bootargs"), "verbose");
    free(f);
    free(again);
}

/* Modules of Xen's domains that are started at boot lie in the domain's node, which the user's tree has. */
static void domain_modules(void **state)
{
    (void)state;
    char in[4096];
    assert_int_equal(fdt_create_empty_tree(in, sizeof(in)), 0);
    int node = fdt_add_subnode(in, fdt_add_subnode(in, 0, "chosen"), "domU1");
    assert_int_equal(fdt_setprop_string(in, node, "compatible", "xen,domain"), 0);
    struct boot_module dom0 = {BOOT_MODULE_KERNEL, "k", NULL, NULL},
                       guest = {BOOT_MODULE_KERNEL, "g", "quiet", "domU1"};
    struct boot_placed_module placed[2] = {{&guest, {0x44000000, 0x123456}}, {&dom0, {0x46000000, 0x1000}}};
    struct boot_chosen chosen = {NULL, {0}, placed, 2};
    struct tg_error err = {""};
    void *f;
    size_t size;
    assert_int_equal(boot_dtb_patch("x.dtb", in, sizeof(in), &chosen, &f, &size, &err), 0);
    assert_cells(f, "/chosen/domU1/module@44000000", "reg", 0, 0x44000000, 0, 0x123456);
    assert_cells(f, "/chosen/domU1", "#address-cells", 2);
    assert_cells(f, "/chosen/domU1", "#size-cells", 2);
    assert_string_equal(text(f, "/chosen/domU1/module@44000000", "bootargs"), "quiet");
    assert_cells(f, "/chosen/module@46000000", "reg", 0, 0x46000000, 0, 0x1000);
    assert_true(fdt_path_offset(f, "/chosen/module@44000000") < 0);
    free(f);
    guest.domain = "domU2";
    assert_int_equal(boot_dtb_patch("x.dtb", in, sizeof(in), &chosen, &f, &size, &err), -EINVAL);
    assert_non_null(strstr(err.text, "/chosen/domU2"));
}

static void bad_blobs(void **state)
{
    (void)state;
    struct boot_chosen chosen = {0};
    struct tg_error err = {""};
    void *f;
    size_t size;
    char in[4096] = "this is not a device tree, at all, whatever you try";
    assert_int_equal(boot_dtb_patch("x.dtb", in, sizeof(in), &chosen, &f, &size, &err), -EINVAL);
    assert_non_null(strstr(err.text, "x.dtb"));
    assert_null(f);
    assert_int_equal(boot_dtb_patch("x.dtb", in, 3, &chosen, &f, &size, &err), -EINVAL);
    assert_int_equal(fdt_create_empty_tree(in, sizeof(in)), 0);
    assert_int_equal(boot_dtb_patch("x.dtb", in, sizeof(in) / 2, &chosen, &f, &size, &err),
                     -EINVAL); /* truncated */
    /* Each single corrupted byte is refused or survived. */
    assert_int_equal(fdt_pack(in), 0);
    size_t n = fdt_totalsize(in);
    for (size_t i = 0; i < n; i++) {
        char *bad = malloc(n);
        memcpy(bad, in, n);
        bad[i] ^= 0xff;
        if (!boot_dtb_patch("x.dtb", bad, n, &chosen, &f, &size, &err))
            free(f);
        free(bad);
    }
}

/* Devices of the Secure state are told of, but disabled; console and power key are the first ones that are
 * not. */
static void secure_devices(void **state)
{
    struct boot_region ram;
    struct boot_machine m = virt_machine(&ram, UINT64_C(1) << 30, 1, 3);
    struct boot_device d[6] = {
        {.class_name = "pl011", .dt_compatible = "arm,pl011\0arm,primecell\0", .secure = true, .n_regs = 1},
        {.class_name = "pl061", .dt_compatible = "arm,pl061\0arm,primecell\0", .secure = true, .n_regs = 1},
    };
    (void)state;
    d[0].regs[0] = (struct boot_region){0x08ff0000, 0x1000};
    d[1].regs[0] = (struct boot_region){0x08ff1000, 0x1000};
    memcpy(&d[2], virt_devices, 3 * sizeof(d[0]));
    d[5] = (struct boot_device){.class_name = "cfi_flash", .dt_compatible = "cfi-flash\0", .n_regs = 1};
    d[5].regs[0] = (struct boot_region){0x0a000000, 0x4000000};
    m.devices = d;
    m.n_devices = 6;
    void *f = generate(&m, NULL);
    assert_string_equal(text(f, "/pl011@8ff0000", "status"), "disabled");
    assert_string_equal(text(f, "/pl011@8ff0000", "secure-status"), "okay");
    assert_false(has(f, "/pl061@8ff1000", "phandle"));
    assert_false(has(f, "/pl011@9000000", "status"));
    assert_string_equal(text(f, "/chosen", "stdout-path"), "/pl011@9000000");
    assert_cells(f, "/gpio-keys/poweroff", "gpios", fdt_get_phandle(f, fdt_path_offset(f, "/pl061@9030000")),
                 3, 0);
    assert_cells(f, "/flash@a000000", "bank-width", 4);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(board_v3),           cmocka_unit_test(board_v2),
        cmocka_unit_test(wide_affinity),      cmocka_unit_test(topology),
        cmocka_unit_test(two_kinds),          cmocka_unit_test(seeds),
        cmocka_unit_test(chosen_and_modules), cmocka_unit_test(patch),
        cmocka_unit_test(domain_modules),     cmocka_unit_test(bad_blobs),
        cmocka_unit_test(secure_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
