/* SPDX-License-Identifier: Apache-2.0 */
/* A console that waits for texts and types others, by simulated time alone: the same run gives the same
 * keystrokes. */
#include "sim/backend/backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sim/backend/source.h"

struct step {
    char *expect, *send;
    tg_time delay;
};

struct script {
    struct backend_source source; /* first */
    struct tg_chardev chardev, *tee;
    struct step *steps;
    size_t n, at;
    bool matched; /* the current step's text has come */
    tg_time due;  /* when it types */
    size_t typed; /* of its text */
    bool typing;  /* due has passed */
    bool delivering;
    char *text; /* all output, NUL-terminated */
    size_t len, cap;
    size_t scanned; /* where the next match may begin */
};

static void script_write(void *opaque, const uint8_t *data, size_t n)
{
    struct script *s = opaque;

    if (s->tee && s->tee->write)
        s->tee->write(s->tee->opaque, data, n);
    if (s->len + n + 1 > s->cap) {
        size_t cap = 2 * (s->len + n + 1);
        char *text = realloc(s->text, cap);

        if (!text)
            return; /* the text has a hole */
        s->text = text;
        s->cap = cap;
    }
    for (size_t i = 0; i < n; i++) /* zero bytes would end the text for strstr */
        s->text[s->len++] = data[i] ? (char)data[i] : '?';
    s->text[s->len] = 0;
    if (s->at < s->n &&
        !s->matched) /* no polls while nothing is put out: a dead machine must be seen to be dead */
        backend_want(s->source.b, backend_now(s->source.b) + BACKEND_INTERVAL);
}

static void type(struct script *s)
{
    const char *text = s->steps[s->at].send;
    size_t n = text ? strlen(text) : 0;

    if (s->delivering)
        return;
    s->delivering = true;
    while (s->typed < n) {
        size_t k = s->chardev.receive
                       ? s->chardev.receive(s->chardev.device, (const uint8_t *)text + s->typed, n - s->typed)
                       : 0;

        if (!k)
            break;
        s->typed += k;
    }
    s->delivering = false;
    if (s->typed < n)
        return;
    s->at++;
    s->typed = 0;
    s->matched = s->typing = false;
}

static void script_ready(void *opaque)
{
    struct script *s = opaque;

    if (s->at == s->n || !s->typing)
        return;
    type(s);
    if (!s->typing) /* on with the next step */
        backend_want(s->source.b, backend_now(s->source.b));
}

static tg_time script_poll(struct backend_source *source, tg_time now)
{
    struct script *s = (struct script *)source;

    while (s->at < s->n) {
        struct step *step = &s->steps[s->at];
        size_t at = s->at;

        if (!s->matched) {
            char *hit = step->expect ? strstr(s->text + s->scanned, step->expect) : NULL;

            if (step->expect && !hit) {
                size_t keep = strlen(step->expect);

                if (s->len > keep && s->scanned < s->len - keep) /* seen; not again */
                    s->scanned = s->len - keep;
                break;
            }
            if (hit)
                s->scanned = (size_t)(hit - s->text) + strlen(step->expect);
            s->matched = true;
            s->due = now + step->delay;
        }
        if (s->due > now)
            break;
        s->typing = true;
        type(s);
        if (s->at == at)
            break; /* the device has no room */
    }
    return s->at < s->n && s->matched && s->due > now ? s->due : TG_TIME_NEVER;
}

static bool script_open(const struct backend_source *source)
{
    const struct script *s = (const struct script *)source;

    return s->at < s->n && s->matched && !s->typing; /* else it waits for the guest */
}

static void script_close(struct backend_source *source)
{
    struct script *s = (struct script *)source;

    for (size_t i = 0; i < s->n; i++) {
        free(s->steps[i].expect);
        free(s->steps[i].send);
    }
    free(s->steps);
    free(s->text);
    free(s);
}

int backend_script(struct backend *b, const struct backend_step *steps, size_t n, struct tg_chardev *tee,
                   struct tg_chardev **out, struct tg_error *err)
{
    struct script *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (!s || !(s->steps = calloc(n ? n : 1, sizeof(*s->steps))) || !(s->text = calloc(1, s->cap = 4096))) {
        if (s)
            free(s->steps);
        free(s);
        return tg_error_set(err, ENOMEM, "out of memory");
    }
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->steps[i].expect = steps[i].expect ? strdup(steps[i].expect) : NULL;
        s->steps[i].send = steps[i].send ? strdup(steps[i].send) : NULL;
        s->steps[i].delay = steps[i].delay;
    }
    s->tee = tee;
    s->chardev = (struct tg_chardev){.write = script_write, .ready = script_ready, .opaque = s};
    s->source.poll = script_poll;
    s->source.open = script_open;
    s->source.close = script_close;
    backend_add(b, &s->source);
    *out = &s->chardev;
    return 0;
}

const char *backend_script_output(const struct tg_chardev *c, size_t *n)
{
    const struct script *s = c->opaque;

    if (n)
        *n = s->len;
    return s->text;
}

bool backend_script_done(const struct tg_chardev *c)
{
    const struct script *s = c->opaque;

    return s->at == s->n;
}
