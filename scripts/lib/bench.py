#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure Tollgate beside QEMU: same kernel, same initramfs, same commands, both pinned to one core. See scripts/bench.

Both are driven by guestrun.py, and what is measured is the host time between two lines on the guest's console, taken
in the same way for both: of the clock, and of the processor, which a machine that others use disturbs less. Runs are
interleaved, so that a slow minute of the machine hits all; medians are reported.

Rows: workload, mode, mips (guest instructions per microsecond of processor time in the measured part; instructions are
those of the phase `work` in Tollgate's database, or what the workload's SQL says), ours_s and qemu_s (clock), ratio
(qemu_s / ours_s: above 1 Tollgate is the faster), ours_cpu_s, qemu_cpu_s, cpu_ratio (the same in processor time); rate and
qemu_rate (per second of processor time) where something is counted; cost (in processor time) where a run of one PE is
compared with; host_insns with --callgrind.

usage: bench.py --build DIR --platform LUA --kernel IMAGE --initrd CPIO [--runs N] [--json F] [--only W]...
                [--mode M]... [--core N] [--set K=V]... [--callgrind]
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile

from guestrun import Failure, GuestRun

READY = r"^tollgate-init: ready"
BEGIN, END = r"^bench: begin", r"^bench: end"
FAIL = [r"Kernel panic", r"tollgate-init: status [1-9]", r"Internal error"]

# command: what the guest runs; begin, end: between which lines (begin None: from the start of the simulator); counted: unit
# and pattern of a number on the console; cpus; one: the command of which one PE's time is the cost's denominator; insns: SQL
# for the part's instructions when they are not the phase's; middle: where callgrind looks, in guest instructions after the
# beginning of the phase (of the run), and for how many.
Workload = collections.namedtuple("Workload", "name command begin end counted cpus one insns middle",
                                  defaults=(BEGIN, END, None, 1, None, None, (60000000, 30000000)))
PHASE = "select sum(insns) from v_pe where phase = 'work' and run_id = ?1"
RUN = "select insns from run where run_id = ?1"
# Guest and exits of KVM; not the monitor's start. Of exits: those of the loop.
HYPERCALLS = ("select sum(insns) + (select sum(guest_insns) from vcpu_phase where run_id = ?1) from exit"
              " where run_id = ?1 and reason = 'HVC'")
WORKLOADS = (
    Workload("boot", "true", None, READY, insns=RUN, middle=(100000000, 100000000)),
    Workload("compute", "/bench/compute"),
    Workload("integer", "/bench/guestbench integer 6000"),
    Workload("float", "/bench/guestbench float 4000"),
    Workload("hypercall", "/bench/hypercall", r"^trapbench: begin", r"^trapbench: hypercall iterations",
             counted=("exits", r"^trapbench: hypercall iterations=(\d+)"), insns=HYPERCALLS),
    Workload("fork", "/bench/fork", counted=("forks", r"^bench: count (\d+)")),
    Workload("pes8", "/bench/guestbench integer 1500 8", cpus=8, one="/bench/guestbench integer 1500", middle=None),
)
MODES = ("fast", "timed")


def tollgate(args, options, command, db, cpus):
    words = [os.path.join(args.build, "tollgate"), "run", args.platform, "--kernel", args.kernel, "--initrd", args.initrd,
             "--append", append(command), "--db", db] + options
    for setting in ["cpus.count=%d" % cpus, "ram.size=1GiB"] + args.set:
        words += ["--set", setting]
    return words


def qemu(args, command, cpus):
    return ["qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=3", "-cpu", args.cpu, "-smp", str(cpus), "-m",
            "1G", "-accel", "tcg", "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-kernel",
            args.kernel, "-initrd", args.initrd, "-append", append(command)]


def append(command):
    return 'console=ttyAMA0 quiet tg.run="%s"' % command


