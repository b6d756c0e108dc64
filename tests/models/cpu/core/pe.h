/* SPDX-License-Identifier: Apache-2.0 */
/* A PE with flat RAM and no neighbours, for tests: no SystemC, no GIC. */
#ifndef TESTS_CPU_PE_H
#define TESTS_CPU_PE_H

#include "models/base/model.h"
#include "models/cpu/cpu.h"

#define PE_RAM_BASE UINT64_C(0x40000000)
#define PE_RAM_SIZE (UINT64_C(64) << 20)
/* Memory without a host address behind it, as a device's: each access is a transaction. */
#define PE_DEVICE_BASE UINT64_C(0x10000000)
#define PE_DEVICE_SIZE 4096
/* RAM of the Secure state. */
#define PE_SECURE_BASE UINT64_C(0x20000000)
#define PE_SECURE_SIZE 65536

struct pe {
    struct tg_env env;
    struct tg_log log;
    struct cpu *cpu;
    struct cpu_domain *domain;
    uint8_t *ram;
    uint8_t *device;
    uint8_t *secure;
    unsigned device_reads; /* transactions */
    struct pe *first;      /* whose RAM and domain these are; NULL: its own */
    bool timed_bus;
};

/* features: NULL-terminated names as in "features.<name>", switched off again by a minus sign before; params:
 * NULL-terminated pairs of name and decimal value. Powered on at `el`, pc = PE_RAM_BASE. */
struct pe *pe_new(const char *const *features, const char *const *params, unsigned el);
/* Another PE of the same domain, with the same RAM; freed before the first. */
struct pe *pe_new_beside(struct pe *first, const char *const *features, const char *const *params,
                         unsigned el);
void pe_free(struct pe *p);
/* Features of Armv8.2 as the neoverse-n1 preset has them. */
extern const char *const pe_features_n1[];
extern const char *const pe_features_a57[];
/* Everything that is implemented, without EL3. */
extern const char *const pe_features_max[];

void pe_write(struct pe *p, uint64_t addr, const void *data, size_t n);
void pe_code(struct pe *p, uint64_t addr, const uint32_t *insns, size_t n);
/* Runs n instructions. */
enum cpu_stop pe_run_insns(struct pe *p, uint64_t n);

#endif
