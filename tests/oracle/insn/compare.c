/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of states, and what may differ with the reason. See compare.h. */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/cpu/decode/a64.h"

#define ESR_EC(esr)   ((esr) >> 26 & 63)
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME  0x25
#define ESR_ISS_INSN  UINT64_C(0x01ffc000) /* ISV and what it makes valid */

static bool equal(const struct insn_state *a, const struct insn_state *b)
{
    return memcmp(a->x, b->x, sizeof(a->x)) == 0 && memcmp(a->v, b->v, sizeof(a->v)) == 0 && a->sp == b->sp &&
           a->pc == b->pc && a->pstate == b->pstate && a->fpcr == b->fpcr && a->fpsr == b->fpsr &&
           a->end == b->end && a->hash == b->hash && a->sp0 == b->sp0 && a->esr == b->esr && a->far == b->far;
}

static bool is_data_abort(uint64_t esr)
{
    return ESR_EC(esr) == EC_DABT_LOWER || ESR_EC(esr) == EC_DABT_SAME;
}

/* ---- what is left open, and where QEMU is known to be otherwise ---- */

#define FSC_ALIGNMENT 0x21
#define ESR_FSC(esr)  ((esr)&63)
#define ADDRESS       UINT64_C(0xffffffff) /* of a pointer to the scratch area: no tag */
#define INSN_SB       UINT32_C(0xd50330ff)
#define SPSR_BTYPE    UINT64_C(0xc00)
#define ESR_WNR       UINT64_C(0x40)

static bool is_alignment(uint64_t esr)
{
    return is_data_abort(esr) && ESR_FSC(esr) == FSC_ALIGNMENT;
}

static bool store_exclusive(uint32_t insn)
{
    return (insn & 0x3fc00000) == 0x08000000 || (insn & 0x3fe00000) == 0x08200000;
}

static bool load_exclusive(uint32_t insn)
{
    return (insn & 0x3fc00000) == 0x08400000;
}

/* LDAPRB, LDAPRH, LDAPR; LDAPUR, STLUR. */
static bool acquire_pc(uint32_t insn)
{
    return (insn & 0x3ffffc00) == 0x38bfc000 || (insn & 0x3f200c00) == 0x19000000;
}

