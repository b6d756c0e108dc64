# SPDX-License-Identifier: Apache-2.0
"""Firmware at EL3 on virt with a Secure state: what the payload says here, and in QEMU. Usage: el3.py TOLLGATE QEMU ELF"""
import subprocess
import sys

ENTRY = "0x40200000"


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100, check=False)
    return done.returncode, done.stdout.decode().replace("\r", "").split(), done.stderr.decode()


def main():
    tollgate, qemu, elf = sys.argv[1:]
    status, ours, errors = run([tollgate, "run", "virt", "--set", "secure=true", "--set", "cpus.count=2", "--firmware", elf])
    if status:
        sys.exit(f"tollgate ends with {status}: {errors}")
    second = ["-device", f"loader,addr={ENTRY},cpu-num=1"]
    status, theirs, errors = run([qemu, "-M", "virt,secure=on,virtualization=on,gic-version=3", "-cpu", "cortex-a57", "-smp", "2", "-m", "128",
                                  "-nographic", "-net", "none", "-monitor", "none", "-semihosting", "-device", f"loader,file={elf},cpu-num=0", *second])
    # QEMU leaves by the undefined HLT, of which the payload says syndrome and state.
    theirs = theirs[:len(ours)]
    for i, (a, b) in enumerate(zip(ours, theirs)):
        print(f"{i:3} {a} {b}{'' if a == b else '  differs'}")
    if ours != theirs or len(ours) != 39:
        sys.exit(f"{len(ours)} lines here, {len(theirs)} in QEMU (status {status}): {errors}")


main()
