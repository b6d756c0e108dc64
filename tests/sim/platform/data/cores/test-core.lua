-- SPDX-License-Identifier: Apache-2.0
return {
  freq = "2.6GHz",
  part = "test",
  l2 = { size = "512KiB", ways = 4 },
  pipeline = { kind = "window" },
}
