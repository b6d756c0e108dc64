/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the state of models, and state as bytes. See state.h; dumps are the affair of sim/. */
#include "models/base/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/base/model.h"

/* ---- walking ---- */

static int group(struct tg_state_visitor *v, const char *name, size_t n)
{
    return v->group ? v->group(v, name, n) : 0;
}

static int end(struct tg_state_visitor *v)
{
    return v->end ? v->end(v) : 0;
}

static int walk_structs(struct tg_state_visitor *v, const struct tg_state *row, char *data, size_t n,
                        bool one)
{
    int rc = group(v, row->name, one ? SIZE_MAX : n);

    for (size_t i = 0; i < n && !rc; i++) {
        if (!one)
            rc = group(v, NULL, SIZE_MAX);
        if (!rc)
            rc = tg_state_walk(v, row->of, data + i * row->size);
        if (!rc && !one)
            rc = end(v);
    }
    return rc ? rc : end(v);
}

static int walk_blob(struct tg_state_visitor *v, const struct tg_state *row, void *s)
{
    uint8_t **data = (uint8_t **)((char *)s + row->offset);
    size_t *size = (size_t *)((char *)s + row->length);
    struct tg_state_blob blob = {.data = *data, .size = *data ? *size : 0};
    int rc = v->values(v, row, &blob, 1);

    if (!rc && v->restores) {
        *data = blob.data;
        *size = blob.size;
    }
    return rc;
}

/* Shown and saved as a number. */
static int walk_place(struct tg_state_visitor *v, const struct tg_state *row, void *s)
{
    char **at = (char **)((char *)s + row->offset);
    char *array = row->pointer ? *(char **)((char *)s + row->array) : (char *)s + row->array;
    uint64_t index = *at ? (uint64_t)(*at - array) / row->size : 0, n = row->n(s);
    struct tg_state number = {.name = row->name, .kind = TG_STATE_UINT, .size = sizeof(index), .count = 1};
    int rc = v->values(v, &number, &index, 1);

    if (!rc && v->restores) {
        if (index >= n)
            return tg_error_set(v->err, EINVAL, "%s: found element %llu, expected one of %llu", row->name,
                                (unsigned long long)index, (unsigned long long)n);
        *at = array + index * row->size;
    }
    return rc;
}

static int walk_row(struct tg_state_visitor *v, const struct tg_state *row, void *s)
{
    char *data = (char *)s + row->offset;
    uint64_t n = row->n ? row->n(s) : row->count;

    if (row->kind == TG_STATE_NONE)
        return 0;
    if (row->kind == TG_STATE_BLOB)
        return walk_blob(v, row, s);
    if (row->kind == TG_STATE_PLACE)
        return walk_place(v, row, s);
    if (row->pointer)
        data = *(char **)data;
    if (!data)
        n = 0;
    if (!row->pointer && n > row->count) /* a state that was made up */
        return tg_error_set(v->err, EINVAL, "%s: found %llu elements, expected at most %zu", row->name,
                            (unsigned long long)n, row->count);
    if (row->kind == TG_STATE_STRUCT)
        return walk_structs(v, row, data, n, !row->pointer && !row->n && row->count == 1);
    return v->values(v, row, data, n);
}

int tg_state_walk(struct tg_state_visitor *v, const struct tg_state_table *table, void *s)
{
    int rc = 0;

    for (size_t i = 0; i < table->n_rows && !rc; i++)
        rc = walk_row(v, &table->rows[i], s);
    return rc;
}

/* A register without a field, by its callbacks. */
static int walk_register(struct tg_state_visitor *v, struct tg_model *m, const struct tg_reg *r,
                         unsigned inst)
{
    struct tg_state row = {
        .name = r->name, .kind = TG_STATE_UINT, .size = 8, .count = r->count ? r->count : 1};
    uint64_t *value;
    int rc;

    if (!r->save || (!r->restore && !v->shows))
        return 0;
    value = calloc(row.count, sizeof(*value));
    if (!value)
        return tg_error_set(v->err, ENOMEM, "out of memory");
    for (unsigned i = 0; i < row.count; i++)
        value[i] = r->save(m, inst, i);
    rc = v->values(v, &row, value, row.count);
    for (unsigned i = 0; !rc && v->restores && i < row.count; i++)
        r->restore(m, inst, i, value[i]);
    free(value);
    return rc;
}

