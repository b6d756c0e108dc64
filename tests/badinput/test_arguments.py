# SPDX-License-Identifier: Apache-2.0
"""Command lines: unknown options, missing and wrong values."""
import subprocess

from badinput import LIMIT, OFF, TOLLGATE, Case, main


class Arguments(Case):
    def test_unknown(self):
        self.complains(["run", "virt", "--kernal", "x"], "run: unknown option '--kernal'; the nearest known one is '--kernel'")
        self.complains(["run", "virt", "-k", "x"], "run: unknown option '--k'")
        self.complains_like(["rum"], r"unknown command 'rum'; the nearest known one is 'run'")
        self.complains_like(["--versoin"], r"unknown option '--versoin'.*")
        self.complains_like(["report", "--fromat", "csv"], r"report: unknown option '--fromat'; the nearest known one is '--format'")
        self.complains_like(["list", "coers"], r"list: found 'coers', expected platforms, cores or models; the nearest is 'cores'")
        self.complains_like(["describe", "pl012"], r".*pl012.*pl011.*")
        self.complains_like([], r"a command is missing.*")

    def test_values(self):
        guest = self.guest(OFF)
        for args in (["--mode", "fsat"], ["--max-insns", "many"], ["--max-insns", "-1"], ["--max-insns", "99999999999999999999"],
                     ["--max-time", "5"], ["--max-time", "5KiB"], ["--seed", ""], ["--net", "bridge"], ["--console", "screen"],
                     ["--console", "file:"], ["--console", "file:/nonexistent/x"], ["--drive", "foo=bar"], ["--drive", ""],
                     ["--module", "kernel"], ["--module", "krnl:x"], ["--quiet=yes"], ["--max-insns"], ["extra"], ["--mode", "fast", "--mode", "fast"]):
            with self.subTest(args):
                self.complains_like(["run", "virt", "--kernel", guest, *args], r".+")

    def test_nothing_to_do(self):
        self.complains_like(["run"], r"run: a platform is missing.*")
        self.complains_like(["run", "virt"], r"run: nothing to start.*")
        self.complains_like(["report"], r"report: a database is missing.*")
        self.complains_like(["report", self.path("none.db")], r".*none\.db.*")
        self.complains_like(["report", self.file("text.db", "no database" * 100)], r".*text\.db.*")

    def test_output_full(self):
        """Standard output on a full disk: the user hears of it."""
        db = self.path("run.db")
        guest = self.guest(OFF)
        self.runs(guest, "--db", db, "--quiet")
        for args in (["report", db], ["report", db, "--format", "json"]):
            with self.subTest(args), open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([TOLLGATE, *args], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=LIMIT,
                                      check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
                self.assertIn(b"No space left on device", done.stderr)
        self.complains_like(["report", db, "--html", "/dev/full"], r".*No space left on device.*")


if __name__ == "__main__":
    main()
