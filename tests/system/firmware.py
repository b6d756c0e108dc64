#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Firmware that people ship, up to Debian's init: U-Boot and EDK2 below EL3, Trusted Firmware-A at EL3, OP-TEE in the Secure world.

firmware.py --build DIR uboot|edk2|tfa|optee

  uboot   U-Boot from the flash at EL2; its environment survives a reset in the second bank; kernel and ramdisk from an ext4 drive
  edk2    EDK2 from the flash at EL2; its shell starts the kernel as an EFI program from a FAT drive; then
          its boot manager starts --kernel, from fw_cfg
  tfa     Trusted Firmware-A in the Secure flash, U-Boot at EL2, Linux; PSCI is the firmware's: a PE goes off and comes back,
          a KVM guest runs, the machine resets and, the second time, powers off by the Secure GPIO block
  optee   the same with OP-TEE at secure EL1, whose timer interrupts the normal world

tfa and optee need the guest set tfa, which is made on request only.
"""
import re
import shutil
import subprocess
import sys

from machine import main, need

CORE = "cortex-a57"
KERNEL = "k61"
# Where nothing else is: OP-TEE shares 0x42000000 to 0x42200000 with the normal world.
KERNEL_AT, INITRD_AT = "0x44000000", "0x48000000"
DONE = "firmware-test: done"


def files(test, initrd=None):
    directory = test.path("files")
    subprocess.run(["mkdir", directory], check=True)
    shutil.copy(test.guest(KERNEL, "Image"), directory)
    shutil.copy(initrd or test.guest(KERNEL, "initrd.cpio"), directory + "/initrd")
    return directory


def ext4(test, initrd=None):
    image = test.path("disk.img")
    # U-Boot's ext4 does not know the newest features.
    subprocess.run([test.tool("mke2fs", "e2fsprogs"), "-q", "-F", "-t", "ext4", "-O", "^metadata_csum,^64bit", "-d",
                    files(test, initrd), image, "64m"], check=True)
    return image


def fat(test, command):
    image, directory = test.path("esp.img"), files(test)
    with open(directory + "/startup.nsh", "w", encoding="ascii", newline="\r\n") as f:
        f.write("fs0:\n%s\n" % command)
    with open(image, "wb") as f:
        f.truncate(64 << 20)
    subprocess.run([test.tool("mkfs.vfat", "dosfstools"), "-F", "32", image], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([test.tool("mcopy", "mtools"), "-i", image, *(directory + "/" + name for name in ("Image", "initrd", "startup.nsh")),
                    "::/"], check=True)
    return image


def bootargs(run):
    return 'console=ttyAMA0 tg.run="%s; echo %s; %%s -f"' % (run, DONE.replace("-", "''-", 1))


def drive_uboot(g, arguments):
    """From U-Boot's countdown to the kernel, typed as a person would."""
    g.expect(r"Hit any key to stop autoboot")
    g.send("\n")
    for line in ("setenv bootargs '%s'" % arguments, "ext4load virtio 0 %s /Image" % KERNEL_AT, "ext4load virtio 0 %s /initrd" % INITRD_AT,
                 "booti %s %s:${filesize} ${fdt_addr}" % (KERNEL_AT, INITRD_AT)):
        g.expect(r"=> ")
        g.send(line + "\n")
    g.expect(r"Starting kernel")
    g.expect(r"^tollgate-init: ready")


def uboot(test):
    arguments = ["--firmware", test.guest("firmware", "u-boot.bin"), "--drive", "file=%s,mode=snapshot" % ext4(test)]
    with test.machine(CORE, arguments, cpus=2) as g:
        g.expect(r"bad CRC, using default environment")
        g.expect(r"Hit any key to stop autoboot")
        g.send("\n")
        for line in ("setenv kept over-a-reset", "saveenv", "reset"):
            g.expect(r"=> ")
            g.send(line + "\n")
        g.expect(r"Loading Environment from Flash... OK")
        drive_uboot(g, bootargs("cat /sys/devices/system/cpu/online") % "poweroff")
        g.expect(r"^0-1\n")
        g.expect("^" + DONE)
        need("CPU: All CPU(s) started at EL2" in g.text, "the kernel was not started at EL2")
        test.power_off(g)


