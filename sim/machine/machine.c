/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a machine: models, address map, wires, PEs, configuration, and realizing them all. Running and
 * stopping is in machine_run.c.
 */
#include "sim/machine/machine.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "models/interconnect/interconnect.h"

static void sink(void *opaque, enum tg_log_level level, const char *who, const char *text)
{
    struct machine *m = opaque;

    if (m->log_line)
        m->log_line(m->log_opaque, level, who, text);
}

/* ---- hooks of the PEs: to whoever listens now ---- */

static void on_exception(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    struct machine *m = opaque;

    if (m->listener.exception)
        m->listener.exception(m->listener.opaque, c, e);
}

static void on_eret(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    struct machine *m = opaque;

    if (m->listener.eret)
        m->listener.eret(m->listener.opaque, c, e);
}

static void on_mode(void *opaque, struct cpu *c, enum cpu_mode mode)
{
    struct machine *m = opaque;

    if (m->pe_mode)
        m->pe_mode(m->mode_opaque, cpu_index(c), mode);
}

static void on_line_soon(void *opaque, uint64_t pa)
{
    struct machine *m = opaque;

    fabric_expect(m->fabric, pa);
}

static void on_event(void *opaque, struct cpu *c, tg_time at)
{
    struct machine *m = opaque;

    if (m->kick)
        m->kick(m->kick_opaque, cpu_index(c), at);
}

static bool on_firmware_call(void *opaque, struct cpu *c, bool smc, uint16_t imm)
{
    struct machine *m = opaque;

    return m->firmware_call && m->firmware_call(m->firmware_opaque, c, smc, imm);
}

static bool on_guest_hint(void *opaque, struct cpu *c, uint32_t imm)
{
    struct machine *m = opaque;

    return m->guest_hint && m->guest_hint(m->hint_opaque, c, imm);
}

static void on_system(void *opaque, enum tg_system_event event, const char *who)
{
    struct machine *m = opaque;

    if (event == TG_SYSTEM_OFF)
        machine_stop(m, MACHINE_POWEROFF, "the guest powered off (%s)", who);
    else
        machine_stop(m, MACHINE_RESET, "the guest asked for a reset (%s)", who);
}

struct machine *machine_new(const char *name, uint64_t seed)
{
    struct machine *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->name = strdup(name);
    m->env.evq = tg_evq_new();
    m->env.log = &m->log;
    m->env.seed = seed;
    m->env.system = on_system;
    m->env.system_opaque = m;
    m->log.sink = sink;
    m->log.opaque = m;
    m->quantum = MACHINE_QUANTUM;
    m->hooks = (struct cpu_hooks){.opaque = m,
                                  .exception = on_exception,
                                  .eret = on_eret,
                                  .mode = on_mode,
                                  .event = on_event,
                                  .line_soon = on_line_soon,
                                  .firmware_call = on_firmware_call,
                                  .guest_hint = on_guest_hint};
    if (!m->name || !m->env.evq) {
        machine_free(m);
        return NULL;
    }
    return m;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    for (size_t i = m->n_models; i > 0; i--)
        tg_model_free(m->models[i - 1]);
    free(m->models);
    if (m->domain)
        cpu_domain_free(m->domain);
    for (size_t i = 0; i < m->n_regions; i++)
        free((char *)m->regions[i].site);
    free(m->regions);
    for (size_t i = 0; i < m->n_irqs; i++)
        free((char *)m->irqs[i].site);
    free(m->irqs);
    for (size_t i = 0; i < m->n_config; i++) {
        free(m->config[i].key);
        free(m->config[i].value);
    }
    free(m->config);
    for (size_t i = 0; i < m->n_origins; i++) {
        free(m->origins[i].site);
        free(m->origins[i].from);
    }
    free(m->origins);
    for (size_t i = 0; i < m->n_externals; i++) {
        struct machine_external *x = &m->externals[i];

        for (size_t k = 0; k < x->n_args; k++) {
            free(x->arg_keys[k]);
            free(x->arg_values[k]);
        }
        free(x->arg_keys);
        free(x->arg_values);
        free(x->name);
        free(x->library);
        free((char *)x->site);
    }
    free(m->externals);
    for (unsigned i = 0; i < m->n_sets; i++) {
        free(m->sets[i].name);
        free(m->sets[i].core);
        free(m->sets[i].site);
        free(m->sets[i].opps);
    }
    free(m->sets);
    tg_evq_free(m->env.evq);
    free(m->name);
    free(m->path);
    free(m->core_name);
    free(m->psci_conduit);
    free(m->smccc);
    free(m);
}

