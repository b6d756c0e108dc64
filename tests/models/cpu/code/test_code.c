/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that changes, and code that moves: written by every kind of store and by other PEs, across pages, at
 * two addresses, remapped to other memory, other permissions, other ASIDs and VMIDs, in device memory. What
 * the architecture guarantees after the maintenance it asks for (Arm ARM B2.4.4, D7.5.9, D8.14), and, where
 * it has not been done, that what runs is the old or the new and nothing else. All in each mode of
 * simulation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "models/base/bits.h"
#include "models/base/sysenc.h"
#include "pe.h"

#define MAIR_EL1  TG_SYSENC(3, 0, 10, 2, 0)
#define TCR_EL1   TG_SYSENC(3, 0, 2, 0, 2)
#define TTBR0_EL1 TG_SYSENC(3, 0, 2, 0, 0)
#define SCTLR_EL1 TG_SYSENC(3, 0, 1, 0, 0)
#define CPACR_EL1 TG_SYSENC(3, 0, 1, 0, 2)
#define VBAR_EL1  TG_SYSENC(3, 0, 12, 0, 0)
#define ESR_EL1   TG_SYSENC(3, 0, 5, 2, 0)
#define ELR_EL1   TG_SYSENC(3, 0, 4, 0, 1)
#define FAR_EL1   TG_SYSENC(3, 0, 6, 0, 0)
#define SPSR_EL1  TG_SYSENC(3, 0, 4, 0, 0)
#define HCR_EL2   TG_SYSENC(3, 4, 1, 1, 0)
#define CPTR_EL2  TG_SYSENC(3, 4, 1, 1, 2)
#define VTCR_EL2  TG_SYSENC(3, 4, 2, 1, 2)
#define VTTBR_EL2 TG_SYSENC(3, 4, 2, 1, 0)

/* Physical. Everything up to CODE is mapped to itself; WINDOW is mapped page by page to pages from CODE on.
 */
#define STOP    (PE_RAM_BASE + 0x0800) /* where functions return to */
#define VECTORS (PE_RAM_BASE + 0x1000)
#define STUBS   (PE_RAM_BASE + 0x2000)
#define TABLES  (PE_RAM_BASE + 0x100000) /* 3 pages each: levels 1, 2, 3 */
#define IDENTITY \
    (PE_RAM_BASE + 0x120000) /* 3 pages each: level 2, level 3 of the first 2 MiB and of those of CODE */
#define TABLES_S2 (PE_RAM_BASE + 0x140000) /* 2 pages each: levels 1, 2 */
#define CODE(n)   (PE_RAM_BASE + 0x200000 + 0x1000 * (uint64_t)(n))
#define WINDOW(n) \
    (UINT64_C(0x80040000) + 0x1000 * (uint64_t)(n)) /* where a TLB's index is not that of STOP */

/* Page descriptors. */
#define EXEC   (3 | TG_BIT(10) | 3 << 8) /* privileged, read, write, execute; AttrIndx 0: write-back */
#define DEVICE (3 | TG_BIT(10) | 1 << 2) /* AttrIndx 1: nGnRnE */
#define NC     (3 | TG_BIT(10) | 2 << 2) /* AttrIndx 2: non-cacheable */
#define EL0    TG_BIT(6)
#define RO     TG_BIT(7)
#define NG     TG_BIT(11)
#define PXN    TG_BIT(53)
#define UXN    TG_BIT(54)

#define MOV_X0(n) (0xd2800000 | (uint32_t)(n) << 5)
#define RET       0xd65f03c0
#define NOP       0xd503201f
#define B_SELF    0x14000000
#define TLBI_VAE1 0xd5088721 /* , x1 */

static const struct mode {
    const char *name;
    enum cpu_mode mode;
    bool pages; /* nothing is mapped by a block: invalidation of a single address then takes another way */
    const char *params[3];
} modes[] = {
    {"fast", CPU_FAST, false, {NULL}},
    {"fast, pages", CPU_FAST, true, {NULL}},
    {"in order", CPU_TIMED, true, {"pipeline.kind", "0", NULL}},
    {"window", CPU_TIMED, false, {"pipeline.kind", "1", NULL}},
};

static void set(struct pe *p, uint32_t enc, uint64_t v)
{
    assert_true(cpu_set_sysreg(p->cpu, enc, v));
}

static uint64_t get(struct pe *p, uint32_t enc)
{
    uint64_t v;

    assert_true(cpu_get_sysreg(p->cpu, enc, &v));
    return v;
}

static void put64(struct pe *p, uint64_t pa, uint64_t v)
{
    pe_write(p, pa, &v, 8);
}

