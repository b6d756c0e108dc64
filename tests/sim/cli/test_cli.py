# SPDX-License-Identifier: Apache-2.0
"""test_cli.py TOLLGATE BUILD GROUP: the program as users call it."""
import fcntl
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import termios
import time
import unittest

import guestcode as g

TOLLGATE, BUILD = map(os.path.abspath, sys.argv[1:3])


class Case(g.Scratch):
    def call(self, *args, timeout=60):
        done = subprocess.run([TOLLGATE, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, check=False)
        # A program that a sanitizer or a signal ended is never what a test wants.
        self.assertNotIn(b"Sanitizer", done.stderr)
        self.assertNotIn(b"runtime error", done.stderr)
        self.assertGreaterEqual(done.returncode, 0, done.stderr)
        return done.returncode, done.stdout.decode(), done.stderr.decode().replace(self.dir + "/", "")

    def complains(self, args, message):
        """Exit status 2 and exactly this line."""
        status, out, err = self.call(*args)
        self.assertEqual((status, out, err), (2, "", "tollgate: " + message + "\n"))

    def complains_with(self, args, *parts):
        status, _, err = self.call(*args)
        self.assertEqual(status, 2, err)
        for part in parts:
            self.assertIn(part, err)
        self.assertEqual(err.count("\n"), 1, err)

    def run_guest(self, words, *args, status=0, platform="tutorial", timeout=60):
        found, out, err = self.call("run", platform, "--kernel", self.guest(words), *args, timeout=timeout)
        self.assertEqual(found, status, err)
        return out, err


class Arguments(Case):
    def test_commands(self):
        self.complains([], "a command is missing: one of run, report, describe, list; see tollgate --help")
        self.complains(["rum"], "unknown command 'rum'; the nearest known one is 'run'")
        self.complains(["--versoin"], "unknown option '--versoin'; see tollgate --help")
        status, out, _ = self.call("--help")
        self.assertEqual(status, 0)
        self.assertIn("exit status:", out)
        status, out, _ = self.call("--version")
        self.assertRegex(out, r"^tollgate \d+\.\d+\.\d+\n$")
        for command in ("run", "report", "describe", "list"):
            status, out, err = self.call(command, "--help")
            self.assertEqual((status, err), (0, ""))
            self.assertIn("usage: tollgate " + command, out)

    def test_options(self):
        self.complains(["run", "virt", "--kernl", "x"], "run: unknown option '--kernl'; the nearest known one is '--kernel'")
        self.complains(["run", "virt", "--kernl=x"], "run: unknown option '--kernl'; the nearest known one is '--kernel'")
        self.complains(["run", "virt", "--kernel"], "run: --kernel needs a value: FILE")
        self.complains(["run", "virt", "--quiet=1"], "run: --quiet takes no value")
        self.complains(["run", "virt", "--kernel", "a", "--kernel", "b"], "--kernel: given twice")
        self.complains(["run"], "run: a platform is missing: tollgate run PLATFORM.lua")
        self.complains(["run", "virt", "other"], "run: one argument too many: 'other'")
        self.complains(["run", "virt"], "run: nothing to start: give --kernel or --firmware")
        self.complains(["run", "virt", "--mode", "tymed"], "--mode: found 'tymed', expected fast or timed; the nearest is 'timed'")
        self.complains(["run", "virt", "--max-time", "3"],
                       "--max-time: found '3', expected a time such as \"90ns\" (units: ps, ns, us, ms, s)")
        self.complains(["run", "virt", "--max-insns", "many"], "--max-insns: found 'many', expected a number (k, M, G may follow)")
        self.complains(["run", "virt", "--max-insns", "-1"], "--max-insns: found '-1', expected a number (k, M, G may follow)")
        self.complains(["run", "vird", "--kernel", "x"], "vird: no such platform; the nearest known one is 'virt'")
        self.complains(["run", "no/x.lua", "--kernel", "x"], "no/x.lua: No such file or directory")
        self.complains(["report"], "report: a database is missing: tollgate report RUN.db")
        self.complains(["report", "x", "--format", "jsn"],
                       "--format: found 'jsn', expected table, csv or json; the nearest is 'json'")
        self.complains(["list"], "list: what? one of platforms, cores, models")
        self.complains(["list", "platfroms"], "list: found 'platfroms', expected platforms, cores or models; the nearest is 'platforms'")
        self.complains(["describe", "pl101"], "describe: no model or core 'pl101'; the nearest known one is 'pl011'")

    def test_report_files(self):
        self.complains_with(["report", self.path("none.db")], "none.db")
        self.complains_with(["report", self.file("text.db", "not a database at all, only text" * 40)], "text.db")


class PlatformErrors(Case):
    def wrong(self, text, message, *args):
        path = self.file("p.lua", "local tg = require 'tollgate'\n" + text)
        self.complains(["run", path, "--kernel", self.guest(g.OFF), *args], message)

    def test_lua(self):
        self.wrong("local r = tg.ram{ bass = 0 }\n", "p.lua:2: ram: unknown key 'bass'; the nearest known one is 'base'")
        self.wrong("local r = tg.ram{ base = 0, size = '1ns' }\n",
                   "p.lua:2: ram: size: found '1ns', expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, TiB)")
        self.wrong("local a = nil\na.b = 1\n", "p.lua:3: attempt to index a nil value (local 'a')")
        self.wrong("local x = = 1\n", "p.lua:2: unexpected symbol near '='")
        self.wrong("while true do end\n",
                   "p.lua:2: the platform has taken 100 million Lua instructions: an endless loop?")
        self.wrong("local a = tg.ram{ base = 0, size = '8KiB' }\nlocal b = tg.ram{ base = 4096, size = '8KiB' }\n"
                   "return { a = a, b = b, cpus = tg.cpus{ core = tg.core 'cortex-a57' } }\n",
                   "p.lua:3: b at 0x1000..0x2fff overlaps a at 0x0..0x1fff, placed at p.lua:2")

    def test_set(self):
        kernel = ["--kernel", self.guest(g.OFF)]
        self.complains(["run", "virt", *kernel, "--set", "cpus.core.l2.siz=1MiB"],
                       "--set cpus.core.l2.siz=1MiB: no such key; the nearest known one is 'cpus.core.l2.size'")
        self.complains(["run", "virt", *kernel, "--set", "core=cortex-a75"],
                       "virt.lua:%d: core: unknown core 'cortex-a75'; the nearest known one is 'cortex-a55' (from --set "
                       "core=cortex-a75)" % self.line("virt", "core = tg.core("))
        self.complains(["run", "virt", *kernel, "--set", "gic.version=4"],
                       "virt.lua:%d: gic.version: found 4, expected 2 or 3" % self.line("virt", "error("))
        self.complains_with(["run", "virt", *kernel, "--set", "gic.version=2", "--set", "cpus.count=9"], "gicv2 cannot serve 9 PEs")
        self.complains_with(["run", "virt", *kernel, "--set", "ram.size=4097B"], "ram", "size: found 4097 bytes, expected a multiple of 4KiB")

    @staticmethod
    def line(platform, text):
        path = os.path.join(BUILD, "share", "tollgate", "platforms", platform + ".lua")
        with open(path) as f:
            return [text in l for l in f].index(True) + 1

    def complains(self, args, message):
        # Shipped platforms are named by their path, which is the machine's.
        status, out, err = self.call(*args)
        share = os.path.join(os.path.dirname(TOLLGATE), "share", "tollgate", "platforms") + "/"
        self.assertEqual((status, out, err.replace(share, "")), (2, "", "tollgate: " + message + "\n"))


class BootErrors(Case):
    def test_kernel(self):
        run = ["run", "tutorial", "--kernel"]
        self.complains_with([*run, self.path("none")], "none", "No such file")
        self.complains_with([*run, self.file("empty", b"")], "empty")
        self.complains_with([*run, self.file("text", b"hello, world\n" * 100)], "text", "an arm64 Linux Image")
        self.complains_with([*run, self.file("x86.elf", g.elf(machine=62))], "x86.elf", "expected AArch64")
        self.complains_with([*run, self.file("short.elf", g.elf()[:100])], "short.elf", "truncated")
        self.complains_with([*run, self.file("short.img", g.image(g.OFF)[:40])], "short.img")
        self.complains_with([*run, self.dir], "not a regular file")

    def test_initrd(self):
        big = self.path("big")
        with open(big, "wb") as f:
            f.truncate(64 << 20)
        run = ["run", "tutorial", "--kernel", self.guest(g.OFF)]
        self.complains_with([*run, "--initrd", self.path("none")], "none", "No such file")
        self.complains_with([*run, "--initrd", big, "--set", "ram.size=32MiB"], "big")

    def test_others(self):
        run = ["run", "virt", "--kernel", self.guest(g.OFF)]
        self.complains_with([*run, "--drive", "file=" + self.path("none")], "none", "No such file")
        self.complains_with([*run, "--drive", "fil=x"], "fil")
        self.complains_with([*run, "--net", "usr"], "usr")
        self.complains_with([*run, "--console", "tty"], "tty")
        self.complains_with([*run, "--dtb", self.file("bad.dtb", b"x" * 100)], "bad.dtb")
        self.complains_with([*run, "--module", "kernel"], "--module")
        self.complains_with([*run, "--db", "/proc/none/run.db"], "/proc/none/run.db")
        self.complains_with([*run, "--db", self.file("text.db", "x" * 5000)], "text.db")
        self.complains_with(["run", "tutorial", *run[2:], "--firmware", self.guest(g.OFF)], "--firmware", "fw_cfg")
        self.complains_with([*run, "--firmware", self.guest(g.OFF), "--module", "kernel:x"], "--module", "--firmware")
        self.complains_with([*run, "--secure-console", "null"], "--secure-console", "secure=true")

    def test_drive_read_only(self):
        image = self.file("disk.img", bytes(1 << 20))
        os.chmod(image, 0o444)
        if os.geteuid() != 0:
            self.complains_with(["run", "virt", "--kernel", self.guest(g.OFF), "--drive", "file=" + image], "disk.img")
        self.run_guest(g.OFF, "--drive", "file=%s,mode=ro" % image, platform="virt")

    def test_too_many_drives(self):
        drives = []
        for i in range(9):
            drives += ["--drive", "file=" + self.file("d%d" % i, bytes(4096))]
        self.complains_with(["run", "neoverse-n1", "--kernel", self.guest(g.OFF), *drives], "no empty virtio slot for drive8")

    def test_dump_dtb(self):
        self.call("run", "virt", "--dump-dtb", self.path("a.dtb"))
        with open(self.path("a.dtb"), "rb") as f:
            self.assertEqual(f.read(4), b"\xd0\x0d\xfe\xed")


class Ends(Case):
    def test_power_off(self):
        for platform in ("tutorial", "virt", "neoverse-n1"):
            for mode in ("fast", "timed"):
                _, err = self.run_guest(g.OFF, "--mode", mode, platform=platform)
                self.assertRegex(err, r"^tollgate: powered off at ")

    def test_console(self):
        base = g.mov(1, 0x09000000)
        words = base + [w for c in "ok\n" for w in (g.movz(0, ord(c)), g.str_(0, 1))] + g.OFF
        out, _ = self.run_guest(words)
        self.assertEqual(out, "ok\n")
        self.run_guest(words, "--console", "file:" + self.path("c"))
        with open(self.path("c")) as f:
            self.assertEqual(f.read(), "ok\n")
        out, err = self.run_guest(words, "--console", "null", "--quiet")
        self.assertEqual((out, err), ("", ""))

    def test_interrupt_at_a_new_branch(self):
        """A store makes an interrupt pending, the branch behind it is taken for the first time, and the vector lies on the same page:
        the branch must not lead to the vector from then on. GICv2; the handler counts in x13, two rounds make two interrupts."""
        def set_to(offset, base, value):
            return g.mov(0, value) + [g.str_(0, base, offset)]
        start = g.mov(1, 0x08000000) + g.mov(2, 0x08010000) + [g.movz(13, 0), g.movz(12, 2)]
        # GICD_CTLR, ISENABLER1 (INTID 40), ITARGETSR; GICC_PMR, GICC_CTLR
        start += set_to(0, 1, 1) + set_to(0x104, 1, 0x100) + set_to(0x828, 1, 1) + set_to(4, 2, 0xFF) + set_to(0, 2, 1)
        # HCR_EL2: RW, IMO; VBAR_EL2; interrupts on
        start += g.mov(0, 0x80000010) + [g.msr(4, 1, 1, 0, 0)] + g.mov(0, 0x40000800) + [g.msr(4, 12, 0, 0, 0), 0xD50342FF]
        loop = g.mov(0, 0x100) + [g.str_(0, 1, 0x204), g.b(3), g.UDF, g.UDF]  # ISPENDR1
        loop += [g.subs(12, 12, 1), g.b_ne(-len(loop) - 1), g.subs(0, 13, 2), g.hlt(0x7101)]
        handler = [g.add(13, 13, 1), g.ldr(4, 2, 0xC), g.str_(4, 2, 0x10), g.ERET]  # GICC_IAR, GICC_EOIR
        words = g.place((g.BASE, start + loop), (0x40000A80, handler))
        for mode in ("fast", "timed"):
            keys = ("gic.dist_time", "gic.cpu_time", "gic.dist_latency", "fabric.latency")
            at_once = [a for key in keys for a in ("--set", key + "=0ns")]
            _, err = self.run_guest(words, "--mode", mode, "--set", "gic.version=2", *at_once, "--max-insns", "10k", platform="virt")
            self.assertIn("powered off", err)

    def test_max_insns(self):
        for n in (1, 1000, 123457):
            _, err = self.run_guest([g.SPIN], "--max-insns", str(n))
            self.assertRegex(err, r"^tollgate: limit reached at .*, %s instructions, " % format(n, ","))

    def test_max_time(self):
        _, err = self.run_guest([g.SPIN], "--max-time", "1.5ms")
        self.assertIn("limit reached at 0.001500 s", err)
        _, err = self.run_guest([g.SPIN], "--max-time", "1.5ms", "--set", "cpus.count=4", platform="virt")
        self.assertIn("limit reached at 0.001500 s", err)

    def test_all_asleep(self):
        _, err = self.run_guest([g.WFI, g.b(-1)], status=3)
        self.assertRegex(err, r"^tollgate: no progress: all PEs wait for an interrupt and no event is pending; PE 0 at PC 0x[0-9a-f]+, EL2\n")

    def test_all_off(self):
        _, err = self.run_guest(g.psci(0x84000002), status=3)
        self.assertIn("all PEs are powered off", err)

    def test_jump_to_nowhere(self):
        _, err = self.run_guest(g.mov(0, 0x20000000) + [g.br(0)], status=3, timeout=100)
        self.assertIn("tollgate: PE 0:", err)

    def test_undefined_loop(self):
        _, err = self.run_guest([g.UDF], status=3, timeout=100)
        self.assertIn("tollgate: PE 0:", err)

    def test_reset_loop(self):
        _, err = self.run_guest(g.RESET, status=3)
        self.assertIn("no progress: the guest reset the machine 5 times", err)

    def test_database(self):
        db = self.path("run.db")
        self.run_guest(g.OFF, "--db", db)
        self.run_guest([g.SPIN], "--db", db, "--max-insns", "5000")
        self.run_guest([g.WFI, g.b(-1)], "--db", db, status=3)
        rows = sqlite3.connect(db).execute("SELECT status, platform, core, mode, insns FROM run ORDER BY run_id").fetchall()
        self.assertEqual([r[:4] for r in rows], [(s, "tutorial", "cortex-a57", "fast") for s in ("poweroff", "limit", "stuck")])
        self.assertEqual(rows[1][4], 5000)
        config = dict(sqlite3.connect(db).execute("SELECT key, value FROM config WHERE run_id = 1").fetchall())
        self.assertEqual(config["cpus.core.freq"], "2GHz")
        self.assertEqual(config["ram.size"], "512MiB")
        for form in ("table", "csv", "json"):
            status, out, _ = self.call("report", db, "--format", form)
            self.assertEqual(status, 0)
            self.assertTrue(out)
        self.complains_with(["report", db, "--run", "9"], "9")


class Entry(Case):
    """What the hardware is like when the guest is entered, and PSCI's CPU_SUSPEND. A guest tells by the immediate that it ends with."""
    GICR = 0x080A0000  # of virt
    PASS = g.mov(0, 0) + [g.hlt(0x7101)]

    def waker(self, pe):
        """x4 = GICR_WAKER of a PE."""
        return g.mov(2, self.GICR + pe * 0x20000) + [g.ldr(4, 2, 0x14)]

    def expect(self, value):
        """Goes on when x4 is this; else the run ends with status 3."""
        return [g.subs(5, 4, value), g.cbz(5, 4), *g.mov(0, 1), g.hlt(0x7101), g.SPIN]

    def finish(self, words):
        return [*words, *self.PASS, g.SPIN]

    def start(self, path, *args, status=0, option="--kernel"):
        found, _, err = self.call("run", "virt", option, path, *args)
        self.assertEqual(found, status, err)
        return err

    def test_waker(self):
        awake, asleep = (self.finish(self.waker(0) + self.expect(v)) for v in (0, 6))
        self.start(self.guest(awake, "kernel"))
        self.start(self.guest(asleep, "kernel6"), status=3)  # the check can fail
        self.start(self.file("elf", g.elf(asleep)))
        self.start(self.file("elf0", g.elf(awake)), status=3)
        self.start(self.file("fw.elf", g.elf(asleep, base=0x40400000)), option="--firmware")
        # Raw firmware in flash: ours is before it, unless it is entered at EL3.
        self.start(self.file("flash", g.code(awake)), option="--firmware")
        self.start(self.file("flash3", g.code(asleep)), "--set", "secure=true", option="--firmware")
        # Two Security states, and no firmware but ours: all interrupts are left to the kernel.
        enable = g.mov(2, self.GICR + 0x10000) + g.mov(3, 1 << 27) + [g.str_(3, 2, 0x100), g.ldr(4, 2, 0x100), g.sub(4, 4, 3), *self.expect(0)]
        self.start(self.guest(self.finish(enable), "ds0"), "--set", "gic.security=true")
        self.start(self.file("elf1", g.elf(self.finish(enable))), "--set", "gic.security=true", status=3)

    def test_waker_of_others(self):
        second = self.finish(self.waker(1) + self.expect(0))
        on = g.mov(1, 1) + g.mov(2, 0x40000800) + g.mov(3, 0) + g.mov(0, 0xC4000003) + [g.SMC0]
        words = g.place((g.BASE, self.waker(1) + self.expect(6) + on + [g.WFI, g.b(-1)]), (0x40000800, second))
        self.start(self.guest(words), "--set", "cpus.count=2")

    def test_suspend(self):
        """CPU_SUSPEND of a standby state with a timer of 1 ms: 62,500 ticks pass, idle; without, nobody wakes the PE."""
        def mrs(op1, crn, crm, op2, rt):
            return g.msr(op1, crn, crm, op2, rt) | 1 << 21

        gic = (g.mov(1, 0x08000000) + g.mov(3, 2) + [g.str_(3, 1)] +  # GICD_CTLR: Group 1
               g.mov(2, self.GICR + 0x10000) + g.mov(3, 1 << 30) + [g.str_(3, 2, 0x80), g.str_(3, 2, 0x100)] +  # INTID 30
               g.mov(3, 0xFF) + [g.msr(0, 4, 6, 0, 3)] + g.mov(3, 1) + [g.msr(0, 12, 12, 7, 3)])
        timer = g.mov(3, 62500) + [g.msr(3, 14, 2, 0, 3)] + g.mov(3, 1) + [g.msr(3, 14, 2, 1, 3)]
        count = lambda rt: [mrs(3, 14, 0, 1, rt)]
        suspend = g.mov(1, 0) + g.mov(0, 0xC4000001) + [g.SMC0]
        ticks = [g.sub(6, 7, 6), *g.mov(5, 62400), g.sub_s(5, 6, 5), g.b_mi(4), *g.mov(5, 62600), g.sub_s(5, 6, 5), g.b_mi(4),
                 *g.mov(0, 1), g.hlt(0x7101), g.SPIN]
        after = [g.cbz(0, 4), *g.mov(0, 2), g.hlt(0x7101), g.SPIN]  # SUCCESS
        for mode in ("fast", "timed"):
            db = self.path(mode + ".db")
            self.start(self.guest(self.finish(gic + timer + count(6) + suspend + after + count(7) + ticks)), "--mode", mode, "--db", db)
            c = sqlite3.connect(db)
            (idle, cycles), = c.execute("SELECT SUM(CASE WHEN bucket = 'idle' THEN cycles END), SUM(cycles) FROM v_cpi").fetchall()
            c.close()
            self.assertGreater(idle, 0.98 * cycles)
        # A pending interrupt, masked or not, ends it at once; without one the PE sleeps for ever.
        self.start(self.guest(self.finish(gic + suspend + after)), status=3)
        now = g.mov(3, 0) + [g.msr(3, 14, 2, 0, 3)] + g.mov(3, 1) + [g.msr(3, 14, 2, 1, 3)]
        self.start(self.guest(self.finish(gic + now + suspend + after)))
        # Power-down states are refused.
        refused = g.mov(1, 1 << 16) + g.mov(2, 0x40000000) + g.mov(0, 0xC4000001) + [g.SMC0, g.add(4, 0, 2), *self.expect(0)]
        self.start(self.guest(self.finish(refused)))

    def test_counter(self):
        """CNTFRQ_EL0: 1 GHz from Armv8.6 on, unless the user says otherwise."""
        words = self.finish([g.msr(3, 14, 0, 0, 4) | 1 << 21, *g.mov(5, 1000000000), g.sub(4, 4, 5), *self.expect(0)])
        for platform in ("virt", "neoverse-n1"):
            for core, args, status in (("armv8.6-max", (), 0), ("neoverse-n1", (), 3),
                                       ("armv8.6-max", ("--set", "cpus.core.cntfrq=100MHz"), 3)):
                found, _, err = self.call("run", platform, "--kernel", self.guest(words), "--set", "core=" + core, *args)
                self.assertEqual(found, status, err)


class Record(Case):
    """--events, --profile, --symbols."""

    def query(self, sql, db="run.db"):
        c = sqlite3.connect(self.path(db))
        try:
            return c.execute(sql).fetchall()
        finally:
            c.close()

    def test_arguments(self):
        run = ["run", "virt", "--kernel", self.guest(g.OFF)]
        db = ["--db", self.path("x.db")]
        self.complains([*run, "--events"], "--events: goes into a database; give --db FILE, too")
        self.complains([*run, "--profile=10"], "--profile: goes into a database; give --db FILE, too")
        self.complains([*run, "--events=some", *db], "--events: found 'some', expected exits, traps or all, and perhaps ,max=N")
        self.complains([*run, "--events=all,min=1", *db], "--events: found 'all,min=1', expected exits, traps or all, and perhaps ,max=N")
        self.complains([*run, "--events=all,max=", *db], "--events: found '', expected a number (k, M, G may follow)")
        self.complains([*run, "--profile=0", *db], "--profile: found '0', expected a number of cycles from 1 to 1000G")
        self.complains([*run, "--symbols", "x"], "--symbols: names are for --events and --profile; give one of them")
        self.complains([*run, "--events", *db, "--symbols", "guest:" + self.path("none")], "symbols 'none': No such file or directory")
        self.complains([*run, "--events", *db, "--symbols", self.file("bad", "what is this\n")],
                       "symbols 'bad': line 1 is not of the form 'ffff800080010000 T name' (nm, System.map, kallsyms), and the file"
                       " is not ELF")

    def test_events(self):
        db = self.path("run.db")
        symbols = self.file("map", "0000000000000f00 T guest_code\n")
        words = g.faulting_vm(50)
        self.run_guest(words, "--db", db, "--events", "--symbols", "guest:" + symbols, platform="virt")
        rows = self.query("SELECT phase, kind, vm, vcpu, pe, end_pe, from_el, to_el, reason, pc, symbol, insns, cycles, idle_cycles,"
                          " count(*) FROM v_event GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14")
        # SUBS, B.NE, ERET; the last exit powers off
        self.assertEqual(rows, [("run", "exit", 0, 0, 0, 0, 1, 2, "IABT_LOW", "0x1000", "guest_code", 3, 3, 0, 49)])
        self.assertEqual(self.query("SELECT reason, detail, count, cycles FROM exit"),
                         self.query("SELECT reason, detail, count(*), sum(cycles) FROM event GROUP BY reason, detail"))
        # one follows the other: 3 cycles at the core's clock
        ((hz,),) = self.query("SELECT hz FROM pe")
        starts = [r[0] for r in self.query("SELECT start_ps FROM event ORDER BY seq")]
        for a, b in zip(starts, starts[1:]):
            self.assertAlmostEqual(b - a, 3e12 / hz, delta=1)
        self.run_guest(words, "--db", db, "--events=all,max=20", platform="virt")
        self.assertEqual(self.query("SELECT kind, count(*) FROM event WHERE run_id = 2 GROUP BY kind"), [("exit", 10), ("trap", 10)])
        self.assertEqual(self.query("SELECT events_dropped FROM run"), [(0,), (78,)])
        _, err = self.run_guest(words, "--db", db, "--events=traps", "--mode", "timed", platform="virt")
        self.assertEqual(self.query("SELECT kind, vm, vcpu, ec = reason, count(*), sum(e.cycles) = t.cycles FROM event e"
                                    " JOIN trap t USING(run_id) WHERE run_id = 3"), [("trap", 0, 0, 1, 49, 1)])
        self.assertNotIn("not written", err)
        _, err = self.run_guest(words, "--db", db, "--events=exits,max=0", platform="virt")
        self.assertIn("tollgate: --events: 49 more events were not written\n", err)
        # not asked for: nothing
        self.run_guest(words, "--db", db, platform="virt")
        self.assertEqual(self.query("SELECT count(*) FROM event WHERE run_id > 3"), [(0,)])

    def test_profile(self):
        """Two loops, one three times as long as the other: 300,000 and 100,000 instructions."""
        db = self.path("run.db")
        first = [*g.mov(11, 150000), g.subs(11, 11, 1), g.b_ne(-1)]
        second = [*g.mov(11, 50000), g.subs(11, 11, 1), g.b_ne(-1)]
        words = first + second + g.OFF
        at = (g.BASE, g.BASE + 4 * len(first), g.BASE + 4 * len(first + second))
        symbols = self.file("map", "".join("%016x t %s\n" % s for s in zip(at, ("long", "short", "end"))))
        contents = []
        for run, options in enumerate((["--seed", "1"], ["--seed", "1"], ["--seed", "2"]), 1):
            self.run_guest(words, "--db", db, "--profile=100", "--symbols", symbols, *options)
            shares = dict(self.query("SELECT symbol, sum(share) FROM v_profile WHERE run_id = %d GROUP BY symbol" % run))
            self.assertAlmostEqual(shares["long"], 0.75, delta=0.01)
            self.assertAlmostEqual(shares["short"], 0.25, delta=0.01)
            ((samples, cycles),) = self.query("SELECT sum(samples), sum(cycles) FROM v_profile WHERE run_id = %d" % run)
            self.assertTrue(3900 < samples < 4100, samples)  # 400,000 cycles
            self.assertTrue(400000 - 150 <= cycles <= 400020, cycles)
            self.assertEqual(self.query("SELECT DISTINCT pe, context, el, vm FROM v_profile"), [(0, "el2", 2, None)])
            contents.append(self.query("SELECT pc, samples, cycles FROM profile WHERE run_id = %d" % run))
        self.assertEqual(contents[0], contents[1])
        self.assertNotEqual(contents[0], contents[2])
        status, out, _ = self.call("report", db)
        self.assertEqual(status, 0)
        self.assertRegex(out, r"\nrun +el2 +EL2 +long +\d+ +\d+ +7[45]\.?\d*\nrun +el2 +EL2 +short +\d+ +\d+ +2[45]\.?\d*\n")

    def test_profile_of_a_guest(self):
        db = self.path("run.db")
        self.run_guest(g.faulting_vm(20000), "--db", db, "--profile=7", platform="virt")
        rows = self.query("SELECT DISTINCT context, el, vm, pc FROM v_profile WHERE samples > 1 ORDER BY context")
        # Between blocks the PE stands at the ERET behind the handler's branch, or the guest is about to fetch.
        self.assertEqual(rows, [("el2", 2, None, "0x40000c14"), ("guest", 1, 0, "0x1000")])

    def test_profile_changes_nothing(self):
        for pes, mode in ((1, "fast"), (1, "timed"), (4, "fast"), (4, "timed")):
            dumps, profiles = [], []
            for options in ([], ["--profile=50", "--events=all"], ["--profile=50", "--events=all"]):
                db = self.path("%s%d%d" % (mode, pes, len(dumps)))
                self.run_guest(Determinism.several(pes), "--db", db, "--mode", mode, "--set", "cpus.count=%d" % pes, *options,
                               platform="virt")
                lines = [line for line in Determinism.dump(db) if 'INTO "run"' not in line]
                profiles.append([line for line in lines if 'INTO "profile"' in line])
                dumps.append([line for line in lines if 'INTO "profile"' not in line])
            self.assertEqual(dumps[0], dumps[1])
            self.assertEqual(profiles[0], [])
            self.assertEqual(profiles[1], profiles[2])
            self.assertEqual({int(line.split(",")[2]) for line in profiles[1]}, set(range(pes)))

    def test_elf_symbols(self):
        """--kernel as an ELF file brings its own names; microvisor's hypercall loop is where the exits come from."""
        elf = os.path.join(BUILD, "guest", "microvisor.elf")
        if not os.path.exists(elf):
            self.skipTest("no cross compiler: no " + elf)
        db = self.path("run.db")
        status, _, err = self.call("run", "virt", "--kernel", elf, "--db", db, "--profile=1000", "--events",
                                   "--symbols", "guest:" + os.path.join(BUILD, "guest", "trapbench.elf+0x40000000"))
        self.assertEqual(status, 0, err)
        names = {r[0] for r in self.query("SELECT symbol FROM v_profile WHERE context = 'el2' AND share > 0.01")}
        self.assertIn("mv_exit", names | {r[0] for r in self.query("SELECT symbol FROM v_profile WHERE context = 'el2'")})
        self.assertEqual(self.query("SELECT DISTINCT symbol FROM v_event WHERE detail LIKE '%4b000000%'"), [("hypercall_run",)])
        # the interrupt of trapbench's timer case is the virtual timer's, PPI 11
        self.assertEqual(self.query("SELECT DISTINCT detail FROM exit WHERE reason = 'IRQ'"), [("INTID 27 (cntv)",)])


class Switch(Case):
    """--switch against the guest's own hint (HLT #0x7102, x0 = 1 timed) at the same place: the same cycles."""

    LOOP = g.mov(9, 0x40400000) + [*g.mov(11, 300), g.ldr(4, 9), g.str_(4, 9), g.subs(11, 11, 1), g.b_ne(-3)]

    def measure(self, words, *options):
        db = self.path("run.db")
        if os.path.exists(db):
            os.remove(db)
        self.run_guest(words, "--db", db, *options)
        c = sqlite3.connect(db)
        try:
            return c.execute("SELECT insns, cycles FROM run").fetchall() + c.execute("SELECT * FROM context_bucket").fetchall()
        finally:
            c.close()

    def test_arguments(self):
        run = ["run", "virt", "--kernel", self.guest(g.OFF), "--switch"]
        self.complains([*run, "timed"], "--switch: found 'timed', expected fast@MOMENT or timed@MOMENT; MOMENT is insns=N, pc=ADDRESS"
                       " or phase=NAME")
        self.complains([*run, "timed@pc"], "--switch timed@pc: found 'pc', expected insns=N, pc=ADDRESS or phase=NAME")
        self.complains([*run, "timed@pc=0x12"], "--switch timed@pc=0x12: found '0x12', expected the address of an instruction: 0x40080000")
        self.complains([*run, "timed@insns=x"], "--switch: found 'x', expected a number (k, M, G may follow)")
        self.complains([*run, "timed@phase=ninechars"],
                       "--switch timed@phase=ninechars: found 'ninechars', expected a phase's name, up to 8 characters")

    def test_pc_and_insns(self):
        head, body, tail = g.nops(3) + self.LOOP, g.mov(0, 1), self.LOOP + g.nops(5) + self.LOOP + g.OFF
        hinted = self.measure(head + body + [g.hlt(0x7102)] + tail)
        plain = head + body + g.nops(1) + tail
        fast, timed = self.measure(plain), self.measure(plain, "--mode", "timed")
        at = g.BASE + 4 * (len(head) + len(body) + 1)
        before = 1 + len(head) + 4 * 299 + len(body) + 1  # instructions retired by then, with the Image's first branch
        self.assertEqual(fast[0][0], hinted[0][0])
        self.assertEqual(len({fast[0][1], hinted[0][1], timed[0][1]}), 3)
        self.assertEqual(self.measure(plain, "--switch", "timed@pc=%#x" % at), hinted)
        self.assertEqual(self.measure(plain, "--switch", "timed@insns=%d" % before), hinted)
        self.assertEqual(self.measure(plain, "--switch", "timed@insns=0"), timed)
        self.assertEqual(self.measure(plain, "--switch", "timed@pc=0x80000000"), fast)

    def test_in_order(self):
        """Timed for the second of three loops only; what comes before its turn does not count."""
        words = g.nops(3) + self.LOOP + g.nops(2) + self.LOOP + g.nops(2) + self.LOOP + g.OFF
        first = 3 + len(self.LOOP) + 2
        second = first + len(self.LOOP) + 2
        counts = [1 + first + 4 * 299, 1 + second + 2 * 4 * 299]
        moments = [("pc=%#x" % (g.BASE + 4 * at), "insns=%d" % count) for at, count in zip((first, second), counts)]
        runs = [self.measure(words, "--switch", "timed@" + a, "--switch", "fast@" + b) for a in moments[0] for b in moments[1]]
        for other in runs[1:]:
            self.assertEqual(other, runs[0])
        self.assertNotEqual(self.measure(words, "--switch", "timed@" + moments[0][0]), runs[0])
        # the other way round: fast at the second place, which it is already, then timed at the first, which is past
        self.assertEqual(self.measure(words, "--switch", "fast@" + moments[1][0], "--switch", "timed@" + moments[0][0]),
                         self.measure(words))

    def test_pc_inside_of_a_loop(self):
        """The address lies in the middle of a block that runs, decoded and chained, from the 300 rounds before."""
        def guest(nop):
            # 0..: x11 counts down; at 10 the loop goes once through the way that is else jumped over
            return g.mov(9, 0x40400000) + [*g.mov(11, 300), g.ldr(4, 9), g.subs(12, 11, 10), g.b_ne(3), g.movz(0, 1), nop,
                                           g.str_(4, 9), g.subs(11, 11, 1), g.b_ne(-7)] + g.OFF
        plain = guest(g.nops(1)[0])
        prefix = len(g.mov(9, 0x40400000)) + 1
        # 290 rounds of 6 instructions, then LDR, SUBS, B.NE, MOV, NOP
        count = 1 + prefix + 290 * 6 + 5
        self.assertEqual(self.measure(plain, "--switch", "timed@insns=%d" % count), self.measure(guest(g.hlt(0x7102))))
        self.assertEqual(self.measure(plain, "--switch", "timed@pc=%#x" % (g.BASE + 4 * (prefix + 4))),
                         self.measure(plain, "--switch", "timed@insns=%d" % (count - 1)))
        # the middle of a block in the first round, and in the second part of the loop when it is chained
        for word, instructions in ((1, 1), (6, 4)):
            self.assertEqual(self.measure(plain, "--switch", "timed@pc=%#x" % (g.BASE + 4 * (prefix + word))),
                             self.measure(plain, "--switch", "timed@insns=%d" % (1 + prefix + instructions)))
        later = "insns=%d" % (1 + prefix + 100 * 6 + 2)
        self.assertEqual(self.measure(plain, "--switch", "fast@" + later, "--switch", "timed@pc=%#x" % (g.BASE + 4 * (prefix + 6))),
                         self.measure(plain, "--switch", "timed@insns=%d" % (1 + prefix + 100 * 6 + 4)))

    def test_phase(self):
        mark = g.mov(0, 0x6B726F77) + [g.hlt(0x7100)]  # "work"
        words = self.LOOP + mark + g.mov(0, 1) + g.nops(1) + self.LOOP + g.OFF
        phases = self.measure(words, "--switch", "timed@phase=work", "--switch", "fast@phase=other")
        self.assertEqual(self.measure(words, "--switch", "timed@pc=%#x" % (g.BASE + 4 * len(self.LOOP + mark))), phases)
        self.assertEqual(self.measure(words, "--switch", "timed@phase=no"), self.measure(words))
        self.assertNotEqual(phases[0][1], phases[0][0])

    def test_several_pes(self):
        """The count is that of all PEs, and the same again."""
        words = Determinism.several(4)
        runs = [self.measure(words, "--switch", "timed@insns=20k", "--switch", "fast@insns=40k", "--set", "cpus.count=4")
                for _ in range(2)]
        self.assertEqual(runs[0], runs[1])
        self.assertGreater(runs[0][0][1], runs[0][0][0])

    def run_guest(self, words, *args, **keywords):
        return super().run_guest(words, *args, **{"platform": "virt", **keywords})


class Modes(Case):
    """A change of mode begins a phase: no row has cycles of both."""

    def query(self, sql, db="run.db"):
        c = sqlite3.connect(self.path(db))
        try:
            return c.execute(sql).fetchall()
        finally:
            c.close()

    def run_db(self, words, *args):
        if os.path.exists(self.path("run.db")):
            os.remove(self.path("run.db"))
        return self.run_guest(words, "--db", self.path("run.db"), *args, platform="virt")

    def check_phases(self):
        """Fast phases have cycles in the buckets of mode fast only; views and contexts sum to what PEs counted; extremes are of one mode."""
        self.assertEqual(self.query("SELECT phase, bucket FROM v_cpi WHERE mode = 'fast' AND bucket NOT IN ('base', 'exception', 'idle')"), [])
        self.assertEqual(self.query("SELECT v.phase, v.pe FROM v_pe v WHERE v.cycles <> coalesce((SELECT sum(c.cycles) FROM v_cpi c"
                                    " WHERE c.run_id = v.run_id AND c.phase = v.phase AND c.pe = v.pe), 0)"), [])
        self.assertEqual(self.query("SELECT phase FROM v_pe WHERE mode = 'fast' AND insns > cycles"), [])
        self.assertEqual(self.query("SELECT e.exit_id FROM exit e JOIN phase p USING(phase_id) JOIN exit_bucket b USING(exit_id)"
                                    " WHERE p.mode = 'fast' AND b.bucket NOT IN ('base', 'exception', 'idle')"), [])

    def test_hypercalls(self):
        """1,000 calls fast, then 1,000 timed; one of them lies on both sides of the change."""
        calls = g.calling_vm(2000, hcr=0x80000001, before=[g.movz(0, 1)], between=g.nops(5))
        # the handler changes the mode when 1,000 are left
        i = calls.index(g.subs(11, 11, 1), (0x40000C00 - g.BASE) // 4)
        handler = [g.subs(11, 11, 1), g.b_ne(len(g.OFF) + 1), *g.OFF, g.subs(12, 11, 1000), g.b_ne(3), g.movz(0, 1), g.hlt(0x7102), g.ERET]
        calls[i:i + len(handler)] = handler
        self.run_db(calls)
        self.assertEqual(self.query("SELECT name, mode FROM phase ORDER BY seq"), [("run", "fast"), ("run#2", "timed")])
        self.assertEqual(self.query("SELECT mode FROM v_run"), [("mixed",)])
        fast, timed = self.query("SELECT phase, reason, count, cycles_min, cycles_max, insns_mean, mode FROM v_exit ORDER BY mode")
        # SUBS, B.NE, SUBS, B.NE, ERET
        self.assertEqual(fast, ("run", "HVC", 999, 5, 5, 5.0, "fast"))
        self.assertEqual((timed[0], timed[2], timed[5]), ("run#2", 1000, 5.0))
        self.assertGreater(timed[3], 20)
        self.assertEqual(self.query("SELECT count - measured FROM exit ORDER BY exit_id"), [(0,), (1,)])
        self.assertEqual(self.query("SELECT count, returned, cycles_max < 6 FROM trap t JOIN phase USING(phase_id) ORDER BY seq"),
                         [(1000, 999, 1), (1000, 999, 0)])
        self.check_phases()
        whole = self.query("SELECT phase, cycles_mean, cycles_p50, cycles_p99 FROM v_exit")
        self.run_db(calls, "--events=all")
        self.assertEqual(self.query("SELECT phase, cycles_mean, cycles_p50, cycles_p99 FROM v_exit"), whole)
        self.assertEqual(self.query("SELECT kind, count(*) FROM v_event WHERE mixed GROUP BY kind"), [("exit", 1), ("trap", 1)])
        self.assertEqual(self.query("SELECT phase, count(*) FROM v_event WHERE kind = 'exit' GROUP BY phase ORDER BY 1"), [("run", 999), ("run#2", 1000)])
        status, out, _ = self.call("report", self.path("run.db"))
        self.assertEqual(status, 0)
        self.assertRegex(out, r"mode +mixed\n")

    def test_several_pes(self):
        """PEs that are in the middle of a device access change a little later; nothing of that is in the wrong phase."""
        words = Determinism.several(4)
        for n in range(1, 12):
            self.run_db(words, "--switch", "timed@insns=%d" % (1009 * n), "--switch", "fast@insns=%d" % (1009 * n + 401 * n),
                        "--switch", "timed@insns=%d" % (1009 * n + 401 * n + 17), "--set", "cpus.count=4")
            self.assertEqual(self.query("SELECT mode FROM phase ORDER BY seq"), [("fast",), ("timed",), ("fast",), ("timed",)])
            self.check_phases()

    def test_empty(self):
        """A change at the very beginning, to the mode that is there, or together with a mark begins no phase of its own."""
        self.run_db(g.nops(20) + g.OFF, "--switch", "timed@insns=0")
        self.assertEqual(self.query("SELECT name, mode FROM phase"), [("run", "timed")])
        self.assertEqual(self.query("SELECT mode FROM run"), [("timed",)])
        self.run_db(g.nops(20) + [g.movz(0, 0), g.hlt(0x7102)] + g.nops(20) + g.OFF)
        self.assertEqual(self.query("SELECT name, mode FROM phase"), [("run", "fast")])
        self.run_db(g.nops(20) + g.mov(0, 0x6B726F77) + [g.hlt(0x7100)] + g.nops(20) + g.OFF, "--switch", "timed@phase=work")
        self.assertEqual(self.query("SELECT name, mode FROM phase ORDER BY seq"), [("run", "fast"), ("work", "timed")])


class Guests(Case):
    """Who is a guest, and what is said when nobody is."""

    def counted(self, words, *args):
        db = self.path("run.db")
        if os.path.exists(db):
            os.remove(db)
        _, err = self.run_guest(words, "--db", db, *args, platform="virt")
        c = sqlite3.connect(db)
        try:
            return c.execute("SELECT sum(count), (SELECT max(vmid) FROM vm) FROM exit").fetchall(), err
        finally:
            c.close()

    def test_vmid(self):
        for vmid in (0, 1, 7, 255):
            for mode in ("fast", "timed"):
                rows, err = self.counted(g.calling_vm(1001, vmid, hcr=0x80000001), "--mode", mode)
                self.assertEqual(rows, [(1000, vmid)])
                self.assertIn(" 1,000 exits; ", err)
                self.assertNotIn("no guest", err)
            self.assertEqual(self.counted(g.faulting_vm(51, vmid))[0], [(50, vmid)])

    def test_no_stage_2(self):
        rows, err = self.counted(g.calling_vm(1000))
        self.assertEqual(rows, [(None, None)])
        note = "no guest was seen, but 1000 exceptions came from EL1 to EL2: 1000 with stage 2 off (HCR_EL2.VM = 0)"
        self.assertIn("tollgate: " + note + "\n", err)
        status, out, _ = self.call("report", self.path("run.db"))
        self.assertEqual(status, 0)
        self.assertIn("\nExits, all vCPUs:\nnone: " + note + "\n", out)
        self.assertIn("\nCycles of each VM in its guest and in exits:\nnone: " + note + "\n", out)
        self.assertEqual(self.counted(g.calling_vm(1000), "--quiet")[1], "")

    def test_protected_host(self):
        """EL1 without stage 2 calls; EL2 turns stage 2 on under VMID 0 and returns behind the call: a host, and none of its calls are exits."""
        words = g.calling_vm(1000, vmid=0)
        i = words.index(g.subs(11, 11, 1), (0x40000C00 - g.BASE) // 4)
        for hcr, exits in ((0x80000001, None), (0x80000011, 998)):  # with IMO it is not the host of anything
            handler = [g.subs(11, 11, 1), g.b_ne(len(g.OFF) + 1), *g.OFF, *g.mov(0, hcr), g.msr(4, 1, 1, 0, 0), g.ERET]
            words[i:i + len(handler)] = handler
            rows, err = self.counted(words)
            self.assertEqual(rows[0][0], exits)
            self.assertEqual("1 with stage 2 off (HCR_EL2.VM = 0), 999 from the host of a protected hypervisor (VMID 0)" in err, exits is None, err)


class Sample(Case):
    def content(self, db):
        c = sqlite3.connect(db)
        c.execute("UPDATE run SET host_start = 0, host_s = 0, command = 0")
        lines = list(c.iterdump())
        c.close()
        return [l for l in lines if 'INTO "sample' not in l], [l for l in lines if 'INTO "sample' in l]

    def query(self, db, sql):
        c = sqlite3.connect(db)
        try:
            return c.execute(sql).fetchall()
        finally:
            c.close()

    def test_arguments(self):
        run = ["run", "virt", "--kernel", self.guest(g.OFF), "--sample"]
        self.complains([*run, "1ms"], "--sample: goes into a database; give --db FILE, too")
        self.complains([*run, "1", "--db", self.path("x.db")], "--sample: found '1', expected a time such as \"90ns\" (units: ps, ns, us, ms, s)")
        self.complains([*run, "999ns", "--db", self.path("x.db")], "--sample: found 999000 ps, expected a time of at least 1us")

    def test_changes_nothing(self):
        """With and without samples the same rows, twice the same samples; each PE has one at each multiple."""
        for pes, mode in ((1, "fast"), (1, "timed"), (4, "fast"), (4, "timed")):
            plain, sampled = [], []
            for options in ([], ["--sample=1us"], ["--sample=1us"], ["--sample=1us", "--profile=50"]):
                db = self.path("%s%d%d" % (mode, pes, len(plain)))
                self.run_guest(Determinism.several(pes), "--db", db, "--mode", mode, "--set", "cpus.count=%d" % pes, *options, platform="virt")
                rows, samples = self.content(db)
                plain.append([l for l in rows if 'INTO "profile"' not in l])
                sampled.append(samples)
                if options:
                    self.check(db, pes, 1000000)
            self.assertEqual(plain[0], plain[1])
            self.assertEqual(plain[0], plain[2])
            self.assertEqual(plain[0], plain[3])
            self.assertEqual(sampled[0], [])
            self.assertGreater(len(sampled[1]), 100)
            self.assertEqual(sampled[1], sampled[2])
            self.assertEqual(sampled[1], sampled[3])

    def check(self, db, pes, period):
        ((end,),) = self.query(db, "SELECT sim_ps FROM run")
        points = [period * i for i in range(1, end // period + 1)]
        self.assertGreater(len(points), 3)
        for pe in range(pes):
            self.assertEqual([r[0] for r in self.query(db, "SELECT sim_ps FROM sample WHERE pe = %d" % pe)], points)
        self.assertEqual(self.query(db, "SELECT s.sim_ps, s.pe FROM sample s WHERE cycles <> (SELECT sum(b.cycles) FROM sample_bucket b"
                                        " WHERE b.sim_ps = s.sim_ps AND b.pe = s.pe)"), [])
        # at its own time, but for a block
        self.assertEqual(self.query(db, "SELECT s.sim_ps, s.pe, s.cycles FROM sample s JOIN pe USING(run_id, pe) WHERE"
                                        " s.cycles * 1e12 / hz < s.sim_ps - 1000 OR s.cycles * 1e12 / hz > s.sim_ps + 2e6"), [])
        # every counter of every model, never beyond what it is at the end
        self.assertEqual(self.query(db, "SELECT count(*) FROM sample_counter WHERE sim_ps = %d" % period), self.query(db, "SELECT count(*) FROM counter"))
        self.assertEqual(self.query(db, "SELECT s.model, s.name FROM sample_counter s JOIN counter c USING(run_id, model, name) WHERE s.value > c.value"), [])
        self.assertEqual(self.query(db, "SELECT pe FROM v_sample WHERE insns < 0 OR cycles < 0 OR exits < 0"), [])

    def test_sleep(self):
        """A PE that sleeps has its samples, too, with the cycles of that time in idle."""
        # CNTP_TVAL_EL0 of 1 ms of 62.5 MHz, CNTP_CTL_EL0: ENABLE; WFI until the timer's condition is met ends it at EL2: nothing is routed
        words = g.mov(0, 62500) + [g.msr(3, 14, 2, 0, 0), g.movz(0, 1), g.msr(3, 14, 2, 1, 0)]
        words += g.nops(10) + [g.SPIN]
        db = self.path("run.db")
        self.run_guest(words, "--db", db, "--sample=100us", "--max-time", "1050us", platform="virt")
        self.check(db, 1, 100000000)
        ((hz,),) = self.query(db, "SELECT hz FROM pe")
        self.assertEqual([r[0] for r in self.query(db, "SELECT round(cycles * 1e4 / %d) FROM v_sample" % hz)], [1.0] * 10)
        # PE 1 is off all the time
        self.run_guest([g.SPIN], "--db", db, "--sample=100us", "--max-time", "1ms", "--set", "cpus.count=2", platform="virt")
        self.assertEqual(self.query(db, "SELECT sum(insns), count(*) FROM sample WHERE run_id = 2 AND pe = 1"), [(0, 10)])
        self.assertEqual(self.query(db, "SELECT DISTINCT bucket FROM sample_bucket WHERE run_id = 2 AND pe = 1"), [("idle",)])

    def test_modes(self):
        """Between two points there is one mode: in fast mode no more cycles than instructions, but for idle ones."""
        db = self.path("run.db")
        self.run_guest(Determinism.several(4), "--db", db, "--sample=1us", "--switch", "timed@insns=5000", "--switch", "fast@insns=20k", "--set",
                       "cpus.count=4", platform="virt")
        self.assertEqual(self.query(db, "SELECT count(*) FROM phase"), [(3,)])
        rows = self.query(db, "SELECT s.pe, s.sim_ps, s.mode, b.bucket, b.cycles - lag(b.cycles, 1, 0) OVER (PARTITION BY s.pe, bucket ORDER BY s.sim_ps)"
                              " FROM sample s JOIN sample_bucket b USING(run_id, sim_ps, pe)")
        self.assertEqual({r[2] for r in rows}, {"fast", "timed"})
        self.assertEqual([r for r in rows if r[2] == "fast" and r[3] not in ("base", "exception", "idle") and r[4]], [])
        self.assertTrue([r for r in rows if r[2] == "timed" and r[3] == "device" and r[4]])

    def test_exits(self):
        db = self.path("run.db")
        self.run_guest(g.faulting_vm(50000), "--db", db, "--sample=10us", platform="virt")
        rows = self.query(db, "SELECT exits FROM v_sample")
        self.assertGreater(len(rows), 5)
        self.assertEqual(len({r[0] // 10 for r in rows[1:]}), 1, rows)


class Signals(Case):
    def start(self, *args):
        p = subprocess.Popen([TOLLGATE, "run", "tutorial", "--kernel", self.guest([g.SPIN]), "--db", self.path("run.db"), *args],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(p.kill)
        end = time.time() + 30
        while time.time() < end and self.status() is None:
            time.sleep(0.05)
        time.sleep(0.2)
        return p

    def status(self):
        try:
            db = sqlite3.connect("file:%s?mode=ro" % self.path("run.db"), uri=True)
            row = db.execute("SELECT status FROM run").fetchone()
            db.close()
            return row and row[0]
        except sqlite3.Error:
            return None

    def test_int_and_term(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            if os.path.exists(self.path("run.db")):
                os.remove(self.path("run.db"))
            p = self.start()
            self.assertEqual(self.status(), "running")
            p.send_signal(number)
            _, err = p.communicate(timeout=10)
            self.assertEqual(p.returncode, 0, err)
            self.assertIn(b"tollgate: interrupted at ", err)
            self.assertEqual(self.status(), "interrupted")

    def test_kill(self):
        p = self.start()
        p.kill()
        p.communicate(timeout=10)
        self.assertEqual(self.status(), "running")
        self.assertEqual(self.call("report", self.path("run.db"))[0], 0)


class Terminal(Case):
    """The console on a terminal, as a person has it."""

    def start(self, words, *args, platform="virt"):
        master, slave = pty.openpty()
        p = subprocess.Popen([TOLLGATE, "run", platform, "--kernel", self.guest(words), *args], stdin=slave, stdout=slave,
                             stderr=subprocess.PIPE, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))  # in the foreground of it
        os.close(slave)
        self.addCleanup(p.stderr.close)
        self.addCleanup(os.close, master)
        self.addCleanup(p.kill)
        return p, master

    def expect(self, master, text):
        out, end = b"", time.time() + 30
        while text not in out:
            self.assertLess(time.time(), end, out)
            if select.select([master], [], [], 0.1)[0]:
                out += os.read(master, 4096)
        return out

    @staticmethod
    def gpio(register):
        """x1 = UART, x2 = GPIO register of virt."""
        return g.mov(1, 0x09000000) + g.mov(2, 0x09030000 + register)

    @staticmethod
    def put(c):
        return [g.movz(0, ord(c)), g.str_(0, 1)]

    def test_power_key(self):
        """GPIODATA of line 3 (mask in the address: 8 << 2) is high while the key is down; the interrupt is latched: GPIORIS."""
        words = self.gpio(8 << 2) + self.put("?") + [g.ldr(3, 2), g.cbz(3, -1)] + self.put("d") + [g.ldr(3, 2), g.cbnz(3, -1)]
        words += self.gpio(0x414) + self.put("u") + [g.ldr(3, 2), g.subs(3, 3, 8), g.b_ne(0)] + g.OFF
        # rising edge: GPIOIEV
        words = self.gpio(0x40C) + [g.movz(0, 8), g.str_(0, 2)] + words
        p, master = self.start(words, "--set", "gpio.press=2ms")
        self.expect(master, b"?")
        os.write(master, b"p\x01")  # a plain p is none, and the two keys need not come together
        time.sleep(0.2)
        self.assertIsNone(p.poll())
        os.write(master, b"p")
        self.expect(master, b"du")
        p.wait(60)
        err = p.stderr.read().decode()
        self.assertEqual(p.returncode, 0, err)
        self.assertIn("powered off", err)

    def test_no_power_key(self):
        p, master = self.start([g.SPIN], platform="tutorial")
        os.write(master, b"\x01p")
        self.expect(master, b"This machine has no power key")
        os.write(master, b"\x01h")
        self.expect(master, b"Ctrl-A p       press the power key")
        os.write(master, b"\x01x")
        p.wait(60)
        self.assertEqual(p.returncode, 0)
        self.assertIn("tollgate: interrupted at ", p.stderr.read().decode())


class Determinism(Case):
    @staticmethod
    def worker(times, device=True):
        """Adds to a shared counter with exclusives, and reads a device each time if `device`."""
        counter = 0x40400000
        loop = g.mov(9, counter) + g.mov(10, 0x09000018) + g.mov(11, times)
        top = [g.ldaxr(2, 9), g.add(2, 2, 1), g.stlxr(3, 2, 9), g.cbnz(3, -3), g.ldr(4, 10) if device else g.nops(1)[0], g.subs(11, 11, 1), g.b_ne(-6)]
        return loop + top

    @classmethod
    def several(cls, pes, times=2000, device=True):
        """The first PE starts the others, works and powers off; they work for ever."""
        work = cls.worker(times, device)
        words = []
        for i in range(1, pes):
            # CPU_ON(mpidr i, entry = the worker that never ends, 0)
            call = g.mov(0, 0xC4000003) + [g.movz(1, i), 0, g.movz(3, 0), g.SMC0]
            words += call
        main = work + g.OFF
        other = len(words) + len(main)
        at = 0
        for i in range(1, pes):
            call = g.mov(0, 0xC4000003)
            place = at + len(call) + 1
            words[place] = g.adr(2, other - place)
            at += len(call) + 4
        return words + main + work + [g.b(-len(work))]

    def test_same_twice(self):
        for pes in (1, 4):
            for mode in ("fast", "timed"):
                words = self.several(pes)
                dumps = []
                for _ in range(2):
                    db = self.path("d.db")
                    if os.path.exists(db):
                        os.remove(db)
                    self.run_guest(words, "--db", db, "--mode", mode, "--set", "cpus.count=%d" % pes, platform="virt")
                    dumps.append(self.dump(db))
                self.assertGreater(len(dumps[0]), 100)
                self.assertEqual(dumps[0], dumps[1])
                if pes > 1:
                    c = sqlite3.connect(self.path("d.db"))
                    self.assertEqual(c.execute("SELECT count(*) FROM pe WHERE insns > 1000").fetchone()[0], pes)

    def on(self, words, how, *args):
        """A run with standard streams as `how` says; its summary, without what the host took."""
        keys = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        made = []
        if how == "silent pipe":
            keys["stdin"] = subprocess.PIPE
        elif how == "file":
            keys["stdin"] = open(self.file("empty", b""), "rb")
            made.append(keys["stdin"].close)
        elif how == "output to file":
            keys["stdout"] = open(self.path("out"), "wb")
            made.append(keys["stdout"].close)
        elif how == "terminal":
            master, slave = pty.openpty()
            keys.update(stdin=slave, stdout=slave, start_new_session=True,
                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            made += [lambda: os.close(slave), lambda: os.close(master)]
        elif how == "progress":
            master, slave = pty.openpty()
            keys["stderr"] = slave
            made += [lambda: os.close(slave), lambda: os.close(master)]
        elif how == "no stdin":
            keys["preexec_fn"] = lambda: os.close(0)
        p = subprocess.Popen([TOLLGATE, "run", "virt", "--kernel", self.guest(words), *args], **keys)
        if keys["stdin"] == subprocess.PIPE:
            p.wait(120)  # not communicate(), which closes it
        _, err = p.communicate(timeout=120)
        err = err if err is not None else os.read(master, 65536)
        for end in made:
            end()
        self.assertEqual(p.returncode, 0, (how, err))
        return re.search(r"powered off at [^;]*", err.decode()).group(0)

    def test_nothing_of_the_host(self):
        """Several milliseconds, with output that waits for the end of its line, so that the console looks after the host many times."""
        words = g.mov(1, 0x09000000) + [g.movz(0, ord("?")), g.str_(0, 1)]
        every = ("null", "silent pipe", "file", "no stdin", "terminal", "output to file", "progress", "verbose")
        for pes, mode, times, hows in ((2, "timed", 700000, every), (4, "fast", 320000, every[:2])):
            db, same = self.path("h.db"), ["--mode", mode, "--set", "cpus.count=%d" % pes]
            found, expected = {}, None
            for how in hows:
                if os.path.exists(db):
                    os.remove(db)
                summary = self.on(words + self.several(pes, times, device=False), how, *same, "--db", db, *(["--verbose"] if how == "verbose" else []))
                found[how] = summary, self.dump(db)
            found["no database"] = self.on(words + self.several(pes, times, device=False), "null", *same), found["null"][1]
            expected = found["null"]
            self.assertGreater(len(expected[1]), 100)
            for how, (summary, dump) in found.items():
                self.assertEqual(summary, expected[0], how)
                self.assertEqual([*set(dump) ^ set(expected[1])], [], how)

    @staticmethod
    def dump(db):
        c = sqlite3.connect(db)
        try:
            c.execute("UPDATE run SET host_start = 0, host_s = 0, command = replace(command, ' --verbose', '')")
            return list(c.iterdump())
        finally:
            c.rollback()
            c.close()


class Install(Case):
    def test_prefix(self):
        prefix = self.path("usr")
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        program = os.path.join(prefix, "bin", "tollgate")
        out = subprocess.run([program, "list", "platforms"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertEqual([l.split()[0] for l in out.splitlines()], ["biglittle", "neoverse-n1", "tutorial", "virt"])
        done = subprocess.run([program, "run", "tutorial", "--kernel", self.guest(g.OFF)], stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.exists(os.path.join(prefix, "include", "tollgate", "tlm-target.h")))
        # Nothing of the build tree is needed: no link points into it.
        for root, dirs, files in os.walk(prefix):
            for name in dirs + files:
                self.assertFalse(os.path.islink(os.path.join(root, name)), name)


class Describe(Case):
    def test_every_model_and_core(self):
        for what in ("models", "cores"):
            status, out, _ = self.call("list", what)
            self.assertEqual(status, 0)
            names = [l.split()[0] for l in out.splitlines()]
            self.assertGreater(len(names), 5)
            for name in names:
                status, text, err = self.call("describe", name)
                self.assertEqual((status, err), (0, ""))
                self.assertTrue(text.startswith(name + ": "), text[:80])

    def test_contents(self):
        text = self.call("describe", "pl011")[1]
        for part in ("parameters:", "ports:", "registers of frame regs", "UARTDR", "counters:"):
            self.assertIn(part, text)
        text = self.call("describe", "cortex-a57")[1]
        self.assertRegex(text, r"l2\.size +2MiB")
        self.assertRegex(text, r"pipeline\.window +128")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
