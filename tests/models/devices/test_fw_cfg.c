/* SPDX-License-Identifier: Apache-2.0 */
/* fw_cfg: items by the data register and by DMA, what is not there, what cannot be reached. QEMU's
 * specs/fw_cfg. */
#include "tests/models/devices/dev_test.h"
#include "models/devices/devices.h"

enum { DATA = 0, SELECTOR = 8, DMA = 16, DMA_AT = 0x9020010 };

struct fix {
    struct dev_bench b;
    struct tg_model *m;
    uint8_t ram[16384]; /* at 0x1000 */
};

static void ram(void *opaque, struct tg_bus_txn *txn)
{
    struct fix *f = opaque;

    if (txn->addr == DMA_AT) { /* as the machine's bus has it: the device reaches itself */
        txn->addr = DMA;
        tg_model_transport(f->m, 0, txn);
        return;
    }
    if (txn->addr < 0x1000 || txn->addr - 0x1000 + txn->size > sizeof(f->ram)) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    if (txn->write)
        memcpy(f->ram + txn->addr - 0x1000, txn->data, txn->size);
    else
        memcpy(txn->data, f->ram + txn->addr - 0x1000, txn->size);
    txn->resp = TG_BUS_OK;
}

static void make(struct fix *f)
{
    memset(f, 0, sizeof(*f));
    bench_init(&f->b);
    f->m = tg_model_new(&tg_fw_cfg_class, "fw_cfg", &f->b.env);
    *(struct tg_bus_port *)port_at(f->m, "bus") = (struct tg_bus_port){.transport = ram, .opaque = f};
    realize(f->m);
}

static void drop(struct fix *f)
{
    tg_model_free(f->m);
    bench_fini(&f->b);
}

static void choose(struct fix *f, uint16_t key)
{
    wr(&f->b, f->m, SELECTOR, 2, __builtin_bswap16(key));
}

static void descriptor(struct fix *f, uint64_t at, uint32_t control, uint32_t length, uint64_t address)
{
    uint8_t *d = f->ram + at - 0x1000;
    uint32_t c = __builtin_bswap32(control), n = __builtin_bswap32(length);
    uint64_t a = __builtin_bswap64(address);

    memcpy(d, &c, 4);
    memcpy(d + 4, &n, 4);
    memcpy(d + 8, &a, 8);
}

static uint32_t control_at(struct fix *f, uint64_t at)
{
    uint32_t c;

    memcpy(&c, f->ram + at - 0x1000, 4);
    return __builtin_bswap32(c);
}

static void by_register(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    choose(&f, 0);
    assert_int_equal(rd(&f.b, f.m, DATA, 4), 0x554d4551); /* QEMU */
    assert_int_equal(rd(&f.b, f.m, DATA, 4), 0);          /* behind the end */
    choose(&f, 1);
    assert_int_equal(rd(&f.b, f.m, DATA, 4), 3);
    choose(&f, 0x19);
    assert_int_equal(rd(&f.b, f.m, DATA, 8), 0); /* no files */
    choose(&f, 0x1234);
    assert_int_equal(rd(&f.b, f.m, DATA, 8), 0); /* no such item */
    assert_int_equal(fw_cfg_set(f.m, 0x15, "abcdefghijk", 12), 0);
    choose(&f, 0x15);
    assert_int_equal(rd(&f.b, f.m, DATA, 1), 'a');
    assert_int_equal(rd(&f.b, f.m, DATA, 2), 'c' << 8 | 'b');
    assert_int_equal(rd(&f.b, f.m, DATA, 8), 0x6b6a696867666564);
    assert_int_equal(fw_cfg_set(f.m, 0x15, "xy", 2), 0); /* another one in its place */
    choose(&f, 0x15);
    assert_int_equal(rd(&f.b, f.m, DATA, 4), 'y' << 8 | 'x');
    assert_int_equal(f.b.guest_errors, 0);
    drop(&f);
}

