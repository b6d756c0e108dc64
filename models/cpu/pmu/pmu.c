/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performance monitors, PMUv3 with event counters of 32 bits (FEAT_PMUv3p5: 64) and a 64-bit cycle counter. A
 * counter's value is what it held at the last settling plus what its source (the PE's own instruction, cycle
 * and event counts) has grown since, if it was counting. Settling happens when a register is touched, and at
 * EL changes while something counts, because filters go by EL. Overflow interrupts are found by looking at
 * the latest when the counter can have overflowed. Arm ARM DDI 0487 J.a, D11.
 */
#include "models/cpu/pmu/pmu.h"

#include <errno.h>
#include <stdlib.h>
#include "models/cpu/sysreg/internal.h"

/* clang-format off */
static const struct tg_state state[] = {
    TG_STATE(struct pmu, active),
    TG_STATE(struct pmu, counting),
    TG_STATE(struct pmu, value),
    TG_STATE(struct pmu, source),
    TG_STATE(struct pmu, enabled),
    TG_STATE(struct pmu, inten),
    TG_STATE(struct pmu, ovs),
    TG_STATE(struct pmu, of_el2),
    TG_STATE(struct pmu, switched_on),
    TG_STATE(struct pmu, check_at),
};
/* clang-format on */
const struct tg_state_table pmu_state = TG_STATE_INIT(struct pmu, state);

#define PMCR_E  TG_BIT(0)
#define PMCR_P  TG_BIT(1)
#define PMCR_C  TG_BIT(2)
#define PMCR_D  TG_BIT(3)
#define PMCR_X  TG_BIT(4)
#define PMCR_DP TG_BIT(5)
#define PMCR_LC TG_BIT(6)
#define PMCR_LP TG_BIT(7)
#define PMCR_N  TG_FIELD(15, 11)

#define FILTER_P   TG_BIT(31)
#define FILTER_U   TG_BIT(30)
#define FILTER_NSK TG_BIT(29)
#define FILTER_NSU TG_BIT(28)
#define FILTER_NSH TG_BIT(27)
#define FILTER_M   TG_BIT(26)
#define FILTER_SH  TG_BIT(24)
#define EVENT      TG_FIELD(15, 0)
#define CHAIN      0x1e
#define CPU_CYCLES 0x11

/* Common events that the PE can count (D11.11.2). Those of caches, TLBs, branches and stalls grow in timed
 * mode only. */
#define PMU_EVENTS(X)                                                                   \
    X(0x00, 0)                   /* SW_INCR: by PMSWINC_EL0 */                          \
    X(0x01, c->n.l1i_miss)       /* L1I_CACHE_REFILL */                                 \
    X(0x02, c->n.itlb_miss)      /* L1I_TLB_REFILL */                                   \
    X(0x03, c->n.l1d_miss)       /* L1D_CACHE_REFILL */                                 \
    X(0x04, cpu_l1d_accesses(c)) /* L1D_CACHE */                                        \
    X(0x05, c->n.dtlb_miss)      /* L1D_TLB_REFILL */                                   \
    X(0x06, c->n.loads)          /* LD_RETIRED */                                       \
    X(0x07, c->n.stores)         /* ST_RETIRED */                                       \
    X(0x08, cpu_insns(c))        /* INST_RETIRED */                                     \
    X(0x09, c->n.exceptions)     /* EXC_TAKEN */                                        \
    X(0x0a, c->n.erets)          /* EXC_RETURN */                                       \
    X(0x10, c->n.mispredicts)    /* BR_MIS_PRED */                                      \
    X(CPU_CYCLES, awake_cycles(c))                                                      \
    X(0x12, c->n.branches)            /* BR_PRED */                                     \
    X(0x13, c->n.loads + c->n.stores) /* MEM_ACCESS */                                  \
    X(0x14, c->n.l1i_access)          /* L1I_CACHE */                                   \
    X(0x15, c->n.l1d_writeback)       /* L1D_CACHE_WB */                                \
    X(0x16, c->n.l2_access)           /* L2D_CACHE */                                   \
    X(0x17, c->n.l2_miss)             /* L2D_CACHE_REFILL */                            \
    X(0x18, c->n.l2_writeback)        /* L2D_CACHE_WB */                                \
    X(CHAIN, 0)                       /* overflows of the even counter before: add() */ \
    X(0x21, c->n.branches)            /* BR_RETIRED */                                  \
    X(0x22, c->n.mispredicts)         /* BR_MIS_PRED_RETIRED */                         \
    X(0x23, stalled(c, STALL(FRONTEND) | STALL(MISPREDICT))) /* STALL_FRONTEND */       \
    X(0x24, stalled(c, STALL_BACKEND))                       /* STALL_BACKEND */        \
    X(0x2d, c->n.tlb2_miss)                                  /* L2D_TLB_REFILL */       \
    X(0x34, c->n.walks)                                      /* DTLB_WALK */

