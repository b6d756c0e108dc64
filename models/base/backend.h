/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world outside the machine, as devices see it. sim/ implements these over files, terminals and libslirp;
 * tests implement them over arrays. Host input is delivered by sim/ only at defined simulated times, from the
 * event queue.
 */
#ifndef TG_BASE_BACKEND_H
#define TG_BASE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stream of bytes: serial line, console. */
struct tg_chardev {
    /* Device -> world; takes all bytes. NULL: discarded. */
    void (*write)(void *opaque, const uint8_t *data, size_t n);
    /* The device has room for more input again (flow control). NULL: nobody cares. */
    void (*ready)(void *opaque);
    void *opaque;
    /* Set by the device: world -> device. Returns how many bytes it took (0..n); the rest is offered again
     * after ready(). */
    size_t (*receive)(void *device, const uint8_t *data, size_t n);
    void *device;
};

/* A disk. Offsets and sizes in bytes. Return 0 or -errno; never partial. */
struct tg_blockdev {
    int (*read)(void *opaque, uint64_t offset, void *data, size_t n);
    int (*write)(void *opaque, uint64_t offset, const void *data, size_t n); /* -EROFS when read-only */
    int (*flush)(void *opaque);
    int (*discard)(void *opaque, uint64_t offset, uint64_t n, bool zero); /* may be NULL */
    uint64_t (*size)(void *opaque);                                       /* may change while in use */
    bool read_only;
    void *opaque;
};

/* An Ethernet port; whole frames without FCS. */
struct tg_netdev {
    void (*send)(void *opaque, const uint8_t *frame, size_t n); /* device -> world; NULL: discarded */
    void (*ready)(void *opaque);
    void *opaque;
    bool (*receive)(void *device, const uint8_t *frame,
                    size_t n); /* set by the device; false: no room, offer again after ready() */
    void *device;
};

#endif
