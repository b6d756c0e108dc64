/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: headers, placement, and every bad file that issue 2 names, with messages that say what is wrong.
 * Memory is an array. */
#include "tests/sim/boot/load_bench.h"

static void image_header(void **state)
{
    (void)state;
    uint8_t h[128];
    struct boot_image i;
    struct tg_error err;
    make_image(h, sizeof(h), 0x80000, 0x1000, 0xa | 4 /* page size field 3: 64K */);
    assert_int_equal(boot_image_parse("k", h, sizeof(h), &i, &err), 0);
    assert_true(i.text_offset == 0x80000 && i.image_size == 0x1000 && i.page_size == 65536 && i.anywhere);
    make_image(h, sizeof(h), 0x12345, 0, 2);
    assert_int_equal(boot_image_parse("k", h, sizeof(h), &i, &err), 0);
    assert_true(i.text_offset == 0x80000 && i.image_size == sizeof(h) && i.page_size == 4096 && !i.anywhere);
    make_image(h, sizeof(h), 0, 64, 4);
    assert_int_equal(boot_image_parse("k", h, sizeof(h), &i, &err), 0);
    assert_true(i.image_size == sizeof(h) && i.page_size == 16384);
    make_image(h, sizeof(h), 0, 4096, 1);
    assert_int_equal(boot_image_parse("k", h, sizeof(h), &i, &err), -EINVAL);
    assert_non_null(strstr(err.text, "big-endian"));
    make_image(h, sizeof(h), UINT64_MAX, UINT64_MAX - 5, 0);
    assert_int_equal(boot_image_parse("k", h, sizeof(h), &i, &err), -EINVAL);
}

static void image_initrd_dtb(void **state)
{
    struct fixture *f = *state;
    static uint8_t img[100000], rd[70001];
    make_image(img, sizeof(img), 0x10000, 3 * MIB, 0xa);
    memset(rd, 0x5a, sizeof(rd));
    f->opt.kernel = file("Image", img, sizeof(img));
    f->opt.initrd = file("initrd", rd, sizeof(rd));
    f->opt.append = "console=ttyAMA0";
    assert_int_equal(load(f), 0);
    assert_true(f->res.loaded);
    assert_int_equal(f->res.el, 2);
    assert_int_equal(f->res.entry, RAM_BASE + 0x10000);
    assert_memory_equal(f->ram + 0x10000, img, sizeof(img));
    /* behind image_size, not behind the file: the kernel's BSS is there */
    assert_int_equal(f->res.initrd.base, RAM_BASE + 4 * MIB);
    assert_int_equal(f->res.initrd.size, sizeof(rd));
    assert_memory_equal(f->ram + 4 * MIB, rd, sizeof(rd));
    assert_int_equal(f->res.dtb.base, RAM_BASE + 6 * MIB);
    assert_int_equal(f->res.x0, f->res.dtb.base);
    void *dtb = f->ram + (f->res.dtb.base - RAM_BASE);
    assert_int_equal(fdt_check_full(dtb, f->res.dtb.size), 0);
    const fdt64_t *start = fdt_getprop(dtb, fdt_path_offset(dtb, "/chosen"), "linux,initrd-start", NULL);
    assert_int_equal(fdt64_ld(start), f->res.initrd.base);
}

static void no_el2(void **state)
{
    struct fixture *f = *state;
    uint8_t img[4096];
    make_image(img, sizeof(img), 0, 4096, 2);
    f->m.has_el2 = false;
    f->opt.kernel = file("Image", img, sizeof(img));
    assert_int_equal(load(f), 0);
    assert_int_equal(f->res.el, 1);
}

static void gzip_image(void **state)
{
    struct fixture *f = *state;
    static uint8_t img[300000];
    make_image(img, sizeof(img), 0, sizeof(img), 2);
    char path[128];
    snprintf(path, sizeof(path), "%s/Image.gz", dir);
    gzFile g = gzopen(path, "wb9");
    assert_int_equal(gzwrite(g, img, sizeof(img)), sizeof(img));
    gzclose(g);
    f->opt.kernel = path;
    assert_int_equal(load(f), 0);
    assert_memory_equal(f->ram, img, sizeof(img));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
    assert_message(f, load(f), -EINVAL, "ends too early");
    /* a bomb: expands past RAM */
    g = gzopen(path, "wb9");
    static const uint8_t zeros[1 << 20];
    for (int i = 0; i < 40; i++)
        gzwrite(g, zeros, sizeof(zeros));
    gzclose(g);
    assert_message(f, load(f), -EFBIG, "expands to more");
}

