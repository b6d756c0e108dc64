/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio network device (virtio 1.2, 5.1) over a struct tg_netdev: one queue pair, mergeable receive buffers,
 * MAC address and link status. Frames leave `latency` after the notification; a received frame is delivered
 * at once, or waits in the backend while the driver has no buffers.
 *
 * Not offered: checksum and segmentation offloads, control queue, several queue pairs.
 */
#include "models/virtio/virtio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "models/base/backend.h"
#include "models/virtio/virtio_device.h"

#define F_MAC       TG_BIT(5)
#define F_MRG_RXBUF TG_BIT(15)
#define F_STATUS    TG_BIT(16)
#define S_LINK_UP   1u

#define MAX_FRAME \
    1522u /* Ethernet header, one VLAN tag, 1500 bytes, and some slack for the FCS some drivers count */
#define MIN_FRAME 14u
#define CHAINS    64u /* per event */

enum { RX, TX };

/* 5.1.6; num_buffers is always there since virtio 1.0. */
struct net_header {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};
_Static_assert(sizeof(struct net_header) == 12, "layout of 5.1.6");

struct virtio_net {
    struct virtio_device dev;
    char *mac_text;
    uint64_t latency;
    uint32_t queue_size;
    struct tg_netdev *netdev;
    uint8_t mac[6];
    struct tg_event event;
    bool refused; /* the backend holds a frame for us */
    struct virtq_elem tx, rx;
    uint64_t tx_frames, tx_bytes, rx_frames, rx_bytes, tx_dropped, rx_dropped;
};

static struct virtio_net *net(struct virtio_device *dev)
{
    return (struct virtio_net *)dev;
}

static uint64_t features(struct virtio_device *dev)
{
    (void)dev;
    return F_MAC | F_MRG_RXBUF | F_STATUS;
}

static void config_read(struct virtio_device *dev, uint32_t offset, void *data, uint32_t n)
{
    uint8_t c[8];
    uint16_t status = net(dev)->netdev ? S_LINK_UP : 0;

    memcpy(c, net(dev)->mac, 6);
    memcpy(c + 6, &status, 2);
    memcpy(data, c + offset, n);
}

/* ---- transmit ---- */

static void send_one(struct virtio_net *v, tg_time now)
{
    struct virtq *q = &v->dev.vq[TX];
    struct net_header h;
    uint8_t frame[MAX_FRAME];
    uint64_t n = v->tx.out_len - sizeof(h);

    if (v->tx.out_len < sizeof(h) + MIN_FRAME || n > MAX_FRAME) {
        TG_GUEST_ERROR(&v->dev.model, "frame of %llu bytes with its header dropped, expected %zu to %zu",
                       (unsigned long long)v->tx.out_len, sizeof(h) + MIN_FRAME, sizeof(h) + MAX_FRAME);
        v->tx_dropped++;
        return;
    }
    if (virtq_read(q, &v->tx, 0, &h, sizeof(h), now) ||
        virtq_read(q, &v->tx, sizeof(h), frame, (size_t)n, now))
        return;
    if (h.flags || h.gso_type) { /* 5.1.6.2.1: only with offloads, which were not negotiated */
        TG_GUEST_ERROR(&v->dev.model, "frame with offload flags 0x%x, type 0x%x dropped: not offered",
                       h.flags, h.gso_type);
        v->tx_dropped++;
        return;
    }
    v->tx_frames++;
    v->tx_bytes += n;
    if (v->netdev && v->netdev->send)
        v->netdev->send(v->netdev->opaque, frame, (size_t)n);
}

static void on_event(void *opaque, tg_time now)
{
    struct virtio_net *v = opaque;
    struct virtq *q = &v->dev.vq[TX];
    unsigned done = 0;

    while (done < CHAINS && virtq_pop(q, &v->tx, now) == 1) {
        send_one(v, now);
        if (virtq_fill(q, v->tx.head, 0, 0, now) || virtq_flush(q, 1, now))
            return;
        done++;
    }
    if (done)
        virtq_interrupt(q, now);
    if (done == CHAINS)
        tg_evq_schedule(v->dev.model.env->evq, &v->event, now + v->latency + 1);
}

/* ---- receive ---- */

/* Copies header and frame into as many buffers as they need; without mergeable buffers one must do. 1:
 * delivered, 0: not enough buffers, -1: broken. */
