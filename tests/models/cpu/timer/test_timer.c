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
        p->cpu->ports.ppi[i] = (struct tg_irq){.set = on_line, .opaque = probes, .line = i};
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
    assert_true(c->arch.asleep);
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
    assert_int_equal(c->arch.sr[SR_CNTP_CVAL_EL0], 999);
    assert_int_equal(sysreg_read_id(c, SR_CNTP_TVAL_EL0), 0xffffffff);
    sysreg_write_id(c, SR_CNTVOFF_EL2, 600);
    sysreg_write_id(c, SR_CNTV_TVAL_EL0, 50);
    assert_int_equal(c->arch.sr[SR_CNTV_CVAL_EL0], 450);
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

/* ---- the condition as a level: random writes and times against a model of a few lines (D12.2.4) ---- */

enum offset { NO_OFFSET, VIRTUAL, PHYSICAL };
static const struct {
    const char *name;
    enum sr_id ctl, cval, tval;
    unsigned ppi;
    enum offset offset;
} all_timers[] = {
    {"CNTP", SR_CNTP_CTL_EL0, SR_CNTP_CVAL_EL0, SR_CNTP_TVAL_EL0, TG_PPI_CNTP, PHYSICAL},
    {"CNTV", SR_CNTV_CTL_EL0, SR_CNTV_CVAL_EL0, SR_CNTV_TVAL_EL0, TG_PPI_CNTV, VIRTUAL},
    {"CNTHP", SR_CNTHP_CTL_EL2, SR_CNTHP_CVAL_EL2, SR_CNTHP_TVAL_EL2, TG_PPI_CNTHP, NO_OFFSET},
    {"CNTHV", SR_CNTHV_CTL_EL2, SR_CNTHV_CVAL_EL2, SR_CNTHV_TVAL_EL2, TG_PPI_CNTHV, NO_OFFSET},
    {"CNTPS", SR_CNTPS_CTL_EL1, SR_CNTPS_CVAL_EL1, SR_CNTPS_TVAL_EL1, TG_PPI_CNTPS, NO_OFFSET},
    {"CNTHPS", SR_CNTHPS_CTL_EL2, SR_CNTHPS_CVAL_EL2, SR_CNTHPS_TVAL_EL2, TG_PPI_CNTHPS, NO_OFFSET},
    {"CNTHVS", SR_CNTHVS_CTL_EL2, SR_CNTHVS_CVAL_EL2, SR_CNTHVS_TVAL_EL2, TG_PPI_CNTHVS, NO_OFFSET},
};
#define N_TIMERS TG_ARRAY_SIZE(all_timers)

/* What the manual says, of the values that were written. */
struct spec {
    uint64_t ctl[N_TIMERS], cval[N_TIMERS];
    uint64_t cntvoff, cntpoff, cnthctl, hcr, scr;
};

static uint64_t spec_offset(const struct spec *s, enum offset o)
{
    bool el2_enabled = s->scr & 1; /* NS; EEL2 stays 0 */
    bool host = (s->hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE) && el2_enabled;

    if (o == VIRTUAL)
        return s->cntvoff;
    if (o == PHYSICAL && (s->scr & SCR_ECVEN) && (s->cnthctl & CNTHCTL_ECV) && el2_enabled && !host)
        return s->cntpoff;
    return 0;
}

static bool spec_condition(const struct spec *s, unsigned i, uint64_t count)
{
    return count - spec_offset(s, all_timers[i].offset) >= s->cval[i];
}

static bool spec_line(const struct spec *s, unsigned i, uint64_t count)
{
    return (s->ctl[i] & 3) == 1 && spec_condition(s, i, count);
}

static uint64_t random64(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 20 ^ *seed << 44;
}

/* Values around which something happens soon. */
static uint64_t interesting(uint64_t *seed, uint64_t count)
{
    uint64_t r = random64(seed), near = r >> 8 & 31;

    switch (r & 7) {
    case 0:
        return 0;
    case 1:
        return near;
    case 2:
        return 0 - near;
    case 3:
        return count - near;
    case 4:
        return (UINT64_C(1) << 63) + near;
    case 5:
        return UINT64_MAX;
    default:
        return count + near;
    }
}

