/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation table walk: stage 1 and stage 2, granules 4K, 16K, 64K, 48-bit addresses (with 64K and
 * FEAT_LVA, FEAT_LPA 52 bits), hardware management of access flag and dirty state. Arm ARM DDI 0487 D8 and
 * the pseudocode aarch64/translation. No caching here; contexts and software TLBs are in context.c.
 */
#include <string.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/domain.h"
#include "models/cpu/mmu/walk.h"

struct walk {
    struct cpu *c;
    const struct mmu_key *key;
    enum mmu_access access;
    struct mmu_result *r;
    uint64_t s1_desc_ipa; /* IPA of the stage-1 descriptor read last */
    bool ns;              /* stage-1 tables are in the Non-secure address space */
    bool s1_desc_ns;      /* so was the descriptor read last */
    /* Walks of a stage read memory itself, and not the caches. */
    bool s1_uncached, s2_uncached;
};

/* Output size of TCR_ELx.{I}PS and VTCR_EL2.PS; 52 bits are the 64K granule's (FEAT_LPA). */
static unsigned ps_bits(const struct cpu *c, unsigned ps, unsigned grain)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    unsigned n = bits[ps] < c->p.pa_bits ? bits[ps] : c->p.pa_bits;

    return n > 48 && grain != 16 ? 48 : n;
}

/* Bits 51:48 of addresses in descriptors of the 64K granule: in bits 15:12 (D8.3). */
#define DESC_OA_TOP TG_FIELD(15, 12)
#define ADDR_TOP    TG_FIELD(51, 48)

/* Address in a descriptor, its low `shift` bits zero. */
static uint64_t desc_address(const struct cpu *c, const struct mmu_geometry *g, uint64_t desc, unsigned shift)
{
    uint64_t a = desc & TG_FIELD(47, 0) & ~tg_ones(shift);

    if (g->grain == 16 && cpu_has(c, CPU_FEAT_LPA))
        a |= tg_put(ADDR_TOP, tg_get(desc, DESC_OA_TOP));
    return a;
}

/* Base of the first table in TTBR or VTTBR, aligned to its size; bits 51:48 are in bits 5:2 when addresses
 * have 52 bits (D8.2.10). */
static uint64_t first_table(const struct mmu_geometry *g, uint64_t ttbr, unsigned align)
{
    uint64_t base = ttbr & TTBR_BADDR;

    if (g->oa_bits == 52) {
        base = (base & ~TG_FIELD(5, 0)) | tg_put(ADDR_TOP, tg_get(ttbr, TG_FIELD(5, 2)));
        align = align < 6 ? 6 : align;
    }
    return base & ~tg_ones(align);
}

/* Is there a block descriptor at the level? */
static bool block_level(const struct cpu *c, const struct mmu_geometry *g, int level)
{
    if (g->grain == 12)
        return level == 1 || level == 2;
    return level == 2 || (level == 1 && g->grain == 16 && c->p.pa_bits == 52);
}

/* Bits of address resolved by one level. */
static unsigned stride(const struct mmu_geometry *g)
{
    return g->grain - 3;
}

/* Smallest TxSZ of stage 1: D8.2, FEAT_LVA. */
static unsigned tsz_min(const struct cpu *c, unsigned grain)
{
    return grain == 16 && cpu_has(c, CPU_FEAT_LVA) ? 12 : 16;
}

/* Largest TxSZ: D8.2, FEAT_TTST. */
static unsigned tsz_max(const struct cpu *c, unsigned grain)
{
    return !cpu_has(c, CPU_FEAT_TTST) ? 39 : grain == 16 ? 47 : 48;
}

/* log2 of the size mapped by an entry of a level. */
static unsigned level_shift(const struct mmu_geometry *g, int level)
{
    return g->grain + (unsigned)(3 - level) * stride(g);
}

static bool fault(struct mmu_result *r, unsigned code, int level)
{
    r->fault = true;
    r->fsc = (uint8_t)(code | (unsigned)level);
    return false;
}

/* ---- memory of descriptors ---- */

/* Not in the RAM that was found last. */
static __attribute__((noinline)) bool read_elsewhere(struct walk *w, uint64_t pa, bool ns, uint64_t *desc)
{
    struct ram_region *ram = domain_ram(w->c, pa, ns);
    struct tg_bus_txn txn = {.addr = pa, .data = desc, .size = 8, .time = cpu_now(w->c)};

    if (ram) {
        memcpy(desc, ram_at(ram, pa), sizeof(*desc));
        return true;
    }
    txn.attrs.kind = TG_BUS_WALK;
    txn.attrs.requester = w->c->ident.index;
    txn.attrs.secure = !ns;
    if (!w->c->ports.bus.transport)
        return false;
    w->c->ports.bus.transport(w->c->ports.bus.opaque, &txn);
    return txn.resp == TG_BUS_OK;
}

