/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instruction oracle on bare metal, guest side: executes the batch of sequences that lies in memory
 * (insn_state.h), each at its exception level with its controls, and leaves the states there. The same image
 * runs in QEMU and in a PE. Bare metal, no library.
 */
#include "insn_state.h"

typedef uint64_t u64;

struct launch {
    u64 hcr, tcr2, ttbr2, sctlr2, spsr;
};
void launch(struct insn_state *s, const struct launch *l);
void fill(u64 at, u64 seed);
u64 hash(u64 at);
void harness_tables(void);
extern u64 harness[4];

#define BIT(n) (UINT64_C(1) << (n))
#define READ(reg)                                     \
    ({                                                \
        u64 v_;                                       \
        __asm__ volatile("mrs %0, " #reg : "=r"(v_)); \
        v_;                                           \
    })
#define WRITE(reg, v) __asm__ volatile("msr " #reg ", %0" ::"r"((u64)(v)))

/* ---- tables: level 1 (39 bits of address), level 2 and 3 of the gigabyte at INSN_BASE ---- */

#define FLAT        UINT64_C(0x40000000)
#define D_TABLE     3
#define D_BLOCK     1
#define D_PAGE      3
#define D_ATTR(n)   ((u64)(n) << 2) /* write-back, uncached, Device-nGnRE */
#define D_USER      BIT(6)
#define D_READ_ONLY BIT(7)
#define D_SH        (UINT64_C(3) << 8)
#define D_AF        BIT(10)
#define D_PXN       BIT(53)
#define D_UXN       BIT(54)
#define MAIR        0x0444ff

enum {
    TWO_LEVELS, /* EL1&0, EL2&0 */
    ONE_LEVEL,  /* EL2 */
    KINDS,
};
static u64 tables[KINDS][2][3][512] __attribute__((aligned(4096)));

/* Where page k of the scratch area is: neighbours are not neighbours in memory. */
static u64 scratch_page(unsigned k)
{
    return BARE_SCRATCH + 4096 * (k * 5 % INSN_PAGES);
}

static u64 page_attributes(unsigned k)
{
    u64 rw = D_PAGE | D_SH | D_AF | D_USER;

    switch (k) {
    case INSN_PAGE_READ_ONLY:
        return rw | D_READ_ONLY;
    case INSN_PAGE_NONE:
        return 0;
    case INSN_PAGE_PRIVILEGED:
        return rw & ~D_USER;
    case INSN_PAGE_UNCACHED:
        return rw | D_ATTR(1);
    case INSN_PAGE_NO_ACCESS_FLAG:
        return rw & ~D_AF;
    case INSN_PAGE_DEVICE:
        return rw | D_ATTR(2);
    default:
        return rw;
    }
}

static void build(int kind, int big_endian)
{
    u64(*t)[512] = tables[kind][big_endian];
    u64 never = kind == ONE_LEVEL ? D_UXN : D_UXN | D_PXN, one = kind == ONE_LEVEL ? D_USER : 0;

    t[0][1] = FLAT | D_BLOCK | D_SH | D_AF | (kind == ONE_LEVEL ? one : D_UXN);
    t[0][2] = (u64)t[1] | D_TABLE;
    t[1][0] = (u64)t[2] | D_TABLE;
    t[1][1] = BARE_CODE | D_BLOCK | D_SH | D_AF | D_USER | D_READ_ONLY;
    for (unsigned k = 0; k < INSN_PAGES; k++)
        if (page_attributes(k))
            t[2][(INSN_SCRATCH - INSN_BASE) / 4096 + k] = scratch_page(k) | page_attributes(k) | never | one;
    for (unsigned i = 0; big_endian && i < 3 * 512; i++)
        t[0][i] = __builtin_bswap64(t[0][i]);
}

/* ---- controls ---- */

#define HCR_RW  BIT(31)
#define HCR_E2H BIT(34)
#define HCR_TGE BIT(27)

#define SCTLR_ON  0x1005 /* M, C, I */
#define SCTLR_A   BIT(1)
#define SCTLR_NAA BIT(6)
#define SCTLR_E0E BIT(24)
#define SCTLR_EE  BIT(25)
/* EL1 and EL2&0: bits that are one, UCI, UCT, DZE. */
#define SCTLR_TWO (0x30d00800 | SCTLR_ON | BIT(26) | BIT(15) | BIT(14))
#define SCTLR_ONE (0x30c50830 | SCTLR_ON)
/* 39 bits, 4K, write-back, inner shareable; no TTBR1; 40 bits of physical address. */
#define TCR_WALK    (25 | 1 << 8 | 1 << 10 | 3 << 12)
#define TCR_TWO     (TCR_WALK | BIT(23) | UINT64_C(2) << 32)
#define TCR_ONE     (TCR_WALK | BIT(31) | BIT(23) | 2 << 16)
#define TCR_TWO_TBI BIT(37)
#define TCR_ONE_TBI BIT(20)

static u64 sctlr(const struct insn_state *s)
{
    int el0 = s->regime == INSN_EL0 || s->regime == INSN_EL0_HOST;
    u64 v = s->regime == INSN_EL2 ? SCTLR_ONE : SCTLR_TWO;

    v |= s->control & INSN_A ? SCTLR_A : 0;
    v |= s->control & INSN_NAA ? SCTLR_NAA : 0;
    v |= s->control & INSN_BE ? (el0 ? SCTLR_E0E : SCTLR_EE) : 0;
    return v;
}

static void prepare(const struct insn_state *s, struct launch *l)
{
    int el0 = s->regime == INSN_EL0 || s->regime == INSN_EL0_HOST, swapped = s->control & INSN_BE && !el0;
    u64 tcr = TCR_TWO | (s->control & INSN_TBI ? TCR_TWO_TBI : 0);

    *l = (struct launch){HCR_RW, harness[0], harness[1], harness[2], s->pstate};
    switch (s->regime) {
    case INSN_EL0:
    case INSN_EL1:
        WRITE(tcr_el1, tcr);
        WRITE(ttbr0_el1, tables[TWO_LEVELS][swapped]);
        WRITE(sctlr_el1, sctlr(s));
        break;
    case INSN_EL2:
        l->tcr2 |= s->control & INSN_TBI ? TCR_ONE_TBI : 0;
        l->ttbr2 = (u64)tables[ONE_LEVEL][swapped];
        l->sctlr2 = sctlr(s);
        break;
    default:
        l->hcr = HCR_RW | HCR_E2H | HCR_TGE;
        l->tcr2 = tcr;
        l->ttbr2 = (u64)tables[TWO_LEVELS][swapped];
        l->sctlr2 = sctlr(s);
    }
    WRITE(tpidr_el0, s->seed); /* sequences change it */
    WRITE(sp_el1, s->sp);
    WRITE(sp_el0, s->sp0);
}

/* ---- a trial ---- */

static u64 physical(u64 va)
{
    return scratch_page((unsigned)(va - INSN_SCRATCH) / 4096) | (va & 4095);
}

#define ESR_WNR       BIT(6)
#define FSC_ALIGNMENT 0x21

/* What a store leaves of a location that did not fault is UNKNOWN when another location of it did (Arm ARM
 * B2.2, "Data aborts"): not looked at. */
static void forget(const struct insn_state *s, u64 half)
{
    u64 far = s->far & 0xffffffff;

    for (u64 at = far - 64; at != far + 64; at++)
        if (at - half < 2048)
            *(volatile unsigned char *)physical(at) = 0;
}

static void trial(struct insn_state *s)
{
    u64 middle = s->x[28] & 0xfffff800, half[2] = {middle - 2048, middle}, esr;
    struct launch l;

    for (int i = 0; i < 2; i++)
        fill(physical(half[i]), s->seed + (u64)i);
    prepare(s, &l);
    launch(s, &l);
    if (s->regime == INSN_EL0 || s->regime == INSN_EL1)
        s->sp = READ(sp_el1);
    s->sp0 = READ(sp_el0);
    s->esr = READ(esr_el2);
    s->far = READ(far_el2);
    s->pstate = READ(spsr_el2);
    s->end = 2 << 8;
    if (s->esr == 0x5a000003) { /* EL1's vectors */
        s->esr = READ(esr_el1);
        s->far = READ(far_el1);
        s->pstate = READ(spsr_el1);
        s->pc = READ(elr_el1);
        s->end = 1 << 8;
    }
    s->end |= insn_end(s->esr);
    esr = s->esr >> 26;
    if (esr != 0x24 && esr != 0x25 && esr != 0x20 && esr != 0x21 && esr != 0x22)
        s->far = 0;
    s->hash = 0;
    for (int i = 0; i < 2; i++) {
        if ((esr == 0x24 || esr == 0x25) && s->esr & ESR_WNR && (s->esr & 63) != FSC_ALIGNMENT)
            forget(s, half[i]);
        s->hash = s->hash * 31 + hash(physical(half[i]));
    }
}

void main(void)
{
    struct bare_batch *b = (void *)BARE_BATCH;

    for (int kind = 0; kind < KINDS; kind++)
        for (int big_endian = 0; big_endian < 2; big_endian++)
            build(kind, big_endian);
    harness[0] = TCR_ONE;
    harness[1] = (u64)tables[ONE_LEVEL][0];
    harness[2] = SCTLR_ONE;
    WRITE(mair_el1, MAIR);
    WRITE(mair_el2, MAIR);
    __asm__ volatile("dsb sy\n isb");
    harness_tables();
    for (u64 i = 0; i < b->n; i++) {
        trial(&b->state[i]);
        b->done++;
    }
    static const u64 block[2] = {0x20026, 0}; /* semihosting: SYS_EXIT */
    register u64 x0 __asm__("x0") = 0x18, x1 __asm__("x1") = (u64)block;

    __asm__ volatile("hlt #0xf000" ::"r"(x0), "r"(x1) : "memory");
}
