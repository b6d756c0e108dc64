/* SPDX-License-Identifier: Apache-2.0 */
/* Does every member of a struct stand in exactly one table of its class, by a row of its type? */
#ifndef TG_TEST_STATE_COVER_H
#define TG_TEST_STATE_COVER_H

#include "models/base/model.h"
#include "tests/models/state/types.h"

/* Complaints, a line each: "pl011: rx_n: in no table". */
struct complaints {
    char *text;
    size_t n;
};

/* A class, with the structs that its rows lead to. */
void cover_class(struct types *t, const struct tg_model_class *cls, struct complaints *c);
/* A table that is not a class's. */
void cover_table(struct types *t, const struct tg_state_table *table, struct complaints *c);

#endif