/* ns: pa is in the Non-secure address space. */
static inline __attribute__((always_inline)) bool read_desc(struct walk *w, uint64_t pa, bool ns,
                                                            bool uncached, bool big_endian, unsigned stage,
                                                            int level, uint64_t ipa, bool ipa_ns,
                                                            uint64_t *desc)
{
    const struct ram_region *ram = domain_recent_ram(w->c->host.domain, pa);

    if (w->r->walk_levels < MMU_WALK_MAX)
        w->r->walk[w->r->walk_levels++] = (struct mmu_walk_read){.pa = pa,
                                                                 .ipa = ipa,
                                                                 .ipa_ns = ipa_ns,
                                                                 .stage = (uint8_t)stage,
                                                                 .level = (uint8_t)level,
                                                                 .uncached = uncached};
    if (tg_likely(ram && !ram->secure))
        memcpy(desc, ram_at(ram, pa), sizeof(*desc));
    else if (!read_elsewhere(w, pa, ns, desc))
        return false;
    if (big_endian)
        *desc = __builtin_bswap64(*desc);
    return true;
}

static void write_desc(struct walk *w, uint64_t pa, bool ns, bool big_endian, uint64_t desc)
{
    struct ram_region *ram = domain_ram(w->c, pa, ns);

    if (!ram || !ram->writable)
        return;
    if (big_endian)
        desc = __builtin_bswap64(desc);
    memcpy(ram_at(ram, pa), &desc, sizeof(desc));
    if (*ram_flags(ram, pa) & RAM_PAGE_CODE)
        domain_code_written(w->c->host.domain, pa, sizeof(desc));
}

/* ---- memory attributes ---- */

#define ATTR_NC           0x44 /* Normal, non-cacheable at both levels */
#define ATTR_WB           0xff /* Normal, write-back, read and write allocate */
#define ATTR_INNER        TG_FIELD(3, 0)
#define ATTR_OUTER        TG_FIELD(7, 4)
#define ATTR_CACHEABLE_NC 4 /* in a nibble: non-cacheable */

static bool is_device(uint8_t attr)
{
    return (attr & ATTR_OUTER) == 0;
}

/* 01RW with RW != 0, and 11RW. */
static bool is_write_back(unsigned nibble)
{
    return (nibble & 4) && nibble != ATTR_CACHEABLE_NC;
}

/* A MAIR byte as a memory type: D8.5, D19.2.98. */
static enum tg_mem_type attr_type(uint8_t attr)
{
    if (is_device(attr)) {
        switch (attr >> 2 & 3) {
        case 0:
            return TG_MEM_DEVICE_nGnRnE;
        case 1:
            return TG_MEM_DEVICE_nGnRE;
        case 2:
            return TG_MEM_DEVICE_nGRE;
        default:
            return TG_MEM_DEVICE_GRE;
        }
    }
    /* Write-back at both levels is cacheable for us; the rest acts as non-cacheable, as on Cortex-A and Neoverse cores. */
    return is_write_back(attr & 0xf) && is_write_back(attr >> 4) ? TG_MEM_NORMAL_WB : TG_MEM_NORMAL_NC;
}

/* Fetches read through the L1I whatever inner cacheable memory says about writes: with the MMU off and
 * SCTLR_ELx.I set it is write-through. Device memory counts as non-cacheable (AArch64.S1Translate). */
static enum tg_mem_type fetch_type(uint8_t attr)
{
    return !is_device(attr) && tg_get(attr, ATTR_INNER) != ATTR_CACHEABLE_NC ? TG_MEM_NORMAL_WB
                                                                             : TG_MEM_NORMAL_NC;
}

/* Stage 2 MemAttr without FWB as a MAIR-like byte. */
static uint8_t s2_attr(unsigned memattr)
{
    static const uint8_t nibble[4] = {0, 0x4, 0xa, 0xf}; /* -, NC, WT, WB */

    if ((memattr & 0xc) == 0)
        return (uint8_t)((memattr & 3) << 2); /* Device */
    return (uint8_t)(nibble[memattr >> 2] << 4 | nibble[memattr & 3 ? memattr & 3 : 1]);
}

/* Combining of the two stages, D8.5.6: the less cacheable wins; device wins over normal. Nibbles: 4 NC, a/8
 * WT, c-f WB. */
static uint8_t combine_nibble(uint8_t a, uint8_t b)
{
    uint8_t ka = a == 4 ? 0 : (a & 4) ? 2 : 1, kb = b == 4 ? 0 : (b & 4) ? 2 : 1;

    if (ka == 0 || kb == 0)
        return 4;
    if (ka == 1 || kb == 1)
        return (uint8_t)(0x8 | (a & 3));
    return (uint8_t)(0xc | (a & 3));
}

