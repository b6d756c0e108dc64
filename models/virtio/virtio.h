/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio for platforms: the model classes. A device is a model without registers of its own; a transport is a
 * model with a register frame, an interrupt and a bus port, whose port "device" names the device:
 *
 *     virtio_mmio{ device = virtio_blk{ ... }, ... }
 *
 * A transport without a device is an empty slot (DeviceID 0), as boards with a row of them have.
 * Revision: Virtual I/O Device (VIRTIO) Version 1.2, OASIS committee specification 01.
 */
#ifndef TG_VIRTIO_VIRTIO_H
#define TG_VIRTIO_VIRTIO_H

#include "models/base/model.h"

extern const struct tg_model_class tg_virtio_mmio_class;    /* transport, 4.2 */
extern const struct tg_model_class tg_virtio_blk_class;     /* block device, 5.2; port "drive" */
extern const struct tg_model_class tg_virtio_net_class;     /* network device, 5.1; port "netdev" */
extern const struct tg_model_class tg_virtio_console_class; /* console device, 5.3; port "chardev" */
extern const struct tg_model_class tg_virtio_rng_class;     /* entropy device, 5.4 */

/* All of the above, NULL-terminated. */
extern const struct tg_model_class *const tg_virtio_classes[];

/* Is this a virtio transport without a device? */
bool virtio_transport_empty(const struct tg_model *m);
/* Puts a virtio device into an empty transport, before either is realized; -EINVAL with err set when they do
 * not fit. For devices that come from the command line rather than from the platform. */
int virtio_transport_plug(struct tg_model *m, struct tg_model *device, struct tg_error *err);

/* Tells a virtio_blk that its drive may have another size now; it looks itself at each request. */
void virtio_blk_size_changed(struct tg_model *m, tg_time now);

#endif
