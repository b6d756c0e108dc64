/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device (virtio 1.2, 5.4): bytes, how many, from which seed. */
#include "tests/models/virtio/vdrv.h"

static void draw(uint64_t seed, const char *name, uint8_t *out, uint32_t n)
{
    struct vdrv v;
    struct vdesc buf = {.addr = BUF, .len = n};
    uint32_t len;

    vdrv_make(&v, &tg_virtio_rng_class);
    tg_model_free(v.d);
    v.b.env.seed = seed;
    v.d = tg_model_new(&tg_virtio_rng_class, name, &v.b.env);
    vdrv_plug(&v);
    vdrv_start(&v, 0, 1, 8);
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    vdrv_run(&v, TG_MS);
    assert_true(vdrv_used(&v, 0, NULL, &len));
    assert_int_equal(len, n);
    memcpy(out, mem(&v, BUF), n);
    vdrv_drop(&v);
}

static void seeds(void **state)
{
    uint8_t a[64], b[64];

    (void)state;
    draw(1, "rng", a, 64);
    draw(1, "rng", b, 64);
    assert_memory_equal(a, b, 64);
    draw(2, "rng", b, 64);
    assert_memory_not_equal(a, b, 64);
    draw(1, "rng1", b, 64);
    assert_memory_not_equal(a, b, 64);
    draw(0, "rng", b, 64);
    assert_memory_not_equal(a, b, 64);
}

/* Bits are about half ones, all bytes occur about equally often: chi-squared with 255 degrees of freedom
 * below 350 (p = 1e-4). */
static void looks_random(void **state)
{
    static uint8_t all[1 << 16];
    unsigned count[256] = {0};
    double chi = 0;

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        draw(i, "rng", all + i * 4096, 4096);
    for (unsigned i = 0; i < sizeof(all); i++)
        count[all[i]]++;
    for (unsigned i = 0; i < 256; i++)
        chi += (count[i] - 256.0) * (count[i] - 256.0) / 256.0;
    assert_true(chi > 150 && chi < 350);
}

/* The stream goes on after a device reset, and a request of any size is served, at most 4096 bytes of it. */
static void goes_on(void **state)
{
    struct vdrv v;
    struct vdesc buf = {.addr = BUF, .len = 32};
    uint8_t first[32];
    uint32_t len;

    (void)state;
    vdrv_make(&v, &tg_virtio_rng_class);
    vdrv_plug(&v);
    for (unsigned i = 0; i < 2; i++) {
        vdrv_start(&v, 0, 1, 8);
        vdrv_add(&v, 0, &buf, 0, 1, false);
        vdrv_kick(&v, 0);
        vdrv_run(&v, v.b.now + TG_MS);
        assert_true(vdrv_used(&v, 0, NULL, NULL));
        if (!i)
            memcpy(first, mem(&v, BUF), 32);
    }
    assert_memory_not_equal(first, mem(&v, BUF), 32);
    buf.len = 0x80000000;
    vdrv_add(&v, 0, &buf, 0, 1, false);
    buf.len = 3;
    vdrv_add(&v, 0, &buf, 0, 1, false);
    vdrv_kick(&v, 0);
    vdrv_run(&v, v.b.now + TG_MS);
    assert_true(vdrv_used(&v, 0, NULL, &len));
    assert_int_equal(len, 4096);
    assert_true(vdrv_used(&v, 0, NULL, &len));
    assert_int_equal(len, 3);
    vdrv_drop(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(seeds), cmocka_unit_test(looks_random),
                                       cmocka_unit_test(goes_on)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
