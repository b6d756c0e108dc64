/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of instructions (sequence.c) in PEs of ours, in fast mode and in a timed mode, against the
 * same words in QEMU: X0-X30, SP, PSTATE, V0-V31, FPCR, FPSR, memory, where and how the sequence ended,
 * syndrome and fault address. As a program at EL0 under qemu-aarch64, or with -b on bare metal under
 * qemu-system-aarch64 at EL0, EL1 and EL2.
 *
 *   test_oracle_insn [-b] [-c CORE] [-q QEMU] [-n INSTRUCTIONS] [-s SEED] [-l UNITS] [-m MAX] [-o DIR] [-v]
 * [-i ENCODING:FLIP] -c: neoverse-n1, max or neoverse-n2; -q: another QEMU; -l: instructions a sequence; -m:
 * stop after so many differences; -o: sequences that differ are reduced and kept as cases there; -v: how
 * often each encoding ran; -i: words of that encoding are run with FLIP (hexadecimal) exclusive-ored, a
 * deliberate difference test_oracle_insn -r CASE... replays cases in PEs of ours, in all modes
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"
#include "models/cpu/decode/a64.h"
#include "reduce.h"

#define DEFAULT_INSNS 1000000
#define DEFAULT_SEED  20260104
#define DEFAULT_UNITS 12
#define REDUCED       5
#define REASONS       32

static const struct target *target;
static const char *qemu, *keep;
static unsigned long shown = 10;
static bool bare;
static struct fault fault = {-1, 0};

static unsigned long failures, ended[4], explained[REASONS];
static const char *reasons[REASONS];

static void count_reason(const char *why)
{
    for (unsigned i = 0; i < REASONS; i++) {
        if (!reasons[i])
            reasons[i] = why;
        if (strcmp(reasons[i], why) == 0) {
            explained[i]++;
            return;
        }
    }
}

/* ---- reduction ---- */

struct judging {
    const struct runner *runner;
    struct insn_state *got;
};

static void differ(void *opaque, const struct batch *b, bool *differ, struct insn_state *want)
{
    struct judging *j = opaque;
    const char *why;

    qemu_run(qemu, target, bare, b, want);
    pe_run(j->runner, target, bare, &fault, b, j->got);
    for (size_t i = 0; i < b->n; i++)
        differ[i] = state_compare(b->code, &b->before[i], &j->got[i], &want[i], bare, &why) == DIFFERENT;
}

static void reduce_and_keep(const struct batch *b, size_t i, const struct runner *r, uint64_t seed)
{
    static struct trial t;
    struct judging j = {r, malloc(BATCH * sizeof(*j.got))};
    char path[512], about[256];
    unsigned asked;

    memcpy(t.words, b->code + b->seq[i].start, 4 * b->seq[i].words);
    t.n = b->seq[i].words;
    t.before = b->before[i];
    t.bare = bare;
    snprintf(t.core, sizeof(t.core), "%s", target->name);
    asked = reduce(&t, &(struct judge){differ, &j});
    free(j.got);
    if (!asked) {
        printf("the difference does not come again when the sequence runs alone\n");
        return;
    }
    snprintf(about, sizeof(about), "seed %" PRIu64 ", sequence %zu, %s; reduced from %u words in %u batches",
             seed, i, r->name, b->seq[i].words, asked);
    snprintf(path, sizeof(path), "%s/%s-%s-%" PRIu64 "-%zu.case", keep, bare ? "bare" : "program",
             target->name, seed, i);
    printf("reduced to %u words: %s\n", t.n, path);
    if (!case_write(path, &t, about))
        perror(path);
    code_print(stdout, t.words, t.n);
    fflush(stdout);
}

/* ---- rounds ---- */

static void make_batch(struct batch *b, const struct setting *set, uint64_t *rng, unsigned units,
                       unsigned long limit, uint64_t *uses)
{
    static uint32_t words[TRIAL_WORDS];
    struct insn_state before;

    batch_clear(b);
    while ((unsigned long)b->n * units < limit &&
           b->words + SEQUENCE_UNIT_WORDS * units + 512 < INSN_CODE_WORDS) {
        unsigned n = sequence_make(set, rng, units, words, &before, uses);

        if (!batch_add(b, words, n, &before))
            break;
    }
}

static void check(const struct batch *b, const struct runner *r, const struct insn_state *got,
                  const struct insn_state *want, uint64_t seed)
{
    for (size_t i = 0; i < b->n; i++) {
        const char *why = NULL;
        enum verdict v = state_compare(b->code, &b->before[i], &got[i], &want[i], bare, &why);

        if (v == EXPLAINED)
            count_reason(why);
        if (v != DIFFERENT || failures++ >= shown)
            continue;
        printf("sequence %zu, %s: fpcr %08" PRIx64 ", pstate %08" PRIx64 ", regime %" PRIu64
               ", controls %" PRIx64 ", x28 %" PRIx64 "\n",
               i, r->name, b->before[i].fpcr, b->before[i].pstate, b->before[i].regime, b->before[i].control,
               b->before[i].x[28]);
        code_print(stdout, b->code + b->seq[i].start, b->seq[i].words);
        printf("  ended at word %" PRIu64 " here, %" PRIu64 " there\n", (got[i].pc - b->before[i].pc) / 4,
               (want[i].pc - b->before[i].pc) / 4);
        state_print(&b->before[i], &got[i], &want[i]);
        if (keep && failures <= REDUCED)
            reduce_and_keep(b, i, r, seed);
    }
}

