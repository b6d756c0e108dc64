/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trap matrix, guest side. Every encoding of MRS, MSR, SYS and SYSL (op0 1 to 3) is executed at EL0, EL1,
 * EL2, and EL3 where there is one, under E2H off and on and for a host, first with every control permissive
 * and then with each bit of each control turned over. Prints an access's outcome, and under which controls it
 * differs: the same image runs here and in QEMU, and compare.py holds one output against the other. What is
 * tried depends on the configuration and the encoding only, never on an outcome. Bare metal, no library.
 */
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned short u16;

extern u64 el3_syndrome[2], at_el3_flag, scr_el3_base;
void launch(u64 hcr, u64 spsr, u64 elr, u64 value, u64 *x3);
extern struct {
    u64 seed;
    u16 encodings, controls; /* 1 in 2^n of them */
    u16 pairs, wanted;       /* pairs of controls per access; wanted: an encoding, all else is left out */
    u16 part, parts;         /* of the encodings, one of so many random parts */
    u16 first, spare;        /* register of the first control tried */
} config;

#define UART   ((volatile u32 *)0x09000000)
#define BIT(n) (1ul << (n))

#define READ_(enc)                                    \
    ({                                                \
        u64 v_;                                       \
        __asm__ volatile("mrs %0, " #enc : "=r"(v_)); \
        v_;                                           \
    })
#define WRITE_(enc, v) __asm__ volatile("msr " #enc ", %0" ::"r"((u64)(v)))
#define READ(enc)      READ_(enc)
#define WRITE(enc, v)  WRITE_(enc, v)

#define ICH_HCR_EL2 S3_4_C12_C11_0
#define HCRX_EL2    S3_4_C1_C2_2
#define HFGRTR_EL2  S3_4_C1_C1_4
#define HFGWTR_EL2  S3_4_C1_C1_5
#define HFGITR_EL2  S3_4_C1_C1_6
#define HDFGRTR_EL2 S3_4_C3_C1_4
#define HDFGWTR_EL2 S3_4_C3_C1_5
#define HAFGRTR_EL2 S3_4_C3_C1_6
#define VNCR_EL2    S3_4_C2_C2_0
#define ICC_SRE_EL2 S3_4_C12_C9_5
#define ICC_SRE_EL1 S3_0_C12_C12_5

/* ---- text ---- */

static void put(char c)
{
    *UART = (u32)c;
}

static void hex(u64 v, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        put("0123456789abcdef"[v >> (4 * i) & 15]);
}

static u64 mix(u64 v)
{
    v ^= v >> 33;
    v *= 0xff51afd7ed558ccd;
    v ^= v >> 33;
    v *= 0xc4ceb9fe1a85ec53;
    return v ^ v >> 33;
}

/* ---- the instructions: slot [direction][op0 - 1, op1, CRn, CRm, op2], each followed by HVC #1 ---- */

#define ENCODINGS (3u << 14)
static u32 slots[2][ENCODINGS][2] __attribute__((aligned(4096)));
static u64 page[512] __attribute__((aligned(4096)));
static u64 scratch[64] __attribute__((aligned(4096)));

static void make_slots(void)
{
    for (u32 read = 0; read < 2; read++) {
        for (u32 enc = 0; enc < ENCODINGS; enc++) {
            slots[read][enc][0] = 0xd5000003 | read << 21 | (enc + (1u << 14)) << 5;
            slots[read][enc][1] = 0xd4000022;
        }
    }
    for (u64 a = (u64)slots; a < (u64)slots + sizeof(slots); a += 16)
        __asm__ volatile("dc cvau, %0" ::"r"(a));
    __asm__ volatile("dsb ish\n ic iallu\n dsb ish\n isb");
}

/* ---- controls: a register's permissive value, and which of its bits are turned over one by one ---- */

enum reg {
    HCR,
    HCRX,
    CPTR,
    CPACR,
    MDCR,
    HSTR,
    CNTHCTL,
    CNTKCTL,
    MDSCR,
    PMUSERENR,
    SCTLR1,
    SCTLR2,
    ICH,
    HFGR,
    HFGW,
    HFGI,
    HDFGR,
    HDFGW,
    HAFG,
    SCR3, /* and on: EL3's, which SMC #7 writes */
    CPTR3,
    MDCR3,
    REGS,
};
enum mode {
    E2H0,
    E2H1,
    HOST,
    MODES,
};

#define HCR_RW  BIT(31)
#define HCR_E2H BIT(34)
#define HCR_TGE BIT(27)
#define HCR_NV  BIT(42)
#define HCR_NV1 BIT(43)
#define HCR_NV2 BIT(45)
/* Left out: VM and DC (stage 2 without tables), VI, VF, VSE, TGE (a mode), HCD (the way back), RW, E2H (a
 * mode). */
#define HCR_BITS (~(BIT(0) | BIT(12) | BIT(6) | BIT(7) | BIT(8) | HCR_TGE | BIT(29) | HCR_RW | HCR_E2H))

static const u64 turned[REGS] = {
    [HCR] = HCR_BITS,
    [HCRX] = 0xffff,
    [CPTR] = 0xffffffff,
    [CPACR] = 0xffff0000,
    [MDCR] = 0xffff7fff,
    [HSTR] = 0xffff,
    [CNTHCTL] = 0xfff03,
    [CNTKCTL] = 0x303,
    [MDSCR] = BIT(12),
    [PMUSERENR] = 0x1f,
    [SCTLR1] = BIT(9) | BIT(14) | BIT(15) | BIT(26),
    [SCTLR2] = BIT(9) | BIT(14) | BIT(15) | BIT(26),
    [ICH] = 0x7c00,
    [HFGR] = ~0ul,
    [HFGW] = ~0ul,
    [HFGI] = ~0ul,
    [HDFGR] = ~0ul,
    [HDFGW] = ~0ul,
    [HAFG] = ~0ul,
    /* IRQ, FIQ (which trap ICC registers), ST, TLOR, TERR, APK, API, FIEN, EnSCXT, FGTEn, ECVEn, HXEn: not
       what the way back needs */
    [SCR3] =
        BIT(11) | BIT(14) | BIT(15) | BIT(16) | BIT(17) | BIT(21) | BIT(25) | BIT(27) | BIT(28) | BIT(38),
    [CPTR3] = BIT(10) | BIT(20) | BIT(30) | BIT(31),
    [MDCR3] = 0xffffffff,
};
static u64 value[MODES][REGS], current[REGS];
static int has_hcx, has_fgt, has_amu, has_nv2, has_nv, n_counters;

static void write_control(enum reg r, u64 v)
{
    if (current[r] == v)
        return;
    current[r] = v;
    switch (r) {
    case HCR: /* by launch */
        break;
    case HCRX:
        if (has_hcx)
            WRITE(HCRX_EL2, v);
        break;
    case CPTR:
        WRITE(cptr_el2, v);
        break;
    case CPACR:
        WRITE(cpacr_el1, v);
        break;
    case MDCR:
        WRITE(mdcr_el2, v);
        break;
    case HSTR:
        WRITE(hstr_el2, v);
        break;
    case CNTHCTL:
        WRITE(cnthctl_el2, v);
        break;
    case CNTKCTL:
        WRITE(cntkctl_el1, v);
        break;
    case MDSCR:
        WRITE(mdscr_el1, v);
        break;
    case PMUSERENR:
        WRITE(pmuserenr_el0, v);
        break;
    case SCTLR1:
        WRITE(sctlr_el1, v);
        break;
    case SCTLR2:
        WRITE(sctlr_el2, v);
        break;
    case ICH:
        WRITE(ICH_HCR_EL2, v);
        break;
    case HFGR:
        if (has_fgt)
            WRITE(HFGRTR_EL2, v);
        break;
    case HFGW:
        if (has_fgt)
            WRITE(HFGWTR_EL2, v);
        break;
    case HFGI:
        if (has_fgt)
            WRITE(HFGITR_EL2, v);
        break;
    case HDFGR:
        if (has_fgt)
            WRITE(HDFGRTR_EL2, v);
        break;
    case HDFGW:
        if (has_fgt)
            WRITE(HDFGWTR_EL2, v);
        break;
    case HAFG:
        if (has_fgt && has_amu)
            WRITE(HAFGRTR_EL2, v);
        break;
    default:
        break;
    }
}

/* Last before a trial and first after it: they may trap what the harness does. */
static void write_el3(enum reg r, u64 v)
{
    register u64 x0 __asm__("x0") = r - SCR3, x1 __asm__("x1") = v;

    if (current[r] == v || !at_el3_flag)
        return;
    current[r] = v;
    __asm__ volatile("smc #7" ::"r"(x0), "r"(x1) : "x16", "x17", "memory");
}

static void set_values(void)
{
    for (unsigned m = 0; m < MODES; m++) {
        u64 *v = value[m];

        v[HCR] = HCR_RW | (m == E2H0 ? 0 : HCR_E2H) | (m == HOST ? HCR_TGE : 0);
        v[CPTR] = m == E2H0 ? 0x22ff : 3ul << 20 | 3ul << 16 | 3ul << 24;
        v[CPACR] = 3ul << 20 | 3ul << 16 | 3ul << 24;
        v[MDCR] = (u64)n_counters;
        v[CNTHCTL] = m == E2H0 ? 3 : 0xf03;
        v[CNTKCTL] = 0x303;
        v[SCR3] = scr_el3_base;
        v[PMUSERENR] = 0xf;
        v[SCTLR1] = 0x30d00800 | turned[SCTLR1];
        v[SCTLR2] = 0x30c50830 | turned[SCTLR2];
        /* Bits that trap when 0. */
        v[HFGR] = v[HFGW] = 0xfffc000000000000 & ~BIT(51);
        v[HFGI] = BIT(55) | BIT(56) | BIT(57) | BIT(58) | BIT(59);
        v[HDFGR] = v[HDFGW] = BIT(59) | BIT(60) | BIT(61) | BIT(62);
    }
}

/* A control is a register and one of its bits, reg << 6 | bit; or one of the combinations of NV bits. */
#define CONTROLS (REGS << 6)
static const u64 nv_combination[] = {HCR_NV | HCR_NV1, HCR_NV | HCR_NV2, HCR_NV | HCR_NV1 | HCR_NV2};
#define ALL_CONTROLS (CONTROLS + 3)

static int control_there(u32 k)
{
    if (k >= CONTROLS)
        return has_nv2;
    if (!(turned[k >> 6] >> (k & 63) & 1))
        return 0;
    switch (k >> 6) {
    case HCR: /* NV1 and NV2 without NV mean nothing or are not permitted */
        return (k != 42 || has_nv) && k != 43 && k != 45;
    case HCRX:
        return has_hcx;
    case HFGR:
    case HFGW:
    case HFGI:
    case HDFGR:
    case HDFGW:
        return has_fgt;
    case HAFG:
        return has_fgt && has_amu;
    case SCR3:
    case CPTR3:
    case MDCR3:
        return at_el3_flag != 0;
    }
    return 1;
}

static void turn(u64 v[REGS], u32 k)
{
    if (k >= CONTROLS)
        v[HCR] |= nv_combination[k - CONTROLS];
    else
        v[k >> 6] ^= BIT(k & 63);
}

/* ---- one access ---- */

#define PATTERN(i) (0x5a5a000000000000 | (u64)(i)*8)
#define OF_EL1     0xe1e1000000000000 /* ELR_EL1, SPSR_EL1, ESR_EL1, FAR_EL1 hold this and a number */

#define UNDEFINED 0x02000000 /* ESR */

static u64 read_value;

static void fill_page(void)
{
    for (u32 i = 0; i < 512; i++)
        page[i] = PATTERN(i);
}

/*
 * Outcome: bits 63:60: 0 done, 1 exception to EL1, 2 to EL2, 3 to EL3; 59:48 what was touched: the offset in
 * the VNCR_EL2 page, or 0x801 to 0x804 for ELR, SPSR, ESR, FAR of EL1 when it reads what they held; 31:0 ESR.
 */
static u64 attempt(u32 enc, u32 read, u32 el, const u64 v[REGS], u64 operand)
{
    u64 slot = (u64)slots[read][enc], esr, elr, touched = 0, kind;
    int nested = el == 1 && (v[HCR] & HCR_NV);

    for (u32 r = 0; r < SCR3; r++)
        write_control(r, v[r]);
    if (nested) {
        WRITE(elr_el1, OF_EL1 | 1);
        WRITE(far_el1, OF_EL1 | 4);
    }
    el3_syndrome[0] = 0;
    for (u32 r = SCR3; r < REGS; r++)
        write_el3(r, v[r]);
    launch(v[HCR], 0x3c0 | el << 2 | (el != 0), slot, operand, &read_value);
    for (u32 r = SCR3; r < REGS; r++)
        write_el3(r, value[E2H0][r]);
    esr = READ(esr_el2);
    elr = READ(elr_el2);
    if (el3_syndrome[0]) {
        kind = 3;
        esr = el3_syndrome[0];
        elr = el3_syndrome[1];
    } else if (esr == 0x5a000003) { /* from EL1's vectors */
        kind = 1;
        esr = READ(esr_el1);
        elr = READ(elr_el1);
    } else {
        kind = 2;
    }
    if (elr != slot) { /* the instruction behind was reached, which leaves its own exception */
        kind = 0;
        esr = 0;
    }
    if (nested && kind == 0) {
        if (read) {
            if (read_value >> 48 == 0x5a5a)
                touched = read_value & 0xfff;
            else if ((read_value & ~7ul) == OF_EL1)
                touched = 0x800 | (read_value & 7);
        } else {
            for (u32 i = 0; i < 512; i++) {
                if (page[i] != PATTERN(i)) {
                    touched = i * 8;
                    page[i] = PATTERN(i);
                }
            }
        }
    }
    return kind << 60 | touched << 48 | (esr & 0xffffffff);
}

static void print(u32 enc, u32 m, u32 el, u32 read, u32 a, u32 b, u64 outcome)
{
    hex(enc + (1u << 14), 4);
    put(' ');
    hex(m, 1);
    hex(el, 1);
    hex(read, 1);
    put(' ');
    hex(a, 3);
    hex(b, 3);
    put(' ');
    hex(outcome >> 48, 4);
    hex(outcome, 8);
    put('\n');
}

static void controls(u32 enc, u32 m, u32 el, u32 read, u64 operand, u64 base)
{
    u64 v[REGS], seed = mix(config.seed ^ mix((u64)enc << 16 | m << 8 | el << 4 | read)), outcome;

    for (u32 k = (u32)config.first << 6; k < ALL_CONTROLS; k++) {
        /* What is undefined without controls can be trapped by HCR_EL2 only. */
        if ((u32)base == UNDEFINED && k >= 64 && k < CONTROLS)
            continue;
        /* EL2's other controls do not reach EL3 */
        if (el == 3 && k >= 64 && k < (u32)SCR3 << 6)
            continue;
        if (!control_there(k) || mix(seed + k) & ((1u << config.controls) - 1))
            continue;
        __builtin_memcpy(v, value[m], sizeof(v));
        turn(v, k);
        outcome = attempt(enc, read, el, v, operand);
        if (outcome != base)
            print(enc, m, el, read, k, 0xfff, outcome);
    }
    for (u32 p = 0; p < config.pairs; p++) {
        u64 r = mix(seed ^ (p + 1) * 0x9e3779b97f4a7c15);
        u32 a = (u32)(r >> 8) % ALL_CONTROLS, b = (u32)(r >> 36) % ALL_CONTROLS;

        if (!control_there(a) || !control_there(b))
            continue;
        __builtin_memcpy(v, value[m], sizeof(v));
        turn(v, a);
        turn(v, b);
        outcome = attempt(enc, read, el, v, operand);
        if (outcome != base)
            print(enc, m, el, read, a, b, outcome);
    }
}

/* Not tried: writes that take away the way back. */
static int forbidden(u32 enc, u32 read)
{
    u32 full = enc + (1u << 14);

    return !read && full == (3u << 14 | 0 << 11 | 4 << 7 | 2 << 3 | 0); /* SPSel */
}

static void encoding(u32 enc)
{
    for (u32 m = 0; m < MODES; m++) {
        for (u32 el = 0; el < (at_el3_flag ? 4 : 3); el++) {
            u64 held = enc < (1u << 14) ? (u64)scratch : 0;

            if (m == HOST && el == 1)
                continue;
            for (int read = 1; read >= 0; read--) {
                u64 base;

                if (forbidden(enc, (u32)read))
                    continue;
                base = attempt(enc, (u32)read, el, value[m], held);
                /* A register is written with what it holds, so that nothing changes. */
                if (read && base >> 60 == 0 && enc >= (1u << 14))
                    held = read_value;
                if ((u32)base != UNDEFINED)
                    print(enc, m, el, (u32)read, 0xfff, 0xfff, base);
                controls(enc, m, el, (u32)read, held, base);
            }
        }
    }
}

void main(void)
{
    u64 mmfr0 = READ(id_aa64mmfr0_el1), mmfr2 = READ(id_aa64mmfr2_el1);

    has_fgt = mmfr0 >> 56 & 15;
    has_hcx = READ(id_aa64mmfr1_el1) >> 40 & 15;
    has_amu = READ(id_aa64pfr0_el1) >> 44 & 15;
    has_nv = mmfr2 >> 24 & 15;
    has_nv2 = has_nv >= 2;
    n_counters = READ(pmcr_el0) >> 11 & 31;
    set_values();
    make_slots();
    fill_page();
    WRITE(ICC_SRE_EL2, 15);
    WRITE(ICC_SRE_EL1, 7);
    if (has_nv2)
        WRITE(VNCR_EL2, page);
    for (u32 r = 0; r < REGS; r++)
        current[r] = r < SCR3 ? ~0ul : value[E2H0][r];
    put('I');
    hex((u64)has_fgt << 16 | (u64)has_hcx << 12 | (u64)has_amu << 8 | (u64)has_nv << 4 | (mmfr0 >> 60), 5);
    put('\n');
    for (u32 enc = 0; enc < ENCODINGS; enc++) {
        if (config.wanted ? enc + (1u << 14) != config.wanted
                          : mix(config.seed + enc) & ((1u << config.encodings) - 1))
            continue;
        if (mix(enc + 1) % config.parts != config.part)
            continue;
        encoding(enc);
    }
    put('E');
    put('N');
    put('D');
    put('\n');
    while (at_el3_flag) /* there is no firmware */
        __asm__ volatile("wfi");
    /* PSCI SYSTEM_OFF by SMC, the conduit of a board that enters at EL2. */
    for (u32 r = 0; r < SCR3; r++)
        write_control(r, value[E2H0][r]);
    __asm__ volatile("mov w0, %w0\n smc #0" ::"r"(0x84000008) : "x0", "x1", "x2", "x3");
}
