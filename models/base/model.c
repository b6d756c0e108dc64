/* SPDX-License-Identifier: Apache-2.0 */
/* The model class: instances, parameters, counters, ports. Register access is in regs.c. */
#include "models/base/model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "models/base/regs.h"

int tg_error_set(struct tg_error *err, int code, const char *fmt, ...)
{
    va_list ap;

    if (err) {
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, ap);
        va_end(ap);
    }
    return -code;
}

static void *at(const struct tg_model *m, size_t offset)
{
    return (char *)m + offset;
}

static void store_u64(struct tg_model *m, const struct tg_param *p, uint64_t value)
{
    switch (p->type) {
    case TG_PARAM_BOOL:
        *(bool *)at(m, p->offset) = value != 0;
        break;
    case TG_PARAM_U32:
    case TG_PARAM_ENUM:
        *(uint32_t *)at(m, p->offset) = (uint32_t)value;
        break;
    case TG_PARAM_STRING:
        break;
    default:
        *(uint64_t *)at(m, p->offset) = value;
    }
}

struct tg_model *tg_model_new(const struct tg_model_class *cls, const char *name, struct tg_env *env)
{
    struct tg_model *m = calloc(1, cls->size);

    if (!m)
        return NULL;
    m->cls = cls;
    m->env = env;
    m->name = strdup(name);
    for (size_t i = 0; i < cls->n_params; i++) {
        const struct tg_param *p = &cls->params[i];

        if (p->type == TG_PARAM_STRING)
            *(char **)at(m, p->offset) = p->def_str ? strdup(p->def_str) : NULL;
        else
            store_u64(m, p, p->def);
    }
    return m;
}

int tg_model_realize(struct tg_model *m, struct tg_error *err)
{
    int rc = tg_regs_realize(m, err);

    if (rc)
        return rc;
    return m->cls->realize ? m->cls->realize(m, err) : 0;
}

void tg_model_reset(struct tg_model *m)
{
    tg_regs_reset(m);
    if (m->cls->reset)
        m->cls->reset(m);
}

void tg_model_free(struct tg_model *m)
{
    if (!m)
        return;
    if (m->cls->fini)
        m->cls->fini(m);
    for (size_t i = 0; i < m->cls->n_params; i++)
        if (m->cls->params[i].type == TG_PARAM_STRING)
            free(*(char **)at(m, m->cls->params[i].offset));
    tg_regs_free(m);
    free(m->name);
    free(m);
}

const struct tg_param *tg_model_param(const struct tg_model_class *cls, const char *name)
{
    for (size_t i = 0; i < cls->n_params; i++)
        if (!strcmp(cls->params[i].name, name))
            return &cls->params[i];
    return NULL;
}

int tg_model_set_u64(struct tg_model *m, const struct tg_param *p, uint64_t value, struct tg_error *err)
{
    if (p->type == TG_PARAM_STRING)
        return tg_error_set(err, EINVAL, "%s: found a number, expected a string", p->name);
    if (p->type == TG_PARAM_U32 && value > UINT32_MAX)
        return tg_error_set(err, EINVAL, "%s: found %llu, expected at most %u", p->name,
                            (unsigned long long)value, UINT32_MAX);
    if ((p->min || p->max) && (value < p->min || value > p->max))
        return p->min == p->max ? tg_error_set(err, EINVAL, "%s: found %llu, expected %llu", p->name,
                                               (unsigned long long)value, (unsigned long long)p->min)
                                : tg_error_set(err, EINVAL, "%s: found %llu, expected %llu to %llu", p->name,
                                               (unsigned long long)value, (unsigned long long)p->min,
                                               (unsigned long long)p->max);
    if (p->type == TG_PARAM_ENUM) {
        uint64_t n = 0;

        while (p->choices[n])
            n++;
        if (value >= n)
            return tg_error_set(err, EINVAL, "%s: no such choice", p->name);
    }
    store_u64(m, p, value);
    return 0;
}

int tg_model_set_string(struct tg_model *m, const struct tg_param *p, const char *value, struct tg_error *err)
{
    if (p->type == TG_PARAM_ENUM) {
        char all[256] = "";

        for (uint32_t i = 0; p->choices[i]; i++) {
            if (!strcmp(p->choices[i], value)) {
                store_u64(m, p, i);
                return 0;
            }
            if (strlen(all) + strlen(p->choices[i]) + 3 < sizeof(all)) {
                strcat(all, i ? ", " : "");
                strcat(all, p->choices[i]);
            }
        }
        return tg_error_set(err, EINVAL, "%s: found '%s', expected one of %s", p->name, value, all);
    }
    if (p->type != TG_PARAM_STRING)
        return tg_error_set(err, EINVAL, "%s: found a string '%s', expected a number", p->name, value);
    free(*(char **)at(m, p->offset));
    *(char **)at(m, p->offset) = strdup(value);
    return 0;
}

uint64_t tg_model_get_u64(const struct tg_model *m, const struct tg_param *p)
{
    switch (p->type) {
    case TG_PARAM_BOOL:
        return *(bool *)at(m, p->offset);
    case TG_PARAM_U32:
    case TG_PARAM_ENUM:
        return *(uint32_t *)at(m, p->offset);
    case TG_PARAM_STRING:
        return 0;
    default:
        return *(uint64_t *)at(m, p->offset);
    }
}

const struct tg_port *tg_model_port(const struct tg_model_class *cls, const char *name)
{
    for (size_t i = 0; i < cls->n_ports; i++)
        if (!strcmp(cls->ports[i].name, name))
            return &cls->ports[i];
    return NULL;
}

uint64_t tg_model_counter(const struct tg_model *m, const struct tg_counter *c)
{
    if (m->cls->derive)
        m->cls->derive((struct tg_model *)(uintptr_t)m);
    return *(uint64_t *)at(m, c->offset);
}

void tg_model_bind_irq(struct tg_model *m, const struct tg_port *p, unsigned i, struct tg_model *sink,
                       unsigned line)
{
    struct tg_irq *irq = (struct tg_irq *)at(m, p->offset) + i;

    irq->set = sink->cls->irq_in;
    irq->opaque = sink;
    irq->line = line;
}
