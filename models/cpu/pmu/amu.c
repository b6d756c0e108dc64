/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activity monitors (FEAT_AMUv1): the four architected counters of group 0, which count at every level
 * without filters. The storage of a counter that is enabled holds its value less its source, so that nothing
 * has to be done while it counts. Arm ARM DDI 0487 J.a, D13.
 */
#include "models/cpu/pmu/pmu.h"
#include "models/cpu/sysreg/internal.h"

static unsigned number(enum sr_id id)
{
    return (unsigned)(id - SR_AMEVCNTR00_EL0);
}
_Static_assert(SR_AMEVCNTR03_EL0 == SR_AMEVCNTR00_EL0 + 3, "the counters' rows stand together");

static uint64_t source(const struct cpu *c, unsigned n)
{
    return pmu_event_source(c, (unsigned)c->sr[SR_AMEVTYPER00_EL0 + n]);
}

static uint64_t *counter(struct cpu *c, unsigned n)
{
    return &c->sr[SR_AMEVCNTR00_EL0 + n];
}

static void set_enabled(struct cpu *c, uint64_t enabled)
{
    uint64_t *now = &c->sr[SR_AMCNTENSET0_EL0];

    for (uint64_t m = *now ^ enabled; m; m &= m - 1) {
        unsigned n = (unsigned)__builtin_ctzll(m);

        *counter(c, n) += enabled >> n & 1 ? -source(c, n) : source(c, n);
    }
    *now = enabled;
}

uint64_t sr_rd_amcnten(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->sr[SR_AMCNTENSET0_EL0];
}

void sr_wr_amcntenset(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    set_enabled(c, c->sr[SR_AMCNTENSET0_EL0] | v);
}

void sr_wr_amcntenclr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    set_enabled(c, c->sr[SR_AMCNTENSET0_EL0] & ~v);
}

static uint64_t counted(const struct cpu *c, unsigned n)
{
    return c->sr[SR_AMCNTENSET0_EL0] >> n & 1 ? source(c, n) : 0;
}

uint64_t sr_rd_amevcntr(struct cpu *c, enum sr_id id)
{
    return c->sr[id] + counted(c, number(id));
}

void sr_wr_amevcntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->sr[id] = v - counted(c, number(id));
}
