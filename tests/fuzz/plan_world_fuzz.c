/* SPDX-License-Identifier: Apache-2.0 */
/* plan_world_fuzz.c - any world, however odd, has a plan: at most one whole request, the same one
 * each time, a status that can be kept, a time to wake that lies ahead, and no word for NULL.
 *
 * What world.h says, and "ask":{samples, good, bad, errors}, for all gates; the corpus holds worlds
 * of the simulated cluster in flight. */
#include "sluice/plan/plan.h"
#include "world.h"

/* ---- what must hold -------------------------------------------------------------------------- */

static void check_request(const struct action *act)
{
    struct err e = {0};
    auto_json cJSON *body = act->body ? json_parse(act->body, strlen(act->body), &e) : NULL;
    const bool post = str_equal(act->method, "POST");

    CHECK(act->act > ACT_NONE && act->act < ACT_COUNT && act->target < TARGET_COUNT, "%d",
          (int)act->act);
    CHECK(post || str_equal(act->method, "PATCH") || str_equal(act->method, "DELETE"), "%s",
          act->method ? act->method : "no method");
    CHECK(!str_empty(act->name) && !str_empty(act->ns), "%s of nothing", act_name(act->act));
    CHECK(body, "%s: %s: %s", act_name(act->act), e.text, act->body ? act->body : "no body");
    CHECK(act->content_type, "%s without a type", act_name(act->act));
    CHECK(post || !str_empty(act->uid), "%s of any uid", act_name(act->act)); /* I8 */
    if (act->target != TARGET_ROLLOUT && !post)
        CHECK(strstr(act->body, act->uid), "%s does not name its uid: %s", act_name(act->act),
              act->body);
}

static void check_status(struct arena *a, const struct rollout_status *st)
{
    const char *text = status_write(a, st);
    struct err e = {0};
    auto_json cJSON *doc = json_parse(text, strlen(text), &e);

    CHECK(doc, "%s: %s", e.text, text);
    CHECK(strlen(text) <= STATUS_BYTES_MAX, "%zu bytes", strlen(text));
    CHECK(st->flight.step >= 0 && st->flight.step <= FLIGHT_STEPS_MAX, "step %d", st->flight.step);
    CHECK(!str_empty(st->display.status), "no word");
    CHECK(!says_null(text, strlen(text)), "%s", text);
}

static void check_same(const struct plan *a, const struct plan *b)
{
    CHECK(a->action.act == b->action.act && str_equal(a->rule, b->rule), "%s, then %s", a->rule,
          b->rule);
    CHECK(str_equal(a->action.body, b->action.body), "%s\n%s", a->action.body, b->action.body);
    CHECK(a->wake_ms == b->wake_ms && a->ask_count == b->ask_count, "%s", a->rule);
}

static void check_word(const char *text)
{
    CHECK(!text || !says_null(text, strlen(text)), "%s", text);
}

static void check_words(const struct plan *p)
{
    for (int i = 0; i < p->event_count; i++)
        check_word(p->events[i].note);
    for (size_t i = 0; i < p->ask_count; i++) {
        check_word(p->asks[i].broken);
        check_word(p->asks[i].query);
        check_word(p->asks[i].address);
    }
    check_word(p->action.body);
    check_word(p->action.name);
}

static void check(struct maker *m, int64_t now)
{
    const struct plan *p = plan_rollout(&m->a, &m->w, now);

    CHECK(!str_empty(p->rule), "no rule");
    CHECK(p->wake_ms > now, "%s wakes %lld ms ago", p->rule, (long long)(now - p->wake_ms));
    CHECK(p->event_count >= 0 && p->event_count <= PLAN_EVENTS_MAX, "%d", p->event_count);
    CHECK(p->ask_count <= GATES_MAX, "%zu", p->ask_count);
    if (p->action.act != ACT_NONE)
        check_request(&p->action);
    check_status(&m->a, p->status);
    check_words(p);
    check_same(p, plan_rollout(&m->a, &m->w, now));
}

/* All gates of all steps, answered alike. */
static void answer(struct maker *m, const cJSON *ask, int64_t now)
{
    const struct rollout *r = m->w.rollout;
    const struct flight *fl = &r->status.flight;

    for (size_t i = 0; i < r->spec.gate_count && i < LIST_MAX; i++) {
        m->readings[i] = (struct reading){.gate = r->spec.gates[i].name,
                                          .revision = fl->revision,
                                          .step = fl->step,
                                          .since_ms = fl->step_started_ms,
                                          .at_ms = now,
                                          .samples = (int)json_i64(ask, "samples", 0),
                                          .good = (int)json_i64(ask, "good", 0),
                                          .bad = (int)json_i64(ask, "bad", 0),
                                          .errors = (int)json_i64(ask, "errors", 0),
                                          .message = "said"};
        m->w.reading_count++;
    }
}

static void try_plan(struct maker *m, const cJSON *doc, const char *text UNUSED, size_t len UNUSED)
{
    answer(m, json_key(doc, "ask"), m->now_ms);
    check(m, m->now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return maker_try(data, len, try_plan);
}
