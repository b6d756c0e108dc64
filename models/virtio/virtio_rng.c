/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio entropy device (virtio 1.2, 5.4). For a simulator the same run must give the same bytes: they come
 * from xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64 from the run's seed and the
 * instance's name. Not for cryptographic use.
 */
#include "models/virtio/virtio.h"

#include <string.h>
#include "models/virtio/virtio_device.h"

#define MAX_BYTES 4096u /* per request; 5.4.6.2 lets the device fill less than the buffer */
#define CHAINS    64u   /* per event */

struct virtio_rng {
    struct virtio_device dev;
    uint64_t latency;
    uint32_t queue_size;
    struct tg_event event;
    struct virtq_elem elem;
    uint64_t s[4];
    uint64_t bytes;
};

static struct virtio_rng *rng(struct virtio_device *dev)
{
    return (struct virtio_rng *)dev;
}

static uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t next(struct virtio_rng *r)
{
    uint64_t *s = r->s, v = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return v;
}

/* SplitMix64 spreads any seed over the state, which is thus never all zero. */
static void seed(struct virtio_rng *r)
{
    uint64_t x = virtio_device_seed(&r->dev);

    for (unsigned i = 0; i < 4; i++) {
        uint64_t z = x += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ (z >> 31);
    }
}

static void on_event(void *opaque, tg_time now)
{
    struct virtio_rng *r = opaque;
    struct virtq *q = &r->dev.vq[0];
    uint8_t buf[MAX_BYTES];

    for (unsigned i = 0; i < CHAINS; i++) {
        size_t n;

        if (virtq_pop(q, &r->elem, now) != 1)
            return;
        n = r->elem.in_len < MAX_BYTES ? (size_t)r->elem.in_len : MAX_BYTES;
        if (!n || r->elem.n_out) { /* 5.4.6.1: device-writable buffers only */
            VIRTIO_FAIL(&r->dev, now, "request with %u readable and %u writable buffers", r->elem.n_out,
                        r->elem.n_in);
            return;
        }
        for (size_t k = 0; k < n; k += 8) {
            uint64_t v = next(r);

            memcpy(buf + k, &v, n - k < 8 ? n - k : 8);
        }
        if (virtq_write(q, &r->elem, 0, buf, n, now) || virtq_push(q, &r->elem, (uint32_t)n, now))
            return;
        r->bytes += n;
    }
    tg_evq_schedule(r->dev.model.env->evq, &r->event, now + r->latency + 1);
}

static void notify(struct virtio_device *dev, unsigned queue, tg_time now)
{
    struct virtio_rng *r = rng(dev);

    if (virtq_refresh(&dev->vq[queue], now) > 0 && !tg_event_pending(&r->event))
        tg_evq_schedule(dev->model.env->evq, &r->event, now + r->latency);
}

/* The generator goes on: no repetition after a reset. */
static void stop(struct virtio_device *dev, unsigned queue)
{
    (void)queue;
    tg_evq_cancel(dev->model.env->evq, &rng(dev)->event);
}

static uint64_t features(struct virtio_device *dev)
{
    (void)dev;
    return 0;
}

static const struct virtio_ops ops = {
    .device_id = 4,
    .features = features,
    .notify = notify,
    .stop = stop,
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct virtio_rng *r = (struct virtio_rng *)m;

    r->event.cb = on_event;
    r->event.opaque = r;
    seed(r);
    return virtio_device_init(&r->dev, &ops, 1, r->queue_size, err);
}

static void fini(struct tg_model *m)
{
    tg_evq_cancel(m->env->evq, &((struct virtio_rng *)m)->event);
}

static const struct tg_param params[] = {
    {.name = "latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct virtio_rng, latency),
     .def = 10 * TG_US,
     .min = 0,
     .max = TG_SEC,
     .description = "from notification to the filled buffer"},
    VIRTIO_QUEUE_SIZE_PARAM(struct virtio_rng, queue_size),
};

static const struct tg_counter counters[] = {
    VIRTIO_COUNTERS(struct virtio_rng),
    {"bytes", "bytes", "random bytes given", offsetof(struct virtio_rng, bytes)},
};

static const struct tg_state state[] = {
    TG_STATE_IN(struct virtio_rng, dev, struct virtio_device, virtio_device_table),
    TG_STATE_EVENT(struct virtio_rng, event),
    TG_STATE_HOST(struct virtio_rng, elem, "taken and given back within a call"),
    TG_STATE(struct virtio_rng, s),
};

const struct tg_model_class tg_virtio_rng_class = {
    .name = "virtio_rng",
    .description = "virtio entropy device, deterministic",
    .size = sizeof(struct virtio_rng),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .state = TG_STATE_TABLE(struct virtio_rng, state),
    .realize = realize,
    .reset = virtio_device_model_reset,
    .fini = fini,
};
