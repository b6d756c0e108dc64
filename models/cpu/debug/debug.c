/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug: when debug exceptions are enabled and where they go, breakpoints, watchpoints, software
 * step, and the debug registers. While a breakpoint or a step is live at the current level, the run loop
 * executes one instruction at a time; watchpoints take tags of their pages away from the software TLBs.
 * Neither costs anything otherwise. Halting debug and AArch32 are not implemented. Arm ARM DDI 0487 J.a, D2.
 */
#include "models/cpu/debug/debug.h"

#include <errno.h>
#include <stdlib.h>
#include "models/cpu/decode/a64.h"
#include "models/cpu/mmu/context.h"
#include "models/cpu/sysreg/internal.h"

/* clang-format off */
static const struct tg_state state[] = {
    TG_STATE_DERIVED(struct debug_unit, watch, "the watchpoints' control registers"),
    TG_STATE(struct debug_unit, stepping),
    TG_STATE(struct debug_unit, ldx),
};
/* clang-format on */
const struct tg_state_table debug_state = TG_STATE_INIT(struct debug_unit, state);

#define OSLSR_OSLK TG_BIT(1)

#define BCR_E    TG_BIT(0)
#define CR_PXC   TG_FIELD(2, 1)
#define BCR_BAS  TG_FIELD(8, 5)
#define CR_HMC   TG_BIT(13)
#define CR_SSC   TG_FIELD(15, 14)
#define CR_LBN   TG_FIELD(19, 16)
#define BCR_BT   TG_FIELD(23, 20)
#define WCR_LSC  TG_FIELD(4, 3)
#define WCR_BAS  TG_FIELD(12, 5)
#define WCR_WT   TG_BIT(20)
#define WCR_MASK TG_FIELD(28, 24)

#define ISS_DEBUG UINT64_C(0x22) /* FSC of debug exceptions */
#define ISS_ISV   TG_BIT(24)
#define ISS_EX    TG_BIT(6) /* of a step: a Load-Exclusive was stepped */
#define ISS_WNR   TG_BIT(6)
#define ISS_CM    TG_BIT(8)

/* Compared bits of addresses: 48, with FEAT_LVA 52, and the sign. */
static unsigned va_bits(const struct cpu *c)
{
    return cpu_has(c, CPU_FEAT_LVA) ? 53 : 49;
}

/* Rows of a group DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n> stand together in table.def. */
static uint64_t bvr(const struct cpu *c, unsigned n)
{
    return c->arch.sr[SR_DBGBVR0_EL1 + 4 * n];
}

static uint64_t bcr(const struct cpu *c, unsigned n)
{
    return c->arch.sr[SR_DBGBCR0_EL1 + 4 * n];
}

static uint64_t wvr(const struct cpu *c, unsigned n)
{
    return c->arch.sr[SR_DBGWVR0_EL1 + 4 * n];
}

static uint64_t wcr(const struct cpu *c, unsigned n)
{
    return c->arch.sr[SR_DBGWCR0_EL1 + 4 * n];
}
_Static_assert(SR_DBGBVR15_EL1 == SR_DBGBVR0_EL1 + 60 && SR_DBGWCR15_EL1 == SR_DBGWCR0_EL1 + 60,
               "debug rows stand in groups of four");

/* ---- where debug exceptions go, and whether there are any (D2.3, D2.4) ---- */

static bool route_to_el2(const struct cpu *c)
{
    return cpu_el2_on(c) && (c->arch.sr[SR_HCR_EL2] & HCR_TGE || c->arch.sr[SR_MDCR_EL2] & MDCR2_TDE);
}

unsigned debug_target(const struct cpu *c)
{
    unsigned target = c->arch.el < 3 && route_to_el2(c) ? 2 : 1;

    return target > c->arch.el ? target : c->arch.el;
}

static bool generates(const struct cpu *c, unsigned from, bool masked)
{
    unsigned target = route_to_el2(c) ? 2 : 1;
    bool secure = cpu_has(c, CPU_FEAT_EL3) && (from == 3 || !(c->arch.sr[SR_SCR_EL3] & SCR_NS));

    if (c->arch.sr[SR_OSLSR_EL1] & OSLSR_OSLK)
        return false;
    if (secure && (c->arch.sr[SR_MDCR_EL3] & MDCR3_SDD))
        return false;
    if (from == target)
        return (c->arch.sr[SR_MDSCR_EL1] & MDSCR_KDE) && !masked;
    return target > from;
}

static bool generates_now(const struct cpu *c)
{
    return generates(c, c->arch.el, c->arch.daif & DAIF_D);
}

static bool step_active(const struct cpu *c)
{
    return (c->arch.sr[SR_MDSCR_EL1] & MDSCR_SS) && generates_now(c);
}

