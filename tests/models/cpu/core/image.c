/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle images in a PE and in QEMU. See image.h. */
#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "models/cpu/cpu_state.h"

#define OUTPUT    (16u << 20)
#define IMAGE_MAX (1u << 20)
#define INSNS     UINT64_C(2000000000)
#define UART      UINT64_C(0x09000000)

struct capture {
    struct tg_bus_port ram;
    char *text;
    size_t n;
};

static void transport(void *opaque, struct tg_bus_txn *txn)
{
    struct capture *k = opaque;

    if (txn->addr != UART) {
        k->ram.transport(k->ram.opaque, txn);
        return;
    }
    txn->resp = TG_BUS_OK;
    if (txn->write && k->n < OUTPUT)
        k->text[k->n++] = *(const char *)txn->data;
}

static bool get_dmi(void *opaque, uint64_t addr, struct tg_dmi *out)
{
    struct capture *k = opaque;

    return k->ram.get_dmi(k->ram.opaque, addr, out);
}

static bool firmware(void *opaque, struct cpu *c, bool smc, uint16_t imm)
{
    (void)opaque, (void)smc, (void)imm;
    if (cpu_get_el(c) != 2)
        return false;
    cpu_request_stop(c);
    return true;
}

/* Semihosting's SYS_EXIT. */
static bool hint(void *opaque, struct cpu *c, uint32_t imm)
{
    (void)opaque;
    if (imm != 0xf000)
        return false;
    cpu_request_stop(c);
    return true;
}

static void *allocate(size_t n)
{
    void *p = calloc(1, n);

    if (!p) {
        fprintf(stderr, "image: no memory\n");
        exit(1);
    }
    return p;
}

char *image_run_pe(const char *path, const char *const *features, const char *const *params, unsigned el)
{
    struct pe *p = pe_new(features, params, el);
    struct capture k = {.ram = p->cpu->ports.bus, .text = allocate(OUTPUT + 1)};
    uint8_t *data = allocate(IMAGE_MAX);
    FILE *f = fopen(path, "rb");

    if (!f) {
        perror(path);
        exit(1);
    }
    pe_write(p, IMAGE_LOAD, data, fread(data, 1, IMAGE_MAX, f));
    fclose(f);
    free(data);
    p->cpu->ports.bus = (struct tg_bus_port){.transport = transport, .get_dmi = get_dmi, .opaque = &k};
    if (el == 2)
        p->cpu->ports.hooks.firmware_call = firmware;
    p->cpu->ports.hooks.guest_hint = hint;
    cpu_set_pc(p->cpu, IMAGE_LOAD);
    cpu_set_insn_limit(p->cpu, INSNS);
    cpu_run(p->cpu, TG_TIME_NEVER / 4);
    pe_free(p);
    return k.text;
}

/* how: the option that loads the image, up to its path. */
static char *run_qemu(const char *qemu, const char *arguments, const char *how, const char *path)
{
    char command[1024], *text = allocate(OUTPUT + 1);
    FILE *f;

    snprintf(command, sizeof(command),
             "timeout 150 '%s' -m 128 -nographic -net none -monitor none -semihosting %s %s'%s' </dev/null",
             qemu, arguments, how, path);
    f = popen(command, "r");
    if (!f) {
        perror(qemu);
        exit(1);
    }
    text[fread(text, 1, OUTPUT, f)] = 0;
    pclose(f);
    return text;
}

char *image_run_qemu(const char *qemu, const char *arguments, const char *path)
{
    return run_qemu(qemu, arguments, "-kernel ", path);
}

char *image_run_qemu_el3(const char *qemu, const char *arguments, const char *path)
{
    return run_qemu(qemu, arguments, "-device loader,addr=0x40200000,cpu-num=0,force-raw=on,file=", path);
}

unsigned image_compare(char *ours, char *theirs, const char *(*known)(const char *ours, const char *theirs),
                       unsigned *lines)
{
    char *sa, *sb, *a = strtok_r(ours, "\r\n", &sa), *b = strtok_r(theirs, "\r\n", &sb);
    unsigned explained = 0, bad = 0;

    *lines = 0;
    for (; a && b; a = strtok_r(NULL, "\r\n", &sa), b = strtok_r(NULL, "\r\n", &sb)) {
        ++*lines;
        if (!strcmp(a, b))
            continue;
        if (known(a, b))
            explained++;
        else if (bad++ < 20)
            fprintf(stderr, "ours   %s\ntheirs %s\n", a, b);
    }
    if (a || b) {
        fprintf(stderr, "one ends early: ours %s, theirs %s\n", a ? a : "(end)", b ? b : "(end)");
        bad++;
    }
    fprintf(stderr, "%u lines, %u known differences, %u others\n", *lines, explained, bad);
    return bad;
}
