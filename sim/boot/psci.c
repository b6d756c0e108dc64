/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI 1.1 (DEN0022) and the SMC Calling Convention's Arm Architecture Calls (DEN0028) as a table of
 * functions. Power domains: each PE is one; coordination of higher levels is left out, since no level above
 * the PE has a power state here.
 */
#include <stdlib.h>
#include "models/base/bits.h"
#include "sim/boot/psci.h"

/* Return codes: DEN0022, 5.2.2 */
enum {
    SUCCESS = 0,
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    DENIED = -3,
    ALREADY_ON = -4,
    ON_PENDING = -5,
    INTERNAL_FAILURE = -6,
    INVALID_ADDRESS = -9,
};

#define ID_SMC64    TG_BIT(30)       /* SMC64 convention: 64-bit arguments */
#define ID_OWNER    TG_FIELD(29, 24) /* owning entity; 0: Arm Architecture Calls */
#define VERSION_1_1 0x00010001
#define SMCCC_1_2   0x00010002
#define MPIDR_AFF   (TG_FIELD(39, 32) | TG_FIELD(23, 0))
/* power_state in the original format (no extended StateID): 5.4.2.1 */
#define STATE_POWERDOWN TG_BIT(16)
#define STATE_LEVEL     TG_FIELD(25, 24)
#define STATE_RES0      (TG_FIELD(31, 26) | TG_FIELD(23, 17))
/* SYSTEM_RESET2's reset_type: bit 31 vendor-specific; 0 is SYSTEM_WARM_RESET */
#define TOS_NOT_PRESENT 2

enum state {
    STATE_ON = 0, /* also AFFINITY_INFO's numbers */
    STATE_OFF = 1,
    STATE_ON_PENDING = 2,
};

struct psci {
    struct psci_config cfg;
    struct psci_ops ops;
    uint64_t *mpidr;
    uint8_t *state; /* [n_pe] enum state */
};

struct call {
    struct psci *p;
    unsigned pe;
    uint64_t x[4]; /* cut to 32 bits for SMC32 ids */
    bool wide;
    bool keeps_x0; /* the function gives no result, or the PE does not return from it */
};

struct function {
    uint32_t id; /* SMC32; the SMC64 id has bit 30 set as well */
    bool has64;
    int64_t (*fn)(struct call *c);
    const char *name;
    int32_t features; /* answer of PSCI_FEATURES and SMCCC_ARCH_FEATURES; NOT_SUPPORTED: not there */
};

static const struct function *find(uint32_t id);
static const struct function *find_in(const struct psci *p, uint32_t id);

/* Index of the PE with this affinity, or -1. Other bits must be 0 (5.1.4). */
static int find_pe(const struct psci *p, uint64_t mpidr)
{
    for (unsigned i = 0; i < p->cfg.n_pe; i++)
        if (p->mpidr[i] == mpidr)
            return (int)i;
    return -1;
}

static bool bad_entry(const struct psci *p, uint64_t pa)
{
    return (pa & 3) || (p->ops.valid_entry && !p->ops.valid_entry(p->ops.opaque, pa));
}

static int64_t psci_version(struct call *c)
{
    (void)c;
    return VERSION_1_1;
}

static int64_t cpu_suspend(struct call *c)
{
    struct psci *p = c->p;
    uint64_t s = c->x[0];
    if (s & STATE_RES0)
        return INVALID_PARAMETERS;
    if (!(s & STATE_POWERDOWN)) {
        if (p->ops.standby)
            p->ops.standby(p->ops.opaque, c->pe);
        return SUCCESS;
    }
    if (!p->ops.suspend)
        return INVALID_PARAMETERS;
    if (bad_entry(p, c->x[1]))
        return INVALID_ADDRESS;
    c->keeps_x0 = true;
    p->ops.suspend(p->ops.opaque, c->pe, p->cfg.el, c->x[1], c->x[2]);
    return SUCCESS;
}

static int64_t cpu_off(struct call *c)
{
    c->p->state[c->pe] = STATE_OFF;
    c->keeps_x0 = true;
    c->p->ops.cpu_off(c->p->ops.opaque, c->pe);
    return SUCCESS;
}

static int64_t cpu_on(struct call *c)
{
    struct psci *p = c->p;
    int target = find_pe(p, c->x[0]);
    if (target < 0)
        return INVALID_PARAMETERS;
    if (bad_entry(p, c->x[1]))
        return INVALID_ADDRESS;
    if (p->state[target] == STATE_ON)
        return ALREADY_ON;
    if (p->state[target] == STATE_ON_PENDING)
        return ON_PENDING;
    p->state[target] = STATE_ON_PENDING;
    p->ops.cpu_on(p->ops.opaque, c->pe, (unsigned)target, p->cfg.el, c->x[1], c->x[2]);
    return SUCCESS;
}

