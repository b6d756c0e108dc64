/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's state machine: which context each PE runs, which exits are open, what the rows have summed up.
 * Words for reasons are in reason.c, histograms in hist.h. Exception model after Arm ARM DDI 0487, D1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "models/base/bits.h"
#include "sim/ledger/hist.h"
#include "sim/ledger/ledger.h"
#include "sim/ledger/reason.h"

#define TRAP_DEPTH       16
#define MAX_EXIT_ROWS    4096
#define MAX_TRAP_ROWS    4096
#define MAX_DETAILS      512 /* of one reason of one vCPU; the rest counts as "other" */
#define MAX_TRAP_DETAILS 256
#define MAX_VCPUS        65536

const char *const ledger_where_names[LEDGER_WHERE_COUNT] = {
    [LEDGER_GUEST] = "guest",       [LEDGER_EL2] = "el2",           [LEDGER_EL3] = "el3",
    [LEDGER_HOST_EL1] = "host_el1", [LEDGER_HOST_EL0] = "host_el0",
};

/* ---- tables: open addressing over an array of rows in order of first occurrence ---- */

struct index {
    uint32_t *slot; /* 1-based row, 0: empty */
    uint32_t size;  /* power of two */
};

struct key {
    uint64_t a, b;
};

struct exit_row {
    struct key key;
    unsigned vcpu, reason, set;
    uint64_t detail;
    uint64_t count, measured, insns, cycles, cycles_min, cycles_max, ps, ps_min, ps_max, idle;
    uint64_t where[LEDGER_WHERE_COUNT];
    uint64_t buckets[CPU_BUCKET_COUNT];
    struct hist hist;
};

struct trap_row {
    struct key key;
    uint8_t from_el, to_el;
    bool from_guest;
    unsigned reason, set;
    uint64_t detail;
    uint64_t count, returned, cycles, cycles_min, cycles_max;
};

struct open_exit {
    bool open;
    uint8_t from_el, to_el;
    unsigned pe, reason;
    uint64_t detail, mmio_detail, pc;
    bool maybe_mmio;
    enum cpu_mode mode;   /* of its PE when it began */
    unsigned mode_change; /* how many the PE had seen by then */
    struct ledger_sample at;
    uint64_t where[LEDGER_WHERE_COUNT], idle;
};

struct vcpu {
    struct key key; /* vmid, vmpidr */
    unsigned vm;
    struct open_exit exit;
    struct ledger_vcpu pub;
    uint16_t details[REASON_COUNT];
};

struct open_trap {
    uint8_t from_el, to_el;
    int vcpu; /* that it left; -1: none */
    unsigned reason;
    struct trap_row *row; /* NULL: went with its phase */
    uint64_t cycle, insns, ps, idle, pc, detail;
    unsigned mode_change;
};

struct pe {
    enum ledger_where where;
    int vcpu;                                         /* of the guest it runs; -1: none */
    int recent;                                       /* the last one it ran; -1: none yet */
    struct ledger_sample last;                        /* boundary up to which everything is attributed */
    struct ledger_sample context[LEDGER_WHERE_COUNT]; /* of this phase; ps unused */
    uint64_t busy[LEDGER_WHERE_COUNT], idle;          /* cycles since the start */
    struct open_trap traps[TRAP_DEPTH];
    unsigned depth;
    enum cpu_mode mode;
    unsigned mode_change; /* changes of mode so far */
    uint64_t exits;       /* that ended here */
    bool called;          /* EL1, without stage 2, has called EL2 and was not returned to yet */
    uint64_t call_ret;    /* the instruction behind the call */
};

/* Whose is VMID 0? */
enum vmid0 { VMID0_UNKNOWN, VMID0_GUEST, VMID0_HOST };

struct ledger {
    struct ledger_ops ops;
    unsigned n_pe;
    struct pe *pes;
    struct vcpu *vcpus;
    unsigned n_vcpus, cap_vcpus;
    struct index vcpu_index;
    uint32_t *vms; /* VMIDs */
    unsigned n_vms, cap_vms;
    struct exit_row **exits;
    unsigned n_exits, cap_exits;
    struct index exit_index;
    struct trap_row **traps;
    unsigned n_traps, cap_traps;
    struct index trap_index;
    uint16_t trap_details[REASON_COUNT];
    uint64_t total_exits;
    enum cpu_mode mode; /* of the phase */
    enum vmid0 vmid0;
    uint64_t unstaged,
        protected;   /* exceptions from EL1 to EL2: without stage 2; of a protected hypervisor's host */
    unsigned events; /* LEDGER_EXITS, LEDGER_TRAPS: told to event_fn */
    ledger_event_fn *event_fn;
    void *event_opaque;
};

