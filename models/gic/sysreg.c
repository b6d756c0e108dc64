/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GICv3 CPU interface as AArch64 system registers: ICC_* (physical), ICV_* (what EL1 sees under
 * HCR_EL2.IMO/FMO), ICH_* (IHI 0069H 12.2 to 12.4). One table, indexed by encoding, says for each register
 * who may reach it and what it does; priorities and list registers themselves are in cpuif.c and vcpuif.c.
 * ICC_SRE_ELx is RAO/WI: there is no memory-mapped legacy interface.
 */
#include "models/gic/gic_state.h"

#define HCR_FMO TG_BIT(3)
#define HCR_IMO TG_BIT(4)
#define SCR_IRQ TG_BIT(1)
#define SCR_FIQ TG_BIT(2)

#define CTLR_CBPR    TG_BIT(0)
#define CTLR_EOIMODE TG_BIT(1)
#define CTLR_PRIBITS TG_FIELD(10, 8)
#define CTLR_A3V     TG_BIT(15)
#define CTLR_RSS     TG_BIT(18)

#define CTLR3_CBPR_S     TG_BIT(0)
#define CTLR3_CBPR_NS    TG_BIT(1)
#define CTLR3_EOIMODE    TG_BIT(2)
#define CTLR3_EOIMODE_S  TG_BIT(3)
#define CTLR3_EOIMODE_NS TG_BIT(4)
#define CTLR3_NDS        TG_BIT(17)

#define VTR_LISTREGS TG_FIELD(4, 0)
#define VTR_TDS      TG_BIT(19)
#define VTR_NV4      TG_BIT(20)
#define VTR_A3V      TG_BIT(21)
#define VTR_PREBITS  TG_FIELD(28, 26)
#define VTR_PRIBITS  TG_FIELD(31, 29)

#define SGIR_TARGETS TG_FIELD(15, 0)
#define SGIR_AFF1    TG_FIELD(23, 16)
#define SGIR_INTID   TG_FIELD(27, 24)
#define SGIR_AFF2    TG_FIELD(39, 32)
#define SGIR_IRM     TG_BIT(40)
#define SGIR_RS      TG_FIELD(47, 44)
#define SGIR_AFF3    TG_FIELD(55, 48)

#define INTID24 TG_FIELD(23, 0)

/* Which traps reach a register. */
enum kind {
    K_NONE,
    K_G0,     /* Group 0 */
    K_G1,     /* Group 1 */
    K_COMMON, /* both groups */
    K_DIR,    /* common, and ICH_HCR_EL2.TDIR */
    K_SGI,    /* common, never virtual */
    K_ICH,
};

enum limit {
    L_NONE,
    L_AP, /* index below the implemented active-priority registers */
    L_VAP,
    L_LR,
};

struct access {
    struct gic *g;
    struct gic_pe *p;
    const struct tg_gic_pe_ctx *ctx;
    unsigned index;
    tg_time now;
};

struct row {
    uint64_t (*read)(struct access *a);
    void (*write)(struct access *a, uint64_t v);
    uint64_t (*vread)(struct access *a);
    void (*vwrite)(struct access *a, uint64_t v);
    uint8_t min_el; /* 0: no such register */
    uint8_t kind, index, limit, latency;
};

/* ---- helpers ---- */

/* Bank of the accessing Security state; one bank only without Security states. */
static enum gic_sec bank_of(const struct access *a)
{
    return !a->g->ds && a->ctx->secure ? GIC_S : GIC_NS;
}

static unsigned group1_of(const struct access *a)
{
    return bank_of(a) == GIC_S ? GIC_G1S : GIC_G1NS;
}

/* Non-secure view of priorities: 0x80..0xff appear as 0..0xfe (IHI 0069 4.8.6). EL3 has the Secure one,
 * whatever SCR_EL3.NS says of the banks. */
static bool shifted(const struct access *a)
{
    return a->ctx->has_el3 && a->ctx->el != 3 && !a->ctx->secure && (a->ctx->scr_el3 & SCR_FIQ);
}

/* May this access see (acknowledge, drop) an interrupt of the group through the Group 1 registers, or Group 0
 * ones? */
static bool group_visible(const struct access *a, unsigned group)
{
    if (a->g->ds || a->ctx->el == 3)
        return true;
    return group == GIC_G1NS ? !a->ctx->secure : a->ctx->secure;
}

static bool eoi_split(const struct access *a)
{
    return a->p->eoimode[a->ctx->el == 3 ? GIC_EL3 : bank_of(a)];
}

