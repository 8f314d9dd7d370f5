/* SPDX-License-Identifier: Apache-2.0 */
/* template.h - identity of a pod template.
 *
 * A template is compared by a SHA-256 of its canonical JSON (json_canonical, strings in one
 * spelling whatever was escaped in them) without the label pod-template-hash: equality of
 * templates, never of names, decides whether something changed (design.md 3). The revision we give
 * is "s1-" and eight hex digits of that digest; "s1" is the version of this function: golden
 * vectors pin it down, an upgrade never starts a release. */
#ifndef SLUICE_MODEL_TEMPLATE_H
#define SLUICE_MODEL_TEMPLATE_H

#include "sluice/json/json.h"

#define DIGEST_TEXT_MAX 65 /* 64 hex digits and a NUL */
#define REVISION_TAG    "s1-"

/* Digest in hex of a template slice (spec.template of a Deployment or ReplicaSet). */
void template_digest(struct jslice tmpl, char out[static DIGEST_TEXT_MAX]);
/* "s1-1a2b3c4d" from a digest; `salt` > 0 gives another name for the same digest, for the case
 * that the name is taken by a ReplicaSet of others. */
char *template_revision(struct arena *a, const char *digest, int salt);

/* A template that all objects which have it share: kept once, and hashed once. */
struct pod_template {
    const char *raw;              /* its JSON, byte for byte; NULL: none */
    char digest[DIGEST_TEXT_MAX]; /* "": none */
};
/* The one with these bytes, kept until `a` is released at the least; absent or null is none. What
 * there is of them is state of the process, for one thread. */
const struct pod_template *template_intern(struct arena *a, struct jslice tmpl);

#endif
