-- SPDX-License-Identifier: Apache-2.0
-- The smallest machine with a doorbell: a target written in SystemC, in a shared object.
local tg = require "tollgate"

local o = tg.options { core = "cortex-a57", library = "./doorbell.so" } -- relative to this file

local gic = tg.gicv3 { base = { dist = 0x08000000, redist = 0x080a0000 } }
local uart = tg.pl011 { base = 0x09000000, irq = gic:spi(1) }

local bell = tg.tlm_target {
  library = o.library,
  base = 0x0b000000,
  size = "4KiB",
  args = { latency_ns = 250 },
}
bell.irq = gic:spi(40)

return {
  cpus = tg.cpus { core = tg.core(o.core, { features = { el3 = false } }) },
  ram = tg.ram { base = 0x40000000, size = "16MiB" },
  gic = gic,
  uart = uart,
  bell = bell,
  console = uart,
  psci = "smc",
}