/* ---- acknowledge and completion ---- */

/* The INTID that HPPIR0 (IAR0) or HPPIR1 (IAR1) shows for the highest priority pending interrupt. */
static unsigned visible_intid(struct access *a, bool group1)
{
    const struct gic_hppi *h = gic_hppi(a->g, a->p);

    if (h->intid == GIC_INTID_SPURIOUS)
        return GIC_INTID_SPURIOUS;
    if (group1)
        return h->group != GIC_G0 && group_visible(a, h->group) ? h->intid : (unsigned)GIC_INTID_SPURIOUS;
    if (h->group == GIC_G0)
        return group_visible(a, GIC_G0) ? h->intid : (unsigned)GIC_INTID_SPURIOUS;
    if (a->ctx->el != 3 || a->g->ds)
        return GIC_INTID_SPURIOUS;
    return h->group == GIC_G1S ? GIC_INTID_SECURE : GIC_INTID_NONSECURE;
}

static uint64_t read_hppir0(struct access *a)
{
    return visible_intid(a, false);
}

static uint64_t read_hppir1(struct access *a)
{
    return visible_intid(a, true);
}

static uint64_t acknowledge(struct access *a, bool group1)
{
    unsigned intid = gic_can_signal(a->g, a->p) ? visible_intid(a, group1) : (unsigned)GIC_INTID_SPURIOUS;

    if (intid >= GIC_FIRST_SPEC) {
        a->g->n_ack_spurious++;
        return intid;
    }
    return gic_acknowledge(a->g, a->p);
}

static uint64_t read_iar0(struct access *a)
{
    return acknowledge(a, false);
}

static uint64_t read_iar1(struct access *a)
{
    return acknowledge(a, true);
}

static void deactivate(struct access *a, unsigned intid)
{
    unsigned bit;
    struct gic_bank *b = gic_find(a->g, a->p, intid, &bit);

    if (b && group_visible(a, gic_group_of(a->g, b, bit)))
        gic_deactivate(a->g, a->p, intid);
}

static void end_of_interrupt(struct access *a, uint64_t v, bool group1)
{
    unsigned intid = (unsigned)tg_get(v, INTID24);
    unsigned group;

    /* What was never acknowledged, or through the other register: UNPREDICTABLE, ignored here. */
    if (intid >= GIC_FIRST_SPEC || gic_running(a->g, a->p, &group) == GIC_IDLE)
        return;
    if ((group != GIC_G0) != group1 || !group_visible(a, group))
        return;
    gic_priority_drop(a->g, a->p);
    if (!eoi_split(a))
        deactivate(a, intid);
}

static void write_eoir0(struct access *a, uint64_t v)
{
    end_of_interrupt(a, v, false);
}

static void write_eoir1(struct access *a, uint64_t v)
{
    end_of_interrupt(a, v, true);
}

static void write_dir(struct access *a, uint64_t v)
{
    if (eoi_split(a))
        deactivate(a, (unsigned)tg_get(v, INTID24));
}

/* ---- priorities ---- */

static uint64_t read_pmr(struct access *a)
{
    if (!shifted(a))
        return a->p->pmr;
    return a->p->pmr < 0x80 ? 0 : (a->p->pmr << 1) & 0xff;
}

static void write_pmr(struct access *a, uint64_t v)
{
    v &= 0xff;
    if (shifted(a)) {
        if (a->p->pmr < 0x80)
            return; /* Secure software masks: out of reach */
        v = 0x80 | v >> 1;
    }
    a->p->pmr = (uint8_t)v & gic_priority_mask(a->g);
    gic_touch_own(a->g, a->p);
}

static uint64_t read_rpr(struct access *a)
{
    unsigned group;
    uint8_t v = gic_running(a->g, a->p, &group);

    if (!shifted(a) || v == GIC_IDLE)
        return v;
    return v < 0x80 ? 0 : (v << 1) & 0xff;
}

static uint64_t read_bpr0(struct access *a)
{
    return a->p->bpr[GIC_G0];
}

static void write_bpr(struct access *a, unsigned group, uint64_t v)
{
    unsigned min = gic_min_bpr(a->g, group);

    a->p->bpr[group] = (uint8_t)((v & 7) < min ? min : v & 7);
    gic_touch_own(a->g, a->p);
}

static void write_bpr0(struct access *a, uint64_t v)
{
    write_bpr(a, GIC_G0, v);
}

/* With CBPR: Secure (and EL3) accesses reach BPR0; others read BPR0 + 1, saturated, and writes are ignored
 * (12.2.5). */
