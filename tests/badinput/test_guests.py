# SPDX-License-Identifier: Apache-2.0
"""Guests that run off: into nowhere, round undefined instructions, to sleep for ever, through random words. No progress is exit status 3, with
the reason in one line; nothing a guest does is a crash."""
import random

from badinput import ELR_EL2, ERET, NOP, OFF, RESET, SMC0, UDF, VBAR_EL2, WFI, Case, b, br, image, main, mov, msr

REPEAT = r"tollgate: PE 0: .*without progress.*"
SUMMARY = r"\ntollgate: stopped at [\d.]+ s, .*\n"


def at_vectors(words, vector):
    """Code, and a vector table (2 KiB aligned, at 0x800 of the Image) whose entries are all `vector`."""
    start = mov(1, 0x40000800) + [msr(*VBAR_EL2, 1)] + words
    table = []
    for _ in range(16):
        table += vector + [NOP] * (32 - len(vector))
    return start + [NOP] * ((0x800 - 64) // 4 - len(start)) + table


class Stuck(Case):
    def stuck(self, words, pattern, *args, platform="tutorial"):
        for mode in ("fast", "timed"):
            with self.subTest(mode=mode, args=args):
                out, err = self.runs(self.guest(words), "--mode", mode, "--max-insns", "30M", *args, status=3, platform=platform)
                self.assertEqual(out, "")
                self.assertRegex(err, r"\A(tollgate: .*: guest error: .*\n)*" + pattern + SUMMARY + r"\Z")

    def test_jump_to_nowhere(self):
        for target in (0x20000000, 0x09000000, 0xFFFF000000000000, 0x40000042, 0x8000000000, 0xFFFFFFFFFFFFFFFC, 0x5FFFFFFC):
            with self.subTest(hex(target)):
                self.stuck(mov(0, target) + [br(0)], REPEAT)

    def test_vectors_nowhere(self):
        self.stuck(mov(1, 0x20000000) + [msr(*VBAR_EL2, 1), UDF], REPEAT)
        self.stuck(mov(1, 0xFFFFFFFFFFFFF800) + [msr(*VBAR_EL2, 1), UDF], REPEAT)
        self.stuck(mov(1, 0x09000000) + [msr(*VBAR_EL2, 1), SMC0 | 1 << 5, UDF], REPEAT)  # in a device's registers

    def test_undefined_loop(self):
        self.stuck([UDF], REPEAT)
        self.stuck(at_vectors([UDF], [UDF]), REPEAT)
        self.stuck(at_vectors([0xFFFFFFFF], [0xFFFFFFFF]), REPEAT)


    def test_undefined_loop_with_handler(self):
        """The handler returns to the undefined instruction again and again."""
        self.stuck(at_vectors([UDF], [ERET]), r"tollgate: PE 0: .*")
        self.stuck(at_vectors([UDF], [NOP, NOP, NOP, ERET]), r"tollgate: PE 0: .*")

    def test_handler_that_goes_on(self):
        """One that skips it makes progress, however often."""
        skip = [msr(*ELR_EL2, 2) | 1 << 21, 0x91001042, msr(*ELR_EL2, 2), ERET]  # MRS x2; ADD x2, x2, #4; MSR
        loop = mov(3, 300000) + [UDF, 0xF1000463, 0x54000001 | (-2 & 0x7FFFF) << 5]  # SUBS x3, x3, #1; B.NE
        self.runs(self.guest(at_vectors(loop + OFF, skip)))
        # ... and returning to the instruction a few times is no loop either: x3 counts down, then the handler skips
        again = [0xF1000463, 0x54000000 | 2 << 5, ERET] + skip  # SUBS x3, x3, #1; B.EQ skip
        self.runs(self.guest(at_vectors(mov(3, 5000) + [UDF] + OFF, again)))

    def test_asleep(self):
        asleep = r"tollgate: no progress: all PEs wait for an interrupt and no event is pending; PE 0 at PC 0x[0-9a-f]+, EL2"
        self.stuck([WFI, b(-1)], asleep)
        self.stuck([WFI, b(-1)], asleep + "; PE 1 is off", "--set", "cpus.count=2", platform="virt")

    def test_off(self):
        self.stuck(mov(0, 0x84000002) + [SMC0], r"tollgate: no progress: all PEs are powered off and no event is pending; PE 0 is off")

    def test_reset_loop(self):
        self.stuck(RESET, r"tollgate: no progress: the guest reset the machine 5 times")
        self.stuck(RESET, r"tollgate: no progress: the guest reset the machine 2 times", "--max-resets", "1")

    def test_second_pe(self):
        """PE 1 is started where memory is zero (UDF), while PE 0 sleeps."""
        words = mov(0, 0xC4000003) + mov(1, 1) + mov(2, 0x40300000) + mov(3, 0) + [SMC0, WFI, b(-1)]
        self.stuck(words, r"tollgate: PE 1: .*without progress.*", "--set", "cpus.count=2", platform="virt")

    def test_psci_nonsense(self):
        """Every function number near PSCI's with nonsense in its arguments: an error in x0, or the machine ends in order."""
        for base in (0x84000000, 0xC4000000, 0x80000000, 0xBF000000, 0x4B000000):
            for n in range(0, 0x18):
                if base | n in (0x84000008, 0x84000009):
                    continue
                words = mov(0, base | n) + mov(1, 0xFFFFFFFFFFFFFFFF) + mov(2, 0x123) + mov(3, 0xFFFFFFFF00000000) + [SMC0] + OFF
                status, out, err = self.call("run", "tutorial", "--kernel", self.guest(words), "--max-insns", "10000", "--quiet")
                self.assertIn(status, (0, 3), err)
                self.assertEqual(out, "")


class RandomWords(Case):
    """Random instructions with a handler that skips what faults. Ends by the instruction limit, by PSCI by chance, or stuck."""

    SKIP = [msr(*ELR_EL2, 2) | 1 << 21, 0x91001042, msr(*ELR_EL2, 2), ERET]

    @staticmethod
    def word(r):
        kind = r.randrange(8)
        w = r.getrandbits(32)
        if kind == 0:  # system: MSR, MRS, SYS, hints, barriers
            return 0xD5000000 | w & 0x3FFFFF
        if kind == 1:  # exception generation and so on
            return 0xD4000000 | w & 0xFFFFFF
        if kind == 2:  # loads and stores
            return w & ~(0xA << 24) & 0xFFFFFFFF | 0x8 << 24
        if kind == 3:  # floating point and SIMD
            return w & ~(0xE << 25) & 0xFFFFFFFF | 0x7 << 25
        return w

    def test_random(self):
        for seed in range(24):
            r = random.Random(seed)
            body = []
            for i in range(4000):
                if i % 16 == 0:  # addresses worth using: RAM, devices, nowhere
                    base = r.choice((0x40300000, 0x40300000, 0x09000000, 0x08000000, 0x080A0000, 0x0A000000, r.getrandbits(48)))
                    body += mov(r.randrange(31), base + r.randrange(0x1000))
                body.append(self.word(r))
            words = at_vectors([b((0x1000 - 0x40) // 4 - 4)], self.SKIP)
            words += [NOP] * ((0x2000 - 64) // 4 - len(words)) + body + OFF
            with self.subTest(seed):
                status, _, err = self.call("run", "virt", "--kernel", self.file("g", image(words)), "--max-insns", "300000", "--max-time", "10s",
                                           "--mode", ("fast", "timed")[seed & 1], "--set", "core=" + ("cortex-a57", "neoverse-n1")[seed >> 1 & 1],
                                           "--rng", "--console", "null")
                self.assertIn(status, (0, 3), err)
                self.assertLess(err.count("\n"), 2000, "one line per site")


if __name__ == "__main__":
    main()
