/* SPDX-License-Identifier: Apache-2.0 */
/* A machine that runs: looking up its parts, memory for loaders, reset, power, stopping. */
#include "sim/machine/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "models/interconnect/interconnect.h"

struct tg_model *machine_find(const struct machine *m, const char *name)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (!strcmp(m->models[i]->name, name))
            return m->models[i];
    return NULL;
}

struct tg_model *machine_find_class(const struct machine *m, const char *cls, unsigned n)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (!strcmp(m->models[i]->cls->name, cls) && n-- == 0)
            return m->models[i];
    return NULL;
}

const struct machine_region *machine_region_of(const struct machine *m, const struct tg_model *model,
                                               unsigned frame)
{
    for (size_t i = 0; i < m->n_regions; i++)
        if (m->regions[i].model == model && m->regions[i].frame == frame)
            return &m->regions[i];
    return NULL;
}

bool machine_is_secure(const struct machine *m, const struct tg_model *model)
{
    const struct machine_region *r = machine_region_of(m, model, 0);

    return r && r->secure;
}

const struct machine_irq *machine_irq_of(const struct machine *m, const struct tg_model *model,
                                         const char *port, unsigned index)
{
    for (size_t i = 0; i < m->n_irqs; i++) {
        const struct machine_irq *w = &m->irqs[i];

        if (w->source == model && w->port && w->index == index && !strcmp(w->port->name, port))
            return w;
    }
    return NULL;
}

const struct machine_region *machine_region_at(const struct machine *m, uint64_t pa)
{
    size_t lo = 0, hi = m->n_regions;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (m->regions[mid].base <= pa)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo && pa - m->regions[lo - 1].base < m->regions[lo - 1].size ? &m->regions[lo - 1] : NULL;
}

void *machine_memory(const struct machine *m, uint64_t pa, uint64_t size)
{
    for (size_t i = 0; i < m->n_regions; i++) {
        const struct machine_region *r = &m->regions[i];

        if (r->memory && r->model && pa - r->base < r->size && size <= r->size - (pa - r->base)) {
            uint8_t *host = r->model->cls == &ram_class ? ram_host(r->model) : NULL;

            return host ? host + (pa - r->base) : NULL;
        }
    }
    return NULL;
}

void machine_reset(struct machine *m)
{
    for (unsigned i = 0; i < m->n_pes; i++)
        cpu_power_off(m->pes[i].cpu);
    for (size_t i = 0; i < m->n_models; i++)
        if (m->models[i]->cls != &cpu_class)
            tg_model_reset(m->models[i]);
}

void machine_power_on(struct machine *m, unsigned pe, unsigned el, uint64_t pc, uint64_t x0, tg_time now)
{
    cpu_power_on(m->pes[pe].cpu, el, pc, x0, now);
    /* A PE that ran alone had a long slice; now it has company. */
    for (unsigned i = 0; i < m->n_pes; i++)
        if (i != pe && cpu_is_on(m->pes[i].cpu))
            cpu_request_stop(m->pes[i].cpu);
    if (m->kick)
        m->kick(m->kick_opaque, pe, now);
}

void machine_set_mode(struct machine *m, enum cpu_mode mode)
{
    if (m->mode)
        m->mode(m->mode_opaque, mode);
    for (unsigned i = 0; i < m->n_pes; i++)
        cpu_set_mode(m->pes[i].cpu, mode);
}

void machine_stop(struct machine *m, enum machine_stop_kind kind, const char *fmt, ...)
{
    va_list ap;

    if (m->stop != MACHINE_RUNNING)
        return;
    m->stop = kind;
    va_start(ap, fmt);
    vsnprintf(m->stop_text, sizeof(m->stop_text), fmt, ap);
    va_end(ap);
    for (unsigned i = 0; i < m->n_pes; i++) {
        cpu_request_stop(m->pes[i].cpu);
        if (m->kick)
            m->kick(m->kick_opaque, i, 0);
    }
}

const char *machine_stop_name(enum machine_stop_kind kind)
{
    /* A reset ends a run only where the user asked for that (--max-resets 0): the guest has ended it. */
    static const char *const names[] = {
        [MACHINE_RUNNING] = "running", [MACHINE_POWEROFF] = "poweroff",  [MACHINE_RESET] = "poweroff",
        [MACHINE_LIMIT] = "limit",     [MACHINE_SIGNAL] = "interrupted", [MACHINE_STUCK] = "stuck",
        [MACHINE_FAILED] = "error",    [MACHINE_BUG] = "error",
    };

    return names[kind];
}

int machine_exit_status(const struct machine *m)
{
    switch (m->stop) {
    case MACHINE_STUCK:
        return 3;
    case MACHINE_FAILED:
        return 2;
    case MACHINE_BUG:
        return 4;
    default:
        return 0;
    }
}

tg_time machine_now(const struct machine *m)
{
    return m->clock ? m->clock(m->clock_opaque) : tg_evq_now(m->env.evq);
}

uint64_t machine_insns(const struct machine *m)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < m->n_pes; i++)
        n += cpu_insns(m->pes[i].cpu);
    return n;
}

void machine_pe_irq(void *opaque, unsigned line, bool level, tg_time at)
{
    struct machine_pe *pe = opaque;

    cpu_class.irq_in(pe->model, line, level, at);
    if (level && pe->machine->kick)
        pe->machine->kick(pe->machine->kick_opaque, pe->index, at);
}