static void bad_kernels(void **state)
{
    struct fixture *f = *state;
    uint8_t img[4096];
    f->opt.kernel = "/nonexistent/Image";
    assert_message(f, load(f), -ENOENT, "/nonexistent/Image");
    f->opt.kernel = dir;
    assert_message(f, load(f), -EINVAL, "not a regular file");
    f->opt.kernel = file("Image", img, 0);
    assert_message(f, load(f), -EINVAL, "empty");
    make_image(img, sizeof(img), 0, 4096, 0);
    f->opt.kernel = file("Image", img, 40);
    assert_message(f, load(f), -EINVAL, "40 bytes");
    memset(img, 0x11, sizeof(img));
    f->opt.kernel = file("Image", img, sizeof(img));
    assert_message(f, load(f), -EINVAL, "ARMd");
    make_image(img, sizeof(img), 0, 4096, 0);
    memcpy(img, "MZ\0\0zimg", 8);
    f->opt.kernel = file("Image", img, sizeof(img));
    assert_message(f, load(f), -EINVAL, "scripts/guests");
    memset(img, 0, sizeof(img));
    memcpy(img + 0x202, "HdrS", 4);
    f->opt.kernel = file("Image", img, sizeof(img));
    assert_message(f, load(f), -EINVAL, "x86");
    /* a PE/COFF section that ends behind the end of the file */
    make_image(img, sizeof(img), 0, 4096, 0);
    img[0] = 'M';
    img[1] = 'Z';
    put(img + 60, 0x40, 4);
    memcpy(img + 0x40, "PE\0", 4);
    put(img + 0x46, 1, 2);    /* sections */
    put(img + 0x54, 0xa0, 2); /* optional header */
    put(img + 0x40 + 24 + 0xa0 + 16, 8192, 4);
    put(img + 0x40 + 24 + 0xa0 + 20, 4096, 4);
    f->opt.kernel = file("Image", img, sizeof(img));
    assert_message(f, load(f), -EINVAL, "truncated");
    make_image(img, sizeof(img), 0, 40 * MIB, 0);
    f->opt.kernel = file("Image", img, sizeof(img));
    assert_message(f, load(f), -EINVAL, "41943040");
}

static void initrd_too_large(void **state)
{
    struct fixture *f = *state;
    uint8_t img[4096];
    make_image(img, sizeof(img), 0, 20 * MIB, 0);
    f->opt.kernel = file("Image", img, sizeof(img));
    uint8_t *rd = calloc(1, 14 * MIB);
    f->opt.initrd = file("initrd", rd, 14 * MIB);
    assert_message(f, load(f), -EINVAL, "initrd");
    assert_non_null(strstr(f->err.text, "14680064")); /* its size */
    assert_non_null(strstr(f->err.text, "33554432")); /* RAM's */
    f->opt.initrd = file("initrd", rd, 11 * MIB);     /* fits, but then the device tree does not */
    assert_message(f, load(f), -EINVAL, "device tree");
    f->opt.initrd = file("initrd", rd, 10 * MIB);
    assert_int_equal(load(f), 0);
    free(rd);
    f->opt.initrd = "/nonexistent/rd";
    assert_message(f, load(f), -ENOENT, "/nonexistent/rd");
    f->opt.kernel = NULL;
    assert_message(f, load(f), -EINVAL, "needs --kernel");
}

/* ---- ELF ---- */

static void elf_exec(void **state)
{
    struct fixture *f = *state;
    struct elf_file e = make_elf(UINT64_C(0xffff000000000000), RAM_BASE + 0x80000);
    f->opt.kernel = file("a.elf", &e, sizeof(e));
    assert_int_equal(load(f), 0);
    assert_int_equal(f->res.entry, RAM_BASE + 0x80008); /* the virtual entry, as its physical address */
    assert_memory_equal(f->ram + 0x80000, e.text, 64);
    assert_memory_equal(f->ram + 0x90000, e.data, 32);
    for (unsigned i = 32; i < 5000; i++)
        assert_int_equal(f->ram[0x90000 + i], 0); /* BSS */
    assert_int_equal(f->ram[0x90000 + 5000], 0xa5);
    assert_int_equal(f->res.kernel.base, RAM_BASE + 0x80000);
    assert_int_equal(f->res.dtb.base, RAM_BASE + RAM_SIZE / 2); /* out of a bare-metal program's way */
}

