/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RAM: anonymous host memory, which the host provides page by page as the guest touches it. Answers DMI for
 * all of it. Its time is a latency, the occupation of its channels, and, when asked for, one open row per
 * bank. It does not model the commands of a DRAM (activate, precharge, refresh) nor a controller that
 * reorders. docs/timing.md tells more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "models/interconnect/interconnect.h"

#define RAM_LINE_BITS 6
/* The calendar of a channel: which stretches of line_time are taken. PEs run apart by up to a quantum, so
 * requests do not arrive in order of time; each takes the first free stretch at or after its own time. */
#define CALENDAR_WORDS 32u
#define CALENDAR_SLOTS (CALENDAR_WORDS * 64)
#define RAM_MAX_BANKS  64u

struct channel {
    uint64_t
        first; /* number of the earliest slot that is kept; slot n is bit n % 64 of word n / 64 % words */
    uint64_t taken[CALENDAR_WORDS];
    uint64_t row[RAM_MAX_BANKS]; /* open row + 1; 0: none */
};

struct ram {
    struct tg_model m;
    uint64_t size;      /* bytes */
    uint64_t latency;   /* ps */
    uint64_t line_time; /* ps; 0: no occupation */
    uint32_t n_channels, banks;
    uint64_t row_size, row_hit; /* bytes, ps; row_size 0: rows do not matter */
    struct channel *channels;
    bool secure;
    uint8_t *host;
    uint64_t reads, writes, row_hits;
    uint64_t queued, queue_ps;
};

#define RAM_PAGE 4096u

static int ram_realize(struct tg_model *m, struct tg_error *err)
{
    struct ram *r = (struct ram *)m;
    void *p;

    if (r->size == 0 || r->size % RAM_PAGE)
        return tg_error_set(err, EINVAL, "size: found %llu bytes, expected a multiple of 4KiB above 0",
                            (unsigned long long)r->size);
    if (r->row_size && (r->row_size < 64 || r->row_size & (r->row_size - 1)))
        return tg_error_set(err, EINVAL,
                            "row_size: found %llu bytes, expected 0, or a power of two of 64 or more",
                            (unsigned long long)r->row_size);
    if (r->row_hit > r->latency)
        return tg_error_set(err, EINVAL, "row_hit: found %llu ps, expected at most latency (%llu ps)",
                            (unsigned long long)r->row_hit, (unsigned long long)r->latency);
    if (r->row_hit && !r->row_size)
        return tg_error_set(err, EINVAL, "row_hit: found %llu ps, expected 0 where row_size is 0",
                            (unsigned long long)r->row_hit);
    p = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return tg_error_set(err, ENOMEM, "size: the host has no room for %llu bytes: %s",
                            (unsigned long long)r->size, strerror(errno));
    /* A VM's RAM that fills from both ends would double its resident size with huge pages. */
    madvise(p, r->size, MADV_NOHUGEPAGE);
    r->host = p;
    r->channels = calloc(r->n_channels, sizeof(*r->channels));
    return r->channels ? 0 : tg_error_set(err, ENOMEM, "channels: out of memory");
}

static void ram_fini(struct tg_model *m)
{
    struct ram *r = (struct ram *)m;

    if (r->host)
        munmap(r->host, r->size);
    free(r->channels);
}

static bool test_slot(const struct channel *ch, uint64_t n)
{
    return ch->taken[n / 64 % CALENDAR_WORDS] >> n % 64 & 1;
}

/* Forgets the past so that slot n can be kept. */
static void move_on(struct channel *ch, uint64_t n)
{
    uint64_t first = (n - CALENDAR_SLOTS / 2) & ~UINT64_C(63); /* half of it for those that lag behind */

    if (first - ch->first >= CALENDAR_SLOTS)
        memset(ch->taken, 0, sizeof(ch->taken));
    else
        for (uint64_t w = ch->first / 64; w < first / 64; w++)
            ch->taken[w % CALENDAR_WORDS] = 0;
    ch->first = first;
}

/* Occupies the channel for one line at `at`; how long the request waits for it. */
static tg_time occupy(struct ram *r, struct channel *ch, tg_time at)
{
    uint64_t n = at / r->line_time;

    if (n < ch->first) /* from before what is remembered: a lag beyond any sensible quantum */
        return 0;
    if (n >= ch->first + CALENDAR_SLOTS)
        move_on(ch, n);
    while (n < ch->first + CALENDAR_SLOTS && test_slot(ch, n))
        n++;
    if (n < ch->first + CALENDAR_SLOTS)
        ch->taken[n / 64 % CALENDAR_WORDS] |= TG_BIT(n % 64);
    return n * r->line_time > at ? n * r->line_time - at : 0;
}

/* Time of one line or of an access within one. */
static tg_time access_time(struct ram *r, const struct tg_bus_txn *txn)
{
    uint64_t line = txn->addr >> RAM_LINE_BITS;
    struct channel *ch = &r->channels[(line ^ line >> 7 ^ line >> 13) % r->n_channels];
    tg_time t = r->latency;

    if (r->line_time) {
        tg_time wait = occupy(r, ch, txn->time + txn->latency);

        r->queued += wait != 0;
        r->queue_ps += wait;
        t += wait;
    }
    if (r->row_size) {
        uint64_t row = txn->addr / r->row_size / r->n_channels;
        uint64_t *open = &ch->row[row % r->banks];

        if (*open == row + 1) {
            r->row_hits++;
            t -= r->row_hit < r->latency ? r->row_hit : r->latency;
        }
        *open = row + 1;
    }
    return t;
}

