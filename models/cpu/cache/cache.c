/* SPDX-License-Identifier: Apache-2.0 */
/* Timing of private caches: misses, fills, evictions, coherence between PEs, prefetch. See cache.h. */
#include "models/cpu/cache/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/domain.h"

/* In line.arrive: the line was prefetched and not yet used; makes the fast check take the slow path once. */
#define ARRIVE_PREFETCHED TG_BIT(63)

static int cache_init(struct cache *k, const struct cache_params *p)
{
    const uint32_t ways = p->ways, sets = (uint32_t)((p->size >> LINE_BITS) / ways);

    k->ways = ways;
    k->set_mask = sets - 1;
    k->latency = p->latency;
    k->lines = calloc((size_t)sets * ways, sizeof(*k->lines));
    k->readable = calloc(2 * (size_t)sets, sizeof(*k->readable));
    if (!k->lines || !k->readable)
        return -ENOMEM;
    k->writable = k->readable + sets;
    for (uint32_t i = 0; i < 2 * sets; i++)
        k->readable[i] = CACHE_LOOK;
    return 0;
}

static void cache_fini(struct cache *k)
{
    free(k->lines);
    free(k->readable);
}

int ttlb_init(struct cpu *c);
void ttlb_fini(struct cpu *c);

int caches_init(struct cpu *c)
{
    struct caches *k = &c->timing.caches;

    if (cache_init(&k->l1i, &c->p.l1i) || cache_init(&k->l1d, &c->p.l1d) ||
        (c->p.l2.size && cache_init(&k->l2, &c->p.l2)))
        return -ENOMEM;
    return ttlb_init(c);
}

void caches_fini(struct cpu *c)
{
    struct caches *k = &c->timing.caches;

    cache_fini(&k->l1i);
    cache_fini(&k->l1d);
    cache_fini(&k->l2);
    ttlb_fini(c);
}

static void drop_line(struct cache *k, uint64_t pa, bool *dirty)
{
    struct line *l = k->lines ? cache_find(k, pa) : NULL;

    if (!l)
        return;
    cache_look(k, pa);
    *dirty |= (l->tag & LINE_DIRTY) != 0;
    l->tag = 0;
    l->arrive = 0;
}

static bool share_line(struct cache *k, uint64_t pa, bool *dirty)
{
    struct line *l = k->lines ? cache_find(k, pa) : NULL;

    if (!l)
        return false;
    cache_look(k, pa);
    *dirty |= (l->tag & LINE_DIRTY) != 0;
    l->tag &= ~(uint64_t)(LINE_UNIQUE | LINE_DIRTY);
    return true;
}

bool cache_snoop(struct cpu *c, uint64_t pa, bool take, bool *dirty)
{
    bool found = false;

    *dirty = false;
    for (struct cpu *o = c->host.domain->first; o; o = o->host.domain_next) {
        struct caches *k = &o->timing.caches;

        if (o == c || !o->timing.timed)
            continue;
        if (!share_line(k->l2.lines ? &k->l2 : &k->l1d, pa, dirty))
            continue;
        found = true;
        share_line(&k->l1d, pa, dirty);
        if (take) {
            drop_line(&k->l1d, pa, dirty);
            drop_line(&k->l1i, pa, dirty);
            if (k->l2.lines)
                drop_line(&k->l2, pa, dirty);
        }
    }
    return found;
}

/* A timing-only transaction to the fabric; cycles that it takes. */
static uint64_t fabric_access(struct cpu *c, uint64_t pa, enum tg_bus_kind kind, bool write, bool unique,
                              uint64_t now, uint8_t *served)
{
    struct tg_bus_txn txn = {.addr = pa & LINE_MASK,
                             .size = 1 << LINE_BITS,
                             .write = write,
                             .time = tg_cycles_to_time(now, c->ident.hz)};

    if (c->ports.hooks.line_soon)
        c->ports.hooks.line_soon(c->ports.hooks.opaque, pa);
    txn.attrs =
        (struct tg_bus_attrs){.kind = (uint8_t)kind, .exclusive = unique, .requester = c->ident.index};
    if (c->ports.bus.transport)
        c->ports.bus.transport(c->ports.bus.opaque, &txn);
    *served = txn.served;
    return tg_time_to_cycles_up(txn.latency, c->ident.hz);
}

static enum cpu_bucket served_bucket(uint8_t served);

