/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver for tests: a flat RAM, a virtio_mmio transport with one device, and split rings written by hand,
 * so that a test can also write them wrong. Layout of queue i: descriptors at QBASE(i), driver area + 0x2000,
 * device area + 0x3000, indirect tables + 0x5000; buffers from BUF on.
 */
#ifndef TG_TESTS_VDRV_H
#define TG_TESTS_VDRV_H

#include <stdlib.h>
#include "models/virtio/virtio.h"
#include "tests/models/devices/dev_test.h"

#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE (4u << 20)
#define MMIO     UINT64_C(0x0a000000) /* where the device's own DMA would find its registers */
#define QBASE(i) (RAM_BASE + 0x20000 * (uint64_t)(i))
#define BUF      (RAM_BASE + 0x100000)

enum {
    M_MAGIC = 0,
    M_VERSION = 4,
    M_DEVICE = 8,
    M_FEATURES = 0x10,
    M_FEATURES_SEL = 0x14,
    M_DRIVER = 0x20,
    M_DRIVER_SEL = 0x24,
    M_QSEL = 0x30,
    M_QMAX = 0x34,
    M_QNUM = 0x38,
    M_QREADY = 0x44,
    M_NOTIFY = 0x50,
    M_ISR = 0x60,
    M_ACK = 0x64,
    M_STATUS = 0x70,
    M_DESC = 0x80,
    M_AVAIL = 0x90,
    M_USED = 0xa0,
    M_QRESET = 0xc0,
    M_GEN = 0xfc,
    M_CONFIG = 0x100
};
enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };

#define INDIRECT (UINT64_C(1) << 28)
#define EVENT    (UINT64_C(1) << 29)
#define V1       (UINT64_C(1) << 32)

#define RING_RESET (UINT64_C(1) << 40)

struct vdesc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

struct vring {
    uint64_t desc, avail, used;
    unsigned size;
    uint16_t next_desc, avail_idx, used_idx;
};

struct vdrv {
    struct dev_bench b;
    uint8_t *ram;
    struct tg_model *t, *d; /* transport, device */
    struct vring q[4];
    uint64_t features;
    unsigned dma_count;
};

static inline void vdrv_bus(void *opaque, struct tg_bus_txn *txn)
{
    struct vdrv *v = opaque;

    v->dma_count++;
    if (txn->addr >= MMIO && txn->addr < MMIO + 0x200) {
        txn->addr -= MMIO;
        tg_model_transport(v->t, 0, txn);
        txn->addr += MMIO;
        return;
    }
    if (txn->addr < RAM_BASE || txn->addr - RAM_BASE > RAM_SIZE ||
        txn->size > RAM_BASE + RAM_SIZE - txn->addr) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    if (txn->write)
        memcpy(v->ram + (txn->addr - RAM_BASE), txn->data, txn->size);
    else
        memcpy(txn->data, v->ram + (txn->addr - RAM_BASE), txn->size);
    txn->resp = TG_BUS_OK;
}

static inline void *mem(struct vdrv *v, uint64_t pa)
{
    return v->ram + (pa - RAM_BASE);
}

static inline void put16(struct vdrv *v, uint64_t pa, uint16_t x)
{
    memcpy(mem(v, pa), &x, 2);
}

static inline uint16_t get16(struct vdrv *v, uint64_t pa)
{
    uint16_t x;

    memcpy(&x, mem(v, pa), 2);
    return x;
}

static inline void put_desc(struct vdrv *v, uint64_t table, unsigned i, uint64_t addr, uint32_t len,
                            unsigned flags, unsigned next)
{
    struct vdesc d = {.addr = addr, .len = len, .flags = (uint16_t)flags, .next = (uint16_t)next};

    memcpy(mem(v, table + 16 * (uint64_t)i), &d, sizeof(d));
}

/* Makes the device; parameters and backends may be set before vdrv_plug(). */
static inline void vdrv_make(struct vdrv *v, const struct tg_model_class *cls)
{
    memset(v, 0, sizeof(*v));
    bench_init(&v->b);
    v->ram = calloc(1, RAM_SIZE);
    v->d = tg_model_new(cls, "dev0", &v->b.env);
    v->t = tg_model_new(&tg_virtio_mmio_class, "transport0", &v->b.env);
}