/* Makes room for one more element of `size` bytes in the array at *array (n elements now), zeroed; NULL when
 * out of memory. */
static void *grow(void *array, size_t n, size_t size)
{
    void **p = array;
    void *a = realloc(*p, (n + 1) * size);

    if (!a)
        return NULL;
    *p = a;
    return memset((char *)a + n * size, 0, size);
}

struct tg_model *machine_add(struct machine *m, const struct tg_model_class *cls, const char *name)
{
    struct tg_model *model;

    if (!grow(&m->models, m->n_models, sizeof(*m->models)))
        return NULL;
    model = tg_model_new(cls, name, &m->env);
    if (!model)
        return NULL;
    m->models[m->n_models++] = model;
    return model;
}

static const char *region_name(const struct machine *m, const struct machine_region *r)
{
    if (r->model)
        return r->model->name;
    for (size_t i = 0; i < m->n_externals; i++)
        if (&m->regions[m->externals[i].region] == r)
            return m->externals[i].name;
    return "?";
}

static int map(struct machine *m, struct tg_model *model, const char *name, unsigned frame, uint64_t base,
               uint64_t size, bool memory, const char *site, struct tg_error *err)
{
    uint64_t last = base + (size - 1);
    struct machine_region *r;

    if (size == 0 || last < base)
        return tg_error_set(
            err, EINVAL, "%s: %s: %#llx bytes at %#llx are none, or reach past the end of the address space",
            site, name, (unsigned long long)size, (unsigned long long)base);
    for (size_t i = 0; i < m->n_regions; i++) {
        const struct machine_region *o = &m->regions[i];

        if (base <= o->base + (o->size - 1) && o->base <= last)
            return tg_error_set(
                err, EINVAL, "%s: %s at 0x%llx..0x%llx overlaps %s at 0x%llx..0x%llx, placed at %s", site,
                name, (unsigned long long)base, (unsigned long long)last, region_name(m, o),
                (unsigned long long)o->base, (unsigned long long)(o->base + (o->size - 1)), o->site);
    }
    r = grow(&m->regions, m->n_regions, sizeof(*r));
    if (!r)
        return tg_error_set(err, ENOMEM, "out of memory");
    r->base = base;
    r->size = size;
    r->model = model;
    r->frame = frame;
    r->memory = memory;
    r->site = strdup(site);
    m->n_regions++;
    return 0;
}

int machine_map(struct machine *m, struct tg_model *model, unsigned frame, uint64_t base, uint64_t size,
                bool memory, const char *site, struct tg_error *err)
{
    return map(m, model, model->name, frame, base, size, memory, site, err);
}

void machine_make_secure(struct machine *m, const struct tg_model *model)
{
    for (size_t i = 0; i < m->n_regions; i++)
        if (m->regions[i].model == model)
            m->regions[i].secure = true;
}

int machine_map_external(struct machine *m, const char *name, const char *library, uint64_t base,
                         uint64_t size, const char *site, struct tg_error *err, struct machine_external **out)
{
    struct machine_external *x;
    int rc = map(m, NULL, name, 0, base, size, false, site, err);

    if (rc)
        return rc;
    x = grow(&m->externals, m->n_externals, sizeof(*x));
    if (!x)
        return tg_error_set(err, ENOMEM, "out of memory");
    x->name = strdup(name);
    x->library = strdup(library);
    x->region = m->n_regions - 1;
    x->site = strdup(site);
    m->n_externals++;
    *out = x;
    return 0;
}

