/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slow paths of data accesses and fetches: translation, faults with their syndromes (Arm ARM D19.2.37),
 * alignment, watchpoints, devices, page crossings, big-endian data, writes to pages with decoded code.
 */
#include "models/cpu/mmu/access.h"

#include <string.h>
#include "models/cpu/code.h"
#include "models/cpu/cpu_state.h"
#include "models/cpu/debug/debug.h"
#include "models/cpu/decode/a64.h"
#include "models/cpu/domain.h"
#include "models/cpu/mmu/fill.h"
#include "models/cpu/mmu/walk.h"
#include "models/cpu/sysreg/access.h"

/* Data and instruction abort syndrome, ISS fields. */
#define ISS_ISV   TG_BIT(24)
#define ISS_SAS   TG_FIELD(23, 22)
#define ISS_SSE   TG_BIT(21)
#define ISS_SRT   TG_FIELD(20, 16)
#define ISS_SF    TG_BIT(15)
#define ISS_AR    TG_BIT(14)
#define ISS_VNCR  ESR_ISS_VNCR
#define ISS_EA    TG_BIT(9)
#define ISS_CM    TG_BIT(8)
#define ISS_S1PTW TG_BIT(7)
#define ISS_WNR   TG_BIT(6)
#define ISS_FSC   TG_FIELD(5, 0)

#define HPFAR_NS TG_BIT(63)

#define DC_ZVA_SIZE \
    UINT64_C(64) /* DCZID_EL0.BS; an access of this size, which is never aligned on Device memory */

/* Loads and stores of one general register without writeback, which are neither exclusive nor atomic: aborts
 * of theirs at stage 2 come with the instruction's part of the syndrome (D19.2.37, ISV). */
static uint64_t instruction_syndrome(const struct cpu_op_info *info)
{
    const struct a64_access a = a64_access(info);

    if (!a.isv)
        return 0;
    return ISS_ISV | tg_put(ISS_SAS, a.size) | tg_put(ISS_SRT, a.rt) |
           (a64_is(info, A64_SIGNED) ? ISS_SSE : 0) | (a.wide ? ISS_SF : 0) | (a.acq || a.rel ? ISS_AR : 0);
}

/* Faults that report HPFAR: stage-2 ones, permission faults only on a walk (D19.2.60). */
static bool hpfar_valid(const struct mmu_result *r)
{
    return r->s2 && ((r->fsc & 0x3c) != FSC_PERMISSION || r->s1ptw);
}

static uint64_t hpfar_of(const struct mmu_result *r)
{
    return (r->ipa >> 12) << 4 | (r->ipa_ns ? HPFAR_NS : 0);
}

/* Stage-2 faults go to EL2, others where synchronous exceptions do; the class becomes that of the same EL
 * where it applies. */
static void raise_abort(struct cpu *c, const struct cpu_op *op, unsigned ec, uint64_t iss, uint64_t va,
                        const struct mmu_result *r)
{
    cpu_raise_sync(c, op, r->s2 ? 2 : 0, esr_make(ec, iss), va, true, hpfar_of(r), hpfar_valid(r));
}

static void data_abort(struct cpu *c, const struct cpu_op *op, uint64_t va, const struct mmu_result *r,
                       bool cache_op)
{
    uint64_t iss = tg_put(ISS_FSC, r->fsc);

    if (r->wnr || cache_op)
        iss |= ISS_WNR;
    if (cache_op)
        iss |= ISS_CM;
    if (r->s1ptw)
        iss |= ISS_S1PTW;
    if (r->s2 && !r->s1ptw && !cache_op)
        iss |= instruction_syndrome(op_info(op));
    raise_abort(c, op, EC_DABT_LOWER, iss, va, r);
}

static void abort_code(struct cpu *c, const struct cpu_op *op, uint64_t va, unsigned fsc, bool write)
{
    struct mmu_result r;

    memset(&r, 0, sizeof(r));
    r.fsc = (uint8_t)fsc;
    r.wnr = write;
    data_abort(c, op, va, &r, false);
}

