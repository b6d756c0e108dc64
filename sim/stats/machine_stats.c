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
    if (!rc)
        rc = stats_flush(*out, err);
    if (rc) {
        stats_close(*out);
        *out = NULL;
    }
    return rc;
}

int stats_phase_machine(struct stats *s, const char *name, const struct machine *m, struct ledger *l,
                        struct tg_error *err)
{
    struct stats_pe pes[MACHINE_MAX_PES];
    for (unsigned i = 0; i < m->n_pes; i++) {
        const struct cpu *c = m->pes[i].cpu;
        pes[i] = (struct stats_pe){cpu_insns(c), cpu_cycles(c), cpu_hz(c), cpu_local_time(c)};
    }
    const struct stats_source src = {
        .now_ps = machine_now(m),
        .pes = pes,
        .n_pes = m->n_pes,
        .models = m->models,
        .n_models = m->n_models,
        .ledger = l,
    };
    int rc = stats_phase(s, name, &src, err);
    if (!rc && l)
        ledger_next_phase(l);
    return rc;
}
