/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database: what was counted comes back through the views, and every bad database of issue 2 (not
 * writable, full, locked, foreign, newer, its writer killed) gives a message and leaves the caller going. The
 * ledger behind it is real, fed with a few made-up exceptions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sim/ledger/ledger.h"
#include "sim/stats/internal.h"

static char dir[64], path[128];

static int clean(void **state)
{
    (void)state;
    static const char *const tails[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < 4; i++) {
        char p[160];
        snprintf(p, sizeof(p), "%s%s", path, tails[i]);
        unlink(p);
    }
    return 0;
}

/* ---- a world to count ---- */

struct gadget {
    struct tg_model model;
    uint64_t hits, misses;
};

static const struct tg_counter gadget_counters[] = {
    {"hits", "accesses", "accesses that hit", offsetof(struct gadget, hits)},
    {"misses", "accesses", "accesses that missed", offsetof(struct gadget, misses)},
};
static const struct tg_model_class gadget_class = {
    .name = "gadget", .size = sizeof(struct gadget), .counters = gadget_counters, .n_counters = 2};

struct world {
    struct ledger_sample at;
    struct ledger *l;
    struct gadget gadget;
    struct tg_model *models[1];
    struct stats_pe pe;
    const char *mode;
    struct tg_error err;
    unsigned notes;
    char note[512];
};

static void op_sample(void *o, unsigned pe, struct ledger_sample *out)
{
    (void)pe;
    *out = ((struct world *)o)->at;
}

static uint64_t op_x(void *o, unsigned pe, unsigned n)
{
    (void)o;
    (void)pe;
    (void)n;
    return 0x84000000;
}

static uint64_t op_hz(void *o, unsigned pe)
{
    (void)o;
    (void)pe;
    return 1000000000;
}

static void run_for(struct world *w, uint64_t cycles, enum cpu_bucket b)
{
    w->at.cycles += cycles;
    w->at.insns += cycles / 2;
    w->at.ps += cycles * 1000;
    w->at.buckets[b] += cycles;
}

static void enter(struct world *w)
{
    struct cpu_exception e = {
        .from_el = 2, .to_el = 1, .vmid = 3, .vmpidr = 0x80000001, .cycle = w->at.cycles};
    ledger_eret(w->l, 0, &e);
}

static void leave(struct world *w)
{
    struct cpu_exception e = {.from_el = 1,
                              .to_el = 2,
                              .from_guest = true,
                              .vmid = 3,
                              .vmpidr = 0x80000001,
                              .cycle = w->at.cycles,
                              .esr = UINT64_C(0x16) << 26};
    ledger_exception(w->l, 0, &e);
}

/* n hypercalls of 100 guest cycles and 60 + 40 cycles of exit. */
static void hypercalls(struct world *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        run_for(w, 100, CPU_BUCKET_BASE);
        leave(w);
        run_for(w, 60, CPU_BUCKET_SYSREG);
        run_for(w, 40, CPU_BUCKET_L2);
        enter(w);
        w->gadget.hits += 3;
    }
}

static void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->mode = "timed";
    const struct ledger_ops ops = {.opaque = w, .sample = op_sample, .get_x = op_x, .hz = op_hz};
    w->l = ledger_new(1, &ops);
    w->gadget.model.cls = &gadget_class;
    w->gadget.model.name = (char *)"gadget0";
    w->models[0] = &w->gadget.model;
    enter(w);
}

static struct stats_source source(struct world *w)
{
    w->pe = (struct stats_pe){w->at.insns, w->at.cycles, 1000000000, w->at.ps};
    return (struct stats_source){.now_ps = w->at.ps,
                                 .mode = w->mode,
                                 .pes = &w->pe,
                                 .n_pes = 1,
                                 .models = w->models,
                                 .n_models = 1,
                                 .ledger = w->l};
}

static int phase(struct world *w, struct stats *s, const char *name)
{
    struct stats_source src = source(w);
    int rc = stats_phase(s, name, &src, &w->err);
    ledger_next_phase(w->l);
    return rc;
}

static const struct stats_run run_info = {.platform = "virt",
                                          .core = "cortex-a57",
                                          .mode = "timed",
                                          .command = "tollgate run 'x'",
                                          .version = "0.1",
                                          .seed = 42,
                                          .quantum_ps = 500000,
                                          .pes = 1};

static void on_note(void *opaque, const char *text)
{
    struct world *w = opaque;
    w->notes++;
    snprintf(w->note, sizeof(w->note), "%s", text);
}

static struct stats *begin(struct world *w, const char *p)
{
    struct stats *s;
    int rc = stats_open(p, &run_info, &s, &w->err);
    if (rc)
        fail_msg("%s", w->err.text);
    stats_on_note(s, on_note, w);
    return s;
}

