/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for the tables sample, sample_bucket and sample_counter: points of the time series, in the order
 * in which they came. */
#include <errno.h>
#include <stdlib.h>
#include "sim/stats/internal.h"

#define FULL (8u << 20) /* bytes of waiting points after which a write is due */

/* Counters of a model; the values lie behind each other in values[]. */
struct model_point {
    uint64_t sim_ps;
    const struct tg_model *model;
};

struct stats_series {
    struct stats_point *points;
    size_t n_points, cap_points;
    struct model_point *models;
    size_t n_models, cap_models;
    uint64_t *values;
    size_t n_values, cap_values;
};

struct stats_series *stats_series_new(void)
{
    return calloc(1, sizeof(struct stats_series));
}

void stats_series_free(struct stats_series *s)
{
    if (!s)
        return;
    free(s->points);
    free(s->models);
    free(s->values);
    free(s);
}

void stats_series_written(struct stats_series *s)
{
    if (s)
        s->n_points = s->n_models = s->n_values = 0;
}

static int fill(const struct stats_series *s)
{
    return s->n_points * sizeof(*s->points) + s->n_models * sizeof(*s->models) +
               s->n_values * sizeof(*s->values) >
           FULL;
}

int stats_series_pe(struct stats_series *s, const struct stats_point *p)
{
    struct stats_point *points = stats_room(s->points, s->n_points, &s->cap_points, sizeof(*points));
    if (!points)
        return -ENOMEM;
    s->points = points;
    s->points[s->n_points++] = *p;
    return fill(s);
}

int stats_series_model(struct stats_series *s, uint64_t sim_ps, const struct tg_model *m)
{
    struct model_point *models = stats_room(s->models, s->n_models, &s->cap_models, sizeof(*models));
    if (!models)
        return -ENOMEM;
    s->models = models;
    size_t begin = s->n_values;
    for (size_t i = 0; i < m->cls->n_counters; i++) {
        uint64_t *values = stats_room(s->values, s->n_values, &s->cap_values, sizeof(*values));
        if (!values) {
            s->n_values = begin;
            return -ENOMEM;
        }
        s->values = values;
        s->values[s->n_values++] = tg_model_counter(m, &m->cls->counters[i]);
    }
    s->models[s->n_models++] = (struct model_point){sim_ps, m};
    return fill(s);
}

static bool write_points(const struct stats_series *s, sqlite3 *db, int64_t run)
{
    sqlite3_stmt *st = NULL, *bucket = NULL;
    bool ok =
        !sqlite3_prepare_v2(db, "INSERT INTO sample VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", -1, &st, NULL) &&
        !sqlite3_prepare_v2(db, "INSERT INTO sample_bucket VALUES(?1, ?2, ?3, ?4, ?5)", -1, &bucket, NULL);
    for (size_t i = 0; ok && i < s->n_points; i++) {
        const struct stats_point *p = &s->points[i];
        ok = stats_row(st, "iiiiiit", run, (int64_t)p->sim_ps, (int64_t)p->pe, (int64_t)p->insns,
                       (int64_t)p->cycles, (int64_t)p->exits, p->mode);
        for (unsigned b = 0; ok && b < CPU_BUCKET_COUNT; b++)
            if (p->buckets[b])
                ok = stats_row(bucket, "iiiti", run, (int64_t)p->sim_ps, (int64_t)p->pe,
                               stats_bucket_names[b], (int64_t)p->buckets[b]);
    }
    sqlite3_finalize(st);
    sqlite3_finalize(bucket);
    return ok;
}

static bool write_models(const struct stats_series *s, sqlite3 *db, int64_t run)
{
    sqlite3_stmt *st = NULL;
    const uint64_t *v = s->values;
    bool ok = !sqlite3_prepare_v2(db, "INSERT INTO sample_counter VALUES(?1, ?2, ?3, ?4, ?5)", -1, &st, NULL);
    for (size_t i = 0; ok && i < s->n_models; i++) {
        const struct tg_model *m = s->models[i].model;
        for (size_t c = 0; ok && c < m->cls->n_counters; c++)
            ok = stats_row(st, "iitti", run, (int64_t)s->models[i].sim_ps, m->name, m->cls->counters[c].name,
                           (int64_t)*v++);
    }
    sqlite3_finalize(st);
    return ok;
}

bool stats_series_write(const struct stats_series *s, sqlite3 *db, int64_t run)
{
    return !s || (write_points(s, db, run) && write_models(s, db, run));
}
