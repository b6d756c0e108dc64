/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: what each crossing between exception levels cost. Fed with every exception and ERET of every
 * PE, it knows when a PE runs a guest, opens an exit when it leaves the guest, closes it when the same vCPU
 * is entered again (on whichever PE), and counts traps. Hypervisor-agnostic: only architectural state is
 * looked at. Writes no file (sim/stats does).
 *
 * Guest context is EL1/EL0 with HCR_EL2.VM = 1 and TGE = 0. The host of a protected hypervisor runs so, too,
 * and is no guest. It is told by how it came there: it ran at EL1 without stage 2, called EL2 (HVC), and EL2
 * returned to the instruction behind the call, with stage 2 on under VMID 0 and with the machine's interrupts
 * still its own (HCR_EL2.IMO = 0). From then on VMID 0 is the host's, on every PE. Whoever is entered under
 * VMID 0 in another way is a guest.
 *
 * A change of mode (fast, timed) ends the phase (ledger_next_phase, then ledger_set_mode). What lies on both
 * sides of it is counted, and told as an event, but its cycles are in no sum.
 *
 * What an exit holds is the difference of its PE's counts between the two ends. When the vCPU is entered
 * again on another PE, the first PE's counts since the exit are scaled to the nanoseconds that passed, since
 * when the thread moved is not visible; its cycles are those of the first PE's clock. Rows of exits and traps
 * hold cycles of one set of PEs (ledger_ops.set).
 *
 * Units: cycles of the PE's own clock, picoseconds inside and nanoseconds in the rows. Nothing on the way of
 * an event allocates, apart from the first occurrence of a new (vCPU, reason, detail) or trap key.
 * Deterministic: rows come in order of first occurrence.
 */
#ifndef TG_SIM_LEDGER_H
#define TG_SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/cpu/cpu.h"

/* ---- guest hints: HLT #imm from any exception level calls the simulator (cpu_hooks.guest_hint) ---- */
#define LEDGER_HINT_PHASE \
    0x7100 /* x0: name of the new phase, up to 8 ASCII characters, first in bits 7:0, rest 0 */
#define LEDGER_HINT_EXIT 0x7101 /* x0: 0 ends the run as power-off does, else as status stuck */
#define LEDGER_HINT_MODE 0x7102 /* x0: enum cpu_mode, for all PEs */
/* Decodes x0 of LEDGER_HINT_PHASE; unprintable characters become '_'. */
void ledger_hint_name(uint64_t x0, char out[9]);

/* ---- where cycles run ---- */
enum ledger_where {
    LEDGER_GUEST, /* a guest's EL1/EL0 */
    LEDGER_EL2,
    LEDGER_EL3,
    LEDGER_HOST_EL1, /* a host's EL1 (nVHE), or EL1 without any hypervisor */
    LEDGER_HOST_EL0,
    LEDGER_WHERE_COUNT
};
extern const char
    *const ledger_where_names[LEDGER_WHERE_COUNT]; /* "guest", "el2", "el3", "host_el1", "host_el0" */

struct ledger_sample {
    uint64_t insns, cycles;
    uint64_t ps;
    uint64_t buckets[CPU_BUCKET_COUNT]; /* sum to cycles */
    /* 0, or the number of a stretch in which no buckets move but base, exception and idle (cpu_fast_stretch).
     * Who asks says which stretch he has all buckets of: if it goes on, the others may be left as they are.
     */
    uint64_t stretch;
};

