/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One machine: its models, address map, interrupt lines, PEs and what ended its run. sim/platform builds it,
 * sim/boot puts images and firmware into it, sim/stats and sim/ledger read it, sim/tlm runs it. It holds no
 * simulation state of its own apart from what stops it. There is no global state here: several machines can
 * live in one process (SystemC's kernel is a singleton, so only one of them can *run* under sim/tlm per
 * process).
 *
 * Life: machine_new -> machine_add..., machine_map, machine_connect_irq (sim/platform) -> plug backends into
 * ports (sim/cli) -> machine_realize -> machine_reset -> power on PE 0 (sim/boot) -> tlm_run -> machine_free.
 */
#ifndef TG_SIM_MACHINE_H
#define TG_SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/backend.h"
#include "models/base/model.h"
#include "models/cpu/cpu.h"

#define MACHINE_MAX_PES 64
#define MACHINE_QUANTUM (500 * TG_NS) /* where a platform says nothing */

/* A window of the address map. */
struct machine_region {
    uint64_t base, size;         /* bytes */
    struct tg_model *model;      /* NULL for an external target (sim/tlm) */
    unsigned frame;              /* of the model */
    bool memory;                 /* plain RAM: host memory behind it */
    bool secure;                 /* a device of the Secure state: Non-secure accesses end in an error */
    const char *site;            /* file:line that placed it, for messages */
    struct tg_bus_target target; /* what the fabric calls, with offsets from `base`; sim/tlm may interpose */
};

/* A wire from an output of a model (or the PPI output of a PE) to the interrupt controller. */
struct machine_irq {
    struct tg_model *source;
    const struct tg_port *port;
    unsigned index; /* element of the port */
    struct tg_model *sink;
    unsigned line;  /* sink's input line */
    unsigned intid; /* as software sees it: SPI n is 32 + n, PPI n is 16 + n */
    bool edge;      /* for the device tree: rising edge instead of level high */
    const char *site;
};

struct machine;

struct machine_opp {
    uint64_t hz;
    uint32_t uv; /* microvolts; 0: not said */
};

/* PEs of one kind: tg.cpus. They have successive numbers. */
struct machine_set {
    char *name;             /* key in the platform's table: "cpus", "big" */
    char *core;             /* "cortex-a57": the preset */
    char *site;             /* file:line, for messages */
    unsigned first, count;  /* PE numbers */
    struct tg_model *cache; /* between the private caches and the fabric, maybe of several sets; NULL: none */
    tg_time quantum;        /* ps; 0: the machine's */
    struct machine_opp *opps;
    unsigned n_opps;
};

struct machine_pe {
    struct machine *machine;
    struct cpu *cpu;
    struct tg_model *model; /* of class cpu_class */
    unsigned index;
    unsigned set;                      /* index into machine.sets */
    uint64_t mpidr;                    /* affinity fields and MT (bit 24) */
    struct tg_irq inputs[TG_PE_LINES]; /* not driven; sinks are machine_pe_irq */
};

/* A row of the table `config`: "cpus.core.l2.size" = "1MiB". A parameter's value is the model's own, read again
 * when all models are realized: what is simulated, not what was written. */
struct machine_config {
    char *key, *value;
    const struct tg_model *model;
    const struct tg_param *param; /* NULL: not of a model's class (cpus.count, an address, an option) */
};

/* Where a parameter was given, for messages. */
struct machine_origin {
    const struct tg_model *model;
    const struct tg_param *param; /* NULL: the model was made there */
    char *site;                   /* "virt.lua:12", "--set ram.size=1GiB" */
    char *from;                   /* the --set whose value that line has; NULL: none */
    unsigned rank;                /* of several to blame, the highest */
};

/* An external TLM-2.0 target (shared object); built by sim/tlm at elaboration. */
struct machine_external {
    char *name;
    char *library; /* path of the shared object */
    char **arg_keys, **arg_values;
    size_t n_args;
    size_t region;     /* index into regions */
    struct tg_irq irq; /* its interrupt output, when bound */
    const char *site;
};

/* Why the run ended. machine_stop_name has them as people read them in the database. */
enum machine_stop_kind {
    MACHINE_RUNNING = 0,
    MACHINE_POWEROFF, /* the guest powered off */
    MACHINE_RESET,    /* the guest asked for a reset: the run loop resets the machine and goes on */
    MACHINE_LIMIT,    /* the limit that the user asked for */
    MACHINE_SIGNAL,   /* SIGINT, SIGTERM, Ctrl-A x */
    MACHINE_STUCK,    /* no progress (exit status 3) */
    MACHINE_FAILED, /* the simulation cannot go on: user's error found late, e.g. disk full (exit status 2) */
    MACHINE_BUG,    /* ours (exit status 4) */
};

