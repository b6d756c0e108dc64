/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio over MMIO, register layout version 2 (virtio 1.2, 4.2). Turns registers into calls of the device
 * behind it (the seam is virtio_device.h) and its notifications into an interrupt line. Not here: the legacy
 * layout (version 1), shared memory regions (none exist: lengths read as all ones).
 */
#include "models/virtio/virtio.h"

#include <errno.h>
#include <string.h>
#include "models/virtio/virtio_device.h"

#define FRAME_SIZE 0x200 /* as boards space them; 256 bytes of configuration space */
#define CONFIG     0x100
#define MAGIC      0x74726976 /* "virt" */
#define VENDOR     0x54474c54 /* "TLGT": not a PCI vendor; drivers do not look (4.2.2) */

#define INT_USED   TG_BIT(0)
#define INT_CONFIG TG_BIT(1)

#define LOW  TG_FIELD(31, 0)
#define HIGH TG_FIELD(63, 32)

struct virtio_mmio {
    struct tg_model model;
    uint32_t requester, stream_id;
    struct tg_irq irq;
    struct tg_bus_port dma;
    struct tg_model *device;
    uint32_t device_features_sel, driver_features_sel, queue_sel, shm_sel, interrupt_status;
};

static struct virtio_mmio *mmio(struct tg_model *m)
{
    return (struct virtio_mmio *)m;
}

static struct virtio_device *device(struct tg_model *m)
{
    return (struct virtio_device *)mmio(m)->device;
}

static struct virtq *queue(struct tg_model *m)
{
    return device(m) ? virtio_device_queue(device(m), mmio(m)->queue_sel) : NULL;
}

/* An access that our own device's DMA made: nothing may change under the device's feet. */
static bool refused(struct tg_model *m, enum tg_bus_resp *resp)
{
    if (!device(m) || !device(m)->in_dma)
        return false;
    TG_GUEST_ERROR(m, "the device's DMA hits its own registers");
    *resp = TG_BUS_SLVERR;
    return true;
}

static void update_irq(struct virtio_mmio *v, tg_time now)
{
    tg_irq_set(&v->irq, v->interrupt_status != 0, now);
}

static void on_used(void *opaque, unsigned queue, tg_time now)
{
    struct virtio_mmio *v = opaque;

    (void)queue;
    v->interrupt_status |= INT_USED;
    update_irq(v, now);
}

static void on_config(void *opaque, tg_time now)
{
    struct virtio_mmio *v = opaque;

    v->interrupt_status |= INT_CONFIG;
    update_irq(v, now);
}

/* ---- registers, in the order of 4.2.2 ---- */

static uint64_t device_id_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return device(m) ? device(m)->ops->device_id : 0;
}

static uint64_t device_features_read(struct tg_model *m, const struct tg_reg_io *io)
{
    uint64_t f = device(m) ? virtio_device_features(device(m)) : 0;

    (void)io;
    switch (mmio(m)->device_features_sel) {
    case 0:
        return tg_get(f, LOW);
    case 1:
        return tg_get(f, HIGH);
    default:
        return 0;
    }
}

static void driver_features_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    if (device(m) && !refused(m, io->resp))
        virtio_device_accept(device(m), mmio(m)->driver_features_sel, (uint32_t)value);
}

static uint64_t queue_num_max_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return queue(m) ? queue(m)->max_size : 0;
}

/* The selected queue, if its set-up may be changed now. */
static struct virtq *queue_setup(struct tg_model *m, const struct tg_reg_io *io)
{
    struct virtq *q = queue(m);

    if (!q) {
        TG_GUEST_ERROR(m, "write of %s for queue %u, which does not exist", io->reg->name,
                       mmio(m)->queue_sel);
        return NULL;
    }
    if (refused(m, io->resp))
        return NULL;
    if (q->ready) {
        TG_GUEST_ERROR(m, "write of %s for queue %u while it is enabled; ignored", io->reg->name,
                       mmio(m)->queue_sel);
        return NULL;
    }
    return q;
}

static void queue_num_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct virtq *q = queue_setup(m, io);

    if (q)
        q->size = (uint32_t)value;
}

static uint64_t queue_ready_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return queue(m) && queue(m)->ready;
}

static void queue_ready_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct virtq *q = queue(m);

    if (!q || refused(m, io->resp))
        return;
    if (!(value & 1))
        virtio_device_queue_disable(device(m), q);
    else if (!q->ready)
        virtq_enable(q, io->now);
}

/* 2.6.1: done when the write is, so it never reads as 1. */
static void queue_reset_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct virtq *q = queue(m);

    if (!q || !(value & 1) || refused(m, io->resp))
        return;
    if (virtio_device_has(device(m), VIRTIO_F_RING_RESET))
        virtio_device_queue_reset(device(m), q);
    else
        TG_GUEST_ERROR(m, "write of QueueReset without VIRTIO_F_RING_RESET; ignored");
}

