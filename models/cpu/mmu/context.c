/* SPDX-License-Identifier: Apache-2.0 */
/* Translation contexts: keys, the pool of views, filling and invalidating software TLBs. See context.h. */
#define _GNU_SOURCE
#include "models/cpu/mmu/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/domain.h"
#include "models/cpu/mmu/fill.h"
#include "models/cpu/mmu/walk.h"
#include "models/cpu/sysreg/access.h"

#define VIEWS      160
#define VIEWS_SIZE (VIEWS * sizeof(struct mmu_view))

#define SIZE_GLOBAL 0x80

/* The next set bit from `i` on of n, a multiple of 64; n: none. */
static unsigned next_filled(const uint64_t *bits, unsigned n, unsigned i)
{
    while (i < n) {
        const uint64_t left = bits[i / 64] >> i % 64;

        if (left)
            return i + (unsigned)__builtin_ctzll(left);
        i = (i | 63) + 1;
    }
    return n;
}

#define FOR_FILLED_DATA(i, v)                                                           \
    for (unsigned i = next_filled((v)->brief->data, MMU_TLB_SIZE, 0); i < MMU_TLB_SIZE; \
         i = next_filled((v)->brief->data, MMU_TLB_SIZE, i + 1))
#define FOR_FILLED_FETCH(i, v)                                                             \
    for (unsigned i = next_filled((v)->brief->fetch, MMU_XTLB_SIZE, 0); i < MMU_XTLB_SIZE; \
         i = next_filled((v)->brief->fetch, MMU_XTLB_SIZE, i + 1))

static bool data_tag(const struct mmu_tlbe *e, uint64_t *tag)
{
    *tag = e->rtag != MMU_NO_TAG ? e->rtag : e->wtag;
    if (*tag == MMU_NO_TAG)
        return false;
    *tag &= MMU_PAGE_MASK;
    return true;
}

static void drop_data(struct mmu_view *v, unsigned i)
{
    v->tlb[i].rtag = v->tlb[i].wtag = MMU_NO_TAG;
}

/* A fetch mapping died: entries of the jump cache that stay are noted again as they are found. */
static void drop_code(struct cpu *c, struct mmu_view *v)
{
    v->jump_tag = ++c->host.mmu.next_tag;
    v->xfilter = 0;
    v->own_code = false;
}

static void clear_view(struct cpu *c, struct mmu_view *v)
{
    FOR_FILLED_DATA (i, v)
        drop_data(v, i);
    FOR_FILLED_FETCH (i, v)
        v->xtlb[i].tag = MMU_NO_TAG;
    memset(v->brief->data, 0, sizeof(v->brief->data));
    memset(v->brief->fetch, 0, sizeof(v->brief->fetch));
    memset(&v->brief->global, 0, sizeof(v->brief->global));
    memset(&v->brief->large, 0, sizeof(v->brief->large));
    drop_code(c, v);
    c->timing.pipe.fetch_page = UINT64_MAX;
}

/* What is of the view's ASID alone goes. */
static void clear_own(struct cpu *c, struct mmu_view *v)
{
    FOR_FILLED_DATA (i, v) {
        if (v->tlb[i].size & SIZE_GLOBAL)
            continue;
        drop_data(v, i);
        v->brief->data[i / 64] &= ~TG_BIT(i % 64);
    }
    FOR_FILLED_FETCH (i, v) {
        if (v->xsize[i] & SIZE_GLOBAL)
            continue;
        v->xtlb[i].tag = MMU_NO_TAG;
        v->brief->fetch[i / 64] &= ~TG_BIT(i % 64);
    }
    if (v->own_code)
        drop_code(c, v);
    c->timing.pipe.fetch_page = UINT64_MAX;
}

