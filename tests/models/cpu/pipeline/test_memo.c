/* SPDX-License-Identifier: Apache-2.0 */
/* Remembered block schedules give what working each out gives, to the cycle and in each bucket: random loops,
 * run with the memory on and off. */
#include "timed.h"
#include "models/cpu/cpu_state.h"

#define CPACR_EL1 TG_SYSENC(3, 0, 1, 0, 2)
#define VBAR_EL1  TG_SYSENC(3, 0, 12, 0, 0)
#define VECTORS   (T_CODE + 0x8000)
#define LOOPS     200
#define BODY      48
#define RUN       40000

struct outcome {
    uint64_t cycles, buckets[CPU_BUCKET_COUNT], misses, wrong, fetches, fetch_misses;
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
    {0xf843c040, true, false, false, 0, 0, 2},  /* ldur [x2, #60]: in two lines */
    {0xa9400040, true, false, false, 15, 6, 2}, /* ldp x, x0, [x2, #8 * imm] */
    {0xf8440460, true, false, false, 0, 0, 1},  /* ldr [x3], #64: misses */
    {0xf9000040, true, false, false, 10, 6, 4}, /* str */
    {0xf8000040, true, false, false, 12, 8, 2}, /* stur */
    {0xf8040460, true, false, false, 0, 0, 1},  /* str [x3], #64: misses, until the store buffer is full */
    {0xd50b7423, false, false, false, 0, 0, 1}, /* dc zva, x3 */
    {0xd50b7a23, false, false, false, 0, 0, 1}, /* dc cvac, x3: waits within a block */
    {0x54000040, false, false, false, 0, 3, 3}, /* b.cond . + 8 */
    {0x36000040, true, false, false, 19, 5, 3}, /* tbz . + 8 */
    {0x14000002, false, false, false, 0, 0, 3}, /* b . + 8 */
    {0x14000001, false, false, false, 0, 0, 1}, /* b . + 4 */
    {0xd5380000, true, false, false, 0, 0, 1},  /* mrs midr_el1 */
    {0xd5033fdf, false, false, false, 0, 0, 1}, /* isb */
    {0xd5033f9f, false, false, false, 0, 0, 1}, /* dsb sy */
    {0xd5033bbf, false, false, false, 0, 0, 1}, /* dmb ish */
    {0xd50339bf, false, false, false, 0, 0, 1}, /* dmb ishld */
    {0xd4000001, false, false, false, 0, 0, 1}, /* svc #0: to an eret */
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

/* A random loop, ready to run. nop: what stands at every fourth place or so. */
static void load(struct pe *p, uint64_t seed, uint32_t nop, uint64_t code_at, uint64_t data)
{
    static const uint32_t eret = 0xd69f03e0;
    uint32_t code[BODY + 2];
    const unsigned n = 4 + rnd(&seed, BODY - 4);

    for (unsigned i = 0; i < n; i++)
        code[i] = rnd(&seed, 4) ? instruction(&seed) : nop;
    code[n] = nop; /* a branch over the last one lands here */
    code[n + 1] = 0x14000000u | (-(n + 1) & 0x3ffffff);
    cpu_set_sysreg(p->cpu, CPACR_EL1, 3 << 20);
    cpu_set_sysreg(p->cpu, VBAR_EL1, VECTORS);
    pe_code(p, VECTORS + 0x200, &eret, 1); /* Synchronous, from this level with SP_ELx */
    for (unsigned i = 4; i < 16; i++)
        cpu_set_x(p->cpu, i, seed * i);
    cpu_set_x(p->cpu, 2, data);
    cpu_set_x(p->cpu, 3, data + 0x10000);
    pe_code(p, code_at, code, n + 2);
    cpu_set_pc(p->cpu, code_at);
}

static void look(struct pe *p, struct outcome *out)
{
    t_sum(p);
    cpu_buckets(p->cpu, out->buckets);
    out->cycles = cpu_cycles(p->cpu);
    out->misses = t_counter(p, "l1d.miss");
    out->wrong = t_counter(p, "mispredicts");
    out->fetches = t_counter(p, "l1i.access");
    out->fetch_misses = t_counter(p, "l1i.miss");
}

static void run(uint64_t seed, bool off, uint32_t nop, const char *const *params, struct outcome *out,
                unsigned *remembered)
{
    struct pe *p = t_new("window", params, false);

    p->cpu->timing.pipe.memo.off = off;
    load(p, seed, nop, T_CODE, T_DATA);
    pe_run_insns(p, RUN);
    look(p, out);
    *remembered = memo_edges(&p->cpu->timing.pipe.memo);
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

/* Stores wait for a place, so that nothing is in flight in the middle of blocks. */
static void small_store_buffer(void **state)
{
    static const char *const params[] = {"pipeline.store_buffer", "2", NULL};

    (void)state;
    same(params);
}

/* Lines of a loop push each other out of the L1I, and its branches each other out of the BTB: within blocks,
 * too. */
static void small_front_end(void **state)
{
    static const char *const params[] = {"l1i.size",
                                         "128",
                                         "l1i.ways",
                                         "1",
                                         "pipeline.btb",
                                         "2",
                                         "pipeline.btb_miss",
                                         "3",
                                         "pipeline.taken_bubble",
                                         "1",
                                         NULL};
    struct outcome one;
    unsigned unused;

    (void)state;
    same(params);
    run(0x9e3779b97f4a7c15u, false, NOP, params, &one, &unused);
    assert_true(one.fetch_misses > RUN / BODY);
}

/* Two PEs in turn, which share what they remember and lose it now and then, whatever they are about: more
 * often than states have ages. */
#define TURNS  900
#define TURN   200
#define FORGET 3

/* How many edges were seen in the table. */
static unsigned pair(uint64_t seed, bool off, struct outcome *out)
{
    struct pe *p[2];
    unsigned seen = 0;

    p[0] = t_new("window", NULL, false);
    p[1] = t_new_beside(p[0], "window", NULL);
    for (unsigned i = 0; i < 2; i++) {
        p[i]->cpu->timing.pipe.memo.off = off;
        load(p[i], seed, NOP, T_CODE + i * 0x1000, T_DATA + i * 0x4000);
    }
    assert_ptr_equal(p[0]->cpu->timing.pipe.memo.store, p[1]->cpu->timing.pipe.memo.store);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        pe_run_insns(p[turn & 1], TURN);
        if (turn % 60 == 2)
            seen += memo_edges(&p[0]->cpu->timing.pipe.memo);
        if (!off && turn % FORGET == 0)
            memo_forget(&p[0]->cpu->timing.pipe.memo);
    }
    for (unsigned i = 0; i < 2; i++)
        look(p[i], &out[i]);
    pe_free(p[1]);
    pe_free(p[0]);
    return seen;
}

static void shared(void **state)
{
    unsigned loops = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= LOOPS / 20; seed++) {
        struct outcome on[2], off[2];

        loops += pair(seed * 0x9e3779b97f4a7c15u, false, on) > 0;
        assert_int_equal(pair(seed * 0x9e3779b97f4a7c15u, true, off), 0);
        for (unsigned i = 0; i < 2; i++)
            if (memcmp(&on[i], &off[i], sizeof(on[i])))
                fail_msg("loop %u, PE %u: %llu cycles remembered, %llu worked out", (unsigned)seed, i,
                         (unsigned long long)on[i].cycles, (unsigned long long)off[i].cycles);
    }
    assert_true(loops > LOOPS / 40);
}

/* PEs that differ do not share. */
static void apart(void **state)
{
    static const char *const slow[] = {"pipeline.mul64.latency", "9", NULL};
    struct pe *a = t_new("window", NULL, false), *b = t_new_beside(a, "window", slow);

    (void)state;
    assert_ptr_not_equal(a->cpu->timing.pipe.memo.store, b->cpu->timing.pipe.memo.store);
    pe_free(b);
    pe_free(a);
}

/* Loops of ALU operations are remembered as a whole: nothing is worked out once they are known. */
static void steady(void **state)
{
    static const uint32_t code[] = {0x8b010000, 0xca020021, 0x17fffffe}; /* add, eor, b back */
    struct pe *p = t_new("window", NULL, false);
    struct memo *m = &p->cpu->timing.pipe.memo;

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
        cmocka_unit_test(small_store_buffer),
        cmocka_unit_test(small_front_end),
        cmocka_unit_test(shared),
        cmocka_unit_test(apart),
        cmocka_unit_test(steady),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
