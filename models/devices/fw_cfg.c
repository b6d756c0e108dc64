/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's firmware configuration device, memory-mapped, with its DMA interface (QEMU's documentation,
 * specs/fw_cfg): a list of items, each a string of bytes under a key of 16 bits, which firmware selects and
 * reads. sim/boot fills it with the kernel, the initial ramdisk and the command line. The file directory is
 * there, and empty; items are not written by the guest.
 */
#include "models/devices/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ITEMS 16u
#define CHUNK     4096u

/* FW_CFG_DMA_CTL_*: bits of the control field, which holds a key in bits 31:16. */
#define DMA_ERROR  TG_BIT(0)
#define DMA_READ   TG_BIT(1)
#define DMA_SKIP   TG_BIT(2)
#define DMA_SELECT TG_BIT(3)
#define DMA_WRITE  TG_BIT(4)
#define DMA_KEY    TG_FIELD(31, 16)

#define ID_TRADITIONAL TG_BIT(0)
#define ID_DMA         TG_BIT(1)

static const uint8_t dma_signature[8] = {'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G'};

struct item {
    uint16_t key;
    uint8_t *data;
    size_t size;
};

struct fw_cfg {
    struct tg_model model;
    struct tg_bus_port bus;
    struct item items[MAX_ITEMS];
    unsigned n_items;
    uint16_t key;
    uint64_t offset;  /* in the selected item */
    uint64_t dma_reg; /* as written: big-endian in the register's bytes */
    bool busy;        /* a transfer is under way */
    uint64_t selected, dma_transfers, dma_bytes;
};

static struct fw_cfg *fw_cfg(struct tg_model *m)
{
    return (struct fw_cfg *)m;
}

static struct item *find(struct fw_cfg *f, uint16_t key)
{
    for (unsigned i = 0; i < f->n_items; i++)
        if (f->items[i].key == key)
            return &f->items[i];
    return NULL;
}

int fw_cfg_set(struct tg_model *m, uint16_t key, const void *data, size_t size)
{
    struct fw_cfg *f = fw_cfg(m);
    struct item *it = find(f, key);
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy || (!it && f->n_items == MAX_ITEMS)) {
        free(copy);
        return -ENOMEM;
    }
    memcpy(copy, data, size);
    if (!it) {
        it = &f->items[f->n_items++];
        *it = (struct item){.key = key};
    }
    free(it->data);
    it->data = copy;
    it->size = size;
    return 0;
}

static void select_item(struct fw_cfg *f, uint16_t key)
{
    f->key = key;
    f->offset = 0;
    f->selected++;
}

/* The next n bytes of the selected item; behind its end, and of one that is not there, zeros. */
static void take(struct fw_cfg *f, uint8_t *out, size_t n)
{
    const struct item *it = find(f, f->key);
    size_t left = it && f->offset < it->size ? it->size - (size_t)f->offset : 0, have = left < n ? left : n;

    if (have)
        memcpy(out, it->data + f->offset, have);
    memset(out + have, 0, n - have);
    f->offset += n;
}

/* ---- DMA ---- */

static const struct tg_bus_attrs dma_attrs = {
    .mem_type = TG_MEM_NORMAL_WB, .privileged = true, .requester = 0x1000};

static bool dma_read(struct fw_cfg *f, tg_time now, uint64_t to, uint32_t length)
{
    uint8_t chunk[CHUNK];

    while (length) {
        uint32_t n = length < CHUNK ? length : CHUNK;

        take(f, chunk, n);
        if (tg_bus_write(&f->bus, &dma_attrs, now, to, chunk, n) != TG_BUS_OK)
            return false;
        f->dma_bytes += n;
        to += n;
        length -= n;
    }
    return true;
}

/* One descriptor: control, length, address, all big-endian. Its control becomes 0, or the error bit. */
static void dma(struct fw_cfg *f, tg_time now, uint64_t at)
{
    struct {
        uint32_t control, length;
        uint64_t address;
    } d;
    bool ok = true;
    uint32_t result;

    f->dma_transfers++;
    if (tg_bus_read(&f->bus, &dma_attrs, now, at, &d, sizeof(d)) != TG_BUS_OK) {
        TG_GUEST_ERROR(&f->model, "DMA descriptor at 0x%llx cannot be read", (unsigned long long)at);
        return;
    }
    uint32_t control = __builtin_bswap32(d.control), length = __builtin_bswap32(d.length);

    if (control & DMA_SELECT)
        select_item(f, (uint16_t)tg_get(control, DMA_KEY));
    if (control & DMA_READ)
        ok = dma_read(f, now, __builtin_bswap64(d.address), length);
    else if (control & DMA_WRITE)
        ok = false; /* no item is writable */
    else if (control & DMA_SKIP)
        f->offset += length;
    result = ok ? 0 : __builtin_bswap32((uint32_t)DMA_ERROR);
    tg_bus_write(&f->bus, &dma_attrs, now, at, &result, sizeof(result));
}