/* Another master than the PEs writes the entry: nothing but TLBI tells a PE. set: number of the tables. */
static void map(struct pe *p, unsigned set_of, unsigned page, uint64_t desc)
{
    put64(p, TABLES + 0x3000 * set_of + 0x2000 + 8 * (page + 64), desc);
}

static void make_tables(struct pe *p, unsigned set_of, bool pages)
{
    uint64_t l1 = TABLES + 0x3000 * set_of, l2 = IDENTITY + 0x3000 * set_of;

    put64(p, l1 + 8, pages ? l2 | 3 : PE_RAM_BASE | TG_BIT(10) | 3 << 8 | 1);
    for (unsigned i = 0; i < 2; i++) {
        put64(p, l2 + 8 * i, (l2 + 0x1000 * (i + 1)) | 3);
        for (unsigned k = 0; k < 16; k++)
            put64(p, l2 + 0x1000 * (i + 1) + 8 * k, (i ? CODE(k) : PE_RAM_BASE + 0x1000 * k) | EXEC);
    }
    put64(p, l1 + 16, (l1 + 0x1000) | 3);
    put64(p, l1 + 0x1000, (l1 + 0x2000) | 3);
}

/* EL1, translated by tables 0 under ASID 0. */
static void prepare(struct pe *p, const struct mode *m)
{
    static const uint32_t spin = B_SELF;

    cpu_set_mode(p->cpu, m->mode);
    make_tables(p, 0, m->pages);
    make_tables(p, 1, m->pages);
    pe_code(p, STOP, &spin, 1);
    for (unsigned at = 0; at < 0x800; at += 0x80)
        pe_code(p, VECTORS + at, &spin, 1);
    set(p, MAIR_EL1, 0x4400ff);
    set(p, TCR_EL1, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32);
    set(p, TTBR0_EL1, TABLES);
    set(p, CPACR_EL1, 3 << 20);
    set(p, VBAR_EL1, VECTORS);
    set(p, SCTLR_EL1, 0x30d00800 | 1 | 1 << 2 | 1 << 12);
}

static struct pe *start(const struct mode *m)
{
    struct pe *p = pe_new(pe_features_n1, m->params[0] ? m->params : NULL, 1);

    prepare(p, m);
    return p;
}

/* How a call ended. */
struct outcome {
    bool returned;
    uint64_t x0;      /* when it returned */
    unsigned ec, fsc; /* else: of the exception to EL1 */
    uint64_t elr, far;
};

/* Calls the function at va, at EL1 or EL0. */
static struct outcome call_at(struct pe *p, uint64_t va, unsigned el)
{
    struct outcome o = {0};
    uint64_t esr;

    cpu_set_pstate(p->cpu, el ? 0x3c5 : 0x3c0);
    cpu_set_x(p->cpu, 0, 0);
    cpu_set_x(p->cpu, 30, STOP);
    cpu_set_pc(p->cpu, va);
    pe_run_insns(p, 300);
    o.x0 = cpu_get_x(p->cpu, 0);
    o.returned = cpu_get_pc(p->cpu) == STOP;
    if (!o.returned) {
        assert_in_range(cpu_get_pc(p->cpu), VECTORS, VECTORS + 0x7ff);
        esr = get(p, ESR_EL1);
        o.ec = (unsigned)(esr >> 26);
        o.fsc = esr & 63;
        o.elr = get(p, ELR_EL1);
        o.far = get(p, FAR_EL1);
    }
    return o;
}

/* The value that the function at va returns with. */
static uint64_t call(struct pe *p, uint64_t va)
{
    struct outcome o = call_at(p, va, 1);

    if (!o.returned)
        fail_msg("exception: EC 0x%x, FSC 0x%x, ELR 0x%llx", o.ec, o.fsc, (unsigned long long)o.elr);
    return o.x0;
}

