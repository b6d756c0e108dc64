#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""virtio devices with Debian's drivers: files, network, entropy, consoles, seen from both sides.

devices.py --build DIR virtio|pty|gpio

  virtio  one boot whose shell is on the virtio console (typed at and read by this program): an ext4 image is mounted,
          written, unmounted, is clean by e2fsck and holds what was written by debugfs; a snapshot and a read-only drive do not
          change on the host; wget gets 16 MiB from a server on loopback; hwrng gives random numbers
  pty     the virtio console on a terminal of the host; the PL011 on pipes at the same time
"""
import hashlib
import http.server
import os
import random
import re
import select
import subprocess
import sys
import termios
import threading
import time

from machine import Failure, main, need

PROMPT = "hvc:"
CORE = "cortex-a57"
MIB = 1024 * 1024


def shell_on_hvc(test):
    """The script that init runs: does what is typed at the virtio console, and tells each command's status after its output."""
    script = test.path("run.sh")
    with open(script, "w", encoding="utf-8") as f:
        f.write("exec </dev/hvc0 >/dev/hvc0 2>&1\nstty -echo raw\necho %sready\n"
                "while read -r line; do eval \"$line\"; echo %s$?; done\n" % (PROMPT, PROMPT))
    return script


def command(g, line):
    """Types a command; its output, once it has ended with status 0."""
    g.send(line + "\n")
    m = g.expect(r"((?:.*\n)*?)" + PROMPT + r"(\d+)\n")
    need(m.group(2) == "0", "'%s' ended with status %s:\n%s" % (line, m.group(2), m.group(1)))
    return m.group(1)


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class Server:
    """HTTP on loopback; serves one file's bytes."""

    def __init__(self, data):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def make_images(test, rng):
    """disk.img: ext4 with a file of ours; snap.img, ro.img: copies of it. Returns the file's checksum."""
    tree = test.path("tree")
    os.mkdir(tree)
    with open(os.path.join(tree, "from-host"), "wb") as f:
        f.write(rng.randbytes(MIB + 123))
    mkfs = test.tool("mkfs.ext4", "e2fsprogs")
    for name in ("disk.img", "snap.img", "ro.img"):
        with open(test.path(name), "wb") as f:
            f.truncate(48 * MIB)
        subprocess.run([mkfs, "-q", "-F", "-d", tree, test.path(name)], check=True)
    return sha256(os.path.join(tree, "from-host"))


