/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes a struct machine to the loader and to the PSCI firmware, and carries out what they ask for.
 * Decides nothing about placement (load.c) or about PSCI's answers (psci.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu.h"
#include "models/devices/devices.h"
#include "models/gic/gic.h"
#include "models/interconnect/interconnect.h"
#include "sim/boot/machine_boot.h"
#include "sim/boot/psci.h"

#define MAX_RAM     16
#define MAX_DEVICES 256

struct machine_boot {
    struct machine *m;
    struct boot_options opt;
    struct boot_machine desc;
    struct boot_region ram[MAX_RAM];
    struct boot_cpu cpus[MACHINE_MAX_PES];
    struct boot_cpu_kind kinds[MACHINE_MAX_PES]; /* of each set */
    struct boot_cache outer[MACHINE_MAX_PES];
    struct boot_opp *opps[MACHINE_MAX_PES];
    uint64_t mpidr[MACHINE_MAX_PES];
    struct boot_device *devices; /* [MAX_DEVICES] */
    struct boot_result result;
    struct psci *psci;
    bool discard;   /* loader runs for the device tree only */
    bool restarted; /* RAM is not zero any more */
};

/* ---- the machine as the loader sees it ---- */

/* Memory that firmware lives in is told from RAM by its class or name. */
static bool is_flash(const struct machine_region *r)
{
    return r->model && (r->model->cls == &tg_cfi_flash_class || !strncmp(r->model->name, "flash", 5) ||
                        !strncmp(r->model->name, "rom", 3));
}

/* Memory of the Secure world, which no loader or operating system is told of. */
static bool is_secure_ram(const struct machine_region *r)
{
    return r->model && r->model->cls == &ram_class && ram_secure(r->model);
}

static struct boot_region region(const struct machine *m, const struct tg_model *model, unsigned frame)
{
    const struct machine_region *r = machine_region_of(m, model, frame);
    return r ? (struct boot_region){r->base, r->size} : (struct boot_region){0};
}

static void describe_gic(const struct machine *m, struct boot_gic *g)
{
    if (!m->gic)
        return;
    g->version = strstr(m->gic->cls->name, "v2") ? 2 : 3;
    g->maintenance_ppi = 9;
    g->dist = region(m, m->gic, 0);
    if (g->version == 2) {
        g->cpu = region(m, m->gic, 1);
        g->hyp = region(m, m->gic, 2);
        g->vcpu = region(m, m->gic, 3);
        return;
    }
    for (size_t i = 0; i < m->n_regions && g->n_redist < TG_ARRAY_SIZE(g->redist); i++)
        if (m->regions[i].model == m->gic && m->regions[i].frame == 1)
            g->redist[g->n_redist++] = (struct boot_region){m->regions[i].base, m->regions[i].size};
}

static void describe_device(const struct machine *m, const struct tg_model *model, struct boot_device *d)
{
    *d = (struct boot_device){.class_name = model->cls->name,
                              .name = model->name,
                              .dt_compatible = model->cls->dt_compatible,
                              .secure = machine_is_secure(m, model)};
    for (unsigned f = 0; f < BOOT_DEV_REGS; f++) {
        struct boot_region r = region(m, model, f);
        if (!r.size)
            break;
        d->regs[d->n_regs++] = r;
    }
    for (size_t i = 0; i < m->n_irqs && d->n_irqs < BOOT_DEV_IRQS; i++) {
        const struct machine_irq *w = &m->irqs[i];
        if (w->source != model || w->sink != m->gic || w->intid < 16)
            continue;
        bool ppi = w->intid < 32;
        d->irqs[d->n_irqs++] = (struct boot_irq){
            .type = ppi ? BOOT_IRQ_PPI : BOOT_IRQ_SPI,
            .flags = w->edge ? BOOT_IRQ_EDGE_RISING : BOOT_IRQ_LEVEL_HIGH,
            .number = w->intid - (ppi ? 16 : 32),
        };
    }
}

static int by_address(const void *a, const void *b)
{
    const struct boot_device *x = a, *y = b;
    return x->regs[0].base < y->regs[0].base ? -1 : x->regs[0].base > y->regs[0].base;
}

/* ID registers say what the PE has. */
#define ID_AA64PFR0  TG_SYSENC(3, 0, 0, 4, 0)
#define ID_AA64DFR0  TG_SYSENC(3, 0, 0, 5, 0)
#define ID_AA64MMFR1 TG_SYSENC(3, 0, 0, 7, 1)
#define PFR0_EL2     TG_FIELD(11, 8)
#define PFR0_EL3     TG_FIELD(15, 12)
#define DFR0_PMUVER  TG_FIELD(11, 8)
#define MMFR1_VH     TG_FIELD(11, 8)

