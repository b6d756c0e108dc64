/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generic timers of a PE. The system counter is simulated time in ticks of p.cntfrq, without drift. The
 * condition of a timer is a level: 1 while the count that it watches, less its offset, is at or above the
 * compare value. An edge of it, in either direction, is the first picosecond at which the count is there. Two
 * things move outputs: the run loop's timer_poll when the PE's local time gets to timer_next(), and, while
 * the PE sleeps, an event of the machine's queue at the same time. Arm ARM DDI 0487 J.a, D12.
 */
#include "models/cpu/timer/timer.h"

#include <errno.h>
#include <stdlib.h>
#include "models/cpu/pmu/pmu.h"
#include "models/cpu/sysreg/internal.h"

#define CTL_ENABLE  TG_BIT(0)
#define CTL_IMASK   TG_BIT(1)
#define CTL_ISTATUS TG_BIT(2)

#define EVNTEN  TG_BIT(2)
#define EVNTDIR TG_BIT(3)
#define EVNTI   TG_FIELD(7, 4)
#define EVNTIS  TG_BIT(17) /* FEAT_ECV: EVNTI counts from bit 8 */

/* How long a WFE that waits for another PE's store to the monitored line may sleep before it looks again. */
#define MONITOR_WAIT (250 * TG_NS)

static const struct tg_state state[] = {TG_STATE_EVENT(struct timer_unit, event)};
const struct tg_state_table timer_state = TG_STATE_INIT(struct timer_unit, state);

/* What is taken off the physical count before it is compared (D12.2.4). Those of EL2 and EL3 see the count
 * itself: the virtual offset of EL2's virtual timers is zero. */
enum timer_offset {
    OFFSET_NONE,
    OFFSET_VIRTUAL,  /* CNTVOFF_EL2 */
    OFFSET_PHYSICAL, /* CNTPOFF_EL2, where FEAT_ECV and its enables let it act */
};

#define TIMER(name, el, off)                                                                       \
    {                                                                                              \
        .ctl = SR_##name##_CTL_##el, .cval = SR_##name##_CVAL_##el, .tval = SR_##name##_TVAL_##el, \
        .ppi = TG_PPI_##name, .offset = (off)                                                      \
    }
static const struct timer_desc {
    uint16_t ctl, cval, tval; /* enum sr_id */
    uint8_t ppi;
    uint8_t offset; /* enum timer_offset */
} timers[] = {
    TIMER(CNTP, EL0, OFFSET_PHYSICAL), TIMER(CNTV, EL0, OFFSET_VIRTUAL), TIMER(CNTHP, EL2, OFFSET_NONE),
    TIMER(CNTHV, EL2, OFFSET_NONE),    TIMER(CNTPS, EL1, OFFSET_NONE),   TIMER(CNTHPS, EL2, OFFSET_NONE),
    TIMER(CNTHVS, EL2, OFFSET_NONE),
};

static const struct timer_desc *timer_of(enum sr_id id)
{
    for (unsigned i = 0; i < TG_ARRAY_SIZE(timers); i++)
        if (timers[i].ctl == id || timers[i].cval == id || timers[i].tval == id)
            return &timers[i];
    return &timers[0]; /* rows of table.def name no others */
}

uint64_t timer_count(const struct cpu *c, tg_time now)
{
    return tg_time_to_cycles(now, c->p.cntfrq);
}

/* What EL1 and EL0 find taken off the physical count: CNTPOFF_EL2 while CNTHCTL_EL2.ECV is 1 (D12.2.3). */
static uint64_t physical_offset(const struct cpu *c)
{
    if (tg_likely(!(c->arch.sr[SR_CNTHCTL_EL2] & CNTHCTL_ECV)) || !cpu_el2_on(c) || cpu_host(c))
        return 0;
    if (cpu_has(c, CPU_FEAT_EL3) && !(c->arch.sr[SR_SCR_EL3] & SCR_ECVEN))
        return 0;
    return c->arch.sr[SR_CNTPOFF_EL2];
}

static uint64_t offset_of(const struct cpu *c, const struct timer_desc *t)
{
    switch ((enum timer_offset)t->offset) {
    case OFFSET_VIRTUAL:
        return cpu_has(c, CPU_FEAT_EL2) ? c->arch.sr[SR_CNTVOFF_EL2] : 0;
    case OFFSET_PHYSICAL:
        return physical_offset(c);
    case OFFSET_NONE:
        break;
    }
    return 0;
}

/* Wraps where the offset is larger than the physical count. */
static uint64_t count_of(const struct cpu *c, const struct timer_desc *t, tg_time now)
{
    return timer_count(c, now) - offset_of(c, t);
}

/* First time at which the system counter shows `count`; TG_TIME_NEVER past the end of simulated time. */
static tg_time time_of_count(const struct cpu *c, unsigned __int128 count)
{
    unsigned __int128 t;

    if (count > UINT64_MAX)
        return TG_TIME_NEVER;
    t = (count * TG_SEC + c->p.cntfrq - 1) / c->p.cntfrq;
    return t >= TG_TIME_NEVER ? TG_TIME_NEVER : (tg_time)t;
}

