#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a simulator, talk to its console, and measure when things were said.

One job: drive a command (tollgate, qemu-system-aarch64, anything with a console on its standard output) as a person
would: wait for text, type, wait again, wait for the end; and keep the host time at which each piece of text arrived.
It knows nothing of guests: what to wait for is the caller's business. Python's standard library only.

As a library
------------
    from guestrun import GuestRun, Failure
    with GuestRun(["build/tollgate", "run", ...], log="boot.log", timeout=120, fail=[r"Kernel panic"]) as g:
        ready = g.expect(r"tollgate-init: ready (\\S+)", name="ready")    # an re.Match on text
        g.send("uname -a\\n")
        g.expect(r"Linux .* aarch64")
        status = g.wait()               # exit status; a signal N is -N
        g.at["ready"]                   # seconds from start to the last character of that match
        g.cpu_at["ready"]               # seconds of processor time that the command (without children) had used by then
        g.usage.ru_maxrss               # KiB; host cost of the command (resource.struct_rusage), after wait()
        g.text                          # the whole console so far
`expect` looks at what came after the last match. It raises Failure when the time is up, when the command ends first,
or when a `fail` pattern shows up; the message holds the last lines of the console. Leaving the `with` block ends the
command (SIGTERM, 5 s, SIGKILL) if it is still there.

As a command
------------
    guestrun.py [options] [--expect REGEX | --name NAME | --send TEXT | --signal NAME | --close | --pause S]... -- COMMAND...

Steps are done in the order written:
    --expect REGEX     waits for it (Python re, searched over lines; ^ and $ match at lines)
    --name NAME        names the time of the --expect before it, for the JSON
    --send TEXT        types TEXT; \\n, \\t, \\x04 are understood
    --signal NAME      sends a signal to the command, e.g. INT, TERM, KILL
    --close            closes the command's input
    --pause S          lets S seconds go by (reading all the while)
then the end of the command is awaited.
Options:
    --timeout S        for the whole (default 600)
    --fail REGEX       ends at once when this shows up (may be repeated)
    --forbid REGEX     must not have shown up when the command has ended (may be repeated)
    --log FILE         copy of the console
    --json FILE        {"status", "seconds", "user_s", "system_s", "maxrss_kib", "marks": {name: seconds},
                        "groups": {name: [groups of the match]}, "error"}
    --status N         the exit status to be expected (default 0; 'any' takes all)
    --stderr FILE      standard error goes there instead of into the console
    --pty              runs the command on a terminal instead of pipes
    --quiet            prints nothing unless something failed