static uint64_t id_field(struct cpu *c, uint32_t enc, uint64_t field)
{
    uint64_t v;
    return cpu_get_sysreg(c, enc, &v) ? tg_get(v, field) : 0;
}

static uint64_t param(const struct tg_model *m, const char *name)
{
    const struct tg_param *p = tg_model_param(m->cls, name);
    return p ? tg_model_get_u64(m, p) : 0;
}

static struct boot_cache cache_of(const struct tg_model *cpu, const char *name)
{
    char key[32];
    uint64_t v[3];
    static const char *const what[3] = {"size", "ways", "line"};
    for (unsigned i = 0; i < 3; i++) {
        snprintf(key, sizeof(key), "%s.%s", name, what[i]);
        v[i] = param(cpu, key);
    }
    if (!v[0] || !v[1] || !v[2])
        return (struct boot_cache){0};
    return (struct boot_cache){v[0], (uint32_t)(v[0] / v[1] / v[2]), (uint32_t)v[2]};
}

static int describe_kind(struct machine_boot *b, unsigned set)
{
    const struct machine *m = b->m;
    const struct machine_set *s = &m->sets[set];
    const struct tg_model *cpu = m->pes[s->first].model;
    struct boot_cpu_kind *k = &b->kinds[set];
    *k = (struct boot_cpu_kind){
        .hz = cpu_hz(m->pes[s->first].cpu),
        .capacity = (uint32_t)param(cpu, "capacity"),
        .l1i = cache_of(cpu, "l1i"),
        .l1d = cache_of(cpu, "l1d"),
        .l2 = cache_of(cpu, "l2"),
        .n_opps = s->n_opps,
    };
    k->opps = b->opps[set] = calloc(s->n_opps + 1, sizeof(*b->opps[set]));
    if (!k->opps)
        return -ENOMEM;
    for (unsigned i = 0; i < s->n_opps; i++)
        b->opps[set][i] = (struct boot_opp){s->opps[i].hz, s->opps[i].uv};
    for (unsigned i = 0; s->cache && i <= set && !k->outer; i++) {
        if (m->sets[i].cache != s->cache)
            continue;
        const uint64_t size = cluster_cache_size(s->cache);
        b->outer[i] = (struct boot_cache){size, (uint32_t)(size / cluster_cache_ways(s->cache) / 64), 64};
        k->outer = &b->outer[i];
    }
    return 0;
}

static int describe(struct machine_boot *b, struct tg_error *err)
{
    struct machine *m = b->m;
    struct boot_machine *d = &b->desc;
    if (!m->n_pes)
        return tg_error_set(err, EINVAL, "the machine has no PE, nothing can be booted");
    d->seed = m->env.seed;
    for (unsigned i = 0; i < m->n_pes; i++) {
        const struct tg_model *model = m->pes[i].model;
        const struct tg_param *p = tg_model_param(model->cls, "compatible");
        if (m->sets[m->pes[i].set].first == i && describe_kind(b, m->pes[i].set))
            return tg_error_set(err, ENOMEM, "no memory");
        b->cpus[i].kind = &b->kinds[m->pes[i].set];
        b->mpidr[i] = m->pes[i].mpidr;
        b->cpus[i].mpidr = m->pes[i].mpidr;
        if (p && p->type == TG_PARAM_STRING)
            memcpy(&b->cpus[i].dt_compatible, (const char *)model + p->offset, sizeof(char *));
    }
    d->cpus = b->cpus;
    d->n_cpus = m->n_pes;
    struct cpu *c = m->pes[0].cpu;
    d->has_el2 = id_field(c, ID_AA64PFR0, PFR0_EL2) != 0;
    d->has_el3 = id_field(c, ID_AA64PFR0, PFR0_EL3) != 0;
    /* What one node says of all PEs, each of them must have. */
    d->has_vhe = d->has_el2;
    d->has_pmu = true;
    for (unsigned i = 0; i < m->n_pes; i++) {
        uint64_t pmu = id_field(m->pes[i].cpu, ID_AA64DFR0, DFR0_PMUVER);
        d->has_vhe &= id_field(m->pes[i].cpu, ID_AA64MMFR1, MMFR1_VH) != 0;
        d->has_pmu &= pmu != 0 && pmu != 15; /* 15: not PMUv3 */
    }
    d->conduit = !m->psci_conduit || !strcmp(m->psci_conduit, "none") ? BOOT_CONDUIT_NONE
                 : !strcmp(m->psci_conduit, "smc")                    ? BOOT_CONDUIT_SMC
                                                                      : BOOT_CONDUIT_HVC;
    for (size_t i = 0; i < m->n_regions; i++) {
        const struct machine_region *r = &m->regions[i];
        if (is_flash(r)) {
            if (r->memory && !d->firmware.size)
                d->firmware = (struct boot_region){r->base, r->size};
        } else if (r->memory && !is_secure_ram(r) && d->n_ram < MAX_RAM) {
            b->ram[d->n_ram++] = (struct boot_region){r->base, r->size};
        }
    }
    d->ram = b->ram;
    describe_gic(m, &d->gic);
    b->devices = calloc(MAX_DEVICES, sizeof(*b->devices));
    if (!b->devices)
        return tg_error_set(err, ENOMEM, "no memory");
    for (size_t i = 0; i < m->n_models && d->n_devices < MAX_DEVICES; i++) {
        if (m->models[i] == m->gic || !m->models[i]->cls->dt_compatible || m->models[i]->cls == &cpu_class)
            continue;
        describe_device(m, m->models[i], &b->devices[d->n_devices]);
        d->n_devices += b->devices[d->n_devices].n_regs > 0;
    }
    /* Linux numbers disks in the order of the tree: let that be the address order, whatever order Lua made
     * them in. */
    qsort(b->devices, d->n_devices, sizeof(*b->devices), by_address);
    d->devices = b->devices;
    return 0;
}

