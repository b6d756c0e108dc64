/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State as data. A class says in one table what every member of its instance struct is: state, or why it is none.
 * From the table come save, restore, dump and comparison, so that none of them is written by hand for a model.
 *
 *     static const struct tg_state state[] = {
 *         TG_STATE(struct clock, offset),              a number, a bool, an enum, or an array of them
 *         TG_STATE_EVENT(struct clock, match),         an event of the machine's queue
 *         TG_STATE_FIXED(struct clock, divider, "from the parameter `rate`"),
 *     };
 *     ... .state = TG_STATE_TABLE(struct clock, state),
 *
 * What stands in another table of the class stands there only: parameters (not state), ports (the levels of interrupt
 * outputs are state, the rest is not), counters, and registers with a field or with `restore` (state). The test
 * models/state reads the compiler's debugging information, and fails with the name of a member that no row covers, that
 * two rows cover, or whose type is not its row's.
 *
 * A state is that of a machine between two accesses: no callback of a model runs, no bus access is under way, no PE is
 * within a slice (tlm_quiescent in sim/tlm). It goes into another machine of the same platform that has been realized
 * and reset: rows are restored in the order of the table, registers, outputs and counters before them, then `settle` of
 * every class works out what is derived. Sinks of interrupt outputs are not called: they have their own state.
 */
#ifndef TG_BASE_STATE_H
#define TG_BASE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_error;
struct tg_evq;
struct tg_model;

enum tg_state_kind {
    TG_STATE_UINT,   /* unsigned number of `size` bytes (1, 2, 4, 8) */
    TG_STATE_INT,    /* signed number */
    TG_STATE_BOOL,   /* bool */
    TG_STATE_BYTES,  /* string of bytes: shown as one */
    TG_STATE_EVENT,  /* struct tg_event: pending or not, when, and its turn among those of that time */
    TG_STATE_LINE,   /* struct tg_irq: the level */
    TG_STATE_PLACE,  /* pointer to an element of an array: its index */
    TG_STATE_STRUCT, /* rows of its own */
    TG_STATE_MEMORY, /* bytes, by page; most are zero */
    TG_STATE_BLOB,   /* bytes of the heap; a restore allocates them (struct tg_state_blob for `values`) */
    TG_STATE_NONE,   /* no state; `why` and `text` say why */
};

/* Why a member is no state. */
enum tg_state_why {
    TG_WHY_FIXED,   /* does not change between realize and the end: sizes, constants, references to others */
    TG_WHY_DERIVED, /* follows from the state: `settle` works it out */
    TG_WHY_HOST,    /* results do not depend on it: buffers, caches of host addresses */
    TG_WHY_UNUSED,  /* of members that stand in no other table: another class uses them */
    TG_WHY_ELSEWHERE, /* in another table of the class (for structs that several classes embed) */
};

struct tg_state {
    const char *name;
    enum tg_state_kind kind;
    enum tg_state_why why;
    bool pointer;  /* the member points to the elements (NULL: there are none) */
    uint32_t size; /* bytes of an element */
    size_t offset; /* of the member, in the struct that the table is of */
    size_t extent; /* bytes of the member */
    size_t count;  /* elements that have room in the member; 0: behind a pointer */
    /* How many elements there are; s: the struct. NULL: `count`. Rows before this one are restored. */
    uint64_t (*n)(const void *s);
    const struct tg_state_table *of; /* TG_STATE_STRUCT */
    size_t length;                   /* TG_STATE_BLOB: offset of the size_t with its size */
    size_t array; /* TG_STATE_PLACE: offset of the array, or of the pointer to it when `pointer` */
    const char *(*label)(const void *s, size_t i); /* name of element i, for dumps; NULL: it is not used */
    const char *text;                              /* of TG_STATE_NONE: the reason in words */
};

struct tg_state_table {
    const char *type; /* "struct clock" */
    size_t size;      /* bytes */
    const struct tg_state *rows;
    size_t n_rows;
};

/* ---- rows; T is the struct, f its member (nested ones too: dev.status) ---- */

#define TG_STATE_MEMBER(T, f) (((T *)0)->f)

/* By type: a value, an array, an array of arrays of it. */
#define TG_STATE_TYPES(t, v) \
    t:                       \
    v, t * : v, t(*)[] : v
#define TG_STATE_ELEMENT(x)                                                                         \
    _Generic((x), TG_STATE_TYPES(bool, 1), TG_STATE_TYPES(uint8_t, 1), TG_STATE_TYPES(uint16_t, 2), \
             TG_STATE_TYPES(uint32_t, 4), TG_STATE_TYPES(uint64_t, 8), TG_STATE_TYPES(int8_t, 1),   \
             TG_STATE_TYPES(int16_t, 2), TG_STATE_TYPES(int32_t, 4), TG_STATE_TYPES(int64_t, 8))
