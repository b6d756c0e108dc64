/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the program fuzzer share: the generator, the machine that programs run on, the words and
 * the tables they are made of. Everything about a program follows from its seed and number.
 */
#ifndef TESTS_CPU_FUZZ_H
#define TESTS_CPU_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/model.h"
#include "models/cpu/cpu.h"

/* ---- random numbers ---- */

struct rng {
    uint64_t state;
};

static inline uint64_t rnd(struct rng *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15); /* SplitMix64 */

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline unsigned below(struct rng *r, unsigned n)
{
    return (unsigned)(rnd(r) % n);
}

/* True once in n times. */
static inline bool once_in(struct rng *r, unsigned n)
{
    return below(r, n) == 0;
}

/* ---- the machine (machine.c) ---- */

#define FUZZ_PES         2
#define FUZZ_RAM         UINT64_C(0x40000000)
#define FUZZ_RAM_SIZE    (UINT64_C(64) << 20)
#define FUZZ_ROM         UINT64_C(0x20000000) /* the bus writes it not */
#define FUZZ_ROM_SIZE    UINT64_C(0x10000)
#define FUZZ_DEVICE      UINT64_C(0x10000000) /* answers everything: no host memory behind it */
#define FUZZ_DEVICE_SIZE UINT64_C(0x100000)
#define FUZZ_GICD        UINT64_C(0x08000000)
#define FUZZ_GICR        UINT64_C(0x080a0000)

/* Of the RAM: code, vectors, plain data, tables of stage 1 and of stage 2. */
#define FUZZ_CODE    FUZZ_RAM
#define FUZZ_VECTORS (FUZZ_RAM + 0x8000)
#define FUZZ_TABLES1 (FUZZ_RAM + 0x200000)
#define FUZZ_TABLES2 (FUZZ_RAM + 0x400000)
#define FUZZ_TABLES  0x100000 /* size of each */

struct fuzz_machine {
    struct tg_env env;
    struct tg_log log;
    struct cpu_domain *domain;
    struct tg_model *gic;
    struct cpu *cpu[FUZZ_PES];
    unsigned pes;
    bool el2, el3;
    uint64_t open; /* bytes of RAM that are not of the Secure state only: those before */
    uint8_t *ram, *rom;
    unsigned tables; /* a bit per stage: tables were made there */
    uint64_t device; /* what was written last */
};

/* A machine of random features and sizes. Ends the process when it cannot be made. */
struct fuzz_machine *machine_new(struct rng *r);
void machine_free(struct fuzz_machine *m);
/* Stores that the PEs do not make: the code that they hit is forgotten. */
void machine_write(struct fuzz_machine *m, uint64_t pa, const void *data, size_t n);
/* The interrupt controller as some guest left it. */
void machine_set_gic(struct fuzz_machine *m, struct rng *r);

/* ---- system registers by name (words.c) ---- */

struct fuzz_sysreg {
    const char *name;
    uint16_t enc;
};
extern const struct fuzz_sysreg fuzz_sysregs[];
extern const unsigned fuzz_n_sysregs;

/* ---- programs ---- */

/* n words: allocated encodings with random fields for the most part (words.c). */
void words_make(struct rng *r, uint32_t *words, unsigned n);
/* A random number that means something more often than noise does: addresses, powers of two, small ones. */
uint64_t value_make(struct rng *r);

/* One stage's tables. */
struct fuzz_tables {
    unsigned grain; /* log2 of the granule: 12, 14, 16 */
    unsigned tsz;   /* T0SZ */
    unsigned sl0;   /* stage 2: SL0 */
    uint64_t base;  /* of the first table */
    uint64_t
        va; /* input address at which FUZZ_CODE and what follows it is found, unless too much was spoilt */
};

/* Makes tables at FUZZ_TABLES1 or FUZZ_TABLES2 (tables.c) of a random geometry: a path to the code and the
 * vectors, some to other memory, then noise: bits flipped, entries replaced, or all of it random. Stage 2
 * maps the RAM to itself. user: EL0 runs the code. */
void tables_make(struct rng *r, struct fuzz_machine *m, bool stage2, bool user, struct fuzz_tables *t);

/* A whole program of a thousand words, run to its end (program.c). Returns a hash of the final state. */
uint64_t program_run(uint64_t seed, uint64_t number, uint64_t *insns);

#endif
