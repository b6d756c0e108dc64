/* SPDX-License-Identifier: Apache-2.0 */
/* What gic.c needs of gicv2.c; programs use the rt_gic_*() of rt.h. */
#ifndef GICV2_H
#define GICV2_H

#include <stdbool.h>
#include <stdint.h>

int gicv2_init_dist(void);
int gicv2_init_cpu(bool split_eoi);
void gicv2_enable(uint32_t intid, bool on);
void gicv2_send_sgi(uint64_t mpidr, unsigned id);

#endif
