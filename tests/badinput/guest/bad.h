/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ill-behaved guests share: exceptions that skip the instruction and are counted, and a minimal
 * driver of virtio over MMIO (virtio 1.2: 4.2.2 registers, 2.7 split queues, 5.2 block). No error handling,
 * no interrupts.
 */
#ifndef BAD_H
#define BAD_H

#include "rt.h"

#define VIRTIO_ID_NET     1
#define VIRTIO_ID_BLOCK   2
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_RNG     4

/* 4.2.2 */
#define VIRTIO_MAGIC           0x000
#define VIRTIO_VERSION         0x004
#define VIRTIO_DEVICE_ID       0x008
#define VIRTIO_DEVICE_FEATURES 0x010
#define VIRTIO_DEVICE_SEL      0x014
#define VIRTIO_DRIVER_FEATURES 0x020
#define VIRTIO_DRIVER_SEL      0x024
#define VIRTIO_QUEUE_SEL       0x030
#define VIRTIO_QUEUE_NUM_MAX   0x034
#define VIRTIO_QUEUE_NUM       0x038
#define VIRTIO_QUEUE_READY     0x044
#define VIRTIO_QUEUE_NOTIFY    0x050
#define VIRTIO_INT_STATUS      0x060
#define VIRTIO_INT_ACK         0x064
#define VIRTIO_STATUS          0x070
#define VIRTIO_QUEUE_DESC      0x080
#define VIRTIO_QUEUE_DRIVER    0x090
#define VIRTIO_QUEUE_DEVICE    0x0a0
#define VIRTIO_CONFIG          0x100

#define STATUS_ACK         1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

#define QUEUE_MAX 64

struct vq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

/* A split queue of at most QUEUE_MAX entries; the rings lie in the program's own memory. */
struct vq {
    unsigned index, size;
    volatile struct vq_desc *desc;
    volatile uint16_t *avail; /* flags, idx, ring[] */
    volatile uint16_t *used;  /* flags, idx, {id, len}[] */
    uint16_t last_used;
};

/* Faults seen by the handlers below: one skips the instruction, one only counts. */
static volatile unsigned bad_faults;

__attribute__((unused)) static bool bad_skip(struct rt_frame *f, unsigned slot)
{
    (void)slot;
    bad_faults++;
    f->elr += 4;
    return true;
}

__attribute__((unused)) static bool bad_ignore(struct rt_frame *f, unsigned slot)
{
    (void)f;
    (void)slot;
    bad_faults++;
    return true;
}

/* First transport on the board with this device behind it, found as QEMU's virt map has them; 0: none. */
__attribute__((unused)) static uint64_t bad_virtio(uint32_t id)
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t base = 0x0a000000 + 0x200 * (uint64_t)i;

        if (!i)
            rt_mmu_map_device(0x0a000000, 0x4000);
        if (rt_r32(base + VIRTIO_MAGIC) == 0x74726976 && rt_r32(base + VIRTIO_DEVICE_ID) == id)
            return base;
    }
    return 0;
}

/* Reset and feature negotiation: VERSION_1 (bit 32) and the low features given. */
__attribute__((unused)) static bool bad_virtio_start(uint64_t base, uint32_t low)
{
    rt_w32(base + VIRTIO_STATUS, 0);
    rt_w32(base + VIRTIO_STATUS, STATUS_ACK);
    rt_w32(base + VIRTIO_STATUS, STATUS_ACK | STATUS_DRIVER);
    rt_w32(base + VIRTIO_DRIVER_SEL, 0);
    rt_w32(base + VIRTIO_DRIVER_FEATURES, low);
    rt_w32(base + VIRTIO_DRIVER_SEL, 1);
    rt_w32(base + VIRTIO_DRIVER_FEATURES, 1);
    rt_w32(base + VIRTIO_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK);
    return rt_r32(base + VIRTIO_STATUS) & STATUS_FEATURES_OK;
}