bool debug_return_ss(const struct cpu *c, uint64_t spsr)
{
    unsigned to = (unsigned)tg_get(spsr, SPSR_EL);

    if (!(c->arch.sr[SR_MDSCR_EL1] & MDSCR_SS) || !(spsr & SPSR_SS) || to > c->arch.el)
        return false;
    return !generates_now(c) && generates(c, to, tg_get(spsr, SPSR_DAIF) & DAIF_D);
}

/* ---- matching ---- */

/* StateMatch: HMC, SSC and PxC against the level and the security state. */
static bool state_match(const struct cpu *c, uint64_t cr, unsigned el)
{
    uint64_t pxc = tg_get(cr, CR_PXC), ssc = tg_get(cr, CR_SSC);
    bool hmc = cr & CR_HMC, secure = cpu_secure_inline(c);

    switch (el) {
    case 0:
        if (!(pxc & 2))
            return false;
        break;
    case 1:
        if (!(pxc & 1))
            return false;
        break;
    case 2:
        if (!((hmc && !(ssc == 2 && pxc == 0)) || ssc == 3))
            return false;
        break;
    default:
        if (!hmc || (ssc & 1))
            return false;
    }
    switch (ssc) {
    case 0:
        return true;
    case 1:
        return !secure;
    case 2:
        return secure;
    default:
        return hmc || secure;
    }
}

static uint64_t current_vmid(const struct cpu *c)
{
    uint64_t vmid = tg_get(c->arch.sr[SR_VTTBR_EL2], TG_FIELD(63, 48));

    return cpu_has(c, CPU_FEAT_VMID16) && (c->arch.sr[SR_VTCR_EL2] & TG_BIT(19)) ? vmid : vmid & 0xff;
}

/* Value part of a context-aware breakpoint: BT<3:1> = 1 CONTEXTIDR, 3 CONTEXTIDR_EL1, 4 VMID, 5 both, 6
 * CONTEXTIDR_EL2, 7 both (D2.8.3). */
static bool context_match(const struct cpu *c, unsigned n)
{
    uint64_t v = bvr(c, n), id = (uint32_t)v, vmid = tg_get(v, TG_FIELD(47, 32)), id2 = v >> 32;
    bool below = c->arch.el < 2 && !cpu_host(c);

    switch (tg_get(bcr(c, n), BCR_BT) >> 1) {
    case 1:
        if (c->arch.el == 2 || (c->arch.el == 0 && cpu_host(c)))
            return cpu_e2h(c) && id == c->arch.sr[SR_CONTEXTIDR_EL2];
        return c->arch.el < 2 && id == c->arch.sr[SR_CONTEXTIDR_EL1];
    case 3:
        return below && id == c->arch.sr[SR_CONTEXTIDR_EL1];
    case 4:
        return below && cpu_el2_on(c) && vmid == current_vmid(c);
    case 5:
        return below && cpu_el2_on(c) && vmid == current_vmid(c) && id == c->arch.sr[SR_CONTEXTIDR_EL1];
    case 6:
        return cpu_has(c, CPU_FEAT_VHE) && c->arch.el < 3 && cpu_el2_on(c) &&
               id2 == c->arch.sr[SR_CONTEXTIDR_EL2];
    case 7:
        return cpu_has(c, CPU_FEAT_VHE) && below && cpu_el2_on(c) && id2 == c->arch.sr[SR_CONTEXTIDR_EL2] &&
               id == c->arch.sr[SR_CONTEXTIDR_EL1];
    default:
        return false;
    }
}

/* The breakpoint that an address breakpoint or watchpoint is linked to must be a linked context one (odd BT)
 * and match. */
static bool linked_match(const struct cpu *c, unsigned n)
{
    return n < c->p.breakpoints && (bcr(c, n) & BCR_E) && (tg_get(bcr(c, n), BCR_BT) & 1) &&
           tg_get(bcr(c, n), BCR_BT) >= 3 && context_match(c, n);
}

static bool same_va(const struct cpu *c, uint64_t a, uint64_t b)
{
    return ((a ^ b) & tg_ones(va_bits(c))) == 0;
}

static bool breakpoint_match(const struct cpu *c, unsigned n, uint64_t pc)
{
    uint64_t cr = bcr(c, n), bt = tg_get(cr, BCR_BT);

    if (!(cr & BCR_E) || !state_match(c, cr, c->arch.el))
        return false;
    if (bt & ~UINT64_C(1))
        return !(bt & 1) && bt != 4 &&
               context_match(c, n); /* context by itself; linked ones match through others */
    if (!tg_get(cr, BCR_BAS) || !same_va(c, pc & ~UINT64_C(3), bvr(c, n) & ~UINT64_C(3)))
        return false;
    return !bt || linked_match(c, (unsigned)tg_get(cr, CR_LBN));
}

