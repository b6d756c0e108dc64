/* SPDX-License-Identifier: Apache-2.0 */
/* See sampler.h. */
#include "sim/tlm/sampler.h"

extern "C" {
#include "sim/machine/machine.h"
}

namespace tg
{

Sampler::Sampler(machine *m, const tlm_options &opt)
    : m_(m), opt_(opt), period_(opt.sample_period), machine_(period_ ? period_ : TG_TIME_NEVER),
      next_(m->n_pes, machine_)
{
}

void Sampler::take(unsigned pe, tg_time local)
{
    while (next_[pe] <= local) {
        opt_.sample(opt_.sample_opaque, next_[pe], static_cast<int>(pe));
        next_[pe] += period_;
    }
}

void Sampler::take_machine(tg_time now)
{
    while (machine_ <= now) {
        opt_.sample(opt_.sample_opaque, machine_, -1);
        machine_ += period_;
    }
}

void Sampler::idle(unsigned pe, tg_time now)
{
    cpu *c = m_->pes[pe].cpu;

    while (next_[pe] <= now) {
        if (cpu_local_time(c) < next_[pe])
            cpu_idle_until(c, next_[pe]);
        opt_.sample(opt_.sample_opaque, next_[pe], static_cast<int>(pe));
        next_[pe] += period_;
    }
}

} // namespace tg