static uint64_t read_bpr1(struct access *a)
{
    enum gic_sec bank = bank_of(a);

    if (!a->p->cbpr[bank])
        return a->p->bpr[group1_of(a)];
    if (bank == GIC_S || (a->ctx->el == 3 && !a->g->ds))
        return a->p->bpr[GIC_G0];
    return a->p->bpr[GIC_G0] < 7 ? a->p->bpr[GIC_G0] + 1u : 7;
}

static void write_bpr1(struct access *a, uint64_t v)
{
    enum gic_sec bank = bank_of(a);

    if (!a->p->cbpr[bank])
        write_bpr(a, group1_of(a), v);
    else if (bank == GIC_S || (a->ctx->el == 3 && !a->g->ds))
        write_bpr(a, GIC_G0, v);
}

static uint64_t read_ap0r(struct access *a)
{
    return group_visible(a, GIC_G0) ? a->p->ap[GIC_G0][a->index] : 0;
}

static void write_ap0r(struct access *a, uint64_t v)
{
    if (!group_visible(a, GIC_G0))
        return;
    a->p->ap[GIC_G0][a->index] = (uint32_t)v & gic_ap_mask(a->g->prebits);
    gic_touch_own(a->g, a->p);
}

static uint64_t read_ap1r(struct access *a)
{
    return a->p->ap[group1_of(a)][a->index];
}

static void write_ap1r(struct access *a, uint64_t v)
{
    a->p->ap[group1_of(a)][a->index] = (uint32_t)v & gic_ap_mask(a->g->prebits);
    gic_touch_own(a->g, a->p);
}

/* ---- control ---- */

static uint64_t ctlr_constants(const struct gic *g)
{
    return tg_put(CTLR_PRIBITS, g->priority_bits - 1) | CTLR_A3V | (g->wide_aff0 ? CTLR_RSS : 0);
}

static uint64_t read_ctlr(struct access *a)
{
    enum gic_sec bank = bank_of(a);

    return ctlr_constants(a->g) | (a->p->cbpr[bank] ? CTLR_CBPR : 0) |
           (a->p->eoimode[bank] ? CTLR_EOIMODE : 0);
}

/* CBPR belongs to EL3 when there are two Security states. PMHE is RAZ/WI. */
static void write_ctlr(struct access *a, uint64_t v)
{
    enum gic_sec bank = bank_of(a);

    if (a->g->ds)
        a->p->cbpr[bank] = (v & CTLR_CBPR) != 0;
    a->p->eoimode[bank] = (v & CTLR_EOIMODE) != 0;
    gic_touch_own(a->g, a->p);
}

static uint64_t read_ctlr_el3(struct access *a)
{
    const struct gic_pe *p = a->p;

    return ctlr_constants(a->g) | (p->cbpr[GIC_S] ? CTLR3_CBPR_S : 0) |
           (p->cbpr[GIC_NS] ? CTLR3_CBPR_NS : 0) | (p->eoimode[GIC_EL3] ? CTLR3_EOIMODE : 0) |
           (p->eoimode[GIC_S] ? CTLR3_EOIMODE_S : 0) | (p->eoimode[GIC_NS] ? CTLR3_EOIMODE_NS : 0) |
           (a->g->security ? 0 : CTLR3_NDS);
}

static void write_ctlr_el3(struct access *a, uint64_t v)
{
    a->p->cbpr[GIC_S] = (v & CTLR3_CBPR_S) != 0;
    a->p->cbpr[GIC_NS] = (v & CTLR3_CBPR_NS) != 0;
    a->p->eoimode[GIC_EL3] = (v & CTLR3_EOIMODE) != 0;
    a->p->eoimode[GIC_S] = (v & CTLR3_EOIMODE_S) != 0;
    a->p->eoimode[GIC_NS] = (v & CTLR3_EOIMODE_NS) != 0;
    gic_touch_own(a->g, a->p);
}

static void set_igrpen(struct access *a, unsigned group, bool on)
{
    if (a->p->igrpen[group] == on)
        return;
    a->p->igrpen[group] = on;
    gic_reroute_one_of_n(a->g);
    gic_touch_own(a->g, a->p);
}

static uint64_t read_igrpen0(struct access *a)
{
    return group_visible(a, GIC_G0) && a->p->igrpen[GIC_G0];
}

static void write_igrpen0(struct access *a, uint64_t v)
{
    if (group_visible(a, GIC_G0))
        set_igrpen(a, GIC_G0, v & 1);
}