__attribute__((unused)) static void bad_virtio_go(uint64_t base)
{
    rt_w32(base + VIRTIO_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

static void bad_w64(uint64_t reg, uint64_t v)
{
    rt_w32(reg, (uint32_t)v);
    rt_w32(reg + 4, (uint32_t)(v >> 32));
}

/* Sets a queue up and enables it. */
__attribute__((unused)) static bool bad_queue(uint64_t base, unsigned index, unsigned size, struct vq *q)
{
    static uint8_t memory[4][8192] __attribute__((aligned(4096)));
    uint8_t *p = memory[index & 3];

    memset(p, 0, sizeof(memory[0]));
    q->index = index;
    q->size = size;
    q->desc = (volatile struct vq_desc *)p;
    q->avail = (volatile uint16_t *)(p + 2048);
    q->used = (volatile uint16_t *)(p + 4096);
    q->last_used = 0;
    rt_w32(base + VIRTIO_QUEUE_SEL, index);
    if (!rt_r32(base + VIRTIO_QUEUE_NUM_MAX))
        return false;
    rt_w32(base + VIRTIO_QUEUE_NUM, size);
    bad_w64(base + VIRTIO_QUEUE_DESC, (uint64_t)q->desc);
    bad_w64(base + VIRTIO_QUEUE_DRIVER, (uint64_t)q->avail);
    bad_w64(base + VIRTIO_QUEUE_DEVICE, (uint64_t)q->used);
    rt_w32(base + VIRTIO_QUEUE_READY, 1);
    return rt_r32(base + VIRTIO_QUEUE_READY) & 1;
}

__attribute__((unused)) static void bad_desc(struct vq *q, unsigned i, uint64_t addr, uint32_t len,
                                             uint16_t flags, uint16_t next)
{
    q->desc[i].addr = addr;
    q->desc[i].len = len;
    q->desc[i].flags = flags;
    q->desc[i].next = next;
}

/* Makes `head` available and tells the device. */
__attribute__((unused)) static void bad_post(uint64_t base, struct vq *q, uint16_t head)
{
    uint16_t idx = q->avail[1];

    q->avail[2 + idx % q->size] = head;
    rt_dsb();
    q->avail[1] = (uint16_t)(idx + 1);
    rt_dsb();
    rt_w32(base + VIRTIO_QUEUE_NOTIFY, q->index);
}

/* True when something came back within 100 ms, or the device asks for a reset (*broken). */
__attribute__((unused)) static bool bad_wait(uint64_t base, struct vq *q, bool *broken)
{
    uint64_t end = rt_ticks() + rt_us_to_ticks(100000);

    *broken = false;
    while (rt_ticks() < end) {
        rt_dsb();
        if (q->used[1] != q->last_used) {
            q->last_used = q->used[1];
            rt_w32(base + VIRTIO_INT_ACK, rt_r32(base + VIRTIO_INT_STATUS));
            return true;
        }
        if (rt_r32(base + VIRTIO_STATUS) & STATUS_NEEDS_RESET) {
            *broken = true;
            return true;
        }
    }
    return false;
}

/* One sector. 0: read; 1, 2: the device's status (5.2.6); -1: no answer, -2: the device asks for a reset. */
__attribute__((unused)) static int bad_blk_read(uint64_t base, struct vq *q, uint64_t sector, void *data)
{
    static struct {
        uint32_t type, reserved;
        uint64_t sector;
        volatile uint8_t status;
    } request;
    bool broken;

    request.type = 0;
    request.reserved = 0;
    request.sector = sector;
    request.status = 0xff;
    bad_desc(q, 0, (uint64_t)&request, 16, DESC_NEXT, 1);
    bad_desc(q, 1, (uint64_t)data, 512, DESC_NEXT | DESC_WRITE, 2);
    bad_desc(q, 2, (uint64_t)&request.status, 1, DESC_WRITE, 0);
    bad_post(base, q, 0);
    if (!bad_wait(base, q, &broken))
        return -1;
    return broken ? -2 : request.status == 0xff ? -1 : request.status;
}

/* Pseudo-random numbers, the same in each run (xorshift64*). */
__attribute__((unused)) static uint64_t bad_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

#endif
