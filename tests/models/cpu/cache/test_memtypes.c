/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an access costs by memory type: Arm ARM B2.7 says what may overlap, gather and be acknowledged early; D8.6 how
 * the controls and both stages make the type. Every access takes the bus's 100 cycles when it is not cached, and is
 * charged to dram; each type's programs are bounded by what the type allows, on both core models.
 */
#include "timed.h"
#include "models/base/bits.h"

static const char *const kinds[] = {"inorder", "window"};

#define BUS 100
#define L1  3

#define PARAMS                                                                                               \
    "l1d.latency", "3", "l1d.size", "4096", "l1d.ways", "4", "l2.latency", "10", "l2.size", "65536",         \
        "l2.ways", "8", "prefetch", "0", "dtlb.entries", "16", "tlb2.entries", "64", "tlb2.ways", "4",       \
        "tlb2.latency", "5", "walk_cache.latency", "1", "ipa_cache.latency", "1", "pipeline.load.latency",   \
        "3", "pipeline.load_pair.latency", "3", "pipeline.vload.latency", "3", "pipeline.load_excl.latency", \
        "3", "pipeline.atomic.latency", "3", "pipeline.store_excl.latency", "1", "pipeline.store_buffer",    \
        "4", "pipeline.dsb", "10", "l1d.mshrs", "8"
static const char *const params[] = {PARAMS, NULL};

#define SCTLR_EL1 TG_SYSENC(3, 0, 1, 0, 0)
#define TTBR0_EL1 TG_SYSENC(3, 0, 2, 0, 0)
#define TCR_EL1   TG_SYSENC(3, 0, 2, 0, 2)
#define MAIR_EL1  TG_SYSENC(3, 0, 10, 2, 0)
#define HCR_EL2   TG_SYSENC(3, 4, 1, 1, 0)
#define VTCR_EL2  TG_SYSENC(3, 4, 2, 1, 2)
#define VTTBR_EL2 TG_SYSENC(3, 4, 2, 1, 0)

#define SCTLR_M TG_BIT(0)
#define SCTLR_A TG_BIT(1)
#define SCTLR_C TG_BIT(2)
#define SCTLR_I TG_BIT(12)

#define HCR_VM  TG_BIT(0)
#define HCR_DC  TG_BIT(12)
#define HCR_RW  TG_BIT(31)
#define HCR_CD  TG_BIT(32)
#define HCR_ID  TG_BIT(33)
#define HCR_FWB TG_BIT(46)

#define TCR_FLAT (25 | UINT64_C(1) << 23 | UINT64_C(5) << 32)
#define TCR_WB   (UINT64_C(5) << 8)
/* 39 bits, from level 1, write-back. */
#define VTCR_FLAT (25 | UINT64_C(1) << 6 | UINT64_C(5) << 8 | UINT64_C(2) << 16)

/* What a type lets be done, for the bounds below. */
enum type {
    WB,
    NC, /* also write-through, and mixed: the cores do not cache it */
    nGnRnE,
    nGnRE,
    nGRE,
    GRE,
};

/* MAIR_EL1: attribute n is that of the n-th 2 MiB block of data. */
static const struct {
    uint8_t attr;
    enum type type;
    const char *name;
} blocks[8] = {
    {0xff, WB, "write-back"},        {0x44, NC, "non-cacheable"},
    {0x00, nGnRnE, "Device-nGnRnE"}, {0x04, nGnRE, "Device-nGnRE"},
    {0x08, nGRE, "Device-nGRE"},     {0x0c, GRE, "Device-GRE"},
    {0xbb, NC, "write-through"},     {0x4f, NC, "outer non-cacheable, inner write-back"},
};
#define BLOCK_SIZE (UINT64_C(2) << 20)
#define T_STAGE2   (T_TABLES + 0x40000)