static void sample(struct world *w, struct stats *s, uint64_t ps)
{
    const struct stats_point p = {
        .sim_ps = ps, .mode = "fast", .insns = 1, .cycles = 2, .exits = 3, .buckets = {2}};
    assert_int_equal(stats_sample(s, &p, &w->err), 0);
    assert_int_equal(stats_sample_model(s, ps, w->models[0], &w->err), 0);
}

/* A complete run of two phases. */
static void whole_run(const char *p)
{
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, p);
    assert_int_equal(stats_config(s, "cpus.core.l2.size", "1MiB"), 0);
    hypercalls(&w, 10);
    sample(&w, s, 77);
    assert_int_equal(phase(&w, s, "boot"), 0);
    hypercalls(&w, 1000);
    assert_int_equal(phase(&w, s, "work"), 0);
    assert_int_equal(stats_finish(s, "poweroff", "the guest powered off", 1.5, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
}

/* ---- reading back ---- */

static sqlite3 *reader(const char *p)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(p, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

/* The result of a query as text: columns by '|', rows by newline. */
static const char *query(const char *p, const char *sql)
{
    static char out[8192];
    sqlite3 *db = reader(p);
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL))
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    size_t n = 0;
    out[0] = 0;
    for (int row = 0; sqlite3_step(st) == SQLITE_ROW; row++)
        for (int c = 0; c < sqlite3_column_count(st); c++) {
            const char *t = (const char *)sqlite3_column_text(st, c);
            n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s",
                                  c     ? "|"
                                  : row ? "\n"
                                        : "",
                                  t ? t : "NULL");
        }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return out;
}

static void round_trip(void **state)
{
    (void)state;
    whole_run(path);
    assert_string_equal(query(path, "SELECT * FROM v_run"),
                        "1|virt|cortex-a57|timed|1|poweroff|202000|101000|202000|1.5|0.0673333333333333");
    assert_string_equal(query(path, "SELECT key, value FROM config"), "cpus.core.l2.size|1MiB");
    assert_string_equal(query(path, "SELECT seq, name, start_ps, end_ps FROM phase"),
                        "0|boot|0|2000000\n1|work|2000000|202000000");
    assert_string_equal(query(path, "SELECT phase, vm, vcpu, reason, detail, count, insns_mean, cycles_mean, "
                                    "cycles_min, cycles_max, cycles_p50,"
                                    " cycles_p99, ns_mean, share_el2, share_host_el1, share_host_el0, "
                                    "share_idle FROM v_exit WHERE run_id = 1"),
                        "boot|0|0|HVC|#0 PSCI_VERSION|10|50.0|100.0|100|100|100|100|100.0|1.0|0.0|0.0|0.0\n"
                        "work|0|0|HVC|#0 PSCI_VERSION|1000|50.0|100.0|100|100|100|100|100.0|1.0|0.0|0.0|0.0");
    assert_string_equal(query(path, "SELECT bucket, exit_bucket.cycles FROM exit_bucket JOIN exit "
                                    "USING(exit_id) JOIN phase USING(phase_id) WHERE name = 'work'"),
                        "l2|40000\nsysreg|60000");
    assert_string_equal(
        query(path, "SELECT phase, from_el, to_el, ec, detail, count, cycles_mean FROM v_trap"),
        "boot|1|2|HVC|#0 PSCI_VERSION|10|100.0\nwork|1|2|HVC|#0 PSCI_VERSION|1000|100.0");
    assert_string_equal(
        query(path, "SELECT phase, pe, context, bucket, cycles, share FROM v_cpi WHERE phase = 'work'"),
        "work|0|el2|l2|40000|0.2\nwork|0|el2|sysreg|60000|0.3\nwork|0|guest|base|100000|0.5");
    assert_string_equal(query(path, "SELECT phase, vm, guest_cycles, exit_cycles, share FROM v_overhead"),
                        "boot|0|1000|1000|0.5\nwork|0|100000|100000|0.5");
    assert_string_equal(
        query(path, "SELECT phase, model, name, unit, value FROM v_counter"),
        "boot|gadget0|hits|accesses|30\nboot|gadget0|misses|accesses|0\n"
        "work|gadget0|hits|accesses|3000\nwork|gadget0|misses|accesses|0"); /* snapshots, subtracted */
    assert_string_equal(query(path, "SELECT phase, insns, cycles, cpi FROM v_pe"),
                        "boot|1000|2000|2.0\nwork|100000|200000|2.0");
    assert_string_equal(query(path, "SELECT vmid, printf('%x', vmpidr) FROM vm JOIN vcpu USING(run_id, vm)"),
                        "3|80000001");
    assert_string_equal(query(path, "SELECT sim_ps, pe, insns, cycles, exits, mode FROM sample"),
                        "77|0|1|2|3|fast");
    assert_string_equal(query(path, "SELECT * FROM sample_bucket"), "1|77|0|base|2");
    assert_string_equal(query(path, "SELECT * FROM sample_counter"),
                        "1|77|gadget0|hits|30\n1|77|gadget0|misses|0");
    assert_string_equal(query(path, "PRAGMA user_version"), "4");
    assert_string_equal(query(path, "PRAGMA integrity_check"), "ok");
    assert_string_equal(query(path, "PRAGMA foreign_key_check"), "");
}