/* Runs some words at EL1, where they disturb nothing. */
static void run(struct pe *p, const uint32_t *words, unsigned n)
{
    uint32_t code[32];

    assert_true(n < 32);
    memcpy(code, words, n * 4);
    code[n] = B_SELF;
    pe_code(p, STUBS, code, n + 1);
    cpu_set_pstate(p->cpu, 0x3c5);
    cpu_set_pc(p->cpu, STUBS);
    pe_run_insns(p, n + 1);
    assert_int_equal(cpu_get_pc(p->cpu), STUBS + 4 * n);
}
#define RUN(p, ...) \
    run((p), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define DSB 0xd5033b9f
#define ISB 0xd5033fdf

/* TLBI VAE1 of a page of the window, with its barriers. */
static void tlbi(struct pe *p, unsigned page)
{
    cpu_set_x(p->cpu, 1, WINDOW(page) >> 12);
    RUN(p, DSB, TLBI_VAE1, DSB, ISB);
}

/* Stores the word at va, and does what makes it code (B2.4.4). */
static void patch(struct pe *p, uint64_t va, uint32_t insn)
{
    cpu_set_x(p->cpu, 1, va);
    cpu_set_x(p->cpu, 2, insn);
    RUN(p, 0xb9000022, 0xd50b7b21, DSB, 0xd50b7521, DSB, ISB); /* str; dc cvau; ic ivau */
}

/* A function that returns n, at physical address pa. */
static void function(struct pe *p, uint64_t pa, unsigned n)
{
    const uint32_t code[] = {MOV_X0(n), RET};

    pe_code(p, pa, code, 2);
}

#define EACH_MODE(m) for (const struct mode *m = modes; m < modes + 4; m++)

/* ---- code that changes ---- */

/* Each kind of store makes `mov x0, #1` to `mov x0, #2`, once its line has been cleaned and invalidated. */
static const struct {
    const char *name;
    uint32_t words[2];
    bool zero; /* writes zeros instead */
} writers[] = {
    {"strb", {0x39000022, NOP}, false},
    {"strh", {0x79000022, NOP}, false},
    {"str w", {0xb9000022, NOP}, false},
    {"str x", {0xf9000022, NOP}, false},
    {"stur", {0xb8000022, NOP}, false},
    {"str, post-indexed", {0xb8004422, NOP}, false},
    {"str, register offset", {0xb83f6822, NOP}, false},
    {"sttr", {0xb8000822, NOP}, false},
    {"stp w", {0x29000c22, NOP}, false},
    {"stp x", {0xa9000c22, NOP}, false},
    {"str s", {0xbd000020, NOP}, false},
    {"str d", {0xfd000020, NOP}, false},
    {"str q", {0x3d800020, NOP}, false},
    {"stp q", {0xad000420, NOP}, false},
    {"st1, four registers", {0x4c002020, NOP}, false},
    {"st1, lane", {0x0d008020, NOP}, false},
    {"st2", {0x4c008c20, NOP}, false},
    {"st4, lane", {0x0d20a420, NOP}, false},
    {"stlr", {0x889ffc22, NOP}, false},
    {"stxr", {0x885f7c27, 0x88087c22}, false},
    {"stlxp", {0xc87fa427, 0xc8288c22}, false},
    {"cas", {0x88a57c22, NOP}, false},
    {"casp", {0x482a7c22, NOP}, false},
    {"swp", {0xb8228027, NOP}, false},
    {"ldadd", {0xb8240027, NOP}, false},
    {"dc zva", {0xd50b7421, NOP}, true},
};

static void test_writers(void **state)
{
    static const uint32_t before[] = {MOV_X0(1), RET}, after[] = {MOV_X0(2), RET};
    uint64_t old, new, v[2];

    (void)state;
    memcpy(&old, before, 8);
    memcpy(&new, after, 8);
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        map(p, 0, 0, CODE(0) | EXEC);
        map(p, 0, 1, CODE(0) | EXEC | EL0); /* STTR stores as EL0 does */
        for (unsigned i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
            struct outcome o;

            for (unsigned at = 0; at < 128; at += 8)
                put64(p, CODE(0) + at, old);
            assert_int_equal(call(p, WINDOW(0)), 1);
            cpu_set_x(p->cpu, 1, WINDOW(1));
            cpu_set_x(p->cpu, 2, new);
            cpu_set_x(p->cpu, 3, RET | (uint64_t)RET << 32);
            cpu_set_x(p->cpu, 4, 1 << 5);
            cpu_set_x(p->cpu, 5, (uint32_t)old);
            cpu_set_x(p->cpu, 10, old);
            cpu_set_x(p->cpu, 11, old);
            v[0] = v[1] = new;
            for (unsigned n = 0; n < 4; n++)
                cpu_set_v(p->cpu, n, v);
            RUN(p, writers[i].words[0], writers[i].words[1]);
            cpu_set_x(p->cpu, 1, WINDOW(0));
            RUN(p, 0xd50b7b21, DSB, 0xd50b7521, DSB, ISB);
            o = call_at(p, WINDOW(0), 1);
            if (writers[i].zero ? o.returned || o.ec != 0 || o.elr != WINDOW(0) : !o.returned || o.x0 != 2)
                fail_msg("%s, %s: returned %d, x0 %llu, EC 0x%x", writers[i].name, m->name, o.returned,
                         (unsigned long long)o.x0, o.ec);
        }
        pe_free(p);
    }
}

