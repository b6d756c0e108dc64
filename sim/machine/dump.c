/* SPDX-License-Identifier: Apache-2.0 */
/* State tables to JSON (models/base/state.h walks, libyajl writes). */
#include "sim/machine/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include "models/base/evq.h"
#include "models/base/model.h"
#include "models/cpu/cpu.h"
#include "sim/machine/machine.h"

struct dump {
    struct tg_state_visitor v;
    yajl_gen g;
    FILE *out;
    bool list[16]; /* is the open group one? Nothing nests deeper. */
    unsigned depth;
};

static void text(struct dump *d, const char *s)
{
    yajl_gen_string(d->g, (const unsigned char *)s, strlen(s));
}

static int failed(struct dump *d)
{
    return tg_error_set(d->v.err, EIO, "cannot write the state: %s", strerror(errno));
}

/* What the generator holds goes to the file, so that memory does not grow with the machine. */
static int flush(struct dump *d)
{
    const unsigned char *buf;
    size_t len;

    if (yajl_gen_get_buf(d->g, &buf, &len) == yajl_gen_status_ok && len) {
        if (fwrite(buf, 1, len, d->out) != len)
            return failed(d);
        yajl_gen_clear(d->g);
    }
    return 0;
}

static int open_group(struct tg_state_visitor *v, const char *name, size_t n)
{
    struct dump *d = (struct dump *)v;
    bool list = n != SIZE_MAX;

    if (d->depth + 1 >= TG_ARRAY_SIZE(d->list))
        return tg_error_set(v->err, EOVERFLOW, "%s: nested too deeply", name ? name : "state");
    if (name)
        text(d, name);
    d->list[++d->depth] = list;
    if (list)
        yajl_gen_array_open(d->g);
    else
        yajl_gen_map_open(d->g);
    return flush(d);
}

static int close_group(struct tg_state_visitor *v)
{
    struct dump *d = (struct dump *)v;

    if (d->list[d->depth--])
        yajl_gen_array_close(d->g);
    else
        yajl_gen_map_close(d->g);
    return flush(d);
}

/* Numbers of 64 bits as "0x..." : readers of JSON keep 53 bits of a number. */
static void put_number(struct dump *d, uint64_t value, unsigned size, bool is_signed)
{
    char s[24];

    if (is_signed) {
        yajl_gen_integer(d->g, (long long)tg_sext(value, 8 * size));
    } else if (size < 8) {
        yajl_gen_integer(d->g, (long long)value);
    } else {
        snprintf(s, sizeof(s), "0x%" PRIx64, value);
        text(d, s);
    }
}

static void put_bytes(struct dump *d, const uint8_t *data, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char part[128];
    char *all = n * 2 <= sizeof(part) ? part : malloc(n * 2);

    if (!all) {
        yajl_gen_null(d->g);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        all[2 * i] = digits[data[i] >> 4];
        all[2 * i + 1] = digits[data[i] & 15];
    }
    yajl_gen_string(d->g, (const unsigned char *)all, n * 2);
    if (all != part)
        free(all);
}

/* FNV-1a, 64 bits: tells pages apart, no more. */
static uint64_t digest(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Offset of each page that is not zero: digest. */
static int put_memory(struct dump *d, const uint8_t *data, size_t size)
{
    const size_t page = 4096;
    int rc = 0;

    yajl_gen_map_open(d->g);
    for (size_t at = 0; at < size && !rc; at += page) {
        size_t n = size - at < page ? size - at : page;
        char s[24];

        if (!data[at] && (n == 1 || !memcmp(data + at, data + at + 1, n - 1)))
            continue;
        snprintf(s, sizeof(s), "0x%zx", at);
        text(d, s);
        put_number(d, digest(data + at, n), 8, false);
        rc = flush(d);
    }
    yajl_gen_map_close(d->g);
    return rc;
}

/* Events: when, in ps, or null. */
static void put_event(struct dump *d, const struct tg_event *e)
{
    if (tg_event_pending(e))
        put_number(d, e->when, 8, false);
    else
        yajl_gen_null(d->g);
}

static void put_one(struct dump *d, const struct tg_state *row, const uint8_t *at)
{
    uint64_t value = 0;

    switch (row->kind) {
    case TG_STATE_EVENT:
        put_event(d, (const struct tg_event *)(const void *)at);
        break;
    case TG_STATE_LINE:
        yajl_gen_bool(d->g, ((const struct tg_irq *)(const void *)at)->level);
        break;
    case TG_STATE_BOOL:
        yajl_gen_bool(d->g, *at);
        break;
    default:
        memcpy(&value, at, row->size);
        put_number(d, value, row->size, row->kind == TG_STATE_INT);
    }
}

static int put_values(struct tg_state_visitor *v, const struct tg_state *row, void *data, size_t n)
{
    struct dump *d = (struct dump *)v;
    const struct tg_state_blob *blob = data;
    const uint8_t *at = data;
    bool many = n != 1 || row->pointer || row->count > 1, named = many && row->label;

    text(d, row->name);
    if (row->kind == TG_STATE_BYTES) {
        put_bytes(d, data, n);
    } else if (row->kind == TG_STATE_BLOB) {
        put_bytes(d, blob->data, blob->size);
    } else if (row->kind == TG_STATE_MEMORY) {
        return put_memory(d, data, n) ? -EIO : flush(d);
    } else {
        if (named)
            yajl_gen_map_open(d->g);
        else if (many)
            yajl_gen_array_open(d->g);
        for (size_t i = 0; i < n; i++, at += row->size) {
            const char *label = named ? row->label((const uint8_t *)data - row->offset, i) : NULL;

            if (named && !label)
                continue;
            if (label)
                text(d, label);
            put_one(d, row, at);
        }
        if (named)
            yajl_gen_map_close(d->g);
        else if (many)
            yajl_gen_array_close(d->g);
    }
    return flush(d);
}

int machine_dump_state(struct machine *m, FILE *out, struct tg_error *err)
{
    struct dump d = {
        .v = {.group = open_group, .end = close_group, .values = put_values, .shows = true, .err = err},
        .out = out};
    int rc = 0;

    d.g = yajl_gen_alloc(NULL);
    if (!d.g)
        return tg_error_set(err, ENOMEM, "out of memory");
    yajl_gen_config(d.g, yajl_gen_beautify, 1);
    yajl_gen_config(d.g, yajl_gen_indent_string, " ");
    for (unsigned i = 0; i < m->n_pes; i++)
        cpu_quiesce(m->pes[i].cpu);
    yajl_gen_map_open(d.g);
    text(&d, "platform");
    text(&d, m->name);
    text(&d, "time_ps");
    put_number(&d, machine_now(m), 8, false);
    text(&d, "models");
    yajl_gen_map_open(d.g);
    for (size_t i = 0; i < m->n_models && !rc; i++) {
        text(&d, m->models[i]->name);
        yajl_gen_map_open(d.g);
        text(&d, "class");
        text(&d, m->models[i]->cls->name);
        rc = tg_model_walk(&d.v, m->models[i]);
        yajl_gen_map_close(d.g);
    }
    yajl_gen_map_close(d.g);
    yajl_gen_map_close(d.g);
    if (!rc)
        rc = flush(&d);
    yajl_gen_free(d.g);
    if (!rc && (fflush(out) || ferror(out)))
        rc = failed(&d);
    return rc;
}
