/* SPDX-License-Identifier: Apache-2.0 */
/*
 * microvisor: the smallest hypervisor that runs trapbench. Bare metal at EL2, with and without VHE; one VM of
 * one or two vCPUs, vCPU n on PE n. This file holds the run loop and what exits mean; sysreg.c, vgic.c and
 * guest.c hold the rest.
 *
 * The world switch has two shapes, as KVM's: `switch=full` (default without VHE) moves the EL1 system
 * registers, the virtual GIC's control registers and the trap controls on every exit, as a hypervisor must
 * whose host lives at EL1; `switch=lazy` (default with VHE) leaves the EL1 state in the PE and moves it only
 * when the vCPU blocks. Both switch HCR_EL2, VTTBR_EL2 and the list registers on every exit. FP is lazy in
 * both (sysreg.c).
 *
 * Boot arguments: README.md. Arm ARM DDI 0487, PSCI DEN0022, SMCCC DEN0028.
 */
#include "mv.h"

_Static_assert(offsetof(struct mv_vcpu, x) == MV_X && offsetof(struct mv_vcpu, pc) == MV_PC &&
                   offsetof(struct mv_vcpu, pstate) == MV_PSTATE,
               "mv_asm.h and struct mv_vcpu disagree");

extern char mv_vectors[];

static struct mv_vm vm;

enum { /* ESR_ELx.EC */
       EC_WFX = 0x01,
       EC_FP = 0x07,
       EC_HVC64 = 0x16,
       EC_SMC64 = 0x17,
       EC_SYSREG = 0x18,
       EC_IABT = 0x20,
       EC_DABT = 0x24,
};

/* ---- what exits mean ---- */

static void die(struct mv_vcpu *v, const char *what, uint64_t esr)
{
    rt_printf("microvisor: FATAL vcpu %u: %s esr=0x%lx pc=0x%lx far=0x%lx hpfar=0x%lx\n", v->id, what, esr,
              v->pc, rt_mrs(far_el2), rt_mrs(hpfar_el2));
    rt_poweroff();
}

static void power_off(void)
{
    static const char *const names[MV_EXIT_COUNT] = {"hvc",  "smc", "wfx", "sysreg", "gic",
                                                     "mmio", "s2",  "fp",  "irq",    "other"};
    for (unsigned c = 0; c < vm.vcpus; c++) {
        rt_printf("microvisor: exits vcpu=%u", c);
        for (unsigned i = 0; i < MV_EXIT_COUNT; i++)
            rt_printf(" %s=%lu", names[i], vm.vcpu[c].exits[i]);
        rt_printf("\n");
    }
    rt_poweroff();
}

static int64_t cpu_on(struct mv_vcpu *v, uint64_t mpidr, uint64_t entry, uint64_t context)
{
    if (mpidr >= vm.vcpus)
        return PSCI_INVALID_PARAMETERS;
    struct mv_vcpu *t = &vm.vcpu[mpidr];
    if (t == v || t->on)
        return PSCI_ALREADY_ON;
    mv_el1_reset(t);
    t->pc = entry;
    t->x[0] = context;
    rt_dsb();
    t->on = 1;
    rt_sev();
    return 0;
}

/* PSCI 1.1 and SMCCC 1.1, as far as one VM needs; everything else is NOT_SUPPORTED, the cheapest answer there
 * is. */
static void service_call(struct mv_vcpu *v)
{
    uint32_t fid = (uint32_t)v->x[0];
    int64_t ret = PSCI_NOT_SUPPORTED;
    switch (fid) {
    case PSCI_VERSION:
    case 0x80000000: /* SMCCC_VERSION */
        ret = 0x10001;
        break;
    case PSCI_FEATURES:
        switch ((uint32_t)v->x[1]) {
        case PSCI_VERSION:
        case PSCI_CPU_ON64:
        case PSCI_CPU_OFF:
        case PSCI_AFFINITY_INFO64:
        case PSCI_SYSTEM_OFF:
        case PSCI_FEATURES:
        case 0x80000000:
            ret = 0;
        }
        break;
    case PSCI_MIGRATE_INFO_TYPE:
        ret = 2; /* no trusted OS to migrate */
        break;
    case PSCI_CPU_ON64:
        ret = cpu_on(v, v->x[1] & 0xff00ffffffu, v->x[2], v->x[3]);
        break;
    case PSCI_CPU_OFF:
        v->on = 0;
        break;
    case PSCI_AFFINITY_INFO64:
        ret = v->x[1] < vm.vcpus ? !vm.vcpu[v->x[1]].on : PSCI_INVALID_PARAMETERS;
        break;
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
        power_off();
        break;
    }
    v->x[0] = (uint64_t)ret;
}

