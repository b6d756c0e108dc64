-- SPDX-License-Identifier: Apache-2.0
-- Cortex-A76 r4p1: Armv8.2, four-wide, 128-entry window.
-- Sources: Arm 100798 (sizes, TLBs, ID registers), Intel 814346 (second-level TLB 1280 5-way, usually 3 cycles),
-- Cortex-A76 Software Optimization Guide, LLVM 19 AArch64SchedNeoverseN1.td (the same pipeline) through llvm-mca.
return {
  core = "cortex-a76",
  compatible = "arm,cortex-a76",
  freq = "2.4GHz",
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
  l1i = { size = "64KiB", ways = 4, line = 64, latency = 1 },
  l1d = { size = "64KiB", ways = 4, line = 64, latency = 4, mshrs = 20 }, -- mshrs: Arm at Hot Chips 2018: 20 outstanding
  l2 = { size = "512KiB", ways = 8, line = 64, latency = 11 }, -- 9 to 11, Arm
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
