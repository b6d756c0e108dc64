# SPDX-License-Identifier: Apache-2.0
"""What the tests of bad input share: calling the program, small arm64 programs and ELF files, a disk that is full.

A test file is called as `test_X.py TOLLGATE BUILD [unittest's arguments]`. Exit statuses: 0 fine, 2 the user's error (exactly one line on
standard error), 3 the guest makes no progress; anything else fails the test, and so does a sanitizer's report.
"""
import ctypes
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sim", "cli"))
from guestcode import Scratch, ERET, OFF, RESET, SMC0, SPIN, UDF, WFI, adr, b, br, code, elf, image, mov  # noqa: E402,F401: for the tests, too

TOLLGATE, BUILD = (os.path.abspath(a) for a in sys.argv[1:3])
# No leak in any case: where the program is built with AddressSanitizer, LeakSanitizer reports at the end of each run, whatever the caller set.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=1")))
LIMIT = 240  # seconds for one run: sanitizers and a loaded machine included

NOP = 0xD503201F
HVC0 = 0xD4000002


def msr(op0, op1, crn, crm, op2, rt):
    return 0xD5000000 | op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5 | rt


def mrs(op0, op1, crn, crm, op2, rt):
    return msr(op0, op1, crn, crm, op2, rt) | 1 << 21


def hlt(imm):
    return 0xD4400000 | imm << 5


VBAR_EL2 = (3, 4, 12, 0, 0)
ELR_EL2 = (3, 4, 4, 0, 1)


def without_override():
    """In the child: root without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, so that permissions count for it, too."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; harmless when not allowed: then we are not root


class Case(Scratch):
    def built(self, name):
        """A guest program of tests/badinput/guest."""
        path = os.path.join(BUILD, "guest", "bad_%s.img" % name)
        self.assertTrue(os.path.exists(path), path + " is not built: cmake --build BUILD --target guests")
        return path

    def check(self, status, err):
        """Whatever happens, it is no crash and no report of a sanitizer."""
        self.assertNotIn("Sanitizer", err)
        self.assertNotIn("runtime error", err)
        self.assertNotIn("Assertion", err)
        self.assertIn(status, (0, 2, 3), err)

    def call(self, *args, **more):
        done = subprocess.run([TOLLGATE, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=LIMIT, check=False, **more)
        err = done.stderr.decode(errors="replace").replace(self.dir + "/", "")
        self.check(done.returncode, err)
        return done.returncode, done.stdout.decode(errors="replace"), err

    def complains(self, args, message, **more):
        """Exit status 2 and exactly this line."""
        self.assertEqual(self.call(*args, **more), (2, "", "tollgate: " + message + "\n"))

    def complains_like(self, args, pattern, **more):
        """Exit status 2 and one line that the pattern matches wholly."""
        status, out, err = self.call(*args, **more)
        self.assertEqual((status, out), (2, ""), err)
        self.assertRegex(err, r"\Atollgate: " + pattern + r"\n\Z")

    def runs(self, kernel, *args, status=0, platform="tutorial", **more):
        """A run with this exit status; returns standard output and standard error."""
        got, out, err = self.call("run", platform, "--kernel", kernel, *args, **more)
        self.assertEqual(got, status, out + err)
        return out, err

    def start(self, *args):
        p = subprocess.Popen([TOLLGATE, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def end():
            if p.poll() is None:
                p.kill()
            p.wait()
            p.stdout.close()
            p.stderr.close()

        self.addCleanup(end)
        return p

    def ends(self, p):
        """Waits for a started run; its exit status and standard error."""
        _, err = p.communicate(timeout=LIMIT)
        err = err.decode(errors="replace").replace(self.dir + "/", "")
        self.check(p.returncode, err)
        return p.returncode, err

    def wait_for(self, what, condition):
        end = time.time() + LIMIT
        while time.time() < end:
            if condition():
                return
            time.sleep(0.05)
        self.fail("waited in vain: " + what)

    def wait_for_text(self, name, text):
        def there():
            try:
                with open(self.path(name), errors="replace") as f:
                    return text in f.read()
            except OSError:
                return False

        self.wait_for("%s in %s" % (text, name), there)

    def query(self, name, sql):
        """Rows of a database; its integrity is checked first. Opened for writing, since a killed run may leave a journal to roll back."""
        db = sqlite3.connect("file:%s?mode=rw" % self.path(name), uri=True)
        try:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            return db.execute(sql).fetchall()
        finally:
            db.close()


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
