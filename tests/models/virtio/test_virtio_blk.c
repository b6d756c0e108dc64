/* SPDX-License-Identifier: Apache-2.0 */
/* The block device (virtio 1.2, 5.2): every request type, its time, limits, failures of the drive, framing.
 */
#include "tests/models/virtio/vdrv.h"

#define SEG_MAX      (UINT64_C(1) << 2)
#define RO           (UINT64_C(1) << 5)
#define BLK_SIZE     (UINT64_C(1) << 6)
#define FLUSH        (UINT64_C(1) << 9)
#define DISCARD      (UINT64_C(1) << 13)
#define WRITE_ZEROES (UINT64_C(1) << 14)
#define DISK         (8u << 20)

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_ZEROES = 13, T_ERASE = 14 };

#define HEADER BUF
#define STATUS (BUF + 0x10)
#define DATA   (BUF + 0x1000)

struct fix {
    struct vdrv v;
    struct vdisk disk;
};

static void make(struct fix *f, uint64_t features)
{
    vdisk_make(&f->disk, DISK);
    vdrv_make(&f->v, &tg_virtio_blk_class);
    *(struct tg_blockdev **)port_at(f->v.d, "drive") = &f->disk.dev;
    vdrv_plug(&f->v);
    vdrv_start(&f->v, features, 1, 16);
}

static void drop(struct fix *f)
{
    vdrv_drop(&f->v);
    free(f->disk.data);
}

static void header(struct fix *f, uint32_t type, uint64_t sector)
{
    uint32_t h[4] = {type, 0, (uint32_t)sector, (uint32_t)(sector >> 32)};

    memcpy(mem(&f->v, HEADER), h, 16);
    *(uint8_t *)mem(&f->v, STATUS) = 0xee;
}

/* One request with n bytes at DATA, run to its end. Returns the status byte, 0xee when untouched. */
static unsigned request(struct fix *f, uint32_t type, uint64_t sector, uint32_t n, uint32_t *used_len)
{
    bool in = type == T_IN || type == T_GET_ID;
    struct vdesc seg[3] = {{.addr = HEADER, .len = 16}, {.addr = DATA, .len = n}, {.addr = STATUS, .len = 1}};
    uint32_t len = 0;

    if (!n)
        seg[1] = seg[2];
    header(f, type, sector);
    vdrv_add(&f->v, 0, seg, in || !n ? 1 : 2, (n ? 3 : 2) - (in || !n ? 1 : 2), false);
    vdrv_kick(&f->v, 0);
    vdrv_run(&f->v, f->v.b.now + 20 * TG_MS);
    vdrv_used(&f->v, 0, NULL, &len);
    if (used_len)
        *used_len = len;
    return *(uint8_t *)mem(&f->v, STATUS);
}

static void configuration(void **state)
{
    struct fix f;
    uint32_t cap = DISK / 512;

    (void)state;
    make(&f, 0);
    assert_int_equal(mrd(&f.v, M_DEVICE), 2);
    assert_true(vdrv_offered(&f.v) ==
                (INDIRECT | EVENT | V1 | RING_RESET | SEG_MAX | BLK_SIZE | FLUSH | DISCARD | WRITE_ZEROES));
    assert_int_equal(mrd(&f.v, M_CONFIG), cap);
    assert_int_equal(mrd(&f.v, M_CONFIG + 4), 0);
    assert_int_equal(mrd(&f.v, M_CONFIG + 12), 254);
    assert_int_equal(mrd(&f.v, M_CONFIG + 20), 512);
    assert_int_equal(rd(&f.v.b, f.v.t, M_CONFIG, 8), cap);
    assert_int_equal(rd(&f.v.b, f.v.t, M_CONFIG + 1, 1), (cap >> 8) & 0xff);
    assert_int_equal(rd(&f.v.b, f.v.t, M_CONFIG + 34, 2), 1);
    assert_int_equal(f.v.b.guest_errors, 0);
    mwr(&f.v, M_CONFIG, 0); /* nothing there is writable */
    assert_int_equal(f.v.b.guest_errors, 1);
    assert_int_equal(mrd(&f.v, M_CONFIG), cap);
    drop(&f);
}

