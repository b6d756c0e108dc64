-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A53 r0p4 as in RK3328/RK3399: Armv8.0, dual-issue in order.
-- Sources: Arm DDI 0500 (sizes, ID registers), CALIBRATION figures (7-cpu.com style chases of sbc-bench, Hennessy and Patterson),
-- LLVM AArch64SchedA53.td (issue, mispredict).
return {
  core = "cortex-a53",
  compatible = "arm,cortex-a53",
  freq = "1.5GHz",
  midr = 0x410fd034,
  pa_bits = 40,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    pmuv3 = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "32KiB", ways = 2, line = 64, latency = 1 },
  l1d = { size = "32KiB", ways = 4, line = 64, latency = 3 },
  l2 = { size = "512KiB", ways = 16, line = 64, latency = 15 }, -- L1 miss penalty 13, shared in silicon
  itlb = { entries = 10, ways = 10 },
  dtlb = { entries = 10, ways = 10 },
  tlb2 = { entries = 512, ways = 4, latency = 2 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = { kind = "inorder", width = 2, mispredict = 9 },
}
