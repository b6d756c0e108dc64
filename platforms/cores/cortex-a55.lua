-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A55 r2p0 as in RK3568: Armv8.2, dual-issue in order, private L2.
-- Sources: Arm 100442 (sizes, ID registers), Intel Agilex 5 HPS manual 814346 (TLBs), LLVM AArch64SchedA55.td.
return {
  core = "cortex-a55",
  compatible = "arm,cortex-a55",
  freq = "2GHz",
  midr = 0x412fd050,
  pa_bits = 40,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, dpb = true, ras = true, cnp = true,
    debugv8p1 = true, debugv8p2 = true, pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    gran16k = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "32KiB", ways = 4, line = 64, latency = 1 },
  l1d = { size = "32KiB", ways = 4, line = 64, latency = 2 },
  l2 = { size = "128KiB", ways = 4, line = 64, latency = 13 },
  itlb = { entries = 15, ways = 15 },
  dtlb = { entries = 16, ways = 16 },
  tlb2 = { entries = 1024, ways = 4, latency = 3 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = { kind = "inorder", width = 2, mispredict = 8 },
}
