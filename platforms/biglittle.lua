-- SPDX-License-Identifier: Apache-2.0
-- A big.LITTLE SoC: two Cortex-A55, two Cortex-A76, a shared cache for each pair, RAM in two banks. The address map is our own.
-- Change with --set: little.count, big.core.freq, big.cache.size, and any parameter of any model.
local tg = require "tollgate"

-- Private L2 of each core and the cluster's L3: Arm 100442 and 100798 allow these sizes. Latencies of L2: Arm (A76: 9 to 11 cycles),
-- estimate for the A55 (the L1's 2, and 6 more); of the L3 about 15 ns, estimate from sbc-bench 4ijy (33 to 38 cycles at 2 GHz).
local little = tg.cpus {
  count = 2,
  core = tg.core("cortex-a55", { freq = "1.8GHz", l2 = { size = "128KiB", ways = 4, latency = 8 } }),
  cache = tg.cluster_cache { size = "512KiB", ways = 16, latency = "12ns" },
  mpidr = { mt = true, aff2 = 0 }, -- as the DSU counts: Aff1 is the core, Aff2 the cluster
}
local big = tg.cpus {
  count = 2,
  core = tg.core("cortex-a76", { freq = "2.4GHz" }),
  cache = tg.cluster_cache { size = "2MiB", ways = 16, latency = "12ns" },
  mpidr = { mt = true, aff2 = 1 },
}

local gic = tg.gicv3 { base = { dist = 0x08000000, redist = 0x080a0000 }, spis = 64 }
local uart = tg.pl011 { base = 0x09000000, irq = gic:spi(1) }
local virtio = {}
for i = 0, 3 do
  virtio[i + 1] = tg.virtio_mmio { base = 0x0a000000 + i * 0x200, irq = gic:spi(16 + i) }
end

return {
  little = little,
  big = big,
  ram = tg.ram { base = 0x40000000, size = "1GiB" },
  ram_high = tg.ram { base = 0x880000000, size = "1GiB" }, -- above 4 GiB
  gic = gic,
  uart = uart,
  virtio = virtio,
  console = uart,
  psci = "smc",
}
