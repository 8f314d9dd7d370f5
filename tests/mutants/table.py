# SPDX-License-Identifier: Apache-2.0
"""Planted faults: a name, and what is put where in the source.

Each is a mistake that a planner, a router or the operator's discipline could have: two writes in
the wrong order, a barrier left out, a name for a uid, a limit off by one. `run.py` builds each of
them and expects that the simulated cluster finds it. An edit is (file, text there now, text
instead); the text must stand there exactly once.
"""


def _plan(*names):
    return (f"src/plan/{name}.c" for name in names)


STEP, TRAFFIC, CAPACITY, PINS = _plan("step", "traffic", "capacity", "pins")
FINISH, BORROW, FLIGHT, PLAN = _plan("finish", "borrow", "flight", "plan")
FACTS, COMMAND, ACTS, GATES = _plan("facts", "command", "acts", "gates")
COMPILE, REPORT, COMMIT = _plan("compile", "report", "commit")
JUDGE, GATEWAY = "src/metric/judge.c", "src/route/gateway.c"
OPERATOR, FAULTS = "src/sim/operator.c", "src/sim/faults.c"


def no_row(name):
    """The planner's table without a row."""
    rule = name.replace("-", "_")
    return [(PLAN, f'    {{"{name}", rule_{rule}}},\n', "")]


def swapped(first, second):
    """Two rows of the planner's table in each other's place."""
    def row(name):
        return f'    {{"{name}", rule_{name.replace("-", "_")}}},\n'
    return [(PLAN, row(first), "@@first@@"), (PLAN, row(second), row(first)),
            (PLAN, "@@first@@", row(second))]


