/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtqueues as devices use them: take a buffer chain, read and write it, give it back. Which layout the
 * rings have (split, 2.7; packed, 2.8, not yet) is known to virtq.c alone.
 *
 * Whatever a driver puts into memory, each call does bounded work and either succeeds or puts the device into
 * DEVICE_NEEDS_RESET (2.1) with one guest-error line; from then on every call fails without effect.
 */
#ifndef TG_VIRTIO_VIRTQ_H
#define TG_VIRTIO_VIRTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/state.h"
#include "models/base/time.h"

#define VIRTQ_MAX_SIZE 1024 /* entries of a ring; ours, the specification allows 32768 */
#define VIRTQ_MAX_SEGS 1024 /* buffers of one chain, indirect ones included */

struct virtio_device;

struct virtq {
    struct virtio_device *dev;
    unsigned index;
    /* set by the transport */
    uint32_t max_size; /* what the device offers; 0: no such queue */
    uint32_t size;
    uint64_t desc, driver, device; /* descriptor table, available ring, used ring */
    bool ready;
    /* ring positions, modulo 2^16 */
    uint16_t last_avail; /* next entry to take */
    uint16_t seen;       /* the driver's index when last read */
    uint16_t used;       /* next entry to fill */
    uint16_t signalled;  /* `used` when the driver was last considered for an interrupt */
    bool signalled_valid;
};

struct virtq_seg {
    uint64_t addr;
    uint32_t len;
};

/* A chain: first n_out segments to read, then n_in to write; their bytes count as two streams. */
struct virtq_elem {
    uint16_t head;
    unsigned n_out, n_in;
    uint64_t out_len, in_len;
    struct virtq_seg seg[VIRTQ_MAX_SEGS];
};

extern const struct tg_state_table virtq_table, virtq_elem_table;

void virtq_init(struct virtq *q, struct virtio_device *dev, unsigned index, uint32_t max_size);
void virtq_reset(struct virtq *q);
/* The driver enables the queue: checks size and addresses. */
void virtq_enable(struct virtq *q, tg_time now);

/* Reads the driver's index and asks to be told of anything after it. Returns how many entries are there to
 * take, -1: broken. */
int virtq_refresh(struct virtq *q, tg_time now);
/* Takes the next chain. 1: taken, 0: none there, -1: broken. */
int virtq_pop(struct virtq *q, struct virtq_elem *elem, tg_time now);
/* Puts the last n chains back, in order, as if never taken. */
void virtq_unpop(struct virtq *q, unsigned n);

/* n bytes at `offset` of the chain's readable or writable stream; the caller keeps inside out_len or in_len.
 * 0 or -1: broken. */
int virtq_read(struct virtq *q, const struct virtq_elem *elem, uint64_t offset, void *data, size_t n,
               tg_time now);
int virtq_write(struct virtq *q, const struct virtq_elem *elem, uint64_t offset, const void *data, size_t n,
                tg_time now);

/* Gives a chain back with the number of bytes written; with `ahead` > 0 that many places further on, not
 * shown yet. */
int virtq_fill(struct virtq *q, uint16_t head, uint32_t written, unsigned ahead, tg_time now);
/* Shows the driver n filled entries. */
int virtq_flush(struct virtq *q, unsigned n, tg_time now);
/* Interrupts the driver if it wants to hear of what was flushed since the last call. */
void virtq_interrupt(struct virtq *q, tg_time now);
/* fill, flush and interrupt for one chain. */
int virtq_push(struct virtq *q, const struct virtq_elem *elem, uint32_t written, tg_time now);

#endif
