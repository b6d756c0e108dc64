/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences on bare metal: the image of bare_trial.c in a PE and in QEMU's `virt`. The batch lies in RAM,
 * which in QEMU is a file that both processes map. See sides.h.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image.h"
#include "models/cpu/cpu_state.h"
#include "sides.h"

#define QEMU_RAM     (UINT64_C(512) << 20) /* its device tree comes in the middle, above what we use */
#define PE_INSNS_MAX UINT64_C(8000000000)

_Static_assert(BARE_BATCH + sizeof(struct bare_batch) + BATCH * sizeof(struct insn_state) <
                   PE_RAM_BASE + PE_RAM_SIZE,
               "a batch fits");

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void put_batch(uint8_t *ram, const uint32_t *code, const struct batch *b)
{
    struct bare_batch *m = (void *)(ram + (BARE_BATCH - PE_RAM_BASE));

    memcpy(ram + (BARE_CODE - PE_RAM_BASE), code, 4 * INSN_CODE_WORDS);
    m->n = b->n;
    m->done = 0;
    memcpy(m->state, b->before, b->n * sizeof(m->state[0]));
}

static void get_batch(const uint8_t *ram, const struct batch *b, struct insn_state *after, const char *who)
{
    const struct bare_batch *m = (const void *)(ram + (BARE_BATCH - PE_RAM_BASE));

    if (m->done != b->n) {
        fprintf(stderr, "%s came to sequence %lu of %zu only\n", who, (unsigned long)m->done, b->n);
        exit(1);
    }
    memcpy(after, m->state, b->n * sizeof(m->state[0]));
}

void bare_qemu(const char *qemu, const struct target *t, const struct batch *b, struct insn_state *after)
{
    char command[1024];
    uint8_t *ram;
    int fd = memfd_create("tg-bare", 0); /* which QEMU inherits */

    if (fd < 0 || ftruncate(fd, (off_t)QEMU_RAM))
        fail("memfd_create");
    ram = mmap(NULL, PE_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ram == MAP_FAILED)
        fail("mmap");
    put_batch(ram, b->code, b);
    snprintf(command, sizeof(command),
             "QEMU_MODULE_DIR=/nonexistent timeout 300 '%s' -M "
             "virt,virtualization=on,gic-version=3,memory-backend=m "
             "-object memory-backend-file,id=m,size=512M,share=on,mem-path=/proc/self/fd/%d -m 512 "
             "-nographic -net none -monitor none -serial none "
             "-semihosting -cpu %s -kernel '%s' </dev/null 2>/dev/null",
             qemu, fd, t->qemu, INSN_BARE);
    if (system(command))
        fprintf(stderr, "status not zero: %s\n", command);
    close(fd);
    get_batch(ram, b, after, "QEMU");
    munmap(ram, PE_RAM_SIZE);
}

/* Instructions between the launch of a trial and its exception. */
struct count {
    bool inside;
    uint64_t since, total;
};

static void on_eret(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    struct count *k = opaque;

    (void)c;
    k->inside = true;
    k->since = e->insn;
}

static void on_exception(void *opaque, struct cpu *c, const struct cpu_exception *e)
{
    struct count *k = opaque;

    (void)c;
    if (k->inside)
        k->total += e->insn - k->since;
    k->inside = false;
}

/* Semihosting's SYS_EXIT. */
static bool on_hint(void *opaque, struct cpu *c, uint32_t imm)
{
    (void)opaque;
    if (imm != 0xf000)
        return false;
    cpu_request_stop(c);
    return true;
}

uint64_t bare_pe(const struct runner *r, const struct target *t, const uint32_t *code, const struct batch *b,
                 struct insn_state *after)
{
    static uint8_t image[1 << 20];
    static size_t size;
    struct pe *p = pe_new(t->features, r->params, 2);
    struct count count = {0};

    if (!size) {
        FILE *f = fopen(INSN_BARE, "rb");

        if (!f || !(size = fread(image, 1, sizeof(image), f)))
            fail(INSN_BARE);
        fclose(f);
    }
    pe_write(p, IMAGE_LOAD, image, size);
    put_batch(p->ram, code, b);
    p->cpu->ports.hooks = (struct cpu_hooks){
        .opaque = &count, .exception = on_exception, .eret = on_eret, .guest_hint = on_hint};
    cpu_set_mode(p->cpu, r->mode);
    cpu_set_pc(p->cpu, IMAGE_LOAD);
    cpu_set_insn_limit(p->cpu, PE_INSNS_MAX);
    cpu_run(p->cpu, TG_TIME_NEVER / 4);
    get_batch(p->ram, b, after, r->name);
    pe_free(p);
    return count.total;
}
