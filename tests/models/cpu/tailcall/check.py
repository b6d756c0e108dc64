#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Handlers must end by tail calls: a call from one handler to the next would grow the host's stack with every instruction.

  check.py OBJDUMP OBJECT...   fails when a function op_* or cpu_follow* of an object has an indirect call or calls another of them,
                               or when fewer than half of them have an indirect jump.
"""
import re
import subprocess
import sys


def main():
    objdump, objects = sys.argv[1], sys.argv[2:]
    handler = r"(op_\w+|cpu_follow\w*)"
    bad, handlers, jumps = [], 0, 0
    for path in objects:
        text = subprocess.run([objdump, "-dr", "--no-show-raw-insn", path], check=True, capture_output=True, text=True).stdout
        name = call = None
        for line in text.splitlines():
            if "\tcall" in line:
                call = line.strip()
                if name and re.search(rf"\tcall\s+(\*|[0-9a-f]+ <{handler}[.>])", line):
                    bad.append(f"{path}: {name}: {call}")
            elif ": R_" in line:  # belongs to the instruction on the line before
                if name and call and re.match(handler, line.split()[2]):
                    bad.append(f"{path}: {name}: {call}: {line.split()[2]}")
            else:
                call = None
                if line.endswith(">:"):
                    head = re.match(rf"[0-9a-f]+ <{handler}(\.\w+)*>:", line)
                    name = head.group(1) if head else None
                    handlers += bool(head)
                elif name and "\tjmp" in line and re.search(r"\tjmp\s+\*", line):
                    jumps += 1
    for b in bad[:20]:
        print(b)
    print(f"{handlers} handlers, {jumps} indirect jumps, {len(bad)} calls to handlers")
    if bad or not handlers or jumps < handlers // 2:
        sys.exit("handlers do not end by tail calls: is -foptimize-sibling-calls in force?")


main()