int mmu_init(struct cpu *c)
{
    /* Zero, as lines of the host's cache; untouched ones cost nothing: n_views grows as they are first used.
     */
    c->host.mmu.views =
        mmap(NULL, VIEWS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->host.mmu.views == MAP_FAILED)
        c->host.mmu.views = NULL;
    c->host.mmu.briefs = aligned_alloc(_Alignof(struct mmu_brief), VIEWS * sizeof(*c->host.mmu.briefs));
    if (!c->host.mmu.views || !c->host.mmu.briefs)
        return -ENOMEM;
    memset(c->host.mmu.briefs, 0, VIEWS * sizeof(*c->host.mmu.briefs));
    c->host.mmu.n_views = 0;
    return 0;
}

void mmu_fini(struct cpu *c)
{
    if (c->host.mmu.views)
        munmap(c->host.mmu.views, VIEWS_SIZE);
    free(c->host.mmu.briefs);
    c->host.mmu.views = NULL;
    c->host.mmu.briefs = NULL;
}

enum mmu_regime mmu_current_regime(const struct cpu *c)
{
    switch (c->arch.el) {
    case 3:
        return MMU_EL3;
    case 2:
        return cpu_hcr_eff(c) & HCR_E2H ? MMU_EL20 : MMU_EL2;
    case 1:
        return MMU_EL10;
    default:
        return cpu_is_host(c) ? MMU_EL20 : MMU_EL10;
    }
}

void mmu_controls_changed(struct cpu *c)
{
    memset(c->host.mmu.current, 0, sizeof(c->host.mmu.current));
    memset(c->host.mmu.el10, 0, sizeof(c->host.mmu.el10));
}

void mmu_hcr_changed(struct cpu *c)
{
    memset(c->host.mmu.current[MMU_EL10], 0, sizeof(c->host.mmu.current[MMU_EL10]));
}

void mmu_el10_controls_changed(struct cpu *c)
{
    mmu_hcr_changed(c);
    memset(c->host.mmu.el10, 0, sizeof(c->host.mmu.el10));
}

#define SCTLR_KEY                                                                                        \
    (SCTLR_M | SCTLR_A | SCTLR_C | SCTLR_I | SCTLR_WXN | SCTLR_E0E | SCTLR_EE | SCTLR_EPAN | SCTLR_BT0 | \
     SCTLR_BT1)
#define HCR_KEY (HCR_VM | HCR_PTW | HCR_DC | HCR_CD | HCR_ID | HCR_FWB)

/* All of HCR_EL2 that mmu_make_key looks at, and what cpu_hcr_eff makes it of. */
#define HCR_CONTEXT (HCR_KEY | HCR_E2H | HCR_TGE | HCR_NV | HCR_NV1)

uint16_t mmu_vmid(const struct cpu *c)
{
    return cpu_el2_on(c) ? cpu_vttbr_vmid(c) : 0;
}