/* A function patches itself, some instructions ahead, in the block that runs; and its own loop. */
static void test_ahead(void **state)
{
    static const uint32_t code[] = {
        0x10000121, /* adr x1, target */
        0xb9000022, /* str w2, [x1] */
        0xd50b7b21, /* dc cvau, x1 */
        DSB,        /* */
        0xd50b7521, /* ic ivau, x1 */
        DSB,        /* */
        ISB,        /* */
        0x91000400, /* add x0, x0, #1 */
        0x91000400, /* add x0, x0, #1 */
        MOV_X0(1),  /* target: add x0, x0, #16 by then */
        RET,
    };

    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        map(p, 0, 0, CODE(0) | EXEC);
        for (unsigned round = 0; round < 3; round++) {
            pe_code(p, CODE(0) + 0x7c0, code, 11);
            cpu_set_x(p->cpu, 2, 0x91004000); /* add x0, x0, #16 */
            assert_int_equal(call(p, WINDOW(0) + 0x7c0), 18);
        }
        pe_free(p);
    }
}

/* What a call returns to changes, by a store in the call's own block or in the function; the call has
 * returned there before. On the call's page, at its end, and with the function on another page. */
static void test_returns(void **state)
{
    static const uint32_t callee[] = {0xd50b7b21, DSB, 0xd50b7521,
                                      DSB,        ISB, RET}; /* dc cvau, x1; ic ivau, x1 */
    static const struct {
        unsigned at, function; /* offsets in the window */
        uint32_t call;
    } where[] = {
        {0x100, 0x200, 0x9400003e},  /* bl . + 0xf8 */
        {0x100, 0x1200, 0x9400043e}, /* bl . + 0x10f8 */
        {0xff4, 0x200, 0x97fffc81},  /* bl . - 0xdfc: returns to the next page */
        {0x100, 0x1200, 0xd63f0060}, /* blr x3 */
    };

    (void)state;
    EACH_MODE(m) for (unsigned i = 0; i < 4; i++)
    {
        struct pe *p = start(m);
        /* mov x9, x30; str w2, [x1]; the call; mov x0, #1; ret x9 */
        const uint32_t code[] = {0xaa1e03e9, 0xb9000022, where[i].call, MOV_X0(1), 0xd65f0120};
        uint64_t target = WINDOW(0) + where[i].at + 12;

        map(p, 0, 0, CODE(0) | EXEC);
        map(p, 0, 1, CODE(1) | EXEC);
        map(p, 0, 2, CODE(2) | EXEC);
        pe_code(p, CODE(0) + where[i].at, code, 5);
        pe_code(p, CODE(0) + where[i].function, callee, 6);
        cpu_set_x(p->cpu, 3, WINDOW(0) + where[i].function);
        for (unsigned n = 1; n < 6; n++) {
            for (unsigned k = 0; k < 4; k++) { /* the store goes elsewhere */
                cpu_set_x(p->cpu, 1, WINDOW(2));
                cpu_set_x(p->cpu, 2, 0);
                assert_int_equal(call(p, WINDOW(0) + where[i].at), n);
            }
            cpu_set_x(p->cpu, 1, target);
            cpu_set_x(p->cpu, 2, MOV_X0(n + 1));
            assert_int_equal(call(p, WINDOW(0) + where[i].at), n + 1);
        }
        pe_free(p);
    }
}

/* Without maintenance, what runs is one of the two; with it, the new one. At every place of a block, and of a
 * page that has both code and data. */
static void test_old_or_new(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);
        uint32_t code[130];

        map(p, 0, 0, CODE(0) | EXEC);
        for (unsigned i = 0; i < 128; i++)
            code[i] = 0x91000400; /* add x0, x0, #1 */
        code[128] = RET;
        for (unsigned at = 0; at < 128; at += 9) {
            uint64_t got;

            pe_code(p, CODE(0), code, 129);
            assert_int_equal(call(p, WINDOW(0)), 128);
            assert_int_equal(call(p, WINDOW(0) + 4 * at), 128 - at); /* a block that begins in another */
            cpu_set_x(p->cpu, 1, WINDOW(0) + 4 * at);
            cpu_set_x(p->cpu, 2, 0x91000800); /* add x0, x0, #2 */
            RUN(p, 0xb9000022);
            got = call(p, WINDOW(0));
            assert_true(got == 128 || got == 129);
            patch(p, WINDOW(0) + 4 * at, 0x91000800);
            assert_int_equal(call(p, WINDOW(0)), 129);
            assert_int_equal(call(p, WINDOW(0) + 4 * at), 129 - at);
            /* data beside the code */
            cpu_set_x(p->cpu, 1, WINDOW(0) + 0xffe);
            cpu_set_x(p->cpu, 2, at);
            RUN(p, 0x79000022, 0x79400027); /* strh w2, [x1]; ldrh w7, [x1] */
            assert_int_equal(cpu_get_x(p->cpu, 7), at);
            assert_int_equal(call(p, WINDOW(0)), 129);
        }
        pe_free(p);
    }
}