static uint8_t combine_attr(uint8_t s1, uint8_t s2)
{
    if ((s1 & 0xf0) == 0 || (s2 & 0xf0) == 0) {
        if ((s1 & 0xf0) != 0)
            return s2;
        if ((s2 & 0xf0) != 0)
            return s1;
        return (s1 & 0xc) < (s2 & 0xc) ? s1 : s2;
    }
    return (uint8_t)(combine_nibble(s1 >> 4, s2 >> 4) << 4 | combine_nibble(s1 & 0xf, s2 & 0xf));
}

/* SH of both stages: outer shareable (2) wins over inner (3), and that over none. */
static uint8_t combine_sh(unsigned a, unsigned b)
{
    return a == 2 || b == 2 ? 2 : a == 3 || b == 3 ? 3 : 0;
}

/* A nibble as write-back: with its allocation hints, or read and write allocate when it has none. */
static uint8_t write_back(unsigned nibble)
{
    return nibble == 4 ? 0xf : (uint8_t)(0xc | (nibble & 3));
}

/* Stage-2 forced write-back, D8.5.5: MemAttr[2:0] 6 forces write-back, 7 keeps stage 1, 5 forces
 * non-cacheable, 0-3 device. */
static uint8_t fwb_attr(uint8_t s1, unsigned memattr)
{
    switch (memattr & 7) {
    case 7:
        return s1;
    case 6:
        return (s1 & 0xf0) == 0 ? 0xff : (uint8_t)(write_back(s1 >> 4) << 4 | write_back(s1 & 0xf));
    case 5:
        return (s1 & 0xf0) == 0 ? s1 : 0x44;
    case 4:
        return 0x44;
    default:
        return (s1 & 0xf0) != 0 ? (uint8_t)((memattr & 3) << 2)
                                : (uint8_t)((s1 & 0xc) < ((memattr & 3) << 2) ? s1 : (memattr & 3) << 2);
    }
}

/* ---- hardware update of a leaf descriptor ---- */

/* Checks and sets AF, and dirty state for writes. False: access flag fault. *may_write: writes hit a page
 * whose dirty state is settled. */
static bool manage_leaf(struct walk *w, const struct mmu_geometry *g, uint64_t pa, bool ns, bool big_endian,
                        uint64_t *desc, uint64_t ro_bit, bool ro_means_set, bool wants_write, bool *may_write)
{
    uint64_t d = *desc;
    bool read_only = ((d & ro_bit) != 0) == ro_means_set;

    if (!(d & DESC_AF)) {
        if (!g->ha)
            return false;
        d |= DESC_AF;
    }
    *may_write = !read_only;
    if (read_only && g->hd && (d & DESC_DBM)) {
        if (wants_write) {
            d ^= ro_bit;
            *may_write = true;
        }
    }
    if (d != *desc) {
        write_desc(w, pa, ns, big_endian, d);
        *desc = d;
    }
    return true;
}

/* ---- stage 2 ---- */

/* ns: of Non-secure addresses. The Secure ones' size and granule are in VSTCR_EL2, the rest in VTCR_EL2 for
 * both. */
static bool s2_geometry(const struct walk *w, bool ns, struct mmu_geometry *g)
{
    uint64_t vtcr = w->key->vtcr, shape = ns ? vtcr : w->key->vstcr;
    unsigned tg = (unsigned)tg_get(shape, VTCR_TG0), sl0 = (unsigned)tg_get(shape, VTCR_SL0),
             t0sz = (unsigned)tg_get(shape, VTCR_T0SZ);
    unsigned levels, top;

    g->grain = tg == 0 ? 12 : tg == 2 ? 14 : 16;
    if (tg == 3)
        g->grain = 12;
    g->oa_bits = ps_bits(w->c, (unsigned)tg_get(vtcr, VTCR_PS), g->grain);
    g->ia_bits = 64 - t0sz;
    g->ha = (vtcr & VTCR_HA) && cpu_has(w->c, CPU_FEAT_HAFDBS);
    g->hd = g->ha && (vtcr & VTCR_HD);
    g->level = g->grain == 12 ? 2 - (int)sl0 : 3 - (int)sl0;
    if (sl0 == 3 && g->grain == 12 && cpu_has(w->c, CPU_FEAT_TTST))
        g->level = 3;
    else if (sl0 == 3)
        return false;
    if (g->level < 0 || (g->level == 0 && (g->grain != 12 || w->c->p.pa_bits < 44)) ||
        (g->level == 1 && g->grain == 14 && w->c->p.pa_bits < 42) ||
        (g->level == 1 && g->grain == 16 && w->c->p.pa_bits < 44))
        return false;
    if (t0sz < (g->grain == 16 && cpu_has(w->c, CPU_FEAT_LPA) ? 12 : 16) || t0sz > tsz_max(w->c, g->grain) ||
        g->ia_bits > w->c->p.pa_bits)
        return false;
    /* The first table resolves what lower levels do not: at most 16 concatenated tables, at least one bit. */
    levels = (unsigned)(3 - g->level) * stride(g) + g->grain;
    if (g->ia_bits <= levels)
        return false;
    top = g->ia_bits - levels;
    if (top > stride(g) + 4)
        return false;
    /* Base aligned to the size of the (concatenated) first table. */
    g->table = first_table(g, ns ? w->key->vttbr : w->key->vsttbr, top + 3 < 5 ? 5 : top + 3);
    return true;
}