static uint64_t read_igrpen1(struct access *a)
{
    return a->p->igrpen[group1_of(a)];
}

static void write_igrpen1(struct access *a, uint64_t v)
{
    set_igrpen(a, group1_of(a), v & 1);
}

static uint64_t read_igrpen1_el3(struct access *a)
{
    return a->p->igrpen[GIC_G1NS] | tg_put(TG_BIT(1), a->p->igrpen[GIC_G1S]);
}

static void write_igrpen1_el3(struct access *a, uint64_t v)
{
    set_igrpen(a, GIC_G1NS, v & TG_BIT(0));
    set_igrpen(a, GIC_G1S, v & TG_BIT(1));
}

static uint64_t read_sre_el1(struct access *a)
{
    (void)a;
    return 7; /* SRE, DFB, DIB */
}

static uint64_t read_sre_el2(struct access *a)
{
    (void)a;
    return 15; /* and Enable */
}

static void ignore(struct access *a, uint64_t v)
{
    (void)a;
    (void)v;
}

/* ---- SGIs ---- */

/* Is an SGI asked for as `group` delivered to a PE that configured it as it did (IHI 0069 4.6, table 12-14
 * and GICR_NSACR)? */
static bool sgi_allowed(const struct access *a, const struct gic_pe *target, unsigned n, unsigned group)
{
    unsigned is = gic_group_of(a->g, &target->own, n);

    if (group == GIC_G1S && is == GIC_G0)
        group = GIC_G0;
    if (group != is)
        return false;
    if (a->g->ds || a->ctx->secure || a->ctx->el == 3 || is == GIC_G1NS)
        return true;
    return target->own.nsacr[n] >= (is == GIC_G0 ? 1 : 2);
}

static void send_sgi(struct access *a, uint64_t v, unsigned group)
{
    unsigned n = (unsigned)tg_get(v, SGIR_INTID);
    uint32_t cluster = (uint32_t)(tg_put(TG_FIELD(31, 24), tg_get(v, SGIR_AFF3)) |
                                  tg_put(TG_FIELD(23, 16), tg_get(v, SGIR_AFF2)) |
                                  tg_put(TG_FIELD(15, 8), tg_get(v, SGIR_AFF1)));
    unsigned first = 16 * (unsigned)tg_get(v, SGIR_RS);

    for (unsigned i = 0; i < a->g->n_pes; i++) {
        struct gic_pe *t = &a->g->pe[i];
        unsigned aff0 = t->affinity & 0xff;

        if (v & SGIR_IRM) {
            if (t == a->p)
                continue;
        } else if ((t->affinity & ~0xffu) != cluster || aff0 < first || aff0 - first > 15 ||
                   !(tg_get(v, SGIR_TARGETS) & TG_BIT(aff0 - first))) {
            continue;
        }
        if (sgi_allowed(a, t, n, group))
            gic_send_sgi(a->g, t, n, 0, a->now);
    }
}

static void write_sgi0r(struct access *a, uint64_t v)
{
    send_sgi(a, v, GIC_G0);
}

static void write_sgi1r(struct access *a, uint64_t v)
{
    send_sgi(a, v, group1_of(a));
}

static void write_asgi1r(struct access *a, uint64_t v)
{
    send_sgi(a, v, a->g->ds || bank_of(a) == GIC_S ? GIC_G1NS : GIC_G1S);
}

/* ---- ICV: what a guest sees ---- */

static uint64_t vhppir(struct access *a, unsigned group)
{
    int i = gic_vif_hppvi(a->g, a->p);
    uint64_t lr = i >= 0 ? a->p->v.lr[i] : 0;

    return i >= 0 && ((lr & ICH_LR_GROUP) != 0) == group ? tg_get(lr, ICH_LR_VINTID)
                                                         : (uint64_t)GIC_INTID_SPURIOUS;
}

static uint64_t vread_hppir0(struct access *a)
{
    return vhppir(a, 0);
}

static uint64_t vread_hppir1(struct access *a)
{
    return vhppir(a, 1);
}

static uint64_t viar(struct access *a, unsigned group)
{
    int i = gic_vif_hppvi(a->g, a->p);
    uint64_t intid;

    if (!gic_vif_can_signal(a->g, a->p, i) || ((a->p->v.lr[i] & ICH_LR_GROUP) != 0) != group)
        return GIC_INTID_SPURIOUS;
    intid = tg_get(a->p->v.lr[i], ICH_LR_VINTID);
    /* A list register with a special INTID (1020..1023): UNPREDICTABLE; read as it is, without a change of
     * state. */
    if (intid < GIC_FIRST_SPEC || intid > GIC_INTID_SPURIOUS)
        gic_vif_acknowledge(a->g, a->p, (unsigned)i);
    return intid;
}

