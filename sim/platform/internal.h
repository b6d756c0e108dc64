/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of sim/platform; the only place outside them that knows Lua is sim/cli's sweep. */
#ifndef TG_SIM_PLATFORM_INTERNAL_H
#define TG_SIM_PLATFORM_INTERNAL_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include "sim/platform/platform.h"

/* One evaluation; lives in the Lua state's extra space. */
struct platform_lua {
    const struct platform_options *opt;
    const char *path;      /* of the platform file */
    const char *dir;       /* platforms directory */
    uint64_t insns, limit; /* of the Lua VM */
    size_t memory;         /* bytes that Lua holds */
    int library;           /* registry references: the table that require "tollgate" gives, */
    int modules;           /* modules loaded by require, */
    int env;               /* the sandbox's globals */
};

#define PLATFORM_LIB_CHUNK  "@tollgate.lua"
#define PLATFORM_LUA_MEMORY (256u << 20)
#define PLATFORM_LUA_STEP   100000

struct platform_lua *platform_lua_of(lua_State *L);

/* sandbox.c */
lua_State *platform_sandbox_new(struct platform_lua *p);
/* Loads a text chunk into the sandbox and leaves its function on the stack. 0 or a Lua error code with the
 * message there. */
int platform_load(lua_State *L, const char *path);
int platform_load_text(lua_State *L, const char *text, size_t size, const char *chunk);
/* "@" and what messages call the file. */
void platform_chunk_name(const char *path, char *out, size_t size);

/* natives.c: pushes the table that the library gets. */
void platform_push_natives(lua_State *L);

/* elaborate.c: the flat description on the top of the stack to a machine. */
int platform_elaborate(lua_State *L, struct machine *m, struct tg_error *err);

#endif
