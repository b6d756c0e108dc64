/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the authentication code stands in a pointer, its insertion and check, and the controls that switch
 * pointer authentication off or trap it. The cipher is models/cpu/qarma.c. Arm ARM DDI 0487 D8.8.8; names as
 * in aarch64/functions/pac.
 */
#include "models/cpu/mmu/pac.h"

#include "models/cpu/cpu_state.h"
#include "models/cpu/mmu/walk.h"
#include "models/cpu/qarma.h"
#include "models/cpu/sysreg/rules.h"

/* Syndrome of a failed authentication (EC_PACFAIL). */
#define ISS_PACFAIL_DATA TG_BIT(1)
#define ISS_PACFAIL_B    TG_BIT(0)

static const struct {
    uint64_t enable; /* SCTLR_ELx */
    uint16_t hi, lo; /* enum sr_id */
} keys[] = {
    [PAC_IA] = {SCTLR_ENIA, SR_APIAKeyHi_EL1, SR_APIAKeyLo_EL1},
    [PAC_IB] = {SCTLR_ENIB, SR_APIBKeyHi_EL1, SR_APIBKeyLo_EL1},
    [PAC_DA] = {SCTLR_ENDA, SR_APDAKeyHi_EL1, SR_APDAKeyLo_EL1},
    [PAC_DB] = {SCTLR_ENDB, SR_APDBKeyHi_EL1, SR_APDBKeyLo_EL1},
};

static bool is_data(enum pac_key key)
{
    return key >= PAC_DA;
}

/* ---- controls ---- */

/* True when the use was trapped. */
static bool trapped(struct cpu *c, const struct cpu_op *op)
{
    const struct sr_trap trap = sr_insn_trap(c, TGI_PAUTH);

    if (tg_likely(trap.target == SR_NO_TRAP))
        return false;
    cpu_raise_sync(c, op, trap.target, esr_make(EC_PAC, 0), 0, false, 0, false);
    return true;
}

static bool enabled(const struct cpu *c, enum pac_key key)
{
    return cpu_sctlr(c, c->arch.el) & keys[key].enable;
}

/* FEAT_PACIMP: the mixing function of splitmix64 over the operands and the key one after the other (Steele,
 * Lea, Flood 2014). Not a cipher, but cheap for the host. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t own_cipher(uint64_t value, uint64_t modifier, uint64_t w, uint64_t k)
{
    return mix(mix(mix(value ^ w) ^ modifier) ^ k);
}

/* A function's return address is signed and authenticated with the same operands, mostly the same as the time
 * before. */
static uint64_t cipher(struct cpu *c, uint64_t value, uint64_t modifier, unsigned hi, unsigned lo)
{
    uint64_t w = c->arch.sr[hi], k = c->arch.sr[lo];
    struct pac_memo *m;

    if (cpu_has(c, CPU_FEAT_PACIMP))
        return own_cipher(value, modifier, w, k);
    m = &c->derived
             .pac_memo[(value >> 2 ^ modifier >> 4 ^ modifier >> 12) % TG_ARRAY_SIZE(c->derived.pac_memo)];
    if (tg_likely(m->value == value && m->modifier == modifier && m->w == w && m->k == k && m->valid))
        return m->code;
    *m = (struct pac_memo){.value = value, .modifier = modifier, .w = w, .k = k, .valid = true};
    m->code = qarma64(cpu_has(c, CPU_FEAT_PACQARMA3) ? QARMA3 : QARMA5, value, modifier, w, k);
    return m->code;
}

/* ---- the pointer's layout ---- */

struct layout {
    bool tbi;        /* bits 63:56 are a tag */
    unsigned bottom; /* lowest bit of the code */
};

/* EffectiveTBI and CalculateBottomPACBit, for the range that bit 55 selects in `upper`. */
static struct layout layout_of(const struct cpu *c, bool upper, bool upper_tbi, bool data)
{
    enum mmu_regime regime = mmu_current_regime(c);
    uint64_t tcr = c->arch.sr[regime == MMU_EL10 ? SR_TCR_EL1 : regime == MMU_EL3 ? SR_TCR_EL3 : SR_TCR_EL2];
    struct layout l;

    if (mmu_two_privileges(regime)) {
        l.tbi = (tcr & (upper_tbi ? TCR_TBI1 : TCR_TBI0)) &&
                (data || !(tcr & (upper_tbi ? TCR_TBID1 : TCR_TBID0)));
        l.bottom = mmu_input_bits(c, tcr, upper);
    } else {
        l.tbi = (tcr & TCR2_TBI) && (data || !(tcr & TCR2_TBID));
        l.bottom = mmu_input_bits(c, tcr, false);
    }
    return l;
}

