/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PEs in the generated device tree: who belongs to which core and cluster, caches, clocks, capacities,
 * operating points, PMUs (Linux' bindings cpus.yaml, cpu-topology.txt, cache-controller.yaml,
 * cpu-capacity.txt, opp-v2.yaml, arm,pmu.yaml, arm,gic-v3.yaml; Devicetree Specification 0.4, 3.8).
 */
#include "sim/boot/dt.h"

#define PPI_PMU 7 /* INTID 23, BSA */

#define MPIDR_AFF3   TG_FIELD(39, 32)
#define MPIDR_AFF2_0 TG_FIELD(23, 0)
#define MPIDR_MT     TG_BIT(24)

/* ---- topology: what MPIDR_EL1 says (DDI 0487, D19.2.102). With MT Aff0 is the thread and Aff1 the core,
 * else Aff0 the core; what lies above names the cluster. ---- */

struct place {
    bool mt;
    uint32_t cluster, core, thread;
};

static struct place place_of(const struct boot_cpu *c)
{
    const uint32_t aff =
        (uint32_t)(tg_put(TG_FIELD(31, 24), tg_get(c->mpidr, MPIDR_AFF3)) | tg_get(c->mpidr, MPIDR_AFF2_0));
    struct place p = {.mt = (c->mpidr & MPIDR_MT) != 0};
    if (p.mt) {
        p.thread = (uint32_t)tg_get(aff, TG_FIELD(7, 0));
        p.core = (uint32_t)tg_get(aff, TG_FIELD(15, 8));
        p.cluster = (uint32_t)tg_get(aff, TG_FIELD(31, 16));
    } else {
        p.core = (uint32_t)tg_get(aff, TG_FIELD(7, 0));
        p.cluster = (uint32_t)tg_get(aff, TG_FIELD(31, 8));
    }
    return p;
}

static bool same_cluster(const struct boot_machine *m, unsigned a, unsigned b)
{
    const struct place x = place_of(&m->cpus[a]), y = place_of(&m->cpus[b]);
    return x.mt == y.mt && x.cluster == y.cluster;
}

static bool same_core(const struct boot_machine *m, unsigned a, unsigned b)
{
    return same_cluster(m, a, b) && place_of(&m->cpus[a]).core == place_of(&m->cpus[b]).core;
}

typedef bool same_fn(const struct boot_machine *m, unsigned a, unsigned b);

/* The first PE that is `same` as PE i: what names the group. */
static unsigned first_of(const struct boot_machine *m, unsigned i, same_fn *same)
{
    unsigned j = 0;
    while (j < i && !same(m, j, i))
        j++;
    return j;
}

static void core_node(struct dt *t, unsigned number, unsigned first)
{
    const struct boot_machine *m = t->m;
    unsigned threads = 0;
    for (unsigned i = first; i < m->n_cpus; i++)
        threads += same_core(m, first, i);
    begin(t, "core%u", number);
    if (threads == 1)
        cell(t, "cpu", PH_CPU0 + first);
    for (unsigned i = first, thread = 0; i < m->n_cpus && threads > 1; i++) {
        if (!same_core(m, first, i))
            continue;
        begin(t, "thread%u", thread++);
        cell(t, "cpu", PH_CPU0 + i);
        end(t);
    }
    end(t);
}

static void cpu_map(struct dt *t)
{
    const struct boot_machine *m = t->m;
    begin(t, "cpu-map");
    begin(t, "socket0");
    for (unsigned i = 0, clusters = 0; i < m->n_cpus; i++) {
        if (first_of(m, i, same_cluster) != i)
            continue;
        begin(t, "cluster%u", clusters++);
        for (unsigned j = i, core = 0; j < m->n_cpus; j++)
            if (same_cluster(m, i, j) && first_of(m, j, same_core) == j)
                core_node(t, core++, j);
        end(t);
    }
    end(t);
    end(t);
}

/* ---- caches ---- */

static void cache_cells(struct dt *t, const char *prefix, const struct boot_cache *k)
{
    const struct {
        const char *name;
        uint32_t v;
    } rows[] = {{"size", (uint32_t)k->size}, {"line-size", k->line}, {"sets", k->sets}};
    for (size_t i = 0; i < TG_ARRAY_SIZE(rows); i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s-%s", prefix, rows[i].name);
        cell(t, name, rows[i].v);
    }
}

static void cache_node(struct dt *t, const char *name, unsigned level, const struct boot_cache *k,
                       uint32_t phandle, uint32_t next)
{
    begin(t, "%s", name);
    string(t, "compatible", "cache");
    cell(t, "cache-level", level);
    empty(t, "cache-unified");
    cache_cells(t, "cache", k);
    if (next)
        cell(t, "next-level-cache", next);
    cell(t, "phandle", phandle);
    end(t);
}