static void elf_pie(void **state)
{
    struct fixture *f = *state;
    struct elf_file e = make_elf(0, 0);
    e.h.e_type = ET_DYN;
    f->opt.kernel = file("pie.elf", &e, sizeof(e));
    assert_int_equal(load(f), 0); /* although there is flash at address 0 */
    assert_int_equal(f->res.entry, RAM_BASE + 8);
    assert_memory_equal(f->ram + 0x10000, e.data, 32);
    e = make_elf(RAM_BASE + 0x400000, RAM_BASE + 0x400000); /* linked into RAM: stays where it is */
    e.h.e_type = ET_DYN;
    f->opt.kernel = file("pie.elf", &e, sizeof(e));
    assert_int_equal(load(f), 0);
    assert_int_equal(f->res.entry, RAM_BASE + 0x400008);
    f->opt.kernel = NULL;
    e = make_elf(0, 0); /* firmware linked into the flash */
    f->opt.firmware = file("pie.elf", &e, sizeof(e));
    f->m.firmware.size = 0x20000;
    assert_int_equal(
        load(f), -EFAULT); /* this fixture has less flash than the machine says: the writer's error arrives */
    assert_non_null(strstr(f->err.text, "cannot write segment"));
}

static void elf_bad(void **state)
{
    struct fixture *f = *state;
    struct elf_file e = make_elf(RAM_BASE, RAM_BASE);
    struct elf_file b = e;
    b.h.e_machine = EM_X86_64;
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "x86-64");
    b = e;
    b.h.e_machine = EM_ARM;
    b.h.e_ident[EI_CLASS] = ELFCLASS32;
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "32-bit Arm");
    b = e;
    b.h.e_type = ET_REL;
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "ELF type 1");
    b = e;
    b.h.e_entry = 0x10;
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "entry point");
    b = e;
    b.p[1].p_paddr = RAM_BASE + RAM_SIZE - 100;
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "outside memory");
    b = e;
    b.p[1].p_paddr = UINT64_MAX - 100; /* wraps around */
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "outside memory");
    b = e;
    b.p[1].p_paddr = RAM_BASE + 32; /* onto the first segment */
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "overlaps");
    b = e;
    b.p[1].p_filesz = 6000;
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "truncated");
    b = e;
    b.p[1].p_offset = UINT64_MAX - 4;
    f->opt.kernel = file("a.elf", &b, sizeof(b));
    assert_message(f, load(f), -EINVAL, "truncated");
    for (size_t n = 4; n < sizeof(e); n += 3) {
        f->opt.kernel = file("a.elf", &e, n);
        assert_message(f, load(f), -EINVAL, "a.elf");
    }
}

/* Mutated files are refused with a message or loaded inside memory: mem_write would fault outside, ASan would
 * see reads past the file. */
static void elf_mutations(void **state)
{
    struct fixture *f = *state;
    struct elf_file e = make_elf(RAM_BASE, RAM_BASE);
    uint64_t seed = 1;
    unsigned loaded = 0;
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t *copy = malloc(sizeof(e));
        memcpy(copy, &e, sizeof(e));
        for (unsigned k = 0; k < 1 + i % 4; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            copy[(seed >> 33) % offsetof(struct elf_file, text)] = (uint8_t)(seed >> 56);
        }
        struct boot_file bytes = {copy, sizeof(e), 0};
        struct boot_elf out;
        f->err.text[0] = 0;
        int rc = boot_elf_load("kernel", "x", &bytes, &f->region, 1, RAM_BASE, &f->mem, &out, &f->err);
        if (rc)
            assert_true(rc == -EINVAL && strstr(f->err.text, "'x'"));
        loaded += rc == 0;
        free(copy);
    }
    assert_in_range(loaded, 100, 19000);
}