static void read_and_write(void **state)
{
    struct fix f;
    uint32_t len;

    (void)state;
    make(&f, FLUSH);
    assert_int_equal(request(&f, T_IN, 3, 4096, &len), 0);
    assert_int_equal(len, 4097);
    assert_memory_equal(mem(&f.v, DATA), f.disk.data + 3 * 512, 4096);
    memset(mem(&f.v, DATA), 0x5a, 1024);
    assert_int_equal(request(&f, T_OUT, 100, 1024, &len), 0);
    assert_int_equal(len, 1);
    assert_memory_equal(mem(&f.v, DATA), f.disk.data + 100 * 512, 1024);
    assert_int_not_equal(f.disk.data[102 * 512], 0x5a);
    assert_int_equal(f.disk.flushes, 0);
    assert_int_equal(request(&f, T_FLUSH, 0, 0, &len), 0);
    assert_int_equal(f.disk.flushes, 1);
    assert_int_equal(request(&f, T_IN, DISK / 512 - 1, 512, NULL), 0); /* the last sector */
    drop(&f);
}

/* More than a piece (256 KiB) in one request. */
static void long_request(void **state)
{
    struct fix f;
    uint32_t len;

    (void)state;
    make(&f, FLUSH);
    assert_int_equal(request(&f, T_IN, 16, 1 << 20, &len), 0);
    assert_int_equal(len, (1 << 20) + 1);
    assert_memory_equal(mem(&f.v, DATA), f.disk.data + 16 * 512, 1 << 20);
    for (unsigned i = 0; i < 1 << 20; i++)
        ((uint8_t *)mem(&f.v, DATA))[i] = (uint8_t)(i >> 4);
    assert_int_equal(request(&f, T_OUT, 1, (1 << 20) - 512, NULL), 0);
    assert_memory_equal(mem(&f.v, DATA), f.disk.data + 512, (1 << 20) - 512);
    drop(&f);
}

/* Without the FLUSH feature a completed write is stable (5.2.6.2). */
static void write_through(void **state)
{
    struct fix f;

    (void)state;
    make(&f, 0);
    assert_int_equal(request(&f, T_OUT, 1, 512, NULL), 0);
    assert_int_equal(f.disk.flushes, 1);
    drop(&f);
}

