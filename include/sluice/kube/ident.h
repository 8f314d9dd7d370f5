/* SPDX-License-Identifier: Apache-2.0 */
/* ident.h - which state of which object a text is, told without a tree of it.
 *
 * Most of what a watch says, and most answers to a look, are states that are known already, or
 * objects that concern nobody: to see that must cost less than to decode them. */
#ifndef SLUICE_KUBE_IDENT_H
#define SLUICE_KUBE_IDENT_H

#include "sluice/json/json.h"

#define IDENT_TEXT_MAX 640

struct ident {
    const char *ns, *name, *uid, *rv; /* "" when absent; borrowed from `text` or the tree */
    char text[IDENT_TEXT_MAX];
};

/* Of one object; what stands behind its resourceVersion is not looked at. False: a name, uid or
 * resourceVersion is missing, or something is longer or odder than the API server makes it; decode
 * it then. */
bool ident_read(struct jslice object, struct ident *out);
/* Of a tree, which must outlive `out`. */
void ident_of(const cJSON *object, struct ident *out);

#endif
