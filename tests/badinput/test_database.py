# SPDX-License-Identifier: Apache-2.0
"""The database: not writable, disk full while writing, read or locked by others, removed, replaced, damaged, no database."""
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
        self.rejects_like("/nonexistent/run.db", "database '/nonexistent/run.db': its directory '/nonexistent': No such file or directory; .*")
        self.rejects_like(self.dir, "database '.*': it is a directory; .*")
        self.rejects_like("/dev/null", "database '/dev/null': it is no regular file; .*")
        self.rejects_like("", ".*")

    def test_not_writable(self):
        os.mkdir(self.path("d"), 0o555)
        self.rejects_like(self.path("d/run.db"), "database 'd/run.db': its directory 'd': Permission denied; the file and its directory must be writable",
                          preexec_fn=without_override)
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

    def test_read_only_directory(self):
        """A database in a directory that becomes read-only: no run is added to it, reports read it."""
        os.mkdir(self.path("d"))
        db = self.path("d/run.db")
        self.runs(self.guest(OFF), "--db", db)
        os.chmod(self.path("d"), 0o555)
        self.rejects_like(db, "database 'd/run.db': its directory 'd': Permission denied; .*", preexec_fn=without_override)
        self.assertEqual(self.call("report", db, preexec_fn=without_override)[0], 0)
        # in WAL mode, as a run leaves it that was read when it ended
        os.chmod(self.path("d"), 0o755)
        self.query("d/run.db", "PRAGMA journal_mode = WAL")
        os.chmod(self.path("d"), 0o555)
        status, out, err = self.call("report", db, preexec_fn=without_override)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("poweroff", out)

    def after_full(self, status, err):
        self.assertEqual(status, 2, err)
        lines = [line for line in err.splitlines() if not line.startswith("tollgate: stopped at ")]
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], r"\Atollgate: database '.*run\.db': .*(disk is full|no space).*")

    def after_full_file(self):
        """The run's row knows how it ended, whole phases are there, and the report says it."""
        self.assertEqual(self.query("run.db", "SELECT count(*), max(status), max(why LIKE '%make room%') FROM run"), [(1, "error", 1)])
        self.assertEqual(self.query("run.db", "SELECT count(*) FROM phase p WHERE NOT EXISTS (SELECT 1 FROM pe WHERE pe.phase_id = p.phase_id)"),
                         [(0,)])
        status, out, err = self.call("report", self.path("run.db"))
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"status +error\nwhy +database '.*make room")

    def test_disk_full(self):
        """A file system without room, mounted in a namespace of the test's own. From 4 MiB on the file is written in WAL mode."""
        os.mkdir(self.path("mnt"))
        kernel = self.guest(phases(1000000))
        if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "none", self.path("mnt")], stderr=subprocess.DEVNULL,
                          check=False).returncode:
            raise unittest.SkipTest("may not mount; test_limit takes its place")
        # full when it is made; before the first phase; later; where the rows still lie beside the file
        for size in ("16k", "300k", "400k", "800k", "4800k", "5000k", "5300k", "6000k"):
            with self.subTest(size):
                script = ("mount -t tmpfs -o size=%s none mnt && { \"$0\" run tutorial --kernel \"$1\" --db mnt/run.db; s=$?; "
                          "cp mnt/run.db* . ; exit $s; }" % size)
                for tail in ("", "-journal", "-wal", "-shm"):
                    if os.path.exists(self.path("run.db" + tail)):
                        os.remove(self.path("run.db" + tail))
                done = subprocess.run(["unshare", "-m", "sh", "-c", script, TOLLGATE, kernel], cwd=self.dir, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, check=False)
                err = done.stderr.decode()
                self.check(done.returncode, err)
                self.after_full(done.returncode, err)
                if size != "16k":
                    self.after_full_file()

    def test_limit(self):
        """The same by the limit on the size of files (EFBIG), which needs no rights."""
        kernel = self.guest(phases(100000))
        status, out, err = self.call("run", "tutorial", "--kernel", kernel, "--db", self.path("run.db"),
                                     preexec_fn=lambda: self.limit(300 << 10))
        self.assertEqual(out, "")
        self.after_full(status, err)
        self.after_full_file()

    @staticmethod
    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def second_run(self, words, *args):
        """A database with one run; a second one goes on."""
        db = self.path("run.db")
        self.runs(self.guest(OFF), "--db", db)
        p = self.start("run", "tutorial", "--kernel", self.guest(words), "--db", db, *args)
        self.wait_for("the second run", lambda: self.count() == 2)
        return p

    def reader(self):
        db = sqlite3.connect(self.path("run.db"), isolation_level=None)
        self.addCleanup(db.close)
        db.execute("BEGIN")
        db.execute("SELECT * FROM run").fetchone()
        return db

    def test_reader(self):
        """A reader in the middle of a read, from before a phase until after the end: the run writes on, and says where its rows are."""
        p = self.second_run([SPIN])
        reader = self.reader()
        p.terminate()
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertRegex(err, r"\Atollgate: interrupted at .*\ntollgate: database '.*run\.db': another program is reading it; until that"
                              r" closes it, copy '.*run\.db-wal' together with it\n\Z")
        self.assertEqual(reader.execute("SELECT status FROM run ORDER BY run_id").fetchall(), [("poweroff",), ("running",)])
        self.assertEqual(self.query("run.db", "SELECT status FROM run ORDER BY run_id"), [("poweroff",), ("interrupted",)])
        reader.close()
        self.assertFalse(os.path.exists(self.path("run.db-wal")))
        with open(self.path("run.db"), "rb") as f:
            self.file("copy.db", f.read())
        self.assertEqual(self.query("copy.db", "SELECT status FROM run ORDER BY run_id"), [("poweroff",), ("interrupted",)])

    def test_reader_of_many_phases(self):
        """The same while phases are written all the time; what a second reader sees grows. When they are gone, it is one file."""
        p = self.second_run(phases(2000))
        reader = self.reader()
        before = reader.execute("SELECT count(*) FROM phase").fetchone()
        self.wait_for("phases", lambda: self.query("run.db", "SELECT count(*) FROM phase WHERE run_id = 2")[0][0] > before[0] + 100)
        self.assertEqual(reader.execute("SELECT count(*) FROM phase").fetchone(), before)
        reader.close()
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertEqual(sorted(f for f in os.listdir(self.dir) if f.startswith("run.db")), ["run.db"])
        self.assertEqual(self.query("run.db", "SELECT count(*), max(seq) FROM phase WHERE run_id = 2"), [(2001, 2000)])

    def test_writer(self):
        """Another writer keeps the file: the phases of meanwhile wait in memory, the end waits for it, one message says so."""
        p = self.second_run([SPIN])
        writer = sqlite3.connect(self.path("run.db"), isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("BEGIN IMMEDIATE")
        p.terminate()
        time.sleep(7)
        self.assertIsNone(p.poll())
        writer.execute("ROLLBACK")
        writer.close()
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertRegex(err, r"\Atollgate: database '.*run\.db': another program keeps it locked for writing; .*\ntollgate: interrupted at .*\n\Z")
        self.assertEqual(self.query("run.db", "SELECT status, (SELECT count(*) FROM phase p WHERE p.run_id = r.run_id) FROM run r ORDER BY run_id"),
                         [("poweroff", 1), ("interrupted", 1)])

    def test_two_runs_at_once(self):
        p = self.second_run(phases(3000))
        self.runs(self.guest(phases(300), "other.img"), "--db", self.path("run.db"))
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertEqual(self.query("run.db", "SELECT run_id, status, (SELECT count(*) FROM phase p WHERE p.run_id = r.run_id) FROM run r"),
                         [(1, "poweroff", 1), (2, "poweroff", 3001), (3, "poweroff", 301)])
        self.assertFalse(os.path.exists(self.path("run.db-wal")))

    def test_locked_at_start(self):
        db = self.path("run.db")
        self.runs(self.guest(OFF), "--db", db)
        writer = sqlite3.connect(db, isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        self.rejects_like(db, r"database 'run\.db': cannot .*: another program has kept it locked for more than 5 s; .*")
        writer.close()
        self.runs(self.guest(OFF), "--db", db)

    def count(self, name="run.db"):
        try:
            return self.query(name, "SELECT count(*) FROM run")[0][0]
        except sqlite3.Error:
            return 0

    def test_removed(self):
        """Whoever removes the file under a run gets it again, whole."""
        db = self.path("run.db")
        p = self.second_run([SPIN])
        for tail in ("", "-wal", "-shm"):
            if os.path.exists(db + tail):
                os.remove(db + tail)
        p.terminate()
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertRegex(err, r"database 'run\.db': the file was removed while the run wrote to it; it was written again: 'run\.db'\n")
        self.assertEqual(self.query("run.db", "SELECT status, (SELECT count(*) FROM phase p WHERE p.run_id = r.run_id) FROM run r ORDER BY run_id"),
                         [("poweroff", 1), ("interrupted", 1)])

    def test_replaced(self):
        db = self.path("run.db")
        p = self.second_run([SPIN])
        os.rename(db, self.path("away"))
        self.file("run.db", "mine")
        p.terminate()
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertRegex(err, r"database 'run\.db': the file was replaced while the run wrote to it; its rows go to 'run\.db\.saved'\n")
        with open(db) as f:
            self.assertEqual(f.read(), "mine")
        self.assertEqual(self.query("run.db.saved", "SELECT status FROM run ORDER BY run_id"), [("poweroff",), ("interrupted",)])

    def test_directory_gone(self):
        os.mkdir(self.path("d"))
        db = self.path("d/run.db")
        p = self.start("run", "tutorial", "--kernel", self.guest([SPIN]), "--db", db)
        self.wait_for("the run", lambda: os.path.exists(db) and self.count("d/run.db") == 1)
        for name in os.listdir(self.path("d")):
            os.remove(self.path("d/" + name))
        os.rmdir(self.path("d"))
        p.terminate()
        status, err = self.ends(p)
        self.assertEqual(status, 2, err)
        self.assertRegex(err, r"tollgate: database 'd/run\.db': the file was removed while the run wrote to it, and cannot be written again: .*\n")

    def test_damaged_later(self):
        """Pages in the middle are damaged while the run goes on: a message, no crash."""
        db = self.path("run.db")
        p = self.second_run([SPIN])
        with open(db, "r+b") as f:
            f.seek(4096)
            f.write(b"\xa5" * (os.path.getsize(db) - 4096))
        p.terminate()
        _, err = p.communicate(timeout=LIMIT)
        self.check(p.returncode, err.decode())
        self.assertIn(p.returncode, (0, 2))
        if p.returncode:
            self.assertRegex(err.decode(), r"tollgate: database '.*run\.db': the file is damaged \(.*\n")

    def test_fails_before_it_starts(self):
        """What goes wrong between the run's row and its first instruction is in the row."""
        db = self.path("run.db")
        self.complains_like(["run", "tutorial", "--kernel", self.guest(OFF), "--initrd", self.path("none"), "--db", db], ".*none.*")
        if os.path.exists(db):
            self.assertEqual(self.query("run.db", "SELECT count(*) FROM run WHERE status = 'running'"), [(0,)])

    def test_killed(self):
        """A run that was killed: the report says that it has not ended, and what is there."""
        p = self.second_run([SPIN])
        p.kill()
        p.communicate()
        status, out, err = self.call("report", self.path("run.db"))
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r"\nstatus +running\nwhy +the run has not ended: ")
        self.assertEqual(err, "tollgate: database 'run.db': run 2 has not ended (status running): it goes on, or was killed; it holds 0"
                              " complete phases\n")
        self.assertEqual(self.call("report", self.path("run.db"), "--run", "1")[2], "")
        self.assertEqual(self.query("run.db", "SELECT status FROM run ORDER BY run_id"), [("poweroff",), ("running",)])

    def test_many_phases(self):
        self.runs(self.guest(phases(50)), "--db", self.path("run.db"))
        self.assertEqual(self.query("run.db", "SELECT count(*) FROM phase"), [(51,)])


if __name__ == "__main__":
    main()
