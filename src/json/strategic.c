/* SPDX-License-Identifier: Apache-2.0 */
/* strategic.c - strategic merge patch, and what an applier no longer wants, for the simulated API
 * server. Which lists are merged is told by their names: those of pods, Deployments and Services.
 */
#include "sluice/json/edit.h"

#include <string.h>

#define DIRECTIVE_ORDER  "$setElementOrder/"
#define DIRECTIVE_REMOVE "$deleteFromPrimitiveList/"

/* ---- lists that are merged ------------------------------------------------------------------- */

static const struct merged_list {
    const char *list, *key; /* key NULL: a set of texts */
} lists[] = {
    {"containers", "name"},
    {"initContainers", "name"},
    {"ephemeralContainers", "name"},
    {"volumes", "name"},
    {"env", "name"},
    {"imagePullSecrets", "name"},
    {"secrets", "name"},
    {"volumeMounts", "mountPath"},
    {"volumeDevices", "devicePath"},
    {"ports", "port"}, /* of a Service; containers: see key_of */
    {"conditions", "type"},
    {"ownerReferences", "uid"},
    {"hostAliases", "ip"},
    {"topologySpreadConstraints", "topologyKey"},
    {"finalizers", NULL},
};

static const struct merged_list *list_named(const char *name)
{
    for (size_t i = 0; i < COUNT(lists); i++) {
        if (str_equal(lists[i].list, name))
            return &lists[i];
    }
    return NULL;
}

static const char *key_of(const struct merged_list *list, const cJSON *items)
{
    if (!str_equal(list->list, "ports"))
        return list->key;
    JSON_EACH(item, items) {
        if (cJSON_GetObjectItemCaseSensitive(item, "containerPort"))
            return "containerPort";
    }
    return "port";
}

/* The item with the same key, or the same text; -1: none. */
static int find_like(const cJSON *items, const cJSON *like, const char *key)
{
    const cJSON *want = key ? cJSON_GetObjectItemCaseSensitive(like, key) : like;
    int i = 0;

    JSON_EACH(item, items) {
        const cJSON *have = key ? cJSON_GetObjectItemCaseSensitive(item, key) : item;

        if (json_same(want, have))
            return i;
        i++;
    }
    return -1;
}

/* ---- merging --------------------------------------------------------------------------------- */

static void merge_object(cJSON *doc, const cJSON *patch);

static void merge_item(cJSON *list, const cJSON *item, const char *key)
{
    const char *directive = json_str(item, "$patch");
    int at = find_like(list, item, key);

    if (str_equal(directive, "delete")) {
        if (at >= 0)
            cJSON_DeleteItemFromArray(list, at);
        return;
    }
    if (!cJSON_IsObject(item)) {
        if (at < 0)
            cJSON_AddItemToArray(list, cJSON_Duplicate(item, true));
        return;
    }
    if (at < 0) {
        cJSON_AddItemToArray(list, cJSON_CreateObject());
        at = cJSON_GetArraySize(list) - 1;
    }
    merge_object(cJSON_GetArrayItem(list, at), item);
}

static bool replaces(const cJSON *patch)
{
    JSON_EACH(item, patch) {
        if (str_equal(json_str(item, "$patch"), "replace"))
            return true;
    }
    return false;
}

/* Does `l` stand before `r` where both stand? */
static bool stands_before(const cJSON *was, const cJSON *l, const cJSON *r, const char *key)
{
    const int at = find_like(was, l, key), other = find_like(was, r, key);

    return at >= 0 && other >= 0 && at < other;
}

/* Items that `order` names stand as it does, the others as they did; where that leaves a choice,
 * as both did in `was`, else what is named comes first. */
static cJSON *ordered(cJSON *items, const cJSON *order, const cJSON *was, const char *key)
{
    cJSON *named = cJSON_CreateArray(), *out = cJSON_CreateArray();

    JSON_EACH(item, order) {
        const int at = find_like(items, item, key);

        if (at >= 0)
            cJSON_AddItemToArray(named, cJSON_DetachItemFromArray(items, at));
    }
    while (named->child || items->child) {
        cJSON *from =
            !named->child || (items->child && stands_before(was, items->child, named->child, key))
                ? items
                : named;

        cJSON_AddItemToArray(out, cJSON_DetachItemFromArray(from, 0));
    }
    cJSON_Delete(named);
    return out;
}

static void set_order(cJSON *doc, const char *name, const cJSON *order, const cJSON *was)
{
    const struct merged_list *list = list_named(name);
    cJSON *have = cJSON_GetObjectItemCaseSensitive(doc, name);

    if (list && cJSON_IsArray(have))
        cJSON_ReplaceItemInObjectCaseSensitive(doc, name,
                                               ordered(have, order, was, key_of(list, order)));
}

/* The list whose order a member of a patch tells; NULL: it is none of these. */
static const char *ordered_list(const cJSON *member)
{
    const size_t len = strlen(DIRECTIVE_ORDER);

    return strncmp(member->string, DIRECTIVE_ORDER, len) == 0 ? member->string + len : NULL;
}

static const cJSON *order_of(const cJSON *patch, const char *list)
{
    JSON_EACH(item, patch) {
        if (str_equal(ordered_list(item), list))
            return item;
    }
    return NULL;
}

