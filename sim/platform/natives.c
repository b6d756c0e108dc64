/* SPDX-License-Identifier: Apache-2.0 */
/* What the Lua library cannot do by itself: class tables, units, nearest names, source lines, core presets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/machine/machine.h"
#include "sim/platform/internal.h"

static const struct tg_param size_param = {
    .name = "size", .type = TG_PARAM_SIZE, .min = 1, .max = UINT64_C(1) << 52};
static const struct tg_param time_param = {
    .name = "quantum", .type = TG_PARAM_TIME, .min = TG_NS, .max = 100 * TG_US};

static void push_value(lua_State *L, const struct tg_param *p, uint64_t v)
{
    if (p->type == TG_PARAM_BOOL)
        lua_pushboolean(L, v != 0);
    else
        lua_pushinteger(L, (lua_Integer)v);
}

static void push_param(lua_State *L, const struct tg_param *p)
{
    lua_newtable(L);
    lua_pushstring(L, p->name);
    lua_setfield(L, -2, "name");
    lua_pushlightuserdata(L, (void *)p);
    lua_setfield(L, -2, "ptr");
    lua_pushstring(L, platform_expected(p));
    lua_setfield(L, -2, "expected");
    if (p->type == TG_PARAM_STRING)
        lua_pushstring(L, p->def_str); /* NULL: nil */
    else
        push_value(L, p, p->def);
    lua_setfield(L, -2, "default");
}

static const char *port_kind(const struct tg_port *p)
{
    switch (p->kind) {
    case TG_PORT_IRQ_OUT:
        return "irq";
    case TG_PORT_MODEL:
        return "model";
    case TG_PORT_BUS:
        return "bus";
    default:
        return "backend";
    }
}

