/* SPDX-License-Identifier: Apache-2.0 */
/* Remembered block schedules give what working each out gives, to the cycle and in each bucket: random loops,
 * run with the memory on and off. */
#include "timed.h"
#include "models/cpu/cpu_state.h"

#define CPACR_EL1 TG_SYSENC(3, 0, 1, 0, 2)
#define LOOPS     200
#define BODY      48
#define RUN       40000

struct outcome {
    uint64_t cycles, buckets[CPU_BUCKET_COUNT], misses, wrong;
};

static uint32_t rnd(uint64_t *s, uint32_t below)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return (uint32_t)(*s >> 33) % below;
}

/* An instruction: word, and which of Rd, Rn, Rm (bits 0, 5, 16) and of immediates are random. */
static const struct {
    uint32_t word;
    bool d, n, m;
    uint8_t imm_at, imm_bits, weight;
} table[] = {
    {0x8b000000, true, true, true, 0, 0, 8},    /* add */
    {0xca000000, true, true, true, 0, 0, 4},    /* eor */
    {0xeb000000, true, true, true, 0, 0, 4},    /* subs */
    {0x9a800400, true, true, true, 12, 3, 2},   /* csinc */
    {0x9b007c00, true, true, true, 0, 0, 3},    /* mul */
    {0x9ac00800, true, true, true, 0, 0, 1},    /* udiv */
    {0x1e602800, true, true, true, 0, 0, 2},    /* fadd d */
    {0x1e601800, true, true, true, 0, 0, 1},    /* fdiv d */
    {0xf9400040, true, false, false, 10, 6, 6}, /* ldr [x2, #8 * imm] */
    {0xf8400040, true, false, false, 12, 8, 3}, /* ldur [x2, #imm]: some lie in two lines */
    {0xa9400040, true, false, false, 15, 6, 2}, /* ldp x, x0, [x2, #8 * imm] */
    {0xf8440460, true, false, false, 0, 0, 1},  /* ldr [x3], #64: misses */
    {0xf9000040, true, false, false, 10, 6, 4}, /* str */
    {0xf8000040, true, false, false, 12, 8, 2}, /* stur */
    {0x54000040, false, false, false, 0, 3, 3}, /* b.cond . + 8 */
    {0x36000040, true, false, false, 19, 5, 3}, /* tbz . + 8 */
    {0xd5380000, true, false, false, 0, 0, 1},  /* mrs midr_el1 */
    {0xd5033fdf, false, false, false, 0, 0, 1}, /* isb */
    {0xd5033f9f, false, false, false, 0, 0, 1}, /* dsb sy */
    {0xd50344ff, false, false, false, 0, 0, 1}, /* msr daifclr, #4: ends a block */
};

static uint32_t instruction(uint64_t *s)
{
    uint32_t total = 0, pick, i, word;

    for (i = 0; i < TG_ARRAY_SIZE(table); i++)
        total += table[i].weight;
    pick = rnd(s, total);
    for (i = 0; pick >= table[i].weight; i++)
        pick -= table[i].weight;
    word = table[i].word;
    word |= table[i].d ? 4 + rnd(s, 12) : 0;
    word |= table[i].n ? (4 + rnd(s, 12)) << 5 : 0;
    word |= table[i].m ? (4 + rnd(s, 12)) << 16 : 0;
    return word | rnd(s, 1u << table[i].imm_bits) << table[i].imm_at;
}

#define NOP     0xd503201f
#define MOV_XZR 0xaa1f03ff /* mov xzr, xzr: the class of a NOP, and no register either */

