#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The embedded payload: no downloads. microvisor counts its own exits; the ledger must have the same, of each vCPU and reason.

microvisor.py --build DIR CORE/ARGUMENTS/PES/MODE[/SETTING...]

Also: trapbench's nanoseconds against the ledger's (the guest's cycle counter counts EL2 here, so what the loop costs is
the case 'empty' and, in mode `fast`, one cycle for each instruction more in the timed function), CPI buckets, and the same
database from a second run.
"""
import os
import re
import sys

import determinism
import kvm
from machine import main, need, query

MATRIX = (
    ("cortex-a57", "switch=full", 1, "fast"),
    ("cortex-a57", "switch=lazy", 2, "timed"),
    ("cortex-a53", "uart=emul", 2, "timed"),
    # a guest by what it does, not by its VMID
    ("cortex-a57", "vmid=0", 2, "fast"),
    ("neoverse-n1", "vhe=1 vmid=0", 1, "fast"),
    ("neoverse-n1", "vhe=1", 2, "fast"),
    ("neoverse-n1", "vhe=1", 2, "timed"),
    ("neoverse-n1", "vhe=1 switch=full", 1, "timed"),
    # EL3 is there, and the firmware that has set it up is the simulator's
    ("armv8.6-max", "vhe=1", 2, "fast", "el3=true"),
)
# microvisor's name of an exit -> the ledger's reasons. Emulated GIC registers are MMIO in the ledger.
REASONS = {"hvc": ("HVC",), "smc": ("SMC",), "wfx": ("WFI", "WFE"), "sysreg": ("SYS",), "gic+mmio": ("MMIO",),
           "s2": ("DABT_LOW", "IABT_LOW"), "fp": ("FP",), "irq": ("IRQ", "FIQ")}


def check_counts(db, text):
    lines = re.findall(r"^microvisor: exits vcpu=(\d+) (.*)$", text, re.M)
    need(lines, "microvisor did not tell its exits")
    for vcpu, words in lines:
        counts = {k: int(v) for k, v in (w.split("=") for w in words.split())}
        counts["gic+mmio"] = counts.pop("gic") + counts.pop("mmio")
        need(counts.pop("other") == 0, "vCPU %s had exits that microvisor does not know" % vcpu)
        rows = dict(query(db, "select reason, sum(count) from v_exit where vcpu = ? group by reason", int(vcpu)))
        # The HVC that ends the machine (vCPU 0: SYSTEM_OFF, others: CPU_OFF) is never left again: an exit without an end.
        counts["hvc"] -= 1
        found = {name: sum(rows.pop(reason, 0) for reason in reasons) for name, reasons in REASONS.items()}
        need(found == counts, "vCPU %s: microvisor counted %s, the ledger %s" % (vcpu, counts, found))
        need(not rows, "vCPU %s: exits that microvisor did not see: %s" % (vcpu, rows))


def check_hypercalls(test, db, text, mode):
    tick = 1e9 / int(re.search(r"^trapbench: begin .*cntfrq=(\d+)", text, re.M).group(1))
    (empty_n, empty_ns, _), (n, ns, _) = [
        tuple(map(int, re.search(kvm.LINE % case, text, re.M).groups())) for case in ("empty", "hypercall")]
    ((count, mean, insns),) = query(db, "select count, ns_mean, insns_mean from v_exit where reason = 'HVC' and"
                                        " detail like '%4b000000%'")
    need(count == n == 65536, "%d hypercalls, but %d exits with reason HVC" % (n, count))
    ((hz,),) = query(db, "select hz from v_pe group by hz")
    print("  hypercall: trapbench %.3f ns, ledger %.3f ns (%.0f instructions), 'empty' %.3f ns" % (
        ns / n, mean, insns, empty_ns / empty_n))
    need(ns - mean * n > -tick, "trapbench measured %.3f ns, less than the ledger's %.3f" % (ns / n, mean))
    if mode == "fast":
        loop = (empty_ns + tick) / empty_n + kvm.more_instructions(test) * 1e9 / hz
        need(ns - mean * n < loop * n + tick, "trapbench measured %.3f ns, the ledger %.3f: more than the loop's %.3f apart"
             % (ns / n, mean, loop))


def microvisor(test, core, append, cpus, mode, *settings):
    results = []
    for name in ("first", "second"):
        db = test.path(name + ".db")
        arguments = ["--kernel", test.program("microvisor.img"), "--append", append]
        arguments += [word for setting in settings for word in ("--set", setting)]
        environment = dict(os.environ, TG_TEST_PADDING="x" * (3333 if results else 1))
        with test.machine(core, arguments, cpus, mode, db, environment=environment) as g:
            g.close_input()
            g.expect(r"^microvisor: begin vhe=%d " % ("vhe=1" in append))
            g.expect(r"^trapbench: end ran=\d+ skipped=\d+ failed=0\n")
            test.power_off(g)
        results.append((determinism.content(db), g.text))
    need(results[0][1] == results[1][1], "the consoles differ")
    difference = determinism.compare(results[0][0], results[1][0])
    need(not difference, "the databases differ: %s" % difference)
    vmid = re.search(r"vmid=(\d+)", append)
    need(query(db, "select vmid from vm") == [(int(vmid.group(1)) if vmid else 1,)], "not the one VM with this VMID")
    kvm.check_cpi(db)
    kvm.check_exits(db)
    check_counts(db, g.text)
    check_hypercalls(test, db, g.text, mode)


# Arguments that cannot be what is run end the program that takes them; the guest's are trapbench's.
REFUSED = (
    ("cortex-a53", "microvisor.img", "vhe=1", r"^rt: vhe=1: this PE has no VHE"),
    ("cortex-a57", "microvisor.img", "switch=half", r"^rt: argument switch: expected one of full,lazy"),
    ("cortex-a57", "microvisor.img", "vmid=x1", r"^rt: argument vmid: expected a number"),
    ("cortex-a57", "microvisor.img", "vmid=256", r"^microvisor: vmid: expected at most 255"),
    ("cortex-a57", "microvisor.img", "swtich=full", r"^rt: unknown argument 'swtich'"),
    ("cortex-a57", "microvisor.img", "cases=hypercall,mmoi", r"^rt: argument cases: there is no 'mmoi'"),
    ("cortex-a57", "trapbench.img", "hypercall=1e6", r"^rt: argument hypercall: expected a number"),
    ("cortex-a57", "trapbench.img", "quiet=1", r"^rt: argument quiet: expected no value"),
    ("cortex-a57", "selftest.img", "only=undeff", r"^rt: argument only: there is no 'undeff'"),
    ("cortex-a57", "selftest.img", "only", r"^rt: argument only: expected names"),
)


def refused(test):
    for core, image, append, message in REFUSED:
        with test.machine(core, ["--kernel", test.program(image), "--append", append]) as g:
            g.close_input()
            g.expect(message)
            g.expect(r"^rt: program failed with 1")
            test.power_off(g)
            need(not re.search(r"^(microvisor: begin vhe=1|\w+: begin .*vhe=1|trapbench: end|selftest: end)", g.text, re.M),
                 "%s: it ran all the same:\n%s" % (append, g.text))


TESTS = {"/".join(map(str, row)).replace(" ", "+"): (lambda test, row=row: microvisor(test, *row)) for row in MATRIX}
TESTS["refused"] = refused

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TESTS))
    else:
        main(TESTS)
