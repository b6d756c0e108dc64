/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of instructions (sequence.c) on our PE at EL0, translated, in fast mode and in a timed
 * mode, against the same words under qemu-aarch64: X0-X30, SP, NZCV, V0-V31, FPCR, FPSR, memory, and where
 * and how the sequence ended.
 *
 *   test_oracle_insn [-c CORE] [-q QEMU] [-n INSTRUCTIONS] [-s SEED] [-l UNITS] [-v]
 *       -c: neoverse-n1, max or neoverse-n2; -q: another qemu-aarch64; -l: instructions a sequence; -v: how
 * often each encoding ran
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/base/sysenc.h"
#include "models/cpu/decode/a64.h"
#include "pe.h"
#include "sequence.h"

#define DEFAULT_INSNS 1000000
#define DEFAULT_SEED  20260104
#define DEFAULT_UNITS 12
#define BATCH         4096

#define MAIR_EL1  TG_SYSENC(3, 0, 10, 2, 0)
#define TCR_EL1   TG_SYSENC(3, 0, 2, 0, 2)
#define TTBR0_EL1 TG_SYSENC(3, 0, 2, 0, 0)
#define SCTLR_EL1 TG_SYSENC(3, 0, 1, 0, 0)
#define CPACR_EL1 TG_SYSENC(3, 0, 1, 0, 2)
#define VBAR_EL1  TG_SYSENC(3, 0, 12, 0, 0)
#define ESR_EL1   TG_SYSENC(3, 0, 5, 2, 0)
#define ELR_EL1   TG_SYSENC(3, 0, 4, 0, 1)
#define SPSR_EL1  TG_SYSENC(3, 0, 4, 0, 0)
#define SP_EL0    TG_SYSENC(3, 0, 4, 1, 0)
#define FPCR      TG_SYSENC(3, 3, 4, 4, 0)
#define FPSR      TG_SYSENC(3, 3, 4, 4, 1)

/* Physical: tables and vectors lie where no sequence's data does. */
#define TABLE   (PE_RAM_BASE + 0x10000)
#define VECTORS (PE_RAM_BASE + 0x20000)
#define PA(va)  ((va)-INSN_BASE + PE_RAM_BASE)

struct sequence {
    uint64_t start; /* word in the code region */
    unsigned words;
};

struct batch {
    uint32_t *code;
    struct sequence seq[BATCH];
    struct insn_state before[BATCH], want[BATCH];
    size_t n;
    uint64_t words;
};

struct runner {
    struct pe *pe;
    const char *name;
    enum cpu_mode mode;
};

/* Cores that both sides have. */
static const struct target {
    const char *name;
    const char *const *features;
    const char *qemu;
} targets[] = {
    {"neoverse-n1", pe_features_n1, "neoverse-n1"},
    {"max", pe_features_max, "max,sve=off,sme=off"},
    {"neoverse-n2", pe_features_max,
     "neoverse-n2,sve=off"}, /* for a newer QEMU, whose `max` has FEAT_AFP, too */
};
static const struct target *target = &targets[0];
static const char *qemu = INSN_QEMU;

static unsigned long failures, compared, ended[4];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t get_sys(struct cpu *c, uint32_t enc)
{
    uint64_t v;

    if (!cpu_get_sysreg(c, enc, &v))
        die("cpu_get_sysreg");
    return v;
}

static void set_sys(struct cpu *c, uint32_t enc, uint64_t v)
{
    if (!cpu_set_sysreg(c, enc, v))
        die("cpu_set_sysreg");
}

/* EL1's view of RAM is the identity, EL0's is at INSN_BASE; 1 GiB blocks, write-back memory. */
static void set_up(struct runner *r, const char *name, enum cpu_mode mode, const char *const *params)
{
    static const uint32_t spin[] = {0x14000000};
    uint64_t entries[3] = {0, PE_RAM_BASE | 0x701, PE_RAM_BASE | 0x741};
    struct cpu *c;

    r->pe = pe_new(target->features, params, 1);
    r->name = name;
    r->mode = mode;
    c = r->pe->cpu;
    cpu_set_mode(c, mode);
    pe_write(r->pe, TABLE, entries, sizeof(entries));
    for (unsigned i = 0; i < 2048; i += 128)
        pe_code(r->pe, VECTORS + i, spin, 1);
    set_sys(c, MAIR_EL1, 0xff);
    set_sys(c, TCR_EL1, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32);
    set_sys(c, TTBR0_EL1, TABLE);
    set_sys(c, CPACR_EL1, 3 << 20);
    set_sys(c, VBAR_EL1, VECTORS);
    set_sys(c, SCTLR_EL1, 0x30d00800 | 1 | 1 << 2 | 1 << 4 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 26);
}

static void run_one(struct runner *r, const struct insn_state *before, const struct sequence *q,
                    struct insn_state *out)
{
    struct cpu *c = r->pe->cpu;
    uint64_t spsr, ec;

