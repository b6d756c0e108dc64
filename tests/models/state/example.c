/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/state/example.h"

#include <stdlib.h>

/* ---- complete ---- */

static uint64_t hidden_save(struct tg_model *m, unsigned inst, unsigned i)
{
    (void)inst;
    (void)i;
    return ((struct example *)m)->hidden ^ 0x55;
}

static void hidden_restore(struct tg_model *m, unsigned inst, unsigned i, uint64_t v)
{
    (void)inst;
    (void)i;
    ((struct example *)m)->hidden = (uint32_t)v ^ 0x55;
}

static uint64_t shown_save(struct tg_model *m, unsigned inst, unsigned i)
{
    (void)inst;
    return ((struct example *)m)->parts[i].a[0];
}

static const struct tg_reg regs[] = {
    {.name = "CONTROL", .offset = 0, .width = 4, .field = offsetof(struct example, control)},
    {.name = "LEVEL", .offset = 4, .width = 4, .access = TG_RO, .field = offsetof(struct example, level)},
    {.name = "HIDDEN",
     .offset = 8,
     .width = 4,
     .field = TG_NOFIELD,
     .save = hidden_save,
     .restore = hidden_restore},
    {.name = "SHOWN", .offset = 12, .width = 4, .count = 2, .field = TG_NOFIELD, .save = shown_save},
};
static const struct tg_reg_frame frames[] = {
    {.name = "regs", .size = 0x100, .regs = regs, .n_regs = TG_ARRAY_SIZE(regs)},
};
static const struct tg_param params[] = {
    {.name = "rate", .type = TG_PARAM_FREQ, .offset = offsetof(struct example, rate), .def = 1000},
    {.name = "title", .type = TG_PARAM_STRING, .offset = offsetof(struct example, title)},
};
static const struct tg_port ports[] = {
    {.name = "out", .kind = TG_PORT_IRQ_OUT, .offset = offsetof(struct example, out), .count = 2},
    {.name = "bus", .kind = TG_PORT_BUS, .offset = offsetof(struct example, bus)},
};
static const struct tg_counter counters[] = {
    {"events", "events", "", offsetof(struct example, events)},
};

static const struct tg_state part_state[] = {
    TG_STATE(struct example_part, a),
    TG_STATE(struct example_part, b),
};
static const struct tg_state_table part_table = TG_STATE_INIT(struct example_part, part_state);

static uint64_t some(const void *s)
{
    return ((const struct example *)s)->n_some;
}

static uint64_t four(const void *s)
{
    (void)s;
    return 4;
}

static uint64_t memory_size(const void *s)
{
    (void)s;
    return EXAMPLE_MEMORY;
}

static const struct tg_state state[] = {
    TG_STATE(struct example, offset),
    TG_STATE(struct example, grid),
    TG_STATE(struct example, mode),
    TG_STATE_IN(struct example, part, struct example_part, part_table),
    TG_STATE_IN(struct example, parts, struct example_part, part_table),
    TG_STATE(struct example, n_some),
    TG_STATE_SOME(struct example, some, some),
    TG_STATE_RAW(struct example, text),
    TG_STATE_EVENT(struct example, event),
    TG_STATE_HEAP_IN(struct example, heap, part_table, four),
    TG_STATE_HEAP(struct example, numbers, four),
    TG_STATE_PAGES(struct example, memory, memory_size),
    TG_STATE_BLOB_OF(struct example, blob, blob_size),
    TG_STATE_FIXED(struct example, hidden, "register HIDDEN"),
    TG_STATE_DERIVED(struct example, twice, "from the rate"),
    TG_STATE_SPAN(struct example, host, links, TG_WHY_HOST, "a buffer"),
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct example *e = (struct example *)m;

    (void)err;
    e->heap = calloc(4, sizeof(*e->heap));
    e->numbers = calloc(4, sizeof(*e->numbers));
    e->memory = calloc(1, EXAMPLE_MEMORY);
    return 0;
}

static void settle(struct tg_model *m)
{
    ((struct example *)m)->twice = 2 * ((struct example *)m)->rate + ((struct example *)m)->level;
}

static void fini(struct tg_model *m)
{
    struct example *e = (struct example *)m;

    tg_evq_cancel(m->env->evq, &e->event);
    free(e->heap);
    free(e->numbers);
    free(e->memory);
    free(e->blob);
}

const struct tg_model_class example_complete = {
    .name = "complete",
    .size = sizeof(struct example),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_TABLE(struct example, state),
    .realize = realize,
    .settle = settle,
    .fini = fini,
};

/* ---- with faults ---- */

#define CLASS(N, T, rows)                       \
    const struct tg_model_class example_##N = { \
        .name = #N, .size = sizeof(T), .state = TG_STATE_TABLE(T, rows)}

struct missing {
    struct tg_model model;
    uint32_t level, added;
};
static const struct tg_state missing_state[] = {
    TG_STATE(struct missing, level),
};
CLASS(missing, struct missing, missing_state);

struct nested_part {
    uint32_t level;
    bool added;
};
struct nested {
    struct tg_model model;
    struct nested_part parts[3];
};
static const struct tg_state nested_part_state[] = {
    TG_STATE(struct nested_part, level),
};
static const struct tg_state_table nested_part_table = TG_STATE_INIT(struct nested_part, nested_part_state);
static const struct tg_state nested_state[] = {
    TG_STATE_IN(struct nested, parts, struct nested_part, nested_part_table),
};
CLASS(nested, struct nested, nested_state);

struct pointee_part {
    uint32_t level, added;
};
struct pointee {
    struct tg_model model;
    struct pointee_part *part;
};
static const struct tg_state pointee_part_state[] = {
    TG_STATE(struct pointee_part, level),
};
static const struct tg_state_table pointee_part_table =
    TG_STATE_INIT(struct pointee_part, pointee_part_state);
static const struct tg_state pointee_state[] = {
    TG_STATE_HEAP_IN(struct pointee, part, pointee_part_table, four),
};
CLASS(pointee, struct pointee, pointee_state);

struct twice {
    struct tg_model model;
    uint32_t level;
};
static const struct tg_state twice_state[] = {
    TG_STATE(struct twice, level),
    TG_STATE(struct twice, level),
};
CLASS(twice, struct twice, twice_state);

struct wrong {
    struct tg_model model;
    uint16_t level[2];
};
static const struct tg_state wrong_state[] = {
    {.name = "level",
     .kind = TG_STATE_UINT,
     .size = 4,
     .count = 1,
     .offset = offsetof(struct wrong, level),
     .extent = 4},
};
CLASS(wrong, struct wrong, wrong_state);

struct pointer {
    struct tg_model model;
    struct {
        int number;
        const void *reference;
    } who;
};
static const struct tg_state pointer_state[] = {
    TG_STATE_RAW(struct pointer, who),
};
CLASS(pointer, struct pointer, pointer_state);

const struct tg_model_class example_tableless = {.name = "tableless", .size = sizeof(struct tg_model)};