static void by_dma(void **state)
{
    struct fix f;
    uint8_t data[5000];

    (void)state;
    make(&f);
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    assert_int_equal(fw_cfg_set(f.m, 0x11, data, sizeof(data)), 0);
    assert_int_equal(rd(&f.b, f.m, DMA, 8), 0x47464320554d4551);
    descriptor(&f, 0x1000, 0x11 << 16 | 8 | 2, 4500, 0x2000); /* select, read */
    wr(&f.b, f.m, DMA, 8, __builtin_bswap64(0x1000));
    assert_int_equal(control_at(&f, 0x1000), 0);
    assert_memory_equal(f.ram + 0x1000, data, 4500);
    assert_int_equal(f.ram[0x1000 + 4500], 0);
    descriptor(&f, 0x1000, 4, 100, 0); /* skip */
    wr(&f.b, f.m, DMA, 4, 0);          /* by halves: the second one starts it */
    wr(&f.b, f.m, DMA + 4, 4, __builtin_bswap32(0x1000));
    descriptor(&f, 0x1000, 2, 500, 0x4000);
    memset(f.ram + 0x3000, 0xee, 600);
    wr(&f.b, f.m, DMA + 4, 4, __builtin_bswap32(0x1000));
    assert_memory_equal(f.ram + 0x3000, data + 4600, 400);
    for (unsigned i = 400; i < 500; i++)
        assert_int_equal(f.ram[0x3000 + i], 0);
    assert_int_equal(f.ram[0x3000 + 500], 0xee);
    drop(&f);
}

static void wrong_dma(void **state)
{
    struct fix f;

    (void)state;
    make(&f);
    descriptor(&f, 0x1000, 1 << 16 | 8 | 2, 4, 0xf0000000); /* to nowhere */
    wr(&f.b, f.m, DMA, 8, __builtin_bswap64(0x1000));
    assert_int_equal(control_at(&f, 0x1000), 1);
    descriptor(&f, 0x1000, 1 << 16 | 8 | 16, 4, 0x2000); /* nothing is writable */
    wr(&f.b, f.m, DMA, 8, __builtin_bswap64(0x1000));
    assert_int_equal(control_at(&f, 0x1000), 1);
    assert_int_equal(f.b.guest_errors, 0);
    wr(&f.b, f.m, DMA, 8, __builtin_bswap64(0xf0000000)); /* no descriptor */
    assert_int_equal(f.b.guest_errors, 1);
    drop(&f);
}

/* A guest has the device write the address of the same descriptor to its own register. */
static void to_itself(void **state)
{
    uint64_t at = __builtin_bswap64(0x1000);
    struct fix f;

    (void)state;
    make(&f);
    assert_int_equal(fw_cfg_set(f.m, 0x15, &at, sizeof(at)), 0);
    descriptor(&f, 0x1000, 0x15 << 16 | 8 | 2, sizeof(at), DMA_AT);
    wr(&f.b, f.m, DMA, 8, at);
    assert_int_equal(f.b.guest_errors, 1);
    descriptor(&f, 0x1000, 0x15 << 16 | 8 | 2, sizeof(at), 0x2000); /* the next one is as any other */
    wr(&f.b, f.m, DMA, 8, at);
    assert_int_equal(control_at(&f, 0x1000), 0);
    assert_memory_equal(f.ram + 0x1000, &at, sizeof(at));
    drop(&f);
}

static void full(void **state)
{
    struct fix f;
    unsigned n = 0;

    (void)state;
    make(&f);
    while (n < 100 && !fw_cfg_set(f.m, (uint16_t)(0x100 + n), "", 0))
        n++;
    assert_int_equal(n, 13); /* and three of its own */
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_register), cmocka_unit_test(by_dma),
                                       cmocka_unit_test(wrong_dma), cmocka_unit_test(to_itself),
                                       cmocka_unit_test(full)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
