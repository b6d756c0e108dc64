/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions, spelled for tests; and a PE whose vectors spin, so that an exception shows as an EL and a PC.
 */
#ifndef TESTS_CPU_INSN_H
#define TESTS_CPU_INSN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "models/base/sysenc.h"
#include "models/cpu/cpu_state.h"
#include "pe.h"

#define ENC(op0, op1, crn, crm, op2) TG_SYSENC(op0, op1, crn, crm, op2)
#define MRS(rt, enc)                 (UINT32_C(0xd5200000) | (uint32_t)(enc) << 5 | (rt))
#define MSR(enc, rt)                 (UINT32_C(0xd5000000) | (uint32_t)(enc) << 5 | (rt))
#define SVC(imm)                     (UINT32_C(0xd4000001) | (uint32_t)(imm) << 5)
#define HVC(imm)                     (UINT32_C(0xd4000002) | (uint32_t)(imm) << 5)
#define SMC(imm)                     (UINT32_C(0xd4000003) | (uint32_t)(imm) << 5)
#define BRK(imm)                     (UINT32_C(0xd4200000) | (uint32_t)(imm) << 5)
#define HLT(imm)                     (UINT32_C(0xd4400000) | (uint32_t)(imm) << 5)
#define ERET                         UINT32_C(0xd69f03e0)
#define NOP                          UINT32_C(0xd503201f)
#define WFE                          UINT32_C(0xd503205f)
#define WFI                          UINT32_C(0xd503207f)
#define SEVL                         UINT32_C(0xd50320bf)
#define SPIN                         UINT32_C(0x14000000)
#define UDF                          UINT32_C(0)
#define ISB                          UINT32_C(0xd5033fdf)
#define DAIFSET(imm)                 (UINT32_C(0xd50340df) | (uint32_t)(imm) << 8)
#define DAIFCLR(imm)                 (UINT32_C(0xd50340ff) | (uint32_t)(imm) << 8)
#define FADD_D0                      UINT32_C(0x1e602800) /* fadd d0, d0, d0 */
#define LDR_X0_X1                    UINT32_C(0xf9400020) /* ldr x0, [x1] */
#define STR_X0_X1                    UINT32_C(0xf9000020) /* str x0, [x1] */
#define DC_ZVA_X1                    UINT32_C(0xd50b7421) /* dc zva, x1 */
#define ADD_X0_1                     UINT32_C(0x91000400) /* add x0, x0, #1 */

#define CODE        PE_RAM_BASE
#define VECTORS(el) (PE_RAM_BASE + 0x10000 + (uint64_t)(el)*0x1000)

#define PSTATE(el, sp, daif) ((uint64_t)(el) << 2 | (sp) | (uint64_t)(daif) << 6)

static const char *const features_el3[] = {"fp",      "crc32",     "lse",       "rdm",  "pan",     "pan2",
                                           "uao",     "vhe",       "vmid16",    "lor",  "ras",     "fp16",
                                           "ssbs",    "ssbs2",     "dpb",       "csv2", "gran64k", "pmuv3",
                                           "pmuv3p1", "debugv8p1", "debugv8p2", "el2",  "el3",     NULL};

/* params: as in pe_new. */
static inline struct pe *pe_vectors_with(const char *const *features, const char *const *params)
{
    struct pe *p = pe_new(features, params, 1);
    uint32_t spin[512];

    for (unsigned i = 0; i < 512; i++)
        spin[i] = SPIN;
    for (unsigned el = 1; el <= 3; el++)
        pe_code(p, VECTORS(el), spin, 512);
    return p;
}

static inline struct pe *pe_vectors(const char *const *features)
{
    return pe_vectors_with(features, NULL);
}

/* State as after reset, vectors set, at the EL given, no lower level trapped unless the test says so. */
static inline void pe_at(struct pe *p, unsigned el, uint64_t pstate)
{
    struct cpu *c = p->cpu;

    cpu_power_on(c, 1, CODE, 0, cpu_local_time(c));
    c->arch.sr[SR_VBAR_EL1] = VECTORS(1);
    c->arch.sr[SR_VBAR_EL2] = VECTORS(2);
    c->arch.sr[SR_VBAR_EL3] = VECTORS(3);
    if (cpu_has(c, CPU_FEAT_EL3))
        sysreg_write_id(c, SR_SCR_EL3, SCR_NS | SCR_HCE);
    c->arch.sr[SR_CPTR_EL2] = 0;
    c->arch.sr[SR_CPACR_EL1] = 3 << 20;
    sysreg_write_id(c, SR_OSLAR_EL1, 0);
    cpu_set_pstate(c, (pstate & ~UINT64_C(0xc)) | (uint64_t)el << 2);
    cpu_set_pc(c, CODE);
}

/* Runs one instruction at the current state; afterwards the PE stands behind it, or in a vector. */
static inline void pe_one(struct pe *p, uint32_t insn)
{
    uint32_t code[2] = {insn, SPIN};

    pe_code(p, CODE, code, 2);
    cpu_set_pc(p->cpu, CODE);
    pe_run_insns(p, 1);
}

/* The level whose vectors the PE stands in, 0: none. *offset: in the table. */
static inline unsigned pe_vector(struct pe *p, uint64_t *offset)
{
    uint64_t pc = cpu_get_pc(p->cpu);

    for (unsigned el = 1; el <= 3; el++) {
        if (pc >= VECTORS(el) && pc < VECTORS(el) + 0x800) {
            *offset = pc - VECTORS(el);
            return el;
        }
    }
    return 0;
}

static inline uint64_t pe_esr(struct pe *p, unsigned el)
{
    static const enum sr_id id[] = {SR_ESR_EL1, SR_ESR_EL1, SR_ESR_EL2, SR_ESR_EL3};

    return p->cpu->arch.sr[id[el]];
}

#endif
