/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PL011 UART (Arm DDI 0183, r1p5). Bytes leave as soon as they are written and the UART is enabled; the baud
 * rate only times the receive time-out. Input is taken from the character device while there is room, so none
 * is lost.
 *
 * Not modelled: line errors (framing, parity, break: a character device has none), IrDA, DMA requests, the
 * integration test registers; the modem inputs nUARTCTS, nUARTDSR and nUARTDCD are tied active.
 */
#include "models/devices/devices.h"

#include <string.h>
#include "models/base/backend.h"
#include "models/devices/primecell.h"

#define FIFO_DEPTH 32 /* r1p5; 16 in earlier revisions (DDI 0183 2.4.3) */

/* UARTDR, UARTRSR (3.3.1, 3.3.2) */
#define DR_DATA TG_FIELD(7, 0)
#define DR_OE   TG_BIT(11)
#define RSR_OE  TG_BIT(3)

/* UARTFR (3.3.3) */
#define FR_CTS  TG_BIT(0)
#define FR_DSR  TG_BIT(1)
#define FR_DCD  TG_BIT(2)
#define FR_RXFE TG_BIT(4)
#define FR_TXFF TG_BIT(5)
#define FR_RXFF TG_BIT(6)
#define FR_TXFE TG_BIT(7)
#define FR_RI   TG_BIT(8)

/* UARTLCR_H (3.3.7), UARTCR (3.3.8), UARTIFLS (3.3.9) */
#define LCRH_FEN   TG_BIT(4)
#define CR_UARTEN  TG_BIT(0)
#define CR_LBE     TG_BIT(7)
#define CR_TXE     TG_BIT(8)
#define CR_RXE     TG_BIT(9)
#define CR_DTR     TG_BIT(10)
#define CR_RTS     TG_BIT(11)
#define CR_OUT1    TG_BIT(12)
#define CR_OUT2    TG_BIT(13)
#define IFLS_RXSEL TG_FIELD(5, 3)

/* Interrupts (3.3.10 to 3.3.13) */
#define INT_RX  TG_BIT(4)
#define INT_TX  TG_BIT(5)
#define INT_RT  TG_BIT(6)
#define INT_OE  TG_BIT(10)
#define INT_ALL TG_FIELD(10, 0)

struct pl011 {
    struct tg_model model;
    /* parameters */
    uint64_t clock;
    bool enabled;
    /* ports */
    struct tg_irq irq;
    struct tg_chardev *chardev;
    /* registers */
    uint32_t dr, rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
    /* the divisor in use: UARTIBRD and UARTFBRD take effect when UARTLCR_H is written (3.3.7) */
    uint32_t ibrd_now, fbrd_now;

    uint16_t rx[FIFO_DEPTH]; /* data with error flags, as UARTDR shows it */
    unsigned rx_head, rx_n;
    uint8_t tx[FIFO_DEPTH]; /* fills only while the transmitter is disabled */
    unsigned tx_n;
    bool refused; /* the character device has more to offer */
    bool overrun;
    struct tg_event timeout;
    /* counters */
    uint64_t rx_bytes, tx_bytes, tx_lost;
};

static struct pl011 *pl011(struct tg_model *m)
{
    return (struct pl011 *)m;
}

static unsigned depth(const struct pl011 *u)
{
    return u->lcr_h & LCRH_FEN ? FIFO_DEPTH : 1;
}

static void update_irq(struct pl011 *u, tg_time now)
{
    tg_irq_set(&u->irq, (u->ris & u->imsc) != 0, now);
}

/* ---- receiver ---- */

/* Level at which the receive interrupt is asserted (3.3.9); without FIFOs one character. */
static unsigned rx_trigger(const struct pl011 *u)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6,
                                       7, 4, 4, 4}; /* 0b101 to 0b111 are reserved: as the reset value */

    return u->lcr_h & LCRH_FEN ? FIFO_DEPTH * eighths[tg_get(u->ifls, IFLS_RXSEL)] / 8 : 1;
}

/* 32 bit periods (2.8.4). An unprogrammed divisor counts as 115200 baud. */
static tg_time rx_timeout(const struct pl011 *u)
{
    uint64_t divisor_64 = (uint64_t)u->ibrd_now * 64 + u->fbrd_now; /* baud divisor times 64 */

    if (!u->ibrd_now)
        return tg_cycles_to_time(32, 115200);
    return tg_cycles_to_time(32 * 16 * divisor_64, u->clock * 64);
}