/* Identity, in blocks of 2 MiB: data as the table above says, code and tables as attr_of_code. */
static void map(struct pe *p, unsigned attr_of_code)
{
    uint64_t mair = 0, d = (T_TABLES + 0x1000) | 3;

    for (unsigned i = 0; i < 8; i++)
        mair |= (uint64_t)blocks[i].attr << 8 * i;
    pe_write(p, T_TABLES + 8, &d, 8);
    for (unsigned i = 0; i < 32; i++) {
        const uint64_t pa = PE_RAM_BASE + i * BLOCK_SIZE,
                       n = pa - T_DATA < 8 * BLOCK_SIZE ? (pa - T_DATA) / BLOCK_SIZE : attr_of_code;

        d = pa | 0x701 | n << 2;
        pe_write(p, T_TABLES + 0x1000 + i * 8, &d, 8);
    }
    cpu_set_sysreg(p->cpu, MAIR_EL1, mair);
    cpu_set_sysreg(p->cpu, TTBR0_EL1, T_TABLES);
    cpu_set_sysreg(p->cpu, TCR_EL1, TCR_FLAT | TCR_WB);
    cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M | SCTLR_C | SCTLR_I);
}

/* ---- data ---- */

#define LDR_CHAIN 0xf9400042 /* ldr x2, [x2] */
#define LDR3      0xf9400043 /* ldr x3, [x2] */
#define LDR4_8    0xf9400444 /* ldr x4, [x2, #8] */
#define ADD5      0x8b040065 /* add x5, x3, x4 */
#define ADD2_5    0x8b050042 /* add x2, x2, x5 */
#define ADD2_3    0x8b030042 /* add x2, x2, x3 */
#define ADD2_4    0x8b040042 /* add x2, x2, x4 */
#define STR3      0xf9000043 /* str x3, [x2] */
#define STR3_64   0xf9002043 /* str x3, [x2, #64] */
#define STR3_8    0xf9000443 /* str x3, [x2, #8] */
#define DSB       0xd5033f9f
#define LDXR      0xc85f7c43 /* ldxr x3, [x2] */
#define STXR      0xc8047c43 /* stxr w4, x3, [x2] */
#define LDADD     0xf83f0044 /* ldadd xzr, x4, [x2] */
#define ZVA       0xd50b7422 /* dc zva, x2 */
#define LDP       0xa9401043 /* ldp x3, x4, [x2] */
#define STP       0xa9001043 /* stp x3, x4, [x2] */
#define LDUR_60   0xf843c043 /* ldur x3, [x2, #60] */
#define LDAR      0xc8dffc43 /* ldar x3, [x2] */
#define STLR      0xc89ffc43 /* stlr x3, [x2] */

#define NONE \
    {        \
        0, 0 \
    }
/* Cycles of a repetition, at least and at most, by type. The words in steady state; x2: the data, which holds its own
 * address only where LDR_CHAIN needs it, else zeros. */
