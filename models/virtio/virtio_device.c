/* SPDX-License-Identifier: Apache-2.0 */
/* What all virtio devices have in common: status, features, queues, failure (virtio 1.2, 2 and 3). No
 * transport, no rings. */
#include "models/virtio/virtio_device.h"

#include <errno.h>
#include <string.h>
#include "models/virtio/virtio.h"

const struct tg_model_class *const tg_virtio_classes[] = {
    &tg_virtio_mmio_class,    &tg_virtio_blk_class, &tg_virtio_net_class,
    &tg_virtio_console_class, &tg_virtio_rng_class, NULL,
};

int virtio_device_init(struct virtio_device *dev, const struct virtio_ops *ops, unsigned n_queues,
                       uint32_t queue_size, struct tg_error *err)
{
    if (queue_size & (queue_size - 1))
        return tg_error_set(err, EINVAL, "queue_size: found %u, expected a power of two from 2 to %u",
                            queue_size, VIRTQ_MAX_SIZE);
    dev->ops = ops;
    for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
        virtq_init(&dev->vq[i], dev, i, i < n_queues ? queue_size : 0);
    return 0;
}

/* Drops what is in flight in every queue. */
static void stop(struct virtio_device *dev)
{
    for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
        if (dev->vq[i].max_size)
            dev->ops->stop(dev, i);
}

static void reset(struct virtio_device *dev)
{
    if (!dev->ops) /* not realized yet */
        return;
    dev->status = 0;
    dev->driver_features = 0;
    stop(dev);
    for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
        virtq_reset(&dev->vq[i]);
    if (dev->ops->reset)
        dev->ops->reset(dev);
}

void virtio_device_model_reset(struct tg_model *m)
{
    reset((struct virtio_device *)m);
}

bool virtio_device_is(const struct tg_model *m)
{
    return m->cls->reset == virtio_device_model_reset;
}

void virtio_device_attach(struct virtio_device *dev, const struct virtio_bus *bus)
{
    dev->bus = *bus;
}

bool virtio_device_running(const struct virtio_device *dev)
{
    return (dev->status & (VIRTIO_S_DRIVER_OK | VIRTIO_S_NEEDS_RESET | VIRTIO_S_FAILED)) ==
               VIRTIO_S_DRIVER_OK &&
           dev->bus.port;
}

bool virtio_device_has(const struct virtio_device *dev, uint64_t feature)
{
    return (dev->driver_features & feature) != 0;
}

void virtio_device_fail(struct virtio_device *dev, tg_time now)
{
    bool running = virtio_device_running(dev);

    dev->status |= VIRTIO_S_NEEDS_RESET;
    stop(dev);
    if (running) /* 2.1.2: tell a driver that has set DRIVER_OK */
        dev->bus.config(dev->bus.opaque, now);
}

void virtio_device_config_changed(struct virtio_device *dev, tg_time now)
{
    dev->config_generation++;
    if (virtio_device_running(dev))
        dev->bus.config(dev->bus.opaque, now);
}

bool virtio_dma(struct virtio_device *dev, bool write, uint64_t addr, void *data, size_t n, tg_time now)
{
    enum tg_bus_resp resp;

    dev->in_dma++;
    if (write)
        resp = tg_bus_write(dev->bus.port, &dev->bus.attrs, now, addr, data, n);
    else
        resp = tg_bus_read(dev->bus.port, &dev->bus.attrs, now, addr, data, n);
    dev->in_dma--;
    return resp == TG_BUS_OK;
}