Exit status: 0 all as expected; 1 not; 2 wrong usage; 124 time was up.
"""
import json
import os
import re
import select
import signal
import sys
import time


class Failure(Exception):
    """Something did not happen. `timeout` tells whether the time was up."""

    def __init__(self, message, timeout=False):
        super().__init__(message)
        self.timeout = timeout


class GuestRun:
    def __init__(self, command, timeout=600, log=None, fail=(), pty=False, stderr=None, env=None, cwd=None):
        """command: argument list. timeout: seconds for the whole run. log, stderr: paths. fail: regexes."""
        self.command = [str(c) for c in command]
        self.fail = [re.compile(f, re.M) for f in fail]
        self.text = ""          # the console so far, carriage returns dropped
        self.at = {}            # name -> seconds
        self.cpu_at = {}        # name -> seconds of processor time
        self.status = None      # exit status when it has ended
        self.usage = None
        self._pos = 0           # where the next expect begins to look
        self._checked = 0       # where the fail patterns begin to look
        self._chunks = []       # (length of text after this arrival, time, processor time)
        self._partial = b""
        self._log = open(log, "wb") if log else None
        self._eof = False
        self.start = time.monotonic()
        self.deadline = self.start + timeout
        self._spawn(pty, stderr, env, cwd)

    def _spawn(self, pty, stderr, env, cwd):
        close = []
        if pty:
            master, slave = os.openpty()
            self._in = self._out = master
            child_in = child_out = slave
            close.append(slave)
        else:
            child_in, self._in = os.pipe()
            self._out, child_out = os.pipe()
            close += [child_in, child_out]
        for fd in (self._in, self._out):
            os.set_inheritable(fd, False)
        err = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) if stderr else child_out
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()         # so that a Ctrl-C at our terminal does not reach it before we decide
                if pty:
                    import fcntl
                    import termios
                    fcntl.ioctl(child_in, termios.TIOCSCTTY, 0)
                os.dup2(child_in, 0)
                os.dup2(child_out, 1)
                os.dup2(err, 2)
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                if cwd:
                    os.chdir(cwd)
                os.execvpe(self.command[0], self.command, env if env is not None else os.environ)
            except OSError as e:
                os.write(2, ("cannot run %s: %s\n" % (self.command[0], e)).encode())
            os._exit(127)
        self.pid = pid
        for fd in close:
            os.close(fd)
        if stderr:
            os.close(err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def seconds(self):
        """Since the start."""
        return time.monotonic() - self.start

    def cpu_seconds(self):
        """Processor time that the command has used, all threads, without children."""
        try:
            # Linux: a clock's number is made of the process's (clock_getcpuclockid), 2 is that of the scheduler.
            return time.clock_gettime(~self.pid << 3 | 2)
        except OSError:         # it has ended
            return self._chunks[-1][2] if self._chunks else 0.0

    def tail(self, lines=20):
        return "\n".join(self.text.rstrip("\n").split("\n")[-lines:])

    def _read(self, until):
        """Takes what arrives before `until` (monotonic). False at the end of the output or of the time."""
        left = until - time.monotonic()
        if left <= 0 or self._eof:
            return False
        if not select.select([self._out], [], [], left)[0]:
            return False
        now = time.monotonic() - self.start
        try:
            data = os.read(self._out, 65536)
        except OSError:         # a pty whose other side is gone
            data = b""
        if not data:
            self._eof = True
            return False
        if self._log:
            self._log.write(data)
            self._log.flush()
        self.text += data.decode("utf-8", "replace").replace("\r", "").replace("\0", "")
        self._chunks.append((len(self.text), now, self.cpu_seconds()))
        for f in self.fail:
            m = f.search(self.text, self._checked)
            if m:
                raise Failure("'%s' showed up: %s\n%s" % (f.pattern, m.group(0), self.tail()))
        # A pattern may straddle two arrivals: look again from the beginning of the last line.
        self._checked = self.text.rfind("\n") + 1
        return True

    def _when(self, offset):
        """When the character before `offset` arrived: time, processor time."""
        lo, hi = 0, len(self._chunks) - 1
        while lo < hi:
            mid = (lo + hi) // 2
            if self._chunks[mid][0] >= offset:
                hi = mid
            else:
                lo = mid + 1
        return self._chunks[lo][1:] if self._chunks else (0.0, 0.0)

    def expect(self, pattern, timeout=None, name=None):
        """Waits for the regular expression; returns the match."""
        compiled = re.compile(pattern, re.M)
        until = self.deadline if timeout is None else min(self.deadline, time.monotonic() + timeout)
        while True:
            m = compiled.search(self.text, self._pos)
            # A greedy group at the very end may still grow: it is complete once something follows on its line.
            if m and (m.end() < len(self.text) or self._eof or not re.search(r"[+*?]\)?\$?$", pattern)):
                self._pos = m.end()
                self.at[name or pattern], self.cpu_at[name or pattern] = self._when(m.end())
                return m
            if not self._read(until):
                if self._eof:
                    if m:
                        continue
                    self.wait()
                    raise Failure("the command ended with status %s before '%s' was seen:\n%s"
                                  % (self.status, pattern, self.tail()))
                raise Failure("'%s' was not seen within %.1f s:\n%s" % (pattern, self.seconds(), self.tail()), True)

    def pause(self, seconds):
        until = min(self.deadline, time.monotonic() + seconds)
        while self._read(until):
            pass
        left = until - time.monotonic()
        if left > 0:
            time.sleep(left)

    def send(self, text):
        try:
            os.write(self._in, text.encode())
        except OSError as e:
            raise Failure("cannot type '%s': %s\n%s" % (text.strip(), e, self.tail()))

    def close_input(self):
        if self._in is not None and self._in != self._out:
            os.close(self._in)
            self._in = None

    def kill(self, number=signal.SIGTERM):
        if self.status is None:
            os.kill(self.pid, number)

    def _reap(self, flags):
        pid, status, usage = os.wait4(self.pid, flags)
        if pid:
            self.usage = usage
            self.status = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            self.at["end"] = self.seconds()
        return bool(pid)

    def wait(self, timeout=None):
        """Waits for the command's end; returns its status."""
        until = self.deadline if timeout is None else min(self.deadline, time.monotonic() + timeout)
        while self._read(until):
            pass
        while self.status is None:
            if self._reap(os.WNOHANG):
                break
            if time.monotonic() > until:
                raise Failure("the command did not end within %.1f s:\n%s" % (self.seconds(), self.tail()), True)
            time.sleep(0.002)
        return self.status

    def end(self):
        """Makes sure that nothing stays behind."""
        if self.status is None:
            for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
                try:
                    os.killpg(self.pid, number)
                except OSError:
                    pass
                until = time.monotonic() + patience
                while self.status is None and time.monotonic() < until:
                    if not self._reap(os.WNOHANG):
                        time.sleep(0.01)
                if self.status is not None:
                    break
        if self._log:
            self._log.close()
            self._log = None
        for fd in {self._in, self._out} - {None}:
            try:
                os.close(fd)
            except OSError:
                pass
        self._in = self._out = None


