/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 (DEN0022) and SMCCC (DEN0028): each call's results as the specifications give them, over arrays
 * instead of PEs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sim/boot/psci.h"

#define N 3
static const uint64_t mpidr[N] = {0x000, 0x001, 0x100};

struct world {
    uint64_t x[N][8];
    unsigned on_calls, on_caller, on_target, on_el, off_calls, off_pe, standby_calls, suspend_calls,
        suspend_el, off, reset;
    uint64_t on_entry, on_context, suspend_entry, suspend_context;
    struct psci *p;
};

static uint64_t get_x(void *o, unsigned pe, unsigned n)
{
    return ((struct world *)o)->x[pe][n];
}

static void set_x(void *o, unsigned pe, unsigned n, uint64_t v)
{
    ((struct world *)o)->x[pe][n] = v;
}

static bool valid_entry(void *o, uint64_t pa)
{
    (void)o;
    return pa >= 0x40000000 && pa < 0x80000000;
}

static void on(void *o, unsigned caller, unsigned target, unsigned el, uint64_t entry, uint64_t context)
{
    struct world *w = o;
    w->on_calls++;
    w->on_caller = caller;
    w->on_target = target;
    w->on_el = el;
    w->on_entry = entry;
    w->on_context = context;
}

static void off(void *o, unsigned pe)
{
    struct world *w = o;
    w->off_calls++;
    w->off_pe = pe;
}

static void standby(void *o, unsigned pe)
{
    (void)pe;
    ((struct world *)o)->standby_calls++;
}

static void suspend(void *o, unsigned pe, unsigned el, uint64_t entry, uint64_t context)
{
    struct world *w = o;
    (void)pe;
    w->suspend_calls++;
    w->suspend_el = el;
    w->suspend_entry = entry;
    w->suspend_context = context;
}

static void sys_event(void *o, unsigned caller, enum psci_system_event e)
{
    struct world *w = o;
    (void)caller;
    if (e == PSCI_SYSTEM_OFF)
        w->off++;
    else
        w->reset++;
}

static const struct psci_config config = {N, mpidr, 2, true, {1, -2, 1}, false};

static int setup(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof(w));
    struct psci_ops ops = {&w, get_x, set_x, valid_entry, on, off, standby, suspend, sys_event};
    w.p = psci_new(&config, &ops);
    *state = &w;
    return w.p ? 0 : -1;
}

static int teardown(void **state)
{
    psci_free(((struct world *)*state)->p);
    return 0;
}

static int64_t call(struct world *w, unsigned pe, uint64_t id, uint64_t a, uint64_t b, uint64_t c)
{
    w->x[pe][0] = id;
    w->x[pe][1] = a;
    w->x[pe][2] = b;
    w->x[pe][3] = c;
    assert_true(psci_call(w->p, pe, true, 0));
    assert_int_equal(w->x[pe][1], a); /* SMCCC: x1 stays as it was when one result is given */
    return (int64_t)w->x[pe][0];
}

