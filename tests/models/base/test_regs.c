/* SPDX-License-Identifier: Apache-2.0 */
/* The register engine: masks, access classes, widths, arrays, merging, callbacks, copies, bad tables, and
 * accesses of any kind. */
#include "base_test.h"
#include "models/base/model.h"
#include "models/base/regs.h"

struct toy {
    struct tg_model model;
    uint32_t copies;
    uint32_t plain, ro, wide_lo;
    uint64_t wide;
    uint8_t bytes[4];
    uint16_t half[3];
    uint64_t cb;         /* of the callbacks */
    struct tg_reg_io io; /* last one seen */
    unsigned reads, writes, others;
    uint64_t last_write;
};

static struct toy *toy(struct tg_model *m)
{
    return (struct toy *)m;
}

static uint64_t cb_read(struct tg_model *m, const struct tg_reg_io *io)
{
    toy(m)->io = *io;
    toy(m)->reads++;
    *io->latency += 7;
    return toy(m)->cb + io->index + 0x100 * io->frame_inst;
}

static void cb_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    toy(m)->io = *io;
    toy(m)->writes++;
    toy(m)->last_write = v;
    if (v == 0xbad)
        *io->resp = TG_BUS_SLVERR;
}

static void other(struct tg_model *m, unsigned inst, struct tg_bus_txn *txn, uint64_t offset)
{
    (void)inst;
    toy(m)->others++;
    toy(m)->last_write = offset;
    if (!txn->write)
        memset(txn->data, 0x5a, txn->size);
}

#define F(f) offsetof(struct toy, f)
static const struct tg_reg regs[] = {
    {.name = "PLAIN",
     .offset = 0x00,
     .width = 4,
     .reset = 0x11223344,
     .wmask = 0x00ffff00,
     .field = F(plain)},
    {.name = "RO", .offset = 0x04, .width = 4, .access = TG_RO, .reset = 0xcafe, .field = F(ro)},
    {.name = "WIDE", .offset = 0x08, .width = 8, .wmask = UINT64_MAX, .field = F(wide)},
    {.name = "BYTES", .offset = 0x10, .width = 1, .count = 4, .wmask = 0xff, .field = F(bytes)},
    {.name = "HALF", .offset = 0x18, .width = 2, .count = 3, .stride = 4, .wmask = 0xffff, .field = F(half)},
    {.name = "CB",
     .offset = 0x30,
     .width = 4,
     .count = 3,
     .field = TG_NOFIELD,
     .read = cb_read,
     .write = cb_write},
    {.name = "CBNARROW",
     .offset = 0x40,
     .width = 8,
     .sizes = 1 | 2 | 8,
     .field = TG_NOFIELD,
     .read = cb_read,
     .write = cb_write},
    {.name = "WO",
     .offset = 0x48,
     .width = 4,
     .access = TG_WO,
     .field = TG_NOFIELD,
     .read = cb_read,
     .write = cb_write},
    {.name = "RES0",
     .offset = 0x4c,
     .width = 4,
     .access = TG_RES0,
     .field = TG_NOFIELD,
     .read = cb_read,
     .write = cb_write},
    {.name = "CONST", .offset = 0x50, .width = 4, .access = TG_RO, .reset = 0x1234, .field = TG_NOFIELD},
};
static const struct tg_reg_frame frames[] = {
    {.name = "main", .size = 0x100, .regs = regs, .n_regs = TG_ARRAY_SIZE(regs)},
    {.name = "copies", .size = 0x60, .regs = regs + 5, .n_regs = 1, .copies_offset_plus1 = F(copies) + 1},
    {.name = "other", .size = 0x20, .regs = regs, .n_regs = 1, .other = other},
    {.name = "none", .size = 0x10},
};
static const struct tg_model_class toy_class = {
    .name = "toy", .size = sizeof(struct toy), .frames = frames, .n_frames = TG_ARRAY_SIZE(frames)};

