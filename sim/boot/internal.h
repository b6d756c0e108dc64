/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of sim/boot only. */
#ifndef TG_SIM_BOOT_INTERNAL_H
#define TG_SIM_BOOT_INTERNAL_H

#include "sim/boot/boot.h"

#define BOOT_ALIGN UINT64_C(0x200000) /* Linux' booting.rst: Image and device tree blocks */

struct boot_file {
    uint8_t *data; /* malloc'd */
    size_t size;
    size_t packed; /* size of the gzip file that `data` was expanded from; 0: none */
};

/* Reads a whole file; `what` ("kernel") opens the message. At most `limit` bytes. 0 or -errno with err set.
 */
int boot_file_read(const char *what, const char *path, uint64_t limit, struct boot_file *out,
                   struct tg_error *err);
void boot_file_free(struct boot_file *f);
/* Replaces gzip'd contents by what they expand to, all members of them; anything else is left alone. Zeros
 * behind the last member are padding; other bytes are refused. */
int boot_file_gunzip(const char *what, const char *path, uint64_t limit, struct boot_file *f,
                     struct tg_error *err);

bool boot_is_elf(const void *data, size_t size);

struct boot_elf {
    uint64_t entry;        /* physical */
    uint64_t other_entry;  /* what e_entry could mean as well (boot.h); 0: it is clear */
    uint64_t sections_end; /* where the section headers end, when that is behind the file's end; else 0 */
    struct boot_region spans[32]; /* memory the segments take */
    unsigned n_spans;
};
/* Loads the segments of an AArch64 ELF file into `allowed` regions; writes nothing before all of it is
 * checked. A position-independent one goes to `pie_base`. */
int boot_elf_load(const char *what, const char *path, const struct boot_file *f,
                  const struct boot_region *allowed, unsigned n_allowed, uint64_t pie_base,
                  const struct boot_mem *mem, struct boot_elf *out, struct tg_error *err);

static inline uint64_t boot_align_up(uint64_t v, uint64_t a)
{
    return (v + a - 1) & ~(a - 1);
}

static inline bool boot_inside(const struct boot_region *r, uint64_t base, uint64_t size)
{
    return base >= r->base && size <= r->size && base - r->base <= r->size - size;
}

static inline bool boot_overlap(const struct boot_region *a, const struct boot_region *b)
{
    return a->size && b->size && a->base < b->base + b->size && b->base < a->base + a->size;
}

#endif
