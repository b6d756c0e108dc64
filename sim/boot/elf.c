/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF kernels and firmware, read by libelf: AArch64 only (ELF for the Arm 64-bit architecture, IHI 0056),
 * ET_EXEC and static-PIE ET_DYN. No relocation: a position-independent program does its own.
 */
#include <elf.h>
#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include "sim/boot/internal.h"

bool boot_is_elf(const void *data, size_t size)
{
    return size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

static const char *machine_name(unsigned em)
{
    switch (em) {
    case EM_386:
        return "x86";
    case EM_X86_64:
        return "x86-64";
    case EM_ARM:
        return "32-bit Arm";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "PowerPC 64";
    case EM_MIPS:
        return "MIPS";
    case EM_S390:
        return "s390";
    default:
        return "another machine";
    }
}

static bool find_region(const struct boot_region *allowed, unsigned n, uint64_t base, uint64_t size)
{
    for (unsigned i = 0; i < n; i++)
        if (boot_inside(&allowed[i], base, size))
            return true;
    return false;
}

static int zero(const struct boot_mem *mem, uint64_t pa, uint64_t n)
{
    static const uint8_t zeros[4096];
    if (mem->zero)
        return mem->zero(mem->opaque, pa, n);
    while (n) {
        size_t now = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);
        int rc = mem->write(mem->opaque, pa, zeros, now);
        if (rc)
            return rc;
        pa += now;
        n -= now;
    }
    return 0;
}

/* The checks that make the rest safe, before libelf converts anything. */
static int check_ident(const char *what, const char *path, const struct boot_file *f, struct tg_error *err)
{
    const Elf64_Ehdr *h = (const void *)f->data;
    if (f->size < EI_NIDENT + 4)
        return tg_error_set(err, EINVAL, "%s '%s': %zu bytes of an ELF file; truncated", what, path, f->size);
    bool big = f->data[EI_DATA] == ELFDATA2MSB;
    /* e_machine has the same place in both classes. */
    unsigned em =
        big ? (unsigned)(f->data[18] << 8 | f->data[19]) : (unsigned)(f->data[19] << 8 | f->data[18]);
    if (em != EM_AARCH64)
        return tg_error_set(err, EINVAL, "%s '%s': an ELF file for %s (e_machine %u), expected AArch64 (%u)",
                            what, path, machine_name(em), em, EM_AARCH64);
    if (big)
        return tg_error_set(err, EINVAL, "%s '%s': a big-endian ELF file, expected a little-endian one", what,
                            path);
    if (f->data[EI_CLASS] != ELFCLASS64)
        return tg_error_set(err, EINVAL, "%s '%s': a 32-bit ELF file, expected 64-bit", what, path);
    if (f->size < sizeof(*h))
        return tg_error_set(err, EINVAL, "%s '%s': %zu bytes are less than an ELF header (%zu); truncated",
                            what, path, f->size, sizeof(*h));
    return 0;
}

/* What the steps of loading one file share. */
struct job {
    const char *what, *path;
    const struct boot_file *f;
    const Elf64_Ehdr *h;
    const Elf64_Phdr *ph;
    size_t n;
    const struct boot_region *allowed;
    unsigned n_allowed;
    uint64_t bias; /* what is added to each p_paddr */
    struct tg_error *err;
};

static bool is_loaded(const Elf64_Phdr *p)
{
    return p->p_type == PT_LOAD && p->p_memsz;
}

/* The segments against the file, before any of them is used. */
static int check_file(const struct job *j)
{
    bool any = false;
    for (size_t i = 0; i < j->n; i++) {
        const Elf64_Phdr *p = &j->ph[i];
        if (p->p_type != PT_LOAD)
            continue;
        any |= p->p_memsz != 0;
        if (p->p_filesz && (p->p_filesz > j->f->size || p->p_offset > j->f->size - p->p_filesz)) {
            if (p->p_offset + p->p_filesz < p->p_offset)
                return tg_error_set(
                    j->err, EINVAL,
                    "%s '%s': segment %zu has %llu bytes from byte %llu on, the file has %zu; "
                    "damaged or truncated",
                    j->what, j->path, i, (unsigned long long)p->p_filesz, (unsigned long long)p->p_offset,
                    j->f->size);
            return tg_error_set(
                j->err, EINVAL, "%s '%s': segment %zu ends at byte %llu, the file has %zu; truncated",
                j->what, j->path, i, (unsigned long long)(p->p_offset + p->p_filesz), j->f->size);
        }
        if (p->p_filesz > p->p_memsz)
            return tg_error_set(
                j->err, EINVAL,
                "%s '%s': segment %zu is larger in the file (%llu bytes) than in memory (%llu)", j->what,
                j->path, i, (unsigned long long)p->p_filesz, (unsigned long long)p->p_memsz);
    }
    if (!any)
        return tg_error_set(j->err, EINVAL, "%s '%s': no PT_LOAD segment, nothing to load", j->what, j->path);
    return 0;
}

