/* SPDX-License-Identifier: Apache-2.0 */
/* Pointer authentication (FEAT_PAuth): the authentication code in the unused bits of a pointer. Arm ARM DDI
 * 0487 D8.8.8 and aarch64/functions/pac. */
#ifndef TG_CPU_MMU_PAC_H
#define TG_CPU_MMU_PAC_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct cpu_op;

/* In the order of the instructions' encodings. */
enum pac_key { PAC_IA, PAC_IB, PAC_DA, PAC_DB };

/* PACIA and its like: signs *ptr. False: trapped. A key that SCTLR_ELx switches off leaves *ptr alone. */
bool pac_sign(struct cpu *c, const struct cpu_op *op, enum pac_key key, uint64_t *ptr, uint64_t modifier);
/* AUTIA and its like; combined: part of a branch, return or load. False: trapped, or a fault of FEAT_FPAC. */
bool pac_authenticate(struct cpu *c, const struct cpu_op *op, enum pac_key key, uint64_t *ptr,
                      uint64_t modifier, bool combined);
/* XPACI, XPACD. */
uint64_t pac_strip(const struct cpu *c, uint64_t ptr, bool data);
/* PACGA: the code itself. False: trapped. */
bool pac_generic(struct cpu *c, const struct cpu_op *op, uint64_t value, uint64_t modifier, uint64_t *out);

#endif
