/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a PE as data. */
#ifndef TG_CPU_STATE_H
#define TG_CPU_STATE_H

struct cpu;
struct tg_model;
struct tg_state_table;

extern const struct tg_state_table cpu_state_table;

/* tg_model_class.settle: after a restore, works out what is derived and drops what the host kept. */
void cpu_settle(struct tg_model *m);

#endif
