/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the .decode files say of each instruction besides its handler (is=, elem=, count=, acq=, rel=, isv=),
 * for many words of every encoding, against the tables of Arm ARM DDI 0487 J.a C4.1 ('Loads and Stores',
 * 'Branches, Exception Generating and System instructions', 'PC-rel. addressing') and D19.2.37 (ISS of a Data
 * Abort), restated here from the bits alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "a64_decode.c"

#define WORDS 400 /* of each encoding */

static uint32_t bits(uint32_t insn, unsigned hi, unsigned lo)
{
    return insn >> lo & (uint32_t)tg_ones(hi - lo + 1);
}

struct answer {
    uint32_t is;
    struct a64_access access;
};

static void transfer(struct answer *a, uint32_t is, unsigned size, unsigned count)
{
    a->is |= is;
    a->access.size = (uint8_t)size;
    a->access.count = (uint8_t)count;
}

/* The instruction's part of the syndrome. */
static void described(struct answer *a, uint32_t insn, bool wide)
{
    a->access.isv = true;
    a->access.wide = wide;
    a->access.rt = (uint8_t)bits(insn, 4, 0);
}

/* C4.1: exclusives, ordered ones, compare and swap; op0 (bits 31:28) xx00, bits 29:24 001000. */
static void exclusive_and_ordered(struct answer *a, uint32_t insn)
{
    unsigned size = bits(insn, 31, 30), o2 = bits(insn, 23, 23), l = bits(insn, 22, 22),
             o1 = bits(insn, 21, 21), o0 = bits(insn, 15, 15);
    bool acq = l && o0, rel = !l && o0;

    if (o1 && (o2 || size < 2)) { /* CAS, CASP: bit 22 is A, bit 15 R */
        transfer(a, A64_LOAD | A64_STORE | A64_ATOMIC, o2 ? size : 2 + size, o2 ? 1 : 2);
        acq = l;
        rel = o0;
    } else if (!o2) {
        transfer(a, (l ? A64_LOAD : A64_STORE) | A64_EXCLUSIVE, size, o1 ? 2 : 1);
    } else { /* LDAR, STLR; with o0 = 0 LDLAR, STLLR, whose limited order the syndrome does not call one */
        transfer(a, l ? A64_LOAD : A64_STORE, size, 1);
        described(a, insn, size == 3);
    }
    a->access.acq = acq;
    a->access.rel = rel;
}

/* Register forms with size, V and opc in their usual places. */
static void one_register(struct answer *a, uint32_t insn)
{
    unsigned size = bits(insn, 31, 30), v = bits(insn, 26, 26), opc = bits(insn, 23, 22),
             form = bits(insn, 11, 10);
    bool unsigned_offset = bits(insn, 24, 24), by_register = !unsigned_offset && bits(insn, 21, 21);
    bool written_back = !unsigned_offset && !by_register && (form & 1);

    if (!v && !unsigned_offset && by_register && form == 0) { /* LDADD..., SWP, LDAPR */
        if (bits(insn, 15, 12) == 0xc) {
            transfer(a, A64_LOAD, size, 1);
            described(a, insn, size == 3);
            a->access.acq = true;
            return;
        }
        transfer(a, A64_LOAD | A64_STORE | A64_ATOMIC, size, 1);
        a->access.acq = bits(insn, 23, 23);
        a->access.rel = bits(insn, 22, 22);
        return;
    }
    if (!v && by_register && (form & 1)) { /* LDRAA, LDRAB; bit 11: pre-index */
        transfer(a, A64_LOAD, 3, 1);
        if (!(form & 2))
            described(a, insn, true);
        return;
    }
    if (v) {
        transfer(a, opc & 1 ? A64_LOAD : A64_STORE, opc & 2 ? 4 : size, 1);
        return;
    }
    if (size == 3 && opc == 2) /* PRFM, PRFUM */
        return;
    transfer(a, opc == 0 ? A64_STORE : opc == 1 ? A64_LOAD : A64_LOAD | A64_SIGNED, size, 1);
    if (!unsigned_offset && !by_register && form == 2)
        a->is |= A64_UNPRIVILEGED;
    if (!written_back)
        described(a, insn, opc < 2 ? size == 3 : opc == 2);
}