/* A position-independent program that does not lie in memory as linked is moved to `pie_base`, in steps of
 * its largest alignment (64 KiB at least, which is the largest page; `pie_base` is aligned to BOOT_ALIGN). */
static uint64_t bias_of(const struct job *j, uint64_t pie_base)
{
    uint64_t lowest = UINT64_MAX, align = 0x10000;
    bool all_inside = true;
    for (size_t i = 0; i < j->n; i++) {
        const Elf64_Phdr *p = &j->ph[i];
        if (!is_loaded(p))
            continue;
        lowest = p->p_paddr < lowest ? p->p_paddr : lowest;
        if (p->p_align > align && !(p->p_align & (p->p_align - 1)))
            align = p->p_align < BOOT_ALIGN ? p->p_align : BOOT_ALIGN;
        all_inside &= find_region(j->allowed, j->n_allowed, p->p_paddr, p->p_memsz);
    }
    return j->h->e_type == ET_DYN && !all_inside ? pie_base - (lowest & ~(align - 1)) : 0;
}

/* Where the segments go: inside memory, each for itself. */
static int check_places(const struct job *j, struct boot_elf *out)
{
    size_t index[TG_ARRAY_SIZE(out->spans)];
    for (size_t i = 0; i < j->n; i++) {
        const Elf64_Phdr *p = &j->ph[i];
        if (!is_loaded(p))
            continue;
        const struct boot_region at = {p->p_paddr + j->bias, p->p_memsz};
        if (!find_region(j->allowed, j->n_allowed, at.base, at.size))
            return tg_error_set(
                j->err, EINVAL,
                "%s '%s': segment %zu (0x%llx..0x%llx) lies outside memory (RAM starts at "
                "0x%llx, %llu bytes)",
                j->what, j->path, i, (unsigned long long)at.base, (unsigned long long)(at.base + at.size - 1),
                (unsigned long long)j->allowed[0].base, (unsigned long long)j->allowed[0].size);
        for (unsigned k = 0; k < out->n_spans; k++)
            if (boot_overlap(&out->spans[k], &at))
                return tg_error_set(j->err, EINVAL,
                                    "%s '%s': segment %zu (0x%llx..0x%llx) overlaps segment %zu "
                                    "(0x%llx..0x%llx) in physical memory",
                                    j->what, j->path, i, (unsigned long long)at.base,
                                    (unsigned long long)(at.base + at.size - 1), index[k],
                                    (unsigned long long)out->spans[k].base,
                                    (unsigned long long)(out->spans[k].base + out->spans[k].size - 1));
        if (out->n_spans == TG_ARRAY_SIZE(out->spans))
            return tg_error_set(j->err, EINVAL, "%s '%s': more than %zu segments", j->what, j->path,
                                TG_ARRAY_SIZE(out->spans));
        index[out->n_spans] = i;
        out->spans[out->n_spans++] = at;
    }
    return 0;
}

/* ---- the entry point: the rule stands in boot.h ---- */

static bool within(uint64_t v, uint64_t base, uint64_t size)
{
    return v >= base && v - base < size;
}

/* Ways to read e_entry, best first. */
enum reading { VIRTUAL_CODE, PHYSICAL_CODE, VIRTUAL, PHYSICAL, N_READINGS };

static bool read_entry(const struct job *j, const Elf64_Phdr *p, enum reading r, uint64_t *entry)
{
    bool virtual = r == VIRTUAL_CODE || r == VIRTUAL, code = r == VIRTUAL_CODE || r == PHYSICAL_CODE;
    uint64_t base = virtual ? p->p_vaddr : p->p_paddr;
    if (!is_loaded(p) || code != ((p->p_flags & PF_X) != 0) || !within(j->h->e_entry, base, p->p_filesz))
        return false;
    *entry = j->h->e_entry - base + p->p_paddr + j->bias;
    return true;
}

