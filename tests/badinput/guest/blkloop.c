/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a virtio disk round and round until a sector fails, says which one, and powers off: for a disk that
 * shrinks while in use. A minimal driver of virtio 1.2 over MMIO (4.2) with one request in flight; not a
 * model for real drivers.
 */
#include "bad.h"

int rt_program(void)
{
    struct vq q;
    uint64_t base = bad_virtio(VIRTIO_ID_BLOCK), sectors;
    static uint8_t data[512] __attribute__((aligned(64)));

    if (!base || !bad_virtio_start(base, 0) || !bad_queue(base, 0, 8, &q)) {
        rt_printf("blkloop: no disk\n");
        return 0;
    }
    bad_virtio_go(base);
    sectors = rt_r32(base + VIRTIO_CONFIG);
    rt_printf("blkloop: reading %lu sectors\n", sectors);
    for (uint64_t n = 0;; n++) {
        uint64_t sector = sectors - 1 - n % sectors; /* from the end: what shrinks goes there */
        int status = bad_blk_read(base, &q, sector, data);

        if (status) {
            rt_printf("blkloop: sector %lu failed with status %d\n", sector, status);
            return 0;
        }
    }
}
