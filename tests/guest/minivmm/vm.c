/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KVM side: VM, memory, vCPUs, in-kernel GIC (version 3 or 2) and timers, and the loop that handles
 * exits. Linux KVM API (Documentation/virt/kvm/api.rst, devices/arm-vgic-v3.rst, arm-vgic.rst,
 * devices/vcpu.rst).
 */
#include "minivmm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NR_IRQS = 64, MAX_REPORTS = 8 };

/* Of Linux 6.16, newer than the headers that Debian 12 cross-compiles with. */
enum {
    CAP_ARM_EL2 = 240,
    CAP_ARM_EL2_E2H0 = 241,
    VCPU_HAS_EL2 = 7,
    VCPU_HAS_EL2_E2H0 = 8,
    VGIC_GRP_MAINT_IRQ = 9
};

#define CORE_REG(field) \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.field))

/* ioctl that must succeed */
static int must(int fd, unsigned long request, void *arg, const char *name)
{
    int ret = ioctl(fd, request, arg);
    if (ret < 0)
        die_errno("%s", name);
    return ret;
}
#define MUST(fd, request, arg) must(fd, request, (void *)(uintptr_t)(arg), #request)

static int capability(struct vmm *v, long cap)
{
    int ret = ioctl(v->kvm, KVM_CHECK_EXTENSION, cap);
    return ret < 0 ? 0 : ret;
}

