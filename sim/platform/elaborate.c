/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flat description that platforms/lib/tollgate.lua made (function _finish) to a machine: models,
 * parameters, windows, wires. Values have been checked there; what only the C side knows (sizes of frames,
 * overlaps, lines) is checked here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "models/gic/gic.h"
#include "models/interconnect/interconnect.h"
#include "sim/machine/machine.h"
#include "sim/platform/internal.h"

/* ---- reading Lua tables: the table is on the top of the stack; strings live as long as the state ---- */

static const char *text(lua_State *L, const char *key)
{
    const char *s;

    lua_getfield(L, -1, key);
    s = lua_tostring(L, -1);
    lua_pop(L, 1);
    return s;
}

static uint64_t number(lua_State *L, const char *key)
{
    lua_Integer n;

    lua_getfield(L, -1, key);
    n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return (uint64_t)n;
}

static bool truth(lua_State *L, const char *key)
{
    bool b;

    lua_getfield(L, -1, key);
    b = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return b;
}

/* Pushes table[key] and returns its length; 0 when it is not a table (something is pushed all the same). */
static size_t list(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    return lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
}

static const struct platform_class *class_of(const char *name)
{
    for (size_t i = 0; i < platform_n_classes; i++)
        if (!strcmp(platform_classes[i].cls->name, name))
            return &platform_classes[i];
    return NULL;
}

/* The class of an object's state (on the top). */
static const struct platform_class *state_class(lua_State *L)
{
    const struct platform_class *pc;

    lua_getfield(L, -1, "class");
    pc = class_of(text(L, "name"));
    lua_pop(L, 1);
    return pc;
}

/* An object's state is on the top: sets the model's parameters from its `values`. */
static int set_params(lua_State *L, struct tg_model *model, struct tg_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < model->cls->n_params && !rc; i++) {
        const struct tg_param *p = &model->cls->params[i];
        struct tg_error e;

        lua_getfield(L, -1, "values");
        lua_getfield(L, -1, p->name);
        if (lua_isboolean(L, -1))
            rc = tg_model_set_u64(model, p, (uint64_t)lua_toboolean(L, -1), &e);
        else if (lua_isinteger(L, -1))
            rc = tg_model_set_u64(model, p, (uint64_t)lua_tointeger(L, -1), &e);
        else if (lua_isstring(L, -1))
            rc = tg_model_set_string(model, p, lua_tostring(L, -1), &e);
        lua_pop(L, 2);
        if (rc) {
            lua_getfield(L, -1, "sites");
            rc = tg_error_set(err, EINVAL, "%s: %s: %s", text(L, p->name), model->name, e.text);
            lua_pop(L, 1);
        }
    }
    return rc;
}

/* An object's state is on the top: where its parameters were given, and the object itself. */
static int add_origins(lua_State *L, struct machine *m, struct tg_model *model)
{
    size_t n = list(L, "origins");
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        rc = machine_add_origin(m, model, tg_model_param(model->cls, text(L, "param")), text(L, "site"),
                                text(L, "from"), (unsigned)number(L, "rank"));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return rc ? rc : machine_add_origin(m, model, NULL, text(L, "site"), NULL, 0);
}

struct build {
    lua_State *L;
    struct machine *m;
    struct tg_error *err;
    struct tg_model **models; /* as in the list of the description */
    size_t n;
};

static int no_memory(struct build *b)
{
    return tg_error_set(b->err, ENOMEM, "out of memory");
}

