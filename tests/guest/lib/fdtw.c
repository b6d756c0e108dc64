/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5). Does not read one
 * (fdt.c) nor check that the tree makes sense.
 */
#include "fdt.h"

#include <string.h>

enum { HEADER = 40, RSVMAP = 16, STRINGS_MAX = 2048 };

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static bool room(struct fdtw *w, uint32_t n)
{
    if (w->full || n > w->str_start - w->pos)
        w->full = true;
    return !w->full;
}

static void token(struct fdtw *w, uint32_t v)
{
    if (room(w, 4)) {
        put32(w->buf + w->pos, v);
        w->pos += 4;
    }
}

static void bytes(struct fdtw *w, const void *data, uint32_t len)
{
    uint32_t padded = (len + 3) & ~3u;
    if (len > w->cap || !room(w, padded))
        return;
    memset(w->buf + w->pos, 0, padded);
    if (len)
        memcpy(w->buf + w->pos, data, len);
    w->pos += padded;
}

static uint32_t string(struct fdtw *w, const char *s)
{
    uint32_t n = (uint32_t)strlen(s) + 1;
    uint8_t *base = w->buf + w->str_start;
    for (uint32_t i = 0; i < w->str_len; i += (uint32_t)strlen((char *)base + i) + 1)
        if (!strcmp((char *)base + i, s))
            return i;
    if (w->str_len + n > STRINGS_MAX) {
        w->full = true;
        return 0;
    }
    memcpy(base + w->str_len, s, n);
    w->str_len += n;
    return w->str_len - n;
}

void fdtw_begin(struct fdtw *w, void *buf, uint32_t cap)
{
    memset(w, 0, sizeof(*w));
    w->buf = buf;
    w->cap = cap;
    w->full = cap < 2 * STRINGS_MAX;
    w->str_start = w->full ? 0 : cap - STRINGS_MAX;
    w->pos = HEADER + RSVMAP;
    if (!w->full)
        memset(buf, 0, w->pos);
}

void fdtw_node(struct fdtw *w, const char *name)
{
    token(w, 1);
    bytes(w, name, (uint32_t)strlen(name) + 1);
    w->depth++;
}

void fdtw_end(struct fdtw *w)
{
    token(w, 2);
    w->depth--;
}

void fdtw_prop(struct fdtw *w, const char *name, const void *data, uint32_t len)
{
    token(w, 3);
    token(w, len);
    token(w, w->full ? 0 : string(w, name));
    bytes(w, data, len);
}

void fdtw_str(struct fdtw *w, const char *name, const char *s)
{
    fdtw_prop(w, name, s, (uint32_t)strlen(s) + 1);
}

void fdtw_u32s(struct fdtw *w, const char *name, unsigned n, const uint32_t *v)
{
    fdtw_prop(w, name, NULL, 0);
    if (w->full || !room(w, 4 * n))
        return;
    put32(w->buf + w->pos - 8, 4 * n); /* the length that fdtw_prop() left at 0 */
    for (unsigned i = 0; i < n; i++)
        token(w, v[i]);
}

void fdtw_u32(struct fdtw *w, const char *name, uint32_t v)
{
    fdtw_u32s(w, name, 1, &v);
}

void fdtw_u64(struct fdtw *w, const char *name, uint64_t v)
{
    fdtw_u32s(w, name, 2, (uint32_t[]){(uint32_t)(v >> 32), (uint32_t)v});
}

void fdtw_reg(struct fdtw *w, unsigned n, const uint64_t *addr_size)
{
    fdtw_prop(w, "reg", NULL, 0);
    if (w->full || !room(w, 16 * n))
        return;
    put32(w->buf + w->pos - 8, 16 * n);
    for (unsigned i = 0; i < 2 * n; i++) {
        token(w, (uint32_t)(addr_size[i] >> 32));
        token(w, (uint32_t)addr_size[i]);
    }
}

int64_t fdtw_finish(struct fdtw *w)
{
    token(w, 9);
    if (w->full || w->depth != 0)
        return -1;
    uint32_t strings = w->pos, total = (strings + w->str_len + 7) & ~7u;
    for (uint32_t i = 0; i < w->str_len; i++) /* overlapping move downwards */
        w->buf[strings + i] = w->buf[w->str_start + i];
    memset(w->buf + strings + w->str_len, 0, total - strings - w->str_len);
    const uint32_t head[10] = {0xd00dfeed, total,      HEADER + RSVMAP,          strings, HEADER, 17, 16,
                               0,          w->str_len, strings - HEADER - RSVMAP};
    for (unsigned i = 0; i < 10; i++)
        put32(w->buf + 4 * i, head[i]);
    return total;
}
