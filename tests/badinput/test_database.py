# SPDX-License-Identifier: Apache-2.0
"""The database: not writable, disk full while writing, locked by a reader, no database."""
import os
import resource
import sqlite3
import subprocess
import time
import unittest

from badinput import LIMIT, OFF, SPIN, TOLLGATE, Case, hlt, main, mov, without_override


def phases(n):
    """Marks n phases, then powers off: x19 counts down; x0 = "a"; HLT #0x7100."""
    # SUBS x19, x19, #1; B.NE -3 words
    return mov(19, n) + mov(0, 0x61) + [hlt(0x7100), 0xF1000673, 0x54000001 | (-3 & 0x7FFFF) << 5] + OFF


class Database(Case):
    def rejects_like(self, db, pattern, **more):
        self.complains_like(["run", "tutorial", "--kernel", self.guest(OFF), "--db", db], pattern, **more)

    def test_path(self):
        self.rejects_like("/nonexistent/run.db", "database '/nonexistent/run.db': .*")
        self.rejects_like(self.dir, "database '.*': .*")
        self.rejects_like("", ".*")

    def test_not_writable(self):
        os.mkdir(self.path("d"), 0o555)
        self.rejects_like(self.path("d/run.db"), "database 'd/run.db': .*must be writable", preexec_fn=without_override)
        self.runs(self.guest(OFF), "--db", self.path("run.db"))
        before = self.query("run.db", "SELECT count(*) FROM run")
        os.chmod(self.path("run.db"), 0o444)
        self.rejects_like(self.path("run.db"), "database 'run.db': .*writable.*", preexec_fn=without_override)
        self.assertEqual(self.query("run.db", "SELECT count(*) FROM run"), before)

    def test_other_files(self):
        self.rejects_like(self.file("t.db", "not a database at all\n" * 100), "database 't.db': the file is not an SQLite database; .*")
        other = sqlite3.connect(self.path("o.db"))
        other.execute("CREATE TABLE run(x)")
        other.commit()
        other.close()
        self.rejects_like(self.path("o.db"), "database 'o.db': an SQLite database of another program, .*")
        self.runs(self.guest(OFF), "--db", self.path("good.db"))
        with open(self.path("good.db"), "rb") as f:
            good = f.read()
        self.rejects_like(self.file("cut.db", good[:len(good) // 2]), "database 'cut.db': .*damaged.*")
        newer = sqlite3.connect(self.path("good.db"))
        newer.execute("PRAGMA user_version = 99")
        newer.commit()
        newer.close()
        self.rejects_like(self.path("good.db"), "database 'good.db': written by a newer Tollgate .*")

    def after_full(self, status, err):
        self.assertEqual(status, 2, err)
        lines = [line for line in err.splitlines() if not line.startswith("tollgate: stopped at ")]
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], r"\Atollgate: database '.*run\.db': .*(disk is full|no space).*")

    def test_disk_full(self):
        """A file system without room, mounted in a namespace of the test's own."""
        os.mkdir(self.path("mnt"))
        kernel = self.guest(phases(100000))
        if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "none", self.path("mnt")], stderr=subprocess.DEVNULL,
                          check=False).returncode:
            raise unittest.SkipTest("may not mount; test_limit takes its place")
        for size in ("16k", "200k", "400k"):  # full when it is made; in the first phase; later
            with self.subTest(size):
                script = ("mount -t tmpfs -o size=%s none mnt && { \"$0\" run tutorial --kernel \"$1\" --db mnt/run.db; s=$?; "
                          "cp mnt/run.db* . ; exit $s; }" % size)
                for name in ("run.db", "run.db-journal"):
                    if os.path.exists(self.path(name)):
                        os.remove(self.path(name))
                done = subprocess.run(["unshare", "-m", "sh", "-c", script, TOLLGATE, kernel], cwd=self.dir, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, check=False)
                err = done.stderr.decode()
                self.check(done.returncode, err)
                self.after_full(done.returncode, err)
                if size != "16k":
                    self.assertEqual(self.query("run.db", "SELECT count(*), max(status IN ('running', 'error')) FROM run"), [(1, 1)])

    def test_limit(self):
        """The same by the limit on the size of files (EFBIG), which needs no rights."""
        kernel = self.guest(phases(100000))
        status, out, err = self.call("run", "tutorial", "--kernel", kernel, "--db", self.path("run.db"),
                                     preexec_fn=lambda: self.limit(300 << 10))
        self.assertEqual(out, "")
        self.after_full(status, err)
        self.assertEqual(self.query("run.db", "SELECT count(*) FROM run"), [(1,)])

    @staticmethod
    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def test_locked(self):
        """A reader that keeps its lock to the end: what was committed stays, the run says what is wrong."""
        db = self.path("run.db")
        self.runs(self.guest(OFF), "--db", db)
        p = self.start("run", "tutorial", "--kernel", self.guest([SPIN]), "--db", db)
        self.wait_for("the second run", lambda: self.count() == 2)
        reader = sqlite3.connect(db)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM run").fetchone()
        p.terminate()
        status, err = self.ends(p)
        reader.close()
        self.assertEqual(status, 2)
        lines = [line for line in err.splitlines() if "interrupted at" not in line]
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], r"\Atollgate: database '.*run\.db': cannot .*: another program has kept it locked for more than 5 s; .*")
        self.assertEqual(self.query("run.db", "SELECT status FROM run ORDER BY run_id"), [("poweroff",), ("running",)])

    def test_locked_for_a_while(self):
        """A reader that looks and goes away is waited for."""
        db = self.path("run.db")
        self.runs(self.guest(OFF), "--db", db)
        p = self.start("run", "tutorial", "--kernel", self.guest([SPIN]), "--db", db)
        self.wait_for("the second run", lambda: self.count() == 2)
        reader = sqlite3.connect(db)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM run").fetchone()
        p.terminate()
        time.sleep(1.5)
        self.assertIsNone(p.poll())
        reader.close()
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertEqual(self.query("run.db", "SELECT status FROM run ORDER BY run_id"), [("poweroff",), ("interrupted",)])

    def test_locked_at_start(self):
        db = self.path("run.db")
        self.runs(self.guest(OFF), "--db", db)
        writer = sqlite3.connect(db, isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        self.rejects_like(db, r"database 'run\.db': cannot .*: another program has kept it locked for more than 5 s; .*")
        writer.close()
        self.runs(self.guest(OFF), "--db", db)

    def count(self):
        try:
            return self.query("run.db", "SELECT count(*) FROM run")[0][0]
        except sqlite3.Error:
            return 0

    def test_removed(self):
        """Whoever removes the file under a run gets a message or a run without trouble, no crash."""
        db = self.path("run.db")
        p = self.start("run", "tutorial", "--kernel", self.guest([SPIN]), "--db", db)
        self.wait_for("the run", lambda: os.path.exists(db) and self.count() == 1)
        os.remove(db)
        p.terminate()
        status, err = self.ends(p)
        self.assertIn(status, (0, 2), err)

    def test_many_phases(self):
        self.runs(self.guest(phases(50)), "--db", self.path("run.db"))
        self.assertEqual(self.query("run.db", "SELECT count(*) FROM phase"), [(51,)])


if __name__ == "__main__":
    main()
