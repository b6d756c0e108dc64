#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's programs on a root file system: what they answer here is what they answer in QEMU.

programs.py --build DIR short | long/CORE

Each runs checks in more than one place: under Debian's 6.1 kernel at EL2 with root.ext4 (scripts/guests programs) on virtio-blk; and in a KVM
guest of that kernel, which runs the same kernel with the same tree in its memory. Checks are the files of tests/system/programs. Each says by its exit
status whether it is content with itself; besides, its output is compared with a run in qemu-system-aarch64. short: what the test run has
time for; long: all checks, and python's own tests, with several PEs and in mode timed, too (scripts/soak programs).
"""
import difflib
import os
import re
import shutil
import sys

from machine import FAIL, SOURCE, Failure, main, need
from guestrun import GuestRun

CHECKS = os.path.join(SOURCE, "tests", "system", "programs")
SHORT = ("python-short", "perl", "openssl-short", "sqlite", "gcc-short")
SHORT_GUEST = ("python-short", "sqlite", "gcc-short")
LONG = ("python", "perl", "openssl", "sqlite", "gcc", "stress", "python-tests-numbers", "python-tests-more")
LONG_TIMED = ("python", "perl", "openssl", "sqlite", "gcc")
CORES = ("neoverse-n1", "cortex-a57")
# place, mode, PEs, checks
SHORT_RUNS = (("bare", "fast", 1, SHORT), ("guest", "fast", 1, SHORT_GUEST))
LONG_RUNS = (("bare", "fast", 1, LONG), ("guest", "fast", 1, LONG), ("bare", "fast", 4, LONG), ("bare", "timed", 2, LONG_TIMED))
SECTION = r"^== (\S+)\n(.*?)^== \1 status (\d+)\n"


def sections(text):
    """check -> (its output, its status)"""
    return {m.group(1): (m.group(2), int(m.group(3))) for m in re.finditer(SECTION, text, re.M | re.S)}


def script(test, name, lines):
    path = test.path(name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    return path


def bare_image(test, checks):
    run = script(test, "bare.sh", ["mkdir -p /programs && mount -t ext4 /dev/vda /programs || exit 1",
                                   "sh /checks/run.sh /programs " + " ".join(checks)])
    return test.initramfs("k61", "--run", run, "--add", CHECKS + ":/checks")


def guest_image(test, checks):
    """The host's image, and the guest's as a file."""
    inner = script(test, "guest.sh", ["sh /checks/run.sh /programs " + " ".join(checks)])
    guest = test.path("guest.cpio")
    shutil.copyfile(test.initramfs("k61", "--run", inner, "--add", CHECKS + ":/checks", modules=False), guest)
    with open(guest, "ab") as out, open(test.guest("programs", "root.cpio"), "rb") as tree:
        shutil.copyfileobj(tree, out)
    outer = script(test, "host.sh", [
        "cat /dev/vda >/tmp/guest.cpio || exit 1",
        "exec /guest/minivmm --cpus 1 --mem 1200M --kernel /guest/Image --initrd /tmp/guest.cpio "
        "--append 'console=ttyAMA0 tg.modules=none'"])
    return test.initramfs("k61", "--run", outer, "--add", "%s:/guest/Image" % test.guest("k61", "Image")), guest


def ours(test, core, place, mode, cpus, checks):
    if place == "bare":
        image, drive = bare_image(test, checks), test.guest("programs", "root.ext4")
    else:
        image, drive = guest_image(test, checks)
    arguments = test.linux("k61", image, append="quiet") + ["--drive", "mode=snapshot,file=" + drive]
    with test.machine(core, arguments, cpus, mode, settings=["ram.size=3GiB"]) as g:
        g.close_input()
        test.power_off(g)
        return g.text


def qemu(test, core, checks):
    """QEMU's machine of the same map, with the same drive and image."""
    command = [test.tool("qemu-system-aarch64", "qemu-system-arm"), "-M", "virt,virtualization=on,gic-version=3", "-cpu", core, "-smp", "1",
               "-m", "3072", "-nographic", "-net", "none", "-no-reboot", "-kernel", test.guest("k61", "Image"), "-initrd",
               bare_image(test, checks), "-append", "console=ttyAMA0 quiet", "-drive",
               "if=none,id=root,format=raw,snapshot=on,file=" + test.guest("programs", "root.ext4"), "-device",
               "virtio-blk-device,drive=root"]
    print("+ " + " ".join("'%s'" % w if " " in w else w for w in command), flush=True)
    with GuestRun(command, timeout=test.timeout, log=test.path("qemu.log"), fail=FAIL) as g:
        g.close_input()
        need(g.wait() == 0, "QEMU ended with status %s:\n%s" % (g.status, g.tail()))
        print("  QEMU: %.1f s of host time" % g.at["end"], flush=True)
        return g.text


def compare(found, wanted, checks):
    """What the two machines printed, check by check."""
    wrong = []
    for check in checks:
        need(check in wanted, "QEMU's run has no end of '%s'" % check)
        need(wanted[check][1] == 0, "'%s' fails in QEMU:\n%s" % (check, wanted[check][0][-2000:]))
        if check not in found:
            wrong.append("'%s' was not run to its end" % check)
        elif found[check] != wanted[check]:
            lines = difflib.unified_diff(wanted[check][0].split("\n"), found[check][0].split("\n"), "QEMU", "Tollgate", lineterm="", n=0)
            wrong.append("'%s', status %d:\n%s" % (check, found[check][1], "\n".join(list(lines)[:40])))
        else:
            print("  %s: %d lines alike" % (check, found[check][0].count("\n")), flush=True)
    need(not wrong, "\n".join(wrong))


def programs(test, core, runs):
    test.guest("programs", "root.ext4")
    wanted = sections(qemu(test, core, runs[0][-1]))
    failures = []
    for run in runs:
        try:
            compare(sections(ours(test, core, *run)), wanted, run[-1])
        except Failure as e:    # the others are still worth knowing
            failures.append("%s, mode %s, %d PEs: %s" % (*run[:3], e))
    need(not failures, "\n".join(failures))


TESTS = {"short": lambda test: programs(test, "neoverse-n1", SHORT_RUNS)}
TESTS.update({"long/" + core: (lambda test, core=core: programs(test, core, LONG_RUNS)) for core in CORES})

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("short")  # for CTest; the others are scripts/soak's
    else:
        main(TESTS)
