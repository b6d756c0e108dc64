/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest runtime's middle: reads the device tree, starts PEs by PSCI (DEN0022), dispatches exceptions, and
 * holds time, locks and boot arguments. Does not print (print.c), map memory (mmu.c) or program the GIC
 * (gic.c).
 */
#include "rt.h"

#include <string.h>

_Static_assert(sizeof(struct rt_frame) == RT_FRAME_SIZE, "rt_asm.h and struct rt_frame disagree");

struct rt rt;

extern char _start[], __image_end[];
extern char rt_secondary_entry[];

struct secondary {
    void (*fn)(void *);
    void *arg;
};
static struct secondary secondaries[RT_MAX_CPUS] __attribute__((aligned(64)));
static rt_handler handlers[4];

/* ---- boot ---- */

static void read_chosen(const struct fdt_node *n)
{
    uint32_t len;
    const void *v = fdt_prop(&rt.fdt, n, "bootargs", &len);
    if (v && len)
        rt.bootargs = v;
    const void *s = fdt_prop(&rt.fdt, n, "linux,initrd-start", &len);
    if (s)
        rt.initrd.base = fdt_cells(s, len / 4);
    s = fdt_prop(&rt.fdt, n, "linux,initrd-end", &len);
    if (s)
        rt.initrd.size = fdt_cells(s, len / 4) - rt.initrd.base;
}

static void read_psci(const struct fdt_node *n)
{
    uint32_t len;
    const char *m = fdt_prop(&rt.fdt, n, "method", &len);
    if (m)
        rt.conduit = !strcmp(m, "hvc") ? RT_CONDUIT_HVC : RT_CONDUIT_SMC;
}

static void read_timer(const struct fdt_node *n)
{
    uint32_t len;
    const uint8_t *p = fdt_prop(&rt.fdt, n, "interrupts", &len);
    if (!p || len < 4 * 12) /* four PPIs of three cells each: secure, physical, virtual, hypervisor */
        return;
    rt.ppi_phys = 16 + fdt_be32(p + 16);
    rt.ppi_virt = 16 + fdt_be32(p + 28);
    rt.ppi_hyp = 16 + fdt_be32(p + 40);
}

static void read_cpu(const struct fdt_node *n)
{
    uint64_t id, size, self = rt_mrs(mpidr_el1) & 0xff00ffffffu;
    if (!fdt_reg(&rt.fdt, n, 0, &id, &size) || rt.ncpu >= RT_MAX_CPUS)
        return;
    rt.mpidr[rt.ncpu] = id;
    if (id == self) { /* the boot PE is number 0 */
        rt.mpidr[rt.ncpu] = rt.mpidr[0];
        rt.mpidr[0] = id;
    }
    rt.ncpu++;
}

static void read_tree(void)
{
    struct fdt_iter it;
    struct fdt_node n;
    uint64_t a, s;
    uint32_t len;
    fdt_iter_init(&rt.fdt, &it);
    while (fdt_next(&rt.fdt, &it, &n)) {
        const char *type = fdt_prop(&rt.fdt, &n, "device_type", &len);
        if (type && !strcmp(type, "cpu")) {
            read_cpu(&n);
        } else if (type && !strcmp(type, "memory")) {
            for (unsigned i = 0; rt.nmem < 4 && fdt_reg(&rt.fdt, &n, i, &a, &s); i++)
                rt.mem[rt.nmem++] = (struct rt_range){a, s};
        } else if (n.depth == 1 && !strcmp(n.name, "chosen")) {
            read_chosen(&n);
        } else if (fdt_is_compatible(&rt.fdt, &n, "arm,psci-0.2") ||
                   fdt_is_compatible(&rt.fdt, &n, "arm,psci-1.0")) {
            read_psci(&n);
        } else if (fdt_is_compatible(&rt.fdt, &n, "arm,cortex-a15-gic") ||
                   fdt_is_compatible(&rt.fdt, &n, "arm,gic-400")) {
            if (fdt_reg(&rt.fdt, &n, 0, &rt.gicd.base, &rt.gicd.size))
                fdt_reg(&rt.fdt, &n, 1, &rt.gicc.base, &rt.gicc.size);
        } else if (fdt_is_compatible(&rt.fdt, &n, "arm,armv8-timer")) {
            read_timer(&n);
        } else if (fdt_is_compatible(&rt.fdt, &n, "arm,gic-v3")) {
            if (fdt_reg(&rt.fdt, &n, 0, &rt.gicd.base, &rt.gicd.size))
                fdt_reg(&rt.fdt, &n, 1, &rt.gicr.base, &rt.gicr.size);
        } else if (!rt.uart && fdt_is_compatible(&rt.fdt, &n, "arm,pl011")) {
            const char *st = fdt_prop(&rt.fdt, &n, "status", &len);
            if (!(st && !strcmp(st, "disabled")) && fdt_reg(&rt.fdt, &n, 0, &a, &s))
                rt.uart = a;
        } else if (fdt_is_compatible(&rt.fdt, &n, "tollgate,exit-test")) {
            if (fdt_reg(&rt.fdt, &n, 0, &a, &s))
                rt.exit_dev = a;
        }
    }
}

