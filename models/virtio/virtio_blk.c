/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio block device (virtio 1.2, 5.2) over a struct tg_blockdev. Requests are served and complete in order.
 * Time of a request: it may start `latency` after its notification, its bytes then pass at `bandwidth` behind
 * those of the requests before it; the data is moved and the interrupt raised at that time. Long requests
 * move in pieces, each an event of its own.
 *
 * Not offered: several queues, geometry, topology, secure erase, lifetime, zoned devices, switching the cache
 * mode.
 */
#include "models/virtio/virtio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/base/backend.h"
#include "models/virtio/virtio_device.h"

#define SECTOR  512u
#define PIECE   (256u * 1024) /* bytes moved per event */
#define ID_SIZE 20u           /* 5.2.6 */

/* Features, 5.2.3 */
#define F_SEG_MAX      TG_BIT(2)
#define F_RO           TG_BIT(5)
#define F_BLK_SIZE     TG_BIT(6)
#define F_FLUSH        TG_BIT(9)
#define F_DISCARD      TG_BIT(13)
#define F_WRITE_ZEROES TG_BIT(14)

/* Request types and status, 5.2.6 */
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

#define ZEROES_UNMAP TG_BIT(0)

/* Limits of discard and write zeroes: they bound the work of one request. */
#define MAX_DISCARD_SECTORS 0x400000u /* 2 GiB */
#define MAX_DISCARD_SEG     16u
#define MAX_ZEROES_SECTORS  0x10000u /* 32 MiB */
#define MAX_ZEROES_SEG      1u

struct request_header {
    uint32_t type, reserved;
    uint64_t sector;
};

struct range {
    uint64_t sector;
    uint32_t sectors, flags;
};

/* 5.2.4; fields that belong to features not offered stay zero. */
struct blk_config {
    uint64_t capacity;
    uint32_t size_max, seg_max;
    uint8_t geometry[4];
    uint32_t blk_size;
    uint8_t topology[8];
    uint8_t writeback, unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap, unused1[3];
    uint32_t max_secure_erase_sectors, max_secure_erase_seg, secure_erase_sector_alignment;
} __attribute__((packed));
_Static_assert(sizeof(struct blk_config) == 72, "layout of 5.2.4");

struct virtio_blk {
    struct virtio_device dev;
    uint64_t latency, bandwidth;
    bool read_only;
    char *serial;
    uint32_t queue_size;
    struct tg_blockdev *drive;

    uint64_t capacity; /* sectors, as the driver was told */
    struct tg_event event;
    tg_time arrival[VIRTQ_MAX_SIZE]; /* of available entries, by their index */
    tg_time free_at;                 /* when the bytes of the last request have passed */
    bool active;                     /* `elem` is in service */
    bool bad;                        /* it will end with an error, at its time */
    struct virtq_elem elem;
    uint32_t type;
    uint64_t sector;
    uint64_t length, done; /* data bytes of a read or write */
    uint8_t *buf;          /* PIECE bytes */
    uint64_t reads, writes, flushes, read_bytes, written_bytes, errors;
};

static struct virtio_blk *blk(struct virtio_device *dev)
{
    return (struct virtio_blk *)dev;
}

static bool read_only(const struct virtio_blk *b)
{
    return b->read_only || !b->drive || b->drive->read_only || !b->drive->write;
}

static uint64_t features(struct virtio_device *dev)
{
    uint64_t f = F_SEG_MAX | F_BLK_SIZE | F_FLUSH;

    if (read_only(blk(dev)))
        return f | F_RO;
    return f | F_WRITE_ZEROES | (blk(dev)->drive->discard ? F_DISCARD : 0);
}

static uint64_t sectors(const struct virtio_blk *b)
{
    return b->drive ? b->drive->size(b->drive->opaque) / SECTOR : 0;
}

static void check_size(struct virtio_blk *b, tg_time now)
{
    uint64_t n = sectors(b);

    if (n == b->capacity)
        return;
    b->capacity = n;
    virtio_device_config_changed(&b->dev, now);
}

void virtio_blk_size_changed(struct tg_model *m, tg_time now)
{
    check_size((struct virtio_blk *)m, now);
}

static void config_read(struct virtio_device *dev, uint32_t offset, void *data, uint32_t n)
{
    struct virtio_blk *b = blk(dev);
    uint64_t f = features(dev);
    struct blk_config c = {
        .capacity = b->capacity,
        .seg_max = b->queue_size > 2 ? b->queue_size - 2 : 1, /* header and status take two */
        .blk_size = SECTOR,
        .num_queues = 1,
    };

    if (f & F_DISCARD) {
        c.max_discard_sectors = MAX_DISCARD_SECTORS;
        c.max_discard_seg = MAX_DISCARD_SEG;
        c.discard_sector_alignment = 4096 / SECTOR;
    }
    if (f & F_WRITE_ZEROES) {
        c.max_write_zeroes_sectors = MAX_ZEROES_SECTORS;
        c.max_write_zeroes_seg = MAX_ZEROES_SEG;
        c.write_zeroes_may_unmap = b->drive->discard != NULL;
    }
    memcpy(data, (const uint8_t *)&c + offset, n);
}

