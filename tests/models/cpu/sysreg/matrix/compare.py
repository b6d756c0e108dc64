#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trap matrix: every system register and instruction, here and in QEMU, under each bit of each trap control.

  compare.py TOLLGATE PLATFORM IMAGE QEMU [--seed N] [--encodings N] [--controls N] [--pairs N] [--only ENC]
             [--all [--part K/N]] [--el3] [--first CONTROL] [--keep DIR]

Runs the image of matrix.c in both and compares outcomes: done, exception to which level with which syndrome, and what an
access under nested virtualization touched. By default a sample: --encodings N and --controls N take one in 2^N of them, --pairs N
draws N pairs of controls for each access. --all is everything (an hour or more), --part one N-th of it. --el3: the image
starts as firmware at EL3, whose controls (SCR_EL3, CPTR_EL3, MDCR_EL3) join the others.
--first leaves out the controls before that one. --only ENC (hexadecimal, op0:op1:CRn:CRm:op2 as in MRS)
is one encoding with every control. QEMU 9.0 or later has nested virtualization, fine-grained traps and ECV; with an older one, what it
lacks is switched off here too. Differences that are right stand in known.py, with the reason. Exit status 1: there are others.
"""
import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile

import known

CONTROLS = ("HCR HCRX CPTR CPACR MDCR HSTR CNTHCTL CNTKCTL MDSCR PMUSERENR SCTLR_EL1 SCTLR_EL2 ICH_HCR "
            "HFGRTR HFGWTR HFGITR HDFGRTR HDFGWTR HAFGRTR SCR_EL3 CPTR_EL3 MDCR_EL3").split()
NV = ("HCR.NV+NV1", "HCR.NV+NV2", "HCR.NV+NV1+NV2")
MODES = ("E2H=0", "E2H=1", "host")

# Of the PE here, besides those of the core preset: what QEMU's max has too, since the version given.
FEATURES = ((0, "tlbios tlbirange s2fwb ttl evt idst pmuv3p4 hcx pauth dpb2 dit rng"),
            (9, "fgt ecv ecv_poff nv nv2 xs csv2_2 specres"))


def control(k):
    if k == 0xFFF:
        return ""
    return NV[k - len(CONTROLS) * 64] if k >= len(CONTROLS) * 64 else f"{CONTROLS[k >> 6]}<{k & 63}>"


def encoding(enc):
    return f"S{enc >> 14}_{enc >> 11 & 7}_C{enc >> 7 & 15}_C{enc >> 3 & 15}_{enc & 7}"


def outcome(v):
    kind, touched, esr = v >> 60, v >> 48 & 0xFFF, v & 0xFFFFFFFF
    if kind == 0:
        return "done" + (f", EL1's register {touched & 7}" if touched & 0x800 else f", page {touched:#x}" if touched else "")
    return f"EL{kind}, EC {esr >> 26:#x} ISS {esr & 0x1ffffff:#x}"


class Access:
    """What is compared: known.py asks it questions."""

    def __init__(self, enc, mode, el, read, controls):
        self.enc, self.mode, self.el, self.read, self.controls = enc, mode, el, read, controls
        self.name = encoding(enc)
        self.has = set(filter(None, map(control, controls)))

    def __str__(self):
        how = ("MRS" if self.read else "MSR") if self.enc >> 14 > 1 else ("SYSL" if self.read else "SYS")
        return f"{how} {self.name} at EL{self.el}, {MODES[self.mode]}{''.join(', ' + c for c in sorted(self.has))}"


def parse(text, who):
    lines = text.replace("\r", "").split("\n")
    if "END" not in lines:
        sys.exit(f"compare.py: {who} did not come to the end; its last line: {lines[-2:]}")
    base, others, info = {}, {}, ""
    for line in lines:
        if line.startswith("I"):
            info = line[1:]
        m = re.fullmatch(r"([0-9a-f]{4}) ([0-9a-f])([0-9a-f])([0-9a-f]) ([0-9a-f]{3})([0-9a-f]{3}) ([0-9a-f]{12})", line)
        if m:
            enc, mode, el, read, a, b, o = (int(x, 16) for x in m.groups())
            o = (o >> 44) << 60 | (o >> 32 & 0xFFF) << 48 | (o & 0xFFFFFFFF)
            if a == 0xFFF:
                base[enc, mode, el, read] = o
            else:
                others[enc, mode, el, read, a, b] = o
    return base, others, info


def undefined(access):
    return (3 if access[2] == 3 else 1 if access[2] == 1 or (access[2] == 0 and access[1] != 2) else 2) << 60 | 0x02000000


def run(command, image):
    """What it wrote to the console up to END; with --el3 it waits then and is ended."""
    env = dict(os.environ, QEMU_MODULE_DIR="/nonexistent")
    lines = []
    with subprocess.Popen(command + [image], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as r:
        for line in r.stdout:
            lines.append(line.decode("latin-1").rstrip("\r\n"))
            if lines[-1] == "END":
                break
        try:
            r.wait(1)
        except subprocess.TimeoutExpired:
            r.kill()
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("tollgate")
    p.add_argument("platform")
    p.add_argument("image")
    p.add_argument("qemu")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--encodings", type=int, default=3)
    p.add_argument("--controls", type=int, default=4)
    p.add_argument("--pairs", type=int, default=4)
    p.add_argument("--only", type=lambda v: int(v, 16), default=0)
    p.add_argument("--all", action="store_true")
    p.add_argument("--part", type=lambda v: tuple(map(int, v.split("/"))), default=(0, 1))
    p.add_argument("--first", choices=CONTROLS, default="HCR")
    p.add_argument("--el3", action="store_true")
    p.add_argument("--keep")
    p.add_argument("--show", type=int, default=40)
    a = p.parse_args()
    if a.all:
        a.encodings = a.controls = 0
    if a.only:
        a.controls = 0
    data = bytearray(open(a.image, "rb").read())
    struct.pack_into("<QHHHHHHH", data, 32, a.seed, a.encodings, a.controls, a.pairs, a.only, *a.part, CONTROLS.index(a.first))
    version = subprocess.run([a.qemu, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    major = int(re.search(r"version (\d+)", version).group(1))
    features = [f for since, names in FEATURES if major >= since for f in names.split()]
    with tempfile.TemporaryDirectory() as directory:
        directory = a.keep or directory
        image = os.path.join(directory, "image")
        open(image, "wb").write(data)
        sets = [s for f in features for s in ("--set", f"cpus.core.features.{f}=true")]
        if a.el3:
            sets += ["--set", "secure=true"]
        ours = run([a.tollgate, "run", a.platform, "--set", "core=neoverse-n1", *sets, "--quiet", "--firmware" if a.el3 else "--kernel"],
                   image)
        theirs = run([a.qemu, "-M", "virt,virtualization=on,gic-version=3" + (",secure=on" if a.el3 else ""), "-m", "128", "-display", "none", "-serial", "stdio",
                      "-net", "none", "-monitor", "none", "-cpu", "max,sve=off,sme=off",
                      "-bios" if a.el3 else "-kernel"], image)
        if a.keep:
            open(os.path.join(directory, "ours"), "w").write(ours)
            open(os.path.join(directory, "theirs"), "w").write(theirs)
    ours, theirs = parse(ours, "Tollgate"), parse(theirs, "QEMU")
    print(f"{version.splitlines()[0]}: features {theirs[2]}, ours {ours[2]}")
    reasons, bad, compared = {}, [], 0

    def judge(access, us, them):
        nonlocal compared
        compared += 1
        if us != them:
            x = Access(*access[:4], access[4:])
            why = known.reason(x, us, them, major)
            if why:
                reasons[why] = reasons.get(why, 0) + 1
            else:
                bad.append((x, us, them))

    for access in sorted(ours[0].keys() | theirs[0].keys()):
        judge(access, ours[0].get(access, undefined(access)), theirs[0].get(access, undefined(access)))
    for access in sorted(ours[1].keys() | theirs[1].keys()):
        first = access[:4]
        judge(access, *(side[1].get(access, side[0].get(first, undefined(first))) for side in (ours, theirs)))
    for why in sorted(reasons):
        print(f"{reasons[why]:7} {why}")
    for x, us, them in bad[:a.show]:
        print(f"{x}\n    here {outcome(us)}\n    QEMU {outcome(them)}")
    print(f"{compared} outcomes that are not plainly undefined, {sum(reasons.values())} known differences, {len(bad)} others")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
