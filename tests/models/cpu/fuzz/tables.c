/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tables of random programs: valid ones of every granule and size of input address (Arm ARM
 * D8.2), then spoilt. What is right comes first, because a table of noise alone faults at its first entry and
 * tests little.
 */
#include <string.h>

#include "fuzz.h"
#include "models/base/bits.h"

#define VALID  TG_BIT(0)
#define TABLE  TG_BIT(1) /* table at levels 0 to 2, page at level 3 */
#define AF     TG_BIT(10)
#define NSTATE (TG_FIELD(63, 59) | TG_BIT(5)) /* of table descriptors, and NS: what lies below */

struct builder {
    struct rng *r;
    struct fuzz_machine *m;
    struct fuzz_tables *t;
    bool stage2, user;
    uint64_t next, end; /* of the memory for tables */
    unsigned bits;      /* of the input address */
    unsigned start;     /* level of the first lookup */
};

static unsigned shift_of(const struct builder *b, unsigned level)
{
    return b->t->grain + (3 - level) * (b->t->grain - 3);
}

static uint64_t get(const struct builder *b, uint64_t pa)
{
    uint64_t v;

    memcpy(&v, b->m->ram + (pa - FUZZ_RAM), 8);
    return v;
}

static void put(struct builder *b, uint64_t pa, uint64_t v)
{
    machine_write(b->m, pa, &v, 8);
}

static bool may_be_block(const struct builder *b, unsigned level)
{
    return level == 3 || level == 2 || (level == 1 && b->t->grain == 12);
}

/* Attributes of a leaf. plain: what code needs. */
static uint64_t attributes(struct builder *b, bool plain)
{
    uint64_t r = rnd(b->r), low;

    if (b->stage2) {
        /* MemAttr, S2AP, SH, AF; XN now and then */
        low = tg_put(TG_FIELD(5, 2), plain || r & 3 ? 0xf : r >> 2) | tg_put(TG_FIELD(9, 8), r >> 8);
        low |= plain || (r >> 10 & 3) ? TG_FIELD(7, 6) : r & TG_FIELD(7, 6);
        if (!plain && (r >> 12 & 7) == 0)
            low |= r & TG_FIELD(54, 51);
    } else {
        low = tg_put(TG_FIELD(4, 2), plain || r & 3 ? 0 : r >> 2) | tg_put(TG_FIELD(9, 8), r >> 8);
        low |= plain ? tg_put(TG_FIELD(7, 6), b->user) : r & TG_FIELD(7, 5);
        low |= r & TG_BIT(11);
        if (!plain && (r >> 12 & 7) == 0)
            low |= r & TG_FIELD(54, 50);
    }
    return low | (plain || r >> 60 ? AF : 0);
}

/* Maps the granule (or the block) of `ia` to that of `oa`; where something is mapped already, it stays. */
static void map(struct builder *b, uint64_t ia, uint64_t oa, bool plain)
{
    uint64_t table = b->t->base;

    for (unsigned level = b->start;; level++) {
        unsigned shift = shift_of(b, level);
        unsigned width = level == b->start ? b->bits - shift : b->t->grain - 3;
        uint64_t entry = table + 8 * (ia >> shift & tg_ones(width)), desc = get(b, entry);

        if (level == 3 || (may_be_block(b, level) && !(desc & VALID) && ((ia ^ oa) & tg_ones(shift)) == 0 &&
                           !once_in(b->r, 3))) {
            if (!(desc & VALID))
                put(b, entry,
                    (oa & TG_FIELD(47, 0) & ~tg_ones(shift)) | attributes(b, plain) | VALID |
                        (level == 3 ? TABLE : 0));
            return;
        }
        if ((desc & (VALID | TABLE)) == VALID) /* a block */
            return;
        if (!(desc & VALID)) {
            if (b->next + TG_BIT(b->t->grain) > b->end)
                return;
            desc = b->next | VALID | TABLE;
            if (once_in(b->r, 32))
                desc |= rnd(b->r) & NSTATE;
            put(b, entry, desc);
            b->next += TG_BIT(b->t->grain);
        }
        table = desc & TG_FIELD(47, 0) & ~tg_ones(b->t->grain);
    }
}