/* Fault on stage 2. s1ptw: on behalf of a stage-1 table walk. */
static bool s2_fault(struct walk *w, unsigned code, int level, uint64_t ipa, bool ns, bool s1ptw)
{
    w->r->ipa_ns = ns && (w->key->flags & MMU_KEY_SECURE);
    w->r->s2 = true;
    w->r->s1ptw = s1ptw;
    w->r->ipa = ipa;
    return fault(w->r, code, level);
}

struct s2_out {
    uint64_t pa;
    bool ns; /* pa is Non-secure */
    unsigned memattr, sh;
    bool read, write, user_x, priv_x;
    unsigned log2size;
};

/* Where the tables and what they lead to lie, in the Secure state: what is Non-secure of one thing makes all
 * behind it so (D17.2.147, VSTCR_EL2.SW and SA, VTCR_EL2.NSW and NSA). */
static void s2_spaces(const struct walk *w, bool ns, bool *tables_ns, bool *out_ns)
{
    const struct mmu_key *k = w->key;

    *tables_ns = *out_ns = true;
    if (!(k->flags & MMU_KEY_SECURE))
        return;
    *tables_ns = (k->vstcr & VSTCR_SW) || (ns && (k->vtcr & VTCR_NSW));
    *out_ns = *tables_ns || (k->vstcr & VSTCR_SA) || (ns && (k->vtcr & VTCR_NSA));
}

static bool wants_write(const struct walk *w)
{
    return w->access == MMU_WRITE || w->access == MMU_RMW;
}

static bool wants_read(const struct walk *w)
{
    return w->access == MMU_READ || w->access == MMU_RMW ||
           (w->access == MMU_MAINTAIN && w->key->priv == MMU_USER);
}

/* Translates ipa, Non-secure or not, for an access of the given kind (walks read, or write when hardware
 * updates are on). */
static bool stage2(struct walk *w, uint64_t ipa, bool ns, bool wants_write, bool is_walk, struct s2_out *out)
{
    struct mmu_geometry g;
    bool be = w->key->flags & MMU_KEY_EE2, may_write, tables_ns;
    uint64_t table, desc, pa;
    int level;
    unsigned shift, top;

    if (!s2_geometry(w, ns, &g))
        return s2_fault(w, FSC_TRANSLATION, 0, ipa, ns, is_walk);
    if (ipa >> g.ia_bits)
        return s2_fault(w, FSC_TRANSLATION, 0, ipa, ns, is_walk);
    s2_spaces(w, ns, &tables_ns, &out->ns);
    table = g.table;
    top = g.ia_bits;
    shift = level_shift(&g, g.level);
    for (level = g.level;; level++, top = shift, shift -= stride(&g)) {
        pa = table + ((ipa & tg_ones(top)) >> shift) * 8;
        if (pa >> g.oa_bits)
            return s2_fault(w, FSC_ADDRESS, level, ipa, ns, is_walk);
        if (!read_desc(w, pa, tables_ns, w->s2_uncached, be, 2, level, ipa, ns, &desc))
            return s2_fault(w, FSC_EXTERNAL_WALK, level, ipa, ns, is_walk);
        if (!(desc & DESC_VALID) || (level == 3 && !(desc & DESC_TABLE)))
            return s2_fault(w, FSC_TRANSLATION, level, ipa, ns, is_walk);
        if (level == 3 || !(desc & DESC_TABLE))
            break;
        table = desc_address(w->c, &g, desc, g.grain);
        if (table >> g.oa_bits)
            return s2_fault(w, FSC_ADDRESS, level, ipa, ns, is_walk);
    }
    if (level != 3 && !block_level(w->c, &g, level))
        return s2_fault(w, FSC_TRANSLATION, level, ipa, ns, is_walk);
    out->pa = desc_address(w->c, &g, desc, shift) | (ipa & tg_ones(shift));
    if (out->pa >> g.oa_bits)
        return s2_fault(w, FSC_ADDRESS, level, ipa, ns, is_walk);
    if (!(desc & DESC_AF) && !g.ha)
        return s2_fault(w, FSC_ACCESS_FLAG, level, ipa, ns, is_walk);
    out->read = desc & DESC_S2_READ;
    /* Permission is judged before the descriptor is updated. */
    may_write = (desc & DESC_S2_WRITE) || (g.hd && (desc & DESC_DBM));
    if (wants_write ? !may_write : !out->read && (is_walk || wants_read(w))) {
        if (w->access == MMU_RMW && !is_walk)
            w->r->wnr = out->read;
        return s2_fault(w, FSC_PERMISSION, level, ipa, ns, is_walk);
    }
    if (w->access == MMU_RMW && !is_walk && !out->read)
        return s2_fault(w, FSC_PERMISSION, level, ipa, ns, false);
    manage_leaf(w, &g, pa, tables_ns, be, &desc, DESC_S2_WRITE, false, wants_write, &may_write);
    out->write = may_write;
    switch (tg_get(desc, DESC_S2_XN) & (cpu_has(w->c, CPU_FEAT_XNX) ? 3 : 2)) {
    case 0:
        out->user_x = out->priv_x = true;
        break;
    case 1:
        out->user_x = true;
        out->priv_x = false;
        break;
    case 2:
        out->user_x = out->priv_x = false;
        break;
    default:
        out->user_x = false;
        out->priv_x = true;
    }
    if (w->access == MMU_FETCH && !is_walk && !(w->key->priv == MMU_USER ? out->user_x : out->priv_x))
        return s2_fault(w, FSC_PERMISSION, level, ipa, ns, false);
    out->memattr = (unsigned)tg_get(desc, DESC_S2_MEMATTR);
    out->sh = (unsigned)tg_get(desc, DESC_SH);
    out->log2size = shift;
    if (desc & DESC_CONTIG)
        out->log2size += g.grain == 12 ? 4 : g.grain == 14 ? (level == 3 ? 7 : 5) : 5;
    if (is_walk && (w->key->hcr & HCR_PTW) && (out->memattr & (w->key->hcr & HCR_FWB ? 4 : 0xc)) == 0)
        return s2_fault(w, FSC_PERMISSION, level, ipa, ns, true);
    return true;
}