struct fix {
    struct tg_env env;
    struct tg_log log;
    struct toy *t;
    tg_time latency;
    unsigned lines;
};

static void sink(void *opaque, enum tg_log_level level, const char *who, const char *text)
{
    (void)level;
    (void)text;
    assert_string_equal(who, "toy0");
    ((struct fix *)opaque)->lines++;
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));
    struct tg_error err;

    f->log.sink = sink;
    f->log.opaque = f;
    f->env.log = &f->log;
    f->t = toy(tg_model_new(&toy_class, "toy0", &f->env));
    f->t->copies = 3;
    assert_int_equal(tg_model_realize(&f->t->model, &err), 0);
    tg_model_reset(&f->t->model);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;

    tg_model_free(&f->t->model);
    free(f);
    return 0;
}

static enum tg_bus_resp access_at(struct fix *f, unsigned frame, uint64_t addr, void *data, unsigned size,
                                  bool write)
{
    struct tg_bus_txn txn = {
        .addr = addr, .data = data, .size = size, .write = write, .time = 42, .resp = TG_BUS_SLVERR};

    tg_model_transport(&f->t->model, frame, &txn);
    f->latency = txn.latency;
    return txn.resp;
}

static uint64_t rd(struct fix *f, unsigned frame, uint64_t addr, unsigned size)
{
    uint64_t v = UINT64_C(0xaaaaaaaaaaaaaaaa);

    assert_int_equal(access_at(f, frame, addr, &v, size, false), TG_BUS_OK);
    return size == 8 ? v : v & tg_ones(size * 8);
}

static void wr(struct fix *f, unsigned frame, uint64_t addr, unsigned size, uint64_t v)
{
    assert_int_equal(access_at(f, frame, addr, &v, size, true), TG_BUS_OK);
}

static void test_plain(void **state)
{
    struct fix *f = *state;

    assert_int_equal(rd(f, 0, 0, 4), 0x11223344);
    wr(f, 0, 0, 4, 0xffffffff);
    assert_int_equal(rd(f, 0, 0, 4), 0x11ffff44); /* wmask */
    wr(f, 0, 0, 4, 0);
    assert_int_equal(rd(f, 0, 0, 4), 0x11000044);
    assert_int_equal(rd(f, 0, 4, 4), 0xcafe);
    wr(f, 0, 4, 4, 0);
    assert_int_equal(rd(f, 0, 4, 4), 0xcafe);
    assert_int_equal(rd(f, 0, 0x50, 4), 0x1234);
    wr(f, 0, 0x50, 4, 0);
    assert_int_equal(rd(f, 0, 0x50, 4), 0x1234);
    tg_model_reset(&f->t->model);
    assert_int_equal(rd(f, 0, 0, 4), 0x11223344);
    assert_int_equal(f->lines, 0);
}

static void test_widths(void **state)
{
    struct fix *f = *state;

    wr(f, 0, 8, 8, UINT64_C(0x0123456789abcdef));
    assert_int_equal(rd(f, 0, 8, 4), 0x89abcdef);
    assert_int_equal(rd(f, 0, 12, 4), 0x01234567);
    wr(f, 0, 12, 4, 0xfeedf00d); /* half of it: merged */
    assert_true(rd(f, 0, 8, 8) == UINT64_C(0xfeedf00d89abcdef));
    /* a wide access over several rows */
    wr(f, 0, 0x10, 4, 0x44332211);
    assert_memory_equal(f->t->bytes, "\x11\x22\x33\x44", 4);
    assert_int_equal(rd(f, 0, 0x12, 2), 0x4433);
    assert_int_equal(rd(f, 0, 0x13, 1), 0x44);
    assert_true(rd(f, 0, 0, 8) == UINT64_C(0x0000cafe11223344));
    /* stride */
    wr(f, 0, 0x1c, 2, 0xbeef);
    assert_int_equal(f->t->half[1], 0xbeef);
    assert_int_equal(rd(f, 0, 0x1e, 2), 0); /* between elements */
    assert_int_equal(f->lines, 1);
    wr(f, 0, 0x20, 2, 0x1111);
    assert_int_equal(f->t->half[2], 0x1111);
}