/* ask: QEMU says what is wanted, which is written into the cases. */
static int replay(char **paths, int n, bool ask)
{
    struct batch *b = batch_new();
    static struct trial t;
    int bad = 0;

    for (int k = 0; k < n; k++) {
        bool wrong = false;

        if (!case_read(paths[k], &t))
            return 1;
        target = target_named(t.core, t.bare);
        if (!target) {
            fprintf(stderr, "%s: there is no core '%s'\n", paths[k], t.core);
            return 1;
        }
        batch_clear(b);
        batch_add(b, t.words, t.n, &t.before);
        if (ask) {
            qemu_run(qemu ? qemu : t.bare ? INSN_QEMU_SYSTEM : INSN_QEMU, target, t.bare, b, &t.want);
            t.before.pc = b->before[0].pc;
            if (!case_write(paths[k], &t, t.about))
                perror(paths[k]);
            continue;
        }
        t.want.pc += b->before[0].pc;
        for (unsigned i = 0; i < 3; i++) {
            struct insn_state got;
            const char *why;

            pe_run(&runners[i], target, t.bare, &fault, b, &got);
            if (state_compare(b->code, &t.before, &got, &t.want, t.bare, &why) == DIFFERENT) {
                printf("%s, %s:\n", paths[k], runners[i].name);
                state_print(&t.before, &got, &t.want);
                wrong = true;
            }
        }
        bad += wrong;
    }
    printf("%d cases replayed, %d differ\n", n, bad);
    batch_free(b);
    return bad != 0;
}

int main(int argc, char **argv)
{
    unsigned long insns = DEFAULT_INSNS, drawn = 0, missing = 0;
    unsigned units = DEFAULT_UNITS;
    uint64_t rng = DEFAULT_SEED, seed, compared = 0, *uses;
    struct batch *b;
    struct insn_state *want, *got;
    const char *core = "neoverse-n1";
    struct setting set = {0};
    bool verbose = false, again = false, ask = false;
    int opt;

    while ((opt = getopt(argc, argv, "bc:q:n:s:l:m:o:vi:rw")) != -1) {
        char name[64];

        if (opt == 'n')
            insns = strtoul(optarg, NULL, 0);
        else if (opt == 's')
            rng = strtoull(optarg, NULL, 0);
        else if (opt == 'l')
            units = (unsigned)strtoul(optarg, NULL, 0);
        else if (opt == 'm')
            shown = strtoul(optarg, NULL, 0);
        else if (opt == 'v')
            verbose = true;
        else if (opt == 'b')
            bare = true;
        else if (opt == 'q')
            qemu = optarg;
        else if (opt == 'o')
            keep = optarg;
        else if (opt == 'c')
            core = optarg;
        else if (opt == 'r')
            again = true;
        else if (opt == 'w')
            ask = true;
        else if (opt == 'i' && sscanf(optarg, "%63[^:]:%" SCNx32, name, &fault.flip) == 2 &&
                 (fault.from = sequence_encoding(name)) >= 0)
            ;
        else
            return 2;
    }
    if (again)
        return replay(argv + optind, argc - optind, ask);
    target = target_named(core, bare);
    if (!target || !units || units > 1000)
        return 2;
    b = batch_new();
    uses = calloc(sequence_encodings(), sizeof(*uses));
    want = malloc(BATCH * sizeof(*want));
    got = malloc(BATCH * sizeof(*got));
    if (!uses || !want || !got)
        return 2;
    if (!qemu)
        qemu = bare ? INSN_QEMU_SYSTEM : INSN_QEMU;
    target_features(target, &set.feat);
    set.bare = bare;
    set.newer = target->since >= 9;
    seed = rng;
    printf("seed %" PRIu64 "\n", rng);
    for (unsigned round = 0; drawn < insns && failures < shown; round++) {
        make_batch(b, &set, &rng, units, insns - drawn, uses);
        qemu_run(qemu, target, bare, b, want);
        for (unsigned k = 0; k < 2; k++) {
            const struct runner *r = &runners[k ? 1 + round % 2 : 0];
            uint64_t n = pe_run(r, target, bare, &fault, b, got);

            compared += k ? 0 : n;
            check(b, r, got, want, seed);
        }
        for (size_t i = 0; i < b->n; i++) {
            uint64_t word = (want[i].pc - INSN_CODE) / 4;

            ended[want[i].end & 3]++;
            if (verbose && (want[i].end & 3) != INSN_END_BRK && word < INSN_CODE_WORDS)
                printf("ended by %08" PRIx32 " %s\n", b->code[word],
                       a64_match(b->code[word]) < 0 ? "?" : a64_encoding_names[a64_match(b->code[word])]);
        }
        drawn += (unsigned long)b->n * units;
    }
    for (unsigned e = 0; e < sequence_encodings(); e++) {
        if (sequence_includes(&set, e) && !uses[e] && insns >= 200000)
            printf("%s was never drawn\n", a64_encoding_names[e]), missing++;
        if (verbose)
            printf("%8" PRIu64 " %s\n", uses[e], a64_encoding_names[e]);
    }
    for (unsigned i = 0; i < REASONS && reasons[i]; i++)
        printf("explained %8lu %s\n", explained[i], reasons[i]);
    printf("%" PRIu64 " instructions compared, in sequences of %u; ended by BRK %lu, undefined %lu, memory "
           "fault %lu, other %lu; %lu "
           "differ\n",
           compared, units, ended[0], ended[1], ended[2], ended[3], failures);
    batch_free(b);
    free(want);
    free(got);
    free(uses);
    return failures || missing || (!bare && ended[INSN_END_OTHER]);
}
