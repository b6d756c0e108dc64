/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOR flash behind the Common Flash Interface (JEDEC JESD68.01) with the Intel command set (JEP137: 0x0001,
 * as in Intel's StrataFlash P30): two chips of 16 bits side by side on a bus of 32 bits, one bank of QEMU's
 * virt board. A bank reads as memory until a command is written to it, comes up erased, and keeps its
 * contents over a reset of the machine, not over the end of the run.
 *
 * The chips take commands together, whichever lanes an access has, as in QEMU: U-Boot, made for that board,
 * reaches them by halfwords. Real ones would each follow its own lanes.
 *
 * Not modelled: time to program and to erase (done at once, status always says ready), suspending, locked
 * blocks (the commands are taken, nothing is ever locked), the protection register, execution in place at
 * speed: every access goes over the bus.
 */
#include "models/devices/devices.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK          (UINT64_C(256) << 10) /* what one erase command clears, of both chips */
#define CHIPS          2u
#define LANE           2u /* bytes of a word of one chip */
#define BUS            (CHIPS * LANE)
#define BUFFER_BITS    6u /* write buffer of a chip: 64 bytes */
#define BUFFER_ENTRIES ((1u << BUFFER_BITS) / LANE)

/* Status register (P30 datasheet, "Read Status Register"). */
#define SR_READY   TG_BIT(7)
#define SR_ERASE   TG_BIT(5) /* erase failed; with SR_PROGRAM: wrong sequence of commands */
#define SR_PROGRAM TG_BIT(4)

/* Commands (P30 datasheet, "Command Codes and Definitions"), in bits 7:0 of a chip's word. */
enum command {
    CMD_PROGRAM_10 = 0x10,
    CMD_ERASE = 0x20,
    CMD_PROGRAM = 0x40,
    CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK_SETUP = 0x60,
    CMD_READ_STATUS = 0x70,
    CMD_READ_ID = 0x90,
    CMD_QUERY = 0x98,
    CMD_CONFIRM = 0xd0,
    CMD_BUFFERED_PROGRAM = 0xe8,
    CMD_READ_ARRAY = 0xff,
};

/* What a read gives. */
enum read_mode { READ_ARRAY, READ_STATUS, READ_ID, READ_QUERY };
/* What the next write is. */
enum next_write { NEXT_COMMAND, NEXT_PROGRAM, NEXT_ERASE, NEXT_LOCK, NEXT_COUNT, NEXT_DATA, NEXT_CONFIRM };

struct entry {
    uint64_t addr;
    unsigned size;
    uint8_t data[BUS];
};

struct cfi_flash {
    struct tg_model model;
    uint32_t blocks;
    uint64_t latency; /* ps */
    enum read_mode read;
    enum next_write next;
    uint8_t status;
    unsigned left, filled; /* accesses that the write buffer still takes, that it has taken */
    struct entry buffer[BUFFER_ENTRIES];
    uint8_t *inverted; /* contents, every bit inverted: untouched host memory is erased flash */
    uint64_t reads, programs, erases;
};

static struct cfi_flash *cfi_flash(struct tg_model *m)
{
    return (struct cfi_flash *)m;
}

static uint64_t size_of(const struct cfi_flash *f)
{
    return f->blocks * BLOCK;
}

/* ---- contents ---- */

/* Programming turns ones into zeros, never back. */
static void program(struct cfi_flash *f, uint64_t addr, const uint8_t *data, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        f->inverted[addr + i] |= (uint8_t)~data[i];
    f->programs++;
}

static void erase(struct cfi_flash *f, uint64_t addr)
{
    memset(f->inverted + addr / BLOCK * BLOCK, 0, BLOCK);
    f->erases++;
}

/* ---- reads ---- */

/* Query of one chip (JESD68.01, tables 1 to 5; from 0x31 on Intel's table, version 1.0, which promises
 * nothing). */
static uint8_t query(const struct cfi_flash *f, uint32_t word)
{
    const uint64_t chip_size = size_of(f) / CHIPS, block = BLOCK / CHIPS / 256;
    const uint8_t table[] = {
        'Q',
        'R',
        'Y',
        0x01,
        0x00,
        0x31,
        0x00, /* Intel's extended command set, its table at 0x31 */
        0x00,
        0x00,
        0x00,
        0x00, /* no alternate one */
        0x17,
        0x20,
        0x85,
        0x95, /* Vcc 1.7 V to 2.0 V, Vpp 8.5 V to 9.5 V */
        0x08,
        0x09,
        0x0a,
        0x00, /* typical 2^n us for a word, for the buffer, 2^n ms for a block, no chip erase */
        0x01,
        0x01,
        0x02,
        0x00, /* at most 2^n times that */
        (uint8_t)__builtin_ctzll(chip_size),
        0x01,
        0x00, /* 2^n bytes; x16 */
        BUFFER_BITS,
        0x00,
        0x01, /* bytes of the write buffer; one kind of blocks: */
        (uint8_t)(f->blocks - 1),
        (uint8_t)((f->blocks - 1) >> 8),
        (uint8_t)block,
        (uint8_t)(block >> 8),
        'P',
        'R',
        'I',
        '1',
        '0',
    };

    return word >= 0x10 && word - 0x10 < sizeof(table) ? table[word - 0x10] : 0;
}

/* Identifiers of a chip and, at the third word of each block, whether it is locked. */
static uint16_t identifier(uint32_t word)
{
    static const uint16_t ids[] = {0x0089, 0x0018}; /* Intel; as QEMU's board has it */
    uint32_t n = word % (uint32_t)(BLOCK / BUS);

    return n < TG_ARRAY_SIZE(ids) ? ids[n] : 0;
}

static uint16_t chip_word(const struct cfi_flash *f, uint32_t word)
{
    switch (f->read) {
    case READ_STATUS:
        return f->status;
    case READ_ID:
        return identifier(word);
    default:
        return query(f, word);
    }
}

static void read(struct cfi_flash *f, uint64_t addr, uint8_t *data, unsigned n)
{
    f->reads++;
    for (unsigned i = 0; i < n; i++, addr++)
        data[i] = f->read == READ_ARRAY
                      ? (uint8_t)~f->inverted[addr]
                      : (uint8_t)(chip_word(f, (uint32_t)(addr / BUS)) >> 8 * (addr % LANE));
}

/* ---- writes ---- */

static void command(struct cfi_flash *f, uint8_t cmd)
{
    switch (cmd) {
    case CMD_PROGRAM_10:
    case CMD_PROGRAM:
        f->next = NEXT_PROGRAM;
        f->read = READ_STATUS;
        break;
    case CMD_ERASE:
        f->next = NEXT_ERASE;
        f->read = READ_STATUS;
        break;
    case CMD_BUFFERED_PROGRAM:
        f->next = NEXT_COUNT;
        f->read = READ_STATUS;
        break;
    case CMD_LOCK_SETUP:
        f->next = NEXT_LOCK;
        f->read = READ_STATUS;
        break;
    case CMD_CLEAR_STATUS:
        f->status = SR_READY;
        break;
    case CMD_READ_STATUS:
        f->read = READ_STATUS;
        break;
    case CMD_READ_ID:
        f->read = READ_ID;
        break;
    case CMD_QUERY:
        f->read = READ_QUERY;
        break;
    case CMD_READ_ARRAY:
        f->read = READ_ARRAY;
        break;
    default: /* probes for other command sets (0xf0, 0xaa) come by: not taken */
        break;
    }
}

static void wrong_sequence(struct cfi_flash *f)
{
    f->status |= SR_ERASE | SR_PROGRAM;
    f->read = READ_STATUS;
}

/* How many words the buffer is to take, less one: a chip's share of what is written. */
static void begin_buffer(struct cfi_flash *f, const uint8_t *data, unsigned n)
{
    f->left = data[0] + (n > 1 ? data[1] * 256u : 0) + 1;
    f->filled = 0;
    if (f->left > BUFFER_ENTRIES)
        wrong_sequence(f);
    else
        f->next = NEXT_DATA;
}

static void fill_buffer(struct cfi_flash *f, uint64_t addr, const uint8_t *data, unsigned n)
{
    struct entry *e = &f->buffer[f->filled++];

    e->addr = addr;
    e->size = n;
    memcpy(e->data, data, n);
    f->next = --f->left ? NEXT_DATA : NEXT_CONFIRM;
}

static void write(struct cfi_flash *f, uint64_t addr, const uint8_t *data, unsigned n)
{
    enum next_write next = f->next;

    f->next = NEXT_COMMAND;
    switch (next) {
    case NEXT_COMMAND:
        command(f, data[0]);
        break;
    case NEXT_PROGRAM:
        program(f, addr, data, n);
        break;
    case NEXT_ERASE:
        if (data[0] == CMD_CONFIRM)
            erase(f, addr);
        else
            wrong_sequence(f);
        break;
    case NEXT_LOCK: /* lock, unlock, lock-down, configuration: taken, without effect */
        break;
    case NEXT_COUNT:
        begin_buffer(f, data, n);
        break;
    case NEXT_DATA:
        fill_buffer(f, addr, data, n);
        break;
    case NEXT_CONFIRM:
        if (data[0] != CMD_CONFIRM)
            wrong_sequence(f);
        for (unsigned i = 0; data[0] == CMD_CONFIRM && i < f->filled; i++)
            program(f, f->buffer[i].addr, f->buffer[i].data, f->buffer[i].size);
        break;
    }
}

static void transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    struct cfi_flash *f = cfi_flash(m);
    uint8_t *data = txn->data;

    (void)frame;
    txn->latency += f->latency;
    if (txn->addr >= size_of(f) || txn->size > size_of(f) - txn->addr) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    /* What is wider than the bus comes in pieces. */
    for (uint32_t done = 0; data && done < txn->size; done += BUS) {
        unsigned n = txn->size - done < BUS ? txn->size - done : BUS;

        if (txn->write)
            write(f, txn->addr + done, data + done, n);
        else
            read(f, txn->addr + done, data + done, n);
    }
}

