# SPDX-License-Identifier: Apache-2.0
"""Platform files and --set: unknown keys, wrong units, overlapping regions, Lua errors. Each message has file and line."""
from badinput import Case, main

HEAD = """local tg = require "tollgate"
local ram = tg.ram { base = 0x40000000, size = "64MiB" }
local gic = tg.gicv3 { base = { dist = 0x08000000, redist = 0x080a0000 } }
local uart = tg.pl011 { base = 0x09000000, irq = gic:spi(1) }
"""
TAIL = """return {
  cpus = tg.cpus { count = 1, core = tg.core "cortex-a57" },
  ram = ram, gic = gic, uart = uart, console = uart, psci = "smc",
}
"""


class Platforms(Case):
    def rejects(self, middle, message, head=HEAD, tail=TAIL, sets=()):
        args = ["run", self.file("p.lua", head + middle + tail), "--kernel", "nothing"]
        for s in sets:
            args += ["--set", s]
        self.complains(args, message)

    def rejects_like(self, middle, pattern, head=HEAD, tail=TAIL, sets=()):
        args = ["run", self.file("p.lua", head + middle + tail), "--kernel", "nothing"]
        for s in sets:
            args += ["--set", s]
        self.complains_like(args, pattern)

    def test_accepts_the_frame(self):
        """What the other tests spoil is right by itself: the next complaint is about the kernel."""
        self.complains(["run", self.file("p.lua", HEAD + TAIL), "--kernel", "nothing"], "kernel 'nothing': No such file or directory")

    def test_unknown_key(self):
        self.rejects("uart.irqs = gic:spi(2)\n", "p.lua:5: pl011: unknown key 'irqs'; the nearest known one is 'irq'")
        self.rejects("local t = tg.pl031 {\n  bass = 0x09010000,\n}\n",
                     "p.lua:6: pl031: unknown key 'bass'; the nearest known one is 'base'")
        self.rejects("local t = tg.pl01 { base = 0 }\n", "p.lua:5: tollgate: unknown key 'pl01'; the nearest known one is 'pl011'")
        self.rejects("local c = tg.core 'neoverse-n2'\n", "p.lua:5: core: unknown core 'neoverse-n2'; the nearest known one is 'neoverse-n1'")
        self.rejects_like("local c = tg.core('cortex-a57', { features = { lsee = true } })\n",
                          r"p\.lua:5: cpu: unknown key 'features\.lsee'; the nearest known one is 'features\.lse'")
        self.rejects("", "--set ram.sise=1GiB: no such key; the nearest known one is 'ram.size'", sets=["ram.sise=1GiB"])

    def test_features_need_others(self):
        """A core whose feature lacks what it needs is refused by name; what belongs to EL2 goes with it."""
        self.rejects_like("", r"p\.lua:6: cpu0: core cortex-a57: features\.fhm \(.*\) needs features\.fp16 \(.*\)",
                          tail=TAIL.replace('tg.core "cortex-a57"', 'tg.core("cortex-a57", { features = { fhm = true } })'))
        self.complains(["run", "virt", "--set", "core=neoverse-n1", "--set", "el2=false", "--kernel", "nothing"],
                       "kernel 'nothing': No such file or directory")

    def test_wrong_unit(self):
        size = "expected a size such as \"512KiB\" (units: B, KiB, MiB, GiB, TiB)"
        self.rejects("ram.size = '64MB'\n", "p.lua:5: ram: size: found '64MB', " + size)
        self.rejects("ram.size = '64'\n", "p.lua:5: ram: size: found '64', " + size)
        self.rejects("ram.latency = '90KiB'\n",
                     "p.lua:5: ram: latency: found '90KiB', expected a time such as \"90ns\" (units: ps, ns, us, ms, s)")
        self.rejects_like("local c = tg.core('cortex-a57', { freq = '2ns' })\n",
                          r"p\.lua:5: cpu: freq: found '2ns', expected a frequency such as .*")
        self.rejects("", "--set ram.size=1furlong: ram: size: found '1furlong', " + size, sets=["ram.size=1furlong"])

    def test_wrong_value(self):
        self.rejects_like("uart.irq = 5\n", r"p\.lua:5: pl011\.irq is bound already, at .*p\.lua:4")
        self.rejects_like("uart.base = 'here'\n", r"p\.lua:5: pl011\.base: found 'here', expected an address such as 0x09000000")
        self.rejects_like("ram.size = '999999999TiB'\n", r"p\.lua:5: ram: size: found '999999999TiB', .*")
        self.rejects_like("ram.size = '-1MiB'\n", r"p\.lua:5: ram: size: found '-1MiB', .*")
        self.rejects_like("ram.size = {}\n", r"p\.lua:5: ram: size: found a table, expected .*")
        self.rejects_like("uart.base = 0/0\n", r"p\.lua:5: pl011\.base: found .*nan.*, expected an address .*")
        self.rejects_like("local n = gic:spi(9999)\n", r"p\.lua:5: gicv3:spi: found 9999, expected a number from 0 to \d+")

    def test_overlap(self):
        self.rejects_like("", r"(.*/)?p\.lua:\d+: .*uart2.*overlaps.*uart.*p\.lua:4.*",
                          tail=TAIL.replace("ram = ram,", "ram = ram, uart2 = tg.pl011 { base = 0x09000800, irq = gic:spi(3) },"))
        self.rejects_like("", r"--set uart\.base=0x40000000: uart at 0x40000000\.\.0x40000fff overlaps ram at .*, placed at (.*/)?p\.lua:2",
                          sets=["uart.base=0x40000000"])
        self.rejects_like("", r".*--set ram\.base=0x8000000.*overlaps.*|.*overlaps.*--set ram\.base=0x8000000.*", sets=["ram.base=0x8000000"])
        self.rejects_like("", r".*p\.lua:\d+: .*", tail=TAIL.replace(
            "ram = ram,", "ram = ram, high = tg.ram { base = -4096, size = '1MiB' },"))

    def test_irq_twice(self):
        self.rejects_like("", r"(.*/)?p\.lua:\d+: .*", tail=TAIL.replace(
            "ram = ram,", "ram = ram, uart2 = tg.pl011 { base = 0x0a000000, irq = gic:spi(1) },"))

    def test_lua_errors(self):
        self.rejects_like("local x = nil\nlocal y = x.field\n", r"p\.lua:6: attempt to index a nil value \(local 'x'\)")
        self.rejects_like("error 'my own'\n", r"p\.lua:5: my own")
        self.rejects_like("local x = = 1\n", r"p\.lua:5: unexpected symbol near '='")
        self.rejects_like("error({})\n", r".*p\.lua.*")
        self.rejects_like("error()\n", r".*p\.lua.*")
        self.rejects_like("local x = os.execute('true')\n", r"p\.lua:5: attempt to index a nil value \(global 'os'\)")
        self.rejects_like("local f = io.open('x')\n", r"p\.lua:5: attempt to index a nil value \(global 'io'\)")
        self.rejects_like("local x = load('return 1')\n", r"p\.lua:5: attempt to call a nil value \(global 'load'\)")

    def test_runaway(self):
        self.rejects_like("while true do end\n", r"p\.lua:5: the platform has taken \d+ million Lua instructions: an endless loop\?")
        self.rejects_like("local function f() return f() + 1 end f()\n", r"p\.lua:5: .*stack overflow.*")
        self.rejects_like("local s = 'x' while true do s = s .. s end\n", r".*(memory|too large|length overflow).*")
        self.rejects_like("local s = string.rep('x', 1 << 40)\n", r".*(memory|too large).*")
        self.rejects_like("local s = string.rep('(', 4000) s:find(string.rep('(.-)', 200) .. 'b')\n", r"p\.lua:5: .*")

    def test_not_a_platform(self):
        self.complains_like(["run", self.file("e.lua", ""), "--kernel", "x"], r"(.*/)?e\.lua.*found .*, expected the platform to return .*")
        self.complains_like(["run", self.file("n.lua", "return 5"), "--kernel", "x"], r"(.*/)?n\.lua.*found 5, expected .*")
        self.complains_like(["run", self.file("t.lua", "return {}"), "--kernel", "x"], r"(.*/)?t\.lua.*no PEs.*")
        self.complains_like(["run", self.file("z.lua", b"\x00\xff\x1bLua\x54\x00" * 99), "--kernel", "x"], r".*z\.lua.*")
        self.complains_like(["run", self.file("b.lua", b"\x1bLua\x54\x00\x19\x93" + bytes(300)), "--kernel", "x"], r".*b\.lua.*")
        self.complains_like(["run", self.dir, "--kernel", "x"], r".*")
        self.complains_like(["run", "no-such.lua"], r"no-such\.lua: no such platform.*")
        self.complains_like(["run", "vitr"], r"vitr: no such platform; the nearest known one is 'virt'")

    def test_set(self):
        for text in ("ram.size", "=1", "ram.size=", "cpus.count=0", "cpus.count=65", "cpus.count=x", "core=arm7", "gic.version=4", "psci=yes",
                     "quantum=1", "ram.base=x", "cpus.core.l2.size=3KiB"):
            with self.subTest(text):
                self.complains_like(["run", "virt", "--kernel", "x", "--set", text], r".+")


if __name__ == "__main__":
    main()