static void physical_irq(struct mv_vcpu *v)
{
    uint32_t id = rt_gic_ack();
    if (id >= 1020)
        return;
    rt_gic_eoi(id); /* priority drop only: EOImode is 1 */
    if (id == rt.ppi_virt)
        mv_vgic_inject(&vm, v, 27); /* stays active until the guest's EOI */
    else
        rt_gic_dir(id); /* kick or maintenance: being here is all there is to do */
}

/* The VMM's devices: exit test (a counter) and, when emulated, the PL011. */
static bool device(uint64_t ipa, bool write, uint64_t *val)
{
    if (ipa - GUEST_EXIT_DEV < 0x1000) {
        if (!write)
            *val = vm.exit_counter++;
    } else if (ipa - GUEST_UART < 0x1000 && vm.uart_emulated) {
        if (write && ipa == GUEST_UART)
            rt_putc((char)*val);
        else if (!write)
            *val = ipa - GUEST_UART == 0x18 ? 0x90 : 0; /* UARTFR: TXFE, RXFE */
    } else {
        return false;
    }
    return true;
}

static void data_abort(struct mv_vcpu *v, uint64_t esr)
{
    uint64_t ipa = RT_GET(rt_mrs(hpfar_el2), 43, 4) << 12 | RT_GET(rt_mrs(far_el2), 11, 0);
    if (mv_guest_fault(&vm, ipa)) {
        v->exits[MV_EXIT_S2]++;
        return;
    }
    if (!RT_GET(esr, 24, 24)) /* ISV */
        die(v, "access without syndrome outside memory", esr);
    unsigned bits = 8u << RT_GET(esr, 23, 22), rt_num = (unsigned)RT_GET(esr, 20, 16);
    bool write = RT_GET(esr, 6, 6);
    uint64_t mask = RT_MASK(bits - 1, 0), val = write && rt_num < 31 ? v->x[rt_num] & mask : 0;
    if (mv_vgic_mmio(&vm, v, ipa, bits / 8, write, &val))
        v->exits[MV_EXIT_GIC]++;
    else if (device(ipa, write, &val))
        v->exits[MV_EXIT_MMIO]++;
    else
        die(v, "access outside memory", esr);
    if (!write && rt_num < 31) {
        val &= mask;
        if (RT_GET(esr, 21, 21) && (val & RT_BIT(bits - 1))) /* SSE */
            val |= ~mask;
        v->x[rt_num] = RT_GET(esr, 15, 15) ? val : (uint32_t)val; /* SF */
    }
    v->pc += 4;
}

static void sysreg_trap(struct mv_vcpu *v, uint64_t esr)
{
    unsigned n = (unsigned)RT_GET(esr, 9, 5);
    uint64_t reg = esr & (RT_MASK(21, 10) | RT_MASK(4, 1));
    /* ICC_SGI1R_EL1 is S3_0_C12_C11_5: Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, CRm 4:1 */
    uint64_t sgi1r = RT_PUT(3, 21, 20) | RT_PUT(5, 19, 17) | RT_PUT(12, 13, 10) | RT_PUT(11, 4, 1);
    bool read = RT_GET(esr, 0, 0);
    if (reg == sgi1r && !read)
        mv_vgic_sgi(&vm, v, n < 31 ? v->x[n] : 0);
    else if (read && n < 31)
        v->x[n] = 0;
    v->pc += 4;
}

static void idle(struct mv_vcpu *v)
{
    if (mv_vgic_pending(&vm, v))
        return;
    bool put = v->loaded;
    if (put) /* as a host that schedules something else would */
        mv_vcpu_put(&vm, v);
    while (!mv_vgic_pending(&vm, v)) {
        rt_wfi();
        physical_irq(v);
    }
    if (put)
        mv_vcpu_load(&vm, v);
}

static void handle_sync(struct mv_vcpu *v, uint64_t esr)
{
    switch (RT_GET(esr, 31, 26)) {
    case EC_WFX:
        v->exits[MV_EXIT_WFX]++;
        v->pc += 4;
        idle(v);
        break;
    case EC_FP:
        v->exits[MV_EXIT_FP]++;
        mv_fp_enable(v);
        break;
    case EC_SMC64:
        v->exits[MV_EXIT_SMC]++;
        v->pc += 4; /* a trapped SMC returns to itself */
        service_call(v);
        break;
    case EC_HVC64:
        v->exits[MV_EXIT_HVC]++;
        service_call(v);
        break;
    case EC_SYSREG:
        v->exits[MV_EXIT_SYSREG]++;
        sysreg_trap(v, esr);
        break;
    case EC_DABT:
        data_abort(v, esr);
        break;
    case EC_IABT:
        if (!mv_guest_fault(&vm, RT_GET(rt_mrs(hpfar_el2), 43, 4) << 12))
            die(v, "fetch outside memory", esr);
        v->exits[MV_EXIT_S2]++;
        break;
    default:
        v->exits[MV_EXIT_OTHER]++;
        die(v, "unexpected exception", esr);
    }
}

