/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activity monitors (FEAT_AMUv1, FEAT_AMUv1p1): the four architected counters of group 0, which count at
 * every level without filters. The storage of a counter that is enabled holds its value less its source, so
 * that nothing has to be done while it counts. Arm ARM DDI 0487 J.a, D13.
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
    return pmu_event_source(c, (unsigned)c->arch.sr[SR_AMEVTYPER00_EL0 + n]);
}

static uint64_t *counter(struct cpu *c, unsigned n)
{
    return &c->arch.sr[SR_AMEVCNTR00_EL0 + n];
}

static void set_enabled(struct cpu *c, uint64_t enabled)
{
    uint64_t *now = &c->arch.sr[SR_AMCNTENSET0_EL0];

    for (uint64_t m = *now ^ enabled; m; m &= m - 1) {
        unsigned n = (unsigned)__builtin_ctzll(m);

        *counter(c, n) += enabled >> n & 1 ? -source(c, n) : source(c, n);
    }
    *now = enabled;
}

uint64_t sr_rd_amcnten(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->arch.sr[SR_AMCNTENSET0_EL0];
}

void sr_wr_amcntenset(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    set_enabled(c, c->arch.sr[SR_AMCNTENSET0_EL0] | v);
}

void sr_wr_amcntenclr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    set_enabled(c, c->arch.sr[SR_AMCNTENSET0_EL0] & ~v);
}

static uint64_t counted(const struct cpu *c, unsigned n)
{
    return c->arch.sr[SR_AMCNTENSET0_EL0] >> n & 1 ? source(c, n) : 0;
}

/* What a guest finds taken off a counter: AMEVCNTVOFF0<n>_EL2, but for the constant-frequency one (D13.3.4).
 */
static uint64_t offset(const struct cpu *c, unsigned n)
{
    static const uint16_t at[] = {SR_AMEVCNTVOFF00_EL2, SR_NONE, SR_AMEVCNTVOFF02_EL2, SR_AMEVCNTVOFF03_EL2};

    if (c->arch.el > 1 || !(cpu_hcr_eff(c) & HCR_AMVOFF) || cpu_host(c) || at[n] == SR_NONE)
        return 0;
    if (cpu_has(c, CPU_FEAT_EL3) && !(c->arch.sr[SR_SCR_EL3] & SCR_AMVOFF))
        return 0;
    return c->arch.sr[at[n]];
}

uint64_t sr_rd_amevcntr(struct cpu *c, enum sr_id id)
{
    return c->arch.sr[id] + counted(c, number(id)) - offset(c, number(id));
}

/* HDBG; with FEAT_AMUv1p1 CG1RZ, which is for counters of group 1. */
void sr_wr_amcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v & (TG_BIT(10) | (cpu_has(c, CPU_FEAT_AMUV1P1) ? TG_BIT(17) : 0));
}

void sr_wr_amevcntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v - counted(c, number(id));
}