/* The architecture's cycle counts stop in WFI and WFE. */
static uint64_t awake_cycles(const struct cpu *c)
{
    return cpu_now_cycle(c) - c->timing.pipe.buckets[CPU_BUCKET_IDLE];
}

/* Cycles charged to a set of buckets (bits by enum cpu_bucket). */
#define STALL(bucket) TG_BIT(CPU_BUCKET_##bucket)
#define STALL_MEMORY  (STALL(L1D) | STALL(L2) | STALL(SLC) | STALL(DRAM) | STALL(TLB) | STALL(DEVICE))
#define STALL_BACKEND (STALL_MEMORY | STALL(DEPEND) | STALL(EXECUTE) | STALL(BARRIER))
static uint64_t stalled(const struct cpu *c, uint64_t set)
{
    uint64_t sum = 0, b[CPU_BUCKET_COUNT];

    cpu_buckets(c, b);
    for (; set; set &= set - 1)
        sum += b[__builtin_ctzll(set)];
    return sum;
}

uint64_t pmu_event_source(const struct cpu *c, unsigned event)
{
    (void)cpu_now_cycle(c); /* counters and buckets are as of now */
    switch (event) {
    case 0x4004: /* CNT_CYCLES: the system counter's, while the PE is awake */
        return tg_time_to_cycles(tg_cycles_to_time(awake_cycles(c), c->ident.hz), c->p.cntfrq);
    case 0x4005: /* STALL_BACKEND_MEM */
        return stalled(c, STALL_MEMORY);
#define X(num, expr) \
    case num:        \
        return expr;
        PMU_EVENTS(X)
#undef X
    default:
        return 0;
    }
}

/* PMCEID<n>: bit i of register 0 is event i, of register 1 event 32 + i; with FEAT_PMUv3p1 the upper half of
 * register 0 has events 0x4000 on: those of FEAT_AMUv1. */
static uint64_t event_mask(const struct cpu *c, unsigned half)
{
    uint64_t events = 0;

#define X(num, expr) events |= TG_BIT(num);
    PMU_EVENTS(X)
#undef X
    if (half)
        return events >> 32;
    return (uint32_t)events | (cpu_has(c, CPU_FEAT_PMUV3P1) ? UINT64_C(3) << (32 + 4) : 0);
}

static enum sr_id type_reg(unsigned n)
{
    return n == PMU_CYCLE ? SR_PMCCFILTR_EL0
                          : (enum sr_id)(SR_PMEVTYPER0_EL0 + 2 * n); /* rows of table.def alternate */
}
_Static_assert(SR_PMEVTYPER30_EL0 == SR_PMEVTYPER0_EL0 + 60, "counter and type rows alternate");

static uint64_t source(const struct cpu *c, unsigned n)
{
    unsigned event;

    if (n == PMU_CYCLE) {
        uint64_t cycles = awake_cycles(c);

        return (c->arch.sr[SR_PMCR_EL0] & (PMCR_D | PMCR_LC)) == PMCR_D ? cycles / 64 : cycles;
    }
    event = (unsigned)tg_get(c->arch.sr[type_reg(n)], EVENT);
    return event == CPU_CYCLES ? awake_cycles(c) : pmu_event_source(c, event);
}

static unsigned hpmn(const struct cpu *c)
{
    unsigned n = (unsigned)tg_get(c->arch.sr[SR_MDCR_EL2], MDCR2_HPMN);

    return cpu_has(c, CPU_FEAT_EL2) && n < c->p.pmu_counters ? n : c->p.pmu_counters;
}

