/* SPDX-License-Identifier: Apache-2.0 */
/* CFI flash: query, identifiers, programming, the write buffer, erasing, what a wrong sequence does.
 * JESD68.01. */
#include "tests/models/devices/dev_test.h"
#include "models/devices/devices.h"

#define BLOCK 0x40000u
#define BOTH  0x00010001u /* the same for both chips */
#define READY (0x80u * BOTH)

struct fix {
    struct dev_bench b;
    struct tg_model *m;
};

static void make(struct fix *f)
{
    bench_init(&f->b);
    f->m = tg_model_new(&tg_cfi_flash_class, "flash", &f->b.env);
    set_param(f->m, "blocks", 4);
    realize(f->m);
}

static void drop(struct fix *f)
{
    tg_model_free(f->m);
    bench_fini(&f->b);
}

static uint32_t get(struct fix *f, uint64_t at)
{
    return (uint32_t)rd(&f->b, f->m, at, 4);
}

static void put(struct fix *f, uint64_t at, uint32_t v)
{
    wr(&f->b, f->m, at, 4, v);
}

static void command(struct fix *f, uint64_t at, uint32_t cmd)
{
    put(f, at, cmd * BOTH);
}

static void program(struct fix *f, uint64_t at, uint32_t v)
{
    command(f, at, 0x40);
    put(f, at, v);
    assert_int_equal(get(f, at), READY);
    command(f, at, 0xff);
}

static uint64_t counter(struct fix *f, const char *name)
{
    for (size_t i = 0; i < f->m->cls->n_counters; i++)
        if (!strcmp(f->m->cls->counters[i].name, name))
            return tg_model_counter(f->m, &f->m->cls->counters[i]);
    fail_msg("no counter %s", name);
    return 0;
}

static void query(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    assert_int_equal(tg_model_frame_size(f.m, 0), 4 * BLOCK);
    assert_int_equal(get(&f, 0x40), 0xffffffff);
    command(&f, 0x55 * 4, 0x98);
    assert_int_equal(get(&f, 0x10 * 4), 'Q' * BOTH);
    assert_int_equal(get(&f, 0x11 * 4), 'R' * BOTH);
    assert_int_equal(get(&f, 0x12 * 4), 'Y' * BOTH);
    assert_int_equal(get(&f, 0x13 * 4), 1 * BOTH);
    assert_int_equal(get(&f, 0x27 * 4), 19 * BOTH); /* 512 KiB each */
    assert_int_equal(get(&f, 0x28 * 4), 1 * BOTH);  /* x16 */
    assert_int_equal(get(&f, 0x2a * 4), 6 * BOTH);
    assert_int_equal(get(&f, 0x2c * 4), 1 * BOTH);
    assert_int_equal(get(&f, 0x2d * 4), 3 * BOTH); /* 4 blocks */
    assert_int_equal(get(&f, 0x2f * 4), 0);        /* of 0x200 times 256 bytes */
    assert_int_equal(get(&f, 0x30 * 4), 2 * BOTH);
    assert_int_equal(get(&f, 0x31 * 4), 'P' * BOTH);
    assert_int_equal(get(&f, 0x100 * 4), 0);
    assert_int_equal(rd(&f.b, f.m, 0x10 * 4, 1), 'Q'); /* bytes and halfwords look at the same */
    assert_int_equal(rd(&f.b, f.m, 0x10 * 4 + 1, 1), 0);
    assert_int_equal(rd(&f.b, f.m, 0x10 * 4 + 2, 2), 'Q');
    assert_int_equal(rd(&f.b, f.m, 0x10 * 4, 8), (uint64_t)('R' * BOTH) << 32 | 'Q' * BOTH);
    command(&f, 0, 0x90);
    assert_int_equal(get(&f, 0), 0x89 * BOTH);
    assert_int_equal(get(&f, 4), 0x18 * BOTH);
    assert_int_equal(get(&f, BLOCK + 8), 0); /* no block is locked */
    command(&f, 0, 0xff);
    assert_int_equal(get(&f, 0x10 * 4), 0xffffffff);
    drop(&f);
}

static void probes_of_others(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    command(&f, 0, 0xf0); /* AMD's reset */
    command(&f, 0x555 * 4, 0xaa);
    assert_int_equal(get(&f, 0), 0xffffffff);
    wr(&f.b, f.m, 0x55 * 4, 2, 0x98); /* by halfwords, as U-Boot does */
    assert_int_equal(rd(&f.b, f.m, 0x10 * 4, 2), 'Q');
    assert_int_equal(get(&f, 0x10 * 4), 'Q' * BOTH);
    drop(&f);
}

