/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers of a PE: identifiers and the functions that the rest of models/cpu calls. The registers
 * themselves are rows of table.def; the controls that trap accesses are rows of traps.def. SR_SCTLR_EL1 and
 * so on index c->arch.sr[], the raw storage. Arm ARM DDI 0487 J.a.
 */
#ifndef TG_CPU_SYSREG_H
#define TG_CPU_SYSREG_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/bits.h"
#include "models/base/sysenc.h"

struct cpu;
struct cpu_op;

enum sr_id {
#define SR(name, ...) SR_##name,
#include "models/cpu/sysreg/table.def"
    SR_COUNT,
    SR_NONE = 0xffff,
};

/* Rows of table.def: registers, those of the interrupt controller, system instructions. */
enum {
#define SR(...)   +1
#define GICR(...) +1
#define SYSI(...) +1
    SR_ROWS = 0
#include "models/cpu/sysreg/table.def"
};

/* Rows of impdef.def. */
enum {
#define IMPDEF(...) +1
    SR_IMPDEFS = 0
#include "models/cpu/sysreg/impdef.def"
};

/* ---- fields that more than one file needs ---- */

#define SCTLR_M      TG_BIT(0)
#define SCTLR_A      TG_BIT(1)
#define SCTLR_C      TG_BIT(2)
#define SCTLR_SA     TG_BIT(3)
#define SCTLR_SA0    TG_BIT(4)
#define SCTLR_NAA    TG_BIT(6)
#define SCTLR_UMA    TG_BIT(9)
#define SCTLR_ENRCTX TG_BIT(10)
#define SCTLR_I      TG_BIT(12)
#define SCTLR_DZE    TG_BIT(14)
#define SCTLR_UCT    TG_BIT(15)
#define SCTLR_NTWI   TG_BIT(16)
#define SCTLR_NTWE   TG_BIT(18)
#define SCTLR_WXN    TG_BIT(19)
#define SCTLR_TSCXT  TG_BIT(20)
#define SCTLR_IESB   TG_BIT(21)
#define SCTLR_SPAN   TG_BIT(23)
#define SCTLR_E0E    TG_BIT(24)
#define SCTLR_EE     TG_BIT(25)
#define SCTLR_ENDA   TG_BIT(27)
#define SCTLR_ENDB   TG_BIT(13)
#define SCTLR_ENIA   TG_BIT(31)
#define SCTLR_ENIB   TG_BIT(30)
#define SCTLR_BT0    TG_BIT(35)
#define SCTLR_BT1    TG_BIT(36) /* SCTLR_EL1; BT of SCTLR_EL2 and SCTLR_EL3 */
#define SCTLR_UCI    TG_BIT(26)
#define SCTLR_DSSBS  TG_BIT(44)
#define SCTLR_EPAN   TG_BIT(57)
#define SCTLR_TWEDEN TG_BIT(45)
#define SCTLR_TWEDEL TG_FIELD(49, 46)