static int add_models(struct build *b)
{
    lua_State *L = b->L;
    int rc = 0;

    b->n = list(L, "models");
    b->models = calloc(b->n + 1, sizeof(*b->models));
    if (!b->models)
        return no_memory(b);
    for (size_t i = 0; i < b->n && !rc; i++) {
        const struct platform_class *pc;

        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        pc = state_class(L);
        b->models[i] = machine_add(b->m, pc->cls, text(L, "name"));
        if (!b->models[i])
            rc = no_memory(b);
        else
            rc = set_params(L, b->models[i], b->err);
        if (!rc && add_origins(L, b->m, b->models[i]))
            rc = no_memory(b);
        if (!rc && pc->gic && b->m->gic)
            rc = tg_error_set(b->err, EINVAL, "%s: %s: the platform has an interrupt controller already: %s",
                              text(L, "site"), text(L, "name"), b->m->gic->name);
        if (!rc && pc->cls == &fabric_class && b->m->fabric)
            rc = tg_error_set(b->err, EINVAL, "%s: %s: the platform has a fabric already: %s",
                              text(L, "site"), text(L, "name"), b->m->fabric->name);
        if (!rc && pc->gic)
            b->m->gic = b->models[i];
        if (!rc && pc->cls == &fabric_class)
            b->m->fabric = b->models[i];
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return rc;
}

/* A set's state is on the top: its operating points. */
static int add_opps(struct build *b, struct machine_set *set)
{
    lua_State *L = b->L;
    size_t n = list(L, "opps");
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        if (machine_add_opp(set, number(L, "hz"), (uint32_t)number(L, "uv")))
            rc = no_memory(b);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return rc;
}

/* A set's state is on the top: its PEs. */
static int add_set(struct build *b)
{
    lua_State *L = b->L;
    struct machine *m = b->m;
    struct machine_set *set;
    size_t n;
    int rc;

    lua_getfield(L, -1, "core_state");
    set = machine_add_set(m, text(L, "core_name") ? text(L, "core_name") : "custom");
    lua_pop(L, 1);
    if (!set || !(set->name = strdup(text(L, "name"))) || !(set->site = strdup(text(L, "site"))))
        return no_memory(b);
    set->quantum = number(L, "quantum");
    rc = add_opps(b, set);
    n = list(L, "mpidrs");
    for (size_t i = 0; i < n && !rc; i++) {
        char name[32];
        struct tg_model *model;
        uint64_t mpidr;

        snprintf(name, sizeof(name), "cpu%u", m->n_pes);
        model = machine_add(m, &cpu_class, name);
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        mpidr = (uint64_t)lua_tointeger(L, -1);
        lua_pop(L, 1);
        if (!model) {
            rc = no_memory(b);
            break;
        }
        lua_getfield(L, -2, "core_state");
        rc = set_params(L, model, b->err);
        if (!rc && i == 0 && add_origins(L, m, model)) /* the first one's serve for all of the set */
            rc = no_memory(b);
        lua_pop(L, 1);
        if (!rc)
            rc = machine_add_pe(m, model, mpidr, b->err);
    }
    lua_pop(L, 1);
    return rc;
}

static int add_sets(struct build *b)
{
    lua_State *L = b->L;
    size_t n = list(L, "sets");
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        rc = add_set(b);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (!rc && machine_name_cores(b->m))
        rc = no_memory(b);
    return rc;
}

/* Which cache stands between a set and the fabric: models exist now. */
static void join_caches(struct build *b)
{
    lua_State *L = b->L;
    size_t n = list(L, "sets");

    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        if (number(L, "cache_index"))
            b->m->sets[i].cache = b->models[number(L, "cache_index") - 1];
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Wires between PEs and the interrupt controller. */
static int wire_gic(struct build *b)
{
    static const struct {
        const char *port;
        enum tg_pe_line line;
    } outputs[] = {{"irq", TG_PE_IRQ}, {"fiq", TG_PE_FIQ}, {"virq", TG_PE_VIRQ}, {"vfiq", TG_PE_VFIQ}};
    struct machine *m = b->m;
    const struct tg_port *ppi = tg_model_port(&cpu_class, "ppi");
    uint64_t mpidr[MACHINE_MAX_PES];
    int rc;

    if (!m->gic)
        return 0;
    for (unsigned i = 0; i < m->n_pes; i++)
        mpidr[i] = m->pes[i].mpidr;
    rc = gic_set_pes(m->gic, m->n_pes, mpidr);
    if (rc)
        return tg_error_set(b->err, EINVAL, "%s: %s cannot serve %u PEs", m->path, m->gic->cls->name,
                            m->n_pes);
    m->cpuif = gic_cpuif(m->gic);
    for (size_t o = 0; o < TG_ARRAY_SIZE(outputs); o++) {
        const struct tg_port *port = tg_model_port(m->gic->cls, outputs[o].port);

        for (unsigned i = 0; port && i < m->n_pes && i < port->count; i++) {
            struct tg_irq *irq = (struct tg_irq *)((char *)m->gic + port->offset) + i;

            irq->set = machine_pe_irq;
            irq->opaque = &m->pes[i];
            irq->line = outputs[o].line;
        }
    }
    for (unsigned i = 0; ppi && i < m->n_pes; i++) {
        for (unsigned k = 0; k < ppi->count && !rc; k++) {
            unsigned intid = gic_ppi_intid((enum tg_pe_ppi)k);

            rc = machine_connect_irq(m, m->pes[i].model, ppi, k, m->gic, gic_ppi_line(i, intid), intid, false,
                                     m->path, b->err);
        }
    }
    return rc;
}

static int map_models(struct build *b)
{
    lua_State *L = b->L;
    size_t n = list(L, "models");
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        const struct platform_class *pc;
        struct tg_model *model = b->models[i];
        size_t frames;

        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        pc = state_class(L);
        frames = pc->memory ? 1 : pc->cls->n_frames;
        lua_getfield(L, -1, "bases");
        for (size_t f = 0; f < frames && !rc; f++) {
            uint64_t size = pc->memory ? tg_model_get_u64(model, tg_model_param(pc->cls, "size"))
                                       : tg_model_frame_size(model, (unsigned)f);

            lua_rawgeti(L, -1, (lua_Integer)f + 1);
            rc = machine_map(b->m, model, (unsigned)f, number(L, "base"), size, pc->memory, text(L, "site"),
                             b->err);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
        if (!rc && truth(L, "secure"))
            machine_make_secure(b->m, model);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return rc;
}

static int wire_models(struct build *b)
{
    lua_State *L = b->L;
    size_t n = list(L, "models");
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        struct tg_model *model = b->models[i];
        size_t k, count;

        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        count = list(L, "irq_list");
        for (k = 1; k <= count && !rc; k++) {
            const struct tg_port *port;
            unsigned intid;

            lua_rawgeti(L, -1, (lua_Integer)k);
            port = tg_model_port(model->cls, text(L, "port"));
            intid = (unsigned)number(L, "intid");
            rc = machine_connect_irq(b->m, model, port, (unsigned)number(L, "index"),
                                     b->models[number(L, "gic") - 1], gic_spi_line(intid - 32), intid, false,
                                     text(L, "site"), b->err);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
        count = list(L, "link_list");
        for (k = 1; k <= count; k++) {
            const struct tg_port *port;

            lua_rawgeti(L, -1, (lua_Integer)k);
            port = tg_model_port(model->cls, text(L, "port"));
            *(struct tg_model **)((char *)model + port->offset) = b->models[number(L, "model") - 1];
            lua_pop(L, 1);
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return rc;
}

/* Relative paths are relative to the platform's file; a bare name that is not there is left to the dynamic
 * linker's search. */
static void library_path(const struct machine *m, const char *library, char *out, size_t size)
{
    const char *slash = strrchr(m->path, '/');

    snprintf(out, size, "%.*s%s", slash ? (int)(slash - m->path + 1) : 2, slash ? m->path : "./", library);
    if (library[0] == '/' || (!strchr(library, '/') && access(out, F_OK)))
        snprintf(out, size, "%s", library);
}

static int add_external(struct build *b)
{
    lua_State *L = b->L;
    struct machine_external *x;
    char library[4096];
    size_t n;
    int rc;

    library_path(b->m, text(L, "library"), library, sizeof(library));
    rc = machine_map_external(b->m, text(L, "name"), library, number(L, "base"), number(L, "size"),
                              text(L, "site"), b->err, &x);
    if (rc)
        return rc;
    if (number(L, "gic")) {
        struct tg_model *gic = b->models[number(L, "gic") - 1];
        unsigned intid = (unsigned)number(L, "intid");

        rc = machine_connect_irq(b->m, NULL, NULL, 0, gic, gic_spi_line(intid - 32), intid, false,
                                 text(L, "site"), b->err);
        if (rc)
            return rc;
        x->irq = (struct tg_irq){.set = gic->cls->irq_in, .opaque = gic, .line = gic_spi_line(intid - 32)};
    }
    n = list(L, "args");
    x->arg_keys = calloc(n + 1, sizeof(*x->arg_keys));
    x->arg_values = calloc(n + 1, sizeof(*x->arg_values));
    if (!x->arg_keys || !x->arg_values)
        return no_memory(b);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        x->arg_keys[i] = strdup(text(L, "key"));
        x->arg_values[i] = strdup(text(L, "value"));
        x->n_args++;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return 0;
}

/* Parameters are what their model says: of a set of PEs, the first one. */
static int add_config(struct build *b)
{
    lua_State *L = b->L;
    struct machine *m = b->m;
    size_t n = list(L, "config");
    int rc = 0;

    m->format_param = platform_format;
    for (size_t i = 0; i < n && !rc; i++) {
        struct tg_model *model = NULL;

        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        if (number(L, "set"))
            model = m->pes[m->sets[number(L, "set") - 1].first].model;
        else if (number(L, "model"))
            model = b->models[number(L, "model") - 1];
        rc = machine_add_config(m, text(L, "key"), text(L, "value"), model,
                                model ? tg_model_param(model->cls, text(L, "param")) : NULL);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return rc ? no_memory(b) : 0;
}

int platform_elaborate(lua_State *L, struct machine *m, struct tg_error *err)
{
    struct build b = {.L = L, .m = m, .err = err};
    size_t n;
    int rc;

    rc = add_sets(&b);
    if (!rc)
        rc = add_models(&b);
    if (!rc)
        join_caches(&b);
    if (!rc)
        rc = wire_gic(&b);
    if (!rc)
        rc = map_models(&b);
    if (!rc)
        rc = wire_models(&b);
    n = rc ? 0 : list(L, "externals");
    for (size_t i = 0; i < n && !rc; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        rc = add_external(&b);
        lua_pop(L, 1);
    }
    if (rc)
        goto end;
    lua_pop(L, 1);
    rc = add_config(&b);
    if (rc)
        goto end;
    if (number(L, "console"))
        m->console = b.models[number(L, "console") - 1];
    if (number(L, "quantum"))
        m->quantum = number(L, "quantum");
    m->psci_conduit = strdup(text(L, "psci") ? text(L, "psci") : "hvc");
    m->smccc = strdup(text(L, "smccc") ? text(L, "smccc") : "1.2");
end:
    free(b.models);
    return rc;
}