struct ledger_ops {
    void *opaque;
    void (*sample)(void *opaque, unsigned pe, struct ledger_sample *out); /* counts of the PE now */
    uint64_t (*get_x)(void *opaque, unsigned pe, unsigned n);
    uint64_t (*get_pc)(void *opaque, unsigned pe);
    uint64_t (*hz)(void *opaque, unsigned pe);
    /* Number of the set of like PEs that it belongs to: cycles of different clocks are never in one row.
     * NULL: all are in set 0. */
    unsigned (*set)(void *opaque, unsigned pe);
    /* Exception level now, for a PE that was powered on and has taken no exception yet. May be NULL. */
    unsigned (*el)(void *opaque, unsigned pe);
    /* Device of the machine's own map at this address, which is what a hypervisor emulates there when it
     * keeps the board's map. May be NULL, may return NULL. */
    const char *(*name_of_ipa)(void *opaque, uint32_t vmid, uint64_t ipa);
    /* INTID of the physical interrupt that the interrupt controller signals to the PE; LEDGER_NO_INTID: none
     * known. Asked when an IRQ or FIQ was taken. May be NULL. */
    unsigned (*intid)(void *opaque, unsigned pe);
    /* Who raises it ("uart", "cntv"). May be NULL, may return NULL. */
    const char *(*name_of_intid)(void *opaque, unsigned intid);
};
#define LEDGER_NO_INTID 1023 /* as ICC_IAR1_EL1 says it */

struct ledger;
/* NULL: out of memory. Times start at each PE's sample at this moment. */
struct ledger *ledger_new(unsigned n_pe, const struct ledger_ops *ops);
void ledger_free(struct ledger *l);

void ledger_exception(struct ledger *l, unsigned pe, const struct cpu_exception *e);
void ledger_eret(struct ledger *l, unsigned pe, const struct cpu_exception *e);
/* Powered on or off, or reset: forgets the PE's nested traps; `el` is where it will start. */
void ledger_power(struct ledger *l, unsigned pe, unsigned el);
/* Brings every PE's context split up to its sample of now: before rows are read. */
void ledger_sync(struct ledger *l);
/* Forgets the rows of the phase (exits, traps, contexts, guest cycles); open exits stay open and count where
 * they close. */
void ledger_next_phase(struct ledger *l);
/* The phase that begins now is of this mode; each PE follows with ledger_pe_mode, at once or a few
 * instructions later. Until ledger_set_mode is called, all PEs are in mode fast. */
void ledger_set_mode(struct ledger *l, enum cpu_mode mode);
/* The PE changes to this mode now. */
void ledger_pe_mode(struct ledger *l, unsigned pe, enum cpu_mode mode);

/* ---- rows of the phase so far ---- */

struct ledger_exit_row {
    unsigned vcpu;      /* index for ledger_vcpu */
    unsigned set;       /* of the PE that took the exits: cycles are of its clock */
    const char *reason; /* "HVC" */
    char detail[96];    /* "imm 0 PSCI_VERSION"; "" when there is none */
    uint64_t count;
    uint64_t measured; /* of these, those without a change of mode within: what follows is theirs */
    uint64_t insns;    /* sums over all of them */
    uint64_t cycles, cycles_min, cycles_max, cycles_p50, cycles_p99;
    uint64_t ns, ns_min, ns_max;               /* rounded down, of sums in picoseconds */
    uint64_t where_cycles[LEDGER_WHERE_COUNT]; /* without idle; LEDGER_GUEST: other vCPUs */
    uint64_t idle_cycles;
    uint64_t buckets[CPU_BUCKET_COUNT]; /* sums to `cycles` */
};

struct ledger_trap_row {
    uint8_t from_el, to_el;
    bool from_guest;
    unsigned set;   /* of the PE that took them */
    const char *ec; /* "HVC", "SVC", "DABT_LOW", "IRQ" */
    char detail[96];
    uint64_t count;    /* taken */
    uint64_t returned; /* of these, whose return was seen, in the same mode: cycles are theirs */
    uint64_t cycles;   /* from entry to return, nested ones included */
    uint64_t cycles_min, cycles_max;
};

