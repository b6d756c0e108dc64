/* SPDX-License-Identifier: Apache-2.0 */
/* The small things of models/base: bit fields, time, system-register encodings, log, DMA helpers. */
#include "base_test.h"
#include "models/base/bus.h"
#include "models/base/log.h"
#include "models/base/sysenc.h"
#include "models/base/time.h"

static void test_bits(void **state)
{
    uint64_t v = 0;

    (void)state;
    assert_true(TG_FIELD(63, 0) == UINT64_MAX);
    assert_true(TG_FIELD(63, 63) == UINT64_C(1) << 63);
    assert_true(TG_FIELD(0, 0) == 1);
    assert_true(TG_FIELD(31, 26) == UINT64_C(0xfc000000));
    for (unsigned lo = 0; lo < 64; lo++) {
        for (unsigned hi = lo; hi < 64; hi++) {
            uint64_t field = TG_FIELD(hi, lo), ones = tg_ones(hi - lo + 1);

            assert_true(field == ones << lo);
            assert_true(tg_get(UINT64_MAX, field) == ones);
            assert_true(tg_put(field, UINT64_MAX) == field);
            assert_true(tg_get(tg_put(field, 0x5a), field) == (0x5a & ones));
            assert_true(tg_with(UINT64_MAX, field, 0) == ~field);
        }
    }
    tg_set(&v, TG_FIELD(15, 8), 0x1ff); /* too wide: cut */
    assert_true(v == 0xff00);
    assert_true(tg_ones(0) == 0 && tg_ones(64) == UINT64_MAX && tg_ones(5) == 31);
    assert_true(tg_sext(0x80, 8) == -128);
    assert_true(tg_sext(0x7f, 8) == 127);
    assert_true(tg_sext(0xf7f, 8) == 127);
    assert_true(tg_sext(1, 1) == -1);
    assert_true(tg_sext(UINT64_MAX, 64) == -1);
}

/* up() inverts cycles-to-time exactly, at any clock, for as long as time lasts; there is no drift. */
static void test_time(void **state)
{
    static const uint64_t hz[] = {1,          3,          62500000,   1000000000,
                                  2598000000, 3000000000, 3333333333, 1000000000000};
    uint64_t s = 3;

    (void)state;
    assert_int_equal(tg_cycles_to_time(3, 3000000000), 1000);
    assert_int_equal(tg_cycles_to_time(1, 3000000000), 333);
    assert_true(tg_cycles_to_time(UINT64_C(3000000000) * 86400, 3000000000) == 86400 * TG_SEC);
    assert_int_equal(tg_time_to_cycles(TG_SEC, 62500000), 62500000);
    assert_int_equal(tg_time_to_cycles_up(0, 3000000000), 0);
    assert_int_equal(tg_time_to_cycles_up(333, 3000000000), 1);
    assert_int_equal(tg_time_to_cycles_up(334, 3000000000), 2);
    for (unsigned i = 0; i < TG_ARRAY_SIZE(hz); i++) {
        uint64_t max = tg_time_to_cycles(200 * 86400 * TG_SEC, hz[i]); /* 200 days */

        for (unsigned k = 0; k < 20000; k++) {
            uint64_t c = next_random(&s) % max + 1;
            tg_time t = tg_cycles_to_time(c, hz[i]);

            assert_true(tg_time_to_cycles_up(t, hz[i]) == c);
            assert_true(hz[i] == TG_SEC || tg_time_to_cycles_up(t + 1, hz[i]) == c + 1);
            assert_true(tg_time_to_cycles_up(t - 1, hz[i]) <= c);
            assert_true(tg_time_to_cycles(t, hz[i]) == c || tg_time_to_cycles(t, hz[i]) == c - 1);
            assert_true(tg_time_to_cycles(t + 1, hz[i]) >= c);
        }
    }
}

static void test_sysenc(void **state)
{
    uint32_t enc = TG_SYSENC(3, 4, 12, 11, 7);

    (void)state;
    assert_int_equal(tg_get(enc, TG_SYSENC_OP0), 3);
    assert_int_equal(tg_get(enc, TG_SYSENC_OP1), 4);
    assert_int_equal(tg_get(enc, TG_SYSENC_CRN), 12);
    assert_int_equal(tg_get(enc, TG_SYSENC_CRM), 11);
    assert_int_equal(tg_get(enc, TG_SYSENC_OP2), 7);
    assert_int_equal(TG_SYSENC(3, 3, 13, 0, 2), (0xd53bd040 >> 5) & 0xffff); /* mrs x0, tpidr_el0 */
    assert_int_equal(TG_SYSENC(3, 7, 15, 15, 7), 0xffff);
}

