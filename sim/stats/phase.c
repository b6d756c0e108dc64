/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A phase in memory, from the moment at which it ends until its rows are in the file: taken out of the
 * models' counters and the ledger in one go, so that the run can go on while another program keeps the file
 * locked. Opens nothing and commits nothing (stats.c does).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sim/ledger/ledger.h"
#include "sim/stats/internal.h"

/* The public names of the buckets, without asking the core's library for them. */
const char *const stats_bucket_names[CPU_BUCKET_COUNT] = {
#define X(id, name, text) [CPU_BUCKET_##id] = name,
    CPU_BUCKETS(X)
#undef X
};

/* ---- taking ---- */

static void *copy(const void *from, size_t n, size_t item)
{
    void *to = malloc(n * item + 1);
    if (to && n)
        memcpy(to, from, n * item);
    return to;
}

void stats_rows_free(struct stats_rows *p)
{
    if (!p)
        return;
    free(p->name);
    free(p->pes);
    free(p->counters);
    free(p->contexts);
    free(p->vms);
    free(p->vcpus);
    free(p->exits);
    free(p->traps);
    free(p);
}

static bool take_ledger(struct stats_rows *p, struct ledger *l)
{
    ledger_sync(l);
    p->n_vms = ledger_n_vms(l);
    p->n_vcpus = ledger_n_vcpus(l);
    p->n_exits = ledger_n_exits(l);
    p->n_traps = ledger_n_traps(l);
    p->contexts = calloc((size_t)p->n_pes * LEDGER_WHERE_COUNT + 1, sizeof(*p->contexts));
    p->vms = calloc(p->n_vms + 1, sizeof(*p->vms));
    p->vcpus = calloc(p->n_vcpus + 1, sizeof(*p->vcpus));
    p->exits = calloc(p->n_exits + 1, sizeof(*p->exits));
    p->traps = calloc(p->n_traps + 1, sizeof(*p->traps));
    if (!p->contexts || !p->vms || !p->vcpus || !p->exits || !p->traps)
        return false;
    for (unsigned pe = 0; pe < p->n_pes; pe++)
        for (unsigned w = 0; w < LEDGER_WHERE_COUNT; w++)
            ledger_context(l, pe, (enum ledger_where)w, &p->contexts[pe * LEDGER_WHERE_COUNT + w]);
    for (unsigned i = 0; i < p->n_vms; i++)
        p->vms[i] = ledger_vm_vmid(l, i);
    for (unsigned i = 0; i < p->n_vcpus; i++)
        ledger_get_vcpu(l, i, &p->vcpus[i]);
    for (unsigned i = 0; i < p->n_exits; i++)
        ledger_exit(l, i, &p->exits[i]);
    for (unsigned i = 0; i < p->n_traps; i++)
        ledger_trap(l, i, &p->traps[i]);
    ledger_no_guest(l, p->note, sizeof(p->note));
    return true;
}

static size_t count_counters(const struct stats_source *src)
{
    size_t n = 0;
    for (size_t i = 0; i < src->n_models; i++)
        n += src->models[i]->cls->n_counters;
    return n;
}

struct stats_rows *stats_rows_take(const char *name, uint64_t start_ps, const struct stats_source *src)
{
    struct stats_rows *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->mode = src->mode;
    p->start_ps = start_ps;
    p->end_ps = src->now_ps;
    p->models = src->models;
    p->n_models = src->n_models;
    p->n_pes = src->n_pes;
    p->name = strdup(name);
    p->pes = copy(src->pes, src->n_pes, sizeof(*src->pes));
    size_t n = count_counters(src);
    p->counters = calloc(n + 1, sizeof(*p->counters));
    bool ok = p->name && p->pes && p->counters && (!src->ledger || take_ledger(p, src->ledger));
    if (!ok) {
        stats_rows_free(p);
        return NULL;
    }
    n = 0;
    for (size_t i = 0; i < p->n_models; i++)
        for (size_t c = 0; c < p->models[i]->cls->n_counters; c++)
            p->counters[n++] = tg_model_counter(p->models[i], &p->models[i]->cls->counters[c]);
    p->bytes = sizeof(*p) + n * sizeof(*p->counters) + p->n_exits * sizeof(*p->exits) +
               p->n_traps * sizeof(*p->traps) + p->n_vcpus * sizeof(*p->vcpus) +
               p->n_pes * (sizeof(*p->pes) + LEDGER_WHERE_COUNT * sizeof(*p->contexts));
    return p;
}

void stats_rows_amend(struct stats_rows *p, unsigned pe, const struct stats_late *late)
{
    size_t n = 0;
    p->pes[pe] = late->pe;
    for (size_t i = 0; i < p->n_models; i++) {
        const struct tg_model *m = p->models[i];
        for (size_t c = 0; c < m->cls->n_counters; c++, n++)
            if (m == late->model)
                p->counters[n] = tg_model_counter(m, &m->cls->counters[c]);
    }
    for (unsigned w = 0; p->contexts && w < LEDGER_WHERE_COUNT; w++) {
        struct ledger_context_row *r = &p->contexts[pe * LEDGER_WHERE_COUNT + w];
        r->insns += late->contexts[w].insns;
        r->cycles += late->contexts[w].cycles;
        for (unsigned b = 0; b < CPU_BUCKET_COUNT; b++)
            r->buckets[b] += late->contexts[w].buckets[b];
    }
    if (late->guest >= 0 && (unsigned)late->guest < p->n_vcpus) {
        p->vcpus[late->guest].guest_cycles += late->contexts[LEDGER_GUEST].cycles;
        p->vcpus[late->guest].guest_insns += late->contexts[LEDGER_GUEST].insns;
    }
}

