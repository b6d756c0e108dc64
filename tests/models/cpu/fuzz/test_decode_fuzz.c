/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder on random words and random sets of features: it answers with a handler that there is or with
 * none, fills every field and nothing else, and names registers and scoreboard slots that exist. Which words
 * are allocated is the business of tests/oracle/decode.
 *
 *   fuzz_decode [words] [seed]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* The generated decoder with its tables. */
#include "a64_decode.c"
#include "a64_ops.h"

#define N_ENCODINGS (sizeof(encodings) / sizeof(encodings[0]))

/* Three operations: the middle one is decoded into, its neighbours must not change. */
struct bench {
    struct cpu_op op[3];
    struct cpu_op_info info[3];
};

/* Encodings whose ra is a number that may be larger than a register's index: a bit's, a condition with flags.
 */
static bool has_number(uint32_t insn)
{
    static const char *const names[] = {"TBZ", "TBNZ", "CCM", "FCCMP", "FCSEL"};
    const char *name = a64_encoding_names[a64_match(insn)];

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static const char *fields_wrong(const struct cpu_op *op, const struct cpu_op_info *info, uint32_t insn)
{
    if (info->insn != insn)
        return "the word is another one";
    if (op->rd >= CPU_X_COUNT || op->rn >= CPU_X_COUNT || op->rm >= CPU_X_COUNT ||
        (op->ra >= CPU_X_COUNT && !has_number(insn)))
        return "a register's index is out of range";
    if (info->d >= CPU_SLOT_COUNT || info->s1 >= CPU_SLOT_COUNT || info->s2 >= CPU_SLOT_COUNT ||
        info->s3 >= CPU_SLOT_COUNT)
        return "a scoreboard slot is out of range";
    if ((info->tclass & CPU_TC_MASK) >= CPU_TC_COUNT)
        return "the timing class is out of range";
    return NULL;
}

/* What is wrong with the decoding of a word, or NULL. */
static const char *wrong(const struct cpu_features *feat, const struct cpu_features *all, uint32_t insn)
{
    static const uint8_t fills[2] = {0xa5, 0x5a};
    struct bench b[2];
    int h[2], match = a64_match(insn);
    bool end[2] = {false, false};

    for (unsigned k = 0; k < 2; k++) {
        uint8_t neighbour[sizeof(struct cpu_op)];

        memset(&b[k], fills[k], sizeof(b[k]));
        memset(neighbour, fills[k], sizeof(neighbour));
        h[k] = a64_decode(feat, insn, &b[k].op[1], &b[k].info[1], &end[k]);
        if (memcmp(&b[k].op[0], neighbour, sizeof(neighbour)) ||
            memcmp(&b[k].op[2], neighbour, sizeof(neighbour)) ||
            memcmp(&b[k].info[0], neighbour, sizeof(neighbour)) ||
            memcmp(&b[k].info[2], neighbour, sizeof(neighbour)))
            return "it writes beside the operation";
    }
    if (h[0] != h[1] || (h[0] >= 0 && end[0] != end[1]))
        return "it answers twice differently";
    if (h[0] < -1 || h[0] >= A64_N_HANDLERS)
        return "no such handler";
    if (h[0] < 0)
        return NULL;
    if (match < 0)
        return "decoded, but allocated nowhere";
    if (a64_decode(all, insn, &b[1].op[1], &b[1].info[1], &end[1]) < 0)
        return "undefined on a core with more features";
    h[1] = a64_decode(feat, insn, &b[1].op[1], &b[1].info[1], &end[1]);
    for (unsigned k = 0; k < 2; k++) { /* the caller's fields */
        b[k].op[1].fn = 0;
        b[k].info[1].word = b[k].info[1].branch = 0;
        b[k].info[1].rem = b[k].info[1].left = b[k].info[1].before = b[k].info[1].to_links = 0;
    }
    if (memcmp(&b[0].op[1], &b[1].op[1], sizeof(struct cpu_op)) ||
        memcmp(&b[0].info[1], &b[1].info[1], sizeof(struct cpu_op_info)))
        return "a field is not filled";
    return fields_wrong(&b[0].op[1], &b[0].info[1], insn);
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000, failures = 0, seen = 0;
    struct rng r = {argc > 2 ? strtoull(argv[2], NULL, 0) : 1};
    struct cpu_features all, feat;
    uint32_t insn = 0;

    memset(&all, 0, sizeof(all));
    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        all.w[i / 64] |= UINT64_C(1) << (i % 64);
    feat = all;
    for (uint64_t i = 0; i < n && failures < 20; i++) {
        const char *what;
        unsigned e = below(&r, N_ENCODINGS);

        if (i % 64 == 0)
            for (unsigned w = 0; w < 2; w++)
                feat.w[w] = all.w[w] & (rnd(&r) | (once_in(&r, 2) ? rnd(&r) : 0));
        switch (i & 3) {
        case 0:
            insn = (uint32_t)rnd(&r);
            break;
        case 1: /* one bit off the word before */
            insn ^= UINT32_C(1) << below(&r, 32);
            break;
        default:
            insn = ((uint32_t)rnd(&r) & ~encodings[e].mask) | encodings[e].value;
            break;
        }
        seen += a64_match(insn) >= 0;
        what = wrong(&feat, &all, insn);
        if (what) {
            printf("FOUND: %08" PRIx32 " (%s), features %016" PRIx64 " %016" PRIx64 ": %s\n", insn,
                   a64_match(insn) < 0 ? "unallocated" : a64_encoding_names[a64_match(insn)], feat.w[0],
                   feat.w[1], what);
            failures++;
        }
    }
    printf("fuzz: %" PRIu64 " words decoded, %" PRIu64 " allocated\n%" PRIu64 " passed, %" PRIu64 " failed\n",
           n, seen, n - failures, failures);
    return failures != 0;
}
