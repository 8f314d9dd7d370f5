/* SPDX-License-Identifier: Apache-2.0 */
/* metric.h - what to ask of a metric store or a pod, and what the answer means. Pure.
 *
 * Exactly one finite sample, or an error that quotes what came back; no data is never a pass and
 * never by itself a failure. Source: api.md 2.4 to 2.6; correctness.md faults 25 to 27. */
#ifndef SLUICE_METRIC_METRIC_H
#define SLUICE_METRIC_METRIC_H

#include "sluice/model/rollout.h"

/* $(name) replaced as text, $$( escapes; an unknown name fails with the name in `e`. */
struct variables {
    const struct pair *pairs;
    size_t count;
};
bool variables_replace(struct arena *a, const char *text, const struct variables *v, char **out,
                       struct err *e) MUST_USE;
/* A regular expression (RE2) that matches exactly these names: "web-s1-abc-(x1|x2)" or "a|b". */
char *pods_regex(struct arena *a, const char *const *names, size_t count);

enum answer { ANSWER_GOOD, ANSWER_BAD, ANSWER_NO_DATA, ANSWER_ERROR };
struct judged {
    enum answer answer;
    char text[101]; /* evidence in words: "0.41 above 0.3", "Prometheus said: parse error ..." */
};

struct metric_provider {
    const char *name; /* "prometheus" */
    /* Full URL of the GET. */
    char *(*ask)(struct arena *a, const char *address, const char *query, int64_t now_ms);
    /* One finite sample as text (Decimal or exponent form), or the reason why not. */
    enum answer (*read)(const char *body, size_t len, int http_code, int64_t now_ms,
                        double *value, char text[static 101]);
};
const struct metric_provider *metric_provider_find(const char *name);

/* A sample against min and max (inclusive). */
void metric_judge(const struct gate_spec *g, double value, struct judged *out);
/* The answer of one pod to an HTTP probe; `failed` is the transport error or NULL. */
void probe_judge(const struct gate_spec *g, int http_code, const char *failed, struct judged *out);

/* Tallies: verdict of a gate from its counts in a row. */
enum verdict gate_verdict(const struct gate_spec *g, int good, int bad);

#endif