static inline void vdrv_plug(struct vdrv *v)
{
    struct tg_bus_port *dma = port_at(v->t, "dma");

    dma->transport = vdrv_bus;
    dma->opaque = v;
    *(struct tg_model **)port_at(v->t, "device") = v->d;
    bench_irq_bind(&v->b, v->t, "irq");
    realize(v->d);
    realize(v->t);
}

static inline void vdrv_drop(struct vdrv *v)
{
    tg_model_free(v->t);
    tg_model_free(v->d);
    bench_fini(&v->b);
    free(v->ram);
}

static inline uint32_t mrd(struct vdrv *v, uint64_t off)
{
    return (uint32_t)rd(&v->b, v->t, off, 4);
}

static inline void mwr(struct vdrv *v, uint64_t off, uint32_t x)
{
    wr(&v->b, v->t, off, 4, x);
}

static inline uint64_t vdrv_offered(struct vdrv *v)
{
    uint64_t f;

    mwr(v, M_FEATURES_SEL, 0);
    f = mrd(v, M_FEATURES);
    mwr(v, M_FEATURES_SEL, 1);
    return f | (uint64_t)mrd(v, M_FEATURES) << 32;
}

/* 3.1.1, steps 1 to 6 */
static inline void vdrv_negotiate(struct vdrv *v, uint64_t features)
{
    mwr(v, M_STATUS, 0);
    mwr(v, M_STATUS, 1);
    mwr(v, M_STATUS, 3);
    v->features = features;
    mwr(v, M_DRIVER_SEL, 0);
    mwr(v, M_DRIVER, (uint32_t)features);
    mwr(v, M_DRIVER_SEL, 1);
    mwr(v, M_DRIVER, (uint32_t)(features >> 32));
    mwr(v, M_STATUS, 0xb);
}

static inline void vdrv_queue_at(struct vdrv *v, unsigned i, unsigned size, uint64_t desc, uint64_t avail,
                                 uint64_t used)
{
    v->q[i] = (struct vring){.desc = desc, .avail = avail, .used = used, .size = size};
    mwr(v, M_QSEL, i);
    mwr(v, M_QNUM, size);
    mwr(v, M_DESC, (uint32_t)desc);
    mwr(v, M_DESC + 4, (uint32_t)(desc >> 32));
    mwr(v, M_AVAIL, (uint32_t)avail);
    mwr(v, M_AVAIL + 4, (uint32_t)(avail >> 32));
    mwr(v, M_USED, (uint32_t)used);
    mwr(v, M_USED + 4, (uint32_t)(used >> 32));
    mwr(v, M_QREADY, 1);
}

static inline void vdrv_queue(struct vdrv *v, unsigned i, unsigned size)
{
    memset(mem(v, QBASE(i)), 0, 0x20000);
    vdrv_queue_at(v, i, size, QBASE(i), QBASE(i) + 0x4000, QBASE(i) + 0x6000);
}

/* The whole start, with n queues. */
static inline void vdrv_start(struct vdrv *v, uint64_t features, unsigned n, unsigned size)
{
    vdrv_negotiate(v, features | V1);
    assert_int_equal(mrd(v, M_STATUS), 0xb);
    for (unsigned i = 0; i < n; i++)
        vdrv_queue(v, i, size);
    mwr(v, M_STATUS, 0xf);
    assert_int_equal(mrd(v, M_STATUS), 0xf);
}

/* Makes descriptor `head` available, without telling. */
static inline void vdrv_avail(struct vdrv *v, unsigned qi, unsigned head)
{
    struct vring *q = &v->q[qi];

    put16(v, q->avail + 4 + 2 * (uint64_t)(q->avail_idx % q->size), (uint16_t)head);
    put16(v, q->avail + 2, ++q->avail_idx);
}

static inline void vdrv_kick(struct vdrv *v, unsigned qi)
{
    mwr(v, M_NOTIFY, qi);
}

