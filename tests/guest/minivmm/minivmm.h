/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What minivmm's files share. minivmm is a small KVM virtual machine monitor for arm64 Linux: it exists to
 * run trapbench and Linux as KVM guests inside the simulator with as little of its own as possible. Linux KVM
 * API (Documentation/virt/ kvm/api.rst), from the kernel's public headers only.
 */
#ifndef MINIVMM_H
#define MINIVMM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest_dt.h"

enum { MAX_CPUS = 8 };

/* Exit statuses */
enum { EXIT_GUEST_OFF = 0, EXIT_GUEST_CRASH = 1, EXIT_USER = 2 };

struct options {
    const char *kernel, *initrd, *append, *dump_dtb;
    const char *modules[GUEST_DT_MODULES], *module_args;
    unsigned n_modules;
    unsigned cpus, gic; /* gic: 2, 3, or 0 for the best that KVM has */
    uint64_t mem;       /* bytes */
    bool no_pmu, no_stdin, thp, stats;
    bool el2, e2h0; /* nested: EL2 for the guest; with HCR_EL2.E2H fixed to 0 */
};

struct pl011 {
    pthread_mutex_t lock;
    uint32_t ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
    uint8_t rx[32]; /* ring */
    unsigned rx_head, rx_count;
    char out[512];
    unsigned out_len;
    bool last_was_flags, line_up;
    pthread_cond_t room;
};

struct vmm;

struct vcpu {
    struct vmm *vmm;
    unsigned id;
    int fd;
    struct kvm_run *run;
    pthread_t thread;
    uint64_t mmio_exits, other_exits;
};

struct vmm {
    struct options opt;
    int kvm, vm, gic;
    bool pmu;
    uint8_t *ram;
    uint64_t entry, dtb; /* guest physical addresses */
    struct vcpu vcpu[MAX_CPUS];
    struct pl011 uart;
    atomic_uint_least32_t exit_counter;
    atomic_int unknown; /* accesses to nowhere that were reported */
    pthread_mutex_t end_lock;
    pthread_cond_t end_cond;
    int end_status; /* -1 while running */
};

/* Print 'minivmm: ...' and end with EXIT_USER. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
/* The same with ': strerror(errno)' at its end. */
__attribute__((noreturn, format(printf, 1, 2))) void die_errno(const char *fmt, ...);

/* load.c */
void load_guest(struct vmm *v); /* kernel, initrd and device tree into RAM; sets entry and dtb */

/* vm.c */
void vm_create(struct vmm *v); /* /dev/kvm, VM, RAM, vCPUs, GIC */
void vm_start(struct vmm *v);  /* registers of vCPU 0, threads */
void vm_irq(struct vmm *v, unsigned spi, bool level);
void vm_end(struct vmm *v, int status); /* from any thread: the guest is done */

/* pl011.c */
void pl011_init(struct pl011 *u);
uint32_t pl011_read(struct vmm *v, struct pl011 *u, uint32_t off);
void pl011_write(struct vmm *v, struct pl011 *u, uint32_t off, uint32_t val);
void pl011_input(struct vmm *v, struct pl011 *u, const uint8_t *p,
                 size_t n); /* blocks while the FIFO is full */
void pl011_flush(struct pl011 *u);

/* console.c */
void console_start(
    struct vmm *v); /* thread from standard input to the UART, raw mode when it is a terminal */
void console_restore(void);

#endif