    insn_scratch_fill((uint64_t *)(void *)(r->pe->ram + (INSN_SCRATCH - INSN_BASE)), before->seed);
    cpu_set_pstate(c, before->nzcv);
    for (unsigned i = 0; i < 31; i++)
        cpu_set_x(c, i, before->x[i]);
    cpu_set_x(c, 31, before->sp);
    for (unsigned i = 0; i < 32; i++)
        cpu_set_v(c, i, before->v[i]);
    set_sys(c, FPCR, before->fpcr);
    set_sys(c, FPSR, before->fpsr);
    cpu_set_pc(c, before->pc);
    pe_run_insns(r->pe, q->words + 1);

    memset(out, 0, sizeof(*out));
    if (cpu_get_el(c) != 1) {
        out->end = INSN_END_OTHER;
        out->pc = cpu_get_pc(c);
        return;
    }
    for (unsigned i = 0; i < 31; i++)
        out->x[i] = cpu_get_x(c, i);
    for (unsigned i = 0; i < 32; i++)
        cpu_get_v(c, i, out->v[i]);
    spsr = get_sys(c, SPSR_EL1);
    ec = get_sys(c, ESR_EL1) >> 26 & 63;
    out->sp = get_sys(c, SP_EL0);
    out->pc = get_sys(c, ELR_EL1);
    out->nzcv = spsr & 0xf0000000;
    out->fpcr = get_sys(c, FPCR);
    out->fpsr = get_sys(c, FPSR);
    out->end = ec == 0x3c                 ? INSN_END_BRK
               : ec == 0                  ? INSN_END_UNDEF
               : ec == 0x24 || ec == 0x26 ? INSN_END_MEMORY
                                          : INSN_END_OTHER;
    out->hash = insn_scratch_hash((const uint64_t *)(const void *)(r->pe->ram + (INSN_SCRATCH - INSN_BASE)));
}

static void print_sequence(const struct batch *b, size_t i)
{
    const uint32_t *w = b->code + b->seq[i].start;

    for (unsigned k = 0; k < b->seq[i].words; k++) {
        int match = a64_match(w[k]);

        printf("    %08" PRIx64 ": %08" PRIx32 " %s\n", INSN_CODE + 4 * (b->seq[i].start + k), w[k],
               match < 0 ? "?" : a64_encoding_names[match]);
    }
}

#define DIFF(what, a, b)                                                                              \
    do {                                                                                              \
        if ((a) != (b))                                                                               \
            printf("  %s %016" PRIx64 ", want %016" PRIx64 "\n", what, (uint64_t)(a), (uint64_t)(b)); \
    } while (0)

static void check(const struct batch *b, size_t i, const char *name, const struct insn_state *got)
{
    const struct insn_state *want = &b->want[i];
    bool same = memcmp(got->x, want->x, sizeof(got->x)) == 0 &&
                memcmp(got->v, want->v, sizeof(got->v)) == 0 && got->sp == want->sp && got->pc == want->pc &&
                got->nzcv == want->nzcv && got->fpcr == want->fpcr && got->fpsr == want->fpsr &&
                got->end == want->end && got->hash == want->hash;

    if (same || failures++ >= 10)
        return;
    printf("sequence %zu, %s: fpcr %08" PRIx64 "\n", i, name, b->before[i].fpcr);
    print_sequence(b, i);
    DIFF("end", got->end, want->end);
    DIFF("pc", got->pc, want->pc);
    DIFF("sp", got->sp, want->sp);
    DIFF("nzcv", got->nzcv, want->nzcv);
    DIFF("fpcr", got->fpcr, want->fpcr);
    DIFF("fpsr", got->fpsr, want->fpsr);
    DIFF("memory", got->hash, want->hash);
    for (unsigned k = 0; k < 31; k++)
        if (got->x[k] != want->x[k])
            printf("  x%u %016" PRIx64 ", want %016" PRIx64 " (was %016" PRIx64 ")\n", k, got->x[k],
                   want->x[k], b->before[i].x[k]);
    for (unsigned k = 0; k < 32; k++)
        if (memcmp(got->v[k], want->v[k], 16))
            printf("  v%u %016" PRIx64 ":%016" PRIx64 ", want %016" PRIx64 ":%016" PRIx64 " (was %016" PRIx64
                   ":%016" PRIx64 ")\n",
                   k, got->v[k][1], got->v[k][0], want->v[k][1], want->v[k][0], b->before[i].v[k][1],
                   b->before[i].v[k][0]);
}

static struct cpu_features features(void)
{
    struct cpu_features feat;

