/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run loop: PEs as SystemC threads, the machine's event queue as another one, and what ends the run.
 * Timing inside a PE is the PE's own affair; here it only gets slices of time. See tlm.h for order and time.
 *
 * The event queue is a thread and not a method, so that a DMA transfer may meet an external target that calls
 * wait().
 */
#include "sim/tlm/tlm.h"

#include <time.h>
#include <cstdlib>
#include <string>
#include "sim/tlm/bus.h"
#include "sim/tlm/sampler.h"
#include "sim/tlm/turns.h"

using sc_core::sc_time;

namespace tg
{

static sc_time ps(tg_time t)
{
    return sc_time::from_value(t);
}

class Runner : public sc_core::sc_module
{
  public:
    Runner(sc_core::sc_module_name name, machine *m, const tlm_options &opt);
    ~Runner() override;
    std::string build();
    void loop_finished();

  private:
    /* How a PE stands with the clock. */
    struct Pe {
        Runner *runner;
        cpu *c;
        unsigned index;
        tg_time quantum;
        sc_core::sc_event kick;
        tg_time last_kick = 0;   /* latest time it was asked to look */
        tg_time close_until = 0; /* until then its slices are short: see meet() */
        bool was_on = false;
        tg_time wake = TG_TIME_NEVER;  /* asleep: until then at most */
        tg_time until = 0;             /* end of the slice it runs */
        tg_time local = TG_TIME_NEVER; /* its local time; TG_TIME_NEVER: ask, which takes a division */
        bool asleep = false, parked = false;
        bool ran = false;         /* and waits for the end of its slice: due() */
        unsigned idle_slices = 0; /* without any progress */
        uint64_t random = 0;      /* state of the generator of sampling distances */
        uint64_t sample_in = 0;   /* busy cycles until the next sample */
        uint64_t sampled = 0;     /* since the last one */
        cpu_mode sampled_mode = CPU_FAST;
        std::unique_ptr<PeBus> bus;
    };

    void pe_thread(unsigned i);
    void events_thread();
    Pe *next_turn(unsigned thread);
    void sleep(Pe &p);
    void slice(Pe &p, tg_time now);
    void wait_for_interrupt(Pe &p, tg_time local);
    cpu_stop run_sampled(Pe &p, tg_time until);
    cpu_stop run_pe(Pe &p, tg_time until);
    void idle_until(Pe &p, tg_time now);
    uint64_t sampling_distance(Pe &p) const;
    const tlm_switch *pending_switch() const;
    void arm_switch();
    void check_switch(Pe &p, cpu_stop why);
    void limit_insns(Pe &p);
    void park(Pe &p);
    void everybody_sleeps();
    void host_poll();
    void look_for_moment(tg_time now);
    void stuck(const char *what);
    void start_machine();

    bool is_alone(const Pe &p) const;
    static bool is_near(const Pe &p, tg_time local, tg_time at);
    static tg_time step(const Pe &p, tg_time now);
    void meet(Pe &p, tg_time at);
    void join(Pe &p, tg_time now);
    void cut(Pe &p) const;
    static void before_device(void *opaque, tg_time at);
    static void after_device(void *opaque);
    static void on_kick(void *opaque, unsigned pe, tg_time at);
    static tg_time on_clock(void *opaque);
    static void on_earlier(void *opaque, tg_time when);

    machine *m_;
    tlm_options opt_;
    PayloadPool pool_;
    std::unique_ptr<FabricBus> fabric_;
    std::vector<std::unique_ptr<Pe>> pes_;
    Turns turns_;
    Sampler sampler_;
    std::vector<std::unique_ptr<DeviceBus>> devices_;
    std::vector<std::unique_ptr<ExternalBus>> externals_;
    sc_core::sc_event rearm_, parked_, resume_;
    Pe *current_ = nullptr; /* the PE inside cpu_run, until it meets an external target */
    unsigned polls_ = 0;
    size_t armed_ = SIZE_MAX; /* index of the switch that PEs know of */
    timespec last_poll_{};

