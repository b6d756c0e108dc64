/* SPDX-License-Identifier: Apache-2.0 */
/* Slow paths of data accesses: what happens when the software TLB does not answer. Used through exec/mem.h.
 */
#ifndef TG_CPU_MMU_ACCESS_H
#define TG_CPU_MMU_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include "models/cpu/mmu/context.h"

struct cpu;
struct cpu_op;

/* What an access touched, for its timing: one part on each page. */
struct mem_touch {
    unsigned n;
    struct {
        uint64_t pa;
        unsigned size;    /* bytes */
        uint8_t mem_type; /* enum tg_mem_type */
        bool ram;         /* else the bus has answered, and said how long it took */
    } part[2];
};

/* One access of size 1..64 bytes, maybe across a page; false: an exception was raised. A store writes nothing
 * unless all of it can be written. Accesses larger than 8 bytes are made of elements of 8 (endianness of
 * vectors is the caller's business for multi-element ones). touched: NULL, who is not timed. */
bool mem_load_slow(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va, unsigned size,
                   void *out, struct mem_touch *touched);
bool mem_store_slow(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va, unsigned size,
                    const void *in, struct mem_touch *touched);
/* Bytes of one element of the instruction's access of `size` bytes: a register's of a pair, a lane's of a structure
 * (LD1..ST4). */
unsigned mem_element(const struct cpu_op *op, unsigned size);

/* A store through entry e, whose wtag has MMU_CODE, has been made: it may have hit decoded code, or there is none any
 * longer. */
void mem_code_written(struct cpu *c, const struct cpu_op *op, struct mmu_tlbe *e, uint64_t va, unsigned size);

/* Host pointer for a read-modify-write of size bytes (aligned, 1..16), or NULL with an exception raised. For
 * exclusives and atomics: unaligned is an alignment fault; device memory an unsupported-exclusive fault.
 * After writing: mem_atomic_done. */
struct mem_atomic {
    uint8_t *host;
    uint64_t pa;
    bool code;
    bool big_endian;
    uint8_t mem_type; /* enum tg_mem_type */
};
uint8_t *mem_atomic_begin(struct cpu *c, const struct cpu_op *op, struct mmu_view *view, uint64_t va,
                          unsigned size, enum mmu_access access, struct mem_atomic *a);
void mem_atomic_done(struct cpu *c, const struct mem_atomic *a, unsigned size);

/* SP used as a base with bits 3:0 set: raises the SP alignment fault when SCTLR_ELx.SA(0) asks for it. True:
 * raised. */
bool mem_sp_misaligned(struct cpu *c, const struct cpu_op *op);

/* 64 bits at va in EL2's regime on behalf of EL1: the VNCR_EL2 page (FEAT_NV2). False: an abort was taken to
 * EL2. */
bool mem_vncr(struct cpu *c, const struct cpu_op *op, uint64_t va, bool write, uint64_t *v);

/* DC ZVA: zeroes the 64-byte block of va. DC by VA: permission checks and faults only (memory is coherent).
 */
bool mem_dc_zva(struct cpu *c, const struct cpu_op *op, uint64_t va);
bool mem_dc_va(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t va);

/* Alignment requirement of ordered accesses (LDAR, STLR: aligned to size; with LSE2, within 16 bytes unless
 * SCTLR_ELx.nAA). True: fault raised.
 */
bool mem_check_aligned(struct cpu *c, const struct cpu_op *op, uint64_t va, unsigned size, bool write);

#endif
