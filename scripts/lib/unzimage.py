#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn what Debian ships as /boot/vmlinuz on arm64 into a plain Image.

A vmlinuz is one of: the plain Image itself (since it is also a PE file when EFI stub is on), a gzip'd Image, or an
EFI zboot image: a small PE program that carries a compressed Image. Layouts: Linux Documentation/arch/arm64/booting
(Image header: magic 'ARM\\x64' at byte 56), and the zboot header (bytes 4-7 'zimg', payload offset and size as
little-endian 32-bit words at 8 and 12, compression's name at 24).

usage: unzimage.py VMLINUZ IMAGE
"""
import gzip
import lzma
import struct
import subprocess
import sys

MAGIC = b"ARM\x64"


def plain(data):
    if len(data) >= 64 and data[56:60] == MAGIC:
        return data
    if data[:2] == b"\x1f\x8b":
        return plain(gzip.decompress(data))
    if data[:2] == b"MZ" and data[4:8] == b"zimg":
        offset, size = struct.unpack_from("<II", data, 8)
        kind = data[24:56].split(b"\0")[0].decode("ascii", "replace")
        payload = data[offset:offset + size]
        if kind == "gzip":
            return plain(gzip.decompress(payload))
        if kind in ("xz", "xzkern", "lzma"):
            return plain(lzma.decompress(payload))
        if kind in ("zstd", "zstd22"):
            return plain(subprocess.run(["zstd", "-dcq"], input=payload, stdout=subprocess.PIPE, check=True).stdout)
        raise ValueError("EFI zboot image with compression '%s'" % kind)
    raise ValueError("neither an arm64 Image, nor gzip, nor EFI zboot")


def main(argv):
    if len(argv) != 3:
        sys.stderr.write(__doc__)
        return 2
    try:
        with open(argv[1], "rb") as f:
            image = plain(f.read())
        with open(argv[2], "wb") as f:
            f.write(image)
    except (OSError, ValueError, EOFError, lzma.LZMAError, struct.error, subprocess.CalledProcessError) as e:
        sys.stderr.write("%s: %s\n" % (argv[1], e))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
