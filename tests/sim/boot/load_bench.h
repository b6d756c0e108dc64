/* SPDX-License-Identifier: Apache-2.0 */
/* A machine whose memory is an array, files in a directory of their own, and Images and ELF files made to
 * measure: for the tests of the loader. */
#ifndef TEST_BOOT_LOAD_BENCH_H
#define TEST_BOOT_LOAD_BENCH_H

#include "tests/sim/boot/virt.h"
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "sim/boot/internal.h"

#define MIB      (UINT64_C(1) << 20)
#define RAM_SIZE (32 * MIB)

static char dir[64];

struct fixture {
    uint8_t *ram;
    struct boot_region region, flash;
    uint8_t flash_bytes[65536];
    struct boot_machine m;
    struct boot_mem mem;
    struct boot_options opt;
    struct boot_result res;
    struct tg_error err;
    struct {
        uint16_t key;
        size_t size;
        uint8_t first[8];
    } items[16]; /* of fw_cfg */
    unsigned n_items;
};

static inline int mem_write(void *o, uint64_t pa, const void *data, size_t n)
{
    struct fixture *f = o;
    if (pa >= RAM_BASE && pa - RAM_BASE <= f->region.size && n <= f->region.size - (pa - RAM_BASE))
        memcpy(f->ram + (pa - RAM_BASE), data, n);
    else if (pa + n <= sizeof(f->flash_bytes))
        memcpy(f->flash_bytes + pa, data, n);
    else
        return -EFAULT;
    return 0;
}

static inline int mem_fw_cfg(void *o, uint16_t key, const void *data, size_t n)
{
    struct fixture *f = o;
    f->items[f->n_items].key = key;
    f->items[f->n_items].size = n;
    memcpy(f->items[f->n_items++].first, data, n < 8 ? n : 8);
    return f->n_items == 16 ? -ENOMEM : 0;
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->ram = malloc(RAM_SIZE);
    memset(f->ram, 0xa5, RAM_SIZE);
    f->m = virt_machine(&f->region, RAM_SIZE, 2, 3);
    f->m.firmware = (struct boot_region){0, sizeof(f->flash_bytes)};
    f->mem = (struct boot_mem){.write = mem_write, .opaque = f};
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    free(f->ram);
    free(f);
    return 0;
}

static inline const char *file(const char *name, const void *data, size_t n)
{
    static char path[4][160];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    FILE *f = fopen(p, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
    return p;
}

static inline void put(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* An Image of n bytes whose body is a pattern. */
static inline void make_image(uint8_t *p, size_t n, uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 7 + 1);
    memset(p, 0, 64);
    put(p + 8, text_offset, 8);
    put(p + 16, image_size, 8);
    put(p + 24, flags, 8);
    memcpy(p + 56, "ARMd", 4);
}

static inline int load(struct fixture *f)
{
    return boot_load(&f->m, &f->opt, &f->mem, &f->res, &f->err);
}

#define assert_message(f, rc, code, part)                             \
    do {                                                              \
        assert_int_equal(rc, code);                                   \
        if (!strstr((f)->err.text, part))                             \
            fail_msg("message '%s' lacks '%s'", (f)->err.text, part); \
        assert_false((f)->res.loaded);                                \
    } while (0)

/* ---- ELF ---- */

struct elf_file {
    Elf64_Ehdr h;
    Elf64_Phdr p[2];
    uint8_t text[64], data[32];
};

static inline struct elf_file make_elf(uint64_t vbase, uint64_t pbase)
{
    struct elf_file e = {
        .h = {.e_ident = ELFMAG,
              .e_type = ET_EXEC,
              .e_machine = EM_AARCH64,
              .e_version = EV_CURRENT,
              .e_entry = vbase + 8,
              .e_phoff = sizeof(Elf64_Ehdr),
              .e_ehsize = sizeof(Elf64_Ehdr),
              .e_phentsize = sizeof(Elf64_Phdr),
              .e_phnum = 2},
        .p = {{.p_type = PT_LOAD,
               .p_flags = 5,
               .p_offset = offsetof(struct elf_file, text),
               .p_vaddr = vbase,
               .p_paddr = pbase,
               .p_filesz = 64,
               .p_memsz = 64,
               .p_align = 4},
              {.p_type = PT_LOAD,
               .p_flags = 6,
               .p_offset = offsetof(struct elf_file, data),
               .p_vaddr = vbase + 0x10000,
               .p_paddr = pbase + 0x10000,
               .p_filesz = 32,
               .p_memsz = 5000,
               .p_align = 4}},
    };
    e.h.e_ident[EI_CLASS] = ELFCLASS64;
    e.h.e_ident[EI_DATA] = ELFDATA2LSB;
    e.h.e_ident[EI_VERSION] = EV_CURRENT;
    memset(e.text, 0x11, sizeof(e.text));
    memset(e.data, 0x22, sizeof(e.data));
    return e;
}

static inline int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "boot-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
{
    (void)state;
    DIR *d = opendir(dir);
    struct dirent *e;
    while ((e = readdir(d)))
        if (e->d_name[0] != '.') {
            char path[400];
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
            unlink(path);
        }
    closedir(d);
    return rmdir(dir);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
