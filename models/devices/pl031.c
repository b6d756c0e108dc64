/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PL031 real-time clock (Arm DDI 0224, r1p3). Counts seconds of simulated time from the parameter `epoch`;
 * the host's clock is never read, so runs repeat. The counter runs from power-on, as firmware leaves it, and
 * RTCCR reads as started.
 */
#include "models/devices/devices.h"

#include "models/devices/primecell.h"

#define INT_RTC TG_BIT(0)

struct pl031 {
    struct tg_model model;
    uint64_t epoch;
    struct tg_irq irq;
    uint32_t mr, lr, imsc, ris;
    uint32_t offset; /* RTCDR = offset + whole seconds of simulated time, modulo 2^32 */
    struct tg_event match;
};

static struct pl031 *pl031(struct tg_model *m)
{
    return (struct pl031 *)m;
}

static uint32_t count(const struct pl031 *r, tg_time now)
{
    return r->offset + (uint32_t)(now / TG_SEC);
}

static void update_irq(struct pl031 *r, tg_time now)
{
    tg_irq_set(&r->irq, (r->ris & r->imsc) != 0, now);
}

/* The comparator never rests: the event stands at the next second in which RTCDR becomes equal to RTCMR,
 * however often it has done so before, modulo 2^32. */
static void arm(struct pl031 *r, tg_time now)
{
    uint32_t ahead = r->mr - count(r, now);
    uint64_t second = now / TG_SEC + (ahead ? ahead : UINT64_C(1) << 32);

    if (second <= TG_TIME_NEVER / TG_SEC)
        tg_evq_schedule(r->model.env->evq, &r->match, second * TG_SEC);
    else
        tg_evq_cancel(r->model.env->evq, &r->match); /* after the end of simulated time */
}

static void on_match(void *opaque, tg_time now)
{
    struct pl031 *r = opaque;

    r->ris |= INT_RTC;
    update_irq(r, now);
    arm(r, now);
}

/* RTCMR or the count was written: the interrupt is asserted when RTCDR becomes, or is, equal to RTCMR
 * (2.2.2). */
static void compare(struct pl031 *r, tg_time now)
{
    if (r->mr == count(r, now))
        on_match(r, now);
    else
        arm(r, now);
}

static uint64_t dr_read(struct tg_model *m, const struct tg_reg_io *io)
{
    return count(pl031(m), io->now);
}

static void mr_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    pl031(m)->mr = (uint32_t)value;
    compare(pl031(m), io->now);
}

static void lr_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct pl031 *r = pl031(m);

    r->lr = (uint32_t)value;
    r->offset = r->lr - (uint32_t)(io->now / TG_SEC);
    compare(r, io->now);
}

static void imsc_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    pl031(m)->imsc = value & INT_RTC;
    update_irq(pl031(m), io->now);
}

static uint64_t mis_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return pl031(m)->ris & pl031(m)->imsc;
}

static void icr_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    pl031(m)->ris &= ~(uint32_t)(value & INT_RTC);
    update_irq(pl031(m), io->now);
}

#define ROW(n, off, acc, ...)                                                                      \
    {                                                                                              \
        .name = n, .offset = off, .width = 4, .sizes = PRIMECELL_SIZES, .access = acc, __VA_ARGS__ \
    }
#define AT(f) .field = offsetof(struct pl031, f)

static const struct tg_reg regs[] = {
    ROW("RTCDR", 0x00, TG_RO, .field = TG_NOFIELD, .read = dr_read, .description = "seconds, 3.3.1"),
    ROW("RTCMR", 0x04, TG_RW, AT(mr), .write = mr_write, .description = "match, 3.3.2"),
    ROW("RTCLR", 0x08, TG_RW, AT(lr), .write = lr_write, .description = "load, 3.3.3"),
    ROW("RTCCR", 0x0c, TG_RW, .field = TG_NOFIELD, .reset = 1,
        .description = "control, 3.3.4: started; writes have no effect once started"),
    ROW("RTCIMSC", 0x10, TG_RW, AT(imsc), .write = imsc_write, .description = "interrupt mask, 3.3.5"),
    ROW("RTCRIS", 0x14, TG_RO, AT(ris), .description = "raw interrupt status, 3.3.6"),
    ROW("RTCMIS", 0x18, TG_RO, .field = TG_NOFIELD, .read = mis_read,
        .description = "masked interrupt status, 3.3.7"),
    ROW("RTCICR", 0x1c, TG_WO, .field = TG_NOFIELD, .write = icr_write,
        .description = "interrupt clear, 3.3.8"),
    PRIMECELL_ID_ROWS(0x031, 1),
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct pl031 *r = pl031(m);

    (void)err;
    r->match.cb = on_match;
    r->match.opaque = r;
    r->offset = (uint32_t)r->epoch; /* a clock with a battery: reset does not touch it */
    return 0;
}

static void reset(struct tg_model *m)
{
    tg_time now = tg_evq_now(m->env->evq);

    /* RTCRIS resets to 0 whatever the clock shows; the next match, with RTCMR at its reset value of 0,
     * counts. */
    update_irq(pl031(m), now);
    arm(pl031(m), now);
}

static void fini(struct tg_model *m)
{
    tg_evq_cancel(m->env->evq, &pl031(m)->match);
}

static const struct tg_param params[] = {
    {.name = "epoch",
     .type = TG_PARAM_U64,
     .unit = "seconds",
     .offset = offsetof(struct pl031, epoch),
     .def = 1735689600,
     .min = 0,
     .max = UINT32_MAX,
     .description = "RTCDR at power-on, seconds since 1970-01-01 UTC; the default is 2025-01-01"},
};

static const struct tg_port ports[] = {
    {.name = "irq",
     .kind = TG_PORT_IRQ_OUT,
     .offset = offsetof(struct pl031, irq),
     .count = 1,
     .description = "RTCINTR"},
};

static const struct tg_reg_frame frames[] = {
    {.name = "regs", .size = PRIMECELL_FRAME_SIZE, .regs = regs, .n_regs = TG_ARRAY_SIZE(regs)},
};

static const struct tg_state state[] = {
    TG_STATE(struct pl031, offset),
    TG_STATE_EVENT(struct pl031, match),
};

const struct tg_model_class tg_pl031_class = {
    .name = "pl031",
    .description = "PrimeCell real-time clock PL031 r1p3",
    .size = sizeof(struct pl031),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .state = TG_STATE_TABLE(struct pl031, state),
    .realize = realize,
    .reset = reset,
    .fini = fini,
    .dt_compatible = "arm,pl031\0arm,primecell\0",
};
