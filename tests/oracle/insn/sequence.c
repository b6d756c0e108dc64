/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of A64 instructions. Encodings are drawn evenly out of the decoder's tables, their fields
 * at random; x28 always points into the scratch area. What cannot run anywhere is given what it needs: a base
 * register is set just before its load or store, an index register made small, branches go forward to the
 * start of another unit, an exclusive store mostly follows its load.
 */
#include "sequence.h"

#include <stdlib.h>
#include <string.h>

#include "../../models/cpu/fpu/fpu_stream.h"
#include "../unpredictable.h"

/* The generated decoder with its tables. */
#include "a64_decode.c"

#define POINTER 28

unsigned sequence_encodings(void)
{
    return sizeof(encodings) / sizeof(encodings[0]);
}

static bool starts(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Of the encodings that end blocks, touch the system or do nothing: those that take part. The others need
 * EL1, sleep or end the program, and have tests of their own (tests/models/cpu/sysreg, tests/guest). */
static bool special_ok(const char *name)
{
    static const char *const yes[] = {"B",    "BL",  "B_cond", "CBZ",    "CBNZ",     "TBZ",
                                      "TBNZ", "BR",  "BLR",    "RET",    "MRS_NZCV", "MSR_NZCV",
                                      "MRS",  "MSR", "CLREX",  "DSB",    "DMB",      "ISB",
                                      "SYS",  "SB",  "CFINV",  "XAFLAG", "AXFLAG",   "MSRI_DIT"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        if (strcmp(name, yes[i]) == 0)
            return true;
    return starts(name, "PRFM");
}

/* What EL1 and EL2 may do besides. */
static bool special_privileged(const char *name)
{
    return (starts(name, "MSRI_") && strcmp(name, "MSRI_SPSel") != 0) || strcmp(name, "MRS_CurrentEL") == 0 ||
           strcmp(name, "MRS_DAIF") == 0 || strcmp(name, "MSR_DAIF") == 0 ||
           strcmp(name, "MRS_SP_EL0") == 0 || strcmp(name, "MSR_SP_EL0") == 0 ||
           strcmp(name, "MRS_TPIDR_EL0") == 0 || strcmp(name, "MSR_TPIDR_EL0") == 0;
}

int sequence_encoding(const char *name)
{
    for (unsigned e = 0; e < sequence_encodings(); e++)
        if (strcmp(a64_encoding_names[e], name) == 0)
            return (int)e;
    return -1;
}

struct decoded {
    struct cpu_op op;
    struct cpu_op_info info;
};

bool sequence_includes(const struct setting *set, unsigned e)
{
    const struct cpu_features *feat = &set->feat;
    uint32_t insn = encodings[e].value;
    const char *name = a64_encoding_names[e];

    struct decoded d;
    bool end;

    if (a64_match(insn) == (int)e && a64_decode(feat, insn, &d.op, &d.info, &end) < 0)
        return false;
    /* The keys of qemu-aarch64 are its own; tests/models/cpu/features/pac compares with qemu-system-aarch64.
     */
    if (starts(name, "PAC") || starts(name, "AUT") || starts(name, "XPAC") || starts(name, "BRA") ||
        starts(name, "BLRA") || starts(name, "RETA") || starts(name, "LDRA"))
        return false;
    /* DC ZVA of QEMU's `max` clears 512 bytes */
    if (!set->newer && strcmp(name, "SYS") == 0 && cpu_features_has(feat, CPU_FEAT_LRCPC2))
        return false;
    /* QEMU 7.2 leaves the sign in bits 31 to 16; a scalar result clears all above itself (C7.2, V[]). */
    if (!set->newer && strcmp(name, "FCVTZS_FIX_EH") == 0)
        return false;
    /* nor does it clear Z for a denormal that FPCR.FZ flushes (FPToFixedJS); tests/models/cpu/fpu compares
     * the rest */
    if (!set->newer && strcmp(name, "FJCVTZS") == 0)
        return false;
    /* branches, exceptions, system (C4.1.94) */
    if ((insn & 0x1c000000) == 0x14000000 || starts(name, "PRFM"))
        return special_ok(name) || (set->bare && special_privileged(name));
    return true;
}

static bool is_ldst(const struct decoded *d)
{
    switch (d->info.tclass & CPU_TC_MASK) {
    case CPU_TC_LOAD:
    case CPU_TC_LOAD_PAIR:
    case CPU_TC_STORE:
    case CPU_TC_LOAD_EXCL:
    case CPU_TC_STORE_EXCL:
    case CPU_TC_ATOMIC:
    case CPU_TC_VLOAD:
    case CPU_TC_VLOAD_MULTI:
    case CPU_TC_VSTORE:
        return true;
    default:
        return false;
    }
}

static bool needs_alignment(const struct decoded *d)
{
    unsigned tc = d->info.tclass & CPU_TC_MASK;

    return tc == CPU_TC_LOAD_EXCL || tc == CPU_TC_STORE_EXCL || tc == CPU_TC_ATOMIC;
}

static bool writes_pointer(const struct decoded *d)
{
    const struct cpu_op_info *info = &d->info;

    return info->d == POINTER ||
           ((info->tclass & CPU_TC_SETS_RA) && d->op.ra == POINTER && info->d < CPU_SLOT_V0) ||
           ((info->tclass & CPU_TC_SETS_RN) && d->op.rn == POINTER);
}

/* A word of encoding e that is allocated, has the features, and leaves x28 alone. */
static bool draw(const struct cpu_features *feat, uint64_t *rng, unsigned e, uint32_t *insn,
                 struct decoded *d)
{
    for (unsigned tries = 0; tries < 64; tries++) {
        uint64_t r = stream_random(rng);
        bool end;

        *insn = ((uint32_t)r & ~encodings[e].mask) | encodings[e].value;
        if (r >> 32 & 1) /* registers that meet again */
            *insn &= ~(UINT32_C(0x00180318) & ~encodings[e].mask);
        /* what the manual writes as (1) and (0), a newer QEMU insists on */
        if (strcmp(a64_encoding_names[e] + 1, "MULH") == 0)
            *insn |= UINT32_C(0x7c00);
        else if (starts(a64_encoding_names[e], "FCMP"))
            *insn &= ~(strchr(a64_encoding_names[e], 'Z') ? UINT32_C(0x1f0000) : 0);
        if (a64_match(*insn) == (int)e && !is_unpredictable(*insn) &&
            a64_decode(feat, *insn, &d->op, &d->info, &end) >= 0 && !writes_pointer(d))
            return true;
    }
    return false;
}

static uint32_t set_field(uint32_t insn, unsigned hi, unsigned lo, uint32_t v)
{
    uint32_t mask = (uint32_t)tg_ones(hi - lo + 1) << lo;

    return (insn & ~mask) | (v << lo & mask);
}

/* ADD or SUB n, x28, #: n = 31 is SP. */
static uint32_t set_base(uint64_t *rng, unsigned n, unsigned align)
{
    uint32_t r = (uint32_t)stream_random(rng);

    return (r & 0x10000 ? 0x91000000 : 0xd1000000) | (r & 511 & ~(align - 1)) << 10 | POINTER << 5 | n;
}

/* The words of a load or store; 0: draw again. */
static unsigned make_ldst(const struct setting *set, uint64_t *rng, uint32_t insn, const struct decoded *d,
                          uint32_t *w)
{
    unsigned n = A64_BITS(insn, 9, 5), m = A64_BITS(insn, 20, 16), words = 0;
    bool must = set->bare ? stream_random(rng) % 8 : true, /* faults end sequences: few of them */
        aligned = (must && needs_alignment(d)) || (!set->bare && n == 31) || (stream_random(rng) & 1);
    uint64_t r = stream_random(rng);

    if ((insn & 0x3b000000) == 0x18000000) { /* literal */
        w[0] = set_field(insn, 23, 5, (uint32_t)(r % 129) - 64);
        return 1;
    }
    if (n == POINTER)
        return 0;
    w[words++] = set_base(rng, n, aligned ? 16 : 1);
    if ((insn & 0x3b200c00) == 0x38200800) { /* register offset */
        bool word = A64_BITS(insn, 15, 13) == 2;

        if (m == n || m == POINTER)
            return 0;
        if (m != 31) /* MOVZ, or MOVN for offsets that may be negative */
            w[words++] = (r & 1 && !word ? 0x92800000 : 0xd2800000) | (r >> 8 & 31) << 5 | m;
    } else if ((insn & 0x3f200c00) == 0x19000000 && must) { /* LDAPUR, STLUR: unscaled, and aligned */
        insn &= ~((uint32_t)tg_ones(insn >> 30) << 12);
    } else if ((insn & 0x3b000000) == 0x39000000) { /* unsigned, scaled by up to 16 */
        insn = set_field(insn, 21, 16, 0);
    }
    if ((insn & 0x3f800000) == 0x08000000 && (d->info.tclass & CPU_TC_MASK) == CPU_TC_STORE_EXCL) {
        uint32_t load = insn | 0x00400000 | 0x001f0000;
        unsigned t = r >> 16 & 7;

        insn |= insn & 0x00200000 ? 0 : 0x7c00; /* Rt2 of the single-register form should be ones */
        load = set_field(load, 4, 0, t == n ? 8 : t);
        load = set_field(load, 14, 10, insn & 0x00200000 ? 9 : 31);
        if (n == 8 || n == 9)
            return 0;
        w[words++] = r >> 24 & 3 ? load : 0xd5033f5f; /* CLREX: it fails */
    }
    w[words++] = insn;
    return words;
}

/* MRS and MSR of FPCR and FPSR. What is written has no bits that are AArch32's (FPSR.NZCV, FPCR.Stride and
 * Len): QEMU's core has them, a core without AArch32 at EL0 reads them as zero. */
static unsigned make_system(uint64_t *rng, uint32_t insn, uint32_t *w)
{
    static const uint32_t fpcr[] = {0xf0c8ffff, 0x07c80000, 0x07c80000, 0x00009f00},
                          fpsr[] = {0x08000000, 0x0000ffff};
    uint64_t r = stream_random(rng);
    bool status = r >> 32 & 1;
    uint32_t value = (uint32_t)r & (status ? fpsr[r >> 33 & 1] : fpcr[r >> 33 & 3]);
    bool high = value >> 16;
    unsigned k = 0;

    if (!(insn & 0x00200000) && (insn & 31) != 31) /* MSR: MOVZ its source */
        w[k++] = 0xd2800000 | (uint32_t)high << 21 | (high ? value >> 16 : value) << 5 | (insn & 31);
    w[k++] = set_field(insn, 20, 5, status ? 0xda21 : 0xda20); /* 3 3 4 4 0 or 1 */
    return (insn & 0x00200000) || (insn & 31) != POINTER ? k : 0;
}

/* Branches that are to be resolved when the units after them are known. */
struct fixup {
    unsigned at, unit;
};

static uint32_t resolve(uint32_t insn, int disp)
{
    if ((insn & 0x7c000000) == 0x14000000)
        return set_field(insn, 25, 0, (uint32_t)disp);
    if ((insn & 0x7e000000) == 0x36000000)
        return set_field(insn, 18, 5, (uint32_t)disp);
    if ((insn & 0x9f000000) == 0x10000000) /* ADR */
        return set_field(insn, 23, 5, (uint32_t)disp);
    return set_field(insn, 23, 5, (uint32_t)disp);
}

static void make_state(const struct setting *set, uint64_t *rng, struct insn_state *s);

unsigned sequence_make(const struct setting *set, uint64_t *rng, unsigned units, uint32_t *words,
                       struct insn_state *before, uint64_t *uses)
{
    unsigned n = 0, n_fixups = 0, *begin = malloc((units + 1) * sizeof(*begin));
    struct fixup *fixups = malloc(units * sizeof(*fixups));
    bool privileged;

    make_state(set, rng, before);
    privileged = before->regime != INSN_EL0 && before->regime != INSN_EL0_HOST;
    for (unsigned u = 0; u < units;) {
        unsigned e = (unsigned)(stream_random(rng) % sequence_encodings()), k;
        uint32_t insn, *w = words + n;
        struct decoded d;

        if (!sequence_includes(set, e) || !draw(&set->feat, rng, e, &insn, &d))
            continue;
        if (!privileged && !special_ok(a64_encoding_names[e]) && special_privileged(a64_encoding_names[e]))
            continue;
        if (is_ldst(&d)) {
            k = make_ldst(set, rng, insn, &d, w);
        } else if (strcmp(a64_encoding_names[e], "SYS") == 0) { /* DC ZVA */
            unsigned t = insn & 15;

            w[0] = set_base(rng, t, 1);
            w[1] = 0xd50b7420 | t;
            k = 2;
        } else if (starts(a64_encoding_names[e], "MRS") || strcmp(a64_encoding_names[e], "MSR") == 0) {
            k = 1;
            w[0] = insn;
            if (!(encodings[e].mask & 0x1000)) /* not those of one register: NZCV */
                k = make_system(rng, insn, w);
        } else if ((insn & 0x1c000000) == 0x14000000 && (insn & 0xff000000) != 0xd5000000) {
            bool reg = (insn & 0xfe000000) == 0xd6000000;
            unsigned t = A64_BITS(insn, 9, 5);

            if (reg && t >= POINTER)
                continue;
            fixups[n_fixups++] = (struct fixup){n, u + 1 + (unsigned)(stream_random(rng) % (units - u))};
            k = 0;
            if (reg)
                w[k++] = 0x10000000 | t; /* ADR */
            w[k++] = insn;
        } else {
            w[0] = insn;
            k = 1;
        }
        if (!k)
            continue;
        uses[e]++;
        begin[u++] = n;
        n += k;
    }
    begin[units] = n;
    for (unsigned i = 0; i < n_fixups; i++) {
        unsigned at = fixups[i].at;

        words[at] = resolve(words[at], (int)(begin[fixups[i].unit] - at));
    }
    words[n++] = INSN_BRK;
    free(begin);
    free(fixups);
    return n;
}

/* Integers: small, edges, or anything. */
static uint64_t integer(uint64_t *rng)
{
    uint64_t r = stream_random(rng), v = stream_random(rng);
    static const unsigned widths[] = {8, 16, 32, 64};

    switch (r & 7) {
    case 0:
        return (uint64_t)((int64_t)(v & 15) - 8);
    case 1:
        return UINT64_C(1) << (v & 63);
    case 2:
        return tg_ones(1 + (v & 63)) << (v >> 8 & 63);
    case 3: { /* the same extreme in each element */
        unsigned bits = widths[r >> 8 & 3];
        uint64_t e = ((UINT64_C(1) << (bits - 1)) + (v & 3) - 2) & tg_ones(bits), all = 0;

        for (unsigned i = 0; i < 64; i += bits)
            all |= e << i;
        return all;
    }
    case 4:
        return v & (uint64_t)(int64_t)(int32_t)stream_random(rng);
    default:
        return v;
    }
}

/* Where on bare metal: level, controls, PSTATE, and where x28 points to. */
static void make_place(const struct setting *set, uint64_t *rng, struct insn_state *s)
{
    static const uint8_t good[] = {INSN_PAGE_RW0, INSN_PAGE_RW1, INSN_PAGE_RW4};
    uint64_t r = stream_random(rng), q = stream_random(rng);
    bool vhe = cpu_features_has(&set->feat, CPU_FEAT_VHE);
    unsigned page, el;

    do
        s->regime = stream_random(rng) % INSN_REGIMES;
    while (!vhe && (s->regime == INSN_EL0_HOST || s->regime == INSN_EL2_HOST));
    el = s->regime == INSN_EL1 ? 1 : s->regime >= INSN_EL2 ? 2 : 0;
    s->control |= r & 1 ? INSN_TBI : 0;
    s->control |= (r >> 1 & 7) == 0 ? INSN_A : 0;
    s->control |= (r >> 4 & 7) == 0 ? INSN_BE : 0;
    s->control |= (r >> 7 & 3) == 0 && cpu_features_has(&set->feat, CPU_FEAT_LSE2) ? INSN_NAA : 0;
    s->pstate |= 0x3c0 | el << 2 | (el && r >> 9 & 3);
    s->pstate |= cpu_features_has(&set->feat, CPU_FEAT_PAN) && (r >> 11 & 3) == 0 ? UINT64_C(1) << 22 : 0;
    s->pstate |=
        cpu_features_has(&set->feat, CPU_FEAT_UAO) && (r >> 13 & 3) == 0 && el ? UINT64_C(1) << 23 : 0;
    s->pstate |= cpu_features_has(&set->feat, CPU_FEAT_DIT) && (r >> 15 & 1) ? UINT64_C(1) << 24 : 0;
    s->pstate |= cpu_features_has(&set->feat, CPU_FEAT_SSBS) && (r >> 16 & 1) ? UINT64_C(1) << 12 : 0;
    if ((r >> 17 & 7) < 3) { /* the middle of a page without faults, or a border without them */
        page = good[(r >> 20 & 0xff) % sizeof(good)];
        s->x[POINTER] = INSN_SCRATCH + 4096 * page + 2048;
    } else {
        page = (r >> 17 & 7) < 5 ? INSN_PAGE_RW0 : (unsigned)((r >> 20 & 0xff) % (INSN_PAGES - 1));
        s->x[POINTER] = INSN_SCRATCH + 4096 * (page + 1);
    }
    /* Neither QEMU knows that unaligned accesses to Device memory fault. */
    if (s->x[POINTER] - (INSN_SCRATCH + 4096 * INSN_PAGE_DEVICE) <= 4096)
        s->control |= INSN_A;
    s->sp = s->x[POINTER] - 1024;
    s->sp0 = el && s->pstate & 1 ? stream_random(rng) : s->sp;
    if (s->control & INSN_TBI ? q & 3 : (q & 15) == 0)
        s->x[POINTER] |= (q >> 8 & 0xff) << 56;
}

static void make_state(const struct setting *set, uint64_t *rng, struct insn_state *s)
{
    static const int widths[] = {16, 32, 64, 0};
    uint64_t near = 0, r = stream_random(rng);

    memset(s, 0, sizeof(*s));
    for (unsigned i = 0; i < 31; i++)
        s->x[i] = integer(rng);
    s->x[POINTER] = INSN_POINTER;
    s->sp = INSN_POINTER - 1024;
    for (unsigned i = 0; i < 32; i++) {
        int w = widths[stream_random(rng) & 3];

        if (!w) {
            s->v[i][0] = integer(rng);
            s->v[i][1] = integer(rng);
            continue;
        }
        for (int bit = 0; bit < 128; bit += w) {
            near = stream_fp(rng, w, near);
            s->v[i][bit / 64] |= near << (bit & 63);
        }
    }
    s->fpcr = r & 1 ? 0 : r >> 16 & 0x07c80000;
    s->pstate = r & 0xf0000000;
    s->seed = stream_random(rng);
    if (set->bare)
        make_place(set, rng, s);
}