def measure(args, words, begin, end):
    """(seconds of the measured part by the clock and of the processor, console text, resident KiB)"""
    if args.verbose:
        print("    + " + " ".join("'%s'" % w if re.search(r"[ \"]", w) else w for w in words), flush=True)
    with GuestRun(["taskset", "-c", str(args.core)] + words, timeout=args.timeout, fail=FAIL, stderr=args.stderr) as g:
        g.at["begin"] = g.cpu_at["begin"] = 0.0
        if begin:
            g.expect(begin, name="begin")
        g.expect(end, name="end of work")
        status = g.wait()
        if status != 0:
            raise Failure("the simulator ended with status %d:\n%s" % (status, g.tail()))
        if "tollgate-init: status 0" not in g.text:
            raise Failure("the guest's command failed:\n%s" % g.tail())
        seconds = g.at["end of work"] - g.at["begin"], g.cpu_at["end of work"] - g.cpu_at["begin"]
        return seconds, g.text, g.usage.ru_maxrss


def instructions(db, sql):
    with sqlite3.connect(db) as connection:
        run = connection.execute("select max(run_id) from run").fetchone()
        row = connection.execute(sql, run).fetchone()
    connection.close()
    if not row or not row[0]:
        raise Failure("%s tells no instruction count" % db)
    return row[0]


