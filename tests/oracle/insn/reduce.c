/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta debugging of a sequence with its initial state. In each round all simplifications of the trial are
 * judged at once, one batch for both sides; those that keep the difference are then applied one after the
 * other, again in one batch, and the longest run of them that keeps it is taken. Ends when a round finds
 * nothing.
 */
#include "reduce.h"

#include <stdlib.h>
#include <string.h>

#define NOP     UINT32_C(0xd503201f)
#define POINTER 28
#define TAG     (UINT64_C(0xff) << 56)

/* Simplifications: what is done to which register, word or bit. */
enum kind {
    CUT,     /* words from `index`, `count` of them, become NOP */
    DROP,    /* the NOPs go: those before the branches and literals too, so it may fail */
    STOP,    /* BRK at word `index`: nothing after it */
    X_VALUE, /* register `index` becomes a simple value */
    V_VALUE, /* vector register `index` likewise */
    FPCR_BIT,
    PSTATE_BIT,
    CONTROL_BIT,
    REGIME,
    UNTAG, /* x28 */
    PLACE, /* x28 in the middle of the first page */
    SEED,
};
struct step {
    enum kind kind;
    unsigned index, count;
    uint64_t value[2];
};

static unsigned drop_nops(struct trial *t)
{
    unsigned n = 0;

    for (unsigned i = 0; i < t->n; i++)
        if (t->words[i] != NOP)
            t->words[n++] = t->words[i];
    return t->n - n ? (t->n = n, 1) : 0;
}

/* False: changes nothing. */
static bool apply(struct trial *t, const struct step *s)
{
    struct insn_state *b = &t->before;
    const struct trial old = *t;

    switch (s->kind) {
    case CUT:
        for (unsigned i = s->index; i < s->index + s->count && i + 1 < t->n; i++)
            t->words[i] = NOP;
        break;
    case DROP:
        return drop_nops(t);
    case STOP:
        if (s->index + 1 >= t->n)
            return false;
        t->words[s->index] = INSN_BRK;
        t->n = s->index + 1;
        return true;
    case X_VALUE:
        b->x[s->index] = s->value[0];
        break;
    case V_VALUE:
        memcpy(b->v[s->index], s->value, sizeof(s->value));
        break;
    case FPCR_BIT:
        b->fpcr &= ~s->value[0];
        break;
    case PSTATE_BIT:
        b->pstate &= ~s->value[0];
        break;
    case CONTROL_BIT:
        b->control &= ~s->value[0];
        break;
    case REGIME:
        if (s->index >= b->regime)
            return false;
        b->regime = s->index;
        b->pstate &= ~UINT64_C(0xf);
        b->pstate |= b->regime < INSN_EL1 ? 0 : b->regime == INSN_EL1 ? 5 : 9;
        break;
    case UNTAG:
        b->x[POINTER] &= ~TAG;
        break;
    case PLACE:
        b->x[POINTER] = INSN_POINTER;
        break;
    case SEED:
        b->seed = 0;
        break;
    }
    if (t->bare) {
        b->sp = (b->x[POINTER] & ~TAG) - 1024;
        b->sp0 = b->sp;
    }
    return memcmp(&old, t, sizeof(old)) != 0;
}

#define STEPS_MAX 1024

struct steps {
    struct step s[STEPS_MAX];
    unsigned n;
};

static void add(struct steps *l, enum kind kind, unsigned index, unsigned count, uint64_t value,
                uint64_t high)
{
    if (l->n < STEPS_MAX)
        l->s[l->n++] = (struct step){kind, index, count, {value, high}};
}

