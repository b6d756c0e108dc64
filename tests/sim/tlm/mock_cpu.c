/* SPDX-License-Identifier: Apache-2.0 */
/* See mock_cpu.h. */
#include "sim/machine/machine.h"
#include "tests/sim/tlm/mock_cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cpu_domain {
    unsigned n;
    uint64_t written_pa, written_size;
};

static void irq_in(void *m, unsigned line, bool level, tg_time at)
{
    struct cpu *c = m;

    c->lines[line] = level;
    if (level)
        c->line_at = at;
}

static const char *const pipelines[] = {"inorder", "window", NULL};

static const struct tg_param params[] = {
    {.name = "freq",
     .type = TG_PARAM_FREQ,
     .offset = offsetof(struct cpu, freq),
     .def = 1000000000,
     .min = 1000000,
     .max = UINT64_C(10000000000),
     .description = "clock"},
    {.name = "l2.size",
     .type = TG_PARAM_SIZE,
     .offset = offsetof(struct cpu, l2_size),
     .def = 1 << 20,
     .min = 4096,
     .max = 1 << 26,
     .description = "unified second-level cache"},
    {.name = "l2.ways",
     .type = TG_PARAM_U32,
     .offset = offsetof(struct cpu, l2_ways),
     .def = 8,
     .min = 1,
     .max = 32,
     .description = "associativity of the L2"},
    {.name = "pipeline.kind",
     .type = TG_PARAM_ENUM,
     .offset = offsetof(struct cpu, pipeline),
     .choices = pipelines,
     .description = "issue model"},
    {.name = "nv2", .type = TG_PARAM_BOOL, .offset = offsetof(struct cpu, nv2), .description = "FEAT_NV2"},
    {.name = "part",
     .type = TG_PARAM_STRING,
     .offset = offsetof(struct cpu, part),
     .description = "part name"},
};

static const struct tg_port ports[] = {
    {.name = "bus", .kind = TG_PORT_BUS, .offset = offsetof(struct cpu, bus), .description = "to the fabric"},
    {.name = "ppi",
     .kind = TG_PORT_IRQ_OUT,
     .offset = offsetof(struct cpu, ppi),
     .count = TG_PPI_COUNT,
     .description = "timers and PMU"},
};

const struct tg_model_class cpu_class = {
    .name = "cpu",
    .description = "mock processing element",
    .size = sizeof(struct cpu),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .irq_inputs = TG_PE_LINES,
    .irq_in = irq_in,
};

struct cpu *cpu_from_model(struct tg_model *m)
{
    return (struct cpu *)m;
}

struct tg_model *cpu_model(struct cpu *c)
{
    return &c->m;
}

void cpu_bind(struct cpu *c, unsigned index, uint64_t mpidr, const struct tg_gic_cpuif *gic,
              const struct cpu_hooks *hooks)
{
    (void)gic;
    c->index = index;
    c->mpidr = mpidr;
    c->hooks = hooks;
}

void cpu_set_outer_cache(struct cpu *c, uint64_t size, uint32_t ways)
{
    c->outer_size = size;
    c->outer_ways = ways;
}

struct cpu_domain *cpu_domain_new(void)
{
    return calloc(1, sizeof(struct cpu_domain));
}

void cpu_domain_free(struct cpu_domain *d)
{
    free(d);
}

void cpu_domain_add(struct cpu_domain *d, struct cpu *c)
{
    (void)c;
    d->n++;
}

void cpu_domain_memory_written(struct cpu_domain *d, uint64_t pa, uint64_t size)
{
    d->written_pa = pa;
    d->written_size = size;
}

void cpu_power_on(struct cpu *c, unsigned el, uint64_t pc, uint64_t x0, tg_time now)
{
    (void)el;
    c->on = true;
    c->at = (unsigned)pc;
    c->loops = 0;
    c->x0 = x0;
    if (now > c->local)
        cpu_idle_until(c, now);
}

void cpu_power_off(struct cpu *c)
{
    c->on = false;
}

bool cpu_is_on(const struct cpu *c)
{
    return c->on;
}

static void note(struct cpu *c)
{
    size_t n;

    if (!c->log)
        return;
    n = strlen(c->log);
    if (n + 32 < c->log_size)
        snprintf(c->log + n, c->log_size - n, "%u@%llu ", c->index, (unsigned long long)(c->local / TG_NS));
}

