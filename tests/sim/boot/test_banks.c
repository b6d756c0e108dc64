/* SPDX-License-Identifier: Apache-2.0 */
/* RAM in several banks: where an Image, its initial RAM disk and the device tree go (boot.h), and that what
 * is placed lies wholly in one bank. */
#include "tests/sim/boot/virt.h"
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

struct board {
    struct boot_machine m;
    struct boot_region ram, banks[3];
    char kernel[32], initrd[32];
    unsigned outside; /* bytes that were written where there is no RAM */
    _Alignas(8) uint8_t dtb[BOOT_DTB_MAX];
    uint64_t dtb_at;
};

static int mem_write(void *opaque, uint64_t pa, const void *data, size_t n)
{
    struct board *b = opaque;
    bool inside = false;
    for (unsigned i = 0; i < b->m.n_ram; i++)
        inside |= pa >= b->banks[i].base && pa + n <= b->banks[i].base + b->banks[i].size;
    b->outside += inside ? 0 : (unsigned)n;
    if (n <= sizeof(b->dtb)) { /* the tree is the last one */
        memcpy(b->dtb, data, n);
        b->dtb_at = pa;
    }
    return 0;
}

/* A file of zeros, with an Image's header (booting.rst) if it is to be one. */
static void make_file(char *path, uint64_t size, uint64_t image_size)
{
    uint64_t header[8] = {0x14000000, 0, image_size, 0xa};
    int fd = mkstemp(strcpy(path, "/tmp/tg-banks-XXXXXX"));
    assert_true(fd >= 0);
    header[7] = UINT64_C(0x644d5241);
    if (image_size)
        assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

static int load(struct board *b, unsigned n, const uint64_t (*banks)[2], uint64_t kernel, uint64_t initrd,
                struct boot_result *res, struct tg_error *err)
{
    const struct boot_mem mem = {.write = mem_write, .opaque = b};
    b->m = virt_machine(&b->ram, 1, 1, 3);
    for (unsigned i = 0; i < n; i++)
        b->banks[i] = (struct boot_region){banks[i][0], banks[i][1] * MIB};
    b->m.ram = b->banks;
    b->m.n_ram = n;
    make_file(b->kernel, 1 * MIB, kernel * MIB);
    make_file(b->initrd, initrd * MIB, 0);
    const struct boot_options opt = {.kernel = b->kernel, .initrd = b->initrd};
    int rc = boot_load(&b->m, &opt, &mem, res, err);
    unlink(b->kernel);
    unlink(b->initrd);
    return rc;
}

#define LOW  UINT64_C(0x40000000)
#define HIGH UINT64_C(0x880000000)

static void places(void **state)
{
    static const struct {
        uint64_t banks[3][2]; /* base, MiB */
        unsigned n;
        uint64_t kernel, initrd; /* MiB */
        uint64_t at_kernel, at_initrd,
            at_dtb; /* all in the first bank if they fit, each where the last one ends */
    } rows[] = {
        {{{LOW, 64}, {HIGH, 64}}, 2, 16, 16, LOW, LOW + 16 * MIB, LOW + 32 * MIB},
        {{{LOW, 32}, {HIGH, 64}}, 2, 16, 40, LOW, HIGH, LOW + 16 * MIB}, /* the disk has no room: another bank
                                                                          */
        {{{LOW, 8}, {HIGH, 64}}, 2, 16, 16, HIGH, HIGH + 16 * MIB, HIGH + 32 * MIB}, /* nor has the kernel */
        {{{LOW, 18}, {LOW + 18 * MIB, 2}, {HIGH, 64}},
         3,
         16,
         2,
         LOW,
         LOW + 16 * MIB,
         LOW + 18 * MIB}, /* banks side by side */
        {{{LOW, 17}, {HIGH, 3}, {HIGH + 64 * MIB, 2}}, 3, 16, 2, LOW, HIGH, HIGH + 64 * MIB},
    };
    static struct board b;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct boot_result res;
        struct tg_error err = {""};
        memset(&b, 0, sizeof(b));
        if (load(&b, rows[i].n, rows[i].banks, rows[i].kernel, rows[i].initrd, &res, &err))
            fail_msg("row %zu: %s", i, err.text);
        if (res.kernel.base != rows[i].at_kernel || res.initrd.base != rows[i].at_initrd ||
            res.dtb.base != rows[i].at_dtb)
            fail_msg("row %zu: kernel 0x%llx, initrd 0x%llx, dtb 0x%llx", i,
                     (unsigned long long)res.kernel.base, (unsigned long long)res.initrd.base,
                     (unsigned long long)res.dtb.base);
        assert_int_equal(b.outside, 0);
        /* each bank has its node */
        assert_true(b.dtb_at == res.dtb.base);
        for (unsigned k = 0; k < rows[i].n; k++) {
            char path[40];
            snprintf(path, sizeof(path), "/memory@%llx", (unsigned long long)rows[i].banks[k][0]);
            int node = fdt_path_offset(b.dtb, path), len = 0;
            const void *reg = node < 0 ? NULL : fdt_getprop(b.dtb, node, "reg", &len);
            assert_non_null(reg);
            assert_int_equal(len, 16);
            /* properties lie on 4-byte boundaries: cells of 8 bytes may not */
            fdt64_t cells[2];
            memcpy(cells, reg, sizeof(cells));
            assert_true(fdt64_to_cpu(cells[0]) == rows[i].banks[k][0] &&
                        fdt64_to_cpu(cells[1]) == rows[i].banks[k][1] * MIB);
        }
    }
}

static void too_large(void **state)
{
    static const uint64_t banks[2][2] = {{LOW, 8}, {HIGH, 16}};
    static struct board b;
    struct boot_result res;
    struct tg_error err = {""};
    (void)state;
    assert_int_equal(load(&b, 2, banks, 20, 1, &res, &err), -EINVAL);
    assert_non_null(
        strstr(err.text, "needs 20971520 bytes from 0x880000000; RAM at 0x880000000 has 16777216 bytes"));
    assert_int_equal(load(&b, 2, banks, 4, 15, &res, &err), 0);
    assert_int_not_equal(load(&b, 2, banks, 4, 17, &res, &err), 0); /* larger than any bank */
    assert_false(res.loaded);
    const uint64_t full[2][2] = {{LOW, 8},
                                 {HIGH, 6}}; /* room for the disk, none for the tree: two MiB at two MiB */
    assert_int_equal(load(&b, 2, full, 7, 5, &res, &err), -EINVAL);
    assert_false(res.loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(places), cmocka_unit_test(too_large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
