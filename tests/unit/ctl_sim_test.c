/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated operator keeps the discipline of the real one: the same plan in the same
 * circumstances is sent, looked at again, or left. What the simulator finds is of no use
 * otherwise. */
#include "check.h"

#include "sluice/ctl/next.h"
#include "sluice/sim/operator.h"

static const int64_t ages[] = {0, 499, 500, 501, 999, 1000, 1999, 2000, 2001, 60000};

static enum sim_next real(const struct pass_view *v)
{
    switch (pass_next(v)) {
    case NEXT_LOOK:
        return SIM_LOOK;
    case NEXT_SEND:
        return SIM_SEND;
    case NEXT_END:
    case NEXT_LATER: /* the simulated one comes by again with the next tick */
        break;
    }
    return SIM_END;
}

static enum sim_next simulated(const struct pass_view *v)
{
    struct sim s = {.now_ms = SIM_BIRTH_MS};
    struct plan plan = {.action = *v->action};
    struct sim_operator op = {
        .s = &s, .plan = &plan, .cached = !v->live, .moved = v->moved, .fresh = v->fresh};

    op.looked_ms = s.now_ms - v->look_age_ms;
    op.report_since_ms = s.now_ms - v->report_age_ms;
    if (v->refused) {
        op.refused.present = true;
        op.refused.act = v->action->act;
        op.refused.due_ms = s.now_ms + 1;
    }
    return sim_operator_next(&op);
}

static void compare(const struct pass_view *v)
{
    CHECK(simulated(v) == real(v), "%s%s%s%s, look %d ms old, report %d ms: %d, really %d",
          act_name(v->action->act), v->action->harmful ? " (harmful)" : "", v->live ? ", live" : "",
          v->fresh ? ", fresh" : "", (int)v->look_age_ms, (int)v->report_age_ms, (int)simulated(v),
          (int)real(v));
}

static void same_discipline(void **state)
{
    static const struct action acts[] = {{.act = ACT_NONE},
                                         {.act = ACT_REPORT},
                                         {.act = ACT_DECIDE},
                                         {.act = ACT_RS_SCALE, .name = ""},
                                         {.act = ACT_RS_SCALE, .name = "", .harmful = true}};
    (void)state;

    for (size_t i = 0; i < COUNT(acts); i++) {
        for (size_t k = 0; k < COUNT(ages); k++) {
            for (int bits = 0; bits < 16; bits++) {
                struct pass_view v = {.action = &acts[i],
                                      .live = bits & 1,
                                      .fresh = bits & 2,
                                      .refused = bits & 4,
                                      .moved = bits & 8,
                                      .look_age_ms = ages[k],
                                      .report_age_ms = ages[k]};

                if (v.live ? v.moved : v.fresh)
                    continue; /* a look has not moved, a cache is never fresh */
                compare(&v);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_discipline)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
