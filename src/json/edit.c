/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/json/edit.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 256

/* A null too. */
static const cJSON *item_of(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

/* Most often the keys stand in one order: then each is found where the last one was. */
static bool same_members(const cJSON *a, const cJSON *b)
{
    const cJSON *next = json_first(b);

    if (json_count(a) != json_count(b))
        return false;
    JSON_EACH(it, a) {
        if (!next || strcmp(next->string, it->string) != 0)
            next = item_of(b, it->string);
        if (!json_same(it, next))
            return false;
        next = next->next;
    }
    return true;
}

static bool same_elements(const cJSON *a, const cJSON *b)
{
    const cJSON *other = json_first(b);

    JSON_EACH(it, a) {
        if (!json_same(it, other))
            return false;
        other = other->next;
    }
    return !other;
}

/* Not cJSON_Compare: that goes through each object twice, and so through what is n deep in it 2^n
 * times. */
bool json_same(const cJSON *a, const cJSON *b)
{
    if (!a || !b || (a->type & 0xff) != (b->type & 0xff))
        return false;
    if (cJSON_IsNumber(a))
        return a->valuedouble == b->valuedouble;
    if (cJSON_IsString(a))
        return strcmp(a->valuestring, b->valuestring) == 0;
    return cJSON_IsObject(a) ? same_members(a, b) : same_elements(a, b);
}

/* `but` NULL: none of it is left out; a JSON null: all of it. */
static bool same_member(const cJSON *a, const cJSON *b, const cJSON *but)
{
    if (but && cJSON_IsNull(but))
        return true;
    if (but && (!a || cJSON_IsObject(a)) && (!b || cJSON_IsObject(b)))
        return json_same_but(a, b, but);
    return a && b && json_same(a, b);
}

bool json_same_but(const cJSON *a, const cJSON *b, const cJSON *but)
{
    JSON_EACH(it, a) {
        if (!same_member(it, item_of(b, it->string), item_of(but, it->string)))
            return false;
    }
    JSON_EACH(it, b) {
        if (!item_of(a, it->string) && !same_member(NULL, it, item_of(but, it->string)))
            return false;
    }
    return true;
}

cJSON *json_copy(const cJSON *doc)
{
    return cJSON_Duplicate(doc, true);
}

char *json_print(const cJSON *doc)
{
    return cJSON_PrintUnformatted(doc);
}

bool json_is_object(const cJSON *value)
{
    return cJSON_IsObject(value);
}

bool json_is_list(const cJSON *value)
{
    return cJSON_IsArray(value);
}

bool json_is_text(const cJSON *value)
{
    return cJSON_IsString(value);
}

bool json_is_number(const cJSON *value)
{
    return cJSON_IsNumber(value);
}

bool json_is_flag(const cJSON *value)
{
    return cJSON_IsBool(value);
}

bool json_is_null(const cJSON *value)
{
    return cJSON_IsNull(value);
}

bool json_is_empty(const cJSON *value)
{
    return cJSON_IsFalse(value) || (cJSON_IsNumber(value) && value->valuedouble == 0) ||
           (cJSON_IsString(value) && !*value->valuestring) ||
           ((cJSON_IsObject(value) || cJSON_IsArray(value)) && !value->child);
}

cJSON *json_member(cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

void json_add(cJSON *object, const char *key, cJSON *value)
{
    cJSON_AddItemToObject(object, key, value ? value : cJSON_CreateNull());
}

void json_drop(cJSON *object, cJSON *member)
{
    cJSON_Delete(cJSON_DetachItemViaPointer(object, member));
}

/* ---- JSON Pointer ---------------------------------------------------------------------------- */

/* Next token of `path` into `out`, ~1 and ~0 undone; gives the rest, NULL at the end. */
static const char *next_token(const char *path, char out[static TOKEN_MAX])
{
    size_t n = 0;

    if (*path != '/')
        return NULL;
    for (path++; *path && *path != '/' && n + 1 < TOKEN_MAX; path++) {
        if (path[0] == '~' && (path[1] == '0' || path[1] == '1'))
            out[n++] = *++path == '0' ? '~' : '/';
        else
            out[n++] = *path;
    }
    out[n] = '\0';
    return path;
}

/* An array index as RFC 6901 writes it: digits, no zero before others. -1 when it is not one. */
static int index_of(const char *token)
{
    const size_t digits = strspn(token, "0123456789");

    if (digits == 0 || digits > 6 || token[digits] || (token[0] == '0' && digits > 1))
        return -1;
    return (int)strtol(token, NULL, 10);
}

static cJSON *child(const cJSON *parent, const char *token)
{
    if (cJSON_IsArray(parent))
        return cJSON_GetArrayItem(parent, index_of(token)); /* NULL below 0 */
    return cJSON_GetObjectItemCaseSensitive(parent, token);
}

/* The parent of the last token, which is left in `last`; NULL when the way is not there. */
static cJSON *parent_of(cJSON *doc, const char *path, char last[static TOKEN_MAX])
{
    const char *rest = next_token(path, last);

    while (doc && rest && *rest) {
        doc = child(doc, last);
        rest = next_token(rest, last);
    }
    return rest ? doc : NULL;
}

/* ---- JSON Patch ------------------------------------------------------------------------------ */

/* cJSON 1.7.15 as Debian patches it inserts nowhere but in front, and says nothing. */
static void insert_at(cJSON *array, int index, cJSON *item)
{
    const int behind = cJSON_GetArraySize(array) - index;

    cJSON_AddItemToArray(array, item);
    for (int i = 0; i < behind; i++)
        cJSON_AddItemToArray(array, cJSON_DetachItemFromArray(array, index));
}

static bool put(cJSON *parent, const char *token, const cJSON *value, bool insert)
{
    const int index = index_of(token), count = cJSON_GetArraySize(parent);
    const bool item = cJSON_IsArray(parent) && index >= 0 && index < count;
    cJSON *copy = cJSON_Duplicate(value, true);

    if (cJSON_IsObject(parent)) {
        cJSON_DeleteItemFromObjectCaseSensitive(parent, token);
        cJSON_AddItemToObject(parent, token, copy);
    } else if (insert && cJSON_IsArray(parent) && (str_equal(token, "-") || index == count)) {
        cJSON_AddItemToArray(parent, copy);
    } else if (item && insert) {
        insert_at(parent, index, copy);
    } else if (item) {
        cJSON_ReplaceItemInArray(parent, index, copy);
    } else {
        cJSON_Delete(copy);
        return false;
    }
    return true;
}

static void drop(cJSON *parent, const char *token)
{
    if (cJSON_IsArray(parent))
        cJSON_DeleteItemFromArray(parent, index_of(token));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(parent, token);
}

enum edit_op { OP_ADD, OP_TEST, OP_REPLACE, OP_REMOVE, OP_COPY, OP_MOVE, OP_UNKNOWN };

static enum edit_op op_of(const char *name)
{
    static const char *const names[] = {
        [OP_ADD] = "add",       [OP_TEST] = "test", [OP_REPLACE] = "replace",
        [OP_REMOVE] = "remove", [OP_COPY] = "copy", [OP_MOVE] = "move"};
    int op = 0;

    while (op < OP_UNKNOWN && !str_equal(name, names[op]))
        op++;
    return (enum edit_op)op;
}

/* A copy is an add of what is elsewhere; a move takes it away there first. */
static bool from_elsewhere(cJSON *doc, const char *path, const char *from, bool move, struct err *e)
{
    char last[TOKEN_MAX];
    cJSON *parent = parent_of(doc, from, last);
    const cJSON *value = parent ? child(parent, last) : NULL;
    auto_json cJSON *copy = value ? cJSON_Duplicate(value, true) : NULL;

    if (!copy)
        return err_set(e, ERR_CONFLICT, "%s: the value is not there", from);
    if (move)
        drop(parent, last);
    parent = parent_of(doc, path, last);
    if (parent && put(parent, last, copy, true))
        return true;
    return err_set(e, ERR_CONFLICT, "%s: no such place", path);
}

static bool apply_one(cJSON *doc, const cJSON *op, struct err *e)
{
    const char *const name = json_str(op, "op"), *const path = json_str(op, "path");
    const char *const from = json_str(op, "from");
    /* null is a value here, which json_key would hide */
    const cJSON *const value = cJSON_GetObjectItemCaseSensitive(op, "value");
    const enum edit_op kind = op_of(name);
    char last[TOKEN_MAX];

    if (path && from && (kind == OP_COPY || kind == OP_MOVE))
        return from_elsewhere(doc, path, from, kind == OP_MOVE, e);
    if (kind >= OP_COPY || !path || (kind != OP_REMOVE && !value))
        return err_set(e, ERR_INVALID, "%s: not an operation that is known", path ? path : "");
    cJSON *const parent = parent_of(doc, path, last);
    if (!parent)
        return err_set(e, ERR_CONFLICT, "%s: the path is not there", path);
    if (kind != OP_ADD && !child(parent, last))
        return err_set(e, ERR_CONFLICT, "%s: the value is not there", path);
    if (kind == OP_TEST && !json_same(child(parent, last), value))
        return err_set(e, ERR_CONFLICT, "%s: the test does not hold", path);
    if (kind == OP_REMOVE)
        drop(parent, last);
    if ((kind == OP_ADD || kind == OP_REPLACE) && !put(parent, last, value, kind == OP_ADD))
        return err_set(e, ERR_CONFLICT, "%s: no such place", path);
    return true;
}

bool json_edit_patch(cJSON *doc, const cJSON *patch, struct err *e)
{
    JSON_EACH(op, patch) {
        if (!apply_one(doc, op, e))
            return false;
    }
    return true;
}

/* ---- JSON Merge Patch ------------------------------------------------------------------------ */

void json_edit_merge(cJSON *doc, const cJSON *patch)
{
    JSON_EACH(item, patch) {
        cJSON *have = cJSON_GetObjectItemCaseSensitive(doc, item->string);

        if (cJSON_IsNull(item)) {
            cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
        } else if (cJSON_IsObject(item)) {
            if (!cJSON_IsObject(have)) {
                cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
                have = cJSON_AddObjectToObject(doc, item->string);
            }
            json_edit_merge(have, item);
        } else {
            cJSON_DeleteItemFromObjectCaseSensitive(doc, item->string);
            cJSON_AddItemToObject(doc, item->string, cJSON_Duplicate(item, true));
        }
    }
}