/* Memory that the software TLB knows, but which takes the slow path: with decoded code, or, in timed mode, not cached. */
static bool known(const struct mmu_view *view, uint64_t va, enum mmu_access access, struct mmu_lookup *out)
{
    const struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];
    const uint64_t page = va & MMU_PAGE_MASK, flags = MMU_UNCACHED | MMU_CODE;

    if ((access != MMU_WRITE && (e->rtag & ~flags) != page) ||
        (access != MMU_READ && (e->wtag & ~flags) != page))
        return false;
    out->code = access != MMU_READ && (e->wtag & MMU_CODE);
    out->pa = va + e->pa_off;
    out->host = (uint8_t *)(uintptr_t)(va + e->addend);
    out->mem_type = e->mem_type;
    return true;
}

void mmu_access(struct cpu *c, struct mmu_view *view, uint64_t va, unsigned size, enum mmu_access access,
                struct mmu_lookup *out)
{
    struct mmu_result r;
    struct ram_region *ram;
    bool watched, misplaced;

    memset(out, 0, sizeof(*out));
    if (known(view, va, access, out))
        return;
    mmu_translate(c, &view->key, va, access, &r);
    misplaced = r.mem_type >= TG_MEM_DEVICE_GRE &&
                (size == DC_ZVA_SIZE || ((va & (size - 1)) && (size & (size - 1)) == 0));
    /* Alignment that the memory type asks for comes before permissions and stage 2, but after the table walk
     * (R_XCHFJ). */
    if (r.fault && (!misplaced || r.s1ptw)) {
        data_abort(c, c->host.cur, va, &r, false);
        out->faulted = true;
        return;
    }
    out->pa = r.pa;
    out->ns = r.ns;
    out->mem_type = r.mem_type;
    if (misplaced) {
        abort_code(c, c->host.cur, va, FSC_ALIGNMENT, access == MMU_WRITE);
        out->faulted = true;
        return;
    }
    ram = domain_ram(c, r.pa, r.ns);
    if (!ram || (access != MMU_READ && !ram->writable))
        return;
    watched = debug_watch_page(c, va & MMU_PAGE_MASK);
    out->host = ram_at(ram, r.pa);
    out->code = *ram_flags(ram, r.pa) & RAM_PAGE_CODE;
    mmu_fill(c, view, va, &r, ram, watched);
}

void mem_code_written(struct cpu *c, const struct cpu_op *op, struct mmu_tlbe *e, uint64_t va, unsigned size)
{
    struct cpu_domain *d = c->host.domain;

    c->host.cur = op;
    if (e->code->any)
        domain_code_written(d, va + e->pa_off, size);
    else if (domain_code_idle(d, e->code))
        e->wtag &= ~MMU_CODE;
}

static unsigned watch_kind(enum mmu_access access)
{
    return (access != MMU_WRITE ? WATCH_LOAD : 0) | (access != MMU_READ ? WATCH_STORE : 0);
}

/* ---- devices ---- */

/* elem: size of the elements the access is made of; none is larger than a transaction of 8 bytes. */
static bool device_access(struct cpu *c, const struct cpu_op *op, uint64_t va, uint64_t pa, bool ns,
                          unsigned mem_type, bool write, unsigned elem, unsigned size, void *data)
{
    unsigned step = elem > 8 ? 8 : elem;

    /* Parts of elements come from page crossings of normal memory without RAM behind: bytes. */
    if (size % step)
        step = 1;
    for (unsigned i = 0; i < size; i += step) {
        struct tg_bus_txn txn = {
            .addr = pa + i, .data = (uint8_t *)data + i, .size = step, .write = write, .time = cpu_now(c)};

        txn.attrs = (struct tg_bus_attrs){.secure = !ns,
                                          .privileged = c->arch.el > 0,
                                          .mem_type = (uint8_t)mem_type,
                                          .requester = c->ident.index};
        if (c->ports.bus.transport)
            c->ports.bus.transport(c->ports.bus.opaque, &txn);
        else
            txn.resp = TG_BUS_DECERR;
        domain_running(c); /* others may have run while the access waited for its time */
        pipe_device(c, write, mem_type, txn.latency);
        if (txn.resp != TG_BUS_OK) {
            abort_code(c, op, va + i, FSC_EXTERNAL, write);
            return false;
        }
    }
    return true;
}

