/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores of structures (LD1..ST4, LD1R..LD4R), each encoding, in what user-mode QEMU cannot show:
 * an access that runs into an unmapped page changes nothing and reports the page's first byte; big-endian
 * data; alignment checks by element; misaligned SP. What they load and store otherwise is compared by
 * tests/oracle/insn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "models/base/sysenc.h"
#include "models/cpu/decode/a64.h"
#include "pe.h"

#define SCTLR_EL1 TG_SYSENC(3, 0, 1, 0, 0)
#define ESR_EL1   TG_SYSENC(3, 0, 5, 2, 0)
#define FAR_EL1   TG_SYSENC(3, 0, 6, 0, 0)
#define ELR_EL1   TG_SYSENC(3, 0, 4, 0, 1)

#define TABLES  (PE_RAM_BASE + 0x8000)
#define VECTORS (PE_RAM_BASE + 0x10000)
#define CODE    (PE_RAM_BASE + 0x20000)
#define HOLE    (PE_RAM_BASE + 0x101000) /* not mapped; the page before is the data */
#define DATA    (HOLE - 4096)

#define SCTLR_M   UINT64_C(0x30d01805)
#define SCTLR_A   2
#define SCTLR_SA  8
#define SCTLR_E0E (UINT64_C(1) << 24)

#define EC_DABT            0x25
#define EC_SP              0x26
#define EC_BRK             0x3c
#define FSC_TRANSLATION_L3 7
#define FSC_ALIGNMENT      0x21

struct form {
    uint32_t insn;       /* Rt and Rn are 0 */
    unsigned elem, size; /* bytes: of an element, of the access */
    bool load, post;
};

static struct form forms[2048];
static unsigned n_forms;

/* All words of the four classes (C4.1 "Advanced SIMD load/store ..."), with what the pseudocode of C7.2 says
 * about their size. */
static void make_forms(void)
{
    for (uint32_t bits = 0; bits < 1u << 12; bits++) {
        uint32_t q = bits & 1, post = bits >> 1 & 1, load = bits >> 2 & 1, single = bits >> 3 & 1,
                 r = bits >> 4 & 1, opcode = bits >> 5 & 15, size = bits >> 9 & 3, insn;
        struct form *f = &forms[n_forms];

        /* post-index by register here: X3 */
        insn = q << 30 | 0x0c000000 | single << 24 | post << 23 | load << 22 | opcode << 12 | size << 10 |
               (post ? 3u << 16 : 0);
        if (single)
            insn |= r << 21;
        else if (r)
            continue;
        if (bits >> 11 || a64_match(insn) < 0)
            continue;
        *f = (struct form){.insn = insn, .load = load, .post = post};
        if (single) {
            unsigned scale = opcode >> 2, n = (opcode >> 1 & 1) * 2 + r + 1;

            if (scale == 3)
                scale = size;
            else if (scale == 2 && (size & 1))
                scale = 3;
            f->elem = 1u << scale;
            f->size = n << scale;
        } else {
            static const uint8_t regs[16] = {[0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};

            f->elem = 1u << size;
            f->size = regs[opcode] * (8u << q);
        }
        n_forms++;
    }
}

static uint64_t get(struct pe *p, uint32_t enc)
{
    uint64_t v = 0;

    assert_true(cpu_get_sysreg(p->cpu, enc, &v));
    return v;
}

/* el: who may use the data; the vectors stay EL1's. */
static struct pe *start(unsigned el)
{
    static const uint32_t brk[] = {0xd4200000}, spin[] = {0x14000000};
    struct pe *p = pe_new(pe_features_n1, NULL, 1);
    uint64_t l1[2] = {0, (TABLES + 0x1000) | 3}, l2[1] = {(TABLES + 0x2000) | 3}, l3[512];

    for (unsigned i = 0; i < 512; i++) {
        uint64_t page = PE_RAM_BASE + i * UINT64_C(4096);

        l3[i] = page == HOLE ? 0 : page | (el || page == VECTORS ? 0x703 : 0x743);
    }
    pe_write(p, TABLES, l1, sizeof(l1));
    pe_write(p, TABLES + 0x1000, l2, sizeof(l2));
    pe_write(p, TABLES + 0x2000, l3, sizeof(l3));
    for (unsigned i = 0; i < 2048; i += 128)
        pe_code(p, VECTORS + i, spin, 1);
    for (unsigned i = 0; i < n_forms; i++) {
        pe_code(p, CODE + 8 * i, &forms[i].insn, 1);
        pe_code(p, CODE + 8 * i + 4, brk, 1);
    }
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 10, 2, 0), 0xff);
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 2, 0, 2),
                   25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32);
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 2, 0, 0), TABLES);
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 1, 0, 2), 3 << 20);
    cpu_set_sysreg(p->cpu, TG_SYSENC(3, 0, 12, 0, 0), VECTORS);
    cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M);
    return p;
}

