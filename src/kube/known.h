/* SPDX-License-Identifier: Apache-2.0 */
/* known.h - what a reflector remembers of the objects it gave away: ns/name -> uid and
 * resourceVersion. It decides which news are new, and what a list lacks (C24, C29). */
#ifndef SLUICE_KUBE_KNOWN_H
#define SLUICE_KUBE_KNOWN_H

#include "sluice/base/map.h"
#include "sluice/kube/ident.h"
#include "sluice/kube/reflector.h"

struct known {
    struct map objects; /* key -> struct known_object */
    uint64_t stale;     /* older than what was given, dropped */
};

void known_release(struct known *k);
size_t known_count(const struct known *k);

/* A state of an object is noted; true when the sink is to hear of it: not known already, not
 * older. It hears here of the end of a former one with the name. */
bool known_note(struct known *k, const struct reflector_sink *sink, const struct ident *id);
/* ... and told. */
void known_upsert(struct known *k, const struct reflector_sink *sink, const cJSON *object,
                  const char *raw, size_t len);
void known_delete(struct known *k, const struct reflector_sink *sink, const cJSON *object);

/* A whole list: unmark, upsert each item, sweep what got no mark. */
void known_unmark(struct known *k);
void known_sweep(struct known *k, const struct reflector_sink *sink);

#endif
