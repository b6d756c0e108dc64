/* SPDX-License-Identifier: Apache-2.0 */
/* The register engine behind the model class: index of each frame, access, reset. Used by model.c; tests use
 * model.h. */
#ifndef TG_BASE_REGS_H
#define TG_BASE_REGS_H

#include "models/base/model.h"

int tg_regs_realize(struct tg_model *m, struct tg_error *err);
void tg_regs_reset(struct tg_model *m);
void tg_regs_free(struct tg_model *m);

/* The engine itself, for a class whose own transport only adds to it (latency, counts) and passes the access
 * on. */
void tg_regs_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn);

#endif
