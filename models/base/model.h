/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model class. Everything there is to know of a model from outside stands in one constant table:
 * parameters, register frames, counters, ports, state. From it come the check of the Lua parameters, `tollgate
 * describe`, register access, statistics, documentation, dump, save and restore. An instance is a struct whose first
 * member is `struct tg_model`; offsets in the tables are offsetof() into that struct.
 *
 * Life of an instance: tg_model_new (zeroed, defaults set) -> sim/platform sets parameters, binds ports ->
 * tg_model_realize (checks the tables, calls cls->realize) -> tg_model_reset -> ... -> tg_model_free.
 */
#ifndef TG_BASE_MODEL_H
#define TG_BASE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/bits.h"
#include "models/base/bus.h"
#include "models/base/evq.h"
#include "models/base/irq.h"
#include "models/base/log.h"
#include "models/base/state.h"
#include "models/base/time.h"

struct tg_model;

/* What a device may ask of the whole machine. */
enum tg_system_event { TG_SYSTEM_OFF, TG_SYSTEM_RESET };

/* What all models of one machine share. */
struct tg_env {
    struct tg_evq *evq;
    struct tg_log *log;
    uint64_t seed; /* of the run; models derive their own generators from it and their name */
    /* A power controller asks for the machine's end or reset; `who` is the model's name. NULL: nobody
     * listens. */
    void (*system)(void *opaque, enum tg_system_event event, const char *who);
    void *system_opaque;
};

/* ---- errors of the user ---- */

struct tg_error {
    char text[512]; /* what was found, what was expected; without a final dot or newline */
};

