/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One random program: what the machine is when it starts, and its run. Bounded by instructions and by time,
 * so a loop or a sleep is an end like another. What must hold afterwards, whatever it did, is checked here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "models/base/sysenc.h"

#define WORDS  1000
#define INSNS  4000 /* a PE */
#define ROUNDS 64

#define TCR_EL(el)  TG_SYSENC(3, op1_of(el), 2, 0, 2)
#define TTBR0(el)   TG_SYSENC(3, op1_of(el), 2, 0, 0)
#define TTBR1(el)   TG_SYSENC(3, op1_of(el), 2, 0, 1)
#define MAIR(el)    TG_SYSENC(3, op1_of(el), 10, 2, 0)
#define VBAR(el)    TG_SYSENC(3, op1_of(el), 12, 0, 0)
#define SCTLR(el)   TG_SYSENC(3, op1_of(el), 1, 0, 0)
#define CPACR_EL1   TG_SYSENC(3, 0, 1, 0, 2)
#define CPTR_EL2    TG_SYSENC(3, 4, 1, 1, 2)
#define CPTR_EL3    TG_SYSENC(3, 6, 1, 1, 2)
#define HCR_EL2     TG_SYSENC(3, 4, 1, 1, 0)
#define SCR_EL3     TG_SYSENC(3, 6, 1, 1, 0)
#define VTTBR_EL2   TG_SYSENC(3, 4, 2, 1, 0)
#define VTCR_EL2    TG_SYSENC(3, 4, 2, 1, 2)
#define ICC_SRE(el) TG_SYSENC(3, op1_of(el), 12, (el) == 1 ? 12 : (el) == 2 ? 9 : 12, 5)

static unsigned op1_of(unsigned el)
{
    return el == 1 ? 0 : el == 2 ? 4 : 6;
}

/* Registers that the core has not are left out by cpu_set_sysreg. */
static void set(struct cpu *c, uint32_t enc, uint64_t v)
{
    cpu_set_sysreg(c, enc, v);
}

static uint64_t get(struct cpu *c, uint32_t enc)
{
    uint64_t v = 0;

    cpu_get_sysreg(c, enc, &v);
    return v;
}

/* A handler that goes on after the instruction: the program stays where it is. */
static const uint32_t skip[3][4] = {
    {0xd5384032, 0x91001252, 0xd5184032, 0xd69f03e0}, /* mrs x18, elr_el1; add x18, x18, #4; msr; eret */
    {0xd53c4032, 0x91001252, 0xd51c4032, 0xd69f03e0},
    {0xd53e4032, 0x91001252, 0xd51e4032, 0xd69f03e0},
};

/* Code, what its exceptions run into, and some data to load. */
static void fill_memory(struct rng *r, struct fuzz_machine *m, uint64_t *entry)
{
    uint32_t code[WORDS];
    uint64_t noise[512];

    words_make(r, code, WORDS);
    /* now and then across a page */
    *entry = FUZZ_CODE + (once_in(r, 2) ? 0 : below(r, 1024) * 4);
    machine_write(m, *entry, code, sizeof(code));
    for (unsigned el = 1; el <= 3; el++) {
        bool skips = once_in(r, 2);

        machine_write(m, FUZZ_VECTORS + 0x1000 * el, code, sizeof(code));
        for (unsigned at = 0; skips && at < 0x800; at += 0x80)
            machine_write(m, FUZZ_VECTORS + 0x1000 * el + at, skip[el - 1], sizeof(skip[0]));
    }
    for (unsigned i = 0; i < 512; i++)
        noise[i] = rnd(r);
    machine_write(m, FUZZ_RAM + 0x10000, noise, sizeof(noise));
    memcpy(m->rom, code, sizeof(code));
    m->device = rnd(r);
}

