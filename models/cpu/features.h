/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Architecture features a core may have (Arm ARM A2). The decoder, the ID registers, the trap controls and
 * the presets all hang on these switches: off makes the encodings undefined and the ID field zero. FEAT(id,
 * Lua name, text). Without a switch, because not implemented: AArch32, SVE, SME, MTE, MOPS, SPE, MPAM, trace,
 * FEAT_LPA2 (TCR_ELx.DS is RES0, so that 4K and 16K granules have 48-bit addresses),
 * and what Armv8.8 brought.
 */
#ifndef TG_CPU_FEATURES_H
#define TG_CPU_FEATURES_H

#include <stdint.h>

#define CPU_FEATURES(FEAT)                                                           \
    FEAT(FP, "fp", "floating point and Advanced SIMD")                               \
    FEAT(CRC32, "crc32", "CRC32 instructions")                                       \
    FEAT(AES, "aes", "AESE, AESD, AESMC, AESIMC")                                    \
    FEAT(PMULL, "pmull", "PMULL, PMULL2 on 64-bit elements")                         \
    FEAT(SHA1, "sha1", "SHA1 instructions")                                          \
    FEAT(SHA256, "sha256", "SHA256 instructions")                                    \
    FEAT(LSE, "lse", "large system extensions: atomics")                             \
    FEAT(RDM, "rdm", "SQRDMLAH, SQRDMLSH")                                           \
    FEAT(PAN, "pan", "privileged access never")                                      \
    FEAT(PAN2, "pan2", "AT S1E1RP, S1E1WP")                                          \
    FEAT(UAO, "uao", "user access override")                                         \
    FEAT(VHE, "vhe", "virtualization host extensions")                               \
    FEAT(VMID16, "vmid16", "16-bit VMIDs")                                           \
    FEAT(HAFDBS, "hafdbs", "hardware update of access flag and dirty state")         \
    FEAT(HPDS, "hpds", "hierarchical permission disables")                           \
    FEAT(LOR, "lor", "limited ordering regions")                                     \
    FEAT(XNX, "xnx", "execute-never at stage 2 by EL")                               \
    FEAT(LRCPC, "lrcpc", "LDAPR")                                                    \
    FEAT(DOTPROD, "dotprod", "SDOT, UDOT")                                           \
    FEAT(FP16, "fp16", "half-precision data processing")                             \
    FEAT(SSBS, "ssbs", "PSTATE.SSBS")                                                \
    FEAT(SSBS2, "ssbs2", "MSR and MRS of SSBS")                                      \
    FEAT(DPB, "dpb", "DC CVAP")                                                      \
    FEAT(RAS, "ras", "RAS extension: ESB, error records")                            \
    FEAT(RASV1P1, "rasv1p1", "error records of Armv8.4, and with EL3 double faults") \
    FEAT(IESB, "iesb", "error synchronization at exceptions")                        \
    FEAT(TLBIOS, "tlbios", "TLBI outer-shareable forms")                             \
    FEAT(TLBIRANGE, "tlbirange", "TLBI by range")                                    \
    FEAT(S2FWB, "s2fwb", "stage-2 forced write-back")                                \
    FEAT(TTL, "ttl", "translation table level hints")                                \
    FEAT(CNP, "cnp", "common not private")                                           \
    FEAT(DEBUGV8P1, "debugv8p1", "debug with VHE")                                   \
    FEAT(DEBUGV8P2, "debugv8p2", "debug of Armv8.2")                                 \
    FEAT(DEBUGV8P4, "debugv8p4", "external debug of Armv8.4")                        \
    FEAT(PMUV3, "pmuv3", "performance monitors")                                     \
    FEAT(PMUV3P1, "pmuv3p1", "performance monitors of Armv8.1")                      \
    FEAT(PMUV3P4, "pmuv3p4", "performance monitors of Armv8.4")                      \
    FEAT(PMUV3P5, "pmuv3p5", "64-bit event counters")                                \
    FEAT(CSV2, "csv2", "branch predictors do not cross contexts")                    \
    FEAT(CSV3, "csv3", "no speculative use of faulting loads")                       \
    FEAT(LPA, "lpa", "52-bit physical addresses, 64K granule")                       \
    FEAT(LVA, "lva", "52-bit virtual addresses, 64K granule")                        \
    FEAT(CCIDX, "ccidx", "64-bit CCSIDR_EL1")                                        \
    /* instruction set of Armv8.2 to Armv8.7 */                                      \
    FEAT(FHM, "fhm", "FMLAL, FMLSL: half to single multiply-add")                    \
    FEAT(SHA512, "sha512", "SHA512 instructions")                                    \
    FEAT(SHA3, "sha3", "EOR3, RAX1, XAR, BCAX")                                      \
    FEAT(SM3, "sm3", "SM3 instructions")                                             \
    FEAT(SM4, "sm4", "SM4 instructions")                                             \
    FEAT(FCMA, "fcma", "FCADD, FCMLA: complex numbers")                              \
    FEAT(JSCVT, "jscvt", "FJCVTZS")                                                  \
    FEAT(LRCPC2, "lrcpc2", "LDAPUR, STLUR")                                          \
    FEAT(FLAGM, "flagm", "CFINV, RMIF, SETF8, SETF16")                               \
    FEAT(FLAGM2, "flagm2", "AXFLAG, XAFLAG")                                         \
    FEAT(LSE2, "lse2", "unaligned atomic accesses within 16 bytes")                  \
    FEAT(DIT, "dit", "PSTATE.DIT")                                                   \
    FEAT(FRINTTS, "frintts", "FRINT32, FRINT64")                                     \
    FEAT(SB, "sb", "SB: speculation barrier")                                        \
    FEAT(SPECRES, "specres", "CFP, DVP, CPP RCTX")                                   \
    FEAT(CSV2_2, "csv2_2", "SCXTNUM_ELx")                                            \
    FEAT(DPB2, "dpb2", "DC CVADP")                                                   \
    FEAT(RNG, "rng", "RNDR, RNDRRS")                                                 \
    FEAT(BF16, "bf16", "BFloat16 instructions")                                      \
    FEAT(I8MM, "i8mm", "8-bit integer matrix multiply, USDOT, SUDOT")                \
    FEAT(WFXT, "wfxt", "WFET, WFIT")                                                 \
    FEAT(DGH, "dgh", "data gathering hint")                                          \
    FEAT(PAUTH, "pauth", "pointer authentication")                                   \
    FEAT(PACQARMA3, "pacqarma3", "its codes by QARMA3, not QARMA5")                  \
    FEAT(PACIMP, "pacimp", "its codes by an algorithm of this simulator's")          \
    FEAT(PAUTH2, "pauth2", "codes exclusive-ored into the pointer")                  \
    FEAT(FPAC, "fpac", "faults of AUT instructions")                                 \
    FEAT(FPACCOMBINE, "fpaccombine", "faults of RETAA, BRAA, LDRAA")                 \
    FEAT(BTI, "bti", "branch target identification")                                 \
    FEAT(XS, "xs", "nXS forms of TLBI and DSB")                                      \
    FEAT(GRAN16K, "gran16k", "16K translation granule")                              \
    FEAT(GRAN64K, "gran64k", "64K translation granule")                              \
    /* translation and identification, Armv8.2 to Armv8.7 */                         \
    FEAT(HPDS2, "hpds2", "page-based hardware attributes ignored")                   \
    FEAT(E0PD, "e0pd", "no EL0 access to half the address map")                      \
    FEAT(PAN3, "pan3", "PAN of execute-only pages: SCTLR_ELx.EPAN")                  \
    FEAT(TTST, "ttst", "small translation tables")                                   \
    FEAT(BBM, "bbm", "changes of block size without break, level 2")                 \
    FEAT(IDST, "idst", "trapped ID registers report their encoding")                 \
    FEAT(ETS, "ets", "enhanced translation synchronization")                         \
    FEAT(NTLBPA, "ntlbpa", "no caching of intermediate walks by address")            \
    /* EL2 trap features of Armv8.3 to Armv8.7 */                                    \
    FEAT(EVT, "evt", "enhanced virtualization traps")                                \
    FEAT(TWED, "twed", "delayed trapping of WFE")                                    \
    FEAT(HCX, "hcx", "HCRX_EL2")                                                     \
    FEAT(FGT, "fgt", "fine-grained traps")                                           \
    FEAT(ECV, "ecv", "enhanced counter virtualization")                              \
    FEAT(ECV_POFF, "ecv_poff", "physical counter offset, CNTPOFF_EL2")               \
    FEAT(AMU, "amu", "activity monitors")                                            \
    FEAT(AMUV1P1, "amuv1p1", "offsets of the activity monitors for guests")          \
    FEAT(NV, "nv", "nested virtualization")                                          \
    FEAT(NV2, "nv2", "nested virtualization through memory, VNCR_EL2")               \
    FEAT(EL2, "el2", "exception level 2")                                            \
    FEAT(EL3, "el3", "exception level 3")                                            \
    FEAT(SEL2, "sel2", "EL2 in the Secure state")