static void test_callbacks(void **state)
{
    struct fix *f = *state;

    f->t->cb = 0x70;
    assert_int_equal(rd(f, 0, 0x38, 4), 0x72);
    assert_int_equal(f->latency, 7);
    assert_int_equal(f->t->io.index, 2);
    assert_int_equal(f->t->io.now, 42);
    assert_string_equal(f->t->io.reg->name, "CB");
    wr(f, 0, 0x34, 4, 0x1234);
    assert_int_equal(f->t->io.index, 1);
    assert_int_equal(f->t->last_write, 0x1234);
    /* narrow writes are merged with what the register reads */
    f->t->cb = UINT64_C(0x1111111111111111);
    wr(f, 0, 0x42, 2, 0xabcd);
    assert_true(f->t->last_write == UINT64_C(0x11111111abcd1111));
    assert_int_equal(f->t->io.byte, 2);
    assert_int_equal(f->t->io.size, 2);
    wr(f, 0, 0x47, 1, 0xee);
    assert_true(f->t->last_write == UINT64_C(0xee11111111111111));
    assert_int_equal(rd(f, 0, 0x43, 1), 0x11);
    /* 4 is not among its sizes */
    f->t->writes = 0;
    wr(f, 0, 0x40, 4, 0);
    assert_int_equal(f->t->writes, 0);
    /* write-only reads as zero, and its read callback is not called; reserved neither */
    f->t->reads = 0;
    assert_int_equal(rd(f, 0, 0x48, 4), 0);
    assert_int_equal(rd(f, 0, 0x4c, 4), 0);
    wr(f, 0, 0x4c, 4, 1);
    assert_int_equal(f->t->reads, 0);
    assert_int_equal(f->t->writes, 0);
    wr(f, 0, 0x48, 4, 1);
    assert_int_equal(f->t->writes, 1);
    /* a callback may answer with an error */
    uint32_t bad = 0xbad;
    assert_int_equal(access_at(f, 0, 0x30, &bad, 4, true), TG_BUS_SLVERR);
}

static void test_copies(void **state)
{
    struct fix *f = *state;

    f->t->cb = 0;
    assert_int_equal(tg_model_frame_size(&f->t->model, 1), 0x120);
    assert_int_equal(rd(f, 1, 0x34, 4), 1);
    assert_int_equal(rd(f, 1, 0x60 + 0x34, 4), 0x101);
    assert_int_equal(rd(f, 1, 0xc0 + 0x38, 4), 0x202);
    uint32_t v;
    assert_int_equal(access_at(f, 1, 0x120, &v, 4, false), TG_BUS_DECERR);
}

