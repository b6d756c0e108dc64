-- SPDX-License-Identifier: Apache-2.0
-- A server SoC with Neoverse N1 cores, in the manner of Ampere's Altra: GICv3, RAM from 2 GiB up, a few MMIO devices below.
-- The address map is our own. Change with --set: cpus.count, ram.size, el3, and any parameter of any model.
local tg = require "tollgate"

local o = tg.options {
  core = "neoverse-n1",
  cpus = { count = 1 },
  ram = { size = "2GiB" },
  el3 = false, -- PSCI is Tollgate's own, called by SMC
}

local gic = tg.gicv3 { base = { dist = 0x30000000, redist = 0x30100000 }, spis = 256 }
local uart = tg.pl011 { base = 0x1c090000, irq = gic:spi(1) }
local rtc = tg.pl031 { base = 0x1c170000, irq = gic:spi(2) }
local gpio = tg.pl061 { base = 0x1c1d0000, irq = gic:spi(7) }

local virtio = {}
for i = 0, 7 do
  virtio[i + 1] = tg.virtio_mmio { base = 0x1c200000 + i * 0x1000, irq = gic:spi(32 + i) }
end

return {
  cpus = tg.cpus {
    count = o.cpus.count,
    -- Altra's system counter runs at 25 MHz; another core keeps the one that its architecture asks for.
    core = tg.core(o.core, { cntfrq = o.core == "neoverse-n1" and "25MHz" or nil, features = { el3 = o.el3 } }),
    -- MPIDR_EL1.MT is 1 in silicon: Aff0 is the thread, Aff1 the core, Aff2 the cluster.
    mpidr = function(i)
      return { mt = true, aff1 = i % 4, aff2 = i // 4 }
    end,
  },
  -- Altra has 32 MiB of system-level cache and eight channels of DDR4-3200 (25.6 GB/s: 2.5 ns a line). sbc-bench 4zkJ: 102 to 119
  -- cycles of 2.6 GHz at 2 to 8 MiB, 296 to 325 in DRAM. Less the core's own 14, and TLB misses, that leaves about 35 ns for the mesh
  -- and the cache (split evenly: estimate), and about 65 ns for memory behind them.
  fabric = tg.fabric { latency = "17ns", slc = { size = "32MiB", ways = 16, latency = "17ns" } },
  ram = tg.ram { base = 0x80000000, size = o.ram.size, latency = "65ns", channels = 8, line_time = "2.5ns" },
  gic = gic,
  uart = uart,
  rtc = rtc,
  gpio = gpio,
  virtio = virtio,
  console = uart,
  psci = "smc",
}