static void ram_transport(struct tg_model *m, unsigned frame, struct tg_bus_txn *txn)
{
    struct ram *r = (struct ram *)m;

    (void)frame;
    if (txn->addr >= r->size || txn->size > r->size - txn->addr) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    /* Lines of a timing model carry no data: their requester has been let through, or has not (DMI). */
    if (r->secure && !txn->attrs.secure && txn->data) {
        txn->resp = TG_BUS_SLVERR;
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
    txn->latency += access_time(r, txn);
    txn->served = TG_SERVED_MEMORY;
    txn->resp = TG_BUS_OK;
}

static bool ram_get_dmi(struct tg_model *m, unsigned frame, uint64_t addr, struct tg_dmi *out)
{
    struct ram *r = (struct ram *)m;

    (void)frame;
    if (!r->host || addr >= r->size)
        return false;
    *out =
        (struct tg_dmi){.base = 0, .size = r->size, .host = r->host, .writable = true, .secure = r->secure};
    return true;
}

uint8_t *ram_host(struct tg_model *m)
{
    return ((struct ram *)m)->host;
}

bool ram_secure(const struct tg_model *m)
{
    return ((const struct ram *)m)->secure;
}

static const struct tg_param ram_params[] = {
    {.name = "size",
     .type = TG_PARAM_SIZE,
     .offset = offsetof(struct ram, size),
     .def = UINT64_C(1) << 30,
     .min = RAM_PAGE,
     .max = UINT64_C(1) << 46,
     .description = "capacity; host memory is used only for what the guest touches"},
    {.name = "secure",
     .type = TG_PARAM_BOOL,
     .offset = offsetof(struct ram, secure),
     .description = "of the Secure state: Non-secure accesses of PEs and devices are answered with an error"},
    {.name = "latency",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct ram, latency),
     .def = 90 * TG_NS,
     .max = TG_MS,
     .description =
         "from a request at its port to the data; idle DDR4 controllers and devices take 80 to 100 ns"},
    {.name = "channels",
     .type = TG_PARAM_U32,
     .unit = "channels",
     .offset = offsetof(struct ram, n_channels),
     .def = 1,
     .min = 1,
     .max = 64,
     .description = "memory channels, interleaved by line"},
    {.name = "line_time",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct ram, line_time),
     .def = 3 * TG_NS,
     .max = TG_US,
     .description = "how long a line of 64 bytes occupies its channel: 64 bytes / bandwidth (DDR4-2666: 3 "
                    "ns); 0: unlimited bandwidth"},
    {.name = "row_size",
     .type = TG_PARAM_SIZE,
     .offset = offsetof(struct ram, row_size),
     .max = UINT64_C(1) << 20,
     .description = "bytes of an open row of a bank; 0: latency does not depend on rows"},
    {.name = "row_hit",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct ram, row_hit),
     .def = 0,
     .max = TG_US,
     .description = "what an access to an open row saves of the latency"},
    {.name = "banks",
     .type = TG_PARAM_U32,
     .unit = "banks",
     .offset = offsetof(struct ram, banks),
     .def = 16,
     .min = 1,
     .max = RAM_MAX_BANKS,
     .description = "banks of a channel, each with one open row (DDR4: 16)"},
};

static const struct tg_counter ram_counters[] = {
    {"reads", "accesses", "reads that came over the bus: line fills of timed PEs, devices (not DMI)",
     offsetof(struct ram, reads)},
    {"writes", "accesses", "writes that came over the bus: lines written back, devices (not DMI)",
     offsetof(struct ram, writes)},
    {"row_hits", "accesses", "of both, to a row that was open (row_size > 0)",
     offsetof(struct ram, row_hits)},
    {"queued", "accesses", "of both, that waited for their channel", offsetof(struct ram, queued)},
    {"queue_time", "ps", "time that they waited", offsetof(struct ram, queue_ps)},
};

static const struct tg_state channel_state[] = {
    TG_STATE(struct channel, first),
    TG_STATE(struct channel, taken),
    TG_STATE(struct channel, row),
};
static const struct tg_state_table channel_table = TG_STATE_INIT(struct channel, channel_state);

static uint64_t channel_count(const void *s)
{
    return ((const struct ram *)s)->n_channels;
}

static uint64_t host_size(const void *s)
{
    return ((const struct ram *)s)->size;
}

static const struct tg_state state[] = {
    TG_STATE_HEAP_IN(struct ram, channels, channel_table, channel_count),
    TG_STATE_PAGES(struct ram, host, host_size),
};

const struct tg_model_class ram_class = {
    .name = "ram",
    .description = "memory: latency and channels; directly accessible (DMI)",
    .size = sizeof(struct ram),
    .params = ram_params,
    .n_params = TG_ARRAY_SIZE(ram_params),
    .counters = ram_counters,
    .n_counters = TG_ARRAY_SIZE(ram_counters),
    .state = TG_STATE_TABLE(struct ram, state),
    .realize = ram_realize,
    .fini = ram_fini,
    .transport = ram_transport,
    .get_dmi = ram_get_dmi,
};
