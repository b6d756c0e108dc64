/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trap oracle, guest side: random trap controls, then one system-register access or system instruction at
 * EL0, EL1 or EL2, thousands of times. Prints one line per trial: where it ended and with which syndrome. The
 * same image runs in QEMU and in a PE of ours; the outputs must be equal. Bare metal, no library.
 */
typedef unsigned long u64;
typedef unsigned int u32;

void launch(u64 hcr, u64 spsr, u64 elr, u64 value);
void set_slot(u32 insn);
extern char slot[];

#define UART                         ((volatile u32 *)0x09000000)
#define N                            20000
#define ENC(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define BIT(n)                       (1ul << (n))

#define READ(enc)                                     \
    ({                                                \
        u64 v_;                                       \
        __asm__ volatile("mrs %0, " #enc : "=r"(v_)); \
        v_;                                           \
    })
#define WRITE(enc, v) __asm__ volatile("msr " #enc ", %0" ::"r"((u64)(v)))

static u64 rng = 0x9e3779b97f4a7c15;

static u64 rnd(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}

static void put(char c)
{
    *UART = (u32)c;
}

static void hex(u64 v, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        put("0123456789abcdef"[v >> (4 * i) & 15]);
    put(' ');
}

/*
 * Registers of Armv8.0 that both sides have. Left out: VBAR and SPSel (the way back), SP_EL0, GIC registers,
 * debug registers that QEMU 7.2 lacks, implementation-defined ones.
 */
static const unsigned short regs[] = {
    ENC(2, 0, 0, 0, 4),  ENC(2, 0, 0, 0, 5),  ENC(2, 0, 0, 0, 6),   ENC(2, 0, 0, 0, 7),   ENC(2, 0, 0, 2, 2),
    ENC(2, 0, 1, 0, 0),  ENC(2, 0, 1, 1, 4),  ENC(2, 0, 1, 3, 4),   ENC(3, 0, 0, 0, 0),   ENC(3, 0, 0, 0, 5),
    ENC(3, 0, 0, 0, 6),  ENC(3, 0, 0, 1, 0),  ENC(3, 0, 0, 2, 3),   ENC(3, 0, 0, 4, 0),   ENC(3, 0, 0, 5, 0),
    ENC(3, 0, 0, 7, 1),  ENC(3, 0, 0, 6, 7),  ENC(3, 0, 1, 0, 0),   ENC(3, 0, 1, 0, 1),   ENC(3, 0, 1, 0, 2),
    ENC(3, 0, 2, 0, 0),  ENC(3, 0, 2, 0, 1),  ENC(3, 0, 2, 0, 2),   ENC(3, 0, 4, 0, 0),   ENC(3, 0, 4, 0, 1),
    ENC(3, 0, 5, 1, 0),  ENC(3, 0, 5, 1, 1),  ENC(3, 0, 5, 2, 0),   ENC(3, 0, 6, 0, 0),   ENC(3, 0, 7, 4, 0),
    ENC(3, 0, 9, 14, 1), ENC(3, 0, 9, 14, 2), ENC(3, 0, 10, 2, 0),  ENC(3, 0, 10, 3, 0),  ENC(3, 0, 12, 1, 0),
    ENC(3, 0, 13, 0, 1), ENC(3, 0, 13, 0, 4), ENC(3, 0, 14, 1, 0),  ENC(3, 1, 0, 0, 0),   ENC(3, 1, 0, 0, 1),
    ENC(3, 1, 0, 0, 7),  ENC(3, 2, 0, 0, 0),  ENC(3, 3, 0, 0, 1),   ENC(3, 3, 0, 0, 7),   ENC(3, 3, 4, 2, 0),
    ENC(3, 3, 4, 2, 1),  ENC(3, 3, 4, 4, 0),  ENC(3, 3, 4, 4, 1),   ENC(3, 3, 9, 12, 0),  ENC(3, 3, 9, 12, 1),
    ENC(3, 3, 9, 12, 2), ENC(3, 3, 9, 12, 3), ENC(3, 3, 9, 12, 4),  ENC(3, 3, 9, 12, 5),  ENC(3, 3, 9, 12, 6),
    ENC(3, 3, 9, 13, 0), ENC(3, 3, 9, 13, 1), ENC(3, 3, 9, 13, 2),  ENC(3, 3, 9, 14, 0),  ENC(3, 3, 9, 14, 3),
    ENC(3, 3, 13, 0, 2), ENC(3, 3, 13, 0, 3), ENC(3, 3, 14, 0, 0),  ENC(3, 3, 14, 0, 1),  ENC(3, 3, 14, 0, 2),
    ENC(3, 3, 14, 2, 0), ENC(3, 3, 14, 2, 1), ENC(3, 3, 14, 2, 2),  ENC(3, 3, 14, 3, 0),  ENC(3, 3, 14, 3, 1),
    ENC(3, 3, 14, 3, 2), ENC(3, 3, 14, 8, 0), ENC(3, 3, 14, 12, 1), ENC(3, 3, 14, 15, 7), ENC(3, 4, 0, 0, 0),
    ENC(3, 4, 0, 0, 5),  ENC(3, 4, 1, 0, 1),  ENC(3, 4, 1, 1, 0),   ENC(3, 4, 1, 1, 1),   ENC(3, 4, 1, 1, 2),
    ENC(3, 4, 1, 1, 3),  ENC(3, 4, 2, 0, 0),  ENC(3, 4, 2, 0, 2),   ENC(3, 4, 2, 1, 0),   ENC(3, 4, 2, 1, 2),
    ENC(3, 4, 4, 0, 0),  ENC(3, 4, 4, 0, 1),  ENC(3, 4, 4, 1, 0),   ENC(3, 4, 5, 1, 0),   ENC(3, 4, 5, 2, 0),
    ENC(3, 4, 6, 0, 0),  ENC(3, 4, 6, 0, 4),  ENC(3, 4, 10, 2, 0),  ENC(3, 4, 13, 0, 2),  ENC(3, 4, 14, 0, 3),
    ENC(3, 4, 14, 1, 0), ENC(3, 4, 14, 2, 0), ENC(3, 4, 14, 2, 1),  ENC(3, 4, 14, 2, 2),  ENC(3, 6, 1, 0, 0),
    ENC(3, 6, 1, 1, 0),  ENC(3, 7, 14, 2, 1), ENC(3, 0, 1, 7, 7),   ENC(3, 3, 15, 15, 7),
};

/* System instructions; by address they get that of RAM. */
static const unsigned short sys[] = {
    ENC(1, 0, 7, 1, 0),  ENC(1, 0, 7, 5, 0),  ENC(1, 0, 7, 6, 1),  ENC(1, 0, 7, 6, 2), ENC(1, 0, 7, 8, 0),
    ENC(1, 0, 7, 8, 3),  ENC(1, 0, 7, 10, 2), ENC(1, 0, 7, 14, 2), ENC(1, 0, 8, 3, 0), ENC(1, 0, 8, 3, 1),
    ENC(1, 0, 8, 3, 2),  ENC(1, 0, 8, 7, 0),  ENC(1, 0, 8, 7, 5),  ENC(1, 3, 7, 5, 1), ENC(1, 3, 7, 10, 1),
    ENC(1, 3, 7, 11, 1), ENC(1, 3, 7, 14, 1), ENC(1, 4, 7, 8, 0),  ENC(1, 4, 7, 8, 4), ENC(1, 4, 8, 0, 1),
    ENC(1, 4, 8, 3, 0),  ENC(1, 4, 8, 3, 4),  ENC(1, 4, 8, 7, 1),  ENC(1, 4, 8, 7, 6), ENC(1, 6, 8, 7, 0),
    ENC(1, 0, 7, 0, 7),
};

/* Others: SVC, HVC #2, WFI that must not wait is left out, FP, BRK, ERET, MSR DAIFSet, undefined. */
static const u32 other[] = {
    0xd4000001, 0xd4000042, 0x1e602800, 0x4ea08400, 0xd4200020, 0xd50341df, 0xd50342ff,
    0x00000000, 0xd500419f, 0xd4a00001, 0xd5033fdf, 0xd5033f9f, 0xd50320df, 0x9e670000,
};

/* HCR_EL2: TID1-3, TSC, TIDCP, TACR, TSW, TPCP, TPU, TTLB, TVM, TGE, TDZ, TRVM. */
#define HCR_RANDOM (0x7ul << 16 | 0x1fful << 20 | BIT(28) | BIT(30))
#define E2H        BIT(34)
#define TGE        BIT(27)

static u32 choose(void)
{
    unsigned k = (unsigned)(rnd() % 8);

    if (k < 5) {
        u32 enc = regs[rnd() % (sizeof(regs) / sizeof(regs[0]))];

        return (rnd() & 1 ? 0xd5200003 : 0xd5000003) | enc << 5;
    }
    if (k < 7)
        return 0xd5000003 | (u32)sys[rnd() % (sizeof(sys) / sizeof(sys[0]))] << 5;
    return other[rnd() % (sizeof(other) / sizeof(other[0]))];
}

void main(void)
{
    int vhe = READ(id_aa64mmfr1_el1) >> 8 & 1;

    for (unsigned n = 0; n < N; n++) {
        unsigned el = (unsigned)(rnd() % 3);
        u64 sparse = rnd() & 1 ? ~0ul : rnd() & rnd();
        u64 hcr = BIT(31) | (rnd() & sparse & HCR_RANDOM) | (vhe && rnd() & 1 ? E2H : 0), cptr, esr2, spsr2,
            elr2;
        u32 insn = choose();
        u64 value = insn >> 19 == 0xd5080000u >> 19 ? (u64)slot : 0;

        if (el == 1)
            hcr &= ~TGE;
        set_slot(insn);
        WRITE(sctlr_el1, 0x30d00800 | (rnd() & (BIT(9) | BIT(14) | BIT(15) | BIT(26))));
        WRITE(sctlr_el2, 0x30c50830 | (rnd() & (BIT(9) | BIT(14) | BIT(15) | BIT(26))));
        WRITE(cpacr_el1, rnd() & (3ul << 20));
        WRITE(cnthctl_el2, rnd() & (hcr & E2H ? 0xf03 : 3));
        WRITE(cntkctl_el1, rnd() & 0x303);
        WRITE(pmuserenr_el0, rnd() & 15);
        WRITE(pmselr_el0, 0);
        WRITE(mdscr_el1, rnd() & BIT(12));
        WRITE(mdcr_el2, (rnd() & sparse & 0xe60) | 4);
        WRITE(cnthp_ctl_el2, 0);
        WRITE(cntp_ctl_el0, 0);
        WRITE(cntv_ctl_el0, 0);
        WRITE(esr_el1, 0);
        cptr = hcr & E2H ? rnd() & (BIT(31) & sparse) : (rnd() & sparse & (BIT(31) | BIT(10))) | 0x33ff;
        if (hcr & E2H)
            cptr |= rnd() & (3ul << 20);
        WRITE(cptr_el2, 0x33ff & ~BIT(10));
        WRITE(cptr_el2, cptr);
        launch(hcr, 0x3c0 | el << 2 | (el != 0), (u64)slot, value);
        WRITE(cptr_el2, 0x33ff & ~BIT(10));
        esr2 = READ(esr_el2);
        spsr2 = READ(spsr_el2);
        elr2 = READ(elr_el2);
        hex(n, 4);
        hex(el, 1);
        hex(insn, 8);
        hex(hcr, 9);
        hex(esr2, 8);
        hex(spsr2 >> 28 << 28 | (spsr2 & 0x1f), 8);
        hex(elr2 - (u64)slot < 64 ? elr2 - (u64)slot : 0xff, 2);
        hex(esr2 == 0x5a000003 ? READ(esr_el1) : 0, 8);
        put('\n');
    }
    put('E');
    put('N');
    put('D');
    put('\n');
    /* PSCI SYSTEM_OFF by SMC, the conduit of a board that enters at EL2. */
    __asm__ volatile("mov w0, %w0\n smc #0" ::"r"(0x84000008) : "x0", "x1", "x2", "x3");
}
