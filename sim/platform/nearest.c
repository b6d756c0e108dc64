/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest known name: edit distance with transpositions (optimal string alignment). Names beyond 127
 * characters are not compared. */
#include <string.h>
#include "sim/platform/platform.h"

#define LONGEST 128

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

static unsigned distance(const char *a, size_t la, const char *b, size_t lb)
{
    unsigned row[3][LONGEST + 1];

    for (size_t j = 0; j <= lb; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *now = row[i % 3], *before = row[(i - 1) % 3], *before2 = row[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            now[j] = min3(before[j] + 1, now[j - 1] + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before2[j - 2] + 1 < now[j])
                now[j] = before2[j - 2] + 1;
        }
    }
    return row[la % 3][lb];
}

const char *platform_nearest(const char *name, const char *const *names, size_t n)
{
    size_t len = strlen(name);
    const char *best = NULL;
    unsigned least = ~0u;

    if (len > LONGEST)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t l = strlen(names[i]);
        unsigned d;

        if (l > LONGEST)
            continue;
        d = distance(name, len, names[i], l);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    /* A name with hardly anything in common helps nobody. */
    return best && least <= (len > strlen(best) ? len : strlen(best)) * 2 / 3 ? best : NULL;
}