__attribute__((weak)) void rt_early(void)
{
}

void rt_primary(uint64_t dtb, uint64_t entry_el);
void rt_secondary(uint64_t cpu);

void rt_primary(uint64_t dtb, uint64_t entry_el)
{
    rt.entry_el = (unsigned)entry_el;
    rt.el = (unsigned)RT_GET(rt_mrs(CurrentEL), 3, 2);
    rt.bootargs = "";
    rt.ppi_phys = 30;
    rt.ppi_virt = 27;
    rt.ppi_hyp = 26;
    rt.gicr_stride = 2 * GICR_FRAME;
    rt.cntfrq = rt_mrs(cntfrq_el0);
    rt.image = (struct rt_range){(uint64_t)_start, (uint64_t)__image_end - (uint64_t)_start};
    if (fdt_open(&rt.fdt, (const void *)dtb) == 0) {
        rt.dtb = (struct rt_range){dtb, rt.fdt.size};
        read_tree();
    }
    if (!rt.ncpu) {
        rt.ncpu = 1;
        rt.mpidr[0] = rt_mrs(mpidr_el1) & 0xff00ffffffu;
    }
    /* HCR_EL2 = E2H | TGE | RW before the EL2&0 tables go on */
    bool vhe_missing =
        rt.el == 2 && rt_arg_u64("vhe", 0) && !RT_GET(rt_mrs(id_aa64mmfr1_el1), 11, 8); /* VH */
    if (rt.el == 2 && rt_arg_u64("vhe", 0) && !vhe_missing) {
        rt_msr(hcr_el2, RT_BIT(34) | RT_BIT(31) | RT_BIT(27));
        rt_isb();
        rt_msr(cptr_el2, RT_PUT(3, 21, 20)); /* with E2H the layout is CPACR's: FPEN */
        rt_msr(cnthctl_el2, RT_PUT(3, 11, 10) | RT_PUT(3, 1, 0));
        rt_isb();
        rt.vhe = true;
    }
    rt_early();
    rt_mmu_build();
    rt_dcache_inval(_start, rt.image.size);
    rt_mmu_on();
    if (vhe_missing)
        rt_printf("rt: vhe=1: this PE has no VHE (ID_AA64MMFR1_EL1.VH is 0)\n");
    int ret = vhe_missing ? 1 : rt_program();
    if (ret)
        rt_printf("rt: program failed with %d\n", ret);
    rt_poweroff();
}

void rt_secondary(uint64_t cpu)
{
    if (rt.vhe) {
        rt_msr(hcr_el2, RT_BIT(34) | RT_BIT(31) | RT_BIT(27));
        rt_isb();
        rt_msr(cptr_el2, RT_PUT(3, 21, 20));
        rt_msr(cnthctl_el2, RT_PUT(3, 11, 10) | RT_PUT(3, 1, 0));
        rt_isb();
    }
    rt_mmu_on();
    secondaries[cpu].fn(secondaries[cpu].arg);
    rt_psci(PSCI_CPU_OFF, 0, 0, 0);
    for (;;)
        rt_wfi();
}

unsigned rt_cpu(void)
{
    return (unsigned)(RT_GET(rt_mrs(CurrentEL), 3, 2) == 2 ? rt_mrs(tpidr_el2) : rt_mrs(tpidr_el1));
}

int rt_cpu_on(unsigned n, void (*fn)(void *), void *arg)
{
    if (n == 0 || n >= rt.ncpu)
        return PSCI_INVALID_PARAMETERS;
    secondaries[n] = (struct secondary){fn, arg};
    rt_dcache_clean(&rt, sizeof(rt)); /* read with the MMU off */
    rt_dcache_clean(&rt_map, sizeof(rt_map));
    rt_dcache_clean(secondaries, sizeof(secondaries));
    return (int)rt_psci(PSCI_CPU_ON64, rt.mpidr[n], (uint64_t)rt_secondary_entry, n);
}