/* FNV-1a over the name, mixed with the run's seed. */
uint64_t virtio_device_seed(const struct virtio_device *dev)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (const char *c = dev->model.name; *c; c++)
        h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    return h ^ (dev->model.env->seed * UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t virtio_device_features(struct virtio_device *dev)
{
    return dev->ops->features(dev) | VIRTIO_F_COMMON;
}

void virtio_device_accept(struct virtio_device *dev, uint32_t sel, uint32_t bits)
{
    if (dev->status & VIRTIO_S_FEATURES_OK) { /* 3.1.1: not after FEATURES_OK */
        TG_GUEST_ERROR(&dev->model, "driver features written after FEATURES_OK; ignored");
        return;
    }
    if (sel == 0)
        tg_set(&dev->driver_features, TG_FIELD(31, 0), bits);
    else if (sel == 1)
        tg_set(&dev->driver_features, TG_FIELD(63, 32), bits);
    else if (bits)
        TG_GUEST_ERROR(&dev->model, "driver accepts features 0x%x of word %u, none were offered", bits, sel);
}

void virtio_device_set_status(struct virtio_device *dev, uint8_t status, tg_time now)
{
    uint8_t old = dev->status;

    if (!status) {
        reset(dev);
        return;
    }
    if (old & ~status & (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FEATURES_OK | VIRTIO_S_DRIVER_OK))
        TG_GUEST_ERROR(&dev->model, "driver clears status bits: 0x%x after 0x%x; only a reset does that",
                       status, old);
    status |= old; /* 2.1.1 */
    /* A refusal of the features is an unset FEATURES_OK (3.1.1 step 5): unknown ones, or a legacy driver. */
    if ((status & ~old & VIRTIO_S_FEATURES_OK) && ((dev->driver_features & ~virtio_device_features(dev)) ||
                                                   !virtio_device_has(dev, VIRTIO_F_VERSION_1))) {
        TG_GUEST_ERROR(&dev->model, "driver's features 0x%llx refused, offered were 0x%llx",
                       (unsigned long long)dev->driver_features,
                       (unsigned long long)virtio_device_features(dev));
        status &= (uint8_t)~VIRTIO_S_FEATURES_OK;
    }
    if ((status & ~old & VIRTIO_S_DRIVER_OK) && !(status & VIRTIO_S_FEATURES_OK)) {
        TG_GUEST_ERROR(&dev->model, "driver sets DRIVER_OK without FEATURES_OK; ignored");
        status &= (uint8_t)~VIRTIO_S_DRIVER_OK;
    }
    dev->status = status;
    if (status & ~old & VIRTIO_S_FAILED) /* the driver has given up: its memory may be another's soon */
        stop(dev);
    if (status & ~old &
        VIRTIO_S_DRIVER_OK) { /* buffers made available before count from now on (3.1.1 step 8) */
        for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
            if (dev->vq[i].ready && virtio_device_running(dev))
                dev->ops->notify(dev, i, now);
    }
}

struct virtq *virtio_device_queue(struct virtio_device *dev, uint32_t index)
{
    return index < VIRTIO_MAX_QUEUES && dev->vq[index].max_size ? &dev->vq[index] : NULL;
}

void virtio_device_queue_disable(struct virtio_device *dev, struct virtq *q)
{
    q->ready = false;
    dev->ops->stop(dev, q->index);
}

void virtio_device_queue_reset(struct virtio_device *dev, struct virtq *q)
{
    virtio_device_queue_disable(dev, q);
    virtq_reset(q);
}

void virtio_device_notify(struct virtio_device *dev, uint32_t queue, tg_time now)
{
    struct virtq *q = virtio_device_queue(dev, queue);

    dev->notifications++;
    if (!q || !q->ready) {
        TG_GUEST_ERROR(&dev->model, "notification of queue %u, which is not enabled", queue);
        return;
    }
    if (virtio_device_running(dev))
        dev->ops->notify(dev, queue, now);
}

void virtio_device_config_read(struct virtio_device *dev, uint64_t offset, void *data, uint32_t n)
{
    memset(data, 0, n);
    if (offset >= dev->ops->config_size) {
        TG_GUEST_ERROR(&dev->model, "read of configuration space at 0x%llx, past its end 0x%x",
                       (unsigned long long)offset, dev->ops->config_size);
        return;
    }
    if (n > dev->ops->config_size - offset)
        n = (uint32_t)(dev->ops->config_size - offset);
    dev->ops->config_read(dev, (uint32_t)offset, data, n);
}

void virtio_device_config_write(struct virtio_device *dev, uint64_t offset, const void *data, uint32_t n,
                                tg_time now)
{
    if (!dev->ops->config_write || offset >= dev->ops->config_size || n > dev->ops->config_size - offset) {
        TG_GUEST_ERROR(&dev->model, "write of configuration space at 0x%llx, %u bytes; ignored",
                       (unsigned long long)offset, n);
        return;
    }
    dev->ops->config_write(dev, (uint32_t)offset, data, n, now);
}

static const struct tg_state state[] = {
    TG_STATE_SPAN(struct virtio_device, ops, bus, TG_WHY_FIXED, "what the device is, and its transport"),
    TG_STATE(struct virtio_device, status),
    TG_STATE(struct virtio_device, driver_features),
    TG_STATE(struct virtio_device, config_generation),
    TG_STATE_FIXED(struct virtio_device, in_dma, "0 between accesses"),
    TG_STATE_IN(struct virtio_device, vq, struct virtq, virtq_table),
    TG_STATE_SPAN(struct virtio_device, notifications, chains, TG_WHY_ELSEWHERE,
                  "counters of every device's class"),
};
const struct tg_state_table virtio_device_table = TG_STATE_INIT(struct virtio_device, state);