static void test_nothing_there(void **state)
{
    struct fix *f = *state;
    uint8_t data[16];

    assert_int_equal(rd(f, 0, 0x80, 4), 0);
    assert_int_equal(f->lines, 1);
    assert_int_equal(rd(f, 0, 0x84, 4), 0);
    assert_int_equal(f->lines, 1); /* once */
    assert_int_equal(f->log.guest_errors, 2);
    /* unaligned, too wide, odd sizes */
    wr(f, 0, 0x02, 4, UINT64_MAX);
    assert_int_equal(rd(f, 0, 0, 4), 0x11223344);
    static const unsigned sizes[] = {0, 3, 5, 6, 7, 16};
    for (unsigned i = 0; i < TG_ARRAY_SIZE(sizes); i++) {
        memset(data, 0xff, sizeof(data));
        assert_int_equal(access_at(f, 0, 0x10, data, sizes[i], true), TG_BUS_OK);
        assert_int_equal(access_at(f, 0, 0x10, data, sizes[i], false), TG_BUS_OK);
        for (unsigned k = 0; k < 16; k++)
            assert_int_equal(data[k], k < sizes[i] ? 0 : 0xff);
    }
    assert_memory_equal(f->t->bytes, "\0\0\0\0", 4);
    /* the end of the frame */
    assert_int_equal(access_at(f, 0, 0x100, data, 4, false), TG_BUS_DECERR);
    assert_int_equal(access_at(f, 0, 0xfc, data, 8, false), TG_BUS_DECERR);
    assert_int_equal(access_at(f, 0, UINT64_MAX - 3, data, 4, false), TG_BUS_DECERR);
    assert_int_equal(access_at(f, 0, 0, NULL, 4, false), TG_BUS_DECERR);
    /* a frame without rows; a frame with its own ideas */
    assert_int_equal(rd(f, 3, 8, 4), 0);
    assert_int_equal(rd(f, 2, 0x10, 4), 0x5a5a5a5a);
    assert_int_equal(f->t->last_write, 0x10);
    wr(f, 2, 0x14, 4, 1);
    assert_int_equal(f->t->others, 2);
    /* half of a wide access has a row, the other not */
    assert_true(rd(f, 2, 0, 8) == UINT64_C(0x5a5a5a5a11223344));
}

/* ---- tables that realize refuses ---- */

static int realize(const struct tg_reg *rows, size_t n, struct tg_error *err)
{
    struct tg_reg_frame fr = {.name = "f", .size = 0x10, .regs = rows, .n_regs = n};
    struct tg_model_class cls = {.name = "bad", .size = sizeof(struct toy), .frames = &fr, .n_frames = 1};
    struct tg_model *m = tg_model_new(&cls, "bad0", NULL);
    int rc = tg_model_realize(m, err);

    tg_model_free(m);
    return rc;
}

static void test_bad_tables(void **state)
{
    struct tg_error err;
    const struct tg_reg overlap[] = {{.name = "A", .offset = 0, .width = 8, .field = TG_NOFIELD},
                                     {.name = "B", .offset = 4, .width = 4, .field = TG_NOFIELD}};
    const struct tg_reg outside[] = {{.name = "A", .offset = 8, .width = 4, .count = 3, .field = TG_NOFIELD}};
    const struct tg_reg fits[] = {{.name = "A", .offset = 8, .width = 4, .count = 2, .field = TG_NOFIELD}};

    (void)state;
    assert_int_equal(realize(overlap, 2, &err), -EINVAL);
    assert_non_null(strstr(err.text, "A and B overlap"));
    assert_int_equal(realize(outside, 1, &err), -EINVAL);
    assert_non_null(strstr(err.text, "outside"));
    assert_int_equal(realize(fits, 1, &err), 0);
}

static void test_fuzz(void **state)
{
    struct fix *f = *state;
    uint64_t s = 7;

    for (unsigned i = 0; i < 200000; i++) {
        uint8_t data[32];
        unsigned frame = (unsigned)(next_random(&s) % TG_ARRAY_SIZE(frames));
        unsigned size = (unsigned)(next_random(&s) % 17);
        uint64_t addr = next_random(&s) % (tg_model_frame_size(&f->t->model, frame) + 8);

        memset(data, (int)next_random(&s), sizeof(data));
        uint8_t guard = data[size];
        access_at(f, frame, addr, data, size, next_random(&s) & 1);
        assert_int_equal(data[size], guard); /* never past the end */
    }
    assert_int_equal(f->t->plain & 0xff0000ff, 0x11000044);
    assert_int_equal(f->t->ro, 0xcafe);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_plain),
        T(test_widths),
        T(test_callbacks),
        T(test_copies),
        T(test_nothing_there),
        T(test_fuzz),
        cmocka_unit_test(test_bad_tables),
    };

    return cmocka_run_group_tests_name("register engine", tests, NULL, NULL);
}
