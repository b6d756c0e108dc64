/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzzer's machine: one or two PEs of random features and sizes, a GICv3 with their timers on it, RAM, a
 * ROM, a device that answers everything, and nothing else. No SystemC: the program's loop gives PEs their
 * turns.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "models/cpu/features.h"
#include "models/gic/gic.h"

static void die(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    exit(2);
}

static void transport(void *opaque, struct tg_bus_txn *txn)
{
    struct fuzz_machine *m = opaque;
    uint64_t at = txn->addr, end = at + txn->size;

    txn->resp = TG_BUS_OK;
    txn->latency += 50 * TG_NS;
    txn->served = TG_SERVED_MEMORY;
    if (at >= FUZZ_RAM && end <= FUZZ_RAM + FUZZ_RAM_SIZE) {
        if (txn->data && !txn->attrs.secure && end > FUZZ_RAM + m->open)
            txn->resp = TG_BUS_SLVERR;
        else if (txn->data && txn->write)
            machine_write(m, at, txn->data, txn->size);
        else if (txn->data)
            memcpy(txn->data, m->ram + (at - FUZZ_RAM), txn->size);
    } else if (at >= FUZZ_ROM && end <= FUZZ_ROM + FUZZ_ROM_SIZE) {
        if (txn->write)
            txn->resp = TG_BUS_SLVERR;
        else if (txn->data)
            memcpy(txn->data, m->rom + (at - FUZZ_ROM), txn->size);
    } else if (at >= FUZZ_DEVICE && end <= FUZZ_DEVICE + FUZZ_DEVICE_SIZE) {
        for (unsigned i = 0; txn->data && i < txn->size; i++) {
            uint8_t *byte = (uint8_t *)txn->data + i;

            if (txn->write)
                m->device = m->device << 8 | *byte;
            else
                *byte = (uint8_t)(m->device >> 8 * (i & 7)) ^ (uint8_t)at;
        }
    } else if (txn->data && at >= FUZZ_GICD && end <= FUZZ_GICD + tg_model_frame_size(m->gic, 0)) {
        txn->addr -= FUZZ_GICD;
        tg_model_transport(m->gic, 0, txn);
        txn->addr = at;
    } else if (txn->data && at >= FUZZ_GICR && end <= FUZZ_GICR + tg_model_frame_size(m->gic, 1)) {
        txn->addr -= FUZZ_GICR;
        tg_model_transport(m->gic, 1, txn);
        txn->addr = at;
    } else {
        txn->resp = TG_BUS_DECERR;
    }
}

static bool get_dmi(void *opaque, uint64_t addr, struct tg_dmi *out)
{
    struct fuzz_machine *m = opaque;

    if (addr - FUZZ_RAM < m->open)
        *out = (struct tg_dmi){.base = FUZZ_RAM, .size = m->open, .host = m->ram, .writable = true};
    else if (addr - FUZZ_RAM < FUZZ_RAM_SIZE)
        *out = (struct tg_dmi){.base = FUZZ_RAM + m->open,
                               .size = FUZZ_RAM_SIZE - m->open,
                               .host = m->ram + m->open,
                               .writable = true,
                               .secure = true};
    else if (addr - FUZZ_ROM < FUZZ_ROM_SIZE)
        *out = (struct tg_dmi){.base = FUZZ_ROM, .size = FUZZ_ROM_SIZE, .host = m->rom};
    else
        return false;
    return true;
}

/* Guest errors are expected; anything the user should know is not. */
static void say(void *opaque, enum tg_log_level level, const char *who, const char *text)
{
    (void)opaque;
    if (level == TG_LOG_WARN)
        fprintf(stderr, "%s: %s\n", who, text);
}

static void set(struct tg_model *model, const char *name, uint64_t v)
{
    const struct tg_param *p = tg_model_param(model->cls, name);
    struct tg_error err;

    if (!p)
        die(name);
    if (tg_model_set_u64(model, p, v, &err))
        die(err.text);
}

