/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What models have to say. Nothing here prints: lines go to the sink that the machine (or a test) installed.
 * A guest's error is logged once per site and model instance (TG_GUEST_ERROR), further ones are only counted.
 */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum tg_log_level {
    TG_LOG_GUEST_ERROR, /* the guest did something the architecture leaves without effect, or wrong */
    TG_LOG_WARN,        /* the user should know */
    TG_LOG_INFO,
    TG_LOG_DEBUG,
};

#define TG_LOG_SITES 1024

/* Zero-initialised, then sink and opaque are set. */
struct tg_log {
    void (*sink)(void *opaque, enum tg_log_level level, const char *who, const char *text);
    void *opaque;
    uint64_t guest_errors; /* all of them, logged or not */
    struct {
        const void *who;
        const char *site;
    } seen[TG_LOG_SITES];
    unsigned n_seen;
};

void tg_log(struct tg_log *log, enum tg_log_level level, const char *who, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* True the first time a (who, site) pair is seen; counts every call. Past TG_LOG_SITES pairs: false. */
bool tg_log_guest_once(struct tg_log *log, const void *who, const char *site);

#define TG_STR2(x) #x
#define TG_STR(x)  TG_STR2(x)
/* m: struct tg_model *. One line per call site and instance. */
#define TG_GUEST_ERROR(m, ...)                                                    \
    do {                                                                          \
        if (tg_log_guest_once((m)->env->log, (m), __FILE__ ":" TG_STR(__LINE__))) \
            tg_log((m)->env->log, TG_LOG_GUEST_ERROR, (m)->name, __VA_ARGS__);    \
    } while (0)

#endif
