/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - a sample against its bounds, and counts in a row against a gate's limits. */
#include "text.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

static void judge_good(const struct gate_spec *g, double value, char text[static EVIDENCE_MAX])
{
    char number[NUMBER_TEXT_MAX];

    text_number(number, value, NULL);
    if (g->metric.has_min && g->metric.has_max)
        evidence_set(text, "%s, from %s to %s", number, g->metric.min, g->metric.max);
    else if (g->metric.has_max)
        evidence_set(text, "%s, at most %s", number, g->metric.max);
    else
        evidence_set(text, "%s, at least %s", number, g->metric.min);
}

void metric_judge(const struct gate_spec *g, double value, struct judged *out)
{
    char number[NUMBER_TEXT_MAX];

    out->answer = ANSWER_BAD;
    if (!isfinite(value) || (!g->metric.has_min && !g->metric.has_max)) {
        /* V21 refuses a gate without bounds; should one come by, it passes nothing. */
        out->answer = ANSWER_ERROR;
        evidence_set(out->text, "%g cannot be judged: set min, max or both", value);
    } else if (g->metric.has_max && value > strtod(g->metric.max, NULL)) {
        text_number(number, value, g->metric.max);
        evidence_set(out->text, "%s above %s", number, g->metric.max);
    } else if (g->metric.has_min && value < strtod(g->metric.min, NULL)) {
        text_number(number, value, g->metric.min);
        evidence_set(out->text, "%s below %s", number, g->metric.min);
    } else {
        out->answer = ANSWER_GOOD;
        judge_good(g, value, out->text);
    }
}

/* --- counts --------------------------------------------------------------------------------- */

static void count_up(int *n)
{
    if (*n < INT_MAX)
        ++*n;
}

void tally_add(struct tally *t, const struct gate_spec *g, enum answer answer)
{
    if (answer == ANSWER_NO_DATA && g->kind == GATE_METRIC && g->metric.no_data_fails)
        answer = ANSWER_BAD;
    if (answer == ANSWER_ERROR) {
        count_up(&t->errors);
        return;
    }
    t->errors = 0;
    if (answer == ANSWER_NO_DATA)
        return;
    count_up(&t->samples);
    if (answer == ANSWER_GOOD) {
        count_up(&t->good);
        t->bad = 0;
    } else {
        count_up(&t->bad);
        t->good = 0;
    }
}

static enum verdict verdict_of(int good, int need, int bad, int limit)
{
    if (bad >= (limit > 0 ? limit : 1))
        return VERDICT_FAIL;
    return good >= (need > 0 ? need : 1) ? VERDICT_PASS : VERDICT_WAIT;
}

enum verdict gate_verdict(const struct gate_spec *g, int good, int bad)
{
    switch (g->kind) {
    case GATE_METRIC:
        return verdict_of(good, g->metric.count, bad, g->metric.failures);
    case GATE_PROBE:
        return verdict_of(good, g->probe.successes, bad, g->probe.failures);
    case GATE_APPROVAL:
    default:
        break;
    }
    return VERDICT_WAIT;
}