/* ---- guest memory ---- */

static int mem_write(void *opaque, uint64_t pa, const void *data, size_t n)
{
    struct machine_boot *b = opaque;
    if (b->discard)
        return 0;
    void *host = machine_memory(b->m, pa, n);
    if (!host)
        return -EFAULT;
    memcpy(host, data, n);
    if (b->m->domain)
        cpu_domain_memory_written(b->m->domain, pa, n);
    return 0;
}

static int mem_zero(void *opaque, uint64_t pa, uint64_t n)
{
    struct machine_boot *b = opaque;
    if (b->discard || !b->restarted)
        return 0;
    void *host = machine_memory(b->m, pa, n);
    if (!host)
        return -EFAULT;
    memset(host, 0, n);
    if (b->m->domain)
        cpu_domain_memory_written(b->m->domain, pa, n);
    return 0;
}

static int put_fw_cfg(void *opaque, uint16_t key, const void *data, size_t n)
{
    struct machine_boot *b = opaque;
    return fw_cfg_set(machine_find_class(b->m, tg_fw_cfg_class.name, 0), key, data, n);
}

static int load(struct machine_boot *b, const struct boot_options *opt, struct tg_error *err)
{
    const struct boot_mem mem = {.write = mem_write,
                                 .zero = mem_zero,
                                 .fw_cfg =
                                     machine_find_class(b->m, tg_fw_cfg_class.name, 0) ? put_fw_cfg : NULL,
                                 .opaque = b};
    return boot_load(&b->desc, opt, &mem, &b->result, err);
}

/* ---- the firmware's hands ---- */

static uint64_t op_get_x(void *opaque, unsigned pe, unsigned n)
{
    struct machine_boot *b = opaque;
    return cpu_get_x(b->m->pes[pe].cpu, n);
}

static void op_set_x(void *opaque, unsigned pe, unsigned n, uint64_t v)
{
    struct machine_boot *b = opaque;
    cpu_set_x(b->m->pes[pe].cpu, n, v);
}

static bool op_valid_entry(void *opaque, uint64_t pa)
{
    struct machine_boot *b = opaque;
    const struct machine_region *r = machine_region_at(b->m, pa);
    return r && (r->memory || is_flash(r));
}

static void op_cpu_on(void *opaque, unsigned caller, unsigned target, unsigned el, uint64_t entry,
                      uint64_t context)
{
    struct machine_boot *b = opaque;
    tg_time now = cpu_local_time(b->m->pes[caller].cpu);
    machine_power_on(b->m, target, el, entry, context, now);
    if (b->m->gic)
        gic_pe_power(b->m->gic, target, true, now);
    psci_started(b->psci, target);
}

static void op_cpu_off(void *opaque, unsigned pe)
{
    struct machine_boot *b = opaque;
    if (b->m->gic)
        gic_pe_power(b->m->gic, pe, false, cpu_local_time(b->m->pes[pe].cpu));
    cpu_power_off(b->m->pes[pe].cpu);
}

static void op_standby(void *opaque, unsigned pe)
{
    struct machine_boot *b = opaque;
    cpu_standby(b->m->pes[pe].cpu);
}

