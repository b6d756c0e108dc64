/* SPDX-License-Identifier: Apache-2.0 */
/* The console device (virtio 1.2, 5.3): output, input with flow control, size, emergency write, long buffers.
 */
#include "tests/models/virtio/vdrv.h"

struct fix {
    struct vdrv v;
};

static void make(struct fix *f, unsigned cols, unsigned rows, bool start)
{
    vdrv_make(&f->v, &tg_virtio_console_class);
    *(struct tg_chardev **)port_at(f->v.d, "chardev") = &f->v.b.line;
    set_param(f->v.d, "cols", cols);
    set_param(f->v.d, "rows", rows);
    vdrv_plug(&f->v);
    if (start)
        vdrv_start(&f->v, 0, 2, 16);
}

static void config(void **state)
{
    struct fix f;

    (void)state;
    make(&f, 80, 25, false);
    assert_int_equal(mrd(&f.v, M_DEVICE), 3);
    assert_true(vdrv_offered(&f.v) == (INDIRECT | EVENT | V1 | RING_RESET | 1 | 4));
    assert_int_equal(rd(&f.v.b, f.v.t, M_CONFIG, 2), 80);
    assert_int_equal(rd(&f.v.b, f.v.t, M_CONFIG + 2, 2), 25);
    mwr(&f.v, M_CONFIG + 8, 0x12345641); /* works before anything is set up */
    assert_string_equal(f.v.b.out, "A");
    vdrv_drop(&f.v);
    make(&f, 0, 0, false);
    assert_true(vdrv_offered(&f.v) == (INDIRECT | EVENT | V1 | RING_RESET | 4));
    vdrv_drop(&f.v);
}

static void output(void **state)
{
    struct fix f;
    struct vdesc seg[2] = {{.addr = BUF, .len = 7}, {.addr = BUF + 0x100, .len = 6}};

    (void)state;
    make(&f, 0, 0, true);
    memcpy(mem(&f.v, BUF), "Hello, ", 7);
    memcpy(mem(&f.v, BUF + 0x100), "world\n", 6);
    vdrv_add(&f.v, 1, seg, 2, 0, false);
    vdrv_add(&f.v, 1, seg, 1, 0, false);
    vdrv_kick(&f.v, 1);
    assert_string_equal(f.v.b.out, "Hello, world\nHello, ");
    assert_true(f.v.b.level);
    assert_true(vdrv_used(&f.v, 1, NULL, NULL) && vdrv_used(&f.v, 1, NULL, NULL));
    vdrv_drop(&f.v);
}

static void input(void **state)
{
    struct fix f;
    struct vdesc seg = {.addr = BUF, .len = 4};
    uint32_t len;

    (void)state;
    make(&f, 0, 0, false);
    assert_int_equal(f.v.b.line.receive(f.v.b.line.device, (const uint8_t *)"x", 1),
                     0); /* not set up: kept */
    vdrv_start(&f.v, 0, 2, 16);
    assert_int_equal(f.v.b.readies, 0);
    vdrv_add(&f.v, 0, &seg, 0, 1, false);
    seg.addr = BUF + 0x10;
    vdrv_add(&f.v, 0, &seg, 0, 1, false);
    vdrv_kick(&f.v, 0);
    assert_int_equal(f.v.b.readies, 1);
    assert_int_equal(f.v.b.line.receive(f.v.b.line.device, (const uint8_t *)"abcdefghij", 10), 8);
    assert_true(vdrv_used(&f.v, 0, NULL, &len));
    assert_int_equal(len, 4);
    assert_memory_equal(mem(&f.v, BUF), "abcd", 4);
    assert_memory_equal(mem(&f.v, BUF + 0x10), "efgh", 4);
    assert_true(f.v.b.level);
    vdrv_kick(&f.v, 0); /* nothing new: not asked again */
    assert_int_equal(f.v.b.readies, 1);
    vdrv_add(&f.v, 0, &seg, 0, 1, false);
    vdrv_kick(&f.v, 0);
    assert_int_equal(f.v.b.readies, 2);
    assert_int_equal(f.v.b.line.receive(f.v.b.line.device, (const uint8_t *)"ij", 2), 2);
    vdrv_drop(&f.v);
}

/* One chain of 16 times 128 KiB: sent in portions of 64 KiB, each an event. */
static void long_output(void **state)
{
    struct fix f;
    struct vdesc seg[16];
    uint64_t sent = 0;

    (void)state;
    make(&f, 0, 0, true);
    for (unsigned i = 0; i < 16; i++)
        seg[i] = (struct vdesc){.addr = BUF, .len = 128 << 10};
    vdrv_add(&f.v, 1, seg, 16, 0, false);
    vdrv_kick(&f.v, 1);
    for (unsigned i = 1; i <= 32; i++) {
        uint64_t now = tg_model_counter(f.v.d, &f.v.d->cls->counters[3]);

        assert_int_equal(now - sent, 64 << 10);
        sent = now;
        assert_false(get16(&f.v, f.v.q[1].used + 2) == 1 && i < 32);
        bench_run(&f.v.b, i * TG_US);
    }
    assert_true(vdrv_used(&f.v, 1, NULL, NULL));
    vdrv_drop(&f.v);
}

static void reset_while_sending(void **state)
{
    struct fix f;
    struct vdesc seg = {.addr = BUF, .len = 1 << 20};

    (void)state;
    make(&f, 0, 0, true);
    vdrv_add(&f.v, 1, &seg, 1, 0, false);
    vdrv_kick(&f.v, 1);
    mwr(&f.v, M_STATUS, 0);
    assert_int_equal(tg_evq_next(f.v.b.env.evq), TG_TIME_NEVER);
    vdrv_start(&f.v, 0, 2, 16);
    f.v.b.n_out = 0;
    seg.len = 2;
    memcpy(mem(&f.v, BUF), "ok", 2);
    vdrv_add(&f.v, 1, &seg, 1, 0, false);
    vdrv_kick(&f.v, 1);
    assert_string_equal(f.v.b.out, "ok");
    vdrv_drop(&f.v);
}

static void wrong_direction(void **state)
{
    struct fix f;
    struct vdesc seg = {.addr = BUF, .len = 16};

    (void)state;
    make(&f, 0, 0, true);
    vdrv_add(&f.v, 0, &seg, 1, 0, false); /* a readable receive buffer */
    vdrv_kick(&f.v, 0);
    assert_int_equal(f.v.b.line.receive(f.v.b.line.device, (const uint8_t *)"x", 1), 0);
    assert_int_equal(mrd(&f.v, M_STATUS), 0x4f);
    assert_int_equal(f.v.b.guest_errors, 1);
    vdrv_drop(&f.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config),
        cmocka_unit_test(output),
        cmocka_unit_test(input),
        cmocka_unit_test(long_output),
        cmocka_unit_test(reset_while_sending),
        cmocka_unit_test(wrong_direction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
