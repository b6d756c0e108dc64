/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded code of a PE: blocks of operations, by physical page. A page's blocks die together when a word that
 * was decoded is written. Memory of dead blocks is reused only when the whole cache is dropped, between blocks,
 * so a running block never loses its operations.
 */
#ifndef TG_CPU_CODE_H
#define TG_CPU_CODE_H

#include <stdbool.h>
#include <stdint.h>
#include "models/cpu/op.h"

#define CODE_BLOCK_MAX 64 /* instructions in a block */
#define CODE_EXITS_MAX 8  /* branches behind which it goes on */

struct code_page {
    uint64_t pa;              /* of the 4 KiB page */
    struct ram_code *decoded; /* which of its words are, by any PE */
    uint32_t blocks;
    uint64_t begins[1024 / 64]; /* bit n: entry[n] is one of them */
    bool uncached;              /* its blocks are fetched past the caches */
    struct code_page *hash_next;
    struct code_page *all_next;
    uint32_t
        entry[1024]; /* by word of the page: index of the block's first operation in the arena, 0: none */
};

struct code_cache;
struct cpu;

int code_init(struct cpu *c);
void code_fini(struct cpu *c);
/* The page's record; made when absent. NULL: out of memory. uncached: what is fetched from it does not go through
 * the caches; a page that is mapped both ways has two records. */
struct code_page *code_page_get(struct cpu *c, uint64_t pa, bool uncached);
/* The block at the offset if it has been decoded; NULL: not. */
const struct cpu_op *code_known(const struct cpu *c, const struct code_page *page, unsigned offset);
/* First operation of the block at page + offset (multiple of 4); decodes it when needed. mem: host address of
 * the page. */
const struct cpu_op *code_block(struct cpu *c, struct code_page *page, unsigned offset, const uint8_t *mem);
/* A single operation in a buffer of its own, ended by op_stepped: for stepping and uncached execution. */
const struct cpu_op *code_single(struct cpu *c, uint32_t insn, unsigned offset);
/* A word of the page that some PE has decoded was written: drops the page's blocks. */
void code_written(struct cpu *c, uint64_t pa_page);
/* Drops everything (mode change, arena full). Only between blocks. */
void code_drop_all(struct cpu *c);
/* It is time for that: the arena is full, or edges of memos in it are from long ago. */
bool code_arena_low(const struct cpu *c);

#endif
