/* SPDX-License-Identifier: Apache-2.0 */
/* tollgate report: the command line of sim/stats' reports. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "sim/cli/cli.h"
#include "sim/platform/platform.h"
#include "sim/stats/stats.h"

struct options {
    uint64_t run;
    const char *format, *html;
};

static const struct cli_arg args[] = {
    {"run", CLI_NUMBER, "ID", "run of the database; default: the last one", offsetof(struct options, run)},
    {"format", CLI_TEXT, "table|csv|json", "default: table", offsetof(struct options, format)},
    {"html", CLI_TEXT, "FILE", "write a self-contained page instead", offsetof(struct options, html)},
};

int cli_report(int argc, char **argv)
{
    static const char *const formats[] = {"table", "csv", "json"};
    struct options o = {0};
    enum stats_format format = STATS_TABLE;
    struct tg_error err;
    const char *db[1];
    bool ended = true;
    char note[256];
    size_t n;
    int rc = cli_parse("report", args, TG_ARRAY_SIZE(args), argc, argv, &o, db, 1, &n, &err);

    if (rc == 1) {
        cli_help("report RUN.db [OPTION]...", "Prints what each kind of exit cost.\n", args,
                 TG_ARRAY_SIZE(args));
        return CLI_OK;
    }
    if (rc)
        return cli_complain("%s", err.text);
    if (n == 0)
        return cli_complain("report: a database is missing: tollgate report RUN.db");
    if (o.format) {
        size_t i = 0;

        while (i < TG_ARRAY_SIZE(formats) && strcmp(formats[i], o.format))
            i++;
        if (i == TG_ARRAY_SIZE(formats)) {
            const char *near = platform_nearest(o.format, formats, i);

            return cli_complain("--format: found '%s', expected table, csv or json%s%s%s", o.format,
                                near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
        }
        format = (enum stats_format)i;
    }
    if (o.html) {
        FILE *f = fopen(o.html, "w");

        if (!f)
            return cli_complain("--html: %s: %s", o.html, strerror(errno));
        rc = stats_report_html(db[0], (int64_t)o.run, f, &err);
        if (fclose(f) && !rc)
            return cli_complain("--html: %s: %s", o.html, strerror(errno));
    } else {
        rc = stats_report(db[0], (int64_t)o.run, format, stdout, &err);
        if (!rc && fflush(stdout))
            return cli_complain("standard output: %s", strerror(errno));
    }
    if (rc)
        return cli_complain("%s", err.text);
    /* Standard output has the report and nothing else. */
    if (!stats_has_ended(db[0], (int64_t)o.run, &ended, note, &err) && !ended)
        cli_complain("%s", note);
    return CLI_OK;
}