/* ---- plain accesses ---- */

static void swap_bytes(uint8_t *p, unsigned size)
{
    for (unsigned i = 0; i < size / 2; i++) {
        uint8_t t = p[i];

        p[i] = p[size - 1 - i];
        p[size - 1 - i] = t;
    }
}

unsigned mem_element(const struct cpu_op *op, unsigned size)
{
    const struct a64_access a = a64_access(op_info(op));
    const unsigned elem = 1u << a.size;

    return a.count && elem < size ? elem : size;
}

struct span {
    struct mmu_lookup part[2];
    unsigned first; /* bytes of the first part */
    unsigned n;     /* parts */
};

/* Translates all bytes, checks alignment and watchpoints; nothing is transferred yet. */
static bool prepare(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va, unsigned size,
                    enum mmu_access access, struct span *s)
{
    unsigned elem = mem_element(op, size);

    c->host.cur = op;
    if ((view->key.flags & MMU_KEY_ALIGN) && (va & (elem - 1))) {
        abort_code(c, op, va, FSC_ALIGNMENT, access != MMU_READ);
        return false;
    }
    s->first = MMU_PAGE_SIZE - (unsigned)(va & (MMU_PAGE_SIZE - 1));
    s->n = s->first < size ? 2 : 1;
    if (s->n == 1)
        s->first = size;
    mmu_access(c, view, va, elem, access, &s->part[0]);
    if (s->part[0].faulted)
        return false;
    if (s->n == 2) {
        mmu_access(c, view, va + s->first, 1, access, &s->part[1]);
        if (s->part[1].faulted)
            return false;
        if (s->part[0].mem_type >= TG_MEM_DEVICE_GRE || s->part[1].mem_type >= TG_MEM_DEVICE_GRE) {
            if (va & (elem - 1)) {
                abort_code(c, op, va, FSC_ALIGNMENT, access != MMU_READ);
                return false;
            }
        }
    }
    return !debug_watch_hit(c, op, va, size, watch_kind(access));
}

static void tell(const struct span *s, unsigned size, struct mem_touch *t)
{
    t->n = s->n;
    for (unsigned i = 0; i < s->n; i++) {
        t->part[i].pa = s->part[i].pa;
        t->part[i].size = i == 0 ? s->first : size - s->first;
        t->part[i].mem_type = s->part[i].mem_type;
        t->part[i].ram = s->part[i].host != NULL;
    }
}

bool mem_load_slow(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va, unsigned size,
                   void *out, struct mem_touch *touched)
{
    struct span s;
    uint8_t buf[64];
    unsigned elem = mem_element(op, size), at = 0;

    if (!prepare(c, op, view, va, size, MMU_READ, &s))
        return false;
    for (unsigned i = 0; i < s.n; i++) {
        unsigned n = i == 0 ? s.first : size - s.first;

        if (s.part[i].host)
            memcpy(buf + at, s.part[i].host, n);
        else if (!device_access(c, op, va + at, s.part[i].pa, s.part[i].ns, s.part[i].mem_type, false, elem,
                                n, buf + at))
            return false;
        at += n;
    }
    if (view->key.flags & MMU_KEY_BE)
        for (unsigned i = 0; i < size; i += elem)
            swap_bytes(buf + i, elem);
    memcpy(out, buf, size);
    if (touched)
        tell(&s, size, touched);
    return true;
}