static void fill_v(struct pe *p)
{
    for (unsigned i = 0; i < 32; i++)
        cpu_set_v(p->cpu, i,
                  (const uint64_t[]){UINT64_C(0x0706050403020100) + i * UINT64_C(0x1010101010101010),
                                     UINT64_C(0x8f8e8d8c8b8a8988) ^ i * UINT64_C(0x0101010101010101)});
}

static void fill_data(uint8_t *data)
{
    for (unsigned i = 0; i < 4096; i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* Runs form i with X0 = va; the exception class it ends with. */
static unsigned run(struct pe *p, unsigned el, unsigned i, uint64_t va)
{
    cpu_set_pstate(p->cpu, el ? 5 : 0);
    cpu_set_x(p->cpu, 0, va);
    cpu_set_x(p->cpu, 3, 0x1234);
    cpu_set_pc(p->cpu, CODE + 8 * i);
    pe_run_insns(p, 3);
    return (unsigned)(get(p, ESR_EL1) >> 26);
}

static void check_v_filled(struct pe *p)
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t v[2];

        cpu_get_v(p->cpu, i, v);
        assert_int_equal(v[0], UINT64_C(0x0706050403020100) + i * UINT64_C(0x1010101010101010));
        assert_int_equal(v[1], UINT64_C(0x8f8e8d8c8b8a8988) ^ i * UINT64_C(0x0101010101010101));
    }
}

static void test_faults_change_nothing(void **state)
{
    struct pe *p = start(1);
    uint8_t *data = p->ram + (DATA - PE_RAM_BASE), before[4096];
    unsigned faults = 0;

    (void)state;
    fill_data(before);
    for (unsigned i = 0; i < n_forms; i++) {
        const struct form *f = &forms[i];

        for (unsigned k = 1; k <= 66; k++) { /* bytes before the hole */
            unsigned ec;

            fill_v(p);
            memcpy(data, before, 4096);
            ec = run(p, 1, i, HOLE - k);
            if (k >= f->size) {
                assert_int_equal(ec, EC_BRK);
                assert_int_equal(cpu_get_x(p->cpu, 0), f->post ? HOLE - k + 0x1234 : HOLE - k);
                assert_int_equal(get(p, ELR_EL1), CODE + 8 * i + 4);
                continue;
            }
            faults++;
            assert_int_equal(ec, EC_DABT);
            assert_int_equal(get(p, ESR_EL1) & 0x3f, FSC_TRANSLATION_L3);
            assert_int_equal(get(p, ESR_EL1) >> 6 & 1, !f->load);
            assert_int_equal(get(p, FAR_EL1), HOLE);
            assert_int_equal(get(p, ELR_EL1), CODE + 8 * i);
            assert_int_equal(cpu_get_x(p->cpu, 0), HOLE - k);
            check_v_filled(p);
            assert_memory_equal(data, before, 4096);
        }
    }
    assert_true(faults > 5000);
    pe_free(p);
}

static void swap_elements(uint8_t *data, unsigned elem)
{
    for (unsigned at = 0; at < 4096; at += elem) {
        for (unsigned i = 0; i < elem / 2; i++) {
            uint8_t t = data[at + i];

            data[at + i] = data[at + elem - 1 - i];
            data[at + elem - 1 - i] = t;
        }
    }
}

