/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer work of the kind that embedded benchmarks have: lists that are walked, searched, reversed and
 * sorted; small integer matrices; a state machine over text; CRCs bit by bit and by table. Data of a few KiB,
 * branches that data decide.
 */
#include "bench.h"

#include <string.h>

enum { NODES = 160, SIDE = 24, TEXT = 1024 };

/* ---- lists ---- */

struct node {
    struct node *next;
    uint16_t key, value;
};

static struct node *list_reverse(struct node *head)
{
    struct node *done = NULL;

    while (head) {
        struct node *next = head->next;

        head->next = done;
        done = head;
        head = next;
    }
    return done;
}

static const struct node *list_find(const struct node *n, uint16_t key)
{
    while (n && n->key != key)
        n = n->next;
    return n;
}

static int by_key(const struct node *a, const struct node *b)
{
    return a->key - b->key;
}

static int by_value(const struct node *a, const struct node *b)
{
    return a->value != b->value ? a->value - b->value : a->key - b->key;
}

/* Merge sort from the bottom up, in place. */
static struct node *list_sort(struct node *head, int (*order)(const struct node *, const struct node *))
{
    for (size_t run = 1;; run *= 2) {
        struct node *p = head, **tail = &head;
        size_t merges = 0;

        while (p) {
            struct node *q = p;
            size_t np = 0, nq = run;

            merges++;
            while (np < run && q) {
                q = q->next;
                np++;
            }
            while (np || (nq && q)) {
                struct node **from = !np || (nq && q && order(q, p) < 0) ? &q : &p;
                struct node *least = *from;

                *(from == &p ? &np : &nq) -= 1;
                *from = least->next;
                *tail = least;
                tail = &least->next;
            }
            p = q;
        }
        *tail = NULL;
        if (merges <= 1)
            return head;
    }
}

static uint64_t lists(uint64_t seed)
{
    struct node nodes[NODES], *head = NULL;
    uint64_t sum = seed;

    for (size_t i = 0; i < NODES; i++) {
        uint64_t r = bench_random(&seed);

        nodes[i] = (struct node){head, (uint16_t)((r >> 8) % (2 * NODES)), (uint16_t)((r >> 32) % 64)};
        head = &nodes[i];
    }
    for (unsigned i = 0; i < 24; i++) {
        const struct node *found = list_find(head, (uint16_t)(bench_random(&seed) % (2 * NODES)));

        sum = bench_fold(sum, found ? found->value : 0xffff);
        head = list_reverse(head);
    }
    head = list_sort(head, by_value);
    for (const struct node *n = head; n; n = n->next)
        sum = bench_fold(sum, n->key);
    head = list_sort(head, by_key);
    for (const struct node *n = head; n; n = n->next)
        sum = bench_fold(sum, n->value);
    return sum;
}

/* ---- matrices ---- */

static uint64_t matrices(uint64_t seed)
{
    int16_t a[SIDE][SIDE], b[SIDE][SIDE];
    int32_t c[SIDE][SIDE];
    uint64_t sum = seed;

    for (size_t i = 0; i < SIDE; i++) {
        for (size_t j = 0; j < SIDE; j++) {
            a[i][j] = (int16_t)bench_random(&seed);
            b[i][j] = (int16_t)(bench_random(&seed) >> 40);
        }
    }
    for (size_t i = 0; i < SIDE; i++) {
        for (size_t j = 0; j < SIDE; j++) {
            int32_t s = 0;

            for (size_t k = 0; k < SIDE; k++)
                s += (a[i][k] * b[k][j]) >> 6;
            c[i][j] = s;
        }
    }
    for (size_t i = 0; i < SIDE; i++) {
        for (size_t j = 0; j < SIDE; j++) {
            uint32_t bits = (uint32_t)c[i][j];

            sum = bench_fold(sum, ((bits >> 2) & 15) * ((bits >> 5) & 127) + (c[i][j] > c[j][i]));
        }
    }
    return sum;
}

/* ---- a state machine: what kind of number is each word of a text? ---- */

enum state {
    START,
    SIGN,
    INTEGER,
    POINT,
    FRACTION,
    EXPONENT,
    EXPONENT_SIGN,
    SCIENTIFIC,
    HEX,
    WRONG,
    N_STATES
};

static enum state step(enum state s, char c)
{
    int digit = c >= '0' && c <= '9';

    switch (s) {
    case START:
        return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : WRONG;
    case SIGN:
        return digit ? INTEGER : c == '.' ? POINT : WRONG;
    case INTEGER:
        return digit ? INTEGER : c == '.' ? FRACTION : c == 'x' ? HEX : c == 'e' ? EXPONENT : WRONG;
    case POINT:
    case FRACTION:
        return digit ? FRACTION : c == 'e' && s == FRACTION ? EXPONENT : WRONG;
    case EXPONENT:
        return digit ? SCIENTIFIC : c == '+' || c == '-' ? EXPONENT_SIGN : WRONG;
    case EXPONENT_SIGN:
    case SCIENTIFIC:
        return digit ? SCIENTIFIC : WRONG;
    case HEX:
        return digit || (c >= 'a' && c <= 'f') ? HEX : WRONG;
    default:
        return WRONG;
    }
}

static uint64_t states(uint64_t seed)
{
    static const char letters[] = "0123456789012345..eex+-,,,, ";
    char text[TEXT];
    uint32_t count[N_STATES] = {0}, changes[N_STATES] = {0};
    enum state s = START;
    uint64_t sum = seed;

    for (size_t i = 0; i < TEXT; i++)
        text[i] = letters[(bench_random(&seed) >> 33) % (sizeof(letters) - 1)];
    for (unsigned round = 0; round < 4; round++) {
        for (size_t i = 0; i < TEXT; i++) {
            enum state next;

            if (text[i] == ',') {
                count[s]++;
                s = START;
                continue;
            }
            next = step(s, text[i]);
            if (next != s)
                changes[next]++;
            s = next;
        }
        for (size_t i = round; i < TEXT; i += 7)
            text[i] ^= 1;
    }
    for (unsigned i = 0; i < N_STATES; i++)
        sum = bench_fold(bench_fold(sum, count[i]), changes[i]);
    return sum;
}

/* ---- CRCs ---- */

static uint64_t crcs(uint64_t seed)
{
    uint32_t table[256], crc = 0xffffffff;
    uint16_t small = 0xffff;

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (unsigned bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        table[i] = c;
    }
    for (unsigned i = 0; i < 2048; i++) {
        uint8_t byte = (uint8_t)(bench_random(&seed) >> 24);

        crc = crc >> 8 ^ table[(crc ^ byte) & 0xff];
        if (i & 7)
            continue;
        small ^= (uint16_t)(byte << 8);
        for (unsigned bit = 0; bit < 8; bit++)
            small = (uint16_t)(small & 0x8000 ? small << 1 ^ 0x1021 : small << 1);
    }
    return (uint64_t)crc << 16 | small;
}

uint64_t bench_integer(uint64_t seed)
{
    return bench_fold(bench_fold(bench_fold(lists(seed), matrices(seed)), states(seed)), crcs(seed));
}