int machine_connect_irq(struct machine *m, struct tg_model *source, const struct tg_port *port,
                        unsigned index, struct tg_model *sink_model, unsigned line, unsigned intid, bool edge,
                        const char *site, struct tg_error *err)
{
    struct machine_irq *w;

    for (size_t i = 0; i < m->n_irqs; i++) {
        const struct machine_irq *o = &m->irqs[i];

        if (source && o->source == source && o->port == port && o->index == index)
            return tg_error_set(err, EINVAL, "%s: %s.%s is bound already, to interrupt %u at %s", site,
                                source->name, port->name, o->intid, o->site);
        if (o->sink == sink_model && o->line == line)
            return tg_error_set(err, EINVAL,
                                "%s: interrupt %u of %s has a source already: %s.%s, bound at %s", site,
                                intid, sink_model->name, o->source ? o->source->name : "external target",
                                o->port ? o->port->name : "irq", o->site);
    }
    if (!sink_model->cls->irq_in)
        return tg_error_set(err, EINVAL, "%s: %s has no interrupt inputs", site, sink_model->name);
    if (sink_model->cls->irq_inputs != ~0u && line >= sink_model->cls->irq_inputs)
        return tg_error_set(err, EINVAL, "%s: %s has no input line %u, expected 0 to %u", site,
                            sink_model->name, line, sink_model->cls->irq_inputs - 1);
    w = grow(&m->irqs, m->n_irqs, sizeof(*w));
    if (!w)
        return tg_error_set(err, ENOMEM, "out of memory");
    *w = (struct machine_irq){.source = source,
                              .port = port,
                              .index = index,
                              .sink = sink_model,
                              .line = line,
                              .intid = intid,
                              .edge = edge,
                              .site = strdup(site)};
    m->n_irqs++;
    if (source)
        tg_model_bind_irq(source, port, index, sink_model, line);
    return 0;
}

struct machine_set *machine_add_set(struct machine *m, const char *core)
{
    struct machine_set *s = grow(&m->sets, m->n_sets, sizeof(*s));

    if (!s || !(s->core = strdup(core)))
        return NULL;
    s->first = m->n_pes;
    m->n_sets++;
    return s;
}

int machine_add_opp(struct machine_set *set, uint64_t hz, uint32_t uv)
{
    struct machine_opp *o = grow(&set->opps, set->n_opps, sizeof(*o));

    if (!o)
        return -ENOMEM;
    *o = (struct machine_opp){hz, uv};
    set->n_opps++;
    return 0;
}

/* One core's name alone, whatever the sets are; else with the number of PEs of each. */
int machine_name_cores(struct machine *m)
{
    char text[1024];
    size_t at = 0;
    bool several = false;

    for (unsigned i = 1; i < m->n_sets; i++)
        several |= strcmp(m->sets[i].core, m->sets[0].core) != 0;
    if (!several)
        snprintf(text, sizeof(text), "%s", m->n_sets ? m->sets[0].core : "");
    for (unsigned i = 0; several && i < m->n_sets && at < sizeof(text); i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%ux %s", i ? " + " : "", m->sets[i].count,
                               m->sets[i].core);
    free(m->core_name);
    m->core_name = strdup(text);
    return m->core_name ? 0 : -ENOMEM;
}

int machine_add_pe(struct machine *m, struct tg_model *model, uint64_t mpidr, struct tg_error *err)
{
    struct machine_pe *pe;

    if (m->n_pes == MACHINE_MAX_PES)
        return tg_error_set(err, EINVAL, "more than %u PEs", MACHINE_MAX_PES);
    if (!m->domain && !(m->domain = cpu_domain_new()))
        return tg_error_set(err, ENOMEM, "out of memory");
    if (!m->n_sets) {
        struct machine_set *set = machine_add_set(m, "custom");

        if (!set || !(set->name = strdup("cpus")))
            return tg_error_set(err, ENOMEM, "out of memory");
    }
    pe = &m->pes[m->n_pes];
    pe->machine = m;
    pe->model = model;
    pe->cpu = cpu_from_model(model);
    pe->index = m->n_pes;
    pe->set = m->n_sets - 1;
    m->sets[pe->set].count++;
    pe->mpidr = mpidr;
    for (unsigned line = 0; line < TG_PE_LINES; line++)
        pe->inputs[line] = (struct tg_irq){.set = machine_pe_irq, .opaque = pe, .line = line};
    m->n_pes++;
    return 0;
}

static char *param_text(const struct machine *m, const struct tg_model *model, const struct tg_param *p)
{
    char text[64] = "";

    if (p->type == TG_PARAM_STRING) {
        const char *s = *(char *const *)((const char *)model + p->offset);

        return strdup(s ? s : "");
    }
    if (m->format_param)
        m->format_param(p, tg_model_get_u64(model, p), text, sizeof(text));
    return strdup(text);
}

