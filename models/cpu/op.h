/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoded operation: what the decoder makes of an instruction word once, and what handlers run from, in
 * arrays: a block is [enter] op op ... op [links]. NOPs, and in fast mode branches within a page, have none.
 * With timing by blocks (window model) a block goes on behind branches, and can end at each of them. A
 * handler ends by tail-calling the next operation's handler. What most handlers do not need stands apart
 * (cpu_op_info), for the host's data cache is what a large guest loop runs out of first.
 */
#ifndef TG_CPU_OP_H
#define TG_CPU_OP_H

#include <stdint.h>

struct cpu;
struct cpu_op;
typedef void cpu_op_fn(struct cpu *c, const struct cpu_op *op);

struct cpu_links;

struct cpu_op {
    uint32_t fn; /* the handler (cpu_op_set_fn): code lies in the host's first 4 GiB, without PIE */
    union {
        /* register indices, already mapped (below); where there is no such register, another number of the
         * encoding's */
        struct {
            uint8_t rd, rn, rm, ra;
        };
        /* op_enter, which begins a block */
        struct {
            uint8_t insns; /* of the block */
            uint8_t ops;
            uint8_t last;  /* operations from here to the block's memo_last (window model) */
            uint8_t lines; /* of the L1I behind the first one, up to its first branch (timed mode) */
        } enter;
        /* B within the page, B.cond, CBZ, CBNZ, TBZ and TBNZ in the window model, whose blocks go on where
         * `rest` is not 0: behind a conditional branch that is not taken, and where B leads */
        struct {
            uint8_t rest;  /* instructions of the block behind it */
            uint8_t reg;   /* rn, which is tested */
            uint8_t lines; /* of the L1I, as above, up to the next branch */
            uint8_t bit;   /* ra: the tested one's number */
        } branch;
    };
    union {
        uint64_t imm;      /* decoded immediate; a branch's displacement */
        uint64_t block_pa; /* op_enter: physical address; CODE_UNCACHED: fetched past the caches */
        const struct cpu_links *links; /* of a branch that can stand within a block, window model */
        const struct cpu_op *back; /* bl_near, bl_far, blr_near: the block they return to; NULL: not known */
    };
};
_Static_assert(sizeof(struct cpu_op) == 16, "four decoded operations in a cache line");

#define CODE_UNCACHED \
    (UINT64_C(1) << 63) /* timed mode: in cpu_op.block_pa, so that no line is taken for it */

#define CPU_OP_FN(op) ((cpu_op_fn *)(uintptr_t)(op)->fn)

static inline void cpu_op_set_fn(struct cpu_op *op, cpu_op_fn *fn)
{
    op->fn = (uint32_t)(uintptr_t)fn;
}

/* The rest of an operation: for timing, exceptions and rarer handlers. */
struct cpu_op_info {
    uint32_t insn;          /* the instruction word: what it means is the decoder's to say (decode/a64.h) */
    uint32_t word : 11;     /* number of the instruction in its 4 KiB page; 1024: behind its last */
    uint32_t to_links : 2;  /* of the last one: operations from it to the block's links; else 0 */
    uint32_t encoding : 11; /* what the decoder knows it by; 0: no instruction */
    uint32_t branch : 8;    /* operations from the branch before it in its block; 0: there is none */
    uint8_t rem;            /* instructions of the block after this one */
    uint8_t tclass;         /* timing: enum cpu_tclass | TC_ flags */
    uint8_t d, s1, s2, s3;  /* timing: scoreboard slots of the result and up to three sources */
    uint8_t left;           /* operations of the block after this one */
    uint8_t before; /* NOPs right before the instruction, which have no operation of their own; CPU_LED */
};
_Static_assert(sizeof(struct cpu_op_info) == sizeof(struct cpu_op), "found by the same index");
#define CPU_LED 0x80 /* in cpu_op_info.before: B led here, from the operation before */

/* Of an operation in a PE's arena, which holds all that are executed: operations, then what belongs to each.
 */
#define CODE_ARENA_OPS (1u << 20)
static inline struct cpu_op_info *op_info(const struct cpu_op *op)
{
    return (struct cpu_op_info *)(uintptr_t)(op + CODE_ARENA_OPS);
}

/* Byte offset of the instruction in its page. */
static inline unsigned cpu_op_offset(const struct cpu_op *op)
{
    return op_info(op)->word * 4u;
}

/* Behind each operation that ends a block (behind the block, of a branch within it): where it goes on. Index
 * 0: after it; 1: where a branch leads. */
enum {
    CPU_NEXT,
    CPU_TAKEN,
};
struct cpu_links {
    union {
        /* block there, when it is on the same page (a page's blocks die together) and was looked up; else
         * NULL */
        const struct cpu_op *ops[2];
        /* of a branch that always leads to another page (op_b_far, op_bl_far): the block there, as the jump
         * cache knew it under `tag` (mmu_view.jump_tag), with this page at virtual address `from` */
        struct {
            const struct cpu_op *ops;
            uint64_t tag;
        } far;
    };
    int32_t disp[2]; /* address minus address of the page the block is on */
    union {
        struct code_page *page;
        uint64_t from;
    };
};
#define CPU_LINKS_SLOTS 2
_Static_assert(sizeof(struct cpu_links) == CPU_LINKS_SLOTS * sizeof(struct cpu_op),
               "links live in operations' slots");