void ledger_hint_name(uint64_t x0, char out[9])
{
    unsigned i;
    for (i = 0; i < 8; i++) {
        unsigned char ch = (unsigned char)(x0 >> (8 * i));
        if (!ch)
            break;
        out[i] = ch > 0x20 && ch < 0x7f ? (char)ch : '_';
    }
    out[i] = 0;
}

static uint32_t hash(struct key k)
{
    uint64_t h = (k.a ^ (k.b * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static bool index_init(struct index *x, uint32_t size)
{
    x->size = size;
    x->slot = calloc(size, sizeof(*x->slot));
    return x->slot;
}

static void index_clear(struct index *x)
{
    memset(x->slot, 0, x->size * sizeof(*x->slot));
}

static void index_put(struct index *x, struct key k, uint32_t row)
{
    uint32_t i = hash(k) & (x->size - 1);
    while (x->slot[i])
        i = (i + 1) & (x->size - 1);
    x->slot[i] = row + 1;
}

/* ---- virtual machines ---- */

/* The array with room for one more item; NULL: out of memory, the old one is as it was. */
static void *room(void *array, unsigned n, unsigned *cap, size_t item)
{
    if (n < *cap)
        return array;
    unsigned more = *cap ? *cap * 2 : 64;
    void *grown = realloc(array, more * item);
    if (grown)
        *cap = more;
    return grown;
}

static int find_vm(struct ledger *l, uint32_t vmid)
{
    for (unsigned i = 0; i < l->n_vms; i++)
        if (l->vms[i] == vmid)
            return (int)i;
    uint32_t *vms = room(l->vms, l->n_vms, &l->cap_vms, sizeof(*vms));
    if (!vms)
        return -1;
    l->vms = vms;
    l->vms[l->n_vms] = vmid;
    return (int)l->n_vms++;
}

/* -1: too many, or out of memory. */
static int look_up_vcpu(struct ledger *l, uint32_t vmid, uint64_t vmpidr)
{
    struct key k = {vmid, vmpidr};
    struct index *x = &l->vcpu_index;
    for (uint32_t i = hash(k) & (x->size - 1); x->slot[i]; i = (i + 1) & (x->size - 1)) {
        struct vcpu *v = &l->vcpus[x->slot[i] - 1];
        if (v->key.a == k.a && v->key.b == k.b)
            return (int)(x->slot[i] - 1);
    }
    if (l->n_vcpus == MAX_VCPUS)
        return -1;
    struct vcpu *vcpus = room(l->vcpus, l->n_vcpus, &l->cap_vcpus, sizeof(*vcpus));
    if (!vcpus)
        return -1;
    l->vcpus = vcpus;
    int vm = find_vm(l, vmid);
    if (vm < 0)
        return -1;
    struct vcpu *v = &l->vcpus[l->n_vcpus];
    *v = (struct vcpu){.key = k, .vm = (unsigned)vm};
    v->pub = (struct ledger_vcpu){.vmid = vmid, .vmpidr = vmpidr, .vm = (unsigned)vm};
    for (unsigned i = 0; i < l->n_vcpus; i++)
        v->pub.number += l->vcpus[i].vm == v->vm;
    if (2 * (l->n_vcpus + 1) > x->size) {
        struct index bigger;
        if (!index_init(&bigger, x->size * 2))
            return -1;
        free(x->slot);
        *x = bigger;
        for (unsigned i = 0; i < l->n_vcpus; i++)
            index_put(x, l->vcpus[i].key, i);
    }
    index_put(x, k, l->n_vcpus);
    return (int)l->n_vcpus++;
}

/* The vCPU that the PE runs. -1: too many, or out of memory. */
static int find_vcpu(struct ledger *l, struct pe *p, uint32_t vmid, uint64_t vmpidr)
{
    if (p->recent < 0 || l->vcpus[p->recent].key.a != vmid || l->vcpus[p->recent].key.b != vmpidr)
        p->recent = look_up_vcpu(l, vmid, vmpidr);
    return p->recent;
}

/* ---- rows ---- */

/* Which set a PE is of, in the keys of rows. */
#define KEY_SET TG_FIELD(63, 56)
static unsigned set_of(const struct ledger *l, unsigned pe)
{
    return l->ops.set ? l->ops.set(l->ops.opaque, pe) : 0;
}

static struct exit_row *exit_row(struct ledger *l, unsigned vcpu, unsigned set, unsigned reason,
                                 uint64_t detail)
{
    struct index *x = &l->exit_index;
    for (;;) {
        struct key k = {tg_put(KEY_SET, set) | (uint64_t)vcpu << 8 | reason, detail};
        for (uint32_t i = hash(k) & (x->size - 1); x->slot[i]; i = (i + 1) & (x->size - 1)) {
            struct exit_row *r = l->exits[x->slot[i] - 1];
            if (r->key.a == k.a && r->key.b == k.b)
                return r;
        }
        bool full = l->vcpus[vcpu].details[reason] >= MAX_DETAILS || l->n_exits >= MAX_EXIT_ROWS;
        if (full && detail != REASON_OTHER_DETAIL) {
            detail = REASON_OTHER_DETAIL;
            continue;
        }
        if (l->n_exits >= 2 * MAX_EXIT_ROWS)
            return NULL;
        struct exit_row **rows = room(l->exits, l->n_exits, &l->cap_exits, sizeof(*rows));
        if (!rows)
            return NULL;
        l->exits = rows;
        struct exit_row *r = calloc(1, sizeof(*r));
        if (!r)
            return NULL;
        *r = (struct exit_row){.key = k,
                               .vcpu = vcpu,
                               .set = set,
                               .reason = reason,
                               .detail = detail,
                               .cycles_min = UINT64_MAX,
                               .ps_min = UINT64_MAX};
        l->vcpus[vcpu].details[reason]++;
        l->exits[l->n_exits] = r;
        index_put(x, k, l->n_exits++);
        return r;
    }
}

static struct trap_row *trap_row(struct ledger *l, const struct cpu_exception *e, bool guest, unsigned set,
                                 unsigned reason, uint64_t detail)
{
    struct index *x = &l->trap_index;
    for (;;) {
        struct key k = {tg_put(KEY_SET, set) | (uint64_t)reason << 16 | (uint64_t)e->from_el << 8 |
                            (uint64_t)e->to_el << 4 | guest,
                        detail};
        for (uint32_t i = hash(k) & (x->size - 1); x->slot[i]; i = (i + 1) & (x->size - 1)) {
            struct trap_row *r = l->traps[x->slot[i] - 1];
            if (r->key.a == k.a && r->key.b == k.b)
                return r;
        }
        if (l->trap_details[reason] >= MAX_TRAP_DETAILS && detail != REASON_OTHER_DETAIL) {
            detail = REASON_OTHER_DETAIL;
            continue;
        }
        if (l->n_traps >= MAX_TRAP_ROWS)
            return NULL;
        struct trap_row **rows = room(l->traps, l->n_traps, &l->cap_traps, sizeof(*rows));
        if (!rows)
            return NULL;
        l->traps = rows;
        struct trap_row *r = calloc(1, sizeof(*r));
        if (!r)
            return NULL;
        *r = (struct trap_row){.key = k,
                               .from_el = e->from_el,
                               .to_el = e->to_el,
                               .from_guest = guest,
                               .set = set,
                               .reason = reason,
                               .detail = detail,
                               .cycles_min = UINT64_MAX};
        l->trap_details[reason]++;
        l->traps[l->n_traps] = r;
        index_put(x, k, l->n_traps++);
        return r;
    }
}

/* ---- attributing ---- */

/* The buckets that move within a stretch of fast mode. */
static const uint8_t moving[] = {CPU_BUCKET_BASE, CPU_BUCKET_EXCEPTION, CPU_BUCKET_IDLE};

static bool same_stretch(const struct ledger_sample *a, const struct ledger_sample *b)
{
    return a->stretch && a->stretch == b->stretch;
}

/* Counts of the PE now. Of a stretch that goes on since p->last only the buckets that move are filled in. */
static void take_sample(const struct ledger *l, unsigned pe, struct ledger_sample *now)
{
    now->stretch = l->pes[pe].last.stretch;
    l->ops.sample(l->ops.opaque, pe, now);
}

/* Adds what buckets have grown by from one sample to another. */
static void add_growth(uint64_t *restrict sum, const struct ledger_sample *restrict from,
                       const struct ledger_sample *restrict to)
{
    if (same_stretch(from, to))
        for (unsigned i = 0; i < sizeof(moving); i++)
            sum[moving[i]] += to->buckets[moving[i]] - from->buckets[moving[i]];
    else
        for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++)
            sum[i] += to->buckets[i] - from->buckets[i];
}

/* Everything between the last boundary of the PE and `now` ran in `where`. */
static void advance(struct ledger *l, struct pe *p, const struct ledger_sample *now, enum ledger_where where)
{
    struct ledger_sample *c = &p->context[where];
    uint64_t cycles = now->cycles - p->last.cycles, insns = now->insns - p->last.insns;
    uint64_t idle = now->buckets[CPU_BUCKET_IDLE] - p->last.buckets[CPU_BUCKET_IDLE];
    if (idle > cycles)
        idle = cycles;
    c->cycles += cycles;
    c->insns += insns;
    add_growth(c->buckets, &p->last, now);
    p->busy[where] += cycles - idle;
    p->idle += idle;
    if (where == LEDGER_GUEST && p->vcpu >= 0) {
        l->vcpus[p->vcpu].pub.guest_cycles += cycles;
        l->vcpus[p->vcpu].pub.guest_insns += insns;
    }
    if (!same_stretch(&p->last, now)) {
        p->last = *now;
        return;
    }
    p->last.cycles = now->cycles;
    p->last.insns = now->insns;
    p->last.ps = now->ps;
    for (unsigned i = 0; i < sizeof(moving); i++)
        p->last.buckets[moving[i]] = now->buckets[moving[i]];
}

/* The PE calls after it charged the entry; the boundary lies before that. */
static void back_to_exception(struct ledger *l, unsigned pe, const struct pe *p,
                              const struct cpu_exception *e, struct ledger_sample *now)
{
    if (e->cycle < p->last.cycles || e->cycle >= now->cycles)
        return;
    uint64_t entry = now->cycles - e->cycle;
    if (now->buckets[CPU_BUCKET_EXCEPTION] - p->last.buckets[CPU_BUCKET_EXCEPTION] < entry)
        return;
    uint64_t hz = l->ops.hz(l->ops.opaque, pe), ps = hz ? tg_cycles_to_time(entry, hz) : 0;
    if (ps > now->ps - p->last.ps)
        return;
    now->buckets[CPU_BUCKET_EXCEPTION] -= entry;
    now->cycles -= entry;
    now->ps -= ps;
}

static bool is_guest(const struct ledger *l, uint32_t vmid)
{
    return vmid != 0 || l->vmid0 != VMID0_HOST;
}

/* EL1 was left for EL2 and was no guest: a host, or an EL1 that needs no stage 2. */
static void host_left(struct ledger *l, struct pe *p, const struct cpu_exception *e)
{
    if (e->from_guest) {
        l->protected ++;
        return;
    }
    l->unstaged++;
    p->called = reason_of(e) == REASON_HVC;
    p->call_ret = e->pc + 4;
}

/* Stage 2 is on under VMID 0 where an ERET leads. */
static void entered_vmid0(struct ledger *l, unsigned pe, const struct cpu_exception *e)
{
    const struct pe *p = &l->pes[pe];
    bool back = p->called && l->ops.get_pc && l->ops.get_pc(l->ops.opaque, pe) == p->call_ret;
    if (back && e->to_el == 1 && !e->irqs_to_el2)
        l->vmid0 = VMID0_HOST;
    else if (l->vmid0 == VMID0_UNKNOWN)
        l->vmid0 = VMID0_GUEST;
}

static enum ledger_where host_where(unsigned el)
{
    static const enum ledger_where where[4] = {LEDGER_HOST_EL0, LEDGER_HOST_EL1, LEDGER_EL2, LEDGER_EL3};
    return where[el & 3];
}

static enum ledger_where now_where(const struct ledger *l, unsigned pe)
{
    if (l->pes[pe].where == LEDGER_GUEST || !l->ops.el)
        return l->pes[pe].where;
    return host_where(l->ops.el(l->ops.opaque, pe));
}

/* ---- exits ---- */

static void open_exit(struct ledger *l, unsigned pe, const struct cpu_exception *e, unsigned reason,
                      uint64_t detail)
{
    struct pe *p = &l->pes[pe];
    struct vcpu *v = &l->vcpus[p->vcpu];
    struct open_exit *x = &v->exit;
    if (x->open)
        v->pub.lost++;
    x->open = true;
    x->from_el = e->from_el;
    x->to_el = e->to_el;
    x->pe = pe;
    x->reason = reason;
    x->detail = detail;
    x->pc = e->pc;
    x->maybe_mmio = reason == REASON_DABT_LOW && e->to_el == 2;
    x->mmio_detail = x->maybe_mmio ? reason_mmio_detail(e) : 0;
    x->mode = p->mode;
    x->mode_change = p->mode_change;
    x->at = p->last;
    memcpy(x->where, p->busy, sizeof(x->where));
    x->idle = p->idle;
}

static uint64_t scale(uint64_t v, uint64_t num, uint64_t den)
{
    return (uint64_t)((unsigned __int128)v * num / den);
}

/* What has run on the PE since the exit opened. */
static void exit_delta(const struct pe *p, const struct open_exit *x, struct exit_row *d)
{
    d->cycles = p->last.cycles - x->at.cycles;
    d->insns = p->last.insns - x->at.insns;
    d->ps = p->last.ps - x->at.ps;
    d->idle = p->idle - x->idle;
    for (unsigned i = 0; i < LEDGER_WHERE_COUNT; i++)
        d->where[i] = p->busy[i] - x->where[i];
    memset(d->buckets, 0, sizeof(d->buckets));
    add_growth(d->buckets, &x->at, &p->last);
}

/* The vCPU was entered on another PE: keep the first PE's proportions, fit them to the time that passed. */
static void exit_delta_migrated(struct ledger *l, unsigned pe, const struct open_exit *x, struct exit_row *d)
{
    struct pe *from = &l->pes[x->pe], *to = &l->pes[pe];
    struct ledger_sample now;
    take_sample(l, x->pe, &now);
    advance(l, from, &now, now_where(l, x->pe));
    exit_delta(from, x, d);
    uint64_t ps = to->last.ps > x->at.ps ? to->last.ps - x->at.ps : 0;
    uint64_t cycles = tg_time_to_cycles(ps, l->ops.hz(l->ops.opaque, x->pe));
    uint64_t den = d->cycles, left = cycles, left_buckets = cycles;
    for (unsigned i = 0; i < LEDGER_WHERE_COUNT; i++) {
        d->where[i] = den ? scale(d->where[i], cycles, den) : 0;
        left -= d->where[i];
    }
    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++) {
        d->buckets[i] = i == CPU_BUCKET_IDLE || !den ? 0 : scale(d->buckets[i], cycles, den);
        left_buckets -= d->buckets[i];
    }
    d->idle = left;
    d->buckets[CPU_BUCKET_IDLE] = left_buckets;
    d->insns = den ? scale(d->insns, cycles, den) : 0;
    d->cycles = cycles;
    d->ps = ps;
}

/* A detail in words; `vmid`: of the guest whose address it may hold. */
static void detail_text(const struct ledger *l, uint32_t vmid, unsigned reason, uint64_t detail, char *out,
                        size_t n)
{
    const char *device = NULL;
    uint64_t ipa;
    unsigned intid;
    if (reason_detail_ipa(reason, detail, &ipa) && l->ops.name_of_ipa)
        device = l->ops.name_of_ipa(l->ops.opaque, vmid, ipa);
    else if (reason_detail_intid(reason, detail, &intid) && l->ops.name_of_intid)
        device = l->ops.name_of_intid(l->ops.opaque, intid);
    reason_detail_text(reason, detail, device, out, n);
}

static void tell_exit(struct ledger *l, unsigned pe, unsigned vcpu, const struct open_exit *x,
                      const struct exit_row *d, bool mixed)
{
    struct ledger_event e = {
        .kind = LEDGER_EXITS,
        .pe = x->pe,
        .end_pe = pe,
        .vcpu = (int)vcpu,
        .from_el = x->from_el,
        .to_el = x->to_el,
        .reason = reason_name(x->reason),
        .pc = x->pc,
        .start_ps = x->at.ps,
        .insns = d->insns,
        .cycles = d->cycles,
        .ps = d->ps,
        .idle_cycles = d->idle,
        .mixed = mixed,
    };
    detail_text(l, l->vcpus[vcpu].pub.vmid, x->reason, x->detail, e.detail, sizeof(e.detail));
    l->event_fn(l->event_opaque, &e);
}

static void close_exit(struct ledger *l, unsigned pe, struct vcpu *v, unsigned vcpu)
{
    struct open_exit *x = &v->exit;
    const struct pe *from = &l->pes[x->pe];
    /* Did it run in the mode of the phase, all of it? */
    bool mixed = x->mode != l->mode || x->mode_change != from->mode_change || l->pes[pe].mode != l->mode;
    /* Emulated accesses are skipped: the vCPU goes on behind the instruction. A resolved fault runs it again.
     */
    if (x->maybe_mmio && l->ops.get_pc && l->ops.get_pc(l->ops.opaque, pe) == x->pc + 4) {
        x->reason = REASON_MMIO;
        x->detail = x->mmio_detail;
    }
    x->open = false;
    struct exit_row *r = exit_row(l, vcpu, set_of(l, x->pe), x->reason, x->detail);
    struct exit_row d;
    if (x->pe == pe)
        exit_delta(&l->pes[pe], x, &d);
    else
        exit_delta_migrated(l, pe, x, &d);
    l->total_exits++;
    l->pes[pe].exits++;
    v->pub.exits++;
    v->pub.exit_cycles += mixed ? 0 : d.cycles;
    if (l->events & LEDGER_EXITS)
        tell_exit(l, pe, vcpu, x, &d, mixed);
    if (!r)
        return;
    r->count++;
    if (mixed)
        return;
    r->measured++;
    r->insns += d.insns;
    r->cycles += d.cycles;
    r->ps += d.ps;
    r->idle += d.idle;
    r->cycles_min = d.cycles < r->cycles_min ? d.cycles : r->cycles_min;
    r->cycles_max = d.cycles > r->cycles_max ? d.cycles : r->cycles_max;
    r->ps_min = d.ps < r->ps_min ? d.ps : r->ps_min;
    r->ps_max = d.ps > r->ps_max ? d.ps : r->ps_max;
    for (unsigned i = 0; i < LEDGER_WHERE_COUNT; i++)
        r->where[i] += d.where[i];
    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++)
        r->buckets[i] += d.buckets[i];
    hist_add(&r->hist, d.cycles);
}

