/* SPDX-License-Identifier: Apache-2.0 */
/* A PE with flat RAM and no neighbours. See pe.h. */
#include "pe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "models/cpu/features.h"

const char *const pe_features_n1[] = {
    "fp",      "crc32",     "aes",       "pmull",  "sha1",   "sha256", "lse",     "rdm",     "pan",
    "pan2",    "uao",       "vhe",       "vmid16", "hafdbs", "hpds",   "lor",     "xnx",     "lrcpc",
    "dotprod", "fp16",      "ssbs",      "ssbs2",  "dpb",    "ras",    "gran16k", "gran64k", "pmuv3",
    "pmuv3p1", "debugv8p1", "debugv8p2", "csv2",   "csv3",   "el2",    NULL};
const char *const pe_features_a57[] = {"fp",     "crc32",   "aes",   "pmull", "sha1",
                                       "sha256", "gran64k", "pmuv3", "el2",   NULL};
const char *const pe_features_max[] = {
#define FEAT(id, name, text) name,
    CPU_FEATURES(FEAT)
#undef FEAT
        "-el3",
    "-pacqarma3", "-pacimp", NULL};

static void transport(void *opaque, struct tg_bus_txn *txn)
{
    struct pe *p = opaque;

    txn->resp = TG_BUS_OK;
    if (txn->addr >= PE_DEVICE_BASE && txn->addr + txn->size <= PE_DEVICE_BASE + PE_DEVICE_SIZE) {
        p->device_reads += !txn->write;
        if (txn->data && txn->write)
            memcpy(p->device + (txn->addr - PE_DEVICE_BASE), txn->data, txn->size);
        else if (txn->data)
            memcpy(txn->data, p->device + (txn->addr - PE_DEVICE_BASE), txn->size);
        return;
    }
    if (txn->addr >= PE_SECURE_BASE && txn->addr + txn->size <= PE_SECURE_BASE + PE_SECURE_SIZE) {
        uint8_t *at = p->secure + (txn->addr - PE_SECURE_BASE);

        if (!txn->data)
            return;
        if (!txn->attrs.secure)
            txn->resp = TG_BUS_SLVERR;
        else if (txn->write)
            memcpy(at, txn->data, txn->size);
        else
            memcpy(txn->data, at, txn->size);
        return;
    }
    if (txn->addr < PE_RAM_BASE || txn->addr + txn->size > PE_RAM_BASE + PE_RAM_SIZE) {
        txn->resp = TG_BUS_DECERR;
        return;
    }
    txn->latency += 100 * TG_NS;
    txn->served = TG_SERVED_MEMORY;
    if (!txn->data)
        return;
    if (txn->write)
        memcpy(p->ram + (txn->addr - PE_RAM_BASE), txn->data, txn->size);
    else
        memcpy(txn->data, p->ram + (txn->addr - PE_RAM_BASE), txn->size);
}

static bool get_dmi(void *opaque, uint64_t addr, struct tg_dmi *out)
{
    struct pe *p = opaque;

    if (addr - PE_SECURE_BASE < PE_SECURE_SIZE) {
        *out = (struct tg_dmi){.base = PE_SECURE_BASE,
                               .size = PE_SECURE_SIZE,
                               .host = p->secure,
                               .writable = true,
                               .secure = true};
        return true;
    }
    if (addr - PE_RAM_BASE >= PE_RAM_SIZE)
        return false;
    *out = (struct tg_dmi){.base = PE_RAM_BASE, .size = PE_RAM_SIZE, .host = p->ram, .writable = true};
    return true;
}

static void say(void *opaque, enum tg_log_level level, const char *who, const char *text)
{
    (void)opaque;
    if (level <= TG_LOG_WARN)
        fprintf(stderr, "%s: %s\n", who, text);
}

static void die(const char *what)
{
    fprintf(stderr, "pe: %s\n", what);
    exit(1);
}

struct pe *pe_new_beside(struct pe *first, const char *const *features, const char *const *params,
                         unsigned el)
{
    struct pe *p = calloc(1, sizeof(*p));
    struct tg_model *m;
    struct tg_error err;
    struct tg_bus_port *port;

    p->first = first;
    p->ram = first ? first->ram
                   : mmap(NULL, PE_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p->device = first ? first->device : calloc(1, PE_DEVICE_SIZE);
    p->secure = first ? first->secure : calloc(1, PE_SECURE_SIZE);
    p->env.evq = tg_evq_new();
    p->log.sink = say;
    p->env.log = &p->log;
    m = tg_model_new(&cpu_class, "cpu0", &p->env);
    p->cpu = cpu_from_model(m);
    for (; features && *features; features++) {
        char name[64];
        const struct tg_param *q;

        snprintf(name, sizeof(name), "features.%s", *features + (**features == '-'));
        q = tg_model_param(&cpu_class, name);
        if (!q)
            die(name);
        tg_model_set_u64(m, q, **features != '-', &err);
    }
    for (; params && *params; params += 2) {
        const struct tg_param *q = tg_model_param(&cpu_class, params[0]);

        if (!q || tg_model_set_u64(m, q, strtoull(params[1], NULL, 0), &err))
            die(params[0]);
    }
    port = (struct tg_bus_port *)((char *)m + tg_model_port(&cpu_class, "bus")->offset);
    *port = (struct tg_bus_port){.transport = transport, .get_dmi = get_dmi, .opaque = p};
    cpu_bind(p->cpu, first != NULL, first != NULL, NULL, NULL);
    p->domain = first ? first->domain : cpu_domain_new();
    cpu_domain_add(p->domain, p->cpu);
    if (tg_model_realize(m, &err))
        die(err.text);
    tg_model_reset(m);
    cpu_power_on(p->cpu, el, PE_RAM_BASE, 0, 0);
    return p;
}

struct pe *pe_new(const char *const *features, const char *const *params, unsigned el)
{
    return pe_new_beside(NULL, features, params, el);
}

void pe_free(struct pe *p)
{
    tg_model_free(cpu_model(p->cpu));
    tg_evq_free(p->env.evq);
    if (!p->first) {
        cpu_domain_free(p->domain);
        munmap(p->ram, PE_RAM_SIZE);
        free(p->device);
        free(p->secure);
    }
    free(p);
}

void pe_write(struct pe *p, uint64_t addr, const void *data, size_t n)
{
    memcpy(p->ram + (addr - PE_RAM_BASE), data, n);
    cpu_domain_memory_written(p->domain, addr, n);
}

void pe_code(struct pe *p, uint64_t addr, const uint32_t *insns, size_t n)
{
    pe_write(p, addr, insns, n * sizeof(*insns));
}

enum cpu_stop pe_run_insns(struct pe *p, uint64_t n)
{
    cpu_set_insn_limit(p->cpu, cpu_insns(p->cpu) + n);
    return cpu_run(p->cpu, TG_TIME_NEVER / 4);
}
