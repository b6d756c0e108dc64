/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split virtqueues (virtio 1.2, 2.7), with indirect descriptors and event index. The driver's memory is not
 * trusted: see virtq.h. Not here: packed virtqueues (2.8).
 */
#include "models/virtio/virtq.h"

#include <string.h>
#include "models/virtio/virtio_device.h"

/* Descriptor, 2.7.5: 16 bytes little-endian, as the host is. */
struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};
_Static_assert(sizeof(struct desc) == 16, "layout of a descriptor");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the rings are little-endian and copied as they are");

#define DESC_NEXT     TG_BIT(0)
#define DESC_WRITE    TG_BIT(1)
#define DESC_INDIRECT TG_BIT(2)

/* Rings, 2.7.6 and 2.7.8: flags, index, entries, event. */
#define AVAIL_FLAGS    0
#define AVAIL_IDX      2
#define AVAIL_RING(i)  (4 + 2 * (uint64_t)(i))
#define AVAIL_BYTES(n) (6 + 2 * (uint64_t)(n))
#define USED_IDX       2
#define USED_RING(i)   (4 + 8 * (uint64_t)(i))
#define USED_BYTES(n)  (6 + 8 * (uint64_t)(n))
#define NO_INTERRUPT   TG_BIT(0)

void virtq_init(struct virtq *q, struct virtio_device *dev, unsigned index, uint32_t max_size)
{
    memset(q, 0, sizeof(*q));
    q->dev = dev;
    q->index = index;
    q->max_size = max_size;
    q->size = max_size;
}

void virtq_reset(struct virtq *q)
{
    virtq_init(q, q->dev, q->index, q->max_size);
}

static bool wraps(uint64_t addr, uint64_t bytes)
{
    return addr + bytes - 1 < addr;
}

void virtq_enable(struct virtq *q, tg_time now)
{
    if (!q->size || q->size > q->max_size || (q->size & (q->size - 1))) {
        VIRTIO_FAIL(q->dev, now, "queue %u enabled with size %u, expected a power of two up to %u", q->index,
                    q->size, q->max_size);
        return;
    }
    /* 2.7: alignments of the three parts */
    if (q->desc % 16 || q->driver % 2 || q->device % 4 || wraps(q->desc, 16 * (uint64_t)q->size) ||
        wraps(q->driver, AVAIL_BYTES(q->size)) || wraps(q->device, USED_BYTES(q->size))) {
        VIRTIO_FAIL(
            q->dev, now,
            "queue %u enabled with misaligned addresses: descriptors 0x%llx, driver 0x%llx, device 0x%llx",
            q->index, (unsigned long long)q->desc, (unsigned long long)q->driver,
            (unsigned long long)q->device);
        return;
    }
    q->last_avail = q->seen = q->used = q->signalled = 0;
    q->signalled_valid = false;
    q->ready = true;
}

static bool usable(const struct virtq *q)
{
    return q->ready && virtio_device_running(q->dev);
}

static int ring_access(struct virtq *q, bool write, uint64_t addr, void *data, size_t n, tg_time now)
{
    if (virtio_dma(q->dev, write, addr, data, n, now))
        return usable(q) ? 0 : -1;
    VIRTIO_FAIL(q->dev, now, "queue %u: its rings are not in memory (%s of %zu bytes at 0x%llx)", q->index,
                write ? "write" : "read", n, (unsigned long long)addr);
    return -1;
}

int virtq_refresh(struct virtq *q, tg_time now)
{
    uint16_t idx, pending;

    if (!usable(q) || ring_access(q, false, q->driver + AVAIL_IDX, &idx, 2, now))
        return -1;
    pending = (uint16_t)(idx - q->last_avail);
    if (pending > q->size) {
        VIRTIO_FAIL(q->dev, now,
                    "queue %u: available index 0x%x is %u ahead of 0x%x, the queue has %u entries", q->index,
                    idx, pending, q->last_avail, q->size);
        return -1;
    }
    if (idx != q->seen) {
        q->seen = idx;
        /* avail_event (2.7.10): notify us of the first entry after those that we know */
        if (virtio_device_has(q->dev, VIRTIO_F_EVENT_IDX) &&
            ring_access(q, true, q->device + USED_RING(q->size), &idx, 2, now))
            return -1;
    }
    return pending;
}