static void set_stage1(struct rng *r, struct cpu *c, unsigned el, const struct fuzz_tables *t)
{
    unsigned tg = t->grain == 12   ? 0
                  : t->grain == 16 ? 1
                                   : 2,
             tg1 = t->grain == 12   ? 2
                   : t->grain == 14 ? 1
                                    : 3;
    uint64_t tcr = t->tsz | tg << 14 | tg_put(TG_FIELD(21, 16), t->tsz) | tg_put(TG_FIELD(31, 30), tg1) |
                   tg_put(TG_FIELD(34, 32), 5) | tg_put(TG_FIELD(11, 8), 5) | tg_put(TG_FIELD(27, 24), 5) |
                   (rnd(r) & rnd(r) & TG_FIELD(50, 35));

    /* one base: EL2 without E2H, EL3; their PS is where the other form has T1SZ */
    if (el == 3 || (el == 2 && !(get(c, HCR_EL2) >> 34 & 1)))
        tcr = (tcr & TG_FIELD(15, 0)) | 5 << 16 | (rnd(r) & rnd(r) & (TG_FIELD(24, 20)));
    if (once_in(r, 16))
        tcr ^= TG_BIT(below(r, 64));
    set(c, TCR_EL(el), tcr);
    set(c, MAIR(el), UINT64_C(0x0400bb440c0800ff) ^ (once_in(r, 8) ? rnd(r) : 0));
    set(c, TTBR0(el), t->base | (rnd(r) & TG_FIELD(63, 48)));
    set(c, TTBR1(el), t->base | (rnd(r) & TG_FIELD(63, 48)));
}

static void set_stage2(struct rng *r, struct cpu *c, const struct fuzz_tables *t)
{
    uint64_t tg = t->grain == 12 ? 0 : t->grain == 16 ? 1 : 2;

    set(c, VTCR_EL2,
        t->tsz | tg_put(TG_FIELD(7, 6), t->sl0) | TG_BIT(12) | tg << 14 | 2 << 16 |
            (rnd(r) & rnd(r) & TG_FIELD(22, 19)) | (once_in(r, 16) ? TG_BIT(below(r, 32)) : 0));
    set(c, VTTBR_EL2, t->base | (rnd(r) & TG_FIELD(63, 48)));
}

/* Bits of SCTLR that leave the program running: not EE (fetches are little-endian, tables are not). */
static uint64_t sctlr(struct rng *r)
{
    return UINT64_C(0x30d00800) | (rnd(r) & UINT64_C(0x0d1dd21c)) |
           (once_in(r, 8) ? TG_BIT(below(r, 64)) : 0);
}

/* A program that somebody debugs: breakpoints in it, watchpoints on its data, steps. */
static void set_debug(struct rng *r, struct cpu *c, uint64_t base)
{
    for (unsigned n = 0; n < 16; n++) {
        set(c, TG_SYSENC(2, 0, 0, n, 4), base + FUZZ_CODE + 4 * below(r, 1100)); /* DBGBVR */
        set(c, TG_SYSENC(2, 0, 0, n, 5), (rnd(r) & UINT64_C(0x00ffe1e6)) | once_in(r, 2) | 0x1e0);
        set(c, TG_SYSENC(2, 0, 0, n, 6), once_in(r, 2) ? value_make(r) : cpu_get_x(c, n)); /* DBGWVR */
        set(c, TG_SYSENC(2, 0, 0, n, 7), (rnd(r) & UINT64_C(0x1fffffff)) | once_in(r, 2));
    }
    set(c, TG_SYSENC(2, 0, 0, 2, 2),
        (rnd(r) & TG_FIELD(13, 12)) | TG_BIT(15) | once_in(r, 3));         /* MDSCR_EL1 */
    set(c, TG_SYSENC(3, 4, 1, 1, 1), once_in(r, 2) ? rnd(r) & 0x3f80 : 0); /* MDCR_EL2 */
}

