/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image files as people have them, whole and cut, row by row: ELF entry points and segments (ELF-64, IHI
 * 0056), gzip members (RFC 1952 2.2; what zcat does), Image headers (Linux booting.rst 4, PE/COFF 3 and 4),
 * device trees. Each row says what is loaded where, or what part of the message the user reads.
 */
#include "tests/sim/boot/load_bench.h"

#define VIRT UINT64_C(0xffff000000000000)
#define PA   (RAM_BASE + 0x80000)

/* ---- entry points ---- */

/* Segment 0 holds 64 bytes of code in the file, segment 1 holds 32 bytes of data of 5000. */
static void elf_entries(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        uint64_t v0, p0, v1, p1;
        unsigned flags0, flags1;
        uint64_t entry, expected;
        bool unclear;
        const char *message;
    } rows[] = {
        {"virtual", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 6, VIRT + 8, PA + 8, false, NULL},
        {"physical", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 6, PA + 8, PA + 8, false, NULL},
        {"both, equal", PA, PA, PA + 0x10000, PA + 0x10000, 5, 6, PA + 8, PA + 8, false, NULL},
        {"code second", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 6, 5, VIRT + 0x10008, PA + 0x10008, false,
         NULL},
        {"physical, code second", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 6, 5, PA + 0x10008, PA + 0x10008,
         false, NULL},
        {"no code at all", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 6, 6, VIRT + 8, PA + 8, false, NULL},
        {"no code at all, physical", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 4, 6, PA + 8, PA + 8, false,
         NULL},
        /* Virtual in one segment of code, physical in another: virtual, as ELF has it. */
        {"virtual before physical", VIRT, PA, PA, PA + 0x10000, 5, 5, PA + 8, PA + 0x10008, true, NULL},
        {"virtual before physical, swapped", PA + 0x10000, PA, VIRT, PA + 0x10000, 5, 5, PA + 0x10008, PA + 8,
         true, NULL},
        /* Virtual in data, physical in code: code. */
        {"code before data", VIRT, PA, PA, PA + 0x10000, 5, 6, PA + 8, PA + 8, true, NULL},
        /* Two segments with the virtual address: the first of the table. */
        {"overlay", VIRT, PA, VIRT, PA + 0x10000, 5, 5, VIRT + 8, PA + 8, true, NULL},
        {"last instruction", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 6, VIRT + 60, PA + 60, false, NULL},
        {"behind the code", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 6, VIRT + 64, 0, false,
         "entry point 0xffff000000000040 lies in no segment"},
        {"before the code", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 6, PA - 4, 0, false,
         "lies in no segment"},
        {"among zeros", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 7, VIRT + 0x10020, 0, false,
         "entry point 0xffff000000010020 lies in segment 1 behind what the file has of it, among zeros"},
        {"among zeros, physical", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 7, PA + 0x11000, 0, false,
         "lies in segment 1 behind"},
        {"odd", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 6, VIRT + 6, 0, false, "expected a multiple of 4"},
        {"zero", VIRT, PA, VIRT + 0x10000, PA + 0x10000, 5, 6, 0, 0, false,
         "entry point 0x0 lies in no segment"},
    };
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct elf_file e = make_elf(rows[i].v0, rows[i].p0);
        e.p[1].p_vaddr = rows[i].v1;
        e.p[1].p_paddr = rows[i].p1;
        e.p[0].p_flags = rows[i].flags0;
        e.p[1].p_flags = rows[i].flags1;
        e.h.e_entry = rows[i].entry;
        for (unsigned order = 0; order < 2; order++) {
            memset(f->ram, 0xa5, RAM_SIZE);
            f->opt.kernel = file("a.elf", &e, sizeof(e));
            int rc = load(f);
            if (rows[i].message) {
                assert_message(f, rc, -EINVAL, order ? "entry point" : rows[i].message);
                assert_int_equal(f->ram[0x80000], 0xa5); /* nothing is written before all is checked */
            } else {
                if (rc || f->res.entry != rows[i].expected)
                    if (!(order && !strcmp(rows[i].name, "overlay") && f->res.entry == PA + 0x10008))
                        fail_msg("%s: %s, entry 0x%llx", rows[i].name, rc ? f->err.text : "loaded",
                                 (unsigned long long)f->res.entry);
                assert_int_equal(f->res.note[0] != 0, rows[i].unclear);
                if (rows[i].unclear)
                    assert_non_null(strstr(f->res.note, "the entry point could be 0x"));
                assert_memory_equal(f->ram + (rows[i].p0 - RAM_BASE), e.text, 64);
                assert_memory_equal(f->ram + (rows[i].p1 - RAM_BASE), e.data, 32);
                for (unsigned k = 32; k < 5000; k++)
                    assert_int_equal(f->ram[rows[i].p1 - RAM_BASE + k], 0);
            }
            /* The order of the table has no meaning, but where two segments have one virtual address. */
            Elf64_Phdr first = e.p[0];
            e.p[0] = e.p[1];
            e.p[1] = first;
        }
    }
}