/* The buckets of a PE sum to its cycles, in the database too. */
static void sums(void **state)
{
    (void)state;
    whole_run(path);
    assert_string_equal(
        query(path, "SELECT p.name, sum(b.cycles) - (SELECT v.cycles FROM v_pe v WHERE v.phase = p.name)"
                    " FROM context_bucket b JOIN phase p USING(phase_id) GROUP BY phase_id"),
        "boot|0\nwork|0");
    assert_string_equal(
        query(path,
              "SELECT max(e.cycles - (SELECT sum(cycles) FROM exit_bucket b WHERE b.exit_id = e.exit_id)),"
              " min(e.cycles - (SELECT sum(cycles) FROM exit_bucket b WHERE b.exit_id = e.exit_id)) FROM "
              "exit e"),
        "0|0");
}

static unsigned op_set(void *o, unsigned pe)
{
    (void)pe;
    return (unsigned)((struct world *)o)->gadget.hits /
           30; /* after ten hypercalls the PE is of another set */
}

/* Which PE is of which set; rows of exits and traps are of one set. */
static void sets_of_pes(void **state)
{
    static const struct stats_pe_info pes[] = {{"little", "cortex-a55", 0, 0x1000000},
                                               {"big", "cortex-a76", 1, 0x1010000}};
    struct world w;
    char text[16384];
    (void)state;
    world_init(&w);
    const struct ledger_ops ops = {
        .opaque = &w, .sample = op_sample, .get_x = op_x, .hz = op_hz, .set = op_set};
    ledger_free(w.l);
    w.l = ledger_new(1, &ops);
    enter(&w);
    struct stats *s = begin(&w, path);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(stats_pe_info(s, &pes[i]), 0);
    assert_int_equal(stats_write(s, &w.err), 0);
    assert_string_equal(query(path, "SELECT * FROM pe_info"),
                        "1|0|little|cortex-a55|16777216\n1|1|big|cortex-a76|16842752");
    hypercalls(&w, 10);
    hypercalls(&w, 3);
    assert_int_equal(phase(&w, s, "work"), 0);
    assert_int_equal(stats_finish(s, "poweroff", "", 1, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    assert_string_equal(query(path, "SELECT cpus, count, cycles_mean FROM v_exit"),
                        "little|10|100.0\nbig|3|100.0");
    assert_string_equal(query(path, "SELECT cpus, count FROM v_trap ORDER BY count"), "big|3\nlittle|10");
    assert_string_equal(query(path, "SELECT pe, cpus, core FROM v_pe"), "0|little|cortex-a55");
    assert_string_equal(query(path, "PRAGMA integrity_check"), "ok");
    FILE *out = tmpfile();
    assert_int_equal(stats_report(path, 0, STATS_TABLE, out, &w.err), 0);
    rewind(out);
    text[fread(text, 1, sizeof(text) - 1, out)] = 0;
    fclose(out);
    assert_non_null(strstr(text, "little"));
    assert_non_null(strstr(text, "big"));
}

static void many_runs(void **state)
{
    (void)state;
    whole_run(path);
    whole_run(path);
    assert_string_equal(query(path, "SELECT run_id, status FROM run"), "1|poweroff\n2|poweroff");
    assert_string_equal(query(path, "SELECT run_id, sum(count) FROM v_exit GROUP BY run_id"),
                        "1|1010\n2|1010");
}

/* Two files from two equal runs are equal but for the columns that docs/database.md names. */
static void repeats(void **state)
{
    (void)state;
    char other[160], first[8192], second[8192];
    snprintf(other, sizeof(other), "%s/other.db", dir);
    whole_run(path);
    whole_run(other);
    static const char *const tables[] = {"meta",    "config",         "phase",          "pe",
                                         "context", "context_bucket", "counter",        "counter_info",
                                         "sample",  "sample_bucket",  "sample_counter", "vm",
                                         "vcpu",    "vcpu_phase",     "exit",           "exit_bucket",
                                         "trap"};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
        snprintf(first, sizeof(first), "%s", query(path, sql));
        snprintf(second, sizeof(second), "%s", query(other, sql));
        assert_string_equal(first, second);
        assert_true(first[0]);
    }
    unlink(other);
}

static void same_phase_twice(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    assert_int_equal(phase(&w, s, "loop"), 0);
    assert_int_equal(phase(&w, s, "loop"), 0);
    assert_int_equal(phase(&w, s, "loop2"), 0);
    assert_int_equal(phase(&w, s, "loop"), 0);
    stats_close(s);
    ledger_free(w.l);
    assert_string_equal(query(path, "SELECT name FROM phase ORDER BY seq"), "loop\nloop#2\nloop2\nloop#3");
}

static void statuses(void **state)
{
    (void)state;
    static const char *const t[] = {"interrupted", "error", "stuck", "limit"};
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct world w;
        world_init(&w);
        struct stats *s = begin(&w, path);
        assert_int_equal(stats_finish(s, t[i], NULL, 0, &w.err), 0);
        stats_close(s);
        ledger_free(w.l);
        assert_string_equal(query(path, "SELECT status FROM run ORDER BY run_id DESC LIMIT 1"), t[i]);
    }
}