/* ---- stage 1 ---- */

bool mmu_tbi(const struct mmu_key *key, uint64_t va)
{
    if (!mmu_two_privileges(key->regime))
        return key->tcr & TCR2_TBI;
    return key->tcr & (va >> 55 & 1 ? TCR_TBI1 : TCR_TBI0);
}

bool mmu_tbi_fetch(const struct mmu_key *key, uint64_t va)
{
    if (!mmu_two_privileges(key->regime))
        return mmu_tbi(key, va) && !(key->tcr & TCR2_TBID);
    return mmu_tbi(key, va) && !(key->tcr & (va >> 55 & 1 ? TCR_TBID1 : TCR_TBID0));
}

static bool ignores_top(const struct walk *w, uint64_t va)
{
    return w->access == MMU_FETCH ? mmu_tbi_fetch(w->key, va) : mmu_tbi(w->key, va);
}

/* Does the access make a clean page dirty? AT instructions do not. */
static bool dirties(const struct walk *w)
{
    return wants_write(w) && !(w->key->flags & MMU_KEY_AT);
}

/* Memory type of the stage-1 tables, with what stage 2 makes of it. */
static bool table_uncached(const struct walk *w, unsigned memattr)
{
    const uint8_t s1 = w->s1_uncached ? ATTR_NC : ATTR_WB;

    return (w->key->hcr & HCR_CD) ||
           attr_type(w->key->hcr & HCR_FWB ? fwb_attr(s1, memattr) : combine_attr(s1, s2_attr(memattr))) !=
               TG_MEM_NORMAL_WB;
}

/* Reads a stage-1 descriptor, through stage 2 when it is on. */
static inline bool s1_read(struct walk *w, uint64_t ipa, int level, uint64_t *desc, uint64_t *pa, bool *ns)
{
    bool uncached = w->s1_uncached;

    *pa = w->s1_desc_ipa = ipa;
    *ns = w->s1_desc_ns = w->ns;
    if (w->key->flags & MMU_KEY_S2) {
        struct s2_out out;

        if (!stage2(w, ipa, w->ns, false, true, &out))
            return false;
        *pa = out.pa;
        *ns = out.ns;
        uncached = table_uncached(w, out.memattr);
    }
    if (!read_desc(w, *pa, *ns, uncached, w->key->sctlr & SCTLR_EE, 1, level, 0, false, desc))
        return fault(w->r, FSC_EXTERNAL_WALK, level);
    return true;
}

static unsigned tg0_grain(unsigned tg)
{
    return tg == 1 ? 16 : tg == 2 ? 14 : 12;
}

static unsigned tg1_grain(unsigned tg)
{
    return tg == 1 ? 14 : tg == 3 ? 16 : 12;
}

unsigned mmu_input_bits(const struct cpu *c, uint64_t tcr, bool upper)
{
    unsigned tsz = (unsigned)tg_get(tcr, upper ? TCR_T1SZ : TCR_T0SZ),
             grain = upper ? tg1_grain((unsigned)tg_get(tcr, TCR_TG1))
                           : tg0_grain((unsigned)tg_get(tcr, TCR_TG0)),
             min = tsz_min(c, grain), max = tsz_max(c, grain);

    return 64 - (tsz < min ? min : tsz > max ? max : tsz);
}

