/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception syndromes in words: names as `perf kvm stat` users know them, details from ISS (Arm ARM DDI 0487,
 * D17.2.37 ESR_EL1 and its ISS encodings). Keeps no state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "models/base/bits.h"
#include "models/base/sysenc.h"
#include "sim/boot/psci.h"
#include "sim/ledger/reason.h"

#define ESR_EC  TG_FIELD(31, 26)
#define ESR_ISS TG_FIELD(24, 0)
#define ESR_IMM TG_FIELD(15, 0) /* HVC, SMC, SVC, BRK */

enum {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_SVC = 0x15,
    EC_HVC = 0x16,
    EC_SMC = 0x17,
    EC_SYS = 0x18,
    EC_IABT_LOW = 0x20,
    EC_IABT_CUR = 0x21,
    EC_DABT_LOW = 0x24,
    EC_DABT_CUR = 0x25,
    EC_BRK = 0x3c,
};

/* Xen's hypercalls on AArch64: HVC #0xEA1 with the number in x16 (Xen, public/arch-arm.h and xen.h). */
#define XEN_HVC 0xea1

static const char *const names[REASON_COUNT] = {
    [EC_UNKNOWN] = "UNKNOWN",
    [EC_WFX] = "WFx",
    [0x03] = "CP15_32",
    [0x04] = "CP15_64",
    [0x05] = "CP14_MR",
    [0x06] = "CP14_LS",
    [0x07] = "FP",
    [0x08] = "CP10_ID",
    [0x09] = "PAUTH",
    [0x0a] = "LS64",
    [0x0c] = "CP14_64",
    [0x0d] = "BTI",
    [0x0e] = "ILL",
    [0x11] = "SVC32",
    [0x12] = "HVC32",
    [0x13] = "SMC32",
    [EC_SVC] = "SVC",
    [EC_HVC] = "HVC",
    [EC_SMC] = "SMC",
    [EC_SYS] = "SYS",
    [0x19] = "SVE",
    [0x1a] = "ERET",
    [0x1c] = "FPAC",
    [0x1d] = "SME",
    [0x1e] = "GPC",
    [EC_IABT_LOW] = "IABT_LOW",
    [EC_IABT_CUR] = "IABT_CUR",
    [0x22] = "PC_ALIGN",
    [EC_DABT_LOW] = "DABT_LOW",
    [EC_DABT_CUR] = "DABT_CUR",
    [0x26] = "SP_ALIGN",
    [0x27] = "MOPS",
    [0x28] = "FP_EXC32",
    [0x2c] = "FP_EXC64",
    [0x2d] = "GCS",
    [0x2f] = "SERROR",
    [0x30] = "BREAKPT_LOW",
    [0x31] = "BREAKPT_CUR",
    [0x32] = "SOFTSTP_LOW",
    [0x33] = "SOFTSTP_CUR",
    [0x34] = "WATCHPT_LOW",
    [0x35] = "WATCHPT_CUR",
    [0x38] = "BKPT32",
    [0x3a] = "VECTOR32",
    [EC_BRK] = "BRK",
    [REASON_WFI] = "WFI",
    [REASON_WFE] = "WFE",
    [REASON_MMIO] = "MMIO",
    [REASON_IRQ] = "IRQ",
    [REASON_FIQ] = "FIQ",
    [REASON_SERROR] = "SERROR",
    [REASON_VIRQ] = "VIRQ",
    [REASON_VFIQ] = "VFIQ",
    [REASON_VSERROR] = "VSERROR",
};

/* WFx: ISS[1:0] says WFI, WFE, WFIT, WFET. */
#define WFX_TI TG_FIELD(1, 0)

unsigned reason_of(const struct cpu_exception *e)
{
    switch (e->kind) {
    case CPU_EXC_IRQ:
        return REASON_IRQ;
    case CPU_EXC_FIQ:
        return REASON_FIQ;
    case CPU_EXC_SERROR:
        return REASON_SERROR;
    case CPU_EXC_VIRQ:
        return REASON_VIRQ;
    case CPU_EXC_VFIQ:
        return REASON_VFIQ;
    case CPU_EXC_VSERROR:
        return REASON_VSERROR;
    default:
        break;
    }
    unsigned ec = (unsigned)tg_get(e->esr, ESR_EC);
    if (ec == EC_WFX)
        return tg_get(e->esr, WFX_TI) & 1 ? REASON_WFE : REASON_WFI;
    return ec;
}

int reason_needs_x(const struct cpu_exception *e)
{
    unsigned ec = (unsigned)tg_get(e->esr, ESR_EC);
    if (e->kind != CPU_EXC_SYNC || (ec != EC_HVC && ec != EC_SMC))
        return -1;
    return ec == EC_HVC && tg_get(e->esr, ESR_IMM) == XEN_HVC ? 16 : 0;
}