/* One mode of all phases is the run's; two are 'mixed'. */
static void modes(void **state)
{
    (void)state;
    static const char *const t[][4] = {{"fast", "fast", "fast", "fast"},
                                       {"fast", "timed", "fast", "mixed"},
                                       {"timed", "fast", "timed", "mixed"},
                                       {"fast", "fast", "timed", "mixed"}};
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct world w;
        world_init(&w);
        struct stats *s = begin(&w, path); /* whose mode is 'timed' */
        for (unsigned p = 0; p < 3; p++) {
            w.mode = t[i][p];
            assert_int_equal(phase(&w, s, "p"), 0);
        }
        assert_int_equal(stats_finish(s, "limit", NULL, 0, &w.err), 0);
        stats_close(s);
        ledger_free(w.l);
        assert_string_equal(query(path, "SELECT mode FROM v_run ORDER BY run_id DESC LIMIT 1"), t[i][3]);
        assert_string_equal(query(path, "SELECT mode FROM phase WHERE run_id = 2 AND seq = 1"),
                            i ? "timed" : "");
    }
}

/* What a PE ran between the end of a phase and its own change of mode is added to that phase, and it waits
 * for that. */
static void late(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    hypercalls(&w, 10);
    struct stats_source src = source(&w);
    assert_int_equal(stats_phase_hold(s, "a", &src, &w.err), 0);
    ledger_next_phase(w.l);
    ledger_set_mode(w.l, CPU_TIMED);
    sample(&w, s, 1);
    assert_int_equal(stats_write(s, &w.err), 0);
    assert_string_equal(query(path, "SELECT count(*) FROM phase"), "0");
    assert_string_equal(query(path, "SELECT count(*) FROM sample"), "1"); /* all else is written */
    run_for(&w, 9, CPU_BUCKET_L1D);
    w.gadget.hits += 5;
    struct stats_late l;
    assert_true(ledger_take_late(w.l, 0, l.contexts, &l.guest));
    l.pe = (struct stats_pe){w.at.insns, w.at.cycles, 1000000000, w.at.ps};
    l.model = w.models[0];
    stats_amend(s, 0, &l);
    ledger_pe_mode(w.l, 0, CPU_TIMED);
    assert_int_equal(stats_release(s, &w.err), 0);
    assert_string_equal(
        query(path, "SELECT name, (SELECT sum(cycles) FROM context), (SELECT cycles FROM pe),"
                    " (SELECT value FROM counter WHERE name = 'hits'), (SELECT guest_cycles FROM vcpu_phase)"
                    " FROM phase"),
        "a|2009|2009|35|1009");
    assert_string_equal(query(path, "SELECT cycles FROM context_bucket WHERE bucket = 'l1d'"), "9");
    hypercalls(&w, 1);
    assert_int_equal(phase(&w, s, "b"), 0);
    assert_int_equal(stats_finish(s, "limit", NULL, 0, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    assert_string_equal(query(path, "SELECT phase, sum(cycles) FROM v_pe GROUP BY phase"), "a|2009\nb|200");
    assert_string_equal(query(path, "SELECT phase, guest_cycles, exit_cycles FROM v_overhead"),
                        "a|1009|1000\nb|100|100");
}

/* ---- bad databases ---- */

static void bad(const char *p, int code, const char *part)
{
    struct stats *s;
    struct tg_error err = {""};
    assert_int_equal(stats_open(p, &run_info, &s, &err), code);
    assert_null(s);
    if (!strstr(err.text, part) || !strstr(err.text, p))
        fail_msg("message '%s' lacks '%s'", err.text, part);
}

static void not_writable(void **state)
{
    (void)state;
    bad("/nonexistent/dir/run.db", -EACCES, "writable");
    bad(dir, -EACCES, "writable"); /* a directory */
    if (geteuid() == 0) {
        /* root may write anywhere; a file of a file system that nobody may write to does as well */
        bad("/proc/version", -EACCES, "writable");
        bad("/dev/null", -EACCES, "no regular file");
        return;
    }
    whole_run(path);
    chmod(path, 0444);
    bad(path, -EACCES, "writable");
}

static void put_file(const char *text)
{
    FILE *f = fopen(path, "wb");
    for (int i = 0; i < 100; i++)
        fputs(text, f);
    fclose(f);
}

static void foreign(void **state)
{
    (void)state;
    put_file("dear diary, this is a text file\n");
    bad(path, -EINVAL, "not an SQLite database");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 3200); /* untouched */
    unlink(path);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine(x); INSERT INTO mine VALUES(1)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    bad(path, -EINVAL, "another program");
    assert_string_equal(query(path, "SELECT count(*) FROM sqlite_schema"), "1");
}

static void newer(void **state)
{
    (void)state;
    whole_run(path);
    query(path, "PRAGMA user_version = 99");
    bad(path, -EINVAL, "newer Tollgate (schema 99");
    struct tg_error err;
    FILE *out = tmpfile();
    assert_int_equal(stats_report(path, 0, STATS_TABLE, out, &err), -EINVAL);
    fclose(out);
}

static sqlite3_stmt *reading(sqlite3 *db)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM phase", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    return st;
}

