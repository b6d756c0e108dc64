-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A55 r2p0 as in RK3568: Armv8.2, dual-issue in order, no private L2; the DSU's L3 stands as its level 2.
-- Sources: Arm 100442 (sizes, ID registers), Intel Agilex 5 HPS manual 814346 (TLBs), LLVM 19
-- AArch64SchedA55.td through llvm-mca (ports, latencies as a dependent chain sees them), sbc-bench 4ijy (loads).
return {
  core = "cortex-a55",
  compatible = "arm,cortex-a55",
  freq = "2GHz",
  capacity = 349, -- measured with this model: docs/timing.md, Capacity
  midr = 0x412fd050,
  pa_bits = 40,
  pmu_counters = 6,
  -- CTR_EL0 is 0x84448004 (SC7180): IDC 0, but nothing is to be cleaned for it: CLIDR_EL1 0x82000023. Records: the core's, the cluster's.
  ctr = { vipt = true }, lou = 0, error_records = 2,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    lse = true, rdm = true, pan = true, pan2 = true, uao = true, vhe = true, vmid16 = true, hafdbs = true, hpds = true, hpds2 = true,
    lor = true, xnx = true, lrcpc = true, dotprod = true, fp16 = true, ssbs = true, dpb = true, ras = true, iesb = true, cnp = true,
    debugv8p1 = true, debugv8p2 = true, pmuv3 = true, pmuv3p1 = true, csv2 = true, csv3 = true,
    gran16k = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "32KiB", ways = 4, line = 64 },
  l1d = { size = "32KiB", ways = 4, line = 64, latency = 2, mshrs = 4 }, -- mshrs: estimate
  l2 = { size = "512KiB", ways = 16, line = 64, latency = 33 }, -- RK3568; 33 to 38 cycles at 128 to 512 KiB, sbc-bench 4ijy
  prefetch = 2, -- estimate
  itlb = { entries = 15 },
  dtlb = { entries = 16 },
  tlb2 = { entries = 1024, ways = 4, latency = 3 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = {
    kind = "inorder",
    width = 2,
    mispredict = 8, -- LLVM
    btb = 0, -- estimate: as Cortex-A53
    store_buffer = 5, -- estimate
    -- Estimates (no published figure for this core): a refill of the pipeline and the vector's fetch; MRS and MSR serialise.
    exception_entry = 15, exception_return = 12, isb = 10, dsb = 10, dmb = 4, tlbi = 4, tlbi_sync = 60, cache_op = 10,
    sysreg_read = 3, sysreg_write = 3,
    -- Two ALUs, one multiplier, one divider, a load and a store pipe, one branch, two FP/SIMD pipes.
    alu = { latency = 1, ports = 2, group = "alu" },
    alu_shift = { latency = 1, ports = 2, group = "alu" },
    shift = { latency = 1, ports = 2, group = "alu" },
    mul = { latency = 3, ports = 1, group = "mul" },
    mul64 = { latency = 3, ports = 1, group = "mul" },
    div = { latency = 8, interval = 8, ports = 1, group = "div" },
    div64 = { latency = 8, interval = 8, ports = 1, group = "div" },
    crc = { latency = 1, ports = 2, group = "alu" },
    branch = { latency = 1, ports = 1, group = "branch" },
    branch_ind = { latency = 1, ports = 1, group = "branch" },
    load = { latency = 2, ports = 1, group = "load" }, -- sbc-bench: 2.0; indexed 3.0, LLVM 3
    load_pair = { latency = 3, interval = 2, ports = 1, group = "load" },
    store = { latency = 1, ports = 1, group = "store" },
    load_excl = { latency = 3, ports = 1, group = "load" },
    store_excl = { latency = 4, ports = 1, group = "store" },
    atomic = { latency = 5, interval = 2, ports = 1, group = "load" }, -- estimate
    vload = { latency = 3, ports = 1, group = "load" },
    vload_multi = { latency = 7, interval = 4, ports = 1, group = "load" },
    vstore = { latency = 1, ports = 1, group = "store" },
    valu = { latency = 2, ports = 2, group = "valu" },
    vshift = { latency = 3, ports = 2, group = "valu" },
    vmul = { latency = 4, ports = 1, group = "valu" },
    vperm = { latency = 4, ports = 1, group = "valu" },
    fadd = { latency = 4, ports = 2, group = "valu" },
    fmul = { latency = 4, ports = 2, group = "valu" },
    fma = { latency = 4, ports = 2, group = "valu" },
    fdiv = { latency = 22, interval = 19, ports = 1, group = "fdiv" }, -- double; single 13
    fmove = { latency = 3, ports = 2, group = "valu" },
    crypto = { latency = 4, ports = 1, group = "valu" },
    system = { latency = 1, ports = 1, group = "system" },
    barrier = { latency = 1, ports = 1, group = "system" },
    exception = { latency = 1, ports = 1, group = "system" },
  },
}