int machine_add_config(struct machine *m, const char *key, const char *value, const struct tg_model *model,
                       const struct tg_param *param)
{
    struct machine_config *c = grow(&m->config, m->n_config, sizeof(*c));

    if (!c)
        return -ENOMEM;
    c->key = strdup(key);
    c->value = param ? param_text(m, model, param) : strdup(value);
    c->model = model;
    c->param = param;
    m->n_config++;
    return c->key && c->value ? 0 : -ENOMEM;
}

/* Parameters as they are modelled. */
static int settle_config(struct machine *m, struct tg_error *err)
{
    for (size_t i = 0; i < m->n_config; i++) {
        struct machine_config *c = &m->config[i];

        if (!c->param)
            continue;
        free(c->value);
        c->value = param_text(m, c->model, c->param);
        if (!c->value)
            return tg_error_set(err, ENOMEM, "out of memory");
    }
    return 0;
}

int machine_add_origin(struct machine *m, const struct tg_model *model, const struct tg_param *param,
                       const char *site, const char *from, unsigned rank)
{
    struct machine_origin *o = grow(&m->origins, m->n_origins, sizeof(*o));

    if (!o)
        return -ENOMEM;
    *o = (struct machine_origin){model, param, strdup(site), from ? strdup(from) : NULL, rank};
    m->n_origins++;
    return o->site && (!from || o->from) ? 0 : -ENOMEM;
}

const char *machine_get_config(const struct machine *m, const char *key)
{
    for (size_t i = 0; i < m->n_config; i++)
        if (!strcmp(m->config[i].key, key))
            return m->config[i].value;
    return NULL;
}

/* ---- realize ---- */

static void model_transport(void *opaque, struct tg_bus_txn *txn)
{
    const struct machine_region *r = opaque;

    tg_model_transport(r->model, r->frame, txn);
}

static bool model_get_dmi(void *opaque, uint64_t addr, struct tg_dmi *out)
{
    const struct machine_region *r = opaque;

    return r->model->cls->get_dmi(r->model, r->frame, addr, out);
}

static void nothing_there(void *opaque, struct tg_bus_txn *txn)
{
    (void)opaque;
    txn->resp = TG_BUS_DECERR;
}

/* The fabric asks the region at the time of the access, so that sim/tlm may replace the target after realize.
 */
static void region_transport(void *opaque, struct tg_bus_txn *txn)
{
    struct machine_region *r = opaque;

    if (r->secure && !txn->attrs.secure) {
        txn->resp = TG_BUS_SLVERR;
        return;
    }
    r->target.transport(r->target.opaque, txn);
}

static bool region_get_dmi(void *opaque, uint64_t addr, struct tg_dmi *out)
{
    struct machine_region *r = opaque;

    return r->target.get_dmi && r->target.get_dmi(r->target.opaque, addr, out);
}

static void written(void *opaque, uint64_t pa, uint64_t size)
{
    struct machine *m = opaque;

    if (m->domain)
        cpu_domain_memory_written(m->domain, pa, size);
}

static struct machine *sort_machine_of(struct machine *m)
{
    /* Insertion sort: externals refer to regions by index, so their indices move along. */
    for (size_t i = 1; i < m->n_regions; i++) {
        for (size_t k = i; k > 0 && m->regions[k].base < m->regions[k - 1].base; k--) {
            struct machine_region t = m->regions[k];

            m->regions[k] = m->regions[k - 1];
            m->regions[k - 1] = t;
            for (size_t x = 0; x < m->n_externals; x++) {
                if (m->externals[x].region == k)
                    m->externals[x].region = k - 1;
                else if (m->externals[x].region == k - 1)
                    m->externals[x].region = k;
            }
        }
    }
    return m;
}