/* The state that PE `pe` starts in, at el. */
static void start(struct rng *r, struct fuzz_machine *m, unsigned pe, unsigned el, uint64_t entry)
{
    struct cpu *c = m->cpu[pe];
    unsigned top = m->el3 ? 3 : m->el2 ? 2 : 1;
    bool translated = once_in(r, 2), stage2 = m->el2 && el < 2 && once_in(r, 2);
    uint64_t base = entry - FUZZ_CODE, hcr = TG_BIT(31), v[2];
    struct fuzz_tables t = {.va = FUZZ_CODE};

    cpu_power_on(c, top, entry, 0, cpu_local_time(c));
    set(c, CPACR_EL1, once_in(r, 8) ? rnd(r) : 3 << 20);
    set(c, CPTR_EL2, once_in(r, 8) ? rnd(r) : 0x33ff & ~TG_BIT(10));
    set(c, CPTR_EL3, once_in(r, 16) ? rnd(r) : 0);
    set(c, SCR_EL3, TG_BIT(10) | (rnd(r) & (once_in(r, 4) ? UINT64_C(0x7ffffffbff) : UINT64_C(0x531))));
    if (!once_in(r, 3))
        hcr |= rnd(r) & rnd(r) & UINT64_C(0x00000007ffffffff) & ~TG_BIT(0);
    set(c, HCR_EL2, hcr | (once_in(r, 8) ? rnd(r) & rnd(r) : 0) | (stage2 ? TG_BIT(0) : 0));
    for (unsigned i = 1; i <= 3; i++) {
        set(c, VBAR(i), FUZZ_VECTORS + 0x1000 * i);
        set(c, SCTLR(i), sctlr(r) & ~TG_BIT(0));
        if (!once_in(r, 8))
            set(c, ICC_SRE(i), 0xf);
    }
    if (stage2) {
        tables_make(r, m, true, el == 0, &t);
        set_stage2(r, c, &t);
    }
    if (translated) {
        bool high = el <= 1 && once_in(r, 4);

        tables_make(r, m, false, el == 0, &t);
        for (unsigned i = 1; i <= 3; i++) {
            uint64_t va = t.va;

            set_stage1(r, c, i, &t);
            if (high && i == 1)
                va |= ~tg_ones(64 - t.tsz);
            if (i == (el ? el : 1) || once_in(r, 4)) {
                set(c, SCTLR(i), sctlr(r) | TG_BIT(0));
                set(c, VBAR(i), va + (FUZZ_VECTORS - FUZZ_CODE) + 0x1000 * i);
            }
            if (i == (el ? el : 1))
                base += va - FUZZ_CODE;
        }
    }
    for (unsigned i = 0; once_in(r, 3) && i < 64; i++)
        set(c, fuzz_sysregs[below(r, fuzz_n_sysregs)].enc, once_in(r, 2) ? rnd(r) : value_make(r));
    for (unsigned n = 0; n < 32; n++) {
        uint64_t x = value_make(r);

        if (translated && once_in(r, 2)) /* where the tables lead */
            x = base + rnd(r) % 0x200000;
        cpu_set_x(c, n, x);
        v[0] = once_in(r, 4) ? value_make(r) : rnd(r);
        v[1] = rnd(r);
        cpu_set_v(c, n, v);
    }
    set(c, TG_SYSENC(3, 3, 4, 4, 0), rnd(r) & rnd(r)); /* FPCR */
    cpu_set_pstate(c, (rnd(r) & (TG_FIELD(31, 28) | TG_FIELD(24, 21) | TG_FIELD(9, 6))) | el << 2 |
                          (el && !once_in(r, 4)));
    if (once_in(r, 6))
        set_debug(r, c, base);
    cpu_set_pc(c, base + FUZZ_CODE);
    cpu_set_mode(c, once_in(r, 2) ? CPU_TIMED : CPU_FAST);
}

/* Something that comes from outside between two turns. */
static void disturb(struct rng *r, struct fuzz_machine *m, struct cpu *c)
{
    uint32_t words[4];

    switch (below(r, 16)) {
    case 0:
        cpu_set_mode(c, cpu_get_mode(c) == CPU_FAST ? CPU_TIMED : CPU_FAST);
        break;
    case 1: /* DMA into code */
        words_make(r, words, 4);
        machine_write(m, FUZZ_CODE + 4 * below(r, 2000), words, sizeof(words));
        break;
    case 2:
        cpu_set_stop_pc(c, once_in(r, 2) ? CPU_NO_PC : cpu_get_pc(c) + 4 * below(r, 16));
        break;
    case 3: /* an SPI comes and goes */
        m->gic->cls->irq_in(m->gic, below(r, 64), once_in(r, 2), cpu_local_time(c));
        break;
    case 4:
        cpu_class.irq_in(cpu_model(c), TG_PE_SEI, once_in(r, 2), cpu_local_time(c));
        break;
    default:
        break;
    }
}