static void random_write(struct cpu *c, struct spec *s, uint64_t *seed)
{
    uint64_t now = timer_count(c, cpu_local_time(c)), r = random64(seed);
    unsigned i = (unsigned)(r >> 16) % N_TIMERS;

    switch (r % 12) {
    case 0:
        s->cntvoff = interesting(seed, now);
        sysreg_write_id(c, SR_CNTVOFF_EL2, s->cntvoff);
        break;
    case 1:
        s->cntpoff = interesting(seed, now);
        sysreg_write_id(c, SR_CNTPOFF_EL2, s->cntpoff);
        break;
    case 2:
        s->cnthctl ^= CNTHCTL_ECV;
        sysreg_write_id(c, SR_CNTHCTL_EL2, s->cnthctl);
        break;
    case 3:
        s->hcr ^= r & 256 ? HCR_E2H : HCR_TGE;
        sysreg_write_id(c, SR_HCR_EL2, s->hcr | HCR_RW);
        break;
    case 4:
        s->scr ^= r & 256 ? SCR_NS : SCR_ECVEN;
        sysreg_write_id(c, SR_SCR_EL3, s->scr);
        break;
    case 5:
    case 6: /* TVAL: at EL3, and so without the physical offset */
        s->cval[i] =
            now - (all_timers[i].offset == VIRTUAL ? s->cntvoff : 0) + (uint64_t)(int64_t)(int8_t)(r >> 32);
        sysreg_write_id(c, all_timers[i].tval, (uint32_t)(int32_t)(int8_t)(r >> 32));
        break;
    case 7:
    case 8:
        s->cval[i] = interesting(seed, now);
        sysreg_write_id(c, all_timers[i].cval, s->cval[i]);
        break;
    default:
        s->ctl[i] = r & 0x700 ? 1 : r >> 12 & 3;
        sysreg_write_id(c, all_timers[i].ctl, s->ctl[i]);
    }
}

/* Lines at the present count, and ISTATUS of those that are enabled. */
static void check_now(struct cpu *c, const struct spec *s, const struct probe *probes, unsigned step)
{
    uint64_t count = timer_count(c, cpu_local_time(c));

    for (unsigned i = 0; i < N_TIMERS; i++) {
        uint64_t status = (s->ctl[i] & 1) && spec_condition(s, i, count) ? 4 : 0;

        if (probes[all_timers[i].ppi].level != spec_line(s, i, count))
            fail_msg("step %u: %s: the line is %d at count 0x%llx", step, all_timers[i].name,
                     probes[all_timers[i].ppi].level, (unsigned long long)count);
        assert_int_equal(sysreg_read_id(c, all_timers[i].ctl), s->ctl[i] | status);
    }
}

/* On to the middle of a tick `ticks` later, awake or asleep; each edge between is at the tick's first moment,
 * and there is none that the model does not have. */
static void advance(struct pe *p, const struct spec *s, struct probe *probes, unsigned ticks, bool asleep,
                    unsigned step)
{
    struct cpu *c = p->cpu;
    uint64_t from = timer_count(c, cpu_local_time(c)), to = from + ticks;
    tg_time end = to * TICK + TICK / 2;

    for (unsigned i = 0; i < N_TIMERS; i++)
        probes[all_timers[i].ppi].changes = 0;
    if (asleep) {
        pe_one(p, WFI);
        assert_true(c->arch.asleep);
        for (tg_time t; (t = tg_evq_next(p->env.evq)) <= end;)
            tg_evq_run(p->env.evq, t);
        c->arch.asleep = false;
        cpu_idle_until(c, end);
    } else {
        spin_until(p, end);
    }
    for (unsigned i = 0; i < N_TIMERS; i++) {
        const struct probe *pr = &probes[all_timers[i].ppi];
        unsigned changes = 0;
        tg_time last = 0;

        for (uint64_t n = from + 1; n <= to; n++) {
            if (spec_line(s, i, n) != spec_line(s, i, n - 1)) {
                changes++;
                last = n * TICK;
            }
        }
        if (pr->changes != changes || (changes && pr->at != last))
            fail_msg("step %u: %s: %u edges, the last at %llu, expected %u at %llu", step, all_timers[i].name,
                     pr->changes, (unsigned long long)pr->at, changes, (unsigned long long)last);
    }
}

static void test_levels(void **state)
{
    const char *features[CPU_FEAT_COUNT + 8];
    struct probe probes[TG_PPI_COUNT];
    struct pe *p;
    struct spec s = {.cnthctl = 3, .scr = 0};
    uint64_t seed = 16;
    unsigned n = 0;

    (void)state;
    while (pe_features_max[n]) {
        features[n] = pe_features_max[n];
        n++;
    }
    features[n++] = "el3";
    features[n] = NULL;
    p = pe_new(features, params, 3);
    for (unsigned i = 0; i < TG_PPI_COUNT; i++) {
        probes[i] = (struct probe){0};
        p->cpu->ports.ppi[i] = (struct tg_irq){.set = on_line, .opaque = probes, .line = i};
    }
    pe_at(p, 3, PSTATE(3, 1, 15));
    sysreg_write_id(p->cpu, SR_SCR_EL3, 0);
    sysreg_write_id(p->cpu, SR_CNTHCTL_EL2, 3);
    spin_until(p, 100 * TICK + TICK / 2);
    for (unsigned step = 0; step < 20000; step++) {
        random_write(p->cpu, &s, &seed);
        check_now(p->cpu, &s, probes, step);
        if (!(random64(&seed) & 3))
            advance(p, &s, probes, 1 + (unsigned)(random64(&seed) % 48), random64(&seed) & 1, step);
        check_now(p->cpu, &s, probes, step);
    }
    /* A reset of the PE takes all of them back. */
    for (unsigned i = 0; i < N_TIMERS; i++) {
        sysreg_write_id(p->cpu, all_timers[i].cval, 0);
        sysreg_write_id(p->cpu, all_timers[i].ctl, 1);
        assert_true(probes[all_timers[i].ppi].level);
    }
    cpu_power_on(p->cpu, 3, CODE, 0, cpu_local_time(p->cpu));
    for (unsigned i = 0; i < N_TIMERS; i++)
        assert_false(probes[all_timers[i].ppi].level);
    assert_int_equal(timer_next(p->cpu), TG_TIME_NEVER);
    pe_free(p);
}