/* At EL0 with SCTLR.E0E each element is byte-reversed in memory, lanes stay in place. */
static void test_big_endian(void **state)
{
    struct pe *p = start(0);
    uint8_t *data = p->ram + (DATA - PE_RAM_BASE), little[4096];

    (void)state;
    for (unsigned i = 0; i < n_forms; i++) {
        const struct form *f = &forms[i];
        uint64_t v[32][2], w[2];

        cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M);
        fill_v(p);
        fill_data(data);
        assert_int_equal(run(p, 0, i, DATA + 1024), EC_BRK);
        memcpy(little, data, 4096);
        for (unsigned k = 0; k < 32; k++)
            cpu_get_v(p->cpu, k, v[k]);

        cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M | SCTLR_E0E);
        fill_v(p);
        fill_data(data);
        swap_elements(data, f->elem);
        assert_int_equal(run(p, 0, i, DATA + 1024), EC_BRK);
        swap_elements(data, f->elem);
        assert_memory_equal(data, little, 4096);
        for (unsigned k = 0; k < 32; k++) {
            cpu_get_v(p->cpu, k, w);
            assert_memory_equal(w, v[k], 16);
        }
    }
    pe_free(p);
}

static void test_alignment(void **state)
{
    struct pe *p = start(1);

    (void)state;
    fill_v(p);
    for (unsigned i = 0; i < n_forms; i++) {
        const struct form *f = &forms[i];

        cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M);
        assert_int_equal(run(p, 1, i, DATA + 1025), EC_BRK);
        cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M | SCTLR_A);
        for (unsigned off = 0; off < 16; off++) {
            if (off % f->elem == 0) {
                assert_int_equal(run(p, 1, i, DATA + 1024 + off), EC_BRK);
                continue;
            }
            assert_int_equal(run(p, 1, i, DATA + 1024 + off), EC_DABT);
            assert_int_equal(get(p, ESR_EL1) & 0x3f, FSC_ALIGNMENT);
            assert_int_equal(get(p, FAR_EL1), DATA + 1024 + off);
        }
    }
    pe_free(p);
}

static void test_sp_alignment(void **state)
{
    struct pe *p = start(1);

    (void)state;
    for (unsigned i = 0; i < n_forms; i++) {
        uint32_t insn = forms[i].insn | 31 << 5;

        pe_code(p, CODE + 8 * i, &insn, 1);
    }
    for (unsigned i = 0; i < n_forms; i++) {
        cpu_set_sysreg(p->cpu, SCTLR_EL1, SCTLR_M | SCTLR_SA);
        cpu_set_pstate(p->cpu, 5);
        cpu_set_x(p->cpu, 31, DATA + 1032);
        assert_int_equal(run(p, 1, i, 0), EC_SP);
        assert_int_equal(get(p, ELR_EL1), CODE + 8 * i);
        cpu_set_pstate(p->cpu, 5);
        cpu_set_x(p->cpu, 31, DATA + 1040);
        assert_int_equal(run(p, 1, i, 0), EC_BRK);
        assert_int_equal(cpu_get_x(p->cpu, 31), DATA + 1040 + (forms[i].post ? 0x1234 : 0));
    }
    pe_free(p);
}

static void test_forms(void **state)
{
    (void)state;
    /* multiple: 7 opcodes x Q x size, less the three interleaving ones of 64-bit lanes in 64-bit registers:
     * 53; lanes: Q:S:size indices, 16 + 8 + 4 + 2 for 4 register counts; replicate: 4 counts x 4 sizes x Q,
     * loads only. Each with and without write-back. */
    assert_int_equal(n_forms, 2 * (2 * 53 + 2 * 4 * (16 + 8 + 4 + 2) + 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),        cmocka_unit_test(test_faults_change_nothing),
        cmocka_unit_test(test_big_endian),   cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_sp_alignment),
    };

    make_forms();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
