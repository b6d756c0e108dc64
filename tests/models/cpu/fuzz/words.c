/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of random programs. Most are allocated: an encoding drawn out of the decoder's tables, its fields at
 * random. System registers are drawn by name, branches stay near, addresses are made anew so that programs do
 * not soon run out of pointers; a rest is noise, and words that were one bit off a moment ago.
 */
#include "fuzz.h"

/* The generated decoder with its tables. */
#include "a64_decode.c"

#include "models/base/sysenc.h"

const struct fuzz_sysreg fuzz_sysregs[] = {
#define SR(name, op0, op1, crn, crm, op2, ...)   {#name, TG_SYSENC(op0, op1, crn, crm, op2)},
#define GICR(name, op0, op1, crn, crm, op2, ...) {#name, TG_SYSENC(op0, op1, crn, crm, op2)},
#include "models/cpu/sysreg/table.def"
};
const unsigned fuzz_n_sysregs = sizeof(fuzz_sysregs) / sizeof(fuzz_sysregs[0]);

static const uint16_t system_insns[] = {
#define SYSI(name, op1, crn, crm, op2, ...) TG_SYSENC(1, op1, crn, crm, op2),
#include "models/cpu/sysreg/table.def"
};
#define N_SYSTEM_INSNS (sizeof(system_insns) / sizeof(system_insns[0]))
#define N_ENCODINGS    (sizeof(encodings) / sizeof(encodings[0]))

/* Words that end a program's straight run or change what it runs in. */
static const struct {
    uint32_t value, mask;
} control[] = {
    {0xd69f03e0, 0},          /* ERET */
    {0xd4000001, 0x001fffe0}, /* SVC */
    {0xd4000002, 0x001fffe0}, /* HVC */
    {0xd4000003, 0x001fffe0}, /* SMC */
    {0xd4200000, 0x001fffe0}, /* BRK */
    {0xd4400000, 0x001fffe0}, /* HLT */
    {0xd503201f, 0x00000fe0}, /* hints */
    {0xd503305f, 0x00000fa0}, /* barriers, CLREX */
    {0xd500401f, 0x00070fe0}, /* MSR (immediate) */
    {0xd61f0000, 0x007f03e0}, /* BR and its relatives */
};

static uint32_t merge(struct rng *r, uint32_t value, uint32_t mask)
{
    return value | ((uint32_t)rnd(r) & mask);
}

/* Register numbers that meet again: of 32, mostly eight. */
static uint32_t meet(struct rng *r, uint32_t insn, uint32_t fixed)
{
    uint32_t registers = UINT32_C(0x00180318) & ~fixed;

    return once_in(r, 4) ? insn : insn & ~registers;
}

static uint32_t drawn(struct rng *r)
{
    for (unsigned tries = 0; tries < 16; tries++) {
        unsigned e = below(r, N_ENCODINGS);
        uint32_t insn = meet(r, merge(r, encodings[e].value, ~encodings[e].mask), encodings[e].mask);

        if (a64_match(insn) == (int)e)
            return insn;
    }
    return (uint32_t)rnd(r);
}

static uint32_t move_system(struct rng *r)
{
    uint32_t enc = once_in(r, 8) ? (uint32_t)rnd(r) & 0xffff : fuzz_sysregs[below(r, fuzz_n_sysregs)].enc;

    if (once_in(r, 8)) /* the alias of a VHE host */
        enc |= 5 << 11;
    return 0xd5000000 | (uint32_t)below(r, 2) << 21 | enc << 5 | below(r, 32);
}

static uint32_t near_branch(struct rng *r)
{
    uint32_t back = once_in(r, 4) ? 0 : 1; /* loops only now and then: what follows shall run, too */
    uint32_t words = below(r, 24) + 1, to = back ? words : UINT32_C(0) - words;

    switch (below(r, 5)) {
    case 0:
        return 0x14000000 | (to & 0x3ffffff) | (uint32_t)below(r, 2) << 31;
    case 1:
        return 0x54000000 | (to & 0x7ffff) << 5 | below(r, 16);
    case 2:
    case 3:
        return 0x34000000 | (to & 0x7ffff) << 5 | below(r, 32) | (uint32_t)below(r, 2) << 24 |
               (uint32_t)below(r, 2) << 31;
    default:
        return 0x36000000 | (to & 0x3fff) << 5 | below(r, 32) | ((uint32_t)rnd(r) & 0x81f80000);
    }
}

/* Something to point with: ADR, ADRP near by, or a constant. */
static uint32_t pointer(struct rng *r)
{
    uint32_t rd = below(r, 32);

    switch (below(r, 4)) {
    case 0:
        return 0x90000000 | ((uint32_t)rnd(r) & 0x60000000) | below(r, 256) << 5 | rd;
    case 1:
        return 0x10000000 | ((uint32_t)rnd(r) & 0x60fffc00) | rd;
    case 2: /* MOVZ, MOVN, MOVK of a half-word */
        return 0x92800000 | ((uint32_t)rnd(r) & 0x607fffe0) | rd;
    default: /* ORR of a bitmask: what control registers like */
        return 0xb20003e0 | ((uint32_t)rnd(r) & 0x007ffc00) | rd;
    }
}

static uint32_t word(struct rng *r, const uint32_t *words, unsigned n)
{
    unsigned k = below(r, 64), i;

    if (k < 30)
        return drawn(r);
    if (k < 38)
        return move_system(r);
    if (k < 41)
        return 0xd5080000 | (system_insns[below(r, N_SYSTEM_INSNS)] & 0x3fff) << 5 | below(r, 32);
    if (k < 46)
        return near_branch(r);
    if (k < 53)
        return pointer(r);
    if (k < 56) {
        i = below(r, sizeof(control) / sizeof(control[0]));
        return merge(r, control[i].value, control[i].mask);
    }
    if (k < 60 && n)
        return words[below(r, n)] ^ UINT32_C(1) << below(r, 32);
    return (uint32_t)rnd(r);
}

void words_make(struct rng *r, uint32_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        words[i] = word(r, words, i);
}

uint64_t value_make(struct rng *r)
{
    uint64_t low = rnd(r) % 4096, v;

    switch (below(r, 20)) {
    case 0:
        return rnd(r);
    case 1:
        return low;
    case 2:
        return UINT64_C(1) << below(r, 64);
    case 3:
        return -(rnd(r) % 4096);
    case 4:
        return 0;
    case 5:
        return FUZZ_RAM + FUZZ_RAM_SIZE - low % 80;
    case 6:
    case 7:
        return FUZZ_DEVICE + rnd(r) % FUZZ_DEVICE_SIZE;
    case 8:
        return FUZZ_ROM + rnd(r) % FUZZ_ROM_SIZE;
    case 9:
        return (once_in(r, 2) ? FUZZ_GICD : FUZZ_GICR + 0x10000 * below(r, 4)) + (low & ~UINT64_C(3));
    case 10:
        v = FUZZ_TABLES1 + (rnd(r) & 0x2ffff8);
        break;
    case 11:
    case 12:
        v = FUZZ_CODE + rnd(r) % 0x2000;
        break;
    default:
        v = FUZZ_RAM + 0x10000 + (rnd(r) & 0xffff8);
        break;
    }
    if (once_in(r, 6)) /* where pages meet */
        v = (v | 4095) - low % 64;
    if (once_in(r, 6)) /* tagged */
        v |= rnd(r) << 56;
    return v;
}
