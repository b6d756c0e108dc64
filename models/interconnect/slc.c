/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of the system-level cache. See slc.h. */
#include "models/interconnect/slc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAG_VALID UINT64_C(1)
#define TAG_DIRTY UINT64_C(2)
#define TAG_FLAGS (TAG_VALID | TAG_DIRTY)

int slc_init(struct slc *s, uint64_t size, uint32_t ways)
{
    uint64_t lines = size >> SLC_LINE_BITS;

    memset(s, 0, sizeof(*s));
    if (!size)
        return 0;
    if (!ways || size & ((1u << SLC_LINE_BITS) - 1) || lines % ways)
        return -EINVAL;
    s->ways = ways;
    s->sets = lines / ways;
    s->mask = s->sets & (s->sets - 1) ? 0 : s->sets - 1;
    s->tags = calloc(lines, sizeof(*s->tags));
    return s->tags ? 0 : -ENOMEM;
}

void slc_fini(struct slc *s)
{
    free(s->tags);
    s->tags = NULL;
}

/* Lines are spread over the sets by a hash, as over the slices of a mesh, so that strides of powers of two do
 * not meet in one set. */
static uint64_t *set_of(const struct slc *s, uint64_t line)
{
    uint64_t h = line ^ (line >> 13) ^ (line >> 29);

    return &s->tags[(s->mask ? h & s->mask : h % s->sets) * s->ways];
}

static uint64_t tag_of(uint64_t line)
{
    return line << 2 | TAG_VALID;
}

void slc_expect(const struct slc *s, uint64_t addr)
{
    const char *set = (const char *)set_of(s, addr >> SLC_LINE_BITS);

    for (uint64_t at = 0; at < s->ways * sizeof(*s->tags); at += 64) /* the host's line */
        __builtin_prefetch(set + at, 1);
}

bool slc_lookup(struct slc *s, uint64_t addr, bool dirty)
{
    uint64_t line = addr >> SLC_LINE_BITS, *set = set_of(s, line), tag = tag_of(line);

    for (uint64_t w = 0; w < s->ways; w++) {
        if ((set[w] & ~TAG_DIRTY) != tag)
            continue;
        tag = set[w] | (dirty ? TAG_DIRTY : 0);
        memmove(set + 1, set, w * sizeof(*set));
        set[0] = tag;
        return true;
    }
    return false;
}

bool slc_insert(struct slc *s, uint64_t addr, bool dirty, uint64_t *victim)
{
    uint64_t line = addr >> SLC_LINE_BITS, *set = set_of(s, line), old = set[s->ways - 1];

    memmove(set + 1, set, (s->ways - 1) * sizeof(*set));
    set[0] = tag_of(line) | (dirty ? TAG_DIRTY : 0);
    *victim = old >> 2 << SLC_LINE_BITS;
    return (old & TAG_FLAGS) == TAG_FLAGS;
}

void slc_drop(struct slc *s, uint64_t addr)
{
    uint64_t line = addr >> SLC_LINE_BITS, *set = set_of(s, line);

    for (uint64_t w = 0; w < s->ways; w++) {
        if ((set[w] & ~TAG_DIRTY) != tag_of(line))
            continue;
        memmove(set + w, set + w + 1, (s->ways - 1 - w) * sizeof(*set));
        set[s->ways - 1] = 0;
        return;
    }
}

static uint64_t lines(const void *s)
{
    return ((const struct slc *)s)->sets * ((const struct slc *)s)->ways;
}

static const struct tg_state state[] = {
    TG_STATE_HEAP(struct slc, tags, lines),
    TG_STATE_SPAN(struct slc, sets, mask, TG_WHY_FIXED, "geometry: parameters of the fabric"),
};
const struct tg_state_table slc_table = TG_STATE_INIT(struct slc, state);
