/* SPDX-License-Identifier: Apache-2.0 */
/* Takes what stats.c writes out of a machine. */
#include <errno.h>
#include "models/cpu/cpu.h"
#include "sim/ledger/ledger.h"
#include "sim/machine/machine.h"
#include "sim/stats/stats.h"

/* How far any PE may run ahead. */
static tg_time largest_quantum(const struct machine *m)
{
    tg_time q = 0;
    for (unsigned i = 0; i < m->n_pes; i++)
        q = machine_quantum(m, i) > q ? machine_quantum(m, i) : q;
    return q;
}

int stats_open_machine(const char *path, const struct machine *m, const char *mode, const char *command,
                       const char *version, struct stats **out, struct tg_error *err)
{
    const struct stats_run run = {
        .platform = m->name,
        .core = m->core_name,
        .mode = mode,
        .command = command,
        .version = version,
        .seed = m->env.seed,
        .quantum_ps = largest_quantum(m),
        .pes = m->n_pes,
    };
    int rc = stats_open(path, &run, out, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < m->n_config && !rc; i++)
        if (stats_config(*out, m->config[i].key, m->config[i].value))
            rc = tg_error_set(err, ENOMEM, "no memory");
    for (unsigned i = 0; i < m->n_pes && !rc; i++) {
        const struct machine_set *set = &m->sets[m->pes[i].set];
        const struct stats_pe_info pe = {set->name, set->core, m->pes[i].set, m->pes[i].mpidr};
        if (stats_pe_info(*out, &pe))
            rc = tg_error_set(err, ENOMEM, "no memory");
    }
    if (!rc)
        rc = stats_write(*out, err);
    if (rc) {
        stats_close(*out);
        *out = NULL;
    }
    return rc;
}

static struct stats_pe pe_now(const struct cpu *c)
{
    return (struct stats_pe){cpu_insns(c), cpu_cycles(c), cpu_hz(c), cpu_local_time(c)};
}

int stats_phase_machine(struct stats *s, const char *name, enum cpu_mode mode, const struct machine *m,
                        struct ledger *l, bool hold, struct tg_error *err)
{
    struct stats_pe pes[MACHINE_MAX_PES];
    for (unsigned i = 0; i < m->n_pes; i++)
        pes[i] = pe_now(m->pes[i].cpu);
    const struct stats_source src = {
        .now_ps = machine_now(m),
        .mode = mode == CPU_TIMED ? "timed" : "fast",
        .pes = pes,
        .n_pes = m->n_pes,
        .models = m->models,
        .n_models = m->n_models,
        .ledger = l,
    };
    int rc = hold ? stats_phase_hold(s, name, &src, err) : stats_phase(s, name, &src, err);
    if (l)
        ledger_next_phase(l);
    return rc;
}

void stats_late_machine(struct stats *s, const struct machine *m, unsigned pe, struct stats_late *late)
{
    late->pe = pe_now(m->pes[pe].cpu);
    late->model = m->pes[pe].model;
    stats_amend(s, pe, late);
}