static void queue_notify_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    if (device(m) && !refused(m, io->resp))
        virtio_device_notify(device(m), (uint32_t)value, io->now);
}

static void interrupt_ack_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    mmio(m)->interrupt_status &= ~(uint32_t)value;
    update_irq(mmio(m), io->now);
}

static uint64_t status_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return device(m) ? device(m)->status : 0;
}

static void status_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct virtio_mmio *v = mmio(m);

    if (!device(m) || refused(m, io->resp))
        return;
    virtio_device_set_status(device(m), (uint8_t)value, io->now);
    if (!(value & 0xff)) {
        v->interrupt_status = 0;
        update_irq(v, io->now);
    }
}

static void queue_desc_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct virtq *q = queue_setup(m, io);

    if (q)
        tg_set(&q->desc, io->index ? HIGH : LOW, value);
}

static void queue_driver_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct virtq *q = queue_setup(m, io);

    if (q)
        tg_set(&q->driver, io->index ? HIGH : LOW, value);
}

static void queue_device_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct virtq *q = queue_setup(m, io);

    if (q)
        tg_set(&q->device, io->index ? HIGH : LOW, value);
}

static uint64_t generation_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return device(m) ? device(m)->config_generation : 0;
}

/* Configuration space (4.2.2.2): accesses of 1, 2, 4 or 8 bytes, aligned. Everything else reads as zero. */
static void other(struct tg_model *m, unsigned frame_inst, struct tg_bus_txn *txn, uint64_t offset)
{
    (void)frame_inst;
    txn->resp = TG_BUS_OK;
    if (!txn->write)
        memset(txn->data, 0, txn->size);
    if (refused(m, &txn->resp))
        return;
    if (offset < CONFIG || txn->size > 8 || (offset & (txn->size - 1))) {
        TG_GUEST_ERROR(m, "%s of %u bytes at offset 0x%llx: no such register or size",
                       txn->write ? "write" : "read", txn->size, (unsigned long long)offset);
        return;
    }
    if (!device(m))
        return;
    if (txn->write)
        virtio_device_config_write(device(m), offset - CONFIG, txn->data, txn->size, txn->time);
    else
        virtio_device_config_read(device(m), offset - CONFIG, txn->data, txn->size);
}

#define ROW(n, off, acc, ...)                                            \
    {                                                                    \
        .name = n, .offset = off, .width = 4, .access = acc, __VA_ARGS__ \
    }
#define AT(f) .field = offsetof(struct virtio_mmio, f)
#define NONE  .field = TG_NOFIELD

static const struct tg_reg regs[] = {
    ROW("MagicValue", 0x000, TG_RO, NONE, .reset = MAGIC, .description = "\"virt\""),
    ROW("Version", 0x004, TG_RO, NONE, .reset = 2, .description = "layout version"),
    ROW("DeviceID", 0x008, TG_RO, NONE, .read = device_id_read, .description = "virtio device type, 0: none"),
    ROW("VendorID", 0x00c, TG_RO, NONE, .reset = VENDOR, .description = "vendor"),
    ROW("DeviceFeatures", 0x010, TG_RO, NONE, .read = device_features_read, .description = "32 bits offered"),
    ROW("DeviceFeaturesSel", 0x014, TG_WO, AT(device_features_sel), .wmask = LOW,
        .description = "which 32 bits"),
    ROW("DriverFeatures", 0x020, TG_WO, NONE, .write = driver_features_write,
        .description = "32 bits accepted"),
    ROW("DriverFeaturesSel", 0x024, TG_WO, AT(driver_features_sel), .wmask = LOW,
        .description = "which 32 bits"),
    ROW("QueueSel", 0x030, TG_WO, AT(queue_sel), .wmask = LOW,
        .description = "queue that the registers below mean"),
    ROW("QueueNumMax", 0x034, TG_RO, NONE, .read = queue_num_max_read,
        .description = "largest queue size, 0: no queue"),
    ROW("QueueNum", 0x038, TG_WO, NONE, .write = queue_num_write, .description = "queue size"),
    ROW("QueueReady", 0x044, TG_RW, NONE, .read = queue_ready_read, .write = queue_ready_write,
        .description = "enable"),
    ROW("QueueNotify", 0x050, TG_WO, NONE, .write = queue_notify_write,
        .description = "available buffer notification"),
    ROW("InterruptStatus", 0x060, TG_RO, AT(interrupt_status),
        .description = "bit 0: used buffer, 1: configuration change"),
    ROW("InterruptACK", 0x064, TG_WO, NONE, .write = interrupt_ack_write,
        .description = "clears status bits"),
    ROW("Status", 0x070, TG_RW, NONE, .read = status_read, .write = status_write,
        .description = "device status, 2.1; 0 resets"),
    ROW("QueueDesc", 0x080, TG_WO, NONE, .count = 2, .write = queue_desc_write,
        .description = "descriptor area, low and high"),
    ROW("QueueDriver", 0x090, TG_WO, NONE, .count = 2, .write = queue_driver_write,
        .description = "driver area, low and high"),
    ROW("QueueDevice", 0x0a0, TG_WO, NONE, .count = 2, .write = queue_device_write,
        .description = "device area, low and high"),
    ROW("SHMSel", 0x0ac, TG_WO, AT(shm_sel), .wmask = LOW, .description = "shared memory region"),
    ROW("SHMLen", 0x0b0, TG_RO, NONE, .count = 2, .reset = LOW, .description = "its length, all ones: none"),
    ROW("SHMBase", 0x0b8, TG_RO, NONE, .count = 2, .reset = LOW, .description = "its base"),
    ROW("QueueReset", 0x0c0, TG_RW, NONE, .write = queue_reset_write,
        .description = "1: resets the queue, with VIRTIO_F_RING_RESET"),
    ROW("ConfigGeneration", 0x0fc, TG_RO, NONE, .read = generation_read,
        .description = "configuration generation, 2.5.1"),
};