/* ---- writing ---- */

struct writer {
    sqlite3 *db;
    int64_t run, id;
    const struct stats_sets *sets;
    const struct stats_rows *p;
};

static bool name_phase(struct writer *w, unsigned seq)
{
    const struct stats_rows *p = w->p;
    /* The second phase of a name becomes "name#2". */
    if (!stats_sql(
            w->db,
            "INSERT INTO phase(run_id, seq, name, start_ps, end_ps, mode) SELECT ?1, ?2,"
            " CASE count(*) WHEN 0 THEN ?3 ELSE ?3 || '#' || (count(*) + 1) END, ?4, ?5, ?6"
            " FROM phase WHERE run_id = ?1 AND (name = ?3 OR substr(name, 1, length(?3) + 1) = ?3 || '#')",
            "iitiit", w->run, (int64_t)seq, p->name, (int64_t)p->start_ps, (int64_t)p->end_ps, p->mode))
        return false;
    w->id = sqlite3_last_insert_rowid(w->db);
    return true;
}

static bool write_pes(const struct writer *w, unsigned seq)
{
    const struct stats_rows *p = w->p;
    uint64_t insns = 0, cycles = 0;
    for (unsigned i = 0; i < p->n_pes; i++) {
        const struct stats_pe *pe = &p->pes[i];
        insns += pe->insns;
        cycles += pe->cycles;
        if (!stats_sql(w->db, "INSERT INTO pe VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", "iiiiiii", w->run, w->id,
                       (int64_t)i, (int64_t)pe->hz, (int64_t)pe->ps, (int64_t)pe->insns, (int64_t)pe->cycles))
            return false;
    }
    /* One mode of all phases is the run's. */
    return stats_sql(w->db,
                     "UPDATE run SET sim_ps = ?2, insns = ?3, cycles = ?4, note = ?5,"
                     " mode = CASE WHEN ?6 = 0 OR mode = ?7 THEN ?7 ELSE 'mixed' END WHERE run_id = ?1",
                     "iiiitit", w->run, (int64_t)p->end_ps, (int64_t)insns, (int64_t)cycles,
                     *p->note ? p->note : NULL, (int64_t)seq, p->mode);
}