/* Listener to what PEs do (the ledger). Functions may be NULL. */
struct machine_listener {
    void *opaque;
    void (*exception)(void *opaque, struct cpu *c, const struct cpu_exception *e);
    void (*eret)(void *opaque, struct cpu *c, const struct cpu_exception *e);
};

struct machine {
    struct tg_env env;
    struct tg_log log;
    char *name;      /* "virt": from the platform's file name */
    char *path;      /* of the platform file */
    char *core_name; /* of all PEs: "cortex-a57", "2x cortex-a55 + 2x cortex-a76" */

    struct tg_model **models; /* all, in the order of construction, PEs included; owned */
    size_t n_models;
    struct machine_region *regions; /* sorted by base after machine_realize */
    size_t n_regions;
    struct machine_irq *irqs;
    size_t n_irqs;
    struct machine_config *config;
    size_t n_config;
    struct machine_origin *origins;
    size_t n_origins;
    /* A parameter's value as text; set by sim/platform, before config. */
    void (*format_param)(const struct tg_param *p, uint64_t value, char *out, size_t size);
    struct machine_external *externals;
    size_t n_externals;

    struct machine_pe pes[MACHINE_MAX_PES];
    unsigned n_pes;
    struct machine_set *sets;
    unsigned n_sets;
    struct cpu_domain *domain;
    struct cpu_hooks hooks; /* given to every PE; forwards to the members below */

    struct tg_model *fabric;
    struct tg_model *gic;             /* NULL: none */
    const struct tg_gic_cpuif *cpuif; /* of the GIC; NULL: none */
    struct tg_model *console;         /* the model whose chardev port is the console, or NULL */
    char *psci_conduit;               /* "hvc", "smc" or "none" */
    char *smccc;                      /* calling convention of the firmware: "1.0" or "1.2" */
    tg_time quantum;                  /* ps */

    /* PSCI and the like; returns as cpu_hooks.firmware_call. Set by sim/boot. */
    bool (*firmware_call)(void *opaque, struct cpu *c, bool smc, uint16_t imm);
    void *firmware_opaque;
    bool (*guest_hint)(void *opaque, struct cpu *c, uint32_t imm);
    void *hint_opaque;
    struct machine_listener listener;
    /* machine_set_mode was called: before anything changes. Then each PE follows, when it stands between two
     * blocks: at once, or when the access that it is in the middle of has ended. May be NULL. */
    void (*mode)(void *opaque, enum cpu_mode mode);
    void (*pe_mode)(void *opaque, unsigned pe, enum cpu_mode mode);
    void *mode_opaque;
    /* Loads images and powers on the first PE at `now`; called by the run loop at the start and after each
     * reset. Set by sim/boot. */
    int (*start)(void *opaque, struct machine *m, tg_time now, struct tg_error *err);
    void *start_opaque;

    /* ---- set by the run loop (sim/tlm) ---- */
    /* PE `pe` may have something to do from time `at` on: powered on, interrupted. */
    void (*kick)(void *opaque, unsigned pe, tg_time at);
    void *kick_opaque;
    /* The clock: global time now. NULL: tg_evq_now. */
    tg_time (*clock)(void *opaque);
    void *clock_opaque;

    /* ---- set by sim/cli ---- */
    /* Log lines of models; NULL: dropped. May be set at any time. */
    void (*log_line)(void *opaque, enum tg_log_level level, const char *who, const char *text);
    void *log_opaque;
    /* Called about every 50 ms of host time and at the end, from the run loop: progress, signals. */
    void (*poll)(void *opaque, tg_time now);
    void *poll_opaque;
    /* True while input from the host may still arrive (interactive console, network): then a machine whose
     * PEs all sleep is idle, not dead. */
    bool (*input_open)(void *opaque);
    /* Every PE sleeps until `until` (TG_TIME_NEVER: for ever). May block the host thread until input arrives,
     * at most as long as the simulated time that would pass. NULL: never block. */
    void (*idle_wait)(void *opaque, tg_time now, tg_time until);
    void *input_opaque;

    /* ---- how it ended ---- */
    enum machine_stop_kind stop;
    char stop_text[512];
    unsigned resets;
};

struct machine *machine_new(const char *name, uint64_t seed);
void machine_free(struct machine *m);

/* ---- building; all return 0 or -errno with err set ---- */

/* Creates a model and owns it. `site` ("virt.lua:12") is copied for messages. */
struct tg_model *machine_add(struct machine *m, const struct tg_model_class *cls, const char *name);
/* Places a frame; fails when it overlaps what is there already (both sites in the message) or wraps around.
 * `name` for messages. */
