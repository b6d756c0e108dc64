-- SPDX-License-Identifier: Apache-2.0
return {
  freq = "2.6GHz",
  l2 = {
    size = "512KiB",
    wais = 4,
  },
}
