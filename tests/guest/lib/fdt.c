/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads flattened device trees (Devicetree Specification 0.4, chapter 5). Does not write them (fdtw.c),
 * allocate, or translate bus `ranges`. Byte reads only, so it works with the MMU off.
 */
#include "fdt.h"

#include <string.h>

enum { FDT_MAGIC = 0xd00dfeed, FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4 };

uint32_t fdt_be32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint64_t fdt_cells(const void *p, uint32_t cells)
{
    const uint8_t *b = p;
    uint64_t v = 0;
    while (cells--) {
        v = v << 32 | fdt_be32(b);
        b += 4;
    }
    return v;
}

int fdt_open(struct fdt *f, const void *blob)
{
    const uint8_t *b = blob;
    if (!b || fdt_be32(b) != FDT_MAGIC || fdt_be32(b + 20) < 16)
        return -1;
    f->base = b;
    f->size = fdt_be32(b + 4);
    f->off_struct = fdt_be32(b + 8);
    f->off_strings = fdt_be32(b + 12);
    return 0;
}

void fdt_iter_init(const struct fdt *f, struct fdt_iter *it)
{
    it->pos = f->off_struct;
    it->depth = -1;
    it->ac[0] = 2;
    it->sc[0] = 1;
}

static uint32_t align4(uint32_t v)
{
    return (v + 3) & ~3u;
}

bool fdt_next(const struct fdt *f, struct fdt_iter *it, struct fdt_node *n)
{
    while (it->pos + 4 <= f->size) {
        const uint8_t *p = f->base + it->pos;
        switch (fdt_be32(p)) {
        case FDT_BEGIN_NODE: {
            uint32_t len;
            const void *v;
            n->name = (const char *)p + 4;
            it->pos += 4 + align4((uint32_t)strlen(n->name) + 1);
            n->props = it->pos;
            if (++it->depth >= FDT_MAX_DEPTH)
                return false;
            n->depth = (unsigned)it->depth;
            n->ac = it->ac[it->depth];
            n->sc = it->sc[it->depth];
            v = fdt_prop(f, n, "#address-cells", &len);
            it->ac[it->depth + 1] = v && len == 4 ? fdt_be32(v) : 2;
            v = fdt_prop(f, n, "#size-cells", &len);
            it->sc[it->depth + 1] = v && len == 4 ? fdt_be32(v) : 1;
            return true;
        }
        case FDT_END_NODE:
            it->depth--;
            it->pos += 4;
            break;
        case FDT_PROP:
            it->pos += 12 + align4(fdt_be32(p + 4));
            break;
        case FDT_NOP:
            it->pos += 4;
            break;
        default:
            return false;
        }
    }
    return false;
}

const void *fdt_prop(const struct fdt *f, const struct fdt_node *n, const char *name, uint32_t *len)
{
    uint32_t pos = n->props;
    while (pos + 12 <= f->size) {
        const uint8_t *p = f->base + pos;
        uint32_t tok = fdt_be32(p);
        if (tok == FDT_NOP) {
            pos += 4;
            continue;
        }
        if (tok != FDT_PROP)
            return NULL;
        if (!strcmp((const char *)f->base + f->off_strings + fdt_be32(p + 8), name)) {
            *len = fdt_be32(p + 4);
            return p + 12;
        }
        pos += 12 + align4(fdt_be32(p + 4));
    }
    return NULL;
}

bool fdt_is_compatible(const struct fdt *f, const struct fdt_node *n, const char *compat)
{
    uint32_t len, i = 0;
    const char *s = fdt_prop(f, n, "compatible", &len);
    while (s && i < len) {
        if (!strcmp(s + i, compat))
            return true;
        i += (uint32_t)strlen(s + i) + 1;
    }
    return false;
}

bool fdt_find_compatible(const struct fdt *f, const char *compat, struct fdt_node *n)
{
    struct fdt_iter it;
    fdt_iter_init(f, &it);
    while (fdt_next(f, &it, n)) {
        uint32_t len;
        const char *st = fdt_prop(f, n, "status", &len);
        if (st && strcmp(st, "okay") && strcmp(st, "ok"))
            continue;
        if (fdt_is_compatible(f, n, compat))
            return true;
    }
    return false;
}

bool fdt_reg(const struct fdt *f, const struct fdt_node *n, unsigned index, uint64_t *addr, uint64_t *size)
{
    uint32_t len, stride = 4 * (n->ac + n->sc);
    const uint8_t *p = fdt_prop(f, n, "reg", &len);
    if (!p || stride == 0 || (index + 1) * stride > len)
        return false;
    p += index * stride;
    *addr = fdt_cells(p, n->ac);
    *size = fdt_cells(p + 4 * n->ac, n->sc);
    return true;
}
