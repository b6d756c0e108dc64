/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The microvisor's virtual GICv3: distributor and redistributors emulated on trapped accesses, interrupts
 * delivered by list registers (GIC IHI 0069, chapters 5, 8 and 9). SGIs, PPIs and SPIs 32-63, Group 0 and 1;
 * no LPIs. What the guest leaves active is kept in list registers only. The virtual timer's interrupt is
 * injected as a hardware interrupt, so that the guest's EOI deactivates the physical one.
 */
#include "mv.h"

#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_HCR_EL2   S3_4_C12_C11_0
#define ICH_VTR_EL2   S3_4_C12_C11_1
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2  S3_4_C12_C11_7
#define ICH_HCR_EN    RT_BIT(0)
#define ICH_HCR_UIE   RT_BIT(1)

#define LR_STATE(lr)  RT_GET(lr, 63, 62)
#define LR_PENDING    RT_BIT(62)
#define LR_ACTIVE     RT_BIT(63)
#define LR_HW         RT_BIT(61)
#define LR_GROUP1     RT_BIT(60)
#define LR_VINTID(lr) RT_GET(lr, 31, 0)

/* clang-format off */
#define LR_CASES(X) \
    X(0, S3_4_C12_C12_0) X(1, S3_4_C12_C12_1) X(2, S3_4_C12_C12_2) X(3, S3_4_C12_C12_3) X(4, S3_4_C12_C12_4) \
    X(5, S3_4_C12_C12_5) X(6, S3_4_C12_C12_6) X(7, S3_4_C12_C12_7) X(8, S3_4_C12_C13_0) X(9, S3_4_C12_C13_1) \
    X(10, S3_4_C12_C13_2) X(11, S3_4_C12_C13_3) X(12, S3_4_C12_C13_4) X(13, S3_4_C12_C13_5) X(14, S3_4_C12_C13_6) \
    X(15, S3_4_C12_C13_7)
/* clang-format on */

static void lr_write(unsigned n, uint64_t v)
{
    switch (n) {
#define LR_WRITE(i, reg) \
    case i:              \
        rt_msr(reg, v);  \
        break;
        LR_CASES(LR_WRITE)
    }
}

static uint64_t lr_read(unsigned n)
{
    switch (n) {
#define LR_READ(i, reg) \
    case i:             \
        return rt_mrs(reg);
        LR_CASES(LR_READ)
    }
    return 0;
}

void mv_vgic_init(struct mv_vm *vm)
{
    vm->lrs = (unsigned)RT_GET(rt_mrs(ICH_VTR_EL2), 4, 0) + 1;
    for (unsigned i = 0; i < MV_VCPUS; i++)
        vm->vcpu[i].waker = 0x6; /* ProcessorSleep, ChildrenAsleep */
}

void mv_vgic_load(struct mv_vcpu *v)
{
    rt_msr(ICH_VMCR_EL2, v->vmcr);
    rt_msr(ICH_AP1R0_EL2, v->ap1r0);
}

void mv_vgic_put(struct mv_vcpu *v)
{
    v->vmcr = rt_mrs(ICH_VMCR_EL2);
    v->ap1r0 = rt_mrs(ICH_AP1R0_EL2);
}

/* ---- list registers ---- */

static uint32_t spi_todo(struct mv_vm *vm, struct mv_vcpu *v)
{
    uint32_t todo = vm->spi.pend & vm->spi.enable;
    for (unsigned i = 0; todo >> i && i < 32; i++)
        if ((todo & RT_BIT(i)) && (vm->irouter[i] & 0xff) != v->id)
            todo &= ~(uint32_t)RT_BIT(i);
    return todo;
}

bool mv_vgic_pending(struct mv_vm *vm, struct mv_vcpu *v)
{
    if ((v->priv.pend & v->priv.enable) || (vm->spi.pend && spi_todo(vm, v)))
        return true;
    for (unsigned i = 0; i < vm->lrs; i++)
        if ((v->lrs_used & RT_BIT(i)) && (v->lr[i] & LR_PENDING))
            return true;
    return false;
}

/* One interrupt into a list register; false when all are taken. */
static bool queue(struct mv_vm *vm, struct mv_vcpu *v, struct mv_bank *b, unsigned bit, unsigned intid)
{
    unsigned room = vm->lrs;
    for (unsigned i = vm->lrs; i-- > 0;) {
        if (!(v->lrs_used & RT_BIT(i))) {
            room = i;
        } else if (LR_VINTID(v->lr[i]) == intid) {
            if (v->lr[i] & LR_HW) /* cannot be pending and active; its physical twin is still active */
                return true;
            v->lr[i] |= LR_PENDING;
            b->pend &= ~(uint32_t)RT_BIT(bit);
            return true;
        }
    }
    if (room == vm->lrs)
        return false;
    uint64_t lr = LR_PENDING | RT_PUT(b->prio[bit], 55, 48) | intid;
    if (b->group & RT_BIT(bit))
        lr |= LR_GROUP1;
    if (intid == 27)
        lr |= LR_HW | RT_PUT(rt.ppi_virt, 44, 32);
    v->lr[room] = lr;
    v->lrs_used |= (uint32_t)RT_BIT(room);
    b->pend &= ~(uint32_t)RT_BIT(bit);
    return true;
}