static bool same_outer(const struct boot_machine *m, unsigned a, unsigned b)
{
    const struct boot_cpu_kind *x = m->cpus[a].kind, *y = m->cpus[b].kind;
    return x && y && x->outer == y->outer;
}

static uint32_t outer_phandle(const struct boot_machine *m, unsigned i)
{
    const struct boot_cpu_kind *k = m->cpus[i].kind;
    return k && k->outer ? PH_OUTER + first_of(m, i, same_outer) : 0;
}

/* Inside the PE's node: level 1 as properties, a private level 2 as a node of its own. */
static void private_caches(struct dt *t, unsigned i)
{
    const struct boot_cpu_kind *k = t->m->cpus[i].kind;
    if (!k)
        return;
    const uint32_t outer = outer_phandle(t->m, i), next = k->l2.size ? PH_L2 + i : outer;
    if (k->l1i.size)
        cache_cells(t, "i-cache", &k->l1i);
    if (k->l1d.size)
        cache_cells(t, "d-cache", &k->l1d);
    if (next)
        cell(t, "next-level-cache", next);
}

static void private_cache_node(struct dt *t, unsigned i)
{
    const struct boot_cpu_kind *k = t->m->cpus[i].kind;
    if (k && k->l2.size)
        cache_node(t, "l2-cache", 2, &k->l2, PH_L2 + i, outer_phandle(t->m, i));
}

/* The level of a shared cache is that of those who have a private one before it. */
static unsigned outer_level(const struct boot_machine *m, unsigned first)
{
    unsigned level = 2;
    for (unsigned i = first; i < m->n_cpus; i++)
        if (same_outer(m, first, i) && m->cpus[i].kind->l2.size)
            level = 3;
    return level;
}

/* Caches that PEs share lie beside the PEs. */
static void outer_caches(struct dt *t)
{
    const struct boot_machine *m = t->m;
    for (unsigned i = 0, n = 0; i < m->n_cpus; i++) {
        const struct boot_cpu_kind *k = m->cpus[i].kind;
        if (!k || !k->outer || first_of(m, i, same_outer) != i)
            continue;
        char name[32];
        unsigned level = outer_level(m, i);
        snprintf(name, sizeof(name), "l%u-cache%u", level, n++);
        cache_node(t, name, level, k->outer, PH_OUTER + i, 0);
    }
}

/* ---- clocks and operating points: one of each kind ---- */

static bool same_kind(const struct boot_machine *m, unsigned a, unsigned b)
{
    return m->cpus[a].kind == m->cpus[b].kind;
}

/* Where all PEs run alike, nothing is to be compared: the tree has no more than QEMU's. */
static bool has_clocks(const struct boot_machine *m)
{
    bool differ = false;
    for (unsigned i = 0; i < m->n_cpus; i++) {
        if (!m->cpus[i].kind)
            return false;
        differ |= m->cpus[i].kind->n_opps || m->cpus[i].kind->hz != m->cpus[0].kind->hz;
    }
    return differ;
}

static void u64(struct dt *t, const char *name, uint64_t v)
{
    const uint32_t two[2] = {(uint32_t)(v >> 32), (uint32_t)v};
    cells(t, name, two, 2);
}

static void opp_table(struct dt *t, unsigned i)
{
    const struct boot_cpu_kind *k = t->m->cpus[i].kind;
    begin(t, "opp-table-cpu%u", i);
    string(t, "compatible", "operating-points-v2");
    empty(t, "opp-shared"); /* one clock for all */
    cell(t, "phandle", PH_OPPS + i);
    for (unsigned n = 0; n < k->n_opps; n++) {
        begin(t, "opp-%" PRIu64, k->opps[n].hz);
        u64(t, "opp-hz", k->opps[n].hz);
        if (k->opps[n].uv)
            cell(t, "opp-microvolt", k->opps[n].uv);
        end(t);
    }
    end(t);
}

static void clocks_and_opps(struct dt *t)
{
    const struct boot_machine *m = t->m;
    for (unsigned i = 0; i < m->n_cpus && has_clocks(m); i++) {
        if (first_of(m, i, same_kind) != i)
            continue;
        begin(t, "cpu-clock%u", i);
        string(t, "compatible", "fixed-clock");
        cell(t, "#clock-cells", 0);
        cell(t, "clock-frequency",
             m->cpus[i].kind->hz > UINT32_MAX ? UINT32_MAX : (uint32_t)m->cpus[i].kind->hz);
        cell(t, "phandle", PH_CPU_CLOCK + i);
        end(t);
        if (m->cpus[i].kind->n_opps)
            opp_table(t, i);
    }
}

