/* SPDX-License-Identifier: Apache-2.0 */
/* See arrival.h. A line goes low at once: whoever drives it low has got there by a slower way, and what has not arrived
 * until then has never been there. */
#include "models/cpu/arrival.h"

#include "models/cpu/cpu_state.h"
#include "models/cpu/sysreg/access.h"

void cpu_irq_in(void *m, unsigned line, bool level, tg_time at);

void arrival_init(struct cpu *c)
{
    for (unsigned i = 0; i < TG_PE_LINES; i++)
        c->arch.rise_at[i] = TG_TIME_NEVER;
    c->arch.event_at = c->derived.arrival = TG_TIME_NEVER;
}

static void expect(struct cpu *c, tg_time at)
{
    if (at < c->derived.arrival)
        c->derived.arrival = at;
    cpu_attention(c, 0); /* for the limits of what runs */
}

void arrival_event(struct cpu *c, tg_time at)
{
    if (at < c->arch.event_at)
        c->arch.event_at = at;
    expect(c, at);
}

void arrival_poll(struct cpu *c, tg_time now)
{
    tg_time next = TG_TIME_NEVER;

    if (c->arch.event_at <= now) {
        c->arch.event_reg = true;
        c->arch.event_at = TG_TIME_NEVER;
    } else {
        next = c->arch.event_at;
    }
    for (unsigned i = 0; i < TG_PE_LINES; i++) {
        if (c->arch.rise_at[i] <= now) {
            c->arch.line[i] = true;
            c->arch.rise_at[i] = TG_TIME_NEVER;
            cpu_attention(c, CPU_ATTN_IRQ);
        } else if (c->arch.rise_at[i] < next) {
            next = c->arch.rise_at[i];
        }
    }
    c->derived.arrival = next;
}

void cpu_irq_in(void *m, unsigned line, bool level, tg_time at)
{
    struct cpu *c = cpu_from_model(m);

    if (line >= TG_PE_LINES)
        return;
    if (level && at > cpu_now(c)) {
        c->arch.rise_at[line] = at;
        expect(c, at);
        return;
    }
    c->arch.line[line] = level;
    c->arch.rise_at[line] = TG_TIME_NEVER;
    cpu_attention(c, CPU_ATTN_IRQ);
}