static int build_map(struct machine *m, struct tg_error *err)
{
    sort_machine_of(m);
    for (size_t i = 0; i < m->n_regions; i++) {
        struct machine_region *r = &m->regions[i];
        struct fabric_range range = {.base = r->base,
                                     .size = r->size,
                                     .memory = r->memory,
                                     .name = region_name(m, r),
                                     .target = {region_transport, region_get_dmi, r}};
        int rc;

        if (r->model) {
            r->target.transport = model_transport;
            r->target.get_dmi = r->model->cls->get_dmi ? model_get_dmi : NULL;
            r->target.opaque = r;
        } else {
            r->target.transport = nothing_there;
        }
        rc = fabric_map(m->fabric, &range, err);
        if (rc)
            return rc;
    }
    fabric_on_written(m->fabric, written, m);
    return 0;
}

static void bind_bus_ports(struct machine *m)
{
    struct tg_bus_port port = fabric_port(m->fabric);

    for (size_t i = 0; i < m->n_models; i++) {
        const struct tg_model_class *cls = m->models[i]->cls;

        for (size_t p = 0; p < cls->n_ports; p++) {
            struct tg_bus_port *to = (struct tg_bus_port *)((char *)m->models[i] + cls->ports[p].offset);

            if (cls->ports[p].kind != TG_PORT_BUS)
                continue;
            for (unsigned k = 0; k < (cls->ports[p].count ? cls->ports[p].count : 1); k++)
                if (!to[k].transport)
                    to[k] = port;
        }
    }
}

/* Where the text names this parameter; NULL: it does not. Names are words of letters, digits, '_' and '.'. */
static const char *mention(const char *text, const char *param)
{
    const size_t n = strlen(param);

    for (const char *s = text; (s = strstr(s, param)); s++) {
        bool begins = s == text || !(isalnum((unsigned char)s[-1]) || s[-1] == '_' || s[-1] == '.');
        bool ends = !(isalnum((unsigned char)s[n]) || s[n] == '_') &&
                    !(s[n] == '.' && isalnum((unsigned char)s[n + 1]));

        if (begins && ends)
            return s;
    }
    return NULL;
}

/* The PE whose origins are those of its set; any other model: itself. */
static const struct tg_model *origin_model(const struct machine *m, const struct tg_model *model)
{
    for (unsigned i = 0; i < m->n_pes; i++)
        if (m->pes[i].model == model)
            return m->pes[m->sets[m->pes[i].set].first].model;
    return model;
}

/* Where a parameter was given that the text names, or the model itself. Of several that is the one that was said last
 * (command line, platform, preset), or first in the text. NULL: nothing is known. */
static const struct machine_origin *origin_in(const struct machine *m, const struct tg_model *model,
                                              const char *text)
{
    const struct tg_model *of = origin_model(m, model);
    const struct machine_origin *best = NULL;
    const char *first = NULL;

    for (size_t i = 0; i < m->n_origins; i++) {
        const struct machine_origin *o = &m->origins[i];
        const char *at = o->param ? mention(text, o->param->name) : text + strlen(text);

        if (o->model != of || !at ||
            (best && (o->rank < best->rank || (o->rank == best->rank && at >= first))))
            continue;
        best = o;
        first = at;
    }
    return best;
}

static unsigned rank_of(const struct machine_origin *o)
{
    return o ? o->rank : 0;
}

/* An error of the user, found when models are put together: it begins with the place to mend. */
static int blame(const struct machine_origin *o, const char *name, int code, const char *text,
                 struct tg_error *err)
{
    return tg_error_set(err, code, "%s%s%s: %s%s%s%s", o ? o->site : "", o ? ": " : "", name, text,
                        o && o->from ? " (from " : "", o && o->from ? o->from : "", o && o->from ? ")" : "");
}

static int realize(const struct machine *m, struct tg_model *model, struct tg_error *err)
{
    struct tg_error e = {""};
    int rc = tg_model_realize(model, &e);

    return rc ? blame(origin_in(m, model, e.text), model->name, -rc, e.text, err) : 0;
}

static uint64_t pe_param(const struct machine *m, unsigned pe, const char *name)
{
    const struct tg_param *p = tg_model_param(m->pes[pe].model->cls, name);

    return p ? tg_model_get_u64(m->pes[pe].model, p) : 0;
}

