# SPDX-License-Identifier: Apache-2.0
"""Drives: missing, read-only, in use, not a disk; one that shrinks while the guest reads it."""
import os
import stat

from badinput import OFF, Case, main, without_override


class Drives(Case):
    def rejects(self, drive, message, **more):
        self.complains(["run", "virt", "--kernel", self.guest(OFF), "--drive", drive], message, **more)

    def disk(self, name="disk", size=1 << 20):
        return self.file(name, bytes(size))

    def test_missing(self):
        self.rejects("file=none", "drive 'none': No such file or directory")
        self.rejects("file=/nonexistent/x,mode=snapshot", "drive '/nonexistent/x': No such file or directory")

    def test_options(self):
        expected = "expected file=NAME[,mode=rw|ro|snapshot]"
        self.rejects("mode=ro", "drive 'mode=ro': found no file, " + expected)
        self.rejects("file=d,made=ro", "drive 'file=d,made=ro': found 'made', " + expected)
        self.rejects("file=d,mode=wr", "drive 'file=d,mode=wr': found mode 'wr', expected rw, ro or snapshot")

    def test_no_disk(self):
        self.rejects("file=" + self.dir + ",mode=ro", "drive '%s': found a directory, expected a raw image or a block device" % self.dir)
        self.rejects("file=/dev/null,mode=ro", "drive '/dev/null': found a special file, expected a raw image or a block device")
        self.rejects("file=" + self.file("odd", b"x" * 1000), "drive 'odd': found 1000 bytes, expected a multiple of 512")
        self.runs(self.guest(OFF), "--drive", "file=" + self.file("zero", b""), platform="virt")

    def test_formats(self):
        for at, magic, name in ((0, b"QFI\xfb", "qcow2"), (0, b"KDMV", "VMDK"), (0, b"conectix", "VHD"), (0, b"vhdxfile", "VHDX"),
                                (64, b"\x7f\x10\xda\xbe", "VDI")):
            disk = self.file("disk", bytes(at) + magic + bytes(4096 - at - len(magic)))
            self.rejects("file=" + disk, "drive 'disk': found a %s image, expected a raw one; qemu-img convert -O raw makes one" % name)
            self.runs(self.guest(OFF), "--drive", "file=" + self.file("disk", bytes(512) + magic + bytes(4096 - 512 - len(magic))),
                      platform="virt")

    def test_read_only(self):
        disk = self.disk()
        os.chmod(disk, 0o444)
        if os.getuid() == 0:
            os.chmod(self.dir, 0o755)
        hint = " (opened for writing; mode=ro and mode=snapshot only read it)"
        self.rejects("file=" + disk, "drive 'disk': Permission denied" + hint, preexec_fn=without_override)
        for mode in ("ro", "snapshot"):
            self.runs(self.guest(OFF), "--drive", "file=%s,mode=%s" % (disk, mode), platform="virt", preexec_fn=without_override)
        self.assertEqual(stat.S_IMODE(os.stat(disk).st_mode), 0o444)

    def test_twice(self):
        disk = self.disk()
        self.complains(["run", "virt", "--kernel", self.guest(OFF), "--drive", "file=" + disk, "--drive", "file=" + disk],
                       "drive 'disk': in use by another drive or program")
        self.runs(self.guest(OFF), "--drive", "file=" + disk + ",mode=ro", "--drive", "file=" + disk + ",mode=ro", platform="virt")

    def test_no_slot(self):
        drives = []
        for i in range(33):
            drives += ["--drive", "file=" + self.disk("d%d" % i, 512) + ",mode=ro"]
        self.complains(["run", "virt", "--kernel", self.guest(OFF), *drives], "the platform virt has no empty virtio slot for drive32")
        self.complains(["run", "tutorial", "--kernel", self.guest(OFF), *drives[:2]], "the platform tutorial has no empty virtio slot for drive0")


class Shrinking(Case):
    def shrink(self, mode, to):
        """The guest reads all sectors round and round until one fails."""
        with open(self.path("disk"), "wb") as f:
            f.truncate(4 << 20)
        self.file("console", "")
        p = self.start("run", "virt", "--kernel", self.built("blkloop"), "--drive", "file=%s,mode=%s" % (self.path("disk"), mode), "--console",
                       "file:" + self.path("console"))
        self.wait_for_text("console", "blkloop: reading")
        os.truncate(self.path("disk"), to)
        status, err = self.ends(p)
        self.assertEqual(status, 0, err)
        with open(self.path("console"), encoding="ascii") as f:
            self.assertRegex(f.read(), r"blkloop: sector \d+ failed with status 1\n")
        self.assertRegex(err, r"\Atollgate: powered off .*\n\Z|\Atollgate: .*(shorter|shrunk|I/O).*\n(.*\n)*tollgate: powered off .*\n\Z")

    def test_in_use(self):
        for mode in ("rw", "ro", "snapshot"):
            for to in (0, 1 << 20, (1 << 20) + 100):
                with self.subTest(mode=mode, to=to):
                    self.shrink(mode, to)


if __name__ == "__main__":
    main()