static uint64_t vread_iar0(struct access *a)
{
    return viar(a, 0);
}

static uint64_t vread_iar1(struct access *a)
{
    return viar(a, 1);
}

static void vwrite_eoir0(struct access *a, uint64_t v)
{
    gic_vif_eoi(a->g, a->p, (uint32_t)tg_get(v, INTID24), 0);
}

static void vwrite_eoir1(struct access *a, uint64_t v)
{
    gic_vif_eoi(a->g, a->p, (uint32_t)tg_get(v, INTID24), 1);
}

static void vwrite_dir(struct access *a, uint64_t v)
{
    gic_vif_dir(a->g, a->p, (uint32_t)tg_get(v, INTID24));
}

static uint64_t vread_pmr(struct access *a)
{
    return tg_get(a->p->v.vmcr, ICH_VMCR_VPMR);
}

/* A field of ICH_VMCR_EL2, with its rules. */
static void put_vmcr(struct access *a, uint64_t field, uint64_t v)
{
    gic_vif_set_vmcr(a->g, a->p, (uint32_t)tg_with(a->p->v.vmcr, field, v));
}

static void vwrite_pmr(struct access *a, uint64_t v)
{
    put_vmcr(a, ICH_VMCR_VPMR, v & 0xff);
}

static uint64_t vread_rpr(struct access *a)
{
    unsigned group;

    return gic_vif_running(a->g, a->p, &group);
}

static uint64_t vread_bpr0(struct access *a)
{
    return gic_vif_bpr(a->g, a->p, 0);
}

static void vwrite_bpr0(struct access *a, uint64_t v)
{
    gic_vif_set_bpr(a->g, a->p, 0, v & 7);
}

static uint64_t vread_bpr1(struct access *a)
{
    return gic_vif_bpr(a->g, a->p, 1);
}

static void vwrite_bpr1(struct access *a, uint64_t v)
{
    gic_vif_set_bpr(a->g, a->p, 1, v & 7);
}

static uint64_t vread_ap0r(struct access *a)
{
    return a->p->v.ap[0][a->index];
}

static void vwrite_ap0r(struct access *a, uint64_t v)
{
    a->p->v.ap[0][a->index] = (uint32_t)v;
}

static uint64_t vread_ap1r(struct access *a)
{
    return a->p->v.ap[1][a->index];
}

static void vwrite_ap1r(struct access *a, uint64_t v)
{
    a->p->v.ap[1][a->index] = (uint32_t)v;
}

static uint64_t vread_ctlr(struct access *a)
{
    uint32_t vmcr = a->p->v.vmcr;

    return tg_put(CTLR_PRIBITS, a->g->vpriority_bits - 1) | CTLR_A3V | (a->g->wide_aff0 ? CTLR_RSS : 0) |
           (vmcr & ICH_VMCR_VCBPR ? CTLR_CBPR : 0) | (vmcr & ICH_VMCR_VEOIM ? CTLR_EOIMODE : 0);
}

static void vwrite_ctlr(struct access *a, uint64_t v)
{
    put_vmcr(a, ICH_VMCR_VCBPR, (v & CTLR_CBPR) != 0);
    put_vmcr(a, ICH_VMCR_VEOIM, (v & CTLR_EOIMODE) != 0);
}

static uint64_t vread_igrpen0(struct access *a)
{
    return tg_get(a->p->v.vmcr, ICH_VMCR_VENG0);
}

static void vwrite_igrpen0(struct access *a, uint64_t v)
{
    put_vmcr(a, ICH_VMCR_VENG0, v & 1);
}

static uint64_t vread_igrpen1(struct access *a)
{
    return tg_get(a->p->v.vmcr, ICH_VMCR_VENG1);
}

static void vwrite_igrpen1(struct access *a, uint64_t v)
{
    put_vmcr(a, ICH_VMCR_VENG1, v & 1);
}

/* ---- ICH ---- */

static uint64_t read_ich_hcr(struct access *a)
{
    return a->p->v.hcr;
}

static void write_ich_hcr(struct access *a, uint64_t v)
{
    gic_vif_set_hcr(a->g, a->p, (uint32_t)v);
}

