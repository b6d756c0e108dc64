/* SPDX-License-Identifier: Apache-2.0 */
/* One line on standard error that says how far a long run is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "sim/cli/cli.h"

double cli_host_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

const char *cli_thousands(uint64_t n, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    char *o = out;

    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *o++ = ',';
        *o++ = digits[i];
    }
    *o = 0;
    return out;
}

void cli_progress_start(struct cli_progress *p, bool shown)
{
    memset(p, 0, sizeof(*p));
    p->shown = shown;
    p->start = p->last = cli_host_seconds();
}

void cli_progress_show(struct cli_progress *p, tg_time now, uint64_t insns, uint64_t exits)
{
    double t = cli_host_seconds();
    char e[32];

    if (!p->shown || t - p->last < 0.5)
        return;
    fprintf(stderr, "\r%.3f s simulated, %.1f M instructions, %.1f MIPS, %s exits, %.0f s\033[K",
            (double)now / TG_SEC, (double)insns / 1e6, (double)(insns - p->last_insns) / 1e6 / (t - p->last),
            cli_thousands(exits, e), t - p->start);
    fflush(stderr);
    p->line_open = true;
    p->last = t;
    p->last_insns = insns;
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->line_open)
        fputs("\r\033[K", stderr);
    p->line_open = false;
}
