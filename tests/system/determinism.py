#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same run twice gives the same database and the same console; another seed or another machine does not.

determinism.py --build DIR CORE/PES/MODE | differs

Linux boots and runs trapbench under KVM; the runs differ in host time, environment size, host load (the second runs with another
process competing) and addresses (the host randomises them). Databases are compared row by row, all tables and all views, without
the columns that docs/database.md names as the host's.
"""
import os
import re
import sqlite3
import subprocess
import sys

from machine import main, need

HOST = {"run": {"host_start", "host_s", "command", "version"}, "v_run": {"host_s", "mips"}}
# core, PEs, mode, instruction limit (0: to power-off)
MATRIX = (
    ("cortex-a57", 1, "fast", 0),
    ("neoverse-n1", 4, "fast", 0),
    ("neoverse-n1", 1, "timed", 300000000),
    ("cortex-a57", 4, "timed", 600000000),
    ("biglittle", 4, "timed", 400000000), # two clocks
)


def content(path):
    """table or view -> rows, host columns left out."""
    connection = sqlite3.connect(path)
    result = {}
    for name, kind in connection.execute("select name, type from sqlite_master where type in ('table', 'view') order by name"):
        columns = [c[1] for c in connection.execute("pragma table_info(%s)" % name) if c[1] not in HOST.get(name, ())]
        order = "order by rowid" if kind == "table" and not re.search(r"WITHOUT\s+ROWID", connection.execute(
            "select sql from sqlite_master where name = ?", (name,)).fetchone()[0], re.I) else ""
        result[name] = [columns] + connection.execute("select %s from %s %s" % (", ".join(columns), name, order)).fetchall()
    connection.close()
    return result


def compare(a, b):
    """The first difference, or None."""
    if sorted(a) != sorted(b):
        return "tables differ: %s, %s" % (sorted(a), sorted(b))
    for name in a:
        for number, (one, other) in enumerate(zip(a[name], b[name])):
            if one != other:
                return "%s, row %d:\n  %s\n  %s\n  %s" % (name, number, a[name][0], one, other)
        if len(a[name]) != len(b[name]):
            return "%s has %d rows, then %d" % (name, len(a[name]), len(b[name]))
    return None


def run(test, name, image, core, cpus, mode, limit, settings=(), arguments=(), environment=None):
    db = test.path(name + ".db")
    arguments = [*test.linux("k61", image), *arguments] + (["--max-insns", str(limit)] if limit else [])
    with test.machine(core, arguments, cpus, mode, db, settings=settings, environment=environment) as g:
        g.close_input()
        test.power_off(g)
        if not limit:
            need("tollgate-init: status 0 " in g.text, "the guest's command failed:\n" + g.tail())
    return content(db), g.text


def image_for(test, cpus):
    script = test.path("run.sh")
    with open(script, "w", encoding="utf-8") as f:
        f.write("/guest/minivmm --cpus %d --mem 64M --append iterations=100 /guest/trapbench.img </dev/null\n" % min(cpus, 2))
    return test.initramfs("k61", "--run", script)


def twice(test, core, cpus, mode, limit):
    image = image_for(test, cpus)
    first = run(test, "first", image, core, cpus, mode, limit)
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        second = run(test, "second", image, core, cpus, mode, limit, environment=dict(os.environ, TG_TEST_PADDING="x" * 3333))
    finally:
        busy.kill()
        busy.wait()
    need(first[1] == second[1], "the consoles differ")
    difference = compare(first[0], second[0])
    need(not difference, "the databases differ: %s" % difference)
    for table in ("run", "pe", "phase", "context", "context_bucket", "counter", "trap", "v_cpi") + (
            () if limit else ("exit", "exit_bucket", "vm", "vcpu", "vcpu_phase", "v_exit")):
        need(len(first[0][table]) > 1, "nothing to compare: the table %s is empty" % table)


def differs(test):
    """The comparison sees what it should see."""
    image, limit = image_for(test, 1), 20000000
    base = run(test, "base", image, "cortex-a57", 1, "timed", limit)
    seed = run(test, "seed", image, "cortex-a57", 1, "timed", limit, arguments=["--seed", "2"])
    clock = run(test, "clock", image, "cortex-a57", 1, "timed", limit, settings=["cpus.core.freq=1GHz"])
    need(compare(base[0], seed[0]), "another seed gives the same database")
    difference = compare(base[0], clock[0])
    need(difference, "another clock gives the same database")
    for table in ("pe", "phase"):
        need(base[0][table] != clock[0][table], "another clock gives the same rows of %s" % table)


TESTS = {"/".join(map(str, row[:3])): (lambda test, row=row: twice(test, *row)) for row in MATRIX}
TESTS["differs"] = differs

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TESTS))
    else:
        main(TESTS)
