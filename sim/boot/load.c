/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placing and loading everything a machine boots: see boot.h for the rules. Reads files, writes guest memory
 * through the writer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/boot/internal.h"

#define ELF_ROOM    (UINT64_C(128) << 20) /* what a bare-metal program finds free behind its image */
#define MAX_USED    80
#define MAX_MODULES 16

struct loader {
    const struct boot_machine *m;
    const struct boot_options *opt;
    const struct boot_mem *mem;
    struct boot_result *res;
    struct tg_error *err;
    struct boot_region
        ram; /* the bank where everything goes that has room there: the first one, or the kernel's */
    struct boot_region used[MAX_USED];
    unsigned n_used;
    uint64_t from; /* where initrd, modules and device tree are placed from */
    struct boot_placed_module modules[MAX_MODULES];
    unsigned n_modules;
};

/* ---- --module ---- */

static const char *const kind_names[] = {
    [BOOT_MODULE_KERNEL] = "kernel", [BOOT_MODULE_RAMDISK] = "ramdisk", [BOOT_MODULE_DTB] = "dtb",
    [BOOT_MODULE_XSM] = "xsm",       [BOOT_MODULE_OTHER] = "other",
};

/* Length of what stands before the next comma; *s moves on to that, or to the end. */
static size_t word(const char **s)
{
    size_t n = strcspn(*s, ",");
    *s += n;
    return n;
}

/* What follows `name`, when that is what *s begins with: *s moves on to it. Else NULL. */
static const char *after(const char **s, const char *name)
{
    size_t n = strlen(name);
    if (strncmp(*s, name, n))
        return NULL;
    return *s += n;
}

int boot_module_parse(const char *arg, struct boot_module *out, struct tg_error *err)
{
    *out = (struct boot_module){0};
    const char *colon = strchr(arg, ':');
    unsigned kind;
    for (kind = 0; colon && kind < TG_ARRAY_SIZE(kind_names); kind++)
        if (strlen(kind_names[kind]) == (size_t)(colon - arg) &&
            !strncmp(arg, kind_names[kind], (size_t)(colon - arg)))
            break;
    if (!colon || kind == TG_ARRAY_SIZE(kind_names))
        return tg_error_set(err, EINVAL,
                            "--module '%s': expected KIND:FILE[,domain=NAME][,bootargs=TEXT], KIND one of "
                            "kernel, ramdisk, dtb, xsm, other",
                            arg);
    const char *rest = colon + 1;
    const char *file = rest;
    size_t file_n = word(&rest), domain_n = 0;
    if (file_n == 0)
        return tg_error_set(err, EINVAL, "--module '%s': no file name after the colon", arg);
    const char *domain = after(&rest, ",domain=");
    if (domain && (domain_n = word(&rest)) == 0)
        return tg_error_set(err, EINVAL, "--module '%s': no name after domain=", arg);
    const char *bootargs = after(&rest, ",bootargs=");
    if (!bootargs && *rest)
        return tg_error_set(err, EINVAL,
                            "--module '%s': found '%s' after the file name, expected domain=NAME, then "
                            "bootargs=TEXT",
                            arg, rest + 1);
    out->kind = (enum boot_module_kind)kind;
    out->file = strndup(file, file_n);
    out->domain = domain ? strndup(domain, domain_n) : NULL;
    out->bootargs = bootargs ? strdup(bootargs) : NULL;
    if (!out->file || (domain && !out->domain) || (bootargs && !out->bootargs)) {
        boot_module_fini(out);
        return tg_error_set(err, ENOMEM, "--module: no memory");
    }
    return 0;
}

void boot_module_fini(struct boot_module *m)
{
    free(m->file);
    free(m->bootargs);
    free(m->domain);
    *m = (struct boot_module){0};
}

/* ---- where things go ---- */

static int claim(struct loader *l, const char *what, const char *path, struct boot_region r)
{
    for (unsigned i = 0; i < l->n_used; i++)
        if (boot_overlap(&l->used[i], &r))
            return tg_error_set(l->err, EINVAL,
                                "%s '%s' at 0x%" PRIx64 "..0x%" PRIx64
                                " overlaps what is loaded at 0x%" PRIx64,
                                what, path, r.base, r.base + r.size - 1, l->used[i].base);
    if (l->n_used == MAX_USED)
        return tg_error_set(l->err, EINVAL, "%s '%s': too many pieces to load", what, path);
    l->used[l->n_used++] = r;
    return 0;
}

