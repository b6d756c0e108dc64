/* SPDX-License-Identifier: Apache-2.0 */
/* The run loop with mock PEs: exact times, order, sleep, and every way a run ends. One scenario per process.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "models/interconnect/interconnect.h"
#include "sim/machine/machine.h"
#include "sim/tlm/tlm.h"
#include "tests/sim/tlm/mock_cpu.h"

#define TOUCHED 1024

/* A device with one register: notes when it was touched, reads back the time in ns. */
struct probe {
    struct tg_model m;
    uint32_t n_touched;
    tg_time touched[TOUCHED];
    uint32_t who[TOUCHED];
    uint32_t latency;
};

static void probe_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    struct probe *p = (struct probe *)m;

    (void)frame;
    assert_int_equal(tg_evq_now(m->env->evq), txn->time); /* the queue has run up to the access */
    if (p->n_touched < TOUCHED) {
        p->touched[p->n_touched] = txn->time;
        p->who[p->n_touched++] = txn->attrs.requester;
    }
    if (!txn->write)
        *(uint32_t *)txn->data = (uint32_t)(txn->time / TG_NS);
    txn->latency += p->latency;
}

static const struct tg_reg_frame probe_frame = {.name = "regs", .size = 4096};
static const struct tg_model_class probe_class = {
    .name = "probe",
    .description = "test device",
    .size = sizeof(struct probe),
    .frames = &probe_frame,
    .n_frames = 1,
    .transport = probe_transport,
};

#define PROBE 0x1000
#define RAM   0x10000

static char log_text[8192];

struct bench {
    struct machine *m;
    struct probe *probe;
    struct cpu *c[8];
};

static int start(void *opaque, struct machine *m, tg_time now, struct tg_error *err)
{
    (void)opaque;
    (void)err;
    machine_power_on(m, 0, 2, 0, 0, now);
    return 0;
}

static int start_all(void *opaque, struct machine *m, tg_time now, struct tg_error *err)
{
    (void)opaque;
    (void)err;
    for (unsigned i = m->n_pes; i > 0; i--) /* backwards: the order must not depend on it */
        machine_power_on(m, i - 1, 2, 0, 0, now);
    return 0;
}

static void up(struct bench *b, unsigned pes, const struct mock_step *const *scripts)
{
    struct tg_error err;
    struct tg_model *ram;
    const struct tg_param *size = tg_model_param(&ram_class, "size");

    memset(b, 0, sizeof(*b));
    log_text[0] = 0;
    b->m = machine_new("test", 1);
    b->m->quantum = 100 * TG_NS;
    b->m->start = start;
    b->m->fabric = machine_add(b->m, &fabric_class, "fabric");
    tg_model_set_u64(b->m->fabric, tg_model_param(&fabric_class, "latency"), 0, NULL);
    b->probe = (struct probe *)machine_add(b->m, &probe_class, "probe");
    ram = machine_add(b->m, &ram_class, "ram");
    assert_int_equal(tg_model_set_u64(ram, size, 65536, &err), 0);
    assert_int_equal(machine_map(b->m, &b->probe->m, 0, PROBE, 4096, false, "t:1", &err), 0);
    assert_int_equal(machine_map(b->m, ram, 0, RAM, 65536, true, "t:2", &err), 0);
    for (unsigned i = 0; i < pes; i++) {
        char name[16];

        snprintf(name, sizeof(name), "cpu%u", i);
        b->c[i] = cpu_from_model(machine_add(b->m, &cpu_class, name));
        b->c[i]->script = scripts[i];
        b->c[i]->timer = TG_TIME_NEVER;
        b->c[i]->log = log_text;
        b->c[i]->log_size = sizeof(log_text);
        assert_int_equal(machine_add_pe(b->m, cpu_model(b->c[i]), i, &err), 0);
    }
    assert_int_equal(machine_realize(b->m, &err), 0);
    machine_reset(b->m);
}

