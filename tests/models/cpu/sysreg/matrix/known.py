# SPDX-License-Identifier: Apache-2.0
"""Differences of the trap matrix that are right, with the reason. reason() returns None for those that are not."""
import re

DONE = 0
EVT = {f"HCR<{n}>" for n in (49, 50, 52, 54, 55)}
NV = {"HCR<42>", "HCR.NV+NV1", "HCR.NV+NV2", "HCR.NV+NV1+NV2"}

# Names that only one side has, as regular expressions over S<op0>_<op1>_C<CRn>_C<CRm>_<op2>.
THEIRS = (
    (r"S1_3_C7_C(4_[34]|1[0234]_[35]|13_[35])", "DC by tag: FEAT_MTE is not implemented here"),
    (r"S1_3_C7_C3_[4-7]", "CFP, DVP, COSP, CPP RCTX: not of this core"),
    (r"S1_3_C7_C13_1", "DC CVADP: not of this core"),
    (r"S1_[04]_C9_.*", "TLBI nXS: not of this core"),
    (r"S3_0_C2_C[123]_[0-3]", "keys of FEAT_PAuth: not of this core"),
    (r"S3_[0346]_C13_C0_7|S3_5_C13_C0_7", "SCXTNUM: not of this core"),
    (r"S3_0_C4_C3_0|S3_0_C12_C9_5", "FEAT_NMI is not implemented here"),
    (r"S3_4_C2_C6_[02]", "VSTTBR_EL2, VSTCR_EL2: FEAT_SEL2 is not implemented here"),
    (r"S2_4_C0_C7_0|S3_4_C3_C0_0|S3_4_C5_C0_1|S3_4_C5_C3_0|S3_4_C4_C3_[0-3]", "registers of AArch32, which is not implemented here"),
    (r"S3_3_C2_C4_[01]", "RNDR, RNDRRS: not of this core"),
    (r"S3_3_C4_C2_[57]", "DIT, TCO: not of this core"),
)
OURS = (
    (r"S2_0_C1_C4_4|S2_0_C7_C14_6", "DBGPRCR_EL1, DBGAUTHSTATUS_EL1: QEMU does not have them"),
    (r"S2_3_C0_C[45]_0|S2_0_C0_C[036]_2", "DBGDTR_EL0, OSDTRRX_EL1, OSDTRTX_EL1, OSECCR_EL1: QEMU 7.2 does not have them, 10.0 not all"),
    (r"S3_0_C5_C(3_1|4_[0-3]|5_[01])", "ERR*: QEMU has no error records (ERRIDR_EL1.NUM is 0), and so has them undefined"),
    (r"S3_[0-7]_C1[15]_.*", "implementation defined"),
)


def undefined(v):
    return v >> 60 != 0 and v >> 26 & 0x3F == 0


def trapped_to_el2(v):
    return v >> 60 == 2 and v >> 26 & 0x3F == 0x18


def reason(x, us, them, major):
    for pattern, why in THEIRS:
        if re.fullmatch(pattern, x.name) and (undefined(us) or us >> 26 & 0x3F == 0x18):
            return why
    for pattern, why in OURS:
        if re.fullmatch(pattern, x.name):
            return why
    if x.name == "S3_3_C13_C0_7" and x.el == 0 and x.mode == 2 and us >> 60 == DONE:
        return "HCR_EL2.EnSCXT acts as 1 for a host's EL0; QEMU traps"
    if (re.match(r"S3_3_C14_C(8|9|10|11|12|13|14|15)_|S3_3_C9_C13_[12]", x.name) and x.el < 2 and
            any(f"MDCR<{n}>" in x.has for n in range(5))):
        return "event counters from MDCR_EL2.HPMN on are EL2's; QEMU does not hold EL1 off them"
    if not x.read and x.name.startswith("S3_4_") and x.el == 1 and undefined(us) and x.has & NV:
        return "a write of a read-only register is undefined; QEMU traps it as EL2's (HCR_EL2.NV)"
    if re.fullmatch(r"S3_3_C9_C12_[45]|S3_3_C9_C13_[02]|S3_3_C14_C(8|9|10|11)_.", x.name) and x.el == 0 and x.has & {"MDCR<6>", "MDCR_EL3<6>"}:
        return "PMSWINC, PMSELR, PMCCNTR, PMXEVCNTR, PMEVCNTR: QEMU lets PMUSERENR_EL0.SW, ER, CR win over MDCR_EL2.TPM and MDCR_EL3.TPM"
    if x.name == "S3_3_C9_C12_0" and "MDCR<5>" in x.has:
        return "PMCR_EL0: QEMU does not have MDCR_EL2.TPMCR for a host's EL0, QEMU 7.2 for none"
    if x.name == "S3_3_C9_C14_0" and x.el < 2 and x.has & {"HDFGRTR<57>", "HDFGWTR<57>"} and trapped_to_el2(us):
        return "PMUSERENR_EL0: QEMU does not have bit 57 of HDFGRTR_EL2 and HDFGWTR_EL2"
    if x.name == "S3_4_C1_C1_1" and x.el == 2 and "MDCR_EL3<9>" in x.has and us >> 60 == 3:
        return "MDCR_EL2: QEMU does not have the trap of MDCR_EL3.TDA"
    if major < 8 and re.fullmatch(r"S2_0_C7_C[89]_6", x.name):
        return "DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1: QEMU 7.2 does not have them"
    if major < 8 and "HCR<20>" in x.has and x.enc >> 7 & 15 in (11, 15) and not undefined(us):
        return "QEMU 7.2 traps no implementation-defined encoding that it does not have (HCR_EL2.TIDCP)"
    if major < 8 and re.match(r"S3_5_", x.name) and x.el >= 2 and x.mode == 0 and undefined(us):
        return "QEMU 7.2 has the EL12 names at EL2 and EL3 without E2H"
    if major < 8 and x.has & EVT and trapped_to_el2(us):
        return "QEMU 7.2 does not have FEAT_EVT"
    if major < 8 and x.name == "S2_3_C0_C1_0" and x.el == 0 and "MDSCR<12>" in x.has:
        return "MDCCSR_EL0: QEMU 7.2 does not have MDSCR_EL1.TDCC"
    if major < 8 and x.name == "S3_4_C12_C0_2" and x.el == 2:
        return "RMR_EL2: QEMU 7.2 does not have it"
    if major < 8 and x.name == "S3_3_C14_C0_1" and x.el == 0 and x.mode == 0 and x.has & {"CNTHCTL<0>", "CNTHCTL<1>"}:
        return "CNTPCT_EL0 of EL0: QEMU 7.2 takes CNTHCTL_EL2.EL1PCEN for EL1PCTEN"
    if x.enc >> 14 == 2 and x.enc >> 7 & 15 in (11, 15) and "HCR<20>" in x.has:
        return "HCR_EL2.TIDCP reaches op0 = 1 and 3; QEMU traps op0 = 2 too"
    if x.enc >> 14 == 1 and x.read and x.has & (NV | {"HCR<44>"}):
        return "SYSL of a TLBI or AT is not allocated; QEMU traps it as if it were SYS"
    if x.name == "S1_3_C7_C4_1" and us & 0x3F == 0x21:
        return "DC ZVA with the MMU off is an access to Device memory: an alignment fault, which QEMU does not make"
    return None