static int walk_frame(struct tg_state_visitor *v, struct tg_model *m, const struct tg_reg_frame *frame,
                      unsigned inst)
{
    int rc = 0;

    for (size_t i = 0; i < frame->n_regs && !rc; i++) {
        const struct tg_reg *r = &frame->regs[i];
        struct tg_state row = {
            .name = r->name, .kind = TG_STATE_UINT, .size = r->width, .count = r->count ? r->count : 1};

        if (r->field == TG_NOFIELD)
            rc = walk_register(v, m, r, inst);
        else if (r->access != TG_RES0)
            rc = v->values(v, &row, (char *)m + r->field, row.count);
    }
    return rc;
}

static bool has_registers(const struct tg_state_visitor *v, const struct tg_reg_frame *frame)
{
    for (size_t i = 0; i < frame->n_regs; i++) {
        const struct tg_reg *r = &frame->regs[i];

        if (r->field != TG_NOFIELD ? r->access != TG_RES0 : r->save && (r->restore || v->shows))
            return true;
    }
    return false;
}

static int walk_registers(struct tg_state_visitor *v, struct tg_model *m)
{
    const struct tg_model_class *cls = m->cls;
    int rc = group(v, "registers", SIZE_MAX);

    for (size_t f = 0; f < cls->n_frames && !rc; f++) {
        unsigned copies =
            cls->frames[f].size ? (unsigned)(tg_model_frame_size(m, (unsigned)f) / cls->frames[f].size) : 0;

        if (!has_registers(v, &cls->frames[f]))
            continue;
        rc = group(v, cls->frames[f].name, copies);
        for (unsigned i = 0; i < copies && !rc; i++) {
            rc = group(v, NULL, SIZE_MAX);
            if (!rc)
                rc = walk_frame(v, m, &cls->frames[f], i);
            if (!rc)
                rc = end(v);
        }
        if (!rc)
            rc = end(v);
    }
    return rc ? rc : end(v);
}

static int walk_outputs(struct tg_state_visitor *v, struct tg_model *m)
{
    int rc = group(v, "outputs", SIZE_MAX);

    for (size_t i = 0; i < m->cls->n_ports && !rc; i++) {
        const struct tg_port *p = &m->cls->ports[i];
        struct tg_state row = {.name = p->name, .kind = TG_STATE_LINE, .size = sizeof(struct tg_irq)};

        row.count = p->count ? p->count : 1;
        if (p->kind == TG_PORT_IRQ_OUT)
            rc = v->values(v, &row, (char *)m + p->offset, row.count);
    }
    return rc ? rc : end(v);
}

static int walk_counters(struct tg_state_visitor *v, struct tg_model *m)
{
    int rc = group(v, "counters", SIZE_MAX);

    if (m->cls->derive && !v->restores)
        m->cls->derive(m);
    for (size_t i = 0; i < m->cls->n_counters && !rc; i++) {
        const struct tg_counter *c = &m->cls->counters[i];
        struct tg_state row = {.name = c->name, .kind = TG_STATE_UINT, .size = 8, .count = 1};

        rc = v->values(v, &row, (char *)m + c->offset, 1);
    }
    return rc ? rc : end(v);
}

int tg_model_walk(struct tg_state_visitor *v, struct tg_model *m)
{
    const struct tg_model_class *cls = m->cls;
    int rc = 0;

    v->evq = m->env->evq;
    if (cls->n_frames)
        rc = walk_registers(v, m);
    if (!rc && cls->n_ports)
        rc = walk_outputs(v, m);
    if (!rc && cls->n_counters)
        rc = walk_counters(v, m);
    if (!rc && cls->state && cls->state->n_rows) {
        rc = group(v, "state", SIZE_MAX);
        if (!rc)
            rc = tg_state_walk(v, cls->state, m);
        if (!rc)
            rc = end(v);
    }
    return rc;
}

void tg_model_settle(struct tg_model *m)
{
    if (m->cls->settle)
        m->cls->settle(m);
}

/* ---- bytes ---- */

void tg_state_bytes_free(struct tg_state_bytes *b)
{
    free(b->data);
    *b = (struct tg_state_bytes){0};
}