#define TG_STATE_KIND(x)                                                                     \
    _Generic((x), TG_STATE_TYPES(bool, TG_STATE_BOOL), TG_STATE_TYPES(int8_t, TG_STATE_INT), \
             TG_STATE_TYPES(int16_t, TG_STATE_INT), TG_STATE_TYPES(int32_t, TG_STATE_INT),   \
             TG_STATE_TYPES(int64_t, TG_STATE_INT), default                                  \
             : TG_STATE_UINT)

#define TG_STATE_ROW(T, f, ...)                                                                    \
    {                                                                                              \
        .name = #f, .offset = offsetof(T, f), .extent = sizeof(TG_STATE_MEMBER(T, f)), __VA_ARGS__ \
    }

/* A number, bool or enum, or an array (of arrays) of them. */
#define TG_STATE(T, f)                                               \
    TG_STATE_ROW(T, f, .kind = TG_STATE_KIND(TG_STATE_MEMBER(T, f)), \
                 .size = TG_STATE_ELEMENT(TG_STATE_MEMBER(T, f)),    \
                 .count = sizeof(TG_STATE_MEMBER(T, f)) / TG_STATE_ELEMENT(TG_STATE_MEMBER(T, f)))
/* Of which only the first n_fn(s) count. */
#define TG_STATE_SOME(T, f, n_fn)                                                                            \
    TG_STATE_ROW(                                                                                            \
        T, f, .kind = TG_STATE_KIND(TG_STATE_MEMBER(T, f)), .size = TG_STATE_ELEMENT(TG_STATE_MEMBER(T, f)), \
        .count = sizeof(TG_STATE_MEMBER(T, f)) / TG_STATE_ELEMENT(TG_STATE_MEMBER(T, f)), .n = (n_fn))
/* An array whose elements have names. */
#define TG_STATE_NAMED(T, f, label_fn)                                                             \
    TG_STATE_ROW(T, f, .kind = TG_STATE_KIND(TG_STATE_MEMBER(T, f)),                               \
                 .size = TG_STATE_ELEMENT(TG_STATE_MEMBER(T, f)),                                  \
                 .count = sizeof(TG_STATE_MEMBER(T, f)) / TG_STATE_ELEMENT(TG_STATE_MEMBER(T, f)), \
                 .label = (label_fn))
/* Any type without pointers, as its bytes. */
#define TG_STATE_RAW(T, f) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_BYTES, .size = 1, .count = sizeof(TG_STATE_MEMBER(T, f)))
/* n_fn(s) numbers behind a pointer. */
#define TG_STATE_HEAP(T, f, n_fn)                                                      \
    TG_STATE_ROW(T, f, .kind = TG_STATE_KIND(*TG_STATE_MEMBER(T, f)), .pointer = true, \
                 .size = TG_STATE_ELEMENT(*TG_STATE_MEMBER(T, f)), .n = (n_fn))
/* A struct or an array of structs, with a table of its own. */
#define TG_STATE_IN(T, f, E, table)                                                \
    TG_STATE_ROW(T, f, .kind = TG_STATE_STRUCT, .size = sizeof(E), .of = &(table), \
                 .count = sizeof(TG_STATE_MEMBER(T, f)) / sizeof(E))
#define TG_STATE_SOME_IN(T, f, E, table, n_fn)                                     \
    TG_STATE_ROW(T, f, .kind = TG_STATE_STRUCT, .size = sizeof(E), .of = &(table), \
                 .count = sizeof(TG_STATE_MEMBER(T, f)) / sizeof(E), .n = (n_fn))
/* n_fn(s) structs behind a pointer. */
#define TG_STATE_HEAP_IN(T, f, table, n_fn)                                                              \
    TG_STATE_ROW(T, f, .kind = TG_STATE_STRUCT, .pointer = true, .size = sizeof(*TG_STATE_MEMBER(T, f)), \
                 .of = &(table), .n = (n_fn))
#define TG_STATE_EVENT(T, f)                                                    \
    TG_STATE_ROW(T, f, .kind = TG_STATE_EVENT, .size = sizeof(struct tg_event), \
                 .count = sizeof(TG_STATE_MEMBER(T, f)) / sizeof(struct tg_event))
/* A pointer to one of the n_fn(s) elements of the member `a`, an array, or a pointer to one. */
#define TG_STATE_PLACE_IN(T, f, a, n_fn)                                               \
    TG_STATE_ROW(T, f, .kind = TG_STATE_PLACE, .size = sizeof(*TG_STATE_MEMBER(T, f)), \
                 .array = offsetof(T, a), .n = (n_fn))