/* What PEs of one machine share, sets of different cores, too. */
static int check_sets(const struct machine *m, struct tg_error *err)
{
    static const struct {
        const char *param, *why;
    } shared[] = {
        {"cntfrq", "there is one system counter"},
        {"features.el2", "software starts at one exception level on all PEs"},
        {"features.el3", "software starts at one exception level on all PEs"},
    };

    for (unsigned s = 1; s < m->n_sets; s++) {
        for (size_t i = 0; i < TG_ARRAY_SIZE(shared); i++) {
            const struct machine_set *a = &m->sets[0], *b = &m->sets[s], *t = a;
            const struct machine_origin *of_a = origin_in(m, m->pes[a->first].model, shared[i].param),
                                        *of_b = origin_in(m, m->pes[b->first].model, shared[i].param);
            char name[128];
            struct tg_error e;

            if (pe_param(m, a->first, shared[i].param) == pe_param(m, b->first, shared[i].param))
                continue;
            if (rank_of(of_a) > rank_of(of_b)) {
                a = b;
                b = t;
                of_b = of_a;
            }
            snprintf(name, sizeof(name), "%s.core.%s", b->name, shared[i].param);
            tg_error_set(&e, EINVAL, "found %llu where %s.core has %llu: %s",
                         (unsigned long long)pe_param(m, b->first, shared[i].param), a->name,
                         (unsigned long long)pe_param(m, a->first, shared[i].param), shared[i].why);
            return blame(of_b, name, EINVAL, e.text, err);
        }
    }
    return 0;
}

/* Every window lies within what each PE can address. */
static int check_addresses(const struct machine *m, struct tg_error *err)
{
    for (unsigned pe = 0; pe < m->n_pes; pe++) {
        const struct tg_model *core = m->pes[pe].model;
        const uint64_t bits = pe_param(m, pe, "features.lpa") ? 52 : pe_param(m, pe, "pa_bits");

        for (size_t i = 0; bits && i < m->n_regions; i++) {
            const struct machine_region *r = &m->regions[i];
            const struct machine_origin *size = r->model ? origin_in(m, r->model, "size") : NULL,
                                        *pa = origin_in(m, core, "pa_bits"),
                                        placed = {.site = (char *)r->site};
            struct tg_error e;

            if (!((r->base + (r->size - 1)) >> bits))
                continue;
            if (rank_of(size) < rank_of(pa))
                size = pa;
            tg_error_set(&e, EINVAL, "at 0x%llx..0x%llx: expected to end within the %llu address bits of %s",
                         (unsigned long long)r->base, (unsigned long long)(r->base + (r->size - 1)),
                         (unsigned long long)bits, core->name);
            return blame(rank_of(size) >= 3 ? size : &placed, region_name(m, r), EINVAL, e.text, err);
        }
    }
    return 0;
}

static int join_cluster_caches(struct machine *m, struct tg_error *err)
{
    for (unsigned i = 0; i < m->n_sets; i++) {
        const struct machine_set *s = &m->sets[i];

        if (!s->cache)
            continue;
        if (fabric_add_cluster(m->fabric, s->cache, s->first, s->count))
            return tg_error_set(err, EINVAL, "%s: %s has a cache already", s->site ? s->site : "", s->name);
        for (unsigned pe = s->first; pe < s->first + s->count; pe++)
            cpu_set_outer_cache(m->pes[pe].cpu, cluster_cache_size(s->cache), cluster_cache_ways(s->cache));
    }
    return 0;
}

int machine_realize(struct machine *m, struct tg_error *err)
{
    int rc = check_sets(m, err);

    if (!rc)
        rc = check_addresses(m, err);
    if (rc)
        return rc;

    if (!m->fabric)
        m->fabric = machine_add(m, &fabric_class, "fabric");
    if (!m->fabric)
        return tg_error_set(err, ENOMEM, "out of memory");
    bind_bus_ports(m);
    rc = build_map(m, err);
    if (!rc)
        rc = join_cluster_caches(m, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < m->n_pes; i++) {
        struct machine_pe *pe = &m->pes[i];

        cpu_bind(pe->cpu, i, pe->mpidr, m->cpuif, &m->hooks);
        cpu_domain_add(m->domain, pe->cpu);
    }
    /* The interrupt controller before everything: PEs and devices may drive lines when they are realized. */
    if (m->gic && (rc = realize(m, m->gic, err)))
        return rc;
    for (size_t i = 0; i < m->n_models; i++)
        if (m->models[i] != m->gic && (rc = realize(m, m->models[i], err)))
            return rc;
    return settle_config(m, err);
}
