/* SPDX-License-Identifier: Apache-2.0 */
/* The timing model outside handlers: serialisation, idle time, start. */
#include "models/cpu/pipeline/pipe.h"

#include "models/cpu/cpu_state.h"

int pipe_init(struct cpu *c)
{
    (void)c;
    return 0;
}

void pipe_fini(struct cpu *c)
{
    (void)c;
}

void pipe_stall(struct cpu *c, enum cpu_bucket bucket, uint64_t cycles)
{
    if (!c->timed)
        return;
    c->pipe.cycle += cycles;
    c->pipe.buckets[bucket] += cycles;
}

void pipe_stall_time(struct cpu *c, enum cpu_bucket bucket, tg_time t)
{
    pipe_stall(c, bucket, tg_time_to_cycles_up(t, c->hz));
}

void pipe_idle_until(struct cpu *c, uint64_t until)
{
    if (until > c->pipe.cycle) {
        c->pipe.buckets[CPU_BUCKET_IDLE] += until - c->pipe.cycle;
        c->pipe.cycle = until;
    }
}

void pipe_start(struct cpu *c, uint64_t cycle)
{
    c->pipe.cycle = cycle;
    for (unsigned i = 0; i < CPU_SLOT_COUNT; i++)
        c->pipe.ready[i] = cycle;
}