static void elf_segments(void **state)
{
    struct fixture *f = *state;
    enum { FILESZ, MEMSZ, OFFSET, PADDR, TYPE, PHENTSIZE, PHNUM, PHOFF, SHOFF, ETYPE, ALIGN };
    static const struct {
        unsigned segment, what;
        uint64_t value;
        const char *message; /* NULL: loaded */
    } rows[] = {
        {1, FILESZ, 32, NULL},
        {1, MEMSZ, 32, NULL},
        {1, MEMSZ, 31, "segment 1 is larger in the file (32 bytes) than in memory (31)"},
        {1, MEMSZ, 0, "segment 1 is larger in the file (32 bytes) than in memory (0)"}, /* was: dropped */
        {1, FILESZ, 0, NULL},
        {1, FILESZ, 33, "segment 1 ends at byte 273, the file has 272; truncated"},
        {1, OFFSET, 241, "segment 1 ends at byte 273, the file has 272; truncated"},
        {1, OFFSET, UINT64_MAX - 3,
         "segment 1 has 32 bytes from byte 18446744073709551612 on, the file has 272"},
        {1, FILESZ, UINT64_MAX,
         "segment 1 has 18446744073709551615 bytes from byte 240 on, the file has 272"},
        {1, PADDR, PA + 63, "segment 1 (0x4008003f..0x400813c6) overlaps segment 0 (0x40080000..0x4008003f)"},
        {1, PADDR, PA + 64, NULL},
        {1, PADDR, PA - 5000, NULL},
        {1, PADDR, PA - 4999, "overlaps segment 0"},
        {1, PADDR, RAM_BASE + RAM_SIZE - 5000, NULL},
        {1, PADDR, RAM_BASE + RAM_SIZE - 4999, "lies outside memory"},
        {1, PADDR, RAM_BASE - 1, "lies outside memory"},
        {1, PADDR, UINT64_MAX - 4998, "lies outside memory"},
        {1, MEMSZ, UINT64_MAX, "lies outside memory"},
        {1, TYPE, PT_NOTE, NULL},
        {0, TYPE, PT_NOTE, "entry point"},
        {0, PHENTSIZE, 55, "program headers of 55 bytes each, expected 56"},
        {0, PHNUM, 0, "no program headers"},
        {0, PHNUM, 500, "truncated"},
        {0, PHOFF, 1000, "truncated"},
        {0, ETYPE, ET_CORE, "ELF type 4"},
        {0, ETYPE, ET_DYN, NULL},
    };
    assert_int_equal(sizeof(struct elf_file), 272);
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct elf_file e = make_elf(VIRT, PA);
        Elf64_Phdr *p = &e.p[rows[i].segment];
        uint64_t v = rows[i].value;
        switch (rows[i].what) {
        case FILESZ:
            p->p_filesz = v;
            break;
        case MEMSZ:
            p->p_memsz = v;
            break;
        case OFFSET:
            p->p_offset = v;
            break;
        case PADDR:
            p->p_paddr = v;
            break;
        case TYPE:
            p->p_type = (uint32_t)v;
            break;
        case PHENTSIZE:
            e.h.e_phentsize = (uint16_t)v;
            break;
        case PHNUM:
            e.h.e_phnum = (uint16_t)v;
            break;
        case PHOFF:
            e.h.e_phoff = v;
            break;
        case ETYPE:
            e.h.e_type = (uint16_t)v;
            break;
        default:
            fail();
        }
        f->opt.kernel = file("a.elf", &e, sizeof(e));
        int rc = load(f);
        if (rows[i].message)
            assert_message(f, rc, -EINVAL, rows[i].message);
        else if (rc)
            fail_msg("row %zu: %s", i, f->err.text);
        assert_int_equal(f->res.note[0], 0);
    }
    /* Section headers that are cut off: nothing of them is needed, and the user is told. */
    struct elf_file e = make_elf(VIRT, PA);
    e.h.e_shoff = 1000;
    e.h.e_shnum = 3;
    e.h.e_shentsize = sizeof(Elf64_Shdr);
    f->opt.kernel = file("a.elf", &e, sizeof(e));
    assert_int_equal(load(f), 0);
    assert_non_null(strstr(f->res.note, "the file has 272 bytes, its section headers end at byte 1192"));
}

