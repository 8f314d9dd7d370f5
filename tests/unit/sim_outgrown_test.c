/* SPDX-License-Identifier: Apache-2.0 */
/* The Deployment is scaled up between a decision about traffic and the write that acts on it: the
 * write waits until the new side has grown. The operator is down in between, for longer than the
 * judge is blind for what people take away. */
#include "sim_bed.h"

#define DOWN_MS 20000

/* Decided, and not done yet. */
static bool switch_is_due(struct stage *st)
{
    const struct rollout_status *status = stage_status(st);
    const struct sim_object *web = sim_find(&st->s, SIM_SERVICE, "web");
    const char *pin = json_str(json_key(json_at(web->doc, "metadata.labels"), LABEL_PIN), "");

    for (int i = 0; i < status->pin_count; i++) {
        if (str_equal(status->pins[i].service, "web") && status->flight.present &&
            str_equal(status->pins[i].revision, status->flight.revision))
            return !str_equal(pin, status->flight.revision);
    }
    return false;
}

static bool weight_is_due(struct stage *st)
{
    struct sim_backend b[4];
    const size_t n = sim_backends(&st->s, "web", false, b, COUNT(b));

    return stage_status(st)->flight.weight_desired == 50 && n == 2 && b[1].weight == 20;
}

static void disturb(const char *spec, bool (*due)(struct stage *st), const char *words, int n)
{
    const struct bed_options o = {.spec = spec, .replicas = 2, .apart = true};
    struct stage st;
    int turns = 0;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 2);
    bed_image(&st, "app:v2");
    while (!due(&st) && turns++ < 4000)
        bed_turn(&st);
    assert_true(due(&st));
    sim_operator_crash(&st.op, DOWN_MS);
    bed_do(&st, words);
    bed_rest(&st, "app:v2", n);
    stage_close(&st);
}

static void the_switch_waits(void **state)
{
    (void)state;
    disturb(BLUE_GREEN, switch_is_due, "scale to 3", 3);
    disturb(CANARY_PODS, switch_is_due, "scale to 3", 3);
}

static void the_weight_waits(void **state)
{
    (void)state;
    disturb(CANARY_ROUTE, weight_is_due, "scale to 4", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_switch_waits),
        cmocka_unit_test(the_weight_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
