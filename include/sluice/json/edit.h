/* SPDX-License-Identifier: Apache-2.0 */
/* edit.h - RFC 6902, RFC 7386 and Kubernetes' own patches on parsed documents, for the simulated
 * API server and tests.
 *
 * Not for anything that goes back to a real server: cJSON does not keep numbers (json.h). */
#ifndef SLUICE_JSON_EDIT_H
#define SLUICE_JSON_EDIT_H

#include "sluice/json/json.h"

/* Applies a JSON Patch array in place. On failure (a test that does not hold, a path that is not
 * there) the document may be half edited: work on a copy. */
bool json_edit_patch(cJSON *doc, const cJSON *patch, struct err *e) MUST_USE;
/* Applies a JSON Merge Patch in place; both must be objects. */
void json_edit_merge(cJSON *doc, const cJSON *patch);
/* Applies a strategic merge patch in place, with its directives; both must be objects. The lists
 * that it merges are those that pods, Deployments and Services have. */
void json_edit_strategic(cJSON *doc, const cJSON *patch);
/* Takes out what an applier once wrote (`was`) and no longer writes (`now`); NULL: nothing. */
void json_edit_forget(cJSON *doc, const cJSON *was, const cJSON *now);
/* What a value is; NULL is nothing. */
bool json_is_object(const cJSON *value);
bool json_is_list(const cJSON *value);
bool json_is_text(const cJSON *value);
bool json_is_number(const cJSON *value);
bool json_is_flag(const cJSON *value);
bool json_is_null(const cJSON *value);
/* Says nothing: false, 0, "", {} or []. */
bool json_is_empty(const cJSON *value);
/* A member to be edited, null too; NULL: not there. */
cJSON *json_member(cJSON *object, const char *key);
/* Adds a member that is not there yet; takes `value`, NULL is null. */
void json_add(cJSON *object, const char *key, cJSON *value);
void json_drop(cJSON *object, cJSON *member);
/* Same value, whatever the order of keys; each member is looked at once. NULL is the same as
 * nothing, not even NULL. No key stands twice in an object, as json_parse sees to. */
bool json_same(const cJSON *a, const cJSON *b);
/* ... but for what the merge patch `but` takes away; NULL is an object without members. */
bool json_same_but(const cJSON *a, const cJSON *b, const cJSON *but);
/* Owned copy; owned compact text (free with free()). */
cJSON *json_copy(const cJSON *doc) MUST_USE;
char *json_print(const cJSON *doc) MUST_USE;

#endif
