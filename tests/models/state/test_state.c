/* SPDX-License-Identifier: Apache-2.0 */
/* Save, restore and walk of a model with every kind of row: what goes in comes out, in a fresh instance, and what is
 * damaged is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tests/models/state/example.h"

struct bench {
    struct tg_log log;
    struct tg_env env;
    struct example *e;
    unsigned fired;
};

static void on_event(void *opaque, tg_time now)
{
    (void)now;
    ((struct bench *)opaque)->fired++;
}

static void set_up(struct bench *b)
{
    *b = (struct bench){0};
    b->env = (struct tg_env){.evq = tg_evq_new(), .log = &b->log};
    b->e = (struct example *)tg_model_new(&example_complete, "one", &b->env);
    assert_int_equal(tg_model_realize(&b->e->model, NULL), 0);
    tg_model_reset(&b->e->model);
    b->e->event.cb = on_event;
    b->e->event.opaque = b;
}

static void tear_down(struct bench *b)
{
    tg_model_free(&b->e->model);
    tg_evq_free(b->env.evq);
}

/* A value that is no other's in each member. */
static void fill(struct bench *b)
{
    struct example *e = b->e;

    e->control = 0x11111111;
    e->level = 0x22222222;
    e->hidden = 0x12345678;
    e->events = 0x3333333333333333;
    e->offset[0] = -5;
    e->offset[2] = 7;
    e->grid[1][2] = 0x44;
    e->mode = TWO;
    e->part = (struct example_part){.a = {1, 2}, .b = true};
    e->parts[1] = (struct example_part){.a = {3, 4}, .b = true};
    e->n_some = 3;
    for (unsigned i = 0; i < 8; i++)
        e->some[i] = 100 + i;
    memcpy(e->text, "hello world", 12);
    e->heap[3].a[1] = 0x5555;
    e->numbers[2] = 0x6666666666666666;
    e->memory[4096 * 2 + 17] = 0x77;
    e->memory[EXAMPLE_MEMORY - 1] = 0x88;
    e->blob = malloc(5);
    e->blob_size = 5;
    memcpy(e->blob, "blob!", 5);
    e->out[1].level = true;
    tg_evq_schedule(b->env.evq, &e->event, 5000);
}

static void round_trip(void **state)
{
    struct bench a, b;
    struct tg_state_bytes s = {0}, again = {0};
    struct tg_error err = {""};

    (void)state;
    set_up(&a);
    set_up(&b);
    fill(&a);
    b.e->memory[4096] = 0x99; /* what is zero in the state becomes zero */
    b.e->some[7] = 42;        /* behind the last that counts */
    assert_int_equal(tg_model_save(&a.e->model, &s, &err), 0);
    assert_int_equal(tg_model_restore(&b.e->model, &s, &err), 0);
    assert_int_equal(s.at, s.size);
    tg_model_settle(&b.e->model);
    assert_int_equal(b.e->control, 0x11111111);
    assert_int_equal(b.e->level, 0x22222222);
    assert_int_equal(b.e->hidden, 0x12345678);
    assert_int_equal(b.e->events, 0x3333333333333333);
    assert_int_equal(b.e->offset[0], -5);
    assert_int_equal(b.e->grid[1][2], 0x44);
    assert_int_equal(b.e->mode, TWO);
    assert_int_equal(b.e->part.a[1], 2);
    assert_true(b.e->parts[1].b);
    assert_int_equal(b.e->n_some, 3);
    assert_int_equal(b.e->some[2], 102);
    assert_int_equal(b.e->some[7], 42);
    assert_string_equal((char *)b.e->text, "hello world");
    assert_int_equal(b.e->heap[3].a[1], 0x5555);
    assert_int_equal(b.e->numbers[2], 0x6666666666666666);
    assert_memory_equal(b.e->memory, a.e->memory, EXAMPLE_MEMORY);
    assert_int_equal(b.e->blob_size, 5);
    assert_memory_equal(b.e->blob, "blob!", 5);
    assert_false(b.e->out[0].level);
    assert_true(b.e->out[1].level);
    assert_int_equal(b.e->twice, 2000 + 0x22222222);
    assert_true(tg_event_pending(&b.e->event));
    assert_int_equal(b.e->event.when, 5000);
    tg_evq_run(b.env.evq, 5000);
    assert_int_equal(b.fired, 1);
    /* and an event that is not pending in the state is not pending behind a restore */
    tg_evq_run(a.env.evq, 5000);
    assert_int_equal(tg_model_save(&a.e->model, &again, &err), 0);
    tg_evq_schedule(b.env.evq, &b.e->event, 9000);
    assert_int_equal(tg_model_restore(&b.e->model, &again, &err), 0);
    assert_false(tg_event_pending(&b.e->event));
    tg_state_bytes_free(&s);
    tg_state_bytes_free(&again);
    tear_down(&a);
    tear_down(&b);
}

