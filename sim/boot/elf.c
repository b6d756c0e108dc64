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

static int load_segments(const char *what, const char *path, const struct boot_file *f, const Elf64_Ehdr *h,
                         const Elf64_Phdr *ph, size_t n, const struct boot_region *allowed,
                         unsigned n_allowed, uint64_t pie_base, const struct boot_mem *mem,
                         struct boot_elf *out, struct tg_error *err)
{
    uint64_t lowest = UINT64_MAX;
    bool all_inside = true;
    for (size_t i = 0; i < n; i++) {
        if (ph[i].p_type != PT_LOAD || !ph[i].p_memsz)
            continue;
        if (ph[i].p_filesz > f->size || ph[i].p_offset > f->size - ph[i].p_filesz)
            return tg_error_set(err, EINVAL,
                                "%s '%s': segment %zu ends at byte %llu, the file has %zu; truncated", what,
                                path, i, (unsigned long long)(ph[i].p_offset + ph[i].p_filesz), f->size);
        if (ph[i].p_filesz > ph[i].p_memsz)
            return tg_error_set(err, EINVAL, "%s '%s': segment %zu is larger in the file than in memory",
                                what, path, i);
        lowest = ph[i].p_paddr < lowest ? ph[i].p_paddr : lowest;
        all_inside &= find_region(allowed, n_allowed, ph[i].p_paddr, ph[i].p_memsz);
    }
    if (lowest == UINT64_MAX)
        return tg_error_set(err, EINVAL, "%s '%s': no PT_LOAD segment, nothing to load", what, path);
    uint64_t bias = h->e_type == ET_DYN && !all_inside ? pie_base - (lowest & ~UINT64_C(0xffff)) : 0;
    bool entry_known = false;
    out->n_spans = 0;
    for (size_t i = 0; i < n; i++) {
        const Elf64_Phdr *p = &ph[i];
        if (p->p_type != PT_LOAD || !p->p_memsz)
            continue;
        uint64_t pa = p->p_paddr + bias;
        if (!find_region(allowed, n_allowed, pa, p->p_memsz))
            return tg_error_set(err, EINVAL,
                                "%s '%s': segment %zu (0x%llx..0x%llx) lies outside memory (RAM starts at "
                                "0x%llx, %llu bytes)",
                                what, path, i, (unsigned long long)pa,
                                (unsigned long long)(pa + p->p_memsz - 1),
                                (unsigned long long)allowed[0].base, (unsigned long long)allowed[0].size);
        if (out->n_spans == TG_ARRAY_SIZE(out->spans))
            return tg_error_set(err, EINVAL, "%s '%s': more than %zu segments", what, path,
                                TG_ARRAY_SIZE(out->spans));
        int rc = p->p_filesz ? mem->write(mem->opaque, pa, f->data + p->p_offset, p->p_filesz) : 0;
        if (!rc && p->p_memsz > p->p_filesz)
            rc = zero(mem, pa + p->p_filesz, p->p_memsz - p->p_filesz);
        if (rc)
            return tg_error_set(err, -rc, "%s '%s': cannot write segment %zu to 0x%llx: %s", what, path, i,
                                (unsigned long long)pa, strerror(-rc));
        out->spans[out->n_spans++] = (struct boot_region){pa, p->p_memsz};
        if (!entry_known && h->e_entry >= p->p_vaddr && h->e_entry - p->p_vaddr < p->p_memsz) {
            entry_known = true;
            out->entry = h->e_entry - p->p_vaddr + pa;
        }
    }
    if (!entry_known)
        return tg_error_set(err, EINVAL, "%s '%s': entry point 0x%llx lies in no segment", what, path,
                            (unsigned long long)h->e_entry);
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
    else if (!ph)
        rc = tg_error_set(err, ENOMEM, "%s '%s': no memory", what, path);
    else
        rc = load_segments(what, path, f, h, ph, n, allowed, n_allowed, pie_base, mem, out, err);
    free(ph);
    elf_end(elf);
    return rc;
}
