-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A76 r4p1: Armv8.2, four-wide, 128-entry window.
-- Sources: Arm 100798 (sizes, TLBs, ID registers), Intel 814346 (second-level TLB 1280 5-way, usually 3 cycles),
-- Cortex-A76 Software Optimization Guide, LLVM 19 AArch64SchedNeoverseN1.td (the same pipeline) through llvm-mca.
local timing = require "neoverse-n1-timing"

return {
  core = "cortex-a76",
  compatible = "arm,cortex-a76",
  freq = "2.4GHz",
  capacity = 575, -- measured with this model: docs/timing.md, Capacity
  midr = 0x414fd0b1,
  pa_bits = 40,
  pmu_counters = 6,
  -- CTR_EL0 is 0x9444c004 (BCM2712). Error records: the core's and the cluster's.
  ctr = { idc = true }, lou = 0, error_records = 2,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true, hpds2 = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, dpb = true, ras = true, iesb = true, cnp = true,
    debugv8p1 = true, debugv8p2 = true, pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    gran16k = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "64KiB", ways = 4, line = 64 },
  l1d = { size = "64KiB", ways = 4, line = 64, latency = 4, mshrs = 20 }, -- mshrs: Arm at Hot Chips 2018: 20 outstanding
  l2 = { size = "512KiB", ways = 8, line = 64, latency = 11 }, -- 9 to 11, Arm
  -- The same pipeline and TLBs as Neoverse N1's.
  prefetch = timing.prefetch,
  itlb = timing.itlb, dtlb = timing.dtlb, tlb2 = timing.tlb2, walk_cache = timing.walk_cache, ipa_cache = timing.ipa_cache,
  pipeline = timing.pipeline,
}