struct ledger_vcpu {
    uint32_t vmid;
    uint64_t vmpidr;
    unsigned vm;                        /* index among VMs, in order of appearance */
    unsigned number;                    /* among the VM's vCPUs, in order of appearance */
    uint64_t entries;                   /* since the start */
    uint64_t guest_cycles, guest_insns; /* of this phase, idle (untrapped WFI) included */
    uint64_t exit_cycles, exits;        /* closed in this phase; cycles of those that were measured */
    uint64_t
        lost; /* exits that ended by a second one without an entry between (VMID reused), since the start */
};

struct ledger_context_row {
    unsigned pe;
    enum ledger_where where;
    uint64_t insns;
    uint64_t cycles;
    uint64_t buckets[CPU_BUCKET_COUNT];
};

unsigned ledger_n_exits(const struct ledger *l);
void ledger_exit(const struct ledger *l, unsigned i, struct ledger_exit_row *out);
unsigned ledger_n_traps(const struct ledger *l);
void ledger_trap(const struct ledger *l, unsigned i, struct ledger_trap_row *out);
unsigned ledger_n_vcpus(const struct ledger *l);
void ledger_get_vcpu(const struct ledger *l, unsigned i, struct ledger_vcpu *out);
unsigned ledger_n_vms(const struct ledger *l);
uint32_t ledger_vm_vmid(const struct ledger *l, unsigned vm);
/* where = 0 .. LEDGER_WHERE_COUNT - 1 of each PE. The rows of a PE sum to its cycles in the phase. */
void ledger_context(const struct ledger *l, unsigned pe, enum ledger_where where,
                    struct ledger_context_row *out);
/* Exits closed since the start, of all phases: for progress. */
uint64_t ledger_total_exits(const struct ledger *l);
/* Of these, those that ended on this PE. */
uint64_t ledger_pe_exits(const struct ledger *l, unsigned pe);
/* Why nobody was counted as a guest, though EL2 took exceptions from EL1; false: there is nothing to say. */
bool ledger_no_guest(const struct ledger *l, char *out, size_t n);
/* A PE that has not changed to the phase's mode yet: what it has run since the phase began belongs to the
 * phase before. Hands that out (row i: where i) and forgets it; false: the PE is not so late. guest: index of
 * the vCPU whose cycles the row of LEDGER_GUEST holds, -1: there are none. */
bool ledger_take_late(struct ledger *l, unsigned pe, struct ledger_context_row out[LEDGER_WHERE_COUNT],
                      int *guest);
/* What the PE runs now; *vcpu (index for ledger_get_vcpu) is -1 but in a guest. */
enum ledger_where ledger_now(const struct ledger *l, unsigned pe, int *vcpu);

/* ---- single events, for who asks ---- */

enum {
    LEDGER_EXITS = 1, /* when the vCPU is entered again: those that the exit rows count */
    LEDGER_TRAPS = 2, /* when a trap's return is seen */
};

struct ledger_event {
    unsigned kind;   /* LEDGER_EXITS or LEDGER_TRAPS */
    unsigned pe;     /* that took the exception */
    unsigned end_pe; /* that entered the vCPU again; of a trap the same PE */
    int vcpu;        /* index for ledger_get_vcpu; -1: the trap did not leave a guest */
    uint8_t from_el, to_el;
    const char *reason;
    char detail[96];
    uint64_t pc;       /* of the instruction, or the preferred return address */
    uint64_t start_ps; /* time of the PE at the exception */
    uint64_t insns, cycles, ps;
    uint64_t idle_cycles; /* of `cycles` */
    bool mixed;           /* the mode changed within */
};

typedef void ledger_event_fn(void *opaque, const struct ledger_event *e);
/* From now on `fn` is called for each event of `kinds`, from within ledger_eret. NULL: for none. */
void ledger_listen(struct ledger *l, unsigned kinds, ledger_event_fn *fn, void *opaque);

/* ---- joined to a machine ---- */
struct machine;
/* Listens to the machine's PEs until ledger_free. */
struct ledger *ledger_attach(struct machine *m);

#endif
