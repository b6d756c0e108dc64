#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reducer of test_oracle_insn, by a deliberate difference: PEs of ours run ADC as SBC, or LDR (unsigned offset) as STR. What is kept must
be that instruction alone, with what sets its address, must differ again with the fault and must not without it."""
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
MATH = "ADC:40000000"
MEMORY = "LDR_ui:400000"


def run(*arguments):
    r = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return r.returncode, r.stdout.decode()


def lines(path):
    with open(path) as f:
        return f.read().split("\n")


def words(path):
    """Names of the encodings between `code` and `want`."""
    return [line.split()[1] for line in lines(path) if line.startswith("    ")]


class Reduce(unittest.TestCase):
    def check(self, fault, name, longest, *setting):
        with tempfile.TemporaryDirectory() as directory:
            status, text = run("-n", "60000", "-m", "2", "-o", directory, "-i", fault, *setting)
            self.assertEqual(status, 1, text)
            cases = [os.path.join(directory, f) for f in os.listdir(directory)]
            self.assertTrue(cases, text)
            for case in cases:
                left = words(case)
                self.assertIn(name, left)
                self.assertLessEqual(len(left), longest, text)
                self.assertEqual(left[-1], "BRK")
                state = [line for line in lines(case) if line[:1] in ("x", "v") and not line.startswith("x28")]
                self.assertLessEqual(len(state), 1, state)
                self.assertEqual(run("-r", case)[0], 0)
                self.assertEqual(run("-i", fault, "-r", case)[0], 1)

    def test_program(self):
        self.check(MATH, "ADC", 2)

    def test_bare(self):
        self.check(MATH, "ADC", 2, "-b")

    def test_memory(self):
        self.check(MEMORY, "LDR_ui", 3, "-b")

    def test_nothing_to_reduce(self):
        with tempfile.TemporaryDirectory() as directory:
            status, text = run("-n", "20000", "-o", directory, "-b")
            self.assertEqual(status, 0, text)
            self.assertEqual(os.listdir(directory), [])

    def test_bad_case(self):
        with tempfile.NamedTemporaryFile("w", suffix=".case") as f:
            f.write("core neoverse-n1\ncolour red\n")
            f.flush()
            status, text = run("-r", f.name)
        self.assertEqual(status, 1)
        self.assertIn(f.name + ":2: not understood: colour red", text)


if __name__ == "__main__":
    unittest.main()
