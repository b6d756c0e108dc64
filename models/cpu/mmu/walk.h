/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of translation table descriptors and control registers: Arm ARM DDI 0487 D8. Private to
 * models/cpu/mmu. */
#ifndef TG_CPU_MMU_WALK_H
#define TG_CPU_MMU_WALK_H

#include "models/base/bits.h"

/* Descriptors, D8.3. */
#define DESC_VALID    TG_BIT(0)
#define DESC_TABLE    TG_BIT(1) /* table at levels 0-2, page at level 3 */
#define DESC_ATTRINDX TG_FIELD(4, 2)
#define DESC_NS       TG_BIT(5)
#define DESC_AP1      TG_BIT(6) /* EL0 may access */
#define DESC_AP2      TG_BIT(7) /* read-only */
#define DESC_SH       TG_FIELD(9, 8)
#define DESC_AF       TG_BIT(10)
#define DESC_NG       TG_BIT(11)
#define DESC_GP       TG_BIT(50) /* guarded page */
#define DESC_DBM      TG_BIT(51)
#define DESC_CONTIG   TG_BIT(52)
#define DESC_PXN      TG_BIT(53)
#define DESC_UXN      TG_BIT(54)
#define DESC_PXNTABLE TG_BIT(59)
#define DESC_UXNTABLE TG_BIT(60)
#define DESC_APTABLE0 TG_BIT(61) /* no EL0 access below */
#define DESC_APTABLE1 TG_BIT(62) /* no writes below */
#define DESC_NSTABLE  TG_BIT(63)
/* stage 2 */
#define DESC_S2_MEMATTR TG_FIELD(5, 2)
#define DESC_S2_READ    TG_BIT(6)
#define DESC_S2_WRITE   TG_BIT(7)
#define DESC_S2_XN      TG_FIELD(54, 53)

/* TCR_EL1 and, with E2H, TCR_EL2. */
#define TCR_T0SZ TG_FIELD(5, 0)
#define TCR_EPD0 TG_BIT(7)
/* Table walks: inner, outer cacheability; for us they read through the caches when both are write-back. Of the upper
 * half 16 bits up; TCR_EL2, TCR_EL3 and VTCR_EL2 have those of the lower half. */
#define TCR_WALK_WB    (TG_BIT(8) | TG_BIT(10)) /* 01, 11 of IRGN0 and ORGN0 */
#define TCR_WALK_WB_UP (TCR_WALK_WB << 16)
#define TCR_TG0        TG_FIELD(15, 14)
#define TCR_T1SZ       TG_FIELD(21, 16)
#define TCR_A1         TG_BIT(22)
#define TCR_EPD1       TG_BIT(23)
#define TCR_TG1        TG_FIELD(31, 30)
#define TCR_IPS        TG_FIELD(34, 32)
#define TCR_AS         TG_BIT(36)
#define TCR_TBI0       TG_BIT(37)
#define TCR_TBI1       TG_BIT(38)
#define TCR_HA         TG_BIT(39)
#define TCR_HD         TG_BIT(40)
#define TCR_HPD0       TG_BIT(41)
#define TCR_HPD1       TG_BIT(42)
#define TCR_TBID0      TG_BIT(51)
#define TCR_TBID1      TG_BIT(52)
#define TCR_E0PD0      TG_BIT(55)
#define TCR_E0PD1      TG_BIT(56)
/* TCR_EL2 without E2H, TCR_EL3 */
#define TCR2_PS   TG_FIELD(18, 16)
#define TCR2_TBI  TG_BIT(20)
#define TCR2_HA   TG_BIT(21)
#define TCR2_HD   TG_BIT(22)
#define TCR2_HPD  TG_BIT(24)
#define TCR2_TBID TG_BIT(29)
/* VTCR_EL2 */
#define VTCR_T0SZ TG_FIELD(5, 0)
#define VTCR_SL0  TG_FIELD(7, 6)
#define VTCR_TG0  TG_FIELD(15, 14)
#define VTCR_PS   TG_FIELD(18, 16)
#define VTCR_HA   TG_BIT(21)
#define VTCR_HD   TG_BIT(22)
/* VTCR_EL2 and VSTCR_EL2 in the Secure state: tables, and output, are Non-secure. */
#define VTCR_NSW TG_BIT(29)
#define VTCR_NSA TG_BIT(30)
#define VSTCR_SW TG_BIT(29)
#define VSTCR_SA TG_BIT(30)

#define TTBR_BADDR TG_FIELD(47, 1)
#define TTBR_ASID  TG_FIELD(63, 48)

struct cpu;
/* Bits of a stage 1 input address by TCR_ELx; what is out of range counts as the nearest size. upper: the
 * range of TTBR1. */
unsigned mmu_input_bits(const struct cpu *c, uint64_t tcr, bool upper);

/* Fault status codes, D19.2.37 (level in bits 1:0 of the first four). */
enum {
    FSC_ADDRESS = 0x00,
    FSC_TRANSLATION = 0x04,
    FSC_ACCESS_FLAG = 0x08,
    FSC_PERMISSION = 0x0c,
    FSC_EXTERNAL = 0x10,
    FSC_EXTERNAL_WALK = 0x14,
    FSC_ALIGNMENT = 0x21,
    FSC_TLB_CONFLICT = 0x30,
    FSC_UNSUPPORTED_EXCL = 0x35,
};

#endif