/* ---- requests ---- */

static void start(struct virtio_blk *b, tg_time now);

static tg_time passing(const struct virtio_blk *b, uint64_t bytes)
{
    return (tg_time)((unsigned __int128)bytes * TG_SEC / b->bandwidth);
}

/* Ends the request in service. `written` counts data bytes from the start of the writable part (2.7.8.2: what
 * is reported must have been written without a gap). */
static void finish(struct virtio_blk *b, uint8_t status, uint64_t written, tg_time now)
{
    struct virtq *q = &b->dev.vq[0];
    uint64_t all = b->elem.in_len;

    b->active = false;
    b->errors += status != S_OK;
    if (written == all - 1)
        written = all;
    if (virtq_write(q, &b->elem, all - 1, &status, 1, now))
        return;
    virtq_push(q, &b->elem, written > UINT32_MAX ? UINT32_MAX : (uint32_t)written, now);
}

static bool in_range(const struct virtio_blk *b, uint64_t sector, uint64_t n)
{
    return sector <= b->capacity && n <= b->capacity - sector;
}

/* One piece of a read or write; false when the request is over, one way or the other. */
static bool move(struct virtio_blk *b, tg_time now)
{
    struct virtq *q = &b->dev.vq[0];
    uint64_t left = b->length - b->done;
    size_t n = left < PIECE ? (size_t)left : PIECE;
    uint64_t at = b->sector * SECTOR + b->done;
    int rc = 0;

    if (b->type == T_IN) {
        if (n)
            rc = b->drive->read(b->drive->opaque, at, b->buf, n);
        if (!rc && virtq_write(q, &b->elem, b->done, b->buf, n, now)) {
            b->active = false;
            return false;
        }
        b->read_bytes += n;
    } else {
        if (virtq_read(q, &b->elem, sizeof(struct request_header) + b->done, b->buf, n, now)) {
            b->active = false;
            return false;
        }
        if (n)
            rc = b->drive->write(b->drive->opaque, at, b->buf, n);
        b->written_bytes += n;
        /* Without FLUSH the driver counts on data that is stable when the request completes (5.2.6.2). */
        if (!rc && n == left && !virtio_device_has(&b->dev, F_FLUSH) && b->drive->flush)
            rc = b->drive->flush(b->drive->opaque);
    }
    if (rc) {
        finish(b, S_IOERR, b->type == T_IN ? b->done : 0, now);
        return false;
    }
    b->done += n;
    if (b->done < b->length)
        return true;
    finish(b, S_OK, b->type == T_IN ? b->done : 0, now);
    return false;
}

static int zero_range(struct virtio_blk *b, const struct range *r)
{
    uint64_t at = r->sector * SECTOR, left = (uint64_t)r->sectors * SECTOR;
    int rc = 0;

    if ((r->flags & ZEROES_UNMAP) && b->drive->discard &&
        !b->drive->discard(b->drive->opaque, at, left, true))
        return 0;
    memset(b->buf, 0, PIECE);
    while (!rc && left) {
        size_t n = left < PIECE ? (size_t)left : PIECE;

        rc = b->drive->write(b->drive->opaque, at, b->buf, n);
        at += n;
        left -= n;
    }
    return rc;
}

/* Discard and write zeroes: a list of ranges (5.2.6). Checked whole before anything is done. */
static uint8_t ranges(struct virtio_blk *b, tg_time now)
{
    bool zero = b->type == T_WRITE_ZEROES;
    uint64_t bytes = b->elem.out_len - sizeof(struct request_header);
    uint64_t n = bytes / sizeof(struct range);
    struct range r[MAX_DISCARD_SEG];

    if (!(features(&b->dev) & (zero ? F_WRITE_ZEROES : F_DISCARD)))
        return S_UNSUPP;
    if (!n || bytes % sizeof(struct range) || n > (zero ? MAX_ZEROES_SEG : MAX_DISCARD_SEG))
        return S_IOERR;
    if (virtq_read(&b->dev.vq[0], &b->elem, sizeof(struct request_header), r, (size_t)bytes, now))
        return S_IOERR;
    for (uint64_t i = 0; i < n; i++) {
        if ((r[i].flags & ~(uint32_t)ZEROES_UNMAP) || (!zero && r[i].flags)) /* 5.2.6.2 */
            return S_UNSUPP;
        if (r[i].sectors > (zero ? MAX_ZEROES_SECTORS : MAX_DISCARD_SECTORS) ||
            !in_range(b, r[i].sector, r[i].sectors))
            return S_IOERR;
    }
    for (uint64_t i = 0; i < n; i++) {
        int rc = zero ? zero_range(b, &r[i])
                      : b->drive->discard(b->drive->opaque, r[i].sector * SECTOR,
                                          (uint64_t)r[i].sectors * SECTOR, false);

        if (rc)
            return S_IOERR;
    }
    return S_OK;
}

