/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register frames: finds the row of an access, checks size and alignment, merges narrow writes, splits wide
 * ones. A row's callbacks see whole register values. Reserved offsets read as zero and ignore writes, with
 * one guest-error line.
 */
#include "models/base/regs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned count_of(const struct tg_reg *r)
{
    return r->count ? r->count : 1;
}

static unsigned stride_of(const struct tg_reg *r)
{
    return r->stride ? r->stride : r->width;
}

int tg_regs_realize(struct tg_model *m, struct tg_error *err)
{
    const struct tg_model_class *cls = m->cls;

    if (!cls->n_frames)
        return 0;
    m->reg_index = calloc(cls->n_frames, sizeof(*m->reg_index));
    if (!m->reg_index)
        return tg_error_set(err, ENOMEM, "out of memory");
    for (size_t f = 0; f < cls->n_frames; f++) {
        const struct tg_reg_frame *frame = &cls->frames[f];
        uint16_t *index;

        if (!frame->n_regs)
            continue;
        index = m->reg_index[f] = calloc(frame->size, sizeof(*index));
        if (!index)
            return tg_error_set(err, ENOMEM, "out of memory");
        for (size_t i = 0; i < frame->n_regs; i++) {
            const struct tg_reg *r = &frame->regs[i];

            for (unsigned e = 0; e < count_of(r); e++) {
                for (unsigned b = 0; b < r->width; b++) {
                    uint64_t byte = r->offset + (uint64_t)e * stride_of(r) + b;

                    if (byte >= frame->size)
                        return tg_error_set(err, EINVAL, "%s: register %s lies outside frame %s", cls->name,
                                            r->name, frame->name);
                    if (index[byte])
                        return tg_error_set(err, EINVAL,
                                            "%s: registers %s and %s overlap at offset 0x%llx of frame %s",
                                            cls->name, frame->regs[index[byte] - 1].name, r->name,
                                            (unsigned long long)byte, frame->name);
                    index[byte] = (uint16_t)(i + 1);
                }
            }
        }
    }
    return 0;
}

void tg_regs_free(struct tg_model *m)
{
    if (!m->reg_index)
        return;
    for (size_t f = 0; f < m->cls->n_frames; f++)
        free(m->reg_index[f]);
    free(m->reg_index);
}

static uint64_t load_field(const struct tg_model *m, const struct tg_reg *r, unsigned i)
{
    uint64_t v = 0;

    memcpy(&v, (const char *)m + r->field + (size_t)i * r->width, r->width);
    return v;
}

static void store_field(struct tg_model *m, const struct tg_reg *r, unsigned i, uint64_t v)
{
    memcpy((char *)m + r->field + (size_t)i * r->width, &v, r->width);
}

void tg_regs_reset(struct tg_model *m)
{
    for (size_t f = 0; f < m->cls->n_frames; f++) {
        const struct tg_reg_frame *frame = &m->cls->frames[f];

        for (size_t i = 0; i < frame->n_regs; i++) {
            const struct tg_reg *r = &frame->regs[i];

            for (unsigned e = 0; r->field != TG_NOFIELD && e < count_of(r); e++)
                store_field(m, r, e, r->reset);
        }
    }
}

uint64_t tg_model_frame_size(const struct tg_model *m, unsigned frame)
{
    const struct tg_reg_frame *f = &m->cls->frames[frame];
    uint64_t copies = 1;

    if (f->copies_offset_plus1)
        copies = *(const uint32_t *)((const char *)m + f->copies_offset_plus1 - 1);
    return f->size * copies;
}

static uint64_t read_reg(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct tg_reg *r = io->reg;

    if (r->access == TG_WO || r->access == TG_RES0)
        return 0;
    if (r->read)
        return r->read(m, io);
    return r->field == TG_NOFIELD ? r->reset : load_field(m, r, io->index);
}

static void write_reg(struct tg_model *m, const struct tg_reg_io *io, uint64_t v)
{
    const struct tg_reg *r = io->reg;

    if (r->access == TG_RES0)
        return;
    if (r->write) {
        r->write(m, io, v);
        return;
    }
    if (r->access == TG_RO || r->field == TG_NOFIELD)
        return;
    store_field(m, r, io->index, (load_field(m, r, io->index) & ~r->wmask) | (v & r->wmask));
}

