/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The microvisor's guest as it is at its power-on: memory, stage-2 tables, the payload's Image, and a device
 * tree. Does not run it. Stage 2: 4K granule, 40-bit IPA from two concatenated level-1 tables (DDI 0487
 * D8.2), the lowest 4 MiB of RAM by 2 MiB blocks, the rest of RAM page by page when first touched.
 */
#include "mv.h"

#include <string.h>

extern const uint8_t mv_payload[], mv_payload_end[];

static uint64_t up(uint64_t v, uint64_t a)
{
    return (v + a - 1) & ~(a - 1);
}

/* 2 MiB-aligned memory of the host behind everything the boot loader put there. */
static uint64_t find_ram(uint64_t size)
{
    const struct rt_range used[] = {rt.image, rt.dtb, rt.initrd};
    for (unsigned m = 0; m < rt.nmem; m++) {
        uint64_t base = rt.mem[m].base, end = base + rt.mem[m].size;
        for (unsigned i = 0; i < 3; i++)
            if (used[i].base >= rt.mem[m].base && used[i].base < end && used[i].base + used[i].size > base)
                base = used[i].base + used[i].size;
        base = up(base, 0x200000);
        if (base < end && end - base >= size)
            return base;
    }
    return 0;
}

static void build_stage2(struct mv_vm *vm)
{
    static const uint8_t pa_bits[] = {32, 36, 40, 42, 44, 48};
    unsigned bits = pa_bits[rt_tcr_ps()];
    bits = bits < 40 ? bits : 40;
    bool vmid16 = RT_GET(rt_mrs(id_aa64mmfr1_el1), 7, 4) == 2;
    vm->s2 = (struct rt_pt){.start_level = 1, .root_bits = bits > 39 ? 10 : 9};
    vm->s2.root = rt_pt_alloc(bits > 39 ? 2 : 1);
    vm->vtcr = RT_BIT(31) | RT_PUT(64 - bits, 5, 0) | RT_PUT(1, 7, 6) /* SL0: level 1 */ | RT_PUT(1, 9, 8) |
               RT_PUT(1, 11, 10) | RT_PUT(3, 13, 12) | RT_PUT(rt_tcr_ps(), 18, 16) |
               (vmid16 ? RT_BIT(19) : 0);
    vm->vttbr = RT_PUT(vm->vmid, 63, 48) | (uint64_t)vm->s2.root;
    rt_pt_map(&vm->s2, GUEST_RAM, vm->ram_pa, MV_WINDOW_OFFSET, RT_S2_NORMAL, 0x200000);
    if (!vm->uart_emulated && rt.uart)
        rt_pt_map(&vm->s2, GUEST_UART, rt.uart, 0x1000, RT_S2_DEVICE, 0x1000);
}

int mv_guest_build(struct mv_vm *vm)
{
    uint64_t image_size, payload = (uint64_t)mv_payload_end - (uint64_t)mv_payload;
    vm->ram_size = rt_arg_u64("mem", 16) << 20;
    if (vm->ram_size < MV_WINDOW_OFFSET)
        vm->ram_size = MV_WINDOW_OFFSET;
    vm->ram_pa = find_ram(vm->ram_size);
    if (!vm->ram_pa) {
        rt_printf("microvisor: no %lu MiB of memory for the guest\n", vm->ram_size >> 20);
        return -1;
    }
    memcpy(&image_size, mv_payload + 16, 8); /* Image header */
    if (image_size > MV_DTB_OFFSET || payload > image_size) {
        rt_printf("microvisor: the payload does not fit below its device tree\n");
        return -1;
    }
    build_stage2(vm);
    memcpy((void *)vm->ram_pa, mv_payload, payload);
    const struct guest_dt dt = {
        .ram_size = vm->ram_size, .cpus = vm->vcpus, .gic = 3, .pmu = true, .bootargs = rt.bootargs};
    int64_t n = guest_dt_write(&dt, (void *)(vm->ram_pa + MV_DTB_OFFSET), 65536);
    if (n < 0) {
        rt_printf("microvisor: the guest's device tree does not fit\n");
        return -1;
    }
    rt_dcache_clean((void *)vm->ram_pa, payload); /* the guest starts with its caches off */
    rt_dcache_clean((void *)(vm->ram_pa + MV_DTB_OFFSET), (size_t)n);
    return 0;
}

bool mv_guest_fault(struct mv_vm *vm, uint64_t ipa)
{
    uint64_t off = (ipa - GUEST_RAM) & ~UINT64_C(0xfff);
    if (ipa < GUEST_RAM || off < MV_WINDOW_OFFSET || off >= vm->ram_size)
        return false;
    uint64_t pa = vm->ram_pa + off;
    if (!rt_pt_mapped(&vm->s2, GUEST_RAM + off)) { /* else another vCPU was faster */
        uint64_t zva = UINT64_C(4) << RT_GET(rt_mrs(dczid_el0), 3, 0);
        for (uint64_t a = pa; a < pa + 4096; a += zva) /* a guest gets no one else's data */
            __asm__ volatile("dc zva, %0" ::"r"(a) : "memory");
        rt_pt_map(&vm->s2, GUEST_RAM + off, pa, 0x1000, RT_S2_NORMAL, 0x1000);
    }
    return true;
}