static void run(struct bench *b, const struct tlm_options *opt)
{
    static const struct tlm_options none;
    struct tg_error err = {""};
    int rc = tlm_run(b->m, opt ? opt : &none, &err);

    if (rc)
        fail_msg("%s", err.text);
}

static void off(struct cpu *c)
{
    struct machine *m = c->hooks->opaque;

    machine_stop(m, MACHINE_POWEROFF, "guest");
}

/* ---- scenarios ---- */

/* Four PEs with slices that end at the same times: always in the order of their numbers. */
static void order_at_equal_times(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WORK, 100 * TG_NS, 0, NULL}, {MOCK_LOOP, 0, 3, NULL}, {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, s, s, s};
    struct bench b;

    (void)state;
    up(&b, 4, scripts);
    b.m->start = start_all;
    run(&b, NULL);
    assert_string_equal(log_text, "0@0 1@0 2@0 3@0 0@100 1@100 2@100 3@100 0@200 1@200 2@200 3@200 "
                                  "0@300 1@300 2@300 3@300 ");
    machine_free(b.m);
}

/* A set with a quantum of its own: PE 0 stops each 25 ns, PE 1 each 50 ns. */
static void quantum_of_a_set(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WORK, 25 * TG_NS, 0, NULL}, {MOCK_LOOP, 0, 4, NULL}, {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, s};
    struct bench b;
    struct machine_set *fine;

    (void)state;
    up(&b, 2, scripts);
    fine = machine_add_set(b.m, "other");
    b.m->quantum = 50 * TG_NS;
    fine->quantum = 25 * TG_NS;
    b.m->pes[0].set = 1;
    b.m->start = start_all;
    run(&b, NULL);
    assert_string_equal(log_text, "0@0 1@0 1@25 0@25 0@50 1@50 1@75 0@75 0@100 1@100 ");
    machine_free(b.m);
}

/* Device accesses of two PEs arrive in the order of simulated time, though each runs ahead. */
static void device_sync(void **state)
{
    static const struct mock_step s0[] = {{MOCK_WORK, 10 * TG_NS, 0, NULL},
                                          {MOCK_READ, PROBE, 0, NULL},
                                          {MOCK_WORK, 60 * TG_NS, 0, NULL},
                                          {MOCK_READ, PROBE, 0, NULL},
                                          {MOCK_OFF, 0, 0, NULL}};
    static const struct mock_step s1[] = {{MOCK_WORK, 5 * TG_NS, 0, NULL},
                                          {MOCK_READ, PROBE, 0, NULL},
                                          {MOCK_WORK, 20 * TG_NS, 0, NULL},
                                          {MOCK_READ, PROBE, 0, NULL},
                                          {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s0, s1};
    const tg_time at[] = {5, 10, 26, 71};
    const uint32_t who[] = {1, 0, 1, 0};
    struct bench b;

    (void)state;
    up(&b, 2, scripts);
    b.m->start = start_all;
    run(&b, NULL);
    assert_int_equal(b.probe->n_touched, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(b.probe->touched[i], at[i] * TG_NS);
        assert_int_equal(b.probe->who[i], who[i]);
    }
    machine_free(b.m);
}

#define TURN_PES   6
#define TURN_STEPS 240

struct turn {
    tg_time at;
    unsigned pe;
};

static int by_turn(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;

    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x->pe > y->pe) - (x->pe < y->pe);
}

/* Slices that end early and late, accesses and sleep, often at the same times: each PE is where its script
 * has it, and all accesses come in the order of time, then of PEs. */