/* A position-independent program is moved by a multiple of its alignment. */
static void elf_alignment(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t base, align, at;
    } rows[] = {
        {0, 4, 0},
        {0x12340, 0x10000, 0x2340},
        {0x12340, 4, 0x2340}, /* 64 KiB at least */
        {0x112340, 0x200000, 0x112340},
        {0x112340, 0x100000, 0x12340},
        {0x112340, 0x300000, 0x2340},            /* no power of two: ignored */
        {0x712340, UINT64_C(1) << 40, 0x112340}, /* more than where RAM is aligned to cannot be had */
    };
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct elf_file e = make_elf(rows[i].base, rows[i].base);
        e.h.e_type = ET_DYN;
        e.p[0].p_align = rows[i].align;
        f->opt.kernel = file("a.elf", &e, sizeof(e));
        assert_int_equal(load(f), 0);
        assert_int_equal(f->res.entry, RAM_BASE + rows[i].at + 8);
        assert_memory_equal(f->ram + rows[i].at, e.text, 64);
        assert_int_equal(f->res.note[0], 0);
    }
}

static void elf_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        unsigned offset, value;
        const char *message;
    } rows[] = {
        {EI_CLASS, ELFCLASS32, "a 32-bit ELF file, expected 64-bit"},
        {EI_DATA, ELFDATA2MSB, "expected AArch64"}, /* the machine is read big-endian, too */
        {18, EM_386, "an ELF file for x86 (e_machine 3)"},
        {18, EM_RISCV, "an ELF file for RISC-V (e_machine 243)"},
    };
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        struct elf_file e = make_elf(VIRT, PA);
        ((uint8_t *)&e)[rows[i].offset] = (uint8_t)rows[i].value;
        f->opt.kernel = file("a.elf", &e, sizeof(e));
        assert_message(f, load(f), -EINVAL, rows[i].message);
    }
    struct elf_file e = make_elf(VIRT, PA);
    e.h.e_ident[EI_DATA] = ELFDATA2MSB;
    e.h.e_machine = EM_AARCH64 << 8;
    f->opt.kernel = file("a.elf", &e, sizeof(e));
    assert_message(f, load(f), -EINVAL, "a big-endian ELF file, expected a little-endian one");
}

/* ---- gzip ---- */

