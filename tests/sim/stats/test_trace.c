/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables event and profile, and names for program counters: what was gathered comes back, also when more came
 * than memory holds or the database was locked; files of schema version 1 are migrated. The ledger is real,
 * fed with made-up exceptions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sim/ledger/ledger.h"
#include "sim/stats/internal.h"

static char dir[64], path[128], other[128];

/* ---- a world: one PE of 1 GHz, one vCPU ---- */

struct world {
    struct ledger_sample at;
    struct ledger *l;
    struct stats *s;
    struct stats_pe pe;
    struct tg_error err;
    int rc; /* of the last stats_event that failed */
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

static void on_event(void *o, const struct ledger_event *e)
{
    struct world *w = o;
    int rc = stats_event(w->s, w->l, e, &w->err);
    if (rc)
        w->rc = rc;
}

static void run_for(struct world *w, uint64_t cycles)
{
    w->at.cycles += cycles;
    w->at.insns += cycles / 2;
    w->at.ps += cycles * 1000;
    w->at.buckets[CPU_BUCKET_BASE] += cycles;
}

static void enter(struct world *w)
{
    struct cpu_exception e = {.from_el = 2, .to_el = 1, .vmid = 3, .cycle = w->at.cycles};
    ledger_eret(w->l, 0, &e);
}

static void leave(struct world *w)
{
    struct cpu_exception e = {.from_el = 1,
                              .to_el = 2,
                              .from_guest = true,
                              .vmid = 3,
                              .cycle = w->at.cycles,
                              .pc = UINT64_C(0xffff800080010004),
                              .esr = UINT64_C(0x16) << 26};
    ledger_exception(w->l, 0, &e);
}

/* n hypercalls: 100 cycles of guest, then `cycles` of exit. */
static void hypercalls(struct world *w, unsigned n, uint64_t cycles)
{
    for (unsigned i = 0; i < n; i++) {
        run_for(w, 100);
        leave(w);
        run_for(w, cycles);
        enter(w);
    }
}

static const struct stats_run run_info = {
    .platform = "virt", .core = "cortex-a57", .mode = "fast", .version = "0.1", .seed = 1, .pes = 1};

static void begin(struct world *w)
{
    memset(w, 0, sizeof(*w));
    const struct ledger_ops ops = {.opaque = w, .sample = op_sample, .get_x = op_x, .hz = op_hz};
    w->l = ledger_new(1, &ops);
    assert_int_equal(stats_open(path, &run_info, &w->s, &w->err), 0);
    enter(w);
}

static int phase(struct world *w, const char *name)
{
    w->pe = (struct stats_pe){w->at.insns, w->at.cycles, 1000000000, w->at.ps};
    struct stats_source src = {.now_ps = w->at.ps, .mode = "fast", .pes = &w->pe, .n_pes = 1, .ledger = w->l};
    int rc = stats_phase(w->s, name, &src, &w->err);
    if (!rc)
        ledger_next_phase(w->l);
    return rc;
}

static void end(struct world *w)
{
    assert_int_equal(stats_finish(w->s, "poweroff", NULL, 1, &w->err), 0);
    stats_close(w->s);
    ledger_free(w->l);
}

static const char *query(const char *sql)
{
    static char out[16384];
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL))
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    size_t n = 0;
    out[0] = 0;
    for (int row = 0; sqlite3_step(st) == SQLITE_ROW; row++)
        for (int c = 0; c < sqlite3_column_count(st); c++) {
            const char *t = (const char *)sqlite3_column_text(st, c), *gap = c ? "|" : row ? "\n" : "";
            n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s", gap, t ? t : "NULL");
        }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return out;
}