/* Formats into err (may be NULL) and returns -code. */
int tg_error_set(struct tg_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- parameters ---- */

enum tg_param_type {
    TG_PARAM_BOOL,   /* bool */
    TG_PARAM_U32,    /* uint32_t, a plain number (or cycles) */
    TG_PARAM_U64,    /* uint64_t */
    TG_PARAM_FREQ,   /* uint64_t hertz; written "2.6GHz" in Lua */
    TG_PARAM_SIZE,   /* uint64_t bytes; "512KiB" */
    TG_PARAM_TIME,   /* uint64_t picoseconds; "90ns" */
    TG_PARAM_STRING, /* char *, owned by the instance (freed by tg_model_free) */
    TG_PARAM_ENUM,   /* uint32_t index into choices */
};

struct tg_param {
    const char *name; /* may have dots: "l2.size" is l2 = { size = ... } in Lua */
    enum tg_param_type type;
    const char *unit; /* "cycles", "entries", ... for description; NULL: by type */
    size_t offset;
    uint64_t def;               /* default (bool, numbers, enum index) */
    const char *def_str;        /* default of a string; NULL: none */
    uint64_t min, max;          /* inclusive; 0,0: no check */
    const char *const *choices; /* NULL-terminated, enums only */
    const char *description;    /* with the source of the figure where it is one */
};

/* ---- counters ---- */

/* A uint64_t in the instance that only grows; a plain add on the hot path, never reset. */
struct tg_counter {
    const char *name;
    const char *unit; /* "accesses", "cycles", ... */
    const char *description;
    size_t offset;
};

/* ---- ports ---- */

enum tg_port_kind {
    TG_PORT_IRQ_OUT,  /* struct tg_irq[count] */
    TG_PORT_BUS,      /* struct tg_bus_port (initiator) */
    TG_PORT_CHARDEV,  /* struct tg_chardev * */
    TG_PORT_BLOCKDEV, /* struct tg_blockdev * */
    TG_PORT_NETDEV,   /* struct tg_netdev * */
    TG_PORT_MODEL,    /* struct tg_model * of class peer_class (NULL: any) */
};

struct tg_port {
    const char *name;
    enum tg_port_kind kind;
    size_t offset;
    unsigned count; /* array length; 0 counts as 1 */
    const char *peer_class;
    const char *description;
};

/* ---- register frames ---- */

enum tg_reg_access {
    TG_RW = 0,
    TG_RO,   /* writes ignored (silently; log with a write callback if it matters) */
    TG_WO,   /* reads as zero */
    TG_RES0, /* reads as zero, writes ignored: reserved, named so that it is known to be meant */
};

#define TG_NOFIELD SIZE_MAX

/* One access as a register callback sees it. */
struct tg_reg_io {
    const struct tg_reg *reg;
    unsigned frame_inst; /* which copy of the frame (e.g. redistributor number) */
    unsigned index;      /* of an array register */
    unsigned byte;       /* first byte inside the register, of a narrower access */
    unsigned size;       /* bytes of the access inside this register */
    tg_time now;
    const struct tg_bus_attrs *attrs;
    tg_time *latency;       /* may be added to */
    enum tg_bus_resp *resp; /* may be set */
};

struct tg_reg {
    const char *name;
    uint32_t offset; /* of element 0 in the frame */
    uint16_t width;  /* bytes: 1, 2, 4, 8 */
    uint16_t sizes;  /* allowed access sizes as a mask of byte counts (1|2|4|8); 0: the width only (and both
                        32-bit halves of a 64-bit one) */
    uint16_t count;  /* array length; 0 counts as 1 */
    uint16_t stride; /* bytes between elements; 0: width */
    uint8_t access;  /* enum tg_reg_access */
    uint64_t reset;
    uint64_t wmask; /* bits that a plain write changes; with a write callback: not applied */
    size_t field;   /* offsetof storage (uintN_t [count] of the register's width) for plain registers, or
                       TG_NOFIELD; frames with   several copies use callbacks */
    uint64_t (*read)(struct tg_model *m,
                     const struct tg_reg_io *io); /* whole register value; NULL: the field */
    void (*write)(struct tg_model *m, const struct tg_reg_io *io,
                  uint64_t value); /* value merged for narrow writes */
    /* Of a register without a field, for state.h. `save` gives its value without any effect, of the copy and the
     * element; alone it shows what is state elsewhere (dumps), with `restore` the register is state itself. NULL:
     * neither. */
    uint64_t (*save)(struct tg_model *m, unsigned frame_inst, unsigned index);
    void (*restore)(struct tg_model *m, unsigned frame_inst, unsigned index, uint64_t value);
    const char *description; /* with the section of the manual */
};

struct tg_reg_frame {
    const char *name;
    uint64_t size;             /* bytes of one copy */
    const struct tg_reg *regs; /* sorted by offset; overlaps are refused by tg_model_realize */
    size_t n_regs;
    unsigned copies_offset_plus1; /* offsetof(uint32_t number of copies)+1, or 0: one copy. Copies lie one
                                     after another */
    /* Accesses that hit no row: NULL means read-as-zero/write-ignored with one guest-error line. */
    void (*other)(struct tg_model *m, unsigned frame_inst, struct tg_bus_txn *txn, uint64_t offset);
};

/* ---- the class ---- */

struct tg_model_class {
    const char *name;        /* as in Lua and in `tollgate describe`: "pl011" */
    const char *description; /* one line */
    size_t size;             /* of the instance struct */
    const struct tg_param *params;
    size_t n_params;
    const struct tg_reg_frame *frames;
    size_t n_frames;
    const struct tg_counter *counters;
    size_t n_counters;
    void (*derive)(
        struct tg_model *m); /* NULL, or computes the counters that follow from others; before a read */
    const struct tg_port *ports;
    size_t n_ports;
    const struct tg_state_table *state; /* every member that stands in no other table: state.h */
    unsigned irq_inputs; /* number of input lines (tg_model_irq_in); 0: none; UINT_MAX: as realize decides */
    int (*realize)(struct tg_model *m, struct tg_error *err);
    void (*reset)(struct tg_model *m);
    void (*settle)(
        struct tg_model *m); /* after a restore of all models: works out what is derived; NULL: nothing */
    void (*fini)(struct tg_model *m);
    /* Input line: NULL when the model has none. */
    void (*irq_in)(void *m, unsigned line, bool level, tg_time at);
    /* A target that is not made of register frames (RAM, a fabric, virtio config space, ...): replaces the
     * register engine. */
    void (*transport)(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn);
    bool (*get_dmi)(struct tg_model *m, unsigned frame, uint64_t addr, struct tg_dmi *out);
    /* Device tree: compatible string(s), NUL-separated and NUL-terminated twice by the literal, or NULL;
     * sim/boot builds nodes. */
    const char *dt_compatible;
};

struct tg_model {
    const struct tg_model_class *cls;
    char *name; /* "uart0" */
    struct tg_env *env;
    uint16_t **reg_index; /* [n_frames]: by offset/4 (or byte offset when a frame has sub-word rows), 1-based
                             row; internal */
};

struct tg_model *tg_model_new(const struct tg_model_class *cls, const char *name, struct tg_env *env);
int tg_model_realize(struct tg_model *m, struct tg_error *err); /* 0, or -EINVAL with err set; -ENOMEM */
void tg_model_reset(struct tg_model *m); /* register fields to their reset values, then cls->reset */
void tg_model_free(struct tg_model *m);

const struct tg_param *tg_model_param(const struct tg_model_class *cls, const char *name);
/* Range-checked setters; -EINVAL with err set. Value units as in enum tg_param_type. */
int tg_model_set_u64(struct tg_model *m, const struct tg_param *p, uint64_t value, struct tg_error *err);
int tg_model_set_string(struct tg_model *m, const struct tg_param *p, const char *value,
                        struct tg_error *err);
uint64_t tg_model_get_u64(const struct tg_model *m, const struct tg_param *p);

const struct tg_port *tg_model_port(const struct tg_model_class *cls, const char *name);
uint64_t tg_model_counter(const struct tg_model *m, const struct tg_counter *c);

/* A bus access to frame number `frame`; txn->addr is the offset in the frame (copies included). What the
 * rows do not allow (reserved offsets, sizes, alignment) reads as zero, is not written, and is one
 * guest-error line; outside the frame: DECERR. */
void tg_model_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn);

/* Size in bytes of frame `frame` with its copies. */
uint64_t tg_model_frame_size(const struct tg_model *m, unsigned frame);

/* Binds an interrupt output (element i of port p) to an input line of a model. */
void tg_model_bind_irq(struct tg_model *m, const struct tg_port *p, unsigned i, struct tg_model *sink,
                       unsigned line);

#endif
