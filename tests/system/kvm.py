#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's kernels boot to busybox, KVM comes up in the mode it should, a KVM guest runs trapbench, the ledger agrees.

kvm.py --build DIR TEST; TEST is KERNEL/CORE/KVM-MODE/PES/MODE of the table below, or nested-...: see NESTED.

One boot checks all of these, so that each simulation is used well:
  boots        init's line on the console, KVM's line of its mode, as many PEs as asked for, exit status 0
  KVM guest    minivmm runs trapbench, no case fails
  ledger       65,536 hypercalls are 65,536 exits with reason HVC and that function; nanoseconds agree (see check_hypercalls)
  CPI stack    the buckets of each PE sum to its cycles, in the phase and against the PE's own count
"""
import re
import subprocess
import sys

from machine import main, need, query

HYPERCALLS = 65536
# Lines of 6.1 and of 6.12 (arch/arm64/kvm/arm.c of both).
MODES = {"hyp": r"kvm \[1\]: (Hyp|nVHE|Hyp nVHE) mode initialized successfully",
         "vhe": r"kvm \[1\]: VHE mode initialized successfully",
         "nvhe": r"kvm \[1\]: (Hyp|nVHE|Hyp nVHE) mode initialized successfully",
         "protected": r"kvm \[1\]: Protected (nVHE|hVHE) mode initialized successfully"}
# kernel, core, what KVM shall be, PEs, mode of simulation. Every kernel with every core and KVM mode; 1, 2, 4 PEs with
# each core; timed once for each core. 'hyp' is what a core without VHE comes up with, the others are asked for.
MATRIX = (
    ("k61", "cortex-a57", "hyp", 1, "fast"),
    ("k612", "cortex-a57", "hyp", 2, "fast"),
    ("k61", "cortex-a57", "hyp", 4, "fast"),
    ("k61", "neoverse-n1", "vhe", 1, "fast"),
    ("k612", "neoverse-n1", "vhe", 4, "fast"),
    ("k61", "neoverse-n1", "nvhe", 4, "fast"),
    ("k612", "neoverse-n1", "nvhe", 2, "fast"),
    ("k61", "neoverse-n1", "protected", 2, "fast"),
    ("k612", "neoverse-n1", "protected", 1, "fast"),
    ("k612-16k", "neoverse-n1", "vhe", 1, "fast"),
    ("k61", "cortex-a57", "hyp", 1, "timed"),
    ("k612", "neoverse-n1", "vhe", 1, "timed"),
    # the other cores, the other interrupt controller
    ("k61", "cortex-a53", "hyp", 4, "fast"),
    ("k61", "cortex-a53", "hyp", 2, "timed"),
    ("k612", "cortex-a55", "vhe", 2, "fast"),
    ("k61", "cortex-a72", "hyp", 2, "fast"),
    ("k612", "cortex-a76", "protected", 4, "fast"),
    ("k61", "cortex-a57", "hyp", 2, "fast", "gic.version=2"),
    # every feature, and EL3 with the simulator as its firmware
    ("k612", "armv8.6-max", "vhe", 2, "fast", "el3=true"),
    ("k61", "armv8.6-max", "nvhe", 1, "fast"),
)
# Iterations of the other cases: enough to see them work.
OTHERS = {"empty_each": 64, "mmio": 64, "gicd_read": 64, "eoi": 64, "vipi": 32, "vipi_wfi": 16, "vtimer": 32, "s2touch": 64,
          "wfi": 8}
LINE = r"^trapbench: %s iterations=(\d+) ns_total=(\d+) ns=[\d.]+ cycles_total=(\d+)"


def check_cpi(db):
    """Buckets of each PE sum to its cycles; nothing is counted twice, nothing is lost."""
    pes = query(db, "select pe, phase, cycles from v_pe")
    need(pes, "v_pe has no rows")
    for pe, phase, cycles in pes:
        ((total,),) = query(db, "select sum(cycles) from v_cpi where pe = ? and phase = ?", pe, phase)
        need(total == cycles, "PE %d, phase %s: CPI buckets sum to %s, the PE counted %s cycles" % (pe, phase, total, cycles))
    ((run,),) = query(db, "select cycles from v_run")
    need(run == sum(p[2] for p in pes), "v_run has %s cycles, the PEs %s" % (run, sum(p[2] for p in pes)))
    for name, pe in [("insns", "pe"), ("cycles", "pe")]:
        rows = query(db, "select p.pe, sum(p.%s), (select sum(c.%s) from context c where c.pe = p.pe) from v_pe p group by p.pe"
                     % (name, name))
        for number, whole, parts in rows:
            need(whole == parts, "PE %d: %s %s, contexts sum to %s" % (number, whole, name, parts))


def check_exits(db):
    """Each exit's cycles have one place where they ran, and one bucket."""
    rows = query(db, "select exit_id, reason, cycles, el2_cycles + el3_cycles + host_el1_cycles + host_el0_cycles +"
                     " guest_cycles + idle_cycles, (select sum(b.cycles) from exit_bucket b where b.exit_id = e.exit_id)"
                     " from exit e")
    need(rows, "the table exit is empty")
    for number, reason, cycles, places, buckets in rows:
        need(cycles == places, "exit row %d (%s): %d cycles, places sum to %d" % (number, reason, cycles, places))
        need(cycles == (buckets or 0), "exit row %d (%s): %d cycles, buckets sum to %s" % (number, reason, cycles, buckets))