static void turns(void **state)
{
    static struct mock_step s[TURN_PES][2 * TURN_STEPS + 1];
    static struct turn expected[TURN_PES * TURN_STEPS];
    const struct mock_step *scripts[TURN_PES];
    uint32_t rnd = 1;
    unsigned n = 0;
    struct bench b;

    (void)state;
    for (unsigned pe = 0; pe < TURN_PES; pe++) {
        struct mock_step *to = s[pe];
        tg_time at = 0;

        for (unsigned i = 0; i < TURN_STEPS; i++) {
            tg_time tens;

            rnd = rnd * 1664525 + 1013904223;
            tens = 10 * TG_NS * (1 + (rnd >> 24) % 25);
            if ((rnd >> 16) % 16 < 4) {
                expected[n++] = (struct turn){at, pe};
                *to++ = (struct mock_step){MOCK_READ, PROBE, 0, NULL};
                *to++ = (struct mock_step){MOCK_WORK, 9 * TG_NS, 0, NULL};
                tens = 10 * TG_NS;
            } else if ((rnd >> 16) % 16 < 7) {
                *to++ = (struct mock_step){MOCK_WFI, 0, tens - TG_NS, NULL};
            } else {
                *to++ = (struct mock_step){MOCK_WORK, tens, 0, NULL};
            }
            at += tens;
        }
        *to = (struct mock_step){MOCK_OFF, 0, 0, NULL};
        scripts[pe] = s[pe];
    }
    qsort(expected, n, sizeof(expected[0]), by_turn);
    up(&b, TURN_PES, scripts);
    b.m->start = start_all;
    run(&b, NULL);
    assert_int_equal(b.m->stop, MACHINE_STUCK); /* all are off */
    assert_int_equal(b.probe->n_touched, n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(b.probe->touched[i], expected[i].at);
        assert_int_equal(b.probe->who[i], expected[i].pe);
    }
    machine_free(b.m);
}

/* A PE in WFI wakes at the exact picosecond of its own timer. */
static void wfi_timer(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WFI, 0, 1234567891, NULL}, {MOCK_READ, PROBE, 0, NULL}, {MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    run(&b, NULL);
    assert_int_equal(b.probe->touched[0], 1000 + 1234567891);
    assert_int_equal(b.c[0]->idle_ps, 1234567891);
    assert_int_equal(b.m->stop, MACHINE_POWEROFF);
    machine_free(b.m);
}

static struct bench *bench_now;

static void raise_irq(void *opaque, tg_time now)
{
    struct machine_pe *pe = opaque;

    machine_pe_irq(pe, TG_PE_IRQ, true, now);
}

/* ... and of an interrupt that an event of the queue raises. */
static void wfi_irq_from_event(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WFI, 0, 0, NULL}, {MOCK_READ, PROBE, 0, NULL}, {MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;
    struct tg_event ev = {.cb = raise_irq};

    (void)state;
    up(&b, 1, scripts);
    ev.opaque = &b.m->pes[0];
    tg_evq_schedule(b.m->env.evq, &ev, 7777777);
    run(&b, NULL);
    assert_int_equal(b.probe->touched[0], 7777777);
    machine_free(b.m);
}

static void kick_pe1(struct cpu *c)
{
    machine_pe_irq(&bench_now->m->pes[1], TG_PE_IRQ, true, c->local);
}