static int add_seg(struct virtq *q, struct virtq_elem *e, const struct desc *d, tg_time now)
{
    unsigned n = e->n_out + e->n_in;

    if (n >= VIRTQ_MAX_SEGS) {
        VIRTIO_FAIL(q->dev, now, "queue %u: chain at descriptor %u has more than %u buffers, or loops",
                    q->index, e->head, VIRTQ_MAX_SEGS);
        return -1;
    }
    if (!d->len || wraps(d->addr, d->len)) {
        VIRTIO_FAIL(q->dev, now, "queue %u: chain at descriptor %u has a buffer of %u bytes at 0x%llx",
                    q->index, e->head, d->len, (unsigned long long)d->addr);
        return -1;
    }
    if (!(d->flags & DESC_WRITE) && e->n_in) { /* 2.7.4.2 */
        VIRTIO_FAIL(q->dev, now,
                    "queue %u: chain at descriptor %u has a readable buffer after a writable one", q->index,
                    e->head);
        return -1;
    }
    e->seg[n] = (struct virtq_seg){.addr = d->addr, .len = d->len};
    if (d->flags & DESC_WRITE) {
        e->n_in++;
        e->in_len += d->len;
    } else {
        e->n_out++;
        e->out_len += d->len;
    }
    return 0;
}

/* Follows `next` inside a table of n descriptors that was copied whole. */
static int walk_indirect(struct virtq *q, struct virtq_elem *e, const struct desc *ind, tg_time now)
{
    struct desc table[VIRTQ_MAX_SEGS];
    uint32_t n = ind->len / sizeof(table[0]), i = 0;

    /* 2.7.5.3 */
    if (!ind->len || ind->len % sizeof(table[0]) || n > VIRTQ_MAX_SEGS || wraps(ind->addr, ind->len)) {
        VIRTIO_FAIL(q->dev, now, "queue %u: indirect table of %u bytes at 0x%llx", q->index, ind->len,
                    (unsigned long long)ind->addr);
        return -1;
    }
    if (ring_access(q, false, ind->addr, table, ind->len, now))
        return -1;
    for (uint32_t steps = 0;; steps++) {
        const struct desc *d = &table[i];

        if (steps >= n) {
            VIRTIO_FAIL(q->dev, now, "queue %u: indirect table of descriptor %u loops", q->index, e->head);
            return -1;
        }
        if (d->flags & DESC_INDIRECT) {
            VIRTIO_FAIL(q->dev, now, "queue %u: indirect table of descriptor %u has an indirect descriptor",
                        q->index, e->head);
            return -1;
        }
        if (add_seg(q, e, d, now))
            return -1;
        if (!(d->flags & DESC_NEXT))
            return 0;
        i = d->next;
        if (i >= n) {
            VIRTIO_FAIL(q->dev, now, "queue %u: indirect table of descriptor %u goes on at %u of %u",
                        q->index, e->head, i, n);
            return -1;
        }
    }
}

static int walk(struct virtq *q, struct virtq_elem *e, tg_time now)
{
    uint32_t i = e->head;

    for (uint32_t steps = 0;; steps++) {
        struct desc d;

        if (i >= q->size) {
            VIRTIO_FAIL(q->dev, now, "queue %u: descriptor %u of %u", q->index, i, q->size);
            return -1;
        }
        if (steps >= q->size) {
            VIRTIO_FAIL(q->dev, now, "queue %u: chain at descriptor %u loops", q->index, e->head);
            return -1;
        }
        if (ring_access(q, false, q->desc + i * sizeof(d), &d, sizeof(d), now))
            return -1;
        if (d.flags & DESC_INDIRECT) {
            if (!virtio_device_has(q->dev, VIRTIO_F_INDIRECT_DESC) || (d.flags & DESC_NEXT)) {
                VIRTIO_FAIL(q->dev, now, "queue %u: indirect descriptor %u %s", q->index, i,
                            d.flags & DESC_NEXT ? "has a next one" : "without the feature");
                return -1;
            }
            return walk_indirect(q, e, &d, now); /* may follow ordinary ones (2.7.5.3.2) */
        }
        if (add_seg(q, e, &d, now))
            return -1;
        if (!(d.flags & DESC_NEXT))
            return 0;
        i = d.next;
    }
}

int virtq_pop(struct virtq *q, struct virtq_elem *e, tg_time now)
{
    if (!usable(q))
        return -1;
    if (q->last_avail == q->seen) {
        int n = virtq_refresh(q, now);

        if (n <= 0)
            return n;
    }
    e->n_out = e->n_in = 0;
    e->out_len = e->in_len = 0;
    if (ring_access(q, false, q->driver + AVAIL_RING(q->last_avail % q->size), &e->head, 2, now) ||
        walk(q, e, now))
        return -1;
    q->last_avail++;
    q->dev->chains++;
    return 1;
}

void virtq_unpop(struct virtq *q, unsigned n)
{
    q->last_avail = (uint16_t)(q->last_avail - n);
    q->dev->chains -= n;
}