bool mem_store_slow(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va, unsigned size,
                    const void *in, struct mem_touch *touched)
{
    struct span s;
    uint8_t buf[64];
    unsigned elem = mem_element(op, size), at = 0;

    if (!prepare(c, op, view, va, size, MMU_WRITE, &s))
        return false;
    memcpy(buf, in, size);
    if (view->key.flags & MMU_KEY_BE)
        for (unsigned i = 0; i < size; i += elem)
            swap_bytes(buf + i, elem);
    for (unsigned i = 0; i < s.n; i++) {
        unsigned n = i == 0 ? s.first : size - s.first;

        if (s.part[i].host) {
            memcpy(s.part[i].host, buf + at, n);
            if (s.part[i].code)
                domain_code_written(c->host.domain, s.part[i].pa, n);
        } else if (!device_access(c, op, va + at, s.part[i].pa, s.part[i].ns, s.part[i].mem_type, true, elem,
                                  n, buf + at)) {
            return false;
        }
        at += n;
    }
    if (touched)
        tell(&s, size, touched);
    return true;
}

/* ---- read-modify-write ---- */

/* FEAT_LSE2: are accesses that need not be aligned by SCTLR_ELx.A fine at va, as they do not leave a 16-byte
 * quantity (B2.5.2)? */
static bool within_16(const struct cpu *c, const struct mmu_view *view, uint64_t va, unsigned size)
{
    return cpu_has(c, CPU_FEAT_LSE2) && !(view->key.flags & MMU_KEY_ALIGN) && (va & 15) + size <= 16;
}

uint8_t *mem_atomic_begin(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va,
                          unsigned size, enum mmu_access access, struct mem_atomic *a)
{
    const struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];
    uint64_t page = va & MMU_PAGE_MASK;
    struct mmu_lookup l;

    a->big_endian = view->key.flags & MMU_KEY_BE;
    a->code = false;
    a->mem_type = TG_MEM_NORMAL_WB;
    if (tg_likely(!(va & (size - 1)) && (access == MMU_WRITE || e->rtag == page) &&
                  (access == MMU_READ || (e->wtag & ~MMU_CODE) == page))) {
        a->code = access != MMU_READ && e->wtag != page && ram_code_hit(e->code, va, size);
        a->pa = va + e->pa_off;
        a->host = (uint8_t *)(uintptr_t)(va + e->addend);
        return a->host;
    }
    c->host.cur = op;
    if ((va & (size - 1)) && !within_16(c, view, va, size)) {
        abort_code(c, op, va, FSC_ALIGNMENT, access == MMU_WRITE);
        return NULL;
    }
    mmu_access(c, view, va, size, access, &l);
    if (l.faulted || debug_watch_hit(c, op, va, size, watch_kind(access)))
        return NULL;
    if (!l.host) {
        bool refused = domain_ram(c, l.pa, false) != NULL; /* Secure RAM */

        abort_code(c, op, va, refused ? FSC_EXTERNAL : FSC_UNSUPPORTED_EXCL, access != MMU_READ);
        return NULL;
    }
    a->pa = l.pa;
    a->host = l.host;
    a->code = l.code;
    a->mem_type = l.mem_type;
    return a->host;
}

void mem_atomic_done(struct cpu *c, const struct mem_atomic *a, unsigned size)
{
    if (tg_unlikely(a->code))
        domain_code_written(c->host.domain, a->pa, size);
}

/* ---- odds and ends ---- */

bool mem_sp_misaligned(struct cpu *c, const struct cpu_op *op)
{
    if (!(cpu_sctlr(c, c->arch.el) & (c->arch.el == 0 ? SCTLR_SA0 : SCTLR_SA)))
        return false;
    cpu_raise_sp_alignment(c, op);
    return true;
}

bool mem_check_aligned(struct cpu *c, const struct cpu_op *op, uint64_t va, unsigned size, bool write)
{
    if (!(va & (size - 1)) || within_16(c, c->host.view, va, size))
        return false;
    if (cpu_has(c, CPU_FEAT_LSE2) && !(c->host.view->key.flags & MMU_KEY_ALIGN) &&
        (cpu_sctlr(c, c->arch.el) & SCTLR_NAA))
        return false;
    c->host.cur = op;
    abort_code(c, op, va, FSC_ALIGNMENT, write);
    return true;
}