def callgrind(words):
    """Host instructions of a whole run that ends by --max-insns."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] + words
    r = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    m = re.search(r"Collected : (\d+)", r.stderr)
    if r.returncode or not m or "limit reached" not in r.stderr:
        raise Failure("valgrind ended with status %d:\n%s" % (r.returncode, r.stderr[-2000:]))
    return int(m.group(1))


class Bench:
    def __init__(self, args, directory):
        self.args = args
        self.directory = directory
        self.rss = 0
        self.answers = {}       # workload -> what the guest computed; the same everywhere or the comparison is void

    def fresh(self, name):
        db = os.path.join(self.directory, name)
        for suffix in ("", "-wal", "-shm", "-journal"):
            if os.path.exists(db + suffix):
                os.remove(db + suffix)
        return db

    def ours(self, w, mode, command, cpus):
        db = self.fresh("run.db")
        seconds, text, rss = measure(self.args, tollgate(self.args, ["--mode", mode], command, db, cpus), w.begin, w.end)
        self.rss = max(self.rss, rss)
        self.same_answer(w.name, text, "Tollgate")
        return seconds, text, instructions(db, w.insns or PHASE)

    def same_answer(self, name, text, who):
        answer = re.findall(r"^bench: answer (.*)", text, re.M)
        if self.answers.setdefault(name, answer) != answer:
            raise Failure("%s: %s computed %s, another run %s" % (name, who, answer, self.answers[name]))

    def workload(self, w):
        modes = self.args.mode or MODES
        ours, one = {mode: [] for mode in modes}, {mode: [] for mode in modes}
        theirs, insns, text = [], {}, ""
        for run in range(self.args.runs):
            seconds, text, _ = measure(self.args, qemu(self.args, w.command, w.cpus), w.begin, w.end)
            self.same_answer(w.name, text, "QEMU")
            theirs.append(seconds)
            progress(w.name, run, "qemu", seconds)
            for mode in modes:
                seconds, text, insns[mode] = self.ours(w, mode, w.command, w.cpus)
                ours[mode].append(seconds)
                progress(w.name, run, mode, seconds)
                if w.one:
                    one[mode].append(self.ours(w, mode, w.one, 1)[0])
                    progress(w.name, run, mode, one[mode][-1], "(one PE)")
        rows = []
        for mode in modes:
            (ours_s, ours_cpu), (qemu_s, qemu_cpu) = medians(ours[mode]), medians(theirs)
            row = {"workload": w.name, "mode": mode, "mips": round(insns[mode] / ours_cpu / 1e6, 1),
                   "ours_s": round(ours_s, 3), "qemu_s": round(qemu_s, 3), "ratio": round(qemu_s / ours_s, 3),
                   "ours_cpu_s": round(ours_cpu, 3), "qemu_cpu_s": round(qemu_cpu, 3), "cpu_ratio": round(qemu_cpu / ours_cpu, 3)}
            if w.counted:
                count = int(re.search(w.counted[1], text, re.M).group(1))
                row.update(rate=round(count / ours_cpu, 1), qemu_rate=round(count / qemu_cpu, 1))
                print("    %s: %d %s; ours %.0f, QEMU %.0f per host second" % (mode, count, w.counted[0], row["rate"], row["qemu_rate"]))
            if w.one:
                row["cost"] = round(ours_cpu / medians(one[mode])[1], 3)
            if self.args.callgrind and w.middle:
                row["host_insns"] = self.host_insns(w, mode)
            rows.append(row)
        return rows

    def host_insns(self, w, mode):
        """Host instructions for each guest instruction in the middle of the part. What comes before is run in mode fast."""
        start, options = 0, ["--mode", mode]
        if w.begin:
            db = self.fresh("run.db")
            measure(self.args, tollgate(self.args, ["--mode", "fast"], w.command, db, w.cpus), w.begin, w.end)
            start = instructions(db, "select sum(insns) from v_pe where run_id = ?1 and phase = (select name from phase"
                                     " where run_id = ?1 order by seq limit 1)")
            if mode == "timed":
                options = ["--mode", "fast", "--switch", "timed@phase=work"]

        def count(index):
            limit = start + w.middle[0] + index * w.middle[1]
            return callgrind(tollgate(self.args, options + ["--max-insns", str(limit)], w.command,
                                      self.fresh("callgrind%d.db" % index), w.cpus))

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            short, long = pool.map(count, (0, 1))
        found = round((long - short) / w.middle[1], 2)
        print("    %-10s %-6s %8.2f host instructions a guest instruction" % (w.name, mode, found), flush=True)
        return found


def medians(pairs):
    return [statistics.median(column) for column in zip(*pairs)]


def progress(name, run, who, seconds, more=""):
    print("    %-10s run %d  %-6s %8.2f s, processor %8.2f s %s" % (name, run + 1, who, *seconds, more), flush=True)


# key, heading, decimals
COLUMNS = (("mips", "mips", 1), ("ours_s", "ours_s", 2), ("qemu_s", "qemu_s", 2), ("ratio", "ratio", 2), ("ours_cpu_s", "ours_cpu", 2),
           ("qemu_cpu_s", "qemu_cpu", 2), ("cpu_ratio", "cpu_ratio", 2), ("rate", "rate", 0), ("qemu_rate", "qemu_rate", 0), ("cost", "cost", 2), ("host_insns", "host/insn", 1))


def table(rows):
    print("\n%-12s %-6s " % ("workload", "mode") + " ".join("%9s" % heading for _, heading, _ in COLUMNS))
    for r in rows:
        cells = ["%9.*f" % (decimals, r[key]) if key in r else "%9s" % "-" for key, _, decimals in COLUMNS]
        print("%-12s %-6s " % (r["workload"], r["mode"]) + " ".join(cells))


def main():
    parser = argparse.ArgumentParser(description="see scripts/bench --help")
    parser.add_argument("--build", required=True)
    parser.add_argument("--platform", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--cpu", default="neoverse-n1")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json")
    parser.add_argument("--only", action="append", choices=[w.name for w in WORKLOADS])
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--timeout", type=float, default=900)
    parser.add_argument("--stderr", default=os.devnull)
    parser.add_argument("--callgrind", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if args.runs < 1:
        parser.error("--runs wants at least 1")
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench.", dir=args.build) as directory:
        bench = Bench(args, directory)
        for w in WORKLOADS:
            if args.only and w.name not in args.only:
                continue
            try:
                rows += bench.workload(w)
            except Failure as e:
                sys.stderr.write("bench: %s: %s\n" % (w.name, e))
                return 1
    table(rows)
    print("\nours: resident memory at most %d MiB; medians of %d; ratio = qemu_s / ours_s; mips, rates and cost by processor time; core %d" % (
        bench.rss // 1024, args.runs, args.core))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
            f.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