static void put(const char *p, const void *data, size_t n)
{
    FILE *f = fopen(p, "wb");
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static struct symbols *symbols_from(enum symbols_space space, const char *text)
{
    struct symbols *y = symbols_new();
    struct tg_error err;
    put(other, text, strlen(text));
    if (symbols_load(y, space, other, 0, 0, &err))
        fail_msg("%s", err.text);
    return y;
}

/* ---- events ---- */

static void events(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct symbols *y = symbols_from(SYMBOLS_GUEST, "ffff800080010000 T guest_main\n");
    assert_int_equal(stats_want_events(w.s, 1000), 0);
    assert_int_equal(stats_use_symbols(w.s, y), 0);
    ledger_listen(w.l, LEDGER_EXITS | LEDGER_TRAPS, on_event, &w);
    hypercalls(&w, 1, 40);
    assert_int_equal(phase(&w, "boot"), 0);
    hypercalls(&w, 2, 60);
    assert_int_equal(phase(&w, "work"), 0);
    end(&w);
    symbols_free(y);
    assert_string_equal(
        query("SELECT seq, phase, kind, vm, vcpu, pe, end_pe, from_el, to_el, reason, detail, "
              "start_ns, pc, symbol, insns, cycles, ns, idle_cycles FROM v_event WHERE kind = 'exit'"),
        "1|boot|exit|0|0|0|0|1|2|HVC|#0 PSCI_VERSION|100.0|0xffff800080010004|guest_main|20|40|40|0\n"
        "3|work|exit|0|0|0|0|1|2|HVC|#0 PSCI_VERSION|240.0|0xffff800080010004|guest_main|30|60|60|0\n"
        "5|work|exit|0|0|0|0|1|2|HVC|#0 PSCI_VERSION|400.0|0xffff800080010004|guest_main|30|60|60|0");
    /* the exits' traps end at the same moment, and come before */
    assert_string_equal(query("SELECT seq, reason, vm, cycles FROM v_event WHERE kind = 'trap'"),
                        "0|HVC|0|40\n2|HVC|0|60\n4|HVC|0|60");
    assert_string_equal(query("SELECT events_dropped FROM run"), "0");
    assert_string_equal(query("PRAGMA foreign_key_check"), "");
}

/* Events and rows say the same, over more events than are kept in memory. */
static void many_events(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    assert_int_equal(stats_want_events(w.s, UINT64_MAX), 0);
    ledger_listen(w.l, LEDGER_EXITS, on_event, &w);
    for (unsigned i = 0; i < 10000; i++)
        hypercalls(&w, 1, 10 + i % 7);
    /* some are in the file before the phase's end, in whole transactions, and their phase has no name yet */
    int early = atoi(query("SELECT count(*) FROM v_event WHERE phase IS NULL"));
    assert_in_range(early, 1, 9999);
    assert_int_equal(phase(&w, "a"), 0);
    hypercalls(&w, 5, 10);
    assert_int_equal(phase(&w, "b"), 0);
    end(&w);
    /* 10,000 exits of 10 to 16 cycles in turn: 1,428 rounds of 91 cycles, then 10 to 13 */
    assert_string_equal(
        query("SELECT phase, count(*), sum(cycles), min(cycles), max(cycles), sum(ns) FROM v_event"
              " GROUP BY phase"),
        "a|10000|129994|10|16|129994\nb|5|50|10|10|50");
    assert_string_equal(
        query("SELECT e.phase, e.n - x.count, e.cycles - x.count * x.cycles_mean FROM v_exit x JOIN"
              " (SELECT phase, count(*) AS n, sum(cycles) AS cycles FROM v_event GROUP BY phase) e"
              " USING(phase)"),
        "a|0|0.0\nb|0|0.0");
    assert_string_equal(query("SELECT min(seq), max(seq), count(DISTINCT seq) FROM event"), "0|10004|10005");
}

static void event_limit(void **state)
{
    (void)state;
    for (unsigned max = 0; max < 6000; max += 5000) {
        struct world w;
        begin(&w);
        assert_int_equal(stats_want_events(w.s, max), 0);
        ledger_listen(w.l, LEDGER_EXITS, on_event, &w);
        hypercalls(&w, 9000, 10);
        assert_int_equal(phase(&w, "a"), 0);
        assert_int_equal(stats_events_dropped(w.s), 9000 - max);
        end(&w);
    }
    assert_string_equal(
        query("SELECT run_id, events_dropped, (SELECT count(*) FROM event e WHERE e.run_id = r.run_id),"
              " (SELECT max(seq) FROM event e WHERE e.run_id = r.run_id) FROM run r"),
        "1|9000|0|NULL\n2|4000|5000|4999");
}

/* While another writer keeps the file locked, a write that is due waits for it: no event is lost. */
static void events_locked(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    assert_int_equal(stats_want_events(w.s, UINT64_MAX), 0);
    ledger_listen(w.l, LEDGER_EXITS, on_event, &w);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        sqlite3_open(path, &db);
        int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        if (write(pipes[1], &rc, sizeof(rc)) != sizeof(rc))
            _exit(1);
        usleep(1000000);
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        sqlite3_close(db);
        _exit(0);
    }
    int rc = -1;
    assert_int_equal(read(pipes[0], &rc, sizeof(rc)), sizeof(rc));
    assert_int_equal(rc, 0);
    hypercalls(&w, 8000, 10);
    assert_int_equal(w.rc, 0);
    assert_int_equal(phase(&w, "a"), 0);
    hypercalls(&w, 10, 10);
    assert_int_equal(phase(&w, "b"), 0);
    assert_int_equal(stats_events_dropped(w.s), 0);
    end(&w);
    waitpid(child, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    assert_string_equal(query("SELECT phase, count(*), sum(mixed) FROM v_event GROUP BY phase"),
                        "a|8000|0\nb|10|0");
}

/* ---- profile ---- */

static void sample(struct world *w, unsigned pe, enum ledger_where where, unsigned el, int vm, uint64_t pc,
                   uint64_t cycles)
{
    const struct stats_pc p = {pe, where, el, vm, pc, cycles};
    if (stats_sample_pc(w->s, &p, &w->err))
        fail_msg("%s", w->err.text);
}

static void profile(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct symbols *y = symbols_from(SYMBOLS_HOST, "0000000000001000 T start\n0000000000001100 t loop\n");
    struct tg_error err;
    put(other, "1000 t guest_loop\n", 18);
    assert_int_equal(symbols_load(y, SYMBOLS_GUEST, other, 0, 0, &err), 0);
    assert_int_equal(stats_want_profile(w.s), 0);
    assert_int_equal(stats_use_symbols(w.s, y), 0);
    sample(&w, 0, LEDGER_EL2, 2, -1, 0x1010, 100);
    sample(&w, 0, LEDGER_EL2, 2, -1, 0x1010, 200);
    sample(&w, 0, LEDGER_EL2, 2, -1, 0x1104, 300);
    sample(&w, 0, LEDGER_GUEST, 1, 0, 0x1104, 400);
    sample(&w, 0, LEDGER_GUEST, 0, 1, UINT64_C(0xffff000012345678), 1000);
    sample(&w, 1, LEDGER_HOST_EL0, 0, -1, 0x10, 50);
    assert_int_equal(phase(&w, "a"), 0);
    sample(&w, 0, LEDGER_EL2, 2, -1, 0x1010, 7);
    assert_int_equal(phase(&w, "b"), 0);
    end(&w);
    symbols_free(y);
    assert_string_equal(
        query("SELECT * FROM v_profile ORDER BY phase, pe, cycles"),
        "1|a|0|el2|2|NULL|0x1010|start|2|300|0.15\n1|a|0|el2|2|NULL|0x1104|loop|1|300|0.15\n"
        "1|a|0|guest|1|0|0x1104|guest_loop|1|400|0.2\n1|a|0|guest|0|1|0xffff000012345678|NULL|1|1000|0.5\n"
        "1|a|1|host_el0|0|NULL|0x10|NULL|1|50|1.0\n1|b|0|el2|2|NULL|0x1010|start|1|7|1.0");
    FILE *out = tmpfile();
    char text[8192];
    assert_int_equal(stats_report(path, 0, STATS_CSV, out, &w.err), 0);
    rewind(out);
    text[fread(text, 1, sizeof(text) - 1, out)] = 0;
    fclose(out);
    const char *expected =
        "\n# profile\nphase,context,el,vm,symbol,samples,cycles,share%\n"
        "a,guest,EL0,1,page 0xffff000012345000,1,1000,48.78\na,guest,EL1,0,guest_loop,1,400,19.51\n"
        "a,el2,EL2,,loop,1,300,14.63\na,el2,EL2,,start,2,300,14.63\n"
        "a,host_el0,EL0,,page 0x0,1,50,2.44\nb,el2,EL2,,start,1,7,100.0\n";
    if (!strstr(text, expected))
        fail_msg("%s", text);
}

/* More places than memory holds: several transactions, one row for each place all the same. */
static void many_places(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    assert_int_equal(stats_want_profile(w.s), 0);
    for (unsigned round = 0; round < 2; round++)
        for (uint64_t i = 0; i < 50000; i++)
            sample(&w, 0, LEDGER_EL2, 2, -1, UINT64_C(0xffff800000000000) + i * 4, i);
    assert_int_not_equal(atoi(query("SELECT count(*) FROM profile")), 0);
    assert_int_equal(phase(&w, "a"), 0);
    end(&w);
    assert_string_equal(
        query("SELECT count(*), sum(samples), min(samples), max(samples), sum(cycles) FROM profile"),
        "50000|100000|2|2|2499950000");
}

/* ---- names ---- */

static int load(struct symbols *y, const char *text, struct tg_error *err)
{
    put(other, text, strlen(text));
    return symbols_load(y, SYMBOLS_HOST, other, 0, 0, err);
}

static void text_symbols(void **state)
{
    (void)state;
    struct tg_error err = {""};
    struct symbols *y = symbols_new();
    assert_int_equal(load(y,
                          "ffff800080010000 T _text\n"
                          "ffff800080010000 t local_alias\n"
                          "                 U undefined\n"
                          "0000000000000009 A absolute\n"
                          "ffff800080010100 t static_one\n"
                          "ffff800080010180 t $x.7\n"
                          "ffff800080010200 W weak_one\n"
                          "\n"
                          "ffff800079000000 t mod_fn\t[virtio_net]\n",
                          &err),
                     0);
    static const struct {
        uint64_t pc;
        const char *name;
    } t[] = {
        {UINT64_C(0xffff800080010000), "_text"},
        {UINT64_C(0xffff8000800100fc), "_text"},
        {UINT64_C(0xffff800080010100), "static_one"},
        {UINT64_C(0xffff800080010184), "static_one"},
        {UINT64_C(0xffff800080010200), "weak_one"},
        {UINT64_C(0xffff800080010200) + SYMBOLS_REACH - 4, "weak_one"},
        {UINT64_C(0xffff800080010200) + SYMBOLS_REACH, NULL},
        {UINT64_C(0xffff800079000010), "mod_fn"},
        {UINT64_C(0xffff800078fffffc), NULL},
        {0x10, NULL},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        const char *name = symbols_at(y, SYMBOLS_HOST, t[i].pc);
        if (!t[i].name)
            assert_null(name);
        else
            assert_string_equal(name, t[i].name);
        assert_null(symbols_at(y, SYMBOLS_GUEST, t[i].pc));
    }
    /* moved */
    put(other, "4000 T moved\n", 13);
    assert_int_equal(symbols_load(y, SYMBOLS_GUEST, other, 0x40000000, 0, &err), 0);
    assert_string_equal(symbols_at(y, SYMBOLS_GUEST, 0x40004000), "moved");
    assert_null(symbols_at(y, SYMBOLS_GUEST, 0x4000));
    /* a bad file leaves what was there */
    size_t n = symbols_count(y, SYMBOLS_HOST);
    assert_int_equal(load(y, "1000 T good\nthis is not a symbol\n", &err), -EINVAL);
    assert_non_null(strstr(err.text, "line 2"));
    assert_int_equal(load(y, "0000000000000000 T a\n0000000000000000 T b\n", &err), -EINVAL);
    assert_non_null(strstr(err.text, "all addresses are 0"));
    assert_int_equal(load(y, "", &err), -EINVAL);
    assert_int_equal(load(y, "1000 T", &err), -EINVAL);
    assert_int_equal(load(y, "\177ELF", &err), -EINVAL);
    assert_int_equal(symbols_load(y, SYMBOLS_HOST, "/nonexistent/map", 0, 0, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/map"));
    assert_int_equal(symbols_count(y, SYMBOLS_HOST), n);
    symbols_free(y);
}

/* An ELF file with a symbol table and nothing else. */
struct elf_file {
    Elf64_Ehdr h;
    Elf64_Shdr s[4];
    Elf64_Sym y[6];
    char strings[64];
};

static void elf_file(struct elf_file *e, unsigned type, unsigned machine)
{
    static const char names[] = "\0main\0label\0data\0$x\0elsewhere";
    *e = (struct elf_file){
        .h = {.e_ident = ELFMAG,
              .e_type = (Elf64_Half)type,
              .e_machine = (Elf64_Half)machine,
              .e_version = 1,
              .e_entry = 0x40,
              .e_shoff = offsetof(struct elf_file, s),
              .e_ehsize = sizeof(Elf64_Ehdr),
              .e_shentsize = sizeof(Elf64_Shdr),
              .e_shnum = 4,
              .e_shstrndx = 3},
        .s = {[1] = {.sh_type = SHT_PROGBITS, .sh_offset = 0},
              [2] = {.sh_type = SHT_SYMTAB,
                     .sh_offset = offsetof(struct elf_file, y),
                     .sh_size = sizeof(e->y),
                     .sh_link = 3,
                     .sh_info = 1,
                     .sh_addralign = 8,
                     .sh_entsize = sizeof(Elf64_Sym)},
              [3] = {.sh_type = SHT_STRTAB,
                     .sh_offset = offsetof(struct elf_file, strings),
                     .sh_size = sizeof(e->strings)}},
        .y = {[1] = {1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x40, 0x20},
              [2] = {6, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x80, 0},
              [3] = {12, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0x90, 8},
              [4] = {17, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x44, 0},
              [5] = {20, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, SHN_UNDEF, 0, 0}},
    };
    e->h.e_ident[EI_CLASS] = ELFCLASS64;
    e->h.e_ident[EI_DATA] = ELFDATA2LSB;
    e->h.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(e->strings, names, sizeof(names));
}

static void elf_symbols(void **state)
{
    (void)state;
    struct tg_error err = {""};
    struct elf_file e;
    for (unsigned dyn = 0; dyn < 2; dyn++) {
        uint64_t entry = 0x40001040, shift = dyn ? 0x40001000 : 0; /* only ET_DYN is moved */
        elf_file(&e, dyn ? ET_DYN : ET_EXEC, EM_AARCH64);
        put(other, &e, sizeof(e));
        assert_true(symbols_has(other));
        struct symbols *y = symbols_new();
        if (symbols_load(y, SYMBOLS_HOST, other, 0, entry, &err))
            fail_msg("%s", err.text);
        assert_int_equal(symbols_count(y, SYMBOLS_HOST), 2);
        assert_string_equal(symbols_at(y, SYMBOLS_HOST, shift + 0x40), "main");
        assert_string_equal(symbols_at(y, SYMBOLS_HOST, shift + 0x5c), "main");
        assert_null(symbols_at(y, SYMBOLS_HOST, shift + 0x60)); /* behind its size */
        assert_string_equal(symbols_at(y, SYMBOLS_HOST, shift + 0x84), "label");
        symbols_free(y);
    }
    struct symbols *y = symbols_new();
    elf_file(&e, ET_EXEC, EM_X86_64);
    put(other, &e, sizeof(e));
    assert_false(symbols_has(other));
    assert_int_equal(symbols_load(y, SYMBOLS_HOST, other, 0, 0, &err), -EINVAL);
    assert_non_null(strstr(err.text, "AArch64"));
    elf_file(&e, ET_EXEC, EM_AARCH64);
    for (size_t n = 0; n < sizeof(e); n += 13) { /* truncated anywhere: an error, never a crash */
        put(other, &e, n);
        symbols_load(y, SYMBOLS_HOST, other, 0, 0, &err);
    }
    symbols_free(y);
    put(other, "MZ plain Image", 14);
    assert_false(symbols_has(other));
    assert_false(symbols_has("/nonexistent"));
}

/* ---- files of version 1 ---- */

static void old_file(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, stats_migrations[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "PRAGMA application_id = 0x54474442; PRAGMA user_version = 1;"
                     "INSERT INTO run(platform, core, mode, pes, seed, quantum_ps, status, schema_version)"
                     " VALUES('old', 'cortex-a53', 'fast', 1, 1, 1, 'poweroff', 1);"
                     "INSERT INTO phase VALUES(1, 1, 0, 'old', 0, 1000);"
                     "INSERT INTO exit VALUES(1, 1, 1, 0, 0, 'HVC', '', 4, 8, 200, 50, 50, 50, 50, 4, 1, 1, "
                     "200, 0, 0, 0, 0, 0)",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
}

static void migration(void **state)
{
    (void)state;
    struct tg_error err;
    char text[8192];
    old_file();
    for (int format = STATS_TABLE; format <= STATS_JSON;
         format++) { /* a report reads it and changes nothing */
        FILE *out = tmpfile();
        assert_int_equal(stats_report(path, 0, (enum stats_format)format, out, &err), 0);
        rewind(out);
        text[fread(text, 1, sizeof(text) - 1, out)] = 0;
        fclose(out);
        assert_non_null(strstr(text, "cortex-a53"));
        assert_non_null(strstr(text, "HVC"));
        assert_null(strstr(text, "profile"));
    }
    assert_string_equal(query("PRAGMA user_version"), "1");
    struct world w;
    begin(&w); /* a further run brings it up to date */
    assert_int_equal(stats_want_events(w.s, 10), 0);
    ledger_listen(w.l, LEDGER_EXITS, on_event, &w);
    hypercalls(&w, 2, 10);
    assert_int_equal(phase(&w, "a"), 0);
    end(&w);
    assert_string_equal(query("PRAGMA user_version"), "4");
    assert_string_equal(query("SELECT value FROM meta WHERE key = 'schema'"), "4");
    assert_string_equal(query("SELECT name, mode FROM phase"), "old|fast\na|fast");
    assert_string_equal(query("SELECT cycles_mean, count, mode FROM v_exit WHERE run_id = 1"), "50.0|4|fast");
    assert_string_equal(query("SELECT DISTINCT cpus FROM v_exit UNION SELECT DISTINCT cpus FROM v_trap"),
                        "cpus");
    assert_string_equal(query("PRAGMA integrity_check"), "ok");
    assert_string_equal(query("SELECT run_id, core, schema_version, events_dropped FROM run"),
                        "1|cortex-a53|1|0\n2|cortex-a57|4|0");
    assert_string_equal(query("SELECT run_id, count(*) FROM event"), "2|2");
    /* and then it is like a new one */
    char schema[16384];
    snprintf(schema, sizeof(schema), "%s", query("SELECT name, sql FROM sqlite_schema ORDER BY name"));
    unlink(path);
    begin(&w);
    end(&w);
    assert_string_equal(query("SELECT name, sql FROM sqlite_schema ORDER BY name"), schema);
}

/* A report reads files of each version before ours. */
static void older_reports(void **state)
{
    (void)state;
    for (int version = 1; version < STATS_SCHEMA_VERSION; version++) {
        struct tg_error err = {""};
        char text[16384], sql[64];
        sqlite3 *db;
        unlink(path);
        old_file();
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        for (int v = 1; v < version; v++)
            assert_int_equal(sqlite3_exec(db, stats_migrations[v], NULL, NULL, NULL), SQLITE_OK);
        snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        FILE *out = tmpfile();
        if (stats_report(path, 0, STATS_TABLE, out, &err))
            fail_msg("version %d: %s", version, err.text);
        rewind(out);
        text[fread(text, 1, sizeof(text) - 1, out)] = 0;
        fclose(out);
        assert_non_null(strstr(text, "HVC"));
    }
}

static int clean(void **state)
{
    (void)state;
    char journal[160];
    snprintf(journal, sizeof(journal), "%s-journal", path);
    unlink(path);
    unlink(journal);
    unlink(other);
    return 0;
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "trace-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/run.db", dir);
    snprintf(other, sizeof(other), "%s/other", dir);
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
        T(events),      T(many_events), T(event_limit),   T(events_locked), T(profile),
        T(many_places), T(migration),   T(older_reports), T(text_symbols),  T(elf_symbols),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