/* An interrupt sent by a PE that runs ahead reaches the sleeper at the sender's time, not before. */
static void kick_from_other_pe(void **state)
{
    static const struct mock_step s0[] = {{MOCK_WORK, 1, 0, NULL},
                                          {MOCK_WORK, 42 * TG_NS, 0, NULL},
                                          {MOCK_CALL, 0, 0, kick_pe1},
                                          {MOCK_OFF, 0, 0, NULL}};
    static const struct mock_step s1[] = {
        {MOCK_WFI, 0, 0, NULL}, {MOCK_READ, PROBE, 0, NULL}, {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s0, s1};
    struct bench b;

    (void)state;
    up(&b, 2, scripts);
    b.m->start = start_all;
    bench_now = &b;
    run(&b, NULL);
    assert_int_equal(b.probe->n_touched, 1);
    assert_int_equal(b.probe->touched[0], 42 * TG_NS + 1);
    machine_free(b.m);
}

static void power_on_pe1(struct cpu *c)
{
    machine_power_on(bench_now->m, 1, 1, 0, 0, c->local);
}

static void power_on_other(void **state)
{
    static const struct mock_step s0[] = {{MOCK_WORK, 250 * TG_NS, 0, NULL},
                                          {MOCK_CALL, 0, 0, power_on_pe1},
                                          {MOCK_WORK, 500 * TG_NS, 0, NULL},
                                          {MOCK_READ, PROBE, 0, NULL},
                                          {MOCK_OFF, 0, 0, NULL}};
    static const struct mock_step s1[] = {{MOCK_READ, PROBE, 0, NULL}, {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s0, s1};
    struct bench b;

    (void)state;
    up(&b, 2, scripts);
    bench_now = &b;
    run(&b, NULL);
    assert_int_equal(b.probe->n_touched, 2);
    assert_int_equal(b.probe->who[0], 1);
    assert_int_equal(b.probe->touched[0], 250 * TG_NS);
    assert_int_equal(b.probe->touched[1], 751 * TG_NS);
    machine_free(b.m);
}

static void deadlock(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WORK, TG_US, 0, NULL}, {MOCK_WFI, 0, 0, NULL}, {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, s};
    struct bench b;

    (void)state;
    up(&b, 2, scripts);
    b.m->start = start_all;
    run(&b, NULL);
    assert_int_equal(b.m->stop, MACHINE_STUCK);
    assert_int_equal(machine_exit_status(b.m), 3);
    assert_string_equal(b.m->stop_text, "no progress: all PEs wait for an interrupt and no event is pending; "
                                        "PE 0 at PC 0x2, EL2; PE 1 at PC 0x2, EL2");
    machine_free(b.m);
}

static void deadlock_all_off(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, TG_US, 0, NULL}, {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    run(&b, NULL);
    assert_int_equal(b.m->stop, MACHINE_STUCK);
    assert_string_equal(b.m->stop_text,
                        "no progress: all PEs are powered off and no event is pending; PE 0 is off");
    machine_free(b.m);
}

struct input {
    struct bench *b;
    unsigned asked, waited;
    struct tg_event ev;
};

static bool input_open(void *opaque)
{
    struct input *in = opaque;

    in->asked++;
    return in->waited < 3;
}

/* The user types at the second wait. */
static void idle_wait(void *opaque, tg_time now, tg_time until)
{
    struct input *in = opaque;

    in->waited++;
    if (in->waited == 1)
        assert_int_equal(until, TG_TIME_NEVER);
    if (in->waited == 2)
        tg_evq_schedule(in->b->m->env.evq, &in->ev, now + 5 * TG_NS);
}

static void input_keeps_alive(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WFI, 0, 0, NULL}, {MOCK_READ, PROBE, 0, NULL}, {MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;
    struct input in = {.b = &b, .ev = {.cb = raise_irq}};

    (void)state;
    up(&b, 1, scripts);
    in.ev.opaque = &b.m->pes[0];
    b.m->input_open = input_open;
    b.m->idle_wait = idle_wait;
    b.m->input_opaque = &in;
    run(&b, NULL);
    assert_int_equal(b.m->stop, MACHINE_POWEROFF);
    assert_int_equal(b.probe->touched[0], 6 * TG_NS);
    assert_true(in.waited >= 2);
    machine_free(b.m);
}

/* Exactly, and over all PEs. */
static void max_insns(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, TG_NS, 0, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, s, s};
    struct tlm_options opt = {.max_insns = 12345};
    struct bench b;

    (void)state;
    up(&b, 3, scripts);
    b.m->start = start_all;
    run(&b, &opt);
    assert_int_equal(b.m->stop, MACHINE_LIMIT);
    assert_int_equal(machine_exit_status(b.m), 0);
    assert_int_equal(machine_insns(b.m), 12345);
    machine_free(b.m);
}