void mv_vgic_flush(struct mv_vm *vm, struct mv_vcpu *v)
{
    uint64_t hcr = ICH_HCR_EN;
    uint32_t todo = v->priv.pend & v->priv.enable;
    if ((todo || vm->spi.pend) && (vm->gicd_ctlr & 3)) {
        rt_lock(&vm->gic_lock);
        todo = v->priv.pend & v->priv.enable;
        for (unsigned i = 0; i < 32; i++)
            if ((todo & RT_BIT(i)) && !queue(vm, v, &v->priv, i, i))
                hcr |= ICH_HCR_UIE;
        todo = spi_todo(vm, v);
        for (unsigned i = 0; i < 32; i++)
            if ((todo & RT_BIT(i)) && !queue(vm, v, &vm->spi, i, 32 + i))
                hcr |= ICH_HCR_UIE;
        rt_unlock(&vm->gic_lock);
    }
    for (unsigned i = 0; i < MV_LRS && v->lrs_used >> i; i++)
        if (v->lrs_used & RT_BIT(i))
            lr_write(i, v->lr[i]);
    rt_msr(ICH_HCR_EL2, hcr);
}

void mv_vgic_sync(struct mv_vcpu *v)
{
    if (v->lrs_used) {
        uint64_t empty = rt_mrs(ICH_ELRSR_EL2);
        for (unsigned i = 0; i < MV_LRS && v->lrs_used >> i; i++) {
            if (!(v->lrs_used & RT_BIT(i)))
                continue;
            v->lr[i] = (empty & RT_BIT(i)) ? 0 : lr_read(i);
            if (!LR_STATE(v->lr[i]))
                v->lrs_used &= ~(uint32_t)RT_BIT(i);
            lr_write(i, 0);
        }
    }
    rt_msr(ICH_HCR_EL2, 0);
}

void mv_vgic_inject(struct mv_vm *vm, struct mv_vcpu *v, unsigned intid)
{
    rt_lock(&vm->gic_lock);
    v->priv.pend |= (uint32_t)RT_BIT(intid);
    rt_unlock(&vm->gic_lock);
    if (v->id != rt_cpu())
        rt_gic_send_sgi(rt.mpidr[v->id], MV_KICK_SGI);
}

void mv_vgic_sgi(struct mv_vm *vm, struct mv_vcpu *v, uint64_t sgi1r)
{
    unsigned id = (unsigned)RT_GET(sgi1r, 27, 24);
    for (unsigned i = 0; i < vm->vcpus; i++) {
        bool target = RT_GET(sgi1r, 40, 40)
                          ? i != v->id /* IRM: all but self */
                          : !RT_GET(sgi1r, 39, 32) && !RT_GET(sgi1r, 23, 16) && !RT_GET(sgi1r, 55, 48) &&
                                (RT_GET(sgi1r, 15, 0) & RT_BIT(i));
        if (target)
            mv_vgic_inject(vm, &vm->vcpu[i], id);
    }
}

/* ---- registers ---- */

enum {
    IGROUPR = 0x080,
    ISENABLER = 0x100,
    ICENABLER = 0x180,
    ISPENDR = 0x200,
    ICPENDR = 0x280,
    ISACTIVER = 0x300,
    ICACTIVER = 0x380,
    IPRIORITYR = 0x400,
    ITARGETSR = 0x800,
    ICFGR = 0xc00,
    IGRPMODR = 0xd00,
    IROUTER = 0x6100,
    PIDR2 = 0xffe8,
    GICR_TYPER = 0x08,
    GICR_WAKER = 0x14,
};