/* Where a piece that overlaps [base, base+size) may start next; `base` itself when nothing is there. */
static uint64_t next_free(const struct loader *l, uint64_t base, uint64_t size)
{
    struct boot_region r = {base, size};
    for (unsigned i = 0; i < l->n_used; i++)
        if (boot_overlap(&l->used[i], &r))
            return l->used[i].base + l->used[i].size;
    return base;
}

/* The lowest free place of a bank, from `from` on. */
static bool place_in(const struct loader *l, const struct boot_region *bank, uint64_t from, uint64_t size,
                     uint64_t *at)
{
    const uint64_t hi = bank->base + bank->size;
    uint64_t base = boot_align_up(from, BOOT_ALIGN), next;
    while (base >= bank->base && base < hi && size <= hi - base) {
        next = next_free(l, base, size);
        if (next == base) {
            *at = base;
            return true;
        }
        base = boot_align_up(next, BOOT_ALIGN);
    }
    return false;
}

/* The lowest free place from l->from on; below that only when there is none; then in another bank. */
static bool place(const struct loader *l, uint64_t size, uint64_t *at)
{
    if (place_in(l, &l->ram, l->from, size, at) || place_in(l, &l->ram, l->ram.base, size, at))
        return true;
    for (unsigned i = 0; i < l->m->n_ram; i++)
        if (l->m->ram[i].base != l->ram.base && place_in(l, &l->m->ram[i], l->m->ram[i].base, size, at))
            return true;
    return false;
}

/* The largest bank, whose size bounds what can be read. */
static struct boot_region largest_bank(const struct boot_machine *m)
{
    struct boot_region r = m->ram[0];
    for (unsigned i = 1; i < m->n_ram; i++)
        if (m->ram[i].size > r.size)
            r = m->ram[i];
    return r;
}

static int write_at(struct loader *l, const char *what, const char *path, uint64_t pa, const void *data,
                    size_t size)
{
    int rc = l->mem->write(l->mem->opaque, pa, data, size);
    if (rc)
        return tg_error_set(l->err, -rc, "%s '%s': cannot write %zu bytes to 0x%" PRIx64 ": %s", what, path,
                            size, pa, strerror(-rc));
    return 0;
}

/* Reads a file, places it, writes it. */
static int load_blob(struct loader *l, const char *what, const char *path, struct boot_region *out)
{
    struct boot_file f;
    uint64_t at;
    const struct boot_region bank = largest_bank(l->m);
    int rc = boot_file_read(what, path, bank.size, &f, l->err);
    if (rc)
        return rc;
    *out = (struct boot_region){0};
    if (!place(l, f.size, &at)) {
        uint64_t used = 0;
        for (unsigned i = 0; i < l->n_used; i++)
            used += l->used[i].size;
        rc = tg_error_set(l->err, EINVAL,
                          "%s '%s': %zu bytes do not fit: RAM at 0x%" PRIx64 " has %" PRIu64
                          " bytes, of which the kernel and what "
                          "else is loaded take %" PRIu64,
                          what, path, f.size, bank.base, bank.size, used);
    } else {
        *out = (struct boot_region){at, f.size};
        rc = claim(l, what, path, *out);
    }
    if (!rc)
        rc = write_at(l, what, path, at, f.data, f.size);
    boot_file_free(&f);
    return rc;
}

/* ---- kernel and firmware ---- */

