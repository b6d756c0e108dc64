/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instruction words are allocated: our decoder against LLVM's disassembler, over random words of the
 * whole A64 space and, for each of our encodings, random words within it and words one bit off it. For
 * everything that is implemented, or for what a core has. Words where the two may differ stand in a table
 * with the reason. Also: no word matches two of our encodings that are not in a first-match group.
 *
 *   test_oracle_decode [-c CORE] [-n RANDOM_WORDS] [-s SEED] [-v]     -v prints each difference by encoding
 *   test_oracle_decode -a [-c CORE] [-p PART/PARTS]                   all 2^32 words (an hour), or one part
 * CORE: max (default), neoverse-n1, cortex-a57
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include "../unpredictable.h"

/* The generated decoder with its tables. */
#include "a64_decode.c"

#define DEFAULT_WORDS 1500000
#define DEFAULT_SEED  20260103
#define PER_ENCODING  1500
/* Feature sets by their names here (NULL: all) and in LLVM. */
#define LLVM_N1                                                                                              \
    "+v8.2a,+lse,+rdm,+fullfp16,+dotprod,+aes,+sha2,+rcpc,+ssbs,+crc,+lor,+pan,+pan-rwv,+uaops,+ras,+ccpp,+" \
    "neon,+vh"
static const struct core {
    const char *name;
    const char *const *features;
    const char *llvm;
} cores[] = {
    {"max", NULL,
     LLVM_N1
     ",+fp16fml,+complxnum,+jsconv,+rcpc-immo,+flagm,+altnzcv,+dit,+fptoint,+sb,+predres,+specrestrict,"
     "+ccdp,+rand,+sha3,+sm4,+bf16,+i8mm,+wfxt,+xs,+tlb-rmi,+pauth,+bti"},
    {"neoverse-n1",
     (const char *const[]){"fp",   "crc32", "aes", "pmull", "sha1", "sha256", "lse",     "rdm",
                           "pan",  "pan2",  "uao", "vhe",   "lor",  "lrcpc",  "dotprod", "fp16",
                           "ssbs", "ssbs2", "dpb", "ras",   "el2",  NULL},
     LLVM_N1},
    {"cortex-a57", (const char *const[]){"fp", "crc32", "aes", "pmull", "sha1", "sha256", "el2", NULL},
     "+v8a,+aes,+sha2,+crc,+neon"},
};
static const struct core *core = cores;
static struct cpu_features features;

static const size_t n_encodings = sizeof(encodings) / sizeof(encodings[0]);

static bool unprivileged_overlap(uint32_t insn);

/* Words on which the two may disagree. */
static const struct {
    uint32_t mask, value;
    bool (*also)(uint32_t insn);
    bool ours; /* we say allocated and LLVM not; false: the other way round */
    const char *reason;
} known[] = {
    {0xffff0000, 0x00000000, NULL, false, "UDF: permanently undefined has a mnemonic in LLVM"},
    {0x3a400000, 0x28400000, pair_overlap, true,
     "load pair with Rt = Rt2, or write-back into a transfer register: CONSTRAINED UNPREDICTABLE"},
    {0x3a000000, 0x28000000, pair_overlap, true,
     "pair with write-back into a transfer register: CONSTRAINED UNPREDICTABLE"},
    {0x3b000000, 0x38000000, writeback_overlap, true,
     "write-back into the transfer register: CONSTRAINED UNPREDICTABLE"},
    {0xff200c00, 0xf8200c00, unprivileged_overlap, true,
     "LDRAA with write-back into the transfer register: CONSTRAINED UNPREDICTABLE"},
    {0x3f200c00, 0x38000800, unprivileged_overlap, true,
     "LDTR with Rt = Rn: LLVM takes it for a form with write-back"},
    {0xffd80000, 0xd5000000, NULL, false, "LLVM takes op0 = 0 for a system register move (C4.1.94 has none)"},
    {0x3f000000, 0x08000000, status_overlap, true,
     "exclusive whose status register is another one: CONSTRAINED UNPREDICTABLE"},
};

static bool unprivileged_overlap(uint32_t insn)
{
    return (insn & 31) == (insn >> 5 & 31) && (insn & 31) != 31;
}

static uint64_t seed;

static uint32_t random_word(void)
{
    seed += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = seed;

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 16);
}

static LLVMDisasmContextRef llvm;
static unsigned long compared, explained, differences, overlaps;
static bool verbose;
/* The first differences of each of our encodings, last slot: none matches. */
static unsigned *shown;

static bool is_known(uint32_t insn, bool ours)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if ((insn & known[i].mask) == known[i].value && known[i].ours == ours &&
            (!known[i].also || known[i].also(insn)))
            return true;
    return false;
}