void mmu_make_key(const struct cpu *c, enum mmu_regime regime, enum mmu_priv priv, struct mmu_key *k)
{
    uint64_t hcr = cpu_hcr_eff(c), asid_of;

    memset(k, 0, sizeof(*k));
    k->regime = (uint8_t)regime;
    k->priv = (uint8_t)(priv == MMU_UNPRIV ? MMU_USER : priv);
    if (cpu_has(c, CPU_FEAT_EL3) && (regime == MMU_EL3 || !(c->arch.sr[SR_SCR_EL3] & SCR_NS)))
        k->flags = MMU_KEY_SECURE | (c->arch.sr[SR_SCR_EL3] & SCR_SIF ? MMU_KEY_SIF : 0);
    switch (regime) {
    case MMU_EL10:
        k->sctlr = c->arch.sr[SR_SCTLR_EL1] & SCTLR_KEY;
        k->tcr = c->arch.sr[SR_TCR_EL1];
        k->ttbr0 = c->arch.sr[SR_TTBR0_EL1];
        k->ttbr1 = c->arch.sr[SR_TTBR1_EL1];
        k->mair = c->arch.sr[SR_MAIR_EL1];
        k->hcr = hcr & HCR_KEY;
        if (hcr & HCR_DC)
            k->hcr |= HCR_VM;
        if (hcr & (HCR_DC | HCR_TGE)) /* stage 1 acts as if off */
            k->sctlr &= ~SCTLR_M;
        if (hcr & HCR_TGE)
            k->hcr &= ~(HCR_VM | HCR_DC);
        k->vmid = mmu_vmid(c);
        if ((hcr & (HCR_NV | HCR_NV1)) == (HCR_NV | HCR_NV1))
            k->flags |= MMU_KEY_NV1;
        if (k->hcr & HCR_VM) {
            k->flags |= MMU_KEY_S2;
            k->vtcr = c->arch.sr[SR_VTCR_EL2];
            k->vttbr = c->arch.sr[SR_VTTBR_EL2] & TTBR_BADDR;
            if (k->flags & MMU_KEY_SECURE) {
                k->vstcr = c->arch.sr[SR_VSTCR_EL2];
                k->vsttbr = c->arch.sr[SR_VSTTBR_EL2] & TTBR_BADDR;
            }
            if (c->arch.sr[SR_SCTLR_EL2] & SCTLR_EE)
                k->flags |= MMU_KEY_EE2;
        }
        break;
    case MMU_EL20:
        k->ttbr1 = c->arch.sr[SR_TTBR1_EL2];
        /* fall through */
    case MMU_EL2:
        k->sctlr = c->arch.sr[SR_SCTLR_EL2] & SCTLR_KEY;
        k->tcr = c->arch.sr[SR_TCR_EL2];
        k->ttbr0 = c->arch.sr[SR_TTBR0_EL2];
        k->mair = c->arch.sr[SR_MAIR_EL2];
        break;
    default:
        k->sctlr = c->arch.sr[SR_SCTLR_EL3] & SCTLR_KEY;
        k->tcr = c->arch.sr[SR_TCR_EL3];
        k->ttbr0 = c->arch.sr[SR_TTBR0_EL3];
        k->mair = c->arch.sr[SR_MAIR_EL3];
    }
    if (!cpu_has(c, CPU_FEAT_PAUTH)) /* RES0 then */
        k->tcr &= ~(mmu_two_privileges(regime) ? TCR_TBID0 | TCR_TBID1 : TCR2_TBID);
    if (mmu_two_privileges(regime)) {
        asid_of = k->tcr & TCR_A1 ? k->ttbr1 : k->ttbr0;
        k->asid = (uint16_t)tg_get(asid_of, TTBR_ASID);
        if (!(k->tcr & TCR_AS))
            k->asid &= 0xff;
    }
    k->ttbr0 &= TTBR_BADDR;
    k->ttbr1 &= TTBR_BADDR;
    if (k->sctlr & (priv == MMU_USER ? SCTLR_E0E : SCTLR_EE))
        k->flags |= MMU_KEY_BE;
    if (k->sctlr & SCTLR_A)
        k->flags |= MMU_KEY_ALIGN;
    if (!(k->sctlr & SCTLR_M)) { /* what does not matter then does not tell contexts apart */
        k->ttbr0 = k->ttbr1 = 0;
        k->mair = 0;
    }
}

static unsigned hash_key(const struct mmu_key *k)
{
    uint64_t h = k->ttbr0 ^ (k->ttbr1 >> 3) ^ k->vttbr ^ ((uint64_t)k->asid << 17) ^
                 ((uint64_t)k->vmid << 29) ^ ((uint64_t)k->regime << 5) ^ ((uint64_t)k->priv << 7) ^
                 (k->sctlr << 2) ^ k->tcr;

    h *= UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(h >> 56);
}

static bool in_use(const struct cpu *c, const struct mmu_view *v)
{
    if (v == c->host.view || v == c->host.uview)
        return true;
    for (unsigned r = 0; r < MMU_REGIMES; r++)
        for (unsigned p = 0; p < MMU_PRIVS; p++)
            if (c->host.mmu.current[r][p] == v)
                return true;
    return false;
}