#define TG_STATE_PLACE_BEHIND(T, f, a, n_fn)                                           \
    TG_STATE_ROW(T, f, .kind = TG_STATE_PLACE, .size = sizeof(*TG_STATE_MEMBER(T, f)), \
                 .array = offsetof(T, a), .pointer = true, .n = (n_fn))
/* n_fn(s) bytes of memory behind a pointer. */
#define TG_STATE_PAGES(T, f, n_fn) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_MEMORY, .pointer = true, .size = 1, .n = (n_fn))

/* Bytes that malloc gave, and the member that holds their number; that one has no row. */
#define TG_STATE_BLOB_OF(T, f, length_f) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_BLOB, .pointer = true, .size = 1, .length = offsetof(T, length_f))

#define TG_STATE_FIXED(T, f, reason) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_NONE, .why = TG_WHY_FIXED, .text = (reason))
#define TG_STATE_DERIVED(T, f, reason) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_NONE, .why = TG_WHY_DERIVED, .text = (reason))
#define TG_STATE_HOST(T, f, reason) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_NONE, .why = TG_WHY_HOST, .text = (reason))
#define TG_STATE_UNUSED(T, f, reason) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_NONE, .why = TG_WHY_UNUSED, .text = (reason))
#define TG_STATE_ELSEWHERE(T, f, reason) \
    TG_STATE_ROW(T, f, .kind = TG_STATE_NONE, .why = TG_WHY_ELSEWHERE, .text = (reason))

/* Members `first` to `last`, which follow one another, are no state for one reason. */
#define TG_STATE_SPAN(T, first, last, because, reason)                                        \
    {                                                                                         \
        .name = #first ".." #last, .kind = TG_STATE_NONE, .why = (because), .text = (reason), \
        .offset = offsetof(T, first),                                                         \
        .extent = offsetof(T, last) + sizeof(TG_STATE_MEMBER(T, last)) - offsetof(T, first)   \
    }

#define TG_STATE_INIT(T, table)                                                        \
    {                                                                                  \
        .type = #T, .size = sizeof(T), .rows = (table), .n_rows = TG_ARRAY_SIZE(table) \
    }
/* For tg_model_class.state. */
#define TG_STATE_NOTHING(T)      (&(const struct tg_state_table){.type = #T, .size = sizeof(T)})
#define TG_STATE_TABLE(T, table) (&(const struct tg_state_table)TG_STATE_INIT(T, table))

/* ---- walking ---- */

struct tg_state_blob {
    uint8_t *data;
    size_t size;
};

/*
 * What is done with each value. Functions return 0 or -errno, which ends the walk. `group` opens a named group (of a
 * table of n elements when n != SIZE_MAX: then one group without a name follows for each), `end` closes it; both may be
 * NULL. `values` gets the n elements of a row, one behind the other at `data`; of TG_STATE_EVENT and TG_STATE_LINE the
 * structs themselves, of TG_STATE_BLOB a struct tg_state_blob.
 */
struct tg_state_visitor {
    int (*group)(struct tg_state_visitor *v, const char *name, size_t n);
    int (*end)(struct tg_state_visitor *v);
    int (*values)(struct tg_state_visitor *v, const struct tg_state *row, void *data, size_t n);
    bool restores; /* `values` writes */
    bool shows;    /* wants registers that only show what is state elsewhere, too */
    struct tg_evq *evq;
    struct tg_error *err; /* may be NULL */
};

/* A struct by its table. */
int tg_state_walk(struct tg_state_visitor *v, const struct tg_state_table *table, void *s);
/* A model: groups "registers", "outputs", "counters", "state"; those that are empty are left out. */
int tg_model_walk(struct tg_state_visitor *v, struct tg_model *m);

/* ---- a state as bytes ---- */

/* Grows as it is written; zero-initialise. */
struct tg_state_bytes {
    uint8_t *data;
    size_t size, capacity;
    size_t at; /* position of reading */
};

void tg_state_bytes_free(struct tg_state_bytes *b);
/* Appends n bytes; 0 or -ENOMEM. */
int tg_state_put(struct tg_state_bytes *b, const void *data, size_t n);
/* Takes n bytes; 0, or -EINVAL: fewer are left. */
int tg_state_get(struct tg_state_bytes *b, void *data, size_t n);

/* Appends a model's state; 0 or -ENOMEM. */
int tg_model_save(struct tg_model *m, struct tg_state_bytes *out, struct tg_error *err);
/* Takes what tg_model_save wrote for a model of the same name and class. 0, or -EINVAL with the row named in err; the
 * model's state is undefined then. `settle` is not called: tg_model_settle when every model is restored. */
int tg_model_restore(struct tg_model *m, struct tg_state_bytes *in, struct tg_error *err);
void tg_model_settle(struct tg_model *m);

#endif