/* The value that a write narrower than the register is merged into: what the register would read, without
 * side effects of a write-only one. */
static uint64_t merge_base(struct tg_model *m, const struct tg_reg_io *io)
{
    const struct tg_reg *r = io->reg;

    if (r->field != TG_NOFIELD)
        return load_field(m, r, io->index);
    return r->access == TG_RW && r->read ? r->read(m, io) : 0;
}

static bool size_allowed(const struct tg_reg *r, unsigned byte, unsigned size)
{
    if (byte % size)
        return false;
    if (r->sizes)
        return (r->sizes & size) != 0;
    return size == r->width || (r->width == 8 && size == 4);
}

/* One access inside one register. */
static bool access_one(struct tg_model *m, struct tg_reg_io *io, struct tg_bus_txn *txn, uint8_t *data)
{
    uint64_t v = 0;
    unsigned shift = io->byte * 8;
    uint64_t mask = tg_ones(io->size * 8) << shift;

    if (!size_allowed(io->reg, io->byte, io->size))
        return false;
    if (!txn->write) {
        v = read_reg(m, io) >> shift;
        memcpy(data, &v, io->size);
        return true;
    }
    memcpy(&v, data, io->size);
    v <<= shift;
    if (io->size < io->reg->width)
        v = (merge_base(m, io) & ~mask) | (v & mask);
    write_reg(m, io, v);
    return true;
}

static void refuse(struct tg_model *m, const struct tg_reg_frame *frame, struct tg_bus_txn *txn,
                   uint64_t offset)
{
    TG_GUEST_ERROR(
        m,
        "%s of %u bytes at offset 0x%llx of frame %s: no such register or size; reads as zero, write ignored",
        txn->write ? "write" : "read", txn->size, (unsigned long long)offset, frame->name);
    if (!txn->write)
        memset(txn->data, 0, txn->size);
}

void tg_model_transport(struct tg_model *m, unsigned f, struct tg_bus_txn *txn)
{
    if (m->cls->transport) {
        txn->resp = TG_BUS_OK;
        m->cls->transport(m, f, txn);
    } else {
        tg_regs_transport(m, f, txn);
    }
}

void tg_regs_transport(struct tg_model *m, unsigned f, struct tg_bus_txn *txn)
{
    const struct tg_reg_frame *frame = &m->cls->frames[f];
    unsigned inst;
    uint64_t offset;
    uint8_t *data = txn->data;
    unsigned done = 0;

    txn->resp = TG_BUS_OK;
    if (txn->addr >= tg_model_frame_size(m, f) || txn->size > tg_model_frame_size(m, f) - txn->addr ||
        !txn->data) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    inst = (unsigned)(txn->addr / frame->size);
    offset = txn->addr % frame->size;
    if (txn->size > 8 || (txn->size & (txn->size - 1)) || (offset & (txn->size - 1)) || !m->reg_index[f] ||
        !m->reg_index[f][offset]) {
        if (frame->other)
            frame->other(m, inst, txn, offset);
        else
            refuse(m, frame, txn, offset);
        return;
    }
    while (done < txn->size) {
        uint64_t o = offset + done;
        const struct tg_reg *r = m->reg_index[f][o] ? &frame->regs[m->reg_index[f][o] - 1] : NULL;
        struct tg_reg_io io = {.reg = r,
                               .frame_inst = inst,
                               .now = txn->time,
                               .attrs = &txn->attrs,
                               .latency = &txn->latency,
                               .resp = &txn->resp};

        if (r) {
            io.index = (unsigned)((o - r->offset) / stride_of(r));
            io.byte = (unsigned)((o - r->offset) % stride_of(r));
            io.size = r->width - io.byte < txn->size - done ? r->width - io.byte : txn->size - done;
        }
        if (!r || !access_one(m, &io, txn, data + done)) {
            struct tg_bus_txn rest = *txn;

            rest.size = txn->size - done;
            rest.data = data + done;
            if (frame->other)
                frame->other(m, inst, &rest, o);
            else
                refuse(m, frame, &rest, o);
            txn->resp = rest.resp;
            return;
        }
        done += io.size;
    }
}