/* Code at two addresses: a store through one is code at the other (IC IVAU reaches all aliases of a
 * physically tagged instruction cache, which CTR_EL0.L1Ip names). */
static void test_alias(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        map(p, 0, 3, CODE(0) | EXEC);
        map(p, 0, 7, CODE(0) | EXEC | PXN);
        for (unsigned n = 1; n < 20; n++) {
            patch(p, WINDOW(7), MOV_X0(n));
            patch(p, CODE(0) + 4, RET);
            assert_int_equal(call(p, WINDOW(3)), n);
            assert_int_equal(call(p, CODE(0)), n);
        }
        pe_free(p);
    }
}

/* A word that lies across two pages is stored: both pages' code changes. */
static void test_store_across(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);
        static const uint32_t first[] = {MOV_X0(1)}, second[] = {0x91004000, RET}; /* add x0, x0, #16 */

        map(p, 0, 0, CODE(4) | EXEC);
        map(p, 0, 1, CODE(2) | EXEC);
        pe_code(p, CODE(4) + 0xffc, first, 1);
        pe_code(p, CODE(2), second, 2);
        assert_int_equal(call(p, WINDOW(0) + 0xffc), 17);
        /* the upper half of mov becomes movk's, the lower half of add #16 becomes #32's */
        cpu_set_x(p->cpu, 1, WINDOW(1));
        cpu_set_x(p->cpu, 2, 0x8000f280);
        RUN(p, 0xb81fe022); /* stur w2, [x1, #-2] */
        cpu_set_x(p->cpu, 1, WINDOW(0) + 0xffc);
        RUN(p, 0xd50b7b21, 0x91001021, 0xd50b7b21, DSB, 0xd508751f, DSB, ISB); /* both lines; ic iallu */
        cpu_set_x(p->cpu, 0, 0);
        assert_int_equal(call(p, WINDOW(0) + 0xffc), 33);
        pe_free(p);
    }
}

/* Another PE's store, and its TLBI. */
static void test_other_pe(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m), *q = pe_new_beside(p, pe_features_n1, m->params[0] ? m->params : NULL, 1);

        prepare(q, m);
        map(p, 0, 0, CODE(0) | EXEC);
        function(p, CODE(0), 1);
        function(p, CODE(1), 100);
        assert_int_equal(call(p, WINDOW(0)), 1);
        for (unsigned n = 2; n < 10; n++) {
            patch(q, WINDOW(0), MOV_X0(n));
            RUN(p, ISB);
            assert_int_equal(call(p, WINDOW(0)), n);
            assert_int_equal(call(q, WINDOW(0)), n);
            patch(p, WINDOW(0), MOV_X0(n + 50));
            RUN(q, ISB);
            assert_int_equal(call(q, WINDOW(0)), n + 50);
            assert_int_equal(call(p, WINDOW(0)), n + 50);
        }
        map(p, 0, 0, 0);
        cpu_set_x(q->cpu, 1, WINDOW(0) >> 12);
        RUN(q, DSB, 0xd5088321, DSB, ISB); /* tlbi vae1is */
        map(p, 0, 0, CODE(1) | EXEC);
        RUN(p, ISB);
        assert_int_equal(call(p, WINDOW(0)), 100);
        assert_int_equal(call(q, WINDOW(0)), 100);
        pe_free(q);
        pe_free(p);
    }
}

/* Data beside code: in its line and behind it, stored once and so often that the page counts as data, between changes
 * of the code by this PE and the other one. */