static size_t squeeze(const void *data, size_t n, uint8_t *out, size_t room)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)data;
    z.avail_in = (unsigned)n;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void gzip_members(void **state)
{
    struct fixture *f = *state;
    static uint8_t img[200000], packed[200000];
    static const struct {
        size_t cuts[4];  /* where the Image is parted into members; 0 ends */
        size_t behind;   /* bytes behind the last */
        uint8_t with[4]; /* the first of them; the others are zero */
        size_t less;     /* bytes that are missing at the end */
        const char *message;
    } rows[] = {
        {{200000}, 0, {0}, 0, NULL},
        {{100000, 200000}, 0, {0}, 0, NULL},
        {{1, 2, 100000, 200000}, 0, {0}, 0, NULL},
        {{200000, 200000}, 0, {0}, 0, NULL}, /* the last one is empty */
        {{200000}, 1, {0}, 0, NULL},         /* padding, as on a tape */
        {{200000}, 5000, {0}, 0, NULL},
        {{100000, 200000}, 512, {0}, 0, NULL},
        {{200000}, 1, {7}, 0, "1 bytes behind the end of the gzip data at byte"},
        {{200000}, 700, {0, 0, 1}, 0, "700 bytes behind the end of the gzip data at byte"},
        {{100000, 200000}, 4, {0xd0, 0x0d, 0xfe, 0xed}, 0, "4 bytes behind"},
        {{200000}, 2, {0x1f, 0x8b}, 0, "gzip data ends too early"},
        {{200000}, 4, {0x1f, 0x8b, 1, 2}, 0, "gzip data is damaged"},
        {{200000}, 1, {0x1f}, 0, "1 bytes behind"},
        {{200000}, 0, {0}, 1, "gzip data ends too early"},
        {{200000}, 0, {0}, 8, "gzip data ends too early"},
        {{100000, 200000}, 0, {0}, 1, "ends too early after"},
        {{100000, 200000}, 0, {0}, 1, "in member 2"},
    };
    for (size_t i = 0; i < sizeof(img); i++)
        img[i] = (uint8_t)(i * i >> 7);
    uint8_t header[64];
    make_image(header, sizeof(header), 0, sizeof(img), 2);
    memcpy(img, header, sizeof(header));
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        size_t n = 0, from = 0;
        memset(packed, 0, sizeof(packed));
        for (unsigned k = 0; k < 4 && rows[i].cuts[k]; k++) {
            n += squeeze(img + from, rows[i].cuts[k] - from, packed + n, sizeof(packed) - n);
            from = rows[i].cuts[k];
        }
        assert_true(n + 5000 < sizeof(packed));
        memcpy(packed + n, rows[i].with, rows[i].behind < 4 ? rows[i].behind : 4);
        memset(f->ram, 0xa5, RAM_SIZE);
        f->opt.kernel = file("Image.gz", packed, n + rows[i].behind - rows[i].less);
        int rc = load(f);
        if (rows[i].message) {
            assert_message(f, rc, -EINVAL, rows[i].message);
            continue;
        }
        if (rc)
            fail_msg("row %zu: %s", i, f->err.text);
        assert_memory_equal(f->ram, img, sizeof(img));
        assert_int_equal(f->ram[sizeof(img)], 0xa5);
    }
    /* Every cut of a file of two members is found. */
    size_t n = squeeze(img, 5000, packed, sizeof(packed));
    n += squeeze(img + 5000, 5000, packed + n, sizeof(packed) - n);
    unsigned good = 0; /* the cut exactly behind the first */
    for (size_t cut = 2; cut < n; cut++) {
        struct boot_file b = {malloc(cut), cut, 0};
        struct tg_error err;
        memcpy(b.data, packed, cut);
        int rc = boot_file_gunzip("kernel", "x", RAM_SIZE, &b, &err);
        good += !rc;
        if (!rc)
            assert_int_equal(b.size, 5000);
        boot_file_free(&b);
    }
    assert_int_equal(good, 1);
    /* What fills the limit exactly fits. */
    for (int more = -1; more <= 1; more++) {
        struct boot_file b = {malloc(sizeof(packed)), 0, 0};
        struct tg_error err;
        b.size = squeeze(img, 5000, b.data, sizeof(packed));
        int rc = boot_file_gunzip("kernel", "x", (uint64_t)(5000 + more), &b, &err);
        assert_int_equal(rc, more < 0 ? -EFBIG : 0);
        boot_file_free(&b);
    }
    /* Sizes in a message are of what was expanded, and it says so. */
    make_image(img, 4096, 0, 4096, 1);
    n = squeeze(img, 4096, packed, sizeof(packed));
    f->opt.kernel = file("Image.gz", packed, n);
    assert_message(f, load(f), -EINVAL, "big-endian");
    assert_non_null(strstr(f->err.text, "(expanded from the "));
}

/* ---- Image ---- */

