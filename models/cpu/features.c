/* SPDX-License-Identifier: Apache-2.0 */
/* The feature list of a core: from parameters to bits, and the dependencies that the Arm ARM states between
 * features (A2). */
#include "models/cpu/features.h"

#include <stddef.h>

static const struct {
    const char *name, *text;
} feature_info[CPU_FEAT_COUNT] = {
#define FEAT(id, name, text) [CPU_FEAT_##id] = {name, text},
    CPU_FEATURES(FEAT)
#undef FEAT
};

const char *cpu_feature_name(enum cpu_feature id)
{
    return id < CPU_FEAT_COUNT ? feature_info[id].name : NULL;
}

const char *cpu_feature_text(enum cpu_feature id)
{
    return id < CPU_FEAT_COUNT ? feature_info[id].text : NULL;
}

void cpu_features_set(struct cpu_features *f, enum cpu_feature id, _Bool on)
{
    uint64_t bit = UINT64_C(1) << (id % 64);

    if (on)
        f->w[id / 64] |= bit;
    else
        f->w[id / 64] &= ~bit;
}

/* `feature` cannot be there without `needs`. */
static const struct {
    uint8_t feature, needs;
} depends[] = {
    {CPU_FEAT_AES, CPU_FEAT_FP},
    {CPU_FEAT_PMULL, CPU_FEAT_AES},
    {CPU_FEAT_SHA1, CPU_FEAT_FP},
    {CPU_FEAT_SHA256, CPU_FEAT_SHA1},
    {CPU_FEAT_RDM, CPU_FEAT_FP},
    {CPU_FEAT_DOTPROD, CPU_FEAT_FP},
    {CPU_FEAT_FP16, CPU_FEAT_FP},
    {CPU_FEAT_PAN2, CPU_FEAT_PAN},
    {CPU_FEAT_SSBS2, CPU_FEAT_SSBS},
    {CPU_FEAT_VHE, CPU_FEAT_EL2},
    {CPU_FEAT_VMID16, CPU_FEAT_EL2},
    {CPU_FEAT_XNX, CPU_FEAT_EL2},
    {CPU_FEAT_S2FWB, CPU_FEAT_EL2},
    {CPU_FEAT_TLBIRANGE, CPU_FEAT_TLBIOS},
    {CPU_FEAT_PMUV3P1, CPU_FEAT_PMUV3},
    {CPU_FEAT_DEBUGV8P2, CPU_FEAT_DEBUGV8P1},
    {CPU_FEAT_DEBUGV8P4, CPU_FEAT_DEBUGV8P2},
    {CPU_FEAT_UAO, CPU_FEAT_PAN},
    {CPU_FEAT_HPDS2, CPU_FEAT_HPDS},
    {CPU_FEAT_PAN3, CPU_FEAT_PAN2},
    /* instruction set of Armv8.2 to Armv8.7 */
    {CPU_FEAT_FHM, CPU_FEAT_FP16},
    {CPU_FEAT_SHA512, CPU_FEAT_SHA256},
    {CPU_FEAT_SHA3, CPU_FEAT_SHA512},
    {CPU_FEAT_SM3, CPU_FEAT_FP},
    {CPU_FEAT_SM4, CPU_FEAT_SM3},
    {CPU_FEAT_FCMA, CPU_FEAT_FP},
    {CPU_FEAT_JSCVT, CPU_FEAT_FP},
    {CPU_FEAT_LRCPC2, CPU_FEAT_LRCPC},
    {CPU_FEAT_FLAGM2, CPU_FEAT_FLAGM},
    {CPU_FEAT_FRINTTS, CPU_FEAT_FP},
    {CPU_FEAT_CSV2_2, CPU_FEAT_CSV2},
    {CPU_FEAT_DPB2, CPU_FEAT_DPB},
    {CPU_FEAT_BF16, CPU_FEAT_FP},
    {CPU_FEAT_I8MM, CPU_FEAT_FP},
    {CPU_FEAT_PACQARMA3, CPU_FEAT_PAUTH},
    {CPU_FEAT_PACIMP, CPU_FEAT_PAUTH},
    {CPU_FEAT_PAUTH2, CPU_FEAT_PAUTH},
    {CPU_FEAT_FPAC, CPU_FEAT_PAUTH2},
    {CPU_FEAT_FPACCOMBINE, CPU_FEAT_FPAC},
    {CPU_FEAT_PMUV3P4, CPU_FEAT_PMUV3P1},
    {CPU_FEAT_PMUV3P5, CPU_FEAT_PMUV3P4},
    {CPU_FEAT_RASV1P1, CPU_FEAT_RAS},
    {CPU_FEAT_IESB, CPU_FEAT_RAS},
    {CPU_FEAT_LPA, CPU_FEAT_GRAN64K},
    {CPU_FEAT_LVA, CPU_FEAT_GRAN64K},
    {CPU_FEAT_EVT, CPU_FEAT_EL2},
    {CPU_FEAT_HCX, CPU_FEAT_EL2},
    {CPU_FEAT_FGT, CPU_FEAT_EL2},
    {CPU_FEAT_AMUV1P1, CPU_FEAT_AMU},
    {CPU_FEAT_ECV_POFF, CPU_FEAT_ECV},
    {CPU_FEAT_ECV_POFF, CPU_FEAT_EL2},
    {CPU_FEAT_NV, CPU_FEAT_EL2},
    {CPU_FEAT_NV2, CPU_FEAT_NV},
    {CPU_FEAT_SEL2, CPU_FEAT_EL2},
    {CPU_FEAT_SEL2, CPU_FEAT_EL3},
    {CPU_FEAT_SEL2, CPU_FEAT_VHE},
};

/* Pointer authentication has one algorithm: ID_AA64ISAR1_EL1.{APA, API}, ID_AA64ISAR2_EL1.APA3. */
static const uint8_t exclusive[][2] = {
    {CPU_FEAT_PACQARMA3, CPU_FEAT_PACIMP},
};

void cpu_features_settle(struct cpu_features *f)
{
    struct cpu_features gone = {0}; /* with their level, and so is what needs them (rows further down) */
    for (size_t i = 0; i < sizeof(depends) / sizeof(depends[0]); i++) {
        enum cpu_feature feature = depends[i].feature, needs = depends[i].needs;
        _Bool level = needs == CPU_FEAT_EL2 || needs == CPU_FEAT_EL3;
        if (!cpu_features_has(f, feature) || cpu_features_has(f, needs) ||
            !(level || cpu_features_has(&gone, needs)))
            continue;
        cpu_features_set(f, feature, 0);
        cpu_features_set(&gone, feature, 1);
    }
}

_Bool cpu_features_check(const struct cpu_features *f, enum cpu_feature *feature, enum cpu_feature *needs)
{
    for (size_t i = 0; i < sizeof(depends) / sizeof(depends[0]); i++) {
        if (cpu_features_has(f, depends[i].feature) && !cpu_features_has(f, depends[i].needs)) {
            *feature = depends[i].feature;
            *needs = depends[i].needs;
            return 0;
        }
    }
    return 1;
}

_Bool cpu_features_exclusive(const struct cpu_features *f, enum cpu_feature *a, enum cpu_feature *b)
{
    for (size_t i = 0; i < sizeof(exclusive) / sizeof(exclusive[0]); i++) {
        *a = exclusive[i][0];
        *b = exclusive[i][1];
        if (cpu_features_has(f, *a) && cpu_features_has(f, *b))
            return 0;
    }
    return 1;
}
