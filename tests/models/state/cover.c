/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows become ranges of bytes of the struct (rows of embedded structs one by one); then the struct's members are gone
 * through, as the compiler laid them out. A member lies wholly within one range, of its type, or is a struct, union or
 * array whose parts do.
 */
#include "tests/models/state/cover.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct range {
    uint64_t begin, size;
    const struct tg_state *row; /* NULL: of another table */
    const char *what;           /* name of the row */
    uint32_t element;           /* bytes; 0: anything */
    bool is_bool, met;
    bool spare; /* counts where no other row does */
};

struct check {
    struct types *types;
    struct complaints *c;
    const char *where; /* class or struct */
    struct range *v;
    size_t n, n_spare; /* the spare ones stand behind the others */
    /* while members are gone through */
    char path[256];
    uint64_t at;
};

static void complain(const struct check *k, const char *name, const char *fmt, ...)
{
    char line[512], text[300];
    va_list ap;
    size_t old = k->c->text ? strlen(k->c->text) : 0;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    snprintf(line, sizeof(line), "%s: %s: %s\n", k->where, name, text);
    k->c->text = realloc(k->c->text, old + strlen(line) + 1);
    strcpy(k->c->text + old, line);
    k->c->n++;
}

static struct range *add(struct check *k, uint64_t begin, uint64_t size, const char *what)
{
    k->v = realloc(k->v, (k->n + 1) * sizeof(*k->v));
    k->v[k->n] = (struct range){.begin = begin, .size = size, .what = what};
    return &k->v[k->n++];
}

/* ---- rows to ranges ---- */

static void add_rows(struct check *k, const struct tg_state_table *table, uint64_t base)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct tg_state *row = &table->rows[i];

        if (row->kind == TG_STATE_NONE && row->why == TG_WHY_ELSEWHERE)
            continue;
        if (row->kind == TG_STATE_STRUCT && !row->pointer) {
            if (row->of->size != row->size)
                complain(k, row->name, "%zu bytes in the table of %s, %u in the row", row->of->size,
                         row->of->type, row->size);
            for (size_t e = 0; e < row->count; e++)
                add_rows(k, row->of, base + row->offset + e * row->size);
            continue;
        }
        struct range *r = add(k, base + row->offset, row->extent, row->name);

        r->row = row;
        r->spare = row->kind == TG_STATE_NONE && row->why == TG_WHY_UNUSED;
        if (!row->pointer && row->kind <= TG_STATE_BOOL) {
            r->element = row->size;
            r->is_bool = row->kind == TG_STATE_BOOL;
        }
        if (row->kind == TG_STATE_BLOB)
            add(k, base + row->length, sizeof(size_t), row->name);
    }
}

static uint64_t param_size(const struct tg_param *p)
{
    switch (p->type) {
    case TG_PARAM_BOOL:
        return sizeof(bool);
    case TG_PARAM_U32:
    case TG_PARAM_ENUM:
        return sizeof(uint32_t);
    default:
        return sizeof(uint64_t);
    }
}

static uint64_t port_size(const struct tg_port *p)
{
    unsigned n = p->count ? p->count : 1;

    switch (p->kind) {
    case TG_PORT_IRQ_OUT:
        return n * sizeof(struct tg_irq);
    case TG_PORT_BUS:
        return n * sizeof(struct tg_bus_port);
    default:
        return n * sizeof(void *);
    }
}

static void add_class(struct check *k, const struct tg_model_class *cls)
{
    add(k, 0, sizeof(struct tg_model), "the model");
    for (size_t i = 0; i < cls->n_params; i++) {
        const struct tg_param *p = &cls->params[i];
        bool again = false;

        for (size_t o = 0; o < i; o++) /* another name of one parameter */
            again |= cls->params[o].offset == p->offset;
        if (!again)
            add(k, p->offset, param_size(p), p->name);
    }
    for (size_t i = 0; i < cls->n_ports; i++)
        add(k, cls->ports[i].offset, port_size(&cls->ports[i]), cls->ports[i].name);
    for (size_t i = 0; i < cls->n_counters; i++)
        add(k, cls->counters[i].offset, sizeof(uint64_t), cls->counters[i].name);
    for (size_t f = 0; f < cls->n_frames; f++) {
        for (size_t i = 0; i < cls->frames[f].n_regs; i++) {
            const struct tg_reg *r = &cls->frames[f].regs[i];

            if (r->field != TG_NOFIELD)
                add(k, r->field, (uint64_t)r->width * (r->count ? r->count : 1), r->name)->element = r->width;
        }
    }
    if (cls->state)
        add_rows(k, cls->state, 0);
}