int tg_state_put(struct tg_state_bytes *b, const void *data, size_t n)
{
    if (n > b->capacity - b->size) {
        size_t capacity = b->capacity ? b->capacity : 4096;
        uint8_t *p;

        while (capacity - b->size < n)
            capacity *= 2;
        p = realloc(b->data, capacity);
        if (!p)
            return -ENOMEM;
        b->data = p;
        b->capacity = capacity;
    }
    if (n)
        memcpy(b->data + b->size, data, n);
    b->size += n;
    return 0;
}

int tg_state_get(struct tg_state_bytes *b, void *data, size_t n)
{
    if (n > b->size - b->at)
        return -EINVAL;
    if (n)
        memcpy(data, b->data + b->at, n);
    b->at += n;
    return 0;
}

/* ---- memory: a page's number and its bytes for each page that is not zero, then NO_PAGE ---- */

#define PAGE    4096u
#define NO_PAGE UINT64_MAX

static bool is_zero(const uint8_t *p, size_t n)
{
    return !*p && !memcmp(p, p + 1, n - 1);
}

static size_t page_size(uint64_t page, size_t size)
{
    return size - page * PAGE < PAGE ? size - page * PAGE : PAGE;
}

static int save_memory(struct tg_state_bytes *b, const uint8_t *data, size_t size)
{
    uint64_t none = NO_PAGE;
    int rc = 0;

    for (uint64_t page = 0; page * PAGE < size && !rc; page++) {
        if (is_zero(data + page * PAGE, page_size(page, size)))
            continue;
        rc = tg_state_put(b, &page, sizeof(page));
        if (!rc)
            rc = tg_state_put(b, data + page * PAGE, page_size(page, size));
    }
    return rc ? rc : tg_state_put(b, &none, sizeof(none));
}

static int restore_memory(struct tg_state_bytes *b, uint8_t *data, size_t size)
{
    uint64_t pages = (size + PAGE - 1) / PAGE, next;
    int rc = tg_state_get(b, &next, sizeof(next));

    for (uint64_t page = 0; page < pages && !rc; page++) {
        uint8_t *p = data + page * PAGE;

        if (page == next) {
            rc = tg_state_get(b, p, page_size(page, size));
            if (!rc)
                rc = tg_state_get(b, &next, sizeof(next));
        } else if (!is_zero(p, page_size(page, size))) {
            memset(p, 0, page_size(page, size));
        }
    }
    return rc ? rc : next == NO_PAGE ? 0 : -EINVAL;
}

/* ---- save and restore ---- */

struct stream {
    struct tg_state_visitor v;
    struct tg_state_bytes *b;
};

/* What an event and a line are in a stream. */
struct saved_event {
    uint64_t pending, when, order;
};

static int save_values(struct tg_state_visitor *v, const struct tg_state *row, void *data, size_t n)
{
    struct tg_state_bytes *b = ((struct stream *)v)->b;
    const struct tg_state_blob *blob = row->kind == TG_STATE_BLOB ? data : NULL;
    uint64_t bytes = blob ? blob->size : (uint64_t)n * row->size;
    int rc = tg_state_put(b, &bytes, sizeof(bytes));

    switch (row->kind) {
    case TG_STATE_EVENT:
        for (size_t i = 0; i < n && !rc; i++) {
            const struct tg_event *ev = (const struct tg_event *)data + i;
            struct saved_event s = {0};

            if (tg_event_pending(ev))
                s = (struct saved_event){.pending = 1, .when = ev->when, .order = ev->order};
            rc = tg_state_put(b, &s, sizeof(s));
        }
        break;
    case TG_STATE_LINE:
        for (size_t i = 0; i < n && !rc; i++)
            rc = tg_state_put(b, &((const struct tg_irq *)data + i)->level, 1);
        break;
    case TG_STATE_MEMORY:
        if (!rc)
            rc = save_memory(b, data, n);
        break;
    default:
        if (!rc)
            rc = tg_state_put(b, blob ? blob->data : data, bytes);
    }
    return rc ? tg_error_set(v->err, -rc, "%s: out of memory", row->name) : 0;
}

static int restore_event(struct tg_evq *q, struct tg_state_bytes *b, struct tg_event *ev)
{
    struct saved_event s;
    int rc = tg_state_get(b, &s, sizeof(s));

    if (rc)
        return rc;
    if (s.pending)
        tg_evq_restore_event(q, ev, s.when, s.order);
    else
        tg_evq_cancel(q, ev);
    return 0;
}

