/* SPDX-License-Identifier: Apache-2.0 */
/* The model classes that platforms can be made of. A new model is one line here. */
#include "models/cpu/cpu.h"
#include "models/devices/devices.h"
#include "models/gic/gic.h"
#include "models/interconnect/interconnect.h"
#include "models/virtio/virtio.h"
#include "sim/platform/platform.h"

const struct platform_class platform_classes[] = {
    {.cls = &tg_cfi_flash_class},
    {.cls = &cluster_cache_class},
    {.cls = &cpu_class},
    {.cls = &fabric_class},
    {.cls = &tg_fw_cfg_class},
    {.cls = &gicv2_class, .gic = true},
    {.cls = &gicv3_class, .gic = true},
    {.cls = &tg_pl011_class},
    {.cls = &tg_pl031_class},
    {.cls = &tg_pl061_class},
    {.cls = &tg_power_class},
    {.cls = &ram_class, .memory = true},
    {.cls = &tg_virtio_blk_class},
    {.cls = &tg_virtio_console_class},
    {.cls = &tg_virtio_mmio_class},
    {.cls = &tg_virtio_net_class},
    {.cls = &tg_virtio_rng_class},
};

const size_t platform_n_classes = TG_ARRAY_SIZE(platform_classes);
