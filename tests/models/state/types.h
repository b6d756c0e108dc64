/* SPDX-License-Identifier: Apache-2.0 */
/* The types of C sources, as the compiler's debugging information (DWARF) in their objects tells them. */
#ifndef TG_TEST_STATE_TYPES_H
#define TG_TEST_STATE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct types;

enum type_kind { TYPE_NUMBER, TYPE_BOOL, TYPE_POINTER, TYPE_STRUCT, TYPE_UNION, TYPE_ARRAY, TYPE_OTHER };

/* A type without its names (typedef) and qualifiers. */
struct type {
    enum type_kind kind;
    uint64_t size;   /* bytes */
    uint64_t count;  /* of an array, all dimensions: elements */
    char name[64];   /* of a struct or union: "gic_pe"; else "" */
    uint64_t handle; /* for the functions below */
    unsigned module;
};

/* The objects that a file lists, a path a line. NULL: a message is on standard error. */
struct types *types_open(const char *list);
void types_close(struct types *t);
/* The definition of a struct; false: there is none. */
bool types_struct(struct types *t, const char *name, struct type *out);
/* What a pointer points to, or the element of an array. A struct that is only declared there is looked for everywhere. */
bool types_target(struct types *t, const struct type *of, struct type *out);
/* Calls fn for each member, until one call returns false. Bit fields come as their byte. */
bool types_members(struct types *t, const struct type *of,
                   bool (*fn)(void *opaque, const char *name, uint64_t offset, const struct type *type),
                   void *opaque);

#endif