static struct mmu_view *new_view(struct cpu *c)
{
    struct mmu *m = &c->host.mmu;
    struct mmu_view *v = NULL, **link;

    c->n.context_misses++;
    if (m->n_views < VIEWS) {
        v = &m->views[m->n_views];
        v->brief = &m->briefs[m->n_views++];
        memset(v->brief->data, 0xff, sizeof(v->brief->data)); /* it has no tags yet */
        memset(v->brief->fetch, 0xff, sizeof(v->brief->fetch));
    } else {
        for (unsigned i = 0; i < m->n_views; i++)
            if (!in_use(c, &m->views[i]) && (!v || m->views[i].last_used < v->last_used))
                v = &m->views[i];
        link = &m->hash[hash_key(&v->key)];
        while (*link != v)
            link = &(*link)->hash_next;
        *link = v->hash_next;
        memset(m->el10, 0, sizeof(m->el10)); /* may know it */
    }
    clear_view(c, v);
    return v;
}

/* Where the view of the EL1&0 regime under the present HCR_EL2 is kept. */
static struct mmu_view **el10_view(struct cpu *c, enum mmu_priv priv)
{
    struct mmu *m = &c->host.mmu;
    uint64_t hcr = c->arch.sr[SR_HCR_EL2] & HCR_CONTEXT;

    if (m->el10[m->el10_newer].hcr != hcr) {
        m->el10_newer ^= 1;
        if (m->el10[m->el10_newer].hcr != hcr) {
            memset(&m->el10[m->el10_newer], 0, sizeof(m->el10[0]));
            m->el10[m->el10_newer].hcr = hcr;
        }
    }
    return &m->el10[m->el10_newer].view[priv];
}

/* A new address space: the global pages of the upper half, which are those of the one before it if all but
 * the ASID and the table of the lower half is the same, need not be walked for again. */
static void inherit(struct mmu_view *v, const struct mmu_view *from)
{
    struct mmu_key key;

    if (!from || from == v || !mmu_two_privileges(v->key.regime))
        return;
    key = from->key;
    key.asid = v->key.asid;
    key.ttbr0 = v->key.ttbr0;
    if (memcmp(&key, &v->key, sizeof(key)))
        return;
    FOR_FILLED_DATA (i, from) {
        uint64_t tag;

        if (!(from->tlb[i].size & SIZE_GLOBAL) || !data_tag(&from->tlb[i], &tag) || !(tag & TG_BIT(55)))
            continue;
        v->tlb[i] = from->tlb[i];
        v->tlb[i].dtlb = 0;
        v->brief->data[i / 64] |= TG_BIT(i % 64);
    }
    FOR_FILLED_FETCH (i, from) {
        if (!(from->xsize[i] & SIZE_GLOBAL) || from->xtlb[i].tag == MMU_NO_TAG ||
            !(from->xtlb[i].tag & TG_BIT(55)))
            continue;
        v->xtlb[i] = from->xtlb[i];
        v->xsize[i] = from->xsize[i];
        v->brief->fetch[i / 64] |= TG_BIT(i % 64);
    }
    v->brief->global = from->brief->global;
    v->brief->large = from->brief->large;
}

static struct mmu_view *find_view(struct cpu *c, enum mmu_regime regime, enum mmu_priv priv)
{
    struct mmu *m = &c->host.mmu;
    struct mmu_view *v;
    struct mmu_key key;
    unsigned h;