static int find_entry(const struct job *j, struct boot_elf *out)
{
    const unsigned long long e = j->h->e_entry;
    bool found = false;
    for (unsigned r = 0; r < N_READINGS; r++)
        for (size_t i = 0; i < j->n; i++) {
            uint64_t entry;
            if (!read_entry(j, &j->ph[i], (enum reading)r, &entry))
                continue;
            if (!found) {
                found = true;
                out->entry = entry;
            } else if (entry != out->entry && !out->other_entry) {
                out->other_entry = entry;
            }
        }
    for (size_t i = 0; i < j->n && !found; i++)
        if (is_loaded(&j->ph[i]) &&
            (within(e, j->ph[i].p_vaddr, j->ph[i].p_memsz) || within(e, j->ph[i].p_paddr, j->ph[i].p_memsz)))
            return tg_error_set(j->err, EINVAL,
                                "%s '%s': entry point 0x%llx lies in segment %zu behind what the file has of "
                                "it, among zeros",
                                j->what, j->path, e, i);
    if (!found)
        return tg_error_set(j->err, EINVAL, "%s '%s': entry point 0x%llx lies in no segment", j->what,
                            j->path, e);
    if (out->entry % 4)
        return tg_error_set(j->err, EINVAL,
                            "%s '%s': entry point 0x%llx, expected a multiple of 4, as instructions are",
                            j->what, j->path, e);
    return 0;
}

static int write_segments(const struct job *j, const struct boot_mem *mem)
{
    for (size_t i = 0; i < j->n; i++) {
        const Elf64_Phdr *p = &j->ph[i];
        uint64_t pa = p->p_paddr + j->bias;
        if (!is_loaded(p))
            continue;
        int rc = p->p_filesz ? mem->write(mem->opaque, pa, j->f->data + p->p_offset, p->p_filesz) : 0;
        if (!rc && p->p_memsz > p->p_filesz)
            rc = zero(mem, pa + p->p_filesz, p->p_memsz - p->p_filesz);
        if (rc)
            return tg_error_set(j->err, -rc, "%s '%s': cannot write segment %zu to 0x%llx: %s", j->what,
                                j->path, i, (unsigned long long)pa, strerror(-rc));
    }
    return 0;
}

int boot_elf_load(const char *what, const char *path, const struct boot_file *f,
                  const struct boot_region *allowed, unsigned n_allowed, uint64_t pie_base,
                  const struct boot_mem *mem, struct boot_elf *out, struct tg_error *err)
{
    int rc = check_ident(what, path, f, err);
    if (rc)
        return rc;
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)f->data, f->size);
    if (!elf)
        return tg_error_set(err, EINVAL, "%s '%s': %s", what, path, elf_errmsg(-1));
    size_t n = 0;
    const Elf64_Ehdr *h = elf64_getehdr(elf);
    const void *table = h && !elf_getphdrnum(elf, &n) && n ? elf64_getphdr(elf) : NULL;
    /* libelf may point into the file, at whatever alignment that gives: take a copy. */
    Elf64_Phdr *ph = table ? malloc(n * sizeof(*ph)) : NULL;
    if (ph)
        memcpy(ph, table, n * sizeof(*ph));
    if (!h)
        rc = tg_error_set(err, EINVAL, "%s '%s': %s", what, path, elf_errmsg(-1));
    else if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        rc = tg_error_set(
            err, EINVAL, "%s '%s': ELF type %u, expected an executable (2) or a position-independent one (3)",
            what, path, h->e_type);
    else if (!table)
        rc = tg_error_set(err, EINVAL, "%s '%s': no program headers within its %zu bytes; truncated?", what,
                          path, f->size);
    else if (h->e_phentsize != sizeof(*ph))
        rc = tg_error_set(err, EINVAL, "%s '%s': program headers of %u bytes each, expected %zu", what, path,
                          h->e_phentsize, sizeof(*ph));
    else if (!ph)
        rc = tg_error_set(err, ENOMEM, "%s '%s': no memory", what, path);
    if (!rc) {
        struct job j = {what, path, f, h, ph, n, allowed, n_allowed, 0, err};
        uint64_t sections_end = h->e_shoff + (uint64_t)h->e_shnum * h->e_shentsize;
        *out = (struct boot_elf){.sections_end = sections_end > f->size ? sections_end : 0};
        rc = check_file(&j);
        if (!rc) {
            j.bias = bias_of(&j, pie_base);
            rc = check_places(&j, out);
        }
        if (!rc)
            rc = find_entry(&j, out);
        if (!rc)
            rc = write_segments(&j, mem);
    }
    free(ph);
    elf_end(elf);
    return rc;
}
