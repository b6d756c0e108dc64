/* SPDX-License-Identifier: Apache-2.0 */
/* `tollgate report --html`: the sections of report.c as one page that needs nothing else; columns of
 * percentages get bars. */
#include <errno.h>
#include <string.h>
#include "sim/stats/internal.h"

static void escape(FILE *out, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*s, out);
        }
    }
}

static const char style[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Tollgate report</title><style>\n"
    "body{font:14px/1.4 "
    "system-ui,sans-serif;margin:2em;color:#222;background:#fff}h1{font-size:1.4em}h2{font-size:1.1em;margin-"
    "top:2em}\n"
    "table{border-collapse:collapse}th,td{padding:.15em .7em;text-align:left;border-bottom:1px solid "
    "#ddd}th{border-bottom:2px solid #888}\n"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "td.p{background:linear-gradient(#b8d4f0,#b8d4f0) no-repeat left/var(--w) 100%}\n</style></head><body>\n";

static int section(const struct stats_section *sec, sqlite3_stmt *st, const char *note, FILE *out)
{
    int rc, n = sqlite3_column_count(st);
    bool first = true;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        if (first) {
            fprintf(out, "<h2>%s</h2>\n<table><tr>", sec->title);
            for (int c = 0; c < n; c++) {
                fputs("<th>", out);
                escape(out, sqlite3_column_name(st, c));
            }
            fputs("</tr>\n", out);
            first = false;
        }
        fputs("<tr>", out);
        for (int c = 0; c < n; c++) {
            const char *name = sqlite3_column_name(st, c), *text = (const char *)sqlite3_column_text(st, c);
            int type = sqlite3_column_type(st, c);
            if (strchr(name, '%') && type == SQLITE_FLOAT)
                fprintf(out, "<td class=\"n p\" style=\"--w:%.1f%%\">", sqlite3_column_double(st, c));
            else
                fputs(type == SQLITE_TEXT ? "<td>" : "<td class=\"n\">", out);
            escape(out, text ? text : "");
        }
        fputs("</tr>\n", out);
    }
    if (!first)
        fputs("</table>\n", out);
    else if (sec->of_guests && *note) {
        fprintf(out, "<h2>%s</h2>\n<p>none: ", sec->title);
        escape(out, note);
        fputs("</p>\n", out);
    }
    return rc;
}

int stats_report_html(const char *path, int64_t run, FILE *out, struct tg_error *err)
{
    sqlite3 *db;
    int rc = stats_report_open(path, &run, &db, err);
    if (rc)
        return rc;
    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    char note[256];
    stats_report_note(db, run, note, sizeof(note));
    fputs(style, out);
    fputs("<h1>Tollgate: what the exits cost</h1>\n", out);
    for (unsigned i = 0; !rc && i < stats_n_sections; i++) {
        if (stats_sections[i].since > stats_db_version(db))
            continue;
        sqlite3_stmt *st = NULL;
        int step = sqlite3_prepare_v2(db, stats_sections[i].sql, -1, &st, NULL);
        if (!step) {
            sqlite3_bind_int64(st, 1, run);
            step = section(&stats_sections[i], st, note, out);
        }
        if (step != SQLITE_DONE)
            rc = stats_sql_error(db, path, "read it", err);
        sqlite3_finalize(st);
    }
    fputs("</body></html>\n", out);
    sqlite3_close(db);
    if (!rc && (fflush(out) || ferror(out)))
        rc =
            tg_error_set(err, errno ? errno : EIO, "report: cannot write: %s", strerror(errno ? errno : EIO));
    return rc;
}