/* Level n: what affinity fields above Aff(n-1) name; ON when any PE of it is. Pending counts before off. */
static int64_t affinity_info(struct call *c)
{
    static const uint64_t from_level[4] = {
        TG_FIELD(39, 32) | TG_FIELD(23, 0),
        TG_FIELD(39, 32) | TG_FIELD(23, 8),
        TG_FIELD(39, 32) | TG_FIELD(23, 16),
        TG_FIELD(39, 32),
    };
    if (c->x[1] > 3)
        return INVALID_PARAMETERS;
    uint64_t mask = from_level[c->x[1]];
    if (c->x[0] & ~MPIDR_AFF)
        return INVALID_PARAMETERS;
    int result = INVALID_PARAMETERS;
    for (unsigned i = 0; i < c->p->cfg.n_pe; i++) {
        if ((c->p->mpidr[i] & mask) != (c->x[0] & mask))
            continue;
        int s = c->p->state[i];
        if (s == STATE_ON)
            return STATE_ON;
        if (result < 0 || s == STATE_ON_PENDING)
            result = s;
    }
    return result;
}

static int64_t migrate_info_type(struct call *c)
{
    (void)c;
    return TOS_NOT_PRESENT;
}

static int64_t system_off(struct call *c)
{
    c->keeps_x0 = true;
    c->p->ops.system(c->p->ops.opaque, c->pe, PSCI_SYSTEM_OFF);
    return SUCCESS;
}

static int64_t system_reset(struct call *c)
{
    c->keeps_x0 = true;
    c->p->ops.system(c->p->ops.opaque, c->pe, PSCI_SYSTEM_RESET);
    return SUCCESS;
}

static int64_t system_reset2(struct call *c)
{
    return (uint32_t)c->x[0] == 0 ? system_reset(c) : INVALID_PARAMETERS;
}

static int64_t features(struct call *c)
{
    const struct function *f = find_in(c->p, (uint32_t)c->x[0]);
    return f ? f->features : NOT_SUPPORTED;
}

static int64_t smccc_version(struct call *c)
{
    (void)c;
    return SMCCC_1_2;
}

#define ARCH_WORKAROUND_1 0x80008000
#define ARCH_WORKAROUND_2 0x80007fff
#define ARCH_WORKAROUND_3 0x80003fff

static int64_t arch_features(struct call *c)
{
    switch ((uint32_t)c->x[0]) {
    case ARCH_WORKAROUND_1:
        return c->p->cfg.workaround[0];
    case ARCH_WORKAROUND_2:
        return c->p->cfg.workaround[1];
    case ARCH_WORKAROUND_3:
        return c->p->cfg.workaround[2];
    default:
        return features(c);
    }
}

static int64_t workaround(struct call *c)
{
    c->keeps_x0 = true; /* nothing is returned, nothing changed */
    return SUCCESS;
}

static int64_t not_supported(struct call *c)
{
    (void)c;
    return NOT_SUPPORTED;
}