/* ---- traps ---- */

static void push_trap(struct ledger *l, struct pe *p, const struct cpu_exception *e, bool guest, int vcpu,
                      unsigned reason, uint64_t detail)
{
    struct trap_row *r = trap_row(l, e, guest, set_of(l, (unsigned)(p - l->pes)), reason, detail);
    if (!r)
        return;
    r->count++;
    if (p->depth == TRAP_DEPTH) { /* a hypervisor that never returns: the oldest is given up */
        memmove(p->traps, p->traps + 1, (TRAP_DEPTH - 1) * sizeof(p->traps[0]));
        p->depth--;
    }
    p->traps[p->depth++] = (struct open_trap){.from_el = e->from_el,
                                              .to_el = e->to_el,
                                              .vcpu = vcpu,
                                              .reason = reason,
                                              .row = r,
                                              .cycle = p->last.cycles,
                                              .insns = p->last.insns,
                                              .ps = p->last.ps,
                                              .idle = p->idle,
                                              .pc = e->pc,
                                              .detail = detail,
                                              .mode_change = p->mode_change};
}

static void tell_trap(struct ledger *l, const struct pe *p, const struct open_trap *t)
{
    unsigned pe = (unsigned)(p - l->pes);
    struct ledger_event e = {
        .kind = LEDGER_TRAPS,
        .pe = pe,
        .end_pe = pe,
        .vcpu = t->vcpu,
        .from_el = t->from_el,
        .to_el = t->to_el,
        .reason = reason_name(t->reason),
        .pc = t->pc,
        .start_ps = t->ps,
        .insns = p->last.insns - t->insns,
        .cycles = p->last.cycles - t->cycle,
        .ps = p->last.ps - t->ps,
        .idle_cycles = p->idle - t->idle,
        .mixed = t->mode_change != p->mode_change,
    };
    detail_text(l, 0, t->reason, t->detail, e.detail, sizeof(e.detail));
    l->event_fn(l->event_opaque, &e);
}

