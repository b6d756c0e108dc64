/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines to a sink; once-per-site bookkeeping of guest errors. */
#include "models/base/log.h"

#include <stdio.h>

void tg_log(struct tg_log *log, enum tg_log_level level, const char *who, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (!log || !log->sink)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    log->sink(log->opaque, level, who, text);
}

bool tg_log_guest_once(struct tg_log *log, const void *who, const char *site)
{
    if (!log)
        return false;
    log->guest_errors++;
    for (unsigned i = 0; i < log->n_seen; i++)
        if (log->seen[i].who == who && log->seen[i].site == site)
            return false;
    if (log->n_seen == TG_LOG_SITES)
        return false;
    log->seen[log->n_seen].who = who;
    log->seen[log->n_seen].site = site;
    log->n_seen++;
    return true;
}
