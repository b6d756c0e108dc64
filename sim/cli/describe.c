/* SPDX-License-Identifier: Apache-2.0 */
/* tollgate describe, tollgate list: what the class tables and the platforms directory say. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/cli/cli.h"
#include "sim/machine/machine.h"
#include "sim/platform/platform.h"

static const char *const access_names[] = {
    [TG_RW] = "RW", [TG_RO] = "RO", [TG_WO] = "WO", [TG_RES0] = "RES0"};
static const char *const port_names[] = {
    [TG_PORT_IRQ_OUT] = "interrupt output", [TG_PORT_BUS] = "bus initiator",
    [TG_PORT_CHARDEV] = "character device", [TG_PORT_BLOCKDEV] = "block device",
    [TG_PORT_NETDEV] = "network",           [TG_PORT_MODEL] = "model",
};

static void describe_param(const struct tg_param *p)
{
    char def[64] = "", lo[64], hi[64];

    if (p->type == TG_PARAM_STRING)
        snprintf(def, sizeof(def), "\"%s\"", p->def_str ? p->def_str : "");
    else
        platform_format(p, p->def, def, sizeof(def));
    printf("  %-28s = %s", p->name, def);
    if (p->unit && (p->type == TG_PARAM_U32 || p->type == TG_PARAM_U64))
        printf(" %s", p->unit);
    if (p->type == TG_PARAM_ENUM) {
        printf(" (");
        for (size_t i = 0; p->choices[i]; i++)
            printf("%s%s", i ? ", " : "", p->choices[i]);
        printf(")");
    } else if (p->min || p->max) {
        platform_format(p, p->min, lo, sizeof(lo));
        platform_format(p, p->max, hi, sizeof(hi));
        printf(" (%s to %s)", lo, hi);
    }
    printf("\n      %s\n", p->description ? p->description : "");
}

static void describe_frame(const struct tg_reg_frame *f)
{
    printf("\nregisters of frame %s (%" PRIu64 " bytes%s):\n", f->name, f->size,
           f->copies_offset_plus1 ? ", one copy after another" : "");
    for (size_t i = 0; i < f->n_regs; i++) {
        const struct tg_reg *r = &f->regs[i];
        char name[64];

        if (r->count > 1)
            snprintf(name, sizeof(name), "%s[%u]", r->name, r->count);
        else
            snprintf(name, sizeof(name), "%s", r->name);
        printf("  %#06x %-24s %2u %-4s reset %#" PRIx64 "%s%s\n", r->offset, name, r->width * 8u,
               access_names[r->access], r->reset, r->description ? "  " : "",
               r->description ? r->description : "");
    }
}

static int describe_class(const struct tg_model_class *c)
{
    printf("%s: %s\n", c->name, c->description ? c->description : "");
    if (c->n_params)
        printf("\nparameters:\n");
    for (size_t i = 0; i < c->n_params; i++)
        describe_param(&c->params[i]);
    if (c->n_ports)
        printf("\nports:\n");
    for (size_t i = 0; i < c->n_ports; i++) {
        const struct tg_port *p = &c->ports[i];

        printf("  %-28s %s", p->name, port_names[p->kind]);
        if (p->count > 1)
            printf("[%u]", p->count);
        if (p->peer_class)
            printf(" (%s)", p->peer_class);
        printf("\n      %s\n", p->description ? p->description : "");
    }
    if (c->irq_in)
        printf("\ninterrupt inputs: %s\n", c->irq_inputs == ~0u ? "as many as its parameters say" : "yes");
    for (size_t i = 0; i < c->n_frames; i++)
        describe_frame(&c->frames[i]);
    if (c->n_counters)
        printf("\ncounters:\n");
    for (size_t i = 0; i < c->n_counters; i++)
        printf("  %-28s %s: %s\n", c->counters[i].name, c->counters[i].unit, c->counters[i].description);
    return CLI_OK;
}

static int describe_core(const char *name, const char *dir)
{
    struct platform_options opt = {.platforms_dir = dir};
    struct tg_error err;
    struct machine *m;
    char text[256];
    size_t skip = strlen("cpus.core.");

    snprintf(text, sizeof(text),
             "local tg = require 'tollgate'\nreturn { cpus = tg.cpus{ core = tg.core '%s' } }\n", name);
    opt.text = text;
    if (platform_build(name, &opt, &m, &err))
        return cli_complain("%s", err.text);
    if (machine_realize(m, &err)) { /* the values as they are modelled */
        machine_free(m);
        return cli_complain("%s", err.text);
    }
    printf("%s: a core preset (platforms/cores/%s.lua), parameters of a PE:\n\n", name, name);
    for (size_t i = 0; i < m->n_config; i++)
        if (!strncmp(m->config[i].key, "cpus.core.", skip))
            printf("  %-34s %s\n", m->config[i].key + skip, m->config[i].value);
    machine_free(m);
    return CLI_OK;
}