/* Registers that exist once per bank of 32 interrupts; banks[n] NULL reads as zero and ignores writes. */
static void bank_access(struct mv_bank *const banks[2], uint32_t off, unsigned size, bool write,
                        uint64_t *val)
{
    struct mv_bank *b;
    if (off >= IPRIORITYR && off < ITARGETSR) {
        uint32_t i = off - IPRIORITYR;
        b = i < 64 ? banks[i / 32] : NULL;
        if (!write)
            *val = 0;
        for (unsigned k = 0; b && k < size && i % 32 + k < 32; k++) {
            if (write)
                b->prio[i % 32 + k] = (uint8_t)(RT_GET(*val, 63, 8 * k) & 0xf8); /* five bits implemented */
            else
                *val |= RT_PUT(b->prio[i % 32 + k], 8 * k + 7, 8 * k);
        }
        return;
    }
    if (off >= ICFGR && off < IGRPMODR) {
        uint32_t i = (off - ICFGR) / 4;
        b = i < 4 ? banks[i / 2] : NULL;
        if (!write)
            *val = b ? b->cfg[i % 2] : 0;
        else if (b && !(b != banks[1] && i == 0)) /* SGIs are edge, always */
            b->cfg[i % 2] = (uint32_t)*val & 0xaaaaaaaa;
        return;
    }
    uint32_t i = (off & 0x7f) / 4, v = (uint32_t)*val;
    b = i < 2 ? banks[i] : NULL;
    if (!write)
        *val = 0;
    if (!b)
        return;
    switch (off & ~0x7fu) {
    case IGROUPR:
        if (write)
            b->group = v;
        else
            *val = b->group;
        break;
    case ISENABLER:
    case ICENABLER:
        if (!write)
            *val = b->enable;
        else if ((off & ~0x7fu) == ISENABLER)
            b->enable |= v;
        else
            b->enable &= ~v;
        break;
    case ISPENDR:
    case ICPENDR:
        if (!write)
            *val = b->pend;
        else if ((off & ~0x7fu) == ISPENDR)
            b->pend |= v;
        else
            b->pend &= ~v;
        break;
    default: /* ISACTIVER, ICACTIVER, IGRPMODR: activity lives in the list registers only */
        break;
    }
}

static void dist_access(struct mv_vm *vm, uint32_t off, unsigned size, bool write, uint64_t *val)
{
    struct mv_bank *const banks[2] = {NULL, &vm->spi};
    if (off >= IROUTER && off < IROUTER + 8 * 32) {
        uint64_t *r = &vm->irouter[(off - IROUTER) / 8];
        if (write)
            *r = *val;
        else
            *val = *r;
    } else if (off >= IGROUPR && off < 0x1000) {
        bank_access(banks, off, size, write, val);
    } else if (write) {
        if (off == GICD_CTLR)
            vm->gicd_ctlr = (uint32_t)*val & 3;
    } else if (off == GICD_CTLR) {
        *val = vm->gicd_ctlr | RT_BIT(6) | RT_BIT(4); /* DS, ARE */
    } else if (off == GICD_TYPER) {
        *val = RT_PUT(15, 23, 19) | RT_PUT(1, 4, 0); /* 16 bits of INTID, 64 interrupts */
    } else if (off == GICD_IIDR) {
        *val = 0x43b;
    } else if (off == PIDR2) {
        *val = 0x3b; /* GICv3 */
    } else {
        *val = 0;
    }
}

static void redist_access(struct mv_vm *vm, struct mv_vcpu *v, uint32_t off, unsigned size, bool write,
                          uint64_t *val)
{
    struct mv_bank *const banks[2] = {&v->priv, NULL};
    if (off >= GICR_FRAME + IGROUPR && off < GICR_FRAME + 0x1000) {
        bank_access(banks, off - GICR_FRAME, size, write, val);
    } else if (off == GICR_WAKER) {
        if (write)
            v->waker = (*val & 2) ? 0x6 : 0;
        else
            *val = v->waker;
    } else if (!write) {
        uint64_t typer =
            RT_PUT(v->id, 63, 32) | RT_PUT(v->id, 23, 8) | (v->id + 1 == vm->vcpus ? RT_BIT(4) : 0);
        *val = off == GICD_TYPER       ? 0x43b
               : off == GICR_TYPER     ? typer
               : off == GICR_TYPER + 4 ? typer >> 32
               : off == PIDR2          ? 0x3b
                                       : 0; /* offset 4 of a redistributor is GICR_IIDR */
    }
}

bool mv_vgic_mmio(struct mv_vm *vm, struct mv_vcpu *v, uint64_t ipa, unsigned size, bool write, uint64_t *val)
{
    uint64_t frame = 2 * GICR_FRAME;
    if (ipa - GUEST_GICD < 0x10000) {
        rt_lock(&vm->gic_lock);
        dist_access(vm, (uint32_t)(ipa - GUEST_GICD), size, write, val);
        rt_unlock(&vm->gic_lock);
    } else if (ipa - GUEST_GICR < frame * vm->vcpus) {
        struct mv_vcpu *t = &vm->vcpu[(ipa - GUEST_GICR) / frame];
        rt_lock(&vm->gic_lock);
        redist_access(vm, t, (uint32_t)((ipa - GUEST_GICR) % frame), size, write, val);
        rt_unlock(&vm->gic_lock);
    } else {
        return false;
    }
    (void)v;
    return true;
}