def more_instructions(test):
    """By how many instructions the function that 'hypercall' times is longer than that of 'empty'."""
    nm = test.tool("aarch64-linux-gnu-nm", "gcc-aarch64-linux-gnu")
    text = subprocess.run([nm, "-S", test.program("trapbench.elf")], check=True, stdout=subprocess.PIPE).stdout.decode()
    size = {m.group(2): int(m.group(1), 16) for m in re.finditer(r"^\S+ (\S+) t (empty_run|hypercall_run)$", text, re.M)}
    return (size["hypercall_run"] - size["empty_run"]) // 4


def check_hypercalls(test, db, text, mode):
    """trapbench's count and nanoseconds against the ledger's, in the first virtual machine, which did nothing else.

    The span that trapbench timed holds each exit wholly, and besides them: its own loop; and what else took the PE from the
    guest, which the ledger has as exits with other reasons (interrupts). What the loop costs is measured, not guessed: the
    guest's cycle counter, which KVM lets run only while the guest does, says how many cycles the loop around the exits
    took. Where that counter stands still (protected mode in 6.12; so it does in QEMU), it is the case 'empty' and one cycle
    for each instruction more in the timed function, as mode `fast` counts. Counters are rounded down to a tick: a span is
    known to one.
    """
    cntfrq = int(re.search(r"^trapbench: begin .*cntfrq=(\d+)", text, re.M).group(1))
    tick = 1e9 / cntfrq
    (empty_n, empty_ns, empty_cycles), (n, ns, cycles) = [
        tuple(map(int, re.search(LINE % case, text, re.M).groups())) for case in ("empty", "hypercall")]
    need(n == empty_n == HYPERCALLS, "trapbench made %d hypercalls" % n)
    rows = query(db, "select count, ns_mean, detail from v_exit where vm = 0 and reason = 'HVC' and detail like '%4b000000%'")
    need(len(rows) == 1, "exits by that hypercall: %s" % rows)
    count, mean, _ = rows[0]
    need(count == n, "%d hypercalls, but %d exits with reason HVC" % (n, count))
    ((hz,),) = query(db, "select hz from v_pe group by hz")
    if cycles:
        loop = cycles * 1e9 / hz / n
        need(cycles >= empty_cycles, "the loop with calls took %d cycles, without %d" % (cycles, empty_cycles))
    else:
        need(mode == "fast", "the guest's cycle counter stands still")
        loop = (empty_ns + tick) / n + more_instructions(test) * 1e9 / hz
    ((others,),) = query(db, "select coalesce(sum(count * ns_mean), 0) from v_exit where vm = 0 and vcpu = 0 and"
                             " reason in ('IRQ', 'FIQ')")
    print("  hypercall: trapbench %.3f ns, ledger %.3f ns, loop %.3f ns ('empty' %.3f), interrupts at most %.3f ns" % (
        ns / n, mean, loop, empty_ns / n, others / n))
    need(ns - mean * n > -tick, "trapbench measured %.3f ns, less than the ledger's %.3f" % (ns / n, mean))
    need(ns - mean * n < (loop * n + others + tick),
         "trapbench measured %.3f ns, the ledger %.3f: further apart than the loop's %.3f and interrupts' %.3f"
         % (ns / n, mean, loop, others / n))


