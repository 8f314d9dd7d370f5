/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/kube/watch.h"

#include <string.h>

/* --- framing ---------------------------------------------------------------------------------- */

void watch_framer_init(struct watch_framer *f, size_t line_max)
{
    strbuf_init(&f->partial, line_max ? line_max : WATCH_LINE_MAX);
}

void watch_framer_release(struct watch_framer *f)
{
    strbuf_release(&f->partial);
}

static bool too_long(const struct watch_framer *f, struct err *e)
{
    return err_set(e, ERR_INVALID, "a watch event is longer than %zu bytes", f->partial.max);
}

static bool give(const char *p, size_t len, bool (*line)(const char *p, size_t len, void *arg),
                 void *arg)
{
    if (len > 0 && p[len - 1] == '\r')
        len--;
    return len == 0 || line(p, len, arg);
}

/* A line that is whole in one chunk is given as it lies there, without a copy. */
bool watch_framer_feed(struct watch_framer *f, const char *p, size_t len,
                       bool (*line)(const char *p, size_t len, void *arg), void *arg, struct err *e)
{
    while (len > 0) {
        const char *end = memchr(p, '\n', len);
        const size_t n = end ? (size_t)(end - p) : len;
        bool more = true;

        if (f->partial.len + n > f->partial.max)
            return too_long(f, e);
        if (end && f->partial.len == 0) {
            more = give(p, n, line, arg);
        } else {
            strbuf_add(&f->partial, p, n);
            if (end) {
                more = give(f->partial.p, f->partial.len, line, arg);
                strbuf_reset(&f->partial);
            }
        }
        if (!more)
            return false;
        p += end ? n + 1 : n;
        len -= end ? n + 1 : n;
    }
    return true;
}

/* --- decoding --------------------------------------------------------------------------------- */

/* The next \u0000 escape at or after `p`, NULL when there is none. */
static const char *find_nul_escape(const char *p, const char *end)
{
    while ((p = memchr(p, '\\', (size_t)(end - p)))) {
        if (end - p >= 6 && memcmp(p + 1, "u0000", 5) == 0)
            return p;
        if (end - p < 2)
            return NULL;
        p += 2; /* an escaped backslash does not begin another escape */
    }
    return NULL;
}

/* Half of an object, and of interest to few, who read it in the bytes (model/read.h). */
#define UNREAD "\"managedFields\""

cJSON *kube_object_parse(const char *text, size_t len, struct err *e)
{
    auto_free char *copy = NULL;
    const char *at = len ? find_nul_escape(text, text + len) : NULL;
    char *p;

    if (!at)
        return json_parse_without(text, len, UNREAD, e);
    copy = xmalloc(len);
    memcpy(copy, text, len);
    p = copy + (at - text);
    while (p) {
        memcpy(p, "\\ufffd", 6);
        at = find_nul_escape(p, copy + len);
        p = at ? copy + (at - copy) : NULL;
    }
    return json_parse_without(copy, len, UNREAD, e);
}

static enum watch_type type_of(const char *name)
{
    static const struct {
        const char *name;
        enum watch_type type;
    } types[] = {
        {"ADDED", WATCH_ADDED},       {"MODIFIED", WATCH_MODIFIED}, {"DELETED", WATCH_DELETED},
        {"BOOKMARK", WATCH_BOOKMARK}, {"ERROR", WATCH_ERROR},
    };

    for (size_t i = 0; i < COUNT(types); i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return WATCH_UNKNOWN;
}

bool watch_peek(const char *line, size_t len, enum watch_type *type, struct ident *id)
{
    static const char *const key = "type";
    const struct jslice whole = {line, len}, object = json_begin(whole, "object");
    struct jslice found;
    char name[16];

    if (!object.p || !json_members(whole, &key, 1, &found) || found.p > object.p)
        return false;
    if (found.len < 2 || found.len - 2 >= sizeof(name))
        return false;
    memcpy(name, found.p + 1, found.len - 2);
    name[found.len - 2] = '\0';
    *type = type_of(name);
    return ident_read(object, id);
}

bool watch_closes(const char *line, size_t len)
{
    static const char *const key = "object";
    const char *const end = line + len, *p;
    struct jslice found;

    if (!json_members((struct jslice){line, len}, &key, 1, &found))
        return false;
    p = found.p + found.len;
    return p[-1] == '}' && p + 1 == end && *p == '}';
}

bool watch_decode(const char *line, size_t len, struct watch_event *out, struct err *e)
{
    auto_json cJSON *doc = kube_object_parse(line, len, e);
    const char *type, *rv;
    const cJSON *object;

    if (!doc)
        return err_wrap(e, "watch event");
    type = json_str(doc, "type");
    object = json_key(doc, "object");
    if (!type || !object || (object->type & 0xff) != cJSON_Object)
        return err_set(e, ERR_INVALID, "watch event: no type or no object in it");
    rv = json_str(object, "metadata.resourceVersion");
    *out = (struct watch_event){
        .type = type_of(type),
        .doc = doc,
        .object = object,
        .raw = json_slice(line, len, "object"),
        .rv = rv ? rv : "",
    };
    doc = NULL;
    return true;
}

void watch_event_release(struct watch_event *ev)
{
    json_release(&ev->doc);
    *ev = (struct watch_event){0};
}

/* --- resource versions ------------------------------------------------------------------------ */

bool rv_valid(const char *rv)
{
    return rv && *rv >= '1' && *rv <= '9' && rv[strspn(rv, "0123456789")] == '\0';
}

enum rv_order rv_compare(const char *a, const char *b)
{
    size_t a_len, b_len;
    int order;

    if (!rv_valid(a) || !rv_valid(b))
        return RV_UNKNOWN;
    a_len = strlen(a);
    b_len = strlen(b);
    if (a_len != b_len)
        return a_len < b_len ? RV_OLDER : RV_NEWER;
    order = memcmp(a, b, a_len);
    return order < 0 ? RV_OLDER : order > 0 ? RV_NEWER : RV_SAME;
}
