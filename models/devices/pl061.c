/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PL061 general-purpose input/output (Arm DDI 0190, r0p0): eight lines, interrupts by level or edge. Inputs
 * come as input lines 0 to 7 of the model, or from a key (pl061_press), for instance a board's power key.
 *
 * Not modelled: the hardware alternate function (GPIOAFSEL is kept, without effect), integration test
 * registers.
 */
#include "models/devices/devices.h"

#include "models/devices/primecell.h"

#define LINES 8u
#define ALL   TG_FIELD(7, 0)

struct pl061;

struct pl061_key {
    struct pl061 *owner;
    unsigned line;
    struct tg_event release;
};

struct pl061 {
    struct tg_model model;
    uint64_t press;
    struct tg_irq irq;
    struct tg_irq out[LINES];
    struct tg_model *power; /* NULL: none */
    uint8_t data;           /* what was written to the outputs */
    uint32_t dir, is, ibe, iev, ie, ris_edge, afsel;
    uint8_t wire; /* inputs driven by other models */
    uint8_t key;  /* keys held down */
    uint8_t seen; /* GPIODATA pins at the last evaluation */
    struct pl061_key keys[LINES];
};

static struct pl061 *pl061(struct tg_model *m)
{
    return (struct pl061 *)m;
}

/* The pins: outputs as written, inputs as driven from outside. */
static uint8_t pins(const struct pl061 *g)
{
    return (uint8_t)((g->data & g->dir) | ((g->wire | g->key) & ~g->dir));
}

/* Level-sensitive lines show the level, edge-sensitive ones what was latched (2.2.2). */
static uint32_t raw(const struct pl061 *g)
{
    uint32_t level = ~(uint32_t)(pins(g) ^ g->iev) & g->is & ALL;

    return level | (g->ris_edge & ~g->is);
}

static void evaluate(struct pl061 *g, tg_time now)
{
    uint32_t p = pins(g);
    uint32_t changed = p ^ g->seen;

    g->ris_edge |= changed & ~g->is & (g->ibe | ~(p ^ g->iev)) & ALL;
    g->seen = (uint8_t)p;
    for (unsigned i = 0; i < LINES; i++)
        tg_irq_set(&g->out[i], (g->data & g->dir & TG_BIT(i)) != 0, now);
    tg_irq_set(&g->irq, (raw(g) & g->ie) != 0, now);
}

static void irq_in(void *opaque, unsigned line, bool level, tg_time at)
{
    struct pl061 *g = opaque;

    if (line >= LINES)
        return;
    g->wire = (uint8_t)(level ? g->wire | TG_BIT(line) : g->wire & ~TG_BIT(line));
    evaluate(g, at);
}

static void release(void *opaque, tg_time now)
{
    struct pl061_key *key = opaque;

    key->owner->key &= (uint8_t)~TG_BIT(key->line);
    evaluate(key->owner, now);
}

void pl061_press(struct tg_model *m, unsigned line, tg_time now)
{
    struct pl061 *g = pl061(m);

    if (line >= LINES)
        return;
    g->key |= (uint8_t)TG_BIT(line);
    evaluate(g, now);
    tg_evq_schedule(m->env->evq, &g->keys[line].release, now + g->press);
}

/* Address bits 9:2 select the pins of an access to GPIODATA (3.3.1). */
static uint64_t data_read(struct tg_model *m, const struct tg_reg_io *io)
{
    return pins(pl061(m)) & io->index;
}

static void data_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    struct pl061 *g = pl061(m);

    g->data = (uint8_t)((g->data & ~io->index) | (value & io->index));
    evaluate(g, io->now);
}

static void control_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    *(uint32_t *)((char *)m + io->reg->field) = value & ALL;
    evaluate(pl061(m), io->now);
}

static uint64_t ris_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return raw(pl061(m));
}

static uint64_t mis_read(struct tg_model *m, const struct tg_reg_io *io)
{
    (void)io;
    return raw(pl061(m)) & pl061(m)->ie;
}

static void ic_write(struct tg_model *m, const struct tg_reg_io *io, uint64_t value)
{
    pl061(m)->ris_edge &= ~(uint32_t)value;
    evaluate(pl061(m), io->now);
}

#define ROW(n, off, acc, ...)                                                                      \
    {                                                                                              \
        .name = n, .offset = off, .width = 4, .sizes = PRIMECELL_SIZES, .access = acc, __VA_ARGS__ \
    }
#define AT(f) .field = offsetof(struct pl061, f), .write = control_write

