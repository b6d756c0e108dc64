-- SPDX-License-Identifier: Apache-2.0
-- The memory map and interrupt numbers of QEMU's `virt` board, so that what knows that board runs unchanged.
-- Source: QEMU documentation, system/arm/virt; addresses as its device tree shows them.
-- Change with --set: core, cpus.count, gic.version, el2, el3, secure, ram.size, and any parameter of any model.
local tg = require "tollgate"

local o = tg.options {
  core = "cortex-a57",
  cpus = { count = 1 },
  gic = { version = 3 },
  ram = { size = "1GiB" },
  el2 = true,
  el3 = false,
  secure = false, -- EL3 with a Secure state for `--firmware` to use: GIC with two states, memory of its own, no PSCI of ours
}

local ram = tg.ram { base = 0x40000000, size = o.ram.size }

local gic
if o.gic.version == 2 then
  gic = tg.gicv2 { base = { dist = 0x08000000, cpu = 0x08010000, hyp = 0x08030000, vcpu = 0x08040000 }, spis = 256 }
elseif o.gic.version == 3 then
  gic = tg.gicv3 { base = { dist = 0x08000000, redist = 0x080a0000 }, spis = 256, security = o.secure }
else
  error("gic.version: found " .. tostring(o.gic.version) .. ", expected 2 or 3")
end

local uart = tg.pl011 { base = 0x09000000 }
local rtc = tg.pl031 { base = 0x09010000 }
local fw_cfg = tg.fw_cfg { base = 0x09020000 }
local gpio = tg.pl061 { base = 0x09030000 }
uart.irq = gic:spi(1)
rtc.irq = gic:spi(2)
gpio.irq = gic:spi(7)

local virtio = {}
for i = 0, 31 do
  virtio[i + 1] = tg.virtio_mmio { base = 0x0a000000 + i * 0x200, irq = gic:spi(16 + i) }
end

-- Two banks of NOR flash; firmware lies in the first one, which is written like RAM here. With a Secure state that bank is Secure,
-- and so are a UART, a GPIO block that turns the machine off, and some RAM.
local flash = tg.ram { base = 0x00000000, size = "64MiB", secure = o.secure }
local variables = tg.cfi_flash { base = 0x04000000 }
local secure_ram, secure_uart, secure_gpio
if o.secure then
  secure_ram = tg.ram { base = 0x0e000000, size = "16MiB", secure = true }
  secure_uart = tg.pl011 { base = 0x09040000, irq = gic:spi(8), secure = true }
  secure_gpio = tg.pl061 { base = 0x090b0000, irq = gic:spi(0), secure = true, power = tg.power {} }
end

-- Affinities as QEMU gives them: clusters of 8 PEs with GICv2, of 16 with GICv3.
local cluster = o.gic.version == 2 and 8 or 16

return {
  cpus = tg.cpus {
    count = o.cpus.count,
    core = tg.core(o.core, { features = { el2 = o.el2, el3 = o.el3 or o.secure } }),
    mpidr = function(i)
      return (i // cluster) << 8 | i % cluster
    end,
  },
  ram = ram,
  gic = gic,
  uart = uart,
  rtc = rtc,
  fw_cfg = fw_cfg,
  gpio = gpio,
  virtio = virtio,
  console = uart,
  flash = flash,
  flash1 = variables,
  secure_ram = secure_ram,
  secure_uart = secure_uart,
  secure_gpio = secure_gpio,
  psci = o.secure and "none" or o.el2 and "smc" or "hvc",
  smccc = "1.0", -- QEMU's firmware knows PSCI only
}