static void on_timeout(void *opaque, tg_time now)
{
    struct pl011 *u = opaque;

    if (!u->rx_n)
        return;
    u->ris |= INT_RT;
    update_irq(u, now);
}

static void rx_put(struct pl011 *u, uint8_t byte, tg_time now)
{
    if (u->rx_n >=
        depth(u)) { /* only in loopback: a character device waits (3.3.1: the FIFO keeps what it has) */
        u->overrun = true;
        u->rsr |= RSR_OE;
        u->ris |= INT_OE;
        return;
    }
    u->rx[(u->rx_head + u->rx_n) % FIFO_DEPTH] = byte | (u->overrun ? DR_OE : 0);
    u->overrun = false;
    u->rx_n++;
    u->rx_bytes++;
    if (u->rx_n >= rx_trigger(u))
        u->ris |= INT_RX;
    tg_evq_schedule(u->model.env->evq, &u->timeout, now + rx_timeout(u));
}

static bool rx_open(const struct pl011 *u)
{
    return (u->cr & (CR_UARTEN | CR_RXE)) == (CR_UARTEN | CR_RXE) && !(u->cr & CR_LBE);
}

static size_t receive(void *device, const uint8_t *data, size_t n)
{
    struct pl011 *u = device;
    tg_time now = tg_evq_now(u->model.env->evq);
    size_t taken = 0;

    while (taken < n && rx_open(u) && u->rx_n < depth(u))
        rx_put(u, data[taken++], now);
    u->refused = taken < n;
    update_irq(u, now);
    return taken;
}

/* Last in a register access: the character device may call receive() at once. */
static void offer_room(struct pl011 *u)
{
    if (!u->refused || !rx_open(u) || u->rx_n >= depth(u))
        return;
    u->refused = false;
    if (u->chardev && u->chardev->ready)
        u->chardev->ready(u->chardev->opaque);
}

static uint64_t dr_read(struct tg_model *m, const struct tg_reg_io *io)
{
    struct pl011 *u = pl011(m);
    uint32_t v;

    if (!u->rx_n)
        return u->dr & DR_DATA; /* undefined by DDI 0183; the last one again */
    v = u->rx[u->rx_head];
    u->rx_head = (u->rx_head + 1) % FIFO_DEPTH;
    u->rx_n--;
    u->dr = v;
    u->rsr = v & DR_OE ? u->rsr | RSR_OE : u->rsr & ~(uint32_t)RSR_OE;
    /* Both clear by reading (3.3.11): RX below the trigger, the time-out when the FIFO is empty. */
    if (u->rx_n < rx_trigger(u))
        u->ris &= ~(uint32_t)INT_RX;
    if (!u->rx_n) {
        u->ris &= ~(uint32_t)INT_RT;
        tg_evq_cancel(m->env->evq, &u->timeout);
    }
    update_irq(u, io->now);
    offer_room(u);
    return v;
}

/* ---- transmitter ---- */

static void emit(struct pl011 *u, uint8_t byte, tg_time now)
{
    u->tx_bytes++;
    if (u->cr & CR_LBE)
        rx_put(u, byte, now);
    else if (u->chardev && u->chardev->write)
        u->chardev->write(u->chardev->opaque, &byte, 1);
}

/* Sends what the FIFO holds. The transmit interrupt marks the passage through the trigger level (2.8.3);
 * output being immediate, each passage ends with an empty FIFO. */
static void transmit(struct pl011 *u, tg_time now)
{
    if ((u->cr & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE) || !u->tx_n)
        return;
    for (unsigned i = 0; i < u->tx_n; i++)
        emit(u, u->tx[i], now);
    u->tx_n = 0;
    u->ris |= INT_TX;
}

static void dr_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct pl011 *u = pl011(m);

    if (u->tx_n >= depth(u)) {
        u->tx_lost++;
        TG_GUEST_ERROR(
            m, "character written to a full transmit FIFO is lost (UARTCR 0x%x: transmitter disabled)",
            u->cr);
        return;
    }
    u->tx[u->tx_n++] = (uint8_t)value;
    u->ris &= ~(uint32_t)INT_TX;
    transmit(u, io->now);
    update_irq(u, io->now);
}

/* ---- the other registers ---- */

static void ecr_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    (void)io;
    (void)value;
    pl011(m)->rsr = 0; /* UARTECR: any value clears (3.3.2) */
}

