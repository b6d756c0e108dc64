/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system-register half of the world switch: EL1 state of guest and host, trap controls, stage 2 on and
 * off; with and without VHE (with HCR_EL2.E2H the guest's registers are reached by their _EL12 names, DDI
 * 0487 D8.10). General registers are world.S's, the virtual GIC's registers vgic.c's.
 *
 * FP is lazy: the hypervisor is built without FP and one vCPU owns a PE, so a vCPU's first FP instruction
 * traps once and its state then stays in the registers.
 */
#include "mv.h"

enum {
    CPTR_TFP_BIT = 10, /* CPTR_EL2.TFP */
};
#define HCR_E2H    RT_BIT(34)
#define HCR_RW     RT_BIT(31)
#define HCR_TGE    RT_BIT(27)
#define HCR_TIDCP  RT_BIT(20)
#define HCR_TSC    RT_BIT(19)
#define HCR_TWI    RT_BIT(13)
#define HCR_BSU_IS RT_BIT(10)
#define HCR_FB     RT_BIT(9)
#define HCR_AMO    RT_BIT(5)
#define HCR_IMO    RT_BIT(4)
#define HCR_FMO    RT_BIT(3)
#define HCR_PTW    RT_BIT(2)
#define HCR_SWIO   RT_BIT(1)
#define HCR_VM     RT_BIT(0)
#define HCR_GUEST                                                                                           \
    (HCR_RW | HCR_TIDCP | HCR_TSC | HCR_TWI | HCR_BSU_IS | HCR_FB | HCR_AMO | HCR_IMO | HCR_FMO | HCR_PTW | \
     HCR_SWIO | HCR_VM)

/* clang-format off */
/* name at EL2 without VHE, name with VHE, value at reset */
#define EL1_TABLE(R) \
    R(sp_el0, sp_el0, 0) \
    R(sp_el1, sp_el1, 0) \
    R(tpidr_el0, tpidr_el0, 0) \
    R(tpidrro_el0, tpidrro_el0, 0) \
    R(tpidr_el1, tpidr_el1, 0) \
    R(csselr_el1, csselr_el1, 0) \
    R(actlr_el1, actlr_el1, 0) \
    R(mdscr_el1, mdscr_el1, 0) \
    R(par_el1, par_el1, 0) \
    R(sctlr_el1, S3_5_C1_C0_0, RT_SCTLR_EL1_RES1) \
    R(cpacr_el1, S3_5_C1_C0_2, 0) \
    R(ttbr0_el1, S3_5_C2_C0_0, 0) \
    R(ttbr1_el1, S3_5_C2_C0_1, 0) \
    R(tcr_el1, S3_5_C2_C0_2, 0) \
    R(spsr_el1, S3_5_C4_C0_0, 0) \
    R(elr_el1, S3_5_C4_C0_1, 0) \
    R(afsr0_el1, S3_5_C5_C1_0, 0) \
    R(afsr1_el1, S3_5_C5_C1_1, 0) \
    R(esr_el1, S3_5_C5_C2_0, 0) \
    R(far_el1, S3_5_C6_C0_0, 0) \
    R(mair_el1, S3_5_C10_C2_0, 0) \
    R(amair_el1, S3_5_C10_C3_0, 0) \
    R(vbar_el1, S3_5_C12_C0_0, 0) \
    R(contextidr_el1, S3_5_C13_C0_1, 0) \
    R(cntkctl_el1, S3_5_C14_C1_0, 0)
/* clang-format on */

static void el1_save(struct mv_el1 *e)
{
    uint64_t *p = e->r;
#define SAVE(name, vhe_name, reset)     *p++ = rt_mrs(name);
#define SAVE_VHE(name, vhe_name, reset) *p++ = rt_mrs(vhe_name);
    if (rt.vhe) {
        EL1_TABLE(SAVE_VHE)
    } else {
        EL1_TABLE(SAVE)
    }
}

static void el1_restore(const struct mv_el1 *e)
{
    const uint64_t *p = e->r;
#define RESTORE(name, vhe_name, reset)     rt_msr(name, *p++);
#define RESTORE_VHE(name, vhe_name, reset) rt_msr(vhe_name, *p++);
    if (rt.vhe) {
        EL1_TABLE(RESTORE_VHE)
    } else {
        EL1_TABLE(RESTORE)
    }
}

void mv_el1_reset(struct mv_vcpu *v)
{
#define RESET(name, vhe_name, reset) reset,
    static const uint64_t values[] = {EL1_TABLE(RESET)};
    _Static_assert(sizeof(values) == sizeof(struct mv_el1), "MV_EL1_REGS disagrees with the table");
    for (unsigned i = 0; i < MV_EL1_REGS; i++)
        v->el1.r[i] = values[i];
    v->pstate = 0x3c5; /* EL1h, DAIF */
}

void mv_host_init(void)
{
    rt_msr(hcr_el2, rt.vhe ? HCR_E2H | HCR_RW | HCR_TGE : HCR_RW | HCR_AMO | HCR_IMO | HCR_FMO);
    rt_isb();
    /* Guest: physical counter yes, physical timer no. With E2H bits 11:10 are the guest's and 1:0 the host's
     * EL0. */
    rt_msr(cnthctl_el2, rt.vhe ? RT_BIT(10) | RT_PUT(3, 1, 0) : RT_BIT(0));
    rt_msr(cntvoff_el2, 0);
    rt_isb();
}

static void fp_trap(bool trap)
{
    if (rt.vhe)
        rt_msr(cptr_el2, trap ? 0 : RT_PUT(3, 21, 20));
    else
        rt_msr(cptr_el2, 0x33ff | (trap ? RT_BIT(CPTR_TFP_BIT) : 0));
}

void mv_fp_enable(struct mv_vcpu *v)
{
    fp_trap(false);
    rt_isb();
    mv_fp_reset();
    v->fp = true;
}

void mv_traps_on(struct mv_vm *vm, struct mv_vcpu *v)
{
    fp_trap(!v->fp);
    rt_msr(vtcr_el2, vm->vtcr);
    rt_msr(vttbr_el2, vm->vttbr);
    rt_msr(hcr_el2, HCR_GUEST | (rt.vhe ? HCR_E2H : 0));
    rt_isb();
}

void mv_traps_off(void)
{
    rt_msr(hcr_el2, rt.vhe ? HCR_E2H | HCR_RW | HCR_TGE : HCR_RW | HCR_AMO | HCR_IMO | HCR_FMO);
    rt_msr(vttbr_el2, 0);
    fp_trap(false);
    rt_isb();
}

void mv_vcpu_load(struct mv_vm *vm, struct mv_vcpu *v)
{
    el1_save(&v->host);
    el1_restore(&v->el1);
    rt_msr(vpidr_el2, rt_mrs(midr_el1));
    rt_msr(vmpidr_el2, v->mpidr);
    mv_vgic_load(v);
    (void)vm;
    v->loaded = true;
}

void mv_vcpu_put(struct mv_vm *vm, struct mv_vcpu *v)
{
    mv_vgic_put(v);
    el1_save(&v->el1);
    el1_restore(&v->host);
    (void)vm;
    v->loaded = false;
}