/* Large steps first: when they hold, the small ones are not needed. */
static void list(const struct trial *t, struct steps *l)
{
    l->n = 0;
    for (unsigned i = 0; i + 1 < t->n; i++)
        add(l, STOP, i, 0, 0, 0);
    add(l, DROP, 0, 0, 0, 0);
    for (unsigned count = t->n / 2; count >= 1; count /= 2)
        for (unsigned i = 0; i + 1 < t->n; i += count)
            add(l, CUT, i, count, 0, 0);
    for (unsigned r = 0; r < t->before.regime && t->bare; r++)
        add(l, REGIME, r, 0, 0, 0);
    if (t->bare) {
        add(l, PLACE, 0, 0, 0, 0);
        add(l, UNTAG, 0, 0, 0, 0);
        for (unsigned i = 0; i < 4; i++)
            add(l, CONTROL_BIT, 0, 0, UINT64_C(1) << i, 0);
    }
    add(l, FPCR_BIT, 0, 0, ~UINT64_C(0), 0);
    for (unsigned i = 0; i < 32; i++) {
        if (t->before.fpcr >> i & 1)
            add(l, FPCR_BIT, 0, 0, UINT64_C(1) << i, 0);
        if (i >= 10 && t->before.pstate >> i & 1)
            add(l, PSTATE_BIT, 0, 0, UINT64_C(1) << i, 0);
    }
    add(l, SEED, 0, 0, 0, 0);
    for (unsigned i = 0; i < 31; i++) {
        uint64_t v = t->before.x[i];

        if (i == POINTER || !v)
            continue;
        add(l, X_VALUE, i, 0, 0, 0);
        if (v != 1)
            add(l, X_VALUE, i, 0, 1, 0);
        add(l, X_VALUE, i, 0, v & UINT32_MAX, 0);
        add(l, X_VALUE, i, 0, v & ~(uint64_t)UINT32_MAX, 0);
    }
    for (unsigned i = 0; i < 32; i++) {
        const uint64_t *v = t->before.v[i];

        if (!v[0] && !v[1])
            continue;
        add(l, V_VALUE, i, 0, 0, 0);
        add(l, V_VALUE, i, 0, v[0], 0);
        add(l, V_VALUE, i, 0, 0, v[1]);
        add(l, V_VALUE, i, 0, v[0] & UINT32_MAX, v[1]);
        add(l, V_VALUE, i, 0, v[0] & 0xffff, 0);
    }
}

unsigned reduce(struct trial *t, const struct judge *judge)
{
    struct batch *b = batch_new();
    struct steps *l = malloc(sizeof(*l));
    struct insn_state *want = malloc(STEPS_MAX * sizeof(*want));
    struct trial *work = malloc(sizeof(*work));
    unsigned *chosen = malloc(STEPS_MAX * sizeof(*chosen)), asked = 0;
    bool *differ = calloc(STEPS_MAX, sizeof(*differ));

    if (!l || !want || !work || !chosen || !differ)
        abort();
    for (bool more = true; more && asked < 200;) {
        unsigned n = 0, taken = 0;

        /* alone */
        list(t, l);
        batch_clear(b);
        for (unsigned i = 0; i < l->n; i++) {
            *work = *t;
            if (apply(work, &l->s[i]) && batch_add(b, work->words, work->n, &work->before))
                chosen[n++] = i;
        }
        judge->differ(judge->opaque, b, differ, want);
        asked++;
        for (unsigned i = 0; i < n; i++)
            if (differ[i])
                chosen[taken++] = chosen[i];
        /* together: the first with the second, with the third ... each on top of those before */
        more = taken != 0;
        batch_clear(b);
        *work = *t;
        for (unsigned i = 0; i < taken; i++) {
            apply(work, &l->s[chosen[i]]);
            if (!batch_add(b, work->words, work->n, &work->before))
                taken = i;
        }
        if (!more)
            break;
        judge->differ(judge->opaque, b, differ, want);
        asked++;
        for (n = 0; n < taken && differ[n]; n++)
            apply(t, &l->s[chosen[n]]);
        if (n)
            t->want = want[n - 1];
        more = n != 0;
    }
    batch_clear(b);
    batch_add(b, t->words, t->n, &t->before);
    judge->differ(judge->opaque, b, differ, want);
    t->want = want[0];
    t->before.pc = b->before[0].pc;
    if (!differ[0])
        asked = 0;
    free(differ);
    free(chosen);
    free(work);
    free(want);
    free(l);
    batch_free(b);
    return asked;
}