static void versions(void **state)
{
    struct world *w = *state;
    assert_int_equal(call(w, 0, 0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(call(w, 0, 0x80000000, 0, 0, 0), 0x10002);
    assert_int_equal(call(w, 0, 0x84000006, 0, 0, 0), 2); /* no trusted OS to migrate */
    assert_int_equal(call(w, 0, 0x84000005, 0, 0, 0), -1);
}

static void conduit(void **state)
{
    struct world *w = *state;
    w->x[0][0] = 0x84000000;
    assert_false(psci_call(w->p, 0, false, 0)); /* HVC is not this machine's */
    assert_int_equal(w->x[0][0], 0x84000000);
    w->x[0][0] = 0x84000000;
    assert_true(psci_call(w->p, 0, true, 7)); /* SMCCC 2.9: immediates other than 0 are reserved */
    assert_int_equal((int64_t)w->x[0][0], -1);
}

static void features_answer(void **state)
{
    struct world *w = *state;
    static const struct {
        uint32_t id;
        int64_t answer;
    } t[] = {
        {0x84000000, 0},  {0x84000001, 0},  {0xc4000001, 0},  {0x84000002, 0},
        {0xc4000002, -1}, /* CPU_OFF has no SMC64 form */
        {0x84000003, 0},  {0xc4000003, 0},  {0xc4000004, 0},  {0x84000006, 0},
        {0x84000008, 0},  {0x84000009, 0},  {0x8400000a, 0},  {0x80000000, 0},
        {0xc4000012, 0},  {0xc400000e, -1}, {0x8400000b, -1}, {0x8400000f, -1},
        {0x12345678, -1},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(call(w, 0, 0x8400000a, t[i].id, 0, 0), t[i].answer);
    assert_int_equal(call(w, 0, 0x80000001, 0x80000000, 0, 0), 0);
    assert_int_equal(call(w, 0, 0x80000001, 0x80008000, 0, 0), 1);
    assert_int_equal(call(w, 0, 0x80000001, 0x80007fff, 0, 0), -2);
    assert_int_equal(call(w, 0, 0x80000001, 0x80003fff, 0, 0), 1);
    assert_int_equal(call(w, 0, 0x80000001, 0x80000002, 0, 0), -1);
    assert_int_equal(call(w, 0, 0x80008000, 0, 0, 0), 0x80008000); /* the workaround call changes nothing */
}

/* SMCCC 1.0: PSCI is there, the Arm Architecture Calls and what asks for them are not. */
static void smccc_1_0(void **state)
{
    struct world *w = *state;
    static const uint64_t gone[] = {0x80000000, 0x80000001, 0x80000002, 0x80008000, 0x80007fff, 0x80003fff};
    struct psci_config old = config;
    old.smccc_1_0 = true;
    struct psci_ops ops = {w, get_x, set_x, valid_entry, on, off, standby, suspend, sys_event};
    psci_free(w->p);
    w->p = psci_new(&old, &ops);
    assert_non_null(w->p);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        assert_int_equal(call(w, 0, gone[i], 0x80008000, 0, 0), -1);
        assert_int_equal(call(w, 0, 0x8400000a, gone[i], 0, 0), -1);
    }
    assert_int_equal(call(w, 0, 0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(call(w, 0, 0x8400000a, 0x84000003, 0, 0), 0);
}

static void unknown(void **state)
{
    struct world *w = *state;
    static const uint64_t ids[] = {0,          0x84000015, 0x8400ffff, 0xc4000000,
                                   0xffffffff, 0x8400000e, 0xc400000e, 0x84000050};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        assert_int_equal(call(w, 0, ids[i], 0, 0, 0), -1);
    assert_int_equal(call(w, 0, UINT64_C(0xdeadbeef84000000), 0, 0, 0), 0x10001); /* the id is w0 */
}

static void cpu_on_checks(void **state)
{
    struct world *w = *state;
    assert_int_equal(call(w, 0, 0xc4000003, 0x200, 0x40080000, 0), -2); /* no such PE */
    assert_int_equal(call(w, 0, 0xc4000003, UINT64_C(0x80000001), 0x40080000, 0),
                     -2);                                             /* bit 31 is no affinity */
    assert_int_equal(call(w, 0, 0xc4000003, 0x1, 0x1000, 0), -9);     /* nothing to execute there */
    assert_int_equal(call(w, 0, 0xc4000003, 0x1, 0x40080002, 0), -9); /* not an instruction's address */
    assert_int_equal(call(w, 0, 0xc4000003, 0x0, 0x40080000, 0), -4); /* itself: already on */
    assert_int_equal(w->on_calls, 0);
}

static void cpu_on_and_off(void **state)
{
    struct world *w = *state;
    assert_int_equal(call(w, 0, 0xc4000004, 0x100, 0, 0), 1); /* OFF */
    assert_int_equal(call(w, 0, 0xc4000003, 0x100, 0x40080000, UINT64_C(0x123456789abcdef0)), 0);
    assert_int_equal(w->on_calls, 1);
    assert_int_equal(w->on_caller, 0);
    assert_int_equal(w->on_target, 2);
    assert_int_equal(w->on_el, 2);
    assert_true(w->on_entry == 0x40080000 && w->on_context == UINT64_C(0x123456789abcdef0));
    assert_int_equal(call(w, 0, 0xc4000004, 0x100, 0, 0), 2); /* ON_PENDING */
    assert_int_equal(call(w, 0, 0xc4000003, 0x100, 0x40080000, 0), -5);
    psci_started(w->p, 2);
    assert_int_equal(call(w, 0, 0xc4000004, 0x100, 0, 0), 0);
    assert_int_equal(call(w, 0, 0xc4000003, 0x100, 0x40080000, 0), -4);
    /* The SMC32 form cuts its arguments to 32 bits (SMCCC 2.7). */
    assert_int_equal(call(w, 0, 0x84000003, UINT64_C(0xffffffff00000001), UINT64_C(0xffffffff40000000),
                          UINT64_C(0xff00000000000007)),
                     0);
    assert_true(w->on_target == 1 && w->on_entry == 0x40000000 && w->on_context == 7);
    psci_started(w->p, 1);
    w->x[2][0] = 0x84000002;
    assert_true(psci_call(w->p, 2, true, 0));
    assert_true(w->off_calls == 1 && w->off_pe == 2);
    assert_int_equal(call(w, 0, 0xc4000004, 0x100, 0, 0), 1);
    assert_int_equal(call(w, 0, 0xc4000003, 0x100, 0x40080000, 0), 0); /* and on again */
    psci_reset(w->p);
    assert_int_equal(call(w, 0, 0xc4000004, 0x100, 0, 0), 1);
    assert_int_equal(call(w, 0, 0xc4000004, 0x001, 0, 0), 1);
    assert_int_equal(call(w, 0, 0xc4000004, 0x000, 0, 0), 0);
}

static void affinity_levels(void **state)
{
    struct world *w = *state;
    assert_int_equal(call(w, 0, 0xc4000004, 0x0, 1, 0), 0);   /* cluster 0: PE 0 is on */
    assert_int_equal(call(w, 0, 0xc4000004, 0x100, 1, 0), 1); /* cluster 1: off */
    assert_int_equal(call(w, 0, 0xc4000004, 0x0, 2, 0), 0);
    assert_int_equal(call(w, 0, 0xc4000004, 0x0, 4, 0), -2);   /* no level 4 */
    assert_int_equal(call(w, 0, 0xc4000004, 0x300, 0, 0), -2); /* no such PE */
}

/* Two clusters as a DSU places them: MPIDR_EL1.MT is set, Aff0 is the thread, Aff1 the core, Aff2 the
 * cluster, Aff3 the die. Arguments are affinities alone: MT in one is an error (5.1.4). Level n names all PEs
 * that agree above it. */
static void two_clusters(void **state)
{
    static const uint64_t places[N] = {0x81000000, 0x81010100, UINT64_C(0x181000000)};
    struct world *w = *state;
    const struct psci_ops ops = {
        .opaque = w, .get_x = get_x, .set_x = set_x, .cpu_on = on, .cpu_off = off, .system = sys_event};
    struct psci_config c = config;
    struct psci *old = w->p;

    c.mpidr = places;
    w->p = psci_new(&c, &ops);
    assert_int_equal(call(w, 0, 0xc4000003, 0x1010100, 0x40080000, 0), -2);
    assert_int_equal(call(w, 0, 0xc4000003, 0x100, 0x40080000, 0),
                     -2); /* that core is in the other cluster */
    assert_int_equal(call(w, 0, 0xc4000004, 0x10100, 0, 0), 1);
    assert_int_equal(call(w, 0, 0xc4000003, 0x10100, 0x40080000, 0), 0);
    assert_int_equal(w->on_target, 1);
    assert_int_equal(call(w, 0, 0xc4000004, 0x10000, 2, 0),
                     2); /* the cluster is about to be on; fields below do not matter */
    assert_int_equal(call(w, 0, 0xc4000004, 0x1ff00, 2, 0), 2);
    assert_int_equal(call(w, 0, 0xc4000004, 0x10000, 1, 0),
                     -2); /* level 1 is the core: it has none of that number */
    psci_started(w->p, 1);
    assert_int_equal(call(w, 0, 0xc4000004, 0x10000, 2, 0), 0);
    /* Aff3, as the second cluster on another die */
    assert_int_equal(call(w, 1, 0xc4000004, UINT64_C(0x100000000), 3, 0), 1);
    assert_int_equal(call(w, 1, 0xc4000004, UINT64_C(0x100000000), 0, 0), 1);
    assert_int_equal(call(w, 1, 0xc4000004, UINT64_C(0x200000000), 3, 0), -2);
    assert_int_equal(call(w, 1, 0xc4000003, UINT64_C(0x100000000), 0x40080000, 7), 0);
    assert_int_equal(w->on_target, 2);
    assert_int_equal(w->on_caller, 1);
    psci_started(w->p, 2);
    /* A cluster is off when all its PEs are. */
    w->x[1][0] = 0x84000002;
    assert_true(psci_call(w->p, 1, true, 0));
    assert_int_equal(w->off_pe, 1);
    assert_int_equal(call(w, 0, 0xc4000004, 0x10000, 2, 0), 1);
    assert_int_equal(call(w, 0, 0xc4000004, 0x0, 3, 0), 0);
    psci_free(w->p);
    w->p = old;
}

static void suspend_states(void **state)
{
    struct world *w = *state;
    assert_int_equal(call(w, 0, 0xc4000001, 0, 0, 0), 0);
    assert_int_equal(w->standby_calls, 1);
    assert_int_equal(call(w, 0, 0xc4000001, UINT64_C(1) << 26, 0, 0), -2); /* reserved bit */
    assert_int_equal(call(w, 0, 0xc4000001, 1 << 16, 0x10, 0), -9);
    assert_int_equal(w->suspend_calls, 0);
    w->x[0][0] = 0xc4000001;
    w->x[0][1] = 1 << 16;
    w->x[0][2] = 0x40001000;
    w->x[0][3] = 99;
    assert_true(psci_call(w->p, 0, true, 0));
    assert_true(w->suspend_calls == 1 && w->suspend_el == 2 && w->suspend_entry == 0x40001000 &&
                w->suspend_context == 99);
}

static void system_calls(void **state)
{
    struct world *w = *state;
    call(w, 0, 0x84000008, 0, 0, 0);
    assert_int_equal(w->off, 1);
    call(w, 0, 0x84000009, 0, 0, 0);
    assert_int_equal(w->reset, 1);
    call(w, 0, 0xc4000012, 0, 0, 0);
    assert_int_equal(w->reset, 2);
    assert_int_equal(call(w, 0, 0xc4000012, 1, 0, 0), -2); /* reserved architectural reset type */
    assert_int_equal(call(w, 0, 0xc4000012, 0x80000000, 0, 0), -2);
    assert_int_equal(w->reset, 2);
}

static void no_power_down(void **state)
{
    struct world *w = *state;
    struct psci_ops ops = {w, get_x, set_x, NULL, on, off, NULL, NULL, sys_event};
    struct psci *old = w->p;
    w->p = psci_new(&config, &ops);
    assert_int_equal(call(w, 0, 0xc4000001, 0, 0, 0), 0);
    assert_int_equal(call(w, 0, 0xc4000001, 1 << 16, 0x40001000, 0), -2);
    psci_free(w->p);
    w->p = old;
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(psci_function_name(0xc4000003), "CPU_ON");
    assert_string_equal(psci_function_name(0x84000003), "CPU_ON");
    assert_string_equal(psci_function_name(0x80000000), "SMCCC_VERSION");
    assert_null(psci_function_name(0xc4000000));
    assert_null(psci_function_name(1));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(versions),      T(conduit),        T(features_answer), T(smccc_1_0),    T(unknown),
        T(cpu_on_checks), T(cpu_on_and_off), T(affinity_levels), T(two_clusters), T(suspend_states),
        T(system_calls),  T(no_power_down),  T(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
