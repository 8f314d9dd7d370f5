/* SPDX-License-Identifier: Apache-2.0 */
/* lapse.h - a release on the simulated cluster, hours in a second: from manifests and a scenario to
 * what would happen when. `sluice simulate` shows it as text, JSON or a picture. Pure. */
#ifndef SLUICE_CMD_LAPSE_H
#define SLUICE_CMD_LAPSE_H

#include "manifests.h"
#include "outlook.h"
#include "sluice/sim/stage.h"

#define LAPSE_REPLICAS_MAX 200
#ifndef LAPSE_MINUTES_MAX /* a build for fuzzers has less time */
#define LAPSE_MINUTES_MAX (60 * 24 * 60)
#endif

/* What users have, from this moment on. Times count from the beginning of the release. */
struct lapse_point {
    int64_t ms;
    int fresh, old;   /* ready pods of the new revision and of the one before */
    int share;        /* of the requests that the new one gets, in tenths of a percent */
    int step;         /* 0: none */
    const char *word; /* display.status */
};

struct lapse_line {
    struct lapse_point at;
    const char *what;
    bool happened; /* by the scenario; else the Rollout says it */
};

/* A gate's verdict over a time. */
struct lapse_gate {
    const char *name;
    enum verdict verdict;
    int64_t from_ms, until_ms;
};

struct lapse {
    struct arena a;
    const struct world *w; /* of the manifests */
    const char *made_up;   /* "Service web, HTTPRoute web"; "": nothing */
    struct lapse_point *points;
    size_t point_count, point_cap;
    struct lapse_line *lines;
    size_t line_count, line_cap;
    struct lapse_gate *gates;
    size_t gate_count, gate_cap;
    int64_t took_ms;
    enum exit_code code; /* EXIT_GOOD promoted, EXIT_TAKEN_BACK, EXIT_PERSON: held, ... */
    const char *end;     /* "web: promoted after 7m 40s" */
    const char *broken;  /* a promise that was broken on the way, NULL: none */
};

/* False: `e` says what is missing or wrong. `scenario`: its text, NULL for none. */
bool lapse_run(struct lapse *l, struct manifests *m, const struct manifest *rollout,
               const char *scenario, struct err *e) MUST_USE;
void lapse_release(struct lapse *l);

/* "8.4s", "13m 44s", "1h 07m 23s": since the beginning. */
const char *lapse_time(struct arena *a, int64_t ms);
void screen_lapse(struct screen *s, const struct lapse *l);
void lapse_json(struct strbuf *out, const struct lapse *l);
void lapse_html(struct strbuf *out, const struct lapse *l); /* one file, nothing is loaded */

#endif