bool mem_dc_zva(struct cpu *c, const struct cpu_op *op, uint64_t va)
{
    static const uint8_t zeros[DC_ZVA_SIZE];
    const struct mmu_tlbe *e;
    struct mmu_lookup l;
    uint64_t block = va & ~(DC_ZVA_SIZE - 1);

    e = &c->host.view->tlb[MMU_TLB_INDEX(va)];
    if (tg_likely((block & MMU_PAGE_MASK) == e->wtag)) {
        memset((void *)(uintptr_t)(block + e->addend), 0, sizeof(zeros));
        pipe_zva(c, block, block + e->pa_off);
        return true;
    }
    c->host.cur = op;
    mmu_access(c, c->host.view, va, sizeof(zeros), MMU_WRITE, &l);
    if (l.faulted || debug_watch_hit(c, op, block, sizeof(zeros), WATCH_STORE))
        return false;
    if (!l.host)
        return device_access(c, op, va, l.pa - (va - block), l.ns, l.mem_type, true, 8, sizeof(zeros),
                             (void *)(uintptr_t)zeros);
    memset(l.host - (va - block), 0, sizeof(zeros));
    if (l.mem_type == TG_MEM_NORMAL_WB)
        pipe_zva(c, block, l.pa - (va - block));
    else
        pipe_zva_uncached(c, op, block, l.pa - (va - block));
    if (l.code)
        domain_code_written(c->host.domain, l.pa - (va - block), sizeof(zeros));
    return true;
}

/* DC IVAC (CRm 6) needs write permission and is watched as a store is; the others lose nothing, and are not
 * watched. PSTATE.PAN has no effect on any of them (D8.4.1.4, D8.15.3). Faults are reported with CM and WnR
 * set; whatever the address and the memory type, none is of alignment. */
bool mem_dc_va(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t va)
{
    unsigned crm = (unsigned)tg_get(enc, TG_SYSENC_CRM);
    bool dc = crm != 5,
         ivac = crm == 6; /* IC IVAU: 5; DC IVAC: 6, CVAC: 10, CVAU: 11, CVAP: 12, CVADP: 13, CIVAC: 14 */
    bool to_poc = dc && crm != 11, invalidate = ivac || crm == 14;
    const struct mmu_tlbe *e = &c->host.view->tlb[MMU_TLB_INDEX(va)];
    const unsigned line = c->p.l1d.line; /* as CTR_EL0.DminLine says */
    struct mmu_key key;
    struct mmu_result r;

    if (tg_likely((ivac ? e->wtag : e->rtag) == (va & MMU_PAGE_MASK))) {
        pipe_cache_op(c, va + e->pa_off, to_poc, invalidate);
        return true;
    }
    c->host.cur = op;
    key = c->host.view->key;
    if (key.priv == MMU_PRIV_PAN)
        key.priv = MMU_PRIV;
    mmu_translate(c, &key, va, ivac ? MMU_WRITE : MMU_MAINTAIN, &r);
    if (r.fault) {
        data_abort(c, op, va, &r, true);
        return false;
    }
    if (ivac && debug_watch_hit(c, op, va & ~(uint64_t)(line - 1), line, WATCH_STORE | WATCH_MAINTENANCE))
        return false;
    pipe_cache_op(c, r.pa, to_poc, invalidate);
    return true;
}

/* ---- the VNCR_EL2 page (D8.11.8) ---- */

/* Reported as if EL2 had made the access itself, but for where it comes from. */
static bool vncr_abort(struct cpu *c, const struct cpu_op *op, uint64_t va, unsigned fsc, bool write)
{
    uint64_t iss = ISS_VNCR | (write ? ISS_WNR : 0) | tg_put(ISS_FSC, fsc);

    cpu_raise_sync(c, op, 2, esr_make(EC_DABT_SAME, iss), va, true, 0, false);
    return false;
}

