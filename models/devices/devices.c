/* SPDX-License-Identifier: Apache-2.0 */
/* The list of this room's model classes. */
#include "models/devices/devices.h"

const struct tg_model_class *const tg_devices_classes[] = {
    &tg_cfi_flash_class,
    &tg_fw_cfg_class,
    &tg_pl011_class,
    &tg_pl031_class,
    &tg_pl061_class,
    &tg_power_class,
    NULL,
};