static unsigned structure_registers(uint32_t insn)
{
    static const uint8_t by_opcode[16] = {[0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};

    return bits(insn, 24, 24) ? bits(insn, 13, 13) * 2 + bits(insn, 21, 21) + 1
                              : by_opcode[bits(insn, 15, 12)];
}

static void structures(struct answer *a, uint32_t insn)
{
    unsigned n = structure_registers(insn), size = bits(insn, 11, 10), lane = bits(insn, 15, 14), elem = size;

    if (bits(insn, 24, 24) && lane < 3) /* one lane: x0 of opcode 10x is S, x1 D */
        elem = lane == 2 && (size & 1) ? 3 : lane;
    transfer(a, bits(insn, 22, 22) ? A64_LOAD : A64_STORE, elem,
             bits(insn, 24, 24) ? n : n * (bits(insn, 30, 30) ? 16 : 8) >> size);
}

static void loads_and_stores(struct answer *a, uint32_t insn)
{
    unsigned class = bits(insn, 29, 28), v = bits(insn, 26, 26), opc = bits(insn, 31, 30);

    if (class == 0 && v)
        structures(a, insn);
    else if (class == 0)
        exclusive_and_ordered(a, insn);
    else if (class == 1 && bits(insn, 24, 24)) { /* LDAPUR, STLUR */
        unsigned how = bits(insn, 23, 22);

        transfer(a, how == 0 ? A64_STORE : how == 1 ? A64_LOAD : A64_LOAD | A64_SIGNED, opc, 1);
        described(a, insn, how < 2 ? opc == 3 : how == 2);
        a->access.acq = how != 0;
        a->access.rel = how == 0;
    } else if (class == 1) { /* literals */
        a->is |= A64_PCREL;
        if (v) {
            transfer(a, A64_LOAD, 2 + opc, 1);
        } else if (opc < 3) {
            transfer(a, opc == 2 ? A64_LOAD | A64_SIGNED : A64_LOAD, opc == 1 ? 3 : 2, 1);
            described(a, insn, opc != 0);
        }
    } else if (class == 2) { /* pairs */
        bool load = bits(insn, 22, 22), sign = !v && opc == 1;

        transfer(a, (load ? A64_LOAD : A64_STORE) | (sign ? A64_SIGNED : 0),
                 v          ? 2 + opc
                 : opc == 2 ? 3
                            : 2,
                 2);
    } else {
        one_register(a, insn);
    }
}

static struct answer expected(uint32_t insn)
{
    struct answer a = {0};
    uint32_t op0 = bits(insn, 28, 25), hint = insn & 0xfffff01f;

    if ((op0 & 5) == 4) { /* x1x0 */
        loads_and_stores(&a, insn);
    } else if (bits(insn, 31, 31) == 0 && bits(insn, 28, 24) == 0x10) {
        a.is = A64_PCREL; /* ADR; ADRP's is from the page on */
    } else if (bits(insn, 31, 24) == 0x54 || bits(insn, 30, 25) == 0x1a || bits(insn, 30, 25) == 0x1b) {
        a.is = A64_DIRECT | A64_CONDITIONAL;
    } else if (bits(insn, 30, 26) == 5) {
        a.is = A64_DIRECT | (bits(insn, 31, 31) ? A64_CALL : 0);
    } else if (bits(insn, 31, 25) ==
               0x6b) { /* Unconditional branch (register): opc, with bit 3 those that authenticate */
        static const uint32_t by_opc[8] = {A64_INDIRECT, A64_INDIRECT | A64_CALL, A64_INDIRECT | A64_RETURN};

        a.is = by_opc[bits(insn, 23, 21)];
    } else if (bits(insn, 31, 22) == 0x354 && bits(insn, 21, 21)) {
        a.is = A64_READ;
    } else if (bits(insn, 31, 24) == 0xd4 && bits(insn, 4, 0) == 0) {
        a.is = bits(insn, 23, 21) == 1 ? A64_BRK : bits(insn, 23, 21) == 2 ? A64_HLT : 0;
    } else if (hint == 0xd503201f) {
        switch (bits(insn, 11, 5)) { /* CRm:op2 */
        case 0x19:                   /* PACIASP */
        case 0x1b:                   /* PACIBSP */
            a.is = A64_LAND_PAC;
            break;
        case 0x22: /* BTI c */
            a.is = A64_LAND_CALL;
            break;
        case 0x24: /* BTI j */
            a.is = A64_LAND_JUMP;
            break;
        case 0x26: /* BTI jc */
            a.is = A64_LAND_CALL | A64_LAND_JUMP;
            break;
        }
    }
    return a;
}

static void test_every_encoding(void **unused)
{
    const unsigned n = sizeof(encodings) / sizeof(encodings[0]);
    uint64_t seed = 0x9e3779b97f4a7c15;
    unsigned bad = 0, empty = 0, accesses = 0;

    (void)unused;
    for (unsigned e = 0; e < n; e++) {
        unsigned drawn = 0;

        for (unsigned i = 0; i < 20 * WORDS && drawn < WORDS; i++) {
            struct cpu_op_info info = {.encoding = e + 1};
            struct answer want;
            struct a64_access got;

            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            info.insn = encodings[e].value | ((uint32_t)(seed >> 32) & ~encodings[e].mask);
            if (a64_match(info.insn) != (int)e)
                continue;
            drawn++;
            want = expected(info.insn);
            got = a64_access(&info);
            accesses += got.count != 0;
            if (a64_properties[info.encoding] == want.is && !memcmp(&got, &want.access, sizeof(got)))
                continue;
            if (++bad < 20)
                printf("%s %08x: is %x, expected %x; size %u count %u acq %d rel %d isv %d wide %d rt %u, "
                       "expected size %u "
                       "count %u acq %d rel %d isv %d wide %d rt %u\n",
                       a64_encoding_names[e], info.insn, a64_properties[info.encoding], want.is, got.size,
                       got.count, got.acq, got.rel, got.isv, got.wide, got.rt, want.access.size,
                       want.access.count, want.access.acq, want.access.rel, want.access.isv, want.access.wide,
                       want.access.rt);
        }
        if (!drawn)
            printf("%s: no word of it was drawn\n", a64_encoding_names[e]), empty++;
    }
    assert_int_equal(bad, 0);
    assert_int_equal(empty, 0);
    assert_true(accesses > 100 * WORDS);
}

/* What is no instruction has no properties, and decoding says which encoding a word is of. */
static void test_numbers(void **unused)
{
    struct cpu_features all;
    uint64_t seed = 42;

    (void)unused;
    memset(&all, 0xff, sizeof(all));
    assert_int_equal(a64_properties[0], 0);
    for (unsigned i = 0; i < 200000; i++) {
        struct cpu_op op;
        struct cpu_op_info info = {0};
        uint32_t insn;
        bool end;

        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        insn = (uint32_t)(seed >> 32);
        a64_decode(&all, insn, &op, &info, &end);
        assert_int_equal(info.encoding, a64_match(insn) + 1);
        assert_int_equal(a64_properties_of(insn), a64_properties[info.encoding]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_encoding),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
