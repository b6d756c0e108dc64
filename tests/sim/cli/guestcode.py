# SPDX-License-Identifier: Apache-2.0
"""Guests of a few instructions: arm64 Images put together word by word (Arm ARM C6; Linux booting.rst for the header); and a place for them."""
import os
import shutil
import struct
import tempfile
import unittest

WFI = 0xD503207F
SMC0 = 0xD4000003
UDF = 0x00000000
ERET = 0xD69F03E0
SPIN = 0x14000000  # b .


def movz(rd, imm, shift=0):
    return 0xD2800000 | (shift // 16) << 21 | (imm & 0xFFFF) << 5 | rd


def movk(rd, imm, shift=0):
    return 0xF2800000 | (shift // 16) << 21 | (imm & 0xFFFF) << 5 | rd


def mov(rd, value):
    """rd = value, in as many instructions as it has non-zero halfwords."""
    words = [movz(rd, value & 0xFFFF)]
    for shift in (16, 32, 48):
        if value >> shift & 0xFFFF:
            words.append(movk(rd, value >> shift, shift))
    return words


def br(rn):
    return 0xD61F0000 | rn << 5


def b(words):
    return 0x14000000 | words & 0x3FFFFFF


def adr(rd, words):
    return 0x10000000 | (words & 0x7FFFF) << 5 | rd


def add(rd, rn, imm):
    return 0x91000000 | imm << 10 | rn << 5 | rd


def subs(rd, rn, imm):
    return 0xF1000000 | imm << 10 | rn << 5 | rd


def sub(rd, rn, rm):
    return 0xCB000000 | rm << 16 | rn << 5 | rd


def sub_s(rd, rn, rm):
    return 0xEB000000 | rm << 16 | rn << 5 | rd


def b_mi(words):
    return 0x54000004 | (words & 0x7FFFF) << 5


def b_ne(words):
    return 0x54000001 | (words & 0x7FFFF) << 5


def ldr(rt, rn, offset=0):
    return 0xB9400000 | offset // 4 << 10 | rn << 5 | rt


def str_(rt, rn, offset=0):
    return 0xB9000000 | offset // 4 << 10 | rn << 5 | rt


def ldaxr(rt, rn):
    return 0xC85FFC00 | rn << 5 | rt


def stlxr(rs, rt, rn):
    return 0xC800FC00 | rs << 16 | rn << 5 | rt


def cbnz(rt, words):
    return 0x35000000 | (words & 0x7FFFF) << 5 | rt


def nops(n):
    return [0xD503201F] * n


def hlt(imm):
    return 0xD4400000 | imm << 5


def msr(op1, crn, crm, op2, rt):
    """MSR of a register with op0 = 3."""
    return 0xD5180000 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5 | rt


def cbz(rt, words):
    return 0x34000000 | (words & 0x7FFFF) << 5 | rt


def psci(function):
    return mov(0, function) + [SMC0]


OFF = psci(0x84000008)
RESET = psci(0x84000009)


# Where the first word of image() is.
BASE = 0x40000040


def place(*parts):
    """Words of (address, words) parts, in ascending order, with zeros between them."""
    out = []
    for address, words in parts:
        assert address >= BASE + 4 * len(out)
        out += [UDF] * ((address - BASE) // 4 - len(out)) + words
    return out


def faulting_vm(exits, vmid=7, hcr=0x80000001):
    """A hypervisor whose guest has a stage 2 without any mapping: each entry ends in a fault of the fetch at 0x1000. The
    handler is three instructions; after this many exits it powers off, so that the last one does not end."""
    sysregs = ((hcr, (4, 1, 1, 0)),  # HCR_EL2: RW, VM
               (0x59, (4, 2, 1, 2)),  # VTCR_EL2: T0SZ 25, SL0 1
               (vmid << 48 | 0x48000000, (4, 2, 1, 0)),  # VTTBR_EL2: a page of zeros
               (0x40000800, (4, 12, 0, 0)),  # VBAR_EL2
               (0x1000, (4, 4, 0, 1)),  # ELR_EL2
               (0x3C5, (4, 4, 0, 0)))  # SPSR_EL2: EL1h, masked
    start = mov(11, exits)
    for value, register in sysregs:
        start += mov(0, value) + [msr(*register, 0)]
    return place((BASE, start + [ERET]), (0x40000C00, [subs(11, 11, 1), b_ne(len(OFF) + 1), *OFF, ERET]))


def calling_vm(calls, vmid=7, before=(), hcr=0x80000000, between=()):
    """A hypervisor whose guest runs with its MMU off at EL1 and makes that many hypercalls, then the last one ends the machine. `before`:
    words at EL2 before it is entered; `between`: the guest's words between two calls. With hcr's VM, stage 2 is one block of identity at
    GiB 1."""
    table, guest = 0x48000000, 0x40001000
    start = mov(1, table) + mov(0, 0x400007FD) + [0xF9000420]  # STR x0, [x1, #8]: block of GiB 1, AF, shareable, normal, RW
    sysregs = ((hcr, (4, 1, 1, 0)),
               (0x80023559, (4, 2, 1, 2)),  # VTCR_EL2: T0SZ 25, SL0 1, 40 bits
               (vmid << 48 | table, (4, 2, 1, 0)), (0x40000800, (4, 12, 0, 0)), (guest, (4, 4, 0, 1)), (0x3C5, (4, 4, 0, 0)))
    for value, register in sysregs:
        start += mov(0, value) + [msr(*register, 0)]
    body = [*between, 0xD4000002]
    return place((BASE, start + mov(11, calls) + list(before) + [ERET]), (0x40000C00, [subs(11, 11, 1), b_ne(len(OFF) + 1), *OFF, ERET]),
                 (guest, body + [b(-len(body))]))


def code(words):
    return b"".join(struct.pack("<I", w) for w in words)


def image(words):
    """An arm64 Image (Linux booting.rst, section 4) of these words, entered at EL2. It is loaded where RAM begins: at 0x40000000 on virt and tutorial."""
    body = code(words)
    return struct.pack("<IIQQQQQQII", b(16), 0, 0, 64 + len(body), 0xA, 0, 0, 0, 0x644D5241, 0) + body


def elf(words=(SPIN,), machine=183, base=0x40000000, elf_class=2, data=1, entry=None, filesz=None):
    """A minimal ELF executable with one segment."""
    body = code(words)
    size = 120 + len(body)
    order = "<" if data == 1 else ">"
    head = b"\x7fELF" + bytes([elf_class, data, 1]) + bytes(9) + struct.pack(
        order + "HHIQQQIHHHHHH", 2, machine, 1, base + 120 if entry is None else entry, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack(order + "IIQQQQQQ", 1, 5, 0, base, base, size if filesz is None else filesz, size, 0x1000) + body


class Scratch(unittest.TestCase):
    """A test with a directory of its own, and guests in it."""
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tg-test-")
        self.addCleanup(shutil.rmtree, self.dir, True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, data):
        with open(self.path(name), "wb" if isinstance(data, bytes) else "w") as f:
            f.write(data)
        return self.path(name)

    def guest(self, words, name="guest.img"):
        return self.file(name, image(words))
