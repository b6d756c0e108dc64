-- SPDX-License-Identifier: Apache-2.0
-- Neoverse N1 r3p1 as in Ampere Altra Q80-26: Armv8.2, four-wide, 128-entry window, VHE.
-- Sources: Arm 100616 (sizes, TLBs, ID registers), sbc-bench 4zkJ (L1 4, L2 14 to 16 cycles), LLVM 19 AArch64SchedNeoverseN1.td by llvm-mca,
-- Neoverse N1 Software Optimization Guide. CTR_EL0 is 0xb444c004 on Graviton2; two error records: the core's and the cluster's.
local timing = require "neoverse-n1-timing"

return {
  core = "neoverse-n1",
  compatible = "arm,neoverse-n1",
  freq = "2.6GHz",
  capacity = 575, -- measured with this model: docs/timing.md, Capacity
  midr = 0x413fd0c1,
  pa_bits = 48,
  pmu_counters = 6,
  ctr = { idc = true, dic = true }, lou = 0, error_records = 2,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true, hpds2 = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, ssbs2 = true, dpb = true, ras = true, iesb = true,
    cnp = true, debugv8p1 = true, debugv8p2 = true, pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    gran16k = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = timing.l1i, l1d = timing.l1d, l2 = timing.l2, prefetch = timing.prefetch,
  itlb = timing.itlb, dtlb = timing.dtlb, tlb2 = timing.tlb2, walk_cache = timing.walk_cache, ipa_cache = timing.ipa_cache,
  pipeline = timing.pipeline,
}