/* `order`: $setElementOrder of that list; NULL: the patch says none. */
static void merge_list(cJSON *doc, const cJSON *patch, const cJSON *order)
{
    const struct merged_list *list = list_named(patch->string);
    cJSON *have = cJSON_GetObjectItemCaseSensitive(doc, patch->string), *was = NULL;

    if (list && cJSON_IsArray(have) && !replaces(patch)) {
        was = cJSON_Duplicate(have, true);
    } else {
        cJSON_DeleteItemFromObjectCaseSensitive(doc, patch->string);
        have = cJSON_AddArrayToObject(doc, patch->string);
    }
    JSON_EACH(item, patch) {
        if (!list)
            cJSON_AddItemToArray(have, cJSON_Duplicate(item, true));
        else if (!str_equal(json_str(item, "$patch"), "replace"))
            merge_item(have, item, key_of(list, patch));
    }
    if (was)
        set_order(doc, patch->string, order ? order : patch, was);
    cJSON_Delete(was);
}

static void remove_texts(cJSON *doc, const char *name, const cJSON *gone)
{
    cJSON *have = cJSON_GetObjectItemCaseSensitive(doc, name);

    JSON_EACH(item, gone) {
        const int at = find_like(have, item, NULL);

        if (at >= 0)
            cJSON_DeleteItemFromArray(have, at);
    }
}

static void retain_keys(cJSON *doc, const cJSON *keys)
{
    cJSON *next;

    for (cJSON *item = doc->child; item; item = next) {
        bool keep = false;

        next = item->next;
        JSON_EACH(key, keys)
            keep |= str_equal(json_str(key, ""), item->string);
        if (!keep)
            cJSON_Delete(cJSON_DetachItemViaPointer(doc, item));
    }
}

static void merge_directive(cJSON *doc, const cJSON *item)
{
    if (str_equal(item->string, "$retainKeys"))
        retain_keys(doc, item);
    if (strncmp(item->string, DIRECTIVE_REMOVE, strlen(DIRECTIVE_REMOVE)) == 0)
        remove_texts(doc, item->string + strlen(DIRECTIVE_REMOVE), item);
}

static void merge_member(cJSON *doc, const cJSON *patch, const cJSON *item)
{
    cJSON *have = cJSON_GetObjectItemCaseSensitive(doc, item->string);

    if (cJSON_IsNull(item) || str_equal(json_str(item, "$patch"), "delete")) {
        cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
    } else if (cJSON_IsArray(item)) {
        merge_list(doc, item, order_of(patch, item->string));
    } else if (cJSON_IsObject(item)) {
        if (!cJSON_IsObject(have) || str_equal(json_str(item, "$patch"), "replace")) {
            cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
            have = cJSON_AddObjectToObject(doc, item->string);
        }
        merge_object(have, item);
    } else {
        cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
        cJSON_AddItemToObject(doc, item->string, cJSON_Duplicate(item, true));
    }
}

/* An order alone changes nothing else. */
static void order_member(cJSON *doc, const cJSON *patch, const cJSON *item)
{
    const char *list = ordered_list(item);

    if (list && !cJSON_GetObjectItemCaseSensitive(patch, list))
        set_order(doc, list, item, NULL);
}

static void merge_object(cJSON *doc, const cJSON *patch)
{
    JSON_EACH(item, patch) {
        if (item->string[0] == '$')
            merge_directive(doc, item);
    }
    JSON_EACH(item, patch) {
        if (item->string[0] == '$')
            order_member(doc, patch, item);
        else
            merge_member(doc, patch, item);
    }
}

void json_edit_strategic(cJSON *doc, const cJSON *patch)
{
    merge_object(doc, patch);
}

/* ---- what is no longer applied --------------------------------------------------------------- */

static void forget_object(cJSON *doc, const cJSON *was, const cJSON *now);

static void forget_items(cJSON *have, const struct merged_list *list, const cJSON *was,
                         const cJSON *now)
{
    JSON_EACH(item, was) {
        const char *key = key_of(list, was);
        const int at = find_like(have, item, key), still = find_like(now, item, key);

        if (at < 0)
            continue;
        if (still < 0)
            cJSON_DeleteItemFromArray(have, at);
        else if (cJSON_IsObject(item))
            forget_object(cJSON_GetArrayItem(have, at), item, cJSON_GetArrayItem(now, still));
    }
}

/* Many put their own into these; any other object that nobody applies goes with all that was filled
 * in below it. */
static bool is_shared(const char *name)
{
    return str_equal(name, "labels") || str_equal(name, "annotations");
}

static void forget_object(cJSON *doc, const cJSON *was, const cJSON *now)
{
    JSON_EACH(item, was) {
        const cJSON *still = cJSON_GetObjectItemCaseSensitive(now, item->string);
        cJSON *have = cJSON_GetObjectItemCaseSensitive(doc, item->string);
        const struct merged_list *list = list_named(item->string);

        if (!have)
            continue;
        if (cJSON_IsObject(item) && !still && !is_shared(item->string)) {
            cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
            continue;
        }
        if (cJSON_IsObject(item) && cJSON_IsObject(have))
            forget_object(have, item, still);
        else if (list && cJSON_IsArray(item) && cJSON_IsArray(have))
            forget_items(have, list, item, still);
        if (!still && (!cJSON_IsObject(have) || !have->child) &&
            (!cJSON_IsArray(have) || !list || !have->child))
            cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
    }
}

void json_edit_forget(cJSON *doc, const cJSON *was, const cJSON *now)
{
    forget_object(doc, was, now);
}