static uint32_t all_counters(const struct cpu *c)
{
    return (uint32_t)tg_ones(c->p.pmu_counters) | UINT32_C(1) << PMU_CYCLE;
}

/* Counters that the current EL may reach. */
static uint32_t visible(const struct cpu *c)
{
    if (c->arch.el < 2 && cpu_el2_on(c))
        return (uint32_t)tg_ones(hpmn(c)) | UINT32_C(1) << PMU_CYCLE;
    return all_counters(c);
}

/* PMEVTYPER.{P,U,NSK,NSU,NSH,M,SH}: does the counter count at the current EL and security state? (D11.5.3) */
static bool filter_passes(const struct cpu *c, uint64_t f)
{
    bool p = f & FILTER_P, u = f & FILTER_U;

    if (cpu_secure_inline(c)) {
        if (c->arch.el == 3)
            return ((f & FILTER_M) != 0) == p;
        if (c->arch.el == 2)
            return ((f & FILTER_NSH) != 0) != ((f & FILTER_SH) != 0);
        return c->arch.el == 0 ? !u : !p;
    }
    switch (c->arch.el) {
    case 0:
        return cpu_has(c, CPU_FEAT_EL3) ? ((f & FILTER_NSU) != 0) == u : !u;
    case 1:
        return cpu_has(c, CPU_FEAT_EL3) ? ((f & FILTER_NSK) != 0) == p : !p;
    default:
        return f & FILTER_NSH;
    }
}

static bool is_of_el2(const struct cpu *c, unsigned n)
{
    return c->units.pmu->of_el2 >> n & 1;
}

/* Is counting prohibited here? Secure state: MDCR_EL3.SPME; EL2: MDCR_EL2.HPMD for the counters of EL1
 * (D11.5.2). */
static bool prohibited(const struct cpu *c, unsigned n)
{
    /* FEAT_PMUv3p5: MDCR_EL3.SCCD and MDCR_EL2.HCCD are RES0 without it. */
    if (n == PMU_CYCLE && ((cpu_secure_inline(c) && (c->arch.sr[SR_MDCR_EL3] & MDCR3_SCCD)) ||
                           (c->arch.el == 2 && (c->arch.sr[SR_MDCR_EL2] & MDCR2_HCCD))))
        return true;
    if (cpu_secure_inline(c) && !(c->arch.sr[SR_MDCR_EL3] & MDCR3_SPME) &&
        (n != PMU_CYCLE || (c->arch.sr[SR_PMCR_EL0] & PMCR_DP)))
        return true;
    if (c->arch.el == 2 && cpu_has(c, CPU_FEAT_PMUV3P1) && (c->arch.sr[SR_MDCR_EL2] & MDCR2_HPMD) &&
        !is_of_el2(c, n))
        return n != PMU_CYCLE || (c->arch.sr[SR_PMCR_EL0] & PMCR_DP);
    return false;
}

/* Bits of a counter's overflow: 32; 64 for the cycle counter when LC, for event counters when LP, for those
 * of EL2 when MDCR_EL2.HLP. */
static unsigned width(const struct cpu *c, unsigned n)
{
    uint64_t lng = n == PMU_CYCLE    ? c->arch.sr[SR_PMCR_EL0] & PMCR_LC
                   : is_of_el2(c, n) ? c->arch.sr[SR_MDCR_EL2] & MDCR2_HLP
                                     : c->arch.sr[SR_PMCR_EL0] & PMCR_LP;

    return lng ? 64 : 32;
}

/* What a counter holds: 32 bits for event counters without FEAT_PMUv3p5. */
static uint64_t held(const struct cpu *c, unsigned n, uint64_t v)
{
    return n == PMU_CYCLE || cpu_has(c, CPU_FEAT_PMUV3P5) ? v : (uint32_t)v;
}

/* Does counter n count the overflows of the one before (CHAIN)? */
static bool chained(const struct cpu *c, unsigned n)
{
    return (n & 1) && n < c->p.pmu_counters && tg_get(c->arch.sr[type_reg(n)], EVENT) == CHAIN;
}

