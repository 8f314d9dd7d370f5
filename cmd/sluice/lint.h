/* SPDX-License-Identifier: Apache-2.0 */
/* lint.h - what is wrong with manifests: the rules of the API (model/validate.h), and what a
 * Rollout and the objects it names say about each other (api.md 2.7). Pure. */
#ifndef SLUICE_CMD_LINT_H
#define SLUICE_CMD_LINT_H

#include "manifests.h"
#include "screen.h"

struct lint_finding {
    size_t file;
    int line; /* 0: not known */
    struct finding f;
};

struct lint {
    struct manifests *m;
    struct lint_finding *found;
    size_t count, cap;
    int errors, warnings, rollouts;
    /* Makes the world a Rollout is judged in; NULL: manifests_world, the files alone. */
    const struct world *(*world)(void *arg, const struct manifest *rollout);
    void *world_arg;
};

void lint_init(struct lint *l, struct manifests *m);
void lint_release(struct lint *l);
/* What an API server would refuse of Deployments, Services and HTTPRoutes (objects.h), and names
 * that stand twice; such documents are marked as wrong. */
void lint_objects(struct lint *l);
/* Everything the files say by themselves, lint_objects among it. */
void lint_files(struct lint *l);
/* One Rollout against its world. Unless world.offline, an object that is missing is an error. */
void lint_world(struct lint *l, const struct manifest *rollout, const struct world *w);
void lint_add(struct lint *l, const struct manifest *d, const struct finding *f);

void screen_lint(struct screen *s, const struct lint *l);

#endif