/* The bit that an AddPAC extends the address by: bit 55 where tags may be in use in either range, else
 * bit 63. */
static bool select_bit(const struct cpu *c, uint64_t ptr, bool data)
{
    enum mmu_regime regime = mmu_current_regime(c);
    uint64_t tcr = c->arch.sr[regime == MMU_EL10 ? SR_TCR_EL1 : SR_TCR_EL2];
    bool tags;

    if (mmu_two_privileges(regime))
        tags = ((tcr & TCR_TBI0) && (data || !(tcr & TCR_TBID0))) ||
               ((tcr & TCR_TBI1) && (data || !(tcr & TCR_TBID1)));
    else
        tags = layout_of(c, false, false, data).tbi;
    return ptr >> (tags ? 55 : 63) & 1;
}

/* Bits of the code: all unused address bits but 55, which tells the ranges apart, and the tag. */
static uint64_t code_bits(struct layout l)
{
    return (l.tbi ? TG_FIELD(54, 0) : TG_FIELD(63, 0) & ~TG_BIT(55)) & ~tg_ones(l.bottom);
}

/* ptr with its unused bits as the address of the range `upper` has them. */
static uint64_t extended(uint64_t ptr, struct layout l, bool upper)
{
    uint64_t bits = (l.tbi ? tg_ones(56) : ~UINT64_C(0)) & ~tg_ones(l.bottom);

    return (ptr & ~bits) | (upper ? bits : 0);
}

/* ---- signing, authentication ---- */

bool pac_sign(struct cpu *c, const struct cpu_op *op, enum pac_key key, uint64_t *ptr, uint64_t modifier)
{
    bool data = is_data(key), upper;
    struct layout l;
    uint64_t pac, bits, top;

    if (!enabled(c, key))
        return true;
    if (trapped(c, op))
        return false;
    upper = select_bit(c, *ptr, data);
    l = layout_of(c, upper, *ptr >> 55 & 1, data);
    bits = code_bits(l);
    pac = cipher(c, extended(*ptr, l, upper), modifier, keys[key].hi, keys[key].lo);
    if (cpu_has(c, CPU_FEAT_PAUTH2)) {
        pac ^= *ptr;
    } else {
        /* What was no address does not become one: the code is spoiled in its second highest bit. */
        top = (l.tbi ? tg_ones(56) : ~UINT64_C(0)) & ~tg_ones(l.bottom);
        if ((*ptr & top) != 0 && (*ptr & top) != top)
            pac ^= l.tbi ? TG_BIT(54) : TG_BIT(62);
    }
    *ptr = (*ptr & ~bits & ~TG_BIT(55)) | (upper ? TG_BIT(55) : 0) | (pac & bits);
    return true;
}

bool pac_authenticate(struct cpu *c, const struct cpu_op *op, enum pac_key key, uint64_t *ptr,
                      uint64_t modifier, bool combined)
{
    bool data = is_data(key), upper = *ptr >> 55 & 1, b = key == PAC_IB || key == PAC_DB;
    struct layout l;
    uint64_t pac, bits, original;

    if (!enabled(c, key))
        return true;
    if (trapped(c, op))
        return false;
    l = layout_of(c, upper, upper, data);
    bits = code_bits(l);
    original = extended(*ptr, l, upper);
    pac = cipher(c, original, modifier, keys[key].hi, keys[key].lo);
    if (!cpu_has(c, CPU_FEAT_PAUTH2)) {
        /* A wrong code makes an address that faults wherever it is used: the error code tells the key. */
        if ((pac ^ *ptr) & bits)
            tg_set(&original, l.tbi ? TG_FIELD(54, 53) : TG_FIELD(62, 61), b ? 2 : 1);
        *ptr = original;
        return true;
    }
    *ptr ^= pac & bits;
    if (*ptr != original && cpu_has(c, combined ? CPU_FEAT_FPACCOMBINE : CPU_FEAT_FPAC)) {
        cpu_raise_sync(c, op, 0,
                       esr_make(EC_PACFAIL, (data ? ISS_PACFAIL_DATA : 0) | (b ? ISS_PACFAIL_B : 0)), 0,
                       false, 0, false);
        return false;
    }
    return true;
}

uint64_t pac_strip(const struct cpu *c, uint64_t ptr, bool data)
{
    bool upper = ptr >> 55 & 1;

    return extended(ptr, layout_of(c, upper, upper, data), upper);
}

bool pac_generic(struct cpu *c, const struct cpu_op *op, uint64_t value, uint64_t modifier, uint64_t *out)
{
    if (trapped(c, op))
        return false;
    *out = cipher(c, value, modifier, SR_APGAKeyHi_EL1, SR_APGAKeyLo_EL1) & TG_FIELD(63, 32);
    return true;
}
