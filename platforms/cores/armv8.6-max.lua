-- SPDX-License-Identifier: Apache-2.0
-- No core of anybody's: every feature that Tollgate implements, for tests and for software that is ahead of silicon. The implementer
-- code of MIDR_EL1 is the one reserved for software. Sizes and timing are those of Neoverse N1. Of the algorithms of pointer authentication,
-- of which a core has one, it has QARMA5.
local timing = require "neoverse-n1-timing"

return {
  core = "armv8.6-max",
  compatible = "arm,armv8",
  freq = "2.6GHz",
  cntfrq = "1GHz", -- the system counter of Armv8.6 and later (DDI 0487, D12.1.2)
  capacity = 575, -- measured with this model: docs/timing.md, Capacity
  midr = 0x000f0001,
  pmu_counters = 6,
  ctr = { idc = true, dic = true }, lou = 0, error_records = 2,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, ssbs2 = true, dpb = true,
    ras = true, rasv1p1 = true, iesb = true,
    tlbios = true, tlbirange = true, s2fwb = true, ttl = true, cnp = true, debugv8p1 = true, debugv8p2 = true, debugv8p4 = true,
    pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    -- instruction set of Armv8.2 to Armv8.7
    fhm = true, sha512 = true, sha3 = true, sm3 = true, sm4 = true, fcma = true, jscvt = true, lrcpc2 = true, flagm = true,
    flagm2 = true, lse2 = true, dit = true, frintts = true, sb = true, specres = true, csv2_2 = true, dpb2 = true, rng = true,
    bf16 = true, i8mm = true, wfxt = true, xs = true, pauth = true, pauth2 = true, fpac = true, fpaccombine = true, bti = true,
    dgh = true,
    -- translation
    lva = true, lpa = true, ccidx = true, hpds2 = true, e0pd = true, pan3 = true, ttst = true, bbm = true, idst = true, ets = true, ntlbpa = true,
    -- traps to EL2, counters and timers
    evt = true, twed = true, hcx = true, fgt = true, ecv = true, ecv_poff = true, amu = true, amuv1p1 = true, nv = true, nv2 = true, pmuv3p4 = true,
    pmuv3p5 = true, gran16k = true, gran64k = true, el2 = true, el3 = true, sel2 = true,
  },
  l1i = timing.l1i, l1d = timing.l1d, l2 = timing.l2, prefetch = timing.prefetch,
  itlb = timing.itlb, dtlb = timing.dtlb, tlb2 = timing.tlb2, walk_cache = timing.walk_cache, ipa_cache = timing.ipa_cache,
  pipeline = timing.pipeline,
}
