#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure Tollgate beside QEMU: same kernel, same initramfs, same commands, both pinned to one core. See scripts/bench.

Both are driven by guestrun.py, and what is measured is the host time between two lines on the guest's console, taken
in the same way for both. Runs are interleaved, so that a slow minute of the machine hits all; medians are reported.

Rows: workload, mode, mips (guest instructions per host microsecond of the measured part, from Tollgate's database: the
run's instructions less those of a run that only boots), ours_s and qemu_s (medians), ratio (qemu_s / ours_s: above 1
Tollgate is the faster).

usage: bench.py --build DIR --platform LUA --kernel IMAGE --initrd CPIO [--runs N] [--json F] [--only W]...
                [--mode M]... [--core N] [--set K=V]...
"""
import argparse
import json
import os
import re
import sqlite3
import statistics
import sys
import tempfile

from guestrun import Failure, GuestRun

READY = r"^tollgate-init: ready"
BEGIN, END = r"^bench: begin", r"^bench: end"
FAIL = [r"Kernel panic", r"tollgate-init: status [1-9]", r"Internal error"]

# name, what the guest runs, first line (None: the start of the command), last line. One line more is one workload more.
WORKLOADS = (
    ("boot", "true", None, READY),
    ("compute", "/bench/compute", BEGIN, END),
    ("hypercall", "/bench/hypercall", BEGIN, END),
)
MODES = ("fast", "timed")


def tollgate(args, mode, command, db):
    words = [os.path.join(args.build, "tollgate"), "run", args.platform, "--mode", mode, "--kernel", args.kernel,
             "--initrd", args.initrd, "--append", append(command), "--db", db]
    for setting in ["cpus.count=1", "ram.size=1GiB"] + args.set:
        words += ["--set", setting]
    return words


def qemu(args, command):
    return ["qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=3", "-cpu", args.cpu, "-smp", "1", "-m",
            "1G", "-accel", "tcg", "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-kernel",
            args.kernel, "-initrd", args.initrd, "-append", append(command)]


def append(command):
    return 'console=ttyAMA0 quiet tg.run="%s"' % command


def measure(args, words, begin, end):
    """(seconds of the measured part, console text, resident KiB)"""
    if args.verbose:
        print("    + " + " ".join("'%s'" % w if re.search(r"[ \"]", w) else w for w in words), flush=True)
    with GuestRun(["taskset", "-c", str(args.core)] + words, timeout=args.timeout, fail=FAIL, stderr=args.stderr) as g:
        start = 0.0
        if begin:
            g.expect(begin, name="begin")
            start = g.at["begin"]
        g.expect(end, name="end of work")
        status = g.wait()
        if status != 0:
            raise Failure("the simulator ended with status %d:\n%s" % (status, g.tail()))
        if "tollgate-init: status 0" not in g.text:
            raise Failure("the guest's command failed:\n%s" % g.tail())
        return g.at["end of work"] - start, g.text, g.usage.ru_maxrss


def instructions(db):
    with sqlite3.connect(db) as connection:
        row = connection.execute("select insns from v_run order by run_id desc limit 1").fetchone()
    connection.close()
    if not row or not row[0]:
        raise Failure("%s tells no instruction count" % db)
    return row[0]


class Bench:
    def __init__(self, args, directory):
        self.args = args
        self.directory = directory
        self.baseline = {}      # mode -> instructions of a run that boots and powers off
        self.rss = 0
        self.answers = {}       # workload -> what the guest computed; the same everywhere or the comparison is void

    def ours(self, mode, command, begin, end):
        db = os.path.join(self.directory, "run.db")
        for suffix in ("", "-wal", "-shm", "-journal"):
            if os.path.exists(db + suffix):
                os.remove(db + suffix)
        seconds, text, rss = measure(self.args, tollgate(self.args, mode, command, db), begin, end)
        self.rss = max(self.rss, rss)
        return seconds, text, instructions(db)

    def same_answer(self, name, text, who):
        answer = re.findall(r"^bench: answer (.*)", text, re.M)
        if self.answers.setdefault(name, answer) != answer:
            raise Failure("%s: %s computed %s, another run %s" % (name, who, answer, self.answers[name]))

    def workload(self, name, command, begin, end):
        modes = self.args.mode or MODES
        ours = {mode: [] for mode in modes}
        theirs, insns, text = [], {}, ""
        for run in range(self.args.runs):
            seconds, text, _ = measure(self.args, qemu(self.args, command), begin, end)
            self.same_answer(name, text, "QEMU")
            theirs.append(seconds)
            progress(name, run, "qemu", seconds)
            for mode in modes:
                seconds, text, insns[mode] = self.ours(mode, command, begin, end)
                self.same_answer(name, text, "Tollgate")
                ours[mode].append(seconds)
                progress(name, run, mode, seconds)
        rows = []
        for mode in modes:
            work = insns[mode]
            if begin:
                work -= self.boot_instructions(mode)
            ours_s, qemu_s = statistics.median(ours[mode]), statistics.median(theirs)
            rows.append({"workload": name, "mode": mode, "mips": round(work / ours_s / 1e6, 1),
                         "ours_s": round(ours_s, 3), "qemu_s": round(qemu_s, 3), "ratio": round(qemu_s / ours_s, 3)})
        if not begin:
            self.baseline.update(insns)
        return rows, text

    def boot_instructions(self, mode):
        if mode not in self.baseline:
            self.baseline[mode] = self.ours(mode, "true", None, READY)[2]
        return self.baseline[mode]


def progress(name, run, who, seconds):
    print("    %-10s run %d  %-6s %8.2f s" % (name, run + 1, who, seconds), flush=True)


def table(rows):
    print("\n%-12s %-6s %9s %10s %10s %8s" % ("workload", "mode", "mips", "ours_s", "qemu_s", "ratio"))
    for r in rows:
        print("%-12s %-6s %9.1f %10.3f %10.3f %8.2f" % tuple(r[k] for k in (
            "workload", "mode", "mips", "ours_s", "qemu_s", "ratio")))


def main():
    parser = argparse.ArgumentParser(description="see scripts/bench --help")
    parser.add_argument("--build", required=True)
    parser.add_argument("--platform", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--cpu", default="neoverse-n1")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json")
    parser.add_argument("--only", action="append", choices=[w[0] for w in WORKLOADS])
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--timeout", type=float, default=900)
    parser.add_argument("--stderr", default=os.devnull)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if args.runs < 1:
        parser.error("--runs wants at least 1")
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench.", dir=args.build) as directory:
        bench = Bench(args, directory)
        for name, command, begin, end in WORKLOADS:
            if args.only and name not in args.only:
                continue
            try:
                more, text = bench.workload(name, command, begin, end)
            except Failure as e:
                sys.stderr.write("bench: %s: %s\n" % (name, e))
                return 1
            rows += more
            m = re.search(r"trapbench: hypercall iterations=(\d+)", text)
            if m:
                for r in more:
                    print("    %s: %d exits; ours %.0f, QEMU %.0f exits per host second (VMM's start included)" % (
                        r["mode"], int(m.group(1)), int(m.group(1)) / r["ours_s"], int(m.group(1)) / r["qemu_s"]))
    table(rows)
    print("\nours: resident memory at most %d MiB; medians of %d; ratio = qemu_s / ours_s; core %d" % (
        bench.rss // 1024, args.runs, args.core))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
            f.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