PLANTED = [
    # --- the three wrong orders ---
    ("weight-before-ready", [
        (STEP,
         "if (!capacity_ready(p) && !fl->settled_ms)",
         "if (!p->candidate)"),
        (STEP,
         "if (!endpoints_ready(p, want_new(p)) ||",
         "if ("),
    ]),
    ("scale-down-before-accepted", [
        (TRAFFIC,
         "return pins_proved(p, p->stable->revision) && weight_settled(p);",
         "return pins_proved(p, p->stable->revision);"),
    ]),
    ("no-settle", [
        (TRAFFIC,
         "return max_i64(asked, l->router->settle_floor_ms);",
         "return min_i64(asked, 0);"),
    ]),
    # --- steps ---
    ("endpoints-not-awaited", [
        (STEP,
         "if (!endpoints_ready(p, want_new(p)) ||",
         "if ("),
        (TRAFFIC,
         "l->st->written != wanted(p) && !endpoints_ready(p, want_new(p));",
         "false;"),
    ]),
    ("one-pod-short", [
        (STEP,
         "p->candidate->replicas < want || !rs_available(p->candidate, want))",
         "p->candidate->replicas < want || !rs_available(p->candidate, want - 1))"),
    ]),
    ("gates-not-asked", [
        (STEP,
         "    if (!passed_over(p))\n"
         "        g = gates_ask(p, s->gates,",
         "    if (fl->forced)\n"
         "        g = gates_ask(p, s->gates,"),
    ]),
    ("failure-ignored", [
        (STEP,
         "    if (verdict == VERDICT_FAIL)\n"
         "        return gate_failed(p, g, fl->step);\n",
         ""),
    ]),
    ("waiting-is-passing", [
        (STEP,
         "    if (verdict == VERDICT_WAIT)\n"
         "        return wait_gate(p, g);\n",
         ""),
    ]),
    ("hold-skipped", [
        (STEP,
         "if (p->now < fl->settled_ms + s->hold_ms)",
         "if (p->now < fl->settled_ms)"),
    ]),
    ("hold-from-step-start", [
        (STEP,
         "if (p->now < fl->settled_ms + s->hold_ms)",
         "if (p->now < fl->step_started_ms + s->hold_ms)"),
    ]),
    ("approval-skipped", [
        (STEP,
         "if (s->approve && !record_of(p)->approved)",
         "if (s->approve && !record_of(p)->approved && s->last)"),
    ]),
    ("pause-ignored", [
        (STEP,
         "    if (p->spec->paused)\n"
         "        return paused(p);\n"
         "    if (passed_over(p))",
         "    if (passed_over(p))"),
    ]),
    ("step-passed-over", [
        (STEP,
         "enter_step(p, fl->step + 1);",
         "enter_step(p, fl->step + 1 < p->c.step_count ? fl->step + 2 : fl->step + 1);"),
    ]),
    ("traffic-not-awaited", [
        (STEP,
         "    if (flow != STOP)\n"
         "        return flow == AGAIN ? AGAIN : wait_traffic(p);\n",
         ""),
    ]),
    ("no-progress-deadline", [
        (STEP,
         "if (p->st.flight.paused_ms || p->now < until) {",
         "if (p->now < until + HOUR_MS) {"),
    ]),
    ("step-1-weight-at-once", [
        (STEP,
         "const int want = here(p)->weight_pct;",
         "const int want = p->c.steps[p->c.step_count - 2].weight_pct;"),
    ]),
    # --- traffic ---
    ("acceptance-of-any-generation", [
        (GATEWAY,
         "if (p->observed_generation < r->meta.generation)",
         "if (p->observed_generation < 0)"),
    ]),
    ("acceptance-not-awaited", [
        (TRAFFIC,
         "    return p->forward ? l->view.accepted : l->view.seen;",
         "    return p->forward || l->view.seen;"),
    ]),
    ("weight-not-recorded-first", [
        (STEP,
         "        fl->weight_desired = want;\n"
         "        fl->drained_ms = 0;\n"
         "        decide(p);",
         "        fl->weight_desired = want;\n"
         "        fl->drained_ms = 0;"),
    ]),
    ("weight-stays-on-abort", [
        (TRAFFIC,
         "return p->forward ? p->st.flight.weight_desired : 0;",
         "return p->st.flight.weight_desired;"),
        (REPORT,
         "        if (p->back)\n"
         "            fl->weight_desired = 0;\n",
         ""),
    ]),
    ("resting-values-lost", [
        (TRAFFIC,
         "l->router->restore(p->a, l->r, l->t, stable, side, flown->rest);",
         "l->router->restore(p->a, l->r, l->t, stable, side, NULL);"),
    ]),
    ("routes-not-given-back", [
        (FINISH,
         "    if (!routes_at_rest(p)) {",
         "    if (false) {"),
        (TRAFFIC,
         "    if (resting(p)) {",
         "    if (false) {"),
    ]),
    # --- pins ---
    ("no-pin", [
        (PINS,
         "    if (p->forward && p->c.by != TRAFFIC_PODS)\n"
         "        return p->stable;\n",
         ""),
    ]),
    ("pin-not-proved", [
        (PINS,
         "return pinned(s, revision) && slices_carry(p, s, revision);",
         "return pinned(s, revision);"),
    ]),
    ("pin-not-written", [
        (PINS,
         "        if (entry && !pinned(s, entry->revision))\n"
         "            return drain_anew(p) ? AGAIN : act_service_pin(p, s, entry->revision);\n",
         ""),
        (PINS,
         "return pinned(s, revision) && slices_carry(p, s, revision);",
         "return s->meta.name && revision;"),
    ]),
    ("switch-before-available", [
        (PINS,
         "if (p->n == 0 || !rs_available(p->candidate, p->n))",
         "if (p->n == 0)"),
        (PINS,
         "return min_i64(available(to), to->replicas) >= min_i64(now, p->n);",
         "return now >= 0;"),
    ]),
    ("unpin-before-drained", [
        (PINS,
         "return extras_have_pods(p) ? p->stable : NULL;",
         "return NULL;"),
        (TRAFFIC,
         "return pins_proved(p, p->stable->revision) && weight_settled(p);",
         "return weight_settled(p);"),
    ]),
    ("pins-left", [
        (PINS,
         "        if (!entry && s->pin)\n"
         "            return act_service_unpin(p, s);\n",
         ""),
    ]),
    ("switch-in-step-1", [
        (PINS,
         "return p->c.by == TRAFFIC_ROUTE ? step_ended(p, p->c.step_count) : at_last_step(p);",
         "return p->st.flight.step > 0;"),
    ]),
    # --- capacity ---
    ("no-drain", [
        (CAPACITY,
         "    until = fl->drained_ms + p->spec->drain_ms;",
         "    until = fl->drained_ms;"),
    ]),
    ("drain-from-step-start", [
        (CAPACITY,
         "        fl->drained_ms = p->now;",
         "        fl->drained_ms = fl->started_ms;"),
    ]),
    ("drain-without-proof", [
        (CAPACITY,
         "    if (!traffic_off(p))\n"
         "        return false;\n",
         ""),
    ]),
    ("stable-not-whole-on-abort", [
        (CAPACITY,
         "return available(rs) == 0 || serves(p, p->stable, p->n);",
         "return rs->replicas > 0;"),
    ]),
    ("walk-in-one-go", [
        (CAPACITY,
         "(int32_t)min_i64(want, c->replicas + p->surge.surge + p->surge.unavailable);",
         "want;"),
    ]),
    ("walk-before-available", [
        (CAPACITY,
         "(c->replicas + s->replicas != all || !all_available(c))",
         "c->replicas + s->replicas != all"),
        (CAPACITY,
         "    if (!all_available(s) && available(s) > 0)\n"
         "        return NEXT;\n",
         ""),
    ]),
    ("shrink-under-weight", [
        (CAPACITY,
         "want < c->replicas && p->c.by == TRAFFIC_ROUTE && !weight_lowered(p)",
         "want < 0"),
    ]),
    ("sum-not-known", [
        (CAPACITY,
         "    if (!counts_written(p, s) && c->replicas == 0)\n"
         "        return act_rs_counts(p, s, sum_inside(p));\n",
         ""),
        (CAPACITY,
         "    if (!counts_written(p, c))\n"
         "        return act_rs_counts(p, c, sum_inside(p));\n",
         ""),
        (ACTS,
         "name, d->meta.ns, labels, ANNOTATION_REVISION, number, ANNOTATION_DESIRED,\n"
         "                         p->n, ANNOTATION_MAX, p->n",
         "name, d->meta.ns, labels, ANNOTATION_REVISION, number, \"a\",\n"
         "                         p->n, \"b\", p->n"),
    ]),
    ("candidate-too-small", [
        (COMPILE,
         "((int64_t)n * s->weight_pct + 99) / 100",
         "(int64_t)n * s->weight_pct / 100"),
    ]),
    ("candidate-whole-inside", [
        (COMPILE,
         "clamp_i64(count_of(s->replicas, n), 1, n - 1);",
         "clamp_i64(count_of(s->replicas, n), 1, n);"),
    ]),
    # --- commit and giving back ---
    ("commit-before-switch", [
        (COMMIT,
         "    if (!switch_proved(p))\n"
         "        return STOP;\n",
         ""),
        (PINS,
         "    if (note_proofs(p) || waits)\n"
         "        return NEXT;",
         "    if (note_proofs(p) || p->forward)\n"
         "        return NEXT;"),
    ]),
    ("commit-before-last-step", swapped("step", "commit") + [
        (COMMIT,
         "!step_ended(p, p->c.step_count))",
         "p->st.flight.step < p->c.step_count)"),
    ]),
    ("return-before-fence", swapped("inside", "give")),
    ("return-before-available", [
        (COMMIT,
         "return dep_complete(p) && p->stable && rs_inside(p, p->stable) && routes_at_rest(p);",
         "return p->stable && routes_at_rest(p);"),
        (FINISH,
         "        if (!rs_inside(p, p->stable) && p->f)\n"
         "            return STOP;\n",
         ""),
        (BORROW,
         "    if (!p->d->paused || !p->f || rs_inside(p, s))\n",
         "    if (!p->d->paused || !p->f || rs_inside(p, s) || "
         "!rs_available(s, p->n + 1))\n"),
    ]),
    ("no-return", no_row("give")),
    ("no-history-fencing", [
        (FACTS,
         "    if (rs == p->stable)\n"
         "        return true;\n",
         "    if (rs == p->stable || (rs_empty(rs) && in_history(p, rs)))\n"
         "        return true;\n"),
    ]),
    ("candidate-left-inside", [
        (FACTS,
         "return rs == p->candidate && p->forward && !p->outside && "
         "p->n > 1 && rs->replicas < p->n &&\n           !is_extra(p, rs) && rs_inside",
         "return !p->outside && p->n > 1 && rs_inside"),
    ]),
    ("history-deleted", [
        (FINISH,
         "        if (!in_history(p, rs) || str_equal",
         "        if (in_history(p, rs) || str_equal"),
    ]),
    ("history-not-listed", [
        (BORROW,
         "            names[count++] = rs->revision;",
         "            names[0] = rs->revision;"),
    ]),
    ("fence-left", [
        (FINISH,
         "        decide(p);\n"
         "    return act_fence_delete(p);\n",
         "        decide(p);\n"
         "    return STOP;\n"),
    ]),
    ("commit-not-taken-back", [
        (COMMIT,
         "return p->f && p->rec.previous ? uncommit(p) : NEXT;",
         "return NEXT;"),
    ]),
    ("old-pods-go-at-commit", [
        (FACTS,
         "    return p->committed && rs == p->previous && p->outside && p->n > 0 &&",
         "    return p->committed && rs == p->previous && p->outside && p->n > 1000 &&"),
    ]),
    # --- brake, dead man, finalizer ---
    ("dead-man-does-not-follow", no_row("dead-man-follows")),
    ("no-finalizer", no_row("finalizer")),
    ("pause-not-observed", no_row("observed")),
    ("finalizer-goes-first", [
        (FLIGHT,
         "    flight_back(p, \"the Rollout is being deleted\", true, false);\n"
         "    return AGAIN;",
         "    return act_finalizer(p, false);"),
    ]),
    ("resume-before-rest", [
        (FINISH,
         "    flow = close_side(p);\n"
         "    if (flow != NEXT)\n"
         "        return flow;\n"
         "    say_closing(p, \"Gives",
         "    flow = NEXT;\n"
         "    say_closing(p, \"Gives"),
    ]),
    ("old-template-lost", [
        (FINISH,
         "    return template ? resume(p, template) : STOP;",
         "    return template ? resume(p, NULL) : STOP;"),
    ]),
    # --- what a write names ---
    ("scale-without-uid", [
        (ACTS,
         "\"{'op':'test','path':'/metadata/uid','value':%q}\", rs->meta.uid);",
         "\"{'op':'test','path':'/metadata/name','value':%q}\", rs->meta.name);"),
    ]),
    ("scale-down-without-version", [
        (ACTS,
         "        replicas < rs->replicas\n"
         "            ? spec_unchanged",
         "        replicas < 0\n"
         "            ? spec_unchanged"),
    ]),
    ("pin-without-version", [
        (ACTS,
         "                   \"{'metadata':{'uid':%q,'resourceVersion':%q,'labels':{%q:%q}},\"\n"
         "                   \"'spec':{'selector':{%q:%q}}}\",\n"
         "                   s->meta.uid, s->meta.rv, LABEL_PIN,",
         "                   \"{'metadata':{'uid':%q,'labels':{%q:%q}},\"\n"
         "                   \"'spec':{'selector':{%q:%q}}}\",\n"
         "                   s->meta.uid, LABEL_PIN,"),
    ]),
    ("record-without-version", [
        (ACTS,
         "\"{'metadata':{'uid':%q,'resourceVersion':%q,'annotations':{%q:%q}}}\",\n"
         "                   m->uid, m->rv, ANNOTATION_RECORD,",
         "\"{'metadata':{'uid':%q,'annotations':{%q:%q}}}\",\n"
         "                   m->uid, ANNOTATION_RECORD,"),
    ]),
    ("whole-selector-replaced", [
        (ACTS,
         "\"'spec':{'selector':{%q:%q}}}\",\n"
         "                   s->meta.uid",
         "\"'spec':{'selector':{'app':null,%q:%q}}}\",\n"
         "                   s->meta.uid"),
    ]),
    # --- decisions ---
    ("act-before-its-record", [
        (PLAN,
         "if (differs && p->decided && (refused || !rests_on_nothing(p)))",
         "if (differs && p->decided && p->act.act == ACT_NONE)"),
    ]),
    ("newer-template-ignored", [
        (FLIGHT,
         "    if (!str_equal(p->d->digest, p->st.flight.digest) && !routes_bind(p))\n"
         "        return superseded(p);\n",
         ""),
    ]),
    ("rejected-starts-again", [
        (FLIGHT,
         "if (!p->changed || p->rejected || !p->d->paused ||",
         "if (!p->changed || !p->d->paused ||"),
        (FACTS,
         "!p->committed && p->changed && !p->rejected;",
         "!p->committed && p->changed;"),
        (FACTS,
         "(!fl->present && p->changed && !p->rejected &&",
         "(!fl->present && p->changed &&"),
    ]),
    ("rejection-forgotten", [
        (FLIGHT,
         "        p->st.rejected.digest = fl->digest;\n",
         "        p->st.rejected.digest = NULL;\n"),
    ]),
    ("commit-of-the-flight-before", [
        (FLIGHT,
         "    rec.committed_ms = 0;\n"
         "    rec.previous = NULL;\n",
         ""),
        (FACTS,
         "p->rec.committed_ms != 0 &&",
         "p->rec.committed_ms != 0 || fl->present &&"),
    ]),
    ("commit-of-another-flight-told", [
        (FACTS,
         "p->rec.committed_ms != 0 &&",
         "p->rec.committed_ms != 0 || fl->present &&"),
        (COMMIT,
         "    if (!p->forward || !fl->committed_ms)\n",
         "    if (p->now)\n"),
        (OPERATOR,  # and told over what another operator has written
         "return op->cached && op->moved ? SIM_LOOK : SIM_SEND;",
         "return SIM_SEND;"),
    ]),
    ("command-run-again", [
        (COMMAND,
         "a->verb >= VERB_COUNT || seen(p, a->id) ||",
         "a->verb >= VERB_COUNT ||"),
    ]),
    ("skips-start-of-new-flight", [
        (FLIGHT,
         "    fl->step = first_step(p, step);",
         "    fl->step = p->c.step_count;"),
    ]),
    # --- gates ---
    ("limit-off-by-one", [
        (JUDGE,
         "if (bad >= (limit > 0 ? limit : 1))",
         "if (bad > (limit > 0 ? limit : 1))"),
        (JUDGE,
         "return good >= (need > 0 ? need : 1) ?",
         "return good + 1 >= (need > 0 ? need : 1) ?"),
    ]),
    ("bound-off-by-one", [
        (JUDGE,
         "value > strtod(g->metric.max, NULL)",
         "value >= strtod(g->metric.max, NULL)"),
    ]),
    ("not-a-number-passes", [
        (JUDGE,
         "!isfinite(value) || ",
         ""),
    ]),
    ("no-data-passes", [
        (JUDGE,
         "    if (answer == ANSWER_NO_DATA)\n"
         "        return;\n",
         "    if (answer == ANSWER_NO_DATA)\n"
         "        answer = ANSWER_GOOD;\n"),
    ]),
    ("errors-pass", [
        (JUDGE,
         "        count_up(&t->errors);\n"
         "        return;",
         "        count_up(&t->good);\n"
         "        return;"),
    ]),
    ("answer-of-another-step", [
        (GATES,
         "            r->step == state->step && r->at_ms && r->since_ms >= state->since_ms)",
         "            r->at_ms)"),
    ]),
    ("deadline-passes", [
        (GATES,
         "    if (!out_of_time(p, g, state, since))\n"
         "        return VERDICT_WAIT;\n",
         "    if (!out_of_time(p, g, state, since))\n"
         "        return VERDICT_WAIT;\n"
         "    if (p->now)\n"
         "        return VERDICT_PASS;\n"),
    ]),
    # --- routes ---
    ("rules-of-others-changed", [
        (GATEWAY,
         "        if (!rule_is_ours(rule) || rule_weight(rule) == share)",
         "        if (rule_weight(rule) == share)"),
    ]),
    # --- what the Deployment controller made when somebody resumed it ---
    ("goes-by-the-planned-name", [
        (FLIGHT,
         "    return p->st.flight.revision &&\n"
         "           (!p->candidate || str_equal(p->candidate->revision,"
         " p->st.flight.revision));\n",
         "    return p->st.flight.revision != NULL;\n"),
    ]),
    # --- the operator's discipline ---
    ("no-confirm-no-barrier", [
        (OPERATOR,
         "max_i64(op->wrote_ms + 1, op->looked_ms)",
         "0"),
        (OPERATOR,
         "    if (op->cached)\n"
         "        return act->harmful || op->moved || !op->looked_ms || age > LOOK_AGE_MS"
         " ? SIM_LOOK\n" + " " * 80 + ": SIM_SEND;\n",
         ""),
    ]),
    ("own-writes-not-seen", [
        (FAULTS,
         "    if (op->looking && !op->moved)\n"
         "        sim_adopt(&op->look, kind, act->name, now);\n",
         "    (void)kind;\n"
         "    (void)now;\n"),
        (OPERATOR,  # else what it wrote itself would be looked at as another's
         "    op->moved = others_wrote(op, &sight);\n",
         "    (void)others_wrote;\n"),
        (ACTS,  # the last that is written twice: all others are refused the second time
         "'namespace':%q,'uid':%q,\"\n"
         "                 \"'resourceVersion':%q%r}}\",\n"
         "                 SLUICE_API_VERSION, m->name, m->ns, m->uid, m->rv,\n",
         "'namespace':%q,'uid':%q\"\n"
         "                 \"%r}}\",\n"
         "                 SLUICE_API_VERSION, m->name, m->ns, m->uid,\n"),
    ]),
]

# What the simulated cluster cannot find, and what finds it: its Deployment controller has no cache
# of its own that could lag behind a pause.
BEYOND = {
    "pause-not-observed": "tests/e2e/traps_test.sh o10_nothing_moves_before_the_pause_is_seen",
}
