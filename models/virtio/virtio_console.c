/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio console (virtio 1.2, 5.3), one port, over a struct tg_chardev. Output leaves at the notification;
 * input fills one receive buffer per delivery. Long queues are worked off in portions, the rest from the
 * event queue.
 *
 * Not offered: several ports (VIRTIO_CONSOLE_F_MULTIPORT) and their control queues.
 */
#include "models/virtio/virtio.h"

#include <string.h>
#include "models/base/backend.h"
#include "models/virtio/virtio_device.h"

#define F_SIZE        TG_BIT(0)
#define F_EMERG_WRITE TG_BIT(2)

#define PORTION     (64u * 1024) /* bytes, and at most CHAINS buffers, per notification or event */
#define CHAINS      64u
#define PAUSE       TG_US /* simulated time to the next portion */
#define EMERG_WRITE 8u    /* offset in the configuration space */

enum { RX, TX };

struct virtio_console {
    struct virtio_device dev;
    uint32_t cols, rows, queue_size;
    struct tg_chardev *chardev;
    struct tg_event more;
    bool sending;     /* `tx` is partly sent */
    uint64_t tx_done; /* bytes of it */
    bool refused;     /* the character device has more to offer */
    struct virtq_elem tx, rx;
    uint64_t tx_bytes, rx_bytes;
};

static struct virtio_console *console(struct virtio_device *dev)
{
    return (struct virtio_console *)dev;
}

static uint64_t features(struct virtio_device *dev)
{
    return F_EMERG_WRITE | (console(dev)->cols && console(dev)->rows ? F_SIZE : 0);
}

static void config_read(struct virtio_device *dev, uint32_t offset, void *data, uint32_t n)
{
    struct {
        uint16_t cols, rows;
        uint32_t max_nr_ports, emerg_wr;
    } c = {.cols = (uint16_t)console(dev)->cols, .rows = (uint16_t)console(dev)->rows, .max_nr_ports = 1};

    memcpy(data, (const uint8_t *)&c + offset, n);
}

static void put(struct virtio_console *c, const uint8_t *data, size_t n)
{
    c->tx_bytes += n;
    if (c->chardev && c->chardev->write)
        c->chardev->write(c->chardev->opaque, data, n);
}

/* 5.3.4: the low byte appears at once, also before the driver is set up. */
static void config_write(struct virtio_device *dev, uint32_t offset, const void *data, uint32_t n,
                         tg_time now)
{
    (void)now;
    if (offset != EMERG_WRITE || n > 4) {
        TG_GUEST_ERROR(&dev->model, "write of configuration space at 0x%x, %u bytes; ignored", offset, n);
        return;
    }
    put(console(dev), data, 1);
}

static void transmit(struct virtio_console *c, tg_time now)
{
    struct virtq *q = &c->dev.vq[TX];
    uint8_t buf[4096];
    unsigned chains = 0;
    size_t bytes = 0;

    for (;;) {
        if (!c->sending) {
            if (chains == CHAINS)
                break;
            if (virtq_pop(q, &c->tx, now) != 1)
                return;
            c->sending = true;
            c->tx_done = 0;
            chains++;
        }
        while (c->tx_done < c->tx.out_len && bytes < PORTION) {
            uint64_t left = c->tx.out_len - c->tx_done;
            size_t n = left < sizeof(buf) ? (size_t)left : sizeof(buf);

            if (virtq_read(q, &c->tx, c->tx_done, buf, n, now))
                return;
            put(c, buf, n);
            c->tx_done += n;
            bytes += n;
        }
        if (c->tx_done < c->tx.out_len)
            break;
        c->sending = false;
        if (virtq_push(q, &c->tx, 0, now))
            return;
    }
    tg_evq_schedule(c->dev.model.env->evq, &c->more, now + PAUSE);
}

static void on_more(void *opaque, tg_time now)
{
    transmit(opaque, now);
}