/* ---- the class ---- */

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct cfi_flash *f = cfi_flash(m);
    void *p;

    if (f->blocks & (f->blocks - 1))
        return tg_error_set(err, EINVAL, "blocks: found %u, expected a power of two", f->blocks);
    p = mmap(NULL, size_of(f), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return tg_error_set(err, ENOMEM, "blocks: the host has no room for %llu bytes",
                            (unsigned long long)size_of(f));
    f->inverted = p;
    return 0;
}

static void reset(struct tg_model *m)
{
    struct cfi_flash *f = cfi_flash(m);

    f->read = READ_ARRAY;
    f->next = NEXT_COMMAND;
    f->status = SR_READY;
}

static void fini(struct tg_model *m)
{
    if (cfi_flash(m)->inverted)
        munmap(cfi_flash(m)->inverted, size_of(cfi_flash(m)));
}

static const struct tg_param params[] = {
    {.name = "blocks",
     .type = TG_PARAM_U32,
     .unit = "blocks",
     .offset = offsetof(struct cfi_flash, blocks),
     .def = 256,
     .min = 2,
     .max = 4096,
     .description = "erase blocks of 256 KiB (128 KiB of each chip); a power of two"},
    {.name = "latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct cfi_flash, latency),
     .def = 100 * TG_NS,
     .max = TG_MS,
     .description = "of an access; asynchronous reads of a P30 take 85 to 100 ns"},
};

