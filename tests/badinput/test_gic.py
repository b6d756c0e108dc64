# SPDX-License-Identifier: Apache-2.0
"""A guest that programs the interrupt controller with nonsense (guest/gic.c): the machine goes on, and the controller works afterwards."""
from badinput import Case, main


class Gic(Case):
    def survives(self, *args, platform="virt"):
        for mode in ("fast", "timed"):
            with self.subTest(mode=mode, args=args):
                out, err = self.runs(self.built("gic"), "--mode", mode, "--max-time", "60s", *args, platform=platform)
                self.assertRegex(out, r"gic: survived, with interrupts")
                self.assertRegex(out, r"gic: end sgi=1\r?\n")
                self.assertIn("tollgate: powered off at ", err)
                self.assertLess(err.count("\n"), 2000, "one line per site")

    def test_v3(self):
        self.survives()
        self.survives("--set", "cpus.count=4")
        self.survives("--set", "core=neoverse-n1", platform="virt")

    def test_v3_without_el2(self):
        self.survives("--set", "el2=false")

    def test_v2(self):
        for pes in ("1", "2"):
            self.survives("--set", "gic.version=2", "--set", "cpus.count=" + pes)


if __name__ == "__main__":
    main()