static void test_beside(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m), *q = pe_new_beside(p, pe_features_n1, m->params[0] ? m->params : NULL, 1);

        prepare(q, m);
        map(p, 0, 0, CODE(0) | EXEC);
        function(p, CODE(0), 1);
        for (unsigned round = 0; round < 12; round++) {
            const unsigned n = round + 2;
            struct pe *const writer = round & 1 ? q : p;

            if (round % 4 < 2) /* else the word is written while the page's code is decoded */
                patch(writer, WINDOW(0), MOV_X0(n));
            for (unsigned i = 0; i < (round % 3 ? 300 : 1); i++) {
                cpu_set_x(writer->cpu, 1, WINDOW(0) + 16 + i % 64 * 8);
                cpu_set_x(writer->cpu, 2, i);
                RUN(writer, 0xf9000022, 0xa9000822,
                    0xf8220027); /* str x2, [x1]; stp x2, x2, [x1]; ldadd x2, x7, [x1] */
            }
            if (round % 4 >= 2)
                patch(writer, WINDOW(0), MOV_X0(n));
            RUN(p, ISB);
            RUN(q, ISB);
            assert_int_equal(call(p, WINDOW(0)), n);
            if (round & 4)
                assert_int_equal(call(q, WINDOW(0)), n);
        }
        pe_free(q);
        pe_free(p);
    }
}

/* ---- code across pages ---- */

/* Straight on from one page into another that lies elsewhere; when that is not there, the abort is its first
 * instruction's. */
static void test_across(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);
        static const uint32_t first[] = {MOV_X0(1), 0x91000400}, second[] = {0x91004000, RET};
        struct outcome o;

        map(p, 0, 0, CODE(9) | EXEC);
        map(p, 0, 1, CODE(5) | EXEC);
        pe_code(p, CODE(9) + 0xff8, first, 2);
        pe_code(p, CODE(5), second, 2);
        assert_int_equal(call(p, WINDOW(0) + 0xff8), 18);
        patch(p, WINDOW(1), 0x91008000); /* add x0, x0, #32 */
        assert_int_equal(call(p, WINDOW(0) + 0xff8), 34);
        map(p, 0, 1, 0);
        tlbi(p, 1);
        o = call_at(p, WINDOW(0) + 0xff8, 1);
        assert_false(o.returned);
        assert_int_equal(o.x0, 2); /* the first page's were executed */
        assert_int_equal(o.ec, 0x21);
        assert_int_equal(o.fsc, 7); /* translation, level 3 */
        assert_int_equal(o.elr, WINDOW(1));
        assert_int_equal(o.far, WINDOW(1));
        map(p, 0, 1, CODE(5) | EXEC | PXN);
        o = call_at(p, WINDOW(0) + 0xff8, 1);
        assert_int_equal(o.fsc, 15); /* permission, level 3 */
        assert_int_equal(o.elr, WINDOW(1));
        /* out of the RAM: an external abort, after its last instruction */
        map(p, 0, 2, (PE_RAM_BASE + PE_RAM_SIZE - 0x1000) | EXEC);
        map(p, 0, 3, (PE_RAM_BASE + PE_RAM_SIZE) | EXEC);
        pe_code(p, PE_RAM_BASE + PE_RAM_SIZE - 8, first, 2);
        o = call_at(p, WINDOW(2) + 0xff8, 1);
        assert_int_equal(o.x0, 2);
        assert_int_equal(o.ec, 0x21);
        assert_int_equal(o.fsc, 16);
        assert_int_equal(o.elr, WINDOW(3));
        pe_free(p);
    }
}

/* ---- code that moves ---- */

/* Other memory at the same address. Before the TLBI the old or the new runs; after it, the new. */
static void test_remap(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        function(p, CODE(0), 10);
        function(p, CODE(1), 11);
        for (unsigned round = 0; round < 6; round++) {
            uint64_t old = 10 + (round + 1) % 2, new = 10 + round % 2, got;

            map(p, 0, 0, CODE(round % 2) | EXEC);
            if (round) {
                got = call(p, WINDOW(0));
                assert_true(got == old || got == new);
            }
            tlbi(p, 0);
            assert_int_equal(call(p, WINDOW(0)), new);
            /* break before make, D8.14.1 */
            map(p, 0, 0, 0);
            tlbi(p, 0);
            assert_false(call_at(p, WINDOW(0), 1).returned);
            map(p, 0, 0, CODE(round % 2) | EXEC);
            assert_int_equal(call(p, WINDOW(0)), new); /* a fault is not cached in a TLB */
        }
        pe_free(p);
    }
}

/* The same memory at another address: nothing of the old address stays. */
static void test_move(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        function(p, CODE(0), 10);
        for (unsigned page = 0; page < 300; page += 37) {
            map(p, 0, page, CODE(0) | EXEC);
            assert_int_equal(call(p, WINDOW(page)), 10);
            map(p, 0, page, 0);
            tlbi(p, page);
            assert_false(call_at(p, WINDOW(page), 1).returned);
        }
        pe_free(p);
    }
}