static bool write_counters(const struct writer *w)
{
    const struct stats_rows *p = w->p;
    sqlite3_stmt *info = NULL, *value = NULL;
    bool ok =
        !sqlite3_prepare_v2(w->db, "INSERT OR IGNORE INTO counter_info VALUES(?1, ?2, ?3, ?4)", -1, &info,
                            NULL) &&
        !sqlite3_prepare_v2(w->db, "INSERT INTO counter VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1, &value, NULL);
    const uint64_t *v = p->counters;
    for (size_t i = 0; ok && i < p->n_models; i++) {
        const struct tg_model *m = p->models[i];
        for (size_t c = 0; ok && c < m->cls->n_counters; c++) {
            const struct tg_counter *k = &m->cls->counters[c];
            ok = stats_row(info, "tttt", m->cls->name, k->name, k->unit ? k->unit : "",
                           k->description ? k->description : "") &&
                 stats_row(value, "iittti", w->run, w->id, m->name, m->cls->name, k->name, (int64_t)*v++);
        }
    }
    sqlite3_finalize(info);
    sqlite3_finalize(value);
    return ok;
}

static bool write_contexts(const struct writer *w)
{
    sqlite3_stmt *context = NULL, *bucket = NULL;
    bool ok = !sqlite3_prepare_v2(w->db, "INSERT INTO context VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1, &context,
                                  NULL) &&
              !sqlite3_prepare_v2(w->db, "INSERT INTO context_bucket VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1,
                                  &bucket, NULL);
    for (unsigned i = 0; ok && i < w->p->n_pes * LEDGER_WHERE_COUNT; i++) {
        const struct ledger_context_row *r = &w->p->contexts[i];
        const char *name = ledger_where_names[r->where];
        if (!r->cycles && !r->insns)
            continue;
        ok = stats_row(context, "iiitii", w->run, w->id, (int64_t)r->pe, name, (int64_t)r->insns,
                       (int64_t)r->cycles);
        for (unsigned b = 0; ok && b < CPU_BUCKET_COUNT; b++)
            if (r->buckets[b])
                ok = stats_row(bucket, "iiitti", w->run, w->id, (int64_t)r->pe, name, stats_bucket_names[b],
                               (int64_t)r->buckets[b]);
    }
    sqlite3_finalize(context);
    sqlite3_finalize(bucket);
    return ok;
}

static bool write_vcpus(const struct writer *w)
{
    const struct stats_rows *p = w->p;
    bool ok = true;
    for (unsigned i = 0; ok && i < p->n_vms; i++)
        ok = stats_sql(w->db, "INSERT OR IGNORE INTO vm VALUES(?1, ?2, ?3)", "iii", w->run, (int64_t)i,
                       (int64_t)p->vms[i]);
    for (unsigned i = 0; ok && i < p->n_vcpus; i++) {
        const struct ledger_vcpu *v = &p->vcpus[i];
        ok = stats_sql(w->db, "INSERT OR IGNORE INTO vcpu VALUES(?1, ?2, ?3, ?4)", "iiii", w->run,
                       (int64_t)v->vm, (int64_t)v->number, (int64_t)v->vmpidr) &&
             stats_sql(w->db, "INSERT INTO vcpu_phase VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                       "iiiiiiiiii", w->run, w->id, (int64_t)v->vm, (int64_t)v->number,
                       (int64_t)v->guest_insns, (int64_t)v->guest_cycles, (int64_t)v->exits,
                       (int64_t)v->exit_cycles, (int64_t)v->entries, (int64_t)v->lost);
    }
    return ok;
}

/* Name of a set of PEs; who told of no PEs has one. */
static const char *set_name(const struct writer *w, unsigned set)
{
    return set < w->sets->n ? w->sets->name[set] : "cpus";
}

static bool write_exits(const struct writer *w)
{
    const struct stats_rows *p = w->p;
    sqlite3_stmt *st = NULL, *bucket = NULL;
    bool ok = !sqlite3_prepare_v2(
                  w->db,
                  "INSERT INTO exit(run_id, phase_id, vm, vcpu, reason, detail, count, "
                  "insns, cycles, cycles_min, cycles_max,"
                  " cycles_p50, cycles_p99, ns, ns_min, ns_max, el2_cycles, el3_cycles, "
                  "host_el1_cycles, host_el0_cycles,"
                  " guest_cycles, idle_cycles, measured, cpus) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                  "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
                  " ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
                  -1, &st, NULL) &&
              !sqlite3_prepare_v2(w->db, "INSERT INTO exit_bucket VALUES(?1, ?2, ?3)", -1, &bucket, NULL);
    for (unsigned i = 0; ok && i < p->n_exits; i++) {
        const struct ledger_exit_row *r = &p->exits[i];
        const struct ledger_vcpu *v = &p->vcpus[r->vcpu];
        ok = stats_row(st, "iiiittiiiiiiiiiiiiiiiiit", w->run, w->id, (int64_t)v->vm, (int64_t)v->number,
                       r->reason, r->detail, (int64_t)r->count, (int64_t)r->insns, (int64_t)r->cycles,
                       (int64_t)r->cycles_min, (int64_t)r->cycles_max, (int64_t)r->cycles_p50,
                       (int64_t)r->cycles_p99, (int64_t)r->ns, (int64_t)r->ns_min, (int64_t)r->ns_max,
                       (int64_t)r->where_cycles[LEDGER_EL2], (int64_t)r->where_cycles[LEDGER_EL3],
                       (int64_t)r->where_cycles[LEDGER_HOST_EL1], (int64_t)r->where_cycles[LEDGER_HOST_EL0],
                       (int64_t)r->where_cycles[LEDGER_GUEST], (int64_t)r->idle_cycles, (int64_t)r->measured,
                       set_name(w, r->set));
        int64_t id = sqlite3_last_insert_rowid(w->db);
        for (unsigned b = 0; ok && b < CPU_BUCKET_COUNT; b++)
            if (r->buckets[b])
                ok = stats_row(bucket, "iti", id, stats_bucket_names[b], (int64_t)r->buckets[b]);
    }
    sqlite3_finalize(st);
    sqlite3_finalize(bucket);
    return ok;
}

static bool write_traps(const struct writer *w)
{
    const struct stats_rows *p = w->p;
    sqlite3_stmt *st = NULL;
    bool ok = !sqlite3_prepare_v2(
        w->db, "INSERT INTO trap VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)", -1, &st,
        NULL);
    for (unsigned i = 0; ok && i < p->n_traps; i++) {
        const struct ledger_trap_row *r = &p->traps[i];
        ok = stats_row(st, "iiiiitttiiiii", w->run, w->id, (int64_t)r->from_el, (int64_t)r->to_el,
                       (int64_t)r->from_guest, r->ec, r->detail, set_name(w, r->set), (int64_t)r->count,
                       (int64_t)r->returned, (int64_t)r->cycles, (int64_t)r->cycles_min,
                       (int64_t)r->cycles_max);
    }
    sqlite3_finalize(st);
    return ok;
}

bool stats_rows_write(const struct stats_rows *p, const struct stats_sets *sets, sqlite3 *db, int64_t run,
                      unsigned seq)
{
    struct writer w = {.db = db, .run = run, .sets = sets, .p = p};
    return name_phase(&w, seq) && write_pes(&w, seq) && write_counters(&w) &&
           (!p->contexts || (write_contexts(&w) && write_vcpus(&w) && write_exits(&w) && write_traps(&w)));
}