enum cpu_feature {
#define FEAT(id, name, text) CPU_FEAT_##id,
    CPU_FEATURES(FEAT)
#undef FEAT
        CPU_FEAT_COUNT
};
_Static_assert(CPU_FEAT_COUNT <= 128, "features fit two words");

struct cpu_features {
    uint64_t w[2];
};

static inline _Bool cpu_features_has(const struct cpu_features *f, enum cpu_feature id)
{
    return (f->w[id / 64] >> (id % 64)) & 1;
}

/* ---- features.c ---- */

void cpu_features_set(struct cpu_features *f, enum cpu_feature id, _Bool on);
/* Name as in Lua and one line of description. */
const char *cpu_feature_name(enum cpu_feature id);
const char *cpu_feature_text(enum cpu_feature id);
/* Switches off what belongs to an exception level that the core lacks: a preset says what its EL2 has also
 * where a platform is built without it. */
void cpu_features_settle(struct cpu_features *f);
/* False when *feature is set but *needs, which it requires, is not. */
_Bool cpu_features_check(const struct cpu_features *f, enum cpu_feature *feature, enum cpu_feature *needs);
/* False when *a and *b are both set, of which a core has one at most. */
_Bool cpu_features_exclusive(const struct cpu_features *f, enum cpu_feature *a, enum cpu_feature *b);

#endif
