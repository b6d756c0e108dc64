/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runtime of the bare-metal guest programs: what a program sees of boot, console, device tree, MMU, GICv3,
 * PSCI, timers and exceptions. A program defines `int rt_program(void)`; when it returns, the machine is
 * powered off. Everything runs identity-mapped with caches on, IRQs masked until rt_irq_enable().
 * Specifications: Arm ARM DDI 0487, GIC IHI 0069, PSCI DEN0022, Devicetree Specification 0.4.
 */
#ifndef RT_H
#define RT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fdt.h"
#include "rt_asm.h"

/* ---- register access ---- */

#define RT_BIT(n)         (UINT64_C(1) << (n))
#define RT_MASK(hi, lo)   ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))
#define RT_GET(v, hi, lo) (((uint64_t)(v)&RT_MASK(hi, lo)) >> (lo))
#define RT_PUT(v, hi, lo) (((uint64_t)(v) << (lo)) & RT_MASK(hi, lo))

#define RT_STR_(x) #x
#define RT_STR(x)  RT_STR_(x)
#define rt_mrs(reg)                                                    \
    ({                                                                 \
        uint64_t v_;                                                   \
        __asm__ volatile("mrs %0, " RT_STR(reg) : "=r"(v_)::"memory"); \
        v_;                                                            \
    })
#define rt_msr(reg, val) __asm__ volatile("msr " RT_STR(reg) ", %x0" ::"rZ"((uint64_t)(val)) : "memory")
#define rt_isb()         __asm__ volatile("isb" ::: "memory")
#define rt_dsb()         __asm__ volatile("dsb sy" ::: "memory")
#define rt_wfi()         __asm__ volatile("wfi" ::: "memory")
#define rt_wfe()         __asm__ volatile("wfe" ::: "memory")
#define rt_sev()         __asm__ volatile("dsb sy\n\tsev" ::: "memory")
#define rt_yield()       __asm__ volatile("yield" ::: "memory")
#define rt_irq_enable()  __asm__ volatile("msr daifclr, #2" ::: "memory")
#define rt_irq_disable() __asm__ volatile("msr daifset, #2" ::: "memory")

/* Names that older assemblers lack, or that only exist as encodings. */
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_HPPIR1_EL1  S3_0_C12_C12_2
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_RPR_EL1     S3_0_C12_C11_3
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_PMR_EL1     S3_0_C4_C6_0

static inline uint8_t rt_r8(uint64_t a)
{
    return *(volatile uint8_t *)a;
}
static inline void rt_w8(uint64_t a, uint8_t v)
{
    *(volatile uint8_t *)a = v;
}
/* MMIO by LDR/STR with one register and no writeback, so that a hypervisor gets a valid syndrome
 * (ESR_EL2.ISV). */
static inline uint32_t rt_r32(uint64_t a)
{
    uint32_t v;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
    return v;
}
static inline void rt_w32(uint64_t a, uint32_t v)
{
    __asm__ volatile("str %w0, [%1]" ::"rZ"(v), "r"(a) : "memory");
}
static inline uint64_t rt_r64(uint64_t a)
{
    uint64_t v;
    __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
    return v;
}
static inline void rt_w64(uint64_t a, uint64_t v)
{
    __asm__ volatile("str %x0, [%1]" ::"rZ"(v), "r"(a) : "memory");
}

/* ---- what boot found ---- */

enum rt_conduit { RT_CONDUIT_NONE, RT_CONDUIT_HVC, RT_CONDUIT_SMC };

struct rt_range {
    uint64_t base, size; /* bytes */
};

struct rt {
    struct fdt fdt;
    struct rt_range dtb, image, initrd, mem[4];
    unsigned nmem;
    unsigned entry_el;    /* level the loader entered us at: 1 or 2 */
    unsigned el;          /* level the program runs at */
    bool vhe;             /* HCR_EL2.E2H = 1: bootargs said vhe=1, and the program runs at EL2 */
    const char *bootargs; /* never NULL */
    uint64_t uart;        /* PL011, 0 when none */
    struct rt_range gicd, gicr;
    uint64_t gicr_stride;
    struct rt_range gicc; /* GICv2's CPU interface; base 0 with a GICv3 */
    uint64_t exit_dev;    /* "tollgate,exit-test": a read exits to the VMM; 0 when none */
    enum rt_conduit conduit;
    unsigned ncpu;                        /* as the device tree says, at most RT_MAX_CPUS */
    uint64_t mpidr[RT_MAX_CPUS];          /* affinity fields only; [0] is the boot PE */
    uint32_t ppi_phys, ppi_virt, ppi_hyp; /* timer INTIDs */
    uint64_t cntfrq;
    bool pmu;
};
extern struct rt rt;

