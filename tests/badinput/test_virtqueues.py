# SPDX-License-Identifier: Apache-2.0
"""A guest that programs virtqueues with nonsense (guest/virtq.c): descriptor loops, addresses outside RAM, zero lengths, indices that run away.
The device asks for a reset or fails the request, and works again after a reset."""
import re

from badinput import Case, main

# What virtio 1.2 leaves no choice in: a queue that cannot be read right is an error of the device's (2.1.2), a request that can be read has a status.
BROKEN = ("self-loop", "long-loop", "next-outside", "head-outside", "index-runaway", "rings-hole", "rings-wrap", "indirect-odd", "indirect-hole",
          "indirect-loop", "indirect-nested")
# Under way when the queue was taken: console output is not, it is put out at the notification.
TAKEN = ("taken", "given-back")
FAILED = ("bad-type", "sector-outside", "odd-length")


class Virtqueues(Case):
    def test_nonsense(self):
        disk = self.file("disk", b"".join(bytes([i]) * 512 for i in range(64)))
        for mode in ("fast", "timed"):
            with self.subTest(mode):
                out, err = self.runs(self.built("virtq"), "--mode", mode, "--max-time", "60s", "--drive", "file=" + disk + ",mode=snapshot", "--net",
                                     "user", "--rng", "--virtio-console", "null", platform="virt")
                self.assertRegex(out, r"virtq: end read=0 first=3 last=3 ")
                self.assertIn("tollgate: powered off at ", err)
                self.assertLess(err.count("\n"), 2000, "one line per site")
                results = {(m[1], m[2]): (m[3], int(m[4])) for m in re.finditer(r"virtq: (\S+) (\S+) (\S+) status=(\d+)", out)}
                self.assertEqual({d for d, _ in results}, {"block", "net-in", "net-out", "console-in", "console-out", "rng"})
                self.assertNotIn("missing", out)
                self.assertNotIn("no-start", out)
                for case in BROKEN:
                    self.assertEqual(results["block", case][0], "reset", case)
                    self.assertEqual(results["console-out", case][0], "reset", case)
                    self.assertEqual(results["net-out", case][0], "reset", case)
                for case in TAKEN:
                    for device in ("block", "net-in", "net-out", "console-in", "rng"):
                        self.assertEqual(results[device, case], ("silent", 255), (device, case))
                self.assertNotIn("stays", out)
                for case in FAILED:
                    self.assertEqual(results["block", case][0], "answered", case)
                    self.assertIn(results["block", case][1], (1, 2), case)


if __name__ == "__main__":
    main()
