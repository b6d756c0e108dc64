/* SPDX-License-Identifier: Apache-2.0 */
/* Types by libdw (elfutils). Objects are not linked, so their sections are relocated by libdwfl. */
#include "tests/models/state/types.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MODULES 256

struct types {
    Dwfl *dwfl;
    Dwarf *module[MAX_MODULES];
    unsigned n;
};

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct types *types_open(const char *list)
{
    struct types *t = calloc(1, sizeof(*t));
    FILE *f = fopen(list, "r");
    char path[4096];

    t->dwfl = dwfl_begin(&callbacks);
    while (f && fgets(path, sizeof(path), f)) {
        Dwfl_Module *m;
        Dwarf_Addr bias;
        Dwarf *d;

        path[strcspn(path, "\n")] = 0;
        m = dwfl_report_offline(t->dwfl, path, path, -1);
        d = m ? dwfl_module_getdwarf(m, &bias) : NULL;
        if (!d || t->n == MAX_MODULES) {
            fprintf(stderr, "%s: no debugging information: %s\n", path, dwfl_errmsg(-1));
            t->n = 0;
            break;
        }
        t->module[t->n++] = d;
    }
    if (f)
        fclose(f);
    dwfl_report_end(t->dwfl, NULL, NULL);
    if (t->n)
        return t;
    fprintf(stderr, "%s: no objects\n", list);
    types_close(t);
    return NULL;
}

void types_close(struct types *t)
{
    if (!t)
        return;
    dwfl_end(t->dwfl);
    free(t);
}

static bool unsigned_attribute(Dwarf_Die *die, unsigned name, uint64_t *out)
{
    Dwarf_Attribute a;
    Dwarf_Word w;

    if (!dwarf_attr_integrate(die, name, &a) || dwarf_formudata(&a, &w))
        return false;
    *out = w;
    return true;
}

/* The type that an entry refers to, without names and qualifiers; false: void. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *out)
{
    Dwarf_Attribute a;

    if (!dwarf_attr_integrate(die, DW_AT_type, &a) || !dwarf_formref_die(&a, out))
        return false;
    switch (dwarf_tag(out)) {
    case DW_TAG_typedef:
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_atomic_type: {
        Dwarf_Die inner = *out;

        return type_of(&inner, out);
    }
    default:
        return true;
    }
}

static uint64_t elements(Dwarf_Die *array)
{
    Dwarf_Die range;
    uint64_t n = 1, bound;

    if (dwarf_child(array, &range))
        return 0;
    do {
        if (dwarf_tag(&range) != DW_TAG_subrange_type)
            continue;
        if (unsigned_attribute(&range, DW_AT_count, &bound))
            n *= bound;
        else
            n *= unsigned_attribute(&range, DW_AT_upper_bound, &bound) ? bound + 1 : 0;
    } while (!dwarf_siblingof(&range, &range));
    return n;
}

static void describe(Dwarf_Die *die, unsigned module, struct type *out)
{
    const char *name = dwarf_diename(die);
    uint64_t encoding = 0;
    Dwarf_Die element;
    struct type e;

    *out = (struct type){.kind = TYPE_OTHER, .handle = dwarf_dieoffset(die), .module = module};
    unsigned_attribute(die, DW_AT_byte_size, &out->size);
    switch (dwarf_tag(die)) {
    case DW_TAG_base_type:
        unsigned_attribute(die, DW_AT_encoding, &encoding);
        out->kind = encoding == DW_ATE_boolean ? TYPE_BOOL : TYPE_NUMBER;
        break;
    case DW_TAG_enumeration_type:
        out->kind = TYPE_NUMBER;
        break;
    case DW_TAG_pointer_type:
        out->kind = TYPE_POINTER;
        out->size = sizeof(void *);
        break;
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
        out->kind = dwarf_tag(die) == DW_TAG_union_type ? TYPE_UNION : TYPE_STRUCT;
        snprintf(out->name, sizeof(out->name), "%s", name ? name : "");
        break;
    case DW_TAG_array_type:
        out->kind = TYPE_ARRAY;
        out->count = elements(die);
        if (type_of(die, &element)) {
            describe(&element, module, &e);
            out->size = out->count * e.size;
        }
        break;
    default:
        break;
    }
}

bool types_struct(struct types *t, const char *name, struct type *out)
{
    for (unsigned i = 0; i < t->n; i++) {
        Dwarf_CU *cu = NULL;
        Dwarf_Die top, die;

        while (!dwarf_get_units(t->module[i], cu, &cu, NULL, NULL, &top, NULL)) {
            if (dwarf_child(&top, &die))
                continue;
            do {
                const char *n = dwarf_tag(&die) == DW_TAG_structure_type ? dwarf_diename(&die) : NULL;

                if (n && !strcmp(n, name) && !dwarf_hasattr(&die, DW_AT_declaration)) {
                    describe(&die, i, out);
                    return true;
                }
            } while (!dwarf_siblingof(&die, &die));
        }
    }
    return false;
}

bool types_target(struct types *t, const struct type *of, struct type *out)
{
    Dwarf_Die die, target;

    if (!dwarf_offdie(t->module[of->module], of->handle, &die) || !type_of(&die, &target))
        return false;
    if (dwarf_hasattr(&target, DW_AT_declaration))
        return dwarf_diename(&target) && types_struct(t, dwarf_diename(&target), out);
    describe(&target, of->module, out);
    return true;
}

bool types_members(struct types *t, const struct type *of,
                   bool (*fn)(void *opaque, const char *name, uint64_t offset, const struct type *type),
                   void *opaque)
{
    Dwarf_Die die, member;

    if (!dwarf_offdie(t->module[of->module], of->handle, &die) || dwarf_child(&die, &member))
        return true;
    do {
        const char *name = dwarf_diename(&member);
        Dwarf_Die type;
        struct type m;
        uint64_t offset = 0, bits;

        if (dwarf_tag(&member) != DW_TAG_member || !type_of(&member, &type))
            continue;
        if (!unsigned_attribute(&member, DW_AT_data_member_location, &offset) &&
            unsigned_attribute(&member, DW_AT_data_bit_offset, &bits))
            offset = bits / 8;
        describe(&type, of->module, &m);
        if (!fn(opaque, name ? name : "", offset, &m))
            return false;
    } while (!dwarf_siblingof(&member, &member));
    return true;
}