static void identity(void **state)
{
    struct fix f;
    uint32_t len;

    (void)state;
    make(&f, 0);
    assert_int_equal(request(&f, T_GET_ID, 0, 20, &len), 0);
    assert_int_equal(len, 21);
    assert_memory_equal(mem(&f.v, DATA), "dev0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    drop(&f);
}

static void ranges(void **state)
{
    struct fix f;
    struct {
        uint64_t sector;
        uint32_t n, flags;
    } r[20] = {{.sector = 8, .n = 16, .flags = 0}};

    (void)state;
    make(&f, FLUSH | DISCARD | WRITE_ZEROES);
    memcpy(mem(&f.v, DATA), r, 16);
    assert_int_equal(request(&f, T_ZEROES, 0, 16, NULL), 0);
    for (unsigned i = 8 * 512; i < 24 * 512; i++)
        assert_int_equal(f.disk.data[i], 0);
    assert_int_equal(f.disk.data[24 * 512], 24);
    assert_int_equal(f.disk.discards, 0);
    r[0].flags = 1; /* may unmap */
    memcpy(mem(&f.v, DATA), r, 16);
    assert_int_equal(request(&f, T_ZEROES, 0, 16, NULL), 0);
    assert_int_equal(f.disk.discards, 1);
    r[0].flags = 2;
    memcpy(mem(&f.v, DATA), r, 16);
    assert_int_equal(request(&f, T_ZEROES, 0, 16, NULL), 2); /* unknown flag: unsupported */
    r[0].flags = 1;
    memcpy(mem(&f.v, DATA), r, 16);
    assert_int_equal(request(&f, T_DISCARD, 0, 16, NULL), 2); /* unmap has no meaning in discard */
    r[0].flags = 0;
    r[0].n = DISK / 512;
    memcpy(mem(&f.v, DATA), r, 16);
    assert_int_equal(request(&f, T_DISCARD, 0, 16, NULL), 1); /* past the end */
    r[0].n = 16;
    for (unsigned i = 1; i < 20; i++)
        r[i] = r[0];
    memcpy(mem(&f.v, DATA), r, sizeof(r));
    assert_int_equal(request(&f, T_DISCARD, 0, 16 * 16, NULL), 0);
    assert_int_equal(f.disk.discards, 17);
    assert_int_equal(request(&f, T_DISCARD, 0, 17 * 16, NULL), 1); /* too many */
    assert_int_equal(request(&f, T_DISCARD, 0, 17, NULL), 1);      /* not whole */
    assert_int_equal(request(&f, T_ZEROES, 0, 32, NULL), 1);
    assert_int_equal(f.disk.discards, 17);
    assert_int_equal(mrd(&f.v, M_STATUS), 0xf);
    drop(&f);
}

static void refused(void **state)
{
    struct fix f;
    uint32_t len;

    (void)state;
    make(&f, FLUSH);
    assert_int_equal(request(&f, T_IN, DISK / 512 - 1, 1024, NULL), 1);
    assert_int_equal(request(&f, T_OUT, DISK / 512, 512, NULL), 1);
    assert_int_equal(request(&f, T_IN, UINT64_MAX, 512, &len), 1);
    assert_int_equal(request(&f, T_IN, UINT64_MAX - 3, 4096, NULL), 1);
    assert_int_equal(request(&f, T_IN, 0, 100, NULL), 1); /* not whole sectors */
    assert_int_equal(request(&f, T_ERASE, 0, 16, NULL), 2);
    assert_int_equal(request(&f, 0xffffffff, 0, 16, NULL), 2);
    f.disk.fail = 5; /* the drive fails */
    assert_int_equal(request(&f, T_IN, 0, 512, NULL), 1);
    assert_int_equal(request(&f, T_OUT, 0, 512, NULL), 1);
    assert_int_equal(request(&f, T_FLUSH, 0, 0, NULL), 1);
    f.disk.fail = 0;
    assert_int_equal(request(&f, T_IN, 0, 512, NULL), 0);
    assert_int_equal(mrd(&f.v, M_STATUS), 0xf);
    assert_int_equal(f.v.b.guest_errors, 0);
    drop(&f);
}

static void read_only(void **state)
{
    struct fix f;

    (void)state;
    vdisk_make(&f.disk, DISK);
    f.disk.dev.read_only = true;
    vdrv_make(&f.v, &tg_virtio_blk_class);
    *(struct tg_blockdev **)port_at(f.v.d, "drive") = &f.disk.dev;
    vdrv_plug(&f.v);
    assert_true(vdrv_offered(&f.v) == (INDIRECT | EVENT | V1 | RING_RESET | SEG_MAX | BLK_SIZE | FLUSH | RO));
    vdrv_start(&f.v, RO, 1, 16);
    assert_int_equal(request(&f, T_OUT, 0, 512, NULL), 1);
    assert_int_equal(request(&f, T_ZEROES, 0, 16, NULL), 2);
    assert_int_equal(request(&f, T_DISCARD, 0, 16, NULL), 2);
    assert_int_equal(request(&f, T_IN, 0, 512, NULL), 0);
    drop(&f);
}

static void no_drive(void **state)
{
    struct fix f = {.disk = {.data = NULL}};

    (void)state;
    vdrv_make(&f.v, &tg_virtio_blk_class);
    vdrv_plug(&f.v);
    vdrv_start(&f.v, 0, 1, 16);
    assert_int_equal(mrd(&f.v, M_CONFIG), 0);
    for (unsigned type = 0; type < 16; type++)
        assert_int_not_equal(request(&f, type, 0, 512, NULL), 0xee);
    assert_int_equal(request(&f, T_IN, 0, 512, NULL), 1);
    drop(&f);
}

/* Header, data and status in any pieces (2.7.4): byte by byte, and status in one buffer with the data. */
static void framing(void **state)
{
    struct fix f;
    struct vdesc seg[16];
    uint32_t len;

    (void)state;
    make(&f, FLUSH);
    header(&f, T_IN, 7);
    for (unsigned i = 0; i < 8; i++)
        seg[i] = (struct vdesc){.addr = HEADER + 2 * i, .len = 2};
    for (unsigned i = 0; i < 3; i++)
        seg[8 + i] = (struct vdesc){.addr = DATA + 171 * i, .len = 171};
    vdrv_add(&f.v, 0, seg, 8, 3, false); /* 513 bytes: the last is the status */
    vdrv_kick(&f.v, 0);
    vdrv_run(&f.v, TG_MS);
    assert_true(vdrv_used(&f.v, 0, NULL, &len));
    assert_int_equal(len, 513);
    assert_memory_equal(mem(&f.v, DATA), f.disk.data + 7 * 512, 512);
    assert_int_equal(*(uint8_t *)mem(&f.v, DATA + 512), 0);
    drop(&f);
}

static void malformed(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        struct fix f;
        struct vdesc seg[2] = {{.addr = HEADER, .len = k == 0 ? 15 : 16}, {.addr = STATUS, .len = 1}};

        make(&f, FLUSH);
        header(&f, T_FLUSH, 0);
        vdrv_add(&f.v, 0, k == 2 ? seg + 1 : seg, k == 2 ? 0 : 1, k == 1 ? 0 : 1, false);
        vdrv_kick(&f.v, 0);
        vdrv_run(&f.v, TG_MS);
        assert_int_equal(mrd(&f.v, M_STATUS), 0x4f);
        assert_int_equal(f.v.b.guest_errors, 1);
        assert_false(vdrv_used(&f.v, 0, NULL, NULL));
        drop(&f);
    }
}

