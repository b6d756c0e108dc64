/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of Linux' arm64 Image (Documentation/arch/arm64/booting.rst, section 4), which Xen's binary has
 * too. Tells what other well-known kernel files are, so that the message helps. Places and writes nothing.
 */
#include <errno.h>
#include <string.h>
#include "sim/boot/internal.h"

#define IMAGE_HEADER 64

/* Offsets of the header's fields. */
#define IMAGE_TEXT_OFFSET 8
#define IMAGE_SIZE        16
#define IMAGE_FLAGS       24
#define IMAGE_MAGIC       56
#define IMAGE_PE_OFFSET   60

/* Sizes of PE/COFF headers. */
#define PE_HEADER  24u
#define PE_SECTION 40u

#define IMAGE_FLAG_BE       TG_BIT(0)
#define IMAGE_FLAG_PAGE     TG_FIELD(2, 1)
#define IMAGE_FLAG_ANYWHERE TG_BIT(3)

static uint64_t le(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Files people try: magic bytes at an offset, and what to say. */
static const struct {
    unsigned offset, length;
    const char *magic;
    const char *is;
} others[] = {
    {4, 4, "zimg",
     "an EFI zboot kernel (compressed inside an EFI program); scripts/guests shows how to take the Image out "
     "of one"},
    {0x202, 4, "HdrS", "an x86 Linux kernel"},
    {0x24, 4, "\x18\x28\x6f\x01", "a 32-bit Arm zImage"},
    {0, 4, "\x27\x05\x19\x56", "a U-Boot uImage"},
    {0, 4, "\xd0\x0d\xfe\xed", "a device tree or FIT image"},
    {0, 4, "\x28\xb5\x2f\xfd", "zstd-compressed; decompress it first"},
    {0, 6,
     "\xfd"
     "7zXZ",
     "xz-compressed; decompress it first"},
    {0, 3, "BZh", "bzip2-compressed; decompress it first"},
    {0, 4, "\x04\x22\x4d\x18", "lz4-compressed; decompress it first"},
    {0, 4, "\x02\x21\x4c\x18", "lz4-compressed; decompress it first"},
};

/* An EFI-stub Image is a PE/COFF file too, and its section table says how long the file must be (PE
 * format, 3.3 and 4). Returns that, or as much as can be known of it where the headers themselves are cut; 0:
 * it is none. */
static uint64_t pe_file_size(const uint8_t *d, size_t size)
{
    uint64_t pe = le(d + IMAGE_PE_OFFSET, 4);
    if (d[0] != 'M' || d[1] != 'Z' || pe < IMAGE_HEADER)
        return 0;
    if (pe + PE_HEADER > size)
        return pe + PE_HEADER;
    if (memcmp(d + pe, "PE\0", 4))
        return 0;
    uint64_t sections = le(d + pe + 6, 2), table = pe + PE_HEADER + le(d + pe + 20, 2);
    uint64_t end = table + PE_SECTION * sections;
    if (end > size)
        return end;
    for (uint64_t i = 0; i < sections; i++) {
        const uint8_t *s = d + table + PE_SECTION * i;
        uint64_t e = le(s + 20, 4) + le(s + 16, 4); /* where its bytes are in the file, and how many */
        end = e > end ? e : end;
    }
    return end;
}

int boot_image_parse(const char *name, const void *data, size_t size, struct boot_image *out,
                     struct tg_error *err)
{
    const uint8_t *d = data;
    for (size_t i = 0; i < TG_ARRAY_SIZE(others); i++)
        if (size >= others[i].offset + others[i].length &&
            !memcmp(d + others[i].offset, others[i].magic, others[i].length))
            return tg_error_set(
                err, EINVAL, "kernel '%s': this is %s; expected an arm64 Linux Image or an AArch64 ELF file",
                name, others[i].is);
    if (size < IMAGE_HEADER)
        return tg_error_set(
            err, EINVAL,
            "kernel '%s': %zu bytes are less than an arm64 Image header (64 bytes); is the file truncated?",
            name, size);
    if (memcmp(d + IMAGE_MAGIC, "ARM\x64", 4))
        return tg_error_set(err, EINVAL,
                            "kernel '%s': bytes 56..59 are %02x %02x %02x %02x, expected 41 52 4d 64 "
                            "('ARMd') of an arm64 Linux "
                            "Image; an AArch64 ELF file would do as well",
                            name, d[56], d[57], d[58], d[59]);
    static const unsigned pages[4] = {0, 4096, 16384, 65536};
    *out = (struct boot_image){
        .text_offset = le(d + IMAGE_TEXT_OFFSET, 8),
        .image_size = le(d + IMAGE_SIZE, 8),
        .flags = le(d + IMAGE_FLAGS, 8),
    };
    out->page_size = pages[tg_get(out->flags, IMAGE_FLAG_PAGE)];
    out->anywhere = out->flags & IMAGE_FLAG_ANYWHERE;
    if (out->flags & IMAGE_FLAG_BE)
        return tg_error_set(err, EINVAL, "kernel '%s': a big-endian Image; expected a little-endian one",
                            name);
    /* Before 3.17 image_size was 0, and text_offset was to be taken as 0x80000 then. */
    if (out->image_size == 0) {
        out->text_offset = 0x80000;
        out->image_size = size;
    }
    uint64_t pe = pe_file_size(d, size);
    if (pe > size)
        return tg_error_set(err, EINVAL,
                            "kernel '%s': truncated: the file has %zu bytes, its section table names %llu",
                            name, size, (unsigned long long)pe);
    /* The kernel's own check (arch/arm64's head.S and image.h): whole pages behind the 2 MiB boundary. */
    if (out->text_offset % 4096)
        return tg_error_set(
            err, EINVAL, "kernel '%s': text_offset 0x%llx in the Image header, expected a multiple of 0x1000",
            name, (unsigned long long)out->text_offset);
    if (out->image_size < size) /* less is in memory than in the file: never */
        out->image_size = size;
    if (out->text_offset >= TG_BIT(48) || out->image_size >= TG_BIT(48))
        return tg_error_set(err, EINVAL,
                            "kernel '%s': text_offset 0x%llx, image_size 0x%llx: the Image header is damaged",
                            name, (unsigned long long)out->text_offset, (unsigned long long)out->image_size);
    return 0;
}
