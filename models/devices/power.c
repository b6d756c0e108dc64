/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board's power controller: input line 0 turns the machine off, line 1 resets it, when they go high. It has
 * no registers: firmware reaches it through the outputs of a PL061 (its port `power`), as on QEMU's virt
 * board.
 */
#include "models/devices/devices.h"

enum { LINE_OFF, LINE_RESET, LINES };

struct power {
    struct tg_model model;
};

static void irq_in(void *opaque, unsigned line, bool level, tg_time at)
{
    const struct power *p = opaque;
    const struct tg_env *env = p->model.env;

    (void)at;
    if (level && line < LINES && env->system)
        env->system(env->system_opaque, line == LINE_OFF ? TG_SYSTEM_OFF : TG_SYSTEM_RESET, p->model.name);
}

const struct tg_model_class tg_power_class = {
    .name = "power",
    .description = "power controller: off and reset by two input lines",
    .size = sizeof(struct power),
    .state = TG_STATE_NOTHING(struct power),
    .irq_inputs = LINES,
    .irq_in = irq_in,
};
