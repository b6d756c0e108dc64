# SPDX-License-Identifier: Apache-2.0
"""SIGINT, SIGTERM, SIGHUP and SIGKILL during a run: the database opens afterwards and says how it ended."""
import os
import signal

from badinput import SPIN, WFI, Case, b, hlt, main, mov


class Signals(Case):
    def running(self, words, *args):
        db = self.path("run.db")
        if os.path.exists(db):
            os.remove(db)
        p = self.start("run", "tutorial", "--kernel", self.guest(words), "--db", db, *args)
        self.wait_for("the run's row", lambda: os.path.exists(db) and os.path.getsize(db) and self.status() == "running")
        return p

    def status(self):
        try:
            rows = self.query("run.db", "SELECT status FROM run")
            return rows[0][0] if rows else None
        except Exception:  # being written
            return None

    def test_ends_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for mode in ("fast", "timed"):
                with self.subTest(number=number, mode=mode):
                    p = self.running([SPIN], "--mode", mode)
                    p.send_signal(number)
                    status, err = self.ends(p)
                    self.assertEqual(status, 0, err)
                    self.assertRegex(err, r"\Atollgate: interrupted at .* s, [\d,]+ instructions, .*\n\Z")
                    self.assertEqual(self.query("run.db", "SELECT status, insns > 0 FROM run"), [("interrupted", 1)])
                    self.assertEqual(self.call("report", self.path("run.db"))[0], 0)

    def test_asleep(self):
        """All PEs in WFI on a machine that waits for a pty: the signal is still heard."""
        p = self.running([WFI, b(-1)], "--console", "pty")
        p.send_signal(signal.SIGTERM)
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        self.assertEqual(self.status(), "interrupted")

    def test_kill(self):
        p = self.running([SPIN])
        p.kill()
        p.communicate()
        self.assertEqual(p.returncode, -signal.SIGKILL)
        self.assertEqual(self.query("run.db", "SELECT status FROM run"), [("running",)])
        self.assertEqual(self.call("report", self.path("run.db"))[0], 0)
        # ... and takes another run
        self.runs(self.guest(mov(0, 0x84000008) + [0xD4000003]), "--db", self.path("run.db"))
        self.assertEqual(self.query("run.db", "SELECT status FROM run ORDER BY run_id"), [("running",), ("poweroff",)])

    def test_kill_while_writing(self):
        """A guest that marks one phase after the other keeps the database busy; whatever SIGKILL hits, it opens and its phases are whole."""
        # x0 = "a"; HLT #0x7100; loop
        words = mov(0, 0x61) + [hlt(0x7100), b(-1)]
        for i in range(4):
            with self.subTest(i):
                p = self.running(words)
                want = 3 + 2 * i
                self.wait_for("phases", lambda: len(self.phases()) >= want)
                p.kill()
                p.communicate()
                rows = self.query("run.db", "SELECT seq FROM phase ORDER BY seq")
                self.assertGreaterEqual(len(rows), want)
                self.assertEqual([r[0] for r in rows], list(range(len(rows))))
                counts = self.query("run.db", "SELECT count(*) FROM phase LEFT JOIN pe USING (run_id, phase_id) WHERE pe.pe IS NULL")
                self.assertEqual(counts, [(0,)])

    def phases(self):
        try:
            return self.query("run.db", "SELECT seq FROM phase ORDER BY seq")
        except Exception:  # locked for a moment, or no table yet
            return []

    def test_impatient(self):
        """A second SIGINT does not wait for anything."""
        p = self.running([SPIN])
        os.kill(p.pid, signal.SIGSTOP)
        p.send_signal(signal.SIGINT)
        p.send_signal(signal.SIGTERM)
        os.kill(p.pid, signal.SIGCONT)
        _, err = p.communicate(timeout=60)
        self.assertIn(p.returncode, (128 + signal.SIGINT, 128 + signal.SIGTERM), err)
        self.query("run.db", "SELECT * FROM run")


if __name__ == "__main__":
    main()
