/* SPDX-License-Identifier: Apache-2.0 */
/* What an exception was, as a small number and 64 bits of detail, and both in words. Private to sim/ledger.
 */
#ifndef TG_SIM_LEDGER_REASON_H
#define TG_SIM_LEDGER_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/cpu/cpu.h"

/* 0..63 are exception classes (ESR_ELx.EC); the rest is what they leave together. */
enum {
    REASON_HVC = 0x16,
    REASON_DABT_LOW = 0x24,
    REASON_WFI = 64,
    REASON_WFE,
    REASON_MMIO,
    REASON_IRQ,
    REASON_FIQ,
    REASON_SERROR,
    REASON_VIRQ,
    REASON_VFIQ,
    REASON_VSERROR,
    REASON_COUNT
};

#define REASON_NO_DETAIL    0
#define REASON_OTHER_DETAIL UINT64_MAX /* too many different ones */

unsigned reason_of(const struct cpu_exception *e);
/* What reason_detail wants to know besides: of HVC and SMC the register that says which call it is (-1:
 * none), of physical IRQs and FIQs the INTID. */
int reason_needs_x(const struct cpu_exception *e);
bool reason_needs_intid(const struct cpu_exception *e);
uint64_t reason_detail(unsigned reason, const struct cpu_exception *e, uint64_t x_or_intid);
/* Of an access that the hypervisor emulated. */
uint64_t reason_mmio_detail(const struct cpu_exception *e);

const char *reason_name(unsigned reason);
/* `device`: owner of an MMIO page or of an interrupt, or NULL. */
void reason_detail_text(unsigned reason, uint64_t detail, const char *device, char *out, size_t n);
/* Guest physical address of an MMIO detail; false: not one. */
bool reason_detail_ipa(unsigned reason, uint64_t detail, uint64_t *ipa);
/* INTID of an interrupt's detail; false: not one. */
bool reason_detail_intid(unsigned reason, uint64_t detail, unsigned *intid);

#endif
