/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating point and Advanced SIMD as programs use them: chains of scalar double multiply-adds with divisions
 * and square roots (bodies that attract each other, a polynomial), single-precision vectors (matrix multiply,
 * normalised vectors), conversions (sound samples), integer vectors (sums of absolute differences, dot
 * products, blended pixels). Plain C for the compiler to vectorise; its options stand in CMakeLists.txt. No
 * libm, and no reassociation: the results are exact.
 */
#include "bench.h"

#include <math.h>
#include <string.h>

enum {
    BODIES = 5,
    STEPS = 40,
    SIDE = 32,
    VECTORS = 256,
    SAMPLES = 1024,
    BLOCK = 16,
    FRAME = 48,
    PIXELS = 2048
};

static uint64_t bits64(double d)
{
    uint64_t u;

    memcpy(&u, &d, sizeof(u));
    return u;
}

static uint32_t bits32(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof(u));
    return u;
}

/* In [0, 1). */
static double uniform(uint64_t *seed)
{
    return (double)(bench_random(seed) >> 11) * 0x1p-53;
}

/* Inputs cost less than what is done with them. `bytes` is a multiple of 8. */
static void fill(void *p, size_t bytes, uint64_t *seed)
{
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t r = bench_random(seed);

        memcpy((char *)p + i, &r, sizeof(r));
    }
}

/* ---- scalar double ---- */

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static void advance(struct body *b, double dt)
{
    for (size_t i = 0; i < BODIES; i++) {
        for (size_t j = i + 1; j < BODIES; j++) {
            double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
            double d2 = dx * dx + dy * dy + dz * dz + 0.01;
            double mag = dt / (d2 * sqrt(d2));

            b[i].vx -= dx * b[j].mass * mag;
            b[i].vy -= dy * b[j].mass * mag;
            b[i].vz -= dz * b[j].mass * mag;
            b[j].vx += dx * b[i].mass * mag;
            b[j].vy += dy * b[i].mass * mag;
            b[j].vz += dz * b[i].mass * mag;
        }
    }
    for (size_t i = 0; i < BODIES; i++) {
        b[i].x += dt * b[i].vx;
        b[i].y += dt * b[i].vy;
        b[i].z += dt * b[i].vz;
    }
}

static uint64_t bodies(uint64_t seed)
{
    struct body b[BODIES];
    uint64_t sum = seed;

    for (size_t i = 0; i < BODIES; i++) {
        b[i] = (struct body){
            .x = uniform(&seed), .y = uniform(&seed), .z = uniform(&seed), .mass = uniform(&seed)};
    }
    for (unsigned i = 0; i < STEPS; i++)
        advance(b, 0.001);
    for (size_t i = 0; i < BODIES; i++)
        sum = bench_fold(bench_fold(bench_fold(sum, bits64(b[i].x)), bits64(b[i].y)), bits64(b[i].vz));
    return sum;
}

/* e^x by a polynomial of degree 7 on the fraction and the exponent's field. */
static double exponential(double x)
{
    static const double c[] = {0x1.a01a01a01a01ap-13,
                               0x1.6c16c16c16c17p-10,
                               0x1.1111111111111p-7,
                               0x1.5555555555555p-5,
                               0x1.5555555555555p-3,
                               0.5,
                               1.0,
                               1.0};
    double n = (double)(int64_t)(x * 0x1.71547652b82fep0), r = x - n * 0x1.62e42fefa39efp-1, p = c[0];
    uint64_t scale = (uint64_t)((int64_t)n + 1023) << 52;
    double s;

    for (size_t i = 1; i < sizeof(c) / sizeof(c[0]); i++)
        p = p * r + c[i];
    memcpy(&s, &scale, sizeof(s));
    return p * s;
}

static uint64_t polynomials(uint64_t seed)
{
    double total = 0;

    for (unsigned i = 0; i < 200; i++) {
        double x = exponential(uniform(&seed) * 20 - 10);

        total = x < 1 ? total + x : fmax(total, 1 / x);
    }
    return bits64(total);
}

/* ---- vectors of single precision ---- */

static uint64_t matrices(uint64_t seed)
{
    float a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
    int32_t raw[SIDE][SIDE];
    uint64_t sum = seed;

    fill(raw, sizeof(raw), &seed);
    for (size_t i = 0; i < SIDE; i++) {
        for (size_t j = 0; j < SIDE; j++) {
            a[i][j] = (float)raw[i][j] * 0x1p-31F;
            b[i][j] = (float)(raw[i][j] & 0xffff) * 0x1p-15F - 1.0F;
        }
    }
    memset(c, 0, sizeof(c));
    for (size_t i = 0; i < SIDE; i++) {
        for (size_t k = 0; k < SIDE; k++) {
            for (size_t j = 0; j < SIDE; j++)
                c[i][j] += a[i][k] * b[k][j];
        }
    }
    for (size_t i = 0; i < SIDE; i++)
        sum = bench_fold(sum, bits32(c[i][(i * 5) % SIDE]));
    return sum;
}

