/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PL011 UART (Arm DDI 0183), as far as Linux's and bare-metal drivers use it: data, flags, FIFO of 16, level
 * interrupt of receive and transmit. Baud rate, modem lines, errors and DMA read back what was written and do
 * nothing.
 *
 * Output is gathered until a newline, a full buffer, or an access that shows that the guest is done with a
 * burst (interrupt mask or clear, polling of the flags), so that a line costs one write() and not eighty.
 */
#include "minivmm.h"

#include <string.h>
#include <unistd.h>

enum {
    DR = 0x00,
    RSR = 0x04,
    FR = 0x18,
    ILPR = 0x20,
    IBRD = 0x24,
    FBRD = 0x28,
    LCR_H = 0x2c,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3c,
    MIS = 0x40,
    ICR = 0x44,
    DMACR = 0x48,
    ID_FIRST = 0xfe0,
    ID_LAST = 0xffc,
};
enum { FR_RXFE = 1 << 4, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7 };
enum { INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6, LCR_FEN = 1 << 4 };

void pl011_init(struct pl011 *u)
{
    memset(u, 0, sizeof(*u));
    pthread_mutex_init(&u->lock, NULL);
    pthread_cond_init(&u->room, NULL);
    u->cr = 0x300; /* TXE, RXE at reset */
    u->ifls = 0x12;
}

static unsigned depth(const struct pl011 *u)
{
    return u->lcr_h & LCR_FEN ? 16 : 1;
}

static void flush(struct pl011 *u)
{
    for (unsigned done = 0; done < u->out_len;) {
        ssize_t n = write(STDOUT_FILENO, u->out + done, u->out_len - done);
        if (n <= 0)
            break;
        done += (unsigned)n;
    }
    u->out_len = 0;
}

void pl011_flush(struct pl011 *u)
{
    pthread_mutex_lock(&u->lock);
    flush(u);
    pthread_mutex_unlock(&u->lock);
}

static void update(struct vmm *v, struct pl011 *u)
{
    if (!u->rx_count)
        u->ris &= ~(uint32_t)(INT_RX | INT_RT);
    bool level = u->ris & u->imsc;
    if (level != u->line_up) {
        u->line_up = level;
        vm_irq(v, GUEST_UART_SPI, level);
    }
}

static uint32_t read_locked(struct pl011 *u, uint32_t off)
{
    static const uint8_t id[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    uint32_t val = 0;
    switch (off) {
    case DR:
        if (u->rx_count) {
            val = u->rx[u->rx_head];
            u->rx_head = (u->rx_head + 1) % sizeof(u->rx);
            u->rx_count--;
            pthread_cond_signal(&u->room);
        }
        return val;
    case FR:
        return FR_TXFE | (u->rx_count ? 0 : FR_RXFE) | (u->rx_count >= depth(u) ? FR_RXFF : 0);
    case IBRD:
        return u->ibrd;
    case FBRD:
        return u->fbrd;
    case LCR_H:
        return u->lcr_h;
    case CR:
        return u->cr;
    case IFLS:
        return u->ifls;
    case IMSC:
        return u->imsc;
    case RIS:
        return u->ris;
    case MIS:
        return u->ris & u->imsc;
    case DMACR:
        return u->dmacr;
    default:
        return off >= ID_FIRST && off <= ID_LAST ? id[(off - ID_FIRST) / 4] : 0;
    }
}

uint32_t pl011_read(struct vmm *v, struct pl011 *u, uint32_t off)
{
    pthread_mutex_lock(&u->lock);
    if (off == FR && u->last_was_flags)
        flush(u); /* polls: waits for something */
    u->last_was_flags = off == FR;
    uint32_t val = read_locked(u, off);
    if (off == DR)
        update(v, u);
    pthread_mutex_unlock(&u->lock);
    return val;
}

void pl011_write(struct vmm *v, struct pl011 *u, uint32_t off, uint32_t val)
{
    pthread_mutex_lock(&u->lock);
    u->last_was_flags = false;
    switch (off) {
    case DR:
        u->out[u->out_len++] = (char)val;
        if (u->out_len == sizeof(u->out) || (char)val == '\n')
            flush(u);
        u->ris |= INT_TX; /* sent at once: the FIFO fell below its mark */
        break;
    case IBRD:
        u->ibrd = val & 0xffff;
        break;
    case FBRD:
        u->fbrd = val & 0x3f;
        break;
    case LCR_H:
        u->lcr_h = val & 0xff;
        break;
    case CR:
        u->cr = val & 0xffff;
        break;
    case IFLS:
        u->ifls = val & 0x3f;
        break;
    case IMSC:
        u->imsc = val & 0x7ff;
        flush(u);
        break;
    case ICR:
        u->ris &= ~val;
        flush(u);
        break;
    case DMACR:
        u->dmacr = val & 7;
        break;
    default:
        break;
    }
    update(v, u);
    pthread_mutex_unlock(&u->lock);
}

void pl011_input(struct vmm *v, struct pl011 *u, const uint8_t *p, size_t n)
{
    pthread_mutex_lock(&u->lock);
    while (n) {
        while (u->rx_count >= depth(u))
            pthread_cond_wait(&u->room, &u->lock);
        for (; n && u->rx_count < depth(u); n--, u->rx_count++)
            u->rx[(u->rx_head + u->rx_count) % sizeof(u->rx)] = *p++;
        u->ris |= INT_RX | INT_RT;
        update(v, u);
    }
    pthread_mutex_unlock(&u->lock);
}
