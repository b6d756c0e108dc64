# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: a simulated machine that is driven by its console, its database, images, skipping.

No test itself, and no knowledge of what is run. Python's standard library, and scripts/lib/guestrun.py.
"""
import argparse
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
SOURCE = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "scripts", "lib"))
from guestrun import Failure, GuestRun  # noqa: E402  (also for the tests to import from here)

SKIPPED = 77    # CTest's SKIP_RETURN_CODE
FAIL = [r"Kernel panic", r"Internal error", r"Unable to handle kernel", r"^BUG: ", r"rcu_preempt detected",
        r"rt: FATAL", r"tollgate: guest error"]


class Skip(Exception):
    """The test cannot be run here; the message says what to do."""


def need(condition, message):
    if not condition:
        raise Failure(message)


class Test:
    """A test's build tree, guests and scratch directory."""

    def __init__(self, args, directory):
        self.build = os.path.abspath(args.build)
        self.tollgate = os.path.join(self.build, "tollgate")
        self.timeout = args.timeout
        self.keep = args.keep
        self.directory = directory
        self.count = 0
        self.tg_build = next((d for d in (os.environ.get("TG_BUILD"), self.build, os.path.join(SOURCE, "build"))
                              if d and os.path.isdir(os.path.join(d, "guests", "busybox"))), None)

    def path(self, name):
        return os.path.join(self.directory, name)

    def tool(self, name, package):
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if not found:
            raise Skip("%s is not installed: run 'scripts/setup test' (package %s)" % (name, package))
        return found

    def guest(self, *names):
        """A file of a guest set: guest("k61", "Image")."""
        path = os.path.join(self.tg_build, "guests", *names) if self.tg_build else ""
        if not os.path.exists(path):
            raise Skip("guests are not there: run 'scripts/guests %s' first" % names[0])
        return path

    def program(self, name):
        return os.path.join(self.build, "guest", name)

    def initramfs(self, kernel, *options, modules=True):
        """An image for this kernel with the guest programs in /guest."""
        self.guest(kernel, "Image")
        output = self.path("initrd%d.cpio" % self.count)
        self.count += 1
        # The guests' real place: the tree that scripts/guests filled.
        env = dict(os.environ, TG_BUILD=os.path.dirname(os.path.realpath(os.path.join(self.tg_build, "guests"))))
        subprocess.run([os.path.join(SOURCE, "scripts", "initramfs"), "--kernel", kernel if modules else "none",
                        "--output", output, "--programs", os.path.join(self.build, "guest"), *options],
                       check=True, env=env, stdout=subprocess.DEVNULL)
        return output

    def linux(self, kernel, initrd, run=None, append=""):
        """Arguments that boot this Debian kernel. `run` goes to init."""
        words = ["console=ttyAMA0", append] + (['tg.run="%s"' % run] if run else [])
        return ["--kernel", self.guest(kernel, "Image"), "--initrd", initrd, "--append", " ".join(w for w in words if w)]

    @contextlib.contextmanager
    def machine(self, core, arguments, cpus=1, mode="fast", db=None, fail=(), settings=(), environment=None):
        """tollgate run, with its console; leaves no process behind. Prints the command, for repetition by hand."""
        platform, more = ("virt", ["core=" + core])
        if core in ("neoverse-n1", "biglittle"):
            platform, more = core, []
        if core != "biglittle": # which has sets of its own
            more.append("cpus.count=%d" % cpus)
        words = [self.tollgate, "run", os.path.join(SOURCE, "platforms", platform + ".lua"), "--mode", mode]
        for setting in [*more, *settings]:
            words += ["--set", setting]
        if db:
            words += ["--db", db]
        words += arguments
        print("+ " + " ".join("'%s'" % w if set(w) & set(" \"'*") else w for w in words), flush=True)
        self.count += 1
        console = self.path("console%d.log" % self.count)
        with GuestRun(words, timeout=self.timeout, log=console, fail=[*FAIL, *fail], stderr=self.path("stderr%d" % self.count),
                      env=environment) as g:
            g.stderr_path = self.path("stderr%d" % self.count)
            try:
                yield g
            except Failure as e:
                # What the simulator itself said is the first thing to look at.
                with open(g.stderr_path, encoding="utf-8", errors="replace") as f:
                    raise Failure("%s\nstandard error of the simulator:\n%s" % (e, f.read()[-2000:])) from e

    def power_off(self, g, status=0):
        found = g.wait()
        need(found == status, "exit status %s instead of %s:\n%s" % (found, status, g.tail()))
        with open(g.stderr_path, encoding="utf-8", errors="replace") as f:
            print("  %s  (%.1f s of host time)" % (f.read().strip().split("\n")[-1], g.at["end"]), flush=True)


def query(db, sql, *parameters):
    connection = sqlite3.connect(db)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


def main(tests, argv=None):
    """tests: name -> function(Test). Ends the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="the build tree with tollgate and guest/")
    parser.add_argument("--timeout", type=float, default=240, help="seconds of host time for one simulation")
    parser.add_argument("--keep", action="store_true", help="keep the scratch directory even after success")
    parser.add_argument("test", choices=tests, metavar="TEST", help=", ".join(tests))
    args = parser.parse_args(argv)
    directory = tempfile.mkdtemp(prefix="tg-system-")
    try:
        tests[args.test](Test(args, directory))
    except Skip as e:
        print("SKIPPED: %s" % e)
        shutil.rmtree(directory, True)
        sys.exit(SKIPPED)
    except (Failure, sqlite3.Error, subprocess.CalledProcessError, OSError) as e:
        print("FAILED: %s\nconsoles and databases are kept in %s" % (e, directory))
        sys.exit(1)
    if args.keep:
        print("kept: %s" % directory)
    else:
        shutil.rmtree(directory, True)
    print("passed")
    sys.exit(0)