static int stream(struct virtq *q, const struct virtq_seg *seg, unsigned n_seg, bool write, uint64_t offset,
                  uint8_t *data, size_t n, tg_time now)
{
    if (!usable(q))
        return -1;
    for (unsigned i = 0; n && i < n_seg; i++) {
        size_t part;

        if (offset >= seg[i].len) {
            offset -= seg[i].len;
            continue;
        }
        part = seg[i].len - offset < n ? (size_t)(seg[i].len - offset) : n;
        if (!virtio_dma(q->dev, write, seg[i].addr + offset, data, part, now)) {
            VIRTIO_FAIL(q->dev, now, "queue %u: buffer is not in memory (%s of %zu bytes at 0x%llx)",
                        q->index, write ? "write" : "read", part, (unsigned long long)(seg[i].addr + offset));
            return -1;
        }
        offset = 0;
        data += part;
        n -= part;
    }
    return usable(q) ? 0 : -1;
}

int virtq_read(struct virtq *q, const struct virtq_elem *e, uint64_t offset, void *data, size_t n,
               tg_time now)
{
    return stream(q, e->seg, e->n_out, false, offset, data, n, now);
}

int virtq_write(struct virtq *q, const struct virtq_elem *e, uint64_t offset, const void *data, size_t n,
                tg_time now)
{
    return stream(q, e->seg + e->n_out, e->n_in, true, offset, (uint8_t *)data, n, now);
}

int virtq_fill(struct virtq *q, uint16_t head, uint32_t written, unsigned ahead, tg_time now)
{
    uint32_t entry[2] = {head, written}; /* 2.7.8 */

    if (!usable(q))
        return -1;
    return ring_access(q, true, q->device + USED_RING((uint16_t)(q->used + ahead) % q->size), entry,
                       sizeof(entry), now);
}

int virtq_flush(struct virtq *q, unsigned n, tg_time now)
{
    uint16_t idx = (uint16_t)(q->used + n);

    if (!usable(q) || ring_access(q, true, q->device + USED_IDX, &idx, 2, now))
        return -1;
    q->used = idx;
    return 0;
}

/* 2.7.7 and 2.7.10: whether the driver wants to hear of the entries from `signalled` up to `used`. */
static bool wants_interrupt(struct virtq *q, tg_time now)
{
    uint16_t v, old = q->signalled;
    bool valid = q->signalled_valid;

    if (!virtio_device_has(q->dev, VIRTIO_F_EVENT_IDX)) {
        if (ring_access(q, false, q->driver + AVAIL_FLAGS, &v, 2, now))
            return false;
        return !(v & NO_INTERRUPT);
    }
    if (ring_access(q, false, q->driver + AVAIL_RING(q->size), &v, 2, now))
        return false;
    q->signalled = q->used;
    q->signalled_valid = true;
    return !valid || (uint16_t)(q->used - v - 1) < (uint16_t)(q->used - old);
}

void virtq_interrupt(struct virtq *q, tg_time now)
{
    if (!usable(q) || !wants_interrupt(q, now))
        return;
    q->dev->interrupts++;
    q->dev->bus.used(q->dev->bus.opaque, q->index, now);
}

int virtq_push(struct virtq *q, const struct virtq_elem *e, uint32_t written, tg_time now)
{
    if (virtq_fill(q, e->head, written, 0, now) || virtq_flush(q, 1, now))
        return -1;
    virtq_interrupt(q, now);
    return 0;
}

static const struct tg_state state[] = {
    TG_STATE_SPAN(struct virtq, dev, max_size, TG_WHY_FIXED, "whose queue it is, its number and room"),
    TG_STATE(struct virtq, size),
    TG_STATE(struct virtq, desc),
    TG_STATE(struct virtq, driver),
    TG_STATE(struct virtq, device),
    TG_STATE(struct virtq, ready),
    TG_STATE(struct virtq, last_avail),
    TG_STATE(struct virtq, seen),
    TG_STATE(struct virtq, used),
    TG_STATE(struct virtq, signalled),
    TG_STATE(struct virtq, signalled_valid),
};
const struct tg_state_table virtq_table = TG_STATE_INIT(struct virtq, state);

static uint64_t segments(const void *s)
{
    const struct virtq_elem *e = s;

    return (uint64_t)e->n_out + e->n_in;
}

static const struct tg_state seg_state[] = {
    TG_STATE(struct virtq_seg, addr),
    TG_STATE(struct virtq_seg, len),
};
static const struct tg_state_table seg_table = TG_STATE_INIT(struct virtq_seg, seg_state);

static const struct tg_state elem_state[] = {
    TG_STATE(struct virtq_elem, head),
    TG_STATE(struct virtq_elem, n_out),
    TG_STATE(struct virtq_elem, n_in),
    TG_STATE(struct virtq_elem, out_len),
    TG_STATE(struct virtq_elem, in_len),
    TG_STATE_SOME_IN(struct virtq_elem, seg, struct virtq_seg, seg_table, segments),
};
const struct tg_state_table virtq_elem_table = TG_STATE_INIT(struct virtq_elem, elem_state);