#define HCR_VM      TG_BIT(0)
#define HCR_SWIO    TG_BIT(1)
#define HCR_PTW     TG_BIT(2)
#define HCR_FMO     TG_BIT(3)
#define HCR_IMO     TG_BIT(4)
#define HCR_AMO     TG_BIT(5)
#define HCR_VF      TG_BIT(6)
#define HCR_VI      TG_BIT(7)
#define HCR_VSE     TG_BIT(8)
#define HCR_FB      TG_BIT(9)
#define HCR_BSU     TG_FIELD(11, 10)
#define HCR_DC      TG_BIT(12)
#define HCR_TWI     TG_BIT(13)
#define HCR_TWE     TG_BIT(14)
#define HCR_TID0    TG_BIT(15)
#define HCR_TID1    TG_BIT(16)
#define HCR_TID2    TG_BIT(17)
#define HCR_TID3    TG_BIT(18)
#define HCR_TSC     TG_BIT(19)
#define HCR_TIDCP   TG_BIT(20)
#define HCR_TACR    TG_BIT(21)
#define HCR_TSW     TG_BIT(22)
#define HCR_TPCP    TG_BIT(23)
#define HCR_TPU     TG_BIT(24)
#define HCR_TTLB    TG_BIT(25)
#define HCR_TVM     TG_BIT(26)
#define HCR_TGE     TG_BIT(27)
#define HCR_TDZ     TG_BIT(28)
#define HCR_HCD     TG_BIT(29)
#define HCR_TRVM    TG_BIT(30)
#define HCR_RW      TG_BIT(31)
#define HCR_CD      TG_BIT(32)
#define HCR_ID      TG_BIT(33)
#define HCR_E2H     TG_BIT(34)
#define HCR_TLOR    TG_BIT(35)
#define HCR_TERR    TG_BIT(36)
#define HCR_TEA     TG_BIT(37)
#define HCR_MIOCNCE TG_BIT(38)
#define HCR_NV      TG_BIT(42)
#define HCR_NV1     TG_BIT(43)
#define HCR_AT      TG_BIT(44)
#define HCR_NV2     TG_BIT(45)
#define HCR_FWB     TG_BIT(46)
#define HCR_FIEN    TG_BIT(47)
#define HCR_TID4    TG_BIT(49)
#define HCR_TICAB   TG_BIT(50)
#define HCR_AMVOFF  TG_BIT(51)
#define HCR_TOCU    TG_BIT(52)
#define HCR_APK     TG_BIT(40)
#define HCR_API     TG_BIT(41)
#define HCR_ENSCXT  TG_BIT(53)
#define HCR_TTLBIS  TG_BIT(54)
#define HCR_TTLBOS  TG_BIT(55)
#define HCR_TWEDEN  TG_BIT(59)
#define HCR_TWEDEL  TG_FIELD(63, 60)

#define HCRX_FNXS   TG_BIT(3)
#define HCRX_FGTNXS TG_BIT(4)

#define HFGITR_ERET    TG_BIT(51)
#define HFGITR_SVC_EL0 TG_BIT(52)
#define HFGITR_SVC_EL1 TG_BIT(53)

#define RMR_RR TG_BIT(1)

#define SCR_NS     TG_BIT(0)
#define SCR_IRQ    TG_BIT(1)
#define SCR_FIQ    TG_BIT(2)
#define SCR_EA     TG_BIT(3)
#define SCR_SMD    TG_BIT(7)
#define SCR_HCE    TG_BIT(8)
#define SCR_SIF    TG_BIT(9)
#define SCR_RW     TG_BIT(10)
#define SCR_ST     TG_BIT(11)
#define SCR_TWI    TG_BIT(12)
#define SCR_TWE    TG_BIT(13)
#define SCR_TLOR   TG_BIT(14)
#define SCR_TERR   TG_BIT(15)
#define SCR_APK    TG_BIT(16)
#define SCR_API    TG_BIT(17)
#define SCR_EEL2   TG_BIT(18)
#define SCR_EASE   TG_BIT(19)
#define SCR_NMEA   TG_BIT(20)
#define SCR_FIEN   TG_BIT(21)
#define SCR_ENSCXT TG_BIT(25)
#define SCR_FGTEN  TG_BIT(27)
#define SCR_ECVEN  TG_BIT(28)
#define SCR_TWEDEN TG_BIT(29)
#define SCR_TWEDEL TG_FIELD(33, 30)
#define SCR_AMVOFF TG_BIT(35)
#define SCR_HXEN   TG_BIT(38)

/* CNTHCTL_EL2, bits of FEAT_ECV (D17.11.12). */
#define CNTHCTL_ECV      TG_BIT(12)
#define CNTHCTL_EL1TVT   TG_BIT(13)
#define CNTHCTL_EL1TVCT  TG_BIT(14)
#define CNTHCTL_EL1NVPCT TG_BIT(15)
#define CNTHCTL_EL1NVVCT TG_BIT(16)