static void image_headers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t text_offset, image_size;
        const char *message;
    } rows[] = {
        {0, 4096, NULL},
        {0x80000, 4096, NULL},
        {0x1000, 4096, NULL},
        {0x200000, 4096, NULL}, /* unusual, and in keeping with the protocol */
        {0x80001, 4096, "text_offset 0x80001 in the Image header, expected a multiple of 0x1000"},
        {0x80800, 4096, "text_offset 0x80800 in the Image header, expected a multiple of 0x1000"},
        {0xfff, 4096, "expected a multiple of 0x1000"},
        {0x80001, 0, NULL},            /* the header of before 3.17: its text_offset is not looked at */
        {0, 20 * MIB, NULL},           /* more than the file: zeros, which the kernel makes itself */
        {0, RAM_SIZE - 4 * MIB, NULL}, /* with room for the device tree */
        {0, RAM_SIZE, "no 2097152 bytes of RAM are left for the device tree"},
        {0, RAM_SIZE + 1, "needs 33554433 bytes from 0x40000000; RAM at 0x40000000 has 33554432 bytes"},
        {0x80000, RAM_SIZE, "needs 33554432 bytes from 0x40080000"},
        {RAM_SIZE, 4096, "needs 4096 bytes from 0x42000000"},
        {UINT64_C(1) << 47, 4096, "needs 4096 bytes"},
        {UINT64_C(1) << 48, 4096, "the Image header is damaged"},
        {0, UINT64_C(1) << 48, "the Image header is damaged"},
        {UINT64_MAX & ~UINT64_C(0xfff), UINT64_MAX, "the Image header is damaged"},
    };
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        uint8_t img[4096];
        make_image(img, sizeof(img), rows[i].text_offset, rows[i].image_size, 2);
        f->opt.kernel = file("Image", img, sizeof(img));
        int rc = load(f);
        if (rows[i].message)
            assert_message(f, rc, -EINVAL, rows[i].message);
        else if (rc)
            fail_msg("row %zu: %s", i, f->err.text);
    }
}

/* An Image with an EFI stub: its section table tells a cut file from one whose zeros are not in it. */
static void image_cut(void **state)
{
    struct fixture *f = *state;
    static uint8_t img[0x3000];
    make_image(img, sizeof(img), 0, 5 * MIB, 2);
    memcpy(img, "MZ", 2);
    put(img + 60, 0x40, 4);
    memset(img + 0x40, 0, 0x200);
    memcpy(img + 0x40, "PE\0", 4);
    put(img + 0x46, 2, 2);           /* sections */
    put(img + 0x54, 0xa0, 2);        /* optional header: the table is at 0xf8, and ends at 0x148 */
    put(img + 0xf8 + 8, 5 * MIB, 4); /* VirtualSize: the zeros count there */
    put(img + 0xf8 + 16, 0x1000, 4);
    put(img + 0xf8 + 20, 0x1000, 4);
    put(img + 0x120 + 16, 0x1000, 4);
    put(img + 0x120 + 20, 0x2000, 4);
    static const struct {
        size_t n;
        const char *message;
    } rows[] = {
        {0x3000, NULL},
        {0x2fff, "truncated: the file has 12287 bytes, its section table names 12288"},
        {0x2000, "truncated: the file has 8192 bytes, its section table names 12288"},
        {0x148, "truncated: the file has 328 bytes, its section table names 12288"},
        {0x147, "truncated: the file has 327 bytes, its section table names 328"},
        {0x60, "truncated: the file has 96 bytes, its section table names 328"},
        {0x57, "truncated: the file has 87 bytes, its section table names 88"},
        {0x40, "truncated: the file has 64 bytes, its section table names 88"},
        {0x3f, "63 bytes are less than an arm64 Image header (64 bytes); is the file truncated?"},
    };
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        f->opt.kernel = file("Image", img, rows[i].n);
        int rc = load(f);
        if (rows[i].message)
            assert_message(f, rc, -EINVAL, rows[i].message);
        else if (rc)
            fail_msg("row %zu: %s", i, f->err.text);
    }
}

/* ---- what is loaded beside ---- */

/* Nothing that is placed lies over anything else, whatever the sizes are; what finds no room has a message.
 */