static const struct {
    const char *name;
    uint32_t body[8];
    unsigned n;
    bool chain;
    struct {
        unsigned min, max;
    } cycles[GRE + 1];
} programs[] = {
    /* a load that the next waits for; Device reads hold everything up */
    {"load",
     {LDR_CHAIN},
     1,
     true,
     {[WB] = {L1, L1},
      [NC] = {L1 + BUS, L1 + BUS},
      [nGnRnE] = {BUS, BUS + L1},
      [nGnRE] = {BUS, BUS + L1},
      [nGRE] = {BUS, BUS + L1},
      [GRE] = {BUS, BUS + L1}}},
    /* two at a time: of Normal memory they overlap */
    {"two loads",
     {LDR3, LDR4_8, ADD5, ADD2_5},
     4,
     false,
     {[WB] = {5, 6},
      [NC] = {L1 + BUS + 2, L1 + BUS + 3},
      [nGnRnE] = {2 * BUS, 2 * BUS + 10},
      [nGnRE] = {2 * BUS, 2 * BUS + 10},
      [nGRE] = {2 * BUS, 2 * BUS + 10},
      [GRE] = {2 * BUS, 2 * BUS + 10}}},
    /* one transaction for the pair where the type gathers */
    {"pair",
     {LDP, ADD5, ADD2_5},
     3,
     false,
     {[WB] = {5, 6},
      [NC] = {L1 + BUS + 2, L1 + BUS + 2},
      [nGnRnE] = {2 * BUS, 2 * BUS + 10},
      [nGnRE] = {2 * BUS, 2 * BUS + 10},
      [nGRE] = {2 * BUS, 2 * BUS + 10},
      [GRE] = {BUS, BUS + 10}}},
    {"ordered load",
     {LDAR, ADD2_3},
     2,
     false,
     {[WB] = {4, 4},
      [NC] = {L1 + BUS + 1, L1 + BUS + 1},
      [nGnRnE] = {BUS, BUS + 5},
      [nGnRE] = {BUS, BUS + 5},
      [nGRE] = {BUS, BUS + 5},
      [GRE] = {BUS, BUS + 5}}},
    /* stores to one line gather in the buffer; others take its four places in turn; nR: one behind the other; nE: each
     * is waited for */
    {"store",
     {STR3},
     1,
     false,
     {[WB] = {1, 1},
      [NC] = {1, 1},
      [nGnRnE] = {BUS, BUS + 1},
      [nGnRE] = {BUS, BUS + 1},
      [nGRE] = {BUS / 4, BUS / 4 + 1},
      [GRE] = {1, 1}}},
    {"stores to two lines",
     {STR3, STR3_64},
     2,
     false,
     {[WB] = {2, 2},
      [NC] = {2 * BUS / 4, 2 * BUS / 4 + 2},
      [nGnRnE] = {2 * BUS, 2 * BUS + 2},
      [nGnRE] = {2 * BUS, 2 * BUS + 2},
      [nGRE] = {2 * BUS / 4, 2 * BUS / 4 + 2},
      [GRE] = {2 * BUS / 4, 2 * BUS / 4 + 2}}},
    {"ordered store",
     {STLR},
     1,
     false,
     {[WB] = {1, 1},
      [NC] = {1, 1},
      [nGnRnE] = {BUS, BUS + 1},
      [nGnRE] = {BUS, BUS + 1},
      [nGRE] = {BUS / 4, BUS / 4 + 1},
      [GRE] = {1, 1}}},
    /* DSB waits for what is in the buffer */
    {"store and DSB",
     {STR3, STR3_8, DSB},
     3,
     false,
     {[WB] = {10, 20},
      [NC] = {BUS + 10, BUS + 16},
      [nGnRnE] = {2 * BUS + 10, 2 * BUS + 16},
      [nGnRE] = {2 * BUS + 10, 2 * BUS + 16},
      [nGRE] = {BUS + 10, BUS + 16},
      [GRE] = {BUS + 10, BUS + 16}}},
    {"store pair and DSB",
     {STP, DSB},
     2,
     false,
     {[WB] = {10, 20},
      [NC] = {BUS + 10, BUS + 16},
      [nGnRnE] = {2 * BUS + 10, 2 * BUS + 16},
      [nGnRE] = {2 * BUS + 10, 2 * BUS + 16},
      [nGRE] = {BUS + 10, BUS + 16},
      [GRE] = {BUS + 10, BUS + 16}}},
    /* the answer of a store-exclusive, and that of an atomic, comes from memory */
    {"exclusives",
     {LDXR, STXR, ADD2_4},
     3,
     false,
     {[WB] = {5, 6},
      [NC] = {2 * BUS + L1 + 2, 2 * BUS + L1 + 3},
      [nGnRnE] = {2 * BUS, 2 * BUS + 6},
      [nGnRE] = {2 * BUS, 2 * BUS + 6},
      [nGRE] = {2 * BUS, 2 * BUS + 6},
      [GRE] = {2 * BUS, 2 * BUS + 6}}},
    {"atomic",
     {LDADD, ADD2_4},
     2,
     false,
     {[WB] = {4, 4},
      [NC] = {BUS + L1 + 1, BUS + L1 + 1},
      [nGnRnE] = {BUS, BUS + 5},
      [nGnRE] = {BUS, BUS + 5},
      [nGRE] = {BUS, BUS + 5},
      [GRE] = {BUS, BUS + 5}}},
    /* two lines, at the same time; faults on Device memory */
    {"over two lines", {LDUR_60, ADD2_3}, 2, false, {[WB] = {5, 5}, [NC] = {BUS + L1 + 1, BUS + L1 + 2}}},
    {"zeroes a line", {ZVA, DSB}, 2, false, {[WB] = {10, 20}, [NC] = {BUS + 10, BUS + 16}}},
};

#define TIMES 640