static void add(struct cpu *c, unsigned n, uint64_t delta)
{
    struct pmu *p = c->units.pmu;
    uint64_t old = p->value[n], now = old + delta;

    p->value[n] = held(c, n, now);
    if (tg_likely(delta <= UINT32_MAX - (old & UINT32_MAX))) /* then neither 32 nor 64 bits are full */
        return;
    if (width(c, n) == 64 ? now >= old : (old & UINT32_MAX) + delta <= UINT32_MAX)
        return;
    p->ovs |= UINT32_C(1) << n;
    if (chained(c, n + 1) && (p->counting >> (n + 1) & 1))
        add(c, n + 1, 1);
}

void pmu_settle(struct cpu *c)
{
    struct pmu *p = c->units.pmu;

    for (uint32_t m = p->counting; m; m &= m - 1) {
        unsigned n = (unsigned)__builtin_ctz(m);
        uint64_t now = source(c, n);

        add(c, n, now - p->source[n]);
        p->source[n] = now;
    }
}

/* The interrupt is a level: some overflow of an enabled counter with its interrupt enabled (D11.6). */
static void drive_line(struct cpu *c)
{
    struct tg_irq *line = &c->ports.ppi[TG_PPI_PMU];
    bool level = (c->units.pmu->ovs & c->units.pmu->inten & c->units.pmu->switched_on) != 0;

    if (tg_unlikely(level != line->level))
        tg_irq_set(line, level, cpu_now(c));
}

/* Fastest growth of a source in events a cycle. */
static uint64_t rate(const struct cpu *c, unsigned n)
{
    unsigned w = c->timing.timed && c->p.width ? c->p.width : 1;

    return n == PMU_CYCLE || tg_get(c->arch.sr[type_reg(n)], EVENT) == CPU_CYCLES ? 1 : 4 * w;
}

/* Cycles that pass at least until counter n overflows; UINT64_MAX: more than can be said. */
static uint64_t cycles_left(const struct cpu *c, unsigned n)
{
    uint64_t v = c->units.pmu->value[n], fastest,
             left = width(c, n) == 64 ? -v : (uint64_t)UINT32_MAX + 1 - (v & UINT32_MAX);

    if (!left) /* 2^64 */
        return UINT64_MAX;
    if (chained(c, n)) /* the first time is sooner than the others: an overflow takes 2^32 events, 2^24 cycles
                          at least */
        return left == 1                     ? cycles_left(c, n - 1)
               : left - 1 < UINT64_MAX >> 25 ? (left - 1) << 24
                                             : UINT64_MAX;
    fastest = rate(c, n);
    return fastest == 1 ? left : (left + fastest - 1) / fastest;
}

void pmu_level_changed(struct cpu *c)
{
    struct pmu *p = c->units.pmu;
    uint64_t soonest = UINT64_MAX, now;
    uint32_t active = p->enabled & p->switched_on;

    p->counting = 0;
    p->active = active != 0;
    for (uint32_t m = active; m; m &= m - 1) {
        unsigned n = (unsigned)__builtin_ctz(m);
        uint64_t left;

        if (prohibited(c, n) || !filter_passes(c, c->arch.sr[type_reg(n)]))
            continue;
        p->source[n] = source(c, n);
        p->counting |= UINT32_C(1) << n;
        if (!(p->inten & UINT32_C(1) << n))
            continue;
        left = cycles_left(c, n);
        if (left < soonest)
            soonest = left;
    }
    drive_line(c);
    p->check_at = TG_TIME_NEVER;
    if (soonest >= UINT64_MAX / 2)
        return;
    now = cpu_now_cycle(c);
    if (soonest < UINT64_MAX / 2 - now)
        p->check_at = tg_cycles_to_time(now + soonest, c->ident.hz);
}

void pmu_rearm(struct cpu *c)
{
    struct pmu *p = c->units.pmu;
    uint32_t all = all_counters(c);

    p->of_el2 = all & ~((uint32_t)tg_ones(hpmn(c)) | UINT32_C(1) << PMU_CYCLE);
    p->switched_on = (c->arch.sr[SR_PMCR_EL0] & PMCR_E ? all & ~p->of_el2 : 0) |
                     (c->arch.sr[SR_MDCR_EL2] & MDCR2_HPME ? p->of_el2 : 0);
    pmu_level_changed(c);
}

