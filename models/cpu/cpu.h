/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One processing element, as seen from sim/ and tests. The state itself (struct cpu) is private to models/cpu
 * (cpu_state.h). A PE is a tg_model of class cpu_class: its parameters (features, geometry, latencies) are in
 * models/cpu/params.c, and files in `platforms/cores/` are sets of values for them.
 */
#ifndef TG_CPU_CPU_H
#define TG_CPU_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include "models/base/gic_port.h"
#include "models/base/model.h"

struct cpu;
extern const struct tg_model_class cpu_class;

enum cpu_mode {
    CPU_FAST = 0, /* functional: one instruction, one cycle */
    CPU_TIMED,    /* pipeline, caches, TLBs, fabric */
};

/* Why cpu_run returned. */
enum cpu_stop {
    CPU_STOP_LIMIT,   /* the time limit was reached */
    CPU_STOP_WFI,     /* waits for an interrupt (or event: WFE); see cpu_wake_time */
    CPU_STOP_OFF,     /* powered off (PSCI) */
    CPU_STOP_REQUEST, /* cpu_request_stop was called, an instruction count or a PC of interest was reached */
};

/* Every way an exception level is entered by exception or left by ERET: for the ledger, traces and tests. */
struct cpu_exception {
    uint8_t from_el, to_el;
    bool from_guest; /* taken out of guest context (EL1/EL0 with HCR_EL2.VM=1, TGE=0) */
    bool async;      /* IRQ, FIQ, SError */
    uint8_t kind;    /* enum cpu_exc_kind */
    uint64_t esr;    /* syndrome as written to ESR_ELx; 0 for IRQ and FIQ */
    uint64_t far;    /* as written to FAR_ELx, when valid */
    uint64_t hpfar;  /* as written to HPFAR_EL2, when valid */
    uint64_t pc;     /* of the instruction (preferred return address) */
    uint64_t insn;   /* number of instructions retired before */
    uint64_t cycle;  /* PE cycle count at the exception */
    uint32_t vmid;
    uint64_t vmpidr;
    bool irqs_to_el2; /* HCR_EL2.IMO: EL2 takes the machine's interrupts */
    bool to_host;     /* for an ERET: enters a host (not guest) context */
};

enum cpu_exc_kind {
    CPU_EXC_SYNC,
    CPU_EXC_IRQ,
    CPU_EXC_FIQ,
    CPU_EXC_SERROR,
    CPU_EXC_VIRQ, /* virtual ones: to EL1 */
    CPU_EXC_VFIQ,
    CPU_EXC_VSERROR,
};

/* CPI stack: every cycle of a PE is charged to exactly one of these. Order and names are public (database).
 */
#define CPU_BUCKETS(X)                                                                        \
    X(BASE, "base", "issue of instructions at full width")                                    \
    X(DEPEND, "dependency", "waiting for an operand of a short operation")                    \
    X(EXECUTE, "execute", "long operations: divide, FP, multi-cycle")                         \
    X(FRONTEND, "frontend", "instruction fetch: L1I misses, fetch bubbles of taken branches") \
    X(MISPREDICT, "mispredict", "refill after a mispredicted branch")                         \
    X(L1D, "l1d", "load-to-use latency of L1 hits, and store-buffer pressure")                \
    X(L2, "l2", "data accesses answered by the L2")                                           \
    X(SLC, "slc", "data accesses answered by the system-level cache")                         \
    X(DRAM, "dram", "data accesses answered by memory")                                       \
    X(TLB, "tlb", "TLB misses and table walks")                                               \
    X(DEVICE, "device", "device and uncached accesses")                                       \
    X(BARRIER, "barrier", "DSB, DMB, TLBI completion")                                        \
    X(SYNC, "sync", "ISB and other context synchronisation")                                  \
    X(SYSREG, "sysreg", "system-register and GIC CPU-interface accesses")                     \
    X(EXCEPTION, "exception", "exception entry and return")                                   \
    X(IDLE, "idle", "WFI, WFE, powered off")
enum cpu_bucket {
#define X(id, name, text) CPU_BUCKET_##id,
    CPU_BUCKETS(X)
#undef X
        CPU_BUCKET_COUNT
};

struct cpu_hooks {
    void *opaque;
    /* Exception taken (called after the state changed) and ERET executed (after). NULL: nobody listens. */
    void (*exception)(void *opaque, struct cpu *c, const struct cpu_exception *e);
    void (*eret)(void *opaque, struct cpu *c, const struct cpu_exception *e);
    /* SMC, or HVC when there is no EL2 that takes it, or as the platform's PSCI conduit says: true when
     * firmware handled it (x0 etc. set; the PE continues after the instruction). */
    bool (*firmware_call)(void *opaque, struct cpu *c, bool smc, uint16_t imm);
    /* HLT/hint calls of the guest to the simulator: phase marks. True when taken. */
    bool (*guest_hint)(void *opaque, struct cpu *c, uint32_t imm);
    /* The PE is about to change to this mode: all that it has counted until now belongs to the other one. */
    void (*mode)(void *opaque, struct cpu *c, enum cpu_mode mode);
    /* An event (SEV) of a PE arrives at c, another one, at `at`: it wakes when it sleeps in a WFE. */
    void (*event)(void *opaque, struct cpu *c, tg_time at);
    /* The line at pa is about to be asked for on the bus, which takes the host a while: who will look it up
     * can have it brought into the host's caches meanwhile. NULL: nobody. */
    void (*line_soon)(void *opaque, uint64_t pa);
};

