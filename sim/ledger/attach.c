/* SPDX-License-Identifier: Apache-2.0 */
/* Joins the ledger to a machine: the machine's listener feeds it, the PEs answer what it asks. */
#include "models/cpu/cpu.h"
#include "sim/ledger/ledger.h"
#include "sim/machine/machine.h"

static struct cpu *pe_cpu(void *opaque, unsigned pe)
{
    return ((struct machine *)opaque)->pes[pe].cpu;
}

static void op_sample(void *opaque, unsigned pe, struct ledger_sample *out)
{
    const struct cpu *c = pe_cpu(opaque, pe);
    uint64_t stretch = cpu_fast_stretch(c);
    out->insns = cpu_insns(c);
    out->cycles = cpu_cycles(c);
    out->ps = tg_cycles_to_time(out->cycles, cpu_hz(c));
    if (stretch && out->stretch == stretch)
        cpu_fast_buckets(c, out->buckets);
    else
        cpu_buckets(c, out->buckets);
    out->stretch = stretch;
}

static uint64_t op_get_x(void *opaque, unsigned pe, unsigned n)
{
    return cpu_get_x(pe_cpu(opaque, pe), n);
}

static uint64_t op_get_pc(void *opaque, unsigned pe)
{
    return cpu_get_pc(pe_cpu(opaque, pe));
}

static uint64_t op_hz(void *opaque, unsigned pe)
{
    return cpu_hz(pe_cpu(opaque, pe));
}

static unsigned op_set(void *opaque, unsigned pe)
{
    return ((struct machine *)opaque)->pes[pe].set;
}

static unsigned op_el(void *opaque, unsigned pe)
{
    return cpu_get_el(pe_cpu(opaque, pe));
}

static const char *op_name(void *opaque, uint32_t vmid, uint64_t ipa)
{
    const struct machine_region *r = machine_region_at(opaque, ipa);
    (void)vmid;
    return r && r->model && !r->memory ? r->model->name : NULL;
}

/* What the GIC signals now is what the interrupt was taken for: nothing ran in between. */
static unsigned op_intid(void *opaque, unsigned pe)
{
    const struct tg_gic_cpuif *gic = ((struct machine *)opaque)->cpuif;
    return gic && gic->signalled ? gic->signalled(gic->opaque, pe) : LEDGER_NO_INTID;
}

static const char *op_name_of_intid(void *opaque, unsigned intid)
{
    static const char *const timers[TG_PPI_COUNT] = {
        [TG_PPI_CNTP] = "cntp",     [TG_PPI_CNTV] = "cntv",     [TG_PPI_CNTHP] = "cnthp",
        [TG_PPI_CNTHV] = "cnthv",   [TG_PPI_CNTPS] = "cntps",   [TG_PPI_PMU] = "pmu",
        [TG_PPI_CNTHPS] = "cnthps", [TG_PPI_CNTHVS] = "cnthvs",
    };
    const struct machine *m = opaque;
    for (size_t i = 0; i < m->n_irqs; i++) {
        const struct machine_irq *w = &m->irqs[i];
        if (w->intid != intid)
            continue;
        if (w->source && w->source->cls == &cpu_class)
            return w->index < TG_PPI_COUNT ? timers[w->index] : NULL;
        return w->source ? w->source->name : NULL;
    }
    return NULL;
}

static void on_exception(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    ledger_exception(opaque, cpu_index(c), e);
}

static void on_eret(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    ledger_eret(opaque, cpu_index(c), e);
}

struct ledger *ledger_attach(struct machine *m)
{
    const struct ledger_ops ops = {
        .opaque = m,
        .sample = op_sample,
        .get_x = op_get_x,
        .get_pc = op_get_pc,
        .hz = op_hz,
        .set = op_set,
        .el = op_el,
        .name_of_ipa = op_name,
        .intid = op_intid,
        .name_of_intid = op_name_of_intid,
    };
    struct ledger *l = ledger_new(m->n_pes, &ops);
    if (!l)
        return NULL;
    for (unsigned i = 0; i < m->n_pes; i++)
        ledger_power(l, i, cpu_get_el(m->pes[i].cpu));
    ledger_set_mode(l, cpu_get_mode(m->pes[0].cpu));
    for (unsigned i = 0; i < m->n_pes; i++)
        ledger_pe_mode(l, i, cpu_get_mode(m->pes[i].cpu));
    m->listener.opaque = l;
    m->listener.exception = on_exception;
    m->listener.eret = on_eret;
    return l;
}