static void device(struct cpu *c, const struct mock_step *s)
{
    uint32_t v = (uint32_t)s->b;
    struct tg_bus_txn txn = {.addr = s->a,
                             .data = &v,
                             .size = 4,
                             .write = s->op == MOCK_WRITE,
                             .time = c->local,
                             .attrs = {.mem_type = TG_MEM_DEVICE_nGnRE, .requester = c->index}};

    c->bus.transport(c->bus.opaque, &txn);
    c->local += txn.latency;
    if (s->op == MOCK_READ)
        c->x0 = txn.resp == TG_BUS_OK ? v : UINT64_C(0xdead0000) + txn.resp;
}

enum cpu_stop cpu_run(struct cpu *c, tg_time until)
{
    for (;;) {
        const struct mock_step *s = &c->script[c->at];

        if (c->request) {
            c->request = false;
            return CPU_STOP_REQUEST;
        }
        if ((c->limit && c->insns >= c->limit) || c->stop_pc_plus1 == c->at + 1)
            return CPU_STOP_REQUEST;
        if (c->local >= until)
            return CPU_STOP_LIMIT;
        if (s->op == MOCK_SPIN)
            return CPU_STOP_LIMIT;
        if (s->op != MOCK_LOOP) { /* free */
            note(c);
            c->insns++;
        }
        c->at++;
        switch (s->op) {
        case MOCK_WORK:
            c->local += s->a;
            break;
        case MOCK_READ:
        case MOCK_WRITE:
            device(c, s);
            c->local += TG_NS;
            break;
        case MOCK_LOAD: {
            struct tg_dmi dmi;

            if (c->bus.get_dmi(c->bus.opaque, s->a, &dmi))
                memcpy(&c->x0, dmi.host + (s->a - dmi.base), 8);
            else
                c->x0 = 0xdead;
            c->local += TG_NS;
            break;
        }
        case MOCK_WFI:
            c->local += TG_NS;
            c->timer = s->b ? c->local + s->b : TG_TIME_NEVER;
            if (!cpu_has_wakeup(c, c->local))
                return CPU_STOP_WFI;
            break;
        case MOCK_LOOP:
            c->loops++;
            if (!s->b || c->loops < s->b)
                c->at = (unsigned)s->a;
            else
                c->loops = 0;
            break;
        case MOCK_OFF:
            c->on = false;
            return CPU_STOP_OFF;
        case MOCK_CALL:
            s->fn(c);
            c->local += TG_NS;
            if (!c->on)
                return CPU_STOP_OFF;
            break;
        case MOCK_SPIN:
            break;
        }
    }
}

tg_time cpu_local_time(const struct cpu *c)
{
    return c->local;
}

tg_time cpu_wake_time(const struct cpu *c)
{
    return c->timer;
}

bool cpu_has_wakeup(struct cpu *c, tg_time now)
{
    if (now >= c->timer)
        return true;
    for (unsigned i = 0; i < TG_PE_LINES; i++)
        if (c->lines[i] && c->line_at <= now)
            return true;
    return false;
}

void cpu_idle_until(struct cpu *c, tg_time now)
{
    if (now > c->local) {
        c->idle_ps += now - c->local;
        c->local = now;
    }
}

void cpu_request_stop(struct cpu *c)
{
    c->request = true;
}

void cpu_set_mode(struct cpu *c, enum cpu_mode mode)
{
    c->mode = mode;
    if (c->n_modes < 8) {
        c->mode_at[c->n_modes] = machine_insns(c->hooks->opaque);
        c->own_at[c->n_modes++] = c->insns;
    }
}

enum cpu_mode cpu_get_mode(const struct cpu *c)
{
    return c->mode;
}

void cpu_set_stop_pc(struct cpu *c, uint64_t pc)
{
    c->stop_pc_plus1 = pc + 1;
}

uint64_t cpu_hz(const struct cpu *c)
{
    (void)c;
    return 1000000000;
}

void cpu_set_insn_limit(struct cpu *c, uint64_t insns)
{
    c->limit = insns;
}

uint64_t cpu_get_pc(const struct cpu *c)
{
    return c->at;
}

unsigned cpu_get_el(const struct cpu *c)
{
    (void)c;
    return 2;
}

uint64_t cpu_insns(const struct cpu *c)
{
    return c->insns;
}

uint64_t cpu_cycles(const struct cpu *c)
{
    return c->local / TG_NS;
}

unsigned cpu_index(const struct cpu *c)
{
    return c->index;
}

bool cpu_stuck(const struct cpu *c, char *why, size_t n)
{
    (void)c;
    (void)why;
    (void)n;
    return false;
}
