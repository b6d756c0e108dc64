-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A53 r0p4 as in RK3328/RK3399: Armv8.0, dual-issue in order.
-- Sources: Arm DDI 0500 (sizes, ID registers), pointer chases of sbc-bench, Hennessy and Patterson,
-- LLVM 19 AArch64SchedA53.td through llvm-mca (issue, ports, latencies as a dependent chain sees them, mispredict).
return {
  core = "cortex-a53",
  compatible = "arm,cortex-a53",
  freq = "1.5GHz",
  capacity = 302, -- measured with this model: docs/timing.md, Capacity
  midr = 0x410fd034,
  pa_bits = 40,
  pmu_counters = 6,
  ctr = { vipt = true }, -- CTR_EL0 0x84448004
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    pmuv3 = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "32KiB", ways = 2, line = 64 },
  l1d = { size = "32KiB", ways = 4, line = 64, latency = 3, mshrs = 3 }, -- mshrs: estimate
  -- Shared by the cluster in silicon, private here. 25 to 27 cycles at 128 KiB in sbc-bench 4Kau and 1Ga0KBn, of which 2 are a micro-TLB miss;
  -- Hennessy and Patterson's miss penalty of 13 cannot be met at the same time.
  l2 = { size = "512KiB", ways = 16, line = 64, latency = 24 },
  prefetch = 2, -- estimate
  itlb = { entries = 10 },
  dtlb = { entries = 10 },
  tlb2 = { entries = 512, ways = 4, latency = 2 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = {
    kind = "inorder",
    width = 2, -- DDI 0500: symmetric dual issue of most instructions
    mispredict = 9, -- LLVM
    btb = 0, -- direct branches are found by predecode
    store_buffer = 5, -- estimate
    -- Estimates (no published figure for this core): a refill of the pipeline and the vector's fetch; MRS and MSR serialise.
    exception_entry = 15, exception_return = 12, isb = 10, dsb = 10, dmb = 4, tlbi = 4, tlbi_sync = 60, cache_op = 10,
    sysreg_read = 3, sysreg_write = 3,
    -- Two ALUs, one multiplier and divider, one load/store pipe, one branch; two 64-bit FP/SIMD pipes, of which LLVM uses one.
    alu = { latency = 1, ports = 2, group = "alu" },
    alu_shift = { latency = 1, ports = 2, group = "alu" },
    shift = { latency = 1, ports = 2, group = "alu" },
    mul = { latency = 3, ports = 1, group = "mul" },
    mul64 = { latency = 3, ports = 1, group = "mul" },
    div = { latency = 8, interval = 8, ports = 1, group = "mul" }, -- estimate: LLVM has a place-holder; as Cortex-A55
    div64 = { latency = 8, interval = 8, ports = 1, group = "mul" }, -- estimate
    crc = { latency = 1, ports = 2, group = "alu" },
    branch = { latency = 1, ports = 1, group = "branch" },
    branch_ind = { latency = 1, ports = 1, group = "branch" },
    load = { latency = 3, ports = 1, group = "load" }, -- sbc-bench: 3.0
    load_pair = { latency = 3, interval = 2, ports = 1, group = "load" },
    store = { latency = 1, ports = 1, group = "load" },
    load_excl = { latency = 3, ports = 1, group = "load" },
    store_excl = { latency = 6, interval = 2, ports = 1, group = "load" },
    atomic = { latency = 6, interval = 2, ports = 1, group = "load" }, -- not on this core
    vload = { latency = 4, ports = 1, group = "load" },
    vload_multi = { latency = 5, interval = 2, ports = 1, group = "load" },
    vstore = { latency = 1, ports = 1, group = "load" },
    valu = { latency = 6, ports = 1, group = "valu" },
    vshift = { latency = 6, ports = 1, group = "valu" },
    vmul = { latency = 6, ports = 1, group = "fmul" },
    vperm = { latency = 6, ports = 1, group = "valu" },
    fadd = { latency = 6, ports = 1, group = "valu" },
    fmul = { latency = 6, ports = 1, group = "fmul" },
    fma = { latency = 10, ports = 1, group = "fmul" },
    fdiv = { latency = 33, interval = 29, ports = 1, group = "fmul" }, -- double; single 18
    fmove = { latency = 6, ports = 1, group = "valu" },
    crypto = { latency = 6, ports = 1, group = "valu" },
    system = { latency = 1, ports = 1, group = "system" },
    barrier = { latency = 1, ports = 1, group = "system" },
    exception = { latency = 1, ports = 1, group = "system" },
  },
}