def usage(message):
    sys.stderr.write("guestrun.py: %s\n%s" % (message, "see its first lines for the options\n"))
    sys.exit(2)


def parse(argv):
    options = {"timeout": 600.0, "fail": [], "forbid": [], "log": None, "json": None, "status": "0", "stderr": None,
               "pty": False, "quiet": False}
    steps = []
    i = 0
    while i < len(argv) and argv[i] != "--":
        word = argv[i].lstrip("-")
        if not argv[i].startswith("--"):
            usage("unknown word '%s'" % argv[i])
        if word in ("close",):
            steps.append((word, None))
        elif word in ("pty", "quiet"):
            options[word] = True
        elif word == "help":
            print(__doc__)
            sys.exit(0)
        elif i + 1 >= len(argv):
            usage("--%s wants a value" % word)
        else:
            i += 1
            if word in ("expect", "send", "signal", "pause", "name"):
                steps.append((word, argv[i]))
            elif word in ("fail", "forbid"):
                options[word].append(argv[i])
            elif word in options:
                options[word] = argv[i]
            else:
                usage("unknown option --%s" % word)
        i += 1
    command = argv[i + 1:]
    if not command:
        usage("no command after --")
    try:
        options["timeout"] = float(options["timeout"])
        for kind, value in steps:
            if kind == "expect":
                re.compile(value)
    except (ValueError, re.error) as e:
        usage(str(e))
    return options, steps, command


def run_steps(g, steps, groups):
    count = 0
    for index, (kind, value) in enumerate(steps):
        if kind == "expect":
            count += 1
            name = "expect%d" % count
            if index + 1 < len(steps) and steps[index + 1][0] == "name":
                name = steps[index + 1][1]
            groups[name] = list(g.expect(value, name=name).groups())
        elif kind == "send":
            g.send(value.encode("latin-1", "backslashreplace").decode("unicode_escape"))
        elif kind == "signal":
            g.kill(getattr(signal, "SIG" + value.upper().replace("SIG", "")))
        elif kind == "close":
            g.close_input()
        elif kind == "pause":
            g.pause(float(value))


def main(argv):
    options, steps, command = parse(argv)
    error, code, groups = None, 0, {}
    g = GuestRun(command, timeout=options["timeout"], log=options["log"], fail=options["fail"], pty=options["pty"],
                 stderr=options["stderr"])
    with g:
        try:
            run_steps(g, steps, groups)
            status = g.wait()
            if options["status"] != "any" and status != int(options["status"]):
                raise Failure("the command ended with status %d, not %s:\n%s" % (status, options["status"], g.tail()))
            for pattern in options["forbid"]:
                m = re.search(pattern, g.text, re.M)
                if m:
                    raise Failure("'%s' must not show up, but did: %s" % (pattern, m.group(0)))
        except Failure as e:
            error, code = str(e), 124 if e.timeout else 1
    if options["json"]:
        result = {"status": g.status, "seconds": g.at.get("end"), "marks": g.at, "groups": groups, "error": error}
        if g.usage:
            result.update(user_s=g.usage.ru_utime, system_s=g.usage.ru_stime, maxrss_kib=g.usage.ru_maxrss)
        with open(options["json"], "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1, sort_keys=True)
            f.write("\n")
    if error:
        sys.stderr.write("guestrun: %s\n" % error)
    elif not options["quiet"]:
        marks = "  ".join("%s %.2fs" % (k, v) for k, v in g.at.items())
        print("guestrun: ok  %s" % marks)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