bool reason_needs_intid(const struct cpu_exception *e)
{
    return e->kind == CPU_EXC_IRQ || e->kind == CPU_EXC_FIQ;
}

/* ---- details: HVC, SMC ---- */
#define CALL_IMM TG_FIELD(47, 32)
#define CALL_ID  TG_FIELD(31, 0)
#define CALL_SET TG_BIT(63) /* tells imm 0, id 0 from no detail */

/* ---- SYS: encoding of sysenc.h, and direction ---- */
#define ISS_SYS_OP0  TG_FIELD(21, 20)
#define ISS_SYS_OP2  TG_FIELD(19, 17)
#define ISS_SYS_OP1  TG_FIELD(16, 14)
#define ISS_SYS_CRN  TG_FIELD(13, 10)
#define ISS_SYS_CRM  TG_FIELD(4, 1)
#define ISS_SYS_READ TG_BIT(0)
#define SYS_ENC      TG_FIELD(15, 0)
#define SYS_READ     TG_BIT(16)
#define SYS_SET      TG_BIT(17)

/* ---- aborts: fault status, direction, and the GiB of the guest's address ---- */
#define ISS_FSC       TG_FIELD(5, 0)
#define ISS_WNR       TG_BIT(6)
#define ISS_S1PTW     TG_BIT(7)
#define HPFAR_FIPA    TG_FIELD(43, 4) /* IPA[51:12] */
#define ABORT_FSC     TG_FIELD(5, 0)
#define ABORT_WRITE   TG_BIT(6)
#define ABORT_S1PTW   TG_BIT(7)
#define ABORT_GIB     TG_FIELD(40, 8)
#define ABORT_HAS_IPA TG_BIT(41)
#define ABORT_SET     TG_BIT(42)
/* ---- MMIO: page and direction ---- */
#define MMIO_PAGE  TG_FIELD(40, 1)
#define MMIO_WRITE TG_BIT(0)
#define MMIO_SET   TG_BIT(41)
/* ---- IRQ, FIQ; 1020 to 1023 are no interrupts (IHI 0069, 2.2) ---- */
#define INTID_NUMBER  TG_FIELD(23, 0)
#define INTID_SET     TG_BIT(24)
#define INTID_SPECIAL 1020
#define INTID_LPI     8192
#define INTID_SGIS    16

/* HPFAR_EL2 is UNKNOWN after a permission fault, unless a stage-1 walk met it (D17.2.58). */
static bool has_ipa(const struct cpu_exception *e)
{
    bool permission = (tg_get(e->esr, ISS_FSC) >> 2) == 3;
    return e->from_guest && e->to_el == 2 && (!permission || (e->esr & ISS_S1PTW));
}

static uint64_t abort_detail(const struct cpu_exception *e)
{
    uint64_t d = ABORT_SET | tg_put(ABORT_FSC, tg_get(e->esr, ISS_FSC));
    unsigned ec = (unsigned)tg_get(e->esr, ESR_EC);
    if (ec >= EC_DABT_LOW && (e->esr & ISS_WNR))
        d |= ABORT_WRITE;
    if (e->from_guest && e->to_el == 2 && (e->esr & ISS_S1PTW))
        d |= ABORT_S1PTW;
    if (has_ipa(e))
        d |= ABORT_HAS_IPA | tg_put(ABORT_GIB, tg_get(e->hpfar, HPFAR_FIPA) >> 18);
    return d;
}

uint64_t reason_mmio_detail(const struct cpu_exception *e)
{
    if (!has_ipa(e))
        return REASON_NO_DETAIL;
    return MMIO_SET | tg_put(MMIO_PAGE, tg_get(e->hpfar, HPFAR_FIPA)) | (e->esr & ISS_WNR ? MMIO_WRITE : 0);
}

static uint64_t intid_detail(uint64_t intid)
{
    if (intid >= INTID_SPECIAL && intid < INTID_LPI)
        return REASON_NO_DETAIL;
    return INTID_SET | tg_put(INTID_NUMBER, intid);
}