static void programming(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    program(&f, 0x100, 0x12345678);
    assert_int_equal(get(&f, 0x100), 0x12345678);
    assert_int_equal(rd(&f.b, f.m, 0x101, 1), 0x56);
    assert_int_equal(rd(&f.b, f.m, 0x102, 2), 0x1234);
    assert_int_equal(get(&f, 0x104), 0xffffffff);
    program(&f, 0x100, 0xffff00ff); /* ones stay as they are */
    assert_int_equal(get(&f, 0x100), 0x12340078);
    for (unsigned i = 0; i < 4; i += 2) { /* by halfwords, in both lanes */
        wr(&f.b, f.m, 0x200 + i, 2, 0x40);
        wr(&f.b, f.m, 0x200 + i, 2, 0xabc0 + i);
        assert_int_equal(rd(&f.b, f.m, 0x200 + i, 2), 0x80);
    }
    wr(&f.b, f.m, 0x205, 1, 0x10); /* by bytes */
    wr(&f.b, f.m, 0x205, 1, 0x5a);
    wr(&f.b, f.m, 0x200, 2, 0xff);
    assert_int_equal(get(&f, 0x200), 0xabc2abc0);
    assert_int_equal(get(&f, 0x204), 0xffff5aff);
    assert_int_equal(counter(&f, "programs"), 5);
    drop(&f);
}

static void buffered(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    command(&f, 0x400, 0xe8);
    assert_int_equal(get(&f, 0x400), READY);
    put(&f, 0x400, 31 * BOTH);
    for (unsigned i = 0; i < 32; i++)
        put(&f, 0x400 + 4 * i, 0x01000100u * i + i);
    command(&f, 0x400, 0xd0);
    assert_int_equal(get(&f, 0x400), READY);
    command(&f, 0, 0xff);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(get(&f, 0x400 + 4 * i), 0x01000100u * i + i);
    assert_int_equal(get(&f, 0x480), 0xffffffff);
    command(&f, 0x800, 0xe8); /* more than the buffer holds */
    put(&f, 0x800, 32 * BOTH);
    assert_int_equal(get(&f, 0x800), 0xb0 * BOTH);
    command(&f, 0, 0x50);
    command(&f, 0, 0x70);
    assert_int_equal(get(&f, 0), READY);
    command(&f, 0x800, 0xe8); /* not confirmed: nothing is written */
    put(&f, 0x800, 0);
    put(&f, 0x800, 0);
    command(&f, 0x800, 0xff);
    assert_int_equal(get(&f, 0x800), 0xb0 * BOTH);
    command(&f, 0, 0x50);
    command(&f, 0, 0xff);
    assert_int_equal(get(&f, 0x800), 0xffffffff);
    drop(&f);
}

static void erasing(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    program(&f, BLOCK - 4, 1);
    program(&f, BLOCK, 2);
    program(&f, 2 * BLOCK - 4, 3);
    program(&f, 2 * BLOCK, 4);
    command(&f, BLOCK + 0x1234, 0x60); /* unlock: taken */
    command(&f, BLOCK + 0x1234, 0xd0);
    assert_int_equal(get(&f, 0), READY);
    command(&f, BLOCK + 0x1234, 0x20);
    command(&f, BLOCK + 0x1234, 0xd0);
    assert_int_equal(get(&f, BLOCK), READY);
    command(&f, 0, 0xff);
    assert_int_equal(get(&f, BLOCK - 4), 1);
    assert_int_equal(get(&f, BLOCK), 0xffffffff);
    assert_int_equal(get(&f, 2 * BLOCK - 4), 0xffffffff);
    assert_int_equal(get(&f, 2 * BLOCK), 4);
    assert_int_equal(counter(&f, "erases"), 1);
    command(&f, 0, 0x20);
    command(&f, 0, 0x00);
    assert_int_equal(get(&f, 0), 0xb0 * BOTH);
    tg_model_reset(f.m); /* commands are forgotten, contents are not */
    assert_int_equal(get(&f, 2 * BLOCK), 4);
    assert_int_equal(get(&f, BLOCK - 4), 1);
    drop(&f);
}

static void sizes(void **state)
{
    struct tg_error err = {""};
    struct fix f;

    (void)state;
    bench_init(&f.b);
    f.m = tg_model_new(&tg_cfi_flash_class, "flash", &f.b.env);
    set_param(f.m, "blocks", 3);
    assert_int_not_equal(tg_model_realize(f.m, &err), 0);
    assert_string_equal(err.text, "blocks: found 3, expected a power of two");
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(query),       cmocka_unit_test(probes_of_others),
                                       cmocka_unit_test(programming), cmocka_unit_test(buffered),
                                       cmocka_unit_test(erasing),     cmocka_unit_test(sizes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