static uint64_t one_of(struct rng *r, const uint16_t *choices, unsigned n)
{
    return choices[below(r, n)];
}
#define ONE_OF(r, ...) \
    one_of(r, (const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

/* Features by chance, each with what it needs. */
static void choose_features(struct rng *r, struct cpu_features *f)
{
    enum cpu_feature feature, needs;
    unsigned most = below(r, 3) + 1; /* of four */

    memset(f, 0, sizeof(*f));
    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++)
        cpu_features_set(f, i, below(r, 4) < most || i == CPU_FEAT_FP);
    cpu_features_set(f, CPU_FEAT_EL2, !once_in(r, 8));
    cpu_features_set(f, CPU_FEAT_EL3, once_in(r, 2));
    if (once_in(r, 16))
        cpu_features_set(f, CPU_FEAT_FP, false);
    while (!cpu_features_check(f, &feature, &needs))
        cpu_features_set(f, feature, false);
    while (!cpu_features_exclusive(f, &feature, &needs))
        cpu_features_set(f, once_in(r, 2) ? feature : needs, false);
}

static void choose_sizes(struct rng *r, struct tg_model *model)
{
    static const char *const caches[] = {"l1i", "l1d", "l2"};
    static const char *const tlbs[] = {"itlb", "dtlb", "tlb2", "walk_cache", "ipa_cache"};
    char name[64];

    set(model, "pa_bits", ONE_OF(r, 32, 36, 40, 42, 44, 48));
    set(model, "pmu_counters", ONE_OF(r, 0, 1, 4, 6, 31));
    set(model, "breakpoints", ONE_OF(r, 2, 6, 16));
    set(model, "watchpoints", ONE_OF(r, 2, 4, 16));
    set(model, "pipeline.kind", below(r, 2));
    set(model, "pipeline.width", ONE_OF(r, 1, 2, 3, 4, 8));
    set(model, "pipeline.window", ONE_OF(r, 1, 40, 128));
    set(model, "pipeline.store_buffer", ONE_OF(r, 1, 6, 32));
    set(model, "pipeline.btb", ONE_OF(r, 0, 16, 4096));
    set(model, "l1d.mshrs", ONE_OF(r, 1, 6));
    set(model, "prefetch", ONE_OF(r, 0, 2, 16));
    for (unsigned i = 0; i < 3; i++) {
        unsigned ways = (unsigned)ONE_OF(r, 1, 2, 4, 8);

        snprintf(name, sizeof(name), "%s.ways", caches[i]);
        set(model, name, ways);
        snprintf(name, sizeof(name), "%s.size", caches[i]);
        set(model, name, (uint64_t)ways * 64 * ONE_OF(r, 2, 16, 256));
    }
    for (unsigned i = 0; i < 5; i++) {
        unsigned ways = (unsigned)ONE_OF(r, 1, 2, 4);

        snprintf(name, sizeof(name), "%s.ways", tlbs[i]);
        if (tg_model_param(&cpu_class, name)) /* level 1 TLBs are fully associative */
            set(model, name, ways);
        snprintf(name, sizeof(name), "%s.entries", tlbs[i]);
        set(model, name, (uint64_t)ways * ONE_OF(r, 1, 4, 16));
    }
}

static void wire(struct fuzz_machine *m, unsigned pe)
{
    static const char *const outputs[] = {"irq", "fiq", "virq", "vfiq"}; /* enum tg_pe_line */
    struct tg_model *cpu = cpu_model(m->cpu[pe]);
    const struct tg_port *ppi = tg_model_port(&cpu_class, "ppi");

    for (unsigned i = 0; i < 4; i++)
        tg_model_bind_irq(m->gic, tg_model_port(m->gic->cls, outputs[i]), pe, cpu, i);
    for (unsigned i = 0; i < TG_PPI_COUNT; i++)
        tg_model_bind_irq(cpu, ppi, i, m->gic, gic_ppi_line(pe, gic_ppi_intid(i)));
}

static void add_pe(struct fuzz_machine *m, struct rng *r, const struct cpu_features *f, unsigned pe)
{
    struct tg_model *model = tg_model_new(&cpu_class, pe ? "cpu1" : "cpu0", &m->env);
    const struct tg_port *bus = tg_model_port(&cpu_class, "bus");
    struct tg_error err;
    char name[64];

    if (!model)
        die("out of memory");
    m->cpu[pe] = cpu_from_model(model);
    for (unsigned i = 0; i < CPU_FEAT_COUNT; i++) {
        snprintf(name, sizeof(name), "features.%s", cpu_feature_name(i));
        set(model, name, cpu_features_has(f, i));
    }
    choose_sizes(r, model);
    *(struct tg_bus_port *)((char *)model + bus->offset) =
        (struct tg_bus_port){.transport = transport, .get_dmi = get_dmi, .opaque = m};
    cpu_bind(m->cpu[pe], pe, pe, gic_cpuif(m->gic), NULL);
    cpu_domain_add(m->domain, m->cpu[pe]);
    wire(m, pe);
    if (tg_model_realize(model, &err))
        die(err.text);
    tg_model_reset(model);
}

struct fuzz_machine *machine_new(struct rng *r)
{
    static const uint64_t affinity[FUZZ_PES] = {0, 1};
    struct fuzz_machine *m = calloc(1, sizeof(*m));
    struct cpu_features f;
    struct tg_error err;

    if (!m)
        die("out of memory");
    m->ram =
        mmap(NULL, FUZZ_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    m->rom = calloc(1, FUZZ_ROM_SIZE);
    m->env.evq = tg_evq_new();
    m->domain = cpu_domain_new();
    if (m->ram == MAP_FAILED || !m->rom || !m->env.evq || !m->domain)
        die("out of memory");
    m->log.sink = say;
    m->env.log = &m->log;
    m->pes = once_in(r, 4) ? 2 : 1;
    choose_features(r, &f);
    m->el2 = cpu_features_has(&f, CPU_FEAT_EL2);
    m->el3 = cpu_features_has(&f, CPU_FEAT_EL3);
    m->open = m->el3 && once_in(r, 4) ? FUZZ_RAM_SIZE / 4 * 3 : FUZZ_RAM_SIZE;

    m->gic = tg_model_new(&gicv3_class, "gic", &m->env);
    if (!m->gic || gic_set_pes(m->gic, m->pes, affinity))
        die("gic");
    set(m->gic, "security", m->el3 && once_in(r, 2));
    set(m->gic, "list_registers", ONE_OF(r, 1, 4, 16));
    if (tg_model_realize(m->gic, &err))
        die(err.text);
    for (unsigned i = 0; i < m->pes; i++)
        add_pe(m, r, &f, i);
    tg_model_reset(m->gic);
    return m;
}

void machine_free(struct fuzz_machine *m)
{
    for (unsigned i = 0; i < m->pes; i++)
        tg_model_free(cpu_model(m->cpu[i]));
    tg_model_free(m->gic);
    cpu_domain_free(m->domain);
    tg_evq_free(m->env.evq);
    munmap(m->ram, FUZZ_RAM_SIZE);
    free(m->rom);
    free(m);
}

void machine_write(struct fuzz_machine *m, uint64_t pa, const void *data, size_t n)
{
    memcpy(m->ram + (pa - FUZZ_RAM), data, n);
    cpu_domain_memory_written(m->domain, pa, n);
}

void machine_set_gic(struct fuzz_machine *m, struct rng *r)
{
    for (unsigned i = 0; i < 64; i++) {
        uint64_t v = once_in(r, 2) ? UINT32_MAX : rnd(r), at = rnd(r) & 0xffc;
        unsigned frame = below(r, 2);
        struct tg_bus_txn txn = {.data = &v, .size = 4, .write = true};

        if (frame && !once_in(r, 8)) /* a PE's own interrupts rather than its LPI tables */
            at |= 0x10000;
        if (i == 0)
            frame = 0, at = 0; /* GICD_CTLR */
        txn.addr = at + (frame ? 0x20000 * below(r, m->pes) : 0);
        txn.attrs.secure = once_in(r, 2);
        tg_model_transport(m->gic, frame, &txn);
    }
}
