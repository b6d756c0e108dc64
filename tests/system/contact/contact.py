# SPDX-License-Identifier: Apache-2.0
"""How long one PE takes to be noticed by another (payload.S), in both directions. Usage: contact.py TOLLGATE FOLDER

What is asked: never before the times of the way (parameters of gic and cpus) have passed; equal in both directions and at each
quantum, within 2 % on average; and a time that is set longer is found longer by that much.
"""
import concurrent.futures
import os
import subprocess
import sys
import unittest

TOLLGATE, FOLDER = sys.argv[1:3]
QUANTA = ("50ns", "500ns", "5us")
SGI, SGI_WFI, SGI_SELF, SPI, FLAG, SEV, TIMER, TIMER_WFI = range(8)
# ns, by way and GIC version: from parameters' defaults
LEAST = {(SGI, 3): 60, (SGI_WFI, 3): 60 + 20, (SGI_SELF, 3): 60, (SPI, 3): 50 + 35, (TIMER, 3): 10, (TIMER_WFI, 3): 10 + 20,
         (SGI, 2): 60 + 20, (SGI_WFI, 2): 60 + 20 + 20, (SGI_SELF, 2): 60 + 20, (SPI, 2): 60 + 20, (TIMER, 2): 10, (TIMER_WFI, 2): 10 + 20,
         (SEV, 3): 15 + 20, (SEV, 2): 15 + 20}


def run(way, gic, quantum="500ns", mode="timed", sets=()):
    """For each direction: least, most, average (ns) and number."""
    command = [TOLLGATE, "run", "virt", "--kernel", os.path.join(FOLDER, f"way{way}_gic{gic}.elf"), "--mode", mode, "--max-time", "200ms"]
    for s in ("cpus.count=2", f"gic.version={gic}", f"quantum={quantum}", "cpus.core.cntfrq=1GHz", *sets):
        command += ["--set", s]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200, check=False)
    if done.returncode or b"powered off" not in done.stderr:
        raise AssertionError(f"way {way}, GICv{gic}, quantum {quantum}: {done.returncode}: {done.stderr.decode()}")
    found = []
    for line in done.stdout.decode().split("\n"):
        if line.strip():
            least, most, total, n = (int(x, 16) for x in line.split())
            if n:
                found.append((least, most, total / n, n))
    return found


def runs(*cases):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda c: run(*c), cases))


class Contact(unittest.TestCase):
    def alike(self, a, b, what):
        self.assertLess(abs(a - b), 0.02 * a, f"{what}: {a:.2f} and {b:.2f} ns")

    def check(self, way, gic, mode="timed"):
        by_quantum = runs(*((way, gic, q, mode) for q in QUANTA))
        alone = way in (SGI_SELF, TIMER, TIMER_WFI)
        for quantum, found in zip(QUANTA, by_quantum):
            what = f"way {way}, GICv{gic}, {mode}, quantum {quantum}"
            print(what, *("least %d, most %d, average %.2f ns of %d" % f for f in found), sep="; ", flush=True)
            self.assertEqual([f[3] for f in found], [2000] * (1 if alone else 2), what)
            for least, most, average, _ in found:
                self.assertGreaterEqual(least, LEAST[way, gic], what)
                self.alike(average, found[0][2], what + ", directions")
                self.alike(by_quantum[0][0][2], average, what)
        return by_quantum[0][0]

    def test_ways(self):
        for way, gic in LEAST:
            with self.subTest(way=way, gic=gic):
                self.check(way, gic)

    def test_fast(self):
        for way in (SGI, SGI_WFI, SEV):
            self.check(way, 3, "fast")

    def test_parameters(self):
        """100 ns more, as often as the way goes there."""
        cases = ((SGI, 3, "gic.mesh_time=115ns", 2), (SGI, 3, "gic.dist_time=110ns", 1), (SGI, 3, "gic.redist_time=110ns", 2),
                 (SGI, 2, "gic.dist_time=110ns", 1), (SGI, 2, "gic.cpu_time=110ns", 1), (SPI, 3, "gic.redist_time=110ns", 1),
                 (SPI, 3, "gic.mesh_time=115ns", 1), (SPI, 2, "gic.dist_time=110ns", 1),
                 (TIMER, 3, "gic.redist_time=110ns", 1), (TIMER, 3, "gic.mesh_time=115ns", 0),
                 (SGI_WFI, 3, "cpus.core.wakeup=120ns", 1), (SGI, 3, "cpus.core.wakeup=120ns", 0),
                 (TIMER_WFI, 2, "cpus.core.wakeup=120ns", 1), (SEV, 3, "cpus.core.sev_time=115ns", 1))
        found = runs(*((way, gic, "500ns", "timed", (key,)) for way, gic, key, _ in cases))
        base = runs(*((way, gic) for way, gic, _, _ in cases))
        for (way, gic, key, times), more, less in zip(cases, found, base):
            self.assertLess(abs(more[0][2] - less[0][2] - 100 * times), 5, (way, gic, key, more, less))


unittest.main(argv=sys.argv[:1], verbosity=2)