/* Words that two encodings claim are an error unless one line of a group comes first: then the names' order
 * says so. */
static void check_overlap(uint32_t insn)
{
    if (a64_match_count(insn) > 1 && (insn & 0xffc00000) != 0xd5000000) {
        if (overlaps++ < 20)
            printf("%08" PRIx32 " matches %u encodings, first %s\n", insn, a64_match_count(insn),
                   a64_encoding_names[a64_match(insn)]);
    }
}

/* The encoding of insn on the core, -1: unallocated. */
static int our_match(uint32_t insn)
{
    int match = a64_match(insn);
    struct cpu_op op;
    struct cpu_op_info info;
    bool end;

    return match >= 0 && core->features && a64_decode(&features, insn, &op, &info, &end) < 0 ? -1 : match;
}

static void set_features(void)
{
    for (const char *const *f = core->features; f && *f; f++) {
#define FEAT(id, name, text)   \
    if (strcmp(*f, name) == 0) \
        cpu_features_set(&features, CPU_FEAT_##id, true);
        CPU_FEATURES(FEAT)
#undef FEAT
    }
}

static void compare(uint32_t insn)
{
    int match = our_match(insn);
    uint8_t bytes[4] = {(uint8_t)insn, (uint8_t)(insn >> 8), (uint8_t)(insn >> 16), (uint8_t)(insn >> 24)};
    char text[128];
    bool theirs = LLVMDisasmInstruction(llvm, bytes, 4, 0, text, sizeof(text)) == 4, ours = match >= 0;

    compared++;
    if (ours == theirs)
        return;
    if (is_known(insn, ours)) {
        explained++;
        return;
    }
    differences++;
    if (shown[ours ? (size_t)match : n_encodings]++ < (verbose ? (ours ? 4 : 1000) : 2) &&
        (verbose || differences < 50))
        printf("%08" PRIx32 ": ours %s, LLVM's%s\n", insn, ours ? a64_encoding_names[match] : "unallocated",
               theirs ? text : " unallocated");
}

int main(int argc, char **argv)
{
    unsigned long words = DEFAULT_WORDS, part = 0, parts = 1;
    bool all = false;
    int opt;

    seed = DEFAULT_SEED;
    while ((opt = getopt(argc, argv, "ac:p:n:s:v")) != -1) {
        if (opt == 'n')
            words = strtoul(optarg, NULL, 0);
        else if (opt == 's')
            seed = strtoull(optarg, NULL, 0);
        else if (opt == 'v')
            verbose = true;
        else if (opt == 'a')
            all = true;
        else if (opt == 'c') {
            for (core = cores; core < cores + sizeof(cores) / sizeof(cores[0]); core++)
                if (strcmp(core->name, optarg) == 0)
                    break;
            if (core == cores + sizeof(cores) / sizeof(cores[0]))
                return 2;
        } else if (opt == 'p' && sscanf(optarg, "%lu/%lu", &part, &parts) == 2 && part < parts)
            ;
        else
            return 2;
    }
    printf("seed %" PRIu64 "\n", seed);
    set_features();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64Disassembler();
    llvm = LLVMCreateDisasmCPUFeatures("aarch64", "generic", core->llvm, NULL, 0, NULL, NULL);
    shown = calloc(n_encodings + 1, sizeof(*shown));
    if (!llvm || !shown)
        return 1;
    if (all) {
        words = 0;
        for (uint64_t insn = part; insn <= UINT32_MAX; insn += parts) {
            compare((uint32_t)insn);
            check_overlap((uint32_t)insn);
            if (compared % 50000000 == 0)
                fprintf(stderr, "%lu million words of %llu\n", compared / 1000000,
                        (1ULL << 32) / 1000000 / parts);
        }
    }
    for (unsigned long i = 0; i < words; i++) {
        uint32_t insn = random_word();

        compare(insn);
        check_overlap(insn);
    }
    for (size_t e = 0; e < n_encodings && !all; e++) {
        for (unsigned k = 0; k < PER_ENCODING; k++) {
            uint32_t insn = (random_word() & ~encodings[e].mask) | encodings[e].value;

            if (k % 3 == 2) /* beside it */
                insn ^= UINT32_C(1) << random_word() % 32;
            compare(insn);
            check_overlap(insn);
        }
    }
    printf("%lu words compared, %lu differences explained, %lu not; %lu overlaps\n", compared, explained,
           differences, overlaps);
    LLVMDisasmDispose(llvm);
    free(shown);
    return differences || overlaps || compared < words;
}