static bool is_there(const char *tail)
{
    char p[160];
    snprintf(p, sizeof(p), "%s%s", path, tail);
    return !access(p, F_OK);
}

/* A reader in the middle of a read is in nobody's way, and sees the file as it was; when it is gone, the file
 * is one. */
static void reader_reads_on(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    whole_run(path);
    struct stats *s = begin(&w, path);
    sqlite3 *db = reader(path);
    sqlite3_stmt *st = reading(db);
    for (unsigned i = 0; i < 3; i++) {
        hypercalls(&w, 5);
        assert_int_equal(phase(&w, s, "a"), 0);
        assert_string_equal(query(path, "SELECT max(seq) FROM phase WHERE run_id = 2"), i == 0   ? "0"
                                                                                        : i == 1 ? "1"
                                                                                                 : "2");
    }
    assert_int_equal(sqlite3_column_int(st, 0), 2);
    sqlite3_reset(st);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(st, 0), 2);
    sqlite3_finalize(st);
    assert_int_equal(stats_finish(s, "poweroff", NULL, 1, &w.err), 0);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(w.notes, 0);
    stats_close(s);
    ledger_free(w.l);
    assert_false(is_there("-wal") || is_there("-shm") || is_there("-journal"));
    assert_string_equal(query(path, "PRAGMA journal_mode"), "delete");
    assert_string_equal(query(path, "SELECT status FROM run"), "poweroff\npoweroff");
}

