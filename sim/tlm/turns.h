/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns of the PEs: at equal times in the order of their numbers, whatever order SystemC wakes threads in.
 *
 * There is a thread for each PE, but a PE that waits for its turn between two slices has nothing on its
 * thread's stack, so any thread can go on with it. The thread whose PE is done takes over the next one, and
 * leaves its own to the other thread: in a round of busy PEs one thread runs them all, and waits for the
 * clock once, which costs as much as some hundred guest instructions. Only a PE that waits in the middle of
 * an access, or sleeps, keeps its thread.
 */
#ifndef TG_SIM_TLM_TURNS_H
#define TG_SIM_TLM_TURNS_H

#include <memory>
#include <vector>
#include "sim/tlm/bus.h"

namespace tg
{

class Turns
{
  public:
    explicit Turns(unsigned pes);

    /* Until when the PE waits, ps; TG_TIME_NEVER: not for a time. While it runs, when it began. */
    tg_time due(unsigned pe) const
    {
        return due_[pe];
    }
    void set_due(unsigned pe, tg_time at)
    {
        due_[pe] = at;
    }
    /* The PE that is on a thread. */
    unsigned on(unsigned thread) const
    {
        return pe_of_[thread];
    }

    /* The PE on this thread is between two slices and may go on when it is due. Returns at the turn of some
     * PE, which is on the thread then. */
    unsigned next(unsigned thread);
    /* The PE keeps its thread, which is about to wait for something else; it is due at `due`. */
    void leave(unsigned pe, tg_time due);
    /* The PE, in the middle of a slice, waits for its turn at `due`. */
    void wait_inside(unsigned pe, tg_time due);

  private:
    enum class State : uint8_t {
        AWAY,   /* on a thread that runs, or waits for something else than a turn */
        FREE,   /* waits on some thread, with nothing on its stack */
        INSIDE, /* waits in the middle of a slice */
    };

    struct Turn {
        unsigned pe;
        tg_time at; /* TG_TIME_NEVER: nobody's */
    };

    Turn first_waiting(tg_time now) const;
    bool somebody_before(unsigned pe, tg_time now) const;
    void wake_next(tg_time now);
    void block(unsigned thread, State how);
    void exchange(unsigned pe, unsigned other);

    unsigned n_;
    unsigned n_waiting_ = 0; /* not AWAY: mostly none with one PE, then nobody is looked through */
    std::vector<tg_time> due_;
    std::vector<State> state_;
    std::vector<unsigned> pe_of_, thread_of_;
    std::unique_ptr<sc_core::sc_event[]> wake_; /* of threads */
};

} // namespace tg

#endif