/* The virtual count starts below zero: the line is 1, falls where the count wraps, and rises at CVAL. */
static void test_wrap(void **state)
{
    struct probe probes[TG_PPI_COUNT];
    struct pe *p = timer_pe(probes);
    struct cpu *c = p->cpu;
    const struct probe *v = &probes[TG_PPI_CNTV];

    (void)state;
    pe_at(p, 2, PSTATE(2, 1, 15));
    spin_until(p, 100 * TICK);
    sysreg_write_id(c, SR_CNTVOFF_EL2, 1100);
    sysreg_write_id(c, SR_CNTV_CVAL_EL0, 0x1000);
    sysreg_write_id(c, SR_CNTV_CTL_EL0, 1);
    assert_true(v->level);
    assert_int_equal(CTL(c, SR_CNTV_CTL_EL0), 5);
    assert_int_equal(timer_next(c), 1100 * TICK);
    spin_until(p, 1101 * TICK);
    assert_false(v->level);
    assert_int_equal(v->at, 1100 * TICK);
    assert_int_equal(CTL(c, SR_CNTV_CTL_EL0), 1);
    spin_until(p, (1100 + 0x1000) * TICK + 1000);
    assert_true(v->level);
    assert_int_equal(v->at, (1100 + 0x1000) * TICK);
    assert_int_equal(v->changes, 3);
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
        p->cpu->ports.ppi[i] = (struct tg_irq){.set = cpu_class.irq_in, .opaque = c, .line = TG_PE_IRQ};
    pe_code(p, CODE, code, 4);
    pe_code(p, VECTORS(1) + 0x280, (const uint32_t[]){SPIN}, 1);
    cpu_set_pc(c, CODE);
    cpu_set_x(c, 1, 20);
    cpu_set_x(c, 2, 1);
    cpu_set_insn_limit(c, 0);
    cpu_run(c, 21 * TICK);
    assert_int_equal(cpu_get_pc(c), VECTORS(1) + 0x280);
    assert_int_equal(c->arch.sr[SR_ELR_EL1], CODE + 12);
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
    assert_true(c->arch.asleep);
    assert_int_equal(cpu_wake_time(c), 16 * TICK);
    assert_false(cpu_has_wakeup(c, 16 * TICK - 1));
    assert_true(cpu_has_wakeup(c, 16 * TICK));
    cpu_idle_until(c, 16 * TICK);
    assert_int_equal(cpu_run(c, 17 * TICK), CPU_STOP_LIMIT);
    assert_int_equal(cpu_get_x(c, 0), 1);
    /* That event is used up; the next one is waited for. */
    pe_one(p, WFE);
    assert_true(c->arch.asleep);
    assert_int_equal(cpu_wake_time(c), 48 * TICK);
    cpu_idle_until(c, 48 * TICK);
    assert_true(cpu_has_wakeup(c, 48 * TICK));
    /* One that comes while the PE is awake sets the event register: the next WFE does not wait, the one after
     * it does. */
    spin_until(p, 100 * TICK); /* 80 has passed */
    pe_one(p, WFE);
    assert_false(c->arch.asleep);
    pe_one(p, WFE);
    assert_true(c->arch.asleep);
    assert_int_equal(cpu_wake_time(c), 112 * TICK);
    c->arch.asleep = false;
    /* Switched off after it came, it has come. */
    spin_until(p, 120 * TICK);
    sysreg_write_id(c, SR_CNTKCTL_EL1, 0);
    pe_one(p, WFE);
    assert_false(c->arch.asleep);
    /* What it would have sent before it was switched on does not count. */
    spin_until(p, 200 * TICK);
    sysreg_write_id(c, SR_CNTKCTL_EL1, 1 << 2 | 4 << 4);
    pe_one(p, WFE);
    assert_true(c->arch.asleep);
    assert_int_equal(cpu_wake_time(c), 208 * TICK);
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_deadline_awake),
        cmocka_unit_test(test_deadline_asleep),
        cmocka_unit_test(test_tval),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_interrupt_from_guest_code),
        cmocka_unit_test(test_event_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