static inline const struct cpu_links *cpu_links_of(const struct cpu_op *last)
{
    return (const struct cpu_links *)(const void *)(last + 1);
}

/* Of the branches that can stand within a block. */
static inline const struct cpu_links *cpu_branch_links(const struct cpu_op *branch)
{
    return branch->links;
}

/* Return addresses of calls that have not returned, with the block there if the call knows it: `site` is the
 * call, which keeps it. */
#define CPU_RETURNS 16
struct cpu_return {
    uint64_t va, tag; /* mmu_view.jump_tag at the call */
    const struct cpu_op *ops;
    struct cpu_op *site;
};

/* General registers in struct cpu: x[0..30], then: */
enum {
    CPU_X_ZERO = 31, /* reads as zero, never written: XZR as a source */
    CPU_X_SINK = 32, /* written, never read: XZR as a destination */
    CPU_X_SP = 33,   /* the current stack pointer */
    CPU_X_COUNT = 34,
};

/* Scoreboard slots: general registers by index above, then flags, then vector registers. */
enum {
    CPU_SLOT_FLAGS = 34,
    CPU_SLOT_NONE = CPU_X_ZERO, /* always ready */
    CPU_SLOT_NOWHERE = CPU_X_SINK,
    CPU_SLOT_SYSREG_READ =
        35, /* always ready; as third source: accesses of system registers, which serialise */
    CPU_SLOT_SYSREG_WRITE = 36,
    CPU_SLOT_V0 = 64,
    CPU_SLOT_COUNT = 96,
};

/* Timing classes: one row of latency, ports and issue restrictions each in the core's pipeline parameters. */
#define CPU_TCLASSES(X)                                                           \
    X(ALU, "alu", "integer add, logic, move")                                     \
    X(ALU_SHIFT, "alu_shift", "ALU operation with a shifted or extended operand") \
    X(SHIFT, "shift", "shift and bit-field")                                      \
    X(MUL32, "mul", "32-bit multiply (accumulate)")                               \
    X(MUL64, "mul64", "64-bit multiply (accumulate), high multiply")              \
    X(DIV32, "div", "32-bit divide")                                              \
    X(DIV64, "div64", "64-bit divide")                                            \
    X(CRC, "crc", "CRC32")                                                        \
    X(BRANCH, "branch", "direct branch")                                          \
    X(BRANCH_IND, "branch_ind", "indirect branch, return")                        \
    X(LOAD, "load", "integer load")                                               \
    X(LOAD_PAIR, "load_pair", "integer load of a pair")                           \
    X(STORE, "store", "store")                                                    \
    X(LOAD_EXCL, "load_excl", "load-exclusive, load-acquire")                     \
    X(STORE_EXCL, "store_excl", "store-exclusive, store-release")                 \
    X(ATOMIC, "atomic", "LSE atomic")                                             \
    X(VLOAD, "vload", "vector load")                                              \
    X(VLOAD_MULTI, "vload_multi", "vector structure load")                        \
    X(VSTORE, "vstore", "vector store")                                           \
    X(VALU, "valu", "vector integer add, logic, compare, move")                   \
    X(VSHIFT, "vshift", "vector shift, saturating operation")                     \
    X(VMUL, "vmul", "vector integer multiply (accumulate), dot product")          \
    X(VPERM, "vperm", "vector permute, table, across lanes")                      \
    X(FADD, "fadd", "floating-point add, compare, min/max, convert, round")       \
    X(FMUL, "fmul", "floating-point multiply")                                    \
    X(FMA, "fma", "fused multiply-add")                                           \
    X(FDIV, "fdiv", "floating-point divide, square root")                         \
    X(FMOVE, "fmove", "moves between general and vector registers")               \
    X(CRYPTO, "crypto", "AES, SHA, PMULL")                                        \
    X(SYSTEM, "system", "system-register access")                                 \
    X(BARRIER, "barrier", "barriers, hints, cache and TLB maintenance")           \
    X(EXCEPTION, "exception", "exception-generating instructions and ERET")
enum cpu_tclass {
#define X(id, name, text) CPU_TC_##id,
    CPU_TCLASSES(X)
#undef X
        CPU_TC_COUNT
};
_Static_assert(CPU_TC_COUNT <= 32, "class fits five bits");

#define CPU_TC_MASK      0x1f
#define CPU_TC_SETS_NZCV 0x20 /* writes the flags besides d */
#define CPU_TC_SETS_RA   0x40 /* writes ra besides d (pair loads; vector if d is) */
#define CPU_TC_SETS_RN   0x80 /* writes rn back, one cycle */

#endif