static void data(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned b = 0; b < 8; b++)
            for (unsigned i = 0; i < TG_ARRAY_SIZE(programs); i++) {
                const enum type type = blocks[b].type;
                const unsigned min = programs[i].cycles[type].min, max = programs[i].cycles[type].max;
                const uint64_t at = T_DATA + b * BLOCK_SIZE;
                struct pe *p;
                uint64_t cycles, dram, l1d, uncached;

                if (!max)
                    continue;
                p = t_new(kinds[k], params, false);
                map(p, 0);
                if (programs[i].chain)
                    pe_write(p, at, &at, 8);
                cpu_set_x(p->cpu, 2, at);
                t_steady(p, programs[i].body, programs[i].n, 64);
                dram = t_bucket(p, CPU_BUCKET_DRAM);
                l1d = t_bucket(p, CPU_BUCKET_L1D);
                uncached = t_counter(p, "uncached");
                cycles = t_steady(p, programs[i].body, programs[i].n, TIMES);
                dram = t_bucket(p, CPU_BUCKET_DRAM) - dram;
                l1d = t_bucket(p, CPU_BUCKET_L1D) - l1d;
                uncached = t_counter(p, "uncached") - uncached;
                if (cycles < min * TIMES || cycles > max * TIMES + 2 * BUS + TIMES / 8)
                    fail_msg("%s, %s, %s: %.2f cycles, expected %u to %u", kinds[k], blocks[b].name,
                             programs[i].name, (double)cycles / TIMES, min, max);
                if (type == WB) {
                    assert_int_equal(uncached, 0);
                    assert_int_equal(dram, 0);
                } else {
                    assert_true(uncached >= TIMES);
                    /* what DSB waits for is a barrier's; the rest is memory's */
                    if (min >= BUS / 4 && programs[i].body[programs[i].n - 1] != DSB &&
                        dram < (uint64_t)min * TIMES * 9 / 10)
                        fail_msg("%s, %s, %s: %.2f cycles of dram in %.2f", kinds[k], blocks[b].name,
                                 programs[i].name, (double)dram / TIMES, (double)cycles / TIMES);
                    if (l1d > 2 * L1 * TIMES)
                        fail_msg("%s, %s, %s: %.2f cycles of l1d", kinds[k], blocks[b].name, programs[i].name,
                                 (double)l1d / TIMES);
                }
                pe_free(p);
            }
}

/* Cached memory that the software TLB may not answer by itself costs what it costs otherwise: alignment checked,
 * big-endian, a line of decoded code. A ring larger than the L1D. */
static void slow_paths_are_timed(void **state)
{
    static const struct {
        uint64_t sctlr;
        uint64_t at;
    } rows[] = {{0, T_DATA}, {SCTLR_A, T_DATA}, {TG_BIT(25) /* EE */, T_DATA}};
    static const uint32_t chase[] = {LDR_CHAIN};

    (void)state;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < TG_ARRAY_SIZE(rows); i++) {
            struct pe *p = t_new(kinds[k], params, false);
            uint64_t cycles;

            map(p, 0);
            for (unsigned n = 0; n < 256; n++) {
                uint64_t next = rows[i].at + (n + 1) % 256 * 64;

                if (rows[i].sctlr & TG_BIT(25))
                    next = __builtin_bswap64(next);
                pe_write(p, rows[i].at + n * 64, &next, 8);
            }
            if (rows[i].sctlr & TG_BIT(25)) { /* so are the tables */
                uint64_t d;

                for (uint64_t a = T_TABLES; a < T_TABLES + 0x2000; a += 8) {
                    memcpy(&d, p->ram + (a - PE_RAM_BASE), 8);
                    d = __builtin_bswap64(d);
                    pe_write(p, a, &d, 8);
                }
            }
            cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M | SCTLR_C | SCTLR_I | rows[i].sctlr);
            cpu_set_x(p->cpu, 2, rows[i].at);
            t_steady(p, chase, 1, 1280);
            cycles = t_steady(p, chase, 1, 640);
            if (cycles < 10 * 640 || cycles > 10 * 640 + 20)
                fail_msg("%s, row %u: %llu cycles for 640 hits of the L2", kinds[k], i,
                         (unsigned long long)cycles);
            pe_free(p);
        }
}

/* ---- how the type is made: is the data cached, is the code? ---- */

/* Stage 2 without FWB: MemAttr. With FWB: MemAttr[2:0]. */
static const struct {
    unsigned memattr;
    enum type type;
} stage2[] = {{15, WB}, {5, NC}, {10, NC}, {0, nGnRnE}, {1, nGnRE}};
static const struct {
    unsigned memattr;
    bool pass, wb, device;
} forced[] = {
    {.memattr = 7, .pass = true}, {.memattr = 6, .wb = true}, {.memattr = 5}, {.memattr = 0, .device = true}};

