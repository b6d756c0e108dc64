/* SPDX-License-Identifier: Apache-2.0 */
/* The PE's model class: parameters, counters, ports. Values for a core are in platforms/cores/<core>.lua with
 * their sources. */
#include "models/cpu/cpu_state.h"
#include "models/cpu/state.h"

/* It never settles on the macros of the tables below. */
/* clang-format off */

#define P(field) offsetof(struct cpu, p.field)
#define N(field) offsetof(struct cpu, n.field)

static const char *const pipe_kinds[] = {"inorder", "window", NULL};

#define CACHE(id, text, sz, min_size, w)                                                                          \
    {.name = #id ".size", .type = TG_PARAM_SIZE, .offset = P(id.size), .def = (sz), .min = (min_size),            \
     .max = 1 << 30, .description = text " size"},                                                                \
    {.name = #id ".ways", .type = TG_PARAM_U32, .unit = "ways", .offset = P(id.ways), .def = (w), .min = 1,       \
     .max = 64, .description = text " associativity"},                                                            \
    {.name = #id ".line", .type = TG_PARAM_U32, .unit = "bytes", .offset = P(id.line), .def = 1 << LINE_BITS,     \
     .min = 1 << LINE_BITS, .max = 1 << LINE_BITS, .description = text " line length; the model has no other"},
#define CACHE_LATENCY(id, text, lat)                                                                              \
    {.name = #id ".latency", .type = TG_PARAM_U32, .unit = "cycles", .offset = P(id.latency), .def = (lat),       \
     .max = 1000, .description = text " load-to-use latency of a hit"},
#define TLB1(id, text, e)                                                                                         \
    {.name = #id ".entries", .type = TG_PARAM_U32, .unit = "entries", .offset = P(id.entries), .def = (e),        \
     .min = 1, .max = TTLB_MAX, .description = text " entries, fully associative"},
#define TLB(id, text, e, w, lat)                                                                                  \
    {.name = #id ".entries", .type = TG_PARAM_U32, .unit = "entries", .offset = P(id.entries), .def = (e),        \
     .max = 65536, .description = text " entries (0: none)"},                                                     \
    {.name = #id ".ways", .type = TG_PARAM_U32, .unit = "ways", .offset = P(id.ways), .def = (w), .max = 65536,   \
     .description = text " associativity (0 or entries: full)"},                                                  \
    {.name = #id ".latency", .type = TG_PARAM_U32, .unit = "cycles", .offset = P(id.latency), .def = (lat),       \
     .max = 1000, .description = text ": cycles a hit adds after a miss before it"},

/* Latency, interval, ports, group of each timing class: a generic three-wide core. Presets give their own
 * with sources. */
#define CLASS_DEFAULTS(D)                                                                         \
    D(ALU, 1, 1, 2, ALU)                                                                          \
    D(ALU_SHIFT, 2, 1, 1, MUL32)                                                                  \
    D(SHIFT, 1, 1, 2, ALU)                                                                        \
    D(MUL32, 3, 1, 1, MUL32)                                                                      \
    D(MUL64, 5, 2, 1, MUL32)                                                                      \
    D(DIV32, 12, 12, 1, MUL32)                                                                    \
    D(DIV64, 20, 20, 1, MUL32)                                                                    \
    D(CRC, 3, 1, 1, MUL32)                                                                        \
    D(BRANCH, 1, 1, 1, BRANCH)                                                                    \
    D(BRANCH_IND, 1, 1, 1, BRANCH)                                                                \
    D(LOAD, 4, 1, 1, LOAD)                                                                        \
    D(LOAD_PAIR, 4, 1, 1, LOAD) D(STORE, 1, 1, 1, STORE) D(LOAD_EXCL, 4, 1, 1, LOAD)              \
        D(STORE_EXCL, 4, 1, 1, STORE) D(ATOMIC, 6, 1, 1, LOAD) D(VLOAD, 5, 1, 1, LOAD)            \
            D(VLOAD_MULTI, 7, 2, 1, LOAD) D(VSTORE, 1, 1, 1, STORE) D(VALU, 3, 1, 2, VALU)        \
                D(VSHIFT, 3, 1, 1, VALU) D(VMUL, 5, 1, 1, VALU) D(VPERM, 3, 1, 2, VALU)           \
                    D(FADD, 4, 1, 2, VALU) D(FMUL, 4, 1, 2, VALU) D(FMA, 7, 1, 2, VALU)           \
                        D(FDIV, 17, 15, 1, VALU) D(FMOVE, 5, 1, 1, LOAD) D(CRYPTO, 3, 1, 1, VALU) \
                            D(SYSTEM, 2, 1, 1, SYSTEM) D(BARRIER, 1, 1, 1, SYSTEM)                \
                                D(EXCEPTION, 1, 1, 1, SYSTEM)