/* Every way to cut a state short is refused, none reads past its end, and a damaged byte does no harm. */
static void damaged(void **state)
{
    struct bench a, b;
    struct tg_state_bytes s = {0}, cut;
    struct tg_error err = {""};

    (void)state;
    set_up(&a);
    set_up(&b);
    fill(&a);
    assert_int_equal(tg_model_save(&a.e->model, &s, NULL), 0);
    for (size_t n = 0; n < s.size; n += n < 700 || n + 200 > s.size ? 1 : 61) {
        cut = (struct tg_state_bytes){.data = malloc(n ? n : 1), .size = n, .capacity = n};
        memcpy(cut.data, s.data, n);
        assert_int_equal(tg_model_restore(&b.e->model, &cut, &err), -EINVAL);
        assert_true(strlen(err.text) > 0);
        tg_state_bytes_free(&cut);
    }
    for (size_t n = 0; n < 900; n++) {
        cut = (struct tg_state_bytes){.data = malloc(s.size), .size = s.size, .capacity = s.size};
        memcpy(cut.data, s.data, s.size);
        cut.data[n] ^= 0xff;
        tg_model_restore(&b.e->model, &cut, &err);
        tg_state_bytes_free(&cut);
    }
    tg_state_bytes_free(&s);
    tear_down(&a);
    tear_down(&b);
}

static void another_model(void **state)
{
    struct bench a, b;
    struct tg_state_bytes s = {0};
    struct tg_error err = {""};

    (void)state;
    set_up(&a);
    set_up(&b);
    free(b.e->model.name);
    b.e->model.name = strdup("two");
    assert_int_equal(tg_model_save(&a.e->model, &s, NULL), 0);
    assert_int_equal(tg_model_restore(&b.e->model, &s, &err), -EINVAL);
    assert_string_equal(err.text, "found no state of two, a complete");
    tg_state_bytes_free(&s);
    tear_down(&a);
    tear_down(&b);
}

/* ---- events: those of one time keep their order ---- */

struct note {
    struct tg_event ev;
    char name;
    char *log;
};

static void note(void *opaque, tg_time now)
{
    struct note *n = opaque;

    (void)now;
    strncat(n->log, &n->name, 1);
}

static void order_of_events(void **state)
{
    struct tg_evq *a = tg_evq_new(), *b = tg_evq_new();
    char log[16] = "";
    struct note n[4];
    struct tg_evq_state s;

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        n[i] = (struct note){.ev = {.cb = note, .opaque = &n[i]}, .name = (char)('a' + i), .log = log};
    tg_evq_run(a, 40);
    /* in the order c, a, b, d in the first queue ... */
    static const unsigned order[] = {2, 0, 1, 3};
    uint64_t turn[4];
    for (unsigned i = 0; i < 4; i++)
        tg_evq_schedule(a, &n[order[i]].ev, 100);
    for (unsigned i = 0; i < 4; i++)
        turn[i] = n[i].ev.order;
    s = tg_evq_save(a);
    for (unsigned i = 0; i < 4; i++)
        tg_evq_cancel(a, &n[i].ev);
    /* ... and restored in the order of models, into the second */
    for (unsigned i = 0; i < 4; i++)
        tg_evq_restore_event(b, &n[i].ev, 100, turn[i]);
    tg_evq_restore(b, &s);
    assert_int_equal(tg_evq_now(b), 40);
    tg_evq_cancel(b, &n[3].ev);
    tg_evq_schedule(b, &n[3].ev, 100); /* the last again */
    tg_evq_run(b, 100);
    assert_string_equal(log, "cabd");
    tg_evq_free(a);
    tg_evq_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(damaged),
        cmocka_unit_test(another_model),
        cmocka_unit_test(order_of_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