/* It reads on for longer than anybody waits: the rows are in the second file, and that is said. */
static void reader_stays(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    sqlite3 *db = reader(path);
    sqlite3_stmt *st = reading(db);
    hypercalls(&w, 5);
    assert_int_equal(phase(&w, s, "a"), 0);
    assert_int_equal(stats_finish(s, "poweroff", NULL, 1, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    assert_int_equal(w.notes, 1);
    assert_non_null(strstr(w.note, "another program is reading it"));
    assert_string_equal(query(path, "SELECT phase, count FROM v_exit"), "a|5");
    sqlite3_finalize(st);
    sqlite3_close(db);
    assert_false(is_there("-wal"));
    assert_string_equal(query(path, "SELECT phase, count FROM v_exit"), "a|5");
    /* The next run leaves one file again. */
    whole_run(path);
    assert_string_equal(query(path, "PRAGMA journal_mode"), "delete");
}

/* Another writer keeps the file: phases wait in memory, in order, and one message says so. */
static void writer_stays(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    sqlite3 *db = reader(path);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (unsigned i = 0; i < 40; i++) {
        hypercalls(&w, 5);
        assert_int_equal(phase(&w, s, "a"), 0);
    }
    assert_int_equal(w.notes, 1);
    assert_non_null(strstr(w.note, "keeps it locked for writing; the run goes on"));
    assert_string_equal(query(path, "SELECT count(*) FROM phase"), "0");
    sqlite3_close(db);
    hypercalls(&w, 2);
    assert_int_equal(phase(&w, s, "b"), 0);
    assert_int_equal(stats_finish(s, "poweroff", NULL, 1, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    assert_string_equal(
        query(path, "SELECT count(*), sum(count), max(seq) FROM v_exit e JOIN phase p ON p.name = e.phase"),
        "41|202|40");
    assert_string_equal(
        query(path, "SELECT name, start_ps, end_ps FROM phase WHERE seq IN (0, 1, 40) ORDER BY seq"),
        "a|0|1000000\na#2|1000000|2000000\nb|40000000|40400000");
}

/* At the end of the run there is nothing to do but to wait. */
static void end_waits_for_a_writer(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        sqlite3_open(path, &db);
        int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        if (write(pipes[1], &rc, sizeof(rc)) != sizeof(rc))
            _exit(1);
        usleep(7000000);
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        sqlite3_close(db);
        _exit(0);
    }
    int rc = -1;
    assert_int_equal(read(pipes[0], &rc, sizeof(rc)), sizeof(rc));
    assert_int_equal(rc, 0);
    hypercalls(&w, 3);
    assert_int_equal(phase(&w, s, "a"), 0);
    assert_int_equal(stats_finish(s, "poweroff", NULL, 1, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    waitpid(child, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(w.notes, 1);
    assert_string_equal(query(path, "SELECT status, (SELECT sum(count) FROM v_exit) FROM run"), "poweroff|3");
}

/* Whoever removes the file gets it again, with all that was in it; whoever puts another one there keeps that.
 */
static void removed(void **state)
{
    (void)state;
    for (unsigned again = 0; again < 2; again++) {
        char saved[160];
        snprintf(saved, sizeof(saved), "%s.saved", path);
        struct world w;
        world_init(&w);
        struct stats *s = begin(&w, path);
        hypercalls(&w, 5);
        assert_int_equal(phase(&w, s, "a"), 0);
        clean(state);
        if (again) {
            FILE *f = fopen(path, "wb");
            fputs("mine", f);
            fclose(f);
        }
        hypercalls(&w, 2);
        assert_int_equal(phase(&w, s, "b"), 0);
        assert_int_equal(w.notes, 1);
        assert_non_null(
            strstr(w.note, again ? "was replaced while the run wrote to it" : "was removed while"));
        assert_int_equal(stats_finish(s, "poweroff", NULL, 1, &w.err), 0);
        stats_close(s);
        ledger_free(w.l);
        const char *p = again ? saved : path;
        assert_string_equal(query(p, "SELECT status FROM run"), "poweroff");
        assert_string_equal(query(p, "SELECT phase, count FROM v_exit"), "a|5\nb|2");
        assert_string_equal(query(p, "PRAGMA application_id"), "1413956674");
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        if (again) {
            assert_int_equal(st.st_size, 4);
            unlink(saved);
        }
        clean(state);
    }
}

/* A writer that goes away within the patience costs nothing but time. */
static void locked_for_a_while(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        sqlite3_open(path, &db);
        int rc = sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
        if (write(pipes[1], &rc, sizeof(rc)) != sizeof(rc))
            _exit(1);
        usleep(300000);
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        _exit(0);
    }
    int rc = -1;
    assert_int_equal(read(pipes[0], &rc, sizeof(rc)), sizeof(rc));
    assert_int_equal(rc, 0);
    assert_int_equal(phase(&w, s, "a"), 0);
    waitpid(child, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    stats_close(s);
    ledger_free(w.l);
}

/* The file may not grow any more (RLIMIT_FSIZE gives EFBIG as a full disk gives ENOSPC): the run's row says
 * so. With room again, all is written that waited. */
static void disk_full(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    assert_int_equal(phase(&w, s, "first"), 0);
    for (unsigned i = 0; i < 20000; i++)
        sample(&w, s, i);
    hypercalls(&w, 5);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    struct rlimit old, lim;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    lim = old;
    lim.rlim_cur = (rlim_t)st.st_size + 65536;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
    int rc = phase(&w, s, "a");
    int rc2 = stats_finish(s, "poweroff", NULL, 1, &w.err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(rc2, -ENOSPC);
    assert_non_null(strstr(w.err.text, path));
    assert_non_null(strstr(w.err.text, "make room"));
    assert_string_equal(query(path, "SELECT status, why LIKE '%make room%' FROM run"), "error|1");
    assert_string_equal(query(path, "SELECT name FROM phase"), "first"); /* what was committed */
    assert_string_equal(query(path, "PRAGMA integrity_check"), "ok");
    assert_int_equal(phase(&w, s, "b"), 0); /* room was made */
    assert_int_equal(stats_finish(s, "poweroff", NULL, 1, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    assert_string_equal(query(path, "SELECT count(*) FROM sample"), "20000");
    assert_string_equal(query(path, "SELECT name FROM phase ORDER BY seq"), "first\na\nb");
    assert_string_equal(query(path, "SELECT status FROM run"), "poweroff");
}

/* SQLITE_FULL itself: SQLite's own page limit says so before any write to the disk. */
static void database_full(void **state)
{
    (void)state;
    whole_run(path);
    sqlite3 *db = reader(path);
    assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 1", NULL, NULL, NULL),
                     SQLITE_OK); /* not below what it has */
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE big AS SELECT zeroblob(1000000)", NULL, NULL, NULL),
                     SQLITE_FULL);
    struct tg_error err;
    assert_int_equal(stats_sql_error(db, path, "write a phase", &err), -ENOSPC);
    assert_non_null(strstr(err.text, "disk is full"));
    sqlite3_close(db);
}

/* SIGKILL while phases are being written: the database opens, the run says 'running', each phase is there
 * whole or not at all. */
static void killed(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct world w;
        world_init(&w);
        struct stats *s;
        if (stats_open(path, &run_info, &s, &w.err))
            _exit(1);
        for (;;) {
            hypercalls(&w, 10);
            if (phase(&w, s, "p") || write(pipes[1], "x", 1) != 1)
                _exit(2);
        }
    }
    char c[5];
    for (unsigned i = 0; i < sizeof(c); i++)
        assert_int_equal(read(pipes[0], &c[i], 1), 1);
    usleep(3000); /* somewhere inside a later transaction */
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    close(pipes[0]);
    close(pipes[1]);
    assert_string_equal(query(path, "PRAGMA integrity_check"), "ok");
    assert_string_equal(query(path, "SELECT status FROM run"), "running");
    assert_in_range(atoi(query(path, "SELECT count(*) FROM phase")), 5, 1000000);
    assert_string_equal(query(path, "SELECT DISTINCT count FROM v_exit"), "10");
    assert_string_equal(query(path, "SELECT (SELECT count(*) FROM phase) - (SELECT count(*) FROM exit)"),
                        "0");
    struct tg_error err;
    FILE *out = tmpfile();
    assert_int_equal(stats_report(path, 0, STATS_TABLE, out, &err), 0);
    assert_true(ftell(out) > 0);
    fclose(out);
    bool ended = true;
    char note[256];
    assert_int_equal(stats_has_ended(path, 0, &ended, note, &err), 0);
    assert_false(ended);
    assert_non_null(strstr(note, "has not ended (status running)"));
    whole_run(path); /* and it takes further runs */
    assert_int_equal(stats_has_ended(path, 0, &ended, note, &err), 0);
    assert_true(ended);
}

/* ---- reports ---- */

static const char *report(const char *p, int64_t run, int format)
{
    static char text[65536];
    struct tg_error err = {""};
    FILE *out = tmpfile();
    int rc = format < 0 ? stats_report_html(p, run, out, &err)
                        : stats_report(p, run, (enum stats_format)format, out, &err);
    if (rc) {
        fclose(out);
        snprintf(text, sizeof(text), "%d %s", rc, err.text);
        return text;
    }
    rewind(out);
    size_t n = fread(text, 1, sizeof(text) - 1, out);
    text[n] = 0;
    fclose(out);
    return text;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' not in:\n%s", part, text);
}

static void report_table(void **state)
{
    (void)state;
    whole_run(path);
    const char *t = report(path, 0, STATS_TABLE);
    has(t, "platform   virt\n");
    has(t, "status     poweroff\n");
    has(t, "Exits, all vCPUs:\nphase  reason  samples  samples%  time%  min_us  max_us  avg_us\n"
           "boot   HVC          10       100    100     0.1     0.1     0.1\n"
           "work   HVC        1000       100    100     0.1     0.1     0.1\n");
    has(t, "#0 PSCI_VERSION");
    has(t, "el2%");
    has(t, "phase  reason  cycles  l2  sysreg\nboot   HVC        100  40      60\nwork   HVC        100  40  "
           "    60\n");
    has(t, "phase  pe   insns  cycles  cpi  base%  l2%  sysreg%\nboot    0    1000    2000    2     50   20  "
           "     30\n");
    has(t, "EL1   EL2  HVC");
    has(t, "Cycles of each VM");
}

static void report_csv(void **state)
{
    (void)state;
    whole_run(path);
    const char *t = report(path, 1, STATS_CSV);
    has(t, "# run\nrun_id,platform,");
    has(t, "\n# "
           "exits\nphase,reason,samples,samples%,time%,min_us,max_us,avg_us\nboot,HVC,10,100.0,100.0,0.1,0.1,"
           "0.1\n");
    has(t, "\n# overhead\n");
}

static void report_json(void **state)
{
    (void)state;
    whole_run(path);
    const char *t = report(path, 0, STATS_JSON);
    /* SQLite is the judge of well-formedness */
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT json_valid(?1), ?1 ->> '$.run.platform', ?1 ->> "
                                        "'$.exits[1].samples', ?1 ->> '$.exits[1].\"time%\"',"
                                        " json_array_length(?1, '$.traps'), ?1 ->> '$.run.insns'",
                                        -1, &st, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(st, 1, t, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(st, 0), 1);
    assert_string_equal((const char *)sqlite3_column_text(st, 1), "virt");
    assert_int_equal(sqlite3_column_int(st, 2), 1000);
    assert_true(sqlite3_column_double(st, 3) == 100.0);
    assert_int_equal(sqlite3_column_int(st, 4), 2);
    assert_int_equal(sqlite3_column_int(st, 5), 101000);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void report_html(void **state)
{
    (void)state;
    whole_run(path);
    const char *t = report(path, 0, -1);
    has(t, "<!DOCTYPE html>");
    has(t, "<h2>Exits, all vCPUs</h2>");
    has(t, "</html>");
    assert_null(strstr(t, "http")); /* self-contained */
    assert_null(strstr(t, "src="));
}

static void report_errors(void **state)
{
    (void)state;
    has(report("/nonexistent/run.db", 0, STATS_TABLE), "No such file");
    whole_run(path);
    has(report(path, 7, STATS_TABLE), "no run 7");
    has(report(path, 7, -1), "the last is 1");
    put_file("junk and more junk\n");
    has(report(path, 0, STATS_JSON), "not an SQLite database");
    unlink(path);
    put_file("");
    has(report(path, 0, STATS_TABLE), "empty");
    struct tg_error err;
    unlink(path);
    whole_run(path);
    FILE *full = fopen("/dev/full", "w");
    assert_true(stats_report(path, 0, STATS_TABLE, full, &err) < 0);
    fclose(full);
}

/* A run without a hypervisor, without a ledger even, gives a report too. */
static void no_exits(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stats *s = begin(&w, path);
    struct stats_source src = source(&w);
    src.ledger = NULL;
    assert_int_equal(stats_phase(s, "all", &src, &w.err), 0);
    assert_int_equal(stats_finish(s, "limit", NULL, 0, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    const char *t = report(path, 0, STATS_TABLE);
    has(t, "status     limit");
    assert_null(strstr(t, "Exits"));
    has(report(path, 0, STATS_JSON), "\"exits\": []");
}

/* EL2 was called, but nobody was a guest: the sections say why they are empty. */
static void no_guest(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    ledger_free(w.l);
    const struct ledger_ops ops = {.opaque = &w, .sample = op_sample, .get_x = op_x, .hz = op_hz};
    w.l = ledger_new(1, &ops);
    struct stats *s = begin(&w, path);
    for (unsigned i = 0; i < 7; i++) {
        struct cpu_exception e = {
            .from_el = 1, .to_el = 2, .cycle = w.at.cycles, .esr = UINT64_C(0x16) << 26};
        ledger_exception(w.l, 0, &e);
        run_for(&w, 10, CPU_BUCKET_BASE);
        e = (struct cpu_exception){.from_el = 2, .to_el = 1, .to_host = true, .cycle = w.at.cycles};
        ledger_eret(w.l, 0, &e);
    }
    assert_int_equal(phase(&w, s, "all"), 0);
    assert_int_equal(stats_finish(s, "limit", NULL, 0, &w.err), 0);
    stats_close(s);
    ledger_free(w.l);
    const char *t = report(path, 0, STATS_TABLE);
    has(t, "note       no guest was seen, but 7 exceptions came from EL1 to EL2: 7 with stage 2 off "
           "(HCR_EL2.VM = 0)\n");
    has(t, "Exits, all vCPUs:\nnone: no guest was seen, but 7 exceptions");
    has(t, "Cycles of each VM in its guest and in exits:\nnone: ");
    has(report(path, 0, -1), "<h2>Exits, all vCPUs</h2>\n<p>none: no guest was seen");
    has(report(path, 0, STATS_JSON), "\"note\":\"no guest was seen");
    has(report(path, 0, STATS_CSV), "no guest was seen");
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "stats-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/run.db", dir);
    return 0;
}

static int remove_dir(void **state)
{
    clean(state);
    return rmdir(dir);
}

#define T(f) cmocka_unit_test_setup_teardown(f, clean, clean)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(round_trip),
        T(sums),
        T(many_runs),
        T(sets_of_pes),
        T(repeats),
        T(same_phase_twice),
        T(statuses),
        T(modes),
        T(late),
        T(not_writable),
        T(foreign),
        T(newer),
        T(reader_reads_on),
        T(reader_stays),
        T(writer_stays),
        T(end_waits_for_a_writer),
        T(removed),
        T(locked_for_a_while),
        T(disk_full),
        T(database_full),
        T(killed),
        T(report_table),
        T(report_csv),
        T(report_json),
        T(report_html),
        T(report_errors),
        T(no_exits),
        T(no_guest),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
