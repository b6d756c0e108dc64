#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of scripts/lib. Expectations come from sources.list(5), the newc format and the arm64 boot protocol, and are
checked by independent readers (our own byte parser, gzip) where there is one."""
import gzip
import io
import os
import signal
import struct
import sys
import tempfile
import time
import unittest

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "lib")
sys.path.insert(0, LIB)
sys.dont_write_bytecode = True
import aptsources  # noqa: E402
import guestrun  # noqa: E402
import newc  # noqa: E402
import unzimage  # noqa: E402


class AptSources(unittest.TestCase):
    def derive(self, files, wanted):
        with tempfile.TemporaryDirectory() as etc:
            os.mkdir(os.path.join(etc, "sources.list.d"))
            for name, text in files.items():
                with open(os.path.join(etc, name), "w", encoding="utf-8") as f:
                    f.write(text)
            return aptsources.derive(list(aptsources.read_all(etc)), wanted)

    def test_one_line_form_with_options(self):
        stanzas, missing = self.derive({"sources.list": "# a comment\n"
                                        "deb-src http://m.example/debian bookworm main\n"
                                        "deb [arch=amd64 signed-by=/k.gpg check-valid-until=no] "
                                        "http://m.example/debian bookworm main contrib # tail\n"},
                                       ["bookworm", "bookworm-backports"])
        self.assertEqual(missing, [])
        self.assertEqual(len(stanzas), 2)
        self.assertIn("URIs: http://m.example/debian\nSuites: bookworm\n", stanzas[0])
        self.assertIn("Suites: bookworm-backports\n", stanzas[1])
        for s in stanzas:
            self.assertIn("Architectures: arm64\n", s)
            self.assertNotIn("amd64", s)
            self.assertIn("Signed-By: /k.gpg\n", s)
            self.assertIn("Check-Valid-Until: no\n", s)

    def test_deb822_form_with_embedded_key_and_security(self):
        stanzas, missing = self.derive({"sources.list.d/debian.sources":
                                        "Types: deb deb-src\nURIs: http://m.example/debian\n"
                                        "Suites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n"
                                        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n\n"
                                        "# security\nTypes: deb\nURIs: http://s.example/security\n"
                                        "Suites: bookworm-security\nComponents: main\n"},
                                       ["bookworm", "bookworm-security"])
        self.assertEqual(missing, [])
        self.assertIn("URIs: http://m.example/debian", stanzas[0])
        self.assertIn("-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n", stanzas[0])
        self.assertIn("URIs: http://s.example/security", stanzas[1])

    def test_others_are_left_out(self):
        stanzas, missing = self.derive(
            {"sources.list.d/x.list": "deb http://x.example/apt cloud-sdk-bookworm main\n"
                                      "deb [signed-by=/x.gpg] http://y.example bookworm main\n"
                                      "deb http://z.example/docker bookworm stable\n",
             "sources.list.d/off.sources": "Enabled: no\nTypes: deb\nURIs: http://o.example\nSuites: bookworm\n"
                                           "Components: main\n",
             "sources.list.d/d.sources": "Types: deb\nURIs: http://m.example/debian\nSuites: trixie\n"
                                         "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"},
            ["bookworm", "bookworm-security"])
        self.assertEqual(missing, ["bookworm-security"])
        self.assertEqual([s.split("\n")[1] for s in stanzas], ["URIs: http://m.example/debian"])

    def test_no_debian_entry(self):
        self.assertEqual(self.derive({"sources.list": "deb http://x.example foo main\n"}, ["bookworm"]),
                         ([], ["bookworm"]))


class Newc(unittest.TestCase):
    @staticmethod
    def parse(data):
        """{name: (mode, rdev, content)}, by the format's own words"""
        out, pos = {}, 0
        while True:
            assert data[pos:pos + 6] == b"070701", data[pos:pos + 6]
            f = [int(data[pos + 6 + 8 * i:pos + 14 + 8 * i], 16) for i in range(13)]
            name = data[pos + 110:pos + 110 + f[11] - 1].decode()
            assert data[pos + 110 + f[11] - 1] == 0
            start = (pos + 110 + f[11] + 3) & ~3
            if name == "TRAILER!!!":
                return out
            out[name] = (f[1], (f[9], f[10]), data[start:start + f[6]])
            pos = (start + f[6] + 3) & ~3

    def test_kinds(self):
        with tempfile.TemporaryDirectory() as d:
            os.mkdir(os.path.join(d, "tree"))
            for name, content in (("a", b"12345"), ("tree/b", b"")):
                with open(os.path.join(d, name), "wb") as f:
                    f.write(content)
            os.symlink("b", os.path.join(d, "tree", "l"))
            manifest = ["# comment", "dir tmp 1777", "file x/y/a 755 %s/a" % d, "link bin/sh busybox",
                        "node dev/console 600 c 5 1", "tree /t %s/tree" % d]
            out = io.BytesIO()
            newc.write(manifest, out)
            again = io.BytesIO()
            newc.write(manifest, again)
        self.assertEqual(out.getvalue(), again.getvalue())
        self.assertEqual(len(out.getvalue()) % 512, 0)
        got = self.parse(out.getvalue())
        self.assertEqual(got["tmp"][0], 0o041777)
        self.assertEqual(got["x/y/a"], (0o100755, (0, 0), b"12345"))
        self.assertEqual(got["bin/sh"], (0o120777, (0, 0), b"busybox"))
        self.assertEqual(got["dev/console"], (0o020600, (5, 1), b""))
        self.assertEqual(got["t/l"], (0o120777, (0, 0), b"b"))
        self.assertIn("t/b", got)
        names = list(got)
        for child, parent in (("x/y/a", "x/y"), ("x/y", "x"), ("dev/console", "dev"), ("t/b", "t")):
            if parent in got:
                self.assertLess(names.index(parent), names.index(child))

    def test_bad_line(self):
        with self.assertRaisesRegex(ValueError, "line 2"):
            newc.write(["dir a 755", "file b"], io.BytesIO())


