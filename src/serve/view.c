/* SPDX-License-Identifier: Apache-2.0 */
/* view.c - how a stored object is shown to the one who asks. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

bool view_table_wanted(const struct call *c)
{
    return strstr(c->http->accept, "as=Table") != NULL;
}

static char *raw(struct arena *a, const cJSON *doc, const char *otherwise)
{
    auto_free char *text = doc ? json_print(doc) : NULL;

    return arena_strdup(a, text ? text : otherwise);
}

/* As kubectl describe and kubectl get events read it. */
static char *core_event(struct arena *a, const cJSON *doc)
{
    const char *at = json_str(doc, "eventTime");
    const char *last = json_str(doc, "series.lastObservedTime");

    return json_fmt(
        a,
        "{'apiVersion':'v1','kind':'Event','metadata':%r,'involvedObject':%r,'reason':%q,"
        "'message':%q,'type':%q,'action':%q,'source':{'component':%q},'eventTime':%q,"
        "'firstTimestamp':%q,'lastTimestamp':%q,'count':%l,'reportingComponent':%q,"
        "'reportingInstance':%q}",
        raw(a, json_key(doc, "metadata"), "{}"), raw(a, json_key(doc, "regarding"), "{}"),
        json_str(doc, "reason"), json_str(doc, "note"), json_str(doc, "type"),
        json_str(doc, "action"), json_str(doc, "reportingController"), at, at, last ? last : at,
        json_i64(doc, "series.count", 1), json_str(doc, "reportingController"),
        json_str(doc, "reportingInstance"));
}

char *view_text(const struct served_kind *k, struct arena *a, const struct version *v)
{
    return kind_stored(k) == k ? v->text : core_event(a, v->doc);
}
