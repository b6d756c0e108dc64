/* SPDX-License-Identifier: Apache-2.0 */
/* The model class: parameters with their checks and messages, counters, ports, wiring, transport of a class's
 * own, life cycle. */
#include "base_test.h"
#include "models/base/model.h"
#include "models/base/regs.h"

struct toy {
    struct tg_model model;
    bool flag;
    uint32_t n, mode;
    uint64_t size, freq, time, big;
    char *path, *title;
    uint64_t hits;
    struct tg_irq out[2];
    unsigned line;
    bool level;
    tg_time at;
    unsigned changes, realized, resets, finished;
    uint32_t reg;
    int refuse;
};

static unsigned finis;

static const char *const modes[] = {"slow", "fast", "off", NULL};

#define O(f) offsetof(struct toy, f)
static const struct tg_param params[] = {
    {.name = "flag", .type = TG_PARAM_BOOL, .offset = O(flag), .def = 1},
    {.name = "n", .type = TG_PARAM_U32, .offset = O(n), .def = 5, .min = 2, .max = 9},
    {.name = "mode", .type = TG_PARAM_ENUM, .offset = O(mode), .def = 1, .choices = modes},
    {.name = "mem.size", .type = TG_PARAM_SIZE, .offset = O(size), .def = UINT64_C(1) << 40},
    {.name = "freq", .type = TG_PARAM_FREQ, .offset = O(freq), .def = 1000, .min = 0, .max = 5000},
    {.name = "delay", .type = TG_PARAM_TIME, .offset = O(time), .def = 90 * TG_NS},
    {.name = "big", .type = TG_PARAM_U64, .offset = O(big), .def = UINT64_MAX},
    {.name = "path", .type = TG_PARAM_STRING, .offset = O(path)},
    {.name = "title", .type = TG_PARAM_STRING, .offset = O(title), .def_str = "none"},
};
static const struct tg_counter counters[] = {{.name = "hits", .unit = "accesses", .offset = O(hits)}};
static const struct tg_port ports[] = {
    {.name = "out", .kind = TG_PORT_IRQ_OUT, .offset = O(out), .count = 2}};
static const struct tg_reg regs[] = {
    {.name = "R", .offset = 0, .width = 4, .reset = 77, .wmask = 0xff, .field = O(reg)}};
static const struct tg_reg_frame frames[] = {{.name = "f", .size = 16, .regs = regs, .n_regs = 1}};

static int toy_realize(struct tg_model *m, struct tg_error *err)
{
    struct toy *t = (struct toy *)m;

    t->realized++;
    return t->refuse ? tg_error_set(err, t->refuse, "refused %d", t->refuse) : 0;
}

static void toy_reset(struct tg_model *m)
{
    struct toy *t = (struct toy *)m;

    t->resets++;
    assert_int_equal(t->reg, 77); /* registers first */
}

static void toy_fini(struct tg_model *m)
{
    (void)m;
    finis++;
}

static void toy_irq(void *m, unsigned line, bool level, tg_time at)
{
    struct toy *t = m;

    t->line = line;
    t->level = level;
    t->at = at;
    t->changes++;
}

/* Adds a latency and lets the register engine do the rest. */
static void toy_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    ((struct toy *)m)->hits++;
    txn->latency += 11;
    tg_regs_transport(m, frame, txn);
}

static const struct tg_model_class toy_class = {
    .name = "toy",
    .size = sizeof(struct toy),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = 1,
    .counters = counters,
    .n_counters = 1,
    .ports = ports,
    .n_ports = 1,
    .realize = toy_realize,
    .reset = toy_reset,
    .fini = toy_fini,
    .irq_in = toy_irq,
    .transport = toy_transport,
};

static int setup(void **state)
{
    *state = tg_model_new(&toy_class, "toy7", NULL);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    tg_model_free(*state);
    return 0;
}

static const struct tg_param *p(const char *name)
{
    return tg_model_param(&toy_class, name);
}

static void test_defaults(void **state)
{
    struct toy *t = *state;

    assert_string_equal(t->model.name, "toy7");
    assert_true(t->flag);
    assert_int_equal(t->n, 5);
    assert_int_equal(t->mode, 1);
    assert_true(t->size == UINT64_C(1) << 40);
    assert_int_equal(t->time, 90000);
    assert_true(t->big == UINT64_MAX);
    assert_null(t->path);
    assert_string_equal(t->title, "none");
    assert_null(p("nothing"));
    assert_null(p("mem"));
    assert_ptr_equal(p("mem.size"), &params[3]);
    for (size_t i = 0; i < TG_ARRAY_SIZE(params); i++)
        assert_true(tg_model_get_u64(&t->model, &params[i]) ==
                    (params[i].type == TG_PARAM_STRING ? 0 : params[i].def));
}