static const struct tg_reg_frame frames[] = {
    {.name = "array", .size = BLOCK, .copies_offset_plus1 = offsetof(struct cfi_flash, blocks) + 1},
};

static const struct tg_counter counters[] = {
    {"reads", "accesses", "reads, whatever they gave", offsetof(struct cfi_flash, reads)},
    {"programs", "accesses", "words, halfwords or bytes programmed", offsetof(struct cfi_flash, programs)},
    {"erases", "blocks", "blocks of 256 KiB erased", offsetof(struct cfi_flash, erases)},
};

static const struct tg_state entry_state[] = {
    TG_STATE(struct entry, addr),
    TG_STATE(struct entry, size),
    TG_STATE_RAW(struct entry, data),
};
static const struct tg_state_table entry_table = TG_STATE_INIT(struct entry, entry_state);

static uint64_t contents_size(const void *s)
{
    return size_of(s);
}

static const struct tg_state state[] = {
    TG_STATE(struct cfi_flash, read),
    TG_STATE(struct cfi_flash, next),
    TG_STATE(struct cfi_flash, status),
    TG_STATE(struct cfi_flash, left),
    TG_STATE(struct cfi_flash, filled),
    TG_STATE_IN(struct cfi_flash, buffer, struct entry, entry_table),
    TG_STATE_PAGES(struct cfi_flash, inverted, contents_size),
};

const struct tg_model_class tg_cfi_flash_class = {
    .name = "cfi_flash",
    .description = "NOR flash, Common Flash Interface, Intel commands, two 16-bit chips",
    .size = sizeof(struct cfi_flash),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .state = TG_STATE_TABLE(struct cfi_flash, state),
    .realize = realize,
    .reset = reset,
    .fini = fini,
    .transport = transport,
    .dt_compatible = "cfi-flash\0",
};