/* latency + bytes / bandwidth after the notification; requests behind it wait for the bytes, not for the
 * latency. */
static void timing(void **state)
{
    struct fix f;
    struct vdesc seg[3] = {
        {.addr = HEADER, .len = 16}, {.addr = DATA, .len = 4096}, {.addr = STATUS, .len = 1}};
    tg_time t0 = TG_MS, byte_time;

    (void)state;
    vdisk_make(&f.disk, DISK);
    vdrv_make(&f.v, &tg_virtio_blk_class);
    *(struct tg_blockdev **)port_at(f.v.d, "drive") = &f.disk.dev;
    set_param(f.v.d, "latency", 30 * TG_US);
    set_param(f.v.d, "bandwidth", 1000000000); /* 4096 ns for 4 KiB */
    vdrv_plug(&f.v);
    vdrv_start(&f.v, FLUSH, 1, 16);
    byte_time = 4096 * TG_NS;
    bench_run(&f.v.b, t0);
    header(&f, T_IN, 0);
    vdrv_add(&f.v, 0, seg, 1, 2, false);
    vdrv_add(&f.v, 0, seg, 1, 2, false);
    vdrv_kick(&f.v, 0);
    bench_run(&f.v.b, t0 + 10 * TG_US);
    vdrv_add(&f.v, 0, seg, 1, 2, false); /* notified 10 us later: its own latency counts */
    vdrv_kick(&f.v, 0);
    bench_run(&f.v.b, t0 + 30 * TG_US + byte_time - 1);
    assert_int_equal(get16(&f.v, f.v.q[0].used + 2), 0);
    bench_run(&f.v.b, t0 + 30 * TG_US + byte_time);
    assert_int_equal(get16(&f.v, f.v.q[0].used + 2), 1);
    assert_int_equal(f.v.b.level_at, t0 + 30 * TG_US + byte_time);
    bench_run(&f.v.b, t0 + 30 * TG_US + 2 * byte_time - 1);
    assert_int_equal(get16(&f.v, f.v.q[0].used + 2), 1);
    bench_run(&f.v.b, t0 + 30 * TG_US + 2 * byte_time);
    assert_int_equal(get16(&f.v, f.v.q[0].used + 2), 2);
    bench_run(&f.v.b, t0 + 40 * TG_US + byte_time - 1);
    assert_int_equal(get16(&f.v, f.v.q[0].used + 2), 2);
    bench_run(&f.v.b, t0 + 40 * TG_US + byte_time);
    assert_int_equal(get16(&f.v, f.v.q[0].used + 2), 3);
    drop(&f);
}