static void test_numbers(void **state)
{
    struct toy *t = *state;
    struct tg_model *m = &t->model;
    struct tg_error err;

    assert_int_equal(tg_model_set_u64(m, p("n"), 2, &err), 0);
    assert_int_equal(tg_model_set_u64(m, p("n"), 9, &err), 0);
    assert_int_equal(t->n, 9);
    assert_int_equal(tg_model_set_u64(m, p("n"), 1, &err), -EINVAL);
    assert_string_equal(err.text, "n: found 1, expected 2 to 9");
    assert_int_equal(tg_model_set_u64(m, p("n"), 10, NULL), -EINVAL);
    assert_int_equal(tg_model_set_u64(m, p("n"), UINT64_C(0x100000005), &err), -EINVAL); /* not truncated */
    assert_int_equal(t->n, 9);
    assert_int_equal(tg_model_set_u64(m, p("freq"), 5001, &err), -EINVAL);
    assert_int_equal(tg_model_set_u64(m, p("freq"), 0, &err), 0);
    assert_int_equal(tg_model_set_u64(m, p("big"), 0, &err), 0);
    assert_int_equal(t->big, 0);
    assert_int_equal(tg_model_set_u64(m, p("flag"), 0, &err), 0);
    assert_false(t->flag);
    assert_int_equal(tg_model_set_u64(m, p("mode"), 2, &err), 0);
    assert_int_equal(tg_model_set_u64(m, p("mode"), 3, &err), -EINVAL);
    assert_int_equal(t->mode, 2);
    assert_int_equal(tg_model_set_u64(m, p("path"), 3, &err), -EINVAL);
    assert_non_null(strstr(err.text, "expected a string"));
}

static void test_strings(void **state)
{
    struct toy *t = *state;
    struct tg_model *m = &t->model;
    struct tg_error err;

    assert_int_equal(tg_model_set_string(m, p("path"), "/a", &err), 0);
    assert_int_equal(tg_model_set_string(m, p("path"), "/b", &err), 0);
    assert_string_equal(t->path, "/b");
    assert_int_equal(tg_model_set_string(m, p("mode"), "off", &err), 0);
    assert_int_equal(t->mode, 2);
    assert_int_equal(tg_model_set_string(m, p("mode"), "of", &err), -EINVAL);
    assert_string_equal(err.text, "mode: found 'of', expected one of slow, fast, off");
    assert_int_equal(tg_model_set_string(m, p("n"), "3", &err), -EINVAL);
    assert_non_null(strstr(err.text, "expected a number"));
}

static void test_life(void **state)
{
    struct toy *t = *state;
    struct tg_error err;
    uint32_t v = 0;
    struct tg_bus_txn txn = {.data = &v, .size = 4, .latency = 3};

    t->refuse = ENOMEM;
    assert_int_equal(tg_model_realize(&t->model, &err), -ENOMEM);
    assert_string_equal(err.text, "refused 12");
    tg_model_free(*state);
    assert_int_equal(setup(state), 0);
    t = *state;
    assert_int_equal(tg_model_realize(&t->model, &err), 0);
    tg_model_reset(&t->model);
    assert_int_equal(t->realized, 1);
    assert_int_equal(t->resets, 1);
    /* its own transport, in front of the engine */
    tg_model_transport(&t->model, 0, &txn);
    assert_int_equal(v, 77);
    assert_int_equal(txn.latency, 14);
    assert_int_equal(tg_model_counter(&t->model, &counters[0]), 1);
    finis = 0;
    tg_model_free(*state);
    assert_int_equal(finis, 1);
    assert_int_equal(setup(state), 0);
    tg_model_free(NULL);
}

static void test_wiring(void **state)
{
    struct toy *t = *state;
    const struct tg_port *port = tg_model_port(&toy_class, "out");

    assert_ptr_equal(port, &ports[0]);
    assert_null(tg_model_port(&toy_class, "in"));
    tg_irq_set(&t->out[1], true, 5); /* unconnected */
    tg_irq_set(&t->out[1], false, 6);
    tg_model_bind_irq(&t->model, port, 1, &t->model, 33);
    tg_irq_set(&t->out[1], true, 10);
    assert_int_equal(t->changes, 1);
    assert_int_equal(t->line, 33);
    assert_true(t->level);
    assert_int_equal(t->at, 10);
    tg_irq_set(&t->out[1], true, 11); /* no change */
    assert_int_equal(t->changes, 1);
    tg_irq_set(&t->out[1], false, 12);
    assert_int_equal(t->changes, 2);
    assert_false(t->level);
}

static void test_long_errors(void **state)
{
    struct tg_error err;
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_int_equal(tg_error_set(&err, EINVAL, "%s", text), -EINVAL);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_int_equal(tg_error_set(NULL, EIO, "nobody listens"), -EIO);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_defaults), T(test_numbers), T(test_strings),
        T(test_life),     T(test_wiring),  cmocka_unit_test(test_long_errors),
    };

    return cmocka_run_group_tests_name("model class", tests, NULL, NULL);
}