static int restore_bools(struct tg_state_bytes *b, uint8_t *data, size_t n)
{
    int rc = tg_state_get(b, data, n);

    for (size_t i = 0; i < n && !rc; i++)
        rc = data[i] > 1 ? -EINVAL : 0;
    return rc;
}

static int restore_blob(struct tg_state_bytes *b, struct tg_state_blob *blob, uint64_t size)
{
    uint8_t *data;

    if (size > b->size - b->at)
        return -EINVAL;
    data = malloc(size ? size : 1);
    if (!data)
        return -ENOMEM;
    free(blob->data);
    *blob = (struct tg_state_blob){.data = data, .size = size};
    return tg_state_get(b, data, size);
}

static int restore_values(struct tg_state_visitor *v, const struct tg_state *row, void *data, size_t n)
{
    struct tg_state_bytes *b = ((struct stream *)v)->b;
    uint64_t bytes = 0;
    int rc = tg_state_get(b, &bytes, sizeof(bytes));

    if (!rc && row->kind != TG_STATE_BLOB && bytes != (uint64_t)n * row->size)
        return tg_error_set(v->err, EINVAL, "%s: found %llu bytes, expected %llu", row->name,
                            (unsigned long long)bytes, (unsigned long long)n * row->size);
    switch (row->kind) {
    case TG_STATE_EVENT:
        for (size_t i = 0; i < n && !rc; i++)
            rc = restore_event(v->evq, b, (struct tg_event *)data + i);
        break;
    case TG_STATE_LINE:
        for (size_t i = 0; i < n && !rc; i++) {
            uint8_t level = 0;

            rc = restore_bools(b, &level, 1);
            ((struct tg_irq *)data + i)->level = level;
        }
        break;
    case TG_STATE_MEMORY:
        if (!rc)
            rc = restore_memory(b, data, n);
        break;
    case TG_STATE_BLOB:
        if (!rc)
            rc = restore_blob(b, data, bytes);
        break;
    case TG_STATE_BOOL:
        if (!rc)
            rc = restore_bools(b, data, n);
        break;
    default:
        if (!rc)
            rc = tg_state_get(b, data, bytes);
    }
    return rc ? tg_error_set(v->err, EINVAL, "%s: the state is cut short or damaged", row->name) : 0;
}

/* A section begins with the model's name and class, with their final zeros, and the size of what follows. */
int tg_model_save(struct tg_model *m, struct tg_state_bytes *out, struct tg_error *err)
{
    struct stream s = {.v = {.values = save_values, .err = err}, .b = out};
    uint64_t size = 0;
    size_t at;
    int rc = tg_state_put(out, m->name, strlen(m->name) + 1);

    if (!rc)
        rc = tg_state_put(out, m->cls->name, strlen(m->cls->name) + 1);
    at = out->size;
    if (!rc)
        rc = tg_state_put(out, &size, sizeof(size));
    if (rc)
        return tg_error_set(err, ENOMEM, "out of memory");
    rc = tg_model_walk(&s.v, m);
    size = out->size - at - sizeof(size);
    if (!rc)
        memcpy(out->data + at, &size, sizeof(size));
    return rc;
}

static bool take_text(struct tg_state_bytes *in, const char *text)
{
    size_t n = strlen(text) + 1;

    if (n > in->size - in->at || memcmp(in->data + in->at, text, n) != 0)
        return false;
    in->at += n;
    return true;
}

int tg_model_restore(struct tg_model *m, struct tg_state_bytes *in, struct tg_error *err)
{
    struct tg_error e = {""};
    struct stream s = {.v = {.values = restore_values, .restores = true, .err = &e}, .b = in};
    uint64_t size = 0;
    size_t begin;
    int rc;

    if (!take_text(in, m->name) || !take_text(in, m->cls->name) || tg_state_get(in, &size, sizeof(size)) ||
        size > in->size - in->at)
        return tg_error_set(err, EINVAL, "found no state of %s, a %s", m->name, m->cls->name);
    begin = in->at;
    rc = tg_model_walk(&s.v, m);
    if (!rc && in->at - begin != size)
        rc = tg_error_set(&e, EINVAL, "found %llu bytes, expected %zu", (unsigned long long)size,
                          in->at - begin);
    return rc ? tg_error_set(err, -rc, "%s: %s", m->name, e.text) : 0;
}