/* nop: what stands at every fourth place or so */
static void run(uint64_t seed, bool off, uint32_t nop, const char *const *params, struct outcome *out,
                unsigned *remembered)
{
    struct pe *p = t_new("window", params, false);
    uint32_t code[BODY + 2];
    const unsigned n = 4 + rnd(&seed, BODY - 4);
    struct memo *m = &p->cpu->pipe.memo;

    for (unsigned i = 0; i < n; i++)
        code[i] = rnd(&seed, 4) ? instruction(&seed) : nop;
    code[n] = nop; /* a branch over the last one lands here */
    code[n + 1] = 0x14000000u | (-(n + 1) & 0x3ffffff);
    m->off = off;
    cpu_set_sysreg(p->cpu, CPACR_EL1, 3 << 20);
    for (unsigned i = 4; i < 16; i++)
        cpu_set_x(p->cpu, i, seed * i);
    cpu_set_x(p->cpu, 2, T_DATA);
    cpu_set_x(p->cpu, 3, T_DATA + 0x10000);
    pe_code(p, T_CODE, code, n + 2);
    cpu_set_pc(p->cpu, T_CODE);
    pe_run_insns(p, RUN);
    t_sum(p);
    cpu_buckets(p->cpu, out->buckets);
    out->cycles = cpu_cycles(p->cpu);
    out->misses = t_counter(p, "l1d.miss");
    out->wrong = t_counter(p, "mispredicts");
    *remembered = memo_edges(m);
    pe_free(p);
}

static void same(const char *const *params)
{
    unsigned loops = 0;

    for (uint64_t seed = 1; seed <= LOOPS; seed++) {
        struct outcome on, off;
        unsigned with, without;

        run(seed * 0x9e3779b97f4a7c15u, false, NOP, params, &on, &with);
        run(seed * 0x9e3779b97f4a7c15u, true, NOP, params, &off, &without);
        if (memcmp(&on, &off, sizeof(on)))
            fail_msg("loop %u: %llu cycles remembered, %llu worked out", (unsigned)seed,
                     (unsigned long long)on.cycles, (unsigned long long)off.cycles);
        assert_int_equal(without, 0);
        loops += with > 0;
    }
    assert_true(loops > LOOPS / 2);
}

/* A NOP has no operation of its own: it takes what another instruction of its class takes that needs nothing
 * and gives nothing. */
static void nops(void **state)
{
    static const char *const wide[] = {"pipeline.width", "4", "pipeline.window", "128", NULL};
    static const char *const narrow[] = {"pipeline.width", "2", "pipeline.window", "16", NULL};

    (void)state;
    for (uint64_t seed = 1; seed <= LOOPS; seed++) {
        const char *const *params = seed & 1 ? wide : narrow;
        struct outcome a, b;
        unsigned unused;

        run(seed * 0x9e3779b97f4a7c15u, seed & 2, NOP, params, &a, &unused);
        run(seed * 0x9e3779b97f4a7c15u, seed & 2, MOV_XZR, params, &b, &unused);
        if (memcmp(&a, &b, sizeof(a)))
            fail_msg("loop %u: %llu cycles with NOPs, %llu with moves", (unsigned)seed,
                     (unsigned long long)a.cycles, (unsigned long long)b.cycles);
    }
}

static void wide(void **state)
{
    static const char *const params[] = {"pipeline.width", "4", "pipeline.window", "128", NULL};

    (void)state;
    same(params);
}

/* The window is full most of the time; states tell what stands in it. */
static void small_window(void **state)
{
    static const char *const params[] = {"pipeline.width",
                                         "2",
                                         "pipeline.window",
                                         "16",
                                         "pipeline.div64.interval",
                                         "9",
                                         "pipeline.fdiv.interval",
                                         "7",
                                         NULL};

    (void)state;
    same(params);
}

/* Loops of ALU operations are remembered as a whole: nothing is worked out once they are known. */
static void steady(void **state)
{
    static const uint32_t code[] = {0x8b010000, 0xca020021, 0x17fffffe}; /* add, eor, b back */
    struct pe *p = t_new("window", NULL, false);
    struct memo *m = &p->cpu->pipe.memo;

    (void)state;
    pe_code(p, T_CODE, code, 3);
    cpu_set_pc(p->cpu, T_CODE);
    pe_run_insns(p, 3000);
    assert_int_not_equal(m->state, 0);
    /* Forgetting costs time, not truth: it goes on as before. */
    memo_forget(m);
    pe_run_insns(p, 3000);
    t_sum(p);
    pe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nops),
        cmocka_unit_test(wide),
        cmocka_unit_test(small_window),
        cmocka_unit_test(steady),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
