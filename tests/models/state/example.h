/* SPDX-License-Identifier: Apache-2.0 */
/* Classes whose tables are complete, or have one fault each. */
#ifndef TG_TEST_STATE_EXAMPLE_H
#define TG_TEST_STATE_EXAMPLE_H

#include "models/base/model.h"

extern const struct tg_model_class example_complete; /* every kind of row */
extern const struct tg_model_class example_missing;  /* a member without a row */
extern const struct tg_model_class example_nested;   /* in a struct within an array */
extern const struct tg_model_class example_pointee;  /* behind a pointer */
extern const struct tg_model_class example_twice;    /* two rows for a member */
extern const struct tg_model_class example_wrong;    /* another type than the member's */
extern const struct tg_model_class example_pointer;  /* pointers as bytes */
extern const struct tg_model_class example_tableless;

/* For test_state.c: an instance of example_complete. */
struct example_part {
    uint16_t a[2];
    bool b;
};

struct example {
    struct tg_model model;
    uint64_t rate;
    char *title;
    struct tg_irq out[2];
    struct tg_bus_port bus;
    uint32_t control, level;
    uint64_t events;
    int16_t offset[3];
    uint8_t grid[2][3];
    enum { ONE, TWO } mode;
    struct example_part part, parts[2];
    unsigned n_some;
    uint32_t some[8];
    uint8_t text[12];
    struct tg_event event;
    struct example_part *heap;
    uint64_t *numbers; /* 4 */
    uint8_t *memory;
    uint8_t *blob;
    size_t blob_size;
    uint32_t hidden; /* register HIDDEN, by its callbacks */
    /* no state */
    uint64_t twice; /* of rate */
    void *host;
    struct {
        const void *who;
        int number;
    } links[3];
};
#define EXAMPLE_MEMORY (5 * 4096 + 100)

#endif
