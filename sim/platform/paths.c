/* SPDX-License-Identifier: Apache-2.0 */
/* Where platform files are. The only file of the simulator that looks for itself on the host's disk. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sim/platform/platform.h"

static char *join(const char *a, const char *b, const char *c)
{
    char *s;

    return asprintf(&s, "%s%s%s", a, b, c) < 0 ? NULL : s;
}

char *platform_dir(void)
{
    static const char *const places[] = {"/share/tollgate/platforms", "/../share/tollgate/platforms"};
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    char *slash;

    if (n < 0)
        return NULL;
    exe[n] = 0;
    slash = strrchr(exe, '/');
    if (!slash)
        return NULL;
    *slash = 0;
    for (size_t i = 0; i < TG_ARRAY_SIZE(places); i++) {
        char *dir = join(exe, places[i], "");
        char *lib = dir ? join(dir, "/lib/tollgate.lua", "") : NULL;
        bool found = lib && access(lib, R_OK) == 0;

        free(lib);
        if (found)
            return dir;
        free(dir);
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **platform_names(const char *platforms_dir, const char *sub)
{
    char *path = join(platforms_dir, "/", sub);
    DIR *d = path ? opendir(path) : NULL;
    char **names = calloc(1, sizeof(*names));
    size_t n = 0;
    struct dirent *e;

    free(path);
    while (d && names && (e = readdir(d))) {
        size_t len = strlen(e->d_name);
        char **more;

        if (len < 5 || strcmp(e->d_name + len - 4, ".lua"))
            continue;
        more = realloc(names, (n + 2) * sizeof(*names));
        if (!more)
            break;
        names = more;
        names[n] = strndup(e->d_name, len - 4);
        names[++n] = NULL;
    }
    if (d)
        closedir(d);
    if (names)
        qsort(names, n, sizeof(*names), by_name);
    return names;
}

void platform_free_names(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}

char *platform_find(const char *name, const char *platforms_dir, struct tg_error *err)
{
    size_t n = 0;
    char **names;
    const char *near;
    char *path = NULL;

    if (access(name, F_OK) == 0)
        return strdup(name);
    if (platforms_dir && !strchr(name, '/')) {
        size_t len = strlen(name);

        path = join(platforms_dir, "/", name);
        if (path && (len < 4 || strcmp(name + len - 4, ".lua"))) {
            char *with = join(path, ".lua", "");

            free(path);
            path = with;
        }
        if (path && access(path, F_OK) == 0)
            return path;
        free(path);
        names = platform_names(platforms_dir, "");
        while (names && names[n])
            n++;
        near = platform_nearest(name, (const char *const *)names, n);
        tg_error_set(err, ENOENT, "%s: no such platform%s%s%s", name,
                     near ? "; the nearest known one is '" : "", near ? near : "", near ? "'" : "");
        platform_free_names(names);
        return NULL;
    }
    tg_error_set(err, ENOENT, "%s: %s", name, strerror(errno));
    return NULL;
}