/* An ERET at `from` returns from the newest trap to that level: one within the level for a return within it,
 * one from below for a return to below. What lies above was left without a return. */
static void pop_trap(struct ledger *l, struct pe *p, unsigned from, unsigned to)
{
    for (unsigned i = p->depth; i > 0; i--) {
        struct open_trap *t = &p->traps[i - 1];
        if (t->to_el != from || (t->from_el == from) != (to == from))
            continue;
        uint64_t cycles = p->last.cycles - t->cycle;
        if (t->row && t->mode_change == p->mode_change) {
            t->row->returned++;
            t->row->cycles += cycles;
            t->row->cycles_min = cycles < t->row->cycles_min ? cycles : t->row->cycles_min;
            t->row->cycles_max = cycles > t->row->cycles_max ? cycles : t->row->cycles_max;
        }
        if (l->events & LEDGER_TRAPS)
            tell_trap(l, p, t);
        p->depth = i - 1;
        return;
    }
}

/* ---- what the PEs tell ---- */

void ledger_exception(struct ledger *l, unsigned pe, const struct cpu_exception *e)
{
    if (pe >= l->n_pe)
        return;
    struct pe *p = &l->pes[pe];
    bool guest = e->from_guest && is_guest(l, e->vmid);
    struct ledger_sample now;
    take_sample(l, pe, &now);
    back_to_exception(l, pe, p, e, &now);
    if (guest)
        p->vcpu = find_vcpu(l, p, e->vmid, e->vmpidr);
    advance(l, p, &now, guest ? LEDGER_GUEST : host_where(e->from_el));
    bool inside = guest && e->to_el == 1;
    p->where = inside ? LEDGER_GUEST : host_where(e->to_el);
    if (inside || e->to_el == 0)
        return;
    if (!guest && e->from_el == 1 && e->to_el == 2)
        host_left(l, p, e);
    unsigned reason = reason_of(e);
    uint64_t known = 0;
    int x = reason_needs_x(e);
    if (x >= 0)
        known = l->ops.get_x(l->ops.opaque, pe, (unsigned)x);
    else if (reason_needs_intid(e))
        known = l->ops.intid ? l->ops.intid(l->ops.opaque, pe) : LEDGER_NO_INTID;
    uint64_t detail = reason_detail(reason, e, known);
    int vcpu = guest ? p->vcpu : -1;
    if (vcpu >= 0)
        open_exit(l, pe, e, reason, detail);
    p->vcpu = -1;
    push_trap(l, p, e, guest, vcpu, reason, detail);
}