/* ---- */

static void cpu_node(struct dt *t, unsigned i, bool wide)
{
    const struct boot_machine *m = t->m;
    const struct boot_cpu *c = &m->cpus[i];
    const uint64_t aff = c->mpidr & (MPIDR_AFF3 | MPIDR_AFF2_0);
    const uint32_t v[2] = {(uint32_t)(aff >> 32), (uint32_t)aff};
    begin(t, "cpu@%" PRIx64, aff);
    string(t, "device_type", "cpu");
    string(t, "compatible", c->dt_compatible ? c->dt_compatible : "arm,armv8");
    cells(t, "reg", wide ? v : v + 1, wide ? 2 : 1);
    if (m->conduit != BOOT_CONDUIT_NONE)
        string(t, "enable-method", "psci");
    if (c->kind && c->kind->capacity)
        cell(t, "capacity-dmips-mhz", c->kind->capacity);
    if (has_clocks(m))
        cell(t, "clocks", PH_CPU_CLOCK + first_of(m, i, same_kind));
    if (c->kind && c->kind->n_opps)
        cell(t, "operating-points-v2", PH_OPPS + first_of(m, i, same_kind));
    private_caches(t, i);
    cell(t, "phandle", PH_CPU0 + i);
    private_cache_node(t, i);
    end(t);
}

void dt_cpus(struct dt *t)
{
    const struct boot_machine *m = t->m;
    bool wide = false;
    for (unsigned i = 0; i < m->n_cpus; i++)
        wide |= tg_get(m->cpus[i].mpidr, MPIDR_AFF3) != 0;
    begin(t, "cpus");
    cell(t, "#address-cells", wide ? 2 : 1);
    cell(t, "#size-cells", 0);
    cpu_map(t);
    for (unsigned i = 0; i < m->n_cpus; i++)
        cpu_node(t, i, wide);
    outer_caches(t);
    end(t);
    clocks_and_opps(t);
}

/* ---- PMUs ---- */

static const char *compatible_of(const struct boot_machine *m, unsigned i)
{
    return m->cpus[i].dt_compatible ? m->cpus[i].dt_compatible : "arm,armv8";
}

/* Kinds of PMU are told apart by the core's name, as Linux does. */
static bool same_pmu(const struct boot_machine *m, unsigned a, unsigned b)
{
    return !strcmp(compatible_of(m, a), compatible_of(m, b));
}

/* GICv2's driver in Linux knows no partitions: there one PMU stands for all. */
bool dt_partitioned(const struct boot_machine *m)
{
    bool several = false;
    for (unsigned i = 1; i < m->n_cpus; i++)
        several |= !same_pmu(m, 0, i);
    return several && m->has_pmu && m->gic.version > 2;
}

void dt_ppi_partitions(struct dt *t)
{
    const struct boot_machine *m = t->m;
    if (!dt_partitioned(m))
        return;
    begin(t, "ppi-partitions");
    for (unsigned i = 0, number = 0; i < m->n_cpus; i++) {
        uint32_t v[64];
        unsigned n = 0;
        if (first_of(m, i, same_pmu) != i)
            continue;
        for (unsigned j = i; j < m->n_cpus && n < TG_ARRAY_SIZE(v); j++)
            if (same_pmu(m, i, j))
                v[n++] = PH_CPU0 + j;
        begin(t, "interrupt-partition-%u", number++);
        cells(t, "affinity", v, n);
        cell(t, "phandle", PH_PARTITION + i);
        end(t);
    }
    end(t);
}

void dt_pmus(struct dt *t)
{
    const struct boot_machine *m = t->m;
    const struct boot_irq irq = {BOOT_IRQ_PPI, BOOT_IRQ_LEVEL_HIGH, PPI_PMU};
    if (!m->has_pmu || !m->gic.version)
        return;
    if (!dt_partitioned(m)) {
        begin(t, "pmu");
        string(t, "compatible", "arm,armv8-pmuv3");
        interrupts(t, &irq, 1);
        end(t);
        return;
    }
    for (unsigned i = 0, number = 0; i < m->n_cpus; i++) {
        char names[96];
        uint32_t v[4];
        if (first_of(m, i, same_pmu) != i)
            continue;
        begin(t, "pmu-%u", number++);
        /* Its own name, then the general one; an empty one ends the list. */
        memset(names, 0, sizeof(names));
        snprintf(names, 64, "%s-pmu", compatible_of(m, i));
        snprintf(names + strlen(names) + 1, 24, "arm,armv8-pmuv3");
        string_list(t, "compatible", names);
        interrupt_cells(t, &irq, PH_PARTITION + i, v);
        cells(t, "interrupts", v, 4);
        end(t);
    }
}
