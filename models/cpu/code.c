/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded code: building of blocks out of decoded operations, finding and dropping them. See code.h. */
#define _GNU_SOURCE
#include "models/cpu/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "models/cpu/cpu_state.h"
#include "models/cpu/decode/a64.h"
#include "models/cpu/domain.h"
#include "models/cpu/sysreg/access.h"
#include "a64_ops.h"

#if defined(__PIE__) || defined(__PIC__)
#error "cpu_op.fn holds a handler's address in 32 bits: build with -fno-pie, link with -no-pie"
#endif

#define HASH_SIZE  4096
#define ARENA_SIZE (CODE_ARENA_OPS * (sizeof(struct cpu_op) + sizeof(struct cpu_op_info)))
#define EXIT_SLOTS (CPU_LINKS_SLOTS + MEMO_LAST_SLOTS)
#define STEP_OPS   (1 + EXIT_SLOTS) /* code_single: an operation, then op_stepped or links */
/* Of operations, most that a block takes: op_enter and op_fall with them. */
#define BLOCK_OPS_MAX (CODE_BLOCK_MAX + 2 + EXIT_SLOTS * (1 + CODE_EXITS_MAX))

struct code_cache {
    struct cpu_op *arena; /* CODE_ARENA_OPS operations, then as many cpu_op_info */
    uint32_t used;        /* operations; the first are code_single's */
    struct code_page *hash[HASH_SIZE];
    struct code_page *all;
    bool uncached; /* some page is */
};

#define X(h) cpu_op_fn op_##h##_f, op_##h##_i, op_##h##_w;
A64_HANDLERS(X)
X(enter)
X(fall)
X(held)
X(stepped)
X(undefined)
X(bl_near)
X(bl_far)
X(b_far)
X(blr_near)
#undef X

/* Handlers by variant: the generated ones, H_OP_..., then the pseudo-operations. */
enum {
#define X(h) H_OP_##h,
    A64_HANDLERS(X)
#undef X
        H_ENTER,
    H_FALL,
    H_HELD,
    H_STEPPED,
    H_UNDEFINED,
    H_BL_NEAR,
    H_BL_FAR,
    H_B_FAR,
    H_BLR_NEAR,
    H_COUNT,
};
_Static_assert((int)H_ENTER == A64_N_HANDLERS, "a64_decode's numbers");
#define ROW(s)                                                                                            \
    {                                                                                                     \
        A64_HANDLERS(X)                                                                                   \
        op_enter##s, op_fall##s, op_held##s, op_stepped##s, op_undefined##s, op_bl_near##s, op_bl_far##s, \
            op_b_far##s, op_blr_near##s                                                                   \
    }
static cpu_op_fn *const handlers[3][H_COUNT] = {
#define X(h) op_##h##_f,
    ROW(_f),
#undef X
#define X(h) op_##h##_i,
    ROW(_i),
#undef X
#define X(h) op_##h##_w,
    ROW(_w),
#undef X
};

static cpu_op_fn *const *variant(const struct cpu *c)
{
    return handlers[!c->timing.timed ? 0 : c->p.pipe_kind == PIPE_INORDER ? 1 : 2];
}

int code_init(struct cpu *c)
{
    struct code_cache *k = calloc(1, sizeof(*k));

    if (!k)
        return -ENOMEM;
    k->arena =
        mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (k->arena == MAP_FAILED) {
        free(k);
        return -ENOMEM;
    }
    k->used = STEP_OPS;
    c->host.code = k;
    return 0;
}

void code_fini(struct cpu *c)
{
    if (!c->host.code)
        return;
    code_drop_all(c);
    munmap(c->host.code->arena, ARENA_SIZE);
    free(c->host.code);
    c->host.code = NULL;
}

static unsigned hash_of(uint64_t pa)
{
    return (unsigned)((pa >> 12) ^ (pa >> 24)) & (HASH_SIZE - 1);
}

static struct code_page *find(const struct code_cache *k, uint64_t pa, bool uncached)
{
    struct code_page *p = k->hash[hash_of(pa)];

    while (p && (p->pa != pa || p->uncached != uncached))
        p = p->hash_next;
    return p;
}

struct code_page *code_page_get(struct cpu *c, uint64_t pa, bool uncached)
{
    struct code_cache *k = c->host.code;
    struct code_page *p = find(k, pa, uncached);

