/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs the virtqueues of every virtio device on the board with nonsense, and says of each case what the
 * device did: `answered` (a used element came back), `reset` (it set DEVICE_NEEDS_RESET), `silent` (neither
 * within 2 ms). After each case the device is reset; at the end the disk must still read its sectors right.
 * virtio 1.2: 2.7 split queues, 4.2.2 MMIO, 5.2 block.
 *
 * Adding a case is a function and a line in the table `cases`.
 */
#include "bad.h"

#define HOLE UINT64_C(0x20000000)

static uint64_t base;
static struct vq q;
static uint8_t header[16] __attribute__((aligned(16)));
static uint8_t data[4096] __attribute__((aligned(4096)));
static volatile uint8_t status_byte;
static struct vq_desc table[16] __attribute__((aligned(16)));

/* A good read of sector 0 in descriptors 0 to 2; cases spoil it. */
static void good(void)
{
    memset(header, 0, sizeof(header));
    bad_desc(&q, 0, (uint64_t)header, 16, DESC_NEXT, 1);
    bad_desc(&q, 1, (uint64_t)data, 512, DESC_NEXT | DESC_WRITE, 2);
    bad_desc(&q, 2, (uint64_t)&status_byte, 1, DESC_WRITE, 0);
}

static void post(void)
{
    bad_post(base, &q, 0);
}

static void self_loop(void)
{
    bad_desc(&q, 0, (uint64_t)header, 16, DESC_NEXT, 0);
    post();
}

static void long_loop(void)
{
    bad_desc(&q, 2, (uint64_t)&status_byte, 1, DESC_WRITE | DESC_NEXT, 1);
    post();
}

static void next_outside(void)
{
    bad_desc(&q, 0, (uint64_t)header, 16, DESC_NEXT, 60000);
    post();
}

static void head_outside(void)
{
    bad_post(base, &q, 60000);
}

static void header_hole(void)
{
    q.desc[0].addr = HOLE;
    post();
}

static void data_hole(void)
{
    q.desc[1].addr = HOLE;
    post();
}

static void data_wraps(void)
{
    q.desc[1].addr = UINT64_C(0xfffffffffffffe00);
    q.desc[1].len = 0x1000;
    post();
}

static void data_beyond_pa(void)
{
    q.desc[1].addr = UINT64_C(1) << 60;
    post();
}

static void data_own_registers(void)
{
    q.desc[1].addr = base;
    post();
}

static void data_uart(void)
{
    q.desc[1].addr = rt.uart + 0x800; /* reserved words of its frame */
    post();
}

static void data_own_rings(void)
{
    q.desc[1].addr = (uint64_t)q.desc;
    q.desc[1].len = 4096;
    post();
}

static void zero_lengths(void)
{
    for (unsigned i = 0; i < 3; i++)
        q.desc[i].len = 0;
    post();
}

static void zero_data(void)
{
    q.desc[1].len = 0;
    post();
}

static void huge_length(void)
{
    q.desc[1].len = 0xffffffff;
    post();
}

static void odd_length(void)
{
    q.desc[1].len = 100;
    post();
}

static void no_status(void)
{
    bad_desc(&q, 0, (uint64_t)header, 16, 0, 0);
    post();
}

static void write_first(void)
{
    bad_desc(&q, 0, (uint64_t)data, 512, DESC_WRITE | DESC_NEXT, 1);
    bad_desc(&q, 1, (uint64_t)header, 16, 0, 0);
    post();
}

static void indirect(uint64_t addr, uint32_t len)
{
    bad_desc(&q, 0, addr, len, DESC_INDIRECT, 0);
    post();
}

static void indirect_empty(void)
{
    indirect((uint64_t)table, 0);
}

static void indirect_odd(void)
{
    indirect((uint64_t)table, 17);
}

static void indirect_hole(void)
{
    indirect(HOLE, 16 * sizeof(table[0]));
}

static void indirect_huge(void)
{
    indirect((uint64_t)table, 0xfffffff0);
}

static void indirect_loop(void)
{
    table[0] = (struct vq_desc){(uint64_t)header, 16, DESC_NEXT, 0};
    indirect((uint64_t)table, sizeof(table));
}

static void indirect_nested(void)
{
    table[0] = (struct vq_desc){(uint64_t)table, sizeof(table), DESC_INDIRECT, 0};
    indirect((uint64_t)table, sizeof(table));
}

