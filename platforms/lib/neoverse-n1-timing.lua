-- SPDX-License-Identifier: Apache-2.0
-- Geometry and timing of Neoverse N1, for the presets that have them: cores/neoverse-n1.lua, where the sources are named,
-- cores/armv8.6-max.lua, and cores/cortex-a76.lua, which has caches of its own.
return {
  l1i = { size = "64KiB", ways = 4, line = 64 },
  l1d = { size = "64KiB", ways = 4, line = 64, latency = 4, mshrs = 20 }, -- mshrs: as Cortex-A76
  l2 = { size = "1MiB", ways = 8, line = 64, latency = 14 }, -- sbc-bench 4zkJ: 14 at 128 KiB, within the reach of the L1 TLB
  prefetch = 4, -- estimate
  itlb = { entries = 48 },
  dtlb = { entries = 48 },
  tlb2 = { entries = 1280, ways = 5, latency = 3 },
  walk_cache = { entries = 64, ways = 4 },
  ipa_cache = { entries = 64, ways = 4 },
  pipeline = {
    kind = "window",
    width = 4, -- Software Optimization Guide: 4 to dispatch
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
    load = { latency = 4, ports = 2, group = "load" }, -- sbc-bench: 4.0
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