uint64_t cache_bypass(struct cpu *c, uint64_t pa, unsigned size, bool write, enum tg_bus_kind kind,
                      unsigned mem_type, uint64_t now, enum cpu_bucket *bucket)
{
    struct tg_bus_txn txn = {
        .addr = pa, .size = size, .write = write, .time = tg_cycles_to_time(now, c->ident.hz)};

    txn.attrs = (struct tg_bus_attrs){
        .kind = (uint8_t)kind, .mem_type = (uint8_t)mem_type, .requester = c->ident.index};
    if (c->ports.bus.transport)
        c->ports.bus.transport(c->ports.bus.opaque, &txn);
    *bucket = served_bucket(txn.served);
    return tg_time_to_cycles_up(txn.latency, c->ident.hz);
}

static void evict_l2(struct cpu *c, struct line *victim, uint64_t now)
{
    struct caches *k = &c->timing.caches;
    uint64_t pa = victim->tag & LINE_MASK;
    bool dirty = victim->tag & LINE_DIRTY;
    uint8_t served;

    if (!(victim->tag & LINE_VALID))
        return;
    drop_line(&k->l1d, pa, &dirty);
    drop_line(&k->l1i, pa, &dirty);
    if (dirty) {
        c->n.l2_writeback++;
        fabric_access(c, pa, TG_BUS_WRITEBACK, true, false, now, &served);
    }
}

/* Puts a line at the front of its set; the victim falls off the end. */
static struct line *insert(struct cpu *c, struct cache *k, uint64_t pa, uint64_t flags, uint64_t arrive,
                           uint64_t now)
{
    struct caches *all = &c->timing.caches;
    struct line *set = &k->lines[((pa >> LINE_BITS) & k->set_mask) * k->ways];
    struct line victim = set[k->ways - 1];

    cache_look(k, pa);
    memmove(set + 1, set, (k->ways - 1) * sizeof(*set));
    set[0] = (struct line){.tag = (pa & LINE_MASK) | flags | LINE_VALID, .arrive = arrive};
    if (k == &all->l2) {
        evict_l2(c, &victim, now);
    } else if (k == &all->l1d && (victim.tag & LINE_DIRTY)) {
        struct line *l = all->l2.lines ? cache_find(&all->l2, victim.tag & LINE_MASK) : NULL;
        uint8_t served;

        c->n.l1d_writeback++;
        if (l)
            l->tag |= LINE_DIRTY;
        else if (!all->l2.lines)
            fabric_access(c, victim.tag, TG_BUS_WRITEBACK, true, false, now, &served);
    }
    return set;
}

static enum cpu_bucket served_bucket(uint8_t served)
{
    switch (served) {
    case TG_SERVED_SLC:
    case TG_SERVED_PEER:
    case TG_SERVED_CLUSTER:
        return CPU_BUCKET_SLC;
    default:
        return CPU_BUCKET_DRAM;
    }
}

static uint64_t from_flag(enum cpu_bucket bucket)
{
    return tg_put(LINE_FROM, (uint64_t)(bucket - CPU_BUCKET_L2));
}

static enum cpu_bucket line_from(const struct line *l)
{
    return (enum cpu_bucket)(CPU_BUCKET_L2 + tg_get(l->tag, LINE_FROM));
}

/* Brings a line into the L2 (or says how long it takes without one): cycles from `now`, and the line's flags.
 */
static uint64_t l2_get(struct cpu *c, uint64_t pa, bool write, enum tg_bus_kind kind, uint64_t now,
                       uint64_t *flags, enum cpu_bucket *bucket)
{
    struct caches *k = &c->timing.caches;
    struct line *l = k->l2.lines ? cache_find(&k->l2, pa) : NULL;
    uint64_t cycles = k->l2.latency;
    bool dirty;
    uint8_t served;

    c->n.l2_access++;
    *bucket = CPU_BUCKET_L2;
    if (l) {
        if (l->arrive > now + cycles) { /* on its way: handed on when it comes */
            cycles = l->arrive - now;
            *bucket = line_from(l);
        }
        if (write && !(l->tag & LINE_UNIQUE)) {
            cache_snoop(c, pa, true, &dirty);
            cycles += c->p.snoop;
            *bucket = CPU_BUCKET_SLC;
            l->tag |= LINE_UNIQUE;
        }
        *flags = l->tag & LINE_UNIQUE;
        return cycles;
    }
    c->n.l2_miss++;
    if (cache_snoop(c, pa, write, &dirty)) {
        cycles += c->p.snoop;
        *flags = write ? LINE_UNIQUE : 0;
        *bucket = CPU_BUCKET_SLC;
    } else {
        cycles += fabric_access(c, pa, kind, false, write, now, &served);
        *flags = LINE_UNIQUE;
        *bucket = served_bucket(served);
    }
    if (k->l2.lines)
        insert(c, &k->l2, pa, *flags | from_flag(*bucket), now + cycles, now);
    return cycles;
}