/* From the character device: as much as one buffer holds; it offers the rest when asked for. */
static size_t receive(void *device, const uint8_t *data, size_t n)
{
    struct virtio_console *c = device;
    struct virtq *q = &c->dev.vq[RX];
    tg_time now = tg_evq_now(c->dev.model.env->evq);
    size_t taken = 0;

    while (taken < n && virtio_device_running(&c->dev) && virtq_pop(q, &c->rx, now) == 1) {
        size_t part = n - taken < c->rx.in_len ? n - taken : (size_t)c->rx.in_len;

        if (!part) {
            VIRTIO_FAIL(&c->dev, now, "receive buffer without writable bytes");
            break;
        }
        if (virtq_write(q, &c->rx, 0, data + taken, part, now) || virtq_push(q, &c->rx, (uint32_t)part, now))
            break;
        taken += part;
        c->rx_bytes += part;
    }
    c->refused = taken < n;
    return taken;
}

static void notify(struct virtio_device *dev, unsigned queue, tg_time now)
{
    struct virtio_console *c = console(dev);

    if (queue == TX) {
        if (!tg_event_pending(&c->more))
            transmit(c, now);
    } else if (c->refused && virtq_refresh(&dev->vq[RX], now) > 0) {
        c->refused = false;
        if (c->chardev && c->chardev->ready)
            c->chardev->ready(c->chardev->opaque);
    } else {
        virtq_refresh(&dev->vq[RX], now);
    }
}

/* Input that no buffer has taken stays with the character device: it was typed for whoever reads next. */
static void stop(struct virtio_device *dev, unsigned queue)
{
    if (queue != TX)
        return;
    tg_evq_cancel(dev->model.env->evq, &console(dev)->more);
    console(dev)->sending = false;
}

static const struct virtio_ops ops = {
    .device_id = 3,
    .features = features,
    .config_size = 12,
    .config_read = config_read,
    .config_write = config_write,
    .notify = notify,
    .stop = stop,
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct virtio_console *c = (struct virtio_console *)m;

    c->more.cb = on_more;
    c->more.opaque = c;
    if (c->chardev) {
        c->chardev->receive = receive;
        c->chardev->device = c;
    }
    return virtio_device_init(&c->dev, &ops, 2, c->queue_size, err);
}

static void fini(struct tg_model *m)
{
    struct virtio_console *c = (struct virtio_console *)m;

    tg_evq_cancel(m->env->evq, &c->more);
    if (c->chardev)
        c->chardev->receive = NULL;
}

static const struct tg_param params[] = {
    {.name = "cols",
     .type = TG_PARAM_U32,
     .unit = "characters",
     .offset = offsetof(struct virtio_console, cols),
     .def = 0,
     .min = 0,
     .max = 0xffff,
     .description = "width told to the driver; 0: not told"},
    {.name = "rows",
     .type = TG_PARAM_U32,
     .unit = "characters",
     .offset = offsetof(struct virtio_console, rows),
     .def = 0,
     .min = 0,
     .max = 0xffff,
     .description = "height told to the driver; 0: not told"},
    VIRTIO_QUEUE_SIZE_PARAM(struct virtio_console, queue_size),
};

static const struct tg_counter counters[] = {
    VIRTIO_COUNTERS(struct virtio_console),
    {"tx_bytes", "bytes", "characters sent", offsetof(struct virtio_console, tx_bytes)},
    {"rx_bytes", "bytes", "characters received", offsetof(struct virtio_console, rx_bytes)},
};

static const struct tg_port ports[] = {
    {.name = "chardev",
     .kind = TG_PORT_CHARDEV,
     .offset = offsetof(struct virtio_console, chardev),
     .description = "the terminal"},
};

static uint64_t partly_sent(const void *s)
{
    return ((const struct virtio_console *)s)->sending;
}

static const struct tg_state state[] = {
    TG_STATE_IN(struct virtio_console, dev, struct virtio_device, virtio_device_table),
    TG_STATE_EVENT(struct virtio_console, more),
    TG_STATE(struct virtio_console, sending),
    TG_STATE(struct virtio_console, tx_done),
    TG_STATE(struct virtio_console, refused),
    TG_STATE_SOME_IN(struct virtio_console, tx, struct virtq_elem, virtq_elem_table, partly_sent),
    TG_STATE_HOST(struct virtio_console, rx, "filled and given back within a call"),
};

const struct tg_model_class tg_virtio_console_class = {
    .name = "virtio_console",
    .description = "virtio console device, one port",
    .size = sizeof(struct virtio_console),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_TABLE(struct virtio_console, state),
    .realize = realize,
    .reset = virtio_device_model_reset,
    .fini = fini,
};
