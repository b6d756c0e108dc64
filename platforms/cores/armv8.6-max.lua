-- SPDX-License-Identifier: Apache-2.0
-- No core of anybody's: every feature that Tollgate implements, for tests and for software that is ahead of silicon. The implementer
-- code of MIDR_EL1 is the one reserved for software. Sizes and timing are those of neoverse-n1.lua, where their sources stand.
return {
  core = "armv8.6-max",
  compatible = "arm,armv8",
  freq = "2.6GHz",
  midr = 0x000f0001,
  pa_bits = 48,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, ssbs2 = true, dpb = true, ras = true,
    tlbios = true, tlbirange = true, s2fwb = true, ttl = true, cnp = true, debugv8p1 = true, debugv8p2 = true,
    pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    -- instruction set of Armv8.2 to Armv8.7
    fhm = true, sha512 = true, sha3 = true, sm3 = true, sm4 = true, fcma = true, jscvt = true, lrcpc2 = true, flagm = true,
    flagm2 = true, lse2 = true, dit = true, frintts = true, sb = true, specres = true, csv2_2 = true, dpb2 = true, rng = true,
    bf16 = true, i8mm = true, wfxt = true, xs = true, pauth = true, pauth2 = true, fpac = true, fpaccombine = true, bti = true,
    -- translation
    hpds2 = true, e0pd = true, pan3 = true, ttst = true, bbm = true, idst = true, ets = true, ntlbpa = true,
    -- traps to EL2, counters and timers
    evt = true, twed = true, hcx = true, fgt = true, ecv = true, ecv_poff = true, amu = true, nv = true, nv2 = true, pmuv3p4 = true,
    gran16k = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "64KiB", ways = 4, line = 64, latency = 1 },
  l1d = { size = "64KiB", ways = 4, line = 64, latency = 4, mshrs = 20 },
  l2 = { size = "1MiB", ways = 8, line = 64, latency = 14 },
  prefetch = 4, -- estimate
  itlb = { entries = 48, ways = 48 },
  dtlb = { entries = 48, ways = 48 },
  tlb2 = { entries = 1280, ways = 5, latency = 3 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = {
    kind = "window",
    width = 4, -- CALIBRATION: 4 to dispatch
    window = 128, -- WikiChip and LLVM (MicroOpBufferSize)
    mispredict = 11, -- Software Optimization Guide; LLVM
    btb = 4096, btb_miss = 4, -- 6K entries (WikiChip), rounded down; bubble: estimate
    store_buffer = 32, -- estimate; 72 in silicon, cut to what the model holds
    -- Estimates (no published figure for this core): a refill of the pipeline and the vector's fetch; MRS and MSR serialise.
    exception_entry = 25, exception_return = 25, isb = 20, dsb = 12, dmb = 4, tlbi = 4, tlbi_sync = 60, cache_op = 10,
    sysreg_read = 4, sysreg_write = 4,
    -- Three ALUs of which one does multi-cycle operations, one branch, two load/store pipes, two FP/SIMD pipes.
    alu = { latency = 1, ports = 3, group = "alu" },
    alu_shift = { latency = 2, ports = 1, group = "mul" }, -- shift by 1 to 4 in the ALU takes 1
    shift = { latency = 1, ports = 3, group = "alu" },
    mul = { latency = 2, ports = 1, group = "mul" },
    mul64 = { latency = 4, interval = 3, ports = 1, group = "mul" }, -- high half 5
    div = { latency = 12, interval = 12, ports = 1, group = "div" }, -- 5 to 12
    div64 = { latency = 20, interval = 20, ports = 1, group = "div" }, -- 5 to 20
    crc = { latency = 2, ports = 1, group = "mul" },
    branch = { latency = 1, ports = 1, group = "branch" },
    branch_ind = { latency = 1, ports = 1, group = "branch" },
    load = { latency = 4, ports = 2, group = "load" },
    load_pair = { latency = 4, ports = 1, group = "load" },
    store = { latency = 1, ports = 2, group = "load" },
    load_excl = { latency = 4, ports = 2, group = "load" },
    store_excl = { latency = 5, ports = 1, group = "load" },
    atomic = { latency = 6, ports = 1, group = "load" }, -- near atomics; estimate
    vload = { latency = 5, ports = 2, group = "load" },
    vload_multi = { latency = 8, ports = 1, group = "load" },
    vstore = { latency = 2, ports = 2, group = "load" },
    valu = { latency = 2, ports = 2, group = "valu" },
    vshift = { latency = 2, ports = 1, group = "vshift" },
    vmul = { latency = 4, ports = 1, group = "vmul" },
    vperm = { latency = 2, ports = 2, group = "valu" },
    fadd = { latency = 2, ports = 2, group = "valu" },
    fmul = { latency = 3, ports = 2, group = "valu" },
    fma = { latency = 4, ports = 2, group = "valu" },
    fdiv = { latency = 15, interval = 7, ports = 1, group = "fdiv" }, -- double; single 10
    fmove = { latency = 3, ports = 1, group = "fmove" },
    crypto = { latency = 2, ports = 1, group = "vmul" }, -- SHA 4
    system = { latency = 1, ports = 1, group = "system" },
    barrier = { latency = 1, ports = 1, group = "system" },
    exception = { latency = 1, ports = 1, group = "system" },
  },
}