void ledger_eret(struct ledger *l, unsigned pe, const struct cpu_exception *e)
{
    if (pe >= l->n_pe)
        return;
    struct pe *p = &l->pes[pe];
    bool staged = e->to_el < 2 && !e->to_host;
    if (staged && !e->vmid && e->from_el >= 2)
        entered_vmid0(l, pe, e);
    if (e->to_el < 2 && e->from_el >= 2)
        p->called = false;
    bool to_guest = staged && is_guest(l, e->vmid);
    bool inside = e->from_el == 1 && to_guest;
    struct ledger_sample now;
    take_sample(l, pe, &now);
    if (inside && p->vcpu < 0)
        p->vcpu = find_vcpu(l, p, e->vmid, e->vmpidr);
    advance(l, p, &now, inside ? LEDGER_GUEST : host_where(e->from_el));
    if (inside) {
        p->where = LEDGER_GUEST;
        return;
    }
    pop_trap(l, p, e->from_el, e->to_el);
    p->where = to_guest ? LEDGER_GUEST : host_where(e->to_el);
    p->vcpu = to_guest ? find_vcpu(l, p, e->vmid, e->vmpidr) : -1;
    if (p->vcpu < 0)
        return;
    struct vcpu *v = &l->vcpus[p->vcpu];
    v->pub.entries++;
    if (v->exit.open)
        close_exit(l, pe, v, (unsigned)p->vcpu);
}

