/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error records of the PE behind ERRSELR_EL1 (FEAT_RAS): as many as the core has, with what software can
 * configure in them. Nothing here detects errors, so ERXSTATUS_EL1 reads as zero always, and there is no
 * fault injection (ERXFR_EL1.INJ is 0: the ERXPFG registers of RAS v1.1 are RAZ/WI). SErrors and their
 * deferral are in interrupt.c. Arm ARM DDI 0487 J.a, D17.3; RAS extension supplement DDI 0587.
 */
#include "models/cpu/sysreg/internal.h"

/* ERR<n>FR as the manuals of Cortex-A55, A76 and Neoverse N1 have their records (not seen on silicon):
 * reporting, the two interrupts and in-band errors can be switched (ED, UI, FI, UE, CFI), corrected errors
 * have two counters of 8 bits (CEC, RP). */
#define ERRFR UINT64_C(0xa9a2)

static struct ras_record *selected(struct cpu *c)
{
    uint64_t n = c->arch.sr[SR_ERRSELR_EL1];

    return n < c->p.error_records ? &c->arch.ras[n] : NULL;
}

/* The register's storage in the selected record; what is selected beyond the last one is RAZ/WI. */
static uint64_t *storage(struct cpu *c, enum sr_id id)
{
    struct ras_record *r = selected(c);

    if (!r)
        return NULL;
    switch (id) {
    case SR_ERXCTLR_EL1:
        return &r->ctlr;
    case SR_ERXADDR_EL1:
        return &r->addr;
    case SR_ERXMISC0_EL1:
        return &r->misc[0];
    case SR_ERXMISC1_EL1:
        return &r->misc[1];
    case SR_ERXMISC2_EL1:
        return &r->misc[2];
    default:
        return &r->misc[3];
    }
}

uint64_t sr_rd_erridr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return c->p.error_records;
}

uint64_t sr_rd_erxfr(struct cpu *c, enum sr_id id)
{
    (void)id;
    return selected(c) ? ERRFR : 0;
}

uint64_t sr_rd_erx(struct cpu *c, enum sr_id id)
{
    const uint64_t *at = storage(c, id);

    return at ? *at : 0;
}

void sr_wr_erx(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t *at = storage(c, id);

    if (at)
        *at = v;
}