/* Requests without data in pieces. */
static void simple(struct virtio_blk *b, tg_time now)
{
    uint8_t id[ID_SIZE] = {0};
    uint64_t room = b->elem.in_len - 1;
    size_t n;

    switch (b->type) {
    case T_FLUSH:
        b->flushes++;
        finish(b, b->drive && b->drive->flush && b->drive->flush(b->drive->opaque) ? S_IOERR : S_OK, 0, now);
        break;
    case T_GET_ID:
        n = strlen(b->serial && *b->serial ? b->serial : b->dev.model.name);
        memcpy(id, b->serial && *b->serial ? b->serial : b->dev.model.name, n < ID_SIZE ? n : ID_SIZE);
        n = room < ID_SIZE ? (size_t)room : ID_SIZE;
        if (virtq_write(&b->dev.vq[0], &b->elem, 0, id, n, now))
            b->active = false;
        else
            finish(b, S_OK, n, now);
        break;
    case T_DISCARD:
    case T_WRITE_ZEROES:
        finish(b, ranges(b, now), 0, now);
        break;
    default:
        finish(b, S_UNSUPP, 0, now);
    }
}

static void on_event(void *opaque, tg_time now)
{
    struct virtio_blk *b = opaque;

    if (b->bad) {
        finish(b, S_IOERR, 0, now);
    } else if (b->type == T_IN || b->type == T_OUT) {
        uint64_t left = b->length - b->done;

        /* The size may have changed since the request started. */
        if (left && !in_range(b, b->sector, b->length / SECTOR)) {
            finish(b, S_IOERR, b->type == T_IN ? b->done : 0, now);
        } else if (move(b, now)) {
            left = b->length - b->done;
            b->free_at = now + passing(b, left < PIECE ? left : PIECE);
            tg_evq_schedule(b->dev.model.env->evq, &b->event, b->free_at);
            return;
        }
    } else {
        simple(b, now);
    }
    start(b, now);
}

/* Takes the next request and sets the time at which it is, or its first piece is, done. */
static void start(struct virtio_blk *b, tg_time now)
{
    struct virtq *q = &b->dev.vq[0];
    struct request_header h;
    uint64_t first = 0;
    tg_time begin = b->arrival[q->last_avail % VIRTQ_MAX_SIZE];
    uint16_t seen = q->seen;

    if (b->active || virtq_pop(q, &b->elem, now) != 1)
        return;
    if ((uint16_t)(q->last_avail - 1) == seen) /* the pop itself found it */
        begin = now;
    for (uint16_t i = seen; i != q->seen; i++)
        b->arrival[i % VIRTQ_MAX_SIZE] = now;
    if (b->elem.out_len < sizeof(h) || !b->elem.in_len) {
        VIRTIO_FAIL(&b->dev, now,
                    "request of %llu readable and %llu writable bytes: no room for header and status",
                    (unsigned long long)b->elem.out_len, (unsigned long long)b->elem.in_len);
        return;
    }
    if (virtq_read(q, &b->elem, 0, &h, sizeof(h), now))
        return;
    check_size(b, now);
    b->active = true;
    b->type = h.type;
    b->sector = h.sector;
    b->length = b->done = 0;
    b->bad = false;
    if (h.type == T_IN || h.type == T_OUT) {
        b->length = h.type == T_IN ? b->elem.in_len - 1 : b->elem.out_len - sizeof(h);
        b->reads += h.type == T_IN;
        b->writes += h.type == T_OUT;
        if (b->length % SECTOR || !in_range(b, h.sector, b->length / SECTOR) || !b->drive ||
            (h.type == T_OUT && read_only(b)))
            b->bad = true;
        else
            first = b->length < PIECE ? b->length : PIECE;
    }
    begin += b->latency;
    if (begin < b->free_at)
        begin = b->free_at;
    b->free_at = begin + passing(b, first);
    tg_evq_schedule(b->dev.model.env->evq, &b->event, b->free_at > now ? b->free_at : now);
}

static void notify(struct virtio_device *dev, unsigned queue, tg_time now)
{
    struct virtio_blk *b = blk(dev);
    struct virtq *q = &dev->vq[queue];
    uint16_t seen = q->seen;

    if (virtq_refresh(q, now) < 0)
        return;
    for (; seen != q->seen; seen++)
        b->arrival[seen % VIRTQ_MAX_SIZE] = now;
    start(b, now);
}