/* ---- sampling ---- */

struct samples {
    unsigned n[3];
    uint64_t cycles[3], shortest, longest;
    struct bench *b;
};

static void on_sample(void *opaque, unsigned pe, uint64_t cycles)
{
    struct samples *s = opaque;

    s->n[pe]++;
    s->cycles[pe] += cycles;
    s->shortest = cycles < s->shortest ? cycles : s->shortest;
    s->longest = cycles > s->longest ? cycles : s->longest;
}

/* PE 0 works all the time, PE 1 a hundredth of it, PE 2 touches a device. Instructions take 1 ns, as cycles
 * do. */
static void sampling(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, TG_NS, 0, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    static const struct mock_step w[] = {{MOCK_WFI, 0, 100 * TG_NS, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    static const struct mock_step d[] = {{MOCK_READ, PROBE, 0, NULL},
                                         {MOCK_WORK, 30 * TG_NS, 0, NULL},
                                         {MOCK_WORK, 30 * TG_NS, 0, NULL},
                                         {MOCK_LOOP, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, w, d};
    struct samples got = {.shortest = UINT64_MAX};
    struct tlm_options opt = {
        .max_time = TG_MS, .profile_period = 100, .profile = on_sample, .profile_opaque = &got};
    struct bench b;

    (void)state;
    up(&b, 3, scripts);
    b.m->start = start_all;
    run(&b, &opt);
    assert_int_equal(b.c[0]->insns, 1000000);
    assert_in_range(got.n[0], 9800, 10200); /* 100 on average */
    assert_in_range(got.cycles[0], 1000000 - 150, 1000000);
    assert_in_range(got.cycles[1], 1000000 / 101 - 250, 1000000 / 101 + 100); /* sleep does not count */
    assert_in_range(got.n[2], 8000, 10200);
    assert_in_range(got.shortest, 50, 52); /* half to one and a half */
    assert_in_range(got.longest, 148, 150 + 30);
    machine_free(b.m);
}

struct series {
    struct bench *b;
    tg_time next[4]; /* of PE 0 to 2, and of the machine */
    tg_time latest;  /* how late a PE's point came, by its own time */
};

static void on_point(void *opaque, tg_time at, int pe)
{
    struct series *s = opaque;
    unsigned i = pe < 0 ? 3 : (unsigned)pe;

    assert_int_equal(at, s->next[i]); /* each multiple once, in order */
    s->next[i] += 10 * TG_US;
    if (pe < 0)
        return;
    tg_time local = s->b->c[pe]->local;

    assert_true(local >= at);
    s->latest = local - at > s->latest ? local - at : s->latest;
}

static int start_two(void *opaque, struct machine *m, tg_time now, struct tg_error *err)
{
    (void)opaque;
    (void)err;
    for (unsigned i = 0; i < 2; i++)
        machine_power_on(m, i, 2, 0, 0, now);
    return 0;
}

/* Points of a time series: at each multiple, of each PE at its own time, also of one that sleeps (1) and one
 * that is off (2), and of the machine. 101 us; steps of PE 0 take 30 ns and what its device takes. */
static void series(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WORK, 30 * TG_NS, 0, NULL}, {MOCK_READ, PROBE, 0, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    static const struct mock_step w[] = {{MOCK_WFI, 0, 3300 * TG_NS, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, w, w};
    struct series got = {.next = {10 * TG_US, 10 * TG_US, 10 * TG_US, 10 * TG_US}};
    struct tlm_options opt = {
        .max_time = 101 * TG_US, .sample_period = 10 * TG_US, .sample = on_point, .sample_opaque = &got};
    struct bench b;

    (void)state;
    up(&b, 3, scripts);
    got.b = &b;
    b.m->start = start_two;
    run(&b, &opt);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(got.next[i], 110 * TG_US); /* 100 us was the last */
    assert_in_range(got.latest, 0, TG_US);
    assert_int_equal(b.c[2]->insns, 0);
    machine_free(b.m);
}

/* ---- changes of mode ---- */

/* At exact counts of all PEs, in the order given: one whose count has passed happens at once. */
static void switch_insns(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, TG_NS, 0, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, s, s};
    struct tlm_switch v[] = {{TLM_AT_INSNS, 1000, "", CPU_TIMED},
                             {TLM_AT_INSNS, 5555, "", CPU_FAST},
                             {TLM_AT_INSNS, 3, "", CPU_TIMED}};
    struct tlm_switches sw = {v, 3, 0};
    struct tlm_options opt = {.max_insns = 10001, .switches = &sw};
    struct bench b;

    (void)state;
    up(&b, 3, scripts);
    b.m->start = start_all;
    run(&b, &opt);
    assert_int_equal(machine_insns(b.m), 10001);
    assert_int_equal(sw.next, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(b.c[i]->n_modes, 3);
        assert_int_equal(b.c[i]->mode_at[0], 1000);
        assert_int_equal(b.c[i]->mode_at[1], 5555);
        assert_int_equal(b.c[i]->mode_at[2], 5555);
        assert_int_equal(b.c[i]->mode, CPU_TIMED);
    }
    machine_free(b.m);
}

static struct tlm_switches *phases;

static void mark(struct cpu *c)
{
    if (phases->next < phases->n && phases->v[phases->next].at == TLM_AT_PHASE)
        tlm_switch_now(c->hooks->opaque, phases);
}

/* PE 1 is the one that comes to the address; then a phase, then an address again that only counts from then
 * on. */
static void switch_pc_and_phase(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, TG_NS, 0, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    static const struct mock_step t[] = {{MOCK_WORK, 10 * TG_NS, 0, NULL}, {MOCK_LOOP, 0, 100, NULL},
                                         {MOCK_WORK, 10 * TG_NS, 0, NULL}, {MOCK_WORK, 10 * TG_NS, 0, NULL},
                                         {MOCK_CALL, 0, 0, mark},          {MOCK_WORK, 10 * TG_NS, 0, NULL},
                                         {MOCK_LOOP, 2, 3, NULL},          {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, t};
    struct tlm_switch v[] = {{TLM_AT_PC, 3, "", CPU_TIMED},
                             {TLM_AT_PHASE, 0, "p", CPU_FAST},
                             {TLM_AT_PC, 3, "", CPU_TIMED},
                             {TLM_AT_PC, 99, "", CPU_FAST}};
    struct tlm_switches sw = {v, 4, 0};
    struct tlm_options opt = {.max_time = 20 * TG_US, .switches = &sw};
    struct bench b;

    (void)state;
    phases = &sw;
    up(&b, 2, scripts);
    b.m->start = start_all;
    run(&b, &opt);
    assert_int_equal(sw.next, 3); /* nobody comes to 99 */
    assert_int_equal(b.c[1]->n_modes, 3);
    assert_int_equal(b.c[1]->own_at[0], 101); /* before its 102nd instruction, at step 3 */
    assert_int_equal(b.c[1]->own_at[1], 103); /* in the call */
    assert_int_equal(b.c[1]->own_at[2], 105); /* at step 3 in the next round */
    assert_int_equal(b.c[0]->mode, CPU_TIMED);
    assert_true(!b.c[1]->on);
    machine_free(b.m);
}

/* Each PE runs up to the limit and not past it; sleepers idle up to it. */
static void max_time(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, TG_NS, 0, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    static const struct mock_step w[] = {{MOCK_WFI, 0, 0, NULL}, {MOCK_OFF, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, w, s};
    struct tlm_options opt = {.max_time = 123456 * TG_NS};
    struct bench b;

    (void)state;
    up(&b, 3, scripts);
    b.m->start = start_all;
    run(&b, &opt);
    assert_int_equal(b.m->stop, MACHINE_LIMIT);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(b.c[i]->local, 123456 * TG_NS);
    assert_int_equal(b.c[0]->insns, 123456);
    assert_int_equal(b.c[2]->insns, 123456);
    assert_int_equal(b.c[1]->idle_ps, 123455 * TG_NS);
    machine_free(b.m);
}

static void poweroff(void **state)
{
    static const struct mock_step s[] = {
        {MOCK_WORK, TG_US, 0, NULL}, {MOCK_CALL, 0, 0, off}, {MOCK_LOOP, 0, 0, NULL}};
    static const struct mock_step w[] = {{MOCK_WORK, TG_NS, 0, NULL}, {MOCK_LOOP, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s, w};
    struct bench b;

    (void)state;
    up(&b, 2, scripts);
    b.m->start = start_all;
    run(&b, NULL);
    assert_int_equal(b.m->stop, MACHINE_POWEROFF);
    assert_string_equal(b.m->stop_text, "guest");
    assert_int_equal(machine_exit_status(b.m), 0);
    machine_free(b.m);
}

static void reset(struct cpu *c)
{
    machine_stop(c->hooks->opaque, MACHINE_RESET, "guest");
}

static unsigned starts;

static int start_third_time_off(void *opaque, struct machine *m, tg_time now, struct tg_error *err)
{
    (void)opaque;
    (void)err;
    machine_power_on(m, 0, 2, ++starts < 3 ? 0 : 2, 0, now);
    return 0;
}

static const struct mock_step reset_script[] = {{MOCK_WORK, TG_US, 0, NULL},
                                                {MOCK_CALL, 0, 0, reset},
                                                {MOCK_WORK, TG_US, 0, NULL},
                                                {MOCK_CALL, 0, 0, off}};

static void reset_continues(void **state)
{
    const struct mock_step *const scripts[] = {reset_script};
    struct tlm_options opt = {.max_resets = 4};
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    b.m->start = start_third_time_off;
    run(&b, &opt);
    assert_int_equal(b.m->stop, MACHINE_POWEROFF);
    assert_int_equal(b.m->resets, 2);
    machine_free(b.m);
}

static void reset_loop(void **state)
{
    const struct mock_step *const scripts[] = {reset_script};
    struct tlm_options opt = {.max_resets = 4};
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    run(&b, &opt);
    assert_int_equal(b.m->stop, MACHINE_STUCK);
    assert_string_equal(b.m->stop_text, "no progress: the guest reset the machine 5 times");
    machine_free(b.m);
}

static void spin_is_a_bug(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, TG_US, 0, NULL}, {MOCK_SPIN, 0, 0, NULL}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    run(&b, NULL);
    assert_int_equal(machine_exit_status(b.m), 4);
    assert_string_equal(b.m->stop_text, "PE 0 neither executes nor sleeps at PC 0x1, cycle 1000");
    machine_free(b.m);
}

static void decode_error(void **state)
{
    static const struct mock_step s[] = {{MOCK_READ, 0x900000, 0, NULL}, {MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    run(&b, NULL);
    assert_int_equal(b.c[0]->x0, UINT64_C(0xdead0000) + TG_BUS_DECERR);
    machine_free(b.m);
}

static void memory_dmi(void **state)
{
    static const struct mock_step s[] = {{MOCK_LOAD, RAM + 0x7ff8, 0, NULL}, {MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;
    uint64_t v = UINT64_C(0x1122334455667788);

    (void)state;
    up(&b, 1, scripts);
    memcpy(machine_memory(b.m, RAM + 0x7ff8, 8), &v, 8);
    assert_null(machine_memory(b.m, RAM + 0xfff9, 8));
    assert_null(machine_memory(b.m, PROBE, 4));
    run(&b, NULL);
    assert_int_equal(b.c[0]->x0, v);
    machine_free(b.m);
}

struct domain_view {
    unsigned n;
    uint64_t pa, size;
};

static void dma_reports_code(void **state)
{
    static const struct mock_step s[] = {{MOCK_WRITE, RAM, 7, NULL}, {MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct tg_bus_attrs attrs = {.requester = 0x1003};
    struct bench b;
    struct domain_view *d;
    struct tg_bus_port port;
    char text[300];

    (void)state;
    memset(text, 'x', sizeof(text));
    up(&b, 1, scripts);
    run(&b, NULL);
    d = (struct domain_view *)b.m->domain;
    assert_int_equal(*(uint32_t *)machine_memory(b.m, RAM, 4), 7);
    assert_int_equal(d->size, 0); /* a PE's own store is the PE's affair */
    port = fabric_port(b.m->fabric);
    assert_int_equal(tg_bus_write(&port, &attrs, 0, RAM + 0x100, text, sizeof(text)), TG_BUS_OK);
    assert_int_equal(d->pa, RAM + 0x100);
    assert_int_equal(d->size, sizeof(text));
    machine_free(b.m);
}

static void device_latency(void **state)
{
    static const struct mock_step s[] = {{MOCK_WORK, 10 * TG_NS, 0, NULL},
                                         {MOCK_READ, PROBE, 0, NULL},
                                         {MOCK_READ, PROBE, 0, NULL},
                                         {MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    b.probe->latency = 33 * TG_NS;
    tg_model_set_u64(b.m->fabric, tg_model_param(&fabric_class, "latency"), 2 * TG_NS, NULL);
    run(&b, NULL);
    assert_int_equal(b.probe->touched[0], 10 * TG_NS);
    assert_int_equal(b.probe->touched[1], (10 + 35 + 1) * TG_NS);
    machine_free(b.m);
}

/* One process cannot run twice; what it may do is say so. */
static void repeatable(void **state)
{
    static const struct mock_step s[] = {{MOCK_CALL, 0, 0, off}};
    const struct mock_step *const scripts[] = {s};
    struct tlm_options none = {0};
    struct tg_error err;
    struct bench b;

    (void)state;
    up(&b, 1, scripts);
    run(&b, NULL);
    assert_int_not_equal(tlm_run(b.m, &none, &err), 0);
    assert_string_equal(err.text, "SystemC has run a machine in this process already");
    machine_free(b.m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_at_equal_times),
        cmocka_unit_test(quantum_of_a_set),
        cmocka_unit_test(device_sync),
        cmocka_unit_test(turns),
        cmocka_unit_test(wfi_timer),
        cmocka_unit_test(wfi_irq_from_event),
        cmocka_unit_test(kick_from_other_pe),
        cmocka_unit_test(power_on_other),
        cmocka_unit_test(deadlock),
        cmocka_unit_test(deadlock_all_off),
        cmocka_unit_test(input_keeps_alive),
        cmocka_unit_test(max_insns),
        cmocka_unit_test(sampling),
        cmocka_unit_test(series),
        cmocka_unit_test(switch_insns),
        cmocka_unit_test(switch_pc_and_phase),
        cmocka_unit_test(max_time),
        cmocka_unit_test(poweroff),
        cmocka_unit_test(reset_continues),
        cmocka_unit_test(reset_loop),
        cmocka_unit_test(spin_is_a_bug),
        cmocka_unit_test(decode_error),
        cmocka_unit_test(memory_dmi),
        cmocka_unit_test(dma_reports_code),
        cmocka_unit_test(device_latency),
        cmocka_unit_test(repeatable),
    };

    for (size_t i = 0; i < TG_ARRAY_SIZE(tests); i++) {
        if (argc == 2 && !strcmp(argv[1], tests[i].name)) {
            struct CMUnitTest one[1] = {tests[i]};

            return cmocka_run_group_tests(one, NULL, NULL);
        }
    }
    fprintf(stderr, "usage: %s SCENARIO\n", argv[0]);
    return 2;
}