static uint64_t read_ich_vtr(struct access *a)
{
    const struct gic *g = a->g;

    return tg_put(VTR_LISTREGS, g->list_regs - 1) | VTR_TDS | VTR_NV4 | VTR_A3V |
           tg_put(VTR_PREBITS, g->vprebits - 1) | tg_put(VTR_PRIBITS, g->vpriority_bits - 1);
}

static uint64_t read_ich_misr(struct access *a)
{
    return gic_vif_misr(a->g, a->p);
}

static uint64_t read_ich_eisr(struct access *a)
{
    return gic_vif_eisr(a->g, a->p);
}

static uint64_t read_ich_elrsr(struct access *a)
{
    return gic_vif_elrsr(a->g, a->p);
}

static uint64_t read_ich_vmcr(struct access *a)
{
    return a->p->v.vmcr;
}

static void write_ich_vmcr(struct access *a, uint64_t v)
{
    gic_vif_set_vmcr(a->g, a->p, (uint32_t)v);
}

static uint64_t read_ich_lr(struct access *a)
{
    return a->p->v.lr[a->index];
}

static void write_ich_lr(struct access *a, uint64_t v)
{
    gic_vif_set_lr(a->g, a->p, a->index, v);
}

/* ---- the table ---- */

#define SLOTS               512
#define SLOT(op1, crm, op2) (((op1) / 2) * 128 + (crm)*8 + (op2)) /* CRn is 12 */
#define SLOT_PMR            SLOT(2, 0, 0)                         /* 3,0,4,6,0: in a place that nobody has */

#define RW(n)  .read = read_##n, .write = write_##n
#define VRW(n) RW(n), .vread = vread_##n, .vwrite = vwrite_##n
#define VRO(n) .read = read_##n, .vread = vread_##n
#define VWO(n) .write = write_##n, .vwrite = vwrite_##n

#define AP0(i)                \
    [SLOT(0, 8, 4 + (i))] = { \
        .min_el = 1, .kind = K_G0, .latency = GIC_LAT_CONTROL, VRW(ap0r), .index = (i), .limit = L_AP}
#define AP1(i)            \
    [SLOT(0, 9, (i))] = { \
        .min_el = 1, .kind = K_G1, .latency = GIC_LAT_CONTROL, VRW(ap1r), .index = (i), .limit = L_AP}
#define HAP(i)                                               \
    [SLOT(4, 8, (i))] = {.min_el = 2,                        \
                         .kind = K_ICH,                      \
                         .latency = GIC_LAT_ICH,             \
                         .read = vread_ap0r,                 \
                         .write = vwrite_ap0r,               \
                         .index = (i),                       \
                         .limit = L_VAP},                    \
                [SLOT(4, 9, (i))] = {.min_el = 2,            \
                                     .kind = K_ICH,          \
                                     .latency = GIC_LAT_ICH, \
                                     .read = vread_ap1r,     \
                                     .write = vwrite_ap1r,   \
                                     .index = (i),           \
                                     .limit = L_VAP}
#define LR(i)                            \
    [SLOT(4, 12 + (i) / 8, (i) % 8)] = { \
        .min_el = 2, .kind = K_ICH, .latency = GIC_LAT_LR, RW(ich_lr), .index = (i), .limit = L_LR}

