/* SPDX-License-Identifier: Apache-2.0 */
/* What is waited for in a step: gates of each kind and phase, approvals and holds, their deadlines,
 * and what people then decide. Each row is a release as it is lived through, and how it ended. */
#include "sim_bed.h"

#define SPEC(gates, more)                                                                          \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50}]}},'drain':'1s',"    \
    "'progressDeadline':'20s'," more "'gates':[" gates "]}"
#define STEP(step)                                                                                 \
    "{'targetRef':{'name':'web'},'strategy':{'canary':{'steps':[{'weight':50," step "}]}},"        \
    "'drain':'1s','progressDeadline':'20s'}"
#define ASK_PAUSE "'onFailure':'Pause',"
#define METRIC(more)                                                                               \
    "{'name':'m','metric':{'prometheus':{'query':'q'},'max':'1','every':'1s'}" more "}"
#define APPROVAL(more) "{'name':'lead','approval':{}" more "}"
#define AT_START       ",'during':['Start']"
#define IN_BAKE        ",'during':['Bake']"
#define SOON           ",'deadline':'3s'"

static const struct story {
    const char *name, *spec, *lines[12];
    const char *image; /* that runs at the end */
    const char *outcome, *reason;
} stories[] = {
    /* --- before step 1 --- */
    {"asked before anything starts",
     SPEC(APPROVAL(AT_START), ""),
     {"image app:v2", "-> Queued", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"refused before anything starts",
     SPEC(METRIC(AT_START), ""),
     {"gate m fails", "image app:v2", "-> Aborted", "old image", "-> Resting"},
     "app:v1",
     "Aborted",
     NULL},
    {"a person decides before anything starts",
     SPEC(METRIC(AT_START), ASK_PAUSE),
     {"gate m fails", "image app:v2", "-> Decision", "skip", "-> Resting"},
     "app:v2",
     "Forced",
     "GateFailed"},
    {"promoted before anything starts",
     SPEC(APPROVAL(AT_START), ""),
     {"image app:v2", "-> Queued", "promote", "-> Resting"},
     "app:v2",
     "Forced",
     NULL},
    {"aborted before anything starts",
     SPEC(APPROVAL(AT_START), ""),
     {"image app:v2", "-> Queued", "abort", "-> Aborted", "old image", "-> Resting"},
     "app:v1",
     "Aborted",
     NULL},
    {"nobody answers before anything starts",
     SPEC(APPROVAL(AT_START SOON), ""),
     {"image app:v2", "-> Decision", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     "DeadlineExceeded"},
    {"paused before anything starts",
     SPEC(METRIC(""), ""),
     {"pause", "image app:v2", "-> Paused", "resume", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"another strategy while it is queued",
     SPEC(APPROVAL(AT_START), ""),
     {"image app:v2", "-> Queued",
      "{'strategy':{'canary':null,'blueGreen':{'activeService':'web'}}}", "-> Queued", "approve",
      "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    /* --- a person is asked in a step --- */
    {"a gate is a person",
     SPEC(APPROVAL(",'during':['BeforeSwitch']"), ""),
     {"image app:v2", "-> Approval", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"the person of a gate is late",
     SPEC(APPROVAL(SOON), ""),
     {"image app:v2", "-> Decision", "approve", "-> Decision", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     "DeadlineExceeded"},
    {"two people are late",
     SPEC(APPROVAL(SOON) ",{'name':'ops','approval':{}" SOON "}", ""),
     {"image app:v2", "-> Decision", "promote", "-> Resting"},
     "app:v2",
     "Forced",
     "DeadlineExceeded"},
    {"a step more while one is waited for",
     STEP("'approve':true"),
     {"image app:v2", "-> Approval",
      "{'strategy':{'canary':{'steps':[{'weight':50,'approve':true},{'weight':75,'approve':true}]}"
      "}}",
      "-> Approval", "approve", "-> Approval", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"approved before it is asked",
     STEP("'hold':'3s','approve':true"),
     {"image app:v2", "-> Holding", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"a step's approval is late",
     STEP("'approve':true,'deadline':'3s'"),
     {"image app:v2", "-> Decision", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     "DeadlineExceeded"},
    {"late is no",
     STEP("'approve':true,'deadline':'3s','onDeadline':'Fail'"),
     {"image app:v2", "-> Aborted", "old image", "-> Resting"},
     "app:v1",
     "Aborted",
     NULL},
    {"late is yes",
     STEP("'approve':true,'deadline':'3s','onDeadline':'Pass'"),
     {"image app:v2", "-> Resting"},
     "app:v2",
     "Forced",
     NULL},
    {"a hold is cut short",
     STEP("'hold':'1h'"),
     {"image app:v2", "-> Holding", "skip", "-> Resting"},
     "app:v2",
     "Forced",
     NULL},
    /* --- a gate that does not answer, or says no --- */
    {"silence asks a person",
     SPEC(METRIC(SOON), ""),
     {"gate m silent", "image app:v2", "-> Decision", "gate m passes", "retry", "-> Resting"},
     "app:v2",
     "Promoted",
     "DeadlineExceeded"},
    {"silence is no",
     SPEC(METRIC(SOON ",'onDeadline':'Fail'"), ""),
     {"gate m silent", "image app:v2", "-> Aborted", "old image", "-> Resting"},
     "app:v1",
     "Aborted",
     NULL},
    {"silence is yes",
     SPEC(METRIC(SOON ",'onDeadline':'Pass'"), ""),
     {"gate m silent", "image app:v2", "-> Resting"},
     "app:v2",
     "Forced",
     NULL},
    {"a gate on trial only tells",
     SPEC(METRIC(",'dryRun':true"), ""),
     {"gate m fails", "image app:v2", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"tried again after a no",
     SPEC(METRIC(""), ASK_PAUSE),
     {"gate m fails", "image app:v2", "-> Decision", "gate m passes", "retry", "-> Resting"},
     "app:v2",
     "Promoted",
     "GateFailed"},
    {"aborted after a no",
     SPEC(METRIC(""), ASK_PAUSE),
     {"gate m fails", "image app:v2", "-> Decision", "abort", "-> Aborted", "old image",
      "-> Resting"},
     "app:v1",
     "Aborted",
     "GateFailed"},
    /* --- pods that do not come --- */
    {"no progress asks a person",
     SPEC(METRIC(""), ASK_PAUSE),
     {"new version never ready", "image app:v2", "-> Decision", "new version gets ready", "retry",
      "-> Resting"},
     "app:v2",
     "Promoted",
     "ProgressDeadlineExceeded"},
    {"no deadline while it is paused",
     SPEC(METRIC(""), ""),
     {"new version never ready", "image app:v2", "-> Progressing", "pause", "for 30000",
      "new version gets ready", "resume", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"nothing to judge at 0",
     SPEC(METRIC(""), ""),
     {"scale to 0", "image app:v2", "-> Progressing", "scale to 4", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"taken to 0 in a step",
     SPEC(METRIC(""), ""),
     {"gate m silent", "image app:v2", "-> Gating", "scale to 0", "-> Progressing", "scale to 4",
      "gate m passes", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    /* --- in the bake --- */
    {"the bake says no",
     SPEC(METRIC(IN_BAKE), "'bake':'5s',"),
     {"gate m fails", "image app:v2", "-> Aborted", "old image", "-> Resting"},
     "app:v1",
     "Aborted",
     NULL},
    {"the bake says no and a person yes",
     SPEC(METRIC(IN_BAKE), "'bake':'5s'," ASK_PAUSE),
     {"gate m fails", "image app:v2", "-> Decision", "promote", "-> Resting"},
     "app:v2",
     "Promoted",
     "GateFailed"},
    {"the bake says no, and all of before is lost",
     SPEC(METRIC(IN_BAKE), "'bake':'5s',"),
     {"image app:v2", "-> Baking", "other replicaset deleted", "fence deleted", "gate m fails",
      "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"a bake is cut short",
     SPEC(METRIC(""), "'bake':'1h',"),
     {"image app:v2", "-> Baking", "skip", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
    {"a person of the bake",
     SPEC(APPROVAL(IN_BAKE), "'bake':'5s',"),
     {"image app:v2", "-> Baking", "approve", "-> Resting"},
     "app:v2",
     "Promoted",
     NULL},
};

struct witness {
    char reason[40];
    int steps; /* events that tell of one that was passed */
};

static void note(void *arg, const struct plan *plan, const struct action *act UNUSED,
                 enum sim_fault fault UNUSED)
{
    struct witness *w = arg;
    const struct flight *fl = &plan->status->flight;

    if (fl->present && fl->decision_ms)
        snprintf(w->reason, sizeof w->reason, "%s", fl->decision_reason);
    for (int i = 0; i < plan->event_count; i++)
        w->steps += plan->events[i].reason == REASON_STEP_PASSED;
}

/* Why a person is asked is the reason of Ready, and its message. */
static void check_decision(const struct story *s, struct stage *st)
{
    const struct rollout_status *status = stage_status(st);

    if (!str_equal(status->display.status, "Decision"))
        return;
    CHECK_TEXT(status->conditions[COND_READY].reason, s->reason, s->name);
    CHECK(strncmp(status->display.message, status->flight.decision,
                  strlen(status->flight.decision)) == 0,
          "%s: %s", s->name, status->display.message);
}

/* Every step that was passed was told of. */
static void check_end(const struct story *s, struct stage *st, const struct witness *w)
{
    const struct history_entry *end = &stage_status(st)->history[0];
    const bool promoted = str_equal(s->outcome, "Promoted") || str_equal(s->outcome, "Forced");

    CHECK_TEXT(end->outcome, s->outcome, s->name);
    if (getenv("SIM_TRACE"))
        return; /* which looks on instead */
    CHECK_TEXT(*w->reason ? w->reason : NULL, s->reason, s->name);
    CHECK(!promoted || w->steps == end->step, "%s: %d steps told of %d", s->name, w->steps,
          end->step);
}

static void live(const struct story *s)
{
    const struct bed_options o = {.spec = s->spec};
    struct witness w = {.steps = 0};
    struct stage st;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 4);
    stage_begin(&st, NULL);
    st.sent = note;
    st.arg = &w;
    for (const char *const *line = s->lines; *line; line++) {
        bed_story(&st, s->name, (const char *const[]){*line, NULL});
        check_decision(s, &st);
    }
    bed_rest(&st, s->image, 4);
    check_end(s, &st, &w);
    stage_close(&st);
}

static void as_told(void **state UNUSED)
{
    for (size_t i = 0; i < COUNT(stories); i++)
        live(&stories[i]);
}

/* One pod, and no room for another: there is nothing to judge, and it goes out as any does. */
static void one_pod_without_room(void **state UNUSED)
{
    const struct bed_options o = {.spec = "{'targetRef':{'name':'web'},'strategy':{'rolling':{}}}",
                                  .replicas = 1,
                                  .surge = "0",
                                  .unavailable = "1"};
    struct stage st;

    bed_open(&st, &o);
    bed_rest(&st, "app:v1", 1);
    sim_judge_disturbed(&st.judge, 60000); /* its owner allows that none is there */
    bed_image(&st, "app:v2");
    bed_rest(&st, "app:v2", 1);
    assert_string_equal(stage_status(&st)->history[0].outcome, "Promoted");
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_told),
        cmocka_unit_test(one_pod_without_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