    if (p)
        return p;
    p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->pa = pa;
    p->decoded = domain_code(c->host.domain, pa);
    if (!p->decoded) {
        free(p);
        return NULL;
    }
    p->uncached = uncached;
    k->uncached |= uncached;
    p->hash_next = k->hash[hash_of(pa)];
    k->hash[hash_of(pa)] = p;
    p->all_next = k->all;
    k->all = p;
    return p;
}

/* The links of an operation that can end a block, at `offset` of its page; page NULL: they are not to be
 * resolved. */
static void make_links(struct cpu_op *slot, struct code_page *page, const struct cpu_op *last,
                       unsigned offset)
{
    *(struct cpu_links *)(void *)slot = (struct cpu_links){
        .disp =
            {[CPU_NEXT] = (int32_t)offset + 4, [CPU_TAKEN] = (int32_t)((int64_t)offset + (int64_t)last->imm)},
        .page = page};
}

/* Window model: what the timing of a block that ends with `last`, which has links, is remembered by. Returns
 * the slot behind. */
static struct cpu_op *make_last(struct cpu *c, struct cpu_op *slot, const struct cpu_op *first,
                                const struct cpu_op *last)
{
    *(struct memo_last *)(void *)slot =
        (struct memo_last){.block = memo_block_number(&c->timing.pipe.memo, pipe_block_hash(first, last))};
    return slot + MEMO_LAST_SLOTS;
}

/* Branches and calls of cached blocks have handlers of their own: direct ones that leave the page, and calls,
 * which remember where they return to (cpu_return.site). */
static void specialise(cpu_op_fn *const *fns, struct cpu_op *last)
{
    int64_t to = (int64_t)cpu_op_offset(last) + (int64_t)last->imm;
    bool far = to < 0 || to >= MMU_PAGE_SIZE;
    cpu_op_fn *const fn = CPU_OP_FN(last);

    if (fn == fns[H_OP_bl]) {
        cpu_op_set_fn(last, fns[far ? H_BL_FAR : H_BL_NEAR]);
        last->back = NULL;
    } else if (fn == fns[H_OP_b] && far) {
        cpu_op_set_fn(last, fns[H_B_FAR]);
    } else if (fn == fns[H_OP_blr]) {
        cpu_op_set_fn(last, fns[H_BLR_NEAR]);
        last->back = NULL;
    }
}

/* The instruction at `offset` of its page; true when it ends a block. */
static bool decode_one(struct cpu *c, cpu_op_fn *const *fns, uint32_t insn, unsigned offset,
                       struct cpu_op *op)
{
    struct cpu_op_info *info = op_info(op);
    bool end;
    int h = a64_decode(&c->ident.feat, insn, op, info, &end);

    info->word = offset / 4;
    if (h < 0) {
        info->tclass = CPU_TC_EXCEPTION;
        cpu_op_set_fn(op, fns[H_UNDEFINED]);
        return true;
    }
    cpu_op_set_fn(op, fns[h]);
    if (a64_is(info, A64_PCREL)) /* its displacement is from the instruction on */
        op->imm += offset;
    if (fns[h] == op_mrs_w)
        info->s3 = CPU_SLOT_SYSREG_READ;
    else if (fns[h] == op_msr_w)
        info->s3 = CPU_SLOT_SYSREG_WRITE;
    return end;
}

/* An operation that stands for no instruction. */
static void pseudo(struct cpu_op *op, cpu_op_fn *fn, unsigned offset)
{
    *op = (struct cpu_op){0};
    cpu_op_set_fn(op, fn);
    *op_info(op) = (struct cpu_op_info){.word = offset / 4};
}

/*
 * Instructions that need no operation when another one of their block follows. The window model times them
 * with that one. Prefetches are another class and the in-order model times each by its operation: only in
 * fast mode, where branches forward within the page only say where decoding goes on. (Back: a loop would be
 * unrolled, and interrupts wait for the end of a block.)
 */
static bool left_out(const struct cpu *c, cpu_op_fn *const *fns, const struct cpu_op *op)
{
    cpu_op_fn *const fn = CPU_OP_FN(op);

    return c->timing.timed ? fn == fns[H_OP_hint] && c->p.pipe_kind == PIPE_WINDOW
                           : fn == fns[H_OP_hint] || fn == fns[H_OP_nop];
}

static bool leads_within(const struct cpu *c, cpu_op_fn *const *fns, const struct cpu_op *op)
{
    const unsigned offset = cpu_op_offset(op);

    return !c->timing.timed && CPU_OP_FN(op) == fns[H_OP_b] && op->imm && op->imm < MMU_PAGE_SIZE - offset;
}