static void image_mutations(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 20000; i++) {
        size_t n = 1 + i % 300;
        uint8_t *p = malloc(n);
        for (size_t k = 0; k < n; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            p[k] = (uint8_t)(seed >> 56) & (i & 1 ? 0xff : 0x83);
        }
        if (n >= 64) {
            memcpy(p + 56, "ARMd", 4);
            p[24] &= 0xfe;
            p[8] = 0;
            p[9] &= i & 2 ? 0xf0 : 0xff;
        }
        if (n >= 0x44) {
            memcpy(p, "MZ", 2);
            put(p + 60, 0x40, 4);
            memcpy(p + 0x40, "PE\0", 4);
        }
        struct boot_image img;
        struct tg_error err = {""};
        int rc = boot_image_parse("x", p, n, &img, &err);
        assert_true(rc ? rc == -EINVAL && err.text[0] : img.image_size >= n);
        free(p);
    }
}

static void assert_item(const struct fixture *f, unsigned i, uint16_t key, size_t size, const void *first)
{
    assert_true(i < f->n_items);
    assert_int_equal(f->items[i].key, key);
    assert_int_equal(f->items[i].size, size);
    assert_memory_equal(f->items[i].first, first, size < 8 ? size : 8);
}

/* Firmware with a kernel: nothing but the firmware and the device tree is loaded, the rest lies in fw_cfg. */
static void firmware_with_kernel(void **state)
{
    struct fixture *f = *state;
    uint8_t kernel[70000] = "kernel!";
    f->mem.fw_cfg = mem_fw_cfg;
    f->opt.firmware = file("fw.bin", "firmware", 8);
    assert_int_equal(load(f), 0);
    assert_int_equal(f->n_items, 2); /* without a kernel the number of PEs only */
    assert_item(f, 0, 0x05, 2, "\2");
    assert_item(f, 1, 0x0f, 2, "\2");
    f->n_items = 0;
    f->opt.kernel = file("kernel", kernel, sizeof(kernel));
    f->opt.initrd = file("initrd", "ramdisk", 7);
    f->opt.append = "quiet";
    assert_int_equal(load(f), 0);
    assert_int_equal(f->n_items, 8);
    assert_item(f, 2, 0x08, 4, "\x70\x11\1");
    assert_item(f, 3, 0x11, 70000, kernel);
    assert_item(f, 4, 0x0b, 4, "\7\0\0");
    assert_item(f, 5, 0x12, 7, "ramdisk");
    assert_item(f, 6, 0x14, 4, "\6\0\0");
    assert_item(f, 7, 0x15, 6, "quiet");
    assert_int_equal(f->res.kernel.size, 0);
    assert_int_equal(f->res.initrd.size, 0);
    assert_int_equal(f->res.entry, 0);
    f->opt.kernel = "/nowhere";
    assert_message(f, load(f), -ENOENT, "/nowhere");
}

static void firmware(void **state)
{
    struct fixture *f = *state;
    static uint8_t fw[70000];
    memset(fw, 0x33, sizeof(fw));
    f->opt.firmware = file("fw.bin", fw, 60000);
    f->m.has_el3 = true;
    assert_int_equal(load(f), 0);
    assert_int_equal(f->res.el, 3);
    assert_int_equal(f->res.entry, 0);
    assert_int_equal(f->res.dtb.base, RAM_BASE);
    assert_memory_equal(f->flash_bytes, fw, 60000);
    f->opt.firmware = file("fw.bin", fw, 70000);
    assert_message(f, load(f), -EINVAL, "65536");
    f->m.firmware.size = 0;
    f->opt.firmware = file("fw.bin", fw, 100);
    assert_message(f, load(f), -EINVAL, "no flash");
    f->opt.kernel = f->opt.firmware;
    assert_message(f, load(f), -EINVAL, "--firmware");
}