static uint64_t normalised(uint64_t seed)
{
    float x[VECTORS], y[VECTORS], z[VECTORS];
    uint16_t raw[3][VECTORS];
    uint64_t sum = seed;

    fill(raw, sizeof(raw), &seed);
    for (size_t i = 0; i < VECTORS; i++) {
        x[i] = (float)raw[0][i] - 32768.0F;
        y[i] = (float)raw[1][i] - 32768.0F;
        z[i] = (float)raw[2][i] + 1.0F;
    }
    for (unsigned pass = 0; pass < 8; pass++) {
        for (size_t i = 0; i < VECTORS; i++) {
            float k = 1.0F / sqrtf(x[i] * x[i] + y[i] * y[i] + z[i] * z[i]);

            x[i] = x[i] * k + 0.25F;
            y[i] *= k;
            z[i] *= k;
        }
    }
    for (size_t i = 0; i < VECTORS; i += 5)
        sum = bench_fold(sum, (uint64_t)bits32(x[i]) << 32 | bits32(z[i]));
    return sum;
}

/* Samples of sound: to single precision, through a gain and a limit, and back. */
static uint64_t samples(uint64_t seed)
{
    int16_t in[SAMPLES], out[SAMPLES];
    uint64_t sum = seed;

    fill(in, sizeof(in), &seed);
    for (unsigned pass = 0; pass < 4; pass++) {
        for (size_t i = 0; i < SAMPLES; i++) {
            float f = (float)in[i] * 1.37F + 11.5F;

            f = f > 30000.0F ? 30000.0F : f;
            f = f < -30000.0F ? -30000.0F : f;
            out[i] = (int16_t)(int32_t)f;
        }
        memcpy(in, out, sizeof(in));
    }
    for (size_t i = 0; i < SAMPLES; i += 3)
        sum = bench_fold(sum, (uint16_t)out[i]);
    return sum;
}

/* ---- vectors of integers ---- */

static uint32_t difference(const uint8_t *a, const uint8_t *b, size_t stride)
{
    uint32_t total = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        for (size_t j = 0; j < BLOCK; j++) {
            int d = a[i * stride + j] - b[i * stride + j];

            total += (uint32_t)(d < 0 ? -d : d);
        }
    }
    return total;
}

/* Where in a frame is the block of another frame? */
static uint64_t motion(uint64_t seed)
{
    uint8_t frame[FRAME * FRAME], other[FRAME * FRAME];
    uint32_t best = UINT32_MAX;
    uint64_t where = 0;

    fill(frame, sizeof(frame), &seed);
    for (size_t i = 0; i < sizeof(frame); i++)
        other[i] = (uint8_t)(frame[i] + (i & 3));
    for (size_t y = 0; y < FRAME - BLOCK; y += 4) {
        for (size_t x = 0; x < FRAME - BLOCK; x += 2) {
            uint32_t d = difference(frame + y * FRAME + x, other + 8 * FRAME + 8, FRAME);

            if (d < best) {
                best = d;
                where = y * FRAME + x;
            }
        }
    }
    return where << 32 | best;
}

static int32_t dot8(const int8_t *a, const int8_t *b, size_t n)
{
    int32_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += a[i] * b[i];
    return total;
}

static int32_t dot16(const int16_t *a, const int16_t *b, size_t n)
{
    int32_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += a[i] * b[i];
    return total;
}

static uint64_t products(uint64_t seed)
{
    int8_t a[PIXELS], b[PIXELS];
    int16_t c[PIXELS], d[PIXELS];
    uint64_t sum = seed;

    fill(a, sizeof(a), &seed);
    fill(b, sizeof(b), &seed);
    for (size_t i = 0; i < PIXELS; i++) {
        c[i] = (int16_t)(a[i] * 4);
        d[i] = (int16_t)(b[i] + 300);
    }
    for (size_t lag = 0; lag < 8; lag++) {
        sum = bench_fold(sum, (uint32_t)dot8(a, b + lag, PIXELS - 8));
        sum = bench_fold(sum, (uint32_t)dot16(c, d + lag, PIXELS - 8));
    }
    return sum;
}

static uint64_t pixels(uint64_t seed)
{
    uint8_t over[PIXELS], under[PIXELS], alpha[PIXELS];
    uint64_t sum = seed;

    fill(over, sizeof(over), &seed);
    fill(under, sizeof(under), &seed);
    fill(alpha, sizeof(alpha), &seed);
    for (unsigned pass = 0; pass < 6; pass++) {
        for (size_t i = 0; i < PIXELS; i++) {
            uint16_t mixed = (uint16_t)(over[i] * alpha[i] + under[i] * (uint8_t)(255 - alpha[i]) + 128);
            uint8_t p = (uint8_t)(mixed >> 8);

            under[i] = p > 240 ? 240 : p;
            over[i] ^= (uint8_t)(p << 1);
        }
    }
    for (size_t i = 0; i < PIXELS; i += 7)
        sum = bench_fold(sum, under[i]);
    return sum;
}

uint64_t bench_float(uint64_t seed)
{
    static uint64_t (*const part[])(uint64_t) = {bodies,  polynomials, matrices, normalised,
                                                 samples, motion,      products, pixels};
    uint64_t sum = seed;

    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
        sum = bench_fold(sum, part[i](seed + i));
    return sum;
}
