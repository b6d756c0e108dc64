/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL3 oracle, guest side: random SCR_EL3, CPTR_EL3, MDCR_EL3, HCR_EL2 and more, then one instruction at EL0
 * to EL3, secure or not: registers, SVC, HVC, SMC, BRK, ERET with all modes, WFI that is trapped, FP, AT,
 * TLBI. Prints one line per trial: the syndromes of each level, SPSR_EL3 and where the return address points.
 * The same image runs in QEMU and in a PE of ours; the outputs must be equal. Bare metal, no library.
 */
typedef unsigned long u64;
typedef unsigned int u32;

void launch(u64 scr, u64 spsr, u64 elr, u64 value);
void set_slot(u32 insn);
extern char slot[];

#define UART                         ((volatile u32 *)0x09000000)
#define TRIALS                       15000
#define ENC(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define BIT(n)                       (1ul << (n))

#define READ(reg)                                     \
    ({                                                \
        u64 v_;                                       \
        __asm__ volatile("mrs %0, " #reg : "=r"(v_)); \
        v_;                                           \
    })
#define WRITE(reg, v) __asm__ volatile("msr " #reg ", %0" ::"r"((u64)(v)))

static u64 rng = 0x2545f4914f6cdd1d;

static u64 rnd(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng * 0x9e3779b97f4a7c15;
}

static unsigned below(unsigned n)
{
    return (unsigned)(rnd() >> 33) % n;
}

static void put(char c)
{
    *UART = (u32)c;
}

static void hex(u64 v)
{
    int i = 60;

    while (i && !(v >> i))
        i -= 4;
    for (; i >= 0; i -= 4)
        put("0123456789abcdef"[v >> i & 15]);
    put(' ');
}

/* Registers that both sides have; reads only of what the way back needs. */
static const struct {
    unsigned short enc, read_only;
} regs[] = {
    {ENC(3, 6, 1, 0, 0), 1},  {ENC(3, 6, 1, 1, 0), 1},  {ENC(3, 6, 1, 1, 2), 1},  {ENC(3, 6, 1, 3, 1), 0},
    {ENC(3, 6, 2, 0, 0), 0},  {ENC(3, 6, 2, 0, 2), 0},  {ENC(3, 6, 4, 0, 0), 0},  {ENC(3, 6, 4, 0, 1), 0},
    {ENC(3, 6, 4, 1, 0), 0},  {ENC(3, 6, 5, 2, 0), 1},  {ENC(3, 6, 6, 0, 0), 0},  {ENC(3, 6, 10, 2, 0), 0},
    {ENC(3, 6, 12, 0, 0), 1}, {ENC(3, 6, 13, 0, 2), 0}, {ENC(3, 7, 14, 2, 1), 0}, {ENC(3, 7, 14, 2, 2), 0},
    {ENC(3, 4, 1, 0, 0), 1},  {ENC(3, 4, 1, 1, 0), 1},  {ENC(3, 4, 1, 1, 1), 0},  {ENC(3, 4, 1, 1, 2), 1},
    {ENC(3, 4, 2, 0, 0), 0},  {ENC(3, 4, 2, 1, 0), 0},  {ENC(3, 4, 2, 1, 2), 0},  {ENC(3, 4, 4, 0, 0), 0},
    {ENC(3, 4, 4, 0, 1), 0},  {ENC(3, 4, 4, 1, 0), 0},  {ENC(3, 4, 5, 2, 0), 1},  {ENC(3, 4, 6, 0, 4), 0},
    {ENC(3, 4, 12, 0, 0), 1}, {ENC(3, 4, 13, 0, 2), 0}, {ENC(3, 4, 14, 0, 3), 0}, {ENC(3, 4, 14, 2, 1), 0},
    {ENC(3, 0, 1, 0, 0), 1},  {ENC(3, 0, 1, 0, 2), 1},  {ENC(3, 0, 2, 0, 0), 0},  {ENC(3, 0, 4, 0, 1), 0},
    {ENC(3, 0, 5, 2, 0), 1},  {ENC(3, 0, 7, 4, 0), 0},  {ENC(3, 0, 12, 1, 0), 1}, {ENC(3, 0, 0, 0, 0), 1},
    {ENC(3, 0, 0, 4, 0), 1},  {ENC(3, 3, 9, 12, 0), 0}, {ENC(3, 3, 9, 13, 0), 0}, {ENC(3, 3, 9, 12, 1), 0},
    {ENC(2, 0, 0, 2, 2), 0},  {ENC(2, 0, 0, 0, 4), 0},  {ENC(2, 0, 1, 1, 4), 1},  {ENC(3, 3, 14, 0, 0), 1},
    {ENC(3, 3, 14, 2, 1), 0}, {ENC(3, 3, 4, 4, 0), 0},
};
/* FEAT_LOR, FEAT_RAS: asked of cores that have them. */
static const unsigned short regs_v82[] = {
    ENC(3, 0, 10, 4, 3),
    ENC(3, 0, 10, 4, 7),
    ENC(3, 0, 5, 3, 0),
    ENC(3, 0, 12, 1, 1),
};

/* What EL3 lets EL2 (and EL1) use by bits of SCR_EL3: asked of cores that have it. */
enum {
    HAS_HCX = 1,
    HAS_FGT = 2,
    HAS_ECV = 4,
    HAS_PAUTH = 8,
    HAS_SCXT = 16,
    HAS_SEL2 = 32,
};
static const struct {
    unsigned short enc, needs;
} regs_later[] = {
    {ENC(3, 4, 1, 2, 2), HAS_HCX},   {ENC(3, 4, 1, 1, 4), HAS_FGT},   {ENC(3, 4, 1, 1, 5), HAS_FGT},
    {ENC(3, 4, 1, 1, 6), HAS_FGT},   {ENC(3, 4, 3, 1, 4), HAS_FGT},   {ENC(3, 4, 3, 1, 5), HAS_FGT},
    {ENC(3, 4, 14, 0, 6), HAS_ECV},  {ENC(3, 3, 14, 0, 5), HAS_ECV},  {ENC(3, 0, 2, 1, 0), HAS_PAUTH},
    {ENC(3, 0, 2, 2, 3), HAS_PAUTH}, {ENC(3, 0, 2, 3, 1), HAS_PAUTH}, {ENC(3, 3, 13, 0, 7), HAS_SCXT},
    {ENC(3, 4, 2, 6, 0), HAS_SEL2},  {ENC(3, 4, 2, 6, 2), HAS_SEL2},  {ENC(3, 4, 14, 4, 1), HAS_SEL2},
    {ENC(3, 4, 14, 5, 1), HAS_SEL2}, {ENC(3, 4, 14, 5, 2), HAS_SEL2}, {ENC(3, 0, 13, 0, 7), HAS_SCXT},
    {ENC(3, 4, 13, 0, 7), HAS_SCXT}, {ENC(3, 6, 13, 0, 7), HAS_SCXT},
};

static const unsigned short sys[] = {
    ENC(1, 0, 7, 8, 0), ENC(1, 4, 7, 8, 0), ENC(1, 4, 7, 8, 4), ENC(1, 6, 7, 8, 0), ENC(1, 0, 8, 7, 0),
    ENC(1, 4, 8, 7, 0), ENC(1, 4, 8, 7, 4), ENC(1, 4, 8, 7, 6), ENC(1, 4, 8, 7, 1), ENC(1, 6, 8, 7, 0),
    ENC(1, 6, 8, 7, 1), ENC(1, 0, 7, 6, 2), ENC(1, 0, 7, 5, 0),
};

#define SVC  0xd4000001
#define HVC  0xd4000042
#define SMC  0xd4000063
#define BRK  0xd4200020
#define ERET 0xd69f03e0
#define WFI  0xd503207f
#define FADD 0x1e602800
/* pacia x0, x1; pacdb x0, x1; pacga x0, x1, x1; xpaci x0 */
static const u32 pauth[] = {0xdac10020, 0xdac10c20, 0x9ac13020, 0xdac143e0};
static const u32 other[] = {SVC, HVC, SMC, BRK, ERET, ERET, ERET, WFI, FADD, SMC, HVC, 0};

/* Modes that SPSR_ELx can name: AArch64's, with the reserved ones. */
static u64 pick_spsr(void)
{
    return below(16) | 0x3c0;
}

static void run(unsigned n, int v82, int vhe, unsigned has)
{
    unsigned el = below(4);
    u64 sparse = rnd() & 1 ? ~0ul : rnd() & rnd(), value = (u64)slot, esr3, spsr;
    u64 scr = 0x430 | BIT(0) * below(2) | (rnd() & (BIT(3) | BIT(7) | BIT(8) | BIT(11) | BIT(12) | BIT(13))),
        hcr = BIT(31) | (rnd() & sparse & (BIT(13) | BIT(14) | BIT(19) | BIT(26) | BIT(30) | BIT(27)));
    u32 insn;

    switch (below(4)) {
    case 0:
        insn = other[below(sizeof(other) / sizeof(other[0]))];
        break;
    case 1:
        insn = 0xd5000003 | (u32)sys[below(sizeof(sys) / sizeof(sys[0]))] << 5;
        break;
    default: {
        unsigned r = below(sizeof(regs) / sizeof(regs[0]));

        insn = (regs[r].read_only || below(2) ? 0xd5200003 : 0xd5000003) | (u32)regs[r].enc << 5;
        if (v82 && below(8) == 0)
            insn = 0xd5200003 | (u32)regs_v82[below(sizeof(regs_v82) / sizeof(regs_v82[0]))] << 5;
        if (has && below(4) == 0) {
            unsigned i = below(sizeof(regs_later) / sizeof(regs_later[0]));

            if (regs_later[i].needs & has)
                insn = (below(2) ? 0xd5200003 : 0xd5000003) | (u32)regs_later[i].enc << 5;
        }
        if (!(insn & 0x00200000))
            value = 0;
    }
    }
    if ((has & HAS_PAUTH) && below(12) == 0)
        insn = pauth[below(sizeof(pauth) / sizeof(pauth[0]))];
    if (insn == WFI) { /* one that waits would not come back */
        scr |= BIT(12);
        if (el == 3)
            el = 2;
    }
    if (v82)
        scr |= rnd() & (BIT(14) | BIT(15));
    if (has & HAS_PAUTH) {
        scr |= rnd() & (BIT(16) | BIT(17));
        hcr |= (rnd() | rnd()) & (BIT(40) | BIT(41));
    }
    if (has & HAS_SCXT) {
        scr |= rnd() & BIT(25);
        hcr |= (rnd() | rnd()) & BIT(53);
    }
    scr |= rnd() &
           ((has & HAS_FGT ? BIT(27) : 0) | (has & HAS_ECV ? BIT(28) : 0) | (has & HAS_HCX ? BIT(38) : 0));
    if (vhe && below(3) == 0)
        hcr |= BIT(34);
    if (el == 1)
        hcr &= ~BIT(27);
    if (has & HAS_SEL2 && below(2))
        scr |= BIT(18);
    if (el == 2 && !(scr & BIT(18)))
        scr |= BIT(0); /* there is no secure EL2 */
    spsr = 0x3c0 | el << 2 | (el != 0);
    if (insn == ERET && el == 3) { /* the launch is one from EL3 */
        insn = SVC;
        spsr = pick_spsr();
    }
    set_slot(insn);
    WRITE(hcr_el2, hcr);
    WRITE(cptr_el2, hcr & BIT(34) ? rnd() & (3ul << 20) : 0x33ff & ~(rnd() & BIT(10)));
    WRITE(cptr_el3, BIT(31) | (below(4) ? 0 : BIT(10)));
    WRITE(cpacr_el1, rnd() & (3ul << 20));
    WRITE(mdcr_el2, 4);
    WRITE(mdcr_el3, rnd() & sparse & (BIT(6) | BIT(9) | BIT(10)));
    WRITE(mdscr_el1, 0);
    WRITE(pmuserenr_el0, rnd() & 15);
    WRITE(sctlr_el1, 0x30d00800 | (rnd() & (BIT(16) | BIT(18) | (has & HAS_PAUTH ? BIT(31) | BIT(13) : 0))));
    WRITE(sctlr_el2, 0x30c50830 | (rnd() & (BIT(16) | BIT(18) | (has & HAS_PAUTH ? BIT(31) | BIT(13) : 0))));
    if (has & HAS_FGT) { /* MIDR_EL1 and SCTLR_EL1 read, TTBR0_EL1 written */
        WRITE(S3_4_C1_C1_4, rnd() & (BIT(25) | BIT(29)));
        WRITE(S3_4_C1_C1_5, rnd() & BIT(36));
    }
    WRITE(cnthctl_el2, hcr & BIT(34) ? 0xc03 : 3);
    WRITE(cntkctl_el1, 0x303);
    WRITE(spsr_el1, pick_spsr());
    WRITE(elr_el1, (u64)slot + 8);
    WRITE(spsr_el2, pick_spsr());
    WRITE(elr_el2, (u64)slot + 8);
    WRITE(esr_el1, 0);
    WRITE(esr_el2, 0);
    WRITE(cntps_ctl_el1, 0);
    WRITE(cnthp_ctl_el2, 0);
    launch(scr, spsr, (u64)slot, value);
    esr3 = READ(esr_el3);
    hex(n);
    hex(el);
    hex(insn);
    hex(scr);
    hex(hcr);
    hex(esr3);
    hex(READ(spsr_el3) & (BIT(20) | 0x1f));
    hex(READ(elr_el3) - (u64)slot < 64 ? READ(elr_el3) - (u64)slot : 0xff);
    hex(READ(esr_el2));
    hex(READ(esr_el1));
    hex((READ(sctlr_el1) >> 16 & 1) | (READ(sctlr_el2) >> 15 & 2)); /* nTWI of both */
    put('\n');
    WRITE(scr_el3, 0x531);
    WRITE(mdcr_el3, 0);
    __asm__ volatile("isb");
}

void main(void)
{
    u64 pfr0 = READ(id_aa64pfr0_el1), mmfr0 = READ(id_aa64mmfr0_el1), mmfr1 = READ(id_aa64mmfr1_el1);
    int vhe = mmfr1 >> 8 & 1, v82 = (pfr0 >> 28 & 15) != 0;
    unsigned has = (mmfr1 >> 40 & 15 ? HAS_HCX : 0) | (mmfr0 >> 56 & 15 ? HAS_FGT : 0) |
                   ((mmfr0 >> 60 & 15) > 1 ? HAS_ECV : 0) |
                   (READ(id_aa64isar1_el1) >> 4 & 0xff ? HAS_PAUTH : 0) |
                   ((pfr0 >> 56 & 15) > 1 ? HAS_SCXT : 0) | (pfr0 >> 36 & 15 ? HAS_SEL2 : 0);

    WRITE(scr_el3, 0x531);
    __asm__ volatile("isb");
    for (unsigned n = 0; n < TRIALS; n++)
        run(n, v82, vhe, has);
    put('E');
    put('N');
    put('D');
    put('\n');
    {
        static const u64 block[2] = {0x20026, 0}; /* semihosting: SYS_EXIT */
        register u64 x0 __asm__("x0") = 0x18, x1 __asm__("x1") = (u64)block;

        __asm__ volatile("hlt #0xf000" ::"r"(x0), "r"(x1) : "memory");
    }
}
