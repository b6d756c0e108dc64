/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader and writer of flattened device trees (Devicetree Specification 0.4, chapter 5), for the guest
 * runtime, the microvisor and minivmm. Freestanding: needs only memcpy and friends. The reader does not
 * translate `ranges`.
 */
#ifndef TG_GUEST_FDT_H
#define TG_GUEST_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdt {
    const uint8_t *base;
    uint32_t off_struct, off_strings, size; /* bytes */
};

struct fdt_node {
    const char *name;
    uint32_t props;  /* offset of the first token after the name */
    unsigned depth;  /* 0 = root */
    uint32_t ac, sc; /* #address-cells and #size-cells that hold for this node's reg */
};

#define FDT_MAX_DEPTH 12

struct fdt_iter {
    uint32_t pos;
    int depth;
    uint32_t ac[FDT_MAX_DEPTH + 1], sc[FDT_MAX_DEPTH + 1];
};

int fdt_open(struct fdt *f, const void *blob); /* 0, or -1 when it is no device tree of version 16 or 17 */
void fdt_iter_init(const struct fdt *f, struct fdt_iter *it);
bool fdt_next(const struct fdt *f, struct fdt_iter *it, struct fdt_node *n); /* nodes in tree order */
const void *fdt_prop(const struct fdt *f, const struct fdt_node *n, const char *name, uint32_t *len);
bool fdt_is_compatible(const struct fdt *f, const struct fdt_node *n, const char *compat);
bool fdt_find_compatible(const struct fdt *f, const char *compat, struct fdt_node *n); /* first enabled one */
bool fdt_reg(const struct fdt *f, const struct fdt_node *n, unsigned index, uint64_t *addr, uint64_t *size);
uint32_t fdt_be32(const void *p);
uint64_t fdt_cells(const void *p, uint32_t cells);

/* The writer: calls in tree order; errors (full buffer) are kept and reported by fdtw_finish(). */
struct fdtw {
    uint8_t *buf;
    uint32_t cap, pos;
    uint32_t str_start, str_len; /* strings gather at the end of buf until fdtw_finish() */
    int depth;
    bool full;
};

void fdtw_begin(struct fdtw *w, void *buf, uint32_t cap); /* cap at least 4096 bytes */
void fdtw_node(struct fdtw *w, const char *name);
void fdtw_end(struct fdtw *w);
void fdtw_prop(struct fdtw *w, const char *name, const void *data, uint32_t len);
void fdtw_str(struct fdtw *w, const char *name, const char *s);
void fdtw_u32(struct fdtw *w, const char *name, uint32_t v);
void fdtw_u64(struct fdtw *w, const char *name, uint64_t v);
void fdtw_u32s(struct fdtw *w, const char *name, unsigned n, const uint32_t *v);
#define fdtw_cells(w, name, ...) \
    fdtw_u32s(w, name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})
void fdtw_reg(struct fdtw *w, unsigned n, const uint64_t *addr_size); /* n pairs, 2 + 2 cells */
int64_t fdtw_finish(struct fdtw *w);                                  /* size in bytes, or -1 */

#endif