static const struct row rows[SLOTS] = {
    [SLOT_PMR] = {.min_el = 1, .kind = K_COMMON, .latency = GIC_LAT_CONTROL, VRW(pmr)},
    [SLOT(0, 8, 0)] = {.min_el = 1, .kind = K_G0, .latency = GIC_LAT_ACK, VRO(iar0)},
    [SLOT(0, 8, 1)] = {.min_el = 1, .kind = K_G0, .latency = GIC_LAT_EOI, VWO(eoir0)},
    [SLOT(0, 8, 2)] = {.min_el = 1, .kind = K_G0, .latency = GIC_LAT_ACK, VRO(hppir0)},
    [SLOT(0, 8, 3)] = {.min_el = 1, .kind = K_G0, .latency = GIC_LAT_CONTROL, VRW(bpr0)},
    AP0(0),
    AP0(1),
    AP0(2),
    AP0(3),
    AP1(0),
    AP1(1),
    AP1(2),
    AP1(3),
    [SLOT(0, 11, 1)] = {.min_el = 1, .kind = K_DIR, .latency = GIC_LAT_EOI, VWO(dir)},
    [SLOT(0, 11, 3)] = {.min_el = 1, .kind = K_COMMON, .latency = GIC_LAT_CONTROL, VRO(rpr)},
    [SLOT(0, 11, 5)] = {.min_el = 1, .kind = K_SGI, .latency = GIC_LAT_SGI, .write = write_sgi1r},
    [SLOT(0, 11, 6)] = {.min_el = 1, .kind = K_SGI, .latency = GIC_LAT_SGI, .write = write_asgi1r},
    [SLOT(0, 11, 7)] = {.min_el = 1, .kind = K_SGI, .latency = GIC_LAT_SGI, .write = write_sgi0r},
    [SLOT(0, 12, 0)] = {.min_el = 1, .kind = K_G1, .latency = GIC_LAT_ACK, VRO(iar1)},
    [SLOT(0, 12, 1)] = {.min_el = 1, .kind = K_G1, .latency = GIC_LAT_EOI, VWO(eoir1)},
    [SLOT(0, 12, 2)] = {.min_el = 1, .kind = K_G1, .latency = GIC_LAT_ACK, VRO(hppir1)},
    [SLOT(0, 12, 3)] = {.min_el = 1, .kind = K_G1, .latency = GIC_LAT_CONTROL, VRW(bpr1)},
    [SLOT(0, 12, 4)] = {.min_el = 1, .kind = K_COMMON, .latency = GIC_LAT_CONTROL, VRW(ctlr)},
    [SLOT(0, 12, 5)] =
        {.min_el = 1, .kind = K_NONE, .latency = GIC_LAT_CONTROL, .read = read_sre_el1, .write = ignore},
    [SLOT(0, 12, 6)] = {.min_el = 1, .kind = K_G0, .latency = GIC_LAT_CONTROL, VRW(igrpen0)},
    [SLOT(0, 12, 7)] = {.min_el = 1, .kind = K_G1, .latency = GIC_LAT_CONTROL, VRW(igrpen1)},
    HAP(0),
    HAP(1),
    HAP(2),
    HAP(3),
    [SLOT(
        4, 9,
        5)] = {.min_el = 2, .kind = K_ICH, .latency = GIC_LAT_CONTROL, .read = read_sre_el2, .write = ignore},
    [SLOT(4, 11, 0)] = {.min_el = 2, .kind = K_ICH, .latency = GIC_LAT_ICH, RW(ich_hcr)},
    [SLOT(4, 11, 1)] = {.min_el = 2, .kind = K_ICH, .latency = GIC_LAT_ICH, .read = read_ich_vtr},
    [SLOT(4, 11, 2)] = {.min_el = 2, .kind = K_ICH, .latency = GIC_LAT_ICH, .read = read_ich_misr},
    [SLOT(4, 11, 3)] = {.min_el = 2, .kind = K_ICH, .latency = GIC_LAT_ICH, .read = read_ich_eisr},
    [SLOT(4, 11, 5)] = {.min_el = 2, .kind = K_ICH, .latency = GIC_LAT_ICH, .read = read_ich_elrsr},
    [SLOT(4, 11, 7)] = {.min_el = 2, .kind = K_ICH, .latency = GIC_LAT_ICH, RW(ich_vmcr)},
    LR(0),
    LR(1),
    LR(2),
    LR(3),
    LR(4),
    LR(5),
    LR(6),
    LR(7),
    LR(8),
    LR(9),
    LR(10),
    LR(11),
    LR(12),
    LR(13),
    LR(14),
    LR(15),
    [SLOT(6, 12, 4)] = {.min_el = 3, .kind = K_NONE, .latency = GIC_LAT_CONTROL, RW(ctlr_el3)},
    [SLOT(6, 12, 5)] =
        {.min_el = 3, .kind = K_NONE, .latency = GIC_LAT_CONTROL, .read = read_sre_el2, .write = ignore},
    [SLOT(6, 12, 7)] = {.min_el = 3, .kind = K_NONE, .latency = GIC_LAT_CONTROL, RW(igrpen1_el3)},
};

static const struct row *find_row(uint32_t enc)
{
    unsigned op1 = (unsigned)tg_get(enc, TG_SYSENC_OP1);

    if (enc == TG_SYSENC(3, 0, 4, 6, 0))
        return &rows[SLOT_PMR];
    if (tg_get(enc, TG_SYSENC_OP0) != 3 || tg_get(enc, TG_SYSENC_CRN) != 12 ||
        (op1 != 0 && op1 != 4 && op1 != 6))
        return NULL;
    return &rows[SLOT(op1, tg_get(enc, TG_SYSENC_CRM), tg_get(enc, TG_SYSENC_OP2))];
}

