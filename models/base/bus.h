/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bus transactions and ports. A port is the initiator's end of a binding; whoever binds it (a test, the
 * fabric, or the TLM wrapper in sim/tlm, which turns it into a b_transport with the attributes as an
 * extension) supplies the functions.
 */
#ifndef TG_BASE_BUS_H
#define TG_BASE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/time.h"

enum tg_bus_resp {
    TG_BUS_OK = 0,
    TG_BUS_DECERR, /* nothing at that address */
    TG_BUS_SLVERR, /* the target refuses: size, alignment, permission */
};

/* Memory type as the requester's translation gave it (Arm ARM B2.7). */
enum tg_mem_type {
    TG_MEM_NORMAL_WB = 0, /* cacheable */
    TG_MEM_NORMAL_NC,     /* non-cacheable (also write-through); transactions ask no cache on the way */
    TG_MEM_DEVICE_GRE,
    TG_MEM_DEVICE_nGRE,
    TG_MEM_DEVICE_nGnRE,
    TG_MEM_DEVICE_nGnRnE,
};

/* What kind of transaction; only timing depends on it. */
enum tg_bus_kind {
    TG_BUS_DATA = 0, /* an access; without data to memory that is not cached: timing only */
    TG_BUS_FETCH,    /* instruction line fill */
    TG_BUS_WALK,     /* translation table walk */
    TG_BUS_PREFETCH,
    TG_BUS_WRITEBACK, /* eviction of a dirty line: address and size only */
    TG_BUS_LINEFILL,  /* tags and timing only: data may be NULL, bytes come by DMI */
};

/* Who answered a line fill; set by the fabric, for the requester's CPI stack. */
enum tg_bus_served {
    TG_SERVED_UNKNOWN = 0,
    TG_SERVED_PEER,    /* another PE's cache */
    TG_SERVED_SLC,     /* system-level cache */
    TG_SERVED_MEMORY,  /* DRAM */
    TG_SERVED_CLUSTER, /* cache shared by the PE's cluster */
};

struct tg_bus_attrs {
    bool secure;
    bool privileged;
    uint8_t mem_type;   /* enum tg_mem_type */
    uint8_t kind;       /* enum tg_bus_kind */
    bool exclusive;     /* line wanted in a unique state (store, atomic) */
    uint32_t requester; /* PE index, or 0x1000 + device number for other masters */
    uint32_t stream_id; /* SMMU stream, devices only */
    uint32_t substream_id;
};

struct tg_bus_txn {
    uint64_t addr;
    void *data;    /* size bytes, little-endian in bus order; may be NULL for timing-only kinds */
    uint32_t size; /* bytes; 1, 2, 4, 8, 16 for devices, up to a page for RAM */
    bool write;
    struct tg_bus_attrs attrs;
    tg_time time;    /* in: absolute local time of the requester at the request */
    tg_time latency; /* in/out: the targets on the way add theirs */
    enum tg_bus_resp resp;
    uint8_t served; /* out: enum tg_bus_served */
};

/* Host memory behind [base, base + size): what get_dmi answers. */
struct tg_dmi {
    uint64_t base, size;
    uint8_t *host; /* host address of `base` */
    bool writable;
    bool secure; /* for Secure accesses only; others are answered with an error */
};

struct tg_bus_port {
    void (*transport)(void *opaque, struct tg_bus_txn *txn);          /* sets txn->resp, adds txn->latency */
    bool (*get_dmi)(void *opaque, uint64_t addr, struct tg_dmi *out); /* false: no host memory there */
    void *opaque;
};

/* The target's end. A model with register frames gets this from tg_model_transport(). */
struct tg_bus_target {
    void (*transport)(void *opaque, struct tg_bus_txn *txn);
    bool (*get_dmi)(void *opaque, uint64_t addr, struct tg_dmi *out); /* may be NULL */
    void *opaque;
};

/* DMA helpers for bus-mastering devices: split by page, return the response. attrs.requester etc. come from
 * `attrs`. */
enum tg_bus_resp tg_bus_read(const struct tg_bus_port *port, const struct tg_bus_attrs *attrs, tg_time now,
                             uint64_t addr, void *data, size_t size);
enum tg_bus_resp tg_bus_write(const struct tg_bus_port *port, const struct tg_bus_attrs *attrs, tg_time now,
                              uint64_t addr, const void *data, size_t size);

#endif
