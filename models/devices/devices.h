/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peripherals of this room, as model classes. Everything else about them (parameters, ports, registers,
 * counters) is in the class tables; instances are made with tg_model_new().
 */
#ifndef TG_DEVICES_DEVICES_H
#define TG_DEVICES_DEVICES_H

#include <stdbool.h>
#include "models/base/model.h"

extern const struct tg_model_class tg_cfi_flash_class; /* NOR flash, JESD68.01 */
extern const struct tg_model_class tg_fw_cfg_class;    /* QEMU's specs/fw_cfg */
extern const struct tg_model_class tg_pl011_class;     /* UART, DDI 0183 r1p5 */
extern const struct tg_model_class tg_pl031_class;     /* real-time clock, DDI 0224 r1p3 */
extern const struct tg_model_class tg_pl061_class;     /* GPIO, DDI 0190 r0p0 */
extern const struct tg_model_class tg_power_class;     /* power and reset by wire */

/*
 * Presses the key at input `line` (0..7) of a pl061 at time `now`: the line goes high and returns to low by
 * itself after the instance's parameter `press` (100 ms by default). A press while the key is down extends
 * it.
 */
void pl061_press(struct tg_model *m, unsigned line, tg_time now);

/* The item `key` of a fw_cfg becomes a copy of `data`. 0 or -ENOMEM (the list is full, too). */
int fw_cfg_set(struct tg_model *m, uint16_t key, const void *data, size_t size);

#endif
