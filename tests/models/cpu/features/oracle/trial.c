/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials of pointer authentication and branch target identification, made from a fixed seed; one line on the
 * UART for each. Runs alike in QEMU and in Tollgate. Freestanding.
 */
#include <stdbool.h>
#include <stdint.h>

#define PAC_TRIALS 3000
#define UART       ((volatile uint32_t *)0x09000000)
#define GUARDED    UINT64_C(0x40000000) /* added to an address of RAM: the same byte on a guarded page */

void launch(uint64_t spsr, uint64_t elr, uint64_t target, uint64_t sp0);
extern const uint32_t branches[], landings[];

#define READ(reg)                                               \
    ({                                                          \
        uint64_t v_;                                            \
        __asm__ volatile("mrs %0, " #reg : "=r"(v_)::"memory"); \
        v_;                                                     \
    })
#define WRITE(reg, v)                                                     \
    do {                                                                  \
        uint64_t v_ = (v);                                                \
        __asm__ volatile("msr " #reg ", %0\n\tisb" ::"r"(v_) : "memory"); \
    } while (0)

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void put(uint64_t v)
{
    for (int s = 60; s >= 0; s -= 4)
        *UART = "0123456789abcdef"[v >> s & 15];
    *UART = ' ';
}

static void end_line(void)
{
    *UART = '\n';
}

/* ---- pointer authentication ---- */

#define OP1(name, insn)                                                        \
    static __attribute__((noinline)) uint64_t name(uint64_t ptr, uint64_t mod) \
    {                                                                          \
        __asm__ volatile(".arch armv8.5-a\n\t" insn : "+r"(ptr) : "r"(mod));   \
        return ptr;                                                            \
    }
OP1(pacia, "pacia %0, %1")
OP1(pacib, "pacib %0, %1")
OP1(pacda, "pacda %0, %1")
OP1(pacdb, "pacdb %0, %1")
OP1(autia, "autia %0, %1")
OP1(autib, "autib %0, %1")
OP1(autda, "autda %0, %1")
OP1(autdb, "autdb %0, %1")
OP1(paciza, "paciza %0")
OP1(autdzb, "autdzb %0")
OP1(xpaci, "xpaci %0")
OP1(xpacd, "xpacd %0")
OP1(pacga, "pacga %0, %0, %1")
/* the hints */
OP1(pacia1716, "mov x17, %0\n\tmov x16, %1\n\thint #8\n\tmov %0, x17")
OP1(autib1716, "mov x17, %0\n\tmov x16, %1\n\thint #14\n\tmov %0, x17")
OP1(xpaclri, "mov x9, x30\n\tmov x30, %0\n\thint #7\n\tmov %0, x30\n\tmov x30, x9")
OP1(pacibz, "mov x9, x30\n\tmov x30, %0\n\thint #26\n\tmov %0, x30\n\tmov x30, x9")
OP1(autiaz, "mov x9, x30\n\tmov x30, %0\n\thint #28\n\tmov %0, x30\n\tmov x30, x9")

static void pac_trials(void)
{
    static uint64_t (*const sign[])(uint64_t, uint64_t) = {pacia, pacib, pacda, pacdb};
    static uint64_t (*const check[])(uint64_t, uint64_t) = {autia, autib, autda, autdb};
    static uint64_t (*const others[])(uint64_t, uint64_t) = {paciza,    autdzb,    xpaci,   xpacd,  pacga,
                                                             pacia1716, autib1716, xpaclri, pacibz, autiaz};
    static const uint64_t enable[] = {1u << 31, 1u << 30, 1u << 27, 1u << 13};

    /* with FEAT_FPAC a wrong code is an exception */
    bool fpac = (READ(id_aa64isar1_el1) >> 4 & 15) >= 4 || (READ(S3_0_C0_C6_2) >> 12 & 15) >= 4;

    for (unsigned t = 0; t < PAC_TRIALS; t++) {
        uint64_t r = random64(), mod = random64(), ptr = random64(), sctlr = 0x30d00800, tcr, signed_ptr;
        unsigned k = r & 3, t0sz = 16 + (r >> 8) % 24, t1sz = 16 + (r >> 16) % 24, both = r >> 24 & 7;
        bool upper = r >> 4 & 1;

        WRITE(S3_0_C2_C1_0, random64());
        WRITE(S3_0_C2_C1_1, random64());
        WRITE(S3_0_C2_C1_2, random64());
        WRITE(S3_0_C2_C1_3, random64());
        WRITE(S3_0_C2_C2_0, random64());
        WRITE(S3_0_C2_C2_1, random64());
        WRITE(S3_0_C2_C2_2, random64());
        WRITE(S3_0_C2_C2_3, random64());
        WRITE(S3_0_C2_C3_0, random64());
        WRITE(S3_0_C2_C3_1, random64());
        for (unsigned i = 0; i < 4; i++)
            if (r >> (32 + i) & 7)
                sctlr |= enable[i];
        if (sctlr == 0x30d00800)
            sctlr |= enable[0]; /* QEMU skips XPAC, too, when no key is on */
        tcr = t0sz | t1sz << 16;
        /* TBI of both ranges alike: only then do QEMU and the manual agree which bit AddPAC extends */
        if (both & 1)
            tcr |= UINT64_C(3) << 37;
        if (both & 2)
            tcr |= UINT64_C(3) << 51;
        WRITE(tcr_el1, tcr);
        WRITE(sctlr_el1, sctlr);
        if (fpac || (r >> 5 & 7)) { /* mostly an address of the range, maybe with a tag */
            unsigned bits = 64 - (upper ? t1sz : t0sz);

            ptr &= (UINT64_C(1) << bits) - 1;
            if (upper)
                ptr |= ~((UINT64_C(1) << bits) - 1);
            if ((both & 1) && !(fpac && (both & 2)) && (r >> 40 & 1))
                ptr = (ptr & ~(UINT64_C(255) << 56)) | (r >> 48 & 255) << 56;
        }
        /* Without tags AddPAC takes the range of bit 63 (CalculateBottomPACBit(selbit)), QEMU that of bit 55.
         */
        if (!(both & 1) || (both & 2))
            ptr = (ptr & ~(UINT64_C(1) << 63)) | (ptr >> 55 & 1) << 63;
        put(t);
        signed_ptr = sign[k](ptr, mod);
        put(signed_ptr);
        put(check[k](signed_ptr, mod));
        if (!fpac) {
            put(check[k](signed_ptr ^ UINT64_C(1) << (r >> 58), mod));
            put(check[(k + 1) & 3](signed_ptr, mod));
        }
        for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            if (!fpac || (others[i] != autdzb && others[i] != autib1716 && others[i] != autiaz))
                put(others[i](ptr, mod));
        end_line();
    }
}

/* ---- branch target identification ---- */

static uint64_t table[512] __attribute__((aligned(4096)));

static void bti_trials(void)
{
    /* device memory with the UART; RAM; RAM on guarded pages; RAM for EL0, plain and guarded */
    table[0] = UINT64_C(0x0) | 0x401 | UINT64_C(3) << 53;
    table[1] = UINT64_C(0x40000000) | 0x705;
    table[2] = UINT64_C(0x40000000) | 0x705 | UINT64_C(1) << 50;
    table[3] = UINT64_C(0x40000000) | 0x745;
    table[4] = UINT64_C(0x40000000) | 0x745 | UINT64_C(1) << 50;
    WRITE(mair_el1, 0xff00);
    WRITE(tcr_el1, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32);
    WRITE(ttbr0_el1, (uint64_t)table);
    for (unsigned bt = 0; bt < 4; bt++) {
        WRITE(sctlr_el1, 0x30d01805 | (uint64_t)bt << 35);
        for (unsigned el = 0; el < 2; el++) {
            for (unsigned guards = 0; guards < 4; guards++) {
                uint64_t base = el ? 0 : 2 * GUARDED;
                uint64_t from = base + (guards & 1 ? GUARDED : 0), to = base + (guards & 2 ? GUARDED : 0);

                for (unsigned b = 0; b < 11; b++) {
                    for (unsigned l = 0; l < 13; l++) {
                        uint64_t at = (uint64_t)(landings + 4 * l) + to, esr, spsr, btype, ec;

                        if (b == 10 &&
                            (l || from != to)) /* the direct branch has one target, on its own page */
                            continue;
                        launch(el ? 0x3c5 : 0x3c0, (uint64_t)(branches + b) + from, at, 0);
                        esr = READ(esr_el1);
                        spsr = READ(spsr_el1);
                        ec = esr >> 26;
                        btype = spsr >> 10 & 3;
                        if (ec != 0x0d && ec != 0x3c) /* otherwise the manual leaves it open */
                            btype = 0;
                        put(bt << 24 | el << 20 | guards << 16 | b << 8 | l);
                        put(esr);
                        put(READ(elr_el1) - at);
                        put(btype);
                        end_line();
                    }
                }
                /* a return that restores BTYPE */
                for (unsigned type = 0; type < 4; type++) {
                    for (unsigned l = 0; l < 13; l++) {
                        uint64_t at = (uint64_t)(landings + 4 * l) + to, esr;

                        launch((el ? 0x3c5 : 0x3c0) | type << 10, at, at, 0);
                        esr = READ(esr_el1);
                        put(bt << 24 | el << 20 | guards << 16 | (16 + type) << 8 | l);
                        put(esr);
                        put(READ(elr_el1) - at);
                        put(esr >> 26 == 0x0d ? READ(spsr_el1) >> 10 & 3 : 0);
                        end_line();
                    }
                }
            }
        }
    }
    WRITE(sctlr_el1, 0x30d00800);
}

int main(void)
{
    pac_trials();
    bti_trials();
    return 0;
}