/* Where walks of one half of the address space begin, under the walk's key. */
static void s1_start(const struct walk *w, bool upper, struct mmu_start *s)
{
    const struct mmu_key *key = w->key;
    struct mmu_geometry *g = &s->g;
    uint64_t tcr = key->tcr;
    unsigned tsz = (unsigned)tg_get(tcr, TCR_T0SZ), ps, bits;

    s->none = false;
    s->uncached = (tcr & TCR_WALK_WB) != TCR_WALK_WB;
    if (mmu_two_privileges(key->regime)) {
        ps = (unsigned)tg_get(tcr, TCR_IPS);
        g->ha = tcr & TCR_HA;
        g->hd = tcr & TCR_HD;
        if (upper) {
            tsz = (unsigned)tg_get(tcr, TCR_T1SZ);
            g->grain = tg1_grain((unsigned)tg_get(tcr, TCR_TG1));
            s->none = tcr & TCR_EPD1;
            s->uncached = (tcr & TCR_WALK_WB_UP) != TCR_WALK_WB_UP;
            s->hpd = tcr & TCR_HPD1;
        } else {
            g->grain = tg0_grain((unsigned)tg_get(tcr, TCR_TG0));
            s->none = tcr & TCR_EPD0;
            s->hpd = tcr & TCR_HPD0;
        }
        if (s->user && cpu_has(w->c, CPU_FEAT_E0PD) && (tcr & (upper ? TCR_E0PD1 : TCR_E0PD0)))
            s->none = true;
    } else {
        ps = (unsigned)tg_get(tcr, TCR2_PS);
        g->grain = tg0_grain((unsigned)tg_get(tcr, TCR_TG0));
        g->ha = tcr & TCR2_HA;
        g->hd = tcr & TCR2_HD;
        s->hpd = tcr & TCR2_HPD;
    }
    g->oa_bits = ps_bits(w->c, ps, g->grain);
    if (!cpu_has(w->c, CPU_FEAT_HAFDBS))
        g->ha = g->hd = false;
    g->hd &= g->ha;
    s->hpd &= cpu_has(w->c, CPU_FEAT_HPDS);
    /* Out of range is treated as the nearest legal value. */
    if (tsz < tsz_min(w->c, g->grain))
        tsz = tsz_min(w->c, g->grain);
    if (tsz > tsz_max(w->c, g->grain))
        tsz = tsz_max(w->c, g->grain);
    g->ia_bits = 64 - tsz;
    g->level = 4 - (int)((g->ia_bits - g->grain + stride(g) - 1) / stride(g));
    bits = g->ia_bits - (unsigned)(3 - g->level) * stride(g) - g->grain;
    g->table = first_table(g, s->ttbr, bits + 3 < 4 ? 4 : bits + 3);
}

/* Chooses the table for va. NULL: translation fault at level 0. */
static const struct mmu_start *s1_geometry(const struct walk *w, uint64_t va)
{
    const struct mmu_key *key = w->key;
    const bool upper = mmu_two_privileges(key->regime) && (va >> 55 & 1), user = key->priv == MMU_USER;
    const uint64_t ttbr = upper ? key->ttbr1 : key->ttbr0;
    struct mmu_start *s = &w->c->host.mmu.start[upper];
    uint64_t high;

    if (!s->known || s->tcr != key->tcr || s->ttbr != ttbr || s->regime != key->regime || s->user != user) {
        *s = (struct mmu_start){
            .known = true, .tcr = key->tcr, .ttbr = ttbr, .regime = key->regime, .user = user};
        s1_start(w, upper, s);
    }
    /* Bits above the input size must all be equal to bit 55 (or to zero), the tag apart. */
    high = tg_ones(ignores_top(w, va) ? 56 : 64) & ~tg_ones(s->g.ia_bits);
    return s->none || (va & high) != (upper ? high : 0) ? NULL : s;
}

/* Permissions of a stage-1 leaf for the view's privilege: D8.4. */
static void s1_permissions(const struct walk *w, uint64_t desc, uint64_t tattr, bool may_write,
                           struct mmu_result *r)
{
    const struct mmu_key *key = w->key;
    bool ro = !may_write || (tattr & DESC_APTABLE1);

