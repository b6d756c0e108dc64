-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A57 r1p0: Armv8.0, three-wide, 128-entry window. No VHE: KVM splits between EL1 and EL2 on it.
-- Sources: Arm DDI 0488 (sizes, ID registers), LLVM 19 AArch64SchedA57.td through llvm-mca,
-- Cortex-A57 Software Optimization Guide (UAN 0015).
return {
  core = "cortex-a57",
  compatible = "arm,cortex-a57",
  freq = "2GHz",
  capacity = 495, -- measured with this model: docs/timing.md, Capacity
  midr = 0x411fd070,
  pa_bits = 44,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    pmuv3 = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "48KiB", ways = 3, line = 64 },
  l1d = { size = "32KiB", ways = 2, line = 64, latency = 4, mshrs = 6 }, -- mshrs: six fill buffers; estimate
  l2 = { size = "2MiB", ways = 16, line = 64, latency = 20 }, -- latency as Cortex-A72 (estimate)
  prefetch = 2, -- estimate
  itlb = { entries = 48 },
  dtlb = { entries = 32 },
  tlb2 = { entries = 1024, ways = 4, latency = 9 }, -- latency as Cortex-A72
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = {
    kind = "window",
    width = 3,
    window = 128,
    mispredict = 14, -- LLVM
    btb = 2048, btb_miss = 3, -- estimate
    store_buffer = 16, -- estimate
    -- Estimates (no published figure for this core): a refill of the pipeline and the vector's fetch; MRS and MSR serialise.
    exception_entry = 30, exception_return = 30, isb = 20, dsb = 15, dmb = 4, tlbi = 4, tlbi_sync = 60, cache_op = 10,
    sysreg_read = 5, sysreg_write = 5,
    -- Two ALUs, one multi-cycle pipe, one load, one store, one branch, two FP/SIMD pipes (vector shifts on one, multiplies on the other).
    alu = { latency = 1, ports = 2, group = "alu" },
    alu_shift = { latency = 2, ports = 1, group = "mul" },
    shift = { latency = 1, ports = 2, group = "alu" },
    mul = { latency = 3, ports = 1, group = "mul" },
    mul64 = { latency = 5, ports = 1, group = "mul" }, -- 64-bit accumulate 5, high half 6
    div = { latency = 19, interval = 19, ports = 1, group = "div" },
    div64 = { latency = 35, interval = 35, ports = 1, group = "div" },
    crc = { latency = 3, ports = 1, group = "mul" },
    branch = { latency = 1, ports = 1, group = "branch" },
    branch_ind = { latency = 1, ports = 1, group = "branch" },
    load = { latency = 4, ports = 1, group = "load" }, -- sbc-bench: 4.0
    load_pair = { latency = 4, ports = 1, group = "load" },
    store = { latency = 1, ports = 1, group = "store" },
    load_excl = { latency = 4, ports = 1, group = "load" },
    store_excl = { latency = 5, ports = 1, group = "store" },
    atomic = { latency = 8, interval = 2, ports = 1, group = "load" }, -- not on this core
    vload = { latency = 5, ports = 1, group = "load" },
    vload_multi = { latency = 8, interval = 3, ports = 1, group = "load" },
    vstore = { latency = 1, ports = 1, group = "store" },
    valu = { latency = 3, ports = 2, group = "valu" },
    vshift = { latency = 3, ports = 1, group = "vshift" },
    vmul = { latency = 5, ports = 1, group = "vmul" },
    vperm = { latency = 3, ports = 2, group = "valu" },
    fadd = { latency = 5, ports = 2, group = "valu" },
    fmul = { latency = 5, ports = 2, group = "valu" },
    fma = { latency = 9, ports = 2, group = "valu" },
    fdiv = { latency = 32, interval = 32, ports = 1, group = "fdiv" },
    fmove = { latency = 5, ports = 1, group = "load" },
    crypto = { latency = 3, ports = 1, group = "vmul" },
    system = { latency = 1, ports = 1, group = "system" },
    barrier = { latency = 1, ports = 1, group = "system" },
    exception = { latency = 1, ports = 1, group = "system" },
  },
}
