/* SPDX-License-Identifier: Apache-2.0 */
/* What of an interrupt controller is state, for both classes (models/base/state.h). Nothing of it lies in fields of
 * register rows, which show it in the manual's layout. */
#include "models/gic/gic_state.h"

/* clang-format off */
static const struct tg_state bank_state[] = {
    TG_STATE(struct gic_bank, enabled),
    TG_STATE(struct gic_bank, latch),
    TG_STATE(struct gic_bank, level),
    TG_STATE(struct gic_bank, active),
    TG_STATE(struct gic_bank, edge),
    TG_STATE(struct gic_bank, group),
    TG_STATE(struct gic_bank, grpmod),
    TG_STATE(struct gic_bank, priority),
    TG_STATE(struct gic_bank, nsacr),
};
/* clang-format on */
static const struct tg_state_table bank_table = TG_STATE_INIT(struct gic_bank, bank_state);

static const struct tg_state vif_state[] = {
    TG_STATE(struct gic_vif, hcr),
    TG_STATE(struct gic_vif, vmcr),
    TG_STATE(struct gic_vif, ap),
    TG_STATE(struct gic_vif, lr),
    TG_STATE_SPAN(struct gic_vif, lr_pending, lr_eoi, TG_WHY_DERIVED, "what the list registers hold"),
    TG_STATE(struct gic_vif, maintenance),
};
static const struct tg_state_table vif_table = TG_STATE_INIT(struct gic_vif, vif_state);

static const struct tg_state pe_state[] = {
    TG_STATE_SPAN(struct gic_pe, index, affinity, TG_WHY_FIXED, "which PE it is"),
    TG_STATE_IN(struct gic_pe, own, struct gic_bank, bank_table),
    TG_STATE(struct gic_pe, sgi_source),
    TG_STATE(struct gic_pe, sgi_coming),
    TG_STATE(struct gic_pe, sgi_at),
    TG_STATE(struct gic_pe, sgi_from),
    TG_STATE(struct gic_pe, asleep),
    TG_STATE(struct gic_pe, el),
    TG_STATE(struct gic_pe, secure),
    TG_STATE_SPAN(struct gic_pe, cand, cand_banks, TG_WHY_DERIVED, "from the SPIs and their routes"),
    TG_STATE_SPAN(struct gic_pe, stale, hppi, TG_WHY_DERIVED, "looked for when it is asked for"),
    TG_STATE(struct gic_pe, pmr),
    TG_STATE(struct gic_pe, bpr),
    TG_STATE(struct gic_pe, igrpen),
    TG_STATE(struct gic_pe, ap),
    TG_STATE(struct gic_pe, cbpr),
    TG_STATE(struct gic_pe, eoimode),
    TG_STATE(struct gic_pe, ack_ctl),
    TG_STATE(struct gic_pe, fiq_en),
    TG_STATE(struct gic_pe, bypass),
    TG_STATE_IN(struct gic_pe, v, struct gic_vif, vif_table),
};
static const struct tg_state_table pe_table = TG_STATE_INIT(struct gic_pe, pe_state);

static uint64_t pes(const void *s)
{
    return ((const struct gic *)s)->n_pes;
}

static const struct tg_state state[] = {
    TG_STATE_FIXED(struct gic, v2, "the class"),
    TG_STATE_UNUSED(struct gic, vpriority_bits, "a parameter of GICv3, a constant of GICv2"),
    TG_STATE_UNUSED(struct gic, mesh_time, "GICv2 has no mesh"),
    TG_STATE_UNUSED(struct gic, latency, "those of accesses that the other version has"),
    TG_STATE_SPAN(struct gic, n_pes, mpidr, TG_WHY_FIXED, "the PEs of the machine"),
    TG_STATE_HEAP_IN(struct gic, pe, pe_table, pes),
    TG_STATE_FIXED(struct gic, cpuif, "for the PEs"),
    TG_STATE(struct gic, ds),
    TG_STATE(struct gic, enable),
    TG_STATE_SPAN(struct gic, wide_aff0, vap_regs, TG_WHY_FIXED, "from parameters and PEs"),
    TG_STATE_IN(struct gic, spi, struct gic_bank, bank_table),
    TG_STATE(struct gic, spi_wire),
    TG_STATE(struct gic, spi_coming),
    TG_STATE(struct gic, spi_at),
    TG_STATE_EVENT(struct gic, arrival),
    TG_STATE_HOST(struct gic, access_latency, "while an access is under way"),
    TG_STATE(struct gic, router),
    TG_STATE(struct gic, route),
    TG_STATE(struct gic, one_of_n),
    TG_STATE(struct gic, target),
    TG_STATE_DERIVED(struct gic, stale, "empty when the outputs are up to date, as between accesses"),
    TG_STATE_SPAN(struct gic, irq, vfiq, TG_WHY_UNUSED, "more than GICv2 can have"),
    TG_STATE_SPAN(struct gic, n_ack_sgi, n_raised, TG_WHY_UNUSED, "counters of the other version"),
};
const struct tg_state_table gic_table = TG_STATE_INIT(struct gic, state);