/* ---- registers ---- */

static uint64_t data_read(struct tg_model *m, const struct tg_reg_io *io)
{
    uint64_t v = 0;

    take(fw_cfg(m), (uint8_t *)&v + io->byte, io->size);
    return v;
}

static void selector_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    (void)io;
    select_item(fw_cfg(m), __builtin_bswap16((uint16_t)v));
}

static uint64_t dma_reg_read(struct tg_model *m, const struct tg_reg_io *io)
{
    uint64_t v;

    (void)m;
    (void)io;
    memcpy(&v, dma_signature, sizeof(v));
    return v;
}

/* The lower half of the address, in the upper bytes of the register, starts the transfer. */
static void dma_reg_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    struct fw_cfg *f = fw_cfg(m);

    f->dma_reg = v;
    if (io->byte + io->size < sizeof(v))
        return;
    f->dma_reg = 0;
    if (f->busy) { /* the transfer writes to this register: it would never end */
        TG_GUEST_ERROR(m, "a DMA transfer to the DMA register");
        return;
    }
    f->busy = true;
    dma(f, io->now, __builtin_bswap64(v));
    f->busy = false;
}

static const struct tg_reg regs[] = {
    {.name = "DATA",
     .offset = 0x00,
     .width = 8,
     .sizes = 1 | 2 | 4 | 8,
     .access = TG_RO,
     .field = TG_NOFIELD,
     .read = data_read,
     .description = "the next bytes of the selected item"},
    {.name = "SELECTOR",
     .offset = 0x08,
     .width = 2,
     .access = TG_WO,
     .field = TG_NOFIELD,
     .write = selector_write,
     .description = "key of the item to read, big-endian"},
    {.name = "DMA",
     .offset = 0x10,
     .width = 8,
     .field = offsetof(struct fw_cfg, dma_reg),
     .read = dma_reg_read,
     .write = dma_reg_write,
     .description = "address of a descriptor, big-endian; reads as \"QEMU CFG\""},
};

/* ---- the class ---- */

#define KEY_SIGNATURE 0x0000
#define KEY_ID        0x0001
#define KEY_FILE_DIR  0x0019

static int realize(struct tg_model *m, struct tg_error *err)
{
    const uint8_t id[4] = {ID_TRADITIONAL | ID_DMA}, no_files[4] = {0};

    if (fw_cfg_set(m, KEY_SIGNATURE, "QEMU", 4) || fw_cfg_set(m, KEY_ID, id, sizeof(id)) ||
        fw_cfg_set(m, KEY_FILE_DIR, no_files, sizeof(no_files)))
        return tg_error_set(err, ENOMEM, "out of memory");
    return 0;
}

static void reset(struct tg_model *m)
{
    fw_cfg(m)->key = 0;
    fw_cfg(m)->offset = 0;
}

static void fini(struct tg_model *m)
{
    for (unsigned i = 0; i < fw_cfg(m)->n_items; i++)
        free(fw_cfg(m)->items[i].data);
}

static const struct tg_port ports[] = {
    {.name = "bus",
     .kind = TG_PORT_BUS,
     .offset = offsetof(struct fw_cfg, bus),
     .count = 1,
     .description = "DMA: descriptors and what is read"},
};

static const struct tg_reg_frame frames[] = {
    {.name = "regs", .size = 0x18, .regs = regs, .n_regs = TG_ARRAY_SIZE(regs)},
};

static const struct tg_counter counters[] = {
    {"selected", "items", "items selected", offsetof(struct fw_cfg, selected)},
    {"dma", "transfers", "DMA descriptors", offsetof(struct fw_cfg, dma_transfers)},
    {"dma_bytes", "bytes", "read by DMA", offsetof(struct fw_cfg, dma_bytes)},
};

static const struct tg_state item_state[] = {
    TG_STATE(struct item, key),
    TG_STATE_BLOB_OF(struct item, data, size),
};
static const struct tg_state_table item_table = TG_STATE_INIT(struct item, item_state);

static uint64_t item_count(const void *s)
{
    return ((const struct fw_cfg *)s)->n_items;
}

static const struct tg_state state[] = {
    TG_STATE(struct fw_cfg, n_items),
    TG_STATE_SOME_IN(struct fw_cfg, items, struct item, item_table, item_count),
    TG_STATE(struct fw_cfg, key),
    TG_STATE(struct fw_cfg, offset),
    TG_STATE_FIXED(struct fw_cfg, busy, "false between accesses"),
};

const struct tg_model_class tg_fw_cfg_class = {
    .name = "fw_cfg",
    .description = "QEMU's firmware configuration device",
    .size = sizeof(struct fw_cfg),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_TABLE(struct fw_cfg, state),
    .realize = realize,
    .reset = reset,
    .fini = fini,
    .dt_compatible = "qemu,fw-cfg-mmio\0",
};
