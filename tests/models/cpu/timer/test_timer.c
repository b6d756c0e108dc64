/* SPDX-License-Identifier: Apache-2.0 */
/* Generic timers: exact counts, exact deadlines awake and asleep, TVAL, offsets, E2H names, the event stream.
 */
#include "insn.h"

#include "models/base/evq.h"
#include "models/cpu/timer/timer.h"

#define CTL(c, n) sysreg_read_id(c, n)

/* An interrupt line that remembers when it changed. */
struct probe {
    bool level;
    tg_time at;
    unsigned changes;
};

static void on_line(void *opaque, unsigned line, bool level, tg_time at)
{
    struct probe *pr = opaque;

    pr += line;
    pr->level = level;
    pr->at = at;
    pr->changes++;
}

/* 2 GHz, so that half a nanosecond is a cycle; 25 MHz counter: 40 ns a tick. */
static const char *const params[] = {"freq", "2000000000", "cntfrq", "25000000", NULL};
#define TICK (40 * TG_NS)

static struct pe *timer_pe(struct probe *probes)
{
    struct pe *p = pe_new(pe_features_n1, params, 1);

    for (unsigned i = 0; i < TG_PPI_COUNT; i++) {
        probes[i] = (struct probe){0};
        p->cpu->ppi[i] = (struct tg_irq){.set = on_line, .opaque = probes, .line = i};
    }
    return p;
}

static void spin_until(struct pe *p, tg_time t)
{
    uint32_t spin = SPIN;

    pe_code(p, CODE, &spin, 1);
    cpu_set_pc(p->cpu, CODE);
    cpu_set_insn_limit(p->cpu, 0);
    assert_int_equal(cpu_run(p->cpu, t), CPU_STOP_LIMIT);
    assert_true(cpu_local_time(p->cpu) >= t);
}

static void test_count(void **state)
{
    struct probe probes[TG_PPI_COUNT];
    struct pe *p = timer_pe(probes);
    struct cpu *c = p->cpu;
    uint32_t code[] = {MRS(1, ENC(3, 3, 14, 0, 1)), NOP, MRS(2, ENC(3, 3, 14, 0, 1)),
                       MRS(3, ENC(3, 3, 14, 0, 2)), SPIN};

    (void)state;
    pe_at(p, 2, PSTATE(2, 1, 15));
    assert_int_equal(timer_count(c, 0), 0);
    assert_int_equal(timer_count(c, TICK - 1), 0);
    assert_int_equal(timer_count(c, TICK), 1);
    /* A count read by an instruction is that of its own time, also inside a block: cycle 79 is at 39.5 ns, 81
     * at 40.5 ns. */
    cpu_idle_until(c, 79 * 500);
    sysreg_write_id(c, SR_CNTVOFF_EL2, 5);
    pe_code(p, CODE, code, 5);
    pe_run_insns(p, 4);
    assert_int_equal(cpu_get_x(c, 1), 0);
    assert_int_equal(cpu_get_x(c, 2), 1);
    assert_int_equal(cpu_get_x(c, 3), UINT64_C(1) - 5);
    /* E2H at EL2: no offset. */
    sysreg_write_id(c, SR_HCR_EL2, HCR_RW | HCR_E2H);
    pe_one(p, MRS(3, ENC(3, 3, 14, 0, 2)));
    assert_int_equal(cpu_get_x(c, 3), 1);
    pe_free(p);
}

/* Each timer fires at the first picosecond of its tick, in the PE's own time, not before; CTL.ISTATUS says
 * so. */
