-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A72 r0p3 as in RK3399: Armv8.0, three-wide, 128-entry window.
-- Sources: Arm 100095 (sizes, TLBs, ID registers), sbc-bench 4Kau (L1 4, L2 20 to 30, second-level TLB about 9 cycles),
-- Cortex-A72 Software Optimization Guide (UAN 0016); LLVM 19 uses its model of Cortex-A57 for this core.
return {
  core = "cortex-a72",
  compatible = "arm,cortex-a72",
  freq = "2GHz",
  capacity = 495, -- measured with this model: docs/timing.md, Capacity
  midr = 0x410fd083,
  pa_bits = 44,
  pmu_counters = 6,
  features = {
    fp = true, crc32 = true, aes = true, pmull = true, sha1 = true, sha256 = true,
    pmuv3 = true, gran64k = true, el2 = true, el3 = true,
  },
  l1i = { size = "48KiB", ways = 3, line = 64 },
  l1d = { size = "32KiB", ways = 2, line = 64, latency = 4, mshrs = 6 }, -- mshrs: estimate: as Cortex-A57
  l2 = { size = "1MiB", ways = 16, line = 64, latency = 20 },
  prefetch = 2, -- estimate
  itlb = { entries = 48 },
  dtlb = { entries = 32 },
  tlb2 = { entries = 1024, ways = 4, latency = 9 },
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
    -- Pipes as Cortex-A57; shorter FP add, multiply and divide, radix-16 divider: up to 12 and 20 cycles (UAN 0016).
    alu = { latency = 1, ports = 2, group = "alu" },
    alu_shift = { latency = 2, ports = 1, group = "mul" },
    shift = { latency = 1, ports = 2, group = "alu" },
    mul = { latency = 3, ports = 1, group = "mul" },
    mul64 = { latency = 5, ports = 1, group = "mul" }, -- 64-bit accumulate 5, high half 6
    div = { latency = 12, interval = 12, ports = 1, group = "div" },
    div64 = { latency = 20, interval = 20, ports = 1, group = "div" },
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
    fadd = { latency = 4, ports = 2, group = "valu" },
    fmul = { latency = 4, ports = 2, group = "valu" },
    fma = { latency = 7, ports = 2, group = "valu" },
    fdiv = { latency = 18, interval = 16, ports = 1, group = "fdiv" },
    fmove = { latency = 5, ports = 1, group = "load" },
    crypto = { latency = 3, ports = 1, group = "vmul" },
    system = { latency = 1, ports = 1, group = "system" },
    barrier = { latency = 1, ports = 1, group = "system" },
    exception = { latency = 1, ports = 1, group = "system" },
  },
}
