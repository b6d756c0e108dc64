#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unused.py FILE...: external functions and constant tables of models/ and sim/ that nobody names but their definition and their prototypes.

Prints file:line:name. Knows C by its layout (clang-format's): a definition begins in the first column. Tests count as users: some
functions are there for them. A name that only a macro pastes together would be found wrongly; there is none.
"""
import re
import sys

OUTER = r"^(?!static|typedef|extern|return|else|#)"
FUNCTION = re.compile(OUTER + r"[A-Za-z_][\w\s\*]*?\b(\w+)\(([^;{}]*?)\)\s*\{", re.M)
TABLE = re.compile(OUTER + r"const\s+[\w\s\*]+?\b(\w+)\s*(?:\[[^\]]*\])*\s*=", re.M)
PROTOTYPE = re.compile(r"^(?!static|typedef|#)(?:extern\s+)?[A-Za-z_][\w\s\*]*?\b(\w+)\s*(?:\([^;{}]*?\)|\[[^\]]*\])"
                       r"\s*(?:__attribute__\s*\(\(.*?\)\))?\s*;", re.M | re.S)
EXTERN = re.compile(r"^extern\s+[^;(]*?\b(\w+)\s*;", re.M)


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def main(paths):
    uses, defined = {}, {}
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as f:
            text = without_comments(f.read())
        for word in re.findall(r"\b[A-Za-z_]\w*\b", text):
            uses[word] = uses.get(word, 0) + 1
        for pattern in (PROTOTYPE, EXTERN):
            for m in pattern.finditer(text):
                uses[m.group(1)] -= 1
        if re.match(r"(models|sim)/.*\.c$", path):
            for pattern in (FUNCTION, TABLE):
                for m in pattern.finditer(text):
                    defined[m.group(1)] = "%s:%d" % (path, text.count("\n", 0, m.start(1)) + 1)
                    uses[m.group(1)] -= 1
    for name, place in sorted(defined.items(), key=lambda d: d[1]):
        if uses[name] <= 0 and name not in ("main",):
            print("%s:%s" % (place, name))


if __name__ == "__main__":
    main(sys.argv[1:])