static int deliver(struct virtio_net *v, const uint8_t *frame, size_t n, tg_time now)
{
    struct virtq *q = &v->dev.vq[RX];
    bool merge = virtio_device_has(&v->dev, F_MRG_RXBUF);
    struct net_header h = {.num_buffers = 1};
    size_t total = sizeof(h) + n, done = 0;
    struct virtq_seg where[2] = {{0}}; /* of num_buffers, which is known last and may straddle segments */
    unsigned used = 0;
    uint8_t all[sizeof(h) + MAX_FRAME];

    memcpy(all, &h, sizeof(h));
    memcpy(all + sizeof(h), frame, n);
    while (done < total) {
        size_t part = total - done;
        int rc = virtq_pop(q, &v->rx, now);

        if (rc <= 0) {
            if (!rc)
                virtq_unpop(q, used);
            return rc;
        }
        if (!v->rx.in_len || (!used && v->rx.in_len < sizeof(h))) {
            VIRTIO_FAIL(&v->dev, now, "receive buffer of %llu bytes has no room for the header",
                        (unsigned long long)v->rx.in_len);
            return -1;
        }
        if (part > v->rx.in_len) {
            if (!merge) { /* 5.1.6.3.1: the driver gave less than it must; the frame is lost, the buffer stays
                           */
                TG_GUEST_ERROR(&v->dev.model, "receive buffer of %llu bytes, frame of %zu dropped",
                               (unsigned long long)v->rx.in_len, n);
                virtq_unpop(q, 1);
                v->rx_dropped++;
                return 1;
            }
            part = (size_t)v->rx.in_len;
        }
        if (!used) { /* find the two bytes of num_buffers */
            uint64_t at = offsetof(struct net_header, num_buffers);
            unsigned k = 0;

            for (unsigned i = v->rx.n_out; k < 2; i++) {
                for (; k < 2 && at < v->rx.seg[i].len; at++)
                    where[k++] = (struct virtq_seg){.addr = v->rx.seg[i].addr + at, .len = 1};
                at -= v->rx.seg[i].len;
            }
        }
        if (virtq_write(q, &v->rx, 0, all + done, part, now) ||
            virtq_fill(q, v->rx.head, (uint32_t)part, used, now))
            return -1;
        done += part;
        used++;
    }
    if (used > 1) {
        uint8_t count[2] = {(uint8_t)tg_get(used, TG_FIELD(7, 0)), (uint8_t)tg_get(used, TG_FIELD(15, 8))};

        for (unsigned k = 0; k < 2; k++)
            if (!virtio_dma(&v->dev, true, where[k].addr, &count[k], 1, now))
                return -1; /* it was memory a moment ago */
    }
    if (virtq_flush(q, used, now))
        return -1;
    virtq_interrupt(q, now);
    v->rx_frames++;
    v->rx_bytes += n;
    return 1;
}

static bool receive(void *device, const uint8_t *frame, size_t n)
{
    struct virtio_net *v = device;
    int rc;

    if (!virtio_device_running(&v->dev) || !v->dev.vq[RX].ready || n > MAX_FRAME) {
        v->rx_dropped++; /* nobody listens */
        return true;
    }
    rc = deliver(v, frame, n, tg_evq_now(v->dev.model.env->evq));
    v->refused = rc == 0;
    v->rx_dropped += rc < 0;
    return rc != 0;
}

static void notify(struct virtio_device *dev, unsigned queue, tg_time now)
{
    struct virtio_net *v = net(dev);
    int n = virtq_refresh(&dev->vq[queue], now);

    if (n <= 0)
        return;
    if (queue == TX) {
        if (!tg_event_pending(&v->event))
            tg_evq_schedule(dev->model.env->evq, &v->event, now + v->latency);
    } else if (v->refused) {
        v->refused = false;
        if (v->netdev && v->netdev->ready)
            v->netdev->ready(v->netdev->opaque);
    }
}

/* A frame that waits in the backend for buffers was for the driver that had none: the backend offers it
 * again, and receive() drops it. */
static void stop(struct virtio_device *dev, unsigned queue)
{
    struct virtio_net *v = net(dev);

    if (queue == TX) {
        tg_evq_cancel(dev->model.env->evq, &v->event);
    } else if (v->refused) {
        v->refused = false;
        if (v->netdev && v->netdev->ready)
            v->netdev->ready(v->netdev->opaque);
    }
}