static void op_system(void *opaque, unsigned caller, enum psci_system_event event)
{
    struct machine_boot *b = opaque;
    if (event == PSCI_SYSTEM_OFF)
        machine_stop(b->m, MACHINE_POWEROFF, "the guest powered off (PSCI SYSTEM_OFF)");
    else
        machine_stop(b->m, MACHINE_RESET, "the guest asked for a reset (PSCI)");
    cpu_power_off(b->m->pes[caller].cpu); /* neither call returns */
}

static bool firmware_call(void *opaque, struct cpu *c, bool smc, uint16_t imm)
{
    struct machine_boot *b = opaque;
    return psci_call(b->psci, cpu_index(c), smc, imm);
}

/* ---- */

static int make(struct machine *m, const struct boot_options *opt, struct machine_boot **out,
                struct tg_error *err)
{
    *out = NULL;
    struct machine_boot *b = calloc(1, sizeof(*b));
    if (!b)
        return tg_error_set(err, ENOMEM, "no memory");
    b->m = m;
    b->opt = *opt;
    int rc = describe(b, err);
    if (rc) {
        machine_boot_free(b);
        return rc;
    }
    *out = b;
    return 0;
}

/* Firmware that runs at EL3 answers calls itself, and brings up the other PEs: all of them start in it, as
 * after a reset of the machine. */
static bool own_firmware(const struct machine_boot *b)
{
    return b->opt.firmware && b->desc.has_el3;
}

int machine_boot_new(struct machine *m, const struct boot_options *opt, struct machine_boot **out,
                     struct tg_error *err)
{
    int rc = make(m, opt, out, err);
    if (rc || (*out)->desc.conduit == BOOT_CONDUIT_NONE || own_firmware(*out))
        return rc;
    struct machine_boot *b = *out;
    const struct psci_ops ops = {
        .opaque = b,
        .get_x = op_get_x,
        .set_x = op_set_x,
        .valid_entry = op_valid_entry,
        .cpu_on = op_cpu_on,
        .cpu_off = op_cpu_off,
        .standby = op_standby,
        .system = op_system,
    };
    const struct psci_config cfg = {
        .n_pe = m->n_pes,
        .mpidr = b->mpidr,
        .el = b->desc.has_el2 ? 2 : 1,
        .smc = b->desc.conduit == BOOT_CONDUIT_SMC,
        .workaround = {PSCI_WORKAROUND_UNAFFECTED, PSCI_WORKAROUND2_UNAFFECTED, PSCI_WORKAROUND_UNAFFECTED},
        .smccc_1_0 = m->smccc && !strcmp(m->smccc, "1.0"),
    };
    b->psci = psci_new(&cfg, &ops);
    if (!b->psci) {
        machine_boot_free(b);
        *out = NULL;
        return tg_error_set(err, ENOMEM, "no memory");
    }
    m->firmware_call = firmware_call;
    m->firmware_opaque = b;
    return 0;
}

int machine_boot_start(struct machine_boot *b, tg_time now, struct tg_error *err)
{
    int rc = load(b, &b->opt, err);
    if (rc)
        return rc;
    b->restarted = true;
    b->opt.dump_dtb = NULL; /* once is enough */
    if (b->psci)
        psci_reset(b->psci);
    if (b->result.loaded)
        for (unsigned i = 0; i < (own_firmware(b) ? b->m->n_pes : 1); i++)
            machine_power_on(b->m, i, b->result.el, b->result.entry, b->result.x0, now);
    /* Images of kernels, and firmware that runs below ours, find the interrupt controller as ours leaves it;
     * a program in ELF, and firmware of its own at EL3, as the reset does. */
    if (b->psci && b->m->gic && b->result.loaded && !b->result.bare) {
        gic_from_firmware(b->m->gic);
        gic_pe_power(b->m->gic, 0, true, now);
    }
    return 0;
}

const struct boot_result *machine_boot_result(const struct machine_boot *b)
{
    return &b->result;
}

void machine_boot_free(struct machine_boot *b)
{
    if (!b)
        return;
    if (b->m->firmware_opaque == b) {
        b->m->firmware_call = NULL;
        b->m->firmware_opaque = NULL;
    }
    psci_free(b->psci);
    for (unsigned i = 0; i < MACHINE_MAX_PES; i++)
        free(b->opps[i]);
    free(b->devices);
    free(b);
}

int machine_boot_dump_dtb(struct machine *m, const struct boot_options *opt, struct tg_error *err)
{
    struct machine_boot *b;
    int rc = make(m, opt, &b, err);
    if (rc)
        return rc;
    b->discard = true;
    rc = load(b, opt, err);
    machine_boot_free(b);
    return rc;
}