struct setting {
    unsigned block; /* of stage 1 */
    bool c, i, m;   /* SCTLR_EL1 */
    bool vm, cd, id, fwb, dc;
    unsigned s2; /* row of stage2 or forced */
};

/* D8.6, and the pseudocode's AArch64.S1Translate and S2Translate. */
static bool data_is_cached(const struct setting *s)
{
    bool cached = s->dc || (s->m && s->c && blocks[s->block].type == WB);

    if (!s->vm && !s->dc)
        return cached;
    if (s->fwb)
        cached = forced[s->s2].wb || (forced[s->s2].pass && cached);
    else
        cached &= stage2[s->s2].type == WB;
    return cached && !s->cd;
}

/* The inner attribute says whether code is cached: write-through memory is, too. */
static bool code_is_cached(const struct setting *s)
{
    const uint8_t inner = blocks[s->block].attr & 15;
    const bool device = (blocks[s->block].attr & 0xf0) == 0;
    bool cached = s->dc || (s->i && (!s->m || (!device && inner != 4)));

    if (!s->vm && !s->dc)
        return cached;
    if (s->fwb)
        cached = forced[s->s2].wb || (forced[s->s2].pass && cached);
    else
        cached &= stage2[s->s2].memattr != 5 && stage2[s->s2].type != nGnRnE && stage2[s->s2].type != nGnRE;
    return cached && !s->id;
}

static void apply(struct pe *p, const struct setting *s)
{
    const unsigned memattr = s->fwb ? forced[s->s2].memattr : stage2[s->s2].memattr;

    map(p, s->block);
    if (s->vm || s->dc) {
        /* 16 GiB flat: tables of stage 1 stay write-back, in a block of level 1 that is split */
        uint64_t d = (T_STAGE2 + 0x1000) | 3;

        pe_write(p, T_STAGE2 + 8, &d, 8);
        for (unsigned i = 0; i < 32; i++) {
            d = (PE_RAM_BASE + i * BLOCK_SIZE) | 0x401 | 3 << 6 | 3 << 8 | memattr << 2;
            pe_write(p, T_STAGE2 + 0x1000 + i * 8, &d, 8);
        }
        cpu_set_sysreg(p->cpu, VTTBR_EL2, T_STAGE2);
        cpu_set_sysreg(p->cpu, VTCR_EL2, VTCR_FLAT);
    }
    cpu_set_sysreg(p->cpu, HCR_EL2,
                   HCR_RW | (s->vm ? HCR_VM : 0) | (s->dc ? HCR_DC : 0) | (s->cd ? HCR_CD : 0) |
                       (s->id ? HCR_ID : 0) | (s->fwb ? HCR_FWB : 0));
    cpu_set_sysreg(p->cpu, SCTLR_EL1, (s->m ? SCTLR_M : 0) | (s->c ? SCTLR_C : 0) | (s->i ? SCTLR_I : 0));
}

static void check(const char *kind, const struct setting *s)
{
    static const uint32_t code[] = {LDR3, 0x17ffffff /* b back */};
    const char *more[TG_ARRAY_SIZE(params) + 4] = {"freq", "1000000000", "pipeline.kind",
                                                   strcmp(kind, "inorder") ? "1" : "0"};
    struct pe *p;
    uint64_t uncached, misses, frontend, cycles;

    memcpy(more + 4, params, sizeof(params));
    p = pe_new(pe_features_max, more, 1);
    cpu_set_mode(p->cpu, CPU_TIMED);
    apply(p, s);
    cpu_set_x(p->cpu, 2, T_DATA + s->block * BLOCK_SIZE);
    pe_code(p, T_CODE, code, 2);
    cpu_set_pc(p->cpu, T_CODE);
    pe_run_insns(p, 200);
    uncached = t_counter(p, "uncached");
    misses = t_counter(p, "l1d.miss");
    frontend = t_bucket(p, CPU_BUCKET_FRONTEND);
    cycles = cpu_cycles(p->cpu);
    pe_run_insns(p, 400);
    cycles = cpu_cycles(p->cpu) - cycles;
    assert_int_equal(cpu_get_el(p->cpu), 1);
    t_sum(p);
    uncached = t_counter(p, "uncached") - uncached;
    frontend = t_bucket(p, CPU_BUCKET_FRONTEND) - frontend;
    if (uncached != (data_is_cached(s) ? 0 : 200) || t_counter(p, "l1d.miss") != misses)
        fail_msg("%s: %llu of 200 loads are uncached; stage 1 %s C=%d M=%d, VM=%d DC=%d CD=%d FWB=%d s2=%u",
                 kind, (unsigned long long)uncached, blocks[s->block].name, s->c, s->m, s->vm, s->dc, s->cd,
                 s->fwb, s->s2);
    /* In a window the wait for the data hides that for the code. */
    if (code_is_cached(s) ? frontend > 1000 : (data_is_cached(s) ? frontend : cycles) < 190 * BUS)
        fail_msg(
            "%s: %llu cycles of fetch in 200 rounds; stage 1 %s I=%d M=%d, VM=%d DC=%d ID=%d FWB=%d s2=%u",
            kind, (unsigned long long)frontend, blocks[s->block].name, s->i, s->m, s->vm, s->dc, s->id,
            s->fwb, s->s2);
    pe_free(p);
}