    mmu_make_key(c, regime, priv, &key);
    h = hash_key(&key);
    for (v = m->hash[h]; v && memcmp(&v->key, &key, sizeof(key)); v = v->hash_next)
        ;
    if (!v) {
        v = new_view(c);
        v->key = key;
        v->brief->regime = key.regime;
        v->brief->secure = key.flags & MMU_KEY_SECURE;
        v->brief->vmid = key.vmid;
        v->brief->asid = key.asid;
        v->gctx = ((uint64_t)key.regime << 60) | ((uint64_t)key.vmid << 32) | TG_BIT(58);
        if (!(key.sctlr & SCTLR_M) &&
            !(key.flags & MMU_KEY_S2)) /* no translation: the timing TLBs keep those apart */
            v->gctx |= TG_BIT(56);
        if (key.flags & MMU_KEY_SECURE)
            v->gctx |= TG_BIT(59);
        v->actx = mmu_two_privileges(key.regime) ? (v->gctx ^ TG_BIT(58)) | TG_BIT(57) | key.asid : v->gctx;
        v->hash_next = m->hash[h];
        m->hash[h] = v;
        inherit(v, m->latest[regime][priv]);
    }
    return v;
}

struct mmu_view *mmu_view_get(struct cpu *c, enum mmu_regime regime, enum mmu_priv priv)
{
    struct mmu *m = &c->host.mmu;
    struct mmu_view *v = m->current[regime][priv];

    if (v)
        return v;
    if (regime == MMU_EL10) {
        v = *el10_view(c, priv);
        if (!v) {
            v = find_view(c, regime, priv);
            *el10_view(c, priv) = v;
        }
    } else {
        v = find_view(c, regime, priv);
    }
    v->last_used = ++m->tick;
    m->current[regime][priv] = m->latest[regime][priv] = v;
    return v;
}

/* ---- regions ---- */

#define REGION_BITS 21
#define REGIONS_MAX 16 /* of a range that are told apart */

