#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions that a hypercall round trip takes: Tollgate beside QEMU, on the same kernel, guest and VMM.

QEMU with -icount shift=0 lets one nanosecond of the guest's clock go by for each instruction, so the nanoseconds that
trapbench prints are instructions. Its device tree holds no random seeds and its real-time clock stands at a date, so
that it does the same twice. Tollgate in mode `fast` lets one cycle go by for each; at a core clock of 1 GHz its
nanoseconds are instructions as well. Both numbers come from the same line of the same program:

    trapbench: hypercall iterations=65536 ns_total=... ns=...

so that loop, timer interrupts of the host kernel and all else are in both. The difference must be within 1 %. On
Tollgate's side the ledger is held against it, too: as many exits with reason HVC as trapbench made hypercalls, and
their mean of instructions within the loop's cost below trapbench's figure.

The host's kernel works on in the background when init runs already (6.12 tests its ciphers): the measurement waits
until that is over. minivmm gives the guest no PMU, because KVM on a host with a perf event does more in each exit.
With --expect N, QEMU's figure must be within 1 % of N, too: then kernel, VMM and guest are what N was measured with.

Two guests: `linux` (Debian's kernel, minivmm, trapbench) and `microvisor` (no Linux; quick, needs no downloads).

usage: icount.py --build DIR --source DIR --core CORE [--kernel k61|k612 | --microvisor] [--append S] [--verbose]
Exit status: 0 agreement, 1 not, 77 cannot be run here.
"""
import argparse
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

# QEMU 7.2's revisions of the cores: the kernel's errata workarounds follow them.
MIDR = {"cortex-a57": "0x411fd070", "neoverse-n1": "0x414fd0c1"}
LIMIT = 0.01
# So few of the empty loop that hardly ever a timer interrupt of the host falls into it.
CASES = "cases=empty,hypercall empty=2048"
LINE = r"trapbench: %s iterations=(\d+) ns_total=(\d+) ns=([\d.]+)"


def load_guestrun(source):
    sys.path.insert(0, os.path.join(source, "scripts", "lib"))
    sys.dont_write_bytecode = True
    import guestrun
    return guestrun


class Oracle:
    def __init__(self, args):
        self.args = args
        self.guestrun = load_guestrun(args.source)
        self.directory = tempfile.mkdtemp(prefix="icount.")

    def image(self):
        """(kernel, initrd or None, kernel command line)"""
        a = self.args
        guest = os.path.join(a.build, "guest")
        if a.microvisor:
            return os.path.join(guest, "microvisor.img"), None, (CASES + " " + a.append).strip()
        guests = os.path.join(a.build, "guests", a.kernel)
        kernel = os.path.join(guests, "Image")
        if not os.path.exists(kernel):
            print("SKIPPED: %s is not there: run 'scripts/guests %s'" % (kernel, a.kernel))
            sys.exit(77)
        initrd = os.path.join(self.directory, "initrd.cpio")
        script = os.path.join(self.directory, "measure")
        with open(script, "w", encoding="ascii") as f:
            f.write('sleep 5\nexec /guest/minivmm --no-pmu --kernel /guest/trapbench.img --append "%s"\n' % CASES)
        environment = dict(os.environ, TG_BUILD=os.path.dirname(os.path.dirname(os.path.realpath(guests))))
        subprocess.run([os.path.join(a.source, "scripts", "initramfs"), "--kernel", a.kernel, "--output", initrd,
                        "--programs", guest, "--add", script + ":/measure"],
                       check=True, env=environment, stdout=subprocess.DEVNULL)
        append = "console=ttyAMA0 quiet %s tg.run=\"sh /measure\"" % self.args.append
        return kernel, initrd, append.replace("  ", " ")

    def run(self, who, command):
        """{case: (iterations, ns_total)}"""
        log = os.path.join(self.directory, who + ".log")
        if self.args.verbose:
            print("+ " + " ".join(command), flush=True)
        with self.guestrun.GuestRun(command, timeout=self.args.timeout, log=log,
                                    fail=[r"Kernel panic", r"FATAL", r"tollgate-init: status [1-9]"]) as g:
            results = {}
            for case in ("empty", "hypercall"):
                m = g.expect(LINE % case)
                results[case] = int(m.group(1)), int(m.group(2))
            g.expect(r"trapbench: end ran=\d+ skipped=\d+ failed=0")
            status = g.wait()
            if status != 0:
                raise self.guestrun.Failure("%s ended with status %d:\n%s" % (who, status, g.tail()))
            return results

    def qemu(self, kernel, initrd, append):
        command = ["qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=3,dtb-randomness=off", "-rtc", "base=2024-01-01,clock=vm", "-cpu", self.args.core,
                   "-smp", "1", "-m", "1G", "-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none",
                   "-serial", "stdio", "-nic", "none", "-kernel", kernel, "-append", append]
        return self.run("qemu", command + (["-initrd", initrd] if initrd else []))

    def tollgate(self, kernel, initrd, append):
        self.db = os.path.join(self.directory, "run.db")
        command = [os.path.join(self.args.build, "tollgate"), "run",
                   os.path.join(self.args.source, "platforms", "virt.lua"), "--mode", "fast", "--db", self.db,
                   "--kernel", kernel, "--append", append]
        core = self.args.core
        for setting in ["core=" + core, "cpus.core.freq=1GHz", "cpus.core.midr=" + MIDR[core]] + self.args.set:
            command += ["--set", setting]
        return self.run("tollgate", command + (["--initrd", initrd] if initrd else []))

    def ledger(self):
        """(count, mean of instructions) of the exits with reason HVC"""
        connection = sqlite3.connect(self.db)
        rows = connection.execute("select count, insns_mean from v_exit where reason like 'HVC%'").fetchall()
        connection.close()
        count = sum(r[0] for r in rows)
        return count, sum(r[0] * r[1] for r in rows) / count if count else 0.0

    def compare(self):
        images = self.image()
        theirs, ours = self.qemu(*images), self.tollgate(*images)
        failures = []
        print("instructions per operation, %s, %s%s" % (
            self.args.core, "microvisor" if self.args.microvisor else self.args.kernel,
            " " + self.args.append if self.args.append else ""))
        per = {}
        for case in ("empty", "hypercall"):
            if theirs[case][0] != ours[case][0]:
                failures.append("%s: %d iterations in QEMU, %d in Tollgate" % (case, theirs[case][0], ours[case][0]))
            q, t = theirs[case][1] / theirs[case][0], ours[case][1] / ours[case][0]
            per[case] = t
            print("  %-10s QEMU %10.2f  Tollgate %10.2f  difference %+.2f %%" % (case, q, t, 100 * (t / q - 1)))
            if abs(t / q - 1) > LIMIT:
                failures.append("%s differs by %.2f %%, more than %.0f %%" % (case, 100 * (t / q - 1), 100 * LIMIT))
        expect = self.args.expect
        if expect:
            q = theirs["hypercall"][1] / theirs["hypercall"][0]
            print("  published: %d" % expect)
            if abs(q / expect - 1) > LIMIT:
                failures.append("QEMU took %.2f instructions, %d were published" % (q, expect))
        iterations = ours["hypercall"][0]
        count, mean = self.ledger()
        loop = per["hypercall"] - mean
        print("  ledger: %d exits with reason HVC, %.2f instructions each; the rest of the loop %.2f" % (
            count, mean, loop))
        # The guest boots by PSCI calls and ends by one: a few more exits than hypercalls are right, fewer never.
        if not iterations <= count <= iterations + 64:
            failures.append("%d hypercalls, but %d exits with reason HVC in the ledger" % (iterations, count))
        # The loop's own instructions, and the timer interrupts of the host that trapbench sees and the exits do not.
        if not 0 < loop < per["empty"] + 16 + LIMIT * per["hypercall"]:
            failures.append("trapbench measured %.2f instructions, the ledger %.2f" % (per["hypercall"], mean))
        return failures

    def main(self):
        try:
            failures = self.compare()
        except (self.guestrun.Failure, sqlite3.Error) as e:
            failures = [str(e)]
        for f in failures:
            print("FAIL: " + f)
        if failures:
            print("consoles and database are kept in " + self.directory)
            return 1
        shutil.rmtree(self.directory)
        print("agreement within %.0f %%" % (100 * LIMIT))
        return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--core", required=True, choices=sorted(MIDR))
    parser.add_argument("--kernel", default="k61")
    parser.add_argument("--microvisor", action="store_true")
    parser.add_argument("--append", default="")
    parser.add_argument("--expect", type=int, help="published figure of a hypercall")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--timeout", type=float, default=240)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if not shutil.which("qemu-system-aarch64"):
        print("qemu-system-aarch64 is not installed: run 'scripts/setup test'")
        return 77
    return Oracle(args).main()


if __name__ == "__main__":
    sys.exit(main())