uint64_t reason_detail(unsigned reason, const struct cpu_exception *e, uint64_t x_or_intid)
{
    switch (reason) {
    case EC_HVC:
    case EC_SMC:
        return CALL_SET | tg_put(CALL_IMM, tg_get(e->esr, ESR_IMM)) | tg_put(CALL_ID, x_or_intid);
    case EC_SYS: {
        uint64_t iss = tg_get(e->esr, ESR_ISS);
        return SYS_SET | (iss & ISS_SYS_READ ? SYS_READ : 0) |
               TG_SYSENC(tg_get(iss, ISS_SYS_OP0), tg_get(iss, ISS_SYS_OP1), tg_get(iss, ISS_SYS_CRN),
                         tg_get(iss, ISS_SYS_CRM), tg_get(iss, ISS_SYS_OP2));
    }
    case EC_IABT_LOW:
    case EC_IABT_CUR:
    case EC_DABT_LOW:
    case EC_DABT_CUR:
        return abort_detail(e);
    case EC_BRK:
        return CALL_SET | tg_get(e->esr, ESR_IMM);
    case REASON_WFI:
    case REASON_WFE:
        return tg_get(e->esr, WFX_TI) & 2; /* the forms with a timeout */
    case REASON_IRQ:
    case REASON_FIQ:
        return intid_detail(x_or_intid);
    default:
        return REASON_NO_DETAIL;
    }
}

bool reason_detail_ipa(unsigned reason, uint64_t detail, uint64_t *ipa)
{
    *ipa = tg_get(detail, MMIO_PAGE) << 12;
    return reason == REASON_MMIO && detail != REASON_OTHER_DETAIL && detail != REASON_NO_DETAIL;
}

bool reason_detail_intid(unsigned reason, uint64_t detail, unsigned *intid)
{
    *intid = (unsigned)tg_get(detail, INTID_NUMBER);
    return (reason == REASON_IRQ || reason == REASON_FIQ) && detail != REASON_OTHER_DETAIL &&
           (detail & INTID_SET);
}

/* ---- words ---- */

const char *reason_name(unsigned reason)
{
    return reason < REASON_COUNT && names[reason] ? names[reason] : "EC?";
}

struct sysname {
    uint32_t enc;
    const char *name;
};

/* The core's own table of registers, so that there is one list of names. */
static const struct sysname sysnames[] = {
#define SR(nm, op0, op1, crn, crm, op2, ...)   {TG_SYSENC(op0, op1, crn, crm, op2), #nm},
#define GICR(nm, op0, op1, crn, crm, op2, ...) {TG_SYSENC(op0, op1, crn, crm, op2), #nm},
#define SYSI(nm, op1, crn, crm, op2, ...)      {TG_SYSENC(1, op1, crn, crm, op2), #nm},
#include "models/cpu/sysreg/table.def"
    /* Of features that no core here has: they read as zero, kernels read them all the same, and HCR_EL2.TID3
     * traps them (D17.2). */
    {TG_SYSENC(3, 0, 0, 4, 2), "ID_AA64PFR2_EL1"},  {TG_SYSENC(3, 0, 0, 4, 4), "ID_AA64ZFR0_EL1"},
    {TG_SYSENC(3, 0, 0, 4, 5), "ID_AA64SMFR0_EL1"}, {TG_SYSENC(3, 0, 0, 4, 7), "ID_AA64FPFR0_EL1"},
    {TG_SYSENC(3, 0, 0, 5, 2), "ID_AA64DFR2_EL1"},  {TG_SYSENC(3, 0, 0, 6, 3), "ID_AA64ISAR3_EL1"},
    {TG_SYSENC(3, 0, 0, 7, 3), "ID_AA64MMFR3_EL1"}, {TG_SYSENC(3, 0, 0, 7, 4), "ID_AA64MMFR4_EL1"},
};

static void sys_text(uint64_t detail, char *out, size_t n)
{
    uint32_t enc = (uint32_t)tg_get(detail, SYS_ENC);
    unsigned op0 = (unsigned)tg_get(enc, TG_SYSENC_OP0);
    const char *verb = detail & SYS_READ ? "MRS" : "MSR";
    for (size_t i = 0; i < TG_ARRAY_SIZE(sysnames); i++) {
        if (sysnames[i].enc != enc)
            continue;
        if (op0 != 1) {
            snprintf(out, n, "%s %s", verb, sysnames[i].name);
            return;
        }
        snprintf(out, n, "%s", sysnames[i].name); /* DC_ISW is the instruction DC ISW */
        char *gap = strchr(out, '_');
        if (gap)
            *gap = ' ';
        return;
    }
    snprintf(out, n, "%s S%u_%u_C%u_C%u_%u", verb, op0, (unsigned)tg_get(enc, TG_SYSENC_OP1),
             (unsigned)tg_get(enc, TG_SYSENC_CRN), (unsigned)tg_get(enc, TG_SYSENC_CRM),
             (unsigned)tg_get(enc, TG_SYSENC_OP2));
}

