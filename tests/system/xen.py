#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Xen with a Debian kernel as its dom0, and with a second domain that it starts itself (dom0less).

xen.py --build DIR TEST. Not in the test run: Xen is not of the default sets (scripts/guests xen). See docs/xen.md.

  dom0/CORE/GIC/PES/MODE   Xen, dom0 to init, a command, power off. The ledger has one guest, and its exits have the names a user of
                           Xen looks for; nobody did anything wrong in the simulator's eyes
  dom0less/...             the same with a domain of the device tree's beside dom0: two guests in the ledger, both run
"""
import re
import subprocess
import sys

from machine import main, need, query

XEN = "console=dtuart dtuart=%s dom0_mem=384M loglvl=all"
# Each core kind, both interrupt controllers, one PE and several, both modes.
DOM0 = (
    ("k61", "cortex-a57", 3, 1, "fast"),
    ("k61", "cortex-a53", 2, 4, "fast"),
    ("k612", "neoverse-n1", 3, 6, "fast"),
    ("k612", "armv8.6-max", 2, 2, "fast"),
    ("k61", "neoverse-n1", 3, 2, "timed"),
)
DOM0LESS = (
    ("k61", "k612", "cortex-a57", 3, 2, "fast"),
    ("k612", "k61", "armv8.6-max", 2, 1, "fast"),
)


def settings(core, gic):
    return [] if core == "neoverse-n1" else ["gic.version=%d" % gic]


def modules(t, kernel, bootargs, domain=""):
    domain = ",domain=%s" % domain if domain else ""
    return ["--module", "kernel:%s%s,bootargs=%s" % (t.guest(kernel, "Image"), domain, bootargs),
            "--module", "ramdisk:%s%s" % (t.guest(kernel, "initrd.cpio"), domain)]


def hypervisor(t, core):
    uart = "/pl011@1c090000" if core == "neoverse-n1" else "/pl011@9000000"
    return ["--kernel", t.guest("xen", "xen"), "--append", XEN % uart]


def check_ledger(db, guests):
    found = [r[0] for r in query(db, "select distinct vm from v_exit order by vm")]
    need(found == list(range(guests)), "guests in v_exit: %s instead of %d" % (found, guests))
    rows = dict(query(db, "select reason, sum(count) from v_exit where vm = 0 group by reason"))
    for reason in ("HVC", "MMIO", "SYS", "IRQ"):
        need(rows.get(reason), "no exit with reason %s: %s" % (reason, rows))
    calls = dict(query(db, "select detail, sum(count) from v_exit where reason = 'HVC' group by detail"))
    for call in ("#3745 xen console_io", "#3745 xen xen_version", "#3745 xen vcpu_op", "#0 PSCI_VERSION"):
        need(calls.get(call), "no call %s: %s" % (call, sorted(calls)))
    unnamed = [c for c in calls if c.startswith("#3745 x16=")]
    need(not unnamed, "hypercalls without a name: %s" % unnamed)
    contexts = dict(query(db, "select context, sum(insns) from context group by context"))
    need(contexts.get("el2") and contexts.get("guest"), "what ran: %s" % contexts)
    need(not contexts.get("host_el1") and not contexts.get("host_el0"), "Xen has no host below EL2: %s" % contexts)


def quiet(g):
    with open(g.stderr_path, encoding="utf-8") as f:
        text = f.read()
    need("guest error" not in text, "the simulator complains:\n" + text)


def dom0(kernel, core, gic, cpus, mode):
    def test(t):
        db = t.path("xen.db")
        arguments = hypervisor(t, core) + modules(t, kernel, 'console=hvc0 tg.run="grep -c ^processor /proc/cpuinfo | sed s/^/pes=/"')
        with t.machine(core, arguments, cpus, mode, db, settings=settings(core, gic)) as g:
            if cpus > 1:
                g.expect(r"\(XEN\) Brought up %d CPUs" % cpus)
            g.expect(r"Xen 4\.\d+ support found")
            g.expect(r"^tollgate-init: ready")
            g.expect(r"^pes=%d" % cpus)
            g.expect(r"^tollgate-init: status 0 ")
            g.expect(r"Hardware Dom0 halted")
            t.power_off(g)
        quiet(g)
        check_ledger(db, 1)
    return test


def with_domain(t, core, cpus, more):
    """The platform's device tree with a domain in it that Xen shall start; docs/xen.md has it by hand."""
    dtc = t.tool("dtc", "device-tree-compiler")
    base, source, tree = t.path("base.dtb"), t.path("domain.dts"), t.path("domain.dtb")
    with t.machine(core, ["--dump-dtb", base], cpus, settings=more) as g:
        g.wait()
    text = subprocess.run([dtc, "-q", "-O", "dts", base], check=True, stdout=subprocess.PIPE).stdout.decode()
    with open(source, "w", encoding="utf-8") as f:
        f.write(text + '/ { chosen { domU1 { compatible = "xen,domain"; cpus = <1>; memory = <0 0x60000>; vpl011; }; }; };\n')
    subprocess.run([dtc, "-q", "-O", "dtb", "-o", tree, source], check=True)
    return tree


def dom0less(kernel, inner, core, gic, cpus, mode):
    def test(t):
        db, more = t.path("xen.db"), settings(core, gic) + ["ram.size=2GiB"]
        arguments = (hypervisor(t, core) + ["--dtb", with_domain(t, core, cpus, more)] +
                     # dom0's halt is Xen's: it must not come before the other is done.
                     modules(t, kernel, 'console=hvc0 tg.run="sleep 3"') +
                     modules(t, inner, 'console=ttyAMA0 tg.run="uname -r | sed s/^/domU-/"', "domU1"))
        with open(t.guest(inner, "release"), encoding="utf-8") as f:
            release = f.read().strip()
        with t.machine(core, arguments, cpus, mode, db, settings=more) as g:
            g.expect(r"\(XEN\) DOM1: domU-" + re.escape(release))
            g.expect(r"Hardware Dom0 halted")
            t.power_off(g)
        need("DOM1: tollgate-init: status 0" in g.text, "the domain did not come to its end")
        need(re.search(r"^tollgate-init: status 0", g.text, re.M), "dom0 did not come to its end")
        quiet(g)
        check_ledger(db, 2)
    return test


TESTS = {"dom0/%s/%s/gicv%d/%d/%s" % row: dom0(*row) for row in DOM0}
TESTS.update({"dom0less/%s/%s/%s/gicv%d/%d/%s" % row: dom0less(*row) for row in DOM0LESS})

if __name__ == "__main__":
    if "--list" in sys.argv:
        print("\n".join(TESTS))
        sys.exit(0)
    main(TESTS)