/* A chain of n descriptors (the last n_in writable), the table indirect if wanted. Returns its head. */
static inline unsigned vdrv_add(struct vdrv *v, unsigned qi, const struct vdesc *seg, unsigned n_out,
                                unsigned n_in, bool indirect)
{
    struct vring *q = &v->q[qi];
    unsigned head = q->next_desc % q->size, n = n_out + n_in;
    uint64_t table = indirect ? QBASE(qi) + 0x8000 + 256 * (uint64_t)head : q->desc;

    for (unsigned i = 0; i < n; i++) {
        unsigned at = indirect ? i : (head + i) % q->size, next = indirect ? i + 1 : (head + i + 1) % q->size;

        put_desc(v, table, at, seg[i].addr, seg[i].len, (i >= n_out ? D_WRITE : 0) | (i + 1 < n ? D_NEXT : 0),
                 next);
    }
    if (indirect)
        put_desc(v, q->desc, head, table, 16 * n, D_INDIRECT, 0);
    q->next_desc = (uint16_t)(q->next_desc + (indirect ? 1 : n));
    vdrv_avail(v, qi, head);
    return head;
}

/* Takes one used entry; false: none. */
static inline bool vdrv_used(struct vdrv *v, unsigned qi, uint32_t *id, uint32_t *len)
{
    struct vring *q = &v->q[qi];
    uint32_t e[2];

    if (get16(v, q->used + 2) == q->used_idx)
        return false;
    memcpy(e, mem(v, q->used + 4 + 8 * (uint64_t)(q->used_idx % q->size)), 8);
    q->used_idx++;
    if (id)
        *id = e[0];
    if (len)
        *len = e[1];
    return true;
}

/* Runs events until `until` or until none is left. */
static inline void vdrv_run(struct vdrv *v, tg_time until)
{
    while (tg_evq_next(v->b.env.evq) <= until)
        bench_run(&v->b, tg_evq_next(v->b.env.evq));
    if (v->b.now < until)
        bench_run(&v->b, until);
}

/* A disk in memory. */
struct vdisk {
    struct tg_blockdev dev;
    uint8_t *data;
    uint64_t size;
    unsigned flushes, discards;
    int fail; /* errno to answer */
};

static inline int vdisk_read(void *opaque, uint64_t offset, void *data, size_t n)
{
    struct vdisk *d = opaque;

    assert_true(n > 0 && offset % 512 == 0 && n % 512 == 0);
    if (d->fail || offset > d->size || n > d->size - offset)
        return -5;
    memcpy(data, d->data + offset, n);
    return 0;
}

static inline int vdisk_write(void *opaque, uint64_t offset, const void *data, size_t n)
{
    struct vdisk *d = opaque;

    assert_true(n > 0 && offset % 512 == 0 && n % 512 == 0 && !d->dev.read_only);
    if (d->fail || offset > d->size || n > d->size - offset)
        return -5;
    memcpy(d->data + offset, data, n);
    return 0;
}

static inline int vdisk_flush(void *opaque)
{
    struct vdisk *d = opaque;

    d->flushes++;
    return d->fail ? -5 : 0;
}

static inline int vdisk_discard(void *opaque, uint64_t offset, uint64_t n, bool zero)
{
    struct vdisk *d = opaque;

    assert_true(offset <= d->size && n <= d->size - offset);
    d->discards++;
    if (zero)
        memset(d->data + offset, 0, n);
    return 0;
}

static inline uint64_t vdisk_size(void *opaque)
{
    return ((struct vdisk *)opaque)->size;
}

static inline void vdisk_make(struct vdisk *d, uint64_t size)
{
    *d = (struct vdisk){.dev = {.read = vdisk_read,
                                .write = vdisk_write,
                                .flush = vdisk_flush,
                                .discard = vdisk_discard,
                                .size = vdisk_size,
                                .opaque = d},
                        .size = size};
    d->data = malloc(size);
    for (uint64_t i = 0; i < size; i++)
        d->data[i] = (uint8_t)(i * 7 + (i >> 9));
}

#endif
