/* SPDX-License-Identifier: Apache-2.0 */
/* See timed.h. */
#include "timed.h"

#define SCTLR_EL1 TG_SYSENC(3, 0, 1, 0, 0)
#define TTBR0_EL1 TG_SYSENC(3, 0, 2, 0, 0)
#define TCR_EL1   TG_SYSENC(3, 0, 2, 0, 2)
#define MAIR_EL1  TG_SYSENC(3, 0, 10, 2, 0)

/* Descriptors (Arm ARM D8.3): AF, inner shareable, attribute 0. */
#define DESC_BLOCK (UINT64_C(0x701))
#define DESC_PAGE  (UINT64_C(0x703))
#define DESC_TABLE (UINT64_C(3))

static void map(struct pe *p, bool pages4k)
{
    uint64_t d = PE_RAM_BASE | DESC_BLOCK;

    if (pages4k) {
        uint64_t l2 = T_TABLES + 0x1000, l3 = T_TABLES + 0x2000;

        for (uint64_t mb = 0; mb < PE_RAM_SIZE; mb += 2 << 20, l3 += 0x1000) {
            d = l3 | DESC_TABLE;
            pe_write(p, l2 + (mb >> 21) * 8, &d, 8);
            for (uint64_t page = 0; page < 512; page++) {
                d = (PE_RAM_BASE + mb + page * 4096) | DESC_PAGE;
                pe_write(p, l3 + page * 8, &d, 8);
            }
        }
        d = l2 | DESC_TABLE;
    }
    pe_write(p, T_TABLES + 8, &d, 8); /* VA 1 GiB up */
    cpu_set_sysreg(p->cpu, MAIR_EL1, 0xff);
    cpu_set_sysreg(p->cpu, TTBR0_EL1, T_TABLES);
    cpu_set_sysreg(p->cpu, TCR_EL1,
                   25 | 5 << 8 | 1 << 23 |
                       UINT64_C(5) << 32); /* T0SZ 25: the walk begins at level 1, and is write-back */
    cpu_set_sysreg(p->cpu, SCTLR_EL1, 0x1005);
}

static struct pe *new_pe(struct pe *first, const char *kind, const char *const *more, bool pages4k)
{
    const char *params[T_PARAMS + 6] = {"pipeline.kind", strcmp(kind, "inorder") ? "1" : "0", "freq",
                                        "1000000000"};
    unsigned n = 4;
    struct pe *p;

    while (more && *more && n < T_PARAMS + 4)
        params[n++] = *more++;
    p = first ? pe_new_beside(first, pe_features_n1, params, 1) : pe_new(pe_features_n1, params, 1);
    cpu_set_mode(p->cpu, CPU_TIMED);
    map(p, pages4k);
    return p;
}

struct pe *t_new(const char *kind, const char *const *more, bool pages4k)
{
    return new_pe(NULL, kind, more, pages4k);
}

struct pe *t_new_beside(struct pe *first, const char *kind, const char *const *more)
{
    return new_pe(first, kind, more, false);
}

#define UNROLL 64

uint64_t t_steady(struct pe *p, const uint32_t *body, unsigned n, unsigned times)
{
    uint32_t code[UNROLL * 8 + 2];
    unsigned len = 0;
    uint64_t before;

    assert_true(n <= 8 && times % UNROLL == 0);
    for (unsigned i = 0; i < UNROLL; i++)
        for (unsigned k = 0; k < n; k++)
            code[len++] = body[k];
    code[len] = 0x14000000u | (-len & 0x3ffffff); /* b back */
    pe_code(p, T_CODE, code, len + 1);
    cpu_set_pc(p->cpu, T_CODE);
    pe_run_insns(p, 4 * (len + 1)); /* warm */
    before = cpu_cycles(p->cpu);
    pe_run_insns(p, times / UNROLL * (len + 1));
    t_sum(p);
    return cpu_cycles(p->cpu) - before;
}

uint64_t t_once(struct pe *p, const uint32_t *code, unsigned n)
{
    uint64_t before = cpu_cycles(p->cpu);

    pe_code(p, T_CODE, code, n);
    cpu_set_pc(p->cpu, T_CODE);
    pe_run_insns(p, n);
    t_sum(p);
    return cpu_cycles(p->cpu) - before;
}

void t_sum(struct pe *p)
{
    uint64_t b[CPU_BUCKET_COUNT], sum = 0;

    cpu_buckets(p->cpu, b);
    for (unsigned i = 0; i < CPU_BUCKET_COUNT; i++)
        sum += b[i];
    assert_int_equal(sum, cpu_cycles(p->cpu));
}

uint64_t t_bucket(struct pe *p, enum cpu_bucket bucket)
{
    uint64_t b[CPU_BUCKET_COUNT];

    cpu_buckets(p->cpu, b);
    return b[bucket];
}

uint64_t t_counter(struct pe *p, const char *name)
{
    for (size_t i = 0; i < cpu_class.n_counters; i++)
        if (!strcmp(cpu_class.counters[i].name, name))
            return tg_model_counter(cpu_model(p->cpu), &cpu_class.counters[i]);
    fail_msg("no counter %s", name);
    return 0;
}