int machine_map(struct machine *m, struct tg_model *model, unsigned frame, uint64_t base, uint64_t size,
                bool memory, const char *site, struct tg_error *err);
/* The frames of a model, placed before, are of the Secure state. Memory has a parameter of its own for that.
 */
void machine_make_secure(struct machine *m, const struct tg_model *model);
/* An external TLM target: its window and its description. */
int machine_map_external(struct machine *m, const char *name, const char *library, uint64_t base,
                         uint64_t size, const char *site, struct tg_error *err,
                         struct machine_external **out);
/* Wires output `index` of `port` to the interrupt controller; refuses outputs bound twice and lines with two
 * sources. */
int machine_connect_irq(struct machine *m, struct tg_model *source, const struct tg_port *port,
                        unsigned index, struct tg_model *sink, unsigned line, unsigned intid, bool edge,
                        const char *site, struct tg_error *err);
/* Begins a set: the PEs that are added from now on belong to it. The caller fills in the rest. The address
 * holds until the next one is made. NULL: out of memory. */
struct machine_set *machine_add_set(struct machine *m, const char *core);
int machine_add_opp(struct machine_set *set, uint64_t hz, uint32_t uv);
/* Makes core_name, from the sets that there are. */
int machine_name_cores(struct machine *m);
/* The PE's model must have been made by machine_add with cpu_class. Without a set it makes one, "cpus". */
int machine_add_pe(struct machine *m, struct tg_model *model, uint64_t mpidr, struct tg_error *err);
/* A row of config: a value, or a parameter of a model (value NULL). */
int machine_add_config(struct machine *m, const char *key, const char *value, const struct tg_model *model,
                       const struct tg_param *param);
/* Strings are copied. */
int machine_add_origin(struct machine *m, const struct tg_model *model, const struct tg_param *param,
                       const char *site, const char *from, unsigned rank);
const char *machine_get_config(const struct machine *m, const char *key); /* NULL: no such key */
/* The quantum of a PE, ps. */
static inline tg_time machine_quantum(const struct machine *m, unsigned pe)
{
    const struct machine_set *s = &m->sets[m->pes[pe].set];

    return s->quantum ? s->quantum : m->quantum;
}
/* Binds PEs, hands bus ports to every model, realizes all models and builds the fabric's map. */
int machine_realize(struct machine *m, struct tg_error *err);

/* ---- parts ---- */
struct tg_model *machine_find(const struct machine *m, const char *name);
/* The i-th model (0..) of a class; NULL: no more. */
struct tg_model *machine_find_class(const struct machine *m, const char *cls, unsigned i);
/* First region of a model's frame; NULL: not mapped. */
const struct machine_region *machine_region_of(const struct machine *m, const struct tg_model *model,
                                               unsigned frame);
/* Is it a device of the Secure state? */
bool machine_is_secure(const struct machine *m, const struct tg_model *model);
/* The wire at an output; NULL: not connected. */
const struct machine_irq *machine_irq_of(const struct machine *m, const struct tg_model *model,
                                         const char *port, unsigned index);
/* The device that answers at pa ("uart", "ram"), or NULL: for the ledger. */
const struct machine_region *machine_region_at(const struct machine *m, uint64_t pa);

/* ---- memory: for loaders and debuggers, no simulated time ---- */
/* Host memory of [pa, pa + size) when that lies wholly in one RAM region, else NULL. */
void *machine_memory(const struct machine *m, uint64_t pa, uint64_t size);

/* ---- running ---- */
void machine_reset(struct machine *m); /* every model but the PEs, which are powered off */
/* Powers a PE on and tells the run loop. */
void machine_power_on(struct machine *m, unsigned pe, unsigned el, uint64_t pc, uint64_t x0, tg_time now);
/* Changes the mode of all PEs; from a callback of a PE or of the run loop. */
void machine_set_mode(struct machine *m, enum cpu_mode mode);
/* Ends the run: the first reason counts, later ones are ignored. PEs stop at the next instruction boundary.
 */
void machine_stop(struct machine *m, enum machine_stop_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
const char *machine_stop_name(enum machine_stop_kind kind); /* as the column run.status has it */
/* Exit status of the program for how the run ended: 0, 2, 3, 4. */
int machine_exit_status(const struct machine *m);
tg_time machine_now(const struct machine *m);
uint64_t machine_insns(const struct machine *m); /* of all PEs */

/* Sink of a PE's interrupt inputs: forwards to the PE and wakes it. opaque: struct machine_pe. */
void machine_pe_irq(void *opaque, unsigned line, bool level, tg_time at);

#endif
