/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox in which platform files run: no files, no programs, no clock, no random numbers, bounded
 * instructions and memory, so that the same file and --set give the same platform, and none can hang the
 * program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sim/platform/internal.h"

struct platform_lua *platform_lua_of(lua_State *L)
{
    return *(struct platform_lua **)lua_getextraspace(L);
}

static void *allocate(void *opaque, void *ptr, size_t old, size_t size)
{
    struct platform_lua *p = opaque;
    void *q;

    if (!ptr)
        old = 0;
    if (size == 0) {
        p->memory -= old;
        free(ptr);
        return NULL;
    }
    if (size > old && p->memory + (size - old) > PLATFORM_LUA_MEMORY)
        return NULL;
    q = realloc(ptr, size);
    if (q)
        p->memory += size - old;
    return q;
}

static void count_hook(lua_State *L, lua_Debug *ar)
{
    struct platform_lua *p = platform_lua_of(L);

    (void)ar;
    p->insns += PLATFORM_LUA_STEP;
    if (p->insns <= p->limit)
        return;
    luaL_where(L, 0); /* a hook has no frame of its own */
    lua_pushfstring(L, "the platform has taken %d million Lua instructions: an endless loop?",
                    (int)(p->limit / 1000000));
    lua_concat(L, 2);
    lua_error(L);
}

/* Lua shortens long chunk names in its messages; then the file's own name is more use than the end of its
 * path. */
void platform_chunk_name(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');

    snprintf(out, size, "@%s", strlen(path) >= LUA_IDSIZE - 2 && slash ? slash + 1 : path);
}

int platform_load_text(lua_State *L, const char *text, size_t size, const char *chunk)
{
    int rc = luaL_loadbufferx(L, text, size, chunk, "t");

    if (rc)
        return rc;
    lua_rawgeti(L, LUA_REGISTRYINDEX, platform_lua_of(L)->env);
    lua_setupvalue(L, -2, 1); /* _ENV */
    return LUA_OK;
}

int platform_load(lua_State *L, const char *path)
{
    char name[LUA_IDSIZE + 256];
    size_t size = 0;
    char *text = NULL;
    FILE *f = fopen(path, "rb");
    int rc;

    if (!f) {
        lua_pushfstring(L, "%s: cannot be opened", path);
        return LUA_ERRFILE;
    }
    for (;;) {
        char *more = realloc(text, size + 65536);
        size_t n;

        if (!more || size > (8u << 20)) {
            free(more ? more : text);
            fclose(f);
            lua_pushfstring(L, "%s: too large for a platform file", path);
            return LUA_ERRFILE;
        }
        text = more;
        n = fread(text + size, 1, 65536, f);
        size += n;
        if (n < 65536)
            break;
    }
    rc = ferror(f);
    fclose(f);
    if (rc) {
        free(text);
        lua_pushfstring(L, "%s: cannot be read", path);
        return LUA_ERRFILE;
    }
    if (size && text[0] == LUA_SIGNATURE[0]) {
        free(text);
        lua_pushfstring(L, "%s: found a compiled Lua file, expected Lua text", path);
        return LUA_ERRFILE;
    }
    platform_chunk_name(path, name, sizeof(name));
    rc = platform_load_text(L, text, size, name);
    free(text);
    if (rc)
        return rc;
    /* For messages that show a line: where the chunk's text is. */
    lua_getfield(L, LUA_REGISTRYINDEX, "tollgate.files");
    lua_pushstring(L, path);
    lua_setfield(L, -2, name + 1);
    lua_pop(L, 1);
    return LUA_OK;
}

/* require in the sandbox: the library, or a file beside the platform or in platforms/lib. */
static int l_require(lua_State *L)
{
    struct platform_lua *p = platform_lua_of(L);
    const char *name = luaL_checkstring(L, 1);
    const char *slash = strrchr(p->path, '/');
    char path[4096];

    if (!strcmp(name, "tollgate")) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, p->library);
        return 1;
    }
    if (!*name ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(name))
        return luaL_error(L, "require: found '%s', expected a name of letters, digits, '_' and '-'", name);
    lua_rawgeti(L, LUA_REGISTRYINDEX, p->modules);
    if (lua_getfield(L, -1, name) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    snprintf(path, sizeof(path), "%.*s%s.lua", slash ? (int)(slash - p->path + 1) : 0, p->path, name);
    if (access(path, R_OK))
        snprintf(path, sizeof(path), "%s/lib/%s.lua", p->dir, name);
    if (access(path, R_OK))
        return luaL_error(L, "require: no module '%s' beside the platform or in the library", name);
    if (platform_load(L, path))
        return lua_error(L);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    return 1;
}

static int l_print(lua_State *L)
{
    int n = lua_gettop(L);

    for (int i = 1; i <= n; i++) {
        fputs(i > 1 ? "\t" : "", stderr);
        fputs(luaL_tolstring(L, i, NULL), stderr);
        lua_pop(L, 1);
    }
    fputc('\n', stderr);
    return 0;
}

static void copy_globals(lua_State *L, const char *const *names)
{
    for (; *names; names++) {
        lua_getglobal(L, *names);
        lua_setfield(L, -2, *names);
    }
}

/* A copy of a standard library without the functions named. */
static void copy_library(lua_State *L, const char *lib, const char *const *without)
{
    lua_newtable(L);
    lua_getglobal(L, lib);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, -5);
    }
    lua_pop(L, 1);
    for (; *without; without++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *without);
    }
    lua_setfield(L, -2, lib);
}

lua_State *platform_sandbox_new(struct platform_lua *p)
{
    static const luaL_Reg libs[] = {{LUA_GNAME, luaopen_base},
                                    {LUA_STRLIBNAME, luaopen_string},
                                    {LUA_TABLIBNAME, luaopen_table},
                                    {LUA_MATHLIBNAME, luaopen_math},
                                    {LUA_UTF8LIBNAME, luaopen_utf8}};
    static const char *const globals[] = {"assert",   "error",    "ipairs", "next",     "pairs", "select",
                                          "tonumber", "tostring", "type",   "_VERSION", NULL};
    static const char *const no_string[] = {"dump", NULL}, *const no_math[] = {"random", "randomseed", NULL};
    static const char *const none[] = {NULL};
    lua_State *L = lua_newstate(allocate, p);

    if (!L)
        return NULL;
    *(struct platform_lua **)lua_getextraspace(L) = p;
    for (size_t i = 0; i < TG_ARRAY_SIZE(libs); i++) {
        luaL_requiref(L, libs[i].name, libs[i].func, 1);
        lua_pop(L, 1);
    }
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "tollgate.files");
    lua_newtable(L);
    p->modules = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    copy_globals(L, globals);
    copy_library(L, LUA_STRLIBNAME, no_string);
    copy_library(L, LUA_TABLIBNAME, none);
    copy_library(L, LUA_MATHLIBNAME, no_math);
    copy_library(L, LUA_UTF8LIBNAME, none);
    lua_pushcfunction(L, l_require);
    lua_setfield(L, -2, "require");
    lua_pushcfunction(L, l_print);
    lua_setfield(L, -2, "print");
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
    p->env = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_sethook(L, count_hook, LUA_MASKCOUNT, PLATFORM_LUA_STEP);
    return L;
}
