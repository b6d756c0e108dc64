-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A72 r0p3 as in RK3399: Armv8.0, three-wide, 128-entry window.
-- Sources: Arm 100095 (sizes, TLBs, ID registers), sbc-bench 4Kau (L1 4, L2 20 to 30, second-level TLB about 9 cycles),
-- Cortex-A72 Software Optimization Guide.
return {
  core = "cortex-a72",
  compatible = "arm,cortex-a72",
  freq = "2GHz",
  midr = 0x410fd083,
  pa_bits = 44,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    pmuv3 = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "48KiB", ways = 3, line = 64, latency = 1 },
  l1d = { size = "32KiB", ways = 2, line = 64, latency = 4 },
  l2 = { size = "1MiB", ways = 16, line = 64, latency = 20 },
  itlb = { entries = 48, ways = 48 },
  dtlb = { entries = 32, ways = 32 },
  tlb2 = { entries = 1024, ways = 4, latency = 9 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = { kind = "window", width = 3, window = 128, mispredict = 14 },
}
