/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the range of a single parameter cannot say: values that the model has no form for, and values that do not go
 * together. Each message begins with the parameter to change. Nothing is rounded: a run is of what was asked for.
 */
#include <errno.h>
#include "models/cpu/cache/cache.h"
#include "models/cpu/cpu_state.h"

#define CCSIDR_SETS (UINT64_C(1) << 15) /* NumSets has 15 bits without FEAT_CCIDX */

static bool power_of_two(uint64_t v)
{
    return v && !(v & (v - 1));
}

static int check_sets(const struct cpu *c, const char *name, uint64_t sets, struct tg_error *err)
{
    if (cpu_has(c, CPU_FEAT_CCIDX) || sets <= CCSIDR_SETS)
        return 0;
    return tg_error_set(
        err, EINVAL,
        "%s.size: found %llu sets, expected at most %llu: CCSIDR_EL1 has no room without features.ccidx",
        name, (unsigned long long)sets, (unsigned long long)CCSIDR_SETS);
}

static int check_cache(const struct cpu *c, const char *name, const struct cache_params *p,
                       struct tg_error *err)
{
    const uint64_t way = (uint64_t)p->ways << LINE_BITS, sets = p->size / way;

    if (p->size % way || !power_of_two(sets))
        return tg_error_set(
            err, EINVAL,
            "%s.size: found %llu bytes, expected %s.ways (%u) times 64 bytes times a power of two", name,
            (unsigned long long)p->size, name, p->ways);
    return check_sets(c, name, sets, err);
}

static int check_tlb(const char *name, const struct tlb_params *p, struct tg_error *err)
{
    if (!p->entries || !p->ways || p->entries % p->ways == 0)
        return 0;
    return tg_error_set(err, EINVAL, "%s.entries: found %u, expected a multiple of %s.ways (%u)", name,
                        p->entries, name, p->ways);
}

static int check_pa_bits(const struct cpu *c, struct tg_error *err)
{
    static const uint8_t known[] = {32, 36, 40, 42, 44, 48}; /* ID_AA64MMFR0_EL1.PARange */

    for (size_t i = 0; i < TG_ARRAY_SIZE(known); i++)
        if (c->p.pa_bits == known[i])
            return 0;
    return tg_error_set(err, EINVAL, "pa_bits: found %u, expected 32, 36, 40, 42, 44 or 48", c->p.pa_bits);
}

int cpu_params_check(const struct cpu *c, struct tg_error *err)
{
    const struct cpu_params *p = &c->p;
    int rc;

    if ((rc = check_pa_bits(c, err)) || (rc = check_cache(c, "l1i", &p->l1i, err)) ||
        (rc = check_cache(c, "l1d", &p->l1d, err)) ||
        (p->l2.size && (rc = check_cache(c, "l2", &p->l2, err))) || (rc = check_tlb("tlb2", &p->tlb2, err)) ||
        (rc = check_tlb("walk_cache", &p->walk_cache, err)) ||
        (rc = check_tlb("ipa_cache", &p->ipa_cache, err)))
        return rc;
    if (p->outer.size && (rc = check_sets(c, "cache", p->outer.size / p->outer.ways >> LINE_BITS, err)))
        return rc;
    if (p->ctx_breakpoints > p->breakpoints)
        return tg_error_set(err, EINVAL, "ctx_breakpoints: found %u, expected at most breakpoints (%u)",
                            p->ctx_breakpoints, p->breakpoints);
    if (p->error_records && !cpu_has(c, CPU_FEAT_RAS))
        return tg_error_set(err, EINVAL, "error_records: found %u, expected 0 without features.ras",
                            p->error_records);
    if (p->rng_seed && !cpu_has(c, CPU_FEAT_RNG))
        return tg_error_set(err, EINVAL, "rng_seed: found %llu, expected 0 without features.rng",
                            (unsigned long long)p->rng_seed);
    if (p->btb && !power_of_two(p->btb))
        return tg_error_set(err, EINVAL, "pipeline.btb: found %u, expected 0 or a power of two", p->btb);
    if (p->btb_miss && !p->btb)
        return tg_error_set(
            err, EINVAL,
            "pipeline.btb_miss: found %u, expected 0 where pipeline.btb is 0: no branch is unknown",
            p->btb_miss);
    return 0;
}