void ledger_power(struct ledger *l, unsigned pe, unsigned el)
{
    if (pe >= l->n_pe)
        return;
    struct pe *p = &l->pes[pe];
    struct ledger_sample now;
    take_sample(l, pe, &now);
    advance(l, p, &now, p->where);
    p->where = host_where(el);
    p->vcpu = -1;
    p->depth = 0;
}

void ledger_sync(struct ledger *l)
{
    for (unsigned i = 0; i < l->n_pe; i++) {
        struct ledger_sample now;
        take_sample(l, i, &now);
        advance(l, &l->pes[i], &now, now_where(l, i));
    }
}

/* ---- life ---- */

struct ledger *ledger_new(unsigned n_pe, const struct ledger_ops *ops)
{
    struct ledger *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    l->ops = *ops;
    l->n_pe = n_pe;
    l->pes = calloc(n_pe ? n_pe : 1, sizeof(*l->pes));
    if (!l->pes || !index_init(&l->vcpu_index, 64) || !index_init(&l->exit_index, 4 * MAX_EXIT_ROWS) ||
        !index_init(&l->trap_index, 2 * MAX_TRAP_ROWS)) {
        ledger_free(l);
        return NULL;
    }
    for (unsigned i = 0; i < n_pe; i++) {
        l->pes[i].vcpu = l->pes[i].recent = -1;
        l->pes[i].where = LEDGER_EL2;
        ops->sample(ops->opaque, i, &l->pes[i].last);
    }
    return l;
}