static uint64_t fr_read(struct tg_model *m, const struct tg_reg_io *io)
{
    struct pl011 *u = pl011(m);
    uint64_t v = 0;

    (void)io;
    if (u->cr & CR_LBE) { /* RTS, DTR, Out1, Out2 come back as CTS, DSR, DCD, RI (2.4.7) */
        v |= u->cr & CR_RTS ? FR_CTS : 0;
        v |= u->cr & CR_DTR ? FR_DSR : 0;
        v |= u->cr & CR_OUT1 ? FR_DCD : 0;
        v |= u->cr & CR_OUT2 ? FR_RI : 0;
    } else {
        v |= FR_CTS | FR_DSR | FR_DCD;
    }
    v |= u->rx_n ? 0 : FR_RXFE;
    v |= u->rx_n >= depth(u) ? FR_RXFF : 0;
    v |= u->tx_n ? 0 : FR_TXFE;
    v |= u->tx_n >= depth(u) ? FR_TXFF : 0;
    return v;
}

static void lcr_h_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct pl011 *u = pl011(m);

    if ((u->lcr_h ^ value) & LCRH_FEN) { /* the FIFOs become, or were, one-character holding registers */
        u->rx_n = u->tx_n = 0;
        u->ris &= ~(uint32_t)(INT_RX | INT_RT);
        tg_evq_cancel(m->env->evq, &u->timeout);
    }
    u->lcr_h = value & TG_FIELD(7, 0);
    u->ibrd_now = u->ibrd;
    u->fbrd_now = u->fbrd;
    update_irq(u, io->now);
    offer_room(u);
}

static void cr_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct pl011 *u = pl011(m);

    u->cr = value & (TG_FIELD(15, 7) | TG_FIELD(2, 0));
    transmit(u, io->now);
    update_irq(u, io->now);
    offer_room(u);
}

static void ifls_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    (void)io;
    pl011(m)->ifls =
        value & TG_FIELD(5, 0); /* interrupts follow a passage through the level, not the level (3.3.9) */
}

static void imsc_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    pl011(m)->imsc = value & INT_ALL;
    update_irq(pl011(m), io->now);
}

static uint64_t mis_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return pl011(m)->ris & pl011(m)->imsc;
}

static void icr_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct pl011 *u = pl011(m);

    u->ris &= ~(uint32_t)(value & INT_ALL);
    /* Characters that stay in the FIFO time out again, else a driver that clears before it reads would never
     * hear of them. */
    if ((value & INT_RT) && u->rx_n)
        tg_evq_schedule(m->env->evq, &u->timeout, io->now + rx_timeout(u));
    update_irq(u, io->now);
}

#define ROW(n, off, acc, ...)                                                                      \
    {                                                                                              \
        .name = n, .offset = off, .width = 4, .sizes = PRIMECELL_SIZES, .access = acc, __VA_ARGS__ \
    }
#define AT(f) .field = offsetof(struct pl011, f)

static const struct tg_reg regs[] = {
    ROW("UARTDR", 0x000, TG_RW, AT(dr), .read = dr_read, .write = dr_write,
        .description = "data register, 3.3.1"),
    ROW("UARTRSR", 0x004, TG_RW, AT(rsr), .write = ecr_write,
        .description = "receive status, error clear, 3.3.2"),
    ROW("UARTFR", 0x018, TG_RO, .field = TG_NOFIELD, .read = fr_read, .description = "flags, 3.3.3"),
    ROW("UARTILPR", 0x020, TG_RW, AT(ilpr), .wmask = 0xff,
        .description = "IrDA low-power counter, 3.3.4; without effect"),
    ROW("UARTIBRD", 0x024, TG_RW, AT(ibrd), .wmask = 0xffff,
        .description = "integer baud rate divisor, 3.3.5"),
    ROW("UARTFBRD", 0x028, TG_RW, AT(fbrd), .wmask = 0x3f,
        .description = "fractional baud rate divisor, 3.3.6"),
    ROW("UARTLCR_H", 0x02c, TG_RW, AT(lcr_h), .write = lcr_h_write, .description = "line control, 3.3.7"),
    ROW("UARTCR", 0x030, TG_RW, AT(cr), .reset = 0x300, .write = cr_write, .description = "control, 3.3.8"),
    ROW("UARTIFLS", 0x034, TG_RW, AT(ifls), .reset = 0x12, .write = ifls_write,
        .description = "interrupt FIFO levels, 3.3.9"),
    ROW("UARTIMSC", 0x038, TG_RW, AT(imsc), .write = imsc_write, .description = "interrupt mask, 3.3.10"),
    ROW("UARTRIS", 0x03c, TG_RO, AT(ris), .description = "raw interrupt status, 3.3.11"),
    ROW("UARTMIS", 0x040, TG_RO, .field = TG_NOFIELD, .read = mis_read,
        .description = "masked interrupt status, 3.3.12"),
    ROW("UARTICR", 0x044, TG_WO, .field = TG_NOFIELD, .write = icr_write,
        .description = "interrupt clear, 3.3.13"),
    ROW("UARTDMACR", 0x048, TG_RW, AT(dmacr), .wmask = 0x7,
        .description = "DMA control, 3.3.14; without effect"),
    PRIMECELL_ID_ROWS(0x011, 3),
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct pl011 *u = pl011(m);

    (void)err;
    u->timeout.cb = on_timeout;
    u->timeout.opaque = u;
    if (u->chardev) {
        u->chardev->receive = receive;
        u->chardev->device = u;
    }
    return 0;
}

