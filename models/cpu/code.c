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

#define HASH_SIZE 4096

struct code_cache {
    struct cpu_op *arena;
    uint32_t used; /* operations; index 0 is never a block */
    struct code_page *hash[HASH_SIZE];
    struct code_page *all;
    struct cpu_op step[2]; /* code_single: operation, op_stepped or links */
};

#define X(h) cpu_op_fn op_##h##_f, op_##h##_i, op_##h##_w;
A64_HANDLERS(X)
X(enter)
X(fall)
X(stepped)
X(undefined)
X(bl_near)
X(bl_far)
X(b_far)
X(blr_near)
#undef X

/* Handlers by variant; the pseudo-operations follow the generated ones. */
enum {
    H_ENTER = A64_N_HANDLERS,
    H_FALL,
    H_STEPPED,
    H_UNDEFINED,
    H_BL_NEAR,
    H_BL_FAR,
    H_B_FAR,
    H_BLR_NEAR,
    /* generated ones that cached blocks replace */
    H_B,
    H_BL,
    H_BLR,
    H_COUNT,
};
#define ROW(s)                                                                                             \
    {                                                                                                      \
        A64_HANDLERS(X)                                                                                    \
        op_enter##s, op_fall##s, op_stepped##s, op_undefined##s, op_bl_near##s, op_bl_far##s, op_b_far##s, \
            op_blr_near##s, op_b##s, op_bl##s, op_blr##s                                                   \
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
    return handlers[!c->timed ? 0 : c->p.pipe_kind == PIPE_INORDER ? 1 : 2];
}