/* One turn; false: the PE is at its end. */
static bool turn(struct rng *r, struct fuzz_machine *m, struct cpu *c, uint64_t limit)
{
    tg_time until = cpu_local_time(c) + TG_US * (1 + below(r, 40));
    enum cpu_stop stop;

    disturb(r, m, c);
    cpu_set_insn_limit(c, limit);
    stop = cpu_run(c, until);
    tg_evq_run(m->env.evq, cpu_local_time(c));
    if (stop == CPU_STOP_OFF || cpu_insns(c) >= limit || cpu_stuck(c, NULL, 0))
        return false;
    if (stop == CPU_STOP_WFI) { /* asleep: until its timer, or a little */
        tg_time wake = cpu_wake_time(c);

        cpu_idle_until(c, wake < until + TG_MS ? wake : until);
    } else if (stop == CPU_STOP_REQUEST) { /* stop_pc */
        cpu_set_stop_pc(c, CPU_NO_PC);
    }
    return true;
}

static void broken(const char *what, uint64_t seed, uint64_t number)
{
    fprintf(stderr, "fuzz: program %llu of seed %llu: %s\n", (unsigned long long)number,
            (unsigned long long)seed, what);
    abort();
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * UINT64_C(0x100000001b3);
}

/* What must hold of a PE at any time; a hash of its state. */
static uint64_t check(struct cpu *c, uint64_t seed, uint64_t number)
{
    uint64_t buckets[CPU_BUCKET_COUNT], sum = 0, h = UINT64_C(0xcbf29ce484222325), v[2];

    cpu_buckets(c, buckets);
    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++) {
        if (buckets[i] > cpu_cycles(c))
            broken("a bucket of the CPI stack has more than all cycles", seed, number);
        sum += buckets[i];
    }
    if (sum != cpu_cycles(c))
        broken("the CPI stack does not sum to the cycles", seed, number);
    if (cpu_get_el(c) > 3)
        broken("no such exception level", seed, number);
    for (unsigned n = 0; n < 32; n++) {
        h = mix(h, cpu_get_x(c, n));
        cpu_get_v(c, n, v);
        h = mix(mix(h, v[0]), v[1]);
    }
    for (unsigned i = 0; i < fuzz_n_sysregs; i++)
        h = mix(h, get(c, fuzz_sysregs[i].enc));
    h = mix(mix(h, cpu_get_pstate(c)), cpu_get_pc(c));
    return mix(mix(h, cpu_cycles(c)), cpu_insns(c));
}

uint64_t program_run(uint64_t seed, uint64_t number, uint64_t *insns)
{
    struct rng r = {seed * UINT64_C(0x100000001b3) + number * UINT64_C(0xd1342543de82ef95)};
    struct fuzz_machine *m = machine_new(&r);
    unsigned running = (1u << m->pes) - 1, el;
    uint64_t entry, h = 0;

    fill_memory(&r, m, &entry);
    if (once_in(&r, 2))
        machine_set_gic(m, &r);
    for (unsigned i = 0; i < m->pes; i++) {
        do
            el = below(&r, 4);
        while ((el == 2 && !m->el2) || (el == 3 && !m->el3));
        start(&r, m, i, el, entry);
    }
    for (unsigned round = 0; round < ROUNDS && running; round++)
        for (unsigned i = 0; i < m->pes; i++)
            if ((running >> i & 1) && !turn(&r, m, m->cpu[i], INSNS))
                running &= ~(1u << i);
    for (unsigned i = 0; i < m->pes; i++) {
        h = mix(h, check(m->cpu[i], seed, number));
        *insns += cpu_insns(m->cpu[i]);
    }
    machine_free(m);
    return h;
}