def trapbench(test, kernel, core, kvm, cpus, mode, *settings):
    vcpus = min(cpus, 2)
    script = test.path("run.sh")
    vmm = "/guest/minivmm --cpus %d --mem 64M --append '%s' /guest/trapbench.img || exit 1\n"
    with open(script, "w", encoding="utf-8") as f:
        f.write("grep -c ^processor /proc/cpuinfo | sed 's/^/pes=/'\n")
        # A machine of its own, so that in the ledger its exits stand apart.
        f.write(vmm % (1, "cases=empty,hypercall empty=%d hypercall=%d" % (HYPERCALLS, HYPERCALLS)))
        f.write(vmm % (vcpus, "skip=empty,hypercall " + " ".join("%s=%d" % i for i in OTHERS.items())))
    db = test.path("run.db")
    append = "" if kvm in ("hyp", "vhe") else "kvm-arm.mode=%s" % kvm
    image = test.initramfs(kernel, "--run", script)
    gic = 2 if "gic.version=2" in settings else 3
    with test.machine(core, test.linux(kernel, image, append=append), cpus, mode, db, settings=settings) as g:
        g.expect(MODES[kvm])
        g.expect(r"^tollgate-init: ready")
        g.expect(r"^pes=%d$" % cpus)
        g.expect(r"^trapbench: begin format=1 entry_el=1 cpus=1 .* gic=%d " % gic)
        g.expect(r"^trapbench: end ran=2 skipped=\d+ failed=0\n")
        # Without a second vCPU the two cases of virtual IPIs are skipped.
        g.expect(r"^trapbench: end ran=%d skipped=\d+ failed=0\n" % (len(OTHERS) - (2 if vcpus == 1 else 0)))
        g.expect(r"tollgate-init: status 0 ")
        test.power_off(g)
    check_cpi(db)
    check_exits(db)
    check_hypercalls(test, db, g.text, mode)
    # Not WFI: KVM does not trap it while the vCPU's thread is the only one to run on its PE.
    for case, reason, detail in (("mmio", "MMIO", "read%"), ("gicd_read", "MMIO", "read%"), ("s2touch", "DABT_LOW", "%write%")):
        # trapbench touches each 4K; a kernel with 16K pages maps four of them at a time.
        want = OTHERS[case] // (4 if case == "s2touch" and kernel.endswith("-16k") else 1)
        ((count,),) = query(db, "select sum(count) from v_exit where vm = 1 and reason = ? and detail like ?", reason, detail)
        need((count or 0) >= want, "%s wants %d exits with reason %s, found %s" % (case, want, reason, count))


# A second Debian kernel as KVM guest: host kernel, guest kernel, core, KVM mode, PEs.
NESTED = (
    ("k61", "k612", "cortex-a57", "hyp", 1),
    ("k612", "k61", "neoverse-n1", "vhe", 2),
    ("k61", "k61", "neoverse-n1", "protected", 4),
)


def nested(test, kernel, inner, core, kvm, cpus):
    """What is typed goes through the machine's UART, the host's tty, minivmm's UART, and the guest's tty; and back."""
    script = test.path("run.sh")
    with open(script, "w", encoding="utf-8") as f:
        f.write("exec /guest/minivmm --cpus %d --mem 256M --kernel /guest/Image --initrd /guest/guest.cpio --append "
                "'console=ttyAMA0 earlycon tg.modules=none'\n" % cpus)
    guest = test.initramfs(inner, modules=False)
    image = test.initramfs(kernel, "--run", script, "--add", "%s:/guest/Image" % test.guest(inner, "Image"),
                           "--add", guest + ":/guest/guest.cpio", modules=False)
    db = test.path("run.db")
    append = "" if kvm in ("hyp", "vhe") else "kvm-arm.mode=%s" % kvm
    with open(test.guest(inner, "release"), encoding="utf-8") as f:
        release = f.read().strip()
    with test.machine(core, test.linux(kernel, image, append=append), cpus, "fast", db) as g:
        g.expect(MODES[kvm])
        g.expect(r"^tollgate-init: ready")
        g.expect(r"Linux version " + re.escape(release))
        g.expect(r"^tollgate-init: ready")
        g.expect(r"guest# ")
        g.send("echo answer-$((6*7)); uname -r; grep -c ^processor /proc/cpuinfo\n")
        g.expect(r"\nanswer-42\n%s\n%d\n" % (re.escape(release), cpus))
        g.send("poweroff -f\n")
        g.expect(r"reboot: Power down")
        g.expect(r"tollgate-init: status 0 ")
        test.power_off(g)
    check_cpi(db)
    check_exits(db)
    rows = dict(query(db, "select reason, sum(count) from v_exit group by reason"))
    for reason in ("HVC", "MMIO", "DABT_LOW", "IABT_LOW", "IRQ"):
        need(rows.get(reason), "a whole kernel ran, but no exit with reason %s: %s" % (reason, rows))


TESTS = {"/".join(map(str, row)): (lambda test, row=row: trapbench(test, *row)) for row in MATRIX}
TESTS.update({"nested/" + "/".join(map(str, row)): (lambda test, row=row: nested(test, *row)) for row in NESTED})

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TESTS))
    else:
        main(TESTS)
