/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The phases of a run. The guest begins one by a hint; a change of mode begins one, too, so that no row holds
 * cycles of both modes. A PE in the middle of an access changes a few instructions later than the others:
 * what it runs until then is added to the phase that has ended, which is held back for so long.
 */
#include <stdio.h>
#include <string.h>
#include "sim/cli/cli.h"
#include "sim/ledger/ledger.h"
#include "sim/machine/machine.h"
#include "sim/stats/stats.h"
#include "sim/tlm/tlm.h"

_Static_assert(TG_ARRAY_SIZE(((struct cli_phases *)0)->pes) == MACHINE_MAX_PES, "a place for each PE");

static void failed(struct cli_phases *p, int rc, const struct tg_error *err)
{
    if (rc)
        machine_stop(p->m, MACHINE_FAILED, "%s", err->text);
}

/* The PE's part of the phase that is held back. */
static void catch_up(struct cli_phases *p, unsigned pe)
{
    struct stats_late late;

    if (ledger_take_late(p->l, pe, late.contexts, &late.guest) && p->held && p->s)
        stats_late_machine(p->s, p->m, pe, &late);
}

static void release_when_all_have_changed(struct cli_phases *p)
{
    struct tg_error err;

    for (unsigned i = 0; i < p->m->n_pes; i++)
        if (p->pes[i].mode != p->mode)
            return;
    if (p->held && p->s)
        failed(p, stats_release(p->s, &err), &err);
    p->held = false;
}

int cli_phases_end(struct cli_phases *p, bool hold, struct tg_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < p->m->n_pes; i++)
        catch_up(p, i);
    p->held = hold;
    if (p->s)
        rc = stats_phase_machine(p->s, p->name, p->mode, p->m, p->l, hold, err);
    else
        ledger_next_phase(p->l);
    for (unsigned i = 0; i < p->m->n_pes; i++)
        p->pes[i].begin = cpu_cycles(p->m->pes[i].cpu);
    return rc;
}

static bool is_empty(const struct cli_phases *p)
{
    for (unsigned i = 0; i < p->m->n_pes; i++)
        if (cpu_cycles(p->m->pes[i].cpu) != p->pes[i].begin)
            return false;
    return true;
}

/* ---- calls from the machine ---- */

static void on_mode(void *opaque, enum cpu_mode mode)
{
    struct cli_phases *p = opaque;
    struct tg_error err;

    if (mode == p->mode)
        return;
    if (!is_empty(p))
        failed(p, cli_phases_end(p, true, &err), &err);
    p->mode = mode;
    ledger_set_mode(p->l, mode);
}

static void on_pe_mode(void *opaque, unsigned pe, enum cpu_mode mode)
{
    struct cli_phases *p = opaque;

    if (p->s)
        cli_record_change(p->record, pe);
    catch_up(p, pe);
    ledger_pe_mode(p->l, pe, mode);
    p->pes[pe].mode = mode;
    release_when_all_have_changed(p);
}

void cli_phases_mark(struct cli_phases *p, struct tlm_switches *switches, const char *name)
{
    bool changes = cli_switch_due(switches, name);
    struct tg_error err;

    failed(p, cli_phases_end(p, changes, &err), &err);
    snprintf(p->name, sizeof(p->name), "%s", name);
    if (changes)
        tlm_switch_now(p->m, switches);
}

void cli_phases_begin(struct cli_phases *p, struct machine *m, struct ledger *l, struct stats *s,
                      struct cli_record *record, enum cpu_mode mode)
{
    *p = (struct cli_phases){.m = m, .l = l, .s = s, .record = record, .mode = mode, .name = "run"};
    record->mode = &p->mode;
    for (unsigned i = 0; i < m->n_pes; i++)
        p->pes[i].mode = mode;
    m->mode = on_mode;
    m->pe_mode = on_pe_mode;
    m->mode_opaque = p;
}
