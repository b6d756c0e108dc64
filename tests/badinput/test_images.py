# SPDX-License-Identifier: Apache-2.0
"""Kernels, ELF files, initial ramdisks, device trees, firmware, modules that are missing, cut short, of another machine, too large."""
import gzip

from badinput import NOP, OFF, Case, elf, image, main


class Images(Case):
    def rejects(self, message, *args):
        self.complains(["run", "tutorial", *args], message)

    def rejects_like(self, pattern, *args):
        self.complains_like(["run", "tutorial", *args], pattern)

    def test_good_ones(self):
        """What the other tests spoil is right by itself."""
        for name, data in (("i", image(OFF)), ("e", elf(OFF)), ("g", gzip.compress(image(OFF)))):
            self.runs(self.file(name, data))

    def test_kernel_missing(self):
        self.rejects("kernel 'none': No such file or directory", "--kernel", "none")
        self.rejects_like("kernel '.*': not a regular file", "--kernel", self.dir)
        self.rejects("kernel 'empty': the file is empty", "--kernel", self.file("empty", b""))

    def test_kernel_truncated(self):
        self.rejects("kernel 'k': 20 bytes are less than an arm64 Image header (64 bytes); is the file truncated?",
                     "--kernel", self.file("k", image(OFF)[:20]))
        self.rejects_like("kernel 'k': gzip data ends too early after .* bytes", "--kernel",
                          self.file("k", gzip.compress(image([NOP] * 1000 + OFF))[:-20]))
        self.rejects_like("kernel 'k': gzip data is damaged after .* bytes", "--kernel",
                          self.file("k", gzip.compress(image([i * 7919 for i in range(9999)]))[:1000] + b"\xff" * 3000))
        whole = elf([NOP] * 100)
        self.rejects("kernel 'k': segment 0 ends at byte %d, the file has 200; truncated" % len(whole), "--kernel", self.file("k", whole[:200]))
        self.rejects_like("kernel 'k': .*truncated.*", "--kernel", self.file("k", whole[:100]))
        self.rejects_like("kernel 'k': .*truncated.*", "--kernel", self.file("k", whole[:30]))
        # The PE header of a kernel with an EFI stub says how long the file is.
        pe = bytearray(image([NOP] * 400))
        pe[0:2] = b"MZ"
        pe[60:64] = (64).to_bytes(4, "little")
        pe[64:68] = b"PE\0\0"
        pe[70:72] = (1).to_bytes(2, "little")
        pe[84:86] = bytes(2)  # no optional header
        pe[64 + 24 + 16:64 + 24 + 24] = (1 << 20).to_bytes(4, "little") + (4096).to_bytes(4, "little")
        self.rejects("kernel 'k': truncated: the file has %d bytes, its section table names %d" % (len(pe), (1 << 20) + 4096), "--kernel",
                     self.file("k", bytes(pe)))

    def test_gzip_members(self):
        """All members, as zcat has it; nothing but zeros or members may follow."""
        whole = image([NOP] * 5000 + OFF)
        parts = gzip.compress(whole[:3000]) + gzip.compress(whole[3000:])
        for name, data in (("two", parts), ("padded", parts + bytes(512)), ("empty", parts + gzip.compress(b""))):
            with self.subTest(name):
                self.runs(self.file("k", data), "--max-insns", "100000")
        self.rejects("kernel 'k': 3 bytes behind the end of the gzip data at byte %d, expected the end of the file, zeros or another gzip member"
                     % len(parts), "--kernel", self.file("k", parts + b"abc"))
        self.rejects("kernel 'k': gzip data ends too early after %d of %d bytes, in member 2" % (len(parts) - 1, len(parts) - 1), "--kernel",
                     self.file("k", parts[:-1]))
        short = gzip.compress(whole[:50])
        self.rejects("kernel 'k': 50 bytes are less than an arm64 Image header (64 bytes); is the file truncated? (expanded from the %d bytes of "
                     "the gzip file)" % len(short), "--kernel", self.file("k", short))

    def test_text_offset(self):
        for offset, good in ((0, True), (0x80000, True), (0x1000, True), (0x80001, False), (0x80800, False)):
            with self.subTest(hex(offset)):
                data = bytearray(image(OFF))
                data[8:16] = offset.to_bytes(8, "little")
                if good:
                    self.runs(self.file("k", bytes(data)))
                else:
                    self.rejects("kernel 'k': text_offset %#x in the Image header, expected a multiple of 0x1000" % offset, "--kernel",
                                 self.file("k", bytes(data)))

    def elf_at(self, vaddr, paddr, entry):
        data = bytearray(elf(OFF, base=paddr, entry=entry))
        data[80:88] = vaddr.to_bytes(8, "little")
        return self.file("k", bytes(data))

    def test_elf_entry(self):
        high, low = 0xFFFF800040000000, 0x40000000
        for entry in (high + 120, low + 120):
            _, err = self.runs(self.elf_at(high, low, entry))
            self.assertIn("tollgate: powered off", err)
        self.rejects("kernel 'k': entry point 0x60000000 lies in no segment", "--kernel", self.elf_at(high, low, 0x60000000))
        self.rejects("kernel 'k': entry point %#x, expected a multiple of 4, as instructions are" % (low + 122), "--kernel",
                     self.elf_at(high, low, low + 122))

    def test_symbols_cut(self):
        """Names from an ELF file whose section headers are not there any more."""
        data = bytearray(elf(OFF))
        data[40:48] = (5000).to_bytes(8, "little")
        data[58:62] = (64).to_bytes(2, "little") + (3).to_bytes(2, "little")
        cut = self.file("cut", bytes(data))
        found = "the file has %d bytes, " % len(data)
        self.rejects("symbols 'cut': truncated: " + found + "its section headers end at byte 5192", "--kernel", self.guest(OFF), "--db",
                     self.path("db"), "--events", "--symbols", cut)
        _, err = self.runs(cut)
        self.assertIn("tollgate: kernel 'cut': " + found + "its section headers end at byte 5192: truncated behind the last segment?\n", err)

    def test_kernel_not_arm64(self):
        self.rejects_like(r"kernel 'k': bytes 56\.\.59 are .*, expected 41 52 4d 64 \('ARMd'\) of an arm64 Linux Image; .*", "--kernel",
                          self.file("k", b"#!/bin/sh\n" * 100))
        x86 = bytearray(4096)
        x86[0x202:0x206] = b"HdrS"
        self.rejects("kernel 'k': this is an x86 Linux kernel; expected an arm64 Linux Image or an AArch64 ELF file", "--kernel",
                     self.file("k", bytes(x86)))
        arm = bytearray(4096)
        arm[0x24:0x28] = b"\x18\x28\x6f\x01"
        self.rejects_like("kernel 'k': this is a 32-bit Arm zImage; .*", "--kernel", self.file("k", bytes(arm)))
        self.rejects_like("kernel 'k': this is zstd-compressed; .*", "--kernel", self.file("k", b"\x28\xb5\x2f\xfd" + bytes(100)))
        big = bytearray(image(OFF))
        big[24] |= 1
        self.rejects("kernel 'k': a big-endian Image; expected a little-endian one", "--kernel", self.file("k", bytes(big)))

    def test_kernel_damaged(self):
        huge = bytearray(image(OFF))
        huge[16:24] = b"\xff" * 8
        self.rejects_like("kernel 'k': text_offset .*: the Image header is damaged", "--kernel", self.file("k", bytes(huge)))
        huge[16:24] = (1 << 40).to_bytes(8, "little")
        self.rejects_like("kernel 'k'.*", "--kernel", self.file("k", bytes(huge)))
        self.rejects_like("kernel 'k': 629145600 bytes do not fit into the machine's 536870912 bytes of memory", "--kernel", self.sparse("k", 600))

    def sparse(self, name, mib):
        with open(self.path(name), "wb") as f:
            f.truncate(mib << 20)
        return self.path(name)

    def test_elf_of_another_machine(self):
        for machine, name in ((62, "x86-64"), (40, "32-bit Arm|Arm"), (243, "RISC-V"), (3, "386|x86"), (21, "PowerPC|machine"), (9999, "9999")):
            self.rejects_like(r"kernel 'k': .*(%s).*expected.*183.*" % name, "--kernel", self.file("k", elf(machine=machine)))
        self.rejects("kernel 'k': a 32-bit ELF file, expected 64-bit", "--kernel", self.file("k", elf(elf_class=1)))
        self.rejects_like("kernel 'k': .*big-endian.*", "--kernel", self.file("k", elf(data=2)))

    def test_elf_damaged(self):
        self.rejects_like("kernel 'k': segment 0 .* lies outside memory .*", "--kernel", self.file("k", elf(base=0x1000)))
        self.rejects_like("kernel 'k': segment 0 .* lies outside memory .*", "--kernel", self.file("k", elf(base=0x5FFFFFF0)))
        self.rejects_like("kernel 'k': segment 0 .* lies outside memory .*", "--kernel", self.file("k", elf(base=(1 << 64) - 128)))
        self.rejects("kernel 'k': entry point 0x10 lies in no segment", "--kernel", self.file("k", elf(entry=0x10)))
        self.rejects_like("kernel 'k': segment 0 .*", "--kernel", self.file("k", elf([NOP] * 8, filesz=(1 << 64) - 1)))
        whole = bytearray(elf(OFF))
        for offset in range(16, 120):  # every byte of the headers, spoilt
            with self.subTest(offset):
                bad = bytearray(whole)
                bad[offset] ^= 0xFF
                status, _, err = self.call("run", "tutorial", "--kernel", self.file("k", bytes(bad)), "--max-insns", "1000", "--quiet")
                self.assertIn(status, (0, 2, 3))
                if status == 2:
                    self.assertRegex(err, r"\Atollgate: .*\n\Z")

    def test_initrd(self):
        guest = self.guest(OFF)
        self.rejects("initrd 'none': No such file or directory", "--kernel", guest, "--initrd", "none")
        self.rejects_like(r"initrd 'r': 629145600 bytes do not fit into the machine's 536870912 bytes of memory", "--kernel", guest,
                          "--initrd", self.sparse("r", 600))
        self.rejects_like(r"initrd 'r': 535822336 bytes do not fit: RAM at 0x40000000 has 536870912 bytes, of which .*", "--kernel", guest,
                          "--initrd", self.sparse("r", 511))
        self.rejects_like(r".*", "--initrd", self.file("i", "x" * 512))
        self.rejects("initrd 'r': the file is empty", "--kernel", guest, "--initrd", self.file("r", b""))

    def test_device_tree(self):
        guest = self.guest(OFF)
        self.rejects_like(r".*'none': No such file or directory", "--kernel", guest, "--dtb", "none")
        self.rejects_like(r".*'d'.*", "--kernel", guest, "--dtb", self.file("d", b"/dts-v1/; / { };"))
        self.call("run", "tutorial", "--dump-dtb", self.path("good"))
        with open(self.path("good"), "rb") as f:
            good = f.read()
        self.runs(guest, "--dtb", self.path("good"))
        self.rejects("device tree 'd': truncated: the file has %d bytes, its header says %d" % (len(good) - 100, len(good)), "--kernel", guest,
                     "--dtb", self.file("d", good[:-100]))
        self.runs(guest, "--dtb", self.file("d", good + bytes(100)))
        self.rejects("device tree 'd': its header says %d bytes, the file has %d and is not zero behind them; expected one device tree"
                     % (len(good), 2 * len(good)), "--kernel", guest, "--dtb", self.file("d", good * 2))
        self.rejects("device tree 'd': the file is empty", "--kernel", guest, "--dtb", self.file("d", b""))
        self.rejects_like(r".*'d'.*", "--kernel", guest, "--dtb", self.file("d", good[:40] + b"\xff" * (len(good) - 40)))
        self.rejects_like(r".*/nonexistent/d.*No such file or directory", "--kernel", guest, "--dump-dtb", "/nonexistent/d")

    def test_firmware_and_modules(self):
        guest = self.guest(OFF)
        self.rejects_like(r".*firmware.*", "--firmware", self.file("f", bytes(64)))
        self.rejects_like(r".*'none': No such file or directory", "--kernel", guest, "--module", "kernel:none")
        self.rejects_like(r"--module 'karnel:x': expected KIND:FILE.*", "--kernel", guest, "--module", "karnel:x")
        self.rejects_like(r".*", "--kernel", guest, *[a for _ in range(40) for a in ("--module", "other:" + guest)])

    def test_garbage_runs(self):
        """An Image that is well formed and full of garbage is the guest's business."""
        self.call("run", "tutorial", "--kernel", self.file("k", image([0xFFFFFFFF] * 64)), "--max-insns", "100000")


if __name__ == "__main__":
    main()