static void index_runaway(void)
{
    q.avail[1] = 30000;
    rt_dsb();
    rt_w32(base + VIRTIO_QUEUE_NOTIFY, q.index);
}

static void index_backwards(void)
{
    q.avail[1] = 0xffff;
    rt_dsb();
    rt_w32(base + VIRTIO_QUEUE_NOTIFY, q.index);
}

static void bad_type(void)
{
    header[0] = 0x77;
    post();
}

static void sector_outside(void)
{
    memset(header + 8, 0xff, 8);
    post();
}

static void notify_unknown(void)
{
    rt_w32(base + VIRTIO_QUEUE_NOTIFY, 9999);
    rt_w32(base + VIRTIO_QUEUE_NOTIFY, 0xffffffff);
}

static void rings(uint64_t desc, uint64_t avail, uint64_t used, uint32_t size)
{
    rt_w32(base + VIRTIO_QUEUE_READY, 0);
    rt_w32(base + VIRTIO_QUEUE_NUM, size);
    bad_w64(base + VIRTIO_QUEUE_DESC, desc);
    bad_w64(base + VIRTIO_QUEUE_DRIVER, avail);
    bad_w64(base + VIRTIO_QUEUE_DEVICE, used);
    rt_w32(base + VIRTIO_QUEUE_READY, 1);
    post();
}

static void rings_hole(void)
{
    rings(HOLE, HOLE + 0x1000, HOLE + 0x2000, 8);
}

static void used_hole(void)
{
    rings((uint64_t)q.desc, (uint64_t)q.avail, HOLE, 8);
}

static void rings_odd(void)
{
    rings((uint64_t)q.desc + 1, (uint64_t)q.avail + 1, (uint64_t)q.used + 1, 8);
}

static void rings_device(void)
{
    rings(base, base, base, 8);
}

static void rings_wrap(void)
{
    rings(UINT64_C(0xfffffffffffffff0), UINT64_C(0xfffffffffffffff0), UINT64_C(0xfffffffffffffff0), 8);
}

static void size_zero(void)
{
    rings((uint64_t)q.desc, (uint64_t)q.avail, (uint64_t)q.used, 0);
}

static void size_odd(void)
{
    rings((uint64_t)q.desc, (uint64_t)q.avail, (uint64_t)q.used, 7);
}

static void size_huge(void)
{
    rings((uint64_t)q.desc, (uint64_t)q.avail, (uint64_t)q.used, 0xffffffff);
}

/* The driver takes the queue away while the request is under way (4.2.2.2): it is dropped. */
static void taken(void)
{
    post();
    rt_w32(base + VIRTIO_QUEUE_READY, 0);
    if (rt_r32(base + VIRTIO_QUEUE_READY))
        rt_printf("virtq: QueueReady stays 1\n");
}

/* And gives it back, empty: nothing comes into the new ring. */
static void given_back(void)
{
    taken();
    bad_queue(base, q.index, q.size, &q);
}

static void random_tables(void)
{
    uint64_t state = 88172645463325252u;

    for (unsigned n = 0; n < 200; n++) {
        for (unsigned i = 0; i < q.size; i++) {
            uint64_t r = bad_random(&state), a = bad_random(&state);
            uint64_t addr = (r & 3) == 0 ? a : (uint64_t)data + (a & 0xfff);

            bad_desc(&q, i, addr, (uint32_t)(r >> 8) & ((r & 4) ? 0xffffffff : 0x3ff),
                     (uint16_t)(r >> 40) & 7, (uint16_t)(r >> 48) & 15);
        }
        bad_post(base, &q, (uint16_t)bad_random(&state) & 7);
        if (rt_r32(base + VIRTIO_STATUS) & STATUS_NEEDS_RESET) {
            if (!bad_virtio_start(base, 0) || !bad_queue(base, q.index, 8, &q))
                return;
            bad_virtio_go(base);
        }
    }
}