static const struct tg_reg regs[] = {
    ROW("GPIODATA", 0x000, TG_RW, .count = 256, .field = TG_NOFIELD, .read = data_read, .write = data_write,
        .description = "data; address bits 9:2 are the mask, 3.3.1"),
    ROW("GPIODIR", 0x400, TG_RW, AT(dir), .description = "direction, 1: output, 3.3.2"),
    ROW("GPIOIS", 0x404, TG_RW, AT(is), .description = "interrupt sense, 1: level, 3.3.3"),
    ROW("GPIOIBE", 0x408, TG_RW, AT(ibe), .description = "interrupt on both edges, 3.3.4"),
    ROW("GPIOIEV", 0x40c, TG_RW, AT(iev), .description = "interrupt on rising edge or high level, 3.3.5"),
    ROW("GPIOIE", 0x410, TG_RW, AT(ie), .description = "interrupt mask, 1: enabled, 3.3.6"),
    ROW("GPIORIS", 0x414, TG_RO, .field = TG_NOFIELD, .read = ris_read,
        .description = "raw interrupt status, 3.3.7"),
    ROW("GPIOMIS", 0x418, TG_RO, .field = TG_NOFIELD, .read = mis_read,
        .description = "masked interrupt status, 3.3.8"),
    ROW("GPIOIC", 0x41c, TG_WO, .field = TG_NOFIELD, .write = ic_write,
        .description = "interrupt clear, 3.3.9"),
    ROW("GPIOAFSEL", 0x420, TG_RW, .field = offsetof(struct pl061, afsel), .wmask = ALL,
        .description = "mode control, 3.3.10; without effect"),
    PRIMECELL_ID_ROWS(0x061, 0),
};

enum { PORT_IRQ, PORT_OUT, PORT_POWER };

static const struct tg_port ports[] = {
    [PORT_IRQ] = {.name = "irq",
                  .kind = TG_PORT_IRQ_OUT,
                  .offset = offsetof(struct pl061, irq),
                  .count = 1,
                  .description = "GPIOINTR, all lines combined"},
    [PORT_OUT] = {.name = "out",
                  .kind = TG_PORT_IRQ_OUT,
                  .offset = offsetof(struct pl061, out),
                  .count = LINES,
                  .description = "lines that are outputs"},
    [PORT_POWER] = {.name = "power",
                    .kind = TG_PORT_MODEL,
                    .offset = offsetof(struct pl061, power),
                    .count = 1,
                    .peer_class = "power",
                    .description = "power controller whose inputs 0 and 1 are at the outputs 0 and 1"},
};

static int realize(struct tg_model *m, struct tg_error *err)
{
    struct pl061 *g = pl061(m);

    (void)err;
    for (unsigned i = 0; i < LINES; i++) {
        g->keys[i].owner = g;
        g->keys[i].line = i;
        g->keys[i].release.cb = release;
        g->keys[i].release.opaque = &g->keys[i];
    }
    for (unsigned i = 0; g->power && i < g->power->cls->irq_inputs; i++)
        tg_model_bind_irq(m, &ports[PORT_OUT], i, g->power, i);
    return 0;
}

static void reset(struct tg_model *m)
{
    struct pl061 *g = pl061(m);

    g->data = 0;
    g->ris_edge = 0;
    g->seen = pins(g); /* inputs keep their level over a reset; that is no edge */
    evaluate(g, tg_evq_now(m->env->evq));
}

static void fini(struct tg_model *m)
{
    for (unsigned i = 0; i < LINES; i++)
        tg_evq_cancel(m->env->evq, &pl061(m)->keys[i].release);
}

static const struct tg_param params[] = {
    {.name = "press",
     .type = TG_PARAM_TIME,
     .offset = offsetof(struct pl061, press),
     .def = 100 * TG_MS,
     .description = "how long a pressed key stays down; Linux' gpio-keys debounces with some milliseconds"},
};

static const struct tg_reg_frame frames[] = {
    {.name = "regs", .size = PRIMECELL_FRAME_SIZE, .regs = regs, .n_regs = TG_ARRAY_SIZE(regs)},
};

static const struct tg_state key_state[] = {
    TG_STATE_FIXED(struct pl061_key, owner, "its PL061"),
    TG_STATE_FIXED(struct pl061_key, line, "its number"),
    TG_STATE_EVENT(struct pl061_key, release),
};
static const struct tg_state_table key_table = TG_STATE_INIT(struct pl061_key, key_state);

/* clang-format off */
static const struct tg_state state[] = {
    TG_STATE(struct pl061, data),
    TG_STATE(struct pl061, ris_edge),
    TG_STATE(struct pl061, wire),
    TG_STATE(struct pl061, key),
    TG_STATE(struct pl061, seen),
    TG_STATE_IN(struct pl061, keys, struct pl061_key, key_table),
};
/* clang-format on */

const struct tg_model_class tg_pl061_class = {
    .name = "pl061",
    .description = "PrimeCell GPIO PL061",
    .size = sizeof(struct pl061),
    .params = params,
    .n_params = TG_ARRAY_SIZE(params),
    .frames = frames,
    .n_frames = TG_ARRAY_SIZE(frames),
    .ports = ports,
    .n_ports = TG_ARRAY_SIZE(ports),
    .irq_inputs = LINES,
    .state = TG_STATE_TABLE(struct pl061, state),
    .realize = realize,
    .reset = reset,
    .fini = fini,
    .irq_in = irq_in,
    .dt_compatible = "arm,pl061\0arm,primecell\0",
};