int code_init(struct cpu *c)
{
    struct code_cache *k = calloc(1, sizeof(*k));

    if (!k)
        return -ENOMEM;
    k->arena = mmap(NULL, sizeof(struct cpu_op) * CODE_ARENA_OPS, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (k->arena == MAP_FAILED) {
        free(k);
        return -ENOMEM;
    }
    k->used = 1;
    c->code = k;
    return 0;
}

void code_fini(struct cpu *c)
{
    if (!c->code)
        return;
    code_drop_all(c);
    munmap(c->code->arena, sizeof(struct cpu_op) * CODE_ARENA_OPS);
    free(c->code);
    c->code = NULL;
}

static unsigned hash_of(uint64_t pa)
{
    return (unsigned)((pa >> 12) ^ (pa >> 24)) & (HASH_SIZE - 1);
}

static struct code_page *find(const struct code_cache *k, uint64_t pa)
{
    struct code_page *p = k->hash[hash_of(pa)];

    while (p && p->pa != pa)
        p = p->hash_next;
    return p;
}

struct code_page *code_page_get(struct cpu *c, uint64_t pa)
{
    struct code_cache *k = c->code;
    struct code_page *p = find(k, pa);

    if (p)
        return p;
    p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->pa = pa;
    p->hash_next = k->hash[hash_of(pa)];
    k->hash[hash_of(pa)] = p;
    p->all_next = k->all;
    k->all = p;
    return p;
}

/* The links behind the operation that ends a block at `offset` of its page; page NULL: they are not to be
 * resolved. */
static void make_links(struct cpu_op *slot, struct code_page *page, const struct cpu_op *last,
                       unsigned offset)
{
    *(struct cpu_links *)(void *)slot = (struct cpu_links){
        .disp =
            {[CPU_NEXT] = (int32_t)offset + 4, [CPU_TAKEN] = (int32_t)((int64_t)offset + (int64_t)last->imm)},
        .page = page};
}

/* Branches and calls of cached blocks have handlers of their own: direct ones that leave the page, and calls,
 * which remember where they return to (cpu_return.site). */
static void specialise(cpu_op_fn *const *fns, struct cpu_op *last)
{
    int64_t to = (int64_t)last->off + (int64_t)last->imm;
    bool far = to < 0 || to >= MMU_PAGE_SIZE;

    if (last->fn == fns[H_BL]) {
        last->fn = fns[far ? H_BL_FAR : H_BL_NEAR];
        last->imm = 0;
    } else if (last->fn == fns[H_B] && far) {
        last->fn = fns[H_B_FAR];
    } else if (last->fn == fns[H_BLR]) {
        last->fn = fns[H_BLR_NEAR];
        last->imm = 0;
    }
}

static bool decode_one(struct cpu *c, cpu_op_fn *const *fns, uint32_t insn, struct cpu_op *op)
{
    bool end;
    int h = a64_decode(&c->feat, insn, op, &end);

    if (h < 0) {
        op->tclass = CPU_TC_EXCEPTION;
        op->insn = insn;
        op->fn = fns[H_UNDEFINED];
        return true;
    }
    op->fn = fns[h];
    if (op->fn == op_mrs_w)
        op->s3 = CPU_SLOT_SYSREG_READ;
    else if (op->fn == op_msr_w)
        op->s3 = CPU_SLOT_SYSREG_WRITE;
    return end;
}

const struct cpu_op *code_block(struct cpu *c, struct code_page *page, unsigned offset, const uint8_t *mem)
{
    struct code_cache *k = c->code;
    cpu_op_fn *const *fns = variant(c);
    struct cpu_op *enter, *op;
    unsigned n = 0, at = offset;
    bool end = false;

    if (page->entry[offset / 4])
        return &k->arena[page->entry[offset / 4]];
    if (!page->lines)
        domain_code_appeared(c->domain, page->pa); /* from now on writes to the page are watched */
    enter = &k->arena[k->used];
    op = enter + 1;
    while (!end && n < CODE_BLOCK_MAX && at < MMU_PAGE_SIZE &&
           !(n && c->stop_pc && at == ((c->stop_pc - 1) & 4095))) {
        uint32_t insn;

        memcpy(&insn, mem + at, sizeof(insn));
        end = decode_one(c, fns, insn, op);
        op->off = (uint16_t)at;
        page->lines |= TG_BIT(at / 64);
        at += 4;
        n++;
        op++;
    }
    for (unsigned i = 0; i < n; i++)
        enter[1 + i].rem = (uint8_t)(n - 1 - i);
    *enter = (struct cpu_op){
        .fn = fns[H_ENTER], .imm = page->pa + offset, .off = (uint16_t)offset, .rem = (uint8_t)n};
    if (!end) {
        *op = (struct cpu_op){.fn = fns[H_FALL], .off = (uint16_t)(at - 4)};
        op++;
    }
    make_links(op, page, op - 1, at - 4);
    specialise(fns, op - 1);
    page->entry[offset / 4] = k->used;
    k->used = (uint32_t)(op + 1 - k->arena);
    c->n.blocks_decoded++;
    return enter;
}

const struct cpu_op *code_single(struct cpu *c, uint32_t insn, unsigned offset)
{
    struct cpu_op *op = c->code->step;
    cpu_op_fn *const *fns = variant(c);

    if (!decode_one(c, fns, insn, op)) {
        op[1] = (struct cpu_op){.fn = fns[H_STEPPED], .off = (uint16_t)(offset + 4)};
    } else {
        make_links(op + 1, NULL, op, offset);
    }
    op->off = (uint16_t)offset;
    op->rem = 0;
    return op;
}

static uint64_t lines_of(uint64_t pa, uint64_t size)
{
    unsigned first = (unsigned)(pa & 4095) / 64, last = (unsigned)((pa & 4095) + size - 1) / 64;

    return TG_FIELD(last, first);
}

/* A block of the page may be running, and end by a call. */
static void forget_returns(struct cpu *c, const struct code_page *page)
{
    cpu_op_fn *const *fns = variant(c);

    for (unsigned i = 0; i < TG_ARRAY_SIZE(page->entry); i++) {
        struct cpu_op *enter = &c->code->arena[page->entry[i]], *last = enter + enter->rem;

        if (page->entry[i] &&
            (last->fn == fns[H_BL_NEAR] || last->fn == fns[H_BL_FAR] || last->fn == fns[H_BLR_NEAR]))
            last->imm = 0;
    }
}

void code_written(struct cpu *c, uint64_t pa, uint64_t size)
{
    struct code_page *p = find(c->code, pa & MMU_PAGE_MASK);

    if (!p || !(p->lines & lines_of(pa, size)))
        return;
    forget_returns(c, p);
    memset(p->entry, 0, sizeof(p->entry));
    p->lines = 0;
    mmu_forget_jumps(c);
    c->link = NULL;
    cpu_attention(c, 0); /* the block that runs may be one of the page's */
    c->n.blocks_invalidated++;
}

void code_drop_all(struct cpu *c)
{
    struct code_cache *k = c->code;

    while (k->all) {
        struct code_page *p = k->all;

        k->all = p->all_next;
        free(p);
    }
    memset(k->hash, 0, sizeof(k->hash));
    k->used = 1;
    c->link = NULL;
    memset(c->returns, 0, sizeof(c->returns));
    memo_forget(&c->pipe.memo);
    mmu_forget_jumps(c);
    mmu_drop_fetches(c);
}

bool code_has_lines(const struct cpu *c, uint64_t pa_page)
{
    const struct code_page *p = find(c->code, pa_page);

    return p && p->lines;
}

bool code_arena_low(const struct cpu *c)
{
    return c->code->used > CODE_ARENA_OPS - (CODE_BLOCK_MAX + 8);
}
