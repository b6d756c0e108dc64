/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation oracle, guest side: random tables, controls and state, then one access or AT instruction at
 * EL0, EL1 or EL2, thousands of times. One line per trial says what it did and what came of it: syndromes,
 * fault addresses, the value, PAR_EL1, and what became of the descriptors. The same image runs in QEMU and in
 * a PE of ours; the outputs must be equal. What the architecture leaves open is not generated, see `avoid`
 * below. Bare metal, no library.
 */
typedef unsigned long u64;
typedef unsigned int u32;

struct launch {
    u64 value, va, sctlr2, go, tcr2, ttbr0, ttbr1, elr, spsr, hcr, vhe, safe_tcr, safe_ttbr0, safe_ttbr1,
        sctlr2_off;
};
void launch(const struct launch *l);
void flush(u64 vhe);
extern char ops[], el2_vectors[], el1_vectors[], go_on[], _start[];
extern u64 launch_x3;

#ifndef TRIALS
#define TRIALS 12000
#endif
#ifndef DESCRIBE
#define DESCRIBE -1 /* trial to be described: compile with -DDESCRIBE=n */
#endif

/* Accesses that cross the end of a page of any granule, whose neighbour has a path of its own. */
#ifndef CROSS
#define CROSS 0
#endif

#define UART    ((volatile u32 *)0x09000000)
#define BIT(n)  (1ul << (n))
#define ONES(n) ((n) > 63 ? ~0ul : BIT(n) - 1)

#ifndef HOST
#define HOST 2 /* the level that the trials come from: 2, or 3 for EL3 and both security states */
#endif
#if HOST == 3
#define H(reg) reg##_el3
#else
#define H(reg) reg##_el2
#endif
#define NAME_(reg) #reg
#define NAME(reg)  NAME_(reg)
#define READ(reg)                                          \
    ({                                                     \
        u64 v_;                                            \
        __asm__ volatile("mrs %0, " NAME(reg) : "=r"(v_)); \
        v_;                                                \
    })
#define WRITE(reg, v) __asm__ volatile("msr " NAME(reg) ", %0" ::"r"((u64)(v)))

enum op {
    OP_LDR,
    OP_STR,
    OP_LDTR,
    OP_STTR,
    OP_BR,
    OP_ZVA,
    OP_LDXR,
    OP_STRB,
    OP_LDADD,
    OP_AT_S1E1R,
    OP_AT_S1E1RP = OP_AT_S1E1R + 4,
    OP_AT_S1E2R = OP_AT_S1E1RP + 2,
    OP_AT_S12E1R = OP_AT_S1E2R + 2,
    OP_COUNT = OP_AT_S12E1R + 4,
};
enum regime {
    EL10,
    EL2, /* the host's: EL3 with HOST 3 */
    EL20,
};

#define CODE     0x40200000ul /* mapped flat, and in the upper half at ALIAS */
#define CODE_LEN 0x4000ul
#define ALIAS    0xffffff8000000000ul
#define ARENA1   0x41000000ul
#define ARENA2   0x41800000ul
#define DATA     0x42000000ul
#define DATA_LEN 0x10000ul
#define BRK      0xd42000e0u /* BRK #7: what a fetch finds */

/* Descriptors. */
#define D_AP1  BIT(6)
#define D_AP2  BIT(7)
#define D_SH   (3ul << 8)
#define D_AF   BIT(10)
#define D_S2RW (3ul << 6)

static u64 rng;

static u64 rnd(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng * 0x2545f4914f6cdd1d;
}

static unsigned below(unsigned n)
{
    return (unsigned)(rnd() >> 33) % n;
}