static int load_elf(struct loader *l, const char *what, const char *path, const struct boot_file *f,
                    struct boot_region *out)
{
    struct boot_region allowed[16];
    unsigned n = 0;
    for (; n < l->m->n_ram && n < 15; n++)
        allowed[n] = l->m->ram[n];
    /* A kernel never goes into flash; a position-independent one linked at 0 would look as if it meant to. */
    if (l->opt->firmware && l->m->firmware.size)
        allowed[n++] = l->m->firmware;
    struct boot_elf elf = {0};
    int rc = boot_elf_load(what, path, f, allowed, n, boot_align_up(l->ram.base, BOOT_ALIGN), l->mem, &elf,
                           l->err);
    if (rc)
        return rc;
    uint64_t lo = UINT64_MAX, hi = 0;
    for (unsigned i = 0; i < elf.n_spans && !rc; i++) {
        rc = claim(l, what, path, elf.spans[i]);
        lo = elf.spans[i].base < lo ? elf.spans[i].base : lo;
        hi = elf.spans[i].base + elf.spans[i].size > hi ? elf.spans[i].base + elf.spans[i].size : hi;
    }
    *out = (struct boot_region){lo, hi - lo};
    l->res->entry = elf.entry;
    l->res->bare = true;
    if (elf.sections_end) /* nothing of it is loaded, but it was there once */
        snprintf(l->res->note, sizeof(l->res->note),
                 "%s '%s': the file has %zu bytes, its section headers end at byte %" PRIu64
                 ": truncated behind the last segment?",
                 what, path, f->size, elf.sections_end);
    if (elf.other_entry)
        snprintf(l->res->note, sizeof(l->res->note),
                 "%s '%s': the entry point could be 0x%" PRIx64 " or 0x%" PRIx64
                 " in physical memory; the first is taken",
                 what, path, elf.entry, elf.other_entry);
    l->from = l->ram.base + (l->ram.size / 2 < ELF_ROOM ? l->ram.size / 2 : ELF_ROOM);
    return rc;
}

static int load_image(struct loader *l, const char *path, const struct boot_file *f)
{
    struct boot_image image;
    int rc = boot_image_parse(path, f->data, f->size, &image, l->err);
    if (rc)
        return rc;
    struct boot_region at = {0};
    bool fits = false;
    for (unsigned i = 0; i < l->m->n_ram && !fits; i++) { /* the first bank that is large enough */
        at = (struct boot_region){boot_align_up(l->m->ram[i].base, BOOT_ALIGN) + image.text_offset,
                                  image.image_size};
        fits = boot_inside(&l->m->ram[i], at.base, at.size);
        if (fits)
            l->ram = l->m->ram[i];
    }
    if (!fits) {
        l->ram = largest_bank(l->m);
        at.base = boot_align_up(l->ram.base, BOOT_ALIGN) + image.text_offset;
    }
    l->from = l->ram.base;
    if (!fits)
        return tg_error_set(l->err, EINVAL,
                            "kernel '%s': needs %" PRIu64 " bytes from 0x%" PRIx64 "; RAM at 0x%" PRIx64
                            " has %" PRIu64 " bytes",
                            path, at.size, at.base, l->ram.base, l->ram.size);
    rc = claim(l, "kernel", path, at);
    if (!rc)
        rc = write_at(l, "kernel", path, at.base, f->data, f->size);
    l->res->kernel = at;
    l->res->entry = at.base;
    return rc;
}

/* A message about a file's contents speaks of sizes that the user does not find on the disk. */
static void of_gzip(const struct boot_file *f, struct tg_error *err)
{
    const struct tg_error was = *err;
    tg_error_set(err, EINVAL, "%.*s (expanded from the %zu bytes of the gzip file)",
                 (int)sizeof(was.text) - 80, was.text, f->packed);
}

static int load_kernel(struct loader *l, const char *path)
{
    struct boot_file f;
    int rc = boot_file_read("kernel", path, largest_bank(l->m).size, &f, l->err);
    if (!rc)
        rc = boot_file_gunzip("kernel", path, largest_bank(l->m).size, &f, l->err);
    if (rc) {
        boot_file_free(&f);
        return rc;
    }
    if (boot_is_elf(f.data, f.size))
        rc = load_elf(l, "kernel", path, &f, &l->res->kernel);
    else
        rc = load_image(l, path, &f);
    if (rc && f.packed)
        of_gzip(&f, l->err);
    boot_file_free(&f);
    l->res->el = l->m->has_el2 ? 2 : 1;
    l->res->loaded = !rc;
    return rc;
}

