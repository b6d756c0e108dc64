/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the loader (boot.h) and the firmware (psci.h) to a struct machine: describes the machine to them,
 * loads, sets machine.firmware_call, powers PE 0 on. After a guest's reset the images are loaded again, so
 * the guest starts from fresh ones.
 */
#ifndef TG_SIM_MACHINE_BOOT_H
#define TG_SIM_MACHINE_BOOT_H

#include "models/base/model.h"
#include "sim/boot/boot.h"
#include "sim/machine/machine.h"

struct machine_boot;

/* Call on a realized machine, before or after machine_reset. Keeps pointers into `opt`: it and its strings
 * must outlive *out. 0 or -errno with err set. */
int machine_boot_new(struct machine *m, const struct boot_options *opt, struct machine_boot **out,
                     struct tg_error *err);
/* Loads the images and powers PE 0 on at time `now`: at start-up and after each reset. */
int machine_boot_start(struct machine_boot *b, tg_time now, struct tg_error *err);
const struct boot_result *machine_boot_result(const struct machine_boot *b);
void machine_boot_free(struct machine_boot *b);

/* The machine's generated (or given and patched) device tree to opt->dump_dtb, without starting anything. */
int machine_boot_dump_dtb(struct machine *m, const struct boot_options *opt, struct tg_error *err);

#endif