static void size_change(void **state)
{
    struct fix f;
    uint32_t gen;

    (void)state;
    make(&f, FLUSH);
    gen = mrd(&f.v, M_GEN);
    f.disk.size = 1 << 20; /* shrinks while in use: found at the next request */
    assert_int_equal(request(&f, T_IN, DISK / 512 - 1, 512, NULL), 1);
    assert_int_equal(mrd(&f.v, M_ISR) & 2, 2);
    assert_int_not_equal(mrd(&f.v, M_GEN), gen);
    assert_int_equal(mrd(&f.v, M_CONFIG), (1 << 20) / 512);
    mwr(&f.v, M_ACK, 3);
    f.disk.size = 2 << 20;
    virtio_blk_size_changed(f.v.d, f.v.b.now);
    assert_int_equal(mrd(&f.v, M_ISR), 2);
    assert_int_equal(mrd(&f.v, M_CONFIG), (2 << 20) / 512);
    mwr(&f.v, M_ACK, 3);
    virtio_blk_size_changed(f.v.d, f.v.b.now);
    assert_int_equal(mrd(&f.v, M_ISR), 0);
    drop(&f);
}

/* Reset between notification and completion: nothing is written afterwards. */
static void reset_in_flight(void **state)
{
    struct fix f;
    struct vdesc seg[3] = {
        {.addr = HEADER, .len = 16}, {.addr = DATA, .len = 1 << 20}, {.addr = STATUS, .len = 1}};

    (void)state;
    make(&f, FLUSH);
    header(&f, T_IN, 0);
    vdrv_add(&f.v, 0, seg, 1, 2, false);
    vdrv_kick(&f.v, 0);
    bench_run(&f.v.b, tg_evq_next(f.v.b.env.evq)); /* one piece done */
    mwr(&f.v, M_STATUS, 0);
    memset(mem(&f.v, DATA), 0, 1 << 20);
    vdrv_run(&f.v, TG_SEC);
    for (unsigned i = 0; i < 1 << 20; i += 64)
        assert_int_equal(*(uint8_t *)mem(&f.v, DATA + i), 0);
    assert_int_equal(*(uint8_t *)mem(&f.v, STATUS), 0xee);
    vdrv_start(&f.v, FLUSH, 1, 16);
    assert_int_equal(request(&f, T_IN, 0, 512, NULL), 0);
    drop(&f);
}

/* The queue goes away under a request in flight. */
static void queue_off_in_flight(void **state)
{
    struct fix f;
    struct vdesc seg[3] = {
        {.addr = HEADER, .len = 16}, {.addr = DATA, .len = 512}, {.addr = STATUS, .len = 1}};

    (void)state;
    make(&f, FLUSH);
    header(&f, T_IN, 0);
    vdrv_add(&f.v, 0, seg, 1, 2, false);
    vdrv_kick(&f.v, 0);
    mwr(&f.v, M_QREADY, 0);
    vdrv_run(&f.v, TG_MS);
    assert_int_equal(*(uint8_t *)mem(&f.v, STATUS), 0xee);
    mwr(&f.v, M_STATUS, 0);
    vdrv_start(&f.v, FLUSH, 1, 16);
    assert_int_equal(request(&f, T_IN, 0, 512, NULL), 0);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration),
        cmocka_unit_test(read_and_write),
        cmocka_unit_test(long_request),
        cmocka_unit_test(write_through),
        cmocka_unit_test(identity),
        cmocka_unit_test(ranges),
        cmocka_unit_test(refused),
        cmocka_unit_test(read_only),
        cmocka_unit_test(no_drive),
        cmocka_unit_test(framing),
        cmocka_unit_test(malformed),
        cmocka_unit_test(timing),
        cmocka_unit_test(size_change),
        cmocka_unit_test(reset_in_flight),
        cmocka_unit_test(queue_off_in_flight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
