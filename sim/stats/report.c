/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tollgate report`: the questions people ask of a run, as tables, CSV or JSON. Exits come first, in the
 * columns of `perf kvm stat`. Each section is one SQL query over the public schema; nothing is computed here
 * but widths.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu.h"
#include "sim/stats/internal.h"

/* One column for each CPI bucket, empty where nothing was charged to it. */
#define EXIT_COLUMN(id, name, text) \
    ", round(1.0 * sum(b.cycles) FILTER (WHERE b.bucket = '" name "') / t.n, 1) AS \"" name "\""
#define EXIT_BUCKETS CPU_BUCKETS(EXIT_COLUMN)
#define PE_COLUMN(id, name, text)                                   \
    ", round(100.0 * sum(b.cycles) FILTER (WHERE b.bucket = '" name \
    "') / nullif(v.cycles, 0), 2) AS \"" name "%\""
#define PE_BUCKETS CPU_BUCKETS(PE_COLUMN)

/* Whose cycles they are, where there are several sets of PEs. */
#define OF_SET(cpus)                                                                                      \
    ", CASE WHEN (SELECT count(DISTINCT i.cpus) FROM pe_info i WHERE i.run_id = p.run_id) > 1 THEN " cpus \
    " END"                                                                                                \
    " AS cpus"

/* Places of each phase in the section profile. */
#define PROFILE_ROWS 20

/* In place of a reason that nobody could write. */
#define UNFINISHED "'the run has not ended: it goes on, or was killed; here is what it had written'"

/* clang-format off */
const struct stats_section stats_sections[] = {
    {"run", "Run",
     "SELECT r.run_id, platform, core, mode, pes, seed, status, CASE status WHEN 'running' THEN " UNFINISHED " ELSE why END AS why,"
     " round(sim_ps / 1e9, 6) AS sim_ms, insns, cycles,"
     " round(1.0 * cycles / nullif(insns, 0), 3) AS cpi, round(host_s, 3) AS host_s,"
     " CASE WHEN host_s > 0 THEN round(insns / host_s / 1e6, 1) END AS mips, version, note"
     " FROM run r WHERE run_id = ?1", .since = 1},
    {"phases", "Phases",
     "SELECT seq, name AS phase, round(start_ps / 1e9, 6) AS start_ms, round(end_ps / 1e9, 6) AS end_ms, mode FROM phase WHERE run_id = ?1 ORDER BY seq", .since = 1},
    {"exits", "Exits, all vCPUs",
     "SELECT p.name AS phase, reason, sum(count) AS samples,"
     " round(100.0 * sum(count) / sum(sum(count)) OVER (PARTITION BY p.phase_id), 2) AS \"samples%\","
     " round(100.0 * sum(ns) / nullif(sum(sum(ns)) OVER (PARTITION BY p.phase_id), 0), 2) AS \"time%\","
     " min(ns_min) FILTER (WHERE measured > 0) / 1e3 AS min_us,"
     " max(ns_max) FILTER (WHERE measured > 0) / 1e3 AS max_us, round(1.0 * sum(ns) / nullif(sum(measured), 0) / 1e3, 3) AS avg_us"
     " FROM exit e JOIN phase p USING(phase_id) WHERE p.run_id = ?1 GROUP BY p.phase_id, reason"
     " ORDER BY p.seq, sum(ns) DESC, reason", .since = 1, .of_guests = true},
    {"exit_cycles", "Cycles of an exit, and where they ran (% of the exit)",
     "SELECT p.name AS phase, vm, vcpu, reason, detail, count, round(1.0 * insns / nullif(measured, 0), 1) AS insns,"
     " round(1.0 * cycles / nullif(measured, 0), 1) AS cycles, CASE WHEN measured > 0 THEN cycles_min END AS min,"
     " CASE WHEN measured > 0 THEN cycles_p50 END AS p50, CASE WHEN measured > 0 THEN cycles_p99 END AS p99,"
     " CASE WHEN measured > 0 THEN cycles_max END AS max,"
     " round(100.0 * el2_cycles / nullif(cycles, 0), 1) AS \"el2%\","
     " round(100.0 * host_el1_cycles / nullif(cycles, 0), 1) AS \"host_el1%\","
     " round(100.0 * host_el0_cycles / nullif(cycles, 0), 1) AS \"host_el0%\","
     " round(100.0 * guest_cycles / nullif(cycles, 0), 1) AS \"other_vcpu%\","
     " round(100.0 * idle_cycles / nullif(cycles, 0), 1) AS \"idle%\"" OF_SET("cpus")
     " FROM exit e JOIN phase p USING(phase_id) WHERE p.run_id = ?1 ORDER BY p.seq, vm, vcpu, e.cycles DESC, reason, detail, cpus",
     .since = 1, .of_guests = true},
    {"exit_buckets", "What the cycles of an exit were spent on (cycles per exit, by CPI bucket)",
     "SELECT p.name AS phase, t.tr AS reason, round(1.0 * t.c / t.n, 1) AS cycles" EXIT_BUCKETS OF_SET("t.tk")
     " FROM (SELECT phase_id AS tp, reason AS tr, cpus AS tk, nullif(sum(measured), 0) AS n, sum(cycles) AS c FROM exit GROUP BY phase_id, reason, cpus) t"
     " JOIN phase p ON p.phase_id = t.tp JOIN exit e ON e.phase_id = t.tp AND e.reason = t.tr AND e.cpus = t.tk LEFT JOIN exit_bucket b USING(exit_id)"
     " WHERE p.run_id = ?1 GROUP BY t.tp, t.tr, t.tk ORDER BY p.seq, t.c DESC, t.tr, t.tk", .since = 1, .of_guests = true},
    {"traps", "Exceptions taken to EL2, EL3 or by a host",
     "SELECT p.name AS phase, 'EL' || from_el AS \"from\", 'EL' || to_el AS \"to\", ec, detail, sum(count) AS count,"
     " round(1.0 * sum(cycles) / nullif(sum(returned), 0), 1) AS cycles,"
     " min(cycles_min) FILTER (WHERE returned > 0) AS min, max(cycles_max) FILTER (WHERE returned > 0) AS max" OF_SET("cpus") " FROM trap t JOIN phase p USING(phase_id) WHERE p.run_id = ?1 GROUP BY p.phase_id, from_el, to_el, ec, detail, cpus"
     " ORDER BY p.seq, sum(count) DESC, from_el, to_el, ec, detail, cpus", .since = 1},
    {"cpi", "Where the cycles of each PE went (% of its cycles, by CPI bucket)",
     "SELECT p.name AS phase, v.pe, v.insns, v.cycles, round(v.cpi, 3) AS cpi" PE_BUCKETS
     " FROM v_pe v JOIN phase p ON p.run_id = v.run_id AND p.name = v.phase"
     " JOIN context_bucket b ON b.phase_id = p.phase_id AND b.pe = v.pe WHERE v.run_id = ?1"
     " GROUP BY p.phase_id, v.pe ORDER BY p.seq, v.pe", .since = 1},
    {"contexts", "Which software they ran",
     "SELECT p.name AS phase, c.pe, c.context, c.insns, c.cycles, round(1.0 * c.cycles / nullif(c.insns, 0), 3) AS cpi,"
     " round(100.0 * c.cycles / nullif(sum(c.cycles) OVER (PARTITION BY c.phase_id, c.pe), 0), 2) AS \"share%\""
     " FROM context c JOIN phase p USING(phase_id) WHERE p.run_id = ?1 ORDER BY p.seq, c.pe, c.cycles DESC, c.context", .since = 1},
    {"overhead", "Cycles of each VM in its guest and in exits",
     "SELECT o.phase, o.vm, v.vmid, o.guest_cycles, o.exit_cycles, round(100.0 * o.share, 2) AS \"share%\""
     " FROM v_overhead o JOIN vm v ON v.run_id = o.run_id AND v.vm = o.vm JOIN phase p ON p.run_id = o.run_id AND p.name = o.phase"
     " WHERE o.run_id = ?1 ORDER BY p.seq, o.vm", .since = 1, .of_guests = true},
    {"profile", "Where the program counter was (sampled; % of the phase, all PEs; the first " TG_STR(PROFILE_ROWS) ")",
     "SELECT phase, context, 'EL' || el AS el, vm, place AS symbol, samples, cycles, round(100.0 * share, 2) AS \"share%\" FROM ("
     " SELECT p.seq AS seq, coalesce(p.name, '?') AS phase, context, el, nullif(s.vm, -1) AS vm,"
     " coalesce(symbol, printf('page 0x%llx', pc & ~4095)) AS place, sum(samples) AS samples, sum(cycles) AS cycles,"
     " 1.0 * sum(cycles) / nullif(sum(sum(cycles)) OVER (PARTITION BY s.phase), 0) AS share,"
     " row_number() OVER (PARTITION BY s.phase ORDER BY sum(cycles) DESC, context, el, s.vm, coalesce(symbol, printf('page 0x%llx', pc & ~4095))) AS rank"
     " FROM profile s LEFT JOIN phase p ON p.run_id = s.run_id AND p.seq = s.phase WHERE s.run_id = ?1"
     " GROUP BY s.phase, context, el, s.vm, place) WHERE rank <= " TG_STR(PROFILE_ROWS) " ORDER BY seq, rank",
     .since = 2},
};
/* clang-format on */
const unsigned stats_n_sections = TG_ARRAY_SIZE(stats_sections);

#define TABLE_ROWS 40 /* of one section on a terminal; CSV and JSON have all */

/* Files of before version 3: what its columns say of them, for the sections' queries only. */
static const char older[] =
    "CREATE TEMP VIEW run AS SELECT *, NULL AS note FROM main.run;"
    "CREATE TEMP VIEW phase AS SELECT *, (SELECT r.mode FROM main.run r WHERE r.run_id = p.run_id) AS mode"
    " FROM main.phase p;"
    "CREATE TEMP VIEW exit AS SELECT *, count AS measured, 'cpus' AS cpus FROM main.exit;"
    "CREATE TEMP VIEW trap AS SELECT *, 'cpus' AS cpus FROM main.trap;"
    "CREATE TEMP VIEW pe_info AS SELECT 0 AS run_id, '' AS cpus WHERE 0;";
/* Of version 3: no sets of PEs. */
static const char before_sets[] = "CREATE TEMP VIEW exit AS SELECT *, 'cpus' AS cpus FROM main.exit;"
                                  "CREATE TEMP VIEW trap AS SELECT *, 'cpus' AS cpus FROM main.trap;"
                                  "CREATE TEMP VIEW pe_info AS SELECT 0 AS run_id, '' AS cpus WHERE 0;";

int stats_report_open(const char *path, int64_t *run, sqlite3 **db, struct tg_error *err)
{
    bool fresh;
    int rc = stats_db_open(path, false, db, &fresh, err);
    if (rc)
        return rc;
    sqlite3_stmt *st = NULL;
    int64_t last = 0, found = 0, count = 0;
    if (sqlite3_prepare_v2(*db, "SELECT max(run_id), max(run_id = ?1), count(*) FROM run", -1, &st, NULL) ==
        SQLITE_OK) {
        sqlite3_bind_int64(st, 1, *run);
        if (sqlite3_step(st) == SQLITE_ROW) {
            last = sqlite3_column_int64(st, 0);
            found = sqlite3_column_int64(st, 1);
            count = sqlite3_column_int64(st, 2);
        }
    }
    if (sqlite3_finalize(st) != SQLITE_OK || !st)
        rc = stats_sql_error(*db, path, "read its runs", err);
    else if (!count)
        rc = tg_error_set(err, ENOENT, "database '%s': it holds no run", path);
    else if (*run && !found)
        rc = tg_error_set(err, ENOENT,
                          "database '%s': no run %" PRId64 "; it holds %" PRId64 ", the last is %" PRId64,
                          path, *run, count, last);
    if (!*run)
        *run = last;
    int version = stats_db_version(*db);
    if (!rc && version < 4 && sqlite3_exec(*db, version < 3 ? older : before_sets, NULL, NULL, NULL))
        rc = stats_sql_error(*db, path, "read it", err);
    if (rc) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return rc;
}

/* ---- tables ---- */

struct table {
    char **cell; /* [rows * columns], malloc'd */
    size_t rows, cap;
    int columns;
};

static void table_free(struct table *t)
{
    for (size_t i = 0; i < t->rows * (size_t)t->columns; i++)
        free(t->cell[i]);
    free(t->cell);
}

static bool table_row(struct table *t, sqlite3_stmt *st)
{
    size_t at = t->rows * (size_t)t->columns;
    if (t->rows == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        char **more = realloc(t->cell, cap * (size_t)t->columns * sizeof(*more));
        if (!more)
            return false;
        t->cell = more;
        t->cap = cap;
    }
    for (int c = 0; c < t->columns; c++) {
        char *text = NULL;
        if (sqlite3_column_type(st, c) == SQLITE_FLOAT)
            text = sqlite3_mprintf("%.10g", sqlite3_column_double(st, c));
        const char *s = text ? text : (const char *)sqlite3_column_text(st, c);
        t->cell[at + (size_t)c] = strdup(s ? s : "");
        sqlite3_free(text);
    }
    t->rows++;
    return true;
}

static bool numeric(const char *s)
{
    char *end;
    if (!*s)
        return true;
    strtod(s, &end);
    return !*end;
}

static void repeat(FILE *out, char ch, size_t n)
{
    while (n--)
        fputc(ch, out);
}

/* Columns of text to the left, of numbers to the right; columns with nothing in them are left out. */
static void table_print(const struct table *t, sqlite3_stmt *st, FILE *out)
{
    size_t shown = t->rows < TABLE_ROWS ? t->rows : TABLE_ROWS;
    size_t *width = calloc((size_t)t->columns, sizeof(*width));
    bool *right = calloc((size_t)t->columns, sizeof(*right));
    int last = 0;
    for (int c = 0; width && right && c < t->columns; c++) {
        right[c] = true;
        for (size_t r = 0; r < shown; r++) {
            const char *s = t->cell[r * (size_t)t->columns + (size_t)c];
            size_t n = s ? strlen(s) : 0;
            width[c] = n > width[c] ? n : width[c];
            right[c] &= !s || numeric(s);
        }
        size_t title = strlen(sqlite3_column_name(st, c));
        if (width[c] && title > width[c])
            width[c] = title;
        if (width[c])
            last = c;
    }
    for (size_t r = 0; width && right && r <= shown; r++) {
        for (int c = 0; c < t->columns; c++) {
            const char *s =
                r == 0 ? sqlite3_column_name(st, c) : t->cell[(r - 1) * (size_t)t->columns + (size_t)c];
            if (!width[c])
                continue;
            size_t pad = width[c] - (s ? strlen(s) : 0);
            if (right[c])
                repeat(out, ' ', pad);
            fputs(s ? s : "", out);
            if (c < last) {
                if (!right[c])
                    repeat(out, ' ', pad);
                fputs("  ", out);
            }
        }
        fputc('\n', out);
    }
    if (shown < t->rows)
        fprintf(out, "... and %zu more; --format csv or json has all\n", t->rows - shown);
    free(width);
    free(right);
}

/* The run's header reads better downwards. */
static void header_print(const struct table *t, sqlite3_stmt *st, FILE *out)
{
    for (int c = 0; t->rows && c < t->columns; c++)
        if (t->cell[c] && *t->cell[c])
            fprintf(out, "%-10s %s\n", sqlite3_column_name(st, c), t->cell[c]);
}

/* Text of the column `note` of the run, "" for none. */
void stats_report_note(sqlite3 *db, int64_t run, char *out, size_t n)
{
    sqlite3_stmt *st = NULL;
    const char *text = NULL;
    if (!sqlite3_prepare_v2(db, "SELECT note FROM run WHERE run_id = ?1", -1, &st, NULL)) {
        sqlite3_bind_int64(st, 1, run);
        if (sqlite3_step(st) == SQLITE_ROW)
            text = (const char *)sqlite3_column_text(st, 0);
    }
    snprintf(out, n, "%s", text ? text : "");
    sqlite3_finalize(st);
}

static int section_table(const struct stats_section *sec, sqlite3_stmt *st, const char *note, FILE *out)
{
    struct table t = {.columns = sqlite3_column_count(st)};
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        if (!table_row(&t, st)) {
            rc = SQLITE_NOMEM;
            break;
        }
    if (t.rows && sec == &stats_sections[0]) {
        header_print(&t, st, out);
    } else if (t.rows) {
        fprintf(out, "\n%s:\n", sec->title);
        table_print(&t, st, out);
    } else if (sec->of_guests && *note) {
        fprintf(out, "\n%s:\nnone: %s\n", sec->title, note);
    }
    table_free(&t);
    return rc;
}

/* ---- CSV (RFC 4180), a '#' line with the section's name before each ---- */

static void csv_cell(FILE *out, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        fputs(s, out);
        return;
    }
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"')
            fputc('"', out);
        fputc(*s, out);
    }
    fputc('"', out);
}

static int section_csv(const struct stats_section *sec, sqlite3_stmt *st, FILE *out)
{
    int rc, n = sqlite3_column_count(st);
    fprintf(out, "%s# %s\n", sec == &stats_sections[0] ? "" : "\n", sec->name);
    for (int c = 0; c < n; c++) {
        csv_cell(out, sqlite3_column_name(st, c));
        fputc(c + 1 < n ? ',' : '\n', out);
    }
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        for (int c = 0; c < n; c++) {
            const char *s = (const char *)sqlite3_column_text(st, c);
            csv_cell(out, s ? s : "");
            fputc(c + 1 < n ? ',' : '\n', out);
        }
    }
    return rc;
}

/* ---- JSON, by SQLite's own functions ---- */

static int section_json(sqlite3 *db, const struct stats_section *sec, sqlite3_stmt *shape, int64_t run,
                        FILE *out)
{
    sqlite3_str *q = sqlite3_str_new(db);
    sqlite3_str_appendall(q, "SELECT json_object(");
    for (int c = 0; c < sqlite3_column_count(shape); c++) {
        const char *name = sqlite3_column_name(shape, c);
        sqlite3_str_appendf(q, "%s%Q, \"%w\"", c ? ", " : "", name, name);
    }
    sqlite3_str_appendf(q, ") FROM (%s)", sec->sql);
    char *text = sqlite3_str_finish(q);
    sqlite3_stmt *st = NULL;
    int rc = text ? sqlite3_prepare_v2(db, text, -1, &st, NULL) : SQLITE_NOMEM;
    sqlite3_free(text);
    if (rc)
        return rc;
    sqlite3_bind_int64(st, 1, run);
    bool one = sec == &stats_sections[0], first = true;
    fprintf(out, "%s\n  \"%s\": %s", one ? "{" : ",", sec->name, one ? "" : "[");
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        fprintf(out, "%s%s%s",
                one     ? ""
                : first ? "\n"
                        : ",\n",
                one ? "" : "    ", (const char *)sqlite3_column_text(st, 0));
        first = false;
    }
    fputs(one ? "" : first ? "]" : "\n  ]", out);
    sqlite3_finalize(st);
    return rc;
}

int stats_has_ended(const char *path, int64_t run, bool *ended, char note[256], struct tg_error *err)
{
    sqlite3 *db;
    int rc = stats_report_open(path, &run, &db, err);
    if (rc)
        return rc;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(
            db,
            "SELECT status <> 'running', (SELECT count(*) FROM phase p WHERE p.run_id = r.run_id)"
            " FROM run r WHERE run_id = ?1",
            -1, &st, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, run);
        if (sqlite3_step(st) == SQLITE_ROW) {
            *ended = sqlite3_column_int(st, 0);
            snprintf(note, 256,
                     "database '%s': run %" PRId64
                     " has not ended (status running): it goes on, or was killed; it holds "
                     "%d complete phase%s",
                     path, run, sqlite3_column_int(st, 1), sqlite3_column_int(st, 1) == 1 ? "" : "s");
        }
    }
    if (sqlite3_finalize(st) != SQLITE_OK || !st)
        rc = stats_sql_error(db, path, "read it", err);
    sqlite3_close(db);
    return rc;
}

int stats_report(const char *path, int64_t run, enum stats_format format, FILE *out, struct tg_error *err)
{
    sqlite3 *db;
    int rc = stats_report_open(path, &run, &db, err);
    if (rc)
        return rc;
    /* One transaction, so that a run being written does not change under the report. */
    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    char note[256];
    stats_report_note(db, run, note, sizeof(note));
    for (unsigned i = 0; !rc && i < stats_n_sections; i++) {
        const struct stats_section *sec = &stats_sections[i];
        if (sec->since > stats_db_version(db))
            continue;
        sqlite3_stmt *st = NULL;
        int step = sqlite3_prepare_v2(db, sec->sql, -1, &st, NULL);
        if (!step) {
            sqlite3_bind_int64(st, 1, run);
            step = format == STATS_TABLE ? section_table(sec, st, note, out)
                   : format == STATS_CSV ? section_csv(sec, st, out)
                                         : section_json(db, sec, st, run, out);
        }
        if (step != SQLITE_DONE)
            rc = stats_sql_error(db, path, "read it", err);
        sqlite3_finalize(st);
    }
    if (!rc && format == STATS_JSON)
        fputs("\n}\n", out);
    sqlite3_close(db);
    if (!rc && (fflush(out) || ferror(out)))
        rc =
            tg_error_set(err, errno ? errno : EIO, "report: cannot write: %s", strerror(errno ? errno : EIO));
    return rc;
}