static int chance(unsigned of)
{
    return below(of) == 0;
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

static void text(const char *s)
{
    while (*s)
        put(*s++);
}

/* ---- tables ---- */

struct tables {
    unsigned grain, ia, big_endian; /* log2 of the granule, input address bits */
    int level;                      /* of the first lookup */
    u64 base, *arena;
};
struct path {
    u64 *e[4];    /* descriptors by level, NULL: not on the way */
    int fresh[4]; /* made for this path */
    int leaf;
};

static u64 arena1, arena2;
static u64 *log_e[4096];
static unsigned log_n;
static struct {
    u64 base, size;
} s1_tables[32];
static unsigned n_s1_tables;

static unsigned stride(const struct tables *t)
{
    return t->grain - 3;
}

static unsigned shift_of(const struct tables *t, int level)
{
    return t->grain + (unsigned)(3 - level) * stride(t);
}

static u64 get(const struct tables *t, const u64 *e)
{
    return t->big_endian ? __builtin_bswap64(*e) : *e;
}

static void set(const struct tables *t, u64 *e, u64 v)
{
    if (log_n < 4096)
        log_e[log_n++] = e;
    *e = t->big_endian ? __builtin_bswap64(v) : v;
}

static u64 new_table(struct tables *t)
{
    u64 base = *t->arena;

    *t->arena += 0x10000;
    if (t->arena == &arena1 && n_s1_tables < 32) {
        s1_tables[n_s1_tables].base = base;
        s1_tables[n_s1_tables++].size = BIT(t->grain);
    }
    return base;
}

static int lva, lpa;

/* Bits 51:48 of an address as descriptors of the 64K granule have them. */
static u64 oa_top(const struct tables *t, u64 oa)
{
    return t->grain == 16 && lpa ? (oa >> 48 & 15) << 12 : 0;
}

/* Maps the entry of `leaf` level that covers ia; 0: something else stands there. */
static int map(struct tables *t, u64 ia, u64 oa, u64 attrs, int leaf, struct path *p)
{
    u64 table = t->base;

    for (int i = 0; i < 4; i++)
        p->e[i] = 0, p->fresh[i] = 0;
    p->leaf = leaf;
    for (int level = t->level; level <= leaf; level++) {
        unsigned shift = shift_of(t, level), top = level == t->level ? t->ia : shift + stride(t);
        u64 *e = (u64 *)table + ((ia & ONES(top)) >> shift), v = get(t, e);

        p->e[level] = e;
        p->fresh[level] = !v;
        if (level == leaf) {
            if (v)
                return 0;
            set(t, e, (oa & ONES(48) & ~ONES(shift)) | oa_top(t, oa) | attrs | (level == 3 ? 3 : 1));
            break;
        }
        if (!v) {
            v = new_table(t) | 3;
            set(t, e, v);
        } else if (!(v & 2)) {
            return 0;
        }
        table = v & 0xfffffffff000;
    }
    return 1;
}

static int map_pages(struct tables *t, u64 at, u64 size, u64 attrs)
{
    struct path p;

    for (u64 o = 0; o < size; o += BIT(t->grain))
        if (!map(t, at + o, at + o, attrs, 3, &p) && get(t, p.e[3] ? p.e[3] : p.e[t->level]) == 0)
            return 0;
    return 1;
}

static void clear_tables(void)
{
    while (log_n)
        *log_e[--log_n] = 0;
    arena1 = ARENA1;
    arena2 = ARENA2;
    n_s1_tables = 0;
}

/* ---- a trial ---- */

static int vhe, pan_ok, pan3, uao_ok, lse, hpds, ttst, e0pd, fwb;
static int tg16, tg64, sel2;

static unsigned pick_grain(void)
{
    unsigned g = below(3);

    if (g == 1 && tg16)
        return 14;
    if (g == 2 && tg64)
        return 16;
    return 12;
}

/* Blocks exist at level 1 (4K granule, not in RAM with the others) and 2. */
static int pick_leaf(const struct tables *t)
{
    int lowest = t->grain == 12 ? 1 : 2, leaf;

    if (lowest < t->level)
        lowest = t->level;
    leaf = lowest + (int)below((unsigned)(4 - lowest));
    return chance(3) ? leaf : 3;
}

/* Random address with the low bits of pa that a leaf of that level passes through. */
static u64 pick_address(const struct tables *t, int leaf, u64 pa)
{
    unsigned shift = shift_of(t, leaf);
    u64 a = (rnd() & ~ONES(shift)) | (pa & ONES(shift));

    if (chance(2)) /* keep high bits alike in some, so that paths are shared */
        a = (a & ONES(shift > 32 ? shift : 32)) | (pa & ~ONES(shift > 32 ? shift : 32));
    return a & ONES(t->ia);
}

/* What does not fit a field of the descriptor formats: makes faults at chosen places. ps: the output size.
 * Bits 51:48 of addresses are avoided without the size for them: QEMU ignores them then, the pseudocode of
 * the Arm ARM (AArch64.LeafBase, OAOutOfRange) makes an address size fault, see ../test_walk.c. */
static void spoil(struct tables *t, struct path *p, unsigned ps)
{
    int l = t->level + (int)below((unsigned)(p->leaf - t->level + 1));
    u64 v;

    if (!p->e[l] || !p->fresh[l])
        l = p->leaf;
    v = get(t, p->e[l]);
    switch (below(4)) {
    case 0:
        v &= ~1ul;
        break;
    case 1: /* reserved at level 3; elsewhere a block (where none may be: ../test_walk.c, QEMU 7.2 allows it)
             */
        if (l < (t->grain == 12 ? 1 : 2))
            v &= ~1ul;
        v &= ~2ul;
        break;
    case 2:
        if (t->grain == 16 && ps == 6) { /* bits 51:48 of the address */
            v |= BIT(12 + below(4));
            break;
        }
        /* fall through */
    default:
        v |= BIT(32 + below(16));
    }
    set(t, p->e[l], v);
}

static const u64 mair_values[] = {0x00, 0x04, 0x08, 0x0c, 0x44, 0xff, 0xbb, 0x4f, 0xf4, 0xee, 0xaa, 0x88};

static u64 pick_mair(void)
{
    u64 v = 0xff; /* of the code */

    for (unsigned i = 1; i < 8; i++)
        v |= mair_values[below(sizeof(mair_values) / sizeof(mair_values[0]))] << (8 * i);
    return v;
}

/* Hierarchical attributes and ignored bits of table descriptors made for the trial. */
static void dress_tables(struct tables *t, struct path *p, int stage)
{
    for (int l = t->level; l < p->leaf; l++) {
        u64 v = get(t, p->e[l]);

        if (!p->fresh[l])
            continue;
        v |= rnd() & (0xful << 55 | 0x3ful << 2);
        if (stage == 1 && chance(4))
            v |= rnd() & ((HOST == 3 ? 0x1ful : 0xful) << 59);
        set(t, p->e[l], v);
    }
}

/* VTCR_EL2.PS no smaller than the input, or than the level of the first lookup asks: QEMU takes that as
 * invalid, where the architecture looks at the implemented size. */
static unsigned pick_ps2(const struct tables *t)
{
    unsigned ia = t->ia;

    if (lpa && t->grain == 16)
        return ia > 48 || chance(2) ? 6 : 5;
    if (t->level == 0 || (t->level == 1 && t->grain != 12))
        return ia > 44 ? 5 : 4 + below(2);
    return ia <= 32 && chance(4) ? below(6) : ia <= 40 && chance(4) ? 2 + below(4) : 5;
}

static unsigned tg0_of(unsigned grain)
{
    return grain == 12 ? 0 : grain == 14 ? 2 : 1;
}

static unsigned tg1_of(unsigned grain)
{
    return grain == 12 ? 2 : grain == 14 ? 1 : 3;
}

static int s1_level(unsigned grain, unsigned ia)
{
    unsigned s = grain - 3;

    return 4 - (int)((ia - grain + s - 1) / s);
}

static int is_abort(u64 esr)
{
    u64 ec = esr >> 26;

    return ec == 0x20 || ec == 0x21 || ec == 0x24 || ec == 0x25;
}

static int permission_fault(u64 esr)
{
    return is_abort(esr) && (esr & 0x3c) == 0xc;
}

static u64 fold(u64 h, u64 v)
{
    return (h ^ v) * 0x100000001b3;
}

static int is_at(enum op op)
{
    return op >= OP_AT_S1E1R;
}

static enum op pick_op(enum regime regime, unsigned *el)
{
    enum op op;

    for (;;) {
        op = (enum op)below(CROSS ? OP_BR : OP_COUNT);
        if (op == OP_LDADD && !lse)
            continue;
        if (op >= OP_AT_S1E1RP && op < OP_AT_S1E2R && !pan_ok)
            continue;
        if (!is_at(op)) {
            *el = regime == EL10 ? below(2) : regime == EL2 ? HOST : 2 * below(2);
            return op;
        }
        if (regime == EL10) {
            if (op >= OP_AT_S1E2R && op < OP_AT_S12E1R)
                continue;
            *el = op >= OP_AT_S12E1R ? HOST : below(2) ? HOST : 1;
            return op;
        }
        *el = HOST;
        if (regime == EL2 ? op == OP_AT_S1E2R || op == OP_AT_S1E2R + 1 : op < OP_AT_S12E1R)
            return op;
    }
}

#define LEAF_RANDOM (7ul << 2 | BIT(5) | D_AP1 | D_AP2 | D_SH | BIT(11))

/* The page behind va, where an access from there ends: mostly there, mostly with attributes like the first's
 * (like1, like2: its leaves). It is at the beginning of DATA. */
static void map_neighbour(struct tables *t1, struct tables *t2, int s2, u64 va, u64 like1, u64 like2)
{
    u64 next = (va | ONES(t1->grain)) + 1, oa = DATA, attrs;
    struct path p;

    if (next & ~ONES(t1->ia) || chance(8))
        return;
    if (s2) {
        oa = pick_address(t2, 3, DATA) & ~0xfffful & ONES(44);
        attrs = chance(2) ? like2 & (0xful << 51 | 0xffc)
                          : 15ul << 2 | (chance(3) ? rnd() & D_S2RW : D_S2RW) | D_SH | (chance(4) ? 0 : D_AF);
        if (!chance(8) && oa >> t2->ia == 0)
            map(t2, oa, DATA, attrs, 3, &p);
    }
    attrs = chance(2) ? like1 & (0xful << 51 | 0xffc)
                      : (rnd() & LEAF_RANDOM & ~(chance(8) ? 0 : 7ul << 2)) | D_SH | (chance(4) ? 0 : D_AF);
    map(t1, next, oa, attrs, 3, &p);
}

static void run(unsigned n)
{
    enum regime regime = vhe ? (enum regime)below(3) : (enum regime)(below(3) == 2);
    unsigned el, upper = regime != EL2 && chance(2), grain = pick_grain(), grain2 = pick_grain(), i, tsz, ps;
    enum op op = pick_op(regime, &el);
    struct launch l;
    struct tables t1, safe, t2;
    struct path p1, p2, junk;
    u64 pa = CROSS ? DATA + DATA_LEN - 1 - below(7) : DATA + (u64)below(DATA_LEN / 64) * 64, oa = pa, va,
        leaf, hcr = BIT(31), sctlr, tcr, vtcr = 0, vstcr = BIT(31), ttbr;
    u64 mair = pick_mair(), esr2, far2, hpfar, esr1, far1, hash = 0xcbf29ce484222325, spsr, tag, old;
    int s2 = (HOST == 2 || sel2) && regime == EL10 && below(5) < 3, s2_valid = 0, be = chance(8),
        be2 = chance(8), at = is_at(op), ok;
    u64 safe_attrs = D_AF | D_SH | D_AP1 | D_AP2, s2_normal;

    clear_tables();
    /* stage 1 geometry; T0SZ beyond the range of 16 to 39 (or 48) is implementation defined: avoid */
    tsz = 16 + below(ttst ? (grain == 16 ? 32 : 33) : 24);
    if (lva && grain == 16 && chance(2))
        tsz = 12 + below(4);
    if (regime == EL2 && tsz > 32) /* the code must be in reach */
        tsz = 32;
    t1 = (struct tables){.grain = grain, .ia = 64 - tsz, .big_endian = be != 0, .arena = &arena1};
    t1.level = s1_level(grain, t1.ia);
    t1.base = new_table(&t1);
    safe = (struct tables){.grain = 12, .ia = 39, .big_endian = be != 0, .level = 1, .arena = &arena1};
    safe.base = new_table(&safe);

    ps = chance(4) ? below(6) : 5;
    if (lpa && chance(2))
        ps = 6;

    /* stage 2 */
    arena2 = (ARENA2 + 0xfffff) & ~0xffffful;
    t2 = (struct tables){.grain = grain2, .big_endian = be2 != 0, .arena = &arena2, .base = arena2};
    arena2 += 0x100000; /* up to 16 concatenated tables of 64K */
    p2.leaf = -1;
    if (s2) {
        unsigned sl0 = below(3), t0sz = 16 + below(24), top;

        for (i = 0; i < 40; i++) { /* mostly legal combinations */
            t2.level = grain2 == 12 ? 2 - (int)sl0 : 3 - (int)sl0;
            t2.ia = 64 - t0sz;
            top = grain2 + (unsigned)(3 - t2.level) * stride(&t2);
            if (t2.level >= 0 && t2.ia > top && t2.ia - top <= stride(&t2) + 4 &&
                t2.ia <= (lpa && grain2 == 16 ? 52 : 44) && !(t2.level == 0 && grain2 != 12)) {
                s2_valid = 1;
                break;
            }
            if (chance(32))
                break;
            sl0 = below(3);
            t0sz = 20 + below(chance(8) ? 20 : 14); /* mostly with the code in reach */
            if (lpa && grain2 == 16 && chance(3))
                t0sz = 12 + below(8);
        }
        vtcr = BIT(31) | t0sz | sl0 << 6 | (rnd() & 0x3f00) | (u64)tg0_of(grain2) << 14 |
               (u64)pick_ps2(&t2) << 16 | (chance(2) ? BIT(21) : 0) | (chance(2) ? BIT(22) : 0);
        hcr |= BIT(0);
        if (chance(4))
            hcr |= BIT(2); /* PTW */
        if (fwb && chance(3))
            hcr |= BIT(46);
    }
    s2_normal = (hcr & BIT(46) ? 6ul : 15ul) << 2 | D_S2RW | D_SH | D_AF;
    if (s2 && s2_valid) {
        ok = map_pages(&t2, CODE, CODE_LEN, s2_normal);
        p2.leaf = pick_leaf(&t2);
        for (i = 0; ok && i < 20; i++) {
            oa = pick_address(&t2, p2.leaf, pa) & ONES(ps == 6 && grain == 16 && grain2 == 16 ? 52 : 44);
            if (map(&t2, oa, pa, 0, p2.leaf, &p2))
                break;
            p2.leaf = 3;
        }
        if (!ok || i == 20)
            return;
        {
            static const unsigned char fwb_attrs[] = {0, 1, 2, 3, 5, 6, 7};
            unsigned memattr = hcr & BIT(46) ? fwb_attrs[below(7)] : below(4) << 2 | (1 + below(3));
            u64 d = get(&t2, p2.e[p2.leaf]);

            if (chance(2) || (CROSS && chance(2)))
                memattr = hcr & BIT(46) ? 6 : 15;
            d |= (u64)memattr << 2 | (chance(3) ? rnd() & D_S2RW : D_S2RW) | (rnd() & D_SH) |
                 (chance(4) ? 0 : D_AF) | (chance(3) ? rnd() & (3ul << 53) : 0) | (rnd() & (3ul << 51)) |
                 (rnd() & (0xful << 55));
            if ((d & D_SH) == 1ul << 8)
                d ^= 1ul << 8; /* SH 0b01 is reserved */
            set(&t2, p2.e[p2.leaf], d);
            dress_tables(&t2, &p2, 2);
        }
    }

    /* stage 1 leaf */
    p1.leaf = pick_leaf(&t1);
    if (regime == EL2 && !map_pages(&t1, CODE, CODE_LEN, safe_attrs))
        return;
    if (!map_pages(&safe, CODE, CODE_LEN, safe_attrs))
        return;
    for (i = 0; i < 20; i++) {
        va = pick_address(&t1, p1.leaf, oa);
        if (map(&t1, va, oa, 0, p1.leaf, &p1))
            break;
        p1.leaf = 3;
    }
    if (i == 20)
        return;
    leaf = get(&t1, p1.e[p1.leaf]) | (rnd() & LEAF_RANDOM) | (chance(4) ? 0 : D_AF) | (rnd() & (3ul << 51)) |
           (chance(3) ? rnd() & (3ul << 53) : 0) | (rnd() & (0xfful << 55));
    if ((leaf & D_SH) == 1ul << 8)
        leaf ^= 1ul << 8;
    leaf &= ~BIT(63);
    if (CROSS && !chance(8))
        leaf &= ~(7ul << 2); /* Device would be an alignment fault here, and none in QEMU: Normal, mostly */
    set(&t1, p1.e[p1.leaf], leaf);
    dress_tables(&t1, &p1, 1);
    if (CROSS && p1.leaf == 3)
        map_neighbour(&t1, &t2, s2 && s2_valid, va, leaf, p2.leaf < 0 ? 0 : get(&t2, p2.e[p2.leaf]));
    if (chance(8))
        spoil(&t1, &p1, regime == EL2 ? 0 : ps); /* with E2H that has its output size elsewhere */

    /* stage-1 tables as stage 2 sees them */
    if (s2 && s2_valid) {
        unsigned bad = chance(6) ? below(n_s1_tables) : n_s1_tables;

        for (i = 0; i < n_s1_tables; i++) {
            u64 attrs = s2_normal;

            if (i == bad) {
                switch (below(5)) {
                case 0:
                    attrs &= ~D_AF;
                    break;
                case 1:
                    attrs &= ~BIT(6); /* no reads */
                    break;
                case 2:
                    attrs &= ~BIT(7);
                    attrs |= rnd() & BIT(51); /* no writes, or not yet */
                    break;
                case 3:
                    attrs &= ~(0xful << 2); /* device */
                    break;
                default:
                    continue; /* none */
                }
            }
            for (u64 o = 0; o < s1_tables[i].size; o += BIT(grain2))
                map(&t2, s1_tables[i].base + o, s1_tables[i].base + o, attrs, 3, &junk);
        }
        if (chance(8))
            spoil(&t2, &p2, vtcr >> 16 & 7);
    }

    /* controls */
    sctlr = 0x30d00800 | (chance(16) ? 0 : 1) | (rnd() & (BIT(2) | BIT(12))) | BIT(14) |
            (chance(4) ? BIT(19) : 0) | (rnd() & BIT(23)) | (be ? BIT(25) : 0) | (chance(8) ? BIT(24) : 0);
    if (pan3)
        sctlr |= rnd() & BIT(57);
    ttbr = t1.base;
    if (lpa && regime != EL2 && chance(24)) /* bits 51:48 of the address, with the 64K granule and PS 6 */
        ttbr |= BIT(2 + below(4));
    spsr = 0x3c0 | el << 2 | (el != 0);
    if (pan_ok && chance(3) && el)
        spsr |= BIT(22);
    if (uao_ok && chance(3))
        spsr |= BIT(23);
    if (regime == EL2) {
        tcr = BIT(31) | BIT(23) | tsz | (u64)tg0_of(grain) << 14 | (u64)ps << 16 | (rnd() & 0x3f00) |
              (chance(3) ? BIT(20) : 0) | (rnd() & (3ul << 21)) | (hpds && chance(3) ? BIT(24) : 0);
    } else {
        tcr = (upper ? (u64)tsz << 16 | 25 | (u64)tg1_of(grain) << 30
                     : (u64)tsz | 25ul << 16 | (u64)tg0_of(grain) << 14 | 2ul << 30) |
              (u64)ps << 32 | (rnd() & (0x3f00 | 0x3ful << 24)) | (rnd() & (7ul << 36)) |
              (rnd() & (3ul << 39)) | (hpds && chance(3) ? rnd() & (3ul << 41) : 0) | (rnd() & BIT(22));
        if (chance(16))
            tcr |= upper ? BIT(23) : BIT(7);
        if (e0pd && chance(4))
            tcr |= rnd() & (3ul << 55);
        /* FEAT_HPDS2: bits 59 to 62 of descriptors are free for hardware; nothing to see but that they are */
        if (chance(4))
            tcr |= rnd() & (0xfful << 43);
    }
#if HOST == 3 /* SCR_EL3 in the place of HCR_EL2 */
    if (s2) {
        if (chance(16))
            hcr |= BIT(12); /* DC */
        vstcr = BIT(31) |
                (vtcr & 0xc0ff); /* the same tables for addresses of both states, mostly of the same shape */
        if (chance(3))
            vstcr |= rnd() & (3ul << 29);
        if (chance(3))
            vtcr |= rnd() & (3ul << 29);
        if (chance(16))
            vtcr ^= 1 + below(3);
    }
    WRITE(hcr_el2, hcr);
    hcr = 0x530 | (rnd() & BIT(0)) | (chance(3) ? BIT(9) : 0) | (s2 ? BIT(18) : 0);
#endif
    if (regime == EL20 || (vhe && chance(3)))
        hcr |= BIT(34);
    if (regime == EL20 && (el == 0 || chance(2) || at))
        hcr |= BIT(27);
    if (HOST == 2 && s2 && chance(16))
        hcr |= BIT(12); /* DC */

    /* the address */
    if (upper)
        va |= ~ONES(t1.ia);
    tag = rnd() & (0xfful << 56);
    if (chance(3))
        va = (va & ONES(56)) | tag;
    if (chance(20))
        va ^= BIT(t1.ia + below(64 - t1.ia));
    if (upper != (va >> 55 & 1) && regime != EL2) /* bit 55 chooses the table: it was not that one's fault */
        va ^= BIT(55);
    if (op == OP_STRB)
        va += below(8);

    l = (struct launch){.value = rnd(), .va = va, .vhe = (u64)vhe, .hcr = hcr, .spsr = spsr};
    l.elr = (u64)ops + 32 * (u64)op;
    l.sctlr2_off = 0x30c50830;
    l.go = (u64)go_on;
    if (regime == EL10) {
        WRITE(sctlr_el1, sctlr);
        WRITE(tcr_el1, tcr);
        WRITE(mair_el1, mair);
        WRITE(ttbr0_el1, upper ? safe.base : ttbr);
        WRITE(ttbr1_el1, upper ? ttbr : safe.base);
        WRITE(vtcr_el2, vtcr);
        WRITE(vttbr_el2, t2.base);
        if (sel2) {
            WRITE(scr_el3, 0x40530); /* VSTCR_EL2 and VSTTBR_EL2 are there with EEL2 */
            __asm__ volatile("isb");
            WRITE(s3_4_c2_c6_2, vstcr);
            WRITE(s3_4_c2_c6_0, t2.base);
            WRITE(scr_el3, 0x531);
            __asm__ volatile("isb");
        }
        WRITE(vbar_el1, (u64)el1_vectors + (upper ? 0 : ALIAS));
        WRITE(H(vbar), el2_vectors);
        l.sctlr2 = l.sctlr2_off | (be2 ? BIT(25) : 0);
        if (el != HOST) {
            l.elr += upper || !(sctlr & 1) || (hcr & BIT(12)) ? 0 : ALIAS;
            if (!(sctlr & 1) || (hcr & BIT(12)))
                WRITE(vbar_el1, el1_vectors);
#if HOST == 3
            if (READ(hcr_el2) & BIT(12)) { /* DC: stage 1 is off */
                WRITE(vbar_el1, el1_vectors);
                l.elr = (u64)ops + 32 * (u64)op;
            }
#endif
        }
    } else {
        WRITE(H(mair), mair);
        sctlr |= 1;
        l.sctlr2 = (sctlr & ~(BIT(23) | BIT(24) | BIT(14))) | 0x30c50830;
        if (regime == EL20)
            l.sctlr2 = sctlr;
        l.tcr2 = tcr;
        l.ttbr0 = upper ? safe.base : ttbr;
        l.ttbr1 = upper ? ttbr : safe.base;
        if (regime == EL2) {
            l.ttbr0 = l.safe_ttbr0 = ttbr;
            l.safe_tcr = tcr;
            WRITE(H(vbar), el2_vectors);
        } else {
            l.safe_tcr = 25 | 25ul << 16 | 2ul << 30 | 5ul << 32;
            l.safe_ttbr0 = l.safe_ttbr1 = safe.base;
            WRITE(H(vbar), (u64)el2_vectors + (upper ? 0 : ALIAS));
            if (!upper) {
                l.go += ALIAS;
                l.elr += ALIAS;
            }
        }
    }
    old = *(u64 *)(pa & ~7ul);
    flush((u64)(HOST == 2 ? vhe : sel2));
#if HOST == 3
    WRITE(vbar_el2, el1_vectors);
    WRITE(esr_el2, 0);
#endif
    WRITE(esr_el1, 0);
    WRITE(far_el1, 0);
    WRITE(hpfar_el2, 0);
    WRITE(par_el1, 0);
    launch(&l);
    WRITE(H(vbar), el2_vectors);
    esr2 = READ(H(esr));
    far2 = READ(H(far));
    hpfar = READ(hpfar_el2);
#if HOST == 3
    if (READ(esr_el2)) { /* passed on by EL2 */
        esr2 = READ(esr_el2);
        far2 = READ(far_el2);
    }
#endif
    esr1 = READ(esr_el1);
    far1 = READ(far_el1);

    /* FAR and HPFAR count for aborts; HPFAR not for stage 2 permission faults of the access itself. */
    if (!is_abort(esr2))
        far2 = hpfar = 0;
    if (regime != EL10 || (permission_fault(esr2) && !(esr2 & BIT(7))))
        hpfar = 0;
    if (!is_abort(esr1))
        far1 = 0;
    if (!at) { /* whether AT and accesses that may not be done set the access flag is left open */
        u64 mask = permission_fault(esr1) || permission_fault(esr2) ? ~D_AF : ~0ul;

        for (int v = t1.level; v <= p1.leaf; v++)
            hash = fold(hash, get(&t1, p1.e[v]) & mask);
        for (int v = t2.level; p2.leaf >= 0 && v <= p2.leaf; v++)
            hash = fold(hash, get(&t2, p2.e[v]) & mask);
    }
    hash = fold(hash, *(u64 *)(pa & ~7ul));
    *(u64 *)(pa & ~7ul) = old;
    if (CROSS) {
        hash = fold(fold(hash, *(u64 *)DATA), *(u64 *)(DATA + DATA_LEN));
        *(u64 *)DATA = BRK;
        *(u64 *)(DATA + DATA_LEN) = BRK | DATA_LEN << 32;
    }
    if (op == OP_ZVA)
        for (i = 0; i < 8; i++)
            ((u64 *)pa)[i] = BRK | ((pa & (DATA_LEN - 1)) + 8 * i) << 32;
    hex(n);
    hex(regime << 8 | el << 4 | (u64)s2);
    hex(op);
    hex(hcr);
    hex(va);
    hex(esr2);
    hex(far2);
    hex(hpfar);
    hex(esr1);
    hex(far1);
    hex(launch_x3 == l.value ? 0 : launch_x3);
    hex(hash >> 32);
    put('\n');
    if ((int)n == DESCRIBE) {
        text("tcr "), hex(regime == EL10 ? tcr : l.tcr2), text("sctlr "),
            hex(regime == EL10 ? sctlr : l.sctlr2), text("vtcr "), hex(vtcr), text("mair "), hex(mair),
            text("ttbr "), hex(ttbr), text("spsr "), hex(spsr), text("upper "), hex(upper), text("oa "),
            hex(oa), text("pa "), hex(pa), put('\n');
        for (int v = t1.level; v <= p1.leaf; v++)
            text("s1 "), hex((u64)v), hex((u64)p1.e[v]), hex(get(&t1, p1.e[v])), put('\n');
        for (int v = t2.level; p2.leaf >= 0 && v <= p2.leaf; v++)
            text("s2 "), hex((u64)v), hex((u64)p2.e[v]), hex(get(&t2, p2.e[v])), put('\n');
    }
}

void main(void)
{
    u64 mmfr0 = READ(id_aa64mmfr0_el1), mmfr1 = READ(id_aa64mmfr1_el1), mmfr2 = READ(s3_0_c0_c7_2);

    vhe = HOST == 2 && (mmfr1 >> 8 & 1);
    pan_ok = (mmfr1 >> 20 & 15) >= 2;
    pan3 = (mmfr1 >> 20 & 15) >= 3;
    hpds = (mmfr1 >> 12 & 15) != 0;
    uao_ok = mmfr2 >> 4 & 1;
    fwb = mmfr2 >> 40 & 1;
    ttst = mmfr2 >> 28 & 1;
    e0pd = mmfr2 >> 60 & 1;
    lse = (READ(id_aa64isar0_el1) >> 20 & 15) != 0;
    tg16 = (mmfr0 >> 20 & 15) != 0;
    tg64 = (mmfr0 >> 24 & 15) == 0;
    lva = mmfr2 >> 16 & 1;
    lpa = (mmfr0 & 15) == 6;
    sel2 = HOST == 3 && (READ(id_aa64pfr0_el1) >> 36 & 15);
    for (u64 o = 0; o < DATA_LEN; o += 8)
        *(u64 *)(DATA + o) = BRK | o << 32;
    if (CROSS)
        *(u64 *)(DATA + DATA_LEN) = BRK | DATA_LEN << 32;
    for (unsigned n = 0; n < TRIALS; n++) {
        rng = 0x9e3779b97f4a7c15 * (n + 1);
        rnd();
        rnd();
        run(n);
    }
    text("END\n");
#if HOST == 3 /* semihosting: SYS_EXIT */
    {
        static const u64 block[2] = {0x20026, 0};
        register u64 x0 __asm__("x0") = 0x18, x1 __asm__("x1") = (u64)block;

        __asm__ volatile("hlt #0xf000" ::"r"(x0), "r"(x1) : "memory");
    }
#else
    /* PSCI SYSTEM_OFF by SMC, the conduit of a board that enters at EL2. */
    __asm__ volatile("mov w0, %w0\n smc #0" ::"r"(0x84000008) : "x0", "x1", "x2", "x3");
#endif
}
