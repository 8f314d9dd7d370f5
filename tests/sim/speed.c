/* SPDX-License-Identifier: Apache-2.0 */
/* speed.c - how many hours of a release a second of one processor plays, for tests/sim/run: with
 * all that the simulated operator does, on objects as JSON; and only what deciding takes. */
#include "sim_bed.h"

#include <time.h>

/* A day and three hours. */
#define RELEASE                                                                                    \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'stableService':'web','traffic':[{"         \
    "'gatewayAPI':{'name':'web'}}],'steps':[{'weight':20,'hold':'1h'},{'weight':60,'hold':'2h'}"   \
    "]}},'bake':'24h'}"
#define LONGEST_MS (30 * HOUR_MS)
#define ASKED      200 /* times that each decision is made anew */

struct decisions {
    struct stage *st;
    double seconds; /* of ASKED decisions at each write */
    int writes;
};

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* At each write: the decision that led to it, again. */
static void decide_again(void *arg, const struct plan *plan UNUSED, const struct action *act UNUSED,
                         enum sim_fault fault UNUSED)
{
    struct decisions *d = arg;
    struct arena worlds, a;
    const struct world *w;
    double begin;

    arena_init(&worlds);
    w = sim_world(&d->st->s, &worlds, "web");
    begin = processor_seconds();
    for (int i = 0; i < ASKED; i++) {
        arena_init(&a);
        (void)plan_rollout(&a, w, d->st->s.now_ms);
        arena_release(&a);
    }
    d->seconds += processor_seconds() - begin;
    d->writes++;
    arena_release(&worlds);
}

/* Processor seconds of a release; `hours` and `plans` of it. */
static double play(struct decisions *d, double *hours, int *plans)
{
    struct stage st;
    double begin;
    int64_t began_ms;

    bed_open(&st, &(struct bed_options){.spec = RELEASE, .replicas = 5});
    bed_until(&st, "Resting", MINUTE_MS);
    if (d) {
        d->st = &st;
        st.sent = decide_again;
        st.arg = d;
    }
    begin = processor_seconds();
    began_ms = st.s.now_ms;
    *plans = st.op.plans;
    bed_image(&st, "app:v2");
    bed_turns(&st, 20);
    bed_until(&st, "Resting", LONGEST_MS);
    *hours = (double)(st.s.now_ms - began_ms) / (double)HOUR_MS;
    *plans = st.op.plans - *plans;
    begin = processor_seconds() - begin;
    stage_close(&st);
    return begin;
}

static void print_speed(void **state UNUSED)
{
    struct decisions d = {0};
    double hours, whole, planning;
    int plans;

    whole = play(NULL, &hours, &plans);
    play(&d, &hours, &plans);
    assert_true(hours > 27 && d.writes > 0);
    planning = d.seconds / (ASKED * d.writes) * plans;
    printf(
        "speed: of a canary of %.0f hours a processor's second plays %.0f hours whole, and decides "
        "%.0f hours (%d plans, %.0f us each)\n",
        hours, hours / whole, hours / planning, plans, planning / plans * 1e6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(print_speed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