static void push_class(lua_State *L, const struct platform_class *pc)
{
    const struct tg_model_class *cls = pc->cls;

    lua_newtable(L);
    lua_pushstring(L, cls->name);
    lua_setfield(L, -2, "name");
    lua_pushboolean(L, pc->gic);
    lua_setfield(L, -2, "is_gic");
    lua_createtable(L, (int)cls->n_params, 0);
    for (size_t i = 0; i < cls->n_params; i++) {
        push_param(L, &cls->params[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "params");
    lua_newtable(L);
    for (size_t i = 0; i < cls->n_frames; i++) {
        lua_pushstring(L, cls->frames[i].name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    if (pc->memory && cls->n_frames == 0) {
        lua_pushstring(L, "memory");
        lua_rawseti(L, -2, 1);
    }
    lua_setfield(L, -2, "frames");
    lua_newtable(L);
    for (size_t i = 0; i < cls->n_ports; i++) {
        const struct tg_port *p = &cls->ports[i];

        lua_newtable(L);
        lua_pushstring(L, p->name);
        lua_setfield(L, -2, "name");
        /* An interrupt controller's and a PE's wires are laid by sim/platform. */
        lua_pushstring(L, pc->gic || cls == &cpu_class ? "fixed" : port_kind(p));
        lua_setfield(L, -2, "kind");
        lua_pushinteger(L, p->count ? p->count : 1);
        lua_setfield(L, -2, "count");
        lua_pushstring(L, p->peer_class);
        lua_setfield(L, -2, "peer");
        lua_pushboolean(L, p->kind == TG_PORT_IRQ_OUT && !pc->gic && !strcmp(p->name, "irq") &&
                               cls->n_frames > 0);
        lua_setfield(L, -2, "mandatory");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "ports");
}

static int l_classes(lua_State *L)
{
    lua_createtable(L, (int)platform_n_classes, 0);
    for (size_t i = 0; i < platform_n_classes; i++) {
        push_class(L, &platform_classes[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* parse(param, value): the value in the parameter's unit, or nil and a message. */
static int l_parse(lua_State *L)
{
    const struct tg_param *p;
    struct tg_error err;
    uint64_t v;

    lua_getfield(L, 1, "ptr");
    p = lua_touserdata(L, -1);
    if (p->type == TG_PARAM_STRING) {
        if (lua_type(L, 2) != LUA_TSTRING) {
            const char *found = luaL_tolstring(L, 2, NULL);

            lua_pushnil(L);
            lua_pushfstring(L, "found %s, expected text", found);
            return 2;
        }
        lua_pushvalue(L, 2);
        return 1;
    }
    if (platform_parse(p, luaL_tolstring(L, 2, NULL), &v, &err)) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    push_value(L, p, v);
    return 1;
}

static int l_format(lua_State *L)
{
    const struct tg_param *p;
    char text[64];

    lua_getfield(L, 1, "ptr");
    p = lua_touserdata(L, -1);
    if (p->type == TG_PARAM_STRING) {
        lua_pushvalue(L, 2);
        return 1;
    }
    platform_format(p, lua_isboolean(L, 2) ? (uint64_t)lua_toboolean(L, 2) : (uint64_t)lua_tointeger(L, 2),
                    text, sizeof(text));
    lua_pushstring(L, text);
    return 1;
}

static int l_nearest(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    size_t n = lua_rawlen(L, 2);
    const char **names = lua_newuserdatauv(L, (n + 1) * sizeof(*names), 0);
    const char *near;

    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        names[i] = lua_tostring(L, -1); /* kept alive by the table */
        lua_pop(L, 1);
        if (!names[i])
            names[i] = "";
    }
    near = platform_nearest(name, names, n);
    lua_pushstring(L, near);
    return 1;
}

/* file:line of the innermost frame that is not the library's. */
static int l_where(lua_State *L)
{
    lua_Debug ar;

    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0 && strcmp(ar.source, PLATFORM_LIB_CHUNK)) {
            lua_pushfstring(L, "%s:%d", ar.source + 1, ar.currentline);
            return 1;
        }
    }
    lua_pushstring(L, platform_lua_of(L)->path);
    return 1;
}

static bool word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What stands behind `key =` (or ["key"] =, or with `dotted` object.key =) in this line, outside a comment; NULL: it
 * is not there. Adds up the line's braces. */
static const char *value_of_key(const char *line, const char *key, bool dotted, int *depth, bool *opened)
{
    size_t n = strlen(key);
    const char *found = NULL;

    for (const char *s = line; *s && !(s[0] == '-' && s[1] == '-'); s++) {
        if (*s == '{') {
            ++*depth;
            *opened = true;
        } else if (*s == '}') {
            --*depth;
        } else if (!strncmp(s, key, n) && (s == line || (!word(s[-1]) && (dotted || s[-1] != '.'))) &&
                   !word(s[n])) {
            const char *t = s + n;

            while (*t == ' ' || *t == '\t' || *t == '"' || *t == '\'' || *t == ']')
                t++;
            if (!found && t[0] == '=' && t[1] != '=')
                found = t + 1;
        }
    }
    return found;
}

/* The file of a site, by the name that messages have for it (up to `colon`); NULL: it is no file. */
static FILE *open_source(lua_State *L, const char *site, const char *colon)
{
    FILE *f = NULL;

    if (!colon)
        return NULL;
    lua_getfield(L, LUA_REGISTRYINDEX, "tollgate.files");
    lua_pushlstring(L, site, (size_t)(colon - site));
    lua_gettable(L, -2);
    if (lua_isstring(L, -1))
        f = fopen(lua_tostring(L, -1), "r");
    lua_pop(L, 2);
    return f;
}

/* key_line("file:12", "size"): "file:14" when the constructor that begins on line 12 has `size =` there; else
 * as it came. */
static int l_key_line(lua_State *L)
{
    const char *site = luaL_checkstring(L, 1), *key = luaL_checkstring(L, 2);
    const char *colon = strrchr(site, ':');
    char *line = NULL;
    size_t cap = 0;
    int first = colon ? atoi(colon + 1) : 0, number = 0, depth = 0, hit = 0;
    bool opened = false;
    FILE *f = NULL;

    if (first > 0)
        f = open_source(L, site, colon);
    while (f && !hit && getline(&line, &cap, f) > 0) {
        if (++number < first)
            continue;
        if (value_of_key(line, key, false, &depth, &opened))
            hit = number;
        else if (opened && depth <= 0)
            break;
    }
    if (f)
        fclose(f);
    free(line);
    if (!hit) {
        lua_pushvalue(L, 1);
        return 1;
    }
    lua_pushlstring(L, site, (size_t)(colon - site));
    lua_pushfstring(L, "%s:%d", lua_tostring(L, -1), hit);
    return 1;
}

/* expression("file:12", "size"): what stands behind `size =` on line 12, up to the comma or brace that ends it;
 * nil when that is not there. */
static int l_expression(lua_State *L)
{
    const char *site = luaL_checkstring(L, 1), *key = luaL_checkstring(L, 2);
    const char *colon = strrchr(site, ':'), *s = NULL;
    char *line = NULL;
    size_t cap = 0, n = 0;
    int wanted = colon ? atoi(colon + 1) : 0, number = 0, depth = 0;
    FILE *f = open_source(L, site, colon);

    while (f && number < wanted && getline(&line, &cap, f) > 0)
        number++;
    if (f)
        fclose(f);
    if (number && number == wanted)
        s = value_of_key(line, key, true, &depth, &(bool){false});
    for (depth = 0; s && s[n] && !(depth == 0 && strchr(",;}", s[n])) && depth >= 0; n++)
        depth += s[n] == '{' || s[n] == '(' || s[n] == '['   ? 1
                 : s[n] == '}' || s[n] == ')' || s[n] == ']' ? -1
                                                             : 0;
    if (s)
        lua_pushlstring(L, s, n);
    else
        lua_pushnil(L);
    free(line);
    return 1;
}

static int l_cores(lua_State *L)
{
    char **names = platform_names(platform_lua_of(L)->dir, "cores");

    lua_newtable(L);
    for (size_t i = 0; names && names[i]; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    platform_free_names(names);
    return 1;
}

/* core(name): what the preset returns and its file; nil when there is none. */
static int l_core(lua_State *L)
{
    struct platform_lua *p = platform_lua_of(L);
    const char *name = luaL_checkstring(L, 1);
    char **names = platform_names(p->dir, "cores");
    char chunk[LUA_IDSIZE + 256];
    const char *path;
    bool known = false;

    for (size_t i = 0; names && names[i]; i++)
        known = known || !strcmp(names[i], name);
    platform_free_names(names);
    if (!known)
        return 0;
    path = lua_pushfstring(L, "%s/cores/%s.lua", p->dir, name);
    if (platform_load(L, path))
        return lua_error(L);
    lua_call(L, 0, 1);
    platform_chunk_name(path, chunk, sizeof(chunk));
    lua_pushstring(L, chunk + 1);
    return 2;
}

static void push_overrides(lua_State *L)
{
    const struct platform_options *opt = platform_lua_of(L)->opt;

    lua_newtable(L);
    for (size_t i = 0; i < opt->n_sets; i++) {
        const char *eq = strchr(opt->sets[i], '=');

        lua_newtable(L);
        lua_pushlstring(L, opt->sets[i], eq ? (size_t)(eq - opt->sets[i]) : strlen(opt->sets[i]));
        lua_setfield(L, -2, "key");
        lua_pushstring(L, eq ? eq + 1 : "");
        lua_setfield(L, -2, "value");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void platform_push_natives(lua_State *L)
{
    static const luaL_Reg functions[] = {{"classes", l_classes},
                                         {"parse", l_parse},
                                         {"format", l_format},
                                         {"nearest", l_nearest},
                                         {"where", l_where},
                                         {"key_line", l_key_line},
                                         {"expression", l_expression},
                                         {"cores", l_cores},
                                         {"core", l_core},
                                         {NULL, NULL}};

    luaL_newlib(L, functions);
    push_overrides(L);
    lua_setfield(L, -2, "overrides");
    lua_pushinteger(L, MACHINE_MAX_PES);
    lua_setfield(L, -2, "max_pes");
    lua_pushinteger(L, MACHINE_QUANTUM);
    lua_setfield(L, -2, "quantum");
    push_param(L, &size_param);
    lua_setfield(L, -2, "size_param");
    push_param(L, &time_param);
    lua_setfield(L, -2, "time_param");
}