    memset(&feat, 0, sizeof(feat));
    for (const char *const *f = target->features; *f; f++) {
#define FEAT(id, name, text)                  \
    if (strcmp(*f + (**f == '-'), name) == 0) \
        cpu_features_set(&feat, CPU_FEAT_##id, **f != '-');
        CPU_FEATURES(FEAT)
#undef FEAT
    }
    return feat;
}

static void make_batch(struct batch *b, uint64_t *rng, unsigned units, unsigned long limit, uint64_t *uses)
{
    struct cpu_features feat = features();

    memset(b->code, 0, 4 * INSN_CODE_WORDS);
    b->words = 256; /* literals may lie before */
    for (b->n = 0; b->n < BATCH && (unsigned long)b->n * units < limit; b->n++) {
        if (b->words + SEQUENCE_UNIT_WORDS * units + 256 > INSN_CODE_WORDS)
            break;
        b->seq[b->n].start = b->words;
        b->seq[b->n].words = sequence_make(&feat, rng, units, b->code + b->words, uses);
        sequence_state(rng, &b->before[b->n]);
        b->before[b->n].pc = INSN_CODE + 4 * b->words;
        b->words += b->seq[b->n].words;
    }
}

/* What QEMU makes of the batch. */
static void ask_oracle(struct batch *b)
{
    char path[] = "/tmp/tg-insn-XXXXXX", command[1024];
    int fd = mkstemp(path);
    uint64_t n = b->n;
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");

    if (!f)
        die(path);
    if (fwrite(&n, sizeof(n), 1, f) != 1 || fwrite(b->code, 4, INSN_CODE_WORDS, f) != INSN_CODE_WORDS ||
        fwrite(b->before, sizeof(b->before[0]), b->n, f) != b->n || fclose(f))
        die(path);
    snprintf(command, sizeof(command), "'%s' -cpu %s '%s' < '%s'", qemu, target->qemu, INSN_GUEST, path);
    f = popen(command, "r");
    if (!f || fread(b->want, sizeof(b->want[0]), b->n, f) != b->n || pclose(f)) {
        fprintf(stderr, "the oracle failed: %s\n", command);
        exit(1);
    }
    unlink(path);
}

int main(int argc, char **argv)
{
    static const char *const window[] = {"pipeline.kind", "1", NULL}, *const inorder[] = {"pipeline.kind",
                                                                                          "0", NULL};
    unsigned long insns = DEFAULT_INSNS, missing = 0;
    unsigned units = DEFAULT_UNITS, round = 0;
    uint64_t rng = DEFAULT_SEED, *uses = calloc(sequence_encodings(), sizeof(*uses));
    struct batch *b = calloc(1, sizeof(*b));
    struct runner runners[3];
    struct cpu_features feat;
    bool verbose = false;
    int opt;

    while ((opt = getopt(argc, argv, "c:q:n:s:l:v")) != -1) {
        if (opt == 'n')
            insns = strtoul(optarg, NULL, 0);
        else if (opt == 's')
            rng = strtoull(optarg, NULL, 0);
        else if (opt == 'l')
            units = (unsigned)strtoul(optarg, NULL, 0);
        else if (opt == 'v')
            verbose = true;
        else if (opt == 'q')
            qemu = optarg;
        else if (opt == 'c') {
            for (target = targets; target < targets + TG_ARRAY_SIZE(targets); target++)
                if (strcmp(target->name, optarg) == 0)
                    break;
            if (target == targets + TG_ARRAY_SIZE(targets))
                return 2;
        } else
            return 2;
    }
    if (!units || units > 1000 || !uses || !b || !(b->code = malloc(4 * INSN_CODE_WORDS)))
        return 2;
    printf("seed %" PRIu64 "\n", rng);
    feat = features();
    set_up(&runners[0], "fast", CPU_FAST, NULL);
    set_up(&runners[1], "timed in order", CPU_TIMED, inorder);
    set_up(&runners[2], "timed window", CPU_TIMED, window);
    for (; compared < insns && failures < 10; round++) {
        make_batch(b, &rng, units, insns - compared, uses);
        ask_oracle(b);
        for (unsigned k = 0; k < 2; k++) {
            struct runner *r = &runners[k ? 1 + round % 2 : 0];

            pe_write(r->pe, PA(INSN_CODE), b->code, 4 * INSN_CODE_WORDS);
            for (size_t i = 0; i < b->n; i++) {
                struct insn_state got;

                run_one(r, &b->before[i], &b->seq[i], &got);
                check(b, i, r->name, &got);
                if (!k)
                    ended[got.end & 3]++;
                if (!k && verbose && got.end != INSN_END_BRK && got.pc - INSN_CODE < 4 * INSN_CODE_WORDS) {
                    uint32_t insn = b->code[(got.pc - INSN_CODE) / 4];

                    printf("ended by %08" PRIx32 " %s\n", insn,
                           a64_match(insn) < 0 ? "?" : a64_encoding_names[a64_match(insn)]);
                }
            }
        }
        compared += (unsigned long)b->n * units;
    }
    for (unsigned e = 0; e < sequence_encodings(); e++) {
        if (sequence_includes(&feat, e) && !uses[e] && insns >= 200000)
            printf("%s was never drawn\n", a64_encoding_names[e]), missing++;
        if (verbose)
            printf("%8" PRIu64 " %s\n", uses[e], a64_encoding_names[e]);
    }
    printf("%lu instructions in sequences of %u; ended by BRK %lu, undefined %lu, memory fault %lu, other "
           "%lu; %lu sequences differ\n",
           compared, units, ended[0], ended[1], ended[2], ended[3], failures);
    for (unsigned i = 0; i < 3; i++)
        pe_free(runners[i].pe);
    free(b->code);
    free(b);
    free(uses);
    return failures || missing || ended[INSN_END_OTHER];
}
