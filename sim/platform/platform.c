/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluating a platform file: sandbox, library, the file, then the description to elaborate.c. */
#include "sim/platform/platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/machine/machine.h"
#include "sim/platform/internal.h"

#define LIBRARY_MAX (1u << 20) /* bytes */

static int lua_failed(lua_State *L, const char *path, struct tg_error *err)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;

    if (!text)
        return tg_error_set(err, EINVAL, "%s: the platform raised an error that is not text", path);
    if (!strcmp(text, "not enough memory")) /* Lua gives no line with it */
        return tg_error_set(err, EINVAL, "%s: the platform takes more than %u MiB of memory", path,
                            PLATFORM_LUA_MEMORY >> 20);
    return tg_error_set(err, EINVAL, "%s", text);
}

static int load_library(lua_State *L, struct platform_lua *p, struct tg_error *err)
{
    char path[4096];
    size_t size;
    char *text;
    FILE *f;
    int rc;

    snprintf(path, sizeof(path), "%s/lib/tollgate.lua", p->dir);
    f = fopen(path, "r");
    if (!f)
        return tg_error_set(err, ENOENT, "%s: %s", path, strerror(errno));
    /* The library's own frames are recognised by the chunk's name. */
    text = malloc(LIBRARY_MAX);
    size = text ? fread(text, 1, LIBRARY_MAX, f) : 0;
    rc = ferror(f) || size == LIBRARY_MAX;
    fclose(f);
    if (rc) {
        free(text);
        return tg_error_set(err, EINVAL, "%s: cannot be read, or has %u bytes or more", path, LIBRARY_MAX);
    }
    rc = luaL_loadbufferx(L, text ? text : "", size, PLATFORM_LIB_CHUNK, "t");
    free(text);
    if (rc)
        return lua_failed(L, p->path, err);
    platform_push_natives(L);
    if (lua_pcall(L, 1, 1, 0))
        return lua_failed(L, p->path, err);
    p->library = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int evaluate(lua_State *L, struct platform_lua *p, struct tg_error *err)
{
    char chunk[LUA_IDSIZE + 256];
    int rc = load_library(L, p, err);

    if (rc)
        return rc;
    lua_rawgeti(L, LUA_REGISTRYINDEX, p->library);
    lua_getfield(L, -1, "_finish");
    platform_chunk_name(p->path, chunk, sizeof(chunk));
    rc = p->opt->text ? platform_load_text(L, p->opt->text, strlen(p->opt->text), chunk)
                      : platform_load(L, p->path);
    if (rc || lua_pcall(L, 0, 1, 0))
        return lua_failed(L, p->path, err);
    lua_pushstring(L, chunk + 1);
    if (lua_pcall(L, 2, 1, 0))
        return lua_failed(L, p->path, err);
    return 0;
}

static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');

    return strndup(base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

int platform_build(const char *path, const struct platform_options *opt, struct machine **out,
                   struct tg_error *err)
{
    struct platform_lua p = {.opt = opt,
                             .path = path,
                             .dir = opt->platforms_dir,
                             .limit = opt->insn_limit ? opt->insn_limit : 100000000};
    char *dir = NULL, *name;
    struct machine *m = NULL;
    lua_State *L;
    int rc;

    *out = NULL;
    for (size_t i = 0; i < opt->n_sets; i++)
        if (!strchr(opt->sets[i], '=') || opt->sets[i][0] == '=')
            return tg_error_set(err, EINVAL, "--set %s: expected KEY=VALUE", opt->sets[i]);
    if (!p.dir)
        p.dir = dir = platform_dir();
    if (!p.dir)
        return tg_error_set(err, ENOENT,
                            "the platform library is not beside the program (share/tollgate/platforms)");
    L = platform_sandbox_new(&p);
    name = name_of(path);
    if (!L || !name) {
        rc = tg_error_set(err, ENOMEM, "out of memory");
        goto end;
    }
    rc = evaluate(L, &p, err);
    if (rc)
        goto end;
    m = machine_new(name, opt->seed);
    if (!m) {
        rc = tg_error_set(err, ENOMEM, "out of memory");
        goto end;
    }
    m->path = strdup(path);
    rc = platform_elaborate(L, m, err);
    if (rc) {
        machine_free(m);
        goto end;
    }
    *out = m;
end:
    free(name);
    if (L)
        lua_close(L);
    free(dir);
    return rc;
}