static int check_device(const struct tg_model *d, struct tg_error *err)
{
    if (!virtio_device_is(d))
        return tg_error_set(
            err, EINVAL,
            "device: found a %s, expected a virtio device (virtio_blk, virtio_net, virtio_console, "
            "virtio_rng)",
            d->cls->name);
    if (((const struct virtio_device *)d)->bus.port)
        return tg_error_set(err, EINVAL, "device: %s has a transport already", d->name);
    return 0;
}

bool virtio_transport_empty(const struct tg_model *m)
{
    return m->cls == &tg_virtio_mmio_class && !((const struct virtio_mmio *)m)->device;
}

int virtio_transport_plug(struct tg_model *m, struct tg_model *d, struct tg_error *err)
{
    int rc = check_device(d, err);

    if (rc)
        return rc;
    if (!virtio_transport_empty(m))
        return tg_error_set(err, EINVAL, "%s: found a %s, expected an empty virtio transport", m->name,
                            m->cls->name);
    mmio(m)->device = d;
    return 0;
}

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct virtio_mmio *v = mmio(m);
    struct virtio_bus bus = {.port = &v->dma, .used = on_used, .config = on_config, .opaque = v};
    int rc = v->device ? check_device(v->device, err) : 0;

    if (rc || !v->device)
        return rc;
    bus.attrs = (struct tg_bus_attrs){.mem_type = TG_MEM_NORMAL_WB,
                                      .requester = v->requester,
                                      .stream_id = v->stream_id,
                                      .privileged = true};
    virtio_device_attach(device(m), &bus);
    return 0;
}

static void reset(struct tg_model *m)
{
    /* the device is a model of the machine too, and reset as such; twice does no harm */
    if (mmio(m)->device)
        virtio_device_model_reset(mmio(m)->device);
    mmio(m)->interrupt_status = 0;
    update_irq(mmio(m), tg_evq_now(m->env->evq));
}

static const struct tg_param params[] = {
    {.name = "requester",
     .type = TG_PARAM_U32,
     .unit = "",
     .offset = offsetof(struct virtio_mmio, requester),
     .def = 0x1000,
     .min = 0x1000, /* below are PEs: bus.h */
     .max = UINT32_MAX,
     .description = "requester number of the device's bus transactions"},
    {.name = "stream_id",
     .type = TG_PARAM_U32,
     .unit = "",
     .offset = offsetof(struct virtio_mmio, stream_id),
     .def = 0,
     .description = "stream ID of the device's bus transactions"},
};

static const struct tg_port ports[] = {
    {.name = "irq",
     .kind = TG_PORT_IRQ_OUT,
     .offset = offsetof(struct virtio_mmio, irq),
     .count = 1,
     .description = "interrupt, level"},
    {.name = "dma",
     .kind = TG_PORT_BUS,
     .offset = offsetof(struct virtio_mmio, dma),
     .description = "the device's access to memory"},
    {.name = "device",
     .kind = TG_PORT_MODEL,
     .offset = offsetof(struct virtio_mmio, device),
     .description = "the virtio device; none: an empty slot"},
};

static const struct tg_reg_frame frames[] = {
    {.name = "regs", .size = FRAME_SIZE, .regs = regs, .n_regs = TG_ARRAY_SIZE(regs), .other = other},
};

const struct tg_model_class tg_virtio_mmio_class = {
    .name = "virtio_mmio",
    .description = "virtio transport over MMIO, version 2",
    .size = sizeof(struct virtio_mmio),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_NOTHING(struct virtio_mmio),
    .realize = realize,
    .reset = reset,
    .dt_compatible = "virtio,mmio\0",
};
