/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole programs of random words at each exception level: no assertion, no host fault, no hang. Half of the
 * words are random, half are made by flipping bits of real encodings' words that ran before; registers hold
 * addresses of RAM, of nothing, and noise; translation is on with random tables in every second program. A
 * run is bounded by instructions. Arguments: [programs] [seed].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pe.h"

#define WORDS 1000
#define INSNS 4000

static uint64_t state;

static uint64_t rnd(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15); /* SplitMix64 */

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Encodings that matter more than chance would give: system registers, TLBI, AT, exclusives, branches,
 * structure loads. */
static uint32_t word(void)
{
    static const struct {
        uint32_t value, mask;
    } likely[] = {
        {0xd5100000, 0x003fffff}, {0xd5300000, 0x003fffff}, {0xd5080000, 0x0007ffff},
        {0xd69f03e0, 0},          {0xd4000001, 0x001fffe0}, {0xd4000002, 0x001fffe0},
        {0xd503201f, 0x00000fe0}, {0xd5033fdf, 0},          {0x08000000, 0xc0ffffff},
        {0x38200000, 0xc0ffffff}, {0x54000000, 0x00ffffef}, {0x14000000, 0x000000ff},
        {0x0c000000, 0x40ffffff}, {0x0d000000, 0x40ffffff}, {0xa8000000, 0x7fffffff},
        {0x39000000, 0xc4ffffff}, {0x0e000000, 0x71ffffff}, {0x1e000000, 0x01ffffff},
        {0xd500401f, 0x00070fe0}, {0xd61f0000, 0x006003e0},
    };
    unsigned k = (unsigned)(rnd() % 40);

    if (k >= sizeof(likely) / sizeof(likely[0]))
        return (uint32_t)rnd();
    return likely[k].value | ((uint32_t)rnd() & likely[k].mask);
}

static uint64_t address(void)
{
    switch (rnd() % 6) {
    case 0:
        return rnd();
    case 1:
        return PE_RAM_BASE + PE_RAM_SIZE - rnd() % 64;
    case 2:
        return rnd() % 4096;
    default:
        return PE_RAM_BASE + rnd() % (1 << 20);
    }
}

static void tables(struct pe *p)
{
    uint64_t base = PE_RAM_BASE + 0x200000;

    for (unsigned i = 0; i < 4096; i++) {
        uint64_t desc = rnd() & 0x00700000000fffff;

        desc |= (PE_RAM_BASE + (rnd() % 1024) * 4096);
        desc |= rnd() % 8 ? 3 : rnd() % 4;
        pe_write(p, base + i * 8, &desc, 8);
    }
    /* The code stays reachable at its own address through one good mapping: a 1 GiB block at level 1. */
    base = PE_RAM_BASE + 0x200008;
    uint64_t block = PE_RAM_BASE | 0x701 | (rnd() % 2 ? 0x40 : 0);
    pe_write(p, base, &block, 8);
    for (unsigned op1 = 0; op1 <= 4; op1 += 4) {
        cpu_set_sysreg(p->cpu, TG_SYSENC(3, op1, 10, 2, 0), UINT64_C(0x00ff440c0400ff00) | (rnd() & 0xff));
        cpu_set_sysreg(p->cpu, TG_SYSENC(3, op1, 2, 0, 0), PE_RAM_BASE + 0x200000);
        cpu_set_sysreg(p->cpu, TG_SYSENC(3, op1, 2, 0, 1), PE_RAM_BASE + 0x200000);
        cpu_set_sysreg(p->cpu, TG_SYSENC(3, op1, 2, 0, 2),
                       25 | (25 << 16) | (UINT64_C(5) << 32) | (rnd() & UINT64_C(0x7f8000000000)));
    }
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 4, 2, 1, 0), PE_RAM_BASE + 0x200000); /* VTTBR_EL2 */
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 4, 2, 1, 2),
                   25 | (1 << 6) | (2 << 16) | (rnd() & 0x780000)); /* VTCR_EL2 */
}

static void program(struct pe *p, unsigned el)
{
    uint32_t code[WORDS];

    for (unsigned i = 0; i < WORDS; i++)
        code[i] = word();
    cpu_power_on(p->cpu, el, PE_RAM_BASE, 0, cpu_local_time(p->cpu));
    if (rnd() % 2)
        tables(p);
    pe_code(p, PE_RAM_BASE, code, WORDS);
    pe_code(p, PE_RAM_BASE + 0x8000, code, WORDS); /* also what the vectors run into */
    for (unsigned n = 0; n < 32; n++)
        cpu_set_x(p->cpu, n, address());
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 12, 0, 0), PE_RAM_BASE + 0x8000);
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 4, 12, 0, 0), PE_RAM_BASE + 0x8000);
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 1, 0, 2), 3 << 20); /* CPACR_EL1: FP on */
    if (rnd() % 2)
        cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 1, 0, 0), 0x30d00800 | (rnd() & 0x0308101f));
    if (rnd() % 2)
        cpu_set_sysreg(p->cpu, TG_SYSENC(3, 4, 1, 0, 0), 0x30c50830 | (rnd() & 0x0308101f));
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 4, 1, 1, 0),
                   UINT64_C(0x80000000) | (rnd() & rnd() & UINT64_C(0x400ffffff)));
    cpu_set_mode(p->cpu, rnd() % 2 ? CPU_TIMED : CPU_FAST);
    for (unsigned round = 0; round < 64; round++) {
        uint64_t left = cpu_insns(p->cpu) + INSNS;
        enum cpu_stop stop;

        cpu_set_insn_limit(p->cpu, left);
        stop = cpu_run(p->cpu, cpu_local_time(p->cpu) + 50 * TG_US);
        if (stop == CPU_STOP_WFI) /* asleep: the clock goes on, a little */
            cpu_idle_until(p->cpu, cpu_local_time(p->cpu) + TG_US);
        else
            break; /* limit, stuck, off */
    }
}

int main(int argc, char **argv)
{
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 3000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    uint64_t total;
    static const char *const window[] = {"pipeline.kind", "1", NULL}, *const inorder[] = {"pipeline.kind",
                                                                                          "0", NULL};
    struct pe *pes[2] = {pe_new(pe_features_n1, window, 1), pe_new(pe_features_a57, inorder, 1)};

    printf("fuzz: %lu programs of %d words, seed %llu\n", n, WORDS, (unsigned long long)seed);
    for (unsigned long i = 0; i < n; i++) {
        state = seed * UINT64_C(0x100000001b3) + i; /* program i of a seed can be repeated alone */
        if (getenv("TG_FUZZ_VERBOSE"))
            fprintf(stderr, "program %lu\n", i);
        program(pes[i & 1], 1 + (unsigned)(rnd() % 2));
    }
    total = cpu_insns(pes[0]->cpu) + cpu_insns(pes[1]->cpu);
    pe_free(pes[0]);
    pe_free(pes[1]);
    printf("fuzz: %llu instructions; no assertion, no fault, no hang\n%lu passed, 0 failed\n",
           (unsigned long long)total, n);
    return 0;
}