void pmu_poll(struct cpu *c, tg_time now)
{
    /* Asleep, nothing counts: there is nothing to look for until the PE runs again. */
    if (!c->units.pmu || c->arch.asleep || c->units.pmu->check_at > now)
        return;
    pmu_settle(c);
    pmu_rearm(c);
}

/* A register was written. The run loop's limits hold unless there is to be looked for an overflow sooner. */
static void changed(struct cpu *c)
{
    tg_time before = c->units.pmu->check_at;

    pmu_rearm(c);
    if (c->units.pmu->check_at < before)
        cpu_attention(c, 0);
}

int pmu_init(struct cpu *c)
{
    c->units.pmu = calloc(1, sizeof(*c->units.pmu));
    if (!c->units.pmu)
        return -ENOMEM;
    c->units.pmu->check_at = TG_TIME_NEVER;
    return 0;
}

void pmu_fini(struct cpu *c)
{
    free(c->units.pmu);
    c->units.pmu = NULL;
}

void pmu_reset(struct cpu *c)
{
    *c->units.pmu = (struct pmu){.check_at = TG_TIME_NEVER};
    c->arch.sr[SR_PMCR_EL0] = PMCR_LC; /* AArch32 is not implemented: the cycle counter is always long */
    pmu_rearm(c);
}

/* ---- registers ---- */

#define FLAG(n) (UINT32_C(1) << (n))

uint64_t sr_rd_pmcr(struct cpu *c, enum sr_id id)
{
    /* IMP and IDCODE as MIDR_EL1 names them; N as the current level sees it. */
    uint64_t n = c->arch.el < 2 && cpu_el2_on(c) ? hpmn(c) : c->p.pmu_counters;

    return (c->arch.sr[id] & (PMCR_E | PMCR_D | PMCR_X | PMCR_DP | PMCR_LC | PMCR_LP)) | tg_put(PMCR_N, n) |
           tg_put(TG_FIELD(31, 24), c->p.midr >> 24);
}

void sr_wr_pmcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    pmu_settle(c);
    if (v & PMCR_P)
        for (unsigned n = 0; n < PMU_EVENT_COUNTERS; n++)
            if ((visible(c) & FLAG(n)) && (c->arch.el >= 2 || n < hpmn(c)))
                c->units.pmu->value[n] = 0;
    if (v & PMCR_C)
        c->units.pmu->value[PMU_CYCLE] = 0;
    c->arch.sr[id] =
        (v & (PMCR_E | PMCR_D | PMCR_X | PMCR_DP | (cpu_has(c, CPU_FEAT_PMUV3P5) ? PMCR_LP : 0))) | PMCR_LC;
    changed(c);
}

uint64_t sr_rd_pmcnten(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->units.pmu->enabled & visible(c);
}

void sr_wr_pmcntenset(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    c->units.pmu->enabled |= (uint32_t)v & visible(c);
    changed(c);
}

void sr_wr_pmcntenclr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    c->units.pmu->enabled &= ~((uint32_t)v & visible(c));
    changed(c);
}

uint64_t sr_rd_pmintenset(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->units.pmu->inten & visible(c);
}

void sr_wr_pmintenset(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    c->units.pmu->inten |= (uint32_t)v & visible(c);
    changed(c);
}

void sr_wr_pmintenclr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    c->units.pmu->inten &= ~((uint32_t)v & visible(c));
    changed(c);
}

uint64_t sr_rd_pmovs(struct cpu *c, enum sr_id id)
{
    (void)id;
    pmu_settle(c);
    return c->units.pmu->ovs & visible(c);
}

void sr_wr_pmovsclr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    c->units.pmu->ovs &= ~((uint32_t)v & visible(c));
    changed(c);
}

void sr_wr_pmovsset(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    c->units.pmu->ovs |= (uint32_t)v & visible(c);
    changed(c);
}

void sr_wr_pmswinc(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    for (uint32_t m = (uint32_t)v & visible(c) & c->units.pmu->counting & ~FLAG(PMU_CYCLE); m; m &= m - 1) {
        unsigned n = (unsigned)__builtin_ctz(m);

        if (tg_get(c->arch.sr[type_reg(n)], EVENT) == 0)
            add(c, n, 1);
    }
    changed(c);
}

