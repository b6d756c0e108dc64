/* SPDX-License-Identifier: Apache-2.0 */
/* Event queue: order, ties, rescheduling from anywhere, the driver's notice; then a long random run against a
 * sorted list. */
#include "base_test.h"
#include "models/base/evq.h"

#define EVENTS 64

struct rec {
    struct tg_evq *q;
    struct tg_event ev[EVENTS];
    unsigned ran[4096];
    tg_time at[4096];
    unsigned n;
    unsigned earlier;
    tg_time earlier_when;
    struct tg_event *then; /* what a callback schedules, and when */
    tg_time then_when;
    struct tg_event *kill;
};

static struct rec *self;

static void on_event(void *opaque, tg_time now)
{
    struct rec *r = self;

    r->ran[r->n] = (unsigned)(uintptr_t)opaque;
    r->at[r->n] = now;
    r->n++;
    if (r->then) {
        struct tg_event *ev = r->then;

        r->then = NULL;
        tg_evq_schedule(r->q, ev, r->then_when);
    }
    if (r->kill) {
        tg_evq_cancel(r->q, r->kill);
        r->kill = NULL;
    }
}

static void on_earlier(void *opaque, tg_time when)
{
    struct rec *r = opaque;

    r->earlier++;
    r->earlier_when = when;
}

static int setup(void **state)
{
    struct rec *r = calloc(1, sizeof(*r));

    r->q = tg_evq_new();
    for (unsigned i = 0; i < EVENTS; i++) {
        r->ev[i].cb = on_event;
        r->ev[i].opaque = (void *)(uintptr_t)i;
    }
    *state = self = r;
    return 0;
}

static int teardown(void **state)
{
    struct rec *r = *state;

    tg_evq_free(r->q);
    for (unsigned i = 0; i < EVENTS; i++)
        assert_false(tg_event_pending(&r->ev[i]));
    free(r);
    return 0;
}

static void test_empty(void **state)
{
    struct rec *r = *state;

    assert_true(tg_evq_next(r->q) == TG_TIME_NEVER);
    tg_evq_run(r->q, 100);
    assert_int_equal(tg_evq_now(r->q), 100);
    tg_evq_run(r->q, 50); /* time does not go back */
    assert_int_equal(tg_evq_now(r->q), 100);
    tg_evq_cancel(r->q, &r->ev[0]);
}