enum {
#define D(id, lat, itv, prt, grp) \
    LAT_##id = (lat), ITV_##id = (itv), PRT_##id = (prt), GRP_##id = CPU_TC_##grp,
    CLASS_DEFAULTS(D)
#undef D
};
static const char *const class_names[] = {
#define X(id, name, text) name,
    CPU_TCLASSES(X)
#undef X
        NULL};

static const struct tg_param params[] = {
    {"core", TG_PARAM_STRING, NULL, P(core), 0, "generic", 0, 0, NULL, "name of the core"},
    {"compatible", TG_PARAM_STRING, NULL, P(compatible), 0, "arm,armv8", 0, 0, NULL,
     "device-tree compatible of the core"},
    {"freq", TG_PARAM_FREQ, NULL, P(freq), 1000000000, NULL, 1000000, UINT64_C(20000000000), NULL,
     "clock of the core"},
    {"capacity", TG_PARAM_U32, NULL, P(capacity), 0, NULL, 0, 1000000, NULL,
     "capacity-dmips-mhz of the device tree: work for each MHz, to compare cores by (0: not said)"},
    {"cntfrq", TG_PARAM_FREQ, NULL, P(cntfrq), 62500000, NULL, 1000000, UINT64_C(4000000000), NULL,
     "frequency of the generic timer's system counter"},
    {"midr", TG_PARAM_U32, "bits", P(midr), 0x411fd070, NULL, 0, 0, NULL, "MIDR_EL1"},
    {"revidr", TG_PARAM_U32, "bits", P(revidr), 0, NULL, 0, 0, NULL, "REVIDR_EL1"},
    {"aidr", TG_PARAM_U64, "bits", P(aidr), 0, NULL, 0, 0, NULL, "AIDR_EL1"},
    {"pa_bits", TG_PARAM_U32, "bits", P(pa_bits), 44, NULL, 32, 48, NULL,
     "physical address size: 32, 36, 40, 42, 44, 48; with features.lpa it is 52"},
    {"pmu_counters", TG_PARAM_U32, "counters", P(pmu_counters), 6, NULL, 0, 31, NULL,
     "PMU event counters besides the cycle counter"},
    {"breakpoints", TG_PARAM_U32, NULL, P(breakpoints), 6, NULL, 2, 16, NULL, "hardware breakpoints"},
    {"ctx_breakpoints", TG_PARAM_U32, NULL, P(ctx_breakpoints), 2, NULL, 1, 16, NULL,
     "of these, context-aware"},
    {"watchpoints", TG_PARAM_U32, NULL, P(watchpoints), 4, NULL, 2, 16, NULL, "hardware watchpoints"},
    {"ctr.idc", TG_PARAM_BOOL, NULL, P(ctr_idc), 0, NULL, 0, 0, NULL,
     "CTR_EL0.IDC: no cleaning of the data cache for instructions"},
    {"ctr.dic", TG_PARAM_BOOL, NULL, P(ctr_dic), 0, NULL, 0, 0, NULL,
     "CTR_EL0.DIC: no invalidation of the instruction cache"},
    {"ctr.vipt", TG_PARAM_BOOL, NULL, P(ctr_vipt), 0, NULL, 0, 0, NULL,
     "CTR_EL0.L1Ip: the instruction cache is virtually indexed"},
    {"lou", TG_PARAM_U32, "levels", P(lou), 1, NULL, 0, 1, NULL,
     "CLIDR_EL1.LoUU and LoUIS: cache levels before the point of unification"},
    {"error_records", TG_PARAM_U32, "records", P(error_records), 0, NULL, 0, RAS_RECORDS, NULL,
     "FEAT_RAS: error records behind ERX*_EL1; no error is ever recorded"},
    {"wakeup", TG_PARAM_TIME, NULL, P(wakeup), 20 * TG_NS, NULL, 0, TG_SEC, NULL,
     "from the end of a WFI or WFE to the next instruction: clocks come back (assumed)"},
    {"sev_time", TG_PARAM_TIME, NULL, P(sev_time), 15 * TG_NS, NULL, 0, TG_US, NULL,
     "from SEV to the event registers of other PEs (assumed)"},
    {"rng_seed", TG_PARAM_U64, NULL, P(rng_seed), 0, NULL, 0, 0, NULL,
     "seed of RNDR and RNDRRS (mixed with the run's seed and the PE's number)"},
#define FEAT(id, name, text) \
    {"features." name, TG_PARAM_BOOL, NULL, P(feature[CPU_FEAT_##id]), 0, NULL, 0, 0, NULL, text},
    CPU_FEATURES(FEAT)
#undef FEAT
    CACHE(l1i, "level 1 instruction cache", 32768, 64, 2)
    CACHE(l1d, "level 1 data cache", 32768, 64, 4)
    CACHE_LATENCY(l1d, "level 1 data cache", 4)
    CACHE(l2, "level 2 cache", 1048576, 0, 16)
    CACHE_LATENCY(l2, "level 2 cache", 12)
    TLB1(itlb, "level 1 instruction TLB", 48)
    TLB1(dtlb, "level 1 data TLB", 48)
    TLB(tlb2, "level 2 TLB", 1024, 4, 5)
    TLB(walk_cache, "walk cache", 64, 4, 1)
    TLB(ipa_cache, "IPA (stage 2) cache", 64, 4, 1)
    {"l1d.mshrs", TG_PARAM_U32, "lines", P(mshrs), 8, NULL, 1, CACHE_MISSES, NULL,
     "line fills of the L1D under way at a time"},
    {"prefetch", TG_PARAM_U32, "lines", P(prefetch), 2, NULL, 0, 16, NULL,
     "lines the data prefetcher runs ahead of a stream (0: none)"},
    {"snoop", TG_PARAM_U32, "cycles", P(snoop), 60, NULL, 0, 1000, NULL,
     "transfer of a line from another PE's cache"},
    {"pipeline.kind", TG_PARAM_ENUM, NULL, P(pipe_kind), PIPE_WINDOW, NULL, 0, 0, pipe_kinds, "issue model"},
    {"pipeline.width", TG_PARAM_U32, "instructions", P(width), 3, NULL, 1, 16, NULL,
     "issued (in order) or dispatched (window) a cycle"},
    {"pipeline.window", TG_PARAM_U32, "instructions", P(window), 128, NULL, 1, 1024, NULL, "reorder window"},
    {"pipeline.store_buffer", TG_PARAM_U32, "stores", P(store_buffer), 12, NULL, 1, 32, NULL,
     "stores that may wait for their line"},
    {"pipeline.mispredict", TG_PARAM_U32, "cycles", P(mispredict), 14, NULL, 0, 100, NULL,
     "refill after a mispredicted branch"},
    {"pipeline.taken_bubble", TG_PARAM_U32, "cycles", P(taken_bubble), 0, NULL, 0, 10, NULL,
     "fetch bubble of a predicted taken branch"},
    {"pipeline.btb", TG_PARAM_U32, "entries", P(btb), 4096, NULL, 0, PIPE_BTB_MAX, NULL,
     "taken branches that the front end knows (0: all; a power of two)"},
    {"pipeline.btb_miss", TG_PARAM_U32, "cycles", P(btb_miss), 0, NULL, 0, 100, NULL,
     "fetch bubble of a taken branch that it does not know"},
    {"pipeline.exception_entry", TG_PARAM_U32, "cycles", P(exc_entry), 30, NULL, 0, 1000, NULL,
     "exception entry"},
    {"pipeline.exception_return", TG_PARAM_U32, "cycles", P(exc_return), 30, NULL, 0, 1000, NULL,
     "exception return"},
    {"pipeline.isb", TG_PARAM_U32, "cycles", P(isb), 20, NULL, 0, 1000, NULL, "ISB"},
    {"pipeline.dsb", TG_PARAM_U32, "cycles", P(dsb), 15, NULL, 0, 1000, NULL, "DSB with nothing outstanding"},
    {"pipeline.dmb", TG_PARAM_U32, "cycles", P(dmb), 4, NULL, 0, 1000, NULL, "DMB with nothing outstanding"},
    {"pipeline.tlbi", TG_PARAM_U32, "cycles", P(tlbi), 4, NULL, 0, 1000, NULL, "TLBI, issue"},
    {"pipeline.tlbi_sync", TG_PARAM_U32, "cycles", P(tlbi_sync), 60, NULL, 0, 10000, NULL,
     "what a DSB waits for the answers of other PEs to broadcast TLBIs before it"},
    {"pipeline.cache_op", TG_PARAM_U32, "cycles", P(cache_op), 10, NULL, 0, 1000, NULL,
     "DC or IC by address"},
    {"pipeline.sysreg_read", TG_PARAM_U32, "cycles", P(sysreg_read), 4, NULL, 0, 1000, NULL,
     "MRS of an ordinary register"},
    {"pipeline.sysreg_write", TG_PARAM_U32, "cycles", P(sysreg_write), 4, NULL, 0, 1000, NULL,
     "MSR to an ordinary register"},
#define X(id, name, text)                                      \
    {"pipeline." name ".latency",                              \
     TG_PARAM_U32,                                             \
     "cycles",                                                 \
     P(cls[CPU_TC_##id].latency),                              \
     LAT_##id,                                                 \
     NULL,                                                     \
     0,                                                        \
     200,                                                      \
     NULL,                                                     \
     text ": issue to result (loads: l1d.latency at least)"},  \
        {"pipeline." name ".interval",                         \
         TG_PARAM_U32,                                         \
         "cycles",                                             \
         P(cls[CPU_TC_##id].interval),                         \
         ITV_##id,                                             \
         NULL,                                                 \
         1,                                                    \
         200,                                                  \
         NULL,                                                 \
         text ": until the next may issue (1: pipelined)"},    \
        {"pipeline." name ".ports",                            \
         TG_PARAM_U32,                                         \
         NULL,                                                 \
         P(cls[CPU_TC_##id].ports),                            \
         PRT_##id,                                             \
         NULL,                                                 \
         1,                                                    \
         PIPE_PORTS_MAX,                                       \
         NULL,                                                 \
         text ": how many of its group may start in a cycle"}, \
        {"pipeline." name ".group",                            \
         TG_PARAM_ENUM,                                        \
         NULL,                                                 \
         P(cls[CPU_TC_##id].group),                            \
         GRP_##id,                                             \
         NULL,                                                 \
         0,                                                    \
         0,                                                    \
         class_names,                                          \
         text ": the class whose ports it shares"},
    CPU_TCLASSES(X)
#undef X
};

static const struct tg_counter counters[] = {
    {"exceptions", "exceptions", "exceptions taken", N(exceptions)},
    {"irqs", "exceptions", "of these, interrupts", N(irqs)},
    {"erets", "returns", "exception returns", N(erets)},
    {"svc", "instructions", "SVC executed", N(svc)},
    {"hvc", "instructions", "HVC executed", N(hvc)},
    {"smc", "instructions", "SMC executed", N(smc)},
    {"undef", "exceptions", "undefined instructions", N(undef)},
    {"loads", "accesses", "data reads (timed)", N(loads)},
    {"stores", "accesses", "data writes (timed)", N(stores)},
    {"uncached", "accesses", "of both, to devices and to memory that is not cached (timed)", N(uncached)},
    {"l1i.access", "accesses", "L1I lookups", N(l1i_access)},
    {"l1i.miss", "accesses", "L1I misses", N(l1i_miss)},
    {"l1d.access", "accesses", "L1D lookups", N(l1d_access)},
    {"l1d.miss", "accesses", "L1D misses", N(l1d_miss)},
    {"l1d.writeback", "lines", "L1D write-backs", N(l1d_writeback)},
    {"l2.access", "accesses", "L2 lookups", N(l2_access)},
    {"l2.miss", "accesses", "L2 misses", N(l2_miss)},
    {"l2.writeback", "lines", "L2 write-backs", N(l2_writeback)},
    {"itlb.miss", "accesses", "L1 instruction TLB misses", N(itlb_miss)},
    {"dtlb.miss", "accesses", "L1 data TLB misses", N(dtlb_miss)},
    {"tlb2.miss", "accesses", "L2 TLB misses", N(tlb2_miss)},
    {"walks", "walks", "translation table walks", N(walks)},
    {"walk.reads", "accesses", "descriptors read by walks", N(walk_reads)},
    {"walk.cycles", "cycles", "spent in walks", N(walk_cycles)},
    {"branches", "instructions", "branches (timed)", N(branches)},
    {"mispredicts", "instructions", "mispredicted branches", N(mispredicts)},
    {"tlbi", "instructions", "TLB invalidations executed", N(tlbi)},
    {"wfi", "instructions", "WFI that waited", N(wfi)},
    {"wfe", "instructions", "WFE that waited", N(wfe)},
    {"sim.tlb_fills", "events", "software TLB fills (simulator)", N(soft_tlb_fills)},
    {"sim.blocks_decoded", "events", "blocks decoded (simulator)", N(blocks_decoded)},
    {"sim.blocks_invalidated", "events", "pages of decoded code dropped (simulator)", N(blocks_invalidated)},
    {"sim.context_misses", "events", "translation contexts made (simulator)", N(context_misses)},
};

static void derive(struct tg_model *m)
{
    struct cpu *c = cpu_from_model(m);

    c->n.l1d_access = cpu_l1d_accesses(c);
}

static const struct tg_port ports[] = {
    {"bus", TG_PORT_BUS, offsetof(struct cpu, ports.bus), 1, NULL, "memory and devices"},
    {"ppi", TG_PORT_IRQ_OUT, offsetof(struct cpu, ports.ppi), TG_PPI_COUNT, NULL,
     "timers and PMU, see enum tg_pe_ppi"},
};

int cpu_realize(struct tg_model *m, struct tg_error *err);
void cpu_reset_model(struct tg_model *m);
void cpu_fini(struct tg_model *m);
void cpu_irq_in(void *m, unsigned line, bool level, tg_time at);

const struct tg_model_class cpu_class = {
    .name = "cpu",
    .description = "Arm A-profile processing element, AArch64",
    .size = sizeof(struct cpu),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .derive = derive,
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .irq_inputs = TG_PE_LINES,
    .realize = cpu_realize,
    .reset = cpu_reset_model,
    .fini = cpu_fini,
    .irq_in = cpu_irq_in,
    .state = &cpu_state_table,
    .settle = cpu_settle,
};