static void reset(struct tg_model *m)
{
    struct pl011 *u = pl011(m);

    if (u->enabled)
        u->cr |= CR_UARTEN;
    u->ibrd_now = u->fbrd_now = 0;
    u->rx_n = u->tx_n = u->rx_head = 0;
    u->overrun = false;
    tg_evq_cancel(m->env->evq, &u->timeout);
    update_irq(u, tg_evq_now(m->env->evq));
    offer_room(u);
}

static void fini(struct tg_model *m)
{
    struct pl011 *u = pl011(m);

    tg_evq_cancel(m->env->evq, &u->timeout);
    if (u->chardev)
        u->chardev->receive = NULL;
}

static const struct tg_param params[] = {
    {.name = "clock",
     .type = TG_PARAM_FREQ,
     .offset = offsetof(struct pl011, clock),
     .def = 24000000,
     .min = 1,
     .max = 1000000000,
     .description = "UARTCLK; times the receive time-out"},
    {.name = "enabled",
     .type = TG_PARAM_BOOL,
     .offset = offsetof(struct pl011, enabled),
     .def = true,
     .description =
         "UARTCR.UARTEN is set at power-on, as boot firmware leaves it; false: as DDI 0183 resets it"},
};

static const struct tg_counter counters[] = {
    {"rx_bytes", "bytes", "characters received", offsetof(struct pl011, rx_bytes)},
    {"tx_bytes", "bytes", "characters sent", offsetof(struct pl011, tx_bytes)},
    {"tx_lost", "bytes", "characters written to a full FIFO", offsetof(struct pl011, tx_lost)},
};

static const struct tg_port ports[] = {
    {.name = "irq",
     .kind = TG_PORT_IRQ_OUT,
     .offset = offsetof(struct pl011, irq),
     .count = 1,
     .description = "UARTINTR, all interrupts combined"},
    {.name = "chardev",
     .kind = TG_PORT_CHARDEV,
     .offset = offsetof(struct pl011, chardev),
     .description = "the serial line"},
};

static const struct tg_reg_frame frames[] = {
    {.name = "regs", .size = PRIMECELL_FRAME_SIZE, .regs = regs, .n_regs = TG_ARRAY_SIZE(regs)},
};

/* clang-format off */
static const struct tg_state state[] = {
    TG_STATE(struct pl011, ibrd_now),
    TG_STATE(struct pl011, fbrd_now),
    TG_STATE(struct pl011, rx),
    TG_STATE(struct pl011, rx_head),
    TG_STATE(struct pl011, rx_n),
    TG_STATE(struct pl011, tx),
    TG_STATE(struct pl011, tx_n),
    TG_STATE(struct pl011, refused),
    TG_STATE(struct pl011, overrun),
    TG_STATE_EVENT(struct pl011, timeout),
};
/* clang-format on */

const struct tg_model_class tg_pl011_class = {
    .name = "pl011",
    .description = "PrimeCell UART PL011 r1p5",
    .size = sizeof(struct pl011),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .counters = counters,
    .n_counters = TG_ARRAY_SIZE(counters),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_TABLE(struct pl011, state),
    .realize = realize,
    .reset = reset,
    .fini = fini,
    .dt_compatible = "arm,pl011\0arm,primecell\0",
};