static void controls(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned block = 0; block < 8; block++)
            for (unsigned bits = 0; bits < 8; bits++) {
                struct setting s = {.block = block, .c = bits & 1, .i = bits & 2, .m = bits & 4};

                check(kinds[k], &s);
                if (block)
                    continue;
                s.dc = true;
                check(kinds[k], &s);
            }
}

static void two_stages(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned block = 0; block < 8; block++)
            for (unsigned bits = 0; bits < 8; bits++) {
                struct setting s = {.block = block,
                                    .c = true,
                                    .i = true,
                                    .m = true,
                                    .vm = true,
                                    .cd = bits & 1,
                                    .id = bits & 2,
                                    .fwb = bits & 4};

                for (s.s2 = 0; s.s2 < (s.fwb ? TG_ARRAY_SIZE(forced) : TG_ARRAY_SIZE(stage2)); s.s2++)
                    check(kinds[k], &s);
            }
}

/* ---- walks ---- */

/* Rounds of TLBI and a load: each descriptor takes a hit of the caches, or the bus. */
static void walks(void **state)
{
    static const uint32_t body[] = {0xd508871f /* tlbi vmalle1 */, DSB, 0xd5033fdf /* isb */, LDR3};
    static const struct {
        uint64_t tcr, sctlr, hcr, vtcr;
        unsigned s2;
        unsigned each; /* cycles of a descriptor; of both stages' when all are alike */
    } rows[] = {
        {TCR_WB, SCTLR_C, 0, 0, 0, 10},
        {TCR_WB, 0, 0, 0, 0, BUS},
        {0, SCTLR_C, 0, 0, 0, BUS},
        {UINT64_C(1) << 8, SCTLR_C, 0, 0, 0, BUS},  /* inner alone */
        {UINT64_C(1) << 10, SCTLR_C, 0, 0, 0, BUS}, /* outer alone */
        {UINT64_C(10) << 8, SCTLR_C, 0, 0, 0, BUS}, /* write-through */
        {UINT64_C(15) << 8, SCTLR_C, 0, 0, 0, 10},
        {TCR_WB, SCTLR_C, HCR_VM, VTCR_FLAT, 0, 10},
        {TCR_WB, SCTLR_C, HCR_VM | HCR_CD, VTCR_FLAT, 0, BUS},
        {0, SCTLR_C, HCR_VM, VTCR_FLAT & ~TCR_WB, 0, BUS},
        {TCR_WB, SCTLR_C, HCR_VM, VTCR_FLAT & ~TCR_WB, 1, BUS}, /* stage 2 makes the tables non-cacheable */
        {0, SCTLR_C, HCR_VM | HCR_FWB, VTCR_FLAT, 1, 10},       /* FWB makes them write-back */
    };

    (void)state;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < TG_ARRAY_SIZE(rows); i++) {
            const bool vm = rows[i].hcr & HCR_VM, fwb = rows[i].hcr & HCR_FWB;
            const char *more[TG_ARRAY_SIZE(params) + 8] = {"freq",
                                                           "1000000000",
                                                           "pipeline.kind",
                                                           k ? "1" : "0",
                                                           "walk_cache.entries",
                                                           "0",
                                                           "ipa_cache.entries",
                                                           "0"};
            struct setting s = {.c = rows[i].sctlr,
                                .i = true,
                                .m = true,
                                .vm = vm,
                                .cd = rows[i].hcr & HCR_CD,
                                .fwb = fwb,
                                .s2 = rows[i].s2};
            uint64_t reads, cycles, n;
            struct pe *p;

            memcpy(more + 8, params, sizeof(params));
            p = pe_new(pe_features_max, more, 1);
            cpu_set_mode(p->cpu, CPU_TIMED);
            apply(p, &s);
            cpu_set_sysreg(p->cpu, TCR_EL1, TCR_FLAT | rows[i].tcr);
            if (vm)
                cpu_set_sysreg(p->cpu, VTCR_EL2, rows[i].vtcr);
            cpu_set_x(p->cpu, 2, T_DATA);
            t_steady(p, body, TG_ARRAY_SIZE(body), 64);
            reads = t_counter(p, "walk.reads");
            cycles = t_counter(p, "walk.cycles");
            n = t_counter(p, "walks");
            t_steady(p, body, TG_ARRAY_SIZE(body), 64);
            reads = t_counter(p, "walk.reads") - reads;
            cycles = t_counter(p, "walk.cycles") - cycles;
            n = t_counter(p, "walks") - n;
            assert_true(n >= 64);
            assert_int_equal(reads, n * (vm ? 2 * 2 + 2 + 2 : 2)); /* two levels in each stage */
            if (cycles != reads * rows[i].each)
                fail_msg("%s, row %u: %llu cycles for %llu descriptors, expected %u each", kinds[k], i,
                         (unsigned long long)cycles, (unsigned long long)reads, rows[i].each);
            pe_free(p);
        }
}