  public:
    tg_error error{};
    int status = 0;
};

Runner::Runner(sc_core::sc_module_name name, machine *m, const tlm_options &opt)
    : sc_module(name), m_(m), opt_(opt), turns_(m->n_pes), sampler_(m, opt_)
{
    m->kick = on_kick;
    m->kick_opaque = this;
    m->clock = on_clock;
    m->clock_opaque = this;
    tg_evq_on_earlier(m->env.evq, on_earlier, this);
    clock_gettime(CLOCK_MONOTONIC, &last_poll_);
}

Runner::~Runner()
{
    m_->kick = nullptr;
    m_->clock = nullptr;
    tg_evq_on_earlier(m_->env.evq, nullptr, nullptr);
}

static const int pe_stack = 4 << 20;

/* Sockets and threads. */
std::string Runner::build()
{
    sc_core::sc_spawn_options big;

    /* A PE's thread also runs whatever its accesses cause: devices, firmware, statistics. The host maps pages
     * as they are used. */
    big.set_stack_size(pe_stack);
    fabric_ = std::make_unique<FabricBus>("fabric", m_, pool_);
    for (unsigned i = 0; i < m_->n_pes; i++) {
        auto p = std::make_unique<Pe>();
        const tg_model_class *cls = m_->pes[i].model->cls;

        p->runner = this;
        p->c = m_->pes[i].cpu;
        p->index = i;
        p->quantum = machine_quantum(m_, i);
        p->random =
            (m_->env.seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (i + 1) * UINT64_C(0xbf58476d1ce4e5b9);
        p->random = p->random ? p->random : 1;
        p->sample_in = opt_.profile_period ? sampling_distance(*p) : 0;
        p->sampled_mode = cpu_get_mode(p->c);
        p->bus = std::make_unique<PeBus>(("pe" + std::to_string(i)).c_str(), m_->fabric, pool_);
        p->bus->before_device = before_device;
        p->bus->after_device = after_device;
        p->bus->opaque = p.get();
        p->bus->socket.bind(fabric_->from(i));
        for (size_t k = 0; k < cls->n_ports; k++)
            if (cls->ports[k].kind == TG_PORT_BUS)
                *reinterpret_cast<tg_bus_port *>(reinterpret_cast<char *>(m_->pes[i].model) +
                                                 cls->ports[k].offset) = p->bus->port();
        pes_.push_back(std::move(p));
        sc_core::sc_spawn([this, i] { pe_thread(i); }, ("pe_thread" + std::to_string(i)).c_str(), &big);
    }
    for (size_t r = 0; r < m_->n_regions; r++) {
        machine_region *region = &m_->regions[r];

        if (region->memory || !region->model)
            continue;
        /* The wrapper calls what was there before the socket took its place. */
        devices_.push_back(std::make_unique<DeviceBus>(("dev" + std::to_string(r)).c_str(), region->target));
        fabric_->expose(r, nullptr, nullptr).bind(devices_.back()->socket);
    }
    for (size_t x = 0; x < m_->n_externals; x++) {
        machine_external *ext = &m_->externals[x];
        machine_region *region = &m_->regions[ext->region];
        auto before = [](void *opaque) {
            /* The target may wait(): whoever is behind us at this time must not be held up. */
            Runner *r = static_cast<Runner *>(opaque);
            Pe *p = r->current_;

            r->current_ = nullptr;
            if (p)
                r->turns_.leave(p->index, TG_TIME_NEVER);
        };

        externals_.push_back(
            std::make_unique<ExternalBus>(("ext" + std::to_string(x)).c_str(), ext, region->size));
        std::string e = externals_.back()->load(fabric_->expose(ext->region, before, this));
        if (!e.empty())
            return e;
    }
    sc_core::sc_spawn([this] { events_thread(); }, "events", &big);
    return "";
}

/* ---- calls from the machine ---- */

void Runner::on_kick(void *opaque, unsigned pe, tg_time at)
{
    Runner *r = static_cast<Runner *>(opaque);
    Pe &p = *r->pes_[pe];
    tg_time now = now_ps();

    if (!p.asleep && !p.parked && &p != r->current_)
        r->meet(p, at);
    if (at < now)
        at = now;
    if (at > p.last_kick)
        p.last_kick = at;
    if (!p.asleep && !p.parked)
        return;
    if (at < r->turns_.due(pe))
        r->turns_.set_due(pe, at);
    p.kick.notify(ps(at - now)); /* the earliest of several pending notifications stays */
}

tg_time Runner::on_clock(void *)
{
    return now_ps();
}

void Runner::on_earlier(void *opaque, tg_time when)
{
    Runner *r = static_cast<Runner *>(opaque);
    tg_time now = now_ps();

    r->rearm_.notify(ps(when > now ? when - now : 0));
    if (r->current_)
        r->cut(*r->current_);
}

/* What it has scheduled itself, the PE that runs shall not run past. */
void Runner::cut(Pe &p) const
{
    if (tg_evq_next(m_->env.evq) < p.until) {
        p.until = 0; /* asked for once */
        cpu_request_stop(p.c);
    }
}

/* ---- a PE ---- */

/* Something comes to PE p, which is awake, at `at`. If it has run past that already, it was too far ahead: for a while its
 * slices are short, so that what comes next finds it in time. A PE that nobody turns to keeps its long ones. */
void Runner::meet(Pe &p, tg_time at)
{
    tg_time local = cpu_local_time(p.c);

    if (local > at || at < p.close_until)
        p.close_until = (local > at ? local : at) + TLM_CLOSE_FOR;
}

/* PE p was powered on: whoever did so will have more to say to it. */
void Runner::join(Pe &p, tg_time now)
{
    p.was_on = true;
    for (auto &o : pes_)
        if (cpu_is_on(o->c))
            o->close_until = now + TLM_CLOSE_FOR;
}

/* Length of its slices at this time. */
tg_time Runner::step(const Pe &p, tg_time now)
{
    return now < p.close_until && p.quantum > TLM_CLOSE_STEP ? TLM_CLOSE_STEP : p.quantum;
}

/* A quantum ends with the block in which it does: PEs meet at its end, not each a bit later. */
bool Runner::is_near(const Pe &p, tg_time local, tg_time at)
{
    return local >= at && local - at < step(p, at) / 2;
}

void Runner::park(Pe &p)
{
    p.parked = true;
    p.ran = false;
    turns_.leave(p.index, TG_TIME_NEVER);
    parked_.notify();
    sc_core::wait(resume_);
    p.parked = false;
}

/* Nothing to do until p.wake, or until somebody kicks. */
void Runner::sleep(Pe &p)
{
    tg_time now = now_ps();
    tg_time until = p.wake;

    if (p.last_kick > now && p.last_kick < until)
        until = p.last_kick;
    p.asleep = true;
    turns_.leave(p.index, until);
    everybody_sleeps();
    if (m_->stop == MACHINE_RUNNING) {
        if (until == TG_TIME_NEVER)
            sc_core::wait(p.kick);
        else
            sc_core::wait(ps(until > now ? until - now : 0), p.kick);
    }
    p.asleep = false;
}

/* Is nobody else powered on? */
bool Runner::is_alone(const Pe &p) const
{
    for (auto &o : pes_)
        if (o.get() != &p && cpu_is_on(o->c))
            return false;
    return true;
}

/* A PE, ahead of the clock, meets a device: everybody else gets there first, so that devices see accesses in
 * the order of time. */
void Runner::before_device(void *opaque, tg_time at)
{
    Pe &p = *static_cast<Pe *>(opaque);
    Runner *r = p.runner;
    tg_evq *q = r->m_->env.evq;
    tg_time now = now_ps();

    if (at <= now)
        return;
    if (r->m_->n_externals || tg_evq_next(q) <= at || !r->is_alone(p)) {
        r->current_ = nullptr;
        r->turns_.wait_inside(p.index, at);
        r->limit_insns(p); /* the others may have come closer to the limit */
        r->current_ = &p;
    } /* else: nothing can happen between now and then */
    tg_evq_run(q, at);
}

void Runner::after_device(void *opaque)
{
    Pe &p = *static_cast<Pe *>(opaque);

    p.runner->cut(p);
}

/* ---- sampling ---- */

/* From half to one and a half of the period: xorshift64* (Vigna 2016), so that no loop falls into step with
 * it. */
uint64_t Runner::sampling_distance(Pe &p) const
{
    uint64_t period = opt_.profile_period, d;

    p.random ^= p.random >> 12;
    p.random ^= p.random << 25;
    p.random ^= p.random >> 27;
    d = (p.random * UINT64_C(0x2545f4914f6cdd1d)) >> 16;
    d = period - period / 2 + d % (period / 2 * 2 + 1);
    return d ? d : 1;
}

/* As cpu_run, in pieces from sample to sample. Nobody else runs in between, so that the machine does as it
 * does without. */
cpu_stop Runner::run_sampled(Pe &p, tg_time until)
{
    for (;;) {
        uint64_t before = cpu_cycles(p.c);
        tg_time at = tg_cycles_to_time(before + p.sample_in, cpu_hz(p.c));
        cpu_stop why = cpu_run(p.c, at < until ? at : until);
        uint64_t ran = cpu_cycles(p.c) - before;

        /* Cycles of two modes are no sum. */
        bool mixed = cpu_get_mode(p.c) != p.sampled_mode;

        p.sampled_mode = cpu_get_mode(p.c);
        p.sampled = mixed ? 0 : p.sampled + ran;
        if (ran >= p.sample_in) {
            if (!mixed)
                opt_.profile(opt_.profile_opaque, p.index, p.sampled);
            p.sampled = 0;
            p.sample_in = sampling_distance(p);
        } else {
            p.sample_in -= ran;
        }
        if (why != CPU_STOP_LIMIT || cpu_local_time(p.c) >= until)
            return why;
    }
}

/* As cpu_run, with what was asked for beside it. */
cpu_stop Runner::run_pe(Pe &p, tg_time until)
{
    for (;;) {
        tg_time at = sampler_.limit(p.index, until);
        cpu_stop why = opt_.profile_period ? run_sampled(p, at) : cpu_run(p.c, at);
        tg_time local = cpu_local_time(p.c);

        sampler_.ran(p.index, local);
        if (is_alone(p))
            sampler_.clock(local);
        if (why != CPU_STOP_LIMIT || local >= until)
            return why;
    }
}

void Runner::look_for_moment(tg_time now)
{
    if (tg_likely(!opt_.moment_at && !opt_.moment_insns))
        return;
    if (opt_.moment_at ? now < opt_.moment_at : machine_insns(m_) < opt_.moment_insns)
        return;
    opt_.moment_at = 0;
    opt_.moment_insns = 0;
    opt_.moment(opt_.moment_opaque);
}

/* A PE that slept. */
void Runner::idle_until(Pe &p, tg_time now)
{
    sampler_.idle(p.index, now);
    cpu_idle_until(p.c, now);
}

/* ---- changes of mode, limits ---- */

const tlm_switch *Runner::pending_switch() const
{
    const tlm_switches *s = opt_.switches;

    return s && s->next < s->n ? &s->v[s->next] : nullptr;
}

void Runner::arm_switch()
{
    const tlm_switch *s = pending_switch();

    armed_ = opt_.switches->next;
    for (auto &p : pes_)
        cpu_set_stop_pc(p->c, s && s->at == TLM_AT_PC ? s->value : CPU_NO_PC);
}

/* After PE p has run. */
void Runner::check_switch(Pe &p, cpu_stop why)
{
    const tlm_switch *s;

    while ((s = pending_switch())) {
        if (s->at == TLM_AT_INSNS ? machine_insns(m_) < s->value
                                  : s->at != TLM_AT_PC || why != CPU_STOP_REQUEST ||
                                        armed_ != opt_.switches->next || cpu_get_pc(p.c) != s->value)
            break;
        tlm_switch_now(m_, opt_.switches);
    }
}

/* How far the PE may run for the sum of all PEs to stay within what was asked for. */
void Runner::limit_insns(Pe &p)
{
    const tlm_switch *s = pending_switch();
    uint64_t limit = opt_.max_insns, sum;

    if (!limit && !opt_.switches)
        return;
    if (s && s->at == TLM_AT_INSNS && (!limit || s->value < limit))
        limit = s->value;
    sum = limit ? machine_insns(m_) : 0;
    cpu_set_insn_limit(p.c, limit ? cpu_insns(p.c) + (limit > sum ? limit - sum : 0) : 0);
}

/* The PE has run to `local` and waits for an interrupt, at the latest until its next timer. */
void Runner::wait_for_interrupt(Pe &p, tg_time local)
{
    tg_time now = now_ps();

    if (local > now) {
        turns_.leave(p.index, local);
        sc_core::wait(ps(local - now));
    }
    if (m_->stop != MACHINE_RUNNING)
        return;
    /* Everything up to now has to be seen before the PE decides that there is nothing to wake for. */
    tg_evq_run(m_->env.evq, now_ps());
    while (m_->stop == MACHINE_RUNNING && cpu_is_on(p.c) && !cpu_has_wakeup(p.c, now_ps())) {
        p.wake = cpu_wake_time(p.c);
        if (p.wake <= now_ps())
            break;
        sleep(p);
    }
    if (cpu_is_on(p.c))
        idle_until(p, now_ps());
}

/* Lets the PE run for a quantum or less. What it does next is to wait for the end of that: p.ran. */
void Runner::slice(Pe &p, tg_time now)
{
    tg_time next = tg_evq_next(m_->env.evq);

    if (tg_unlikely(!p.was_on))
        join(p, now);
    tg_time until = (now / step(p, now) + 1) * step(p, now);
    uint64_t before = cpu_insns(p.c);

    /* Nobody to be in step with: the next event is the only thing to stop for. */
    if (is_alone(p))
        until = (now / p.quantum + 20) * p.quantum;
    if (next > now && next < until)
        until = next;
    if (opt_.max_time && until > opt_.max_time)
        until = opt_.max_time;
    if (tg_unlikely(opt_.switches != nullptr)) {
        check_switch(p, CPU_STOP_LIMIT);
        if (armed_ != opt_.switches->next)
            arm_switch();
    }
    limit_insns(p);
    current_ = &p;
    p.until = until;
    cpu_stop why = tg_unlikely(opt_.profile_period || sampler_.on()) ? run_pe(p, until) : cpu_run(p.c, until);
    current_ = nullptr;
    tg_time local = cpu_local_time(p.c);

    if (opt_.max_insns && machine_insns(m_) >= opt_.max_insns)
        machine_stop(m_, MACHINE_LIMIT, "%llu instructions", static_cast<unsigned long long>(opt_.max_insns));
    if (m_->stop != MACHINE_RUNNING)
        return;
    check_switch(p, why);
    if (cpu_insns(p.c) != before || local > now || why == CPU_STOP_WFI || why == CPU_STOP_OFF)
        p.idle_slices = 0;
    else if (++p.idle_slices > 100000)
        machine_stop(m_, MACHINE_BUG, "PE %u neither executes nor sleeps at PC %#llx, cycle %llu", p.index,
                     static_cast<unsigned long long>(cpu_get_pc(p.c)),
                     static_cast<unsigned long long>(cpu_cycles(p.c)));
    if (why == CPU_STOP_WFI) {
        wait_for_interrupt(p, local);
    } else {
        turns_.set_due(p.index, why == CPU_STOP_LIMIT && is_near(p, local, until) ? until : local);
        p.local = why == CPU_STOP_LIMIT ? local : TG_TIME_NEVER;
        p.ran = true;
    }
}

/* Waits until some PE, which may be another one, has its turn on the thread. nullptr: it cannot run, which is
 * for the thread's loop to see. */
Runner::Pe *Runner::next_turn(unsigned thread)
{
    Pe &p = *pes_[turns_.next(thread)];

    p.ran = false;
    if (m_->stop != MACHINE_RUNNING || !cpu_is_on(p.c) || (opt_.max_time && now_ps() >= opt_.max_time))
        return nullptr;
    return &p;
}

void Runner::pe_thread(unsigned i)
{
    char why[256];

    pes_[i]->parked = true; /* until the events thread has started the machine */
    sc_core::wait(resume_);
    pes_[i]->parked = false;
    for (;;) {
        Pe *p = pes_[turns_.on(i)].get();
        tg_time now = now_ps();

        if (m_->stop != MACHINE_RUNNING) {
            park(*p);
            continue;
        }
        if (!p->ran) {
            if (opt_.max_time && now >= opt_.max_time) {
                /* The events thread ends the run when all have come so far. */
                p->asleep = true;
                turns_.leave(p->index, TG_TIME_NEVER);
                sc_core::wait(p->kick);
                p->asleep = false;
                continue;
            }
            if (!cpu_is_on(p->c)) {
                p->was_on = false;
                p->wake = TG_TIME_NEVER;
                sleep(*p);
                continue;
            }
            p->local = cpu_local_time(p->c);
            /* Powered on at a time that is still to come? */
            turns_.set_due(p->index, is_near(*p, p->local, now) ? now : p->local);
        }
        p = next_turn(i);
        if (!p)
            continue;
        now = now_ps();
        if (p->local == TG_TIME_NEVER)
            p->local = cpu_local_time(p->c);
        if (p->local < now)
            idle_until(*p, now);
        sampler_.clock(now);
        tg_evq_run(m_->env.evq, now);
        look_for_moment(now);
        if (m_->stop != MACHINE_RUNNING)
            continue;
        slice(*p, now);
        if (tg_unlikely(m_->stop == MACHINE_RUNNING && cpu_stuck(p->c, why, sizeof(why))))
            machine_stop(m_, MACHINE_STUCK, "PE %u: %s", p->index, why);
        if ((++polls_ & 63) == 0)
            host_poll();
    }
}

/* ---- sleep of all, host ---- */

void Runner::host_poll()
{
    timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    if ((t.tv_sec - last_poll_.tv_sec) * 1000 + (t.tv_nsec - last_poll_.tv_nsec) / 1000000 < 50)
        return;
    last_poll_ = t;
    if (m_->poll)
        m_->poll(m_->poll_opaque, now_ps());
}

/* Every PE waits, nothing will ever happen. */
void Runner::stuck(const char *what)
{
    std::string text = what;
    char where[64];

    for (auto &p : pes_) {
        if (!cpu_is_on(p->c))
            snprintf(where, sizeof(where), "; PE %u is off", p->index);
        else
            snprintf(where, sizeof(where), "; PE %u at PC %#llx, EL%u", p->index,
                     static_cast<unsigned long long>(cpu_get_pc(p->c)), cpu_get_el(p->c));
        text += where;
    }
    machine_stop(m_, MACHINE_STUCK, "%s", text.c_str());
}

/* Is nobody awake? Called by each PE that goes to sleep and after each event. */
void Runner::everybody_sleeps()
{
    tg_time now = now_ps(), next = tg_evq_next_any(m_->env.evq);
    bool on = false;

    for (auto &p : pes_) {
        tg_time due = turns_.due(p->index);

        if (!p->asleep || due <= now)
            return;
        on = on || cpu_is_on(p->c);
        if (due < next)
            next = due;
    }
    host_poll();
    if (opt_.max_time && next > opt_.max_time && next != TG_TIME_NEVER)
        next = opt_.max_time;
    while (m_->stop == MACHINE_RUNNING && m_->input_open && m_->input_open(m_->input_opaque)) {
        if (m_->idle_wait)
            m_->idle_wait(m_->input_opaque, now, next);
        host_poll();
        if (next != TG_TIME_NEVER || tg_evq_next_any(m_->env.evq) != TG_TIME_NEVER || !m_->idle_wait)
            return; /* time goes on */
        bool kicked = false;
        for (auto &p : pes_)
            kicked = kicked || turns_.due(p->index) != TG_TIME_NEVER;
        if (kicked)
            return;
    }
    if (m_->stop != MACHINE_RUNNING || next != TG_TIME_NEVER)
        return;
    /* An external target's own processes may still raise its interrupt. */
    if (m_->n_externals && sc_core::sc_pending_activity())
        return;
    stuck(on ? "no progress: all PEs wait for an interrupt and no event is pending"
             : "no progress: all PEs are powered off and no event is pending");
}

/* ---- events, start, end ---- */

void Runner::start_machine()
{
    tg_error e{};

    if (m_->start && m_->start(m_->start_opaque, m_, now_ps(), &e)) {
        status = -EINVAL;
        error = e;
        machine_stop(m_, MACHINE_FAILED, "%s", e.text);
    }
}

void Runner::events_thread()
{
    sc_core::wait(sc_core::SC_ZERO_TIME); /* every PE's thread stands at its first wait now */
    start_machine();
    resume_.notify();
    for (size_t late = 0;;) {
        tg_time now, next;

        if (m_->stop != MACHINE_RUNNING) {
            unsigned parked;

            do {
                parked = 0;
                for (auto &p : pes_)
                    parked += p->parked;
                if (parked < pes_.size())
                    sc_core::wait(parked_);
            } while (parked < pes_.size());
            if (m_->stop == MACHINE_RESET && m_->resets < opt_.max_resets) {
                m_->resets++;
                m_->stop = MACHINE_RUNNING;
                m_->stop_text[0] = 0;
                machine_reset(m_);
                start_machine();
                resume_.notify();
                continue;
            }
            if (m_->stop == MACHINE_RESET && opt_.max_resets) {
                m_->stop = MACHINE_STUCK;
                snprintf(m_->stop_text, sizeof(m_->stop_text),
                         "no progress: the guest reset the machine %u times", m_->resets + 1);
            }
            sc_core::sc_stop();
            return;
        }
        now = now_ps();
        /* For a host event nobody else takes notice of the time. */
        if (tg_evq_next(m_->env.evq) <= now || (opt_.max_time && now >= opt_.max_time)) {
            sampler_.clock(now);
            tg_evq_run(m_->env.evq, now);
            look_for_moment(now);
        } else {
            tg_evq_run(m_->env.evq, now);
        }
        if (m_->stop != MACHINE_RUNNING)
            continue;
        if (opt_.max_time && now >= opt_.max_time) {
            bool all = true;

            for (auto &p : pes_)
                all = all && p->asleep && turns_.due(p->index) > now;
            if (all) {
                machine_stop(m_, MACHINE_LIMIT, "%.9f s of simulated time",
                             static_cast<double>(opt_.max_time) / TG_SEC);
                continue;
            }
            /* PEs of this very time get their turns; one that an instruction carried past it comes a little
             * later. */
            if (++late < 4 * pes_.size() + 4)
                sc_core::wait(sc_core::SC_ZERO_TIME);
            else
                sc_core::wait(ps(TG_NS));
            continue;
        }
        everybody_sleeps();
        if (m_->stop != MACHINE_RUNNING)
            continue;
        next = tg_evq_next_any(m_->env.evq);
        if (opt_.max_time && next > opt_.max_time)
            next = opt_.max_time;
        if (next == TG_TIME_NEVER)
            sc_core::wait(rearm_ | parked_);
        else
            sc_core::wait(ps(next > now ? next - now : 0), rearm_ | parked_);
    }
}

/* Idle time up to the end belongs to the run. */
void Runner::loop_finished()
{
    for (auto &p : pes_)
        if (cpu_local_time(p->c) < now_ps())
            idle_until(*p, now_ps());
    sampler_.clock(now_ps());
}

/* ---- sc_main ---- */

/* What sc_main needs: SystemC has one per process, so this has one, too. */
struct Job {
    machine *m = nullptr;
    const tlm_options *opt = nullptr;
    tg_error *err = nullptr;
    int status = 0;
    bool used = false;
};

static Job &job()
{
    static Job j;
    return j;
}

/* SystemC's own messages go where the machine's go; errors become exceptions as SystemC does by default. */
static void report(const sc_core::sc_report &r, const sc_core::sc_actions &actions)
{
    Job &j = job();

    if (r.get_severity() >= sc_core::SC_ERROR) {
        if (actions & sc_core::SC_THROW)
            throw sc_core::sc_report(r);
        return;
    }
    if (r.get_severity() == sc_core::SC_WARNING && j.m)
        tg_log(&j.m->log, TG_LOG_WARN, "systemc", "%s", sc_core::sc_report_compose_message(r).c_str());
}

static int run_job(Job &j)
{
    sc_core::sc_report_handler::set_handler(report);
    if (sc_core::sc_get_time_resolution() != sc_core::sc_time(1, sc_core::SC_PS))
        return tg_error_set(j.err, EINVAL, "SystemC's time resolution is not 1 ps");
    try {
        Runner runner("tollgate", j.m, *j.opt);
        std::string e = runner.build();

        if (!e.empty())
            return tg_error_set(j.err, EINVAL, "%s", e.c_str());
        sc_core::sc_start();
        runner.loop_finished();
        if (j.m->stop == MACHINE_RUNNING)
            machine_stop(j.m, MACHINE_BUG, "the simulation ran out of events");
        if (runner.status && j.err)
            *j.err = runner.error;
        return runner.status;
    } catch (const std::exception &e) {
        machine_stop(j.m, MACHINE_FAILED, "%s", e.what());
        return tg_error_set(j.err, EINVAL, "%s", e.what());
    }
}

} // namespace tg

void tlm_switch_now(struct machine *m, struct tlm_switches *s)
{
    enum cpu_mode mode = s->v[s->next++].mode;

    machine_set_mode(m, mode);
    for (unsigned i = 0; i < m->n_pes && s->next < s->n; i++)
        cpu_request_stop(m->pes[i].cpu); /* the run loop tells them of the next one */
}

extern "C" int sc_main(int, char **)
{
    tg::Job &j = tg::job();

    j.status = tg::run_job(j);
    return 0;
}

int tlm_run(struct machine *m, const struct tlm_options *opt, struct tg_error *err)
{
    tg::Job &j = tg::job();
    static char name[] = "tollgate";
    char *argv[] = {name, nullptr};

    if (j.used)
        return tg_error_set(err, EBUSY, "SystemC has run a machine in this process already");
    j.used = true;
    j.m = m;
    j.opt = opt;
    j.err = err;
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    sc_core::sc_elab_and_sim(1, argv);
    return j.status;
}