/* ---- PSCI ---- */

#define SMCCC_CALL(insn)                                                                                  \
    register uint64_t x0 __asm__("x0") = fid;                                                             \
    register uint64_t x1 __asm__("x1") = a1;                                                              \
    register uint64_t x2 __asm__("x2") = a2;                                                              \
    register uint64_t x3 __asm__("x3") = a3;                                                              \
    __asm__ volatile(insn " #0"                                                                           \
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8", "x9", "x10", \
                       "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");                        \
    return (int64_t)x0

int64_t rt_hvc(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3)
{
    SMCCC_CALL("hvc");
}
int64_t rt_smc(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3)
{
    SMCCC_CALL("smc");
}

int64_t rt_psci(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3)
{
    switch (rt.conduit) {
    case RT_CONDUIT_HVC:
        return rt_hvc(fid, a1, a2, a3);
    case RT_CONDUIT_SMC:
        return rt_smc(fid, a1, a2, a3);
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

void rt_poweroff(void)
{
    rt_psci(PSCI_SYSTEM_OFF, 0, 0, 0);
    rt_printf("rt: no power off; halted\n");
    for (;;)
        rt_wfi();
}

/* ---- exceptions ---- */

void rt_set_handler(enum rt_exc kind, rt_handler h)
{
    handlers[kind] = h;
}

void rt_fatal(const struct rt_frame *f, unsigned slot)
{
    static const char *const kinds[] = {"synchronous", "irq", "fiq", "serror"};
    rt_printf("rt: FATAL unexpected %s exception, vector %u, cpu %u EL%u\n", kinds[slot & 3], slot, rt_cpu(),
              (unsigned)RT_GET(rt_mrs(CurrentEL), 3, 2));
    rt_printf("rt: FATAL esr=0x%lx far=0x%lx elr=0x%lx (image+0x%lx) spsr=0x%lx sp=0x%lx\n", f->esr, f->far,
              f->elr, f->elr - rt.image.base, f->spsr, f->sp);
    for (unsigned i = 0; i < 31; i++)
        rt_printf("%sx%u=0x%lx%s", i % 4 ? " " : "rt: ", i, f->x[i], i % 4 == 3 || i == 30 ? "\n" : "");
    rt_poweroff();
}

void rt_exception(struct rt_frame *f, unsigned slot);
void rt_exception(struct rt_frame *f, unsigned slot)
{
    rt_handler h = handlers[slot & 3];
    if (!h || !h(f, slot))
        rt_fatal(f, slot);
}

/* ---- locks and time ---- */

void rt_lock(struct rt_lock *l)
{
    uint32_t v, one = 1;
    __asm__ volatile("   sevl\n"
                     "1: wfe\n"
                     "2: ldaxr %w0, [%2]\n"
                     "   cbnz %w0, 1b\n"
                     "   stxr %w0, %w1, [%2]\n"
                     "   cbnz %w0, 2b\n"
                     : "=&r"(v)
                     : "r"(one), "r"(&l->held)
                     : "memory");
}

void rt_unlock(struct rt_lock *l)
{
    __asm__ volatile("stlr wzr, [%0]" ::"r"(&l->held) : "memory");
}

uint64_t rt_ticks_to_ns(uint64_t t)
{
    uint64_t f = rt.cntfrq ? rt.cntfrq : 1;
    return t / f * 1000000000u + t % f * 1000000000u / f;
}

uint64_t rt_us_to_ticks(uint64_t us)
{
    return us * rt.cntfrq / 1000000u;
}

void rt_delay_us(uint64_t us)
{
    uint64_t end = rt_ticks() + rt_us_to_ticks(us);
    while ((int64_t)(rt_ticks() - end) < 0)
        rt_yield();
}

bool rt_pmu_start(void)
{
    uint64_t ver = RT_GET(rt_mrs(id_aa64dfr0_el1), 11, 8);
    rt.pmu = ver != 0 && ver != 15;
    if (rt.pmu) {
        rt_msr(pmccfiltr_el0, RT_BIT(27));       /* NSH: count at EL2 too */
        rt_msr(pmcntenset_el0, RT_BIT(31));      /* the cycle counter */
        rt_msr(pmcr_el0, RT_BIT(6) | RT_BIT(0)); /* LC (64 bits), E */
        rt_isb();
    }
    return rt.pmu;
}

/* ---- boot arguments ---- */

const char *rt_arg(const char *name, size_t *len)
{
    size_t n = strlen(name);
    const char *p = rt.bootargs;
    while (*p) {
        while (*p == ' ' || *p == '\n')
            p++;
        const char *word = p;
        while (*p && *p != ' ' && *p != '\n')
            p++;
        size_t wl = (size_t)(p - word);
        if (wl < n || memcmp(word, name, n))
            continue;
        if (wl == n || word[n] == '=') {
            size_t skip = wl == n ? n : n + 1;
            *len = wl - skip;
            return word + skip;
        }
    }
    return NULL;
}

uint64_t rt_arg_u64(const char *name, uint64_t dflt)
{
    size_t len, i = 0;
    const char *s = rt_arg(name, &len);
    uint64_t v = 0, base = 10;
    if (!s || !len)
        return dflt;
    if (len > 2 && s[0] == '0' && s[1] == 'x') {
        base = 16;
        i = 2;
    }
    for (; i < len; i++) {
        unsigned d = s[i] >= 'a' && s[i] <= 'f' ? (unsigned)(s[i] - 'a' + 10) : (unsigned)(s[i] - '0');
        if (d >= base)
            return dflt;
        v = v * base + d;
    }
    return v;
}

bool rt_arg_is(const char *name, const char *value)
{
    size_t len;
    const char *s = rt_arg(name, &len);
    return s && len == strlen(value) && !memcmp(s, value, len);
}

static bool is_number(const char *s, size_t len)
{
    bool hex = len > 2 && s[0] == '0' && s[1] == 'x';
    for (size_t i = hex ? 2 : 0; i < len; i++)
        if (!(s[i] >= '0' && s[i] <= '9') && !(hex && s[i] >= 'a' && s[i] <= 'f'))
            return false;
    return len > 0;
}

/* Is the word an element of a list that is separated by commas? */
static bool in_list(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; *p;) {
        size_t e = 0;
        while (p[e] && p[e] != ',')
            e++;
        if (e == n && !memcmp(p, word, n))
            return true;
        p += p[e] ? e + 1 : e;
    }
    return false;
}

/* `value` ends with a NUL and is written to. */
static bool arg_ok(const struct rt_arg_spec *s, char *value, bool bare)
{
    switch (s->kind) {
    case RT_ARG_FLAG:
        return bare;
    case RT_ARG_NUMBER:
        return !bare && is_number(value, strlen(value));
    case RT_ARG_CHOICE:
        return !bare && in_list(s->values, value);
    default:
        break;
    }
    for (char *item = value; !bare && *item;) {
        char *end = item;
        while (*end && *end != ',')
            end++;
        bool last = !*end;
        *end = 0;
        if (!s->known(item)) {
            rt_printf("rt: argument %s: there is no '%s'\n", s->name, item);
            return false;
        }
        item = last ? end : end + 1;
    }
    return !bare;
}

bool rt_args_check(const struct rt_arg_spec *spec, unsigned n, bool others)
{
    static const char *const expected[] = {"no value", "a number", "one of ", "names separated by commas"};
    static char word[4096];
    bool ok = true;
    for (const char *p = rt.bootargs; *p;) {
        size_t len = 0, eq = 0;
        while (*p == ' ' || *p == '\n')
            p++;
        for (; p[len] && p[len] != ' ' && p[len] != '\n'; len++)
            if (len < sizeof(word) - 1)
                word[len] = p[len];
        p += len;
        if (!len)
            break;
        word[len < sizeof(word) - 1 ? len : sizeof(word) - 1] = 0;
        while (word[eq] && word[eq] != '=')
            eq++;
        bool bare = !word[eq];
        word[eq] = 0;
        const struct rt_arg_spec *s = NULL;
        for (unsigned i = 0; i < n && !s; i++)
            if (!strcmp(spec[i].name, word))
                s = &spec[i];
        if (!s && !others)
            rt_printf("rt: unknown argument '%s'\n", word);
        else if (s && !arg_ok(s, word + eq + !bare, bare))
            rt_printf("rt: argument %s: expected %s%s\n", s->name, expected[s->kind],
                      s->values ? s->values : "");
        else
            continue;
        ok = false;
    }
    return ok;
}

bool rt_arg_has(const char *name, const char *item, bool dflt)
{
    size_t len, n = strlen(item);
    const char *s = rt_arg(name, &len);
    if (!s)
        return dflt;
    for (size_t i = 0; i < len;) {
        size_t e = i;
        while (e < len && s[e] != ',')
            e++;
        if (e - i == n && !memcmp(s + i, item, n))
            return true;
        i = e + 1;
    }
    return false;
}
