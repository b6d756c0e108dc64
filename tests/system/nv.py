#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nested virtualization: KVM of Linux from 6.16 on (set `sid` of scripts/guests) gives its guests an EL2, by FEAT_NV2.

nv.py --build DIR TEST. Not in the test run: the kernel is not of the default sets, and a test takes a minute or three. See
docs/nested-virtualization.md.

  microvisor-*   our hypervisor at virtual EL2 runs trapbench (VHE, and with HCR_EL2.E2H fixed to 0 by HCR_EL2.NV1)
  selftest       what EL2 and EL1 look like from virtual EL2. Three checks differ; the same ones, with the same values, in QEMU
                 10: they are KVM's own doing
  xen            Xen at virtual EL2 (it knows no VHE: HCR_EL2.NV1), its dom0 below (set `xen` of scripts/guests)
  linux-*        Linux at virtual EL2 brings its KVM up in this mode and runs trapbench in a guest of its own
"""
import sys

from machine import main, need, query

CASES = "hypercall,mmio,gicd_read,eoi,vtimer,s2touch,wfi"
# KVM tells a hypervisor bit 63 of its own shadow HPFAR_EL2, no address of a watchpoint, and list registers as empty that still
# ask for their EOI to be seen.
KVMS_OWN = {"el2/stage-2-fault", "el2/breakpoint", "el2/list-register"}


def boot(t, command, cpus=1, mode="fast", files=(), seen=()):
    """L0 with the command; console text."""
    initrd = t.initramfs("sid", *[w for f in files for w in ("--add", f)], modules=False)
    arguments = t.linux("sid", initrd, run="dmesg | grep kvm; " + command, append="quiet kvm-arm.mode=nested")
    db = t.path("nv.db")
    with t.machine("armv8.6-max", arguments, cpus=cpus, mode=mode, db=db) as g:
        g.expect(r"kvm \[1\]: VHE\+NV2 mode initialized successfully")
        for pattern in seen:
            g.expect(pattern)
        t.power_off(g)
        need(query(db, "select 1 from v_exit where reason = 'ERET'"), "no ERET of a virtual EL2 was trapped")
        return g.text


def ran(text, cases=CASES):
    need("trapbench: end ran=%d skipped=0 failed=0" % (cases.count(",") + 1) in text, "trapbench did not run all cases:\n" + text[-2000:])


def microvisor(kind, mode):
    def test(t):
        text = boot(t, "/guest/minivmm --el2 %s /guest/microvisor.img --append 'iterations=100 cases=%s %s'" % (
            kind, CASES, "vhe=1" if kind == "vhe" else ""), mode=mode, files=[t.program("microvisor.img") + ":/guest/microvisor.img"])
        need("microvisor: begin vhe=%d" % (kind == "vhe") in text, "microvisor did not come up as asked:\n" + text[-2000:])
        ran(text)
    return test


def selftest(t):
    text = boot(t, "/guest/minivmm --el2 vhe /guest/selftest.img --append vhe=1 || true",
                files=[t.program("selftest.img") + ":/guest/selftest.img"], seen=[r"^selftest: begin el=2 vhe=1", r"^selftest: end"])
    failed = {line.split()[2] for line in text.split("\n") if line.startswith("selftest: FAIL")}
    need(failed == KVMS_OWN, "other checks differ than those known: %s" % sorted(failed ^ KVMS_OWN))


def linux(kind, cpus):
    def test(t):
        run = t.path("run")
        with open(run, "w", encoding="utf-8") as f:
            f.write("dmesg | grep kvm\n/guest/minivmm /guest/trapbench.img --append 'iterations=100 cases=%s'\n" % CASES)
        inner = t.initramfs("sid", "--run", run, modules=False)
        text = boot(t, "/guest/minivmm --el2 %s --cpus %d --mem 512M --thp /guest/Image --initrd /guest/initrd.cpio"
                    " --append console=ttyAMA0" % (kind, cpus), cpus=cpus, mode="fast",
                    files=[t.guest("sid", "Image") + ":/guest/Image", inner + ":/guest/initrd.cpio"],
                    seen=[r"kvm \[1\]: (VHE|Hyp nVHE) mode initialized"])
        ran(text)
    return test


def xen(cpus):
    def test(t):
        text = boot(t, "/guest/minivmm --el2 nvhe --gic 3 --no-pmu --cpus %d --mem 576M --thp /guest/xen --append 'console=dtuart"
                    " dtuart=/pl011@9000000 dom0_mem=256M' --module /guest/Image --module /guest/initrd.cpio"
                    " --module-append 'console=hvc0 quiet'" % cpus, cpus=cpus,
                    files=[t.guest("xen", "xen") + ":/guest/xen", t.guest("k61", "Image") + ":/guest/Image",
                           t.initramfs("k61", "--run", domain(t), modules=False) + ":/guest/initrd.cpio"],
                    seen=[r"\(XEN\) Brought up %d CPUs" % cpus, r"^dom0-pes=%d" % cpus, r"Hardware Dom0 halted"])
        need(text.count("tollgate-init: status 0") == 2, "dom0 or its host did not come to its end:\n" + text[-2000:])
    return test


def domain(t):
    run = t.path("dom0")
    with open(run, "w", encoding="utf-8") as f:
        f.write("grep -c ^processor /proc/cpuinfo | sed s/^/dom0-pes=/\n")
    return run


TESTS = {
    "microvisor-vhe": microvisor("vhe", "fast"),
    "microvisor-nvhe": microvisor("nvhe", "fast"),
    "microvisor-vhe-timed": microvisor("vhe", "timed"),
    "selftest": selftest,
    "xen": xen(1),
    "xen-2": xen(2),
    "linux-vhe": linux("vhe", 1),
    "linux-vhe-2": linux("vhe", 2),
    "linux-nvhe-2": linux("nvhe", 2),
}

if __name__ == "__main__":
    if "--list" in sys.argv:
        print("\n".join(TESTS))
        sys.exit(0)
    main(TESTS)