/* Fault status codes that have a level in their last two bits (D17.2.37, DFSC). */
static void fault_text(unsigned fsc, char *out, size_t n)
{
    static const char *const levelled[] = {
        [0] = "address size", [1] = "translation", [2] = "access flag", [3] = "permission"};
    if (fsc < 0x10)
        snprintf(out, n, "%s level %u", levelled[fsc >> 2], fsc & 3);
    else if (fsc == 0x10)
        snprintf(out, n, "external");
    else if (fsc >= 0x14 && fsc <= 0x17)
        snprintf(out, n, "external on walk level %u", fsc & 3);
    else if (fsc == 0x21)
        snprintf(out, n, "alignment");
    else if (fsc == 0x30)
        snprintf(out, n, "TLB conflict");
    else if (fsc == 0x35)
        snprintf(out, n, "exclusive or atomic");
    else
        snprintf(out, n, "fault status 0x%02x", fsc);
}

static void abort_text(unsigned reason, uint64_t detail, char *out, size_t n)
{
    char fault[40];
    fault_text((unsigned)tg_get(detail, ABORT_FSC), fault, sizeof(fault));
    const char *dir = reason < EC_DABT_LOW ? "" : detail & ABORT_WRITE ? " write" : " read";
    const char *walk = detail & ABORT_S1PTW ? " on stage-1 walk" : "";
    if (detail & ABORT_HAS_IPA)
        snprintf(out, n, "%s%s%s, GiB at 0x%" PRIx64, fault, dir, walk, tg_get(detail, ABORT_GIB) << 30);
    else
        snprintf(out, n, "%s%s", fault, dir);
}

/* Those that Arm has; the others are x86's. */
static const char *xen_call_name(uint32_t number)
{
    static const char *const calls[] = {
        [7] = "platform_op",  [12] = "memory_op",  [13] = "multicall",      [16] = "event_channel_op_compat",
        [17] = "xen_version", [18] = "console_io", [20] = "grant_table_op", [21] = "vm_assist",
        [24] = "vcpu_op",     [27] = "xsm_op",     [29] = "sched_op",       [32] = "event_channel_op",
        [33] = "physdev_op",  [34] = "hvm_op",     [35] = "sysctl",         [36] = "domctl",
        [37] = "kexec_op",    [39] = "argo_op",    [40] = "xenpmu_op",      [41] = "dm_op",
        [42] = "hypfs_op",
    };
    return number < TG_ARRAY_SIZE(calls) ? calls[number] : NULL;
}

static void call_text(unsigned reason, uint64_t detail, char *out, size_t n)
{
    unsigned imm = (unsigned)tg_get(detail, CALL_IMM);
    uint32_t id = (uint32_t)tg_get(detail, CALL_ID);
    bool xen = reason == EC_HVC && imm == XEN_HVC;
    const char *name = xen ? xen_call_name(id) : imm ? NULL : psci_function_name(id);
    if (name)
        snprintf(out, n, "#%u %s%s", imm, xen ? "xen " : "", name);
    else
        snprintf(out, n, "#%u x%d=0x%" PRIx32, imm, xen ? 16 : 0, id);
}

static void intid_text(uint64_t detail, const char *device, char *out, size_t n)
{
    unsigned intid = (unsigned)tg_get(detail, INTID_NUMBER);
    if (!device && intid < INTID_SGIS)
        device = "SGI";
    snprintf(out, n, "INTID %u%s%s%s", intid, device ? " (" : "", device ? device : "", device ? ")" : "");
}

void reason_detail_text(unsigned reason, uint64_t detail, const char *device, char *out, size_t n)
{
    out[0] = 0;
    if (detail == REASON_NO_DETAIL)
        return;
    if (detail == REASON_OTHER_DETAIL) {
        snprintf(out, n, "other");
        return;
    }
    switch (reason) {
    case EC_HVC:
    case EC_SMC:
        call_text(reason, detail, out, n);
        break;
    case EC_SYS:
        sys_text(detail, out, n);
        break;
    case EC_IABT_LOW:
    case EC_IABT_CUR:
    case EC_DABT_LOW:
    case EC_DABT_CUR:
        abort_text(reason, detail, out, n);
        break;
    case REASON_MMIO:
        snprintf(out, n, "%s 0x%" PRIx64 "%s%s%s", detail & MMIO_WRITE ? "write" : "read",
                 tg_get(detail, MMIO_PAGE) << 12, device ? " (" : "", device ? device : "",
                 device ? ")" : "");
        break;
    case EC_BRK:
        snprintf(out, n, "#%u", (unsigned)tg_get(detail, ESR_IMM));
        break;
    case REASON_WFI:
    case REASON_WFE:
        snprintf(out, n, "with timeout");
        break;
    case REASON_IRQ:
    case REASON_FIQ:
        intid_text(detail, device, out, n);
        break;
    default:
        break;
    }
}