struct cpu *cpu_from_model(struct tg_model *m);
struct tg_model *cpu_model(struct cpu *c);

/* Before realize. `index` is the PE number (requester id), mpidr its affinity, and MT in bit 24 (bit 31 is
 * set by the PE). */
void cpu_bind(struct cpu *c, unsigned index, uint64_t mpidr, const struct tg_gic_cpuif *gic,
              const struct cpu_hooks *hooks);
/* A cache behind the PE's own, shared with others and timed by whoever answers on the bus: the last level of
 * CLIDR_EL1. Before realize. */
void cpu_set_outer_cache(struct cpu *c, uint64_t size, uint32_t ways);
/* All PEs of the machine share one inner/outer shareable domain: broadcasts of TLBI, code invalidation,
 * exclusive monitors. */
struct cpu_domain;
struct cpu_domain *cpu_domain_new(void);
void cpu_domain_free(struct cpu_domain *d);
void cpu_domain_add(struct cpu_domain *d, struct cpu *c);
/* Another master (DMA) wrote [pa, pa+size): cached decoded code there dies. Cheap when there is none. */
void cpu_domain_memory_written(struct cpu_domain *d, uint64_t pa, uint64_t size);

/* Between slices: what is under way is written where its state is (models/cpu/state.c). Changes no result. */
void cpu_quiesce(struct cpu *c);
/* cpu_quiesce, and the host forgets decoded code and translations, as a machine does that gets another's state: two of
 * which one has got the other's state continue alike from here. */
void cpu_forget(struct cpu *c);

/* Power-on state: off, or running at pc in the highest EL (or el) with the PE reset. x0 is given. */
void cpu_power_on(struct cpu *c, unsigned el, uint64_t pc, uint64_t x0, tg_time now);
void cpu_power_off(struct cpu *c);
/* From cpu_hooks.firmware_call, which takes the call: firmware waits for an interrupt on the PE's behalf, as
 * WFI does, and then returns to after the instruction. Not at all when one is pending. */
void cpu_standby(struct cpu *c);
bool cpu_is_on(const struct cpu *c);

/* Runs from its local time until `until` (ps, absolute), or a reason to stop before. */
enum cpu_stop cpu_run(struct cpu *c, tg_time until);
tg_time cpu_local_time(const struct cpu *c);
/* While asleep: when the PE's own timers will wake it (TG_TIME_NEVER: only an external event). */
tg_time cpu_wake_time(const struct cpu *c);
/* True when an asleep PE has something to wake for at `now`. */
bool cpu_has_wakeup(struct cpu *c, tg_time now);
/* Moves an asleep or off PE's local time forward (idle cycles are counted). */
void cpu_idle_until(struct cpu *c, tg_time now);
/* Makes cpu_run return soon (may be called from a callback of this PE's own accesses, or between runs). */
void cpu_request_stop(struct cpu *c);
void cpu_set_mode(struct cpu *c, enum cpu_mode mode);
enum cpu_mode cpu_get_mode(const struct cpu *c);
/* Stop (CPU_STOP_REQUEST) when this many instructions have retired in all (0: never), exactly. */
void cpu_set_insn_limit(struct cpu *c, uint64_t insns);
/* Stop (CPU_STOP_REQUEST) each time before the instruction at virtual address pc, at any exception level.
 * CPU_NO_PC: at none. Changing it drops decoded code. */
#define CPU_NO_PC UINT64_MAX
void cpu_set_stop_pc(struct cpu *c, uint64_t pc);

uint64_t cpu_get_x(const struct cpu *c, unsigned n); /* 0..30; 31: SP */
void cpu_set_x(struct cpu *c, unsigned n, uint64_t v);
uint64_t cpu_get_pc(const struct cpu *c);
void cpu_set_pc(struct cpu *c, uint64_t pc);
unsigned cpu_get_el(const struct cpu *c);
uint64_t cpu_get_pstate(const struct cpu *c); /* SPSR layout */
void cpu_set_pstate(struct cpu *c, uint64_t spsr);
void cpu_get_v(const struct cpu *c, unsigned n, uint64_t v[2]);
void cpu_set_v(struct cpu *c, unsigned n, const uint64_t v[2]);
/* System register by encoding (TG_SYSENC), without permission checks; false: unknown. */
bool cpu_get_sysreg(struct cpu *c, uint32_t enc, uint64_t *v);
bool cpu_set_sysreg(struct cpu *c, uint32_t enc, uint64_t v);

uint64_t cpu_insns(const struct cpu *c); /* retired */
uint64_t
cpu_cycles(const struct cpu *c); /* local cycle count since power-on of the machine, idle cycles included */
uint64_t cpu_hz(const struct cpu *c);
/* CPI stack so far; sums to cpu_cycles. */
void cpu_buckets(const struct cpu *c, uint64_t out[CPU_BUCKET_COUNT]);
/* Number of the present stretch of fast mode, 0 in timed mode. Within a stretch no buckets move but base,
 * exception and idle, which cpu_fast_buckets fills in: for those who ask often. */
uint64_t cpu_fast_stretch(const struct cpu *c);
void cpu_fast_buckets(const struct cpu *c, uint64_t out[CPU_BUCKET_COUNT]);
unsigned cpu_index(const struct cpu *c);
/* True while undefined instructions repeat without progress (exit status 3), with a reason text. */
bool cpu_stuck(const struct cpu *c, char *why, size_t n);

#endif