/* The bytes that a watchpoint watches are [start, start + len), of those inside one doubleword the ones in
 * bas. */
struct watch_range {
    uint64_t start, len;
    uint8_t bas;
    bool by_bas;
};

static struct watch_range watch_range(const struct cpu *c, unsigned n)
{
    uint64_t v = wvr(c, n), cr = wcr(c, n), mask = tg_get(cr, WCR_MASK);

    if (mask >= 3)
        return (struct watch_range){.start = v & ~tg_ones((unsigned)mask), .len = TG_BIT(mask)};
    if (v & 4) /* only four bytes are there: BAS<3:0> */
        return (struct watch_range){
            .start = v & ~UINT64_C(3), .len = 4, .bas = tg_get(cr, WCR_BAS) & 0xf, .by_bas = true};
    return (struct watch_range){
        .start = v & ~UINT64_C(7), .len = 8, .bas = (uint8_t)tg_get(cr, WCR_BAS), .by_bas = true};
}

/* First watched byte of the access, or false. */
static bool range_match(const struct cpu *c, const struct watch_range *r, uint64_t va, unsigned size,
                        uint64_t *hit)
{
    for (unsigned i = 0; i < size; i++) {
        uint64_t d = (uint64_t)(tg_sext(va + i, va_bits(c)) - tg_sext(r->start, va_bits(c)));

        if (d < r->len && (!r->by_bas || (r->bas >> d & 1))) {
            *hit = va + i;
            return true;
        }
    }
    return false;
}

bool debug_watch_page(const struct cpu *c, uint64_t va)
{
    uint64_t page = va & MMU_PAGE_MASK;

    if (tg_likely(!c->units.debug->watch))
        return false;
    for (unsigned n = 0; n < c->p.watchpoints; n++) {
        struct watch_range r;
        uint64_t first, last;

        if (!(wcr(c, n) & BCR_E))
            continue;
        r = watch_range(c, n);
        first = (uint64_t)tg_sext(r.start, va_bits(c)) & MMU_PAGE_MASK;
        last = (uint64_t)tg_sext(r.start + r.len - 1, va_bits(c)) & MMU_PAGE_MASK;
        page = (uint64_t)tg_sext(page, va_bits(c));
        if (page - first <= last - first)
            return true;
    }
    return false;
}

bool debug_watch_hit(struct cpu *c, const struct cpu_op *op, uint64_t va, unsigned size, unsigned kind)
{
    /* Unprivileged accesses are EL0's, unless UAO, NV1 or the level make them ordinary ones. */
    unsigned el =
        op && a64_is(op_info(op), A64_UNPRIVILEGED) && c->host.uview != c->host.view ? 0 : c->arch.el;
    bool cm = kind & WATCH_MAINTENANCE;

    if (tg_likely(!c->units.debug->watch) || !generates_now(c))
        return false;
    for (unsigned n = 0; n < c->p.watchpoints; n++) {
        uint64_t cr = wcr(c, n), hit, matched = tg_get(cr, WCR_LSC) & kind;
        struct watch_range r;

        if (!(cr & BCR_E) || !matched || !state_match(c, cr, el))
            continue;
        r = watch_range(c, n);
        if (!range_match(c, &r, va, size, &hit))
            continue;
        if ((cr & WCR_WT) && !linked_match(c, (unsigned)tg_get(cr, CR_LBN)))
            continue;
        /* WnR of an atomic: 0 when its load would have matched by itself (D19.2.37, Watchpoint exception). */
        cpu_raise_sync(c, op, debug_target(c),
                       esr_make(EC_WATCHPT_LOWER, ISS_DEBUG | (cm || !(matched & WATCH_LOAD) ? ISS_WNR : 0) |
                                                      (cm ? ISS_CM : 0)),
                       hit, true, 0, false);
        return true;
    }
    return false;
}

/* ---- before each instruction ---- */

bool debug_before_insn(struct cpu *c)
{
    bool stepped = c->units.debug->stepping;

    c->units.debug->stepping = false;
    if (step_active(c)) {
        if (!c->arch.ss) {
            cpu_raise_sync(c, NULL, debug_target(c),
                           esr_make(EC_SOFTSTEP_LOWER, ISS_DEBUG | (stepped ? ISS_ISV : 0) |
                                                           (stepped && c->units.debug->ldx ? ISS_EX : 0)),
                           0, false, 0, false);
            return true;
        }
        c->arch.ss = false;
        c->units.debug->stepping = true;
        c->units.debug->ldx = false;
    }
    if ((c->arch.sr[SR_MDSCR_EL1] & MDSCR_MDE) && generates_now(c)) {
        for (unsigned n = 0; n < c->p.breakpoints; n++) {
            if (breakpoint_match(c, n, c->arch.pc)) {
                cpu_raise_sync(c, NULL, debug_target(c), esr_make(EC_BREAKPT_LOWER, ISS_DEBUG), 0, false, 0,
                               false);
                return true;
            }
        }
    }
    if (c->arch.il) {
        cpu_raise_sync(c, NULL, 0, esr_make(EC_ILLEGAL, 0), 0, false, 0, false);
        return true;
    }
    return false;
}