/* Registers from v[insn[4:0]] on that a structure load writes; 0: it is none. */
static unsigned structure_registers(uint32_t insn)
{
    static const uint8_t multiple[16] = {[0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};

    if ((insn & 0xbf400000) == 0x0c400000)
        return multiple[insn >> 12 & 15];
    if ((insn & 0xbf400000) == 0x0d400000)
        return ((insn >> 13 & 1) << 1 | (insn >> 21 & 1)) + 1;
    if ((insn & 0x3e400000) == 0x2c400000) /* and LDP */
        return 1;
    return 0;
}

/* CAS, CASP, SWP, LDADD and the like, LDXR. */
static bool atomic_load(uint32_t insn)
{
    return load_exclusive(insn) || (insn & 0x3fa07c00) == 0x08a07c00 || (insn & 0xbfa07c00) == 0x08207c00 ||
           (insn & 0x3f200c00) == 0x38200000;
}

static bool is_zva(uint32_t insn)
{
    return (insn & 0xffffffe0) == 0xd50b7420;
}

enum verdict state_compare(const uint32_t *code, const struct insn_state *before,
                           const struct insn_state *got, const struct insn_state *want, bool bare,
                           const char **reason)
{
    struct insn_state a = *got, b = *want;
    uint64_t word = (a.pc - INSN_CODE) / 4;
    uint32_t insn;

    if (equal(&a, &b))
        return SAME;
    if (!bare || word >= INSN_CODE_WORDS)
        return DIFFERENT;
    if (a.pc == b.pc && (is_data_abort(a.esr) || ESR_EC(a.esr) == 0) && !(a.pstate & SPSR_BTYPE) &&
        b.pstate & SPSR_BTYPE) {
        b.pstate &= ~SPSR_BTYPE;
        *reason = "SPSR_ELx.BTYPE of an exception at the target of a branch: zero is permitted (ZEROBTYPE)";
        if (equal(&a, &b))
            return EXPLAINED;
    }
    if (a.pc == b.pc && word && code[word - 1] == INSN_SB && !(a.pstate & SPSR_BTYPE)) {
        b.pstate &= ~SPSR_BTYPE;
        *reason = "SB at the target of a branch: QEMU 7.2 does not clear PSTATE.BTYPE";
        if (equal(&a, &b))
            return EXPLAINED;
    }
    if (!is_data_abort(a.esr))
        return DIFFERENT;
    insn = code[word];
    if (store_exclusive(insn) && a.pc != b.pc) {
        *reason = "store-exclusive that fails: whether the address is looked at first is IMPLEMENTATION "
                  "DEFINED (B2.9.2), QEMU does not";
        return EXPLAINED;
    }
    if (acquire_pc(insn) && is_alignment(a.esr) && (a.pc != b.pc || !is_alignment(b.esr))) {
        *reason = "LDAPR and LDAPUR: QEMU 7.2 does not check their alignment (B2.5.2)";
        return EXPLAINED;
    }
    if (is_zva(insn) && is_alignment(a.esr) &&
        (before->x[28] & ADDRESS) - (INSN_SCRATCH + 4096 * INSN_PAGE_DEVICE) <= 4096) {
        *reason = "DC ZVA to Device memory: QEMU does not make the alignment fault";
        return EXPLAINED;
    }
    if (a.pc != b.pc || !is_data_abort(b.esr))
        return DIFFERENT;
    /* At the same instruction. What is left open or known is made alike; what else differs is a difference.
     */
    if (a.end >> 8 == 2 && !(a.esr & ESR_ISS_INSN) && b.esr & ESR_ISS_INSN) {
        b.esr &= ~ESR_ISS_INSN;
        *reason = "QEMU gives an instruction syndrome with stage 1 faults, too";
    }
    if (atomic_load(insn) && is_alignment(a.esr) && is_alignment(b.esr) && b.esr & ESR_WNR) {
        b.esr &= ~ESR_WNR;
        *reason = "atomic that is not aligned: read and write is a read (NoFault), QEMU 10 reports a write "
                  "for some";
    }
    for (unsigned i = 0; i < structure_registers(insn); i++) {
        unsigned v = ((insn & 31) + i) & 31;

        if (memcmp(a.v[v], b.v[v], 16))
            *reason = "LD1 to LD4, LDP with a fault: what is loaded is UNKNOWN; in QEMU the first registers "
                      "are loaded";
        memcpy(b.v[v], a.v[v], 16);
    }
    return equal(&a, &b) ? EXPLAINED : DIFFERENT;
}

#define DIFF(what, a, b)                                                                              \
    do {                                                                                              \
        if ((a) != (b))                                                                               \
            printf("  %s %016" PRIx64 ", want %016" PRIx64 "\n", what, (uint64_t)(a), (uint64_t)(b)); \
    } while (0)

void state_print(const struct insn_state *before, const struct insn_state *got, const struct insn_state *want)
{
    DIFF("end", got->end, want->end);
    DIFF("pc", got->pc, want->pc);
    DIFF("sp", got->sp, want->sp);
    DIFF("sp_el0", got->sp0, want->sp0);
    DIFF("pstate", got->pstate, want->pstate);
    DIFF("fpcr", got->fpcr, want->fpcr);
    DIFF("fpsr", got->fpsr, want->fpsr);
    DIFF("esr", got->esr, want->esr);
    DIFF("far", got->far, want->far);
    DIFF("memory", got->hash, want->hash);
    for (unsigned k = 0; k < 31; k++)
        if (got->x[k] != want->x[k])
            printf("  x%u %016" PRIx64 ", want %016" PRIx64 " (was %016" PRIx64 ")\n", k, got->x[k],
                   want->x[k], before->x[k]);
    for (unsigned k = 0; k < 32; k++)
        if (memcmp(got->v[k], want->v[k], 16))
            printf("  v%u %016" PRIx64 ":%016" PRIx64 ", want %016" PRIx64 ":%016" PRIx64 " (was %016" PRIx64
                   ":%016" PRIx64 ")\n",
                   k, got->v[k][1], got->v[k][0], want->v[k][1], want->v[k][0], before->v[k][1],
                   before->v[k][0]);
}

void code_print(void *file, const uint32_t *words, unsigned n)
{
    char path[] = "/tmp/tg-text-XXXXXX", line[256], command[128];
    int fd = mkstemp(path);
    FILE *in = fd < 0 ? NULL : fdopen(fd, "w"), *text = NULL;
    unsigned k = 0;

    for (unsigned i = 0; in && i < n; i++)
        fprintf(in, "0x%02x 0x%02x 0x%02x 0x%02x\n", words[i] & 255, words[i] >> 8 & 255,
                words[i] >> 16 & 255, words[i] >> 24);
    if (in && !fclose(in)) {
        snprintf(command, sizeof(command),
                 "llvm-mc-19 --disassemble --triple=aarch64 -mattr=+all <%s 2>/dev/null", path);
        text = popen(command, "r");
    }
    while (k < n) {
        int match = a64_match(words[k]);
        const char *name = match < 0 ? "?" : a64_encoding_names[match];

        if (text && fgets(line, sizeof(line), text)) {
            if (strncmp(line, "\t.", 2) == 0)
                continue;
            line[strcspn(line, "\n")] = 0;
            for (char *c = line; *c; c++)
                if (*c == '\t')
                    *c = ' ';
            fprintf(file, "    %08" PRIx32 " %-12s %s\n", words[k++], name, line);
            continue;
        }
        fprintf(file, "    %08" PRIx32 " %s\n", words[k++], name);
    }
    if (text)
        pclose(text);
    unlink(path);
}
