#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Handlers must end by tail calls: an indirect call out of a handler would grow the host's stack with every instruction.

  check.py OBJDUMP OBJECT...   fails when a function op_* of an object has an indirect call, or none ends by an indirect jump.
"""
import re
import subprocess
import sys


def main():
    objdump, objects = sys.argv[1], sys.argv[2:]
    bad, handlers, jumps = [], 0, 0
    for path in objects:
        text = subprocess.run([objdump, "-d", "--no-show-raw-insn", path], check=True, capture_output=True, text=True).stdout
        name = None
        for line in text.splitlines():
            head = re.match(r"[0-9a-f]+ <(op_\w+)(\.\w+)*>:", line)
            if head:
                name = head.group(1)
                handlers += 1
            elif re.match(r"[0-9a-f]+ <", line):
                name = None
            elif name and re.search(r"\bcall\s+\*", line):
                bad.append(f"{path}: {name}: {line.strip()}")
            elif name and re.search(r"\bjmp\s+\*", line):
                jumps += 1
    for b in bad[:20]:
        print(b)
    print(f"{handlers} handlers, {jumps} indirect jumps, {len(bad)} indirect calls")
    if bad or not handlers or jumps < handlers // 2:
        sys.exit("handlers do not end by tail calls: is -foptimize-sibling-calls in force?")


main()