static void drop_rows(struct ledger *l)
{
    for (unsigned i = 0; i < l->n_exits; i++)
        free(l->exits[i]);
    for (unsigned i = 0; i < l->n_traps; i++)
        free(l->traps[i]);
    l->n_exits = l->n_traps = 0;
}

void ledger_next_phase(struct ledger *l)
{
    drop_rows(l);
    index_clear(&l->exit_index);
    index_clear(&l->trap_index);
    memset(l->trap_details, 0, sizeof(l->trap_details));
    for (unsigned i = 0; i < l->n_vcpus; i++) {
        struct vcpu *v = &l->vcpus[i];
        memset(v->details, 0, sizeof(v->details));
        v->pub.guest_cycles = v->pub.guest_insns = v->pub.exit_cycles = v->pub.exits = 0;
    }
    for (unsigned i = 0; i < l->n_pe; i++) {
        memset(l->pes[i].context, 0, sizeof(l->pes[i].context));
        for (unsigned t = 0; t < l->pes[i].depth; t++)
            l->pes[i].traps[t].row = NULL; /* their row is gone with the phase they began in */
    }
}

void ledger_set_mode(struct ledger *l, enum cpu_mode mode)
{
    l->mode = mode;
}

void ledger_pe_mode(struct ledger *l, unsigned pe, enum cpu_mode mode)
{
    if (pe >= l->n_pe)
        return;
    struct pe *p = &l->pes[pe];
    struct ledger_sample now;
    take_sample(l, pe, &now);
    advance(l, p, &now, now_where(l, pe));
    p->mode_change += p->mode != mode;
    p->mode = mode;
}

bool ledger_take_late(struct ledger *l, unsigned pe, struct ledger_context_row out[LEDGER_WHERE_COUNT],
                      int *guest)
{
    struct pe *p = &l->pes[pe];
    *guest = -1;
    if (p->mode == l->mode)
        return false;
    struct ledger_sample now;
    take_sample(l, pe, &now);
    advance(l, p, &now, now_where(l, pe));
    for (unsigned w = 0; w < LEDGER_WHERE_COUNT; w++)
        ledger_context(l, pe, (enum ledger_where)w, &out[w]);
    memset(p->context, 0, sizeof(p->context));
    /* It stands within one block: there is one guest that it can have run. */
    if (p->recent >= 0 && out[LEDGER_GUEST].cycles) {
        *guest = p->recent;
        l->vcpus[*guest].pub.guest_cycles -= out[LEDGER_GUEST].cycles;
        l->vcpus[*guest].pub.guest_insns -= out[LEDGER_GUEST].insns;
    }
    return true;
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    drop_rows(l);
    free(l->exits);
    free(l->traps);
    free(l->exit_index.slot);
    free(l->trap_index.slot);
    free(l->vcpu_index.slot);
    free(l->vcpus);
    free(l->vms);
    free(l->pes);
    free(l);
}

