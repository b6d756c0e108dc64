-- SPDX-License-Identifier: Apache-2.0
-- Neoverse N1 r3p1 as in Ampere Altra Q80-26: Armv8.2, four-wide, 128-entry window, VHE.
-- Sources: Arm 100616 (sizes, TLBs, ID registers), sbc-bench 4zkJ (L1 4, L2 14 to 16 cycles), LLVM AArch64SchedNeoverseN1.td,
-- Neoverse N1 Software Optimization Guide.
return {
  core = "neoverse-n1",
  compatible = "arm,neoverse-n1",
  freq = "2.6GHz",
  midr = 0x413fd0c1,
  pa_bits = 48,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, ssbs2 = true, dpb = true, ras = true,
    cnp = true, debugv8p1 = true, debugv8p2 = true, pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    gran16k = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "64KiB", ways = 4, line = 64, latency = 1 },
  l1d = { size = "64KiB", ways = 4, line = 64, latency = 4 },
  l2 = { size = "1MiB", ways = 8, line = 64, latency = 13 },
  itlb = { entries = 48, ways = 48 },
  dtlb = { entries = 48, ways = 48 },
  tlb2 = { entries = 1280, ways = 5, latency = 3 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = { kind = "window", width = 4, window = 128, mispredict = 11 },
}