static void no_overlap(void **state)
{
    struct fixture *f = *state;
    uint8_t img[4096];
    static uint8_t zeros[9 * MIB];
    uint64_t seed = 7;
    unsigned loaded = 0;
    for (unsigned i = 0; i < 60; i++) {
        uint64_t size[3];
        for (unsigned k = 0; k < 3; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            size[k] = 1 + (seed >> 33) % sizeof(zeros);
        }
        make_image(img, sizeof(img), (seed >> 20) % 512 * 4096, size[0], 2);
        struct boot_module m[2] = {
            {BOOT_MODULE_KERNEL, (char *)file("m0", zeros, (size_t)size[1]), NULL, NULL},
            {BOOT_MODULE_OTHER, (char *)file("m1", zeros, 5), NULL, NULL}};
        f->opt.kernel = file("Image", img, sizeof(img));
        f->opt.initrd = file("initrd", zeros, (size_t)size[2]);
        f->opt.modules = m;
        f->opt.n_modules = 2;
        if (load(f)) {
            assert_non_null(strstr(f->err.text, "bytes"));
            continue;
        }
        loaded++;
        void *dtb = f->ram + (f->res.dtb.base - RAM_BASE);
        struct boot_region at[5] = {f->res.kernel, f->res.initrd, f->res.dtb};
        unsigned n = 3;
        int chosen = fdt_path_offset(dtb, "/chosen"), node;
        fdt_for_each_subnode(node, dtb, chosen)
        {
            const fdt64_t *reg = fdt_getprop(dtb, node, "reg", NULL);
            assert_true(n < 5);
            at[n++] = (struct boot_region){fdt64_ld(reg), fdt64_ld(reg + 1)};
        }
        assert_int_equal(n, 5);
        assert_true(at[0].size == (size[0] > 4096 ? size[0] : 4096) && at[1].size == size[2]);
        for (unsigned a = 0; a < n; a++) {
            assert_true(boot_inside(&f->region, at[a].base, at[a].size));
            for (unsigned b = 0; b < a; b++)
                assert_false(boot_overlap(&at[a], &at[b]));
        }
    }
    assert_in_range(loaded, 20, 60);
}

static void device_trees(void **state)
{
    struct fixture *f = *state;
    uint8_t img[4096], dtb[4096] = {0};
    make_image(img, sizeof(img), 0, 4096, 2);
    assert_int_equal(fdt_create_empty_tree(dtb, 2048), 0);
    assert_int_equal(fdt_pack(dtb), 0);
    const size_t total = fdt_totalsize(dtb);
    memset(dtb + total, 0, sizeof(dtb) - total);
    static const struct {
        int more;
        uint8_t with;
        const char *message;
    } rows[] = {
        {0, 0, NULL},
        {1, 0, NULL}, /* padding */
        {1000, 0, NULL},
        {1, 9, "is not zero behind them"},
        {1000, 9, "is not zero behind them"},
        {-1, 0, "truncated: the file has"},
        {-30, 0, "truncated: the file has"},
    };
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        if (rows[i].more > 0)
            dtb[total + (size_t)rows[i].more - 1] = rows[i].with;
        f->opt.kernel = file("Image", img, sizeof(img));
        f->opt.dtb = file("x.dtb", dtb, total + (size_t)rows[i].more);
        int rc = load(f);
        if (rows[i].message)
            assert_message(f, rc, -EINVAL, rows[i].message);
        else if (rc)
            fail_msg("row %zu: %s", i, f->err.text);
        if (rows[i].more > 0)
            dtb[total + (size_t)rows[i].more - 1] = 0;
    }
    f->opt.dtb = file("x.dtb", dtb, 0);
    assert_message(f, load(f), -EINVAL, "the file is empty");
    f->opt.dtb = file("x.dtb", dtb, 20);
    assert_message(f, load(f), -EINVAL, "20 bytes, not a valid device tree blob");
    f->opt.dtb = NULL;
    f->opt.initrd = file("initrd", dtb, 0);
    assert_message(f, load(f), -EINVAL, "initrd");
    assert_non_null(strstr(f->err.text, "the file is empty"));
    f->opt = (struct boot_options){.firmware = file("fw", "\x1f\x8b\x08", 3)};
    assert_message(f, load(f), -EINVAL, "gzip-compressed, expected a raw image or an ELF file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(elf_entries),   T(elf_segments), T(elf_alignment), T(elf_refused),  T(gzip_members),
        T(image_headers), T(image_cut),    T(no_overlap),    T(device_trees),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
