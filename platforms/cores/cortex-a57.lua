-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A57 r1p0: Armv8.0, three-wide, 128-entry window. No VHE: KVM splits between EL1 and EL2 on it.
-- Sources: Arm DDI 0488 (sizes, ID registers), LLVM AArch64SchedA57.td, Cortex-A57 Software Optimization Guide.
return {
  core = "cortex-a57",
  compatible = "arm,cortex-a57",
  freq = "2GHz",
  midr = 0x411fd070,
  pa_bits = 44,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    pmuv3 = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "48KiB", ways = 3, line = 64, latency = 1 },
  l1d = { size = "32KiB", ways = 2, line = 64, latency = 4 },
  l2 = { size = "2MiB", ways = 16, line = 64, latency = 18 },
  itlb = { entries = 48, ways = 48 },
  dtlb = { entries = 32, ways = 32 },
  tlb2 = { entries = 1024, ways = 4, latency = 9 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = { kind = "window", width = 3, window = 128, mispredict = 14 },
}