/* ---- access ---- */

/* Traps of an EL1 access to EL2, and whether it goes to the virtual interface (IHI 0069 6.1.1,
 * ICH_HCR_EL2; 12.2). */
static enum tg_sysreg_result check_el2(const struct row *r, const struct access *a, bool *virtual)
{
    uint32_t hcr = a->p->v.hcr;
    bool fmo = (a->ctx->hcr_el2 & HCR_FMO) != 0, imo = (a->ctx->hcr_el2 & HCR_IMO) != 0;
    bool trap = false;

    switch (r->kind) {
    case K_G0:
        trap = (hcr & ICH_HCR_TALL0) != 0;
        *virtual = fmo;
        break;
    case K_G1:
        trap = (hcr & ICH_HCR_TALL1) != 0;
        *virtual = imo;
        break;
    case K_DIR:
    case K_COMMON:
        trap = (hcr & ICH_HCR_TC) || (r->kind == K_DIR && (hcr & ICH_HCR_TDIR));
        *virtual = fmo || imo;
        break;
    case K_SGI:
        trap = (hcr & ICH_HCR_TC) || fmo || imo;
        break;
    default:
        break;
    }
    return trap ? TG_SYSREG_TRAP_EL2 : TG_SYSREG_OK;
}

/* Traps to EL3 where SCR_EL3 takes the group's interrupts there. */
static bool traps_to_el3(const struct row *r, uint64_t scr)
{
    switch (r->kind) {
    case K_G0:
        return (scr & SCR_FIQ) != 0;
    case K_G1:
        return (scr & SCR_IRQ) != 0;
    case K_COMMON:
    case K_DIR:
    case K_SGI:
        return (scr & SCR_FIQ) && (scr & SCR_IRQ);
    default:
        return false;
    }
}

static bool exists(const struct row *r, const struct access *a, bool virtual)
{
    const struct gic *g = a->g;

    switch (r->limit) {
    case L_AP:
        return r->index < (virtual ? g->vap_regs : g->ap_regs);
    case L_VAP:
        return r->index < g->vap_regs;
    case L_LR:
        return r->index < g->list_regs;
    default:
        return true;
    }
}

enum tg_sysreg_result gic_sysreg(void *opaque, unsigned pe, uint32_t enc, bool write, uint64_t *value,
                                 const struct tg_gic_pe_ctx *ctx, tg_time now, tg_time *latency)
{
    struct gic *g = opaque;
    const struct row *r = find_row(enc);
    struct access a = {.g = g, .p = &g->pe[pe], .ctx = ctx, .now = now};
    enum tg_sysreg_result result = TG_SYSREG_OK;
    bool virtual = false;

    *latency = 0;
    if (!r || !r->min_el || ctx->el < r->min_el || !(write ? (void *)r->write : (void *)r->read))
        return TG_SYSREG_UNDEF;
    if ((r->kind == K_ICH && !ctx->has_el2) || (r->min_el == 3 && !ctx->has_el3))
        return TG_SYSREG_UNDEF;
    a.index = r->index;
    if (ctx->el == 1 && ctx->el2_enabled)
        result = check_el2(r, &a, &virtual);
    if (!exists(r, &a, virtual)) /* before any trap */
        return TG_SYSREG_UNDEF;
    if (result != TG_SYSREG_OK)
        return result;
    if (!virtual && ctx->el < 3 && ctx->has_el3 && traps_to_el3(r, ctx->scr_el3))
        return TG_SYSREG_TRAP_EL3;
    *latency = g->latency[virtual ? GIC_LAT_VIRTUAL : r->latency];
    if (write) {
        g->n_sysreg_write++;
        (virtual ? r->vwrite : r->write)(&a, *value);
    } else {
        g->n_sysreg_read++;
        *value = (virtual ? r->vread : r->read)(&a);
    }
    if (write || r->latency == GIC_LAT_ACK) {
        if (virtual || r->kind == K_ICH)
            gic_vif_update(g, a.p, now);
        gic_update(g, now);
    }
    return TG_SYSREG_OK;
}

void gic_ctx_changed(void *opaque, unsigned pe, const struct tg_gic_pe_ctx *ctx, tg_time now)
{
    struct gic *g = opaque;
    struct gic_pe *p = &g->pe[pe];

    if (p->el == ctx->el && p->secure == ctx->secure)
        return;
    p->el = ctx->el;
    p->secure = ctx->secure;
    if (!g->ds)
        gic_cpuif_update(g, p, now);
}