static void test_order(void **state)
{
    struct rec *r = *state;
    static const tg_time when[] = {50, 10, 30, 10, 20, 30, 10};
    static const unsigned order[] = {1, 3, 6, 4, 2, 5, 0}; /* by time, then by order of scheduling */

    for (unsigned i = 0; i < TG_ARRAY_SIZE(when); i++)
        tg_evq_schedule(r->q, &r->ev[i], when[i]);
    assert_int_equal(tg_evq_next(r->q), 10);
    tg_evq_run(r->q, 9);
    assert_int_equal(r->n, 0);
    tg_evq_run(r->q, 30);
    assert_int_equal(r->n, 6);
    assert_true(tg_event_pending(&r->ev[0]));
    assert_int_equal(tg_evq_next(r->q), 50);
    tg_evq_run(r->q, 1000);
    assert_int_equal(r->n, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(r->ran[i], order[i]);
    assert_int_equal(r->at[6], 1000);
}

/* Host events are no reason to stop for, and come behind the machine's of their time. */
static void test_host_events(void **state)
{
    struct rec *r = *state;
    static const tg_time when[] = {30, 10, 10, 20, 30, 40};
    static const unsigned order[] = {2, 1, 3, 4, 0}; /* even ones are the machine's */

    for (unsigned i = 0; i < TG_ARRAY_SIZE(when); i++) {
        r->ev[i].host = i % 2;
        tg_evq_schedule(r->q, &r->ev[i], when[i]);
    }
    r->ev[6].host = true;
    tg_evq_schedule(r->q, &r->ev[6], 5);
    assert_int_equal(tg_evq_next(r->q), 10);
    assert_int_equal(tg_evq_next_any(r->q), 5);
    tg_evq_cancel(r->q, &r->ev[6]);
    assert_int_equal(tg_evq_next_any(r->q), 10);
    tg_evq_cancel(r->q, &r->ev[0]);
    tg_evq_schedule(r->q, &r->ev[0], 30);
    tg_evq_run(r->q, 30);
    assert_int_equal(r->n, 5);
    for (unsigned i = 0; i < r->n; i++)
        assert_int_equal(r->ran[i], order[i]);
    assert_true(tg_evq_next(r->q) == TG_TIME_NEVER);
    assert_int_equal(tg_evq_next_any(r->q), 40);
    /* what is saved is the machine's alone */
    struct tg_evq_state before = tg_evq_save(r->q), after;
    tg_evq_schedule(r->q, &r->ev[5], 50);
    after = tg_evq_save(r->q);
    assert_true(before.order == after.order);
}

static void test_reschedule_and_cancel(void **state)
{
    struct rec *r = *state;

    tg_evq_schedule(r->q, &r->ev[0], 10);
    tg_evq_schedule(r->q, &r->ev[1], 20);
    tg_evq_schedule(r->q, &r->ev[2], 30);
    tg_evq_schedule(r->q, &r->ev[0], 40); /* later */
    tg_evq_schedule(r->q, &r->ev[2], 20); /* earlier: behind ev 1 of the same time */
    tg_evq_cancel(r->q, &r->ev[3]);
    tg_evq_run(r->q, 35);
    assert_int_equal(r->n, 2);
    assert_int_equal(r->ran[0], 1);
    assert_int_equal(r->ran[1], 2);
    tg_evq_cancel(r->q, &r->ev[0]);
    assert_false(tg_event_pending(&r->ev[0]));
    tg_evq_run(r->q, 100);
    assert_int_equal(r->n, 2);
}

static void test_from_callbacks(void **state)
{
    struct rec *r = *state;

    tg_evq_schedule(r->q, &r->ev[0], 10);
    tg_evq_schedule(r->q, &r->ev[1], 20);
    tg_evq_schedule(r->q, &r->ev[2], 25);
    r->then = &r->ev[0]; /* itself again, due in this run */
    r->then_when = 15;
    r->kill = &r->ev[1];
    tg_evq_run(r->q, 30);
    assert_int_equal(r->n, 3);
    assert_int_equal(r->ran[0], 0);
    assert_int_equal(r->ran[1], 0);
    assert_int_equal(r->ran[2], 2);
    /* the past: at the next run, with the time of that run */
    tg_evq_schedule(r->q, &r->ev[5], 1);
    tg_evq_run(r->q, 30);
    assert_int_equal(r->ran[3], 5);
    assert_int_equal(r->at[3], 30);
}

static void test_earlier_notice(void **state)
{
    struct rec *r = *state;

    tg_evq_on_earlier(r->q, on_earlier, r);
    tg_evq_schedule(r->q, &r->ev[0], 100);
    assert_int_equal(r->earlier, 1);
    tg_evq_schedule(r->q, &r->ev[1], 200);
    tg_evq_schedule(r->q, &r->ev[2], 100);
    assert_int_equal(r->earlier, 1);
    tg_evq_schedule(r->q, &r->ev[1], 99);
    assert_int_equal(r->earlier, 2);
    assert_int_equal(r->earlier_when, 99);
    tg_evq_schedule(r->q, &r->ev[1], 150);
    assert_int_equal(r->earlier, 2);
    assert_int_equal(tg_evq_next(r->q), 100);
}

/* Against the plainest thing that works: an array that is searched for the least (time, order). */
static void test_random(void **state)
{
    struct rec *r = *state;
    struct {
        bool on;
        tg_time when;
        uint64_t order;
    } model[EVENTS] = {0};
    uint64_t s = 1, order = 0;
    tg_time now = 0;

    for (unsigned step = 0; step < 50000; step++) {
        unsigned i = (unsigned)(next_random(&s) % EVENTS);

        switch (next_random(&s) % 8) {
        case 0:
            tg_evq_cancel(r->q, &r->ev[i]);
            model[i].on = false;
            break;
        case 1:
            now += next_random(&s) % 40;
            r->n = 0;
            tg_evq_run(r->q, now);
            for (unsigned k = 0; k < r->n; k++) {
                int best = -1;

                for (int j = 0; j < EVENTS; j++)
                    if (model[j].on && model[j].when <= now &&
                        (best < 0 || model[j].when < model[best].when ||
                         (model[j].when == model[best].when && model[j].order < model[best].order)))
                        best = j;
                assert_int_equal(r->ran[k], best);
                model[best].on = false;
            }
            for (unsigned j = 0; j < EVENTS; j++)
                assert_false(model[j].on && model[j].when <= now);
            break;
        default:
            model[i].on = true;
            model[i].when = now + next_random(&s) % 200;
            model[i].order = order++;
            tg_evq_schedule(r->q, &r->ev[i], model[i].when);
        }
        for (unsigned j = 0; j < EVENTS; j++)
            assert_int_equal(tg_event_pending(&r->ev[j]), model[j].on);
    }
}

static void test_growth(void **state)
{
    struct rec *r = *state;
    struct tg_event *many = calloc(1000, sizeof(*many));

    for (unsigned i = 0; i < 1000; i++) {
        many[i].cb = on_event;
        many[i].opaque = (void *)(uintptr_t)i;
        tg_evq_schedule(r->q, &many[i], 1000 - i);
    }
    tg_evq_run(r->q, 1000);
    assert_int_equal(r->n, 1000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(r->ran[i], 999 - i);
    free(many);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_empty),          T(test_order),          T(test_host_events), T(test_reschedule_and_cancel),
        T(test_from_callbacks), T(test_earlier_notice), T(test_random),      T(test_growth),
    };

    return cmocka_run_group_tests_name("event queue", tests, NULL, NULL);
}