class Unzimage(unittest.TestCase):
    image = b"MZ" + b"\0" * 54 + b"ARM\x64" + b"payload" * 100

    def test_layouts(self):
        packed = gzip.compress(self.image)
        zboot = b"MZ\0\0zimg" + struct.pack("<II", 64, len(packed)) + b"\0" * 8 + b"gzip".ljust(32, b"\0")
        zboot = zboot.ljust(64, b"\0") + packed + b"tail"
        for data in (self.image, packed, zboot):
            self.assertEqual(unzimage.plain(data), self.image)

    def test_refused(self):
        for data in (b"", b"\x7fELF" + b"\0" * 100, gzip.compress(b"no image")):
            with self.assertRaises(ValueError):
                unzimage.plain(data)


class GuestRun(unittest.TestCase):
    def test_expect_send_wait(self):
        script = "echo ready 12; read x; echo got $x; sleep 0.3; echo late; exit 7"
        for pty in (False, True):
            with guestrun.GuestRun(["sh", "-c", script], timeout=20, pty=pty) as g:
                self.assertEqual(g.expect(r"ready (\d+)", name="ready").group(1), "12")
                g.send("hello\n")
                g.expect(r"^got hello$", name="got")
                g.expect("late", name="late")
                self.assertEqual(g.wait(), 7)
            self.assertGreater(g.at["late"] - g.at["got"], 0.25)
            self.assertLess(g.at["late"] - g.at["got"], 5)

    def test_a_number_split_in_two_is_waited_for(self):
        with guestrun.GuestRun(["sh", "-c", "printf 'n 12'; sleep 0.2; echo 34"], timeout=20) as g:
            self.assertEqual(g.expect(r"n (\d+)").group(1), "1234")

    def test_time_is_up(self):
        with guestrun.GuestRun(["sleep", "60"], timeout=0.3) as g:
            with self.assertRaises(guestrun.Failure) as caught:
                g.expect("never")
            self.assertTrue(caught.exception.timeout)
        self.assertEqual(g.status, -signal.SIGTERM)

    def test_fail_pattern_and_early_end(self):
        with guestrun.GuestRun(["sh", "-c", "echo Kernel panic; sleep 60"], timeout=20, fail=["Kernel panic"]) as g:
            with self.assertRaisesRegex(guestrun.Failure, "Kernel panic"):
                g.expect("never")
        with guestrun.GuestRun(["sh", "-c", "echo bye; exit 3"], timeout=20) as g:
            with self.assertRaisesRegex(guestrun.Failure, "status 3 .*\nbye"):
                g.expect("never")

    def test_nothing_stays_behind(self):
        start = time.monotonic()
        with guestrun.GuestRun(["sh", "-c", "trap '' TERM; echo up; sleep 60 & wait; sleep 60"], timeout=30) as g:
            g.expect("up")
        self.assertIsNotNone(g.status)
        self.assertLess(time.monotonic() - start, 15)


if __name__ == "__main__":
    unittest.main()
