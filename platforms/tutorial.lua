-- SPDX-License-Identifier: Apache-2.0
-- The smallest platform that boots Linux: one core, memory, an interrupt controller, a serial port.
local tg = require "tollgate" -- the only library a platform needs

-- What --set may change before anything is made, e.g. --set core=neoverse-n1
local o = tg.options { core = "cortex-a57", ram = { size = "512MiB" } }

-- Each constructor is a model class; `tollgate describe ram` lists its parameters.
-- Units belong to the values: "512MiB", "90ns", "2GHz".
local ram = tg.ram { base = 0x40000000, size = o.ram.size, latency = "90ns" }

-- A model with several register frames takes an address for each.
local gic = tg.gicv3 { base = { dist = 0x08000000, redist = 0x080a0000 } }

-- Wires are values, not names: the UART's output is shared interrupt 1.
local uart = tg.pl011 { base = 0x09000000 }
uart.irq = gic:spi(1)

-- The platform is the table of what it has. The keys are the names: --set ram.latency=70ns
return {
  cpus = tg.cpus { count = 1, core = tg.core(o.core, { features = { el3 = false } }) },
  ram = ram,
  gic = gic,
  uart = uart,
  console = uart, -- the model that --console speaks to
  psci = "smc", -- how the kernel calls the firmware
}