/* ---- fetch ---- */

/* Straight code takes the bus once a line, and what is behind a branch in the same line nothing more; back to its beginning
 * takes it again. */
static void fetch(void **state)
{
    uint32_t nops[64];

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        nops[i] = 0xd503201f;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned off = 0; off < 2; off++) { /* MMU off, and a non-cacheable mapping */
            struct pe *p = t_new(kinds[k], params, false);
            uint64_t frontend, cycles;

            map(p, 1);
            if (off)
                cpu_set_sysreg(p->cpu, SCTLR_EL1, 0);
            nops[63] = 0x17ffffc1; /* b to the first */
            pe_code(p, T_CODE, nops, 64);
            cpu_set_pc(p->cpu, T_CODE);
            pe_run_insns(p, 64 * 20);
            frontend = t_bucket(p, CPU_BUCKET_FRONTEND);
            cycles = cpu_cycles(p->cpu);
            pe_run_insns(p, 64 * 20);
            t_sum(p);
            cycles = cpu_cycles(p->cpu) - cycles;
            frontend = t_bucket(p, CPU_BUCKET_FRONTEND) - frontend;
            assert_in_range(cycles, 20 * 4 * BUS, 20 * 4 * BUS + 64 * 20);
            assert_in_range(frontend, 20 * 4 * (BUS - 4), 20 * 4 * BUS); /* a window hides a little of it */
            assert_int_equal(t_counter(p, "l1i.access"), 0);
            pe_free(p);
        }
}

/* A store to code that is mapped both ways is seen by both. */
static void written(void **state)
{
    const uint32_t before[] = {0xd2800020 /* mov x0, #1 */, 0x14000000}, after = 0xd2800040; /* mov x0, #2 */

    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct pe *p = t_new(kinds[k], params, false);

        for (unsigned round = 0; round < 2; round++) {
            map(p, 0);
            for (unsigned nc = 0; nc < 2; nc++) {
                cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M | SCTLR_C | (nc ? 0 : SCTLR_I));
                if (!round)
                    pe_code(p, T_CODE, before, 2);
                cpu_set_pc(p->cpu, T_CODE);
                pe_run_insns(p, 100);
                assert_int_equal(cpu_get_x(p->cpu, 0), 1 + round);
            }
            pe_write(p, T_CODE, &after, 4);
            cpu_domain_memory_written(p->domain, T_CODE, 4);
        }
        pe_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data),     cmocka_unit_test(slow_paths_are_timed),
        cmocka_unit_test(controls), cmocka_unit_test(two_stages),
        cmocka_unit_test(walks),    cmocka_unit_test(fetch),
        cmocka_unit_test(written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
