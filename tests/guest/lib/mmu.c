/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tables with the 4K granule (Arm ARM DDI 0487, D8): a builder that serves stage 1 of EL1&0, of
 * EL2 and of EL2&0, and stage 2; the program's identity map; switching the MMU on. Does not unmap or change
 * mappings.
 */
#include "rt.h"

#define TABLES     96
#define PAGE       4096u
#define DESC_VALID RT_BIT(0)
#define DESC_TABLE RT_BIT(1) /* table at levels 0-2, page at level 3 */
#define DESC_ADDR  RT_MASK(47, 12)

static uint8_t pool[TABLES * PAGE] __attribute__((section(".noinit"), aligned(8192)));
static uint32_t pool_used;
static struct rt_lock map_lock;
struct rt_pt rt_map;

uint64_t *rt_pt_alloc(unsigned tables)
{
    pool_used = (pool_used + tables - 1) / tables * tables; /* align to the size asked for */
    if (pool_used + tables > TABLES) {
        rt_printf("rt: FATAL out of translation tables\n");
        rt_poweroff();
    }
    uint64_t *t = (void *)(pool + PAGE * pool_used);
    pool_used += tables;
    for (unsigned i = 0; i < tables * 512; i++)
        ((volatile uint64_t *)t)[i] = 0;
    return t;
}

static unsigned level_shift(unsigned level)
{
    return 39 - 9 * level;
}

static unsigned level_index(const struct rt_pt *pt, unsigned level, uint64_t va)
{
    uint64_t mask = (UINT64_C(1) << (level == pt->start_level ? pt->root_bits : 9)) - 1;
    return (unsigned)((va >> level_shift(level)) & mask);
}

static int map_one(struct rt_pt *pt, uint64_t va, uint64_t pa, uint64_t leaf, unsigned level)
{
    volatile uint64_t *t = pt->root;
    for (unsigned l = pt->start_level; l < level; l++) {
        volatile uint64_t *e = &t[level_index(pt, l, va)];
        if (!(*e & DESC_VALID)) {
            uint64_t next = (uint64_t)rt_pt_alloc(1);
            __asm__ volatile("dsb ishst" ::: "memory");
            *e = next | DESC_VALID | DESC_TABLE;
        } else if (!(*e & DESC_TABLE)) {
            return 0; /* a larger block is there already: stays */
        }
        t = (uint64_t *)(*e & DESC_ADDR);
    }
    volatile uint64_t *e = &t[level_index(pt, level, va)];
    if (*e & DESC_VALID)
        return level < 3 && (*e & DESC_TABLE) ? -1 : 0;
    *e = pa | leaf | DESC_VALID | (level == 3 ? DESC_TABLE : 0);
    return 0;
}

int rt_pt_map(struct rt_pt *pt, uint64_t va, uint64_t pa, uint64_t size, uint64_t leaf, uint64_t max_block)
{
    bool locked = rt_mmu_is_on();
    int ret = 0;
    if (locked) /* exclusives need it; before, there is one PE */
        rt_lock(&map_lock);
    while (size && !ret) {
        unsigned level = 1;
        uint64_t step;
        while (step = UINT64_C(1) << level_shift(level),
               ((va | pa) & (step - 1)) || step > size || step > max_block)
            if (++level > 3) {
                ret = -1;
                goto out;
            }
        ret = map_one(pt, va, pa, leaf, level);
        va += step;
        pa += step;
        size -= step;
    }
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
out:
    if (locked)
        rt_unlock(&map_lock);
    return ret;
}

bool rt_pt_mapped(const struct rt_pt *pt, uint64_t va)
{
    const volatile uint64_t *t = pt->root;
    for (unsigned l = pt->start_level;; l++) {
        uint64_t e = t[level_index(pt, l, va)];
        if (!(e & DESC_VALID))
            return false;
        if (l == 3 || !(e & DESC_TABLE))
            return true;
        t = (uint64_t *)(e & DESC_ADDR);
    }
}

bool rt_mmu_is_on(void)
{
    return (RT_GET(rt_mrs(CurrentEL), 3, 2) == 2 ? rt_mrs(sctlr_el2) : rt_mrs(sctlr_el1)) & 1;
}

/* EL2 without E2H has one privilege level: AP[1] is RES1 and bit 53 RES0. */
static bool single_priv(void)
{
    return rt.el == 2 && !rt.vhe;
}

static uint64_t leaf_bits(uint64_t leaf, bool single)
{
    if (single)
        return leaf | RT_S1_AP1;
    return leaf & RT_BIT(54) ? leaf | RT_S1_PXN : leaf;
}