static void modules(void **state)
{
    struct fixture *f = *state;
    uint8_t img[4096];
    make_image(img, sizeof(img), 0, MIB, 0xa);
    struct boot_module m[2];
    char arg[256];
    snprintf(arg, sizeof(arg), "kernel:%s,bootargs=console=hvc0,115200 x", file("dom0", img, sizeof(img)));
    assert_int_equal(boot_module_parse(arg, &m[0], &f->err), 0);
    assert_string_equal(m[0].bootargs, "console=hvc0,115200 x");
    snprintf(arg, sizeof(arg), "ramdisk:%s", file("rd", img, 100));
    assert_int_equal(boot_module_parse(arg, &m[1], &f->err), 0);
    assert_null(m[1].bootargs);
    f->opt.kernel = file("xen", img, sizeof(img));
    f->opt.modules = m;
    f->opt.n_modules = 2;
    assert_int_equal(load(f), 0);
    void *dtb = f->ram + (f->res.dtb.base - RAM_BASE);
    int k = fdt_path_offset(dtb, "/chosen/module@40200000"),
        r = fdt_path_offset(dtb, "/chosen/module@40400000");
    assert_true(k > 0 && r > 0);
    assert_memory_equal(f->ram + 2 * MIB, img, sizeof(img));
    boot_module_fini(&m[1]);
    m[1] = (struct boot_module){BOOT_MODULE_OTHER, "/nonexistent/m", NULL, NULL};
    assert_message(f, load(f), -ENOENT, "/nonexistent/m");
    boot_module_fini(&m[0]);
    struct boot_module bad;
    assert_int_equal(boot_module_parse("kernal:x", &bad, &f->err), -EINVAL);
    assert_int_equal(boot_module_parse("kernel", &bad, &f->err), -EINVAL);
    assert_int_equal(boot_module_parse("kernel:", &bad, &f->err), -EINVAL);
    assert_int_equal(boot_module_parse("kernel:x,args=1", &bad, &f->err), -EINVAL);
    assert_non_null(strstr(f->err.text, "args=1"));
    assert_int_equal(boot_module_parse("kernel:x,domain=,bootargs=1", &bad, &f->err), -EINVAL);
    assert_int_equal(boot_module_parse("kernel:x,domain=d,args=1", &bad, &f->err), -EINVAL);
    assert_int_equal(boot_module_parse("kernel:x,bootargs=a,domain=d", &m[0], &f->err), 0);
    assert_string_equal(m[0].bootargs, "a,domain=d");
    assert_null(m[0].domain);
    boot_module_fini(&m[0]);
    assert_int_equal(boot_module_parse("kernel:x,domain=domU1,bootargs=a,b", &m[0], &f->err), 0);
    assert_string_equal(m[0].file, "x");
    assert_string_equal(m[0].domain, "domU1");
    assert_string_equal(m[0].bootargs, "a,b");
    boot_module_fini(&m[0]);
}

static void given_dtb(void **state)
{
    struct fixture *f = *state;
    uint8_t img[4096], dtb[4096];
    make_image(img, sizeof(img), 0, 4096, 2);
    assert_int_equal(fdt_create_empty_tree(dtb, sizeof(dtb)), 0);
    fdt_setprop_string(dtb, 0, "model", "mine");
    char dump[128];
    snprintf(dump, sizeof(dump), "%s/dump.dtb", dir);
    f->opt = (struct boot_options){.kernel = file("Image", img, sizeof(img)),
                                   .dtb = file("x.dtb", dtb, sizeof(dtb)),
                                   .append = "q",
                                   .dump_dtb = dump};
    assert_int_equal(load(f), 0);
    FILE *in = fopen(dump, "rb");
    uint8_t got[4096];
    size_t n = fread(got, 1, sizeof(got), in);
    fclose(in);
    assert_int_equal(n, f->res.dtb.size);
    assert_memory_equal(got, f->ram + (f->res.dtb.base - RAM_BASE), n);
    assert_string_equal(fdt_getprop(got, 0, "model", NULL), "mine");
    f->opt.dump_dtb = "/nonexistent/d";
    assert_message(f, load(f), -ENOENT, "--dump-dtb");
    f->opt.dump_dtb = NULL;
    f->opt.dtb = f->opt.kernel;
    assert_message(f, load(f), -EINVAL, "not a valid device tree");
}

static void nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f), 0);
    assert_false(f->res.loaded);
    assert_int_equal(f->ram[0], 0xa5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_header),
        T(image_initrd_dtb),
        T(no_el2),
        T(gzip_image),
        T(bad_kernels),
        T(initrd_too_large),
        T(elf_exec),
        T(elf_pie),
        T(elf_bad),
        T(elf_mutations),
        cmocka_unit_test(image_mutations),
        T(firmware),
        T(firmware_with_kernel),
        T(modules),
        T(given_dtb),
        T(nothing),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
