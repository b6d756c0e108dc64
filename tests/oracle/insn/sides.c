/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of sequences, and those who execute them as a program: qemu-aarch64 and a PE at EL0. See sides.h.
 */
#include "sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/base/sysenc.h"
#include "models/cpu/cpu_state.h"
#include "models/cpu/decode/a64.h"
#include "pe.h"

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

/* QEMU 7.2's max does not have FEAT_LSE2. */
static const char *const features_max72[] = {
#define FEAT(id, name, text) name,
    CPU_FEATURES(FEAT)
#undef FEAT
        "-el3",
    "-lva", "-pacqarma3", "-lse2", NULL};

static const struct target programs[] =
    {
        {"neoverse-n1", "neoverse-n1", pe_features_n1, 7},
        {"max", "max,sve=off,sme=off", pe_features_max, 7},
        /* for a newer QEMU, whose `max` has FEAT_AFP, too */
        {"neoverse-n2", "neoverse-n2,sve=off", pe_features_max, 9},
        {0},
},
                           machines[] = {
                               {"neoverse-n1", "neoverse-n1", pe_features_n1, 7},
                               {"max", "max,sve=off,sme=off", features_max72, 7},
                               {"neoverse-n2", "neoverse-n2,sve=off", pe_features_max, 9},
                               {0},
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

const struct target *target_named(const char *name, bool bare)
{
    for (const struct target *t = bare ? machines : programs; t->name; t++)
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

void target_features(const struct target *t, struct cpu_features *feat)
{
    memset(feat, 0, sizeof(*feat));
    for (const char *const *f = t->features; *f; f++) {
#define FEAT(id, name, text)                  \
    if (strcmp(*f + (**f == '-'), name) == 0) \
        cpu_features_set(feat, CPU_FEAT_##id, **f != '-');
        CPU_FEATURES(FEAT)
#undef FEAT
    }
}

/* ---- batches ---- */

#define FIRST_WORD 256 /* literals may lie before */

struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof(*b));

    if (!b || !(b->code = malloc(4 * INSN_CODE_WORDS)) || !(b->before = malloc(BATCH * sizeof(*b->before))))
        die("batch");
    batch_clear(b);
    return b;
}

void batch_free(struct batch *b)
{
    free(b->before);
    free(b->code);
    free(b);
}

void batch_clear(struct batch *b)
{
    memset(b->code, 0, 4 * INSN_CODE_WORDS);
    b->n = 0;
    b->words = FIRST_WORD;
}

bool batch_add(struct batch *b, const uint32_t *words, unsigned n, const struct insn_state *before)
{
    if (b->n == BATCH || b->words + n + FIRST_WORD > INSN_CODE_WORDS)
        return false;
    memcpy(b->code + b->words, words, 4 * n);
    b->seq[b->n].start = b->words;
    b->seq[b->n].words = n;
    b->before[b->n] = *before;
    b->before[b->n].pc = INSN_CODE + 4 * b->words;
    b->words += n;
    b->n++;
    return true;
}

/* ---- QEMU ---- */

static void program_qemu(const char *qemu, const struct target *t, const struct batch *b,
                         struct insn_state *after)
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
    snprintf(command, sizeof(command), "'%s' -cpu %s '%s' < '%s'", qemu, t->qemu, INSN_GUEST, path);
    f = popen(command, "r");
    if (!f || fread(after, sizeof(after[0]), b->n, f) != b->n || pclose(f)) {
        fprintf(stderr, "the oracle failed: %s\n", command);
        exit(1);
    }
    unlink(path);
}

void qemu_run(const char *qemu, const struct target *t, bool bare, const struct batch *b,
              struct insn_state *after)
{
    (bare ? bare_qemu : program_qemu)(qemu, t, b, after);
}

/* ---- a PE of ours at EL0, translated ---- */

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
static struct pe *set_up(const struct runner *r, const struct target *t)
{
    static const uint32_t spin[] = {0x14000000};
    uint64_t entries[3] = {0, PE_RAM_BASE | 0x701, PE_RAM_BASE | 0x741};
    struct pe *p = pe_new(t->features, r->params, 1);
    struct cpu *c = p->cpu;

