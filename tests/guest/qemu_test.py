#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot a guest program on QEMU's virt board and check what it prints.

qemu_test.py --qemu BIN --out DIR [--cpu C] [--smp N] [--el 1|2] [--append S] PROGRAM

The expectations are the programs' own contract (tests/guest/README.md): each case ran or said why not, counts of exits
match what trapbench did, the run ends with END lines and power-off. Numbers are not judged: QEMU has no timing.
"""
import argparse
import re
import subprocess
import sys

CASES = ["empty", "empty_each", "hypercall", "mmio", "gicd_read", "eoi", "vipi", "vipi_wfi", "vtimer", "s2touch", "wfi"]
LINE = re.compile(r"trapbench: (\w+) iterations=(\d+) ns_total=(\d+) ns=(\d+\.\d\d) cycles_total=(\d+|-) "
                  r"cycles=(\d+\.\d\d|-)( slept_ns_total=\d+)?$")


class Failure(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Failure(what)


def run_qemu(args, image, append, virtualization, extra=()):
    machine = f"virt,gic-version={args.gic}" + (",virtualization=on" if virtualization else "")
    command = [args.qemu, "-M", machine, "-cpu", args.cpu, "-smp", str(args.smp), "-m", "256", "-nographic", "-net",
               "none", "-monitor", "none", "-serial", "stdio", "-kernel", f"{args.out}/{image}", "-append", append, *extra]
    print("+", " ".join(command), flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=args.timeout, check=False)
    text = done.stdout.decode("utf-8", "replace").replace("\r", "")
    print(text, flush=True)
    need(done.returncode == 0, f"QEMU ended with {done.returncode}")
    need("FATAL" not in text, "an unexpected exception")
    return text.splitlines()


def parse_trapbench(lines):
    """{case: iterations, or the reason it was skipped for}"""
    results = {}
    for line in lines:
        match = LINE.match(line)
        if match:
            name, n, total, mean = match.group(1), int(match.group(2)), int(match.group(3)), float(match.group(4))
            need(abs(mean - total / n) <= 0.02, f"{name}: ns is not ns_total / iterations")
            if match.group(5) != "-":
                need(abs(float(match.group(6)) - int(match.group(5)) / n) <= 0.02, f"{name}: cycles is not the mean")
            results[name] = n
        match = re.match(r"trapbench: (\w+) skipped reason=([\w-]+)$", line)
        if match:
            results[match.group(1)] = match.group(2)
    return results


def need_results(results, lines, want):
    for name, value in want.items():
        need(results.get(name) == value, f"{name}: expected {value}, got {results.get(name)}")
    ran = sum(isinstance(v, int) for v in results.values())
    end = f"trapbench: end ran={ran} skipped={len(results) - ran} failed=0"
    need(end in lines, f"no line '{end}'")


def test_trapbench(args):
    iterations = 300
    lines = run_qemu(args, "trapbench.img", f"{args.append} iterations={iterations}", args.el == 2)
    want = {name: iterations for name in CASES}
    want.update(wfi=128, vipi_wfi=256)
    if args.el == 2:
        want.update(hypercall="no-hypervisor", mmio="no-hypervisor", s2touch="no-hypervisor")
    if args.smp == 1:
        want.update(vipi="one-cpu", vipi_wfi="one-cpu")
    need(any(re.match(f"trapbench: begin format=1 entry_el={args.el} cpus={args.smp} .*pmu=1 gic={args.gic} ", s) for s in lines),
         "no begin line")
    need_results(parse_trapbench(lines), lines, want)
    # The choice of cases and of iterations
    lines = run_qemu(args, "trapbench.img", "quiet cases=empty,gicd_read,eoi skip=eoi empty=7 gicd_read=0x10", args.el == 2)
    results = parse_trapbench(lines)
    need(results == {"empty": 7, "gicd_read": 16}, f"cases=, skip= or a count is not obeyed: {results}")
    need(not any("begin" in s for s in lines), "quiet is not obeyed")


def test_microvisor(args):
    counts = {"hypercall": 3000, "mmio": 700, "gicd_read": 900, "eoi": 100, "vipi": 100, "vipi_wfi": 50, "vtimer": 80,
              "s2touch": 200, "wfi": 20}
    append = args.append + "".join(f" {k}={v}" for k, v in counts.items())
    lines = run_qemu(args, "microvisor.img", append, True)
    vhe = "vhe=1" in args.append
    shape = re.search(r"switch=(\w+)", args.append)
    shape = shape.group(1) if shape else "lazy" if vhe else "full"
    need(any(re.match(f"microvisor: begin vhe={int(vhe)} switch={shape} vcpus={args.smp} lrs=4 ipa_bits=40 vmid=1", s)
             for s in lines), "no begin line, or not the mode that was asked for")
    want = dict(counts)
    if args.smp == 1:
        want.update(vipi="one-cpu", vipi_wfi="one-cpu")
    need_results(parse_trapbench(lines), lines, want)
    exits = [dict((k, int(v)) for k, v in re.findall(r"(\w+)=(\d+)", s)) for s in lines if s.startswith("microvisor: exits")]
    need(len(exits) == args.smp, "no exit counts")
    first = exits[0]
    psci = first["hvc"] - counts["hypercall"]
    need(1 <= psci <= 3 + 1000, f"{first['hvc']} HVC exits for {counts['hypercall']} hypercalls")
    if args.smp == 1:
        need(psci == 1, "SYSTEM_OFF should be the only other HVC")
    uart = "uart=emul" in args.append
    need(first["mmio"] >= counts["mmio"] if uart else first["mmio"] == counts["mmio"], "MMIO exits")
    need(counts["gicd_read"] <= first["gic"] < counts["gicd_read"] + 100, "GIC exits")
    need(first["s2"] == counts["s2touch"], "stage-2 faults")
    need(first["wfx"] <= counts["wfi"] + 2, "more WFI exits than WFIs")
    need(counts["vtimer"] <= first["irq"], "an exit for each timer interrupt")
    sgis = counts["eoi"] + (counts["vipi"] + counts["vipi_wfi"] if args.smp == 2 else 0)
    need(sgis <= first["sysreg"] <= sgis + 8, "an exit for each ICC_SGI1R_EL1")
    need(first["other"] == 0 and first["fp"] == 0, "exits without a reason")


def test_selftest(args):
    lines = run_qemu(args, "selftest.img", args.append, args.el == 2)
    vhe = int("vhe=1" in args.append)
    need(any(re.match(f"selftest: begin el={args.el} vhe={vhe} cpus={args.smp} ", s) for s in lines), "no begin line")
    counts = {word: sum(s.startswith(f"selftest: {word} ") for s in lines) for word in ("PASS", "FAIL", "SKIP")}
    end = f"selftest: end pass={counts['PASS']} fail={counts['FAIL']} skip={counts['SKIP']}"
    need(end in lines, f"no line '{end}'")
    need(counts["FAIL"] == 0, "checks failed")
    skips = {re.match(r"selftest: SKIP (\S+)", s).group(1) for s in lines if s.startswith("selftest: SKIP ")}
    known = {"el2/pmu-instructions", "el1/pmu-instructions"}  # QEMU counts instructions with -icount only
    if args.el == 1:
        known.add("el1/hvc")
    if args.gic == 2:
        known |= {"el2/gic", "el1/gic", "el2/list-register"}
    if args.smp == 1:
        known.add("smp/two-pes")
    need(skips <= known, f"skipped without need: {skips - known}")
    need(counts["PASS"] + counts["SKIP"] == (37 if args.el == 2 else 16), "not the number of checks there should be")


TESTS = {"selftest": test_selftest, "trapbench": test_trapbench, "microvisor": test_microvisor}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--out", required=True, help="directory of the guest programs")
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--gic", type=int, default=3, help="version of the interrupt controller")
    parser.add_argument("--el", type=int, default=2, help="exception level that QEMU enters the program at")
    parser.add_argument("--append", default="")
    parser.add_argument("--timeout", type=int, default=150)
    parser.add_argument("program", choices=TESTS)
    args = parser.parse_args()
    try:
        TESTS[args.program](args)
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
    except subprocess.TimeoutExpired as expired:
        print((expired.stdout or b"").decode("utf-8", "replace"))
        sys.exit(f"FAILED: not done after {args.timeout} s")
    print("passed")


if __name__ == "__main__":
    main()