static void random_registers(void)
{
    uint64_t state = 1234567891011u;

    for (unsigned n = 0; n < 4000; n++) {
        uint64_t r = bad_random(&state);
        uint64_t reg = base + (r & 0x1fc);

        if ((r & 0x1fc) == VIRTIO_QUEUE_NOTIFY && (r >> 12 & 1))
            rt_w32(reg, (uint32_t)(r >> 32) & 3);
        else if (r >> 13 & 1)
            rt_w32(reg, (uint32_t)(r >> 32));
        else
            (void)rt_r32(reg);
        if ((r >> 14 & 63) == 0)
            rt_w8(reg + (r >> 20 & 3), (uint8_t)(r >> 32)); /* wrong width */
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"self-loop", self_loop},
    {"long-loop", long_loop},
    {"next-outside", next_outside},
    {"head-outside", head_outside},
    {"header-hole", header_hole},
    {"data-hole", data_hole},
    {"data-wraps", data_wraps},
    {"data-beyond-pa", data_beyond_pa},
    {"data-own-registers", data_own_registers},
    {"data-uart", data_uart},
    {"data-own-rings", data_own_rings},
    {"zero-lengths", zero_lengths},
    {"zero-data", zero_data},
    {"huge-length", huge_length},
    {"odd-length", odd_length},
    {"no-status", no_status},
    {"write-first", write_first},
    {"indirect-empty", indirect_empty},
    {"indirect-odd", indirect_odd},
    {"indirect-hole", indirect_hole},
    {"indirect-huge", indirect_huge},
    {"indirect-loop", indirect_loop},
    {"indirect-nested", indirect_nested},
    {"index-runaway", index_runaway},
    {"index-backwards", index_backwards},
    {"bad-type", bad_type},
    {"sector-outside", sector_outside},
    {"notify-unknown", notify_unknown},
    {"rings-hole", rings_hole},
    {"used-hole", used_hole},
    {"rings-odd", rings_odd},
    {"rings-device", rings_device},
    {"rings-wrap", rings_wrap},
    {"size-zero", size_zero},
    {"size-odd", size_odd},
    {"size-huge", size_huge},
    {"taken", taken},
    {"given-back", given_back},
    {"random-tables", random_tables},
    {"random-registers", random_registers},
};

static const char *outcome(void)
{
    uint64_t end = rt_ticks() + rt_us_to_ticks(2000);

    do {
        rt_dsb();
        if (rt_r32(base + VIRTIO_STATUS) & STATUS_NEEDS_RESET)
            return "reset";
        if (q.used[1] != q.last_used)
            return "answered";
    } while (rt_ticks() < end);
    return "silent";
}

static void try_device(const char *name, uint32_t id, unsigned queue)
{
    base = bad_virtio(id);
    if (!base) {
        rt_printf("virtq: %s missing\n", name);
        return;
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!bad_virtio_start(base, (uint32_t)RT_BIT(28)) ||
            !bad_queue(base, queue, 8, &q)) { /* VIRTIO_F_INDIRECT_DESC */
            rt_printf("virtq: %s %s no-start\n", name, cases[i].name);
            return;
        }
        bad_virtio_go(base);
        good();
        status_byte = 0xff;
        cases[i].run();
        rt_printf("virtq: %s %s %s status=%u\n", name, cases[i].name, outcome(), status_byte);
        rt_w32(base + VIRTIO_STATUS, 0);
    }
}

int rt_program(void)
{
    static uint8_t sector[512] __attribute__((aligned(64)));
    int rc;

    rt_set_handler(RT_EXC_SYNC, bad_skip);
    rt_set_handler(RT_EXC_SERROR, bad_ignore);
    try_device("rng", VIRTIO_ID_RNG, 0);
    try_device("console-in", VIRTIO_ID_CONSOLE, 0);
    try_device("console-out", VIRTIO_ID_CONSOLE, 1);
    try_device("net-in", VIRTIO_ID_NET, 0);
    try_device("net-out", VIRTIO_ID_NET, 1);
    try_device("block", VIRTIO_ID_BLOCK, 0);
    /* Whatever was done to it, after a reset the disk works. */
    base = bad_virtio(VIRTIO_ID_BLOCK);
    if (!base || !bad_virtio_start(base, 0) || !bad_queue(base, 0, 8, &q)) {
        rt_printf("virtq: the disk does not start any more\n");
        return 1;
    }
    bad_virtio_go(base);
    rc = bad_blk_read(base, &q, 3, sector);
    rt_printf("virtq: end read=%d first=%x last=%x faults=%u\n", rc, sector[0], sector[511], bad_faults);
    return 0;
}