static void open_kvm(struct vmm *v)
{
    v->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (v->kvm < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
        die("/dev/kvm is not there: this kernel has no KVM, or was not entered at EL2 (see 'dmesg | grep "
            "kvm')");
    if (v->kvm < 0)
        die_errno("/dev/kvm");
    int version = MUST(v->kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION)
        die("KVM speaks API version %d, not %d", version, KVM_API_VERSION);
    if (v->opt.el2 && !capability(v, v->opt.e2h0 ? CAP_ARM_EL2_E2H0 : CAP_ARM_EL2))
        die("--el2: KVM offers no such EL2; the host needs FEAT_NV2 and kvm-arm.mode=nested on its command "
            "line, Linux "
            "from 6.16 on%s",
            v->opt.e2h0 ? ", and HCR_EL2.NV1" : "");
    int ipa = capability(v, KVM_CAP_ARM_VM_IPA_SIZE);
    v->vm = MUST(v->kvm, KVM_CREATE_VM, ipa && ipa < 40 ? KVM_VM_TYPE_ARM_IPA_SIZE((unsigned long)ipa) : 0);
    int max = capability(v, KVM_CAP_MAX_VCPUS);
    if (max && (int)v->opt.cpus > max)
        die("--cpus %u: KVM allows %d", v->opt.cpus, max);
    v->pmu = !v->opt.no_pmu && capability(v, KVM_CAP_ARM_PMU_V3) > 0;
}

static void create_ram(struct vmm *v)
{
    v->ram =
        mmap(NULL, v->opt.mem, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (v->ram == MAP_FAILED)
        die_errno("%llu MiB of guest memory", (unsigned long long)(v->opt.mem >> 20));
    /* Without huge pages each first touch of 4K is an exit of its own, which is what trapbench counts on. */
    madvise(v->ram, v->opt.mem, v->opt.thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    struct kvm_userspace_memory_region region = {
        .guest_phys_addr = GUEST_RAM,
        .memory_size = v->opt.mem,
        .userspace_addr = (uint64_t)v->ram,
    };
    MUST(v->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void create_vcpu(struct vmm *v, unsigned id, const struct kvm_vcpu_init *preferred, size_t run_size)
{
    struct vcpu *c = &v->vcpu[id];
    struct kvm_vcpu_init init = *preferred;
    c->vmm = v;
    c->id = id;
    c->fd = MUST(v->vm, KVM_CREATE_VCPU, id);
    init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
    if (id)
        init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
    if (v->pmu)
        init.features[0] |= 1u << KVM_ARM_VCPU_PMU_V3;
    if (v->opt.el2)
        init.features[0] |= 1u << VCPU_HAS_EL2;
    if (v->opt.e2h0)
        init.features[0] |= 1u << VCPU_HAS_EL2_E2H0;
    MUST(c->fd, KVM_ARM_VCPU_INIT, &init);
    c->run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
    if (c->run == MAP_FAILED)
        die_errno("mmap of vCPU %u", id);
}

static void set_attr(int fd, uint32_t group, uint64_t attr, const void *value, const char *what)
{
    struct kvm_device_attr a = {.group = group, .attr = attr, .addr = (uint64_t)value};
    if (ioctl(fd, KVM_SET_DEVICE_ATTR, &a) < 0)
        die_errno("%s", what);
}

/* -1 when KVM has no such device */
static int create_device(struct vmm *v, uint32_t type)
{
    struct kvm_create_device dev = {.type = type};
    if (ioctl(v->vm, KVM_CREATE_DEVICE, &dev) == 0)
        return (int)dev.fd;
    if (errno != ENODEV)
        die_errno("KVM_CREATE_DEVICE of a GIC");
    return -1;
}

static void create_gic(struct vmm *v)
{
    uint64_t dist = GUEST_GICD, redist = GUEST_GICR, cpu = GUEST_GICC;
    uint32_t irqs = NR_IRQS, maintenance = 16 + GUEST_MAINT_PPI;
    v->gic = -1;
    if (v->opt.gic != 2 && (v->gic = create_device(v, KVM_DEV_TYPE_ARM_VGIC_V3)) >= 0)
        v->opt.gic = 3;
    else if (v->opt.gic != 3 && (v->gic = create_device(v, KVM_DEV_TYPE_ARM_VGIC_V2)) >= 0)
        v->opt.gic = 2;
    if (v->gic < 0 && v->opt.gic)
        die("KVM offers no virtual GICv%u on this host; leave --gic out", v->opt.gic);
    if (v->gic < 0)
        die("KVM offers no virtual GIC: the host needs a GICv3, or a GICv2 with virtualization extensions");
    set_attr(v->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs, "number of interrupts of the GIC");
    if (v->opt.gic == 3) {
        set_attr(v->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &dist,
                 "address of the distributor");
        set_attr(v->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redist,
                 "address of the redistributors");
    } else {
        set_attr(v->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &dist,
                 "address of the distributor");
        set_attr(v->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &cpu,
                 "address of the CPU interface");
    }
    if (v->opt.el2)
        set_attr(v->gic, VGIC_GRP_MAINT_IRQ, 0, &maintenance, "maintenance interrupt of the GIC");
    set_attr(v->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL,
             "KVM_DEV_ARM_VGIC_CTRL_INIT");
}

void vm_create(struct vmm *v)
{
    struct kvm_vcpu_init preferred = {0};
    open_kvm(v);
    create_ram(v);
    MUST(v->vm, KVM_ARM_PREFERRED_TARGET, &preferred);
    size_t run_size = (size_t)MUST(v->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (run_size < sizeof(struct kvm_run))
        die("KVM_GET_VCPU_MMAP_SIZE gives %zu bytes only", run_size);
    for (unsigned i = 0; i < v->opt.cpus; i++)
        create_vcpu(v, i, &preferred, run_size);
    create_gic(v);
    for (unsigned i = 0; v->pmu && i < v->opt.cpus; i++) {
        uint32_t irq = 16 + GUEST_PMU_PPI;
        set_attr(v->vcpu[i].fd, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, &irq,
                 "interrupt of the PMU");
        set_attr(v->vcpu[i].fd, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT, NULL,
                 "KVM_ARM_VCPU_PMU_V3_INIT");
    }
}

void vm_irq(struct vmm *v, unsigned spi, bool level)
{
    struct kvm_irq_level irq = {
        .irq = (uint32_t)KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (32 + spi),
        .level = level,
    };
    MUST(v->vm, KVM_IRQ_LINE, &irq);
}

void vm_end(struct vmm *v, int status)
{
    pthread_mutex_lock(&v->end_lock);
    if (v->end_status < 0)
        v->end_status = status;
    pthread_cond_signal(&v->end_cond);
    pthread_mutex_unlock(&v->end_lock);
}

/* ---- exits ---- */

static void mmio(struct vcpu *c)
{
    struct vmm *v = c->vmm;
    struct kvm_run *r = c->run;
    uint64_t addr = r->mmio.phys_addr, val = 0;
    c->mmio_exits++;
    if (r->mmio.is_write)
        memcpy(&val, r->mmio.data, r->mmio.len);
    if (addr - GUEST_EXIT_DEV < GUEST_DEV_SIZE) {
        if (!r->mmio.is_write)
            val = atomic_fetch_add(&v->exit_counter, 1);
    } else if (addr - GUEST_UART < GUEST_DEV_SIZE) {
        uint32_t off = (uint32_t)(addr - GUEST_UART);
        if (r->mmio.is_write)
            pl011_write(v, &v->uart, off, (uint32_t)val);
        else
            val = pl011_read(v, &v->uart, off);
    } else if (atomic_fetch_add(&v->unknown, 1) < MAX_REPORTS) {
        fprintf(stderr, "minivmm: vCPU %u: %s of %u bytes at 0x%llx, where nothing is; %s\n", c->id,
                r->mmio.is_write ? "write" : "read", r->mmio.len, (unsigned long long)addr,
                r->mmio.is_write ? "ignored" : "reads as zero");
    }
    if (!r->mmio.is_write)
        memcpy(r->mmio.data, &val, r->mmio.len);
}

static void *vcpu_thread(void *arg)
{
    struct vcpu *c = arg;
    struct vmm *v = c->vmm;
    for (;;) {
        if (ioctl(c->fd, KVM_RUN, 0) < 0) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            fprintf(stderr, "minivmm: vCPU %u: KVM_RUN: %s\n", c->id, strerror(errno));
            vm_end(v, EXIT_GUEST_CRASH);
            return NULL;
        }
        switch (c->run->exit_reason) {
        case KVM_EXIT_MMIO:
            mmio(c);
            break;
        case KVM_EXIT_INTR:
            c->other_exits++;
            break;
        case KVM_EXIT_SYSTEM_EVENT:
            if (c->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN) {
                vm_end(v, EXIT_GUEST_OFF);
            } else if (c->run->system_event.type == KVM_SYSTEM_EVENT_RESET) {
                fprintf(stderr, "minivmm: the guest asked for a reset; ending instead\n");
                vm_end(v, EXIT_GUEST_OFF);
            } else {
                fprintf(stderr, "minivmm: the guest reported a crash (system event %u)\n",
                        c->run->system_event.type);
                vm_end(v, EXIT_GUEST_CRASH);
            }
            return NULL;
        case KVM_EXIT_FAIL_ENTRY:
            fprintf(stderr, "minivmm: vCPU %u cannot be entered: hardware reason 0x%llx\n", c->id,
                    (unsigned long long)c->run->fail_entry.hardware_entry_failure_reason);
            vm_end(v, EXIT_GUEST_CRASH);
            return NULL;
        default:
            fprintf(stderr, "minivmm: vCPU %u: exit reason %u is not handled\n", c->id, c->run->exit_reason);
            vm_end(v, EXIT_GUEST_CRASH);
            return NULL;
        }
    }
}

static void set_reg(struct vcpu *c, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uint64_t)&value};
    MUST(c->fd, KVM_SET_ONE_REG, &reg);
}

void vm_start(struct vmm *v)
{
    set_reg(&v->vcpu[0], CORE_REG(pc), v->entry);
    set_reg(&v->vcpu[0], CORE_REG(regs[0]), v->dtb);
    for (unsigned i = 0; i < v->opt.cpus; i++)
        if (pthread_create(&v->vcpu[i].thread, NULL, vcpu_thread, &v->vcpu[i]))
            die("cannot start the thread of vCPU %u", i);
}