    if (mmu_two_privileges(key->regime)) {
        bool user = (desc & DESC_AP1) && !(tattr & DESC_APTABLE0);
        bool user_w = user && !ro, user_x = !((desc | tattr) & DESC_UXN);
        bool priv_x = !(((desc & DESC_PXN) | (tattr & DESC_PXN)) != 0) && !user_w;

        if (key->flags & MMU_KEY_NV1) {
            /* AP[1] is 0, bit 54 is PXN instead of UXN, and so for tables (D8.11.3). */
            user = user_w = false;
            user_x = true;
            priv_x = !((desc | tattr) & DESC_UXN);
        }
        if (key->sctlr & SCTLR_WXN) {
            user_x &= !user_w;
            priv_x &= ro;
        }
        if (key->priv == MMU_USER) {
            r->read = user;
            r->write = user_w;
            r->exec = user_x;
        } else {
            bool pan =
                key->priv == MMU_PRIV_PAN && (user || (user_x && (key->sctlr & SCTLR_EPAN))); /* FEAT_PAN3 */

            r->read = !pan;
            r->write = !ro && !pan;
            r->exec = priv_x;
        }
    } else {
        r->read = true;
        r->write = !ro;
        r->exec = !((desc | tattr) & DESC_UXN) && !((key->sctlr & SCTLR_WXN) && !ro);
    }
}

static unsigned contig_shift(const struct mmu_geometry *g, int level)
{
    if (g->grain == 12)
        return 4;
    if (g->grain == 14)
        return level == 3 ? 7 : 5;
    return 5;
}

static bool permitted(const struct mmu_result *r, enum mmu_access access, bool user)
{
    switch (access) {
    case MMU_READ:
        return r->read;
    case MMU_WRITE:
        return r->write;
    case MMU_RMW:
        return r->read && r->write;
    case MMU_MAINTAIN:
        return r->read || !user;
    default:
        return r->exec;
    }
}

/* Stage 1's attributes after SCTLR_ELx.{C,I}, which PAR_EL1 does not have to show (AArch64.S1Translate). */
static uint8_t as_controlled(const struct walk *w, uint8_t attr)
{
    if (w->key->flags & MMU_KEY_AT)
        return attr;
    if (w->access == MMU_FETCH)
        return is_device(attr) || !(w->key->sctlr & SCTLR_I) ? ATTR_NC : attr;
    return is_device(attr) || (w->key->sctlr & SCTLR_C) ? attr : ATTR_NC;
}

static bool s1_walk(struct walk *w, uint64_t va, uint64_t *ipa, uint8_t *attr, uint8_t *sh)
{
    struct mmu_result *r = w->r;
    const struct mmu_start *start = s1_geometry(w, va);
    struct mmu_geometry g;
    bool hpd, may_write, dirtiable, desc_ns;
    uint64_t table, desc, pa, tattr = 0;
    unsigned shift, top;
    int level;
    bool be = w->key->sctlr & SCTLR_EE;

    if (!start)
        return fault(r, FSC_TRANSLATION, 0);
    g = start->g;
    hpd = start->hpd;
    w->s1_uncached = start->uncached || !(w->key->sctlr & SCTLR_C);
    table = g.table;
    if (table >> g.oa_bits)
        return fault(r, FSC_ADDRESS, 0);
    top = g.ia_bits;
    shift = level_shift(&g, g.level);
    for (level = g.level;; level++, top = shift, shift -= stride(&g)) {
        if (!s1_read(w, table + ((va & tg_ones(top)) >> shift) * 8, level, &desc, &pa, &desc_ns))
            return false;
        if (!(desc & DESC_VALID) || (level == 3 && !(desc & DESC_TABLE)))
            return fault(r, FSC_TRANSLATION, level);
        if (level == 3 || !(desc & DESC_TABLE))
            break;
        table = desc_address(w->c, &g, desc, g.grain);
        if (table >> g.oa_bits)
            return fault(r, FSC_ADDRESS, level);
        /* In the Secure state NSTable moves the rest of the walk, and its output (D8.4.2). */
        w->ns |= (desc & DESC_NSTABLE) != 0;
        if (!hpd) {
            tattr |= desc & (DESC_APTABLE0 | DESC_APTABLE1);
            tattr |= (desc & DESC_PXNTABLE) ? DESC_PXN : 0;
            tattr |= (desc & DESC_UXNTABLE) ? DESC_UXN : 0;
        }
    }
    if (level != 3 && !block_level(w->c, &g, level))
        return fault(r, FSC_TRANSLATION, level);
    *ipa = desc_address(w->c, &g, desc, shift) | (va & tg_ones(shift));
    if (*ipa >> g.oa_bits)
        return fault(r, FSC_ADDRESS, level);
    if (!(desc & DESC_AF) && !g.ha)
        return fault(r, FSC_ACCESS_FLAG, level);
    /* Permission first, as if dirty; then the hardware update. */
    dirtiable = g.hd && (desc & DESC_DBM);
    s1_permissions(w, desc, tattr, !(desc & DESC_AP2) || dirtiable, r);
    r->log2size = (uint8_t)(shift + ((desc & DESC_CONTIG) ? contig_shift(&g, level) : 0));
    r->guarded = (desc & DESC_GP) && cpu_has(w->c, CPU_FEAT_BTI);
    r->ns = w->ns || (desc & DESC_NS);
    r->global = !(mmu_two_privileges(w->key->regime) &&
                  ((desc & DESC_NG) || (w->ns && (w->key->flags & MMU_KEY_SECURE))));
    r->exec &= !(r->ns && (w->key->flags & MMU_KEY_SIF));
    r->level = (uint8_t)level;
    *attr = as_controlled(w, (uint8_t)(w->key->mair >> (8 * tg_get(desc, DESC_ATTRINDX))));
    r->mem_type = (uint8_t)attr_type(*attr);
    *sh = (uint8_t)tg_get(desc, DESC_SH);
    if (!permitted(r, w->access, w->key->priv == MMU_USER)) {
        r->wnr = w->access == MMU_WRITE || (w->access == MMU_RMW && r->read);
        return fault(r, FSC_PERMISSION, level);
    }
    if ((w->key->flags & MMU_KEY_S2) &&
        (!(desc & DESC_AF) || (dirtiable && (desc & DESC_AP2) && dirties(w)))) {
        struct s2_out out; /* the update itself is a write that stage 2 must permit */

        if (!stage2(w, w->s1_desc_ipa, w->s1_desc_ns, true, true, &out)) {
            r->wnr = true;
            return false;
        }
    }
    manage_leaf(w, &g, pa, desc_ns, be, &desc, DESC_AP2, true, dirties(w), &may_write);
    if (!may_write)
        r->write = false;
    return true;
}