/* Streams: a miss on the line after an earlier one runs ahead. */
static void prefetch(struct cpu *c, uint64_t pa, uint64_t now)
{
    struct caches *k = &c->timing.caches;
    uint64_t line = pa & LINE_MASK;
    enum cpu_bucket bucket;
    uint64_t flags;

    if (!c->p.prefetch)
        return;
    for (unsigned i = 0; i < 4; i++) {
        if (k->stream_line[i] != line)
            continue;
        for (unsigned n = 1; n <= c->p.prefetch; n++) {
            uint64_t next = line + ((uint64_t)n << LINE_BITS), cycles;

            if ((next ^ line) >> 12) /* streams end at the page */
                break;
            if (cache_find(&k->l1d, next))
                continue;
            cycles = l2_get(c, next, false, TG_BUS_PREFETCH, now, &flags, &bucket);
            insert(c, &k->l1d, next, flags | from_flag(bucket), (now + cycles) | ARRIVE_PREFETCHED, now);
        }
        k->stream_line[i] = line + (1 << LINE_BITS);
        return;
    }
    k->stream_line[k->stream_next] = line + (1 << LINE_BITS);
    k->stream_next = (k->stream_next + 1) & 3;
}

/* Only so many fills at a time: how long a miss at `now` waits. Misses are not seen in order of time (a
 * younger load may start earlier), so only those that overlap count. */
static uint64_t mshr_wait(const struct cpu *c, uint64_t now)
{
    const struct caches *k = &c->timing.caches;
    uint64_t at = now;

    if (k->miss_before <= now) /* fewer than mshrs are left */
        return 0;
    while (at < k->miss_last) {
        uint64_t first = UINT64_MAX;
        uint32_t n = 0;

        for (unsigned i = 0; i < CACHE_MISSES; i++) {
            if (k->miss_from[i] > at || k->miss_to[i] <= at)
                continue;
            n++;
            if (k->miss_to[i] < first)
                first = k->miss_to[i];
        }
        if (n < c->p.mshrs)
            break;
        at = first;
    }
    return at - now;
}

static void note_miss(struct cpu *c, uint64_t from, uint64_t to)
{
    struct caches *k = &c->timing.caches;
    const uint32_t pos = k->miss_pos, older = (pos - (c->p.mshrs - 1)) & (CACHE_MISSES - 1);

    k->miss_from[pos] = from;
    k->miss_to[pos] = to;
    k->miss_last = pipe_max(k->miss_last, to);
    k->miss_before = pipe_max(k->miss_before, k->miss_to[older]);
    k->miss_pos = (pos + 1) & (CACHE_MISSES - 1);
}

uint64_t cache_bypass_read(struct cpu *c, uint64_t pa, unsigned size, unsigned mem_type, uint64_t now,
                           enum cpu_bucket *bucket)
{
    const uint64_t wait = mshr_wait(c, now);
    const uint64_t cycles = cache_bypass(c, pa, size, false, TG_BUS_DATA, mem_type, now + wait, bucket);

    note_miss(c, now + wait, now + wait + cycles);
    return wait + cycles;
}

uint64_t cache_data_slow(struct cpu *c, uint64_t pa, bool write, uint64_t now, enum cpu_bucket *bucket)
{
    struct caches *k = &c->timing.caches;
    struct line *l = cache_find(&k->l1d, pa);
    uint64_t flags, cycles, extra = 0;
    bool dirty;

    if (l) {
        bool prefetched = l->arrive & ARRIVE_PREFETCHED;

        l->arrive &= ~ARRIVE_PREFETCHED;
        if (l->arrive > now) {
            extra = l->arrive - now;
            *bucket = line_from(l);
        }
        if (write) {
            if (!(l->tag & LINE_UNIQUE)) {
                cache_snoop(c, pa, true, &dirty);
                extra += c->p.snoop;
                *bucket = CPU_BUCKET_SLC;
            }
            l->tag |= LINE_UNIQUE | LINE_DIRTY;
        }
        if (prefetched)
            prefetch(c, pa, now);
        return extra;
    }
    c->n.l1d_miss++;
    extra = mshr_wait(c, now);
    cycles = l2_get(c, pa, write, TG_BUS_LINEFILL, now + extra, &flags, bucket);
    note_miss(c, now + extra, now + extra + cycles);
    extra += cycles;
    insert(c, &k->l1d, pa, flags | from_flag(*bucket) | (write ? LINE_UNIQUE | LINE_DIRTY : 0), now + extra,
           now);
    if (!write)
        prefetch(c, pa, now);
    /* The class's latency, which the instruction has anyway, covers the look-up in the L1. */
    return extra > k->l1d.latency ? extra - k->l1d.latency : 1;
}