static void test_deadline_awake(void **state)
{
    static const struct {
        enum sr_id ctl, cval;
        unsigned ppi;
    } t[] = {
        {SR_CNTP_CTL_EL0, SR_CNTP_CVAL_EL0, TG_PPI_CNTP},
        {SR_CNTV_CTL_EL0, SR_CNTV_CVAL_EL0, TG_PPI_CNTV},
        {SR_CNTHP_CTL_EL2, SR_CNTHP_CVAL_EL2, TG_PPI_CNTHP},
        {SR_CNTHV_CTL_EL2, SR_CNTHV_CVAL_EL2, TG_PPI_CNTHV},
    };
    struct probe probes[TG_PPI_COUNT];
    struct pe *p = timer_pe(probes);
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 2, PSTATE(2, 1, 15));
    for (unsigned i = 0; i < 4; i++) {
        uint64_t now = timer_count(c, cpu_local_time(c));
        tg_time deadline = (now + 10) * TICK;

        probes[t[i].ppi] = (struct probe){0};
        sysreg_write_id(c, t[i].cval, now + 10);
        sysreg_write_id(c, t[i].ctl, 1);
        assert_int_equal(timer_next(c), deadline);
        spin_until(p, deadline - 1000);
        assert_int_equal(probes[t[i].ppi].changes, 0);
        assert_int_equal(CTL(c, t[i].ctl), 1);
        spin_until(p, deadline + 1000);
        assert_true(probes[t[i].ppi].level);
        assert_int_equal(probes[t[i].ppi].at, deadline);
        assert_int_equal(CTL(c, t[i].ctl), 5);
        /* IMASK lowers the line, not the status. */
        sysreg_write_id(c, t[i].ctl, 3);
        assert_false(probes[t[i].ppi].level);
        assert_int_equal(CTL(c, t[i].ctl), 7);
        sysreg_write_id(c, t[i].ctl, 1);
        assert_true(probes[t[i].ppi].level);
        /* A later compare value lowers it too. */
        sysreg_write_id(c, t[i].cval, now + 1000000);
        assert_false(probes[t[i].ppi].level);
        sysreg_write_id(c, t[i].ctl, 0);
        assert_int_equal(CTL(c, t[i].ctl), 0);
        assert_int_equal(timer_next(c), TG_TIME_NEVER);
    }
    pe_free(p);
}

/* Asleep, the machine's event queue is what fires. */
static void test_deadline_asleep(void **state)
{
    struct probe probes[TG_PPI_COUNT];
    struct pe *p = timer_pe(probes);
    struct cpu *c = p->cpu;

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    sysreg_write_id(c, SR_CNTV_TVAL_EL0, 100);
    sysreg_write_id(c, SR_CNTV_CTL_EL0, 1);
    pe_one(p, WFI);
    assert_true(c->asleep);
    assert_int_equal(cpu_wake_time(c), 100 * TICK);
    assert_int_equal(tg_evq_next(p->env.evq), 100 * TICK);
    tg_evq_run(p->env.evq, 100 * TICK - 1);
    assert_int_equal(probes[TG_PPI_CNTV].changes, 0);
    tg_evq_run(p->env.evq, 100 * TICK);
    assert_true(probes[TG_PPI_CNTV].level);
    assert_int_equal(probes[TG_PPI_CNTV].at, 100 * TICK);
    pe_free(p);
}

/* TVAL is signed 32-bit against CVAL; past the deadline it reads negative. The virtual timer counts from
 * CNTVOFF. */
static void test_tval(void **state)
{
    struct probe probes[TG_PPI_COUNT];
    struct pe *p = timer_pe(probes);
    struct cpu *c = p->cpu;
    uint64_t now;

    (void)state;
    pe_at(p, 2, PSTATE(2, 1, 15));
    spin_until(p, 1000 * TICK);
    now = timer_count(c, cpu_local_time(c));
    assert_int_equal(now, 1000);
    sysreg_write_id(c, SR_CNTP_TVAL_EL0, 0xffffffff);
    assert_int_equal(c->sr[SR_CNTP_CVAL_EL0], 999);
    assert_int_equal(sysreg_read_id(c, SR_CNTP_TVAL_EL0), 0xffffffff);
    sysreg_write_id(c, SR_CNTVOFF_EL2, 600);
    sysreg_write_id(c, SR_CNTV_TVAL_EL0, 50);
    assert_int_equal(c->sr[SR_CNTV_CVAL_EL0], 450);
    sysreg_write_id(c, SR_CNTV_CTL_EL0, 1);
    assert_int_equal(timer_next(c), 1050 * TICK);
    /* Moving the offset moves the deadline: past it the line rises at once. */
    sysreg_write_id(c, SR_CNTVOFF_EL2, 500);
    assert_true(probes[TG_PPI_CNTV].level);
    sysreg_write_id(c, SR_CNTVOFF_EL2, 700);
    assert_false(probes[TG_PPI_CNTV].level);
    assert_int_equal(timer_next(c), 1150 * TICK);
    /* An unsigned comparison: a compare value of all ones is never met in simulated time, one that is
     * "negative" neither. */
    sysreg_write_id(c, SR_CNTV_CVAL_EL0, UINT64_MAX);
    assert_false(probes[TG_PPI_CNTV].level);
    assert_int_equal(timer_next(c), TG_TIME_NEVER);
    pe_free(p);
}