/* ---- log ---- */

static char last[600];
static unsigned lines;

static void sink(void *opaque, enum tg_log_level level, const char *who, const char *text)
{
    (void)opaque;
    (void)level;
    snprintf(last, sizeof(last), "%s: %s", who, text);
    lines++;
}

static void test_log(void **state)
{
    struct tg_log *log = calloc(1, sizeof(*log));
    static const char sites[TG_LOG_SITES + 8];
    int a, b;

    (void)state;
    tg_log(NULL, TG_LOG_WARN, "x", "nobody");
    tg_log(log, TG_LOG_WARN, "x", "nobody");
    log->sink = sink;
    tg_log(log, TG_LOG_WARN, "uart0", "%d of %s", 3, "them");
    assert_string_equal(last, "uart0: 3 of them");
    assert_true(tg_log_guest_once(log, &a, "f:1"));
    assert_false(tg_log_guest_once(NULL, &a, "f:1"));
    for (unsigned i = 0; i < TG_LOG_SITES + 8; i++) {
        const char *site = &sites[i];

        assert_int_equal(tg_log_guest_once(log, &b, site), i < TG_LOG_SITES - 1);
        assert_false(tg_log_guest_once(log, &b, site));
    }
    assert_int_equal(log->guest_errors, 1 + 2 * (TG_LOG_SITES + 8));
    free(log);
}

/* ---- DMA ---- */

struct memory {
    uint8_t bytes[3 * 4096];
    unsigned transfers;
    uint32_t requester;
    uint64_t bad; /* transfers to this page fail */
};

static void memory_transport(void *opaque, struct tg_bus_txn *txn)
{
    struct memory *m = opaque;

    m->transfers++;
    m->requester = txn->attrs.requester;
    assert_true(txn->size <= 4096);
    assert_int_equal(txn->addr / 4096, (txn->addr + txn->size - 1) / 4096); /* never across a page */
    if (txn->addr + txn->size > sizeof(m->bytes)) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    if (txn->addr / 4096 == m->bad) {
        txn->resp = TG_BUS_SLVERR;
        return;
    }
    if (txn->write)
        memcpy(m->bytes + txn->addr, txn->data, txn->size);
    else
        memcpy(txn->data, m->bytes + txn->addr, txn->size);
    txn->resp = TG_BUS_OK;
}

static void test_dma(void **state)
{
    struct memory *m = calloc(1, sizeof(*m));
    struct tg_bus_port port = {.transport = memory_transport, .opaque = m}, none = {0};
    struct tg_bus_attrs attrs = {.requester = 0x1007};
    uint8_t *buf = calloc(3, 4096);

    (void)state;
    m->bad = UINT64_MAX;
    for (unsigned i = 0; i < sizeof(m->bytes); i++)
        m->bytes[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(tg_bus_read(&port, &attrs, 0, 4090, buf, 4110), TG_BUS_OK);
    assert_memory_equal(buf, m->bytes + 4090, 4110);
    assert_int_equal(m->transfers, 3);
    assert_int_equal(m->requester, 0x1007);
    memset(buf, 0xee, 20);
    assert_int_equal(tg_bus_write(&port, &attrs, 0, 8190, buf, 20), TG_BUS_OK);
    assert_memory_equal(m->bytes + 8190, buf, 20);
    assert_int_equal(m->bytes[8189], (uint8_t)(8189 * 7 + 8189 / 256));
    assert_int_equal(tg_bus_read(&port, &attrs, 0, 0, buf, 0), TG_BUS_OK);
    assert_int_equal(tg_bus_read(&port, &attrs, 0, sizeof(m->bytes) - 4, buf, 8), TG_BUS_DECERR);
    m->bad = 1;
    assert_int_equal(tg_bus_read(&port, &attrs, 0, 4000, buf, 200), TG_BUS_SLVERR);
    assert_int_equal(tg_bus_read(&none, &attrs, 0, 0, buf, 4), TG_BUS_DECERR);
    free(buf);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits), cmocka_unit_test(test_time), cmocka_unit_test(test_sysenc),
        cmocka_unit_test(test_log),  cmocka_unit_test(test_dma),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