uint64_t sr_rd_pmceid(struct cpu *c, enum sr_id id)
{
    return event_mask(c, id == SR_PMCEID1_EL0);
}

uint64_t sr_rd_pmccntr(struct cpu *c, enum sr_id id)
{
    (void)id;
    pmu_settle(c);
    return c->units.pmu->value[PMU_CYCLE];
}

void sr_wr_pmccntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    pmu_settle(c);
    c->units.pmu->value[PMU_CYCLE] = v;
    changed(c);
}

static void write_type(struct cpu *c, unsigned n, uint64_t v)
{
    pmu_settle(c);
    c->arch.sr[type_reg(n)] =
        v & (TG_FIELD(31, 26) | (cpu_has(c, CPU_FEAT_SEL2) ? FILTER_SH : 0) | (n == PMU_CYCLE ? 0 : EVENT));
    changed(c);
}

void sr_wr_pmccfiltr(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    write_type(c, PMU_CYCLE, v);
}

static unsigned counter_of(enum sr_id id)
{
    return (unsigned)(id - SR_PMEVCNTR0_EL0) / 2;
}

static uint64_t read_counter(struct cpu *c, unsigned n)
{
    pmu_settle(c);
    return c->units.pmu->value[n];
}

static void write_counter(struct cpu *c, unsigned n, uint64_t v)
{
    pmu_settle(c);
    c->units.pmu->value[n] = held(c, n, v);
    changed(c);
}

uint64_t sr_rd_pmevcntr(struct cpu *c, enum sr_id id)
{
    return read_counter(c, counter_of(id));
}

void sr_wr_pmevcntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    write_counter(c, counter_of(id), v);
}

void sr_wr_pmevtyper(struct cpu *c, enum sr_id id, uint64_t v)
{
    write_type(c, counter_of(id), v);
}

/* PMSELR_EL0.SEL; PMU_COUNTERS when it names none that the current level reaches: then the access reads zero
 * and is ignored. */
static unsigned selected(const struct cpu *c, bool cycle_too)
{
    unsigned n = (unsigned)c->arch.sr[SR_PMSELR_EL0] & 31;

    if (n == PMU_CYCLE)
        return cycle_too ? n : PMU_COUNTERS;
    return visible(c) & FLAG(n) ? n : PMU_COUNTERS;
}

uint64_t sr_rd_pmxevtyper(struct cpu *c, enum sr_id id)
{
    unsigned n = selected(c, true);

    (void)id;
    return n < PMU_COUNTERS ? c->arch.sr[type_reg(n)] : 0;
}

void sr_wr_pmxevtyper(struct cpu *c, enum sr_id id, uint64_t v)
{
    unsigned n = selected(c, true);

    (void)id;
    if (n < PMU_COUNTERS)
        write_type(c, n, v);
}

uint64_t sr_rd_pmxevcntr(struct cpu *c, enum sr_id id)
{
    unsigned n = selected(c, false);

    (void)id;
    return n < PMU_COUNTERS ? read_counter(c, n) : 0;
}

void sr_wr_pmxevcntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    unsigned n = selected(c, false);

    (void)id;
    if (n < PMU_COUNTERS)
        write_counter(c, n, v);
}

void sr_wr_mdcr_el2(struct cpu *c, enum sr_id id, uint64_t v)
{
    pmu_settle(c);
    c->arch.sr[id] = v & (TG_FIELD(11, 0) | (cpu_has(c, CPU_FEAT_PMUV3P1) ? MDCR2_HPMD : 0) |
                          (cpu_has(c, CPU_FEAT_PMUV3P5) ? MDCR2_HCCD | MDCR2_HLP : 0) |
                          (cpu_has(c, CPU_FEAT_FGT) ? MDCR_TDCC : 0));
    changed(c);
}

void sr_wr_mdcr_el3(struct cpu *c, enum sr_id id, uint64_t v)
{
    pmu_settle(c);
    c->arch.sr[id] =
        v & ~((cpu_has(c, CPU_FEAT_FGT) ? 0 : MDCR_TDCC) | (cpu_has(c, CPU_FEAT_PMUV3P5) ? 0 : MDCR3_SCCD));
    changed(c);
}
