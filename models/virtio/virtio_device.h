/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between virtio devices and transports (this room's own business; platforms see virtio.h). A device
 * embeds struct virtio_device, fills `ops` and its queues at realize, and never knows how it is reached. A
 * transport holds a pointer to it, attaches a struct virtio_bus, and turns registers (or capabilities) into
 * the calls below.
 *
 * How a request ends. It ends with its used buffer notification, or it is dropped: when its queue is disabled
 * (QueueReady = 0) or reset (2.6.1), the device is reset (2.4), the driver gives up (FAILED), or the device
 * breaks (DEVICE_NEEDS_RESET). It is dropped at once: when the write of the register is over, the device does
 * not touch the queue's rings or buffers again, makes no used entry, sends no notification, and begins
 * nothing more at the backend. What was done before that stays: buffers and blocks may be partly written,
 * characters are sent, and an interrupt that was raised stays raised (a device reset clears it). Clearing
 * other status bits is not a way to stop a device (2.1.1): DRIVER_OK stays, and requests go on.
 */
#ifndef TG_VIRTIO_VIRTIO_DEVICE_H
#define TG_VIRTIO_VIRTIO_DEVICE_H

#include "models/base/model.h"
#include "models/virtio/virtq.h"

#define VIRTIO_MAX_QUEUES 4

/* Device status, 2.1 */
#define VIRTIO_S_ACKNOWLEDGE TG_BIT(0)
#define VIRTIO_S_DRIVER      TG_BIT(1)
#define VIRTIO_S_DRIVER_OK   TG_BIT(2)
#define VIRTIO_S_FEATURES_OK TG_BIT(3)
#define VIRTIO_S_NEEDS_RESET TG_BIT(6)
#define VIRTIO_S_FAILED      TG_BIT(7)

/* Features of every device, 6 */
#define VIRTIO_F_INDIRECT_DESC TG_BIT(28)
#define VIRTIO_F_EVENT_IDX     TG_BIT(29)
#define VIRTIO_F_VERSION_1     TG_BIT(32)
#define VIRTIO_F_RING_RESET    TG_BIT(40)
#define VIRTIO_F_COMMON \
    (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET)

struct virtio_device;

/* What a transport offers its device. */
struct virtio_bus {
    const struct tg_bus_port *port;
    struct tg_bus_attrs attrs;
    void (*used)(void *opaque, unsigned queue, tg_time now); /* used buffer notification */
    void (*config)(void *opaque, tg_time now);               /* configuration change notification */
    void *opaque;
};

struct virtio_ops {
    uint32_t device_id;                              /* 5 */
    uint64_t (*features)(struct virtio_device *dev); /* the device's own; the common ones are added */
    /* Configuration space: fills or takes `n` bytes at `offset`, offset + n <= config_size. write may be
     * NULL. */
    uint32_t config_size;
    void (*config_read)(struct virtio_device *dev, uint32_t offset, void *data, uint32_t n);
    void (*config_write)(struct virtio_device *dev, uint32_t offset, const void *data, uint32_t n,
                         tg_time now);
    void (*notify)(struct virtio_device *dev, unsigned queue, tg_time now); /* only while the device runs */
    /* Queue `queue` is taken away: see 'How a request ends'. Called with the queue no longer usable, maybe
     * from within a call of ours to virtq_*(). */
    void (*stop)(struct virtio_device *dev, unsigned queue);
    void (*reset)(
        struct virtio_device *dev); /* device reset, behind `stop` of each queue; NULL: no more to do */
};

struct virtio_device {
    struct tg_model model; /* first */
    const struct virtio_ops *ops;
    struct virtio_bus bus; /* .port NULL: not attached */
    uint8_t status;
    uint64_t driver_features;
    uint32_t config_generation;
    unsigned
        in_dma; /* a bus access of ours is under way: what comes back to our registers meanwhile is refused */
    struct virtq vq[VIRTIO_MAX_QUEUES];
    /* counters of every device */
    uint64_t notifications, interrupts, chains;
};

/* What every device has of state. A state knows no operation of a backend that is under way: backends do theirs within
 * the call, so a request is in its queue, or taken (`elem` of the device, with the event at which it goes on), or done.
 * Input that a backend holds back (`refused`) is the backend's, and is offered again when the device has room. */
extern const struct tg_state_table virtio_device_table;

/* One guest-error line, and the device stops until it is reset. */
#define VIRTIO_FAIL(dev, now, ...)                  \
    do {                                            \
        TG_GUEST_ERROR(&(dev)->model, __VA_ARGS__); \
        virtio_device_fail(dev, now);               \
    } while (0)

#define VIRTIO_COUNTERS(T)                                                                            \
    {"notifications", "events", "queue notifications by the driver", offsetof(T, dev.notifications)}, \
        {"interrupts", "events", "used buffer notifications sent", offsetof(T, dev.interrupts)},      \
    {                                                                                                 \
        "chains", "chains", "descriptor chains processed", offsetof(T, dev.chains)                    \
    }

#define VIRTIO_QUEUE_SIZE_PARAM(T, member)                                                            \
    {                                                                                                 \
        .name = "queue_size", .type = TG_PARAM_U32, .unit = "entries", .offset = offsetof(T, member), \
        .def = 256, .min = 2, .max = VIRTQ_MAX_SIZE,                                                  \
        .description = "largest size of each queue, a power of two"                                   \
    }

/* ---- for devices ---- */

/* At realize: sets ops and n queues of `queue_size` entries. */
int virtio_device_init(struct virtio_device *dev, const struct virtio_ops *ops, unsigned n_queues,
                       uint32_t queue_size, struct tg_error *err);
/* The `reset` of every device's model class; a transport recognises devices by it. */
void virtio_device_model_reset(struct tg_model *m);
void virtio_device_fail(struct virtio_device *dev, tg_time now);
/* The configuration space changed (2.5): next generation, notification. */
void virtio_device_config_changed(struct virtio_device *dev, tg_time now);
bool virtio_device_running(const struct virtio_device *dev); /* DRIVER_OK, not broken, not given up */
bool virtio_device_has(const struct virtio_device *dev, uint64_t feature);
/* Bus access on behalf of a queue; false: bus error. */
bool virtio_dma(struct virtio_device *dev, bool write, uint64_t addr, void *data, size_t n, tg_time now);
/* A generator's seed of its own for each instance: from the run's seed and the name. */
uint64_t virtio_device_seed(const struct virtio_device *dev);

/* ---- for transports ---- */

bool virtio_device_is(const struct tg_model *m); /* is this model a virtio device? */
void virtio_device_attach(struct virtio_device *dev, const struct virtio_bus *bus);
uint64_t virtio_device_features(struct virtio_device *dev);
/* 32 feature bits that the driver accepts; sel 0: bits 31:0, 1: 63:32. */
void virtio_device_accept(struct virtio_device *dev, uint32_t sel, uint32_t bits);
void virtio_device_set_status(struct virtio_device *dev, uint8_t status, tg_time now); /* 0 resets */
struct virtq *virtio_device_queue(struct virtio_device *dev, uint32_t index); /* NULL: no such queue */
/* Disables a queue; what is in flight is dropped. Its size and addresses stay as the driver set them. */
void virtio_device_queue_disable(struct virtio_device *dev, struct virtq *q);
/* Queue reset (2.6.1): as disable, and size and addresses are as after a device reset. */
void virtio_device_queue_reset(struct virtio_device *dev, struct virtq *q);
void virtio_device_notify(struct virtio_device *dev, uint32_t queue, tg_time now);
void virtio_device_config_read(struct virtio_device *dev, uint64_t offset, void *data, uint32_t n);
void virtio_device_config_write(struct virtio_device *dev, uint64_t offset, const void *data, uint32_t n,
                                tg_time now);

#endif