/* ---- reading ---- */

static uint64_t clamp(uint64_t v, uint64_t lo, uint64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

unsigned ledger_n_exits(const struct ledger *l)
{
    return l->n_exits;
}

void ledger_exit(const struct ledger *l, unsigned i, struct ledger_exit_row *out)
{
    const struct exit_row *r = l->exits[i];
    *out = (struct ledger_exit_row){
        .vcpu = r->vcpu,
        .set = r->set,
        .reason = reason_name(r->reason),
        .count = r->count,
        .measured = r->measured,
        .insns = r->insns,
        .cycles = r->cycles,
        .cycles_min = r->measured ? r->cycles_min : 0,
        .cycles_max = r->cycles_max,
        .cycles_p50 = r->measured ? clamp(hist_quantile(&r->hist, 500), r->cycles_min, r->cycles_max) : 0,
        .cycles_p99 = r->measured ? clamp(hist_quantile(&r->hist, 990), r->cycles_min, r->cycles_max) : 0,
        .ns = r->ps / TG_NS,
        .ns_min = r->measured ? r->ps_min / TG_NS : 0,
        .ns_max = r->ps_max / TG_NS,
        .idle_cycles = r->idle,
    };
    memcpy(out->where_cycles, r->where, sizeof(out->where_cycles));
    memcpy(out->buckets, r->buckets, sizeof(out->buckets));
    detail_text(l, l->vcpus[r->vcpu].pub.vmid, r->reason, r->detail, out->detail, sizeof(out->detail));
}

unsigned ledger_n_traps(const struct ledger *l)
{
    return l->n_traps;
}

void ledger_trap(const struct ledger *l, unsigned i, struct ledger_trap_row *out)
{
    const struct trap_row *r = l->traps[i];
    *out = (struct ledger_trap_row){
        .from_el = r->from_el,
        .to_el = r->to_el,
        .from_guest = r->from_guest,
        .set = r->set,
        .ec = reason_name(r->reason),
        .count = r->count,
        .returned = r->returned,
        .cycles = r->cycles,
        .cycles_min = r->returned ? r->cycles_min : 0,
        .cycles_max = r->cycles_max,
    };
    detail_text(l, 0, r->reason, r->detail, out->detail, sizeof(out->detail));
}

unsigned ledger_n_vcpus(const struct ledger *l)
{
    return l->n_vcpus;
}

void ledger_get_vcpu(const struct ledger *l, unsigned i, struct ledger_vcpu *out)
{
    *out = l->vcpus[i].pub;
}

unsigned ledger_n_vms(const struct ledger *l)
{
    return l->n_vms;
}

uint32_t ledger_vm_vmid(const struct ledger *l, unsigned vm)
{
    return l->vms[vm];
}

void ledger_context(const struct ledger *l, unsigned pe, enum ledger_where where,
                    struct ledger_context_row *out)
{
    const struct ledger_sample *c = &l->pes[pe].context[where];
    *out = (struct ledger_context_row){.pe = pe, .where = where, .insns = c->insns, .cycles = c->cycles};
    memcpy(out->buckets, c->buckets, sizeof(out->buckets));
}

uint64_t ledger_total_exits(const struct ledger *l)
{
    return l->total_exits;
}

uint64_t ledger_pe_exits(const struct ledger *l, unsigned pe)
{
    return l->pes[pe].exits;
}

bool ledger_no_guest(const struct ledger *l, char *out, size_t n)
{
    uint64_t all = l->unstaged + l->protected;
    out[0] = 0;
    if (l->n_vcpus || !all)
        return false;
    snprintf(out, n,
             "no guest was seen, but %" PRIu64 " exception%s came from EL1 to EL2: %" PRIu64
             " with stage 2 off (HCR_EL2.VM = 0)",
             all, all == 1 ? "" : "s", l->unstaged);
    size_t used = strlen(out);
    if (l->protected && used < n)
        snprintf(out + used, n - used, ", %" PRIu64 " from the host of a protected hypervisor (VMID 0)",
                 l->protected);
    return true;
}

enum ledger_where ledger_now(const struct ledger *l, unsigned pe, int *vcpu)
{
    *vcpu = l->pes[pe].where == LEDGER_GUEST ? l->pes[pe].vcpu : -1;
    return now_where(l, pe);
}

void ledger_listen(struct ledger *l, unsigned kinds, ledger_event_fn *fn, void *opaque)
{
    l->events = fn ? kinds : 0;
    l->event_fn = fn;
    l->event_opaque = opaque;
}