/* B within the page (b_far has another handler), and the conditional branches. */
static bool is_branch(cpu_op_fn *const *fns, const struct cpu_op *op)
{
    return CPU_OP_FN(op) == fns[H_OP_b] || a64_is(op_info(op), A64_CONDITIONAL);
}

/* A block that is timed as a whole goes on behind a branch forward: its next instruction if it is
 * conditional, for it may not be taken; else where it leads. Behind one back seldom anything follows: it
 * closes a loop. 0: no. */
static unsigned leads_on(const struct cpu *c, cpu_op_fn *const *fns, const struct cpu_op *op)
{
    const unsigned offset = cpu_op_offset(op);

    if (!cpu_by_blocks(c) || !is_branch(fns, op) || (int64_t)op->imm <= 0)
        return 0;
    if (CPU_OP_FN(op) != fns[H_OP_b])
        return offset + 4;
    return op->imm < MMU_PAGE_SIZE - offset ? offset + (unsigned)op->imm : 0;
}

/* Barriers end a block where blocks are remembered as a whole: they wait for what is before them. */
static bool holds(const struct cpu *c, cpu_op_fn *const *fns, const struct cpu_op *op)
{
    cpu_op_fn *const fn = CPU_OP_FN(op);

    return cpu_by_blocks(c) && (fn == fns[H_OP_dsb] || fn == fns[H_OP_dmb]);
}

/* The branches within a block (enter, n_ops operations) get links, from slot on; so does its last operation,
 * if it is one: those stand behind it. Returns the slot behind. */
static struct cpu_op *make_exits(struct cpu *c, struct code_page *page, struct cpu_op *enter, unsigned n_ops,
                                 struct cpu_op *slot)
{
    cpu_op_fn *const *fns = variant(c);
    const struct cpu_op *branch = NULL;

    for (struct cpu_op *op = enter + 1; op <= enter + n_ops; op++) {
        struct cpu_op *links = op + 1;

        op_info(op)->branch = (uint8_t)(branch ? op - branch : 0);
        if (!is_branch(fns, op))
            continue;
        branch = op;
        if (op < enter + n_ops) {
            links = slot;
            make_links(links, page, op, cpu_op_offset(op));
            slot = make_last(c, slot + CPU_LINKS_SLOTS, enter + 1, op);
        }
        op->links = cpu_links_of(links - 1);
        op->branch.rest = op_info(op)->rem;
    }
    return slot;
}

const struct cpu_op *code_known(const struct cpu *c, const struct code_page *page, unsigned offset)
{
    uint32_t i = page->entry[offset / 4];

    return i ? &c->host.code->arena[i] : NULL;
}

const struct cpu_op *code_block(struct cpu *c, struct code_page *page, unsigned offset, const uint8_t *mem)
{
    struct code_cache *k = c->host.code;
    cpu_op_fn *const *fns = variant(c);
    const struct cpu_op *known = code_known(c, page, offset);
    struct cpu_op *enter, *op;
    unsigned n = 0, n_ops, at = offset, last = offset, from = offset, on = 0, before = 0, exits = 0;
    uint8_t first_lines, *lines = &first_lines; /* of the instructions from `from` on */
    bool end = false, out = false, held = false;

    if (known)
        return known;
    if (!page->decoded->any)
        domain_code_appeared(c->host.domain, page->decoded); /* from now on writes to the page are watched */
    enter = &k->arena[k->used];
    op = enter + 1;
    while ((!end || out || on) && !held && n < CODE_BLOCK_MAX && at < MMU_PAGE_SIZE &&
           !(n && c->host.stop_pc && at == ((c->host.stop_pc - 1) & 4095))) {
        uint32_t insn;

        if (on) {
            *lines = (uint8_t)(last / 64 - from / 64);
            lines = &op->branch.lines;
            from = at;
            before = CPU_OP_FN(op) == fns[H_OP_b] ? CPU_LED : 0;
            exits++;
        }
        if (n && !out)
            op++;
        memcpy(&insn, mem + at, sizeof(insn));
        end = decode_one(c, fns, insn, at, op);
        op_info(op)->rem = (uint8_t)n++; /* its number; below, what comes behind it */
        op_info(op)->before = (uint8_t)before;
        page->decoded->words[at / 256] |= TG_BIT(at / 4 % 64);
        last = at;
        at += 4;
        out = left_out(c, fns, op);
        held = holds(c, fns, op);
        before = out ? before + 1 : 0;
        if (leads_within(c, fns, op)) {
            at = last + (unsigned)op->imm;
            out = true;
        }
        on = exits < CODE_EXITS_MAX ? leads_on(c, fns, op) : 0;
        if (on)
            at = on;
    }
    *lines = (uint8_t)(last / 64 - from / 64); /* in timed mode there are no gaps */
    op++;
    n_ops = (unsigned)(op - enter) - 1;
    for (unsigned i = 1; i <= n_ops; i++) {
        op_info(enter + i)->rem = (uint8_t)(n - 1 - op_info(enter + i)->rem);
        op_info(enter + i)->left = (uint8_t)(n_ops - i);
        op_info(enter + i)->to_links = i < n_ops ? 0 : end ? 1 : 2;
        op_info(enter + i)->branch = 0;
    }
    pseudo(enter, fns[H_ENTER], offset);
    enter->block_pa = (page->pa + offset) | (page->uncached ? CODE_UNCACHED : 0);
    enter->enter.insns = (uint8_t)n;
    enter->enter.ops = (uint8_t)n_ops;
    enter->enter.lines = first_lines;
    if (!end)
        pseudo(op++, fns[held ? H_HELD : H_FALL], last);
    make_links(op, page, op - 1, last);
    specialise(fns, op - 1);
    page->entry[offset / 4] = k->used;
    page->begins[offset / 256] |= TG_BIT(offset / 4 % 64);
    page->blocks++;
    op += CPU_LINKS_SLOTS;
    if (cpu_by_blocks(c)) {
        enter->enter.last = (uint8_t)(op - enter);
        op = make_last(c, op, enter + 1, enter + n_ops);
        op = make_exits(c, page, enter, n_ops, op);
    }
    k->used = (uint32_t)(op - k->arena);
    c->n.blocks_decoded++;
    return enter;
}