static void build(struct rt_pt *pt, bool single)
{
    uint64_t normal = leaf_bits(RT_S1_NORMAL, single), device = leaf_bits(RT_S1_DEVICE, single);
    const uint64_t m2 = 0x200000, g1 = 0x40000000;
    *pt = (struct rt_pt){.root = rt_pt_alloc(1), .start_level = 0, .root_bits = 9};
    uint64_t lo = rt.image.base & ~(m2 - 1), hi = (rt.image.base + rt.image.size + m2 - 1) & ~(m2 - 1);
    rt_pt_map(pt, lo, lo, hi - lo, normal, m2); /* even when the tree does not list it */
    for (unsigned i = 0; i < rt.nmem; i++) {
        uint64_t a = (rt.mem[i].base + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        uint64_t e = (rt.mem[i].base + rt.mem[i].size) & ~(uint64_t)(PAGE - 1);
        while (a < e) { /* by gigabyte, so that a bank that shares a table with the image still gets blocks */
            uint64_t n = (a | (g1 - 1)) + 1;
            n = n < e ? n : e;
            if (rt_pt_map(pt, a, a, n - a, normal, g1))
                rt_pt_map(pt, a, a, n - a, normal, m2);
            a = n;
        }
    }
    if (rt.dtb.base)
        rt_pt_map(pt, rt.dtb.base & ~(m2 - 1), rt.dtb.base & ~(m2 - 1), m2, normal, m2);
    if (rt.uart)
        rt_pt_map(pt, rt.uart, rt.uart, PAGE, device, m2);
    if (rt.exit_dev)
        rt_pt_map(pt, rt.exit_dev, rt.exit_dev, PAGE, device, m2);
    if (rt.gicd.base)
        rt_pt_map(pt, rt.gicd.base, rt.gicd.base, 0x10000, device, m2);
    if (rt.gicc.base)
        rt_pt_map(pt, rt.gicc.base, rt.gicc.base, 0x2000, device, m2);
    if (rt.gicr.base) {
        uint64_t need = rt.ncpu * rt.gicr_stride * 2; /* GICv4 frames are twice as far apart */
        rt_pt_map(pt, rt.gicr.base, rt.gicr.base, need < rt.gicr.size ? need : rt.gicr.size, device, m2);
    }
}

void rt_mmu_build(void)
{
    build(&rt_map, single_priv());
}
void rt_mmu_build_el1(struct rt_pt *pt)
{
    build(pt, false);
}

void rt_mmu_map_device(uint64_t pa, uint64_t size)
{
    rt_pt_map(&rt_map, pa, pa, size, leaf_bits(RT_S1_DEVICE, single_priv()), 0x200000);
}

uint64_t rt_tcr_ps(void)
{
    uint64_t ps = RT_GET(rt_mrs(id_aa64mmfr0_el1), 3, 0);
    return ps < 5 ? ps : 5;
}

/* T0SZ 16 (48 bits), walks WB WA inner shareable, TG0 4K */
#define TCR_COMMON (RT_PUT(16, 5, 0) | RT_PUT(1, 9, 8) | RT_PUT(1, 11, 10) | RT_PUT(3, 13, 12))

uint64_t rt_tcr_el1(void)
{
    return TCR_COMMON | RT_BIT(23) /* EPD1 */ | RT_PUT(rt_tcr_ps(), 34, 32);
}

void rt_mmu_on(void)
{
    rt_dsb();
    if (rt.el == 2) {
        uint64_t tcr =
            rt.vhe ? rt_tcr_el1() : TCR_COMMON | RT_BIT(31) | RT_BIT(23) | RT_PUT(rt_tcr_ps(), 18, 16);
        rt_msr(mair_el2, RT_MAIR);
        rt_msr(tcr_el2, tcr);
        rt_msr(ttbr0_el2, (uint64_t)rt_map.root);
        rt_isb();
        if (rt.vhe)
            __asm__ volatile("tlbi vmalle1\n\tdsb nsh" ::: "memory");
        __asm__ volatile("tlbi alle2\n\tic iallu\n\tdsb nsh\n\tisb" ::: "memory");
        rt_msr(sctlr_el2, (rt.vhe ? RT_SCTLR_EL1_RES1 : RT_SCTLR_EL2_RES1) | RT_SCTLR_ON);
    } else {
        rt_msr(mair_el1, RT_MAIR);
        rt_msr(tcr_el1, rt_tcr_el1());
        rt_msr(ttbr0_el1, (uint64_t)rt_map.root);
        rt_isb();
        __asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" ::: "memory");
        rt_msr(sctlr_el1, RT_SCTLR_EL1_RES1 | RT_SCTLR_ON);
    }
    rt_isb();
}

static uint64_t dcache_line(void)
{
    return UINT64_C(4) << RT_GET(rt_mrs(ctr_el0), 19, 16);
}

void rt_dcache_clean(const void *p, size_t n)
{
    uint64_t line = dcache_line(), end = (uint64_t)p + n;
    for (uint64_t a = (uint64_t)p & ~(line - 1); a < end; a += line)
        __asm__ volatile("dc cvac, %0" ::"r"(a) : "memory");
    rt_dsb();
}

void rt_dcache_inval(const void *p, size_t n)
{
    uint64_t line = dcache_line(), end = (uint64_t)p + n;
    for (uint64_t a = (uint64_t)p & ~(line - 1); a < end; a += line)
        __asm__ volatile("dc ivac, %0" ::"r"(a) : "memory");
    rt_dsb();
}