static int by_begin(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    if (x->spare != y->spare)
        return x->spare ? 1 : -1;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1) : x->size < y->size ? -1 : x->size > y->size;
}

static void sort_and_compare(struct check *k)
{
    qsort(k->v, k->n, sizeof(*k->v), by_begin);
    for (k->n_spare = 0; k->n_spare < k->n && k->v[k->n - 1 - k->n_spare].spare;)
        k->n_spare++;
    k->n -= k->n_spare;
    for (size_t i = 1; i < k->n; i++) {
        if (k->v[i - 1].begin + k->v[i - 1].size > k->v[i].begin) {
            complain(k, k->v[i].what, "its bytes are %s's, too", k->v[i - 1].what);
            k->v[i].met = k->v[i - 1].met = true;
        }
    }
}

/* ---- members ---- */

static struct range *range_at(struct check *k, uint64_t at)
{
    size_t lo = 0, hi = k->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (k->v[mid].begin <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo && at - k->v[lo - 1].begin < k->v[lo - 1].size ? &k->v[lo - 1] : NULL;
}

static bool is_spare(const struct check *k, uint64_t begin, uint64_t size)
{
    for (size_t i = k->n; i < k->n + k->n_spare; i++)
        if (begin >= k->v[i].begin && begin + size <= k->v[i].begin + k->v[i].size)
            return true;
    return false;
}

static void check_parts(struct check *k, const struct type *t);

static bool has_pointers(struct check *k, const struct type *t);

static bool part_has_pointers(void *opaque, const char *name, uint64_t offset, const struct type *t)
{
    (void)name;
    (void)offset;
    return !has_pointers(opaque, t);
}

static bool has_pointers(struct check *k, const struct type *t)
{
    struct type e;

    if (t->kind == TYPE_ARRAY)
        return types_target(k->types, t, &e) && has_pointers(k, &e);
    if (t->kind == TYPE_STRUCT || t->kind == TYPE_UNION)
        return !types_members(k->types, t, part_has_pointers, k);
    return t->kind == TYPE_POINTER;
}

/* A member that lies wholly within r: is it what the row says? */
static void check_type(struct check *k, struct range *r, const struct type *t)
{
    struct type e = *t;

    while (e.kind == TYPE_ARRAY && types_target(k->types, &e, &e))
        ;
    if (!r->row) {
        if (r->element && (e.kind != TYPE_NUMBER || e.size != r->element))
            complain(k, k->path, "not a number of %u bytes, as its register has", r->element);
        return;
    }
    switch (r->row->kind) {
    case TG_STATE_UINT:
    case TG_STATE_INT:
    case TG_STATE_BOOL:
        if (r->row->pointer) {
            if (e.kind != TYPE_POINTER || !types_target(k->types, &e, &e) || e.size != r->row->size)
                complain(k, k->path, "not a pointer to elements of %u bytes", r->row->size);
        } else if (e.kind != (r->is_bool ? TYPE_BOOL : TYPE_NUMBER) || e.size != r->element) {
            complain(k, k->path, "its row is of a %s of %u bytes", r->is_bool ? "bool" : "number",
                     r->element);
        }
        break;
    case TG_STATE_BYTES:
        if (has_pointers(k, t))
            complain(k, k->path, "its row saves pointers as bytes");
        break;
    case TG_STATE_PLACE:
        if (e.kind != TYPE_POINTER || !types_target(k->types, &e, &e) || e.size != r->row->size)
            complain(k, k->path, "not a pointer to elements of %u bytes", r->row->size);
        break;
    case TG_STATE_EVENT:
        if (strcmp(e.name, "tg_event") != 0)
            complain(k, k->path, "its row is of an event");
        break;
    case TG_STATE_LINE:
        if (strcmp(e.name, "tg_irq") != 0)
            complain(k, k->path, "its row is of a line");
        break;
    case TG_STATE_STRUCT:
        if (e.kind != TYPE_POINTER || !types_target(k->types, &e, &e) || e.size != r->row->of->size ||
            strncmp(r->row->of->type, "struct ", 7) != 0 || strcmp(r->row->of->type + 7, e.name) != 0)
            complain(k, k->path, "not a pointer to %s, whose table its row has", r->row->of->type);
        break;
    default:
        break;
    }
}

static bool check_member(void *opaque, const char *name, uint64_t offset, const struct type *t)
{
    struct check *k = opaque;
    size_t length = strlen(k->path);
    uint64_t at = k->at;
    struct range *r;

    snprintf(k->path + length, sizeof(k->path) - length, "%s%s", length && *name ? "." : "", name);
    k->at += offset;
    r = range_at(k, k->at);
    if (t->size == 0) {
        /* a flexible array: nothing in the struct */
    } else if (r && k->at + t->size <= r->begin + r->size) {
        r->met = true;
        check_type(k, r, t);
    } else if (t->kind == TYPE_STRUCT || t->kind == TYPE_UNION || t->kind == TYPE_ARRAY) {
        check_parts(k, t);
    } else if (r || !is_spare(k, k->at, t->size)) {
        complain(k, k->path, r ? "only a part of it is in a table" : "in no table");
    }
    k->at = at;
    k->path[length] = 0;
    return true;
}

static void check_parts(struct check *k, const struct type *t)
{
    struct type e;

    if (t->kind != TYPE_ARRAY) {
        types_members(k->types, t, check_member, k);
        return;
    }
    if (!types_target(k->types, t, &e) || !e.size)
        return;
    for (uint64_t i = 0; i < t->count; i++) {
        size_t before = k->c->n;
        char name[24];

        snprintf(name, sizeof(name), "[%llu]", (unsigned long long)i);
        check_member(k, name, i * e.size, &e);
        if (k->c->n != before) { /* the others are alike */
            for (size_t n = 0; n < k->n; n++)
                k->v[n].met |= k->v[n].begin >= k->at && k->v[n].begin < k->at + t->size;
            break;
        }
    }
}

static void check_members(struct check *k, const struct tg_state_table *table)
{
    const char *name = !strncmp(table->type, "struct ", 7) ? table->type + 7 : table->type;
    struct type t;

    if (!types_struct(k->types, name, &t)) {
        complain(k, table->type, "not defined in the sources that the test reads");
        return;
    }
    if (t.size != table->size)
        complain(k, table->type, "%zu bytes in its table, %llu in the source", table->size,
                 (unsigned long long)t.size);
    sort_and_compare(k);
    check_parts(k, &t);
    for (size_t i = 0; i < k->n; i++)
        if (!k->v[i].met)
            complain(k, k->v[i].what, "no member begins where its row says");
}

/* ---- structs behind pointers ---- */

static void check_pointees(struct types *t, const struct tg_state_table *table, struct complaints *c)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct tg_state *row = &table->rows[i];

        if (row->kind != TG_STATE_STRUCT)
            continue;
        if (row->pointer)
            cover_table(t, row->of, c);
        else
            check_pointees(t, row->of, c);
    }
}

void cover_table(struct types *t, const struct tg_state_table *table, struct complaints *c)
{
    struct check k = {.types = t, .c = c, .where = table->type};

    add_rows(&k, table, 0);
    check_members(&k, table);
    free(k.v);
    check_pointees(t, table, c);
}

void cover_class(struct types *t, const struct tg_model_class *cls, struct complaints *c)
{
    struct check k = {.types = t, .c = c, .where = cls->name};

    if (!cls->state) {
        complain(&k, "state", "the class has no table of its state");
        return;
    }
    if (cls->state->size != cls->size)
        complain(&k, cls->state->type, "%zu bytes in its table, %zu in the class", cls->state->size,
                 cls->size);
    add_class(&k, cls);
    check_members(&k, cls->state);
    free(k.v);
    check_pointees(t, cls->state, c);
}
