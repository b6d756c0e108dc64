/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points of the time series: calls tlm_options.sample at each multiple of its period, for each PE at that
 * PE's own time. Slices are not cut for it: a PE is stopped in the middle of its slice and goes on, while
 * nobody else runs.
 */
#ifndef TG_SIM_TLM_SAMPLER_H
#define TG_SIM_TLM_SAMPLER_H

#include <vector>
#include "sim/tlm/tlm.h"

namespace tg
{

class Sampler
{
  public:
    Sampler(machine *m, const tlm_options &opt);

    bool on() const
    {
        return period_ != 0;
    }
    /* The PE is about to run to `until`: at most that far in one go. */
    tg_time limit(unsigned pe, tg_time until) const
    {
        return next_[pe] < until ? next_[pe] : until;
    }
    /* The PE has run to `local`. */
    void ran(unsigned pe, tg_time local)
    {
        if (local >= next_[pe])
            take(pe, local);
    }
    /* The PE sleeps or is off, and nothing will happen to it until `now`: moves its time there. */
    void idle(unsigned pe, tg_time now);
    /* The machine's time is `now`, and of all that happens at it nothing has yet. */
    void clock(tg_time now)
    {
        if (now >= machine_)
            take_machine(now);
    }

  private:
    void take(unsigned pe, tg_time local);
    void take_machine(tg_time now);

    machine *m_;
    const tlm_options &opt_;
    tg_time period_;
    tg_time machine_;
    std::vector<tg_time> next_; /* of each PE */
};

} // namespace tg

#endif
