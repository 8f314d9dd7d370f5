/* SPDX-License-Identifier: Apache-2.0 */
/* patch.h - a JSON Patch that grows by operations. Private to src/route. */
#ifndef SLUICE_ROUTE_PATCH_H
#define SLUICE_ROUTE_PATCH_H

#include "sluice/json/jfmt.h"
#include "sluice/route/route.h"

struct patch {
    struct arena *a;
    struct strbuf out;
    int changes; /* operations that are not tests */
};

/* Tests of uid and resourceVersion come first: another object or version refuses all of it. */
void patch_begin(struct patch *p, struct arena *a, const struct meta *meta);
/* One operation: the directives of jfmt.h. */
#define patch_add(p, ...)                                                                          \
    do {                                                                                           \
        patch_next(p);                                                                             \
        json_fmt_to(&(p)->out, __VA_ARGS__);                                                       \
        (p)->changes++;                                                                            \
    } while (0)
void patch_next(struct patch *p);
/* The entry at the place of `b` has the name that we saw there. */
void patch_test_name(struct patch *p, const struct backend *b);
/* Arena text, NULL when nothing changes. Releases the builder. */
char *patch_end(struct patch *p);

/* The backendRef of `b` with another Service and weight; all else as in `b`. Arena text. */
char *backend_copy(struct arena *a, const struct backend *b, const char *service, int weight);
/* Is `b` what backend_copy makes of `of`, whatever its weight? */
bool backend_is_copy(struct arena *a, const struct backend *b, const struct backend *of);

#endif
