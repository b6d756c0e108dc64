/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt controllers as seen from sim/ and tests: classes gicv3 (IHI 0069H, system-register CPU interface,
 * no LPIs yet) and gicv2 (IHI 0048B, memory-mapped CPU interface, as GIC-400). State and logic are private to
 * models/gic (gic_state.h).
 *
 * Life: tg_model_new -> parameters -> gic_set_pes -> bind outputs -> tg_model_realize -> tg_model_reset.
 * Realize the GIC before the PEs: struct tg_gic_cpuif is filled in then.
 *
 * Frames, in class order.
 *   gicv3: 0 "dist" (64 KiB), 1 "redist" (128 KiB per PE, one after another in PE order).
 *   gicv2: 0 "dist" (4 KiB), 1 "cpu" GICC (8 KiB), 2 "hyp" GICH (8 KiB: own PE at 0, per-PE aliases at 0x1000
 * + pe * 0x200), 3 "vcpu" GICV (8 KiB). GICC, GICH, GICV and the first bank of GICD are banked by
 * attrs.requester.
 *
 * Outputs (arrays by PE number): irq, fiq, virq, vfiq, to be bound to TG_PE_IRQ ... of each PE. The
 * maintenance interrupt feeds the PE's own INTID 25 inside the model.
 */
#ifndef TG_GIC_GIC_H
#define TG_GIC_GIC_H

#include <stdint.h>
#include "models/base/gic_port.h"
#include "models/base/model.h"

#define GIC_MAX_PES   128 /* gicv3 */
#define GICV2_MAX_PES 8
#define GIC_MAX_SPIS  988 /* INTIDs 32..1019 */

#define GIC_INTID_MAINTENANCE 25 /* BSA: virtual maintenance interrupt */

extern const struct tg_model_class gicv3_class;
extern const struct tg_model_class gicv2_class;

/* Input line of SPI n (0..987; INTID 32 + n). */
static inline unsigned gic_spi_line(unsigned n)
{
    return n;
}

/* Input line of PPI `intid` (16..31) of a PE. Lines of SGI numbers and past the last PE are ignored. */
static inline unsigned gic_ppi_line(unsigned pe, unsigned intid)
{
    return 1024 + pe * 32 + intid;
}

/* INTID that a PE's output enum tg_pe_ppi belongs on (Arm BSA). */
unsigned gic_ppi_intid(enum tg_pe_ppi ppi);

/* Number of PEs and their affinities (MPIDR_EL1 layout; only Aff3..Aff0 are used). Before realize. 0;
 * -EINVAL: n is 0 or more than the class allows; -EBUSY: already realized. */
int gic_set_pes(struct tg_model *m, unsigned n, const uint64_t *mpidr);

/* After a reset, for a machine whose firmware is not simulated: what that leaves to an operating system. With
 * two Security states every interrupt is of Group 1 Non-secure, and priority masks are open to it. PEs sleep
 * (GICR_WAKER) until gic_pe_power. */
void gic_from_firmware(struct tg_model *m);
/* The same firmware turns a PE on (call after its reset), or off: its redistributor wakes or sleeps. */
void gic_pe_power(struct tg_model *m, unsigned pe, bool on, tg_time now);

/* For cpu_bind. The address is valid from tg_model_new on, the contents from realize on. */
const struct tg_gic_cpuif *gic_cpuif(struct tg_model *m);

#endif
