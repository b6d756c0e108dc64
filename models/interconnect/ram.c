/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RAM: anonymous host memory, which the host provides page by page as the guest touches it. Answers DMI for all of it. Its latency is
 * one number (access time seen at its port); it does not model banks, rows or bandwidth.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "models/interconnect/interconnect.h"

struct ram {
    struct tg_model m;
    uint64_t size;    /* bytes */
    uint64_t latency; /* ps */
    uint8_t *host;
    uint64_t reads, writes;
};

#define RAM_PAGE 4096u

static int ram_realize(struct tg_model *m, struct tg_error *err)
{
    struct ram *r = (struct ram *)m;
    void *p;

    if (r->size == 0 || r->size % RAM_PAGE)
        return tg_error_set(err, EINVAL, "size: found %llu bytes, expected a multiple of 4KiB above 0",
                            (unsigned long long)r->size);
    p = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return tg_error_set(err, ENOMEM, "size: the host has no room for %llu bytes: %s", (unsigned long long)r->size,
                            strerror(errno));
    /* A VM's RAM that fills from both ends would double its resident size with huge pages. */
    madvise(p, r->size, MADV_NOHUGEPAGE);
    r->host = p;
    return 0;
}

static void ram_fini(struct tg_model *m)
{
    struct ram *r = (struct ram *)m;

    if (r->host)
        munmap(r->host, r->size);
}

static void ram_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    struct ram *r = (struct ram *)m;

    (void)frame;
    if (txn->addr >= r->size || txn->size > r->size - txn->addr) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    if (txn->write) {
        r->writes++;
        if (txn->data)
            memcpy(r->host + txn->addr, txn->data, txn->size);
    } else {
        r->reads++;
        if (txn->data)
            memcpy(txn->data, r->host + txn->addr, txn->size);
    }
    txn->latency += r->latency;
    txn->resp = TG_BUS_OK;
}

static bool ram_get_dmi(struct tg_model *m, unsigned frame, uint64_t addr, struct tg_dmi *out)
{
    struct ram *r = (struct ram *)m;

    (void)frame;
    if (!r->host || addr >= r->size)
        return false;
    *out = (struct tg_dmi){.base = 0, .size = r->size, .host = r->host, .writable = true};
    return true;
}

uint8_t *ram_host(struct tg_model *m)
{
    return ((struct ram *)m)->host;
}

uint64_t ram_size(const struct tg_model *m)
{
    return ((const struct ram *)m)->size;
}

static const struct tg_param ram_params[] = {
    {.name = "size", .type = TG_PARAM_SIZE, .offset = offsetof(struct ram, size), .def = UINT64_C(1) << 30,
     .min = RAM_PAGE, .max = UINT64_C(1) << 46, .description = "capacity; host memory is used only for what the guest touches"},
    {.name = "latency", .type = TG_PARAM_TIME, .offset = offsetof(struct ram, latency), .def = 90 * TG_NS,
     .max = TG_MS, .description = "from a request at its port to the data; idle DDR4 controllers and devices take 80 to 100 ns"},
};

static const struct tg_counter ram_counters[] = {
    {"reads", "accesses", "reads that came over the bus (not DMI)", offsetof(struct ram, reads)},
    {"writes", "accesses", "writes that came over the bus (not DMI)", offsetof(struct ram, writes)},
};

const struct tg_model_class ram_class = {
    .name = "ram",
    .description = "memory with one latency, directly accessible (DMI)",
    .size = sizeof(struct ram),
    .params = ram_params,
    .n_params = TG_ARRAY_SIZE(ram_params),
    .counters = ram_counters,
    .n_counters = TG_ARRAY_SIZE(ram_counters),
    .realize = ram_realize,
    .fini = ram_fini,
    .transport = ram_transport,
    .get_dmi = ram_get_dmi,
};