bool mem_vncr(struct cpu *c, const struct cpu_op *op, uint64_t va, bool write, uint64_t *v)
{
    struct mmu_view *view = mmu_view_get(c, c->arch.sr[SR_HCR_EL2] & HCR_E2H ? MMU_EL20 : MMU_EL2, MMU_PRIV);
    const struct mmu_tlbe *e = &view->tlb[MMU_TLB_INDEX(va)];
    struct mmu_result r;
    struct ram_region *ram;
    uint64_t data = view->key.flags & MMU_KEY_BE ? __builtin_bswap64(*v) : *v;
    uint8_t *host;

    c->host.cur = op;
    if (tg_likely((write ? e->wtag : e->rtag) == (va & MMU_PAGE_MASK))) {
        host = (uint8_t *)(uintptr_t)(va + e->addend);
        r.pa = va + e->pa_off;
        r.mem_type = TG_MEM_NORMAL_WB;
    } else {
        mmu_translate(c, &view->key, va, write ? MMU_WRITE : MMU_READ, &r);
        if (r.fault)
            return vncr_abort(c, op, va, r.fsc, write);
        ram = domain_ram(c, r.pa, r.ns);
        if (!ram || (write && !ram->writable))
            return vncr_abort(c, op, va, FSC_EXTERNAL, write);
        host = ram_at(ram, r.pa);
        mmu_fill(c, view, va, &r, ram, debug_watch_page(c, va & MMU_PAGE_MASK));
        if (write && (*ram_flags(ram, r.pa) & RAM_PAGE_CODE))
            domain_code_written(c->host.domain, r.pa, sizeof(data));
    }
    if (write)
        memcpy(host, &data, sizeof(data));
    else
        memcpy(&data, host, sizeof(data));
    if (!write)
        *v = view->key.flags & MMU_KEY_BE ? __builtin_bswap64(data) : data;
    pipe_vncr(c, view, va, r.pa, write, r.mem_type);
    return true;
}

/* ---- fetch ---- */

bool mmu_fetch(struct cpu *c, uint64_t va, struct mmu_xtlbe **out, struct mmu_lookup *uncached)
{
    struct mmu_view *view = c->host.view;
    struct mmu_xtlbe *e = &view->xtlb[MMU_XTLB_INDEX(va)];
    struct mmu_result r;
    struct ram_region *ram;
    struct code_page *page;

    if (e->tag == (va & MMU_PAGE_MASK)) {
        *out = e;
        return true;
    }
    *out = NULL;
    c->host.cur = NULL;
    mmu_translate(c, &view->key, va, MMU_FETCH, &r);
    if (r.fault) {
        raise_abort(c, NULL, EC_IABT_LOWER, tg_put(ISS_FSC, r.fsc) | (r.s1ptw ? ISS_S1PTW : 0), va, &r);
        return false;
    }
    ram = domain_ram(c, r.pa, r.ns);
    if (ram) {
        page = code_page_get(c, r.pa & MMU_PAGE_MASK, c->timing.timed && r.mem_type != TG_MEM_NORMAL_WB);
        if (page) {
            *out = mmu_fill_fetch(view, va, &r, page);
            return true;
        }
    }
    uncached->pa = r.pa;
    uncached->mem_type = r.mem_type;
    uncached->guarded = r.guarded;
    uncached->host = ram ? ram_at(ram, r.pa) : NULL;
    if (!ram) {
        uint32_t insn = 0;
        struct tg_bus_txn txn = {.addr = r.pa, .data = &insn, .size = 4, .time = cpu_now(c)};

        txn.attrs = (struct tg_bus_attrs){.secure = !r.ns,
                                          .privileged = c->arch.el > 0,
                                          .mem_type = r.mem_type,
                                          .kind = TG_BUS_FETCH,
                                          .requester = c->ident.index};
        txn.resp = TG_BUS_DECERR;
        if (c->ports.bus.transport)
            c->ports.bus.transport(c->ports.bus.opaque, &txn);
        pipe_fetch_waits(c, txn.latency);
        if (txn.resp != TG_BUS_OK) {
            raise_abort(c, NULL, EC_IABT_LOWER, tg_put(ISS_FSC, FSC_EXTERNAL), va, &r);
            return false;
        }
        uncached->insn = insn;
    } else {
        memcpy(&uncached->insn, uncached->host, sizeof(uncached->insn));
    }
    return true;
}
