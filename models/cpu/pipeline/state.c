/* SPDX-License-Identifier: Apache-2.0 */
/* What of the pipeline is state (models/base/state.h), when pipe_unfold has been called. */
#include "models/base/state.h"

#include "models/base/model.h"
#include "models/cpu/pipeline/pipe.h"

static uint64_t window(const void *s)
{
    return ((const struct pipe *)s)->window;
}

static uint64_t stores(const void *s)
{
    const struct pipe *p = s;

    return (uint64_t)(p->store_end - p->store_drain);
}

static uint64_t targets(const void *s)
{
    return (uint64_t)((const struct pipe *)s)->btb_mask + 1;
}

/* clang-format off */
static const struct tg_state why_state[] = {
    TG_STATE(struct pipe_store_why, drain),
    TG_STATE(struct pipe_store_why, bucket),
};
static const struct tg_state_table why_table = TG_STATE_INIT(struct pipe_store_why, why_state);

static const struct tg_state target_state[] = {
    TG_STATE(struct pipe_target, pc),
    TG_STATE(struct pipe_target, target),
};
static const struct tg_state_table target_table = TG_STATE_INIT(struct pipe_target, target_state);

static const struct tg_state state[] = {
    TG_STATE(struct pipe, cycle),
    TG_STATE(struct pipe, dispatch),
    TG_STATE(struct pipe, start),
    TG_STATE_HEAP(struct pipe, rob, window),
    TG_STATE_PLACE_BEHIND(struct pipe, rob_at, rob, window),
    TG_STATE_SPAN(struct pipe, rob_end, width, TG_WHY_FIXED, "from parameters"),
    TG_STATE(struct pipe, slots),
    TG_STATE(struct pipe, dispatch_slots),
    TG_STATE_FIXED(struct pipe, window, "a parameter"),
    TG_STATE(struct pipe, front_bucket),
    TG_STATE_HOST(struct pipe, pending, "between slices no block runs"),
    TG_STATE(struct pipe, store_from),
    TG_STATE(struct pipe, booked),
    TG_STATE(struct pipe, unit_until),
    TG_STATE_FIXED(struct pipe, drains, "from parameters"),
    TG_STATE(struct pipe, written),
    TG_STATE_HOST(struct pipe, memo, "remembers what is worked out again otherwise"),
    TG_STATE_FIXED(struct pipe, cls, "from parameters"),
    TG_STATE(struct pipe, buckets),
    TG_STATE(struct pipe, ready),
    TG_STATE(struct pipe, ready_bucket),
    TG_STATE(struct pipe, port),
    TG_STATE(struct pipe, unit),
    TG_STATE(struct pipe, calendar),
    TG_STATE(struct pipe, store_drain),
    TG_STATE_PLACE_IN(struct pipe, store_at, store_drain, stores),
    TG_STATE_FIXED(struct pipe, store_end, "a parameter"),
    TG_STATE(struct pipe, store_last),
    TG_STATE_IN(struct pipe, store_why, struct pipe_store_why, why_table),
    TG_STATE(struct pipe, device_done),
    TG_STATE(struct pipe, gather_line),
    TG_STATE(struct pipe, gather_drain),
    TG_STATE(struct pipe, tlbi_pending),
    TG_STATE_SPAN(struct pipe, mispredict, btb_mask, TG_WHY_FIXED, "from parameters"),
    TG_STATE(struct pipe, history),
    TG_STATE(struct pipe, bht),
    TG_STATE_HEAP(struct pipe, btb, targets),
    TG_STATE_IN(struct pipe, indirect, struct pipe_target, target_table),
    TG_STATE(struct pipe, ras),
    TG_STATE(struct pipe, ras_top),
    TG_STATE(struct pipe, fetch_line),
    TG_STATE_DERIVED(struct pipe, fetch_page, "a short way to the ITLB's entry; none is always right"),
    TG_STATE(struct pipe, fetch_buffer),
};
/* clang-format on */
const struct tg_state_table pipe_state = TG_STATE_INIT(struct pipe, state);

void pipe_settle_state(struct pipe *p)
{
    p->memo.now = 0;
    p->memo.charged = (memo_lanes){0};
    p->pending = NULL;
    p->fetch_page = UINT64_MAX;
}