/* Granule, size of the input address, start level (D8.2.5 and the tables of D8.2.7 to D8.2.9). */
static void choose_geometry(struct builder *b)
{
    static const uint8_t grains[] = {12, 12, 12, 14, 16};
    struct fuzz_tables *t = b->t;
    unsigned stride;

    t->grain = grains[below(b->r, sizeof(grains))];
    stride = t->grain - 3;
    b->bits = b->stage2 ? 32 + below(b->r, 9) : 33 + below(b->r, 16); /* RAM lies below 4 GiB */
    b->start = 4 - (b->bits - t->grain + stride - 1) / stride;
    /* stage 2 may join up to 16 tables instead of one more level */
    if (b->stage2 && b->start < 3 && b->bits - shift_of(b, b->start + 1) <= stride + 4 && once_in(b->r, 2))
        b->start++;
    t->tsz = 64 - b->bits;
    t->sl0 = t->grain == 12 ? 2 - b->start : 3 - b->start;
}

static void spoil(struct builder *b)
{
    uint64_t used = b->next - b->t->base;
    unsigned k = below(b->r, 8);

    if (k == 0) { /* arbitrary */
        for (uint64_t at = 0; at < used && at < 0x8000; at += 8)
            put(b, b->t->base + at, rnd(b->r));
    } else if (k == 1) { /* entries that look right */
        for (unsigned i = 0; i < 256; i++) {
            uint64_t desc = rnd(b->r) & UINT64_C(0xfff0000000000fff);

            put(b, b->t->base + (rnd(b->r) % used & ~UINT64_C(7)),
                desc | (FUZZ_RAM + (rnd(b->r) % FUZZ_RAM_SIZE & ~tg_ones(12))) | VALID);
        }
    } else if (k < 5) { /* a few bits, of entries in use where they can be found soon */
        for (unsigned i = 0, flips = 1 + below(b->r, 8); i < 4096 && flips; i++) {
            uint64_t at = b->t->base + (rnd(b->r) % used & ~UINT64_C(7)), desc = get(b, at);

            if (desc || i > 4000) {
                put(b, at, desc ^ TG_BIT(below(b->r, 64)));
                flips--;
            }
        }
    }
}

void tables_make(struct rng *r, struct fuzz_machine *m, bool stage2, bool user, struct fuzz_tables *t)
{
    struct builder b = {.r = r, .m = m, .t = t, .stage2 = stage2, .user = user};
    uint64_t first;

    t->base = stage2 ? FUZZ_TABLES2 : FUZZ_TABLES1;
    b.end = t->base + FUZZ_TABLES;
    choose_geometry(&b);
    if (m->tables >> stage2 & 1) /* another PE's */
        memset(m->ram + (t->base - FUZZ_RAM), 0, FUZZ_TABLES);
    m->tables |= 1u << stage2;
    first = 8 * TG_BIT(b.bits - shift_of(&b, b.start));
    b.next = t->base + (first < TG_BIT(t->grain) ? TG_BIT(t->grain) : first);

    t->va = stage2 ? FUZZ_CODE : (rnd(r) & tg_ones(b.bits - 1) & ~tg_ones(22)) + FUZZ_CODE % TG_BIT(22);
    for (unsigned i = 0; i < 16; i++)
        map(&b, t->va + 4096 * i, FUZZ_CODE + 4096 * i, true);
    for (unsigned i = 0; stage2 && i < 16; i++)
        map(&b, FUZZ_TABLES1 + 0x10000 * i, FUZZ_TABLES1 + 0x10000 * i, true);
    for (unsigned i = 0; i < 24; i++) {
        uint64_t oa = value_make(r) & tg_ones(48), ia = stage2 ? oa : t->va + 0x10000 + 4096 * below(r, 512);

        map(&b, ia & tg_ones(b.bits), oa, false);
    }
    spoil(&b);
}