static unsigned region_hash(uint64_t region)
{
    return (unsigned)((region * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

/* The mapping of 2^log2size bytes around va; bits 55:0 tell regions apart. */
static void regions_add(struct mmu_regions *r, uint64_t va, unsigned log2size)
{
    unsigned h = region_hash((va & tg_ones(56)) >> REGION_BITS);

    if (log2size > REGION_BITS)
        memset(r, 0xff, sizeof(*r));
    else
        r->bits[h / 64] |= TG_BIT(h % 64);
}

/* Those of [va, last] (bits 55:0). */
static struct mmu_regions regions_of(uint64_t va, uint64_t last)
{
    struct mmu_regions r = {{0}};

    if ((last >> REGION_BITS) - (va >> REGION_BITS) >= REGIONS_MAX)
        memset(&r, 0xff, sizeof(r));
    else
        for (uint64_t i = va >> REGION_BITS; i <= last >> REGION_BITS; i++)
            regions_add(&r, i << REGION_BITS, 0);
    return r;
}

/* May both hold the same one? */
static bool regions_hit(const struct mmu_regions *a, const struct mmu_regions *b)
{
    uint64_t both = 0;

    for (unsigned i = 0; i < TG_ARRAY_SIZE(a->bits); i++)
        both |= a->bits[i] & b->bits[i];
    return both;
}

static void note_mapping(struct mmu_view *v, uint64_t va, const struct mmu_result *r)
{
    if (r->global)
        regions_add(&v->brief->global, va, r->log2size);
    if (r->log2size > MMU_PAGE_BITS)
        regions_add(&v->brief->large, va, r->log2size);
}

/* ---- filling ---- */

void mmu_fill(struct cpu *c, struct mmu_view *v, uint64_t va, const struct mmu_result *r,
              const struct ram_region *ram, bool watched)
{
    unsigned i = MMU_TLB_INDEX(va);
    struct mmu_tlbe *e = &v->tlb[i];
    uint64_t page = va & MMU_PAGE_MASK, pa = r->pa & MMU_PAGE_MASK;
    uint64_t tag = page | (c->timing.timed && r->mem_type != TG_MEM_NORMAL_WB ? MMU_UNCACHED : 0);
    uint8_t *flags = ram_flags(ram, pa);

    c->n.soft_tlb_fills++;
    e->rtag = e->wtag = MMU_NO_TAG;
    e->dtlb = 0;
    if (watched || (v->key.flags & (MMU_KEY_BE | MMU_KEY_ALIGN)) ||
        (r->mem_type != TG_MEM_NORMAL_WB && r->mem_type != TG_MEM_NORMAL_NC))
        return;
    v->brief->data[i / 64] |= TG_BIT(i % 64);
    if (r->read)
        e->rtag = tag;
    if (r->write && ram->writable) {
        if (!(*flags & RAM_PAGE_CODE)) {
            e->wtag = tag;
            *flags |= RAM_PAGE_WTAG;
        } else if ((e->code = domain_code(c->host.domain, pa)) != NULL) {
            e->wtag = tag | MMU_CODE;
        }
    }
    e->addend = (uintptr_t)ram_at(ram, pa) - (uintptr_t)page;
    e->pa_off = pa - page;
    e->size = (uint8_t)(r->log2size | (r->global ? SIZE_GLOBAL : 0));
    e->mem_type = r->mem_type;
    note_mapping(v, va, r);
}

static uint64_t filter_bit(uint64_t va)
{
    return TG_BIT(((va >> 12) ^ (va >> 18)) & 63);
}

struct mmu_xtlbe *mmu_fill_fetch(struct mmu_view *v, uint64_t va, const struct mmu_result *r,
                                 struct code_page *code)
{
    unsigned i = MMU_XTLB_INDEX(va);
    struct mmu_xtlbe *e = &v->xtlb[i];

    v->brief->fetch[i / 64] |= TG_BIT(i % 64);
    e->tag = va & MMU_PAGE_MASK;
    e->pa = r->pa & MMU_PAGE_MASK;
    e->code = code;
    e->guarded = r->guarded;
    v->xsize[i] = (uint8_t)(r->log2size | (r->global ? SIZE_GLOBAL : 0));
    note_mapping(v, va, r);
    return e;
}

void mmu_note_code(struct mmu_view *v, uint64_t va)
{
    unsigned i = MMU_XTLB_INDEX(va);

    const bool known = v->xtlb[i].tag == (va & MMU_PAGE_MASK);

    if (known && (v->xsize[i] & 0x7f) > MMU_PAGE_BITS)
        v->xfilter = ~UINT64_C(0);
    else
        v->xfilter |= filter_bit(va);
    if (!known || !(v->xsize[i] & SIZE_GLOBAL))
        v->own_code = true;
}

/* ---- invalidation ---- */

/* Does an entry for page `tag`, from a mapping of `size` (log2, SIZE_GLOBAL), touch [va, last]? Bits 55:0 are
 * compared. */
static bool touches(uint64_t tag, uint8_t size, uint64_t va, uint64_t last)
{
    uint64_t mask = tg_ones((size & 0x7f) < MMU_PAGE_BITS ? MMU_PAGE_BITS : size & 0x7f);
    uint64_t first = tag & tg_ones(56) & ~mask;

    return first <= last && (first | mask) >= va;
}

/* [va, last]: of w, bits 55:0; regions: theirs */
static void invalidate_va(struct cpu *c, struct mmu_view *v, const struct mmu_inval *w, uint64_t va,
                          uint64_t last, const struct mmu_regions *regions, bool only_global)
{
    bool scan = w->bytes > 32 * MMU_PAGE_SIZE || regions_hit(&v->brief->large, regions), code = false;
    uint64_t tag;

    if (scan) {
        FOR_FILLED_DATA (i, v)
            if (data_tag(&v->tlb[i], &tag) && touches(tag, v->tlb[i].size, va, last) &&
                (!only_global || (v->tlb[i].size & SIZE_GLOBAL)))
                drop_data(v, i);
        FOR_FILLED_FETCH (i, v)
            if (v->xtlb[i].tag != MMU_NO_TAG && touches(v->xtlb[i].tag, v->xsize[i], va, last))
                v->xtlb[i].tag = MMU_NO_TAG;
        code = v->xfilter != 0;
        if (w->bytes <= MMU_PAGE_SIZE && v->xfilter != ~UINT64_C(0))
            code = v->xfilter & filter_bit(va);
    } else {
        for (uint64_t p = va & MMU_PAGE_MASK; p <= last; p += MMU_PAGE_SIZE) {
            unsigned i = (p >> MMU_PAGE_BITS) & (MMU_TLB_SIZE - 1), x = MMU_XTLB_INDEX(p);

            if (data_tag(&v->tlb[i], &tag) && (tag & tg_ones(56)) == p &&
                (!only_global || (v->tlb[i].size & SIZE_GLOBAL)))
                drop_data(v, i);
            if (v->xtlb[x].tag != MMU_NO_TAG && (v->xtlb[x].tag & tg_ones(56)) == p)
                v->xtlb[x].tag = MMU_NO_TAG;
            code |= (v->xfilter & filter_bit(p)) != 0;
        }
    }
    if (code)
        drop_code(c, v);
}

void mmu_invalidate(struct cpu *c, const struct mmu_inval *w)
{
    const uint64_t va = w->va & tg_ones(56), last = va + w->bytes - 1; /* of by_va */
    const struct mmu_regions regions = w->by_va ? regions_of(va, last) : (struct mmu_regions){{0}};

    if (c->timing.timed)
        ttlb_invalidate(c, w);
    for (unsigned i = 0; i < c->host.mmu.n_views; i++) {
        const struct mmu_brief *b = &c->host.mmu.briefs[i];
        struct mmu_view *v = &c->host.mmu.views[i];
        bool asid_differs = w->match_asid && b->asid != w->asid;

        if (b->regime != w->regime || b->secure != w->secure || (w->match_vmid && b->vmid != w->vmid))
            continue;
        if (w->by_va && asid_differs && !regions_hit(&b->global, &regions))
            continue;
        if (w->by_va)
            invalidate_va(c, v, w, va, last, &regions, asid_differs);
        else if (w->match_asid && !asid_differs)
            clear_own(c, v);
        else if (!w->match_asid) /* all, or by IPA: entries are of combined stages, all of the VM's go */
            clear_view(c, v);
    }
}

void mmu_watch_code(struct cpu *c, struct ram_code *code)
{
    for (unsigned n = 0; n < c->host.mmu.n_views; n++) {
        struct mmu_view *v = &c->host.mmu.views[n];

        FOR_FILLED_DATA (i, v)
            if (v->tlb[i].wtag != MMU_NO_TAG &&
                (v->tlb[i].wtag & MMU_PAGE_MASK) + v->tlb[i].pa_off == code->pa) {
                v->tlb[i].wtag |= MMU_CODE;
                v->tlb[i].code = code;
            }
    }
}

void mmu_mode_changed(struct cpu *c)
{
    for (unsigned n = 0; n < c->host.mmu.n_views; n++) {
        struct mmu_view *v = &c->host.mmu.views[n];

        FOR_FILLED_DATA (i, v)
            if (v->tlb[i].mem_type != TG_MEM_NORMAL_WB)
                drop_data(v, i);
    }
}

void mmu_forget_jumps(struct cpu *c)
{
    for (unsigned i = 0; i < c->host.mmu.n_views; i++)
        c->host.mmu.views[i].jump_tag = ++c->host.mmu.next_tag;
}

void mmu_drop_fetches(struct cpu *c)
{
    for (unsigned i = 0; i < c->host.mmu.n_views; i++) {
        struct mmu_view *v = &c->host.mmu.views[i];

        FOR_FILLED_FETCH (j, v)
            v->xtlb[j].tag = MMU_NO_TAG;
        memset(v->brief->fetch, 0, sizeof(v->brief->fetch));
    }
}

void mmu_drop_everything(struct cpu *c)
{
    for (unsigned i = 0; i < c->host.mmu.n_views; i++)
        clear_view(c, &c->host.mmu.views[i]);
}
