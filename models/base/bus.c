/* SPDX-License-Identifier: Apache-2.0 */
/* DMA helpers: long transfers as page-sized bus transactions. */
#include "models/base/bus.h"

#include "models/base/bits.h"

#define PAGE 4096u

static enum tg_bus_resp transfer(const struct tg_bus_port *port, const struct tg_bus_attrs *attrs,
                                 tg_time now, uint64_t addr, uint8_t *data, size_t size, bool write)
{
    while (size) {
        size_t n = PAGE - (addr & (PAGE - 1));
        struct tg_bus_txn txn = {.addr = addr, .data = data, .write = write, .attrs = *attrs, .time = now};

        if (n > size)
            n = size;
        txn.size = (uint32_t)n;
        if (!port->transport)
            return TG_BUS_DECERR;
        port->transport(port->opaque, &txn);
        if (txn.resp != TG_BUS_OK)
            return txn.resp;
        addr += n;
        data += n;
        size -= n;
    }
    return TG_BUS_OK;
}

enum tg_bus_resp tg_bus_read(const struct tg_bus_port *port, const struct tg_bus_attrs *attrs, tg_time now,
                             uint64_t addr, void *data, size_t size)
{
    return transfer(port, attrs, now, addr, data, size, false);
}

enum tg_bus_resp tg_bus_write(const struct tg_bus_port *port, const struct tg_bus_attrs *attrs, tg_time now,
                              uint64_t addr, const void *data, size_t size)
{
    return transfer(port, attrs, now, addr, (uint8_t *)data, size, true);
}
