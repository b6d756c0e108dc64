/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMPLEMENTATION DEFINED system registers, as MIDR_EL1 says whose: the rows of impdef.def, and the bits of
 * ACTLR_ELx that let lower levels write them. Who may trap the whole space (HCR_EL2.TIDCP) is in sysreg.c.
 */
#include "models/cpu/domain.h"
#include "models/cpu/sysreg/internal.h"

#define MIDR_IMPLEMENTER TG_FIELD(31, 24)
#define MIDR_PART        TG_FIELD(15, 4)
#define MPIDR_MT         TG_BIT(24)
#define MPIDR_ABOVE_AFF0 (TG_FIELD(39, 32) | TG_FIELD(23, 8))
#define MPIDR_ABOVE_AFF1 (TG_FIELD(39, 32) | TG_FIELD(23, 16))

enum impdef_core {
    A53 = 1,
    A57 = 2,
    A72 = 4,
    A55 = 8,
    A76 = 16,
    N1 = 32,
    MPCORE = A53 | A57 | A72,
    DSU = A55 | A76 | N1,
};

#define NO_CONTROL 255
#define W32        UINT32_MAX
#define W64        UINT64_MAX
#define sr_NULL    NULL

struct impdef {
    struct sr_row row; /* first */
    uint8_t cores, control;
};

/* A row's storage is found by its place: names repeat from core to core, so the line stands for it. */
enum {
    BEFORE_FIRST = SR_COUNT - 1,
#define IMPDEF(...) AT_LINE(__LINE__),
#define AT_LINE(n)  AT_LINE_(n)
#define AT_LINE_(n) ID_##n
#include "models/cpu/sysreg/impdef.def"
};

static const struct impdef rows[] = {
#define IMPDEF(crs, nm, op1, crn, crm, op2, el, acc, ctl, rst, wm, rd) \
    {.row = {.name = #nm,                                              \
             .enc = TG_SYSENC(3, op1, crn, crm, op2),                  \
             .min_el = el,                                             \
             .access = SR_ACC_##acc,                                   \
             .feature = CPU_FEAT_NONE,                                 \
             .kind = SR_KIND_IMPDEF,                                   \
             .id = AT_LINE(__LINE__),                                  \
             .redir = SR_NONE,                                         \
             .groups = (el) == 1 ? UINT64_C(1) << TGI_TIDCP : 0,       \
             .reset = rst,                                             \
             .wmask = wm,                                              \
             .read = sr_##rd},                                         \
     .cores = crs,                                                     \
     .control = ctl},
#include "models/cpu/sysreg/impdef.def"
};
_Static_assert(TG_ARRAY_SIZE(rows) == SR_IMPDEFS, "each row has its storage");

static const struct {
    uint8_t cores;
    uint64_t bits;
} actlr[] = {
#define IMPDEF_ACTLR(crs, b) {.cores = crs, .bits = b},
#include "models/cpu/sysreg/impdef.def"
};

unsigned sr_impdef_core(uint64_t midr)
{
    static const struct {
        uint16_t part;
        uint8_t core;
    } parts[] = {{0xd03, A53}, {0xd07, A57}, {0xd08, A72}, {0xd05, A55}, {0xd0b, A76}, {0xd0c, N1}};

    for (unsigned i = 0; i < TG_ARRAY_SIZE(parts); i++)
        if (tg_get(midr, MIDR_IMPLEMENTER) == 'A' && tg_get(midr, MIDR_PART) == parts[i].part)
            return parts[i].core;
    return 0;
}

const char *sr_impdef_name(const struct cpu *c, size_t i)
{
    return rows[i].cores & c->ident.impdef_core ? rows[i].row.name : NULL;
}

const struct sr_row *sr_impdef(const struct cpu *c, uint32_t enc)
{
    for (unsigned i = 0; c->ident.impdef_core && i < TG_ARRAY_SIZE(rows); i++)
        if (rows[i].row.enc == enc && (rows[i].cores & c->ident.impdef_core))
            return &rows[i].row;
    return NULL;
}

void sr_impdef_reset(struct cpu *c)
{
    for (unsigned i = 0; i < TG_ARRAY_SIZE(rows); i++)
        c->arch.sr[rows[i].row.id] = rows[i].row.reset;
}

unsigned sr_impdef_target(const struct cpu *c, const struct sr_row *row)
{
    unsigned control = ((const struct impdef *)row)->control;

    if (control == NO_CONTROL)
        return SR_NO_TRAP;
    if (c->arch.el == 1 && cpu_el2_on(c) && !(c->arch.sr[SR_ACTLR_EL2] & TG_BIT(control)))
        return 2;
    if (c->arch.el < 3 && cpu_has(c, CPU_FEAT_EL3) && !(c->arch.sr[SR_ACTLR_EL3] & TG_BIT(control)))
        return 3;
    return SR_NO_TRAP;
}

/* ACTLR_EL1 is RES0 on all of these cores; a core without a list has no such bits either. */
void sr_wr_actlr(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t bits = 0;

    for (unsigned i = 0; id != SR_ACTLR_EL1 && i < TG_ARRAY_SIZE(actlr); i++)
        if (actlr[i].cores & c->ident.impdef_core)
            bits = actlr[i].bits;
    c->arch.sr[id] = v & bits;
}

/* Cores of the PE's cluster: those with the same affinity above the core's field. */
static unsigned cluster_cores(const struct cpu *c)
{
    uint64_t above = c->ident.mpidr & MPIDR_MT ? MPIDR_ABOVE_AFF1 : MPIDR_ABOVE_AFF0;
    unsigned n = 0;

    for (const struct cpu *o = c->host.domain ? c->host.domain->first : NULL; o; o = o->host.domain_next)
        n += (o->ident.mpidr & above) == (c->ident.mpidr & above);
    return n ? n : 1;
}

/* [25:24] counts to four, as many as such a cluster has. */
uint64_t sr_rd_l2ctlr(struct cpu *c, enum sr_id id)
{
    unsigned n = cluster_cores(c);

    return c->arch.sr[id] | tg_put(TG_FIELD(25, 24), n < 4 ? n - 1 : 3);
}

uint64_t sr_rd_clustercfr(struct cpu *c, enum sr_id id)
{
    unsigned n = cluster_cores(c);

    return c->arch.sr[id] | tg_put(TG_FIELD(3, 0), n < 8 ? n - 1 : 7);
}
