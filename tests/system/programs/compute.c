/* SPDX-License-Identifier: Apache-2.0 */
/* A program for gcc.sh: arithmetic of every width, floating point, setjmp, threads with atomics, sorting,
 * text. Prints what it computes; asserts what is known. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void integers(void)
{
    uint64_t h = 0;

    for (int i = 0; i < 20000; i++) {
        int64_t a = (int64_t)draw(), b = (int64_t)(draw() >> (draw() % 64)) | 1;
        __int128 p = (__int128)a * b;
        unsigned s = draw() % 63 + 1;

        assert((int64_t)(p / b) == a);
        h = h * 31 + (uint64_t)(a / b) + (uint64_t)(a % b) + (uint64_t)(p >> 64);
        h ^= (uint64_t)a >> s | (uint64_t)a << (64 - s);
        h += (uint64_t)(int32_t)a / (uint32_t)(b | 1) + (uint16_t)(a * b) + (uint64_t)(int8_t)(a >> 3);
        h += (uint64_t)__builtin_popcountll((uint64_t)a) + (uint64_t)__builtin_clzll((uint64_t)b) +
             (uint64_t)__builtin_ctzll((uint64_t)b) + __builtin_bswap64((uint64_t)a);
        h += a > b ? 1 : a < -b ? 2 : 3;
    }
    printf("integers %016" PRIx64 "\n", h);
}

/* Sums and products in a fixed order: -ffp-contract would change them, so each step is stored. */
static void floats(void)
{
    volatile double s = 0, t;
    volatile float f = 0, g;
    uint64_t bits;

    for (int i = 1; i < 20000; i++) {
        double x = (double)(int64_t)draw() / 1e15;

        t = x / i;
        s = s + t;
        t = sqrt(fabs(x)) + floor(x) - trunc(x * 0.5);
        s = s + t;
        g = (float)x * 1.5f;
        f = f + g;
        assert((double)(int64_t)(double)(i * 7) == i * 7.0);
        t = fma(x, 1.0 + i, -x);
        s = s - t;
        assert(isnan(t) == 0 && rint(2.5) == 2.0 && lround(2.5) == 3);
    }
    t = s;
    memcpy(&bits, (const void *)&t, 8);
    printf("floats %016" PRIx64 " %.9g %.17g %.17g %.17g\n", bits, (double)f, exp(1.5), sin(1e5),
           pow(1.0001, 12345));
}

static void arrays(void)
{
    enum { N = 96 };
    static int32_t a[N][N], b[N][N], c[N][N];
    static uint8_t bytes[4096];
    uint64_t h = 0;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (int32_t)draw() % 1000;
            b[i][j] = (int32_t)draw() % 1000;
        }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++)
                c[i][j] += a[i][k] * b[k][j];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            h = h * 1000003 + (uint32_t)c[i][j];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)draw();
    for (unsigned round = 0; round < 200; round++) {
        unsigned from = draw() % 2000, to = draw() % 2000, n = draw() % 2000;

        memmove(bytes + to, bytes + from, n);
        bytes[n] ^= (uint8_t)(memcmp(bytes, bytes + n, 100) > 0);
    }
    for (unsigned i = 0; i < sizeof(bytes); i++)
        h = h * 257 + bytes[i] + (bytes[i] > 127 ? bytes[i] * 3u : bytes[i] / 3u);
    printf("arrays %016" PRIx64 "\n", h);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void sorting(void)
{
    static uint64_t v[20000];
    uint64_t h = 0;

    for (int i = 0; i < 20000; i++)
        v[i] = draw() >> 20;
    qsort(v, 20000, sizeof(v[0]), compare);
    for (int i = 1; i < 20000; i++) {
        assert(v[i - 1] <= v[i]);
        h = h * 31 + v[i];
    }
    printf("sorting %016" PRIx64 "\n", h);
}

static atomic_ullong shared;
static atomic_uint flag;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t plain;

static void *add(void *arg)
{
    uint64_t n = (uintptr_t)arg, old;

    for (uint64_t i = 0; i < 3000; i++) {
        atomic_fetch_add(&shared, i * n);
        old = atomic_load(&shared);
        while (!atomic_compare_exchange_weak(&shared, &old, old + 1))
            ;
        atomic_fetch_xor(&flag, 1u << n);
        pthread_mutex_lock(&lock);
        plain += n;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t t[4];

    for (uintptr_t i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, add, (void *)(i + 1));
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert(plain == 3000 * 10 && flag == 0);
    assert(shared == UINT64_C(2999) * 3000 / 2 * 10 + 12000);
    printf("threads %llu\n", (unsigned long long)shared);
}

static void jumps(void)
{
    static jmp_buf env;
    volatile int n = 0;

    if (setjmp(env) < 100) {
        n++;
        longjmp(env, n);
    }
    printf("jumps %d\n", n);
}

static void text(void)
{
    char buf[256];
    double back;
    uint64_t h = 0;

    for (int i = 0; i < 2000; i++) {
        uint64_t bits = draw();
        double d;

        memcpy(&d, &bits, 8);
        if (isnan(d))
            continue;
        snprintf(buf, sizeof(buf), "%.17g", d);
        back = strtod(buf, NULL);
        assert(memcmp(&back, &d, 8) == 0);
        snprintf(buf, sizeof(buf), "%d %x %-8s|%5.2f|%*d", i, (unsigned)bits, "ab", (double)(i % 100) / 7, 6,
                 i);
        for (char *p = buf; *p; p++)
            h = h * 131 + (unsigned char)*p;
    }
    printf("text %016" PRIx64 "\n", h);
}

int main(void)
{
    integers();
    floats();
    arrays();
    sorting();
    threads();
    jumps();
    text();
    return 0;
}
