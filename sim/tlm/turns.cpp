/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever waits has somebody to wake it: a thread that ends a turn goes on with the first of those that wait,
 * by the clock if that one's time is still to come; a thread that turns to something else (leave) wakes the
 * first of them, at its time. A thread that is woken for nothing looks again.
 */
#include "sim/tlm/turns.h"

#include <algorithm>
#include <utility>

namespace tg
{

Turns::Turns(unsigned pes)
    : n_(pes), due_(pes, TG_TIME_NEVER), state_(pes, State::AWAY), wake_(new sc_core::sc_event[pes])
{
    for (unsigned i = 0; i < pes; i++) {
        pe_of_.push_back(i);
        thread_of_.push_back(i);
    }
}

/* The first of those that wait; who is late is due now. */
Turns::Turn Turns::first_waiting(tg_time now) const
{
    Turn first{0, TG_TIME_NEVER};

    if (!n_waiting_)
        return first;
    for (unsigned i = 0; i < n_; i++) {
        tg_time at = std::max(due_[i], now);

        if (state_[i] != State::AWAY && at < first.at)
            first = Turn{i, at};
    }
    return first;
}

/* Does somebody come before it who does not wait, but will have its turn at this time? */
bool Turns::somebody_before(unsigned pe, tg_time now) const
{
    for (unsigned i = 0; i < pe; i++)
        if (due_[i] == now)
            return true;
    return false;
}

void Turns::wake_next(tg_time now)
{
    const Turn first = first_waiting(now);

    if (first.at == TG_TIME_NEVER)
        return;
    if (first.at == now)
        wake_[thread_of_[first.pe]].notify();
    else
        wake_[thread_of_[first.pe]].notify(sc_core::sc_time::from_value(first.at - now));
}

/* The PE on the thread is another one afterwards, maybe. */
void Turns::block(unsigned thread, State how)
{
    state_[pe_of_[thread]] = how;
    n_waiting_++;
    sc_core::wait(wake_[thread]);
    n_waiting_--;
    state_[pe_of_[thread]] = State::AWAY;
}

/* `pe` waits from now on, `other` does not. */
void Turns::exchange(unsigned pe, unsigned other)
{
    std::swap(state_[pe], state_[other]);
    std::swap(pe_of_[thread_of_[pe]], pe_of_[thread_of_[other]]);
    std::swap(thread_of_[pe], thread_of_[other]);
}

unsigned Turns::next(unsigned thread)
{
    for (;;) {
        const tg_time now = now_ps();
        const Turn first = first_waiting(now);
        unsigned pe = pe_of_[thread];

        due_[pe] = std::max(due_[pe], now); /* somebody may have spent time inside its turn */
        if (first.at < due_[pe] || (first.at == due_[pe] && first.pe < pe)) {
            if (state_[first.pe] != State::FREE) {
                wake_next(now);
                block(thread, State::FREE);
                continue;
            }
            exchange(pe, first.pe);
            pe = first.pe;
            due_[pe] = first.at;
        }
        if (due_[pe] > now)
            sc_core::wait(sc_core::sc_time::from_value(due_[pe] - now));
        else if (somebody_before(pe, now))
            block(thread, State::FREE);
        else
            return pe;
    }
}

void Turns::leave(unsigned pe, tg_time due)
{
    due_[pe] = due;
    wake_next(now_ps());
}

void Turns::wait_inside(unsigned pe, tg_time due)
{
    leave(pe, due);
    sc_core::wait(sc_core::sc_time::from_value(due - now_ps()));
    for (;;) {
        tg_time now = now_ps();

        due_[pe] = now;
        if (!somebody_before(pe, now))
            return;
        wake_next(now); /* it may wait for us */
        block(thread_of_[pe], State::INSIDE);
    }
}

} // namespace tg