    cpu_set_mode(c, r->mode);
    pe_write(p, TABLE, entries, sizeof(entries));
    for (unsigned i = 0; i < 2048; i += 128)
        pe_code(p, VECTORS + i, spin, 1);
    set_sys(c, MAIR_EL1, 0xff);
    set_sys(c, TCR_EL1, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32);
    set_sys(c, TTBR0_EL1, TABLE);
    set_sys(c, CPACR_EL1, 3 << 20);
    set_sys(c, VBAR_EL1, VECTORS);
    set_sys(c, SCTLR_EL1, 0x30d00800 | 1 | 1 << 2 | 1 << 4 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 26);
    return p;
}

static void run_one(struct pe *p, const struct insn_state *before, unsigned words, struct insn_state *out)
{
    struct cpu *c = p->cpu;

    insn_scratch_fill((uint64_t *)(void *)(p->ram + (INSN_SCRATCH - INSN_BASE)), before->seed);
    cpu_set_pstate(c, before->pstate);
    for (unsigned i = 0; i < 31; i++)
        cpu_set_x(c, i, before->x[i]);
    cpu_set_x(c, 31, before->sp);
    for (unsigned i = 0; i < 32; i++)
        cpu_set_v(c, i, before->v[i]);
    set_sys(c, FPCR, before->fpcr);
    set_sys(c, FPSR, before->fpsr);
    cpu_set_pc(c, before->pc);
    pe_run_insns(p, words + 1);

    *out = *before;
    if (cpu_get_el(c) != 1) {
        out->end = INSN_END_OTHER;
        out->pc = cpu_get_pc(c);
        return;
    }
    for (unsigned i = 0; i < 31; i++)
        out->x[i] = cpu_get_x(c, i);
    for (unsigned i = 0; i < 32; i++)
        cpu_get_v(c, i, out->v[i]);
    out->sp = get_sys(c, SP_EL0);
    out->pc = get_sys(c, ELR_EL1);
    out->pstate = get_sys(c, SPSR_EL1) & 0xf0000000;
    out->fpcr = get_sys(c, FPCR);
    out->fpsr = get_sys(c, FPSR);
    out->end = insn_end(get_sys(c, ESR_EL1));
    out->hash = insn_scratch_hash((const uint64_t *)(const void *)(p->ram + (INSN_SCRATCH - INSN_BASE)));
}

static void count_exception(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    uint64_t *insns = opaque;

    (void)c;
    if (e->to_el == 1 && !insns[1])
        insns[1] = e->insn;
}

static uint64_t program_pe(const struct runner *r, const struct target *t, const uint32_t *code,
                           const struct batch *b, struct insn_state *after)
{
    struct pe *p = set_up(r, t);
    uint64_t total = 0;

    pe_write(p, PA(INSN_CODE), code, 4 * INSN_CODE_WORDS);
    for (size_t i = 0; i < b->n; i++) {
        uint64_t insns[2] = {cpu_insns(p->cpu), 0};

        p->cpu->ports.hooks.opaque = insns;
        p->cpu->ports.hooks.exception = count_exception;
        run_one(p, &b->before[i], b->seq[i].words, &after[i]);
        total += insns[1] - insns[0];
    }
    pe_free(p);
    return total;
}

static const char *const window[] = {"pipeline.kind", "1", NULL}, *const inorder[] = {"pipeline.kind", "0",
                                                                                      NULL};
const struct runner runners[3] = {
    {"fast", CPU_FAST, NULL},
    {"timed in order", CPU_TIMED, inorder},
    {"timed window", CPU_TIMED, window},
};

uint64_t pe_run(const struct runner *r, const struct target *t, bool bare, const struct fault *fault,
                const struct batch *b, struct insn_state *after)
{
    uint32_t *code = malloc(4 * INSN_CODE_WORDS);
    uint64_t insns;

    if (!code)
        die("pe_run");
    memcpy(code, b->code, 4 * INSN_CODE_WORDS);
    for (uint64_t i = 0; fault->from >= 0 && i < b->words; i++)
        if (code[i] && a64_match(code[i]) == fault->from)
            code[i] ^= fault->flip;
    insns = (bare ? bare_pe : program_pe)(r, t, code, b, after);
    free(code);
    return insns;
}