/* Stage 1 switched off: flat, with fixed attributes (D8.2.12). */
static bool s1_off(struct walk *w, uint64_t va, uint64_t *ipa, uint8_t *attr, uint8_t *sh)
{
    struct mmu_result *r = w->r;

    *ipa = ignores_top(w, va) ? va & tg_ones(56) : va;
    if (*ipa >> w->c->p.pa_bits)
        return fault(r, FSC_ADDRESS, 0);
    r->read = r->write = r->exec = true;
    r->log2size = MMU_PAGE_BITS;
    r->global = true;
    *sh = 2;
    if (w->key->hcr & HCR_DC) {
        *attr = ATTR_WB;
        *sh = 0;
    } else if (w->access == MMU_FETCH) {
        *attr = (w->key->sctlr & SCTLR_I) ? 0xaa : ATTR_NC;
    } else {
        *attr = 0x00;
    }
    r->mem_type = (uint8_t)attr_type(*attr);
    return true;
}

void mmu_translate(struct cpu *c, const struct mmu_key *key, uint64_t va, enum mmu_access access,
                   struct mmu_result *r)
{
    struct walk w = {.c = c, .key = key, .access = access, .r = r, .ns = !(key->flags & MMU_KEY_SECURE)};
    uint64_t ipa;
    uint8_t attr, sh;

    memset(r, 0, offsetof(struct mmu_result, walk));
    r->ns = w.ns;
    r->wnr = access == MMU_WRITE; /* MMU_RMW: when a read alone would not fault, see there */
    w.s2_uncached = (key->hcr & HCR_CD) || (key->vtcr & TCR_WALK_WB) != TCR_WALK_WB;
    if (!(key->sctlr & SCTLR_M) ? !s1_off(&w, va, &ipa, &attr, &sh) : !s1_walk(&w, va, &ipa, &attr, &sh))
        return;
    r->ipa = ipa;
    if ((key->flags & MMU_KEY_S2) && !(key->flags & MMU_KEY_S1ONLY)) {
        struct s2_out out;

        if (!stage2(&w, ipa, r->ns, wants_write(&w), false, &out))
            return;
        r->pa = out.pa;
        r->ns = out.ns;
        r->read &= out.read;
        r->write &= out.write;
        r->exec &= key->priv == MMU_USER ? out.user_x : out.priv_x;
        attr = key->hcr & HCR_FWB ? fwb_attr(attr, out.memattr) : combine_attr(attr, s2_attr(out.memattr));
        sh = combine_sh(sh, out.sh);
        if (access == MMU_FETCH ? (key->hcr & HCR_ID) || is_device(attr)
                                : (key->hcr & HCR_CD) && !is_device(attr))
            attr = ATTR_NC;
        if (out.log2size < r->log2size)
            r->log2size = (uint8_t)out.log2size;
    } else {
        r->pa = ipa;
    }
    if (is_device(attr) || attr == ATTR_NC)
        sh = 2; /* device and non-cacheable: outer shareable */
    r->attr = attr;
    r->sh = sh;
    /* A fetch from device memory is permitted with XN clear, as a Permission fault is IMPLEMENTATION DEFINED
     * (D8.4.4). */
    r->mem_type = (uint8_t)(access == MMU_FETCH ? fetch_type(attr) : attr_type(attr));
}
