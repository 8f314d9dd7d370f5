/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - kinds of a definition: its schema's defaults, and members that it does not have go. */
#include "calls.h"

#include <stdlib.h>

static bool keeps(const cJSON *schema)
{
    return json_bool(schema, "x-kubernetes-preserve-unknown-fields", false) ||
           json_key(schema, "additionalProperties") || !json_key(schema, "properties");
}

static void prune(cJSON *doc, const cJSON *schema)
{
    const cJSON *properties = json_key(schema, "properties");
    cJSON *next;

    for (cJSON *item = keeps(schema) ? NULL : doc->child; item; item = next) {
        next = item->next;
        if (!json_key(properties, item->string))
            json_drop(doc, item);
    }
}

static void fill(cJSON *doc, const cJSON *schema)
{
    JSON_EACH(property, json_key(schema, "properties")) {
        const cJSON *dflt = json_key(property, "default");

        if (dflt && !json_key(doc, property->string))
            json_add(doc, property->string, json_copy(dflt));
    }
}

static void settle(cJSON *doc, const cJSON *schema)
{
    const cJSON *items = json_key(schema, "items");

    if (json_is_object(doc)) {
        prune(doc, schema);
        fill(doc, schema);
        JSON_EACH(property, json_key(schema, "properties")) {
            cJSON *value = json_member(doc, property->string);

            if (value)
                settle(value, property);
        }
    }
    for (cJSON *item = json_is_list(doc) && items ? doc->child : NULL; item; item = item->next)
        settle(item, items);
}

static const cJSON *schema_of(const struct call *c)
{
    const char *name = arena_printf(c->a, "%s.%s", c->kind->plural, c->kind->group);
    const struct served_object *crd =
        store_find(c->v, kind_named("CustomResourceDefinition"), "", name);

    JSON_EACH(version, crd ? json_at(crd->v->doc, "spec.versions") : NULL) {
        if (str_equal(json_str(version, "name"), c->kind->version))
            return json_at(version, "schema.openAPIV3Schema");
    }
    return NULL;
}

/* Metadata is not the schema's. */
void schema_settle(struct call *c, cJSON *doc)
{
    const cJSON *schema = c->kind->flags & K_BY_CRD ? schema_of(c) : NULL;
    const cJSON *properties = json_key(schema, "properties");

    if (!properties)
        return;
    for (cJSON *part = doc->child, *next; part; part = next) {
        const cJSON *of = json_key(properties, part->string);

        next = part->next;
        if (str_equal(part->string, "metadata"))
            continue;
        if (of)
            settle(part, of);
        else
            json_drop(doc, part);
    }
}