/* Other permissions: for EL0, for EL1, and what EL0 may write EL1 may not execute (D8.4.1). */
static void test_permissions(void **state)
{
    static const struct {
        uint64_t bits;
        bool el0, el1;
    } rows[] = {
        {0, true, true},
        {EL0, true, false},
        {EL0 | RO, true, true},
        {RO, true, true},
        {PXN, true, false},
        {UXN, false, true},
        {UXN | PXN, false, false},
        {EL0 | UXN, false, false},
        {EL0 | RO | UXN, false, true},
        {EL0 | RO | PXN, true, false},
    };

    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        function(p, CODE(0), 10);
        map(p, 0, 100, STOP | EXEC | EL0 | RO);
        for (unsigned round = 0; round < 30; round++) {
            unsigned i = round * 7 % 10;

            map(p, 0, 0, CODE(0) | EXEC | rows[i].bits);
            tlbi(p, 0);
            for (unsigned k = 0; k < 2; k++) {
                unsigned el = (round + k) % 2;
                bool may = el ? rows[i].el1 : rows[i].el0;
                struct outcome o = call_at(p, WINDOW(0), el);

                assert_int_equal(o.returned, may);
                if (may) {
                    assert_int_equal(o.x0, 10);
                } else {
                    assert_int_equal(o.ec, el ? 0x21 : 0x20);
                    assert_int_equal(o.fsc, 15);
                    assert_int_equal(o.elr, WINDOW(0));
                }
            }
        }
        pe_free(p);
    }
}

/* Two address spaces: TTBR0 and its ASID choose, no TLBI is needed; and it is when an ASID gets new tables.
 */
static void test_asid(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        for (unsigned n = 0; n < 4; n++)
            function(p, CODE(n), 10 + n);
        map(p, 0, 0, CODE(0) | EXEC | NG);
        map(p, 1, 0, CODE(1) | EXEC | NG);
        map(p, 0, 1, CODE(2) | EXEC); /* global: the same in both */
        map(p, 1, 1, CODE(2) | EXEC);
        for (unsigned round = 0; round < 6; round++) {
            uint64_t asid = 5 + round % 2;

            cpu_set_x(p->cpu, 1, (TABLES + 0x3000 * (round % 2)) | asid << 48);
            RUN(p, 0xd5182001, ISB); /* msr ttbr0_el1, x1 */
            assert_int_equal(call(p, WINDOW(0)), 10 + round % 2);
            assert_int_equal(call(p, WINDOW(1)), 12);
        }
        /* ASID 6, in use now, is given to another space */
        map(p, 1, 0, CODE(3) | EXEC | NG);
        cpu_set_x(p->cpu, 1, UINT64_C(6) << 48);
        RUN(p, DSB, 0xd5088741, DSB, ISB); /* tlbi aside1, x1 */
        assert_int_equal(call(p, WINDOW(0)), 13);
        /* the other one was not touched */
        cpu_set_x(p->cpu, 1, TABLES | UINT64_C(5) << 48);
        RUN(p, 0xd5182001, ISB);
        assert_int_equal(call(p, WINDOW(0)), 10);
        pe_free(p);
    }
}

/* Two virtual machines: the same IPA is other memory under each VMID. Stage 2 maps blocks of 2 MiB: RAM to
 * itself, but the 2 MiB from IPA CODE(0) on to this machine's own. */
static void test_vmid(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);
        uint64_t own[2] = {PE_RAM_BASE + 0x800000, PE_RAM_BASE + 0xa00000};

        set(p, CPTR_EL2, 0x33ff & ~TG_BIT(10));
        set(p, VTCR_EL2, 25 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 2 << 16); /* 39 bits from level 1 */
        map(p, 0, 0, CODE(0) | EXEC);
        for (unsigned vm = 0; vm < 2; vm++) {
            uint64_t l1 = TABLES_S2 + 0x2000 * vm;

            put64(p, l1 + 8, (l1 + 0x1000) | 3);
            for (unsigned i = 0; i < 32; i++)
                put64(p, l1 + 0x1000 + 8 * i,
                      (i == 1 ? own[vm] : PE_RAM_BASE + 0x200000 * (uint64_t)i) | 0x7fd);
            function(p, own[vm], 20 + vm);
        }
        for (unsigned round = 0; round < 6; round++) {
            unsigned vm = round % 2;

            set(p, VTTBR_EL2, (TABLES_S2 + 0x2000 * vm) | (uint64_t)(vm + 1) << 48);
            set(p, HCR_EL2, TG_BIT(31) | 1);
            assert_int_equal(call(p, WINDOW(0)), 20 + vm);
        }
        /* without stage 2 it is a third one's */
        function(p, CODE(0), 30);
        set(p, HCR_EL2, TG_BIT(31));
        assert_int_equal(call(p, WINDOW(0)), 30);
        /* stage 2 changes under VMID 2; EL2 tells the TLBs (D8.14) */
        set(p, HCR_EL2, TG_BIT(31) | 1);
        assert_int_equal(call(p, WINDOW(0)), 21);
        put64(p, TABLES_S2 + 0x3000 + 8, own[0] | 0x7fd);
        cpu_set_x(p->cpu, 1, CODE(0) >> 12);
        cpu_set_pstate(p->cpu, 0x3c9);
        {
            static const uint32_t code[] = {DSB, 0xd50c8421, DSB, 0xd508871f, DSB, ISB, B_SELF};

            pe_code(p, STUBS, code, 7); /* tlbi ipas2e1; tlbi vmalle1, at EL2 */
            cpu_set_pc(p->cpu, STUBS);
            pe_run_insns(p, 8);
            assert_int_equal(cpu_get_pc(p->cpu), STUBS + 24);
        }
        assert_int_equal(call(p, WINDOW(0)), 20);
        pe_free(p);
    }
}