/* ---- running ---- */

static void run(struct mv_vcpu *v)
{
    __asm__ volatile("tlbi alle1\n\tdsb nsh\n\tisb" ::: "memory");
    while (v->on) {
        if (!v->loaded)
            mv_vcpu_load(&vm, v);
        mv_vgic_flush(&vm, v);
        mv_traps_on(&vm, v);
        unsigned slot = mv_enter(v);
        uint64_t esr = rt_mrs(esr_el2);
        mv_traps_off();
        mv_vgic_sync(v);
        if (vm.switch_full)
            mv_vcpu_put(&vm, v);
        if (slot == RT_VEC_LOWER64 + RT_EXC_SYNC) {
            handle_sync(v, esr);
        } else if (slot == RT_VEC_LOWER64 + RT_EXC_IRQ) {
            v->exits[MV_EXIT_IRQ]++;
            physical_irq(v);
        } else {
            die(v, "unexpected vector", esr);
        }
    }
    if (v->loaded)
        mv_vcpu_put(&vm, v);
}

static int pe_init(void)
{
    rt_msr(vbar_el2, (uint64_t)mv_vectors);
    rt_isb();
    mv_host_init();
    if (rt_gic_init_cpu(true))
        return -1;
    rt_gic_enable(rt.ppi_virt, true);
    rt_gic_enable(MV_KICK_SGI, true);
    rt_gic_enable(MV_MAINT_PPI, true);
    return 0;
}

static void second_pe(void *arg)
{
    struct mv_vcpu *v = arg;
    if (pe_init())
        return;
    for (;;) {
        while (!v->on)
            rt_wfe();
        run(v);
    }
}

/* Other arguments are the guest's, which has all of them in its own device tree. */
static const struct rt_arg_spec args[] = {
    {.name = "vhe", .kind = RT_ARG_NUMBER},
    {.name = "switch", .kind = RT_ARG_CHOICE, .values = "full,lazy"},
    {.name = "uart", .kind = RT_ARG_CHOICE, .values = "emul"},
    {.name = "vmid", .kind = RT_ARG_NUMBER},
    {.name = "mem", .kind = RT_ARG_NUMBER},
    {.name = "quiet", .kind = RT_ARG_FLAG},
};

int rt_program(void)
{
    if (!rt_args_check(args, sizeof(args) / sizeof(args[0]), true))
        return 1;
    if (rt.el != 2) {
        rt_printf("microvisor: entered at EL%u; EL2 is needed (QEMU: -M virt,virtualization=on)\n", rt.el);
        return 1;
    }
    vm.vcpus = rt.ncpu < MV_VCPUS ? rt.ncpu : MV_VCPUS;
    vm.switch_full = rt_arg_is("switch", "full") || (!rt.vhe && !rt_arg_is("switch", "lazy"));
    vm.uart_emulated = rt_arg_is("uart", "emul");
    vm.vmid = rt_arg_u64("vmid", 1);
    if (vm.vmid > 0xff) {
        rt_printf("microvisor: vmid: expected at most 255\n");
        return 1;
    }
    for (unsigned i = 0; i < vm.vcpus; i++) {
        vm.vcpu[i].id = i;
        vm.vcpu[i].mpidr = RT_BIT(31) | i;
    }
    if (rt_gic_version() != 3 || rt_gic_init_dist() || pe_init()) {
        rt_printf("microvisor: no GICv3 in the device tree\n");
        return 1;
    }
    mv_vgic_init(&vm);
    if (mv_guest_build(&vm))
        return 1;
    size_t len;
    if (!rt_arg("quiet", &len))
        rt_printf("microvisor: begin vhe=%u switch=%s vcpus=%u lrs=%u ipa_bits=%lu vmid=%u\n", rt.vhe,
                  vm.switch_full ? "full" : "lazy", vm.vcpus, vm.lrs, 64 - RT_GET(vm.vtcr, 5, 0),
                  (unsigned)vm.vmid);
    for (unsigned i = 1; i < vm.vcpus; i++) {
        int ret = rt_cpu_on(i, second_pe, &vm.vcpu[i]);
        if (ret) {
            rt_printf("microvisor: PE %u does not start (PSCI error %d)\n", i, ret);
            return 1;
        }
    }
    struct mv_vcpu *v = &vm.vcpu[0];
    mv_el1_reset(v);
    v->pc = GUEST_RAM;
    v->x[0] = GUEST_RAM + MV_DTB_OFFSET;
    v->on = 1;
    run(v);
    rt_printf("microvisor: vcpu 0 went off\n");
    power_off();
    return 0;
}