/* The condition is an unsigned comparison (D12.2.4). */
static bool condition_met(const struct cpu *c, const struct timer_desc *t, tg_time now)
{
    return count_of(c, t, now) >= c->arch.sr[t->cval];
}

/* When the condition changes next by the count alone: it becomes true where the count comes to the compare
 * value, and false where the count wraps to zero. */
static tg_time next_edge(const struct cpu *c, const struct timer_desc *t, bool met, tg_time now)
{
    uint64_t at = met ? 0 : c->arch.sr[t->cval];

    if (met && !c->arch.sr[t->cval])
        return TG_TIME_NEVER; /* every count is at or above zero */
    return time_of_count(c, (unsigned __int128)timer_count(c, now) + (uint64_t)(at - count_of(c, t, now)));
}

/* Outputs to their levels at `now`, the next edge of one, the event that moves them for a sleeping PE. */
static void update(struct cpu *c, tg_time now)
{
    tg_time next = TG_TIME_NEVER;

    for (unsigned i = 0; i < TG_ARRAY_SIZE(timers); i++) {
        const struct timer_desc *t = &timers[i];
        bool live = (c->arch.sr[t->ctl] & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
        bool met = live && condition_met(c, t, now);

        tg_irq_set(&c->ports.ppi[t->ppi], met, now);
        if (live) {
            tg_time when = next_edge(c, t, met, now);

            if (when < next)
                next = when;
        }
    }
    c->derived.wake_at = next;
    if (next == TG_TIME_NEVER)
        tg_evq_cancel(c->model.env->evq, &c->units.timers->event);
    else if (!tg_event_pending(&c->units.timers->event) || c->units.timers->event.when != next)
        tg_evq_schedule(c->model.env->evq, &c->units.timers->event, next);
}

/* Every edge up to `now`, each at its own time. */
static void catch_up(struct cpu *c, tg_time now)
{
    while (c->derived.wake_at <= now)
        update(c, c->derived.wake_at);
}

void timer_poll(struct cpu *c, tg_time now)
{
    catch_up(c, now);
    if (c->arch.asleep && c->arch.wfe_until <= now) {
        if (c->arch.asleep_wfe)
            c->arch.event_from = c->arch.wfe_until; /* an event of the stream that is there is this one */
        c->arch.wfe_until = TG_TIME_NEVER;
        if (c->arch.asleep_wfe)
            c->arch.event_reg = true;
        else
            c->arch.timed_out = true;
        if (c->arch.wfe_trap)
            c->arch.wfe_trap |= CPU_WFE_LATE;
    }
    pmu_poll(c, now);
}

static void on_event(void *opaque, tg_time now)
{
    struct cpu *c = opaque;

    /* An awake PE comes to its deadline by itself, in its own time; it may still be before it. */
    if (c->arch.asleep || !c->arch.powered)
        catch_up(c, now);
}

/* A register that the timers depend on was written: the run loop takes the new deadline. */
static void changed(struct cpu *c)
{
    update(c, cpu_now(c));
    cpu_attention(c, 0);
}

/* The first event of the streams after `now`. */
static tg_time next_event(const struct cpu *c, tg_time now)
{
    tg_time next_time = TG_TIME_NEVER;

    for (unsigned i = 0; i < 2; i++) {
        /* CNTKCTL_EL1 watches the virtual counter, CNTHCTL_EL2 the physical one (D12.2.6). */
        uint64_t ctl = i ? c->arch.sr[SR_CNTHCTL_EL2] : c->arch.sr[SR_CNTKCTL_EL1], off, bit, count, next;
        tg_time when;

        if (!(ctl & EVNTEN) || (i && !cpu_el2_on(c)))
            continue;
        off = i || !cpu_has(c, CPU_FEAT_EL2) ? 0 : c->arch.sr[SR_CNTVOFF_EL2];
        bit = TG_BIT(tg_get(ctl, EVNTI) + (ctl & EVNTIS ? 8 : 0));
        count = timer_count(c, now) - off;
        /* The next count at which the bit has just become 1 (EVNTDIR 0) or 0 (EVNTDIR 1). */
        next = (count & ~(2 * bit - 1)) + ((ctl & EVNTDIR) ? 2 * bit : bit);
        if (next <= count)
            next += 2 * bit;
        when = time_of_count(c, (unsigned __int128)timer_count(c, now) + (next - count));
        if (when < next_time)
            next_time = when;
    }
    return next_time;
}

tg_time timer_event_wake(const struct cpu *c, tg_time now)
{
    tg_time wake = c->arch.excl_valid ? now + MONITOR_WAIT : TG_TIME_NEVER, event = next_event(c, now);

    return event < wake ? event : wake;
}

void timer_event_settle(struct cpu *c, tg_time now)
{
    if (c->arch.event_from >= now)
        return;
    if (tg_unlikely((c->arch.sr[SR_CNTKCTL_EL1] | c->arch.sr[SR_CNTHCTL_EL2]) & EVNTEN) &&
        next_event(c, c->arch.event_from) <= now)
        c->arch.event_reg = true;
    c->arch.event_from = now;
}

tg_time timer_timeout(struct cpu *c, uint64_t count)
{
    uint64_t now = sr_rd_cntvct(c, SR_CNTVCT_EL0);

    if (count <= now)
        return cpu_now(c);
    return time_of_count(c, (unsigned __int128)timer_count(c, cpu_now(c)) + (count - now));
}

int timer_init(struct cpu *c)
{
    c->units.timers = calloc(1, sizeof(*c->units.timers));
    if (!c->units.timers)
        return -ENOMEM;
    c->units.timers->event.cb = on_event;
    c->units.timers->event.opaque = c;
    c->derived.wake_at = c->arch.wfe_until = TG_TIME_NEVER;
    return 0;
}

void timer_fini(struct cpu *c)
{
    if (!c->units.timers)
        return;
    if (tg_event_pending(&c->units.timers->event))
        tg_evq_cancel(c->model.env->evq, &c->units.timers->event);
    free(c->units.timers);
    c->units.timers = NULL;
}

void timer_offset_changed(struct cpu *c)
{
    changed(c);
}

void timer_reset(struct cpu *c)
{
    c->arch.wfe_until = TG_TIME_NEVER;
    c->arch.event_from = cpu_now(c);
    update(c, cpu_now(c));
}

/* ---- registers ---- */

uint64_t sr_rd_cntpct(struct cpu *c, enum sr_id id)
{
    (void)id;
    return timer_count(c, cpu_now(c)) - (c->arch.el < 2 ? physical_offset(c) : 0);
}

/* At EL2 with E2H, and for a host's EL0, the virtual offset reads as zero (D17.11.30). */
uint64_t sr_rd_cntvct(struct cpu *c, enum sr_id id)
{
    bool host_view = (c->arch.el == 2 && cpu_e2h(c)) || (c->arch.el == 0 && cpu_host(c));

    (void)id;
    return timer_count(c, cpu_now(c)) -
           (host_view || !cpu_has(c, CPU_FEAT_EL2) ? 0 : c->arch.sr[SR_CNTVOFF_EL2]);
}

/* The count as TVAL measures against it. EL2 and EL3, by the EL0 name, read the physical timer's without an
 * offset (D12.2.4); who uses E2H means EL1's timer as EL1 sees it, by the EL02 name. */
static uint64_t tval_count(const struct cpu *c, const struct timer_desc *t)
{
    bool own_view = c->arch.el == 3 || (c->arch.el == 2 && !cpu_e2h(c));

    if (t->offset == OFFSET_PHYSICAL && own_view)
        return timer_count(c, cpu_now(c));
    return count_of(c, t, cpu_now(c));
}

uint64_t sr_rd_timer_tval(struct cpu *c, enum sr_id id)
{
    const struct timer_desc *t = timer_of(id);

    return (uint32_t)(c->arch.sr[t->cval] - tval_count(c, t));
}

void sr_wr_timer_tval(struct cpu *c, enum sr_id id, uint64_t v)
{
    const struct timer_desc *t = timer_of(id);

    c->arch.sr[t->cval] = tval_count(c, t) + (uint64_t)tg_sext(v, 32);
    changed(c);
}

uint64_t sr_rd_timer_ctl(struct cpu *c, enum sr_id id)
{
    const struct timer_desc *t = timer_of(id);
    uint64_t ctl = c->arch.sr[t->ctl];

    if ((ctl & CTL_ENABLE) && condition_met(c, t, cpu_now(c)))
        ctl |= CTL_ISTATUS;
    return ctl;
}

void sr_wr_timer_ctl(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[timer_of(id)->ctl] = v & (CTL_ENABLE | CTL_IMASK);
    changed(c);
}

void sr_wr_timer_cval(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[timer_of(id)->cval] = v;
    changed(c);
}

void sr_wr_cntvoff(struct cpu *c, enum sr_id id, uint64_t v)
{
    timer_event_settle(c, cpu_now(c));
    c->arch.sr[id] = v;
    changed(c);
}

/* Bits 8 to 11 of CNTHCTL_EL2 exist in its E2H layout only; kept as written, read by the trap rules as the
 * layout says. */
void sr_wr_cnthctl(struct cpu *c, enum sr_id id, uint64_t v)
{
    if (!cpu_has(c, CPU_FEAT_ECV))
        v &= ~(CNTHCTL_EL1TVT | CNTHCTL_EL1TVCT | CNTHCTL_EL1NVPCT | CNTHCTL_EL1NVVCT | EVNTIS);
    if (!cpu_has(c, CPU_FEAT_ECV_POFF))
        v &= ~CNTHCTL_ECV;
    timer_event_settle(c, cpu_now(c));
    c->arch.sr[id] = v;
    if (cpu_has(c, CPU_FEAT_ECV_POFF))
        changed(c);
}

void sr_wr_cntkctl(struct cpu *c, enum sr_id id, uint64_t v)
{
    timer_event_settle(c, cpu_now(c));
    c->arch.sr[id] = v & ~(cpu_has(c, CPU_FEAT_ECV) ? 0 : EVNTIS);
}
