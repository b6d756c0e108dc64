#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copy AArch64 programs and just the shared libraries they need out of unpacked packages.

usage: elfclosure.py ROOT DEST PROGRAM...
Each PROGRAM (a path in ROOT) goes to DEST/bin, its interpreter to where it asks for it, libraries to DEST/lib.
Reads ELF64 little-endian (System V gABI): PT_INTERP and DT_NEEDED.
"""
import os
import shutil
import struct
import sys


def elf_needs(path):
    """(interpreter or None, list of needed names)"""
    with open(path, "rb") as f:
        d = f.read()
    if d[:6] != b"\x7fELF\x02\x01":
        raise ValueError("%s is not a little-endian ELF64 file" % path)
    phoff, = struct.unpack_from("<Q", d, 32)
    phentsize, phnum = struct.unpack_from("<HH", d, 54)
    loads, interp, dyn = [], None, None
    for i in range(phnum):
        kind, _, off, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", d, phoff + i * phentsize)
        if kind == 1:
            loads.append((vaddr, off, filesz))
        elif kind == 3:
            interp = d[off:off + filesz].split(b"\0")[0].decode()
        elif kind == 2:
            dyn = (off, filesz)
    if not dyn:
        return interp, []
    tags = [struct.unpack_from("<QQ", d, dyn[0] + o) for o in range(0, dyn[1], 16)]
    strtab = next(v for t, v in tags if t == 5)
    base = next(off + strtab - v for v, off, size in loads if v <= strtab < v + size)
    return interp, [d[base + v:d.index(b"\0", base + v)].decode() for t, v in tags if t == 1]


def resolve(root, path):
    """Follow symbolic links inside root."""
    for _ in range(40):
        full = os.path.join(root, path.lstrip("/"))
        if not os.path.islink(full):
            return full
        target = os.readlink(full)
        path = target if target.startswith("/") else os.path.join(os.path.dirname(path), target)
    raise ValueError("too many links: " + path)


def find_library(root, name):
    for d in ("lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib", "usr/lib"):
        if os.path.lexists(os.path.join(root, d, name)):
            return resolve(root, os.path.join(d, name))
    return None


def main(argv):
    if len(argv) < 4:
        sys.stderr.write(__doc__)
        return 2
    root, dest, programs = argv[1], argv[2], argv[3:]
    os.makedirs(os.path.join(dest, "bin"), exist_ok=True)
    os.makedirs(os.path.join(dest, "lib"), exist_ok=True)
    todo, done = [], set()
    for p in programs:
        if not os.path.lexists(os.path.join(root, p)):
            p = os.path.join("usr/bin", os.path.basename(p))
        src = resolve(root, p)
        shutil.copy(src, os.path.join(dest, "bin", os.path.basename(p)))
        todo.append(src)
    while todo:
        interp, needed = elf_needs(todo.pop())
        if interp and interp not in done:
            done.add(interp)
            out = os.path.join(dest, interp.lstrip("/"))
            os.makedirs(os.path.dirname(out), exist_ok=True)
            src = find_library(root, os.path.basename(interp)) or resolve(root, interp)
            shutil.copy(src, out)
        for name in needed:
            if name in done:
                continue
            done.add(name)
            src = find_library(root, name)
            if not src:
                sys.stderr.write("%s is in none of the packages\n" % name)
                return 1
            if not os.path.exists(os.path.join(dest, "lib", name)):
                shutil.copy(src, os.path.join(dest, "lib", name))
            todo.append(src)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