static int load_firmware(struct loader *l, const char *path)
{
    const struct boot_region *flash = &l->m->firmware;
    struct boot_file f;
    int rc = boot_file_read("firmware", path, UINT32_MAX, &f, l->err);
    if (rc)
        return rc;
    if (boot_is_elf(f.data, f.size)) {
        rc = load_elf(l, "firmware", path, &f, &l->res->firmware);
    } else if (f.size >= 2 && f.data[0] == 0x1f && f.data[1] == 0x8b) {
        rc = tg_error_set(
            l->err, EINVAL,
            "firmware '%s': gzip-compressed, expected a raw image or an ELF file; decompress it first", path);
    } else if (!flash->size) {
        rc = tg_error_set(l->err, EINVAL, "firmware '%s': this machine has no flash or ROM to put it into",
                          path);
    } else if (f.size > flash->size) {
        rc = tg_error_set(l->err, EINVAL, "firmware '%s': %zu bytes, the flash at 0x%" PRIx64 " has %" PRIu64,
                          path, f.size, flash->base, flash->size);
    } else {
        rc = write_at(l, "firmware", path, flash->base, f.data, f.size);
        l->res->firmware = (struct boot_region){flash->base, f.size};
        l->res->entry = flash->base;
    }
    boot_file_free(&f);
    l->res->el = l->m->has_el3 ? 3 : l->m->has_el2 ? 2 : 1;
    l->res->loaded = !rc;
    return rc;
}

/* ---- what firmware is told by fw_cfg (QEMU's documentation, specs/fw_cfg; its keys) ---- */

enum {
    KEY_NB_CPUS = 0x05,
    KEY_KERNEL_SIZE = 0x08,
    KEY_INITRD_SIZE = 0x0b,
    KEY_MAX_CPUS = 0x0f,
    KEY_KERNEL_DATA = 0x11,
    KEY_INITRD_DATA = 0x12,
    KEY_CMDLINE_SIZE = 0x14,
    KEY_CMDLINE_DATA = 0x15,
};

static int offer(struct loader *l, const char *what, uint16_t key, const void *data, size_t n)
{
    int rc = l->mem->fw_cfg(l->mem->opaque, key, data, n);
    return rc ? tg_error_set(l->err, -rc, "%s: cannot be put into fw_cfg: %s", what, strerror(-rc)) : 0;
}

