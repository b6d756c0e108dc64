#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write an initramfs (cpio 'newc') without being root.

usage: newc.py OUTPUT < MANIFEST        OUTPUT ending in .gz is compressed
Manifest lines (blank-separated, '#' starts a comment):
    dir  PATH MODE
    file PATH MODE SOURCE
    link PATH TARGET
    node PATH MODE c|b MAJOR MINOR
    tree PATH SOURCE                    a directory of the host, with all that is below it
Paths are relative to the root of the image. Parent directories come by themselves. Everything belongs to root
and carries time 0, and entries are written in the manifest's order, so equal inputs give equal bytes.
Format: Linux Documentation/driver-api/early-userspace/buffer-format.
"""
import gzip
import os
import stat
import sys

BLOCK = 512


class Writer:
    def __init__(self, out):
        self.out, self.ino, self.pos, self.dirs = out, 0, 0, set()

    def put(self, data):
        self.out.write(data)
        self.pos += len(data)

    def align(self, n):
        self.put(b"\0" * (-self.pos % n))

    def entry(self, path, mode, data=b"", rdev=(0, 0)):
        name = path.encode() + b"\0"
        self.ino += 1
        nlink = 2 if stat.S_ISDIR(mode) else 1
        # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        fields = (self.ino, mode, 0, 0, nlink, 0, len(data), 0, 0, rdev[0], rdev[1], len(name), 0)
        self.put(b"070701" + b"".join(b"%08X" % f for f in fields) + name)
        self.align(4)
        self.put(data)
        self.align(4)

    def parents(self, path):
        parts = path.split("/")[:-1]
        for i in range(1, len(parts) + 1):
            self.dir("/".join(parts[:i]), 0o755)

    def dir(self, path, mode):
        if path and path not in self.dirs:
            self.parents(path)
            self.dirs.add(path)
            self.entry(path, stat.S_IFDIR | mode)

    def file(self, path, mode, source):
        with open(source, "rb") as f:
            data = f.read()
        self.parents(path)
        self.entry(path, stat.S_IFREG | mode, data)

    def link(self, path, target):
        self.parents(path)
        self.entry(path, stat.S_IFLNK | 0o777, target.encode())

    def node(self, path, mode, kind, major, minor):
        self.parents(path)
        self.entry(path, (stat.S_IFCHR if kind == "c" else stat.S_IFBLK) | mode, rdev=(major, minor))

    def tree(self, path, source):
        for name in sorted(os.listdir(source)):
            src = os.path.join(source, name)
            dst = (path + "/" + name).strip("/")
            st = os.lstat(src)
            if stat.S_ISLNK(st.st_mode):
                self.link(dst, os.readlink(src))
            elif stat.S_ISDIR(st.st_mode):
                self.dir(dst, 0o755)
                self.tree(dst, src)
            else:
                self.file(dst, stat.S_IMODE(st.st_mode), src)

    def end(self):
        self.ino = -1
        self.entry("TRAILER!!!", 0)
        self.align(BLOCK)


def write(lines, out):
    w = Writer(out)
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        kind, path = words[0], words[1].strip("/") if len(words) > 1 else ""
        if kind == "dir" and len(words) == 3:
            w.dir(path, int(words[2], 8))
        elif kind == "file" and len(words) == 4:
            w.file(path, int(words[2], 8), words[3])
        elif kind == "link" and len(words) == 3:
            w.link(path, words[2])
        elif kind == "node" and len(words) == 6:
            w.node(path, int(words[2], 8), words[3], int(words[4]), int(words[5]))
        elif kind == "tree" and len(words) == 3:
            w.tree(path, words[2])
        else:
            raise ValueError("manifest line %d: %s" % (number, line.rstrip()))
    w.end()


def main(argv):
    if len(argv) != 2:
        sys.stderr.write(__doc__)
        return 2
    new = argv[1] + ".new"
    try:
        with open(new, "wb") as raw:
            if argv[1].endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as out:
                    write(sys.stdin, out)
            else:
                write(sys.stdin, raw)
        os.rename(new, argv[1])
    except (OSError, ValueError) as e:
        sys.stderr.write("newc: %s\n" % e)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