/* ---- memory that is not cached ---- */

/* Non-cacheable memory is code like other; in device memory an implementation may fetch or raise a Permission
 * fault (B2.7.2): this one fetches, one word at a time, and what has changed is seen at once. */
static void test_device(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);
        static const uint32_t code[] = {MOV_X0(1), 0x91000400, 0xf1000800, RET}; /* add #1; subs #2 */
        uint32_t changed = MOV_X0(7);
        unsigned reads;

        map(p, 0, 0, CODE(0) | NC);
        map(p, 0, 1, CODE(1) | DEVICE);
        map(p, 0, 2, PE_DEVICE_BASE | DEVICE);
        map(p, 0, 3, PE_DEVICE_BASE | EXEC); /* no host memory, but of a normal type */
        map(p, 0, 4, PE_DEVICE_BASE | DEVICE | PXN);
        memcpy(p->device, code, sizeof(code));
        pe_code(p, CODE(0), code, 4);
        pe_code(p, CODE(1), code, 4);
        for (unsigned page = 0; page < 4; page++) {
            reads = p->device_reads;
            assert_int_equal(call(p, WINDOW(page)), 0);
            if (page >= 2)
                assert_true(p->device_reads >= reads + 4);
        }
        assert_int_equal(call_at(p, WINDOW(4), 1).fsc, 15);
        memcpy(p->device, &changed, 4);
        assert_int_equal(call(p, WINDOW(2)), 6);
        patch(p, WINDOW(0), changed);
        patch(p, WINDOW(1), changed);
        for (unsigned page = 0; page < 4; page++)
            assert_int_equal(call(p, WINDOW(page)), 6);
        /* a loop, and a branch from there into cached code and back */
        {
            static const uint32_t loop[] = {
                MOV_X0(0),  0xd2800141, 0x91000400, 0xf1000421, 0x54ffffc1, /* ten times add x0, x0, #1 */
                0xaa1e03e9, 0xd63f0040, 0xaa0903fe, RET, /* mov x9, lr; blr x2; mov lr, x9 */
            };
            static const uint32_t cached[] = {0x91019000, RET}; /* add x0, x0, #100 */

            memcpy(p->device + 0x100, loop, sizeof(loop));
            map(p, 0, 5, CODE(2) | EXEC);
            pe_code(p, CODE(2), cached, 2);
            cpu_set_x(p->cpu, 2, WINDOW(5));
            assert_int_equal(call(p, WINDOW(2) + 0x100), 110);
        }
        pe_free(p);
    }
}

/* From normal memory to device memory and back at one address. */
static void test_becomes_device(void **state)
{
    (void)state;
    EACH_MODE(m)
    {
        struct pe *p = start(m);

        function(p, CODE(0), 10);
        for (unsigned round = 0; round < 6; round++) {
            map(p, 0, 0, CODE(0) | (round % 2 ? DEVICE : EXEC));
            tlbi(p, 0);
            assert_int_equal(call(p, WINDOW(0)), 10);
        }
        pe_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writers),      cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_old_or_new),   cmocka_unit_test(test_alias),
        cmocka_unit_test(test_store_across), cmocka_unit_test(test_other_pe),
        cmocka_unit_test(test_across),       cmocka_unit_test(test_remap),
        cmocka_unit_test(test_move),         cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_asid),         cmocka_unit_test(test_vmid),
        cmocka_unit_test(test_device),       cmocka_unit_test(test_becomes_device),
        cmocka_unit_test(test_returns),      cmocka_unit_test(test_beside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