static bool contains(char **names, const char *name)
{
    for (; names && *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

static int unknown(const char *name, char **cores)
{
    const char *all[256], *near;
    size_t n = 0;

    for (size_t i = 0; i < platform_n_classes && n < TG_ARRAY_SIZE(all); i++)
        all[n++] = platform_classes[i].cls->name;
    for (; cores && *cores && n < TG_ARRAY_SIZE(all); cores++)
        all[n++] = *cores;
    near = platform_nearest(name, all, n);
    return cli_complain("describe: no model or core '%s'%s%s%s", name,
                        near ? "; the nearest known one is '" : "", near ? near : "",
                        near ? "'" : "; see tollgate list models, tollgate list cores");
}

int cli_describe(int argc, char **argv)
{
    struct tg_error err;
    const char *name[1];
    char *dir = platform_dir(), **cores = dir ? platform_names(dir, "cores") : NULL;
    size_t n;
    int rc = cli_parse("describe", NULL, 0, argc, argv, NULL, name, 1, &n, &err);

    if (rc == 1) {
        cli_help(
            "describe [MODEL|CORE]",
            "Shows all there is to know of a model class or a core preset; without a name: lists both.\n",
            NULL, 0);
        rc = CLI_OK;
    } else if (rc) {
        rc = cli_complain("%s", err.text);
    } else if (n == 0) {
        for (size_t i = 0; i < platform_n_classes; i++)
            printf("%-16s %s\n", platform_classes[i].cls->name, platform_classes[i].cls->description);
        for (size_t i = 0; cores && cores[i]; i++)
            printf("%-16s core\n", cores[i]);
        rc = CLI_OK;
    } else if (contains(cores, name[0])) {
        rc = describe_core(name[0], dir);
    } else {
        rc = -1;
        for (size_t i = 0; i < platform_n_classes && rc < 0; i++)
            if (!strcmp(platform_classes[i].cls->name, name[0]))
                rc = describe_class(platform_classes[i].cls);
        if (rc < 0)
            rc = unknown(name[0], cores);
    }
    platform_free_names(cores);
    free(dir);
    return rc;
}

/* The first comment line of a Lua file that is not its license. */
static void print_headline(const char *dir, const char *sub, const char *name)
{
    char path[4096], line[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s/%s.lua", dir, sub, name);
    f = fopen(path, "r");
    printf("%-16s ", name);
    while (f && fgets(line, sizeof(line), f)) {
        if (!strncmp(line, "-- SPDX", 7))
            continue;
        line[strcspn(line, "\n")] = 0;
        printf("%s", !strncmp(line, "-- ", 3) ? line + 3 : "");
        break;
    }
    if (f)
        fclose(f);
    printf("\n");
}

int cli_list(int argc, char **argv)
{
    static const char *const kinds[] = {"platforms", "cores", "models"};
    struct tg_error err;
    const char *what[1], *near;
    char *dir, **names;
    size_t n;
    int rc = cli_parse("list", NULL, 0, argc, argv, NULL, what, 1, &n, &err);

    if (rc == 1) {
        cli_help("list platforms|cores|models", "Lists what there is.\n", NULL, 0);
        return CLI_OK;
    }
    if (rc)
        return cli_complain("%s", err.text);
    if (n == 0)
        return cli_complain("list: what? one of platforms, cores, models");
    if (!strcmp(what[0], "models")) {
        for (size_t i = 0; i < platform_n_classes; i++)
            printf("%-16s %s\n", platform_classes[i].cls->name, platform_classes[i].cls->description);
        return CLI_OK;
    }
    if (strcmp(what[0], "platforms") && strcmp(what[0], "cores")) {
        near = platform_nearest(what[0], kinds, 3);
        return cli_complain("list: found '%s', expected platforms, cores or models%s%s%s", what[0],
                            near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
    }
    dir = platform_dir();
    if (!dir)
        return cli_complain(
            "list: the platform library is not beside the program (share/tollgate/platforms)");
    names = platform_names(dir, what[0][0] == 'c' ? "cores" : "");
    for (size_t i = 0; names && names[i]; i++)
        print_headline(dir, what[0][0] == 'c' ? "cores" : ".", names[i]);
    platform_free_names(names);
    free(dir);
    return CLI_OK;
}