def edk2(test):
    command = r"Image initrd=\initrd " + bootargs("cat /sys/firmware/efi/fw_platform_size /sys/devices/system/cpu/online") % "poweroff"
    arguments = ["--firmware", test.guest("firmware", "QEMU_EFI.fd"), "--drive", "file=%s,mode=snapshot" % fat(test, command)]
    with test.machine(CORE, arguments, cpus=2) as g:
        g.expect(r"any other key to continue")
        g.send("\n")
        g.expect(r"EFI stub")
        g.expect(r"^tollgate-init: ready")
        g.expect(r"^64\n0-1\n")
        g.expect("^" + DONE)
        test.power_off(g)
    # Without a drive: kernel, ramdisk and command line from fw_cfg.
    linux = test.linux(KERNEL, test.guest(KERNEL, "initrd.cpio"), "cat /sys/firmware/efi/fw_platform_size; poweroff -f")
    with test.machine(CORE, ["--firmware", test.guest("firmware", "QEMU_EFI.fd"), *linux]) as g:
        g.expect(r"EFI stub")
        g.expect(r"^tollgate-init: ready")
        g.expect(r"^64\n")
        test.power_off(g)


def tfa(test):
    script = test.path("bench")
    with open(script, "w", encoding="ascii") as f:
        f.write("/guest/minivmm --cpus 1 --mem 64M --append 'cases=empty,hypercall empty=1000 hypercall=1000' /guest/trapbench.img\n")
    initrd = test.initramfs(KERNEL, "--add", script + ":/guest/bench")
    arguments = ["--firmware", test.guest("tfa", "flash.bin"), "--drive", "file=%s,mode=snapshot" % ext4(test, initrd)]
    hotplug = "; ".join("echo %d >/sys/devices/system/cpu/cpu1/online; cat /sys/devices/system/cpu/online" % on for on in (0, 1))
    with test.machine(CORE, arguments, cpus=2, settings=["secure=true"]) as g:
        for end in ("reboot", "poweroff"):
            for name in ("BL1", "BL2", "BL31"):
                g.expect(r"^NOTICE:  %s: v" % name)
            drive_uboot(g, bootargs(hotplug + "; sh /guest/bench") % end)
            g.expect(r"^0\n(.*\n)*?0-1\n")
            g.expect(r"^trapbench: end ran=2 skipped=\d+ failed=0\n")
            g.expect("^" + DONE)
        need("psci: PSCIv1.1 detected in firmware" in g.text, "no PSCI of Trusted Firmware-A's")
        test.power_off(g)


def optee(test):
    secure = test.path("secure.log")
    arguments = ["--firmware", test.guest("tfa", "flash-optee.bin"), "--drive", "file=%s,mode=snapshot" % ext4(test),
                 "--secure-console", "file:" + secure]
    with test.machine("cortex-a76", arguments, cpus=2, settings=["secure=true"]) as g:
        drive_uboot(g, bootargs("sleep 3") % "poweroff")
        g.expect("^" + DONE)
        need("Trusted OS migration not required" in g.text, "the kernel sees no Trusted OS")
        test.power_off(g)
    with open(secure, encoding="ascii", errors="replace") as f:
        said = f.read()
    need("Primary CPU switching to normal world boot" in said, "OP-TEE has not come up:\n" + said[-2000:])
    need("Secondary CPU 1 switching to normal world boot" in said, "OP-TEE was not told of PE 1:\n" + said[-2000:])
    ticks = re.findall(r"periodic_callback:\d+ seconds (\d+)", said)
    need(len(ticks) >= 3, "secure timer interrupts while the normal world runs: %s\n%s" % (ticks, said[-2000:]))


TESTS = {"uboot": uboot, "edk2": edk2, "tfa": tfa, "optee": optee}

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TESTS))
    else:
        main(TESTS)
