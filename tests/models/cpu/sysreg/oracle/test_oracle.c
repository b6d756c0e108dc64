/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trap oracle, host side: runs the image in a PE and in QEMU, and compares line by line: level, instruction,
 * HCR_EL2, ESR_EL2, SPSR_EL2, return address, ESR_EL1. Usage: test_oracle QEMU IMAGE CPU. Where QEMU is known
 * to be wrong or different by choice, the line is skipped, with the reason in `known`.
 */
#include "insn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT (2u << 20)
#define LOAD   (PE_RAM_BASE + 0x200000)

static char *ours, *theirs;
static size_t n_ours;
static const char *qemu, *image, *core;
static void (*ram_transport)(void *opaque, struct tg_bus_txn *txn);
static void *ram_opaque;

static void transport(void *opaque, struct tg_bus_txn *txn)
{
    (void)opaque;
    if (txn->addr == 0x09000000) {
        txn->resp = TG_BUS_OK;
        if (txn->write && n_ours < OUTPUT)
            ours[n_ours++] = *(const char *)txn->data;
        return;
    }
    ram_transport(ram_opaque, txn);
}

static bool firmware(void *opaque, struct cpu *c, bool smc, uint16_t imm)
{
    (void)opaque, (void)smc, (void)imm;
    if (cpu_get_el(c) != 2)
        return false;
    cpu_request_stop(c);
    return true;
}

static void run_ours(void)
{
    static uint8_t data[1 << 20];
    struct pe *p = pe_new(!strcmp(core, "cortex-a57") ? pe_features_a57 : pe_features_n1, NULL, 2);
    FILE *f = fopen(image, "rb");
    size_t n;

    assert_non_null(f);
    n = fread(data, 1, sizeof(data), f);
    fclose(f);
    pe_write(p, LOAD, data, n);
    ram_transport = p->cpu->ports.bus.transport;
    ram_opaque = p->cpu->ports.bus.opaque;
    p->cpu->ports.bus.transport = transport;
    p->cpu->ports.hooks.firmware_call = firmware;
    cpu_set_pc(p->cpu, LOAD);
    cpu_set_insn_limit(p->cpu, 50000000);
    cpu_run(p->cpu, TG_TIME_NEVER / 4);
    pe_free(p);
}

static void run_theirs(void)
{
    char command[1024];
    FILE *f;
    size_t n;

    snprintf(command, sizeof(command),
             "timeout 100 '%s' -M virt,virtualization=on,gic-version=3 -cpu %s -m 128 -nographic -net none "
             "-monitor none -kernel '%s' </dev/null",
             qemu, core, image);
    f = popen(command, "r");
    assert_non_null(f);
    n = fread(theirs, 1, OUTPUT, f);
    theirs[n] = 0;
    pclose(f);
}

/* Differences that are QEMU 7.2's, or left open by the architecture; NULL: none. */
static const char *known(unsigned el, uint32_t insn, uint64_t hcr)
{
    uint32_t enc = insn >> 5 & 0xffff;

    if (el == 0 && (insn & 0xfffff01f) == 0xd503401f)
        return "MSR DAIFSet and DAIFClr: QEMU exchanges op1 and op2 in the syndrome";
    if (el == 1 && (insn & 0xffd00000) == 0xd5100000 && (enc >> 7 & 15) == 15 && (hcr & HCR_TIDCP))
        return "implementation-defined register that does not exist: trap by TIDCP or undefined";
    if (el < 2 && enc == ENC(3, 3, 9, 12, 0))
        return "PMCR_EL0: QEMU does not have MDCR_EL2.TPMCR";
    if (el == 0 && (enc == ENC(3, 3, 9, 12, 4) || enc == ENC(3, 3, 9, 12, 5) || enc == ENC(3, 3, 9, 13, 0) ||
                    enc == ENC(3, 3, 9, 13, 2) || enc == ENC(3, 3, 14, 8, 0)))
        return "PMSWINC, PMSELR, PMCCNTR, PMXEVCNTR, PMEVCNTR: QEMU lets PMUSERENR_EL0.SW, ER, CR win over "
               "MDCR_EL2.TPM";
    if (el == 0 && enc == ENC(3, 3, 14, 0, 1) && !(hcr & HCR_E2H))
        return "CNTPCT_EL0: QEMU looks at CNTHCTL_EL2.EL1PCEN for EL0, not at EL1PCTEN";
    return NULL;
}

static void test_compare(void **state)
{
    char *a, *b, *sa, *sb;
    unsigned lines = 0, skipped = 0, bad = 0;

    (void)state;
    ours = calloc(1, OUTPUT + 1);
    theirs = calloc(1, OUTPUT + 1);
    run_ours();
    run_theirs();
    a = strtok_r(ours, "\r\n", &sa);
    b = strtok_r(theirs, "\r\n", &sb);
    while (a && b) {
        unsigned n, el;
        uint32_t insn;
        unsigned long long hcr;

        if (strcmp(a, b)) {
            if (sscanf(a, "%x %x %x %llx", &n, &el, &insn, &hcr) == 4 && known(el, insn, hcr))
                skipped++;
            else if (bad++ < 20)
                fprintf(stderr, "ours   %s\ntheirs %s\n", a, b);
        }
        lines++;
        a = strtok_r(NULL, "\r\n", &sa);
        b = strtok_r(NULL, "\r\n", &sb);
    }
    fprintf(stderr, "%u lines, %u known differences, %u others\n", lines, skipped, bad);
    assert_int_equal(lines, 20001);
    assert_int_equal(bad, 0);
    free(ours);
    free(theirs);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};

    if (argc != 4) {
        fprintf(stderr, "usage: %s QEMU IMAGE CPU\n", argv[0]);
        return 2;
    }
    qemu = argv[1];
    image = argv[2];
    core = argv[3];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