/* A number of 2 or 4 bytes, little-endian. */
static int offer_number(struct loader *l, const char *what, uint16_t key, uint32_t v, size_t n)
{
    const uint8_t le[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    return offer(l, what, key, le, n);
}

static int offer_file(struct loader *l, const char *what, const char *path, uint16_t size_key,
                      uint16_t data_key)
{
    struct boot_file f;
    int rc = boot_file_read(what, path, UINT32_MAX, &f, l->err);
    if (!rc && size_key == KEY_KERNEL_SIZE)
        rc = boot_file_gunzip(what, path, UINT32_MAX, &f, l->err);
    if (!rc)
        rc = offer_number(l, what, size_key, (uint32_t)f.size, 4);
    if (!rc)
        rc = offer(l, what, data_key, f.data, f.size);
    boot_file_free(&f);
    return rc;
}

static int offer_all(struct loader *l)
{
    const struct boot_options *o = l->opt;
    int rc = offer_number(l, "number of PEs", KEY_NB_CPUS, l->m->n_cpus, 2);
    if (!rc)
        rc = offer_number(l, "number of PEs", KEY_MAX_CPUS, l->m->n_cpus, 2);
    if (!rc && o->kernel)
        rc = offer_file(l, "kernel", o->kernel, KEY_KERNEL_SIZE, KEY_KERNEL_DATA);
    if (!rc && o->kernel && o->initrd)
        rc = offer_file(l, "initrd", o->initrd, KEY_INITRD_SIZE, KEY_INITRD_DATA);
    if (!rc && o->kernel && o->append) {
        size_t n = strlen(o->append) + 1;
        rc = offer_number(l, "--append", KEY_CMDLINE_SIZE, (uint32_t)n, 4);
        if (!rc)
            rc = offer(l, "--append", KEY_CMDLINE_DATA, o->append, n);
    }
    return rc;
}

/* ---- device tree ---- */

static int make_dtb(struct loader *l, void **blob, size_t *size)
{
    const struct boot_chosen chosen = {
        .bootargs = l->opt->append,
        .initrd = l->res->initrd,
        .modules = l->modules,
        .n_modules = l->n_modules,
    };
    if (!l->opt->dtb)
        return boot_dtb_generate(l->m, &chosen, blob, size, l->err);
    struct boot_file f;
    int rc = boot_file_read("device tree", l->opt->dtb, l->ram.size, &f, l->err);
    if (!rc)
        rc = boot_dtb_patch(l->opt->dtb, f.data, f.size, &chosen, blob, size, l->err);
    boot_file_free(&f);
    return rc;
}

static int dump_dtb(struct loader *l, const void *blob, size_t size)
{
    const char *path = l->opt->dump_dtb;
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(blob, 1, size, f) == size;
    int code = errno;
    if (f && fclose(f)) {
        code = errno;
        ok = false;
    }
    return ok ? 0 : tg_error_set(l->err, code, "--dump-dtb '%s': %s", path, strerror(code));
}

static int load_dtb(struct loader *l)
{
    void *blob;
    size_t size;
    int rc = make_dtb(l, &blob, &size);
    if (rc)
        return rc;
    if (l->opt->dump_dtb)
        rc = dump_dtb(l, blob, size);
    uint64_t at = l->ram.base;
    if (!rc && l->res->loaded) {
        /* Behind firmware the tree lies at RAM base; the room of 2 MiB keeps it inside one 2 MiB block. */
        if (!l->opt->firmware && !place(l, BOOT_DTB_MAX, &at))
            rc = tg_error_set(l->err, EINVAL,
                              "no %u bytes of RAM are left for the device tree: RAM has %" PRIu64 " bytes",
                              BOOT_DTB_MAX, l->ram.size);
        if (!rc && l->opt->firmware)
            rc = claim(l, "device tree", l->opt->dtb ? l->opt->dtb : "generated",
                       (struct boot_region){at, size});
        if (!rc)
            rc = write_at(l, "device tree", l->opt->dtb ? l->opt->dtb : "generated", at, blob, size);
        l->res->dtb = (struct boot_region){at, size};
        l->res->x0 = at;
    }
    free(blob);
    return rc;
}

int boot_load(const struct boot_machine *m, const struct boot_options *opt, const struct boot_mem *mem,
              struct boot_result *res, struct tg_error *err)
{
    *res = (struct boot_result){0};
    if (!m->n_ram || !m->n_cpus)
        return tg_error_set(err, EINVAL, "the machine has no %s, nothing can be booted",
                            m->n_ram ? "PE" : "RAM");
    if (opt->kernel && opt->firmware && !mem->fw_cfg)
        return tg_error_set(err, EINVAL,
                            "--kernel '%s' and --firmware '%s': the machine has no fw_cfg where firmware "
                            "could find a kernel, "
                            "give one of them",
                            opt->kernel, opt->firmware);
    if (opt->initrd && !opt->kernel)
        return tg_error_set(err, EINVAL, "--initrd '%s' needs --kernel", opt->initrd);
    if (opt->n_modules && (!opt->kernel || opt->firmware))
        return tg_error_set(
            err, EINVAL,
            "--module needs --kernel (the hypervisor that reads the modules), without --firmware");
    if (opt->n_modules > MAX_MODULES)
        return tg_error_set(err, EINVAL, "%u modules, at most %d are possible", opt->n_modules, MAX_MODULES);
    struct loader *l = calloc(1, sizeof(*l));
    if (!l)
        return tg_error_set(err, ENOMEM, "no memory");
    *l = (struct loader){
        .m = m, .opt = opt, .mem = mem, .res = res, .err = err, .ram = m->ram[0], .from = m->ram[0].base};
    int rc = 0;
    if (opt->firmware)
        rc = load_firmware(l, opt->firmware);
    else if (opt->kernel)
        rc = load_kernel(l, opt->kernel);
    if (!rc && opt->firmware && mem->fw_cfg)
        rc = offer_all(l);
    if (!rc && opt->initrd && !opt->firmware)
        rc = load_blob(l, "initrd", opt->initrd, &res->initrd);
    for (unsigned i = 0; !rc && i < opt->n_modules; i++) {
        l->modules[i].module = &opt->modules[i];
        rc = load_blob(l, "module", opt->modules[i].file, &l->modules[i].at);
        if (!rc)
            l->n_modules++;
    }
    if (!rc)
        rc = load_dtb(l);
    free(l);
    if (rc)
        res->loaded = false;
    return rc;
}