const struct cpu_op *code_single(struct cpu *c, uint32_t insn, unsigned offset)
{
    struct cpu_op *op = c->host.code->arena;
    cpu_op_fn *const *fns = variant(c);

    if (decode_one(c, fns, insn, offset, op))
        make_links(op + 1, NULL, op, offset);
    else
        pseudo(op + 1, fns[H_STEPPED], offset + 4);
    op_info(op)->rem = op_info(op)->left = op_info(op)->before = op_info(op)->to_links = 0;
    op_info(op)->branch = 0;
    if (cpu_by_blocks(c) && is_branch(fns, op)) {
        op->links = cpu_links_of(op);
        op->branch.rest = 0;
    }
    return op;
}

/* The page's blocks are none any longer. One of them may be running, and end by a call. */
static void forget_blocks(struct cpu *c, struct code_page *page)
{
    cpu_op_fn *const *fns = variant(c);

    for (unsigned w = 0; w < TG_ARRAY_SIZE(page->begins); w++) {
        for (uint64_t left = page->begins[w]; left; left &= left - 1) {
            uint32_t *entry = &page->entry[w * 64 + (unsigned)__builtin_ctzll(left)];
            struct cpu_op *enter = &c->host.code->arena[*entry], *last = enter + enter->enter.ops;
            cpu_op_fn *const fn = CPU_OP_FN(last);

            if (fn == fns[H_BL_NEAR] || fn == fns[H_BL_FAR] || fn == fns[H_BLR_NEAR])
                last->back = NULL;
            *entry = 0;
        }
        page->begins[w] = 0;
    }
    page->blocks = 0;
}

static void page_written(struct cpu *c, struct code_page *p)
{
    if (!p || !p->blocks)
        return;
    forget_blocks(c, p);
    mmu_forget_jumps(c);
    c->host.link = NULL;
    cpu_attention(c, 0); /* the block that runs may be one of the page's */
    c->n.blocks_invalidated++;
}

void code_written(struct cpu *c, uint64_t pa_page)
{
    const struct code_cache *k = c->host.code;

    page_written(c, find(k, pa_page, false));
    if (tg_unlikely(k->uncached))
        page_written(c, find(k, pa_page, true));
}

void code_drop_all(struct cpu *c)
{
    struct code_cache *k = c->host.code;

    while (k->all) {
        struct code_page *p = k->all;

        k->all = p->all_next;
        free(p);
    }
    memset(k->hash, 0, sizeof(k->hash));
    k->used = STEP_OPS;
    k->uncached = false;
    c->host.link = NULL;
    memset(c->host.returns, 0, sizeof(c->host.returns));
    c->timing.pipe.memo.ages = 0;
    mmu_forget_jumps(c);
    mmu_drop_fetches(c);
}

bool code_arena_low(const struct cpu *c)
{
    return c->host.code->used > CODE_ARENA_OPS - BLOCK_OPS_MAX || memo_worn(&c->timing.pipe.memo);
}
