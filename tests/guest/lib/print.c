/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console output on a PL011 (Arm DDI 0183), formatting, and the string functions a freestanding C compiler
 * expects. Does not set the UART up: the loader or the emulation did. No input.
 */
#include "rt.h"

#include <stdarg.h>

enum { UARTDR = 0x00, UARTFR = 0x18, FR_TXFF = 1 << 5 };

static struct rt_lock print_lock;

void rt_putc(char c)
{
    if (!rt.uart)
        return;
    while (rt_r32(rt.uart + UARTFR) & FR_TXFF)
        rt_yield();
    rt_w32(rt.uart + UARTDR, (uint8_t)c);
}

static void put_str(const char *s)
{
    for (; *s; s++) {
        if (*s == '\n')
            rt_putc('\r');
        rt_putc(*s);
    }
}

static void put_num(uint64_t v, unsigned base, bool neg, unsigned width, char pad)
{
    char buf[24], out[2] = {0, 0};
    unsigned n = 0;
    do {
        buf[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    if (neg)
        buf[n++] = '-';
    for (unsigned i = n; i < width; i++) {
        out[0] = pad;
        put_str(out);
    }
    while (n) {
        out[0] = buf[--n];
        put_str(out);
    }
}

void rt_printf(const char *fmt, ...)
{
    va_list ap;
    bool locked = rt_mmu_is_on(); /* exclusives need it; before, there is one PE */
    if (locked)
        rt_lock(&print_lock);
    va_start(ap, fmt);
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            char c[2] = {*fmt, 0};
            put_str(c);
            continue;
        }
        char pad = ' ';
        unsigned width = 0, longs = 0;
        fmt++;
        if (*fmt == '0')
            pad = '0';
        while (*fmt >= '0' && *fmt <= '9')
            width = width * 10 + (unsigned)(*fmt++ - '0');
        while (*fmt == 'l') {
            longs++;
            fmt++;
        }
        if (*fmt == 'd') {
            int64_t v = longs ? va_arg(ap, int64_t) : va_arg(ap, int);
            put_num(v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, width, pad);
        } else if (*fmt == 'u' || *fmt == 'x') {
            uint64_t v = longs ? va_arg(ap, uint64_t) : va_arg(ap, unsigned);
            put_num(v, *fmt == 'u' ? 10 : 16, false, width, pad);
        } else if (*fmt == 'p') {
            put_num((uint64_t)va_arg(ap, void *), 16, false, 16, '0');
        } else if (*fmt == 's') {
            put_str(va_arg(ap, const char *));
        } else if (*fmt == 'c') {
            char c[2] = {(char)va_arg(ap, int), 0};
            put_str(c);
        } else if (*fmt == '%') {
            put_str("%");
        } else {
            break;
        }
    }
    va_end(ap);
    if (locked)
        rt_unlock(&print_lock);
}

void *memset(void *d, int c, size_t n)
{
    uint8_t *p = d;
    while (n && ((uintptr_t)p & 7)) {
        *p++ = (uint8_t)c;
        n--;
    }
    uint64_t v = (uint8_t)c * UINT64_C(0x0101010101010101);
    for (; n >= 8; n -= 8, p += 8)
        *(volatile uint64_t *)(void *)p = v;
    while (n--)
        *(volatile uint8_t *)p++ = (uint8_t)c;
    return d;
}

void *memcpy(void *d, const void *s, size_t n)
{
    uint8_t *p = d;
    const uint8_t *q = s;
    if ((((uintptr_t)p | (uintptr_t)q) & 7) == 0)
        for (; n >= 8; n -= 8, p += 8, q += 8)
            *(volatile uint64_t *)(void *)p = *(const uint64_t *)(const void *)q;
    while (n--)
        *(volatile uint8_t *)p++ = *q++;
    return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;
    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

size_t strlen(const char *s)
{
    const volatile char *p = s;
    while (*p)
        p++;
    return (size_t)(p - s);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}