int rt_program(void); /* the program; non-zero is reported as a failure before power-off */

/* Called on the first PE after the device tree was read and before the MMU goes on; weak, does nothing. */
void rt_early(void);

/* ---- console, strings, arguments ---- */

void rt_putc(char c);
/* %c %s %d %u %x %p with l, ll, width and 0 flag. Whole lines are not torn between PEs. */
void rt_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void *memset(void *d, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

/* Value of `name=value` in the bootargs (to the next blank), or "" for a bare `name`, or NULL. */
const char *rt_arg(const char *name, size_t *len);
uint64_t rt_arg_u64(const char *name, uint64_t dflt);
bool rt_arg_is(const char *name, const char *value);
/* Is item an element of the comma-separated list name=...? dflt when the list is absent. */
bool rt_arg_has(const char *name, const char *item, bool dflt);

enum rt_arg_kind { RT_ARG_FLAG, RT_ARG_NUMBER, RT_ARG_CHOICE, RT_ARG_LIST };
/* An argument that a program takes. */
struct rt_arg_spec {
    const char *name;
    enum rt_arg_kind kind;
    const char *values;              /* CHOICE: separated by commas */
    bool (*known)(const char *item); /* LIST: is there such an item? */
};
/* Is each bootarg one of these, with a value of its kind? `others`: names beside them are another program's. Says what
 * is wrong, so that no run is of something else than what was asked for. */
bool rt_args_check(const struct rt_arg_spec *spec, unsigned n, bool others);

/* ---- PEs, locks, time ---- */

unsigned rt_cpu(void); /* number of this PE, 0 = boot PE */
/* Start PE n at fn(arg) with MMU on, IRQs masked. 0 or the PSCI error. */
int rt_cpu_on(unsigned n, void (*fn)(void *), void *arg);

struct rt_lock {
    uint32_t held;
};
void rt_lock(struct rt_lock *l);
void rt_unlock(struct rt_lock *l);

static inline uint64_t rt_ticks(void)
{
    rt_isb();
    return rt_mrs(cntvct_el0);
}
uint64_t rt_ticks_to_ns(uint64_t ticks);
uint64_t rt_us_to_ticks(uint64_t us);
void rt_delay_us(uint64_t us);
/* Cycle counter on, EL0 to EL2 counted (PMCCFILTR_EL0.NSH); false when the PE has no PMUv3. */
bool rt_pmu_start(void);
static inline uint64_t rt_cycles(void)
{
    return rt.pmu ? rt_mrs(pmccntr_el0) : 0;
}

/* ---- PSCI (DEN0022) ---- */

#define PSCI_VERSION            0x84000000u
#define PSCI_CPU_OFF            0x84000002u
#define PSCI_CPU_ON64           0xc4000003u
#define PSCI_AFFINITY_INFO64    0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE  0x84000006u
#define PSCI_SYSTEM_OFF         0x84000008u
#define PSCI_SYSTEM_RESET       0x84000009u
#define PSCI_FEATURES           0x8400000au
#define PSCI_NOT_SUPPORTED      (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON         (-4)

int64_t rt_hvc(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3);
int64_t rt_smc(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3);
int64_t rt_psci(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3);
__attribute__((noreturn)) void rt_poweroff(void);

/* ---- exceptions ---- */

struct rt_frame {
    uint64_t x[31], sp, elr, spsr, esr, far;
};
enum rt_exc { RT_EXC_SYNC, RT_EXC_IRQ, RT_EXC_FIQ, RT_EXC_SERROR };
enum {
    RT_VEC_SP0 = 0,
    RT_VEC_SPX = 4,
    RT_VEC_LOWER64 = 8,
    RT_VEC_LOWER32 = 12
}; /* vector slot = one of these + rt_exc */

/* True: handled, return to the frame. False: print the frame and power off. */
typedef bool (*rt_handler)(struct rt_frame *f, unsigned slot);
void rt_set_handler(enum rt_exc kind, rt_handler h);
__attribute__((noreturn)) void rt_fatal(const struct rt_frame *f, unsigned slot);

/* ---- translation tables (4K granule) ---- */

struct rt_pt {
    uint64_t *root;
    unsigned start_level; /* 0 or 1 */
    unsigned root_bits;   /* log2 of the entries of the root: 9, or 10 for two concatenated stage-2 tables */
};
#define RT_S1_NORMAL (RT_PUT(1, 4, 2) | RT_PUT(3, 9, 8) | RT_BIT(10)) /* WB, inner shareable, AF */
#define RT_S1_DEVICE (RT_PUT(0, 4, 2) | RT_BIT(10) | RT_BIT(54))      /* Device-nGnRE, XN, AF */
#define RT_S1_PXN    RT_BIT(53)
#define RT_S1_AP1    RT_BIT(6) /* EL1&0: EL0 may; EL2 without E2H: RES1 */
#define RT_S1_RO     RT_BIT(7)
#define RT_S2_NORMAL (RT_PUT(0xf, 5, 2) | RT_PUT(3, 7, 6) | RT_PUT(3, 9, 8) | RT_BIT(10))
#define RT_S2_DEVICE (RT_PUT(1, 5, 2) | RT_PUT(3, 7, 6) | RT_BIT(10) | RT_BIT(54))

uint64_t *rt_pt_alloc(unsigned tables); /* zeroed, aligned to its size; fatal when the pool is empty */
/* Map with the largest blocks that fit, not above max_block (4K, 2M or 1G). Existing leaves stay. 0 or -1
 * (conflict). */
int rt_pt_map(struct rt_pt *pt, uint64_t va, uint64_t pa, uint64_t size, uint64_t leaf, uint64_t max_block);
bool rt_pt_mapped(const struct rt_pt *pt, uint64_t va);

extern struct rt_pt rt_map; /* the program's own, stage 1, of level rt.el */
void rt_mmu_build(void);    /* from struct rt */
void rt_mmu_map_device(uint64_t pa, uint64_t size);
void rt_mmu_on(void); /* this PE, level rt.el */
bool rt_mmu_is_on(void);
uint64_t rt_tcr_ps(void); /* PARange, at most 48 bits (5) */
/* Fill a stage-1 EL1&0 map like rt_map, for a program at EL2 that also runs code at EL1. */
void rt_mmu_build_el1(struct rt_pt *pt);
uint64_t rt_tcr_el1(void);
#define RT_MAIR           0x44ff04u /* 0: Device-nGnRE, 1: Normal WB, 2: Normal NC */
#define RT_SCTLR_ON       (RT_BIT(0) | RT_BIT(2) | RT_BIT(12)) /* M, C, I */
#define RT_SCTLR_EL1_RES1 0x30d00800u
#define RT_SCTLR_EL2_RES1 0x30c50830u

void rt_dcache_clean(const void *p, size_t n); /* to the point of coherency */
void rt_dcache_inval(const void *p, size_t n);

/* ---- GICv3 (IHI 0069) and GICv2 (IHI 0048) ---- */

#define GICD_CTLR  0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR  0x0008
#define GICC_IAR   0x000c
#define GICC_EOIR  0x0010
#define GICC_DIR   0x1000
#define GICR_FRAME 0x10000u /* RD_base frame; SGI_base follows */

/* 0 when the device tree has none; gicv2.c or gic.c serves the calls below. */
static inline unsigned rt_gic_version(void)
{
    return rt.gicc.base ? 2 : rt.gicr.base ? 3 : 0;
}
int rt_gic_init_dist(void);          /* -1 when there is no GIC */
int rt_gic_init_cpu(bool split_eoi); /* this PE; split_eoi: EOI drops the priority only (EOImode 1) */
void rt_gic_enable(uint32_t intid, bool on);
void rt_gic_send_sgi(uint64_t mpidr, unsigned id);

/* What IAR gave goes to EOI and DIR as it is; its INTID is rt_gic_intid(). */
static inline uint32_t rt_gic_ack(void)
{
    uint32_t iar = rt.gicc.base ? rt_r32(rt.gicc.base + GICC_IAR) : (uint32_t)rt_mrs(ICC_IAR1_EL1);
    rt_dsb();
    return iar;
}
static inline uint32_t rt_gic_intid(uint32_t iar)
{
    return rt.gicc.base ? (uint32_t)RT_GET(iar, 9, 0) : iar;
}
static inline void rt_gic_eoi(uint32_t iar)
{
    if (rt.gicc.base)
        rt_w32(rt.gicc.base + GICC_EOIR, iar);
    else
        rt_msr(ICC_EOIR1_EL1, iar);
    rt_isb();
}
static inline void rt_gic_dir(uint32_t iar)
{
    if (rt.gicc.base)
        rt_w32(rt.gicc.base + GICC_DIR, iar);
    else
        rt_msr(ICC_DIR_EL1, iar);
    rt_isb();
}

#endif
