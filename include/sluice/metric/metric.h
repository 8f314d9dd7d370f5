/* SPDX-License-Identifier: Apache-2.0 */
/* metric.h - what to ask of a metric store or a pod, and what the answer means. Pure.
 *
 * Exactly one finite sample, or an error that quotes what came back; no data is never a pass and
 * never by itself a failure. Source: api.md 2.4 to 2.6; correctness.md faults 25 to 27. */
#ifndef SLUICE_METRIC_METRIC_H
#define SLUICE_METRIC_METRIC_H

#include "sluice/model/rollout.h"

#define EVIDENCE_MAX 101 /* words for people, with the NUL; status keeps 100 bytes */

/* Formats words for people: one line of valid UTF-8. Control bytes become blanks, bad UTF-8 '?',
 * what is too long is cut and ends in "...". The arguments must not lie in `out`. */
void evidence_set(char out[static EVIDENCE_MAX], const char *fmt, ...) PRINTF(2, 3);

/* $(name) replaced as text, $$( escapes; an unknown name fails with the name in `e`. */
struct variables {
    const struct pair *pairs;
    size_t count;
};
bool variables_replace(struct arena *a, const char *text, const struct variables *v, char **out,
                       struct err *e) MUST_USE;
/* A regular expression (RE2, and no backslash, so that it may stand in quotes) that matches
 * exactly these names, also as part of a longer one: "web-s1-abc-(x1|x2)" or "(a|b)". Sorted and
 * without doubles: the same pods give the same query. No names: "!none", which no pod is called. */
char *pods_regex(struct arena *a, const char *const *names, size_t count);

enum answer { ANSWER_GOOD, ANSWER_BAD, ANSWER_NO_DATA, ANSWER_ERROR, ANSWER_COUNT };
struct judged {
    enum answer answer;
    char text[EVIDENCE_MAX]; /* "0.41 above 0.3", "Prometheus said: parse error ..." */
};

struct metric_provider {
    const char *name; /* "prometheus" */
    /* Full URL of the GET. */
    char *(*ask)(struct arena *a, const char *address, const char *query, int64_t now_ms);
    /* One finite sample (ANSWER_GOOD, `value` set), or the reason why not: ANSWER_NO_DATA for an
     * empty answer, else ANSWER_ERROR. */
    enum answer (*read)(const char *body, size_t len, int http_code, int64_t now_ms, double *value,
                        char text[static EVIDENCE_MAX]);
};
const struct metric_provider *metric_provider_find(const char *name);

/* A sample against min and max (inclusive). */
void metric_judge(const struct gate_spec *g, double value, struct judged *out);

/* ---- probes -------------------------------------------------------------------------------- */

/* "http://10.0.0.7:8080/healthz"; NULL when `ip` is no numeric address or `port` no port. A path
 * cannot leave the host: it begins with '/', and what may not stand in a URL is encoded. */
char *probe_url(struct arena *a, const struct gate_spec *g, const char *ip, int32_t port);
/* The answer of one pod; `failed` is the transport error or NULL. For TCP the code is not looked
 * at; for gRPC `failed` is also what came back instead of SERVING. */
void probe_judge(const struct gate_spec *g, int http_code, const char *failed, struct judged *out);
/* The answers of all pods of a round as one: "GET /healthz gives 200 on 9 of 10 pods; PODNAME:
 * 503". Good when all are, bad when one is, else an error; no pods: no data. */
struct probed {
    const char *pod;
    struct judged judged;
};
void probe_sum(const struct gate_spec *g, const struct probed *pods, size_t count,
               struct judged *out);

/* ---- counts -------------------------------------------------------------------------------- */

/* Good, bad and failed answers in a row. Answers that are no samples do not break a row of good or
 * bad ones: a failed query must not wash a bad sample away. */
struct tally {
    int samples, good, bad, errors;
};
void tally_add(struct tally *t, const struct gate_spec *g, enum answer answer);
/* Verdict of a gate from its counts in a row. */
enum verdict gate_verdict(const struct gate_spec *g, int good, int bad);

#endif