static void stop(struct virtio_device *dev, unsigned queue)
{
    struct virtio_blk *b = blk(dev);

    (void)queue;
    tg_evq_cancel(dev->model.env->evq, &b->event);
    b->active = false;
    b->free_at = 0; /* the bytes that were passing are not waited for */
}

static void reset(struct virtio_device *dev)
{
    blk(dev)->capacity = sectors(blk(dev));
}

static const struct virtio_ops ops = {
    .device_id = 2,
    .features = features,
    .config_size = sizeof(struct blk_config),
    .config_read = config_read,
    .notify = notify,
    .stop = stop,
    .reset = reset,
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct virtio_blk *b = (struct virtio_blk *)m;

    if (b->serial && strlen(b->serial) > ID_SIZE)
        return tg_error_set(err, EINVAL, "serial: found '%s', expected at most %u characters", b->serial,
                            ID_SIZE);
    b->event.cb = on_event;
    b->event.opaque = b;
    b->buf = malloc(PIECE);
    if (!b->buf)
        return tg_error_set(err, ENOMEM, "out of memory");
    return virtio_device_init(&b->dev, &ops, 1, b->queue_size, err);
}

static void fini(struct tg_model *m)
{
    struct virtio_blk *b = (struct virtio_blk *)m;

    tg_evq_cancel(m->env->evq, &b->event);
    free(b->buf);
}

static const struct tg_param params[] = {
    {.name = "latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct virtio_blk, latency),
     .def = 20 * TG_US,
     .max = TG_SEC,
     .min = 0,
     .description = "from notification to the first byte; about that of an NVMe drive's cache"},
    {.name = "bandwidth",
     .type = TG_PARAM_SIZE,
     .unit = "bytes/s",
     .offset = offsetof(struct virtio_blk, bandwidth),
     .def = UINT64_C(2) << 30,
     .min = 1024,
     .max = UINT64_C(1) << 50,
     .description = "of the drive, in either direction"},
    {.name = "read_only",
     .type = TG_PARAM_BOOL,
     .offset = offsetof(struct virtio_blk, read_only),
     .def = false,
     .description = "refuse writes even when the drive takes them"},
    {.name = "serial",
     .type = TG_PARAM_STRING,
     .offset = offsetof(struct virtio_blk, serial),
     .def_str = "",
     .description = "identification, up to 20 characters; empty: the instance's name"},
    VIRTIO_QUEUE_SIZE_PARAM(struct virtio_blk, queue_size),
};

static const struct tg_counter counters[] = {
    VIRTIO_COUNTERS(struct virtio_blk),
    {"reads", "requests", "read requests", offsetof(struct virtio_blk, reads)},
    {"writes", "requests", "write requests", offsetof(struct virtio_blk, writes)},
    {"flushes", "requests", "flush requests", offsetof(struct virtio_blk, flushes)},
    {"read_bytes", "bytes", "read from the drive", offsetof(struct virtio_blk, read_bytes)},
    {"written_bytes", "bytes", "written to the drive", offsetof(struct virtio_blk, written_bytes)},
    {"errors", "requests", "requests that ended with an error", offsetof(struct virtio_blk, errors)},
};

static const struct tg_port ports[] = {
    {.name = "drive",
     .kind = TG_PORT_BLOCKDEV,
     .offset = offsetof(struct virtio_blk, drive),
     .description = "the disk; none: a device of no sectors"},
};

static uint64_t in_service(const void *s)
{
    return ((const struct virtio_blk *)s)->active;
}

static const struct tg_state state[] = {
    TG_STATE_IN(struct virtio_blk, dev, struct virtio_device, virtio_device_table),
    TG_STATE(struct virtio_blk, capacity),
    TG_STATE_EVENT(struct virtio_blk, event),
    TG_STATE(struct virtio_blk, arrival),
    TG_STATE(struct virtio_blk, free_at),
    TG_STATE(struct virtio_blk, active),
    TG_STATE(struct virtio_blk, bad),
    TG_STATE_SOME_IN(struct virtio_blk, elem, struct virtq_elem, virtq_elem_table, in_service),
    TG_STATE(struct virtio_blk, type),
    TG_STATE(struct virtio_blk, sector),
    TG_STATE(struct virtio_blk, length),
    TG_STATE(struct virtio_blk, done),
    TG_STATE_HOST(struct virtio_blk, buf, "bytes on their way, within a call"),
};

const struct tg_model_class tg_virtio_blk_class = {
    .name = "virtio_blk",
    .description = "virtio block device",
    .size = sizeof(struct virtio_blk),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_TABLE(struct virtio_blk, state),
    .realize = realize,
    .reset = virtio_device_model_reset,
    .fini = fini,
};