void debug_fetched(struct cpu *c, uint32_t insn)
{
    const uint32_t load_exclusive = A64_LOAD | A64_EXCLUSIVE;

    c->units.debug->ldx = (a64_properties_of(insn) & load_exclusive) == load_exclusive;
}

void debug_controls_changed(struct cpu *c)
{
    struct debug_unit *d = c->units.debug;
    bool mde = c->arch.sr[SR_MDSCR_EL1] & MDSCR_MDE, watch = false, live = c->arch.il || step_active(c);

    if (mde && !(c->arch.sr[SR_OSLSR_EL1] & OSLSR_OSLK))
        for (unsigned n = 0; n < c->p.watchpoints; n++)
            watch |= wcr(c, n) & BCR_E;
    if (mde && generates_now(c))
        for (unsigned n = 0; n < c->p.breakpoints; n++)
            live |= bcr(c, n) & BCR_E;
    if (watch != d->watch) {
        d->watch = watch;
        mmu_drop_everything(c);
    }
    if (live) {
        cpu_attention(c, CPU_ATTN_STEP);
    } else {
        c->host.attn &= (uint8_t)~CPU_ATTN_STEP;
        d->stepping = false;
    }
}

int debug_init(struct cpu *c)
{
    c->units.debug = calloc(1, sizeof(*c->units.debug));
    return c->units.debug ? 0 : -ENOMEM;
}

void debug_fini(struct cpu *c)
{
    free(c->units.debug);
    c->units.debug = NULL;
}

void debug_reset(struct cpu *c)
{
    c->units.debug->stepping = false;
    debug_controls_changed(c);
}

/* ---- registers ---- */

/* Address registers: bits 1:0 are RES0, the top is the sign of the address. Context breakpoints use all bits,
 * so DBGBVR keeps them. */
void sr_wr_dbgbvr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v;
}

void sr_wr_dbgbcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    unsigned n = (unsigned)(id - SR_DBGBCR0_EL1) / 4;
    uint64_t bt = tg_get(v, BCR_BT);

    /* The last ctx_breakpoints of them are context-aware; on the others those types are reserved and match
     * nothing. */
    if (bt > 1 && n + c->p.ctx_breakpoints < c->p.breakpoints)
        v &= ~BCR_BT;
    c->arch.sr[id] = v & (BCR_E | CR_PXC | BCR_BAS | CR_HMC | CR_SSC | CR_LBN | BCR_BT);
    debug_controls_changed(c);
}

/* What is watched changed while something is: the pages' tags must go. */
static void watch_changed(struct cpu *c)
{
    bool was = c->units.debug->watch;

    debug_controls_changed(c);
    if (was && c->units.debug->watch)
        mmu_drop_everything(c);
}

void sr_wr_dbgwvr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = (uint64_t)tg_sext(v, va_bits(c)) & ~UINT64_C(3);
    watch_changed(c);
}

void sr_wr_dbgwcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v & (BCR_E | CR_PXC | WCR_LSC | WCR_BAS | CR_HMC | CR_SSC | CR_LBN | WCR_WT | WCR_MASK);
    watch_changed(c);
}

void sr_wr_mdscr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v & (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | TG_BIT(14) | MDSCR_MDE);
    debug_controls_changed(c);
}

void sr_wr_oslar(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    c->arch.sr[SR_OSLSR_EL1] = (c->arch.sr[SR_OSLSR_EL1] & ~OSLSR_OSLK) | (v & 1 ? OSLSR_OSLK : 0);
    debug_controls_changed(c);
}

void sr_wr_osdlr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] = v;
}

/* Claim tags: the set register reads as what can be set, the clear register as what is (D17.3). */
uint64_t sr_rd_claimset(struct cpu *c, enum sr_id id)
{
    (void)c, (void)id;
    return 0xff;
}

void sr_wr_claimset(struct cpu *c, enum sr_id id, uint64_t v)
{
    (void)id;
    c->arch.sr[SR_DBGCLAIMCLR_EL1] |= v;
}

void sr_wr_claimclr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->arch.sr[id] &= ~v;
}
