/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platforms: Lua files that describe what a SoC is made of, turned into machines. The Lua side (checks,
 * --set) is platforms/lib/tollgate.lua; this library gives it a sandbox and builds what it describes.
 * Reference: docs/platform-lua.md.
 */
#ifndef TG_SIM_PLATFORM_H
#define TG_SIM_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include "models/base/model.h"

struct machine;

struct platform_options {
    const char *const *sets; /* "key=value" of each --set, in order */
    size_t n_sets;
    const char *platforms_dir; /* with lib/ and cores/ in it; NULL: platform_dir() */
    const char
        *text; /* the platform itself instead of a file's contents; `path` is its name then. NULL: the file */
    uint64_t seed;
    uint64_t insn_limit; /* Lua VM instructions a platform may take; 0: 100 million */
};

/* Evaluates the file and builds the machine (not realized). 0, or -ENOENT/-EINVAL/-ENOMEM with err set: one
 * line, starting with file:line where there is one. */
int platform_build(const char *path, const struct platform_options *opt, struct machine **out,
                   struct tg_error *err);

/* Where platforms are, found beside the program: <exe>/share/tollgate/platforms (build tree) or
 * <exe>/../share/tollgate/platforms (installed). malloc'd; NULL: nowhere. */
char *platform_dir(void);
/* The file of a platform given as path ("dir/x.lua", "x.lua") or as a name of platforms_dir ("virt").
 * malloc'd; NULL with err set, which names the nearest known platform. */
char *platform_find(const char *name, const char *platforms_dir, struct tg_error *err);
/* Names (without .lua) in platforms_dir ("") or a directory below it ("cores"), sorted. NULL-terminated,
 * malloc'd in one piece for each name; platform_free_names. */
char **platform_names(const char *platforms_dir, const char *sub);
void platform_free_names(char **names);

/* ---- values with units ---- */

/* Text to the value of a parameter: units as in enum tg_param_type, ranges and choices checked. Not for
 * strings. 0 or -EINVAL with err set: what was found, what was expected. */
int platform_parse(const struct tg_param *p, const char *text, uint64_t *out, struct tg_error *err);
/* The value as text that platform_parse takes: "2.6GHz". */
void platform_format(const struct tg_param *p, uint64_t value, char *out, size_t size);
/* What a parameter of this type looks like: 'a size such as "512KiB"'. */
const char *platform_expected(const struct tg_param *p);

/* Of n names the one most like `name` (edit distance), or NULL when none is near. */
const char *platform_nearest(const char *name, const char *const *names, size_t n);

/* ---- model classes ---- */

/* Every class that a platform can use. */
struct platform_class {
    const struct tg_model_class *cls;
    bool gic;    /* interrupt controller: has spi() in Lua */
    bool memory; /* RAM: one window of its size */
};
extern const struct platform_class platform_classes[];
extern const size_t platform_n_classes;

#endif
