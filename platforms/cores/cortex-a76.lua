-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A76 r4p1: Armv8.2, four-wide, 128-entry window.
-- Sources: Arm 100798 (sizes, TLBs, ID registers), Intel 814346 (second-level TLB 1280 5-way, usually 3 cycles),
-- Cortex-A76 Software Optimization Guide.
return {
  core = "cortex-a76",
  compatible = "arm,cortex-a76",
  freq = "2.4GHz",
  midr = 0x414fd0b1,
  pa_bits = 40,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, dpb = true, ras = true, cnp = true,
    debugv8p1 = true, debugv8p2 = true, pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    gran16k = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "64KiB", ways = 4, line = 64, latency = 1 },
  l1d = { size = "64KiB", ways = 4, line = 64, latency = 4 },
  l2 = { size = "512KiB", ways = 8, line = 64, latency = 11 },
  itlb = { entries = 48, ways = 48 },
  dtlb = { entries = 48, ways = 48 },
  tlb2 = { entries = 1280, ways = 5, latency = 3 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = { kind = "window", width = 4, window = 128, mispredict = 11 },
}