def check_disk(test, lines):
    """What the host finds on the disk that the guest wrote."""
    disk = test.path("disk.img")
    fsck = subprocess.run([test.tool("e2fsck", "e2fsprogs"), "-f", "-n", disk], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    need(fsck.returncode == 0, "e2fsck ended with status %d:\n%s" % (fsck.returncode, fsck.stdout.decode()))
    debugfs = test.tool("debugfs", "e2fsprogs")

    def cat(path):
        return subprocess.run([debugfs, "-R", "cat " + path, disk], check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    expected = "".join("%d\n" % i for i in range(1, lines + 1)).encode()
    need(cat("/sub/numbers") == expected, "/sub/numbers is not what the guest wrote")
    need(cat("/copy") == cat("/from-host") and cat("/copy"), "/copy is not the host's file")
    superblock = subprocess.run([test.tool("dumpe2fs", "e2fsprogs"), "-h", disk], check=True, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL).stdout.decode()
    need(re.search(r"Filesystem state:\s+clean\n", superblock), "the file system was not unmounted cleanly:\n" + superblock)


def files(test, g, host_file):
    lines = 300000
    command(g, "mkdir -p /mnt/a /mnt/s /mnt/r && mount -t ext4 /dev/vda /mnt/a")
    need(command(g, "sha256sum /mnt/a/from-host").split()[:1] == [host_file], "the guest reads another file than the host wrote")
    command(g, "mkdir /mnt/a/sub && seq 1 %d >/mnt/a/sub/numbers && cp /mnt/a/from-host /mnt/a/copy" % lines)
    command(g, "umount /mnt/a")
    # Once more, past the page cache, and what is on the disk is read.
    command(g, "echo 3 >/proc/sys/vm/drop_caches; mount -t ext4 /dev/vda /mnt/a && cmp /mnt/a/copy /mnt/a/from-host")
    command(g, "umount /mnt/a")
    command(g, "mount -t ext4 /dev/vdb /mnt/s && echo changed >/mnt/s/from-host && sync && umount /mnt/s")
    command(g, "mount -t ext4 /dev/vdb /mnt/s && test $(cat /mnt/s/from-host) = changed && umount /mnt/s")
    need(command(g, "cat /sys/block/vdc/ro") == "1\n", "the read-only drive is not read-only")
    command(g, "mount -t ext4 -o ro /dev/vdc /mnt/r && sha256sum /mnt/r/from-host | grep -q %s && umount /mnt/r" % host_file)
    command(g, "! dd if=/dev/zero of=/dev/vdc bs=4096 count=1 2>/dev/null")
    return lines


def network(g, port, data):
    command(g, "ip link set lo up; ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ip route add default via 10.0.2.2")
    command(g, "wget -q -O /tmp/file http://10.0.2.2:%d/file" % port)
    found = command(g, "sha256sum /tmp/file; stat -c %s /tmp/file").split()
    need(found == [hashlib.sha256(data).hexdigest(), "/tmp/file", str(len(data))], "wget got something else: %s" % found)


def entropy(g):
    need(command(g, "cat /sys/class/misc/hw_random/rng_current").startswith("virtio_rng."), "hwrng is not fed by virtio-rng")
    command(g, "dd if=/dev/hwrng of=/tmp/r bs=512 count=16 iflag=fullblock 2>/dev/null")
    text = command(g, "xxd -p /tmp/r").replace("\n", "")
    data = bytes.fromhex(text)
    need(len(data) == 8192, "hwrng gave %d bytes of 8192" % len(data))
    blocks = {data[i:i + 16] for i in range(0, len(data), 16)}
    need(len(blocks) == 512, "hwrng repeats itself")
    # 65,536 fair coins: mean 32,768, standard deviation 128. Six of these happen once in five hundred million.
    ones = sum(bin(b).count("1") for b in data)
    need(abs(ones - 32768) < 6 * 128, "%d of 65536 bits are set" % ones)


def virtio(test):
    rng = random.Random(1)
    host_file = make_images(test, rng)
    before = {name: sha256(test.path(name)) for name in ("disk.img", "snap.img", "ro.img")}
    data = rng.randbytes(16 * MIB)
    server = Server(data)
    try:
        arguments = test.linux("k61", test.initramfs("k61", "--run", shell_on_hvc(test))) + [
            "--console", "file:" + test.path("pl011.log"), "--virtio-console", "stdio", "--rng", "--net", "user",
            "--drive", "file=" + test.path("disk.img"), "--drive", "mode=snapshot,file=" + test.path("snap.img"),
            "--drive", "file=%s,mode=ro" % test.path("ro.img")]
        with test.machine(CORE, arguments, cpus=2) as g:
            try:
                g.expect("^hvc:ready\n")
                lines = files(test, g, host_file)
                network(g, server.port, data)
                entropy(g)
                g.send("exit 0\n")
                test.power_off(g)
            except Failure as e:
                with open(test.path("pl011.log"), encoding="utf-8", errors="replace") as f:
                    raise Failure("%s\nserial console:\n%s" % (e, f.read()[-3000:])) from e
    finally:
        server.close()
    with open(test.path("pl011.log"), encoding="utf-8") as f:
        need("tollgate-init: status 0 " in f.read(), "the serial console's file is not complete")
    need(sha256(test.path("snap.img")) == before["snap.img"], "the image behind a snapshot was written")
    need(sha256(test.path("ro.img")) == before["ro.img"], "the image of a read-only drive was written")
    need(sha256(test.path("disk.img")) != before["disk.img"], "nothing was written to the disk")
    check_disk(test, lines)


class Terminal:
    """A person at a pseudo-terminal of the host."""

    def __init__(self, name, g):
        self.fd = os.open(name, os.O_RDWR | os.O_NOCTTY)
        mode = termios.tcgetattr(self.fd)
        mode[0] = mode[1] = mode[3] = 0     # raw: no input, output or local processing
        termios.tcsetattr(self.fd, termios.TCSANOW, mode)
        self.text, self.g = "", g

    def expect(self, pattern):
        while not re.search(pattern, self.text, re.M):
            need(time.monotonic() < self.g.deadline, "'%s' was not seen on the pty:\n%s" % (pattern, self.text))
            self.g.pause(0.01)          # the other console is read meanwhile
            if select.select([self.fd], [], [], 0.05)[0]:
                self.text += os.read(self.fd, 4096).decode().replace("\r", "")
        self.text = self.text[re.search(pattern, self.text, re.M).end():]

    def send(self, text):
        os.write(self.fd, text.encode())


def pty(test):
    script = test.path("run.sh")
    with open(script, "w", encoding="utf-8") as f:
        f.write("stty -echo raw </dev/hvc0; echo hvc:ready >/dev/hvc0\n"
                "while read -r a </dev/hvc0; do echo \"answer $((a * 2))\" >/dev/hvc0; test $a = 0 && break; done\n"
                "stty -echo; echo pl011:ready; read -r b; echo \"pl011 $b\"\n")
    arguments = test.linux("k61", test.initramfs("k61", "--run", script)) + ["--virtio-console", "pty"]
    with test.machine("neoverse-n1", arguments) as g:
        name = None
        while not name:
            need(g.seconds() < 30 and g.status is None, "the pty's name was not told")
            g.pause(0.05)
            with open(g.stderr_path, encoding="utf-8") as f:
                name = re.search(r"virtio console on (/dev/\S+)\n", f.read())
        t = Terminal(name.group(1), g)
        t.expect("^hvc:ready\n")
        for number in (21, 50000, 0):
            t.send("%d\n" % number)
            t.expect("^answer %d\n" % (2 * number))
        g.expect("^pl011:ready\n")
        g.send("works\n")
        g.expect("^pl011 works\n")
        test.power_off(g)


TESTS = {"virtio": virtio, "pty": pty}

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TESTS))
    else:
        main(TESTS)