uint64_t cache_zero_line(struct cpu *c, uint64_t pa, uint64_t now, enum cpu_bucket *bucket)
{
    struct caches *k = &c->timing.caches;
    struct line *l = cache_find(&k->l1d, pa), *l2 = k->l2.lines ? cache_find(&k->l2, pa) : NULL;
    uint64_t extra = 0;
    bool dirty;

    if (!(l && (l->tag & LINE_UNIQUE)) && !(l2 && (l2->tag & LINE_UNIQUE)) &&
        cache_snoop(c, pa, true, &dirty)) {
        extra = c->p.snoop;
        *bucket = CPU_BUCKET_SLC;
    }
    if (l) {
        l->tag |= LINE_UNIQUE | LINE_DIRTY;
        if (l2)
            l2->tag |= LINE_UNIQUE;
    } else if (l2) {
        l2->tag |= LINE_UNIQUE | LINE_DIRTY;
    } else {
        insert(c, k->l2.lines ? &k->l2 : &k->l1d, pa, LINE_UNIQUE | LINE_DIRTY, now + extra, now);
    }
    return extra;
}

static void clean(struct cache *k, uint64_t pa, bool invalidate, bool *dirty)
{
    struct line *l = k->lines ? cache_find(k, pa) : NULL;

    if (!l)
        return;
    cache_look(k, pa);
    *dirty |= (l->tag & LINE_DIRTY) != 0;
    l->tag &= ~(uint64_t)LINE_DIRTY;
    if (invalidate)
        l->tag = l->arrive = 0;
}

void cache_maintain(struct cpu *c, uint64_t pa, bool invalidate, uint64_t now)
{
    bool dirty = false;
    uint8_t served;

    for (struct cpu *o = c->host.domain->first; o; o = o->host.domain_next) {
        clean(&o->timing.caches.l1d, pa, invalidate, &dirty);
        clean(&o->timing.caches.l2, pa, invalidate, &dirty);
    }
    if (dirty) {
        c->n.l2_writeback++;
        fabric_access(c, pa, TG_BUS_WRITEBACK, true, false, now, &served);
    }
}

uint64_t cache_fetch_slow(struct cpu *c, uint64_t pa, uint64_t now)
{
    struct caches *k = &c->timing.caches;
    struct line *l = cache_find(&k->l1i, pa);
    enum cpu_bucket bucket;
    uint64_t flags, extra, next = (pa & LINE_MASK) + (1 << LINE_BITS);

    if (l) {
        extra = l->arrive > now ? l->arrive - now : 0;
    } else {
        c->n.l1i_miss++;
        extra = l2_get(c, pa, false, TG_BUS_FETCH, now, &flags, &bucket);
        insert(c, &k->l1i, pa, 0, now + extra, now);
    }
    /* Next-line prefetch within the page. */
    if (!((next ^ pa) >> 12) && !cache_find(&k->l1i, next)) {
        uint64_t cycles = l2_get(c, next, false, TG_BUS_PREFETCH, now, &flags, &bucket);

        insert(c, &k->l1i, next, 0, now + cycles, now);
    }
    return extra;
}

uint64_t cache_walk_read(struct cpu *c, uint64_t pa, bool uncached, uint64_t now)
{
    enum cpu_bucket bucket;
    uint64_t flags;

    if (uncached)
        return cache_bypass(c, pa, sizeof(uint64_t), false, TG_BUS_WALK, TG_MEM_NORMAL_NC, now, &bucket);
    if (cache_find(&c->timing.caches.l1d, pa))
        return c->timing.caches.l1d.latency;
    return l2_get(c, pa, false, TG_BUS_WALK, now, &flags, &bucket);
}