/* A guest that sets a timer inside a block is interrupted at the first block boundary after the deadline. */
static void test_interrupt_from_guest_code(void **state)
{
    struct probe probes[TG_PPI_COUNT];
    struct pe *p = timer_pe(probes);
    struct cpu *c = p->cpu;
    uint32_t code[] = {MSR(ENC(3, 3, 14, 3, 0), 1), MSR(ENC(3, 3, 14, 3, 1), 2), NOP, SPIN};

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 0));
    for (unsigned i = 0; i < TG_PPI_COUNT; i++)
        p->cpu->ppi[i] = (struct tg_irq){.set = cpu_class.irq_in, .opaque = c, .line = TG_PE_IRQ};
    pe_code(p, CODE, code, 4);
    pe_code(p, VECTORS(1) + 0x280, (const uint32_t[]){SPIN}, 1);
    cpu_set_pc(c, CODE);
    cpu_set_x(c, 1, 20);
    cpu_set_x(c, 2, 1);
    cpu_set_insn_limit(c, 0);
    cpu_run(c, 21 * TICK);
    assert_int_equal(cpu_get_pc(c), VECTORS(1) + 0x280);
    assert_int_equal(c->sr[SR_ELR_EL1], CODE + 12);
    pe_free(p);
}

/* WFE wakes with the event stream: bit 4 of the virtual count rising, every 32 ticks, at 16, 48, ... */
static void test_event_stream(void **state)
{
    struct probe probes[TG_PPI_COUNT];
    struct pe *p = timer_pe(probes);
    struct cpu *c = p->cpu;
    uint32_t code[] = {WFE, ADD_X0_1, SPIN};

    (void)state;
    pe_at(p, 1, PSTATE(1, 1, 15));
    sysreg_write_id(c, SR_CNTKCTL_EL1, 1 << 2 | 4 << 4);
    assert_int_equal(timer_event_wake(c, 0), 16 * TICK);
    assert_int_equal(timer_event_wake(c, 16 * TICK), 48 * TICK);
    assert_int_equal(timer_event_wake(c, 17 * TICK + 5), 48 * TICK);
    sysreg_write_id(c, SR_CNTKCTL_EL1, 1 << 2 | 1 << 3 | 4 << 4); /* falling */
    assert_int_equal(timer_event_wake(c, 16 * TICK), 32 * TICK);
    sysreg_write_id(c, SR_CNTKCTL_EL1, 0);
    assert_int_equal(timer_event_wake(c, 0), TG_TIME_NEVER);
    sysreg_write_id(c, SR_CNTKCTL_EL1, 1 << 2 | 4 << 4);
    pe_code(p, CODE, code, 3);
    cpu_set_pc(c, CODE);
    cpu_set_insn_limit(c, 0);
    assert_int_equal(cpu_run(c, 100 * TICK), CPU_STOP_WFI);
    assert_true(c->asleep);
    assert_int_equal(cpu_wake_time(c), 16 * TICK);
    assert_false(cpu_has_wakeup(c, 16 * TICK - 1));
    assert_true(cpu_has_wakeup(c, 16 * TICK));
    cpu_idle_until(c, 16 * TICK);
    assert_int_equal(cpu_run(c, 17 * TICK), CPU_STOP_LIMIT);
    assert_int_equal(cpu_get_x(c, 0), 1);
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_deadline_awake),
        cmocka_unit_test(test_deadline_asleep),
        cmocka_unit_test(test_tval),
        cmocka_unit_test(test_interrupt_from_guest_code),
        cmocka_unit_test(test_event_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