/* In the order of their ids. */
static const struct function functions[] = {
    {0x80000000, false, smccc_version, "SMCCC_VERSION", SUCCESS},
    {0x80000001, false, arch_features, "SMCCC_ARCH_FEATURES", SUCCESS},
    {0x80000002, false, not_supported, "SMCCC_ARCH_SOC_ID", NOT_SUPPORTED},
    {ARCH_WORKAROUND_3, false, workaround, "SMCCC_ARCH_WORKAROUND_3", NOT_SUPPORTED},
    {ARCH_WORKAROUND_2, false, workaround, "SMCCC_ARCH_WORKAROUND_2", NOT_SUPPORTED},
    {ARCH_WORKAROUND_1, false, workaround, "SMCCC_ARCH_WORKAROUND_1", NOT_SUPPORTED},
    {0x84000000, false, psci_version, "PSCI_VERSION", SUCCESS},
    {0x84000001, true, cpu_suspend, "CPU_SUSPEND", SUCCESS},
    {0x84000002, false, cpu_off, "CPU_OFF", SUCCESS},
    {0x84000003, true, cpu_on, "CPU_ON", SUCCESS},
    {0x84000004, true, affinity_info, "AFFINITY_INFO", SUCCESS},
    {0x84000005, true, not_supported, "MIGRATE", NOT_SUPPORTED},
    {0x84000006, false, migrate_info_type, "MIGRATE_INFO_TYPE", SUCCESS},
    {0x84000007, true, not_supported, "MIGRATE_INFO_UP_CPU", NOT_SUPPORTED},
    {0x84000008, false, system_off, "SYSTEM_OFF", SUCCESS},
    {0x84000009, false, system_reset, "SYSTEM_RESET", SUCCESS},
    {0x8400000a, false, features, "PSCI_FEATURES", SUCCESS},
    {0x8400000b, false, not_supported, "CPU_FREEZE", NOT_SUPPORTED},
    {0x8400000c, true, not_supported, "CPU_DEFAULT_SUSPEND", NOT_SUPPORTED},
    {0x8400000d, true, not_supported, "NODE_HW_STATE", NOT_SUPPORTED},
    {0x8400000e, true, not_supported, "SYSTEM_SUSPEND", NOT_SUPPORTED},
    {0x8400000f, false, not_supported, "PSCI_SET_SUSPEND_MODE", NOT_SUPPORTED},
    {0x84000010, true, not_supported, "PSCI_STAT_RESIDENCY", NOT_SUPPORTED},
    {0x84000011, true, not_supported, "PSCI_STAT_COUNT", NOT_SUPPORTED},
    {0x84000012, true, system_reset2, "SYSTEM_RESET2", SUCCESS},
    {0x84000013, false, not_supported, "MEM_PROTECT", NOT_SUPPORTED},
    {0x84000014, true, not_supported, "MEM_PROTECT_CHECK_RANGE", NOT_SUPPORTED},
    {0x84000050, false, not_supported, "TRNG_VERSION", NOT_SUPPORTED},
    {0x84000051, false, not_supported, "TRNG_FEATURES", NOT_SUPPORTED},
    {0x84000052, false, not_supported, "TRNG_GET_UUID", NOT_SUPPORTED},
    {0x84000053, true, not_supported, "TRNG_RND", NOT_SUPPORTED},
    {0x86000000, false, not_supported, "KVM_FEATURES", NOT_SUPPORTED},
    {0x86000001, false, not_supported, "KVM_PTP", NOT_SUPPORTED},
    {0x8600ff01, false, not_supported, "VENDOR_HYP_CALL_UID", NOT_SUPPORTED},
    {0xc5000020, false, not_supported, "PV_TIME_FEATURES", NOT_SUPPORTED},
    {0xc5000021, false, not_supported, "PV_TIME_ST", NOT_SUPPORTED},
};

static const struct function *find(uint32_t id)
{
    for (size_t i = 0; i < TG_ARRAY_SIZE(functions); i++)
        if (functions[i].id == id || (functions[i].has64 && (functions[i].id | ID_SMC64) == id))
            return &functions[i];
    return NULL;
}

/* What this firmware has: before SMCCC 1.1 there were no Arm Architecture Calls (DEN0028, 7.1). */
static const struct function *find_in(const struct psci *p, uint32_t id)
{
    if (p->cfg.smccc_1_0 && (id & ID_OWNER) == 0)
        return NULL;
    return find(id);
}

const char *psci_function_name(uint32_t id)
{
    const struct function *f = find(id);
    return f ? f->name : NULL;
}

bool psci_call(struct psci *p, unsigned pe, bool smc, uint16_t imm)
{
    if (smc != p->cfg.smc || pe >= p->cfg.n_pe)
        return false;
    struct call c = {.p = p, .pe = pe};
    uint32_t id = (uint32_t)p->ops.get_x(p->ops.opaque, pe, 0);
    const struct function *f = imm ? NULL : find_in(p, id);
    c.wide = id & ID_SMC64;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t v = p->ops.get_x(p->ops.opaque, pe, i + 1);
        c.x[i] = c.wide ? v : (uint32_t)v;
    }
    int64_t result = f ? f->fn(&c) : NOT_SUPPORTED;
    if (!c.keeps_x0)
        p->ops.set_x(p->ops.opaque, pe, 0, (uint64_t)result);
    return true;
}

void psci_started(struct psci *p, unsigned pe)
{
    if (pe < p->cfg.n_pe)
        p->state[pe] = STATE_ON;
}

void psci_reset(struct psci *p)
{
    for (unsigned i = 0; i < p->cfg.n_pe; i++)
        p->state[i] = i == 0 ? STATE_ON : STATE_OFF;
}

struct psci *psci_new(const struct psci_config *cfg, const struct psci_ops *ops)
{
    struct psci *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    *p = (struct psci){.cfg = *cfg, .ops = *ops};
    p->mpidr = calloc(cfg->n_pe, sizeof(*p->mpidr));
    p->state = calloc(cfg->n_pe, sizeof(*p->state));
    if (!p->mpidr || !p->state) {
        psci_free(p);
        return NULL;
    }
    for (unsigned i = 0; i < cfg->n_pe; i++)
        p->mpidr[i] = cfg->mpidr[i] & MPIDR_AFF;
    p->cfg.mpidr = p->mpidr;
    psci_reset(p);
    return p;
}

void psci_free(struct psci *p)
{
    if (!p)
        return;
    free(p->mpidr);
    free(p->state);
    free(p);
}
