#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""minivmm under a real KVM: Debian's arm64 kernel on QEMU (TCG), which emulates EL2.

kvm_test.py --qemu BIN --out DIR --root SOURCES [--cpu C] [--kernel SET] [--append S] trapbench|selftest|linux|errors

  trapbench  minivmm runs trapbench with two vCPUs; every case must run, with its number of iterations
  selftest   minivmm runs selftest: a vCPU behaves as a PE
  linux      minivmm boots the same Debian kernel with four vCPUs to a busybox shell; a line typed into QEMU's console is
             answered by the guest's guest; it powers off
  errors     what a user can do wrong ends with status 2 and a message; a guest that crashes does with status 1

Needs what scripts/guests fetches (build/guests); ends with status 77, which CTest calls skipped, when it is not there.
"""
import argparse
import os
import re
import selectors
import subprocess
import sys
import tempfile
import time

SKIPPED = 77


# The host's kernel shares the console with the guest: on a slow machine it may warn in the middle of a guest's line.
QUIET = "dmesg -n 1\n"


class Failure(Exception):
    pass


class Machine:
    """QEMU with its serial console on a pipe."""

    current = None

    def __init__(self, command, timeout):
        print("+", " ".join(command), flush=True)
        self.text = ""
        self.seen = 0
        self.end = time.monotonic() + timeout
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        Machine.current = self
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def expect(self, pattern):
        """Wait for a regular expression in what comes after the last match."""
        while True:
            match = re.search(pattern, self.text[self.seen:])
            if match:
                self.seen += match.end()
                return match
            left = self.end - time.monotonic()
            if left <= 0:
                raise Failure(f"time is up while waiting for '{pattern}'")
            if not self.selector.select(left):
                continue
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Failure(f"QEMU ended while '{pattern}' was awaited")
            data = data.decode("utf-8", "replace").replace("\r", "")
            sys.stdout.write(data)
            sys.stdout.flush()
            self.text += data

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\r")
        self.process.stdin.flush()

    def finish(self):
        self.expect(r"reboot: Power down")
        if self.process.wait(max(1, self.end - time.monotonic())):
            raise Failure(f"QEMU ended with {self.process.returncode}")


def initramfs(args, output, *options):
    subprocess.run([f"{args.root}/scripts/initramfs", "--kernel", "none", "--output", output, *options], check=True)


def boot(args, image):
    machine = Machine([args.qemu, "-M", f"virt,virtualization=on,gic-version={args.gic}", "-cpu", args.cpu,
                       "-smp", "2", "-m", "1024", "-nographic", "-net", "none", "-no-reboot",
                       "-kernel", f"{args.guests}/{args.kernel}/Image", "-initrd", image,
                       "-append", f"console=ttyAMA0 tg.modules=none {args.append}"], args.timeout)
    machine.expect(f"kvm.*: {args.mode} mode initialized successfully")
    return machine


def test_trapbench(args, tmp):
    counts = {"empty": 1000, "empty_each": 100, "hypercall": 2000, "mmio": 300, "gicd_read": 300, "eoi": 100, "vipi": 100,
              "vipi_wfi": 50, "vtimer": 100, "s2touch": 200, "wfi": 20}
    run = f"{tmp}/run.sh"
    with open(run, "w", encoding="utf-8") as file:
        file.write(QUIET)
        settings = " ".join(f"{k}={v}" for k, v in counts.items())
        file.write(f"/guest/minivmm --cpus 2 --mem 64M --stats --append '{settings}' /guest/trapbench.img 2>&1\n")
    initramfs(args, f"{tmp}/host.cpio", "--run", run, "--add", f"{args.out}/minivmm:/guest/minivmm",
              "--add", f"{args.out}/trapbench.img:/guest/trapbench.img")
    machine = boot(args, f"{tmp}/host.cpio")
    machine.expect(rf"trapbench: begin format=1 entry_el=1 cpus=2 .*gic={args.gic} psci=hvc")
    for name, count in counts.items():
        machine.expect(rf"trapbench: {name} iterations={count} ns_total=\d+ ns=[\d.]+ cycles_total=\d+ cycles=[\d.]+( |\n)")
    machine.expect(rf"trapbench: end ran={len(counts)} skipped=0 failed=0\n")
    exits = int(machine.expect(r"minivmm: exits vcpu=0 mmio=(\d+) ").group(1))
    characters = sum(len(s) + 1 for s in machine.text.splitlines() if s.startswith("trapbench:"))
    if not counts["mmio"] + characters <= exits <= counts["mmio"] + 3 * characters:
        raise Failure(f"{exits} exits to user space for {counts['mmio']} reads and {characters} characters")
    machine.expect(r"tollgate-init: status 0 ")
    machine.finish()


ERRORS = [
    ("/nowhere", 2, "kernel '/nowhere': No such file or directory"),
    ("/bin", 2, "kernel '/bin' is not a file"),
    ("/bin/busybox", 2, "kernel '/bin/busybox' is no arm64 Image; a plain arm64 Image is wanted"),
    ("/tmp/gz", 2, "kernel '/tmp/gz' is compressed (gzip); a plain arm64 Image is wanted"),
    ("/tmp/empty", 2, "kernel '/tmp/empty' is no arm64 Image; a plain arm64 Image is wanted"),
    ("--initrd /nowhere /guest/trapbench.img", 2, "initrd '/nowhere': No such file or directory"),
    ("--mem 8M --initrd /tmp/big /guest/trapbench.img", 2,
     "initrd '/tmp/big' (7 MiB) does not fit into 8 MiB of memory; use --mem"),
    ("--mem 4M /guest/trapbench.img", 2, "--mem 4M: expected a size from 8M to 64G, such as 256M"),
    ("--mem 1Q /guest/trapbench.img", 2, "--mem 1Q: expected a size from 8M to 64G, such as 256M"),
    ("--cpus 9 /guest/trapbench.img", 2, "--cpus 9: expected a number from 1 to 8"),
    ("--gic 2 /guest/trapbench.img", 2, "KVM offers no virtual GICv2 on this host; leave --gic out"),
    ("/guest/trapbench.img /guest/trapbench.img", 2, "'/guest/trapbench.img': more than one kernel; see --help"),
    ("--frobnicate", 2, "see --help"),
    ("", 2, "no kernel given; see --help"),
    ("--append cases=empty --dump-dtb /nowhere/dtb /guest/trapbench.img", 2,
     "cannot write '/nowhere/dtb': No such file or directory"),
    ("/tmp/pair", 1, "vCPU 0: KVM_RUN: Function not implemented"),
]


def test_errors(args, tmp):
    """Each is run in turn; 'case N' and 'status N' lines go around it."""
    run = f"{tmp}/run.sh"
    with open(run, "w", encoding="utf-8") as file:
        file.write(QUIET)
        file.write("mkdir -p /tmp; : >/tmp/empty; gzip -c /guest/trapbench.img >/tmp/gz\n"
                   "dd if=/dev/zero of=/tmp/big bs=1M count=7 2>/dev/null\n"
                   # an Image that begins with mov x0, #0xb000000; ldp x1, x2, [x0]: no VMM can emulate a pair
                   "{ printf '\\000\\140\\241\\322\\001\\010\\100\\251'; dd if=/guest/trapbench.img bs=8 skip=1; }"
                   " 2>/dev/null >/tmp/pair\n")
        for i, (arguments, _, _) in enumerate(ERRORS):
            file.write(f"echo case {i}; timeout 20 /guest/minivmm {arguments} 2>&1; echo status $?\n")
        file.write("rm /dev/kvm; echo case no-kvm; /guest/minivmm /guest/trapbench.img 2>&1; echo status $?\n")
    initramfs(args, f"{tmp}/host.cpio", "--run", run, "--add", f"{args.out}/minivmm:/guest/minivmm",
              "--add", f"{args.out}/trapbench.img:/guest/trapbench.img")
    machine = boot(args, f"{tmp}/host.cpio")
    for i, (arguments, status, message) in enumerate(ERRORS):
        machine.expect(rf"case {i}\n")
        got = machine.expect(r"((?:.*\n)*?)status (\d+)\n")
        if int(got.group(2)) != status:
            raise Failure(f"minivmm {arguments}: status {got.group(2)}, expected {status}")
        if f"minivmm: {message}\n" not in got.group(1):
            raise Failure(f"minivmm {arguments}: expected '{message}'")
    machine.expect(r"case no-kvm\nminivmm: /dev/kvm is not there: .*\nstatus 2\n")
    machine.expect(r"tollgate-init: status 0 ")
    machine.finish()


def test_linux(args, tmp):
    run = f"{tmp}/run.sh"
    with open(run, "w", encoding="utf-8") as file:
        file.write(QUIET)
        file.write("/guest/minivmm --cpus 4 --mem 256M --kernel /guest/Image --initrd /guest/guest.cpio "
                   "--append 'console=ttyAMA0 earlycon tg.modules=none'\n")
    initramfs(args, f"{tmp}/guest.cpio")
    initramfs(args, f"{tmp}/host.cpio", "--run", run, "--add", f"{args.out}/minivmm:/guest/minivmm",
              "--add", f"{args.guests}/{args.kernel}/Image:/guest/Image", "--add", f"{tmp}/guest.cpio:/guest/guest.cpio")
    machine = boot(args, f"{tmp}/host.cpio")
    machine.expect(r"tollgate-init: ready")
    machine.expect(r"earlycon: pl11 at MMIO 0x0*9000000")
    machine.expect(r"smp: Brought up 1 node, 4 CPUs")
    machine.expect(r"tollgate-init: ready")
    machine.expect(r"guest# ")
    machine.type("echo answer-$((6*7)); grep -c ^processor /proc/cpuinfo")
    machine.expect(r"\nanswer-42\n4\n")
    machine.type("poweroff -f")
    machine.expect(r"reboot: Power down")
    machine.expect(r"tollgate-init: status 0 ")
    machine.finish()


def test_selftest(args, tmp):
    run = f"{tmp}/run.sh"
    with open(run, "w", encoding="utf-8") as file:
        file.write(QUIET)
        file.write("/guest/minivmm --cpus 2 /guest/selftest.img 2>&1\n")
    initramfs(args, f"{tmp}/host.cpio", "--run", run, "--add", f"{args.out}/minivmm:/guest/minivmm",
              "--add", f"{args.out}/selftest.img:/guest/selftest.img")
    machine = boot(args, f"{tmp}/host.cpio")
    machine.expect(r"selftest: begin el=1 vhe=0 cpus=2 ")
    machine.expect(r"selftest: end pass=14 fail=0 skip=2\n")  # skipped: HVC, counting of instructions
    machine.expect(r"tollgate-init: status 0 ")
    machine.finish()


TESTS = {"trapbench": test_trapbench, "selftest": test_selftest, "linux": test_linux, "errors": test_errors}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--out", required=True, help="directory of the guest programs")
    parser.add_argument("--root", required=True, help="the repository")
    parser.add_argument("--cpu", default="max,sve=off,pauth-impdef=on")
    parser.add_argument("--kernel", default="k61", help="set of scripts/guests")
    parser.add_argument("--gic", type=int, default=3, help="version of the interrupt controller")
    parser.add_argument("--mode", default="VHE", help="what KVM calls itself when it starts")
    parser.add_argument("--append", default="", help="more for the host kernel's command line")
    parser.add_argument("--timeout", type=int, default=540)
    parser.add_argument("test", choices=TESTS)
    args = parser.parse_args()
    args.guests = os.environ.get("TG_BUILD", f"{args.root}/build") + "/guests"
    if not os.path.exists(f"{args.guests}/{args.kernel}/Image") or not os.path.exists(f"{args.guests}/busybox/busybox"):
        print(f"{args.guests}/{args.kernel} is not there; run scripts/guests {args.kernel}")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as tmp:
        try:
            TESTS[args.test](args, tmp)
        except Failure as failure:
            sys.exit(f"\nFAILED: {failure}")
        finally:
            if Machine.current and Machine.current.process.poll() is None:
                Machine.current.process.kill()
    print("\npassed")


if __name__ == "__main__":
    main()