/* Exception syndrome. */
#define ESR_EC       TG_FIELD(31, 26)
#define ESR_IL       TG_BIT(25)
#define ESR_ISS      TG_FIELD(24, 0)
#define ESR_ISS_VNCR TG_BIT(13) /* of a data abort: by an access to the VNCR_EL2 page */
enum {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_FP = 0x07,
    EC_PAC = 0x09,
    EC_BTI = 0x0d,
    EC_ILLEGAL = 0x0e,
    EC_SVC64 = 0x15,
    EC_HVC64 = 0x16,
    EC_SMC64 = 0x17,
    EC_SYSREG = 0x18,
    EC_ERET = 0x1a,
    EC_PACFAIL = 0x1c,
    EC_IABT_LOWER = 0x20,
    EC_IABT_SAME = 0x21,
    EC_PC_ALIGN = 0x22,
    EC_DABT_LOWER = 0x24,
    EC_DABT_SAME = 0x25,
    EC_SP_ALIGN = 0x26,
    EC_FP_EXC64 = 0x2c,
    EC_SERROR = 0x2f,
    EC_BREAKPT_LOWER = 0x30,
    EC_BREAKPT_SAME = 0x31,
    EC_SOFTSTEP_LOWER = 0x32,
    EC_SOFTSTEP_SAME = 0x33,
    EC_WATCHPT_LOWER = 0x34,
    EC_WATCHPT_SAME = 0x35,
    EC_BRK64 = 0x3c,
};
/* Syndrome of an exception by a 32-bit instruction. */
static inline uint64_t esr_make(unsigned ec, uint64_t iss)
{
    return tg_put(ESR_EC, ec) | ESR_IL | (iss & ESR_ISS);
}

/* ---- effective controls (inline helpers over struct cpu stand in sysreg/access.h) ---- */

/* HCR_EL2 as it acts now: 0 while EL2 is absent or not enabled in the current security state; FMO, IMO, AMO
 * and the trap bits as TGE and E2H make them (Arm ARM D17.2.48). */
uint64_t cpu_hcr_eff(const struct cpu *c);
/* EL2 is implemented and enabled in the current security state. */
bool cpu_el2_enabled(const struct cpu *c);
bool cpu_is_secure(
    const struct cpu *c); /* of EL0-EL2: SCR_EL3.NS = 0 with EL3; EL3 itself counts as secure */
/* E2H and TGE are both 1 and EL2 is enabled: EL0 runs in the EL2&0 regime. */
bool cpu_is_host(const struct cpu *c);

/* ---- registers as a whole ---- */

/* Once the features are settled: what of the traps and of HCR_EL2 this PE has. */
void sysreg_init(struct cpu *c);
/* Reset values into c->arch.sr[] and PSTATE-independent state; ID registers are computed on read. */
void sysreg_reset(struct cpu *c);
/* Highest level that is implemented; does its RMR_ELx.RR ask for a warm reset? */
unsigned sysreg_highest_el(const struct cpu *c);
bool sysreg_reset_requested(const struct cpu *c);
/* What firmware at EL3 leaves in EL3's registers for the Non-secure level below that it enters. */
void sysreg_from_firmware(struct cpu *c);
/* The same register without permission checks, by encoding or by id: debuggers, firmware, cpu_get_sysreg. */
bool sysreg_get(struct cpu *c, uint32_t enc, uint64_t *v);
bool sysreg_set(struct cpu *c, uint32_t enc, uint64_t v);
/* Name of the register whose storage is arch.sr[i]; NULL: this PE has none there. */
const char *sysreg_storage_name(const struct cpu *c, size_t i);
uint64_t sysreg_read_id(struct cpu *c, enum sr_id id);
void sysreg_write_id(struct cpu *c, enum sr_id id, uint64_t v);

/* MRS, MSR, SYS and SYSL with all checks, for the instruction op. False: an exception was raised, the block
 * has ended. */
bool sysreg_mrs(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t *v);
bool sysreg_msr(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t v);
bool sysreg_sys(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t v);
bool sysreg_sysl(struct cpu *c, const struct cpu_op *op, uint32_t enc);

/* Derived state of the access checks, after a change of EL or of a control. */
void sysreg_context_changed(struct cpu *c);
/* HCRX_EL2 as it acts now: 0 while EL2 is not enabled or SCR_EL3.HXEn is 0. */
uint64_t cpu_hcrx_eff(const struct cpu *c);
/* Fine-grained traps act at the current level. */
bool cpu_fgt_on(const struct cpu *c);

/* After a write of a control register by other means (exception entry, restore): */
void sysreg_changed(struct cpu *c, enum sr_id id);

#endif
