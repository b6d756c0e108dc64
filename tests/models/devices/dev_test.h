/* SPDX-License-Identifier: Apache-2.0 */
/* What device tests share: a machine's environment, a bus master's reads and writes, a recording interrupt
 * sink and line. */
#ifndef TG_TESTS_DEV_TEST_H
#define TG_TESTS_DEV_TEST_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "models/base/backend.h"
#include "models/base/model.h"

struct dev_bench {
    struct tg_env env;
    struct tg_log log;
    unsigned guest_errors; /* lines, not occurrences */
    char last_log[256];
    tg_time now;
    /* interrupt sink */
    bool level;
    tg_time level_at;
    unsigned edges;
    /* serial line */
    struct tg_chardev line;
    char out[8192];
    size_t n_out;
    unsigned readies;
};

static inline void bench_log(void *opaque, enum tg_log_level level, const char *who, const char *text)
{
    struct dev_bench *b = opaque;

    (void)who;
    b->guest_errors += level == TG_LOG_GUEST_ERROR;
    snprintf(b->last_log, sizeof(b->last_log), "%s", text);
}

static inline void bench_irq(void *opaque, unsigned line, bool level, tg_time at)
{
    struct dev_bench *b = opaque;

    (void)line;
    b->level = level;
    b->level_at = at;
    b->edges++;
}

static inline void bench_write(void *opaque, const uint8_t *data, size_t n)
{
    struct dev_bench *b = opaque;

    for (size_t i = 0; i < n && b->n_out < sizeof(b->out) - 1; i++)
        b->out[b->n_out++] = (char)data[i];
    b->out[b->n_out] = 0;
}

static inline void bench_ready(void *opaque)
{
    ((struct dev_bench *)opaque)->readies++;
}

static inline void bench_init(struct dev_bench *b)
{
    memset(b, 0, sizeof(*b));
    b->log.sink = bench_log;
    b->log.opaque = b;
    b->env.evq = tg_evq_new();
    b->env.log = &b->log;
    b->env.seed = 1;
    b->line.write = bench_write;
    b->line.ready = bench_ready;
    b->line.opaque = b;
}

static inline void bench_fini(struct dev_bench *b)
{
    tg_evq_free(b->env.evq);
}

static inline void *port_at(struct tg_model *m, const char *name)
{
    const struct tg_port *p = tg_model_port(m->cls, name);

    assert_non_null(p);
    return (char *)m + p->offset;
}

static inline void bench_irq_bind(struct dev_bench *b, struct tg_model *m, const char *port)
{
    struct tg_irq *irq = port_at(m, port);

    irq->set = bench_irq;
    irq->opaque = b;
}

static inline void bench_run(struct dev_bench *b, tg_time until)
{
    b->now = until;
    tg_evq_run(b->env.evq, until);
}

static inline uint64_t rd(struct dev_bench *b, struct tg_model *m, uint64_t offset, unsigned size)
{
    uint64_t v = 0;
    struct tg_bus_txn txn = {.addr = offset, .data = &v, .size = size, .time = b->now};

    tg_model_transport(m, 0, &txn);
    assert_int_equal(txn.resp, TG_BUS_OK);
    return v;
}

static inline void wr(struct dev_bench *b, struct tg_model *m, uint64_t offset, unsigned size, uint64_t v)
{
    struct tg_bus_txn txn = {.addr = offset, .data = &v, .size = size, .write = true, .time = b->now};

    tg_model_transport(m, 0, &txn);
    assert_int_equal(txn.resp, TG_BUS_OK);
}

static inline void set_param(struct tg_model *m, const char *name, uint64_t v)
{
    struct tg_error err;

    assert_int_equal(tg_model_set_u64(m, tg_model_param(m->cls, name), v, &err), 0);
}

static inline void realize(struct tg_model *m)
{
    struct tg_error err = {""};

    if (tg_model_realize(m, &err))
        fail_msg("%s", err.text);
    tg_model_reset(m);
}

#endif