static const struct virtio_ops ops = {
    .device_id = 1,
    .features = features,
    .config_size = 8,
    .config_read = config_read,
    .notify = notify,
    .stop = stop,
};

/* ---- the model ---- */

static int parse_mac(struct virtio_net *v, struct tg_error *err)
{
    unsigned b[6];
    char rest;

    if (!v->mac_text || !*v->mac_text) { /* locally administered, told apart by the instance's name */
        uint64_t h = virtio_device_seed(&v->dev);

        memcpy(v->mac, (uint8_t[]){0x52, 0x54, 0x00}, 3);
        memcpy(v->mac + 3, &h, 3);
        return 0;
    }
    if (strlen(v->mac_text) != 17 || strspn(v->mac_text, "0123456789abcdefABCDEF:") != 17 ||
        sscanf(v->mac_text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &rest) !=
            6)
        return tg_error_set(err, EINVAL, "mac: found '%s', expected six bytes such as 52:54:00:12:34:56",
                            v->mac_text);
    if (b[0] & 1)
        return tg_error_set(err, EINVAL, "mac: found '%s', a group address; expected an even first byte",
                            v->mac_text);
    for (unsigned i = 0; i < 6; i++)
        v->mac[i] = (uint8_t)b[i];
    return 0;
}

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct virtio_net *v = (struct virtio_net *)m;
    int rc = parse_mac(v, err);

    if (rc)
        return rc;
    v->event.cb = on_event;
    v->event.opaque = v;
    if (v->netdev) {
        v->netdev->receive = receive;
        v->netdev->device = v;
    }
    return virtio_device_init(&v->dev, &ops, 2, v->queue_size, err);
}

static void fini(struct tg_model *m)
{
    struct virtio_net *v = (struct virtio_net *)m;

    tg_evq_cancel(m->env->evq, &v->event);
    if (v->netdev)
        v->netdev->receive = NULL;
}

static const struct tg_param params[] = {
    {.name = "mac",
     .type = TG_PARAM_STRING,
     .offset = offsetof(struct virtio_net, mac_text),
     .def_str = "",
     .description = "station address, 52:54:00:12:34:56; empty: made from the instance's name and the seed"},
    {.name = "latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct virtio_net, latency),
     .def = 5 * TG_US,
     .min = 0,
     .max = TG_SEC,
     .description = "from notification to the frame on the wire"},
    VIRTIO_QUEUE_SIZE_PARAM(struct virtio_net, queue_size),
};

static const struct tg_counter counters[] = {
    VIRTIO_COUNTERS(struct virtio_net),
    {"tx_frames", "frames", "sent", offsetof(struct virtio_net, tx_frames)},
    {"tx_bytes", "bytes", "sent", offsetof(struct virtio_net, tx_bytes)},
    {"rx_frames", "frames", "received", offsetof(struct virtio_net, rx_frames)},
    {"rx_bytes", "bytes", "received", offsetof(struct virtio_net, rx_bytes)},
    {"tx_dropped", "frames", "not sent: malformed", offsetof(struct virtio_net, tx_dropped)},
    {"rx_dropped", "frames", "not received: driver not listening, or its buffers are wrong",
     offsetof(struct virtio_net, rx_dropped)},
};

static const struct tg_port ports[] = {
    {.name = "netdev",
     .kind = TG_PORT_NETDEV,
     .offset = offsetof(struct virtio_net, netdev),
     .description = "the network; none: link down"},
};

static const struct tg_state state[] = {
    TG_STATE_IN(struct virtio_net, dev, struct virtio_device, virtio_device_table),
    TG_STATE_FIXED(struct virtio_net, mac, "from the parameter"),
    TG_STATE_EVENT(struct virtio_net, event),
    TG_STATE(struct virtio_net, refused),
    TG_STATE_SPAN(struct virtio_net, tx, rx, TG_WHY_HOST, "taken and given back within a call"),
};

const struct tg_model_class tg_virtio_net_class = {
    .name = "virtio_net",
    .description = "virtio network device",
    .size = sizeof(struct virtio_net),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_TABLE(struct virtio_net, state),
    .realize = realize,
    .reset = virtio_device_model_reset,
    .fini = fini,
};
